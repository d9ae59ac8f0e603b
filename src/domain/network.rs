//! Hourly values of a network of stations, side by side.

use super::observation::Observation;
use super::pollutant::Pollutant;
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeMap;

/// Stations x hours of each pollutant, without gaps on the time axis; a missing value is NaN.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkHours {
    /// Codes, sorted.
    stations: Vec<String>,
    first_end: DateTime<Utc>,
    hours: usize,
    /// By pollutant: `[station][hour]`, empty where the pollutant has no value at all.
    values: [Vec<f32>; 6],
}

/// Most stations x hours that are held: the national network over a quarter of a year, or twelve stations over thirty years.
pub const LARGEST: usize = 3_500_000;

impl NetworkHours {
    /// `hours` hours of `stations` from the one that ends at `first_end`, all missing.
    pub fn missing(mut stations: Vec<String>, first_end: DateTime<Utc>, hours: usize) -> Self {
        stations.sort();
        stations.dedup();
        Self { stations, first_end, hours, values: Default::default() }
    }

    /// From single values on whole hours; of two values of the same place, hour and pollutant the later one counts. `None` without any, and where
    /// stations x hours are more than [`LARGEST`]: a wrong date stretches the time axis.
    pub fn of(observations: &[Observation]) -> Option<Self> {
        let whole = |o: &&Observation| o.end.timestamp() % 3600 == 0 && o.value.is_finite();
        let ends = || observations.iter().filter(whole).map(|o| o.end);
        let (first, last) = (ends().min()?, ends().max()?);
        let hours = (last - first).num_hours() as usize + 1;
        let mut stations: Vec<String> = Vec::new();
        for o in observations.iter().filter(whole) {
            if stations.last() != Some(&o.station) {
                stations.push(o.station.clone());
            }
        }
        let mut network = Self::missing(stations, first, hours);
        if network.stations.len() * hours > LARGEST {
            return None;
        }
        let index: BTreeMap<String, usize> = network.stations.iter().cloned().zip(0..).collect();
        for o in observations.iter().filter(whole) {
            let hour = (o.end - first).num_hours() as usize;
            network.row_mut(o.pollutant, index[&o.station])[hour] = o.value as f32;
        }
        Some(network)
    }

    pub fn stations(&self) -> &[String] {
        &self.stations
    }

    pub fn hours(&self) -> usize {
        self.hours
    }

    /// End of an hour.
    pub fn end(&self, hour: usize) -> DateTime<Utc> {
        self.first_end + Duration::hours(hour as i64)
    }

    /// All values of a pollutant, `[station][hour]`; `None` where it has none.
    pub fn of_pollutant(&self, pollutant: Pollutant) -> Option<&[f32]> {
        Some(self.values[pollutant as usize].as_slice()).filter(|v| !v.is_empty())
    }

    /// The hours of one station, to fill.
    pub fn row_mut(&mut self, pollutant: Pollutant, station: usize) -> &mut [f32] {
        let values = &mut self.values[pollutant as usize];
        if values.is_empty() {
            values.resize(self.stations.len() * self.hours, f32::NAN);
        }
        &mut values[station * self.hours..][..self.hours]
    }

    /// One value; `None` where it is missing.
    pub fn get(&self, pollutant: Pollutant, station: usize, hour: usize) -> Option<f32> {
        let value = *self.of_pollutant(pollutant)?.get(station * self.hours + hour)?;
        value.is_finite().then_some(value)
    }

    /// How many values there are.
    pub fn count(&self) -> usize {
        self.values.iter().flatten().filter(|v| v.is_finite()).count()
    }
}
