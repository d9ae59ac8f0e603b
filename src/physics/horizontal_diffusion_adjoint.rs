//! Horizontal diffusion of a slab `[y][x]` and its transpose.
//!
//! ```text
//!   q' = q + (D q) / m      a = a' + D (a' / m)      (D q)_i = sum over the faces of i of e (q_neighbour - q_i)
//! ```
//!
//! with `m` air mass [kg] and `e` the air that a face exchanges in the step [kg] ([`super::horizontal_diffusion`]). `D` is its own transpose, as what one cell
//! gives the other takes.

use super::Real;

/// What flows into the cells of a slab of width `nx`: `gain` becomes `D q` for the `exchange` [kg] through western and southern faces `[y][x]` (those of the
/// first column and row are not read).
#[inline(always)]
fn gain(q: &[Real], exchange: [&[Real]; 2], nx: usize, gain: &mut [Real]) {
    let [west, south] = exchange;
    gain.fill(0.0);
    for start in (0..q.len()).step_by(nx) {
        let (q, e, gain) = (&q[start..][..nx], &west[start..][..nx], &mut gain[start..][..nx]);
        for x in 1..nx {
            let passed = e[x] * (q[x - 1] - q[x]);
            gain[x] += passed;
            gain[x - 1] -= passed;
        }
    }
    for start in (nx..q.len()).step_by(nx) {
        let (below, here) = gain[start - nx..start + nx].split_at_mut(nx);
        let (q_below, q, e) = (&q[start - nx..][..nx], &q[start..][..nx], &south[start..][..nx]);
        for x in 0..nx {
            let passed = e[x] * (q_below[x] - q[x]);
            here[x] += passed;
            below[x] -= passed;
        }
    }
}

/// Spreads `q` in air of `mass` [kg]; `work` is scratch of its size.
#[inline(always)]
pub fn spread(q: &mut [Real], mass: &[Real], exchange: [&[Real]; 2], nx: usize, work: &mut [Real]) {
    gain(q, exchange, nx, work);
    for i in 0..q.len() {
        q[i] += work[i] / mass[i];
    }
}

/// Takes the sensitivity `a` to the mixing ratio from after the spreading to before it; `work` and `per_mass` are scratch of its size.
#[inline(always)]
pub fn spread_transposed(
    a: &mut [Real],
    mass: &[Real],
    exchange: [&[Real]; 2],
    nx: usize,
    work: &mut [Real],
    per_mass: &mut [Real],
) {
    for i in 0..a.len() {
        per_mass[i] = a[i] / mass[i];
    }
    gain(per_mass, exchange, nx, work);
    for i in 0..a.len() {
        a[i] += work[i];
    }
}
