//! A run: hours of meteorology and emission in, a [`History`] out. This is `simulate(sources)`: the forecast is a function of the sources.

use super::analysis::{Analyses, Analysing, GridAnalyses};
use super::boundary::{Background, Sides};
use super::diagnose::{Diagnosis, SurfaceParameters};
use super::driver::HourDriver;
use super::emission::EmissionModel;
use super::emission_placement::{EmissionField, Placement};
use super::equilibrium_answers::Answers;
use super::history::History;
use super::meteorology::Meteorology;
use super::nest::Nest;
use super::outside_air::OutsideAir;
use super::perturbed_weather::PerturbedWeather;
use super::plume;
use super::restart::{Checkpoints, Contents, Identity, Reason, Snapshot};
use super::step::{Simulation, tracer_deviation};
use super::terrain_winds::TerrainWindsReport;
use crate::chemistry::pm_lite::NO2_SHARE;
use crate::domain::boundary_field::BoundaryField;
use crate::domain::county::CountyWeights;
use crate::domain::grid::Grid;
use crate::domain::met_field::MetField;
use crate::domain::pollutant::{Concentrations, Pollutant};
use crate::domain::source::Source;
use crate::domain::species::{PRIMARY_PM25, Species, members};
use crate::domain::terrain::Terrain;
use crate::error::{Rejection, Result};
use crate::units::{gas_ug_m3, particle_ug_m3};
use chrono::{DateTime, Duration, Utc};
use ndarray::{Array2, Array3, Axis, Slice};

/// Raised whenever the same inputs give other results: a night of an older revision is run again.
pub const REVISION: u32 = 8;

/// Height above ground [m] whose temperature is compared with that at 2 m.
const ALOFT_M: f64 = 250.0;

/// What gives a run its first state and the air outside its sides and top.
#[derive(Clone, Copy)]
pub enum Outside<'a> {
    /// The background.
    Background,
    /// Mixing ratios of a provider, sorted by time; what they lack is the background.
    Fields(&'a [BoundaryField]),
    /// A run of the same hours on a larger, coarser grid with the same layers, hour by hour before this one.
    Outer(&'a World<'a>),
}

/// Everything a run depends on but its sources.
pub struct World<'a> {
    pub grid: &'a Grid,
    /// Air at the start, and outside the sides and the top, where `outside` says so or gives none.
    pub background: &'a Background,
    pub outside: Outside<'a>,
    pub surface: SurfaceParameters,
    pub meteorology: &'a [MetField],
    /// Terrain over which the winds are brought; `None` keeps the provider's.
    pub terrain: Option<&'a Terrain>,
    /// One time of meteorology for the whole run.
    pub frozen: bool,
    /// Other weather than the provider's; `None` in every run but those of perturbed members.
    pub perturbed: Option<PerturbedWeather>,
    pub emission: &'a EmissionModel,
    pub weights: &'a [CountyWeights],
    /// First hour begins here.
    pub start: DateTime<Utc>,
    pub hours: u32,
    pub analysing: Analysing<'a>,
}

impl<'a> World<'a> {
    /// What makes its drivers.
    ///
    /// # Errors
    /// `Missing` where the terrain does not cover the grid.
    pub(super) fn diagnosis(&self) -> Result<Diagnosis<'a>> {
        let diagnosis = Diagnosis::new(self.grid, self.surface).under(self.perturbed);
        let Some(terrain) = self.terrain else { return Ok(diagnosis) };
        Ok(diagnosis.over(terrain.cell_means(&self.grid.horizontal)?))
    }
}

/// One grid of a run, and all that moves on it.
struct Domain<'a> {
    world: &'a World<'a>,
    sources: &'a [Source],
    diagnosis: Diagnosis<'a>,
    meteorology: Meteorology<'a>,
    placement: Placement,
    emission: EmissionField,
    around: Around<'a>,
    simulation: Simulation<'a>,
    /// Analyses that this run makes.
    made: GridAnalyses,
}

/// What is outside, while the run goes on.
enum Around<'a> {
    Background(Box<Sides>),
    Fields(OutsideAir<'a>),
    Outer(Box<Outer<'a>>),
}

struct Outer<'a> {
    domain: Domain<'a>,
    nest: Nest,
}

