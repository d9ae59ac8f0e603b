//! What the assimilation of a night did, for the record: innovations before and after, and scores at stations left out.

use super::analyst::SurfaceAnalyst;
use super::settings::name;
use crate::domain::grid::Grid;
use crate::simulation::analysis::Component;
use crate::simulation::history::History;
use serde::{Deserialize, Serialize};

/// One component over all analyses of a night, on the innermost grid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ComponentScores {
    /// `PM2.5`, `coarse`, `SO2`, `NO2`, `CO`.
    pub component: String,
    /// Pairs of station and hour.
    pub n: usize,
    /// Mean and root mean square of ln(observed / model) before the analysis.
    pub innovation_mean: f64,
    pub innovation_rms: f64,
    /// Root mean square of ln(observed / analysis) at the stations used.
    pub residual_rms: f64,
    /// Root mean square error [ug m-3; CO mg m-3] without assimilation, and at each station with it left out.
    pub rmse_background: f64,
    pub rmse_left_out: f64,
    /// Mean of the background's spread, fitted.
    pub spread: f64,
}

/// The assimilation of a night.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AssimilationReport {
    /// Hours analysed.
    pub hours: usize,
    pub components: Vec<ComponentScores>,
    /// SHA-256 of the archived factors that all runs of the night took.
    pub factors_sha256: String,
}

/// A station in an hour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    pub component: Component,
    pub observed: f64,
    pub background: f64,
    /// ln(observed / background), what the analysis adds to ln(background) there, and what it would add without this station.
    pub departure: f64,
    pub increment: f64,
    pub left_out: f64,
    /// Of the background, fitted.
    pub spread: f64,
}

/// The pairs of all hours of a run, from its hourly means before each analysis.
pub fn pairs(analyst: &SurfaceAnalyst, grid: &Grid, history: &History) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (hour, end) in history.ends.iter().enumerate() {
        let there = |y, x| history.concentrations.map(|_, field| f64::from(field[[hour, y, x]]));
        for component in Component::ALL {
            let Some(made) = analyst.component(component, grid, *end, &there) else { continue };
            for (used, left_out) in made.used.iter().zip(made.solved.left_out()) {
                pairs.push(Pair {
                    component,
                    observed: used.observed,
                    background: used.background,
                    departure: used.departure.value,
                    increment: analyst.bounded(made.solved.increment(used.departure.place)),
                    left_out: analyst.bounded(*left_out),
                    spread: made.error.spread,
                });
            }
        }
    }
    pairs
}

/// Scores of pairs by component, those that have any.
pub fn scores(pairs: &[Pair]) -> Vec<ComponentScores> {
    let of = |component: Component| {
        let mine: Vec<&Pair> = pairs.iter().filter(|p| p.component == component).collect();
        let n = mine.len();
        let mean = |f: &dyn Fn(&Pair) -> f64| mine.iter().map(|p| f(p)).sum::<f64>() / n as f64;
        let rms = |f: &dyn Fn(&Pair) -> f64| mean(&|p| f(p).powi(2)).sqrt();
        (n > 0).then(|| ComponentScores {
            component: name(component).into(),
            n,
            innovation_mean: mean(&|p| p.departure),
            innovation_rms: rms(&|p| p.departure),
            residual_rms: rms(&|p| p.departure - p.increment),
            rmse_background: rms(&|p| p.observed - p.background),
            rmse_left_out: rms(&|p| p.observed - p.background * p.left_out.exp()),
            spread: mean(&|p| p.spread),
        })
    };
    Component::ALL.into_iter().filter_map(of).collect()
}
