//! From the weather of the days to factors of heating, farm ammonia and dust: the rules of `models/emission_weather.toml`.
//!
//! Each factor has the mean 1 over a month whose weather is as its climate: heating by the daily course of the climate's temperature, ammonia over
//! normally scattered days, dust over Rayleigh winds and independent wet and snowy days. They therefore act alike on what an inventory gives by
//! months of its own; the share of a month that heats is that of the sector's months.

use super::emission::EmissionModel;
use super::emission_conditions::{ConditionsReport, DayConditions, EmissionConditions, Scope};
use super::emission_weather_rules::{Climate, DustSector, EmissionWeather};
use super::place_weather::HourWeather;
use crate::calendar::beijing_local;
use crate::domain::source::Sector;
use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc};
use std::collections::BTreeMap;
use std::f64::consts::PI;

/// Weather of one county over the hours of a run.
pub struct CountyWeather {
    pub adcode: u32,
    pub hours: Vec<HourWeather>,
}

/// Means of a Beijing day.
struct DayWeather {
    day: NaiveDate,
    /// Its hours within the run.
    hours: std::ops::Range<usize>,
    temperature_c: f64,
    wind_m_s: f64,
    rain_mm: Option<f64>,
    snow_kg_m2: Option<f64>,
}

impl EmissionWeather {
    /// The conditions of a run that starts at `first`, and the factors of its days. Counties without a climate are not changed; everywhere else
    /// takes the mean of the others.
    pub fn conditions(
        &self,
        model: &EmissionModel,
        counties: &[CountyWeather],
        first: DateTime<Utc>,
    ) -> (EmissionConditions, ConditionsReport) {
        let mut conditions = EmissionConditions::new(first, self.scopes());
        let mut report = ConditionsReport::default();
        for (sector, scope) in self.scopes() {
            let mut sum: Vec<f64> = Vec::new();
            let mut known = 0.0;
            for county in counties {
                let Some(climate) = self.climate(county.adcode) else { continue };
                let days = days_of(&county.hours, first);
                let hours = self.hours_of(model, sector, climate, &days, &county.hours);
                for d in &days {
                    report.days.push(DayConditions {
                        adcode: county.adcode,
                        sector,
                        scope,
                        day: d.day,
                        factor: hours[d.hours.clone()].iter().sum::<f64>() / d.hours.len() as f64,
                        temperature_c: d.temperature_c,
                        wind_m_s: d.wind_m_s,
                        rain_mm: d.rain_mm,
                        snow_kg_m2: d.snow_kg_m2,
                    });
                }
                sum.resize(hours.len(), 0.0);
                sum.iter_mut().zip(&hours).for_each(|(s, h)| *s += h);
                known += 1.0;
                conditions.set(county.adcode, sector, hours);
            }
            conditions.set(0, sector, sum.into_iter().map(|s| s / known).collect());
        }
        report.days.sort_by_key(|d| (d.adcode, d.sector, d.day));
        (conditions, report)
    }

    fn scopes(&self) -> BTreeMap<Sector, Scope> {
        let heating = self.heating.sectors.iter().chain(&self.heating.sectors_in_season).map(|s| (*s, Scope::All));
        let ammonia = self.ammonia.sectors.iter().map(|s| (*s, Scope::Ammonia));
        heating.chain(ammonia).chain(self.dust.sector.iter().map(|s| (s.name, Scope::Particles))).collect()
    }

    fn hours_of(
        &self,
        model: &EmissionModel,
        sector: Sector,
        climate: &Climate,
        days: &[DayWeather],
        hours: &[HourWeather],
    ) -> Vec<f64> {
        let mut out = vec![1.0; hours.len()];
        let mut means: BTreeMap<usize, f64> = BTreeMap::new();
        for d in days {
            let month = d.day.month0() as usize;
            if let Some(dust) = self.dust.sector.iter().find(|s| s.name == sector) {
                let surface = self.surface(dust, climate, d);
                let mean_wind = *means.entry(month).or_insert_with(|| self.mean_blown(climate.wind_m_s[month]));
                for h in d.hours.clone() {
                    let blown = if mean_wind > 0.0 { self.blown(hours[h].wind_m_s) / mean_wind } else { 0.0 };
                    let raised = 1.0 - dust.wind_share + dust.wind_share * blown;
                    out[h] = (surface * raised).min(self.dust.largest);
                }
                continue;
            }
            let factor = if self.ammonia.sectors.contains(&sector) {
                self.ammonia_factor(climate, d)
            } else {
                self.heating_factor(model, sector, climate, d)
            };
            out[d.hours.clone()].fill(factor);
        }
        out
    }

