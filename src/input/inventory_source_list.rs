//! Inventories as a list of sources in NetCDF (TNO, CAMS-REG): for every source its type (area or point), category, longitude, latitude and
//! yearly emissions.
//!
//! `source_type_index` and `emission_category_index` count from 1 into `source_type_code` and `emis_cat_code`. An area source is the cell of
//! the axes `longitude`, `latitude` (centres) around it. Point sources have no stack: they emit at their sector's heights.

use super::Window;
use super::inventory_fields::InventoryGroup;
use super::inventory_lattice::AxisCells;
use super::inventory_units::{Measure, Per, parse};
use super::inventory_vocabulary::{Role, Substance, Vocabulary};
use super::netcdf_file::NetcdfFile;
use crate::domain::source::{Amounts, Place, Sector, Source, Strength};
use crate::error::{Rejection, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::slice::from_ref;

/// Whether the file has the variables of this layout.
pub fn is_this(file: &NetcdfFile) -> bool {
    ["source_type_index", "emission_category_index", "longitude_source", "latitude_source"].iter().all(|n| file.has(n))
}

/// The sources of an open file that touch `window`.
///
/// # Errors
/// `Format` naming variable and source: indices outside their tables, an unknown category, an area source that is no cell of the axes, a
/// negative or missing amount, units that are no mass a year.
pub fn group(file: &NetcdfFile, vocabulary: &Vocabulary, window: Window) -> Result<(InventoryGroup, Vec<Rejection>)> {
    let count = file.dimension("source").filter(|n| *n > 0);
    let count = count.ok_or_else(|| file.error("dimension source", "none", "a length above 0"))?;
    let list = |name: &str| file.raw(name, from_ref(&(0..count)));
    let (kinds, categories) = (codes(file, "source_type_code")?, codes(file, "emis_cat_code")?);
    let (kind, category) = (list("source_type_index")?, list("emission_category_index")?);
    let (lon, lat) = (list("longitude_source")?, list("latitude_source")?);
    let (columns, rows) = (axis(file, "longitude", false)?, axis(file, "latitude", true)?);
    let (amounts, notes) = amounts(file, vocabulary, count)?;
    let stem = file.path().file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let code = |table: &'_ [String], index: f64, name: &str, i: usize| -> Result<String> {
        let held = (index.fract() == 0.0 && index >= 1.0).then(|| table.get(index as usize - 1)).flatten();
        held.cloned().ok_or_else(|| {
            file.error(format!("{name}, source {i}"), index.to_string(), format!("1 to {}", table.len()))
        })
    };
    let mut sources = Vec::new();
    for i in 0..count {
        let code_of_category = code(&categories, category[i], "emission_category_index", i)?;
        let sector = match vocabulary.role(&code_of_category) {
            Some(Role::Part(sector)) => *sector,
            _ => {
                return Err(file.error(
                    format!("emission_category_index, source {i}"),
                    format!("category `{code_of_category}`"),
                    "a sector",
                ));
            }
        };
        let (x, y) = (lon[i], lat[i]);
        let place = match code(&kinds, kind[i], "source_type_index", i)?.to_lowercase().as_str() {
            "p" => Place::Point { lon: x, lat: y, stack: None },
            "a" => {
                let cell = |cells: &AxisCells, at: f64| {
                    cells.bounds.iter().copied().find(|b| (0.5 * (b.0 + b.1) - at).abs() < 0.1 * (b.1 - b.0))
                };
                match (cell(&columns, x), cell(&rows, y)) {
                    (Some((west, east)), Some((south, north))) => Place::Cell { west, south, east, north },
                    _ => {
                        return Err(file.error(
                            format!("longitude_source, latitude_source, source {i}"),
                            format!("{x}, {y}"),
                            "the centre of a cell",
                        ));
                    }
                }
            }
            other => return Err(file.error(format!("source_type_code, source {i}"), format!("`{other}`"), "a or p")),
        };
        let (west, south, east, north) = window;
        let margin = (columns.bounds[0].1 - columns.bounds[0].0).abs();
        if !(x + margin >= west && x - margin <= east && y + margin >= south && y - margin <= north) {
            continue;
        }
        if amounts[i] == Amounts::default() {
            continue;
        }
        sources.push(Source {
            id: format!("{stem}/{i}"),
            name: format!("{} {stem}", sector.name()),
            sector,
            adcode: 0,
            place,
            strength: Strength::Annual(amounts[i]),
            changes: Vec::new(),
        });
    }
    let path = file.path().to_path_buf();
    let held: BTreeSet<Sector> = sources.iter().map(|s| s.sector).collect();
    let pairs = held.into_iter().flat_map(|sector| Substance::ALL.map(|substance| (sector, substance, path.clone())));
    Ok((InventoryGroup { sources, months: None, files: pairs.collect(), read_t: BTreeMap::new() }, notes))
}

