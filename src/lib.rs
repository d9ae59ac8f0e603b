//! hazecast: from meteorology and emissions to a county warning and a proven emission-reduction list.
//!
//! Modules in one order; each imports only what stands before it (`tests/architecture.rs` holds this).

pub mod error;
pub mod constants;
pub mod units;
pub mod calendar;
pub mod seed;
pub mod config;
pub mod domain;
pub mod physics;
pub mod chemistry;
pub mod input;
pub mod simulation;
pub mod assimilation;
pub mod forecast;
pub mod warning;
pub mod reduction;
pub mod consultation;
pub mod archive;
pub mod fetch;
pub mod setup;
pub mod nightly;
pub mod proof;
pub mod api;
pub mod cli;
