//! The list checked from its rows alone, against the law, the register and its own figures.
//!
//! **Invariant:** nothing here is taken from the code that makes the list: every bound and every sum is worked out again from seeds, register,
//! sources and rows. **Why:** an unlawful list is the one error that must not leave the house, and a checker that shares its formulas with the maker shares
//! its mistakes.

use super::measures::{Catalogue, Measure};
use super::register::Situation;
use super::targets::ReductionRules;
use super::{PlannedMeasure, ReductionPlan};
use crate::calendar::beijing_local;
use crate::domain::register::{Family, Grade, RegisterEntry};
use crate::domain::source::{Amounts, Sector, Source, Strength};
use crate::error::{Error, Result};
use chrono::{DateTime, Duration, NaiveTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// Relative distance within which two sums of the same terms are the same.
const SAME: f64 = 1e-9;

/// Refuses an unlawful list.
///
/// # Errors
/// `Unstable` with the first violation: the maker of the list has a fault, which is to be reported.
pub fn refuse_unlawful(
    plan: &ReductionPlan,
    catalogue: &Catalogue,
    rules: &ReductionRules,
    situation: &Situation,
) -> Result<()> {
    match violations(plan, catalogue, rules, situation).into_iter().next() {
        None => Ok(()),
        Some(v) => Err(Error::Unstable {
            process: "the check of the reduction list".into(),
            place: v.place,
            found: v.found,
            expected: v.expected.into(),
        }),
    }
}

/// One thing that is not lawful, or not what the list says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// Measure and entry, or the figure.
    pub place: String,
    pub found: String,
    pub expected: &'static str,
}

/// Everything that is wrong with a list.
pub fn violations(
    plan: &ReductionPlan,
    catalogue: &Catalogue,
    rules: &ReductionRules,
    situation: &Situation,
) -> Vec<Violation> {
    let mut check = Check { plan, catalogue, rules, situation, found: Vec::new() };
    for row in &plan.measures {
        check.row(row);
    }
    check.entries();
    check.whole_counties();
    check.sums();
    check.targets();
    check.windows();
    check.floors();
    check.found
}

struct Check<'a> {
    plan: &'a ReductionPlan,
    catalogue: &'a Catalogue,
    rules: &'a ReductionRules,
    situation: &'a Situation<'a>,
    found: Vec<Violation>,
}

/// Who a row speaks of.
type Who<'r> = (&'r str, Option<&'r str>);

fn who(row: &PlannedMeasure) -> Who<'_> {
    (&row.source, row.entry.as_deref())
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= SAME * a.abs().max(b.abs()).max(1e-9)
}

fn all(a: &Amounts, b: &Amounts, holds: impl Fn(f64, f64) -> bool) -> bool {
    a.zip(*b, |x, y| f64::from(u8::from(!holds(x, y)))).sum() == 0.0
}

fn span_h(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    (to - from).num_seconds() as f64 / 3600.0
}

