//! Satellite fire detections -> sources: fire radiative power -> dry matter -> emissions, with persistence into the forecast.

use crate::domain::grid::distance_m;
use crate::domain::observation::FireDetection;
use crate::domain::source::{Amounts, Place, Sector, Source, Strength};
use crate::error::{Error, Result};
use chrono::{DateTime, Duration, Utc};
use serde::Deserialize;
use std::path::Path;

/// Molar mass ratio NO2 / NO, by which NO becomes NOx as NO2 (46.006 / 30.006).
const NO2_PER_NO: f64 = 46.006 / 30.006;

/// Parameters of `models/fires.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FireFactors {
    /// Dry matter burnt per radiative energy [kg MJ-1] (Wooster et al. 2005: 0.368).
    pub dry_matter_kg_mj: f64,
    /// Detections below are not used, 0 ..= 1.
    pub minimum_confidence: f64,
    /// A fire burns at constant power so long before and after its overpass [h]; an estimate.
    pub half_window_hours: f64,
    /// Age before the cycle up to which a detection persists into the forecast days [h].
    pub lookback_hours: f64,
    /// Share of the day before that burns on each further day, 0 ..= 1; an estimate.
    pub persistence_per_day: f64,
    /// A detection within this distance [km] and time [h] of a stronger one is the same fire.
    pub same_fire_km: f64,
    pub same_fire_hours: f64,
    pub source: String,
    pub verified: bool,
    pub factors_g_kg: EmissionFactors,
}

/// Emission per dry matter [g kg-1].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmissionFactors {
    pub so2: f64,
    /// NO as NO.
    pub no: f64,
    pub co: f64,
    pub nh3: f64,
    pub nmvoc: f64,
    pub pm25: f64,
    pub pm10: f64,
    pub bc: f64,
    pub oc: f64,
    pub source: String,
    pub verified: bool,
}

/// Sources made from fires, and what became of every other detection.
#[derive(Debug, Clone, PartialEq)]
pub struct FireSources {
    pub sources: Vec<Source>,
    /// Detections that stand for a fire of their own.
    pub fires: usize,
    /// Not used: confidence below the minimum.
    pub low_confidence: usize,
    /// Not used: no positive finite power, or no position.
    pub unusable: usize,
    /// Not used: seen after the cycle, so unknown when the forecast is made.
    pub after_cycle: usize,
    /// Counted with a stronger detection of the same fire.
    pub duplicates: usize,
}

impl FireFactors {
    /// The parameters from the text of `models/fires.toml`; `origin` is the path shown in errors.
    ///
    /// # Errors
    /// `Invalid` naming the field that is unknown, missing, negative or outside its range.
    pub fn from_toml(text: &str, origin: impl AsRef<Path>) -> Result<Self> {
        let origin = origin.as_ref();
        let f: Self = toml::from_str(text)
            .map_err(|e| Error::invalid(origin, "TOML", e.to_string().trim().to_owned(), "fire parameters"))?;
        let invalid = |field: &str, v: f64, expected: &str| Err(Error::invalid(origin, field, v.to_string(), expected));
        let e = &f.factors_g_kg;
        for (field, v) in [
            ("dry_matter_kg_mj", f.dry_matter_kg_mj),
            ("half_window_hours", f.half_window_hours),
            ("lookback_hours", f.lookback_hours),
            ("same_fire_km", f.same_fire_km),
            ("same_fire_hours", f.same_fire_hours),
            ("factors_g_kg.so2", e.so2),
            ("factors_g_kg.no", e.no),
            ("factors_g_kg.co", e.co),
            ("factors_g_kg.nh3", e.nh3),
            ("factors_g_kg.nmvoc", e.nmvoc),
            ("factors_g_kg.pm25", e.pm25),
            ("factors_g_kg.pm10", e.pm10),
            ("factors_g_kg.bc", e.bc),
            ("factors_g_kg.oc", e.oc),
        ] {
            if !(v.is_finite() && v >= 0.0) {
                return invalid(field, v, "a finite number >= 0");
            }
        }
        for (field, v) in [("minimum_confidence", f.minimum_confidence), ("persistence_per_day", f.persistence_per_day)]
        {
            if !(0.0..=1.0).contains(&v) {
                return invalid(field, v, "0 ..= 1");
            }
        }
        if !(f.half_window_hours > 0.0 && f.half_window_hours <= 12.0) {
            return invalid("half_window_hours", f.half_window_hours, "above 0 and at most 12, or days overlap");
        }
        if e.pm10 < e.pm25 {
            return invalid("factors_g_kg.pm10", e.pm10, "at least pm25");
        }
        if e.bc + e.oc > e.pm25 {
            return invalid("factors_g_kg.oc", e.oc, "bc + oc at most pm25");
        }
        for (field, s) in [("source", &f.source), ("factors_g_kg.source", &e.source)] {
            if s.trim().is_empty() {
                return Err(Error::invalid(origin, field, "nothing", "where the numbers come from"));
            }
        }
        Ok(f)
    }

