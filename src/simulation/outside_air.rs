//! Mixing ratios of a provider around the grid -> first state, sides and top.
//!
//! Levels become heights above the model's ground by the pressure of the model's own layers. A level at `p = a + b ps` takes the model's `ps`:
//! what follows the provider's ground follows the model's, and a level of pressure stays where it is. A layer's value is the mean of the piecewise-linear profile over it,
//! constant beyond the outermost levels; bilinear in the horizontal, linear in time, constant before the first and after the last time: how far
//! that may reach is for the caller to say.
//! Species that some time lacks come from the background.

use super::bilinear::Bilinear;
use super::boundary::{Background, Sides};
use super::layer_means::mean_over;
use crate::domain::boundary_field::{BoundaryField, Level};
use crate::domain::grid::Grid;
use crate::domain::species::Species;
use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use ndarray::{Array3, Array4};
use rayon::prelude::*;
use std::ops::Range;

/// The air that a provider knows around one grid.
pub struct OutsideAir<'a> {
    fields: &'a [BoundaryField],
    grid: &'a Grid,
    background: &'a Background,
    /// Weights of each field's grid.
    weights: Vec<Bilinear>,
    given: Vec<Species>,
}

impl<'a> OutsideAir<'a> {
    /// From fields sorted by time, each on a grid that covers the model grid.
    ///
    /// # Errors
    /// `Missing` without fields or where the model grid reaches beyond them.
    pub fn new(fields: &'a [BoundaryField], grid: &'a Grid, background: &'a Background) -> Result<Self> {
        if fields.is_empty() {
            return Err(Error::missing("air around the grid", "inputs.boundary", "Give at least one readable file"));
        }
        let mut weights: Vec<Bilinear> = Vec::with_capacity(fields.len());
        for (i, field) in fields.iter().enumerate() {
            let known = fields[..i].iter().position(|f| f.grid == field.grid);
            weights.push(match known {
                Some(known) => weights[known].clone(),
                None => Bilinear::new(&field.grid, &grid.horizontal, ("air around the grid", "inputs.boundary"))?,
            });
        }
        let given = Species::ALL.into_iter().filter(|s| fields.iter().all(|f| f.of(*s).is_some())).collect();
        Ok(Self { fields, grid, background, weights, given })
    }

    /// State of the grid at `t`, `[species, z, y, x]`, for layers of `pressure` `[z, y, x]` [Pa].
    pub fn state(&self, t: DateTime<Utc>, pressure: &Array3<f32>) -> Array4<f32> {
        let (nz, ny, nx) = self.grid.shape();
        let cells: Vec<usize> = (0..ny * nx).collect();
        let values = self.columns(t, pressure, &cells, 0..nz).into_raw_vec_and_offset().0;
        Array4::from_shape_vec((Species::COUNT, nz, ny, nx), values).expect("one value per cell")
    }

    /// Air outside the sides and the top at `t`: that of the outermost cells and of the top layer, for layers of `pressure` `[z, y, x]` [Pa].
    pub fn sides(&self, t: DateTime<Utc>, pressure: &Array3<f32>) -> Sides {
        let (nz, ny, nx) = self.grid.shape();
        let column = |x: usize| (0..ny).map(|y| y * nx + x).collect::<Vec<_>>();
        let row = |y: usize| (0..nx).map(|x| y * nx + x).collect::<Vec<_>>();
        let of = |cells: &[usize]| self.columns(t, pressure, cells, 0..nz);
        let above = self.columns(t, pressure, &(0..ny * nx).collect::<Vec<_>>(), nz - 1..nz);
        Sides {
            west: of(&column(0)),
            east: of(&column(nx - 1)),
            south: of(&row(0)),
            north: of(&row(ny - 1)),
            top: above.into_shape_with_order((Species::COUNT, ny, nx)).expect("one value per cell"),
        }
    }

