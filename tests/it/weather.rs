//! Weather made of formulas, for tests that need no real file.

use chrono::{DateTime, Duration, TimeZone, Utc};
use hazecast::domain::grid::{Grid, HorizontalGrid, VerticalGrid};
use hazecast::domain::met_field::{FluxTime, MetField};
use hazecast::domain::source::{Amounts, Place, Sector, Source, Strength};
use hazecast::domain::species::Species;
use hazecast::simulation::boundary::Background;
use hazecast::simulation::emission::EmissionModel;
use std::path::Path;

/// A projection whose middle meridian is that of the made weather.
pub const LAMBERT: &str = "+proj=lcc +lat_1=42 +lat_2=44 +lat_0=43 +lon_0=129.5 +R=6370000";

pub fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 15, 0, 0, 0).unwrap()
}

/// Isothermal air over flat ground, 123 to 136 E, 39 to 47 N, with one wind [m s-1] and rain [kg m-2 s-1] everywhere.
pub fn field(time: DateTime<Utc>, (east, north): (f32, f32), rain: f32) -> MetField {
    let grid = HorizontalGrid::new("+proj=latlong +R=6370000", (27, 17), (123.0, 39.0), (0.5, 0.5)).unwrap();
    let cells = grid.cells();
    let heights = [15.0f32, 60.0, 200.0, 800.0, 2500.0, 5000.0];
    let at = |f: &dyn Fn(f32) -> f32| heights.iter().flat_map(|z| vec![f(*z); cells]).collect::<Vec<f32>>();
    MetField {
        valid_time: time,
        levels: heights.len(),
        altitude_m: at(&|z| z),
        pressure_pa: at(&|z| 100_000.0 * (-z / 7320.0).exp()),
        temperature_k: at(&|_| 250.0),
        specific_humidity: at(&|_| 4e-4),
        wind_east_m_s: at(&|_| east),
        wind_north_m_s: at(&|_| north),
        cloud_water: Some(at(&|z| if rain > 0.0 && z > 500.0 { 2e-4 } else { 0.0 })),
        terrain_m: vec![0.0; cells],
        surface_pressure_pa: vec![100_000.0; cells],
        temperature_2m_k: vec![249.0; cells],
        wind_10m_east_m_s: vec![east; cells],
        wind_10m_north_m_s: vec![north; cells],
        precipitation_kg_m2_s: Some(vec![rain; cells]),
        mixing_height_m: Some(vec![400.0; cells]),
        friction_velocity_m_s: Some(vec![0.3; cells]),
        flux_time: FluxTime::Instant,
        sensible_heat_flux_w_m2: Some(vec![10.0; cells]),
        shortwave_w_m2: None,
        snow_kg_m2: None,
        land_fraction: None,
        grid,
    }
}

/// Three-hourly fields of a wind that turns with the sun, rain in the second interval.
pub fn turning(times: u32) -> Vec<MetField> {
    (0..times)
        .map(|i| {
            let angle = f64::from(i) * 0.8;
            let wind = ((8.0 * angle.cos()) as f32, (8.0 * angle.sin()) as f32);
            field(start() + Duration::hours(3 * i64::from(i)), wind, if i == 2 { 2e-4 } else { 0.0 })
        })
        .collect()
}

/// A grid of square cells [m] whose south-western cell is at `corner` [m].
pub fn grid(name: &str, cells: (usize, usize), corner: (f64, f64), size_m: f64) -> Grid {
    let horizontal = HorizontalGrid::new(LAMBERT, cells, corner, (size_m, size_m)).unwrap();
    let vertical = VerticalGrid::new(vec![0.0, 20.0, 50.0, 90.0, 150.0, 400.0, 1000.0, 2000.0, 4000.0]).unwrap();
    Grid { name: name.into(), horizontal, vertical }
}

/// What a made source emits [t a-1].
pub const AMOUNTS: Amounts = Amounts {
    so2: 2000.0,
    nox: 3000.0,
    co: 9000.0,
    nh3: 900.0,
    nmvoc: 1500.0,
    pm25: 2500.0,
    pm10: 4000.0,
    bc: 300.0,
    oc: 700.0,
};

/// A chimney-less point that emits all pollutants.
pub fn point(id: &str, (lon, lat): (f64, f64)) -> Source {
    Source {
        id: id.into(),
        name: id.into(),
        sector: Sector::Residential,
        adcode: 0,
        place: Place::Point { lon, lat, stack: None },
        strength: Strength::Annual(AMOUNTS),
        changes: Vec::new(),
    }
}

/// The built-in emission model.
pub fn emission() -> EmissionModel {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/emission.toml");
    EmissionModel::from_toml(&std::fs::read_to_string(path).unwrap(), Path::new("emission.toml")).unwrap()
}

/// Air that holds `mixing_ratio` of every species, and the tracer.
pub fn background(grid: &Grid, mixing_ratio: f32) -> Background {
    let layers = grid.vertical.layers();
    let of = |s: Species| vec![if s == Species::Tracer { 1.0 } else { mixing_ratio }; layers];
    Background { mixing_ratio: Species::ALL.map(of).to_vec() }
}
