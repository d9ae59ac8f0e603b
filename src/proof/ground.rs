//! The ground a proof of the model stands on: grid, surface and surrounding air from the model's own files.

use crate::domain::grid::Grid;
use crate::domain::met_field::MetField;
use crate::error::Result;
use crate::setup::covered;
use crate::setup::grids::GridSetups;
use crate::setup::library::Library;
use crate::simulation::boundary::{Background, BackgroundProfiles, Sides};
use crate::simulation::budget::MassLedger;
use crate::simulation::diagnose::SurfaceParameters;
use crate::simulation::step::Simulation;
use chrono::{DateTime, Utc};
use ndarray::Array3;
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
        let date = meteorology.first().map_or(DateTime::UNIX_EPOCH, |m| m.valid_time);
        Self::of(overrides, date, |setups| {
            let mut grid = setups.grid("meteorology", meteorology)?;
            grid.vertical = covered(&grid.vertical, meteorology)?;
            Ok(grid)
        })
    }

    /// The south-western `nx` x `ny` cells of `yanbian-3km` with all its layers, in the background air of `date`.
    ///
    /// # Errors
    /// Of the model's files.
    pub fn corner_of_yanbian(overrides: Option<&Path>, date: DateTime<Utc>, (nx, ny): (usize, usize)) -> Result<Self> {
        Self::of(overrides, date, |setups| {
            let mut grid = setups.grid("yanbian-3km", &[])?;
            (grid.horizontal.nx, grid.horizontal.ny) = (nx.min(grid.horizontal.nx), ny.min(grid.horizontal.ny));
            Ok(grid)
        })
    }

    fn of(
        overrides: Option<&Path>,
        date: DateTime<Utc>,
        grid: impl FnOnce(&GridSetups) -> Result<Grid>,
    ) -> Result<Self> {
        let mut library = Library::new(overrides);
        library.check_overrides()?;
        let setups = library.read("models/grids.toml", GridSetups::from_toml)?;
        let grid = grid(&setups)?;
        let profiles = library.read("models/boundary.toml", BackgroundProfiles::from_toml)?;
        let background = profiles.on(date, &grid.vertical);
        let sides = Sides::uniform(&background, &grid);
        Ok(Self { grid, background, sides, surface: setups.surface })
    }

    /// A simulation that starts from background air of `mass` [kg] in cells of `area` [m2].
    pub fn simulation(&self, area: Vec<f32>, mass: &Array3<f32>) -> Simulation<'_> {
        Simulation::new(&self.grid, area, mass.clone(), self.background.state(&self.grid))
    }
}

/// The species whose books close worst, with its relative residual.
pub fn worst_residual(ledger: &MassLedger) -> (&str, f64) {
    let residuals = ledger.species.iter().map(|s| (s.species.as_str(), s.relative_residual));
    // a residual that is no number is the worst of all
    let worse = |a: f64, b: f64| a.is_nan() || a > b;
    residuals.fold(("none", 0.0), |worst, s| if worse(s.1, worst.1) { s } else { worst })
}
