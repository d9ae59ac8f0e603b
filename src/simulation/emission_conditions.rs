//! What the weather of a run makes of the sectors: one factor for each county, sector and hour.

use crate::domain::source::{Amounts, Sector};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which pollutants of a sector the weather changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    All,
    Ammonia,
    Particles,
}

impl Scope {
    fn of(self, factor: f64) -> Amounts {
        let unchanged = Amounts::all(1.0);
        match self {
            Self::All => Amounts::all(factor),
            Self::Ammonia => Amounts { nh3: factor, ..unchanged },
            Self::Particles => Amounts { pm25: factor, pm10: factor, bc: factor, oc: factor, ..unchanged },
        }
    }
}

/// Factors of the hours of a run.
///
/// **Invariant:** the forward run, its adjoint, what-ifs and lists read them by the source's county and sector from the one emission model of the night.
/// **Why:** a cut would otherwise be judged on another emission than it is taken from.
#[derive(Debug, Clone, PartialEq)]
pub struct EmissionConditions {
    first: DateTime<Utc>,
    scopes: BTreeMap<Sector, Scope>,
    factors: BTreeMap<(u32, Sector), Vec<f64>>,
}

impl EmissionConditions {
    /// Conditions from the hour that starts at `first`; sectors without a scope are not changed.
    pub fn new(first: DateTime<Utc>, scopes: BTreeMap<Sector, Scope>) -> Self {
        Self { first, scopes, factors: BTreeMap::new() }
    }

    /// Sets the hours of a county (0: everywhere else) and sector.
    pub fn set(&mut self, adcode: u32, sector: Sector, hours: Vec<f64>) {
        self.factors.insert((adcode, sector), hours);
    }

    /// The hours of a county and sector.
    pub fn hours(&self, adcode: u32, sector: Sector) -> Option<&[f64]> {
        self.factors.get(&(adcode, sector)).map(Vec::as_slice)
    }

    /// Factor on each pollutant in the hour that starts at `start`; 1 outside the hours, and where nothing is known.
    pub fn factor(&self, adcode: u32, sector: Sector, start: DateTime<Utc>) -> Amounts {
        let Some(scope) = self.scopes.get(&sector) else { return Amounts::all(1.0) };
        let hours = self.hours(adcode, sector).or_else(|| self.hours(0, sector));
        let hour = usize::try_from((start - self.first).num_hours()).ok().filter(|_| start >= self.first);
        scope.of(hours.zip(hour).and_then(|(hours, i)| hours.get(i)).copied().unwrap_or(1.0))
    }
}

/// The factor of one county, sector and Beijing day, and the weather behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DayConditions {
    pub adcode: u32,
    pub sector: Sector,
    /// Which pollutants it acts on.
    pub scope: Scope,
    pub day: NaiveDate,
    /// Mean over the hours of the run in that day.
    pub factor: f64,
    /// Mean temperature at the climate's elevation [degC] and wind [m s-1] of the day.
    pub temperature_c: f64,
    pub wind_m_s: f64,
    /// Precipitation of the day [mm] and snow on the ground [kg m-2]; `None` where the meteorology has none: then they change nothing.
    pub rain_mm: Option<f64>,
    pub snow_kg_m2: Option<f64>,
}

/// How the weather changed the emissions of the night.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ConditionsReport {
    /// Whether the public holidays of every year of the run are known.
    pub holidays_known: bool,
    /// Public holidays among the days of the run.
    pub holidays: Vec<NaiveDate>,
    /// By county, sector and day; empty where the rules are switched off or no climate is known.
    pub days: Vec<DayConditions>,
}