impl Check<'_> {
    fn fault(&mut self, place: impl Into<String>, found: impl std::fmt::Debug, expected: &'static str) {
        self.found.push(Violation { place: place.into(), found: format!("{found:?}"), expected });
    }

    fn that(&mut self, holds: bool, row: &PlannedMeasure, found: impl std::fmt::Debug, expected: &'static str) {
        if !holds {
            let place = format!("{} on {} {}", row.measure, row.source, row.entry.as_deref().unwrap_or_default());
            self.fault(place, found, expected);
        }
    }

    fn measure(&self, id: &str) -> Option<&Measure> {
        self.catalogue.measures.iter().find(|m| m.id == id)
    }

    fn source(&self, id: &str) -> Option<(&Source, Amounts)> {
        self.situation.emissions.iter().find(|d| d.source.id == id).map(|d| (d.source, d.emission_t_d))
    }

    fn entry(&self, id: &str) -> Option<&RegisterEntry> {
        self.situation.register.iter().find(|e| e.id == id)
    }

    /// Emission of a row's entry on the first day [t d-1], by its own share.
    fn emission(&self, row: &PlannedMeasure) -> Amounts {
        self.source(&row.source).map_or(Amounts::default(), |(_, e)| e.zip(row.share, |e, s| e * s))
    }

    /// Least share of the load that stays.
    fn minimum_load(&self, row: &PlannedMeasure) -> f64 {
        let by_sector = self.rules.protected.iter().filter(|p| p.sectors.contains(&row.sector)).map(|p| p.minimum_load);
        let own = row.entry.as_deref().and_then(|id| self.entry(id)).and_then(|e| e.protection).map(|(_, load)| load);
        by_sector.chain(own).fold(0.0, f64::max)
    }

    /// Share of a cut that may be ordered of a grade.
    fn ordered(&self, grade: Option<Grade>) -> f64 {
        let Some(grade) = grade else { return 1.0 };
        let rule = self.rules.grade.get(&grade);
        let at_or_below = rule.and_then(|r| r.ordered.iter().rfind(|(level, _)| **level <= self.situation.level));
        at_or_below.map_or(0.0, |(_, share)| *share)
    }

    /// One row on its own.
    fn row(&mut self, row: &PlannedMeasure) {
        let situation = self.situation;
        let Some(source) = situation.emissions.iter().find(|d| d.source.id == row.source).map(|d| d.source) else {
            return self.that(false, row, &row.source, "a source of the inventory");
        };
        let (sector, adcode) = (source.sector, source.adcode);
        let Some(measure) = self.measure(&row.measure).cloned() else {
            return self.that(false, row, &row.measure, "a measure of the catalogue");
        };
        let named = situation.register.iter().any(|e| e.source == row.source);
        let entry = row.entry.as_deref().map(|id| self.entry(id).cloned());
        let belongs = match &entry {
            Some(Some(e)) => e.source == row.source && e.grade == row.grade && e.family == row.family,
            Some(None) => false,
            None => row.grade.is_none() && (!named || matches!(source.strength, Strength::Rate { .. })),
        };
        self.that(belongs, row, &row.entry, "an entry of the register that is part of the source");
        self.that(row.sector == sector && row.adcode == adcode, row, row.adcode, "sector and county of the source");
        self.that(situation.counties.iter().any(|c| c.adcode == adcode), row, adcode, "a county of the region");
        let being = Being { source, entry: entry.as_ref().and_then(Option::as_ref), emission: Amounts::default() };
        self.that(being.addressed(&measure), row, row.family, "one on whom the measure acts");
        self.hours(row, &measure);
        self.strength(row, &measure);
    }

    /// When it is in force.
    fn hours(&mut self, row: &PlannedMeasure, measure: &Measure) {
        let (order, end) = self.situation.period;
        self.that(row.from >= order + Duration::hours(i64::from(measure.lead_h)), row, row.from, "the lead kept");
        self.that(row.to == end && row.from < row.to, row, row.to, "the end of the episode, after the start");
        if let (Some(hour), Some(earliest)) = (measure.earliest_hour, row.earliest_from) {
            let local = beijing_local(earliest);
            let since_midnight = local - local.date().and_time(NaiveTime::MIN);
            self.that(since_midnight >= Duration::hours(i64::from(hour)), row, earliest, "its hour of the day kept");
        }
        self.that(row.earliest_from.is_some_and(|e| e <= row.from), row, row.earliest_from, "an earliest start");
        if let Some(limit) = measure.temperature_above_c {
            let coldest = self.situation.conditions.minimum_temperature_c;
            self.that(coldest > limit, row, coldest, "warmth enough: nothing is watered where it would ice");
        }
    }

    /// How much it takes.
    fn strength(&mut self, row: &PlannedMeasure, measure: &Measure) {
        let level = self.situation.level;
        let mandatory = measure.mandatory_from.is_some_and(|from| from <= level);
        self.that(row.mandatory == mandatory, row, row.mandatory, "an order from its level on, voluntary below");
        let Some((_, left)) = measure.left.iter().rfind(|(at, _)| **at <= level) else {
            return self.that(false, row, level, "a level at which the measure exists");
        };
        let share = if mandatory {
            self.ordered(row.grade)
        } else {
            measure.voluntary_share.unwrap_or(self.rules.voluntary_share)
        };
        let least = |stays: Option<f64>| 1.0 - share * (1.0 - stays.unwrap_or(1.0)) - 1e-12;
        let f = row.factor;
        let lawful = match left.load {
            Some(load) => all(&f, &Amounts::all(least(Some(load))), |f, l| f >= l),
            None => {
                f.so2 >= least(left.so2)
                    && f.nox >= least(left.nox)
                    && f.co >= least(left.co)
                    && f.nh3 >= least(left.nh3)
                    && f.nmvoc >= least(left.voc)
                    && [f.pm25, f.pm10, f.bc, f.oc].iter().all(|f| *f >= least(left.pm))
            }
        };
        self.that(lawful, row, f, "no more than measure, grade and participation allow");
        if left.load.is_some() {
            let minimum = self.minimum_load(row);
            let kept = all(&f, &Amounts::all(minimum), |f, least| f >= least);
            self.that(kept, row, f, "the protected minimum load kept");
        }
        self.that(all(&f, &Amounts::all(1.0), |f, one| (0.0..=one).contains(&f)), row, f, "factors of 0..=1");
    }

    /// What the rows of one entry do together, and the entries of one source.
    fn entries(&mut self) {
        let mut of_entry: BTreeMap<Who, Vec<&PlannedMeasure>> = BTreeMap::new();
        self.plan.measures.iter().for_each(|row| of_entry.entry(who(row)).or_default().push(row));
        let mut shares: BTreeMap<&str, Amounts> = BTreeMap::new();
        for ((source, entry), rows) in &of_entry {
            let share = rows[0].share;
            shares.entry(source).and_modify(|s| *s = s.zip(share, |a, b| a + b)).or_insert(share);
            let mut ids = BTreeSet::new();
            let mut groups = BTreeSet::new();
            let mut left = self.emission(rows[0]);
            for row in rows {
                self.that(ids.insert(&row.measure), row, &row.measure, "each measure once on an entry");
                let group = self.measure(&row.measure).and_then(|m| {
                    if m.left.values().any(|l| l.load.is_some()) { Some("load".to_owned()) } else { m.group.clone() }
                });
                let alone = group.is_none_or(|g| groups.insert(g));
                self.that(alone, row, entry, "one measure of an exclusive group on an entry");
                self.that(row.share == share, row, row.share, "one share for all rows of an entry");
                let cut = left.zip(row.factor, |e, f| e - e * f);
                self.that(all(&cut, &row.cut_t_d, near), row, row.cut_t_d, "the cut that its factor makes");
                left = left.zip(row.factor, |e, f| e * f);
            }
            self.share(rows[0]);
        }
        for (source, share) in shares {
            if !all(&share, &Amounts::all(1.0 + 1e-6), |s, most| s <= most) {
                self.fault(source, share, "entries that are no more than their source");
            }
        }
    }

    /// The share that a row states against register and inventory.
    fn share(&mut self, row: &PlannedMeasure) {
        let Some(entry) = row.entry.as_deref().and_then(|id| self.entry(id)) else {
            return self.that(row.share == Amounts::all(1.0), row, row.share, "the whole source");
        };
        let Some((Strength::Annual(annual), _)) = self.source(&row.source).map(|(s, e)| (s.strength.clone(), e)) else {
            return self.that(false, row, row.share, "a source with a year");
        };
        let part = |day: f64, year: f64, share: f64| year <= 0.0 || near((365.0 * day / year).min(1.0), share);
        let (e, s) = (entry.emission_t_d, row.share);
        let holds = part(e.so2, annual.so2, s.so2)
            && part(e.nox, annual.nox, s.nox)
            && part(e.pm25, annual.pm25, s.pm25)
            && part(e.pm10, annual.pm10, s.pm10)
            && part(e.nmvoc, annual.nmvoc, s.nmvoc);
        self.that(holds, row, s, "the entry's part of the inventory");
    }

    /// Measures that a county has as a whole or not at all, and those that always stand.
    fn whole_counties(&mut self) {
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
        for m in &self.catalogue.measures {
            for being in self.beings() {
                let expected = m.standing || starts.contains_key(&(being.source.adcode, m.id.as_str()));
                let who = (being.source.id.as_str(), being.entry.map(|e| e.id.as_str()));
                if expected
                    && self.possible(m)
                    && being.addressed(m)
                    && self.cuts(m, &being)
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
            if let Strength::Annual(annual) = day.source.strength {
                for entry in self.situation.register.iter().filter(|e| e.source == day.source.id) {
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

    /// Costs and cuts of the whole list.
    fn sums(&mut self) {
        let plan = self.plan;
        let (mut day, mut whole, mut cut) = (0.0, 0.0, Amounts::default());
        for row in &plan.measures {
            let (cost_d, cost) = self.costs(row);
            self.that(near(cost_d, row.cost_yuan_d), row, row.cost_yuan_d, "the cost of the catalogue");
            self.that(near(cost, row.cost_yuan), row, row.cost_yuan, "the cost of its hours");
            day += row.cost_yuan_d;
            whole += row.cost_yuan;
            cut = cut.zip(row.cut_t_d, |a, b| a + b);
        }
        if !near(day, plan.cost_yuan_d) {
            self.fault("cost_yuan_d", plan.cost_yuan_d, "the sum of its rows");
        }
        if !all(&cut, &plan.cut_t_d, near) {
            self.fault("cut_t_d", plan.cut_t_d, "the sum of its rows");
        }
        if let Some(proof) = &plan.proof {
            if !near(whole, proof.cost_yuan) {
                self.fault("proof.cost_yuan", proof.cost_yuan, "the sum of its rows");
            }
            if proof.bound_yuan > proof.cost_yuan * (1.0 + SAME) {
                self.fault("proof.bound_yuan", proof.bound_yuan, "a bound that is not above the cost");
            }
        }
    }

    /// Cost of a row [yuan d-1] and over its hours [yuan].
    fn costs(&self, row: &PlannedMeasure) -> (f64, f64) {
        let Some(m) = self.measure(&row.measure) else { return (0.0, 0.0) };
        let w = &self.rules.pm_equivalent;
        let c = self.emission(row).zip(row.factor, |e, f| e * (1.0 - f));
        let equivalent = w.so2 * c.so2 + w.nox * c.nox + w.nh3 * c.nh3 + w.voc * c.nmvoc + w.pm * c.pm10;
        let share = if row.mandatory {
            self.ordered(row.grade)
        } else {
            m.voluntary_share.unwrap_or(self.rules.voluntary_share)
        };
        let day = m.cost_yuan_t.map_or(m.cost_yuan_d.unwrap_or(0.0) * share, |per_t| per_t * equivalent);
        (day, day * span_h(row.from, row.to) / 24.0)
    }

    /// Cut of rows that counts towards the level's fractions: SO2, NOx, PM, VOC [t d-1].
    fn counted(&self, in_county: Option<u32>) -> [f64; 4] {
        let mut sum = [0.0; 4];
        let rows = self.plan.measures.iter().filter(|r| r.sector != Sector::Fire);
        for row in rows.filter(|r| in_county.is_none_or(|c| c == r.adcode)) {
            let possible = row.earliest_from.map_or(f64::NAN, |e| span_h(e, row.to));
            let kept = span_h(row.from, row.to) / possible;
            let c = row.cut_t_d;
            sum.iter_mut().zip([c.so2, c.nox, c.pm10, c.nmvoc]).for_each(|(s, v)| *s += kept * v);
        }
        sum
    }

    /// The level's fractions.
    fn targets(&mut self) {
        let plan = self.plan;
        let cut = self.counted(None);
        let mut society = [0.0; 4];
        for day in self.situation.emissions {
            let here = self.situation.counties.iter().any(|c| c.adcode == day.source.adcode);
            if here && day.source.sector != Sector::Fire {
                let e = day.emission_t_d;
                society.iter_mut().zip([e.so2, e.nox, e.pm10, e.nmvoc]).for_each(|(s, v)| *s += v);
            }
        }
        let demanded =
            self.rules.level.get(&self.situation.level).map_or(Vec::new(), |l| vec![l.so2, l.nox, l.pm, l.voc]);
        if plan.targets.len() != demanded.len() {
            self.fault("targets", plan.targets.len(), "one for each pollutant of the level");
        }
        for (k, (t, demanded)) in plan.targets.iter().zip(demanded).enumerate() {
            let reached = if society[k] > 0.0 { cut[k] / society[k] } else { 0.0 };
            let demand = if society[k] > 0.0 { demanded } else { 0.0 };
            if !near(reached, t.reached_fraction) {
                self.fault(&t.pollutant, t.reached_fraction, "the fraction that the rows cut");
            }
            if t.met != (reached >= demand * (1.0 - 1e-10)) {
                self.fault(&t.pollutant, (t.met, reached), "met where the demand is reached, and only there");
            }
            if t.required_fraction != demanded {
                self.fault(&t.pollutant, t.required_fraction, "the fraction that the level demands");
            }
        }
    }

    /// The falls of the windows, hour by hour.
    fn windows(&mut self) {
        let plan = self.plan;
        if plan.windows.len() != self.situation.ranking.len() {
            self.fault("windows", plan.windows.len(), "one for each window of the ranking");
        }
        for (outcome, influence) in plan.windows.iter().zip(self.situation.ranking) {
            let mut fall = 0.0;
            for source in &influence.sources {
                let rows: Vec<_> = plan.measures.iter().filter(|r| r.source == source.source).collect();
                let entries: BTreeSet<Option<&str>> = rows.iter().map(|r| r.entry.as_deref()).collect();
                for (h, added) in source.added_by_hour.iter().enumerate() {
                    let t = influence.first_hour + Duration::hours(h as i64);
                    for entry in &entries {
                        let active = rows.iter().filter(|r| r.entry.as_deref() == *entry && r.from <= t && t < r.to);
                        let mut left = Amounts::all(1.0);
                        let mut share = Amounts::default();
                        for row in active {
                            left = left.zip(row.factor, |a, b| a * b);
                            share = row.share;
                        }
                        let taken = added.zip(share, |a, s| a * s).zip(left, |a, f| a * (1.0 - f));
                        fall += taken.sum();
                    }
                }
            }
            let place = format!("window of {} from {}", outcome.adcode, outcome.from);
            if (fall - outcome.fall_ug_m3).abs() > 1e-6 * fall.abs().max(1e-3) {
                self.fault(&place, outcome.fall_ug_m3, "the fall that the rows make");
            }
            if outcome.met != (fall >= outcome.fall_needed_ug_m3 * (1.0 - 1e-6)) {
                self.fault(&place, (outcome.met, fall), "met where the fall is reached, and only there");
            }
        }
    }

    /// The floors of the counties.
    fn floors(&mut self) {
        let w = self.rules.pm_equivalent.clone();
        for floor in &self.plan.floors {
            let [so2, nox, pm, voc] = self.counted(Some(floor.adcode));
            let reached = w.so2 * so2 + w.nox * nox + w.pm * pm + w.voc * voc;
            let place = format!("floor of {}", floor.adcode);
            if !near(reached, floor.reached_t_d) {
                self.fault(&place, floor.reached_t_d, "what the rows of the county cut");
            }
            if floor.met != (reached >= floor.required_t_d * (1.0 - 1e-10)) {
                self.fault(&place, (floor.met, reached), "met where the floor is reached, and only there");
            }
        }
    }
}

/// Someone who can be ordered: an entry, or a source that the register does not name.
struct Being<'a> {
    source: &'a Source,
    entry: Option<&'a RegisterEntry>,
    /// Above zero where the entry emits [t d-1].
    emission: Amounts,
}

impl Being<'_> {
    /// Whether a measure is addressed to it.
    fn addressed(&self, m: &Measure) -> bool {
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
