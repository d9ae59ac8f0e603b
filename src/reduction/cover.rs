//! The multiple-choice covering problem that a reduction list is: of each group exactly one option, every row covered, least cost.
//!
//! ```text
//!   min  sum_g cost[g, x_g]     subject to    sum_g effect[g, x_g][r] >= demand[r]   for every row r,   x_g one option of group g
//! ```
//!
//! A group is who is ordered (one entry of the register, or all of a county that can only be ordered together); its options are
//! its lawful combinations of measures and start hours; a row is a demand. This file knows numbers only.

/// Options lie one after another, group by group; effects are padded to lanes of four, so that sums over rows run on vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Cover {
    demand: Vec<f64>,
    /// First option of each group, and one past the last option.
    first: Vec<usize>,
    cost: Vec<f64>,
    effect: Vec<f64>,
    stride: usize,
}

/// A demand counts as covered within this relative distance: sums of many terms are not exact.
pub const RELATIVE_TOLERANCE: f64 = 1e-11;

impl Cover {
    /// A problem without groups. `demand` is finite, in the unit of the row.
    pub fn new(demand: Vec<f64>) -> Self {
        let stride = demand.len().next_multiple_of(4);
        Self { demand, first: vec![0], cost: Vec::new(), effect: Vec::new(), stride }
    }

    /// Opens a group; its options follow with [`Cover::option`].
    pub fn group(&mut self) {
        self.first.push(self.cost.len());
    }

    /// One more option of the last group: `cost`, and `effect` on each row.
    pub fn option(&mut self, cost: f64, effect: impl IntoIterator<Item = f64>) {
        self.cost.push(cost);
        self.effect.extend(effect);
        self.effect.resize(self.cost.len() * self.stride, 0.0);
        if let Some(last) = self.first.last_mut() {
            *last = self.cost.len();
        }
    }

    /// Number of groups.
    pub fn groups(&self) -> usize {
        self.first.len() - 1
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.demand.len()
    }

    /// Number of options of all groups.
    pub fn options(&self) -> usize {
        self.cost.len()
    }

    /// The options of a group, as indices into all options.
    pub fn of_group(&self, group: usize) -> std::ops::Range<usize> {
        self.first[group]..self.first[group + 1]
    }

    /// What each row demands.
    pub fn demand(&self) -> &[f64] {
        &self.demand
    }

    /// Cost of an option.
    pub fn cost(&self, option: usize) -> f64 {
        self.cost[option]
    }

    /// Effect of an option on each row.
    pub fn effect(&self, option: usize) -> &[f64] {
        &self.effect[option * self.stride..][..self.demand.len()]
    }

    /// Effect of an option, padded with zeros to [`Cover::stride`].
    pub(super) fn lanes(&self, option: usize) -> &[f64] {
        &self.effect[option * self.stride..][..self.stride]
    }

    /// Rows rounded up to lanes.
    pub(super) fn stride(&self) -> usize {
        self.stride
    }

    /// Cost of one option per group.
    pub fn cost_of(&self, pick: &[usize]) -> f64 {
        pick.iter().map(|o| self.cost[*o]).sum()
    }

    /// What one option per group reaches in each row.
    pub fn reached(&self, pick: &[usize]) -> Vec<f64> {
        let mut sum = vec![0.0; self.rows()];
        for &option in pick {
            sum.iter_mut().zip(self.effect(option)).for_each(|(s, e)| *s += e);
        }
        sum
    }

    /// The most that each row can reach when nothing else counts.
    pub fn attainable(&self) -> Vec<f64> {
        let mut sum = vec![0.0; self.rows()];
        for g in 0..self.groups() {
            for (r, s) in sum.iter_mut().enumerate() {
                let most = self.of_group(g).map(|o| self.effect(o)[r]).fold(f64::NEG_INFINITY, f64::max);
                *s += if most.is_finite() { most } else { 0.0 };
            }
        }
        sum
    }

    /// Whether `reached` covers every row.
    pub fn covers(&self, reached: &[f64]) -> bool {
        reached.iter().zip(&self.demand).all(|(r, d)| covered(*r, *d))
    }

    /// The same groups with the options that `keep` names, and the index that each had before. A group that keeps none is `None`.
    pub(super) fn restricted(&self, keep: impl Fn(usize, usize) -> bool) -> Option<(Self, Vec<usize>)> {
        let mut part = Self::new(self.demand.clone());
        let mut before = Vec::new();
        for g in 0..self.groups() {
            part.group();
            let kept = before.len();
            for o in self.of_group(g).filter(|o| keep(g, *o)) {
                part.option(self.cost[o], self.effect(o).iter().copied());
                before.push(o);
            }
            if before.len() == kept {
                return None;
            }
        }
        Some((part, before))
    }

    /// The same groups under other demands.
    pub fn with_demand(&self, demand: Vec<f64>) -> Self {
        assert_eq!(demand.len(), self.demand.len());
        Self { demand, ..self.clone() }
    }
}

/// Whether `reached` is not below `demand`, rounding aside.
pub fn covered(reached: f64, demand: f64) -> bool {
    reached >= demand - RELATIVE_TOLERANCE * demand.abs()
}
