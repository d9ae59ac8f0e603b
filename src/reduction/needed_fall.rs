//! How much each window must fall for the level to go, by the decision itself.
//!
//! **Invariant:** the demands on a county's windows are one share of what its local sources could do to each, the smallest with which the decision no longer
//! calls for the level. **Why:** early windows can hardly be lowered, as most of what makes them was emitted before the order; an equal demand on all would
//! be out of reach where the level can be averted by the later ones.

use super::ranking::WindowInfluence;
use crate::forecast::{CountyForecast, Forecast};
use crate::warning::exceeding::step_needed;
use crate::warning::{Basis, WarningLevel};
use chrono::{DateTime, Utc};

/// Steps of the share that is looked for.
const STEPS: usize = 200;

/// What the demand on a county rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CountyDemand {
    pub adcode: u32,
    /// Share of what all its local sources could do that is needed, 0 ..= 1; `None` where even all of it leaves the level.
    pub share: Option<f64>,
}

/// What is asked of the windows.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    pub basis: &'a Basis<'a>,
    pub forecast: &'a Forecast,
    /// The level that is to go.
    pub level: WarningLevel,
    pub order: DateTime<Utc>,
    pub probability: f64,
    /// Factor on a county's forecast so that it is met with that probability.
    pub margin: &'a dyn Fn(&CountyForecast) -> f64,
}

/// Sets limit, probability and needed fall of every window; `reach` [ug m-3] is what all local sources could take from each after the order. Where the level
/// cannot be averted nothing is demanded of the county's windows, and their limit is what all of the reach would leave.
pub fn set_demands(question: &Question, influences: &mut [WindowInfluence], reach: &[f64]) -> Vec<CountyDemand> {
    let steps: Vec<f64> = (1..=STEPS).map(|s| s as f64 / STEPS as f64).collect();
    let mut out = Vec::new();
    for county in &question.forecast.counties {
        let windows: Vec<usize> =
            (0..influences.len()).filter(|i| influences[*i].window.adcode == county.adcode).collect();
        if windows.is_empty() {
            continue;
        }
        let spans: Vec<Span> =
            windows.iter().map(|i| Span::of(&influences[*i], reach[*i], county, question.order)).collect();
        let fall = |end: DateTime<Utc>| if end > question.order { nearest(&spans, end) } else { 0.0 };
        let margin = (question.margin)(county);
        let share = step_needed(question.basis, question.forecast, county, question.level, margin, &steps, &fall);
        for i in windows {
            let w = &mut influences[i].window;
            w.probability = question.probability;
            w.beyond_reach = share.is_none();
            w.fall_needed_ug_m3 = share.map_or(0.0, |share| share * reach[i]);
            let relative = if w.model_ug_m3 > 0.0 { share.unwrap_or(1.0) * reach[i] / w.model_ug_m3 } else { 0.0 };
            w.limit_ug_m3 = w.forecast_ug_m3 * (1.0 - relative).max(0.0);
        }
        out.push(CountyDemand { adcode: county.adcode, share });
    }
    out
}

/// A window, and the share of the hours after the order that its reach is.
struct Span {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    relative: f64,
}

impl Span {
    fn of(influence: &WindowInfluence, reach: f64, county: &CountyForecast, order: DateTime<Utc>) -> Self {
        let w = &influence.window;
        let inside = county.hours.iter().filter(|h| h.end > w.from && h.end <= w.to);
        let hours = (w.to - w.from).num_hours() as f64;
        let after: f64 =
            inside.filter(|h| h.end > order).filter_map(|h| h.concentrations.pm25_ug_m3.map(|e| e.raw)).sum();
        let relative = if after > 0.0 { (reach * hours / after).min(1.0) } else { 0.0 };
        Self { from: w.from, to: w.to, relative }
    }
}

/// The share of the window that holds the hour, or of the nearest one.
fn nearest(spans: &[Span], end: DateTime<Utc>) -> f64 {
    let distance = |s: &Span| {
        if end <= s.from {
            s.from - end
        } else if end > s.to {
            end - s.to
        } else {
            chrono::Duration::zero() - (s.to - s.from)
        }
    };
    spans.iter().min_by_key(|s| distance(s)).map_or(0.0, |s| s.relative)
}

/// Factor by which the falls of a rerun must grow for the county not to call for `level`, at most `most`; `None` where that is not enough. `left` gives the
/// share of the forecast's PM2.5 that the rerun leaves in an hour.
pub fn growth_needed(
    question: &Question,
    county: &CountyForecast,
    left: &dyn Fn(DateTime<Utc>) -> f64,
    most: f64,
) -> Option<f64> {
    let steps: Vec<f64> = (0..=STEPS).map(|s| most * s as f64 / STEPS as f64).collect();
    let margin = (question.margin)(county);
    step_needed(question.basis, question.forecast, county, question.level, margin, &steps, &|end| 1.0 - left(end))
}
