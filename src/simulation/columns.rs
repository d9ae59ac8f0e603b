//! Column processes of every species: vertical advection, mixing with emission and dry deposition, settling, rain-out.

use super::driver::HourDriver;
use super::emission_placement::EmissionField;
use super::vectors::widest;
use crate::domain::grid::Grid;
use crate::domain::species::{Phase, Species};
use crate::physics::vertical_advection::{
    ColumnScratch, LayerCoefficients, Lift, advance, continuity_flux, largest_outflow,
};
use crate::physics::vertical_diffusion::{MixingFactors, mix};
use ndarray::{Array, Array3, Array4, ArrayViewMut4, Axis, Dimension};
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

/// Rows that are worked on together: what a block needs of one species stays in the second cache, and memory is read in longer pieces.
const ROWS: [usize; 3] = [4, 3, 2];

/// Neighbouring rows of a plane `[y, x]` as one row: the first of its cells, and how many there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    pub first: usize,
    pub width: usize,
}

impl Block {
    /// Rows of the blocks into which `ny` rows are cut: of equal size, so that the blocks depend on the grid alone.
    pub fn rows(ny: usize) -> usize {
        ROWS.into_iter().find(|rows| ny.is_multiple_of(*rows)).unwrap_or(1)
    }

    /// Block number `index` of a plane of `ny` rows and `nx` columns.
    pub fn new(index: usize, ny: usize, nx: usize) -> Self {
        let width = Self::rows(ny) * nx;
        Self { first: index * width, width }
    }

    /// The block in plane `plane` of a field whose planes have `cells` cells.
    #[inline(always)]
    pub fn of<'v>(&self, field: &'v [f32], plane: usize, cells: usize) -> &'v [f32] {
        &field[plane * cells + self.first..][..self.width]
    }

    /// The block of all layers of a field `[z, y, x]`, one after another.
    #[inline(always)]
    pub fn gather(&self, field: &Array3<f32>, to: &mut [f32]) {
        let (nz, ny, nx) = field.dim();
        let field = values(field);
        for (k, to) in (0..nz).zip(to.chunks_exact_mut(self.width)) {
            to.copy_from_slice(self.of(field, k, ny * nx));
        }
    }
}

/// The values of a field in the order of memory.
pub(super) fn values<D: Dimension>(field: &Array<f32, D>) -> &[f32] {
    field.as_slice().expect("fields are contiguous")
}

/// Working space of the columns, kept over the run: a block of rows for each thread, a tally for each block.
pub struct ColumnRows {
    of_threads: Vec<Mutex<Row>>,
    tallies: Vec<ColumnTally>,
}

