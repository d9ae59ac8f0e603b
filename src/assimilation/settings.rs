//! Parameters of the assimilation, from `models/assimilation.toml`.

use crate::error::{Error, Result};
use crate::simulation::analysis::{Component, VerticalReach};
use serde::Deserialize;
use std::path::Path;

/// All of them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssimilationSettings {
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "verified")]
    _verified: bool,
    pub length_km: f64,
    pub regional_share: f64,
    pub regional_length_km: f64,
    /// Hours up to the cycle that are analysed, 1 ..= 240.
    pub hours: u32,
    /// Hours from one analysis to the next, 1 ..= 24.
    pub every_hours: u32,
    pub largest_factor: f64,
    least_depth_m: f32,
    decay_m: f32,
    pub prior_weight: f64,
    pub spread_bounds: [f64; 2],
    /// In the order of [`Component::ALL`].
    component: Vec<ComponentErrors>,
}

/// Errors of one component in ln space.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComponentErrors {
    name: String,
    /// Of the background.
    pub spread: f64,
    relative: f64,
    absolute: f64,
}

impl ComponentErrors {
    /// Error of ln(observed): it grows where the value comes near the instrument's own error.
    pub fn observation_error(&self, value: f64) -> f64 {
        self.relative.hypot(self.absolute / value.max(self.absolute))
    }

    /// Least value [the observation's unit] that is taken into the logarithm: half of the instrument's error.
    pub fn least(&self) -> f64 {
        0.5 * self.absolute
    }
}

/// Name of a component in tables and figures.
pub fn name(component: Component) -> &'static str {
    match component {
        Component::Fine => "PM2.5",
        Component::Coarse => "coarse",
        Component::So2 => "SO2",
        Component::No2 => "NO2",
        Component::Co => "CO",
    }
}

impl AssimilationSettings {
    /// Reads `models/assimilation.toml`.
    ///
    /// # Errors
    /// `Invalid` naming the field.
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self> {
        let settings: Self = toml::from_str(text).map_err(|e| {
            Error::invalid(origin, "TOML", e.to_string().trim().to_owned(), "parameters of the assimilation")
        })?;
        settings.check().map_err(|(field, found, expected)| Error::invalid(origin, field, found, expected))?;
        Ok(settings)
    }

    /// Errors of a component.
    pub fn of(&self, component: Component) -> &ComponentErrors {
        &self.component[component as usize]
    }

    /// How far up increments hold.
    pub fn reach(&self) -> VerticalReach {
        VerticalReach { least_depth_m: self.least_depth_m, decay_m: self.decay_m }
    }

    fn check(&self) -> std::result::Result<(), (String, String, &'static str)> {
        let names: Vec<&str> = self.component.iter().map(|c| c.name.as_str()).collect();
        if names != Component::ALL.map(name) {
            return Err(("component".into(), names.join(", "), "PM2.5, coarse, SO2, NO2, CO in this order"));
        }
        for c in &self.component {
            for (what, value) in [("spread", c.spread), ("relative", c.relative), ("absolute", c.absolute)] {
                if !(value > 0.0 && value.is_finite()) {
                    return Err((format!("component {}: {what}", c.name), value.to_string(), "a number above 0"));
                }
            }
        }
        let above_zero = [
            ("length_km", self.length_km),
            ("regional_length_km", self.regional_length_km),
            ("least_depth_m", f64::from(self.least_depth_m)),
            ("decay_m", f64::from(self.decay_m)),
            ("spread_bounds", self.spread_bounds[0]),
        ];
        if let Some((field, value)) = above_zero.into_iter().find(|(_, v)| !(*v > 0.0 && v.is_finite())) {
            return Err((field.into(), value.to_string(), "a number above 0"));
        }
        if !(self.prior_weight >= 0.0 && self.prior_weight.is_finite()) {
            return Err(("prior_weight".into(), self.prior_weight.to_string(), "0 or more"));
        }
        if !(0.0..=1.0).contains(&self.regional_share) {
            return Err(("regional_share".into(), self.regional_share.to_string(), "0..=1"));
        }
        if self.spread_bounds[0] > self.spread_bounds[1] {
            return Err(("spread_bounds".into(), format!("{:?}", self.spread_bounds), "the smaller one first"));
        }
        if !(self.largest_factor > 1.0 && self.largest_factor <= 100.0) {
            return Err(("largest_factor".into(), self.largest_factor.to_string(), "above 1, up to 100"));
        }
        if !(1..=240).contains(&self.hours) {
            return Err(("hours".into(), self.hours.to_string(), "1..=240"));
        }
        if !(1..=24).contains(&self.every_hours) {
            return Err(("every_hours".into(), self.every_hours.to_string(), "1..=24"));
        }
        Ok(())
    }
}
