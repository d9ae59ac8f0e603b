//! The register: tonight's sources joined with the measures that may lawfully act on each.

use super::measures::{Catalogue, Measure};
use super::targets::ReductionRules;
use crate::domain::county::County;
use crate::domain::source::{Amounts, Source};
use crate::warning::WarningLevel;
use chrono::{DateTime, Duration, Utc};

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

/// One measure that may act on one source tonight.
#[derive(Debug, Clone)]
pub struct Candidate<'a> {
    pub measure: &'a Measure,
    pub source: &'a Source,
    pub county: &'a County,
    /// Emission of the source on the first day of the episode [t d-1].
    pub emission_t_d: Amounts,
    /// Factor left on each pollutant, with the protected load and the voluntary share in it, 0 ..= 1.
    pub factor: Amounts,
    /// An order, or followed voluntarily.
    pub mandatory: bool,
    /// Cost when it is the only measure on the source [yuan d-1]; an upper estimate when it is not.
    pub cost_yuan_d: f64,
    /// First hour of its effect: the order plus the lead.
    pub from: DateTime<Utc>,
}

/// The candidates of a level, ordered by county, sector, source and measure.
///
/// Left out are sources outside `counties`, measures whose side condition is not met, whose effect would come after the period,
/// and those that cut nothing of their source.
pub fn candidates<'a>(
    catalogue: &'a Catalogue,
    rules: &ReductionRules,
    level: WarningLevel,
    period: (DateTime<Utc>, DateTime<Utc>),
    emissions: &[SourceDay<'a>],
    counties: &'a [County],
    conditions: &Conditions,
) -> Vec<Candidate<'a>> {
    let mut found = Vec::new();
    for day in emissions {
        let Some(county) = counties.iter().find(|c| c.adcode == day.source.adcode) else { continue };
        for measure in catalogue.measures.iter().filter(|m| m.acts_on(day.source)) {
            let Some(left) = measure.left_at(level).filter(|_| level > WarningLevel::None) else { continue };
            let from = period.0 + Duration::hours(i64::from(measure.lead_h));
            // NaN (no temperature) never passes: without a forecast of it nothing is watered.
            let allowed = measure.temperature_above_c.is_none_or(|limit| conditions.minimum_temperature_c > limit);
            if !allowed || from >= period.1 {
                continue;
            }
            let mandatory = measure.mandatory_at(level);
            let share = if mandatory { 1.0 } else { measure.voluntary_share.unwrap_or(rules.voluntary_share) };
            let full = left.factor(rules.minimum_load(day.source.sector));
            let factor = full.zip(full, |f, _| share * f + (1.0 - share));
            let cut = day.emission_t_d.zip(factor, |e, f| e * (1.0 - f));
            if !cuts_anything(&cut) {
                continue;
            }
            let cost_yuan_d = match (measure.cost_yuan_t, measure.cost_yuan_d) {
                (Some(per_tonne), _) => per_tonne * rules.pm_equivalent.of(&cut),
                (None, per_day) => per_day.unwrap_or(0.0) * share,
            };
            found.push(Candidate {
                measure,
                source: day.source,
                county,
                emission_t_d: day.emission_t_d,
                factor,
                mandatory,
                cost_yuan_d,
                from,
            });
        }
    }
    found.sort_by(|a, b| {
        (a.county.adcode, a.source.sector, &a.source.id, &a.measure.id).cmp(&(
            b.county.adcode,
            b.source.sector,
            &b.source.id,
            &b.measure.id,
        ))
    });
    found
}

fn cuts_anything(cut: &Amounts) -> bool {
    [cut.so2, cut.nox, cut.co, cut.nh3, cut.nmvoc, cut.pm25, cut.pm10, cut.bc, cut.oc].iter().any(|c| *c > 0.0)
}
