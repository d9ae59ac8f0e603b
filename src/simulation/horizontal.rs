//! Horizontal transport: x- and y-sweeps of every (species, layer) slab, sub-stepped where the Courant number asks.
//!
//! A layer is one task. What its sweeps need to know of the air is made once per sub-step and serves all species; then each species' slab is
//! swept in blocks of rows whose intermediate values stay in the nearest cache.

use super::aligned::Aligned;
use super::boundary::{Inflow, Sides};
use super::vectors::widest;
use crate::physics::advection::{HALO, REACH, Sweep, face_values, move_tracer, ranges_across};
use ndarray::{Array3, Array4, ArrayView3, ArrayViewMut2, ArrayViewMut3, Axis};
use rayon::prelude::*;

/// Air masses a step moves through the faces of each padded layer, and how often each layer is sub-stepped.
#[derive(Debug)]
pub struct HorizontalFluxes {
    layers: Vec<Layer>,
    /// Net horizontal outflow of each cell in the whole step [kg], `[z, y, x]`.
    pub outflow: Array3<f32>,
}

/// Share of a cell's air that may leave it in one sweep.
const COURANT_LIMIT: f32 = 0.85;

/// Rows swept at a time: what a block reads and writes stays in the nearest cache.
const BLOCK: usize = 16;

/// Values to a vector of the widest kind; rows of a slab are whole vectors.
const LANES: usize = 16;

/// Air in halo cells: so much that they do not change.
const HALO_MASS: f32 = 1e30;

impl HorizontalFluxes {
    /// Fluxes of a step of `dt` [s] from rates [kg s-1] through western `[z, y, x+1]` and southern `[z, y+1, x]` faces; `mass` is the least air
    /// mass of each cell in the step [kg].
    pub fn new(flux_x: ArrayView3<f32>, flux_y: ArrayView3<f32>, mass: ArrayView3<f32>, dt: f32) -> Self {
        let (nz, ny, nx) = mass.dim();
        let mut outflow = Array3::zeros((nz, ny, nx));
        let layers = (0..nz)
            .map(|z| {
                let (fx, fy, m) =
                    (flux_x.index_axis(Axis(0), z), flux_y.index_axis(Axis(0), z), mass.index_axis(Axis(0), z));
                let mut largest = 0.0f32;
                for y in 0..ny {
                    for x in 0..nx {
                        let (w, e, s, n) = (fx[[y, x]], fx[[y, x + 1]], fy[[y, x]], fy[[y + 1, x]]);
                        let leaving = (e.max(0.0) - w.min(0.0)).max(n.max(0.0) - s.min(0.0));
                        let (net_x, net_y) = ((e - w) * dt, (n - s) * dt);
                        let net = net_x + net_y;
                        // between the sweeps the cell may hold as little as this
                        let held = m[[y, x]] - net.abs() - net_x.abs().min(net_y.abs());
                        largest = largest.max(leaving * dt / held.max(0.1 * m[[y, x]]));
                        outflow[[z, y, x]] = net;
                    }
                }
                let substeps = (largest / COURANT_LIMIT).ceil().max(1.0) as usize;
                let mut layer = Layer::new(nx, ny, substeps);
                let part = dt / substeps as f32;
                for y in 0..ny {
                    let west = layer.slab.row(y);
                    for x in 0..=nx {
                        layer.flux_x[west + x] = fx[[y, x]] * part;
                    }
                }
                for y in 0..=ny {
                    let south = layer.slab.row(y);
                    for x in 0..nx {
                        layer.flux_y[south + x] = fy[[y, x]] * part;
                    }
                }
                layer
            })
            .collect();
        Self { layers, outflow }
    }

    /// The layer that is sub-stepped most often, and how often.
    pub(super) fn most_substeps(&self) -> Option<(usize, usize)> {
        self.layers.iter().map(|l| l.substeps).enumerate().max_by_key(|(_, n)| *n)
    }

    /// Sub-steps of layer `z`.
    pub(super) fn substeps(&self, z: usize) -> usize {
        self.layers[z].substeps
    }

