//! The weather of a run at a place, hour by hour, from the provider's fields.

use crate::domain::grid::HorizontalGrid;
use crate::domain::met_field::MetField;
use chrono::{DateTime, Duration, Utc};

/// Temperature falls with height [K m-1].
const LAPSE_K_M: f64 = 0.0065;

/// One hour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HourWeather {
    /// 2 m above ground [degC], at the elevation asked for.
    pub temperature_c: f64,
    /// 10 m above ground [m s-1].
    pub wind_m_s: f64,
    /// Precipitation of the hour [mm].
    pub rain_mm: Option<f64>,
    /// Snow on the ground [kg m-2].
    pub snow_kg_m2: Option<f64>,
}

/// Weather of `hours` hours from `first` on at a longitude and latitude [degrees] and elevation [m]; fields are linear in time, the nearest beyond their times,
/// or the first for all hours where it is `frozen`. `None` where the place lies outside the fields.
pub fn place_weather(
    fields: &[MetField],
    frozen: bool,
    place: (f64, f64, f64),
    (first, hours): (DateTime<Utc>, u32),
) -> Option<Vec<HourWeather>> {
    let grid = &fields.first()?.grid;
    let corner = Corner::new(grid, (place.0, place.1))?;
    let fields = if frozen { &fields[..1] } else { fields };
    let at = |field: &MetField| {
        let (u, v) = (corner.of(&field.wind_10m_east_m_s), corner.of(&field.wind_10m_north_m_s));
        let higher = corner.of(&field.terrain_m) - place.2;
        HourWeather {
            temperature_c: corner.of(&field.temperature_2m_k) - 273.15 + LAPSE_K_M * higher,
            wind_m_s: u.hypot(v),
            rain_mm: field.precipitation_kg_m2_s.as_ref().map(|p| 3600.0 * corner.of(p)),
            snow_kg_m2: field.snow_kg_m2.as_ref().map(|s| corner.of(s)),
        }
    };
    let points: Vec<(DateTime<Utc>, HourWeather)> = fields.iter().map(|f| (f.valid_time, at(f))).collect();
    let hour = |h: u32| {
        let middle = first + Duration::hours(i64::from(h)) + Duration::minutes(30);
        let next = points.iter().position(|p| p.0 >= middle);
        let (a, b) = match next {
            Some(0) => (0, 0),
            Some(i) => (i - 1, i),
            None => (points.len() - 1, points.len() - 1),
        };
        let span = (points[b].0 - points[a].0).num_seconds().max(1) as f64;
        let w = if a == b { 0.0 } else { (middle - points[a].0).num_seconds() as f64 / span };
        let linear = |x: f64, y: f64| x + w * (y - x);
        let (a, b) = (&points[a].1, &points[b].1);
        HourWeather {
            temperature_c: linear(a.temperature_c, b.temperature_c),
            wind_m_s: linear(a.wind_m_s, b.wind_m_s),
            // the rate of a time is that of the interval before it
            rain_mm: b.rain_mm,
            snow_kg_m2: a.snow_kg_m2.zip(b.snow_kg_m2).map(|(x, y)| linear(x, y)),
        }
    };
    Some((0..hours).map(hour).collect())
}

/// A place among four cell centres.
struct Corner {
    cell: usize,
    nx: usize,
    weights: [f64; 4],
}

impl Corner {
    fn new(grid: &HorizontalGrid, (lon, lat): (f64, f64)) -> Option<Self> {
        if grid.nx < 2 || grid.ny < 2 {
            return None;
        }
        let (x, y) = grid.transform().index(lon, lat);
        let (mx, my) = (grid.nx as f64 - 1.0, grid.ny as f64 - 1.0);
        if !((-0.5..=mx + 0.5).contains(&x) && (-0.5..=my + 0.5).contains(&y)) {
            return None;
        }
        let (x, y) = (x.clamp(0.0, mx), y.clamp(0.0, my));
        let (i, j) = ((x as usize).min(grid.nx - 2), (y as usize).min(grid.ny - 2));
        let (a, b) = (x - i as f64, y - j as f64);
        let weights = [(1.0 - a) * (1.0 - b), a * (1.0 - b), (1.0 - a) * b, a * b];
        Some(Self { cell: j * grid.nx + i, nx: grid.nx, weights })
    }

    fn of(&self, values: &[f32]) -> f64 {
        let cells = [self.cell, self.cell + 1, self.cell + self.nx, self.cell + self.nx + 1];
        cells.into_iter().zip(self.weights).map(|(c, w)| w * f64::from(values[c])).sum()
    }
}
