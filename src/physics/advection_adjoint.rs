//! One sweep of advection without limiters: a linear operator, and its transpose.
//!
//! The mixing ratio `f` of the air that crosses a face is a weighted sum of the six cells around it. With `s` the stride of the sweep and face
//! `i` between cells `i - s` and `i`:
//!
//! ```text
//!   f_i  = sum over o of w_o,i q_(i + o s),   o = -3 ..= 2
//!   q'_i = q_i + entering_i (f_i - q_i) - leaving_i (f_(i+s) - q_i)
//!   entering_i = flux_i / mass'_i,  leaving_i = flux_(i+s) / mass'_i,  mass'_i = mass_i + flux_i - flux_(i+s)
//! ```
//!
//! and, for the sensitivity `a` of any number to the mixing ratio, backward in time:
//!
//! ```text
//!   p_i = entering_i a'_i - leaving_(i-s) a'_(i-s)
//!   a_i = a'_i - (entering_i - leaving_i) a'_i + sum over o of w_o,(i - o s) p_(i - o s)
//! ```
//!
//! A sweep works on a padded slab as one flat slice, as in [`super::advection`]; all species share the coefficients. The loops are inlined, so that
//! they use the vector instructions of the caller.
//!
//! **Invariant:** mixing ratios and sensitivities of halo cells are zero before a sweep, and no weight that matters points to a halo cell. **Why:**
//! what is outside does not depend on what is inside, so nothing may come back from there.
//!
//! # Reference
//! Flux form and upstream-biased interpolation of fifth order in space and time: Leonard 1991, Comput. Methods Appl. Mech. Eng. 88, 17-74;
//! transposition of discrete advection: Vukicevic, Steyskal & Hecht 2001, Mon. Wea. Rev. 129, 1213.

use super::Real;

/// Cells needed on each side of the domain.
pub const HALO: usize = 3;
/// Air [kg] of a halo cell: so much that no flux changes it.
pub const HALO_MASS: Real = 1e30;

/// Weights of the cells `uu u q d dd`, upwind to downwind, in the mean of the air that leaves `q` through its downwind face.
///
/// `f = q + (1-c)/2 (D1 - (1+c)/3 (D2 + (2-c)/4 (D3 - (2+c)/5 D4)))` with the differences `D1 = d-q`, `D2 = d-2q+u`, `D3 = dd-3d+3q-u`,
/// `D4 = dd-4d+6q-4u+uu`: the polynomial of fourth degree with these cell means, integrated over the share `c` (0 ..= 1) of the cell `q`.
#[inline(always)]
pub fn fifth_order_weights(c: Real) -> [Real; 5] {
    let d1 = (1.0 - c) * 0.5;
    let d2 = -d1 * (1.0 + c) * (1.0 / 3.0);
    let d3 = d2 * (2.0 - c) * 0.25;
    let d4 = -d3 * (2.0 + c) * 0.2;
    [d4, d2 - d3 - 4.0 * d4, 1.0 - d1 - 2.0 * d2 + 3.0 * d3 + 6.0 * d4, d1 + d2 - 3.0 * d3 - 4.0 * d4, d3 + d4]
}

/// Turns the air `mass` [kg] before a sweep with `flux` [kg] through the faces into that after it; `s` the stride.
#[inline(always)]
pub fn move_air(mass: &mut [Real], flux: &[Real], s: usize) {
    let k = mass.len() - 2 * HALO * s;
    let from = HALO * s;
    let (mass, flux_in, flux_out) = (&mut mass[from..][..k], &flux[from..][..k], &flux[from + s..][..k]);
    for i in 0..k {
        mass[i] = mass[i] + flux_in[i] - flux_out[i];
    }
}

/// Coefficients of one sweep, shared by all species.
#[derive(Debug, Clone)]
pub struct Sweep {
    stride: usize,
    /// `w_o` of each face, `o` from -3.
    pub(super) weight: [Vec<Real>; 6],
    entering: Vec<Real>,
    leaving: Vec<Real>,
}

impl Sweep {
    /// Room for slabs of up to `n` cells, halo included.
    pub fn new(n: usize) -> Self {
        let zeros = || vec![0.0; n];
        Self { stride: 1, weight: std::array::from_fn(|_| zeros()), entering: zeros(), leaving: zeros() }
    }

    /// Shares of the air that enter and leave each cell: `mass` [kg] > 0 before the sweep and `flux` [kg] through the faces, of one length; `s` the stride.
    #[inline(always)]
    pub fn set_flow(&mut self, mass: &[Real], flux: &[Real], s: usize) {
        self.stride = s;
        let k = mass.len() - 2 * HALO * s;
        let from = HALO * s;
        let (mass, flux_in, flux_out) = (&mass[from..][..k], &flux[from..][..k], &flux[from + s..][..k]);
        let (entering, leaving) = (&mut self.entering[from..][..k], &mut self.leaving[from..][..k]);
        for i in 0..k {
            let inverse = 1.0 / (mass[i] + flux_in[i] - flux_out[i]);
            entering[i] = flux_in[i] * inverse;
            leaving[i] = flux_out[i] * inverse;
        }
    }

