//! The influence of each place on a window as a map: SVG with the counties over coloured cells.

use std::fmt::Write;

/// Width of a cell in the picture.
const CELL: f64 = 8.0;
/// Colours from little to much, equal steps of the logarithm (ColorBrewer YlOrRd, 9 classes).
const COLOURS: [&str; 9] =
    ["#ffffcc", "#ffeda0", "#fed976", "#feb24c", "#fd8d3c", "#fc4e2a", "#e31a1c", "#bd0026", "#800026"];
/// Orders of magnitude that the colours cover.
const DECADES: f64 = 3.0;

/// A map of `values` [ug m-3 t-1], `columns` to a row from the south, with `outlines` as lines of `(column, row)`.
pub fn svg(values: &[f32], columns: usize, outlines: &[Vec<(f64, f64)>], title_zh: &str, title_en: &str) -> String {
    let rows = values.len() / columns.max(1);
    let (width, height) = (columns as f64 * CELL, rows as f64 * CELL);
    let largest = values.iter().copied().fold(0.0f32, f32::max);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {:.0}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>{} {}</title>\n<rect width=\"{width:.0}\" height=\"{height:.0}\" fill=\"#fff\"/>\n",
        height + 44.0,
        escaped(title_zh),
        escaped(title_en)
    );
    for (row, line) in values.chunks_exact(columns.max(1)).enumerate() {
        let mut x = 0;
        // neighbours of one colour are one rectangle
        for same in line.chunk_by(|a, b| class(*a, largest) == class(*b, largest)) {
            if let Some(colour) = class(same[0], largest) {
                let y = height - (row as f64 + 1.0) * CELL;
                let _ = writeln!(
                    out,
                    "<rect x=\"{:.0}\" y=\"{y:.0}\" width=\"{:.0}\" height=\"{CELL:.0}\" fill=\"{}\"/>",
                    x as f64 * CELL,
                    same.len() as f64 * CELL,
                    COLOURS[colour]
                );
            }
            x += same.len();
        }
    }
    for line in outlines {
        let points: Vec<String> =
            line.iter().map(|(i, j)| format!("{:.1},{:.1}", (i + 0.5) * CELL, height - (j + 0.5) * CELL)).collect();
        let _ = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"#333\" stroke-width=\"1\"/>",
            points.join(" ")
        );
    }
    legend(&mut out, width, height, largest);
    out += "</svg>\n";
    out
}

/// Class of a value, 0 ..= 8; `None` below the scale.
fn class(value: f32, largest: f32) -> Option<usize> {
    if value <= 0.0 || largest <= 0.0 {
        return None;
    }
    let place = 1.0 + (f64::from(value) / f64::from(largest)).log10() / DECADES;
    (place >= 0.0).then(|| ((place * COLOURS.len() as f64) as usize).min(COLOURS.len() - 1))
}

fn legend(out: &mut String, width: f64, height: f64, largest: f32) {
    let step = (width - 20.0) / COLOURS.len() as f64;
    for (k, colour) in COLOURS.iter().enumerate() {
        let lower = f64::from(largest) * 10f64.powf(DECADES * (k as f64 / COLOURS.len() as f64 - 1.0));
        let x = 10.0 + k as f64 * step;
        let _ = writeln!(
            out,
            "<rect x=\"{x:.1}\" y=\"{:.0}\" width=\"{step:.1}\" height=\"10\" fill=\"{colour}\"/><text x=\"{x:.1}\" y=\"{:.0}\" font-size=\"9\">{}</text>",
            height + 6.0,
            height + 26.0,
            figure(lower)
        );
    }
    let _ = writeln!(out, "<text x=\"10\" y=\"{:.0}\" font-size=\"9\">µg/m³ / t PM2.5</text>", height + 40.0);
}

/// Two figures, short enough to stand under its colour.
fn figure(value: f64) -> String {
    match value {
        v if v >= 10.0 => format!("{v:.0}"),
        v if v >= 1.0 => format!("{v:.1}"),
        v if v >= 0.1 => format!("{v:.2}"),
        v if v >= 0.001 => format!("{v:.3}"),
        v => format!("{v:.0e}"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
