//! Statistics of periods against values worked by hand and an independent computation of the real record.

use super::{Rules, air, day};
use crate::real;
use chrono::{Datelike, Days, NaiveDate};
use hazecast::domain::daily::{Judged, of_days};
use hazecast::domain::event::{Event, EventKind};
use hazecast::domain::pollutant::{Concentrations, Pollutant};
use hazecast::domain::statistics::{DayStatistics, PeriodStatistics, PollutantStatistics, of_period, three_year_means};
use hazecast::input::daily_csv;
use proptest::prelude::*;
use std::collections::BTreeMap;

type Record = BTreeMap<NaiveDate, Concentrations<f64>>;

/// `n` days from `first`, their air by number from 0.
fn record(first: &str, n: u64, air: impl Fn(u64) -> Concentrations<f64>) -> Record {
    (0..n).map(|i| (day(first) + Days::new(i), air(i))).collect()
}

fn period(record: &Record, from: &str, to: &str, judged: Judged, events: &[Event]) -> PeriodStatistics {
    let rules = Rules::shipped();
    let days = of_days(record, rules.judgement(judged));
    of_period(&days, (day(from), day(to)), judged, events, Some(222_401), rules.standards())
}

fn year(record: &Record, year: i32) -> DayStatistics {
    period(record, &format!("{year}-01-01"), &format!("{year}-12-31"), Judged::ByItsDate, &[]).all_days
}

fn of(statistics: &DayStatistics, p: Pollutant) -> &PollutantStatistics {
    statistics.pollutants.iter().find(|s| s.pollutant == p).unwrap()
}

/// PM2.5 of day i is i, 1 to 365. By hand: mean 183; k = 1 + 364 x 0.95 = 346.8, so 346.8. PM10 is 10 more; k = 346.8 again.
#[test]
fn a_year_worked_by_hand() {
    let s = year(&record("2025-01-01", 365, |i| air(i as f64 + 1.0)), 2025);
    let (pm25, pm10) = (of(&s, Pollutant::Pm25), of(&s, Pollutant::Pm10));
    assert_eq!((pm25.mean, pm25.percentile, pm25.percentile_rank), (Some(183.0), Some(347.0), 95));
    assert_eq!((pm10.mean, pm10.percentile), (Some(193.0), Some(357.0)));
    assert_eq!((pm25.mean_limit, pm25.percentile_limit, pm25.meets_grade_2), (Some(35.0), Some(75.0), Some(false)));
    assert_eq!((of(&s, Pollutant::Co).mean, of(&s, Pollutant::Co).percentile), (None, Some(0.5)));
    assert_eq!(of(&s, Pollutant::So2).meets_grade_2, Some(true));
    // beyond 35 PM2.5 always leads: 330 days. Up to 35 level 1, to 75 level 2, to 115, to 150, to 250, beyond
    assert_eq!(s.days_of_level, [35, 40, 40, 35, 100, 115]);
    assert_eq!((s.valid_days, s.good_days, s.good_day_percent, s.heavy_days), (365, 75, Some(20.5), 215));
    assert_eq!((s.primary_days.get(&Pollutant::Pm25), s.valid_year), (Some(&330), Some(true)));
}

/// Every pollutant at its limit of 2012. By hand, transition: 3 x 35/30 + 70/60 + 1 + 2 + 1 + 2; final: 4.2 + 1.4 + 3 + 8/3 + 1 + 2.
#[test]
fn the_composite_index_uses_weights_and_limits_of_its_time() {
    let at_limit = Concentrations {
        pm25_ug_m3: Some(35.0),
        pm10_ug_m3: Some(70.0),
        so2_ug_m3: Some(60.0),
        no2_ug_m3: Some(40.0),
        co_mg_m3: Some(4.0),
        o3_ug_m3: Some(160.0),
    };
    let record = record("2025-01-01", 365, |_| at_limit);
    let index = |judged| {
        let s = period(&record, "2025-01-01", "2025-12-31", judged, &[]).all_days;
        (s.composite_index, s.pollutants.iter().filter(|p| p.meets_grade_2 == Some(true)).count())
    };
    assert_eq!(index(Judged::ByItsDate), (Some(6.0), 6));
    assert_eq!(index(Judged::AsOn(day("2026-03-01"))), (Some(10.67), 4));
    assert_eq!(index(Judged::AsOn(day("2031-01-01"))), (Some(14.27), 2));
    let without = record.iter().map(|(d, c)| (*d, Concentrations { o3_ug_m3: None, ..*c })).collect();
    assert_eq!(period(&without, "2025-01-01", "2025-12-31", Judged::ByItsDate, &[]).all_days.composite_index, None);
}

