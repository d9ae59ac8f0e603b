//! A run: hours of meteorology and emission in, a [`History`] out. This is `simulate(sources)`: the forecast is a function of the sources.

use super::boundary::{Background, Sides};
use super::diagnose::{Diagnosis, SurfaceParameters};
use super::driver::HourDriver;
use super::emission::EmissionModel;
use super::emission_placement::{EmissionField, Placement};
use super::history::History;
use super::meteorology::Meteorology;
use super::plume;
use super::step::{Simulation, tracer_deviation};
use crate::chemistry::pm_lite::NO2_SHARE;
use crate::domain::county::CountyWeights;
use crate::domain::grid::Grid;
use crate::domain::met_field::MetField;
use crate::domain::pollutant::{Concentrations, Pollutant};
use crate::domain::source::Source;
use crate::domain::species::{Species, members};
use crate::domain::terrain::Terrain;
use crate::error::{Rejection, Result};
use crate::units::{gas_ug_m3, particle_ug_m3};
use chrono::{DateTime, Duration, Utc};
use ndarray::{Array3, Axis};

/// Raised whenever the same inputs give other results: a night of an older revision is run again.
pub const REVISION: u32 = 2;

/// Everything a run depends on but its sources.
pub struct World<'a> {
    pub grid: &'a Grid,
    pub background: &'a Background,
    pub surface: SurfaceParameters,
    pub meteorology: &'a [MetField],
    /// Terrain over which the winds are brought; `None` keeps the provider's.
    pub terrain: Option<&'a Terrain>,
    /// One time of meteorology for the whole run.
    pub frozen: bool,
    pub emission: &'a EmissionModel,
    pub weights: &'a [CountyWeights],
    /// First hour begins here.
    pub start: DateTime<Utc>,
    pub hours: u32,
}

/// Simulates `sources`; `progress` is called with (hours done, hours in all) after every hour.
///
/// # Errors
/// `Missing` where meteorology ends before the run or terrain before the grid, `Unstable` from the numeric guard.
pub fn simulate(world: &World, sources: &[Source], progress: &dyn Fn(u32, u32)) -> Result<(History, Vec<Rejection>)> {
    let (_, ny, nx) = world.grid.shape();
    let mut meteorology = Meteorology::new(world.meteorology, world.grid, world.frozen)?;
    let mut diagnosis = Diagnosis::new(world.grid, world.surface);
    if let Some(terrain) = world.terrain {
        diagnosis = diagnosis.over(terrain.cell_means(&world.grid.horizontal)?);
    }
    let (placement, mut rejections) = Placement::new(world.emission, sources, world.weights, world.grid);
    rejections.extend(left_out(&placement));
    let mut emission = EmissionField::new(world.grid, placement.layers());
    let mut history = empty(world.hours as usize, ny, nx);
    let sides = Sides::uniform(world.background, world.grid);
    let mut simulation = None;
    for hour in 0..world.hours {
        let start = world.start + Duration::hours(i64::from(hour));
        let driver = diagnosis.hour(&mut meteorology, start)?;
        let height = |cell: usize, stack: &_| plume::effective_height(&driver, world.grid, cell, stack);
        placement.rate(world.emission, sources, start, &height, &mut emission);
        let simulation = simulation.get_or_insert_with(|| {
            Simulation::new(world.grid, world.background, diagnosis.area(), driver.air_mass_start.clone())
        });
        let ground = simulation.hour(&driver, &emission, &sides)?;
        record(&mut history, hour as usize, start + Duration::hours(1), &ground, &driver);
        progress(hour + 1, world.hours);
    }
    if let Some(s) = simulation {
        history.ledger = s.books.clone().close(&s.state, s.mass(), tracer_deviation(&s.state));
    }
    Ok((history, rejections))
}

/// What of the inventory lies outside the grid, as one line for the record.
fn left_out(placement: &Placement) -> Option<Rejection> {
    let outside = placement.outside();
    (outside.sources > 0).then(|| Rejection {
        file: "all inventories".into(),
        place: "outside the grid".into(),
        found: format!(
            "{} sources, wholly or in part: SO2 {:.1}, NOx {:.1}, PM2.5 {:.1} t a-1",
            outside.sources, outside.annual_t.so2, outside.annual_t.nox, outside.annual_t.pm25
        ),
        expected: "sources inside the grid: only that part is emitted".into(),
    })
}

fn empty(hours: usize, ny: usize, nx: usize) -> History {
    let field = || Array3::zeros((hours, ny, nx));
    let mut concentrations = Concentrations::default();
    for p in Pollutant::ALL.into_iter().filter(|p| !members(*p).is_empty()) {
        concentrations.set(p, Some(field()));
    }
    History {
        ends: Vec::with_capacity(hours),
        concentrations,
        mixing_height_m: field(),
        wind_east_m_s: field(),
        wind_north_m_s: field(),
        temperature_k: field(),
        ledger: super::budget::MassLedger::default(),
        terrain_winds: None,
    }
}

fn record(history: &mut History, hour: usize, end: DateTime<Utc>, ground: &Array3<f32>, driver: &HourDriver) {
    history.ends.push(end);
    let density = driver.density.index_axis(Axis(0), 0);
    for p in Pollutant::ALL {
        let Some(field) = history.concentrations.slot(p) else { continue };
        for ((y, x), value) in field.index_axis_mut(Axis(0), hour).indexed_iter_mut() {
            let q: f64 = members(p).iter().map(|s: &Species| f64::from(ground[[s.index(), y, x]])).sum();
            *value = match p {
                Pollutant::Pm25 | Pollutant::Pm10 => particle_ug_m3(q, f64::from(density[[y, x]])),
                Pollutant::Co => gas_ug_m3(q) * 1e-3,
                Pollutant::No2 => gas_ug_m3(q) * NO2_SHARE,
                Pollutant::So2 | Pollutant::O3 => gas_ug_m3(q),
            } as f32;
        }
    }
    history.mixing_height_m.index_axis_mut(Axis(0), hour).assign(&driver.mixing_height);
    history.wind_east_m_s.index_axis_mut(Axis(0), hour).assign(&driver.wind_east_10m);
    history.wind_north_m_s.index_axis_mut(Axis(0), hour).assign(&driver.wind_north_10m);
    history.temperature_k.index_axis_mut(Axis(0), hour).assign(&driver.temperature_2m);
    if let Some(adjustment) = &driver.terrain_winds {
        history.terrain_winds.get_or_insert_default().add(adjustment);
    }
}
