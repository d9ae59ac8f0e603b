//! The one drawing of a field on a map: in the grid's own projection, with graticule, outlines and points.

use super::drawing::classes::{Classes, Scale};
use super::drawing::frame::{Frame, LEFT, TOP, mosaic, steps, tenth};
use super::drawing::picture;
use crate::domain::grid::{HorizontalGrid, Transform};
use crate::error::Result;
use geo::MultiPolygon;
use maud::{Markup, PreEscaped, html};
use std::path::Path;

/// Longest width and height of the drawing.
const WIDTH: f64 = 660.0;
const HEIGHT: f64 = 600.0;
/// Most cells along a side: finer grids are sampled.
const MOST_CELLS: usize = 400;
/// Points along a line of the graticule.
const LINE_POINTS: usize = 60;
/// Points of an outline nearer than this to the one before are left out.
const NEAR: f64 = 0.4;

/// Room of a label, across and down.
const LABEL: (f64, f64) = (60.0, 12.0);

/// A labelled point.
#[derive(Debug, Clone)]
pub struct Point {
    pub lon: f64,
    pub lat: f64,
    pub label: String,
}

/// A field on a map.
pub struct Map<'a> {
    pub title: String,
    /// Unit of the values, below the colour bar.
    pub unit: String,
    pub grid: &'a HorizontalGrid,
    /// `[y, x]`; NaN is not drawn.
    pub values: &'a [f32],
    pub scale: Scale,
    /// Outlines in longitude and latitude, of counties for example.
    pub outlines: &'a [MultiPolygon<f64>],
    pub points: &'a [Point],
}

/// Writes the map to `path`, `.svg` or `.png`.
///
/// # Errors
/// As [`picture::write`].
pub fn write(path: &Path, map: &Map) -> Result<()> {
    picture::write(path, &svg(map))
}

/// The map as SVG.
pub fn svg(map: &Map) -> String {
    let sheet = Sheet::new(map.grid);
    let classes = Classes::of(map.values.iter().copied(), map.scale);
    let (lines, labels) = sheet.graticule();
    let inside = html! {
        @if let Some(classes) = &classes { (sheet.cells(classes, map.values)) }
        (lines)
        (sheet.outlines(map.outlines))
        (sheet.points(map.points))
    };
    Frame { title: &map.title, unit: &map.unit, size: sheet.size, classes: classes.as_ref() }.svg(&inside, &labels)
}

/// The grid on paper.
struct Sheet<'a> {
    grid: &'a HorizontalGrid,
    transform: Transform<'a>,
    size: (f64, f64),
}

impl<'a> Sheet<'a> {
    fn new(grid: &'a HorizontalGrid) -> Self {
        let transform = grid.transform();
        // degrees of longitude shrink with latitude; projected cells are as they are
        let middle = (grid.y0 + 0.5 * (grid.ny as f64 - 1.0) * grid.dy).clamp(-75.0, 75.0);
        let shrink = if grid.is_latlon() { middle.to_radians().cos() } else { 1.0 };
        let (width, height) = (grid.nx as f64 * grid.dx * shrink, grid.ny as f64 * grid.dy);
        let factor = (WIDTH / width).min(HEIGHT / height);
        Self { grid, transform, size: (width * factor, height * factor) }
    }

