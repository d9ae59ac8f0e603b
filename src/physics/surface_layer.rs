//! Monin-Obukhov similarity: friction velocity, Obukhov length and resistances of the surface layer.

use crate::constants::{CP_DRY, GRAVITY, VON_KARMAN};

const KAPPA: f32 = VON_KARMAN as f32;
const G: f32 = GRAVITY as f32;
/// Largest |1/L| that is solved for [m-1]: beyond L = 2 m similarity has no meaning.
pub const LARGEST_INVERSE_OBUKHOV: f32 = 0.5;
/// Lowest wind speed used [m s-1]; below it the mean wind says nothing about the shear stress.
pub const LOWEST_WIND: f32 = 0.3;
/// Lowest friction velocity returned [m s-1].
pub const LOWEST_U_STAR: f32 = 0.02;

/// Turbulent Prandtl and Schmidt number of neutral air [1]: published values lie between 0.74 (Businger et al. 1971) and 1 (Dyer 1974), with
/// 0.95 of Hogstrom (1988); 0.85 is that of Kader & Yaglom (1972, Int. J. Heat Mass Transf. 15, 2329), near the middle.
pub const TURBULENT_PRANDTL: f32 = 0.85;

/// The turbulent state of the surface layer above one column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurfaceLayer {
    /// Friction velocity [m s-1], at least [`LOWEST_U_STAR`].
    pub u_star: f32,
    /// Inverse of the Obukhov length [m-1]: positive stable, 0 neutral, negative unstable; |1/L| <=
    /// [`LARGEST_INVERSE_OBUKHOV`].
    pub inverse_obukhov: f32,
    /// Sensible heat flux, upward positive [W m-2].
    pub heat_flux: f32,
    /// Aerodynamic roughness length [m].
    pub roughness: f32,
}

/// Wind at one height and potential temperature at two, from which the profile method finds the fluxes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Profile {
    /// Wind speed [m s-1] at `wind_height_m` [m].
    pub wind_m_s: f32,
    pub wind_height_m: f32,
    /// Potential temperature [K] at the lower height (2 m, or the thermal roughness length for a skin temperature).
    pub theta_lower_k: f32,
    pub lower_height_m: f32,
    /// Potential temperature [K] at the upper height (lowest model level).
    pub theta_upper_k: f32,
    pub upper_height_m: f32,
    /// Roughness length [m].
    pub roughness_m: f32,
    /// Air density [kg m-3].
    pub density_kg_m3: f32,
}

/// Integrated stability function of momentum [1] at `zeta = z/L`.
///
/// Unstable: Paulson (1970) with the Dyer (1974) gradient `(1 - 16 zeta)^-1/4`; stable: Holtslag & De Bruin (1988, J.
/// Appl. Meteorol. 27, 689).
pub fn psi_m(zeta: f32) -> f32 {
    if zeta >= 0.0 {
        return psi_stable(zeta);
    }
    let x = (1.0 - 16.0 * zeta).sqrt().sqrt();
    2.0 * ((1.0 + x) / 2.0).ln() + ((1.0 + x * x) / 2.0).ln() - 2.0 * x.atan() + std::f32::consts::FRAC_PI_2
}

/// Gradient function of heat and of any other scalar [1] at `zeta = z/L`: `kappa z / theta* dtheta/dz`, of which [`psi_h`] is the integral.
///
/// Unstable: `Pr (1 - 16 zeta)^-1/2` (Dyer 1974); stable: `Pr (1 + zeta (a + b exp(-d zeta) (1 + c - d zeta)))`, the gradient of the stable
/// function of Holtslag & De Bruin (1988), which serves momentum and heat alike, with the coefficients of [`psi_m`]. That `Pr`
/// ([`TURBULENT_PRANDTL`]) multiplies both is this model's choice.
pub fn phi_h(zeta: f32) -> f32 {
    let shape = if zeta >= 0.0 {
        1.0 + zeta * (0.7 + 0.75 * (-0.35 * zeta).exp() * (1.0 + 5.0 - 0.35 * zeta))
    } else {
        1.0 / (1.0 - 16.0 * zeta).sqrt()
    };
    TURBULENT_PRANDTL * shape
}

/// Integrated stability function of heat [1] at `zeta = z/L`: the profile is `Pr theta* / kappa (ln(z/z0) - psi_h)`; references as [`psi_m`],
/// gradient `(1 - 16 zeta)^-1/2`.
pub fn psi_h(zeta: f32) -> f32 {
    if zeta >= 0.0 {
        return psi_stable(zeta);
    }
    2.0 * ((1.0 + (1.0 - 16.0 * zeta).sqrt()) / 2.0).ln()
}

