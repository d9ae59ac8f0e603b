use super::*;
use crate::domain::grid::{HorizontalGrid, VerticalGrid};
use crate::domain::species::Phase;
use crate::simulation::block::Block;
use crate::simulation::boundary::Background;
use crate::simulation::diagnose::{Diagnosis, SurfaceParameters};
use crate::simulation::hour_emission::HourEmission;
use crate::simulation::linear_columns::LinearColumns;
use crate::simulation::meteorology::Meteorology;
use crate::simulation::synthetic::{Weather, towns};
use chrono::{Duration, TimeZone, Utc};

const SURFACE: SurfaceParameters = SurfaceParameters { roughness_m: 0.3, minimum_diffusivity_m2_s: 0.1 };

pub(super) fn grid() -> Grid {
    let lambert = "+proj=lcc +lat_1=42 +lat_2=44 +lat_0=43 +lon_0=129.5 +R=6370000";
    let horizontal = HorizontalGrid::new(lambert, (21, 18), (-30_000.0, -27_000.0), (3000.0, 3000.0)).unwrap();
    let interfaces = vec![0.0, 20.0, 50.0, 100.0, 200.0, 350.0, 600.0, 1000.0, 1700.0, 3000.0];
    Grid { name: "test".into(), horizontal, vertical: VerticalGrid::new(interfaces).unwrap() }
}

pub(super) fn background(grid: &Grid) -> Background {
    let layers = grid.vertical.layers();
    let of = |s: &Species| if *s == Species::Tracer { 1.0 } else { 1e-9 * (1 + s.index()) as f32 };
    Background { mixing_ratio: Species::ALL.iter().map(|s| vec![of(s); layers]).collect() }
}

struct Run {
    state: Array4<f32>,
    ground: Array3<f32>,
    ledger: crate::simulation::budget::MassLedger,
    drivers: Vec<HourDriver>,
    steps: u64,
}

/// Some hours of `weather` over `emission`.
fn run(grid: &Grid, weather: &Weather, emission: &EmissionField, hours: usize) -> Run {
    let start = Utc.with_ymd_and_hms(2026, 1, 15, 3, 0, 0).unwrap();
    let fields = weather.fields(grid, start, hours);
    let mut meteorology = Meteorology::new(&fields, grid, false).unwrap();
    let diagnosis = Diagnosis::new(grid, SURFACE);
    let drivers: Vec<HourDriver> =
        (0..hours).map(|h| diagnosis.hour(&mut meteorology, start + Duration::hours(h as i64)).unwrap()).collect();
    let background = background(grid);
    let sides = Sides::uniform(&background, grid);
    let mut simulation =
        Simulation::new(grid, diagnosis.area(), drivers[0].air_mass_start.clone(), background.state(grid));
    let mut ground = Array3::zeros((0, 0, 0));
    for driver in &drivers {
        ground = simulation.hour(driver, emission, &sides).unwrap();
    }
    let ledger =
        simulation.books.clone().close(&simulation.state, simulation.mass(), tracer_deviation(&simulation.state));
    Run { steps: simulation.steps(), state: simulation.state, ground, ledger, drivers }
}

/// The diagnosis of the grid, and the driver of the first hour of `weather`.
pub(super) fn first_hour<'g>(weather: &Weather, grid: &'g Grid) -> (Diagnosis<'g>, HourDriver) {
    let start = Utc.with_ymd_and_hms(2026, 1, 15, 3, 0, 0).unwrap();
    let fields = weather.fields(grid, start, 1);
    let diagnosis = Diagnosis::new(grid, SURFACE);
    let driver = diagnosis.hour(&mut Meteorology::new(&fields, grid, false).unwrap(), start).unwrap();
    (diagnosis, driver)
}

