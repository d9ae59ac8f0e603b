//! The outside files that are read in a child process, as tasks of [`super::isolation`].

use super::boundary_netcdf::SpeciesMapping;
use super::inventory_files::FileContent;
use super::inventory_vocabulary::Vocabulary;
use super::isolation::{Task, child};
use super::meteorology::Format;
use super::reading::Reading;
use super::{
    Window, boundary_netcdf, cf_netcdf, grib2, inventory_files, met_contents, meteorology, terrain_netcdf, wrfout,
};
use crate::domain::boundary_field::BoundaryField;
use crate::domain::terrain::Terrain;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The body of a child process that does the task of this name.
///
/// # Errors
/// `Invalid` for an unknown task; as [`child::answer`].
pub fn answer(task: &str) -> Result<()> {
    match task {
        MeteorologyFile::NAME => child::answer::<MeteorologyFile>(),
        MeteorologyKind::NAME => child::answer::<MeteorologyKind>(),
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

/// What a file of meteorology is, after all of it was read once: other than the model's fields are then read in the process that asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MeteorologyKind {
    pub path: PathBuf,
}

impl Task for MeteorologyKind {
    const NAME: &'static str = "meteorology-kind";
    type Answer = Format;

    fn file(&self) -> &Path {
        &self.path
    }

    fn read(&self) -> Result<Format> {
        let format = meteorology::format(&self.path)?;
        met_contents::contents(&self.path, format, true)?;
        Ok(format)
    }

    fn is_whole(_: &Format) -> bool {
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
