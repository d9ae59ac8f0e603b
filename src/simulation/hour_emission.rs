//! What is emitted throughout an hour, with what every step of it needs to know.

use super::emission_placement::EmissionField;
use crate::domain::species::Species;
use ndarray::Axis;
use rayon::prelude::*;

/// Emission of an hour.
#[derive(Debug, Clone, Copy)]
pub struct HourEmission<'a> {
    pub field: &'a EmissionField,
    /// Number of layers from the ground to the highest into which each species is emitted.
    pub layers: [usize; Species::COUNT],
    /// Sum over the grid [kg s-1].
    pub kg_s: [f64; Species::COUNT],
}

impl<'a> HourEmission<'a> {
    /// Of a field of rates; the tracer is not emitted.
    pub fn new(field: &'a EmissionField) -> Self {
        let of_species = |species: Species| {
            let rates = field.rate_kg_s.index_axis(Axis(0), species.index());
            if species == Species::Tracer {
                return (0, 0.0);
            }
            let kg_s = rates.outer_iter().map(|layer| layer.iter().map(|rate| f64::from(*rate)).sum::<f64>());
            let kg_s: Vec<f64> = kg_s.collect();
            (kg_s.iter().rposition(|rate| *rate != 0.0).map_or(0, |highest| highest + 1), kg_s.iter().sum())
        };
        let found: Vec<(usize, f64)> = Species::ALL.into_par_iter().map(of_species).collect();
        Self { field, layers: std::array::from_fn(|s| found[s].0), kg_s: std::array::from_fn(|s| found[s].1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array4;

    #[test]
    fn layers_end_where_nothing_is_emitted_above_and_the_tracer_has_none() {
        let mut field = EmissionField { layers: 4, rate_kg_s: Array4::zeros((Species::COUNT, 4, 2, 3)) };
        field.rate_kg_s[[Species::So2.index(), 2, 1, 1]] = 3.0;
        field.rate_kg_s[[Species::So2.index(), 0, 0, 2]] = 0.5;
        field.rate_kg_s[[Species::Coarse.index(), 0, 1, 0]] = 2.0;
        field.rate_kg_s[[Species::Tracer.index(), 1, 1, 0]] = 1.0;
        let emission = HourEmission::new(&field);
        let of = |species: Species| (emission.layers[species.index()], emission.kg_s[species.index()]);
        assert_eq!((of(Species::So2), of(Species::Coarse)), ((3, 3.5), (1, 2.0)));
        assert_eq!((of(Species::Tracer), of(Species::No2)), ((0, 0.0), (0, 0.0)));
    }
}
