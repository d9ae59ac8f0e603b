//! How influence is ranked and reruns are repeated: `seeds/ranking.toml`.

use super::targets::Checker;
use crate::error::{Error, Result};
use serde::Deserialize;
use std::path::Path;

/// Parameters of the ranking and of the certificate.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RankingRules {
    pub id: String,
    /// Windows with an influence run of their own, the worst first.
    pub windows_at_most: usize,
    /// Full reruns with a list, 1 ..= 10.
    pub reruns_at_most: usize,
    /// Share by which a raised demand goes beyond what was missing, 0 ..= 1.
    pub overshoot: f64,
    /// Probability with which the level is to be averted, and its quantile of the standard normal distribution.
    pub probability: f64,
    pub standard_quantile: f64,
    /// Sources listed by name for each window.
    pub sources_listed: usize,
    /// Share of a mean from which what no measure acts on is named as the cause, 0 ..= 1.
    pub culprit_share: f64,
    pub reference: String,
    pub verified: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    ranking: RankingRules,
}

impl RankingRules {
    /// Reads and checks the parameters; `origin` is the file named in errors.
    ///
    /// # Errors
    /// `Invalid` naming the field.
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self> {
        let File { ranking: rules } = toml::from_str(text).map_err(|e| {
            Error::invalid(origin, "TOML", e.to_string().trim().to_owned(), "parameters of the ranking")
        })?;
        let file = Checker { origin: origin.to_path_buf() };
        file.text("id", &rules.id)?;
        file.text("reference", &rules.reference)?;
        if !(1..=10).contains(&rules.reruns_at_most) {
            return file.refuse("reruns_at_most", &rules.reruns_at_most.to_string(), "1..=10");
        }
        if rules.windows_at_most > 100 {
            return file.refuse("windows_at_most", &rules.windows_at_most.to_string(), "0..=100");
        }
        for (field, value) in
            [("overshoot", rules.overshoot), ("probability", rules.probability), ("culprit_share", rules.culprit_share)]
        {
            file.fraction(field, value)?;
        }
        let (p, z) = (rules.probability, rules.standard_quantile);
        let same_side = (p - 0.5) * z >= 0.0 && ((p - 0.5).abs() < 1e-12) == (z == 0.0);
        if !(z.is_finite() && z.abs() < 4.0 && same_side) {
            return file.refuse(
                "standard_quantile",
                &z.to_string(),
                "the quantile of `probability`: 0 at 0.5, above it beyond",
            );
        }
        Ok(rules)
    }
}
