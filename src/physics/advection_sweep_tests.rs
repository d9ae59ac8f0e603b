//! Sweeps of advection against what must hold for any field and any wind.

use super::*;
use proptest::prelude::*;

/// Values of cells `(x, y)`, halo included.
fn field(slab: Padded, value: impl Fn(i64, i64) -> f32) -> Aligned {
    let mut values = Aligned::new(slab.cells());
    for row in 0..slab.ny + 2 * HALO {
        for x in -(HALO as i64)..(slab.nx + HALO) as i64 {
            let cell = (slab.start(row) as i64 + x) as usize;
            values[cell] = value(x, row as i64 - HALO as i64);
        }
    }
    values
}

fn sweep(
    slab: Padded,
    along: Along,
    q: &Aligned,
    (mass, flux): (&[f32], &[f32]),
    open: bool,
) -> (Aligned, Aligned, (f64, f64)) {
    let (mut flow, mut after) = (Flow::new(slab, along), Aligned::new(slab.cells()));
    flow.prepare(mass, flux, &mut after);
    if open {
        flow.open_sides(flux);
    }
    let (from, mut to) = (std::slice::from_ref(q), [Aligned::new(slab.cells())]);
    let (mut rows, mut through) = (RowSpace::new(slab), [(0.0, 0.0)]);
    Sweep { slab, flow: &flow, flux, from, to: &mut to, rows: &mut rows, through: &mut through }.run();
    let [to] = to;
    (to, after, through[0])
}

/// A line of cells in a slab that varies along the sweep only: its layout, and the place of a cell of the slab on the line.
fn line(along: Along, n: usize) -> (Padded, impl Fn(i64, i64) -> i64) {
    let slab = if along == Along::X { Padded::new(n, 2) } else { Padded::new(19, n) };
    (slab, move |x, y| if along == Along::X { x } else { y })
}

/// Cells of the domain where the line is taken from.
fn of_line(along: Along, slab: Padded, n: usize, values: &[f32]) -> Vec<f32> {
    (0..n).map(|i| if along == Along::X { slab.row(1) + i } else { slab.row(i) + 17 }).map(|c| values[c]).collect()
}

/// Periodic advection with constant wind at Courant number `c`.
fn advect(along: Along, initial: &[f32], c: f32, steps: usize) -> Vec<f32> {
    let n = initial.len();
    let (slab, place) = line(along, n);
    let (mass, flux) = (field(slab, |_, _| 1.0), field(slab, |_, _| c));
    let mut q = initial.to_vec();
    for _ in 0..steps {
        let whole = field(slab, |x, y| q[place(x, y).rem_euclid(n as i64) as usize]);
        q = of_line(along, slab, n, &sweep(slab, along, &whole, (&mass, &flux), false).0);
    }
    q
}

/// Tracer mass of the domain [kg].
fn kg(slab: Padded, q: &[f32], mass: &[f32]) -> f64 {
    let cells = (0..slab.ny).flat_map(|y| slab.row(y)..slab.row(y) + slab.nx);
    cells.map(|c| f64::from(q[c]) * f64::from(mass[c])).sum()
}

fn l1(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from((a - b).abs())).sum::<f64>() / a.len() as f64
}

#[test]
fn converges_at_fourth_order_or_better_where_nothing_is_limited() {
    // the neighbours across are far below and above, so that no value is an extreme
    let error = |along: Along, n: usize| {
        let slab = if along == Along::X { Padded::new(n, 1) } else { Padded::new(1, n) };
        let wave = |i: usize| 1.0 + 0.5 * (2.0 * std::f64::consts::PI * (i as f64 + 0.5) / n as f64).sin() as f32;
        let start: Vec<f32> = (0..n).map(wave).collect();
        let (mass, flux) = (field(slab, |_, _| 1.0), field(slab, |_, _| 0.4));
        let mut q = start.clone();
        for _ in 0..n * 5 / 2 {
            let whole = field(slab, |x, y| {
                let (place, across) = if along == Along::X { (x, y) } else { (y, x) };
                match across {
                    0 => q[place.rem_euclid(n as i64) as usize],
                    1.. => 9.0,
                    _ => 0.0,
                }
            });
            let moved = sweep(slab, along, &whole, (&mass, &flux), false).0;
            q = (0..n).map(|i| moved[if along == Along::X { slab.row(0) + i } else { slab.row(i) }]).collect();
        }
        l1(&q, &start)
    };
    for along in [Along::X, Along::Y] {
        let (e8, e16, e32) = (error(along, 8), error(along, 16), error(along, 32));
        assert!((e8 / e16).log2() > 4.5 && (e16 / e32).log2() > 4.0, "{along:?} {e8:e} {e16:e} {e32:e}");
    }
}

