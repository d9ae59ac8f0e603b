//! What a night knows about an hour of a county, and what was observed there later.

use super::seasonal::Season;
use super::table::FeatureTable;
use crate::calendar::beijing_local;
use crate::domain::pollutant::Pollutant;
use crate::forecast::ObservedHour;
use crate::forecast::county_weather::CountyWeather;
use chrono::{DateTime, Datelike, Duration, NaiveDateTime, Timelike, Utc};
use std::f64::consts::TAU;

/// An hour of a county in the forecast of a night; concentrations in [`Pollutant::unit`], NaN where not known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NightCase {
    pub pollutant: Pollutant,
    pub adcode: u32,
    pub cycle: DateTime<Utc>,
    /// End of the hour, UTC.
    pub end: DateTime<Utc>,
    pub model: f64,
    pub weather: CountyWeather,
    pub recent: Recent,
    /// What was observed; NaN when it is not yet.
    pub observed: f64,
}

/// What was observed before the cycle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recent {
    /// The latest hour, at most six before the cycle.
    pub last: f64,
    /// Mean of the last day.
    pub day_mean: f64,
}

/// Hours before the cycle in which the latest observation counts.
const LATEST_H: i64 = 6;

impl Recent {
    /// From the observed hours of a county up to the cycle.
    pub fn of(pollutant: Pollutant, cycle: DateTime<Utc>, observed: &[ObservedHour]) -> Self {
        let value = |h: &ObservedHour| h.concentrations.get(pollutant).copied();
        let since =
            |hours: i64| observed.iter().filter(move |h| h.end > cycle - Duration::hours(hours) && h.end <= cycle);
        let mean = |values: Vec<f64>| {
            if values.is_empty() { f64::NAN } else { values.iter().sum::<f64>() / values.len() as f64 }
        };
        Self {
            last: since(LATEST_H).filter_map(value).next_back().unwrap_or(f64::NAN),
            day_mean: mean(since(24).filter_map(value).collect()),
        }
    }
}

impl NightCase {
    /// Hours since the cycle.
    pub fn lead_hours(&self) -> i64 {
        (self.end - self.cycle).num_hours()
    }

    /// Beijing time in the middle of the hour.
    fn local(&self) -> NaiveDateTime {
        beijing_local(self.end - Duration::minutes(30))
    }

    /// County, month and hour of the day.
    pub fn season(&self) -> Season {
        let local = self.local();
        Season { place: self.adcode, month0: local.month0() as u8, hour: local.hour() as u8 }
    }
}

/// Names of the features of [`push_features`].
pub fn names() -> Vec<String> {
    [
        "model",
        "lead_hours",
        "wind_speed",
        "wind_east",
        "wind_north",
        "mixing_height",
        "ventilation",
        "temperature",
        "relative_humidity",
        "inversion",
        "snow",
        "fires_upwind",
        "hour_sine",
        "hour_cosine",
        "year_sine",
        "year_cosine",
        "weekday",
        "county",
        "last_observed",
        "day_mean_observed",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Adds the features of a case.
pub fn push_features(table: &mut FeatureTable, case: &NightCase) {
    let local = case.local();
    let day = f64::from(local.hour()) / 24.0 * TAU;
    // in steps of a month: finer ones tell the days of a training year apart
    let year = f64::from(local.month0()) / 12.0 * TAU;
    let weather = &case.weather;
    // trees send what is missing to the side that has suited such rows best
    let known = |value: Option<f64>| value.unwrap_or(f64::NAN);
    let row = [
        case.model,
        case.lead_hours() as f64,
        weather.wind_speed_m_s,
        known(weather.wind_east_m_s),
        known(weather.wind_north_m_s),
        weather.mixing_height_m,
        weather.wind_speed_m_s * weather.mixing_height_m,
        weather.temperature_c,
        known(weather.relative_humidity_percent),
        known(weather.inversion_k),
        known(weather.snow_kg_m2),
        known(weather.fires_upwind_g_s),
        day.sin(),
        day.cos(),
        year.sin(),
        year.cos(),
        f64::from(local.weekday().num_days_from_monday()),
        f64::from(case.adcode % 10_000),
        case.recent.last,
        case.recent.day_mean,
    ];
    table.push(&row.map(|v| v as f32));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pollutant::Concentrations;
    use chrono::TimeZone;

    fn at(hour: i64) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 1, 10, 0, 0, 0).unwrap() + Duration::hours(hour)
    }

    fn air(pm25: f64) -> Concentrations<f64> {
        let mut air = Concentrations::default();
        air.set(Pollutant::Pm25, Some(pm25));
        air
    }

    #[test]
    fn recent_hours_end_at_the_cycle() {
        let observed: Vec<ObservedHour> = (-30..5)
            .map(|h| ObservedHour { end: at(h), concentrations: air(if h <= 0 { 50.0 } else { 999.0 }) })
            .collect();
        let recent = Recent::of(Pollutant::Pm25, at(0), &observed);
        assert_eq!((recent.last, recent.day_mean), (50.0, 50.0));
        let none = Recent::of(Pollutant::So2, at(0), &observed);
        assert!(none.last.is_nan() && none.day_mean.is_nan());
        // seven hours without a value: the last one is too old
        assert!(Recent::of(Pollutant::Pm25, at(12), &observed[..31]).last.is_nan());
    }

    #[test]
    fn every_name_has_its_value() {
        let recent = Recent { last: 1.0, day_mean: 2.0 };
        let case = NightCase {
            pollutant: Pollutant::Pm25,
            adcode: 222_401,
            cycle: at(0),
            end: at(30),
            model: 40.0,
            weather: CountyWeather {
                wind_speed_m_s: 2.0,
                mixing_height_m: 300.0,
                temperature_c: -9.0,
                inversion_k: Some(4.0),
                ..CountyWeather::default()
            },
            recent,
            observed: f64::NAN,
        };
        let mut table = FeatureTable::new(names());
        push_features(&mut table, &case);
        let row = table.row(0);
        let of = |name: &str| row[names().iter().position(|n| n == name).unwrap()];
        assert_eq!(["model", "lead_hours", "ventilation", "inversion"].map(of), [40.0, 30.0, 600.0, 4.0]);
        assert_eq!(["county", "last_observed", "day_mean_observed"].map(of), [2401.0, 1.0, 2.0]);
        assert!(["wind_east", "relative_humidity", "snow", "fires_upwind"].map(of).iter().all(|v| v.is_nan()));
        assert_eq!(row.len(), names().len());
    }
}
