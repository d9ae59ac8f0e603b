//! Drawings of the score book as inline SVG: lines by lead, reliability, and the last month.

use crate::forecast::score_book::chances::ChanceScore;
use crate::forecast::score_book::recent::CountyRecent;
use crate::forecast::score_book::{Kind, LEAD_DAYS};
use crate::forecast::scores::bootstrap::Interval;
use maud::{Markup, html};
use std::fmt::Write;

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 250.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 34.0;

/// Line of a kind: colour, and dashes where the kind is a reference.
pub(super) fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Raw => "raw",
        Kind::Corrected => "corrected",
        Kind::Edited => "edited",
        Kind::Persistence => "persistence",
        Kind::Climatology => "climatology",
    }
}

/// A frame from (0, 0) at its lower left.
struct Axes {
    x: (f64, f64),
    y: (f64, f64),
    width: f64,
    height: f64,
}

impl Axes {
    fn new(x: (f64, f64), y: (f64, f64)) -> Self {
        Self { x, y, width: WIDTH, height: HEIGHT }
    }

    fn at_x(&self, v: f64) -> f64 {
        tenth(LEFT + (self.width - LEFT - RIGHT) * (v - self.x.0) / (self.x.1 - self.x.0))
    }

    fn at_y(&self, v: f64) -> f64 {
        let v = v.clamp(self.y.0, self.y.1);
        tenth(self.height - BOTTOM - (self.height - TOP - BOTTOM) * (v - self.y.0) / (self.y.1 - self.y.0))
    }

    fn line(&self, points: impl IntoIterator<Item = (f64, f64)>) -> String {
        points.into_iter().fold(String::new(), |mut line, (x, y)| {
            // writing to a String cannot fail
            let _ = write!(line, "{},{} ", self.at_x(x), self.at_y(y));
            line
        })
    }

    /// The frame with labels on the left and below.
    fn frame(&self, x_labels: &[(f64, String)], y_labels: &[f64], x_title: &str) -> Markup {
        let (right, bottom) = (self.width - RIGHT, self.height - BOTTOM);
        html! {
            @for y in y_labels {
                line.grid x1=(LEFT) x2=(right) y1=(self.at_y(*y)) y2=(self.at_y(*y)) {}
                text x=(LEFT - 5.0) y=(self.at_y(*y) + 4.0) text-anchor="end" { (short(*y)) }
            }
            @for (x, label) in x_labels { text x=(self.at_x(*x)) y=(bottom + 14.0) text-anchor="middle" { (label) } }
            line.axis x1=(LEFT) x2=(right) y1=(bottom) y2=(bottom) {}
            line.axis x1=(LEFT) x2=(LEFT) y1=(TOP) y2=(bottom) {}
            text x=((LEFT + right) / 2.0) y=(self.height - 4.0) text-anchor="middle" { (x_title) }
        }
    }
}

fn tenth(v: f64) -> f64 {
    (v * 10.0).round() / 10.0
}

fn short(v: f64) -> String {
    // as short as the number allows
    ((v * 100.0).round() / 100.0).to_string()
}

/// Four or five round steps from 0 to a number not below `highest`.
fn steps(highest: f64) -> Vec<f64> {
    let rough = (highest / 4.0).max(1e-9);
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= rough).unwrap_or(rough);
    (0..=(highest / step).ceil() as i32).map(|i| f64::from(i) * step).collect()
}

/// A score by lead day, one line a kind, with whiskers for the intervals.
pub(super) fn by_lead(title: &str, lines: &[(Kind, Vec<(u8, Interval)>)]) -> Markup {
    let values = || lines.iter().flat_map(|l| &l.1).map(|(_, i)| i.upper.unwrap_or(i.value).max(i.value));
    let steps = steps(values().fold(0.0, f64::max));
    let axes = Axes::new((0.5, f64::from(LEAD_DAYS) + 0.5), (0.0, steps.last().copied().unwrap_or(1.0).max(1e-9)));
    let labels: Vec<(f64, String)> = (1..=LEAD_DAYS).map(|d| (f64::from(d), d.to_string())).collect();
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(title) {
            (axes.frame(&labels, &steps, "预报时效（天） lead day"))
            @for (k, (kind, points)) in lines.iter().enumerate() {
                @let shift = (k as f64 - 1.5) * 0.06;
                @for (lead, i) in points {
                    @let x = f64::from(*lead) + shift;
                    @if let (Some(l), Some(u)) = (i.lower, i.upper) {
                        line class=(format!("whisker {}", class(*kind))) x1=(axes.at_x(x)) x2=(axes.at_x(x)) y1=(axes.at_y(l)) y2=(axes.at_y(u)) {}
                    }
                    circle class=(class(*kind)) cx=(axes.at_x(x)) cy=(axes.at_y(i.value)) r="3" {}
                }
                polyline class=(class(*kind)) points=(axes.line(points.iter().map(|(d, i)| (f64::from(*d) + shift, i.value)))) {}
            }
        }
    }
}