impl Outer<'_> {
    /// Advances the outer run by the hour that begins at `start`; the air around the inner grid is the mean of before and after, an analysis at
    /// the end of the hour not yet in it.
    fn hour(&mut self, start: DateTime<Utc>) -> Result<Sides> {
        let before = self.sides();
        let (driver, ground) = self.domain.advance(start)?;
        let sides = before.mean(&self.sides());
        self.domain.analyse(start, &driver, &ground);
        Ok(sides)
    }

    fn sides(&self) -> Sides {
        self.nest.sides(&self.domain.simulation.state, self.domain.simulation.mass())
    }
}

impl<'a> Domain<'a> {
    fn new(world: &'a World, sources: &'a [Source]) -> Result<(Self, Vec<Rejection>)> {
        let grid = world.grid;
        let diagnosis = world.diagnosis()?;
        let mut meteorology = Meteorology::new(world.meteorology, grid, world.frozen)?;
        let (placement, mut rejections) = Placement::new(world.emission, sources, world.weights, grid);
        rejections.extend(left_out(&placement));
        let met = meteorology.at(world.start)?;
        let (state, around) = match world.outside {
            Outside::Background => {
                (world.background.state(grid), Around::Background(Box::new(Sides::uniform(world.background, grid))))
            }
            Outside::Fields(fields) => {
                let air = OutsideAir::new(fields, grid, world.background)?;
                (air.state(world.start, &met.pressure), Around::Fields(air))
            }
            Outside::Outer(larger) => {
                let nest = Nest::new(larger.grid, grid)?;
                let (domain, outside) = Domain::new(larger, sources)?;
                // what the inner grid lacks is not lost where the outer one emits it
                rejections = outside;
                let state = nest.state(&domain.simulation.state, domain.simulation.mass());
                (state, Around::Outer(Box::new(Outer { domain, nest })))
            }
        };
        let (_, ny, nx) = grid.shape();
        let made = match world.analysing {
            Analysing::Make(analyst, _) => GridAnalyses::planned(analyst, world.start, world.hours, (ny, nx)),
            Analysing::Off | Analysing::Given(..) => GridAnalyses::default(),
        };
        let domain = Self {
            world,
            made,
            sources,
            emission: EmissionField::new(grid, placement.layers()),
            around,
            simulation: Simulation::new(grid, diagnosis.area(), diagnosis.air_mass(&met), state),
            diagnosis,
            meteorology,
            placement,
        };
        Ok((domain, rejections))
    }

    /// Advances the hour that begins at `start` and analyses its end; returns its driver and the mean mixing ratios at the ground.
    fn hour(&mut self, start: DateTime<Utc>) -> Result<(HourDriver, Array3<f32>)> {
        let (driver, ground) = self.advance(start)?;
        self.analyse(start, &driver, &ground);
        Ok((driver, ground))
    }

    fn advance(&mut self, start: DateTime<Utc>) -> Result<(HourDriver, Array3<f32>)> {
        let world = self.world;
        let driver = self.diagnosis.hour(&mut self.meteorology, start)?;
        let height = |cell: usize, stack: &_| plume::effective_height(&driver, world.grid, cell, stack);
        self.placement.rate(world.emission, self.sources, start, &height, &mut self.emission);
        let of_this_hour;
        let sides = match &mut self.around {
            Around::Background(sides) => &**sides,
            Around::Fields(air) => {
                of_this_hour = air.sides(start + Duration::minutes(30), &driver.pressure);
                &of_this_hour
            }
            Around::Outer(outer) => {
                of_this_hour = outer.hour(start)?;
                &of_this_hour
            }
        };
        let ground = self.simulation.hour(&driver, &self.emission, sides)?;
        Ok((driver, ground))
    }

    /// Brings the state at the end of the hour that began at `start` to the observations, where this hour has an analysis.
    fn analyse(&mut self, start: DateTime<Utc>, driver: &HourDriver, ground: &Array3<f32>) {
        let world = self.world;
        let hour = (start - world.start).num_hours() as u32;
        let (factors, reach) = match world.analysing {
            Analysing::Off => return,
            Analysing::Given(given, reach) => (given.at(hour), reach),
            Analysing::Make(analyst, reach) => {
                let Some(made) = self.made.at_mut(hour) else { return };
                let background = surface_concentrations(ground, driver);
                if let Some(factors) = analyst.analyse(world.grid, start + Duration::hours(1), &background) {
                    made.assign(&factors);
                }
                (Some(&*made), reach)
            }
        };
        if let Some(factors) = factors {
            self.simulation.multiply((factors, reach), driver);
        }
    }