pub(super) const WINDY: Weather = Weather { wind_m_s: 25.0, precipitation_kg_m2_s: 3e-4, ..Weather::WINTER };
/// No wind, no rain, no turbulence to speak of: each process can be looked at alone.
pub(super) const STILL: Weather = Weather {
    wind_m_s: 0.0,
    precipitation_kg_m2_s: 0.0,
    cloud_water: 0.0,
    friction_velocity_m_s: 0.02,
    heat_flux_w_m2: 0.0,
    mixing_height_m: 100.0,
    ..Weather::WINTER
};

/// The whole step with emission, wet and dry deposition and chemistry.
#[test]
fn one_two_and_four_threads_give_the_same_bytes() {
    let grid = grid();
    let emission = towns(&grid, 4);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let run = pool.install(|| run(&grid, &WINDY, &emission, 2));
        let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<u32>>();
        (bits(run.state.as_slice().unwrap()), bits(run.ground.as_slice().unwrap()), run.ledger)
    };
    let one = on(1);
    assert!(one.2.species[Species::Sulfate.index()].wet_deposited_kg > 0.0, "the whole step includes rain");
    assert!(one == on(2) && one == on(4));
}

#[test]
fn the_books_of_the_whole_step_close_and_the_tracer_stays_one() {
    let grid = grid();
    let run = run(&grid, &WINDY, &towns(&grid, 4), 2);
    assert!(run.ledger.largest_relative_residual < 3e-7, "{:e}", run.ledger.largest_relative_residual);
    assert_eq!(run.ledger.tracer_largest_deviation, 0.0);
    for l in &run.ledger.species {
        assert!(l.inflow_kg > 0.0 && l.outflow_kg > 0.0 && l.residual_kg.is_finite(), "{l:?}");
        assert!(l.clipped_kg < 1e-9 * l.stored_start_kg, "{l:?}");
        let (s, gas_out) = (Species::ALL.iter().find(|s| s.name() == l.species).unwrap(), l.dry_deposited_kg);
        assert_eq!(gas_out > 0.0, s.phase() != Phase::Passive, "{l:?}");
        assert_eq!(l.emitted_kg > 0.0, *s != Species::Tracer, "{l:?}");
    }
    // what was emitted is the rate times two hours
    let emission = towns(&grid, 4);
    for s in Species::ALL {
        let rate: f64 = emission.rate_kg_s.index_axis(Axis(0), s.index()).iter().map(|r| f64::from(*r)).sum();
        let emitted = run.ledger.species[s.index()].emitted_kg;
        assert!((emitted - rate * 7200.0).abs() <= 1e-6 * emitted, "{s:?}");
    }
}

/// Uniform sulphate in still air under rain: `q exp(-rate t)` in every layer that the rain crosses, to f32.
#[test]
fn rain_removes_exponentially() {
    let grid = grid();
    let rain = Weather { precipitation_kg_m2_s: 1e-4, cloud_water: 1e-3, ..STILL };
    let nothing = EmissionField::new(&grid, 1);
    let (wet, dry) = (run(&grid, &rain, &nothing, 1), run(&grid, &STILL, &nothing, 1));
    let loss = wet.drivers[0].wet_loss.as_ref().unwrap();
    // elemental carbon does not react; from layer 3 up nothing of the ground is felt in an hour of still air
    let s = Species::BlackCarbon.index();
    for z in 4..grid.vertical.layers() {
        let exact = (-f64::from(loss[[s, z, 9, 9]]) * 3600.0).exp();
        let kept = f64::from(wet.state[[s, z, 9, 9]]) / f64::from(dry.state[[s, z, 9, 9]]);
        assert!((kept / exact - 1.0).abs() < 5e-3, "layer {z}: {kept} for {exact}");
    }
    assert!(loss[[s, 7, 9, 9]] * 3600.0 > 0.3, "a rain that is felt");
}

