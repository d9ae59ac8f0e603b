//! What the measuring devices of stacks (CEMS) reported, held against limits, and how it replaces the estimate of the inventory.

use super::dated::{self, Dated};
use super::source::{Sector, StackHour};
use crate::error::Result;
use crate::seed::Seed;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Milligrams per hour in a kilogram per second.
const MG_H_PER_KG_S: f64 = 3.6e9;
/// Oxygen of air [%], by which concentrations are converted to the reference oxygen.
const AIR_OXYGEN_PERCENT: f64 = 21.0;

/// What a stack emits that is measured and limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StackPollutant {
    So2,
    Nox,
    Pm,
}

impl StackPollutant {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::So2, Self::Nox, Self::Pm];

    /// Name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::So2 => "SO2",
            Self::Nox => "NOx",
            Self::Pm => "PM",
        }
    }
}

/// Values of the three pollutants [mg m-3]; `None`: not measured, not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct StackValues {
    pub so2: Option<f64>,
    pub nox: Option<f64>,
    pub pm: Option<f64>,
}

impl StackValues {
    /// One of them.
    pub fn get(&self, p: StackPollutant) -> Option<f64> {
        match p {
            StackPollutant::So2 => self.so2,
            StackPollutant::Nox => self.nox,
            StackPollutant::Pm => self.pm,
        }
    }
}

/// An hourly mean of one stack.
#[derive(Debug, Clone, PartialEq)]
pub struct StackReading {
    /// Id of the source in the inventory.
    pub source: String,
    /// Begin of the hour, UTC.
    pub start: DateTime<Utc>,
    /// As measured in dry gas at standard conditions [mg m-3].
    pub mg_m3: StackValues,
    /// Flow of dry gas at standard conditions [m3 h-1].
    pub flow_m3_h: Option<f64>,
    /// Temperature of the gas [degC].
    pub temperature_c: Option<f64>,
    /// Oxygen in the dry gas [%]; `None`: the concentrations are at the reference oxygen already.
    pub oxygen_percent: Option<f64>,
    /// Load of the furnace [% of its capacity].
    pub load_percent: Option<f64>,
    /// Limits of this stack where the file states them [mg m-3].
    pub limits_mg_m3: StackValues,
}

impl StackReading {
    /// Rates [kg s-1]; nothing where no flow was measured.
    pub fn rates(&self) -> StackHour {
        let rate = |c: Option<f64>| Some(c? * self.flow_m3_h? / MG_H_PER_KG_S);
        StackHour { so2: rate(self.mg_m3.so2), nox: rate(self.mg_m3.nox), particles: rate(self.mg_m3.pm) }
    }

    /// Whether a rate of any pollutant was measured.
    pub fn measures(&self) -> bool {
        self.rates() != StackHour::default()
    }
}

/// Limits of a sector's stacks.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StackLimit {
    pub id: String,
    pub sectors: Vec<Sector>,
    so2_mg_m3: f64,
    nox_mg_m3: f64,
    pm_mg_m3: f64,
    /// Reference oxygen [%].
    oxygen_percent: f64,
    valid_from: NaiveDate,
    #[serde(default)]
    valid_to: Option<NaiveDate>,
    pub clause: String,
    source: String,
    #[serde(rename = "verified")]
    _verified: bool,
}

impl Dated for StackLimit {
    fn valid_from(&self) -> NaiveDate {
        self.valid_from
    }

    fn valid_to(&self) -> Option<NaiveDate> {
        self.valid_to
    }
}

/// What tells that a furnace idles: any of these is enough.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct IdleRule {
    /// Flow [m3 h-1] and load [%] up to these.
    flow_m3_h: f64,
    load_percent: f64,
    /// Oxygen [%] from this on: the stack holds air, in which a concentration at the reference oxygen means nothing.
    oxygen_percent: f64,
    source: String,
    #[serde(rename = "verified")]
    _verified: bool,
}

/// A limit that was exceeded in an hour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Exceedance {
    pub source: String,
    pub adcode: u32,
    /// End of the hour, UTC.
    pub end: DateTime<Utc>,
    pub pollutant: StackPollutant,
    /// At the reference oxygen [mg m-3].
    pub value_mg_m3: f64,
    pub limit_mg_m3: f64,
    pub clause: String,
}

/// What a stack's measurements replaced, hour by hour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StackAccount {
    pub source: String,
    pub name: String,
    pub adcode: u32,
    pub sector: Sector,
    /// Hours from the first to the last measured one up to the cycle, and those of them without any measured rate. The estimate holds there, as
    /// after the cycle, and for a pollutant that an hour lacks.
    pub hours: usize,
    pub gaps: usize,
    /// Hours in which the furnace idled, measured or not: held against no limit.
    #[serde(default)]
    pub idle: usize,
    /// Hours in which SO2, NOx and particles were measured; none in records made before.
    #[serde(default)]
    pub measured_hours: [usize; 3],
    /// What was measured in these hours, as concentration times flow, and what the inventory spreads over the same by the sector's profile, with
    /// the weather inside the night's own hours [kg]. Particles are held against PM10. Some hours of a year say nothing of its total.
    pub measured_kg: [f64; 3],
    pub estimated_kg: [f64; 3],
}

