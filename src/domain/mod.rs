//! The nouns: data and their invariants; no algorithm on files.

pub mod aqi;
pub mod averages;
pub mod county;
pub mod county_weights;
pub mod grid;
pub mod hourly;
pub mod met_field;
pub mod observation;
pub mod pollutant;
pub mod source;
pub mod species;
