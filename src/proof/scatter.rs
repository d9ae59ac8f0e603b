//! Measured against modelled values on logarithmic axes, with the lines of a factor of two, as SVG.

use maud::{Markup, html};
use std::ops::RangeInclusive;

const SIZE: f64 = 460.0;
const LEFT: f64 = 52.0;
const TOP: f64 = 12.0;
/// Side of the square between the axes.
const SIDE: f64 = 380.0;
const STYLE: &str = "text{font:11px sans-serif;fill:#222}.axis{stroke:#888;fill:none}.grid{stroke:#e4e4e4}\
                     .equal{stroke:#222}.twice{stroke:#222;stroke-dasharray:4 3}circle{fill-opacity:.65}";

/// Points of one kind: `(measured, modelled)`, both positive.
pub(super) struct Series {
    pub name: String,
    pub colour: &'static str,
    pub points: Vec<(f64, f64)>,
}

/// Place of a value on an axis that spans `decades`, from 0 to [`SIDE`].
fn along(value: f64, decades: &RangeInclusive<i32>) -> f64 {
    let (from, to) = (f64::from(*decades.start()), f64::from(*decades.end()));
    SIDE * ((value.log10() - from) / (to - from)).clamp(0.0, 1.0)
}

/// Whole decades that hold all points.
fn decades(series: &[Series]) -> RangeInclusive<i32> {
    let logs = || series.iter().flat_map(|s| &s.points).flat_map(|p| [p.0.log10(), p.1.log10()]);
    let (low, high) = (logs().fold(f64::INFINITY, f64::min), logs().fold(f64::NEG_INFINITY, f64::max));
    if low > high {
        return 0..=1;
    }
    low.floor() as i32..=(high.ceil() as i32).max(low.floor() as i32 + 1)
}

/// The drawing; `title` names the quantity and its unit.
pub(super) fn draw(title: &str, series: &[Series]) -> Markup {
    let decades = decades(series);
    let x = |value: f64| LEFT + along(value, &decades);
    let y = |value: f64| TOP + SIDE - along(value, &decades);
    let (low, high) = (10f64.powi(*decades.start()), 10f64.powi(*decades.end()));
    let (right, bottom) = (LEFT + SIDE, TOP + SIDE);
    html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {SIZE} {SIZE}")) role="img" aria-label=(title) {
            style { (STYLE) }
            rect width=(SIZE) height=(SIZE) fill="#fff" {}
            @for decade in decades.clone() {
                @let value = 10f64.powi(decade);
                line.grid x1=(x(value)) x2=(x(value)) y1=(TOP) y2=(bottom) {}
                line.grid x1=(LEFT) x2=(right) y1=(y(value)) y2=(y(value)) {}
                text x=(x(value)) y=(bottom + 15.0) text-anchor="middle" { "1e" (decade) }
                text x=(LEFT - 5.0) y=(y(value) + 4.0) text-anchor="end" { "1e" (decade) }
            }
            rect.axis x=(LEFT) y=(TOP) width=(SIDE) height=(SIDE) {}
            line.equal x1=(x(low)) y1=(y(low)) x2=(x(high)) y2=(y(high)) {}
            line.twice x1=(x(low)) y1=(y(2.0 * low)) x2=(x(high / 2.0)) y2=(y(high)) {}
            line.twice x1=(x(2.0 * low)) y1=(y(low)) x2=(x(high)) y2=(y(high / 2.0)) {}
            @for s in series {
                @for p in &s.points { circle cx=(round(x(p.0))) cy=(round(y(p.1))) r="3.2" fill=(s.colour) {} }
            }
            @for (i, s) in series.iter().enumerate() {
                @let row = TOP + 16.0 + 15.0 * i as f64;
                circle cx=(LEFT + 12.0) cy=(row - 4.0) r="4" fill=(s.colour) {}
                text x=(LEFT + 21.0) y=(row) { (s.name) }
            }
            text x=(LEFT + SIDE / 2.0) y=(bottom + 33.0) text-anchor="middle" { "实测 measured: " (title) }
            text x=(-(TOP + SIDE / 2.0)) y="12" text-anchor="middle" transform="rotate(-90)" { "模拟 modelled" }
        }
    }
}

fn round(v: f64) -> f64 {
    (v * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0.01 and 0.1 measured, each hit: two decades of 190, points on the diagonal at the corner and in the middle.
    #[test]
    fn values_lie_on_whole_decades() {
        let series =
            [Series { name: "50 m".into(), colour: "#000", points: vec![(0.01, 0.01), (0.1, 0.1), (0.9, 0.5)] }];
        assert_eq!(decades(&series), -2..=0);
        let svg = draw("C", &series).into_string();
        assert!(svg.contains(r#"<circle cx="52" cy="392" r="3.2""#), "{svg}");
        assert!(svg.contains(r#"<circle cx="242" cy="202" r="3.2""#), "{svg}");
    }
}
