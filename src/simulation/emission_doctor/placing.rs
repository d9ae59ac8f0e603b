//! Where sources lie, and whether what is emitted is what was given.

use super::super::emission_placement::EmissionField;
use super::super::plume::standard_height;
use super::{Ailment, Case, Finding};
use crate::domain::bilingual::Bilingual;
use crate::domain::county::in_or_near;
use crate::domain::grid::distance_m;
use crate::domain::source::{Place, Source};
use crate::domain::species::Species;
use chrono::{DateTime, Utc};

/// Largest relative difference between what is given and what is emitted and outside.
const MASS_TOLERANCE: f64 = 1e-6;
/// An hour of a winter Monday [s since 1970]: 2026-01-19T00Z.
const EXAMPLE_HOUR: i64 = 1_768_780_800;

pub(super) fn findings(case: &Case) -> Vec<Finding> {
    let mut found: Vec<Finding> = case.sources.iter().filter_map(|s| outside_county(case, s)).collect();
    found.extend(mass(case));
    found
}

fn outside_county(case: &Case, source: &Source) -> Option<Finding> {
    let Place::Point { lon, lat, .. } = source.place else { return None };
    let county = case.region.counties.iter().find(|c| c.adcode == source.adcode)?;
    if in_or_near(&county.outline, (lon, lat)) {
        return None;
    }
    let there = case.region.counties.iter().find(|c| in_or_near(&c.outline, (lon, lat)));
    let (zh, en) = there.map_or(("各县之外", "no county"), |c| (&c.name_zh, &c.name_en));
    let away = distance_m(county.seat, (lon, lat)) * 1e-3;
    Some(Finding {
        ailment: Ailment::OutsideCounty,
        place: format!("{} {}", source.id, source.name),
        number: away,
        what: Bilingual::new(
            format!("{lon} E {lat} N 不在 {}（距县城 {away:.0} km），而在 {zh}", county.name_zh),
            format!("{lon} E {lat} N, not in {} ({away:.0} km from its seat) but in {en}", county.name_en),
        ),
        remedy: Bilingual::new(
            "检查经纬度（是否颠倒）和县代码",
            "Check longitude and latitude (swapped?) and the county code",
        ),
    })
}

/// One hour's field against the sum over the sources.
fn mass(case: &Case) -> Option<Finding> {
    let start = DateTime::<Utc>::from_timestamp(EXAMPLE_HOUR, 0)?;
    let mut field = EmissionField::new(case.grid, case.placement.layers());
    case.placement.rate(case.model, case.sources, start, &|_, stack| standard_height(stack), &mut field);
    let mut given = [0.0; Species::COUNT];
    case.placement.each_rate(case.model, case.sources, start, &mut |i, species| {
        let inside = case.placement.inside(i);
        given.iter_mut().zip(species).for_each(|(sum, rate)| *sum += inside * rate);
    });
    let emitted: Vec<f64> =
        field.rate_kg_s.outer_iter().map(|plane| plane.iter().map(|v| f64::from(*v)).sum()).collect();
    let off = |s: &Species| {
        let (given, emitted) = (given[s.index()], emitted[s.index()]);
        if given == emitted { 0.0 } else { emitted / given - 1.0 }
    };
    let worst = Species::ALL.into_iter().max_by(|a, b| off(a).abs().total_cmp(&off(b).abs()))?;
    let error = off(&worst);
    (error.abs() > MASS_TOLERANCE || error.is_nan()).then(|| Finding {
        ailment: Ailment::Mass,
        place: worst.name().into(),
        number: error,
        what: Bilingual::new(
            format!("网格上的排放 {:.9} kg/s，清单为 {:.9} kg/s", emitted[worst.index()], given[worst.index()]),
            format!(
                "{:.9} kg/s on the grid, {:.9} kg/s in the inventory",
                emitted[worst.index()],
                given[worst.index()]
            ),
        ),
        remedy: Bilingual::new("请连同清单报告此问题", "Please report this with the inventory"),
    })
}
