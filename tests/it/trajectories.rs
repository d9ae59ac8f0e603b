//! Paths strung by past errors, what past nights teach, and the proof that chances counted on paths come true.

use chrono::{DateTime, Duration, TimeZone, Utc};
use hazecast::calendar::beijing_day_hour;
use hazecast::domain::aqi::{AqiReport, AqiRules};
use hazecast::domain::limits::LimitRules;
use hazecast::domain::pollutant::{Concentrations, Pollutant};
use hazecast::forecast::county_series::{CountySeries, ModelHour};
use hazecast::forecast::county_weather::CountyWeather;
use hazecast::forecast::error_paths::{CountyErrors, ErrorPaths};
use hazecast::forecast::experience::Experience;
use hazecast::forecast::leave_one_out::leave_one_out;
use hazecast::forecast::members::Departures;
use hazecast::forecast::past_night::{ObservedHours, PastCounty, PastHour, PastNight};
use hazecast::forecast::trajectories::Trajectories;
use hazecast::forecast::uncertainty::Uncertainty;
use hazecast::forecast::{CorrectionReport, CountyForecast, DayForecast, Estimate, Forecast, HourForecast};
use hazecast::proof::{Material, PROOFS};
use std::collections::BTreeMap;
use std::path::Path;

const A: u32 = 222_401;
const B: u32 = 222_403;
const HOURS: usize = 48;

fn cycle() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 15, 12, 0, 0).unwrap()
}

fn read<T>(name: &str, parse: impl Fn(&str, &Path) -> hazecast::error::Result<T>) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    parse(&std::fs::read_to_string(&path).unwrap(), &path).unwrap()
}

fn uncertainty() -> Uncertainty {
    read("models/uncertainty.toml", |t, p| Uncertainty::from_toml(t, p))
}

fn estimate(value: f64) -> Estimate {
    Estimate { raw: value, value, lower: value / 2.0, upper: value * 3.0 }
}

fn no_report() -> AqiReport {
    AqiReport {
        standard: "HJ 633-2012".into(),
        aqi: None,
        level: None,
        primary: vec![],
        iaqi: BTreeMap::new(),
        clause: String::new(),
    }
}

/// PM2.5 and NO2 of two counties.
fn forecast() -> Forecast {
    let county = |adcode: u32| CountyForecast {
        adcode,
        name_zh: String::new(),
        name_en: String::new(),
        has_station: adcode == A,
        observed: Vec::new(),
        hours: (1..=HOURS as i32)
            .map(|lead| {
                let end = cycle() + Duration::hours(i64::from(lead));
                let (beijing_day, beijing_hour) = beijing_day_hour(end);
                HourForecast {
                    end,
                    beijing_day,
                    beijing_hour,
                    lead_hour: lead,
                    concentrations: Concentrations {
                        pm25_ug_m3: Some(estimate(50.0 + f64::from(lead))),
                        no2_ug_m3: Some(estimate(30.0)),
                        ..Concentrations::default()
                    },
                    pm25_area_mean_ug_m3: 0.0,
                    aqi: no_report(),
                    weather: CountyWeather {
                        mixing_height_m: 200.0,
                        wind_speed_m_s: 1.0,
                        temperature_c: -10.0,
                        ..CountyWeather::default()
                    },
                }
            })
            .collect(),
        days: Vec::new(),
    };
    let correction = CorrectionReport { methods: vec![], interval_method: String::new() };
    Forecast { cycle: cycle(), counties: vec![county(A), county(B)], correction }
}

/// Errors of 60 nights in county A: night m errs by a number of its own at all hours, in NO2 by the opposite.
fn past(nights: usize) -> ErrorPaths {
    let own = |m: usize| (m * 37 % 61) as f64;
    let errors = |sign: f64| (0..HOURS).flat_map(|_| (0..nights).map(move |m| sign * own(m))).collect();
    ErrorPaths {
        nights: (0..nights as i64).map(|d| cycle() - Duration::days(nights as i64 - d)).collect(),
        hours: HOURS,
        counties: vec![CountyErrors {
            adcode: A,
            pollutants: vec![(Pollutant::Pm25, errors(1.0)), (Pollutant::No2, errors(-1.0))],
        }],
    }
}

