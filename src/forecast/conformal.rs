//! Intervals that cover what they say: conformalised quantile regression.
//!
//! The two halves of an interval are stretched by factors found on cases that took no part in the training, so that each end is passed by
//! its share of them; by group (level of the forecast), pooled where a group has few cases.
//!
//! # Reference
//! Romano, Patterson & Candes (2019), NeurIPS 32: the score, here relative to the half width (Sesia & Candes 2020, Stat 9, e261, "CQR-r"),
//! and each end by itself (their theorem 2).

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Factors stop here: a half of hardly any width would be blown up without bound.
const LARGEST: f64 = 10.0;

/// A forecast of the calibration cases with what was observed, all in one unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationCase {
    pub group: u32,
    pub lower: f64,
    pub middle: f64,
    pub upper: f64,
    pub observed: f64,
}

/// Factors of the lower and upper half of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    pub lower: f64,
    pub upper: f64,
    /// Cases behind the factors.
    pub cases: usize,
}

/// Factors by group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conformal {
    /// Chance of a value beyond each end.
    pub tail: f64,
    pub all: Stretch,
    pub groups: BTreeMap<u32, Stretch>,
}

impl Conformal {
    /// Finds the factors for intervals that leave `tail` (0 .. 0.5) of the cases beyond each end. A group with fewer than `needed` cases takes
    /// the factors of all. `None` without cases.
    pub fn fit(cases: &[CalibrationCase], tail: f64, needed: usize) -> Option<Self> {
        if cases.is_empty() {
            return None;
        }
        let mut by_group: BTreeMap<u32, Vec<&CalibrationCase>> = BTreeMap::new();
        cases.iter().for_each(|c| by_group.entry(c.group).or_default().push(c));
        let groups = by_group
            .into_iter()
            .filter(|(_, cases)| cases.len() >= needed)
            .map(|(group, cases)| (group, stretch(&cases, tail)))
            .collect();
        Some(Self { tail, all: stretch(&cases.iter().collect::<Vec<_>>(), tail), groups })
    }

    /// The factors of a group.
    pub fn of(&self, group: u32) -> Stretch {
        self.groups.get(&group).copied().unwrap_or(self.all)
    }

    /// A value of a distribution around `middle`, stretched.
    pub fn stretched(&self, group: u32, middle: f64, value: f64) -> f64 {
        let by = self.of(group);
        middle + (value - middle) * if value < middle { by.lower } else { by.upper }
    }
}

/// Factors that follow the forecasts as they are verified: each end drifts until it is passed by its share of the observations.
///
/// # Reference
/// Gibbs & Candes (2021), NeurIPS 34, adaptive conformal inference; here the logarithm of the half width moves, not the level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adapting {
    tail: f64,
    rate: f64,
    lower: f64,
    upper: f64,
}

impl Adapting {
    /// Starts without a stretch.
    pub fn new(tail: f64, rate: f64) -> Self {
        Self { tail, rate, lower: 1.0, upper: 1.0 }
    }

    /// A value of a distribution around `middle`, stretched.
    pub fn stretched(&self, middle: f64, value: f64) -> f64 {
        middle + (value - middle) * if value < middle { self.lower } else { self.upper }
    }

    /// Takes a verified forecast: the ends as they were issued, and what was observed.
    pub fn verify(&mut self, lower: f64, upper: f64, observed: f64) {
        let step = |beyond: bool| (self.rate * (f64::from(u8::from(beyond)) - self.tail)).exp();
        (self.lower, self.upper) = (self.lower * step(observed < lower), self.upper * step(observed > upper));
    }
}

fn stretch(cases: &[&CalibrationCase], tail: f64) -> Stretch {
    // a half without width cannot be stretched: any miss is infinitely far
    let relative = |miss: f64, half: f64| if miss <= 0.0 { miss.min(0.0) } else { miss / half.max(1e-9) };
    let lower = cases.iter().map(|c| relative(c.middle - c.observed, c.middle - c.lower)).collect();
    let upper = cases.iter().map(|c| relative(c.observed - c.middle, c.upper - c.middle)).collect();
    Stretch { lower: conformal_quantile(lower, tail), upper: conformal_quantile(upper, tail), cases: cases.len() }
}

