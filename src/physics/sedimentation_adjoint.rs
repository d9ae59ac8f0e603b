//! The fall of coarse particles through a column, and its transpose, many columns at once.
//!
//! ```text
//!   q'_k = q_k - f_k q_k / m_k + f_k+1 q_k+1 / m_k        a_k = a'_k - f_k a'_k / m_k + f_k a'_k-1 / m_k-1
//! ```
//!
//! with `f_k` the air [kg] whose particles fall out of layer k in the step (`f_0 = 0`: what reaches the ground belongs to the deposition velocity) and `m`
//! air mass [kg]. First-order upwind, explicit: `f_k <= m_k`.

use super::Real;

/// Lets the particles of the rows `q` `[z][x]` fall through `falling` (`f`) in air of `mass` [kg].
pub fn settle(q: &mut [Real], mass: &[Real], falling: &[Real], width: usize) {
    for c in width..q.len() {
        let fallen = falling[c] * q[c];
        q[c] -= fallen / mass[c];
        q[c - width] += fallen / mass[c - width];
    }
}

/// Takes the sensitivity `a` to the mixing ratio from after the fall to before it.
pub fn settle_transposed(a: &mut [Real], mass: &[Real], falling: &[Real], width: usize) {
    for c in (width..a.len()).rev() {
        a[c] += falling[c] * (a[c - width] / mass[c - width] - a[c] / mass[c]);
    }
}
