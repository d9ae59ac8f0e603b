//! Columns on pressure levels to columns that stand on the ground.
//!
//! Providers fill pressure levels below the terrain with extrapolated values. None of them is used. Every column becomes
//!
//! 1. the surface point: terrain + 10 m, with 2 m temperature and humidity, 10 m wind, and the surface pressure reduced to 10 m;
//! 2. for each level below the ground, a point between the surface point and the lowest level above it, equally spaced and linear in
//!    altitude (pressure: in its logarithm);
//! 3. the levels above the ground as they are.
//!
//! **Why:** the number of points is the same in every column, index `k` means the same pressure aloft in neighbouring columns, so
//! that interpolation along an index does not mix different heights, and altitude increases strictly.

use super::humidity::virtual_temperature;
use crate::constants::{GRAVITY, R_DRY};

/// Height above the terrain of the surface point [m].
pub const SURFACE_POINT_M: f32 = 10.0;
/// A level counts as above the ground when it is at least this far above the surface point [m].
const MARGIN_M: f32 = 20.0;

/// Fields on pressure levels, `[level, cell]`, levels upward (pressure decreasing).
pub struct Levels {
    /// Pressure of each level [Pa].
    pub pressure_pa: Vec<f32>,
    /// Geopotential height [m], taken as geometric (0.2 % too small at 12 km); `None`: integrated from the surface.
    pub altitude_m: Option<Vec<f32>>,
    pub temperature_k: Vec<f32>,
    pub specific_humidity: Vec<f32>,
    pub wind_east_m_s: Vec<f32>,
    pub wind_north_m_s: Vec<f32>,
    pub cloud_water: Option<Vec<f32>>,
}

/// Fields at the ground, `[cell]`.
pub struct Surface {
    pub terrain_m: Vec<f32>,
    pub pressure_pa: Vec<f32>,
    pub temperature_2m_k: Vec<f32>,
    /// `None`: the lowest level above the ground is taken.
    pub specific_humidity_2m: Option<Vec<f32>>,
    pub wind_10m_east_m_s: Vec<f32>,
    pub wind_10m_north_m_s: Vec<f32>,
}

/// Columns above the ground, `[point, cell]`.
pub struct Columns {
    /// Points of a column: levels + 1.
    pub points: usize,
    pub altitude_m: Vec<f32>,
    pub pressure_pa: Vec<f32>,
    pub temperature_k: Vec<f32>,
    pub specific_humidity: Vec<f32>,
    pub wind_east_m_s: Vec<f32>,
    pub wind_north_m_s: Vec<f32>,
    pub cloud_water: Option<Vec<f32>>,
}

/// Columns that stand on the ground.
///
/// # Errors
/// The reason with the cell, when a column has no level above the ground, or a 2 m temperature outside 150-350 K or surface pressure
/// outside 300-1100 hPa from which nothing can be built.
pub fn above_ground(levels: &Levels, surface: &Surface) -> Result<Columns, String> {
    let cells = surface.terrain_m.len();
    let points = levels.pressure_pa.len() + 1;
    let blank = || vec![0.0; points * cells];
    let mut columns = Columns {
        points,
        altitude_m: blank(),
        pressure_pa: blank(),
        temperature_k: blank(),
        specific_humidity: blank(),
        wind_east_m_s: blank(),
        wind_north_m_s: blank(),
        cloud_water: levels.cloud_water.as_ref().map(|_| blank()),
    };
    for cell in 0..cells {
        let (t, p) = (surface.temperature_2m_k[cell], surface.pressure_pa[cell]);
        if !(150.0..=350.0).contains(&t) || !(30_000.0..=110_000.0).contains(&p) {
            return Err(format!("cell {cell}: a 2 m temperature of {t} K at a surface pressure of {p} Pa"));
        }
        let altitude = column_altitudes(levels, surface, cell);
        let foot = surface.terrain_m[cell] + SURFACE_POINT_M;
        let humidity = surface.specific_humidity_2m.as_ref().map(|q| q[cell]);
        let scale = R_DRY
            * virtual_temperature(f64::from(surface.temperature_2m_k[cell]), f64::from(humidity.unwrap_or(0.0)))
            / GRAVITY;
        let foot_pressure = surface.pressure_pa[cell] * (-f64::from(SURFACE_POINT_M) / scale).exp() as f32;
        let above = |k: usize| altitude[k] >= foot + MARGIN_M && levels.pressure_pa[k] < foot_pressure;
        let Some(first) = (0..points - 1).find(|&k| above(k)) else {
            return Err(format!("cell {cell}: no pressure level above the terrain at {} m", foot - SURFACE_POINT_M));
        };
        let at_level = |field: &[f32], k: usize| field[k * cells + cell];
        let low_humidity = humidity.unwrap_or_else(|| at_level(&levels.specific_humidity, first));
        let fill = |out: &mut [f32], bottom: f32, level: &dyn Fn(usize) -> f32| {
            out[cell] = bottom;
            for k in 0..points - 1 {
                out[(k + 1) * cells + cell] = if k >= first {
                    level(k)
                } else {
                    bottom + (level(first) - bottom) * (k + 1) as f32 / (first + 1) as f32
                };
            }
        };
        fill(&mut columns.altitude_m, foot, &|k| altitude[k]);
        fill(&mut columns.pressure_pa, foot_pressure.ln(), &|k| levels.pressure_pa[k].ln());
        fill(&mut columns.temperature_k, surface.temperature_2m_k[cell], &|k| at_level(&levels.temperature_k, k));
        fill(&mut columns.specific_humidity, low_humidity, &|k| at_level(&levels.specific_humidity, k));
        fill(&mut columns.wind_east_m_s, surface.wind_10m_east_m_s[cell], &|k| at_level(&levels.wind_east_m_s, k));
        fill(&mut columns.wind_north_m_s, surface.wind_10m_north_m_s[cell], &|k| at_level(&levels.wind_north_m_s, k));
        if let (Some(out), Some(cloud)) = (&mut columns.cloud_water, &levels.cloud_water) {
            // below the lowest level the cloud water of that level: fog is not invented, low cloud not cut
            fill(out, at_level(cloud, first), &|k| at_level(cloud, k));
        }
    }
    columns.pressure_pa.iter_mut().for_each(|p| *p = p.exp());
    Ok(columns)
}

