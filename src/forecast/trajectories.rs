//! Equally likely hourly paths of every county: what a chance of a level is counted on.
//!
//! At each hour the values of the paths are those of the forecast's distribution ([`Marginal`]). What strings them into paths is
//!
//! - where enough nights are archived: **errors of past nights** (Schaake shuffle). Path m takes, at each county, pollutant and hour, the
//!   rank that the error of past night m has among all past nights there. So a path errs as a real night did, over hours, counties and
//!   pollutants together. A county without a station follows the others in part ([`TrajectoryParameters::regional_share`]);
//! - else an **autoregressive** error of unit variance, `z[h] = r z[h-1] + sqrt(1 - r^2) e[h]`, r chosen so that the spread of a 24-h mean of
//!   z over that of an hour is the daily factor of the intervals. A stated part of the variance of e is common to all counties, since they
//!   share their weather. All pollutants of a county share z. Where the night has members with perturbed inputs ([`Departures`]), each path
//!   follows one of them: of the variance of the forecast's error at each hour, the part that members have is theirs, the rest is z.
//!
//! # Reference
//! Clark et al. (2004), J. Hydrometeorol. 5, 243-262; Schefzik, Thorarinsdottir & Gneiting (2013), Stat. Sci. 28, 616-640.

use super::error_paths::{CountyErrors, ErrorPaths};
use super::marginal::{Marginal, standard_quantile};
use super::members::Departures;
use super::uncertainty::{TrajectoryParameters, Uncertainty};
use super::{CountyForecast, Forecast};
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

/// Standard normal scores `[hour][member]` of the errors of one county and pollutant.
type Scores = Vec<f64>;

impl Trajectories {
    /// Paths of each county of `forecast`, strung by the errors of `past` nights where they are enough, else with the night's `members`. The
    /// same arguments give the same paths.
    pub fn around(
        forecast: &Forecast,
        uncertainty: &Uncertainty,
        past: &ErrorPaths,
        members: Option<&Departures>,
    ) -> Self {
        let hours = hours_ahead(forecast);
        let enough = past.nights.len() >= uncertainty.trajectories.nights_needed;
        if enough && past.hours >= hours && !past.counties.is_empty() {
            Self::by_past_errors(forecast, uncertainty, past)
        } else {
            Self::autoregressive(forecast, uncertainty, past.nights.len(), members)
        }
    }

    fn by_past_errors(forecast: &Forecast, uncertainty: &Uncertainty, past: &ErrorPaths) -> Self {
        let (hours, members) = (hours_ahead(forecast), past.nights.len());
        let share = uncertainty.trajectories.regional_share;
        let region = regional_scores(past, hours);
        let mut own = Autoregressive::new(forecast, uncertainty, members);
        let counties = forecast.counties.iter().map(|county| {
            let values = match past.county(county.adcode) {
                Some(errors) => {
                    let of = |p| scores(errors.of(p).unwrap_or_else(|| pm25(errors)), hours, members);
                    filled(forecast, county, hours, members, &of)
                }
                None => {
                    let apart = own.independent(hours);
                    let mixed: Vec<f64> =
                        region.iter().zip(&apart).map(|(r, a)| share.sqrt() * r + (1.0 - share).sqrt() * a).collect();
                    let z = scores(&mixed, hours, members);
                    filled(forecast, county, hours, members, &|_| z.clone())
                }
            };
            (county.adcode, values)
        });
        let counties = counties.collect();
        let observed = past.counties.len();
        let (first, last) = (past.nights[0].format("%Y-%m-%d"), past.nights[members - 1].format("%Y-%m-%d"));
        Self {
            counties,
            method_zh: format!(
                "{members}条等可能逐时轨迹：取预报分布的分位数，按{first}至{last}的{members}个往期夜的实际误差路径排序（Schaake shuffle，{observed}个有站县市）；无站县市与其共有{:.0}%的误差方差",
                100.0 * share
            ),
            method_en: format!(
                "{members} equally likely hourly paths: quantiles of the forecast in the order of the real errors of {members} past nights, {first} \
                 to {last} (Schaake shuffle, counties with stations: {observed}); counties without a station share {:.0} % of the error's \
                 variance with them",
                100.0 * share
            ),
        }
    }

