//! The tracker against budgets worked by hand.

use super::{Rules, air, day};
use chrono::{Days, NaiveDate};
use hazecast::domain::aqi::AqiReport;
use hazecast::domain::county::Region;
use hazecast::domain::daily::{Judged, Judgement, of_days};
use hazecast::domain::event::{Event, EventKind};
use hazecast::domain::pollutant::{Concentrations, Pollutant};
use hazecast::domain::targets::{AreaDays, AreaTargets, ForecastDay, TargetState, TargetsReport};
use hazecast::setup::library::Library;
use std::collections::BTreeMap;

const YANJI: u32 = 222_401;
const TUMEN: u32 = 222_402;

fn region() -> Region {
    Library::new(None).region("yanbian", &[]).unwrap()
}

/// The first days of 2026 with the PM2.5 given, number of days and value.
fn days(parts: &[(u64, f64)]) -> AreaDays {
    let rules = Rules::shipped();
    let values = parts.iter().flat_map(|(n, v)| std::iter::repeat_n(*v, *n as usize));
    let record: BTreeMap<NaiveDate, _> =
        values.enumerate().map(|(i, v)| (day("2026-01-01") + Days::new(i as u64), air(v))).collect();
    AreaDays { observed: of_days(&record, rules.judgement(Judged::ByItsDate)), forecast: Vec::new() }
}

fn report(to: &str, areas: &[(u32, AreaDays)], events: &[Event]) -> TargetsReport {
    let rules = Rules::shipped();
    let areas = areas.iter().cloned().collect();
    rules.targets.report(&region(), day(to), &areas, events, rules.standards()).unwrap()
}

fn area(report: &TargetsReport, adcode: u32) -> &AreaTargets {
    report.areas.iter().find(|a| a.adcode == adcode).unwrap()
}

fn yanji(to: &str, parts: &[(u64, f64)]) -> AreaTargets {
    area(&report(to, &[(YANJI, days(parts))], &[]), YANJI).clone()
}

#[test]
fn heavy_days_allowed_are_those_of_the_plan() {
    let targets = Rules::shipped().targets;
    let target = targets.target(222_400, 2021).unwrap();
    let limits: Vec<(u32, u32)> =
        region().counties.iter().map(|c| (c.adcode, target.heavy_days_of(c.adcode))).collect();
    let plan = [
        (222_401, 2),
        (222_402, 4),
        (222_403, 4),
        (222_404, 2),
        (222_405, 4),
        (222_406, 4),
        (222_424, 4),
        (222_426, 4),
    ];
    assert_eq!(limits, plan);
    assert_eq!((target.good_day_percent, target.pm25_ug_m3, target.verified), (95.0, 25.0, true));
    let later = targets.target(222_400, 2026).unwrap();
    assert!(!later.verified && later.note_en.contains("Assumes"), "{later:?}");
    assert!(targets.target(222_400, 2020).is_none() && targets.target(110_000, 2026).is_none());
}

/// 10 April is day 100. 90 days at 20 and 10 at 80 (AQI 107): mean 26.0; 18 bad days allowed in 365, 8 left; the rest may have
/// (25 x 365 - 2600) / 265 = 24.62.
#[test]
fn a_spring_worked_by_hand() {
    let a = yanji("2026-04-10", &[(10, 80.0), (90, 20.0)]);
    let (p, good, pm25) = (&a.all_days, &a.all_days.good_days, &a.all_days.pm25);
    assert_eq!((p.elapsed_days, p.valid_days, p.remaining_days), (100, 100, 265));
    assert_eq!(
        (good.percent, good.bad_days, good.bad_days_left, good.state),
        (Some(90.0), 10, Some(8), TargetState::AtRisk)
    );
    let figures = (pm25.mean_ug_m3, pm25.rest_may_have_ug_m3, pm25.state);
    assert_eq!(figures, (Some(26.0), Some(24.6), TargetState::AtRisk));
    let heavy = &p.heavy_days;
    assert_eq!((heavy.used, heavy.left, heavy.state), (0, Some(2), Some(TargetState::OnTrack)));
    assert_eq!(a.state, TargetState::AtRisk);
    for part in
        ["at risk", "100 of 100 days", "0 heavy days (at most 2, 2 left)", "8 more days above 100", "at most 24.6"]
    {
        assert!(a.text_en.contains(part), "{} lacks {part}", a.text_en);
    }
    for part in ["延吉市", "有风险", "限2天，剩2天", "还可有8个超标日", "不超过24.6"] {
        assert!(a.text_zh.contains(part), "{} lacks {part}", a.text_zh);
    }
}

