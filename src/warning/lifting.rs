//! When a warning may be lifted (解除).

use super::episode::Series;
use super::rules::Lift;
use chrono::{DateTime, Duration, Utc};

/// First hour (UTC, hour-ending) after the start of the episode from which every running 24-h AQI is at or below the lifting
/// threshold for more than `lift.hours` hours; `None` where the forecast ends before that is certain.
///
/// `sliding` is the sliding reading, `episode_from` the first hour of the episode. An hour without an AQI is not counted as clean.
pub fn lift_from(sliding: &Series, lift: &Lift, episode_from: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let after = sliding.points.iter().skip_while(|p| p.to < episode_from);
    // the first average above the threshold marks the episode under way; clean hours before it lift nothing
    let under_way = after.skip_while(|p| p.aqi.is_none_or(|a| a <= lift.aqi));
    let mut clean: Option<(DateTime<Utc>, DateTime<Utc>)> = None;
    for p in under_way {
        clean = match clean {
            _ if p.aqi.is_none_or(|a| a > lift.aqi) => None,
            Some((start, last)) if p.to - last == Duration::hours(1) => Some((start, p.to)),
            _ => Some((p.to, p.to)),
        };
        if let Some((start, last)) = clean
            && last - start >= Duration::hours(i64::from(lift.hours))
        {
            return Some(start);
        }
    }
    None
}
