//! Horizontal transport: x- and y-sweeps of every (species, layer) slab, sub-stepped where the Courant number asks.

use super::boundary::{Inflow, Sides};
use crate::physics::advection::{HALO, SweepScratch, face_values, move_air, move_mass};
use ndarray::{Array3, Array4, ArrayView3, Axis};
use rayon::prelude::*;

/// Air masses a step moves through the faces of each padded layer, and how often each layer is sub-stepped.
#[derive(Debug)]
pub struct HorizontalFluxes {
    nx: usize,
    ny: usize,
    /// Per layer: sub-steps, and fluxes per sub-step [kg] of western and southern faces on the padded slab.
    layers: Vec<LayerFlux>,
    /// Net horizontal outflow of each cell in the whole step [kg], `[z, y, x]`.
    pub outflow: Array3<f32>,
}

#[derive(Debug)]
struct LayerFlux {
    substeps: usize,
    x: Vec<f32>,
    y: Vec<f32>,
}

/// Share of a cell's air that may leave it in one sub-step; below one so that a parabola is never asked for more than a cell.
const COURANT_LIMIT: f32 = 0.8;

impl HorizontalFluxes {
    /// Fluxes of a step of `dt` [s] from rates [kg s-1] through western `[z, y, x+1]` and southern `[z, y+1, x]` faces; `mass` is the least air
    /// mass of each cell in the step [kg].
    pub fn new(flux_x: ArrayView3<f32>, flux_y: ArrayView3<f32>, mass: ArrayView3<f32>, dt: f32) -> Self {
        let (nz, ny, nx) = mass.dim();
        let width = nx + 2 * HALO;
        let mut outflow = Array3::zeros((nz, ny, nx));
        let layers = (0..nz)
            .map(|z| {
                let (fx, fy, m) =
                    (flux_x.index_axis(Axis(0), z), flux_y.index_axis(Axis(0), z), mass.index_axis(Axis(0), z));
                let mut largest = 0.0f32;
                for y in 0..ny {
                    for x in 0..nx {
                        let (w, e, s, n) = (fx[[y, x]], fx[[y, x + 1]], fy[[y, x]], fy[[y + 1, x]]);
                        let leaving = (-w).max(0.0) + e.max(0.0) + (-s).max(0.0) + n.max(0.0);
                        let net = (e - w + n - s) * dt;
                        // while the sweeps go on, the cell may hold as little as this
                        largest = largest.max(leaving * dt / (m[[y, x]] - net.abs()));
                        outflow[[z, y, x]] = net;
                    }
                }
                let substeps = (largest / COURANT_LIMIT).ceil().max(1.0) as usize;
                let part = dt / substeps as f32;
                let mut layer = LayerFlux {
                    substeps,
                    x: vec![0.0; width * (ny + 2 * HALO)],
                    y: vec![0.0; width * (ny + 2 * HALO)],
                };
                for y in 0..ny {
                    for x in 0..=nx {
                        layer.x[(y + HALO) * width + x + HALO] = fx[[y, x]] * part;
                    }
                }
                for y in 0..=ny {
                    for x in 0..nx {
                        layer.y[(y + HALO) * width + x + HALO] = fy[[y, x]] * part;
                    }
                }
                layer
            })
            .collect();
        Self { nx, ny, layers, outflow }
    }

    /// Sub-steps of layer `z`.
    pub(super) fn substeps(&self, z: usize) -> usize {
        self.layers[z].substeps
    }

    /// Moves all species `[species, z, y, x]`, starting from air `mass` `[z, y, x]`, which becomes the mass after the sweeps. `y_first` turns the order
    /// of the sweeps. Returns tracer mass that flowed in and out through the sides [kg], per species.
    pub fn advance(
        &self,
        state: &mut Array4<f32>,
        mass: &mut Array3<f32>,
        sides: &Sides,
        y_first: bool,
    ) -> Vec<(f64, f64)> {
        let (species, nz, ny, nx) = state.dim();
        let cells = ny * nx;
        let air = mass.as_slice().expect("air mass is contiguous");
        let slabs = state.as_slice_mut().expect("state is contiguous");
        let through: Vec<(f64, f64)> = slabs
            .par_chunks_mut(cells)
            .enumerate()
            .map_init(
                || Slab::new(nx, ny),
                |slab, (i, q)| {
                    let (s, z) = (i / nz, i % nz);
                    slab.load(q, &air[z * cells..(z + 1) * cells]);
                    let through = slab.sweep(&self.layers[z], &sides.layer(s, z), y_first);
                    slab.store(q);
                    through
                },
            )
            .collect();
        mass.as_slice_mut().expect("air mass is contiguous").par_chunks_mut(cells).enumerate().for_each_init(
            || Slab::new(nx, ny),
            |slab, (z, m)| {
                slab.load_air(m);
                slab.sweep_air(&self.layers[z], y_first);
                slab.store_air(m);
            },
        );
        debug_assert_eq!((self.nx, self.ny), (nx, ny));
        (0..species)
            .map(|s| through[s * nz..(s + 1) * nz].iter().fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1)))
            .collect()
    }
}

/// One padded (species, layer) slab: stays in cache while it is swept.
struct Slab {
    nx: usize,
    ny: usize,
    width: usize,
    q: Vec<f32>,
    mass: Vec<f32>,
    scratch: SweepScratch,
}