    /// What was made here and on the grid around.
    fn analyses(self) -> Analyses {
        let outer = match self.around {
            Around::Outer(outer) => Some(Box::new(outer.domain.analyses())),
            Around::Background(_) | Around::Fields(_) => None,
        };
        Analyses { grid: self.made, outer }
    }

    /// Adds the outer run and this one to a checkpoint.
    fn save<'s>(&'s self, to: &mut Snapshot<'s>) {
        if let Around::Outer(outer) = &self.around {
            outer.domain.save(to);
        }
        self.simulation.save(to);
        self.made.save(to);
    }

    /// Takes back what [`Domain::save`] added.
    fn restore(&mut self, from: &mut Contents) {
        if let Around::Outer(outer) = &mut self.around {
            outer.domain.restore(from);
        }
        self.simulation.restore(from);
        self.made.restore(from);
    }
}

/// Simulates `sources`; `progress` is called with (hours done, hours in all) after every hour. With `checkpoints` it goes on from the newest
/// one that is of this run and whole.
///
/// # Errors
/// `Missing` where meteorology ends before the run or terrain before the grid, `Unstable` from the numeric guard.
pub fn simulate(
    world: &World,
    sources: &[Source],
    checkpoints: Option<&dyn Checkpoints>,
    progress: &dyn Fn(u32, u32),
) -> Result<(History, Vec<Rejection>)> {
    let progress = |done, of| {
        progress(done, of);
        true
    };
    let done = run(world, sources, &mut None, checkpoints, &progress)?.expect("nothing ends it early");
    Ok((done.history, done.rejections))
}

/// As [`simulate`] without checkpoints, while `go_on`, called with (hours done, hours in all) after every hour, says so; `None` where it did not.
///
/// # Errors
/// Those of [`simulate`].
pub fn simulate_while(
    world: &World,
    sources: &[Source],
    go_on: &dyn Fn(u32, u32) -> bool,
) -> Result<Option<(History, Vec<Rejection>)>> {
    Ok(run(world, sources, &mut None, None, go_on)?.map(|done| (done.history, done.rejections)))
}

/// A run that other runs follow.
pub struct Leading {
    pub history: History,
    pub rejections: Vec<Rejection>,
    /// Of the equilibrium on the inner grid.
    pub answers: Answers,
    /// That this run made.
    pub analyses: Analyses,
}

/// As [`simulate`], with the answers of the equilibrium on the inner grid: one byte a cell and hour, in its checkpoints too.
///
/// # Errors
/// Those of [`simulate`].
pub fn simulate_with_answers(
    world: &World,
    sources: &[Source],
    checkpoints: Option<&dyn Checkpoints>,
    progress: &dyn Fn(u32, u32),
) -> Result<Leading> {
    let none = || Answers::new(world.grid.shape());
    let mut answers = Some(none());
    let progress = |done, of| {
        progress(done, of);
        true
    };
    let Done { history, rejections, analyses } =
        run(world, sources, &mut answers, checkpoints, &progress)?.expect("nothing ends it early");
    Ok(Leading { history, rejections, answers: answers.unwrap_or_else(none), analyses })
}

/// What a run that was not ended early leaves.
struct Done {
    history: History,
    rejections: Vec<Rejection>,
    analyses: Analyses,
}

