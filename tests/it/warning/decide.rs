//! Decisions on forecasts made by hand. In January 2026 the limits of HJ 633-2012 hold: PM2.5 75, 115, 150, 250 ug m-3 are
//! AQI 100, 150, 200, 300.

use super::{WARNING_SEED, aqi_rules, warning_rules};
use chrono::{DateTime, Duration, TimeZone, Utc};
use hazecast::calendar::beijing_day_hour;
use hazecast::domain::aqi::AqiRules;
use hazecast::domain::averages::Validity;
use hazecast::domain::pollutant::{Concentrations, Pollutant};
use hazecast::forecast::county_weather::CountyWeather;
use hazecast::forecast::{CorrectionReport, CountyForecast, DayForecast, Estimate, Forecast, HourForecast};
use hazecast::warning::WarningLevel::{self, Orange, PreWarning, Red, Yellow};
use hazecast::warning::rules::WarningRules;
use hazecast::warning::{AreaWarning, Basis, InForce, Reading, Response, WarningDecision, decide};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

const NONE: WarningLevel = WarningLevel::None;
/// All but O3, as the model has them.
pub const NO_O3: [Pollutant; 1] = [Pollutant::O3];

/// GB 3095 table 4; O3: HJ 663.
pub const VALIDITY: Validity =
    Validity { hours_of_day: 20, hours_of_eight: 6, eights_of_day: 14, eights_unless_above_ug_m3: 160.0 };

/// Midnight in Beijing: lead hours 1..=24 are the first natural day.
pub fn midnight() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 15, 16, 0, 0).unwrap()
}

fn estimate(value: f64) -> Estimate {
    Estimate { raw: value, value, lower: value * 0.8, upper: value * 1.25 }
}

/// Clean air but for PM2.5 and PM10.
pub fn air(pm25: f64, pm10: f64) -> Concentrations<f64> {
    Concentrations {
        pm25_ug_m3: Some(pm25),
        pm10_ug_m3: Some(pm10),
        so2_ug_m3: Some(8.0),
        no2_ug_m3: Some(20.0),
        co_mg_m3: Some(0.6),
        o3_ug_m3: None,
    }
}

/// A county whose hour at lead `l` holds `at(l)`; days as the forecast makes them, with 20 hours or more.
pub fn county(
    adcode: u32,
    name: (&str, &str),
    cycle: DateTime<Utc>,
    leads: std::ops::RangeInclusive<i32>,
    at: impl Fn(i32) -> Concentrations<f64>,
) -> CountyForecast {
    let rules = aqi_rules();
    let mut hours = Vec::new();
    let mut days: BTreeMap<_, Vec<Concentrations<f64>>> = BTreeMap::new();
    for lead_hour in leads {
        let end = cycle + Duration::hours(i64::from(lead_hour));
        let (beijing_day, beijing_hour) = beijing_day_hour(end);
        let c = at(lead_hour);
        days.entry(beijing_day).or_default().push(c);
        hours.push(HourForecast {
            end,
            beijing_day,
            beijing_hour,
            lead_hour,
            concentrations: c.map(|_, v| estimate(*v)),
            pm25_area_mean_ug_m3: 0.0,
            aqi: rules.hourly(beijing_day, &c, &NO_O3),
            weather: CountyWeather {
                mixing_height_m: 200.0,
                wind_speed_m_s: 1.0,
                temperature_c: -15.0,
                ..CountyWeather::default()
            },
        });
    }
    let days = days
        .into_iter()
        .filter(|(_, hours)| hours.len() >= 20)
        .map(|(beijing_day, hours)| {
            let mut mean = Concentrations::default();
            for p in Pollutant::ALL {
                let sum: Option<f64> = hours.iter().map(|c| c.get(p).copied()).sum();
                mean.set(p, sum.map(|s| s / hours.len() as f64));
            }
            let aqi = rules.daily(beijing_day, &mean, &NO_O3);
            let concentrations = mean.map(|_, v| estimate(*v));
            let (aqi_lower, aqi_upper) = (aqi.clone(), aqi.clone());
            DayForecast { beijing_day, hours: hours.len() as u8, concentrations, aqi, aqi_lower, aqi_upper }
        })
        .collect();
    let (name_zh, name_en) = (name.0.into(), name.1.into());
    CountyForecast { adcode, name_zh, name_en, has_station: true, observed: Vec::new(), hours, days }
}

pub fn forecast(cycle: DateTime<Utc>, counties: Vec<CountyForecast>) -> Forecast {
    Forecast { cycle, counties, correction: CorrectionReport { methods: vec![], interval_method: "none".into() } }
}

