//! Partitioning of ammonia and nitric acid between gas and fine particles.
//!
//! Ammonia first neutralises sulfate to (NH4)2SO4; what is left is in equilibrium with nitric acid over NH4NO3, dry below the
//! deliquescence humidity and dissolved above it (Mozurkewich 1993, Atmos. Environ. 27A, 261). Closed form, so it costs one square root.

/// Lowest value of 1 - RH used: activity coefficients were fitted to 98 % relative humidity.
const DRIEST_DISTANCE: f64 = 0.02;

/// Amounts of the five species [ppb, moles per 1e9 moles of air].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Amounts {
    pub ammonia: f32,
    pub nitric_acid: f32,
    pub ammonium: f32,
    pub nitrate: f32,
    /// Sulfate; all of it is in the particles.
    pub sulfate: f32,
}

/// Deliquescence relative humidity of NH4NO3, 0..=1 (Mozurkewich 1993): `exp(618.3/T - 2.551)`.
pub fn deliquescence_humidity(temperature_k: f64) -> f64 {
    (618.3 / temperature_k - 2.551).exp().min(1.0)
}

/// Dissociation constant of solid NH4NO3 [nbar2] (Mozurkewich 1993, eq. 1): `ln K = 118.87 - 24084/T - 6.025 ln T`.
pub fn dissociation_constant_dry(temperature_k: f64) -> f64 {
    (118.87 - 24_084.0 / temperature_k - 6.025 * temperature_k.ln()).exp()
}

/// Product of the partial pressures of NH3 and HNO3 [nbar2] over NH4NO3 at `relative_humidity` (0..=1).
///
/// Above deliquescence `K (P1 - P2 a + P3 a^2) a^1.75` with `a = 1 - RH` (Mozurkewich 1993, eq. 7-10), a >= 0.02.
pub fn dissociation_constant(temperature_k: f64, relative_humidity: f64) -> f64 {
    let dry = dissociation_constant_dry(temperature_k);
    if relative_humidity < deliquescence_humidity(temperature_k) {
        return dry;
    }
    let (t, ln_t) = (temperature_k, temperature_k.ln());
    let p1 = (-135.94 + 8763.0 / t + 19.12 * ln_t).exp();
    let p2 = (-122.65 + 9969.0 / t + 16.22 * ln_t).exp();
    let p3 = (-182.61 + 13_875.0 / t + 24.46 * ln_t).exp();
    let a = (1.0 - relative_humidity).max(DRIEST_DISTANCE);
    dry * (p1 - p2 * a + p3 * a * a) * a.powf(1.75)
}

/// The same product as mole fractions [ppb2] at `pressure_pa`.
pub fn dissociation_product_ppb2(temperature_k: f64, relative_humidity: f64, pressure_pa: f64) -> f64 {
    // 1 nbar is 1e-4 Pa; 1 ppb is 1e-9 of the pressure.
    let nbar_in_ppb = 1e-4 / (pressure_pa * 1e-9);
    dissociation_constant(temperature_k, relative_humidity) * nbar_in_ppb * nbar_in_ppb
}

/// Ammonium nitrate [ppb] formed from `ammonia` and `nitric_acid` [ppb] where `(ammonia - n)(nitric_acid - n) = product`; 0 where the
/// air is below saturation. Never above either of them.
#[inline(always)]
fn ammonium_nitrate(ammonia: f32, nitric_acid: f32, product: f32) -> f32 {
    let (sum, difference) = (ammonia + nitric_acid, ammonia - nitric_acid);
    // The form without cancellation of the smaller root of the quadratic; the floor keeps 0/0 away.
    let root = (difference * difference + 4.0 * product).sqrt();
    let n = 2.0 * (ammonia * nitric_acid - product) / (sum + root).max(1e-30);
    n.max(0.0).min(ammonia).min(nitric_acid)
}

