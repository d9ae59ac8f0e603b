//! Gridded inventories as NetCDF on longitudes and latitudes: EDGAR, CAMS-GLOB-ANT, HTAP, HEMCO / COARDS and alike.
//!
//! - Coordinates: one-dimensional `lat` / `latitude` and `lon` / `longitude` (cell centres, either direction, longitudes to 180 or to
//!   360). Edges lie half-way between centres; spacing may vary by half. Only the cells that touch the window are read.
//! - Pollutant and category of a variable, by the words of [`Vocabulary`]: attributes `substance`, `pollutant`, `species` and `sector` of the
//!   variable, then of the file, then the variable's name (`nox_traffic`, `emi_co`, `ene`), then the name of the file, which says a category
//!   only where it is that of a known inventory.
//! - Units: a mass or an amount of substance per area or cell and time (see [`super::inventory_units`]); by the attribute, never by the
//!   name of the file. EDGAR's `emissions` in `Tonnes` are those of a cell in the year or month that a step stands for. Variables without latitude and longitude, and of other units without the name of a pollutant, are no emissions.
//! - Dimensions (lat, lon), (time, lat, lon) or (time, lev, lat, lon); levels are summed. Times are those of [`super::inventory_steps`].
//! - Fill values are cells without emission.

use super::Window;
use super::inventory_fields::GridField;
use super::inventory_lattice::{AxisCells, Lattice, within};
use super::inventory_steps::{Span, steps};
use super::inventory_units::{EmissionUnit, FLUX_LIMIT_KG_M2_S, Measure, Per, parse, parse_mass};
use super::inventory_vocabulary::{Role, Substance, Vocabulary};
use super::netcdf_file::NetcdfFile;
use crate::domain::source::Sector;
use crate::error::Result;
use std::collections::BTreeMap;
use std::ops::Range;
use std::slice::from_ref;
use std::sync::Arc;

/// The variable of EDGAR's masses.
const EDGAR_MASSES: &str = "emissions";
/// NetCDF's fill value where a variable names none.
const DEFAULT_FILL: f64 = 9.969_209_968_386_869e36;
/// Mass of NOx as NO2 per mass as NO, and the molar mass [g mol-1] by which a file says that it gives NO.
const NO2_PER_NO: f64 = 46.0055 / 30.006;
const NO_G_PER_MOL: f64 = 30.0;

/// Axes of a file and the cells of it in the window.
struct Cells {
    /// Names of the dimensions of latitude and longitude.
    names: [String; 2],
    lattice: Arc<Lattice>,
    rows: Range<usize>,
    columns: Range<usize>,
}

/// What a variable is.
struct Meaning {
    substance: Substance,
    category: String,
    /// Whether the name of the file says so.
    by_file_name: bool,
    role: Role,
    unit: EmissionUnit,
    /// kg of the pollutant per kg or mol of the file.
    mass_factor: f64,
    /// Name of a part of the pollutant; empty for all of it.
    part: String,
}

/// Whether the file has one-dimensional latitudes and longitudes.
pub fn is_this(file: &NetcdfFile) -> bool {
    ["lat", "lon"].iter().all(|axis| axis_name(file, axis).is_some())
}

/// All emissions of an open file in `window`.
///
/// # Errors
/// `Format`, naming variable and cell, when coordinates, units, dimensions, times or names are not as documented above, or when a value
/// is not finite, negative or impossibly large.
pub fn fields(file: &NetcdfFile, vocabulary: &Vocabulary, window: Window) -> Result<Vec<GridField>> {
    let lat = axis(file, "lat", "latitude")?;
    let lon = axis(file, "lon", "longitude")?;
    let (lattice, rows, columns) = within(&lat.1, &lon.1, window);
    let cells = Cells { names: [lat.0, lon.0], lattice: Arc::new(lattice), rows, columns };
    let mut fields = Vec::new();
    let mut unread = 0;
    for name in file.names() {
        if !is_on(file, &name, &cells)? {
            continue;
        }
        match meaning(file, vocabulary, &name)? {
            Some(meaning) => fields.extend(by_month(file, &name, &cells, meaning)?),
            None => unread += usize::from(unit_of(file, &name).is_some()),
        }
    }
    if fields.is_empty() && unread == 0 {
        let found = "no variable of a known pollutant over latitude and longitude";
        return Err(file.error("the variables", found, "at least one such as `nox` or `emi_co`"));
    }
    Ok(fields)
}

