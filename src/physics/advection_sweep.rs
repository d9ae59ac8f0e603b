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
    /// Mixing ratios of each species before and after, padded. Of the halo of those before, [`HALO`] cells at the ends of the lines and one beside them are
    /// read, corners included; that of those after is not filled.
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
#[path = "advection_sweep_tests.rs"]
mod tests;
