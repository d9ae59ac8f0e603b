//! Winds of the meteorology over a terrain finer than its own.
//!
//! Used where the configuration names a terrain file, and only there: over its own terrain the provider's flow is the best there is, and
//! the columns close whatever interpolation broke. What the adjustment sees is the height of the model's terrain above the provider's, brought
//! to the same cells; where they agree nothing changes. It moves the fluxes of the transport; turbulence and deposition keep the provider's wind.

use super::meteorology::MetOnGrid;
use crate::constants::GRAVITY;
use crate::domain::grid::{Grid, Metric};
use crate::physics::moisture::virtual_potential_temperature;
use crate::physics::wind_adjustment::{Adjuster, Adjustment, Divergence, Lattice, alpha};
use ndarray::{Array3, Axis, Zip};
use serde::{Deserialize, Serialize};

/// The model's terrain and the solver over it.
pub struct TerrainWinds {
    adjuster: Adjuster,
    /// Height above sea level `[y, x]` [m].
    terrain: Vec<f32>,
    /// Height of the layer centres above ground [m].
    centre: Vec<f64>,
}

impl TerrainWinds {
    /// For mean heights `[y, x]` [m] of the cells of `grid`.
    pub fn new(grid: &Grid, metric: &Metric, terrain: Vec<f32>) -> Self {
        let (nz, ny, nx) = grid.shape();
        let thickness: Vec<f64> = (0..nz).map(|k| grid.vertical.thickness_m(k)).collect();
        let adjuster = Adjuster::new(&Lattice {
            nx,
            ny,
            thickness: &thickness,
            area: &metric.area_m2,
            west_face: &metric.west_face_m,
            south_face: &metric.south_face_m,
        });
        Self { adjuster, terrain, centre: (0..nz).map(|k| grid.vertical.centre_m(k)).collect() }
    }

    /// Brings the air-mass fluxes `[z, y, x+1]` and `[z, y+1, x]` [kg s-1] over the model's terrain.
    pub fn adjust(&self, met: &MetOnGrid, flux_x: &mut Array3<f32>, flux_y: &mut Array3<f32>) -> Adjustment {
        let relief: Vec<f32> =
            self.terrain.iter().zip(&met.terrain).map(|(model, provider)| model - provider).collect();
        self.adjuster.adjust(
            flux_x.as_slice_mut().expect("fluxes are contiguous"),
            flux_y.as_slice_mut().expect("fluxes are contiguous"),
            &relief,
            &layer_means(&met.density),
            &self.alpha(met, foot_to_top(&relief)),
        )
    }

    /// One value for each inner interface: means over the grid of wind and stratification, which keep the weights smooth.
    fn alpha(&self, met: &MetOnGrid, height: f64) -> Vec<f64> {
        let mut theta = met.temperature.clone();
        Zip::from(&mut theta).and(&met.pressure).and(&met.specific_humidity).for_each(|t, p, q| {
            *t = virtual_potential_temperature(f64::from(*t), f64::from(*p), f64::from(*q)) as f32;
        });
        let mut speed = met.density.clone();
        Zip::from(&mut speed).and(&met.momentum_x).and(&met.momentum_y).for_each(|rho, u, v| *rho = u.hypot(*v) / *rho);
        let (theta, speed) = (layer_means(&theta), layer_means(&speed));
        (0..theta.len() - 1)
            .map(|k| {
                let depth = self.centre[k + 1] - self.centre[k];
                let stability = 2.0 * GRAVITY / (theta[k] + theta[k + 1]) * (theta[k + 1] - theta[k]) / depth;
                alpha(0.5 * (speed[k] + speed[k + 1]), stability, height)
            })
            .collect()
    }
}

/// Mean of each layer of `[z, y, x]`.
fn layer_means(field: &Array3<f32>) -> Vec<f64> {
    field.axis_iter(Axis(0)).map(|l| l.iter().map(|v| f64::from(*v)).sum::<f64>() / l.len() as f64).collect()
}

/// Height of the relief from foot to top [m]: twice the amplitude of the wave of the same standard deviation.
fn foot_to_top(relief: &[f32]) -> f64 {
    let n = relief.len() as f64;
    let mean = relief.iter().map(|h| f64::from(*h)).sum::<f64>() / n;
    let variance = relief.iter().map(|h| (f64::from(*h) - mean).powi(2)).sum::<f64>() / n;
    (8.0 * variance).sqrt()
}

/// Divergence of the air flow over all hours of a run [s-1].
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DivergenceReport {
    /// Root mean square over the cells: mean of the hours, and worst hour.
    pub rms_mean_per_s: f64,
    pub rms_worst_per_s: f64,
    /// Largest of any cell and hour.
    pub largest_per_s: f64,
    /// Largest of any whole column and hour: what passes the top beyond the provider's flow there.
    pub largest_of_columns_per_s: f64,
}

