//! Daily values of many cities, and what they say on one day about the PM2.5 of the next.
//!
//! **Invariant:** features of a day use that day and days before it; weights of other cities use the training days only.

use super::table::FeatureTable;
use crate::domain::pollutant::Pollutant;
use crate::input::daily_csv::DailyRecord;
use chrono::{Datelike, Days, NaiveDate};
use std::collections::BTreeSet;
use std::f64::consts::TAU;

/// Daily values on one axis of days without holes; NaN where missing.
#[derive(Debug, Clone, PartialEq)]
pub struct CityPanel {
    pub first: NaiveDate,
    pub days: usize,
    /// Names, rising.
    pub cities: Vec<String>,
    /// `[pollutant][city][day]`, in the order of [`Pollutant::ALL`].
    values: Vec<Vec<Vec<f64>>>,
    /// ln(PM2.5 + 1) by city and day.
    logs: Vec<Vec<f64>>,
}

impl CityPanel {
    /// Puts records on one axis. `None` without records.
    pub fn new(records: &[DailyRecord]) -> Option<Self> {
        let first = records.iter().map(|r| r.day).min()?;
        let last = records.iter().map(|r| r.day).max()?;
        let days = (last - first).num_days() as usize + 1;
        let names: BTreeSet<&str> = records.iter().map(|r| r.place.as_str()).collect();
        let cities: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let mut values = vec![vec![vec![f64::NAN; days]; cities.len()]; Pollutant::ALL.len()];
        for record in records {
            let Ok(city) = cities.binary_search(&record.place) else { continue };
            let day = (record.day - first).num_days() as usize;
            for (p, by_city) in Pollutant::ALL.into_iter().zip(&mut values) {
                if let Some(v) = record.concentrations.get(p) {
                    by_city[city][day] = *v;
                }
            }
        }
        let pm25 = Pollutant::ALL.iter().position(|p| *p == Pollutant::Pm25)?;
        let logs = values[pm25].iter().map(|days| days.iter().map(|v| (v + 1.0).ln()).collect()).collect();
        Some(Self { first, days, cities, values, logs })
    }

    /// Date of a day of the axis.
    pub fn date(&self, day: usize) -> NaiveDate {
        self.first + Days::new(day as u64)
    }

    /// Day of the axis of a date, within 0 ..= the number of days.
    pub fn day(&self, date: NaiveDate) -> usize {
        usize::try_from((date - self.first).num_days()).unwrap_or(0).min(self.days)
    }

    /// ln(PM2.5 + 1) of a city on a day; NaN before the axis.
    pub fn log(&self, city: usize, day: i64) -> f64 {
        usize::try_from(day).ok().and_then(|d| self.logs[city].get(d)).copied().unwrap_or(f64::NAN)
    }

    fn value(&self, pollutant: usize, city: usize, day: i64) -> f64 {
        usize::try_from(day).ok().and_then(|d| self.values[pollutant][city].get(d)).copied().unwrap_or(f64::NAN)
    }
}

/// Which other cities tell about a city's tomorrow, with weights > 0; learnt from the days before `until`.
#[derive(Debug, Clone, PartialEq)]
pub struct Upwind {
    /// By correlation of their today with the city's tomorrow, the strongest first.
    pub correlated: Vec<(usize, f64)>,
    /// By correlation with what the city's own today leaves of its tomorrow.
    pub telling: Vec<(usize, f64)>,
}

impl Upwind {
    /// Of every city, the `most` cities of each kind. Days are compared as deviations from the last half month, so that the season does not
    /// correlate.
    pub fn of_all(panel: &CityPanel, until: usize, most: usize) -> Vec<Self> {
        let deviations: Vec<Vec<f64>> = (0..panel.cities.len())
            .map(|c| (0..until).map(|d| panel.log(c, d as i64) - window(panel, c, d as i64, 15, 5)).collect())
            .collect();
        (0..panel.cities.len()).map(|city| Self::new(&deviations, city, most)).collect()
    }

