//! Chemistry of one cell or one row: rate constants, the linear scheme `pm-lite` and the inorganic equilibrium.

pub mod conversion_adjoint;
pub mod inorganic_equilibrium;
pub mod pm_lite;
pub mod rate_constants;

use crate::physics::Real;
