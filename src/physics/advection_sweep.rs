//! A sweep of advection of several species' slabs, by the method of [`super::advection`].
//!
//! Along y, vectors of columns march from south to north: all that a face needs of the rows before it stays in registers. Along x, a row is done in three short
//! loops over vectors whose intermediate values stay in the nearest cache: ranges across, faces, new values. The species share the coefficients of a line
//! of faces while these are in the nearest cache.

use super::advection::{Along, COEFFICIENTS, ENTERING, Flow, LEAVING, ROOM, vectors};
use super::aligned::Aligned;
use super::lanes::{Lanes, lanes, lanes_mut};
use super::padded::{HALO, Padded};
use pulp::{Arch, Simd, WithSimd};

/// Mixing ratios nearer to zero than this are set to zero, so that no denormal number slows the sweeps.
const SMALLEST: f32 = 1e-30;

/// Cells beside a row that its ranges are needed of: two before the first face, one behind the last.
const BESIDE: usize = 2;

/// Rows of values that a sweep along x needs.
#[derive(Debug)]
pub struct RowSpace {
    low: Aligned,
    high: Aligned,
    face: Aligned,
}

impl RowSpace {
    /// For slabs of this layout.
    pub fn new(slab: Padded) -> Self {
        let row = || Aligned::new(slab.width + 32);
        Self { low: row(), high: row(), face: row() }
    }
}

/// One sweep of several species.
#[derive(Debug)]
pub struct Sweep<'a> {
    pub slab: Padded,
    pub flow: &'a Flow,
    /// Air through the faces [kg], padded.
    pub flux: &'a [f32],
    /// Mixing ratios of each species before and after, padded; the halo of those before is filled, that of those after is not.
    pub from: &'a [Aligned],
    pub to: &'a mut [Aligned],
    pub rows: &'a mut RowSpace,
    /// Tracer mass that came in and went out through the sides [kg], per species: added to.
    pub through: &'a mut [(f64, f64)],
}

impl Sweep<'_> {
    /// Runs it with the widest instructions of the machine.
    pub fn run(self) {
        Arch::new().dispatch(self);
    }
}

impl WithSimd for Sweep<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let Padded { nx, ny, .. } = self.slab;
        match self.flow.along() {
            Along::X => {
                for y in 0..ny {
                    for species in 0..self.from.len() {
                        self.row(simd, y, species);
                    }
                }
            }
            Along::Y => {
                for vector in 0..vectors(nx, S::F32_LANES) {
                    for species in 0..self.from.len() {
                        self.column(simd, vector, species);
                    }
                }
            }
        }
    }
}

/// The face between cells `c` and `d`, from the five differences around it and the range of its neighbourhood.
#[inline(always)]
fn face<S: Simd>(
    simd: S,
    differences: [Lanes<S>; 5],
    (c, d): (Lanes<S>, Lanes<S>),
    (low, high): (Lanes<S>, Lanes<S>),
    k: &[S::f32s; COEFFICIENTS],
) -> Lanes<S> {
    let [s0, s1, s2, s3, s4] = differences;
    // two sums side by side: half the wait of one
    let upper = Lanes(simd, k[4]).mul_add(s4, Lanes(simd, k[3]).mul_add(s3, Lanes(simd, k[2]) * s2));
    let value = Lanes(simd, k[1]).mul_add(s1, Lanes(simd, k[0]).mul_add(s0, c)) + upper;
    let room = Lanes(simd, k[ROOM]);
    let here = room.by_sign(c, d);
    let room = room.magnitude();
    let floor = room.mul_add(here - high, here).largest(low);
    let ceiling = room.mul_add(here - low, here).least(high);
    value.largest(floor).least(ceiling)
}

