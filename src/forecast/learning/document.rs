//! `models/learning.toml`: how each kind of forecast is learnt.

use super::boosting::Growth;
use super::city_model::{CityParameters, ERRORS_NEEDED};
use super::learner::LearningParameters;
use crate::error::{Error, Result};
use serde::Deserialize;
use std::path::Path;

/// The whole file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearningDocument {
    /// Hourly PM2.5 of stations; time in hours.
    pub stations: LearningParameters,
    /// Daily PM2.5 of cities; time in days.
    pub next_day: CityParameters,
    /// The nightly forecast of counties; time in hours.
    pub night: LearningParameters,
}

impl LearningDocument {
    /// Parses the file.
    ///
    /// # Errors
    /// `Invalid` naming the field.
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self> {
        let document: Self = toml::from_str(text)
            .map_err(|e| Error::invalid(origin, "TOML", e.to_string().trim().to_owned(), "learning parameters"))?;
        for (name, part) in [("stations", &document.stations), ("night", &document.night)] {
            check(part).map_err(|(field, found, expected)| {
                Error::invalid(origin, format!("{name}.{field}"), found, expected)
            })?;
        }
        check_city(&document.next_day)
            .map_err(|(field, found, expected)| Error::invalid(origin, format!("next_day.{field}"), found, expected))?;
        Ok(document)
    }
}

type Wrong = (&'static str, String, &'static str);

fn check(p: &LearningParameters) -> std::result::Result<(), Wrong> {
    let open = |v: f64| v > 0.0 && v < 1.0;
    let rising = p.levels.windows(2).all(|w| w[0] < w[1]);
    if p.levels.len() < 3 || !rising || !p.levels.iter().all(|l| open(*l)) || !p.levels.contains(&0.5) {
        return Err(("levels", format!("{:?}", p.levels), "rising levels between 0 and 1, 0.5 among them"));
    }
    if p.members == 0 || p.row_step == 0 || p.judged_folds == 0 {
        let found = format!("{}, {}, {}", p.members, p.row_step, p.judged_folds);
        return Err(("members, row_step, judged_folds", found, "at least 1"));
    }
    if !open(p.judged_share) {
        return Err(("judged_share", p.judged_share.to_string(), "between 0 and 1"));
    }
    if p.gap < 0 || !(p.tail > 0.0 && p.tail < 0.5) {
        return Err((
            "gap, tail",
            format!("{}, {}", p.gap, p.tail),
            "a gap of at least 0 and a tail between 0 and 0.5",
        ));
    }
    if !p.group_bounds.is_sorted() {
        return Err(("group_bounds", format!("{:?}", p.group_bounds), "rising bounds"));
    }
    if !(0.0..0.1).contains(&p.adapting_rate) {
        return Err(("adapting_rate", p.adapting_rate.to_string(), "0 to 0.1"));
    }
    if p.source.trim().is_empty() {
        return Err(("source", "nothing".into(), "where the parameters come from"));
    }
    growth(&p.median).and_then(|()| growth(&p.quantiles))
}

fn check_city(p: &CityParameters) -> std::result::Result<(), Wrong> {
    let (share, f) = (|v: f64| (0.0..=1.0).contains(&v), &p.forest);
    if !share(p.linear_share) || !share(p.l1_ratio) {
        return Err(("linear_share, l1_ratio", format!("{}, {}", p.linear_share, p.l1_ratio), "0 to 1"));
    }
    if !(p.own_weight > 0.0
        && p.far_weight > 0.0
        && p.shrinkage > 0.0
        && p.own_error_weight > 0.0
        && p.error_half_life_days > 0.0)
    {
        let found = format!("{}, {}, {}, {}", p.own_weight, p.far_weight, p.shrinkage, p.own_error_weight);
        return Err(("own_weight, far_weight, shrinkage, own_error_weight", found, "above 0"));
    }
    if p.upwind_cities == 0 || p.near_cities == 0 || p.days_needed < 30 {
        let found = format!("{}, {}, {}", p.upwind_cities, p.near_cities, p.days_needed);
        return Err(("upwind_cities, near_cities, days_needed", found, "at least 1, 1 and 30"));
    }
    if p.spread_days < ERRORS_NEEDED {
        return Err(("spread_days", p.spread_days.to_string(), "at least 30"));
    }
    if f.trees == 0 || f.leaf_rows.is_nan() || f.leaf_rows < 1.0 || !share(f.rows_share) || !share(f.columns_share) {
        return Err(("forest", format!("{f:?}"), "trees, rows of a leaf >= 1 and shares of 0 to 1"));
    }
    if p.source.trim().is_empty() {
        return Err(("source", "nothing".into(), "where the parameters come from"));
    }
    Ok(())
}

fn growth(g: &Growth) -> std::result::Result<(), Wrong> {
    let share = |v: f64| v > 0.0 && v <= 1.0;
    if !(share(g.learning_rate) && share(g.rows_share) && share(g.columns_share)) {
        let found = format!("{}, {}, {}", g.learning_rate, g.rows_share, g.columns_share);
        return Err(("learning_rate, rows_share, columns_share", found, "above 0, at most 1"));
    }
    if g.rounds == 0 || g.leaves < 2 || g.leaf_groups == 0 || g.leaf_rows.is_nan() || g.leaf_rows < 0.0 {
        let found = format!("{}, {}, {}, {}", g.rounds, g.leaves, g.leaf_groups, g.leaf_rows);
        return Err(("rounds, leaves, leaf_groups, leaf_rows", found, "at least 1, 2, 1 and 0"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = include_str!("../../../models/learning.toml");

    #[test]
    fn the_shipped_file_is_accepted_and_each_wrong_value_is_named() {
        LearningDocument::from_toml(MODEL, Path::new("models/learning.toml")).unwrap();
        for (from, to, field) in [
            ("0.25, 0.5, 0.75", "0.25, 0.75", "stations.levels"),
            ("members = 2", "members = 0", "stations.members"),
            ("judged_share = 0.5", "judged_share = 1.0", "stations.judged_share"),
            ("tail = 0.05", "tail = 0.5", "stations.gap, tail"),
            ("learning_rate = 0.05", "learning_rate = 0.0", "stations.learning_rate"),
            ("spread_days = 120", "spread_days = 29", "next_day.spread_days"),
            ("leaves = 24", "leaves = 1", "stations.rounds"),
            ("members = 2", "memebers = 2", "TOML"),
        ] {
            let error = LearningDocument::from_toml(&MODEL.replacen(from, to, 1), Path::new("m")).unwrap_err();
            assert!(error.to_string().contains(field), "{field}: {error}");
        }
    }
}