/// How often events came by the chance stated; the area of a dot is the number of forecasts.
pub(super) fn reliability(title: &str, score: &ChanceScore) -> Markup {
    let axes = Axes { x: (0.0, 1.0), y: (0.0, 1.0), width: 270.0, height: 250.0 };
    let labels: Vec<(f64, String)> = [0.0, 0.5, 1.0].map(|v| (v, short(v))).into();
    let largest = score.reliability.iter().map(|c| c.n).max().unwrap_or(1) as f64;
    let points: Vec<(f64, f64, usize)> =
        score.reliability.iter().map(|c| (c.mean_chance, c.happened as f64 / c.n as f64, c.n)).collect();
    html! {
        svg.square viewBox="0 0 270 250" role="img" aria-label=(title) {
            (axes.frame(&labels, &[0.0, 0.5, 1.0], "预报概率 chance stated"))
            line.equal x1=(axes.at_x(0.0)) y1=(axes.at_y(0.0)) x2=(axes.at_x(1.0)) y2=(axes.at_y(1.0)) {}
            polyline.corrected points=(axes.line(points.iter().map(|p| (p.0, p.1)))) {}
            @for (p, f, n) in &points {
                circle.corrected cx=(axes.at_x(*p)) cy=(axes.at_y(*f)) r=(tenth(2.0 + 7.0 * (*n as f64 / largest).sqrt())) {
                    title { (format!("{p:.2} → {f:.2}, n {n}")) }
                }
            }
        }
    }
}

/// Daily PM2.5 of the last month: observed dots over the next-day forecast and its interval.
pub(super) fn month(name: &str, county: &CountyRecent) -> Markup {
    let (n, days) = (county.days.len(), &county.days);
    let highest = days.iter().flat_map(|d| [d.observed_ug_m3, d.forecast_ug_m3.map(|e| e.upper)]).flatten();
    let steps = steps(highest.fold(50.0, f64::max));
    let axes = Axes {
        x: (0.0, (n.max(2) - 1) as f64),
        y: (0.0, steps.last().copied().unwrap_or(1.0)),
        width: 620.0,
        height: 200.0,
    };
    let labels: Vec<(f64, String)> = days
        .iter()
        .enumerate()
        .step_by(5)
        .map(|(i, d)| (i as f64, d.beijing_day.format("%m-%d").to_string()))
        .collect();
    let forecast: Vec<(usize, crate::forecast::Estimate)> =
        days.iter().enumerate().filter_map(|(i, d)| Some((i, d.forecast_ug_m3?))).collect();
    html! {
        svg.wide viewBox="0 0 620 200" role="img" aria-label=(format!("{name} PM2.5")) {
            (axes.frame(&labels, &steps, ""))
            @for run in forecast.chunk_by(|a, b| b.0 == a.0 + 1) {
                @let edge = run.iter().map(|(i, e)| (*i as f64, e.upper)).chain(run.iter().rev().map(|(i, e)| (*i as f64, e.lower)));
                polygon.band points=(axes.line(edge)) {}
                polyline.raw points=(axes.line(run.iter().map(|(i, e)| (*i as f64, e.raw)))) {}
                polyline.corrected points=(axes.line(run.iter().map(|(i, e)| (*i as f64, e.value)))) {}
            }
            @for (i, day) in days.iter().enumerate() {
                @if let Some(o) = day.observed_ug_m3 { circle.observed cx=(axes.at_x(i as f64)) cy=(axes.at_y(o)) r="3.4" { title { (day.beijing_day) " " (format!("{o:.0}")) } } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_and_reach_the_highest() {
        for (highest, last) in [(9.7, 10.0), (41.0, 60.0), (0.33, 0.4), (200.0, 200.0)] {
            let steps = steps(highest);
            assert!(
                (steps[steps.len() - 1] - last).abs() < 1e-9 && (4..=6).contains(&steps.len()),
                "{highest}: {steps:?}"
            );
        }
    }

    /// Lead day 1 of 5 with an axis to 40: the middle of the first fifth, halfway up.
    #[test]
    fn a_score_lies_where_its_numbers_say() {
        let i = Interval { value: 20.0, lower: Some(10.0), upper: Some(40.0) };
        let svg = by_lead("MAE", &[(Kind::Corrected, vec![(1, i)])]).into_string();
        // shift -0.09 of a day of 72.8 wide; 204 high from 12
        assert!(svg.contains(r#"cx="73.8" cy="114""#), "{svg}");
    }
}