/// What the adjustment of the winds to the terrain did in a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TerrainWindsReport {
    pub hours: u32,
    /// Hours in which no solution was found: the winds are the provider's, and count in all other figures.
    #[serde(default)]
    pub hours_given_up: u32,
    /// The provider's wind over the model's terrain, its ground closed.
    pub before: DivergenceReport,
    pub after: DivergenceReport,
    /// Most iterations of an hour.
    pub most_iterations: u32,
    /// Largest residual of an hour over what it began with.
    pub largest_relative_residual: f64,
    /// Root mean square change of the wind of the lowest layer: mean of the hours, and worst hour.
    pub surface_wind_change_mean_m_s: f64,
    pub surface_wind_change_worst_m_s: f64,
}

impl TerrainWindsReport {
    /// Every figure, in one order.
    pub fn figures(&self) -> [f64; 14] {
        let of =
            |d: &DivergenceReport| [d.rms_mean_per_s, d.rms_worst_per_s, d.largest_per_s, d.largest_of_columns_per_s];
        let ([a, b, c, d], [e, f, g, h]) = (of(&self.before), of(&self.after));
        let [hours, given_up, most] = [self.hours, self.hours_given_up, self.most_iterations].map(f64::from);
        let wind = [self.surface_wind_change_mean_m_s, self.surface_wind_change_worst_m_s];
        [hours, given_up, a, b, c, d, e, f, g, h, most, self.largest_relative_residual, wind[0], wind[1]]
    }

    /// The report whose [`TerrainWindsReport::figures`] these are.
    pub fn from_figures([hours, given_up, a, b, c, d, e, f, g, h, most, residual, mean, worst]: [f64; 14]) -> Self {
        let of = |[rms_mean_per_s, rms_worst_per_s, largest_per_s, largest_of_columns_per_s]: [f64; 4]| {
            DivergenceReport { rms_mean_per_s, rms_worst_per_s, largest_per_s, largest_of_columns_per_s }
        };
        Self {
            hours: hours as u32,
            hours_given_up: given_up as u32,
            before: of([a, b, c, d]),
            after: of([e, f, g, h]),
            most_iterations: most as u32,
            largest_relative_residual: residual,
            surface_wind_change_mean_m_s: mean,
            surface_wind_change_worst_m_s: worst,
        }
    }

    /// Counts one more hour.
    pub fn add(&mut self, hour: &Adjustment) {
        let n = f64::from(self.hours);
        let mean = |mean: f64, value: f64| (mean * n + value) / (n + 1.0);
        for (all, one) in [(&mut self.before, &hour.before), (&mut self.after, &hour.after)] {
            let Divergence { rms, largest, largest_of_columns } = *one;
            all.rms_mean_per_s = mean(all.rms_mean_per_s, rms);
            all.rms_worst_per_s = all.rms_worst_per_s.max(rms);
            all.largest_per_s = all.largest_per_s.max(largest);
            all.largest_of_columns_per_s = all.largest_of_columns_per_s.max(largest_of_columns);
        }
        self.most_iterations = self.most_iterations.max(hour.iterations as u32);
        self.largest_relative_residual = self.largest_relative_residual.max(hour.relative_residual);
        self.surface_wind_change_mean_m_s = mean(self.surface_wind_change_mean_m_s, hour.surface_wind_change_rms);
        self.surface_wind_change_worst_m_s = self.surface_wind_change_worst_m_s.max(hour.surface_wind_change_rms);
        self.hours += 1;
        self.hours_given_up += u32::from(hour.gave_up);
    }

    /// What a reader of the winds must know, as a sentence; `None` when all went well.
    pub fn doubt(&self) -> Option<String> {
        let (n, hours) = (self.hours_given_up, self.hours);
        (n > 0).then(|| {
            format!("terrain: in {n} of {hours} hours no winds over the terrain were found: the provider's stand")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_without_a_solution_are_counted_told_and_kept_in_checkpoints() {
        let mut report = TerrainWindsReport::default();
        report.add(&Adjustment { iterations: 4, relative_residual: 1e-7, ..Adjustment::default() });
        assert_eq!(report.doubt(), None);
        report.add(&Adjustment { iterations: 100, relative_residual: 0.2, gave_up: true, ..Adjustment::default() });
        assert_eq!((report.hours, report.hours_given_up), (2, 1));
        assert!(report.doubt().is_some_and(|d| d.contains("in 1 of 2 hours")));
        // a checkpoint holds the figures alone
        assert_eq!(TerrainWindsReport::from_figures(report.figures()), report);
        let distinct: [f64; 14] = std::array::from_fn(|i| 3.0 + i as f64);
        assert_eq!(TerrainWindsReport::from_figures(distinct).figures(), distinct);
    }
}
