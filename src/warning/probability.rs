//! Chances of the levels, counted on trajectories: runs of hours decide, so that no chance follows from the days one by one.
//!
//! **Invariant:** a path is judged by the rules that judge the forecast, with the observed hours in front of it.

use super::applied::{Applied, READINGS};
use super::calibration::CalibratedChance;
use super::classes::UNJUDGED;
use super::decide::Basis;
use super::episode::Episodes;
use super::lifting::lift_hour;
use super::readings::{Hours, points};
use super::rules::Scheme;
use super::{Reading, WarningLevel};
use crate::calendar::beijing_day_hour;
use crate::domain::aqi::Report;
use crate::domain::hourly::HourlyValues;
use crate::domain::pollutant::Pollutant;
use crate::forecast::trajectories::Trajectories;
use crate::forecast::{CountyForecast, Forecast, ObservedHour};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Hours within which lifting is asked for.
const LIFT_WITHIN_HOURS: usize = 36;
/// Standard normal quantile of 0.95: the ends of a central 90 % interval.
const QUANTILE_95: f64 = 1.644_853_626_951_472_2;

/// Chance of a level or a stricter one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LevelChance {
    pub level: WarningLevel,
    /// Part of the paths that call for it, 0 ..= 1.
    pub probability: f64,
    /// 90 % interval of a proportion (Wilson 1927), from the number of paths alone.
    pub lower: f64,
    pub upper: f64,
}

/// Chance that the episode of a level or a stricter one begins on a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StartChance {
    /// The first forecast day stands also for episodes already under way.
    pub beijing_day: NaiveDate,
    pub level: WarningLevel,
    pub probability: f64,
}

/// What the paths of an area call for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LevelProbability {
    /// Number of paths.
    pub sample: u32,
    pub levels: Vec<LevelChance>,
    /// Days and levels with a chance above 0.
    pub starts: Vec<StartChance>,
    /// Chance that the lifting condition holds from an hour within 36 h after the cycle; `None` without a coloured warning in force.
    pub lift_within_36_h: Option<f64>,
    /// Mean number of forecast hours with an hourly AQI above the heavy threshold; of the prefecture: that of its worst county.
    pub expected_heavy_hours: f64,
    /// What earlier chances made of those counted on the paths, level by level; empty in records made before there was a calibration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calibration: Vec<CalibratedChance>,
    pub method_zh: String,
    pub method_en: String,
}

impl LevelProbability {
    /// The chances as counted on the paths.
    pub fn counted(&self) -> impl Iterator<Item = (WarningLevel, f64)> {
        self.levels.iter().map(|chance| {
            let before = self.calibration.iter().find(|c| c.level == chance.level);
            (chance.level, before.map_or(chance.probability, |c| c.counted))
        })
    }
}

/// No episode of the level.
const NEVER: u32 = u32::MAX;

/// What one path calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathOutcome {
    /// By level, in the order of [`WarningLevel::ALL`]: hours from the cycle to the first hour of the first episode of that level
    /// or a stricter one, 0 for one under way; [`u32::MAX`] without one.
    starts: [u32; WarningLevel::ALL.len()],
    /// Hours from the cycle to the first hour from which the warning may be lifted.
    lift: Option<u32>,
}

impl PathOutcome {
    /// The level that the path calls for.
    pub fn level(&self) -> WarningLevel {
        WarningLevel::ALL.into_iter().rev().find(|l| self.starts[*l as usize] != NEVER).unwrap_or(WarningLevel::None)
    }
}

/// The paths of one county, judged.
struct CountyPaths {
    adcode: u32,
    outcomes: Vec<PathOutcome>,
    expected_heavy_hours: f64,
    in_force: bool,
}

/// The paths of all counties, judged.
pub(super) struct Chances {
    counties: Vec<CountyPaths>,
    cycle: DateTime<Utc>,
    levels: Vec<WarningLevel>,
    in_force: bool,
    method: (String, String),
}

/// Judges the paths of a county; `hours` are [`Hours`] of as many members as there are paths. Lifting is looked for where `in_force`.
pub(super) fn outcomes(applied: &Applied, hours: &Hours, in_force: bool) -> Vec<PathOutcome> {
    let classes = hours.classes(&applied.classifier, applied.aqi);
    let after = hours.first_after_cycle();
    let needed = &applied.scheme.pollutant.emission_response;
    let lifting = in_force.then(|| hours.classes_of(&applied.classifier, applied.aqi, &Pollutant::ALL, needed));
    let sliding = classes.stretches(hours.whole_windows());
    let (mut found, mut days) = (Episodes::default(), Vec::new());
    let mut outcome = |member: usize| {
        let mut starts = [NEVER; WarningLevel::ALL.len()];
        for reading in READINGS.into_iter().filter(|r| applied.counts(*r)) {
            if reading == Reading::Sliding24h {
                applied.judge.find_in(&sliding[member], 1, &mut found);
            } else {
                hours.natural_days(&classes, member, &mut days);
                applied.judge.find(points(reading, &days), &mut found);
            }
            let ahead = applied.ahead(hours, reading);
            for (rule, judged) in applied.scheme.rules.iter().enumerate() {
                let Some(episode) = applied.judge.fires(rule, &found, ahead).next() else { continue };
                let first = hours.hour_of(reading, episode.first) + 1;
                let start = first.saturating_sub(24).saturating_sub(after) as u32;
                starts[1..=judged.level as usize].iter_mut().for_each(|s| *s = start.min(*s));
            }
        }
        let lift = lifting
            .as_ref()
            .and_then(|l| first_lift(applied, hours, &hours.read(Reading::Sliding24h, &l.member(member))));
        PathOutcome { starts, lift }
    };
    (0..hours.values.members()).map(&mut outcome).collect()
}

