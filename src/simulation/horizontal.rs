//! Horizontal transport: x- and y-sweeps of every (species, layer) slab, sub-stepped where the Courant number asks.
//!
//! A layer is one task. What its sweeps need to know of the air is made once per sub-step and serves all species, which are swept a few at a time:
//! their slabs and the coefficients stay in the second cache.

use super::boundary::{Inflow, Sides};
use crate::physics::advection::{Along, Flow, HALO_MASS};
use crate::physics::advection_sweep::{RowSpace, Sweep};
use crate::physics::aligned::Aligned;
use crate::physics::padded::{HALO, Padded};
use ndarray::{Array3, Array4, ArrayView3, ArrayViewMut2, ArrayViewMut3, Axis};
use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

/// Air masses a step moves through the faces of each padded layer, and how often each layer is sub-stepped.
#[derive(Debug)]
pub struct HorizontalFluxes {
    layers: Vec<Layer>,
    of_threads: Vec<Mutex<Workspace>>,
    /// Net horizontal outflow of each cell in the whole step [kg], `[z, y, x]`.
    pub outflow: Array3<f32>,
}

/// Share of a cell's air that may leave it in one sweep.
const COURANT_LIMIT: f32 = 0.85;

/// Species swept at a time.
pub(super) const TOGETHER: usize = 5;

impl HorizontalFluxes {
    /// Fluxes of a step of `dt` [s] from rates [kg s-1] through western `[z, y, x+1]` and southern `[z, y+1, x]` faces; `mass` is the least air
    /// mass of each cell in the step [kg].
    pub fn new(flux_x: ArrayView3<f32>, flux_y: ArrayView3<f32>, mass: ArrayView3<f32>, dt: f32) -> Self {
        let (_, ny, nx) = mass.dim();
        let slab = Padded::new(nx, ny);
        let of_threads = (0..rayon::current_num_threads()).map(|_| Mutex::new(Workspace::new(slab))).collect();
        Self::with_space(of_threads, flux_x, flux_y, mass, dt)
    }

    /// Takes other fluxes of the same grid and keeps the working space; arguments as in [`Self::new`].
    pub fn renew(&mut self, flux_x: ArrayView3<f32>, flux_y: ArrayView3<f32>, mass: ArrayView3<f32>, dt: f32) {
        *self = if mass.dim() == self.outflow.dim() {
            Self::with_space(std::mem::take(&mut self.of_threads), flux_x, flux_y, mass, dt)
        } else {
            Self::new(flux_x, flux_y, mass, dt)
        };
    }

