//! Chances that were stated, against what came.

use super::daily::{Case, THRESHOLDS};
use super::hourly::{by_day, one_minus};
use super::{LEAD_DAYS, Rules};
use crate::domain::aqi::Report;
use crate::domain::averages::mean;
use crate::domain::pollutant::{Concentrations, Pollutant};
use crate::forecast::Estimate;
use crate::forecast::marginal::Marginal;
use crate::forecast::scores::bootstrap::{Interval, ratio};
use crate::forecast::scores::probabilistic::{BrierParts, ReliabilityClass, brier_parts, reliability};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Classes of a reliability table.
const CLASSES: usize = 10;

/// Score of the chances of one event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChanceScore {
    /// `aqi>100`, or a warning level.
    pub event: String,
    /// `None`: over the whole forecast.
    pub lead_day: Option<u8>,
    /// Chances stated, and how many of their events came.
    pub n: usize,
    pub events: usize,
    pub brier: Interval,
    /// Of the reference, and 1 - Brier / Brier of the reference, where there is one and it is not perfect.
    pub brier_reference: Option<f64>,
    pub skill: Option<Interval>,
    pub parts: Option<BrierParts>,
    pub reliability: Vec<ReliabilityClass>,
}

/// A chance, the chance of a reference, and whether the event came on `day`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stated {
    pub day: NaiveDate,
    pub chance: f64,
    pub reference: Option<f64>,
    pub came: bool,
}

/// Chance of a daily AQI above `aqi_above`: that of the pollutant which is likeliest to exceed it. Errors of the pollutants of one place go
/// together.
pub(super) fn above(rules: &Rules, day: NaiveDate, estimates: &Concentrations<Estimate>, aqi_above: u16) -> f64 {
    let standard = rules.aqi.standard(day);
    let of = |p: Pollutant| {
        let least = *standard.sums_exceeding(Report::Daily, p, aqi_above, 1)?.start();
        Some(Marginal::of(estimates.get(p)?).chance_of(mean(least, 1)))
    };
    Pollutant::ALL.into_iter().filter_map(of).fold(0.0, f64::max)
}

/// The score of some chances of one event; `None` without any. The skill is over the chances that have a reference.
pub fn score(event: String, lead_day: Option<u8>, stated: &[Stated]) -> Option<ChanceScore> {
    let square = |p: f64, came: bool| (p - f64::from(u8::from(came))).powi(2);
    let brier = ratio(&by_day(stated.iter().map(|s| (s.day, square(s.chance, s.came), 1.0))))?;
    let with = || stated.iter().filter_map(|s| Some((s, s.reference?)));
    let reference = by_day(with().map(|(s, r)| (s.day, square(r, s.came), 1.0)));
    let both = by_day(with().map(|(s, r)| (s.day, square(s.chance, s.came), square(r, s.came))));
    let (p, came): (Vec<f64>, Vec<bool>) = stated.iter().map(|s| (s.chance, s.came)).unzip();
    let reliability = reliability(&p, &came, CLASSES);
    Some(ChanceScore {
        event,
        lead_day,
        n: stated.len(),
        events: came.iter().filter(|c| **c).count(),
        brier,
        brier_reference: ratio(&reference).map(|r| r.value),
        skill: ratio(&both).map(one_minus),
        parts: brier_parts(&reliability),
        reliability,
    })
}

/// Chances of every threshold of the AQI by lead day, beside how usual it is.
pub(super) fn of_days(cases: &[Case]) -> Vec<ChanceScore> {
    let mut scores = Vec::new();
    for (i, threshold) in THRESHOLDS.into_iter().enumerate() {
        for lead_day in 1..=LEAD_DAYS {
            let stated: Vec<Stated> = cases
                .iter()
                .filter(|c| c.at.lead_day == lead_day)
                .filter_map(|c| {
                    let came = c.observed.aqi? > threshold;
                    Some(Stated { day: c.at.day, chance: c.chances[i], reference: c.usual.map(|u| u[i]), came })
                })
                .collect();
            scores.extend(score(format!("aqi>{threshold}"), Some(lead_day), &stated));
        }
    }
    scores
}