#[test]
fn heavy_days_are_counted_against_each_countys_limit() {
    for (heavy, in_yanji, in_tumen) in [
        (0, TargetState::OnTrack, TargetState::OnTrack),
        (1, TargetState::OnTrack, TargetState::OnTrack),
        (2, TargetState::AtRisk, TargetState::OnTrack),
        (3, TargetState::Missed, TargetState::OnTrack),
        (4, TargetState::Missed, TargetState::AtRisk),
        (5, TargetState::Missed, TargetState::Missed),
    ] {
        let record = days(&[(heavy, 160.0), (100 - heavy, 10.0)]);
        let r = report("2026-04-10", &[(YANJI, record.clone()), (TUMEN, record)], &[]);
        let state = |code| area(&r, code).all_days.heavy_days.state;
        assert_eq!((state(YANJI), state(TUMEN)), (Some(in_yanji), Some(in_tumen)), "{heavy}");
    }
}

#[test]
fn without_data_nothing_is_good() {
    let r = report("2026-04-10", &[(YANJI, days(&[(100, 10.0)]))], &[]);
    assert_eq!(r.areas.len(), 8, "the prefecture has no record of its own");
    for a in &r.areas {
        let expected = if a.adcode == YANJI { TargetState::OnTrack } else { TargetState::Unknown };
        assert_eq!(a.state, expected, "{}", a.name_en);
        if a.adcode != YANJI {
            assert!(a.text_en.contains("no valid data") && a.text_zh.contains("没有有效数据"), "{}", a.text_en);
            assert_eq!((a.all_days.good_days.percent, a.all_days.pm25.mean_ug_m3), (None, None));
        }
    }
    // 324 of 365 days are 88.8 of 100
    assert_eq!(yanji("2026-04-10", &[(89, 10.0)]).state, TargetState::OnTrack);
    assert_eq!(yanji("2026-04-10", &[(88, 10.0)]).state, TargetState::Unknown);
    // what is known to be bad stays known with few data
    assert_eq!(yanji("2026-04-10", &[(3, 160.0)]).state, TargetState::Missed);
}

/// 95 % of 365 days leave 18 bad ones.
#[test]
fn the_year_ends_without_rounding_in_favour() {
    for (bad, left, state) in [(18, Some(0), TargetState::OnTrack), (19, None, TargetState::Missed)] {
        let a = yanji("2026-12-31", &[(bad, 80.0), (365 - bad, 10.0)]);
        assert_eq!((a.all_days.good_days.bad_days_left, a.all_days.good_days.state), (left, state), "{bad}");
        assert_eq!(a.all_days.pm25.rest_may_have_ug_m3, None);
    }
    let pm25 = |parts: &[(u64, f64)]| yanji("2026-12-31", parts).all_days.pm25;
    assert_eq!(pm25(&[(365, 25.0)]).state, TargetState::OnTrack);
    let above = pm25(&[(364, 25.0), (1, 26.0)]);
    assert_eq!((above.state, above.mean_ug_m3), (TargetState::Missed, Some(25.0)));
    // 19 bad days early in the year: the ratio can no longer be reached
    assert_eq!(yanji("2026-04-10", &[(19, 80.0), (81, 10.0)]).all_days.good_days.state, TargetState::Missed);
}

fn forecast(date: &str, aqi: u16, pm25: f64) -> ForecastDay {
    let report = AqiReport {
        standard: "HJ 633-2026".into(),
        aqi: Some(aqi),
        level: None,
        primary: Vec::new(),
        iaqi: BTreeMap::new(),
        clause: String::new(),
    };
    ForecastDay { day: day(date), aqi: report, pm25_ug_m3: Some(pm25) }
}