/// The new value of cell `q` between faces of values `before` and `behind`.
#[inline(always)]
fn moved<S: Simd>(
    simd: S,
    q: Lanes<S>,
    (before, behind): (Lanes<S>, Lanes<S>),
    k: &[S::f32s; COEFFICIENTS],
) -> Lanes<S> {
    // the change first: added to the value at once it is rounded once, and no value creeps out of its range
    let change = Lanes(simd, k[ENTERING]).mul_add(before - q, Lanes(simd, k[LEAVING]) * (q - behind));
    let moved = q + change;
    (moved.magnitude() - Lanes::splat(simd, SMALLEST)).by_sign(moved, Lanes::splat(simd, 0.0))
}

/// Least and largest value of a cell and its neighbours across the sweep; what rounding left below zero counts as zero in the least, and of several such
/// traces any may be the largest.
#[inline(always)]
fn range<S: Simd>(simd: S, cells: (&S::f32s, &S::f32s, &S::f32s)) -> (Lanes<S>, Lanes<S>) {
    let (a, b, c) = (Lanes(simd, *cells.0), Lanes(simd, *cells.1), Lanes(simd, *cells.2));
    (a.least(b).least(c).positive(), a.largest(b).largest(c))
}

/// Adds what passes a face of the side to what came in and went out; `inward` [kg].
#[inline(always)]
fn book(through: &mut (f64, f64), inward: f32, face: f32) {
    let mass = f64::from(inward) * f64::from(face);
    if inward > 0.0 { through.0 += mass } else { through.1 -= mass }
}

