//! Satellite detections -> fires -> sources: radiative power over the hours of the day, with persistence into the forecast.

use super::fire_factors::{FireFactors, LandFactors};
use super::fire_heat::without_lasting_heat;
use super::fire_place::{FirePlace, hours, places_of};
use crate::calendar::{beijing_hour_of_day, beijing_local};
use crate::domain::fire::{CountyFires, Fire, FireDetection, FireReport};
use crate::domain::source::{Amounts, Place, Sector, Source, Strength};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use std::collections::BTreeMap;

/// Parts of an hour in which the power is worked out.
const PARTS: i64 = 6;
/// Least share of a fire that is still followed into the forecast days.
const LEAST_SHARE: f64 = 0.01;

/// What fires are judged by beside the factors.
pub struct FireScene<'a> {
    /// Places of the inventory whose heat is no fire: name, degrees east and north.
    pub stacks: &'a [(String, f64, f64)],
    /// Code of the county at a longitude and latitude; `None` outside the region.
    pub county: &'a dyn Fn(f64, f64) -> Option<u32>,
    /// What is seen later is unknown when the forecast is made.
    pub cycle: DateTime<Utc>,
    pub forecast_end: DateTime<Utc>,
}

/// Sources made from fires, the fires, and what became of every detection. The report lacks what only the rules know: forbidden fires.
#[derive(Debug, Clone, PartialEq)]
pub struct FireSources {
    pub sources: Vec<Source>,
    /// By their first time and place, as the sources.
    pub fires: Vec<Fire>,
    pub report: FireReport,
}

/// Fires known at the cycle and their sources.
///
/// Detections of one place are one fire, whatever saw them, and satellites do not add up (see [`super::fire_place`]): an hour takes the
/// power nearest in time, scaled by the diurnal cycle. An hour after the cycle that no look reaches takes the power of the same hour one or
/// more days before, weaker by `persistence_per_day` for each, where the fire was seen within `lookback_hours`.
pub fn sources_from_fires(detections: &[FireDetection], factors: &FireFactors, scene: &FireScene) -> FireSources {
    let mut report = FireReport {
        detections: detections.len(),
        persistence_per_day: factors.persistence_per_day,
        lookback_hours: factors.lookback_hours,
        ..FireReport::default()
    };
    let mut known = Vec::new();
    for d in detections {
        if !(d.frp_mw.is_finite() && d.frp_mw > 0.0 && d.lon.is_finite() && d.lat.is_finite()) {
            report.unusable += 1;
        } else if d.time > scene.cycle {
            report.after_cycle += 1;
        } else {
            known.push(d);
        }
    }
    let burning = without_lasting_heat(known, factors, scene.stacks, &mut report);
    let usable: Vec<&FireDetection> =
        burning.into_iter().filter(|d| d.confidence >= factors.minimum_confidence).collect();
    report.low_confidence =
        detections.len() - usable.len() - report.unusable - report.after_cycle - report.lasting_heat;
    let seen = places_of(usable, factors, &mut report.duplicates);
    report.fires = seen.len();
    report.days = county_days(&seen, scene.county);
    let mut out = FireSources { sources: Vec::new(), fires: Vec::new(), report };
    for (n, fire) in seen.iter().enumerate() {
        let d = fire.strongest;
        let adcode = (scene.county)(d.lon, d.lat).unwrap_or(0);
        let land = d.land.or_else(|| fire.looks.iter().find_map(|l| l.land)).unwrap_or(factors.default_land);
        let (first, last) = (fire.looks[0], fire.looks[fire.looks.len() - 1]);
        out.fires.push(Fire {
            lon: d.lon,
            lat: d.lat,
            adcode,
            first: first.time,
            last: last.time,
            frp_mw: fire.overpasses.iter().map(|o| o.frp_mw).fold(0.0, f64::max),
            land,
            satellite: first.satellite.clone(),
        });
        out.sources.push(Source {
            id: format!("fire-{}-{n}", first.time.format("%Y%m%dT%H%MZ")),
            name: format!("{} {:.4}E {:.4}N", d.satellite, d.lon, d.lat),
            sector: Sector::Fire,
            adcode,
            place: Place::Point { lon: d.lon, lat: d.lat, stack: None },
            strength: hours_of(fire, factors, factors.of(land), scene),
            changes: Vec::new(),
        });
    }
    out
}

