//! Vertical eddy diffusivity of scalars.

use super::surface_layer::{SurfaceLayer, phi_h};
use crate::constants::{GRAVITY, VON_KARMAN};

const KAPPA: f32 = VON_KARMAN as f32;
/// Top of the surface layer as a fraction of the mixing height (Holtslag & Boville 1993).
const SURFACE_FRACTION: f32 = 0.1;
/// Asymptotic mixing length of the free air [m] (Holtslag & Boville 1993, far above the ground).
const FREE_MIXING_LENGTH: f32 = 30.0;
/// Largest diffusivity returned [m2 s-1].
pub const LARGEST_DIFFUSIVITY: f32 = 1000.0;

/// Local stratification and shear between two levels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stratification {
    /// Gradient Richardson number [1].
    pub richardson: f32,
    /// Magnitude of the vertical wind shear [s-1].
    pub shear_s: f32,
}

impl Stratification {
    /// Between two levels `dz_m` apart, from virtual potential temperatures [K] and the wind difference (`du`, `dv`) [m s-1].
    ///
    /// The shear has a floor of 1e-3 s-1, so that the Richardson number stays finite in a uniform wind.
    pub fn between(theta_lower_k: f32, theta_upper_k: f32, du: f32, dv: f32, dz_m: f32) -> Self {
        let shear_s = ((du * du + dv * dv).sqrt() / dz_m).max(1e-3);
        let mean = 0.5 * (theta_lower_k + theta_upper_k);
        let frequency2 = GRAVITY as f32 * (theta_upper_k - theta_lower_k) / (mean * dz_m);
        Self { richardson: frequency2 / (shear_s * shear_s), shear_s }
    }
}

/// Diffusivity of free air at height `z` [m2 s-1]: `l^2 S F(Ri)`, `1/l = 1/(kappa z) + 1/30 m`.
///
/// Holtslag & Boville (1993, J. Climate 6, 1825): `F = 1 / (1 + 10 Ri (1 + 8 Ri))` stable, `sqrt(1 - 18 Ri)` unstable.
pub fn free_air(z: f32, local: &Stratification) -> f32 {
    let length = KAPPA * z / (1.0 + KAPPA * z / FREE_MIXING_LENGTH);
    let ri = local.richardson;
    let stability = if ri >= 0.0 { 1.0 / (1.0 + 10.0 * ri * (1.0 + 8.0 * ri)) } else { (1.0 - 18.0 * ri).sqrt() };
    length * length * local.shear_s * stability
}

/// Diffusivity inside the boundary layer [m2 s-1] at `z` [m] of a layer of `mixing_height` [m]; 0 at and above its top.
///
/// `K = kappa u* / phi_h(z_s / L) z (1 - z/h)^2` (Troen & Mahrt 1986, Boundary-Layer Meteorol. 37, 129; Pleim 2007, J. Appl.
/// Meteorol. Climatol. 46, 1383) with [`phi_h`] of the surface layer, so that wind, temperature and tracers have profiles of one
/// theory; `z_s = z`, in unstable air at most a tenth of the layer.
pub fn boundary_layer(z: f32, surface: &SurfaceLayer, mixing_height: f32) -> f32 {
    if z >= mixing_height {
        return 0.0;
    }
    let inverse = surface.inverse_obukhov;
    let level = if inverse >= 0.0 { z } else { z.min(SURFACE_FRACTION * mixing_height) };
    let part = 1.0 - z / mixing_height;
    KAPPA * surface.u_star / phi_h(level * inverse) * z * part * part
}

