//! Yearly targets of a region, and how far the year has come: days used and left, the mean that the rest of the year may have.
//!
//! **Invariant:** nothing here starts or raises a response, and no such reason exists. **Why:** the ministry forbids responses that are
//! started to reach a target; every report carries that sentence ([`Guard`]).
//!
//! Judged without rounding in favour: a good-day ratio of 94.96 % is not 95.0 %, a mean of 25.4 is not 25. Days still to come are
//! counted as days with a value. An area without data, or with too few days for a valid year at their present rate, is unknown.

mod sentence;

use super::aqi::AqiReport;
use super::averages::{mean, thousandths};
use super::county::Region;
use super::daily::DailyValue;
use super::dated::{self, Dated};
use super::event::Event;
use super::statistics::{Standards, excluded_days, percent, rounded};
use crate::error::{Error, Result};
use crate::seed::Seed;
use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Heavy-pollution days that a county may have in a year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeavyDayLimit {
    pub adcode: u32,
    pub at_most: u32,
}

/// The targets of a region for a year or several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    pub id: String,
    /// Code of the region.
    pub region: u32,
    /// First day of the first year and last day of the last; open where there is no last day.
    pub valid_from: NaiveDate,
    pub valid_to: Option<NaiveDate>,
    /// Good days of valid days at least [%].
    pub good_day_percent: f64,
    /// Year mean of PM2.5 at most [ug m-3].
    pub pm25_ug_m3: f64,
    /// Counties with a limit of their own.
    pub heavy_days: Vec<HeavyDayLimit>,
    /// Limit of every other county.
    pub heavy_days_elsewhere: u32,
    pub clause: String,
    pub source: String,
    pub verified: bool,
    pub note_zh: String,
    pub note_en: String,
}

/// Why a target starts no response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    pub clause: String,
    pub source: String,
    pub verified: bool,
    pub text_zh: String,
    pub text_en: String,
}

/// All targets.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetRules {
    #[serde(rename = "target")]
    targets: Vec<Target>,
    guard: Guard,
}

/// How a target stands, from best to worst known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TargetState {
    /// Met so far, and what was forecast leaves it so.
    OnTrack,
    /// No data, or too few.
    Unknown,
    /// Still possible, but not met so far, or lost if the forecast comes true, or with nothing left.
    AtRisk,
    /// No longer possible.
    Missed,
}

/// A forecast day.
#[derive(Debug, Clone, PartialEq)]
pub struct ForecastDay {
    pub day: NaiveDate,
    pub aqi: AqiReport,
    /// Day mean.
    pub pm25_ug_m3: Option<f64>,
}

/// Days of one area.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AreaDays {
    /// Daily values, in order, each day once.
    pub observed: Vec<DailyValue>,
    /// Days that follow; those on or before the last day of the report are not used.
    pub forecast: Vec<ForecastDay>,
}

/// Heavy-pollution days (重污染天数).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HeavyDays {
    /// `None`: no limit is set for this area.
    pub state: Option<TargetState>,
    pub at_most: Option<u32>,
    pub used: u32,
    /// Days left of the budget; 0 also when it is exceeded.
    pub left: Option<u32>,
    /// Forecast days that would be heavy.
    pub forecast: u32,
}

/// Good days (优良天数).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GoodDays {
    pub state: TargetState,
    pub at_least_percent: f64,
    pub good_days: u32,
    pub bad_days: u32,
    /// Good days of valid days so far [%], one decimal.
    pub percent: Option<f64>,
    /// Days above AQI 100 that the rest of the year may still have, if each day to come has a value; `None`: the target is missed.
    pub bad_days_left: Option<u32>,
    /// Forecast days that would not be good.
    pub forecast_bad: u32,
    /// Ratio with the forecast days [%], one decimal.
    pub projected_percent: Option<f64>,
}

/// Mean of PM2.5.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Pm25Mean {
    pub state: TargetState,
    pub at_most_ug_m3: f64,
    /// Days with a value of PM2.5.
    pub valid_days: u32,
    /// Mean so far, one decimal.
    pub mean_ug_m3: Option<f64>,
    /// Mean that the days to come may have, one decimal, rounded down; `None`: the year is over or the target is missed.
    pub rest_may_have_ug_m3: Option<f64>,
    /// Mean with the forecast days, one decimal.
    pub projected_ug_m3: Option<f64>,
}

/// How the three targets stand on a set of days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Progress {
    /// Days of the year up to the last day of the report.
    pub elapsed_days: u32,
    /// Of these, days with an AQI.
    pub valid_days: u32,
    /// Days with values but without an AQI (a pollutant missing, the rest at or below 100): in no count of good or heavy days.
    pub undecided_days: u32,
    pub remaining_days: u32,
    /// Forecast days used.
    pub forecast_days: u32,
    pub heavy_days: HeavyDays,
    pub good_days: GoodDays,
    pub pm25: Pm25Mean,
}

