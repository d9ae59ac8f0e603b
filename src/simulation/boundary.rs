//! Background air: initial state, and what flows in through sides and top.

use crate::domain::grid::{Grid, VerticalGrid};
use crate::domain::species::Species;
use crate::error::{Error, Result};
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};
use ndarray::{Array3, Array4, Zip};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Background mixing ratio per species and layer [kg kg-1], the tracer 1.
#[derive(Debug, Clone)]
pub struct Background {
    /// `[species][layer]`.
    pub mixing_ratio: Vec<Vec<f32>>,
}

/// Concentrations at the surface, how they fall off with height, and how they change with the season.
#[derive(Debug, Clone)]
pub struct BackgroundProfiles {
    scale_height_m: f64,
    /// Per species in the order of [`Species::ALL`], without the tracer: concentration [ug m-3] in air of [`STATED_DENSITY`], and its factor
    /// in the middle of each month.
    species: Vec<(f64, [f64; 12])>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    scale_height_m: f64,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "verified")]
    _verified: bool,
    /// Surface concentration [ug m-3] in air of 1.3 kg m-3.
    surface_ug_m3: BTreeMap<String, f64>,
    monthly: Option<RawMonthly>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMonthly {
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "verified")]
    _verified: bool,
    factor: BTreeMap<String, Vec<f64>>,
}

/// Air density [kg m-3] at which the file states its concentrations.
const STATED_DENSITY: f64 = 1.3;
/// Largest monthly factor.
const LARGEST_FACTOR: f64 = 20.0;

impl BackgroundProfiles {
    /// Reads `models/boundary.toml`: one surface concentration per species, falling off with height as exp(-z / scale height), and for some
    /// species twelve factors that hold in the middle of the months, linear in between; the others are the same all year.
    ///
    /// # Errors
    /// `Invalid` for an unknown or missing species, a negative value, or factors that are not twelve above 0 and up to 20.
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self> {
        let raw: Raw = toml::from_str(text).map_err(|e| {
            Error::invalid(origin, "TOML", e.to_string().trim().to_owned(), "background concentrations")
        })?;
        if !(raw.scale_height_m > 0.0 && raw.scale_height_m.is_finite()) {
            return Err(Error::invalid(origin, "scale_height_m", raw.scale_height_m.to_string(), "a positive height"));
        }
        let factors = raw.monthly.map(|m| m.factor).unwrap_or_default();
        let carried: Vec<Species> = Species::ALL.into_iter().filter(|s| *s != Species::Tracer).collect();
        for (field, names) in [
            ("surface_ug_m3", raw.surface_ug_m3.keys().collect::<Vec<_>>()),
            ("monthly.factor", factors.keys().collect()),
        ] {
            if let Some(name) = names.into_iter().find(|n| !carried.iter().any(|s| s.name() == n.as_str())) {
                return Err(Error::invalid(origin, field, name.as_str(), "names of transported species"));
            }
        }
        let mut species = Vec::new();
        for name in carried.iter().map(|s| s.name()) {
            let value = raw.surface_ug_m3.get(name).copied();
            let Some(value) = value.filter(|v| *v >= 0.0 && v.is_finite()) else {
                let field = format!("surface_ug_m3.{name}");
                return Err(Error::invalid(origin, field, format!("{value:?}"), "a concentration >= 0"));
            };
            let months = match factors.get(name) {
                None => [1.0; 12],
                Some(given) => <[f64; 12]>::try_from(&given[..])
                    .ok()
                    .filter(|m| m.iter().all(|f| *f > 0.0 && *f <= LARGEST_FACTOR))
                    .ok_or_else(|| {
                        let expected = format!("twelve factors above 0, up to {LARGEST_FACTOR}");
                        Error::invalid(origin, format!("monthly.factor.{name}"), format!("{given:?}"), expected)
                    })?,
            };
            species.push((value, months));
        }
        Ok(Self { scale_height_m: raw.scale_height_m, species })
    }

