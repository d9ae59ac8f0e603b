//! Column processes of every species: vertical advection, mixing with emission and dry deposition, settling, rain-out.

use super::boundary::Background;
use super::driver::HourDriver;
use super::emission_placement::EmissionField;
use crate::domain::grid::Grid;
use crate::domain::species::{Phase, Species};
use crate::physics::vertical_advection::{ColumnScratch, LayerCoefficients, advance, continuity_flux, largest_outflow};
use crate::physics::vertical_diffusion::{MixingFactors, mix};
use ndarray::{Array3, Array4, ArrayViewMut3, Axis};
use rayon::prelude::*;

/// Share of a layer's air that may leave it in one vertical sub-step.
const COURANT_LIMIT: f32 = 0.8;

/// What columns exchanged with the outside in one step [kg], per species.
#[derive(Debug, Clone)]
pub struct ColumnTally {
    pub emitted: Vec<f64>,
    pub dry: Vec<f64>,
    pub wet: Vec<f64>,
    pub inflow: Vec<f64>,
    pub outflow: Vec<f64>,
}

impl ColumnTally {
    fn new() -> Self {
        let zero = || vec![0.0; Species::COUNT];
        Self { emitted: zero(), dry: zero(), wet: zero(), inflow: zero(), outflow: zero() }
    }

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

/// Column processes of one step.
pub struct Columns<'a> {
    pub grid: &'a Grid,
    pub coefficients: &'a LayerCoefficients,
    pub background: &'a Background,
    pub driver: &'a HourDriver,
    pub emission: &'a EmissionField,
    pub area: &'a [f32],
    /// Length of the step [s].
    pub dt: f32,
}

impl Columns<'_> {
    /// Advances all species `[species, z, y, x]`, in air that goes from `mass` to `target` [kg] by vertical motion; `mass` becomes `target`.
    pub fn advance(&self, state: &mut Array4<f32>, mass: &mut Array3<f32>, target: &Array3<f32>) -> ColumnTally {
        let (nz, _, nx) = mass.dim();
        let rows: Vec<ColumnTally> = state
            .axis_iter_mut(Axis(2))
            .into_par_iter()
            .enumerate()
            .map_init(|| Row::new(nz, nx), |row, (y, state)| self.row(row, y, state, mass, target))
            .collect();
        mass.assign(target);
        let mut tally = ColumnTally::new();
        rows.iter().for_each(|r| tally.add(r));
        tally
    }

    fn row(
        &self,
        row: &mut Row,
        y: usize,
        mut state: ArrayViewMut3<f32>,
        mass: &Array3<f32>,
        target: &Array3<f32>,
    ) -> ColumnTally {
        let mut tally = ColumnTally::new();
        row.prepare(self, y, mass, target);
        for species in Species::ALL {
            let s = species.index();
            for (k, from) in state.index_axis(Axis(0), s).outer_iter().enumerate() {
                row.q[k * row.width..(k + 1) * row.width].iter_mut().zip(from).for_each(|(q, v)| *q = *v);
            }
            self.lift(row, s, &mut tally);
            self.mix(row, species, y, &mut tally);
            if species.phase() == Phase::CoarseParticle {
                self.settle(row, y);
            }
            self.rain_out(row, s, y, &mut tally);
            for (k, mut to) in state.index_axis_mut(Axis(0), s).outer_iter_mut().enumerate() {
                to.iter_mut().zip(&row.q[k * row.width..]).for_each(|(v, q)| *v = *q);
            }
        }
        tally
    }

    fn lift(&self, row: &mut Row, s: usize, tally: &mut ColumnTally) {
        row.moving.copy_from_slice(&row.mass);
        let top = self.background.mixing_ratio[s].last().copied().unwrap_or(0.0);
        for _ in 0..row.substeps {
            let share = 1.0 / row.substeps as f32;
            let (out, entered) = advance(
                &mut row.q,
                &mut row.moving,
                &row.flux,
                share,
                top,
                row.width,
                self.coefficients,
                &mut row.scratch,
            );
            tally.outflow[s] += out;
            tally.inflow[s] += entered;
        }
    }

    fn mix(&self, row: &mut Row, species: Species, y: usize, tally: &mut ColumnTally) {
        let s = species.index();
        let width = row.width;
        let layers = if species == Species::Tracer { 0 } else { self.emission.layers };
        for k in 0..layers {
            for x in 0..width {
                let kg = self.emission.rate_kg_s[[s, k, y, x]] * self.dt;
                row.emitted[k * width + x] = kg;
                tally.emitted[s] += f64::from(kg);
            }
        }
        let per_metre = self.dt / self.grid.vertical.thickness_m(0) as f32;
        for x in 0..width {
            row.deposition[x] = row.target[x] * self.driver.deposition_velocity[[s, y, x]] * per_metre;
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
    fn settle(&self, row: &mut Row, y: usize) {
        let n = row.q.len() / row.width;
        for k in 1..n {
            for x in 0..row.width {
                let (c, below) = (k * row.width + x, (k - 1) * row.width + x);
                let density = self.driver.density[[k, y, x]];
                let falling =
                    self.driver.settling_velocity * density * self.area[y * row.width + x] * self.dt * row.q[c];
                row.q[c] -= falling / row.target[c];
                row.q[below] += falling / row.target[below];
            }
        }
    }

    fn rain_out(&self, row: &mut Row, s: usize, y: usize, tally: &mut ColumnTally) {
        let Some(loss) = &self.driver.wet_loss else { return };
        for k in 0..row.q.len() / row.width {
            for x in 0..row.width {
                let rate = loss[[s, k, y, x]];
                if rate > 0.0 {
                    let c = k * row.width + x;
                    let removed = -row.q[c] * (-rate * self.dt).exp_m1();
                    row.q[c] -= removed;
                    tally.wet[s] += f64::from(removed) * f64::from(row.target[c]);
                }
            }
        }
    }
}

/// Working arrays of one row `[z][x]`.
struct Row {
    width: usize,
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
    scratch: ColumnScratch,
}

impl Row {
    fn new(nz: usize, width: usize) -> Self {
        let n = nz * width;
        let zeros = |n| vec![0.0f32; n];
        Self {
            width,
            q: zeros(n),
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
            scratch: ColumnScratch::new(nz, width),
        }
    }

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

fn gather(from: &Array3<f32>, y: usize, width: usize, to: &mut [f32]) {
    for (k, row) in from.index_axis(Axis(1), y).outer_iter().enumerate() {
        to[k * width..(k + 1) * width].iter_mut().zip(row).for_each(|(t, f)| *t = *f);
    }
}
