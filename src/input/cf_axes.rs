//! Axes and grid of a CF file: which dimension is which, in which direction, on which projection.

use super::Window;
use super::netcdf_file::NetcdfFile;
use super::quantity::Quantity;
use crate::constants::EARTH_RADIUS_M;
use crate::domain::grid::HorizontalGrid;
use crate::error::Result;
use std::ops::Range;

/// Cells kept around a window.
const MARGIN_CELLS: usize = 2;

/// The axes of a field with levels.
pub struct Axes {
    pub grid: HorizontalGrid,
    /// Name of the time dimension; `None`: the file holds one time.
    pub time: Option<String>,
    pub level: String,
    pub y: String,
    pub x: String,
    /// Pressure of each level in file order [Pa].
    pub pressure_pa: Vec<f64>,
    /// Rows and columns that are read.
    pub rows: Range<usize>,
    pub columns: Range<usize>,
    /// Whether rows of the file go southward.
    pub southward: bool,
}

impl Axes {
    /// The axes of variable `of` on levels, cropped to a window (latitude-longitude grids only) and two cells around it; `pressures` [Pa] are
    /// those of the level axis in file order.
    ///
    /// # Errors
    /// [`crate::error::Error::Format`] when an axis is missing, irregular, of unknown kind, or does not hold what the cut asks for.
    pub fn on_levels(
        file: &NetcdfFile,
        of: &str,
        cut: Option<Cut>,
        pressures: impl FnOnce(&str) -> Result<Vec<f64>>,
    ) -> Result<Self> {
        let dimensions: Vec<String> = file.dimensions(of)?.into_iter().map(|d| d.0).collect();
        let (time, level, y, x) = match &dimensions[..] {
            [t, l, y, x] => (Some(t.clone()), l.clone(), y.clone(), x.clone()),
            [l, y, x] => (None, l.clone(), y.clone(), x.clone()),
            _ => {
                return Err(file.error(
                    format!("variable {of}"),
                    format!("dimensions {dimensions:?}"),
                    "(time,) level, y, x",
                ));
            }
        };
        let pressure_pa = pressures(&level)?;
        let ordered = |sign: f64| pressure_pa.windows(2).all(|w| sign * (w[1] - w[0]) > 0.0);
        if pressure_pa.len() < 3 || !(ordered(1.0) || ordered(-1.0)) {
            return Err(file.error(
                format!("variable {level}"),
                format!("{pressure_pa:?} Pa"),
                "3 ordered levels or more",
            ));
        }
        let (xs, ys) = (axis(file, &x)?, axis(file, &y)?);
        let (dx, dy) = (step(file, &x, &xs)?, step(file, &y, &ys)?);
        if dx < 0.0 {
            return Err(file.error(format!("variable {x}"), format!("a step of {dx}"), "an axis that goes eastward"));
        }
        let projection = projection(file, of, &x)?;
        let southward = dy < 0.0;
        let (columns, rows) = match cut {
            Some(w) if projection.starts_with("+proj=latlong") => crop(file, (&x, &xs, dx), (&y, &ys, dy), w)?,
            _ => (0..xs.len(), 0..ys.len()),
        };
        let south = if southward { ys[rows.end - 1] } else { ys[rows.start] };
        let size = (columns.len(), rows.len());
        let grid = HorizontalGrid::new(&projection, size, (xs[columns.start], south), (dx, dy.abs()))
            .map_err(|e| file.error("grid", e, "a regular grid"))?;
        Ok(Self { grid, time, level, y, x, pressure_pa, rows, columns, southward })
    }

    /// Pressure [Pa] of a level axis of pressure, in file order.
    ///
    /// # Errors
    /// [`crate::error::Error::Format`] when there is no such variable or its units are none of pressure.
    pub fn pressures(file: &NetcdfFile, level: &str) -> Result<Vec<f64>> {
        let values = axis(file, level)?;
        let units = file.text(Some(level), "units").unwrap_or_default();
        let Some(factor) = Quantity::Pressure.factor(&units) else {
            let place = format!("variable {level}, units");
            return Err(file.error(place, format!("`{units}`"), Quantity::Pressure.expected()));
        };
        Ok(values.into_iter().map(|p| p * factor).collect())
    }