    fn new(deviations: &[Vec<f64>], city: usize, most: usize) -> Self {
        let tomorrow: Vec<f64> = deviations[city].iter().skip(1).copied().chain([f64::NAN]).collect();
        let own = &deviations[city];
        let both = || own.iter().zip(&tomorrow).filter(|(a, b)| a.is_finite() && b.is_finite());
        let slope = both().map(|(a, b)| a * b).sum::<f64>() / both().map(|(a, _)| a * a).sum::<f64>().max(1e-12);
        let rest: Vec<f64> = tomorrow.iter().zip(own).map(|(t, o)| t - slope * o).collect();
        let strongest = |target: &[f64]| {
            let mut ranked: Vec<(usize, f64)> = (0..deviations.len())
                .filter(|c| *c != city)
                .map(|c| (c, correlation(&deviations[c], target).unwrap_or(0.0).max(0.01)))
                .collect();
            ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            ranked.truncate(most);
            ranked
        };
        Self { correlated: strongest(&tomorrow), telling: strongest(&rest) }
    }
}

/// Names of the features of [`push_features`]; with `wide`, of every city's today and change too.
pub fn names(panel: &CityPanel, wide: bool) -> Vec<String> {
    let mut names: Vec<String> = ["today", "1d_ago", "2d_ago", "3d_ago", "mean_3d", "mean_7d", "mean_30d", "spread_7d"]
        .map(str::to_owned)
        .to_vec();
    for p in Pollutant::ALL.into_iter().filter(|p| *p != Pollutant::Pm25) {
        names.extend([p.name().to_owned(), format!("{}_change", p.name())]);
    }
    for which in ["correlated", "telling"] {
        names.extend([format!("{which}_cities"), format!("{which}_cities_change")]);
    }
    names.extend(
        ["all_cities", "all_cities_change", "all_cities_change_2d", "year_sine", "year_cosine", "half_year_sine"]
            .map(str::to_owned),
    );
    names.extend(["half_year_cosine", "weekday"].map(str::to_owned));
    if wide {
        names.extend(panel.cities.iter().flat_map(|c| [format!("today_{c}"), format!("change_{c}")]));
    }
    names
}

/// Adds the features of one city on one day.
pub fn push_features(
    table: &mut FeatureTable,
    panel: &CityPanel,
    city: usize,
    upwind: &Upwind,
    day: usize,
    wide: bool,
) {
    let d = day as i64;
    let mut row: Vec<f64> = (0..4).map(|back| panel.log(city, d - back)).collect();
    row.extend([window(panel, city, d, 3, 1), window(panel, city, d, 7, 3), window(panel, city, d, 30, 8)]);
    row.push(spread(panel, city, d, 7));
    for (i, _) in Pollutant::ALL.iter().enumerate().filter(|(_, p)| **p != Pollutant::Pm25) {
        let log = |day: i64| (panel.value(i, city, day) + 0.05).ln();
        row.extend([log(d), log(d) - log(d - 1)]);
    }
    for cities in [&upwind.correlated, &upwind.telling] {
        let mean = |day: i64| weighted(cities.iter().map(|(c, w)| (panel.log(*c, day), *w)));
        row.extend([mean(d), mean(d) - mean(d - 1)]);
    }
    let all = |day: i64| weighted((0..panel.cities.len()).map(|c| (panel.log(c, day), 1.0)));
    row.extend([all(d), all(d) - all(d - 1), all(d) - all(d - 2)]);
    let date = panel.date(day);
    let year = f64::from(date.ordinal()) / 365.25 * TAU;
    row.extend([year.sin(), year.cos(), (2.0 * year).sin(), (2.0 * year).cos()]);
    row.push(f64::from(date.weekday().num_days_from_monday()));
    if wide {
        row.extend((0..panel.cities.len()).flat_map(|c| [panel.log(c, d), panel.log(c, d) - panel.log(c, d - 1)]));
    }
    table.push(&row.iter().map(|v| *v as f32).collect::<Vec<_>>());
}

