//! Standards, daily values, statistics of periods, exceptional events, targets, and the commands that print them.

mod commands;
mod days;
mod events;
mod files;
mod period;
mod seeds;
mod targets;

use chrono::NaiveDate;
use hazecast::domain::aqi::AqiRules;
use hazecast::domain::daily::{Judged, Judgement};
use hazecast::domain::evaluation::EvaluationRules;
use hazecast::domain::event::EventRules;
use hazecast::domain::limits::LimitRules;
use hazecast::domain::pollutant::Concentrations;
use hazecast::domain::statistics::Standards;
use hazecast::domain::targets::TargetRules;
use std::path::Path;

const LIMITS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/seeds/limits.toml"));
const EVALUATION: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/seeds/evaluation.toml"));
const EVENTS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/seeds/events.toml"));
const TARGETS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/seeds/targets.toml"));
const AQI: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/seeds/aqi.toml"));

struct Rules {
    aqi: AqiRules,
    limits: LimitRules,
    evaluation: EvaluationRules,
    events: EventRules,
    targets: TargetRules,
}

impl Rules {
    fn shipped() -> Self {
        Self {
            aqi: AqiRules::from_toml(AQI, Path::new("aqi.toml")).unwrap(),
            limits: LimitRules::from_toml(LIMITS, Path::new("limits.toml")).unwrap(),
            evaluation: EvaluationRules::from_toml(EVALUATION, Path::new("evaluation.toml")).unwrap(),
            events: EventRules::from_toml(EVENTS, Path::new("events.toml")).unwrap(),
            targets: TargetRules::from_toml(TARGETS, Path::new("targets.toml")).unwrap(),
        }
    }

    fn judgement(&self, judged: Judged) -> Judgement<'_> {
        Judgement { aqi: &self.aqi, judged, not_monitored: &[] }
    }

    fn standards(&self) -> Standards<'_> {
        Standards { aqi: &self.aqi, limits: &self.limits, evaluation: &self.evaluation }
    }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Clean air but for PM2.5.
fn air(pm25: f64) -> Concentrations<f64> {
    Concentrations {
        pm25_ug_m3: Some(pm25),
        pm10_ug_m3: Some(pm25 + 10.0),
        so2_ug_m3: Some(5.0),
        no2_ug_m3: Some(10.0),
        co_mg_m3: Some(0.5),
        o3_ug_m3: Some(40.0),
    }
}

/// The last days of 60 months: five years, two of them leap years, and so every end of year and every leap day among them.
fn month_ends() -> Vec<NaiveDate> {
    let mut days = Vec::new();
    for (year, february) in [(2015, 28), (2020, 29), (2023, 28), (2024, 29), (2026, 28)] {
        for (month, last) in (1..).zip([31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) {
            days.push(NaiveDate::from_ymd_opt(year, month, last).unwrap());
        }
    }
    assert_eq!(days.len(), 60);
    days
}
