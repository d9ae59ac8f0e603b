//! Which cells lie under a longitude-latitude box, on a grid of any projection.

use crate::domain::grid::{HorizontalGrid, Transform, distance_m};
use std::collections::BTreeMap;

/// Cells under a box of longitudes and latitudes [degrees] and the share of the box in each, by cell; they sum to the share of the box that
/// lies on the grid. By sample points not more than half a cell apart (8 to 64 a side), weighted by the cosine of latitude.
pub fn box_cells(
    [west, south, east, north]: [f64; 4],
    grid: &HorizontalGrid,
    transform: &Transform<'_>,
) -> Vec<(usize, f64)> {
    let at = |f: f64, g: f64| (west + f * (east - west), south + g * (north - south));
    if misses(grid, transform, &at) {
        return Vec::new();
    }
    let (middle_x, middle_y) = (0.5 * (grid.nx as f64 - 1.0), 0.5 * (grid.ny as f64 - 1.0));
    let cell_m =
        distance_m(transform.lonlat(middle_x - 0.5, middle_y), transform.lonlat(middle_x + 0.5, middle_y)).max(1.0);
    let samples = |length_m: f64| ((2.0 * length_m / cell_m).ceil() as usize).clamp(8, 64);
    let (nx, ny) = (samples(distance_m(at(0.0, 0.5), at(1.0, 0.5))), samples(distance_m(at(0.5, 0.0), at(0.5, 1.0))));
    let mut total = 0.0;
    let mut cells: BTreeMap<usize, f64> = BTreeMap::new();
    for j in 0..ny {
        for i in 0..nx {
            let (lon, lat) = at((i as f64 + 0.5) / nx as f64, (j as f64 + 0.5) / ny as f64);
            let weight = lat.to_radians().cos();
            total += weight;
            if let Some((x, y)) = transform.cell(lon, lat) {
                *cells.entry(y * grid.nx + x).or_insert(0.0) += weight;
            }
        }
    }
    cells.into_iter().map(|(cell, weight)| (cell, weight / total)).collect()
}

/// Whether a box lies wholly beyond one side of the grid, seen at its corners and edge middles with one cell to spare.
fn misses(grid: &HorizontalGrid, transform: &Transform<'_>, at: &dyn Fn(f64, f64) -> (f64, f64)) -> bool {
    const EDGE: [(f64, f64); 8] =
        [(0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (1.0, 0.5), (1.0, 1.0), (0.5, 1.0), (0.0, 1.0), (0.0, 0.5)];
    let points = EDGE.map(|(f, g)| {
        let (lon, lat) = at(f, g);
        transform.index(lon, lat)
    });
    let (nx, ny) = (grid.nx as f64, grid.ny as f64);
    points.iter().all(|p| p.0 < -1.5)
        || points.iter().all(|p| p.0 > nx + 0.5)
        || points.iter().all(|p| p.1 < -1.5)
        || points.iter().all(|p| p.1 > ny + 0.5)
}
