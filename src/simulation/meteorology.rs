//! Meteorology of any provider -> the model grid: vertical layer means first, then bilinear in the horizontal, then linear in time.
//!
//! Heights are above ground on both sides, so a valley of the provider stays a valley here. A layer's value is the exact mean of the
//! provider's piecewise-linear profile over the layer; winds are averaged as momentum (density times wind), which keeps the mass flux.

use crate::constants::R_DRY;
use crate::domain::grid::{Grid, HorizontalGrid, VerticalGrid};
use crate::domain::met_field::{FluxTime, MetField};
use crate::error::{Error, Result};
use crate::physics::moisture;
use chrono::{DateTime, Utc};
use ndarray::{Array2, Array3, Zip};

/// Roughness length [m] of the logarithmic wind below 10 m, where providers have no level.
const ROUGHNESS_M: f64 = 0.1;

/// Meteorology of one instant on the model grid; 3-D `[z, y, x]` layer means, 2-D `[y, x]`.
#[derive(Debug, Clone)]
pub struct MetOnGrid {
    /// Air density [kg m-3].
    pub density: Array3<f32>,
    /// Momentum along the grid's x and y [kg m-2 s-1].
    pub momentum_x: Array3<f32>,
    pub momentum_y: Array3<f32>,
    pub temperature: Array3<f32>,
    pub specific_humidity: Array3<f32>,
    pub pressure: Array3<f32>,
    pub cloud_water: Array3<f32>,
    pub surface_pressure: Array2<f32>,
    pub temperature_2m: Array2<f32>,
    pub wind_east_10m: Array2<f32>,
    pub wind_north_10m: Array2<f32>,
    pub mixing_height: Option<Array2<f32>>,
    pub friction_velocity: Option<Array2<f32>>,
    pub flux_time: FluxTime,
    pub heat_flux: Option<Array2<f32>>,
    pub snow: Option<Array2<f32>>,
    pub shortwave: Option<Array2<f32>>,
    pub land: Option<Array2<f32>>,
}

/// The meteorology of a run, brought to the model grid when asked for.
pub struct Meteorology<'a> {
    fields: &'a [MetField],
    grid: &'a Grid,
    /// Weights of each distinct provider grid (a moving nest has several), and which one each field uses.
    weights: Vec<Bilinear>,
    weights_of: Vec<usize>,
    rotation: Vec<f32>,
    frozen: bool,
    cache: Vec<(usize, MetOnGrid)>,
}

impl<'a> Meteorology<'a> {
    /// From fields sorted by time, each on a grid that covers the model grid; `frozen` uses the one nearest field for all times.
    ///
    /// # Errors
    /// `Missing` without fields or where the model grid reaches beyond them.
    pub fn new(fields: &'a [MetField], grid: &'a Grid, frozen: bool) -> Result<Self> {
        if fields.is_empty() {
            return Err(Error::missing("meteorology", "inputs.meteorology", "Give at least one readable file"));
        }
        let (mut grids, mut weights, mut weights_of) = (Vec::new(), Vec::new(), Vec::new());
        for field in fields {
            let known = grids.iter().position(|g| *g == &field.grid);
            weights_of.push(known.unwrap_or(grids.len()));
            if known.is_none() {
                grids.push(&field.grid);
                weights.push(Bilinear::new(&field.grid, &grid.horizontal)?);
            }
        }
        let rotation = grid.horizontal.rotation();
        Ok(Self { fields, grid, weights, weights_of, rotation, frozen, cache: Vec::new() })
    }

    /// First and last time.
    pub fn span(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        (self.fields[0].valid_time, self.fields[self.fields.len() - 1].valid_time)
    }

