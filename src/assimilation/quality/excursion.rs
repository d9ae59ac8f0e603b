//! Excursions: hours that leave by a jump and return by a jump while no companion does. Short ones are spikes, longer ones contradict the
//! neighbours.
//!
//! A front that reaches one station an hour before the others makes a residual that comes and goes, but the value itself only falls: so both
//! the value and its residual have to jump, in the same direction. What only begins by a jump, as smoke does, is suspect.

use super::rules::ExcursionRules;
use super::series::{after, before, median, spread};
use crate::domain::quality::{Fault, Verdict};

/// Hours over which the next value before and after is looked for.
const REACH: usize = 3;

/// A station in a window, all in ln(value + offset).
pub struct Seen<'a> {
    pub values: &'a [f32],
    /// Against the companions; NaN where there are none.
    pub residuals: &'a [f32],
    /// Of the residuals; `None`: the station has no companions.
    pub spread: Option<f32>,
    /// Least spread.
    pub floor: f32,
}

/// Marks the excursions of a station.
pub fn excursions(seen: &Seen, rules: &ExcursionRules, mark: &mut dyn FnMut(usize, Fault, Verdict)) {
    match seen.spread {
        Some(spread) => beside_companions(seen, spread, rules, mark),
        None => alone(seen, rules, mark),
    }
}

fn beside_companions(seen: &Seen, spread: f32, rules: &ExcursionRules, mark: &mut dyn FnMut(usize, Fault, Verdict)) {
    let (y, e) = (seen.values, seen.residuals);
    let change = change_spread(e).max(seen.floor);
    let least = rules.jump.max(rules.score * change);
    let suspect = rules.suspect_share * least;
    let mut done = 0;
    for start in 0..y.len() {
        if start < done || !e[start].is_finite() {
            continue;
        }
        let size = e[start].abs();
        if size >= rules.plain && size >= rules.plain_score * spread {
            mark(start, Fault::Neighbours, Verdict::Rejected);
        } else if size >= rules.suspect_share * rules.plain && size >= rules.suspect_share * rules.plain_score * spread
        {
            mark(start, Fault::Neighbours, Verdict::Suspect);
        }
        let (Some(y0), Some(e0)) = (before(y, start, REACH), before(e, start, REACH)) else { continue };
        let into = joint(y[start] - y0, e[start] - e0);
        if into.abs() < suspect {
            continue;
        }
        // it lasts while the residual stays on the far side of a good part of the jump
        let far = |h: usize| (e[h] - e0) * into.signum() > rules.stays * into.abs();
        let mut end = start + 1;
        while end < y.len() && end - start < rules.longest_hours && (!e[end].is_finite() || far(end)) {
            end += 1;
        }
        let last = (start..end).rev().find(|h| e[*h].is_finite()).unwrap_or(start);
        let (Some(y1), Some(e1)) = (after(y, last, REACH), after(e, last, REACH)) else { continue };
        let out = joint(y[last] - y1, e[last] - e1);
        if out * into.signum() < suspect {
            continue;
        }
        let hours = last + 1 - start;
        let smaller = into.abs().min(out.abs());
        let (fault, sure) = if hours <= rules.spike_hours {
            (Fault::Spike, smaller >= least)
        } else {
            // the air changes meanwhile, so one edge may be blunter
            let jump = 0.5 * (into.abs() + out.abs());
            let far_out = size >= rules.long_score * spread || jump >= rules.long_jump_alone;
            let sharp = jump >= rules.long_jump.max(rules.long_change_score * change);
            (Fault::Neighbours, far_out && sharp)
        };
        let verdict = if sure { Verdict::Rejected } else { Verdict::Suspect };
        (start..=last).filter(|h| y[*h].is_finite()).for_each(|h| mark(h, fault, verdict));
        done = last + 1;
    }
}

/// Robust spread of the changes from hour to hour; NaN without any.
fn change_spread(e: &[f32]) -> f32 {
    let mut changes: Vec<f32> = e.windows(2).map(|w| w[1] - w[0]).filter(|c| c.is_finite()).collect();
    spread(&mut changes, 0.0)
}

/// The smaller of two changes in the same direction; zero where they differ.
pub fn joint(a: f32, b: f32) -> f32 {
    if a * b > 0.0 { a.signum() * a.abs().min(b.abs()) } else { 0.0 }
}

fn alone(seen: &Seen, rules: &ExcursionRules, mark: &mut dyn FnMut(usize, Fault, Verdict)) {
    let y = seen.values;
    let bend = |h: usize| {
        let (a, b) = (before(y, h, REACH)?, after(y, h, REACH)?);
        y[h].is_finite().then(|| joint(y[h] - a, y[h] - b))
    };
    let mut bends: Vec<f32> = (0..y.len()).filter_map(bend).collect();
    let centre = median(&mut bends);
    let spread = spread(&mut bends, centre).max(seen.floor);
    let least = rules.jump_alone.max(rules.score_alone * spread);
    for hour in 0..y.len() {
        let Some(size) = bend(hour).map(f32::abs) else { continue };
        if size >= least {
            mark(hour, Fault::Spike, Verdict::Rejected);
        } else if size >= rules.suspect_share * least {
            mark(hour, Fault::Spike, Verdict::Suspect);
        }
    }
}
