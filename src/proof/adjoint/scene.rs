//! What the proof of the adjoint runs on: towns, villages and a stack in made or real weather, and a county in its middle.

use crate::domain::county::CountyWeights;
use crate::domain::grid::Grid;
use crate::domain::met_field::MetField;
use crate::domain::source::{Amounts, Place, Sector, Source, Stack, Strength};
use crate::error::Result;
use crate::proof::ground::Ground;
use crate::setup::library::Library;
use crate::simulation::analysis::Analysing;
use crate::simulation::diagnose::Diagnosis;
use crate::simulation::emission::EmissionModel;
use crate::simulation::emission_placement::{EmissionField, Placement};
use crate::simulation::equilibrium_answers::Answers;
use crate::simulation::influence::Target;
use crate::simulation::meteorology::Meteorology;
use crate::simulation::plume;
use crate::simulation::run::{Outside, World};
use chrono::Duration;
use ndarray::Array2;
use std::path::Path;

/// A scene.
pub struct Scene<'a> {
    ground: Ground,
    emission: EmissionModel,
    fields: &'a [MetField],
    pub hours: u32,
    pub sources: Vec<Source>,
    county: CountyWeights,
}

/// Beginning of the identities of towns.
pub const TOWN: &str = "town";
/// Adcode of the county: of no place.
const COUNTY: u32 = 1;

impl<'a> Scene<'a> {
    /// On `ground`, in the weather of `fields`, for `hours`.
    ///
    /// # Errors
    /// Of the model's files.
    pub fn new(ground: Ground, fields: &'a [MetField], hours: u32, overrides: Option<&Path>) -> Result<Self> {
        let mut library = Library::new(overrides);
        let emission = library.read("models/emission.toml", |text, origin| EmissionModel::from_toml(text, origin))?;
        let county = county(&ground.grid);
        let sources = sources(&ground.grid);
        Ok(Self { ground, emission, fields, hours, sources, county })
    }

    /// The world of its runs.
    pub fn world(&self) -> World<'_> {
        World {
            grid: &self.ground.grid,
            background: &self.ground.background,
            surface: self.ground.surface,
            meteorology: self.fields,
            terrain: None,
            frozen: false,
            perturbed: None,
            emission: &self.emission,
            outside: Outside::Background,
            weights: std::slice::from_ref(&self.county),
            start: self.fields[0].valid_time,
            hours: self.hours,
            analysing: Analysing::Off,
        }
    }

    /// The county's area mean as weights `[y, x]`.
    pub fn weights(&self) -> Array2<f32> {
        let (_, ny, nx) = self.ground.grid.shape();
        let mut weights = Array2::zeros((ny, nx));
        self.county.area.iter().for_each(|(cell, w)| weights[[cell / nx, cell % nx]] = *w as f32);
        weights
    }

    /// Values of `targets` [ug m-3] in a forward run of the whole model with `sources`; records the answers of the equilibrium.
    ///
    /// # Errors
    /// Of the meteorology; `Unstable` from the numeric guard.
    pub fn forward(&self, sources: &[Source], targets: &[&Target]) -> Result<(Vec<f64>, Answers)> {
        let world = self.world();
        let mut meteorology = Meteorology::new(world.meteorology, world.grid, world.frozen)?;
        let diagnosis = Diagnosis::new(world.grid, world.surface);
        let (placement, _) = Placement::new(world.emission, sources, world.weights, world.grid);
        let mut emission = EmissionField::new(world.grid, placement.layers());
        let mut values = vec![0.0; targets.len()];
        let mut answers = Answers::new(world.grid.shape());
        let mut simulation = None;
        for hour in 0..self.hours {
            let start = world.start + Duration::hours(i64::from(hour));
            let driver = diagnosis.hour(&mut meteorology, start)?;
            let height = |cell: usize, stack: &Stack| plume::effective_height(&driver, world.grid, cell, stack);
            placement.rate(world.emission, sources, start, &height, &mut emission);
            let simulation =
                simulation.get_or_insert_with(|| self.ground.simulation(diagnosis.area(), &driver.air_mass_start));
            let ground = simulation.hour(&driver, &emission, &self.ground.sides)?;
            answers.record(&simulation.state);
            for (value, target) in values.iter_mut().zip(targets).filter(|(_, t)| t.hours.contains(&hour)) {
                *value += target.value(&ground, &driver) / target.hours.len() as f64;
            }
        }
        Ok((values, answers))
    }
}

/// The middle third of the grid, all of it by area and by people.
fn county(grid: &Grid) -> CountyWeights {
    let (_, ny, nx) = grid.shape();
    let middle = |i: usize, n: usize| (n / 3..n - n / 3).contains(&i);
    let cells: Vec<usize> = (0..ny * nx).filter(|c| middle(c / nx, ny) && middle(c % nx, nx)).collect();
    let share: Vec<(usize, f64)> = cells.iter().map(|c| (*c, 1.0 / cells.len() as f64)).collect();
    CountyWeights { adcode: COUNTY, area: share.clone(), built_up: share, coverage: 1.0 }
}

/// Households of the county, towns of several sectors around and in it, and a power plant.
fn sources(grid: &Grid) -> Vec<Source> {
    let (_, ny, nx) = grid.shape();
    let transform = grid.horizontal.transform();
    let at = |x: f64, y: f64| transform.lonlat((x * nx as f64).floor(), (y * ny as f64).floor());
    let stack = Stack { height_m: 120.0, diameter_m: 4.0, temperature_k: 400.0, velocity_m_s: 15.0 };
    let source = |id: String, sector: Sector, place: Place, size: f64| Source {
        name: id.clone(),
        id,
        sector,
        adcode: COUNTY,
        place,
        strength: Strength::Annual(amounts(size)),
        changes: Vec::new(),
    };
    let mut out = vec![
        source("households".into(), Sector::Residential, Place::County, 4.0),
        source("farms".into(), Sector::Agriculture, Place::County, 1.0),
        source("traffic".into(), Sector::Traffic, Place::County, 1.0),
    ];
    let sectors = [Sector::Residential, Sector::Industry, Sector::Traffic];
    for i in 0..12u32 {
        let (x, y) = ((0.13 + 0.31 * f64::from(i)).fract(), (0.21 + 0.18 * f64::from(i)).fract());
        let (lon, lat) = at(0.1 + 0.8 * x, 0.1 + 0.8 * y);
        let sector = sectors[i as usize % sectors.len()];
        out.push(source(format!("{TOWN} {i}"), sector, Place::Point { lon, lat, stack: None }, 1.0));
    }
    let (lon, lat) = at(0.3, 0.6);
    out.push(source("power plant".into(), Sector::Power, Place::Point { lon, lat, stack: Some(stack) }, 2.0));
    out
}

fn amounts(size: f64) -> Amounts {
    let a = Amounts {
        so2: 2000.0,
        nox: 3000.0,
        co: 9000.0,
        nh3: 900.0,
        nmvoc: 1500.0,
        pm25: 2500.0,
        pm10: 4000.0,
        bc: 300.0,
        oc: 700.0,
    };
    a.zip(Amounts::all(size), |a, s| a * s)
}
