//! Settling of particles and the properties of air that govern it.

use crate::constants::GRAVITY;

/// Dynamic viscosity of air [Pa s] at `temperature_k` [K] (Sutherland 1893, constants of the US Standard Atmosphere 1976, eq. 51).
pub fn dynamic_viscosity(temperature_k: f32) -> f32 {
    1.458e-6 * temperature_k * temperature_k.sqrt() / (temperature_k + 110.4)
}

/// Mean free path of air molecules [m] (Seinfeld & Pandis 2006, eq. 9.6): `2 mu / (p sqrt(8 M / (pi R T)))`.
pub fn mean_free_path(temperature_k: f32, pressure_pa: f32) -> f32 {
    // 8 M / (pi R) = 8 * 0.0289647 / (pi * 8.314463)
    2.0 * dynamic_viscosity(temperature_k) / (pressure_pa * (8.871_1e-3 / temperature_k).sqrt())
}

/// Cunningham slip correction [1] of a particle of `diameter_m` (Allen & Raabe 1985 as in Seinfeld & Pandis 2006, eq. 9.34).
pub fn slip_correction(diameter_m: f32, mean_free_path_m: f32) -> f32 {
    let knudsen = 2.0 * mean_free_path_m / diameter_m;
    1.0 + knudsen * (1.257 + 0.4 * (-1.1 / knudsen).exp())
}

/// Terminal settling speed [m s-1] in the Stokes regime (diameters up to about 20 um), downward positive.
pub fn settling_speed(diameter_m: f32, density_kg_m3: f32, temperature_k: f32, pressure_pa: f32) -> f32 {
    let slip = slip_correction(diameter_m, mean_free_path(temperature_k, pressure_pa));
    density_kg_m3 * diameter_m * diameter_m * GRAVITY as f32 * slip / (18.0 * dynamic_viscosity(temperature_k))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hinds (1999), table A11 (unit density, 293 K, 1013 hPa): 0.1 um 8.8e-7, 1 um 3.5e-5, 10 um 3.06e-3 m/s.
    #[test]
    fn settling_speeds_of_hinds() {
        for (um, speed) in [(0.1, 8.8e-7), (1.0, 3.48e-5), (10.0, 3.06e-3)] {
            let v = settling_speed(um * 1e-6, 1000.0, 293.15, 101_325.0);
            assert!((v / speed - 1.0).abs() < 0.03, "{um} um: {v}");
        }
    }

    /// Hinds (1999): viscosity at 293 K 1.81e-5 Pa s, mean free path 0.066 um, slip of 1 um 1.155.
    #[test]
    fn air_at_20_degrees() {
        assert!((dynamic_viscosity(293.15) / 1.81e-5 - 1.0).abs() < 5e-3);
        let path = mean_free_path(293.15, 101_325.0);
        assert!((path / 0.066e-6 - 1.0).abs() < 0.02, "{path}");
        assert!((slip_correction(1e-6, path) / 1.155 - 1.0).abs() < 0.02);
    }
}
