//! Power plants by capacity and fuel, in the layout of the WRI Global Power Plant Database:
//! `Power Plant ID,Name,Fuel,Capacity (MW),Operational Status,Latitude,Longitude`, other columns are not looked at.
//!
//! Hydro, wind, solar, nuclear, geothermal, wave and storage plants emit nothing here, and plants that are shut down, mothballed,
//! planned or under construction do not run; they are no sources, by design, as are plants outside the window. A blank status is a
//! plant in operation. Emissions follow from `models/power_plants.toml`.

use super::Window;
use super::csv_rows::{Refusal, Row, Table};
use crate::domain::county::County;
use crate::domain::source::{Amounts, Place, Sector, Source, Stack, Strength};
use crate::error::{Accepted, Error, Result};
use geo::{Contains, Point};
use serde::Deserialize;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::Path;

/// Fuels that emit none of the inventoried pollutants.
const CLEAN: [&str; 7] = ["Hydro", "Wind", "Solar", "Nuclear", "Geothermal", "Wave and Tidal", "Storage"];
const RUNNING: [&str; 3] = ["", "Operational", "Operating"];
const NOT_RUNNING: [&str; 8] =
    ["Shutdown", "Under Construction", "Planned", "Mothballed", "Cancelled", "Retired", "Decommissioned", "Shut Down"];
/// Gigawatt-hours of a megawatt in a year of 365 days.
const GWH_PER_MW: f64 = 8.76;

/// Emission factors by fuel and stacks by capacity.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlantFactors {
    pub fuels: Vec<FuelFactors>,
    /// Ascending by `up_to_mw`.
    pub stacks: Vec<StackClass>,
}

/// Emission of one fuel.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FuelFactors {
    pub name: String,
    /// Names of this fuel in the file.
    pub written: Vec<String>,
    /// Share of the year at full load, 0 ..= 1.
    pub capacity_factor: f64,
    /// Emission per kWh of electricity [g kWh-1].
    pub g_per_kwh: Amounts,
    pub source: String,
    pub verified: bool,
}

/// The stack of plants up to a capacity.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StackClass {
    /// Largest capacity of the class [MW].
    pub up_to_mw: f64,
    pub height_m: f64,
    pub diameter_m: f64,
    pub temperature_k: f64,
    pub velocity_m_s: f64,
    pub source: String,
    pub verified: bool,
}

impl PlantFactors {
    /// Factors from the text of `models/power_plants.toml`; `origin` names it in errors.
    ///
    /// # Errors
    /// `Invalid` naming the key: unknown or missing keys, a fuel written twice, a capacity factor outside 0 ..= 1, a negative factor,
    /// parts above their whole, classes of stacks that do not ascend.
    pub fn parse(text: &str, origin: &Path) -> Result<Self> {
        let factors: Self = toml::from_str(text)
            .map_err(|e| Error::invalid(origin, "TOML", e.to_string().trim().to_owned(), "factors of power plants"))?;
        factors.check().map_err(|(key, found, expected)| Error::invalid(origin, key, found, expected))?;
        Ok(factors)
    }

    fn check(&self) -> std::result::Result<(), (String, String, &'static str)> {
        let mut written: Vec<&str> = Vec::new();
        for fuel in &self.fuels {
            let key = |k: &str| format!("fuels.{}.{k}", fuel.name);
            if !(0.0..=1.0).contains(&fuel.capacity_factor) {
                return Err((key("capacity_factor"), fuel.capacity_factor.to_string(), "0 ..= 1"));
            }
            let mut bad = None;
            let g = fuel.g_per_kwh.zip(Amounts::all(0.0), |v, _| v);
            for v in [g.so2, g.nox, g.co, g.nh3, g.nmvoc, g.pm25, g.pm10, g.bc, g.oc] {
                if !(0.0..=1000.0).contains(&v) {
                    bad = Some(v);
                }
            }
            if let Some(v) = bad {
                return Err((key("g_per_kwh"), v.to_string(), "0 ..= 1000 g per kWh"));
            }
            if g.pm25 > g.pm10 || g.bc + 1.4 * g.oc > g.pm25 {
                return Err((key("g_per_kwh"), "a part above its whole".into(), "pm10 >= pm25 >= bc + 1.4 oc"));
            }
            for name in &fuel.written {
                if written.contains(&name.as_str()) || CLEAN.contains(&name.as_str()) {
                    return Err((key("written"), format!("`{name}` twice"), "each name of a fuel once"));
                }
                written.push(name);
            }
        }
        if self.stacks.is_empty()
            || self.stacks.windows(2).any(|w| w[0].up_to_mw.partial_cmp(&w[1].up_to_mw) != Some(Ordering::Less))
        {
            return Err(("stacks.up_to_mw".into(), "no ascending limits".into(), "classes by ascending capacity"));
        }
        Ok(())
    }
}

