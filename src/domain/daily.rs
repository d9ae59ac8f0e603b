//! Daily values: from the hours of Beijing days, or as reported; each with its AQI.

use super::aqi::{AqiReport, AqiRules, Report};
use super::averages::{self, daily_means};
use super::limits::LimitRules;
use super::observation::Observation;
use super::pollutant::{Concentrations, Pollutant};
use crate::calendar::{beijing_day_hour, end_of_beijing_hour};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One place on one Beijing day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DailyValue {
    /// Beijing day, hours 01 ..= 24, hour-ending.
    pub day: NaiveDate,
    /// Day means, O3 the largest 8-h mean; not rounded.
    pub concentrations: Concentrations<f64>,
    /// Hourly values behind each, 0 ..= 24; `None` where the daily value was reported as such.
    pub hours: Concentrations<u8>,
    /// Daily AQI; its value is `None` with a pollutant missing and the rest at or below 100.
    pub aqi: AqiReport,
}

/// Which version of the standards judges a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// The version in force on the day itself.
    ByItsDate,
    /// The version in force on this date, to set old and new side by side.
    AsOn(NaiveDate),
}

impl Judged {
    /// The date whose rules judge `day`.
    pub fn date(self, day: NaiveDate) -> NaiveDate {
        match self {
            Self::ByItsDate => day,
            Self::AsOn(date) => date,
        }
    }
}

fn aqi(day: NaiveDate, concentrations: &Concentrations<f64>, rules: &AqiRules, judged: Judged) -> AqiReport {
    rules.report(rules.standard(judged.date(day)), Report::Daily, concentrations, &[])
}

/// Daily values of hourly ones, ordered by day, for every Beijing day with at least one hour. Keys are ends of whole hours, UTC;
/// other instants are no hourly values and are passed over.
pub fn of_hours(
    hours: &BTreeMap<DateTime<Utc>, Concentrations<f64>>,
    limits: &LimitRules,
    rules: &AqiRules,
    judged: Judged,
) -> Vec<DailyValue> {
    let whole = hours.keys().filter(|end| end.timestamp() % 3600 == 0 && end.timestamp_subsec_nanos() == 0);
    let days: BTreeSet<NaiveDate> = whole.map(|end| beijing_day_hour(*end).0).collect();
    let one = |day: NaiveDate| {
        let value = |p, hour: usize| hours.get(&end_of_beijing_hour(day, hour as u8 + 1))?.get(p).copied();
        let concentrations = daily_means(value, &limits.standard(judged.date(day)).validity.means);
        let mut counts = Concentrations::default();
        for p in Pollutant::ALL {
            let there = (0..averages::DAY).filter(|h| value(p, *h).and_then(averages::thousandths).is_some());
            counts.set(p, Some(there.count() as u8));
        }
        DailyValue { day, concentrations, hours: counts, aqi: aqi(day, &concentrations, rules, judged) }
    };
    days.into_iter().map(one).collect()
}

/// Daily values that were reported as such, ordered by day. Values that are no concentrations count as missing.
pub fn of_days(days: &BTreeMap<NaiveDate, Concentrations<f64>>, rules: &AqiRules, judged: Judged) -> Vec<DailyValue> {
    let one = |(day, concentrations): (&NaiveDate, &Concentrations<f64>)| DailyValue {
        day: *day,
        concentrations: *concentrations,
        hours: Concentrations::default(),
        aqi: aqi(*day, concentrations, rules, judged),
    };
    days.iter().map(one).collect()
}

/// Hourly values of a county: the mean of its stations that report, hour by hour and pollutant by pollutant.
pub fn mean_of_stations(observations: &[Observation]) -> BTreeMap<DateTime<Utc>, Concentrations<f64>> {
    let mut sums: BTreeMap<(DateTime<Utc>, Pollutant), (i64, usize)> = BTreeMap::new();
    for o in observations {
        if let Some(value) = averages::thousandths(o.value) {
            let (sum, n) = sums.entry((o.end, o.pollutant)).or_default();
            (*sum, *n) = (*sum + i64::from(value), *n + 1);
        }
    }
    let mut hours: BTreeMap<_, Concentrations<f64>> = BTreeMap::new();
    for ((end, pollutant), (sum, n)) in sums {
        hours.entry(end).or_default().set(pollutant, Some(averages::mean(sum, n)));
    }
    hours
}
