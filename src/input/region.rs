//! The region pack: counties, settlements and stations as TOML, joined with outlines.

use super::outlines::Outline;
use crate::domain::county::{County, Region, Settlement, in_or_near};
use crate::domain::observation::Station;
use crate::error::{Error, Result};
use geo::{BoundingRect, MultiPolygon};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegionFile {
    id: String,
    name_zh: String,
    name_en: String,
    #[serde(default)]
    other_names: Vec<String>,
    adcode: u32,
    #[serde(rename = "source")]
    _source: String,
    counties: Vec<CountyEntry>,
    #[serde(default)]
    stations: Vec<StationEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CountyEntry {
    adcode: u32,
    name_zh: String,
    name_en: String,
    seat: [f64; 2],
    settlements: Vec<SettlementEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettlementEntry {
    name_zh: String,
    lon: f64,
    lat: f64,
    population: f64,
    source: String,
    #[serde(rename = "verified")]
    _verified: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StationEntry {
    code: String,
    name_zh: String,
    lon: f64,
    lat: f64,
    adcode: u32,
}

/// A region from its TOML text and outlines, counties ordered by code; `origin` names the text in errors. Outlines of other areas
/// than the region's counties are not used.
///
/// # Errors
/// `Invalid` naming the key: unknown or missing keys, codes twice, a county without outline or settlement, a seat, settlement or
/// station that does not lie in its county, a population that is not positive, an entry without source.
pub fn read(text: &str, origin: &Path, outlines: Vec<Outline>) -> Result<Region> {
    let file: RegionFile = toml::from_str(text)
        .map_err(|e| Error::invalid(origin, "TOML", e.to_string().trim().to_owned(), "a region as documented"))?;
    let check = Check { origin };
    let mut outlines: BTreeMap<u32, MultiPolygon<f64>> = outlines.into_iter().collect();
    if file.counties.is_empty() {
        return check.refuse("counties", "none", "at least one");
    }
    let mut counties: BTreeMap<u32, County> = BTreeMap::new();
    for entry in file.counties {
        let code = entry.adcode;
        if counties.contains_key(&code) {
            return check.refuse("counties.adcode", format!("{code} twice"), "each code once");
        }
        let Some(outline) = outlines.remove(&code) else {
            return check.refuse(
                "counties.adcode",
                format!("{code} without an outline"),
                "an outline for every county",
            );
        };
        counties.insert(code, check.county(entry, outline)?);
    }
    let mut stations = Vec::with_capacity(file.stations.len());
    let mut codes = BTreeSet::new();
    for s in file.stations {
        let key = format!("stations.{}", s.code);
        if !codes.insert(s.code.clone()) {
            return check.refuse(key, "the code twice", "each code once");
        }
        let Some(county) = counties.get(&s.adcode) else {
            return check.refuse(key, format!("adcode {}", s.adcode), "a county of this region");
        };
        check.inside(&key, (s.lon, s.lat), &county.outline)?;
        stations.push(Station { code: s.code, name_zh: s.name_zh, lon: s.lon, lat: s.lat, adcode: s.adcode });
    }
    Ok(Region {
        id: file.id,
        name_zh: file.name_zh,
        name_en: file.name_en,
        other_names: file.other_names,
        adcode: file.adcode,
        counties: counties.into_values().collect(),
        stations,
    })
}

struct Check<'a> {
    origin: &'a Path,
}

impl Check<'_> {
    fn refuse<T>(&self, key: impl Into<String>, found: impl Into<String>, expected: impl Into<String>) -> Result<T> {
        Err(Error::invalid(self.origin, key, found, expected))
    }

    fn county(&self, entry: CountyEntry, outline: MultiPolygon<f64>) -> Result<County> {
        let key = format!("counties.{}", entry.adcode);
        let seat = (entry.seat[0], entry.seat[1]);
        self.inside(&format!("{key}.seat"), seat, &outline)?;
        if entry.settlements.is_empty() {
            return self.refuse(format!("{key}.settlements"), "none", "at least the seat");
        }
        let mut settlements = Vec::with_capacity(entry.settlements.len());
        for s in entry.settlements {
            let key = format!("{key}.settlements.{}", s.name_zh);
            self.inside(&key, (s.lon, s.lat), &outline)?;
            if !(s.population > 0.0 && s.population < 1e8) {
                return self.refuse(format!("{key}.population"), s.population.to_string(), "people, more than 0");
            }
            if s.source.trim().is_empty() {
                return self.refuse(format!("{key}.source"), "nothing", "where the population is from");
            }
            settlements.push(Settlement { name_zh: s.name_zh, lon: s.lon, lat: s.lat, population: s.population });
        }
        Ok(County { adcode: entry.adcode, name_zh: entry.name_zh, name_en: entry.name_en, seat, outline, settlements })
    }

    /// In the outline, or so near that one of the eight points around it is.
    fn inside(&self, key: &str, (lon, lat): (f64, f64), outline: &MultiPolygon<f64>) -> Result<()> {
        if in_or_near(outline, (lon, lat)) {
            return Ok(());
        }
        let bounds = outline.bounding_rect().map_or_else(
            || "an outline with an area".to_owned(),
            |b| {
                let (min, max) = (b.min(), b.max());
                format!("a place in the outline, longitude {}..={}, latitude {}..={}", min.x, max.x, min.y, max.y)
            },
        );
        self.refuse(key, format!("longitude {lon}, latitude {lat}"), bounds)
    }
}
