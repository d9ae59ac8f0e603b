//! Horizontal transport as a linear operator: the x- and y-sweeps of a step in their order, and their transposes in reversed order.

use super::driver::HourDriver;
use super::horizontal::HorizontalFluxes;
use super::vectors::widest;
use crate::physics::advection_adjoint::{HALO, HALO_MASS, Sweep, move_air};
use ndarray::{Array3, Array4, ArrayView3, ArrayViewMut3, Axis};
use rayon::prelude::*;

/// Fluxes of an hour's steps on padded slabs, and the air before each sweep of one step.
#[derive(Debug)]
pub(super) struct LinearSweeps {
    shape: Slab,
    layers: Vec<Layer>,
}

#[derive(Debug)]
struct Layer {
    substeps: usize,
    /// Air through western and southern faces in a sub-step [kg].
    x: Vec<f32>,
    y: Vec<f32>,
    /// Air mass [kg] before each sweep of the step, and after the last.
    masses: Vec<Vec<f32>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axes {
    X,
    Y,
}

/// Cells of a padded slab.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slab {
    pub nx: usize,
    pub ny: usize,
}

impl Slab {
    pub fn width(self) -> usize {
        self.nx + 2 * HALO
    }

    pub fn len(self) -> usize {
        self.width() * (self.ny + 2 * HALO)
    }

    /// First cell of row `y`.
    pub fn start(self, y: usize) -> usize {
        (y + HALO) * self.width() + HALO
    }

    /// The part of a slab that a sweep touches, and its stride.
    fn swept(self, axes: Axes) -> (std::ops::Range<usize>, usize) {
        match axes {
            Axes::X => (HALO * self.width()..(HALO + self.ny) * self.width(), 1),
            Axes::Y => (0..self.len(), self.width()),
        }
    }

    pub fn load(self, from: ndarray::ArrayView2<f32>, to: &mut [f32]) {
        for (y, row) in from.outer_iter().enumerate() {
            let row = row.to_slice().expect("rows are contiguous");
            // faces have one more than cells
            to[self.start(y)..][..row.len()].copy_from_slice(row);
        }
    }

    pub fn store(self, from: &[f32], mut to: ndarray::ArrayViewMut2<f32>) {
        for (y, row) in to.outer_iter_mut().enumerate() {
            let row = row.into_slice().expect("rows are contiguous");
            row.copy_from_slice(&from[self.start(y)..][..self.nx]);
        }
    }
}

/// Sweeps of a step in their order.
fn order(substeps: usize, y_first: bool) -> impl DoubleEndedIterator<Item = (usize, Axes)> {
    (0..2 * substeps).map(move |i| {
        let along_y = (y_first == (i / 2 % 2 == 0)) == (i % 2 == 0);
        (i, if along_y { Axes::Y } else { Axes::X })
    })
}

impl LinearSweeps {
    /// Of the steps of `dt` [s] of an hour, with the sub-steps of `fluxes`.
    pub fn new(driver: &HourDriver, fluxes: &HorizontalFluxes, dt: f32) -> Self {
        let (nz, ny, nx) = driver.density.dim();
        let shape = Slab { nx, ny };
        let layers = (0..nz)
            .map(|z| {
                let substeps = fluxes.substeps(z);
                let part = dt / substeps as f32;
                let padded = |flux: &Array3<f32>| {
                    let mut slab = vec![0.0; shape.len()];
                    for (y, row) in flux.index_axis(Axis(0), z).outer_iter().enumerate() {
                        slab[shape.start(y)..].iter_mut().zip(row).for_each(|(s, f)| *s = f * part);
                    }
                    slab
                };
                let masses = vec![vec![HALO_MASS; shape.len()]; 2 * substeps + 1];
                Layer { substeps, x: padded(&driver.flux_x), y: padded(&driver.flux_y), masses }
            })
            .collect();
        Self { shape, layers }
    }

