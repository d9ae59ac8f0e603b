//! Which level the hours that followed a forecast called for, by the rules that its chances were counted by.

use super::decide::Basis;
use super::probability::PathJudge;
use super::{WarningDecision, WarningLevel};
use crate::calendar::beijing_day_hour;
use crate::domain::hourly::HourlyValues;
use crate::domain::pollutant::Pollutant;
use crate::forecast::ObservedHour;
use crate::forecast::past_night::{ObservedHours, PastNight};
use chrono::{DateTime, Duration, Utc};

/// Share of the forecast hours that must have been observed.
const HOURS_OBSERVED: f64 = 0.8;
/// Hours before a cycle that can matter to an episode under way.
const LOOK_BACK_H: i64 = 240;

/// The chances that a night stated for a county.
#[derive(Debug, Clone, PartialEq)]
pub struct StatedChances {
    pub cycle: DateTime<Utc>,
    pub adcode: u32,
    /// Level, chance as counted on the paths, chance as stated.
    pub chances: Vec<(WarningLevel, f64, f64)>,
}

impl StatedChances {
    /// Those of every county of a decision.
    pub fn of(decision: &WarningDecision, cycle: DateTime<Utc>) -> Vec<Self> {
        let with = |area: &super::AreaWarning| {
            let p = area.probability.as_ref()?;
            let chances =
                p.counted().zip(&p.levels).map(|((level, counted), stated)| (level, counted, stated.probability));
            Some(Self { cycle, adcode: area.adcode, chances: chances.collect() })
        };
        decision.counties.iter().filter_map(with).collect()
    }
}

/// The level that the hours after the cycle of `night` called for in a county; `None` where not all of its forecast hours are over by
/// `until`, or fewer than 80 % of them were observed.
pub fn came(
    basis: &Basis,
    night: &PastNight,
    adcode: u32,
    observed: &ObservedHours,
    until: DateTime<Utc>,
) -> Option<WarningLevel> {
    let observed = observed.get(&adcode)?;
    let hours = night.county(adcode)?.hours.iter().map(|h| h.lead_hour).max()?.max(0) as usize;
    let mut after = HourlyValues::missing(night.cycle + Duration::hours(1), hours, 1);
    let mut there = 0;
    for hour in 0..hours {
        let Some(c) = observed.get(&after.end(hour)) else { continue };
        there += usize::from(c.pm25_ug_m3.is_some());
        for p in Pollutant::ALL {
            if let Some(value) = c.get(p) {
                after.set(p, hour, *value);
            }
        }
    }
    let over = night.cycle + Duration::hours(hours as i64) <= until;
    if hours == 0 || !over || (there as f64) < HOURS_OBSERVED * hours as f64 {
        return None;
    }
    let before = observed.range(night.cycle - Duration::hours(LOOK_BACK_H)..=night.cycle);
    let before: Vec<ObservedHour> = before.map(|(end, c)| ObservedHour { end: *end, concentrations: *c }).collect();
    let judge = PathJudge::new(basis, beijing_day_hour(night.cycle + Duration::hours(1)).0);
    Some(judge.came(&before, &after, night.cycle))
}
