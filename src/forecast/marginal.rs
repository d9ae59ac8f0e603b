//! The distribution that an estimate stands for: lognormal around its value, with the spread of its lower and of its upper end.

use super::Estimate;
use statrs::distribution::{ContinuousCDF, Normal};

/// Standard normal quantile of 0.9: the ends of a central 80 % interval.
pub const QUANTILE_90: f64 = 1.281_551_565_544_600_4;
/// An end of an interval at zero stands for this part of the value.
const SMALLEST_PART: f64 = 1e-3;

/// Median and spread of ln(value / median) below and above it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Marginal {
    median: f64,
    below: f64,
    above: f64,
}

/// The standard normal quantile of `p`, 0 < p < 1.
pub fn standard_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

impl Marginal {
    /// The distribution whose median is `value` and whose central 80 % lie between `lower` and `upper`.
    pub fn of(estimate: &Estimate) -> Self {
        let Estimate { value, lower, upper, .. } = *estimate;
        if value <= 0.0 {
            return Self { median: 0.0, below: 0.0, above: 0.0 };
        }
        let below = (value / lower.clamp(SMALLEST_PART * value, value)).ln() / QUANTILE_90;
        let above = (upper.max(value) / value).ln() / QUANTILE_90;
        Self { median: value, below, above }
    }

    /// Spread of ln(value / median), the mean of that below and that above.
    pub fn spread(&self) -> f64 {
        0.5 * (self.below + self.above)
    }

    /// The value at a standard normal score.
    pub fn at(&self, z: f64) -> f64 {
        let spread = if z < 0.0 { self.below } else { self.above };
        self.median * (spread * z).exp()
    }

    /// The value below which a share `p` of the distribution lies, 0 < p < 1.
    pub fn quantile(&self, p: f64) -> f64 {
        self.at(standard_quantile(p))
    }

    /// Chance of a value of `x` or more.
    pub fn chance_of(&self, x: f64) -> f64 {
        if x <= 0.0 {
            return 1.0;
        }
        if self.median <= 0.0 {
            return 0.0;
        }
        let distance = (x / self.median).ln();
        let spread = if distance < 0.0 { self.below } else { self.above };
        match () {
            () if spread > 0.0 => Normal::standard().sf(distance / spread),
            () if distance <= 0.0 => 1.0,
            () => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(value: f64, lower: f64, upper: f64) -> Estimate {
        Estimate { raw: value, value, lower, upper }
    }

    #[test]
    fn the_interval_holds_the_central_eighty_percent() {
        let m = Marginal::of(&estimate(60.0, 40.0, 120.0));
        for (p, x) in [(0.1, 40.0), (0.5, 60.0), (0.9, 120.0)] {
            assert!((m.quantile(p) - x).abs() < 1e-9 && (m.chance_of(x) - (1.0 - p)).abs() < 1e-9, "{p}");
        }
        // two spreads above the median: the standard normal tail beyond 2
        let above = (120.0f64 / 60.0).ln() / QUANTILE_90;
        assert!((m.chance_of(60.0 * (2.0 * above).exp()) - 0.022_750_13).abs() < 1e-7);
    }

    #[test]
    fn an_estimate_without_spread_or_at_zero_is_certain() {
        let m = Marginal::of(&estimate(50.0, 50.0, 50.0));
        assert_eq!((m.chance_of(50.0), m.chance_of(50.1), m.quantile(0.99)), (1.0, 0.0, 50.0));
        let zero = Marginal::of(&estimate(0.0, 0.0, 0.0));
        assert_eq!((zero.chance_of(1.0), zero.chance_of(0.0), zero.at(3.0)), (0.0, 1.0, 0.0));
        assert!(Marginal::of(&estimate(50.0, 0.0, 80.0)).quantile(0.1) > 0.0);
    }
}
