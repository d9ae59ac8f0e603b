//! Column processes of every species: vertical advection, mixing with emission and dry deposition, settling, rain-out.

use super::block::{Block, flat, values};
use super::driver::HourDriver;
use super::hour_emission::HourEmission;
use super::vectors::widest;
use super::washout::Washout;
use crate::domain::grid::Grid;
use crate::domain::species::{Phase, Species};
use crate::physics::aligned::Aligned;
use crate::physics::lanes::sum_of_products;
use crate::physics::vertical_advection::{LayerCoefficients, Lift, advance, continuity_flux, largest_outflow};
use crate::physics::vertical_diffusion::{MixingFactors, mix};
use ndarray::{Array3, Array4, ArrayViewMut2, ArrayViewMut3, Axis};
use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

/// Share of a layer's air that may leave it in one vertical sub-step.
pub(super) const COURANT_LIMIT: f32 = 0.8;

/// What columns exchanged with the outside in one step [kg], per species.
#[derive(Debug, Clone, Default)]
pub struct ColumnTally {
    pub emitted: [f64; Species::COUNT],
    pub dry: [f64; Species::COUNT],
    pub wet: [f64; Species::COUNT],
    pub inflow: [f64; Species::COUNT],
    pub outflow: [f64; Species::COUNT],
}

impl ColumnTally {
    fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.emitted, &other.emitted),
            (&mut self.dry, &other.dry),
            (&mut self.wet, &other.wet),
            (&mut self.inflow, &other.inflow),
            (&mut self.outflow, &other.outflow),
        ];
        for (a, b) in pairs {
            a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        }
    }
}

/// Working space of the columns, kept over the run: a block for each thread, a tally for each block.
pub struct ColumnRows {
    of_threads: Vec<Mutex<Row>>,
    tallies: Vec<ColumnTally>,
}

impl ColumnRows {
    /// For grids of `layers, rows, columns`, on as many threads as the pool has.
    pub fn new((nz, ny, nx): (usize, usize, usize)) -> Self {
        let threads = rayon::current_num_threads();
        let width = Block::width_in(ny, nx);
        Self {
            of_threads: (0..threads).map(|_| Mutex::new(Row::new(nz, width))).collect(),
            tallies: vec![ColumnTally::default(); ny * nx / width],
        }
    }
}

/// Column processes of one step.
pub struct Columns<'a> {
    pub grid: &'a Grid,
    pub coefficients: &'a LayerCoefficients,
    /// Mixing ratio of the air that enters through the top, `[species, y, x]`.
    pub top: &'a Array3<f32>,
    pub driver: &'a HourDriver,
    pub emission: &'a HourEmission<'a>,
    /// `None` in a dry hour.
    pub washout: Option<&'a Washout>,
    pub area: &'a [f32],
    /// Length of the step [s].
    pub dt: f32,
}

