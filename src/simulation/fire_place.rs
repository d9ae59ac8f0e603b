//! Detections of one place, whatever saw them, and the power that they say together.
//!
//! Satellites see one fire with pixels of other sizes at other minutes: neither all pixels nor all overpasses may add up. The pixels of one
//! overpass at a place do; of overpasses within the same hours the power is the mean over the satellites, of each satellite the mean over
//! its overpasses. One overpass alone keeps its power whatever the places are. A satellite that saw no fire is not in the mean, as the files
//! do not tell clouds from the end of a fire.
//!
//! # Reference
//! The mean over satellites in place of their sum: Kaiser, J. W., et al. (2012), Biogeosciences 9, 527-554 (there per cell of 0.1 to 0.5
//! degrees and weighted by observed area).

use super::fire_factors::FireFactors;
use super::nearby::Nearby;
use crate::calendar::beijing_hour_of_day;
use crate::domain::fire::FireDetection;
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeMap;

/// Detections of one place.
pub(super) struct FirePlace<'a> {
    /// The strongest, which gives the position.
    pub strongest: &'a FireDetection,
    /// All of them, by time.
    pub looks: Vec<&'a FireDetection>,
    /// By time.
    pub overpasses: Vec<Overpass<'a>>,
    /// What the overpasses say together, by time.
    pub powers: Vec<Power>,
}

/// What one satellite saw of a place at one time.
pub(super) struct Overpass<'a> {
    pub satellite: &'a str,
    /// Of its first pixel.
    pub time: DateTime<Utc>,
    /// Sum of its pixels [MW].
    pub frp_mw: f64,
    pub pixels: usize,
}

/// Power of a place at an instant.
pub(super) struct Power {
    pub time: DateTime<Utc>,
    pub frp_mw: f64,
}

/// The places of detections, by their first time. The strongest pixels that lie apart are the places, and each pixel belongs to the nearest:
/// a long front of fires does not shrink to one. Counts the pixels of overpasses that share their hours with a stronger one.
pub(super) fn places_of<'a>(
    mut detections: Vec<&'a FireDetection>,
    factors: &FireFactors,
    duplicates: &mut usize,
) -> Vec<FirePlace<'a>> {
    let degrees = |d: &FireDetection| (d.lon, d.lat);
    let order = |d: &FireDetection| (d.time, (d.lon * 1e5) as i64, (d.lat * 1e5) as i64);
    detections.sort_by(|a, b| {
        let tie = || order(a).cmp(&order(b)).then_with(|| a.satellite.cmp(&b.satellite));
        b.frp_mw.total_cmp(&a.frp_mw).then_with(tie)
    });
    let mut index = Nearby::new(factors.same_fire_km);
    let mut of_place: Vec<Vec<&FireDetection>> = Vec::new();
    for d in &detections {
        if index.around(degrees(d)).next().is_none() {
            index.insert(degrees(d), of_place.len());
            of_place.push(Vec::new());
        }
    }
    for d in &detections {
        let nearest = index.around(degrees(d)).min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        if let Some((_, place)) = nearest {
            of_place[place].push(d);
        }
    }
    let mut places: Vec<FirePlace> = of_place.into_iter().map(|looks| place_of(looks, factors, duplicates)).collect();
    places.sort_by_key(|p| (p.looks[0].time, order(p.strongest)));
    places
}

/// A place from its detections, the strongest first.
fn place_of<'a>(mut looks: Vec<&'a FireDetection>, factors: &FireFactors, duplicates: &mut usize) -> FirePlace<'a> {
    let strongest = looks[0];
    looks.sort_by_key(|d| d.time);
    let overpasses = overpasses(&looks, Duration::seconds((60.0 * factors.overpass_minutes) as i64));
    let mut by_power: Vec<&Overpass> = overpasses.iter().collect();
    by_power.sort_by(|a, b| b.frp_mw.total_cmp(&a.frp_mw).then(a.time.cmp(&b.time)));
    let mut powers = Vec::new();
    while let Some(first) = by_power.first().copied() {
        let near = |o: &&Overpass| (o.time - first.time).abs() <= hours(factors.same_fire_hours);
        let (together, others): (Vec<&Overpass>, Vec<&Overpass>) = by_power.into_iter().partition(near);
        let hour = beijing_hour_of_day(first.time);
        let mut by_satellite: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for o in &together {
            let then = o.frp_mw * factors.diurnal.scaling(hour, beijing_hour_of_day(o.time));
            by_satellite.entry(o.satellite).or_default().push(then);
        }
        let of_satellites: Vec<f64> = by_satellite.values().map(|list| mean(list)).collect();
        powers.push(Power { time: first.time, frp_mw: mean(&of_satellites) });
        *duplicates += together[1..].iter().map(|o| o.pixels).sum::<usize>();
        by_power = others;
    }
    powers.sort_by_key(|p| p.time);
    FirePlace { strongest, looks, overpasses, powers }
}

/// Looks of a satellite within `lasting` of its first are one overpass: a place may lie in two granules.
fn overpasses<'a>(looks: &[&'a FireDetection], lasting: Duration) -> Vec<Overpass<'a>> {
    let mut out: Vec<Overpass> = Vec::new();
    for d in looks {
        let open = out.iter_mut().rev().find(|o| o.satellite == d.satellite && d.time - o.time <= lasting);
        if let Some(o) = open {
            o.frp_mw += d.frp_mw;
            o.pixels += 1;
        } else {
            out.push(Overpass { satellite: &d.satellite, time: d.time, frp_mw: d.frp_mw, pixels: 1 });
        }
    }
    out
}

fn mean(list: &[f64]) -> f64 {
    list.iter().sum::<f64>() / list.len() as f64
}

pub(super) fn hours(h: f64) -> Duration {
    Duration::milliseconds((h * 3_600_000.0).round() as i64)
}