/// Rain in the second of two blocks of columns, up to the third layer, its own rate for each species: nothing is lost beside it, forward or in the
/// linear columns, which carry some species in another order.
#[test]
fn rain_is_taken_where_and_from_what_it_falls() {
    let grid = grid();
    let (nz, ny, nx) = grid.shape();
    let (diagnosis, mut driver) = first_hour(&STILL, &grid);
    driver.exchange.fill(0.0);
    driver.descent.fill(0.0);
    driver.deposition_velocity.fill(0.0);
    driver.settling_velocity = 0.0;
    assert_eq!(2 * Block::width_in(ny, nx), ny * nx, "two blocks");
    let half = ny / 2;
    let rate = |s: usize, z: usize, y: usize| if y >= half && z < 3 { 1e-4 * (1 + s + z) as f32 } else { 0.0 };
    driver.wet_loss = Some(Array4::from_shape_fn((Species::COUNT, nz, ny, nx), |(s, z, y, _)| rate(s, z, y)));
    let thickness: Vec<f64> = (0..nz).map(|k| grid.vertical.thickness_m(k)).collect();
    let coefficients = LayerCoefficients::new(&thickness);
    let (nothing, area) = (EmissionField::new(&grid, 1), diagnosis.area());
    let sides = Sides::uniform(&background(&grid), &grid);
    let dt = 300.0;
    let mut mass = driver.air_mass_start.clone();
    let target = mass.clone();
    let washout = Washout::new(&driver, &Species::ALL, dt);
    let kept = |s: Species, z: usize, y: usize| (-rate(s.index(), z, y) * dt).exp();
    let columns = Columns {
        grid: &grid,
        coefficients: &coefficients,
        top: &sides.top,
        driver: &driver,
        emission: &HourEmission::new(&nothing),
        washout: washout.as_ref(),
        area: &area,
        dt,
    };
    let mut state = Array4::from_elem((Species::COUNT, nz, ny, nx), 1.0f32);
    columns.advance(&mut state, &mut mass, &target, &mut ColumnRows::new(grid.shape()));
    for ((s, z, y, x), q) in state.indexed_iter() {
        let exact = kept(Species::ALL[s], z, y);
        assert!((q - exact).abs() < 2e-6, "species {s} layer {z} row {y} column {x}: {q} for {exact}");
    }
    let slots = [Species::Coarse, Species::So2];
    let linear = LinearColumns {
        driver: &driver,
        edges: coefficients.unlimited_edges(),
        area: &area,
        depth_m: thickness[0] as f32,
        dt,
        slots: &slots,
        washout: Washout::new(&driver, &slots, dt),
    };
    let mut state = Array4::from_elem((slots.len(), nz, ny, nx), 1.0f32);
    linear.forward(&mut state, &target, &target, &Array4::zeros((slots.len(), 1, ny, nx)));
    for ((slot, z, y, x), q) in state.indexed_iter() {
        let exact = kept(slots[slot], z, y);
        assert!((q - exact).abs() < 2e-6, "slot {slot} layer {z} row {y} column {x}: {q} for {exact}");
    }
}

/// Dry deposition in still air: the column loses what the ground takes, `v_d rho q_0` per area and second.
#[test]
fn the_ground_takes_velocity_times_concentration() {
    let grid = grid();
    let run = run(&grid, &STILL, &EmissionField::new(&grid, 1), 1);
    let driver = &run.drivers[0];
    let (s, y, x) = (Species::BlackCarbon, 9, 10);
    let ledger = &run.ledger.species[s.index()];
    let area = 3000.0f64 * 3000.0;
    let velocity = f64::from(driver.deposition_velocity[[s.index(), y, x]]);
    let density = f64::from(driver.density[[0, y, x]]);
    let mean = f64::from(run.ground[[s.index(), y, x]]);
    let expected = velocity * density * mean * area * grid.horizontal.cells() as f64 * 3600.0;
    assert!((ledger.dry_deposited_kg / expected - 1.0).abs() < 0.03, "{} for {expected}", ledger.dry_deposited_kg);
}

