//! A register against the inventory: what in it cannot be, and how much of each source it names.
//!
//! **Invariant:** the entries of one source never emit more than the source does ([`crate::domain::register`]); the night leaves the
//! entries of a source out that break it.

use crate::domain::bilingual::Bilingual;
use crate::domain::county::{County, in_or_near};
use crate::domain::register::{DAYS_PER_YEAR, Family, RegisterEntry};
use crate::domain::register_columns::{POLLUTANTS, in_order};
use crate::domain::source::{Sector, Source};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Part of a source by which its entries may exceed it: figures are rounded.
const ROUNDING: f64 = 1e-6;
/// Mass by which each of them may exceed its part [t a-1], for the same reason.
const ROUNDING_T_A: f64 = 1e-3;

/// What a finding means for the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The entry cannot be used as it stands.
    Error,
    /// It can be used; somebody should look at it.
    Notice,
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    DoubledId,
    SourceMissing,
    OtherCounty,
    MoreThanSource,
    OutsideCounty,
    GradeOfFamily,
    FamilyOfSector,
    DoubledCreditCode,
    GradeWithoutIndustry,
    NothingProtected,
    BoilerUnprotected,
    EmitsNothing,
}

impl FindingKind {
    fn severity(self) -> Severity {
        match self {
            Self::DoubledId
            | Self::SourceMissing
            | Self::OtherCounty
            | Self::MoreThanSource
            | Self::OutsideCounty
            | Self::GradeOfFamily => Severity::Error,
            _ => Severity::Notice,
        }
    }
}

/// Something to correct or to look at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    pub severity: Severity,
    pub kind: FindingKind,
    /// Entry, or source for what concerns all entries of one.
    pub id: String,
    /// Sheet and row of the entry.
    pub place: Option<Bilingual>,
    pub found: Bilingual,
    pub remedy: Bilingual,
}

/// Register and inventory of one source, sector or county, per pollutant in the order of [`POLLUTANTS`] [t a-1].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Id of the source, name of the sector, or code of the county.
    pub of: String,
    pub entries: usize,
    pub inventory_t_a: [f64; 9],
    pub register_t_a: [f64; 9],
}

