//! County series -> [`Forecast`]: hours, Beijing days, AQI, intervals.

use super::county_series::{CountySeries, ModelHour};
use super::uncertainty::Uncertainty;
use super::{CorrectionReport, CountyForecast, DayForecast, Estimate, Forecast, HourForecast, ObservedHour};
use crate::calendar::beijing_day_hour;
use crate::domain::aqi::AqiRules;
use crate::domain::averages::{Validity, daily_means};
use crate::domain::county::Region;
use crate::domain::pollutant::{Concentrations, Pollutant};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeMap;

/// The model has no O3: by HJ 633 5.3 an indicator outside the plan does not block the AQI.
pub const NOT_MODELLED: [Pollutant; 1] = [Pollutant::O3];

/// What the assembly needs beside the series.
pub struct Frame<'a> {
    pub region: &'a Region,
    pub aqi: &'a AqiRules,
    pub uncertainty: &'a Uncertainty,
    pub cycle: DateTime<Utc>,
    /// How many hours a day mean needs.
    pub validity: Validity,
    /// Observed hours up to the cycle by county; a county in it has an observed station.
    pub observed: &'a BTreeMap<u32, Vec<ObservedHour>>,
    /// Ends of intervals that were learnt; elsewhere those of `uncertainty` hold.
    pub ends: &'a RelativeEnds,
}

/// Ends of the 80 % interval over the value, the lower at most 1 and the upper at least 1, by area code, end of the hour and pollutant.
pub type RelativeEnds = BTreeMap<(u32, DateTime<Utc>, Pollutant), (f64, f64)>;

/// Assembles the forecast; `value` turns a model hour into the forecast value of a pollutant.
pub fn forecast(
    frame: &Frame,
    series: &[CountySeries],
    correction: CorrectionReport,
    value: &dyn Fn(&CountySeries, &ModelHour, Pollutant, f64) -> f64,
) -> Forecast {
    let counties = frame
        .region
        .counties
        .iter()
        .zip(series)
        .map(|(county, series)| {
            let has_station = frame.observed.contains_key(&county.adcode);
            let hours: Vec<HourForecast> =
                series.hours.iter().map(|h| hour(frame, series, h, has_station, value)).collect();
            CountyForecast {
                adcode: county.adcode,
                name_zh: county.name_zh.clone(),
                name_en: county.name_en.clone(),
                has_station,
                observed: frame.observed.get(&county.adcode).cloned().unwrap_or_default(),
                days: days(frame, county.adcode, &hours, has_station),
                hours,
            }
        })
        .collect();
    Forecast { cycle: frame.cycle, counties, correction }
}

/// The forecast with a reduction list: the base forecast times the ratio of the two model runs, so that the correction, frozen for the night,
/// never blurs the effect of the list.
pub fn with_cut(frame: &Frame, base: &Forecast, base_model: &[CountySeries], cut_model: &[CountySeries]) -> Forecast {
    let base_values: BTreeMap<(u32, DateTime<Utc>), (&HourForecast, &ModelHour)> = base
        .counties
        .iter()
        .zip(base_model)
        .flat_map(|(c, m)| c.hours.iter().zip(&m.hours).map(|(f, m)| ((c.adcode, f.end), (f, m))))
        .collect();
    forecast(frame, cut_model, base.correction.clone(), &|series, hour, pollutant, cut| {
        let (forecast, model) = base_values[&(series.adcode, hour.end)];
        let value = forecast.concentrations.get(pollutant).map_or(cut, |e| e.value);
        match model.concentrations.get(pollutant) {
            Some(&base) if base > 0.0 => value * cut / base,
            _ => cut,
        }
    })
}

