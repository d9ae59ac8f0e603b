//! What stands when the night begins: the warnings in force, as the region's decision before this one left them.

use crate::archive::durable::sha256;
use crate::archive::run_id::RunId;
use crate::archive::store::Store;
use crate::consultation::InputFile;
use crate::error::Result;
use crate::setup::Setup;
use crate::warning::{InForce, WarningLevel};
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeMap;

/// A decision older than this says nothing of what is in force.
const OLDEST: i64 = 72;

/// The warnings in force.
#[derive(Debug, Default)]
pub struct Standing {
    /// By code of the county or region.
    pub in_force: BTreeMap<u32, InForce>,
    /// The record they were read from.
    pub files: Vec<InputFile>,
    /// A coloured warning of a decision too old to be known in force, as a sentence.
    pub forgotten: Option<String>,
}

/// Reads the latest decision of this region before `cycle`, if it is at most three days old.
///
/// # Errors
/// `Io` when the archive cannot be read. A run that does not verify is passed over for the one before it.
pub fn read(setup: &Setup, store: &Store, tonight: &RunId, cycle: DateTime<Utc>) -> Result<Standing> {
    for run in store.list()?.into_iter().rev().filter(|r| r < tonight) {
        let Ok(archived) = store.read(&run) else { continue };
        let record = &archived.record;
        if record.region != setup.region.id {
            continue;
        }
        if cycle - record.cycle > Duration::hours(OLDEST) {
            let level = record.warning.prefecture.level;
            let forgotten = (level > WarningLevel::PreWarning).then(|| {
                format!("the decision before, run {run}, is older than {OLDEST} h: whether its {} warning is in force is not known", level.en())
            });
            return Ok(Standing { forgotten, ..Standing::default() });
        }
        let areas = std::iter::once(&record.warning.prefecture).chain(&record.warning.counties);
        return Ok(Standing {
            in_force: areas.map(|a| (a.adcode, InForce { level: a.level, response_level: a.response_level })).collect(),
            forgotten: None,
            files: vec![InputFile {
                role: "decision before".into(),
                name: run.to_string(),
                bytes: archived.record_bytes.len() as u64,
                sha256: sha256(&archived.record_bytes),
            }],
        });
    }
    Ok(Standing::default())
}
