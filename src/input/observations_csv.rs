//! Hourly values of the national monitoring network, one file per day: `date,hour,type,1001A,1002A,...`.
//!
//! The hours are Beijing hours and hour-ending: hour `h` of a date is the mean over the hour that ends at `h:00`, so that hour 0
//! belongs to the previous Beijing day as its hour 24.
//!
//! Types read: PM2.5, PM10, SO2, NO2, O3 [ug m-3] and CO [mg m-3], hourly means. Left out by design, because this crate derives them
//! itself: AQI, PM2.5_24h, PM10_24h, SO2_24h, NO2_24h, CO_24h, O3_24h, O3_8h, O3_8h_24h. Any other type is refused, row by row.
//!
//! Files of the archive of published hours (`timepoint,stationcode,...`, see [`super::published_archive`]) are read too.
//!
//! A blank is a missing value. A value below 0 or above what instruments report is refused; the limits are in [`largest`]. Whether
//! a plausible value is also right (spikes, flat lines, PM2.5 above PM10) is a question of quality control, not of reading.

use super::csv_rows::{Refusal, Row, Table};
use super::published_archive;
use crate::calendar::end_of_beijing_hour;
use crate::domain::observation::Observation;
use crate::domain::pollutant::Pollutant;
use crate::error::{Accepted, Error, Rejection, Result};
use chrono::{DateTime, NaiveDate, Utc};
use polars::prelude::{Column, DataFrame, NamedFrom, PolarsResult, Series, SortMultipleOptions};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub(super) const LEFT_OUT: [&str; 9] =
    ["AQI", "PM2.5_24h", "PM10_24h", "SO2_24h", "NO2_24h", "CO_24h", "O3_24h", "O3_8h", "O3_8h_24h"];

/// Largest hourly value that is believed, in [`Pollutant::unit`]: particle monitors end at 10,000 (dust storms reach several thousand
/// PM10, fireworks above 1,000 PM2.5); gases well above the last breakpoint of HJ 633 (SO2 800, NO2 3840, CO 150, O3 1200).
pub fn largest(pollutant: Pollutant) -> f64 {
    match pollutant {
        Pollutant::Pm25 => 2000.0,
        Pollutant::Pm10 => 10_000.0,
        Pollutant::So2 => 4000.0,
        Pollutant::No2 => 4000.0,
        Pollutant::Co => 150.0,
        Pollutant::O3 => 1500.0,
    }
}

/// One sound row: an hour and a pollutant with a value per wanted station.
struct HourRow {
    end: DateTime<Utc>,
    pollutant: Pollutant,
    values: Vec<Option<f64>>,
}

/// Reads the wanted stations of one file, ordered by hour, station code and pollutant.
///
/// # Errors
/// `Missing` without the file; `Format` when `date`, `hour` or `type` is not a column or no wanted station is in the file. A refused
/// row or value is in `rejections` with its line and station, a station that the file does not have once with line 1.
pub fn read(path: &Path, stations: &[String]) -> Result<Accepted<Observation>> {
    let mut table = Table::read(path, "the file of observations")?;
    if table.find("timepoint").is_some() {
        return of_archive(table, stations);
    }
    let (date, hour, kind) = (table.column("date")?, table.column("hour")?, table.column("type")?);
    let mut wanted: Vec<(String, usize)> = Vec::new();
    for station in stations {
        match table.find(station) {
            Some(_) if wanted.iter().any(|(s, _)| s == station) => {}
            Some(column) => wanted.push((station.clone(), column)),
            None => table.reject("line 1", Refusal::new(format!("no column {station}"), "the station in the file")),
        }
    }
    if wanted.is_empty() && !stations.is_empty() {
        let found = format!("none of the stations {}", stations.join(", "));
        return Err(table.refuse_file("line 1", found, "a column for at least one of them"));
    }
    let mut lines_of_hours = BTreeMap::new();
    let mut rows = Vec::new();
    let mut refused = Vec::new();
    for row in &table.rows {
        let parsed = hour_row(row, [date, hour, kind]).and_then(|key| match key {
            Some((end, pollutant)) => match lines_of_hours.insert((end, pollutant), row.line) {
                None => Ok(Some((end, pollutant))),
                Some(first) => {
                    Err(Refusal::new(format!("hour and type of line {first} again"), "each hour and type once"))
                }
            },
            None => Ok(None),
        });
        match parsed {
            Ok(None) => {}
            Ok(Some((end, pollutant))) => {
                let values = values(&table, row, pollutant, &wanted, &mut refused);
                rows.push(HourRow { end, pollutant, values });
            }
            Err(refusal) => refused.push(table.rejection(format!("line {}", row.line), refusal)),
        }
    }
    table.rejections.extend(refused);
    let codes: Vec<String> = wanted.into_iter().map(|(code, _)| code).collect();
    let items = long(&rows, &codes).map_err(|e| {
        Error::format(path, "the rows", e.to_string(), "hours by stations", "Correct or replace the file")
    })?;
    Ok(Accepted { items, rejections: table.rejections })
}

