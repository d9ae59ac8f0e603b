//! Non-local mixing of the convective boundary layer (ACM2): updrafts carry air from the lowest layer straight to every layer of the boundary
//! layer, and the air sinks back from layer to layer.
//!
//! The upward rate is `M2u = f_conv K(z_1) / (dz_1 (h - z_1))` [s-1], the downward one `M2d_k = M2u (h - z_k) / dz_k`, with `z_k` the interface below
//! layer k and `dz_1` the distance of the centres beside the lowest interface; the local diffusivity keeps `1 - f_conv` of its value. So the
//! exchange through the lowest interface is that of K alone, and only what happens above it differs.
//!
//! # Reference
//! Pleim 2007, A combined local and nonlocal closure model for the atmospheric boundary layer, part I, J. Appl. Meteorol. Climatol. 46, 1383.

use super::surface_layer::SurfaceLayer;
use crate::constants::VON_KARMAN;

/// Coefficient of the counter-gradient term of Holtslag & Boville (1993), on which the partition rests.
const COUNTER_GRADIENT: f32 = 7.2;

/// Share of the non-local part [1] in a boundary layer of `mixing_height` [m] at `inverse_obukhov` [m-1]: 0 in stable and neutral air, else
/// `f_conv = 1 / (1 + kappa^(-2/3) / (0.1 a) (-h/L)^(-1/3))`, `a = 7.2` (Pleim 2007): a half at h/L = -17, below 1 everywhere.
pub fn convective_share(mixing_height: f32, inverse_obukhov: f32) -> f32 {
    if inverse_obukhov >= 0.0 {
        return 0.0;
    }
    let instability = (-mixing_height * inverse_obukhov).cbrt();
    let scale = (VON_KARMAN as f32).cbrt().powi(2).recip() / (0.1 * COUNTER_GRADIENT);
    instability / (instability + scale)
}

