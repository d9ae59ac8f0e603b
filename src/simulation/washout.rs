//! What rain removes throughout an hour.

use super::block::layers_in_use;
use super::driver::HourDriver;
use crate::domain::species::Species;
use ndarray::{Array2, Array4, Axis};

/// Rain-out in the steps of an hour.
#[derive(Debug)]
pub struct Washout {
    /// Share of each slot that is removed in a step `[slot, z, y, x]`.
    pub share: Array4<f32>,
    /// Layers from the ground to the highest from which anything is removed, in every block of columns: `[slot, block]`.
    pub layers: Array2<usize>,
}

impl Washout {
    /// Of each of `species` in steps of `dt` [s]; `None` in a dry hour.
    pub fn new(driver: &HourDriver, species: &[Species], dt: f32) -> Option<Self> {
        let of_species: Vec<usize> = species.iter().map(|s| s.index()).collect();
        let mut share = driver.wet_loss.as_ref()?.select(Axis(0), &of_species);
        share.par_mapv_inplace(|rate| if rate <= 0.0 { 0.0 } else { -(-rate * dt).exp_m1() });
        Some(Self { layers: layers_in_use(&share), share })
    }
}
