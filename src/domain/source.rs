//! A source of emissions: the argument of the forecast.
//!
//! **Invariant:** everything that emits is a `Source`, whether one stack, a county's households, a grid cell of a foreign inventory or a
//! fire. A reduction list, a what-if and a scenario are other vectors of sources, never another code path.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Sector of the inventory; each has its time profile, height and speciation in `models/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sector {
    /// Power and heat plants (air 二-6).
    Power,
    /// Coal boilers >= 20 t/h (air 二-5).
    Boiler,
    /// Other industry, including small scattered firms (air 二-8).
    Industry,
    /// Residential and dispersed coal and wood (air 二-4,7).
    Residential,
    /// On-road vehicles (air 二-11).
    Traffic,
    /// Non-road machinery (air 二-12).
    NonRoad,
    /// Construction sites (air 二-14).
    Construction,
    /// Road dust (air 二-15).
    RoadDust,
    /// Solvents and VOC industry (air 二-9).
    Solvent,
    /// Oil depots and petrol stations (air 二-9,10).
    Fuel,
    /// Farm ammonia (air 二-3).
    Agriculture,
    /// Straw and other open burning, from satellite fires (air 二-1,2).
    Fire,
    /// Cooking, barbecue, fireworks, rubbish and paper burning (air 二-16).
    Event,
    /// Cells of a foreign gridded inventory without a sector of its own.
    Other,
}

impl Sector {
    /// All sectors.
    pub const ALL: [Self; 14] = [
        Self::Power,
        Self::Boiler,
        Self::Industry,
        Self::Residential,
        Self::Traffic,
        Self::NonRoad,
        Self::Construction,
        Self::RoadDust,
        Self::Solvent,
        Self::Fuel,
        Self::Agriculture,
        Self::Fire,
        Self::Event,
        Self::Other,
    ];

    /// Name as in inventory files and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::Boiler => "boiler",
            Self::Industry => "industry",
            Self::Residential => "residential",
            Self::Traffic => "traffic",
            Self::NonRoad => "non_road",
            Self::Construction => "construction",
            Self::RoadDust => "road_dust",
            Self::Solvent => "solvent",
            Self::Fuel => "fuel",
            Self::Agriculture => "agriculture",
            Self::Fire => "fire",
            Self::Event => "event",
            Self::Other => "other",
        }
    }

    /// The sector of a name in a file.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }
}

/// An amount of each inventoried pollutant; the unit is that of the field that holds it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Amounts {
    pub so2: f64,
    /// NOx as NO2.
    pub nox: f64,
    pub co: f64,
    pub nh3: f64,
    pub nmvoc: f64,
    pub pm25: f64,
    /// Includes `pm25`: always `pm10 >= pm25`.
    pub pm10: f64,
    /// Part of `pm25`.
    pub bc: f64,
    /// Organic carbon as carbon, part of `pm25`.
    pub oc: f64,
}

impl Amounts {
    /// Combines two amounts component by component.
    pub fn zip(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            so2: f(self.so2, other.so2),
            nox: f(self.nox, other.nox),
            co: f(self.co, other.co),
            nh3: f(self.nh3, other.nh3),
            nmvoc: f(self.nmvoc, other.nmvoc),
            pm25: f(self.pm25, other.pm25),
            pm10: f(self.pm10, other.pm10),
            bc: f(self.bc, other.bc),
            oc: f(self.oc, other.oc),
        }
    }

    /// Sum over the pollutants of what each does; emitted masses do not add up so, as some are parts of others.
    pub fn sum(self) -> f64 {
        self.so2 + self.nox + self.co + self.nh3 + self.nmvoc + self.pm25 + self.pm10 + self.bc + self.oc
    }

    /// Names of the pollutants, as in inventory tables, and their values.
    pub fn named(&self) -> [(&'static str, f64); 9] {
        [
            ("so2", self.so2),
            ("nox", self.nox),
            ("co", self.co),
            ("nh3", self.nh3),
            ("nmvoc", self.nmvoc),
            ("pm25", self.pm25),
            ("pm10", self.pm10),
            ("bc", self.bc),
            ("oc", self.oc),
        ]
    }

    /// The same value for every pollutant.
    pub fn all(v: f64) -> Self {
        Self { so2: v, nox: v, co: v, nh3: v, nmvoc: v, pm25: v, pm10: v, bc: v, oc: v }
    }
}

