//! The catalogue of measures: `seeds/measures.toml`.
//!
//! **Invariant:** two measures of one exclusive group that share a sector are ordered at every level: one leaves no more of any
//! pollutant than the other. **Why:** the strictest choice is then the strictest in every pollutant, so what all lawful measures
//! together reach is one number per pollutant and is reached by one list.

use super::targets::Checker;
use crate::calendar::beijing_local;
use crate::domain::register::{Family, Grade, RegisterEntry};
use crate::domain::source::{Amounts, Sector, Source};
use crate::error::{Error, Result};
use crate::warning::WarningLevel;
use chrono::{DateTime, Duration, NaiveTime, Utc};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What is left at one level: either of the load, hence of every pollutant, or of single pollutants at unchanged load.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Left {
    /// Share of the load left, 0 ..= 1; excludes all others.
    pub load: Option<f64>,
    /// Shares of the emission left, 0 ..= 1; a pollutant that is not named stays.
    pub so2: Option<f64>,
    pub nox: Option<f64>,
    pub co: Option<f64>,
    pub nh3: Option<f64>,
    pub voc: Option<f64>,
    /// PM2.5, PM10, black and organic carbon alike.
    pub pm: Option<f64>,
}

impl Left {
    fn named(&self) -> [(&'static str, Option<f64>); 7] {
        [
            ("load", self.load),
            ("so2", self.so2),
            ("nox", self.nox),
            ("co", self.co),
            ("nh3", self.nh3),
            ("voc", self.voc),
            ("pm", self.pm),
        ]
    }

    /// Factor left on each pollutant; the load is not let below `minimum_load`.
    pub fn factor(&self, minimum_load: f64) -> Amounts {
        if let Some(load) = self.load {
            return Amounts::all(load.max(minimum_load));
        }
        let pm = self.pm.unwrap_or(1.0);
        Amounts {
            so2: self.so2.unwrap_or(1.0),
            nox: self.nox.unwrap_or(1.0),
            co: self.co.unwrap_or(1.0),
            nh3: self.nh3.unwrap_or(1.0),
            nmvoc: self.voc.unwrap_or(1.0),
            pm25: pm,
            pm10: pm,
            bc: pm,
            oc: pm,
        }
    }
}

/// What a measure does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasureKind {
    /// 停产、停工序
    StopLine,
    /// 限产、降负荷
    LimitLoad,
    /// 改用清洁燃料
    SwitchFuel,
    /// 治理设施提效
    Treatment,
    /// 停工
    StopSite,
    /// 苫盖
    CoverDust,
    /// 洒水、冲洗、吸扫
    WaterDust,
    /// 车辆限行
    RestrictVehicles,
    /// 机械停用
    RestrictMachinery,
    /// 禁烧、禁放
    ForbidBurning,
    /// 检查
    Inspect,
    /// 倡议
    Advise,
}

/// By what data the measure is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerificationKey {
    /// 用电量
    PowerDraw,
    /// 烟气在线监测
    Cems,
    /// 车辆、机械定位
    Gps,
    /// 视频
    Video,
    /// 卡口
    Checkpoint,
    /// 卫星火点
    Satellite,
    /// 用煤量、煤质
    FuelRecord,
    /// 台账
    Ledger,
    /// 其他在线监控
    Monitor,
    /// 现场检查
    Inspection,
}

