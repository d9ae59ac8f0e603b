//! Statistics of a period of daily values by HJ 663: means, percentiles, good and heavy days, composite index, validity of the
//! year; always with all days, and without the days of certified events.
//!
//! Daily values enter unrounded, in whole thousandths of their unit; what is stated is rounded once, at the end, half to even
//! (GB/T 8170) to the decimals of [`EvaluationMethod::decimals`]. Limits and the composite index use the stated values.

use super::aqi::{AqiRules, half_even};
use super::averages::{mean, thousandths};
use super::daily::{DailyValue, Judged};
use super::evaluation::{EvaluationMethod, EvaluationRules, IndexValue, StatisticRule};
use super::event::{Event, EventKind};
use super::limits::{AirStandard, Averaging, Grade, LimitRules};
use super::pollutant::Pollutant;
use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The dated rules that judge air: HJ 633, GB 3095, HJ 663.
#[derive(Debug, Clone, Copy)]
pub struct Standards<'a> {
    pub aqi: &'a AqiRules,
    pub limits: &'a LimitRules,
    pub evaluation: &'a EvaluationRules,
}

/// Statistics of one pollutant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PollutantStatistics {
    pub pollutant: Pollutant,
    /// `ug m-3`, CO `mg m-3`.
    pub unit: String,
    /// Days with a daily value.
    pub valid_days: u32,
    /// Mean of the daily values, rounded; `None` without days, and where the method states none (CO, O3).
    pub mean: Option<f64>,
    /// Grade-II limit of the year mean.
    pub mean_limit: Option<f64>,
    /// Which percentile [%].
    pub percentile_rank: u8,
    /// That percentile of the daily values, rounded.
    pub percentile: Option<f64>,
    /// Grade-II limit of the daily value.
    pub percentile_limit: Option<f64>,
    /// Whether both stay at or below their limits; `None` unless the period is a valid year.
    pub meets_grade_2: Option<bool>,
    /// Months (1 ..= 12) with too few daily values for a valid year; empty where the period is no calendar year.
    pub short_months: Vec<u32>,
    /// Whether there are enough daily values for a year; `None` where the period is no calendar year.
    pub valid_year: Option<bool>,
}

/// Statistics of a set of days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DayStatistics {
    /// Days with an AQI.
    pub valid_days: u32,
    /// Days with values but without an AQI: a pollutant is missing and the rest stay at or below 100. They are in no count by AQI.
    pub undecided_days: u32,
    /// Days with an AQI at or below the limit of a good day (优良天数).
    pub good_days: u32,
    /// Good days of valid days [%], rounded (优良天数比率).
    pub good_day_percent: Option<f64>,
    /// Days of level 1 (优) to 6 (严重污染).
    pub days_of_level: [u32; 6],
    /// Days above the limit of a heavy-pollution day (重污染天数).
    pub heavy_days: u32,
    /// Days on which each pollutant was primary; a tie counts for each.
    pub primary_days: BTreeMap<Pollutant, u32>,
    pub pollutants: Vec<PollutantStatistics>,
    /// Composite index (综合指数), rounded; `None` with a pollutant missing.
    pub composite_index: Option<f64>,
    /// Whether every pollutant has enough daily values; `None` where the period is no calendar year.
    pub valid_year: Option<bool>,
}

/// A day that is left out for a certified event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExcludedDay {
    pub day: NaiveDate,
    pub kind: EventKind,
    pub evidence: String,
    pub source: String,
}

/// Statistics of a period, both ways.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PeriodStatistics {
    /// First and last day of the period, both in it.
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub calendar_days: u32,
    /// Versions of HJ 633 that gave the days their AQI.
    pub aqi_standards: Vec<String>,
    /// Stage of GB 3095 whose grade-II limits are used: the one in force on the last day, or the one asked for.
    pub limits: String,
    pub limits_verified: bool,
    /// Version of HJ 663, likewise.
    pub method: String,
    pub method_verified: bool,
    pub weights_verified: bool,
    pub exclusion_clause: String,
    pub exclusion_verified: bool,
    /// Days in `without_events` that are left out.
    pub excluded_days: Vec<ExcludedDay>,
    /// Every day.
    pub all_days: DayStatistics,
    /// Without the days of certified events: their pollutants' values are no part of means and percentiles, and the days no part of
    /// counts by AQI.
    pub without_events: DayStatistics,
}