struct Columns {
    id: usize,
    name: usize,
    fuel: usize,
    capacity: usize,
    status: usize,
    latitude: usize,
    longitude: usize,
}

/// Reads the plants inside `window` that burn something, in the order of the file. A plant in the outline of one of `counties` gets
/// its code, any other 0.
///
/// # Errors
/// `Missing` without the file; `Format` when a needed column is missing. A refused row is in `rejections`, with its line: an unknown
/// fuel or status, a capacity or position out of range, a capacity above the last class of stacks, an identity twice.
pub fn read(path: &Path, factors: &PlantFactors, window: Window, counties: &[County]) -> Result<Accepted<Source>> {
    let mut table = Table::read(path, "the table of power plants")?.whole()?;
    let columns = Columns {
        id: table.column("Power Plant ID")?,
        name: table.column("Name")?,
        fuel: table.column("Fuel")?,
        capacity: table.column("Capacity (MW)")?,
        status: table.column("Operational Status")?,
        latitude: table.column("Latitude")?,
        longitude: table.column("Longitude")?,
    };
    let mut lines_of_ids = BTreeMap::new();
    let mut items = Vec::new();
    let mut refused = Vec::new();
    for row in &table.rows {
        let parsed = plant(row, &columns, factors, window, counties).and_then(|source| {
            let Some(source) = source else { return Ok(None) };
            match lines_of_ids.insert(source.id.clone(), row.line) {
                None => Ok(Some(source)),
                Some(first) => {
                    Err(Refusal::new(format!("{} again, first on line {first}", source.id), "each plant once"))
                }
            }
        });
        match parsed {
            Ok(source) => items.extend(source),
            Err(refusal) => refused.push(table.rejection(format!("line {}", row.line), refusal)),
        }
    }
    table.rejections.extend(refused);
    Ok(Accepted { items, rejections: table.rejections })
}

fn plant(
    row: &Row,
    columns: &Columns,
    factors: &PlantFactors,
    (west, south, east, north): Window,
    counties: &[County],
) -> std::result::Result<Option<Source>, Refusal> {
    let lat = row.within(columns.latitude, "Latitude", -90.0..=90.0)?;
    let lon = row.within(columns.longitude, "Longitude", -180.0..=180.0)?;
    let (fuel, status) = (row.text(columns.fuel), row.text(columns.status));
    let outside = !((west..=east).contains(&lon) && (south..=north).contains(&lat));
    if outside || CLEAN.contains(&fuel) || NOT_RUNNING.contains(&status) {
        return Ok(None);
    }
    if !RUNNING.contains(&status) {
        return Err(Refusal::new(
            format!("Operational Status `{status}`"),
            "Operational, a blank, or a plant that does not run",
        ));
    }
    let Some(fuel) = factors.fuels.iter().find(|f| f.written.iter().any(|w| w == fuel)) else {
        return Err(Refusal::new(
            format!("Fuel `{fuel}`"),
            "a fuel of models/power_plants.toml or one that emits nothing",
        ));
    };
    let id = row.text(columns.id);
    if id.is_empty() {
        return Err(Refusal::new("no Power Plant ID", "an identity"));
    }
    let capacity = row.within(columns.capacity, "Capacity (MW)", 0.1..=25_000.0)?;
    let Some(class) = factors.stacks.iter().find(|s| capacity <= s.up_to_mw) else {
        return Err(Refusal::new(
            format!("Capacity (MW) {capacity}"),
            "a capacity of a class in models/power_plants.toml",
        ));
    };
    let stack = Stack {
        height_m: class.height_m,
        diameter_m: class.diameter_m,
        temperature_k: class.temperature_k,
        velocity_m_s: class.velocity_m_s,
    };
    // g per kWh are t per GWh
    let gwh = capacity * GWH_PER_MW * fuel.capacity_factor;
    let adcode = counties.iter().find(|c| c.outline.contains(&Point::new(lon, lat))).map_or(0, |c| c.adcode);
    Ok(Some(Source {
        id: format!("power_plant/{id}"),
        name: row.text(columns.name).to_owned(),
        sector: Sector::Power,
        adcode,
        place: Place::Point { lon, lat, stack: Some(stack) },
        strength: Strength::Annual(fuel.g_per_kwh.zip(Amounts::all(gwh), |g, gwh| g * gwh)),
        changes: Vec::new(),
    }))
}
