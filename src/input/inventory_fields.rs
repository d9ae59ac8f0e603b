//! Fields of gridded inventories -> sources: parts and wholes, totals beside their parts, months.
//!
//! - Fields of all files on the same cells belong together: PM2.5 of one file is part of PM10 of another. A pollutant and category comes
//!   once per month, else it would be counted twice.
//! - A total is never added to its parts (see [`super::inventory_wholes`]); alone it is emitted as [`Sector::Other`].
//! - Hours of a day in several files are averaged first (see [`super::inventory_hours`]).
//! - What is given by all twelve months stays by month. The particles of a sector stand together: some by the month and some by the year are
//!   taken by the year, and noted. Single months are brought to the year by the months of the sector, and noted.
//! - PM10 includes PM2.5, which includes BC and OC; a cell where a part exceeds its whole by more than 1 % is refused, as is PM10 or its
//!   coarse part without PM2.5. PM2.5 without PM10 is PM10 too; BC and OC without any of them are the least PM2.5 that holds them,
//!   BC + 1.4 OC. Both are noted, as no fault.

use super::inventory_hours::whole_days;
use super::inventory_lattice::Lattice;
use super::inventory_vocabulary::{Role, Substance, Vocabulary};
use super::inventory_wholes::{once_each, one_convention, totals};
use crate::domain::source::{Amounts, MonthTotals, Sector, Source, Strength};
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
    /// Whether the name of the file says so.
    pub by_file_name: bool,
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
    /// Tonnes of each pollutant over all fields that are emitted, and of wholes taken from parts, summed before they become sources; empty for a
    /// list of sources.
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

/// Tonnes per cell of each pollutant, with the field that gave it first.
type Planes<'a> = BTreeMap<Substance, (Vec<f64>, &'a GridField)>;
/// Of each sector, those of its months (1 ..= 12) and of what is given by the year alone.
type Sectors<'a> = BTreeMap<(Sector, Option<u32>), Planes<'a>>;

/// What stands together in PM10.
const PARTICLES: [Substance; 5] = [Substance::Pm25, Substance::Pm10, Substance::PmCoarse, Substance::Bc, Substance::Oc];

fn group(fields: Vec<GridField>, vocabulary: &Vocabulary, notes: &mut Vec<Rejection>) -> Result<InventoryGroup> {
    let fields = &whole_days(fields, notes)?[..];
    once_each(fields)?;
    let months = months(fields)?;
    let dropped = totals(fields, vocabulary, notes)?;
    one_convention(fields, &dropped, vocabulary)?;
    let mut sectors: Sectors = BTreeMap::new();
    let mut read_t = BTreeMap::new();
    let mut left_out: BTreeMap<(&str, Substance), (f64, &GridField, &str)> = BTreeMap::new();
    for (i, field) in fields.iter().enumerate() {
        let tonnes: f64 = field.tonnes.iter().sum();
        let sector = match &field.role {
            _ if dropped.contains(&i) => continue,
            Role::Part(sector) => *sector,
            Role::Total => Sector::Other,
            Role::LeftOut(why) => {
                left_out.entry((&field.category, field.substance)).or_insert((0.0, field, why)).0 += tonnes;
                continue;
            }
        };
        let span = field.month.filter(|_| months.is_none());
        add(sectors.entry((sector, span)).or_default(), field.substance, &field.tonnes, field);
        *read_t.entry(field.substance).or_insert(0.0) += tonnes;
    }
    for (tonnes, field, why) in left_out.into_values() {
        notes.push(note(field, format!("{tonnes:.3} t of {}, not emitted", field.category), why));
    }
    notes.extend(by_file_names(fields));
    if let Some(months) = &months {
        let found = format!("the months {months:?} of the year alone");
        notes.push(note(&fields[0], found, "twelve months: these are brought to the year by the months of the sector"));
    }
    particles_together(&mut sectors, notes);
    let mut files = BTreeMap::new();
    for ((sector, _), planes) in &mut sectors {
        for (substance, (_, field)) in &*planes {
            files.entry((*sector, *substance)).or_insert_with(|| field.file.clone());
        }
        let before: BTreeSet<Substance> = planes.keys().copied().collect();
        complete(*sector, planes, notes)?;
        // what is taken as given counts as read
        for (substance, (tonnes, _)) in planes.iter().filter(|(s, _)| !before.contains(s)) {
            *read_t.entry(*substance).or_insert(0.0) += tonnes.iter().sum::<f64>();
        }
        check_parts(*sector, planes)?;
    }
    let files = files.into_iter().map(|((sector, substance), file)| (sector, substance, file)).collect();
    Ok(InventoryGroup { sources: sources(fields, &sectors), months, files, read_t })
}

fn add<'a>(planes: &mut Planes<'a>, substance: Substance, tonnes: &[f64], field: &'a GridField) {
    let (sum, _) = planes.entry(substance).or_insert_with(|| (vec![0.0; tonnes.len()], field));
    sum.iter_mut().zip(tonnes).for_each(|(sum, t)| *sum += t);
}