    /// The background of a date on the model's layers.
    pub fn on(&self, date: DateTime<Utc>, vertical: &VerticalGrid) -> Background {
        let profile = |(value, months): &(f64, [f64; 12])| {
            let surface = value * factor(months, date) * 1e-9 / STATED_DENSITY;
            let layer = |k: usize| (surface * (-vertical.centre_m(k) / self.scale_height_m).exp()) as f32;
            (0..vertical.layers()).map(layer).collect()
        };
        let mut mixing_ratio: Vec<Vec<f32>> = self.species.iter().map(profile).collect();
        mixing_ratio.insert(Species::Tracer.index(), vec![1.0; vertical.layers()]);
        Background { mixing_ratio }
    }
}

/// Linear between the middles of the months.
fn factor(months: &[f64; 12], date: DateTime<Utc>) -> f64 {
    let month = |ahead: u32| {
        let (year, next) = (date.year() + ((date.month0() + ahead) / 12) as i32, (date.month0() + ahead) % 12);
        NaiveDate::from_ymd_opt(year, next + 1, 1).expect("the first of a month").and_time(NaiveTime::MIN).and_utc()
    };
    let seconds = |from: DateTime<Utc>, to: DateTime<Utc>| (to - from).num_seconds() as f64;
    // months since the middle of January
    let place = f64::from(date.month0()) + seconds(month(0), date) / seconds(month(0), month(1)) - 0.5;
    let share = place - place.floor();
    let of = |i: f64| months[(i as i64).rem_euclid(12) as usize];
    of(place.floor()) + share * (of(place.floor() + 1.0) - of(place.floor()))
}

impl Background {
    /// Background air in every cell, `[species, z, y, x]`.
    pub fn state(&self, grid: &Grid) -> Array4<f32> {
        let (nz, ny, nx) = grid.shape();
        Array4::from_shape_fn((self.mixing_ratio.len(), nz, ny, nx), |(s, z, _, _)| self.mixing_ratio[s][z])
    }

    /// `factor` times as much of all but the tracer.
    pub fn times(&self, factor: f32) -> Self {
        let mut times = self.clone();
        let carried = |s: &usize| *s != Species::Tracer.index();
        for s in (0..times.mixing_ratio.len()).filter(carried) {
            times.mixing_ratio[s].iter_mut().for_each(|q| *q *= factor);
        }
        times
    }
}

/// Mixing ratio [kg kg-1] of the air just outside the four sides and the top, constant over one hour.
#[derive(Debug, Clone, PartialEq)]
pub struct Sides {
    /// `[species, z, y]`.
    pub west: Array3<f32>,
    /// `[species, z, y]`.
    pub east: Array3<f32>,
    /// `[species, z, x]`.
    pub south: Array3<f32>,
    /// `[species, z, x]`.
    pub north: Array3<f32>,
    /// `[species, y, x]`.
    pub top: Array3<f32>,
}

/// What flows into one layer of one species: west and east `[y]`, south and north `[x]`.
#[derive(Debug, Clone, Copy)]
pub struct Inflow<'a> {
    pub west: &'a [f32],
    pub east: &'a [f32],
    pub south: &'a [f32],
    pub north: &'a [f32],
}

impl Sides {
    /// The background of each layer on all four sides, and of the top layer above.
    pub fn uniform(background: &Background, grid: &Grid) -> Self {
        let (nz, ny, nx) = grid.shape();
        let side = |cells| {
            Array3::from_shape_fn((background.mixing_ratio.len(), nz, cells), |(s, z, _)| background.mixing_ratio[s][z])
        };
        let shape = (background.mixing_ratio.len(), ny, nx);
        let top = Array3::from_shape_fn(shape, |(s, _, _)| background.mixing_ratio[s][nz - 1]);
        Self { west: side(ny), east: side(ny), south: side(nx), north: side(nx), top }
    }

    /// The mean of two times.
    pub fn mean(&self, other: &Self) -> Self {
        let of = |a: &Array3<f32>, b: &Array3<f32>| Zip::from(a).and(b).map_collect(|a, b| 0.5 * (a + b));
        Self {
            west: of(&self.west, &other.west),
            east: of(&self.east, &other.east),
            south: of(&self.south, &other.south),
            north: of(&self.north, &other.north),
            top: of(&self.top, &other.top),
        }
    }

