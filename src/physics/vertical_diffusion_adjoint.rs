//! The implicit mixing of a column with dry deposition, and its transpose, many columns at once.
//!
//! Streams of air carry the mixing ratio of where they start: `e_k` [kg] up and `b_k+1 = e_k + w_k` down through the interface between layers k and
//! k+1, and updrafts `u_k+1 = w_k - w_k+1` from the lowest layer to layer k+1. With `d` [kg] the air that deposition cleans, one step solves
//!
//! ```text
//!   A q' = m q + s      A_kk = m_k + b_k + e_k (+ d + the updrafts, k = 0),  A_k,k-1 = -e_k-1,  A_k,k+1 = -b_k+1,  A_k,0 = -u_k
//! ```
//!
//! so a sensitivity `a` goes backward by `A' c = a`, where `c` is the sensitivity to the emitted mass `s`, and `m c` that to the old mixing ratio. Seen from
//! the top down, row k of the transposed system holds only `c_k+1`, `c_k`, `c_k-1`, and row 0 all layers:
//!
//! ```text
//!   t_k = m_k + e_k t_k+1 / (t_k+1 + b_k+1)       air that layer k and all above it together offer
//!   c_k = (a_k + e_k C_k+1) / (t_k + b_k) + r_k c_k-1,   r_k = b_k / (t_k + b_k)
//! ```
//!
//! with `C` the part of `c` that is there for `c_k-1 = 0`. No term is subtracted anywhere: the factors are exact to rounding.
//!
//! # Reference
//! Thomas algorithm on a bordered tridiagonal matrix; streams of air: Pleim 2007, J. Appl. Meteorol. Climatol. 46, 1383.

use super::Real;

/// Factors of a row `[z][x]` shared by all species.
#[derive(Debug, Clone)]
pub struct ColumnFactors {
    /// `1 / (t_k + b_k)`.
    inverse: Vec<Real>,
    /// `r_k`, and `e_k-1 / (t_k + b_k)`.
    ratio: Vec<Real>,
    from_below: Vec<Real>,
    /// What `c_k` holds of `c_0`, and `q'_k` of `q'_0` directly.
    of_ground: Vec<Real>,
    updraft: Vec<Real>,
    /// Pivot of layer 0 without deposition [kg].
    ground: Vec<Real>,
}

impl ColumnFactors {
    /// Empty factors for rows of `layers x width`.
    pub fn new(layers: usize, width: usize) -> Self {
        let zeros = || vec![0.0; layers * width];
        Self {
            inverse: zeros(),
            ratio: zeros(),
            from_below: zeros(),
            of_ground: zeros(),
            updraft: zeros(),
            ground: vec![0.0; width],
        }
    }

    /// Factors from air `mass` [kg] > 0, and `exchange` and `descent` [kg] >= 0 through inner interfaces, `layers - 1` rows; `descent` (`w`) does not grow
    /// with height.
    #[inline(always)]
    pub fn factorise(&mut self, mass: &[Real], exchange: &[Real], descent: &[Real], width: usize) {
        let n = mass.len() / width;
        for k in (1..n).rev() {
            for x in 0..width {
                let c = k * width + x;
                let (up, above, leaving, risen) = if k + 1 < n {
                    let above = c + width;
                    (exchange[c] * self.ground[x] * self.inverse[above], self.inverse[above], descent[c], exchange[c])
                } else {
                    (0.0, 0.0, 0.0, 0.0)
                };
                let offered = mass[c] + up;
                let (e, b) = (exchange[c - width], exchange[c - width] + descent[c - width]);
                let inverse = 1.0 / (offered + b);
                let updraft = descent[c - width] - leaving;
                let from_above = if k + 1 < n { (risen + leaving) * above * self.updraft[c + width] } else { 0.0 };
                self.inverse[c] = inverse;
                self.ratio[c] = b * inverse;
                self.from_below[c] = e * inverse;
                // not yet what they are called, but the shares and sums that `close` needs for them
                self.of_ground[c] = offered * inverse;
                self.updraft[c] = updraft + from_above;
                self.ground[x] = offered;
            }
        }
        self.close(mass, exchange, descent, width);
    }

