//! The identity `<A x, y> = <x, A' y>` of every linear kernel on numbers drawn at random, in the precision of `Real`.

use super::Real;
use super::advection_adjoint::{HALO, HALO_MASS, Sweep, move_air};
use super::conversion_adjoint::{
    Answer, InorganicRow, convert, convert_transposed, decay, partition, partition_transposed,
};
use super::horizontal_diffusion_adjoint::{spread, spread_transposed};
use super::sedimentation_adjoint::{settle, settle_transposed};
use super::vertical_advection::LayerCoefficients;
use super::vertical_advection_adjoint::set_sweep;
use super::vertical_diffusion_adjoint::{ColumnFactors, mix, mix_transposed};

/// Cells of the slab, and layers and width of the columns.
const NX: usize = 23;
const NY: usize = 17;
const WIDTH: usize = NX + 2 * HALO;
const LAYERS: usize = 12;

/// Numbers from a linear congruential generator (Knuth 1998, MMIX).
struct Draw(u64);

impl Draw {
    /// Even between `low` and `high`.
    fn between(&mut self, low: Real, high: Real) -> Real {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        low + (high - low) * ((self.0 >> 40) as Real / (1u64 << 24) as Real)
    }

    fn some(&mut self, n: usize, low: Real, high: Real) -> Vec<Real> {
        (0..n).map(|_| self.between(low, high)).collect()
    }
}

fn dot(a: &[Real], b: &[Real]) -> f64 {
    a.iter().zip(b).map(|(a, b)| *a as f64 * *b as f64).sum()
}

/// Relative difference of the two sides, `x` and `y` drawn and `forward` and `transposed` applied to them.
fn mismatch(
    draw: &mut Draw,
    n: usize,
    mut forward: impl FnMut(&mut [Real]),
    mut transposed: impl FnMut(&mut [Real]),
) -> f64 {
    // positive as mixing ratios and sensitivities are, so that the sums do not cancel
    let (x, y) = (draw.some(n, 0.0, 1.0), draw.some(n, 0.0, 1.0));
    let (mut ax, mut ay) = (x.clone(), y.clone());
    forward(&mut ax);
    transposed(&mut ay);
    let (left, right) = (dot(&ax, &y), dot(&x, &ay));
    (left - right).abs() / left.abs().max(right.abs())
}

/// Every kernel with its mismatch.
pub fn mismatches() -> Vec<(&'static str, f64)> {
    let draw = &mut Draw(20_260_115);
    vec![
        ("sweep along x", horizontal(draw, 1)),
        ("sweep along y", horizontal(draw, WIDTH)),
        ("horizontal diffusion", diffusion(draw)),
        ("vertical advection", vertical(draw)),
        ("local mixing", mixing(draw, false)),
        ("mixing with updrafts", mixing(draw, true)),
        ("emission", emission(draw)),
        ("settling", settling(draw)),
        ("conversion", conversion(draw)),
        ("partitioning", partitioning(draw)),
    ]
}

