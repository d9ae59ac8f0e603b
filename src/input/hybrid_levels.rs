//! Hybrid levels, `p = a + b ps`, to pressure and height above sea level.

use super::humidity::virtual_temperature;
use crate::constants::{GRAVITY, R_DRY};
use crate::domain::boundary_field::Level;

/// Hybrid levels upward.
#[derive(Debug, Clone, PartialEq)]
pub struct HybridLevels {
    /// Centres.
    pub full: Vec<Level>,
    /// Boundaries, one more than centres, the first one the ground; `None` where a file has only the centres.
    pub half: Option<Vec<Level>>,
}

/// The ground as a level.
const GROUND: Level = Level { a_pa: 0.0, b: 1.0 };
/// How far the first boundary may be off the ground, as a share of the pressure there.
const AT_GROUND: f64 = 1e-4;

impl HybridLevels {
    /// From the boundaries upward: a centre has the mean pressure of the two boundaries around it (ECMWF, IFS documentation CY47R3, part III,
    /// section 2.2.1).
    ///
    /// # Errors
    /// The reason, with fewer than two boundaries, or when the first one is not the ground.
    pub fn between(half: Vec<Level>) -> Result<Self, String> {
        let nominal = 101_325.0;
        let first = half.first().map_or(0.0, |l| l.pressure_pa(nominal));
        if half.len() < 2 || (first / GROUND.pressure_pa(nominal) - 1.0).abs() > AT_GROUND {
            return Err(format!(
                "{} boundaries, the first at {first:.0} Pa over a ground at {nominal:.0} Pa",
                half.len()
            ));
        }
        let middle = |w: &[Level]| Level { a_pa: 0.5 * (w[0].a_pa + w[1].a_pa), b: 0.5 * (w[0].b + w[1].b) };
        Ok(Self { full: half.windows(2).map(middle).collect(), half: Some(half) })
    }

    /// Pressure [Pa] and height above sea level [m] of the centres, `[level, cell]`, from surface pressure [Pa] and terrain height [m] `[cell]`
    /// and temperature [K] and specific humidity [kg kg-1] `[level, cell]`.
    ///
    /// With boundaries as the IFS integrates the hydrostatic equation (Simmons & Burridge, 1981, Mon. Wea. Rev. 109, 758-766, eq. 3.18-3.20):
    /// a layer is R Tv ln(p_low / p_high) / g thick and its centre lies alpha R Tv / g above its lower boundary, alpha = 1 - p_high / dp ln(p_low / p_high);
    /// without, by the mean virtual temperature of neighbouring centres.
    pub fn heights(&self, surface_pa: &[f32], terrain_m: &[f32], t: &[f32], q: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let cells = surface_pa.len();
        let levels = self.full.len();
        let (mut pressure, mut height) = (vec![0.0_f32; levels * cells], vec![0.0_f32; levels * cells]);
        for c in 0..cells {
            let ground = f64::from(surface_pa[c]);
            let warm = |k: usize| virtual_temperature(f64::from(t[k * cells + c]), f64::from(q[k * cells + c]));
            let mut base = f64::from(terrain_m[c]);
            let mut below: Option<(f64, f64)> = None;
            for (k, level) in self.full.iter().enumerate() {
                let (p, tv) = (level.pressure_pa(ground), warm(k));
                let at = k * cells + c;
                pressure[at] = p as f32;
                let centre = match &self.half {
                    Some(half) => {
                        let (low, high) = (half[k].pressure_pa(ground), half[k + 1].pressure_pa(ground).max(1e-3));
                        let fall = (low / high).ln();
                        let alpha = 1.0 - high / (low - high) * fall;
                        let centre = base + alpha * R_DRY * tv / GRAVITY;
                        base += R_DRY * tv / GRAVITY * fall;
                        centre
                    }
                    None => {
                        let (p_below, tv_below) = below.unwrap_or((ground, tv));
                        base += R_DRY * 0.5 * (tv + tv_below) / GRAVITY * (p_below / p).ln();
                        base
                    }
                };
                below = Some((p, tv));
                height[at] = centre as f32;
            }
        }
        (pressure, height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eta() -> Vec<Level> {
        [(0.0, 1.0), (0.0, 0.998), (3.8, 0.995), (2000.0, 0.9), (15_000.0, 0.5), (20_000.0, 0.05), (5000.0, 0.0)]
            .map(|(a_pa, b)| Level { a_pa, b })
            .to_vec()
    }

    /// In isothermal dry air z = zs + (R T / g) ln(ps / p) everywhere: 250 K have a scale height of 7317.6 m. A centre of thin layers lies
    /// there too; alpha puts the centre of a thick one at its mean geopotential.
    #[test]
    fn heights_are_exact_in_an_isothermal_atmosphere() {
        let scale = 287.05 * 250.0 / 9.80665;
        let levels = HybridLevels::between(eta()).unwrap();
        let (t, q) = (vec![250.0; 12], vec![0.0; 12]);
        let (ground, terrain) = ([96_000.0, 101_000.0], [700.0, 10.0]);
        let (pressure, height) = levels.heights(&ground, &terrain, &t, &q);
        for c in 0..2 {
            for k in 0..3 {
                let exact = f64::from(terrain[c]) + scale * f64::from(ground[c] / pressure[k * 2 + c]).ln();
                assert!((f64::from(height[k * 2 + c]) - exact).abs() < 0.01 * exact.max(10.0), "{k} {exact}");
            }
        }
        let centres = HybridLevels { half: None, ..levels };
        let (pressure, height) = centres.heights(&ground, &terrain, &t, &q);
        for (i, z) in height.iter().enumerate() {
            let exact = f64::from(terrain[i % 2]) + scale * f64::from(ground[i % 2] / pressure[i]).ln();
            assert!((f64::from(*z) - exact).abs() < 0.02, "{z} {exact}");
        }
    }

    #[test]
    fn levels_that_do_not_begin_at_the_ground_are_refused() {
        assert!(HybridLevels::between(eta()[1..].to_vec()).unwrap_err().contains("first at 101122"));
        assert!(HybridLevels::between(eta()[..1].to_vec()).is_err());
    }
}