fn axis_name(file: &NetcdfFile, short: &str) -> Option<String> {
    let long = if short == "lat" { "latitude" } else { "longitude" };
    let one_dimensional = |n: &String| file.dimensions(n).is_ok_and(|d| d.len() == 1);
    file.names().into_iter().find(|n| [short, long].contains(&n.to_lowercase().as_str()) && one_dimensional(n))
}

/// Name of the dimension and cells of an axis.
fn axis(file: &NetcdfFile, short: &str, long: &str) -> Result<(String, AxisCells)> {
    let expected = format!("a one-dimensional variable `{short}` or `{long}` of cell centres in degrees");
    let Some(name) = axis_name(file, short) else {
        let curved = file.names().into_iter().find(|n| [short, long].contains(&n.to_lowercase().as_str()));
        let (place, found) = match curved {
            Some(name) => (name.clone(), format!("{} dimensions", file.dimensions(&name)?.len())),
            None => ("the coordinates".into(), "none of these names".into()),
        };
        return Err(file.error(&place, found, expected));
    };
    let (dimension, count) = file.dimensions(&name)?.remove(0);
    let centres = file.raw(&name, from_ref(&(0..count)))?;
    let cells = AxisCells::around(&centres, short == "lat").map_err(|(found, want)| file.error(&name, found, want))?;
    Ok((dimension, cells))
}

fn is_on(file: &NetcdfFile, name: &str, cells: &Cells) -> Result<bool> {
    let dimensions = file.dimensions(name)?;
    Ok(cells.names.iter().all(|n| dimensions.iter().any(|d| d.0 == *n)))
}

fn units(file: &NetcdfFile, name: &str) -> String {
    file.text(Some(name), "units").unwrap_or_default()
}

fn unit_of(file: &NetcdfFile, name: &str) -> Option<EmissionUnit> {
    let text = units(file, name);
    parse(&text).or_else(|| (name == EDGAR_MASSES).then(|| parse_mass(&text)).flatten())
}

/// Pollutant, category and unit of a variable; `None` for one that is not an emission of this program.
fn meaning(file: &NetcdfFile, vocabulary: &Vocabulary, name: &str) -> Result<Option<Meaning>> {
    let attribute = |keys: &[&str]| {
        keys.iter().find_map(|k| file.text(Some(name), k).or_else(|| file.text(None, k)).filter(|t| !t.is_empty()))
    };
    let stem = file.path().file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let lower = name.to_lowercase();
    let word = ["emi_", "emis_", "flux_"].iter().find_map(|p| lower.strip_prefix(p)).unwrap_or(&lower);
    let (first, rest) = split(word, vocabulary);
    let said = attribute(&["substance", "pollutant", "species"]);
    let text = units(file, name);
    let unit = unit_of(file, name);
    if said.as_deref().or(Some(first)).is_some_and(|w| vocabulary.is_unread(w)) || vocabulary.is_unread(word) {
        return Ok(None);
    }
    let own = vocabulary.role(word).is_some();
    let substance = match &said {
        Some(said) => vocabulary.pollutant(said),
        None => vocabulary.pollutant(first).or_else(|| {
            let generic = own || ["fluxes", "flux", "emissions", "emission", "emi", "emis"].contains(&lower.as_str());
            generic.then(|| vocabulary.pollutant_in_file_name(&stem)).flatten()
        }),
    };
    let Some(substance) = substance else {
        if unit.is_none() || (said.is_none() && own) {
            return Ok(None);
        }
        return Err(file.error(
            name,
            "a flux of an unknown pollutant",
            "so2, nox, co, nh3, nmvoc, pm25, pm10, bc or oc in a name or an attribute `substance`",
        ));
    };
    let Some(unit) = unit else {
        let expected = "a mass per area or cell and time, such as kg m-2 s-1";
        return Err(file.error(name, format!("units `{text}`"), expected));
    };
    // with the pollutant as an attribute the name says nothing about the sector
    let named = attribute(&["sector", "category"]).or_else(|| {
        if own {
            Some(word.to_owned())
        } else if said.is_none() {
            rest.map(str::to_owned)
        } else {
            None
        }
    });
    let mut by_file_name = false;
    let (category, role) = match named {
        Some(code) => match vocabulary.role(&code) {
            Some(role) => (code.to_lowercase(), role.clone()),
            None => {
                let all: Vec<&str> = Sector::ALL.iter().map(|s| s.name()).collect();
                let expected = format!("one of {}, or a code of models/inventory.toml", all.join(", "));
                return Err(file.error(name, format!("sector `{code}`"), expected));
            }
        },
        None => match vocabulary.category_in_file_name(&stem) {
            Some((code, role)) => {
                by_file_name = true;
                (code, role.clone())
            }
            None => (String::new(), Role::Part(Sector::Other)),
        },
    };
    let as_no = vocabulary.is_no(said.as_deref().unwrap_or(first)) || vocabulary.nox_as_no(&stem);
    let mass_factor = mass_factor(file, vocabulary, name, (substance, as_no), unit)?;
    let named = said.as_deref().map(super::inventory_vocabulary::plain);
    let part = vocabulary.part_at_start(named.as_deref().unwrap_or(first)).or_else(|| {
        let from_file = named.is_none() && vocabulary.pollutant(first).is_none();
        from_file.then(|| vocabulary.part_in_file_name(&stem)).flatten()
    });
    let part = part.unwrap_or_default().to_owned();
    Ok(Some(Meaning { substance, category, by_file_name, role, unit, mass_factor, part }))
}

