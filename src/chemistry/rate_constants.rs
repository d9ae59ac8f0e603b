//! Rate constants and prescribed oxidants.
//!
//! In f64: evaluated once per cell and hour, not in the time loop. Concentrations of gases in molecules cm-3.

use crate::constants::{AVOGADRO, R_MOLAR};

/// Number density of air [molecules cm-3].
pub fn air_number_density(temperature_k: f64, pressure_pa: f64) -> f64 {
    pressure_pa * AVOGADRO / (R_MOLAR * temperature_k) * 1e-6
}

/// Termolecular rate constant [cm3 molecule-1 s-1] from its low- and high-pressure limits (Troe form of JPL 19-5, section 2, with
/// broadening factor 0.6).
fn troe(low: f64, high: f64, number_density: f64) -> f64 {
    let ratio = low * number_density / high;
    let exponent = 1.0 / (1.0 + ratio.log10().powi(2));
    low * number_density / (1.0 + ratio) * 0.6_f64.powf(exponent)
}

/// OH + SO2 + M [cm3 molecule-1 s-1] (Burkholder et al. 2019, JPL 19-5, Table 2-1).
pub fn oh_so2(temperature_k: f64, number_density: f64) -> f64 {
    let t = temperature_k / 298.0;
    troe(2.9e-31 * t.powf(-4.1), 1.7e-12 * t.powf(0.2), number_density)
}

/// OH + NO2 + M to HNO3 [cm3 molecule-1 s-1] (Burkholder et al. 2019, JPL 19-5, Table 2-1).
pub fn oh_no2(temperature_k: f64, number_density: f64) -> f64 {
    troe(1.8e-30 * (temperature_k / 298.0).powf(-3.0), 2.8e-11, number_density)
}

/// NO2 + O3 to NO3 [cm3 molecule-1 s-1] (Burkholder et al. 2019, JPL 19-5, Table 1-1).
pub fn no2_o3(temperature_k: f64) -> f64 {
    1.2e-13 * (-2450.0 / temperature_k).exp()
}

/// Precursor of secondary organic aerosol + OH [cm3 molecule-1 s-1] (Hodzic & Jimenez 2011, Geosci. Model Dev. 4, section 2).
pub const OH_SOA_PRECURSOR: f64 = 1.25e-11;

/// Clear-sky photolysis frequency of ozone to O(1D) [s-1] from the cosine of the zenith angle (Saunders et al. 2003, MCM v3, Table 2).
pub fn photolysis_o1d(cos_zenith: f64) -> f64 {
    if cos_zenith <= 0.01 {
        return 0.0;
    }
    6.073e-5 * cos_zenith.powf(1.743) * (-0.474 / cos_zenith).exp()
}

/// OH [molecules cm-3]: `2.4e6 (J(O1D) / 1e-5 s-1)^0.93 + 0.13e6` (Rohrer & Berresheim 2006, Nature 442, fit of five years).
///
/// At 43 N this gives 1.1e6 at noon of midwinter, 7e6 in June and 1.3e5 at night.
pub fn hydroxyl(cos_zenith: f64) -> f64 {
    2.4e6 * (photolysis_o1d(cos_zenith) / 1e-5).powf(0.93) + 0.13e6
}

/// First-order uptake [s-1] on `surface_m2_m3` [m2 m-3] of aerosol with probability `gamma`: `gamma c S / 4` (kinetic limit, exact to
/// 2 % for gamma <= 0.02 on particles below 1 um), for a gas of molar mass [kg mol-1].
pub fn uptake(gamma: f64, surface_m2_m3: f64, molar_mass: f64, temperature_k: f64) -> f64 {
    let speed = (8.0 * R_MOLAR * temperature_k / (std::f64::consts::PI * molar_mass)).sqrt();
    0.25 * gamma * speed * surface_m2_m3
}

/// Uptake probability of SO2 on wet aerosol: 2e-5 up to 50 % relative humidity, linear to 5e-5 at 100 % (Zheng et al. 2015, Atmos.
/// Chem. Phys. 15, section 2.3).
pub fn gamma_so2(relative_humidity: f64) -> f64 {
    2e-5 + 3e-5 * ((relative_humidity - 0.5) / 0.5).clamp(0.0, 1.0)
}

/// Fraction of cloud water that is liquid: `((T - 250.16) / 23)^2` between 250.16 K and 273.16 K (Tiedtke 1993, eq. 5).
pub fn liquid_fraction(temperature_k: f64) -> f64 {
    ((temperature_k - 250.16) / 23.0).clamp(0.0, 1.0).powi(2)
}

