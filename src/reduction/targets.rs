//! What a level demands of the list: `seeds/reduction.toml`.
//!
//! **Invariant:** the demanded fractions rise with the level. **Why:** a stricter level that asked for less would let an upgrade
//! lift measures.

use crate::domain::register::Grade;
use crate::domain::source::{Amounts, Sector};
use crate::error::{Error, Result};
use crate::warning::WarningLevel;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A pollutant that a level demands a reduction of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TargetPollutant {
    So2,
    Nox,
    /// Primary particles: the PM10 amount, fine and coarse together.
    Pm,
    /// NMVOC.
    Voc,
}

impl TargetPollutant {
    /// All four, in the order of every list.
    pub const ALL: [Self; 4] = [Self::So2, Self::Nox, Self::Pm, Self::Voc];

    /// Name in the list.
    pub fn name(self) -> &'static str {
        match self {
            Self::So2 => "SO2",
            Self::Nox => "NOx",
            Self::Pm => "PM",
            Self::Voc => "VOC",
        }
    }

    /// The amount that counts for this target.
    pub fn of(self, amounts: &Amounts) -> f64 {
        match self {
            Self::So2 => amounts.so2,
            Self::Nox => amounts.nox,
            Self::Pm => amounts.pm10,
            Self::Voc => amounts.nmvoc,
        }
    }
}

/// One amount per target pollutant, in the order of [`TargetPollutant::ALL`].
pub type PerTarget = [f64; 4];

/// Whether `sector` belongs to the whole-society emission that targets refer to. Fires do not: they are forbidden anyway, and
/// a night of many fires must not let patrols replace the cuts of everything else.
pub fn counts(sector: Sector) -> bool {
    sector != Sector::Fire
}

/// Demand of one level: fractions of the whole-society emission of the region.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelTarget {
    pub so2: f64,
    pub nox: f64,
    pub pm: f64,
    pub voc: f64,
    /// Document and clause.
    pub clause: String,
    /// Whether the clause was checked against the primary text.
    pub verified: bool,
}

impl LevelTarget {
    /// Demanded fraction of one pollutant, 0 ..= 1.
    pub fn fraction(&self, pollutant: TargetPollutant) -> f64 {
        match pollutant {
            TargetPollutant::So2 => self.so2,
            TargetPollutant::Nox => self.nox,
            TargetPollutant::Pm => self.pm,
            TargetPollutant::Voc => self.voc,
        }
    }
}

/// Weights of the PM-equivalent in which costs are stated [t PM per t].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PmEquivalent {
    pub so2: f64,
    pub nox: f64,
    pub nh3: f64,
    pub voc: f64,
    pub pm: f64,
    /// Where the weights come from.
    pub reference: String,
}

impl PmEquivalent {
    /// PM-equivalent of `amounts`, in their unit.
    pub fn of(&self, amounts: &Amounts) -> f64 {
        self.so2 * amounts.so2
            + self.nox * amounts.nox
            + self.nh3 * amounts.nh3
            + self.voc * amounts.nmvoc
            + self.pm * amounts.pm10
    }
}

/// A load that no measure may go below (保障类).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtectedLoad {
    pub sectors: Vec<Sector>,
    /// Least share of the day's load that stays, 0 ..= 1; 1 forbids any cut of the load.
    pub minimum_load: f64,
    pub reason_zh: String,
    pub reason_en: String,
    /// Document and clause.
    pub clause: String,
}

/// What may be ordered of an entry of one performance grade (绩效分级).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GradeRule {
    /// Share of a measure's cut that may be ordered, 0 ..= 1, by level; a level without an entry has that of the level below.
    pub ordered: BTreeMap<WarningLevel, f64>,
    /// Document and clause.
    pub clause: String,
    pub verified: bool,
}

/// How much a share that stays uncovered weighs where not all demands can be met together.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShortfallWeights {
    /// The level's whole-society fractions.
    pub society: f64,
    /// The exceeding windows.
    pub window: f64,
    /// The county floors.
    pub floor: f64,
}

/// The demands of all levels, and what they may not touch.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReductionRules {
    /// Identity of the rule set, e.g. `reduction-2019`.
    pub id: String,
    /// Share of the sources that follow a voluntary measure which states no share of its own, 0 ..= 1. A parameter, not a clause.
    pub voluntary_share: f64,
    /// Hours from the cycle to the order: the night's product is signed at the morning consultation. Earliest start of any measure.
    pub hours_from_cycle_to_order: u32,
    /// Least share of the region's demanded fraction, in PM-equivalent, that each county reaches, 0 ..= 1. A parameter.
    pub county_floor: f64,
    /// Steps and latest delay of a start beyond the lead [h]. Parameters.
    pub start_step_h: u32,
    pub latest_start_h: u32,
    /// Relative gap of cost and proven bound at which the search ends, and its nodes at most.
    pub proof_gap: f64,
    pub search_nodes: usize,
    /// By level; a level that is absent demands nothing.
    pub level: BTreeMap<WarningLevel, LevelTarget>,
    pub pm_equivalent: PmEquivalent,
    pub shortfall: ShortfallWeights,
    pub protected: Vec<ProtectedLoad>,
    /// By grade; every grade has its rule.
    pub grade: BTreeMap<Grade, GradeRule>,
}

impl ReductionRules {
    /// Reads and checks the rules; `origin` is the file named in errors.
    ///
    /// # Errors
    /// `Invalid` naming the field: unknown keys, fractions outside 0..=1, a level that demands less than the one below it,
    /// `level.none`, a sector protected twice, a grade without a rule, empty texts.
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self> {
        let rules: Self = toml::from_str(text)
            .map_err(|e| Error::invalid(origin, "TOML", e.to_string().trim().to_owned(), "reduction rules"))?;
        rules.check(origin)?;
        Ok(rules)
    }

