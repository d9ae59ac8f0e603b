//! How far a score would move with other days: bootstrap over blocks of consecutive days.
//!
//! **Invariant:** all pairs of a day are drawn together, and days in blocks of [`BLOCK_DAYS`]. **Why:** hours, counties and leads of a day share
//! their weather, and the days of an episode too; drawn one by one they would count as independent and the interval would be far too narrow.

use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// Draws of an interval.
pub const DRAWS: usize = 1000;
/// Consecutive days drawn together: an episode with its rise and fall.
pub const BLOCK_DAYS: usize = 5;
/// Days below which no interval is stated: three blocks.
const FEWEST_DAYS: usize = 3 * BLOCK_DAYS;

/// A score with its 90 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    pub value: f64,
    /// `None` with fewer than 15 days.
    pub lower: Option<f64>,
    pub upper: Option<f64>,
}

/// The ratio of two sums over days with its 90 % interval; `days` holds (numerator, denominator) of each day, in order of time. A mean over
/// pairs is the ratio of (sum of the day, pairs of the day). `None` where the denominators sum to 0. The same days give the same interval.
///
/// # Reference
/// Politis & Romano (1992), in LePage & Billard (eds.), Exploring the Limits of Bootstrap, 263-270: circular blocks; Efron & Tibshirani (1993),
/// An Introduction to the Bootstrap, ch. 13: percentile interval.
pub fn ratio(days: &[(f64, f64)]) -> Option<Interval> {
    let of = |sum: (f64, f64)| (sum.1 > 0.0).then(|| sum.0 / sum.1);
    let add = |a: (f64, f64), b: &(f64, f64)| (a.0 + b.0, a.1 + b.1);
    let value = of(days.iter().fold((0.0, 0.0), add))?;
    if days.len() < FEWEST_DAYS {
        return Some(Interval { value, lower: None, upper: None });
    }
    let mut random = Pcg64::seed_from_u64(days.len() as u64);
    let mut draws: Vec<f64> = (0..DRAWS)
        .filter_map(|_| {
            let starts = (0..days.len().div_ceil(BLOCK_DAYS))
                .map(|_| ((u128::from(random.next_u64()) * days.len() as u128) >> 64) as usize);
            // the last block ends where as many days are drawn as there are
            let drawn = starts.flat_map(|start| (start..start + BLOCK_DAYS).map(|day| &days[day % days.len()]));
            of(drawn.take(days.len()).fold((0.0, 0.0), add))
        })
        .collect();
    draws.sort_by(f64::total_cmp);
    let at =
        |level: f64| draws.get(((draws.len() as f64 * level) as usize).min(draws.len().saturating_sub(1))).copied();
    Some(Interval { value, lower: at(0.05), upper: at(0.95) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Uniform on 0 .. 1, day by day as if independent.
    fn independent(i: i32) -> f64 {
        ((f64::from(i) * 12.9898).sin() * 43_758.545_3).rem_euclid(1.0)
    }

    /// 400 days of one pair each, uniform on 0 .. 1: the standard error of their mean is sqrt(1/12/400), 1.645 of them to each side.
    #[test]
    fn the_interval_of_a_mean_is_that_of_the_normal_law() {
        let days: Vec<(f64, f64)> = (0..400).map(|i| (independent(i), 1.0)).collect();
        let i = ratio(&days).unwrap();
        let half = 1.645 * (1.0f64 / 12.0 / 400.0).sqrt();
        let (lower, upper) = (i.lower.unwrap(), i.upper.unwrap());
        assert!((upper - lower) / (2.0 * half) > 0.85 && (upper - lower) / (2.0 * half) < 1.15, "{i:?} {half}");
        assert_eq!(Some(i), ratio(&days));
    }

    /// Episodes of five equal days are 80 independent ones, not 400: the interval is sqrt(5) wider, less where blocks cut them.
    #[test]
    fn days_of_an_episode_do_not_count_as_independent() {
        let width = |days: &[(f64, f64)]| ratio(days).map(|i| i.upper.unwrap() - i.lower.unwrap()).unwrap();
        let apart: Vec<(f64, f64)> = (0..400).map(|i| (independent(i), 1.0)).collect();
        let episodes: Vec<(f64, f64)> = (0..400).map(|i| (independent(i / 5), 1.0)).collect();
        let wider = width(&episodes) / width(&apart);
        assert!((1.6..2.3).contains(&wider), "{wider}");
    }

    /// 24 equal pairs a day are no more than one: the interval does not shrink.
    #[test]
    fn pairs_of_a_day_count_as_one() {
        let value = |i: i32| (f64::from(i) * 0.618_033_988_75).fract();
        let once: Vec<(f64, f64)> = (0..50).map(|i| (value(i), 1.0)).collect();
        let often: Vec<(f64, f64)> = (0..50).map(|i| (24.0 * value(i), 24.0)).collect();
        let (a, b) = (ratio(&once).unwrap(), ratio(&often).unwrap());
        assert!((a.upper.unwrap() - b.upper.unwrap()).abs() < 1e-12 && (a.value - b.value).abs() < 1e-12);
    }

    #[test]
    fn few_days_have_no_interval() {
        assert_eq!(ratio(&[(2.0, 1.0); 14]), Some(Interval { value: 2.0, lower: None, upper: None }));
        assert_eq!((ratio(&[]), ratio(&[(1.0, 0.0); 19])), (None, None));
    }
}