    /// Of the month's emission `1 - w` does not heat and `w` follows the degree days, with `w = 1 - least month / month`.
    fn heating_factor(&self, model: &EmissionModel, sector: Sector, climate: &Climate, d: &DayWeather) -> f64 {
        let profile = &model.sector(sector).profile;
        let month = profile.month_factor(d.day.month0() as usize);
        let heats = if month > 0.0 { 1.0 - profile.least_month() / month } else { 0.0 };
        let in_season = |day: NaiveDate| !self.heating.sectors_in_season.contains(&sector) || self.heats_on(day);
        let below = |t: f64| (self.heating.base_c - t).max(0.0);
        let days = month_days(d.day);
        let expected = |day: NaiveDate| if in_season(day) { below(climate.temperature_on(day)) } else { 0.0 };
        let mean = days.iter().map(|day| expected(*day)).sum::<f64>() / days.len() as f64;
        if mean <= 0.0 {
            return 1.0;
        }
        let today = if in_season(d.day) { below(d.temperature_c) } else { 0.0 };
        1.0 - heats + heats * today / mean
    }

    fn ammonia_factor(&self, climate: &Climate, d: &DayWeather) -> f64 {
        let a = &self.ammonia;
        let (per_k, per_m_s) = (a.per_k.ln(), a.per_m_s.ln());
        let wind = climate.wind_m_s[d.day.month0() as usize];
        let scatter = 0.5 * ((per_k * a.scatter_k).powi(2) + (per_m_s * a.scatter_m_s).powi(2));
        (per_k * (d.temperature_c - climate.temperature_on(d.day)) + per_m_s * (d.wind_m_s - wind) - scatter).exp()
    }

    /// What rain and snow leave of a day's dust, relative to the month's mean of both.
    fn surface(&self, dust: &DustSector, climate: &Climate, d: &DayWeather) -> f64 {
        let month = d.day.month0() as usize;
        let part = |value: Option<f64>, from: f64, left: f64, share: f64| {
            let mean = 1.0 - share * (1.0 - left);
            value.map_or(1.0, |v| if v >= from { left / mean } else { 1.0 / mean })
        };
        part(d.rain_mm, self.dust.wet_mm, dust.wet_left, climate.wet_days[month])
            * part(d.snow_kg_m2, self.dust.snow_kg_m2, dust.snow_left, climate.snow_days[month])
    }

    fn blown(&self, wind_m_s: f64) -> f64 {
        (wind_m_s - self.dust.threshold_m_s).max(0.0) * wind_m_s * wind_m_s
    }

    /// Mean of [`Self::blown`] over Rayleigh-distributed winds of a mean speed, by the trapezoidal rule up to six times the mean or well above the threshold.
    fn mean_blown(&self, mean_m_s: f64) -> f64 {
        const STEPS: usize = 4000;
        let top = (6.0 * mean_m_s).max(2.0 * self.dust.threshold_m_s);
        let du = top / STEPS as f64;
        let density = |u: f64| {
            let x = u / mean_m_s;
            0.5 * PI * x / mean_m_s * (-0.25 * PI * x * x).exp()
        };
        (1..=STEPS).map(|i| i as f64 * du).map(|u| self.blown(u) * density(u) * du).sum()
    }
}

/// The Beijing days of a run. A day of which the run has a part takes its means over the 24 hours of the run nearest to it.
fn days_of(hours: &[HourWeather], first: DateTime<Utc>) -> Vec<DayWeather> {
    let day_of = |h: usize| beijing_local(first + Duration::hours(h as i64)).date();
    let mut out: Vec<DayWeather> = Vec::new();
    let mut begin = 0;
    while begin < hours.len() {
        let day = day_of(begin);
        let end = (begin..hours.len()).find(|h| day_of(*h) != day).unwrap_or(hours.len());
        let missing = 24usize.saturating_sub(end - begin);
        let to = if begin == 0 { (end + missing).min(hours.len()) } else { end };
        let from = if begin == 0 { 0 } else { begin.saturating_sub(missing) };
        let part = &hours[from..to];
        let mean = |of: fn(&HourWeather) -> f64| part.iter().map(of).sum::<f64>() / part.len() as f64;
        let all = |of: fn(&HourWeather) -> Option<f64>| part.iter().map(of).collect::<Option<Vec<f64>>>();
        out.push(DayWeather {
            day,
            hours: begin..end,
            temperature_c: mean(|h| h.temperature_c),
            wind_m_s: mean(|h| h.wind_m_s),
            rain_mm: all(|h| h.rain_mm).map(|r| r.iter().sum::<f64>() * 24.0 / part.len() as f64),
            snow_kg_m2: all(|h| h.snow_kg_m2).map(|s| s.iter().sum::<f64>() / part.len() as f64),
        });
        begin = end;
    }
    out
}

fn month_days(day: NaiveDate) -> Vec<NaiveDate> {
    let first = day.with_day(1).unwrap_or(day);
    first.iter_days().take_while(|d| d.month() == day.month()).collect()
}
