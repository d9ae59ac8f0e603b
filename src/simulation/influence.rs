//! Influence: what a kilogram emitted anywhere, at any hour and height, adds to a mean concentration. One backward run of the linear model
//! gives it for every cell, hour, layer and species.
//!
//! **Invariant:** the backward run is the exact transpose of [`super::linear_hour`], step by step in reversed order, over the same air masses, sub-steps and
//! turns as the forward run. **Why:** the influence of all sources together is then what the linear model makes of all emissions, to rounding.
//!
//! What is left out of the linear model: the bounds of advection (they act where mixing ratios are not smooth) and the inorganic equilibrium, for
//! which its answers to small changes in a base run ([`Answers`]) stand. The influence ranks and predicts; the full forward run certifies.
//!
//! # Reference
//! Discrete adjoint: Giering & Kaminski 1998, ACM Trans. Math. Softw. 24, 437; influence of emissions on a receptor: Marchuk 1995, Adjoint Equations
//! and Analysis of Complex Systems, ch. 4; Henze, Hakami & Seinfeld 2007, Atmos. Chem. Phys. 7, 2413.

use super::analysis::{Analysing, VerticalReach, multiply};
use super::carried::Carried;
use super::diagnose::Diagnosis;
use super::driver::HourDriver;
use super::emission_placement::emission_layers;
use super::equilibrium_answers::Answers;
use super::horizontal_diffusion::HorizontalDiffusion;
use super::linear_hour::{Ground, LinearHour};
use super::meteorology::Meteorology;
use super::run::World;
use super::step::steps_per_hour;
use crate::chemistry::pm_lite::NO2_SHARE;
use crate::domain::pollutant::Pollutant;
use crate::domain::species::{Phase, Species, members};
use crate::error::{Error, Result};
use crate::physics::vertical_advection::LayerCoefficients;
use crate::units::{gas_ug_m3, particle_ug_m3};
use chrono::{DateTime, Duration, Utc};
use ndarray::{Array2, Array3, Array4, Axis, Zip};
use std::collections::BTreeMap;
use std::ops::Range;

/// Mean concentration of a weighted sum of species over cells and hours, in the lowest layer, [ug m-3] as in the history of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Species and their weights in the sum.
    pub species: Vec<(Species, f32)>,
    /// Weight of each cell `[y, x]`; sums to 1.
    pub weights: Array2<f32>,
    /// Hours of the run over which the mean is taken, 0 the first.
    pub hours: Range<u32>,
}

impl Target {
    /// A pollutant [ug m-3, CO too]; `None` where the model has none (O3).
    pub fn of(pollutant: Pollutant, weights: Array2<f32>, hours: Range<u32>) -> Option<Self> {
        let weight = if pollutant == Pollutant::No2 { NO2_SHARE as f32 } else { 1.0 };
        let species: Vec<_> = members(pollutant).iter().map(|s| (*s, weight)).collect();
        (!species.is_empty()).then_some(Self { species, weights, hours })
    }

    /// As [`Target::of`], with weights `(cell, weight)` of cells counted row by row on a grid of `(rows, columns)`.
    pub fn of_cells(
        pollutant: Pollutant,
        cells: &[(usize, f64)],
        (ny, nx): (usize, usize),
        hours: Range<u32>,
    ) -> Option<Self> {
        let mut weights = Array2::zeros((ny, nx));
        cells.iter().for_each(|(cell, weight)| weights[[cell / nx, cell % nx]] += *weight as f32);
        Self::of(pollutant, weights, hours)
    }

    /// Number of fields that a backward run carries; `partitioned`: with the answers of an equilibrium.
    pub fn fields(&self, partitioned: bool) -> usize {
        Carried::reaching(&self.species, partitioned).slots.len()
    }

