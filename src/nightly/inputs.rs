//! Reads every input of a night, hashes it, and says what is missing.

use super::emission_sources::{OnFault, SAME_PLANT_M, read_inventories, same_plant};
use super::unchanged::{Stamp, Watch};
use crate::archive::durable::{sha256, sha256_file};
use crate::config::{Config, expand};
use crate::consultation::InputFile;
use crate::domain::boundary_field::BoundaryField;
use crate::domain::county::County;
use crate::domain::event::Event;
use crate::domain::fire::FireReport;
use crate::domain::grid::HorizontalGrid;
use crate::domain::met_field::MetField;
use crate::domain::observation::Observation;
use crate::domain::pollutant::Concentrations;
use crate::domain::quality::QualityReport;
use crate::domain::register::RegisterEntry;
use crate::domain::scenario::under;
use crate::domain::source::{Place, Source};
use crate::domain::species::Species;
use crate::domain::stack_record::StackReport;
use crate::domain::terrain::Terrain;
use crate::error::{Accepted, Error, Rejection, Result};
use crate::fetch::mirror_folder;
use crate::forecast::ObservedHour;
use crate::input::isolation::{self, Isolation};
use crate::input::outside_file::{BoundaryFile, BoundaryParts, TerrainFile};
use crate::input::{Window, daily_csv, events_csv, meteorology, power_plants_csv, scenario_file};
use crate::setup::Setup;
use crate::simulation::emission::EmissionModel;
use crate::simulation::emission_conditions::ConditionsReport;
use crate::simulation::emission_doctor::InventoryMass;
use crate::simulation::run::REVISION;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use geo::{Contains, Point};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The inputs of one night.
pub struct NightInputs {
    pub cycle: DateTime<Utc>,
    pub meteorology: Vec<MetField>,
    /// Terrain over which the winds are brought.
    pub terrain: Option<Terrain>,
    pub sources: Vec<Source>,
    /// Who can be ordered to emit less; empty: each source of the inventory counts as one entry.
    pub register: Vec<RegisterEntry>,
    /// Hourly means that end at the cycle or before.
    pub observations: Vec<Observation>,
    /// What the files of gridded inventories hold.
    pub inventories: Vec<InventoryMass>,
    /// Degrees east and north of their stations.
    pub places: BTreeMap<String, (f64, f64)>,
    /// What quality control says of them; rejected values are no longer among them.
    pub quality: Option<QualityReport>,
    /// The same as hours of the counties that have them: means of their stations.
    pub observed: BTreeMap<u32, Vec<ObservedHour>>,
    /// What became of the detections of fires; `None` where no file of them was read.
    pub fires: Option<FireReport>,
    /// How the sources of the night emit: with its holidays and weather.
    pub emission: EmissionModel,
    /// How holidays and weather change them.
    pub emission_conditions: Option<ConditionsReport>,
    /// What was measured at stacks; `None` where no file of that was read.
    pub stacks: Option<StackReport>,
    /// Recorded events.
    pub events: Vec<Event>,
    /// Mixing ratios around the outermost grid, by time, all of the same species; empty where there are none, or where they begin or end more
    /// than [`BOUNDARY_OVERHANG_H`] inside the night's hours.
    pub boundary: Vec<BoundaryField>,
    /// Daily values of the year so far, by area code.
    pub daily: BTreeMap<u32, BTreeMap<NaiveDate, Concentrations<f64>>>,
    pub files: Vec<InputFile>,
    pub rejections: Vec<Rejection>,
    /// What was missing, each as one sentence.
    pub degraded: Vec<String>,
    watch: Watch,
}

/// Hours by which the night may reach beyond the first and the last time of the air around the grid; the nearest time holds there.
const BOUNDARY_OVERHANG_H: i64 = 6;
/// Hours between two times of it above which what is interpolated between them is doubtful.
const BOUNDARY_GAP_H: i64 = 12;
/// How far [degrees] meteorology is kept around the grid.
const METEOROLOGY_MARGIN: f64 = 6.0;