/// Nothing is in force and no event is recorded.
pub fn basis<'a>(rules: &'a WarningRules, aqi: &'a AqiRules, in_force: &'a BTreeMap<u32, InForce>) -> Basis<'a> {
    let region = (222_400, "延边州", "Yanbian");
    Basis { warning: rules, aqi, validity: VALIDITY, region, in_force, events: &[] }
}

pub fn decided_with(rules: &WarningRules, cycle: DateTime<Utc>, counties: Vec<CountyForecast>) -> WarningDecision {
    let aqi = aqi_rules();
    let nothing = BTreeMap::new();
    decide(&basis(rules, &aqi, &nothing), &forecast(cycle, counties), None)
}

pub const YANJI: (&str, &str) = ("延吉市", "Yanji");

/// Decision for one county with `at` from lead -47 on.
fn decided(cycle: DateTime<Utc>, last: i32, at: impl Fn(i32) -> Concentrations<f64>) -> AreaWarning {
    decided_with(&warning_rules(), cycle, vec![county(222401, YANJI, cycle, -47..=last, at)]).counties.remove(0)
}

/// The natural days after midnight hold these PM2.5 means all day long, days before and after are clean.
pub fn days_of(pm25: &[f64]) -> impl Fn(i32) -> Concentrations<f64> {
    move |lead| {
        let day = (lead - 1).div_euclid(24);
        let value = usize::try_from(day).ok().and_then(|d| pm25.get(d)).copied().unwrap_or(30.0);
        air(value, value + 20.0)
    }
}

#[test]
fn every_level_is_reached_by_each_of_its_rules() {
    for (days, natural, sliding, rule) in [
        (vec![30.0, 30.0], NONE, NONE, ""),
        (vec![80.0], NONE, NONE, ""),
        (vec![115.0], NONE, NONE, ""),
        (vec![120.0], PreWarning, PreWarning, "warning-2024.pre_warning.1"),
        (vec![80.0, 80.0], PreWarning, PreWarning, "warning-2024.pre_warning.2"),
        (vec![160.0], Yellow, Yellow, "warning-2024.yellow.1"),
        (vec![116.0, 116.0], Yellow, Yellow, "warning-2024.yellow.2"),
        (vec![151.0, 151.0], Orange, Orange, "warning-2024.orange.1"),
        (vec![116.0, 116.0, 116.0], Orange, Orange, "warning-2024.orange.2"),
        (vec![151.0, 251.0, 151.0], Red, Red, "warning-2024.red.1"),
        (vec![251.0, 251.0, 251.0], Red, Red, "warning-2024.red.1"),
        (vec![150.0, 260.0, 150.0], Orange, Orange, "warning-2024.orange.2"),
    ] {
        let d = decided(midnight(), 120, days_of(&days));
        assert_eq!((d.level_natural_day, d.level_sliding_24h), (natural, sliding), "{days:?}");
        assert_eq!(d.level, natural.max(sliding));
        let fired = |reading| d.because.iter().any(|b| b.rule == rule && b.reading == reading && b.level == d.level);
        assert_eq!(fired(Reading::NaturalDay), d.level > NONE, "{days:?} {:?}", d.because);
        assert_eq!(fired(Reading::Sliding24h), d.level > NONE, "{days:?} {:?}", d.because);
        let response = match d.level {
            WarningLevel::None => Response::None,
            PreWarning => Response::Voluntary,
            _ => Response::EmissionReduction,
        };
        assert_eq!((d.response, d.response_level), (response, d.level), "{days:?}");
    }
}

/// 2018 scheme, and the limits of HJ 633-2012 in January 2020.
#[test]
fn the_earlier_scheme_decides_earlier_days() {
    let cycle = Utc.with_ymd_and_hms(2020, 1, 15, 16, 0, 0).unwrap();
    for (days, level) in [
        (vec![160.0], NONE),
        (vec![116.0, 116.0, 116.0], NONE),
        (vec![160.0, 160.0], Yellow),
        (vec![160.0, 160.0, 160.0], Orange),
        (vec![160.0, 260.0, 260.0, 160.0], Red),
        (vec![160.0, 260.0, 160.0, 160.0], Orange),
        (vec![500.0], Red),
        (vec![498.0], NONE),
    ] {
        let one = county(222401, YANJI, cycle, -47..=144, days_of(&days));
        let d = decided_with(&warning_rules(), cycle, vec![one]);
        assert_eq!(d.scheme, "warning-2018");
        assert_eq!(d.counties[0].level_natural_day, level, "{days:?}");
    }
}

