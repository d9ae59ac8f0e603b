//! Heights of the ground on a longitude-latitude lattice, and their means over the cells of a model grid.

use super::grid::{HorizontalGrid, distance_m};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// Elevation of the ground.
///
/// **Invariant:** `grid` is a longitude-latitude lattice; heights `[y, x]` are finite and not below the sea.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Terrain {
    pub grid: HorizontalGrid,
    /// Height of the ground, of the sea 0 [m].
    pub height_m: Vec<f32>,
}

/// Most sample points along one side of a model cell.
const MOST_SAMPLES: usize = 32;
/// How far [cells] a point may lie outside the outermost values.
const MARGIN: f64 = 0.51;

impl Terrain {
    /// Whether every cell has a height.
    pub fn is_whole(&self) -> bool {
        self.grid.nx.checked_mul(self.grid.ny) == Some(self.height_m.len())
    }

    /// Mean height over each cell of `grid`, `[y, x]` [m]: the mean of points as dense as the values (2 to 32 along a side), each bilinear
    /// between four values. A lattice finer than the cells gives area means, a coarser one a surface without steps.
    ///
    /// # Errors
    /// `Missing` where a cell lies outside the values.
    pub fn cell_means(&self, grid: &HorizontalGrid) -> Result<Vec<f32>> {
        let (to_lonlat, to_values) = (grid.transform(), self.grid.transform());
        let spacing = |t: &super::grid::Transform<'_>, g: &HorizontalGrid| {
            let (x, y) = (0.5 * (g.nx as f64 - 1.0), 0.5 * (g.ny as f64 - 1.0));
            let at = |x: f64, y: f64| t.lonlat(x, y);
            distance_m(at(x - 0.5, y), at(x + 0.5, y)).min(distance_m(at(x, y - 0.5), at(x, y + 0.5)))
        };
        let finer = (spacing(&to_lonlat, grid) / spacing(&to_values, &self.grid)).ceil();
        let n = (finer as usize).clamp(2, MOST_SAMPLES);
        let offset = |i: usize| (i as f64 + 0.5) / n as f64 - 0.5;
        let mut means = Vec::with_capacity(grid.cells());
        for cell in 0..grid.cells() {
            let (x, y) = ((cell % grid.nx) as f64, (cell / grid.nx) as f64);
            let mut sum = 0.0;
            for point in 0..n * n {
                let (lon, lat) = to_lonlat.lonlat(x + offset(point % n), y + offset(point / n));
                sum += self.height(to_values.index(lon, lat)).ok_or_else(|| {
                    Error::missing(
                        format!("terrain at {lon:.2} E {lat:.2} N, inside the model grid"),
                        "inputs.terrain",
                        "Give a terrain file that covers the whole grid",
                    )
                })?;
            }
            means.push((sum / (n * n) as f64) as f32);
        }
        Ok(means)
    }

    /// Bilinear height at a fractional index; `None` outside.
    fn height(&self, (x, y): (f64, f64)) -> Option<f64> {
        let (nx, ny) = (self.grid.nx, self.grid.ny);
        let (mx, my) = (nx as f64 - 1.0, ny as f64 - 1.0);
        let inside = |v: f64, most: f64| v >= -MARGIN && v <= most + MARGIN;
        if !(inside(x, mx) && inside(y, my)) || nx < 2 || ny < 2 {
            return None;
        }
        let (x, y) = (x.clamp(0.0, mx), y.clamp(0.0, my));
        let (i, j) = ((x as usize).min(nx - 2), (y as usize).min(ny - 2));
        let (a, b) = (x - i as f64, y - j as f64);
        let h = |i: usize, j: usize| f64::from(self.height_m[j * nx + i]);
        Some((1.0 - b) * ((1.0 - a) * h(i, j) + a * h(i + 1, j)) + b * ((1.0 - a) * h(i, j + 1) + a * h(i + 1, j + 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terrain(step: f64, height: impl Fn(f64, f64) -> f64) -> Terrain {
        let n = (8.0 / step) as usize;
        let grid = HorizontalGrid::new("+proj=latlong +R=6370000", (n, n), (126.0, 40.0), (step, step)).unwrap();
        let height_m = grid.centres().into_iter().map(|(lon, lat)| height(lon, lat) as f32).collect();
        Terrain { grid, height_m }
    }

    fn model() -> HorizontalGrid {
        let text = "+proj=lcc +lat_1=42 +lat_2=44 +lat_0=43 +lon_0=129.5 +R=6370000";
        HorizontalGrid::new(text, (20, 16), (-57_000.0, -45_000.0), (6000.0, 6000.0)).unwrap()
    }

    #[test]
    fn an_inclined_plane_keeps_its_height_from_fine_and_from_coarse_values() {
        let plane = |lon: f64, lat: f64| 2000.0 + 120.0 * (lon - 129.0) - 90.0 * (lat - 43.0);
        for step in [0.01, 0.4] {
            let means = terrain(step, plane).cell_means(&model()).unwrap();
            for (found, (lon, lat)) in means.iter().zip(model().centres()) {
                assert!((f64::from(*found) - plane(lon, lat)).abs() < 0.1, "{found} {}", plane(lon, lat));
            }
        }
    }

    /// Ridges 0.02 degrees apart, much finer than the cells: the mean is their middle height, not that of the cell's centre.
    #[test]
    fn relief_finer_than_the_cells_is_averaged() {
        let ridges = |lon: f64, _: f64| 500.0 + 400.0 * (std::f64::consts::TAU * lon / 0.02).sin();
        let means = terrain(0.0025, ridges).cell_means(&model()).unwrap();
        assert!(means.iter().all(|h| (h - 500.0).abs() < 60.0), "{:?}", &means[..8]);
    }

    #[test]
    fn a_grid_beyond_the_values_is_missing_terrain() {
        let mut grid = model();
        grid.x0 += 400_000.0;
        let error = terrain(0.1, |_, _| 0.0).cell_means(&grid).unwrap_err();
        assert!(matches!(error, Error::Missing { .. }) && error.to_string().contains("inputs.terrain"), "{error}");
    }
}
