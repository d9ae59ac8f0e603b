//! Ranking: what each hour of each source adds to each exceeding county and window, from the adjoint influence of the core.
//!
//! The linear part only: it proposes, the second full run certifies.

use crate::domain::source::Amounts;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A county and a run of hours whose mean PM2.5 is to fall.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExceedingWindow {
    pub adcode: u32,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// Mean of the corrected forecast [ug m-3].
    pub forecast_ug_m3: f64,
    /// Mean of the model before correction [ug m-3].
    pub model_ug_m3: f64,
    /// Mean below which the window no longer carries the level [ug m-3].
    pub limit_ug_m3: f64,
    /// Probability with which the limit is to be met.
    pub probability: f64,
    /// Fall of the model's mean that this takes [ug m-3]: the correction is frozen, so a share of the model is the same share of the forecast.
    pub fall_needed_ug_m3: f64,
}

/// What the sources of the inventory add to one window.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowInfluence {
    pub window: ExceedingWindow,
    /// Begin of the first hour of [`SourceEffect::added_by_hour`].
    pub first_hour: DateTime<Utc>,
    /// In the order of the night's sources.
    pub sources: Vec<SourceEffect>,
}

/// What one source adds to a window, by hour of emission.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceEffect {
    /// [`crate::domain::source::Source::id`].
    pub source: String,
    /// What the emission of each pollutant in each hour adds to the window's mean [ug m-3], at the source's own composition: a factor `f` on that hour
    /// takes `1 - f` of it away. Hours from the first of the run to the window's last.
    pub added_by_hour: Vec<Amounts>,
    /// What a tonne, emitted over these hours as the source emits, adds [ug m-3 t-1].
    pub per_tonne: Amounts,
    /// What it emits in these hours [t].
    pub emitted_t: Amounts,
}
