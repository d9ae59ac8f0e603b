//! The list checked from its rows alone, against the law, the register and its own figures.
//!
//! **Invariant:** nothing here is taken from the code that makes the list: every bound and every sum is worked out again from seeds, register,
//! sources and rows. **Why:** an unlawful list is the one error that must not leave the house, and a checker that shares its formulas with the maker shares
//! its mistakes.

mod everyone;
mod rows;

use super::measures::{Catalogue, Measure};
use super::register::Situation;
use super::targets::ReductionRules;
use super::{PlannedMeasure, ReductionPlan};
use crate::domain::register::{Grade, RegisterEntry};
use crate::domain::source::{Amounts, Sector, Source};
use crate::error::{Error, Result};
use chrono::{DateTime, Duration, Utc};
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
    let mut of_source: BTreeMap<&str, Vec<&RegisterEntry>> = BTreeMap::new();
    situation.register.iter().for_each(|e| of_source.entry(&e.source).or_default().push(e));
    let mut check = Check { plan, catalogue, rules, situation, of_source, found: Vec::new() };
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
    /// Entries of each source.
    of_source: BTreeMap<&'a str, Vec<&'a RegisterEntry>>,
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
        let Some(annual) = self.source(&row.source).and_then(|(s, _)| s.strength.annual().copied()) else {
            return self.that(false, row, row.share, "a source with a year");
        };
        let part = |day: f64, year: f64| if year > 0.0 { (365.0 * day / year).min(1.0) } else { 0.0 };
        let states = |e: &RegisterEntry| {
            let d = e.emission_t_d;
            let pm10 = part(d.pm10, annual.pm10);
            let pm25 = if d.pm25 > 0.0 { part(d.pm25, annual.pm25) } else { pm10 };
            let carbon = |day: f64, year: f64| if day > 0.0 { part(day, year) } else { pm25 };
            Amounts {
                so2: part(d.so2, annual.so2),
                nox: part(d.nox, annual.nox),
                co: part(d.co, annual.co),
                nh3: part(d.nh3, annual.nh3),
                nmvoc: part(d.nmvoc, annual.nmvoc),
                pm25,
                pm10,
                bc: carbon(d.bc, annual.bc),
                oc: carbon(d.oc, annual.oc),
            }
        };
        let siblings = self.of_source.get(row.source.as_str()).into_iter().flatten();
        let whole = siblings.fold(Amounts::default(), |sum, e| sum.zip(states(e), |sum, s| sum + s));
        let expected = states(entry).zip(whole, |s, whole| if whole > 1.0 { s / whole } else { s });
        self.that(all(&expected, &row.share, near), row, row.share, "the entry's part of the inventory");
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
            let w = &influence.window;
            let asked = w.fall_needed_ug_m3.max(0.0);
            if (outcome.adcode, outcome.from, outcome.to) != (w.adcode, w.from, w.to)
                || !near(outcome.fall_needed_ug_m3, asked)
            {
                self.fault(&place, outcome.fall_needed_ug_m3, "the window and the fall that the ranking asks for");
            }
            if (fall - outcome.fall_ug_m3).abs() > 1e-6 * fall.abs().max(1e-3) {
                self.fault(&place, outcome.fall_ug_m3, "the fall that the rows make");
            }
            let met = !w.beyond_reach && fall >= outcome.fall_needed_ug_m3 * (1.0 - 1e-6);
            if outcome.met != met {
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