/// 48 h from noon to noon: no two natural days exceed, but every 24-h mean inside does.
#[test]
fn a_run_over_midnight_fires_under_the_sliding_reading_only() {
    let d = decided(midnight(), 96, |l| if (13..=60).contains(&l) { air(116.0, 130.0) } else { air(30.0, 50.0) });
    assert_eq!((d.level_natural_day, d.level_sliding_24h, d.level), (PreWarning, Yellow, Yellow));
    let b = d.because.iter().find(|b| b.rule == "warning-2024.yellow.2").unwrap();
    assert_eq!(b.reading, Reading::Sliding24h);
    assert_eq!((d.from, d.to), (Some(midnight() + Duration::hours(13)), Some(midnight() + Duration::hours(60))));
    assert_eq!(b.evidence.first().map(|e| (e.from, e.aqi)), Some((midnight() + Duration::hours(13), 152)));
    assert!(b.text_zh.contains("延吉市：1月16日12时至1月18日12时"), "{}", b.text_zh);
    assert!(b.text_zh.contains("连续48小时大于150，达到黄色预警条件"), "{}", b.text_zh);
    // one hour less is not 48 h
    let d = decided(midnight(), 96, |l| if (13..=59).contains(&l) { air(116.0, 130.0) } else { air(30.0, 50.0) });
    assert_eq!(d.level, PreWarning);
}

/// The first hour of the Spring Festival night reached 528 ug m-3 where the day's mean stayed at 100.
#[test]
fn one_hour_of_fireworks_is_no_warning() {
    let d = decided(midnight(), 96, |l| match l {
        12 => air(528.0, 560.0),
        1..=24 => air((2400.0 - 528.0) / 23.0, 100.0),
        _ => air(40.0, 60.0),
    });
    assert_eq!((d.level, d.response, d.because.len()), (NONE, Response::None, 0));
}

#[test]
fn dust_gives_health_advice_and_no_cuts() {
    let dust = |l: i32| if (1..=48).contains(&l) { air(60.0, 480.0) } else { air(20.0, 40.0) };
    let d = decided(midnight(), 96, dust);
    assert_eq!((d.level, d.response, d.response_level), (Orange, Response::HealthAdviceOnly, NONE));
    let b = d.because.iter().find(|b| b.rule == "warning-2024.pollutant").unwrap();
    assert!(b.clause.contains("沙尘") && b.text_zh.contains("首要污染物为PM10"), "{b:?}");
    assert_eq!(b.evidence[0].primary, [Pollutant::Pm10]);
    // a haze of its own under the dust: cuts rest on what it reaches alone
    let both =
        |l: i32| if (1..=72).contains(&l) { air(if l <= 48 { 120.0 } else { 60.0 }, 480.0) } else { air(20.0, 40.0) };
    let d = decided(midnight(), 120, both);
    assert_eq!((d.level, d.response, d.response_level), (Red, Response::EmissionReduction, Yellow));
    // dusty day before a hazy one: PM2.5 alone is heavy on one day
    let d = decided(midnight(), 96, |l| match l {
        1..=24 => air(60.0, 480.0),
        25..=48 => air(160.0, 180.0),
        _ => air(20.0, 40.0),
    });
    assert_eq!((d.level, d.response, d.response_level), (Orange, Response::EmissionReduction, Yellow));
    // a light dust day calls for nothing voluntary either
    let d = decided(midnight(), 96, |l| if (1..=24).contains(&l) { air(30.0, 280.0) } else { air(20.0, 40.0) });
    assert_eq!((d.level, d.response), (PreWarning, Response::HealthAdviceOnly));
}

#[test]
fn ozone_counts_with_its_largest_eight_hours_and_gives_health_advice() {
    let d = decided(midnight(), 72, |l| {
        let afternoon = (1..=48).contains(&l) && (11..=18).contains(&((l - 1) % 24));
        Concentrations { o3_ug_m3: Some(if afternoon { 320.0 } else { 40.0 }), ..air(20.0, 40.0) }
    });
    // 8-h mean 320 ug m-3 is AQI 211; the natural-day forecast made here holds the 24-h mean instead
    assert_eq!((d.level_sliding_24h, d.response), (Orange, Response::HealthAdviceOnly));
    let b = d.because.iter().find(|b| b.reading == Reading::Sliding24h).unwrap();
    // the first window that exceeds holds 7 of the 8 hours: 285 ug m-3, AQI 204
    assert_eq!(b.evidence.iter().map(|e| e.aqi).collect::<Vec<_>>(), [204, 211, 204]);
    assert!(b.evidence.iter().all(|e| e.primary == [Pollutant::O3]));
}

