//! Hourly measurements at stacks (CEMS) as a table.
//!
//! Header-driven, each column by one of its names: `stack` (排口, id of the source in the inventory), `time` (时间, the end of the hour in Beijing
//! time, `2026-01-15 08:00`; 24:00 is a time), `so2_mg_m3`, `nox_mg_m3`, `pm_mg_m3`, `flow_m3_h` (标干流量), `temperature_c`, `oxygen_percent`,
//! `load_percent` (负荷), and limits of the stack `so2_limit_mg_m3`, `nox_limit_mg_m3`, `pm_limit_mg_m3`. A blank was not measured. At least one concentration and the flow must
//! have a column. Of two rows of a stack and hour the second is refused.

use super::csv_rows::{Refusal, Row, Table, shorten};
use crate::calendar::end_of_beijing_hour;
use crate::domain::stack_record::{StackReading, StackValues};
use crate::error::{Accepted, Result};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use std::collections::BTreeMap;
use std::path::Path;

/// Largest values that are believed: concentration [mg m-3] and flow [m3 h-1].
const CONCENTRATION_LIMIT: f64 = 20_000.0;
const FLOW_LIMIT: f64 = 10_000_000.0;
/// Air has 20.95 % of oxygen; devices drift above it while the furnace idles.
const OXYGEN_LIMIT: f64 = 25.0;

struct Columns {
    stack: usize,
    time: usize,
    values: [Option<usize>; 3],
    limits: [Option<usize>; 3],
    flow: usize,
    temperature: Option<usize>,
    oxygen: Option<usize>,
    load: Option<usize>,
}

/// Reads the measurements, in the order of the file.
///
/// # Errors
/// `Missing` without the file; `Format` when a needed column is missing or no row is accepted.
pub fn read(path: &Path) -> Result<Accepted<StackReading>> {
    let mut table = Table::read(path, "the measurements at stacks")?;
    let any = |names: [&str; 2]| names.into_iter().find_map(|n| table.find(n));
    let needed = |names: [&str; 2]| any(names).map_or_else(|| table.column(names[0]), Ok);
    let columns = Columns {
        stack: needed(["stack", "排口"])?,
        time: needed(["time", "时间"])?,
        values: [any(["so2_mg_m3", "二氧化硫"]), any(["nox_mg_m3", "氮氧化物"]), any(["pm_mg_m3", "颗粒物"])],
        limits: ["so2_limit_mg_m3", "nox_limit_mg_m3", "pm_limit_mg_m3"].map(|n| table.find(n)),
        flow: needed(["flow_m3_h", "标干流量"])?,
        temperature: any(["temperature_c", "烟温"]),
        oxygen: any(["oxygen_percent", "含氧量"]),
        load: any(["load_percent", "负荷"]),
    };
    if columns.values.iter().all(Option::is_none) {
        return Err(table.refuse_file("line 1", "no concentration", "one of so2_mg_m3, nox_mg_m3, pm_mg_m3"));
    }
    let (mut items, mut refused, mut seen) = (Vec::new(), Vec::new(), BTreeMap::new());
    for row in &table.rows {
        let reading = reading(row, &columns).and_then(|r| match seen.insert((r.source.clone(), r.start), row.line) {
            None => Ok(r),
            Some(first) => Err(Refusal::new(format!("the hour of line {first} again"), "each stack and hour once")),
        });
        match reading {
            Ok(reading) => items.push(reading),
            Err(refusal) => refused.push(table.rejection(format!("line {}", row.line), refusal)),
        }
    }
    table.rejections.extend(refused);
    table.at_least_one(&items, "measured hour")?;
    Ok(Accepted { items, rejections: table.rejections })
}

fn reading(row: &Row, c: &Columns) -> std::result::Result<StackReading, Refusal> {
    let source = row.text(c.stack);
    if source.is_empty() {
        return Err(Refusal::new("no stack", "the id of a source of the inventory"));
    }
    let measured = |column: Option<usize>, name: &str, range: std::ops::RangeInclusive<f64>| match column {
        Some(column) if !row.text(column).is_empty() => row.within(column, name, range).map(Some),
        _ => Ok(None),
    };
    let three = |columns: [Option<usize>; 3], names: [&str; 3]| {
        let one = |i: usize| measured(columns[i], names[i], 0.0..=CONCENTRATION_LIMIT);
        Ok(StackValues { so2: one(0)?, nox: one(1)?, pm: one(2)? })
    };
    Ok(StackReading {
        source: source.to_owned(),
        start: hour_start(row.text(c.time))?,
        mg_m3: three(c.values, ["so2_mg_m3", "nox_mg_m3", "pm_mg_m3"])?,
        flow_m3_h: measured(Some(c.flow), "flow_m3_h", 0.0..=FLOW_LIMIT)?,
        temperature_c: measured(c.temperature, "temperature_c", -40.0..=1000.0)?,
        oxygen_percent: measured(c.oxygen, "oxygen_percent", 0.0..=OXYGEN_LIMIT)?,
        load_percent: measured(c.load, "load_percent", 0.0..=200.0)?,
        limits_mg_m3: three(c.limits, ["so2_limit_mg_m3", "nox_limit_mg_m3", "pm_limit_mg_m3"])?,
    })
}

/// Begin of the hour that ends at `2026-01-15 08:00` (or with a `T`) Beijing time.
fn hour_start(text: &str) -> std::result::Result<DateTime<Utc>, Refusal> {
    let wrong = || Refusal::new(format!("time `{}`", shorten(text)), "the end of a full hour such as 2026-01-15 08:00");
    let (date, clock) = text.split_once([' ', 'T']).ok_or_else(wrong)?;
    let day = NaiveDate::parse_from_str(date, "%Y-%m-%d").map_err(|_| wrong())?;
    let hour: u8 = match clock.split(':').collect::<Vec<_>>()[..] {
        [hour, "00"] | [hour, "00", "00"] | [hour] if hour.len() <= 2 => hour.parse().map_err(|_| wrong())?,
        _ => return Err(wrong()),
    };
    if hour > 24 {
        return Err(wrong());
    }
    // hour 0 of a day ends the day before
    let end = end_of_beijing_hour(day, 24) - Duration::hours(24 - i64::from(hour));
    Ok(end - Duration::hours(1))
}