    /// What row 0 holds, and what each layer holds of the lowest.
    #[inline(always)]
    fn close(&mut self, mass: &[Real], exchange: &[Real], descent: &[Real], width: usize) {
        let n = mass.len() / width;
        for x in 0..width {
            // 1 - (what c_k holds of c_0)
            let mut missing = 0.0;
            let mut held = 1.0;
            let mut ground = mass[x];
            for k in 1..n {
                let c = k * width + x;
                let leaving = if k + 1 < n { descent[c] } else { 0.0 };
                missing = self.of_ground[c] + self.ratio[c] * missing;
                held *= self.ratio[c];
                ground += (descent[c - width] - leaving) * missing + if k == 1 { exchange[x] * missing } else { 0.0 };
                self.of_ground[c] = held;
                self.updraft[c] *= self.inverse[c];
            }
            self.ground[x] = ground;
        }
    }
}

/// Mixes the rows `q` of one species in air of `mass` [kg], with `emitted` [kg] in the lowest `emitted.len() / width` layers and `deposition` (`d`) of each
/// column [kg].
#[inline(always)]
pub fn mix(
    q: &mut [Real],
    mass: &[Real],
    factors: &ColumnFactors,
    streams: (&[Real], &[Real]),
    emitted: &[Real],
    deposition: &[Real],
    width: usize,
) {
    let n = q.len() / width;
    for k in (0..n).rev() {
        for x in 0..width {
            let c = k * width + x;
            let mut rhs = mass[c] * q[c] + if c < emitted.len() { emitted[c] } else { 0.0 };
            if k + 1 < n {
                rhs += (streams.0[c] + streams.1[c]) * q[c + width];
            }
            q[c] = if k > 0 { rhs * factors.inverse[c] } else { rhs / (factors.ground[x] + deposition[x]) };
        }
    }
    for k in 1..n {
        for x in 0..width {
            let c = k * width + x;
            q[c] += factors.from_below[c] * q[c - width] + factors.updraft[c] * q[x];
        }
    }
}

