//! Files of active fires of any layout: which one a file has is told by its first lines.

use super::{Window, fires_csv, fires_himawari};
use crate::domain::fire::FireDetection;
use crate::error::{Accepted, Error, Result};
use std::io::Read;
use std::path::Path;

/// Bytes that hold the header of every layout.
const HEAD: u64 = 4096;

/// Reads the detections inside `window` from a file of FIRMS (MODIS, VIIRS) or of Himawari.
///
/// # Errors
/// `Missing` without the file; `Format` for tables of counts, which name no fire's place, time or power, and those of the layouts' readers.
pub fn read(path: &Path, window: Window) -> Result<Accepted<FireDetection>> {
    let head = head(path)?;
    let columns: Vec<&str> = head.lines().next().unwrap_or("").split(',').map(str::trim).collect();
    if fires_himawari::is_header(&head) {
        fires_himawari::read(path, window)
    } else if columns.contains(&"fire_count") {
        Err(Error::format(
            path,
            "line 1",
            "a column `fire_count`: counts of fires by county and season or year, no detections",
            "single detections with their place, time and radiative power (FIRMS or Himawari)",
            "Leave the file out of inputs.fires; it serves as a reference for the number of fires only",
        ))
    } else {
        fires_csv::read(path, window)
    }
}

fn head(path: &Path) -> Result<String> {
    let file = std::fs::File::open(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => {
            Error::missing("the table of fires", path, "Put the file there or correct the path in the configuration")
        }
        _ => Error::io(path, e),
    })?;
    let mut bytes = Vec::new();
    file.take(HEAD).read_to_end(&mut bytes).map_err(|e| Error::io(path, e))?;
    Ok(String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').to_owned())
}
