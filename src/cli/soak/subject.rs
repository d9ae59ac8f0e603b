//! The sound files that get damaged: those of a folder that some reader reads, and those that travel in the program or are written by it.

use super::reader::{Reader, Readers, Seen, file_name, identity};
use crate::archive::manifest::Manifest;
use crate::archive::run_id::RunId;
use crate::archive::xlsx;
use crate::domain::register_columns::sheet_per_family;
use crate::error::{Error, Result};
use crate::input::register_table;
use crate::setup::library::{Library, built_in};
use crate::simulation::restart::Snapshot;
use chrono::{DateTime, Utc};
use std::path::{Path, PathBuf};

/// Largest binary file that is damaged [bytes]: a larger one costs the time of many.
const LARGEST: u64 = 4 << 20;
/// Bytes of a table that are kept, in whole lines: its other rows are like the first.
const HEAD_OF_TABLE: usize = 48 << 10;

/// A sound file.
pub struct Subject {
    /// Its name below its folder.
    pub name: String,
    pub reader: Reader,
    pub bytes: Vec<u8>,
}

/// What a folder holds.
pub struct Found {
    pub subjects: Vec<Subject>,
    /// Files on which a child failed as they are.
    pub deadly: Vec<(String, Reader, Seen)>,
    /// Number of files that no reader reads as they are. NetCDF and GRIB files among them are damaged nevertheless, for the sake of the
    /// libraries that open them.
    pub unread: usize,
}

/// Reads every file below `folder` with every reader of its kind.
///
/// # Errors
/// `Io` where a folder cannot be listed or a file not read.
pub fn of_folder(folder: &Path, readers: &Readers, work: &Path) -> Result<Found> {
    let mut found = Found { subjects: Vec::new(), deadly: Vec::new(), unread: 0 };
    for path in files_below(folder)? {
        let bytes = match std::fs::metadata(&path) {
            Ok(m) if m.len() <= LARGEST => std::fs::read(&path).map_err(|e| Error::io(&path, e))?,
            _ => {
                found.unread += 1;
                continue;
            }
        };
        let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
        let (before, deadly) = (found.subjects.len(), found.deadly.len());
        let binary = [&b"CDF"[..], b"\x89HDF", b"GRIB"].iter().any(|mark| bytes.starts_with(mark));
        if binary {
            for reader in Reader::ISOLATED {
                match readers.read(reader, &path) {
                    Seen::Read { .. } => {
                        found.subjects.push(Subject { name: name.clone(), reader, bytes: bytes.clone() });
                    }
                    Seen::Refused(_) => {}
                    died @ Seen::Died(..) => {
                        found.deadly.push((name.clone(), reader, died));
                        break;
                    }
                }
            }
            let refused = found.subjects.len() == before && found.deadly.len() == deadly;
            if refused {
                // the reader of boundaries goes through all variables before it says no
                let reader = if bytes.starts_with(b"GRIB") { Reader::Meteorology } else { Reader::Boundary };
                found.unread += 1;
                found.subjects.push(Subject { name, reader, bytes });
            }
        } else {
            let short = head_of_table(&path, bytes);
            let copy = work.join(file_name(Reader::Outlines, &name));
            std::fs::write(&copy, &short).map_err(|e| Error::io(&copy, e))?;
            for reader in Reader::TABLES {
                // a table of which every row is refused is that of another reader
                if matches!(readers.read(reader, &copy), Seen::Read { rejections } if rejections.len() < 20) {
                    found.subjects.push(Subject { name: name.clone(), reader, bytes: short.clone() });
                }
            }
            std::fs::remove_file(&copy).map_err(|e| Error::io(&copy, e))?;
        }
        found.unread += usize::from(found.subjects.len() == before);
    }
    Ok(found)
}

fn head_of_table(path: &Path, mut bytes: Vec<u8>) -> Vec<u8> {
    if path.extension().is_some_and(|e| e == "csv") && bytes.len() > HEAD_OF_TABLE {
        let end = bytes[..HEAD_OF_TABLE].iter().rposition(|b| *b == b'\n').map_or(bytes.len(), |i| i + 1);
        bytes.truncate(end);
    }
    bytes
}

/// Files below a folder, sorted.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|e| Error::io(&folder, e))? {
            let entry = entry.map_err(|e| Error::io(&folder, e))?;
            let kind = entry.file_type().map_err(|e| Error::io(entry.path(), e))?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

const CONFIGURATION: &str = "\
region = \"yanbian\"
grid = \"yanbian-9km\"
runs = \"runs\"
forecast_hours = 72
spin_up_hours = 24
checkpoint_hours = 6

