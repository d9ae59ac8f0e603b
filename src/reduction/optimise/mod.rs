//! The cheapest choice of a [`Cover`], with a proof of how far from the optimum it can be at most.
//!
//! Prices of the rows from the Lagrangian dual ([`dual`]) give a lower bound; lists near these prices ([`primal`]) give an upper one. Options whose
//! reduced cost exceeds the distance of the two are in no cheaper list and drop out; on what stays open, branch and bound splits the
//! group that the relaxation divides most, best bound first, until the gap that the caller asks for.
//!
//! Own code, by measurement: 500 sources of 73 options to 1 % take 0.4 s here and 7.6 s in HiGHS 1.16; 5,000 sources (365,000 options, 12 rows) take 5.9 s
//! here and have no list after 120 s in HiGHS (two loaded cores, `benches/peers/optimiser.py`). microlp needs 4 s for the relaxation of 1,000 sources
//! of 4 options alone. Nothing beyond the rows is factorised here, so that the time grows with the options and no library is built.
//!
//! **Invariant:** the lower bound is proven whatever the solver did: it is a value of the dual, which prices every option. **Why:** a list is signed
//! with the statement that no lawful list is cheaper by more than the gap.

mod dual;
mod primal;

use super::cover::{Cover, RELATIVE_TOLERANCE};
use dual::{Dual, Start, ascend};
use primal::{List, Search};
use std::collections::BinaryHeap;

/// When to stop before the proof is complete.
pub struct Limits<'a> {
    /// Relative distance of cost and bound that is enough, >= 0.
    pub gap: f64,
    /// Nodes of the search, at most.
    pub nodes: usize,
    /// Asked between nodes; the same answer at the same node gives the same list.
    pub out_of_time: &'a dyn Fn() -> bool,
}

/// Why the search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// The gap asked for is proven.
    Proven,
    Nodes,
    Time,
}

/// A list and its proof.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// Chosen option of each group.
    pub pick: Vec<usize>,
    pub cost: f64,
    /// No choice that covers all rows costs less.
    pub bound: f64,
    pub nodes: usize,
    pub stop: Stop,
}

impl Solution {
    /// Distance of cost and bound, relative to the cost; 0 where both are 0.
    pub fn gap(&self) -> f64 {
        let distance = (self.cost - self.bound).max(0.0);
        if distance == 0.0 { 0.0 } else { distance / self.cost.abs() }
    }
}

/// What is known of a problem.
#[derive(Debug, Clone, PartialEq)]
pub enum Optimum {
    Found(Solution),
    /// Proven: no choice covers all rows.
    Impossible,
    /// Stopped before a covering choice was found or excluded.
    Unknown(Stop),
}

/// Relative accuracy of the bound at the root and at the other nodes.
const ROOT_ACCURACY: f64 = 1e-6;
const NODE_ACCURACY: f64 = 1e-5;
/// Two costs within this relative distance are the same.
const SAME_COST: f64 = 1e-10;

/// Chooses one option of each group at least cost.
pub fn optimise(cover: &Cover, limits: &Limits) -> Optimum {
    if !cover.covers(&cover.attainable()) {
        return Optimum::Impossible;
    }
    if let Some((part, before)) = tightened(cover) {
        return match optimise(&part, limits) {
            Optimum::Found(s) => Optimum::Found(Solution { pick: s.pick.iter().map(|o| before[*o]).collect(), ..s }),
            other => other,
        };
    }
    let root = ascend(cover, None, ROOT_ACCURACY, f64::INFINITY);
    if root.impossible {
        return Optimum::Impossible;
    }
    let search = Search::new(cover, &root.price);
    let enough = root.bound + limits.gap.min(1.0) * root.bound.abs();
    let tree = Tree { cover, best: search.thorough_list(enough), limits };
    if tree.closed(root.bound) {
        return tree.finish(root.bound, 1, Stop::Proven);
    }
    // Options that no better list can hold drop out for good.
    let ceiling = tree.ceiling();
    let core = cover.restricted(|_, o| root.bound + search.reduced[o] <= ceiling);
    drop(search);
    match core {
        Some((core, before)) => tree.branch(&core, &before, root),
        // nothing is cheaper than the list at hand
        None => {
            let bound = tree.ceiling();
            tree.finish(bound, 1, Stop::Proven)
        }
    }
}

/// The problem with a row whose demand is all that can be had taken out: of every group the options that bring most in it stay, and the row is
/// then covered by any choice. `None` where there is no such row.
fn tightened(cover: &Cover) -> Option<(Cover, Vec<usize>)> {
    let attainable = cover.attainable();
    let tight = |r: &usize| {
        let demand = cover.demand()[*r];
        attainable[*r] - demand <= RELATIVE_TOLERANCE * demand.abs() && demand.is_finite()
    };
    let row = (0..cover.rows()).find(tight)?;
    let most: Vec<f64> = (0..cover.groups())
        .map(|g| cover.of_group(g).map(|o| cover.effect(o)[row]).fold(f64::NEG_INFINITY, f64::max))
        .collect();
    let (part, before) = cover.restricted(|g, o| cover.effect(o)[row] >= most[g] - 1e-13 * most[g].abs())?;
    let mut demand = cover.demand().to_vec();
    demand[row] -= 1.0 + 2.0 * demand[row].abs();
    Some((part.with_demand(demand), before))
}

/// An open part of the search: the options that a path of splits leaves.
struct Open {
    bound: f64,
    id: usize,
    /// Splits from the root: group, and the options of the core it keeps.
    path: Vec<(usize, Vec<usize>)>,
    price: Vec<f64>,
    tau: f64,
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Open {}
impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
/// The heap gives the lowest bound, of equal ones the latest.
impl Ord for Open {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.bound.total_cmp(&self.bound).then(self.id.cmp(&other.id))
    }
}