/// Coarse particles fall: above the ground's reach the mean height of a layer of them sinks at the settling speed.
#[test]
fn coarse_particles_sink_at_their_settling_speed() {
    let grid = grid();
    let centre_of_mass = |state: &Array4<f32>, s: Species| {
        let (mut mass, mut moment) = (0.0, 0.0);
        for z in 0..grid.vertical.layers() {
            let m = f64::from(state[[s.index(), z, 9, 9]]) * grid.vertical.thickness_m(z);
            (mass, moment) = (mass + m, moment + m * grid.vertical.centre_m(z));
        }
        moment / mass
    };
    let background = background(&grid);
    let (diagnosis, mut driver) = first_hour(&STILL, &grid);
    driver.exchange.fill(0.0);
    let sides = Sides::uniform(&background, &grid);
    let mut simulation =
        Simulation::new(&grid, diagnosis.area(), driver.air_mass_start.clone(), background.state(&grid));
    // a cloud of particles in the layer from 600 to 1000 m, in air without vertical change of density
    let density = driver.density[[0, 9, 9]];
    for (z, mut layer) in driver.density.outer_iter_mut().enumerate() {
        layer.fill(density);
        let kg = density * 3000.0 * 3000.0 * grid.vertical.thickness_m(z) as f32;
        driver.air_mass_start.index_axis_mut(Axis(0), z).fill(kg);
        driver.air_mass_end.index_axis_mut(Axis(0), z).fill(kg);
    }
    for s in [Species::Coarse, Species::BlackCarbon] {
        simulation.state.index_axis_mut(Axis(0), s.index()).fill(0.0);
        simulation.state.index_axis_mut(Axis(0), s.index()).index_axis_mut(Axis(0), 6).fill(1e-8);
    }
    let before = centre_of_mass(&simulation.state, Species::Coarse);
    simulation.hour(&driver, &EmissionField::new(&grid, 1), &sides).unwrap();
    let sunk = before - centre_of_mass(&simulation.state, Species::Coarse);
    // upwind from one layer into the next: their centres are 325 m apart where the interface is crossed with 400 m behind it
    let speed = f64::from(driver.settling_velocity);
    let exact = speed * 3600.0 * 325.0 / 400.0;
    assert!(speed > 1e-4 && (sunk / exact - 1.0).abs() < 0.02, "{sunk} for {exact}");
    assert!((centre_of_mass(&simulation.state, Species::BlackCarbon) - before).abs() < 1e-3, "fine particles stay");
}

/// An hour of 5 m/s from one side (west, east, south, north), which brings 1e-7 of elemental carbon into air with 1e-8; there is 5e-7 beyond the other
/// sides. Share of the new air by distance from the side in the middle of a layer, and the kilograms that came in.
fn blown_in(grid: &Grid, from: usize) -> (Vec<f32>, f64) {
    let background = background(grid);
    let (diagnosis, mut driver) = first_hour(&STILL, grid);
    driver.exchange.fill(0.0);
    let along = if from < 2 { &mut driver.flux_x } else { &mut driver.flux_y };
    for z in 0..grid.vertical.layers() {
        let kg = 1.3 * 3000.0 * 3000.0 * grid.vertical.thickness_m(z) as f32;
        driver.air_mass_start.index_axis_mut(Axis(0), z).fill(kg);
        driver.air_mass_end.index_axis_mut(Axis(0), z).fill(kg);
        along.index_axis_mut(Axis(0), z).fill(kg * 5.0 / 3000.0 * if from.is_multiple_of(2) { 1.0 } else { -1.0 });
    }
    let mut sides = Sides::uniform(&background, grid);
    let s = Species::BlackCarbon.index();
    for (i, side) in [&mut sides.west, &mut sides.east, &mut sides.south, &mut sides.north].into_iter().enumerate() {
        side.index_axis_mut(Axis(0), s).fill(if i == from { 1e-7 } else { 5e-7 });
    }
    let (mass, state) = (driver.air_mass_start.clone(), background.state(grid));
    let mut simulation = Simulation::new(grid, diagnosis.area(), mass, state);
    simulation.hour(&driver, &EmissionField::new(grid, 1), &sides).unwrap();
    let ledger = simulation.books.clone().close(&simulation.state, simulation.mass(), 0.0);
    assert!(ledger.largest_relative_residual < 3e-7);
    let layer = simulation.state.index_axis(Axis(0), s);
    let layer = layer.index_axis(Axis(0), 7);
    let mut line = if from < 2 { layer.row(9).to_vec() } else { layer.column(10).to_vec() };
    if from % 2 == 1 {
        line.reverse();
    }
    (line.into_iter().map(|q| (q - 1e-8) / 9e-8).collect(), ledger.species[s].inflow_kg)
}

