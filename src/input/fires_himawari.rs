//! Hot spots of the Himawari level-2 wildfire product (L2WLF) of JAXA.
//!
//! Two lines that begin with `#` come first: the times of the scene, and the names of the columns. `Time(UTC)` is HHMM. Radiative power is given per area [W m-2] and becomes
//! that of the pixel [MW] with the pixel's `Area(km^2)`. `Reliability` is 1 (low), 3 or 5 (high); `QF` is 0, 1 (saturated: the power is a
//! lower bound, kept) or 2 (power of low confidence). Pixels with volcanos within the 3 x 3 pixels around are lasting heat; steelworks are not marked.
//! Column meaning: JAXA P-Tree, README of the Himawari L2WLF product.

use super::Window;
use super::csv_rows::{Refusal, Row, Table};
use super::fires_csv::time;
use crate::domain::fire::FireDetection;
use crate::error::{Accepted, Error, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// Names of the columns, in the order of [`Columns`].
const NAMES: [&str; 11] =
    ["Year", "Month", "Day", "Time(UTC)", "Lat", "Lon", "Area(km^2)", "Volcano", "Reliability", "FRP(Wm^-2)", "QF"];
/// Largest pixel of the full disk that is believed [km2], and the largest power of a pixel [W m-2].
const AREA_LIMIT_KM2: f64 = 200.0;
const POWER_LIMIT_W_M2: f64 = 10_000.0;

/// Whether the first lines of a file are those of this product.
pub(super) fn is_header(head: &str) -> bool {
    head.lines().take(4).any(|line| line.starts_with('#') && line.contains("FRP(Wm^-2)"))
}

/// Reads the hot spots inside `window`, in the order of the file. A file without hot spots is a normal file.
///
/// # Errors
/// `Missing` without the file; `Format` when a needed column is missing. A refused row is in `rejections`, with its line.
pub fn read(path: &Path, window: Window) -> Result<Accepted<FireDetection>> {
    let bytes = std::fs::read(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Error::missing(
            "the table of hot spots",
            path,
            "Put the file there or correct the path in the configuration",
        ),
        _ => Error::io(path, e),
    })?;
    let mut table = Table::parse(path, &plain(&bytes))?;
    let mut columns = [0; NAMES.len()];
    for (column, name) in columns.iter_mut().zip(NAMES) {
        *column = table.column(name)?;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let satellite = match name.get(1..3).and_then(|number| number.parse::<u8>().ok()).filter(|_| name.starts_with('H'))
    {
        Some(number) => format!("Himawari-{number}"),
        None => "Himawari".to_owned(),
    };
    let (mut items, mut refused, mut seen) = (Vec::new(), Vec::new(), BTreeMap::new());
    for row in &table.rows {
        let parsed = detection(row, &columns, window, &satellite).and_then(|fire| {
            let Some(fire) = fire else { return Ok(None) };
            match seen.insert((fire.time, fire.lon.to_bits(), fire.lat.to_bits()), row.line) {
                None => Ok(Some(fire)),
                Some(first) => Err(Refusal::new(format!("the hot spot of line {first} again"), "each hot spot once")),
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

/// The file as a plain table of the same line numbers: comment lines blank, the names of the columns as header.
fn plain(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        match line.strip_prefix(b"#") {
            None => out.extend_from_slice(line),
            Some(names) if names.contains(&b',') => out.extend_from_slice(names),
            Some(_) => out.push(b'\n'),
        }
    }
    out
}

fn detection(
    row: &Row,
    columns: &[usize; NAMES.len()],
    window: Window,
    satellite: &str,
) -> std::result::Result<Option<FireDetection>, Refusal> {
    let [year, month, day, hhmm, lat, lon, area, volcano, reliability, power, quality] = *columns;
    let lat = row.within(lat, "Lat", -90.0..=90.0)?;
    let lon = row.within(lon, "Lon", -180.0..=360.0)?;
    let lon = if lon > 180.0 { lon - 360.0 } else { lon };
    let (west, south, east, north) = window;
    if !((west..=east).contains(&lon) && (south..=north).contains(&lat)) {
        return Ok(None);
    }
    let whole = |column, name: &str, from: f64, to: f64| row.within(column, name, from..=to).map(|v| v as u32);
    let (year, month) = (whole(year, "Year", 2015.0, 2100.0)?, whole(month, "Month", 1.0, 12.0)?);
    let date = format!("{year:04}-{month:02}-{:02}", whole(day, "Day", 1.0, 31.0)?);
    let certain = match row.text(reliability) {
        "1" => 0.2,
        "3" => 0.6,
        "5" => 0.9,
        other => return Err(Refusal::new(format!("Reliability `{other}`"), "1, 3 or 5")),
    };
    let confidence = match row.text(quality) {
        "0" | "1" => certain,
        "2" => 0.2,
        other => return Err(Refusal::new(format!("QF `{other}`"), "0, 1 or 2")),
    };
    let area_km2 = row.within(area, "Area(km^2)", 0.1..=AREA_LIMIT_KM2)?;
    let power_w_m2 = row.within(power, "FRP(Wm^-2)", 0.0..=POWER_LIMIT_W_M2)?;
    Ok(Some(FireDetection {
        time: time(&date, row.text(hhmm))?,
        lon,
        lat,
        // W m-2 times km2 is MW
        frp_mw: power_w_m2 * area_km2,
        confidence,
        satellite: satellite.to_owned(),
        land: None,
        lasting: row.within(volcano, "Volcano", 0.0..=9.0)? > 0.0,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# 2025 12  9 19  0 UTC  2025 12  9 19 30 UTC\n\
        # ID,Year,Month,Day,Time(UTC),Lat,Lon,Area(km^2),Volcano,Level,Reliability,FRP(Wm^-2),QF,Hot(ID)\n\
        1,2025,12,9,1902,41.14,122.98,3.73,0,2,1,3.75,0,1\n\
        2,2025,12,9,2,41.12,122.98,3.73,1,2,5,3.75,0,1\n\
        3,2025,12,9,1902,41.16,122.98,3.73,0,2,5,3.75,2,1\n\
        4,2025,12,9,1902,41.18,122.98,3.73,0,2,4,3.75,0,1\n\
        1,2025,12,9,1902,41.14,122.98,3.73,0,2,1,3.75,0,1\n\
        5,2025,12,9,1902,11.14,122.98,3.73,0,2,1,3.75,0,1\n";

    #[test]
    fn power_per_area_becomes_that_of_the_pixel_and_faults_keep_their_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("H09_20251209_1900_L2WLF010_FLDK.06001_06001.csv");
        std::fs::write(&path, FILE).unwrap();
        let read = read(&path, (110.0, 30.0, 140.0, 50.0)).unwrap();
        assert_eq!(read.items.len(), 3);
        let first = &read.items[0];
        assert!((first.frp_mw - 13.9875).abs() < 1e-9, "{}", first.frp_mw);
        assert_eq!(first.time.to_rfc3339(), "2025-12-09T19:02:00+00:00");
        assert_eq!((first.satellite.as_str(), first.confidence, first.lasting), ("Himawari-9", 0.2, false));
        assert_eq!(
            (read.items[1].time.to_rfc3339().as_str(), read.items[1].lasting),
            ("2025-12-09T00:02:00+00:00", true)
        );
        assert_eq!(read.items[2].confidence, 0.2);
        let places: Vec<&str> = read.rejections.iter().map(|r| r.place.as_str()).collect();
        assert_eq!(places, ["line 6", "line 7"]);
        assert!(read.rejections[0].found.contains('4') && read.rejections[1].found.contains("line 3"));
    }
}
