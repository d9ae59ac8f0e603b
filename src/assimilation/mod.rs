//! Observations and a background -> an analysis.

pub mod analyst;
pub mod innovation;
pub mod interpolation;
pub mod observed;
pub mod quality;
pub mod report;
pub mod settings;
