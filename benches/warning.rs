//! Levels from trajectories: path-hours judged per second, beside a STREAM-like triad measured in the same run.
//!
//! One item of `paths_judged` is one path of 240 hours of one county, both readings, every rule, by the number of pollutants that it has
//! (PM2.5; and PM10; and SO2, NO2, CO, all of them near their limits at times). The task
//! "10,000 series x 8 counties x 100 paths" is 8 million items: seconds for it = 8e6 / (items per second).

use chrono::{Duration, NaiveDate, TimeZone, Utc};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use hazecast::domain::aqi::AqiRules;
use hazecast::domain::averages::Validity;
use hazecast::domain::hourly::HourlyValues;
use hazecast::domain::pollutant::Pollutant;
use hazecast::forecast::trajectories::Trajectories;
use hazecast::forecast::{CorrectionReport, Forecast};
use hazecast::warning::Basis;
use hazecast::warning::probability::PathJudge;
use hazecast::warning::rules::WarningRules;
use std::collections::BTreeMap;
use std::path::Path;

const HOURS: usize = 240;
const COUNTIES: usize = 8;
const MEMBERS: usize = 100;
/// Cases that differ; more would only repeat them.
const CASES: usize = 20;

fn main() {
    divan::main();
}

/// a = b + s c over arrays that no cache holds.
#[divan::bench]
fn triad(bencher: Bencher) {
    let n = 1 << 24;
    let (mut a, b, c) = (vec![0.0f32; n], vec![1.0f32; n], vec![2.0f32; n]);
    bencher.counter(ItemsCount::new(n)).bench_local(|| {
        for ((a, b), c) in a.iter_mut().zip(&b).zip(&c) {
            *a = b + 3.0 * c;
        }
        black_box(&mut a);
    });
}

/// Random series: a first-order autoregressive process in ln space around 20 to 140 ug m-3, other pollutants in its train, times a
/// path's own persistent error.
fn paths(case: u64, pollutants: usize) -> Trajectories {
    let mut state = case.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    };
    let mut normal = || (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos();
    let start = Utc.with_ymd_and_hms(2026, 1, 15, 13, 0, 0).unwrap();
    let counties = (0..COUNTIES).map(|county| {
        let mut values = HourlyValues::missing(start, HOURS, MEMBERS);
        let level = 20.0 + 15.0 * ((case as usize + county) % 9) as f64;
        let mut base = 0.0;
        let mut z = vec![0.0; MEMBERS];
        for hour in 0..HOURS {
            base = 0.97 * base + 0.24 * normal();
            z.iter_mut().for_each(|z| *z = 0.95 * *z + 0.31 * normal());
            let pm25 = level * f64::exp(0.6 * base);
            let all = [
                (Pollutant::Pm25, 1.0),
                (Pollutant::Pm10, 1.4),
                (Pollutant::So2, 0.3),
                (Pollutant::No2, 0.5),
                (Pollutant::Co, 0.01),
            ];
            for (p, factor) in &all[..pollutants] {
                for (slot, z) in values.row_mut(*p, hour).iter_mut().zip(&z) {
                    *slot = (1000.0 * factor * pm25 * f64::exp(0.4 * z)) as i32;
                }
            }
        }
        (222_401 + county as u32, values)
    });
    Trajectories { counties: counties.collect(), method_zh: String::new(), method_en: String::new() }
}

#[divan::bench(sample_count = 10, args = [1, 2, 5])]
fn paths_judged(bencher: Bencher, pollutants: usize) {
    let aqi = AqiRules::from_toml(include_str!("../seeds/aqi.toml"), Path::new("seeds/aqi.toml")).unwrap();
    let warning =
        WarningRules::from_toml(include_str!("../seeds/warning.toml"), Path::new("seeds/warning.toml")).unwrap();
    let validity =
        Validity { hours_of_day: 20, hours_of_eight: 6, eights_of_day: 14, eights_unless_above_ug_m3: 160.0 };
    let nothing = BTreeMap::new();
    let region = (222_400, "延边州", "Yanbian");
    let basis = Basis { warning: &warning, aqi: &aqi, validity, region, in_force: &nothing, events: &[] };
    let cycle = Utc.with_ymd_and_hms(2026, 1, 15, 13, 0, 0).unwrap() - Duration::hours(1);
    let correction = CorrectionReport { methods: Vec::new(), interval_method: String::new() };
    let judge = PathJudge::new(&basis, NaiveDate::from_ymd_opt(2026, 1, 15).unwrap());
    let forecast = Forecast { cycle, counties: Vec::new(), correction };
    let cases: Vec<Trajectories> = (0..CASES as u64).map(|case| paths(case, pollutants)).collect();
    bencher.counter(ItemsCount::new(CASES * COUNTIES * MEMBERS)).bench_local(|| {
        for case in &cases {
            black_box(judge.judge(&forecast, case));
        }
    });
}
