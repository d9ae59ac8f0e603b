//! PM2.5 of a city on the next day, walking forward through a daily record: retrained each month on everything before it.
//!
//! Two models are averaged: a linear one on ln(PM2.5 + 1) of all cities' rows, weighted towards the city and those that go with it, and
//! a forest of random trees on the city's own rows with every city's today. The spread comes from earlier errors of the same walk.

use super::boosting::{Booster, Forest, Sample};
use super::city_features::{CityPanel, Upwind, names, push_features};
use super::linear::Linear;
use super::quantiles::weighted_quantile;
use super::table::FeatureTable;
use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

/// How the next day is learnt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CityParameters {
    /// Other cities in each weighted mean of the features.
    pub upwind_cities: usize,
    /// Cities whose rows teach with weight 1; rows of the city itself and of all others have these weights.
    pub near_cities: usize,
    pub own_weight: f64,
    pub far_weight: f64,
    /// Penalty of the linear model, and the part of it on absolute weights.
    pub shrinkage: f64,
    pub l1_ratio: f64,
    /// Share of the linear model in the forecast, 0 ..= 1; the rest is the forest's.
    pub linear_share: f64,
    pub forest: Forest,
    /// Pairs of today and tomorrow that the city needs before the first forecast.
    pub days_needed: usize,
    /// Days before the first forecast on which the walk begins, for errors to learn the spread from.
    pub spread_days: usize,
    /// Errors of the city count so many times those of a near city.
    pub own_error_weight: f64,
    /// Days after which an error counts half.
    pub error_half_life_days: f64,
    pub source: String,
    pub verified: bool,
}

/// Forecast of one day.
#[derive(Debug, Clone, PartialEq)]
pub struct CityForecast {
    /// The day that is forecast.
    pub day: NaiveDate,
    /// PM2.5 of the day before, the forecast and what was observed [ug m-3].
    pub today: f64,
    pub predicted: f64,
    pub observed: f64,
    /// Equally likely values, rising [ug m-3].
    pub members: Vec<f64>,
    /// Errors that the members come from.
    pub errors: usize,
}

/// Past errors below which they tell no spread.
pub const ERRORS_NEEDED: usize = 30;

/// Walks from `from` to `to` (days that are forecast, `to` included).
///
/// # Errors
/// Too few days of the city before the first forecast, to train on or to learn a spread from.
pub fn walk(
    panel: &CityPanel,
    city: usize,
    from: NaiveDate,
    to: NaiveDate,
    members: usize,
    parameters: &CityParameters,
) -> Result<Vec<CityForecast>, String> {
    let first = panel.day(from);
    let pairs = |until: usize| (1..until).filter(|d| known(panel, city, d - 1)).count();
    if pairs(first) < parameters.days_needed {
        return Err(format!("{} days of training before {from}: {} are needed", pairs(first), parameters.days_needed));
    }
    let mut start = first.saturating_sub(parameters.spread_days);
    while pairs(start) < parameters.days_needed {
        start += 1;
    }
    let end = panel.day(to + chrono::Days::new(1));
    let mut past: Vec<PastError> = Vec::new();
    let mut forecasts = Vec::new();
    while start < end {
        let date = panel.date(start);
        // to the end of the month, and anew on the first day that is asked for
        let stop = (start + 1..end).find(|d| *d == first || panel.date(*d).month() != date.month()).unwrap_or(end);
        let fitted = Fitted::new(panel, city, start, parameters)?;
        let errors = aged(&past, start, parameters.error_half_life_days);
        let mut fresh = Vec::new();
        for day in (start.max(1)..stop).filter(|d| known(panel, city, d - 1)) {
            let predicted = fitted.predict(panel, city, day - 1)?;
            let observed = panel.log(city, day as i64);
            if day >= first && errors.len() < ERRORS_NEEDED {
                return Err(format!(
                    "{} past errors before {}: {ERRORS_NEEDED} are needed for a spread",
                    errors.len(),
                    panel.date(day)
                ));
            }
            if day >= first {
                let spread = |i: usize| {
                    let level = (i as f64 + 0.5) / members as f64;
                    ((predicted + weighted_quantile(&errors, level)).exp() - 1.0).max(0.0)
                };
                forecasts.push(CityForecast {
                    day: panel.date(day),
                    today: panel.log(city, day as i64 - 1).exp() - 1.0,
                    predicted: predicted.exp() - 1.0,
                    observed: observed.exp() - 1.0,
                    members: (0..members).map(spread).collect(),
                    errors: errors.len(),
                });
            }
            fresh.push(PastError { day, error: observed - predicted, weight: parameters.own_error_weight });
        }
        for (near, upwind) in &fitted.near {
            for day in (start.max(1)..stop).filter(|d| known(panel, *near, d - 1)) {
                let predicted = fitted.linear_of(panel, *near, upwind, day - 1);
                fresh.push(PastError { day, error: panel.log(*near, day as i64) - predicted, weight: 1.0 });
            }
        }
        past.extend(fresh);
        start = stop;
    }
    Ok(forecasts)
}

