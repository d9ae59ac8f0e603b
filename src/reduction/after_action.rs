//! After the episode (事后评估): how far weather, measures and forecast error brought the air from what was forecast to what was observed.
//!
//! The same model runs again with the weather that came, without the list and with the list as it was carried out. A run enters as its ratio to
//! the archived run on the archived, corrected forecast, as a cut does on the night itself. With V(weather, emissions):
//!
//! ```text
//!   observed - V(foreseen, all) = [V(came, all) - V(foreseen, all)]        weather
//!                               + [V(came, carried out) - V(came, all)]    measures
//!                               + [observed - V(came, carried out)]        forecast error: model, emissions, correction
//! ```
//!
//! **Invariant:** the three parts add up to the whole difference. **Why:** each is a difference of neighbours in one chain.

use crate::error::Rejection;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// Means of PM2.5 over the same hours of one county [ug m-3].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Means {
    /// Corrected forecast without the list, as published.
    pub forecast: f64,
    /// Model in the weather foreseen: without the list and, where the night had one, with it.
    pub model_foreseen: f64,
    pub model_promised: Option<f64>,
    /// Model in the weather that came: without the list, and with the list as it was carried out.
    pub model_came: f64,
    pub model_carried_out: f64,
    /// `None` where no station observed enough of the hours.
    pub observed: Option<f64>,
}

/// From forecast to observation, PM2.5 [ug m-3].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// Published forecast without the list.
    pub forecast_ug_m3: f64,
    pub observed_ug_m3: Option<f64>,
    /// What the weather that came changed.
    pub weather_ug_m3: f64,
    /// What the list as carried out changed in the weather that came, and what the certificate had promised of the whole list.
    pub measures_ug_m3: f64,
    pub promised_ug_m3: Option<f64>,
    /// What is left: errors of the model, of the emissions and of the correction.
    pub forecast_error_ug_m3: Option<f64>,
    /// What would have been observed without the list: the observation by the ratio of the two runs in the weather that came.
    pub observed_without_list_ug_m3: Option<f64>,
}

impl Split {
    /// The split of `m`; `None` where the model has no PM2.5 to take ratios of.
    pub fn of(m: &Means) -> Option<Self> {
        if !(m.model_foreseen > 0.0 && m.model_came > 0.0 && m.model_carried_out > 0.0) {
            return None;
        }
        let value = |model: f64| m.forecast * (model / m.model_foreseen);
        let (came, carried_out) = (value(m.model_came), value(m.model_carried_out));
        Some(Self {
            forecast_ug_m3: m.forecast,
            observed_ug_m3: m.observed,
            weather_ug_m3: came - m.forecast,
            measures_ug_m3: carried_out - came,
            promised_ug_m3: m.model_promised.map(|model| value(model) - m.forecast),
            forecast_error_ug_m3: m.observed.map(|observed| observed - carried_out),
            observed_without_list_ug_m3: m.observed.map(|observed| observed * (m.model_came / m.model_carried_out)),
        })
    }
}

/// One Beijing day, or one exceeding window, of one county.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpanSplit {
    pub adcode: u32,
    pub name_zh: String,
    pub name_en: String,
    /// The day; `None`: a window of the certificate.
    pub beijing_day: Option<NaiveDate>,
    /// Hours that end after `from` and not after `to` ..
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// .. of which so many are in all runs, and in the observation where there is one.
    pub hours: usize,
    pub split: Split,
}

/// How much of the list was carried out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarriedOut {
    /// Rows of the list.
    pub ordered: usize,
    /// Rows carried out as ordered, at other times or to another degree, and not at all.
    pub as_ordered: usize,
    pub changed: usize,
    pub not_at_all: usize,
    /// No account was given: the list counts as carried out in full.
    pub assumed: bool,
}

/// The account after an episode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AfterAction {
    /// `YYYYMMDDHH` of the night's cycle, and SHA-256 of its manifest.
    pub run: String,
    pub cycle: DateTime<Utc>,
    pub manifest_sha256: String,
    pub carried_out: CarriedOut,
    /// Days of every county, then the windows of the certificate.
    pub days: Vec<SpanSplit>,
    pub windows: Vec<SpanSplit>,
    /// What must be known to read it, each as one sentence.
    pub notes_zh: Vec<String>,
    pub notes_en: Vec<String>,
    /// Files of the weather that came, of the observations and of the rest: role, name, SHA-256.
    pub inputs: Vec<(String, String, String)>,
    pub rejections: Vec<Rejection>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEANS: Means = Means {
        forecast: 120.0,
        model_foreseen: 100.0,
        model_promised: Some(85.0),
        model_came: 80.0,
        model_carried_out: 70.0,
        observed: Some(90.0),
    };

    /// By hand: the correction is 1.2; the weather takes 20 of 100, the list 10 more, and 84 became 90.
    #[test]
    fn a_split_worked_by_hand_adds_up() {
        let s = Split::of(&MEANS).unwrap();
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(near(s.weather_ug_m3, -24.0) && near(s.measures_ug_m3, -12.0), "{s:?}");
        assert!(near(s.promised_ug_m3.unwrap(), -18.0) && near(s.forecast_error_ug_m3.unwrap(), 6.0), "{s:?}");
        assert!(near(s.observed_without_list_ug_m3.unwrap(), 90.0 / 7.0 * 8.0));
        let parts = s.weather_ug_m3 + s.measures_ug_m3 + s.forecast_error_ug_m3.unwrap();
        assert!(near(parts, 90.0 - 120.0));
    }

    #[test]
    fn without_an_observation_or_a_list_the_rest_stands() {
        let s = Split::of(&Means { observed: None, model_promised: None, ..MEANS }).unwrap();
        assert_eq!((s.forecast_error_ug_m3, s.observed_without_list_ug_m3, s.promised_ug_m3), (None, None, None));
        assert!((s.weather_ug_m3 + 24.0).abs() < 1e-9);
        for nothing in [0.0, f64::NAN] {
            assert_eq!(Split::of(&Means { model_foreseen: nothing, ..MEANS }), None);
        }
    }
}
