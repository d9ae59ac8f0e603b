//! How the inorganic equilibrium of a run answers to a little more ammonia, nitrate or sulfate, hour by hour: one byte a cell.
//! Where ammonium nitrate is in equilibrium, `(e - n)(t - n) = K` with free ammonia `e` and total nitrate `t` gives
//! `dn = s de + (1 - s) dt` with `s = [HNO3] / ([HNO3] + [NH3])`. Elsewhere no nitrate is particle, and sulfate takes two ammonia or all there is.

use super::carried::EQUILIBRIUM;
use crate::chemistry::conversion_adjoint::Answer;
use crate::chemistry::pm_lite::INORGANIC;
use ndarray::{Array3, Array4, Axis, Zip};

/// Steps of the share in one byte; the two values above it are the other answers.
const STEPS: u8 = 250;
const UNSATURATED: u8 = 251;
const ACID: u8 = 252;
/// Share of total nitrate in the particles below which there is none, and of ammonia in the gas below which sulfate has taken all.
const NOTHING: f32 = 1e-6;

/// The answers of one hour, `[z, y, x]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswersOfHour {
    codes: Vec<u8>,
}

impl AnswersOfHour {
    /// The answer of a cell, counted in the order of the grid.
    pub fn of(&self, cell: usize) -> Answer {
        match self.codes[cell] {
            UNSATURATED => Answer::Unsaturated,
            ACID => Answer::Acid,
            share => Answer::Saturated { share: f32::from(share) / f32::from(STEPS) },
        }
    }
}

/// The answers of a run, of the hours that are done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// Layers, rows and columns.
    cells: (usize, usize, usize),
    hours: Vec<AnswersOfHour>,
}

impl Answers {
    /// None yet, of a grid of `[z, y, x]` cells.
    pub fn new(cells: (usize, usize, usize)) -> Self {
        Self { cells, hours: Vec::new() }
    }

    /// Takes the answers of the next hour from the mixing ratios `[species, z, y, x]` at its end.
    pub fn record(&mut self, state: &Array4<f32>) {
        let mut codes = Array3::<u8>::zeros(self.cells);
        let moles = |k: usize| state.index_axis(Axis(0), EQUILIBRIUM[k].index()).mapv(|q| q / INORGANIC[k]);
        let (ammonia, nitric_acid, nitrate) = (moles(1), moles(3), moles(4));
        let particles = Zip::from(&moles(0)).and(&moles(2)).map_collect(|sulfate, ammonium| (*sulfate, *ammonium));
        Zip::from(&mut codes).and(&ammonia).and(&nitric_acid).and(&nitrate).and(&particles).for_each(
            |code, nh3, hno3, nitrate, (sulfate, ammonium)| {
                let gases = nh3 + hno3;
                *code = if *nitrate > NOTHING * (hno3 + nitrate) {
                    let share = if gases > 0.0 { hno3 / gases } else { 0.5 };
                    (share * f32::from(STEPS)).round() as u8
                } else if *nh3 <= NOTHING * ammonium && *ammonium < 2.0 * sulfate {
                    ACID
                } else {
                    UNSATURATED
                };
            },
        );
        self.hours.push(AnswersOfHour { codes: codes.into_raw_vec_and_offset().0 });
    }

    /// Number of hours that are done.
    pub fn hours(&self) -> usize {
        self.hours.len()
    }

    /// Layers, rows and columns.
    pub fn cells(&self) -> (usize, usize, usize) {
        self.cells
    }

    /// The answers of an hour, 0 the first.
    pub(super) fn hour(&self, hour: u32) -> &AnswersOfHour {
        &self.hours[hour as usize]
    }

    /// All hours, one byte per cell.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.hours.iter().flat_map(|h| h.codes.iter().copied()).collect()
    }

    /// What [`Answers::to_bytes`] gave for a grid of these cells; `None` where the bytes are no whole hours or no answers.
    pub fn from_bytes(bytes: &[u8], cells: (usize, usize, usize)) -> Option<Self> {
        let of_hour = cells.0 * cells.1 * cells.2;
        if of_hour == 0 || !bytes.len().is_multiple_of(of_hour) || bytes.iter().any(|b| *b > ACID) {
            return None;
        }
        let hours = bytes.chunks_exact(of_hour).map(|codes| AnswersOfHour { codes: codes.to_vec() }).collect();
        Some(Self { cells, hours })
    }
}