    /// Moves all species `[species, z, y, x]`, starting from air `mass` `[z, y, x]`, which becomes the mass after the sweeps. `y_first` turns the order
    /// of the sweeps. Returns tracer mass that flowed in and out through the sides [kg], per species.
    pub fn advance(
        &mut self,
        state: &mut Array4<f32>,
        mass: &mut Array3<f32>,
        sides: &Sides,
        y_first: bool,
    ) -> Vec<(f64, f64)> {
        let species = state.dim().0;
        self.layers
            .par_iter_mut()
            .zip(state.axis_iter_mut(Axis(1)).into_par_iter())
            .zip(mass.axis_iter_mut(Axis(0)).into_par_iter())
            .enumerate()
            .for_each(|(z, ((layer, mut state), mut mass))| {
                widest(
                    #[inline(always)]
                    || layer.advance(&mut state, &mut mass, sides, z, y_first),
                );
            });
        let mut through = vec![(0.0, 0.0); species];
        for layer in &self.layers {
            for (sum, part) in through.iter_mut().zip(&layer.through) {
                *sum = (sum.0 + part.0, sum.1 + part.1);
            }
        }
        through
    }
}

/// Where cells lie in a padded slab: rows of whole vectors, [`HALO`] cells on each side, and a vector more at both ends for the reach of the flat loops.
#[derive(Debug, Clone, Copy)]
struct Padded {
    nx: usize,
    ny: usize,
    width: usize,
}

impl Padded {
    fn new(nx: usize, ny: usize) -> Self {
        Self { nx, ny, width: (nx + 2 * HALO).next_multiple_of(LANES) }
    }

    fn len(&self) -> usize {
        self.width * (self.ny + 2 * HALO) + 2 * LANES
    }

    /// First cell of a row that is part of the domain.
    fn row(&self, y: usize) -> usize {
        LANES + (y + HALO) * self.width + HALO
    }

    /// A block of whole rows, halo columns included.
    fn rows(&self, from: usize, to: usize) -> std::ops::Range<usize> {
        self.row(from) - HALO..self.row(to) - HALO
    }
}

/// Fluxes, coefficients and working space of one layer.
#[derive(Debug)]
struct Layer {
    slab: Padded,
    substeps: usize,
    /// Air through western and southern faces in a sub-step [kg].
    flux_x: Aligned,
    flux_y: Aligned,
    mass: Aligned,
    x: Sweep,
    y: Sweep,
    q: Aligned,
    moved: Aligned,
    low: Aligned,
    high: Aligned,
    face: Aligned,
    /// Tracer mass in and out through the sides in the last step [kg], per species.
    through: Vec<(f64, f64)>,
}

impl Layer {
    fn new(nx: usize, ny: usize, substeps: usize) -> Self {
        let slab = Padded::new(nx, ny);
        let (whole, block) = (slab.len(), slab.width * (BLOCK + 2 * REACH));
        Self {
            slab,
            substeps,
            flux_x: Aligned::new(whole),
            flux_y: Aligned::new(whole),
            mass: Aligned::new(whole),
            x: Sweep::new(whole, 1),
            y: Sweep::new(whole, slab.width),
            q: Aligned::new(whole),
            moved: Aligned::new(whole),
            low: Aligned::new(block),
            high: Aligned::new(block),
            face: Aligned::new(block),
            through: Vec::new(),
        }
    }

    /// Fills the halo of `q`: what is outside where air flows in, the edge's own value where it flows out.
    fn fill_halo(&mut self, inflow: &Inflow) {
        let Padded { nx, ny, width, .. } = self.slab;
        let (south, north) = (self.slab.row(0), self.slab.row(ny));
        for x in 0..nx {
            let outside_south = if self.flux_y[south + x] > 0.0 { inflow.south[x] } else { self.q[south + x] };
            let outside_north = if self.flux_y[north + x] < 0.0 { inflow.north[x] } else { self.q[north - width + x] };
            for h in 0..HALO {
                self.q[south - (h + 1) * width + x] = outside_south;
                self.q[north + h * width + x] = outside_north;
            }
        }
        for row in 0..ny + 2 * HALO {
            let west = LANES + row * width + HALO;
            let east = west + nx;
            let side = row.checked_sub(HALO).filter(|y| *y < ny);
            let (mut outside_west, mut outside_east) = (self.q[west], self.q[east - 1]);
            if let Some(y) = side {
                if self.flux_x[west] > 0.0 {
                    outside_west = inflow.west[y];
                }
                if self.flux_x[east] < 0.0 {
                    outside_east = inflow.east[y];
                }
            }
            self.q[west - HALO..west].fill(outside_west);
            self.q[east..east + HALO].fill(outside_east);
        }
    }

