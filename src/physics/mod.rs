//! Published formulas of the atmosphere, on plain numbers and slices: no arrays of the model, no I/O, no errors.

pub mod advection;
pub mod advection_adjoint;
pub mod advection_sweep;
pub mod aligned;
pub mod boundary_layer;
pub mod dry_deposition;
pub mod eddy_diffusivity;
pub mod horizontal_diffusion;
pub mod horizontal_diffusion_adjoint;
pub mod lanes;
pub mod moisture;
pub mod nonlocal_mixing;
pub mod padded;
pub mod plume_rise;
pub mod sedimentation;
pub mod sedimentation_adjoint;
pub mod solar;
pub mod surface_layer;
pub mod vertical_advection;
pub mod vertical_advection_adjoint;
pub mod vertical_diffusion;
pub mod vertical_diffusion_adjoint;
pub mod wet_deposition;
pub mod wind_adjustment;

/// Number of the linear kernels and their transposes: `f32` here, `f64` where a proof builds the same files again.
pub type Real = f32;
