//! First-order conversions and the derivative of the inorganic equilibrium along a row of cells, and their transposes.
//!
//! **Invariant:** every function is linear in the amounts. **Why:** what of a little more ammonia or nitrate becomes particle is a number of the base run
//! here, not the equilibrium of the amounts that are stepped; that is the one place where the influence is an approximation, exact for small cuts.

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

/// Sulfate, ammonia, nitric acid and their particles along a row of cells [kg kg-1], or sensitivities to them.
#[derive(Debug)]
pub struct InorganicRow<'a> {
    pub sulfate: &'a mut [Real],
    pub ammonia: &'a mut [Real],
    pub ammonium: &'a mut [Real],
    pub nitric_acid: &'a mut [Real],
    pub nitrate: &'a mut [Real],
}

/// How a cell's equilibrium answers to a little more of what is in it: the derivative of the inorganic equilibrium of the chemistry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Answer {
    /// Ammonium nitrate is there: of a mole of free ammonia `share` becomes it, of a mole of nitrate `1 - share`; a mole of sulfate takes two of ammonia.
    Saturated { share: Real },
    /// All nitrate is gas; sulfate takes its ammonia.
    Unsaturated,
    /// Sulfate takes all ammonia that there is.
    Acid,
}

/// Moles of particle per mole of total ammonia, total nitrate and sulfate: ammonium nitrate, and ammonia bound to sulfate.
struct Moles {
    nitrate: [Real; 3],
    bound: [Real; 3],
}

impl Answer {
    fn moles(self) -> Moles {
        match self {
            Self::Saturated { share } => Moles { nitrate: [share, 1.0 - share, -2.0 * share], bound: [0.0, 0.0, 2.0] },
            Self::Unsaturated => Moles { nitrate: [0.0; 3], bound: [0.0, 0.0, 2.0] },
            Self::Acid => Moles { nitrate: [0.0; 3], bound: [1.0, 0.0, 0.0] },
        }
    }
}

/// Molar masses [kg mol-1] of sulfate, ammonia, ammonium, nitric acid and nitrate, as the chemistry has them.
pub type MolarMasses = [Real; 5];

/// Shares ammonia and nitrate out between gas and particles by the answers of the cells.
pub fn partition(row: &mut InorganicRow, answers: impl Fn(usize) -> Answer, masses: &MolarMasses) {
    let [sulfate, ammonia, ammonium, nitric_acid, nitrate] = *masses;
    for i in 0..row.sulfate.len() {
        let moles = [
            row.ammonia[i] / ammonia + row.ammonium[i] / ammonium,
            row.nitric_acid[i] / nitric_acid + row.nitrate[i] / nitrate,
            row.sulfate[i] / sulfate,
        ];
        let of = |share: &[Real; 3]| share.iter().zip(&moles).map(|(s, m)| s * m).sum::<Real>();
        let particle = answers(i).moles();
        let (salt, bound) = (of(&particle.nitrate), of(&particle.bound));
        row.ammonium[i] = (bound + salt) * ammonium;
        row.ammonia[i] = (moles[0] - bound - salt) * ammonia;
        row.nitrate[i] = salt * nitrate;
        row.nitric_acid[i] = (moles[1] - salt) * nitric_acid;
    }
}

/// Takes the sensitivities from after [`partition`] to before it.
pub fn partition_transposed(row: &mut InorganicRow, answers: impl Fn(usize) -> Answer, masses: &MolarMasses) {
    let [sulfate, ammonia, ammonium, nitric_acid, nitrate] = *masses;
    for i in 0..row.sulfate.len() {
        let particle = answers(i).moles();
        // what a mole does that goes from gas to particle
        let bound = row.ammonium[i] * ammonium - row.ammonia[i] * ammonia;
        let salt = bound + row.nitrate[i] * nitrate - row.nitric_acid[i] * nitric_acid;
        let per_mole = [row.ammonia[i] * ammonia, row.nitric_acid[i] * nitric_acid, row.sulfate[i] * sulfate];
        let of = |k: usize| per_mole[k] + particle.bound[k] * bound + particle.nitrate[k] * salt;
        (row.ammonia[i], row.ammonium[i]) = (of(0) / ammonia, of(0) / ammonium);
        (row.nitric_acid[i], row.nitrate[i]) = (of(1) / nitric_acid, of(1) / nitrate);
        row.sulfate[i] = of(2) / sulfate;
    }
}
