//! THE RECIPE: one step of the model.
//!
//! ```text
//!   even steps:  horizontal transport -> columns (lift, emit, mix, deposit, settle, rain) -> horizontal diffusion -> chemistry
//!   odd steps:   columns              -> horizontal transport                            -> horizontal diffusion -> chemistry
//! ```
//!
//! Transport and columns change places every step (Strang 1968); horizontal diffusion and chemistry follow both, split to first order in the
//! step. Vertical motion always closes the air: it takes each column from the mass it has to the mass the
//! meteorology says it will have, so the tracers see the same air as the winds.

use super::analysis::{self, VerticalReach};
use super::block::values;
use super::boundary::Sides;
use super::budget::Books;
use super::columns::{ColumnRows, Columns};
use super::diagnose::prescribed_fine_particles;
use super::driver::HourDriver;
use super::emission_placement::EmissionField;
use super::horizontal::HorizontalFluxes;
use super::horizontal_diffusion::HorizontalDiffusion;
use super::hour_emission::HourEmission;
use super::restart::{Contents, Snapshot};
use super::vectors::widest;
use super::washout::Washout;
use crate::chemistry::pm_lite;
use crate::domain::grid::Grid;
use crate::domain::species::Species;
use crate::error::{Error, Result};
use crate::physics::lanes::sum_of_products;
use crate::physics::vertical_advection::LayerCoefficients;
use ndarray::{Array3, Array4, Axis, Zip};
use rayon::prelude::*;

/// Longest step [s]: mixing and chemistry are resolved to five minutes.
const LONGEST_STEP_S: f32 = 300.0;
/// Most steps of an hour, and most sub-steps of a layer: more means winds that no atmosphere has.
const MOST_STEPS: usize = 3600;
/// Largest share of a cell's air that convergence or divergence may move in one step.
const DIVERGENCE_LIMIT: f32 = 0.4;

/// State(t) of the model.
pub struct Simulation<'a> {
    grid: &'a Grid,
    area: Vec<f32>,
    coefficients: LayerCoefficients,
    diffusion: HorizontalDiffusion,
    rows: ColumnRows,
    /// Mass mixing ratio `[species, z, y, x]`.
    pub state: Array4<f32>,
    /// Air mass of the cells now [kg].
    mass: Array3<f32>,
    steps: u64,
    hours: u64,
    /// The ledger's books.
    pub books: Books,
}

/// What holds throughout an hour.
struct Hour<'a> {
    driver: &'a HourDriver,
    emission: HourEmission<'a>,
    washout: Option<Washout>,
    sides: &'a Sides,
    fluxes: HorizontalFluxes,
    chemistry: Vec<pm_lite::Fractions>,
    /// Length of a step [s].
    dt: f32,
}

/// Order of the processes in one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    pub horizontal_first: bool,
    pub y_first: bool,
}

impl Turn {
    /// Of the step that follows `steps` others.
    pub fn of(steps: u64) -> Self {
        Self { horizontal_first: steps.is_multiple_of(2), y_first: steps / 2 % 2 == 1 }
    }
}

impl<'a> Simulation<'a> {
    /// Starts from mixing ratios `state` `[species, z, y, x]` in air of `mass` `[z, y, x]` [kg].
    pub fn new(grid: &'a Grid, area: Vec<f32>, mass: Array3<f32>, state: Array4<f32>) -> Self {
        let thickness: Vec<f64> = (0..grid.vertical.layers()).map(|k| grid.vertical.thickness_m(k)).collect();
        let books = Books::open(&state, &mass);
        Self {
            grid,
            area,
            coefficients: LayerCoefficients::new(&thickness),
            diffusion: HorizontalDiffusion::new(grid),
            rows: ColumnRows::new(grid.shape()),
            state,
            mass,
            steps: 0,
            hours: 0,
            books,
        }
    }