#[test]
fn paths_have_the_forecasts_distribution_and_the_order_of_past_errors() {
    let (forecast, past) = (forecast(), past(60));
    let paths = Trajectories::around(&forecast, &uncertainty(), &past, None);
    assert_eq!(paths, Trajectories::around(&forecast, &uncertainty(), &past, None));
    assert!(
        paths.method_en.contains("60 past nights") && paths.method_zh.contains("60个往期夜"),
        "{}",
        paths.method_en
    );
    let (adcode, values) = &paths.counties[0];
    assert_eq!((*adcode, values.members()), (A, 60));
    let at = |p, hour| -> Vec<f64> { (0..60).map(|m| values.get(p, hour, m).unwrap()).collect() };
    for hour in [0, 20, 47] {
        let pm25 = at(Pollutant::Pm25, hour);
        let mut sorted = pm25.clone();
        sorted.sort_by(f64::total_cmp);
        let value = 51.0 + hour as f64;
        // of 60 paths six lie below the lower end of the 80 % interval and six above the upper one
        assert_eq!(sorted.iter().filter(|v| **v < value / 2.0).count(), 6, "{sorted:?}");
        assert_eq!(sorted.iter().filter(|v| **v > value * 3.0).count(), 6);
        // in the order of the errors, at every hour, and the other way round in NO2
        let no2 = at(Pollutant::No2, hour);
        for (a, b) in (0..60).flat_map(|a| (0..60).map(move |b| (a, b))) {
            if a * 37 % 61 < b * 37 % 61 {
                assert!(pm25[a] < pm25[b] && no2[a] > no2[b], "{a} {b}");
            }
        }
    }
    // the county without a station follows in part: correlated with the first, but not the same
    let other = &paths.counties[1].1;
    let score = |v: &hazecast::domain::hourly::HourlyValues, m| v.get(Pollutant::Pm25, 30, m).unwrap().ln();
    let of = |v| (0..60).map(|m| score(v, m)).collect::<Vec<f64>>();
    let r = hazecast::forecast::scores::deterministic::correlation(&of(values), &of(other)).unwrap();
    assert!((0.4..0.95).contains(&r), "{r}");
}

#[test]
fn with_too_few_nights_the_paths_are_autoregressive_and_say_so() {
    let forecast = forecast();
    let few = Trajectories::around(&forecast, &uncertainty(), &past(49), None);
    assert_eq!(few.counties[0].1.members(), 100);
    assert!(few.method_en.contains("49 observed past nights are fewer than 50"), "{}", few.method_en);
    assert!(few.method_zh.contains("49个，不足50个"), "{}", few.method_zh);
    // errors over fewer hours than tonight's do not string tonight's paths
    let short = ErrorPaths { hours: HOURS - 1, ..past(60) };
    assert_eq!(Trajectories::around(&forecast, &uncertainty(), &short, None).counties[0].1.members(), 100);
}

/// Series of one county whose PM2.5 is `value(hour)` in the hours after the cycle.
fn series(adcode: u32, value: &dyn Fn(i32) -> f64) -> CountySeries {
    let hour = |lead: i32| ModelHour {
        end: cycle() + Duration::hours(i64::from(lead)),
        concentrations: Concentrations { pm25_ug_m3: Some(value(lead)), ..Concentrations::default() },
        pm25_area_mean_ug_m3: 0.0,
        weather: forecast().counties[0].hours[0].weather,
    };
    CountySeries { adcode, hours: (1..=HOURS as i32).map(hour).collect() }
}

