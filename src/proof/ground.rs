//! The ground a proof of the model stands on: grid, surface and surrounding air from the model's own files.

use crate::domain::grid::Grid;
use crate::domain::met_field::MetField;
use crate::error::Result;
use crate::setup::covered;
use crate::setup::grids::GridSetups;
use crate::setup::library::Library;
use crate::simulation::boundary::{Background, Sides};
use crate::simulation::budget::MassLedger;
use crate::simulation::diagnose::SurfaceParameters;
use std::path::Path;

/// Grid, surface, and the air that is there at the start and flows in.
pub struct Ground {
    pub grid: Grid,
    pub background: Background,
    pub sides: Sides,
    pub surface: SurfaceParameters,
}

impl Ground {
    /// The cells of `meteorology` itself, up to where it reaches.
    ///
    /// # Errors
    /// Of the model's files; `Invalid` or `Missing` where the meteorology has too few cells or levels.
    pub fn of_meteorology(overrides: Option<&Path>, meteorology: &[MetField]) -> Result<Self> {
        Self::of(overrides, |setups| {
            let mut grid = setups.grid("meteorology", meteorology)?;
            grid.vertical = covered(&grid.vertical, meteorology)?;
            Ok(grid)
        })
    }

    /// The south-western `nx` x `ny` cells of `yanbian-3km` with all its layers.
    ///
    /// # Errors
    /// Of the model's files.
    pub fn corner_of_yanbian(overrides: Option<&Path>, nx: usize, ny: usize) -> Result<Self> {
        Self::of(overrides, |setups| {
            let mut grid = setups.grid("yanbian-3km", &[])?;
            (grid.horizontal.nx, grid.horizontal.ny) = (nx.min(grid.horizontal.nx), ny.min(grid.horizontal.ny));
            Ok(grid)
        })
    }

    fn of(overrides: Option<&Path>, grid: impl FnOnce(&GridSetups) -> Result<Grid>) -> Result<Self> {
        let mut library = Library::new(overrides);
        library.check_overrides()?;
        let setups = library.read("models/grids.toml", GridSetups::from_toml)?;
        let grid = grid(&setups)?;
        let background =
            library.read("models/boundary.toml", |text, origin| Background::from_toml(text, origin, &grid.vertical))?;
        let sides = Sides::uniform(&background, &grid);
        Ok(Self { grid, background, sides, surface: setups.surface })
    }
}

/// The species whose books close worst, with its relative residual.
pub fn worst_residual(ledger: &MassLedger) -> (&str, f64) {
    let residuals = ledger.species.iter().map(|s| (s.species.as_str(), s.relative_residual));
    // a residual that is no number is the worst of all
    let worse = |a: f64, b: f64| a.is_nan() || a > b;
    residuals.fold(("none", 0.0), |worst, s| if worse(s.1, worst.1) { s } else { worst })
}
