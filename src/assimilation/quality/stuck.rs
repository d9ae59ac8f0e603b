//! Flat line: one value again and again.
//!
//! Whole numbers repeat by chance, at low levels often. A run of n equal hours has the chance p^(n-1), with p the chance that an hour repeats the
//! one before at that level; it is a fault where that is too unlikely, or where it is unlikely and the companions moved meanwhile.

use super::rules::{PollutantRules, StuckRules};
use crate::domain::quality::Verdict;

/// Missing hours that do not end a run.
const BRIDGED: usize = 2;

/// Marks the runs of a station; `foretold` and `spread` are what its companions say, in ln(value + offset).
pub fn stuck(
    values: &[f32],
    (foretold, spread): (&[f32], Option<f32>),
    rules: &StuckRules,
    pollutant: &PollutantRules,
    mark: &mut dyn FnMut(usize, Verdict),
) {
    let mut start = 0;
    while start < values.len() {
        let value = values[start];
        if !value.is_finite() {
            start += 1;
            continue;
        }
        let (mut last, mut n) = (start, 1);
        for hour in start + 1..values.len() {
            if values[hour] == value {
                (last, n) = (hour, n + 1);
            } else if values[hour].is_finite() || hour - last > BRIDGED {
                break;
            }
        }
        let chance = pollutant.repeat(value).powi(n - 1);
        let moved = spread.is_some_and(|s| extent(&foretold[start..=last]) >= rules.companions_moved * s);
        let seen = value > pollutant.seen_from;
        let verdict = if n as usize >= rules.hours
            && seen
            && (chance < rules.chance || moved && chance < rules.chance_when_moved)
        {
            Some(Verdict::Rejected)
        } else if chance < rules.suspect_chance && n > 2 {
            Some(Verdict::Suspect)
        } else {
            None
        };
        if let Some(verdict) = verdict {
            (start..=last).filter(|h| values[*h].is_finite()).for_each(|h| mark(h, verdict));
        }
        start = last + 1;
    }
}

/// Largest less smallest of what is finite.
fn extent(values: &[f32]) -> f32 {
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    finite().fold(f32::NEG_INFINITY, f32::max) - finite().fold(f32::INFINITY, f32::min)
}