/// Five members that differ on the second day only, there by as much as the interval is wide: paths keep the forecast's distribution at every
/// hour, go with their members on that day and are as without members on the first.
#[test]
fn paths_follow_members_as_far_as_these_depart() {
    let forecast = forecast();
    let control = [series(A, &|_| 40.0)];
    let factor = |m: usize| [0.2f64, 0.45, 1.0, 2.2, 5.0][m];
    let runs: Vec<_> = (0..5).map(|m| vec![series(A, &|h| if h > 24 { 40.0 * factor(m) } else { 40.0 })]).collect();
    let departures = Departures::of(cycle(), HOURS, &control, &runs);
    let none = ErrorPaths::default();
    let plain = Trajectories::around(&forecast, &uncertainty(), &none, None);
    let with = Trajectories::around(&forecast, &uncertainty(), &none, Some(&departures));
    assert!(with.method_en.contains("5 members") && with.method_zh.contains("5个"), "{}", with.method_en);
    let at = |t: &Trajectories, c: usize, hour: usize| -> Vec<f64> {
        (0..100).map(|m| t.counties[c].1.get(Pollutant::Pm25, hour, m).unwrap()).collect()
    };
    assert_eq!(at(&plain, 0, 10), at(&with, 0, 10));
    assert_eq!(at(&plain, 1, 30), at(&with, 1, 30), "a county that members do not hold");
    for hour in [24, 36, 47] {
        let values = at(&with, 0, hour);
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let value = 51.0 + hour as f64;
        assert_eq!(sorted.iter().filter(|v| **v < value / 2.0).count(), 10, "{sorted:?}");
        assert_eq!(sorted.iter().filter(|v| **v > value * 3.0).count(), 10);
        // members spread more than the interval: nothing is left to chance, and all paths of a member lie below those of the next
        for (a, b) in (0..100).flat_map(|a| (0..100).map(move |b| (a, b))).filter(|(a, b)| a % 5 < b % 5) {
            assert!(values[a] < values[b], "{a} {b}");
        }
    }
    // half as wide: on average in their order, no longer all
    let halved: Vec<_> =
        (0..5).map(|m| vec![series(A, &|h| if h > 24 { 40.0 * factor(m).powf(0.25) } else { 40.0 })]).collect();
    let departures = Departures::of(cycle(), HOURS, &control, &halved);
    let part = at(&Trajectories::around(&forecast, &uncertainty(), &none, Some(&departures)), 0, 36);
    let mean = |m: usize| (0..20).map(|k| part[5 * k + m].ln()).sum::<f64>() / 20.0;
    assert!(mean(0) < mean(2) && mean(2) < mean(4), "{} {} {}", mean(0), mean(2), mean(4));
    let crossed = (0..100).flat_map(|a| (0..100).map(move |b| (a, b))).any(|(a, b)| a % 5 < b % 5 && part[a] > part[b]);
    assert!(crossed);
}

/// A night whose PM2.5 forecast in each county is `value(adcode)` at all hours.
fn night(days_before: i64, value: impl Fn(u32) -> f64, temperature_c: f64) -> PastNight {
    let cycle = cycle() - Duration::days(days_before);
    let county = |adcode: u32| {
        let concentrations = Concentrations { pm25_ug_m3: Some(estimate(value(adcode))), ..Concentrations::default() };
        let hours: Vec<PastHour> = (1..=HOURS as i32)
            .map(|lead_hour| PastHour {
                end: cycle + Duration::hours(i64::from(lead_hour)),
                lead_hour,
                concentrations,
                weather: CountyWeather {
                    mixing_height_m: 300.0 + days_before as f64,
                    wind_speed_m_s: 2.0,
                    temperature_c,
                    ..CountyWeather::default()
                },
            })
            .collect();
        let beijing_day = beijing_day_hour(cycle).0 + Duration::days(1);
        let aqi = AqiReport { aqi: Some(70), level: Some(2), primary: vec![Pollutant::Pm25], ..no_report() };
        let day = DayForecast {
            beijing_day,
            hours: 24,
            concentrations,
            aqi: aqi.clone(),
            aqi_lower: aqi.clone(),
            aqi_upper: aqi,
        };
        PastCounty { adcode, has_station: true, hours, days: vec![day] }
    };
    PastNight { cycle, grid: "g".into(), degraded: false, assimilated: false, counties: vec![county(A), county(B)] }
}

/// Hours of `days` days up to the cycle.
fn observed(counties: &[u32], days: i64, value: impl Fn(u32, DateTime<Utc>) -> Option<f64>) -> ObservedHours {
    let hours = |adcode: u32| {
        (0..24 * days)
            .map(|back| cycle() - Duration::hours(back))
            .filter_map(|end| {
                let c = Concentrations { pm25_ug_m3: Some(value(adcode, end)?), ..Concentrations::default() };
                Some((end, c))
            })
            .collect()
    };
    counties.iter().map(|a| (*a, hours(*a))).collect()
}

