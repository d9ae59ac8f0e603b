//! The transported species of `pm-lite`.
//!
//! Fifteen species: gases SO2, NO2 (all NOx as NO2), CO, NH3, HNO3, a lumped precursor of secondary organic aerosol; fine particles
//! SO4, NO3, NH4, BC, POA, SOA, fine dust and other primary; coarse particles; and a passive tracer that starts at 1 everywhere, is carried by
//! the same code and proves in every run that a uniform mixing ratio stays uniform.

use super::pollutant::Pollutant;
use serde::{Deserialize, Serialize};

/// A transported species; its value is a mass mixing ratio [kg per kg of air] (the tracer: 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(usize)]
pub enum Species {
    So2,
    No2,
    Co,
    Nh3,
    Hno3,
    /// Lumped precursor of secondary organic aerosol (Hodzic & Jimenez 2011), as mass.
    SoaPrecursor,
    Sulfate,
    Nitrate,
    Ammonium,
    BlackCarbon,
    PrimaryOrganic,
    SecondaryOrganic,
    /// Fine dust and all other primary PM2.5.
    FineOther,
    /// PM10 less PM2.5.
    Coarse,
    /// Uniform tracer, initial and boundary value 1.
    Tracer,
}

/// How a species moves between air, cloud and ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Gas,
    FineParticle,
    CoarseParticle,
    Passive,
}

impl Species {
    /// All species, in the order of the state's first axis.
    pub const ALL: [Self; 15] = [
        Self::So2,
        Self::No2,
        Self::Co,
        Self::Nh3,
        Self::Hno3,
        Self::SoaPrecursor,
        Self::Sulfate,
        Self::Nitrate,
        Self::Ammonium,
        Self::BlackCarbon,
        Self::PrimaryOrganic,
        Self::SecondaryOrganic,
        Self::FineOther,
        Self::Coarse,
        Self::Tracer,
    ];
    /// Number of species: length of the state's first axis.
    pub const COUNT: usize = Self::ALL.len();

    /// Index on the state's first axis.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Short name, used for NetCDF variables and in the mass ledger.
    pub fn name(self) -> &'static str {
        match self {
            Self::So2 => "so2",
            Self::No2 => "no2",
            Self::Co => "co",
            Self::Nh3 => "nh3",
            Self::Hno3 => "hno3",
            Self::SoaPrecursor => "soa_precursor",
            Self::Sulfate => "so4",
            Self::Nitrate => "no3",
            Self::Ammonium => "nh4",
            Self::BlackCarbon => "bc",
            Self::PrimaryOrganic => "poa",
            Self::SecondaryOrganic => "soa",
            Self::FineOther => "fine_other",
            Self::Coarse => "pm_coarse",
            Self::Tracer => "tracer",
        }
    }

    /// Phase, which selects the deposition formula.
    pub fn phase(self) -> Phase {
        match self {
            Self::So2 | Self::No2 | Self::Co | Self::Nh3 | Self::Hno3 | Self::SoaPrecursor => Phase::Gas,
            Self::Coarse => Phase::CoarseParticle,
            Self::Tracer => Phase::Passive,
            _ => Phase::FineParticle,
        }
    }

    /// Molar mass [kg mol-1]; particles without one formula, the SOA precursor and the tracer have none.
    pub fn molar_mass(self) -> Option<f64> {
        match self {
            Self::So2 => Some(0.064_066),
            Self::No2 => Some(0.046_006),
            Self::Co => Some(0.028_010),
            Self::Nh3 => Some(0.017_031),
            Self::Hno3 => Some(0.063_013),
            Self::Sulfate => Some(0.096_06),
            Self::Nitrate => Some(0.062_005),
            Self::Ammonium => Some(0.018_039),
            _ => None,
        }
    }
}

/// Fine particles that are emitted as such, but for sulfate.
pub const PRIMARY_PM25: [Species; 3] = [Species::BlackCarbon, Species::PrimaryOrganic, Species::FineOther];

/// The species whose sum is `pollutant`; empty where the model has none (O3).
pub fn members(pollutant: Pollutant) -> &'static [Species] {
    use Species::{
        Ammonium, BlackCarbon, Co, Coarse, FineOther, Nitrate, No2, PrimaryOrganic, SecondaryOrganic, So2, Sulfate,
    };
    match pollutant {
        Pollutant::Pm25 => &[Sulfate, Nitrate, Ammonium, BlackCarbon, PrimaryOrganic, SecondaryOrganic, FineOther],
        Pollutant::Pm10 => {
            &[Sulfate, Nitrate, Ammonium, BlackCarbon, PrimaryOrganic, SecondaryOrganic, FineOther, Coarse]
        }
        Pollutant::So2 => &[So2],
        Pollutant::No2 => &[No2],
        Pollutant::Co => &[Co],
        Pollutant::O3 => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_is_position() {
        for (i, s) in Species::ALL.iter().enumerate() {
            assert_eq!(s.index(), i);
        }
    }
}
