//! The solver against plain enumeration, on problems of numbers only.

use super::Draw;
use hazecast::reduction::cover::Cover;
use hazecast::reduction::optimise::{Limits, Optimum, Stop, optimise};
use hazecast::reduction::shortfall::least_shortfall;

const EXACT: Limits = Limits { gap: 0.0, nodes: 100_000, out_of_time: &|| false };

/// Two to six groups of two to five options on one to five rows; most effects help, some are nothing, a few harm.
fn problem(draw: &mut Draw) -> Cover {
    let (rows, groups) = (1 + draw.below(5), 2 + draw.below(5));
    let mut made = Vec::new();
    let mut most = vec![0.0; rows];
    for _ in 0..groups {
        let mut options = vec![(0.0, vec![0.0; rows])];
        for _ in 0..1 + draw.below(4) {
            let effect = (0..rows).map(|_| match draw.below(10) {
                0..3 => 0.0,
                3 => -draw.between(0.0, 1.0),
                _ => draw.between(0.0, 5.0),
            });
            let effect: Vec<f64> = effect.collect();
            options.push((draw.between(0.0, 10.0), effect));
        }
        for (r, m) in most.iter_mut().enumerate() {
            *m += options.iter().map(|o| o.1[r]).fold(0.0, f64::max);
        }
        made.push(options);
    }
    let share = draw.between(0.1, 0.95);
    let mut cover = Cover::new(most.iter().map(|m| m * share * draw.between(0.5, 1.05)).collect());
    for options in made {
        cover.group();
        options.into_iter().for_each(|(cost, effect)| cover.option(cost, effect));
    }
    cover
}

/// Calls `see` with every choice: cost and what each row reaches.
fn every_choice(cover: &Cover, group: usize, cost: f64, reached: &[f64], see: &mut dyn FnMut(f64, &[f64])) {
    if group == cover.groups() {
        return see(cost, reached);
    }
    for o in cover.of_group(group) {
        let sums: Vec<f64> = reached.iter().zip(cover.effect(o)).map(|(a, b)| a + b).collect();
        every_choice(cover, group + 1, cost + cover.cost(o), &sums, see);
    }
}

fn cheapest(cover: &Cover, demand: &[f64]) -> Option<f64> {
    let mut best: Option<f64> = None;
    every_choice(cover, 0, 0.0, &vec![0.0; cover.rows()], &mut |cost, reached| {
        let covers = reached.iter().zip(demand).all(|(r, d)| *r >= d - 1e-11 * d.abs());
        if covers && best.is_none_or(|b| cost < b) {
            best = Some(cost);
        }
    });
    best
}

#[test]
fn the_optimum_of_small_problems_is_that_of_enumeration() {
    let mut draw = Draw(7);
    let (mut solved, mut impossible) = (0, 0);
    while solved < 400 {
        let cover = problem(&mut draw);
        match (optimise(&cover, &EXACT), cheapest(&cover, cover.demand())) {
            (Optimum::Found(s), Some(best)) => {
                solved += 1;
                assert!((s.cost - best).abs() <= 1e-9 * best.max(1e-9), "{} against {best}", s.cost);
                assert!(s.bound <= best * (1.0 + 1e-9) + 1e-12 && s.gap() <= 1e-9, "bound {} of {best}", s.bound);
                assert_eq!(s.stop, Stop::Proven);
                assert!(cover.covers(&cover.reached(&s.pick)));
                let one_each = (0..cover.groups()).all(|g| cover.of_group(g).contains(&s.pick[g]));
                assert!(one_each && (cover.cost_of(&s.pick) - s.cost).abs() < 1e-9);
            }
            (Optimum::Impossible, None) => impossible += 1,
            (found, best) => panic!("{found:?} against {best:?}"),
        }
    }
    assert!(impossible > 20, "only {impossible} problems were impossible: the proof of that is not tested");
}

#[test]
fn bounds_hold_and_lists_cover_wherever_the_search_is_stopped() {
    let mut draw = Draw(11);
    for nodes in [1, 2, 5, 1].into_iter().cycle().take(200) {
        let cover = problem(&mut draw);
        let Some(best) = cheapest(&cover, cover.demand()) else { continue };
        match optimise(&cover, &Limits { gap: 0.0, nodes, out_of_time: &|| false }) {
            Optimum::Found(s) => {
                assert!(s.bound <= best * (1.0 + 1e-9) + 1e-12 && s.cost >= best * (1.0 - 1e-9));
                assert!(cover.covers(&cover.reached(&s.pick)));
            }
            Optimum::Unknown(stop) => assert_eq!(stop, Stop::Nodes),
            Optimum::Impossible => panic!("a list exists: {best}"),
        }
        let timed = optimise(&cover, &Limits { gap: 0.0, nodes: 1000, out_of_time: &|| true });
        assert!(!matches!(timed, Optimum::Impossible));
    }
}

