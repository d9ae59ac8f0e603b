//! A point source far above the others of its sector: a unit of one row that is off by a power of ten.

use super::{Ailment, Case, Finding};
use crate::domain::bilingual::Bilingual;
use crate::domain::source::{Amounts, Place, Sector, Source, Strength};
use std::collections::BTreeMap;

/// Point sources of a sector below which there is no telling.
const LEAST_SOURCES: usize = 8;
/// How many times the next largest source a single one may be.
const LARGEST_GAP: f64 = 30.0;
/// Decades of the median beyond which a source is off.
const DECADES: f64 = 2.0;

pub(super) fn findings(case: &Case) -> Vec<Finding> {
    let mut by_sector: BTreeMap<Sector, Vec<&Source>> = BTreeMap::new();
    for s in
        case.sources.iter().filter(|s| matches!((&s.place, &s.strength), (Place::Point { .. }, Strength::Annual(_))))
    {
        by_sector.entry(s.sector).or_default().push(s);
    }
    let mut found = BTreeMap::new();
    for (sector, sources) in by_sector {
        for (i, (name, _)) in Amounts::default().named().into_iter().enumerate() {
            let mut values: Vec<(f64, &Source)> =
                sources.iter().map(|s| (s.strength.amounts().named()[i].1, *s)).filter(|(v, _)| *v > 0.0).collect();
            if values.len() < LEAST_SOURCES {
                continue;
            }
            values.sort_by(|a, b| a.0.total_cmp(&b.0));
            let median = values[values.len() / 2].0;
            let (next, (largest, source)) = (values[values.len() - 2].0, values[values.len() - 1]);
            let decades = (largest / median).log10();
            if decades >= DECADES && largest >= LARGEST_GAP * next {
                // one finding per source: its row has one unit
                found.entry(source.id.clone()).or_insert_with(|| finding(source, sector, name, largest, median));
            }
        }
    }
    found.into_values().collect()
}

fn finding(source: &Source, sector: Sector, name: &str, largest: f64, median: f64) -> Finding {
    let ratio = largest / median;
    let sector = sector.name();
    Finding {
        ailment: Ailment::PowerOfTen,
        place: format!("{} {}", source.id, source.name),
        number: ratio,
        what: Bilingual::new(
            format!("{name} {largest:.3} t/a，是 {sector} 部门点源中位数（{median:.3} t/a）的 {ratio:.0} 倍"),
            format!(
                "{name} {largest:.3} t/a, {ratio:.0} times the median of the point sources of {sector} ({median:.3} t/a)"
            ),
        ),
        remedy: Bilingual::new(
            "检查该行的单位：kg 与 t 差 10^3",
            "Check the unit of this row: kg and t differ by 10^3",
        ),
    }
}
