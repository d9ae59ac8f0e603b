//! The cells of a gridded inventory: boxes of longitude and latitude, or quadrilaterals of a projected grid.

use super::Window;
use crate::constants::EARTH_RADIUS_M;
use crate::domain::cell_cutting::sphere_m2;
use crate::domain::grid::HorizontalGrid;
use crate::domain::source::Place;
use std::ops::Range;

/// How far bounds of two files may differ to be the same cells, in degrees.
const SAME_DEG: f64 = 1e-5;

/// Cells in the order of the file, rows first.
#[derive(Debug, Clone)]
pub enum Lattice {
    /// Lower and upper bounds [degrees] of rows and columns, and where they begin in the file.
    LonLat { rows: Vec<(f64, f64)>, columns: Vec<(f64, f64)>, first: (usize, usize) },
    /// The cells of a projected grid.
    Projected { grid: HorizontalGrid, corners: Vec<[(f64, f64); 4]>, area_m2: Vec<f64> },
}

impl Lattice {
    /// A projected grid; areas are those on the sphere.
    pub fn projected(grid: HorizontalGrid) -> Self {
        let corners: Vec<[(f64, f64); 4]> = (0..grid.cells()).map(|c| grid.corners(c % grid.nx, c / grid.nx)).collect();
        let around = |c: &[(f64, f64); 4]| sphere_m2([c[0], c[1], c[2], c[3], c[0]].into_iter()).abs();
        let area_m2 = corners.iter().map(around).collect();
        Self::Projected { grid, corners, area_m2 }
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        match self {
            Self::LonLat { rows, columns, .. } => rows.len() * columns.len(),
            Self::Projected { corners, .. } => corners.len(),
        }
    }

    /// Row and column in the file.
    pub fn position(&self, cell: usize) -> (usize, usize) {
        match self {
            Self::LonLat { columns, first, .. } => (first.0 + cell / columns.len(), first.1 + cell % columns.len()),
            Self::Projected { grid, .. } => (cell / grid.nx, cell % grid.nx),
        }
    }

    /// Area on the sphere of [`EARTH_RADIUS_M`] [m2].
    pub fn area_m2(&self, cell: usize) -> f64 {
        match self {
            Self::LonLat { rows, columns, .. } => {
                let ((south, north), (west, east)) = (rows[cell / columns.len()], columns[cell % columns.len()]);
                let height = north.to_radians().sin() - south.to_radians().sin();
                EARTH_RADIUS_M.powi(2) * (east - west).to_radians() * height
            }
            Self::Projected { area_m2, .. } => area_m2[cell],
        }
    }

    /// Where the cell emits.
    pub fn place(&self, cell: usize) -> Place {
        match self {
            Self::LonLat { rows, columns, .. } => {
                let ((south, north), (west, east)) = (rows[cell / columns.len()], columns[cell % columns.len()]);
                Place::Cell { west, south, east, north }
            }
            Self::Projected { corners, .. } => Place::Quadrilateral { corners: corners[cell] },
        }
    }

    /// Whether both have the same cells in the same order.
    pub fn same(&self, other: &Self) -> bool {
        let near = |a: &[(f64, f64)], b: &[(f64, f64)]| {
            let close = |(p, q): (&(f64, f64), &(f64, f64))| (p.0 - q.0).abs().max((p.1 - q.1).abs()) < SAME_DEG;
            a.len() == b.len() && a.iter().zip(b).all(close)
        };
        match (self, other) {
            (Self::LonLat { rows, columns, .. }, Self::LonLat { rows: r, columns: c, .. }) => {
                near(rows, r) && near(columns, c)
            }
            (Self::Projected { grid, .. }, Self::Projected { grid: other, .. }) => grid == other,
            _ => false,
        }
    }
}

/// Cells along one axis of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct AxisCells {
    /// Lower and upper bound of each cell, in the order of the file [degrees].
    pub bounds: Vec<(f64, f64)>,
}

