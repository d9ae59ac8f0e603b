//! Every reader of outside files, called as the night calls it.

use crate::archive::manifest::{MANIFEST, Manifest};
use crate::config::Config;
use crate::config::mirror::Provider;
use crate::domain::county::County;
use crate::error::{Accepted, Error, Rejection, Result};
use crate::fetch::index;
use crate::input::boundary_netcdf::SpeciesMapping;
use crate::input::inventory_files;
use crate::input::inventory_vocabulary::Vocabulary;
use crate::input::isolation::{Death, Isolation, Outcome, Task};
use crate::input::outside_file::{BoundaryFile, InventoryFile, MeteorologyFile, TerrainFile};
use crate::input::power_plants_csv::{self, PlantFactors};
use crate::input::{
    Window, cems_csv, daily_csv, emission_reference_csv, events_csv, fires, hourly_files, inventory_csv, meteorology,
    observations_csv, outlines, published_hours, region, register_table, scenario_file, stations_csv,
};
use crate::setup::library::{Library, built_in};
use crate::setup::rule_check;
use crate::simulation::restart::{Identity, Snapshot};
use serde::Serialize;
use std::path::Path;

/// A reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reader {
    Meteorology,
    Boundary,
    Terrain,
    GriddedInventory,
    Inventory,
    PowerPlants,
    Fires,
    Events,
    Cems,
    Scenario,
    Reference,
    Observations,
    Index,
    DailyValues,
    HourlyValues,
    PublishedHours,
    Stations,
    Register,
    Outlines,
    Region,
    Configuration,
    Rules,
    Manifest,
    Checkpoint,
}

/// What came of reading a file.
#[derive(Debug)]
pub enum Seen {
    /// Read, with the records that were refused.
    Read {
        rejections: Vec<Rejection>,
    },
    Refused(Error),
    /// The child failed.
    Died(Death, Error),
}

impl Reader {
    /// Those that read in child processes.
    pub const ISOLATED: [Self; 4] = [Self::Meteorology, Self::Boundary, Self::Terrain, Self::GriddedInventory];
    /// Those of tables and texts that an outside folder may hold.
    pub const TABLES: [Self; 15] = [
        Self::Inventory,
        Self::PowerPlants,
        Self::Fires,
        Self::Events,
        Self::Cems,
        Self::Scenario,
        Self::Reference,
        Self::Observations,
        Self::Index,
        Self::DailyValues,
        Self::HourlyValues,
        Self::PublishedHours,
        Self::Stations,
        Self::Register,
        Self::Outlines,
    ];

    /// Whether it reads in child processes.
    pub fn is_isolated(self) -> bool {
        Self::ISOLATED.contains(&self)
    }
}

/// What readers need beside the file.
pub struct Readers {
    isolation: Isolation,
    plants: PlantFactors,
    mapping: SpeciesMapping,
    vocabulary: Vocabulary,
    counties: Vec<County>,
}

/// All of the Earth: nothing is left out for lying outside.
const EARTH: Window = (-180.0, -90.0, 180.0, 90.0);
/// Where a checkpoint of the soak belongs.
const RUN: &str = "soak";

/// What the checkpoint that is damaged belongs to.
pub fn identity() -> Identity {
    Identity { revision: 1, grid: RUN.into(), run: RUN.into() }
}

impl Readers {
    /// With the built-in files.
    ///
    /// # Errors
    /// None in practice: the built-in files are sound.
    pub fn new(isolation: Isolation) -> Result<Self> {
        let mut library = Library::new(None);
        Ok(Self {
            isolation,
            plants: library.read("models/power_plants.toml", PlantFactors::parse)?,
            mapping: library.read("models/boundary_species.toml", SpeciesMapping::from_toml)?,
            vocabulary: library.read("models/inventory.toml", Vocabulary::from_toml)?,
            counties: library.region("yanbian", &[])?.counties,
        })
    }

