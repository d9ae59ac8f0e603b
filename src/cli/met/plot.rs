//! `hazecast met plot`: a field on a map, or a vertical section.

use super::super::drawing::classes::Scale;
use super::super::language::Language;
use super::super::map::{Map, Point, write};
use super::super::output;
use super::super::section::{self, Column, Section};
use super::{as_driver, quantities, raw_field, time};
use crate::domain::grid::distance_m;
use crate::domain::met_field::MetField;
use crate::error::{Error, Result};
use crate::setup::library::Library;
use chrono::{DateTime, Utc};
use geo::MultiPolygon;
use serde::Serialize;
use std::path::PathBuf;

/// Columns of a section.
const COLUMNS: usize = 240;
/// Upper edge of a section unless asked otherwise [m].
const TOP_M: f64 = 5000.0;

#[derive(Debug, Clone, clap::Args)]
pub(super) struct PlotArgs {
    /// A meteorology file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A quantity of the model, or a variable of the file
    #[arg(long, value_name = "NAME")]
    var: String,
    /// `50m` above ground, `850hPa`, or a number: of the model's levels from 0 for the lowest, of a variable's own level else
    #[arg(long, value_name = "L", default_value = "0", allow_hyphen_values = true)]
    level: Level,
    /// The nearest time is drawn; without, the first
    #[arg(long, value_name = "TIME", value_parser = time)]
    time: Option<DateTime<Utc>>,
    /// Ends of a vertical section: lon,lat,lon,lat; the quantity must be one of the model's, on levels
    #[arg(long, value_name = "LON,LAT,LON,LAT", allow_hyphen_values = true)]
    section: Option<Ends>,
    /// Height above sea level of the upper edge of a section [m]
    #[arg(long, value_name = "M", default_value_t = TOP_M)]
    top: f64,
    /// Colours by powers of ten
    #[arg(long)]
    logarithmic: bool,
    /// Region pack whose counties are drawn
    #[arg(long, value_name = "REGION", default_value = "yanbian")]
    region: String,
    /// The picture, .svg or .png
    #[arg(long, short, value_name = "PICTURE")]
    output: PathBuf,
    /// Print one JSON document about the picture
    #[arg(long)]
    pub(super) json: bool,
}

/// Where a map is cut out of the air.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Level {
    Number(f64),
    Metres(f64),
    Pascal(f64),
}

/// A unit and the level of a number in it.
type Unit = (&'static str, fn(f64) -> Level);

impl Level {
    /// The number of the level in the unit that a file states for its levels; `None` in a unit of another kind.
    fn in_unit(self, unit: &str) -> Option<f64> {
        match (self, unit) {
            (Self::Number(v), _) | (Self::Pascal(v), "Pa") | (Self::Metres(v), "m") => Some(v),
            (Self::Pascal(v), "hPa" | "mb" | "mbar" | "millibar" | "millibars") => Some(v / 100.0),
            _ => None,
        }
    }
}

impl std::str::FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let number = |t: &str| t.trim().parse::<f64>().ok().filter(|v| v.is_finite());
        let units: [Unit; 3] = [("hPa", |v| Self::Pascal(100.0 * v)), ("Pa", Self::Pascal), ("m", Self::Metres)];
        let named = units.iter().find_map(|(unit, of)| text.strip_suffix(unit).and_then(number).map(of));
        named
            .or_else(|| number(text).map(Self::Number))
            .ok_or_else(|| format!("`{text}` is no level such as 50m, 850hPa or 0"))
    }
}

/// Ends of a section, longitude and latitude.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ends {
    from: (f64, f64),
    to: (f64, f64),
}

impl std::str::FromStr for Ends {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let numbers: Option<Vec<f64>> =
            text.split(',').map(|n| n.trim().parse().ok().filter(|v: &f64| v.is_finite())).collect();
        match numbers.as_deref() {
            Some(&[a, b, c, d]) if b.abs() <= 90.0 && d.abs() <= 90.0 => Ok(Self { from: (a, b), to: (c, d) }),
            _ => Err(format!("`{text}` is not longitude,latitude,longitude,latitude")),
        }
    }
}

/// What was drawn.
#[derive(Serialize)]
struct Drawn {
    picture: String,
    variable: String,
    time: Option<DateTime<Utc>>,
    unit: String,
    minimum: Option<f32>,
    maximum: Option<f32>,
}

