//! `pm-lite`: the chemistry of sulfate, nitrate, ammonium and secondary organic aerosol with prescribed oxidants.
//!
//! **Invariant:** for given [`Rates`] the conversions are linear in the amounts and exact over any time step; only the
//! inorganic equilibrium that follows is not linear. **Why:** influence on a target is then exact for everything but
//! the equilibrium.
//!
//! Conversions: SO2 to sulfate (OH, cloud droplets, wet aerosol), NOx to nitric acid (OH by day, hydrolysis of N2O5 by night),
//! precursor to secondary organic aerosol (OH). Sulfur and nitrogen atoms are kept.

use super::inorganic_equilibrium::{Amounts, dissociation_product_ppb2, partition};
use super::rate_constants as rate;
use crate::constants::MOLAR_MASS_AIR;
use crate::domain::species::Species;

/// Molar masses as in [`Species::molar_mass`] [kg mol-1].
const SO2: f64 = 0.064_066;
const NO2: f64 = 0.046_006;
const NH3: f64 = 0.017_031;
const HNO3: f64 = 0.063_013;
const SO4: f64 = 0.096_06;
const NO3: f64 = 0.062_005;
const NH4: f64 = 0.018_039;
const N2O5: f64 = 0.108_01;

/// Mass of product per mass converted, and of particle per mass of gas in equilibrium [kg kg-1].
pub const SULFATE_PER_SO2: f64 = SO4 / SO2;
pub const HNO3_PER_NO2: f64 = HNO3 / NO2;
pub const NITRATE_PER_HNO3: f64 = NO3 / HNO3;
pub const AMMONIUM_PER_NH3: f64 = NH4 / NH3;

/// The species that chemistry changes.
pub const CHANGED: [Species; 9] = [
    Species::So2,
    Species::No2,
    Species::Nh3,
    Species::Hno3,
    Species::SoaPrecursor,
    Species::Sulfate,
    Species::Nitrate,
    Species::Ammonium,
    Species::SecondaryOrganic,
];

/// Molar masses of sulfate, ammonia, ammonium, nitric acid and nitrate [kg mol-1].
pub const INORGANIC: [f32; 5] = [SO4 as f32, NH3 as f32, NH4 as f32, HNO3 as f32, NO3 as f32];

/// Mole fraction [ppb] of a mass mixing ratio of 1 kg kg-1.
const fn ppb(molar_mass: f64) -> f32 {
    (1e9 * MOLAR_MASS_AIR / molar_mass) as f32
}

/// Share of NO2 in NOx (US EPA ambient ratio method, 40 CFR 51 appendix W, national default 0.75).
pub const NO2_SHARE: f64 = 0.75;
/// Surface of dry fine particles per mass [m2 kg-1]: spheres of 0.35 um and 1500 kg m-3, `6 / (rho d)`.
pub const DRY_SURFACE: f64 = 1.14e4;
/// Hygroscopicity of mixed fine particles in continental air [1] (Petters & Kreidenweis 2007; Andreae & Rosenfeld 2008: 0.3).
pub const HYGROSCOPICITY: f64 = 0.3;
/// Largest relative humidity of the growth factor: beyond it the cell is cloud or fog.
const GROWTH_HUMIDITY: f64 = 0.95;
/// Uptake probability of N2O5 (field-derived 0.005..0.07 in northern China: Wang et al. 2017; Tham et al. 2018).
pub const GAMMA_N2O5: f64 = 0.02;
/// Loss of NO3 and N2O5 other than hydrolysis, per N2O5 [s-1]: a stated assumption (reaction of NO3 with NO and organic gases).
pub const OTHER_N2O5_LOSS: f64 = 1e-4;
/// Cloud water from which a cell counts as cloud [kg kg-1] (Van Zanten et al. 2011: 1e-5).
pub const CLOUD_THRESHOLD: f64 = 1e-5;

