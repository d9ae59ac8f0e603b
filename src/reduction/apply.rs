//! The list -> sources under the list: the argument of the second forecast.

use super::PlannedMeasure;
use crate::domain::source::{ActivityChange, Amounts, Source};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// The same sources, each with the changes that the list orders of it. Rows of one entry multiply while both are in force; entries of one source
/// take away their shares of it, and what no entry is stays. A row whose source is not in `sources` changes nothing.
pub fn apply(measures: &[PlannedMeasure], sources: &[Source]) -> Vec<Source> {
    let mut rows: BTreeMap<&str, Vec<&PlannedMeasure>> = BTreeMap::new();
    for row in measures {
        rows.entry(&row.source).or_default().push(row);
    }
    let mut cut = sources.to_vec();
    for source in &mut cut {
        if let Some(ordered) = rows.get(source.id.as_str()) {
            source.changes.extend(changes(ordered));
        }
    }
    cut
}

/// Changes of one source: one for each span between starts and ends of its rows.
fn changes(rows: &[&PlannedMeasure]) -> Vec<ActivityChange> {
    let mut times: Vec<DateTime<Utc>> = rows.iter().flat_map(|r| [r.from, r.to]).collect();
    times.sort_unstable();
    times.dedup();
    let mut out = Vec::new();
    for span in times.windows(2) {
        let (from, to) = (span[0], span[1]);
        let factor = factor_at(rows, from);
        if factor != Amounts::all(1.0) {
            out.push(ActivityChange { from, to, factor });
        }
    }
    out
}

/// What is left of a source at `t` under its rows, 0 ..= 1.
fn factor_at(rows: &[&PlannedMeasure], t: DateTime<Utc>) -> Amounts {
    let mut entries: BTreeMap<Option<&str>, (Amounts, Amounts)> = BTreeMap::new();
    for row in rows.iter().filter(|r| r.from <= t && t < r.to) {
        let entry = entries.entry(row.entry.as_deref()).or_insert((row.share, Amounts::all(1.0)));
        entry.1 = entry.1.zip(row.factor, |a, b| a * b);
    }
    let mut left = entries.into_values();
    match left.next() {
        // a source that is one entry keeps its factor to the last digit
        Some((share, factor)) if share == Amounts::all(1.0) => factor,
        first => first.into_iter().chain(left).fold(Amounts::all(1.0), |all, (share, factor)| {
            let taken = share.zip(factor, |s, f| s * (1.0 - f));
            all.zip(taken, |a, t| (a - t).max(0.0))
        }),
    }
}
