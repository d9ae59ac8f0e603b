//! The core's kernels beside a STREAM-like triad measured in the same run: cells per second against what memory allows.
//!
//! `cargo bench` prints items (cells) per second; the slab has the size of one (species, layer) of `yanbian-9km`.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use hazecast::physics::advection::{HALO, SweepScratch, face_values, move_mass};
use hazecast::physics::horizontal_diffusion::spread;
use hazecast::physics::vertical_diffusion::{MixingFactors, mix};

const NX: usize = 100;
const NY: usize = 96;
const LAYERS: usize = 20;

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

fn sweep(bencher: Bencher, stride: usize) {
    let width = NX + 2 * HALO;
    let n = width * (NY + 2 * HALO);
    let mut q: Vec<f32> = (0..n).map(|i| 1.0 + (i as f32 * 0.01).sin()).collect();
    let mut mass = vec![1.0f32; n];
    let flux = vec![0.3f32; n];
    let mut scratch = SweepScratch::new(n);
    bencher.counter(ItemsCount::new(NX * NY)).bench_local(|| {
        face_values(&q, &mass, &flux, stride, &mut scratch);
        move_mass(&mut q, &mut mass, &flux, stride, &scratch);
        black_box(&mut q);
    });
}

#[divan::bench]
fn advection_along_x(bencher: Bencher) {
    sweep(bencher, 1);
}

#[divan::bench]
fn advection_along_y(bencher: Bencher) {
    sweep(bencher, NX + 2 * HALO);
}

fn mixing(bencher: Bencher, factors: &MixingFactors) {
    let n = LAYERS * NX;
    let mass = vec![1e6f32; n];
    let mut q: Vec<f32> = (0..n).map(|i| 1.0 + (i as f32 * 0.01).sin()).collect();
    let (emitted, deposition) = (vec![1.0f32; 2 * NX], vec![10.0f32; NX]);
    let (mut deposited, mut work) = (vec![0.0f64; NX], vec![0.0f32; n]);
    bencher.counter(ItemsCount::new(n)).bench_local(|| {
        mix(&mut q, &mass, factors, &emitted, &deposition, &mut deposited, &mut work, NX);
        black_box(&mut q);
    });
}

#[divan::bench]
fn vertical_mixing(bencher: Bencher) {
    let mut factors = MixingFactors::new(LAYERS, NX);
    factors.factorise(&vec![1e6; LAYERS * NX], &vec![5e5; (LAYERS - 1) * NX], NX);
    mixing(bencher, &factors);
}

#[divan::bench]
fn vertical_mixing_convective(bencher: Bencher) {
    let mut factors = MixingFactors::new(LAYERS, NX);
    let descent: Vec<f32> = (0..(LAYERS - 1) * NX).map(|i| 3e5 * (1.0 - (i / NX) as f32 / 9.0).max(0.0)).collect();
    factors.factorise_convective(&vec![1e6; LAYERS * NX], &vec![5e5; (LAYERS - 1) * NX], &descent, NX);
    mixing(bencher, &factors);
}

#[divan::bench]
fn horizontal_diffusion(bencher: Bencher) {
    let cells = NX * NY;
    let mut q: Vec<f32> = (0..cells).map(|i| 1.0 + (i as f32 * 0.01).sin()).collect();
    let (inverse_mass, exchange, mut work) = (vec![1e-9f32; cells], vec![1e7f32; cells], vec![0.0f32; 3 * NX]);
    bencher.counter(ItemsCount::new(cells)).bench_local(|| {
        spread(&mut q, &inverse_mass, &exchange, &exchange, NX, &mut work);
        black_box(&mut q);
    });
}
