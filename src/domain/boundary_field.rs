//! Mixing ratios around the grid at one instant, on the provider's own grid.

use super::grid::HorizontalGrid;
use super::species::Species;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A level at pressure `p = a + b ps` over ground at pressure `ps`: with `b = 0` a level of pressure, with `a = 0` one that follows the ground.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// [Pa].
    pub a_pa: f64,
    pub b: f64,
}

impl Level {
    /// Pressure [Pa] over ground at `ground_pa` [Pa].
    pub fn pressure_pa(&self, ground_pa: f64) -> f64 {
        self.a_pa + self.b * ground_pa
    }
}

/// Mixing ratios of a provider at one time.
///
/// **Invariant:** fields are `[level, y, x]` with x fastest, levels upward, `y` northward; every value is finite, over any ground from 50000 to
/// 110000 Pa pressures are positive and fall with level, mixing ratios are not negative. **Why:** a file is checked once, where it is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BoundaryField {
    pub valid_time: DateTime<Utc>,
    pub grid: HorizontalGrid,
    pub levels: Vec<Level>,
    /// Mixing ratio [kg kg-1] of each species that the provider gives.
    pub mixing_ratio: Vec<(Species, Vec<f32>)>,
}

impl BoundaryField {
    /// Whether every field has a value for each level and cell.
    pub fn is_whole(&self) -> bool {
        let values = self.grid.nx.checked_mul(self.grid.ny).and_then(|cells| cells.checked_mul(self.levels.len()));
        values.is_some_and(|n| n > 0 && self.mixing_ratio.iter().all(|(_, v)| v.len() == n))
    }

    /// `factor` times as much of all that the provider gives.
    pub fn times(&self, factor: f32) -> Self {
        let mut times = self.clone();
        times.mixing_ratio.iter_mut().flat_map(|(_, values)| values).for_each(|q| *q *= factor);
        times
    }

    /// The field of a species, if the provider gives it.
    pub fn of(&self, species: Species) -> Option<&[f32]> {
        self.mixing_ratio.iter().find(|(s, _)| *s == species).map(|(_, values)| &values[..])
    }
}