/// The categories that names of files gave.
fn by_file_names(fields: &[GridField]) -> Vec<Rejection> {
    let mut given: BTreeMap<&str, (&GridField, BTreeSet<&PathBuf>)> = BTreeMap::new();
    for field in fields.iter().filter(|f| f.by_file_name) {
        given.entry(&field.category).or_insert((field, BTreeSet::new())).1.insert(&field.file);
    }
    let said = |(category, (field, files)): (&str, (&GridField, BTreeSet<&PathBuf>))| {
        let as_what = match &field.role {
            Role::Part(sector) => format!("sector {}", sector.name()),
            Role::Total => "the total of all sectors".into(),
            Role::LeftOut(why) => why.clone(),
        };
        let found = format!("`{category}` by the names of {} files", files.len());
        Rejection { place: "the file name".into(), ..note(field, found, &as_what) }
    };
    given.into_iter().map(said).collect()
}

/// Brings the particles of a sector to the year where not all of them are given by the same months.
fn particles_together(sectors: &mut Sectors, notes: &mut Vec<Rejection>) {
    let held: BTreeSet<Sector> = sectors.keys().map(|k| k.0).collect();
    for sector in held {
        let spans = |substance: Substance| -> Vec<Option<u32>> {
            let of = sectors.iter().filter(|((s, _), planes)| *s == sector && planes.contains_key(&substance));
            of.map(|((_, span), _)| *span).collect()
        };
        let kinds: BTreeSet<Vec<Option<u32>>> = PARTICLES.map(spans).into_iter().filter(|s| !s.is_empty()).collect();
        if kinds.len() < 2 {
            continue;
        }
        for month in 1..=12 {
            for substance in PARTICLES {
                let of_month = sectors.get_mut(&(sector, Some(month))).and_then(|planes| planes.remove(&substance));
                let Some((tonnes, field)) = of_month else { continue };
                let found = format!("particles of sector {}, some by the month and some by the year", sector.name());
                note_once(notes, note(field, found, "all of them by the month: they are taken by the year"));
                add(sectors.entry((sector, None)).or_default(), substance, &tonnes, field);
            }
        }
    }
}

/// Notes what is found in many months once.
fn note_once(notes: &mut Vec<Rejection>, said: Rejection) {
    if !notes.iter().any(|n| n.found == said.found) {
        notes.push(said);
    }
}

fn sources(fields: &[GridField], sectors: &Sectors) -> Vec<Source> {
    let stem = fields[0].file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let lattice = &fields[0].lattice;
    let mut by_sector: BTreeMap<Sector, Vec<(Option<u32>, &Planes)>> = BTreeMap::new();
    for ((sector, span), planes) in sectors {
        by_sector.entry(*sector).or_default().push((*span, planes));
    }
    let mut sources = Vec::new();
    for (sector, spans) in by_sector {
        for cell in 0..lattice.cells() {
            let Some(strength) = strength(&spans, cell) else { continue };
            let (row, column) = lattice.position(cell);
            sources.push(Source {
                id: format!("{stem}/{}/{row}/{column}", sector.name()),
                name: format!("{} {stem}", sector.name()),
                sector,
                adcode: 0,
                place: lattice.place(cell),
                strength,
                changes: Vec::new(),
            });
        }
    }
    sources
}

/// What a sector emits in a cell; `None` for nothing.
fn strength(spans: &[(Option<u32>, &Planes)], cell: usize) -> Option<Strength> {
    let mut rest = Amounts::default();
    let mut months = [Amounts::default(); 12];
    for (span, planes) in spans {
        match span {
            None => rest = amounts(planes, cell),
            Some(month) => months[*month as usize - 1] = amounts(planes, cell),
        }
    }
    if months != [Amounts::default(); 12] {
        return Some(Strength::Monthly(Box::new(MonthTotals::new(months, rest))));
    }
    (rest != Amounts::default()).then_some(Strength::Annual(rest))
}

fn amounts(planes: &Planes, cell: usize) -> Amounts {
    let t = |s: Substance| planes.get(&s).map_or(0.0, |(tonnes, _)| tonnes[cell]);
    let pm25 = t(Substance::Pm25);
    Amounts {
        so2: t(Substance::So2),
        nox: t(Substance::Nox),
        co: t(Substance::Co),
        nh3: t(Substance::Nh3),
        nmvoc: t(Substance::Nmvoc),
        pm25,
        pm10: t(Substance::Pm10).max(pm25),
        bc: t(Substance::Bc),
        oc: t(Substance::Oc),
    }
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
fn complete(sector: Sector, substances: &mut Planes, notes: &mut Vec<Rejection>) -> Result<()> {
    use Substance::{Bc, Oc, Pm10, Pm25, PmCoarse};
    let has = |s: &Planes, what: Substance| s.contains_key(&what);
    if ![Pm25, Pm10, PmCoarse].iter().any(|s| has(substances, *s)) {
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
            note_once(notes, note(field, found, "PM2.5 beside it: BC + 1.4 OC is taken, the least that holds them"));
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
        note_once(notes, note(field, found, "PM10 on the same cells: it is taken as PM2.5, without coarse particles"));
        substances.insert(Pm10, (fine, field));
    }
    Ok(())
}

/// PM10 >= PM2.5 >= BC, OC and their sum in every cell.
fn check_parts(sector: Sector, substances: &Planes) -> Result<()> {
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
