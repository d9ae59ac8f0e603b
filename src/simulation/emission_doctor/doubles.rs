//! The same emission twice: a plant both as a point and in a grid, a row copied under another id, burning in a grid and from satellites.

use super::{Ailment, Case, Finding};
use crate::domain::bilingual::Bilingual;
use crate::domain::grid::distance_m;
use crate::domain::source::{Amounts, Place, Sector, Source, Strength};
use std::collections::BTreeMap;

/// Distance [m] within which equal sources are one.
const SAME_PLACE_M: f64 = 500.0;
/// Share of a county's emission of a sector, for the grid and for the other sources, from which both count.
const SHARE: f64 = 0.05;

pub(super) fn findings(case: &Case) -> Vec<Finding> {
    let mut found = grid_and_sources(case);
    found.extend(copies(case.sources));
    found
}

fn is_gridded(source: &Source) -> bool {
    source.adcode == 0 && matches!(source.place, Place::Cell { .. } | Place::Quadrilateral { .. })
}

/// Sectors that a grid and other sources both give in the region.
fn grid_and_sources(case: &Case) -> Vec<Finding> {
    let mut own: BTreeMap<Sector, Amounts> = BTreeMap::new();
    let mut gridded: BTreeMap<Sector, bool> = BTreeMap::new();
    let add = |sum: &mut Amounts, a: &Amounts| *sum = sum.zip(*a, |x, y| x + y);
    let known = |adcode: u32| case.region.counties.iter().any(|c| c.adcode == adcode);
    let mut fires = 0;
    for source in case.sources {
        match source.strength.annual() {
            None if source.sector == Sector::Fire => fires += 1,
            None => {}
            Some(_) if is_gridded(source) => {
                gridded.insert(source.sector, true);
            }
            Some(a) if known(source.adcode) => add(own.entry(source.sector).or_default(), a),
            Some(_) => {}
        }
    }
    let mut found = Vec::new();
    for sector in gridded.keys() {
        let mut all = Amounts::default();
        case.totals.iter().filter(|t| known(t.adcode) && t.sector == *sector).for_each(|t| add(&mut all, &t.t_a));
        let listed = own.get(sector).copied().unwrap_or_default();
        let rows = all.named().into_iter().zip(listed.named());
        let both = rows.filter(|((_, all), (_, own))| *own > SHARE * all && all - own > SHARE * all);
        let worst = both.max_by(|a, b| a.1.1.total_cmp(&b.1.1));
        if let Some(((name, all), (_, own))) = worst {
            let grid = all - own;
            found.push(Finding {
                ailment: Ailment::Double,
                place: format!("{} {}, {}", case.region.adcode, case.region.name_en, sector.name()),
                number: Some(own.min(grid)),
                what: Bilingual::new(
                    format!(
                        "{} 部门 {name} 既在格点清单中（{grid:.1} t/a），又作为点源或县总量给出（{own:.1} t/a）",
                        sector.name()
                    ),
                    format!(
                        "{name} of {} both in a grid ({grid:.1} t/a) and as points or county totals ({own:.1} t/a)",
                        sector.name()
                    ),
                ),
                remedy: Bilingual::new(
                    "从格点清单中去掉该部门，或去掉本地源",
                    "Leave the sector out of the gridded inventory, or leave out the local sources",
                ),
            });
        }
    }
    if fires > 0 && gridded.contains_key(&Sector::Fire) {
        found.push(Finding {
            ailment: Ailment::Double,
            place: "fire".into(),
            number: Some(f64::from(fires)),
            what: Bilingual::new(
                format!("露天焚烧既在格点清单中，又有 {fires} 个卫星火点"),
                format!("open burning both in a grid and as {fires} fires seen from satellites"),
            ),
            remedy: Bilingual::new("从格点清单中去掉焚烧部门", "Leave the burning sector out of the gridded inventory"),
        });
    }
    found
}

/// Points of one sector with equal amounts at one place, and with one name or the very same chimney.
fn copies(sources: &[Source]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut seen: BTreeMap<(Sector, Vec<u64>), Vec<&Source>> = BTreeMap::new();
    for source in sources {
        let (Place::Point { lon, lat, .. }, Strength::Annual(a)) = (&source.place, &source.strength) else { continue };
        if *a == Amounts::default() {
            continue;
        }
        let key = (source.sector, a.named().iter().map(|(_, v)| v.to_bits()).collect());
        let others = seen.entry(key).or_default();
        let near = others.iter().find(|other| match other.place {
            // boilers of one kind stand side by side in many heating plants
            Place::Point { lon: x, lat: y, .. } => {
                distance_m((x, y), (*lon, *lat)) < SAME_PLACE_M
                    && (other.name == source.name || other.place == source.place)
            }
            _ => false,
        });
        if let Some(other) = near {
            found.push(Finding {
                ailment: Ailment::Double,
                place: format!("{} {}", source.id, source.name),
                number: None,
                what: Bilingual::new(
                    format!("与 {} 同部门、同位置、同排放量", other.id),
                    format!("the same sector, place and amounts as {}", other.id),
                ),
                remedy: Bilingual::new("删去其中一行", "Remove one of the two rows"),
            });
        }
        others.push(source);
    }
    found
}