#[test]
fn an_interruption_too_short_for_lifting_does_not_split_an_episode() {
    let natural = |days: &[f64]| decided(midnight(), 144, days_of(days)).level_natural_day;
    assert_eq!(natural(&[160.0, 100.0, 160.0]), Orange);
    assert_eq!(natural(&[160.0, 30.0, 30.0, 160.0]), Yellow);
    // only heavy episodes are merged
    assert_eq!(natural(&[120.0, 100.0, 120.0]), PreWarning);
    let d = decided(midnight(), 144, days_of(&[160.0, 100.0, 160.0]));
    let b = d.because.iter().find(|b| b.rule == "warning-2024.orange.1" && b.reading == Reading::NaturalDay).unwrap();
    assert!(b.text_zh.contains("累计48小时大于200") && b.clause.contains("按一次过程统计"), "{b:?}");
    let unmerged = WARNING_SEED.replace("gap_hours = 36", "gap_hours = 0");
    let unmerged = WarningRules::from_toml(&unmerged, Path::new("warning.toml")).unwrap();
    let one = county(222401, YANJI, midnight(), 1..=144, days_of(&[160.0, 100.0, 160.0]));
    assert_eq!(decided_with(&unmerged, midnight(), vec![one]).counties[0].level_natural_day, Yellow);
}

#[test]
fn hours_before_the_cycle_lengthen_an_episode_but_make_none() {
    // 20:00 Beijing time: the running day has 20 hours behind it
    let cycle = Utc.with_ymd_and_hms(2026, 1, 15, 12, 0, 0).unwrap();
    let until = |last: i32| move |l: i32| if (-19..=last).contains(&l) { air(160.0, 180.0) } else { air(30.0, 50.0) };
    let d = decided(cycle, 96, until(28));
    assert_eq!((d.level_natural_day, d.level_sliding_24h), (Orange, Orange));
    assert_eq!(d.from.unwrap(), cycle - Duration::hours(20), "a window of 23 heavy hours and one before them exceeds");
    // its last exceeding average ends 12 h after the cycle or later; a stricter reading asks for 24 h
    let d = decided(cycle, 96, until(4));
    assert_eq!(d.level, PreWarning);
    let other = d.other_readings.iter().find(|o| o.parameter == "under_way_hours").unwrap();
    assert_eq!((other.level, other.value.as_str(), other.decided_by.as_str()), (NONE, "24", "12"));
    let d = decided(cycle, 96, until(-4));
    assert_eq!((d.level, d.because.len()), (NONE, 0));
    // what lies more than 96 h back is not looked at
    let heavy = |l: i32| if l <= 28 { air(160.0, 180.0) } else { air(30.0, 50.0) };
    let long = county(222401, YANJI, cycle, -150..=96, heavy);
    let d = decided_with(&warning_rules(), cycle, vec![long]).counties.remove(0);
    assert_eq!((d.level, d.from.unwrap()), (Orange, cycle - Duration::hours(95)));
}

#[test]
fn a_warning_is_lifted_when_36_clean_hours_are_certain() {
    // running mean of 15 h at 160 and 9 h at 30 is 111.25 ug m-3, AQI 146: the first at or below 150, 33 h after the cycle
    let d = decided(midnight(), 72, days_of(&[160.0]));
    assert_eq!(d.lift_from, Some(midnight() + Duration::hours(33)));
    assert_eq!(decided(midnight(), 69, days_of(&[160.0])).lift_from, Some(midnight() + Duration::hours(33)));
    assert_eq!(decided(midnight(), 68, days_of(&[160.0])).lift_from, None);
    // a second heavy day one clean day later puts it off: the running mean falls to 111.25 again at hour 81
    let d = decided(midnight(), 144, days_of(&[160.0, 30.0, 160.0]));
    assert_eq!(d.lift_from, Some(midnight() + Duration::hours(81)));
    assert_eq!(decided(midnight(), 144, days_of(&[120.0])).lift_from, None, "nothing to lift without a warning");
}