/// Holtslag & De Bruin (1988): a = 0.7, b = 0.75, c = 5, d = 0.35; holds to zeta of about 10.
fn psi_stable(zeta: f32) -> f32 {
    -(0.7 * zeta + 0.75 * (zeta - 5.0 / 0.35) * (-0.35 * zeta).exp() + 0.75 * 5.0 / 0.35)
}

/// Friction velocity [m s-1] of a wind of `wind_m_s` at `height_m` above `roughness_m` at stability `inverse_obukhov` [m-1].
pub fn friction_velocity(wind_m_s: f32, height_m: f32, roughness_m: f32, inverse_obukhov: f32) -> f32 {
    let log = (height_m / roughness_m).ln() - psi_m(height_m * inverse_obukhov) + psi_m(roughness_m * inverse_obukhov);
    (KAPPA * wind_m_s.max(LOWEST_WIND) / log.max(0.5)).max(LOWEST_U_STAR)
}

impl SurfaceLayer {
    /// From friction velocity [m s-1] and sensible heat flux [W m-2, upward] of the meteorological model.
    pub fn from_fluxes(u_star: f32, heat_flux: f32, temperature_k: f32, density_kg_m3: f32, roughness_m: f32) -> Self {
        let u_star = u_star.max(LOWEST_U_STAR);
        let kinematic = heat_flux / (density_kg_m3 * CP_DRY as f32);
        let inverse = -KAPPA * G * kinematic / (temperature_k * u_star * u_star * u_star);
        let bounded = inverse.clamp(-LARGEST_INVERSE_OBUKHOV, LARGEST_INVERSE_OBUKHOV);
        Self { u_star, inverse_obukhov: bounded, heat_flux, roughness: roughness_m }
    }

    /// From a 10 m wind and a sensible heat flux [W m-2, upward].
    ///
    /// In stable air a given wind carries only a limited flux downward (Holtslag & Van Ulden 1983, J. Climate Appl.
    /// Meteorol. 22, 517): the weakly stable of the two solutions is taken, and where the flux exceeds the limit the
    /// largest possible one is returned as `heat_flux`.
    pub fn from_wind_and_heat_flux(
        wind_m_s: f32,
        wind_height_m: f32,
        heat_flux: f32,
        temperature_k: f32,
        density_kg_m3: f32,
        roughness_m: f32,
    ) -> Self {
        let u_star = |inverse: f32| friction_velocity(wind_m_s, wind_height_m, roughness_m, inverse);
        let flux_of = |inverse: f32| {
            -inverse * temperature_k * u_star(inverse).powi(3) * density_kg_m3 * CP_DRY as f32 / (KAPPA * G)
        };
        // Surplus of |flux| that stability `inverse` implies over the given one; rises from negative at neutral.
        let sign = if heat_flux > 0.0 { -1.0 } else { 1.0 };
        let surplus = |inverse: f32| flux_of(sign * inverse).abs() - heat_flux.abs();
        let inverse = sign * first_root(&surplus);
        Self {
            u_star: u_star(inverse),
            inverse_obukhov: inverse,
            heat_flux: if surplus(inverse.abs()) < 0.0 && sign > 0.0 { flux_of(inverse) } else { heat_flux },
            roughness: roughness_m,
        }
    }

    /// From a wind and the potential temperature at two heights (profile method, Berkowicz & Prahm 1982, with the
    /// functions above).
    ///
    /// Solves `1/L = kappa g theta* / (theta u*^2)` by bisection; the search ends at |1/L| =
    /// [`LARGEST_INVERSE_OBUKHOV`] where the stratification is beyond similarity.
    pub fn from_profile(profile: &Profile) -> Self {
        let difference = profile.theta_upper_k - profile.theta_lower_k;
        let mean = 0.5 * (profile.theta_upper_k + profile.theta_lower_k);
        let u_star =
            |inverse: f32| friction_velocity(profile.wind_m_s, profile.wind_height_m, profile.roughness_m, inverse);
        let theta_star = |inverse: f32| {
            let log = (profile.upper_height_m / profile.lower_height_m).ln() - psi_h(profile.upper_height_m * inverse)
                + psi_h(profile.lower_height_m * inverse);
            KAPPA * difference / (TURBULENT_PRANDTL * log.max(0.2))
        };
        let sign = if difference < 0.0 { -1.0 } else { 1.0 };
        let surplus = |inverse: f32| {
            let signed = sign * inverse;
            inverse - (KAPPA * G * theta_star(signed) / (mean * u_star(signed).powi(2))).abs()
        };
        let inverse = sign * first_root(&surplus);
        let u = u_star(inverse);
        Self {
            u_star: u,
            inverse_obukhov: inverse,
            heat_flux: -profile.density_kg_m3 * CP_DRY as f32 * u * theta_star(inverse),
            roughness: profile.roughness_m,
        }
    }

