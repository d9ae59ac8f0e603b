//! The core's kernels beside a STREAM-like triad measured in the same run, and the whole step; `hazecast bench` prints the same as a table.
//!
//! `cargo bench --bench kernels` prints items per second: values for the triad, cells for kernels, cells times species for the whole step. The
//! slab has the size of one (species, layer) of `yanbian-9km`, the step that of `demo`.

use chrono::{TimeZone, Utc};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use hazecast::domain::grid::Grid;
use hazecast::domain::species::Species;
use hazecast::physics::vertical_advection::{LayerCoefficients, Lift, advance};
use hazecast::physics::vertical_diffusion::{MixingFactors, mix};
use hazecast::setup::grids::GridSetups;
use hazecast::setup::library::Library;
use hazecast::simulation::boundary::{BackgroundProfiles, Sides};
use hazecast::simulation::diagnose::Diagnosis;
use hazecast::simulation::horizontal::HorizontalFluxes;
use hazecast::simulation::meteorology::Meteorology;
use hazecast::simulation::step::Simulation;
use hazecast::simulation::synthetic::{Weather, towns};
use ndarray::{Array3, Array4};

const NX: usize = 100;
const NY: usize = 96;
const LAYERS: usize = 20;
/// Columns of a block.
const WIDTH: usize = 96;

fn main() {
    divan::main();
}

/// a = b + s c over arrays that no cache holds.
#[divan::bench]
fn triad(bencher: Bencher) {
    let n = 1 << 24;
    let (mut a, b, c) = (vec![0.0f32; n], vec![1.0f32; n], vec![2.0f32; n]);
    bencher.counter(ItemsCount::new(n)).bench_local(|| {
        for ((a, b), c) in a.iter_mut().zip(&b).zip(&c) {
            *a = b + 3.0 * c;
        }
        black_box(&mut a);
    });
}

/// x and y sweep of one layer, all species; items are cells times species.
#[divan::bench]
fn horizontal_advection(bencher: Bencher) {
    let species = Species::COUNT;
    let mut state = Array4::from_shape_fn((species, 1, NY, NX), |(s, _, y, x)| 1.0 + ((s + y * x) as f32 * 0.01).sin());
    let sides = Sides {
        west: Array3::ones((species, 1, NY)),
        east: Array3::ones((species, 1, NY)),
        south: Array3::ones((species, 1, NX)),
        north: Array3::ones((species, 1, NX)),
        top: Array3::ones((species, NY, NX)),
    };
    let mut mass = Array3::ones((1, NY, NX));
    let (flux_x, flux_y) = (Array3::from_elem((1, NY, NX + 1), 0.3f32), Array3::from_elem((1, NY + 1, NX), 0.2f32));
    let mut fluxes = HorizontalFluxes::new(flux_x.view(), flux_y.view(), mass.view(), 1.0);
    let mut y_first = false;
    bencher.counter(ItemsCount::new(NX * NY * species)).bench_local(|| {
        y_first = !y_first;
        black_box(fluxes.advance(&mut state, &mut mass, &sides, y_first));
    });
}

fn row() -> Vec<f32> {
    (0..LAYERS * WIDTH).map(|i| 1.0 + (i as f32 * 0.01).sin()).collect()
}

#[divan::bench]
fn vertical_advection(bencher: Bencher) {
    let thickness: Vec<f64> = (0..LAYERS).map(|k| 20.0 * 1.25f64.powi(k as i32)).collect();
    let coefficients = LayerCoefficients::new(&thickness);
    let (mass, flux) = (vec![1e6f32; LAYERS * WIDTH], vec![1e4f32; (LAYERS + 1) * WIDTH]);
    let (mut q, mut lift, top) = (row(), Lift::new(LAYERS, WIDTH), vec![1.0f32; WIDTH]);
    lift.prepare(&mut mass.clone(), &flux, 1.0, WIDTH);
    bencher.counter(ItemsCount::new(LAYERS * WIDTH)).bench_local(|| {
        advance(&mut q, &lift, &top, WIDTH, &coefficients);
        black_box(&mut q);
    });
}

#[divan::bench]
fn vertical_mixing(bencher: Bencher) {
    let n = LAYERS * WIDTH;
    let mass = vec![1e6f32; n];
    let exchange = vec![5e5f32; n - WIDTH];
    let mut factors = MixingFactors::new(LAYERS, WIDTH);
    factors.factorise(&mass, &exchange, WIDTH);
    let mut q = row();
    let (emitted, deposition) = (vec![1.0f32; 2 * WIDTH], vec![10.0f32; WIDTH]);
    bencher.counter(ItemsCount::new(n)).bench_local(|| {
        black_box(mix(&mut q, &mass, &factors, &emitted, &deposition, WIDTH));
    });
}

/// An hour of twelve steps; items are cells times species times steps.
#[divan::bench]
fn whole_step(bencher: Bencher) {
    let mut library = Library::new(None);
    let setups = library.read("models/grids.toml", GridSetups::from_toml).expect("built in");
    let profiles = library.read("models/boundary.toml", BackgroundProfiles::from_toml).expect("built in");
    let grid: Grid = setups.grid("demo", &[]).expect("built in");
    let start = Utc.with_ymd_and_hms(2026, 1, 15, 0, 0, 0).single().expect("an existing instant");
    let fields = Weather::WINTER.fields(&grid, start, 1);
    let diagnosis = Diagnosis::new(&grid, setups.surface);
    let mut meteorology = Meteorology::new(&fields, &grid, false).expect("fields on the grid itself");
    let driver = diagnosis.hour(&mut meteorology, start).expect("an hour of fields");
    let (emission, background) = (towns(&grid, 5), profiles.on(start, &grid.vertical));
    let (sides, state) = (Sides::uniform(&background, &grid), background.state(&grid));
    let mass = driver.air_mass_start.clone();
    let mut simulation = Simulation::new(&grid, diagnosis.area(), mass, state);
    let (nz, ny, nx) = grid.shape();
    bencher.counter(ItemsCount::new(12 * nz * ny * nx * Species::COUNT)).bench_local(|| {
        black_box(simulation.hour(&driver, &emission, &sides).expect("a winter day"));
    });
}