/// The days of `days` on which a certified event of an excludable kind lay over the area.
pub fn excluded_days(
    days: &[DailyValue],
    events: &[Event],
    adcode: Option<u32>,
    method: &EvaluationMethod,
) -> Vec<ExcludedDay> {
    let certified = |day: NaiveDate| {
        let counts = |e: &&Event| e.certified && method.exclusion.kinds.contains(&e.kind) && e.covers(adcode);
        events.iter().filter(counts).find(|e| e.touches(day))
    };
    days.iter()
        .filter_map(|d| {
            let event = certified(d.day)?;
            let (kind, evidence, source) = (event.kind, event.evidence.clone(), event.source.clone());
            Some(ExcludedDay { day: d.day, kind, evidence, source })
        })
        .collect()
}

/// Statistics of the days from `from` to `to`. `days` are in order, each day once, with the AQI of the same `judged`; `adcode` is the
/// area that events must lie over.
pub fn of_period(
    days: &[DailyValue],
    (from, to): (NaiveDate, NaiveDate),
    judged: Judged,
    events: &[Event],
    adcode: Option<u32>,
    standards: Standards,
) -> PeriodStatistics {
    let inside = days.partition_point(|d| d.day < from)..days.partition_point(|d| d.day <= to);
    let days = days.get(inside).unwrap_or_default();
    let limits = standards.limits.standard(judged.date(to));
    let method = standards.evaluation.method(judged.date(to));
    let excluded = excluded_days(days, events, adcode, method);
    let mut aqi_standards: Vec<String> = Vec::new();
    for day in days {
        if !aqi_standards.contains(&day.aqi.standard) {
            aqi_standards.push(day.aqi.standard.clone());
        }
    }
    let whole = (from.month(), from.day()) == (1, 1) && (to.month(), to.day()) == (12, 31) && from.year() == to.year();
    let of = |excluded: &[ExcludedDay]| Days { days, excluded, limits, method, whole_year: whole }.statistics();
    PeriodStatistics {
        from,
        to,
        calendar_days: u32::try_from((to - from).num_days() + 1).unwrap_or(0),
        aqi_standards,
        limits: limits.id.clone(),
        limits_verified: limits.verified,
        method: method.id.clone(),
        method_verified: method.verified,
        weights_verified: method.weights.verified,
        exclusion_clause: method.exclusion.clause.clone(),
        exclusion_verified: method.exclusion.verified,
        all_days: of(&[]),
        without_events: of(&excluded),
        excluded_days: excluded,
    }
}

/// Days of one place and how they are evaluated.
struct Days<'a> {
    days: &'a [DailyValue],
    excluded: &'a [ExcludedDay],
    limits: &'a AirStandard,
    method: &'a EvaluationMethod,
    whole_year: bool,
}

