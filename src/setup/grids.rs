//! Model grids from `models/grids.toml`, or the meteorology's own grid.

use crate::domain::grid::{Grid, HorizontalGrid, VerticalGrid};
use crate::domain::met_field::MetField;
use crate::error::{Error, Result};
use crate::simulation::diagnose::SurfaceParameters;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Name that stands for the cells of the meteorology itself.
const OF_METEOROLOGY: &str = "meteorology";

/// All grid set-ups.
pub struct GridSetups {
    origin: PathBuf,
    raw: Raw,
    /// Parameters of the land surface.
    pub surface: SurfaceParameters,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    interfaces: BTreeMap<String, Vec<f64>>,
    grids: BTreeMap<String, RawGrid>,
    surface: RawSurface,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGrid {
    #[serde(rename = "title")]
    _title: String,
    projection: String,
    nx: usize,
    ny: usize,
    cell_m: f64,
    centre_lon: f64,
    centre_lat: f64,
    interfaces: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSurface {
    roughness_m: f64,
    minimum_diffusivity_m2_s: f64,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "verified")]
    _verified: bool,
}

impl GridSetups {
    /// Reads `models/grids.toml`.
    ///
    /// # Errors
    /// `Invalid` naming the field.
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self> {
        let raw: Raw = toml::from_str(text)
            .map_err(|e| Error::invalid(origin, "TOML", e.to_string().trim().to_owned(), "grid set-ups"))?;
        let s = &raw.surface;
        for (field, value) in [("roughness_m", s.roughness_m), ("minimum_diffusivity_m2_s", s.minimum_diffusivity_m2_s)]
        {
            if !(value > 0.0 && value < 10.0) {
                return Err(Error::invalid(origin, format!("surface.{field}"), value.to_string(), "0 .. 10, above 0"));
            }
        }
        let surface = SurfaceParameters {
            roughness_m: s.roughness_m as f32,
            minimum_diffusivity_m2_s: s.minimum_diffusivity_m2_s as f32,
        };
        let setups = Self { origin: origin.to_path_buf(), raw, surface };
        for name in setups.raw.grids.keys() {
            setups.grid(name, &[])?;
        }
        Ok(setups)
    }

    /// Names of the set-ups.
    pub fn names(&self) -> Vec<&str> {
        self.raw.grids.keys().map(String::as_str).chain([OF_METEOROLOGY]).collect()
    }

    /// Refuses a name that is no set-up, given as `field` of the configuration.
    ///
    /// # Errors
    /// `Invalid` listing the known names.
    pub fn known(&self, field: &str, name: &str) -> Result<()> {
        if self.names().contains(&name) {
            return Ok(());
        }
        Err(Error::invalid("the configuration", field, name, format!("one of {}", self.names().join(", "))))
    }

    /// A grid by name; `meteorology` holds the fields of the night: the grid named so has the cells that all of them cover.
    ///
    /// # Errors
    /// `Invalid` when there is none of that name, or its numbers make no grid.
    pub fn grid(&self, name: &str, meteorology: &[MetField]) -> Result<Grid> {
        let invalid =
            |field: String, found: String, expected: &str| Error::invalid(&self.origin, field, found, expected);
        if let (OF_METEOROLOGY, Some(first)) = (name, meteorology.first()) {
            let common = meteorology.iter().try_fold(first.grid.clone(), |g, m| g.overlap(&m.grid));
            let Some(horizontal) = common.filter(|g| g.nx >= 8 && g.ny >= 8) else {
                return Err(invalid("grid".into(), "times that share less than 8 x 8 cells".into(), "a common part"));
            };
            return Ok(Grid { name: name.into(), horizontal, vertical: self.vertical("standard_m")? });
        }
        let Some(g) = self.raw.grids.get(name) else {
            return Err(invalid("grid".into(), name.into(), &format!("one of {}", self.names().join(", "))));
        };
        let found = |why: String| invalid(format!("grids.{name}"), why, "a grid");
        if !(g.cell_m >= 100.0 && g.cell_m <= 100_000.0) || g.nx < 8 || g.ny < 8 || g.nx > 2000 || g.ny > 2000 {
            return Err(found(format!("{} x {} cells of {} m", g.nx, g.ny, g.cell_m)));
        }
        // the lattice is laid around the projected centre
        let unit = HorizontalGrid::new(&g.projection, (2, 2), (0.0, 0.0), (1.0, 1.0)).map_err(&found)?;
        let (cx, cy) = unit.transform().index(g.centre_lon, g.centre_lat);
        let corner = (cx - 0.5 * (g.nx as f64 - 1.0) * g.cell_m, cy - 0.5 * (g.ny as f64 - 1.0) * g.cell_m);
        let horizontal =
            HorizontalGrid::new(&g.projection, (g.nx, g.ny), corner, (g.cell_m, g.cell_m)).map_err(&found)?;
        Ok(Grid { name: name.into(), horizontal, vertical: self.vertical(&g.interfaces)? })
    }

    fn vertical(&self, name: &str) -> Result<VerticalGrid> {
        let field = format!("interfaces.{name}");
        let invalid = |found: String| Error::invalid(&self.origin, &*field, found, "interface heights from 0 upward");
        let interfaces = self.raw.interfaces.get(name).ok_or_else(|| invalid("nothing".into()))?;
        VerticalGrid::new(interfaces.clone()).map_err(invalid)
    }
}
