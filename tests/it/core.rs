//! The numeric core as a whole: conservation and uniformity in real winds, the same bytes on any number of threads, transport against exact
//! solutions.

use crate::real;
use crate::weather::AMOUNTS;
use hazecast::domain::grid::{Grid, HorizontalGrid, VerticalGrid};
use hazecast::domain::met_field::MetField;
use hazecast::domain::source::{Place, Sector, Source, Stack, Strength};
use hazecast::domain::species::Species;
use hazecast::domain::terrain::Terrain;
use hazecast::input::wrfout;
use hazecast::simulation::analysis::Analysing;
use hazecast::simulation::boundary::{BackgroundProfiles, Sides};
use hazecast::simulation::diagnose::SurfaceParameters;
use hazecast::simulation::emission::EmissionModel;
use hazecast::simulation::history::History;
use hazecast::simulation::horizontal::HorizontalFluxes;
use hazecast::simulation::run::{Outside, World, simulate};
use ndarray::{Array3, Array4};
use std::path::Path;

pub const STANDARD_M: [f64; 21] = [
    0.0, 20.0, 50.0, 90.0, 150.0, 230.0, 330.0, 460.0, 620.0, 820.0, 1070.0, 1380.0, 1760.0, 2230.0, 2810.0, 3530.0,
    4420.0, 5520.0, 6880.0, 8560.0, 10600.0,
];

fn point(id: &str, lon: f64, lat: f64, stack: Option<Stack>) -> Source {
    Source {
        id: id.into(),
        name: id.into(),
        sector: if stack.is_some() { Sector::Power } else { Sector::Residential },
        adcode: 0,
        place: Place::Point { lon, lat, stack },
        strength: Strength::Annual(AMOUNTS),
        changes: Vec::new(),
    }
}

fn run(met: &[MetField], horizontal: HorizontalGrid, sources: &[Source], hours: u32, frozen: bool) -> History {
    run_over(None, met, horizontal, sources, hours, frozen)
}

fn run_over(
    terrain: Option<&Terrain>,
    met: &[MetField],
    horizontal: HorizontalGrid,
    sources: &[Source],
    hours: u32,
    frozen: bool,
) -> History {
    let vertical = VerticalGrid::new(STANDARD_M.to_vec()).unwrap().below(met[0].top_m()).unwrap();
    let grid = Grid { name: "test".into(), horizontal, vertical };
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let text = |name: &str| std::fs::read_to_string(models.join(name)).unwrap();
    let emission = EmissionModel::from_toml(&text("emission.toml"), Path::new("emission.toml")).unwrap();
    let background = BackgroundProfiles::from_toml(&text("boundary.toml"), Path::new("boundary.toml"))
        .unwrap()
        .on(met[0].valid_time, &grid.vertical);
    let world = World {
        grid: &grid,
        background: &background,
        outside: Outside::Background,
        surface: SurfaceParameters { roughness_m: 0.3, minimum_diffusivity_m2_s: 0.1 },
        meteorology: met,
        terrain,
        frozen,
        perturbed: None,
        emission: &emission,
        weights: &[],
        start: met[0].valid_time,
        hours,
        analysing: Analysing::Off,
    };
    simulate(&world, sources, None, &|_, _| {}).unwrap().0
}

/// The cells that a moving nest covers at all times.
fn overlap(met: &[MetField]) -> HorizontalGrid {
    met.iter().try_fold(met[0].grid.clone(), |g, m| g.overlap(&m.grid)).unwrap()
}

fn check(history: &History) {
    let ledger = &history.ledger;
    println!(
        "largest residual {:.2e}, tracer off by {:.2e}",
        ledger.largest_relative_residual, ledger.tracer_largest_deviation
    );
    for s in &ledger.species {
        println!(
            "{:14} start {:.4e} end {:.4e} emitted {:.3e} in {:.3e} out {:.3e} chem {:+.3e} dry {:.3e} wet {:.3e} clip {:.1e} residual {:.1e}",
            s.species,
            s.stored_start_kg,
            s.stored_end_kg,
            s.emitted_kg,
            s.inflow_kg,
            s.outflow_kg,
            s.chemistry_kg,
            s.dry_deposited_kg,
            s.wet_deposited_kg,
            s.clipped_kg,
            s.relative_residual
        );
    }
    assert!(ledger.largest_relative_residual < 1e-6);
    assert!(ledger.tracer_largest_deviation < 1e-5);
    for species in &ledger.species {
        assert!(species.stored_end_kg > 0.0 && species.stored_end_kg.is_finite(), "{species:?}");
    }
}

