//! The linear kernels as the model runs them, in single precision.

pub use crate::chemistry::conversion_adjoint;
pub use crate::physics::{
    Real, advection_adjoint, horizontal_diffusion_adjoint, sedimentation_adjoint, vertical_advection,
    vertical_advection_adjoint, vertical_diffusion_adjoint,
};

#[path = "kernels.rs"]
pub mod kernels;