/// The ceil((n + 1)(1 - tail))-th smallest score, 0 ..= [`LARGEST`]; the largest score where n is too small for the level.
fn conformal_quantile(mut scores: Vec<f64>, tail: f64) -> f64 {
    scores.sort_by(f64::total_cmp);
    let rank = ((scores.len() as f64 + 1.0) * (1.0 - tail)).ceil() as usize;
    scores[rank.clamp(1, scores.len()) - 1].clamp(0.0, LARGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A spread of known size, no randomness: observed values at the mid-points of the quantiles of a uniform distribution.
    fn uniform(n: usize, group: u32, half: f64, offset: f64) -> Vec<CalibrationCase> {
        (0..n)
            .map(|i| {
                let share = (i * 7919 % n) as f64 / (n - 1) as f64;
                let observed = 50.0 + half * (2.0 * share - 1.0) + offset;
                CalibrationCase { group, lower: 48.0, middle: 50.0, upper: 52.0, observed }
            })
            .collect()
    }

    #[test]
    fn intervals_that_are_too_narrow_are_widened_to_their_share() {
        let cases = uniform(1000, 0, 10.0, 0.0);
        let conformal = Conformal::fit(&cases, 0.05, 100).unwrap();
        // 90 % of a uniform distribution of half width 10 lie within 9 of its middle; the halves were 2 wide
        assert!((conformal.of(0).lower - 4.5).abs() < 0.05 && (conformal.of(0).upper - 4.5).abs() < 0.05);
        let (low, high) = (conformal.stretched(0, 50.0, 48.0), conformal.stretched(0, 50.0, 52.0));
        let inside = cases.iter().filter(|c| (low..=high).contains(&c.observed)).count();
        assert!((895..=910).contains(&inside), "{inside}");
    }

    #[test]
    fn each_end_and_each_group_has_its_own_factor_and_small_groups_share() {
        let mut cases = uniform(1000, 0, 10.0, 3.0);
        cases.extend(uniform(1000, 1, 2.0, 0.0));
        cases.extend(uniform(20, 2, 40.0, 0.0));
        let conformal = Conformal::fit(&cases, 0.05, 100).unwrap();
        let (biased, narrow) = (conformal.of(0), conformal.of(1));
        assert!((biased.lower - 3.0).abs() < 0.05 && (biased.upper - 6.0).abs() < 0.05, "{biased:?}");
        assert!((narrow.lower - 0.9).abs() < 0.05, "{narrow:?}");
        assert_eq!(conformal.of(2), conformal.all);
        assert_eq!(conformal.of(77).cases, 2020);
    }

    #[test]
    fn intervals_follow_a_change_of_the_spread() {
        let mut adapting = Adapting::new(0.05, 0.01);
        let (mut inside, mut counted) = (0, 0);
        for i in 0..12_000 {
            // uniform; twice as wide from the middle on
            let half = if i < 6000 { 10.0 } else { 20.0 };
            let observed = 50.0 + half * (2.0 * ((f64::from(i) * 0.618_033_988_75) % 1.0) - 1.0);
            let (low, high) = (adapting.stretched(50.0, 45.0), adapting.stretched(50.0, 55.0));
            // after a while of each
            if i % 6000 > 3000 {
                inside += i32::from((low..=high).contains(&observed));
                counted += 1;
            }
            adapting.verify(low, high, observed);
        }
        assert!((f64::from(inside) / f64::from(counted) - 0.9).abs() < 0.01);
        assert!((adapting.stretched(50.0, 55.0) - 68.0).abs() < 1.0);
    }

    #[test]
    fn fresh_cases_are_covered_whatever_the_first_intervals_were() {
        // exchangeable cases: the odd ones calibrate, the even ones test, over several tails
        let cases = uniform(4001, 0, 10.0, -2.0);
        let (odd, even): (Vec<_>, Vec<_>) = cases.iter().enumerate().partition(|(i, _)| i % 2 == 1);
        let odd: Vec<CalibrationCase> = odd.into_iter().map(|(_, c)| *c).collect();
        for tail in [0.025, 0.05, 0.1, 0.25] {
            let conformal = Conformal::fit(&odd, tail, 100).unwrap();
            let (low, high) = (conformal.stretched(0, 50.0, 48.0), conformal.stretched(0, 50.0, 52.0));
            let inside = even.iter().filter(|(_, c)| (low..=high).contains(&c.observed)).count() as f64;
            assert!((inside / even.len() as f64 - (1.0 - 2.0 * tail)).abs() < 0.01, "{tail}");
        }
        assert!(Conformal::fit(&[], 0.05, 1).is_none());
        // a half without width is stretched by no more than the largest factor
        let flat = [CalibrationCase { group: 0, lower: 50.0, middle: 50.0, upper: 50.0, observed: 90.0 }];
        assert_eq!(Conformal::fit(&flat, 0.05, 1).unwrap().of(0).upper, 10.0);
    }
}