    /// Follows the air of a step from `mass` [kg] `[z, y, x]` through the sweeps; `after` becomes the air after them.
    pub fn follow_air(&mut self, mass: &Array3<f32>, y_first: bool, after: &mut Array3<f32>) {
        let shape = self.shape;
        let layers = self.layers.par_iter_mut().zip(mass.axis_iter(Axis(0)).into_par_iter());
        layers.zip(after.axis_iter_mut(Axis(0)).into_par_iter()).for_each(|((layer, mass), after)| {
            shape.load(mass, &mut layer.masses[0]);
            for (i, axes) in order(layer.substeps, y_first) {
                let (before, next) = layer.masses.split_at_mut(i + 1);
                next[0].copy_from_slice(&before[i]);
                let (swept, s) = shape.swept(axes);
                let flux = if axes == Axes::X { &layer.x } else { &layer.y };
                move_air(&mut next[0][swept.clone()], &flux[swept], s);
            }
            shape.store(&layer.masses[2 * layer.substeps], after);
        });
    }

    /// Takes sensitivities `[slot, z, y, x]` from after the sweeps of the step that [`Self::follow_air`] followed to before them.
    pub fn transposed(&self, a: &mut Array4<f32>, y_first: bool) {
        self.each_layer(
            a,
            #[inline(always)]
            |work, layer| {
                for (i, axes) in order(layer.substeps, y_first).rev() {
                    work.set(self.shape, layer, i, axes);
                    let span = self.shape.swept(axes).0;
                    for slab in &mut work.slabs {
                        work.sweep.transposed(&mut slab[span.clone()], &mut work.faces[..span.len()]);
                    }
                }
            },
        );
    }

    /// Moves mixing ratios `[slot, z, y, x]` by the same sweeps.
    pub fn forward(&self, q: &mut Array4<f32>, y_first: bool) {
        self.each_layer(
            q,
            #[inline(always)]
            |work, layer| {
                for (i, axes) in order(layer.substeps, y_first) {
                    work.set(self.shape, layer, i, axes);
                    let span = self.shape.swept(axes).0;
                    for slab in &mut work.slabs {
                        work.sweep.forward(&mut slab[span.clone()], &mut work.faces[..span.len()]);
                    }
                }
            },
        );
    }

    fn each_layer(&self, field: &mut Array4<f32>, sweeps: impl Fn(&mut Work, &Layer) + Sync) {
        let slots = field.dim().0;
        field.axis_iter_mut(Axis(1)).into_par_iter().zip(&self.layers).for_each_init(
            || Work::new(self.shape, slots),
            |work, (mut field, layer)| {
                work.load(self.shape, field.view());
                widest(
                    #[inline(always)]
                    || sweeps(work, layer),
                );
                work.store(self.shape, &mut field);
            },
        );
    }
}

/// What one thread works with: the slabs of all slots in a layer stay in its cache.
struct Work {
    sweep: Sweep,
    slabs: Vec<Vec<f32>>,
    faces: Vec<f32>,
}

impl Work {
    fn new(shape: Slab, slots: usize) -> Self {
        let n = shape.len();
        Self { sweep: Sweep::new(n), slabs: vec![vec![0.0; n]; slots], faces: vec![0.0; n] }
    }

    /// Coefficients of sweep `i` of a layer, closed at the sides.
    #[inline(always)]
    fn set(&mut self, shape: Slab, layer: &Layer, i: usize, axes: Axes) {
        let (span, s) = shape.swept(axes);
        let flux = if axes == Axes::X { &layer.x } else { &layer.y };
        let (mass, flux) = (&layer.masses[i][span.clone()], &flux[span]);
        self.sweep.set_flow(mass, flux, s);
        self.sweep.set_fifth_order(mass, flux, s);
        let (lines, cells) = if axes == Axes::X { (shape.ny, shape.nx) } else { (shape.nx, shape.ny) };
        for line in 0..lines {
            let first = if axes == Axes::X { line * shape.width() + HALO } else { HALO * shape.width() + HALO + line };
            let last = first + cells * s;
            self.sweep.close_first(first, flux[first] > 0.0);
            self.sweep.close_last(last, flux[last] < 0.0);
        }
    }

    fn load(&mut self, shape: Slab, field: ArrayView3<f32>) {
        for (slab, field) in self.slabs.iter_mut().zip(field.outer_iter()) {
            slab.fill(0.0);
            shape.load(field, slab);
        }
    }

    fn store(&self, shape: Slab, field: &mut ArrayViewMut3<f32>) {
        for (slab, field) in self.slabs.iter().zip(field.outer_iter_mut()) {
            shape.store(slab, field);
        }
    }
}
