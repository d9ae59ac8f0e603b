//! Meteorology to drivers: directions, fluxes, exchange, plumes, each against a value found another way.

use chrono::{TimeZone, Utc};
use hazecast::domain::grid::{Grid, HorizontalGrid, VerticalGrid};
use hazecast::domain::met_field::{FluxTime, MetField};
use hazecast::domain::source::Stack;
use hazecast::domain::species::Species;
use hazecast::simulation::diagnose::{Diagnosis, SurfaceParameters};
use hazecast::simulation::driver::HourDriver;
use hazecast::simulation::horizontal_diffusion::HorizontalDiffusion;
use hazecast::simulation::meteorology::Meteorology;
use hazecast::simulation::plume;
use ndarray::Array4;

const EAST: f32 = 10.0;

/// A model grid west of its central meridian, where grid north and true north differ.
fn model() -> Grid {
    let projection = "+proj=lcc +lat_1=42 +lat_2=44 +lat_0=43 +lon_0=129.5 +R=6370000";
    let horizontal = HorizontalGrid::new(projection, (12, 10), (-600_000.0, -50_000.0), (9000.0, 9000.0)).unwrap();
    let vertical = VerticalGrid::new(vec![0.0, 20.0, 50.0, 90.0, 150.0, 400.0, 1000.0, 2000.0, 4000.0]).unwrap();
    Grid { name: "test".into(), horizontal, vertical }
}

/// Isothermal, stable air at 250 K with a wind from the west everywhere.
fn west_wind() -> MetField {
    let grid = HorizontalGrid::new("+proj=latlong +R=6370000", (30, 20), (119.0, 40.0), (0.3, 0.3)).unwrap();
    let cells = grid.cells();
    let heights = [15.0f32, 60.0, 200.0, 800.0, 2500.0, 5000.0];
    let at = |f: &dyn Fn(f32) -> f32| heights.iter().flat_map(|z| vec![f(*z); cells]).collect::<Vec<f32>>();
    let pressure = |z: f32| 100_000.0 * (-z / 7320.0).exp();
    MetField {
        valid_time: Utc.with_ymd_and_hms(2026, 1, 15, 15, 0, 0).unwrap(),
        levels: heights.len(),
        altitude_m: at(&|z| z + 100.0),
        pressure_pa: at(&pressure),
        temperature_k: at(&|_| 250.0),
        specific_humidity: at(&|_| 0.0),
        wind_east_m_s: at(&|_| EAST),
        wind_north_m_s: at(&|_| 0.0),
        cloud_water: None,
        terrain_m: vec![100.0; cells],
        surface_pressure_pa: vec![100_000.0; cells],
        temperature_2m_k: vec![249.0; cells],
        wind_10m_east_m_s: vec![EAST; cells],
        wind_10m_north_m_s: vec![0.0; cells],
        precipitation_kg_m2_s: None,
        mixing_height_m: Some(vec![120.0; cells]),
        friction_velocity_m_s: Some(vec![0.3; cells]),
        flux_time: FluxTime::Instant,
        sensible_heat_flux_w_m2: Some(vec![-10.0; cells]),
        shortwave_w_m2: None,
        snow_kg_m2: None,
        land_fraction: None,
        grid,
    }
}

fn driver(grid: &Grid) -> HourDriver {
    driver_in(grid, west_wind())
}

fn driver_in(grid: &Grid, met: MetField) -> HourDriver {
    let met = [met];
    let mut meteorology = Meteorology::new(&met, grid, true).unwrap();
    let surface = SurfaceParameters { roughness_m: 0.3, minimum_diffusivity_m2_s: 0.1 };
    Diagnosis::new(grid, surface).hour(&mut meteorology, met[0].valid_time).unwrap()
}

/// A parcel carried east for ten seconds moves, in cells of the grid, as the fluxes through the faces say.
#[test]
fn fluxes_carry_air_along_the_parallels() {
    let grid = model();
    let driver = driver(&grid);
    let transform = grid.horizontal.transform();
    for (x, y, z) in [(2, 3, 4), (9, 8, 2)] {
        let (lon, lat) = transform.lonlat(x as f64, y as f64);
        let metres_per_degree = 6_370_000f64.to_radians() * lat.to_radians().cos();
        let moved = transform.index(lon + 10.0 * f64::from(EAST) / metres_per_degree, lat);
        let air = f64::from(driver.air_mass_start[[z, y, x]]);
        let through = |a: f32, b: f32| 10.0 * 0.5 * f64::from(a + b) / air;
        let by_flux = (
            through(driver.flux_x[[z, y, x]], driver.flux_x[[z, y, x + 1]]),
            through(driver.flux_y[[z, y, x]], driver.flux_y[[z, y + 1, x]]),
        );
        let by_map = (moved.0 - x as f64, moved.1 - y as f64);
        assert!((by_flux.0 / by_map.0 - 1.0).abs() < 2e-3, "{by_flux:?} {by_map:?}");
        assert!((by_flux.1 - by_map.1).abs() < 2e-3 * by_map.0.abs(), "{by_flux:?} {by_map:?}");
        assert!(by_map.1.abs() > 0.05 * by_map.0, "the grid is turned here: {by_map:?}");
    }
}

