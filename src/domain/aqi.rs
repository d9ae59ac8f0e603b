//! AQI by HJ 633, from dated tables.

use super::pollutant::Pollutant;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An air quality index with everything needed to check it. Its JSON is the fixed form of `hazecast aqi --json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AqiReport {
    /// `HJ 633-2026` or `HJ 633-2012`.
    pub standard: String,
    /// 0..=500; `None` where the standard forbids a value (missing pollutants and AQI <= 100, 5.3).
    pub aqi: Option<u16>,
    /// 1 (优) ..= 6 (严重).
    pub level: Option<u8>,
    /// Pollutants with the largest IAQI above 50; several on a tie.
    pub primary: Vec<Pollutant>,
    /// Individual indices.
    pub iaqi: BTreeMap<Pollutant, u16>,
    /// Clause of the standard.
    pub clause: String,
}