/// Altitude of the levels of one column: the provider's, or by the hypsometric equation (Holton, 2004, eq. 1.18) upward from the
/// surface pressure with the mean virtual temperature of each step. Levels below the ground get the terrain's height.
fn column_altitudes(levels: &Levels, surface: &Surface, cell: usize) -> Vec<f32> {
    let cells = surface.terrain_m.len();
    if let Some(altitude) = &levels.altitude_m {
        return (0..levels.pressure_pa.len()).map(|k| altitude[k * cells + cell]).collect();
    }
    let mut altitude = vec![surface.terrain_m[cell]; levels.pressure_pa.len()];
    let mut height = f64::from(surface.terrain_m[cell]);
    let mut ln_pressure = f64::from(surface.pressure_pa[cell]).ln();
    let mut virtual_below: Option<f64> = None;
    for (k, &pressure) in levels.pressure_pa.iter().enumerate() {
        if pressure >= surface.pressure_pa[cell] {
            continue;
        }
        let q = levels.specific_humidity[k * cells + cell];
        let here = virtual_temperature(f64::from(levels.temperature_k[k * cells + cell]), f64::from(q));
        let below = virtual_below.unwrap_or_else(|| {
            let q = surface.specific_humidity_2m.as_ref().map_or(q, |q| q[cell]);
            virtual_temperature(f64::from(surface.temperature_2m_k[cell]), f64::from(q))
        });
        let ln_here = f64::from(pressure).ln();
        height += R_DRY * 0.5 * (here + below) / GRAVITY * (ln_pressure - ln_here);
        altitude[k] = height as f32;
        (ln_pressure, virtual_below) = (ln_here, Some(here));
    }
    altitude
}

#[cfg(test)]
mod tests {
    use super::*;

    fn isothermal(altitude: Option<Vec<f32>>, terrain: f32, surface_pressure: f32) -> (Levels, Surface) {
        let n = 3;
        (
            Levels {
                pressure_pa: vec![100_000.0, 90_000.0, 50_000.0],
                altitude_m: altitude,
                temperature_k: vec![999.0, 273.15, 273.15],
                specific_humidity: vec![0.0; n],
                wind_east_m_s: vec![999.0, 4.0, 6.0],
                wind_north_m_s: vec![0.0; n],
                cloud_water: None,
            },
            Surface {
                terrain_m: vec![terrain],
                pressure_pa: vec![surface_pressure],
                temperature_2m_k: vec![273.15],
                specific_humidity_2m: None,
                wind_10m_east_m_s: vec![2.0],
                wind_10m_north_m_s: vec![0.0],
            },
        )
    }

    /// In an isothermal atmosphere z = (R T / g) ln(ps / p): with 273.15 K the scale height is 7995 m, half the pressure is
    /// 5542 m above the ground.
    #[test]
    fn heights_are_exact_in_an_isothermal_atmosphere() {
        let (levels, surface) = isothermal(None, 0.0, 100_000.0);
        let columns = above_ground(&levels, &surface).unwrap();
        assert!((columns.altitude_m[3] - 5542.0).abs() < 1.0, "{}", columns.altitude_m[3]);
    }

    #[test]
    fn values_below_the_ground_are_not_used() {
        let (levels, surface) = isothermal(Some(vec![-50.0, 900.0, 5600.0]), 500.0, 95_000.0);
        let columns = above_ground(&levels, &surface).unwrap();
        assert_eq!(columns.altitude_m, vec![510.0, 705.0, 900.0, 5600.0]);
        assert_eq!(columns.wind_east_m_s, vec![2.0, 3.0, 4.0, 6.0]);
        assert!(columns.temperature_k.iter().all(|&t| t == 273.15));
        assert!(columns.pressure_pa.windows(2).all(|p| p[1] < p[0]));
        let (levels, surface) = isothermal(Some(vec![-50.0, 900.0, 5600.0]), 6000.0, 45_000.0);
        assert!(above_ground(&levels, &surface).is_err());
    }
}
