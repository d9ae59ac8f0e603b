//! MEIC as NetCDF: one pollutant of one sector and month on a flat list of cells, in the layout of old GMT grids.
//!
//! `x_range`, `y_range` (the outer edges), `spacing`, `dimension` (columns, rows) and `z`, rows southward, values as in the ASCII files. The unit
//! is the attribute `units` of `z`, or that of the convention; pollutant, sector and month are those of the file's name.

use super::Window;
use super::inventory_fields::GridField;
use super::inventory_lattice::{AxisCells, within};
use super::inventory_text::{named, tonnes_per_value, unit_of};
use super::inventory_vocabulary::Vocabulary;
use super::netcdf_file::NetcdfFile;
use crate::error::Result;
use std::slice::from_ref;
use std::sync::Arc;

/// Whether the file has the variables of this layout.
pub fn is_this(file: &NetcdfFile) -> bool {
    ["x_range", "y_range", "spacing", "dimension", "z"].iter().all(|n| file.has(n))
}

/// The field of an open file; `None` for a gas that this program does not carry.
///
/// # Errors
/// `Format` naming the variable: ranges, spacing and number of cells that disagree, a negative or missing value, a unit that is no emission, a
/// file name without a pollutant.
pub fn field(file: &NetcdfFile, vocabulary: &Vocabulary, window: Window) -> Result<Option<GridField>> {
    let path = file.path().to_path_buf();
    let Some(named) = named(&path, vocabulary)? else { return Ok(None) };
    let pair = |name: &str| -> Result<[f64; 2]> {
        let values = file.raw(name, from_ref(&(0..2)))?;
        match values[..] {
            [a, b] if a.is_finite() && b.is_finite() => Ok([a, b]),
            _ => Err(file.error(name, format!("{values:?}"), "two numbers")),
        }
    };
    let (x, y, step, count) = (pair("x_range")?, pair("y_range")?, pair("spacing")?, pair("dimension")?);
    let length = file.dimensions("z")?.iter().map(|d| d.1).product::<usize>();
    let spans =
        |range: [f64; 2], step: f64, count: f64| step > 0.0 && ((range[1] - range[0]) / step - count).abs() < 1e-3;
    let whole = count.iter().all(|n| *n >= 1.0 && n.fract() == 0.0) && count[0] * count[1] == length as f64;
    if !(whole && spans(x, step[0], count[0]) && spans(y, step[1], count[1])) {
        let found = format!("{x:?} and {y:?} by {step:?}, {count:?} cells, {length} values");
        return Err(file.error("x_range, y_range, spacing, dimension", found, "edges, spacing and counts that agree"));
    }
    let (columns, rows) = (count[0] as usize, count[1] as usize);
    let mut lat = AxisCells::from_edge(y[0], step[1], rows);
    lat.bounds.reverse();
    let lon = AxisCells::from_edge(x[0], step[0], columns);
    let (lattice, y, x) = within(&lat, &lon, window);
    let unit = unit_of(&path, file.text(Some("z"), "units").as_deref().filter(|u| !u.is_empty()), &named, vocabulary)?;
    let no_data = file.number(Some("z"), "nodata_value");
    let mut tonnes = Vec::with_capacity(lattice.cells());
    for row in y {
        let values = file.raw("z", from_ref(&(row * columns + x.start..row * columns + x.end)))?;
        for (column, v) in x.clone().zip(values) {
            let v = if no_data.is_some_and(|n| v == n || (v - n).abs() <= 1e-6 * n.abs()) { 0.0 } else { v };
            if !(v.is_finite() && v >= 0.0) {
                return Err(file.error(
                    format!("z, row {row}, column {column}"),
                    v.to_string(),
                    "an emission of 0 or more",
                ));
            }
            let cell = tonnes.len();
            tonnes.push(v * tonnes_per_value(&path, &named, unit, lattice.area_m2(cell))?);
        }
    }
    Ok(Some(GridField {
        file: path,
        place: "z".into(),
        lattice: Arc::new(lattice),
        by_file_name: !named.category.is_empty(),
        category: named.category,
        role: named.role,
        substance: named.substance,
        month: named.month,
        part: named.part,
        span: None,
        tonnes,
    }))
}