/// The wanted stations of a file of the archive.
fn of_archive(table: Table, stations: &[String]) -> Result<Accepted<Observation>> {
    let code = table.column("stationcode")?;
    let there: BTreeSet<String> = table.rows.iter().map(|row| row.text(code).to_owned()).collect();
    let (wanted, absent): (Vec<&String>, Vec<&String>) = stations.iter().partition(|s| there.contains(*s));
    if wanted.is_empty() && !stations.is_empty() {
        let found = format!("none of the stations {}", stations.join(", "));
        return Err(table.refuse_file("column stationcode", found, "a row for at least one of them"));
    }
    let file = table.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let refused = |place: String, found: String, expected: String| Rejection {
        file: file.clone(),
        place,
        found,
        expected,
        by_design: false,
    };
    let published = published_archive::read(table, |station| wanted.iter().any(|w| *w == station))?;
    let (mut items, mut rejections) = (Vec::new(), published.rejections);
    let none =
        |s: &String| refused("column stationcode".into(), format!("no row of {s}"), "the station in the file".into());
    rejections.extend(absent.into_iter().map(none));
    let mut lines: BTreeMap<(String, DateTime<Utc>), usize> = BTreeMap::new();
    for hour in published.items {
        let first = *lines.entry((hour.station.clone(), hour.end)).or_insert(hour.line);
        if first != hour.line {
            let found = format!("the hour of {} of line {first} again", hour.station);
            rejections.push(refused(format!("line {}", hour.line), found, "each station and hour once".into()));
            continue;
        }
        for pollutant in Pollutant::ALL {
            let Some(&value) = hour.concentrations.get(pollutant) else { continue };
            if value <= largest(pollutant) {
                items.push(Observation { station: hour.station.clone(), end: hour.end, pollutant, value });
                continue;
            }
            rejections.push(refused(
                format!("line {}, station {}", hour.line, hour.station),
                format!("{} {value}", pollutant.name()),
                format!("0 ..= {} {}", largest(pollutant), pollutant.unit()),
            ));
        }
    }
    items.sort_by(|a, b| (a.end, &a.station, a.pollutant as usize).cmp(&(b.end, &b.station, b.pollutant as usize)));
    Ok(Accepted { items, rejections })
}

/// Codes of all stations of a file, in the order of its columns.
///
/// # Errors
/// `Missing` without the file; `Format` when it is not of this layout.
pub fn codes(path: &Path) -> Result<Vec<String>> {
    let table = Table::read(path, "the file of observations")?;
    if table.find("timepoint").is_some() {
        let code = table.column("stationcode")?;
        let codes: BTreeSet<String> = table.rows.iter().map(|row| row.text(code).to_owned()).collect();
        return Ok(codes.into_iter().collect());
    }
    let keys = [table.column("date")?, table.column("hour")?, table.column("type")?];
    let stations = table.header.iter().enumerate().filter(|(column, name)| !keys.contains(column) && !name.is_empty());
    Ok(stations.map(|(_, name)| name.clone()).collect())
}

/// End of the hour of a row by its `date` and `hour`.
pub(super) fn end_of_hour(date: &str, hour: &str) -> std::result::Result<DateTime<Utc>, Refusal> {
    let eight_digits = date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit());
    let day = NaiveDate::parse_from_str(date, "%Y%m%d")
        .ok()
        .filter(|_| eight_digits)
        .ok_or_else(|| Refusal::new(format!("date `{date}`"), "a date such as 20230120"))?;
    match hour.parse::<u8>() {
        Ok(h) if h < 24 => Ok(end_of_beijing_hour(day, h)),
        _ => Err(Refusal::new(format!("hour `{hour}`"), "0 ..= 23")),
    }
}

/// Hour and pollutant of a row; `None` for a type that is left out by design.
fn hour_row(
    row: &Row,
    [date, hour, kind]: [usize; 3],
) -> std::result::Result<Option<(DateTime<Utc>, Pollutant)>, Refusal> {
    let (date, hour, kind) = (row.text(date), row.text(hour), row.text(kind));
    let pollutant = Pollutant::ALL.into_iter().find(|p| p.name() == kind);
    if pollutant.is_none() && !LEFT_OUT.contains(&kind) {
        return Err(Refusal::new(
            format!("type `{kind}`"),
            "PM2.5, PM10, SO2, NO2, CO, O3 or a derived type of these files",
        ));
    }
    let end = end_of_hour(date, hour)?;
    Ok(pollutant.map(|p| (end, p)))
}

