//! Heat that lasts, such as that of steelworks, told from fires.

use super::fire_factors::FireFactors;
use super::nearby::Nearby;
use crate::calendar::beijing_local;
use crate::domain::fire::{FireDetection, FireReport, HeatPlace, HeatReason};
use crate::domain::grid::distance_m;
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// Detections that are not lasting heat; the others are counted by place.
pub(super) fn without_lasting_heat<'a>(
    known: Vec<&'a FireDetection>,
    factors: &FireFactors,
    stacks: &[(String, f64, f64)],
    report: &mut FireReport,
) -> Vec<&'a FireDetection> {
    let rules = &factors.lasting_heat;
    let near = |d: &FireDetection, lon: f64, lat: f64| distance_m((lon, lat), (d.lon, d.lat)) <= rules.km * 1000.0;
    let listed = |d: &FireDetection| {
        let place = rules.place.iter().find(|p| near(d, p.lon, p.lat));
        let place = place.map(|p| (HeatReason::Listed, &p.name, p.lon, p.lat));
        let stack = || stacks.iter().find(|s| near(d, s.1, s.2)).map(|s| (HeatReason::Inventory, &s.0, s.1, s.2));
        place.or_else(stack)
    };
    let days: BTreeSet<NaiveDate> = known.iter().map(|d| beijing_local(d.time).date()).collect();
    let needed = rules.days.max((rules.least_share * days.len() as f64).ceil() as usize);
    let index = (days.len() >= rules.days).then(|| {
        let mut index = Nearby::new(rules.km);
        known.iter().for_each(|d| index.insert((d.lon, d.lat), beijing_local(d.time).date()));
        index
    });
    let mut kept = Vec::new();
    let mut places: BTreeMap<(HeatReason, i64, i64), HeatPlace> = BTreeMap::new();
    for d in known.iter().copied() {
        let recurs = || {
            let days = |index: &Nearby<_>| index.around((d.lon, d.lat)).map(|(_, day)| day).collect::<BTreeSet<_>>();
            index.as_ref().is_some_and(|index| days(index).len() >= needed)
        };
        let (reason, name, lon, lat) = if let Some((reason, name, lon, lat)) = listed(d) {
            (reason, Some(name.clone()), lon, lat)
        } else if d.lasting {
            (HeatReason::Provider, None, d.lon, d.lat)
        } else if recurs() {
            (HeatReason::Recurrence, None, d.lon, d.lat)
        } else {
            kept.push(d);
            continue;
        };
        report.lasting_heat += 1;
        // places without a name are told apart to a fiftieth of a degree
        let key = (reason, (lon * 50.0).round() as i64, (lat * 50.0).round() as i64);
        places.entry(key).or_insert(HeatPlace { name, lon, lat, reason, detections: 0 }).detections += 1;
    }
    report.heat = places.into_values().collect();
    kept
}