/// Observed less forecast, in ln(PM2.5 + 1), of a day.
struct PastError {
    day: usize,
    error: f64,
    weight: f64,
}

/// Errors with their weights on `today`, rising by error.
fn aged(past: &[PastError], today: usize, half_life: f64) -> Vec<(f64, f64)> {
    let weight = |e: &PastError| e.weight * 0.5f64.powf((today - e.day) as f64 / half_life);
    let mut errors: Vec<(f64, f64)> = past.iter().map(|e| (e.error, weight(e))).collect();
    errors.sort_by(|a, b| a.0.total_cmp(&b.0));
    errors
}

/// Whether today and tomorrow of a city are both observed.
fn known(panel: &CityPanel, city: usize, today: usize) -> bool {
    panel.log(city, today as i64).is_finite() && panel.log(city, today as i64 + 1).is_finite()
}

/// Models trained on the days before `until`.
struct Fitted {
    linear: Linear,
    /// On PM2.5 itself, where the heavy days weigh more than in the linear model.
    forest: Booster,
    upwind: Upwind,
    near: Vec<(usize, Upwind)>,
    linear_share: f64,
}

impl Fitted {
    fn new(panel: &CityPanel, city: usize, until: usize, p: &CityParameters) -> Result<Self, String> {
        let all = Upwind::of_all(panel, until, p.upwind_cities.max(p.near_cities));
        let near: Vec<usize> = all[city].correlated.iter().take(p.near_cities).map(|(c, _)| *c).collect();
        let upwind: Vec<Upwind> = all
            .into_iter()
            .map(|mut u| {
                u.correlated.truncate(p.upwind_cities);
                u.telling.truncate(p.upwind_cities);
                u
            })
            .collect();
        let (mut pooled, mut targets, mut weights) = (FeatureTable::new(names(panel, false)), Vec::new(), Vec::new());
        for (c, upwind) in upwind.iter().enumerate() {
            for today in (0..until.saturating_sub(1)).filter(|d| known(panel, c, *d)) {
                push_features(&mut pooled, panel, c, upwind, today, false);
                targets.push(panel.log(c, today as i64 + 1));
                weights.push(if c == city {
                    p.own_weight
                } else if near.contains(&c) {
                    1.0
                } else {
                    p.far_weight
                });
            }
        }
        let linear = Linear::fit(&pooled, &targets, &weights, p.shrinkage, p.l1_ratio)?;
        let (mut own, mut values, mut days) = (FeatureTable::new(names(panel, true)), Vec::new(), Vec::new());
        for today in (0..until.saturating_sub(1)).filter(|d| known(panel, city, *d)) {
            push_features(&mut own, panel, city, &upwind[city], today, true);
            values.push((panel.log(city, today as i64 + 1).exp() - 1.0) as f32);
            days.push(today as u64);
        }
        Ok(Self {
            linear,
            forest: Booster::forest(&Sample::new(&own, &values, &days)?, &p.forest, 1)?,
            near: near.into_iter().map(|c| (c, upwind[c].clone())).collect(),
            upwind: upwind[city].clone(),
            linear_share: p.linear_share,
        })
    }

    fn linear_of(&self, panel: &CityPanel, city: usize, upwind: &Upwind, today: usize) -> f64 {
        let mut table = FeatureTable::new(names(panel, false));
        push_features(&mut table, panel, city, upwind, today, false);
        self.linear.predict(table.row(0))
    }

    /// ln(PM2.5 + 1) of tomorrow.
    fn predict(&self, panel: &CityPanel, city: usize, today: usize) -> Result<f64, String> {
        let linear = self.linear_of(panel, city, &self.upwind, today).exp() - 1.0;
        let mut wide = FeatureTable::new(names(panel, true));
        push_features(&mut wide, panel, city, &self.upwind, today, true);
        let forest = f64::from(self.forest.predict(&wide)?[0][0]);
        let value = self.linear_share * linear + (1.0 - self.linear_share) * forest;
        Ok((value.max(0.0) + 1.0).ln())
    }
}