    /// Advances one hour, with the air of `sides` outside the grid and above it; returns the hour's mean mixing ratio of each species in the lowest layer,
    /// `[species, y, x]`.
    ///
    /// # Errors
    /// `Unstable` when a value is not finite, which is looked for in every step, or the winds need more steps than are taken. The state may then be in the midst
    /// of a step: it is of no further use.
    pub fn hour(&mut self, driver: &HourDriver, emission: &EmissionField, sides: &Sides) -> Result<Array3<f32>> {
        // columns take what is below zero for rounding, also a NaN with a minus sign
        self.check_finite("the state at the start of the hour")?;
        self.check_sides(sides)?;
        let (_, ny, nx) = self.grid.shape();
        let least = driver.least_air_mass();
        let steps = steps_per_hour(driver, &least);
        if steps > MOST_STEPS {
            return Err(Error::Unstable {
                process: "the choice of the time step".into(),
                place: format!("hour {}", self.hours),
                found: format!("winds that need {steps} steps an hour"),
                expected: format!("at most {MOST_STEPS}"),
            });
        }
        let dt = 3600.0 / steps as f32;
        let fluxes = HorizontalFluxes::new(driver.flux_x.view(), driver.flux_y.view(), least.view(), dt);
        if let Some((z, substeps)) = fluxes.most_substeps().filter(|(_, n)| n * steps > MOST_STEPS) {
            return Err(Error::Unstable {
                process: "horizontal transport".into(),
                place: format!("hour {}, layer {z}", self.hours),
                found: format!("winds that need {} sub-steps an hour", substeps * steps),
                expected: format!("at most {MOST_STEPS}"),
            });
        }
        self.diffusion.prepare(driver, &least, dt);
        let mut hour = Hour {
            driver,
            emission: HourEmission::new(emission),
            washout: Washout::new(driver, &Species::ALL, dt),
            sides,
            fluxes,
            chemistry: chemistry_fractions(driver, self.grid, dt),
            dt,
        };
        let mut ground = Array3::<f32>::zeros((Species::COUNT, ny, nx));
        self.mass.assign(&driver.air_mass_start);
        for step in 1..=steps {
            let next = air_mass_at(driver, step, steps);
            self.step(&mut hour, &next)?;
            ground += &self.state.index_axis(Axis(1), 0);
        }
        self.hours += 1;
        ground /= steps as f32;
        Ok(ground)
    }

    fn step(&mut self, hour: &mut Hour, next: &Array3<f32>) -> Result<()> {
        let columns = Columns {
            grid: self.grid,
            coefficients: &self.coefficients,
            top: &hour.sides.top,
            driver: hour.driver,
            emission: &hour.emission,
            washout: hour.washout.as_ref(),
            area: &self.area,
            dt: hour.dt,
        };
        let Turn { horizontal_first, y_first } = Turn::of(self.steps);
        if horizontal_first {
            let through = hour.fluxes.advance(&mut self.state, &mut self.mass, hour.sides, y_first);
            self.books.sides(&through);
            self.books.columns(&columns.advance(&mut self.state, &mut self.mass, next, &mut self.rows));
        } else {
            let before_sweeps = next + &hour.fluxes.outflow;
            self.books.columns(&columns.advance(&mut self.state, &mut self.mass, &before_sweeps, &mut self.rows));
            let through = hour.fluxes.advance(&mut self.state, &mut self.mass, hour.sides, y_first);
            self.books.sides(&through);
            self.mass.assign(next);
        }
        self.diffusion.advance(&mut self.state, &self.mass);
        let clipped = clip_negative(&mut self.state, &self.mass).map_err(|at| self.unstable("transport", at))?;
        self.books.clipped(&clipped);
        let produced = react(&mut self.state, &self.mass, &hour.chemistry);
        // a value that is not finite makes the sum of what chemistry made so
        if produced.iter().any(|mass| !mass.is_finite()) {
            self.check_finite("chemistry")?;
        }
        self.books.chemistry(&produced);
        self.steps += 1;
        Ok(())
    }

    /// Multiplies the state by the factors of an analysis, at the end of the hour of `driver`.
    pub fn multiply(&mut self, factors: (&Array3<f32>, VerticalReach), driver: &HourDriver) {
        let before = self.books.stored(&self.state, &self.mass);
        analysis::multiply(&mut self.state, &Species::ALL, self.grid, factors, driver.mixing_height.view());
        let after = self.books.stored(&self.state, &self.mass);
        self.books.analysis(&before, &after);
    }