#[test]
fn the_forecast_is_added_after_the_last_day_only() {
    let mut record = days(&[(1, 160.0), (99, 10.0)]);
    record.forecast = vec![
        forecast("2026-04-10", 400, 300.0),
        forecast("2026-04-11", 201, 151.0),
        forecast("2026-04-12", 200, 150.0),
        forecast("2026-04-13", 230, 180.0),
        forecast("2027-01-01", 300, 250.0),
    ];
    let r = report("2026-04-10", &[(YANJI, record.clone()), (TUMEN, record)], &[]);
    let p = &area(&r, YANJI).all_days;
    assert_eq!((p.forecast_days, p.heavy_days.used, p.heavy_days.forecast), (3, 1, 2));
    assert_eq!(p.heavy_days.state, Some(TargetState::AtRisk));
    assert!(area(&r, YANJI).text_en.contains("In 3 forecast days 2 heavy, 3 above 100, PM2.5 then 15.8"));
    assert_eq!(area(&r, TUMEN).all_days.heavy_days.state, Some(TargetState::OnTrack));
    // (160 + 99 x 10) / 100 = 11.5; with 151 + 150 + 180: 1631 / 103 = 15.83
    assert_eq!((p.pm25.mean_ug_m3, p.pm25.projected_ug_m3), (Some(11.5), Some(15.8)));
    // 99 of 100 good, then 99 of 103 = 96.1 %
    assert_eq!(
        (p.good_days.percent, p.good_days.projected_percent, p.good_days.forecast_bad),
        (Some(99.0), Some(96.1), 3)
    );
}

/// Without CO a day has an AQI only above 100: 10 bad days of 10 would look like 0 % good days.
#[test]
fn days_without_an_aqi_are_told_and_make_no_target_missed() {
    let rules = Rules::shipped();
    let area_of = |not_monitored: &[Pollutant]| {
        let of = |i: u64| Concentrations { co_mg_m3: None, ..air(if i < 10 { 80.0 } else { 20.0 }) };
        let record = (0..100).map(|i| (day("2026-01-01") + Days::new(i), of(i))).collect();
        let observed = of_days(&record, Judgement { not_monitored, ..rules.judgement(Judged::ByItsDate) });
        let days = AreaDays { observed, forecast: Vec::new() };
        area(&report("2026-04-10", &[(YANJI, days)], &[]), YANJI).clone()
    };
    let a = area_of(&[]);
    let figures = |a: &AreaTargets| (a.all_days.valid_days, a.all_days.undecided_days, a.all_days.good_days.percent);
    assert_eq!((figures(&a), a.all_days.good_days.state), ((10, 90, Some(0.0)), TargetState::AtRisk));
    assert!(a.text_en.contains("90 more without an AQI"), "{}", a.text_en);
    let by_plan = area_of(&[Pollutant::Co]);
    assert_eq!(figures(&by_plan), (100, 0, Some(90.0)));
}

#[test]
fn certified_events_are_shown_beside_all_days() {
    let dust = |certified| Event {
        kind: EventKind::Dust,
        adcode: 222_400,
        from: "2025-12-31T16:00:00Z".parse().unwrap(),
        to: "2026-01-01T16:00:00Z".parse().unwrap(),
        share: None,
        certified,
        evidence: "bulletin".into(),
        source: "observatory".into(),
    };
    let used = |certified| {
        let r = report("2026-04-10", &[(YANJI, days(&[(1, 160.0), (99, 10.0)]))], &[dust(certified)]);
        let a = area(&r, YANJI).clone();
        (a.all_days.heavy_days.used, a.without_events.heavy_days.used, a.excluded_days)
    };
    assert_eq!(used(true), (1, 0, vec![day("2026-01-01")]));
    assert_eq!(used(false), (1, 1, vec![]));
}

#[test]
fn a_report_says_that_a_target_starts_nothing_and_reads_back() {
    let record = days(&[(100, 10.0)]);
    let r = report("2026-04-10", &[(222_400, record.clone()), (YANJI, record)], &[]);
    assert_eq!((r.areas.len(), r.areas[0].adcode, r.areas[0].all_days.heavy_days.state), (9, 222_400, None));
    assert!(r.guard.text_en.contains("no reason to start") && r.guard.clause.contains("不得"), "{:?}", r.guard);
    let json = serde_json::to_string(&r).unwrap();
    assert_eq!(serde_json::from_str::<TargetsReport>(&json).unwrap(), r);
    let rules = Rules::shipped();
    let error = rules.targets.report(&region(), day("2020-05-01"), &BTreeMap::new(), &[], rules.standards());
    assert!(error.unwrap_err().to_string().contains("2020"));
}