/// Air in halo cells: so much that they do not change.
const HALO_MASS: f32 = 1e30;

impl Slab {
    fn new(nx: usize, ny: usize) -> Self {
        let width = nx + 2 * HALO;
        let n = width * (ny + 2 * HALO);
        Self { nx, ny, width, q: vec![0.0; n], mass: vec![HALO_MASS; n], scratch: SweepScratch::new(n) }
    }

    fn row(&self, y: usize) -> std::ops::Range<usize> {
        let start = (y + HALO) * self.width + HALO;
        start..start + self.nx
    }

    fn load(&mut self, q: &[f32], mass: &[f32]) {
        for y in 0..self.ny {
            let row = self.row(y);
            self.q[row].copy_from_slice(&q[y * self.nx..(y + 1) * self.nx]);
        }
        self.load_air(mass);
    }

    fn load_air(&mut self, mass: &[f32]) {
        self.mass.fill(HALO_MASS);
        for y in 0..self.ny {
            let row = self.row(y);
            self.mass[row].copy_from_slice(&mass[y * self.nx..(y + 1) * self.nx]);
        }
    }

    fn store(&self, q: &mut [f32]) {
        for y in 0..self.ny {
            q[y * self.nx..(y + 1) * self.nx].copy_from_slice(&self.q[self.row(y)]);
        }
    }

    fn store_air(&self, mass: &mut [f32]) {
        for y in 0..self.ny {
            mass[y * self.nx..(y + 1) * self.nx].copy_from_slice(&self.mass[self.row(y)]);
        }
    }

    fn sweep(&mut self, flux: &LayerFlux, inflow: &Inflow, y_first: bool) -> (f64, f64) {
        let mut through = (0.0, 0.0);
        for sub in 0..flux.substeps {
            if y_first == (sub % 2 == 0) {
                self.sweep_y(&flux.y, inflow, &mut through);
                self.sweep_x(&flux.x, inflow, &mut through);
            } else {
                self.sweep_x(&flux.x, inflow, &mut through);
                self.sweep_y(&flux.y, inflow, &mut through);
            }
        }
        through
    }

    // Halo air is so much that f32 absorbs every flux: it needs no reset between sweeps.
    fn sweep_air(&mut self, flux: &LayerFlux, y_first: bool) {
        let rows = HALO * self.width..(HALO + self.ny) * self.width;
        for sub in 0..flux.substeps {
            if y_first == (sub % 2 == 0) {
                move_air(&mut self.mass, &flux.y, self.width);
                move_air(&mut self.mass[rows.clone()], &flux.x[rows.clone()], 1);
            } else {
                move_air(&mut self.mass[rows.clone()], &flux.x[rows.clone()], 1);
                move_air(&mut self.mass, &flux.y, self.width);
            }
        }
    }

    fn sweep_x(&mut self, flux: &[f32], inflow: &Inflow, through: &mut (f64, f64)) {
        for y in 0..self.ny {
            let row = self.row(y);
            let (west, east) = (row.start, row.end);
            let west_value = if flux[west] > 0.0 { inflow.west[y] } else { self.q[west] };
            let east_value = if flux[east] < 0.0 { inflow.east[y] } else { self.q[east - 1] };
            self.q[west - HALO..west].fill(west_value);
            self.q[east..east + HALO].fill(east_value);
        }
        let rows = HALO * self.width..(HALO + self.ny) * self.width;
        let (q, mass, f) = (&mut self.q[rows.clone()], &mut self.mass[rows.clone()], &flux[rows]);
        face_values(q, mass, f, 1, &mut self.scratch);
        for y in 0..self.ny {
            let west = y * self.width + HALO;
            let east = west + self.nx;
            side(f[west], &mut self.scratch.face[west], inflow.west[y], through);
            side(-f[east], &mut self.scratch.face[east], inflow.east[y], through);
        }
        move_mass(q, mass, f, 1, &self.scratch);
    }

    fn sweep_y(&mut self, flux: &[f32], inflow: &Inflow, through: &mut (f64, f64)) {
        let (south, north) = (HALO * self.width, (HALO + self.ny) * self.width);
        for x in HALO..HALO + self.nx {
            let south_value = if flux[south + x] > 0.0 { inflow.south[x - HALO] } else { self.q[south + x] };
            let north_value =
                if flux[north + x] < 0.0 { inflow.north[x - HALO] } else { self.q[north - self.width + x] };
            for h in 0..HALO {
                self.q[h * self.width + x] = south_value;
                self.q[north + h * self.width + x] = north_value;
            }
        }
        face_values(&self.q, &self.mass, flux, self.width, &mut self.scratch);
        for x in HALO..HALO + self.nx {
            side(flux[south + x], &mut self.scratch.face[south + x], inflow.south[x - HALO], through);
            side(-flux[north + x], &mut self.scratch.face[north + x], inflow.north[x - HALO], through);
        }
        move_mass(&mut self.q, &mut self.mass, flux, self.width, &self.scratch);
    }
}

/// A face of the domain: air that enters (`inward > 0`) brings what is outside; books what passes.
fn side(inward: f32, face: &mut f32, inflow: f32, through: &mut (f64, f64)) {
    if inward > 0.0 {
        *face = inflow;
        through.0 += f64::from(inward) * f64::from(inflow);
    } else {
        through.1 -= f64::from(inward) * f64::from(*face);
    }
}