/// Takes the sensitivity `a` to the mixing ratio from after the mixing to before it. `to_emitted` becomes that to the emitted mass [per kg] in every layer.
#[inline(always)]
pub fn mix_transposed(
    a: &mut [Real],
    to_emitted: &mut [Real],
    mass: &[Real],
    factors: &ColumnFactors,
    streams: (&[Real], &[Real]),
    deposition: &[Real],
    width: usize,
) {
    let (exchange, descent) = streams;
    let rows = |k: usize| k * width..(k + 1) * width;
    let highest = a.len() / width - 1;
    // short loops over few arrays, which vectorise
    for k in (0..=highest).rev() {
        let (here, above) = to_emitted[k * width..].split_at_mut(width);
        here.copy_from_slice(&a[rows(k)]);
        if k < highest {
            for ((c, above), e) in here.iter_mut().zip(above).zip(&exchange[rows(k)]) {
                *c += e * *above;
            }
        }
        if k > 0 {
            here.iter_mut().zip(&factors.inverse[rows(k)]).for_each(|(c, inverse)| *c *= inverse);
        }
    }
    // upward: what is there without the ground, and what its updrafts make of it
    for k in 1..=highest {
        let (below, here) = to_emitted.split_at_mut(k * width);
        let here = &mut here[..width];
        if k > 1 {
            let below = &below[(k - 1) * width..];
            for ((c, below), ratio) in here.iter_mut().zip(below).zip(&factors.ratio[rows(k)]) {
                *c += ratio * below;
            }
        }
        let (lowest, sinking) = (&mut below[..width], &descent[rows(k - 1)]);
        if k < highest {
            let updraft = sinking.iter().zip(&descent[rows(k)]).map(|(sinking, leaving)| sinking - leaving);
            lowest.iter_mut().zip(updraft).zip(&*here).for_each(|((sum, updraft), c)| *sum += updraft * c);
        } else {
            lowest.iter_mut().zip(sinking).zip(&*here).for_each(|((sum, updraft), c)| *sum += updraft * c);
        }
    }
    let (lowest, upper) = to_emitted.split_at_mut(width);
    for ((c, ground), deposition) in lowest.iter_mut().zip(&factors.ground).zip(deposition) {
        *c /= ground + deposition;
    }
    for (c, of_ground) in upper.chunks_exact_mut(width).zip(factors.of_ground[width..].chunks_exact(width)) {
        c.iter_mut().zip(of_ground).zip(&*lowest).for_each(|((c, of_ground), lowest)| *c += of_ground * lowest);
    }
    for ((a, mass), c) in a.iter_mut().zip(mass).zip(&*to_emitted) {
        *a = mass * c;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two layers of mass 2 and 3, e 1, w 0.5 (so b 1.5 and u 0.5), d 1, by Cramer's rule:
    /// (2 + 1 + 0.5 + 1) q0 - 1.5 q1 = 2 * 1 + 4 and -(1 + 0.5) q0 + (3 + 1.5) q1 = 3 * 2.
    #[test]
    fn two_layers_by_hand() {
        let mut factors = ColumnFactors::new(2, 1);
        factors.factorise(&[2.0, 3.0], &[1.0], &[0.5], 1);
        let mut q = [1.0, 2.0];
        mix(&mut q, &[2.0, 3.0], &factors, (&[1.0], &[0.5]), &[4.0], &[1.0], 1);
        // determinant 4.5 * 4.5 - 1.5 * 1.5 = 18; q0 = (6 * 4.5 + 1.5 * 6) / 18, q1 = (4.5 * 6 + 1.5 * 6) / 18
        assert!((q[0] - 2.0).abs() < 8.0 * Real::EPSILON && (q[1] - 2.0).abs() < 8.0 * Real::EPSILON, "{q:?}");
        let (mut a, mut to_emitted) = ([1.0, 0.0], [0.0; 2]);
        mix_transposed(&mut a, &mut to_emitted, &[2.0, 3.0], &factors, (&[1.0], &[0.5]), &[1.0], 1);
        // d q0 / d s0 = 4.5 / 18, d q0 / d s1 = 1.5 / 18
        assert!((to_emitted[0] - 0.25).abs() < 8.0 * Real::EPSILON, "{to_emitted:?}");
        assert!((to_emitted[1] - 1.5 / 18.0).abs() < 8.0 * Real::EPSILON, "{to_emitted:?}");
        assert!((a[0] - 0.5).abs() < 8.0 * Real::EPSILON && (a[1] - 0.25).abs() < 8.0 * Real::EPSILON, "{a:?}");
    }

    /// Without deposition the emitted kilogram is there whole and air of one mixing ratio stays so: with `a = m` every `c` is 1, with `q` = 1 every `q'`.
    #[test]
    fn mass_and_uniformity_are_kept_with_strong_updrafts() {
        let n = 9;
        let mass: Vec<Real> = (0..n).map(|k| 5.0 + k as Real).collect();
        let exchange: Vec<Real> = (0..n - 1).map(|k| 40.0 / (1.0 + k as Real)).collect();
        let descent: Vec<Real> = (0..n - 1).map(|k| 90.0 * (1.0 - k as Real / 6.0).max(0.0)).collect();
        let mut factors = ColumnFactors::new(n, 1);
        factors.factorise(&mass, &exchange, &descent, 1);
        let streams = (exchange.as_slice(), descent.as_slice());
        let (mut a, mut to_emitted) = (mass.clone(), vec![0.0; n]);
        mix_transposed(&mut a, &mut to_emitted, &mass, &factors, streams, &[0.0], 1);
        assert!(to_emitted.iter().all(|c| (c - 1.0).abs() < 20.0 * Real::EPSILON), "{to_emitted:?}");
        let mut q = vec![1.0; n];
        mix(&mut q, &mass, &factors, streams, &[], &[0.0], 1);
        assert!(q.iter().all(|q| (q - 1.0).abs() < 20.0 * Real::EPSILON), "{q:?}");
    }
}
