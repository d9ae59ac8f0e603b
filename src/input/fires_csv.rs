//! Active fires as distributed by NASA FIRMS, MODIS and VIIRS.
//!
//! Header-driven: `latitude,longitude,acq_date,acq_time,satellite,confidence,frp` are used, other columns are not looked at.
//! `acq_time` is HHMM UTC and may have lost leading zeros (`5` is 00:05). Confidence is a percentage (MODIS) or
//! low/nominal/high, also as `l`, `n`, `h` (VIIRS). Two more columns are used where a file has them: `type` of the science-quality archive (0 is
//! vegetation; volcano, other static land source and offshore are lasting heat) and `land`, added by the user: cropland, forest, grass or a
//! number of the IGBP land cover. A row whose position is outside the window is another region's and is neither
//! returned nor checked further. The same detection twice in a file is refused the second time.

use super::Window;
use super::csv_rows::{Refusal, Row, Table};
use crate::domain::fire::{FireDetection, LandClass};
use crate::error::{Accepted, Result};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeMap;
use std::path::Path;

/// Largest fire radiative power of one pixel that is believed [MW]; the largest ones on record are near 10,000.
const FRP_LIMIT_MW: f64 = 50_000.0;

struct Columns {
    latitude: usize,
    longitude: usize,
    date: usize,
    time: usize,
    satellite: usize,
    confidence: usize,
    frp: usize,
    kind: Option<usize>,
    land: Option<usize>,
}

/// Reads the detections inside `window`, in the order of the file. A file without detections is a normal file.
///
/// # Errors
/// `Missing` without the file; `Format` when a needed column is missing. A refused row is in `rejections`, with its line.
pub fn read(path: &Path, window: Window) -> Result<Accepted<FireDetection>> {
    let mut table = Table::read(path, "the table of fires")?;
    let columns = Columns {
        latitude: table.column("latitude")?,
        longitude: table.column("longitude")?,
        date: table.column("acq_date")?,
        time: table.column("acq_time")?,
        satellite: table.column("satellite")?,
        confidence: table.column("confidence")?,
        frp: table.column("frp")?,
        kind: table.find("type"),
        land: table.find("land"),
    };
    let mut seen = BTreeMap::new();
    let mut items = Vec::new();
    let mut refused = Vec::new();
    for row in &table.rows {
        let parsed = detection(row, &columns, window).and_then(|fire| {
            let Some(fire) = fire else { return Ok(None) };
            let identity = (fire.time, fire.lon.to_bits(), fire.lat.to_bits(), fire.satellite.clone());
            match seen.insert(identity, row.line) {
                None => Ok(Some(fire)),
                Some(first) => Err(Refusal::new(format!("the detection of line {first} again"), "each detection once")),
            }
        });
        match parsed {
            Ok(fire) => items.extend(fire),
            Err(refusal) => refused.push(table.rejection(format!("line {}", row.line), refusal)),
        }
    }
    table.rejections.extend(refused);
    Ok(Accepted { items, rejections: table.rejections })
}

fn detection(row: &Row, columns: &Columns, window: Window) -> std::result::Result<Option<FireDetection>, Refusal> {
    let lat = row.within(columns.latitude, "latitude", -90.0..=90.0)?;
    let lon = row.within(columns.longitude, "longitude", -180.0..=180.0)?;
    let (west, south, east, north) = window;
    if !((west..=east).contains(&lon) && (south..=north).contains(&lat)) {
        return Ok(None);
    }
    let satellite = row.text(columns.satellite);
    if satellite.is_empty() {
        return Err(Refusal::new("no satellite", "the satellite's name"));
    }
    Ok(Some(FireDetection {
        time: time(row.text(columns.date), row.text(columns.time))?,
        lon,
        lat,
        frp_mw: row.within(columns.frp, "frp", 0.0..=FRP_LIMIT_MW)?,
        confidence: confidence(row.text(columns.confidence))?,
        satellite: satellite.to_owned(),
        land: columns.land.map(|c| land(row.text(c))).transpose()?.flatten(),
        lasting: columns.kind.is_some_and(|c| matches!(row.text(c), "1" | "2" | "3")),
    }))
}

/// A blank is unknown.
fn land(text: &str) -> std::result::Result<Option<LandClass>, Refusal> {
    match LandClass::from_file(text) {
        None if !text.is_empty() => Err(Refusal::new(
            format!("land `{text}`"),
            "cropland, forest, grass, or an IGBP class that burns (1 to 12, 14)",
        )),
        class => Ok(class),
    }
}

/// An instant of a date and HHMM in UTC whose leading zeros may be lost.
pub(super) fn time(date: &str, hhmm: &str) -> std::result::Result<DateTime<Utc>, Refusal> {
    let day = NaiveDate::parse_from_str(date, "%Y-%m-%d")
        .map_err(|_| Refusal::new(format!("acq_date `{date}`"), "a date such as 2025-11-23"))?;
    let digits = (1..=4).contains(&hhmm.len()) && hhmm.bytes().all(|b| b.is_ascii_digit());
    let number = if digits { hhmm.parse::<u32>().ok() } else { None };
    number
        .and_then(|n| day.and_hms_opt(n / 100, n % 100, 0))
        .map(|t| t.and_utc())
        .ok_or_else(|| Refusal::new(format!("acq_time `{hhmm}`"), "HHMM in UTC, 0 ..= 2359"))
}

fn confidence(text: &str) -> std::result::Result<f64, Refusal> {
    match text {
        "l" | "low" => Ok(0.2),
        "n" | "nominal" => Ok(0.6),
        "h" | "high" => Ok(0.9),
        _ => match text.parse::<f64>() {
            Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent / 100.0),
            _ => Err(Refusal::new(format!("confidence `{text}`"), "0 ..= 100 percent, or low, nominal, high")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_leading_zeros_are_found_again() {
        let at = |t: &str| time("2025-12-31", t).map(|t| t.format("%Y-%m-%dT%H:%M").to_string()).ok();
        assert_eq!(at("5").as_deref(), Some("2025-12-31T00:05"));
        assert_eq!(at("0").as_deref(), Some("2025-12-31T00:00"));
        assert_eq!(at("43").as_deref(), Some("2025-12-31T00:43"));
        assert_eq!(at("145").as_deref(), Some("2025-12-31T01:45"));
        assert_eq!(at("0043").as_deref(), Some("2025-12-31T00:43"));
        assert_eq!(at("2359").as_deref(), Some("2025-12-31T23:59"));
        for bad in ["60", "2400", "00005", "", "-5", "+5", "1e2", "12:30"] {
            assert_eq!(at(bad), None, "{bad}");
        }
    }
}
