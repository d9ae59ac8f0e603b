//! Hourly PM2.5 of one county as inline SVG: forecast, its interval, and the forecast with the list.

use crate::calendar::beijing_local;
use crate::forecast::{CountyForecast, Estimate};
use chrono::{DateTime, Duration, Utc};
use maud::{Markup, html};
use std::fmt::Write;

const WIDTH: f64 = 330.0;
const HEIGHT: f64 = 150.0;
const LEFT: f64 = 30.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 6.0;
const BOTTOM: f64 = 18.0;
/// Day means at AQI 150 and 200 (HJ 633-2012 and HJ 633-2026, table 1) [ug m-3].
const LIMITS: [f64; 2] = [115.0, 150.0];

/// Upper end of the axis for all counties: room above the highest forecast, in steps of 50 [ug m-3].
pub(super) fn top_ug_m3(counties: &[CountyForecast]) -> f64 {
    let values = counties.iter().flat_map(|c| &c.hours).filter_map(|h| h.concentrations.pm25_ug_m3.as_ref());
    let highest = values.map(|e| e.value).filter(|v| v.is_finite()).fold(0.0, f64::max);
    ((highest * 1.3 / 50.0).ceil() * 50.0).max(200.0)
}

/// Time and concentration -> place in the picture.
struct Axes {
    from: DateTime<Utc>,
    hours: f64,
    top: f64,
}

impl Axes {
    fn x(&self, t: DateTime<Utc>) -> f64 {
        let hours = (t - self.from).num_seconds() as f64 / 3600.0;
        LEFT + (WIDTH - LEFT - RIGHT) * hours / self.hours
    }

    /// Values beyond the axis are drawn at its end.
    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value.clamp(0.0, self.top) / self.top
    }

    fn line(&self, points: impl IntoIterator<Item = (DateTime<Utc>, f64)>) -> String {
        points.into_iter().fold(String::new(), |mut line, (t, v)| {
            // writing to a String cannot fail
            let _ = write!(line, "{:.1},{:.1} ", self.x(t), self.y(v));
            line
        })
    }
}

/// The chart of one county; `after` is the forecast with the list, `top` the end of the axis [ug m-3].
pub(super) fn pm25(county: &CountyForecast, after: &[(DateTime<Utc>, f64)], cycle: DateTime<Utc>, top: f64) -> Markup {
    let values: Vec<(DateTime<Utc>, Estimate)> =
        county.hours.iter().filter_map(|h| Some((h.end, h.concentrations.pm25_ug_m3?))).collect();
    let (Some(first), Some(last)) = (values.first(), values.last()) else {
        return html! { figure { figcaption { b { (county.name_zh) } " —" } } };
    };
    let axes = Axes { from: first.0, hours: ((last.0 - first.0).num_hours() as f64).max(1.0), top };
    let peak = values.iter().max_by(|a, b| a.1.value.total_cmp(&b.1.value)).unwrap_or(last);
    let peak = format!("{:.0} µg/m³ {}", peak.1.value, beijing_local(peak.0).format("%m-%d %H:%M"));
    let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
    html! {
        figure {
            figcaption { b { (county.name_zh) } " 最高 " (peak) }
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(format!("{} PM2.5, 最高 {peak}", county.name_zh)) {
                @for run in unbroken(&values, |v| v.0) {
                    @let edge = run.iter().map(|v| (v.0, v.1.upper)).chain(run.iter().rev().map(|v| (v.0, v.1.lower)));
                    polygon.band points=(axes.line(edge)) {}
                }
                @for limit in LIMITS {
                    line.limit x1=(LEFT) x2=(right) y1=(axes.y(limit)) y2=(axes.y(limit)) {}
                }
                text x=(LEFT - 3.0) y=(axes.y(LIMITS[0]) + 3.0) text-anchor="end" { (LIMITS[0]) }
                text x=(right + 3.0) y=(axes.y(LIMITS[1]) + 3.0) { (LIMITS[1]) }
                @for end in [0.0, top] { text x=(LEFT - 3.0) y=(axes.y(end) + 4.0) text-anchor="end" { (end) } }
                @for midnight in midnights(first.0, last.0) {
                    line.axis x1=(axes.x(midnight)) x2=(axes.x(midnight)) y1=(TOP) y2=(bottom) {}
                    text x=(axes.x(midnight)) y=(HEIGHT - 5.0) text-anchor="middle" { (beijing_local(midnight).format("%m-%d")) }
                }
                line.axis x1=(LEFT) x2=(right) y1=(bottom) y2=(bottom) {}
                line.axis x1=(LEFT) x2=(LEFT) y1=(TOP) y2=(bottom) {}
                @if first.0 <= cycle && cycle <= last.0 {
                    line.cycle x1=(axes.x(cycle)) x2=(axes.x(cycle)) y1=(TOP) y2=(bottom) {}
                }
                @for run in unbroken(&values, |v| v.0) { polyline.before points=(axes.line(run.iter().map(|v| (v.0, v.1.value)))) {} }
                @for run in unbroken(after, |v| v.0) { polyline.after points=(axes.line(run.iter().copied())) {} }
            }
        }
    }
}

/// Stretches without a missing hour: a line must not bridge a gap.
fn unbroken<T>(values: &[T], end: impl Fn(&T) -> DateTime<Utc>) -> impl Iterator<Item = &[T]> {
    values.chunk_by(move |a, b| end(b) - end(a) == Duration::hours(1))
}

/// Every 00:00 in Beijing from `from` to `to`; hours end on the hour.
fn midnights(from: DateTime<Utc>, to: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    let hours = (to - from).num_hours();
    let midnight = chrono::NaiveTime::MIN;
    (0..=hours).map(move |h| from + Duration::hours(h)).filter(move |t| beijing_local(*t).time() == midnight)
}
