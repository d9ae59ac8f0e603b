//! Horizontal diffusion of every (species, layer) slab: coefficients of the hour, shared by all species.

use super::driver::HourDriver;
use super::vectors::widest;
use crate::domain::grid::Grid;
use crate::domain::species::Species;
use crate::physics::horizontal_diffusion::{deformation, diffusivity, exchange, spread};
use ndarray::{Array3, Array4, ArrayView2, Axis};
use rayon::prelude::*;

/// Air that the faces of each layer exchange in a step.
#[derive(Debug)]
pub struct HorizontalDiffusion {
    /// Length of the cells along x and y [m], `[y, x]`.
    dx: Vec<f32>,
    dy: Vec<f32>,
    /// Exchange [kg] through western and southern faces, `[z, y, x]`.
    x: Array3<f32>,
    y: Array3<f32>,
    inverse_mass: Array3<f32>,
    /// Three rows for each (species, layer).
    work: Vec<f32>,
}

impl HorizontalDiffusion {
    /// Without exchange yet.
    pub fn new(grid: &Grid) -> Self {
        let (nz, ny, nx) = grid.shape();
        let metric = grid.horizontal.metric();
        let (mut dx, mut dy) = (Vec::with_capacity(nx * ny), Vec::with_capacity(nx * ny));
        for y in 0..ny {
            for x in 0..nx {
                let (south, west) = (y * nx + x, y * (nx + 1) + x);
                dx.push(0.5 * (metric.south_face_m[south] + metric.south_face_m[south + nx]));
                dy.push(0.5 * (metric.west_face_m[west] + metric.west_face_m[west + 1]));
            }
        }
        let zeros = || Array3::zeros((nz, ny, nx));
        let work = vec![0.0; Species::COUNT * nz * 3 * nx];
        Self { dx, dy, x: zeros(), y: zeros(), inverse_mass: zeros(), work }
    }

    /// Exchange in steps of `dt` [s] by the hour's winds; `mass` is the least air mass of each cell in the hour [kg].
    pub fn prepare(&mut self, driver: &HourDriver, mass: &Array3<f32>, dt: f32) {
        let (_, ny, nx) = mass.dim();
        let (dx, dy) = (&self.dx, &self.dy);
        let layers = self.x.axis_iter_mut(Axis(0)).into_par_iter().zip(self.y.axis_iter_mut(Axis(0)));
        layers.enumerate().for_each(|(z, (mut ex, mut ey))| {
            let air = mass.index_axis(Axis(0), z);
            let (u, v) = face_winds(driver, (dx, dy), air, z);
            let mut k = vec![0.0; ny * nx];
            deformation(&u, &v, dx, dy, nx, &mut k);
            for ((k, dx), dy) in k.iter_mut().zip(dx).zip(dy) {
                *k = diffusivity(*k, dx * dy);
            }
            for y in 0..ny {
                for x in 0..nx {
                    let c = y * nx + x;
                    if x > 0 {
                        let distance = 0.5 * (dx[c - 1] + dx[c]);
                        ex[[y, x]] = exchange((air[[y, x - 1]], air[[y, x]]), (k[c - 1], k[c]), distance, dt);
                    }
                    if y > 0 {
                        let distance = 0.5 * (dy[c - nx] + dy[c]);
                        ey[[y, x]] = exchange((air[[y - 1, x]], air[[y, x]]), (k[c - nx], k[c]), distance, dt);
                    }
                }
            }
        });
    }

    /// Exchange [kg] in a step through the western and southern faces of layer `z`, `[y, x]`; those of the first column and row are closed.
    pub(super) fn exchange(&self, z: usize) -> [&[f32]; 2] {
        let cells = self.dx.len();
        [&self.x, &self.y].map(|a| &a.as_slice().expect("coefficients are contiguous")[z * cells..(z + 1) * cells])
    }

    /// Spreads all species `[species, z, y, x]` in air of `mass` `[z, y, x]` [kg].
    pub fn advance(&mut self, state: &mut Array4<f32>, mass: &Array3<f32>) {
        let (_, nz, ny, nx) = state.dim();
        let cells = ny * nx;
        self.inverse_mass.zip_mut_with(mass, |inverse, m| *inverse = 1.0 / m);
        let [inverse, ex, ey] =
            [&self.inverse_mass, &self.x, &self.y].map(|a| a.as_slice().expect("coefficients are contiguous"));
        let slabs = state.as_slice_mut().expect("state is contiguous").par_chunks_mut(cells);
        slabs.zip(self.work.par_chunks_mut(3 * nx)).enumerate().for_each(|(i, (q, work))| {
            let layer = i % nz * cells..(i % nz + 1) * cells;
            let (inverse, ex, ey) = (&inverse[layer.clone()], &ex[layer.clone()], &ey[layer]);
            widest(
                #[inline(always)]
                || spread(q, inverse, ex, ey, nx, work),
            );
        });
    }
}

/// Winds [m s-1] through the western and southern faces of layer `z`: a flux over the air mass beside its face, times the length of the cell.
fn face_winds(driver: &HourDriver, (dx, dy): (&[f32], &[f32]), air: ArrayView2<f32>, z: usize) -> (Vec<f32>, Vec<f32>) {
    let (ny, nx) = air.dim();
    let mut u = Vec::with_capacity(ny * (nx + 1));
    for y in 0..ny {
        for x in 0..=nx {
            let (west, east) = (x.max(1) - 1, x.min(nx - 1));
            let beside = 0.5 * (air[[y, west]] + air[[y, east]]);
            u.push(driver.flux_x[[z, y, x]] / beside * dx[y * nx + east]);
        }
    }
    let mut v = Vec::with_capacity((ny + 1) * nx);
    for y in 0..=ny {
        let (south, north) = (y.max(1) - 1, y.min(ny - 1));
        for x in 0..nx {
            let beside = 0.5 * (air[[south, x]] + air[[north, x]]);
            v.push(driver.flux_y[[z, y, x]] / beside * dy[north * nx + x]);
        }
    }
    (u, v)
}
