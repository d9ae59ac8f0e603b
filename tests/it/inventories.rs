//! Gridded inventories in every layout: what is read, what is refused and why, and that mass in is mass out.

mod broken;
mod counted_once;
mod file_names;
mod layouts;
mod months;
mod projections;
mod real_files;
mod spans;

use hazecast::domain::grid::{Grid, HorizontalGrid, VerticalGrid};
use hazecast::domain::source::{Amounts, Source};
use hazecast::error::{Rejection, Result};
use hazecast::input::inventory_fields::InventoryGroup;
use hazecast::input::inventory_files;
use hazecast::simulation::emission::EmissionModel;
use hazecast::simulation::emission_placement::Placement;
use std::path::{Path, PathBuf};

pub use crate::tables::gridded_inventory::{centres, vocabulary};

const ALL: (f64, f64, f64, f64) = (-360.0, -90.0, 360.0, 90.0);
/// R = 6,370 km.
const RADIUS_M: f64 = 6.37e6;
const YEAR_S: f64 = 31_536_000.0;

fn together(paths: &[PathBuf]) -> Result<(Vec<InventoryGroup>, Vec<Rejection>)> {
    inventory_files::read(paths, &vocabulary(), ALL)
}

fn sources(paths: &[PathBuf]) -> Vec<Source> {
    let (groups, _) = together(paths).unwrap_or_else(|e| panic!("{e}"));
    groups.into_iter().flat_map(|g| g.sources).collect()
}

fn sum(sources: &[Source]) -> Amounts {
    sources.iter().fold(Amounts::default(), |sum, s| sum.zip(*s.strength.amounts(), |a, b| a + b))
}

/// Area [m2] of a box on the sphere.
fn area(west: f64, south: f64, east: f64, north: f64) -> f64 {
    RADIUS_M.powi(2) * (east - west).to_radians() * (north.to_radians().sin() - south.to_radians().sin())
}

fn near(a: f64, b: f64, tolerance: f64, what: &str) {
    assert!((a / b - 1.0).abs() <= tolerance, "{what}: {a} {b}, {:e}", a / b - 1.0);
}

/// The prefecture's grid of 3 km.
fn grid() -> Grid {
    let projection = "+proj=lcc +lat_1=42 +lat_2=44 +lat_0=43 +lon_0=129.5 +R=6370000";
    Grid {
        name: "test".into(),
        horizontal: HorizontalGrid::new(projection, (132, 108), (-204_700.0, -138_500.0), (3000.0, 3000.0)).unwrap(),
        vertical: VerticalGrid::new(vec![0.0, 20.0, 50.0, 150.0, 400.0, 1100.0, 3000.0]).unwrap(),
    }
}

/// On the grid plus beside it is what was read, for every pollutant that any source has; some of it is on the grid.
fn mass_is_kept(read: &[Source], what: &str) {
    let model = EmissionModel::from_toml(include_str!("../../models/emission.toml"), "models/emission.toml").unwrap();
    let (placement, _) = Placement::new(&model, read, &[], &grid());
    let mut on_grid = Amounts::default();
    for (i, source) in read.iter().enumerate() {
        for (_, share) in placement.cells_of(i) {
            on_grid = on_grid.zip(*source.strength.amounts(), |sum, t| sum + share * t);
        }
    }
    let outside = placement.outside().annual_t;
    for (((name, given), (_, inside)), (_, outside)) in
        sum(read).named().into_iter().zip(on_grid.named()).zip(outside.named())
    {
        if given > 0.0 {
            near(inside + outside, given, 1e-9, &format!("{what}, {name}"));
            assert!(inside > 0.0, "{what}, {name}: nothing on the grid");
        }
    }
}

/// A variable of a made file: name, dimensions, attributes, values.
struct Variable<'a> {
    name: &'a str,
    dimensions: &'a [&'a str],
    attributes: Vec<(&'a str, &'a str)>,
    values: Vec<f64>,
}

/// Writes a NetCDF file: dimensions, global numbers and texts, variables (times and coordinates as doubles, the rest as given).
fn write(
    path: &Path,
    dimensions: &[(&str, usize)],
    numbers: &[(&str, f64)],
    texts: &[(&str, &str)],
    variables: &[Variable],
) {
    let mut file = netcdf::create(path).unwrap();
    for (name, n) in dimensions {
        file.add_dimension(name, *n).unwrap();
    }
    for (name, v) in numbers {
        file.add_attribute(name, *v).unwrap();
    }
    for (name, v) in texts {
        file.add_attribute(name, *v).unwrap();
    }
    for v in variables {
        let mut variable = file.add_variable::<f64>(v.name, v.dimensions).unwrap();
        for (name, text) in &v.attributes {
            match text.parse::<f64>() {
                Ok(number) => variable.put_attribute(name, number).unwrap(),
                Err(_) => variable.put_attribute(name, *text).unwrap(),
            };
        }
        variable.put_values(&v.values, ..).unwrap();
    }
    file.close().unwrap();
}

fn axis<'a>(name: &'a str, values: &[f64]) -> Variable<'a> {
    let dimensions: &[&str] = match name {
        "lat" => &["lat"],
        "lon" => &["lon"],
        "lev" => &["lev"],
        _ => &["time"],
    };
    Variable { name, dimensions, attributes: Vec::new(), values: values.to_vec() }
}
