//! The register, its check against the inventory, and the list as files.

mod broken;
mod checking;
mod conversion;
mod list;

use hazecast::archive::{csv_table, xlsx};
use hazecast::domain::county::County;
use hazecast::domain::register::{Family, RegisterEntry};
use hazecast::domain::register_columns::{one_sheet, sheet_per_family};
use hazecast::input::register_table::{self, RegisterFile};
use hazecast::input::{outlines, region};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const EXAMPLE: &[u8] = include_bytes!("../../data/yanbian/register.csv");

fn counties() -> Vec<County> {
    let shapes = include_str!("../../data/yanbian/counties.geojson");
    let shapes = outlines::parse(shapes, Path::new("counties.geojson")).unwrap();
    region::read(include_str!("../../data/yanbian/region.toml"), Path::new("region.toml"), shapes).unwrap().counties
}

fn name_of(adcode: u32) -> String {
    counties().iter().find(|c| c.adcode == adcode).map_or_else(|| adcode.to_string(), |c| c.name_zh.clone())
}

/// Reads bytes as a register in a file of that name.
fn read(name: &str, bytes: &[u8]) -> hazecast::error::Result<RegisterFile> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    register_table::read(&path, &counties())
}

fn example() -> RegisterFile {
    read("register.csv", EXAMPLE).unwrap()
}

fn to_csv(entries: &[RegisterEntry]) -> Vec<u8> {
    csv_table::bytes(&one_sheet(entries, &name_of)).unwrap()
}

fn to_xlsx(entries: &[RegisterEntry]) -> Vec<u8> {
    xlsx::bytes(&sheet_per_family(entries, &name_of), "清单", chrono::DateTime::UNIX_EPOCH).unwrap()
}

fn by_family(mut entries: Vec<RegisterEntry>) -> Vec<RegisterEntry> {
    entries.sort_by_key(|e| Family::ALL.iter().position(|f| *f == e.family));
    entries
}

fn hazecast(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hazecast")).args(args).env("LANG", "C").env_remove("LC_ALL").output().unwrap()
}

fn json(out: &Output) -> serde_json::Value {
    serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out.stderr)))
}

fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}