/// Oxidation of SO2 in cloud droplets by H2O2 and O3 [s-1], per total SO2, from liquid water [kg m-3] and mole fractions.
///
/// Seinfeld & Pandis (2006), eq. 7.84 for H2O2 (k 7.5e7 M-2 s-1, 36.7 kJ/mol) and EMEP MSC-W for O3 (1.8e4 [H+]^-0.4 M-1 s-1 per total
/// dissolved S(IV); Simpson et al. 2012, after Moeller 1980); equilibria of Seinfeld & Pandis (2006), Tables 7.2 and 7.4. pH is fixed
/// at 4.5 and neither oxidant is used up.
pub fn in_cloud_so2(temperature_k: f64, pressure_pa: f64, liquid_kg_m3: f64, h2o2: f64, o3: f64) -> f64 {
    const H: f64 = 3.162e-5;
    let inverse = 1.0 / temperature_k - 1.0 / 298.15;
    let atmospheres = pressure_pa / 101_325.0;
    let henry_so2 = 1.23 * (3145.0 * inverse).exp();
    let first = 1.3e-2 * (1960.0 * inverse).exp();
    let effective = henry_so2 * (1.0 + first / H);
    // R T in l atm mol-1 times the volume of water per volume of air.
    let dissolved = effective * 0.082_06 * temperature_k * liquid_kg_m3 / 1000.0;
    let hydrogen_peroxide = 1e5 * (7297.0 * inverse).exp() * h2o2 * atmospheres;
    let ozone = 1.1e-2 * (2536.0 * inverse).exp() * o3 * atmospheres;
    let bisulfite = first / (H + first);
    let by_peroxide = 7.5e7 * (-4430.0 * inverse).exp() * H * hydrogen_peroxide * bisulfite / (1.0 + 13.0 * H);
    let by_ozone = 1.8e4 * H.powf(-0.4) * ozone;
    dissolved / (1.0 + dissolved) * (by_peroxide + by_ozone)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// JPL 19-5, Table 2-1 prints the values at 298 K and 1 atm (M = 2.46e19): OH + SO2 9.6e-13, OH + NO2 1.06e-11;
    /// Table 1-1: NO2 + O3 3.2e-17.
    #[test]
    fn jpl_values_at_298_k() {
        let m = air_number_density(298.0, 101_325.0);
        assert!((m / 2.46e19 - 1.0).abs() < 2e-3);
        assert!((oh_so2(298.0, m) / 9.6e-13 - 1.0).abs() < 0.03, "{}", oh_so2(298.0, m));
        assert!((oh_no2(298.0, m) / 1.06e-11 - 1.0).abs() < 0.03, "{}", oh_no2(298.0, m));
        assert!((no2_o3(298.0) / 3.2e-17 - 1.0).abs() < 0.02);
    }

    /// IUPAC (Atkinson et al. 2004) evaluates the same two reactions apart from JPL: at 298 K and 1 bar of air 8.9e-13 and 9.8e-12.
    #[test]
    fn iupac_agrees_within_ten_percent() {
        let m = air_number_density(298.0, 100_000.0);
        assert!((oh_so2(298.0, m) / 8.9e-13 - 1.0).abs() < 0.1);
        assert!((oh_no2(298.0, m) / 9.8e-12 - 1.0).abs() < 0.1);
    }

    /// Noon at 43 N on the winter solstice (cos 0.40) and in June (0.94): about 1e6 and 7e6; nothing but the floor at night.
    #[test]
    fn hydroxyl_by_season() {
        assert!((0.8e6..1.5e6).contains(&hydroxyl(0.40)), "{}", hydroxyl(0.40));
        assert!((5e6..9e6).contains(&hydroxyl(0.94)), "{}", hydroxyl(0.94));
        assert_eq!(hydroxyl(-0.3), 0.13e6);
        assert!(hydroxyl(0.02) < 0.14e6);
    }

    /// SO2 (mean speed 298 m/s at 273 K) on 1e-3 m2/m3 with gamma 5e-5: 0.25 * 5e-5 * 300.4 * 1e-3 = 3.76e-6 s-1.
    #[test]
    fn uptake_by_hand() {
        assert!((uptake(5e-5, 1e-3, 0.064066, 273.15) / 3.756e-6 - 1.0).abs() < 2e-3);
        assert_eq!(gamma_so2(0.3), 2e-5);
        assert!((gamma_so2(0.75) - 3.5e-5).abs() < 1e-12);
        assert!((gamma_so2(1.0) - 5e-5).abs() < 1e-12);
    }

    /// Seinfeld & Pandis (2006), figure 7.19: 1 ppb H2O2 at 298 K oxidises dissolved SO2 at 5 ppb of gas at about 500..1000 %/h per g m-3
    /// of water at any pH below 6; O3 at 30 ppb and pH 4.5 is slower by two orders. Here 0.1 g m-3.
    #[test]
    fn peroxide_governs_acid_clouds() {
        let peroxide = in_cloud_so2(298.15, 101_325.0, 1e-4, 1e-9, 0.0) * 3600.0;
        assert!((0.3..2.0).contains(&peroxide), "{peroxide} per hour");
        let ozone = in_cloud_so2(298.15, 101_325.0, 1e-4, 0.0, 30e-9) * 3600.0;
        assert!(ozone < peroxide / 30.0 && ozone > peroxide / 3000.0, "{ozone} per hour");
        assert_eq!(liquid_fraction(250.0), 0.0);
        assert_eq!(liquid_fraction(280.0), 1.0);
    }
}