fn mass_factor(
    file: &NetcdfFile,
    vocabulary: &Vocabulary,
    name: &str,
    (substance, as_no): (Substance, bool),
    unit: EmissionUnit,
) -> Result<f64> {
    let stated = file.number(Some(name), "molecular_weight").or_else(|| file.number(None, "molecular_weight"));
    let as_no = match stated {
        Some(mass) => (mass - NO_G_PER_MOL).abs() < 0.5,
        None => as_no,
    };
    match unit.measure {
        Measure::Mass if substance == Substance::Nox && as_no => Ok(NO2_PER_NO),
        Measure::Mass => Ok(1.0),
        Measure::Moles => vocabulary.kg_per_mol(substance).ok_or_else(|| {
            file.error(
                name,
                format!("units `{}` of particles", units(file, name)),
                "a mass: particles have no molar mass",
            )
        }),
    }
}

/// Pollutants whose names hold the `_` that parts a pollutant from its sector.
const PARTED: [&str; 2] = ["pm2_5", "pm_coarse"];

/// `pm2_5_traffic` -> (`pm2_5`, `traffic`), `co_ff` -> (`co_ff`, none).
fn split<'a>(stem: &'a str, vocabulary: &Vocabulary) -> (&'a str, Option<&'a str>) {
    let skip = match vocabulary.part_at_start(stem) {
        Some(part) => part.len(),
        None => PARTED.iter().find(|name| stem.starts_with(**name)).map_or(0, |name| name.len()),
    };
    match stem[skip..].find('_') {
        Some(at) => (&stem[..skip + at], Some(&stem[skip + at + 1..])),
        None => (stem, None),
    }
}

