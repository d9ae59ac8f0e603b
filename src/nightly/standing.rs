//! What stands when the night begins: the warnings in force, as the region's decision before this one left them.

use crate::archive::durable::sha256;
use crate::archive::run_id::RunId;
use crate::archive::store::Store;
use crate::consultation::InputFile;
use crate::error::Result;
use crate::setup::Setup;
use crate::warning::WarningLevel;
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeMap;

/// A decision older than this says nothing of what is in force.
const OLDEST: i64 = 72;

/// The warnings in force.
#[derive(Debug, Default)]
pub struct Standing {
    /// By code of the county or region.
    pub in_force: BTreeMap<u32, WarningLevel>,
    /// The record they were read from.
    pub files: Vec<InputFile>,
}

/// Reads the latest decision of this region before `cycle`, if it is at most three days old.
///
/// # Errors
/// `Io` when the archive cannot be read. A run that does not verify is passed over for the one before it.
pub fn read(setup: &Setup, store: &Store, tonight: &RunId, cycle: DateTime<Utc>) -> Result<Standing> {
    for run in store.list()?.into_iter().rev().filter(|r| r < tonight) {
        let Ok(archived) = store.read(&run) else { continue };
        let record = &archived.record;
        if cycle - record.cycle > Duration::hours(OLDEST) {
            break;
        }
        if record.region != setup.region.id {
            continue;
        }
        let areas = std::iter::once(&record.warning.prefecture).chain(&record.warning.counties);
        return Ok(Standing {
            in_force: areas.map(|a| (a.adcode, a.level)).collect(),
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