fn values(
    table: &Table,
    row: &Row,
    pollutant: Pollutant,
    wanted: &[(String, usize)],
    refused: &mut Vec<Rejection>,
) -> Vec<Option<f64>> {
    let range = 0.0..=largest(pollutant);
    let mut one = |(station, column): &(String, usize)| {
        let refusal = match row.number(*column, pollutant.name()) {
            Ok(None) => return None,
            Ok(Some(v)) if range.contains(&v) => return Some(v),
            Ok(Some(v)) => Refusal::new(
                format!("{} {v}", pollutant.name()),
                format!("{} ..= {} {}", range.start(), range.end(), pollutant.unit()),
            ),
            Err(refusal) => refusal,
        };
        refused.push(table.rejection(format!("line {}, column {station}", row.line), refusal));
        None
    };
    wanted.iter().map(&mut one).collect()
}

/// Turns hours by stations into one observation per value, in the order of hour, station, pollutant.
fn long(rows: &[HourRow], stations: &[String]) -> PolarsResult<Vec<Observation>> {
    let length = rows.len() * stations.len();
    if length == 0 {
        return Ok(Vec::new());
    }
    let (mut ends, mut pollutants) = (Vec::with_capacity(length), Vec::with_capacity(length));
    let (mut codes, mut values) = (Vec::with_capacity(length), Vec::with_capacity(length));
    for row in rows {
        for (station, value) in stations.iter().zip(&row.values) {
            ends.push(row.end.timestamp());
            pollutants.push(row.pollutant as i32);
            codes.push(station.as_str());
            values.push(*value);
        }
    }
    let columns: Vec<Column> = vec![
        Series::new("end".into(), ends).into(),
        Series::new("station".into(), codes).into(),
        Series::new("pollutant".into(), pollutants).into(),
        Series::new("value".into(), values).into(),
    ];
    let table = DataFrame::new(length, columns)?
        .drop_nulls(Some(&["value"]))?
        .sort(["end", "station", "pollutant"], SortMultipleOptions::default())?;
    let ends = table.column("end")?.i64()?;
    let pollutants = table.column("pollutant")?.i32()?;
    let codes = table.column("station")?.str()?;
    let values = table.column("value")?.f64()?;
    let observations = ends.iter().zip(pollutants.iter()).zip(codes.iter().zip(values.iter()));
    Ok(observations
        .filter_map(|((end, pollutant), (station, value))| {
            Some(Observation {
                station: station?.to_owned(),
                end: DateTime::from_timestamp(end?, 0)?,
                pollutant: *Pollutant::ALL.get(usize::try_from(pollutant?).ok()?)?,
                value: value?,
            })
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::beijing_day_hour;
    use chrono::TimeZone;

    fn one(date: &str, hour: &str) -> DateTime<Utc> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("o.csv");
        std::fs::write(&path, format!("date,hour,type,2237A\n{date},{hour},PM2.5,35\n")).unwrap();
        let read = read(&path, &["2237A".to_owned()]).unwrap();
        assert!(read.rejections.is_empty(), "{:?}", read.rejections);
        assert_eq!((read.items.len(), read.items[0].value), (1, 35.0));
        read.items[0].end
    }

    /// 01:00 Beijing is 17:00 UTC of the day before.
    #[test]
    fn hours_end_in_beijing_time() {
        assert_eq!(one("20230120", "1"), Utc.with_ymd_and_hms(2023, 1, 19, 17, 0, 0).unwrap());
        assert_eq!(one("20230120", "8"), Utc.with_ymd_and_hms(2023, 1, 20, 0, 0, 0).unwrap());
        assert_eq!(one("20230120", "23"), Utc.with_ymd_and_hms(2023, 1, 20, 15, 0, 0).unwrap());
    }

    #[test]
    fn hour_0_is_hour_24_of_the_day_before_also_across_years_and_leap_days() {
        for (date, day) in [("20230120", (2023, 1, 19)), ("20230101", (2022, 12, 31)), ("20240301", (2024, 2, 29))] {
            let end = one(date, "0");
            let day = NaiveDate::from_ymd_opt(day.0, day.1, day.2).unwrap();
            assert_eq!(beijing_day_hour(end), (day, 24), "{date}");
        }
        assert_eq!(one("20230101", "0"), Utc.with_ymd_and_hms(2022, 12, 31, 16, 0, 0).unwrap());
    }

    #[test]
    fn limits_hold_the_breakpoints_of_the_standard() {
        // last hourly breakpoints of HJ 633: SO2 800, NO2 3840, CO 150, O3 1200
        assert!(largest(Pollutant::So2) >= 800.0 && largest(Pollutant::No2) >= 3840.0);
        assert!(largest(Pollutant::Co) >= 150.0 && largest(Pollutant::O3) >= 1200.0);
    }
}
