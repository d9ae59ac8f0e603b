//! Points outside the county that they name.

use super::{Ailment, Case, Finding};
use crate::domain::bilingual::Bilingual;
use crate::domain::county::in_or_near;
use crate::domain::grid::distance_m;
use crate::domain::source::{Place, Source};

pub(super) fn findings(case: &Case) -> Vec<Finding> {
    case.sources.iter().filter_map(|s| outside_county(case, s)).collect()
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
        number: Some(away),
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