fn run(
    world: &World,
    sources: &[Source],
    answers: &mut Option<Answers>,
    checkpoints: Option<&dyn Checkpoints>,
    go_on: &dyn Fn(u32, u32) -> bool,
) -> Result<Option<Done>> {
    let (_, ny, nx) = world.grid.shape();
    let (mut domain, rejections) = Domain::new(world, sources)?;
    let snow = world.meteorology.iter().all(|m| m.snow_kg_m2.is_some());
    let mut history = empty(world.hours as usize, ny, nx, snow);
    let aloft = aloft(world);
    let end = |hour: u32| world.start + Duration::hours(i64::from(hour) + 1);
    let done = checkpoints.map_or(0, |c| resume(c, &mut domain, &mut history, answers));
    history.ends.extend((0..done).map(end));
    for hour in done..world.hours {
        let (driver, ground) = domain.hour(end(hour) - Duration::hours(1))?;
        record(&mut history, hour as usize, end(hour), &ground, &driver, aloft);
        answers.iter_mut().for_each(|a| a.record(&domain.simulation.state));
        if let Some(c) = checkpoints.filter(|c| is_due(c.every_hours(), hour + 1, world.hours)) {
            let mut snapshot = snapshot(&domain, &history, hour + 1);
            answers.iter().for_each(|a| snapshot.set_bytes(a.to_bytes()));
            c.keep(hour + 1, &snapshot.to_bytes(&identity(world, c)));
        }
        if !go_on(hour + 1, world.hours) {
            return Ok(None);
        }
    }
    let s = &domain.simulation;
    history.ledger = s.books.clone().close(&s.state, s.mass(), tracer_deviation(&s.state));
    Ok(Some(Done { history, rejections, analyses: domain.analyses() }))
}

/// The end of a run needs no checkpoint.
fn is_due(every: u32, done: u32, of: u32) -> bool {
    every > 0 && done.is_multiple_of(every) && done < of
}

fn identity(world: &World, checkpoints: &dyn Checkpoints) -> Identity {
    Identity { revision: REVISION, grid: grid_names(world), run: checkpoints.run().to_owned() }
}

/// `outer > inner`.
fn grid_names(world: &World) -> String {
    match world.outside {
        Outside::Background | Outside::Fields(_) => world.grid.name.clone(),
        Outside::Outer(outer) => format!("{} > {}", grid_names(outer), world.grid.name),
    }
}

fn snapshot<'s>(domain: &'s Domain, history: &'s History, hour: u32) -> Snapshot<'s> {
    let mut snapshot = Snapshot::new(hour);
    domain.save(&mut snapshot);
    for field in history.fields() {
        snapshot.add(field.slice_axis(Axis(0), Slice::from(..hour as usize)));
    }
    if domain.world.terrain.is_some() {
        snapshot.add_numbers(history.terrain_winds.unwrap_or_default().figures());
    }
    snapshot
}

/// Goes back to the newest checkpoint that can be used; returns the hours done.
fn resume(
    checkpoints: &dyn Checkpoints,
    domain: &mut Domain,
    history: &mut History,
    answers: &mut Option<Answers>,
) -> u32 {
    let hours = domain.world.hours;
    for generation in 0..checkpoints.generations() {
        let read = checkpoints.read(generation);
        let snapshot = read.and_then(|bytes| {
            let found = Snapshot::from_bytes(&bytes, &identity(domain.world, checkpoints))?;
            let kept = answers.as_ref().and_then(|a| Answers::from_bytes(found.bytes(), a.cells()));
            let answered = match answers {
                None => found.bytes().is_empty(),
                Some(_) => kept.as_ref().is_some_and(|a| a.hours() == found.hour as usize),
            };
            let fits = answered && found.hour <= hours && found.same_shape(&snapshot(domain, history, found.hour));
            let hour = found.hour;
            let other = || {
                Reason::new(
                    format!("第 {hour} 小时的数组形状与本次运行不同"),
                    format!("hour {hour} in other shapes than this run's"),
                )
            };
            if fits { Ok((found, kept)) } else { Err(other()) }
        });
        match snapshot {
            Ok((snapshot, kept)) => {
                let hour = snapshot.hour;
                *answers = kept;
                let mut contents = snapshot.contents();
                domain.restore(&mut contents);
                for field in history.fields_mut() {
                    contents.take(field.slice_axis_mut(Axis(0), Slice::from(..hour as usize)));
                }
                if domain.world.terrain.is_some() {
                    let figures = std::array::from_fn(|_| contents.number());
                    history.terrain_winds = Some(TerrainWindsReport::from_figures(figures));
                }
                checkpoints.resumed(hour);
                return hour;
            }
            Err(reason) => checkpoints.refused(generation, &reason),
        }
    }
    0
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
        by_design: false,
    })
}

