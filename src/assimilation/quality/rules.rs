//! Limits and thresholds of quality control, from `models/quality.toml`.

use crate::domain::pollutant::Pollutant;
use crate::error::{Error, Result};
use serde::Deserialize;
use std::path::Path;

/// All of them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QualityRules {
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "verified")]
    _verified: bool,
    pub companions: CompanionRules,
    pub excursion: ExcursionRules,
    pub stuck: StuckRules,
    pub calibration: CalibrationRules,
    pub particle_order: ParticleOrderRules,
    pub isolated: IsolatedRules,
    pub episode: EpisodeRules,
    /// In the order of [`Pollutant::ALL`].
    pollutant: Vec<PollutantRules>,
}

/// Who goes along with whom.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompanionRules {
    pub radius_km: f64,
    pub code_neighbours: usize,
    pub at_most: usize,
    pub hours: usize,
    pub window_hours: usize,
}

/// Hours that leave and return by a jump.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExcursionRules {
    pub spike_hours: usize,
    pub longest_hours: usize,
    pub jump: f32,
    pub score: f32,
    pub stays: f32,
    pub long_score: f32,
    pub long_jump: f32,
    pub long_change_score: f32,
    pub long_jump_alone: f32,
    pub jump_alone: f32,
    pub score_alone: f32,
    pub plain: f32,
    pub plain_score: f32,
    pub suspect_share: f32,
}

/// One value again and again.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StuckRules {
    pub hours: usize,
    pub chance: f64,
    pub suspect_chance: f64,
    pub companions_moved: f32,
    pub chance_when_moved: f64,
}

/// An abnormal hour that returns.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationRules {
    pub days: usize,
    pub of_days: usize,
    pub jump: f32,
    pub score: f32,
}

/// PM10 below PM2.5.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParticleOrderRules {
    pub ratio: f32,
    pub difference_ug_m3: f32,
}

/// Values between gaps.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IsolatedRules {
    pub gap_hours: usize,
}

/// What is never rejected for being unusual.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpisodeRules {
    pub pm25_ug_m3: f32,
    pub at_most_times: f32,
    pub both_score: f32,
}

/// One pollutant.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PollutantRules {
    name: String,
    /// In the pollutant's unit.
    pub offset: f32,
    /// Of ln(value + offset).
    pub spread: f32,
    pub largest: f32,
    /// Highest value that repeats because the instrument sees nothing.
    pub seen_from: f32,
    repeat_levels: Vec<f32>,
    repeat: Vec<f64>,
}

impl PollutantRules {
    /// Chance that an hour repeats the `value` before it.
    pub fn repeat(&self, value: f32) -> f64 {
        let level = self.repeat_levels.iter().position(|l| value < *l).unwrap_or(self.repeat.len() - 1);
        self.repeat[level]
    }
}

impl QualityRules {
    /// Reads `models/quality.toml`.
    ///
    /// # Errors
    /// `Invalid` naming the field.
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self> {
        let rules: Self = toml::from_str(text)
            .map_err(|e| Error::invalid(origin, "TOML", e.to_string().trim().to_owned(), "rules of quality control"))?;
        rules.check().map_err(|(field, found, expected)| Error::invalid(origin, field, found, expected))?;
        Ok(rules)
    }

    /// The rules of one pollutant.
    pub fn of(&self, pollutant: Pollutant) -> &PollutantRules {
        &self.pollutant[pollutant as usize]
    }

    fn check(&self) -> std::result::Result<(), (String, String, &'static str)> {
        let names: Vec<&str> = self.pollutant.iter().map(|p| p.name.as_str()).collect();
        if names != Pollutant::ALL.map(Pollutant::name) {
            return Err(("pollutant".into(), names.join(", "), "PM2.5, PM10, SO2, NO2, CO, O3 in this order"));
        }
        for p in &self.pollutant {
            let field = |name: &str| format!("pollutant {}: {name}", p.name);
            for (name, value) in
                [("offset", p.offset), ("spread", p.spread), ("largest", p.largest), ("seen_from", p.seen_from)]
            {
                if !(value > 0.0 && value.is_finite()) {
                    return Err((field(name), value.to_string(), "a number above 0"));
                }
            }
            let rising = p.repeat_levels.windows(2).all(|w| w[0] < w[1]);
            if p.repeat.is_empty() || p.repeat.len() != p.repeat_levels.len() || !rising {
                return Err((
                    field("repeat_levels"),
                    format!("{:?}", p.repeat_levels),
                    "rising levels, one per chance",
                ));
            }
            if p.repeat.iter().any(|c| !(*c > 0.0 && *c < 1.0)) {
                return Err((field("repeat"), format!("{:?}", p.repeat), "chances between 0 and 1"));
            }
        }
        let (c, x, d) = (&self.companions, &self.excursion, &self.calibration);
        let numbers = [
            ("companions.radius_km", c.radius_km),
            ("excursion.jump", f64::from(x.jump)),
            ("excursion.score", f64::from(x.score)),
            ("excursion.stays", f64::from(x.stays)),
            ("excursion.long_score", f64::from(x.long_score)),
            ("excursion.long_jump", f64::from(x.long_jump)),
            ("excursion.long_change_score", f64::from(x.long_change_score)),
            ("excursion.long_jump_alone", f64::from(x.long_jump_alone)),
            ("excursion.long_score", f64::from(x.long_score)),
            ("excursion.jump_alone", f64::from(x.jump_alone)),
            ("excursion.score_alone", f64::from(x.score_alone)),
            ("excursion.plain", f64::from(x.plain)),
            ("excursion.plain_score", f64::from(x.plain_score)),
            ("excursion.suspect_share", f64::from(x.suspect_share)),
            ("stuck.chance", self.stuck.chance),
            ("stuck.suspect_chance", self.stuck.suspect_chance),
            ("stuck.companions_moved", f64::from(self.stuck.companions_moved)),
            ("stuck.chance_when_moved", self.stuck.chance_when_moved),
            ("calibration.jump", f64::from(d.jump)),
            ("calibration.score", f64::from(d.score)),
            ("particle_order.ratio", f64::from(self.particle_order.ratio)),
            ("particle_order.difference_ug_m3", f64::from(self.particle_order.difference_ug_m3)),
            ("episode.pm25_ug_m3", f64::from(self.episode.pm25_ug_m3)),
            ("episode.both_score", f64::from(self.episode.both_score)),
            ("episode.at_most_times", f64::from(self.episode.at_most_times)),
        ];
        if let Some((name, value)) = numbers.into_iter().find(|(_, v)| !(*v > 0.0 && v.is_finite())) {
            return Err((name.into(), value.to_string(), "a number above 0"));
        }
        let counts = [
            ("companions.at_most", c.at_most, 2),
            ("companions.hours", c.hours, 3),
            ("companions.window_hours", c.window_hours, 24),
            ("excursion.spike_hours", x.spike_hours, 1),
            ("excursion.longest_hours", x.longest_hours, 1),
            ("stuck.hours", self.stuck.hours, 3),
            ("calibration.days", d.days, 2),
            ("calibration.of_days", d.of_days, d.days),
            ("isolated.gap_hours", self.isolated.gap_hours, 1),
        ];
        match counts.into_iter().find(|(_, n, least)| n < least) {
            Some((name, n, _)) => Err((name.into(), n.to_string(), "a larger number")),
            None => Ok(()),
        }
    }
}
