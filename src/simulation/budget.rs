//! The mass ledger: for each species, where every kilogram came from and went.

use serde::{Deserialize, Serialize};

/// Ledger of one species over a run [kg]; `stored_end - stored_start = emitted + inflow - outflow + chemistry - dry - wet + clipped + residual`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SpeciesLedger {
    pub species: String,
    pub stored_start_kg: f64,
    pub stored_end_kg: f64,
    pub emitted_kg: f64,
    pub inflow_kg: f64,
    pub outflow_kg: f64,
    /// Net chemical production (negative: loss).
    pub chemistry_kg: f64,
    pub dry_deposited_kg: f64,
    pub wet_deposited_kg: f64,
    /// Mass added by setting negative values to zero.
    pub clipped_kg: f64,
    /// What does not close.
    pub residual_kg: f64,
    /// `|residual| / (stored_start + emitted + inflow + max(chemistry, 0))`.
    pub relative_residual: f64,
}

/// Ledger of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MassLedger {
    pub species: Vec<SpeciesLedger>,
    /// Largest relative residual of all species.
    pub largest_relative_residual: f64,
    /// Largest |q - 1| of the uniform tracer anywhere at the end.
    pub tracer_largest_deviation: f64,
}