impl Columns<'_> {
    /// Advances all species `[species, z, y, x]`, in air that goes from `mass` to `target` [kg] by vertical motion; `mass` becomes `target`.
    pub fn advance(
        &self,
        state: &mut Array4<f32>,
        mass: &mut Array3<f32>,
        target: &Array3<f32>,
        rows: &mut ColumnRows,
    ) -> ColumnTally {
        let ColumnRows { of_threads, tallies } = rows;
        let (nz, ny, nx) = mass.dim();
        let width = Block::width_in(ny, nx);
        let mut state = flat(state.view_mut());
        let mut mass = mass.view_mut().into_shape_with_order((nz, ny * nx)).expect("fields are contiguous");
        let blocks = state.axis_chunks_iter_mut(Axis(2), width).into_par_iter();
        let blocks = blocks.zip(mass.axis_chunks_iter_mut(Axis(1), width));
        tallies.par_iter_mut().zip(blocks).enumerate().for_each(|(index, (tally, (mut state, mut mass)))| {
            // a pool of more threads than when the rows were made shares the space
            let thread = rayon::current_thread_index().unwrap_or(0) % of_threads.len();
            let mut row = of_threads[thread].lock().unwrap_or_else(PoisonError::into_inner);
            *tally = ColumnTally::default();
            widest(
                #[inline(always)]
                || {
                    let block = Block::new(index, width);
                    row.prepare(self, block, &mut mass, target);
                    self.advance_block(&mut row, tally, block, &mut state);
                },
            );
        });
        let mut sum = ColumnTally::default();
        tallies.iter().for_each(|t| sum.add(t));
        sum.emitted = self.emission.kg_s.map(|rate| rate * f64::from(self.dt));
        sum
    }

    /// One step of a block, all species `[species, z, cell]`, in the air of `row`.
    #[inline(always)]
    fn advance_block(&self, row: &mut Row, tally: &mut ColumnTally, block: Block, state: &mut ArrayViewMut3<f32>) {
        for (species, mut state) in Species::ALL.into_iter().zip(state.outer_iter_mut()) {
            for (layer, to) in state.outer_iter().zip(row.q.chunks_exact_mut(row.length)) {
                to[..block.width].copy_from_slice(layer.as_slice().expect("cells of a block are contiguous"));
            }
            self.lift(row, species, block, tally);
            self.mix(row, species, block, tally);
            if species.phase() == Phase::CoarseParticle {
                self.settle(row, block);
            }
            self.rain_out(row, species, block, tally);
            for (mut layer, from) in state.outer_iter_mut().zip(row.q.chunks_exact(row.length)) {
                let layer = layer.as_slice_mut().expect("cells of a block are contiguous");
                layer.copy_from_slice(&from[..block.width]);
            }
        }
    }

    /// Cells of a layer.
    fn cells(&self) -> usize {
        self.area.len()
    }

    /// Vertical advection.
    #[inline(always)]
    fn lift(&self, row: &mut Row, species: Species, block: Block, tally: &mut ColumnTally) {
        let s = species.index();
        row.top[..block.width].copy_from_slice(block.of(values(self.top), s, self.cells()));
        for lift in &row.lifts[..row.substeps] {
            let (out, entered) = advance(&mut row.q, lift, &row.top, row.length, self.coefficients);
            tally.outflow[s] += out;
            tally.inflow[s] += entered;
        }
    }

    /// Turbulent mixing with emission and dry deposition.
    #[inline(always)]
    fn mix(&self, row: &mut Row, species: Species, block: Block, tally: &mut ColumnTally) {
        let (s, length) = (species.index(), row.length);
        let (layers, field) = (self.emission.layers[[s, block.index]], self.emission.field);
        for (k, emitted) in row.emitted.chunks_exact_mut(length).take(layers).enumerate() {
            let rate = block.of(values(&field.rate_kg_s), s * field.layers + k, self.cells());
            for (kg, rate) in emitted.iter_mut().zip(rate) {
                *kg = rate * self.dt;
            }
        }
        let emitted = &row.emitted[..layers * length];
        let velocity = block.of(values(&self.driver.deposition_velocity), s, self.cells());
        for ((d, lowest), v) in row.deposition.iter_mut().zip(&row.per_velocity).zip(velocity) {
            *d = lowest * v;
        }
        tally.dry[s] += mix(&mut row.q, &row.target, &row.factors, emitted, &row.deposition, length);
    }

    /// Falls through the interfaces between layers; what reaches the ground is part of the deposition velocity.
    #[inline(always)]
    fn settle(&self, row: &mut Row, block: Block) {
        let length = row.length;
        let area = block.of(self.area, 0, self.cells());
        let fall = self.driver.settling_velocity * self.dt;
        for k in 1..row.q.len() / length {
            let density = block.of(values(&self.driver.density), k, self.cells());
            let (below, here) = row.q[(k - 1) * length..(k + 1) * length].split_at_mut(length);
            let (mass_below, mass) = row.target[(k - 1) * length..(k + 1) * length].split_at(length);
            for (((falling, q), density), area) in row.lost.iter_mut().zip(&*here).zip(density).zip(area) {
                *falling = fall * density * area * q;
            }
            for ((q, falling), mass) in here.iter_mut().zip(&row.lost).zip(mass) {
                *q -= falling / mass;
            }
            for ((q, falling), mass) in below.iter_mut().zip(&row.lost).zip(mass_below) {
                *q += falling / mass;
            }
        }
    }

    /// Rain-out.
    #[inline(always)]
    fn rain_out(&self, row: &mut Row, species: Species, block: Block, tally: &mut ColumnTally) {
        let Some(Washout { share, layers }) = self.washout else { return };
        let s = species.index();
        let rows = row.q.chunks_exact_mut(row.length).zip(row.target.chunks_exact(row.length));
        let first = s * rows.len();
        for (k, (q, mass)) in rows.enumerate().take(layers[[s, block.index]]) {
            let washed = block.of(values(share), first + k, self.cells());
            for ((q, removed), washed) in q.iter_mut().zip(&mut row.lost).zip(washed) {
                *removed = *q * washed;
                *q -= *removed;
            }
            tally.wet[s] += sum_of_products(&row.lost, mass);
        }
    }
}