/// Two sweeps of a slab in random winds, the second in the air that the first leaves; halo cells hold nothing.
fn horizontal(draw: &mut Draw, s: usize) -> f64 {
    let n = WIDTH * (NY + 2 * HALO);
    let cell = |i: usize| (HALO..HALO + NX).contains(&(i % WIDTH)) && (HALO..HALO + NY).contains(&(i / WIDTH));
    let mass: Vec<Real> = (0..n).map(|i| if cell(i) { draw.between(3.0, 5.0) } else { HALO_MASS }).collect();
    let face = |i: usize| cell(i) || cell(i - s);
    let flux: Vec<Real> = (0..n).map(|i| if i >= s && face(i) { draw.between(-0.6, 0.6) } else { 0.0 }).collect();
    let rows = if s == 1 { HALO * WIDTH..(HALO + NY) * WIDTH } else { 0..n };
    let (lines, cells) = if s == 1 { (NY, NX) } else { (NX, NY) };
    let set = |mass: &[Real]| {
        let flux = &flux[rows.clone()];
        let mut sweep = Sweep::new(n);
        sweep.set_flow(mass, flux, s);
        sweep.set_fifth_order(mass, flux, s);
        for line in 0..lines {
            let first = if s == 1 { line * WIDTH + HALO } else { HALO * WIDTH + HALO + line };
            let last = first + cells * s;
            sweep.close_first(first, flux[first] > 0.0);
            sweep.close_last(last, flux[last] < 0.0);
        }
        sweep
    };
    let mut mass = mass[rows.clone()].to_vec();
    let first = set(&mass);
    move_air(&mut mass, &flux[rows.clone()], s);
    let second = set(&mass);
    let inside = |v: &mut [Real]| v.iter_mut().enumerate().filter(|(i, _)| !cell(*i)).for_each(|(_, v)| *v = 0.0);
    let mut work = vec![0.0; n];
    let mut work_back = vec![0.0; n];
    let span = rows.len();
    mismatch(
        draw,
        n,
        |q| {
            inside(q);
            for sweep in [&first, &second] {
                sweep.forward(&mut q[rows.clone()], &mut work[..span]);
                inside(q);
            }
        },
        |a| {
            inside(a);
            second.transposed(&mut a[rows.clone()], &mut work_back[..span]);
            first.transposed(&mut a[rows.clone()], &mut work_back[..span]);
        },
    )
}

fn diffusion(draw: &mut Draw) -> f64 {
    let n = NX * NY;
    let (mass, x, y) = (draw.some(n, 3.0, 5.0), draw.some(n, 0.0, 0.4), draw.some(n, 0.0, 0.4));
    let exchange = [x.as_slice(), y.as_slice()];
    let (mut work, mut work_back, mut per_mass) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
    mismatch(
        draw,
        n,
        |q| spread(q, &mass, exchange, NX, &mut work),
        |a| spread_transposed(a, &mass, exchange, NX, &mut work_back, &mut per_mass),
    )
}

fn vertical(draw: &mut Draw) -> f64 {
    let thickness: Vec<f64> = (0..LAYERS).map(|k| 20.0 * 1.3f64.powi(k as i32)).collect();
    let edges: Vec<[Real; 4]> =
        LayerCoefficients::new(&thickness).unlimited_edges().iter().map(|e| e.map(|w| w as Real)).collect();
    let n = (LAYERS + 2 * HALO) * NX;
    let layer = |i: usize| (HALO * NX..(HALO + LAYERS) * NX).contains(&i);
    let mass: Vec<Real> = (0..n).map(|i| if layer(i) { draw.between(3.0, 5.0) } else { HALO_MASS }).collect();
    let open = |i: usize| ((HALO + 1) * NX..(HALO + LAYERS + 1) * NX).contains(&i);
    let flux: Vec<Real> = (0..n).map(|i| if open(i) { draw.between(-1.2, 1.2) } else { 0.0 }).collect();
    let mut sweep = Sweep::new(n);
    set_sweep(&mut sweep, &mass, &flux, &edges, NX);
    let inside = |v: &mut [Real]| v.iter_mut().enumerate().filter(|(i, _)| !layer(*i)).for_each(|(_, v)| *v = 0.0);
    let (mut work, mut work_back) = (vec![0.0; n], vec![0.0; n]);
    mismatch(
        draw,
        n,
        |q| {
            inside(q);
            sweep.forward(q, &mut work);
            inside(q);
        },
        |a| {
            inside(a);
            sweep.transposed(a, &mut work_back);
        },
    )
}

/// Columns from still to vigorous, with deposition.
struct Mixed {
    mass: Vec<Real>,
    exchange: Vec<Real>,
    descent: Vec<Real>,
    deposition: Vec<Real>,
    factors: ColumnFactors,
}

