//! A day of a forecast as a consultation changed it (会商订正).

use super::pollutant::Pollutant;
use chrono::{DateTime, NaiveDate, Utc};

/// One Beijing day of one county.
#[derive(Debug, Clone, PartialEq)]
pub struct EditedDay {
    /// Cycle of the run that was changed.
    pub cycle: DateTime<Utc>,
    pub adcode: u32,
    pub day: NaiveDate,
    /// 0 ..= 500.
    pub aqi: u16,
    /// Empty where none was named.
    pub primary: Vec<Pollutant>,
    /// Day mean [ug m-3].
    pub pm25_ug_m3: Option<f64>,
}
