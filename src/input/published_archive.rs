//! The archive of published hours, one row per station: `timepoint,stationcode,...,primarypollutant,aqi,pm10,pm10_24h,...`.
//!
//! `timepoint` is Beijing time, hour-ending. `o3_24h` should be the largest 1-h mean of the 24 h up to the hour, and so at or above
//! `o3`; files are known in which the two columns are swapped. Which it is is read off the file: where no row contradicts a swap
//! and one contradicts the names, the columns are taken as swapped.

use super::csv_rows::{Refusal, Row, Table};
use super::published_hours::{PublishedHour, aqi, concentration};
use crate::calendar::end_of_beijing_hour;
use crate::domain::pollutant::{Concentrations, Pollutant};
use crate::error::{Accepted, Result};
use chrono::{NaiveDateTime, Timelike};

struct Columns {
    time: usize,
    station: usize,
    primary: usize,
    aqi: usize,
    means: [(Pollutant, usize); 6],
    pm25_24h: usize,
    pm10_24h: usize,
}

/// Reads the rows of the stations of such a file for which `keep` holds.
///
/// # Errors
/// `Format` naming a column that is absent, or where the O3 columns are swapped in one row and not in another.
pub(super) fn read(mut table: Table, keep: impl Fn(&str) -> bool) -> Result<Accepted<PublishedHour>> {
    let columns = Columns {
        time: table.column("timepoint")?,
        station: table.column("stationcode")?,
        primary: table.column("primarypollutant")?,
        aqi: table.column("aqi")?,
        means: [
            (Pollutant::Pm25, table.column("pm2_5")?),
            (Pollutant::Pm10, table.column("pm10")?),
            (Pollutant::So2, table.column("so2")?),
            (Pollutant::No2, table.column("no2")?),
            (Pollutant::Co, table.column("co")?),
            (Pollutant::O3, hourly_o3(&table)?),
        ],
        pm25_24h: table.column("pm2_5_24h")?,
        pm10_24h: table.column("pm10_24h")?,
    };
    let (mut items, mut refused) = (Vec::new(), Vec::new());
    for row in table.rows.iter().filter(|row| keep(row.text(columns.station))) {
        match hour(row, &columns) {
            Ok(hour) => items.push(hour),
            Err(refusal) => refused.push(table.rejection(format!("line {}", row.line), refusal)),
        }
    }
    table.rejections.extend(refused);
    Ok(Accepted { items, rejections: table.rejections })
}

/// The column that holds the 1-h mean of O3.
fn hourly_o3(table: &Table) -> Result<usize> {
    let (hour, day) = (table.column("o3")?, table.column("o3_24h")?);
    let pair = |row: &Row| Some((concentration(row, hour).ok()??, concentration(row, day).ok()??));
    let first = |is: fn(f64, f64) -> bool| table.rows.iter().find(|row| pair(row).is_some_and(|(h, d)| is(h, d)));
    match (first(|hour, day| hour > day), first(|hour, day| hour < day)) {
        (Some(swapped), Some(named)) => Err(table.refuse_file(
            format!("lines {} and {}", swapped.line, named.line),
            "o3 above o3_24h in one row and below it in another",
            "o3_24h, the largest of 24 h, at or above o3, or both columns swapped in every row",
        )),
        (Some(_), None) => Ok(day),
        (None, _) => Ok(hour),
    }
}

fn hour(row: &Row, columns: &Columns) -> std::result::Result<PublishedHour, Refusal> {
    let time = row.text(columns.time);
    let local = NaiveDateTime::parse_from_str(time, "%Y-%m-%dT%H:%M:%S")
        .ok()
        .filter(|t| (t.minute(), t.second()) == (0, 0))
        .ok_or_else(|| Refusal::new(format!("timepoint `{time}`"), "a full hour such as 2022-01-04T12:00:00"))?;
    let mut concentrations = Concentrations::default();
    for (p, column) in columns.means {
        concentrations.set(p, concentration(row, column)?);
    }
    Ok(PublishedHour {
        line: row.line,
        station: row.text(columns.station).to_owned(),
        end: end_of_beijing_hour(local.date(), local.hour() as u8),
        concentrations,
        pm25_24h_ug_m3: concentration(row, columns.pm25_24h)?,
        pm10_24h_ug_m3: concentration(row, columns.pm10_24h)?,
        aqi: aqi(row, columns.aqi)?.map(|a| a as u16),
        primary: Some(primary(row.text(columns.primary))?),
    })
}

/// Pollutants in a text such as `细颗粒物(PM2.5),颗粒物(PM10)`; none in a blank or a dash.
fn primary(text: &str) -> std::result::Result<Vec<Pollutant>, Refusal> {
    const NAMES: [(&str, Pollutant); 6] = [
        ("PM2.5", Pollutant::Pm25),
        ("PM10", Pollutant::Pm10),
        ("二氧化硫", Pollutant::So2),
        ("二氧化氮", Pollutant::No2),
        ("一氧化碳", Pollutant::Co),
        ("臭氧", Pollutant::O3),
    ];
    let parts = text.split([',', '，', '、', ';']).map(str::trim).filter(|t| !t.is_empty() && *t != "—" && *t != "-");
    let known = |part: &str| NAMES.iter().find(|(name, _)| part.contains(name)).map(|(_, p)| *p);
    let mut pollutants: Vec<Pollutant> = parts
        .map(|part| known(part).ok_or_else(|| Refusal::new(format!("primary pollutant `{part}`"), "one of the six")))
        .collect::<std::result::Result<_, _>>()?;
    pollutants.sort();
    pollutants.dedup();
    Ok(pollutants)
}
