//! What a GRIB2 file holds.

use super::driver_needs::{Columns, Need};
use super::grib2_crop::Crop;
use super::grib2_message::{Field, LatLon, walk};
use super::grib2_names::{HYBRID, name, need};
use super::grib2_product::{Process, When};
use super::grib2_tables::{parameter, surface};
use super::met_contents::{Contents, Range, RawField, Variable, Wanted};
use crate::domain::grid::HorizontalGrid;
use crate::error::Result;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Times and members of a variable.
type Seen = (BTreeSet<Option<DateTime<Utc>>>, BTreeSet<Option<u8>>);
/// A lattice, or why it is none.
type Lattice = std::result::Result<HorizontalGrid, String>;

/// Lattices met so far, with the cells in their order northward.
#[derive(Default)]
struct Lattices {
    known: Vec<(LatLon, Crop)>,
}

impl Lattices {
    /// The crop that puts a field's rows northward; why there is none.
    fn crop(&mut self, field: &Field) -> std::result::Result<&Crop, String> {
        let grid = field.grid().map_err(|e| e.reason())?;
        let at = match self.known.iter().position(|(g, _)| *g == grid) {
            Some(at) => at,
            None => {
                let crop = Crop::new(field, &grid, None).map_err(|e| e.reason())?;
                self.known.push((grid, crop));
                self.known.len() - 1
            }
        };
        Ok(&self.known[at].1)
    }

    fn of(&mut self, field: &Field) -> Lattice {
        self.crop(field).map(|c| c.grid.clone())
    }
}

/// `t:isobaric`; of an interval `tp:ground:acc3h`, since a file may have several that end at one time.
fn name_of(field: &Field, when: Option<When>) -> String {
    let name = format!("{}:{}", parameter(&field.parameter).0, surface(field.parameter.surface).0);
    let Some(When::Interval { start, end, process }) = when else { return name };
    let process = match process {
        Process::Average => "avg".to_owned(),
        Process::Accumulation => "acc".to_owned(),
        Process::Other(code) => format!("stat{code}-"),
    };
    let minutes = (end - start).num_minutes();
    if minutes % 60 == 0 {
        format!("{name}:{process}{}h", minutes / 60)
    } else {
        format!("{name}:{process}{minutes}min")
    }
}

fn level_of(field: &Field) -> Option<f64> {
    field.level().filter(|_| !surface(field.parameter.surface).1.is_empty())
}

/// Lists a file, with the ranges of values if asked for.
///
/// # Errors
/// `Missing`, `Io`, `Format` when the file is not a sequence of whole GRIB2 messages or, with ranges, values cannot be unpacked.
pub fn contents(path: &Path, ranges: bool) -> Result<Contents> {
    let mut variables: Vec<Variable> = Vec::new();
    let (mut at, mut grids) = (BTreeMap::new(), Vec::<Lattice>::new());
    let (mut times, mut gives, mut hybrid) = (BTreeSet::new(), BTreeSet::new(), false);
    let mut seen: Vec<Seen> = Vec::new();
    let mut lattices = Lattices::default();
    walk(path, &|_| true, &mut |field| {
        let p = &field.parameter;
        let lattice = lattices.of(&field);
        if let Some(name) = name(p) {
            gives.insert(need(name));
            hybrid |= p.surface == HYBRID;
        }
        if lattice.is_ok() {
            gives.insert(Need::Position);
        }
        let grid = grids.iter().position(|g| *g == lattice).unwrap_or_else(|| {
            grids.push(lattice);
            grids.len() - 1
        });
        let when = field.when().ok();
        let time = when.map(When::end);
        if time.is_some() {
            gives.insert(Need::Time);
        }
        times.extend(time);
        let name = name_of(&field, when);
        let i = *at.entry((name.clone(), grid)).or_insert_with(|| {
            let (_, description, units) = parameter(p);
            variables.push(Variable {
                name,
                description: description.to_owned(),
                units: units.to_owned(),
                levels: Vec::new(),
                level_units: surface(p.surface).1.to_owned(),
                times: 0,
                members: 0,
                grid: Some(grid),
                range: None,
            });
            seen.push((BTreeSet::new(), BTreeSet::new()));
            variables.len() - 1
        });
        let variable = &mut variables[i];
        if let Some(level) = level_of(&field).filter(|l| !variable.levels.contains(l)) {
            variable.levels.push(level);
        }
        seen[i].0.insert(time);
        seen[i].1.extend(p.member.map(Some));
        (variable.times, variable.members) = (seen[i].0.len(), seen[i].1.len());
        if ranges {
            let values = field.values()?;
            let range = variable.range.unwrap_or(Range::EMPTY);
            variable.range = Some(range.with(values.into_iter().map(f64::from)));
        }
        Ok(())
    })?;
    Ok(Contents {
        format: "GRIB2".into(),
        grids,
        times: times.into_iter().collect(),
        variables,
        gives,
        columns: if hybrid { Columns::TerrainFollowing } else { Columns::Pressure },
    })
}

/// Hands the wanted fields to `each`, in the order of the file.
///
/// # Errors
/// As [`contents`], and those of `each`.
pub fn each_field(path: &Path, wanted: &Wanted, each: &mut dyn FnMut(RawField) -> Result<()>) -> Result<()> {
    let mut lattices = Lattices::default();
    walk(path, &|_| true, &mut |field| {
        let when = field.when().ok();
        let (name, level, time) = (name_of(&field, when), level_of(&field), when.map(When::end));
        if !wanted(&name, level, time) {
            return Ok(());
        }
        let scanned = field.values()?;
        let (grid, values) = match lattices.crop(&field) {
            Ok(crop) => (Ok(crop.grid.clone()), crop.positions.iter().map(|&p| scanned[p]).collect()),
            Err(reason) => (Err(reason), scanned),
        };
        let (_, description, units) = parameter(&field.parameter);
        each(RawField {
            name,
            description: description.to_owned(),
            units: units.to_owned(),
            level,
            level_units: surface(field.parameter.surface).1.to_owned(),
            time,
            member: field.parameter.member,
            grid,
            values,
        })
    })
}