    fn autoregressive(
        forecast: &Forecast,
        uncertainty: &Uncertainty,
        past_nights: usize,
        perturbed: Option<&Departures>,
    ) -> Self {
        let TrajectoryParameters { members, regional_share: share, nights_needed, .. } = uncertainty.trajectories;
        let hours = hours_ahead(forecast);
        let mut errors = Autoregressive::new(forecast, uncertainty, members);
        let common = errors.shocks(hours);
        let counties = forecast.counties.iter().map(|county| {
            let z = errors.with_common(&common, share, hours);
            let of = |p| match perturbed.and_then(|d| Some((d.get(county.adcode, p)?, d.members))) {
                Some(departures) => following(county, p, departures, &z, members),
                None => z.clone(),
            };
            (county.adcode, filled(forecast, county, hours, members, &of))
        });
        let of_members = perturbed.map(|d| {
            (
                format!("；每条轨迹随{}个输入扰动成员之一，成员的离散在误差方差中所占部分由其决定", d.members),
                format!("; each follows one of {} members with perturbed inputs in that part of the error's variance that they have", d.members),
            )
        });
        let (members_zh, members_en) = of_members.unwrap_or_default();
        let (counties, r) = (counties.collect(), persistence(uncertainty.daily_factor));
        Self {
            counties,
            method_zh: format!(
                "{members}条等可能逐时轨迹：预报值乘对数正态误差，误差逐时相关{r:.3}（日均离散为小时的{:.2}倍），其中{:.0}%为全州共有；有观测的往期夜{past_nights}个，不足{nights_needed}个，误差的时间与空间相关为假设值{members_zh}",
                uncertainty.daily_factor,
                100.0 * share
            ),
            method_en: format!(
                "{members} equally likely hourly paths: the forecast times lognormal errors with hour-to-hour correlation {r:.3} (spread of a day \
                 {:.2} of an hour's), {:.0} % of them common to the region; {past_nights} observed past nights are fewer than {nights_needed}, \
                 so that how errors hang together in time and space is assumed{members_en}",
                uncertainty.daily_factor,
                100.0 * share
            ),
        }
    }
}

fn hours_ahead(forecast: &Forecast) -> usize {
    let leads = forecast.counties.iter().flat_map(|c| &c.hours).map(|h| h.lead_hour);
    leads.max().unwrap_or(0).max(0) as usize
}

fn pm25(errors: &CountyErrors) -> &[f64] {
    errors.of(Pollutant::Pm25).unwrap_or_default()
}

/// The paths of a county: at each hour its distribution at the scores of the pollutant.
fn filled(
    forecast: &Forecast,
    county: &CountyForecast,
    hours: usize,
    members: usize,
    of: &dyn Fn(Pollutant) -> Scores,
) -> HourlyValues {
    let mut values = HourlyValues::missing(forecast.cycle + Duration::hours(1), hours, members);
    for p in Pollutant::ALL {
        if !county.hours.iter().any(|h| h.lead_hour > 0 && h.concentrations.get(p).is_some()) {
            continue;
        }
        let z = of(p);
        for h in county.hours.iter().filter(|h| h.lead_hour > 0) {
            let (Some(e), hour) = (h.concentrations.get(p), h.lead_hour as usize - 1) else { continue };
            let distribution = Marginal::of(e);
            for (slot, z) in values.row_mut(p, hour).iter_mut().zip(&z[hour * members..][..members]) {
                *slot = thousandths(distribution.at(*z)).unwrap_or(MISSING);
            }
        }
    }
    values
}