/// A measure that a level may order of the sources of some sectors.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// Identity, unique in the catalogue.
    pub id: String,
    pub name_zh: String,
    pub name_en: String,
    pub kind: MeasureKind,
    pub sectors: Vec<Sector>,
    /// Acts only on sources whose id contains one of these; absent: on all of the sectors.
    #[serde(default)]
    pub source_ids_with: Vec<String>,
    /// Acts only on entries of these families; absent: on all.
    #[serde(default)]
    pub families: Vec<Family>,
    /// Acts only on entries of these grades; absent: on all, also on those without a grade.
    #[serde(default)]
    pub grades: Vec<Grade>,
    /// Acts only on entries whose name or industry contains one of these; absent: on all.
    #[serde(default)]
    pub words: Vec<String>,
    /// Ordered in a whole county or not at all.
    #[serde(default)]
    pub county_wide: bool,
    /// Lowest level at which it is an order; absent: it stays voluntary.
    #[serde(default)]
    pub mandatory_from: Option<WarningLevel>,
    /// While voluntary, share of the sources that follow it, 0 ..= 1; absent: the rules' own share.
    #[serde(default)]
    pub voluntary_share: Option<f64>,
    /// In force whenever its level is reached, whatever it costs and whatever the targets need.
    #[serde(default)]
    pub standing: bool,
    /// At most one measure of a group acts on a source. Load measures are one group without being named so.
    #[serde(default)]
    pub group: Option<String>,
    /// Only where every hour of the period is warmer than this [degC]: no watering when it would ice.
    #[serde(default)]
    pub temperature_above_c: Option<f64>,
    /// Hours from the order to the effect [h].
    #[serde(default)]
    pub lead_h: u32,
    /// Hour of the Beijing day before which it does not start, 0 ..= 23.
    #[serde(default)]
    pub earliest_hour: Option<u32>,
    /// Cost [yuan per t of PM-equivalent avoided]; exactly one of the two costs is given.
    #[serde(default)]
    pub cost_yuan_t: Option<f64>,
    /// Cost [yuan d-1 per source].
    #[serde(default)]
    pub cost_yuan_d: Option<f64>,
    /// Whether factors and cost were checked against a source; estimates otherwise.
    pub verified: bool,
    /// Department answering for it (责任单位).
    pub department: String,
    /// Post that answers for it on the spot (责任人岗位).
    pub role: String,
    /// How it is checked.
    pub verification: String,
    pub verification_key: VerificationKey,
    /// Document · clause.
    pub legal_basis: String,
    /// By level; a level without an entry keeps that of the level below, and there is no measure below the lowest entry.
    pub left: BTreeMap<WarningLevel, Left>,
}

impl Measure {
    /// Lowest level at which the measure exists.
    pub fn minimum_level(&self) -> WarningLevel {
        self.left.keys().next().copied().unwrap_or(WarningLevel::Red)
    }

    /// What is left at `level`; `None` below the minimum level.
    pub fn left_at(&self, level: WarningLevel) -> Option<&Left> {
        self.left.range(..=level).next_back().map(|(_, left)| left)
    }

    /// Whether it cuts the load instead of single pollutants.
    pub fn cuts_load(&self) -> bool {
        self.left.values().any(|l| l.load.is_some())
    }

    /// Whether it is an order at `level`.
    pub fn mandatory_at(&self, level: WarningLevel) -> bool {
        self.mandatory_from.is_some_and(|from| level >= from)
    }

    /// Whether it acts on `source`, or on the `entry` of the register that is a part of it.
    pub fn acts_on(&self, source: &Source, entry: Option<&RegisterEntry>) -> bool {
        let any = |parts: &[String], text: &str| parts.iter().any(|part| text.contains(part));
        let family = entry.map_or(Family::of_sector(source.sector), |e| e.family);
        let grade = entry.and_then(|e| e.grade);
        let name = entry.map_or(source.name.as_str(), |e| &e.name);
        let industry = entry.and_then(|e| e.industry.as_deref()).unwrap_or_default();
        self.sectors.contains(&source.sector)
            && (self.source_ids_with.is_empty() || any(&self.source_ids_with, &source.id))
            && (self.families.is_empty() || self.families.contains(&family))
            && (self.grades.is_empty() || grade.is_some_and(|g| self.grades.contains(&g)))
            && (self.words.is_empty() || any(&self.words, name) || any(&self.words, industry))
    }

    /// First instant at which it can be in force after `order`: the lead, then the hour of the day.
    pub fn earliest_start(&self, order: DateTime<Utc>, lead_h: u32) -> DateTime<Utc> {
        let mut start = order + Duration::hours(i64::from(lead_h));
        if let Some(hour) = self.earliest_hour {
            let local = beijing_local(start);
            let waited = Duration::hours(i64::from(hour)) - (local - local.date().and_time(NaiveTime::MIN));
            start += waited.max(Duration::zero());
        }
        start
    }

    /// Key of the exclusive group, if any.
    pub fn exclusive_group(&self) -> Option<&str> {
        if self.cuts_load() { Some("load") } else { self.group.as_deref() }
    }
}

/// All measures, ordered by id.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalogue {
    pub measures: Vec<Measure>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    measure: Vec<Measure>,
}

