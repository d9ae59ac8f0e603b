//! History of the model -> forecast per county: series, correction, uncertainty.

pub mod analogues;
pub mod build;
pub mod correction;
pub mod conformal;
pub mod county_series;
pub mod county_weather;
pub mod error_paths;
pub mod experience;
pub mod leave_one_out;
pub mod marginal;
pub mod members;
pub mod past_night;
pub mod score_book;
pub mod learning;
pub mod scores;
pub mod trajectories;
pub mod uncertainty;

use crate::domain::aqi::AqiReport;
use crate::domain::pollutant::Concentrations;
use chrono::{DateTime, NaiveDate, Utc};
use county_weather::CountyWeather;
use serde::{Deserialize, Serialize};

/// A value with its interval; all in the unit of the key that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Estimate {
    /// What the numeric model says.
    pub raw: f64,
    /// The forecast: `raw` after the statistical correction, equal to it where there is none.
    pub value: f64,
    /// Lower and upper end of the 80 % interval around `value`.
    pub lower: f64,
    pub upper: f64,
}

/// One hour of one county.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HourForecast {
    /// End of the hour, UTC.
    pub end: DateTime<Utc>,
    /// Beijing day and hour (1..=24, hour-ending).
    pub beijing_day: NaiveDate,
    pub beijing_hour: u8,
    /// Hours since the cycle, from 1.
    pub lead_hour: i32,
    pub concentrations: Concentrations<Estimate>,
    /// Mean over the whole county of the model's PM2.5, beside the built-up mean in `concentrations` [ug m-3].
    pub pm25_area_mean_ug_m3: f64,
    /// Hourly AQI of `value`.
    pub aqi: AqiReport,
    /// Weather beside it.
    #[serde(flatten)]
    pub weather: CountyWeather,
}

/// One Beijing day of one county; only days with at least 20 of 24 hours (GB 3095 table 4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DayForecast {
    pub beijing_day: NaiveDate,
    /// Hours of the day in the forecast, 20..=24.
    pub hours: u8,
    pub concentrations: Concentrations<Estimate>,
    /// Daily AQI of `value`, and of the interval's ends.
    pub aqi: AqiReport,
    pub aqi_lower: AqiReport,
    pub aqi_upper: AqiReport,
}

/// One observed hour of a county: the mean of its stations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ObservedHour {
    /// End of the hour, UTC.
    pub end: DateTime<Utc>,
    pub concentrations: Concentrations<f64>,
}

/// Forecast of one county.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CountyForecast {
    pub adcode: u32,
    pub name_zh: String,
    pub name_en: String,
    /// Whether a station of the county was observed: without one the interval is wider.
    pub has_station: bool,
    /// Hours up to the cycle, ascending: they count towards an episode that is under way.
    pub observed: Vec<ObservedHour>,
    pub hours: Vec<HourForecast>,
    pub days: Vec<DayForecast>,
}

/// How the correction of this night came about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CorrectionReport {
    /// `none`, `elastic_net`, or of a trained correction `kalman_bias` or `boosted_trees`, per pollutant.
    pub methods: Vec<CorrectionMethod>,
    /// How the interval was made, in words, with its parameters.
    pub interval_method: String,
}

/// Correction of one pollutant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CorrectionMethod {
    pub pollutant: crate::domain::pollutant::Pollutant,
    pub method: String,
    /// (model, observation) pairs used, and needed at least.
    pub pairs: usize,
    pub pairs_needed: usize,
    /// Mean absolute error on held-out pairs, raw and corrected, in the pollutant's unit; `None` without a correction.
    pub mae_raw: Option<f64>,
    pub mae_corrected: Option<f64>,
}

/// The forecast of the region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Forecast {
    pub cycle: DateTime<Utc>,
    pub counties: Vec<CountyForecast>,
    pub correction: CorrectionReport,
}