#[test]
fn errors_of_past_nights_bridge_short_gaps_and_leave_out_what_is_not_comparable() {
    let mut nights: Vec<PastNight> = (2..=9).map(|d| night(d, |_| 49.0, -10.0)).collect();
    nights[0].degraded = true;
    nights[1].grid = "other".into();
    // three hours missing, and a night with too many missing: 6 days before for 20 h
    let gone = |end: DateTime<Utc>| {
        let lead = (end - (cycle() - Duration::days(9))).num_hours();
        let late = (end - (cycle() - Duration::days(4))).num_hours();
        (3..=5).contains(&lead) || (1..=20).contains(&late)
    };
    // (observed + 1) / (forecast + 1) = 1.1 at the cycle of nine days ago, more later
    let value = |end: DateTime<Utc>| 54.0 + (end - cycle() + Duration::days(9)).num_hours() as f64;
    let observed = observed(&[A], 10, |_, end| (!gone(end)).then(|| value(end)));
    let paths = ErrorPaths::of(&nights, &observed, ("g", false), HOURS, 200, cycle());
    let days: Vec<i64> = paths.nights.iter().map(|n| (cycle() - *n).num_days()).collect();
    // the nights of 5 and 4 days before saw the 20 missing hours: 28 of 48 are too few
    assert_eq!(days, [9, 8, 7, 6]);
    let errors = paths.county(A).unwrap().of(Pollutant::Pm25).unwrap();
    let at = |lead: usize, night: usize| errors[(lead - 1) * 4 + night];
    let exact = |lead: f64| ((55.0 + lead) / 50.0f64).ln();
    assert!((at(2, 0) - exact(2.0)).abs() < 1e-12 && (at(6, 0) - exact(6.0)).abs() < 1e-12);
    // the gap from lead 3 to 5 is bridged by a straight line
    assert!((at(4, 0) - (exact(2.0) + exact(6.0)) / 2.0).abs() < 1e-12);
    assert!(paths.county(B).is_none());
    // as of an hour before the end of the night of seven days ago, that night is not over
    let earlier = cycle() - Duration::days(7) + Duration::hours(HOURS as i64 - 1);
    let days = |p: &ErrorPaths| p.nights.iter().map(|n| (cycle() - *n).num_days()).collect::<Vec<_>>();
    assert_eq!(days(&ErrorPaths::of(&nights, &observed, ("g", false), HOURS, 200, earlier)), [9, 8]);
    assert_eq!(ErrorPaths::of(&nights, &observed, ("g", false), HOURS, 2, cycle()).nights.len(), 2);
    assert_eq!(ErrorPaths::of(&nights, &observed, ("g", true), HOURS, 2, cycle()), ErrorPaths::default());
    assert_eq!(ErrorPaths::of(&nights, &ObservedHours::new(), ("g", false), HOURS, 2, cycle()), ErrorPaths::default());
}

/// County A errs by +b, B by -b, both with errors of +-s from night to night: with a station s remains, without one sqrt(s^2 + 4 b^2).
#[test]
fn a_station_left_out_shows_what_it_is_worth() {
    let (b, s) = (0.2f64, 0.3f64);
    let bias = |adcode| if adcode == A { b } else { -b };
    // forecasts such that ln((observed + 1) / (forecast + 1)) is the error planted
    let nights: Vec<PastNight> = (3..63)
        .map(|d| {
            let sign = if d % 2 == 0 { 1.0 } else { -1.0 };
            night(d, |adcode| 61.0 / (bias(adcode) + sign * s).exp() - 1.0, -10.0)
        })
        .collect();
    let all: Vec<&PastNight> = nights.iter().collect();
    let both = observed(&[A, B], 70, |_, _| Some(60.0));
    let found = leave_one_out(&all, &both, Pollutant::Pm25).unwrap();
    assert!((found.ratio - (s * s + 4.0 * b * b).sqrt() / s).abs() < 1e-9, "{found:?}");
    assert_eq!((found.counties, found.nights), (2, 60));
    assert_eq!(leave_one_out(&all, &observed(&[A], 70, |_, _| Some(60.0)), Pollutant::Pm25), None);
    assert_eq!(leave_one_out(&all[..29], &both, Pollutant::Pm25), None);
    // it widens the interval where there is no station, and says so
    let mut u = uncertainty();
    let ratio =
        |u: &Uncertainty| u.sigma(Pollutant::Pm25, 30, false, false) / u.sigma(Pollutant::Pm25, 30, true, false);
    u.learn_elsewhere(Pollutant::Pm25, found);
    assert!((ratio(&u) - found.ratio).abs() < 1e-12);
    assert!(
        u.describe().contains("stations left out in turn for PM2.5")
            && uncertainty().describe().contains("without a station assumed"),
        "{}",
        u.describe()
    );
}

