//! The quantities of [`MetField`] that can be named, drawn and written out.

use crate::cli::drawing::classes::Scale;
use crate::constants::{CP_DRY, R_DRY};
use crate::domain::met_field::MetField;
use crate::input::humidity::relative_over_water;

/// A quantity by its name on the command line.
pub struct Quantity {
    pub name: &'static str,
    pub zh: &'static str,
    pub en: &'static str,
    pub unit: &'static str,
    pub scale: Scale,
    values: fn(&MetField) -> Option<Vec<f32>>,
}

impl Quantity {
    /// Its values, `[level, y, x]` or `[y, x]`; `None` where the provider has none.
    pub fn values(&self, met: &MetField) -> Option<Vec<f32>> {
        (self.values)(met)
    }
}

/// The quantity of a name.
pub fn find(name: &str) -> Option<&'static Quantity> {
    ALL.iter().find(|q| q.name == name)
}

fn each(met: &MetField, of: impl Fn(usize) -> f64) -> Option<Vec<f32>> {
    Some((0..met.temperature_k.len()).map(|i| of(i) as f32).collect())
}

const fn quantity(
    name: &'static str,
    (zh, en): (&'static str, &'static str),
    unit: &'static str,
    scale: Scale,
    values: fn(&MetField) -> Option<Vec<f32>>,
) -> Quantity {
    Quantity { name, zh, en, unit, scale, values }
}

/// All, those on levels first.
pub const ALL: [Quantity; 23] = [
    quantity("altitude", ("海拔高度", "height above sea level"), "m", Scale::Linear, |m| {
        Some(m.altitude_m.clone())
    }),
    quantity("pressure", ("气压", "pressure"), "Pa", Scale::Linear, |m| Some(m.pressure_pa.clone())),
    quantity("temperature", ("气温", "temperature"), "K", Scale::Linear, |m| Some(m.temperature_k.clone())),
    quantity("potential_temperature", ("位温", "potential temperature"), "K", Scale::Linear, |m| {
        each(m, |i| f64::from(m.temperature_k[i]) * (1e5 / f64::from(m.pressure_pa[i])).powf(R_DRY / CP_DRY))
    }),
    quantity("specific_humidity", ("比湿", "specific humidity"), "kg/kg", Scale::Linear, |m| {
        Some(m.specific_humidity.clone())
    }),
    quantity(
        "relative_humidity",
        ("相对湿度（对水面）", "relative humidity over water"),
        "%",
        Scale::Linear,
        |m| {
            each(m, |i| {
                let (q, t, p) = (m.specific_humidity[i], m.temperature_k[i], m.pressure_pa[i]);
                relative_over_water(f64::from(q), f64::from(t), f64::from(p))
            })
        },
    ),
    quantity("wind_east", ("东西风", "eastward wind"), "m/s", Scale::Diverging, |m| Some(m.wind_east_m_s.clone())),
    quantity("wind_north", ("南北风", "northward wind"), "m/s", Scale::Diverging, |m| {
        Some(m.wind_north_m_s.clone())
    }),
    quantity("wind_speed", ("风速", "wind speed"), "m/s", Scale::Linear, |m| {
        each(m, |i| f64::from(m.wind_east_m_s[i].hypot(m.wind_north_m_s[i])))
    }),
    quantity("cloud_water", ("云水", "cloud water and ice"), "kg/kg", Scale::Logarithmic, |m| m.cloud_water.clone()),
    quantity("terrain", ("地形高度", "terrain height"), "m", Scale::Linear, |m| Some(m.terrain_m.clone())),
    quantity("surface_pressure", ("地面气压", "surface pressure"), "Pa", Scale::Linear, |m| {
        Some(m.surface_pressure_pa.clone())
    }),
    quantity("temperature_2m", ("2 米气温", "2 m temperature"), "K", Scale::Linear, |m| {
        Some(m.temperature_2m_k.clone())
    }),
    quantity("wind_10m_east", ("10 米东西风", "10 m eastward wind"), "m/s", Scale::Diverging, |m| {
        Some(m.wind_10m_east_m_s.clone())
    }),
    quantity("wind_10m_north", ("10 米南北风", "10 m northward wind"), "m/s", Scale::Diverging, |m| {
        Some(m.wind_10m_north_m_s.clone())
    }),
    quantity("wind_10m_speed", ("10 米风速", "10 m wind speed"), "m/s", Scale::Linear, |m| {
        Some(m.wind_10m_east_m_s.iter().zip(&m.wind_10m_north_m_s).map(|(u, v)| u.hypot(*v)).collect())
    }),
    quantity("precipitation", ("降水率", "precipitation rate"), "kg/(m² s)", Scale::Logarithmic, |m| {
        m.precipitation_kg_m2_s.clone()
    }),
    quantity("mixing_height", ("边界层高度", "boundary-layer height"), "m", Scale::Linear, |m| {
        m.mixing_height_m.clone()
    }),
    quantity("friction_velocity", ("摩擦速度", "friction velocity"), "m/s", Scale::Linear, |m| {
        m.friction_velocity_m_s.clone()
    }),
    quantity(
        "sensible_heat_flux",
        ("感热通量（向上）", "sensible heat flux, upward"),
        "W/m²",
        Scale::Diverging,
        |m| m.sensible_heat_flux_w_m2.clone(),
    ),
    quantity("shortwave", ("向下短波辐射", "downward short-wave radiation"), "W/m²", Scale::Linear, |m| {
        m.shortwave_w_m2.clone()
    }),
    quantity("snow", ("雪水当量", "snow water"), "kg/m²", Scale::Logarithmic, |m| m.snow_kg_m2.clone()),
    quantity("land", ("陆地比例", "share of land"), "1", Scale::Linear, |m| m.land_fraction.clone()),
];

/// Two-dimensional values of a quantity at a height above ground [m], linear between levels; below the lowest level that level's.
pub fn at_height(met: &MetField, values: &[f32], height_m: f64) -> Vec<f32> {
    between(met, values, |c, k| f64::from(met.altitude_m[k * met.grid.cells() + c] - met.terrain_m[c]) - height_m)
}

/// As [`at_height`] at a pressure [Pa], linear in its logarithm; NaN below the ground.
pub fn at_pressure(met: &MetField, values: &[f32], pressure_pa: f64) -> Vec<f32> {
    let cells = met.grid.cells();
    let mut out = between(met, values, |c, k| (pressure_pa / f64::from(met.pressure_pa[k * cells + c])).ln());
    for (v, ground) in out.iter_mut().zip(&met.surface_pressure_pa) {
        if f64::from(*ground) < pressure_pa {
            *v = f32::NAN;
        }
    }
    out
}

/// Values where `distance(cell, level)`, rising with level, is zero; NaN above the highest level.
fn between(met: &MetField, values: &[f32], distance: impl Fn(usize, usize) -> f64) -> Vec<f32> {
    let cells = met.grid.cells();
    let at = |c: usize| {
        let Some(above) = (0..met.levels).find(|&k| distance(c, k) >= 0.0) else { return f32::NAN };
        if above == 0 {
            return values[c];
        }
        let (low, high) = (distance(c, above - 1), distance(c, above));
        let (a, b) = (values[(above - 1) * cells + c], values[above * cells + c]);
        a + (b - a) * (-low / (high - low)) as f32
    };
    (0..cells).map(at).collect()
}
