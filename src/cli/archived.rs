//! Which record a command reads: of a run in the archive, or a file.

use crate::archive::run_id::RunId;
use crate::archive::store::Store;
use crate::config::Config;
use crate::consultation::ConsultationRecord;
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// A run id on the command line.
pub fn run_id(text: &str) -> std::result::Result<RunId, String> {
    text.parse().map_err(|e: crate::archive::run_id::NotARunId| e.to_string())
}

/// The record of `run`, or of the latest, in the folder of runs that is named or configured.
///
/// # Errors
/// `Missing` without a folder or a run, `Format` when it is damaged.
pub fn record(config: Option<&Path>, runs: Option<&Path>, run: Option<&RunId>) -> Result<ConsultationRecord> {
    let (store, run) = published(config, runs, run)?;
    Ok(store.read(&run)?.record)
}

/// The archive in the folder of runs that is named or configured, and `run`, or the latest.
///
/// # Errors
/// As [`record`], but `run` need not be in the archive.
pub fn published(config: Option<&Path>, runs: Option<&Path>, run: Option<&RunId>) -> Result<(Store, RunId)> {
    let runs: PathBuf = match (runs, config) {
        (Some(runs), _) => runs.into(),
        (None, Some(config)) => Config::load(config)?.runs,
        (None, None) => return Err(Error::invalid("command line", "--config", "nothing", "--config or --runs")),
    };
    let night = "Run `hazecast night` first, or name the folder of runs";
    if !runs.is_dir() {
        return Err(Error::missing("the folder of runs", runs, night));
    }
    let store = Store::open(&runs)?;
    let latest = || store.latest()?.ok_or_else(|| Error::missing("a published run", &runs, night));
    let run = run.cloned().map_or_else(latest, Ok)?;
    Ok((store, run))
}

/// The record in a JSON file, such as `night --json` prints.
///
/// # Errors
/// `Missing` without the file, `Format` when it is no record.
pub fn record_in(path: &Path) -> Result<ConsultationRecord> {
    let bytes = std::fs::read(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Error::missing("the record", path, "Name a file that `night --json` printed"),
        _ => Error::io(path, e),
    })?;
    serde_json::from_slice(&bytes).map_err(|e| {
        let remedy = "Name a file that `night --json` printed";
        Error::format(path, format!("line {}", e.line()), e.to_string(), "a consultation record", remedy)
    })
}
