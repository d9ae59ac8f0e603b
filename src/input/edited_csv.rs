//! Forecasts as consultations changed them: `run,adcode,date,aqi,primary,pm25_ug_m3`, one row per run (`YYYYMMDDHH`), county and Beijing day.
//!
//! `primary` names pollutants with `/` between them; it and `pm25_ug_m3` may be empty. A row is refused for what it holds, and for repeating one
//! before it.

use super::csv_rows::{Refusal, Row, Table, shorten};
use super::observations_csv::largest;
use crate::domain::edited::EditedDay;
use crate::domain::pollutant::Pollutant;
use crate::error::{Accepted, Result};
use chrono::{NaiveDate, NaiveDateTime};
use std::collections::BTreeMap;
use std::path::Path;

const COLUMNS: [&str; 6] = ["run", "adcode", "date", "aqi", "primary", "pm25_ug_m3"];
/// The highest AQI (HJ 633).
const HIGHEST_AQI: f64 = 500.0;

/// Reads a file, in the order of its rows.
///
/// # Errors
/// `Missing` without the file; `Format` without one of the columns, or where no row is accepted. What is refused is in `rejections`.
pub fn read(path: &Path) -> Result<Accepted<EditedDay>> {
    let mut table = Table::read(path, "the file of edited forecasts")?.whole()?;
    let mut columns = [0; COLUMNS.len()];
    for (slot, name) in columns.iter_mut().zip(COLUMNS) {
        *slot = table.column(name)?;
    }
    let mut lines = BTreeMap::new();
    let (mut items, mut refused) = (Vec::new(), Vec::new());
    for row in &table.rows {
        let read = edited(row, &columns).and_then(|day| {
            let first = *lines.entry((day.cycle, day.adcode, day.day)).or_insert(row.line);
            let again = || Refusal::new(format!("the run, county and day of line {first} again"), "each once");
            if first == row.line { Ok(day) } else { Err(again()) }
        });
        match read {
            Ok(day) => items.push(day),
            Err(refusal) => refused.push(table.rejection(format!("line {}", row.line), refusal)),
        }
    }
    table.rejections.extend(refused);
    table.at_least_one(&items, "edited day")?;
    Ok(Accepted { items, rejections: table.rejections })
}

fn edited(row: &Row, columns: &[usize; COLUMNS.len()]) -> std::result::Result<EditedDay, Refusal> {
    let [run, adcode, date, aqi, primary, pm25] = *columns;
    let wrong = |name: &str, column, expected: &str| {
        Refusal::new(format!("{name} `{}`", shorten(row.text(column))), expected.to_owned())
    };
    let text = row.text(run);
    let cycle = (text.len() == 10).then(|| NaiveDateTime::parse_from_str(&format!("{text}00"), "%Y%m%d%H%M").ok());
    let cycle = cycle.flatten().ok_or_else(|| wrong("run", run, "the name of a run such as 2026011512"))?;
    let code = Some(row.text(adcode)).filter(|c| c.len() == 6).and_then(|c| c.parse().ok());
    let day = NaiveDate::parse_from_str(row.text(date), "%Y-%m-%d");
    let value = row.number(aqi, "aqi")?.filter(|a| (0.0..=HIGHEST_AQI).contains(a) && a.fract() == 0.0);
    let names = row.text(primary).split('/').map(str::trim).filter(|n| !n.is_empty());
    let known: Option<Vec<Pollutant>> = names.map(|n| Pollutant::ALL.into_iter().find(|p| p.name() == n)).collect();
    let highest = largest(Pollutant::Pm25);
    let mean = row.number(pm25, "pm25_ug_m3")?;
    if mean.is_some_and(|v| !(0.0..=highest).contains(&v)) {
        return Err(wrong("pm25_ug_m3", pm25, &format!("0 to {highest} ug m-3")));
    }
    Ok(EditedDay {
        cycle: cycle.and_utc(),
        adcode: code.ok_or_else(|| wrong("adcode", adcode, "a code of six digits"))?,
        day: day.map_err(|_| wrong("date", date, "a Beijing day such as 2026-01-16"))?,
        aqi: value.ok_or_else(|| wrong("aqi", aqi, "a whole number from 0 to 500"))? as u16,
        primary: known.ok_or_else(|| wrong("primary", primary, "names such as PM2.5 or PM2.5/NO2, or nothing"))?,
        pm25_ug_m3: mean,
    })
}
