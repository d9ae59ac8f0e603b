//! The cheapest lawful set of measures that reaches what the level demands.
//!
//! A covering problem with four constraints and cuts that multiply on a source. Greedy by cost-effectiveness (Chvatal 1979, Math.
//! Oper. Res. 4, 233-235; Wolsey 1982, Combinatorica 2, 385-393 for submodular cover), then reverse elimination of what is no
//! longer needed, dearest first. The same elimination also starts from all measures, and the cheaper result stands.
//!
//! **Invariant:** what is chosen reaches every demand that all lawful measures together reach, no chosen measure can be dropped
//! without missing one (standing measures aside), and the cost is not above that of all measures. **Why:** an order that is not
//! needed is not lawful, and an officer must be able to defend each row.

use super::register::Candidate;
use super::targets::TargetPollutant;
use crate::domain::source::Sector;
use std::ops::Range;

/// One amount per target pollutant, in the order of [`TargetPollutant::ALL`] [t d-1].
pub type PerTarget = [f64; 4];

/// A demand counts as reached within this relative distance: sums of many terms are not exact.
const RELATIVE_TOLERANCE: f64 = 1e-12;

/// Whether `sector` belongs to the whole-society emission that targets refer to. Fires do not: they are forbidden anyway, and
/// a night of many fires must not let patrols replace the cuts of everything else.
pub fn counts(sector: Sector) -> bool {
    sector != Sector::Fire
}

/// What was chosen, and the most that could be.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Indices into the candidates, ascending.
    pub chosen: Vec<usize>,
    pub reached_t_d: PerTarget,
    pub attainable_t_d: PerTarget,
}

/// Chooses among `candidates`, which are ordered so that those of one source stand together. A demand beyond the attainable is
/// replaced by the attainable: every measure that cuts that pollutant is then taken.
pub fn choose(candidates: &[Candidate], required_t_d: PerTarget) -> Choice {
    let cover = Cover::new(candidates);
    let everything = cover.everything();
    let attainable_t_d = cover.reached(&everything);
    let mut demand = required_t_d;
    for (d, a) in demand.iter_mut().zip(attainable_t_d) {
        *d = d.min(a);
    }
    let mut greedy = cover.greedy(&demand);
    cover.eliminate(&mut greedy, &demand);
    let mut reduced = everything;
    cover.eliminate(&mut reduced, &demand);
    let chosen = if cover.cost(&reduced) < cover.cost(&greedy) { reduced } else { greedy };
    let reached_t_d = cover.reached(&chosen);
    Choice { chosen: (0..candidates.len()).filter(|i| chosen[*i]).collect(), reached_t_d, attainable_t_d }
}

struct Cover<'a> {
    candidates: &'a [Candidate<'a>],
    /// Candidates of each source.
    sources: Vec<Range<usize>>,
    /// Source of each candidate.
    source_of: Vec<usize>,
}

