//! Stations that usually go along with a station, and what they say of it: the spatial part of the consistency tests.
//!
//! In ln(value + offset) a companion foretells a station's value by its own plus the median of the difference, a regression of slope one that
//! half of the hours may contradict without harm. The companions' answers are joined by their weighted median, so that one faulty companion
//! does not make its neighbours look faulty.

use super::rules::CompanionRules;
use super::series::{LogSeries, median, spread};
use crate::domain::grid::distance_m;

/// One companion of a station.
struct Companion {
    station: usize,
    /// Median of the station less the companion.
    difference: f32,
    /// Spread of that difference.
    spread: f32,
}

/// Residuals of a window against the companions.
pub struct Residuals {
    hours: usize,
    /// Value less foretold value, `[station][hour]`; NaN where fewer than two companions answer.
    residual: Vec<f32>,
    /// Foretold value.
    foretold: Vec<f32>,
    /// Robust spread of the residuals of each station, at least the floor; NaN where there are none.
    spread: Vec<f32>,
}

impl Residuals {
    /// Of `series`; `places` are degrees east and north where known, one per station in the order of their codes.
    pub fn new(series: &LogSeries, places: &[Option<(f64, f64)>], rules: &CompanionRules, floor: f32) -> Self {
        let size = series.stations * series.hours;
        let mut out = Self {
            hours: series.hours,
            residual: vec![f32::NAN; size],
            foretold: vec![f32::NAN; size],
            spread: vec![f32::NAN; series.stations],
        };
        for station in 0..series.stations {
            let companions = companions(series, station, places, rules, floor);
            if companions.len() >= 2 {
                out.fill(series, station, &companions, floor);
            }
        }
        out
    }

    fn fill(&mut self, series: &LogSeries, station: usize, companions: &[Companion], floor: f32) {
        let own = series.of(station);
        let mut answers: Vec<(f32, f32)> = Vec::with_capacity(companions.len());
        let mut found = Vec::new();
        for (hour, value) in own.iter().enumerate() {
            answers.clear();
            answers.extend(companions.iter().filter_map(|c| {
                let answer = series.of(c.station)[hour] + c.difference;
                answer.is_finite().then_some((answer, 1.0 / (c.spread * c.spread)))
            }));
            if answers.len() < 2 {
                continue;
            }
            let foretold = if answers.len() == 2 && value.is_finite() {
                // two that differ: the one that takes the station's side
                let nearer = |a: &(f32, f32), b: &(f32, f32)| (a.0 - value).abs().total_cmp(&(b.0 - value).abs());
                answers.iter().copied().min_by(nearer).map_or(f32::NAN, |a| a.0)
            } else {
                weighted_median(&mut answers)
            };
            let i = station * self.hours + hour;
            self.foretold[i] = foretold;
            self.residual[i] = value - foretold;
            if value.is_finite() {
                found.push(value - foretold);
            }
        }
        if !found.is_empty() {
            let centre = median(&mut found.clone());
            self.spread[station] = spread(&mut found, centre).max(floor);
        }
    }

    /// Residuals of a station; NaN where there are none.
    pub fn of(&self, station: usize) -> &[f32] {
        &self.residual[station * self.hours..][..self.hours]
    }

    /// Values foretold for a station.
    pub fn foretold(&self, station: usize) -> &[f32] {
        &self.foretold[station * self.hours..][..self.hours]
    }

    /// Robust spread of a station's residuals; `None` where it has no companions.
    pub fn spread(&self, station: usize) -> Option<f32> {
        Some(self.spread[station]).filter(|s| s.is_finite())
    }
}

/// The candidates whose difference from the station varies least: half of the hours may be wrong without changing the choice.
fn companions(
    series: &LogSeries,
    station: usize,
    places: &[Option<(f64, f64)>],
    rules: &CompanionRules,
    floor: f32,
) -> Vec<Companion> {
    let near = |other: &usize| match (places[station], places[*other]) {
        (Some(a), Some(b)) => distance_m(a, b) <= rules.radius_km * 1000.0,
        _ => station.abs_diff(*other) <= rules.code_neighbours,
    };
    let with = |other: usize| {
        let pairs = series.of(station).iter().zip(series.of(other));
        let mut differences: Vec<f32> = pairs.map(|(a, b)| a - b).filter(|d| d.is_finite()).collect();
        if differences.len() < rules.hours {
            return None;
        }
        let difference = median(&mut differences);
        Some(Companion { station: other, difference, spread: spread(&mut differences, difference).max(floor) })
    };
    let candidates = (0..series.stations).filter(|other| *other != station).filter(near);
    let mut best: Vec<Companion> = candidates.filter_map(with).collect();
    best.sort_by(|a, b| a.spread.total_cmp(&b.spread).then(a.station.cmp(&b.station)));
    best.truncate(rules.at_most);
    best
}

/// Value at which half of the weight lies below; of `(value, weight)`.
fn weighted_median(answers: &mut [(f32, f32)]) -> f32 {
    answers.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = 0.5 * answers.iter().map(|a| a.1).sum::<f32>();
    let mut below = 0.0;
    for (value, weight) in answers.iter() {
        below += weight;
        if below >= half {
            return *value;
        }
    }
    f32::NAN
}
