//! Means of hourly values, exact: day means and the largest 8-h mean of O3.
//!
//! **Invariant:** hourly values are summed as whole thousandths of their unit. **Why:** integer sums do not depend on their order,
//! so a running mean is the same number in a series, in its parts and in a trajectory, on any number of threads; and a mean of
//! 60.5 is a tie to the rounding of GB/T 8170, not 60.499 999.

use super::pollutant::{Concentrations, Pollutant};
use serde::{Deserialize, Serialize};

/// Thousandths in a unit.
const PER_UNIT: f64 = 1000.0;
/// Largest concentration held [ug m-3, CO mg m-3]: 24 of them in thousandths stay below 2^31. Beyond every table.
const LARGEST: f64 = 80_000.0;
/// Hours of a day, and of an 8-h mean.
pub const DAY: usize = 24;
pub const EIGHT: usize = 8;

/// How many values a mean needs (GB 3095 table 4; O3: HJ 663).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Validity {
    /// Hourly values of a day mean, 1 ..= 24.
    pub hours_of_day: usize,
    /// Hourly values of an 8-h mean, 1 ..= 8.
    pub hours_of_eight: usize,
    /// 8-h means of a day's largest one, 1 ..= 17.
    pub eights_of_day: usize,
    /// With fewer 8-h means the largest one still counts above this limit [ug m-3].
    pub eights_unless_above_ug_m3: f64,
}

/// `value` in whole thousandths; `None` for NaN, infinite and negative values.
pub fn thousandths(value: f64) -> Option<i32> {
    (value.is_finite() && value >= 0.0).then(|| (value.min(LARGEST) * PER_UNIT).round() as i32)
}

/// Mean of `n` values whose thousandths sum to `sum`.
pub fn mean(sum: i64, n: usize) -> f64 {
    sum as f64 / (n as f64 * PER_UNIT)
}

/// Mean of the values there are, if they are at least `needed`.
fn mean_of(values: &[Option<i32>], needed: usize) -> Option<f64> {
    let n = values.iter().flatten().count();
    let sum = values.iter().flatten().map(|v| i64::from(*v)).sum();
    (n >= needed.max(1)).then(|| mean(sum, n))
}

/// Largest of the 8-h means that lie wholly inside the 24 hours.
fn largest_eight_hour_mean(values: &[Option<i32>], validity: &Validity) -> Option<f64> {
    let means: Vec<f64> = values.windows(EIGHT).filter_map(|w| mean_of(w, validity.hours_of_eight)).collect();
    let largest = means.iter().copied().reduce(f64::max)?;
    (means.len() >= validity.eights_of_day || largest > validity.eights_unless_above_ug_m3).then_some(largest)
}

/// What a daily report takes from 24 consecutive hours: day means, and for O3 the largest 8-h mean. `value` gives the hourly mean
/// of a pollutant at hour 0 ..= 23 of the 24.
pub fn daily_means(value: impl Fn(Pollutant, usize) -> Option<f64>, validity: &Validity) -> Concentrations<f64> {
    let mut means = Concentrations::default();
    for p in Pollutant::ALL {
        let values: [Option<i32>; DAY] = std::array::from_fn(|hour| value(p, hour).and_then(thousandths));
        let mean = match p {
            Pollutant::O3 => largest_eight_hour_mean(&values, validity),
            _ => mean_of(&values, validity.hours_of_day),
        };
        means.set(p, mean);
    }
    means
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALIDITY: Validity =
        Validity { hours_of_day: 20, hours_of_eight: 6, eights_of_day: 14, eights_unless_above_ug_m3: 160.0 };

    fn of(p: Pollutant, value: impl Fn(usize) -> Option<f64>) -> Option<f64> {
        *daily_means(|q, h| if p == q { value(h) } else { None }, &VALIDITY).slot(p)
    }

    #[test]
    fn a_mean_of_decimals_is_exact() {
        // 12 x 60.4 and 12 x 60.6, in binary not 60.5
        assert_eq!(of(Pollutant::Pm25, |h| Some(if h % 2 == 0 { 60.4 } else { 60.6 })), Some(60.5));
        assert_eq!(of(Pollutant::Co, |h| Some(if h % 2 == 0 { 0.1 } else { 0.4 })), Some(0.25));
    }

    #[test]
    fn a_day_mean_needs_twenty_hours() {
        assert_eq!(of(Pollutant::Pm25, |h| (h < 20).then_some(h as f64)), Some(9.5));
        assert_eq!(of(Pollutant::Pm25, |h| (h < 19).then_some(h as f64)), None);
        assert_eq!(of(Pollutant::Pm25, |h| Some(if h < 4 { f64::NAN } else { 7.0 })), Some(7.0));
        assert_eq!(of(Pollutant::Pm25, |h| Some(if h < 5 { -1.0 } else { 7.0 })), None);
    }

    /// Hours 10..18 at 200, the rest at 100: the window over exactly these eight is 200.
    #[test]
    fn ozone_takes_the_largest_eight_hours() {
        let o3 = |h: usize| Some(if (10..18).contains(&h) { 200.0 } else { 100.0 });
        assert_eq!(of(Pollutant::O3, o3), Some(200.0));
        // 19 hours give 14 windows with six hours or more, 18 hours give 13
        assert_eq!(of(Pollutant::O3, |h| (h < 19).then_some(100.0)), Some(100.0));
        assert_eq!(of(Pollutant::O3, |h| (h < 18).then_some(100.0)), None);
        assert_eq!(of(Pollutant::O3, |h| (h < 18).then_some(161.0)), Some(161.0));
        assert_eq!(of(Pollutant::O3, |h| (h < 5).then_some(500.0)), None);
    }

    #[test]
    fn what_is_no_concentration_is_no_value() {
        for v in [f64::NAN, f64::INFINITY, -0.001] {
            assert_eq!(thousandths(v), None);
        }
        assert_eq!((thousandths(0.0), thousandths(60.5), thousandths(1e9)), (Some(0), Some(60_500), Some(80_000_000)));
    }
}
