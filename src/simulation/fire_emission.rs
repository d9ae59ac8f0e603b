//! Satellite detections -> fires -> sources: radiative power over the hours of the day, with persistence into the forecast.

use super::fire_factors::{FireFactors, LandFactors};
use crate::calendar::beijing_local;
use crate::domain::fire::{CountyFires, Fire, FireDetection, FireReport, HeatPlace, HeatReason};
use crate::domain::grid::distance_m;
use crate::domain::source::{Amounts, Place, Sector, Source, Strength};
use chrono::{DateTime, Duration, NaiveDate, Timelike, Utc};
use std::collections::{BTreeMap, BTreeSet};

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

/// Detections of one place, each of another time, by time.
struct Seen<'a> {
    /// The strongest, which gives the place.
    strongest: &'a FireDetection,
    anchors: Vec<&'a FireDetection>,
    /// All detections of it, duplicates among them, by satellite and time.
    looks: Vec<&'a FireDetection>,
}

/// Fires known at the cycle and their sources.
///
/// Detections of one place are one fire, whatever saw them: an hour takes the power of the detection nearest in time, scaled by the diurnal
/// cycle, so that several satellites that see a field in one afternoon do not add up. An hour after the cycle that no detection reaches
/// takes the power of the same hour one or more days before, weaker by `persistence_per_day` for each, where the fire was seen within
/// `lookback_hours`. Neighbouring pixels of one overpass are fires of their own.
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
    let seen = fires_of(usable, factors, &mut report.duplicates);
    report.fires = seen.len();
    report.days = county_days(&seen, scene.county);
    let mut out = FireSources { sources: Vec::new(), fires: Vec::new(), report };
    for (n, fire) in seen.iter().enumerate() {
        let d = fire.strongest;
        let adcode = (scene.county)(d.lon, d.lat).unwrap_or(0);
        let land = d.land.or_else(|| fire.looks.iter().find_map(|l| l.land)).unwrap_or(factors.default_land);
        let first = fire.anchors[0];
        out.fires.push(Fire {
            lon: d.lon,
            lat: d.lat,
            adcode,
            first: first.time,
            last: fire.anchors[fire.anchors.len() - 1].time,
            frp_mw: d.frp_mw,
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
fn hours_of(fire: &Seen, factors: &FireFactors, land: &LandFactors, scene: &FireScene) -> Strength {
    let half = hours(land.half_window_hours);
    let begin = fire.anchors[0].time - half;
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
fn power_at(fire: &Seen, t: DateTime<Utc>, half: Duration, factors: &FireFactors, cycle: DateTime<Utc>) -> f64 {
    let seen = |t: DateTime<Utc>, since: Option<DateTime<Utc>>| {
        let anchors = fire.anchors.iter().filter(|a| (t - a.time).abs() <= half && since.is_none_or(|s| a.time > s));
        let nearest = anchors.min_by_key(|a| (t - a.time).abs())?;
        Some(nearest.frp_mw * factors.diurnal.scaling(local_hour(t), local_hour(nearest.time)))
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

/// Detections that are not lasting heat; the others are counted by place.
fn without_lasting_heat<'a>(
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
    let index = (days.len() >= rules.days).then(|| Nearby::new(&known, rules.km));
    let mut kept = Vec::new();
    let mut places: BTreeMap<(HeatReason, i64, i64), HeatPlace> = BTreeMap::new();
    for d in known.iter().copied() {
        let recurs = || {
            let near = index.as_ref().map(|index| index.around(d)).unwrap_or_default();
            near.iter().map(|o| beijing_local(o.time).date()).collect::<BTreeSet<_>>().len() >= needed
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

/// Detections by bands of latitude as wide as a distance: near ones are in the same or the next band.
struct Nearby<'a> {
    km: f64,
    bands: BTreeMap<i64, Vec<&'a FireDetection>>,
}

impl<'a> Nearby<'a> {
    fn new(all: &[&'a FireDetection], km: f64) -> Self {
        let mut nearby = Self { km, bands: BTreeMap::new() };
        for d in all {
            nearby.bands.entry(band(d.lat, km)).or_default().push(d);
        }
        nearby
    }

    fn around(&self, d: &FireDetection) -> Vec<&'a FireDetection> {
        let b = band(d.lat, self.km);
        let near = |o: &&FireDetection| distance_m((o.lon, o.lat), (d.lon, d.lat)) <= self.km * 1000.0;
        self.bands.range(b - 1..=b + 1).flat_map(|(_, list)| list.iter().copied()).filter(near).collect()
    }
}

fn band(lat: f64, km: f64) -> i64 {
    (lat / (km / 110.0).max(1e-3)).floor() as i64
}

/// The fires that detections stand for, by time and place: from the strongest downward, each detection belongs to the nearest fire whose
/// strongest is near, unless one overpass saw both. Comparing with the strongest only, a long front of fires does not shrink to one.
fn fires_of<'a>(
    mut detections: Vec<&'a FireDetection>,
    factors: &FireFactors,
    duplicates: &mut usize,
) -> Vec<Seen<'a>> {
    let place = |d: &FireDetection| (d.time, (d.lon * 1e5) as i64, (d.lat * 1e5) as i64);
    detections.sort_by(|a, b| {
        b.frp_mw.total_cmp(&a.frp_mw).then_with(|| place(a).cmp(&place(b))).then_with(|| a.satellite.cmp(&b.satellite))
    });
    let apart = |a: &FireDetection, b: &FireDetection| distance_m((a.lon, a.lat), (b.lon, b.lat));
    let mut fires: Vec<Seen> = Vec::new();
    let mut bands: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for d in detections {
        let b = band(d.lat, factors.same_fire_km);
        let near = bands.range(b - 1..=b + 1).flat_map(|(_, list)| list.iter().copied()).filter(|&i| {
            apart(fires[i].strongest, d) <= factors.same_fire_km * 1000.0
                && !fires[i].looks.iter().any(|l| l.time == d.time && l.satellite == d.satellite)
        });
        let nearest = near.min_by(|&i, &j| apart(fires[i].strongest, d).total_cmp(&apart(fires[j].strongest, d)));
        let Some(i) = nearest else {
            bands.entry(b).or_default().push(fires.len());
            fires.push(Seen { strongest: d, anchors: vec![d], looks: vec![d] });
            continue;
        };
        fires[i].looks.push(d);
        if fires[i].anchors.iter().any(|a| (a.time - d.time).abs() <= hours(factors.same_fire_hours)) {
            *duplicates += 1;
        } else {
            fires[i].anchors.push(d);
        }
    }
    for fire in &mut fires {
        fire.anchors.sort_by_key(|d| place(d));
    }
    fires.sort_by_key(|f| (f.anchors[0].time, place(f.strongest)));
    fires
}

/// Counts by county and Beijing day.
fn county_days(seen: &[Seen], county: &dyn Fn(f64, f64) -> Option<u32>) -> Vec<CountyFires> {
    let mut days: BTreeMap<(u32, NaiveDate), CountyFires> = BTreeMap::new();
    for fire in seen {
        let adcode = county(fire.strongest.lon, fire.strongest.lat).unwrap_or(0);
        let mut by_day: BTreeMap<NaiveDate, (usize, f64)> = BTreeMap::new();
        for look in &fire.looks {
            let of_day = by_day.entry(beijing_local(look.time).date()).or_default();
            *of_day = (of_day.0 + 1, of_day.1.max(look.frp_mw));
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

fn hours(h: f64) -> Duration {
    Duration::milliseconds((h * 3_600_000.0).round() as i64)
}

/// Beijing hour of the day, 0 .. 24.
fn local_hour(t: DateTime<Utc>) -> f64 {
    f64::from(beijing_local(t).num_seconds_from_midnight()) / 3600.0
}