impl<'a> Cover<'a> {
    fn new(candidates: &'a [Candidate<'a>]) -> Self {
        let mut sources: Vec<Range<usize>> = Vec::new();
        let mut source_of = Vec::with_capacity(candidates.len());
        for (i, c) in candidates.iter().enumerate() {
            match sources.last_mut() {
                Some(range) if candidates[range.start].source.id == c.source.id => range.end = i + 1,
                _ => sources.push(i..i + 1),
            }
            source_of.push(sources.len() - 1);
        }
        Self { candidates, sources, source_of }
    }

    /// Cut of one source under the measures that `is_chosen` names.
    fn cut_of(&self, source: usize, is_chosen: impl Fn(usize) -> bool) -> PerTarget {
        let range = self.sources[source].clone();
        let first = &self.candidates[range.start];
        if !counts(first.source.sector) {
            return [0.0; 4];
        }
        let mut left = [1.0; 4];
        for i in range {
            if is_chosen(i) {
                for (l, p) in left.iter_mut().zip(TargetPollutant::ALL) {
                    *l *= p.of(&self.candidates[i].factor);
                }
            }
        }
        let mut cut = [0.0; 4];
        for (k, p) in TargetPollutant::ALL.into_iter().enumerate() {
            cut[k] = p.of(&first.emission_t_d) * (1.0 - left[k]);
        }
        cut
    }

    fn reached(&self, chosen: &[bool]) -> PerTarget {
        let mut sum = [0.0; 4];
        for s in 0..self.sources.len() {
            for (total, cut) in sum.iter_mut().zip(self.cut_of(s, |i| chosen[i])) {
                *total += cut;
            }
        }
        sum
    }

    fn cost(&self, chosen: &[bool]) -> f64 {
        self.candidates.iter().zip(chosen).filter(|(_, on)| **on).map(|(c, _)| c.cost_yuan_d).sum()
    }

    /// The chosen measure that excludes candidate `i`.
    fn rival(&self, i: usize, chosen: &[bool]) -> Option<usize> {
        let group = self.candidates[i].measure.exclusive_group()?;
        self.sources[self.source_of[i]]
            .clone()
            .find(|j| *j != i && chosen[*j] && self.candidates[*j].measure.exclusive_group() == Some(group))
    }

    fn standing(&self) -> Vec<bool> {
        self.candidates.iter().map(|c| c.measure.standing).collect()
    }

    /// Every measure; of an exclusive group the strictest, of equally strict ones the cheapest.
    fn everything(&self) -> Vec<bool> {
        let mut chosen = self.standing();
        for i in 0..self.candidates.len() {
            let Some(j) = self.rival(i, &chosen) else {
                chosen[i] = true;
                continue;
            };
            let (a, b) = (&self.candidates[i], &self.candidates[j]);
            let stricter = super::measures::no_more_than(&a.factor, &b.factor);
            if stricter && (a.factor != b.factor || a.cost_yuan_d < b.cost_yuan_d) {
                (chosen[i], chosen[j]) = (true, false);
            }
        }
        chosen
    }

    fn greedy(&self, demand: &PerTarget) -> Vec<bool> {
        let mut chosen = self.standing();
        loop {
            let reached = self.reached(&chosen);
            if satisfied(&reached, demand) {
                return chosen;
            }
            let mut best: Option<((i64, f64), usize)> = None;
            for i in (0..self.candidates.len()).filter(|i| !chosen[*i]) {
                let Some(rank) = self.rank(i, &chosen, &reached, demand) else { continue };
                if best.is_none_or(|(b, _)| rank.0 > b.0 || (rank.0 == b.0 && rank.1 > b.1)) {
                    best = Some((rank, i));
                }
            }
            let Some((_, i)) = best else { return chosen };
            if let Some(j) = self.rival(i, &chosen) {
                chosen[j] = false;
            }
            chosen[i] = true;
        }
    }

    /// Gain per cost on a logarithmic scale in steps of one millionth, then the gain itself; `None` for a candidate that brings
    /// nothing. The steps make costs that are proportional to the cut tie, so that the larger source comes first and the list
    /// stays short; a full tie goes to the earlier candidate.
    fn rank(&self, i: usize, chosen: &[bool], reached: &PerTarget, demand: &PerTarget) -> Option<(i64, f64)> {
        let rival = self.rival(i, chosen);
        let source = self.source_of[i];
        let before = self.cut_of(source, |k| chosen[k]);
        let after = self.cut_of(source, |k| (chosen[k] && Some(k) != rival) || k == i);
        let mut gain = 0.0;
        for k in 0..4 {
            let missing = demand[k] - reached[k];
            if missing > demand[k] * RELATIVE_TOLERANCE {
                gain += (after[k] - before[k]).min(missing) / demand[k];
            }
        }
        if gain <= 0.0 {
            return None;
        }
        let cost = self.candidates[i].cost_yuan_d - rival.map_or(0.0, |j| self.candidates[j].cost_yuan_d);
        let step = if cost <= 0.0 { i64::MAX } else { ((gain / cost).ln() * 1e6).round() as i64 };
        Some((step, gain))
    }

    /// Drops what the demand no longer needs, dearest first; what is needed gives way to a cheaper member of its exclusive group
    /// where that is enough. Dropping only lowers what is reached, so a row kept once stays needed.
    fn eliminate(&self, chosen: &mut [bool], demand: &PerTarget) {
        let mut order: Vec<usize> =
            (0..chosen.len()).filter(|i| chosen[*i] && !self.candidates[*i].measure.standing).collect();
        order
            .sort_by(|a, b| self.candidates[*b].cost_yuan_d.total_cmp(&self.candidates[*a].cost_yuan_d).then(b.cmp(a)));
        for i in order {
            chosen[i] = false;
            if satisfied(&self.reached(chosen), demand) {
                continue;
            }
            chosen[self.cheapest_enough(i, chosen, demand)] = true;
        }
    }

    /// The cheapest of candidate `i` and those it excludes that reaches the demand together with `chosen`.
    fn cheapest_enough(&self, i: usize, chosen: &mut [bool], demand: &PerTarget) -> usize {
        let Some(group) = self.candidates[i].measure.exclusive_group() else { return i };
        let mut best = i;
        for j in self.sources[self.source_of[i]].clone() {
            let rival = self.candidates[j].measure.exclusive_group() == Some(group);
            if rival && self.candidates[j].cost_yuan_d < self.candidates[best].cost_yuan_d {
                chosen[j] = true;
                if satisfied(&self.reached(chosen), demand) {
                    best = j;
                }
                chosen[j] = false;
            }
        }
        best
    }
}

/// Whether `reached` is not below `demand` in any pollutant.
pub fn satisfied(reached: &PerTarget, demand: &PerTarget) -> bool {
    reached.iter().zip(demand).all(|(r, d)| *r >= d * (1.0 - RELATIVE_TOLERANCE))
}
