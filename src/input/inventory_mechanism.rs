//! Hourly emissions by species of a chemical mechanism, on the grid of a model: what wrfchemi and IOAPI files have in common.
//!
//! Such files hold hours of a day and no sectors. Their mean over whole days is taken as the mean of the year and emitted as
//! [`Sector::Other`], with that sector's hours; fewer than 24 hours are noted. Species that are not carried are noted with their amount.

use super::inventory_fields::{GridField, HourSpan};
use super::inventory_lattice::Lattice;
use super::inventory_units::{FLUX_LIMIT_KG_M2_S, Measure, parse};
use super::inventory_vocabulary::{Mechanism, Role, Substance};
use super::netcdf_file::NetcdfFile;
use crate::domain::source::Sector;
use crate::error::{Rejection, Result};
use crate::units::SECONDS_PER_YEAR;
use std::collections::BTreeMap;
use std::sync::Arc;

const HOURS_OF_A_DAY: usize = 24;

/// Name of a variable and of its species.
pub type Named = (String, String);

/// Sums the species of `variables` over (time, level, y, x) into pollutants on `lattice`, whose cells they must match.
///
/// # Errors
/// `Format` naming the variable: an unknown species, units that are no emission, other dimensions, a value that is negative, not finite or
/// impossibly large.
pub fn fields(
    file: &NetcdfFile,
    mechanism: &Mechanism,
    lattice: Lattice,
    (ny, nx): (usize, usize),
    variables: &[Named],
    (first, half_day): (Option<i64>, bool),
) -> Result<(Vec<GridField>, Vec<Rejection>)> {
    let mut sums: BTreeMap<Substance, (Vec<f64>, Vec<String>)> = BTreeMap::new();
    let mut notes = Vec::new();
    let mut hours_held = None;
    for (variable, species) in variables {
        if mechanism.is_unread(species) {
            notes.extend(unread(file, variable)?);
            continue;
        }
        let Some(entry) = mechanism.species(species) else {
            let expected = "a species of models/inventory.toml";
            return Err(file.error(format!("variable {variable}"), "a species of an unknown mechanism", expected));
        };
        let text = file.text(Some(variable), "units").unwrap_or_default();
        let unit = parse(&text).ok_or_else(|| {
            file.error(
                format!("variable {variable}"),
                format!("units `{text}`"),
                "such as mol km^-2 hr^-1, ug m^-2 s^-1 or moles/s",
            )
        })?;
        let kg = match (unit.measure, entry.kg_per_mol) {
            (Measure::Mass, _) => 1.0,
            (Measure::Moles, Some(kg)) => kg,
            (Measure::Moles, None) => {
                return Err(file.error(
                    format!("variable {variable}"),
                    format!("units `{text}` of particles"),
                    "a mass",
                ));
            }
        };
        let dimensions: Vec<usize> = file.dimensions(variable)?.iter().map(|d| d.1).collect();
        let [times, levels] = match dimensions[..] {
            [t, l, y, x] if (y, x) == (ny, nx) && t > 0 && l > 0 => [t, l],
            _ => {
                let expected = format!("time, level, {ny}, {nx}");
                return Err(file.error(format!("variable {variable}"), format!("extents {dimensions:?}"), expected));
            }
        };
        // whole days: the twenty-fifth hour of an IOAPI file is the first of the next day
        let hours = if times >= HOURS_OF_A_DAY { times - times % HOURS_OF_A_DAY } else { times };
        hours_held = Some(hours_held.unwrap_or(hours).min(hours));
        let values = file.raw(variable, &[0..hours, 0..levels, 0..ny, 0..nx])?;
        let (sum, names) = sums.entry(entry.part_of).or_insert_with(|| (vec![0.0; ny * nx], Vec::new()));
        names.push(variable.clone());
        let mut tonnes = vec![0.0; ny * nx];
        for (i, &v) in values.iter().enumerate() {
            let cell = i % (ny * nx);
            let area = lattice.area_m2(cell);
            let year = v * kg * unit.amount(area, SECONDS_PER_YEAR, 12.0);
            if !(0.0..=FLUX_LIMIT_KG_M2_S * area * SECONDS_PER_YEAR).contains(&year) {
                let (row, column) = (cell / nx, cell % nx);
                let place = format!("variable {variable}, time {}, row {row}, column {column}", i / (levels * ny * nx));
                return Err(file.error(place, v.to_string(), format!("0 to {FLUX_LIMIT_KG_M2_S} kg m-2 s-1")));
            }
            tonnes[cell] += year * 1e-3 / hours as f64;
        }
        sum.iter_mut().zip(&tonnes).for_each(|(sum, t)| *sum += t);
        if let Some((also, share)) = entry.also {
            let (sum, names) = sums.entry(also).or_insert_with(|| (vec![0.0; ny * nx], Vec::new()));
            names.push(variable.clone());
            sum.iter_mut().zip(&tonnes).for_each(|(sum, t)| *sum += share * t);
        }
    }
    if sums.is_empty() {
        return Err(file.error("the variables", "no emission of a known species", "at least one such as E_CO or NO2"));
    }
    let hours = hours_held.unwrap_or(0);
    let lattice = Arc::new(lattice);
    let made = sums.into_iter().map(|(substance, (tonnes, names))| GridField {
        file: file.path().to_path_buf(),
        place: names.join(" + "),
        lattice: Arc::clone(&lattice),
        category: String::new(),
        by_file_name: false,
        role: Role::Part(Sector::Other),
        substance,
        month: None,
        part: String::new(),
        span: Some(HourSpan { first, count: hours, half_day }),
        tonnes,
    });
    Ok((made.collect(), notes))
}

/// What a file holds of a species that is not carried, as the sum of its values; none without an emission.
fn unread(file: &NetcdfFile, variable: &str) -> Result<Option<Rejection>> {
    let units = file.text(Some(variable), "units").unwrap_or_default();
    if parse(&units).is_none() {
        return Ok(None);
    }
    let all: Vec<_> = file.dimensions(variable)?.iter().map(|d| 0..d.1).collect();
    let sum: f64 = file.raw(variable, &all)?.iter().filter(|v| v.is_finite()).sum();
    Ok((sum != 0.0).then(|| Rejection {
        file: file.path().file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
        place: variable.to_owned(),
        found: format!("{sum:e} {units} over all cells and times, not emitted"),
        expected: "a species that this program carries".into(),
        by_design: true,
    }))
}