/// Hurricane winds of a real wrfout, three-hourly: the hardest flow at hand.
#[test]
fn real_hurricane_winds_close_the_ledger_and_keep_the_tracer_uniform() {
    let Some(path) = real("met/wrf/ci_test_file.nc") else { return };
    let met = wrfout::read(&path).unwrap();
    let stack = Stack { height_m: 120.0, diameter_m: 4.0, temperature_k: 400.0, velocity_m_s: 15.0 };
    let sources = [point("a", -90.0, 23.5, None), point("b", -88.7, 24.5, Some(stack))];
    let history = run(&met, overlap(&met), &sources, 9, false);
    check(&history);
    let of = |s: Species| &history.ledger.species[s.index()];
    assert!(of(Species::Sulfate).wet_deposited_kg > 0.0, "a hurricane rains");
    assert_eq!(of(Species::Co).wet_deposited_kg, 0.0);
    let emitted = of(Species::BlackCarbon);
    assert!(emitted.emitted_kg > 0.0);
    for field in [&history.concentrations.pm25_ug_m3, &history.concentrations.co_mg_m3] {
        assert!(field.as_ref().unwrap().iter().all(|v| v.is_finite() && *v >= 0.0));
    }
}

/// Steep islands set under the hurricane: the winds change, the air and the books close as before.
#[test]
fn winds_over_made_mountains_close_the_ledger_and_keep_the_tracer_uniform() {
    let Some(path) = real("met/wrf/ci_test_file.nc") else { return };
    let met = wrfout::read(&path).unwrap();
    let grid = HorizontalGrid::new("+proj=latlong +R=6370000", (400, 400), (-92.0, 20.0), (0.02, 0.02)).unwrap();
    let islands = |(lon, lat): (f64, f64)| (800.0 * (20.0 * lon).sin() * (23.0 * lat).cos()).max(0.0) as f32;
    let terrain = Terrain { height_m: grid.centres().into_iter().map(islands).collect(), grid };
    let sources = [point("a", -90.0, 23.5, None)];
    let run = |terrain: Option<&Terrain>| run_over(terrain, &met, overlap(&met), &sources, 2, false);
    let (over, plain) = (run(Some(&terrain)), run(None));
    check(&over);
    assert_eq!(plain.terrain_winds, None);
    let report = over.terrain_winds.unwrap();
    println!("{report:?}");
    assert_eq!(report.hours, 2);
    assert!(report.before.rms_worst_per_s > 1e-5 && report.surface_wind_change_mean_m_s > 0.05);
    assert!(report.after.rms_worst_per_s < 1e-4 * report.before.rms_worst_per_s);
    assert!(report.after.largest_per_s < 1e-4 * report.before.largest_per_s);
    assert!(report.after.largest_of_columns_per_s < 1e-4 * report.before.largest_of_columns_per_s);
    assert_ne!(over.concentrations.pm25_ug_m3, plain.concentrations.pm25_ug_m3);
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let Some(path) = real("met/wrf/ci_test_file.nc") else { return };
    let met = wrfout::read(&path).unwrap();
    let sources = [point("a", -90.0, 23.5, None)];
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let history = pool.install(|| run(&met, overlap(&met), &sources, 2, false));
        let bits: Vec<u32> = history.concentrations.pm25_ug_m3.unwrap().iter().map(|v| v.to_bits()).collect();
        (bits, history.ledger)
    };
    let one = on(1);
    assert_eq!(one, on(2));
    assert_eq!(one, on(5));
}