/// Layer in which an inversion shows: the one that contains [`ALOFT_M`], the highest of a lower model.
fn aloft(world: &World) -> usize {
    let tops = &world.grid.vertical.interfaces_m[1..];
    tops.iter().position(|top| *top > ALOFT_M).unwrap_or(tops.len() - 1)
}

fn empty(hours: usize, ny: usize, nx: usize, snow: bool) -> History {
    let field = || Array3::zeros((hours, ny, nx));
    let mut concentrations = Concentrations::default();
    for p in Pollutant::ALL.into_iter().filter(|p| !members(*p).is_empty()) {
        concentrations.set(p, Some(field()));
    }
    History {
        ends: Vec::with_capacity(hours),
        concentrations,
        mixing_height_m: field(),
        primary_pm25_ug_m3: field(),
        wind_east_m_s: field(),
        wind_north_m_s: field(),
        temperature_k: field(),
        relative_humidity_percent: field(),
        inversion_k: field(),
        snow_kg_m2: snow.then(field),
        ledger: super::budget::MassLedger::default(),
        terrain_winds: None,
    }
}

/// Concentrations `[y, x]` in the standard's units of mean mixing ratios `ground` of the lowest layer.
fn surface_concentrations(ground: &Array3<f32>, driver: &HourDriver) -> Concentrations<Array2<f32>> {
    let density = driver.density.index_axis(Axis(0), 0);
    let mut out = Concentrations::default();
    for p in Pollutant::ALL.into_iter().filter(|p| !members(*p).is_empty()) {
        let value = |(y, x)| {
            let q: f64 = members(p).iter().map(|s: &Species| f64::from(ground[[s.index(), y, x]])).sum();
            let value = match p {
                Pollutant::Pm25 | Pollutant::Pm10 => particle_ug_m3(q, f64::from(density[[y, x]])),
                Pollutant::Co => gas_ug_m3(q) * 1e-3,
                Pollutant::No2 => gas_ug_m3(q) * NO2_SHARE,
                Pollutant::So2 | Pollutant::O3 => gas_ug_m3(q),
            };
            value as f32
        };
        out.set(p, Some(Array2::from_shape_fn(density.dim(), value)));
    }
    out
}

fn record(
    history: &mut History,
    hour: usize,
    end: DateTime<Utc>,
    ground: &Array3<f32>,
    driver: &HourDriver,
    aloft: usize,
) {
    history.ends.push(end);
    let now = surface_concentrations(ground, driver);
    for p in Pollutant::ALL {
        let (Some(field), Some(now)) = (history.concentrations.slot(p), now.get(p)) else { continue };
        field.index_axis_mut(Axis(0), hour).assign(now);
    }
    let density = driver.density.index_axis(Axis(0), 0);
    for ((y, x), value) in history.primary_pm25_ug_m3.index_axis_mut(Axis(0), hour).indexed_iter_mut() {
        let q: f64 = PRIMARY_PM25.iter().map(|s| f64::from(ground[[s.index(), y, x]])).sum();
        *value = particle_ug_m3(q, f64::from(density[[y, x]])) as f32;
    }
    history.mixing_height_m.index_axis_mut(Axis(0), hour).assign(&driver.mixing_height);
    history.wind_east_m_s.index_axis_mut(Axis(0), hour).assign(&driver.wind_east_10m);
    history.wind_north_m_s.index_axis_mut(Axis(0), hour).assign(&driver.wind_north_10m);
    history.temperature_k.index_axis_mut(Axis(0), hour).assign(&driver.temperature_2m);
    let humidity = driver.relative_humidity.index_axis(Axis(0), 0).mapv(|h| 100.0 * h);
    history.relative_humidity_percent.index_axis_mut(Axis(0), hour).assign(&humidity);
    let inversion = &driver.temperature.index_axis(Axis(0), aloft) - &driver.temperature_2m;
    history.inversion_k.index_axis_mut(Axis(0), hour).assign(&inversion);
    if let (Some(field), Some(now)) = (&mut history.snow_kg_m2, &driver.snow) {
        field.index_axis_mut(Axis(0), hour).assign(now);
    }
    if let Some(adjustment) = &driver.terrain_winds {
        history.terrain_winds.get_or_insert_default().add(adjustment);
    }
}
