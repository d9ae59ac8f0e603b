//! Pure formulas on slices and numbers: no files, no clock, no configuration, nothing that can fail.

pub mod advection;
pub mod vertical_advection;
pub mod vertical_diffusion;