    /// Leaves out outer rows and columns until `surface`, a field without levels in which every place has a value, has no fill
    /// value left. **Why:** a field remapped to another projection ends in a rim without data.
    ///
    /// # Errors
    /// [`crate::error::Error::Format`] when a fill value lies inside, or nothing remains.
    pub fn trim(&mut self, file: &NetcdfFile, surface: &str) -> Result<()> {
        let slab = self.slab(file, surface, 0, false)?;
        let missing: Vec<bool> = file.raw(surface, &slab)?.into_iter().map(|v| !v.is_finite()).collect();
        let nx = self.columns.len();
        let (mut rows, mut columns) = (0..self.rows.len(), 0..nx);
        while rows.clone().any(|y| columns.clone().any(|x| missing[y * nx + x])) {
            let row = |y: usize| columns.clone().filter(|&x| missing[y * nx + x]).count() as f64 / columns.len() as f64;
            let column = |x: usize| rows.clone().filter(|&y| missing[y * nx + x]).count() as f64 / rows.len() as f64;
            let shares = [row(rows.start), row(rows.end - 1), column(columns.start), column(columns.end - 1)];
            let worst = (0..4).max_by(|&a, &b| shares[a].total_cmp(&shares[b])).unwrap_or(0);
            if shares[worst] == 0.0 || rows.len() < 3 || columns.len() < 3 {
                let found = "fill values inside the field";
                return Err(file.error(format!("variable {surface}"), found, "values everywhere but on an outer rim"));
            }
            match worst {
                0 => rows.start += 1,
                1 => rows.end -= 1,
                2 => columns.start += 1,
                _ => columns.end -= 1,
            }
        }
        let g = &self.grid;
        let south_cut = if self.southward { self.rows.len() - rows.end } else { rows.start };
        let corner = (g.x0 + columns.start as f64 * g.dx, g.y0 + south_cut as f64 * g.dy);
        self.grid = HorizontalGrid::new(g.projection(), (columns.len(), rows.len()), corner, (g.dx, g.dy))
            .map_err(|e| file.error("grid", e, "a regular grid"))?;
        self.columns = self.columns.start + columns.start..self.columns.start + columns.end;
        self.rows = self.rows.start + rows.start..self.rows.start + rows.end;
        Ok(())
    }

    /// Extent of a variable with these axes at one time: its levels if it has them.
    ///
    /// # Errors
    /// [`crate::error::Error::Format`] when its dimensions are others.
    pub fn slab(&self, file: &NetcdfFile, name: &str, time: usize, with_levels: bool) -> Result<Vec<Range<usize>>> {
        let dimensions: Vec<String> = file.dimensions(name)?.into_iter().map(|d| d.0).collect();
        let mut expected = Vec::new();
        let mut slab = Vec::new();
        // constant fields (terrain, land) may come without time
        if let Some(axis) = self.time.as_ref().filter(|t| dimensions.first() == Some(t)) {
            expected.push(axis.clone());
            slab.push(time..time + 1);
        }
        if with_levels {
            expected.push(self.level.clone());
            slab.push(0..self.pressure_pa.len());
        }
        expected.extend([self.y.clone(), self.x.clone()]);
        slab.extend([self.rows.clone(), self.columns.clone()]);
        if dimensions == expected {
            return Ok(slab);
        }
        // a field at the ground may have an axis of one level of its own
        if !with_levels && dimensions.len() == expected.len() + 1 {
            let at = slab.len() - 2;
            let (mut rest, mut with_one) = (dimensions.clone(), slab);
            let one = rest.remove(at);
            with_one.insert(at, 0..1);
            if rest == expected && file.dimension(&one) == Some(1) {
                return Ok(with_one);
            }
        }
        Err(file.error(format!("variable {name}"), format!("dimensions {dimensions:?}"), format!("{expected:?}")))
    }

    /// Rows of file order `[level, y, x]` put northward, and levels upward.
    pub fn arrange(&self, values: &[f32], with_levels: bool) -> Vec<f32> {
        let (nx, ny) = (self.grid.nx, self.grid.ny);
        let levels = if with_levels { self.pressure_pa.len() } else { 1 };
        let downward = with_levels && self.pressure_pa[0] < self.pressure_pa[levels - 1];
        let mut out = Vec::with_capacity(values.len());
        for k in 0..levels {
            let k = if downward { levels - 1 - k } else { k };
            for y in 0..ny {
                let y = if self.southward { ny - 1 - y } else { y };
                let at = (k * ny + y) * nx;
                out.extend_from_slice(&values[at..at + nx]);
            }
        }
        out
    }

