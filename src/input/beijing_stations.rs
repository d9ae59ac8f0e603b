//! Hourly station files of the Beijing multi-site layout (UCI Machine Learning Repository 501): one file per station with the columns
//! `No,year,month,day,hour,PM2.5,PM10,SO2,NO2,CO,O3,TEMP,PRES,DEWP,RAIN,wd,WSPM,station`, local hours.
//!
//! Concentrations are ug m-3 (CO too), TEMP and DEWP degC, PRES hPa, RAIN mm, WSPM m s-1, `wd` one of 16 compass points from which the wind
//! blows. `NA` or a blank is a missing value. A value out of range is refused with its line and column, the other values of its row are
//! used; a row is refused for its time, its station, or for repeating an hour.

use super::csv_rows::{Refusal, Row, Table, shorten};
use crate::domain::station_record::{StationPanel, StationRecord, Variable};
use crate::error::{Error, Rejection, Result};
use chrono::{Duration, NaiveDate, NaiveDateTime};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

/// The compass points of `wd`, clockwise from north, 22.5 degrees apart.
const POINTS: [&str; 16] =
    ["N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"];

/// Columns with a number: name, variable, lowest and highest plausible value.
const NUMBERS: [(&str, Variable, f64, f64); 11] = [
    ("PM2.5", Variable::Pm25, 0.0, 2000.0),
    ("PM10", Variable::Pm10, 0.0, 5000.0),
    ("SO2", Variable::So2, 0.0, 3000.0),
    ("NO2", Variable::No2, 0.0, 2000.0),
    ("CO", Variable::Co, 0.0, 100_000.0),
    ("O3", Variable::O3, 0.0, 2000.0),
    ("TEMP", Variable::Temperature, -60.0, 60.0),
    ("PRES", Variable::Pressure, 500.0, 1100.0),
    ("DEWP", Variable::DewPoint, -80.0, 40.0),
    ("RAIN", Variable::Rain, 0.0, 300.0),
    ("WSPM", Variable::WindSpeed, 0.0, 75.0),
];

/// A panel and what was refused on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Stations {
    pub panel: StationPanel,
    pub rejections: Vec<Rejection>,
}

struct Columns {
    stamp: [usize; 4],
    numbers: [usize; 11],
    direction: usize,
    station: usize,
}

impl Columns {
    fn of(table: &Table) -> Result<Self> {
        let mut numbers = [0; 11];
        for (slot, (name, ..)) in numbers.iter_mut().zip(NUMBERS) {
            *slot = table.column(name)?;
        }
        let [year, month, day, hour] = ["year", "month", "day", "hour"];
        Ok(Self {
            stamp: [table.column(year)?, table.column(month)?, table.column(day)?, table.column(hour)?],
            numbers,
            direction: table.column("wd")?,
            station: table.column("station")?,
        })
    }
}

/// Values of one row, in the order of [`Variable::ALL`].
type Values = [f32; 13];
/// Values of one station by hour, with the file and line of each.
type Hours = BTreeMap<NaiveDateTime, (String, Values)>;

/// Reads every `.csv` file of a folder, in the order of their names, into one panel from the first to the last hour of any of them.
///
/// # Errors
/// `Missing` without the folder or without such files in it; `Format` when a file has other columns, ends in the middle of a record or has
/// no sound row.
pub fn read_folder(folder: &Path) -> Result<Stations> {
    let remedy = "Name a folder with one CSV file per station";
    let missing = || Error::missing("the folder of station files", folder, remedy);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|_| missing())? {
        let path = entry.map_err(|e| Error::io(folder, e))?.path();
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")) {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(missing());
    }
    let mut rejections = Vec::new();
    let mut stations: BTreeMap<String, Hours> = BTreeMap::new();
    for path in &paths {
        read_file(path, &mut stations, &mut rejections)?;
    }
    let ends = stations.values().filter_map(|h| Some((*h.keys().next()?, *h.keys().next_back()?)));
    let (first, last) = ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).ok_or_else(missing)?;
    let hours = (last - first).num_hours() as usize + 1;
    // a stray date would make an axis of centuries
    if hours > 100 * 366 * 24 {
        return Err(Error::format(
            folder,
            "the stamps of the hours",
            format!("{first} to {last}"),
            "at most a century of hours",
            "Correct the year of the stray rows",
        ));
    }
    let records = stations.into_iter().map(|(name, by_hour)| {
        let mut record = StationRecord::empty(name, hours);
        for (stamp, (_, values)) in by_hour {
            let at = (stamp - first).num_hours() as usize;
            Variable::ALL.into_iter().zip(values).for_each(|(v, value)| record.of_mut(v)[at] = value);
        }
        record
    });
    Ok(Stations { panel: StationPanel { first, hours, stations: records.collect() }, rejections })
}