#[test]
fn means_are_rounded_once_half_to_even() {
    for (values, mean) in [([60.0, 61.0], 60.0), ([61.0, 62.0], 62.0), ([60.4, 60.6], 60.0), ([60.4, 60.7], 61.0)] {
        let s = year(&record("2025-05-01", 2, |i| air(values[i as usize])), 2025);
        assert_eq!(of(&s, Pollutant::Pm25).mean, Some(mean), "{values:?}");
    }
}

/// Takes so many days out of the months, from their end.
fn gaps(of_year: i32, missing: &[(u32, u32)]) -> DayStatistics {
    let mut record = record(&format!("{of_year}-01-01"), 366, |_| air(20.0));
    record.retain(|d, _| d.year() == of_year);
    for (month, n) in missing {
        let days: Vec<_> = record.keys().copied().filter(|d| d.month() == *month).collect();
        for d in days.iter().rev().take(*n as usize) {
            record.remove(d);
        }
    }
    year(&record, of_year)
}

/// 41 missing days leave 324 of 365: 4 of every long month leave 27, 3 of a month of 30 leave 27.
#[test]
fn a_year_needs_324_days_and_27_a_month() {
    let spread = [(1, 4), (3, 4), (5, 4), (7, 4), (8, 4), (10, 4), (12, 4), (4, 3), (6, 3), (9, 3), (11, 3)];
    for (of_year, february, days, valid) in [(2025, 1, 324, true), (2025, 2, 323, false), (2024, 2, 324, true)] {
        let s = gaps(of_year, &[&spread[..], &[(2, february)]].concat());
        assert_eq!((s.valid_days, s.valid_year), (days, Some(valid)), "{of_year} {february}");
        assert!(of(&s, Pollutant::O3).short_months.is_empty());
    }
    for (missing, short) in
        [((1, 4), vec![]), ((1, 5), vec![1]), ((2, 3), vec![]), ((2, 4), vec![2]), ((11, 4), vec![11])]
    {
        let s = gaps(2025, &[missing]);
        assert_eq!(
            (of(&s, Pollutant::Pm25).short_months.clone(), s.valid_year),
            (short.clone(), Some(short.is_empty()))
        );
    }
    assert_eq!(gaps(2024, &[(2, 4)]).valid_year, Some(true), "25 days of a leap February");
    // anything but a calendar year is not judged
    let record = record("2024-01-01", 400, |_| air(20.0));
    let s = period(&record, "2024-01-02", "2024-12-31", Judged::ByItsDate, &[]).all_days;
    assert_eq!((s.valid_year, of(&s, Pollutant::Pm25).meets_grade_2), (None, None));
}

fn event(kind: EventKind, day_from: &str, certified: bool) -> Event {
    let from = format!("{day_from}T00:00:00+08:00").parse::<chrono::DateTime<chrono::FixedOffset>>().unwrap().to_utc();
    Event {
        kind,
        adcode: 222_400,
        from,
        to: from + chrono::TimeDelta::hours(24),
        share: None,
        certified,
        evidence: "bulletin 7".into(),
        source: "observatory".into(),
    }
}

