//! What the monitoring network saw.

use super::pollutant::Pollutant;
use chrono::{DateTime, Utc};

/// One hourly mean of one pollutant at one station.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// National code such as `2237A`.
    pub station: String,
    /// End of the hour, UTC.
    pub end: DateTime<Utc>,
    pub pollutant: Pollutant,
    /// Value in [`Pollutant::unit`].
    pub value: f64,
}

/// A monitoring station and the county it stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Station {
    pub code: String,
    pub name_zh: String,
    /// Degrees east, WGS-84.
    pub lon: f64,
    /// Degrees north, WGS-84.
    pub lat: f64,
    pub adcode: u32,
}
