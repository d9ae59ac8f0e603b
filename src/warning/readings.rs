//! A county's hours read both ways: natural days and sliding 24 h.

use super::Reading;
use super::classes::{Classes, Classifier, UNJUDGED};
use super::episode::Points;
use crate::calendar::beijing_day_hour;
use crate::domain::aqi::{AqiReport, AqiRules};
use crate::domain::averages::{DAY, Validity, daily_means};
use crate::domain::hourly::HourlyValues;
use crate::domain::pollutant::{Concentrations, Pollutant};
use crate::forecast::CountyForecast;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use std::borrow::Cow;
use std::ops::Range;

/// Which value of the forecast is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The forecast itself.
    Value,
    /// The upper end of its daily means, the same at each hour of a day.
    Upper,
}

/// Hours of one place in which a decision is looked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Hours<'a> {
    /// From the first hour with a value to the last one.
    pub values: Cow<'a, HourlyValues>,
    /// Hours from the last one to the end of its natural day: that day may have enough of them.
    to_midnight: usize,
    /// First hour of the axis that ends a natural day.
    first_midnight: usize,
    /// The hour that ends at the cycle; negative where the values begin later.
    cycle_hour: i64,
    /// Pollutants without a value after the cycle: by HJ 633 5.3 they do not block the AQI.
    pub not_modelled: Vec<Pollutant>,
    /// Hours up to the cycle that were observed.
    pub observed: u32,
}

impl<'a> Hours<'a> {
    /// Hours on an axis of their own: `members` values at each, from `first_end` on.
    pub fn axis(first_end: DateTime<Utc>, hours: usize, members: usize, cycle: DateTime<Utc>) -> Self {
        Self::of_values(Cow::Owned(HourlyValues::missing(first_end, hours, members)), cycle)
    }

    fn of_values(values: Cow<'a, HourlyValues>, cycle: DateTime<Utc>) -> Self {
        Self {
            to_midnight: DAY - usize::from(beijing_day_hour(values.end(values.hours() - 1)).1),
            first_midnight: DAY - usize::from(beijing_day_hour(values.end(0)).1),
            cycle_hour: values.hour_of(cycle),
            values,
            not_modelled: Vec::new(),
            observed: 0,
        }
    }

    /// A county's forecast behind the hours up to `look_back` hours before the cycle: observed ones, and simulated ones where none was
    /// observed. `None` for a county without hours.
    pub fn of(county: &CountyForecast, cycle: DateTime<Utc>, look_back: u32, bound: Bound) -> Option<Self> {
        let begin = cycle - Duration::hours(i64::from(look_back));
        let observed = || county.observed.iter().filter(|o| o.end > begin && o.end <= cycle);
        let simulated = || county.hours.iter().filter(|h| h.end > begin);
        let ends = || observed().map(|o| o.end).chain(simulated().map(|h| h.end));
        let (first, last) = (ends().min()?, ends().max()?);
        let mut hours = Self::axis(first, (last - first).num_hours() as usize + 1, 1, cycle);
        let values = hours.values.to_mut();
        for h in simulated() {
            let hour = values.hour_of(h.end) as usize;
            let day = county
                .days
                .iter()
                .find(|d| d.beijing_day == h.beijing_day)
                .filter(|_| bound == Bound::Upper && h.end > cycle);
            for p in Pollutant::ALL {
                let upper = day.and_then(|d| d.concentrations.get(p)).map(|e| e.upper);
                if let Some(value) = upper.or(h.concentrations.get(p).map(|e| e.value)) {
                    values.set(p, hour, value);
                }
            }
        }
        for o in observed() {
            let hour = values.hour_of(o.end) as usize;
            for p in Pollutant::ALL {
                if let Some(value) = o.concentrations.get(p) {
                    values.set(p, hour, *value);
                }
            }
        }
        hours.observed = observed().count() as u32;
        let after = |p| county.hours.iter().any(|h| h.end > cycle && h.concentrations.get(p).is_some());
        hours.not_modelled = Pollutant::ALL.into_iter().filter(|p| !after(*p)).collect();
        Some(hours)
    }