/// Solid-body rotation of a smooth bell: after one turn it is where it was; the error falls at second order or faster.
#[test]
fn rotation_of_a_bell_converges() {
    let error = |n: usize| {
        let h = 1.0 / n as f64;
        let psi = |x: f64, y: f64| -std::f64::consts::PI * ((x - 0.5).powi(2) + (y - 0.5).powi(2));
        let corner = |i: usize| i as f64 * h;
        // mass fluxes from the stream function are free of divergence to rounding; air mass per cell is h^2
        let flux_x = Array3::from_shape_fn((1, n, n + 1), |(_, y, x)| {
            (-(psi(corner(x), corner(y + 1)) - psi(corner(x), corner(y)))) as f32
        });
        let flux_y = Array3::from_shape_fn((1, n + 1, n), |(_, y, x)| {
            (psi(corner(x + 1), corner(y)) - psi(corner(x), corner(y))) as f32
        });
        let mass = Array3::from_elem((1, n, n), (h * h) as f32);
        let bell = |x: f64, y: f64| (-((x - 0.5).powi(2) + (y - 0.75).powi(2)) / (2.0 * 0.06f64.powi(2))).exp();
        let centre = |i: usize| (i as f64 + 0.5) * h;
        let exact = Array4::from_shape_fn((1, 1, n, n), |(_, _, y, x)| bell(centre(x), centre(y)) as f32);
        let mut state = exact.clone();
        let steps = 1000 * n / 128;
        let mut fluxes = HorizontalFluxes::new(flux_x.view(), flux_y.view(), mass.view(), 1.0 / steps as f32);
        let side = || Array3::zeros((1, 1, n));
        let top = Array3::zeros((1, n, n));
        let sides = Sides { west: side(), east: side(), south: side(), north: side(), top };
        for step in 0..steps {
            let mut m = mass.clone();
            fluxes.advance(&mut state, &mut m, &sides, step % 2 == 1);
        }
        let (mut difference, mut norm, mut highest) = (0.0, 0.0, 0.0f32);
        for (a, b) in state.iter().zip(&exact) {
            difference += f64::from(a - b).powi(2);
            norm += f64::from(*b).powi(2);
            highest = highest.max(*a);
            assert!(*a >= -1e-6, "{a}");
        }
        assert!(highest <= 1.0 + 1e-5);
        (difference / norm).sqrt()
    };
    let (coarse, fine) = (error(64), error(128));
    println!("relative l2 of a rotated bell: N 64 {coarse:.4}, N 128 {fine:.4}, order {:.2}", (coarse / fine).log2());
    assert!((coarse / fine).log2() > 2.0, "{coarse} {fine}");
    // two operational models' monotone PPM: 0.0115 at N = 128
    assert!(fine < 0.0125, "{fine}");
}

/// Steady wind from each side in turn: in the end every row or column holds the air of its own side cell, and the books hold what came in.
#[test]
fn each_side_cell_brings_its_own_air() {
    let (nx, ny, steps) = (9, 7, 60);
    let along_y = |base: f32| Array3::from_shape_fn((1, 1, ny), |(_, _, y)| base + y as f32);
    let along_x = |base: f32| Array3::from_shape_fn((1, 1, nx), |(_, _, x)| base + x as f32);
    let top = Array3::zeros((1, ny, nx));
    let sides = Sides { west: along_y(10.0), east: along_y(30.0), south: along_x(50.0), north: along_x(70.0), top };
    let mass = Array3::from_elem((1, ny, nx), 1.0f32);
    for (name, (u, v), first) in [
        ("west", (0.5, 0.0), 10.0),
        ("east", (-0.5, 0.0), 30.0),
        ("south", (0.0, 0.5), 50.0),
        ("north", (0.0, -0.5), 70.0),
    ] {
        let (flux_x, flux_y) = (Array3::from_elem((1, ny, nx + 1), u), Array3::from_elem((1, ny + 1, nx), v));
        let mut fluxes = HorizontalFluxes::new(flux_x.view(), flux_y.view(), mass.view(), 1.0);
        let (mut state, mut came_in) = (Array4::<f32>::zeros((1, 1, ny, nx)), 0.0);
        for step in 0..steps {
            came_in += fluxes.advance(&mut state, &mut mass.clone(), &sides, step % 2 == 1)[0].0;
        }
        let of_cell = |y: usize, x: usize| first + if u != 0.0 { y as f32 } else { x as f32 };
        for ((_, _, y, x), value) in state.indexed_iter() {
            assert!((value - of_cell(y, x)).abs() < 1e-3, "{name} {y} {x}: {value}");
        }
        let side: f32 =
            if u != 0.0 { (0..ny).map(|y| of_cell(y, 0)).sum() } else { (0..nx).map(|x| of_cell(0, x)).sum() };
        assert!((came_in / (0.5 * f64::from(side) * f64::from(steps)) - 1.0).abs() < 1e-5, "{name} {came_in}");
    }
}