    /// Kinematic heat flux `w'theta'` [K m s-1], upward positive, at `temperature_k` [K], consistent with `1/L`.
    pub fn kinematic_heat_flux(&self, temperature_k: f32) -> f32 {
        -self.inverse_obukhov * temperature_k * self.u_star.powi(3) / (KAPPA * G)
    }

    /// Convective velocity scale w* [m s-1] of a mixed layer of `mixing_height_m` [m]; 0 when not unstable (Deardorff 1970).
    pub fn convective_velocity(&self, mixing_height_m: f32) -> f32 {
        self.u_star * (-mixing_height_m * self.inverse_obukhov / KAPPA).max(0.0).cbrt()
    }

    /// Aerodynamic resistance of a scalar [s m-1] between `height_m` [m] and the roughness length (Wesely & Hicks 1977).
    pub fn aerodynamic_resistance(&self, height_m: f32) -> f32 {
        let z0 = self.roughness;
        let log = (height_m / z0).ln() - psi_h(height_m * self.inverse_obukhov) + psi_h(z0 * self.inverse_obukhov);
        TURBULENT_PRANDTL * log.max(0.2) / (KAPPA * self.u_star)
    }
}

/// Smallest root of `f` in 0..=[`LARGEST_INVERSE_OBUKHOV`] where `f(0) <= 0`; without one, the end or the point of the
/// largest value.
fn first_root(f: &impl Fn(f32) -> f32) -> f32 {
    const POINTS: i32 = 34;
    // Geometric steps of sqrt(2) upward from about 4e-6 m-1 to the largest value.
    let point = |i: i32| LARGEST_INVERSE_OBUKHOV * (0.5 * (i - POINTS) as f32).exp2();
    let (mut below, mut best, mut best_value) = (0.0, 0.0, f(0.0));
    if best_value >= 0.0 {
        return 0.0;
    }
    for i in 0..=POINTS {
        let x = point(i);
        let value = f(x);
        if value >= 0.0 {
            return bisect(f, below, x);
        }
        if value > best_value {
            (best, best_value) = (x, value);
        }
        below = x;
    }
    best
}