/// Mean of the `days` days that end with `day`; NaN with fewer than `needed`.
fn window(panel: &CityPanel, city: usize, day: i64, days: i64, needed: u32) -> f64 {
    let present = (0..days).map(|b| panel.log(city, day - b)).filter(|v| v.is_finite());
    let (sum, count) = present.fold((0.0, 0), |(s, n), v| (s + v, n + 1));
    if count < needed { f64::NAN } else { sum / f64::from(count) }
}

fn spread(panel: &CityPanel, city: usize, day: i64, days: i64) -> f64 {
    let mean = window(panel, city, day, days, 4);
    let present = (0..days).map(|b| panel.log(city, day - b)).filter(|v| v.is_finite());
    let (sum, count) = present.fold((0.0, 0), |(s, n), v| (s + (v - mean).powi(2), n + 1));
    (sum / (f64::from(count) - 1.0)).sqrt()
}

fn weighted(values: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (sum, total) = values.filter(|(v, _)| v.is_finite()).fold((0.0, 0.0), |(s, t), (v, w)| (s + w * v, t + w));
    sum / total
}

/// Correlation of the pairs that are there; `None` with fewer than 20.
fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let pairs: Vec<(f64, f64)> =
        a.iter().zip(b).filter(|(x, y)| x.is_finite() && y.is_finite()).map(|(x, y)| (*x, *y)).collect();
    let n = pairs.len() as f64;
    if n < 20.0 {
        return None;
    }
    let (ma, mb) = pairs.iter().fold((0.0, 0.0), |(ma, mb), (x, y)| (ma + x / n, mb + y / n));
    let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
    for (x, y) in pairs {
        aa += (x - ma) * (x - ma);
        bb += (y - mb) * (y - mb);
        ab += (x - ma) * (y - mb);
    }
    let r = ab / (aa * bb).sqrt();
    r.is_finite().then_some(r)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pollutant::Concentrations;

    /// B today is A tomorrow; C swings by itself.
    fn panel(later: f64) -> CityPanel {
        let first = NaiveDate::from_ymd_opt(2015, 1, 1).unwrap();
        let wave = |d: i64| 60.0 + 25.0 * (d as f64 * 0.9).sin() + 20.0 * (d as f64 * 2.3).cos();
        let mut records = Vec::new();
        for d in 0..120i64 {
            let other = 50.0 + 30.0 * (d as f64 * 1.7).sin();
            for (place, value) in [("A", wave(d)), ("B", wave(d + 1)), ("C", other)] {
                let mut concentrations = Concentrations::default();
                concentrations.set(Pollutant::Pm25, Some(if d >= 100 { value + later } else { value }));
                records.push(DailyRecord { place: place.into(), day: first + Days::new(d as u64), concentrations });
            }
        }
        CityPanel::new(&records).unwrap()
    }

    #[test]
    fn the_city_that_is_a_day_ahead_is_found() {
        let panel = panel(0.0);
        let upwind = Upwind::of_all(&panel, 100, 1).remove(0);
        assert_eq!((upwind.correlated[0].0, upwind.telling[0].0), (1, 1));
        assert!(upwind.correlated[0].1 > 0.9);
    }

    #[test]
    fn features_and_weights_know_nothing_of_later_days() {
        let (a, b) = (panel(0.0), panel(40.0));
        assert_eq!(Upwind::of_all(&a, 100, 2), Upwind::of_all(&b, 100, 2));
        let row = |panel: &CityPanel, day: usize| {
            let mut table = FeatureTable::new(names(panel, true));
            push_features(&mut table, panel, 0, &Upwind::of_all(&a, 100, 2)[0], day, true);
            table.row(0).iter().map(|v| v.to_bits()).collect::<Vec<_>>()
        };
        assert_eq!(row(&a, 99), row(&b, 99));
        assert_ne!(row(&a, 100), row(&b, 100));
    }

    #[test]
    fn dates_and_days_are_inverse() {
        let panel = panel(0.0);
        assert_eq!((panel.day(panel.date(57)), panel.day(panel.first - Days::new(3)), panel.days), (57, 0, 120));
    }
}
