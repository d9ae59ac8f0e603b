//! The nouns: data and their invariants; no algorithm on files.

pub mod aqi;
pub mod averages;
pub mod bilingual;
pub mod boundary_field;
pub mod county;
pub mod county_weights;
pub mod credit_code;
pub mod daily;
pub mod dated;
pub mod evaluation;
pub mod event;
pub mod grid;
pub mod hourly;
pub mod limits;
pub mod met_field;
pub mod observation;
pub mod pollutant;
pub mod register;
pub mod register_columns;
pub mod register_words;
pub mod sheet;
pub mod source;
pub mod species;
pub mod statistics;
pub mod targets;
pub mod terrain;