/// Measurements at stacks in the night.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StackReport {
    /// Rows of the files that were read, those after the cycle, which are not used, and those of no source of the inventory.
    pub readings: usize,
    pub after_cycle: usize,
    pub unknown: usize,
    pub stacks: Vec<StackAccount>,
    /// By stack and hour.
    pub exceedances: Vec<Exceedance>,
}

/// The limits of `seeds/stack_limits.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StackLimits {
    idle: IdleRule,
    limit: Vec<StackLimit>,
}

impl StackLimits {
    /// Reads the limits of `text`, the content of the file `origin`.
    ///
    /// # Errors
    /// `Invalid` naming the line: not TOML, unknown or missing keys, limits that are none, entries of one sector with a gap or an overlap in time.
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self> {
        let (seed, limits): (_, Self) = Seed::read(text, origin, "limits of stacks")?;
        let root = seed.root();
        let (idle, place) = (&limits.idle, root.table("idle"));
        place.text("source", &idle.source)?;
        let air = 15.0..AIR_OXYGEN_PERCENT;
        place.that(air.contains(&idle.oxygen_percent), "oxygen_percent", idle.oxygen_percent, "15 .. 21")?;
        for (key, v) in [("flow_m3_h", idle.flow_m3_h), ("load_percent", idle.load_percent)] {
            place.that(v.is_finite() && v >= 0.0, key, v, "a number of at least 0")?;
        }
        for (i, l) in limits.limit.iter().enumerate() {
            let place = root.element("limit", i, &l.id);
            for (key, value) in [("id", &l.id), ("clause", &l.clause), ("source", &l.source)] {
                place.text(key, value)?;
            }
            place.that(!l.sectors.is_empty(), "sectors", &l.sectors, "at least one sector")?;
            for (key, v) in [("so2_mg_m3", l.so2_mg_m3), ("nox_mg_m3", l.nox_mg_m3), ("pm_mg_m3", l.pm_mg_m3)] {
                place.that(v > 0.0 && v <= 10_000.0, key, v, "a concentration above 0, at most 10000")?;
            }
            let oxygen = l.oxygen_percent;
            place.that((0.0..AIR_OXYGEN_PERCENT).contains(&oxygen), "oxygen_percent", oxygen, "0 .. 21")?;
        }
        for sector in Sector::ALL {
            let of: Vec<usize> =
                (0..limits.limit.len()).filter(|&i| limits.limit[i].sectors.contains(&sector)).collect();
            let entries: Vec<StackLimit> = of.iter().map(|&i| limits.limit[i].clone()).collect();
            dated::check(&entries, |i| root.element("limit", of[i], &entries[i].id))?;
        }
        Ok(limits)
    }

    /// Limits of a sector on a day; `None` where it has none.
    fn of(&self, sector: Sector, day: NaiveDate) -> Option<&StackLimit> {
        let of: Vec<&StackLimit> = self.limit.iter().filter(|l| l.sectors.contains(&sector)).collect();
        of.iter().rev().find(|l| l.valid_from <= day).or(of.first()).copied()
    }

    /// Whether the furnace idled: next to no flow or load, or air in the stack.
    pub fn idles(&self, reading: &StackReading) -> bool {
        let idle = &self.idle;
        reading.flow_m3_h.is_some_and(|v| v <= idle.flow_m3_h)
            || reading.load_percent.is_some_and(|v| v <= idle.load_percent)
            || reading.oxygen_percent.is_some_and(|v| v >= idle.oxygen_percent)
    }

    /// The limits that a reading of a stack of `sector` in the county `adcode` exceeds; none in an idle hour. Limits of the file go before those
    /// of the sector.
    pub fn exceeded(&self, reading: &StackReading, sector: Sector, adcode: u32, day: NaiveDate) -> Vec<Exceedance> {
        if self.idles(reading) {
            return Vec::new();
        }
        let by_sector = self.of(sector, day);
        let one = |p: StackPollutant| {
            let measured = reading.mg_m3.get(p)?;
            let own = reading.limits_mg_m3.get(p).map(|limit| (limit, "表内限值 (limit of the file)"));
            let general = || {
                let limit = by_sector?;
                let value = match p {
                    StackPollutant::So2 => limit.so2_mg_m3,
                    StackPollutant::Nox => limit.nox_mg_m3,
                    StackPollutant::Pm => limit.pm_mg_m3,
                };
                Some((value, limit.clause.as_str()))
            };
            let (limit_mg_m3, clause) = own.or_else(general)?;
            let reference = by_sector.map(|l| l.oxygen_percent);
            let value_mg_m3 = at_reference(measured, reading.oxygen_percent, reference);
            (value_mg_m3 > limit_mg_m3).then(|| Exceedance {
                source: reading.source.clone(),
                adcode,
                end: reading.start + chrono::Duration::hours(1),
                pollutant: p,
                value_mg_m3,
                limit_mg_m3,
                clause: clause.to_owned(),
            })
        };
        StackPollutant::ALL.into_iter().filter_map(one).collect()
    }
}

/// Concentration at the reference oxygen: `c (21 - reference) / (21 - measured)`; as given where either oxygen is unknown.
fn at_reference(mg_m3: f64, oxygen_percent: Option<f64>, reference: Option<f64>) -> f64 {
    match (oxygen_percent, reference) {
        (Some(measured), Some(reference)) => mg_m3 * (AIR_OXYGEN_PERCENT - reference) / (AIR_OXYGEN_PERCENT - measured),
        _ => mg_m3,
    }
}