#[test]
fn the_prefecture_takes_the_highest_county() {
    let counties = |rules: &WarningRules| {
        let of = |adcode, zh, en, days: &'static [f64]| county(adcode, (zh, en), midnight(), 1..=96, days_of(days));
        let list = vec![
            of(222401, "延吉市", "Yanji", &[160.0, 160.0]),
            of(222403, "敦化市", "Dunhua", &[120.0]),
            of(222426, "安图县", "Antu", &[20.0]),
        ];
        decided_with(rules, midnight(), list)
    };
    let d = counties(&warning_rules());
    assert_eq!(d.scheme, "warning-2024");
    assert_eq!(d.counties.iter().map(|c| c.level).collect::<Vec<_>>(), [Orange, PreWarning, NONE]);
    let p = &d.prefecture;
    assert_eq!(
        (p.adcode, p.level, p.response, p.response_level),
        (222400, Orange, Response::EmissionReduction, Orange)
    );
    assert_eq!((p.from, p.to), (d.counties[0].from, d.counties[0].to));
    assert!(
        p.because.iter().any(|b| b.rule == "warning-2024.prefecture" && b.text_zh.contains("延吉市") && !b.verified)
    );
    let two = WARNING_SEED.replace("counties_needed = 1", "counties_needed = 2");
    let d = counties(&WarningRules::from_toml(&two, Path::new("warning.toml")).unwrap());
    assert_eq!((d.prefecture.level, d.prefecture.response), (PreWarning, Response::Voluntary));
    let empty = decided_with(&warning_rules(), midnight(), vec![]);
    assert_eq!((empty.prefecture.level, empty.prefecture.response), (NONE, Response::None));
}

#[test]
fn every_reason_names_its_clause_and_values() {
    let d = decided(midnight(), 96, days_of(&[160.0, 170.0]));
    assert!(!d.because.is_empty());
    for b in &d.because {
        assert!(b.clause.contains("环大气〔2024〕6号") && b.clause.contains("未核实") && !b.verified, "{b:?}");
        assert!(!b.evidence.is_empty() && b.evidence.iter().all(|e| e.aqi > 150 && e.pm25_ug_m3.is_some()), "{b:?}");
        assert!(b.text_en.starts_with("Yanji: ") && b.text_en.contains(&b.rule), "{}", b.text_en);
    }
    let natural = d.because.iter().find(|b| b.reading == Reading::NaturalDay).unwrap();
    assert!(
        natural.text_zh.starts_with("延吉市：1月16日至1月17日日均AQI预测为210、220，连续48小时大于200"),
        "{}",
        natural.text_zh
    );
    assert_eq!(
        natural.evidence.iter().map(|e| (e.aqi, e.pm25_ug_m3)).collect::<Vec<_>>(),
        [(210, Some(160.0)), (220, Some(170.0))]
    );
}

#[test]
fn hours_without_a_value_do_not_exceed_and_are_counted() {
    let all = decided(midnight(), 72, days_of(&[160.0]));
    assert_eq!(all.unjudged_hours, 0);
    let gap = |l: i32| if (30..=40).contains(&l) { Concentrations::default() } else { days_of(&[30.0])(l) };
    let d = decided(midnight(), 72, gap);
    // a window with 5 or more of the 11 empty hours has fewer than 20 values: ends 34 to 59
    assert_eq!((d.level, d.unjudged_hours), (NONE, 26));
    let short =
        decided_with(&warning_rules(), midnight(), vec![county(1, YANJI, midnight(), 1..=48, days_of(&[30.0]))]);
    assert_eq!(short.counties[0].unjudged_hours, 23);
}

/// 70 ug m-3 is AQI 94 until 2026-02-28 and 110 from 2026-03-01 on: the same air calls for pre-warning measures.
#[test]
fn the_new_limits_decide_from_the_first_of_march() {
    let cycle = Utc.with_ymd_and_hms(2026, 2, 26, 16, 0, 0).unwrap();
    let natural = |days: &[f64]| decided(cycle, 120, days_of(days)).level_natural_day;
    assert_eq!(natural(&[70.0, 70.0, 70.0]), NONE, "27 and 28 February, 1 March");
    assert_eq!(natural(&[70.0, 70.0, 70.0, 70.0]), PreWarning, "1 and 2 March exceed 100");
}

/// One natural day at 300 ug m-3 between clean ones: 24-h means stay above 150 ug m-3 while 11 of the 24 h are heavy, that is
/// for 27 windows, which cover 50 h. The readings differ by a level, and the record shows both.
#[test]
fn a_single_very_heavy_day_is_longer_under_the_sliding_reading() {
    let d = decided(midnight(), 96, days_of(&[300.0]));
    assert_eq!((d.level_natural_day, d.level_sliding_24h), (Yellow, Orange));
    let b = d.because.iter().find(|b| b.rule == "warning-2024.orange.1").unwrap();
    assert!(b.text_zh.contains("共27个时段") && b.text_zh.contains("连续50小时大于200"), "{}", b.text_zh);
}

