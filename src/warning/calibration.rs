//! Chances of the levels set right by what happened after earlier ones: pooled over counties, and only with events enough.
//!
//! A chance of a level becomes the frequency with which the level came after such chances: the non-decreasing step function nearest to what
//! happened (isotonic regression), each step drawn towards the overall frequency by the weight of one forecast.
//!
//! # Reference
//! Ayer et al. (1955), Ann. Math. Stat. 26, 641-647 (pooling of adjacent violators); Zadrozny & Elkan (2002), KDD, 694-699.

use super::probability::LevelProbability;
use super::{AreaWarning, WarningDecision, WarningLevel};
use serde::{Deserialize, Serialize};

/// A chance that an earlier night stated for a county, as counted on its paths, and whether the level came.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PastChance {
    pub level: WarningLevel,
    pub probability: f64,
    pub happened: bool,
}

/// What became of the chance of one level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CalibratedChance {
    pub level: WarningLevel,
    /// As counted on the paths.
    pub counted: f64,
    /// Earlier chances of the level in counties with stations, and how many of them came true.
    pub forecasts: u32,
    pub events: u32,
    /// Events, and forecasts without one, that a calibration needs.
    pub events_needed: u32,
    /// Whether they were enough: else the chance stands as counted.
    pub calibrated: bool,
}

/// Calibration of the levels that earlier nights stated chances of.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    events_needed: usize,
    levels: Vec<(WarningLevel, Level)>,
}

/// Calibration of one level.
#[derive(Debug, Clone, PartialEq, Default)]
struct Level {
    forecasts: usize,
    events: usize,
    /// Largest chance of a step and the chance it becomes, both ascending; empty with too few events.
    steps: Vec<(f64, f64)>,
}

impl Calibration {
    /// Fits every level of `past` that has `events_needed` events and as many forecasts without one.
    pub fn fit(past: &[PastChance], events_needed: usize) -> Self {
        let of = |level: WarningLevel| {
            let own: Vec<(f64, bool)> =
                past.iter().filter(|c| c.level == level).map(|c| (c.probability, c.happened)).collect();
            let events = own.iter().filter(|c| c.1).count();
            let enough = events >= events_needed.max(1) && own.len() - events >= events_needed;
            let steps = if enough { isotonic(own.clone()) } else { Vec::new() };
            (level, Level { forecasts: own.len(), events, steps })
        };
        Self { events_needed, levels: WarningLevel::ALL.into_iter().skip(1).map(of).collect() }
    }

    fn level(&self, level: WarningLevel) -> Level {
        self.levels.iter().find(|(l, _)| *l == level).map(|(_, found)| found.clone()).unwrap_or_default()
    }

    /// The calibrated chance of a level; the same chance where events are too few.
    pub fn chance(&self, level: WarningLevel, counted: f64) -> f64 {
        self.level(level).chance(counted)
    }

    /// Calibrates the chances of every area. The prefecture's are mapped as its counties' are.
    pub fn apply(&self, decision: &mut WarningDecision) {
        let areas = std::iter::once(&mut decision.prefecture).chain(&mut decision.counties);
        for AreaWarning { probability, .. } in areas {
            if let Some(probability) = probability {
                self.apply_to(probability);
            }
        }
    }

    fn apply_to(&self, probability: &mut LevelProbability) {
        let mut at_most: f64 = 1.0;
        probability.calibration.clear();
        for chance in &mut probability.levels {
            let level = self.level(chance.level);
            let counted = chance.probability;
            for value in [&mut chance.probability, &mut chance.lower, &mut chance.upper] {
                // a stricter level is never more likely
                *value = level.chance(*value).min(at_most);
            }
            chance.lower = chance.lower.min(chance.probability);
            chance.upper = chance.upper.max(chance.probability);
            at_most = chance.probability;
            let ratio = if counted > 0.0 { chance.probability / counted } else { 1.0 };
            for start in probability.starts.iter_mut().filter(|s| s.level == chance.level) {
                start.probability = (start.probability * ratio).min(1.0);
            }
            probability.calibration.push(CalibratedChance {
                level: chance.level,
                counted,
                forecasts: level.forecasts as u32,
                events: level.events as u32,
                events_needed: self.events_needed as u32,
                calibrated: !level.steps.is_empty(),
            });
        }
    }
}

impl Level {
    /// Between two steps the chance goes over linearly; below the first and above the last it stays.
    fn chance(&self, counted: f64) -> f64 {
        let after = self.steps.partition_point(|s| s.0 < counted);
        match (after.checked_sub(1).map(|i| self.steps[i]), self.steps.get(after)) {
            (Some(a), Some(b)) => a.1 + (b.1 - a.1) * (counted - a.0) / (b.0 - a.0),
            (Some(a), None) => a.1,
            (None, Some(b)) => b.1,
            (None, None) => counted,
        }
    }
}