/// Prescribed oxidants besides OH, which follows the sun ([`rate::hydroxyl`]).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Oxidants {
    /// O3 [ppb].
    pub ozone_ppb: f64,
    /// H2O2 [ppb].
    pub hydrogen_peroxide_ppb: f64,
}

impl Oxidants {
    /// Winter background of north-east Asia: O3 30 ppb, H2O2 0.1 ppb.
    pub const WINTER: Self = Self { ozone_ppb: 30.0, hydrogen_peroxide_ppb: 0.1 };
}

/// Air of one cell, constant over the life of its [`Rates`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Air {
    pub temperature_k: f32,
    pub pressure_pa: f32,
    pub density_kg_m3: f32,
    /// Relative humidity over liquid water, 0..=1.
    pub relative_humidity: f32,
    /// Cloud liquid and ice [kg kg-1].
    pub cloud_water_kg_kg: f32,
    /// Cosine of the solar zenith angle.
    pub cos_zenith: f32,
    /// Dry fine-particle mass that offers surface to uptake [kg m-3]. Prescribed (background or an earlier run), not
    /// the state that is being stepped: otherwise the conversions would not be linear.
    pub fine_particle_kg_m3: f32,
}

/// First-order rates and the equilibrium product of one cell; made once per hour, used for many steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// SO2 to sulfate [s-1].
    pub sulfur: f32,
    /// NOx to nitric acid [s-1].
    pub nitrogen: f32,
    /// Precursor to secondary organic aerosol [s-1].
    pub organic: f32,
    /// Product of NH3 and HNO3 over ammonium nitrate [ppb2].
    pub nitrate_product: f32,
}

/// What a step of given length converts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fractions {
    /// Share of SO2 converted, 0..=1.
    pub sulfur: f32,
    /// Share of NOx converted, 0..=1.
    pub nitrogen: f32,
    /// Share of the precursor converted, 0..=1.
    pub organic: f32,
    /// Product of NH3 and HNO3 over ammonium nitrate [ppb2].
    pub nitrate_product: f32,
}

impl Rates {
    /// Rates of one cell.
    pub fn new(air: &Air, oxidants: &Oxidants) -> Self {
        let (t, p) = (f64::from(air.temperature_k), f64::from(air.pressure_pa));
        let humidity = f64::from(air.relative_humidity).clamp(0.0, 1.0);
        let number = rate::air_number_density(t, p);
        let hydroxyl = rate::hydroxyl(f64::from(air.cos_zenith));
        let surface = wet_surface(f64::from(air.fine_particle_kg_m3), humidity);
        let sulfur = rate::oh_so2(t, number) * hydroxyl
            + rate::uptake(rate::gamma_so2(humidity), surface, SO2, t)
            + cloud_oxidation(air, oxidants);
        let nitrogen = NO2_SHARE
            * (rate::oh_no2(t, number) * hydroxyl
                + night_nitrate(t, number, surface, f64::from(air.cos_zenith), oxidants.ozone_ppb));
        Self {
            sulfur: sulfur as f32,
            nitrogen: nitrogen as f32,
            organic: (rate::OH_SOA_PRECURSOR * hydroxyl) as f32,
            nitrate_product: dissociation_product_ppb2(t, humidity, p) as f32,
        }
    }

    /// Shares converted over `dt_s` [s], exact for constant rates.
    pub fn over(&self, dt_s: f32) -> Fractions {
        let share = |rate: f32| -(-rate * dt_s).exp_m1();
        Fractions {
            sulfur: share(self.sulfur),
            nitrogen: share(self.nitrogen),
            organic: share(self.organic),
            nitrate_product: self.nitrate_product,
        }
    }
}