fn read_file(path: &Path, stations: &mut BTreeMap<String, Hours>, rejections: &mut Vec<Rejection>) -> Result<()> {
    let mut table = Table::read(path, "a station file")?.whole()?;
    let columns = Columns::of(&table)?;
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mut accepted = Vec::new();
    let mut refused = Vec::new();
    for row in &table.rows {
        let mut values_refused = Vec::new();
        match hour(row, &columns, &mut values_refused) {
            Ok((station, stamp, values)) => match stations.entry(station.clone()).or_default().entry(stamp) {
                Entry::Vacant(free) => {
                    free.insert((format!("{name} line {}", row.line), values));
                    accepted.push(stamp);
                }
                Entry::Occupied(first) => {
                    let found = format!("{station} {stamp} of {} again", first.get().0);
                    refused.push((row.line, None, Refusal::new(found, "each station and hour once")));
                }
            },
            Err(refusal) => refused.push((row.line, None, refusal)),
        }
        refused.extend(values_refused.into_iter().map(|(column, refusal)| (row.line, Some(column), refusal)));
    }
    for (line, column, refusal) in refused {
        let place = column.map_or(format!("line {line}"), |c| format!("line {line}, column {c}"));
        table.reject(place, refusal);
    }
    table.at_least_one(&accepted, "hour of a station")?;
    rejections.append(&mut table.rejections);
    Ok(())
}

