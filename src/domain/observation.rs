//! What the monitoring network and the satellites saw.

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

/// A satellite detection of an active fire.
#[derive(Debug, Clone, PartialEq)]
pub struct FireDetection {
    /// Overpass time, UTC.
    pub time: DateTime<Utc>,
    pub lon: f64,
    pub lat: f64,
    /// Fire radiative power [MW].
    pub frp_mw: f64,
    /// Detection confidence, 0..=1 (MODIS percent / 100; VIIRS low 0.2, nominal 0.6, high 0.9).
    pub confidence: f64,
    /// Satellite or instrument as written in the file.
    pub satellite: String,
}