pub(super) fn run(args: &PlotArgs, language: Language) -> Result<u8> {
    let region = Library::new(None).region(&args.region, &[])?;
    let outlines: Vec<MultiPolygon<f64>> = region.counties.iter().map(|c| c.outline.clone()).collect();
    let points: Vec<Point> = region
        .counties
        .iter()
        .map(|c| Point { lon: c.seat.0, lat: c.seat.1, label: language.pick(&c.name_zh, &c.name_en).to_owned() })
        .collect();
    let drawn = if let Some(quantity) = quantities::find(&args.var) {
        let met = nearest(as_driver(&args.file)?, args.time);
        let values = quantity.values(&met).ok_or_else(|| {
            Error::missing(format!("{} ({})", quantity.en, quantity.name), &args.file, "See `hazecast met info`")
        })?;
        let solid = values.len() > met.grid.cells();
        let name = language.pick(quantity.zh, quantity.en);
        let stamp = stamp(Some(met.valid_time));
        let scale = if args.logarithmic { Scale::Logarithmic } else { quantity.scale };
        let shown = match &args.section {
            Some(ends) => {
                if !solid {
                    let found = format!("{}, a quantity without levels", quantity.name);
                    return Err(Error::invalid("the command line", "--section", found, "a quantity on levels"));
                }
                let columns = cut(&met, &values, *ends)?;
                let shown = columns.iter().flat_map(|c| c.points.iter().map(|p| p.1)).collect();
                section::write(
                    &args.output,
                    &Section {
                        title: format!("{name}  {stamp}"),
                        unit: quantity.unit.to_owned(),
                        columns: &columns,
                        top_m: args.top,
                        scale,
                        ends: (place(ends.from), place(ends.to)),
                        axes: (
                            language.pick("距离（公里）", "distance (km)"),
                            language.pick("海拔高度（米）", "height above sea level (m)"),
                        ),
                    },
                )?;
                shown
            }
            None => {
                let (values, level) =
                    if solid { level(&met, values, args, language)? } else { (values, String::new()) };
                let title = format!("{name}{level}  {stamp}");
                let unit = quantity.unit.to_owned();
                let (outlines, points) = (&outlines[..], &points[..]);
                let map = Map { title, unit, grid: &met.grid, values: &values, scale, outlines, points };
                write(&args.output, &map)?;
                values
            }
        };
        drawn(args, Some(met.valid_time), quantity.unit, &shown)
    } else {
        if args.section.is_some() {
            let names: Vec<&str> = quantities::ALL.iter().map(|q| q.name).collect();
            let expected = format!("with --section one of {}", names.join(" "));
            return Err(Error::invalid("the command line", "--var", args.var.clone(), expected));
        }
        let wanted = match args.level {
            Level::Number(0.0) => None,
            Level::Number(v) | Level::Metres(v) | Level::Pascal(v) => Some(v),
        };
        let mut field = raw_field(&args.file, (args.var.clone(), wanted, args.time))?;
        if !matches!(args.level, Level::Number(_)) {
            // the unit of the variable's levels is known now
            let level = args.level.in_unit(&field.level_units).ok_or_else(|| {
                let expected = format!("a level in the unit of the variable's own, `{}`", field.level_units);
                Error::invalid("the command line", "--level", "a level in another unit", expected)
            })?;
            field = raw_field(&args.file, (args.var.clone(), Some(level), args.time))?;
        }
        let grid = field.grid.map_err(|reason| {
            Error::format(&args.file, format!("grid of {}", field.name), reason, "a lattice", "See `hazecast met info`")
        })?;
        let level = field.level.map_or_else(String::new, |l| format!("  {l} {}", field.level_units));
        let name = if field.description.is_empty() { &field.name } else { &field.description };
        let map = Map {
            title: format!("{name}{level}  {}", stamp(field.time)),
            unit: field.units.clone(),
            grid: &grid,
            values: &field.values,
            scale: if args.logarithmic { Scale::Logarithmic } else { Scale::Linear },
            outlines: &outlines,
            points: &points,
        };
        write(&args.output, &map)?;
        drawn(args, field.time, &field.units, &field.values)
    };
    if args.json {
        output::print_json(&drawn)?;
    } else {
        output::print(&drawn.picture)?;
    }
    Ok(0)
}

fn drawn(args: &PlotArgs, time: Option<DateTime<Utc>>, unit: &str, values: &[f32]) -> Drawn {
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    Drawn {
        picture: args.output.display().to_string(),
        variable: args.var.clone(),
        time,
        unit: unit.to_owned(),
        minimum: finite().reduce(f32::min),
        maximum: finite().reduce(f32::max),
    }
}

/// The field nearest to a time, the first without one. A file that was read has one field at least.
fn nearest(mut fields: Vec<MetField>, time: Option<DateTime<Utc>>) -> MetField {
    let at = time.and_then(|t| (0..fields.len()).min_by_key(|&i| (fields[i].valid_time - t).abs()));
    fields.swap_remove(at.unwrap_or(0))
}

/// The values of a level, and its name for the title.
fn level(met: &MetField, values: Vec<f32>, args: &PlotArgs, language: Language) -> Result<(Vec<f32>, String)> {
    let cells = met.grid.cells();
    Ok(match args.level {
        Level::Metres(m) => (
            quantities::at_height(met, &values, m),
            language.pick(&format!("  离地 {m} m"), &format!("  {m} m above ground")).to_owned(),
        ),
        Level::Pascal(p) => (quantities::at_pressure(met, &values, p), format!("  {} hPa", p / 100.0)),
        Level::Number(n) if n >= 0.0 && n.fract() == 0.0 && (n as usize) < met.levels => {
            let k = n as usize;
            (values[k * cells..(k + 1) * cells].to_vec(), format!("  {} {k}", language.pick("模式层", "level")))
        }
        Level::Number(n) => {
            let expected = format!("0 to {}, or 50m, or 850hPa", met.levels - 1);
            return Err(Error::invalid("the command line", "--level", n.to_string(), expected));
        }
    })
}

