//! Every station-hour of a published file with its official AQI: what a comparison with our own AQI needs.
//!
//! Layouts, told apart by their header: the national hourly file (`date,hour,type,1001A,...`, see [`super::observations_csv`]) and
//! the archive of one hour (`timepoint,stationcode,...`, see [`super::published_archive`]).
//!
//! Values are taken as published, also beyond the limits up to which [`super::observations_csv`] believes an instrument: the official
//! index was computed from them. What is no number, or negative, is refused with its line and station.

use super::csv_rows::{Refusal, Row, Table};
use super::observations_csv::{LEFT_OUT, end_of_hour};
use super::published_archive;
use crate::domain::pollutant::{Concentrations, Pollutant};
use crate::error::{Accepted, Result};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::path::Path;

/// Largest AQI of the scale.
const LARGEST_AQI: f64 = 500.0;

/// What was published for one station and hour.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedHour {
    /// Line of the station's AQI; where the hour has none, of its first row.
    pub line: usize,
    pub station: String,
    /// End of the hour.
    pub end: DateTime<Utc>,
    /// 1-h means.
    pub concentrations: Concentrations<f64>,
    /// Running 24-h means [ug m-3].
    pub pm25_24h_ug_m3: Option<f64>,
    pub pm10_24h_ug_m3: Option<f64>,
    /// 0 ..= 500.
    pub aqi: Option<u16>,
    /// Primary pollutants; `None` where the layout states none.
    pub primary: Option<Vec<Pollutant>>,
}

/// Kind of a row of the national file that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Mean(Pollutant),
    RunningDay(Pollutant),
    Aqi,
}

impl Kind {
    /// `None` for the other derived types of these files.
    fn of(name: &str) -> std::result::Result<Option<Self>, Refusal> {
        match name {
            "AQI" => Ok(Some(Self::Aqi)),
            "PM2.5_24h" => Ok(Some(Self::RunningDay(Pollutant::Pm25))),
            "PM10_24h" => Ok(Some(Self::RunningDay(Pollutant::Pm10))),
            _ if LEFT_OUT.contains(&name) => Ok(None),
            _ => match Pollutant::ALL.into_iter().find(|p| p.name() == name) {
                Some(p) => Ok(Some(Self::Mean(p))),
                None => Err(Refusal::new(format!("type `{name}`"), "a type of the national hourly files")),
            },
        }
    }
}

/// Reads one file, ordered by hour and column.
///
/// # Errors
/// `Missing` without the file; `Format` when its header is of neither layout, or the archive's O3 columns contradict each other.
pub fn read(path: &Path) -> Result<Accepted<PublishedHour>> {
    let table = Table::read(path, "the file of published hours")?;
    if table.find("timepoint").is_some() { published_archive::read(table, |_| true) } else { national(table) }
}

fn national(mut table: Table) -> Result<Accepted<PublishedHour>> {
    let columns = [table.column("date")?, table.column("hour")?, table.column("type")?];
    let mut hours: BTreeMap<DateTime<Utc>, BTreeMap<Kind, usize>> = BTreeMap::new();
    let mut refused = Vec::new();
    for (i, row) in table.rows.iter().enumerate() {
        let [date, hour, kind] = columns.map(|c| row.text(c));
        let key = Kind::of(kind).and_then(|kind| Ok((end_of_hour(date, hour)?, kind)));
        match key {
            Ok((end, Some(kind))) => {
                let first = *hours.entry(end).or_default().entry(kind).or_insert(i);
                if first != i {
                    let found = format!("hour and type of line {} again", table.rows[first].line);
                    let refusal = Refusal::new(found, "each hour and type once");
                    refused.push(table.rejection(format!("line {}", row.line), refusal));
                }
            }
            Ok((_, None)) => {}
            Err(refusal) => refused.push(table.rejection(format!("line {}", row.line), refusal)),
        }
    }
    let mut items = Vec::new();
    for (end, rows) in &hours {
        for (column, station) in table.header.iter().enumerate() {
            // files of the national network end in columns without a name
            if station.is_empty() || columns.contains(&column) {
                continue;
            }
            let mut value = |kind: Kind| {
                let row = &table.rows[*rows.get(&kind)?];
                let read = if kind == Kind::Aqi { aqi(row, column) } else { concentration(row, column) };
                read.unwrap_or_else(|refusal| {
                    refused.push(table.rejection(format!("line {}, column {station}", row.line), refusal));
                    None
                })
            };
            let mut concentrations = Concentrations::default();
            for p in Pollutant::ALL {
                concentrations.set(p, value(Kind::Mean(p)));
            }
            let line_of = rows.get(&Kind::Aqi).or_else(|| rows.values().min());
            items.push(PublishedHour {
                line: line_of.map_or(1, |i| table.rows[*i].line),
                station: station.clone(),
                end: *end,
                concentrations,
                pm25_24h_ug_m3: value(Kind::RunningDay(Pollutant::Pm25)),
                pm10_24h_ug_m3: value(Kind::RunningDay(Pollutant::Pm10)),
                aqi: value(Kind::Aqi).map(|a| a as u16),
                primary: None,
            });
        }
    }
    table.rejections.extend(refused);
    Ok(Accepted { items, rejections: table.rejections })
}

/// A published concentration, zero or more.
pub(super) fn concentration(row: &Row, column: usize) -> std::result::Result<Option<f64>, Refusal> {
    match row.number(column, "value")? {
        Some(v) if v < 0.0 => Err(Refusal::new(format!("value {v}"), "zero or more")),
        other => Ok(other),
    }
}

/// A published index: an integer, 0 ..= 500.
pub(super) fn aqi(row: &Row, column: usize) -> std::result::Result<Option<f64>, Refusal> {
    match row.number(column, "AQI")? {
        Some(v) if v.fract() != 0.0 || !(0.0..=LARGEST_AQI).contains(&v) => {
            Err(Refusal::new(format!("AQI {v}"), "an integer in 0 ..= 500"))
        }
        other => Ok(other),
    }
}