    /// Adds all that the next hours depend on to a checkpoint.
    pub fn save<'s>(&'s self, to: &mut Snapshot<'s>) {
        to.add(self.state.view());
        to.add(self.mass.view());
        to.add_numbers([self.steps as f64, self.hours as f64]);
        self.books.save(to);
    }

    /// Takes back what [`Simulation::save`] added.
    pub fn restore(&mut self, from: &mut Contents) {
        from.take(self.state.view_mut());
        from.take(self.mass.view_mut());
        (self.steps, self.hours) = (from.number() as u64, from.number() as u64);
        self.books.restore(from);
    }

    fn check_finite(&self, process: &str) -> Result<()> {
        let at = not_finite(self.state.as_slice().expect("state is contiguous"));
        at.map_or(Ok(()), |at| Err(self.unstable(process, at)))
    }

    fn check_sides(&self, sides: &Sides) -> Result<()> {
        for (name, side) in sides.named() {
            let values = values(side);
            let Some(at) = not_finite(values) else { continue };
            let species = Species::ALL[at / (values.len() / Species::COUNT)].name();
            return Err(Error::Unstable {
                process: "the air outside the grid".into(),
                place: format!("hour {}, {species}, {name}", self.hours),
                found: values[at].to_string(),
                expected: "a finite mixing ratio".into(),
            });
        }
        Ok(())
    }

    /// The value in place `at` of the state is not finite: the first in the order of memory of those that it has reached.
    fn unstable(&self, process: &str, at: usize) -> Error {
        let (_, nz, ny, nx) = self.state.dim();
        let (s, z, y, x) = (at / (nz * ny * nx), at / (ny * nx) % nz, at / nx % ny, at % nx);
        Error::Unstable {
            process: process.into(),
            place: format!("hour {}, {} layer {z} row {y} column {x}", self.hours, Species::ALL[s].name()),
            found: self.state[[s, z, y, x]].to_string(),
            expected: "a finite mixing ratio".into(),
        }
    }

    /// Steps taken so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Air mass now `[z, y, x]` [kg].
    pub fn mass(&self) -> &Array3<f32> {
        &self.mass
    }
}

/// Place of the first value that is not finite.
fn not_finite(values: &[f32]) -> Option<usize> {
    if sign_and_largest(values).1.is_finite() { None } else { values.iter().position(|v| !v.is_finite()) }
}

/// Sets what rounding left below zero to zero; returns the mass this added, per species [kg].
///
/// # Errors
/// The place of the first value that is not finite.
fn clip_negative(state: &mut Array4<f32>, mass: &Array3<f32>) -> std::result::Result<Vec<f64>, usize> {
    let cells = mass.len();
    let air = mass.as_slice().expect("air mass is contiguous");
    let species = state.as_slice_mut().expect("state is contiguous").par_chunks_mut(cells);
    let added: Vec<_> = species
        .enumerate()
        .map(|(s, q)| match sign_and_largest(q) {
            (_, largest) if !largest.is_finite() => {
                let at = q.iter().position(|v| !v.is_finite()).expect("the largest is not finite");
                Err(s * cells + at)
            }
            (signed, _) => Ok(if signed { clip(q, air) } else { 0.0 }),
        })
        .collect();
    added.into_iter().collect()
}

/// Whether a number has a minus sign, and the largest magnitude, which is not finite where one is not; looks at many at a time.
fn sign_and_largest(values: &[f32]) -> (bool, f32) {
    let (signs, largest) = widest(
        #[inline(always)]
        || {
            // numbers without their sign are in the order of their bits; locals, as captured variables would keep the loop from vectors
            let (mut signs, mut largest) = (0, 0);
            for v in values {
                signs |= v.to_bits();
                largest = v.abs().to_bits().max(largest);
            }
            (signs, largest)
        },
    );
    (signs >> 31 == 1, f32::from_bits(largest))
}

/// Sets values below zero to zero; returns the mass that this adds in `air` [kg].
fn clip(q: &mut [f32], air: &[f32]) -> f64 {
    let mut added = 0.0;
    for (q, m) in q.iter_mut().zip(air).filter(|(q, _)| **q < 0.0) {
        added -= f64::from(*q) * f64::from(*m);
        *q = 0.0;
    }
    added
}

/// Steps that an hour needs; `least` is the least air mass of each cell in it [kg].
pub(super) fn steps_per_hour(driver: &HourDriver, least: &Array3<f32>) -> usize {
    let mut fastest = 1.0 / LONGEST_STEP_S;
    for ((z, y, x), m) in least.indexed_iter() {
        let net = driver.flux_x[[z, y, x + 1]] - driver.flux_x[[z, y, x]] + driver.flux_y[[z, y + 1, x]]
            - driver.flux_y[[z, y, x]];
        fastest = fastest.max(net.abs() / (m * DIVERGENCE_LIMIT));
    }
    (3600.0 * fastest).ceil() as usize
}

