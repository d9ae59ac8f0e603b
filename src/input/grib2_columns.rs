//! The GRIB2 fields of one time to columns that stand on the ground.

use super::driver_needs::{Columns as Kind, Need, lacking};
use super::grib2::{HIGHEST_PA, Place};
use super::grib2_names::{Name, need};
use super::humidity::{saturation_over_water_pa, specific_from_relative, specific_from_vapour};
use super::hybrid_levels::HybridLevels;
use super::lowest_level::LowestLevel;
use super::pressure_levels::{Columns, Levels, Surface, above_ground};
use crate::constants::GRAVITY;
use crate::domain::boundary_field::Level;
use std::collections::{BTreeMap, BTreeSet};

/// Levels above this pressure [Pa] may lack a variable and are then left out.
const THIN_AIR_PA: i64 = 10_000;
/// Fewest levels.
const FEWEST_LEVELS: usize = 5;

/// The fields of one time, each with `cells` values.
pub struct Fields<'a> {
    pub instants: &'a BTreeMap<(Name, Place), Vec<f32>>,
    /// Coordinate values of the hybrid levels, see [`super::grib2_message::Field::coordinates`].
    pub coordinates: &'a [f64],
    pub cells: usize,
}

impl Fields<'_> {
    /// Columns and surface.
    ///
    /// # Errors
    /// What is missing or wrong.
    pub fn columns(&self) -> Result<(Columns, Surface), String> {
        let hybrid = self.has_any(|place| matches!(place, Place::Hybrid(_)));
        let kind = if hybrid { Kind::TerrainFollowing } else { Kind::Pressure };
        let have: BTreeSet<Need> =
            self.instants.keys().map(|k| need(k.0)).chain([Need::Position, Need::Time]).collect();
        let lacking = lacking(&have, kind);
        if !lacking.is_empty() {
            return Err(format!("no {}", lacking.join(", no ")));
        }
        if hybrid {
            return self.hybrid();
        }
        let levels = self.levels()?;
        let surface = self.surface(None)?;
        Ok((above_ground(&levels, &surface)?, surface))
    }

    fn has_any(&self, of: impl Fn(&Place) -> bool) -> bool {
        self.instants.keys().any(|(name, place)| *name == Name::Temperature && of(place))
    }

    fn get(&self, name: Name, place: Place) -> Option<&[f32]> {
        self.instants.get(&(name, place)).map(Vec::as_slice)
    }

    fn ground(&self, name: Name) -> Option<Vec<f32>> {
        self.get(name, Place::Ground).map(<[f32]>::to_vec)
    }

    /// A field at the ground that must have a value everywhere.
    fn whole(&self, name: Name, what: &str) -> Result<Vec<f32>, String> {
        let values = self.ground(name).ok_or_else(|| format!("no {what}"))?;
        match values.iter().position(|v| !v.is_finite()) {
            None => Ok(values),
            Some(cell) => Err(format!("no {what} in cell {cell}")),
        }
    }

    fn terrain(&self) -> Result<Vec<f32>, String> {
        if let Some(height) = self.ground(Name::Orography) {
            return Ok(height);
        }
        let geopotential = self.whole(Name::SurfaceGeopotential, "orography (0/3/5 or 0/3/4 at the ground)")?;
        Ok(metres(&geopotential))
    }

    fn surface_pressure(&self) -> Result<Vec<f32>, String> {
        match self.ground(Name::LogarithmOfSurfacePressure) {
            Some(logarithm) if !self.instants.contains_key(&(Name::SurfacePressure, Place::Ground)) => {
                Ok(logarithm.into_iter().map(|v| f64::from(v).exp() as f32).collect())
            }
            _ => self.whole(Name::SurfacePressure, "surface pressure (0/3/0)"),
        }
    }

    /// The surface; missing 2 m temperature and 10 m wind from the lowest level where there is one.
    fn surface(&self, lowest: Option<&LowestLevel>) -> Result<Surface, String> {
        let pressure = self.surface_pressure()?;
        let temperature = match (self.ground(Name::Temperature2m), lowest) {
            (None, Some(lowest)) => lowest.temperature_2m(&pressure),
            _ => self.whole(Name::Temperature2m, "2 m temperature (0/0/0)")?,
        };
        let both = self.ground(Name::WindEast10m).is_some() && self.ground(Name::WindNorth10m).is_some();
        let (east, north) = match lowest {
            Some(lowest) if !both => lowest.wind_10m(),
            _ => (
                self.whole(Name::WindEast10m, "10 m eastward wind (0/2/2)")?,
                self.whole(Name::WindNorth10m, "10 m northward wind (0/2/3)")?,
            ),
        };
        let from = |values: Vec<f32>, f: &dyn Fn(f64, f64, f64) -> f64| -> Vec<f32> {
            (0..values.len())
                .map(|c| f(f64::from(values[c]), f64::from(temperature[c]), f64::from(pressure[c])) as f32)
                .collect()
        };
        let humidity = self
            .ground(Name::SpecificHumidity2m)
            .or_else(|| Some(from(self.ground(Name::RelativeHumidity2m)?, &specific_from_relative)))
            .or_else(|| {
                let dew = self.ground(Name::DewPoint2m)?;
                Some(from(dew, &|d, _, p| specific_from_vapour(saturation_over_water_pa(d), p)))
            });
        Ok(Surface {
            terrain_m: self.terrain()?,
            specific_humidity_2m: humidity,
            wind_10m_east_m_s: east,
            wind_10m_north_m_s: north,
            pressure_pa: pressure,
            temperature_2m_k: temperature,
        })
    }

    /// Values of `name` on the levels of `places`, 0 where a level has none.
    fn stack(&self, name: Name, places: &[Place]) -> Vec<f32> {
        let absent = vec![0.0; self.cells];
        places.iter().flat_map(|&p| self.get(name, p).unwrap_or(&absent)).copied().collect()
    }

    fn cloud(&self, places: &[Place]) -> Option<Vec<f32>> {
        let any = |name: Name| places.iter().any(|&p| self.get(name, p).is_some());
        (any(Name::CloudWater) || any(Name::CloudIce)).then(|| {
            let (water, ice) = (self.stack(Name::CloudWater, places), self.stack(Name::CloudIce, places));
            water.into_iter().zip(ice).map(|(a, b)| a + b).collect()
        })
    }

    /// The pressure levels, upward.
    fn levels(&self) -> Result<Levels, String> {
        let humidity = [Name::SpecificHumidity, Name::RelativeHumidity];
        let heights = [Name::Height, Name::Geopotential];
        let needed = [Name::Temperature, Name::WindEast, Name::WindNorth];
        let at = Place::Pressure;
        let has = |name: &Name, level: i64| self.get(*name, at(level)).is_some();
        let with_heights = self.instants.keys().any(|k| heights.contains(&k.0));
        let counts = |name: &Name| needed.contains(name) || humidity.contains(name) || heights.contains(name);
        let all: BTreeSet<i64> = self
            .instants
            .keys()
            .filter_map(|(name, place)| match place {
                Place::Pressure(level) if counts(name) => Some(*level),
                _ => None,
            })
            .collect();
        let mut kept = Vec::new();
        for &level in all.iter().rev() {
            let lacking = needed.iter().find(|n| !has(n, level)).map(|n| format!("{n:?}"));
            let lacking = lacking
                .or_else(|| (with_heights && !heights.iter().any(|n| has(n, level))).then(|| "Height".into()))
                .or_else(|| {
                    (!humidity.iter().any(|n| has(n, level))).then(|| "RelativeHumidity or SpecificHumidity".into())
                });
            match lacking {
                None => kept.push(level),
                Some(_) if level < THIN_AIR_PA => {}
                Some(what) => return Err(format!("no {what} at {level} Pa")),
            }
        }
        if kept.len() < FEWEST_LEVELS {
            let count = kept.len();
            return Err(format!("no more than {count} pressure levels with height, temperature, winds and humidity"));
        }
        let places: Vec<Place> = kept.iter().map(|&l| at(l)).collect();
        let temperature = self.stack(Name::Temperature, &places);
        let mut specific = Vec::with_capacity(temperature.len());
        let mut altitude = Vec::with_capacity(temperature.len());
        for (k, &level) in kept.iter().enumerate() {
            match (self.get(Name::SpecificHumidity, at(level)), self.get(Name::RelativeHumidity, at(level))) {
                (Some(q), _) => specific.extend_from_slice(q),
                (None, relative) => specific.extend(relative.unwrap_or_default().iter().enumerate().map(|(c, r)| {
                    let t = f64::from(temperature[k * self.cells + c]);
                    specific_from_relative(f64::from(*r), t, level as f64) as f32
                })),
            }
            match (self.get(Name::Height, at(level)), self.get(Name::Geopotential, at(level))) {
                (Some(height), _) => altitude.extend_from_slice(height),
                (None, Some(geopotential)) => altitude.extend(metres(geopotential)),
                (None, None) => {}
            }
        }
        Ok(Levels {
            pressure_pa: kept.iter().map(|&p| p as f32).collect(),
            altitude_m: with_heights.then_some(altitude),
            temperature_k: temperature,
            specific_humidity: specific,
            wind_east_m_s: self.stack(Name::WindEast, &places),
            wind_north_m_s: self.stack(Name::WindNorth, &places),
            cloud_water: self.cloud(&places),
        })
    }

    /// Hybrid levels from the lowest up to 50 hPa.
    fn hybrid(&self) -> Result<(Columns, Surface), String> {
        // all a, then all b, of the boundaries from the top; level n lies between boundaries n and n + 1
        let half = self.coordinates.len() / 2;
        let boundary = |n: usize| Level { a_pa: self.coordinates[n], b: self.coordinates[half + n] };
        if half < FEWEST_LEVELS + 1 {
            return Err(format!("{} vertical coordinate values, no a and b of hybrid levels", self.coordinates.len()));
        }
        let lowest = half - 1;
        let count = (1..=lowest)
            .rev()
            .take_while(|&n| boundary(n).pressure_pa(101_325.0) >= HIGHEST_PA as f64)
            .take_while(|&n| self.get(Name::Temperature, Place::Hybrid(n as i64)).is_some())
            .count();
        let needed = [Name::Temperature, Name::WindEast, Name::WindNorth, Name::SpecificHumidity];
        let places: Vec<Place> = (0..count).map(|k| Place::Hybrid((lowest - k) as i64)).collect();
        if count < FEWEST_LEVELS {
            return Err(format!("{count} hybrid levels in a row from the lowest, {lowest}, upward"));
        }
        for (place, name) in places.iter().flat_map(|p| needed.map(|n| (p, n))) {
            if self.get(name, *place).is_none() {
                return Err(format!("no {name:?} at {place:?}"));
            }
        }
        let levels = HybridLevels::between((0..=count).map(|k| boundary(lowest - k)).collect())?;
        let (temperature, humidity) =
            (self.stack(Name::Temperature, &places), self.stack(Name::SpecificHumidity, &places));
        let (east, north) = (self.stack(Name::WindEast, &places), self.stack(Name::WindNorth, &places));
        let (terrain, ground) = (self.terrain()?, self.surface_pressure()?);
        let (pressure, altitude) = levels.heights(&ground, &terrain, &temperature, &humidity);
        let surface = self.surface(Some(&LowestLevel {
            height_m: altitude[..self.cells].iter().zip(&terrain).map(|(z, t)| z - t).collect(),
            pressure_pa: &pressure[..self.cells],
            temperature_k: &temperature[..self.cells],
            humidity: &humidity[..self.cells],
            east_m_s: &east[..self.cells],
            north_m_s: &north[..self.cells],
        }))?;
        let columns = Columns {
            points: count,
            altitude_m: altitude,
            pressure_pa: pressure,
            temperature_k: temperature,
            specific_humidity: humidity,
            wind_east_m_s: east,
            wind_north_m_s: north,
            cloud_water: self.cloud(&places),
        };
        Ok((columns, surface))
    }
}

/// Geopotential [m2 s-2] to geopotential height [m].
fn metres(geopotential: &[f32]) -> Vec<f32> {
    geopotential.iter().map(|z| (f64::from(*z) / GRAVITY) as f32).collect()
}