/// Air mass is pressure difference over gravity: hydrostatics, not density times volume.
#[test]
fn air_mass_is_the_weight_of_the_air() {
    let grid = model();
    let driver = driver(&grid);
    let area = f64::from(grid.horizontal.metric().area_m2[5 * 12 + 5]);
    let total: f64 = (0..8).map(|z| f64::from(driver.air_mass_start[[z, 5, 5]])).sum();
    let expected = 100_000.0 * (1.0 - (-4000.0f64 / 7320.0).exp()) / 9.80665;
    // levels 1700 and 2500 m apart: the straight line between them holds half a per cent more air than the exponential
    assert!((total / area / expected - 1.0).abs() < 1e-2, "{} {expected}", total / area);
}

/// Far above a shallow boundary layer, in a stable wind without shear, only the minimum diffusivity is left: area rho K / dz.
#[test]
fn exchange_aloft_is_that_of_the_minimum_diffusivity() {
    let grid = model();
    let driver = driver(&grid);
    let area = f64::from(grid.horizontal.metric().area_m2[5 * 12 + 5]);
    let density = 100_000.0 * (-2000.0f64 / 7320.0).exp() / (287.05 * 250.0);
    let found = f64::from(driver.exchange[[6, 5, 5]]) * 1500.0 / (area * density);
    // the density at the interface is the mean of two thick layers
    assert!((found / 0.1 - 1.0).abs() < 0.05, "{found}");
    // and inside it the mixing is that of a u* of 0.3 m/s: some m2/s
    let inside = f64::from(driver.exchange[[0, 5, 5]]) * 25.0 / (area * 1.39);
    assert!((0.5..5.0).contains(&inside), "{inside}");
}

/// 200 W/m2 into 249 K, 1.39 kg/m3 and u* 0.3 m/s: L = -11.96 m, h/L = -50.2 for 600 m, of which the non-local share is 0.590. At night: none.
#[test]
fn updrafts_stir_a_convective_layer_to_its_top() {
    let grid = model();
    assert!(driver(&grid).descent.iter().all(|d| *d == 0.0));
    let mut met = west_wind();
    met.sensible_heat_flux_w_m2 = Some(vec![200.0; met.grid.cells()]);
    met.mixing_height_m = Some(vec![600.0; met.grid.cells()]);
    let driver = driver_in(&grid, met);
    let (descent, exchange) = (|k: usize| driver.descent[[k, 5, 5]], |k: usize| driver.exchange[[k, 5, 5]]);
    let share = descent(0) / (descent(0) + exchange(0));
    assert!((share - 0.590).abs() < 0.003, "{share}");
    // interfaces at 20, 50, 90, 150 and 400 m lie inside, those at 1000 and 2000 m outside
    for k in 1..5 {
        assert!(descent(k) > 0.0 && descent(k) < descent(k - 1), "{k}");
    }
    assert!((descent(4) / descent(0) - 200.0 / 580.0).abs() < 1e-4);
    assert_eq!((descent(5), descent(6)), (0.0, 0.0));
}

/// A west wind that grows northward by 1e-4 s-1: K = (0.25 * 9000)^2 * 1e-4 = 506 m2/s, so a cell gives each neighbour 506 * 300 / 9000^2 =
/// 1.875e-3 of its tracer in 300 s; the cells of the sphere are a few per cent off the 9 km of the map.
#[test]
fn shear_spreads_a_cell_into_its_neighbours() {
    let grid = model();
    let mut met = west_wind();
    let (nx, cells) = (30, met.grid.cells());
    for (i, u) in met.wind_east_m_s.iter_mut().enumerate() {
        *u = 1e-4 * 111_177.0 * (0.3 * (i % cells / nx) as f32 - 3.0);
    }
    let driver = driver_in(&grid, met);
    let mut diffusion = HorizontalDiffusion::new(&grid);
    diffusion.prepare(&driver, &driver.air_mass_start, 300.0);
    let mut state = Array4::zeros((Species::COUNT, 8, 10, 12));
    state[[2, 6, 5, 6]] = 1.0f32;
    diffusion.advance(&mut state, &driver.air_mass_start);
    for (y, x) in [(4, 6), (6, 6), (5, 5), (5, 7)] {
        let given = state[[2, 6, y, x]];
        assert!((given / 1.875e-3 - 1.0).abs() < 0.06, "{y} {x}: {given}");
    }
    let kg: f64 =
        state.index_axis(ndarray::Axis(0), 2).iter().zip(&driver.air_mass_start).map(|(q, m)| f64::from(q * m)).sum();
    assert!((kg / f64::from(driver.air_mass_start[[6, 5, 6]]) - 1.0).abs() < 1e-6);
    assert_eq!(state.iter().filter(|q| **q != 0.0).count(), 5, "no other species or layer");
}

/// The plume of a stack sees the wind of the layer that holds its mouth.
#[test]
fn a_plume_rises_in_the_air_at_its_mouth() {
    let grid = model();
    let mut driver = driver(&grid);
    let stack = Stack { height_m: 100.0, diameter_m: 3.0, temperature_k: 400.0, velocity_m_s: 15.0 };
    let height = |driver: &HourDriver| plume::effective_height(driver, &grid, 5 * 12 + 5, &stack);
    let calm = height(&driver);
    assert!(calm > 110.0, "{calm}");
    for layer in [0, 1, 2, 4, 5] {
        driver.wind_speed[[layer, 5, 5]] = 40.0;
    }
    assert_eq!(height(&driver), calm, "the mouth is in layer 3, 90 to 150 m");
    driver.wind_speed[[3, 5, 5]] = 40.0;
    assert!(height(&driver) < calm - 5.0);
}