/// Hours from the cycle to the first hour from which a warning in force may be lifted.
fn first_lift(applied: &Applied, hours: &Hours, sliding: &[u8]) -> Option<u32> {
    let (after, lift) = (hours.first_after_cycle(), &applied.scheme.lift);
    let from = (after..sliding.len()).find(|h| sliding[*h] != UNJUDGED)?;
    lift_hour(sliding, applied.judge.lift_class(), lift.hours, from, true).map(|h| (h + 1 - after) as u32)
}

/// Judges paths by the scheme of one day: what [`super::decide()`] counts its chances on. Made once for many forecasts.
pub struct PathJudge<'a>(Applied<'a>);

impl<'a> PathJudge<'a> {
    /// By the scheme that the region follows on the Beijing day `day`.
    pub fn new(basis: &Basis<'a>, day: NaiveDate) -> Self {
        Self(Applied::of(basis, day))
    }

    /// The level that hours which came true called for: those after `cycle`, of a place whose hours up to the cycle were observed. The first
    /// of `after` ends an hour after the cycle.
    pub fn came(&self, before: &[ObservedHour], after: &HourlyValues, cycle: DateTime<Utc>) -> WarningLevel {
        let place = CountyForecast {
            adcode: 0,
            name_zh: String::new(),
            name_en: String::new(),
            has_station: true,
            observed: before.to_vec(),
            hours: Vec::new(),
            days: Vec::new(),
        };
        let hours = Hours::of_paths(Some(&place), after, cycle, self.0.scheme.parameter.observed_hours.value);
        outcomes(&self.0, &hours, false).first().map_or(WarningLevel::None, PathOutcome::level)
    }

    /// Judges the paths of every county, county by county in parallel.
    pub fn judge(&self, forecast: &Forecast, trajectories: &Trajectories) -> Vec<(u32, Vec<PathOutcome>)> {
        judge(&self.0, forecast, trajectories, &|_| false)
    }
}

fn judge(
    applied: &Applied,
    forecast: &Forecast,
    trajectories: &Trajectories,
    in_force: &(dyn Fn(u32) -> bool + Sync),
) -> Vec<(u32, Vec<PathOutcome>)> {
    let look_back = applied.scheme.parameter.observed_hours.value;
    let one = |(adcode, paths): &(u32, HourlyValues)| {
        let county = forecast.counties.iter().find(|c| c.adcode == *adcode);
        let hours = Hours::of_paths(county, paths, forecast.cycle, look_back);
        (*adcode, outcomes(applied, &hours, in_force(*adcode)))
    };
    trajectories.counties.par_iter().map(one).collect()
}

/// Mean number of hours after the cycle with an hourly AQI above the heavy threshold.
fn expected_heavy_hours(applied: &Applied, county: Option<&CountyForecast>, paths: &HourlyValues) -> f64 {
    let heavy = applied.scheme.merge.heavy_aqi;
    let modelled = |p| county.is_none_or(|c| c.hours.iter().any(|h| h.concentrations.get(p).is_some()));
    let members = paths.members();
    let mut count = 0usize;
    for hour in 0..paths.hours() {
        let standard = applied.aqi.standard(beijing_day_hour(paths.end(hour)).0);
        let mut exceeds = vec![false; members];
        for p in Pollutant::ALL.into_iter().filter(|p| modelled(*p)) {
            let (Some(values), Some(range)) = (paths.of(p), standard.sums_exceeding(Report::Hourly, p, heavy, 1))
            else {
                continue;
            };
            let row = &values[hour * members..][..members];
            exceeds.iter_mut().zip(row).for_each(|(e, v)| *e |= range.contains(&i64::from(*v)));
        }
        count += exceeds.into_iter().filter(|e| *e).count();
    }
    count as f64 / members as f64
}