fn mixed(draw: &mut Draw, updrafts: bool) -> Mixed {
    let (n, inner) = (LAYERS * NX, (LAYERS - 1) * NX);
    let mass = draw.some(n, 1.0, 9.0);
    let exchange: Vec<Real> = (0..inner).map(|i| draw.between(0.0, 1.0) * [0.0, 0.1, 30.0][i % NX % 3]).collect();
    let reach = |i: usize| (8.0 - (i / NX) as Real).max(0.0);
    let descent = (0..inner).map(|i| if updrafts { [0.0, 0.3, 4.0][i % NX / 3 % 3] * reach(i) } else { 0.0 }).collect();
    let mut factors = ColumnFactors::new(LAYERS, NX);
    let descent: Vec<Real> = descent;
    factors.factorise(&mass, &exchange, &descent, NX);
    Mixed { deposition: draw.some(NX, 0.0, 2.0), mass, exchange, descent, factors }
}

fn mixing(draw: &mut Draw, updrafts: bool) -> f64 {
    let m = mixed(draw, updrafts);
    let streams = (m.exchange.as_slice(), m.descent.as_slice());
    let mut to_emitted = vec![0.0; LAYERS * NX];
    mismatch(
        draw,
        LAYERS * NX,
        |q| mix(q, &m.mass, &m.factors, streams, &[], &m.deposition, NX),
        |a| mix_transposed(a, &mut to_emitted, &m.mass, &m.factors, streams, &m.deposition, NX),
    )
}

/// From emitted mass to mixing ratio.
fn emission(draw: &mut Draw) -> f64 {
    let m = mixed(draw, true);
    let streams = (m.exchange.as_slice(), m.descent.as_slice());
    let mut to_emitted = vec![0.0; LAYERS * NX];
    mismatch(
        draw,
        LAYERS * NX,
        |s| {
            let mut q = vec![0.0; LAYERS * NX];
            mix(&mut q, &m.mass, &m.factors, streams, s, &m.deposition, NX);
            s.copy_from_slice(&q);
        },
        |a| {
            mix_transposed(a, &mut to_emitted, &m.mass, &m.factors, streams, &m.deposition, NX);
            a.copy_from_slice(&to_emitted);
        },
    )
}

fn settling(draw: &mut Draw) -> f64 {
    let n = LAYERS * NX;
    let (mass, falling) = (draw.some(n, 3.0, 5.0), draw.some(n, 0.0, 2.0));
    mismatch(draw, n, |q| settle(q, &mass, &falling, NX), |a| settle_transposed(a, &mass, &falling, NX))
}

/// One half converts into the other, and what is left decays.
fn conversion(draw: &mut Draw) -> f64 {
    let share = draw.some(NX, 0.0, 1.0);
    mismatch(
        draw,
        2 * NX,
        |q| {
            let (from, to) = q.split_at_mut(NX);
            convert(from, to, &share, 1.5);
            decay(from, &share);
        },
        |a| {
            let (from, to) = a.split_at_mut(NX);
            decay(from, &share);
            convert_transposed(from, to, &share, 1.5);
        },
    )
}

/// Cells of every answer in turn.
fn partitioning(draw: &mut Draw) -> f64 {
    let share = draw.some(NX, 0.0, 1.0);
    let answer = |i: usize| match i % 4 {
        0 | 1 => Answer::Saturated { share: share[i] },
        2 => Answer::Unsaturated,
        _ => Answer::Acid,
    };
    let masses = [0.096, 0.017, 0.018, 0.063, 0.062];
    let row = |q: &mut [Real], act: &dyn Fn(&mut InorganicRow)| {
        let mut parts = q.chunks_exact_mut(NX);
        let mut next = || parts.next().expect("five parts");
        let (sulfate, ammonia, ammonium) = (next(), next(), next());
        act(&mut InorganicRow { sulfate, ammonia, ammonium, nitric_acid: next(), nitrate: next() });
    };
    mismatch(
        draw,
        5 * NX,
        |q| row(q, &|row| partition(row, answer, &masses)),
        |a| row(a, &|row| partition_transposed(row, answer, &masses)),
    )
}