/// Splits the exchange velocities `exchange` (K / dz) [m s-1] through the inner interfaces at `interface_m` [m], lowest first, into a local part, which
/// stays in `exchange`, and the descent between updrafts, which goes to `descent` [m s-1] and never grows with height. All slices are of one
/// length. A layer that does not reach above the lowest interface has no room for updrafts.
pub fn split(exchange: &mut [f32], descent: &mut [f32], interface_m: &[f32], layer: &SurfaceLayer, mixing_height: f32) {
    let share = convective_share(mixing_height, layer.inverse_obukhov);
    let depth = mixing_height - interface_m[0];
    if share <= 0.0 || depth <= 0.0 {
        descent.fill(0.0);
        return;
    }
    let updraft = share * exchange[0];
    for ((e, d), z) in exchange.iter_mut().zip(descent).zip(interface_m) {
        let above = ((mixing_height - z) / depth).max(0.0);
        *d = updraft * above;
        if above > 0.0 {
            *e *= 1.0 - share;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::vertical_diffusion::{MixingFactors, mix};
    use super::*;

    const INTERFACES: [f32; 11] = [20.0, 50.0, 90.0, 150.0, 230.0, 330.0, 460.0, 620.0, 820.0, 1070.0, 1380.0];

    fn layer(inverse_obukhov: f32) -> SurfaceLayer {
        SurfaceLayer { u_star: 0.3, inverse_obukhov, heat_flux: 0.0, roughness: 0.1 }
    }

    /// kappa^(-2/3) / 0.72 = 2.5583; h/L = -50: 1 / (1 + 2.5583 * 0.27144) = 0.5902; -1: 0.2810; a half at 2.5583^3 = 16.74.
    #[test]
    fn share_by_hand() {
        assert!((convective_share(1000.0, -0.05) - 0.5902).abs() < 2e-4);
        assert!((convective_share(1000.0, -0.001) - 0.2810).abs() < 2e-4);
        assert!((convective_share(1674.0, -0.01) - 0.5).abs() < 2e-4);
        assert_eq!(convective_share(1000.0, 0.0), 0.0);
        assert_eq!(convective_share(1000.0, 0.01), 0.0);
    }

    #[test]
    fn lowest_interface_keeps_its_exchange_and_descent_ends_at_the_top() {
        let whole = [0.4, 0.5, 0.6, 0.5, 0.45, 0.4, 0.3, 0.2, 0.1, 0.01, 0.002f32];
        let (mut exchange, mut descent) = (whole, [9.0f32; 11]);
        split(&mut exchange, &mut descent, &INTERFACES, &layer(-0.04), 900.0);
        assert!((exchange[0] + descent[0] - whole[0]).abs() < 1e-6);
        assert!(descent.windows(2).all(|d| d[1] <= d[0]) && descent[8] > 0.0);
        assert_eq!((descent[9], descent[10], exchange[9], exchange[10]), (0.0, 0.0, whole[9], whole[10]));
        // half way between the lowest interface and the top, half of the air has come down
        assert!((descent[6] / descent[0] - 0.5).abs() < 1e-6);
        for (inverse, height) in [(0.03, 900.0), (0.0, 900.0), (-0.04, 15.0)] {
            let (mut exchange, mut descent) = (whole, [9.0f32; 11]);
            split(&mut exchange, &mut descent, &INTERFACES, &layer(inverse), height);
            assert_eq!((exchange, descent), (whole, [0.0; 11]));
        }
    }

    /// Mixing ratios after `seconds` of emission at the ground into clean air, in steps of `dt`.
    fn emitted_for(seconds: f32, dt: f32, inverse: f32, nonlocal: bool) -> Vec<f32> {
        let thickness: Vec<f32> =
            std::iter::once(20.0).chain(INTERFACES.windows(2).map(|z| z[1] - z[0])).chain([380.0]).collect();
        let mut exchange: Vec<f32> = (0..11)
            .map(|k| {
                let k_z = super::super::eddy_diffusivity::boundary_layer(INTERFACES[k], &layer(inverse), 900.0);
                k_z.max(0.1) / (0.5 * (thickness[k] + thickness[k + 1]))
            })
            .collect();
        let mut descent = vec![0.0; 11];
        if nonlocal {
            split(&mut exchange, &mut descent, &INTERFACES, &layer(inverse), 900.0);
        }
        let in_step = |v: &[f32]| v.iter().map(|v| v * dt).collect::<Vec<f32>>();
        let mut factors = MixingFactors::new(12, 1);
        factors.factorise_convective(&thickness, &in_step(&exchange), &in_step(&descent), 1);
        let mut q = vec![0.0f32; 12];
        for _ in 0..(seconds / dt) as usize {
            mix(&mut q, &thickness, &factors, &[dt], &[0.0], 1);
        }
        q
    }

    /// Convective updrafts thin out the emission of the ground and fill the upper half of the layer sooner than gradients do.
    #[test]
    fn updrafts_dilute_emission_of_the_ground_faster() {
        let (both, local) = (emitted_for(600.0, 60.0, -0.04, true), emitted_for(600.0, 60.0, -0.04, false));
        assert!(both[0] < 0.9 * local[0], "{} {}", both[0], local[0]);
        assert!(both[7] > 1.5 * local[7], "{} {}", both[7], local[7]);
    }

    /// Towards neutral the non-local part fades without a jump.
    #[test]
    fn convective_and_neutral_mixing_join() {
        let neutral = emitted_for(1800.0, 300.0, 0.0, true);
        let mut last = f32::INFINITY;
        for inverse in [-1e-4, -1e-6, -1e-8, -1e-11] {
            let near = emitted_for(1800.0, 300.0, inverse, true);
            let apart = near.iter().zip(&neutral).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / neutral[0];
            assert!(apart < last, "{inverse}: {apart} after {last}");
            last = apart;
        }
        assert!(last < 2e-3, "{last}");
    }
}
