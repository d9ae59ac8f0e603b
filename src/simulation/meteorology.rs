//! Meteorology of any provider -> the model grid: vertical layer means first, then bilinear in the horizontal, then linear in time.
//!
//! Heights are above ground on both sides, so a valley of the provider stays a valley here.

use super::bilinear::Bilinear;
use super::layer_means::layer_means;
use crate::domain::grid::Grid;
use crate::domain::met_field::{FluxTime, MetField};
use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use ndarray::{Array2, Array3, Zip};

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
    /// Height of the provider's terrain above sea level [m].
    pub terrain: Array2<f32>,
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
                weights.push(Bilinear::new(&field.grid, &grid.horizontal, ("meteorology", "inputs.meteorology"))?);
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
            terrain: plane(&met.terrain_m),
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
            (&mut self.terrain, &other.terrain),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::grid::{HorizontalGrid, VerticalGrid};
    use chrono::{Duration, TimeZone};

    /// Three-hourly fields on 9 x 9 cells; rain and heat flux of the interval that ends at each time are the index of the time.
    fn fields(flux_time: FluxTime) -> Vec<MetField> {
        let grid = HorizontalGrid::new("+proj=latlong +R=6370000", (9, 9), (128.0, 42.0), (0.25, 0.25)).unwrap();
        let start = Utc.with_ymd_and_hms(2026, 1, 15, 0, 0, 0).unwrap();
        let flat = |v: f32| vec![v; 81];
        let column = |v: [f32; 2]| v.iter().flat_map(|v| flat(*v)).collect::<Vec<f32>>();
        (0..3u8)
            .map(|i| MetField {
                valid_time: start + Duration::hours(3 * i64::from(i)),
                grid: grid.clone(),
                levels: 2,
                altitude_m: column([20.0, 9000.0]),
                pressure_pa: column([99_000.0, 30_000.0]),
                temperature_k: column([260.0, 225.0]),
                specific_humidity: column([1e-3, 1e-5]),
                wind_east_m_s: column([3.0, 20.0]),
                wind_north_m_s: column([0.0, 0.0]),
                cloud_water: None,
                terrain_m: flat(0.0),
                surface_pressure_pa: flat(99_300.0),
                temperature_2m_k: flat(259.0),
                wind_10m_east_m_s: flat(2.5),
                wind_10m_north_m_s: flat(0.0),
                precipitation_kg_m2_s: Some(flat(f32::from(i))),
                mixing_height_m: None,
                friction_velocity_m_s: None,
                flux_time,
                sensible_heat_flux_w_m2: Some(flat(f32::from(i))),
                shortwave_w_m2: None,
                snow_kg_m2: None,
                land_fraction: None,
            })
            .collect()
    }

    fn model() -> Grid {
        let horizontal = HorizontalGrid::new("+proj=latlong +R=6370000", (4, 4), (128.5, 42.5), (0.2, 0.2)).unwrap();
        Grid { name: "test".into(), horizontal, vertical: VerticalGrid::new(vec![0.0, 30.0, 100.0]).unwrap() }
    }

    #[test]
    fn rain_belongs_to_the_interval_before_its_time() {
        let (fields, grid) = (fields(FluxTime::Instant), model());
        let met = Meteorology::new(&fields, &grid, false).unwrap();
        let at = |minutes: i64| fields[0].valid_time + Duration::minutes(minutes);
        let mean = |from: i64, to: i64| met.precipitation(at(from), at(to))[[2, 2]];
        assert_eq!(mean(0, 60), 1.0);
        assert_eq!(mean(120, 180), 1.0);
        assert_eq!(mean(180, 240), 2.0);
        assert!((mean(150, 210) - 1.5).abs() < 1e-6);
    }

    #[test]
    fn fluxes_that_are_means_hold_throughout_their_interval() {
        let grid = model();
        let heat = |flux_time: FluxTime, hour: i64| {
            let fields = fields(flux_time);
            let t = fields[0].valid_time + Duration::hours(hour);
            Meteorology::new(&fields, &grid, false).unwrap().at(t).unwrap().heat_flux.unwrap()[[1, 1]]
        };
        assert!((heat(FluxTime::Instant, 1) - 1.0 / 3.0).abs() < 1e-6);
        assert_eq!(heat(FluxTime::MeanSincePrevious, 1), 1.0);
        assert_eq!(heat(FluxTime::MeanSincePrevious, 4), 2.0);
    }

    #[test]
    fn hours_beyond_the_files_are_missing() {
        let (fields, grid) = (fields(FluxTime::Instant), model());
        let mut met = Meteorology::new(&fields, &grid, false).unwrap();
        let error = met.at(fields[2].valid_time + Duration::hours(1)).unwrap_err();
        assert!(matches!(error, Error::Missing { .. }), "{error}");
    }
}
