//! What a scheme would have warned of in a past record of daily values: natural days, each known beforehand.

use super::classes::{Ladder, UNJUDGED};
use super::episode::{Judge, Points};
use super::rules::Scheme;
use super::{Response, WarningLevel};
use crate::domain::daily::DailyValue;
use crate::domain::pollutant::Pollutant;
use chrono::{Duration, NaiveDate};
use serde::Serialize;

/// A warning that a scheme would have called for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PastWarning {
    pub level: WarningLevel,
    /// First and last Beijing day of the episodes behind it.
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// Days from the first to the last above the scheme's lowest threshold of the level reached.
    pub exceeding_days: u32,
    pub worst_aqi: u16,
    pub worst_day: NaiveDate,
    /// Largest day mean of PM2.5 among the exceeding days.
    pub pm25_ug_m3: Option<f64>,
    /// Primary pollutants of the exceeding days.
    pub primary: Vec<Pollutant>,
    pub response: Response,
    /// Ids of the rules that fired.
    pub rules: Vec<String>,
    /// Whether episodes with a gap too short for lifting were counted as one.
    pub merged: bool,
}

/// Days without a value between the first and the last day are not judged.
struct Days<'a> {
    first: NaiveDate,
    values: Vec<Option<&'a DailyValue>>,
}

impl<'a> Days<'a> {
    fn of(record: &'a [DailyValue]) -> Option<Self> {
        let (first, last) = (record.iter().map(|d| d.day).min()?, record.iter().map(|d| d.day).max()?);
        let mut values = vec![None; (last - first).num_days() as usize + 1];
        for d in record {
            values[(d.day - first).num_days() as usize] = Some(d);
        }
        Some(Self { first, values })
    }

    fn day(&self, point: usize) -> NaiveDate {
        self.first + Duration::days(point as i64)
    }
}

/// The warnings of `scheme` over a record, in time. A later episode belongs to the warning before it while that may not be lifted.
pub fn replay(record: &[DailyValue], scheme: &Scheme) -> Vec<PastWarning> {
    let Some(days) = Days::of(record) else { return Vec::new() };
    let ladder = Ladder::of(scheme);
    let judge = Judge::new(scheme, &ladder);
    let class: Vec<u8> = days.values.iter().map(|d| ladder.class(d.and_then(|d| d.aqi.aqi))).collect();
    let mut met = judge.met(Points { class: &class, step: 24 }, 0);
    met.sort_by_key(|m| (m.episodes[0].first, m.episodes[0].last));
    // clean days in a row after which a warning is lifted
    let lifted_after = scheme.lift.hours / 24 + 1;
    let lifted_between = |a: usize, b: usize| {
        let clean = |c: &u8| *c != UNJUDGED && *c < judge.lift_class();
        let longest = class[a..b].split(|c| !clean(c)).map(<[u8]>::len).max().unwrap_or(0);
        longest as u32 >= lifted_after
    };
    let mut out: Vec<Group> = Vec::new();
    for m in &met {
        let (episode, rule) = (&m.episodes[0], &scheme.rules[m.rule]);
        let same = out.last().is_some_and(|g| episode.first <= g.last || !lifted_between(g.last + 1, episode.first));
        if !same {
            let group = Group { first: episode.first, last: episode.last, rules: Vec::new(), merged: false };
            out.push(group);
        }
        let group = out.last_mut().expect("just pushed");
        group.last = group.last.max(episode.last);
        group.rules.push(rule);
        group.merged |= episode.merged;
    }
    out.iter().map(|g| g.warning(&days, &class, &ladder, scheme)).collect()
}

struct Group<'a> {
    first: usize,
    last: usize,
    rules: Vec<&'a super::rules::Rule>,
    merged: bool,
}

impl Group<'_> {
    fn warning(&self, days: &Days, class: &[u8], ladder: &Ladder, scheme: &Scheme) -> PastWarning {
        let level = self.rules.iter().map(|r| r.level).max().unwrap_or(WarningLevel::None);
        let deciding = self.rules.iter().filter(|r| r.level == level);
        let threshold = deciding.map(|r| ladder.class_above(r.all_of[0].aqi_above)).min().unwrap_or(u8::MAX);
        let exceeding: Vec<usize> = (self.first..=self.last).filter(|p| class[*p] >= threshold).collect();
        let values = || exceeding.iter().filter_map(|p| Some((*p, days.values[*p]?)));
        let worst = values().max_by_key(|(p, d)| (d.aqi.aqi, std::cmp::Reverse(*p)));
        let mut primary: Vec<Pollutant> = values().flat_map(|(_, d)| d.aqi.primary.iter().copied()).collect();
        primary.sort();
        primary.dedup();
        let mut rules: Vec<String> = self.rules.iter().map(|r| r.id.clone()).collect();
        rules.sort();
        rules.dedup();
        let cuts = primary.iter().any(|p| scheme.pollutant.emission_response.contains(p));
        PastWarning {
            level,
            from: days.day(self.first),
            to: days.day(self.last),
            exceeding_days: exceeding.len() as u32,
            worst_aqi: worst.and_then(|(_, d)| d.aqi.aqi).unwrap_or(0),
            worst_day: days.day(worst.map_or(self.first, |(p, _)| p)),
            pm25_ug_m3: values().filter_map(|(_, d)| d.concentrations.pm25_ug_m3).reduce(f64::max),
            primary,
            response: match (cuts, level) {
                (false, _) => Response::HealthAdviceOnly,
                (true, l) if l >= WarningLevel::Yellow => Response::EmissionReduction,
                (true, _) => Response::Voluntary,
            },
            rules,
            merged: self.merged,
        }
    }
}
