//! Columns of the provider -> means over the model's layers.
//!
//! A layer's value is the exact mean of the provider's piecewise-linear profile over the layer; winds are averaged as momentum (density times
//! wind), which keeps the mass flux. Below the provider's lowest level the wind follows a logarithmic law from its 10-m wind.

use crate::constants::{GRAVITY, R_DRY};
use crate::domain::grid::VerticalGrid;
use crate::domain::met_field::MetField;
use crate::physics::moisture;

/// Roughness length [m] of the logarithmic wind below 10 m, where providers have no level.
const ROUGHNESS_M: f64 = 0.1;

/// Layer means `[layer, y, x]` on the provider's horizontal grid.
pub(super) struct LayerMeans {
    pub density: Vec<f32>,
    pub momentum_east: Vec<f32>,
    pub momentum_north: Vec<f32>,
    pub temperature: Vec<f32>,
    pub humidity: Vec<f32>,
    pub pressure: Vec<f32>,
    pub cloud: Vec<f32>,
}

/// Layer means of every column.
pub(super) fn layer_means(met: &MetField, vertical: &VerticalGrid) -> LayerMeans {
    let (cells, nz) = (met.grid.cells(), vertical.layers());
    let zeros = || vec![0.0f32; cells * nz];
    let mut out = LayerMeans {
        density: zeros(),
        momentum_east: zeros(),
        momentum_north: zeros(),
        temperature: zeros(),
        humidity: zeros(),
        pressure: zeros(),
        cloud: zeros(),
    };
    let mut column = Column::default();
    for c in 0..cells {
        column.read(met, c);
        for k in 0..nz {
            let (low, high) = (vertical.interfaces_m[k], vertical.interfaces_m[k + 1]);
            let mean = |values: &[f64]| mean_over(&column.height, values, low, high) as f32;
            let at = k * cells + c;
            out.density[at] = mean(&column.density);
            out.momentum_east[at] = mean(&column.momentum_east);
            out.momentum_north[at] = mean(&column.momentum_north);
            out.temperature[at] = mean(&column.temperature);
            out.humidity[at] = mean(&column.humidity);
            out.cloud[at] = mean(&column.cloud);
            out.pressure[at] = mean(&column.log_pressure).exp();
        }
    }
    out
}

/// Nodes of one column, from the ground up.
#[derive(Default)]
struct Column {
    height: Vec<f64>,
    density: Vec<f64>,
    momentum_east: Vec<f64>,
    momentum_north: Vec<f64>,
    temperature: Vec<f64>,
    humidity: Vec<f64>,
    log_pressure: Vec<f64>,
    cloud: Vec<f64>,
}

impl Column {
    fn read(&mut self, met: &MetField, c: usize) {
        for v in [
            &mut self.height,
            &mut self.density,
            &mut self.momentum_east,
            &mut self.momentum_north,
            &mut self.temperature,
            &mut self.humidity,
            &mut self.log_pressure,
            &mut self.cloud,
        ] {
            v.clear();
        }
        let cells = met.grid.cells();
        let terrain = f64::from(met.terrain_m[c]);
        let lowest = f64::from(met.altitude_m[c]) - terrain;
        let (t2, p0, q0) = (
            f64::from(met.temperature_2m_k[c]),
            f64::from(met.surface_pressure_pa[c]),
            f64::from(met.specific_humidity[c]),
        );
        let (e10, n10) = (f64::from(met.wind_10m_east_m_s[c]), f64::from(met.wind_10m_north_m_s[c]));
        let cloud = |at: usize| met.cloud_water.as_ref().map_or(0.0, |w| f64::from(w[at]));
        for z in [1.0, 3.0, 10.0].into_iter().filter(|z| *z < lowest - 1.0) {
            let log_law = (z / ROUGHNESS_M).ln() / (10.0 / ROUGHNESS_M).ln();
            self.push(z, p0 * (-z / (R_DRY * t2 / GRAVITY)).exp(), t2, q0, (e10 * log_law, n10 * log_law), cloud(c));
        }
        for k in 0..met.levels {
            let at = k * cells + c;
            let z = f64::from(met.altitude_m[at]) - terrain;
            let wind = (f64::from(met.wind_east_m_s[at]), f64::from(met.wind_north_m_s[at]));
            let (p, t, q) = (
                f64::from(met.pressure_pa[at]),
                f64::from(met.temperature_k[at]),
                f64::from(met.specific_humidity[at]),
            );
            self.push(z, p, t, q, wind, cloud(at));
        }
    }

    fn push(&mut self, z: f64, p: f64, t: f64, q: f64, wind: (f64, f64), cloud: f64) {
        let density = moisture::air_density(p, t, q);
        self.height.push(z);
        self.density.push(density);
        self.momentum_east.push(density * wind.0);
        self.momentum_north.push(density * wind.1);
        self.temperature.push(t);
        self.humidity.push(q);
        self.log_pressure.push(p.ln());
        self.cloud.push(cloud);
    }
}

/// Exact mean over `low..high` of the piecewise-linear profile through `(height, value)`, constant outside the nodes.
pub(super) fn mean_over(height: &[f64], value: &[f64], low: f64, high: f64) -> f64 {
    let last = height.len() - 1;
    let at = |z: f64, i: usize| {
        let share = (z - height[i]) / (height[i + 1] - height[i]);
        value[i] + share * (value[i + 1] - value[i])
    };
    let mut sum = 0.0;
    if low < height[0] {
        sum += value[0] * (high.min(height[0]) - low);
    }
    if high > height[last] {
        sum += value[last] * (high - low.max(height[last]));
    }
    for i in 0..last {
        let (a, b) = (low.max(height[i]), high.min(height[i + 1]));
        if b > a {
            sum += 0.5 * (at(a, i) + at(b, i)) * (b - a);
        }
    }
    sum / (high - low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layer_means_of_a_straight_line_are_its_middle_values() {
        let height = [10.0, 50.0, 200.0, 1000.0];
        let value = height.map(|z| 3.0 + 0.01 * z);
        for (low, high) in [(10.0, 20.0), (30.0, 70.0), (100.0, 900.0)] {
            let expected = 3.0 + 0.005 * (low + high);
            assert!((mean_over(&height, &value, low, high) - expected).abs() < 1e-12);
        }
        assert!((mean_over(&height, &value, 0.0, 10.0) - 3.1).abs() < 1e-12);
        assert!((mean_over(&height, &value, 1000.0, 3000.0) - 13.0).abs() < 1e-12);
    }

    /// Layer means over all layers give back the whole integral: interpolation neither makes nor loses mass flux.
    #[test]
    fn layer_means_conserve_the_integral() {
        let height = [2.0, 10.0, 35.0, 80.0, 300.0];
        let value = [1.0, 4.0, 2.0, 7.0, -1.0];
        let layers = [0.0, 20.0, 50.0, 90.0, 150.0, 310.0];
        let sum: f64 = layers.windows(2).map(|w| mean_over(&height, &value, w[0], w[1]) * (w[1] - w[0])).sum();
        assert!((sum - mean_over(&height, &value, 0.0, 310.0) * 310.0).abs() < 1e-9);
    }
}