impl Days<'_> {
    fn is_excluded(&self, day: NaiveDate) -> bool {
        self.excluded.binary_search_by_key(&day, |e| e.day).is_ok()
    }

    fn statistics(&self) -> DayStatistics {
        let counted = || self.days.iter().filter(|d| !self.is_excluded(d.day));
        let indices = || counted().filter_map(|d| d.aqi.aqi);
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let valid_days = number(indices().count());
        let good_days = number(indices().filter(|a| *a <= self.method.good_day_aqi).count());
        let mut days_of_level = [0; 6];
        let mut primary_days = BTreeMap::new();
        for day in counted() {
            if let Some(n) = day.aqi.level.and_then(|l| days_of_level.get_mut(usize::from(l) - 1)) {
                *n += 1;
            }
            for p in &day.aqi.primary {
                *primary_days.entry(*p).or_default() += 1;
            }
        }
        let pollutants: Vec<_> = self.method.statistics.iter().map(|s| self.pollutant(s)).collect();
        DayStatistics {
            valid_days,
            undecided_days: number(counted().filter(|d| d.aqi.aqi.is_none() && d.has_value()).count()),
            good_days,
            good_day_percent: percent(good_days, valid_days, self.method.ratio_decimals),
            days_of_level,
            heavy_days: number(indices().filter(|a| *a > self.method.heavy_day_aqi).count()),
            primary_days,
            composite_index: self.composite_index(&pollutants),
            valid_year: self.whole_year.then(|| pollutants.iter().all(|p| p.valid_year == Some(true))),
            pollutants,
        }
    }

    fn pollutant(&self, rule: &StatisticRule) -> PollutantStatistics {
        let p = rule.pollutant;
        let left_out = self.method.exclusion.pollutants.contains(&p);
        let value = |d: &DailyValue| d.concentrations.get(p).copied().and_then(thousandths);
        let counted = self.days.iter().filter(|d| !(left_out && self.is_excluded(d.day)));
        let mut months = [0; 12];
        let mut values = Vec::new();
        for (day, value) in counted.filter_map(|d| Some((d.day, value(d)?))) {
            values.push(value);
            months[day.month0() as usize] += 1;
        }
        values.sort_unstable();
        let decimals = self.method.decimals.get(&p).copied().unwrap_or(0);
        let sum = values.iter().map(|v| i64::from(*v)).sum();
        let mean = (rule.mean && !values.is_empty()).then(|| mean(sum, values.len()));
        let mean = mean.and_then(|m| rounded(m, decimals));
        let percentile = percentile(&values, rule.percentile).and_then(|v| rounded(v, decimals));
        let daily = if p == Pollutant::O3 { Averaging::DayMax8h } else { Averaging::Day };
        let mean_limit = self.limits.limit(p, Averaging::Year, Grade::Two).filter(|_| rule.mean);
        let percentile_limit = self.limits.limit(p, daily, Grade::Two);
        let below = |value: Option<f64>, limit: Option<f64>| limit.is_none_or(|l| value.is_some_and(|v| v <= l));
        let validity = &self.limits.validity;
        let short = |m: &u32| months[*m as usize - 1] < validity.days_needed(*m);
        let short_months: Vec<u32> = if self.whole_year { (1..=12).filter(short).collect() } else { Vec::new() };
        let valid_days = u32::try_from(values.len()).unwrap_or(u32::MAX);
        let valid_year = self.whole_year.then_some(valid_days >= validity.days_of_year && short_months.is_empty());
        let within = || below(mean, mean_limit) && below(percentile, percentile_limit);
        PollutantStatistics {
            pollutant: p,
            unit: p.unit().into(),
            valid_days,
            mean,
            mean_limit,
            percentile_rank: rule.percentile,
            percentile,
            percentile_limit,
            meets_grade_2: (valid_year == Some(true)).then(within),
            valid_year,
            short_months,
        }
    }

    /// Sum of weight x value / limit; `None` with a value missing.
    fn composite_index(&self, pollutants: &[PollutantStatistics]) -> Option<f64> {
        let mut sum = 0.0;
        for (rule, of) in self.method.statistics.iter().zip(pollutants) {
            let value = match rule.index_value {
                IndexValue::Mean => of.mean,
                IndexValue::Percentile => of.percentile,
            };
            sum += rule.weight * value? / self.limits.limit(rule.pollutant, rule.index_limit, Grade::Two)?;
        }
        rounded(sum, self.method.index_decimals)
    }
}

/// `part` of `whole` [%], rounded half to even; `None` of nothing.
pub fn percent(part: u32, whole: u32, decimals: usize) -> Option<f64> {
    if whole == 0 {
        return None;
    }
    rounded(f64::from(part) * 100.0 / f64::from(whole), decimals)
}

/// A value rounded by GB/T 8170 (half to even) to 0 ..= 3 decimals; `None` for what is no concentration.
pub fn rounded(value: f64, decimals: usize) -> Option<f64> {
    Some(half_even(value, decimals)? as f64 / 10_f64.powi(decimals as i32))
}

