//! hazecast: from meteorology and emissions to a county warning and a proven emission-reduction list.
//!
//! Modules in one order; each imports only what stands before it (`tests/architecture.rs` holds this).

pub mod api;
pub mod archive;
pub mod calendar;
pub mod chemistry;
pub mod cli;
pub mod config;
pub mod constants;
pub mod consultation;
pub mod domain;
pub mod error;
pub mod forecast;
pub mod input;
pub mod physics;
pub mod reduction;
pub mod setup;
pub mod simulation;
pub mod units;
pub mod warning;