/// One county, or the region itself where it has a record of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AreaTargets {
    pub adcode: u32,
    pub name_zh: String,
    pub name_en: String,
    /// The worst of the targets, on all days.
    pub state: TargetState,
    pub text_zh: String,
    pub text_en: String,
    pub all_days: Progress,
    /// Without the days of certified events.
    pub without_events: Progress,
    pub excluded_days: Vec<NaiveDate>,
}

/// The year so far, against the targets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TargetsReport {
    pub region: u32,
    pub region_zh: String,
    pub region_en: String,
    pub year: i32,
    /// Last day counted.
    pub to: NaiveDate,
    pub target: Target,
    pub guard: Guard,
    /// The region first, if it has a record of its own, then every county by code.
    pub areas: Vec<AreaTargets>,
}

impl Dated for &Target {
    fn valid_from(&self) -> NaiveDate {
        self.valid_from
    }

    fn valid_to(&self) -> Option<NaiveDate> {
        self.valid_to
    }
}

impl TargetRules {
    /// Reads the targets of `text`, the content of the file `origin`.
    ///
    /// # Errors
    /// `Invalid` naming the line: not TOML, unknown or missing keys, targets that are not whole years or leave a gap or overlap within
    /// a region, a ratio outside 0 ..= 100, a concentration that is not positive, a county twice.
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self> {
        let (seed, rules): (_, Self) = Seed::read(text, origin, "targets of a region")?;
        let root = seed.root();
        root.that(!rules.targets.is_empty(), "target", 0, "at least one target")?;
        for (i, t) in rules.targets.iter().enumerate() {
            let place = root.element("target", i, &t.id);
            place.that(rules.targets[..i].iter().all(|o| o.id != t.id), "id", &t.id, "a name used once")?;
            for (key, text) in [
                ("id", &t.id),
                ("clause", &t.clause),
                ("source", &t.source),
                ("note_zh", &t.note_zh),
                ("note_en", &t.note_en),
            ] {
                place.text(key, text)?;
            }
            place.that(t.valid_from.ordinal() == 1, "valid_from", t.valid_from, "the first day of a year")?;
            let whole = t.valid_to.is_none_or(|to| (to.month(), to.day()) == (12, 31));
            place.that(whole, "valid_to", t.valid_to, "the last day of a year")?;
            let ratio = t.good_day_percent;
            place.that((0.0..=100.0).contains(&ratio), "good_day_percent", ratio, "0 to 100 %")?;
            let pm25 = t.pm25_ug_m3;
            place.that(pm25 > 0.0 && pm25 < 1000.0, "pm25_ug_m3", pm25, "a concentration above 0")?;
            for (k, limit) in t.heavy_days.iter().enumerate() {
                let row = place.element("heavy_days", k, format!("{}: heavy_days", t.id));
                let again = t.heavy_days[..k].iter().any(|o| o.adcode == limit.adcode);
                row.that(!again, "adcode", limit.adcode, "each county once")?;
                row.that(limit.at_most <= 366, "at_most", limit.at_most, "0 to 366 days")?;
            }
            let elsewhere = t.heavy_days_elsewhere;
            place.that(elsewhere <= 366, "heavy_days_elsewhere", elsewhere, "0 to 366 days")?;
        }
        let mut regions: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (i, t) in rules.targets.iter().enumerate() {
            regions.entry(t.region).or_default().push(i);
        }
        for own in regions.values() {
            let targets: Vec<&Target> = own.iter().map(|i| &rules.targets[*i]).collect();
            dated::check(&targets, |i| root.element("target", own[i], &targets[i].id))?;
        }
        let guard = root.table("guard");
        for (key, text) in [
            ("clause", &rules.guard.clause),
            ("source", &rules.guard.source),
            ("text_zh", &rules.guard.text_zh),
            ("text_en", &rules.guard.text_en),
        ] {
            guard.text(key, text)?;
        }
        Ok(rules)
    }

    /// The target of a region for a year, if there is one.
    pub fn target(&self, region: u32, year: i32) -> Option<&Target> {
        let within = |t: &&Target| {
            t.region == region && t.valid_from.year() <= year && t.valid_to.is_none_or(|to| to.year() >= year)
        };
        self.targets.iter().find(within)
    }