fn hour(
    frame: &Frame,
    series: &CountySeries,
    hour: &ModelHour,
    has_station: bool,
    value: &dyn Fn(&CountySeries, &ModelHour, Pollutant, f64) -> f64,
) -> HourForecast {
    let (beijing_day, beijing_hour) = beijing_day_hour(hour.end);
    let lead_hour = (hour.end - frame.cycle).num_hours() as i32;
    let concentrations = hour.concentrations.map(|p, &raw| {
        let value = value(series, hour, p, raw);
        let (lower, upper) = match frame.ends.get(&(series.adcode, hour.end, p)) {
            Some((lower, upper)) => (value * lower, value * upper),
            None => frame.uncertainty.interval(p, value, lead_hour, has_station, false),
        };
        Estimate { raw, value, lower, upper }
    });
    HourForecast {
        end: hour.end,
        beijing_day,
        beijing_hour,
        lead_hour,
        aqi: frame.aqi.hourly(beijing_day, &concentrations.map(|_, e| e.value), &NOT_MODELLED),
        concentrations,
        pm25_area_mean_ug_m3: hour.pm25_area_mean_ug_m3,
        weather: hour.weather,
    }
}

fn days(frame: &Frame, adcode: u32, hours: &[HourForecast], has_station: bool) -> Vec<DayForecast> {
    let mut by_day: BTreeMap<NaiveDate, Vec<&HourForecast>> = BTreeMap::new();
    for hour in hours {
        by_day.entry(hour.beijing_day).or_default().push(hour);
    }
    by_day.retain(|_, hours| hours.len() >= frame.validity.hours_of_day);
    by_day.into_iter().map(|(day, hours)| self::day(frame, (adcode, day), &hours, has_station)).collect()
}

fn day(
    frame: &Frame,
    (adcode, beijing_day): (u32, NaiveDate),
    hours: &[&HourForecast],
    has_station: bool,
) -> DayForecast {
    let lead = hours[hours.len() - 1].lead_hour;
    let mut concentrations = Concentrations::default();
    let means = |of: fn(&Estimate) -> f64| {
        let hour = |hour: usize| hours.iter().find(|h| usize::from(h.beijing_hour) == hour + 1);
        daily_means(|p, h| hour(h)?.concentrations.get(p).map(of), &frame.validity)
    };
    let (raw, value) = (means(|e| e.raw), means(|e| e.value));
    for p in Pollutant::ALL {
        let (Some(&raw), Some(&value)) = (raw.get(p), value.get(p)) else { continue };
        let (lower, upper) = match learnt_ends(frame, adcode, hours, p) {
            Some((lower, upper)) => (value * lower, value * upper),
            None => frame.uncertainty.interval(p, value, lead, has_station, true),
        };
        concentrations.set(p, Some(Estimate { raw, value, lower, upper }));
    }
    let aqi = |f: fn(&Estimate) -> f64| frame.aqi.daily(beijing_day, &concentrations.map(|_, e| f(e)), &NOT_MODELLED);
    DayForecast {
        beijing_day,
        hours: hours.len() as u8,
        aqi: aqi(|e| e.value),
        aqi_lower: aqi(|e| e.lower),
        aqi_upper: aqi(|e| e.upper),
        concentrations,
    }
}

/// Relative ends of a day's interval: those of its hours, in the geometric mean, narrower by the daily factor; `None` unless all were learnt.
fn learnt_ends(frame: &Frame, adcode: u32, hours: &[&HourForecast], pollutant: Pollutant) -> Option<(f64, f64)> {
    let ends: Option<Vec<(f64, f64)>> =
        hours.iter().map(|h| frame.ends.get(&(adcode, h.end, pollutant)).copied()).collect();
    let ends = ends.filter(|e| !e.is_empty())?;
    let mean = |of: fn(&(f64, f64)) -> f64| ends.iter().map(|e| of(e).ln()).sum::<f64>() / ends.len() as f64;
    let narrower = |ln: f64| (frame.uncertainty.daily_factor * ln).exp();
    Some((narrower(mean(|e| e.0)), narrower(mean(|e| e.1))))
}
