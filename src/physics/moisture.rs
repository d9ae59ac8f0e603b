//! Water vapour, density and potential temperature of moist air.

use crate::constants::{CP_DRY, R_DRY};

/// Ratio of the molar masses of water and dry air [1].
const EPSILON: f64 = 0.621_98;
/// 0 degC [K].
const ZERO_CELSIUS: f64 = 273.15;

/// Saturation vapour pressure over liquid water [Pa] at `temperature_k` [K], 228..333 K (below 273 K: supercooled).
///
/// WMO-No. 8 (2018), Annex 4.B: `611.2 exp(17.62 t / (243.12 + t))`, t in degC.
pub fn saturation_pressure_water(temperature_k: f64) -> f64 {
    let t = temperature_k - ZERO_CELSIUS;
    611.2 * (17.62 * t / (243.12 + t)).exp()
}

/// Saturation vapour pressure over ice [Pa] at `temperature_k` [K], 208..273 K.
///
/// WMO-No. 8 (2018), Annex 4.B: `611.2 exp(22.46 t / (272.62 + t))`, t in degC.
pub fn saturation_pressure_ice(temperature_k: f64) -> f64 {
    let t = temperature_k - ZERO_CELSIUS;
    611.2 * (22.46 * t / (272.62 + t)).exp()
}

/// Vapour pressure [Pa] of air with specific humidity `q` [kg kg-1] at `pressure_pa` [Pa].
pub fn vapour_pressure(q: f64, pressure_pa: f64) -> f64 {
    q * pressure_pa / (EPSILON + (1.0 - EPSILON) * q)
}

/// Relative humidity over liquid water, 0..=1, from specific humidity `q` [kg kg-1], temperature [K] and pressure [Pa].
///
/// Over liquid water at every temperature, as the WMO reports it and as aerosol uptake and deliquescence are tabulated.
/// Supersaturation is returned as 1.
pub fn relative_humidity(q: f64, temperature_k: f64, pressure_pa: f64) -> f64 {
    (vapour_pressure(q, pressure_pa) / saturation_pressure_water(temperature_k)).clamp(0.0, 1.0)
}

/// Specific humidity [kg kg-1] of air with `relative_humidity` (0..=1, over liquid water).
pub fn specific_humidity(relative_humidity: f64, temperature_k: f64, pressure_pa: f64) -> f64 {
    let e = relative_humidity * saturation_pressure_water(temperature_k);
    EPSILON * e / (pressure_pa - (1.0 - EPSILON) * e)
}

/// Virtual temperature [K].
pub fn virtual_temperature(temperature_k: f64, q: f64) -> f64 {
    temperature_k * (1.0 + (1.0 / EPSILON - 1.0) * q)
}

/// Density of moist air [kg m-3].
pub fn air_density(pressure_pa: f64, temperature_k: f64, q: f64) -> f64 {
    pressure_pa / (R_DRY * virtual_temperature(temperature_k, q))
}

/// Potential temperature [K] referred to 1000 hPa.
pub fn potential_temperature(temperature_k: f64, pressure_pa: f64) -> f64 {
    temperature_k * (100_000.0 / pressure_pa).powf(R_DRY / CP_DRY)
}

/// Virtual potential temperature [K] referred to 1000 hPa.
pub fn virtual_potential_temperature(temperature_k: f64, pressure_pa: f64, q: f64) -> f64 {
    potential_temperature(virtual_temperature(temperature_k, q), pressure_pa)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goff-Gratch values as printed in the Smithsonian Meteorological Tables (List 1951, tables 94 and 96) [hPa].
    #[test]
    fn saturation_follows_the_smithsonian_tables() {
        for (celsius, hpa) in
            [(-40.0, 0.1891), (-20.0, 1.2540), (-10.0, 2.8627), (0.0, 6.1078), (20.0, 23.373), (30.0, 42.430)]
        {
            let e = saturation_pressure_water(celsius + 273.15) / 100.0;
            assert!((e / hpa - 1.0).abs() < 8e-3, "water {celsius}: {e}");
        }
        for (celsius, hpa) in [(-40.0, 0.1283), (-20.0, 1.032), (-10.0, 2.597), (0.0, 6.1071)] {
            let e = saturation_pressure_ice(celsius + 273.15) / 100.0;
            assert!((e / hpa - 1.0).abs() < 3e-3, "ice {celsius}: {e}");
        }
    }

    #[test]
    fn humidity_round_trips_and_saturates() {
        for t in [235.0, 255.0, 273.15, 298.0] {
            for rh in [0.0, 0.1, 0.5, 0.98] {
                let q = specific_humidity(rh, t, 95_000.0);
                assert!((relative_humidity(q, t, 95_000.0) - rh).abs() < 1e-12);
            }
        }
        assert_eq!(relative_humidity(0.05, 260.0, 95_000.0), 1.0);
    }

    /// International standard atmosphere at sea level: 1.225 kg m-3; Poisson at 850 hPa, 0 degC: 286.1 K.
    #[test]
    fn density_and_potential_temperature() {
        assert!((air_density(101_325.0, 288.15, 0.0) - 1.225).abs() < 1e-3);
        assert!((potential_temperature(273.15, 85_000.0) - 286.1).abs() < 0.1);
        assert!(air_density(101_325.0, 288.15, 0.01) < air_density(101_325.0, 288.15, 0.0));
    }
}
