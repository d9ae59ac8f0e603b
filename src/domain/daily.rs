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

impl DailyValue {
    /// Whether a pollutant has a daily value: the last hour of a day alone, at the rim of a file, gives none.
    pub fn has_value(&self) -> bool {
        Pollutant::ALL.into_iter().any(|p| self.concentrations.get(p).is_some())
    }
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

/// How days get their AQI.
#[derive(Debug, Clone, Copy)]
pub struct Judgement<'a> {
    pub aqi: &'a AqiRules,
    pub judged: Judged,
    /// Pollutants that are not monitored by plan ("/", HJ 633-2026 5.3): they do not block the AQI.
    pub not_monitored: &'a [Pollutant],
}

impl Judgement<'_> {
    fn of(&self, day: NaiveDate, concentrations: &Concentrations<f64>) -> AqiReport {
        let standard = self.aqi.standard(self.judged.date(day));
        self.aqi.report(standard, Report::Daily, concentrations, self.not_monitored)
    }
}

/// Daily values of hourly ones, ordered by day, for every Beijing day with at least one hour. Keys are ends of whole hours, UTC;
/// other instants are no hourly values and are passed over.
pub fn of_hours(
    hours: &BTreeMap<DateTime<Utc>, Concentrations<f64>>,
    limits: &LimitRules,
    judgement: Judgement,
) -> Vec<DailyValue> {
    let whole = hours.keys().filter(|end| end.timestamp() % 3600 == 0 && end.timestamp_subsec_nanos() == 0);
    let days: BTreeSet<NaiveDate> = whole.map(|end| beijing_day_hour(*end).0).collect();
    let one = |day: NaiveDate| {
        let value = |p, hour: usize| hours.get(&end_of_beijing_hour(day, hour as u8 + 1))?.get(p).copied();
        let concentrations = daily_means(value, &limits.standard(judgement.judged.date(day)).validity.means);
        let mut counts = Concentrations::default();
        for p in Pollutant::ALL {
            let there = (0..averages::DAY).filter(|h| value(p, *h).and_then(averages::thousandths).is_some());
            counts.set(p, Some(there.count() as u8));
        }
        DailyValue { day, concentrations, hours: counts, aqi: judgement.of(day, &concentrations) }
    };
    days.into_iter().map(one).collect()
}

/// Daily values that were reported as such, ordered by day. Values that are no concentrations count as missing.
pub fn of_days(days: &BTreeMap<NaiveDate, Concentrations<f64>>, judgement: Judgement) -> Vec<DailyValue> {
    let one = |(day, concentrations): (&NaiveDate, &Concentrations<f64>)| DailyValue {
        day: *day,
        concentrations: *concentrations,
        hours: Concentrations::default(),
        aqi: judgement.of(*day, concentrations),
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
