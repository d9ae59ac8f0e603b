//! When a warning may be lifted (解除), and what becomes of one that is in force.

use super::classes::UNJUDGED;
use super::{Action, WarningLevel};

/// First hour from which every running 24-h AQI stays below class `above` for more than `hours` hours; `None` where the forecast ends
/// before that is certain. An hour without an AQI is not counted as clean.
///
/// `sliding`: classes hour by hour; `from`: where to begin. With `under_way` false the first hour above marks the episode, and clean
/// hours before it lift nothing.
pub fn lift_hour(sliding: &[u8], above: u8, hours: u32, from: usize, under_way: bool) -> Option<usize> {
    let mut under_way = under_way;
    let mut clean_from: Option<usize> = None;
    for (hour, class) in sliding.iter().enumerate().skip(from) {
        under_way |= *class >= above;
        clean_from = match clean_from {
            _ if !under_way || *class >= above || *class == UNJUDGED => None,
            None => Some(hour),
            kept => kept,
        };
        if let Some(start) = clean_from
            && hour - start >= hours as usize
        {
            return Some(start);
        }
    }
    None
}

/// The level in force after a decision, and what is done: `before` is in force, `called` is what the forecast calls for, `clean` whether
/// the lifting condition holds from the first hour on, `known` whether the forecast is judged for longer than the lifting condition asks.
///
/// A warning rises at once. It falls only where the air is below its condition and stays so for longer than the lifting hours.
pub fn follow(before: WarningLevel, called: WarningLevel, clean: bool, known: bool) -> (WarningLevel, Action) {
    let coloured = |level: WarningLevel| level > WarningLevel::PreWarning;
    match (coloured(before), coloured(called)) {
        (false, false) if called == WarningLevel::PreWarning => (called, Action::Advise),
        (false, false) => (called, Action::None),
        (false, true) => (called, Action::Issue),
        (true, true) if called > before => (called, Action::Upgrade),
        (true, true) if called < before && known => (called, Action::Downgrade),
        (true, false) if clean => (called, Action::Lift),
        (true, _) => (before, Action::Keep),
    }
}
