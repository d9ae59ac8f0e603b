//! Fields of gridded inventories -> sources: parts and wholes, totals beside their parts, months.
//!
//! - Fields of all files on the same cells belong together: PM2.5 of one file is part of PM10 of another. A pollutant and category comes
//!   once per month, else it would be counted twice.
//! - A total is never added to its parts (see [`super::inventory_wholes`]); alone it is emitted as [`Sector::Other`].
//! - Hours of a day in several files are averaged first (see [`super::inventory_hours`]).
//! - PM10 includes PM2.5, which includes BC and OC; a cell where a part exceeds its whole by more than 1 % is refused. PM2.5 without PM10
//!   is PM10 too; BC and OC without PM2.5 are the least PM2.5 that holds them, BC + 1.4 OC. Both are noted, as no fault.

use super::inventory_hours::whole_days;
use super::inventory_lattice::Lattice;
use super::inventory_vocabulary::{Role, Substance, Vocabulary};
use super::inventory_wholes::{once_each, one_convention, totals};
use crate::domain::source::{Amounts, Sector, Source, Strength};
use crate::error::{Error, Rejection, Result};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// How far a part may exceed its whole: single precision and rounding of the provider.
const PART_TOLERANCE: f64 = 1.01;
/// Mass of organic matter per mass of organic carbon, as in [`super::inventory_csv`].
const ORGANIC_MATTER_PER_CARBON: f64 = 1.4;

/// One pollutant of one category on the cells of a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GridField {
    pub file: PathBuf,
    /// Variable, for messages.
    pub place: String,
    #[serde(with = "super::inventory_lattice")]
    pub lattice: Arc<Lattice>,
    /// Code in the file; empty without one.
    pub category: String,
    pub role: Role,
    pub substance: Substance,
    /// 1 ..= 12 where the amounts are those of one month.
    pub month: Option<u32>,
    /// Species or source that the amounts are of, where they are a part of the pollutant; parts are summed. Empty for all of it.
    pub part: String,
    /// Of a file of hours: those whose mean the amounts are.
    pub span: Option<HourSpan>,
    /// [t a-1] per cell, or [t] of the month.
    pub tonnes: Vec<f64>,
}

/// Hours of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourSpan {
    /// First hour, of the day or since a fixed date; `None` where the file does not say.
    pub first: Option<i64>,
    pub count: usize,
    /// Whether the file is one of two that make up a day.
    pub half_day: bool,
}

/// The sources of files on the same cells.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InventoryGroup {
    /// Amounts are [t a-1]; with `months`, [t] of these months.
    pub sources: Vec<Source>,
    /// The months that the files hold, where they do not hold the year.
    pub months: Option<Vec<u32>>,
    /// The first file of each sector and pollutant.
    pub files: Vec<(Sector, Substance, PathBuf)>,
    /// Tonnes of each pollutant over all fields that are emitted, summed before they become sources; empty for a list of sources.
    pub read_t: BTreeMap<Substance, f64>,
}

impl InventoryGroup {
    /// What the ids of its sources begin with.
    pub fn stem(&self) -> &str {
        self.sources.first().and_then(|s| s.id.split_once('/')).map_or("", |(stem, _)| stem)
    }
}

/// Groups fields by their cells and makes sources, in the order of the fields, then sector, row and column.
///
/// # Errors
/// `Format` naming file, variable and cell: a pollutant and category twice, a total that is not the sum of its parts, a part above its
/// whole, PM10 without PM2.5; `Missing` naming the month that some category lacks and others have.
pub fn groups(fields: Vec<GridField>, vocabulary: &Vocabulary) -> Result<(Vec<InventoryGroup>, Vec<Rejection>)> {
    let mut by_cells: Vec<Vec<GridField>> = Vec::new();
    for field in fields {
        match by_cells.iter_mut().find(|g| g[0].lattice.same(&field.lattice)) {
            Some(group) => group.push(field),
            None => by_cells.push(vec![field]),
        }
    }
    let mut notes = Vec::new();
    let made = by_cells.into_iter().map(|fields| group(fields, vocabulary, &mut notes));
    let groups = made.collect::<Result<_>>()?;
    Ok((groups, notes))
}

pub(super) fn refuse(field: &GridField, found: impl Into<String>, expected: impl Into<String>, remedy: &str) -> Error {
    Error::format(&field.file, &field.place, found, expected, remedy)
}