#[test]
fn a_block_stays_a_block() {
    let square: Vec<f32> = (0..100).map(|i| if (30..50).contains(&i) { 1.0 } else { 0.0 }).collect();
    for along in [Along::X, Along::Y] {
        let out = advect(along, &square, 0.7, 1000);
        let sum: f64 = out.iter().map(|&v| f64::from(v)).sum();
        assert!((sum / 20.0 - 1.0).abs() < 1e-6, "{sum}");
        // seven turns later half of it lies above one half
        let above = out.iter().filter(|&&v| v > 0.5).count();
        assert!((19..=21).contains(&above), "{above}");
    }
}

#[test]
fn reversed_wind_mirrors_the_result() {
    let q: Vec<f32> = (0..60).map(|i| if i < 20 { i as f32 } else { 3.0 }).collect();
    let mirrored: Vec<f32> = q.iter().rev().copied().collect();
    for along in [Along::X, Along::Y] {
        let forward = advect(along, &q, 0.3, 37);
        let backward: Vec<f32> = advect(along, &mirrored, -0.3, 37).into_iter().rev().collect();
        assert!(l1(&forward, &backward) < 1e-6);
        assert!(l1(&forward, &q) > 0.1);
    }
}

#[test]
fn a_sweep_along_y_is_one_along_x_turned() {
    let (x_slab, y_slab) = (Padded::new(23, 37), Padded::new(37, 23));
    let value = |x: i64, y: i64| ((x * 7919 + y * 104_729).rem_euclid(1009)) as f32;
    let air = |x: i64, y: i64| 5.0 + ((x * 31 + y * 17).rem_euclid(13)) as f32;
    let wind = |x: i64, y: i64| ((x * 53 + y * 29).rem_euclid(17)) as f32 * 0.2 - 1.6;
    let along_x = sweep(x_slab, Along::X, &field(x_slab, value), (&field(x_slab, air), &field(x_slab, wind)), true);
    let along_y = sweep(
        y_slab,
        Along::Y,
        &field(y_slab, |x, y| value(y, x)),
        (&field(y_slab, |x, y| air(y, x)), &field(y_slab, |x, y| wind(y, x))),
        true,
    );
    for (x, y) in (0..23).flat_map(|x| (0..37).map(move |y| (x, y))) {
        let (a, b) = (x_slab.row(y) + x, y_slab.row(x) + y);
        assert_eq!((along_x.0[a], along_x.1[a]), (along_y.0[b], along_y.1[b]), "{x} {y}");
    }
    assert!((along_x.2.0 / along_y.2.0 - 1.0).abs() < 1e-12 && (along_x.2.1 / along_y.2.1 - 1.0).abs() < 1e-12);
}

#[test]
fn a_field_mirrored_across_the_sweep_gives_the_mirrored_result() {
    let (slab, n) = (Padded::new(23, 23), 22);
    let value = |x: i64, y: i64| ((x * 7919 + y * 104_729).rem_euclid(1009)) as f32;
    let mass = field(slab, |_, _| 1.0);
    for (along, (i, j)) in [(Along::X, (1, 0)), (Along::Y, (0, 1))] {
        let flux = field(slab, |x, y| ((x * i + y * j) * 53).rem_euclid(17) as f32 * 0.04 - 0.3);
        let moved = sweep(slab, along, &field(slab, value), (&mass, &flux), true).0;
        let mirrored = field(slab, |x, y| value(if i == 1 { x } else { n - x }, if j == 1 { y } else { n - y }));
        let mirrored = sweep(slab, along, &mirrored, (&mass, &flux), true).0;
        for (x, y) in (0..23).flat_map(|x| (0..23).map(move |y| (x, y))) {
            let (across_x, across_y) = if i == 1 { (x, 22 - y) } else { (22 - x, y) };
            assert_eq!(moved[slab.row(y) + x], mirrored[slab.row(across_y) + across_x], "{along:?} {x} {y}");
        }
    }
}