impl Catalogue {
    /// Reads and checks the catalogue; `origin` is the file named in errors.
    ///
    /// # Errors
    /// `Invalid` naming the measure and field: unknown keys, empty texts, no sector, a doubled id, factors outside 0..=1, a level
    /// that leaves more than the one below it, load mixed with pollutants, no cost or two, an order at pre-warning, members of an
    /// exclusive group that are not ordered, more than [`COMBINATIONS`] ways to combine the measures of a sector.
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self> {
        let raw: Raw = toml::from_str(text)
            .map_err(|e| Error::invalid(origin, "TOML", e.to_string().trim().to_owned(), "a catalogue of measures"))?;
        let file = Checker { origin: origin.to_path_buf() };
        let mut measures = raw.measure;
        if measures.is_empty() {
            return file.refuse("measure", "an empty list", "at least one measure");
        }
        let mut seen = BTreeSet::new();
        for m in &measures {
            check_measure(&file, m)?;
            if !seen.insert(m.id.as_str()) {
                return file.refuse("measure.id", &m.id, "an id that is unique");
            }
        }
        measures.sort_by(|a, b| a.id.cmp(&b.id));
        check_groups(&file, &measures)?;
        check_combinations(&file, &measures)?;
        Ok(Self { measures })
    }
}

fn check_measure(file: &Checker, m: &Measure) -> Result<()> {
    file.text("measure.id", &m.id)?;
    let field = |name: &str| format!("measure {}: {name}", m.id);
    for (name, text) in [
        ("name_zh", &m.name_zh),
        ("name_en", &m.name_en),
        ("department", &m.department),
        ("role", &m.role),
        ("verification", &m.verification),
        ("legal_basis", &m.legal_basis),
    ] {
        file.text(&field(name), text)?;
    }
    for text in &m.source_ids_with {
        file.text(&field("source_ids_with"), text)?;
    }
    for text in &m.words {
        file.text(&field("words"), text)?;
    }
    if let Some(group) = &m.group {
        file.text(&field("group"), group)?;
    }
    if !m.legal_basis.contains('·') {
        return file.refuse(&field("legal_basis"), &m.legal_basis, "document · clause");
    }
    if m.sectors.is_empty() {
        return file.refuse(&field("sectors"), "an empty list", "at least one sector");
    }
    if m.sectors.contains(&Sector::Other) {
        return file.refuse(&field("sectors"), "other", "sectors of the region: foreign cells cannot be ordered");
    }
    if let Some(level) = m.mandatory_from.filter(|l| *l < WarningLevel::Yellow) {
        return file.refuse(&field("mandatory_from"), level.key(), "yellow, orange or red");
    }
    if let Some(share) = m.voluntary_share {
        file.fraction(&field("voluntary_share"), share)?;
    }
    if m.standing && m.exclusive_group().is_some() {
        return file.refuse(
            &field("standing"),
            "true in an exclusive group",
            "no group and no load: it may not bar others",
        );
    }
    if let Some(t) = m.temperature_above_c.filter(|t| !(-60.0..=50.0).contains(t)) {
        return file.refuse(&field("temperature_above_c"), &t.to_string(), "-60..=50");
    }
    if let Some(hour) = m.earliest_hour.filter(|h| *h > 23) {
        return file.refuse(&field("earliest_hour"), &hour.to_string(), "0..=23");
    }
    if m.lead_h > 72 {
        return file.refuse(&field("lead_h"), &m.lead_h.to_string(), "0..=72");
    }
    check_cost(file, m)?;
    check_left(file, m)
}

fn check_cost(file: &Checker, m: &Measure) -> Result<()> {
    let field = |name: &str| format!("measure {}: {name}", m.id);
    match (m.cost_yuan_t, m.cost_yuan_d) {
        (Some(_), Some(_)) => file.refuse(&field("cost_yuan_t"), "both costs", "either cost_yuan_t or cost_yuan_d"),
        (None, None) => file.refuse(&field("cost_yuan_t"), "no cost", "either cost_yuan_t or cost_yuan_d"),
        (t, d) => {
            for (name, cost) in [("cost_yuan_t", t), ("cost_yuan_d", d)] {
                if let Some(c) = cost.filter(|c| !(c.is_finite() && *c >= 0.0)) {
                    return file.refuse(&field(name), &c.to_string(), "a cost >= 0");
                }
            }
            Ok(())
        }
    }
}

