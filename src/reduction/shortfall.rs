//! What is left undone when no lawful list covers every demand: the list with the least weighted relative shortfall, and the demands that
//! stand against each other.

use super::cover::Cover;
use super::optimise::{Limits, Optimum, optimise};

/// How far the demands can be met together.
#[derive(Debug, Clone, PartialEq)]
pub struct Shortfall {
    /// Demands that can be covered together, none above what was asked.
    pub demand: Vec<f64>,
    /// Rows that stay short, ascending.
    pub short: Vec<usize>,
    /// Rows that cannot be covered together while any smaller set of them can; a row alone cannot be covered at all.
    pub conflict: Vec<usize>,
}

/// Steps in which a row may stay short, as shares of its demand: fine near nothing, coarse near all.
fn steps() -> impl Iterator<Item = f64> {
    const FINEST: f64 = 1e-4;
    const RATIO: f64 = 1.25;
    (0..).map(|k| FINEST * RATIO.powi(k)).take_while(|s| *s < 1.0)
}

/// The least sum of `weight` times the share of each positive demand that stays uncovered, to the next step; rows without a
/// positive demand are kept whole, and none ends worse than nothing. `None` where even that was not found within `limits`.
pub fn least_shortfall(cover: &Cover, weight: &[f64], limits: &Limits) -> Option<Shortfall> {
    let mut soft = Cover::new(cover.demand().to_vec());
    for g in 0..cover.groups() {
        soft.group();
        cover.of_group(g).for_each(|o| soft.option(0.0, cover.effect(o).iter().copied()));
    }
    let mut ways = Vec::new();
    for (row, demand) in cover.demand().iter().enumerate().filter(|(_, d)| **d > 0.0) {
        soft.group();
        for step in std::iter::once(0.0).chain(steps()).chain(std::iter::once(1.0)) {
            soft.option(weight[row] * step, (0..cover.rows()).map(|r| if r == row { step * demand } else { 0.0 }));
            ways.push((row, step));
        }
    }
    let Optimum::Found(found) = optimise(&soft, limits) else { return None };
    let mut demand = cover.demand().to_vec();
    let mut short = Vec::new();
    for &option in &found.pick[cover.groups()..] {
        let (row, step) = ways[option - cover.options()];
        if step > 0.0 {
            demand[row] *= 1.0 - step;
            short.push(row);
        }
    }
    let conflict = if short.is_empty() { Vec::new() } else { conflict(cover, limits) };
    Some(Shortfall { demand, short, conflict })
}

/// Takes row by row away while the rest cannot be covered.
fn conflict(cover: &Cover, limits: &Limits) -> Vec<usize> {
    let any = Limits { gap: f64::INFINITY, ..*limits };
    let impossible = |rows: &[usize]| {
        let demand = (0..cover.rows())
            .map(|r| if rows.contains(&r) { cover.demand()[r] } else { -1e9 * cover.demand()[r].abs().max(1.0) });
        optimise(&cover.with_demand(demand.collect()), &any) == Optimum::Impossible
    };
    let mut rows: Vec<usize> = (0..cover.rows()).collect();
    if !impossible(&rows) {
        // a search that ended at its limit proves no conflict
        return Vec::new();
    }
    for r in 0..cover.rows() {
        let without: Vec<usize> = rows.iter().copied().filter(|k| *k != r).collect();
        if impossible(&without) {
            rows = without;
        }
    }
    rows
}
