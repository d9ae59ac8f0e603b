//! What the other readings of the open clauses would have called for.

use super::applied::{Applied, Side};
use super::readings::{Bound, Hours};
use super::rules::{DayReading, InnerCondition, Parameters, Scheme, SlidingHours, UpperBound};
use super::{AreaWarning, OtherReading, WarningLevel};
use crate::domain::aqi::AqiReport;
use crate::forecast::CountyForecast;
use chrono::{DateTime, Utc};
use serde::Serialize;

/// Hours of an episode under way in the reading that lets no clean hour pass: its last average lies wholly after the cycle.
const WHOLLY_AHEAD_HOURS: u32 = 24;

/// The name of a value in `seeds/warning.toml`.
fn name<T: Serialize>(value: T) -> String {
    serde_json::to_value(value)
        .map_or_else(|_| String::new(), |v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
}

/// The readings of one county that call for another level than `decided`, each with one parameter changed.
pub(super) fn other_readings(
    applied: &Applied,
    county: &CountyForecast,
    cycle: DateTime<Utc>,
    by_value: WarningLevel,
    called: WarningLevel,
) -> Vec<OtherReading> {
    let p = &applied.scheme.parameter;
    let mut out = Vec::new();
    let mut consider = |parameter: &str, value: String, decided_by: String, level: WarningLevel, clause: &str| {
        // the other parameters are judged on the forecast itself
        let decided = if parameter == "upper_bound" { called } else { by_value };
        if level != decided {
            let (parameter, clause) = (parameter.to_owned(), applied.clause(clause));
            out.push(OtherReading { parameter, value, decided_by, level, clause });
        }
    };
    let level_with = |change: &dyn Fn(&mut Scheme)| {
        let mut scheme = applied.scheme.clone();
        change(&mut scheme);
        let varied = applied.varied(&scheme);
        let look_back = scheme.parameter.observed_hours.value;
        Hours::of(county, cycle, look_back, Bound::Value)
            .map_or(WarningLevel::None, |h| varied.called(&varied.sides(&h)))
    };
    let with = |change: &dyn Fn(&mut Parameters)| level_with(&|s| change(&mut s.parameter));
    for value in [DayReading::Either, DayReading::NaturalDay, DayReading::Sliding24h] {
        let level = with(&|p| p.day.value = value);
        consider("day", name(value), name(p.day.value), level, &p.day.clause);
    }
    for value in [SlidingHours::Covered, SlidingHours::EveryAverage] {
        let level = with(&|p| p.sliding_hours.value = value);
        consider("sliding_hours", name(value), name(p.sliding_hours.value), level, &p.sliding_hours.clause);
    }
    for value in [InnerCondition::Inside, InnerCondition::Anywhere] {
        let level = with(&|p| p.inner_condition.value = value);
        consider("inner_condition", name(value), name(p.inner_condition.value), level, &p.inner_condition.clause);
    }
    let level = with(&|p| p.observed_hours.value = 0);
    consider("observed_hours", name(0), name(p.observed_hours.value), level, &p.observed_hours.clause);
    let level = with(&|p| p.under_way_hours.value = WHOLLY_AHEAD_HOURS);
    consider(
        "under_way_hours",
        name(WHOLLY_AHEAD_HOURS),
        name(p.under_way_hours.value),
        level,
        &p.under_way_hours.clause,
    );
    let merge = &applied.scheme.merge;
    let level = level_with(&|s| s.merge.gap_hours = 0);
    consider("merge.gap_hours", name(0), name(merge.gap_hours), level, &merge.clause);
    let (other, level) = match p.upper_bound.value {
        UpperBound::On => (UpperBound::Off, by_value),
        UpperBound::Off => {
            let upper = upper_bound(applied, county, cycle);
            (UpperBound::On, upper.map_or(by_value, |u| u.level.max(by_value)))
        }
    };
    consider("upper_bound", name(other), name(p.upper_bound.value), level, &p.upper_bound.clause);
    out
}

/// What the natural days at the upper end of the forecast call for.
pub(super) struct UpperEnd {
    pub hours: Hours<'static>,
    /// Natural days only.
    pub sides: [Side; 1],
    pub level: WarningLevel,
}

/// The natural days at the upper end of the forecast, where enough of them are heavy.
pub(super) fn upper_bound(applied: &Applied, county: &CountyForecast, cycle: DateTime<Utc>) -> Option<UpperEnd> {
    let p = &applied.scheme.parameter;
    let heavy = |r: &AqiReport| r.aqi.is_some_and(|a| a > applied.scheme.merge.heavy_aqi);
    let days = county.days.iter().filter(|d| heavy(&d.aqi_upper)).count();
    if days < p.upper_bound_days.value as usize {
        return None;
    }
    let hours = Hours::of(county, cycle, p.observed_hours.value, Bound::Upper)?;
    let [natural, _] = applied.sides(&hours);
    Some(UpperEnd { level: applied.level(&natural), sides: [natural], hours })
}

/// The prefecture's level where one more or one fewer county were needed.
pub(super) fn of_prefecture(scheme: &Scheme, counties: &[AreaWarning], decided: WarningLevel) -> Vec<OtherReading> {
    let mut levels: Vec<WarningLevel> = counties.iter().map(|c| c.level_called).collect();
    levels.sort_by(|a, b| b.cmp(a));
    let needed = scheme.prefecture.counties_needed;
    let other = [needed.saturating_sub(1), needed + 1].into_iter().filter(|n| *n >= 1);
    other
        .map(|n| (n, levels.get(n - 1).copied().unwrap_or(WarningLevel::None)))
        .filter(|(_, level)| *level != decided)
        .map(|(n, level)| OtherReading {
            parameter: "prefecture.counties_needed".into(),
            value: n.to_string(),
            decided_by: needed.to_string(),
            level,
            clause: format!("{} {}", scheme.document, scheme.prefecture.clause),
        })
        .collect()
}
