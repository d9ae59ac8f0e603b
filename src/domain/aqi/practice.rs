//! Where the AQI that is published departs from the text of the standard.

use super::Report;
use crate::domain::pollutant::Pollutant;
use serde::{Deserialize, Serialize};

/// A named practice beside the text of a standard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Practice {
    /// `<standard>.<name>`, e.g. `HJ 633-2012.hourly-pm`.
    pub id: String,
    /// The report that it concerns.
    pub report: Report,
    pub pollutants: Vec<Pollutant>,
    /// What the text says.
    pub text: String,
    /// What is published.
    pub published: String,
    /// What shows it.
    pub evidence: String,
    /// Which of the two the reports follow.
    pub in_force: InForce,
    /// Added to the clause of every report that follows it.
    pub clause: String,
    /// Whether the evidence was measured here.
    pub verified: bool,
}

/// The side of a [`Practice`] that is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InForce {
    Text,
    Published,
}
