//! Inventory of sources as a CSV table.
//!
//! Columns, in any order: `id,name,sector,adcode`, optionally `lon,lat` and
//! `stack_height_m,stack_diameter_m,stack_temperature_k,stack_velocity_m_s`, and at least one amount `<pollutant>_<unit>`.
//!
//! - `sector`: [`Sector::name`]; `adcode`: code of the county, 0 outside the region.
//! - `lon,lat` [degrees] blank: the source is spread over its county; else it is a point, with a stack where all four stack columns
//!   are filled.
//! - pollutants `so2 nox co nh3 nmvoc pm25 pm10 bc oc`; units `t_a` [t a-1], `kg_a`, `kt_a`, `kg_h` (constant rate through a year
//!   of 365 days). A blank amount is 0. NOx counts as NO2, OC as carbon.
//! - PM10 includes PM2.5, and PM2.5 includes BC and 1.4 times OC (organic matter per carbon as of Turpin & Lim 2001, Aerosol Sci.
//!   Technol. 35, 602, lower bound for urban air); a row that says otherwise is refused.

use super::csv_rows::{Refusal, Row, Table};
use crate::domain::source::{Amounts, Place, Sector, Source, Stack, Strength};
use crate::error::{Accepted, Result};
use std::collections::BTreeMap;
use std::path::Path;

const PLAIN: [&str; 10] = [
    "id",
    "name",
    "sector",
    "adcode",
    "lon",
    "lat",
    "stack_height_m",
    "stack_diameter_m",
    "stack_temperature_k",
    "stack_velocity_m_s",
];
const POLLUTANTS: [&str; 9] = ["so2", "nox", "co", "nh3", "nmvoc", "pm25", "pm10", "bc", "oc"];
/// Unit of a column and what one of it is in t a-1.
const UNITS: [(&str, f64); 4] = [("t_a", 1.0), ("kg_a", 1e-3), ("kt_a", 1e3), ("kg_h", 365.0 * 24.0 * 1e-3)];
/// Mass of organic matter per mass of organic carbon, the least that PM2.5 must hold.
const ORGANIC_MATTER_PER_CARBON: f64 = 1.4;

/// One amount column.
struct AmountColumn {
    column: usize,
    pollutant: usize,
    tonnes: f64,
}

struct Columns {
    id: usize,
    name: usize,
    sector: usize,
    adcode: usize,
    position: Option<(usize, usize)>,
    stack: Option<[usize; 4]>,
    amounts: Vec<AmountColumn>,
}

/// Reads an inventory table. Sources come in the order of the file.
///
/// # Errors
/// `Missing` without the file; `Format` for an unknown, missing or doubled column, or when no row is accepted. A refused row is in
/// `rejections`, with its line.
pub fn read(path: &Path) -> Result<Accepted<Source>> {
    sources(Table::read(path, "the inventory table")?.whole()?)
}

/// Reads an inventory table from text; `origin` names it in errors.
///
/// # Errors
/// `Format` as [`read`].
pub fn parse(text: &str, origin: &Path) -> Result<Accepted<Source>> {
    sources(Table::parse(origin, text.as_bytes())?.whole()?)
}

fn sources(mut table: Table) -> Result<Accepted<Source>> {
    let columns = columns(&table)?;
    let mut lines_of_ids: BTreeMap<String, usize> = BTreeMap::new();
    let mut items = Vec::with_capacity(table.rows.len());
    let mut refused = Vec::new();
    for row in &table.rows {
        let parsed = source(row, &columns).and_then(|s| match lines_of_ids.insert(s.id.clone(), row.line) {
            None => Ok(s),
            Some(first) => {
                Err(Refusal::new(format!("id `{}` again, first on line {first}", s.id), "an id once in the file"))
            }
        });
        match parsed {
            Ok(s) => items.push(s),
            Err(refusal) => refused.push(table.rejection(format!("line {}", row.line), refusal)),
        }
    }
    table.rejections.extend(refused);
    table.at_least_one(&items, "source")?;
    Ok(Accepted { items, rejections: table.rejections })
}

fn columns(table: &Table) -> Result<Columns> {
    let mut amounts: Vec<AmountColumn> = Vec::new();
    for (column, name) in table.header.iter().enumerate() {
        if PLAIN.contains(&name.as_str()) {
            continue;
        }
        let Some((pollutant, tonnes)) = amount_name(name) else {
            let expected = format!(
                "one of {} or <pollutant>_<unit> with a pollutant of {} and a unit of t_a, kg_a, kt_a, kg_h",
                PLAIN.join(", "),
                POLLUTANTS.join(", ")
            );
            return Err(table.refuse_file("line 1", format!("the column `{name}`"), expected));
        };
        if amounts.iter().any(|a| a.pollutant == pollutant) {
            let found = format!("`{name}` beside another column of {}", POLLUTANTS[pollutant]);
            return Err(table.refuse_file("line 1", found, "one column per pollutant"));
        }
        amounts.push(AmountColumn { column, pollutant, tonnes });
    }
    let has = |name: &str| amounts.iter().any(|a| POLLUTANTS[a.pollutant] == name);
    if amounts.is_empty() {
        return Err(table.refuse_file("line 1", "no column with an amount", "at least one such as `so2_t_a`"));
    }
    for (part, whole) in [("pm25", "pm10"), ("bc", "pm25"), ("oc", "pm25")] {
        if has(part) && !has(whole) {
            return Err(table.refuse_file(
                "line 1",
                format!("{part} without {whole}"),
                format!("{whole}, which includes {part}"),
            ));
        }
    }
    Ok(Columns {
        id: table.column("id")?,
        name: table.column("name")?,
        sector: table.column("sector")?,
        adcode: table.column("adcode")?,
        position: together(table, ["lon", "lat"])?.map(|[lon, lat]| (lon, lat)),
        stack: together(table, ["stack_height_m", "stack_diameter_m", "stack_temperature_k", "stack_velocity_m_s"])?,
        amounts,
    })
}

