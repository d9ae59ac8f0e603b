//! Daily values of places, one row per place and Beijing day, in one of two layouts, told apart by their columns.
//!
//! 1. This program's own: `adcode,date,pm25_ug_m3,pm10_ug_m3,so2_ug_m3,no2_ug_m3,co_mg_m3,o3_8h_ug_m3`, exactly these columns in any
//!    order; `adcode` has six digits.
//! 2. City records: `city,date,AQI,AQI_range,level,PM2_5,PM10,SO2,CO,NO2,O3,rank`, of which `city`, `date` and the six pollutants are
//!    read. AQI, AQI_range, level and rank are left out by design: that AQI is not the daily AQI of HJ 633. **O3 is taken as the
//!    largest 8-h mean of the day**, as the publishers of such tables label it; the files themselves do not say.
//!
//! Concentrations are ug m-3, CO mg m-3. A blank is a missing value. A value of 0 is refused: no daily mean of a working monitor is
//! zero, in such tables it stands for a missing one; so is a value beyond [`largest`](super::observations_csv::largest). A refused value
//! is listed with its line and column, the other values of its row are used. A row is refused for its place, its date, for repeating a
//! place and day, or without any value.

use super::csv_rows::{Refusal, Row, Table, shorten};
use super::observations_csv::largest;
use crate::domain::pollutant::{Concentrations, Pollutant};
use crate::error::{Accepted, Rejection, Result};
use chrono::NaiveDate;
use std::collections::BTreeMap;
use std::path::Path;

/// Daily values of one place.
#[derive(Debug, Clone, PartialEq)]
pub struct DailyRecord {
    /// Name of the city, or code of the area as text, as in the file.
    pub place: String,
    /// Beijing day.
    pub day: NaiveDate,
    /// Day means, O3 the largest 8-h mean.
    pub concentrations: Concentrations<f64>,
}

/// Columns of the six pollutants, in the order of [`Pollutant::ALL`].
const OWN: [&str; 6] = ["pm25_ug_m3", "pm10_ug_m3", "so2_ug_m3", "no2_ug_m3", "co_mg_m3", "o3_8h_ug_m3"];
const CITY: [&str; 6] = ["PM2_5", "PM10", "SO2", "NO2", "CO", "O3"];
const CITY_LEFT_OUT: [&str; 4] = ["AQI", "AQI_range", "level", "rank"];

struct Columns {
    place: usize,
    place_is_code: bool,
    date: usize,
    values: [(usize, &'static str); 6],
}

impl Columns {
    fn of(table: &Table) -> Result<Self> {
        let own = table.find("adcode").is_some();
        let (place, names, left_out): (_, _, &[&str]) =
            if own { ("adcode", OWN, &[]) } else { ("city", CITY, &CITY_LEFT_OUT) };
        if table.find(place).is_none() {
            let found = format!("neither `adcode` nor `city` among `{}`", shorten(&table.header.join(",")));
            return Err(table.refuse_file("line 1", found, "one of the two layouts of daily values"));
        }
        let known = |h: &str| h == place || h == "date" || names.contains(&h) || left_out.contains(&h);
        if let Some(other) = table.header.iter().find(|h| !known(h)) {
            let expected = format!("the columns {place}, date, {}", names.join(", "));
            return Err(table.refuse_file("line 1", format!("a column `{other}`"), expected));
        }
        let mut values = [(0, ""); 6];
        for (slot, name) in values.iter_mut().zip(names) {
            *slot = (table.column(name)?, name);
        }
        Ok(Self { place: table.column(place)?, place_is_code: own, date: table.column("date")?, values })
    }
}

/// Reads a file, in the order of its rows.
///
/// # Errors
/// `Missing` without the file; `Format` when its columns are those of neither layout, it ends in the middle of a record, or no row is
/// accepted. What is refused is in `rejections`, with its line.
pub fn read(path: &Path) -> Result<Accepted<DailyRecord>> {
    let mut table = Table::read(path, "the file of daily values")?.whole()?;
    let columns = Columns::of(&table)?;
    let mut lines: BTreeMap<(String, NaiveDate), usize> = BTreeMap::new();
    let mut items = Vec::new();
    let mut refused: Vec<Rejection> = Vec::new();
    for row in &table.rows {
        let mut values = Vec::new();
        match record(row, &columns, &mut values) {
            Ok(record) => {
                let first = *lines.entry((record.place.clone(), record.day)).or_insert(row.line);
                if first == row.line {
                    items.push(record);
                } else {
                    let again = format!("{} {} of line {first} again", record.place, record.day);
                    values.push((None, Refusal::new(again, "each place and day once")));
                }
            }
            Err(refusal) => values.push((None, refusal)),
        }
        for (column, refusal) in values {
            let place = column.map_or(format!("line {}", row.line), |c: &str| format!("line {}, column {c}", row.line));
            refused.push(table.rejection(place, refusal));
        }
    }
    table.rejections.extend(refused);
    table.at_least_one(&items, "row of daily values")?;
    Ok(Accepted { items, rejections: table.rejections })
}

/// Refusals of one row: of a column, or of the row.
type Refusals = Vec<(Option<&'static str>, Refusal)>;

fn record(row: &Row, columns: &Columns, refused: &mut Refusals) -> std::result::Result<DailyRecord, Refusal> {
    let place = row.text(columns.place);
    let code = place.len() == 6 && place.bytes().all(|b| b.is_ascii_digit());
    if place.is_empty() || columns.place_is_code && !code {
        let expected = if columns.place_is_code { "a code of six digits" } else { "the name of a city" };
        return Err(Refusal::new(format!("place `{}`", shorten(place)), expected));
    }
    let date = row.text(columns.date);
    let day = NaiveDate::parse_from_str(date, "%Y-%m-%d")
        .ok()
        .filter(|d| d.to_string() == date)
        .ok_or_else(|| Refusal::new(format!("date `{}`", shorten(date)), "a date such as 2026-03-05"))?;
    let mut concentrations = Concentrations::default();
    for (p, (column, name)) in Pollutant::ALL.into_iter().zip(columns.values) {
        match value(row, column, name, p) {
            Ok(value) => concentrations.set(p, value),
            Err(refusal) => {
                let found = format!("{place} {day}: {}", refusal.found);
                refused.push((Some(name), Refusal::new(found, refusal.expected)));
            }
        }
    }
    if Pollutant::ALL.into_iter().all(|p| concentrations.get(p).is_none()) {
        return Err(Refusal::new(format!("{place} {day} without any value"), "at least one concentration"));
    }
    Ok(DailyRecord { place: place.to_owned(), day, concentrations })
}

fn value(row: &Row, column: usize, name: &str, p: Pollutant) -> std::result::Result<Option<f64>, Refusal> {
    match row.number(column, name)? {
        Some(v) if !(v > 0.0 && v <= largest(p)) => {
            Err(Refusal::new(format!("{name} {v}"), format!("above 0, at most {} {}", largest(p), p.unit())))
        }
        value => Ok(value),
    }
}
