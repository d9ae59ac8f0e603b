//! What may lawfully be ordered of each part of the register tonight.

use super::measures::{Catalogue, Measure};
use super::register::{Part, Situation};
use super::targets::ReductionRules;
use crate::domain::source::Amounts;
use crate::warning::WarningLevel;
use chrono::{DateTime, Utc};

/// One measure that may act on one part tonight.
#[derive(Debug, Clone)]
pub struct Candidate<'a> {
    pub measure: &'a Measure,
    /// Index of the part.
    pub part: usize,
    /// Factor left on each pollutant, with the protected load, the grade and the voluntary share in it, 0 ..= 1.
    pub factor: Amounts,
    /// An order, or followed voluntarily.
    pub mandatory: bool,
    /// Cost when it is the only measure on the part [yuan per day in force]; an upper estimate when it is not.
    pub cost_yuan_d: f64,
    /// Earliest start of its effect.
    pub from: DateTime<Utc>,
}

/// Which limits of the law and of time are thought away, to find which of them bars a demand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lifted {
    pub grades: bool,
    pub protection: bool,
    pub lead: bool,
    pub conditions: bool,
}

/// The candidates of the situation's level, part by part, those of a part by measure.
///
/// Left out are measures whose side condition is not met, whose effect would come after the period, that may not be ordered of the grade, and
/// those that cut nothing of their part.
pub fn candidates<'a>(
    catalogue: &'a Catalogue,
    rules: &ReductionRules,
    situation: &Situation,
    parts: &[Part],
    lifted: Lifted,
) -> Vec<Candidate<'a>> {
    let level = situation.level;
    let mut found = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        for measure in catalogue.measures.iter().filter(|m| m.acts_on(part.source, part.entry)) {
            let Some(left) = measure.left_at(level).filter(|_| level > WarningLevel::None) else { continue };
            let order = situation.period.0;
            let from = if lifted.lead { order } else { measure.earliest_start(order, measure.lead_h) };
            // NaN (no temperature) never passes: without a forecast of it nothing is watered.
            let coldest = situation.conditions.minimum_temperature_c;
            let allowed = lifted.conditions || measure.temperature_above_c.is_none_or(|limit| coldest > limit);
            if !allowed || from >= situation.period.1 {
                continue;
            }
            let mandatory = measure.mandatory_at(level);
            let share = match (mandatory, lifted.grades) {
                (true, true) => 1.0,
                (true, false) => rules.ordered_share(part.grade, level),
                (false, _) => measure.voluntary_share.unwrap_or(rules.voluntary_share),
            };
            let full = left.factor(if lifted.protection { 0.0 } else { part.minimum_load });
            let factor = full.zip(full, |f, _| share * f + (1.0 - share));
            let cut = part.emission_t_d.zip(factor, |e, f| e * (1.0 - f));
            if !cuts_anything(&cut) {
                continue;
            }
            let cost_yuan_d = match (measure.cost_yuan_t, measure.cost_yuan_d) {
                (Some(per_tonne), _) => per_tonne * rules.pm_equivalent.of(&cut),
                (None, per_day) => per_day.unwrap_or(0.0) * share,
            };
            found.push(Candidate { measure, part: index, factor, mandatory, cost_yuan_d, from });
        }
    }
    found
}

fn cuts_anything(cut: &Amounts) -> bool {
    [cut.so2, cut.nox, cut.co, cut.nh3, cut.nmvoc, cut.pm25, cut.pm10, cut.bc, cut.oc].iter().any(|c| *c > 0.0)
}