/// Working arrays of one block `[z][x]`. Rows are whole vectors: the columns beside the block hold air that is still, with nothing in it.
struct Row {
    /// Values of a layer.
    length: usize,
    /// One species.
    q: Aligned,
    mass: Aligned,
    target: Aligned,
    flux: Vec<f32>,
    substeps: usize,
    /// Of each sub-step.
    lifts: Vec<Lift>,
    exchange: Vec<f32>,
    descent: Vec<f32>,
    factors: MixingFactors,
    top: Vec<f32>,
    emitted: Vec<f32>,
    /// Air of the lowest layer that a deposition velocity of 1 m/s cleans in the step [kg].
    per_velocity: Vec<f32>,
    deposition: Vec<f32>,
    /// What a layer loses: particles that fall [kg], or what rain removes [kg per kg of air].
    lost: Vec<f32>,
}

impl Row {
    fn new(nz: usize, width: usize) -> Self {
        let length = Block::row(width);
        let n = nz * length;
        let zeros = |n| vec![0.0f32; n];
        let still = || {
            let mut mass = Aligned::new(n);
            mass.fill(1.0);
            mass
        };
        Self {
            length,
            q: Aligned::new(n),
            mass: still(),
            target: still(),
            flux: zeros(n + length),
            substeps: 1,
            lifts: vec![Lift::new(nz, length)],
            exchange: zeros(n - length),
            descent: zeros(n - length),
            factors: MixingFactors::new(nz, length),
            top: zeros(length),
            emitted: zeros(n),
            per_velocity: zeros(length),
            deposition: zeros(length),
            lost: zeros(length),
        }
    }

    /// Takes the air, the fluxes and the mixing of a block whose air goes from `mass` `[z, cell]` to `target`; `mass` becomes `target`.
    #[inline(always)]
    fn prepare(&mut self, columns: &Columns, block: Block, mass: &mut ArrayViewMut2<f32>, target: &Array3<f32>) {
        let (length, driver) = (self.length, columns.driver);
        block.gather(target, &mut self.target);
        let rows = self.mass.chunks_exact_mut(length).zip(self.target.chunks_exact(length));
        for (mut layer, (mass, target)) in mass.outer_iter_mut().zip(rows) {
            let layer = layer.as_slice_mut().expect("cells of a block are contiguous");
            mass[..block.width].copy_from_slice(layer);
            layer.copy_from_slice(&target[..block.width]);
        }
        continuity_flux(&self.mass, &self.target, length, &mut self.flux);
        let outflow = largest_outflow(&self.mass, &self.target, &self.flux, length);
        self.substeps = (outflow / COURANT_LIMIT).ceil().max(1.0) as usize;
        while self.lifts.len() < self.substeps {
            self.lifts.push(Lift::new(self.mass.len() / length, length));
        }
        for lift in &mut self.lifts[..self.substeps] {
            lift.prepare(&mut self.mass, &self.flux, 1.0 / self.substeps as f32, length);
        }
        block.gather(&driver.exchange, &mut self.exchange);
        self.exchange.iter_mut().for_each(|e| *e *= columns.dt);
        // descent never grows with height: where none passes the lowest interfaces, no column of the block is convective
        if block.of(values(&driver.descent), 0, columns.cells()).iter().any(|d| *d != 0.0) {
            block.gather(&driver.descent, &mut self.descent);
            self.descent.iter_mut().for_each(|d| *d *= columns.dt);
            self.factors.factorise_convective(&self.target, &self.exchange, &self.descent, length);
        } else {
            self.factors.factorise(&self.target, &self.exchange, length);
        }
        let per_metre = columns.dt / columns.grid.vertical.thickness_m(0) as f32;
        for (per_velocity, lowest) in self.per_velocity.iter_mut().zip(&*self.target) {
            *per_velocity = lowest * per_metre;
        }
    }
}