    /// Why a target starts no response.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// The year up to `to` (a day of that year) against the targets, for the region (where `areas` has its code) and each of its
    /// counties; `areas` by code. Events: see [`excluded_days`].
    ///
    /// # Errors
    /// `Missing` when the region has no target for the year.
    pub fn report(
        &self,
        region: &Region,
        to: NaiveDate,
        areas: &BTreeMap<u32, AreaDays>,
        events: &[Event],
        standards: Standards,
    ) -> Result<TargetsReport> {
        let year = to.year();
        let target = self.target(region.adcode, year).ok_or_else(|| {
            let what = format!("a target of {} for {year}", region.name_en);
            Error::missing(what, "seeds/targets.toml", "Add an entry for that year, or ask for another year")
        })?;
        let tracker = Tracker { target, to, events, standards };
        let nothing = AreaDays::default();
        let own = areas.get(&region.adcode).map(|days| (region.adcode, &region.name_zh, &region.name_en, None, days));
        let counties = region.counties.iter().map(|c| {
            let days = areas.get(&c.adcode).unwrap_or(&nothing);
            (c.adcode, &c.name_zh, &c.name_en, Some(target.heavy_days_of(c.adcode)), days)
        });
        let area = |(adcode, zh, en, limit, days): (u32, &String, &String, _, &AreaDays)| {
            tracker.area((adcode, zh, en), limit, days)
        };
        Ok(TargetsReport {
            region: region.adcode,
            region_zh: region.name_zh.clone(),
            region_en: region.name_en.clone(),
            year,
            to,
            target: target.clone(),
            guard: self.guard.clone(),
            areas: own.into_iter().chain(counties).map(area).collect(),
        })
    }
}

impl Target {
    /// Heavy-pollution days that a county may have in a year.
    pub fn heavy_days_of(&self, county: u32) -> u32 {
        let own = self.heavy_days.iter().find(|l| l.adcode == county);
        own.map_or(self.heavy_days_elsewhere, |l| l.at_most)
    }
}

/// Counts days against one target.
struct Tracker<'a> {
    target: &'a Target,
    to: NaiveDate,
    events: &'a [Event],
    standards: Standards<'a>,
}

/// Days with an AQI and how many of them are good or heavy.
#[derive(Default)]
struct Count {
    valid: u32,
    good: u32,
    heavy: u32,
}

/// Values of PM2.5, summed in thousandths.
#[derive(Default)]
struct Sum {
    days: u32,
    thousandths: i64,
}

impl Sum {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut sum = Self::default();
        for value in values.filter_map(thousandths) {
            (sum.days, sum.thousandths) = (sum.days + 1, sum.thousandths + i64::from(value));
        }
        sum
    }

    fn mean(&self) -> Option<f64> {
        (self.days > 0).then(|| mean(self.thousandths, self.days as usize)).and_then(|m| rounded(m, 1))
    }

    /// Whether the mean is above `limit` (in thousandths).
    fn above(&self, limit: i64) -> bool {
        self.thousandths > limit * i64::from(self.days)
    }
}