    fn with_space(
        of_threads: Vec<Mutex<Workspace>>,
        flux_x: ArrayView3<f32>,
        flux_y: ArrayView3<f32>,
        mass: ArrayView3<f32>,
        dt: f32,
    ) -> Self {
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
        Self { layers, of_threads, outflow }
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
        let Self { layers, of_threads, .. } = self;
        layers
            .par_iter_mut()
            .zip(state.axis_iter_mut(Axis(1)).into_par_iter())
            .zip(mass.axis_iter_mut(Axis(0)).into_par_iter())
            .enumerate()
            .for_each(|(z, ((layer, state), mass))| {
                // a pool of more threads than when the fluxes were made shares the space
                let thread = rayon::current_thread_index().unwrap_or(0) % of_threads.len();
                let mut space = of_threads[thread].lock().unwrap_or_else(PoisonError::into_inner);
                layer.advance(&mut space, state, mass, (sides, z), y_first);
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

/// Fluxes of one layer.
#[derive(Debug)]
struct Layer {
    slab: Padded,
    substeps: usize,
    /// Air through western and southern faces in a sub-step [kg].
    flux_x: Aligned,
    flux_y: Aligned,
    /// Tracer mass in and out through the sides in the last step [kg], per species.
    through: Vec<(f64, f64)>,
}

/// What a thread needs for the layer it works on.
#[derive(Debug)]
struct Workspace {
    mass: Aligned,
    after: Aligned,
    x: Flow,
    y: Flow,
    q: Vec<Aligned>,
    moved: Vec<Aligned>,
    rows: RowSpace,
}

impl Workspace {
    fn new(slab: Padded) -> Self {
        // sweeps leave the air of the halo as it is
        let outside = || {
            let mut mass = Aligned::new(slab.cells());
            mass.fill(HALO_MASS);
            mass
        };
        let slabs = || (0..TOGETHER).map(|_| Aligned::new(slab.cells())).collect();
        Self {
            mass: outside(),
            after: outside(),
            x: Flow::new(slab, Along::X),
            y: Flow::new(slab, Along::Y),
            q: slabs(),
            moved: slabs(),
            rows: RowSpace::new(slab),
        }
    }

    /// Takes the air of a sub-step through both sweeps.
    fn prepare(&mut self, layer: &Layer, order: [Along; 2]) {
        for along in order {
            let (flow, flux) = match along {
                Along::X => (&mut self.x, &layer.flux_x),
                Along::Y => (&mut self.y, &layer.flux_y),
            };
            flow.prepare(&self.mass, flux, &mut self.after);
            flow.open_sides(flux);
            std::mem::swap(&mut self.mass, &mut self.after);
        }
    }

    /// Sweeps the first slabs of `q`, as many as there are `inflows`.
    fn sweep(&mut self, layer: &Layer, along: Along, inflows: &[Inflow], through: &mut [(f64, f64)]) {
        let Self { x, y, q, moved, rows, .. } = self;
        for (q, inflow) in q.iter_mut().zip(inflows) {
            layer.fill_halo(q, inflow, along);
        }
        let (flow, flux) = match along {
            Along::X => (&*x, &layer.flux_x),
            Along::Y => (&*y, &layer.flux_y),
        };
        let (from, to) = (&q[..inflows.len()], &mut moved[..inflows.len()]);
        Sweep { slab: layer.slab, flow, flux, from, to, rows, through }.run();
        std::mem::swap(q, moved);
    }
}

impl Layer {
    fn new(nx: usize, ny: usize, substeps: usize) -> Self {
        let slab = Padded::new(nx, ny);
        Self {
            slab,
            substeps,
            flux_x: Aligned::new(slab.cells()),
            flux_y: Aligned::new(slab.cells()),
            through: Vec::new(),
        }
    }

    /// Fills the halo of `q` as far as a sweep `along` reads it, [`HALO`] cells at the ends of its lines and one beside them: what is outside where air
    /// flows in, the edge's own value where it flows out.
    fn fill_halo(&self, q: &mut [f32], inflow: &Inflow, along: Along) {
        let Padded { nx, ny, width } = self.slab;
        let (columns, rows) = match along {
            Along::X => (HALO, 1),
            Along::Y => (1, HALO),
        };
        let (south, north) = (self.slab.row(0), self.slab.row(ny));
        let (outside, inside) = q[south - width..][..width + nx].split_at_mut(width);
        for (((outside, edge), flux), inflow) in
            outside.iter_mut().zip(inside).zip(&self.flux_y[south..]).zip(inflow.south)
        {
            *outside = if *flux > 0.0 { *inflow } else { *edge };
        }
        let (inside, outside) = q[north - width..][..width + nx].split_at_mut(width);
        for (((outside, edge), flux), inflow) in
            outside.iter_mut().zip(inside).zip(&self.flux_y[north..]).zip(inflow.north)
        {
            *outside = if *flux < 0.0 { *inflow } else { *edge };
        }
        for h in 1..rows {
            q.copy_within(south - width..south - width + nx, south - (h + 1) * width);
            q.copy_within(north..north + nx, north + h * width);
        }
        let mut fill = |west: usize, inflow: (Option<f32>, Option<f32>)| {
            let east = west + nx;
            let (outside_west, outside_east) = (inflow.0.unwrap_or(q[west]), inflow.1.unwrap_or(q[east - 1]));
            q[west - columns..west].fill(outside_west);
            q[east..east + columns].fill(outside_east);
        };
        for (y, (inflow_west, inflow_east)) in inflow.west.iter().zip(inflow.east).enumerate() {
            let west = self.slab.row(y);
            let (enters_west, enters_east) = (self.flux_x[west] > 0.0, self.flux_x[west + nx] < 0.0);
            fill(west, (enters_west.then_some(*inflow_west), enters_east.then_some(*inflow_east)));
        }
        for row in (HALO - rows..HALO).chain(ny + HALO..ny + HALO + rows) {
            fill(self.slab.start(row), (None, None));
        }
    }

    /// One step of this layer, all species `[species, y, x]`.
    fn advance(
        &mut self,
        space: &mut Workspace,
        mut state: ArrayViewMut3<f32>,
        mut mass: ArrayViewMut2<f32>,
        (sides, z): (&Sides, usize),
        y_first: bool,
    ) {
        let slab = self.slab;
        let mut through = std::mem::take(&mut self.through);
        through.clear();
        through.resize(state.dim().0, (0.0, 0.0));
        slab.load(mass.as_slice().expect("planes are contiguous"), &mut space.mass);
        for sub in 0..self.substeps {
            let order = if y_first == (sub % 2 == 0) { [Along::Y, Along::X] } else { [Along::X, Along::Y] };
            space.prepare(self, order);
            for (group, mut state) in state.axis_chunks_iter_mut(Axis(0), TOGETHER).enumerate() {
                let first = group * TOGETHER;
                let inflows: Vec<Inflow> = (0..state.dim().0).map(|s| sides.layer(first + s, z)).collect();
                let through = &mut through[first..][..inflows.len()];
                for (q, plane) in space.q.iter_mut().zip(state.outer_iter()) {
                    slab.load(plane.to_slice().expect("planes are contiguous"), q);
                }
                for along in order {
                    space.sweep(self, along, &inflows, through);
                }
                for (q, plane) in space.q.iter().zip(state.outer_iter_mut()) {
                    slab.store(q, plane.into_slice().expect("planes are contiguous"));
                }
            }
        }
        slab.store(&space.mass, mass.as_slice_mut().expect("planes are contiguous"));
        self.through = through;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers between -1 and 1, scattered by the mixing of bits of SplitMix64 (Steele, Lea & Flood 2014).
    fn scattered(i: usize) -> f32 {
        let mut bits = (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits >> 40) as f32) / (1 << 23) as f32 - 1.0
    }

    /// What a slab of any extent needs of its halo is filled: the rest may be anything, and a halo that is filled throughout gives the same bits.
    #[test]
    fn the_halo_is_filled_as_far_as_sweeps_read() {
        for (nx, ny) in [(1, 1), (1, 16), (17, 1), (21, 18), (32, 5)] {
            let mut layer = Layer::new(nx, ny, 1);
            let slab = layer.slab;
            layer.flux_x.iter_mut().enumerate().for_each(|(i, flux)| *flux = 0.3 * scattered(i));
            layer.flux_y.iter_mut().enumerate().for_each(|(i, flux)| *flux = 0.3 * scattered(i + 10_000_000));
            let values =
                |n: usize, seed: usize| (0..n).map(|i| 2.0 + scattered(i + seed * 1_000_000)).collect::<Vec<f32>>();
            let (plane, west, east) = (values(nx * ny, 1), values(ny, 2), values(ny, 3));
            let (south, north) = (values(nx, 4), values(nx, 5));
            let inflow = Inflow { west: &west, east: &east, south: &south, north: &north };
            let (at_x, at_y) = (|y: usize| slab.row(y), |x: usize| slab.row(0) + x);
            // of a cell outside, by the nearest cell of the domain; corners have what is south and north of them
            let outside = |x: isize, y: isize| -> f32 {
                let (cx, cy) = (x.clamp(0, nx as isize - 1) as usize, y.clamp(0, ny as isize - 1) as usize);
                let edge = plane[cy * nx + cx];
                match () {
                    () if y < 0 => {
                        if layer.flux_y[at_y(cx)] > 0.0 {
                            south[cx]
                        } else {
                            edge
                        }
                    }
                    () if y >= ny as isize => {
                        if layer.flux_y[slab.row(ny) + cx] < 0.0 {
                            north[cx]
                        } else {
                            edge
                        }
                    }
                    () if x < 0 => {
                        if layer.flux_x[at_x(cy)] > 0.0 {
                            west[cy]
                        } else {
                            edge
                        }
                    }
                    () => {
                        if layer.flux_x[at_x(cy) + nx] < 0.0 {
                            east[cy]
                        } else {
                            edge
                        }
                    }
                }
            };
            let mut filled = Aligned::new(slab.cells());
            slab.load(&plane, &mut filled);
            let halo = HALO as isize;
            for y in -halo..ny as isize + halo {
                for x in -halo..nx as isize + halo {
                    if !(0..nx as isize).contains(&x) || !(0..ny as isize).contains(&y) {
                        filled[(slab.start((y + halo) as usize) as isize + x) as usize] = outside(x, y);
                    }
                }
            }
            for (along, across) in [(Along::X, Along::Y), (Along::Y, Along::X)] {
                let mut space = Workspace::new(slab);
                slab.load(&vec![1.5; nx * ny], &mut space.mass);
                space.prepare(&layer, [along, across]);
                let mut sweep = |q: &Aligned| {
                    let Workspace { x, y, rows, moved, .. } = &mut space;
                    let (flow, flux) = if along == Along::X { (&*x, &layer.flux_x) } else { (&*y, &layer.flux_y) };
                    let (mut through, mut swept) = ([(0.0, 0.0)], vec![0.0; nx * ny]);
                    let (from, to) = (std::slice::from_ref(q), &mut moved[..1]);
                    Sweep { slab, flow, flux, from, to, rows, through: &mut through }.run();
                    slab.store(&moved[0], &mut swept);
                    (swept, through)
                };
                let mut bare = Aligned::new(slab.cells());
                bare.fill(f32::NAN);
                slab.load(&plane, &mut bare);
                layer.fill_halo(&mut bare, &inflow, along);
                let (bare, whole) = (sweep(&bare), sweep(&filled));
                assert!(whole.0.iter().all(|q| q.is_finite()));
                assert_eq!(bare, whole, "{nx} x {ny}, {along:?}");
            }
        }
    }
}
