//! The last month of each county: what was forecast for the next day, and what was observed.

use super::{Observed, lead_day};
use crate::forecast::Estimate;
use crate::forecast::past_night::PastNight;
use chrono::{Duration, NaiveDate};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Days shown.
const DAYS: i64 = 30;

/// One county.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CountyRecent {
    pub adcode: u32,
    pub days: Vec<RecentDay>,
}

/// Daily mean PM2.5 [ug m-3].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecentDay {
    pub beijing_day: NaiveDate,
    pub observed_ug_m3: Option<f64>,
    /// The forecast for the first day after its cycle.
    pub forecast_ug_m3: Option<Estimate>,
}

/// The thirty days up to the last one that was observed or forecast for the next day.
pub(super) fn of(nights: &[&PastNight], observed: &Observed) -> Vec<CountyRecent> {
    let county = |adcode: u32, record: &BTreeMap<NaiveDate, crate::domain::daily::DailyValue>| {
        let mut forecast: BTreeMap<NaiveDate, Estimate> = BTreeMap::new();
        for night in nights {
            for day in night.county(adcode).into_iter().flat_map(|c| &c.days) {
                if let (1, Some(e)) = (lead_day(night.cycle, day.beijing_day), day.concentrations.pm25_ug_m3) {
                    forecast.insert(day.beijing_day, e);
                }
            }
        }
        let last = *forecast.keys().last()?;
        let days = (0..DAYS).rev().map(|back| {
            let beijing_day = last - Duration::days(back);
            RecentDay {
                beijing_day,
                observed_ug_m3: record.get(&beijing_day).and_then(|d| d.concentrations.pm25_ug_m3),
                forecast_ug_m3: forecast.get(&beijing_day).copied(),
            }
        });
        Some(CountyRecent { adcode, days: days.collect() })
    };
    observed.days.iter().filter_map(|(adcode, record)| county(*adcode, record)).collect()
}
