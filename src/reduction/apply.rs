//! The list -> sources under the list: the argument of the second forecast.

use super::ReductionPlan;
use crate::domain::source::{ActivityChange, Source};
use std::collections::BTreeMap;

/// The same sources, each with the changes that the list orders of it. Rows of one source multiply while both are in force;
/// a row whose source is not in `sources` changes nothing.
pub fn apply(plan: &ReductionPlan, sources: &[Source]) -> Vec<Source> {
    let mut changes: BTreeMap<&str, Vec<ActivityChange>> = BTreeMap::new();
    for row in &plan.measures {
        changes.entry(&row.source).or_default().push(ActivityChange { from: row.from, to: row.to, factor: row.factor });
    }
    let mut cut = sources.to_vec();
    for source in &mut cut {
        if let Some(ordered) = changes.get(source.id.as_str()) {
            source.changes.extend_from_slice(ordered);
        }
    }
    cut
}