impl ColumnRows {
    /// For grids of `layers, rows, columns`, on as many threads as the pool has.
    pub fn new((nz, ny, nx): (usize, usize, usize)) -> Self {
        let threads = rayon::current_num_threads();
        let rows = Block::rows(ny);
        Self {
            of_threads: (0..threads).map(|_| Mutex::new(Row::new(nz, rows * nx))).collect(),
            tallies: vec![ColumnTally::default(); ny / rows],
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
    pub emission: &'a EmissionField,
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
        let air = &*mass;
        let (_, ny, nx) = air.dim();
        let blocks = state.axis_chunks_iter_mut(Axis(2), Block::rows(ny)).into_par_iter();
        tallies.par_iter_mut().zip(blocks).enumerate().for_each(|(index, (tally, mut state))| {
            // a pool of more threads than there are blocks of work shares them
            let thread = rayon::current_thread_index().unwrap_or(0) % of_threads.len();
            let mut row = of_threads[thread].lock().unwrap_or_else(PoisonError::into_inner);
            *tally = ColumnTally::default();
            widest(
                #[inline(always)]
                || self.advance_block(&mut row, tally, Block::new(index, ny, nx), &mut state, (air, target)),
            );
        });
        mass.assign(target);
        let mut sum = ColumnTally::default();
        tallies.iter().for_each(|t| sum.add(t));
        sum
    }

    /// One step of a block, all species `[species, z, y, x]`, in air that goes from `mass` to `target`.
    #[inline(always)]
    fn advance_block(
        &self,
        row: &mut Row,
        tally: &mut ColumnTally,
        block: Block,
        state: &mut ArrayViewMut4<f32>,
        (mass, target): (&Array3<f32>, &Array3<f32>),
    ) {
        row.prepare(self, block, mass, target);
        for (species, mut state) in Species::ALL.into_iter().zip(state.outer_iter_mut()) {
            for (layer, to) in state.outer_iter().zip(row.q.chunks_exact_mut(block.width)) {
                to.copy_from_slice(layer.as_slice().expect("rows of a block are contiguous"));
            }
            self.lift(row, species, block, tally);
            self.mix(row, species, block, tally);
            if species.phase() == Phase::CoarseParticle {
                self.settle(row, block);
            }
            self.rain_out(row, species, block, tally);
            for (mut layer, from) in state.outer_iter_mut().zip(row.q.chunks_exact(block.width)) {
                layer.as_slice_mut().expect("rows of a block are contiguous").copy_from_slice(from);
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
        let top = block.of(values(self.top), s, self.cells());
        for lift in &row.lifts[..row.substeps] {
            let (out, entered) = advance(&mut row.q, lift, top, block.width, self.coefficients, &mut row.scratch);
            tally.outflow[s] += out;
            tally.inflow[s] += entered;
        }
    }

    /// Turbulent mixing with emission and dry deposition.
    #[inline(always)]
    fn mix(&self, row: &mut Row, species: Species, block: Block, tally: &mut ColumnTally) {
        let (s, width) = (species.index(), block.width);
        let layers = self.emission.layers_of(species);
        for k in 0..layers {
            let rate = block.of(values(&self.emission.rate_kg_s), s * self.emission.layers + k, self.cells());
            let emitted = &mut row.emitted[k * width..(k + 1) * width];
            for (kg, rate) in emitted.iter_mut().zip(rate) {
                *kg = rate * self.dt;
            }
            tally.emitted[s] += sum(emitted);
        }
        let per_metre = self.dt / self.grid.vertical.thickness_m(0) as f32;
        let velocity = block.of(values(&self.driver.deposition_velocity), s, self.cells());
        for ((d, m), v) in row.deposition.iter_mut().zip(&row.target).zip(velocity) {
            *d = m * v * per_metre;
        }
        row.deposited.fill(0.0);
        mix(
            &mut row.q,
            &row.target,
            &row.factors,
            &row.emitted[..layers * width],
            &row.deposition,
            &mut row.deposited,
            &mut row.work,
            width,
        );
        tally.dry[s] += row.deposited.iter().sum::<f64>();
    }

    // Falls through the interfaces between layers; what reaches the ground is part of the deposition velocity.
    #[inline(always)]
    fn settle(&self, row: &mut Row, block: Block) {
        let width = block.width;
        let area = block.of(self.area, 0, self.cells());
        for k in 1..row.q.len() / width {
            let density = block.of(values(&self.driver.density), k, self.cells());
            let (below, here) = row.q[(k - 1) * width..(k + 1) * width].split_at_mut(width);
            let (mass_below, mass) = row.target[(k - 1) * width..(k + 1) * width].split_at(width);
            for x in 0..width {
                let falling = self.driver.settling_velocity * density[x] * area[x] * self.dt * here[x];
                here[x] -= falling / mass[x];
                below[x] += falling / mass_below[x];
            }
        }
    }

    /// Rain-out.
    #[inline(always)]
    fn rain_out(&self, row: &mut Row, species: Species, block: Block, tally: &mut ColumnTally) {
        let Some(loss) = &self.driver.wet_loss else { return };
        let s = species.index();
        let layers = row.q.chunks_exact_mut(block.width).zip(row.target.chunks_exact(block.width));
        let above = s * layers.len();
        for (k, (q, mass)) in layers.enumerate() {
            for ((q, m), rate) in q.iter_mut().zip(mass).zip(block.of(values(loss), above + k, self.cells())) {
                if *rate > 0.0 {
                    let removed = -*q * (-rate * self.dt).exp_m1();
                    *q -= removed;
                    tally.wet[s] += f64::from(removed) * f64::from(*m);
                }
            }
        }
    }
}

/// Sum in eight parts, which go side by side, and the rest.
#[inline(always)]
fn sum(values: &[f32]) -> f64 {
    let (chunks, rest) = values.as_chunks::<8>();
    let mut parts = [0.0f64; 8];
    for chunk in chunks {
        for (part, v) in parts.iter_mut().zip(chunk) {
            *part += f64::from(*v);
        }
    }
    parts.iter().sum::<f64>() + rest.iter().map(|v| f64::from(*v)).sum::<f64>()
}

/// Working arrays of one block `[z][x]`.
struct Row {
    /// One species.
    q: Vec<f32>,
    mass: Vec<f32>,
    target: Vec<f32>,
    flux: Vec<f32>,
    substeps: usize,
    /// Of each sub-step.
    lifts: Vec<Lift>,
    exchange: Vec<f32>,
    descent: Vec<f32>,
    factors: MixingFactors,
    emitted: Vec<f32>,
    deposition: Vec<f32>,
    deposited: Vec<f64>,
    work: Vec<f32>,
    scratch: ColumnScratch,
}

impl Row {
    fn new(nz: usize, width: usize) -> Self {
        let n = nz * width;
        let zeros = |n| vec![0.0f32; n];
        Self {
            q: zeros(n),
            mass: zeros(n),
            target: zeros(n),
            flux: zeros(n + width),
            substeps: 1,
            lifts: vec![Lift::new(nz, width)],
            exchange: zeros(n - width),
            descent: zeros(n - width),
            factors: MixingFactors::new(nz, width),
            emitted: zeros(n),
            deposition: zeros(width),
            deposited: vec![0.0; width],
            work: zeros(n),
            scratch: ColumnScratch::new(nz, width),
        }
    }

    /// Takes the air, the fluxes and the mixing of a block.
    #[inline(always)]
    fn prepare(&mut self, columns: &Columns, block: Block, mass: &Array3<f32>, target: &Array3<f32>) {
        let width = block.width;
        block.gather(mass, &mut self.mass);
        block.gather(target, &mut self.target);
        block.gather(&columns.driver.exchange, &mut self.exchange);
        block.gather(&columns.driver.descent, &mut self.descent);
        self.exchange.iter_mut().chain(&mut self.descent).for_each(|e| *e *= columns.dt);
        continuity_flux(&self.mass, &self.target, width, &mut self.flux);
        let outflow =
            largest_outflow(&self.mass, &self.flux, width).max(largest_outflow(&self.target, &self.flux, width));
        self.substeps = (outflow / COURANT_LIMIT).ceil().max(1.0) as usize;
        while self.lifts.len() < self.substeps {
            self.lifts.push(Lift::new(self.mass.len() / width, width));
        }
        for lift in &mut self.lifts[..self.substeps] {
            lift.prepare(&mut self.mass, &self.flux, 1.0 / self.substeps as f32, width);
        }
        // descent never grows with height: where none passes the lowest interfaces, no column of the block is convective
        if self.descent[..width].iter().any(|d| *d > 0.0) {
            self.factors.factorise_convective(&self.target, &self.exchange, &self.descent, width);
        } else {
            self.factors.factorise(&self.target, &self.exchange, width);
        }
    }
}