/// Root of `f` between `low` (f < 0) and `high` (f >= 0) to the last bits of f32.
fn bisect(f: &impl Fn(f32) -> f32, mut low: f32, mut high: f32) -> f32 {
    for _ in 0..24 {
        let middle = 0.5 * (low + high);
        if f(middle) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Integrals of the published gradients: psi = integral of (1 - phi(x)) / x, by the midpoint rule in f64.
    fn integral(zeta: f64, phi: impl Fn(f64) -> f64) -> f32 {
        let n = 200_000;
        let sum: f64 = (0..n).map(|i| zeta * (f64::from(i) + 0.5) / f64::from(n)).map(|x| (1.0 - phi(x)) / x).sum();
        (sum * zeta / f64::from(n)) as f32
    }

    #[test]
    fn psi_are_the_integrals_of_the_published_gradients() {
        for zeta in [-0.01, -0.1, -1.0, -5.0] {
            assert!((psi_m(zeta as f32) - integral(zeta, |x| (1.0 - 16.0 * x).powf(-0.25))).abs() < 2e-4, "{zeta}");
            assert!((psi_h(zeta as f32) - integral(zeta, |x| (1.0 - 16.0 * x).powf(-0.5))).abs() < 2e-4, "{zeta}");
        }
        // Beljaars & Holtslag (1991, J. Appl. Meteorol. 30, 327): gradient of the same stable function.
        for zeta in [0.01, 0.5, 2.0, 10.0] {
            let phi = |x: f64| 1.0 + x * (0.7 + 0.75 * (-0.35 * x).exp() * (1.0 + 5.0 - 0.35 * x));
            assert!((psi_m(zeta as f32) - integral(zeta, phi)).abs() < 2e-3, "{zeta}");
        }
    }

    /// The gradient times z is what psi loses along ln z; neutral 0.85; zeta -1: 0.85 / sqrt 17 = 0.20616.
    #[test]
    fn gradient_and_integral_of_scalars_belong_together() {
        for zeta in [-3.0_f32, -0.4, -0.05, 0.05, 0.4, 3.0] {
            let (low, high) = (zeta * 0.99, zeta * 1.01);
            let slope = ((high / low).ln() - psi_h(high) + psi_h(low)) / (high / low).ln();
            assert!((phi_h(zeta) / (0.85 * slope) - 1.0).abs() < 2e-3, "{zeta}: {} {slope}", phi_h(zeta));
        }
        assert_eq!(phi_h(0.0), 0.85);
        assert!((phi_h(-1.0) - 0.20616).abs() < 1e-5);
    }

    /// Neutral 6 m/s at 10 m over 0.1 m: u* = 0.4 * 6 / ln 100 = 0.5212 m/s; ra(10 m) = 0.85 ln 100 / (0.4 u*) = 18.78 s/m.
    #[test]
    fn neutral_log_law() {
        let s = SurfaceLayer::from_wind_and_heat_flux(6.0, 10.0, 0.0, 270.0, 1.3, 0.1);
        assert_eq!(s.inverse_obukhov, 0.0);
        assert!((s.u_star - 0.5212).abs() < 1e-4, "{}", s.u_star);
        assert!((s.aerodynamic_resistance(10.0) - 18.78).abs() < 0.02);
    }

    /// Profiles built from known fluxes give them back.
    #[test]
    fn profile_method_recovers_the_fluxes_it_was_built_from() {
        for (u_star, inverse) in [(0.3_f32, 0.005_f32), (0.12, 0.05), (0.25, -0.02), (0.5, -0.002), (0.08, 0.2)] {
            let (z0, theta0) = (0.2_f32, 268.0_f32);
            let theta_star = u_star * u_star * theta0 * inverse / (0.4 * 9.80665);
            let log_m = (10.0 / z0).ln() - psi_m(10.0 * inverse) + psi_m(z0 * inverse);
            let log_h = (12.0_f32 / 2.0).ln() - psi_h(12.0 * inverse) + psi_h(2.0 * inverse);
            let half = 0.5 * 0.85 * theta_star / 0.4 * log_h;
            let s = SurfaceLayer::from_profile(&Profile {
                wind_m_s: u_star / 0.4 * log_m,
                wind_height_m: 10.0,
                theta_lower_k: theta0 - half,
                lower_height_m: 2.0,
                theta_upper_k: theta0 + half,
                upper_height_m: 12.0,
                roughness_m: z0,
                density_kg_m3: 1.3,
            });
            assert!((s.u_star / u_star - 1.0).abs() < 0.01, "u* {} for {u_star}", s.u_star);
            assert!((s.inverse_obukhov / inverse - 1.0).abs() < 0.02, "1/L {} for {inverse}", s.inverse_obukhov);
            let flux = -1.3 * 1004.7 * u_star * theta_star;
            assert!((s.heat_flux / flux - 1.0).abs() < 0.02, "H {} for {flux}", s.heat_flux);
        }
    }

    #[test]
    fn heat_flux_and_obukhov_length_agree() {
        for heat_flux in [-15.0, -3.0, 20.0, 300.0] {
            let s = SurfaceLayer::from_wind_and_heat_flux(4.0, 10.0, heat_flux, 280.0, 1.25, 0.3);
            let direct = SurfaceLayer::from_fluxes(s.u_star, s.heat_flux, 280.0, 1.25, 0.3);
            assert!((s.inverse_obukhov / direct.inverse_obukhov - 1.0).abs() < 1e-3, "{heat_flux}: {s:?}");
            assert_eq!(s.heat_flux, heat_flux);
            assert!((s.kinematic_heat_flux(280.0) * 1.25 * 1004.7 / heat_flux - 1.0).abs() < 1e-3);
        }
    }

    /// A clear calm night cannot carry 60 W/m2 downward in a 2 m/s wind: the flux is limited and everything stays finite.
    #[test]
    fn impossible_downward_flux_is_limited() {
        let s = SurfaceLayer::from_wind_and_heat_flux(2.0, 10.0, -60.0, 255.0, 1.35, 0.05);
        assert!(s.heat_flux > -30.0 && s.heat_flux < 0.0, "{s:?}");
        assert!(s.u_star >= LOWEST_U_STAR && s.inverse_obukhov > 0.0);
    }

    /// Stability shifts ra the right way, and w* of a typical day (u* 0.3, L -20 m, h 1000 m) is 0.3 (1000/(0.4
    /// 20))^(1/3) = 1.5 m/s.
    #[test]
    fn resistances_and_convective_velocity() {
        let with = |inverse_obukhov| SurfaceLayer { u_star: 0.3, inverse_obukhov, heat_flux: 0.0, roughness: 0.1 };
        assert!(with(-0.05).aerodynamic_resistance(10.0) < with(0.0).aerodynamic_resistance(10.0));
        assert!(with(0.05).aerodynamic_resistance(10.0) > with(0.0).aerodynamic_resistance(10.0));
        assert!((with(-0.05).convective_velocity(1000.0) - 1.5).abs() < 1e-3);
        assert_eq!(with(0.05).convective_velocity(1000.0), 0.0);
    }
}
