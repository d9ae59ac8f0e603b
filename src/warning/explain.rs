//! Why this level: every rule with how far it was met, the days, and what would change the level.

use super::applied::{Applied, READINGS};
use super::decide::{Basis, first_day};
use super::readings::{Bound, Hours, points};
use super::rules::Condition;
use super::{Action, AreaWarning, OtherReading, Reading, WarningDecision, WarningLevel};
use crate::domain::pollutant::Pollutant;
use crate::forecast::{CountyForecast, Forecast};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// The account of one area's level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Explanation {
    pub adcode: u32,
    pub name_zh: String,
    pub name_en: String,
    pub scheme: String,
    /// Document, and whether it is confirmed that the region follows it.
    pub document: String,
    pub adoption_verified: bool,
    pub level: WarningLevel,
    pub level_called: WarningLevel,
    pub level_before: WarningLevel,
    pub action: Action,
    /// Every rule under both readings, in the order of the scheme; empty for the prefecture, which follows its counties.
    pub rules: Vec<RuleAccount>,
    /// Natural days in time.
    pub days: Vec<DayAccount>,
    /// What would change the level that the forecast calls for.
    pub changes: Vec<Change>,
    pub other_readings: Vec<OtherReading>,
}

/// How far a rule was met under one reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RuleAccount {
    pub rule: String,
    pub level: WarningLevel,
    pub clause: String,
    pub verified: bool,
    pub reading: Reading,
    /// Whether the reading counts under the scheme's parameters.
    pub counts: bool,
    pub fired: bool,
    pub conditions: Vec<Condition>,
    /// Hours of the longest episode above the first condition's AQI that is not over at the cycle [h].
    pub longest_hours: u32,
    /// First and last hour of it (UTC, hour-ending).
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
}

/// A natural day of the decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DayAccount {
    pub beijing_day: NaiveDate,
    /// `None` where it cannot be stated.
    pub aqi: Option<u16>,
    pub pm25_ug_m3: Option<f64>,
    pub primary: Vec<Pollutant>,
    /// Whether every hour of the day lies before the cycle.
    pub observed: bool,
}

/// A change of all forecast concentrations that would change the level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Change {
    /// Change of every concentration after the cycle [%], negative: lower.
    pub percent: i32,
    /// The level then called for.
    pub level: WarningLevel,
}

/// Changes tried [%].
const LOWEST_PERCENT: i32 = -60;
const HIGHEST_PERCENT: i32 = 100;

/// The accounts of the prefecture and of every county, in the order of the decision.
pub fn explain(basis: &Basis, forecast: &Forecast, decision: &WarningDecision) -> Vec<Explanation> {
    let applied = Applied::of(basis, first_day(forecast));
    let mut out = vec![account(&applied, &decision.prefecture)];
    for (area, county) in decision.counties.iter().zip(&forecast.counties) {
        let mut explanation = account(&applied, area);
        let look_back = applied.scheme.parameter.observed_hours.value;
        if let Some(hours) = Hours::of(county, forecast.cycle, look_back, Bound::Value) {
            explanation.rules = rules(&applied, &hours);
            explanation.days = days(&applied, &hours, county, forecast.cycle);
            explanation.changes = changes(&applied, &hours);
        }
        out.push(explanation);
    }
    out
}

fn account(applied: &Applied, area: &AreaWarning) -> Explanation {
    Explanation {
        adcode: area.adcode,
        name_zh: area.name_zh.clone(),
        name_en: area.name_en.clone(),
        scheme: applied.scheme.id.clone(),
        document: applied.scheme.document.clone(),
        adoption_verified: applied.adoption.verified,
        level: area.level,
        level_called: area.level_called,
        level_before: area.level_before,
        action: area.action,
        rules: Vec::new(),
        days: Vec::new(),
        changes: Vec::new(),
        other_readings: area.other_readings.clone(),
    }
}

fn rules(applied: &Applied, hours: &Hours) -> Vec<RuleAccount> {
    let sides = applied.sides(hours);
    let mut out = Vec::new();
    for (i, rule) in applied.scheme.rules.iter().enumerate() {
        for side in &sides {
            let longest =
                applied.judge.longest(points(side.reading, &side.class), i, applied.ahead(hours, side.reading));
            let covered = longest.map(|e| applied.hours_covered(hours, side, &e));
            out.push(RuleAccount {
                rule: rule.id.clone(),
                level: rule.level,
                clause: rule.clause.clone(),
                verified: rule.verified,
                reading: side.reading,
                counts: applied.counts(side.reading),
                fired: side.met.iter().any(|m| m.rule == i),
                conditions: rule.all_of.clone(),
                longest_hours: longest.map_or(0, |e| e.hours),
                from: covered.map(|c| c.0),
                to: covered.map(|c| c.1),
            });
        }
    }
    out
}

fn days(applied: &Applied, hours: &Hours, county: &CountyForecast, cycle: DateTime<Utc>) -> Vec<DayAccount> {
    let classes = hours.classes(&applied.classifier, applied.aqi);
    let days = hours.read(Reading::NaturalDay, &classes.member(0)).len();
    let one = |point: usize| {
        let hour = hours.hour_of(Reading::NaturalDay, point);
        let (report, means) = hours.report(hour, applied.aqi, &applied.validity);
        DayAccount {
            beijing_day: hours.day(point),
            aqi: report.aqi,
            pm25_ug_m3: means.pm25_ug_m3,
            primary: report.primary,
            observed: hours.values.end(hour) <= cycle,
        }
    };
    // a day with neither enough observed nor enough forecast hours says nothing
    let known = |d: &DayAccount| d.aqi.is_some() || county.days.iter().any(|c| c.beijing_day == d.beijing_day);
    (0..days).map(one).filter(known).collect()
}

/// The nearest changes, upwards and downwards, at which another level is called for.
fn changes(applied: &Applied, hours: &Hours) -> Vec<Change> {
    let percents: Vec<i32> = (LOWEST_PERCENT..=HIGHEST_PERCENT).collect();
    let factors: Vec<f64> = percents.iter().map(|p| 1.0 + f64::from(*p) / 100.0).collect();
    let scaled = hours.scaled(&factors);
    let classes = scaled.classes(&applied.classifier, applied.aqi);
    let level =
        |member| applied.called(&READINGS.map(|reading| applied.side(&scaled, reading, &classes.member(member))));
    let levels: Vec<WarningLevel> = (0..factors.len()).map(level).collect();
    let unchanged = (-LOWEST_PERCENT) as usize;
    let mut out = Vec::new();
    for indices in [(0..unchanged).rev().collect::<Vec<_>>(), (unchanged + 1..levels.len()).collect()] {
        let mut last = levels[unchanged];
        for i in indices {
            if levels[i] != last {
                out.push(Change { percent: percents[i], level: levels[i] });
                last = levels[i];
            }
        }
    }
    out
}