/// Steps of the isotonic regression of what happened on the chance: (mean chance of the step, its frequency).
fn isotonic(mut past: Vec<(f64, bool)>) -> Vec<(f64, f64)> {
    past.sort_by(|a, b| a.0.total_cmp(&b.0));
    let base = past.iter().filter(|c| c.1).count() as f64 / past.len() as f64;
    // blocks of (sum of chances, events, forecasts); equal chances are one block from the start
    let mut blocks: Vec<(f64, f64, f64)> = Vec::new();
    for same in past.chunk_by(|a, b| a.0 == b.0) {
        let n = same.len() as f64;
        blocks.push((same[0].0 * n, same.iter().filter(|c| c.1).count() as f64, n));
        while let [.., a, b] = blocks.as_slice() {
            if a.1 / a.2 < b.1 / b.2 {
                break;
            }
            let merged = (a.0 + b.0, a.1 + b.1, a.2 + b.2);
            blocks.truncate(blocks.len() - 2);
            blocks.push(merged);
        }
    }
    // no step is sure: one forecast of the base rate is added to each
    let mut highest = 0.0f64;
    let step = |b: (f64, f64, f64)| {
        highest = highest.max((b.1 + base) / (b.2 + 1.0));
        (b.0 / b.2, highest)
    };
    blocks.into_iter().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::warning::probability::{LevelChance, StartChance};

    fn past(level: WarningLevel, counts: &[(f64, usize, usize)]) -> Vec<PastChance> {
        let of = |&(probability, events, n): &(f64, usize, usize)| {
            (0..n).map(move |i| PastChance { level, probability, happened: i < events })
        };
        counts.iter().flat_map(of).collect()
    }

    /// Blocks by hand: 0.1 -> 10 of 100, then 0.3 (30 of 50) and 0.5 (20 of 50) violate and pool to 50 of 100 at 0.4; 0.9 -> 45 of 50.
    #[test]
    fn violators_are_pooled() {
        let level = WarningLevel::Yellow;
        let c = Calibration::fit(&past(level, &[(0.1, 10, 100), (0.3, 30, 50), (0.5, 20, 50), (0.9, 45, 50)]), 20);
        let base = 105.0 / 250.0;
        for (p, n, x) in [(0.1, 100.0, 10.0), (0.4, 100.0, 50.0), (0.9, 50.0, 45.0)] {
            let expected = (x + base) / (n + 1.0);
            assert!((c.chance(level, p) - expected).abs() < 1e-12, "{p}: {} {expected}", c.chance(level, p));
        }
        // below, between and above the steps
        assert_eq!(c.chance(level, 0.0), c.chance(level, 0.1));
        assert_eq!(c.chance(level, 1.0), c.chance(level, 0.9));
        let middle = 0.5 * (c.chance(level, 0.1) + c.chance(level, 0.4));
        assert!((c.chance(level, 0.25) - middle).abs() < 1e-12);
        // another level has no past
        assert_eq!(c.chance(WarningLevel::Red, 0.37), 0.37);
    }

    #[test]
    fn too_few_events_change_nothing() {
        let level = WarningLevel::Orange;
        let c = Calibration::fit(&past(level, &[(0.2, 1, 300), (0.8, 18, 60)]), 20);
        assert_eq!(c.chance(level, 0.8), 0.8);
    }

    #[test]
    fn stricter_levels_stay_less_likely_and_the_count_is_told() {
        let (yellow, orange) = (WarningLevel::Yellow, WarningLevel::Orange);
        let chance = |level, probability| LevelChance { level, probability, lower: probability, upper: probability };
        let mut p = LevelProbability {
            sample: 100,
            levels: vec![chance(yellow, 0.6), chance(orange, 0.5)],
            starts: vec![StartChance { beijing_day: chrono::NaiveDate::default(), level: yellow, probability: 0.3 }],
            lift_within_36_h: None,
            expected_heavy_hours: 0.0,
            calibration: Vec::new(),
            method_zh: String::new(),
            method_en: String::new(),
        };
        Calibration::fit(&past(yellow, &[(0.1, 0, 50), (0.6, 30, 100)]), 20).apply_to(&mut p);
        let expected = (30.0 + 0.2) / 101.0;
        assert!(
            (p.levels[0].probability - expected).abs() < 1e-12 && p.levels[1].probability == p.levels[0].probability
        );
        assert!((p.starts[0].probability - expected / 2.0).abs() < 1e-12);
        let told: Vec<_> =
            p.calibration.iter().map(|c| (c.level, c.counted, c.forecasts, c.events, c.calibrated)).collect();
        assert_eq!(told, [(yellow, 0.6, 150, 30, true), (orange, 0.5, 0, 0, false)]);
    }
}
