//! The seed, model and region files: built into the program, each replaceable by a file of the same name in an override folder.

use crate::archive::durable::sha256;
use crate::consultation::InputFile;
use crate::domain::county::Region;
use crate::error::{Error, Result};
use crate::input::emission_reference_csv::{self, ReferenceTotal};
use crate::input::{outlines, region};
use std::path::{Path, PathBuf};

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../", $name)))),*]
    };
}

/// Files that travel inside the program.
const BUILT_IN: &[(&str, &str)] = built_in!(
    "seeds/aqi.toml",
    "seeds/limits.toml",
    "seeds/evaluation.toml",
    "seeds/events.toml",
    "seeds/burn_ban.toml",
    "seeds/holidays.toml",
    "seeds/stack_limits.toml",
    "seeds/targets.toml",
    "seeds/warning.toml",
    "seeds/advice.toml",
    "seeds/scoring.toml",
    "seeds/measures.toml",
    "seeds/reduction.toml",
    "seeds/ranking.toml",
    "models/emission.toml",
    "models/emission_weather.toml",
    "models/event_calendar.toml",
    "models/fires.toml",
    "models/inventory.toml",
    "models/power_plants.toml",
    "models/uncertainty.toml",
    "models/quality.toml",
    "models/assimilation.toml",
    "models/learning.toml",
    "models/grids.toml",
    "models/boundary.toml",
    "models/boundary_species.toml",
    "data/yanbian/region.toml",
    "data/yanbian/counties.geojson",
    "data/yanbian/emission_reference.csv",
    "data/yanbian/inventory.csv",
    "data/yanbian/register.csv",
);

/// Text of a built-in file.
///
/// # Errors
/// `Missing` when there is none of that name.
pub fn built_in(name: &str) -> Result<&'static str> {
    BUILT_IN
        .iter()
        .find(|(n, _)| *n == name)
        .map(|(_, text)| *text)
        .ok_or_else(|| Error::missing("a built-in file", name, "Known are seeds/, models/ and data/yanbian/"))
}

/// Names of the built-in region packs.
fn built_in_regions() -> Vec<&'static str> {
    BUILT_IN.iter().filter_map(|(name, _)| name.strip_prefix("data/")?.strip_suffix("/region.toml")).collect()
}

/// Reads files and keeps their hashes.
pub struct Library<'a> {
    overrides: Option<&'a Path>,
    /// What was read.
    pub files: Vec<InputFile>,
}

impl<'a> Library<'a> {
    /// A library with an optional folder of replacements.
    pub fn new(overrides: Option<&'a Path>) -> Self {
        Self { overrides, files: Vec::new() }
    }

    /// Refuses files among the replacements that replace nothing: a misspelt name would leave the built-in rules in force.
    ///
    /// # Errors
    /// `Invalid` naming the file; `Io` when a folder cannot be listed.
    pub fn check_overrides(&self) -> Result<()> {
        self.stray_overrides().into_iter().next().map_or(Ok(()), |(_, error)| Err(error))
    }

