//! What the lowest level of terrain-following columns says about missing surface variables.

/// Roughness length [m] for reducing the lowest wind to 10 m: open land with scattered obstacles.
const ROUGHNESS_M: f64 = 0.1;
const KAPPA: f64 = 2.0 / 7.0;

/// The lowest level, `[cell]`.
pub struct LowestLevel<'a> {
    /// Height above ground [m].
    pub height_m: Vec<f32>,
    pub pressure_pa: &'a [f32],
    pub temperature_k: &'a [f32],
    pub humidity: &'a [f32],
    pub east_m_s: &'a [f32],
    pub north_m_s: &'a [f32],
}

impl LowestLevel<'_> {
    /// Pressure at the ground [Pa], hydrostatically with the level's virtual temperature.
    pub fn surface_pressure(&self, gravity: f64, gas_constant: f64) -> Vec<f32> {
        let at = |c: usize| {
            let virtual_t = f64::from(self.temperature_k[c]) * (1.0 + 0.608 * f64::from(self.humidity[c]));
            let thickness = gravity * f64::from(self.height_m[c]) / (gas_constant * virtual_t);
            f64::from(self.pressure_pa[c]) * thickness.exp()
        };
        (0..self.pressure_pa.len()).map(|c| at(c) as f32).collect()
    }

    /// Temperature at 2 m [K]: the level's potential temperature at the surface pressure (well-mixed air).
    pub fn temperature_2m(&self, surface_pressure: &[f32]) -> Vec<f32> {
        let ratio = |c: usize| f64::from(surface_pressure[c]) / f64::from(self.pressure_pa[c]);
        (0..self.pressure_pa.len()).map(|c| (f64::from(self.temperature_k[c]) * ratio(c).powf(KAPPA)) as f32).collect()
    }

    /// Wind at 10 m, eastward and northward [m s-1]: the level's times ln(10/z0)/ln(z/z0), z0 = 0.1 m.
    pub fn wind_10m(&self) -> (Vec<f32>, Vec<f32>) {
        let factor = |c: usize| {
            let height = f64::from(self.height_m[c]).max(2.0 * ROUGHNESS_M);
            ((10.0 / ROUGHNESS_M).ln() / (height / ROUGHNESS_M).ln()) as f32
        };
        let scaled = |wind: &[f32]| wind.iter().enumerate().map(|(c, w)| w * factor(c)).collect();
        (scaled(self.east_m_s), scaled(self.north_m_s))
    }
}