#[test]
fn a_decision_survives_json() {
    let one = county(222401, YANJI, midnight(), -23..=96, days_of(&[160.0, 260.0, 160.0]));
    let d = decided_with(&warning_rules(), midnight(), vec![one]);
    let text = serde_json::to_string(&d).unwrap();
    assert_eq!(serde_json::from_str::<WarningDecision>(&text).unwrap(), d);
}

/// Hourly PM2.5 in blocks of 6 h, so that whole days exceed often enough.
fn blocks() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(prop_oneof![20.0..80.0_f64, 90.0..170.0_f64, 140.0..300.0_f64], 16..24)
}

fn level_of_blocks(cycle: DateTime<Utc>, blocks: &[f64]) -> AreaWarning {
    let last = 6 * blocks.len() as i32 - 20;
    let at = |l: i32| {
        let value = blocks[((l + 19) / 6) as usize];
        air(value, value + 20.0)
    };
    let one = county(222401, YANJI, cycle, -19..=last, at);
    decided_with(&warning_rules(), cycle, vec![one]).counties.remove(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn more_pollution_never_lowers_a_level(base in blocks(), extra in prop::collection::vec(0.0..120.0_f64, 24), at in 12..20_u32) {
        let cycle = Utc.with_ymd_and_hms(2026, 1, 15, at, 0, 0).unwrap();
        let more: Vec<f64> = base.iter().zip(&extra).map(|(b, e)| b + if *e > 60.0 { *e } else { 0.0 }).collect();
        let (low, high) = (level_of_blocks(cycle, &base), level_of_blocks(cycle, &more));
        prop_assert!(low.level_natural_day <= high.level_natural_day, "{low:?}\n{high:?}");
        prop_assert!(low.level_sliding_24h <= high.level_sliding_24h, "{low:?}\n{high:?}");
        prop_assert!(low.response_level <= high.response_level);
        prop_assert!(low.level == low.level_natural_day.max(low.level_sliding_24h));
        prop_assert!((low.level == NONE) == low.because.is_empty());
        prop_assert!(low.from.is_some() == (low.level > NONE) && low.from <= low.to);
    }

    /// Three clean days put into an episode never raise the level of natural days.
    #[test]
    fn splitting_an_episode_with_clean_days_never_raises_the_level(
        days in prop::collection::vec(prop_oneof![20.0..80.0_f64, 90.0..170.0_f64, 140.0..300.0_f64], 1..6), at in 0..6_usize
    ) {
        let mut split = days.clone();
        split.splice(at.min(days.len())..at.min(days.len()), [10.0; 3]);
        let whole = decided(midnight(), 240, days_of(&days));
        let parts = decided(midnight(), 240, days_of(&split));
        prop_assert!(parts.level_natural_day <= whole.level_natural_day, "{days:?} {split:?}");
    }

    /// The natural-day level against the guidance read as four sentences, for days that leave no room for merging.
    #[test]
    fn natural_days_follow_the_guidance(days in prop::collection::vec(prop_oneof![Just(30.0), Just(80.0), Just(120.0), Just(160.0), Just(260.0)], 1..6)) {
        let merge_free = WARNING_SEED.replace("gap_hours = 36", "gap_hours = 0").replace("heavy_aqi = 200", "heavy_aqi = 499");
        let rules = WarningRules::from_toml(&merge_free, Path::new("warning.toml")).unwrap();
        let longest = |limit: f64| days.split(|d| *d <= limit).map(<[f64]>::len).max().unwrap_or(0);
        let red = days.split(|d| *d <= 150.0).any(|run| run.len() >= 3 && run.iter().any(|d| *d > 250.0));
        let expected = if red { Red }
            else if longest(150.0) >= 2 || longest(115.0) >= 3 { Orange }
            else if longest(150.0) >= 1 || longest(115.0) >= 2 { Yellow }
            else if longest(115.0) >= 1 || longest(75.0) >= 2 { PreWarning }
            else { NONE };
        let one = county(222401, YANJI, midnight(), 1..=168, days_of(&days));
        prop_assert_eq!(decided_with(&rules, midnight(), vec![one]).counties[0].level_natural_day, expected, "{:?}", days);
    }
}
