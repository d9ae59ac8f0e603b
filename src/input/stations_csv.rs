//! Positions of monitoring stations: `ID,stations_name,...,lon,lat[,lon_2022,lat_2022]`. Where a station was moved, the position of 2022 counts.

use super::csv_rows::{Refusal, Row, Table};
use crate::error::{Accepted, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// A station's code with its degrees east and north.
#[derive(Debug, Clone, PartialEq)]
pub struct StationPosition {
    pub code: String,
    pub place: (f64, f64),
}

/// Reads the positions, in the order of the file.
///
/// # Errors
/// `Missing` without the file; `Format` when `ID`, `lon` or `lat` is not a column or no row is accepted. A refused row, and a station listed
/// again, is in `rejections` with its line.
pub fn read(path: &Path) -> Result<Accepted<StationPosition>> {
    let mut table = Table::read(path, "the file of stations")?;
    let (id, lon, lat) = (table.column("ID")?, table.column("lon")?, table.column("lat")?);
    let moved = table.find("lon_2022").zip(table.find("lat_2022"));
    let (mut items, mut refused) = (Vec::new(), Vec::new());
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    for row in &table.rows {
        let read = position(row, id, (lon, lat), moved).and_then(|station| {
            match lines.insert(station.code.clone(), row.line) {
                None => Ok(station),
                Some(first) => Err(Refusal::new(format!("station of line {first} again"), "each station once")),
            }
        });
        match read {
            Ok(station) => items.push(station),
            Err(refusal) => refused.push(table.rejection(format!("line {}", row.line), refusal)),
        }
    }
    table.rejections.extend(refused);
    table.at_least_one(&items, "station")?;
    Ok(Accepted { items, rejections: table.rejections })
}

fn position(
    row: &Row,
    id: usize,
    first: (usize, usize),
    moved: Option<(usize, usize)>,
) -> std::result::Result<StationPosition, Refusal> {
    let code = row.text(id).to_owned();
    if code.is_empty() {
        return Err(Refusal::new("no ID", "the code of the station"));
    }
    let now = moved.filter(|(lon, lat)| !row.text(*lon).is_empty() && !row.text(*lat).is_empty()).unwrap_or(first);
    let lon = row.within(now.0, "lon", -180.0..=180.0)?;
    let lat = row.within(now.1, "lat", -90.0..=90.0)?;
    Ok(StationPosition { code, place: (lon, lat) })
}
