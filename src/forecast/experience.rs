//! What the past says to tonight's consultation: how the last forecast stood, and what followed days like today.

use super::Estimate;
use super::analogues::{self, CountyAnalogues};
use super::past_night::{ObservedHours, PastNight};
use super::score_book::{Observed, last_day, lead_day};
use crate::domain::aqi::AqiRules;
use crate::domain::limits::LimitRules;
use crate::domain::pollutant::Pollutant;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// The past beside tonight's forecast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Experience {
    /// Archived nights that could be looked at.
    pub past_nights: usize,
    /// `None`: no earlier forecast of a day that was observed.
    pub yesterday: Option<Yesterday>,
    /// By county with stations; empty without any.
    pub analogues: Vec<CountyAnalogues>,
}

/// The last day that is over, as it was forecast before it began, and as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Yesterday {
    pub beijing_day: NaiveDate,
    /// Cycle of the newest forecast made before the day began.
    pub cycle: DateTime<Utc>,
    pub counties: Vec<YesterdayCounty>,
}

/// One county with stations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct YesterdayCounty {
    pub adcode: u32,
    pub forecast_pm25_ug_m3: Option<Estimate>,
    pub observed_pm25_ug_m3: Option<f64>,
    /// Whether the observed mean lies in the 80 % interval.
    pub inside: Option<bool>,
    pub forecast_aqi: Option<u16>,
    pub observed_aqi: Option<u16>,
    pub forecast_level: Option<u8>,
    pub observed_level: Option<u8>,
    pub forecast_primary: Vec<Pollutant>,
    pub observed_primary: Vec<Pollutant>,
}

impl Experience {
    /// Of `nights` before `tonight`, with what was `observed` up to its cycle.
    pub fn of(
        aqi: &AqiRules,
        limits: &LimitRules,
        tonight: &PastNight,
        nights: &[PastNight],
        observed: &ObservedHours,
    ) -> Self {
        let observed = Observed::of(aqi, limits, observed);
        Self {
            past_nights: nights.len(),
            yesterday: yesterday(tonight.cycle, nights, &observed),
            analogues: analogues::of(tonight, nights, &observed),
        }
    }
}

fn yesterday(cycle: DateTime<Utc>, nights: &[PastNight], observed: &Observed) -> Option<Yesterday> {
    let beijing_day = last_day(cycle);
    let before = nights.iter().filter(|n| n.cycle < cycle && lead_day(n.cycle, beijing_day) >= 1);
    let night = before.max_by_key(|n| n.cycle)?;
    let county = |c: &super::past_night::PastCounty| {
        let observed = observed.days.get(&c.adcode)?.get(&beijing_day).filter(|d| d.has_value())?;
        let forecast = c.days.iter().find(|d| d.beijing_day == beijing_day)?;
        let (f, o) = (forecast.concentrations.pm25_ug_m3, observed.concentrations.pm25_ug_m3);
        Some(YesterdayCounty {
            adcode: c.adcode,
            forecast_pm25_ug_m3: f,
            observed_pm25_ug_m3: o,
            inside: f.zip(o).map(|(f, o)| (f.lower..=f.upper).contains(&o)),
            forecast_aqi: forecast.aqi.aqi,
            observed_aqi: observed.aqi.aqi,
            forecast_level: forecast.aqi.level,
            observed_level: observed.aqi.level,
            forecast_primary: forecast.aqi.primary.clone(),
            observed_primary: observed.aqi.primary.clone(),
        })
    };
    let counties: Vec<YesterdayCounty> = night.counties.iter().filter_map(county).collect();
    (!counties.is_empty()).then_some(Yesterday { beijing_day, cycle: night.cycle, counties })
}