/// After an hour of 5 m/s a front has come 18 km, which are six cells, from whichever side; what lies beyond the other sides is not felt.
#[test]
fn air_from_each_side_arrives_with_the_wind_and_the_other_sides_are_not_felt() {
    let grid = grid();
    let (from_west, _) = blown_in(&grid, 0);
    assert!(from_west[2] > 0.98 && from_west[9] < 0.02, "{from_west:?}");
    for from in 0..4 {
        let (line, inflow) = blown_in(&grid, from);
        let arrived: f32 = line.iter().sum();
        assert!((arrived - 6.0).abs() < 0.02, "side {from}: {arrived} cells for 6");
        let last = line[line.len() - 1];
        assert!(last.abs() < 1e-5, "side {from}: {last} where the air leaves");
        for (a, b) in line.iter().zip(&from_west).take(12) {
            assert!((a - b).abs() < 1e-5, "side {from}: {line:?} for {from_west:?}");
        }
        let length = if from < 2 { 18.0 } else { 21.0 } * 3000.0;
        let exact = 1e-7 * 1.3 * 5.0 * 3600.0 * length * 3000.0;
        assert!((inflow / exact - 1.0).abs() < 1e-5, "side {from}: {inflow} kg for {exact}");
    }
}

#[test]
fn strong_convergence_asks_for_more_steps() {
    let grid = grid();
    let nothing = EmissionField::new(&grid, 1);
    assert_eq!(run(&grid, &STILL, &nothing, 1).steps, 12);
    assert!(run(&grid, &Weather { wind_m_s: 120.0, ..WINDY }, &nothing, 1).steps > 12);
}

/// More air than the second layer holds sinks through it in one step: sub-steps keep a cloud in it between zero and one.
#[test]
fn air_that_sinks_through_a_thin_layer_in_one_step_makes_no_new_extremes() {
    let grid = grid();
    let background = Background { mixing_ratio: vec![vec![0.0; grid.vertical.layers()]; Species::COUNT] };
    let (diagnosis, mut driver) = first_hour(&STILL, &grid);
    driver.exchange.fill(0.0);
    driver.descent.fill(0.0);
    driver.deposition_velocity.fill(0.0);
    driver.settling_velocity = 0.0;
    let thickness: Vec<f64> = (0..grid.vertical.layers()).map(|k| grid.vertical.thickness_m(k)).collect();
    let (nothing, area, sides) = (EmissionField::new(&grid, 1), diagnosis.area(), Sides::uniform(&background, &grid));
    let columns = Columns {
        grid: &grid,
        coefficients: &LayerCoefficients::new(&thickness),
        top: &sides.top,
        driver: &driver,
        emission: &HourEmission::new(&nothing),
        washout: None,
        area: &area,
        dt: 300.0,
    };
    let mut mass = Array3::from_shape_fn(driver.density.dim(), |(z, ..)| thickness[z] as f32);
    let mut target = mass.clone();
    target.index_axis_mut(Axis(0), 0).fill(60.0);
    target.index_axis_mut(Axis(0), 6).mapv_inplace(|m| m - 40.0);
    let mut state = background.state(&grid);
    state.index_axis_mut(Axis(1), 1).fill(1.0);
    let held = |q: &Array4<f32>, m: &Array3<f32>| {
        (0..thickness.len()).map(|z| f64::from(q[[0, z, 5, 5]]) * f64::from(m[[z, 5, 5]])).sum::<f64>()
    };
    let before = held(&state, &mass);
    columns.advance(&mut state, &mut mass, &target, &mut ColumnRows::new(grid.shape()));
    assert!(
        state.iter().all(|q| (-1e-6..=1.0 + 1e-6).contains(q)),
        "{}",
        state.index_axis(Axis(3), 5).index_axis(Axis(2), 5)
    );
    assert!((held(&state, &mass) / before - 1.0).abs() < 1e-6);
}