    /// Pressure of the levels upward [Pa].
    pub fn upward_pressure(&self) -> Vec<f32> {
        let mut p: Vec<f32> = self.pressure_pa.iter().map(|&p| p as f32).collect();
        p.sort_by(|a, b| b.total_cmp(a));
        p
    }
}

fn axis(file: &NetcdfFile, name: &str) -> Result<Vec<f64>> {
    let length = file.dimension(name).unwrap_or(0);
    file.raw(name, std::slice::from_ref(&(0..length)))
}

/// Step of an evenly spaced axis.
pub(super) fn step(file: &NetcdfFile, name: &str, values: &[f64]) -> Result<f64> {
    if values.len() < 2 {
        return Err(file.error(format!("variable {name}"), format!("{} value", values.len()), "2 values or more"));
    }
    let step = (values[values.len() - 1] - values[0]) / (values.len() as f64 - 1.0);
    let irregular = values.iter().enumerate().find(|&(i, v)| {
        let off = (v - values[0] - step * i as f64).abs() / step.abs();
        off.is_nan() || off > 1e-2
    });
    match irregular {
        None => Ok(step),
        Some((i, v)) => {
            Err(file.error(format!("variable {name}, value {i}"), v.to_string(), format!("steps of {step}")))
        }
    }
}

/// The PROJ string of the lattice of variable `of` with the eastward axis `x`.
///
/// # Errors
/// [`crate::error::Error::Format`] when neither the axis nor a grid mapping tells it.
pub(super) fn projection(file: &NetcdfFile, of: &str, x: &str) -> Result<String> {
    if Quantity::Angle.factor(&file.text(Some(x), "units").unwrap_or_default()).is_some() {
        return Ok(format!("+proj=latlong +R={EARTH_RADIUS_M}"));
    }
    let Some(mapping) = file.text(Some(of), "grid_mapping") else {
        return Err(file.error(
            format!("variable {of}"),
            "no attribute grid_mapping",
            "longitude in degrees or a grid mapping",
        ));
    };
    let text = ["proj_params", "proj4_params", "proj4"].iter().find_map(|a| file.text(Some(&mapping), a));
    text.ok_or_else(|| {
        let name = file.text(Some(&mapping), "grid_mapping_name").unwrap_or_default();
        file.error(
            format!("variable {mapping}"),
            format!("grid mapping `{name}` without proj_params"),
            "a PROJ string in proj_params",
        )
    })
}

/// Name, values and step.
pub(super) type Axis<'a> = (&'a str, &'a [f64], f64);

/// The part of a file that is read.
#[derive(Debug, Clone, Copy)]
pub enum Cut {
    /// The window, which the file must hold.
    Whole(Window),
    /// As much of it as the file holds: whether that is enough is known where the model grid is.
    AsFarAsItGoes(Window),
}

impl Cut {
    fn window(self) -> Window {
        let (Self::Whole(window) | Self::AsFarAsItGoes(window)) = self;
        window
    }
}

/// Columns and rows of the axes in the window, and two cells around it.
pub(super) fn crop(file: &NetcdfFile, x: Axis<'_>, y: Axis<'_>, cut: Cut) -> Result<(Range<usize>, Range<usize>)> {
    let (west, south, east, north) = cut.window();
    let middle = 0.5 * (x.1[0] + x.1[x.1.len() - 1]);
    let turn = ((0.5 * (west + east) - middle) / 360.0).round() * 360.0;
    let range = |(name, values, step): Axis<'_>, low: f64, high: f64| {
        let (a, b) = if step > 0.0 { (low, high) } else { (high, low) };
        let wanted = (((a - values[0]) / step).floor(), ((b - values[0]) / step).ceil());
        let (first, last) = (wanted.0.max(0.0), wanted.1.min(values.len() as f64 - 1.0));
        if first > last || matches!(cut, Cut::Whole(_)) && (first, last) != wanted {
            let found = format!("{} to {}", values[0], values[values.len() - 1]);
            let part = if matches!(cut, Cut::Whole(_)) { "an axis that holds" } else { "an axis with a part of" };
            return Err(file.error(format!("variable {name}"), found, format!("{part} {low:.2} to {high:.2}")));
        }
        Ok((first as usize).saturating_sub(MARGIN_CELLS)..(last as usize + MARGIN_CELLS + 1).min(values.len()))
    };
    Ok((range(x, west - turn, east - turn)?, range(y, south, north)?))
}
