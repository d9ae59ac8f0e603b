//! The only place where units change: SI in memory, the standard's units outside.

use crate::constants::R_MOLAR;

/// Temperature [K] and pressure [Pa] at which GB 3095 reports gases (GB 3095-2026 4.3).
pub const REFERENCE_TEMPERATURE_K: f64 = 298.15;
pub const REFERENCE_PRESSURE_PA: f64 = 101_325.0;
/// Seconds of a year of 365 days [s].
pub const SECONDS_PER_YEAR: f64 = 365.0 * 86_400.0;

/// Particle concentration [ug m-3] at ambient conditions from mixing ratio `q` [kg kg-1] and air density `rho` [kg m-3].
pub fn particle_ug_m3(q: f64, rho: f64) -> f64 {
    q * rho * 1e9
}

/// Gas concentration [ug m-3] at 298.15 K and 1013.25 hPa from mass mixing ratio `q` [kg kg-1].
///
/// The mole fraction does not change with temperature, so c = x p0 M / (R T0) with x = q M_air / M: the gas's own molar mass
/// cancels and c = q * (p0 M_air / (R T0)), that is q times the density of air at the reference state.
pub fn gas_ug_m3(q: f64) -> f64 {
    q * REFERENCE_PRESSURE_PA * crate::constants::MOLAR_MASS_AIR / (R_MOLAR * REFERENCE_TEMPERATURE_K) * 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At the reference state a mole fraction of 1 ppb of SO2 is 2.62 ug m-3 (64.066 g/mol over 24.465 l/mol).
    #[test]
    fn one_ppb_so2_is_2_62_ug_m3() {
        let q = 1e-9 * 64.066 / 28.9647;
        assert!((gas_ug_m3(q) - 2.619).abs() < 2e-3, "{}", gas_ug_m3(q));
    }
}
