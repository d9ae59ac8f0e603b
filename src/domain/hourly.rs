//! Hourly concentrations of one place, of one or several members: a forecast with the observed hours before it, or its trajectories.

use super::averages::thousandths;
use super::pollutant::Pollutant;
use chrono::{DateTime, Duration, Utc};

/// Stands for a missing value.
pub const MISSING: i32 = -1;

/// Hours x members of each pollutant, in whole thousandths of its unit, without gaps on the time axis.
#[derive(Debug, Clone, PartialEq)]
pub struct HourlyValues {
    first_end: DateTime<Utc>,
    hours: usize,
    members: usize,
    /// By pollutant: `[hour][member]`, empty where the pollutant has no value at all.
    values: [Vec<i32>; 6],
}

impl HourlyValues {
    /// `hours` hours from the one that ends at `first_end`, of `members` members, all missing.
    pub fn missing(first_end: DateTime<Utc>, hours: usize, members: usize) -> Self {
        Self { first_end, hours, members, values: Default::default() }
    }

    pub fn hours(&self) -> usize {
        self.hours
    }

    pub fn members(&self) -> usize {
        self.members
    }

    /// End of an hour.
    pub fn end(&self, hour: usize) -> DateTime<Utc> {
        self.first_end + Duration::hours(hour as i64)
    }

    /// The hour that ends at `end`; it may lie outside the axis.
    pub fn hour_of(&self, end: DateTime<Utc>) -> i64 {
        (end - self.first_end).num_hours()
    }

    /// All hours of a pollutant, `[hour][member]`; `None` where it has no value at all.
    pub fn of(&self, pollutant: Pollutant) -> Option<&[i32]> {
        Some(self.values[pollutant as usize].as_slice()).filter(|v| !v.is_empty())
    }

    /// The members of a pollutant at one hour, to fill; values are [`thousandths`] or [`MISSING`].
    pub fn row_mut(&mut self, pollutant: Pollutant, hour: usize) -> &mut [i32] {
        let values = &mut self.values[pollutant as usize];
        if values.is_empty() {
            values.resize(self.hours * self.members, MISSING);
        }
        &mut values[hour * self.members..][..self.members]
    }

    /// Sets the hours from `first` on to `block`, `[hour][member]` of whole hours; the others of the pollutant become missing.
    pub fn set_block(&mut self, pollutant: Pollutant, first: usize, block: &[i32]) {
        let values = &mut self.values[pollutant as usize];
        values.clear();
        values.reserve_exact(self.hours * self.members);
        values.resize(first * self.members, MISSING);
        values.extend_from_slice(block);
        values.resize(self.hours * self.members, MISSING);
    }

    /// Sets one value for all members; what is no concentration is missing.
    pub fn set(&mut self, pollutant: Pollutant, hour: usize, value: f64) {
        self.row_mut(pollutant, hour).fill(thousandths(value).unwrap_or(MISSING));
    }

    /// One value in the pollutant's unit.
    pub fn get(&self, pollutant: Pollutant, hour: usize, member: usize) -> Option<f64> {
        let value = *self.of(pollutant)?.get(hour * self.members + member)?;
        (value != MISSING).then(|| f64::from(value) / 1000.0)
    }
}
