//! What every picture has around its drawing: title, border, colour bar with unit.

use super::classes::Classes;
use super::picture::FONTS;
use maud::{Markup, PreEscaped, html};

/// Left edge and top of the drawing.
pub const LEFT: f64 = 62.0;
pub const TOP: f64 = 46.0;
const BOTTOM: f64 = 46.0;
const BAR_GAP: f64 = 22.0;
const BAR_WIDTH: f64 = 16.0;
const BAR_TEXT: f64 = 74.0;

/// A picture of a drawing of `size` whose upper left corner is at ([`LEFT`], [`TOP`]).
pub struct Frame<'a> {
    pub title: &'a str,
    pub unit: &'a str,
    /// Width and height of the drawing.
    pub size: (f64, f64),
    /// `None`: no value to show, no bar.
    pub classes: Option<&'a Classes>,
}

impl Frame<'_> {
    /// The whole picture as SVG: `inside` is clipped to the drawing, `around` (labels of axes) is not.
    pub fn svg(&self, inside: &Markup, around: &Markup) -> String {
        let (width, height) = self.size;
        let whole = (LEFT + width + BAR_GAP + BAR_WIDTH + BAR_TEXT, TOP + height + BOTTOM);
        let drawing = html! {
            svg xmlns="http://www.w3.org/2000/svg" width=(tenth(whole.0)) height=(tenth(whole.1))
                viewBox=(format!("0 0 {} {}", tenth(whole.0), tenth(whole.1))) font-family=(FONTS) font-size="12"
            {
                rect width="100%" height="100%" fill="#ffffff" {}
                text x=(LEFT) y="28" font-size="15" fill="#111111" { (self.title) }
                clipPath id="drawing" { rect x=(LEFT) y=(TOP) width=(tenth(width)) height=(tenth(height)) {} }
                g clip-path="url(#drawing)" {
                    rect x=(LEFT) y=(TOP) width=(tenth(width)) height=(tenth(height)) fill="#eeeeee" {}
                    (inside)
                }
                rect x=(LEFT) y=(TOP) width=(tenth(width)) height=(tenth(height)) fill="none" stroke="#333333" {}
                g fill="#333333" { (around) }
                @if let Some(classes) = self.classes { (bar(classes, self.unit, LEFT + width + BAR_GAP, height)) }
            }
        };
        drawing.into_string()
    }
}

/// The colour bar; a point at an end tells that values go beyond it.
fn bar(classes: &Classes, unit: &str, x: f64, height: f64) -> Markup {
    let count = classes.count();
    let step = height / count as f64;
    let y = |i: usize| TOP + height - step * i as f64;
    let right = x + BAR_WIDTH;
    let point = |class: usize, from: f64, to: f64| {
        let points = format!("{x},{} {right},{} {},{}", tenth(from), tenth(from), x + BAR_WIDTH / 2.0, tenth(to));
        html! { polygon points=(points) fill=(classes.colour(class)) {} }
    };
    html! {
        @for class in 0..count {
            rect x=(tenth(x)) y=(tenth(y(class + 1))) width=(BAR_WIDTH) height=(tenth(step + 0.3)) fill=(classes.colour(class)) {}
        }
        @if classes.beyond.1 { (point(count - 1, TOP, TOP - 12.0)) }
        @if classes.beyond.0 { (point(0, TOP + height, TOP + height + 12.0)) }
        g fill="#333333" {
            @for (i, label) in classes.labels().into_iter().enumerate() {
                text x=(tenth(right + 6.0)) y=(tenth(y(i) + 4.0)) { (label) }
            }
            text x=(tenth(x + BAR_WIDTH / 2.0)) y=(tenth(TOP + height + 28.0)) text-anchor="middle" { (unit) }
        }
    }
}

/// A number of an SVG attribute to a tenth.
pub fn tenth(v: f64) -> f64 {
    (v * 10.0).round() / 10.0
}

/// Equal classes side by side as one path a class: `class(column, row)` with rows from the top, edges of columns and rows in the
/// picture. **Why:** a field of ten thousand cells is a file of some ten kilobytes instead of a megabyte.
pub fn mosaic(
    classes: &Classes,
    columns: &[f64],
    rows: &[f64],
    class: impl Fn(usize, usize) -> Option<usize>,
) -> Markup {
    let mut paths = vec![String::new(); classes.count()];
    for row in 0..rows.len() - 1 {
        let (top, bottom) = (tenth(rows[row]), tenth(rows[row + 1]));
        let mut start = 0;
        let mut current = class(0, row);
        for column in 1..columns.len() {
            let here = if column < columns.len() - 1 { class(column, row) } else { None };
            if here != current || column == columns.len() - 1 {
                if let Some(c) = current {
                    let (west, east) = (tenth(columns[start]), tenth(columns[column]));
                    paths[c].push_str(&format!("M{west} {top}H{east}V{bottom}H{west}z"));
                }
                (start, current) = (column, here);
            }
        }
    }
    html! {
        g shape-rendering="crispEdges" {
            @for (class, path) in paths.iter().enumerate() {
                @if !path.is_empty() { path d=(PreEscaped(path)) fill=(classes.colour(class)) {} }
            }
        }
    }
}

/// Four to nine round steps inside a range.
pub fn steps(low: f64, high: f64) -> Vec<f64> {
    let rough = ((high - low) / 7.0).max(1e-9);
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= rough).unwrap_or(rough);
    ((low / step).ceil() as i64..=(high / step).floor() as i64).map(|i| i as f64 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::super::classes::Scale;
    use super::*;

    #[test]
    fn cells_of_one_class_side_by_side_are_one_rectangle() {
        let classes = Classes::of([0.0, 10.0].into_iter(), Scale::Linear).unwrap();
        let (columns, rows) = ([0.0, 1.0, 2.0, 3.0], [0.0, 5.0]);
        let drawn = mosaic(&classes, &columns, &rows, |x, _| [Some(0), Some(0), None][x]).into_string();
        assert!(drawn.contains("d=\"M0 0H2V5H0z\""), "{drawn}");
        let drawn = mosaic(&classes, &columns, &rows, |x, _| [None, Some(1), Some(1)][x]).into_string();
        assert!(drawn.contains("d=\"M1 0H3V5H1z\""), "{drawn}");
        assert_eq!(steps(126.7, 131.2), [127.0, 128.0, 129.0, 130.0, 131.0]);
    }
}
