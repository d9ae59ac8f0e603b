//! A vertical section: values over distance and height above sea level, the ground shaded.

use super::drawing::classes::{Classes, Scale};
use super::drawing::frame::{Frame, LEFT, TOP, mosaic, steps, tenth};
use super::drawing::picture;
use crate::error::Result;
use maud::{Markup, html};
use std::path::Path;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 380.0;
/// Rows that are drawn.
const ROWS: usize = 190;

/// One column of a section.
#[derive(Debug, Clone)]
pub struct Column {
    /// Distance from the start [m].
    pub distance_m: f64,
    /// Height of the ground above sea level [m].
    pub terrain_m: f64,
    /// Height above sea level [m], rising, and value.
    pub points: Vec<(f64, f32)>,
}

/// A vertical section.
pub struct Section<'a> {
    pub title: String,
    pub unit: String,
    /// Evenly spaced, two or more.
    pub columns: &'a [Column],
    /// Height above sea level of the upper edge [m].
    pub top_m: f64,
    pub scale: Scale,
    /// Names of the ends, and of the axes: distance [km], height above sea level [m].
    pub ends: (String, String),
    pub axes: (&'a str, &'a str),
}

impl Column {
    /// The value at a height, linear between points; that of the lowest point between it and the ground; NaN in the ground and
    /// above the highest point.
    pub fn value(&self, height_m: f64) -> f32 {
        let points = &self.points;
        let above = points.partition_point(|p| p.0 < height_m);
        if height_m < self.terrain_m || above == points.len() {
            return f32::NAN;
        }
        if above == 0 {
            return points[0].1;
        }
        let ((low, a), (high, b)) = (points[above - 1], points[above]);
        a + (b - a) * ((height_m - low) / (high - low)) as f32
    }
}

/// Writes the section to `path`, `.svg` or `.png`.
///
/// # Errors
/// As [`picture::write`].
pub fn write(path: &Path, section: &Section) -> Result<()> {
    picture::write(path, &svg(section))
}

/// The section as SVG.
pub fn svg(section: &Section) -> String {
    let columns = section.columns;
    let bottom = columns.iter().map(|c| c.terrain_m).fold(f64::INFINITY, f64::min).min(section.top_m - 1.0);
    let bottom = (bottom / 100.0).floor() * 100.0;
    let height = |row: usize| section.top_m - (row as f64 + 0.5) / ROWS as f64 * (section.top_m - bottom);
    let values: Vec<f32> =
        (0..ROWS).flat_map(|r| columns.iter().map(move |c| c.value(height(r).max(c.terrain_m)))).collect();
    let classes = Classes::of(values.iter().copied(), section.scale);
    let edges = |n: usize, from: f64, length: f64| -> Vec<f64> {
        (0..=n).map(|i| from + length * i as f64 / n as f64).collect()
    };
    let y = |z: f64| TOP + HEIGHT * (section.top_m - z) / (section.top_m - bottom);
    let x = |i: usize| LEFT + WIDTH * (i as f64 + 0.5) / columns.len() as f64;
    let mut ground = format!("{LEFT},{} {LEFT},{} ", tenth(TOP + HEIGHT), tenth(y(columns[0].terrain_m)));
    for (i, column) in columns.iter().enumerate() {
        ground.push_str(&format!("{},{} ", tenth(x(i)), tenth(y(column.terrain_m))));
    }
    let last = columns[columns.len() - 1].terrain_m;
    ground.push_str(&format!("{0},{1} {0},{2}", LEFT + WIDTH, tenth(y(last)), tenth(TOP + HEIGHT)));
    let inside = html! {
        @if let Some(classes) = &classes {
            (mosaic(classes, &edges(columns.len(), LEFT, WIDTH), &edges(ROWS, TOP, HEIGHT), |column, row| {
                classes.class(values[row * columns.len() + column])
            }))
        }
        polygon points=(ground) fill="#6b5b4b" stroke="#3b3028" {}
    };
    let frame = Frame { title: &section.title, unit: &section.unit, size: (WIDTH, HEIGHT), classes: classes.as_ref() };
    frame.svg(&inside, &axes(section, bottom, &y))
}

fn axes(section: &Section, bottom: f64, y: &dyn Fn(f64) -> f64) -> Markup {
    let length = section.columns[section.columns.len() - 1].distance_m / 1000.0;
    let base = TOP + HEIGHT;
    let at = |km: f64| LEFT + WIDTH * km / length;
    html! {
        @for z in steps(bottom, section.top_m) {
            line x1=(LEFT - 4.0) x2=(LEFT) y1=(tenth(y(z))) y2=(tenth(y(z))) stroke="#333333" {}
            text x=(LEFT - 7.0) y=(tenth(y(z) + 4.0)) text-anchor="end" { (z) }
        }
        @for km in steps(0.0, length) {
            line x1=(tenth(at(km))) x2=(tenth(at(km))) y1=(base) y2=(base + 4.0) stroke="#333333" {}
            text x=(tenth(at(km))) y=(base + 17.0) text-anchor="middle" { (km) }
        }
        text x=(LEFT + WIDTH / 2.0) y=(base + 36.0) text-anchor="middle" { (section.axes.0) }
        text x=(LEFT) y=(base + 36.0) { (section.ends.0) }
        text x=(LEFT + WIDTH) y=(base + 36.0) text-anchor="end" { (section.ends.1) }
        text x="14" y=(TOP + HEIGHT / 2.0) text-anchor="middle"
            transform=(format!("rotate(-90 14 {})", TOP + HEIGHT / 2.0)) { (section.axes.1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_column_stand_on_the_ground() {
        let column = Column { distance_m: 0.0, terrain_m: 400.0, points: vec![(410.0, 1.0), (610.0, 3.0)] };
        assert!(column.value(399.0).is_nan() && column.value(611.0).is_nan());
        assert_eq!((column.value(402.0), column.value(510.0), column.value(610.0)), (1.0, 2.0, 3.0));
    }
}
