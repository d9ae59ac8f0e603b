//! A county's forecast read both ways: natural days and sliding 24 h.

use super::Reading;
use super::episode::{Point, Series};
use crate::calendar::{beijing_day_hour, end_of_beijing_hour};
use crate::domain::aqi::{AqiReport, AqiRules};
use crate::domain::pollutant::{Concentrations, Pollutant};
use crate::forecast::{CountyForecast, HourForecast};
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeMap;

/// Hours before the cycle that may lengthen an episode already under way.
const HOURS_BEFORE_CYCLE: i64 = 24;
/// A day mean needs 20 of 24 hourly values, an 8-h mean 6 of 8 (GB 3095-2026 table 4).
const HOURS_OF_DAY_MEAN: usize = 20;
const HOURS_OF_EIGHT: usize = 6;

fn point(report: &AqiReport, response: &[Pollutant], from: DateTime<Utc>, to: DateTime<Utc>) -> Point {
    let alone = report.iaqi.iter().filter(|(p, _)| response.contains(p)).map(|(_, i)| *i).max();
    let primary = report.primary.clone();
    Point { beijing_day: None, from, to, aqi: report.aqi, alone, pm25_ug_m3: None, primary }
}

/// The natural-day reading: the forecast's own daily AQI of every Beijing day that begins less than 24 h before the cycle or later.
pub fn natural_day(county: &CountyForecast, cycle: DateTime<Utc>, response: &[Pollutant]) -> Series {
    let mut points: Vec<Point> = county
        .days
        .iter()
        .filter(|d| end_of_beijing_hour(d.beijing_day, 1) > cycle - Duration::hours(HOURS_BEFORE_CYCLE))
        .map(|d| {
            let (from, to) = (end_of_beijing_hour(d.beijing_day, 1), end_of_beijing_hour(d.beijing_day, 24));
            let pm25_ug_m3 = d.concentrations.pm25_ug_m3.map(|e| e.value);
            Point { beijing_day: Some(d.beijing_day), pm25_ug_m3, ..point(&d.aqi, response, from, to) }
        })
        .collect();
    points.sort_by_key(|p| p.to);
    points.dedup_by_key(|p| p.to);
    Series { reading: Reading::NaturalDay, points }
}

/// The sliding reading: one point for each hour that ends 24 consecutive forecast hours with a lead above -24.
///
/// Each pollutant is averaged over the 24 h (O3: largest 8-h mean inside them) and judged as a daily report under the version in
/// force on the Beijing day of the last hour. Pollutants without a value in any hour are not modelled and do not block the AQI.
pub fn sliding(county: &CountyForecast, aqi: &AqiRules, response: &[Pollutant]) -> Series {
    let hours: BTreeMap<DateTime<Utc>, &HourForecast> =
        county.hours.iter().filter(|h| i64::from(h.lead_hour) > -HOURS_BEFORE_CYCLE).map(|h| (h.end, h)).collect();
    let not_modelled: Vec<Pollutant> =
        Pollutant::ALL.into_iter().filter(|p| hours.values().all(|h| h.concentrations.get(*p).is_none())).collect();
    let mut points = Vec::new();
    let Some(first) = hours.keys().next().copied() else {
        return Series { reading: Reading::Sliding24h, points };
    };
    for &to in hours.keys() {
        let from = to - Duration::hours(23);
        if from < first {
            continue;
        }
        let window: Vec<Option<&HourForecast>> =
            (0..24).map(|k| hours.get(&(from + Duration::hours(k))).copied()).collect();
        let means = window_means(&window);
        let report = aqi.daily(beijing_day_hour(to).0, &means, &not_modelled);
        points.push(Point { pm25_ug_m3: means.pm25_ug_m3, ..point(&report, response, from, to) });
    }
    Series { reading: Reading::Sliding24h, points }
}

/// Means of 24 hours, as a daily report takes them.
fn window_means(window: &[Option<&HourForecast>]) -> Concentrations<f64> {
    let mut means = Concentrations::default();
    for p in Pollutant::ALL {
        let values: Vec<Option<f64>> =
            window.iter().map(|h| h.and_then(|h| h.concentrations.get(p)).map(|e| e.value)).collect();
        let mean = if p == Pollutant::O3 {
            values.windows(8).filter_map(|w| mean(w, HOURS_OF_EIGHT)).reduce(f64::max)
        } else {
            mean(&values, HOURS_OF_DAY_MEAN)
        };
        means.set(p, mean);
    }
    means
}

/// Mean of the values there are, if they are at least `needed`.
fn mean(values: &[Option<f64>], needed: usize) -> Option<f64> {
    let there: Vec<f64> = values.iter().copied().flatten().filter(|v| v.is_finite()).collect();
    (there.len() >= needed).then(|| there.iter().sum::<f64>() / there.len() as f64)
}
