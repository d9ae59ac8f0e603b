//! The choice of the cheapest list at the size of a large prefecture, to a proven gap of 1 %.
//!
//! `sources` groups of three intensities at 24 start hours and nothing, on four whole-society rows and windows that few hours of few sources
//! matter to: 5,000 sources are 365,000 options. With `HAZECAST_WRITE_LP=path` the instance is written to a file in LP format for another
//! solver instead of being timed: `benches/peers/optimiser.py` does that.

use divan::{Bencher, black_box};
use hazecast::reduction::cover::Cover;
use hazecast::reduction::optimise::{Limits, Optimum, optimise};
use std::fmt::Write;
use std::time::Instant;

const INTENSITIES: usize = 3;
const STARTS: usize = 24;
const SOCIETY: usize = 4;
const PERIOD_H: f64 = 72.0;

fn main() {
    let Ok(path) = std::env::var("HAZECAST_WRITE_LP") else { return divan::main() };
    let number = |name: &str, default| std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default);
    let cover = instance(number("HAZECAST_SOURCES", 5000), number("HAZECAST_WINDOWS", 8));
    std::fs::write(&path, linear_programme(&cover)).expect("the file can be written");
    let started = Instant::now();
    let gap = std::env::var("HAZECAST_GAP").ok().and_then(|v| v.parse().ok()).unwrap_or(0.01);
    let Optimum::Found(s) = optimise(&cover, &Limits { gap, nodes: 2000, out_of_time: &|| false }) else {
        panic!("the instance has a list");
    };
    let seconds = started.elapsed().as_secs_f64();
    #[allow(clippy::print_stdout)] // the answer of this mode
    {
        println!("{{\"cost\":{},\"bound\":{},\"nodes\":{},\"seconds\":{seconds}}}", s.cost, s.bound, s.nodes);
    }
}

#[divan::bench(args = [(500, 8), (5000, 8), (5000, 32)], sample_count = 3)]
fn to_one_percent(bencher: Bencher, (sources, windows): (usize, usize)) {
    let cover = instance(sources, windows);
    bencher.bench_local(|| {
        let limits = Limits { gap: 0.01, nodes: 2000, out_of_time: &|| false };
        let Optimum::Found(s) = optimise(black_box(&cover), &limits) else { panic!("the instance has a list") };
        assert!(s.gap() <= 0.01, "gap {}", s.gap());
        s
    });
}

/// Sizes over two and a half powers of e, costs per tonne over a factor of twelve and rising with intensity; an hour's influence on a window
/// falls off around an hour that each source has for each window.
fn instance(sources: usize, windows: usize) -> Cover {
    let mut state = 7_u64;
    let mut draw = |low: f64, high: f64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        low + (high - low) * ((state >> 11) as f64 / (1_u64 << 53) as f64)
    };
    let rows = SOCIETY + windows;
    let mut groups = Vec::with_capacity(sources);
    let mut most = vec![0.0; rows];
    for _ in 0..sources {
        let size = draw(-2.5, 2.5).exp();
        let yuan_t = draw(5_000.0, 60_000.0);
        let near = |draw: &mut dyn FnMut(f64, f64) -> f64| {
            if draw(0.0, 1.0) < 0.4 { draw(0.0, 1.0) * draw(0.0, 1.0) } else { 0.0 }
        };
        let profile: Vec<f64> =
            (0..rows).map(|r| if r < SOCIETY { draw(0.05, 1.0) } else { near(&mut draw) }).collect();
        let peak_h: Vec<f64> = (0..rows).map(|_| draw(0.0, PERIOD_H)).collect();
        let mut options = vec![(0.0, vec![0.0; rows])];
        for intensity in 1..=INTENSITIES {
            let cut = 0.15 + 0.25 * intensity as f64 / INTENSITIES as f64 * draw(0.8, 1.2);
            let dearer = 1.0 + 0.3 * intensity as f64;
            for start in 0..STARTS {
                let kept = (PERIOD_H - start as f64) / PERIOD_H;
                let reach = |r: usize| {
                    if r < SOCIETY { kept } else { 1.0 / (1.0 + (-(peak_h[r] - start as f64) / 12.0).exp()) }
                };
                let effect = (0..rows).map(|r| size * cut * profile[r] * reach(r)).collect();
                options.push((size * cut * yuan_t * dearer * kept, effect));
            }
        }
        for (r, m) in most.iter_mut().enumerate() {
            *m += options.iter().map(|o| o.1[r]).fold(0.0, f64::max);
        }
        groups.push(options);
    }
    let mut cover = Cover::new(most.iter().map(|m| 0.3 * m * draw(0.7, 1.1)).collect());
    for options in groups {
        cover.group();
        options.into_iter().for_each(|(cost, effect)| cover.option(cost, effect));
    }
    cover
}

/// The instance in LP format.
fn linear_programme(cover: &Cover) -> String {
    let mut text = String::from("Minimize\n obj:");
    let mut add = |line: &str| text.push_str(line);
    let term = |value: f64, option: usize| {
        let mut t = String::new();
        if value != 0.0 {
            let _ = writeln!(t, " + {value} x{option}");
        }
        t
    };
    (0..cover.options()).for_each(|o| add(&term(cover.cost(o), o)));
    add("Subject To\n");
    for (row, demand) in cover.demand().iter().enumerate() {
        add(&format!(" r{row}:"));
        (0..cover.options()).for_each(|o| add(&term(cover.effect(o)[row], o)));
        add(&format!(" >= {demand}\n"));
    }
    for group in 0..cover.groups() {
        add(&format!(" g{group}:"));
        cover.of_group(group).for_each(|o| add(&term(1.0, o)));
        add(" = 1\n");
    }
    add("Binaries\n");
    (0..cover.options()).for_each(|o| add(&format!(" x{o}\n")));
    add("End\n");
    text
}
