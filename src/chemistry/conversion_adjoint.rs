//! First-order conversions and partitioning by fixed shares along a row of cells, and their transposes.
//!
//! **Invariant:** every function is linear in the amounts. **Why:** the share of a total that is in the particles is a number of the base run here, not the
//! equilibrium of the amounts that are stepped; that is the one place where the influence is an approximation.

use super::Real;

/// Moves `share` [1] of `from` [kg kg-1] to `to`, with `ratio` kg of it per kg: `to += ratio share from`, `from -= share from`.
pub fn convert(from: &mut [Real], to: &mut [Real], share: &[Real], ratio: Real) {
    for ((from, to), share) in from.iter_mut().zip(to).zip(share) {
        let moved = share * *from;
        *from -= moved;
        *to += ratio * moved;
    }
}

/// Takes the sensitivity to what is converted from after [`convert`] to before it; that to the product stays: `from += share (ratio to - from)`.
pub fn convert_transposed(from: &mut [Real], to: &[Real], share: &[Real], ratio: Real) {
    for ((from, to), share) in from.iter_mut().zip(to).zip(share) {
        *from += share * (ratio * to - *from);
    }
}

/// Keeps `1 - share` [1] of `from`, whose product is not followed; its own transpose.
pub fn decay(from: &mut [Real], share: &[Real]) {
    for (from, share) in from.iter_mut().zip(share) {
        *from -= share * *from;
    }
}

/// Puts `share` [mol mol-1] of gas and particle together into the particle; `ratio` is the mass of particle per mass of gas.
pub fn partition(gas: &mut [Real], particle: &mut [Real], share: &[Real], ratio: Real) {
    for ((gas, particle), share) in gas.iter_mut().zip(particle).zip(share) {
        let total = *gas + *particle / ratio;
        *particle = share * total * ratio;
        *gas = (1.0 - share) * total;
    }
}

/// Takes the sensitivities to gas and particle from after [`partition`] to before it.
pub fn partition_transposed(gas: &mut [Real], particle: &mut [Real], share: &[Real], ratio: Real) {
    for ((gas, particle), share) in gas.iter_mut().zip(particle).zip(share) {
        let total = (1.0 - share) * *gas + share * ratio * *particle;
        *gas = total;
        *particle = total / ratio;
    }
}
