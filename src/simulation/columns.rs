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
use ndarray::{Array3, Array4, ArrayViewMut3, Axis};
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

/// Working space of the columns, kept over the run: rows for each thread, tallies for each row.
pub struct ColumnRows {
    of_threads: Vec<Mutex<Row>>,
    tallies: Vec<ColumnTally>,
}

impl ColumnRows {
    /// For a grid of this shape.
    pub fn new((nz, ny, nx): (usize, usize, usize)) -> Self {
        let threads = rayon::current_num_threads();
        Self {
            of_threads: (0..threads).map(|_| Mutex::new(Row::new(nz, nx))).collect(),
            tallies: vec![ColumnTally::default(); ny],
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
        tallies.par_iter_mut().zip(state.axis_iter_mut(Axis(2)).into_par_iter()).enumerate().for_each(
            |(y, (tally, mut state))| {
                // a pool of more threads than there are rows of work shares them
                let thread = rayon::current_thread_index().unwrap_or(0) % of_threads.len();
                let mut row = of_threads[thread].lock().unwrap_or_else(PoisonError::into_inner);
                *tally = ColumnTally::default();
                widest(
                    #[inline(always)]
                    || self.advance_row(&mut row, tally, y, &mut state, (air, target)),
                );
            },
        );
        mass.assign(target);
        let mut sum = ColumnTally::default();
        tallies.iter().for_each(|t| sum.add(t));
        sum
    }

    /// One step of row `y`, all species `[species, z, x]`, in air that goes from `mass` to `target`.
    #[inline(always)]
    fn advance_row(
        &self,
        row: &mut Row,
        tally: &mut ColumnTally,
        y: usize,
        state: &mut ArrayViewMut3<f32>,
        (mass, target): (&Array3<f32>, &Array3<f32>),
    ) {
        row.prepare(self, y, mass, target);
        let cells = row.target.len();
        for (s, from) in state.outer_iter().enumerate() {
            for (layer, to) in from.outer_iter().zip(row.q[s * cells..(s + 1) * cells].chunks_exact_mut(row.width)) {
                to.copy_from_slice(layer.as_slice().expect("x is contiguous"));
            }
        }
        self.lift(row, y, tally);
        for species in Species::ALL {
            self.mix(row, species, y, tally);
            if species.phase() == Phase::CoarseParticle {
                self.settle(row, species, y);
            }
            self.rain_out(row, species, y, tally);
        }
        for (s, mut to) in state.outer_iter_mut().enumerate() {
            for (mut layer, from) in to.outer_iter_mut().zip(row.q[s * cells..(s + 1) * cells].chunks_exact(row.width))
            {
                layer.as_slice_mut().expect("x is contiguous").copy_from_slice(from);
            }
        }
    }

    #[inline(always)]
    fn lift(&self, row: &mut Row, y: usize, tally: &mut ColumnTally) {
        row.moving.copy_from_slice(&row.mass);
        let cells = row.target.len();
        for _ in 0..row.substeps {
            row.lift.prepare(&mut row.moving, &row.flux, 1.0 / row.substeps as f32, row.width);
            for (s, q) in row.q.chunks_exact_mut(cells).enumerate() {
                let top = self.top.index_axis(Axis(0), s).index_axis_move(Axis(0), y);
                let top = top.to_slice().expect("x is contiguous");
                let (out, entered) = advance(q, &row.lift, top, row.width, self.coefficients, &mut row.scratch);
                tally.outflow[s] += out;
                tally.inflow[s] += entered;
            }
        }
    }

    #[inline(always)]
    fn mix(&self, row: &mut Row, species: Species, y: usize, tally: &mut ColumnTally) {
        let (s, width) = (species.index(), row.width);
        let layers = if species == Species::Tracer { 0 } else { self.emission.layers };
        for k in 0..layers {
            let rate = self.emission.rate_kg_s.index_axis(Axis(0), s);
            let rate = rate.index_axis_move(Axis(0), k).index_axis_move(Axis(0), y);
            let rate = rate.to_slice().expect("x is contiguous");
            let emitted = &mut row.emitted[k * width..(k + 1) * width];
            for (kg, rate) in emitted.iter_mut().zip(rate) {
                *kg = rate * self.dt;
            }
            tally.emitted[s] += sum(emitted);
        }
        let per_metre = self.dt / self.grid.vertical.thickness_m(0) as f32;
        let velocity = self.driver.deposition_velocity.index_axis(Axis(0), s).index_axis_move(Axis(0), y);
        let velocity = velocity.to_slice().expect("x is contiguous");
        for ((d, m), v) in row.deposition.iter_mut().zip(&row.target).zip(velocity) {
            *d = m * v * per_metre;
        }
        row.deposited.fill(0.0);
        let cells = row.target.len();
        mix(
            &mut row.q[s * cells..(s + 1) * cells],
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
    fn settle(&self, row: &mut Row, species: Species, y: usize) {
        let (width, cells) = (row.width, row.target.len());
        let q = &mut row.q[species.index() * cells..][..cells];
        for k in 1..cells / width {
            for x in 0..width {
                let (c, below) = (k * width + x, (k - 1) * width + x);
                let density = self.driver.density[[k, y, x]];
                let falling = self.driver.settling_velocity * density * self.area[y * width + x] * self.dt * q[c];
                q[c] -= falling / row.target[c];
                q[below] += falling / row.target[below];
            }
        }
    }

    #[inline(always)]
    fn rain_out(&self, row: &mut Row, species: Species, y: usize, tally: &mut ColumnTally) {
        let Some(loss) = &self.driver.wet_loss else { return };
        let (s, width, cells) = (species.index(), row.width, row.target.len());
        let q = &mut row.q[s * cells..(s + 1) * cells];
        for k in 0..cells / width {
            for x in 0..width {
                let rate = loss[[s, k, y, x]];
                if rate > 0.0 {
                    let c = k * width + x;
                    let removed = -q[c] * (-rate * self.dt).exp_m1();
                    q[c] -= removed;
                    tally.wet[s] += f64::from(removed) * f64::from(row.target[c]);
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

/// Working arrays of one row `[z][x]`.
struct Row {
    width: usize,
    /// All species, `[species][z][x]`.
    q: Vec<f32>,
    mass: Vec<f32>,
    moving: Vec<f32>,
    target: Vec<f32>,
    flux: Vec<f32>,
    substeps: usize,
    exchange: Vec<f32>,
    descent: Vec<f32>,
    factors: MixingFactors,
    emitted: Vec<f32>,
    deposition: Vec<f32>,
    deposited: Vec<f64>,
    work: Vec<f32>,
    lift: Lift,
    scratch: ColumnScratch,
}

impl Row {
    fn new(nz: usize, width: usize) -> Self {
        let n = nz * width;
        let zeros = |n| vec![0.0f32; n];
        Self {
            width,
            q: zeros(n * Species::COUNT),
            mass: zeros(n),
            moving: zeros(n),
            target: zeros(n),
            flux: zeros(n + width),
            substeps: 1,
            exchange: zeros(n - width),
            descent: zeros(n - width),
            factors: MixingFactors::new(nz, width),
            emitted: zeros(n),
            deposition: zeros(width),
            deposited: vec![0.0; width],
            work: zeros(n),
            lift: Lift::new(nz, width),
            scratch: ColumnScratch::new(nz, width),
        }
    }

    #[inline(always)]
    fn prepare(&mut self, columns: &Columns, y: usize, mass: &Array3<f32>, target: &Array3<f32>) {
        let width = self.width;
        gather(mass, y, width, &mut self.mass);
        gather(target, y, width, &mut self.target);
        gather(&columns.driver.exchange, y, width, &mut self.exchange);
        gather(&columns.driver.descent, y, width, &mut self.descent);
        self.exchange.iter_mut().chain(&mut self.descent).for_each(|e| *e *= columns.dt);
        continuity_flux(&self.mass, &self.target, width, &mut self.flux);
        let outflow =
            largest_outflow(&self.mass, &self.flux, width).max(largest_outflow(&self.target, &self.flux, width));
        self.substeps = (outflow / COURANT_LIMIT).ceil().max(1.0) as usize;
        // descent never grows with height: where none passes the lowest interfaces, no column of the row is convective
        if self.descent[..width].iter().any(|d| *d > 0.0) {
            self.factors.factorise_convective(&self.target, &self.exchange, &self.descent, width);
        } else {
            self.factors.factorise(&self.target, &self.exchange, width);
        }
    }
}

/// The row `y` of a field `[z, y, x]` as `[z][x]`.
pub(super) fn gather(from: &Array3<f32>, y: usize, width: usize, to: &mut [f32]) {
    for (k, row) in from.index_axis(Axis(1), y).outer_iter().enumerate() {
        to[k * width..(k + 1) * width].iter_mut().zip(row).for_each(|(t, f)| *t = *f);
    }
}