/// Diffusivity [m2 s-1] at height `z` [m] above ground: the larger of [`boundary_layer`] and [`free_air`], between
/// `minimum` and [`LARGEST_DIFFUSIVITY`].
///
/// `minimum` [m2 s-1] is land-dependent: 0.01 over snow-covered country at night to 1 in towns.
#[inline]
pub fn diffusivity(z: f32, surface: &SurfaceLayer, mixing_height: f32, local: &Stratification, minimum: f32) -> f32 {
    boundary_layer(z, surface, mixing_height).max(free_air(z, local)).max(minimum).min(LARGEST_DIFFUSIVITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(u_star: f32, inverse_obukhov: f32) -> SurfaceLayer {
        SurfaceLayer { u_star, inverse_obukhov, heat_flux: 0.0, roughness: 0.1 }
    }

    /// Neutral profile by calculus: maximum at h/3, of (4/27) kappa u* h / Pr = 0.4 * 0.3 / 0.85 * 900 * 4/27 = 18.82 m2/s.
    #[test]
    fn neutral_profile_peaks_at_a_third() {
        let s = layer(0.3, 0.0);
        assert!((boundary_layer(300.0, &s, 900.0) - 18.8235).abs() < 1e-4);
        assert!(boundary_layer(290.0, &s, 900.0) < 18.8235 && boundary_layer(310.0, &s, 900.0) < 18.8235);
    }

    /// Near the ground K / (kappa u* z) tends to 1 / phi_h: zeta 0.5: 0.85 (1 + 0.5 (0.7 + 0.75 exp(-0.175) 5.825)) = 2.7061; zeta -0.5: 3 / 0.85.
    #[test]
    fn surface_layer_limit() {
        let deep = 1e6;
        let ratio = |z: f32, inverse: f32| boundary_layer(z, &layer(0.25, inverse), deep) / (0.4 * 0.25 * z);
        assert!((ratio(10.0, 0.05) - 1.0 / 2.7061).abs() < 1e-4);
        assert!((ratio(10.0, -0.05) - 3.0 / 0.85).abs() < 1e-3);
    }

    /// Half way up a convective layer of 1000 m at L = -20 m, phi_h is that of 100 m: 0.4 * 0.25 * sqrt(81) / 0.85 * 500 / 4 = 132.35 m2/s.
    #[test]
    fn stability_of_the_convective_layer_is_that_of_its_lowest_tenth() {
        assert!((boundary_layer(500.0, &layer(0.25, -0.05), 1000.0) - 132.353).abs() < 0.01);
    }

    #[test]
    fn continuous_in_height_and_stability() {
        for inverse in [-0.1, -0.01, 0.0, 0.02, 0.1] {
            let s = layer(0.3, inverse);
            let mut last = boundary_layer(1.0, &s, 500.0);
            for i in 1..=5000 {
                let k = boundary_layer(1.0 + i as f32 * 0.1, &s, 500.0);
                assert!((k - last).abs() < 0.05 * last.max(1.0), "1/L {inverse}, step {i}");
                last = k;
            }
        }
        let (stable, unstable) =
            (boundary_layer(50.0, &layer(0.3, 1e-6), 500.0), boundary_layer(50.0, &layer(0.3, -1e-6), 500.0));
        assert!((stable / unstable - 1.0).abs() < 1e-3);
    }

    /// Well above the ground l = 30 kappa z / (30 + kappa z): z 1500 m: 28.57 m; shear 0.01: 8.163 m2/s neutral;
    /// Ri 0.25: F = 1/8.5 and K = 0.960 m2/s.
    #[test]
    fn free_air_by_hand() {
        let k = |richardson| free_air(1500.0, &Stratification { richardson, shear_s: 0.01 });
        assert!((k(0.0) - 8.163).abs() < 2e-3);
        assert!((k(0.25) - 0.9604).abs() < 1e-3);
        assert!((k(-1.0) / k(0.0) - 19.0_f32.sqrt()).abs() < 1e-3);
    }

    #[test]
    fn bounds_hold() {
        let calm = Stratification::between(270.0, 280.0, 0.0, 0.0, 50.0);
        assert_eq!(diffusivity(400.0, &layer(0.02, 0.5), 50.0, &calm, 0.01), 0.01);
        let wild = Stratification { richardson: -1e4, shear_s: 1.0 };
        assert_eq!(diffusivity(400.0, &layer(1.0, 0.0), 50.0, &wild, 0.01), LARGEST_DIFFUSIVITY);
    }
}