/// Columns that are all there or all absent.
fn together<const N: usize>(table: &Table, names: [&str; N]) -> Result<Option<[usize; N]>> {
    if names.iter().all(|n| table.find(n).is_none()) {
        return Ok(None);
    }
    let mut found = [0; N];
    for (slot, name) in found.iter_mut().zip(names) {
        *slot = table.column(name)?;
    }
    Ok(Some(found))
}

/// Pollutant (index in [`POLLUTANTS`]) and tonnes a year per unit of a column such as `so2_t_a`.
fn amount_name(name: &str) -> Option<(usize, f64)> {
    let (pollutant, unit) = name.split_once('_')?;
    let tonnes = UNITS.iter().find(|(u, _)| *u == unit)?.1;
    Some((POLLUTANTS.iter().position(|p| *p == pollutant)?, tonnes))
}

fn source(row: &Row, columns: &Columns) -> std::result::Result<Source, Refusal> {
    let id = required(row, columns.id, "id")?;
    let name = required(row, columns.name, "name")?;
    let word = row.text(columns.sector);
    let sector = Sector::from_name(word).ok_or_else(|| {
        let all: Vec<&str> = Sector::ALL.iter().map(|s| s.name()).collect();
        Refusal::new(format!("sector `{word}`"), format!("one of {}", all.join(", ")))
    })?;
    let code = row.text(columns.adcode);
    let adcode = match code.parse::<u32>() {
        Ok(c) if c == 0 || (100_000..1_000_000).contains(&c) => c,
        _ => return Err(Refusal::new(format!("adcode `{code}`"), "a code of six digits, or 0 outside the region")),
    };
    let place = place(row, columns, adcode)?;
    let amounts = amounts(row, columns)?;
    Ok(Source { id, name, sector, adcode, place, strength: Strength::Annual(amounts), changes: Vec::new() })
}

fn required(row: &Row, column: usize, name: &str) -> std::result::Result<String, Refusal> {
    match row.text(column) {
        "" => Err(Refusal::new(format!("no {name}"), format!("a {name}"))),
        text => Ok(text.to_owned()),
    }
}

fn place(row: &Row, columns: &Columns, adcode: u32) -> std::result::Result<Place, Refusal> {
    let given = |c: usize| !row.text(c).is_empty();
    let stack_given = columns.stack.map_or(0, |s| s.into_iter().filter(|&c| given(c)).count());
    let Some((lon, lat)) = columns.position.filter(|&(lon, lat)| given(lon) || given(lat)) else {
        if adcode == 0 {
            return Err(Refusal::new("neither a position nor a county", "lon and lat, or the adcode of a county"));
        }
        if stack_given > 0 {
            return Err(Refusal::new("a stack without lon and lat", "the position of the stack"));
        }
        return Ok(Place::County);
    };
    let lon = row.within(lon, "lon", -180.0..=180.0)?;
    let lat = row.within(lat, "lat", -90.0..=90.0)?;
    let stack = match (columns.stack, stack_given) {
        (Some(columns), 4) => Some(stack(row, columns)?),
        (_, 0) => None,
        (_, n) => return Err(Refusal::new(format!("{n} of the 4 stack columns filled"), "all 4 or none")),
    };
    Ok(Place::Point { lon, lat, stack })
}

/// Bounds are those of real stacks with room: the tallest chimney of the world is 420 m high.
fn stack(row: &Row, [height, diameter, temperature, velocity]: [usize; 4]) -> std::result::Result<Stack, Refusal> {
    Ok(Stack {
        height_m: row.within(height, "stack_height_m", 1.0..=450.0)?,
        diameter_m: row.within(diameter, "stack_diameter_m", 0.05..=25.0)?,
        temperature_k: row.within(temperature, "stack_temperature_k", 250.0..=1500.0)?,
        velocity_m_s: row.within(velocity, "stack_velocity_m_s", 0.0..=100.0)?,
    })
}

fn amounts(row: &Row, columns: &Columns) -> std::result::Result<Amounts, Refusal> {
    let mut t = [0.0; POLLUTANTS.len()];
    for a in &columns.amounts {
        let name = POLLUTANTS[a.pollutant];
        let value = row.number(a.column, name)?.unwrap_or(0.0);
        if value < 0.0 {
            return Err(Refusal::new(format!("{name} {value}"), "an amount of 0 or more"));
        }
        t[a.pollutant] = value * a.tonnes;
    }
    let [so2, nox, co, nh3, nmvoc, pm25, pm10, bc, oc] = t;
    // columns in different units may differ in the last digit
    let more_than = |a: f64, b: f64| a > b * (1.0 + 1e-9);
    if more_than(pm25, pm10) {
        return Err(Refusal::new(format!("pm10 {pm10} t/a below pm25 {pm25} t/a"), "pm10 that includes pm25"));
    }
    if more_than(bc + ORGANIC_MATTER_PER_CARBON * oc, pm25) {
        let found = format!("bc {bc} t/a and oc {oc} t/a above pm25 {pm25} t/a");
        return Err(Refusal::new(found, "pm25 that includes bc and 1.4 times oc"));
    }
    Ok(Amounts { so2, nox, co, nh3, nmvoc, pm25, pm10: pm10.max(pm25), bc, oc })
}
