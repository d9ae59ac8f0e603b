//! The mass ledger: for each species, where every kilogram came from and went.

use super::columns::ColumnTally;
use super::restart::{Contents, Snapshot};
use crate::domain::species::Species;
use ndarray::{Array3, Array4, Axis, Zip};
use serde::{Deserialize, Serialize};

/// Ledger of one species over a run [kg]; `stored_end - stored_start = emitted + inflow - outflow + chemistry - dry - wet + clipped + analysis + residual`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SpeciesLedger {
    pub species: String,
    pub stored_start_kg: f64,
    pub stored_end_kg: f64,
    pub emitted_kg: f64,
    pub inflow_kg: f64,
    pub outflow_kg: f64,
    /// Net chemical production (negative: loss).
    pub chemistry_kg: f64,
    pub dry_deposited_kg: f64,
    pub wet_deposited_kg: f64,
    /// Mass added by setting negative values to zero.
    pub clipped_kg: f64,
    /// Mass that analyses of observations added (negative: took away); 0 where there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub analysis_kg: f64,
    /// What does not close.
    pub residual_kg: f64,
    /// `|residual| / (stored_start + emitted + inflow + max(chemistry, 0) + max(analysis, 0))`.
    pub relative_residual: f64,
}

fn is_zero(v: &f64) -> bool {
    *v == 0.0
}

impl SpeciesLedger {
    /// What is booked while the run goes on.
    fn open_mut(&mut self) -> [&mut f64; 9] {
        [
            &mut self.stored_start_kg,
            &mut self.emitted_kg,
            &mut self.inflow_kg,
            &mut self.outflow_kg,
            &mut self.chemistry_kg,
            &mut self.dry_deposited_kg,
            &mut self.wet_deposited_kg,
            &mut self.clipped_kg,
            &mut self.analysis_kg,
        ]
    }
}

/// Ledger of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MassLedger {
    pub species: Vec<SpeciesLedger>,
    /// Largest relative residual of all species.
    pub largest_relative_residual: f64,
    /// Largest |q - 1| of the uniform tracer anywhere at the end.
    pub tracer_largest_deviation: f64,
}

/// The open books of a running simulation.
#[derive(Debug, Clone)]
pub struct Books {
    entries: Vec<SpeciesLedger>,
}

impl Books {
    /// Opens the books with what is stored now.
    pub fn open(state: &Array4<f32>, mass: &Array3<f32>) -> Self {
        let entries = Species::ALL
            .iter()
            .map(|s| SpeciesLedger {
                species: s.name().into(),
                stored_start_kg: stored(state, mass, *s),
                ..SpeciesLedger::default()
            })
            .collect();
        Self { entries }
    }

    /// Books what passed the sides: (in, out) per species [kg].
    pub fn sides(&mut self, through: &[(f64, f64)]) {
        for (entry, (inflow, outflow)) in self.entries.iter_mut().zip(through) {
            entry.inflow_kg += inflow;
            entry.outflow_kg += outflow;
        }
    }

    /// Books what columns exchanged.
    pub fn columns(&mut self, tally: &ColumnTally) {
        for (s, entry) in self.entries.iter_mut().enumerate() {
            entry.emitted_kg += tally.emitted[s];
            entry.dry_deposited_kg += tally.dry[s];
            entry.wet_deposited_kg += tally.wet[s];
            entry.inflow_kg += tally.inflow[s];
            entry.outflow_kg += tally.outflow[s];
        }
    }

    /// Books mass added by clipping, per species [kg].
    pub fn clipped(&mut self, added: &[f64]) {
        for (entry, kg) in self.entries.iter_mut().zip(added) {
            entry.clipped_kg += kg;
        }
    }

    /// Books net chemical production per species [kg].
    pub fn chemistry(&mut self, produced: &[f64]) {
        for (entry, kg) in self.entries.iter_mut().zip(produced) {
            entry.chemistry_kg += kg;
        }
    }

    /// What is stored per species [kg].
    pub fn stored(&self, state: &Array4<f32>, mass: &Array3<f32>) -> Vec<f64> {
        Species::ALL.into_iter().map(|s| stored(state, mass, s)).collect()
    }

    /// Books an analysis by what was stored before and after it, per species [kg].
    pub fn analysis(&mut self, before: &[f64], after: &[f64]) {
        for ((entry, before), after) in self.entries.iter_mut().zip(before).zip(after) {
            entry.analysis_kg += after - before;
        }
    }

    /// Adds the open books to a checkpoint.
    pub fn save(&self, to: &mut Snapshot) {
        self.entries.iter().for_each(|e| to.add_numbers(e.clone().open_mut().map(|v| *v)));
    }

    /// Takes them back.
    pub fn restore(&mut self, from: &mut Contents) {
        self.entries.iter_mut().flat_map(SpeciesLedger::open_mut).for_each(|v| *v = from.number());
    }

    /// Closes the books with what is stored at the end.
    pub fn close(mut self, state: &Array4<f32>, mass: &Array3<f32>, tracer_largest_deviation: f64) -> MassLedger {
        let mut largest = 0.0f64;
        for (entry, species) in self.entries.iter_mut().zip(Species::ALL) {
            entry.stored_end_kg = stored(state, mass, species);
            let e = &*entry;
            let expected =
                e.stored_start_kg + e.emitted_kg + e.inflow_kg + e.chemistry_kg + e.clipped_kg + e.analysis_kg
                    - e.outflow_kg
                    - e.dry_deposited_kg
                    - e.wet_deposited_kg;
            let turnover =
                e.stored_start_kg + e.emitted_kg + e.inflow_kg + e.chemistry_kg.max(0.0) + e.analysis_kg.max(0.0);
            entry.residual_kg = entry.stored_end_kg - expected;
            entry.relative_residual = if turnover == 0.0 { 0.0 } else { entry.residual_kg.abs() / turnover };
            // a sum that is no number stays to be seen
            if entry.relative_residual > largest || entry.relative_residual.is_nan() {
                largest = entry.relative_residual;
            }
        }
        MassLedger { species: self.entries, largest_relative_residual: largest, tracer_largest_deviation }
    }
}

fn stored(state: &Array4<f32>, mass: &Array3<f32>, species: Species) -> f64 {
    let mut sum = 0.0f64;
    Zip::from(state.index_axis(Axis(0), species.index()))
        .and(mass)
        .for_each(|q, m| sum += f64::from(*q) * f64::from(*m));
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_that_is_no_number_is_not_taken_for_a_close() {
        let (state, mass) = (Array4::from_elem((Species::COUNT, 1, 1, 2), 0.5), Array3::from_elem((1, 1, 2), 4.0));
        let close = |through: &[(f64, f64)]| {
            let mut books = Books::open(&state, &mass);
            books.sides(through);
            books.close(&state, &mass, 0.0).largest_relative_residual
        };
        let mut through = vec![(0.0, 0.0); Species::COUNT];
        assert_eq!(close(&through), 0.0);
        through[Species::No2.index()].0 = 1.0;
        // of 4 kg and 1 kg that came in, 4 kg are there
        assert_eq!(close(&through), 0.2);
        through[Species::So2.index()].0 = f64::NAN;
        assert!(close(&through).is_nan());
    }
}