/// Surface of the humid fine particles [m2 m-3]: dry surface times the square of the growth factor
/// `(1 + kappa RH / (1 - RH))^(1/3)` (Petters & Kreidenweis 2007, without the Kelvin term).
fn wet_surface(dry_mass_kg_m3: f64, relative_humidity: f64) -> f64 {
    let humidity = relative_humidity.min(GROWTH_HUMIDITY);
    dry_mass_kg_m3 * DRY_SURFACE * (1.0 + HYGROSCOPICITY * humidity / (1.0 - humidity)).powf(2.0 / 3.0)
}

/// Oxidation of SO2 in cloud [s-1]; 0 below [`CLOUD_THRESHOLD`] and in ice cloud.
fn cloud_oxidation(air: &Air, oxidants: &Oxidants) -> f64 {
    let water = f64::from(air.cloud_water_kg_kg);
    if water <= CLOUD_THRESHOLD {
        return 0.0;
    }
    let temperature = f64::from(air.temperature_k);
    let liquid = water * rate::liquid_fraction(temperature) * f64::from(air.density_kg_m3);
    let (h2o2, o3) = (oxidants.hydrogen_peroxide_ppb * 1e-9, oxidants.ozone_ppb * 1e-9);
    rate::in_cloud_so2(temperature, f64::from(air.pressure_pa), liquid, h2o2, o3)
}

/// Loss of NO2 at night by hydrolysis of N2O5 [s-1]: each NO3 made by NO2 + O3 takes a second NO2, so `2 k [O3]`, times
/// the share of N2O5 that reaches particles. Fades out between the horizon and 3 degrees of solar elevation, where NO3
/// is photolysed.
fn night_nitrate(temperature_k: f64, number: f64, surface: f64, cos_zenith: f64, ozone_ppb: f64) -> f64 {
    let night = 1.0 - (cos_zenith / 0.05).clamp(0.0, 1.0);
    let hydrolysis = rate::uptake(GAMMA_N2O5, surface, N2O5, temperature_k);
    let share = hydrolysis / (hydrolysis + OTHER_N2O5_LOSS);
    2.0 * rate::no2_o3(temperature_k) * ozone_ppb * 1e-9 * number * night * share
}

/// The species of [`CHANGED`] in one cell [kg kg-1].
#[derive(Debug, Clone, Copy)]
struct Cell {
    so2: f32,
    no2: f32,
    nh3: f32,
    hno3: f32,
    precursor: f32,
    sulfate: f32,
    nitrate: f32,
    ammonium: f32,
    organic: f32,
}

impl Cell {
    /// One step: conversions, then equilibrium. Without branches, so that a row vectorises.
    #[inline(always)]
    fn step(self, f: &Fractions) -> Self {
        let oxidised = self.so2 * f.sulfur;
        let nitrified = self.no2 * f.nitrogen;
        let condensed = self.precursor * f.organic;
        let converted = Self {
            so2: self.so2 - oxidised,
            sulfate: self.sulfate + oxidised * SULFATE_PER_SO2 as f32,
            no2: self.no2 - nitrified,
            hno3: self.hno3 + nitrified * HNO3_PER_NO2 as f32,
            precursor: self.precursor - condensed,
            organic: self.organic + condensed,
            ..self
        };
        converted.equilibrated(f.nitrate_product)
    }

    /// Moves ammonia and nitric acid by the difference to equilibrium, so that rounding does not accumulate in what stays.
    #[inline(always)]
    fn equilibrated(self, nitrate_product: f32) -> Self {
        let before = Amounts {
            ammonia: self.nh3 * ppb(NH3),
            nitric_acid: self.hno3 * ppb(HNO3),
            ammonium: self.ammonium * ppb(NH4),
            nitrate: self.nitrate * ppb(NO3),
            sulfate: self.sulfate * ppb(SO4),
        };
        let after = partition(before, nitrate_product);
        let (nh3, ammonium) =
            moved(self.nh3, self.ammonium, (after.ammonium - before.ammonium) / ppb(NH3), AMMONIUM_PER_NH3 as f32);
        let (hno3, nitrate) =
            moved(self.hno3, self.nitrate, (after.nitrate - before.nitrate) / ppb(HNO3), NITRATE_PER_HNO3 as f32);
        Self { nh3, ammonium, hno3, nitrate, ..self }
    }
}