    #[inline(always)]
    fn sweep_x(&mut self, inflow: &Inflow, through: &mut (f64, f64)) {
        let Padded { nx, ny, width, .. } = self.slab;
        self.fill_halo(inflow);
        for from in (0..ny).step_by(BLOCK) {
            let to = (from + BLOCK).min(ny);
            let cells = self.slab.rows(from, to);
            let first = cells.start;
            ranges_across(&self.q, width, first - 2..cells.end + 2, &mut self.low, &mut self.high);
            face_values(&self.q, &self.low, &self.high, &self.x, first..cells.end + 1, &mut self.face);
            for y in from..to {
                let (west, east) = (self.slab.row(y), self.slab.row(y) + nx);
                side(self.flux_x[west], &mut self.face[west - first], inflow.west[y], through);
                side(-self.flux_x[east], &mut self.face[east - first], inflow.east[y], through);
            }
            move_tracer(&self.q, &self.face, &self.x, cells, &mut self.moved);
        }
        std::mem::swap(&mut self.q, &mut self.moved);
    }

    #[inline(always)]
    fn sweep_y(&mut self, inflow: &Inflow, through: &mut (f64, f64)) {
        let Padded { nx, ny, width, .. } = self.slab;
        self.fill_halo(inflow);
        for from in (0..ny).step_by(BLOCK) {
            let to = (from + BLOCK).min(ny);
            let cells = self.slab.rows(from, to);
            let first = cells.start;
            let around = first - 2 * width..cells.end + 2 * width;
            ranges_across(&self.q, 1, around, &mut self.low, &mut self.high);
            face_values(&self.q, &self.low, &self.high, &self.y, first..cells.end + width, &mut self.face);
            for x in 0..nx {
                if from == 0 {
                    let south = self.slab.row(0) + x;
                    side(self.flux_y[south], &mut self.face[south - first], inflow.south[x], through);
                }
                if to == ny {
                    let north = self.slab.row(ny) + x;
                    side(-self.flux_y[north], &mut self.face[north - first], inflow.north[x], through);
                }
            }
            move_tracer(&self.q, &self.face, &self.y, cells, &mut self.moved);
        }
        std::mem::swap(&mut self.q, &mut self.moved);
    }

    /// One step of this layer, all species `[species, y, x]`.
    #[inline(always)]
    fn advance(
        &mut self,
        state: &mut ArrayViewMut3<f32>,
        mass: &mut ArrayViewMut2<f32>,
        sides: &Sides,
        z: usize,
        y_first: bool,
    ) {
        let slab = self.slab;
        self.through.clear();
        self.through.resize(state.dim().0, (0.0, 0.0));
        self.mass.fill(HALO_MASS);
        for (y, row) in mass.outer_iter().enumerate() {
            let at = slab.row(y);
            self.mass[at..at + slab.nx].iter_mut().zip(row).for_each(|(to, from)| *to = *from);
        }
        for sub in 0..self.substeps {
            let y_first = y_first == (sub % 2 == 0);
            // halo air is so much that f32 absorbs every flux: it needs no reset
            if y_first {
                self.y.prepare(&mut self.mass, &self.flux_y);
                self.x.prepare(&mut self.mass, &self.flux_x);
            } else {
                self.x.prepare(&mut self.mass, &self.flux_x);
                self.y.prepare(&mut self.mass, &self.flux_y);
            }
            for (s, mut state) in state.outer_iter_mut().enumerate() {
                let inflow = sides.layer(s, z);
                let mut through = self.through[s];
                for (y, row) in state.outer_iter().enumerate() {
                    let at = slab.row(y);
                    self.q[at..at + slab.nx].iter_mut().zip(row).for_each(|(to, from)| *to = *from);
                }
                if y_first {
                    self.sweep_y(&inflow, &mut through);
                    self.sweep_x(&inflow, &mut through);
                } else {
                    self.sweep_x(&inflow, &mut through);
                    self.sweep_y(&inflow, &mut through);
                }
                for (y, mut row) in state.outer_iter_mut().enumerate() {
                    let at = slab.row(y);
                    row.iter_mut().zip(&self.q[at..at + slab.nx]).for_each(|(to, from)| *to = *from);
                }
                self.through[s] = through;
            }
        }
        for (y, mut row) in mass.outer_iter_mut().enumerate() {
            let at = slab.row(y);
            row.iter_mut().zip(&self.mass[at..at + slab.nx]).for_each(|(to, from)| *to = *from);
        }
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
