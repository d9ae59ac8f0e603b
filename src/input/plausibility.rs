//! The gate every meteorology reader ends with: invariants of [`MetField`] and physically possible ranges.

use crate::domain::met_field::MetField;
use crate::error::{Error, Result};
use std::path::Path;

/// Below this a negative specific humidity is noise of packing or of advection and becomes 0 [kg kg-1].
const HUMIDITY_NOISE: f32 = 1e-4;
const REMEDY: &str = "Check which program wrote the file, its units and its fill values";

/// How a format names the variables a quantity comes from, for messages.
pub struct Sources {
    pub altitude: &'static str,
    pub pressure: &'static str,
    pub temperature: &'static str,
    pub humidity: &'static str,
    pub wind_east: &'static str,
    pub wind_north: &'static str,
}

/// Clips tiny negative humidity and cloud water, then checks shapes, finiteness, order of levels and ranges: temperature
/// 150-350 K, pressure 1-110 000 Pa, wind below 150 m s-1, specific humidity 0-0.1.
///
/// # Errors
/// [`Error::Format`] naming the variable, the time, and level, row and column (from 0, row 0 in the south) of the first offence.
pub fn checked(path: &Path, mut field: MetField, sources: &Sources) -> Result<MetField> {
    clip(&mut field.specific_humidity);
    if let Some(cloud) = &mut field.cloud_water {
        clip(cloud);
    }
    for optional in
        [&mut field.precipitation_kg_m2_s, &mut field.shortwave_w_m2, &mut field.snow_kg_m2].into_iter().flatten()
    {
        clip(optional);
    }
    let gate = Gate { path, field: &field };
    let (solid, flat) = (field.levels * field.grid.cells(), field.grid.cells());
    gate.range(sources.pressure, &field.pressure_pa, solid, 1.0, 110_000.0)?;
    gate.range(sources.temperature, &field.temperature_k, solid, 150.0, 350.0)?;
    gate.range(sources.humidity, &field.specific_humidity, solid, 0.0, 0.1)?;
    // after temperature and humidity, from which a missing altitude was integrated
    gate.range(sources.altitude, &field.altitude_m, solid, -1000.0, 120_000.0)?;
    gate.range(sources.wind_east, &field.wind_east_m_s, solid, -150.0, 150.0)?;
    gate.range(sources.wind_north, &field.wind_north_m_s, solid, -150.0, 150.0)?;
    gate.optional("cloud water", field.cloud_water.as_ref(), solid, 0.0, 0.1)?;
    gate.range("terrain height", &field.terrain_m, flat, -1000.0, 9000.0)?;
    gate.range("surface pressure", &field.surface_pressure_pa, flat, 30_000.0, 110_000.0)?;
    gate.range("2 m temperature", &field.temperature_2m_k, flat, 150.0, 350.0)?;
    gate.range("10 m wind, eastward", &field.wind_10m_east_m_s, flat, -150.0, 150.0)?;
    gate.range("10 m wind, northward", &field.wind_10m_north_m_s, flat, -150.0, 150.0)?;
    gate.optional("precipitation rate", field.precipitation_kg_m2_s.as_ref(), flat, 0.0, 0.2)?;
    gate.optional("boundary-layer height", field.mixing_height_m.as_ref(), flat, 0.0, 15_000.0)?;
    gate.optional("friction velocity", field.friction_velocity_m_s.as_ref(), flat, 0.0, 20.0)?;
    gate.optional("sensible heat flux", field.sensible_heat_flux_w_m2.as_ref(), flat, -2000.0, 2000.0)?;
    gate.optional("short-wave radiation", field.shortwave_w_m2.as_ref(), flat, 0.0, 2000.0)?;
    gate.optional("snow water", field.snow_kg_m2.as_ref(), flat, 0.0, 1e6)?;
    gate.optional("land fraction", field.land_fraction.as_ref(), flat, 0.0, 1.0001)?;
    gate.ordered(sources.altitude, &field.altitude_m, 1.0, "an altitude that increases with level")?;
    gate.ordered(sources.pressure, &field.pressure_pa, -1.0, "a pressure that decreases with level")?;
    Ok(field)
}

fn clip(values: &mut [f32]) {
    for v in values {
        if *v < 0.0 && *v > -HUMIDITY_NOISE {
            *v = 0.0;
        }
    }
}

struct Gate<'a> {
    path: &'a Path,
    field: &'a MetField,
}

impl Gate<'_> {
    fn place(&self, name: &str, at: usize) -> String {
        let (nx, cells) = (self.field.grid.nx, self.field.grid.cells());
        let (level, row, column) = (at / cells, at % cells / nx, at % nx);
        format!(
            "{name}, {}, level {level}, row {row}, column {column}",
            self.field.valid_time.format("%Y-%m-%d %H:%M UTC")
        )
    }

    fn range(&self, name: &str, values: &[f32], length: usize, low: f32, high: f32) -> Result<()> {
        if values.len() != length {
            let (found, expected) = (format!("{} values", values.len()), format!("{length} values"));
            return Err(Error::format(self.path, name, found, expected, REMEDY));
        }
        match values.iter().position(|v| !(*v >= low && *v <= high)) {
            None => Ok(()),
            Some(at) => {
                let expected = format!("{low} to {high}");
                Err(Error::format(self.path, self.place(name, at), format!("{}", values[at]), expected, REMEDY))
            }
        }
    }

    fn optional(&self, name: &str, values: Option<&Vec<f32>>, length: usize, low: f32, high: f32) -> Result<()> {
        values.map_or(Ok(()), |v| self.range(name, v, length, low, high))
    }

    fn ordered(&self, name: &str, values: &[f32], sign: f32, expected: &str) -> Result<()> {
        let cells = self.field.grid.cells();
        let wrong = (cells..values.len()).find(|&i| sign * (values[i] - values[i - cells]) <= 0.0);
        wrong.map_or(Ok(()), |i| {
            let found = format!("{} above {}", values[i], values[i - cells]);
            Err(Error::format(self.path, self.place(name, i), found, expected, REMEDY))
        })
    }
}
