//! The six pollutants of the AQI, and a value for each.

use serde::{Deserialize, Serialize};

/// A pollutant of HJ 633.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Pollutant {
    #[serde(rename = "PM2.5")]
    Pm25,
    #[serde(rename = "PM10")]
    Pm10,
    #[serde(rename = "SO2")]
    So2,
    #[serde(rename = "NO2")]
    No2,
    #[serde(rename = "CO")]
    Co,
    #[serde(rename = "O3")]
    O3,
}

impl Pollutant {
    /// All six, in the order of every table of this crate.
    pub const ALL: [Self; 6] = [Self::Pm25, Self::Pm10, Self::So2, Self::No2, Self::Co, Self::O3];

    /// Name as written in the standard.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pm25 => "PM2.5",
            Self::Pm10 => "PM10",
            Self::So2 => "SO2",
            Self::No2 => "NO2",
            Self::Co => "CO",
            Self::O3 => "O3",
        }
    }

    /// Unit of every concentration of this pollutant outside the core.
    pub fn unit(self) -> &'static str {
        if self == Self::Co { "mg m-3" } else { "ug m-3" }
    }
}

/// One value per pollutant where there is one. Gases at 298.15 K and 1013.25 hPa, particles at ambient conditions (GB 3095-2026 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Concentrations<T> {
    pub pm25_ug_m3: Option<T>,
    pub pm10_ug_m3: Option<T>,
    pub so2_ug_m3: Option<T>,
    pub no2_ug_m3: Option<T>,
    pub co_mg_m3: Option<T>,
    /// Hourly: the 1-h mean. Daily: the largest 8-h mean of the day.
    pub o3_ug_m3: Option<T>,
}

impl<T> Default for Concentrations<T> {
    fn default() -> Self {
        Self { pm25_ug_m3: None, pm10_ug_m3: None, so2_ug_m3: None, no2_ug_m3: None, co_mg_m3: None, o3_ug_m3: None }
    }
}

impl<T> Concentrations<T> {
    /// The value of one pollutant.
    pub fn get(&self, pollutant: Pollutant) -> Option<&T> {
        match pollutant {
            Pollutant::Pm25 => self.pm25_ug_m3.as_ref(),
            Pollutant::Pm10 => self.pm10_ug_m3.as_ref(),
            Pollutant::So2 => self.so2_ug_m3.as_ref(),
            Pollutant::No2 => self.no2_ug_m3.as_ref(),
            Pollutant::Co => self.co_mg_m3.as_ref(),
            Pollutant::O3 => self.o3_ug_m3.as_ref(),
        }
    }

    /// The place of one pollutant, to set, clear or change it.
    pub fn slot(&mut self, pollutant: Pollutant) -> &mut Option<T> {
        match pollutant {
            Pollutant::Pm25 => &mut self.pm25_ug_m3,
            Pollutant::Pm10 => &mut self.pm10_ug_m3,
            Pollutant::So2 => &mut self.so2_ug_m3,
            Pollutant::No2 => &mut self.no2_ug_m3,
            Pollutant::Co => &mut self.co_mg_m3,
            Pollutant::O3 => &mut self.o3_ug_m3,
        }
    }

    /// Sets or clears the value of one pollutant.
    pub fn set(&mut self, pollutant: Pollutant, value: Option<T>) {
        *self.slot(pollutant) = value;
    }

    /// The same pollutants with each value changed by `f`.
    pub fn map<U>(&self, mut f: impl FnMut(Pollutant, &T) -> U) -> Concentrations<U> {
        let mut out = Concentrations::default();
        for p in Pollutant::ALL {
            out.set(p, self.get(p).map(|v| f(p, v)));
        }
        out
    }
}