    /// `[species, layer of layers, cell]`.
    fn columns(&self, t: DateTime<Utc>, pressure: &Array3<f32>, cells: &[usize], layers: Range<usize>) -> Array3<f32> {
        let (bottom, n) = (layers.start, layers.len());
        let (before, after, share) = self.times(t);
        let columns: Vec<Vec<f32>> = cells
            .par_iter()
            .map(|&cell| {
                let mut column = self.column(before, pressure, cell, layers.clone());
                if share > 0.0 {
                    let later = self.column(after, pressure, cell, layers.clone());
                    column.iter_mut().zip(later).for_each(|(a, b)| *a += share * (b - *a));
                }
                column
            })
            .collect();
        let profiles = &self.background.mixing_ratio;
        let mut out = Array3::from_shape_fn((Species::COUNT, n, cells.len()), |(s, z, _)| profiles[s][bottom + z]);
        for (g, species) in self.given.iter().enumerate() {
            for (c, column) in columns.iter().enumerate() {
                for z in 0..n {
                    out[[species.index(), z, c]] = column[g * n + z];
                }
            }
        }
        out
    }

    /// The fields before and after `t`, and the share of the latter.
    fn times(&self, t: DateTime<Utc>) -> (usize, usize, f32) {
        let after = self.fields.partition_point(|f| f.valid_time <= t);
        if after == 0 || after == self.fields.len() {
            let end = after.saturating_sub(1);
            return (end, end, 0.0);
        }
        let (a, b) = (self.fields[after - 1].valid_time, self.fields[after].valid_time);
        (after - 1, after, (t - a).num_seconds() as f32 / (b - a).num_seconds() as f32)
    }

    /// Means over `layers` of one cell, `[given species, layer]`.
    fn column(&self, index: usize, pressure: &Array3<f32>, cell: usize, layers: Range<usize>) -> Vec<f32> {
        let (field, weights) = (&self.fields[index], &self.weights[index]);
        let (nz, _, nx) = self.grid.shape();
        let cells = field.grid.cells();
        let vertical = &self.grid.vertical;
        let log_pressure = |z: usize| f64::from(pressure[[z, cell / nx, cell % nx]]).ln();
        let model: Vec<(f64, f64)> = (0..nz).map(|z| (vertical.centre_m(z), log_pressure(z))).collect();
        let ground = log_pressure_at(0.0, &model).exp();
        let level = |values: &[f32], k: usize| f64::from(weights.at(cell, &values[k * cells..(k + 1) * cells]));
        // over ground higher than any the levels were made for they may cross
        let mut height = f64::NEG_INFINITY;
        let mut rise = |level: &Level| {
            height = height.max(height_of(level.pressure_pa(ground).ln(), &model));
            height
        };
        let heights: Vec<f64> = field.levels.iter().map(&mut rise).collect();
        // the levels in the layers, and one beyond on each side
        let below = heights.partition_point(|h| *h <= vertical.interfaces_m[layers.start]).saturating_sub(1);
        let beyond = heights.partition_point(|h| *h < vertical.interfaces_m[layers.end]) + 1;
        let needed = below..beyond.min(heights.len());
        let heights = &heights[needed.clone()];
        let mut out = Vec::with_capacity(self.given.len() * layers.len());
        for species in &self.given {
            let values = field.of(*species).expect("given at all times");
            let profile: Vec<f64> = needed.clone().map(|k| level(values, k)).collect();
            let layer = |z: usize| mean_over(heights, &profile, vertical.interfaces_m[z], vertical.interfaces_m[z + 1]);
            out.extend(layers.clone().map(|z| layer(z) as f32));
        }
        out
    }
}

/// Height [m] of a logarithm of pressure on the line through `(height, log pressure)`, straight on beyond its ends.
fn height_of(log_pressure: f64, model: &[(f64, f64)]) -> f64 {
    let above = model.partition_point(|(_, p)| *p > log_pressure).clamp(1, model.len() - 1);
    let ((z0, p0), (z1, p1)) = (model[above - 1], model[above]);
    z0 + (log_pressure - p0) / (p1 - p0) * (z1 - z0)
}