#[test]
fn open_sides_book_what_passes_them() {
    // air blows through from both ends to the middle, where it is taken away by the mass of the cells
    for (along, direction) in [(Along::X, 1.0f32), (Along::X, -1.0), (Along::Y, 1.0), (Along::Y, -1.0)] {
        let (slab, place) = line(along, 24);
        let q = field(slab, |x, y| match place(x, y) {
            i if i < 0 => 5.0,
            i if i >= 24 => 7.0,
            // so that what comes in is no extreme, which the bounds would keep
            1 | 22 => 9.0,
            i => 1.0 + i as f32 * 0.1,
        });
        let mass = field(slab, |_, _| 1.0);
        let flux = field(slab, |_, _| 0.3 * direction);
        let (moved, after, (came, went)) = sweep(slab, along, &q, (&mass, &flux), true);
        let lines = if along == Along::X { 2.0 } else { 19.0 };
        let outside = if direction > 0.0 { 5.0 } else { 7.0 };
        assert!((came / (lines * f64::from(0.3f32) * outside) - 1.0).abs() < 1e-6, "{along:?} {came}");
        let gained = kg(slab, &moved, &after) - kg(slab, &q, &mass);
        assert!((gained - (came - went)).abs() < 1e-4, "{along:?} {gained} {came} {went}");
        assert!(went > 0.0);
    }
}

proptest! {
    /// Whatever the values and the winds, with Courant numbers up to 0.8: no value outside the range of its neighbourhood, none below zero,
    /// and the tracer's mass is kept.
    #[test]
    fn nothing_leaves_its_range(
        values in prop::collection::vec(0.0f32..1.0, 21 * 18),
        spikes in prop::collection::vec(0usize..21 * 18, 12),
        shares in prop::collection::vec(-0.4f32..0.4, 21 * 18),
        masses in prop::collection::vec(0.2f32..5.0, 21 * 18),
        along_y in any::<bool>(),
    ) {
        let slab = Padded::new(21, 18);
        let mut values: Vec<f32> = values.iter().map(|v| if *v < 0.5 { 0.0 } else { *v }).collect();
        spikes.iter().for_each(|&i| values[i] = 50.0);
        let inside = |x: i64, y: i64| (y.clamp(0, 17) * 21 + x.clamp(0, 20)) as usize;
        let (along, dx, dy) = if along_y { (Along::Y, 0, 1) } else { (Along::X, 1, 0) };
        let q = field(slab, |x, y| values[inside(x, y)]);
        let mass = field(slab, |x, y| masses[inside(x, y)]);
        // closed sides
        let flux = field(slab, |x, y| {
            let (place, end) = if along_y { (y, 18) } else { (x, 21) };
            let lighter = masses[inside(x, y)].min(masses[inside(x - dx, y - dy)]);
            if (1..end).contains(&place) { shares[inside(x, y)] * lighter } else { 0.0 }
        });
        let (moved, after, through) = sweep(slab, along, &q, (&mass, &flux), true);
        prop_assert_eq!(through, (0.0, 0.0));
        for (x, y) in (0..21).flat_map(|x| (0..18).map(move |y| (x, y))) {
            let (mut low, mut high) = (f32::MAX, 0.0f32);
            for (i, j) in (-2..=2).flat_map(|i| (-1..=1).map(move |j| (i, j))) {
                let v = values[inside(x + i * dx + j * dy, y + i * dy + j * dx)];
                (low, high) = (low.min(v), high.max(v));
            }
            let c = slab.row(y as usize) + x as usize;
            prop_assert!(moved[c] >= low && moved[c] <= high * (1.0 + 1e-6), "{} {low} {high}", moved[c]);
        }
        let (before, now) = (kg(slab, &q, &mass), kg(slab, &moved, &after));
        prop_assert!((now / before - 1.0).abs() < 2e-6, "{before} {now}");
    }
}