fn hour(
    row: &Row,
    columns: &Columns,
    refused: &mut Vec<(&'static str, Refusal)>,
) -> std::result::Result<(String, NaiveDateTime, Values), Refusal> {
    let station = row.text(columns.station);
    if station.is_empty() {
        return Err(Refusal::new("no station", "the name of a station"));
    }
    let part = |i: usize| row.text(columns.stamp[i]).parse::<u32>().ok();
    let stamp = (|| {
        let date = NaiveDate::from_ymd_opt(i32::try_from(part(0)?).ok()?, part(1)?, part(2)?)?;
        // an hour of 24 is the first of the next day
        let hour = part(3).filter(|h| *h <= 24)?;
        Some(date.and_hms_opt(0, 0, 0)? + Duration::hours(i64::from(hour)))
    })();
    let Some(stamp) = stamp else {
        let text: Vec<&str> = columns.stamp.iter().map(|c| row.text(*c)).collect();
        return Err(Refusal::new(format!("time `{}`", shorten(&text.join(" "))), "year, month, day and hour"));
    };
    let mut values = [f32::NAN; 13];
    for ((name, variable, low, high), column) in NUMBERS.into_iter().zip(columns.numbers) {
        match number(row, column, name, low, high) {
            Ok(value) => values[variable as usize] = value.map_or(f32::NAN, |v| v as f32),
            Err(refusal) => refused.push((name, refusal)),
        }
    }
    match direction(row.text(columns.direction)) {
        Ok(Some(from)) => {
            let speed = values[Variable::WindSpeed as usize];
            values[Variable::WindEast as usize] = -speed * from.sin();
            values[Variable::WindNorth as usize] = -speed * from.cos();
        }
        Ok(None) => {}
        Err(refusal) => refused.push(("wd", refusal)),
    }
    Ok((station.to_owned(), stamp, values))
}

fn number(row: &Row, column: usize, name: &str, low: f64, high: f64) -> std::result::Result<Option<f64>, Refusal> {
    if row.text(column) == "NA" {
        return Ok(None);
    }
    match row.number(column, name)? {
        Some(v) if !(low..=high).contains(&v) => {
            Err(Refusal::new(format!("{name} {v}"), format!("{name} in {low} ..= {high}")))
        }
        value => Ok(value),
    }
}

/// Direction from which the wind blows, clockwise from north [rad].
fn direction(text: &str) -> std::result::Result<Option<f32>, Refusal> {
    if text.is_empty() || text == "NA" {
        return Ok(None);
    }
    match POINTS.iter().position(|p| *p == text) {
        Some(i) => Ok(Some((i as f32 * 22.5).to_radians())),
        None => Err(Refusal::new(format!("wd `{}`", shorten(text)), "one of 16 compass points such as NNE")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "No,year,month,day,hour,PM2.5,PM10,SO2,NO2,CO,O3,TEMP,PRES,DEWP,RAIN,wd,WSPM,station\n";

    fn read(files: &[(&str, &str)]) -> Result<Stations> {
        let folder = tempfile::tempdir().unwrap();
        for (name, rows) in files {
            std::fs::write(folder.path().join(name), format!("{HEADER}{rows}")).unwrap();
        }
        read_folder(folder.path())
    }

    #[test]
    fn stations_share_one_axis_and_missing_values_are_not_numbers() {
        let stations = read(&[
            ("b.csv", "1,2013,3,1,2,9,9,6,17,200,62,0.3,1021.9,-19,0,W,2,Beta\n"),
            (
                "a.csv",
                "1,2013,3,1,0,4,NA,6,17,200,62,0.3,1021.9,-19,0,N,3,Alpha\n2,2013,3,1,1,5,,6,17,,62,,,,,NA,1,Alpha\n",
            ),
        ])
        .unwrap();
        assert!(stations.rejections.is_empty());
        let panel = stations.panel;
        assert_eq!((panel.hours, panel.stations.len()), (3, 2));
        let (alpha, beta) = (&panel.stations[0], &panel.stations[1]);
        assert_eq!((alpha.name.as_str(), beta.name.as_str()), ("Alpha", "Beta"));
        assert_eq!(&alpha.of(Variable::Pm25)[..2], &[4.0, 5.0]);
        assert!(alpha.of(Variable::Pm25)[2].is_nan() && alpha.of(Variable::Pm10)[0].is_nan());
        assert_eq!(beta.of(Variable::Pm25)[2], 9.0);
        // a wind from the north blows to the south, one from the west to the east
        assert!((alpha.of(Variable::WindNorth)[0] + 3.0).abs() < 1e-6 && alpha.of(Variable::WindEast)[0].abs() < 1e-6);
        assert!((beta.of(Variable::WindEast)[2] - 2.0).abs() < 1e-6);
        assert!(alpha.of(Variable::WindEast)[1].is_nan());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_the_rest_is_used() {
        let rows = "1,2013,3,1,0,-4,9,6,17,200,62,0.3,1021.9,-19,0,XYZ,3,A\n2,2013,3,1,0,5,9,6,17,200,62,0.3,1021.9,-19,0,N,3,A\n\
                    3,2013,13,1,0,5,9,6,17,200,62,0.3,1021.9,-19,0,N,3,A\n4,2013,3,1,3,x,9,6,17,200,62,0.3,1021.9,-19,0,N,3,A\n";
        let stations = read(&[("a.csv", rows)]).unwrap();
        let places: Vec<&str> = stations.rejections.iter().map(|r| r.place.as_str()).collect();
        assert_eq!(places, ["line 2, column PM2.5", "line 2, column wd", "line 3", "line 4", "line 5, column PM2.5"]);
        assert_eq!(stations.panel.hours, 4);
        assert_eq!(stations.panel.stations[0].of(Variable::Pm10)[3], 9.0);
    }

    #[test]
    fn an_hour_of_a_station_that_stands_in_two_files_is_refused_on_the_same_line_too() {
        let row = |pm: u32, hour: u32| format!("1,2013,3,1,{hour},{pm},9,6,17,200,62,0.3,1021.9,-19,0,N,3,A\n");
        let second = format!("{}{}", row(5, 0), row(6, 1));
        let stations = read(&[("a.csv", &row(4, 0)), ("b.csv", &second)]).unwrap();
        assert_eq!(stations.panel.stations[0].of(Variable::Pm25), [4.0, 6.0]);
        let [refused] = stations.rejections.as_slice() else { panic!("{:?}", stations.rejections) };
        assert_eq!(refused.place, "line 2");
        assert!(refused.file.ends_with("b.csv") && refused.found.contains("a.csv line 2"), "{refused:?}");
    }

    #[test]
    fn a_folder_without_station_files_is_refused() {
        assert!(read(&[]).unwrap_err().to_string().contains("folder of station files"));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.csv"), "a,b\n1,2\n").unwrap();
        assert!(read_folder(folder.path()).unwrap_err().to_string().contains("PM2.5"));
    }
}
