//! County series of a run as Parquet: one row per county, hour and pollutant.
//!
//! The correction is trained on these files of earlier runs. The same forecast gives the same bytes.

use super::durable::write_atomic;
use crate::domain::pollutant::Pollutant;
use crate::error::{Error, Result};
use crate::forecast::Forecast;
use chrono::{DateTime, NaiveDate, Utc};
use polars::prelude::*;
use std::fs::File;
use std::path::Path;

const REMEDY: &str = "Remove the run and run its night again";

/// One county, hour and pollutant.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesRow {
    pub adcode: u32,
    /// End of the hour, UTC.
    pub end: DateTime<Utc>,
    /// Beijing day and hour (1..=24, hour-ending).
    pub beijing_day: NaiveDate,
    pub beijing_hour: u8,
    /// Hours since the cycle; <= 0 is spin-up before it.
    pub lead_hour: i32,
    pub pollutant: Pollutant,
    /// Model, corrected forecast and ends of its interval, in [`Pollutant::unit`].
    pub raw: f64,
    pub value: f64,
    pub lower: f64,
    pub upper: f64,
    /// Hourly AQI of the county, the same for each pollutant of the hour.
    pub aqi: Option<u16>,
}

/// The rows of a forecast, in its order.
pub fn rows(forecast: &Forecast) -> Vec<SeriesRow> {
    let mut rows = Vec::new();
    for county in &forecast.counties {
        for hour in &county.hours {
            for pollutant in Pollutant::ALL {
                let Some(e) = hour.concentrations.get(pollutant) else { continue };
                rows.push(SeriesRow {
                    adcode: county.adcode,
                    end: hour.end,
                    beijing_day: hour.beijing_day,
                    beijing_hour: hour.beijing_hour,
                    lead_hour: hour.lead_hour,
                    pollutant,
                    raw: e.raw,
                    value: e.value,
                    lower: e.lower,
                    upper: e.upper,
                    aqi: hour.aqi.aqi,
                });
            }
        }
    }
    rows
}

/// Writes the series of a forecast. Returns the SHA-256 of the file.
///
/// # Errors
/// `Io` with the path; `Invalid` when a value is not finite.
pub fn write(path: &Path, forecast: &Forecast) -> Result<String> {
    let rows = rows(forecast);
    for row in &rows {
        if let Some(v) = [row.raw, row.value, row.lower, row.upper].into_iter().find(|v| !v.is_finite()) {
            let field = format!("{} of {} at {}", row.pollutant.name(), row.adcode, row.end);
            return Err(Error::invalid(path, field, v.to_string(), "a finite value"));
        }
    }
    let refuse = |e: PolarsError| Error::io(path, std::io::Error::other(e));
    let mut bytes = Vec::new();
    let mut table = table(&rows).map_err(refuse)?;
    ParquetWriter::new(&mut bytes)
        .with_compression(ParquetCompression::Zstd(None))
        .set_parallel(false)
        .finish(&mut table)
        .map_err(refuse)?;
    write_atomic(path, &bytes)?;
    Ok(super::durable::sha256(&bytes))
}

fn table(rows: &[SeriesRow]) -> PolarsResult<DataFrame> {
    let numbers = |f: fn(&SeriesRow) -> f64| rows.iter().map(f).collect::<Vec<_>>();
    let texts = |f: fn(&SeriesRow) -> &'static str| rows.iter().map(f).collect::<Vec<_>>();
    let ends: Vec<i64> = rows.iter().map(|r| r.end.timestamp_millis()).collect();
    let days: Vec<i32> = rows.iter().map(|r| days_since_epoch(r.beijing_day)).collect();
    DataFrame::new(
        rows.len(),
        vec![
            Column::new("adcode".into(), rows.iter().map(|r| r.adcode).collect::<Vec<_>>()),
            Column::new("end_utc".into(), ends).cast(&DataType::Datetime(TimeUnit::Milliseconds, None))?,
            Column::new("beijing_day".into(), days).cast(&DataType::Date)?,
            Column::new("beijing_hour".into(), rows.iter().map(|r| u32::from(r.beijing_hour)).collect::<Vec<_>>()),
            Column::new("lead_hour".into(), rows.iter().map(|r| r.lead_hour).collect::<Vec<_>>()),
            Column::new("pollutant".into(), texts(|r| r.pollutant.name())),
            Column::new("unit".into(), texts(|r| r.pollutant.unit())),
            Column::new("raw".into(), numbers(|r| r.raw)),
            Column::new("value".into(), numbers(|r| r.value)),
            Column::new("lower".into(), numbers(|r| r.lower)),
            Column::new("upper".into(), numbers(|r| r.upper)),
            Column::new("aqi".into(), rows.iter().map(|r| r.aqi.map(u32::from)).collect::<Vec<_>>()),
        ],
    )
}

