//! Equally likely hourly paths of every county: what a chance of a level is counted on.
//!
//! Each path is the forecast times a lognormal error that persists from hour to hour: `exp(sigma z)` with the spread sigma of
//! [`Uncertainty`] and z a first-order autoregressive process of unit variance, `z[h] = r z[h-1] + sqrt(1 - r^2) e[h]`. r is chosen so
//! that the spread of a 24-h mean of z over that of an hour is the daily factor of the intervals. Of the variance of e a stated part is
//! common to all counties, since they share their weather. All pollutants of a county share z.

use super::Forecast;
use super::uncertainty::Uncertainty;
use crate::domain::averages::thousandths;
use crate::domain::hourly::{HourlyValues, MISSING};
use crate::domain::pollutant::Pollutant;
use chrono::Duration;
use rand_distr::{Distribution, StandardNormal};
use rand_pcg::Pcg64;
use rand_pcg::rand_core::SeedableRng;

/// Paths of every county over the hours after the cycle.
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectories {
    /// Area code and hours x members, the first hour ending an hour after the cycle.
    pub counties: Vec<(u32, HourlyValues)>,
    /// How they were made.
    pub method_zh: String,
    pub method_en: String,
}

/// Number of hours in a day.
const DAY: i32 = 24;

/// Ratio of the spread of a 24-h mean to that of an hour, for persistence `r`: sqrt(24 + 2 sum (24 - k) r^k) / 24.
fn daily_spread(r: f64) -> f64 {
    let pairs: f64 = (1..DAY).map(|k| f64::from(DAY - k) * r.powi(k)).sum();
    (f64::from(DAY) + 2.0 * pairs).sqrt() / f64::from(DAY)
}

/// The persistence whose [`daily_spread`] is `factor`, 1 / sqrt(24) ..= 1, to 1e-9.
fn persistence(factor: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while high - low > 1e-9 {
        let r = 0.5 * (low + high);
        if daily_spread(r) < factor { low = r } else { high = r }
    }
    low
}

impl Trajectories {
    /// `members` paths of each county of `forecast`. The same forecast gives the same paths.
    pub fn around(forecast: &Forecast, uncertainty: &Uncertainty) -> Self {
        let parameters = &uncertainty.trajectories;
        let members = parameters.members;
        let hours_after =
            |c: &super::CountyForecast| c.hours.iter().map(|h| h.lead_hour).max().unwrap_or(0).max(0) as usize;
        let longest = forecast.counties.iter().map(hours_after).max().unwrap_or(0);
        let mut random = Pcg64::seed_from_u64(forecast.cycle.timestamp() as u64);
        let mut normal = move || -> f64 { StandardNormal.sample(&mut random) };
        let r = persistence(uncertainty.daily_factor);
        let common: Vec<f64> = (0..longest * members).map(|_| normal()).collect();
        let share = parameters.regional_share;
        let counties = forecast.counties.iter().map(|county| {
            let mut values = HourlyValues::missing(forecast.cycle + Duration::hours(1), longest, members);
            let mut z: Vec<f64> = Vec::new();
            for hour in 0..longest {
                let shock = |own: f64, m: usize| share.sqrt() * common[hour * members + m] + (1.0 - share).sqrt() * own;
                let shocks: Vec<f64> = (0..members).map(|m| shock(normal(), m)).collect();
                z = if z.is_empty() {
                    shocks
                } else {
                    z.iter().zip(&shocks).map(|(z, e)| r * z + (1.0 - r * r).sqrt() * e).collect()
                };
                let lead = hour as i32 + 1;
                let Some(h) = county.hours.iter().find(|h| h.lead_hour == lead) else { continue };
                for p in Pollutant::ALL {
                    let Some(e) = h.concentrations.get(p) else { continue };
                    let sigma = uncertainty.sigma(p, lead, county.has_station, false);
                    for (slot, z) in values.row_mut(p, hour).iter_mut().zip(&z) {
                        *slot = thousandths(e.value * (sigma * z).exp()).unwrap_or(MISSING);
                    }
                }
            }
            (county.adcode, values)
        });
        Self {
            counties: counties.collect(),
            method_zh: format!(
                "{members}条等可能逐时轨迹：预报值乘对数正态误差，误差逐时相关{r:.3}（日均离散为小时的{:.2}倍），其中{:.0}%为全州共有；离散度为假设值，未经概率校准",
                uncertainty.daily_factor,
                100.0 * share
            ),
            method_en: format!(
                "{members} equally likely hourly paths: the forecast times lognormal errors with hour-to-hour correlation {r:.3} (spread of a day \
                 {:.2} of an hour's), {:.0} % of them common to the region; the spread is assumed, the chances are not calibrated",
                uncertainty.daily_factor,
                100.0 * share
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Independent hours: 1 / sqrt(24). Fully persistent: 1.
    #[test]
    fn persistence_gives_the_daily_spread() {
        assert!((daily_spread(0.0) - 0.204_124_145).abs() < 1e-8 && (daily_spread(1.0) - 1.0).abs() < 1e-12);
        for factor in [0.3, 0.6, 0.75, 0.95] {
            assert!((daily_spread(persistence(factor)) - factor).abs() < 1e-6, "{factor}");
        }
    }
}
