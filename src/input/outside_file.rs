//! The outside files that are read in a child process, as tasks of [`super::isolation`].

use super::boundary_netcdf::SpeciesMapping;
use super::inventory_files::FileContent;
use super::inventory_vocabulary::Vocabulary;
use super::isolation::{Confinement, Isolation, Task, child, confinement as confining};
use super::met_contents::{Contents, RawField};
use super::meteorology::Format;
use super::reading::Reading;
use super::{
    Window, boundary_netcdf, cf_netcdf, grib2, inventory_files, met_contents, meteorology, terrain_netcdf, wrfout,
};
use crate::domain::boundary_field::BoundaryField;
use crate::domain::terrain::Terrain;
use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The body of a child process that does the task of this name.
///
/// # Errors
/// `Invalid` for an unknown task; as [`child::answer`].
pub fn answer(task: &str) -> Result<()> {
    match task {
        MeteorologyFile::NAME => child::answer::<MeteorologyFile>(),
        MeteorologyList::NAME => child::answer::<MeteorologyList>(),
        RawFields::NAME => child::answer::<RawFields>(),
        ConfinementOf::NAME => child::answer::<ConfinementOf>(),
        BoundaryParts::NAME => child::answer::<BoundaryParts>(),
        BoundaryFile::NAME => child::answer::<BoundaryFile>(),
        TerrainFile::NAME => child::answer::<TerrainFile>(),
        InventoryFile::NAME => child::answer::<InventoryFile>(),
        _ => Err(Error::invalid("command line", "task", task, "a task of this program for itself")),
    }
}

/// A file of meteorology of any format; see [`meteorology::read`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MeteorologyFile {
    pub path: PathBuf,
    pub window: Option<Window>,
}

/// What a file of meteorology holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum MeteorologyContents {
    /// Whole times.
    Times(Vec<Reading>),
    /// Fields of times, whose others may lie in other files.
    Grib2(grib2::Contents),
}

impl Task for MeteorologyFile {
    const NAME: &'static str = "meteorology";
    type Answer = MeteorologyContents;

    fn file(&self) -> &Path {
        &self.path
    }

    fn read(&self) -> Result<MeteorologyContents> {
        Ok(match meteorology::format(&self.path)? {
            Format::Grib2 => MeteorologyContents::Grib2(grib2::contents(&self.path, self.window)?),
            Format::Wrfout => MeteorologyContents::Times(wrfout::readings(&self.path)?),
            Format::CfNetcdf => MeteorologyContents::Times(cf_netcdf::readings(&self.path, self.window)?),
        })
    }

    fn is_whole(answer: &MeteorologyContents) -> bool {
        match answer {
            MeteorologyContents::Times(times) => times.iter().all(Reading::is_whole),
            MeteorologyContents::Grib2(contents) => contents.is_whole(),
        }
    }
}

/// A list of what a file of meteorology holds; see [`met_contents::contents`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MeteorologyList {
    pub path: PathBuf,
    pub ranges: bool,
}

impl Task for MeteorologyList {
    const NAME: &'static str = "meteorology-list";
    type Answer = Contents;

    fn file(&self) -> &Path {
        &self.path
    }

    fn read(&self) -> Result<Contents> {
        met_contents::contents(&self.path, meteorology::format(&self.path)?, self.ranges)
    }

    fn is_whole(answer: &Contents) -> bool {
        answer.variables.iter().all(|v| v.grid.is_none_or(|g| g < answer.grids.len()))
    }
}

/// Fields of a file of meteorology as it has them: all, or the one that is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RawFields {
    pub path: PathBuf,
    /// See [`met_contents::field`].
    pub asked: Option<AskedField>,
}

/// Name, level and time.
pub type AskedField = (String, Option<f64>, Option<DateTime<Utc>>);

impl Task for RawFields {
    const NAME: &'static str = "raw-fields";
    type Answer = Vec<RawField>;

    fn file(&self) -> &Path {
        &self.path
    }

    fn read(&self) -> Result<Vec<RawField>> {
        let format = meteorology::format(&self.path)?;
        match &self.asked {
            Some((name, level, time)) => Ok(vec![met_contents::field(&self.path, format, name, *level, *time)?]),
            None => met_contents::all_fields(&self.path, format),
        }
    }

    fn is_whole(answer: &Vec<RawField>) -> bool {
        answer.iter().all(|f| f.grid.as_ref().map_or(true, |grid| grid.cells() == f.values.len()))
    }
}

/// How far the kernel keeps children to their file.
///
/// # Errors
/// As [`Isolation::read`]; `Format` too where a kernel with Landlock does not take the rules.
pub fn confinement(isolation: &Isolation) -> Result<Confinement> {
    isolation.read(&ConfinementOf { path: isolation.program().to_path_buf() })
}

/// That of a child with a file, whichever.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct ConfinementOf {
    path: PathBuf,
}

impl Task for ConfinementOf {
    const NAME: &'static str = "confinement";
    type Answer = Confinement;

    fn file(&self) -> &Path {
        &self.path
    }

    fn read(&self) -> Result<Confinement> {
        Ok(confining::own())
    }

    fn is_whole(_: &Confinement) -> bool {
        true
    }
}

/// Which parts of a mapping a file around the grid holds; see [`boundary_netcdf::held`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BoundaryParts {
    pub path: PathBuf,
    pub mapping: SpeciesMapping,
}

impl Task for BoundaryParts {
    const NAME: &'static str = "boundary-parts";
    type Answer = SpeciesMapping;

    fn file(&self) -> &Path {
        &self.path
    }

    fn read(&self) -> Result<SpeciesMapping> {
        boundary_netcdf::held(&self.path, &self.mapping)
    }

    fn is_whole(_: &SpeciesMapping) -> bool {
        true
    }
}

/// The air around the grid; see [`boundary_netcdf::read`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BoundaryFile {
    pub path: PathBuf,
    pub window: Option<Window>,
    pub mapping: SpeciesMapping,
}

impl Task for BoundaryFile {
    const NAME: &'static str = "boundary";
    type Answer = Vec<BoundaryField>;

    fn file(&self) -> &Path {
        &self.path
    }

    fn read(&self) -> Result<Vec<BoundaryField>> {
        boundary_netcdf::read(&self.path, self.window, &self.mapping)
    }

    fn is_whole(answer: &Vec<BoundaryField>) -> bool {
        answer.iter().all(BoundaryField::is_whole)
    }
}

/// Elevation; see [`terrain_netcdf::read`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TerrainFile {
    pub path: PathBuf,
    pub window: Window,
}

impl Task for TerrainFile {
    const NAME: &'static str = "terrain";
    type Answer = Terrain;

    fn file(&self) -> &Path {
        &self.path
    }

    fn read(&self) -> Result<Terrain> {
        terrain_netcdf::read(&self.path, self.window)
    }

    fn is_whole(answer: &Terrain) -> bool {
        answer.is_whole()
    }
}

/// A gridded inventory; see [`inventory_files::content`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InventoryFile {
    pub path: PathBuf,
    pub vocabulary: Vocabulary,
    pub window: Window,
}

impl Task for InventoryFile {
    const NAME: &'static str = "inventory";
    type Answer = FileContent;

    fn file(&self) -> &Path {
        &self.path
    }

    fn read(&self) -> Result<FileContent> {
        inventory_files::content(&self.path, &self.vocabulary, self.window)
    }

    fn is_whole(answer: &FileContent) -> bool {
        answer.fields.iter().all(|f| f.tonnes.len() == f.lattice.cells())
    }
}
