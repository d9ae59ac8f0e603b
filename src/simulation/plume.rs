//! Where a stack's plume levels off in the air of the hour.

use super::driver::HourDriver;
use super::meteorology::MetOnGrid;
use crate::domain::grid::Grid;
use crate::domain::source::Stack;
use crate::physics::{moisture, plume_rise};
use ndarray::{Array3, Zip};

/// What decides the rise of a plume: fields `[z, y, x]` of temperature [K], pressure [Pa] and wind speed [m s-1].
#[derive(Debug, Clone)]
pub struct PlumeAir {
    pub temperature: Array3<f32>,
    pub pressure: Array3<f32>,
    pub wind_speed: Array3<f32>,
}

impl PlumeAir {
    /// The air of an instant, its wind not brought over the model's terrain.
    pub fn of(met: &MetOnGrid) -> Self {
        let mut wind_speed = Array3::zeros(met.density.dim());
        Zip::from(&mut wind_speed).and(&met.momentum_x).and(&met.momentum_y).and(&met.density).for_each(
            |speed: &mut f32, x, y, density| {
                *speed = x.hypot(*y) / density;
            },
        );
        Self { temperature: met.temperature.clone(), pressure: met.pressure.clone(), wind_speed }
    }

    /// Effective height above ground [m] of a stack in grid cell `cell` (`y * nx + x`).
    pub fn effective_height(&self, grid: &Grid, cell: usize, stack: &Stack) -> f64 {
        height([&self.temperature, &self.pressure, &self.wind_speed], grid, cell, stack)
    }
}

/// Effective height above ground [m] of a stack in grid cell `cell` (`y * nx + x`).
pub fn effective_height(driver: &HourDriver, grid: &Grid, cell: usize, stack: &Stack) -> f64 {
    height([&driver.temperature, &driver.pressure, &driver.wind_speed], grid, cell, stack)
}

/// Effective height [m] in neutral air of the standard atmosphere at the ground (288.15 K) and a wind of 5 m s-1: where no meteorology is
/// at hand.
pub fn standard_height(stack: &Stack) -> f64 {
    rise(stack, plume_rise::StackAir { temperature_k: 288.15, wind_m_s: 5.0, theta_gradient_k_m: 0.0 })
}

fn height([temperature, pressure, wind_speed]: [&Array3<f32>; 3], grid: &Grid, cell: usize, stack: &Stack) -> f64 {
    let (nz, _, nx) = grid.shape();
    let (y, x) = (cell / nx, cell % nx);
    let mouth = grid.vertical.interfaces_m.partition_point(|z| *z <= stack.height_m);
    let k = mouth.saturating_sub(1).min(nz - 2);
    let theta =
        |k: usize| moisture::potential_temperature(f64::from(temperature[[k, y, x]]), f64::from(pressure[[k, y, x]]));
    let depth = grid.vertical.centre_m(k + 1) - grid.vertical.centre_m(k);
    let air = plume_rise::StackAir {
        temperature_k: temperature[[k, y, x]],
        wind_m_s: wind_speed[[k, y, x]],
        theta_gradient_k_m: ((theta(k + 1) - theta(k)) / depth) as f32,
    };
    rise(stack, air)
}

fn rise(stack: &Stack, air: plume_rise::StackAir) -> f64 {
    let stack = plume_rise::Stack {
        height_m: stack.height_m as f32,
        diameter_m: stack.diameter_m as f32,
        exit_speed_m_s: stack.velocity_m_s as f32,
        exit_temperature_k: stack.temperature_k as f32,
    };
    f64::from(plume_rise::effective_height(&stack, &air))
}