impl AxisCells {
    /// Cells around evenly spaced `centres`, in either direction; edges lie half-way between them. `latitude` ends at the poles.
    ///
    /// # Errors
    /// What was found and what was expected.
    pub fn around(centres: &[f64], latitude: bool) -> Result<Self, (String, String)> {
        let limit = if latitude { 90.0 } else { 360.0 };
        if centres.len() < 2 {
            return Err((format!("{} values", centres.len()), "at least 2 cell centres".into()));
        }
        if let Some(wrong) = centres.iter().find(|c| !c.is_finite()) {
            return Err((wrong.to_string(), "finite degrees".into()));
        }
        let mut ascending = centres.to_vec();
        let descending = centres[0] > centres[1];
        if descending {
            ascending.reverse();
        }
        let steps: Vec<f64> = ascending.windows(2).map(|w| w[1] - w[0]).collect();
        let (first, last) = (ascending[0], ascending[ascending.len() - 1]);
        let mean = (last - first) / steps.len() as f64;
        if !(mean > 0.0 && steps.iter().all(|s| (0.5 * mean..=1.5 * mean).contains(s))) {
            let found = "values that do not run evenly in one direction".to_owned();
            return Err((found, "evenly spaced cell centres".into()));
        }
        if ascending.iter().any(|c| c.abs() > limit) || (!latitude && mean * centres.len() as f64 > 360.001) {
            let expected = format!("degrees within {limit}, once around the Earth at most");
            return Err((format!("values {first} to {last}"), expected));
        }
        let mut edges = vec![first - 0.5 * steps[0]];
        edges.extend(ascending.windows(2).map(|w| 0.5 * (w[0] + w[1])));
        edges.push(last + 0.5 * steps[steps.len() - 1]);
        if latitude {
            edges.iter_mut().for_each(|e| *e = e.clamp(-90.0, 90.0));
        }
        let mut bounds: Vec<(f64, f64)> = edges.windows(2).map(|w| (w[0], w[1])).collect();
        if descending {
            bounds.reverse();
        }
        if !latitude {
            bounds.iter_mut().for_each(|b| *b = below_180(*b));
        }
        Ok(Self { bounds })
    }

    /// `count` cells of `step` degrees from the edge `from`, upward.
    pub fn from_edge(from: f64, step: f64, count: usize) -> Self {
        Self { bounds: (0..count).map(|i| (from + i as f64 * step, from + (i + 1) as f64 * step)).collect() }
    }

    /// Positions of the first to the last cell that touches `low .. high`; empty when none does.
    pub fn touching(&self, low: f64, high: f64) -> Range<usize> {
        let touches = |b: &(f64, f64)| b.0 < high && b.1 > low;
        let first = self.bounds.iter().position(touches).unwrap_or(0);
        let end = self.bounds.iter().rposition(touches).map_or(first, |last| last + 1);
        first..end
    }
}

/// The cells of two axes that touch `window`, and their ranges of rows and columns in the file.
pub fn within(rows: &AxisCells, columns: &AxisCells, window: Window) -> (Lattice, Range<usize>, Range<usize>) {
    let (west, south, east, north) = window;
    let (y, x) = (rows.touching(south, north), columns.touching(west, east));
    let lattice = Lattice::LonLat {
        rows: rows.bounds[y.clone()].to_vec(),
        columns: columns.bounds[x.clone()].to_vec(),
        first: (y.start, x.start),
    };
    (lattice, y, x)
}

/// Longitudes of a cell brought below 180.
fn below_180((west, east): (f64, f64)) -> (f64, f64) {
    if west >= 180.0 { (west - 360.0, east - 360.0) } else { (west, east) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corner_and_a_centre_grid_of_the_same_field_are_the_same_cells() {
        let centres: Vec<f64> = (0..20).map(|i| 41.05 + 0.1 * f64::from(i)).collect();
        let from_centres = AxisCells::around(&centres, true).unwrap();
        let from_corner = AxisCells::from_edge(41.0, 0.1, 20);
        for (a, b) in from_centres.bounds.iter().zip(&from_corner.bounds) {
            assert!((a.0 - b.0).abs() < 1e-12 && (a.1 - b.1).abs() < 1e-12);
        }
    }

    /// 4 pi R2 over all cells of a sphere in either direction; and the quadrilateral of a box is the box.
    #[test]
    fn areas_are_those_of_the_sphere() {
        let rows = AxisCells::around(&(0..36).map(|i| 87.5 - 5.0 * f64::from(i)).collect::<Vec<_>>(), true).unwrap();
        let columns = AxisCells::around(&(0..72).map(|i| 2.5 + 5.0 * f64::from(i)).collect::<Vec<_>>(), false).unwrap();
        let (lattice, y, x) = within(&rows, &columns, (-180.0, -90.0, 180.0, 90.0));
        assert_eq!((y, x), (0..36, 0..72));
        let sum: f64 = (0..lattice.cells()).map(|c| lattice.area_m2(c)).sum();
        assert!((sum / (4.0 * std::f64::consts::PI * 6_370_000f64.powi(2)) - 1.0).abs() < 1e-12);
        let Place::Cell { west, south, east, north } = lattice.place(100) else { panic!() };
        let ring = [(west, south), (east, south), (east, north), (west, north), (west, south)];
        let box_m2 = sphere_m2(ring.into_iter());
        assert!((box_m2 / lattice.area_m2(100) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_window_keeps_the_positions_of_the_file() {
        let rows = AxisCells::around(&[44.5, 43.5, 42.5, 41.5], true).unwrap();
        let columns = AxisCells::around(&[129.5, 130.5, 131.5], false).unwrap();
        let (lattice, y, x) = within(&rows, &columns, (130.2, 42.1, 131.0, 43.9));
        assert_eq!((y, x), (1..3, 1..2));
        assert_eq!((lattice.cells(), lattice.position(1)), (2, (2, 1)));
        let nothing = within(&rows, &columns, (0.0, 0.0, 1.0, 1.0)).0;
        assert_eq!(nothing.cells(), 0);
    }
}