    /// The target's value of a field of hourly mean mixing ratios at the ground `[species, y, x]` [kg kg-1] in the air of `driver` [ug m-3].
    pub fn value(&self, ground: &Array3<f32>, driver: &HourDriver) -> f64 {
        let mut sum = 0.0;
        for (species, weight) in &self.species {
            let per_ratio = concentration_per_ratio(*species, driver);
            Zip::from(&self.weights)
                .and(&per_ratio)
                .and(ground.index_axis(Axis(0), species.index()))
                .for_each(|w, c, q| sum += f64::from(*weight) * f64::from(*w) * f64::from(*c) * f64::from(*q));
        }
        sum
    }
}

/// What an hour's visitor sees: hour, driver, and d(target) / d(emission) `[species, emission layer, y, x]`.
pub(super) type Visit<'v> = dyn FnMut(u32, &HourDriver, &Array4<f32>) + 'v;

/// d(target) / d(emission): calls `visit` from the last hour of the target to the first of the run with the hour and `[species, emission layer, y, x]`
/// [ug m-3 per kg emitted evenly in that hour]. `answers` of a base run say how much of nitrate and ammonia becomes particles; `None`: what is emitted as gas
/// stays gas.
///
/// On a nested grid what happens outside its sides is left out: what leaves it does not come back, and a source outside it adds nothing.
///
/// # Errors
/// `Invalid` where the target has no hours, reaches beyond the run or the answers, or has weights of another grid; `Missing` where meteorology
/// ends before the target.
pub fn influence(
    world: &World,
    target: &Target,
    answers: Option<&Answers>,
    visit: &mut dyn FnMut(u32, &Array4<f32>),
) -> Result<()> {
    backward(world, target, answers, &mut |hour, _, field| visit(hour, field))
}

/// [`influence`] with the driver of each hour.
pub(super) fn backward(world: &World, target: &Target, answers: Option<&Answers>, visit: &mut Visit) -> Result<()> {
    let mut hours = Hours::new(world, target, answers)?;
    let carried = Carried::reaching(&target.species, answers.is_some());
    let ground = Ground { grid: world.grid, area: &hours.area, edges: &hours.edges, carried: &carried };
    let (nz, ny, nx) = world.grid.shape();
    let (slots, layers) = (carried.slots.len(), emission_layers(world.emission, world.grid));
    let mut a = Array4::zeros((slots, nz, ny, nx));
    let mut to_emitted = Array4::zeros((slots, layers, ny, nx));
    let mut field = Array4::zeros((Species::COUNT, layers, ny, nx));
    for hour in (0..target.hours.end).rev() {
        let driver = hours.drivers.of(hour)?;
        let mut linear = LinearHour::new(&ground, &driver, &mut hours.diffusion, answers.map(|a| a.hour(hour)));
        let forcing = target.hours.contains(&hour).then(|| forcing(target, &carried, &driver, linear.steps));
        to_emitted.fill(0.0);
        if let Some(factors) = given_at(world, hour) {
            multiply(&mut a, &carried.slots, world.grid, factors, driver.mixing_height.view());
        }
        for step in (1..=linear.steps).rev() {
            if let Some(forcing) = &forcing {
                let mut lowest = a.index_axis_mut(Axis(1), 0);
                lowest += forcing;
            }
            linear.transposed(&mut a, &mut to_emitted, step, hours.steps_before[hour as usize] + step as u64 - 1);
        }
        // an even emission gives each step its part
        let part = 1.0 / linear.steps as f32;
        for (species, slot) in Species::ALL.into_iter().zip(carried.slot_of) {
            let Some(slot) = slot else { continue };
            let from = to_emitted.index_axis(Axis(0), slot);
            Zip::from(field.index_axis_mut(Axis(0), species.index())).and(from).for_each(|f, e| *f = e * part);
        }
        visit(hour, &driver, &field);
    }
    Ok(())
}

