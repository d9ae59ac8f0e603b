//! A distribution told by some of its quantiles.

use crate::forecast::marginal::standard_quantile;

/// Quantiles at rising levels, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantileCurve<'a> {
    levels: &'a [f64],
    values: Vec<f64>,
}

impl<'a> QuantileCurve<'a> {
    /// Quantiles at `levels` (rising, 0 .. 1, at least two); values that cross are sorted.
    ///
    /// # Reference
    /// Chernozhukov, Fernandez-Val & Galichon (2010), Econometrica 78, 1093-1125: sorting brings crossed quantiles closer to the truth.
    pub fn new(levels: &'a [f64], mut values: Vec<f64>) -> Self {
        assert!(levels.len() == values.len() && levels.len() > 1 && levels.is_sorted());
        values.sort_by(f64::total_cmp);
        Self { levels, values }
    }

    /// The quantiles at the known levels.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The curve a `share` (0 ..= 1) of the way to other quantiles at the same levels.
    pub fn between(&self, others: &[f64], share: f64) -> Self {
        let values = self.values.iter().zip(others).map(|(own, other)| own + share * (other - own)).collect();
        Self::new(self.levels, values)
    }

    /// The quantile at `level`, 0 .. 1: linear between the known ones in the normal deviate of the level, and beyond them with the slope of
    /// the outer two.
    pub fn at(&self, level: f64) -> f64 {
        let above = self.levels.partition_point(|l| *l < level).clamp(1, self.levels.len() - 1);
        let (a, b) = (standard_quantile(self.levels[above - 1]), standard_quantile(self.levels[above]));
        let share = (standard_quantile(level) - a) / (b - a);
        self.values[above - 1] + share * (self.values[above] - self.values[above - 1])
    }

    /// `n` equally likely values: the quantiles at 1/2n, 3/2n ...
    pub fn members(&self, n: usize) -> Vec<f64> {
        (0..n).map(|i| self.at((i as f64 + 0.5) / n as f64)).collect()
    }

    /// Chance of a value above `threshold`, from 2 000 steps of the level.
    pub fn chance_above(&self, threshold: f64) -> f64 {
        const STEPS: usize = 2000;
        let level = |i: usize| (i as f64 + 0.5) / STEPS as f64;
        // the curve never falls: bisection
        let (mut low, mut high) = (0, STEPS);
        while low < high {
            let middle = (low + high) / 2;
            if self.at(level(middle)) > threshold { high = middle } else { low = middle + 1 }
        }
        1.0 - low as f64 / STEPS as f64
    }
}

/// The quantile at `level`, 0 .. 1, of values with weights, rising by value; 0 without any.
pub fn weighted_quantile(rising: &[(f64, f64)], level: f64) -> f64 {
    let total: f64 = rising.iter().map(|(_, w)| w).sum();
    let mut below = 0.0;
    let found = rising.iter().find(|(_, w)| {
        below += w;
        below >= level * total
    });
    found.or(rising.last()).map_or(0.0, |(v, _)| *v)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_normal_distribution_is_rebuilt_from_three_quantiles() {
        let levels = [0.1, 0.5, 0.9];
        let curve = QuantileCurve::new(&levels, vec![10.0 - 1.2815516 * 2.0, 10.0, 10.0 + 1.2815516 * 2.0]);
        for (p, z) in [(0.025, -1.959964), (0.3, -0.524401), (0.99, 2.326348)] {
            assert!((curve.at(p) - 10.0 - 2.0 * z).abs() < 1e-4, "{p}");
        }
        assert!((curve.chance_above(12.0) - 0.158655).abs() < 1e-3);
        assert_eq!((curve.chance_above(1e9), curve.chance_above(-1e9)), (0.0, 1.0));
        let members = curve.members(50);
        assert!(members.is_sorted() && (members.iter().sum::<f64>() / 50.0 - 10.0).abs() < 1e-9);
    }

    #[test]
    fn weighted_values_count_as_often_as_they_weigh() {
        let rising = [(1.0, 1.0), (2.0, 8.0), (3.0, 1.0)];
        let quantiles = [0.05, 0.2, 0.5, 0.85, 0.95].map(|l| weighted_quantile(&rising, l));
        assert_eq!(quantiles, [1.0, 2.0, 2.0, 2.0, 3.0]);
        assert_eq!(weighted_quantile(&[], 0.5), 0.0);
    }

    #[test]
    fn crossed_quantiles_are_sorted() {
        let levels = [0.1, 0.5, 0.9];
        let curve = QuantileCurve::new(&levels, vec![3.0, 2.0, 5.0]);
        assert_eq!((curve.at(0.1), curve.at(0.5), curve.at(0.9)), (2.0, 3.0, 5.0));
    }
}