fn axis(file: &NetcdfFile, name: &str, latitude: bool) -> Result<AxisCells> {
    let count = file.dimension(name).unwrap_or(0);
    let centres = file.raw(name, from_ref(&(0..count)))?;
    AxisCells::around(&centres, latitude).map_err(|(found, expected)| file.error(name, found, expected))
}

/// Texts of a table of characters.
fn codes(file: &NetcdfFile, name: &str) -> Result<Vec<String>> {
    let width = file.dimensions(name)?.last().map_or(1, |d| d.1).max(1);
    let bytes = file.characters(name)?;
    Ok(bytes.chunks(width).map(|c| String::from_utf8_lossy(c).trim_matches(['\0', ' ']).to_owned()).collect())
}

/// Amounts [t a-1] of every source.
fn amounts(file: &NetcdfFile, vocabulary: &Vocabulary, count: usize) -> Result<(Vec<Amounts>, Vec<Rejection>)> {
    let mut sums: BTreeMap<Substance, Vec<f64>> = BTreeMap::new();
    for name in file.names() {
        if !file.dimensions(&name)?.iter().map(|d| d.0.as_str()).eq(["source"]) || vocabulary.is_unread(&name) {
            continue;
        }
        let text = file.text(Some(&name), "units").unwrap_or_default();
        let (Some(substance), unit) = (vocabulary.pollutant(&name), parse(&text)) else { continue };
        let Some(unit) = unit.filter(|u| u.measure == Measure::Mass && u.per == Per::Year && !u.per_area) else {
            return Err(file.error(&name, format!("units `{text}`"), "a mass a year such as kg/year"));
        };
        let sum = sums.entry(substance).or_insert_with(|| vec![0.0; count]);
        for (i, v) in file.raw(&name, from_ref(&(0..count)))?.into_iter().enumerate() {
            // a fill value is no emission
            let v = if v.is_nan() { 0.0 } else { v };
            if !(0.0..=1e13).contains(&v) {
                return Err(file.error(format!("{name}, source {i}"), v.to_string(), "0 to 1e13"));
            }
            sum[i] += v * unit.factor * 1e-3;
        }
    }
    if sums.is_empty() {
        return Err(file.error("the variables", "no known pollutant over `source`", "at least one such as nox"));
    }
    let of = |s: Substance, i: usize| sums.get(&s).map_or(0.0, |v| v[i]);
    let mut above = 0;
    let made = (0..count).map(|i| {
        let (pm25, pm10) =
            (of(Substance::Pm25, i), of(Substance::Pm10, i).max(of(Substance::Pm25, i) + of(Substance::PmCoarse, i)));
        above += usize::from(sums.contains_key(&Substance::Pm10) && of(Substance::Pm10, i) < pm25);
        Amounts {
            so2: of(Substance::So2, i),
            nox: of(Substance::Nox, i),
            co: of(Substance::Co, i),
            nh3: of(Substance::Nh3, i),
            nmvoc: of(Substance::Nmvoc, i),
            pm25,
            pm10,
            bc: of(Substance::Bc, i),
            oc: of(Substance::Oc, i),
        }
    });
    let made: Vec<Amounts> = made.collect();
    let file_name = file.path().file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let notes = (above > 0).then(|| Rejection {
        file: file_name,
        place: format!("{above} sources"),
        found: "PM2.5 above PM10: PM10 is taken as PM2.5".into(),
        expected: "PM10 that includes PM2.5".into(),
        by_design: false,
    });
    Ok((made, notes.into_iter().collect()))
}
