//! Hourly concentrations of stations, whichever of two layouts a file has: the national network's day files ([`super::observations_csv`]), or one
//! file per station with `year,month,day,hour,PM2.5,PM10,SO2,NO2,CO,O3,station` among its columns (Beijing multi-site, UCI 501).
//!
//! Of the second the hours are Beijing hours and taken as hour-ending; CO is in ug m-3; `NA` or a blank is a missing value.

use super::csv_rows::{Refusal, Row, Table};
use super::observations_csv;
use crate::calendar::of_beijing_local;
use crate::domain::observation::Observation;
use crate::domain::pollutant::Pollutant;
use crate::error::{Accepted, Result};
use chrono::NaiveDate;
use std::path::Path;

/// Reads the values of all stations of a file.
///
/// # Errors
/// `Missing` without the file; `Format` when it has neither layout. What is refused is in `rejections`.
pub fn read(path: &Path) -> Result<Accepted<Observation>> {
    let table = Table::read(path, "the file of observations")?;
    if table.find("type").is_some() {
        return observations_csv::read(path, &observations_csv::codes(path)?);
    }
    of_stations(table)
}

fn of_stations(mut table: Table) -> Result<Accepted<Observation>> {
    let mut stamp = [0; 4];
    for (slot, name) in stamp.iter_mut().zip(["year", "month", "day", "hour"]) {
        *slot = table.column(name)?;
    }
    let station = table.column("station")?;
    let mut columns = [0; 6];
    for (slot, pollutant) in columns.iter_mut().zip(Pollutant::ALL) {
        *slot = table.column(pollutant.name())?;
    }
    let (mut items, mut refused) = (Vec::new(), Vec::new());
    for row in &table.rows {
        let line = || format!("line {}", row.line);
        let end = match end(row, stamp) {
            Ok(end) => end,
            Err(refusal) => {
                refused.push(table.rejection(line(), refusal));
                continue;
            }
        };
        for (pollutant, column) in Pollutant::ALL.into_iter().zip(columns) {
            if row.text(column) == "NA" {
                continue;
            }
            match row.number(column, pollutant.name()) {
                Ok(None) => {}
                Ok(Some(value)) => items.push(Observation {
                    station: row.text(station).to_owned(),
                    end,
                    pollutant,
                    value: if pollutant == Pollutant::Co { value / 1000.0 } else { value },
                }),
                Err(refusal) => refused.push(table.rejection(line(), refusal)),
            }
        }
    }
    table.rejections.extend(refused);
    table.at_least_one(&items, "value")?;
    Ok(Accepted { items, rejections: table.rejections })
}

fn end(row: &Row, [year, month, day, hour]: [usize; 4]) -> std::result::Result<chrono::DateTime<chrono::Utc>, Refusal> {
    let whole = |column, name: &str, range| row.within(column, name, range).map(|v| v as i32);
    let date =
        (whole(year, "year", 1900.0..=2200.0)?, whole(month, "month", 1.0..=12.0)?, whole(day, "day", 1.0..=31.0)?);
    let hour = whole(hour, "hour", 0.0..=23.0)?;
    NaiveDate::from_ymd_opt(date.0, date.1 as u32, date.2 as u32)
        .and_then(|d| d.and_hms_opt(hour as u32, 0, 0))
        .map(of_beijing_local)
        .ok_or_else(|| Refusal::new(format!("{}-{}-{}", date.0, date.1, date.2), "a date that exists"))
}