/// Columns along the great circle between two places, bilinear between the columns of the cells: level by level, since levels are the
/// same everywhere or follow the ground.
fn cut(met: &MetField, values: &[f32], Ends { from, to }: Ends) -> Result<Vec<Column>> {
    let (transform, cells, g) = (met.grid.transform(), met.grid.cells(), &met.grid);
    let length = distance_m(from, to);
    if length < 1.0 {
        return Err(Error::invalid("the command line", "--section", "one place", "two places"));
    }
    (0..COLUMNS)
        .map(|i| {
            let share = i as f64 / (COLUMNS as f64 - 1.0);
            let (lon, lat) = between(from, to, share);
            if transform.cell(lon, lat).is_none() {
                let expected = "places inside the grid, see `hazecast met info`";
                return Err(Error::invalid("the command line", "--section", place((lon, lat)), expected));
            }
            let (x, y) = transform.index(lon, lat);
            let (x, y) = (x.clamp(0.0, g.nx as f64 - 1.0), y.clamp(0.0, g.ny as f64 - 1.0));
            let (west, south) = (x as usize, y as usize);
            let (east, north) = ((west + 1).min(g.nx - 1), (south + 1).min(g.ny - 1));
            let (p, q) = (x - west as f64, y - south as f64);
            let corners = [
                (south * g.nx + west, (1.0 - p) * (1.0 - q)),
                (south * g.nx + east, p * (1.0 - q)),
                (north * g.nx + west, (1.0 - p) * q),
                (north * g.nx + east, p * q),
            ];
            let mean = |field: &[f32], k: usize| {
                corners.iter().map(|(c, weight)| weight * f64::from(field[k * cells + c])).sum::<f64>()
            };
            Ok(Column {
                distance_m: share * length,
                terrain_m: mean(&met.terrain_m, 0),
                points: (0..met.levels).map(|k| (mean(&met.altitude_m, k), mean(values, k) as f32)).collect(),
            })
        })
        .collect()
}

/// The place at a share of the great circle from one place to another.
fn between(from: (f64, f64), to: (f64, f64), share: f64) -> (f64, f64) {
    let vector = |(lon, lat): (f64, f64)| {
        let (lon, lat) = (lon.to_radians(), lat.to_radians());
        [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
    };
    let (a, b) = (vector(from), vector(to));
    let angle = (0..3).map(|i| a[i] * b[i]).sum::<f64>().clamp(-1.0, 1.0).acos();
    let (p, q) = (((1.0 - share) * angle).sin(), (share * angle).sin());
    let v: Vec<f64> = (0..3).map(|i| (p * a[i] + q * b[i]) / angle.sin()).collect();
    (v[1].atan2(v[0]).to_degrees(), v[2].atan2(v[0].hypot(v[1])).to_degrees())
}

fn stamp(time: Option<DateTime<Utc>>) -> String {
    time.map_or_else(String::new, |t| t.format("%Y-%m-%d %H:%M UTC").to_string())
}

fn place((lon, lat): (f64, f64)) -> String {
    let side = |v: f64, positive: &'static str, negative: &'static str| if v < 0.0 { negative } else { positive };
    format!("{:.2}° {} {:.2}° {}", lon.abs(), side(lon, "E", "W"), lat.abs(), side(lat, "N", "S"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_found_in_the_unit_of_the_file() {
        let level = |text: &str| text.parse::<Level>().unwrap();
        assert_eq!(level("850hPa").in_unit("millibars"), Some(850.0));
        assert_eq!(level("850hPa").in_unit("Pa"), Some(85_000.0));
        assert_eq!((level("50m").in_unit("m"), level("50m").in_unit("Pa")), (Some(50.0), None));
        assert_eq!((level("850hPa").in_unit("m"), level("3").in_unit("hPa")), (None, Some(3.0)));
    }

    #[test]
    fn levels_as_people_write_them() {
        for (text, level) in
            [("50m", Level::Metres(50.0)), ("850hPa", Level::Pascal(85_000.0)), ("3", Level::Number(3.0))]
        {
            assert_eq!(text.parse(), Ok(level));
        }
        assert!("high".parse::<Level>().is_err() && "NaNm".parse::<Level>().is_err());
    }

    /// A quarter of the equator and of a meridian; the middle of 0 E and 90 E at 45 N lies at 54.74 N (tan = tan 45 / cos 45).
    #[test]
    fn sections_run_along_great_circles() {
        let close = |(a, b): (f64, f64), (c, d): (f64, f64)| (a - c).abs() < 1e-6 && (b - d).abs() < 1e-6;
        assert!(close(between((0.0, 0.0), (90.0, 0.0), 0.25), (22.5, 0.0)));
        assert!(close(between((30.0, 0.0), (30.0, 80.0), 0.5), (30.0, 40.0)));
        assert!(close(between((0.0, 45.0), (90.0, 45.0), 0.5), (45.0, 54.735_610_317_245_35)));
    }
}
