//! Bilinear interpolation from a provider's horizontal grid to the model's cells.

use crate::domain::grid::HorizontalGrid;
use crate::error::{Error, Result};

/// Bilinear weights from a provider's grid to the model's cells.
#[derive(Clone)]
pub(super) struct Bilinear {
    /// Per model cell: the south-western provider cell and the weights of it and its eastern, northern, north-eastern neighbours.
    cells: Vec<(usize, [f32; 4])>,
    nx: usize,
}

/// How far [cells] a model cell may lie outside the provider's outermost centres.
const MARGIN: f64 = 0.51;

impl Bilinear {
    /// Weights for every model cell; `what` is provided, and given by a key of the configuration.
    ///
    /// # Errors
    /// `Missing` where a model cell lies outside the provider's cells.
    pub fn new(from: &HorizontalGrid, to: &HorizontalGrid, (what, key): (&str, &str)) -> Result<Self> {
        let transform = from.transform();
        let (mx, my) = (from.nx as f64 - 1.0, from.ny as f64 - 1.0);
        let mut cells = Vec::with_capacity(to.cells());
        for (lon, lat) in to.centres() {
            let (x, y) = transform.index(lon, lat);
            let inside = |v: f64, max: f64| v >= -MARGIN && v <= max + MARGIN;
            if !(inside(x, mx) && inside(y, my)) || from.nx < 2 || from.ny < 2 {
                return Err(Error::missing(
                    format!("{what} over {lon:.2} E {lat:.2} N, inside the model grid"),
                    key,
                    "Choose a grid that the files cover, or files that cover the grid",
                ));
            }
            let (x, y) = (x.clamp(0.0, mx), y.clamp(0.0, my));
            let (i, j) = ((x as usize).min(from.nx - 2), (y as usize).min(from.ny - 2));
            let (a, b) = ((x - i as f64) as f32, (y - j as f64) as f32);
            cells.push((j * from.nx + i, [(1.0 - a) * (1.0 - b), a * (1.0 - b), (1.0 - a) * b, a * b]));
        }
        Ok(Self { cells, nx: from.nx })
    }

    /// Interpolates one field `[y, x]`.
    pub fn apply(&self, from: &[f32], to: &mut [f32]) {
        for (cell, to) in to.iter_mut().enumerate() {
            *to = self.at(cell, from);
        }
    }

    /// The value of one field `[y, x]` at a model cell.
    pub fn at(&self, cell: usize, from: &[f32]) -> f32 {
        let (c, w) = &self.cells[cell];
        w[0] * from[*c] + w[1] * from[c + 1] + w[2] * from[c + self.nx] + w[3] * from[c + self.nx + 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bilinear_weights_reproduce_a_plane() {
        let from = HorizontalGrid::new("+proj=latlong +R=6370000", (20, 20), (125.0, 40.0), (0.5, 0.5)).unwrap();
        let to = HorizontalGrid::new("+proj=latlong +R=6370000", (10, 8), (126.1, 41.2), (0.37, 0.41)).unwrap();
        let plane = |lon: f64, lat: f64| (0.3 * lon - 0.7 * lat) as f32;
        let source: Vec<f32> = from.centres().into_iter().map(|(lon, lat)| plane(lon, lat)).collect();
        let mut out = vec![0.0; to.cells()];
        Bilinear::new(&from, &to, ("air", "inputs.air")).unwrap().apply(&source, &mut out);
        for (value, (lon, lat)) in out.iter().zip(to.centres()) {
            assert!((value - plane(lon, lat)).abs() < 1e-4);
        }
        let outside = HorizontalGrid::new("+proj=latlong +R=6370000", (10, 8), (136.0, 41.2), (0.37, 0.41)).unwrap();
        assert!(Bilinear::new(&from, &outside, ("air", "inputs.air")).is_err());
    }
}
