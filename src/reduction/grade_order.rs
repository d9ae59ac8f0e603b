//! The plain way to a list, for comparison: in the order of grades, worst first, everyone with all measures until the demands are met.

use super::cover::covered;
use super::options::Options;
use super::register::Part;
use super::strictest::strictest;
use crate::domain::register::Grade;

/// What the plain way costs.
#[derive(Debug, Clone, PartialEq)]
pub struct PlainList {
    /// Option of each group.
    pub pick: Vec<usize>,
    /// Over the period [yuan].
    pub cost_yuan: f64,
    /// Measures on entries.
    pub rows: usize,
}

/// The list in the order of grades: D, then C and non-leading, then those without a grade, then B, then A and leading; within a grade the
/// largest first. Nobody is ordered who adds nothing to a demand that is still open. `None` where `demand` is not reached.
pub fn grade_order(options: &Options, parts: &[Part], demand: &[f64]) -> Option<PlainList> {
    let cover = &options.cover;
    let mut pick: Vec<usize> = (0..cover.groups()).map(|g| cheapest(options, g)).collect();
    let mut reached = cover.reached(&pick);
    let key = |g: usize| {
        let group = &options.groups[g];
        let rank = group.iter().map(|p| rank(parts[*p].grade)).max().unwrap_or(0);
        let emission: f64 = group.iter().map(|p| parts[*p].emission_t_d.sum()).sum();
        (rank, emission)
    };
    let mut order: Vec<usize> = (0..cover.groups()).collect();
    order.sort_by(|a, b| {
        let ((ra, ea), (rb, eb)) = (key(*a), key(*b));
        ra.cmp(&rb).then(eb.total_cmp(&ea)).then(a.cmp(b))
    });
    for g in order {
        let open = |r: usize| !covered(reached[r], demand[r]);
        if !(0..cover.rows()).any(open) {
            break;
        }
        let all = strictest(options, g);
        let now = pick[g];
        if (0..cover.rows()).any(|r| open(r) && cover.effect(all)[r] > cover.effect(now)[r]) {
            let change = cover.effect(all).iter().zip(cover.effect(now));
            reached.iter_mut().zip(change).for_each(|(s, (will, was))| *s += will - was);
            pick[g] = all;
        }
    }
    let rows = pick.iter().map(|o| options.ways[*o].candidates.len()).sum();
    let met = cover.reached(&pick).iter().zip(demand).all(|(r, d)| covered(*r, *d));
    met.then(|| PlainList { cost_yuan: cover.cost_of(&pick), rows, pick })
}

fn rank(grade: Option<Grade>) -> u8 {
    match grade {
        Some(Grade::D) => 0,
        Some(Grade::C | Grade::NonLeading) => 1,
        None => 2,
        Some(Grade::B) => 3,
        Some(Grade::A | Grade::Leading) => 4,
    }
}

fn cheapest(options: &Options, group: usize) -> usize {
    let range = options.cover.of_group(group);
    let first = range.start;
    range.min_by(|a, b| options.cover.cost(*a).total_cmp(&options.cover.cost(*b)).then(a.cmp(b))).unwrap_or(first)
}