/// Ten days in April, the fourth with PM10 490 (IAQI 388 in both versions), the others 40.
#[test]
fn only_certified_events_leave_days_out() {
    let of_day = |i| if i == 3 { Concentrations { pm10_ug_m3: Some(490.0), ..air(30.0) } } else { air(30.0) };
    let record = record("2025-04-01", 10, of_day);
    let both = |events: &[Event], judged| {
        let p = period(&record, "2025-04-01", "2025-04-10", judged, events);
        let figures = |s: &DayStatistics| {
            (s.valid_days, s.heavy_days, of(s, Pollutant::Pm10).mean.unwrap(), of(s, Pollutant::No2).valid_days)
        };
        (figures(&p.all_days), figures(&p.without_events), p.excluded_days.len())
    };
    let (old, new) = (Judged::ByItsDate, Judged::AsOn(day("2026-03-01")));
    let all = (10, 1, 85.0, 10);
    let dust = |certified| [event(EventKind::Dust, "2025-04-04", certified)];
    assert_eq!(both(&dust(false), old), (all, all, 0));
    assert_eq!(both(&dust(true), old), (all, (9, 0, 40.0, 10), 1));
    assert_eq!(both(&dust(true), new), (all, (9, 0, 40.0, 9), 1));
    // the version of 2013 knows dust only
    let transport = [event(EventKind::OutsideTransport, "2025-04-04", true)];
    assert_eq!(both(&transport, old), (all, all, 0));
    assert_eq!(both(&transport, new), (all, (9, 0, 40.0, 9), 1));
    // another prefecture's dust
    let elsewhere = [Event { adcode: 222_300, ..dust(true)[0].clone() }];
    assert_eq!(both(&elsewhere, old), (all, all, 0));
}

#[test]
fn three_years_make_a_mean_if_all_are_valid() {
    let rules = Rules::shipped();
    let of_year = |d: NaiveDate| air(f64::from(10 * (d.year() - 2025)));
    let mut record: Record = day("2026-01-01").iter_days().take(1096).map(|d| (d, of_year(d))).collect();
    let means = |record: &Record| {
        let days = of_days(record, rules.judgement(Judged::ByItsDate));
        three_year_means(&days, Judged::ByItsDate, rules.standards())
    };
    let first = &means(&record)[0];
    assert_eq!((first.year, first.pollutant, first.value), (2028, Pollutant::Pm25, Some(20.0)));
    assert_eq!(means(&record).len(), 6);
    record.retain(|d, _| d.year() != 2027 || d.month() != 6 || d.day() <= 26);
    assert_eq!(means(&record)[0].value, None);
    record.retain(|d, _| d.year() < 2028);
    assert!(means(&record).is_empty());
}

proptest! {
    #[test]
    fn the_order_of_values_does_not_matter_and_the_counts_add_up(
        values in prop::collection::vec(1_u32..4000, 1..120),
        turn in 0_usize..120,
    ) {
        let of = |tenths: u32| air(f64::from(tenths) / 10.0);
        let mut turned = values.clone();
        turned.rotate_left(turn % values.len());
        turned.reverse();
        let statistics = |v: &[u32]| {
            let record = record("2025-02-01", v.len() as u64, |i| of(v[i as usize]));
            period(&record, "2025-01-01", "2025-12-31", Judged::AsOn(day("2025-06-01")), &[])
        };
        let (a, b) = (statistics(&values), statistics(&turned));
        for (x, y) in a.all_days.pollutants.iter().zip(&b.all_days.pollutants) {
            prop_assert_eq!((x.mean, x.percentile, x.valid_days), (y.mean, y.percentile, y.valid_days));
        }
        prop_assert_eq!(a.all_days.days_of_level, b.all_days.days_of_level);
        prop_assert_eq!(a.all_days.days_of_level.iter().sum::<u32>(), a.all_days.valid_days);
        prop_assert_eq!(a.all_days.days_of_level[4] + a.all_days.days_of_level[5], a.all_days.heavy_days);
        prop_assert_eq!(&a.all_days, &a.without_events);
        let pm25 = of_pm25(&a.all_days);
        let (low, high) = (values.iter().min().unwrap(), values.iter().max().unwrap());
        for v in [pm25.mean.unwrap(), pm25.percentile.unwrap()] {
            prop_assert!(v >= f64::from(*low) / 10.0 - 0.5 && v <= f64::from(*high) / 10.0 + 0.5);
        }
    }
}