/// What was left out or completed, and is no fault.
pub(super) fn note(field: &GridField, found: String, expected: &str) -> Rejection {
    let file = field.file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    Rejection { file, place: field.place.clone(), found, expected: expected.into(), by_design: true }
}

/// Tonnes per cell of each sector and pollutant, with the field that gave it first.
type Sectors<'a> = BTreeMap<Sector, BTreeMap<Substance, (Vec<f64>, &'a GridField)>>;

fn group(fields: Vec<GridField>, vocabulary: &Vocabulary, notes: &mut Vec<Rejection>) -> Result<InventoryGroup> {
    let fields = &whole_days(fields, notes)?[..];
    once_each(fields)?;
    let months = months(fields)?;
    let dropped = totals(fields, vocabulary, notes)?;
    one_convention(fields, &dropped, vocabulary)?;
    let lattice = &fields[0].lattice;
    let mut sectors: Sectors = BTreeMap::new();
    let mut read_t = BTreeMap::new();
    for (i, field) in fields.iter().enumerate() {
        let sector = match &field.role {
            _ if dropped.contains(&i) => continue,
            Role::Part(sector) => *sector,
            Role::Total => Sector::Other,
            Role::LeftOut(why) => {
                let tonnes: f64 = field.tonnes.iter().sum();
                notes.push(note(field, format!("{tonnes:.3} t of {}, not emitted", field.category), why));
                continue;
            }
        };
        let (sum, _) = sectors
            .entry(sector)
            .or_default()
            .entry(field.substance)
            .or_insert_with(|| (vec![0.0; lattice.cells()], field));
        sum.iter_mut().zip(&field.tonnes).for_each(|(sum, t)| *sum += t);
        *read_t.entry(field.substance).or_insert(0.0) += field.tonnes.iter().sum::<f64>();
    }
    let mut files = Vec::new();
    for (sector, substances) in &mut sectors {
        files.extend(substances.iter().map(|(substance, (_, field))| (*sector, *substance, field.file.clone())));
        complete(*sector, substances, notes)?;
        check_parts(*sector, substances)?;
    }
    Ok(InventoryGroup { sources: sources(fields, &sectors), months, files, read_t })
}

fn sources(fields: &[GridField], sectors: &Sectors) -> Vec<Source> {
    let stem = fields[0].file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let lattice = &fields[0].lattice;
    let mut sources = Vec::new();
    for (sector, substances) in sectors {
        for cell in 0..lattice.cells() {
            let t = |s: Substance| substances.get(&s).map_or(0.0, |(tonnes, _)| tonnes[cell]);
            if substances.values().all(|(tonnes, _)| tonnes[cell] == 0.0) {
                continue;
            }
            let pm25 = t(Substance::Pm25);
            let amounts = Amounts {
                so2: t(Substance::So2),
                nox: t(Substance::Nox),
                co: t(Substance::Co),
                nh3: t(Substance::Nh3),
                nmvoc: t(Substance::Nmvoc),
                pm25,
                pm10: t(Substance::Pm10).max(pm25),
                bc: t(Substance::Bc),
                oc: t(Substance::Oc),
            };
            let (row, column) = lattice.position(cell);
            sources.push(Source {
                id: format!("{stem}/{}/{row}/{column}", sector.name()),
                name: format!("{} {stem}", sector.name()),
                sector: *sector,
                adcode: 0,
                place: lattice.place(cell),
                strength: Strength::Annual(amounts),
                changes: Vec::new(),
            });
        }
    }
    sources
}

/// The months that all fields hold; `None` for whole years.
fn months(fields: &[GridField]) -> Result<Option<Vec<u32>>> {
    let mut held: BTreeMap<(&str, Substance, &str), BTreeSet<u32>> = BTreeMap::new();
    let mut all = BTreeSet::new();
    for field in fields {
        let months = held.entry((&field.category, field.substance, &field.part)).or_default();
        match field.month {
            Some(month) => months.extend([month]),
            None => months.extend(1..=12),
        }
        all.extend(months.iter().copied());
    }
    for ((category, substance, _), months) in held {
        if let Some(missing) = all.iter().find(|m| !months.contains(m)) {
            return Err(Error::missing(
                format!(
                    "month {missing} of {} of {category}: {} of {} months are there",
                    substance.name(),
                    months.len(),
                    all.len()
                ),
                &fields[0].file,
                "Give the same months of every pollutant and sector",
            ));
        }
    }
    Ok((all.len() < 12).then(|| all.into_iter().collect()))
}

