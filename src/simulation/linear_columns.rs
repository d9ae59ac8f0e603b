//! Column processes as a linear operator: vertical advection, mixing with emission and dry deposition, settling, rain-out; and their transposes in
//! reversed order.

use super::block::{Block, flat, values};
use super::columns::COURANT_LIMIT;
use super::driver::HourDriver;
use super::vectors::widest;
use super::washout::Washout;
use crate::domain::species::{Phase, Species};
use crate::physics::advection_adjoint::{HALO, HALO_MASS, Sweep};
use crate::physics::sedimentation_adjoint::{settle, settle_transposed};
use crate::physics::vertical_advection::{continuity_flux, largest_outflow};
use crate::physics::vertical_advection_adjoint::set_sweep;
use crate::physics::vertical_diffusion_adjoint::{ColumnFactors, mix, mix_transposed};
use ndarray::{Array3, Array4, ArrayView3, ArrayViewMut3, Axis};
use rayon::prelude::*;

/// Column processes of the steps of an hour.
pub(super) struct LinearColumns<'a> {
    pub driver: &'a HourDriver,
    /// Weights of the edge values without limiters.
    pub edges: &'a [[f32; 4]],
    pub area: &'a [f32],
    /// Depth of the lowest layer [m].
    pub depth_m: f32,
    /// Length of a step [s].
    pub dt: f32,
    /// Species of each slot.
    pub slots: &'a [Species],
    /// Of the slots; `None` in a dry hour.
    pub washout: Option<Washout>,
}

impl LinearColumns<'_> {
    /// Takes sensitivities `[slot, z, y, x]` from after the columns of a step, in which air went from `mass` to `target` [kg], to before them. Adds that
    /// to the mass emitted in the step `[slot, layer, y, x]` to `to_emitted`.
    pub fn transposed(
        &self,
        a: &mut Array4<f32>,
        mass: &Array3<f32>,
        target: &Array3<f32>,
        to_emitted: &mut Array4<f32>,
    ) {
        let (nz, ny, nx) = mass.dim();
        let width = Block::width_in(ny, nx);
        let (mut a, mut to_emitted) = (flat(a.view_mut()), flat(to_emitted.view_mut()));
        let blocks = a.axis_chunks_iter_mut(Axis(2), width).into_par_iter();
        let blocks = blocks.zip(to_emitted.axis_chunks_iter_mut(Axis(2), width));
        blocks.enumerate().for_each_init(
            || Row::new(nz, width),
            |row, (index, (mut a, mut to_emitted))| {
                let block = Block::new(index, width);
                widest(
                    #[inline(always)]
                    || row.prepare(self, block, mass, target),
                );
                for slot in 0..self.slots.len() {
                    row.load(a.view(), slot);
                    widest(
                        #[inline(always)]
                        || self.transposed_block(row, block, slot, &mut to_emitted),
                    );
                    row.store(&mut a, slot);
                }
            },
        );
    }

    /// Moves mixing ratios `[slot, z, y, x]` by the same processes, with `emitted` [kg] `[slot, layer, y, x]`.
    pub fn forward(&self, q: &mut Array4<f32>, mass: &Array3<f32>, target: &Array3<f32>, emitted: &Array4<f32>) {
        let (nz, ny, nx) = mass.dim();
        let width = Block::width_in(ny, nx);
        let (mut q, emitted) = (flat(q.view_mut()), flat(emitted.view()));
        let blocks = q.axis_chunks_iter_mut(Axis(2), width).into_par_iter();
        let blocks = blocks.zip(emitted.axis_chunks_iter(Axis(2), width));
        blocks.enumerate().for_each_init(
            || Row::new(nz, width),
            |row, (index, (mut q, emitted))| {
                let block = Block::new(index, width);
                widest(
                    #[inline(always)]
                    || row.prepare(self, block, mass, target),
                );
                for slot in 0..self.slots.len() {
                    row.load(q.view(), slot);
                    widest(
                        #[inline(always)]
                        || self.forward_block(row, block, slot, emitted),
                    );
                    row.store(&mut q, slot);
                }
            },
        );
    }

    #[inline(always)]
    fn transposed_block(&self, row: &mut Row, block: Block, slot: usize, to_emitted: &mut ArrayViewMut3<f32>) {
        let width = row.width;
        self.set_deposition(row, block, slot);
        let values = row.column();
        let q = &mut row.values[values.clone()];
        self.rain_out(q, block, slot);
        if self.slots[slot].phase() == Phase::CoarseParticle {
            settle_transposed(q, &row.target, &row.falling, width);
        }
        let streams = (row.exchange.as_slice(), row.descent.as_slice());
        mix_transposed(q, &mut row.emission, &row.target, &row.factors, streams, &row.deposition, width);
        for (k, layer) in to_emitted.index_axis_mut(Axis(0), slot).outer_iter_mut().enumerate() {
            let layer = layer.into_slice().expect("cells of a block are contiguous");
            layer.iter_mut().zip(&row.emission[k * width..]).for_each(|(sum, e)| *sum += e);
        }
        for sweep in row.sweeps[..row.substeps].iter().rev() {
            sweep.transposed(&mut row.values, &mut row.faces);
        }
    }

    #[inline(always)]
    fn forward_block(&self, row: &mut Row, block: Block, slot: usize, emitted: ArrayView3<f32>) {
        let width = row.width;
        self.set_deposition(row, block, slot);
        for sweep in &row.sweeps[..row.substeps] {
            sweep.forward(&mut row.values, &mut row.faces);
        }
        let values = row.column();
        let q = &mut row.values[values];
        for (k, layer) in emitted.index_axis(Axis(0), slot).outer_iter().enumerate() {
            let layer = layer.to_slice().expect("cells of a block are contiguous");
            row.emission[k * width..][..width].copy_from_slice(layer);
        }
        let layers = emitted.dim().1 * width;
        let streams = (row.exchange.as_slice(), row.descent.as_slice());
        mix(q, &row.target, &row.factors, streams, &row.emission[..layers], &row.deposition, width);
        if self.slots[slot].phase() == Phase::CoarseParticle {
            settle(q, &row.target, &row.falling, width);
        }
        self.rain_out(q, block, slot);
    }

    #[inline(always)]
    fn set_deposition(&self, row: &mut Row, block: Block, slot: usize) {
        let per_metre = self.dt / self.depth_m;
        let velocity = values(&self.driver.deposition_velocity);
        let velocity = block.of(velocity, self.slots[slot].index(), self.area.len());
        for ((d, m), v) in row.deposition.iter_mut().zip(&row.target).zip(velocity) {
            *d = m * v * per_metre;
        }
    }

    /// Its own transpose.
    #[inline(always)]
    fn rain_out(&self, q: &mut [f32], block: Block, slot: usize) {
        let Some(Washout { share, layers }) = &self.washout else { return };
        let first = slot * q.len() / block.width;
        for (k, q) in q.chunks_exact_mut(block.width).enumerate().take(layers[[slot, block.index]]) {
            let washed = block.of(values(share), first + k, self.area.len());
            q.iter_mut().zip(washed).for_each(|(q, washed)| *q *= 1.0 - washed);
        }
    }
}