/// The value of `target` [ug m-3] that the linear model gives, forward, for emissions into clean air. `emit` sets the mass [kg] emitted evenly in the hour,
/// `[species, emission layer, y, x]`, from zero. It is the sum of the emissions times their [`influence`], to rounding.
///
/// # Errors
/// Those of [`influence`].
pub fn linear_response(
    world: &World,
    target: &Target,
    answers: Option<&Answers>,
    emit: &mut dyn FnMut(u32, &mut Array4<f32>),
) -> Result<f64> {
    let mut hours = Hours::new(world, target, answers)?;
    let carried = Carried::apart(&target.species, answers.is_some());
    let ground = Ground { grid: world.grid, area: &hours.area, edges: &hours.edges, carried: &carried };
    let (nz, ny, nx) = world.grid.shape();
    let (slots, layers) = (carried.slots.len(), emission_layers(world.emission, world.grid));
    let mut q = Array4::zeros((slots, nz, ny, nx));
    let mut in_hour = Array4::zeros((Species::COUNT, layers, ny, nx));
    let mut in_step = Array4::zeros((slots, layers, ny, nx));
    let mut value = 0.0;
    for hour in 0..target.hours.end {
        let driver = hours.drivers.of(hour)?;
        let mut linear = LinearHour::new(&ground, &driver, &mut hours.diffusion, answers.map(|a| a.hour(hour)));
        in_hour.fill(0.0);
        emit(hour, &mut in_hour);
        let part = 1.0 / linear.steps as f32;
        for (slot, species) in carried.slots.iter().enumerate() {
            let from = in_hour.index_axis(Axis(0), species.index());
            Zip::from(in_step.index_axis_mut(Axis(0), slot)).and(from).for_each(|e: &mut f32, kg: &f32| *e = kg * part);
        }
        let forcing = target.hours.contains(&hour).then(|| forcing(target, &carried, &driver, linear.steps));
        for step in 1..=linear.steps {
            linear.forward(&mut q, &in_step, step, hours.steps_before[hour as usize] + step as u64 - 1);
            if let Some(forcing) = &forcing {
                let pairs = q.index_axis(Axis(1), 0);
                Zip::from(forcing).and(&pairs).for_each(|f, q| value += f64::from(*f) * f64::from(*q));
            }
        }
        if let Some(factors) = given_at(world, hour) {
            multiply(&mut q, &carried.slots, world.grid, factors, driver.mixing_height.view());
        }
    }
    Ok(value)
}

/// The factors of the analysis at the end of an hour: a diagonal matrix, its own transpose.
fn given_at<'w>(world: &World<'w>, hour: u32) -> Option<(&'w Array3<f32>, VerticalReach)> {
    match world.analysing {
        Analysing::Given(given, reach) => given.at(hour).map(|factors| (factors, reach)),
        Analysing::Off | Analysing::Make(..) => None,
    }
}

/// The drivers of a run, in any order.
struct Drivers<'a> {
    meteorology: Meteorology<'a>,
    diagnosis: Diagnosis<'a>,
    start: DateTime<Utc>,
    /// Those that were looked at before and will be needed again.
    kept: BTreeMap<u32, HourDriver>,
}

/// Memory for drivers that are kept [bytes].
const KEPT_BYTES: usize = 400_000_000;

impl Drivers<'_> {
    fn of(&mut self, hour: u32) -> Result<HourDriver> {
        let kept = self.kept.remove(&hour);
        kept.map_or_else(
            || self.diagnosis.hour(&mut self.meteorology, self.start + Duration::hours(i64::from(hour))),
            Ok,
        )
    }

    /// Keeps a driver; the backward run begins with the last ones, so the first make room.
    fn keep(&mut self, hour: u32, driver: HourDriver) {
        // a dozen fields, and the rain-out of every species
        let bytes = |d: &HourDriver| 4 * (12 * d.density.len() + d.wet_loss.as_ref().map_or(0, Array4::len));
        self.kept.insert(hour, driver);
        while self.kept.values().map(bytes).sum::<usize>() > KEPT_BYTES {
            self.kept.pop_first();
        }
    }
}