/// Gas and particle after `amount` of gas [kg kg-1] has become particle (negative: the reverse), at most what is there; `ratio` is the
/// mass of particle per mass of gas. Limited before it is moved, so that rounding at exhaustion creates no mass.
#[inline(always)]
fn moved(gas: f32, particle: f32, amount: f32, ratio: f32) -> (f32, f32) {
    let amount = amount.min(gas).max(-particle / ratio);
    (gas - amount, (particle + amount * ratio).max(0.0))
}

/// Steps one cell: `q` are mass mixing ratios [kg kg-1] in the order of [`Species`], all >= 0, and stay so.
pub fn step(q: &mut [f32; Species::COUNT], fractions: &Fractions) {
    let at = |s: Species| q[s.index()];
    let end = Cell {
        so2: at(Species::So2),
        no2: at(Species::No2),
        nh3: at(Species::Nh3),
        hno3: at(Species::Hno3),
        precursor: at(Species::SoaPrecursor),
        sulfate: at(Species::Sulfate),
        nitrate: at(Species::Nitrate),
        ammonium: at(Species::Ammonium),
        organic: at(Species::SecondaryOrganic),
    }
    .step(fractions);
    for (species, value) in [
        (Species::So2, end.so2),
        (Species::No2, end.no2),
        (Species::Nh3, end.nh3),
        (Species::Hno3, end.hno3),
        (Species::SoaPrecursor, end.precursor),
        (Species::Sulfate, end.sulfate),
        (Species::Nitrate, end.nitrate),
        (Species::Ammonium, end.ammonium),
        (Species::SecondaryOrganic, end.organic),
    ] {
        q[species.index()] = value;
    }
}

/// The species that chemistry changes along a row of cells (x) [kg kg-1]; all slices of one length.
#[derive(Debug)]
pub struct Row<'a> {
    pub so2: &'a mut [f32],
    pub no2: &'a mut [f32],
    pub nh3: &'a mut [f32],
    pub hno3: &'a mut [f32],
    pub soa_precursor: &'a mut [f32],
    pub sulfate: &'a mut [f32],
    pub nitrate: &'a mut [f32],
    pub ammonium: &'a mut [f32],
    pub secondary_organic: &'a mut [f32],
}

/// Steps a row of cells; the same arithmetic as [`step`], so the same bits. Panics where the slices differ in length.
pub fn step_row(row: &mut Row, fractions: &[Fractions]) {
    let n = fractions.len();
    let (so2, no2, nh3) = (&mut row.so2[..n], &mut row.no2[..n], &mut row.nh3[..n]);
    let (hno3, precursor, sulfate) = (&mut row.hno3[..n], &mut row.soa_precursor[..n], &mut row.sulfate[..n]);
    let (nitrate, ammonium) = (&mut row.nitrate[..n], &mut row.ammonium[..n]);
    let organic = &mut row.secondary_organic[..n];
    for i in 0..n {
        let end = Cell {
            so2: so2[i],
            no2: no2[i],
            nh3: nh3[i],
            hno3: hno3[i],
            precursor: precursor[i],
            sulfate: sulfate[i],
            nitrate: nitrate[i],
            ammonium: ammonium[i],
            organic: organic[i],
        }
        .step(&fractions[i]);
        (so2[i], no2[i], nh3[i], hno3[i]) = (end.so2, end.no2, end.nh3, end.hno3);
        (precursor[i], sulfate[i], nitrate[i]) = (end.precursor, end.sulfate, end.nitrate);
        (ammonium[i], organic[i]) = (end.ammonium, end.organic);
    }
}

#[cfg(test)]
#[path = "pm_lite_tests.rs"]
mod tests;