/// Gives every sector the wholes of its parts.
fn complete(
    sector: Sector,
    substances: &mut BTreeMap<Substance, (Vec<f64>, &GridField)>,
    notes: &mut Vec<Rejection>,
) -> Result<()> {
    use Substance::{Bc, Oc, Pm10, Pm25, PmCoarse};
    let has = |s: &BTreeMap<Substance, _>, what: Substance| s.contains_key(&what);
    if !has(substances, Pm25) {
        let carbon: Vec<(Vec<f64>, &GridField, f64)> = [(Bc, 1.0), (Oc, ORGANIC_MATTER_PER_CARBON)]
            .into_iter()
            .filter_map(|(s, factor)| substances.get(&s).map(|(t, field)| (t.clone(), *field, factor)))
            .collect();
        if let Some((_, field, _)) = carbon.first() {
            let mut least = vec![0.0; field.tonnes.len()];
            for (tonnes, _, factor) in &carbon {
                least.iter_mut().zip(tonnes).for_each(|(sum, t)| *sum += factor * t);
            }
            let found = format!("BC or OC of sector {} and no PM2.5", sector.name());
            notes.push(note(field, found, "PM2.5 beside it: BC + 1.4 OC is taken, the least that holds them"));
            substances.insert(Pm25, (least, field));
        }
    }
    if let Some((coarse, field)) = substances.remove(&PmCoarse) {
        let Some((fine, _)) = substances.get(&Pm25) else {
            let found = format!("coarse particles of sector {} and no PM2.5", sector.name());
            return Err(refuse(field, found, "PM2.5 beside them", "Give the file of PM2.5 too"));
        };
        if has(substances, Pm10) {
            let found = format!("PM10 and its coarse part of sector {}", sector.name());
            return Err(refuse(field, found, "one of the two", "Give PM10 or the coarse part"));
        }
        let whole = coarse.iter().zip(fine).map(|(c, f)| c + f).collect();
        substances.insert(Pm10, (whole, field));
    }
    if let (Some((_, field)), false) = (substances.get(&Pm10), has(substances, Pm25)) {
        let found = format!("pm10 of sector {} and no pm25 beside it", sector.name());
        return Err(refuse(field, found, "pm25 on the same cells", "Give the file of PM2.5 too"));
    }
    if let (Some((fine, field)), false) = (substances.get(&Pm25).cloned(), has(substances, Pm10)) {
        let found = format!("pm25 of sector {} and no pm10 beside it", sector.name());
        notes.push(note(field, found, "PM10 on the same cells: it is taken as PM2.5, without coarse particles"));
        substances.insert(Pm10, (fine, field));
    }
    Ok(())
}

/// PM10 >= PM2.5 >= BC, OC and their sum in every cell.
fn check_parts(sector: Sector, substances: &BTreeMap<Substance, (Vec<f64>, &GridField)>) -> Result<()> {
    let Some((fine, _)) = substances.get(&Substance::Pm25) else { return Ok(()) };
    let zeros = vec![0.0; fine.len()];
    let of = |s: Substance| substances.get(&s).map_or(&zeros, |(t, _)| t);
    let carbon: Vec<f64> = of(Substance::Bc).iter().zip(of(Substance::Oc)).map(|(b, o)| b + o).collect();
    let pairs = [
        ("pm25", fine, "pm10", of(Substance::Pm10), Substance::Pm25),
        ("bc + oc", &carbon, "pm25", fine, Substance::Bc),
    ];
    for (part, p, whole, w, named) in pairs {
        let Some(cell) = (0..p.len()).find(|&i| p[i] > w[i] * PART_TOLERANCE) else { continue };
        let field =
            substances.get(&named).or(substances.get(&Substance::Oc)).map_or(substances[&Substance::Pm25].1, |f| f.1);
        let (row, column) = field.lattice.position(cell);
        let place = format!("{}, {part} of sector {}, row {row}, column {column}", field.place, sector.name());
        let found = format!("{} t above {whole} {} t", p[cell], w[cell]);
        return Err(Error::format(
            &field.file,
            place,
            found,
            format!("{whole} that includes it"),
            "Correct or replace the file",
        ));
    }
    Ok(())
}