#[test]
fn yesterday_and_the_days_like_today_are_found() {
    let (aqi, limits) = (read("seeds/aqi.toml", AqiRules::from_toml), read("seeds/limits.toml", LimitRules::from_toml));
    // temperature alone tells the nights apart, but for one that is exactly like tonight in everything
    let mut nights: Vec<PastNight> = (1..=40).map(|d| night(d, |_| 60.0, -30.0 + d as f64)).collect();
    let tonight = {
        let mut like = night(0, |_| 60.0, -5.5);
        like.counties.iter_mut().flat_map(|c| &mut c.hours).for_each(|h| h.weather.mixing_height_m = 300.0 + 24.5);
        like
    };
    let twin = nights.iter_mut().find(|n| (cycle() - n.cycle).num_days() == 12).unwrap();
    for (c, t) in twin.counties.iter_mut().zip(&tonight.counties) {
        for (h, t) in c.hours.iter_mut().zip(&t.hours) {
            h.weather = t.weather;
        }
    }
    // 60 on all days but the three that followed the twin: 54, 55, 56
    let by_day = |end| match chrono::Datelike::day(&beijing_day_hour(end).0) {
        day @ 4..=6 => 50.0 + f64::from(day),
        _ => 60.0,
    };
    let seen = observed(&[A], 45, |_, end| Some(by_day(end)));
    let e = Experience::of(&aqi, &limits, &tonight, &nights, &seen);
    assert_eq!(e.past_nights, 40);
    // the cycle is 20:00 on the 15th: the last day that is over is the 14th, forecast by the night of the 13th
    let y = e.yesterday.unwrap();
    assert_eq!((y.beijing_day.to_string(), (cycle() - y.cycle).num_days()), ("2026-01-14".into(), 2));
    let county = &y.counties[0];
    assert_eq!((y.counties.len(), county.adcode, county.observed_pm25_ug_m3), (1, A, Some(60.0)));
    assert_eq!((county.inside, county.forecast_level, county.observed_level), (Some(true), Some(2), Some(2)));
    let analogues = &e.analogues[0];
    // nights whose three days are over by tonight
    assert_eq!((analogues.candidates, analogues.nearest.len()), (37, 5));
    let ago: Vec<i64> = analogues.nearest.iter().map(|a| (cycle() - a.cycle).num_days()).collect();
    assert!(analogues.nearest.windows(2).all(|w| w[0].distance <= w[1].distance));
    for (i, a) in ago.iter().enumerate() {
        assert!(ago[i + 1..].iter().all(|b| (a - b).abs() >= 3), "{ago:?}");
    }
    let first =
        analogues.nearest.iter().find(|a| (cycle() - a.cycle).num_days() == 12).expect("the twin is among them");
    let followed: Vec<(String, f64)> =
        first.followed.iter().map(|d| (d.beijing_day.to_string(), d.pm25_ug_m3.unwrap())).collect();
    assert_eq!(followed, [("2026-01-04".into(), 54.0), ("2026-01-05".into(), 55.0), ("2026-01-06".into(), 56.0)]);
    // with few nights there are none, and the number is told
    let e = Experience::of(&aqi, &limits, &tonight, &nights[..15], &seen);
    assert_eq!((e.analogues[0].candidates, e.analogues[0].nearest.len()), (12, 0));
    let e = Experience::of(&aqi, &limits, &tonight, &[], &seen);
    assert!(e.yesterday.is_none() && e.analogues[0].nearest.is_empty());
}

/// Done when: reliable within the sampling error on 500 episodes; hours or days put together from marginals fail the same test.
#[test]
fn chances_from_paths_come_true_and_those_from_marginals_do_not() {
    let proof = PROOFS.iter().find(|p| p.name == "trajectories").unwrap();
    let outcome = proof.prove(&Material { n: &[500], ..Material::default() }).unwrap();
    for line in &outcome.lines {
        println!("{}", line.en);
    }
    assert!(outcome.passed, "{:?}", outcome.figures);
    assert!(proof.prove(&Material { n: &[10], ..Material::default() }).is_err());
}
