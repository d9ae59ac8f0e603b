//! The 24-h means that carry a level, and how much lower the air must be for the level to go.

use super::applied::Applied;
use super::decide::{Basis, first_day};
use super::readings::{Bound, Hours};
use super::{Reading, WarningDecision, WarningLevel};
use crate::forecast::{CountyForecast, Forecast};
use chrono::{DateTime, Duration, Utc};

/// 24 hours of a county whose AQI carries the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CarryingWindow {
    pub adcode: u32,
    /// Begin of its first hour and end of its last.
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// Daily AQI.
    pub aqi: u16,
}

/// The windows of every county that calls for the prefecture's level, by county and time: exceeding natural days, or, where these do not
/// carry the level, 24-h windows that do not overlap, from the last exceeding one backwards. Those that end at `order` or before are left out.
pub fn carrying_windows(
    basis: &Basis,
    forecast: &Forecast,
    decision: &WarningDecision,
    order: DateTime<Utc>,
) -> Vec<CarryingWindow> {
    let level = decision.prefecture.level_called;
    let applied = Applied::of(basis, first_day(forecast));
    let mut out = Vec::new();
    for (area, county) in decision.counties.iter().zip(&forecast.counties) {
        let look_back = applied.scheme.parameter.observed_hours.value;
        let hours = Hours::of(county, forecast.cycle, look_back, Bound::Value);
        let Some(hours) = hours.filter(|_| level > WarningLevel::None && area.level_called >= level) else { continue };
        let natural = area.level_natural_day >= level && applied.counts(Reading::NaturalDay);
        let wanted = if natural { Reading::NaturalDay } else { Reading::Sliding24h };
        let mut found: Vec<CarryingWindow> = Vec::new();
        for side in applied.sides(&hours).iter().filter(|s| s.reading == wanted) {
            for met in side.met.iter().filter(|m| applied.scheme.rules[m.rule].level >= level) {
                let above = applied.scheme.rules[met.rule].all_of[0].aqi_above;
                for e in applied.exceeding(&hours, side, above, &met.episodes[0]).iter().rev() {
                    let from = e.from - Duration::hours(1);
                    let apart = found.iter().all(|w| e.to <= w.from || from >= w.to);
                    if e.to > order && apart {
                        found.push(CarryingWindow { adcode: county.adcode, from, to: e.to, aqi: e.aqi });
                    }
                }
            }
        }
        found.sort_by_key(|w| w.from);
        out.extend(found);
    }
    out
}

/// The smallest of `steps` (ascending) with which `county` no longer calls for `level`, where a step lowers the PM2.5 of each hour after the cycle by
/// that much times `fall` of it, relative to the hour, and PM10 by as many ug m-3; all after both were multiplied by `margin`. `None` where no step is enough.
pub fn step_needed(
    basis: &Basis,
    forecast: &Forecast,
    county: &CountyForecast,
    level: WarningLevel,
    margin: f64,
    steps: &[f64],
    fall: &dyn Fn(DateTime<Utc>) -> f64,
) -> Option<f64> {
    let applied = Applied::of(basis, first_day(forecast));
    let look_back = applied.scheme.parameter.observed_hours.value;
    let hours = Hours::of(county, forecast.cycle, look_back, Bound::Value)?;
    let lowered = hours.lowered(margin, steps, fall);
    let classes = lowered.classes(&applied.classifier, applied.aqi);
    let called = |member: usize| {
        let class = classes.member(member);
        applied.called(&super::applied::READINGS.map(|reading| applied.side(&lowered, reading, &class)))
    };
    (0..steps.len()).find(|member| called(*member) < level).map(|member| steps[member])
}