impl Chances {
    pub fn of(applied: &Applied, basis: &Basis, forecast: &Forecast, trajectories: &Trajectories) -> Self {
        let in_force = |adcode| basis.in_force.get(&adcode).is_some_and(|l| l.level > WarningLevel::PreWarning);
        let judged = judge(applied, forecast, trajectories, &in_force);
        let counties = judged.into_iter().zip(&trajectories.counties).map(|((adcode, outcomes), (_, paths))| {
            let county = forecast.counties.iter().find(|c| c.adcode == adcode);
            let expected_heavy_hours = expected_heavy_hours(applied, county, paths);
            CountyPaths { adcode, outcomes, expected_heavy_hours, in_force: in_force(adcode) }
        });
        Self {
            counties: counties.collect(),
            cycle: forecast.cycle,
            levels: levels_of(applied.scheme),
            in_force: in_force(basis.region.0),
            method: (trajectories.method_zh.clone(), trajectories.method_en.clone()),
        }
    }

    /// Chances of one county.
    pub fn county(&self, adcode: u32) -> Option<LevelProbability> {
        let county = self.counties.iter().find(|c| c.adcode == adcode)?;
        Some(self.summary(&county.outcomes, county.expected_heavy_hours, county.in_force))
    }

    /// Chances of the prefecture: path by path, the level that `needed` counties reach, from when the last of them reaches it.
    pub fn prefecture(&self, needed: usize) -> Option<LevelProbability> {
        let members = self.counties.iter().map(|c| c.outcomes.len()).min()?;
        let nth = |mut starts: Vec<u32>| {
            starts.sort_unstable();
            starts.get(needed - 1).copied().unwrap_or(NEVER)
        };
        let outcome = |member: usize| {
            let of = |c: &CountyPaths, level: usize| c.outcomes[member].starts[level];
            let starts = std::array::from_fn(|level| nth(self.counties.iter().map(|c| of(c, level)).collect()));
            // the last county in force lifts the prefecture's warning
            let lifts = self.counties.iter().filter(|c| c.in_force).map(|c| c.outcomes[member].lift);
            PathOutcome { starts, lift: lifts.reduce(|a, b| Some(a?.max(b?))).flatten() }
        };
        let outcomes: Vec<PathOutcome> = (0..members).map(outcome).collect();
        let worst = self.counties.iter().map(|c| c.expected_heavy_hours).fold(0.0, f64::max);
        Some(self.summary(&outcomes, worst, self.in_force))
    }

    fn summary(&self, outcomes: &[PathOutcome], expected_heavy_hours: f64, in_force: bool) -> LevelProbability {
        let n = outcomes.len();
        let share = |count: usize| count as f64 / n as f64;
        let levels = self.levels.iter().map(|level| {
            let count = outcomes.iter().filter(|o| o.starts[*level as usize] != NEVER).count();
            let (lower, upper) = wilson(count, n);
            LevelChance { level: *level, probability: share(count), lower, upper }
        });
        let mut starts = Vec::new();
        for level in &self.levels {
            let day = |hours: u32| beijing_day_hour(self.cycle + Duration::hours(i64::from(hours) + 1)).0;
            let mut days: Vec<NaiveDate> =
                outcomes.iter().map(|o| o.starts[*level as usize]).filter(|s| *s != NEVER).map(day).collect();
            days.sort_unstable();
            for same in days.chunk_by(|a, b| a == b) {
                starts.push(StartChance { beijing_day: same[0], level: *level, probability: share(same.len()) });
            }
        }
        let lifts = outcomes.iter().filter(|o| o.lift.is_some_and(|h| h as usize <= LIFT_WITHIN_HOURS)).count();
        LevelProbability {
            sample: n as u32,
            levels: levels.collect(),
            starts,
            lift_within_36_h: in_force.then(|| share(lifts)),
            expected_heavy_hours,
            calibration: Vec::new(),
            method_zh: self.method.0.clone(),
            method_en: self.method.1.clone(),
        }
    }
}

/// The levels that a scheme has, ascending.
fn levels_of(scheme: &Scheme) -> Vec<WarningLevel> {
    WarningLevel::ALL.into_iter().filter(|l| scheme.rules.iter().any(|r| r.level == *l)).collect()
}

/// 90 % interval of a proportion of `count` in `n` draws.
///
/// # Reference
/// Wilson (1927), J. Am. Stat. Assoc. 22, 209-212.
fn wilson(count: usize, n: usize) -> (f64, f64) {
    let (p, n, z2) = (count as f64 / n as f64, n as f64, QUANTILE_95 * QUANTILE_95);
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = QUANTILE_95 / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    ((centre - half).max(0.0), (centre + half).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_hit_in_a_hundred_is_not_no_chance() {
        // z^2 / (n + z^2) for 0 of n, worked by hand for z = 1.645
        let (lower, upper) = wilson(0, 100);
        assert_eq!(lower, 0.0);
        assert!((upper - 0.026_344).abs() < 1e-5, "{upper}");
        let (lower, upper) = wilson(50, 100);
        assert!((lower - 0.418_794).abs() < 1e-4 && (lower + upper - 1.0).abs() < 1e-12, "{lower} {upper}");
    }
}
