//! Tonight's sources joined with the register: who can be ordered, and how much of a source each is.

use super::ranking::WindowInfluence;
use super::targets::ReductionRules;
use crate::domain::county::County;
use crate::domain::register::{DAYS_PER_YEAR, Family, Grade, RegisterEntry};
use crate::domain::source::{Amounts, Source};
use crate::warning::WarningLevel;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// What a source emits on the first day of the episode.
#[derive(Debug, Clone, Copy)]
pub struct SourceDay<'a> {
    pub source: &'a Source,
    /// Emission of that day without any measure [t d-1].
    pub emission_t_d: Amounts,
}

/// Conditions on which side conditions of measures depend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conditions {
    /// Lowest 2 m temperature forecast in the region over the period [degC]. NaN where it is not known: measures that need a
    /// temperature are then left out.
    pub minimum_temperature_c: f64,
}

/// What a list is made for.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    pub level: WarningLevel,
    /// The order, and the end of the measures.
    pub period: (DateTime<Utc>, DateTime<Utc>),
    /// Sources of the region with their day; ids are unique.
    pub emissions: &'a [SourceDay<'a>],
    pub counties: &'a [County],
    pub conditions: Conditions,
    /// Empty: each source is one entry of its own.
    pub register: &'a [RegisterEntry],
    /// What each hour of each source adds to the windows that are to be averted; empty: the level's fractions are all that is demanded.
    pub ranking: &'a [WindowInfluence],
}

/// Who can be ordered: an entry of the register, or a source that the register does not name.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    pub source: &'a Source,
    pub entry: Option<&'a RegisterEntry>,
    pub county: &'a County,
    pub family: Family,
    pub grade: Option<Grade>,
    /// Share of the source's emission of each pollutant, 0 ..= 1.
    pub share: Amounts,
    /// Emission of the first day of the episode [t d-1].
    pub emission_t_d: Amounts,
    /// Least share of the load that stays, by the sector's rule and the entry's own protection, 0 ..= 1.
    pub minimum_load: f64,
}

impl Part<'_> {
    /// What names it in the list.
    pub fn name(&self) -> &str {
        self.entry.map_or(&self.source.name, |e| &e.name)
    }
}

/// Everyone who can be ordered, by county, sector, source and entry. Sources outside the counties are left out, and so is what
/// the entries of a source leave of it: nobody answers for that. Fires of the night are always whole, as no register can name them.
pub fn parts<'a>(rules: &ReductionRules, situation: &Situation<'a>) -> Vec<Part<'a>> {
    let mut entries: BTreeMap<&str, Vec<&RegisterEntry>> = BTreeMap::new();
    for entry in situation.register {
        entries.entry(&entry.source).or_default().push(entry);
    }
    let mut parts = Vec::new();
    for day in situation.emissions {
        let source = day.source;
        let Some(county) = situation.counties.iter().find(|c| c.adcode == source.adcode) else { continue };
        let by_sector = rules.minimum_load(source.sector);
        let annual = source.strength.annual().copied();
        let named = annual.and_then(|annual| entries.get(source.id.as_str()).map(|e| (annual, e)));
        let Some((annual, entries)) = named else {
            parts.push(Part {
                source,
                entry: None,
                county,
                family: Family::of_sector(source.sector),
                grade: None,
                share: Amounts::all(1.0),
                emission_t_d: day.emission_t_d,
                minimum_load: by_sector,
            });
            continue;
        };
        for (entry, share) in entries.iter().zip(shares(entries, &annual)) {
            parts.push(Part {
                source,
                entry: Some(entry),
                county,
                family: entry.family,
                grade: entry.grade,
                share,
                emission_t_d: day.emission_t_d.zip(share, |e, s| e * s),
                minimum_load: entry.protection.map_or(0.0, |(_, load)| load).max(by_sector),
            });
        }
    }
    let key = |p: &Part<'a>| (p.county.adcode, p.source.sector, &p.source.id, p.entry.map(|e| &e.id));
    parts.sort_by(|a, b| key(a).cmp(&key(b)));
    parts
}

/// Shares of a source whose year is `annual` [t a-1] that its `entries` are, together 1 at most: what rounding makes more is taken from all alike.
pub fn shares(entries: &[&RegisterEntry], annual: &Amounts) -> Vec<Amounts> {
    let alone: Vec<Amounts> = entries.iter().map(|e| share(e, annual)).collect();
    let whole = alone.iter().fold(Amounts::default(), |sum, s| sum.zip(*s, |sum, s| sum + s));
    alone.into_iter().map(|s| s.zip(whole, |s, whole| s / whole.max(1.0))).collect()
}

/// Share of a source that one entry states. PM2.5 that is not stated follows PM10, and black and organic carbon follow PM2.5: registers list particles as one.
fn share(entry: &RegisterEntry, annual: &Amounts) -> Amounts {
    let stated = entry.emission_t_d;
    let part = |day: f64, year: f64| if year > 0.0 { (day * DAYS_PER_YEAR / year).clamp(0.0, 1.0) } else { 0.0 };
    let listed = stated.zip(*annual, part);
    let or = |stated: f64, listed: f64, other: f64| if stated > 0.0 { listed } else { other };
    let pm25 = or(stated.pm25, listed.pm25, listed.pm10);
    Amounts { pm25, bc: or(stated.bc, listed.bc, pm25), oc: or(stated.oc, listed.oc, pm25), ..listed }
}
