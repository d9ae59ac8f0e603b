//! The year so far against its targets, and what the forecast days would do to them.

use super::inputs::NightInputs;
use crate::calendar::beijing_day_hour;
use crate::domain::county::Region;
use crate::domain::daily::{self, DailyValue, Judged, Judgement};
use crate::domain::pollutant::Concentrations;
use crate::domain::targets::{AreaDays, ForecastDay, TargetsReport};
use crate::error::Result;
use crate::forecast::Forecast;
use crate::setup::rulebook::Rulebook;
use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc};
use std::collections::BTreeMap;

/// The report up to the last Beijing day that has ended at the cycle, from the daily records and, for days they lack, from the
/// observed hours; `None` where the year has no target.
///
/// # Errors
/// Those of [`TargetRules::report`](crate::domain::targets::TargetRules::report).
pub fn targets(
    rulebook: &Rulebook,
    region: &Region,
    inputs: &NightInputs,
    forecast: &Forecast,
) -> Result<Option<TargetsReport>> {
    let today = beijing_day_hour(inputs.cycle + Duration::hours(1)).0;
    let to = today.pred_opt().unwrap_or(today);
    if rulebook.targets.target(region.adcode, to.year()).is_none() {
        return Ok(None);
    }
    let codes = region.counties.iter().map(|c| c.adcode).chain([region.adcode]);
    let mut areas = BTreeMap::new();
    for adcode in codes {
        let observed = observed(rulebook, inputs, adcode, to);
        let days = forecast.counties.iter().filter(|c| c.adcode == adcode).flat_map(|c| &c.days);
        let forecast: Vec<ForecastDay> = days
            .map(|d| ForecastDay {
                day: d.beijing_day,
                aqi: d.aqi.clone(),
                pm25_ug_m3: d.concentrations.pm25_ug_m3.map(|e| e.value),
            })
            .collect();
        // the region itself is listed only with a record of its own
        if adcode != region.adcode || !observed.is_empty() {
            areas.insert(adcode, AreaDays { observed, forecast });
        }
    }
    rulebook.targets.report(region, to, &areas, &inputs.events, rulebook.standards()).map(Some)
}

/// Days of an area up to `to`: as recorded, else from whole days of observed hours.
fn observed(rulebook: &Rulebook, inputs: &NightInputs, adcode: u32, to: NaiveDate) -> Vec<DailyValue> {
    let judgement = Judgement { aqi: &rulebook.aqi, judged: Judged::ByItsDate, not_monitored: &[] };
    let recorded = inputs.daily.get(&adcode).cloned().unwrap_or_default();
    let mut days = daily::of_days(&recorded, judgement);
    let hours: BTreeMap<DateTime<Utc>, Concentrations<f64>> =
        inputs.observed.get(&adcode).into_iter().flatten().map(|h| (h.end, h.concentrations)).collect();
    let from_hours = daily::of_hours(&hours, &rulebook.limits, judgement);
    days.extend(from_hours.into_iter().filter(|d| !recorded.contains_key(&d.day)));
    days.retain(|d| d.day <= to);
    days.sort_by_key(|d| d.day);
    days
}