[inputs]
meteorology = [\"inbox/met/wrfout_d01_*\"]
inventory = [\"inventory.csv\"]
observations = [\"inbox/obs/china_sites_*\"]
";
const EVENTS: &str = "\
kind,adcode,from,to,share,certified,evidence,source
dust,222401,2026-03-10T00Z,2026-03-11T12Z,0.4,false,lidar,station
fireworks,222401,2026-02-16T12Z,2026-02-16T18Z,0.3,true,record,bureau
";
const CEMS: &str = "\
stack,time,so2_mg_m3,nox_mg_m3,pm_mg_m3,flow_m3_h,temperature_c,oxygen_percent,so2_limit_mg_m3
boiler-1,2026-01-15 08:00,150,200,20,100000,120,9,200
boiler-1,2026-01-15 09:00,160,,21,99000,121,9.5,200
boiler-2,2026-01-15T24:00,,310,45,50000,,,
";
const SCENARIO_TABLE: &str = "\
sectors,counties,pollutants,hours,percent,from,to,source
traffic non_road,222401,nox,7-20,8,2026-01-01,2026-12-31,air 13
,,,,-2.5,,,
";
const SCENARIO: &str = "\
name = \"trend\"
[[cut]]
sectors = [\"traffic\", \"non_road\"]
counties = [222401]
pollutants = [\"nox\"]
hours = [7, 20]
from = \"2026-01-01\"
to = \"2026-12-31\"
percent = 8
source = \"air 13\"
[[cut]]
percent = -2.5
";
const REFERENCE: &str = "\
adcode,sector,pollutant,t_a,factor,year,source,verified
222400,all,nox,21000,2,2022,yearbook,false
222401,power+boiler,so2,3100,1.5,2022,yearbook,false
";
const OBSERVATIONS: &str = "\
date,hour,type,2237A,2238A,2239A
20260115,0,PM2.5,35,41,
20260115,0,PM10,60,,52
20260115,1,PM2.5,36,40,33
20260115,1,AQI,50,57,48
";
const INDEX: &str = "\
1:0:d=2026011512:UGRD:850 mb:3 hour fcst:
2.1:812345:d=2026011512:UGRD:10 m above ground:3 hour fcst:
2.2:812345:d=2026011512:VGRD:10 m above ground:3 hour fcst:
3:1400000:d=2026011512:APCP:surface:0-3 hour acc fcst:
";
/// Rule and model files whose reading is tried: one of each shape.
const RULES: [&str; 8] = [
    "seeds/aqi.toml",
    "seeds/warning.toml",
    "seeds/measures.toml",
    "seeds/targets.toml",
    "models/emission.toml",
    "models/grids.toml",
    "models/boundary_species.toml",
    "models/assimilation.toml",
];

/// Files that travel in the program, or that it writes.
///
/// # Errors
/// `Io` where the disk does not take what is written in between.
pub fn of_program(work: &Path) -> Result<Vec<Subject>> {
    let mut subjects = Vec::new();
    let mut add = |name: &str, reader, bytes: Vec<u8>| subjects.push(Subject { name: name.into(), reader, bytes });
    for (name, reader) in [
        ("data/yanbian/inventory.csv", Reader::Inventory),
        ("data/yanbian/register.csv", Reader::Register),
        ("data/yanbian/counties.geojson", Reader::Outlines),
        ("data/yanbian/region.toml", Reader::Region),
    ] {
        add(name, reader, built_in(name)?.as_bytes().to_vec());
    }
    for name in RULES {
        add(name, Reader::Rules, built_in(name)?.as_bytes().to_vec());
    }
    add("night.toml", Reader::Configuration, CONFIGURATION.as_bytes().to_vec());
    for (name, reader, text) in [
        ("events.csv", Reader::Events, EVENTS),
        ("cems.csv", Reader::Cems, CEMS),
        ("trend.csv", Reader::Scenario, SCENARIO_TABLE),
        ("trend.toml", Reader::Scenario, SCENARIO),
        ("reference.csv", Reader::Reference, REFERENCE),
        ("hours.csv", Reader::Observations, OBSERVATIONS),
        ("gfs.t12z.pgrb2.0p25.f003.idx", Reader::Index, INDEX),
    ] {
        add(name, reader, text.as_bytes().to_vec());
    }
    add("register.xlsx", Reader::Register, workbook(work)?);
    add("run.checkpoint", Reader::Checkpoint, checkpoint());
    let run = Manifest::describe(work, RunId::of(DateTime::<Utc>::UNIX_EPOCH), "0".repeat(64))?;
    add("manifest.json", Reader::Manifest, run.to_bytes()?);
    Ok(subjects)
}

/// The built-in register as a workbook.
fn workbook(work: &Path) -> Result<Vec<u8>> {
    let counties = Library::new(None).region("yanbian", &[])?.counties;
    let path = work.join("register.csv");
    std::fs::write(&path, built_in("data/yanbian/register.csv")?).map_err(|e| Error::io(&path, e))?;
    let register = register_table::read(&path, &counties)?;
    let sheets = sheet_per_family(&register.entries, &|adcode| adcode.to_string());
    xlsx::bytes(&sheets, "register", DateTime::<Utc>::UNIX_EPOCH)
}

fn checkpoint() -> Vec<u8> {
    let mut snapshot = Snapshot::new(6);
    snapshot.add_numbers((0..200).map(f64::from));
    snapshot.set_bytes(b"the rest".to_vec());
    snapshot.to_bytes(&identity())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::isolation::Isolation;

    /// What is damaged was sound: each file of the program is read whole by its reader.
    #[test]
    fn the_tables_of_the_program_are_sound() {
        let folder = tempfile::tempdir().unwrap();
        let readers = Readers::new(Isolation::in_program("hazecast")).unwrap();
        for subject in of_program(folder.path()).unwrap() {
            if Reader::TABLES.contains(&subject.reader) {
                let path = folder.path().join(file_name(subject.reader, &subject.name));
                std::fs::write(&path, &subject.bytes).unwrap();
                let seen = readers.read(subject.reader, &path);
                assert!(
                    matches!(&seen, Seen::Read { rejections } if rejections.is_empty()),
                    "{}: {seen:?}",
                    subject.name
                );
            }
        }
    }
}
