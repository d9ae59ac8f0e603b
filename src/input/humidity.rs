//! Humidity as providers give it, to specific humidity.

/// Ratio of the gas constants of dry air and water vapour [1].
const EPSILON: f64 = 0.622;

/// Saturation vapour pressure over water [Pa] at `t` [K] (Magnus form of WMO-No. 8, 2018, annex 4.B).
pub fn saturation_over_water_pa(t: f64) -> f64 {
    611.2 * (17.62 * (t - 273.15) / (t - 30.03)).exp()
}

/// Saturation vapour pressure over ice [Pa] at `t` [K] (same annex).
pub fn saturation_over_ice_pa(t: f64) -> f64 {
    611.2 * (22.46 * (t - 273.15) / (t - 0.53)).exp()
}

/// Saturation as NCEP's GFS post-processing understands relative humidity: over water from 273.16 K up, over ice below 253.16 K,
/// and weighted linearly in temperature between (function FPVS of the NCEP library).
pub fn saturation_mixed_pa(t: f64) -> f64 {
    let water = ((t - 253.16) / 20.0).clamp(0.0, 1.0);
    water * saturation_over_water_pa(t) + (1.0 - water) * saturation_over_ice_pa(t)
}

/// Specific humidity [kg kg-1] from vapour pressure `e` and pressure `p` [Pa]. In the thin upper air, where `e` could exceed `p`,
/// the vapour pressure is held at a tenth of the pressure.
pub fn specific_from_vapour(e: f64, p: f64) -> f64 {
    let e = e.min(0.1 * p);
    EPSILON * e / (p - (1.0 - EPSILON) * e)
}

/// Specific humidity [kg kg-1] from relative humidity [%] (GFS meaning), temperature [K] and pressure [Pa].
pub fn specific_from_relative(percent: f64, t: f64, p: f64) -> f64 {
    specific_from_vapour(percent.max(0.0) / 100.0 * saturation_mixed_pa(t), p)
}

/// Relative humidity over water [%], 0 to 100, from specific humidity, temperature [K] and pressure [Pa], as WRF's post-processors understand it
/// (wrf-python, `rh`): the mixing ratio over 0.622 e / (p - 0.378 e), with the saturation vapour pressure of Bolton (1980, Mon. Wea. Rev. 108,
/// 1046-1053, eq. 10), e = 611.2 exp(17.67 (t - 273.15) / (t - 29.65)).
pub fn relative_over_water(q: f64, t: f64, p: f64) -> f64 {
    let e = 611.2 * (17.67 * (t - 273.15) / (t - 29.65)).exp();
    let rest = p - (1.0 - EPSILON) * e;
    if rest <= 0.0 {
        return 0.0;
    }
    (100.0 * q / (1.0 - q) * rest / (EPSILON * e)).clamp(0.0, 100.0)
}

/// Virtual temperature [K] from temperature [K] and specific humidity [kg kg-1].
pub fn virtual_temperature(t: f64, q: f64) -> f64 {
    t * (1.0 + (1.0 / EPSILON - 1.0) * q)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Saturation at 20 deg C is 23.39 hPa over water, at -20 deg C 1.032 hPa over ice (Goff-Gratch, Smithsonian Meteorological
    /// Tables); 10 g kg-1 at 1000 hPa is a vapour pressure of 15.98 hPa.
    #[test]
    fn published_values() {
        assert!((saturation_over_water_pa(293.15) / 2337.3 - 1.0).abs() < 3e-3);
        assert!((saturation_over_ice_pa(253.15) / 103.2 - 1.0).abs() < 3e-3);
        assert!((specific_from_vapour(1598.0, 1e5) - 0.010).abs() < 1e-5);
        // a mixing ratio of 10.101 g kg-1 over 14.67, which 23.37 hPa give at 20 deg C
        assert!((relative_over_water(0.010, 293.15, 1e5) - 68.9).abs() < 0.1);
    }

    #[test]
    fn no_branch_jumps() {
        for t in [273.16, 253.16] {
            assert!((saturation_mixed_pa(t + 1e-9) / saturation_mixed_pa(t - 1e-9) - 1.0).abs() < 1e-6);
        }
    }
}
