//! Calibration left in the data: an hour that stands out from the hours around it, at the same time of day on most days.

use super::excursion::{Seen, joint};
use super::rules::CalibrationRules;
use super::series::{after, before, median, spread};

const DAY: usize = 24;
/// Hours over which the next value before and after is looked for.
const REACH: usize = 2;

/// Marks such hours of a station.
pub fn calibrations(seen: &Seen, rules: &CalibrationRules, mark: &mut dyn FnMut(usize)) {
    let bends = bends(seen);
    let mut all: Vec<f32> = bends.iter().copied().filter(|b| b.is_finite()).collect();
    let centre = median(&mut all.clone());
    let least = rules.jump.max(rules.score * spread(&mut all, centre).max(seen.floor));
    let stands_out = |h: usize, sign: f32| h < bends.len() && bends[h] * sign >= least;
    for sign in [1.0, -1.0] {
        for first in 0..bends.len() {
            if !stands_out(first, sign) {
                continue;
            }
            let days = || (0..rules.of_days).map(|d| first + d * DAY).filter(|h| stands_out(*h, sign));
            if days().count() >= rules.days {
                days().for_each(&mut *mark);
            }
        }
    }
}

/// How far each hour stands out from the hours beside it: by its value and, where it has companions, by its residual too.
fn bends(seen: &Seen) -> Vec<f32> {
    let of = |s: &[f32], h: usize| {
        let (a, b) = (before(s, h, REACH)?, after(s, h, REACH)?);
        s[h].is_finite().then(|| s[h] - 0.5 * (a + b))
    };
    let hours = 0..seen.values.len();
    hours
        .map(|h| {
            let Some(value) = of(seen.values, h) else { return f32::NAN };
            of(seen.residuals, h).map_or(value, |residual| joint(value, residual))
        })
        .collect()
}
