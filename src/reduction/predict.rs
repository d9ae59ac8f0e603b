//! What the influence says of other emissions: the fall of a window's mean, before any run.

use super::ranking::{WindowInfluence, primary};
use crate::domain::source::{Amounts, Source};
use crate::simulation::emission::EmissionModel;
use chrono::Duration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Fall of a mean [ug m-3]; negative where it rises.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Fall {
    pub pm25_ug_m3: f64,
    /// Of that, primary fine particles.
    pub primary_ug_m3: f64,
}

/// The fall of the model's mean in the window of `influence` when `before` become `after`: each hour's emission of each pollutant takes its part of what it
/// adds along. A source that `after` lacks emits nothing; one that `before` lacks is not foretold.
pub fn predicted_fall(model: &EmissionModel, influence: &WindowInfluence, before: &[Source], after: &[Source]) -> Fall {
    let by_id = |sources: &'_ [Source]| -> BTreeMap<String, usize> {
        sources.iter().enumerate().map(|(i, s)| (s.id.clone(), i)).collect()
    };
    let (first, second) = (by_id(before), by_id(after));
    let mut fall = Fall::default();
    for effect in &influence.sources {
        let Some(source) = first.get(&effect.source).map(|i| &before[*i]) else { continue };
        let changed = second.get(&effect.source).map(|i| &after[*i]);
        if changed.is_some_and(|c| c.strength == source.strength && c.changes == source.changes) {
            continue;
        }
        for (hour, added) in effect.added_by_hour.iter().enumerate() {
            let start = influence.first_hour + Duration::hours(hour as i64);
            let rate = model.hourly_rate(source, start);
            let left = changed.map_or(Amounts::default(), |c| model.hourly_rate(c, start));
            let taken = rate.zip(left, |rate, left| if rate > 0.0 { 1.0 - left / rate } else { 0.0 });
            let less = added.zip(taken, |added, taken| added * taken);
            fall.pm25_ug_m3 += less.sum();
            fall.primary_ug_m3 += primary(&less);
        }
    }
    fall
}