    fn check(&self, origin: &Path) -> Result<()> {
        let file = Checker { origin: origin.to_path_buf() };
        file.text("id", &self.id)?;
        file.fraction("voluntary_share", self.voluntary_share)?;
        file.fraction("county_floor", self.county_floor)?;
        file.fraction("proof_gap", self.proof_gap)?;
        if !(1..=24).contains(&self.start_step_h) {
            return file.refuse("start_step_h", &self.start_step_h.to_string(), "1..=24");
        }
        if self.latest_start_h > 72 {
            return file.refuse("latest_start_h", &self.latest_start_h.to_string(), "0..=72");
        }
        for level in [WarningLevel::None, WarningLevel::Blue] {
            if self.level.contains_key(&level) {
                let expected = "no entry: only pre-warning, yellow, orange and red demand a reduction";
                return file.refuse(&format!("level.{}", level.key()), "an entry", expected);
            }
        }
        for level in [WarningLevel::Yellow, WarningLevel::Orange, WarningLevel::Red] {
            if !self.level.contains_key(&level) {
                return file.refuse(&format!("level.{}", level.key()), "nothing", "an entry");
            }
        }
        let mut below: Option<&LevelTarget> = None;
        for (level, target) in &self.level {
            let key = format!("level.{}", level.key());
            file.text(&format!("{key}.clause"), &target.clause)?;
            for p in TargetPollutant::ALL {
                let field = format!("{key}.{}", p.name().to_lowercase());
                file.fraction(&field, target.fraction(p))?;
                if let Some(b) = below.filter(|b| target.fraction(p) < b.fraction(p)) {
                    return file.refuse(
                        &field,
                        &target.fraction(p).to_string(),
                        &format!("at least {}, the demand of the level below", b.fraction(p)),
                    );
                }
            }
            below = Some(target);
        }
        let w = &self.pm_equivalent;
        for (name, v) in [("so2", w.so2), ("nox", w.nox), ("nh3", w.nh3), ("voc", w.voc), ("pm", w.pm)] {
            if !(v.is_finite() && v >= 0.0) {
                return file.refuse(&format!("pm_equivalent.{name}"), &v.to_string(), "a weight >= 0");
            }
        }
        file.text("pm_equivalent.reference", &w.reference)?;
        let s = &self.shortfall;
        for (name, v) in [("society", s.society), ("window", s.window), ("floor", s.floor)] {
            if !(v.is_finite() && v > 0.0) {
                return file.refuse(&format!("shortfall.{name}"), &v.to_string(), "a weight > 0");
            }
        }
        self.check_protected(&file)?;
        self.check_grades(&file)
    }

    fn check_grades(&self, file: &Checker) -> Result<()> {
        for grade in Grade::ALL {
            let key = format!("grade.{grade:?}");
            let Some(rule) = self.grade.get(&grade) else { return file.refuse(&key, "nothing", "an entry") };
            file.text(&format!("{key}.clause"), &rule.clause)?;
            let mut below = 0.0;
            for (level, share) in &rule.ordered {
                let field = format!("{key}.ordered.{}", level.key());
                file.fraction(&field, *share)?;
                if *share < below {
                    return file.refuse(
                        &field,
                        &share.to_string(),
                        &format!("at least {below}, that of the level below"),
                    );
                }
                below = *share;
            }
        }
        Ok(())
    }

    fn check_protected(&self, file: &Checker) -> Result<()> {
        let mut seen = Vec::new();
        for (i, p) in self.protected.iter().enumerate() {
            let field = |name: &str| format!("protected[{i}].{name}");
            file.fraction(&field("minimum_load"), p.minimum_load)?;
            for (name, text) in [("reason_zh", &p.reason_zh), ("reason_en", &p.reason_en), ("clause", &p.clause)] {
                file.text(&field(name), text)?;
            }
            if p.sectors.is_empty() {
                return file.refuse(&field("sectors"), "an empty list", "at least one sector");
            }
            for s in &p.sectors {
                if seen.contains(s) {
                    return file.refuse(&field("sectors"), s.name(), "each sector protected once");
                }
                seen.push(*s);
            }
        }
        Ok(())
    }

    /// Share of a measure's cut that may be ordered at `level` of an entry of this grade, 0 ..= 1; all of it without a grade.
    pub fn ordered_share(&self, grade: Option<Grade>, level: WarningLevel) -> f64 {
        let Some(rule) = grade.and_then(|g| self.grade.get(&g)) else { return 1.0 };
        rule.ordered.range(..=level).next_back().map_or(0.0, |(_, share)| *share)
    }

    /// Least share of the load that stays in `sector`; 0 where nothing is protected.
    pub fn minimum_load(&self, sector: Sector) -> f64 {
        self.protected.iter().find(|p| p.sectors.contains(&sector)).map_or(0.0, |p| p.minimum_load)
    }
}

/// Refuses values of one seed file, each with its field named.
pub(super) struct Checker {
    pub(super) origin: PathBuf,
}

impl Checker {
    pub(super) fn refuse<T>(&self, field: &str, found: &str, expected: &str) -> Result<T> {
        Err(Error::invalid(&self.origin, field, found, expected))
    }

    pub(super) fn fraction(&self, field: &str, value: f64) -> Result<()> {
        if (0.0..=1.0).contains(&value) { Ok(()) } else { self.refuse(field, &value.to_string(), "0..=1") }
    }

    pub(super) fn text(&self, field: &str, value: &str) -> Result<()> {
        if value.trim().is_empty() { self.refuse(field, "an empty text", "a text") } else { Ok(()) }
    }
}