impl Difference {
    /// Register less inventory [t a-1]: below 0 what no entry names, above 0 what the inventory does not hold.
    pub fn difference_t_a(&self) -> [f64; 9] {
        std::array::from_fn(|i| self.register_t_a[i] - self.inventory_t_a[i])
    }
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegisterReport {
    pub entries: usize,
    /// Names of the pollutants of all differences.
    pub pollutants: [&'static str; 9],
    /// Errors first.
    pub findings: Vec<Finding>,
    /// In the order of the inventory; sources without an entry too.
    pub sources: Vec<Difference>,
    pub sectors: Vec<Difference>,
    pub counties: Vec<Difference>,
    /// Sources that are missing, that an entry contradicts, or that their entries exceed.
    #[serde(skip)]
    pub faulty_sources: BTreeSet<String>,
}

impl RegisterReport {
    /// Number of errors.
    pub fn errors(&self) -> usize {
        self.findings.iter().filter(|f| f.severity == Severity::Error).count()
    }
}

/// Checks `entries`, which stand at `places` (as many, or none), against the sources of an inventory. Sources outside the region
/// (adcode 0) and those without an annual total, such as fires, are not looked at.
pub fn check(
    entries: &[RegisterEntry],
    places: &[Bilingual],
    inventory: &[Source],
    counties: &[County],
) -> RegisterReport {
    let annual: BTreeMap<&str, (&Source, [f64; 9])> = inventory
        .iter()
        .filter(|s| s.adcode != 0)
        .filter_map(|s| s.strength.annual().map(|amounts| (s.id.as_str(), (s, in_order(amounts)))))
        .collect();
    let mut check = Check { places, findings: Vec::new(), faulty: BTreeSet::new() };
    check.doubled(entries);
    for (at, entry) in entries.iter().enumerate() {
        check.entry(at, entry, annual.get(entry.source.as_str()).map(|(source, _)| *source), counties);
    }
    let mut sources: BTreeMap<&str, Difference> = BTreeMap::new();
    for (id, (_, inventory_t_a)) in &annual {
        let difference =
            Difference { of: (*id).into(), entries: 0, inventory_t_a: *inventory_t_a, register_t_a: [0.0; 9] };
        sources.insert(id, difference);
    }
    for entry in entries {
        if let Some(d) = sources.get_mut(entry.source.as_str()) {
            d.add(entry);
        }
    }
    for d in sources.values() {
        check.exceeding(d);
    }
    let mut report = RegisterReport {
        entries: entries.len(),
        pollutants: POLLUTANTS.map(|(name, _)| name),
        sectors: by_group(
            entries,
            &annual,
            |s| s.sector.name().to_owned(),
            |_, source| source.map(|s| s.sector.name().to_owned()),
        ),
        counties: by_group(entries, &annual, |s| s.adcode.to_string(), |e, _| Some(e.adcode.to_string())),
        sources: Vec::new(),
        findings: check.findings,
        faulty_sources: check.faulty,
    };
    report.findings.sort_by_key(|f| (f.severity, f.kind));
    report.sources = inventory.iter().filter_map(|s| sources.remove(s.id.as_str())).collect();
    report
}

impl Difference {
    fn add(&mut self, entry: &RegisterEntry) {
        self.entries += 1;
        for (sum, t_d) in self.register_t_a.iter_mut().zip(in_order(&entry.emission_t_d)) {
            *sum += t_d * DAYS_PER_YEAR;
        }
    }
}

/// Inventory and register added up by a property of the source and of the entry.
fn by_group(
    entries: &[RegisterEntry],
    annual: &BTreeMap<&str, (&Source, [f64; 9])>,
    of_source: impl Fn(&Source) -> String,
    of_entry: impl Fn(&RegisterEntry, Option<&Source>) -> Option<String>,
) -> Vec<Difference> {
    let mut groups: BTreeMap<String, Difference> = BTreeMap::new();
    let empty =
        |of: &String| Difference { of: of.clone(), entries: 0, inventory_t_a: [0.0; 9], register_t_a: [0.0; 9] };
    for (source, amounts) in annual.values() {
        let of = of_source(source);
        let group = groups.entry(of.clone()).or_insert_with(|| empty(&of));
        for (sum, t_a) in group.inventory_t_a.iter_mut().zip(amounts) {
            *sum += t_a;
        }
    }
    for entry in entries {
        let source = annual.get(entry.source.as_str()).map(|(source, _)| *source);
        if let Some(of) = of_entry(entry, source) {
            groups.entry(of.clone()).or_insert_with(|| empty(&of)).add(entry);
        }
    }
    groups.into_values().collect()
}

struct Check<'a> {
    places: &'a [Bilingual],
    findings: Vec<Finding>,
    faulty: BTreeSet<String>,
}

impl Check<'_> {
    fn note(&mut self, kind: FindingKind, at: Option<usize>, id: &str, found: (String, String), remedy: (&str, &str)) {
        self.findings.push(Finding {
            severity: kind.severity(),
            kind,
            id: id.into(),
            place: at.and_then(|at| self.places.get(at)).cloned(),
            found: Bilingual::new(found.0, found.1),
            remedy: Bilingual::new(remedy.0, remedy.1),
        });
    }

    /// Ids and credit codes that stand more than once.
    fn doubled(&mut self, entries: &[RegisterEntry]) {
        let mut ids: BTreeSet<&str> = BTreeSet::new();
        let mut names: BTreeMap<&str, &str> = BTreeMap::new();
        for (at, e) in entries.iter().enumerate() {
            if !ids.insert(&e.id) {
                self.faulty.insert(e.source.clone());
                let found = (format!("清单编号“{}”重复", e.id), format!("the id {} again", e.id));
                self.note(
                    FindingKind::DoubledId,
                    Some(at),
                    &e.id,
                    found,
                    ("另编一个编号，或删去重复的行", "Give it another id, or delete it"),
                );
            }
            let Some(code) = e.credit_code.as_deref() else { continue };
            let first = *names.entry(code).or_insert(&e.name);
            if first != e.name {
                let found = (
                    format!("信用代码{code}用于“{first}”和“{}”", e.name),
                    format!("the credit code {code} of {first} again, for {}", e.name),
                );
                let remedy = (
                    "核对：一个法人一个代码，同一法人的厂区可共用",
                    "Check it: one code per entity; sites of one entity may share it",
                );
                self.note(FindingKind::DoubledCreditCode, Some(at), &e.id, found, remedy);
            }
        }
    }