/// Logarithm of pressure at a height [m], likewise.
fn log_pressure_at(height: f64, model: &[(f64, f64)]) -> f64 {
    let above = model.partition_point(|(z, _)| *z < height).clamp(1, model.len() - 1);
    let ((z0, p0), (z1, p1)) = (model[above - 1], model[above]);
    p0 + (height - z0) / (z1 - z0) * (p1 - p0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::grid::{HorizontalGrid, VerticalGrid};
    use chrono::{Duration, TimeZone};

    const SCALE_M: f64 = 7500.0;

    fn grid() -> Grid {
        let horizontal = HorizontalGrid::new("+proj=latlong +R=6370000", (6, 5), (128.3, 42.1), (0.2, 0.2)).unwrap();
        Grid { name: "test".into(), horizontal, vertical: VerticalGrid::new(vec![0.0, 100.0, 400.0, 1000.0]).unwrap() }
    }

    fn pressure(grid: &Grid, ground_pa: f64) -> Array3<f32> {
        Array3::from_shape_fn(grid.shape(), |(z, _, _)| {
            (ground_pa * (-grid.vertical.centre_m(z) / SCALE_M).exp()) as f32
        })
    }

    fn start() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 1, 15, 0, 0, 0).unwrap()
    }

    /// Mixing ratio of SO2 `f(longitude, latitude, height above the provider's ground)`; levels at the same heights, those below `hybrid` [m]
    /// at shares of the pressure at the ground.
    fn field(hours: i64, ground_pa: f64, hybrid: f64, f: &dyn Fn(f64, f64, f64) -> f64) -> BoundaryField {
        let grid = HorizontalGrid::new("+proj=latlong +R=6370000", (8, 7), (127.0, 41.0), (0.5, 0.5)).unwrap();
        let centres = grid.centres();
        let heights = [0.0, 50.0, 300.0, 700.0, 1500.0];
        let level = |z: &f64| match (-z / SCALE_M).exp() {
            b if *z < hybrid => Level { a_pa: 0.0, b },
            share => Level { a_pa: share * ground_pa, b: 0.0 },
        };
        let levels = heights.iter().flat_map(|z| centres.iter().map(move |(lon, lat)| (*lon, *lat, *z)));
        BoundaryField {
            valid_time: start() + Duration::hours(hours),
            levels: heights.iter().map(level).collect(),
            mixing_ratio: vec![(Species::So2, levels.map(|(lon, lat, z)| f(lon, lat, z) as f32).collect())],
            grid,
        }
    }

    fn background(grid: &Grid) -> Background {
        Background {
            mixing_ratio: Species::ALL
                .map(|s| vec![if s == Species::Tracer { 1.0 } else { 7.0 }; grid.vertical.layers()])
                .to_vec(),
        }
    }

    /// Linear in longitude, latitude, height and time: reproduced at the middles of the layers, in the state and at the sides.
    #[test]
    fn a_linear_field_is_exact() {
        let (grid, plane) =
            (grid(), |lon: f64, lat: f64, z: f64| 2.0 + 0.3 * (lon - 128.0) - 0.2 * (lat - 42.0) + 1e-3 * z);
        let fields = [field(0, 98_000.0, 0.0, &plane), field(6, 98_000.0, 0.0, &|x, y, z| plane(x, y, z) + 6.0)];
        let (air, pressure) = (background(&grid), pressure(&grid, 98_000.0));
        let outside = OutsideAir::new(&fields, &grid, &air).unwrap();
        let t = start() + Duration::minutes(90);
        let centres = grid.horizontal.centres();
        let exact = |z: usize, c: usize| plane(centres[c].0, centres[c].1, grid.vertical.centre_m(z)) + 1.5;
        let state = outside.state(t, &pressure);
        let so2 = Species::So2.index();
        for ((z, y, x), v) in state.index_axis(ndarray::Axis(0), so2).indexed_iter() {
            assert!((f64::from(*v) - exact(z, y * 6 + x)).abs() < 2e-4, "{z} {y} {x}: {v}");
        }
        let sides = outside.sides(t, &pressure);
        assert!((f64::from(sides.west[[so2, 2, 3]]) - exact(2, 18)).abs() < 2e-4);
        assert!((f64::from(sides.east[[so2, 0, 1]]) - exact(0, 11)).abs() < 2e-4);
        assert!((f64::from(sides.south[[so2, 1, 4]]) - exact(1, 4)).abs() < 2e-4);
        assert!((f64::from(sides.north[[so2, 1, 2]]) - exact(1, 26)).abs() < 2e-4);
        // through the top enters what the top layer holds, or the background where the files hold nothing
        for ((s, y, x), v) in sides.top.indexed_iter() {
            assert_eq!(*v, state[[s, 2, y, x]], "{s} {y} {x}");
        }
        assert!((f64::from(sides.top[[so2, 4, 5]]) - exact(2, 29)).abs() < 2e-4);
        // what the file lacks is the background, the tracer one
        assert!(sides.west.index_axis(ndarray::Axis(0), Species::Co.index()).iter().all(|v| *v == 7.0));
        assert!(state.index_axis(ndarray::Axis(0), Species::Tracer.index()).iter().all(|v| *v == 1.0));
        // beyond the files the nearest time holds
        assert_eq!(outside.state(start() - Duration::hours(1), &pressure), outside.state(start(), &pressure));
        let late = (start() + Duration::hours(6), start() + Duration::hours(9));
        assert_eq!(outside.state(late.0, &pressure), outside.state(late.1, &pressure));
    }

    /// Over ground higher than the provider's, levels that follow the ground rise with it and levels of pressure do not, in one file too.
    #[test]
    fn hybrid_levels_follow_the_ground() {
        let (grid, rising) = (grid(), |_: f64, _: f64, z: f64| 1.0 + 1e-3 * z);
        let air = background(&grid);
        let layer = |ground: f64, hybrid: f64, z: usize| {
            let pressure = pressure(&grid, 98_000.0 * (-ground / SCALE_M).exp());
            let fields = [field(0, 98_000.0, hybrid, &rising)];
            OutsideAir::new(&fields, &grid, &air).unwrap().state(start(), &pressure)[[Species::So2.index(), z, 2, 2]]
        };
        // the middles of the layers are 50 and 700 m above the model's ground
        for (ground, hybrid, z, expected) in [
            (400.0, 1e4, 0, 1.05),
            (400.0, 0.0, 0, 1.45),
            (400.0, 1e4, 2, 1.7),
            (400.0, 0.0, 2, 2.1),
            // those of 700 and 1500 m stay, 400 and 1200 m above the model's ground, over others that rise
            (300.0, 500.0, 0, 1.05),
            (300.0, 500.0, 2, 2.0),
        ] {
            let found = layer(ground, hybrid, z);
            assert!((found - expected).abs() < 1e-4, "ground {ground}, hybrid below {hybrid}, layer {z}: {found}");
        }
    }

    #[test]
    fn a_grid_beyond_the_files_is_refused() {
        let mut grid = grid();
        grid.horizontal = HorizontalGrid::new("+proj=latlong +R=6370000", (6, 5), (138.3, 42.1), (0.2, 0.2)).unwrap();
        let (fields, air) = ([field(0, 98_000.0, 0.0, &|_, _, _| 1.0)], background(&grid));
        let error = OutsideAir::new(&fields, &grid, &air).err().unwrap().to_string();
        assert!(error.contains("air around the grid") && error.contains("inputs.boundary"), "{error}");
    }
}