    /// Reads `path`, whose name is that under which the file is known.
    pub fn read(&self, reader: Reader, path: &Path) -> Seen {
        let path_buf = path.to_path_buf();
        match reader {
            Reader::Meteorology => self.apart(&MeteorologyFile { path: path_buf, window: None }, |contents| {
                meteorology::together(vec![contents], None).map(|_| ())
            }),
            Reader::Boundary => {
                self.apart(&BoundaryFile { path: path_buf, window: None, mapping: self.mapping.clone() }, |_| Ok(()))
            }
            // a corner of the file is as good as the whole
            Reader::Terrain => {
                self.apart(&TerrainFile { path: path_buf, window: (127.0, 42.0, 131.0, 44.0) }, |_| Ok(()))
            }
            Reader::GriddedInventory => {
                let vocabulary = self.vocabulary.clone();
                self.apart(&InventoryFile { path: path_buf, vocabulary, window: EARTH }, |content| {
                    inventory_files::together(content, &self.vocabulary).map(|_| ())
                })
            }
            Reader::Inventory => records(inventory_csv::read(path)),
            Reader::PowerPlants => records(power_plants_csv::read(path, &self.plants, EARTH, &self.counties)),
            Reader::Fires => records(fires::read(path, EARTH)),
            Reader::Events => records(events_csv::read(path)),
            Reader::Cems => records(cems_csv::read(path)),
            Reader::Scenario => {
                let counties: Vec<u32> = self.counties.iter().map(|c| c.adcode).collect();
                whole(scenario_file::read(path, &counties))
            }
            Reader::Reference => {
                let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, e));
                whole(text.and_then(|text| emission_reference_csv::parse(&text, path)))
            }
            Reader::Observations => match observations_csv::codes(path) {
                Ok(stations) => records(observations_csv::read(path, &stations)),
                Err(e) => Seen::Refused(e),
            },
            Reader::Index => whole(grib_index(path)),
            Reader::DailyValues => records(daily_csv::read(path)),
            Reader::HourlyValues => records(hourly_files::read(path)),
            Reader::PublishedHours => records(published_hours::read(path)),
            Reader::Stations => records(stations_csv::read(path)),
            Reader::Register => {
                records(register_table::read(path, &self.counties).map(register_table::RegisterFile::accepted))
            }
            Reader::Outlines => whole(outlines::read(path)),
            Reader::Region => whole(Library::new(None).file("region", path, |text, origin| {
                let shapes = built_in("data/yanbian/counties.geojson")?;
                region::read(text, origin, outlines::parse(shapes, origin)?)
            })),
            Reader::Configuration => whole(Config::load(path)),
            Reader::Rules => rules(path),
            Reader::Manifest => whole(Manifest::read(path.parent().unwrap_or(Path::new(".")))),
            Reader::Checkpoint => checkpoint(path),
        }
    }

    /// Reads in a child, and lets this process use what came of it.
    fn apart<T: Task>(&self, task: &T, used: impl FnOnce(T::Answer) -> Result<()>) -> Seen {
        match self.isolation.outcome(task) {
            Outcome::Read(answer) => whole(used(answer)),
            Outcome::Refused(error) => Seen::Refused(error),
            Outcome::Died(death, error) => Seen::Died(death, error),
        }
    }
}

/// The name under which the readers of some files find them.
pub fn file_name(reader: Reader, name: &str) -> String {
    match reader {
        Reader::Manifest => MANIFEST.into(),
        _ => name.rsplit('/').next().unwrap_or(name).to_owned(),
    }
}

fn records<T>(read: Result<Accepted<T>>) -> Seen {
    match read {
        Ok(accepted) => Seen::Read { rejections: accepted.rejections },
        Err(e) => Seen::Refused(e),
    }
}

fn whole<T>(read: Result<T>) -> Seen {
    read.map_or_else(Seen::Refused, |_| Seen::Read { rejections: Vec::new() })
}

/// A rule or model file in an override folder: its faults are texts.
fn rules(path: &Path) -> Seen {
    let (Some(kind), Some(name)) = (path.parent(), path.file_name()) else { return whole(Ok(())) };
    let (Some(folder), Some(kind)) = (kind.parent(), kind.file_name()) else { return whole(Ok(())) };
    let known = format!("{}/{}", kind.to_string_lossy(), name.to_string_lossy());
    let checks = rule_check::check(Some(folder), None);
    match checks.into_iter().find(|c| c.file == known) {
        Some(check) if check.faults.is_empty() => whole(Ok(())),
        Some(check) => Seen::Refused(Error::invalid(path, "the file", check.faults.join("; "), "a sound file")),
        None => Seen::Refused(Error::missing(known, path, "This file was not checked")),
    }
}

/// An index beside a GRIB2 file, as the fetching reads it.
fn grib_index(path: &Path) -> Result<()> {
    let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
    match index::read(Provider::Gfs, &bytes) {
        Ok(_) => Ok(()),
        Err(trouble) => Err(Error::format(path, "the index", trouble.text.en, "an index of NCEP", "Fetch it again")),
    }
}

fn checkpoint(path: &Path) -> Seen {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) => return Seen::Refused(Error::io(path, e)),
    };
    match Snapshot::from_bytes(&bytes, &identity()) {
        Ok(_) => whole(Ok(())),
        Err(reason) => {
            Seen::Refused(Error::format(path, "the checkpoint", reason.en, "a whole one", "It is made anew"))
        }
    }
}