/// A stack.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stack {
    /// Height above ground [m].
    pub height_m: f64,
    /// Inner diameter at the exit [m].
    pub diameter_m: f64,
    /// Exit temperature [K].
    pub temperature_k: f64,
    /// Exit velocity [m s-1].
    pub velocity_m_s: f64,
}

/// Where a source emits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Place {
    /// One point; with a stack its plume rises, without one it emits into the sector's layers.
    Point { lon: f64, lat: f64, stack: Option<Stack> },
    /// Spread over a county: by built-up weight for urban sectors, by area for agriculture.
    County,
    /// A longitude-latitude box (degrees), e.g. a cell of a gridded inventory.
    Cell { west: f64, south: f64, east: f64, north: f64 },
    /// A cell of a projected grid: its corners as longitude and latitude (degrees), in either direction around.
    Quadrilateral { corners: [(f64, f64); 4] },
}

/// West, south, east, north [degrees].
pub type Bounds = (f64, f64, f64, f64);

impl Place {
    /// The box of longitudes and latitudes around it; `None` for a county.
    pub fn bounds(&self) -> Option<Bounds> {
        match self {
            Self::Point { lon, lat, .. } => Some((*lon, *lat, *lon, *lat)),
            Self::County => None,
            Self::Cell { west, south, east, north } => Some((*west, *south, *east, *north)),
            Self::Quadrilateral { corners } => Some(corners.iter().fold(
                (f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY),
                |(w, s, e, n), (lon, lat)| (w.min(*lon), s.min(*lat), e.max(*lon), n.max(*lat)),
            )),
        }
    }
}

/// A change of a source's activity over a period, as ordered by a measure or set by a scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActivityChange {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// Factor on each pollutant, 0 (stopped) .. 1 (unchanged) and, in scenarios, above (more).
    pub factor: Amounts,
}

/// How much a source emits, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Strength {
    /// Annual total [t a-1], distributed by the sector's month, weekday and hour profiles.
    Annual(Amounts),
    /// Totals of the twelve months, distributed by the sector's weekday and hour profiles alone.
    Monthly(Box<MonthTotals>),
    /// Constant rate [kg s-1] between two instants (events); zero outside.
    Rate { kg_s: Amounts, from: DateTime<Utc>, to: DateTime<Utc> },
    /// Mean rates [kg s-1] of consecutive full hours from `from`, a full hour, on (fires); zero outside.
    Hourly { from: DateTime<Utc>, kg_s: Vec<Amounts> },
    /// Annual total [t a-1] as above, but in hours that were measured at the stack, by their start, what was measured: the source's
    /// changes do not act on that.
    Measured { annual: Amounts, hours: BTreeMap<DateTime<Utc>, StackHour> },
}

/// What an inventory says month by month.
///
/// **Invariant:** `annual` is the sum of `months` and `rest`. **Why:** what sums years need not know in which way they are given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MonthTotals {
    /// [t], January first; in years of 365 and of 366 days.
    months: [Amounts; 12],
    /// What is given by the year alone and follows the months of the sector [t a-1].
    rest: Amounts,
    annual: Amounts,
}

impl MonthTotals {
    /// Totals [t] of the months from January on, and `rest` [t a-1] of what is given by the year alone.
    pub fn new(months: [Amounts; 12], rest: Amounts) -> Self {
        let annual = months.iter().fold(rest, |sum, month| sum.zip(*month, |sum, t| sum + t));
        Self { months, rest, annual }
    }
}

/// A part of a year by the profile of a sector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct YearPart {
    /// The month that it lies in, January 0.
    pub month0: usize,
    /// Its share of the year's amounts, and of the month's [1].
    pub of_year: f64,
    pub of_month: f64,
}

impl YearPart {
    /// Both shares times a factor.
    pub fn times(self, factor: f64) -> Self {
        Self { of_year: self.of_year * factor, of_month: self.of_month * factor, ..self }
    }
}

/// What a stack was measured to emit in an hour [kg s-1]; what was not measured stays as estimated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct StackHour {
    pub so2: Option<f64>,
    /// As NO2.
    pub nox: Option<f64>,
    /// Filterable particles: behind the filters of such stacks all of them are PM10.
    pub particles: Option<f64>,
}

