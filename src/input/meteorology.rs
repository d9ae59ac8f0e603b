//! Any set of meteorology files to one gap-free sequence.

use super::accumulation::Accumulation;
use crate::domain::met_field::MetField;
use std::path::PathBuf;

/// One time of one file, with what it accumulated.
#[derive(Debug, Clone)]
pub struct Reading {
    pub path: PathBuf,
    pub field: MetField,
    /// Precipitation [kg m-2].
    pub rain: Option<Accumulation>,
    /// Sensible heat, upward [J m-2].
    pub heat: Option<Accumulation>,
    /// Downward short-wave radiation [J m-2].
    pub shortwave: Option<Accumulation>,
}
