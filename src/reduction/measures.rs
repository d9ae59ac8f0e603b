//! The catalogue of measures: `seeds/measures.toml`.
//!
//! **Invariant:** two measures of one exclusive group that share a sector are ordered at every level: one leaves no more of any
//! pollutant than the other. **Why:** the strictest choice is then the strictest in every pollutant, so what all lawful measures
//! together reach is one number per pollutant and is reached by one list.

mod validity;

use super::targets::Checker;
use crate::calendar::beijing_local;
use crate::domain::register::{Family, Grade, RegisterEntry};
use crate::domain::scenario::Inventoried;
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
        let left = |p: Inventoried| match p {
            Inventoried::So2 => self.so2,
            Inventoried::Nox => self.nox,
            Inventoried::Co => self.co,
            Inventoried::Nh3 => self.nh3,
            Inventoried::Voc => self.voc,
            Inventoried::Pm => self.pm,
        };
        Inventoried::factors(|p| left(p).unwrap_or(1.0))
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
    /// Cost [yuan d-1 per entry of the register, or per source that it does not name].
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
    /// What is left at `level`; `None` below its lowest entry.
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

/// Ways in which the measures of one sector may be combined, at most: the search prices them all.
pub const COMBINATIONS: usize = 4096;

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
            validity::measure(&file, m)?;
            if !seen.insert(m.id.as_str()) {
                return file.refuse("measure.id", &m.id, "an id that is unique");
            }
        }
        measures.sort_by(|a, b| a.id.cmp(&b.id));
        validity::groups(&file, &measures)?;
        validity::combinations(&file, &measures)?;
        Ok(Self { measures })
    }
}
