//! The same files of the linear kernels, built in double precision.
#![allow(
    clippy::duplicate_mod,
    clippy::unnecessary_cast,
    clippy::useless_conversion,
    reason = "the same code in another precision is the point"
)]

/// Number of the kernels here.
pub type Real = f64;

pub use crate::physics::vertical_advection;

#[path = "../../physics/advection_adjoint.rs"]
pub mod advection_adjoint;
#[path = "../../chemistry/conversion_adjoint.rs"]
pub mod conversion_adjoint;
#[path = "../../physics/horizontal_diffusion_adjoint.rs"]
pub mod horizontal_diffusion_adjoint;
#[path = "kernels.rs"]
pub mod kernels;
#[path = "../../physics/sedimentation_adjoint.rs"]
pub mod sedimentation_adjoint;
#[path = "../../physics/vertical_advection_adjoint.rs"]
pub mod vertical_advection_adjoint;
#[path = "../../physics/vertical_diffusion_adjoint.rs"]
pub mod vertical_diffusion_adjoint;
