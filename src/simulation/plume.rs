//! Where a stack's plume levels off in the air of the hour.

use super::driver::HourDriver;
use crate::domain::grid::Grid;
use crate::domain::source::Stack;
use crate::physics::{moisture, plume_rise};

/// Effective height above ground [m] of a stack in grid cell `cell` (`y * nx + x`).
pub fn effective_height(driver: &HourDriver, grid: &Grid, cell: usize, stack: &Stack) -> f64 {
    let (nz, _, nx) = grid.shape();
    let (y, x) = (cell / nx, cell % nx);
    let mouth = grid.vertical.interfaces_m.partition_point(|z| *z <= stack.height_m);
    let k = mouth.saturating_sub(1).min(nz - 2);
    let theta = |k: usize| {
        moisture::potential_temperature(f64::from(driver.temperature[[k, y, x]]), f64::from(driver.pressure[[k, y, x]]))
    };
    let depth = grid.vertical.centre_m(k + 1) - grid.vertical.centre_m(k);
    let air = plume_rise::StackAir {
        temperature_k: driver.temperature[[k, y, x]],
        wind_m_s: driver.wind_speed[[k, y, x]],
        theta_gradient_k_m: ((theta(k + 1) - theta(k)) / depth) as f32,
    };
    let stack = plume_rise::Stack {
        height_m: stack.height_m as f32,
        diameter_m: stack.diameter_m as f32,
        exit_speed_m_s: stack.velocity_m_s as f32,
        exit_temperature_k: stack.temperature_k as f32,
    };
    f64::from(plume_rise::effective_height(&stack, &air))
}