impl Sweep<'_> {
    /// Row `y` of one species, along x.
    #[inline(always)]
    fn row<S: Simd>(&mut self, simd: S, y: usize, species: usize) {
        let Padded { nx, width, .. } = self.slab;
        let (first, q) = (self.slab.row(y), &self.from[species]);
        let (low, high) = (&mut self.rows.low, &mut self.rows.high);
        // ranges from two cells before the row on
        let n = vectors(nx + BESIDE + 2, S::F32_LANES);
        let [south, here, north] = rows(q, [first - BESIDE - width, first - BESIDE, first - BESIDE + width]);
        let ranges = lanes_mut::<S>(low)[..n].iter_mut().zip(&mut lanes_mut::<S>(high)[..n]);
        let cells = lanes::<S>(south)[..n].iter().zip(&lanes::<S>(here)[..n]).zip(&lanes::<S>(north)[..n]);
        for ((low, high), ((south, here), north)) in ranges.zip(cells) {
            let (l, h) = range(simd, (south, here, north));
            (*low, *high) = (l.1, h.1);
        }
        let k = self.flow.line::<S>(y);
        let n = k.len();
        let [a, b, c] = rows(q, [first - 3, first - 2, first - 1]);
        let [d, e, g] = rows(q, [first, first + 1, first + 2]);
        let (a, b, c) = (&lanes::<S>(a)[..n], &lanes::<S>(b)[..n], &lanes::<S>(c)[..n]);
        let (d, e, g) = (&lanes::<S>(d)[..n], &lanes::<S>(e)[..n], &lanes::<S>(g)[..n]);
        let low = [
            &lanes::<S>(low)[..n],
            &lanes::<S>(&low[1..])[..n],
            &lanes::<S>(&low[2..])[..n],
            &lanes::<S>(&low[3..])[..n],
        ];
        let high = [
            &lanes::<S>(high)[..n],
            &lanes::<S>(&high[1..])[..n],
            &lanes::<S>(&high[2..])[..n],
            &lanes::<S>(&high[3..])[..n],
        ];
        let faces = &mut lanes_mut::<S>(&mut self.rows.face)[..n];
        for i in 0..n {
            let (a, b, c) = (Lanes(simd, a[i]), Lanes(simd, b[i]), Lanes(simd, c[i]));
            let (d, e, g) = (Lanes(simd, d[i]), Lanes(simd, e[i]), Lanes(simd, g[i]));
            let l = Lanes(simd, low[0][i]).least(Lanes(simd, low[1][i]));
            let l = l.least(Lanes(simd, low[2][i]).least(Lanes(simd, low[3][i])));
            let h = Lanes(simd, high[0][i]).largest(Lanes(simd, high[1][i]));
            let h = h.largest(Lanes(simd, high[2][i]).largest(Lanes(simd, high[3][i])));
            faces[i] = face(simd, [b - a, c - b, d - c, e - d, g - e], (c, d), (l, h), &k[i]).1;
        }
        book(&mut self.through[species], self.flux[first], self.rows.face[0]);
        book(&mut self.through[species], -self.flux[first + nx], self.rows.face[nx]);
        let n = vectors(nx, S::F32_LANES);
        let (q, k) = (&lanes::<S>(&q[first..])[..n], &k[..n]);
        let (before, behind) = (&lanes::<S>(&self.rows.face)[..n], &lanes::<S>(&self.rows.face[1..])[..n]);
        let to = &mut lanes_mut::<S>(&mut self.to[species][first..])[..n];
        for i in 0..n {
            to[i] = moved(simd, Lanes(simd, q[i]), (Lanes(simd, before[i]), Lanes(simd, behind[i])), &k[i]).1;
        }
    }

    /// Vector `vector` of the columns of one species, along y.
    #[inline(always)]
    fn column<S: Simd>(&mut self, simd: S, vector: usize, species: usize) {
        let Padded { nx, ny, width, .. } = self.slab;
        let x = vector * S::F32_LANES;
        let step = width / S::F32_LANES;
        let k = self.flow.line::<S>(vector);
        let [west, here, east] = {
            let first = self.slab.start(0) + x;
            rows(&self.from[species], [first - 1, first, first + 1])
        };
        let n = (ny + 2 * HALO) * step;
        let (west, here, east) = (&lanes::<S>(west)[..n], &lanes::<S>(here)[..n], &lanes::<S>(east)[..n]);
        let mut march = March::begin(simd, west, here, east, step);
        // rows that come into view: ranges of the row behind the next face, cells of the one after
        let (west, middle, east) = (&west[4 * step..n - step], &here[4 * step..n - step], &east[4 * step..n - step]);
        let ahead = &here[5 * step..];
        let mut rows = west
            .chunks_exact(step)
            .zip(middle.chunks_exact(step))
            .zip(east.chunks_exact(step))
            .zip(ahead.chunks_exact(step));
        if let Some((((west, here), east), ahead)) = rows.next() {
            march.face(simd, (&west[0], &here[0], &east[0]), &ahead[0], &k[0]);
        }
        let southern = march.face;
        let to = &mut lanes_mut::<S>(&mut self.to[species][self.slab.row(0) + x..])[..ny * step];
        let faces = k.iter().zip(&k[1..]);
        for (((((west, here), east), ahead), to), (behind, k)) in rows.zip(to.chunks_exact_mut(step)).zip(faces) {
            let (q, before) = (march.before, march.face);
            march.face(simd, (&west[0], &here[0], &east[0]), &ahead[0], k);
            to[0] = moved(simd, q, (before, march.face), behind).1;
        }
        let face = &mut self.rows.face;
        lanes_mut::<S>(face)[..2].copy_from_slice(&[southern.1, march.face.1]);
        for l in 0..S::F32_LANES.min(nx - x) {
            book(&mut self.through[species], self.flux[self.slab.row(0) + x + l], face[l]);
            book(&mut self.through[species], -self.flux[self.slab.row(ny) + x + l], face[S::F32_LANES + l]);
        }
    }
}

/// `values` from each of three places on.
#[inline(always)]
fn rows(values: &[f32], from: [usize; 3]) -> [&[f32]; 3] {
    [&values[from[0]..], &values[from[1]..], &values[from[2]..]]
}

/// What a march along y remembers of the rows it has seen.
struct March<S: Simd> {
    /// Cells before and behind the next face, and the one after.
    before: Lanes<S>,
    here: Lanes<S>,
    ahead: Lanes<S>,
    /// Differences of neighbouring cells, the last between `here` and `ahead`.
    differences: [Lanes<S>; 4],
    /// Ranges of the row behind the next face, and of pairs of rows before it.
    range: (Lanes<S>, Lanes<S>),
    pair: (Lanes<S>, Lanes<S>),
    pair_before: (Lanes<S>, Lanes<S>),
    /// Value of the last face.
    face: Lanes<S>,
}