/// Rates of a fire from the hour in which it may have begun to the end of the forecast, without what is zero at the end.
fn hours_of(fire: &FirePlace, factors: &FireFactors, land: &LandFactors, scene: &FireScene) -> Strength {
    let half = hours(land.half_window_hours);
    let begin = fire.powers[0].time - half;
    let from = begin - Duration::seconds(begin.timestamp().rem_euclid(3600));
    let count = (scene.forecast_end - from).num_hours().max(0);
    let mut kg_s: Vec<Amounts> = (0..count)
        .map(|hour| {
            let start = from + Duration::hours(hour);
            let part = |k: i64| start + Duration::seconds(3600 * (2 * k + 1) / (2 * PARTS));
            let power: f64 = (0..PARTS).map(|k| power_at(fire, part(k), half, factors, scene.cycle)).sum();
            land.rate_kg_s(power / PARTS as f64)
        })
        .collect();
    let last = kg_s.iter().rposition(|a| *a != Amounts::default()).map_or(0, |i| i + 1);
    kg_s.truncate(last);
    Strength::Hourly { from, kg_s }
}

/// Power [MW] of a fire at an instant.
fn power_at(fire: &FirePlace, t: DateTime<Utc>, half: Duration, factors: &FireFactors, cycle: DateTime<Utc>) -> f64 {
    let seen = |t: DateTime<Utc>, since: Option<DateTime<Utc>>| {
        let powers = fire.powers.iter().filter(|p| (t - p.time).abs() <= half && since.is_none_or(|s| p.time > s));
        let nearest = powers.min_by_key(|p| (t - p.time).abs())?;
        Some(nearest.frp_mw * factors.diurnal.scaling(beijing_hour_of_day(t), beijing_hour_of_day(nearest.time)))
    };
    if let Some(power) = seen(t, None) {
        return power;
    }
    if t <= cycle {
        return 0.0;
    }
    let since = cycle - hours(factors.lookback_hours);
    let mut share = factors.persistence_per_day;
    let mut day = 1;
    while share > LEAST_SHARE {
        let before = t - Duration::days(day);
        if let Some(power) = seen(before, Some(since)) {
            return share * power;
        }
        if before < since - half {
            break;
        }
        share *= factors.persistence_per_day;
        day += 1;
    }
    0.0
}

/// Counts by county and Beijing day.
fn county_days(seen: &[FirePlace], county: &dyn Fn(f64, f64) -> Option<u32>) -> Vec<CountyFires> {
    let mut days: BTreeMap<(u32, NaiveDate), CountyFires> = BTreeMap::new();
    for fire in seen {
        let adcode = county(fire.strongest.lon, fire.strongest.lat).unwrap_or(0);
        let mut by_day: BTreeMap<NaiveDate, (usize, f64)> = BTreeMap::new();
        for overpass in &fire.overpasses {
            let of_day = by_day.entry(beijing_local(overpass.time).date()).or_default();
            *of_day = (of_day.0 + overpass.pixels, of_day.1.max(overpass.frp_mw));
        }
        for (day, (detections, frp_mw)) in by_day {
            let none = CountyFires { adcode, day, detections: 0, fires: 0, frp_mw: 0.0, banned: 0 };
            let sum = days.entry((adcode, day)).or_insert(none);
            sum.detections += detections;
            sum.fires += 1;
            sum.frp_mw += frp_mw;
        }
    }
    days.into_values().collect()
}