    /// Weights of the fifth-order face value; arguments as in [`Self::set_flow`].
    #[inline(always)]
    pub fn set_fifth_order(&mut self, mass: &[Real], flux: &[Real], s: usize) {
        let k = mass.len() - 5 * s;
        let (before, after, flux) = (&mass[2 * s..][..k], &mass[3 * s..][..k], &flux[3 * s..][..k]);
        let [w0, w1, w2, w3, w4, w5] = self.weight.each_mut().map(|w| &mut w[3 * s..][..k]);
        for i in 0..k {
            let forward = flux[i] >= 0.0;
            let upwind = if forward { before[i] } else { after[i] };
            let [uu, u, q, d, dd] = fifth_order_weights(flux[i].abs() / upwind);
            w0[i] = if forward { uu } else { 0.0 };
            w1[i] = if forward { u } else { dd };
            w2[i] = if forward { q } else { d };
            w3[i] = if forward { d } else { q };
            w4[i] = if forward { dd } else { u };
            w5[i] = if forward { 0.0 } else { uu };
        }
    }

    /// Closes a line of cells whose first face is `face`. Where air flows in, it brings what does not depend on the cells, as does the halo; else the
    /// halo has the value of the first cell.
    pub fn close_first(&mut self, face: usize, inflow: bool) {
        for k in 0..HALO {
            let i = face + k * self.stride;
            let outside: Real = (0..3 - k).map(|o| std::mem::take(&mut self.weight[o][i])).sum();
            if !inflow {
                self.weight[3 - k][i] += outside;
            } else if k == 0 {
                self.weight.iter_mut().for_each(|w| w[i] = 0.0);
            }
        }
    }

    /// Closes a line of cells whose last face is `face`, as [`Self::close_first`].
    pub fn close_last(&mut self, face: usize, inflow: bool) {
        for k in 0..HALO {
            let i = face - k * self.stride;
            let outside: Real = (3 + k..6).map(|o| std::mem::take(&mut self.weight[o][i])).sum();
            if !inflow {
                self.weight[2 + k][i] += outside;
            } else if k == 0 {
                self.weight.iter_mut().for_each(|w| w[i] = 0.0);
            }
        }
    }

    /// Moves the mixing ratio `q`; `work` is scratch of its size.
    #[inline(always)]
    pub fn forward(&self, q: &mut [Real], work: &mut [Real]) {
        let (s, n) = (self.stride, q.len());
        let k = n - 5 * s;
        let [w0, w1, w2, w3, w4, w5] = self.weight.each_ref().map(|w| &w[3 * s..][..k]);
        {
            let face = &mut work[3 * s..][..k];
            let (q0, q1, q2, q3) = (&q[..k], &q[s..][..k], &q[2 * s..][..k], &q[3 * s..][..k]);
            let (q4, q5) = (&q[4 * s..][..k], &q[5 * s..][..k]);
            for i in 0..k {
                face[i] = w0[i] * q0[i] + w1[i] * q1[i] + w2[i] * q2[i] + w3[i] * q3[i] + w4[i] * q4[i] + w5[i] * q5[i];
            }
        }
        let k = n - 6 * s;
        let (q, face_in, face_out) = (&mut q[3 * s..][..k], &work[3 * s..][..k], &work[4 * s..][..k]);
        let (entering, leaving) = (&self.entering[3 * s..][..k], &self.leaving[3 * s..][..k]);
        for i in 0..k {
            q[i] += entering[i] * (face_in[i] - q[i]) - leaving[i] * (face_out[i] - q[i]);
        }
    }

