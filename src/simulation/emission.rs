//! When, how high and as which species each sector emits: the model of `models/emission.toml`.

use super::emission_conditions::EmissionConditions;
use super::temporal_profile::{ProfileDefect, TemporalProfile};
use crate::domain::holidays::Holidays;
use crate::domain::source::{Amounts, Sector};
use crate::domain::species::Species;
use crate::error::{Error, Result};
use crate::input::profile_csv::ProfileKind;
use serde::Deserialize;
use std::path::Path;

/// How a county total is laid over the county's cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// By built-up population.
    BuiltUp,
    /// By area.
    Area,
}

/// Share of a sector's emission between two heights above ground [m], for sources without a stack.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeightShare {
    pub from_m: f64,
    pub to_m: f64,
    pub fraction: f64,
}

/// How one sector emits.
#[derive(Debug, Clone, PartialEq)]
pub struct SectorModel {
    pub profile: TemporalProfile,
    /// Strength of a public holiday relative to a Sunday, 0 ..= 2.
    pub holiday: f64,
    pub spread: Spread,
    /// Heights of sources without a stack; fractions sum to 1.
    pub layers: Vec<HeightShare>,
    /// Share of the NMVOC mass that enters [`Species::SoaPrecursor`], 0 ..= 1.
    pub soa_precursor_fraction: f64,
    pub source: String,
    pub verified: bool,
}

/// From inventoried pollutants to species.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Speciation {
    /// Share of the sulphur of inventoried SO2 emitted as SO2; with `sulfur_as_sulfate` the sum is 1.
    pub sulfur_as_so2: f64,
    pub sulfur_as_sulfate: f64,
    /// Mass of primary organic matter per mass of organic carbon [kg kg-1], 1 ..= 2.5.
    pub organic_matter_per_carbon: f64,
    pub source: String,
    pub verified: bool,
}

