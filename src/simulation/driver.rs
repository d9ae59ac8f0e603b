//! What the core needs of one hour of meteorology, on the model grid.

use crate::physics::wind_adjustment::Adjustment;
use ndarray::{Array2, Array3, Array4, Zip};

/// Meteorology of one hour. 3-D fields are `[z, y, x]`, 2-D `[y, x]`; they hold at mid-hour unless said otherwise.
#[derive(Debug, Clone)]
pub struct HourDriver {
    /// Air mass of each cell [kg] at the start and at the end of the hour; linear in between.
    pub air_mass_start: Array3<f32>,
    pub air_mass_end: Array3<f32>,
    /// Air-mass flux through western faces `[z, y, x+1]` and southern faces `[z, y+1, x]` [kg s-1].
    pub flux_x: Array3<f32>,
    pub flux_y: Array3<f32>,
    /// How these were brought over the model's terrain; `None` over the provider's.
    pub terrain_winds: Option<Adjustment>,
    /// Local turbulent exchange of air between layers k and k+1 `[z-1, y, x]` [kg s-1]: area rho Kz / dz.
    pub exchange: Array3<f32>,
    /// Air that sinks from layer k+1 to k in return for updrafts from the lowest layer `[z-1, y, x]` [kg s-1]; 0 where it is not convective.
    pub descent: Array3<f32>,
    pub density: Array3<f32>,
    /// Wind speed [m s-1].
    pub wind_speed: Array3<f32>,
    pub temperature: Array3<f32>,
    pub pressure: Array3<f32>,
    /// Relative humidity over water, 0 ..= 1.
    pub relative_humidity: Array3<f32>,
    /// Cloud water [kg kg-1].
    pub cloud_water: Array3<f32>,
    /// Cosine of the solar zenith angle.
    pub cos_zenith: Array2<f32>,
    /// Dry deposition velocity of each species `[species, y, x]` [m s-1].
    pub deposition_velocity: Array3<f32>,
    /// Settling velocity of coarse particles [m s-1].
    pub settling_velocity: f32,
    /// Rain-out of each species `[species, z, y, x]` [s-1]; `None` in a dry hour.
    pub wet_loss: Option<Array4<f32>>,
    /// Boundary-layer height above ground [m].
    pub mixing_height: Array2<f32>,
    /// 10-m wind, eastward and northward [m s-1]; 2-m temperature [K].
    pub wind_east_10m: Array2<f32>,
    pub wind_north_10m: Array2<f32>,
    pub temperature_2m: Array2<f32>,
    /// Snow on the ground as water [kg m-2]; `None` where the provider has none.
    pub snow: Option<Array2<f32>>,
}

impl HourDriver {
    /// Least air mass of each cell in the hour [kg], `[z, y, x]`.
    pub fn least_air_mass(&self) -> Array3<f32> {
        Zip::from(&self.air_mass_start).and(&self.air_mass_end).map_collect(|a, b| a.min(*b))
    }
}
