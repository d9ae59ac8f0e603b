//! The rows of the choice: what a list has to reach, each with its amount.
//!
//! Four whole-society fractions of the level, one fall per exceeding window, one floor per county, in this order.
//!
//! **Invariant:** a fraction holds for a whole day with all measures in force. A measure that starts at its earliest hour counts whole; one that
//! starts later counts with the share of its possible hours that it keeps. **Why:** the clauses speak of a reduction of the emission, not of hours; a
//! late start must not reach on paper what it does not cut.

use super::register::{Part, Situation};
use super::targets::{PerTarget, PmEquivalent, ReductionRules, TargetPollutant, counts};
use crate::domain::source::Amounts;

/// What is demanded, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Demands {
    /// Whole-society emission of a day [t d-1].
    pub society_t_d: PerTarget,
    /// The level's fractions of it [t d-1].
    pub required_t_d: PerTarget,
    /// Fall of the model's mean of each window [ug m-3].
    pub windows_ug_m3: Vec<f64>,
    /// County, and its floor in PM-equivalent [t d-1]; only where there is one.
    pub floors: Vec<(u32, f64)>,
}

/// Which kind of demand a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    Society(TargetPollutant),
    /// Index of the window.
    Window(usize),
    /// County.
    Floor(u32),
}

impl Demands {
    /// The demands of a situation.
    pub fn of(rules: &ReductionRules, situation: &Situation, parts: &[Part]) -> Self {
        let society_t_d = whole_society(situation);
        let mut required_t_d = [0.0; 4];
        let mut floors = Vec::new();
        if let Some(target) = rules.level.get(&situation.level) {
            for (k, p) in TargetPollutant::ALL.into_iter().enumerate() {
                required_t_d[k] = target.fraction(p) * society_t_d[k];
            }
            let weight = &rules.pm_equivalent;
            let whole = weighed(weight, &society_t_d);
            let fraction = if whole > 0.0 { weighed(weight, &required_t_d) / whole } else { 0.0 };
            for county in situation.counties.iter().filter(|_| rules.county_floor > 0.0) {
                let of_county = |p: &&Part| p.county.adcode == county.adcode && counts(p.source.sector);
                let emission: f64 =
                    parts.iter().filter(of_county).map(|p| weighed(weight, &per_target(&p.emission_t_d))).sum();
                floors.push((county.adcode, rules.county_floor * fraction * emission));
            }
        }
        let windows_ug_m3 = situation.ranking.iter().map(|w| w.window.fall_needed_ug_m3.max(0.0)).collect();
        Self { society_t_d, required_t_d, windows_ug_m3, floors }
    }

    /// The rows in order.
    pub fn rows(&self) -> Vec<Row> {
        let society = TargetPollutant::ALL.into_iter().map(Row::Society);
        let windows = (0..self.windows_ug_m3.len()).map(Row::Window);
        society.chain(windows).chain(self.floors.iter().map(|(adcode, _)| Row::Floor(*adcode))).collect()
    }

    /// The amounts of the rows.
    pub fn amounts(&self) -> Vec<f64> {
        let floors = self.floors.iter().map(|(_, floor)| *floor);
        self.required_t_d.into_iter().chain(self.windows_ug_m3.iter().copied()).chain(floors).collect()
    }
}

/// The amounts that count for the four targets.
pub fn per_target(amounts: &Amounts) -> PerTarget {
    TargetPollutant::ALL.map(|p| p.of(amounts))
}

/// PM-equivalent of the four target pollutants, in their unit; ammonia has no target and takes no part.
pub fn weighed(weight: &PmEquivalent, amounts: &PerTarget) -> f64 {
    let [so2, nox, pm, voc] = amounts;
    weight.so2 * so2 + weight.nox * nox + weight.pm * pm + weight.voc * voc
}

/// Emission of the counties that targets refer to [t d-1], summed in the order of ids: the list must not depend on the order in
/// which inventories were read.
fn whole_society(situation: &Situation) -> PerTarget {
    let mut sum = [0.0; 4];
    let mut days: Vec<_> = situation.emissions.iter().collect();
    days.sort_by(|a, b| a.source.id.cmp(&b.source.id));
    for day in days {
        if counts(day.source.sector) && situation.counties.iter().any(|c| c.adcode == day.source.adcode) {
            sum.iter_mut().zip(per_target(&day.emission_t_d)).for_each(|(total, e)| *total += e);
        }
    }
    sum
}