/// Working arrays of one block `[z][x]`; those that are swept have [`HALO`] rows more below and above.
struct Row {
    width: usize,
    values: Vec<f32>,
    faces: Vec<f32>,
    target: Vec<f32>,
    flux: Vec<f32>,
    substeps: usize,
    sweeps: Vec<Sweep>,
    moving: Vec<f32>,
    share: Vec<f32>,
    exchange: Vec<f32>,
    descent: Vec<f32>,
    factors: ColumnFactors,
    deposition: Vec<f32>,
    falling: Vec<f32>,
    emission: Vec<f32>,
}

impl Row {
    fn new(nz: usize, width: usize) -> Self {
        let (n, padded) = (nz * width, (nz + 2 * HALO) * width);
        let zeros = |n| vec![0.0f32; n];
        Self {
            width,
            values: zeros(padded),
            faces: zeros(padded),
            target: zeros(n),
            flux: zeros(n + width),
            substeps: 0,
            sweeps: Vec::new(),
            moving: vec![HALO_MASS; padded],
            share: zeros(padded),
            exchange: zeros(n - width),
            descent: zeros(n - width),
            factors: ColumnFactors::new(nz, width),
            deposition: zeros(width),
            falling: zeros(n),
            emission: zeros(n),
        }
    }

    /// The rows of the column itself.
    fn column(&self) -> std::ops::Range<usize> {
        let start = HALO * self.width;
        start..start + self.target.len()
    }

    fn load(&mut self, field: ArrayView3<f32>, slot: usize) {
        let values = self.column();
        self.values.fill(0.0);
        let rows = self.values[values].chunks_exact_mut(self.width);
        for (row, from) in rows.zip(field.index_axis(Axis(0), slot).outer_iter()) {
            row.copy_from_slice(from.to_slice().expect("cells of a block are contiguous"));
        }
    }

    fn store(&self, field: &mut ArrayViewMut3<f32>, slot: usize) {
        let rows = self.values[self.column()].chunks_exact(self.width);
        for (row, to) in rows.zip(field.index_axis_mut(Axis(0), slot).outer_iter_mut()) {
            to.into_slice().expect("cells of a block are contiguous").copy_from_slice(row);
        }
    }

    #[inline(always)]
    fn prepare(&mut self, columns: &LinearColumns, block: Block, mass: &Array3<f32>, target: &Array3<f32>) {
        let (width, column) = (self.width, self.column());
        let driver = columns.driver;
        block.gather(mass, &mut self.moving[column.clone()]);
        block.gather(target, &mut self.target);
        block.gather(&driver.exchange, &mut self.exchange);
        block.gather(&driver.descent, &mut self.descent);
        self.exchange.iter_mut().chain(&mut self.descent).for_each(|e| *e *= columns.dt);
        let mass = &self.moving[column.clone()];
        continuity_flux(mass, &self.target, width, &mut self.flux);
        let outflow = largest_outflow(mass, &self.target, &self.flux, width);
        self.substeps = (outflow / COURANT_LIMIT).ceil().max(1.0) as usize;
        let share = 1.0 / self.substeps as f32;
        let faces = column.start..column.start + self.flux.len();
        self.share[faces.clone()].iter_mut().zip(&self.flux).for_each(|(part, f)| *part = f * share);
        while self.sweeps.len() < self.substeps {
            self.sweeps.push(Sweep::new(self.values.len()));
        }
        for sweep in &mut self.sweeps[..self.substeps] {
            set_sweep(sweep, &self.moving, &self.share, columns.edges, width);
            let fluxes = &self.share[faces.clone()];
            for (c, m) in self.moving[column.clone()].iter_mut().enumerate() {
                *m = *m + fluxes[c] - fluxes[c + width];
            }
        }
        self.factors.factorise(&self.target, &self.exchange, &self.descent, width);
        if columns.slots.iter().any(|s| s.phase() == Phase::CoarseParticle) {
            for (k, falling) in self.falling.chunks_exact_mut(width).enumerate().skip(1) {
                let area = block.of(columns.area, 0, columns.area.len());
                let density = block.of(values(&driver.density), k, columns.area.len());
                for ((falling, density), area) in falling.iter_mut().zip(density).zip(area) {
                    *falling = driver.settling_velocity * density * area * columns.dt;
                }
            }
        }
    }
}