    /// The paths of a county, `[hour][member]` from the hour after the cycle on, behind its observed hours.
    pub fn of_paths(
        county: Option<&CountyForecast>,
        paths: &'a HourlyValues,
        cycle: DateTime<Utc>,
        look_back: u32,
    ) -> Self {
        let begin = cycle - Duration::hours(i64::from(look_back));
        let observed = || county.into_iter().flat_map(|c| &c.observed).filter(|o| o.end > begin && o.end <= cycle);
        let first_path = paths.end(0);
        let first = observed().map(|o| o.end).min().unwrap_or(first_path).min(first_path);
        let before = (first_path - first).num_hours() as usize;
        let mut hours = Self::of_values(Cow::Borrowed(paths), cycle);
        if before > 0 {
            let mut values = HourlyValues::missing(first, before + paths.hours(), paths.members());
            for p in Pollutant::ALL {
                if let Some(block) = paths.of(p) {
                    values.set_block(p, before, block);
                }
            }
            for o in observed() {
                let hour = values.hour_of(o.end) as usize;
                for p in Pollutant::ALL {
                    if let Some(value) = o.concentrations.get(p) {
                        values.set(p, hour, *value);
                    }
                }
            }
            hours = Self::of_values(Cow::Owned(values), cycle);
        }
        hours.observed = observed().count() as u32;
        hours.not_modelled = Pollutant::ALL.into_iter().filter(|p| paths.of(*p).is_none()).collect();
        hours
    }

    /// Classes of all pollutants.
    pub fn classes(&self, classifier: &Classifier, aqi: &AqiRules) -> Classes {
        let blocking: Vec<Pollutant> = Pollutant::ALL.into_iter().filter(|p| !self.not_modelled.contains(p)).collect();
        classifier.classes(&self.values, self.to_midnight, aqi, &Pollutant::ALL, &blocking)
    }

    /// Classes of one reading, from those of all hours.
    pub fn read(&self, reading: Reading, class: &[u8]) -> Vec<u8> {
        match reading {
            Reading::NaturalDay => class.iter().skip(self.first_midnight).step_by(DAY).copied().collect(),
            Reading::Sliding24h => {
                let whole = self.whole_windows();
                let of = |(hour, class): (usize, &u8)| if whole.contains(&hour) { *class } else { UNJUDGED };
                class.iter().enumerate().map(of).collect()
            }
        }
    }

    /// Hours whose window does not reach beyond the values on either side: the points of the sliding reading.
    pub fn whole_windows(&self) -> Range<usize> {
        DAY - 1..self.values.hours()
    }

    /// Natural days of one member of the classes.
    pub fn natural_days(&self, classes: &Classes, member: usize, days: &mut Vec<u8>) {
        days.clear();
        days.extend((self.first_midnight..classes.hours()).step_by(DAY).map(|hour| classes.at(hour, member)));
    }

    /// Classes of some pollutants, with those in `blocking` needed.
    pub fn classes_of(
        &self,
        classifier: &Classifier,
        aqi: &AqiRules,
        of: &[Pollutant],
        blocking: &[Pollutant],
    ) -> Classes {
        classifier.classes(&self.values, self.to_midnight, aqi, of, blocking)
    }

    /// First point of a reading whose average ends `hours` after the cycle or later.
    pub fn ahead(&self, reading: Reading, hours: u32) -> usize {
        let hour = (self.cycle_hour + i64::from(hours)).max(0) as usize;
        match reading {
            Reading::NaturalDay => hour.saturating_sub(self.first_midnight).div_ceil(DAY),
            Reading::Sliding24h => hour,
        }
    }

