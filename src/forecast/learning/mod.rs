//! Learning from the past: features, gradient-boosted trees with quantile heads, training apart in time.

pub mod artefact;
pub mod boosting;
pub mod city_features;
pub mod city_model;
pub mod climatology;
pub mod document;
pub mod guard;
pub mod hourly_series;
pub mod kalman;
pub mod learner;
pub mod linear;
pub mod night_cases;
pub mod quantiles;
pub mod seasonal;
pub mod station_features;
pub mod station_model;
pub mod table;
pub mod walk_forward;