/// Patterns of files; of a mirror the cycle that follows from what it holds, and the time from which its files are wanted.
pub(super) type MeteorologyFiles = (Vec<String>, Option<DateTime<Utc>>, Option<DateTime<Utc>>);

/// Reads and checks all inputs for the night of `cycle`.
///
/// # Errors
/// `Missing`, `Format`: required input (meteorology, some source) is absent or refused. Optional input that is absent is listed in
/// `degraded`.
pub fn read(setup: &Setup, cycle: Option<DateTime<Utc>>) -> Result<NightInputs> {
    read_telling(setup, cycle, &mut |_, _| ())
}

/// As [`read`]; tells `progress` how many files of meteorology are read, of how many.
///
/// # Errors
/// As [`read`].
pub fn read_telling(
    setup: &Setup,
    cycle: Option<DateTime<Utc>>,
    progress: &mut dyn FnMut(u32, u32),
) -> Result<NightInputs> {
    let config = &setup.config;
    let mut night = NightInputs::none(setup);
    let window = window(setup);
    let (patterns, cycle, from) = night.meteorology_files(config, cycle)?;
    let files = night.take("meteorology", &patterns)?;
    let isolation = Isolation::of_this_program();
    let isolation = isolation.as_ref();
    let around = window.map(|w| widen(w, METEOROLOGY_MARGIN));
    let mut told = |done: usize| progress(done as u32, files.len() as u32);
    night.meteorology = meteorology::read_telling(&files, (around, from), isolation, &mut told)?;
    night.read_terrain(setup, window, isolation)?;
    night.cycle = pick_cycle(setup, &night.meteorology, cycle)?;
    if config.frozen_meteorology {
        let time = night.meteorology[0].valid_time;
        night.degraded.push(format!("frozen meteorology: the fields of {time} stand for the whole run"));
    }
    // precipitation belongs to the interval before a time, so the first time needs none
    let times = night.meteorology.iter().skip(usize::from(night.meteorology.len() > 1));
    let dry: Vec<String> = times
        .filter(|m| m.precipitation_kg_m2_s.is_none())
        .map(|m| m.valid_time.format("%Y-%m-%dT%HZ").to_string())
        .collect();
    if !dry.is_empty() {
        night
            .degraded
            .push(format!("meteorology without precipitation, so without wet deposition, at {}", dry.join(", ")));
    }
    night.follow_weather(setup);
    night.read_boundary(setup, window, isolation)?;
    night.read_sources(setup, window, isolation, &mut Err)?;
    night.read_stacks(setup)?;
    night.read_register(setup)?;
    night.read_observations(setup)?;
    night.read_fires(setup, window)?;
    let to = night.cycle + Duration::hours(i64::from(config.forecast_hours));
    let during = (night.start(config), to);
    let new_years = setup.rulebook.events.new_years();
    night.sources.extend(setup.event_calendar.sources(&setup.region.counties, new_years, during));
    night.read_scenarios(setup)?;
    night.read_events(setup)?;
    night.read_daily(setup)?;
    night.doubt_changed_files()?;
    if night.sources.is_empty() {
        return Err(Error::missing(
            "sources of emissions",
            "inputs.inventory",
            "Give an inventory or a list of power plants",
        ));
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = night.sources.iter().find(|s| !seen.insert(s.id.as_str())) {
        return Err(Error::invalid(
            "inputs",
            "source id",
            format!("{} twice", twice.id),
            "ids unique over all inventory files",
        ));
    }
    Ok(night)
}

/// The night's cycle: as asked, or the latest full hour with a whole forecast of meteorology behind it.
fn pick_cycle(setup: &Setup, met: &[MetField], asked: Option<DateTime<Utc>>) -> Result<DateTime<Utc>> {
    let config = &setup.config;
    let (first, last) = (met[0].valid_time, met[met.len() - 1].valid_time);
    let spin_up = Duration::hours(i64::from(config.spin_up_hours));
    if config.frozen_meteorology {
        return Ok(asked.unwrap_or(first - Duration::seconds(first.timestamp().rem_euclid(3600))));
    }
    let latest = last - Duration::hours(i64::from(config.forecast_hours));
    let cycle = asked.unwrap_or(latest - Duration::seconds(latest.timestamp().rem_euclid(3600)));
    let end = cycle + Duration::hours(i64::from(config.forecast_hours));
    if cycle - spin_up < first || end > last {
        return Err(Error::missing(
            format!("meteorology from {} to {end}: the files hold {first} to {last}", cycle - spin_up),
            "inputs.meteorology",
            "Add the missing hours, change forecast_hours or spin_up_hours, or give --cycle",
        ));
    }
    Ok(cycle)
}

/// Box around the outermost configured grid; `None` when it is the meteorology's own.
fn window(setup: &Setup) -> Option<Window> {
    let grid = setup.grids.grid(setup.outermost(), &[]).ok()?;
    Some(bounds(&grid.horizontal))
}

/// Box around a grid's cells.
pub(super) fn bounds(grid: &HorizontalGrid) -> Window {
    let (right, top) = (grid.nx - 1, grid.ny - 1);
    let rim = (0..grid.nx).flat_map(|x| [(x, 0), (x, top)]).chain((0..grid.ny).flat_map(|y| [(0, y), (right, y)]));
    rim.flat_map(|(x, y)| grid.corners(x, y))
        .fold((f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY), |(w, s, e, n), (lon, lat)| {
            (w.min(lon), s.min(lat), e.max(lon), n.max(lat))
        })
}

/// Part of the Earth from which the meteorology of a grid is read.
pub fn meteorology_window(grid: &HorizontalGrid) -> Window {
    widen(bounds(grid), METEOROLOGY_MARGIN)
}

fn widen((w, s, e, n): Window, by: f64) -> Window {
    (w - by, s - by, e + by, n + by)
}

/// The county that contains a point.
pub(super) fn county_at(counties: &[County], lon: f64, lat: f64) -> Option<u32> {
    counties.iter().find(|c| c.outline.contains(&Point::new(lon, lat))).map(|c| c.adcode)
}

impl NightInputs {
    /// Nothing read yet.
    pub(super) fn none(setup: &Setup) -> Self {
        Self {
            cycle: DateTime::UNIX_EPOCH,
            meteorology: Vec::new(),
            terrain: None,
            sources: Vec::new(),
            register: Vec::new(),
            observations: Vec::new(),
            inventories: Vec::new(),
            places: BTreeMap::new(),
            quality: None,
            observed: BTreeMap::new(),
            fires: None,
            emission: setup.emission.clone(),
            emission_conditions: None,
            stacks: None,
            events: Vec::new(),
            boundary: Vec::new(),
            daily: BTreeMap::new(),
            files: Vec::new(),
            rejections: Vec::new(),
            degraded: Vec::new(),
            watch: Watch::default(),
        }
    }

    /// Files of meteorology as the configuration names them, or those of a mirror.
    pub(super) fn meteorology_files(
        &mut self,
        config: &Config,
        cycle: Option<DateTime<Utc>>,
    ) -> Result<MeteorologyFiles> {
        let Some(mirror) = &config.inputs.mirror else { return Ok((config.inputs.meteorology.clone(), cycle, None)) };
        let forecast = if config.frozen_meteorology { 0 } else { config.forecast_hours };
        let spin_up = if config.frozen_meteorology { 0 } else { config.spin_up_hours };
        let chosen = mirror_folder::choose(mirror, cycle, spin_up, forecast)?;
        self.degraded.extend(chosen.degraded);
        let files = chosen.files.iter().map(|p| p.to_string_lossy().into_owned()).collect();
        Ok((files, Some(chosen.cycle), Some(chosen.cycle - Duration::hours(i64::from(spin_up)))))
    }

    pub(super) fn take(&mut self, role: &str, patterns: &[String]) -> Result<Vec<PathBuf>> {
        self.hashed(role, patterns, true)
    }

    fn hashed(&mut self, role: &str, patterns: &[String], required: bool) -> Result<Vec<PathBuf>> {
        let files = expand(patterns)?;
        for path in &files {
            let stamp = Stamp::of(path);
            let (bytes, sha256) = sha256_file(path).map_err(|e| {
                Error::missing(
                    format!("an input file that can be read: {e}"),
                    path,
                    "Correct its permissions or the path",
                )
            })?;
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            self.watch.note(path, stamp, sha256.clone(), required);
            self.files.push(InputFile { role: role.into(), name, bytes, sha256 });
        }
        Ok(files)
    }

    /// Optional input: absent files degrade the night, unreadable ones stop it.
    pub(super) fn take_optional(&mut self, role: &str, patterns: &[String], consequence: &str) -> Result<Vec<PathBuf>> {
        match self.hashed(role, patterns, false) {
            Err(Error::Missing { what, path, .. }) => {
                self.degraded.push(format!("{what} ({}) missing: {consequence}", file_name(&path)));
                Ok(Vec::new())
            }
            other => other,
        }
    }

    /// Records of an optional file; a refused file or record degrades the night, and is listed.
    pub(super) fn accept_optional<T>(&mut self, role: &str, path: &Path, read: Result<Accepted<T>>) -> Option<Vec<T>> {
        let name = file_name(path);
        match read {
            Ok(accepted) => {
                if !accepted.rejections.is_empty() {
                    self.degraded.push(format!("{role}: {} records of {name} refused", accepted.rejections.len()));
                }
                self.rejections.extend(accepted.rejections);
                Some(accepted.items)
            }
            Err(e) => {
                self.degraded.push(format!("{role}: {name} refused"));
                let (place, found) = ("the whole file".into(), e.reason());
                self.rejections.push(Rejection {
                    file: name,
                    place,
                    found,
                    expected: format!("a file of {role}"),
                    by_design: false,
                });
                None
            }
        }
    }

    /// Refused rows of the inventory, and counties without sources, make every number too low: the night says so.
    fn doubt_inventory(&mut self, setup: &Setup, refused: usize) {
        if refused > 0 {
            self.degraded.push(format!("inventory: {refused} rows refused, so emissions are too low"));
        }
        let empty: Vec<&str> = setup
            .region
            .counties
            .iter()
            .filter(|c| {
                !self
                    .sources
                    .iter()
                    .any(|s| s.adcode == c.adcode || !matches!(s.place, Place::Point { .. }) && s.adcode == 0)
            })
            .map(|c| c.name_en.as_str())
            .collect();
        if !empty.is_empty() {
            self.degraded.push(format!("inventory: no source in {}", empty.join(", ")));
        }
    }

    /// Inventories and plants; `on_fault` decides on refused inventories.
    pub(super) fn read_sources(
        &mut self,
        setup: &Setup,
        window: Option<Window>,
        isolation: Option<&Isolation>,
        on_fault: &mut OnFault,
    ) -> Result<()> {
        let inputs = &setup.config.inputs;
        let window = window.unwrap_or_else(|| bounds(&self.meteorology[0].grid));
        let mut refused = 0;
        for patterns in [&inputs.inventory, &inputs.inventory_beside] {
            let files = self.take("inventory", patterns)?;
            let read = read_inventories(setup, files, window, isolation, on_fault)?;
            self.sources.extend(read.sources);
            self.rejections.extend(read.rejections);
            self.inventories.extend(read.masses);
            refused += read.refused;
        }
        self.doubt_inventory(setup, refused);
        for path in self.take("power_plants", &inputs.power_plants)? {
            let accepted = power_plants_csv::read(&path, &setup.plants, window, &setup.region.counties)?;
            self.rejections.extend(accepted.rejections);
            for plant in accepted.items {
                match self.sources.iter().find(|s| same_plant(s, &plant)) {
                    // the inventory knows the plant better than a world-wide list does
                    Some(known) => self.rejections.push(Rejection {
                        file: file_name(&path),
                        place: plant.id.clone(),
                        found: format!("a plant within {} km of `{}` of the inventory", SAME_PLANT_M / 1e3, known.id),
                        expected: "plants that the inventory lacks: it is used once, from the inventory".into(),
                        by_design: true,
                    }),
                    None => self.sources.push(plant),
                }
            }
        }
        Ok(())
    }

    /// A file that changed since it was hashed is not the one in the record.
    fn doubt_changed_files(&mut self) -> Result<()> {
        let changed = self.watch.changed()?;
        let changed: Vec<String> = changed.into_iter().map(file_name).collect();
        self.degraded.extend(
            changed.iter().map(|name| format!("{name} changed while it was read: its hash is of another content")),
        );
        Ok(())
    }

    /// Lays the scenarios over the sources of the inventory and the fires, for all of the night's hours.
    fn read_scenarios(&mut self, setup: &Setup) -> Result<()> {
        let counties: Vec<u32> = setup.region.counties.iter().map(|c| c.adcode).collect();
        let from = self.start(&setup.config);
        let to = self.cycle + Duration::hours(i64::from(setup.config.forecast_hours));
        for path in self.take("scenario", &setup.config.inputs.scenario)? {
            self.sources = under(&scenario_file::read(&path, &counties)?, &self.sources, self.cycle, (from, to));
        }
        Ok(())
    }

    fn read_terrain(&mut self, setup: &Setup, window: Option<Window>, isolation: Option<&Isolation>) -> Result<()> {
        let window = window.unwrap_or_else(|| bounds(&self.meteorology[0].grid));
        self.terrain = match &self.take("terrain", setup.config.inputs.terrain.as_slice())?[..] {
            [] => None,
            [path] => Some(isolation::read(isolation, &TerrainFile { path: path.clone(), window })?),
            several => {
                let found = format!("{} files", several.len());
                return Err(Error::invalid("the configuration", "inputs.terrain", found, "one file"));
            }
        };
        Ok(())
    }

    /// First hour of the night's runs.
    pub fn start(&self, config: &Config) -> DateTime<Utc> {
        self.cycle - Duration::hours(i64::from(config.spin_up_hours))
    }

    /// Mixing ratios around the grid: for all of the night's hours but an overhang, or the background alone.
    fn read_boundary(&mut self, setup: &Setup, window: Option<Window>, isolation: Option<&Isolation>) -> Result<()> {
        let config = &setup.config;
        let window = window.unwrap_or_else(|| bounds(&self.meteorology[0].grid));
        let instead = "the air outside is that of models/boundary.toml";
        let mapping = &setup.boundary_species;
        let mut files = Vec::new();
        for path in self.take_optional("boundary", &config.inputs.boundary, instead)? {
            let held = isolation::read(isolation, &BoundaryParts { path: path.clone(), mapping: mapping.clone() });
            let held = held.map(|parts| Accepted { items: vec![parts], rejections: Vec::new() });
            let parts = self.accept_optional("boundary", &path, held).unwrap_or_default();
            files.extend(parts.into_iter().map(|parts| (path.clone(), parts)));
        }
        let Some(parts) = files.iter().map(|(_, parts)| parts.clone()).reduce(|a, b| a.common(&b)) else {
            return Ok(());
        };
        if parts.species().is_empty() {
            self.degraded.push(format!("boundary: no species that all files hold: {instead}"));
            return Ok(());
        }
        let task = |(path, _)| BoundaryFile { path, window: Some(window), mapping: parts.clone() };
        let tasks: Vec<_> = files.into_iter().map(task).collect();
        for (BoundaryFile { path, .. }, read) in tasks.iter().zip(isolation::read_each(isolation, &tasks)) {
            let read = read.map(|items| Accepted { items, rejections: Vec::new() });
            for field in self.accept_optional("boundary", path, read).unwrap_or_default() {
                if self.boundary.iter().any(|f| f.valid_time == field.valid_time) {
                    self.rejections.push(Rejection {
                        file: file_name(path),
                        place: format!("time {}", field.valid_time),
                        found: "a time that a file before it has; that one is used".into(),
                        expected: "each time in one file only".into(),
                        by_design: false,
                    });
                } else {
                    self.boundary.push(field);
                }
            }
        }
        self.boundary.sort_by_key(|f| f.valid_time);
        let (Some(first), Some(last)) = (self.boundary.first(), self.boundary.last()) else { return Ok(()) };
        let (first, last) = (first.valid_time, last.valid_time);
        let (start, end) = (self.start(config), self.cycle + Duration::hours(i64::from(config.forecast_hours)));
        let overhang = Duration::hours(BOUNDARY_OVERHANG_H);
        if first > start + overhang || last < end - overhang {
            self.degraded.push(format!("boundary: {first} to {last}, the run needs {start} to {end}: {instead}"));
            self.boundary.clear();
            return Ok(());
        }
        let times = self.boundary.windows(2).map(|w| (w[0].valid_time, w[1].valid_time));
        let gaps = times.filter(|(a, b)| *b - *a > Duration::hours(BOUNDARY_GAP_H) && *b > start && *a < end);
        let gaps: Vec<String> = gaps.map(|(a, b)| format!("{a} to {b}")).collect();
        if !gaps.is_empty() {
            self.degraded.push(format!("boundary: no time for more than {BOUNDARY_GAP_H} h: {}", gaps.join(", ")));
        }
        let given = parts.species();
        let lacking: Vec<&str> =
            mapping.species().into_iter().filter(|s| !given.contains(s)).map(Species::name).collect();
        if !lacking.is_empty() {
            self.degraded.push(format!("boundary: no {} in the files: {instead}", lacking.join(", ")));
        }
        let absent = parts.lacking(mapping);
        if !absent.is_empty() {
            let absent = absent.join(", ");
            self.degraded.push(format!("boundary: variables not in every file, left out at all times: {absent}"));
        }
        Ok(())
    }

    fn read_events(&mut self, setup: &Setup) -> Result<()> {
        for path in self.take_optional("events", &setup.config.inputs.events, "no cause beyond control is known")? {
            if let Some(events) = self.accept_optional("events", &path, events_csv::read(&path)) {
                self.events.extend(events);
            }
        }
        Ok(())
    }

    /// Daily values name their area by its code or by the Chinese name of the county or region.
    fn read_daily(&mut self, setup: &Setup) -> Result<()> {
        let region = &setup.region;
        let code = |place: &str| {
            let named =
                region.counties.iter().map(|c| (c.adcode, &c.name_zh)).chain([(region.adcode, &region.name_zh)]);
            named
                .into_iter()
                .find(|(adcode, name)| *name == place || adcode.to_string() == place)
                .map(|(adcode, _)| adcode)
        };
        for path in self.take_optional("daily", &setup.config.inputs.daily, "the yearly targets are unknown")? {
            for record in self.accept_optional("daily", &path, daily_csv::read(&path)).unwrap_or_default() {
                // a table of a whole province holds other places too
                let Some(adcode) = code(&record.place) else { continue };
                let before = self.daily.entry(adcode).or_default().insert(record.day, record.concentrations);
                if before.is_some_and(|b| b != record.concentrations) {
                    self.rejections.push(Rejection {
                        file: file_name(&path),
                        place: format!("{} {}", record.place, record.day),
                        found: "other values than in a file before it; these are used".into(),
                        expected: "each place and day in one file only".into(),
                        by_design: false,
                    });
                }
            }
        }
        Ok(())
    }

    /// Hash of everything the night's products depend on.
    ///
    /// # Errors
    /// None in practice: the listed values always serialise.
    pub fn key(&self, setup: &Setup, learned: &[InputFile]) -> Result<String> {
        let c = &setup.config;
        let mut text = format!(
            "{} {REVISION} {} {} {} {} {} {} {}\n",
            env!("CARGO_PKG_VERSION"),
            self.cycle,
            setup.region.id,
            c.grid,
            c.outer_grid.as_deref().unwrap_or("-"),
            c.forecast_hours,
            c.spin_up_hours,
            c.frozen_meteorology
        );
        if c.assimilation {
            text.push_str("assimilation\n");
        }
        if c.members > 0 {
            text.push_str(&format!("members {}\n", c.members));
        }
        for file in self.files.iter().chain(&setup.files).chain(learned) {
            text.push_str(&format!("{} {} {}\n", file.role, file.name, file.sha256));
        }
        for missing in &self.degraded {
            text.push_str(&format!("degraded {missing}\n"));
        }
        Ok(sha256(text.as_bytes()))
    }
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}
