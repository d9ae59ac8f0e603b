//! cli
pub mod aqi;
