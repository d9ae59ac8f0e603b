//! What is emitted throughout an hour, with what every step of it needs to know.

use super::block::layers_in_use;
use super::emission_placement::EmissionField;
use crate::domain::species::Species;
use ndarray::{Array2, Axis};
use rayon::prelude::*;

/// Emission of an hour.
#[derive(Debug)]
pub struct HourEmission<'a> {
    pub field: &'a EmissionField,
    /// Layers from the ground to the highest into which each species is emitted, in every block of columns: `[species, block]`.
    pub layers: Array2<usize>,
    /// Sum over the grid [kg s-1].
    pub kg_s: [f64; Species::COUNT],
}

impl<'a> HourEmission<'a> {
    /// Of a field of rates; the tracer is not emitted.
    pub fn new(field: &'a EmissionField) -> Self {
        let of_species = |species: Species| {
            let rates = field.rate_kg_s.index_axis(Axis(0), species.index());
            rates.outer_iter().map(|layer| layer.iter().map(|rate| f64::from(*rate)).sum::<f64>()).sum::<f64>()
        };
        let mut kg_s: Vec<f64> = Species::ALL.into_par_iter().map(of_species).collect();
        let mut layers = layers_in_use(&field.rate_kg_s);
        kg_s[Species::Tracer.index()] = 0.0;
        layers.row_mut(Species::Tracer.index()).fill(0);
        Self { field, layers, kg_s: std::array::from_fn(|s| kg_s[s]) }
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
        let of = |species: Species| (emission.layers[[species.index(), 0]], emission.kg_s[species.index()]);
        assert_eq!((of(Species::So2), of(Species::Coarse)), ((3, 3.5), (1, 2.0)));
        assert_eq!((of(Species::Tracer), of(Species::No2)), ((0, 0.0), (0, 0.0)));
    }
}
