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

/// The air that decides whether a warning in force may fall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlook {
    /// What the forecast calls for.
    pub called: WarningLevel,
    /// The level of an episode that reaches past the cycle, be it for an hour.
    pub running: WarningLevel,
    /// Whether the lifting condition holds from the first hour on.
    pub clean: bool,
    /// Whether the forecast is judged for longer than the lifting condition asks.
    pub known: bool,
    /// The scheme's lowest coloured level.
    pub lowest: WarningLevel,
}

/// The level in force after a decision, and what is done; `before` is in force.
///
/// A warning rises at once. It falls to a lower colour where no episode of its own level is left and the forecast reaches far enough to
/// tell; it is lifted where the air is below the lifting threshold and stays so.
/// **Invariant:** more pollution never gives a lower level.
pub fn follow(before: WarningLevel, air: Outlook) -> (WarningLevel, Action) {
    let coloured = |level: WarningLevel| level > WarningLevel::PreWarning;
    if !coloured(before) {
        let action = match air.called {
            WarningLevel::None => Action::None,
            WarningLevel::PreWarning => Action::Advise,
            _ => Action::Issue,
        };
        return (air.called, action);
    }
    if air.called > before {
        return (air.called, Action::Upgrade);
    }
    let left = air.called.max(air.running.min(before));
    if !coloured(left) && air.clean {
        return (air.called, Action::Lift);
    }
    let fallen = left.max(air.lowest).min(before);
    if fallen < before && air.known { (fallen, Action::Downgrade) } else { (before, Action::Keep) }
}
