//! A county of the region: who it is, where it lies, where its people live.

use geo::{Contains, Point};

/// How far [degrees] a place may lie outside its county's outline: generalised outlines are about 5 km off.
const OUTLINE_TOLERANCE_DEG: f64 = 0.1;

/// Whether a place lies in an outline, or so near that one of the eight points around it does.
pub fn in_or_near(outline: &geo::MultiPolygon<f64>, (lon, lat): (f64, f64)) -> bool {
    let d = OUTLINE_TOLERANCE_DEG;
    let around = [(0.0, 0.0), (d, 0.0), (-d, 0.0), (0.0, d), (0.0, -d), (d, d), (d, -d), (-d, d), (-d, -d)];
    around.into_iter().any(|(dx, dy)| outline.contains(&Point::new(lon + dx, lat + dy)))
}

/// A county (县、市).
#[derive(Debug, Clone)]
pub struct County {
    /// GB/T 2260 code, e.g. 222401.
    pub adcode: u32,
    pub name_zh: String,
    pub name_en: String,
    /// Seat of the county government (longitude, latitude), WGS-84 degrees.
    pub seat: (f64, f64),
    /// Outline, WGS-84 degrees.
    pub outline: geo::MultiPolygon<f64>,
    /// Built-up places: the AQI value of the county is the mean over them, as the stations stand there.
    pub settlements: Vec<Settlement>,
}

/// A built-up place and how many live there.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement {
    pub name_zh: String,
    pub lon: f64,
    pub lat: f64,
    pub population: f64,
}

/// The region: its counties, stations and own code.
#[derive(Debug, Clone)]
pub struct Region {
    /// Short name, e.g. `yanbian`.
    pub id: String,
    pub name_zh: String,
    pub name_en: String,
    /// Names under which records also name the region, e.g. `延边州`.
    pub other_names: Vec<String>,
    /// Code of the prefecture, e.g. 222400.
    pub adcode: u32,
    pub counties: Vec<County>,
    pub stations: Vec<super::observation::Station>,
}

/// Which cells a county covers, `(cell, weight)` with `cell = y * nx + x`, ordered by cell.
#[derive(Debug, Clone, PartialEq)]
pub struct CountyWeights {
    pub adcode: u32,
    /// Share of the county's area in each cell; sums to 1.
    pub area: Vec<(usize, f64)>,
    /// Share of the county's built-up population in each cell; sums to 1.
    pub built_up: Vec<(usize, f64)>,
    /// Fraction of the county's area inside the grid, 0 ..= 1.
    pub coverage: f64,
}