    /// Emission rate [kg s-1] of a fire of radiative power `frp_mw` [MW]:
    /// `rate = frp * dry_matter * factor`, with MW = MJ s-1.
    ///
    /// # Reference
    /// Wooster, M. J., et al. (2005), J. Geophys. Res. 110, D24311.
    pub fn rate_kg_s(&self, frp_mw: f64) -> Amounts {
        let e = &self.factors_g_kg;
        let dry_matter_kg_s = frp_mw * self.dry_matter_kg_mj;
        let factors = Amounts {
            so2: e.so2,
            nox: e.no * NO2_PER_NO,
            co: e.co,
            nh3: e.nh3,
            nmvoc: e.nmvoc,
            pm25: e.pm25,
            pm10: e.pm10,
            bc: e.bc,
            oc: e.oc,
        };
        factors.zip(Amounts::all(dry_matter_kg_s / 1000.0), |f, d| f * d)
    }
}

/// Sources of the fires known at `cycle`: each burns around its overpass, and those of the last `lookback_hours` again on the following days
/// at the same hours, weaker by `persistence_per_day`, until `forecast_end`. `county` gives the code of the county at a longitude and
/// latitude, `None` outside the region (code 0).
///
/// Overpasses more than `same_fire_hours` apart are separate fires even at one place, so a field seen by two satellites in one afternoon
/// may count for the overlap of both windows.
pub fn sources_from_fires(
    detections: &[FireDetection],
    factors: &FireFactors,
    county: &dyn Fn(f64, f64) -> Option<u32>,
    cycle: DateTime<Utc>,
    forecast_end: DateTime<Utc>,
) -> FireSources {
    let mut out =
        FireSources { sources: Vec::new(), fires: 0, low_confidence: 0, unusable: 0, after_cycle: 0, duplicates: 0 };
    let mut usable = Vec::new();
    for d in detections {
        if !(d.frp_mw.is_finite() && d.frp_mw > 0.0 && d.lon.is_finite() && d.lat.is_finite()) {
            out.unusable += 1;
        } else if !(d.confidence >= factors.minimum_confidence) {
            out.low_confidence += 1;
        } else if d.time > cycle {
            out.after_cycle += 1;
        } else {
            usable.push(d);
        }
    }
    let fires = strongest_of_each(usable, factors, &mut out.duplicates);
    out.fires = fires.len();
    let half = hours(factors.half_window_hours);
    for (n, d) in fires.into_iter().enumerate() {
        let persists = d.time > cycle - hours(factors.lookback_hours);
        let mut day = 0;
        let mut share = 1.0;
        while day == 0 || (persists && share > 0.01) {
            let middle = d.time + Duration::days(day);
            let (from, to) = (middle - half, middle + half);
            if from >= forecast_end {
                break;
            }
            out.sources.push(Source {
                id: format!("fire-{}-{n}-day{day}", d.time.format("%Y%m%dT%H%MZ")),
                name: format!("{} {:.4}E {:.4}N", d.satellite, d.lon, d.lat),
                sector: Sector::Fire,
                adcode: county(d.lon, d.lat).unwrap_or(0),
                place: Place::Point { lon: d.lon, lat: d.lat, stack: None },
                strength: Strength::Rate { kg_s: factors.rate_kg_s(share * d.frp_mw), from, to: to.min(forecast_end) },
                changes: Vec::new(),
            });
            day += 1;
            share *= factors.persistence_per_day;
        }
    }
    out
}

/// The strongest detection of each fire, ordered by time and place: from the strongest downward, each is kept unless a kept one is near.
/// Comparing with kept ones only, a long front of fires does not shrink to one.
fn strongest_of_each<'a>(
    mut detections: Vec<&'a FireDetection>,
    factors: &FireFactors,
    duplicates: &mut usize,
) -> Vec<&'a FireDetection> {
    let place = |d: &FireDetection| (d.time, (d.lon * 1e5) as i64, (d.lat * 1e5) as i64);
    detections.sort_by(|a, b| {
        b.frp_mw.total_cmp(&a.frp_mw).then_with(|| place(a).cmp(&place(b))).then_with(|| a.satellite.cmp(&b.satellite))
    });
    let time_ms = hours(factors.same_fire_hours).num_milliseconds();
    // bins of latitude as wide as the distance: near fires are in the same or the next bin
    let width_deg = (factors.same_fire_km / 110.0).max(1e-3);
    let bin = |lat: f64| (lat / width_deg).floor() as i64;
    let mut kept: std::collections::BTreeMap<i64, Vec<&FireDetection>> = std::collections::BTreeMap::new();
    for d in detections {
        let b = bin(d.lat);
        let same = kept.range(b - 1..=b + 1).flat_map(|(_, list)| list).any(|k| {
            (k.time - d.time).num_milliseconds().abs() <= time_ms
                && distance_m((k.lon, k.lat), (d.lon, d.lat)) <= factors.same_fire_km * 1000.0
        });
        if same {
            *duplicates += 1;
        } else {
            kept.entry(b).or_default().push(d);
        }
    }
    let mut fires: Vec<&FireDetection> = kept.into_values().flatten().collect();
    fires.sort_by_key(|d| place(d));
    fires
}

fn hours(h: f64) -> Duration {
    Duration::milliseconds((h * 3_600_000.0).round() as i64)
}