    /// Place in the picture of a fractional index.
    fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let (nx, ny) = (self.grid.nx as f64, self.grid.ny as f64);
        (LEFT + (x + 0.5) / nx * self.size.0, TOP + self.size.1 - (y + 0.5) / ny * self.size.1)
    }

    fn cells(&self, classes: &Classes, values: &[f32]) -> Markup {
        let (nx, ny) = (self.grid.nx, self.grid.ny);
        let (columns, rows) = (nx.min(MOST_CELLS), ny.min(MOST_CELLS));
        let edges = |n: usize, from: f64, length: f64| -> Vec<f64> {
            (0..=n).map(|i| from + length * i as f64 / n as f64).collect()
        };
        mosaic(classes, &edges(columns, LEFT, self.size.0), &edges(rows, TOP, self.size.1), |column, row| {
            // the cell in the middle of what is drawn; rows come from the top
            let (x, y) = ((2 * column + 1) * nx / (2 * columns), (2 * row + 1) * ny / (2 * rows));
            classes.class(values[(ny - 1 - y) * nx + x])
        })
    }

    /// Meridians and parallels with their labels at the lower and left edge.
    fn graticule(&self) -> (Markup, Markup) {
        let (nx, ny) = (self.grid.nx as f64, self.grid.ny as f64);
        let share = |i: usize| i as f64 / LINE_POINTS as f64;
        let edge = (0..=LINE_POINTS).flat_map(|i| {
            let (x, y) = (share(i) * nx - 0.5, share(i) * ny - 0.5);
            [(x, -0.5), (x, ny - 0.5), (-0.5, y), (nx - 0.5, y)]
        });
        let mut range = [(f64::INFINITY, f64::NEG_INFINITY); 2];
        let west = self.transform.lonlat(0.0, 0.0).0;
        for (lon, lat) in edge.map(|(x, y)| self.transform.lonlat(x, y)).filter(|p| p.0.is_finite()) {
            // on the turn of the circle that begins half a turn west of the first cell, so that a grid over 180 E is one range
            let lon = lon - ((lon - west) / 360.0 - 0.25).round() * 360.0;
            for (range, v) in range.iter_mut().zip([lon, lat]) {
                *range = (range.0.min(v), range.1.max(v));
            }
        }
        let [mut lons, (south, north)] = range;
        if self.grid.is_latlon() {
            let g = self.grid;
            lons = (g.x0 - 0.5 * g.dx, g.x0 + (nx - 0.5) * g.dx);
        }
        let (west, east) = lons;
        let line = |at: &dyn Fn(f64) -> (f64, f64)| -> Vec<(f64, f64)> {
            (0..=LINE_POINTS).map(|i| at(share(i))).map(|(lon, lat)| self.index(lon, lat, west)).collect()
        };
        let mut lines = String::new();
        let mut labels = Vec::new();
        for lon in whole_degrees(west, east) {
            let indices = line(&|s| (lon, south + s * (north - south)));
            lines.push_str(&self.path(&indices, 0.0));
            if let Some(x) = crossing(&indices, |p| (p.1, p.0)).filter(|x| (-0.5..=nx - 0.5).contains(x)) {
                let (x, y) = self.place((x, -0.5));
                labels.push((x, y + 16.0, "middle", degrees(lon, "E", "W")));
            }
        }
        for lat in whole_degrees(south, north) {
            let indices = line(&|s| (west + s * (east - west), lat));
            lines.push_str(&self.path(&indices, 0.0));
            if let Some(y) = crossing(&indices, |p| p).filter(|y| (-0.5..=ny - 0.5).contains(y)) {
                let (x, y) = self.place((-0.5, y));
                labels.push((x - 6.0, y + 4.0, "end", degrees(lat, "N", "S")));
            }
        }
        let lines = html! {
            path d=(PreEscaped(lines)) fill="none" stroke="#ffffff" stroke-opacity="0.45" stroke-width="0.7" {}
        };
        let labels = html! {
            @for (x, y, anchor, label) in labels {
                text x=(tenth(x)) y=(tenth(y)) text-anchor=(anchor) { (label) }
            }
        };
        (lines, labels)
    }

    /// Fractional index of a position; on a longitude-latitude grid on the turn of the circle that begins at `west`.
    fn index(&self, lon: f64, lat: f64, west: f64) -> (f64, f64) {
        if self.grid.is_latlon() {
            let g = self.grid;
            let lon = if lon < west - 1e-9 { lon + 360.0 } else { lon };
            return ((lon - g.x0) / g.dx, (lat - g.y0) / g.dy);
        }
        self.transform.index(lon, lat)
    }

    /// A path through indices, broken where the projection is undefined; points nearer than `near` are left out.
    fn path(&self, indices: &[(f64, f64)], near: f64) -> String {
        let mut path = String::new();
        let mut last: Option<(f64, f64)> = None;
        for p in indices {
            if !(p.0.is_finite() && p.1.is_finite()) {
                last = None;
                continue;
            }
            let (x, y) = self.place(*p);
            // far outside the sheet numbers grow without use
            if x.abs() > 1e5 || y.abs() > 1e5 {
                last = None;
                continue;
            }
            match last {
                Some((a, b)) if (x - a).hypot(y - b) < near => {}
                _ => {
                    let step = if last.is_some() { 'L' } else { 'M' };
                    path.push_str(&format!("{step}{} {}", tenth(x), tenth(y)));
                    last = Some((x, y));
                }
            }
        }
        path
    }

    fn outlines(&self, outlines: &[MultiPolygon<f64>]) -> Markup {
        let mut path = String::new();
        for polygon in outlines.iter().flat_map(|o| &o.0) {
            for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
                let indices: Vec<(f64, f64)> = ring.0.iter().map(|c| self.transform.index(c.x, c.y)).collect();
                path.push_str(&self.path(&indices, NEAR));
            }
        }
        html! {
            @for (colour, width) in [("#ffffff", "2.4"), ("#222222", "0.9")] {
                path d=(PreEscaped(&path)) fill="none" stroke=(colour) stroke-width=(width) stroke-linejoin="round" {}
            }
        }
    }

    /// Points with their labels; one whose label would lie on another's goes without.
    fn points(&self, points: &[Point]) -> Markup {
        let places: Vec<(f64, f64)> = points.iter().map(|p| self.place(self.transform.index(p.lon, p.lat))).collect();
        let mut labelled: Vec<(f64, f64)> = Vec::new();
        let free = places.iter().map(|&(x, y)| {
            let free = labelled.iter().all(|(a, b)| (a - x).abs() > LABEL.0 || (b - y).abs() > LABEL.1);
            labelled.extend(free.then_some((x, y)));
            free
        });
        let free: Vec<bool> = free.collect();
        html! {
            @for ((p, (x, y)), free) in points.iter().zip(places).zip(free) {
                @if x.is_finite() && y.is_finite() {
                    circle cx=(tenth(x)) cy=(tenth(y)) r="2.6" fill="#111111" stroke="#ffffff" {}
                    @if free { @for (stroke, width) in [("#ffffff", "3"), ("none", "0")] {
                        text x=(tenth(x + 5.0)) y=(tenth(y + 4.0)) stroke=(stroke) stroke-width=(width)
                            stroke-linejoin="round" fill="#111111" { (p.label) }
                    } }
                }
            }
        }
    }
}