#[test]
fn a_gap_that_is_allowed_is_kept() {
    let mut draw = Draw(3);
    for _ in 0..100 {
        let cover = problem(&mut draw);
        if let Optimum::Found(s) = optimise(&cover, &Limits { gap: 0.1, ..EXACT }) {
            assert!(s.gap() <= 0.1, "{}", s.gap());
            assert!(s.cost <= cheapest(&cover, cover.demand()).expect("a list") / 0.9 + 1e-9);
        }
    }
}

#[test]
fn what_cannot_be_covered_misses_as_little_as_can_be_and_names_a_smallest_conflict() {
    let mut draw = Draw(5);
    let mut seen = 0;
    while seen < 60 {
        let cover = problem(&mut draw);
        if cheapest(&cover, cover.demand()).is_some() {
            continue;
        }
        seen += 1;
        let rows = cover.rows();
        let short = least_shortfall(&cover, &vec![1.0; rows], &EXACT).expect("no demand is always possible");
        let mut least = f64::INFINITY;
        every_choice(&cover, 0, 0.0, &vec![0.0; rows], &mut |_, reached| {
            // no demand is left worse than nothing would leave it
            if reached.iter().zip(cover.demand()).any(|(r, d)| *r < d.min(0.0)) {
                return;
            }
            let share = |(r, d): (&f64, &f64)| if *d > 0.0 { ((d - r) / d).max(0.0) } else { 0.0 };
            let missed = reached.iter().zip(cover.demand()).map(share).sum();
            least = least.min(missed);
        });
        let missed: f64 = short
            .demand
            .iter()
            .zip(cover.demand())
            .map(|(d, asked)| if *asked > 0.0 { 1.0 - d / asked } else { 0.0 })
            .sum();
        // shares stay uncovered in steps that grow by a quarter
        assert!(missed >= least - 1e-9 && missed <= 1.26 * least + 1e-4 * rows as f64, "{missed} against {least}");
        assert!(cheapest(&cover, &short.demand).is_some(), "the lowered demands can be covered");
        let only = |keep: &[usize]| -> Vec<f64> {
            (0..rows).map(|r| if keep.contains(&r) { cover.demand()[r] } else { -1e9 }).collect()
        };
        assert!(cheapest(&cover, &only(&short.conflict)).is_none(), "the conflict is one");
        for left_out in &short.conflict {
            let fewer: Vec<usize> = short.conflict.iter().copied().filter(|r| r != left_out).collect();
            assert!(cheapest(&cover, &only(&fewer)).is_some(), "no part of the conflict is one");
        }
    }
}

#[test]
fn a_demand_of_all_that_can_be_had_is_met_exactly() {
    let mut draw = Draw(13);
    for _ in 0..100 {
        let cover = problem(&mut draw);
        let mut demand = vec![-1e6; cover.rows()];
        demand[0] = cover.attainable()[0];
        let tight = cover.with_demand(demand.clone());
        let Optimum::Found(s) = optimise(&tight, &EXACT) else { panic!("everything of one row is possible") };
        assert!((s.cost - cheapest(&cover, &demand).expect("a choice")).abs() < 1e-9);
    }
}

/// Everyone can cut one unit and the demand is whole units: the relaxation is exact, the cheapest few are the optimum, and a bound that
/// is not the dual's own would lie above or far below their cost.
#[test]
fn the_bound_is_the_cost_where_the_relaxation_is_exact() {
    let mut draw = Draw(17);
    for groups in [40, 300] {
        let mut costs: Vec<f64> = (0..groups).map(|_| draw.between(1.0, 10.0)).collect();
        let units = groups / 3;
        let mut cover = Cover::new(vec![units as f64]);
        for cost in &costs {
            cover.group();
            cover.option(0.0, [0.0]);
            cover.option(*cost, [1.0]);
        }
        costs.sort_by(f64::total_cmp);
        let least: f64 = costs[..units].iter().sum();
        let Optimum::Found(s) = optimise(&cover, &Limits { gap: 0.0, nodes: 1, out_of_time: &|| false }) else {
            panic!("a list exists")
        };
        assert!((s.cost - least).abs() < 1e-9 * least, "{} against {least}", s.cost);
        assert!(s.bound <= least * (1.0 + 1e-12), "a bound of {} above {least}", s.bound);
        // a demand a little lower leaves the list as it is, but not the relaxation: its bound lies between
        let lower = cover.with_demand(vec![units as f64 - 0.5]);
        let Optimum::Found(s) = optimise(&lower, &Limits { gap: 0.0, nodes: 1, out_of_time: &|| false }) else {
            panic!("a list exists")
        };
        let relaxed = least - 0.5 * costs[units - 1];
        assert!((s.bound - relaxed).abs() < 1e-5 * relaxed, "bound {} of the relaxation {relaxed}", s.bound);
        assert!((s.cost - least).abs() < 1e-9 * least);
    }
}