/// Equilibrium of `amounts` for the given product of partial pressures [ppb2]; total ammonia, total nitrate and sulfate are kept.
///
/// With less ammonia than `2 SO4` all of it is ammonium and all nitrate is gaseous.
#[inline(always)]
pub fn partition(amounts: Amounts, product: f32) -> Amounts {
    let total_ammonia = amounts.ammonia + amounts.ammonium;
    let total_nitrate = amounts.nitric_acid + amounts.nitrate;
    let bound = total_ammonia.min(2.0 * amounts.sulfate);
    let n = ammonium_nitrate(total_ammonia - bound, total_nitrate, product);
    let ammonium = bound + n;
    Amounts {
        ammonia: total_ammonia - ammonium,
        nitric_acid: total_nitrate - n,
        ammonium,
        nitrate: n,
        sulfate: amounts.sulfate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gases(ammonia: f32, nitric_acid: f32, sulfate: f32) -> Amounts {
        Amounts { ammonia, nitric_acid, ammonium: 0.0, nitrate: 0.0, sulfate }
    }

    /// EQSAM4clim (Metzger et al. 2016) carries the same constant as 4.199e-17 atm2 at 298.15 K.
    #[test]
    fn dry_constant_at_298_k() {
        let nbar2 = 4.199e-17 * 1.013_25e9_f64.powi(2);
        let ours = dissociation_constant_dry(298.15);
        assert!((ours / nbar2 - 1.0).abs() < 0.02, "{ours}");
    }

    /// Other evaluations bracket it from -45 to 35 degC: Seinfeld & Pandis (2006), eq. 10.91, `ln K = 84.6 - 24220/T - 6.1 ln(T/298)`
    /// in ppb2 below, ISORROPIA II (Fountoukis & Nenes 2007) above, 5.746e-17 atm2 with -74.38 and 6.120.
    #[test]
    fn dry_constant_lies_between_two_other_evaluations() {
        for t in [228.15, 250.0, 273.15, 298.0, 308.0] {
            let textbook = (84.6 - 24_220.0 / t - 6.1 * (t / 298.0_f64).ln()).exp();
            let ratio = 298.15 / t;
            let isorropia = 57.46 * (-74.38 * (ratio - 1.0) + 6.120 * (1.0 + ratio.ln() - ratio)).exp();
            let ours = dissociation_product_ppb2(t, 0.3, 101_325.0);
            assert!(ours > 0.95 * textbook && ours < 1.05 * isorropia, "{t}: {textbook} {ours} {isorropia}");
        }
    }

    /// 61.8 % at 298 K, 75 % at 273 K (Seinfeld & Pandis 2006, Table 10.1 and eq. 10.72); the product is continuous there within the
    /// accuracy of the fit and falls by far more than ten times to 98 %.
    #[test]
    fn deliquescence() {
        assert!((deliquescence_humidity(298.0) - 0.618).abs() < 0.005);
        assert!((deliquescence_humidity(273.15) - 0.75).abs() < 0.01);
        for t in [265.0, 280.0, 298.0] {
            let at = deliquescence_humidity(t);
            let step = dissociation_constant(t, at + 1e-6) / dissociation_constant(t, at - 1e-6);
            assert!((step - 1.0).abs() < 0.1, "{t}: {step}");
            assert!(dissociation_constant(t, 0.98) < 0.3 * dissociation_constant(t, at));
        }
    }

    /// (10 - n)(8 - n) = 35 has n = 3 (7 * 5): nitrate 3, gases 7 and 5; the same with the pair already in the particles.
    #[test]
    fn quadratic_by_hand() {
        for start in [
            gases(10.0, 8.0, 0.0),
            Amounts { ammonia: 2.0, nitric_acid: 0.0, ammonium: 8.0, nitrate: 8.0, sulfate: 0.0 },
        ] {
            let end = partition(start, 35.0);
            assert!((end.nitrate - 3.0).abs() < 1e-5 && (end.ammonium - 3.0).abs() < 1e-5, "{end:?}");
            assert!((end.ammonia - 7.0).abs() < 1e-5 && (end.nitric_acid - 5.0).abs() < 1e-5, "{end:?}");
        }
        // Sulfate takes 2 * 1.5 first: (10 - n)(8 - n) again.
        let with_sulfate = partition(gases(13.0, 8.0, 1.5), 35.0);
        assert!((with_sulfate.ammonium - 6.0).abs() < 1e-5 && (with_sulfate.nitrate - 3.0).abs() < 1e-5);
    }

    #[test]
    fn limits() {
        let no_ammonia = partition(gases(0.0, 5.0, 2.0), 1.0);
        assert_eq!((no_ammonia.nitrate, no_ammonia.nitric_acid), (0.0, 5.0));
        let short = partition(gases(3.0, 5.0, 2.0), 0.0);
        assert_eq!((short.ammonium, short.ammonia, short.nitrate), (3.0, 0.0, 0.0));
        let cold = dissociation_product_ppb2(235.0, 0.7, 95_000.0) as f32;
        let frozen = partition(gases(9.0, 4.0, 1.0), cold);
        assert!(frozen.nitrate > 3.999 && frozen.nitric_acid < 1e-3, "{frozen:?}");
        let warm = dissociation_product_ppb2(308.0, 0.2, 101_325.0) as f32;
        assert_eq!(partition(gases(9.0, 4.0, 1.0), warm).nitrate, 0.0);
        assert_eq!(partition(gases(0.0, 0.0, 0.0), 1e-20), gases(0.0, 0.0, 0.0));
        assert_eq!(partition(gases(0.0, 0.0, 0.0), 0.0), gases(0.0, 0.0, 0.0));
    }
}