    /// Files among the replacements that replace nothing, and folders that cannot be listed, each with its name and the error.
    pub fn stray_overrides(&self) -> Vec<(String, Error)> {
        let mut strays = Vec::new();
        for kind in ["seeds", "models"] {
            let Some(folder) = self.overrides.map(|o| o.join(kind)).filter(|f| f.is_dir()) else { continue };
            let known: Vec<&str> = BUILT_IN.iter().map(|(n, _)| *n).filter(|n| n.starts_with(kind)).collect();
            let listed = std::fs::read_dir(&folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
            let mut paths: Vec<PathBuf> = match listed {
                Ok(entries) => entries.iter().map(std::fs::DirEntry::path).collect(),
                Err(e) => {
                    strays.push((folder.display().to_string(), Error::io(&folder, e)));
                    continue;
                }
            };
            paths.sort();
            for path in paths {
                let name = format!("{kind}/{}", path.file_name().unwrap_or_default().to_string_lossy());
                if !known.contains(&name.as_str()) {
                    let expected = format!("one of {}", known.join(", "));
                    strays.push((path.display().to_string(), Error::invalid(&path, "file name", name, expected)));
                }
            }
        }
        strays
    }

    /// Reads one file, replaced or built in, and hands its text and origin to `parse`.
    ///
    /// # Errors
    /// `Io` when a replacement cannot be read; whatever `parse` finds.
    pub fn read<T>(&mut self, name: &str, parse: impl FnOnce(&str, &Path) -> Result<T>) -> Result<T> {
        let role = if name.starts_with("seeds") { "seed" } else { "model" };
        if let Some(path) = self.overrides.map(|o| o.join(name)).filter(|p| p.is_file()) {
            return self.file(role, &path, parse);
        }
        let text = built_in(name)?;
        self.note(role, name, text.as_bytes());
        parse(text, Path::new(name))
    }

    /// The region pack `name` (built in, or a folder with `region.toml` and `counties.geojson`); `outlines_files` replace outlines.
    ///
    /// # Errors
    /// `Invalid` when there is no such pack; `Invalid` or `Format` naming the field otherwise.
    pub fn region(&mut self, name: &str, outlines_files: &[PathBuf]) -> Result<Region> {
        let folder = Path::new(name);
        let (mut shapes, text, origin) = if folder.join("region.toml").is_file() {
            let shapes = self.file("region", &folder.join("counties.geojson"), outlines::parse)?;
            let toml = folder.join("region.toml");
            (shapes, self.file("region", &toml, |t, _| Ok(t.to_owned()))?, toml)
        } else {
            let (shapes_name, toml_name) =
                (format!("data/{name}/counties.geojson"), format!("data/{name}/region.toml"));
            let (Ok(shapes), Ok(text)) = (built_in(&shapes_name), built_in(&toml_name)) else {
                let expected = format!(
                    "one of the built-in regions ({}), or a folder with region.toml and counties.geojson",
                    built_in_regions().join(", ")
                );
                return Err(Error::invalid("the region", "its name", name, expected));
            };
            self.note("region", &shapes_name, shapes.as_bytes());
            self.note("region", &toml_name, text.as_bytes());
            (outlines::parse(shapes, Path::new(&shapes_name))?, text.to_owned(), PathBuf::from(toml_name))
        };
        for path in outlines_files {
            let better = self.file("region", path, outlines::parse)?;
            shapes.retain(|(adcode, _)| !better.iter().any(|(b, _)| b == adcode));
            shapes.extend(better);
        }
        region::read(&text, &origin, shapes)
    }

    /// The reference totals of the region pack `name`: built in, or `emission_reference.csv` in its folder; empty where there are none.
    ///
    /// # Errors
    /// `Io` when it cannot be read; `Format` naming the line.
    pub fn emission_reference(&mut self, name: &str) -> Result<Vec<ReferenceTotal>> {
        let path = Path::new(name).join("emission_reference.csv");
        if path.is_file() {
            return self.file("region", &path, emission_reference_csv::parse);
        }
        let built = format!("data/{name}/emission_reference.csv");
        match BUILT_IN.iter().find(|(n, _)| *n == built) {
            Some((_, text)) => emission_reference_csv::parse(text, Path::new(&built)),
            None => Ok(Vec::new()),
        }
    }

    /// Reads one file of the operator's.
    ///
    /// # Errors
    /// `Io` when it cannot be read; whatever `parse` finds.
    pub fn file<T>(&mut self, role: &str, path: &Path, parse: impl FnOnce(&str, &Path) -> Result<T>) -> Result<T> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        self.note(role, &name, text.as_bytes());
        parse(&text, path)
    }

    fn note(&mut self, role: &str, name: &str, bytes: &[u8]) {
        self.files.push(InputFile {
            role: role.into(),
            name: name.into(),
            bytes: bytes.len() as u64,
            sha256: sha256(bytes),
        });
    }
}