/// Where a line first crosses -0.5 of one index, the other one there.
fn crossing(indices: &[(f64, f64)], order: impl Fn((f64, f64)) -> (f64, f64)) -> Option<f64> {
    let start = order(*indices.first()?);
    if (start.0 + 0.5).abs() < 1e-6 {
        return Some(start.1);
    }
    indices.windows(2).find_map(|w| {
        let ((a, p), (b, q)) = (order(w[0]), order(w[1]));
        let part = (-0.5 - a) / (b - a);
        ((a + 0.5) * (b + 0.5) <= 0.0 && part.is_finite()).then_some(p + part * (q - p))
    })
}

/// Round steps inside a range of degrees: of 15, 30 or 60 where decimal ones would be ten or more.
fn whole_degrees(low: f64, high: f64) -> Vec<f64> {
    let decimal = steps(low, high);
    if decimal.len() > 1 && decimal[1] - decimal[0] < 15.0 {
        return decimal;
    }
    let step = [15.0, 30.0, 60.0].into_iter().find(|s| (high - low) / s <= 7.0).unwrap_or(60.0);
    ((low / step).ceil() as i64..=(high / step).floor() as i64).map(|i| i as f64 * step).collect()
}

fn degrees(value: f64, positive: &str, negative: &str) -> String {
    let value = if value > 180.0 { value - 360.0 } else { value };
    let side = match value {
        v if v > 1e-9 => positive,
        v if v < -1e-9 => negative,
        _ => "",
    };
    format!("{}°{side}", (value.abs() * 1e4).round() / 1e4)
}
