//! The past days most like tonight, and what followed: the oldest way to doubt a forecast.
//!
//! Likeness is by seven features of a county: ln of mixing height and of wind speed (+ 0.5 m/s) on the first and on the second 24 h of the
//! forecast, temperature on the first, ln of the PM2.5 observed over the 24 h up to the cycle, and its change against the 24 h before.
//! Each is divided by its standard deviation over the candidates; the distance is the root mean square of the differences, so that 1 is the
//! distance of days that differ by a standard deviation in everything.

use super::past_night::{ObservedHours, PastCounty, PastNight};
use super::score_book::{Observed, last_day};
use crate::calendar::beijing_day_hour;
use crate::domain::pollutant::Pollutant;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// Features of a day.
const FEATURES: usize = 7;
/// Analogues listed, and candidates below which none are.
const LISTED: usize = 5;
const CANDIDATES_NEEDED: usize = 20;
/// Days between two analogues at least: neighbouring days are one episode.
const APART_DAYS: i64 = 3;
/// Days that followed, as listed.
const FOLLOWED_DAYS: i64 = 3;

/// The analogues of one county.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CountyAnalogues {
    pub adcode: u32,
    /// Past nights that they were chosen from.
    pub candidates: usize,
    /// The nearest first; empty with fewer than twenty candidates.
    pub nearest: Vec<Analogue>,
}

/// A past night that was like tonight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Analogue {
    pub cycle: DateTime<Utc>,
    /// In standard deviations of the candidates.
    pub distance: f64,
    /// Weather forecast for its first 24 h, and PM2.5 observed in the 24 h before.
    pub mixing_height_m: f64,
    pub wind_speed_m_s: f64,
    pub temperature_c: f64,
    pub pm25_before_ug_m3: f64,
    pub followed: Vec<FollowedDay>,
}

/// A day after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FollowedDay {
    pub beijing_day: NaiveDate,
    pub pm25_ug_m3: Option<f64>,
    pub aqi: Option<u16>,
}

/// What a night is compared by.
struct Situation {
    features: [f64; FEATURES],
    mixing_height_m: f64,
    wind_speed_m_s: f64,
    temperature_c: f64,
    pm25_before_ug_m3: f64,
}

/// Mean PM2.5 of the 24 h up to `end`, of 12 values or more.
fn mean_before(observed: &ObservedHours, adcode: u32, end: DateTime<Utc>) -> Option<f64> {
    let hours = observed.get(&adcode)?.range(end - Duration::hours(23)..=end);
    let values: Vec<f64> = hours.filter_map(|(_, c)| c.get(Pollutant::Pm25).copied()).collect();
    (values.len() >= 12).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn situation(night: &PastNight, county: &PastCounty, observed: &ObservedHours) -> Option<Situation> {
    let mean = |day: i32, of: &dyn Fn(&super::past_night::PastHour) -> f64| {
        let hours = county.hours.iter().filter(|h| (h.lead_hour - 1) / 24 == day);
        let values: Vec<f64> = hours.map(of).filter(|v| v.is_finite()).collect();
        (values.len() >= 12).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    let before = mean_before(observed, county.adcode, night.cycle)?;
    let earlier = mean_before(observed, county.adcode, night.cycle - Duration::hours(24))?;
    let height = |day| mean(day, &|h| h.weather.mixing_height_m.max(10.0).ln());
    let wind = |day| mean(day, &|h| (h.weather.wind_speed_m_s + 0.5).ln());
    let temperature_c = mean(0, &|h| h.weather.temperature_c)?;
    let change = ((before + 1.0) / (earlier + 1.0)).ln();
    Some(Situation {
        features: [height(0)?, height(1)?, wind(0)?, wind(1)?, temperature_c, (before + 1.0).ln(), change],
        mixing_height_m: mean(0, &|h| h.weather.mixing_height_m)?,
        wind_speed_m_s: mean(0, &|h| h.weather.wind_speed_m_s)?,
        temperature_c,
        pm25_before_ug_m3: before,
    })
}

/// The analogues of `tonight` among `nights`, for every county with stations. Only nights whose
/// following Beijing days are wholly over by tonight's cycle count.
pub(super) fn of(tonight: &PastNight, nights: &[PastNight], observed: &Observed) -> Vec<CountyAnalogues> {
    let over = |n: &&PastNight| beijing_day_hour(n.cycle).0 + Duration::days(FOLLOWED_DAYS) <= last_day(tonight.cycle);
    let county = |tonight_there: &PastCounty| {
        let adcode = tonight_there.adcode;
        let record = observed.days.get(&adcode)?;
        let now = situation(tonight, tonight_there, observed.hours)?;
        let candidates: Vec<(&PastNight, Situation)> = nights
            .iter()
            .filter(over)
            .filter_map(|n| Some((n, situation(n, n.county(adcode)?, observed.hours)?)))
            .collect();
        let nearest = if candidates.len() < CANDIDATES_NEEDED { Vec::new() } else { nearest(&now, &candidates) };
        let analogue = |(distance, i): (f64, usize)| {
            let (night, s) = &candidates[i];
            let first = beijing_day_hour(night.cycle).0;
            let followed = (1..=FOLLOWED_DAYS).map(|d| {
                let day = record.get(&(first + Duration::days(d)));
                FollowedDay {
                    beijing_day: first + Duration::days(d),
                    pm25_ug_m3: day.and_then(|d| d.concentrations.pm25_ug_m3),
                    aqi: day.and_then(|d| d.aqi.aqi),
                }
            });
            Analogue {
                cycle: night.cycle,
                distance,
                mixing_height_m: s.mixing_height_m,
                wind_speed_m_s: s.wind_speed_m_s,
                temperature_c: s.temperature_c,
                pm25_before_ug_m3: s.pm25_before_ug_m3,
                followed: followed.collect(),
            }
        };
        let (n, nearest) = (candidates.len(), nearest.into_iter().map(analogue).collect());
        Some(CountyAnalogues { adcode, candidates: n, nearest })
    };
    tonight.counties.iter().filter_map(county).collect()
}

/// Distance and place of the nearest candidates, no two of one episode.
fn nearest(now: &Situation, candidates: &[(&PastNight, Situation)]) -> Vec<(f64, usize)> {
    let n = candidates.len() as f64;
    let spread: [f64; FEATURES] = std::array::from_fn(|f| {
        let mean = candidates.iter().map(|c| c.1.features[f]).sum::<f64>() / n;
        (candidates.iter().map(|c| (c.1.features[f] - mean).powi(2)).sum::<f64>() / n).sqrt()
    });
    let distance = |s: &Situation| {
        let square = |f: usize| {
            // a feature that never varies tells nothing
            if spread[f] > 0.0 { ((s.features[f] - now.features[f]) / spread[f]).powi(2) } else { 0.0 }
        };
        ((0..FEATURES).map(square).sum::<f64>() / FEATURES as f64).sqrt()
    };
    let mut order: Vec<(f64, usize)> = candidates.iter().enumerate().map(|(i, c)| (distance(&c.1), i)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut chosen: Vec<(f64, usize)> = Vec::new();
    for (distance, i) in order {
        let near = |&(_, j): &(f64, usize)| {
            (candidates[i].0.cycle - candidates[j].0.cycle).num_hours().abs() < 24 * APART_DAYS
        };
        if chosen.len() < LISTED && !chosen.iter().any(near) {
            chosen.push((distance, i));
        }
    }
    chosen
}
