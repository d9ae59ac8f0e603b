//! Horizontal advection: a fifth-order one-step upwind flux that keeps every value within the range of its neighbourhood.
//!
//! ```text
//!        face i            face i+s
//!   i-s   |       cell i      |   i+s        s = 1: sweep along x;  s = width of a row: sweep along y
//!       flux[i]            flux[i+s]         air mass through the face in one sub-step [kg], positive towards i
//!
//!   q'_i = q_i + entering_i (f_i - q_i) + leaving_i (q_i - f_i+s)
//!   entering_i = flux_i / m'_i,  leaving_i = flux_i+s / m'_i,  m'_i = m_i + flux_i - flux_i+s
//!   f_i = q_i-s + sum over j of k_j (q_i+(j-2)s - q_i+(j-3)s),  j = 0 ..= 4, then held in its bounds
//! ```
//!
//! This file makes what depends on the air alone ([`Flow`]), once for all species; [`super::advection_sweep`] moves the species.
//!
//! **Limiting is selective by construction:** the flux of the quartic through five cell means is changed only where it would carry a cell
//! beyond the least and largest value around it (one cell to each side across the sweep, two along it). Smooth data, whose ridges have neighbours
//! as high, are hardly touched; at a discontinuity nothing can overshoot.
//!
//! **Bounds:** with `C` the share of its air that a cell loses, its value stays in `[low, high]` when what enters lies there and what
//! leaves has `q - (high - q) (1 - C)/C <= f <= q + (q - low) (1 - C)/C`: then `(m q - C m f) / (m - C m) >= low`, and likewise above. The range of a
//! face is that of the cells that both its cells count as neighbours, so it serves both.
//!
//! **Invariant:** after a sweep every value lies within the range of its neighbourhood before it, so nothing falls below zero and no
//! extreme is made. Mixing ratios are not below zero.
//!
//! **Invariant:** the update and the face are written with differences from the cell's own value (against the flux, the face with those from the cell
//! before it, to whose rounding it is exact), so a uniform mixing ratio is kept to the last bit, while air mass and tracer mass are carried by the
//! same fluxes. **Why:** where they are not, the error of the air mass appears as a source of the tracer (Byun 1999).
//!
//! # Reference
//! One-step flux of any order by integrating the upwind polynomial over the departure interval: Leonard 1991, Comput. Methods Appl. Mech. Eng.
//! 88, 17-74; Daru & Tenaud 2004, J. Comput. Phys. 193, 563-594. Bounds from the earlier values of the neighbourhood: Zalesak 1979, J. Comput.
//! Phys. 31, 335-362. Limiting only where data are not smooth: Blossey & Durran 2008, J. Comput. Phys. 227, 5160-5183.

use super::aligned::Aligned;
use super::lanes::{Lanes, lanes, lanes_mut};
use super::padded::Padded;
use pulp::{Arch, Simd, WithSimd};

/// Air of a cell outside the domain [kg]: so much that no flux changes it.
pub const HALO_MASS: f32 = 1e30;

/// Least share of its air that a cell is taken to lose, so that its room is a number.
const LEAST_LOSS: f32 = 1e-6;

/// Keeps the rounding of an update inside its bound.
const MARGIN: f32 = 1.0 - 4e-6;

/// Direction of a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Along {
    X,
    Y,
}

/// What a face and the cell behind it need to know of the air, each a vector: the weights `k_j` of the five differences; the room of the upwind cell,
/// what it keeps over what leaves it, with the sign of the flux; `entering` and `leaving` of the cell.
pub(super) const COEFFICIENTS: usize = 8;
/// Place of the room among them; the weights come before it.
pub(super) const ROOM: usize = 5;
pub(super) const ENTERING: usize = 6;
pub(super) const LEAVING: usize = 7;

/// What a sweep of one slab needs to know of the air, the same for every species: coefficients of vectors of faces, in the order of the sweep.
#[derive(Debug)]
pub struct Flow {
    slab: Padded,
    along: Along,
    /// Faces of a vector when the coefficients were made.
    lanes: usize,
    coefficients: Aligned,
}

impl Flow {
    /// Space for sweeps of a slab.
    pub fn new(slab: Padded, along: Along) -> Self {
        // as many as vectors of one need, which is the most that any need but for the vectors that rows end in
        let faces = (slab.nx + 16) * (slab.ny + 1);
        Self { slab, along, lanes: 1, coefficients: Aligned::new(COEFFICIENTS * faces) }
    }

    pub fn along(&self) -> Along {
        self.along
    }