fn days_since_epoch(day: NaiveDate) -> i32 {
    (day - NaiveDate::default()).num_days() as i32
}

/// Reads the series of a run as a table.
///
/// # Errors
/// `Missing` when there is no such file, `Format` when it is not Parquet.
pub fn read(path: &Path) -> Result<DataFrame> {
    let file = File::open(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Error::missing("the archived series", path, "Run the night again"),
        _ => Error::io(path, e),
    })?;
    ParquetReader::new(file)
        .finish()
        .map_err(|e| Error::format(path, "the file", e.to_string(), "a Parquet file of this program", REMEDY))
}

/// Reads the series of a run as rows, in the order of the file.
///
/// # Errors
/// As [`read`]; `Format` naming the column when one is absent, of another type, or holds no value where it must.
pub fn read_rows(path: &Path) -> Result<Vec<SeriesRow>> {
    let table = read(path)?;
    let bad = |place: &str, found: String, expected: &str| Error::format(path, place, found, expected, REMEDY);
    let column = |name: &str, kind: DataType| {
        let place = format!("column {name}");
        let column = table.column(name).map_err(|_| bad(&place, "none".into(), "the column"))?;
        if column.dtype() != &kind {
            return Err(bad(&place, column.dtype().to_string(), &kind.to_string()));
        }
        Ok(column.as_materialized_series())
    };
    let none = |name: &str| bad(&format!("column {name}"), "no value".into(), "a value in each row");
    let whole = |name: &str, kind: DataType| -> Result<Vec<i64>> {
        let cast = column(name, kind)?.cast(&DataType::Int64);
        let cast = cast.map_err(|e| bad(&format!("column {name}"), e.to_string(), "whole numbers"))?;
        let values = cast.i64().map_err(|_| none(name))?;
        values.iter().map(|v| v.ok_or_else(|| none(name))).collect()
    };
    let numbers = |name: &str| -> Result<Vec<f64>> {
        let values = column(name, DataType::Float64)?.f64().map_err(|_| none(name))?;
        values.iter().map(|v| v.filter(|v| v.is_finite()).ok_or_else(|| none(name))).collect()
    };
    let adcode = whole("adcode", DataType::UInt32)?;
    let end = whole("end_utc", DataType::Datetime(TimeUnit::Milliseconds, None))?;
    let hour = whole("beijing_hour", DataType::UInt32)?;
    let lead = whole("lead_hour", DataType::Int32)?;
    let day = whole("beijing_day", DataType::Date)?;
    let names = column("pollutant", DataType::String)?.str().map_err(|_| none("pollutant"))?;
    let aqi = column("aqi", DataType::UInt32)?.u32().map_err(|_| none("aqi"))?;
    let (raw, value, lower, upper) = (numbers("raw")?, numbers("value")?, numbers("lower")?, numbers("upper")?);
    let range = |row: usize, v: i64| bad(&format!("row {}", row + 1), v.to_string(), "a value in range");
    (0..table.height())
        .map(|i| {
            let name = names.get(i).unwrap_or("none");
            Ok(SeriesRow {
                adcode: u32::try_from(adcode[i]).map_err(|_| range(i, adcode[i]))?,
                end: DateTime::from_timestamp_millis(end[i]).ok_or_else(|| range(i, end[i]))?,
                beijing_day: NaiveDate::default()
                    .checked_add_signed(chrono::Duration::days(day[i]))
                    .ok_or_else(|| range(i, day[i]))?,
                beijing_hour: u8::try_from(hour[i]).map_err(|_| range(i, hour[i]))?,
                lead_hour: i32::try_from(lead[i]).map_err(|_| range(i, lead[i]))?,
                pollutant: Pollutant::ALL
                    .into_iter()
                    .find(|p| p.name() == name)
                    .ok_or_else(|| bad(&format!("row {}", i + 1), name.to_owned(), "one of the six pollutants"))?,
                raw: raw[i],
                value: value[i],
                lower: lower[i],
                upper: upper[i],
                aqi: aqi.get(i).map(|v| u16::try_from(v).map_err(|_| range(i, i64::from(v)))).transpose()?,
            })
        })
        .collect()
}
