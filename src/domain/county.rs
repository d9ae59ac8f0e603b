//! A county of the region: who it is, where it lies, where its people live.

/// A county (县、市).
#[derive(Debug, Clone)]
pub struct County {
    /// GB/T 2260 code, e.g. 222401.
    pub adcode: u32,
    pub name_zh: String,
    pub name_en: String,
    /// Seat of the county government (longitude, latitude), WGS-84 degrees.
    pub seat: (f64, f64),
    /// Outline, WGS-84 degrees.
    pub outline: geo::MultiPolygon<f64>,
    /// Built-up places: the AQI value of the county is the mean over them, as the stations stand there.
    pub settlements: Vec<Settlement>,
    /// Heavy-pollution days (AQI > 200) allowed a year by the founding plan, air 一.
    pub heavy_day_limit: u32,
}

/// A built-up place and how many live there.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement {
    pub name_zh: String,
    pub lon: f64,
    pub lat: f64,
    pub population: f64,
}