    /// Takes the air of a sub-step: `mass` [kg] > 0 before the sweep, `flux` [kg] through the western or southern faces; writes the mass `after` it. All are
    /// padded slabs, with [`HALO_MASS`] in the halo of both masses.
    ///
    /// The outflow of a cell must stay below its mass (Courant number < 1).
    pub fn prepare(&mut self, mass: &[f32], flux: &[f32], after: &mut [f32]) {
        let Self { slab, along, .. } = *self;
        let coefficients = &mut self.coefficients;
        self.lanes = Arch::new().dispatch(Prepare { slab, along, mass, flux, after, coefficients });
    }

    /// Lets what flows in through the sides of the domain have the value of the cell outside, whatever lies behind it.
    pub fn open_sides(&mut self, flux: &[f32]) {
        let Padded { nx, ny, .. } = self.slab;
        match self.along {
            Along::X => (0..ny).for_each(|y| self.open((y, 0), (y, nx), flux)),
            Along::Y => (0..nx).for_each(|x| self.open((0, x), (ny, x), flux)),
        }
    }

    /// Opens the first and the last face of a line, each `(y, x)`.
    fn open(&mut self, first: (usize, usize), last: (usize, usize), flux: &[f32]) {
        let slab = self.slab;
        let cell = |(y, x): (usize, usize)| slab.row(y) + x;
        if flux[cell(first)] > 0.0 {
            self.set_weights(first, [0.0; ROOM]);
        }
        if flux[cell(last)] < 0.0 {
            self.set_weights(last, [0.0, 0.0, 1.0, 0.0, 0.0]);
        }
    }

    fn set_weights(&mut self, (y, x): (usize, usize), weights: [f32; ROOM]) {
        let (n, vector) = (self.lanes, x / self.lanes);
        let block = self.block(y, vector);
        for (j, weight) in weights.into_iter().enumerate() {
            self.coefficients[(block * COEFFICIENTS + j) * n + x % n] = weight;
        }
    }

    /// Number of the coefficients of row `y` and vector `vector` of it, in the order of the sweep.
    fn block(&self, y: usize, vector: usize) -> usize {
        match self.along {
            Along::X => y * vectors(self.slab.nx + 1, self.lanes) + vector,
            Along::Y => vector * (self.slab.ny + 1) + y,
        }
    }

    /// Coefficients of the vectors of faces of line `line`: of row `line` from west to east, or of vector `line` of the rows from south to north.
    #[inline(always)]
    pub(super) fn line<S: Simd>(&self, line: usize) -> &[[S::f32s; COEFFICIENTS]] {
        let blocks = match self.along {
            Along::X => vectors(self.slab.nx + 1, S::F32_LANES),
            Along::Y => self.slab.ny + 1,
        };
        let all = lanes::<S>(&self.coefficients).as_chunks::<COEFFICIENTS>().0;
        &all[line * blocks..][..blocks]
    }
}

/// Vectors that `cells` cells fill.
#[inline(always)]
pub(super) fn vectors(cells: usize, lanes: usize) -> usize {
    cells.div_ceil(lanes)
}

struct Prepare<'a> {
    slab: Padded,
    along: Along,
    mass: &'a [f32],
    flux: &'a [f32],
    after: &'a mut [f32],
    coefficients: &'a mut [f32],
}

impl WithSimd for Prepare<'_> {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        let Self { slab, along, mass, flux, after, coefficients } = self;
        let n = S::F32_LANES;
        let (s, rows, columns) = match along {
            Along::X => (1, slab.ny, slab.nx + 1),
            Along::Y => (slab.width, slab.ny + 1, slab.nx),
        };
        let columns = vectors(columns, n);
        let blocks = lanes_mut::<S>(coefficients).as_chunks_mut::<COEFFICIENTS>().0;
        let (zero, least_loss, margin) = (number(simd, 0.0), number(simd, LEAST_LOSS), number(simd, MARGIN));
        for y in 0..rows {
            for v in 0..columns {
                let i = slab.row(y) + v * n;
                let (m_before, m) = (at(simd, mass, i - s), at(simd, mass, i));
                let (f_before, f, f_next) = (at(simd, flux, i - s), at(simd, flux, i), at(simd, flux, i + s));
                let upwind = f.by_sign(m_before, m);
                let lost = f.by_sign(f.largest(zero) - f_before.least(zero), f_next.largest(zero) - f.least(zero));
                let lost = lost.largest(upwind * least_loss);
                let room = (upwind - lost).positive() * margin;
                let k = weights(simd, f.magnitude().over(upwind));
                let moved = (m + f) - f_next;
                let one = number(simd, 1.0);
                let share = one.over(moved);
                let block = &mut blocks[if along == Along::X { y * columns + v } else { v * rows + y }];
                // against the flux the same polynomial runs backward
                *block = [
                    f.by_sign(k[0], zero).1,
                    f.by_sign(k[1], zero - k[3]).1,
                    f.by_sign(k[2], one - k[2]).1,
                    f.by_sign(k[3], zero - k[1]).1,
                    f.by_sign(zero, zero - k[0]).1,
                    room.over(lost).signed_like(f).1,
                    (f * share).1,
                    (f_next * share).1,
                ];
                lanes_mut::<S>(&mut after[i..])[0] = moved.1;
            }
        }
        n
    }
}