struct Tree<'a> {
    cover: &'a Cover,
    /// Cheapest list so far, in the options of the whole problem.
    best: Option<List>,
    limits: &'a Limits<'a>,
}

impl Tree<'_> {
    /// Cost that a better list stays below.
    fn ceiling(&self) -> f64 {
        self.best.as_ref().map_or(f64::INFINITY, |l| l.cost - SAME_COST * l.cost.abs())
    }

    /// Whether `bound` proves the gap asked for.
    fn closed(&self, bound: f64) -> bool {
        self.best.as_ref().is_some_and(|l| l.cost - bound <= self.limits.gap.max(SAME_COST) * l.cost.abs())
    }

    fn finish(self, bound: f64, nodes: usize, stop: Stop) -> Optimum {
        match self.best {
            Some(List { pick, cost, .. }) => {
                Optimum::Found(Solution { pick, cost, bound: bound.min(cost), nodes, stop })
            }
            None if stop == Stop::Proven => Optimum::Impossible,
            None => Optimum::Unknown(stop),
        }
    }

    fn branch(mut self, core: &Cover, before: &[usize], root: Dual) -> Optimum {
        let mut open = BinaryHeap::new();
        open.push(Open { bound: root.bound, id: 0, path: Vec::new(), price: root.price, tau: root.tau });
        let (mut nodes, mut ids) = (1, 0);
        while let Some(node) = open.pop() {
            if self.closed(node.bound) {
                return self.finish(node.bound, nodes, Stop::Proven);
            }
            let stop = if nodes >= self.limits.nodes {
                Some(Stop::Nodes)
            } else {
                (self.limits.out_of_time)().then_some(Stop::Time)
            };
            if let Some(stop) = stop {
                return self.finish(node.bound, nodes, stop);
            }
            nodes += 1;
            for child in self.explore(core, before, node) {
                ids += 1;
                open.push(Open { id: ids, ..child });
            }
        }
        let bound = self.best.as_ref().map_or(f64::INFINITY, |l| l.cost);
        self.finish(bound, nodes, Stop::Proven)
    }

    /// Bounds a node, looks for lists in it, and splits it.
    fn explore(&mut self, core: &Cover, before: &[usize], node: Open) -> Vec<Open> {
        let kept = |g: usize, o: usize| node.path.iter().filter(|(h, _)| *h == g).all(|(_, keep)| keep.contains(&o));
        let Some((part, from_core)) = core.restricted(kept) else { return Vec::new() };
        if !part.covers(&part.attainable()) {
            return Vec::new();
        }
        let start = Start { price: &node.price, tau: node.tau * 25.0 };
        let dual = ascend(&part, Some(start), NODE_ACCURACY, self.ceiling());
        let bound = dual.bound.max(node.bound);
        if dual.impossible || bound >= self.ceiling() {
            return Vec::new();
        }
        let search = Search::new(&part, &dual.price);
        if let Some(list) = search.list_at_prices()
            && self.best.as_ref().is_none_or(|b| list.cost < b.cost)
        {
            let pick: Vec<usize> = list.pick.iter().map(|o| before[from_core[*o]]).collect();
            self.best = Some(List { cost: self.cover.cost_of(&pick), reached: self.cover.reached(&pick), pick });
        }
        let ceiling = self.ceiling();
        let alive = |o: usize| dual.bound + search.reduced[o] < ceiling;
        let Some((group, sides)) = split(&part, &dual, &alive) else { return Vec::new() };
        let child = |side: Vec<usize>| {
            let mut path = node.path.clone();
            path.push((group, side.into_iter().map(|o| from_core[o]).collect()));
            Open { bound, id: 0, path, price: dual.price.clone(), tau: dual.tau }
        };
        sides.into_iter().filter(|s| !s.is_empty()).map(child).collect()
    }
}

/// The group that the relaxation divides most, and its live options in two: those not dearer than their weighted mean and the rest. `None`
/// where no group has two live options that differ: then the cheapest of each is the list that was looked at.
fn split(part: &Cover, dual: &Dual, alive: &dyn Fn(usize) -> bool) -> Option<(usize, [Vec<usize>; 2])> {
    let mut widest: Option<(f64, usize)> = None;
    for g in 0..part.groups() {
        let live = part.of_group(g).filter(|o| alive(*o)).count();
        if live < 2 {
            // a group without live options ends the node: it is split off with no sides
            if live == 0 {
                return None;
            }
            continue;
        }
        let largest = part.of_group(g).map(|o| dual.share[o]).fold(0.0, f64::max);
        let divided = 1.0 - largest;
        if widest.is_none_or(|(d, _)| divided > d) {
            widest = Some((divided, g));
        }
    }
    let (_, group) = widest?;
    let live: Vec<usize> = part.of_group(group).filter(|o| alive(*o)).collect();
    let weight: f64 = live.iter().map(|o| dual.share[*o]).sum();
    let mean = live.iter().map(|o| dual.share[*o] * part.cost(*o)).sum::<f64>() / weight;
    let (low, high): (Vec<usize>, Vec<usize>) = live.iter().partition(|o| part.cost(**o) <= mean);
    if !low.is_empty() && !high.is_empty() {
        return Some((group, [low, high]));
    }
    let heaviest = live.iter().copied().max_by(|a, b| dual.share[*a].total_cmp(&dual.share[*b]))?;
    let rest = live.into_iter().filter(|o| *o != heaviest).collect();
    Some((group, [vec![heaviest], rest]))
}
