//! Time to learn 400,000 cases of 30 features and to forecast a night, on as many threads as `RAYON_NUM_THREADS` allows.
//!
//! A night is 24,000 cases: 8 counties, 5 pollutants, 120 hours and the quantile heads of five such sets. With `HAZECAST_ONCE` set, each is
//! run once and one line of JSON is printed, for the comparison in `benches/peers/skill.py`.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use divan::{Bencher, black_box};
use hazecast::forecast::learning::boosting::{Booster, Growth, Head, Sample};
use hazecast::forecast::learning::table::FeatureTable;
use std::time::Instant;

const ROWS: usize = 400_000;
const NIGHT: usize = 24_000;
const COLUMNS: usize = 30;
const GROWTH: Growth = Growth {
    rounds: 300,
    learning_rate: 0.05,
    leaves: 31,
    leaf_rows: 20.0,
    leaf_groups: 1,
    rows_share: 0.5,
    columns_share: 0.5,
    patience: 0,
};

fn main() {
    if std::env::var_os("HAZECAST_ONCE").is_some() {
        return once();
    }
    divan::main();
}

fn once() {
    let (table, targets, groups) = made(ROWS);
    let started = Instant::now();
    let model = learn(&table, &targets, &groups);
    let seconds = started.elapsed().as_secs_f64();
    let (night, ..) = made(NIGHT);
    let started = Instant::now();
    black_box(model.predict(&night).expect("the same columns"));
    println!(
        r#"{{"rows": {ROWS}, "columns": {COLUMNS}, "rounds": {}, "leaves": {}, "seconds": {seconds}, "night_seconds": {}}}"#,
        GROWTH.rounds,
        GROWTH.leaves,
        started.elapsed().as_secs_f64()
    );
}

/// Uniform features; the target is 10 x0 x1 + 5 sin(6 x2) + noise.
fn made(rows: usize) -> (FeatureTable, Vec<f32>, Vec<u64>) {
    let mut state = 1u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u32 << 24) as f32
    };
    let mut table = FeatureTable::new((0..COLUMNS).map(|c| format!("x{c}")).collect());
    let mut targets = Vec::with_capacity(rows);
    for _ in 0..rows {
        let row: [f32; COLUMNS] = std::array::from_fn(|_| uniform());
        targets.push(10.0 * row[0] * row[1] + 5.0 * (6.0 * row[2]).sin() + uniform());
        table.push(&row);
    }
    (table, targets, (0..rows as u64).map(|r| r / 240).collect())
}

fn learn(table: &FeatureTable, targets: &[f32], groups: &[u64]) -> Booster {
    let sample = Sample::new(table, targets, groups).expect("as many targets as rows");
    Booster::fit(&sample, None, Head::Median, &GROWTH, 1).expect("parameters in range")
}

#[divan::bench(sample_count = 1, sample_size = 1)]
fn learn_400_000_x_30(bencher: Bencher) {
    let (table, targets, groups) = made(ROWS);
    bencher.bench_local(|| black_box(learn(&table, &targets, &groups)));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn forecast_a_night(bencher: Bencher) {
    let (table, targets, groups) = made(40_000);
    let model = learn(&table, &targets, &groups);
    let (night, ..) = made(NIGHT);
    bencher.bench_local(|| black_box(model.predict(&night)));
}