impl Tracker<'_> {
    fn area(&self, (adcode, zh, en): (u32, &str, &str), limit: Option<u32>, days: &AreaDays) -> AreaTargets {
        let year = self.to.year();
        let observed: Vec<&DailyValue> =
            days.observed.iter().filter(|d| d.day.year() == year && d.day <= self.to).collect();
        let forecast: Vec<&ForecastDay> =
            days.forecast.iter().filter(|d| d.day.year() == year && d.day > self.to).collect();
        let method = self.standards.evaluation.method(self.to);
        let mut excluded: Vec<NaiveDate> =
            excluded_days(&days.observed, self.events, Some(adcode), method).iter().map(|e| e.day).collect();
        excluded.retain(|day| observed.iter().any(|d| d.day == *day));
        let kept: Vec<&DailyValue> = observed.iter().copied().filter(|d| !excluded.contains(&d.day)).collect();
        let all_days = self.progress(&observed, &forecast, limit, 0);
        // a day that is left out has a value: it does not make the year unknown
        let without_events = self.progress(&kept, &forecast, limit, excluded.len() as u32);
        let states = [all_days.heavy_days.state, Some(all_days.good_days.state), Some(all_days.pm25.state)];
        let state = states.into_iter().flatten().max().unwrap_or(TargetState::Unknown);
        AreaTargets {
            adcode,
            name_zh: zh.to_owned(),
            name_en: en.to_owned(),
            state,
            text_zh: all_days.sentence_zh(zh, self.to, state),
            text_en: all_days.sentence_en(en, self.to, state),
            all_days,
            without_events,
            excluded_days: excluded,
        }
    }

    fn progress(
        &self,
        observed: &[&DailyValue],
        forecast: &[&ForecastDay],
        limit: Option<u32>,
        left_out: u32,
    ) -> Progress {
        let length = if self.to.leap_year() { 366 } else { 365 };
        let elapsed_days = self.to.ordinal();
        let remaining_days = length - elapsed_days;
        let count = self.count(observed.iter().filter_map(|d| d.aqi.aqi));
        let ahead = self.count(forecast.iter().filter_map(|d| d.aqi.aqi));
        let undecided_days = observed.iter().filter(|d| d.aqi.aqi.is_none() && d.has_value()).count() as u32;
        let needed = self.standards.limits.standard(self.to).validity.days_of_year;
        // too few so far for a valid year, if the rest of the year goes on like this
        let too_few = |valid: u32| u64::from(valid + left_out) * u64::from(length) < u64::from(needed * elapsed_days);
        let pm25 = Sum::of(observed.iter().filter_map(|d| d.concentrations.pm25_ug_m3));
        let pm25_ahead = Sum::of(forecast.iter().filter_map(|d| d.pm25_ug_m3));
        Progress {
            elapsed_days,
            valid_days: count.valid,
            undecided_days,
            remaining_days,
            forecast_days: forecast.len() as u32,
            heavy_days: heavy_days(&count, &ahead, limit, remaining_days, too_few(count.valid)),
            good_days: self.good_days(&count, &ahead, (undecided_days, remaining_days), too_few(count.valid)),
            pm25: self.pm25(&pm25, &pm25_ahead, remaining_days, too_few(pm25.days)),
        }
    }

    fn count(&self, indices: impl Iterator<Item = u16>) -> Count {
        let method = self.standards.evaluation.method(self.to);
        let mut count = Count::default();
        for aqi in indices {
            count.valid += 1;
            count.good += u32::from(aqi <= method.good_day_aqi);
            count.heavy += u32::from(aqi > method.heavy_day_aqi);
        }
        count
    }

    fn good_days(&self, count: &Count, ahead: &Count, (undecided, remaining): (u32, u32), too_few: bool) -> GoodDays {
        let needed = i64::from(thousandths(self.target.good_day_percent).unwrap_or(0));
        let (bad, forecast_bad) = (count.valid - count.good, ahead.valid - ahead.good);
        // bad days that keep the ratio of `days` at the target, rounded down
        let allowed = |days: u32| (i64::from(days) * (100_000 - needed) / 100_000) as u32;
        // missed only if it is so even when every day without an AQI was good
        let missed = bad > allowed(count.valid + undecided + remaining);
        let left = (!missed).then(|| allowed(count.valid + remaining).saturating_sub(bad));
        let state = if count.valid == 0 {
            TargetState::Unknown
        } else if missed {
            TargetState::Missed
        } else if bad > allowed(count.valid) || left < Some(forecast_bad) {
            TargetState::AtRisk
        } else if too_few {
            TargetState::Unknown
        } else {
            TargetState::OnTrack
        };
        GoodDays {
            state,
            at_least_percent: self.target.good_day_percent,
            good_days: count.good,
            bad_days: bad,
            percent: percent(count.good, count.valid, 1),
            bad_days_left: left,
            forecast_bad,
            projected_percent: percent(count.good + ahead.good, count.valid + ahead.valid, 1),
        }
    }

    fn pm25(&self, so_far: &Sum, ahead: &Sum, remaining: u32, too_few: bool) -> Pm25Mean {
        let limit = i64::from(thousandths(self.target.pm25_ug_m3).unwrap_or(0));
        let with = Sum { days: so_far.days + ahead.days, thousandths: so_far.thousandths + ahead.thousandths };
        let rest = limit * i64::from(so_far.days + remaining) - so_far.thousandths;
        let state = if so_far.days == 0 {
            TargetState::Unknown
        } else if rest < 0 {
            TargetState::Missed
        } else if remaining > 0 && (so_far.above(limit) || with.above(limit)) {
            TargetState::AtRisk
        } else if too_few {
            TargetState::Unknown
        } else {
            TargetState::OnTrack
        };
        // tenths, rounded down: 100 thousandths each
        let tenths = (rest >= 0 && remaining > 0).then(|| rest / (i64::from(remaining) * 100));
        Pm25Mean {
            state,
            at_most_ug_m3: self.target.pm25_ug_m3,
            valid_days: so_far.days,
            mean_ug_m3: so_far.mean(),
            rest_may_have_ug_m3: tenths.map(|t| t as f64 / 10.0),
            projected_ug_m3: with.mean(),
        }
    }
}

fn heavy_days(count: &Count, ahead: &Count, limit: Option<u32>, remaining: u32, too_few: bool) -> HeavyDays {
    let state = limit.map(|at_most| {
        if count.valid == 0 {
            TargetState::Unknown
        } else if count.heavy > at_most {
            TargetState::Missed
        } else if remaining > 0 && (count.heavy + ahead.heavy > at_most || count.heavy > 0 && count.heavy == at_most) {
            TargetState::AtRisk
        } else if too_few {
            TargetState::Unknown
        } else {
            TargetState::OnTrack
        }
    });
    HeavyDays {
        state,
        at_most: limit,
        used: count.heavy,
        left: limit.map(|at_most| at_most.saturating_sub(count.heavy)),
        forecast: ahead.heavy,
    }
}