/// Rounding below zero is set to zero, and what that adds is booked: 2e-9 of 50 kg and 1e-9 of 30 kg.
#[test]
fn negative_values_become_zero_and_are_booked() {
    let mass = Array3::from_shape_vec((1, 1, 3), vec![50.0f32, 30.0, 20.0]).unwrap();
    let mut state = Array4::from_shape_vec((2, 1, 1, 3), vec![-2e-9f32, -1e-9, 4.0, 1.0, 0.0, -3e-9]).unwrap();
    let added = clip_negative(&mut state, &mass).unwrap();
    assert_eq!(state.as_slice().unwrap(), &[0.0, 0.0, 4.0, 1.0, 0.0, 0.0]);
    assert!((added[0] - 1.3e-7).abs() < 1e-13 && (added[1] - 6e-8).abs() < 1e-13, "{added:?}");
    for value in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        state[[1, 0, 0, 2]] = value;
        assert_eq!(clip_negative(&mut state, &mass), Err(5), "{value}");
    }
}

/// Only one row oxidises: half of its SO2 becomes sulphate, 96.06 / 64.066 of the mass, and nothing changes beside it.
#[test]
fn every_cell_reacts_at_its_own_rates() {
    let still = pm_lite::Fractions { sulfur: 0.0, nitrogen: 0.0, organic: 0.0, nitrate_product: 0.0 };
    let (nz, ny, nx) = (2, 3, 4);
    let mut fractions = vec![still; nz * ny * nx];
    fractions[(ny + 1) * nx + 2].sulfur = 0.5;
    let mut state = Array4::zeros((Species::COUNT, nz, ny, nx));
    state.index_axis_mut(Axis(0), Species::So2.index()).fill(2e-8f32);
    let mass = Array3::from_elem((nz, ny, nx), 10.0f32);
    let produced = react(&mut state, &mass, &fractions);
    for ((z, y, x), q) in state.index_axis(Axis(0), Species::So2.index()).indexed_iter() {
        assert_eq!(*q, if (z, y, x) == (1, 1, 2) { 1e-8 } else { 2e-8 }, "{z} {y} {x}");
    }
    let sulphate = produced[Species::Sulfate.index()];
    assert!((produced[Species::So2.index()] + 1e-7).abs() < 1e-13, "{produced:?}");
    assert!((sulphate / 1e-7 - 96.06 / 64.066).abs() < 1e-5, "{sulphate}");
}

/// The books of chemistry follow the species that are said to change: no other one does.
#[test]
fn chemistry_changes_the_species_that_it_says() {
    let moving = pm_lite::Fractions { sulfur: 0.1, nitrogen: 0.1, organic: 0.1, nitrate_product: 1e-3 };
    let before = Array4::from_elem((Species::COUNT, 1, 1, 16), 2e-8f32);
    let mut after = before.clone();
    let mass = Array3::from_elem((1, 1, 16), 10.0f32);
    let produced = react(&mut after, &mass, &[moving; 16]);
    for s in Species::ALL {
        let (moved, gained) = (after[[s.index(), 0, 0, 3]] != before[[s.index(), 0, 0, 3]], produced[s.index()] != 0.0);
        assert_eq!((moved, gained), (pm_lite::CHANGED.contains(&s), pm_lite::CHANGED.contains(&s)), "{s:?}");
    }
}