    fn entry(&mut self, at: usize, e: &RegisterEntry, source: Option<&Source>, counties: &[County]) {
        let nothing = in_order(&e.emission_t_d).iter().all(|t| *t == 0.0);
        match source {
            Some(source) => self.source(at, e, source),
            // fires come from satellites: a zone says where burning is forbidden
            None if e.family == Family::StrawZone && nothing => {}
            None => {
                let found =
                    (format!("排放清单中没有源“{}”", e.source), format!("no source {} in the inventory", e.source));
                let remedy =
                    ("填写排放清单中的源编号，或在清单中补上该源", "Name a source of the inventory, or add it there");
                self.note(FindingKind::SourceMissing, Some(at), &e.id, found, remedy);
            }
        }
        self.place(at, e, counties);
        self.grade(at, e);
        if let Some((_, load)) = e.protection.filter(|(_, load)| *load == 0.0) {
            let found = (format!("保障类，最低负荷为{load}"), format!("protected with a minimum load of {load}"));
            let remedy = ("填写须保留的负荷，或删去保障类型", "Fill in the load that stays, or delete the protection");
            self.note(FindingKind::NothingProtected, Some(at), &e.id, found, remedy);
        }
        let boiler = e.family == Family::HeatingAndCoal && source.is_some_and(|s| s.sector == Sector::Boiler);
        if boiler && e.protection.is_none() {
            let found = ("锅炉未标保障类型".to_owned(), "a boiler without protection".to_owned());
            let remedy = (
                "供热锅炉填民生供热和最低负荷；生产用汽的不必",
                "Fill in heating and its minimum load, unless its steam is for production",
            );
            self.note(FindingKind::BoilerUnprotected, Some(at), &e.id, found, remedy);
        }
        if nothing && e.family != Family::StrawZone {
            let found = ("各项排放量均为0".to_owned(), "no emission at all".to_owned());
            self.note(FindingKind::EmitsNothing, Some(at), &e.id, found, ("补填日排放量", "Fill in its daily amounts"));
        }
    }

    fn source(&mut self, at: usize, e: &RegisterEntry, source: &Source) {
        if source.adcode != e.adcode {
            self.faulty.insert(e.source.clone());
            let found = (
                format!("县市{}，所属源“{}”在{}", e.adcode, source.id, source.adcode),
                format!("county {}, but its source {} is in {}", e.adcode, source.id, source.adcode),
            );
            let remedy = ("更正县市或排放源编号", "Correct the county or the source");
            self.note(FindingKind::OtherCounty, Some(at), &e.id, found, remedy);
        }
        if !e.family.sectors().contains(&source.sector) {
            let sector = source.sector.name();
            let found = (
                format!("类别“{}”，所属源的行业为{sector}", e.family.zh()),
                format!("family {}, but its source is of the sector {sector}", e.family.en()),
            );
            let remedy = ("核对类别和排放源编号", "Check the family and the source");
            self.note(FindingKind::FamilyOfSector, Some(at), &e.id, found, remedy);
        }
    }

    fn place(&mut self, at: usize, e: &RegisterEntry, counties: &[County]) {
        let county = counties.iter().find(|c| c.adcode == e.adcode);
        let Some((county, position)) = county.zip(e.lon_lat) else { return };
        if !in_or_near(&county.outline, position) {
            let (lon, lat) = position;
            let found = (
                format!("经度{lon}、纬度{lat}不在{}", county.name_zh),
                format!("longitude {lon}, latitude {lat} outside {}", county.name_en),
            );
            let remedy =
                ("更正坐标（WGS-84，经度在前）或县市", "Correct the position (WGS-84, longitude first) or the county");
            self.note(FindingKind::OutsideCounty, Some(at), &e.id, found, remedy);
        }
    }

    fn grade(&mut self, at: usize, e: &RegisterEntry) {
        let Some(grade) = e.grade else { return };
        if !e.family.takes_grade() {
            let found = (
                format!("类别“{}”不分绩效等级，却填了{}", e.family.zh(), grade.zh()),
                format!("grade {} on the family {}, which is not graded", grade.en(), e.family.en()),
            );
            self.note(
                FindingKind::GradeOfFamily,
                Some(at),
                &e.id,
                found,
                ("删去等级或更正类别", "Delete the grade or correct the family"),
            );
        } else if e.industry.is_none() {
            let found =
                (format!("有等级{}，未填行业", grade.zh()), format!("grade {} without an industry", grade.en()));
            let remedy = ("绩效分级按行业评定：填写行业", "Grades are given by industry: fill it in");
            self.note(FindingKind::GradeWithoutIndustry, Some(at), &e.id, found, remedy);
        }
    }

    fn exceeding(&mut self, d: &Difference) {
        for (i, (name, _)) in POLLUTANTS.iter().enumerate() {
            let (register, inventory) = (d.register_t_a[i], d.inventory_t_a[i]);
            if register > inventory * (1.0 + ROUNDING) + ROUNDING_T_A * d.entries as f64 {
                self.faulty.insert(d.of.clone());
                let found = (
                    format!("{name}合计{register:.3}吨/年（{}条），源只有{inventory:.3}吨/年", d.entries),
                    format!("{name} of {} entries {register:.3} t/a, the source has {inventory:.3} t/a", d.entries),
                );
                let remedy = (
                    "调低日排放量（365日之和不得超过源），或更正排放清单",
                    "Lower the daily amounts (365 days must not exceed the source), or correct the inventory",
                );
                self.note(FindingKind::MoreThanSource, None, &d.of, found, remedy);
            }
        }
    }
}
