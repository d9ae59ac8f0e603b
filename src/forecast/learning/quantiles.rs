//! A distribution told by some of its quantiles.

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
        debug_assert!(levels.len() == values.len() && levels.len() > 1 && levels.is_sorted());
        values.sort_by(f64::total_cmp);
        Self { levels, values }
    }

    /// The quantile at `level`, 0 .. 1: linear between the known ones in the normal deviate of the level, and beyond them with the slope of
    /// the outer two.
    pub fn at(&self, level: f64) -> f64 {
        let above = self.levels.partition_point(|l| *l < level).clamp(1, self.levels.len() - 1);
        let (a, b) = (normal_deviate(self.levels[above - 1]), normal_deviate(self.levels[above]));
        let share = (normal_deviate(level) - a) / (b - a);
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

/// The standard normal deviate of a probability, 0 .. 1 (Acklam's rational approximation, relative error below 1.2e-9).
pub fn normal_deviate(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969683028665376e1,
        2.209460984245205e2,
        -2.759285104469687e2,
        1.38357751867269e2,
        -3.066479806614716e1,
        2.506628277459239,
    ];
    const B: [f64; 5] =
        [-5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1];
    const C: [f64; 6] = [
        -7.784894002430293e-3,
        -3.223964580411365e-1,
        -2.400758277161838,
        -2.549732539343734,
        4.374664141464968,
        2.938163982698783,
    ];
    const D: [f64; 4] = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416];
    let polynomial = |c: &[f64], x: f64| c.iter().fold(0.0, |sum, c| sum * x + c);
    let tail = |p: f64| {
        let q = (-2.0 * p.ln()).sqrt();
        polynomial(&C, q) / (polynomial(&D, q) * q + 1.0)
    };
    if p < 0.02425 {
        tail(p)
    } else if p > 1.0 - 0.02425 {
        -tail(1.0 - p)
    } else {
        let q = p - 0.5;
        let r = q * q;
        polynomial(&A, r) * q / (polynomial(&B, r) * r + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviates_are_those_of_the_tables() {
        for (p, z) in
            [(0.5, 0.0), (0.975, 1.959963985), (0.05, -1.644853627), (0.001, -3.090232306), (0.9999, 3.719016485)]
        {
            assert!((normal_deviate(p) - z).abs() < 1e-7, "{p}");
        }
    }

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
