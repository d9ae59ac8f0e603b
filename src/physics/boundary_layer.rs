//! Mixing height from a column of wind and temperature.

use super::surface_layer::SurfaceLayer;
use crate::constants::GRAVITY;

/// Critical bulk Richardson number (Vogelezang & Holtslag 1996).
pub const CRITICAL_RICHARDSON: f32 = 0.25;
/// Weight of u*^2 in the shear production near the ground (Vogelezang & Holtslag 1996, eq. 3).
const SHEAR_WEIGHT: f32 = 100.0;
/// Coefficient of the excess temperature of thermals (Holtslag & Boville 1993, eq. 3.10: 8.5).
const EXCESS: f32 = 8.5;
/// Lowest mixing height returned [m].
pub const LOWEST_MIXING_HEIGHT: f32 = 30.0;

/// Column above one point, lowest level first; all slices of one length.
#[derive(Debug, Clone, Copy)]
pub struct Column<'a> {
    /// Height of the level centres above ground [m], strictly increasing.
    pub height_m: &'a [f32],
    /// Virtual potential temperature [K].
    pub theta_v_k: &'a [f32],
    /// Wind components [m s-1].
    pub wind_u_m_s: &'a [f32],
    pub wind_v_m_s: &'a [f32],
}

/// Mixing height above ground [m]: where the bulk Richardson number of Vogelezang & Holtslag (1996), eq. 2,
///
/// `Ri = (g / theta_s) (theta_h - theta_s) (h - z_s) / ((u_h - u_s)^2 + (v_h - v_s)^2 + 100 u*^2)`,
///
/// first exceeds 0.25, linear between levels; `s` is the lowest level. In unstable air `theta_s` has the excess temperature
/// `8.5 w'theta' / w_m` of Holtslag & Boville (1993), with `w_m` at a tenth of a first estimate of the height. At least
/// [`LOWEST_MIXING_HEIGHT`], at most the highest level.
pub fn mixing_height(column: &Column, surface: &SurfaceLayer) -> f32 {
    let first = height_with_excess(column, surface, 0.0);
    if surface.inverse_obukhov >= 0.0 {
        return first;
    }
    let speed = surface.u_star * (1.0 - 1.5 * first * surface.inverse_obukhov).cbrt();
    let excess = EXCESS * surface.kinematic_heat_flux(column.theta_v_k[0]) / speed;
    // Thermals warmer than 3 K are an artefact of a wind that has died.
    height_with_excess(column, surface, excess.min(3.0))
}

fn height_with_excess(column: &Column, surface: &SurfaceLayer, excess: f32) -> f32 {
    let theta_s = column.theta_v_k[0] + excess;
    let (u_s, v_s, z_s) = (column.wind_u_m_s[0], column.wind_v_m_s[0], column.height_m[0]);
    let (mut below, mut height_below) = (0.0_f32, z_s);
    for k in 1..column.height_m.len() {
        let (du, dv) = (column.wind_u_m_s[k] - u_s, column.wind_v_m_s[k] - v_s);
        let shear = du * du + dv * dv + SHEAR_WEIGHT * surface.u_star * surface.u_star;
        let height = column.height_m[k];
        let ri = GRAVITY as f32 / theta_s * (column.theta_v_k[k] - theta_s) * (height - z_s) / shear;
        if ri > CRITICAL_RICHARDSON {
            let part = (CRITICAL_RICHARDSON - below) / (ri - below);
            return (height_below + part * (height - height_below)).max(LOWEST_MIXING_HEIGHT);
        }
        (below, height_below) = (ri, height);
    }
    height_below.max(LOWEST_MIXING_HEIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heights() -> Vec<f32> {
        (0..200).map(|k| 10.0 + 10.0 * k as f32).collect()
    }

    fn layer(u_star: f32, inverse_obukhov: f32) -> SurfaceLayer {
        SurfaceLayer { u_star, inverse_obukhov, heat_flux: 0.0, roughness: 0.1 }
    }

    /// Constant stratification G and no shear: G (h - zs)^2 g / theta = 25 u*^2, so h = zs + 5 u* / N with N^2 = g G / theta:
    /// G = 0.01 K/m, theta 270 K, u* 0.3: N = 0.019058, h = 10 + 78.7 m.
    #[test]
    fn constant_stratification_has_an_exact_height() {
        let z = heights();
        let theta: Vec<f32> = z.iter().map(|z| 270.0 + 0.01 * (z - 10.0)).collect();
        let still = vec![0.0; z.len()];
        let column = Column { height_m: &z, theta_v_k: &theta, wind_u_m_s: &still, wind_v_m_s: &still };
        let h = mixing_height(&column, &layer(0.3, 0.01));
        assert!((h - 88.7).abs() < 0.5, "{h}");
    }

    /// A well-mixed layer below a sharp inversion at 800 m ends there, by day and whatever the wind direction.
    #[test]
    fn capped_mixed_layer_ends_at_the_inversion() {
        let z = heights();
        let theta: Vec<f32> = z.iter().map(|&z| if z < 800.0 { 285.0 } else { 292.0 }).collect();
        let u: Vec<f32> = z.iter().map(|_| -4.0).collect();
        let column = Column { height_m: &z, theta_v_k: &theta, wind_u_m_s: &u, wind_v_m_s: &u };
        let h = mixing_height(&column, &layer(0.3, -0.02));
        assert!((h - 795.0).abs() < 10.0, "{h}");
    }

    /// The excess temperature lets a heated layer grow into weak stratification.
    #[test]
    fn heating_raises_the_height() {
        let z = heights();
        let theta: Vec<f32> = z.iter().map(|z| 285.0 + 0.001 * z).collect();
        let u = vec![3.0; z.len()];
        let column = Column { height_m: &z, theta_v_k: &theta, wind_u_m_s: &u, wind_v_m_s: &u };
        assert!(mixing_height(&column, &layer(0.2, -0.05)) > mixing_height(&column, &layer(0.2, 0.0)) + 100.0);
    }

    #[test]
    fn bounds_hold() {
        let (z, theta, u) = ([10.0, 20.0], [250.0, 260.0], [0.5, 0.5]);
        let column = Column { height_m: &z, theta_v_k: &theta, wind_u_m_s: &u, wind_v_m_s: &u };
        assert_eq!(mixing_height(&column, &layer(0.02, 0.5)), LOWEST_MIXING_HEIGHT);
        let neutral = Column { theta_v_k: &[260.0, 260.0], height_m: &[10.0, 900.0], ..column };
        assert_eq!(mixing_height(&neutral, &layer(0.3, 0.0)), 900.0);
    }
}
