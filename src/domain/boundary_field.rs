//! Mixing ratios around the grid at one instant, on the provider's own grid.

use super::grid::HorizontalGrid;
use super::species::Species;
use chrono::{DateTime, Utc};

/// Mixing ratios of a provider at one time.
///
/// **Invariant:** fields are `[level, y, x]` with x fastest, levels upward, `y` northward; every value is finite, pressures are positive and
/// fall with level, mixing ratios are not negative. **Why:** a file is checked once, where it is read.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundaryField {
    pub valid_time: DateTime<Utc>,
    pub grid: HorizontalGrid,
    /// Number of levels.
    pub levels: usize,
    /// Pressure of the levels [Pa].
    pub pressure_pa: Vec<f32>,
    /// Pressure at the ground `[y, x]` [Pa] of levels that follow it (hybrid levels); `None`: levels of pressure.
    pub surface_pressure_pa: Option<Vec<f32>>,
    /// Mixing ratio [kg kg-1] of each species that the provider gives.
    pub mixing_ratio: Vec<(Species, Vec<f32>)>,
}

impl BoundaryField {
    /// The field of a species, if the provider gives it.
    pub fn of(&self, species: Species) -> Option<&[f32]> {
        self.mixing_ratio.iter().find(|(s, _)| *s == species).map(|(_, values)| &values[..])
    }
}
