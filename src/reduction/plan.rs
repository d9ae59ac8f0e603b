//! Level, catalogue and tonight's emissions -> the list.

use crate::domain::source::{Amounts, Source};

/// What a source emits on the first day of the episode.
#[derive(Debug, Clone, Copy)]
pub struct SourceDay<'a> {
    pub source: &'a Source,
    /// Emission of that day without any measure [t d-1].
    pub emission_t_d: Amounts,
}

/// Conditions on which side conditions of measures depend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conditions {
    /// Lowest 2 m temperature forecast in the region over the period [degC].
    pub minimum_temperature_c: f64,
}