/// Scores of paths that each follow one member: at each hour a member's departure over the spread of the forecast's distribution, and errors `z`,
/// `[hour][path]`, in what of the variance that leaves.
fn following(
    county: &CountyForecast,
    pollutant: Pollutant,
    (departures, n): (&[f64], usize),
    z: &[f64],
    members: usize,
) -> Scores {
    let mut mixed = z.to_vec();
    for h in county.hours.iter().filter(|h| h.lead_hour > 0) {
        let hour = h.lead_hour as usize - 1;
        let (Some(e), Some(row)) = (h.concentrations.get(pollutant), departures.get(hour * n..(hour + 1) * n)) else {
            continue;
        };
        let mean = row.iter().sum::<f64>() / n as f64;
        let spread = (row.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / n as f64).sqrt();
        if spread <= 0.0 {
            continue;
        }
        let part = (spread / Marginal::of(e).spread()).min(1.0);
        let paths = &mut mixed[hour * members..][..members];
        for (path, z) in paths.iter_mut().enumerate() {
            *z = part * (row[path % n] - mean) / spread + (1.0 - part * part).sqrt() * *z;
        }
        let ranked = scores(paths, 1, members);
        paths.copy_from_slice(&ranked);
    }
    mixed
}

/// Ranks of `values`, `[hour][member]`, within each hour, as standard normal scores: the k-th smallest of n gets the quantile of
/// (k - 1/2) / n. Equal values keep the order of the members.
fn scores(values: &[f64], hours: usize, members: usize) -> Scores {
    let quantiles: Vec<f64> = (0..members).map(|k| standard_quantile((k as f64 + 0.5) / members as f64)).collect();
    let mut z = vec![0.0; hours * members];
    let mut order: Vec<usize> = (0..members).collect();
    for (row, out) in values.chunks(members).zip(z.chunks_mut(members)) {
        order.sort_by(|a, b| row[*a].total_cmp(&row[*b]).then(a.cmp(b)));
        for (rank, member) in order.iter().enumerate() {
            out[*member] = quantiles[rank];
        }
    }
    z
}

/// The scores that the counties with stations have in common: those of the mean of their PM2.5 scores.
fn regional_scores(past: &ErrorPaths, hours: usize) -> Scores {
    let members = past.nights.len();
    let mut sum = vec![0.0; hours * members];
    for county in &past.counties {
        sum.iter_mut().zip(scores(pm25(county), hours, members)).for_each(|(s, z)| *s += z);
    }
    scores(&sum, hours, members)
}

/// Errors of unit variance that persist from hour to hour.
struct Autoregressive {
    random: Pcg64,
    r: f64,
    members: usize,
}

impl Autoregressive {
    /// The same forecast gives the same errors.
    fn new(forecast: &Forecast, uncertainty: &Uncertainty, members: usize) -> Self {
        let random = Pcg64::seed_from_u64(forecast.cycle.timestamp() as u64);
        Self { random, r: persistence(uncertainty.daily_factor), members }
    }

    /// Independent standard normal numbers, `[hour][member]`.
    fn shocks(&mut self, hours: usize) -> Vec<f64> {
        (0..hours * self.members).map(|_| StandardNormal.sample(&mut self.random)).collect()
    }

    /// Errors of one county, of whose shocks the part `share` of the variance is `common`.
    fn with_common(&mut self, common: &[f64], share: f64, hours: usize) -> Scores {
        let mut z = self.shocks(hours);
        z.iter_mut().zip(common).for_each(|(own, c)| *own = share.sqrt() * c + (1.0 - share).sqrt() * *own);
        for i in self.members..z.len() {
            z[i] = self.r * z[i - self.members] + (1.0 - self.r * self.r).sqrt() * z[i];
        }
        z
    }

    /// Errors that share nothing with other counties.
    fn independent(&mut self, hours: usize) -> Scores {
        let nothing = vec![0.0; hours * self.members];
        self.with_common(&nothing, 0.0, hours)
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

    #[test]
    fn scores_are_the_quantiles_of_the_ranks() {
        let z = scores(&[3.0, 1.0, 2.0, 7.0, 7.0, -1.0], 2, 3);
        let q = standard_quantile(5.0 / 6.0);
        assert!((q - 0.967_421_566).abs() < 1e-8, "{q}");
        let expected = [q, -q, 0.0, 0.0, q, -q];
        assert!(z.iter().zip(expected).all(|(z, e)| (z - e).abs() < 1e-9), "{z:?}");
    }
}