/// The order of processes turns with the steps: a checkpoint keeps their number, and the books.
#[test]
fn a_checkpoint_keeps_the_turn_and_the_books() {
    let grid = grid();
    let background = background(&grid);
    let (diagnosis, driver) = first_hour(&WINDY, &grid);
    let (sides, emission) = (Sides::uniform(&background, &grid), towns(&grid, 2));
    let begin = || Simulation::new(&grid, diagnosis.area(), driver.air_mass_start.clone(), background.state(&grid));
    let (mut whole, mut resumed) = (begin(), begin());
    whole.hour(&driver, &emission, &sides).unwrap();
    let mut snapshot = Snapshot::new(1);
    whole.save(&mut snapshot);
    resumed.restore(&mut snapshot.contents());
    assert_eq!((resumed.steps(), resumed.hours), (whole.steps(), 1));
    let ledger = |s: &Simulation| s.books.clone().close(&s.state, s.mass(), 0.0);
    assert_eq!(ledger(&resumed), ledger(&whole));
    assert_eq!(resumed.state, whole.state);
}

/// Air that sinks in through the top brings what lies above each cell, and the books hold it.
#[test]
fn each_cell_takes_its_own_air_in_through_the_top() {
    let grid = grid();
    let background = background(&grid);
    let (diagnosis, mut driver) = first_hour(&STILL, &grid);
    driver.exchange.fill(0.0);
    driver.descent.fill(0.0);
    let (_, ny, nx) = grid.shape();
    let top_layer = grid.vertical.layers() - 1;
    for z in 0..=top_layer {
        let kg = 1.3 * 3000.0 * 3000.0 * grid.vertical.thickness_m(z) as f32;
        driver.air_mass_start.index_axis_mut(Axis(0), z).fill(kg);
        // the top layer alone takes in a tenth of its air
        driver.air_mass_end.index_axis_mut(Axis(0), z).fill(if z == top_layer { 1.1 * kg } else { kg });
    }
    driver.flux_x.fill(0.0);
    driver.flux_y.fill(0.0);
    let s = Species::BlackCarbon.index();
    let above = |y: usize, x: usize| 1e-9 * (1 + y * nx + x) as f32;
    let mut sides = Sides::uniform(&background, &grid);
    sides.top.index_axis_mut(Axis(0), s).indexed_iter_mut().for_each(|((y, x), q)| *q = above(y, x));
    let mut state = background.state(&grid);
    state.index_axis_mut(Axis(0), s).fill(0.0);
    let mut columns = Simulation::new(&grid, diagnosis.area(), driver.air_mass_start.clone(), state);
    columns.hour(&driver, &EmissionField::new(&grid, 1), &sides).unwrap();
    let entered = 0.1 * 1.3 * 9e6 * grid.vertical.thickness_m(top_layer);
    let ledger = columns.books.clone().close(&columns.state, columns.mass(), 0.0);
    let exact: f64 = (0..ny * nx).map(|c| entered * f64::from(above(c / nx, c % nx))).sum();
    let found = ledger.species[s].inflow_kg;
    assert!((found / exact - 1.0).abs() < 1e-4, "{found} kg for {exact}");
    // 0.1 of new air in 1.1
    for (y, x) in [(0, 0), (9, 10), (ny - 1, nx - 1), (0, nx - 1)] {
        let (q, e) = (columns.state[[s, top_layer, y, x]], above(y, x) / 11.0);
        assert!((q / e - 1.0).abs() < 0.03, "{y} {x}: {q} for {e}");
    }
}

#[test]
fn the_mean_of_two_times_of_the_sides_lies_between_them() {
    let grid = grid();
    let with = |value: f32| Background { mixing_ratio: vec![vec![value; grid.vertical.layers()]; Species::COUNT] };
    let mean = Sides::uniform(&with(1.0), &grid).mean(&Sides::uniform(&with(3.0), &grid));
    assert_eq!(mean, Sides::uniform(&with(2.0), &grid));
}