/// Air mass of the cells after `step` of `steps` [kg].
pub(super) fn air_mass_at(driver: &HourDriver, step: usize, steps: usize) -> Array3<f32> {
    if step == steps {
        return driver.air_mass_end.clone();
    }
    let share = step as f32 / steps as f32;
    Zip::from(&driver.air_mass_start).and(&driver.air_mass_end).map_collect(|a, b| a + share * (b - a))
}

/// What chemistry converts in a step of `dt` [s], of every cell in the order of the grid.
pub(super) fn chemistry_fractions(driver: &HourDriver, grid: &Grid, dt: f32) -> Vec<pm_lite::Fractions> {
    let (_, ny, nx) = driver.density.dim();
    let fine = prescribed_fine_particles(driver, grid);
    (0..driver.density.len())
        .into_par_iter()
        .map(|c| {
            let (z, y, x) = (c / (ny * nx), c / nx % ny, c % nx);
            let air = pm_lite::Air {
                temperature_k: driver.temperature[[z, y, x]],
                pressure_pa: driver.pressure[[z, y, x]],
                density_kg_m3: driver.density[[z, y, x]],
                relative_humidity: driver.relative_humidity[[z, y, x]],
                cloud_water_kg_kg: driver.cloud_water[[z, y, x]],
                cos_zenith: driver.cos_zenith[[y, x]],
                fine_particle_kg_m3: fine[[z, y, x]],
            };
            pm_lite::Rates::new(&air, &pm_lite::Oxidants::WINTER).over(dt)
        })
        .collect()
}

/// Chemistry of every cell; returns net production per species [kg].
pub(super) fn react(state: &mut Array4<f32>, mass: &Array3<f32>, fractions: &[pm_lite::Fractions]) -> Vec<f64> {
    let (_, _, ny, nx) = state.dim();
    let layers: Vec<[f64; Species::COUNT]> = state
        .axis_iter_mut(Axis(1))
        .into_par_iter()
        .enumerate()
        .map(|(z, mut layer)| {
            let mut produced = [0.0f64; Species::COUNT];
            let mut before = vec![0.0f32; pm_lite::CHANGED.len() * nx];
            let air = mass.index_axis(Axis(0), z);
            let mut species: Vec<_> = layer.outer_iter_mut().collect();
            for y in 0..ny {
                let air = air.row(y).to_slice().expect("rows are contiguous");
                let mut rows = species.iter_mut().map(|s| s.row_mut(y).into_slice().expect("rows are contiguous"));
                let mut rows: [&mut [f32]; Species::COUNT] =
                    std::array::from_fn(|_| rows.next().expect("one row per species"));
                for (before, species) in before.chunks_exact_mut(nx).zip(pm_lite::CHANGED) {
                    before.copy_from_slice(rows[species.index()]);
                }
                react_row(&mut rows, &fractions[(z * ny + y) * nx..][..nx]);
                widest(
                    #[inline(always)]
                    || {
                        for (before, species) in before.chunks_exact_mut(nx).zip(pm_lite::CHANGED) {
                            produced[species.index()] += gained(before, rows[species.index()], air);
                        }
                    },
                );
            }
            produced
        })
        .collect();
    (0..Species::COUNT).map(|s| layers.iter().map(|l| l[s]).sum()).collect()
}

/// Mass [kg] that a row of mixing ratios gained in air of mass `air` [kg]; `before` becomes what they gained.
#[inline(always)]
fn gained(before: &mut [f32], after: &[f32], air: &[f32]) -> f64 {
    for (before, after) in before.iter_mut().zip(after) {
        *before = after - *before;
    }
    sum_of_products(before, air)
}

fn react_row(rows: &mut [&mut [f32]; Species::COUNT], fractions: &[pm_lite::Fractions]) {
    let [so2, no2, _, nh3, hno3, soa_precursor, sulfate, nitrate, ammonium, _, _, secondary_organic, ..] = rows;
    pm_lite::step_row(
        &mut pm_lite::Row { so2, no2, nh3, hno3, soa_precursor, sulfate, nitrate, ammonium, secondary_organic },
        fractions,
    );
}

/// Largest departure of the uniform tracer from one.
pub fn tracer_deviation(state: &Array4<f32>) -> f64 {
    let tracer: ndarray::ArrayView3<f32> = state.index_axis(Axis(0), Species::Tracer.index());
    tracer.iter().fold(0.0, |worst, &v| worst.max((f64::from(v) - 1.0).abs()))
}

#[cfg(test)]
#[path = "step_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "step_guard_tests.rs"]
mod guard_tests;