impl StackHour {
    /// The rates of an hour [kg s-1] with what was measured in place of `estimate`. The estimate's composition of particles stays; one without
    /// particles takes them as PM2.5.
    pub fn instead_of(&self, estimate: Amounts) -> Amounts {
        let mut out = estimate;
        out.so2 = self.so2.unwrap_or(out.so2);
        out.nox = self.nox.unwrap_or(out.nox);
        if let Some(particles) = self.particles {
            if estimate.pm10 > 0.0 {
                let ratio = particles / estimate.pm10;
                out.pm10 = particles;
                out.pm25 *= ratio;
                out.bc *= ratio;
                out.oc *= ratio;
            } else {
                out.pm10 = particles;
                out.pm25 = particles;
            }
        }
        out
    }
}

/// What emits nothing.
static NOTHING: Amounts =
    Amounts { so2: 0.0, nox: 0.0, co: 0.0, nh3: 0.0, nmvoc: 0.0, pm25: 0.0, pm10: 0.0, bc: 0.0, oc: 0.0 };

impl Strength {
    /// The amounts, in the unit of their kind; of hours, those of the first that emits.
    pub fn amounts(&self) -> &Amounts {
        match self {
            Self::Annual(amounts) | Self::Rate { kg_s: amounts, .. } | Self::Measured { annual: amounts, .. } => {
                amounts
            }
            Self::Monthly(totals) => &totals.annual,
            Self::Hourly { kg_s, .. } => kg_s.iter().find(|a| **a != NOTHING).unwrap_or(&NOTHING),
        }
    }

    /// Amounts [kg] between two instants of what emits in hours of its own; `None` for what is inventoried by the year.
    pub fn between(&self, begin: DateTime<Utc>, end: DateTime<Utc>) -> Option<Amounts> {
        let during = |from: DateTime<Utc>, to: DateTime<Utc>, kg_s: &Amounts| {
            let seconds = (to.min(end) - from.max(begin)).num_milliseconds().max(0) as f64 / 1000.0;
            kg_s.zip(Amounts::all(seconds), |r, t| r * t)
        };
        match self {
            Self::Rate { kg_s, from, to } => Some(during(*from, *to, kg_s)),
            Self::Hourly { from, kg_s } => Some(kg_s.iter().enumerate().fold(NOTHING, |sum, (hour, rate)| {
                let start = *from + Duration::hours(hour as i64);
                sum.zip(during(start, start + Duration::hours(1), rate), |sum, kg| sum + kg)
            })),
            Self::Annual(_) | Self::Monthly(_) | Self::Measured { .. } => None,
        }
    }

    /// The annual total [t a-1] of what is inventoried by the year.
    pub fn annual(&self) -> Option<&Amounts> {
        match self {
            Self::Annual(annual) | Self::Measured { annual, .. } => Some(annual),
            Self::Monthly(totals) => Some(&totals.annual),
            Self::Rate { .. } | Self::Hourly { .. } => None,
        }
    }

    /// What of the inventoried amounts falls on a part of a year [t], times `weather`, the factor of its hours on each pollutant; `None` for
    /// what emits in hours of its own.
    pub fn in_part(&self, part: YearPart, weather: Amounts) -> Option<Amounts> {
        let of_year = |annual: &Amounts| annual.zip(weather, |t, w| t * (w * part.of_year));
        match self {
            Self::Annual(annual) | Self::Measured { annual, .. } => Some(of_year(annual)),
            Self::Monthly(totals) => {
                let of_month = totals.months[part.month0].zip(weather, |t, w| t * (w * part.of_month));
                Some(of_month.zip(of_year(&totals.rest), |m, y| m + y))
            }
            Self::Rate { .. } | Self::Hourly { .. } => None,
        }
    }
}

/// One source of emissions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Stable identity, unique in the inventory.
    pub id: String,
    pub name: String,
    pub sector: Sector,
    /// County, 0 for sources outside the region.
    pub adcode: u32,
    pub place: Place,
    pub strength: Strength,
    /// Changes in force; overlapping ones multiply.
    pub changes: Vec<ActivityChange>,
}

impl Source {
    /// Product of the changes in force at `t`.
    pub fn activity_at(&self, t: DateTime<Utc>) -> Amounts {
        self.changes
            .iter()
            .filter(|c| c.from <= t && t < c.to)
            .fold(Amounts::all(1.0), |acc, c| acc.zip(c.factor, |a, b| a * b))
    }
}
