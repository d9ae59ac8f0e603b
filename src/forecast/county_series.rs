//! Model fields -> one series per county.
//!
//! The value for the AQI is the mean over the county's built-up cells, weighted by population: national stations stand there. The mean
//! over the whole county stands beside it.

use super::county_weather::CountyWeather;
use crate::domain::county::{County, CountyWeights};
use crate::domain::pollutant::{Concentrations, Pollutant};
use crate::simulation::history::History;
use chrono::{DateTime, Utc};
use ndarray::ArrayView2;
use ndarray::Axis;
use serde::{Deserialize, Serialize};

/// What the numeric model says for one county and hour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelHour {
    /// End of the hour, UTC.
    pub end: DateTime<Utc>,
    /// Built-up mean, in the standard's units.
    pub concentrations: Concentrations<f64>,
    /// PM2.5 over the whole county [ug m-3].
    pub pm25_area_mean_ug_m3: f64,
    pub weather: CountyWeather,
}

/// The model's series of one county.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CountySeries {
    pub adcode: u32,
    pub hours: Vec<ModelHour>,
}

/// The series of every county; `weights` in the order of `counties`.
pub fn county_series(history: &History, counties: &[County], weights: &[CountyWeights]) -> Vec<CountySeries> {
    counties
        .iter()
        .zip(weights)
        .map(|(county, w)| {
            let hours = (0..history.ends.len()).map(|h| hour(history, w, h)).collect();
            CountySeries { adcode: county.adcode, hours }
        })
        .collect()
}

/// Primary PM2.5 of each hour over the built-up places of one county [ug m-3].
pub fn primary_series(history: &History, weights: &CountyWeights) -> Vec<f64> {
    let of_hour = |h| mean(history.primary_pm25_ug_m3.index_axis(Axis(0), h), &weights.built_up);
    (0..history.ends.len()).map(of_hour).collect()
}

fn hour(history: &History, w: &CountyWeights, h: usize) -> ModelHour {
    let at = |field: &ndarray::Array3<f32>, weights: &[(usize, f64)]| mean(field.index_axis(Axis(0), h), weights);
    let mut concentrations = Concentrations::default();
    for p in Pollutant::ALL {
        concentrations.set(p, history.concentrations.get(p).map(|f| at(f, &w.built_up)));
    }
    ModelHour {
        end: history.ends[h],
        pm25_area_mean_ug_m3: history.concentrations.pm25_ug_m3.as_ref().map_or(0.0, |f| at(f, &w.area)),
        weather: CountyWeather::of(history, w, h),
        concentrations,
    }
}

fn mean(field: ArrayView2<f32>, weights: &[(usize, f64)]) -> f64 {
    let nx = field.ncols();
    weights.iter().map(|(c, w)| w * f64::from(field[[c / nx, c % nx]])).sum()
}