    /// The hour that ends the average of a point.
    pub fn hour_of(&self, reading: Reading, point: usize) -> usize {
        match reading {
            Reading::NaturalDay => self.first_midnight + point * DAY,
            Reading::Sliding24h => point,
        }
    }

    /// First and last hour of the 24 hours that end with `hour` (UTC, hour-ending).
    pub fn window(&self, hour: usize) -> (DateTime<Utc>, DateTime<Utc>) {
        let to = self.values.end(hour);
        (to - Duration::hours(DAY as i64 - 1), to)
    }

    /// The first hour after the cycle.
    pub fn first_after_cycle(&self) -> usize {
        (self.cycle_hour + 1).max(0) as usize
    }

    /// Last hour with a value.
    pub fn last(&self) -> usize {
        self.values.hours() - 1
    }

    /// Day of a natural-day point.
    pub fn day(&self, point: usize) -> NaiveDate {
        beijing_day_hour(self.values.end(self.hour_of(Reading::NaturalDay, point))).0
    }

    /// The daily report over the 24 hours that end with `hour`, and its means.
    pub fn report(&self, hour: usize, aqi: &AqiRules, validity: &Validity) -> (AqiReport, Concentrations<f64>) {
        let value = |p, h: usize| (hour + 1 + h).checked_sub(DAY).and_then(|h| self.values.get(p, h, 0));
        let means = daily_means(value, validity);
        (aqi.daily(beijing_day_hour(self.values.end(hour)).0, &means, &self.not_modelled), means)
    }

    /// The same hours with PM2.5 and PM10 after the cycle times `margin`, and then lower by each step times `fall` of that PM2.5: one member per step.
    pub fn lowered(&self, margin: f64, steps: &[f64], fall: &dyn Fn(DateTime<Utc>) -> f64) -> Hours<'static> {
        let (first_end, hours) = (self.values.end(0), self.values.hours());
        let mut values = HourlyValues::missing(first_end, hours, steps.len());
        for p in Pollutant::ALL.into_iter().filter(|p| self.values.of(*p).is_some()) {
            for hour in 0..hours {
                let Some(value) = self.values.get(p, hour, 0) else { continue };
                let particles = matches!(p, Pollutant::Pm25 | Pollutant::Pm10) && hour >= self.first_after_cycle();
                let fine = self.values.get(Pollutant::Pm25, hour, 0).filter(|_| particles).unwrap_or(0.0);
                let most = margin * fine * fall(self.values.end(hour));
                let raised = if particles { margin * value } else { value };
                for (slot, step) in values.row_mut(p, hour).iter_mut().zip(steps) {
                    *slot = crate::domain::averages::thousandths((raised - step * most).max(0.0))
                        .unwrap_or(crate::domain::hourly::MISSING);
                }
            }
        }
        Hours { values: Cow::Owned(values), not_modelled: self.not_modelled.clone(), ..*self }
    }

    /// The same hours after the cycle multiplied by each factor: one member per factor.
    pub fn scaled(&self, factors: &[f64]) -> Hours<'static> {
        let (first_end, hours) = (self.values.end(0), self.values.hours());
        let mut values = HourlyValues::missing(first_end, hours, factors.len());
        for p in Pollutant::ALL.into_iter().filter(|p| self.values.of(*p).is_some()) {
            for hour in 0..hours {
                let Some(value) = self.values.get(p, hour, 0) else { continue };
                let ahead = hour >= self.first_after_cycle();
                for (slot, factor) in values.row_mut(p, hour).iter_mut().zip(factors) {
                    *slot = crate::domain::averages::thousandths(if ahead { value * factor } else { value })
                        .unwrap_or(crate::domain::hourly::MISSING);
                }
            }
        }
        Hours { values: Cow::Owned(values), not_modelled: self.not_modelled.clone(), ..*self }
    }
}

/// The points of a reading.
pub fn points(reading: Reading, class: &[u8]) -> Points<'_> {
    Points { class, step: if reading == Reading::NaturalDay { DAY as u32 } else { 1 } }
}
