//! Everyone who can be ordered: what a whole county has, and what always stands.

use super::{Check, Who, who};
use crate::domain::register::{Family, RegisterEntry};
use crate::domain::source::{Amounts, Source};
use crate::reduction::measures::Measure;
use chrono::{DateTime, Duration, Utc};
use std::collections::{BTreeMap, BTreeSet};

impl Check<'_> {
    /// Measures that a county has as a whole or not at all, and those that always stand.
    pub(super) fn whole_counties(&mut self) {
        let plan = self.plan;
        let mut starts: BTreeMap<(u32, &str), BTreeSet<DateTime<Utc>>> = BTreeMap::new();
        let mut held: BTreeSet<(Who, &str)> = BTreeSet::new();
        for row in &plan.measures {
            held.insert((who(row), row.measure.as_str()));
            if self.measure(&row.measure).is_some_and(|m| m.county_wide) {
                starts.entry((row.adcode, row.measure.as_str())).or_default().insert(row.from);
            }
        }
        for ((adcode, id), from) in starts.iter().filter(|(_, from)| from.len() > 1) {
            self.fault(format!("{id} in {adcode}"), from, "one start in the whole county");
        }
        let mut missing = Vec::new();
        let beings = self.beings();
        for m in &self.catalogue.measures {
            for being in &beings {
                let expected = m.standing || starts.contains_key(&(being.source.adcode, m.id.as_str()));
                let who = (being.source.id.as_str(), being.entry.map(|e| e.id.as_str()));
                if expected
                    && self.possible(m)
                    && being.addressed(m)
                    && self.cuts(m, being)
                    && !held.contains(&(who, &m.id))
                {
                    missing.push((format!("{} on {} {}", m.id, who.0, who.1.unwrap_or_default()), m.standing));
                }
            }
        }
        for (place, standing) in missing {
            let expected =
                if standing { "a standing measure" } else { "a county-wide measure on everyone on whom it acts" };
            self.fault(place, "no row", expected);
        }
    }

    /// Everyone who can be ordered.
    fn beings(&self) -> Vec<Being<'_>> {
        let mut out = Vec::new();
        for day in self.situation.emissions {
            if !self.situation.counties.iter().any(|c| c.adcode == day.source.adcode) {
                continue;
            }
            let before = out.len();
            if let Some(annual) = day.source.strength.annual() {
                for entry in self.of_source.get(day.source.id.as_str()).into_iter().flatten() {
                    // of the whole source where the entry states any: enough to know whether something is cut
                    let some = |e: f64, stated: f64| if stated > 0.0 { e } else { 0.0 };
                    let year = annual.zip(entry.emission_t_d, |a, e| a.min(e));
                    out.push(Being {
                        source: day.source,
                        entry: Some(entry),
                        emission: day.emission_t_d.zip(year, some),
                    });
                }
            }
            if out.len() == before {
                out.push(Being { source: day.source, entry: None, emission: day.emission_t_d });
            }
        }
        out
    }

    /// Whether weather and time let a measure be ordered tonight at all.
    fn possible(&self, m: &Measure) -> bool {
        let (order, end) = self.situation.period;
        let warm = m.temperature_above_c.is_none_or(|limit| self.situation.conditions.minimum_temperature_c > limit);
        // the hour of the day may push a start by a day at most
        let wait = if m.earliest_hour.is_some() { 24 } else { 0 };
        warm && order + Duration::hours(i64::from(m.lead_h) + wait) < end
    }

    /// Whether a measure would take anything of someone's emission at all.
    fn cuts(&self, measure: &Measure, being: &Being) -> bool {
        let level = self.situation.level;
        let Some((_, left)) = measure.left.iter().rfind(|(at, _)| **at <= level) else { return false };
        let voluntary = measure.mandatory_from.is_none_or(|from| from > level);
        let share = if voluntary {
            measure.voluntary_share.unwrap_or(self.rules.voluntary_share)
        } else {
            self.ordered(being.entry.and_then(|e| e.grade))
        };
        let by_sector =
            self.rules.protected.iter().filter(|p| p.sectors.contains(&being.source.sector)).map(|p| p.minimum_load);
        let own = being.entry.and_then(|e| e.protection).map(|(_, load)| load);
        let minimum = by_sector.chain(own).fold(0.0, f64::max);
        let e = being.emission;
        let takes = |stays: Option<f64>, emission: f64| stays.is_some_and(|s| s < 1.0) && emission > 0.0;
        let any = e.sum() > 0.0;
        share > 0.0
            && (left.load.is_some_and(|l| l.max(minimum) < 1.0 && any)
                || takes(left.so2, e.so2)
                || takes(left.nox, e.nox)
                || takes(left.co, e.co)
                || takes(left.nh3, e.nh3)
                || takes(left.voc, e.nmvoc)
                || takes(left.pm, e.pm25.max(e.pm10)))
    }
}

/// Someone who can be ordered: an entry, or a source that the register does not name.
pub(super) struct Being<'a> {
    pub source: &'a Source,
    pub entry: Option<&'a RegisterEntry>,
    /// Above zero where the entry emits [t d-1].
    pub emission: Amounts,
}

impl Being<'_> {
    /// Whether a measure is addressed to it.
    pub fn addressed(&self, m: &Measure) -> bool {
        let holds = |words: &[String], text: &str| words.iter().any(|w| text.contains(w.as_str()));
        let name = self.entry.map_or(self.source.name.as_str(), |e| &e.name);
        let industry = self.entry.and_then(|e| e.industry.as_deref()).unwrap_or_default();
        let family = self.entry.map_or(Family::of_sector(self.source.sector), |e| e.family);
        let grade = self.entry.and_then(|e| e.grade);
        m.sectors.contains(&self.source.sector)
            && (m.source_ids_with.is_empty() || holds(&m.source_ids_with, &self.source.id))
            && (m.families.is_empty() || m.families.contains(&family))
            && (m.grades.is_empty() || grade.is_some_and(|g| m.grades.contains(&g)))
            && (m.words.is_empty() || holds(&m.words, name) || holds(&m.words, industry))
    }
}