/// The emission model: every sector, speciation, and the height up to which emissions enter.
#[derive(Debug, Clone, PartialEq)]
pub struct EmissionModel {
    sectors: Vec<SectorModel>,
    pub speciation: Speciation,
    /// Emissions above this height enter the layer that contains it [m].
    pub highest_m: f64,
    /// How the weather of the run changes the sectors; `None`: as the profiles say.
    pub conditions: Option<EmissionConditions>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawModel {
    highest_m: f64,
    speciation: Speciation,
    sector: Vec<RawSector>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSector {
    name: String,
    spread: Spread,
    soa_precursor_fraction: f64,
    month: Vec<f64>,
    weekday: Vec<f64>,
    hour: Vec<f64>,
    layers: Vec<HeightShare>,
    /// Strength of a public holiday relative to a Sunday.
    #[serde(default = "as_sunday")]
    holiday: f64,
    source: String,
    verified: bool,
}

fn as_sunday() -> f64 {
    1.0
}

impl EmissionModel {
    /// The model from the text of `models/emission.toml`; `origin` is the path shown in errors.
    ///
    /// # Errors
    /// `Invalid` naming the field: unknown keys, a sector missing or twice, profile means not 1 within 1e-3, fractions not summing to 1
    /// within 1e-6, heights that do not increase, fractions outside 0 ..= 1, an entry without a source.
    pub fn from_toml(text: &str, origin: impl AsRef<Path>) -> Result<Self> {
        let origin = origin.as_ref();
        let raw: RawModel = toml::from_str(text)
            .map_err(|e| Error::invalid(origin, "TOML", e.to_string().trim().to_owned(), "an emission model"))?;
        if !(raw.highest_m.is_finite() && raw.highest_m > 0.0) {
            return Err(Error::invalid(origin, "highest_m", raw.highest_m.to_string(), "a height above 0 m"));
        }
        check_speciation(origin, &raw.speciation)?;
        let mut sectors: Vec<Option<SectorModel>> = vec![None; Sector::ALL.len()];
        for entry in raw.sector {
            let field = format!("sector.{}", entry.name);
            let Some(sector) = Sector::from_name(&entry.name) else {
                return Err(Error::invalid(
                    origin,
                    field,
                    "an unknown sector",
                    Sector::ALL.map(Sector::name).join(", "),
                ));
            };
            let slot = &mut sectors[sector as usize];
            if slot.is_some() {
                return Err(Error::invalid(origin, field, "two entries", "one entry per sector"));
            }
            *slot = Some(sector_model(origin, &field, entry)?);
        }
        let sectors = Sector::ALL
            .into_iter()
            .zip(sectors)
            .map(|(s, m)| {
                m.ok_or_else(|| Error::invalid(origin, format!("sector.{}", s.name()), "no entry", "every sector"))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Self { sectors, speciation: raw.speciation, highest_m: raw.highest_m, conditions: None })
    }

    /// The same model with other factors of a sector; holidays come after.
    ///
    /// # Errors
    /// What is wrong with the factors.
    pub fn with_profile(
        mut self,
        sector: Sector,
        kind: ProfileKind,
        factors: &[f64],
    ) -> std::result::Result<Self, ProfileDefect> {
        let of = &mut self.sectors[sector as usize];
        of.profile = of.profile.clone().with_factors(kind, factors)?;
        Ok(self)
    }

    /// The same model that knows public holidays.
    pub fn with_holidays(mut self, holidays: &Holidays) -> Self {
        for sector in &mut self.sectors {
            sector.profile = sector.profile.clone().with_holidays(holidays, sector.holiday);
        }
        self
    }

    /// The model of one sector.
    pub fn sector(&self, sector: Sector) -> &SectorModel {
        &self.sectors[sector as usize]
    }

    /// Species from inventoried pollutants, in the same unit; indexed by [`Species::index`].
    ///
    /// Sulphur mass is conserved: `so4 = f so2 M(SO4) / M(SO2)`. The fine particles sum to `pm25`: elemental carbon first, then organic
    /// matter, then the rest, each at most what is left, so that no part is negative where an inventory's parts exceed its whole.
    pub fn speciate(&self, sector: Sector, a: &Amounts) -> [f64; Species::COUNT] {
        let s = &self.speciation;
        let mut out = [0.0; Species::COUNT];
        let mass = |species: Species| species.molar_mass().unwrap_or(f64::NAN);
        out[Species::So2.index()] = s.sulfur_as_so2 * a.so2;
        out[Species::Sulfate.index()] = s.sulfur_as_sulfate * a.so2 * (mass(Species::Sulfate) / mass(Species::So2));
        out[Species::No2.index()] = a.nox;
        out[Species::Co.index()] = a.co;
        out[Species::Nh3.index()] = a.nh3;
        out[Species::SoaPrecursor.index()] = self.sector(sector).soa_precursor_fraction * a.nmvoc;
        let black_carbon = a.bc.min(a.pm25);
        let organic = (s.organic_matter_per_carbon * a.oc).min(a.pm25 - black_carbon);
        out[Species::BlackCarbon.index()] = black_carbon;
        out[Species::PrimaryOrganic.index()] = organic;
        out[Species::FineOther.index()] = (a.pm25 - black_carbon - organic).max(0.0);
        out[Species::Coarse.index()] = (a.pm10 - a.pm25).max(0.0);
        out
    }
}

impl EmissionModel {
    /// Derivatives of [`Self::speciate`] at the composition `a`, species by species with respect to each pollutant.
    ///
    /// The speciation is homogeneous: the derivatives times the amounts sum to the species.
    pub fn speciation_gradient(&self, sector: Sector, a: &Amounts) -> [Amounts; Species::COUNT] {
        let s = &self.speciation;
        let none = Amounts::default();
        let minus = |x: Amounts, y: Amounts| x.zip(y, |x, y| x - y);
        let mut out = [none; Species::COUNT];
        let mass = |species: Species| species.molar_mass().unwrap_or(f64::NAN);
        out[Species::So2.index()].so2 = s.sulfur_as_so2;
        out[Species::Sulfate.index()].so2 = s.sulfur_as_sulfate * (mass(Species::Sulfate) / mass(Species::So2));
        out[Species::No2.index()].nox = 1.0;
        out[Species::Co.index()].co = 1.0;
        out[Species::Nh3.index()].nh3 = 1.0;
        out[Species::SoaPrecursor.index()].nmvoc = self.sector(sector).soa_precursor_fraction;
        let (pm25, pm10) = (Amounts { pm25: 1.0, ..none }, Amounts { pm10: 1.0, ..none });
        let black_carbon = if a.bc <= a.pm25 { Amounts { bc: 1.0, ..none } } else { pm25 };
        let left = a.pm25 - a.bc.min(a.pm25);
        let matter = s.organic_matter_per_carbon;
        let organic = if matter * a.oc <= left { Amounts { oc: matter, ..none } } else { minus(pm25, black_carbon) };
        out[Species::BlackCarbon.index()] = black_carbon;
        out[Species::PrimaryOrganic.index()] = organic;
        out[Species::FineOther.index()] = minus(minus(pm25, black_carbon), organic);
        out[Species::Coarse.index()] = if a.pm10 >= a.pm25 { minus(pm10, pm25) } else { none };
        out
    }
}

fn check_speciation(origin: &Path, s: &Speciation) -> Result<()> {
    let invalid = |field: &str, found: String, expected: &str| {
        Err(Error::invalid(origin, format!("speciation.{field}"), found, expected))
    };
    if !(0.0..=1.0).contains(&s.sulfur_as_so2) {
        return invalid("sulfur_as_so2", s.sulfur_as_so2.to_string(), "0 ..= 1");
    }
    let sum = s.sulfur_as_so2 + s.sulfur_as_sulfate;
    if sum.is_nan() || (sum - 1.0).abs() > 1e-6 {
        return invalid("sulfur_as_sulfate", format!("{sum} as sum with sulfur_as_so2"), "a sum of 1");
    }
    if !(1.0..=2.5).contains(&s.organic_matter_per_carbon) {
        return invalid("organic_matter_per_carbon", s.organic_matter_per_carbon.to_string(), "1 ..= 2.5");
    }
    if s.source.trim().is_empty() {
        return invalid("source", "nothing".into(), "where the numbers come from");
    }
    Ok(())
}

fn sector_model(origin: &Path, field: &str, raw: RawSector) -> Result<SectorModel> {
    let invalid = |part: &str, found: String, expected: String| {
        Error::invalid(origin, format!("{field}.{part}"), found, expected)
    };
    let profile =
        TemporalProfile::new(&raw.month, &raw.weekday, &raw.hour).map_err(|d| invalid(d.list, d.found, d.expected))?;
    if !(0.0..=2.0).contains(&raw.holiday) {
        return Err(invalid("holiday", raw.holiday.to_string(), "0 ..= 2".into()));
    }
    if !(0.0..=1.0).contains(&raw.soa_precursor_fraction) {
        return Err(invalid("soa_precursor_fraction", raw.soa_precursor_fraction.to_string(), "0 ..= 1".into()));
    }
    for l in &raw.layers {
        if !(l.from_m >= 0.0 && l.to_m > l.from_m && l.to_m.is_finite()) {
            return Err(invalid("layers", format!("{} to {} m", l.from_m, l.to_m), "0 <= from_m < to_m".into()));
        }
        if !(0.0..=1.0).contains(&l.fraction) {
            return Err(invalid("layers", format!("fraction {}", l.fraction), "0 ..= 1".into()));
        }
    }
    let sum: f64 = raw.layers.iter().map(|l| l.fraction).sum();
    if (sum - 1.0).abs() > 1e-6 {
        return Err(invalid("layers", format!("fractions that sum to {sum}"), "a sum of 1".into()));
    }
    if raw.source.trim().is_empty() {
        return Err(invalid("source", "nothing".into(), "where the numbers come from".into()));
    }
    Ok(SectorModel {
        profile,
        holiday: raw.holiday,
        spread: raw.spread,
        layers: raw.layers,
        soa_precursor_fraction: raw.soa_precursor_fraction,
        source: raw.source,
        verified: raw.verified,
    })
}