impl<S: Simd> March<S> {
    /// Before the first face; the arrays begin with the southern halo, rows `step` apart.
    #[inline(always)]
    fn begin(simd: S, west: &[S::f32s], here: &[S::f32s], east: &[S::f32s], step: usize) -> Self {
        let (a, b, c) = (Lanes(simd, here[0]), Lanes(simd, here[step]), Lanes(simd, here[2 * step]));
        let (d, e) = (Lanes(simd, here[3 * step]), Lanes(simd, here[4 * step]));
        let first = range(simd, (&west[step], &here[step], &east[step]));
        let second = range(simd, (&west[2 * step], &here[2 * step], &east[2 * step]));
        let third = range(simd, (&west[3 * step], &here[3 * step], &east[3 * step]));
        Self {
            before: c,
            here: d,
            ahead: e,
            differences: [b - a, c - b, d - c, e - d],
            range: third,
            pair: (second.0.least(third.0), second.1.largest(third.1)),
            pair_before: (first.0.least(second.0), first.1.largest(second.1)),
            face: c,
        }
    }

    /// The next face; `row` the cells whose range comes into view, `ahead` the cell of the row after it. Moves on by a row.
    #[inline(always)]
    fn face(&mut self, simd: S, row: (&S::f32s, &S::f32s, &S::f32s), ahead: &S::f32s, k: &[S::f32s; COEFFICIENTS]) {
        let range = range(simd, row);
        let pair = (self.range.0.least(range.0), self.range.1.largest(range.1));
        let around = (self.pair_before.0.least(pair.0), self.pair_before.1.largest(pair.1));
        let ahead = Lanes(simd, *ahead);
        let [s0, s1, s2, s3] = self.differences;
        let s4 = ahead - self.ahead;
        self.face = face(simd, [s0, s1, s2, s3, s4], (self.before, self.here), around, k);
        self.differences = [s1, s2, s3, s4];
        (self.before, self.here, self.ahead) = (self.here, self.ahead, ahead);
        (self.pair_before, self.pair, self.range) = (self.pair, pair, range);
    }
}

#[cfg(test)]
mod tests {
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
            assert!(l1(&forward, &backward) < 1e-5);
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
            let kg = |q: &[f32], m: &[f32]| -> f64 {
                (0..slab.ny)
                    .flat_map(|y| slab.row(y)..slab.row(y) + slab.nx)
                    .map(|c| f64::from(q[c]) * f64::from(m[c]))
                    .sum()
            };
            let gained = kg(&moved, &after) - kg(&q, &mass);
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
            let (mut before, mut now) = (0.0f64, 0.0f64);
            for (x, y) in (0..21).flat_map(|x| (0..18).map(move |y| (x, y))) {
                let (mut low, mut high) = (f32::MAX, 0.0f32);
                for (i, j) in (-2..=2).flat_map(|i| (-1..=1).map(move |j| (i, j))) {
                    let v = values[inside(x + i * dx + j * dy, y + i * dy + j * dx)];
                    (low, high) = (low.min(v), high.max(v));
                }
                let c = slab.row(y as usize) + x as usize;
                prop_assert!(moved[c] >= low && moved[c] <= high * (1.0 + 1e-6), "{} {low} {high}", moved[c]);
                before += f64::from(q[c]) * f64::from(mass[c]);
                now += f64::from(moved[c]) * f64::from(after[c]);
            }
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
            let (mut before, mut now) = (0.0f64, 0.0f64);
            for c in (0..31).flat_map(|y| slab.row(y)..slab.row(y) + 45) {
                assert!((-1e-15..=6.001e-8).contains(&moved[c]), "{along:?} {}", moved[c]);
                before += f64::from(q[c]) * f64::from(mass[c]);
                now += f64::from(moved[c]) * f64::from(after[c]);
            }
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
}
