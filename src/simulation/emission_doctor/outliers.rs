//! Point sources far from the others of their sector, above or below: a unit of a row that is off by a power of ten.
//!
//! Values of a pollutant are compared by their decades with the median of the sector, and with the spread around it (the median of the
//! distances, as a standard deviation), neither of which a few wrong rows move. What is off lies beyond a gap, not at the end of a long
//! tail. A row is too small only if all of its pollutants are: clean fuels lower some of them as much.

use super::{Ailment, Case, Finding};
use crate::domain::bilingual::Bilingual;
use crate::domain::source::{Amounts, Place, Sector, Source, Strength};
use std::collections::BTreeMap;

/// Point sources of a sector below which there is no telling.
const LEAST_SOURCES: usize = 8;
/// Decades from the median, and spreads from it, beyond which a source may be off.
const DECADES: f64 = 2.0;
const SPREADS: f64 = 3.5;
/// Decades without a source between those that are off and the others.
const GAP: f64 = 1.5;
/// Largest share of a sector's sources that can be off on one side; more are another kind of source.
const SHARE: f64 = 0.25;
/// Standard deviation per median distance from the median, of a normal distribution.
const SIGMA_PER_MAD: f64 = 1.4826;

pub(super) fn findings(case: &Case) -> Vec<Finding> {
    let mut by_sector: BTreeMap<Sector, Vec<(&Source, &Amounts)>> = BTreeMap::new();
    for source in case.sources {
        if let (Place::Point { .. }, Strength::Annual(amounts)) = (&source.place, &source.strength) {
            by_sector.entry(source.sector).or_default().push((source, amounts));
        }
    }
    let mut found = Vec::new();
    for sources in by_sector.into_values() {
        let rows: Vec<_> = sources.iter().map(|(_, amounts)| amounts.named()).collect();
        let usual: [Option<Usual>; 9] =
            std::array::from_fn(|i| Usual::of(rows.iter().map(|row| row[i].1).filter(|v| *v > 0.0)));
        for ((source, _), row) in sources.iter().zip(&rows) {
            let judged = row.iter().zip(&usual).filter(|((_, v), _)| *v > 0.0);
            let judged: Vec<(&str, f64, &Usual)> =
                judged.filter_map(|((name, v), usual)| Some((*name, *v, usual.as_ref()?))).collect();
            let ratio = |j: &(&str, f64, &Usual)| (j.1 / j.2.median).log10();
            let highest = judged.iter().filter(|j| j.1 >= j.2.above).max_by(|a, b| ratio(a).total_cmp(&ratio(b)));
            let low = !judged.is_empty() && judged.iter().all(|j| j.1 <= j.2.below);
            let lowest = judged.iter().filter(|_| low).min_by(|a, b| ratio(a).total_cmp(&ratio(b)));
            // one finding per source: its row has one unit
            found.extend(highest.or(lowest).map(|(name, v, usual)| finding(source, name, *v, usual.median)));
        }
    }
    found
}

/// What is usual of a pollutant.
struct Usual {
    median: f64,
    /// The smallest value that is off above, and the largest that is off below.
    above: f64,
    below: f64,
}

impl Usual {
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut decades: Vec<f64> = values.map(f64::log10).collect();
        if decades.len() < LEAST_SOURCES {
            return None;
        }
        decades.sort_by(f64::total_cmp);
        let median = decades[decades.len() / 2];
        let mut up: Vec<f64> = decades.iter().map(|d| d - median).collect();
        let mut distances: Vec<f64> = up.iter().map(|d| d.abs()).collect();
        distances.sort_by(f64::total_cmp);
        let limit = DECADES.max(SPREADS * SIGMA_PER_MAD * distances[distances.len() / 2]);
        let above = beyond_a_gap(&up, limit);
        up.reverse();
        let down: Vec<f64> = up.iter().map(|d| -d).collect();
        let below = beyond_a_gap(&down, limit);
        Some(Self { median: 10f64.powf(median), above: 10f64.powf(median + above), below: 10f64.powf(median - below) })
    }
}

/// The first of rising `distances` beyond `limit` and a gap; infinite where there is none, or too many lie there.
fn beyond_a_gap(distances: &[f64], limit: f64) -> f64 {
    let after_gap = |i: &usize| distances[*i] >= limit && distances[*i] - distances[i - 1] >= GAP;
    let first = (1..distances.len()).find(after_gap);
    let few = |i: &usize| (distances.len() - i) as f64 <= SHARE * distances.len() as f64;
    // a breath below: the value itself is off
    first.filter(few).map_or(f64::INFINITY, |i| distances[i] - 1e-9)
}

fn finding(source: &Source, name: &str, value: f64, median: f64) -> Finding {
    let (ratio, sector) = (value / median, source.sector.name());
    Finding {
        ailment: Ailment::PowerOfTen,
        place: format!("{} {}", source.id, source.name),
        number: Some(ratio),
        what: Bilingual::new(
            format!("{name} {value:.3} t/a，是 {sector} 部门点源中位数（{median:.3} t/a）的 {ratio:.3e} 倍"),
            format!(
                "{name} {value:.3} t/a, {ratio:.3e} times the median of the point sources of {sector} ({median:.3} t/a)"
            ),
        ),
        remedy: Bilingual::new(
            "检查该行的单位：kg 与 t 差 10^3",
            "Check the unit of this row: kg and t differ by 10^3",
        ),
    }
}