fn check_left(file: &Checker, m: &Measure) -> Result<()> {
    let loads = m.left.values().filter(|l| l.load.is_some()).count();
    if m.left.is_empty() {
        return file.refuse(&format!("measure {}: left", m.id), "no level", "at least one level");
    }
    if loads != 0 && loads != m.left.len() {
        return file.refuse(
            &format!("measure {}: left", m.id),
            "load at some levels only",
            "load at all levels or none",
        );
    }
    if loads > 0 && m.group.is_some() {
        return file.refuse(&format!("measure {}: group", m.id), "a group", "none: load measures exclude each other");
    }
    let mut below: Option<Amounts> = None;
    for (level, left) in &m.left {
        let field = |name: &str| format!("measure {}: left.{}.{name}", m.id, level.key());
        // blue warnings ended before the lists began: they have what pre-warning has
        if matches!(level, WarningLevel::None | WarningLevel::Blue) {
            return file.refuse(&field("*"), "an entry", "pre_warning, yellow, orange or red");
        }
        for (name, share) in left.named() {
            if let Some(share) = share {
                file.fraction(&field(name), share)?;
            }
        }
        if left.load.is_some() && left.named().iter().filter(|(_, s)| s.is_some()).count() > 1 {
            return file.refuse(&field("load"), "load beside pollutants", "either load or pollutants");
        }
        let factor = left.factor(0.0);
        if no_more_than(&Amounts::all(1.0), &factor) {
            return file.refuse(&field("*"), "nothing is cut", "at least one share below 1");
        }
        if below.is_some_and(|b| !no_more_than(&factor, &b)) {
            return file.refuse(&field("*"), "more than at the level below", "no more of any pollutant");
        }
        below = Some(factor);
    }
    Ok(())
}

/// Whether `a` leaves no more than `b` of every pollutant.
pub(super) fn no_more_than(a: &Amounts, b: &Amounts) -> bool {
    [
        (a.so2, b.so2),
        (a.nox, b.nox),
        (a.co, b.co),
        (a.nh3, b.nh3),
        (a.nmvoc, b.nmvoc),
        (a.pm25, b.pm25),
        (a.pm10, b.pm10),
        (a.bc, b.bc),
        (a.oc, b.oc),
    ]
    .iter()
    .all(|(a, b)| a <= b)
}

fn check_groups(file: &Checker, measures: &[Measure]) -> Result<()> {
    const LEVELS: [WarningLevel; 4] =
        [WarningLevel::PreWarning, WarningLevel::Yellow, WarningLevel::Orange, WarningLevel::Red];
    for (i, a) in measures.iter().enumerate() {
        for b in &measures[i + 1..] {
            let shared = a.group.is_some() && a.group == b.group && a.sectors.iter().any(|s| b.sectors.contains(s));
            if !shared {
                continue;
            }
            // A voluntary share moves a factor towards 1 and may turn the order round.
            if a.mandatory_from != b.mandatory_from || a.voluntary_share != b.voluntary_share {
                return file.refuse(
                    &format!("measure {}: group", b.id),
                    &format!("mandatory_from or voluntary_share unlike {}", a.id),
                    "the same for all of one exclusive group",
                );
            }
            for level in LEVELS {
                let (Some(x), Some(y)) = (a.left_at(level), b.left_at(level)) else { continue };
                let (x, y) = (x.factor(0.0), y.factor(0.0));
                if !no_more_than(&x, &y) && !no_more_than(&y, &x) {
                    return file.refuse(
                        &format!("measure {}: group", b.id),
                        &format!("neither stricter nor milder than {} at {}", a.id, level.key()),
                        "members of one exclusive group ordered in every pollutant",
                    );
                }
            }
        }
    }
    Ok(())
}

/// Ways in which the measures of one sector may be combined, at most: the search prices them all.
pub const COMBINATIONS: usize = 4096;

fn check_combinations(file: &Checker, measures: &[Measure]) -> Result<()> {
    for sector in Sector::ALL {
        let mut exclusive: BTreeMap<&str, usize> = BTreeMap::new();
        let mut ways = 1_usize;
        for m in measures.iter().filter(|m| m.sectors.contains(&sector)) {
            match m.exclusive_group() {
                Some(group) => *exclusive.entry(group).or_insert(1) += 1,
                None => ways = ways.saturating_mul(2),
            }
        }
        ways = exclusive.values().fold(ways, |w, n| w.saturating_mul(*n));
        if ways > COMBINATIONS {
            return file.refuse(
                "measure.sectors",
                &format!("{ways} ways to combine the measures on {}", sector.name()),
                &format!("at most {COMBINATIONS}: name fewer measures, or exclusive groups"),
            );
        }
    }
    Ok(())
}