fn of_pm25(s: &DayStatistics) -> &PollutantStatistics {
    of(s, Pollutant::Pm25)
}

/// The record of the prefecture city, 548 days. Figures from a separate computation with exact fractions.
#[test]
fn the_real_record_of_yanbian() {
    let Some(path) = real("obs/ne_china_daily_2013_201606.csv") else { return };
    let read = daily_csv::read(&path).unwrap();
    assert_eq!((read.items.len(), read.rejections.len()), (26_225, 20));
    let record: Record = read.items.iter().filter(|r| r.place == "延边州").map(|r| (r.day, r.concentrations)).collect();
    assert_eq!(record.len(), 548);
    let line = |from: &str, to: &str, as_on: &str| {
        let s = period(&record, from, to, Judged::AsOn(day(as_on)), &[]).all_days;
        let each = |p: Pollutant| {
            let s = of(&s, p);
            s.mean.map_or(format!("{}", s.percentile.unwrap()), |m| format!("{m}/{}", s.percentile.unwrap()))
        };
        let primary = Pollutant::ALL.map(|p| s.primary_days.get(&p).copied().unwrap_or(0));
        let listed = format!(
            "{} {} {} {:?} heavy {} primary {primary:?} {} index {}",
            s.valid_days,
            s.good_days,
            s.good_day_percent.unwrap(),
            s.days_of_level,
            s.heavy_days,
            Pollutant::ALL.map(each).join(" "),
            s.composite_index.unwrap()
        );
        println!("{from}..{to} as on {as_on}: {listed}");
        listed
    };
    let (all, of_2015) = (("2014-12-31", "2016-06-30"), ("2015-01-01", "2015-12-31"));
    for ((from, to), as_on, expected) in [
        (
            all,
            "2015-01-01",
            "548 471 85.9 [200, 271, 63, 12, 1, 1] heavy 2 primary [149, 39, 2, 1, 0, 161] \
             35/89 54/125 17/69 23/54 1.3 137 index 3.81",
        ),
        (
            all,
            "2026-03-01",
            "548 445 81.2 [200, 245, 89, 12, 1, 1] heavy 2 primary [158, 41, 1, 0, 0, 148] \
             35/89 54/125 17/69 23/54 1.3 137 index 7.87",
        ),
        (
            all,
            "2031-01-01",
            "548 445 81.2 [200, 245, 89, 12, 1, 1] heavy 2 primary [158, 41, 1, 0, 0, 148] \
             35/89 54/125 17/69 23/54 1.3 137 index 9.7",
        ),
        (
            of_2015,
            "2015-01-01",
            "365 301 82.5 [140, 161, 51, 11, 1, 1] heavy 2 primary [105, 25, 2, 1, 0, 95] \
             37/99 55/130 18/82 24/57 1.3 138 index 3.93",
        ),
        (
            of_2015,
            "2026-03-01",
            "365 284 77.8 [140, 144, 68, 11, 1, 1] heavy 2 primary [109, 26, 1, 0, 0, 89] \
             37/99 55/130 18/82 24/57 1.3 138 index 8.17",
        ),
        (
            ("2016-01-01", "2016-06-30"),
            "2015-01-01",
            "182 169 92.9 [59, 110, 12, 1, 0, 0] heavy 0 primary [44, 14, 0, 0, 0, 66] \
             31/68 52/108 14/42 22/45 1.2 137 index 3.57",
        ),
    ] {
        assert_eq!(line(from, to, as_on), expected, "{from} {as_on}");
    }
    assert_eq!(year(&record, 2015).valid_year, Some(true));
    assert_eq!(year(&record, 2016).valid_year, Some(false));
}