/// The hours of a run up to a target's last.
struct Hours<'a> {
    drivers: Drivers<'a>,
    /// Steps of the run before each hour.
    steps_before: Vec<u64>,
    area: Vec<f32>,
    edges: Vec<[f32; 4]>,
    diffusion: HorizontalDiffusion,
}

impl<'a> Hours<'a> {
    fn new(world: &World<'a>, target: &Target, answers: Option<&Answers>) -> Result<Self> {
        check(world, target, answers)?;
        let meteorology = Meteorology::new(world.meteorology, world.grid, world.frozen)?;
        let diagnosis = world.diagnosis()?;
        let mut drivers = Drivers { meteorology, diagnosis, start: world.start, kept: BTreeMap::new() };
        let mut steps_before = vec![0u64];
        for hour in 0..target.hours.end - 1 {
            let driver = drivers.of(hour)?;
            steps_before.push(steps_before[hour as usize] + steps_per_hour(&driver, &driver.least_air_mass()) as u64);
            drivers.keep(hour, driver);
        }
        let thickness: Vec<f64> =
            (0..world.grid.vertical.layers()).map(|k| world.grid.vertical.thickness_m(k)).collect();
        let edges = LayerCoefficients::new(&thickness).unlimited_edges().to_vec();
        let diffusion = HorizontalDiffusion::new(world.grid);
        Ok(Self { area: drivers.diagnosis.area(), drivers, steps_before, edges, diffusion })
    }
}

fn check(world: &World, target: &Target, answers: Option<&Answers>) -> Result<()> {
    let invalid =
        |field: &str, found: String, expected: String| Err(Error::invalid("influence", field, found, expected));
    let (_, ny, nx) = world.grid.shape();
    if target.hours.is_empty() || target.hours.end > world.hours {
        return invalid("hours", format!("{:?}", target.hours), format!("hours within 0..{}", world.hours));
    }
    if target.weights.dim() != (ny, nx) {
        return invalid("weights", format!("{:?} cells", target.weights.dim()), format!("{:?} cells", (ny, nx)));
    }
    let sum: f64 = target.weights.iter().map(|w| f64::from(*w)).sum();
    if target.weights.iter().any(|w| !(w.is_finite() && *w >= 0.0)) || (sum - 1.0).abs() > 1e-3 {
        return invalid("weights", format!("a sum of {sum}"), "weights >= 0 that sum to 1".into());
    }
    match answers {
        Some(a) if a.hours() < target.hours.end as usize || a.cells() != world.grid.shape() => {
            let found = format!("{} hours of {:?} cells", a.hours(), a.cells());
            invalid("answers", found, format!("{} hours of {:?} cells", target.hours.end, world.grid.shape()))
        }
        _ => Ok(()),
    }
}

/// What each step of an hour of the target adds to the sensitivity to the mixing ratio in the lowest layer, `[slot, y, x]`.
fn forcing(target: &Target, carried: &Carried, driver: &HourDriver, steps: usize) -> Array3<f32> {
    let (ny, nx) = target.weights.dim();
    let share = 1.0 / (f64::from(target.hours.end - target.hours.start) * steps as f64);
    let mut out = Array3::zeros((carried.slots.len(), ny, nx));
    for (slot, (species, weight)) in carried.slots.iter().zip(&carried.weight).enumerate() {
        let per_ratio = concentration_per_ratio(*species, driver);
        Zip::from(out.index_axis_mut(Axis(0), slot)).and(&per_ratio).and(&target.weights).for_each(|o, c, w| {
            *o = (f64::from(*weight) * f64::from(*c) * f64::from(*w) * share) as f32;
        });
    }
    out
}

/// Concentration [ug m-3] per mixing ratio [kg kg-1] in the lowest layer.
fn concentration_per_ratio(species: Species, driver: &HourDriver) -> Array2<f32> {
    let density = driver.density.index_axis(Axis(0), 0);
    let gas = species.phase() == Phase::Gas;
    density.mapv(|rho| if gas { gas_ug_m3(1.0) } else { particle_ug_m3(1.0, f64::from(rho)) } as f32)
}