    /// Mean precipitation [kg m-2 s-1] from `from` to `to`: each provided rate holds for the interval that ends at its time. Zero where the
    /// provider has none.
    pub fn precipitation(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Array2<f32> {
        let (_, ny, nx) = self.grid.shape();
        let mut mean = Array2::zeros((ny, nx));
        let mut add = |index: usize, share: f32| {
            if let Some(rate) = &self.fields[index].precipitation_kg_m2_s {
                let mut on_grid = Array2::<f32>::zeros((ny, nx));
                self.weights[self.weights_of[index]].apply(rate, on_grid.as_slice_mut().expect("contiguous"));
                mean.scaled_add(share, &on_grid);
            }
        };
        if self.frozen {
            add(0, 1.0);
            return mean;
        }
        let whole = (to - from).num_seconds() as f32;
        for i in 1..self.fields.len() {
            let (begin, end) = (self.fields[i - 1].valid_time.max(from), self.fields[i].valid_time.min(to));
            if end > begin {
                add(i, (end - begin).num_seconds() as f32 / whole);
            }
        }
        mean
    }

    /// The fields at `t`, linear between provided times; fluxes that are means of an interval hold throughout it.
    ///
    /// # Errors
    /// `Missing` when `t` is outside the provided times (unless frozen).
    pub fn at(&mut self, t: DateTime<Utc>) -> Result<MetOnGrid> {
        let (first, last) = self.span();
        if self.frozen {
            return Ok(self.gridded(0).clone());
        }
        if t < first || t > last {
            return Err(Error::missing(
                format!("meteorology at {t}: the files hold {first} to {last}"),
                "inputs.meteorology",
                "Add the missing hours, shorten forecast_hours or spin_up_hours, or use an older cycle",
            ));
        }
        let after = self.fields.partition_point(|f| f.valid_time < t);
        if self.fields[after].valid_time == t {
            return Ok(self.gridded(after).clone());
        }
        let (a, b) = (&self.fields[after - 1], &self.fields[after]);
        let share = (t - a.valid_time).num_seconds() as f32 / (b.valid_time - a.valid_time).num_seconds() as f32;
        let before = self.gridded(after - 1).clone();
        Ok(before.mixed(self.gridded(after), share))
    }

    fn gridded(&mut self, index: usize) -> &MetOnGrid {
        if let Some(at) = self.cache.iter().position(|(i, _)| *i == index) {
            return &self.cache[at].1;
        }
        let met = self.bring(&self.fields[index], &self.weights[self.weights_of[index]]);
        if self.cache.len() > 2 {
            self.cache.remove(0);
        }
        self.cache.push((index, met));
        &self.cache[self.cache.len() - 1].1
    }

    fn bring(&self, met: &MetField, weights: &Bilinear) -> MetOnGrid {
        let columns = layer_means(met, &self.grid.vertical);
        let (nz, ny, nx) = self.grid.shape();
        let volume = |field: &[f32]| {
            let cells = met.grid.cells();
            let mut out = Array3::zeros((nz, ny, nx));
            for (k, mut layer) in out.outer_iter_mut().enumerate() {
                weights.apply(&field[k * cells..(k + 1) * cells], layer.as_slice_mut().expect("contiguous"));
            }
            out
        };
        let plane = |field: &[f32]| {
            let mut out = Array2::zeros((ny, nx));
            weights.apply(field, out.as_slice_mut().expect("contiguous"));
            out
        };
        let (mut momentum_x, mut momentum_y) = (volume(&columns.momentum_east), volume(&columns.momentum_north));
        for (mut lx, mut ly) in momentum_x.outer_iter_mut().zip(momentum_y.outer_iter_mut()) {
            for ((u, v), a) in lx.iter_mut().zip(ly.iter_mut()).zip(&self.rotation) {
                let (e, n, (sin, cos)) = (*u, *v, a.sin_cos());
                *u = e * cos + n * sin;
                *v = n * cos - e * sin;
            }
        }
        MetOnGrid {
            density: volume(&columns.density),
            momentum_x,
            momentum_y,
            temperature: volume(&columns.temperature),
            specific_humidity: volume(&columns.humidity),
            pressure: volume(&columns.pressure),
            cloud_water: volume(&columns.cloud),
            surface_pressure: plane(&met.surface_pressure_pa),
            temperature_2m: plane(&met.temperature_2m_k),
            wind_east_10m: plane(&met.wind_10m_east_m_s),
            wind_north_10m: plane(&met.wind_10m_north_m_s),
            mixing_height: met.mixing_height_m.as_deref().map(plane),
            friction_velocity: met.friction_velocity_m_s.as_deref().map(plane),
            flux_time: met.flux_time,
            heat_flux: met.sensible_heat_flux_w_m2.as_deref().map(plane),
            shortwave: met.shortwave_w_m2.as_deref().map(plane),
            snow: met.snow_kg_m2.as_deref().map(plane),
            land: met.land_fraction.as_deref().map(plane),
        }
    }
}

impl MetOnGrid {
    /// `self` and the later `other` mixed with weight `share` on `other`; fluxes that are means since the previous time are `other`'s.
    pub fn mixed(mut self, other: &Self, share: f32) -> Self {
        let blend = |a: &mut f32, b: &f32| *a += share * (*b - *a);
        for (a, b) in [
            (&mut self.density, &other.density),
            (&mut self.momentum_x, &other.momentum_x),
            (&mut self.momentum_y, &other.momentum_y),
            (&mut self.temperature, &other.temperature),
            (&mut self.specific_humidity, &other.specific_humidity),
            (&mut self.pressure, &other.pressure),
            (&mut self.cloud_water, &other.cloud_water),
        ] {
            Zip::from(a).and(b).for_each(blend);
        }
        for (a, b) in [
            (&mut self.surface_pressure, &other.surface_pressure),
            (&mut self.temperature_2m, &other.temperature_2m),
            (&mut self.wind_east_10m, &other.wind_east_10m),
            (&mut self.wind_north_10m, &other.wind_north_10m),
        ] {
            Zip::from(a).and(b).for_each(blend);
        }
        for (a, b) in [
            (&mut self.mixing_height, &other.mixing_height),
            (&mut self.friction_velocity, &other.friction_velocity),
            (&mut self.snow, &other.snow),
            (&mut self.land, &other.land),
        ] {
            match (a.as_mut(), b) {
                (Some(a), Some(b)) => Zip::from(a).and(b).for_each(blend),
                _ => *a = None,
            }
        }
        for (a, b) in [(&mut self.heat_flux, &other.heat_flux), (&mut self.shortwave, &other.shortwave)] {
            match (a.as_mut(), b, other.flux_time) {
                (Some(a), Some(b), FluxTime::Instant) => Zip::from(a).and(b).for_each(blend),
                _ => a.clone_from(b),
            }
        }
        self.flux_time = other.flux_time;
        self
    }
}

/// Layer means `[layer, y, x]` on the provider's horizontal grid.
struct LayerMeans {
    density: Vec<f32>,
    momentum_east: Vec<f32>,
    momentum_north: Vec<f32>,
    temperature: Vec<f32>,
    humidity: Vec<f32>,
    pressure: Vec<f32>,
    cloud: Vec<f32>,
}

fn layer_means(met: &MetField, vertical: &VerticalGrid) -> LayerMeans {
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
            self.push(
                z,
                p0 * (-z / (R_DRY * t2 / crate::constants::GRAVITY)).exp(),
                t2,
                q0,
                (e10 * log_law, n10 * log_law),
                cloud(c),
            );
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
fn mean_over(height: &[f64], value: &[f64], low: f64, high: f64) -> f64 {
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

/// Bilinear weights from a provider's grid to the model's cells.
struct Bilinear {
    /// Per model cell: the south-western provider cell and the weights of it and its eastern, northern, north-eastern neighbours.
    cells: Vec<(usize, [f32; 4])>,
    nx: usize,
}

/// How far [cells] a model cell may lie outside the provider's outermost centres.
const MARGIN: f64 = 0.51;

impl Bilinear {
    fn new(from: &HorizontalGrid, to: &HorizontalGrid) -> Result<Self> {
        let transform = from.transform();
        let (mx, my) = (from.nx as f64 - 1.0, from.ny as f64 - 1.0);
        let mut cells = Vec::with_capacity(to.cells());
        for (lon, lat) in to.centres() {
            let (x, y) = transform.index(lon, lat);
            let inside = |v: f64, max: f64| v >= -MARGIN && v <= max + MARGIN;
            if !(inside(x, mx) && inside(y, my)) || from.nx < 2 || from.ny < 2 {
                return Err(Error::missing(
                    format!("meteorology over {lon:.2} E {lat:.2} N, inside the model grid"),
                    "inputs.meteorology",
                    "Choose a grid that the meteorology covers, or meteorology that covers the grid",
                ));
            }
            let (x, y) = (x.clamp(0.0, mx), y.clamp(0.0, my));
            let (i, j) = ((x as usize).min(from.nx - 2), (y as usize).min(from.ny - 2));
            let (a, b) = ((x - i as f64) as f32, (y - j as f64) as f32);
            cells.push((j * from.nx + i, [(1.0 - a) * (1.0 - b), a * (1.0 - b), (1.0 - a) * b, a * b]));
        }
        Ok(Self { cells, nx: from.nx })
    }

    fn apply(&self, from: &[f32], to: &mut [f32]) {
        for (to, (c, w)) in to.iter_mut().zip(&self.cells) {
            *to = w[0] * from[*c] + w[1] * from[c + 1] + w[2] * from[c + self.nx] + w[3] * from[c + self.nx + 1];
        }
    }
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

    #[test]
    fn bilinear_weights_reproduce_a_plane() {
        let from = HorizontalGrid::new("+proj=latlong +R=6370000", (20, 20), (125.0, 40.0), (0.5, 0.5)).unwrap();
        let to = HorizontalGrid::new("+proj=latlong +R=6370000", (10, 8), (126.1, 41.2), (0.37, 0.41)).unwrap();
        let plane = |lon: f64, lat: f64| (0.3 * lon - 0.7 * lat) as f32;
        let source: Vec<f32> = from.centres().into_iter().map(|(lon, lat)| plane(lon, lat)).collect();
        let mut out = vec![0.0; to.cells()];
        Bilinear::new(&from, &to).unwrap().apply(&source, &mut out);
        for (value, (lon, lat)) in out.iter().zip(to.centres()) {
            assert!((value - plane(lon, lat)).abs() < 1e-4);
        }
        let outside = HorizontalGrid::new("+proj=latlong +R=6370000", (10, 8), (136.0, 41.2), (0.37, 0.41)).unwrap();
        assert!(Bilinear::new(&from, &outside).is_err());
    }
}