/// A field of each month that the steps tell apart, or one.
fn by_month(file: &NetcdfFile, name: &str, cells: &Cells, meaning: Meaning) -> Result<Vec<GridField>> {
    let dimensions = file.dimensions(name)?;
    let names: Vec<&str> = dimensions.iter().map(|d| d.0.as_str()).collect();
    let [lat, lon] = [cells.names[0].as_str(), cells.names[1].as_str()];
    let level = |n: &str| ["lev", "level", "z", "emis_lev"].contains(&n.to_lowercase().as_str());
    let (time, levels) = match &names[..] {
        [y, x] if [*y, *x] == [lat, lon] => (None, None),
        [l, y, x] if [*y, *x] == [lat, lon] && level(l) => (None, Some(dimensions[0].1)),
        [_, y, x] if [*y, *x] == [lat, lon] => (Some(&dimensions[0]), None),
        [t, l, y, x] if [*y, *x] == [lat, lon] && t != l && level(l) => (Some(&dimensions[0]), Some(dimensions[1].1)),
        _ => {
            let expected = format!("({lat}, {lon}), or time of 1 or 12 steps, and levels, before them");
            return Err(file.error(name, format!("dimensions ({})", names.join(", ")), expected));
        }
    };
    let (range, spans) = steps(file, name, time)?;
    if meaning.unit.per == Per::Step && ![1, 12].contains(&spans.len()) {
        let found = format!("units `{}` and {} times", units(file, name), spans.len());
        return Err(file.error(name, found, "a time in the unit, or a year or months"));
    }
    let mut slab = Vec::new();
    slab.extend(time.map(|_| range.clone()));
    slab.extend(levels.map(|n| 0..n));
    slab.extend([cells.rows.clone(), cells.columns.clone()]);
    let plane = cells.lattice.cells();
    let mut tonnes: BTreeMap<Option<u32>, Vec<f64>> = spans.iter().map(|s| (s.month, vec![0.0; plane])).collect();
    if plane > 0 {
        let values = file.raw(name, &slab)?;
        let per_time = values.len() / spans.len();
        let fill = fills(file, name);
        let mut filled = 0;
        for (i, &v) in values.iter().enumerate() {
            let (cell, time) = (i % plane, i / per_time);
            if fill.is(v) {
                filled += 1;
                continue;
            }
            if !v.is_finite() {
                return Err(file.error(format!("{name}, value {}", i + 1), v.to_string(), "a finite number"));
            }
            let area = cells.lattice.area_m2(cell);
            let Span { seconds, months, month } = spans[time];
            let kg = v * meaning.mass_factor * meaning.unit.amount(area, seconds, months);
            if !(0.0..=FLUX_LIMIT_KG_M2_S * area * seconds).contains(&kg) {
                let (row, column) = cells.lattice.position(cell);
                let place = format!("{name}, time {}, row {row}, column {column}", range.start + time);
                let expected = format!("a flux of 0 ..= {FLUX_LIMIT_KG_M2_S} kg m-2 s-1");
                return Err(file.error(place, v.to_string(), expected));
            }
            if let Some(of_month) = tonnes.get_mut(&month) {
                of_month[cell] += kg * 1e-3;
            }
        }
        // only a variable that was read whole can be said to hold nothing
        if filled == values.len() && dimensions.iter().map(|d| d.1).product::<usize>() == filled {
            return Err(file.error(name, "nothing but fill values", "a flux somewhere"));
        }
    }
    let field = |(month, tonnes)| GridField {
        file: file.path().to_path_buf(),
        place: name.to_owned(),
        lattice: Arc::clone(&cells.lattice),
        category: meaning.category.clone(),
        by_file_name: meaning.by_file_name,
        role: meaning.role.clone(),
        substance: meaning.substance,
        month,
        part: meaning.part.clone(),
        span: None,
        tonnes,
    };
    Ok(tonnes.into_iter().map(field).collect())
}

/// What stands for no emission.
struct Fills {
    values: Vec<f64>,
    nan: bool,
}

impl Fills {
    fn is(&self, v: f64) -> bool {
        // single-precision fill values and their nearest double differ in the last digits
        v.is_nan() && self.nan || self.values.iter().any(|f| (v - f).abs() <= 1e-6 * f.abs())
    }
}

/// [`NetcdfFile::raw`] gives NaN for the fill values that it knows.
fn fills(file: &NetcdfFile, name: &str) -> Fills {
    let stated: Vec<f64> = ["_FillValue", "missing_value"].iter().filter_map(|a| file.number(Some(name), a)).collect();
    let scale = file.number(Some(name), "scale_factor").unwrap_or(1.0);
    let offset = file.number(Some(name), "add_offset").unwrap_or(0.0);
    let mut values: Vec<f64> =
        stated.iter().filter(|f| f.is_finite() && **f != 0.0).map(|f| f * scale + offset).collect();
    values.push(DEFAULT_FILL);
    Fills { nan: !stated.is_empty(), values }
}