/// The percentile `p` [%] of ascending values in thousandths: at rank k = 1 + (n - 1) p / 100, linear between the neighbours, exact.
fn percentile(ascending: &[i32], p: u8) -> Option<f64> {
    let steps = ascending.len().checked_sub(1)? * usize::from(p);
    let (lower, hundredths) = (steps / 100, (steps % 100) as i64);
    let at = |i: usize| ascending.get(i).map(|v| i64::from(*v));
    let low = at(lower)?;
    let high = at(lower + 1).unwrap_or(low);
    Some((low * 100 + (high - low) * hundredths) as f64 / 100_000.0)
}

/// Mean of three years of one pollutant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ThreeYearMean {
    /// Last of the three years.
    pub year: i32,
    pub pollutant: Pollutant,
    /// Mean of the three yearly values that enter the composite index, rounded like them; `None` unless all three years are valid.
    pub value: Option<f64>,
}

/// Means of three years, for every pollutant and every year before which two others lie in `days`; empty where the method in force
/// at the end of the year has none. Every day counts.
pub fn three_year_means(days: &[DailyValue], judged: Judged, standards: Standards) -> Vec<ThreeYearMean> {
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return Vec::new() };
    let mut years: BTreeMap<i32, DayStatistics> = BTreeMap::new();
    for year in first.day.year()..=last.day.year() {
        let ends = (NaiveDate::from_ymd_opt(year, 1, 1), NaiveDate::from_ymd_opt(year, 12, 31));
        if let (Some(from), Some(to)) = ends {
            years.insert(year, of_period(days, (from, to), judged, &[], None, standards).all_days);
        }
    }
    let mut means = Vec::new();
    for year in years.keys().copied() {
        let Some(end) = NaiveDate::from_ymd_opt(year, 12, 31) else { continue };
        let method = standards.evaluation.method(judged.date(end));
        let three: Vec<_> = (year - 2..=year).filter_map(|y| years.get(&y)).collect();
        if !method.three_year_mean || three.len() < 3 {
            continue;
        }
        for (i, rule) in method.statistics.iter().enumerate() {
            let value = |s: &&DayStatistics| {
                let of =
                    s.pollutants.get(i).filter(|of| of.pollutant == rule.pollutant && of.valid_year == Some(true))?;
                let value = if rule.index_value == IndexValue::Mean { of.mean } else { of.percentile };
                value.and_then(thousandths)
            };
            let values: Vec<i32> = three.iter().filter_map(value).collect();
            let sum = values.iter().map(|v| i64::from(*v)).sum();
            let decimals = method.decimals.get(&rule.pollutant).copied().unwrap_or(0);
            let value = (values.len() == 3).then(|| mean(sum, 3)).and_then(|m| rounded(m, decimals));
            means.push(ThreeYearMean { year, pollutant: rule.pollutant, value });
        }
    }
    means
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked by hand: 11 values, p = 95: k = 1 + 10 x 0.95 = 10.5, half-way between the 10th and the 11th.
    #[test]
    fn percentiles_worked_by_hand() {
        let tens: Vec<i32> = (1..=11).map(|v| v * 10_000).collect();
        for (p, expected) in [(95, 105.0), (90, 100.0), (98, 108.0), (100, 110.0), (50, 60.0)] {
            assert_eq!(percentile(&tens, p), Some(expected), "{p}");
        }
        assert_eq!(percentile(&[7_300], 98), Some(7.3));
        assert_eq!(percentile(&[1_000, 2_000], 98), Some(1.98));
        assert_eq!(percentile(&[], 95), None);
    }

    #[test]
    fn ratios_are_rounded_half_to_even() {
        // 77/80 = 96.25, 79/80 = 98.75: ties at one decimal
        assert_eq!((percent(77, 80, 1), percent(79, 80, 1)), (Some(96.2), Some(98.8)));
        assert_eq!((percent(0, 3, 1), percent(3, 3, 1), percent(0, 0, 1)), (Some(0.0), Some(100.0), None));
    }
}