    /// All of them, by name: each `[species, ...]`.
    pub fn named(&self) -> [(&'static str, &Array3<f32>); 5] {
        [("west", &self.west), ("east", &self.east), ("south", &self.south), ("north", &self.north), ("top", &self.top)]
    }

    /// The sides of one layer of one species.
    pub fn layer(&self, species: usize, z: usize) -> Inflow<'_> {
        fn row(side: &Array3<f32>, species: usize, z: usize) -> &[f32] {
            let (_, nz, cells) = side.dim();
            &side.as_slice().expect("sides are contiguous")[(species * nz + z) * cells..][..cells]
        }
        Inflow {
            west: row(&self.west, species, z),
            east: row(&self.east, species, z),
            south: row(&self.south, species, z),
            north: row(&self.north, species, z),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    const BASE: &str = "scale_height_m = 1000.0\nsource = \"s\"\nverified = false\n";

    fn text(monthly: &str) -> String {
        let surface: String =
            Species::ALL.iter().filter(|s| **s != Species::Tracer).map(|s| format!("{} = 13.0\n", s.name())).collect();
        format!("{BASE}[surface_ug_m3]\n{surface}{monthly}")
    }

    fn profiles(monthly: &str) -> Result<BackgroundProfiles> {
        BackgroundProfiles::from_toml(&text(monthly), Path::new("boundary.toml"))
    }

    fn so2(profiles: &BackgroundProfiles, (month, day, hour): (u32, u32, u32)) -> f64 {
        let layers = VerticalGrid::new(vec![0.0, 2.0, 2000.0]).unwrap();
        let background = profiles.on(Utc.with_ymd_and_hms(2026, month, day, hour, 0, 0).unwrap(), &layers);
        f64::from(background.mixing_ratio[Species::So2.index()][0]) / (-0.001f64).exp() * 1e8
    }

    #[test]
    fn factors_hold_in_the_middle_of_the_months_and_are_linear_between() {
        let monthly = "[monthly]\nsource = \"s\"\nverified = false\n[monthly.factor]\n\
                       so2 = [2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 4.0]\n";
        let p = profiles(monthly).unwrap();
        let close = |at, expected: f64| assert!((so2(&p, at) / expected - 1.0).abs() < 1e-5, "{at:?}: {}", so2(&p, at));
        // January and December have 31 days, February 28: the middles are the 16th at noon and the 15th at midnight
        close((1, 16, 12), 2.0);
        close((2, 15, 0), 1.0);
        close((12, 16, 12), 4.0);
        // at the turn of the year half of each, a quarter of the way on three quarters of January's
        close((1, 1, 0), 3.0);
        close((1, 8, 18), 2.5);
        close((7, 3, 0), 1.0);
        // species without factors are the same all year, and so is a file without any
        let plain = profiles("").unwrap();
        assert_eq!(so2(&plain, (1, 16, 12)), so2(&plain, (7, 1, 0)));
    }

    #[test]
    fn wrong_factors_are_refused_by_name() {
        let table = |line: &str| format!("[monthly]\nsource = \"s\"\nverified = false\n[monthly.factor]\n{line}\n");
        for line in [
            "so2 = [1.0, 2.0]",
            "so2 = [-1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]",
            "so2 = [nan, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]",
            "tracer = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]",
        ] {
            let error = profiles(&table(line)).unwrap_err().to_string();
            assert!(error.contains("monthly.factor") && error.contains(&line[..3]), "{error}");
        }
    }

    #[test]
    fn the_built_in_profiles_are_stated_for_midwinter() {
        let text = include_str!("../../models/boundary.toml");
        let p = BackgroundProfiles::from_toml(text, Path::new("models/boundary.toml")).unwrap();
        assert!(p.species.iter().all(|(_, months)| months[0] == 1.0 && months[11] == 1.0));
    }
}