/// Values that rounding left below zero stay what they are, traces: their neighbours give no more than they have, and no mass is made.
#[test]
fn values_below_zero_by_rounding_do_no_harm() {
    let slab = Padded::new(45, 31);
    let value = |x: i64, y: i64| match (x * 5 + y * 3).rem_euclid(7) {
        0 | 1 | 4 => -1e-18,
        other => other as f32 * 1e-8,
    };
    let q = field(slab, |x, y| value(x.clamp(0, 44), y.clamp(0, 30)));
    let mass = field(slab, |x, _| 5.0 + x.rem_euclid(3) as f32);
    for (along, end) in [(Along::X, 45), (Along::Y, 31)] {
        let flux = field(slab, |x, y| {
            let place = if along == Along::X { x } else { y };
            if (1..end).contains(&place) { ((x * 37 + y * 5).rem_euclid(11) as f32 - 5.0) * 0.4 } else { 0.0 }
        });
        let (moved, after, _) = sweep(slab, along, &q, (&mass, &flux), true);
        for c in (0..31).flat_map(|y| slab.row(y)..slab.row(y) + 45) {
            assert!((-1e-15..=6.001e-8).contains(&moved[c]), "{along:?} {}", moved[c]);
        }
        let (before, now) = (kg(slab, &q, &mass), kg(slab, &moved, &after));
        assert!((now / before - 1.0).abs() < 2e-6, "{along:?} {before} {now}");
    }
}

#[test]
fn uniform_is_kept_to_the_last_bit_in_any_flow() {
    let slab = Padded::new(40, 5);
    let q = field(slab, |_, _| 0.123_456_79);
    let mass = field(slab, |x, _| 10.0 + x.rem_euclid(7) as f32);
    let flux = field(slab, |x, y| ((x * 37 + y * 5).rem_euclid(11) as f32 - 5.0) * 0.7);
    for along in [Along::X, Along::Y] {
        let moved = sweep(slab, along, &q, (&mass, &flux), true).0;
        for y in 0..5 {
            assert!(moved[slab.row(y)..][..40].iter().all(|&v| v == 0.123_456_79), "{along:?} {y}");
        }
    }
}

#[test]
fn every_width_of_instructions_gives_the_same_bits() {
    let slab = Padded::new(37, 21);
    let q = field(slab, |x, y| ((x * 7919 + y * 104_729).rem_euclid(1009)) as f32 * 1e-9);
    let mass = field(slab, |x, y| 5.0 + ((x * 31 + y * 17).rem_euclid(13)) as f32);
    let flux = field(slab, |x, y| ((x * 53 + y * 29).rem_euclid(17)) as f32 * 0.2 - 1.6);
    for along in [Along::X, Along::Y] {
        let (widest, air, booked) = sweep(slab, along, &q, (&mass, &flux), true);
        let (mut flow, mut after) = (Flow::new(slab, along), Aligned::new(slab.cells()));
        flow.prepare_singly(&mass, &flux, &mut after);
        flow.open_sides(&flux);
        let (from, mut to) = (std::slice::from_ref(&q), [Aligned::new(slab.cells())]);
        let (mut rows, mut through) = (RowSpace::new(slab), [(0.0, 0.0)]);
        let singly =
            Sweep { slab, flow: &flow, flux: &flux, from, to: &mut to, rows: &mut rows, through: &mut through };
        singly.with_simd(pulp::Scalar);
        for c in (0..21).flat_map(|y| slab.row(y)..slab.row(y) + 37) {
            assert_eq!((widest[c], air[c]), (to[0][c], after[c]));
        }
        assert_eq!(booked, through[0]);
    }
}
