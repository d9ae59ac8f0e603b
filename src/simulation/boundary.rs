//! Background air: initial state, and what flows in through sides and top.

use crate::domain::grid::{Grid, VerticalGrid};
use crate::domain::species::Species;
use crate::error::{Error, Result};
use ndarray::{Array3, Array4, ArrayView1, Axis, Zip};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Background mixing ratio per species and layer [kg kg-1], the tracer 1.
#[derive(Debug, Clone)]
pub struct Background {
    /// `[species][layer]`.
    pub mixing_ratio: Vec<Vec<f32>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    scale_height_m: f64,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "verified")]
    _verified: bool,
    /// Surface concentration [ug m-3] in air of 1.3 kg m-3.
    surface_ug_m3: BTreeMap<String, f64>,
}

/// Air density [kg m-3] at which the file states its concentrations.
const STATED_DENSITY: f64 = 1.3;

impl Background {
    /// Background air in every cell, `[species, z, y, x]`.
    pub fn state(&self, grid: &Grid) -> Array4<f32> {
        let (nz, ny, nx) = grid.shape();
        Array4::from_shape_fn((self.mixing_ratio.len(), nz, ny, nx), |(s, z, _, _)| self.mixing_ratio[s][z])
    }

    /// Reads `models/boundary.toml`: one surface concentration per species, falling off with height as exp(-z / scale height).
    ///
    /// # Errors
    /// `Invalid` for an unknown or missing species, or a negative value.
    pub fn from_toml(text: &str, origin: &Path, vertical: &VerticalGrid) -> Result<Self> {
        let raw: Raw = toml::from_str(text).map_err(|e| {
            Error::invalid(origin, "TOML", e.to_string().trim().to_owned(), "background concentrations")
        })?;
        if raw.scale_height_m.is_nan() || raw.scale_height_m <= 0.0 {
            return Err(Error::invalid(origin, "scale_height_m", raw.scale_height_m.to_string(), "a positive height"));
        }
        if let Some(name) = raw.surface_ug_m3.keys().find(|n| !Species::ALL.iter().any(|s| s.name() == n.as_str())) {
            return Err(Error::invalid(origin, "surface_ug_m3", name.as_str(), "names of transported species"));
        }
        let mut mixing_ratio = Vec::new();
        for species in Species::ALL {
            if species == Species::Tracer {
                mixing_ratio.push(vec![1.0; vertical.layers()]);
                continue;
            }
            let field = format!("surface_ug_m3.{}", species.name());
            let value = raw.surface_ug_m3.get(species.name()).copied();
            let Some(value) = value.filter(|v| *v >= 0.0 && v.is_finite()) else {
                return Err(Error::invalid(origin, field, format!("{value:?}"), "a concentration >= 0"));
            };
            let profile = (0..vertical.layers())
                .map(|k| (value * 1e-9 / STATED_DENSITY * (-vertical.centre_m(k) / raw.scale_height_m).exp()) as f32);
            mixing_ratio.push(profile.collect());
        }
        Ok(Self { mixing_ratio })
    }
}

/// Mixing ratio [kg kg-1] of the air just outside the four sides, constant over one hour.
#[derive(Debug, Clone, PartialEq)]
pub struct Sides {
    /// `[species, z, y]`.
    pub west: Array3<f32>,
    /// `[species, z, y]`.
    pub east: Array3<f32>,
    /// `[species, z, x]`.
    pub south: Array3<f32>,
    /// `[species, z, x]`.
    pub north: Array3<f32>,
}

/// What flows into one layer of one species: west and east `[y]`, south and north `[x]`.
#[derive(Debug, Clone, Copy)]
pub struct Inflow<'a> {
    pub west: ArrayView1<'a, f32>,
    pub east: ArrayView1<'a, f32>,
    pub south: ArrayView1<'a, f32>,
    pub north: ArrayView1<'a, f32>,
}

impl Sides {
    /// The background of each layer on all four sides.
    pub fn uniform(background: &Background, grid: &Grid) -> Self {
        let (nz, ny, nx) = grid.shape();
        let side = |cells| {
            Array3::from_shape_fn((background.mixing_ratio.len(), nz, cells), |(s, z, _)| background.mixing_ratio[s][z])
        };
        Self { west: side(ny), east: side(ny), south: side(nx), north: side(nx) }
    }

    /// The mean of two times.
    pub fn mean(&self, other: &Self) -> Self {
        let of = |a: &Array3<f32>, b: &Array3<f32>| Zip::from(a).and(b).map_collect(|a, b| 0.5 * (a + b));
        Self {
            west: of(&self.west, &other.west),
            east: of(&self.east, &other.east),
            south: of(&self.south, &other.south),
            north: of(&self.north, &other.north),
        }
    }

    /// The sides of one layer of one species.
    pub fn layer(&self, species: usize, z: usize) -> Inflow<'_> {
        fn row(side: &Array3<f32>, species: usize, z: usize) -> ArrayView1<'_, f32> {
            side.index_axis(Axis(0), species).index_axis_move(Axis(0), z)
        }
        Inflow {
            west: row(&self.west, species, z),
            east: row(&self.east, species, z),
            south: row(&self.south, species, z),
            north: row(&self.north, species, z),
        }
    }
}
