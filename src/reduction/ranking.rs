//! Ranking: what each hour of each source adds to each exceeding county and window, from the adjoint influence of the core.
//!
//! The linear part only: it proposes, the second full run certifies.

use crate::domain::source::{Amounts, Sector, Source};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

/// A county and a run of hours whose mean PM2.5 is to fall.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExceedingWindow {
    pub adcode: u32,
    /// Begin of the first hour, end of the last.
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
    /// Even all local sources stopped from the order on would leave the level: nothing is demanded, and the window cannot be met.
    #[serde(default)]
    pub beyond_reach: bool,
}

/// What the sources of the inventory add to one window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WindowInfluence {
    pub window: ExceedingWindow,
    /// Begin of the first hour of [`SourceEffect::added_by_hour`].
    pub first_hour: DateTime<Utc>,
    /// The sources of the region's counties, in the order of the night's sources.
    pub sources: Vec<SourceEffect>,
}

/// What one source adds to a window, by hour of emission.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

impl SourceEffect {
    /// What the hours from `from` on add [ug m-3], by pollutant.
    pub fn added(&self, from: usize) -> Amounts {
        let hours = self.added_by_hour.get(from..).unwrap_or_default();
        hours.iter().fold(Amounts::default(), |sum, hour| sum.zip(*hour, |sum, v| sum + v))
    }
}

/// The part of an effect that primary fine particles have.
pub fn primary(added: &Amounts) -> f64 {
    added.pm25 + added.bc + added.oc
}

impl WindowInfluence {
    /// First hour of the arrays that begins at `time` or later.
    pub fn hour_of(&self, time: DateTime<Utc>) -> usize {
        (time - self.first_hour + Duration::minutes(59)).num_hours().max(0) as usize
    }
}

/// Where the PM2.5 of a window comes from [ug m-3]; the first four sum to the model's mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Closure {
    /// Sources of the region's counties, without fires.
    pub local_ug_m3: f64,
    /// Open fires, wherever.
    pub fires_ug_m3: f64,
    /// Other sources on the grid, outside the region.
    pub outside_ug_m3: f64,
    /// What is left of the model's mean: air that flows in, background, the first state, and what is not linear.
    pub remainder_ug_m3: f64,
    /// What the local sources emit after the order: no order can take away more.
    pub reach_ug_m3: f64,
    /// Of the model's mean, primary fine particles; and what of it the sources on the grid make.
    pub primary_model_ug_m3: f64,
    pub primary_sources_ug_m3: f64,
    /// Factor on all influence of the window with which the primary particles of the sources, and those that flow in, are those of the model: what the bounds
    /// of advection, which the influence leaves out, do on average. They grow with the mixing ratio, so a cut of all sources has just this factor.
    pub bounds_factor: f64,
    /// Forecast less model: what the correction adds, which no process of the model explains.
    pub unexplained_ug_m3: f64,
}

/// One source of a window's table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RankedSource {
    pub source: String,
    pub name: String,
    pub sector: Sector,
    pub adcode: u32,
    /// What it adds in all, of that as primary fine particles, and what its emission after the order adds [ug m-3].
    pub added_ug_m3: f64,
    pub primary_ug_m3: f64,
    pub after_order_ug_m3: f64,
    /// What is taken away per tonne of each pollutant avoided [ug m-3 t-1].
    pub per_tonne: Amounts,
    /// What it emits until the end of the window [t].
    pub emitted_t: Amounts,
    /// Share of what all local sources add that this one and those before it add, 0 ..= 1.
    pub cumulated_share: f64,
    /// What each hour of emission adds [ug m-3], from the run's first hour; left out of the record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_hour_ug_m3: Vec<f64>,
}

/// What a sector of a county adds to a window [ug m-3].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SectorShare {
    pub adcode: u32,
    pub sector: Sector,
    pub added_ug_m3: f64,
    pub after_order_ug_m3: f64,
}

/// A window with what makes it, the largest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RankedWindow {
    pub window: ExceedingWindow,
    pub closure: Closure,
    pub sources: Vec<RankedSource>,
    pub sectors: Vec<SectorShare>,
}

/// The ranking of a night.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Ranking {
    /// When measures may begin.
    pub order: DateTime<Utc>,
    /// Begin of the run's first hour, of the hours of emission.
    pub first_hour: DateTime<Utc>,
    pub windows: Vec<RankedWindow>,
    /// Exceeding windows without an influence run of their own.
    pub windows_left_out: usize,
    pub caveats_zh: Vec<String>,
    pub caveats_en: Vec<String>,
}

impl Ranking {
    /// The ranking with `most` sources a window and without their hours.
    pub fn brief(&self, most: usize) -> Self {
        let mut brief = self.clone();
        for window in &mut brief.windows {
            window.sources.truncate(most);
            window.sources.iter_mut().for_each(|s| s.by_hour_ug_m3.clear());
        }
        brief
    }
}

/// The table of a window: the `most` sources that add most, and the sums of the sectors.
pub fn ranked(
    influence: &WindowInfluence,
    closure: Closure,
    sources: &[Source],
    order: DateTime<Utc>,
    most: usize,
) -> RankedWindow {
    let from = influence.hour_of(order);
    let mut rows: Vec<RankedSource> = Vec::with_capacity(influence.sources.len());
    let mut sectors: std::collections::BTreeMap<(u32, Sector), (f64, f64)> = std::collections::BTreeMap::new();
    let local = sources.iter().filter(|s| s.adcode != 0);
    for (source, effect) in local.zip(&influence.sources) {
        let (all, after) = (effect.added(0), effect.added(from).sum());
        let sum = sectors.entry((source.adcode, source.sector)).or_default();
        *sum = (sum.0 + all.sum(), sum.1 + after);
        rows.push(RankedSource {
            source: source.id.clone(),
            name: source.name.clone(),
            sector: source.sector,
            adcode: source.adcode,
            added_ug_m3: all.sum(),
            primary_ug_m3: primary(&all),
            after_order_ug_m3: after,
            per_tonne: effect.per_tonne,
            emitted_t: effect.emitted_t,
            cumulated_share: 0.0,
            by_hour_ug_m3: effect.added_by_hour.iter().map(|h| h.sum()).collect(),
        });
    }
    rows.sort_by(|a, b| b.added_ug_m3.total_cmp(&a.added_ug_m3).then_with(|| a.source.cmp(&b.source)));
    let whole: f64 = rows.iter().map(|r| r.added_ug_m3).sum();
    let mut so_far = 0.0;
    for row in &mut rows {
        so_far += row.added_ug_m3;
        row.cumulated_share = if whole > 0.0 { so_far / whole } else { 0.0 };
    }
    rows.truncate(most);
    let mut sectors: Vec<SectorShare> = sectors
        .into_iter()
        .map(|((adcode, sector), (added_ug_m3, after_order_ug_m3))| SectorShare {
            adcode,
            sector,
            added_ug_m3,
            after_order_ug_m3,
        })
        .collect();
    sectors.sort_by(|a, b| b.added_ug_m3.total_cmp(&a.added_ug_m3));
    RankedWindow { window: influence.window.clone(), closure, sources: rows, sectors }
}
