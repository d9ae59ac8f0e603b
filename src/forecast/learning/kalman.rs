//! A bias that drifts, followed by a Kalman filter: the correction where pairs are too few for trees.
//!
//! # Reference
//! Homleid (1995), Weather Forecast. 10, 689-707; Delle Monache et al. (2006), J. Geophys. Res. 111, D05308: the bias walks at random with a
//! variance that is a fixed ratio of that of the errors around it.

use serde::{Deserialize, Serialize};

/// Variance of the daily step of the bias over that of the errors around it (Delle Monache et al. 2006, who found 0.06 best for ozone).
pub const RATIO: f64 = 0.06;

/// State of the filter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DriftingBias {
    pub bias: f64,
    /// Variance of the bias over that of the errors around it.
    variance: f64,
    /// Errors that were seen.
    pub seen: usize,
}

impl Default for DriftingBias {
    fn default() -> Self {
        // one error's worth of trust in no bias at all
        Self { bias: 0.0, variance: 1.0, seen: 0 }
    }
}

impl DriftingBias {
    /// Takes the error of one more day, observed less forecast.
    pub fn update(&mut self, error: f64) {
        let foreseen = self.variance + RATIO;
        let gain = foreseen / (foreseen + 1.0);
        self.bias += gain * (error - self.bias);
        self.variance = (1.0 - gain) * foreseen;
        self.seen += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_bias_is_found_and_a_new_one_followed() {
        let mut filter = DriftingBias::default();
        let noise = |i: i32| if i % 2 == 0 { 0.3 } else { -0.3 };
        (0..60).for_each(|i| filter.update(0.5 + noise(i)));
        assert!((filter.bias - 0.5).abs() < 0.06, "{filter:?}");
        (0..30).for_each(|i| filter.update(-0.2 + noise(i)));
        assert!((filter.bias + 0.2).abs() < 0.07, "{filter:?}");
        assert_eq!(filter.seen, 90);
    }

    #[test]
    fn the_gain_settles_where_step_and_error_balance() {
        // the steady state of p = (p + r) / (p + r + 1)
        let mut filter = DriftingBias::default();
        (0..500).for_each(|_| filter.update(0.0));
        let steady = (-RATIO + (RATIO * RATIO + 4.0 * RATIO).sqrt()) / 2.0;
        assert!((filter.variance - steady).abs() < 1e-12);
    }

    #[test]
    fn one_error_does_not_decide() {
        let mut filter = DriftingBias::default();
        filter.update(2.0);
        assert!(filter.bias > 0.9 && filter.bias < 1.1);
    }
}
