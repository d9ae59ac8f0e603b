//! Measures of forecast skill as pure functions on pairs of forecast and observation.
//!
//! Every function takes slices of equal length, in the same unit, with pairs that lack a value already left out; an empty sample has no
//! score and gives `None`.

pub mod aqi_practice;
pub mod bootstrap;
pub mod contingency;
pub mod deterministic;
pub mod probabilistic;
