//! Column processes of every species: vertical advection, mixing with emission and dry deposition, settling, rain-out.

use super::driver::HourDriver;
use super::emission_placement::EmissionField;
use super::vectors::widest;
use crate::domain::grid::Grid;
use crate::domain::species::{Phase, Species};
use crate::physics::vertical_advection::{LayerCoefficients, Lift, advance, continuity_flux, largest_outflow};
use crate::physics::vertical_diffusion::{MixingFactors, mix};
use ndarray::{Array, Array3, Array4, ArrayViewMut2, ArrayViewMut3, Axis, Dimension};
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

/// Columns that are worked on together: what a block needs of one species stays in the nearest caches.
const WIDEST: usize = 96;
/// Numbers in the widest of vectors.
const VECTOR: usize = 16;

/// Neighbouring cells of a plane `[y, x]` seen as one row: the first of them, and how many there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    pub first: usize,
    pub width: usize,
}

impl Block {
    /// Cells of the blocks into which a plane of `ny` rows of `nx` is cut: of equal size, so that the blocks depend on the grid alone; of whole vectors as
    /// far as the plane allows, and of as many as that.
    pub fn width_in(ny: usize, nx: usize) -> usize {
        let widths = (1..=WIDEST.max(nx)).filter(|width| (ny * nx).is_multiple_of(*width));
        widths.max_by_key(|width| (1000 * width / Self::row(*width), *width)).unwrap_or(nx)
    }

    /// Block number `index` of those of `width` cells.
    pub fn new(index: usize, width: usize) -> Self {
        Self { first: index * width, width }
    }

    /// Cells of a row of whole vectors that holds a block of `width`.
    pub fn row(width: usize) -> usize {
        width.next_multiple_of(VECTOR)
    }

    /// The block in plane `plane` of a field whose planes have `cells` cells.
    #[inline(always)]
    pub fn of<'v>(&self, field: &'v [f32], plane: usize, cells: usize) -> &'v [f32] {
        &field[plane * cells + self.first..][..self.width]
    }

    /// The block of all layers of a field `[z, y, x]` into rows of equal length, which may be longer.
    #[inline(always)]
    pub fn gather(&self, field: &Array3<f32>, to: &mut [f32]) {
        let (nz, ny, nx) = field.dim();
        let (field, length) = (values(field), to.len() / nz);
        for (k, to) in to.chunks_exact_mut(length).enumerate() {
            to[..self.width].copy_from_slice(self.of(field, k, ny * nx));
        }
    }
}

/// The values of a field in the order of memory.
pub(super) fn values<D: Dimension>(field: &Array<f32, D>) -> &[f32] {
    field.as_slice().expect("fields are contiguous")
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
        let (species, nz, ny, nx) = state.dim();
        let width = Block::width_in(ny, nx);
        let mut state = state.view_mut().into_shape_with_order((species, nz, ny * nx)).expect("fields are contiguous");
        let mut mass = mass.view_mut().into_shape_with_order((nz, ny * nx)).expect("fields are contiguous");
        let blocks = state.axis_chunks_iter_mut(Axis(2), width).into_par_iter();
        let blocks = blocks.zip(mass.axis_chunks_iter_mut(Axis(1), width));
        tallies.par_iter_mut().zip(blocks).enumerate().for_each(|(index, (tally, (mut state, mut mass)))| {
            // a pool of more threads than there are blocks of work shares them
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
        let layers = self.emission.layers_of(species);
        for (k, emitted) in row.emitted.chunks_exact_mut(length).take(layers).enumerate() {
            let rate = block.of(values(&self.emission.rate_kg_s), s * self.emission.layers + k, self.cells());
            for (kg, rate) in emitted.iter_mut().zip(rate) {
                *kg = rate * self.dt;
            }
        }
        let emitted = &row.emitted[..layers * length];
        tally.emitted[s] += sum(emitted);
        let velocity = block.of(values(&self.driver.deposition_velocity), s, self.cells());
        for ((d, lowest), v) in row.deposition.iter_mut().zip(&row.per_velocity).zip(velocity) {
            *d = lowest * v;
        }
        tally.dry[s] += mix(&mut row.q, &row.target, &row.factors, emitted, &row.deposition, length);
    }

    // Falls through the interfaces between layers; what reaches the ground is part of the deposition velocity.
    #[inline(always)]
    fn settle(&self, row: &mut Row, block: Block) {
        let length = row.length;
        let area = block.of(self.area, 0, self.cells());
        for k in 1..row.q.len() / length {
            let density = block.of(values(&self.driver.density), k, self.cells());
            let (below, here) = row.q[(k - 1) * length..(k + 1) * length].split_at_mut(length);
            let (mass_below, mass) = row.target[(k - 1) * length..(k + 1) * length].split_at(length);
            for x in 0..block.width {
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
        let layers = row.q.chunks_exact_mut(row.length).zip(row.target.chunks_exact(row.length));
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

/// Working arrays of one block `[z][x]`. Rows are whole vectors: the columns beside the block hold air that is still, with nothing in it.
struct Row {
    /// Values of a layer.
    length: usize,
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
    top: Vec<f32>,
    emitted: Vec<f32>,
    /// Air of the lowest layer that a deposition velocity of 1 m/s cleans in the step [kg].
    per_velocity: Vec<f32>,
    deposition: Vec<f32>,
}

impl Row {
    fn new(nz: usize, width: usize) -> Self {
        let length = Block::row(width);
        let n = nz * length;
        let zeros = |n| vec![0.0f32; n];
        Self {
            length,
            q: zeros(n),
            mass: vec![1.0; n],
            target: vec![1.0; n],
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
        if block.of(values(&driver.descent), 0, columns.cells()).iter().any(|d| *d > 0.0) {
            block.gather(&driver.descent, &mut self.descent);
            self.descent.iter_mut().for_each(|d| *d *= columns.dt);
            self.factors.factorise_convective(&self.target, &self.exchange, &self.descent, length);
        } else {
            self.factors.factorise(&self.target, &self.exchange, length);
        }
        let per_metre = columns.dt / columns.grid.vertical.thickness_m(0) as f32;
        for (per_velocity, lowest) in self.per_velocity.iter_mut().zip(&self.target) {
            *per_velocity = lowest * per_metre;
        }
    }
}