#[inline(always)]
fn at<S: Simd>(simd: S, values: &[f32], i: usize) -> Lanes<S> {
    Lanes(simd, lanes::<S>(&values[i..])[0])
}

#[inline(always)]
fn number<S: Simd>(simd: S, value: f32) -> Lanes<S> {
    Lanes::splat(simd, value)
}

/// Weights of the differences `u - uu`, `q - u`, `d - q`, `dd - d` of five cell means (upwind to downwind) in what the mean over the fraction `c`
/// (0 ..= 1) of cell `q` next to the face towards `d`, of the quartic with these means, exceeds `q`.
///
/// `f = q + (1-c)/2 (D1 - (1+c)/3 (D2 + (2-c)/4 (D3 - (2+c)/5 D4)))` with the differences `D1 = d - q`, `D2 = d - 2q + u`,
/// `D3 = dd - 3d + 3q - u`, `D4 = dd - 4d + 6q - 4u + uu`: Newton's form of the primitive polynomial at the departure point.
#[inline(always)]
pub fn weights<S: Simd>(simd: S, c: Lanes<S>) -> [Lanes<S>; 4] {
    let d1 = c.mul_add(number(simd, -0.5), number(simd, 0.5));
    let d2 = d1 * c.mul_add(number(simd, -1.0 / 3.0), number(simd, -1.0 / 3.0));
    let d3 = d2 * c.mul_add(number(simd, -0.25), number(simd, 0.5));
    let d4 = d3 * c.mul_add(number(simd, -0.2), number(simd, -0.4));
    let three = number(simd, 3.0);
    [
        number(simd, 0.0) - d4,
        three.mul_add(d4, d3 - d2),
        three.mul_add(number(simd, 0.0) - d4, (d1 + d2) - (d3 + d3)),
        d3 + d4,
    ]
}

#[cfg(test)]
impl Flow {
    /// As [`Self::prepare`], one face at a time.
    pub(super) fn prepare_singly(&mut self, mass: &[f32], flux: &[f32], after: &mut [f32]) {
        let Self { slab, along, .. } = *self;
        let coefficients = &mut self.coefficients;
        self.lanes = Prepare { slab, along, mass, flux, after, coefficients }.with_simd(pulp::Scalar);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulp::Scalar;

    /// Cell means of x^p over cells of length one, and the exact mean over the swept part of the middle one.
    #[test]
    fn quartics_are_carried_exactly() {
        let primitive = |p: i32, x: f64| x.powi(p + 1) / f64::from(p + 1);
        for p in 0..5 {
            let mean = |k: i32| (primitive(p, f64::from(k) + 0.5) - primitive(p, f64::from(k) - 0.5)) as f32;
            for c in [0.01, 0.3, 0.5, 0.8, 1.0] {
                let exact = (primitive(p, 0.5) - primitive(p, 0.5 - c)) / c;
                let weights = weights(Scalar, Lanes(Scalar, c as f32));
                let beyond: f32 = weights.iter().zip(-2..).map(|(w, k): (_, i32)| w.1 * (mean(k + 1) - mean(k))).sum();
                let got = mean(0) + beyond;
                assert!((f64::from(got) - exact).abs() < 2e-5, "x^{p}, c {c}: {got} for {exact}");
            }
        }
    }

    #[test]
    fn air_after_a_sweep_is_what_came_and_went() {
        let slab = Padded::new(21, 4);
        let values = |f: &dyn Fn(usize) -> f32| {
            let mut slab = Aligned::new(slab.cells());
            slab.iter_mut().enumerate().for_each(|(i, v)| *v = f(i));
            slab
        };
        let (mass, flux) = (values(&|i| 10.0 + (i % 7) as f32), values(&|i| (i * 37 % 11) as f32 * 0.2 - 1.0));
        for (along, s) in [(Along::X, 1), (Along::Y, slab.width)] {
            let mut after = Aligned::new(slab.cells());
            Flow::new(slab, along).prepare(&mass, &flux, &mut after);
            for i in (0..4).flat_map(|y| slab.row(y)..slab.row(y) + 21) {
                assert!((after[i] - (mass[i] + flux[i] - flux[i + s])).abs() < 1e-5);
            }
        }
    }
}