    /// Takes the sensitivity `a` to the mixing ratio from after the sweep to before it; `work` is scratch of its size.
    #[inline(always)]
    pub fn transposed(&self, a: &mut [Real], work: &mut [Real]) {
        let (s, n) = (self.stride, a.len());
        let k = n - 5 * s;
        work[..3 * s].fill(0.0);
        work[n - 2 * s..n].fill(0.0);
        {
            let passing = &mut work[3 * s..][..k];
            let (entering, here) = (&self.entering[3 * s..][..k], &a[3 * s..][..k]);
            let (leaving, before) = (&self.leaving[2 * s..][..k], &a[2 * s..][..k]);
            for i in 0..k {
                passing[i] = entering[i] * here[i] - leaving[i] * before[i];
            }
        }
        let k = n - 6 * s;
        let a = &mut a[3 * s..][..k];
        let (entering, leaving) = (&self.entering[3 * s..][..k], &self.leaving[3 * s..][..k]);
        // the face whose weight of offset o points to cell i is i - o s
        let at = |o: usize| (6 - o) * s;
        let (w0, p0) = (&self.weight[0][at(0)..][..k], &work[at(0)..][..k]);
        let (w1, p1) = (&self.weight[1][at(1)..][..k], &work[at(1)..][..k]);
        let (w2, p2) = (&self.weight[2][at(2)..][..k], &work[at(2)..][..k]);
        let (w3, p3) = (&self.weight[3][at(3)..][..k], &work[at(3)..][..k]);
        let (w4, p4) = (&self.weight[4][at(4)..][..k], &work[at(4)..][..k]);
        let (w5, p5) = (&self.weight[5][at(5)..][..k], &work[at(5)..][..k]);
        for i in 0..k {
            let faces = w0[i] * p0[i] + w1[i] * p1[i] + w2[i] * p2[i] + w3[i] * p3[i] + w4[i] * p4[i] + w5[i] * p5[i];
            a[i] = a[i] - (entering[i] - leaving[i]) * a[i] + faces;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean of x^p over [a, b].
    fn mean(p: i32, a: Real, b: Real) -> Real {
        (b.powi(p + 1) - a.powi(p + 1)) / (f64::from(p + 1) as Real * (b - a))
    }

    /// Cell means of a polynomial of fourth degree give the exact mean of the air that leaves, at any Courant number.
    #[test]
    fn fourth_degree_polynomials_are_carried_exactly() {
        for c in [0.05, 0.3, 0.5, 0.8, 1.0] {
            let w = fifth_order_weights(c);
            for p in 0..=4 {
                // cells of width 1, q between -1 and 0, wind towards positive x
                let face: Real = (0..5).map(|i| w[i] * mean(p, i as Real - 3.0, i as Real - 2.0)).sum();
                let exact = mean(p, -c, 0.0);
                assert!((face - exact).abs() < 100.0 * Real::EPSILON, "c {c} degree {p}: {face} {exact}");
            }
        }
    }

    /// Even air moves a parabola exactly, eastward and westward, away from the sides.
    #[test]
    fn a_parabola_moves_exactly_both_ways() {
        let n = 16 + 2 * HALO;
        let value = |i: usize, moved: Real| {
            let x = (i as Real - 11.0 - moved) / 8.0;
            mean(2, x, x + 0.125) + 0.5 * mean(1, x, x + 0.125) + 1.0
        };
        for moved in [0.3, -0.3] {
            let (mass, flux) = (vec![1.0; n], vec![moved; n]);
            let mut sweep = Sweep::new(n);
            sweep.set_flow(&mass, &flux, 1);
            sweep.set_fifth_order(&mass, &flux, 1);
            let mut q: Vec<Real> = (0..n).map(|i| value(i, 0.0)).collect();
            sweep.forward(&mut q, &mut vec![0.0; n]);
            for i in HALO..n - HALO {
                assert!(
                    (q[i] - value(i, moved)).abs() < 30.0 * Real::EPSILON,
                    "cell {i}: {} {}",
                    q[i],
                    value(i, moved)
                );
            }
        }
    }

    /// A line of 8 cells of one value: what the wind brings in is clean, what leaves is as the cells are, and halo cells get nothing.
    #[test]
    fn sides_let_out_and_bring_nothing_in() {
        let n = 8 + 2 * HALO;
        let line = |wind: Real| {
            let mut mass = vec![HALO_MASS; n];
            mass[HALO..n - HALO].fill(2.0);
            let mut flux = vec![0.0; n];
            flux[HALO..=n - HALO].fill(wind);
            let mut sweep = Sweep::new(n);
            sweep.set_flow(&mass, &flux, 1);
            sweep.set_fifth_order(&mass, &flux, 1);
            sweep.close_first(HALO, wind > 0.0);
            sweep.close_last(n - HALO, wind < 0.0);
            sweep
        };
        for wind in [0.6, -0.6] {
            let mut q = vec![0.0; n];
            q[HALO..n - HALO].fill(1.0);
            line(wind).forward(&mut q, &mut vec![0.0; n]);
            // air of the first cell is replaced by 0.6 of 2 kg of clean air; the others keep their value up to the influence of the side
            let first = if wind > 0.0 { HALO } else { n - HALO - 1 };
            assert!((q[first] - 0.7).abs() < 0.2, "{q:?}");
            let last = if wind > 0.0 { n - HALO - 1 } else { HALO };
            assert!((q[last] - 1.0).abs() < 10.0 * Real::EPSILON, "{q:?}");
            assert!(q[..HALO].iter().chain(&q[n - HALO..]).all(|v| v.abs() < 1e-20));
        }
    }
}
