//! Outlines of administrative areas as GeoJSON (RFC 7946): a `FeatureCollection` whose features are a `Polygon` or `MultiPolygon`
//! and carry their code as the property `adcode`, a number or a string of digits. Other properties are not looked at.

use crate::error::{Error, Result};
use geo::{Area, Coord, LineString, MultiPolygon, Polygon};
use geojson::{Feature, GeoJson, GeometryValue, Position};
use std::path::Path;

/// Outline and code of one area, WGS-84 degrees.
pub type Outline = (u32, MultiPolygon<f64>);

/// Reads a file of outlines, in the order of the file.
///
/// # Errors
/// `Missing` without the file, `Io` when it cannot be read, `Format` as in [`parse`].
pub fn read(path: &Path) -> Result<Vec<Outline>> {
    let text = std::fs::read_to_string(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => {
            Error::missing("the file of outlines", path, "Put the file there or correct the path in the configuration")
        }
        std::io::ErrorKind::InvalidData => refuse(path, "the file", "bytes that are not UTF-8", "GeoJSON in UTF-8"),
        _ => Error::io(path, e),
    })?;
    parse(&text, path)
}

/// Reads outlines from text; `origin` names it in errors.
///
/// # Errors
/// `Format` naming the feature, counted from 1: no usable code or a code twice, another geometry than polygons, a position that is no
/// longitude and latitude, a ring that is not closed, has fewer than 4 positions or encloses nothing.
pub fn parse(text: &str, origin: &Path) -> Result<Vec<Outline>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let collection = match text.parse::<GeoJson>() {
        Ok(GeoJson::FeatureCollection(collection)) => collection,
        Ok(GeoJson::Feature(_)) => return Err(refuse(origin, "the file", "a single feature", "a FeatureCollection")),
        Ok(GeoJson::Geometry(_)) => return Err(refuse(origin, "the file", "a bare geometry", "a FeatureCollection")),
        Err(e) => return Err(refuse(origin, "the file", e.to_string(), "a GeoJSON FeatureCollection")),
    };
    if collection.features.is_empty() {
        return Err(refuse(origin, "features", "none", "at least one"));
    }
    let mut outlines: Vec<Outline> = Vec::with_capacity(collection.features.len());
    for (i, feature) in collection.features.iter().enumerate() {
        let place = format!("feature {}", i + 1);
        let adcode = adcode(feature).map_err(|found| refuse(origin, &place, found, "a property adcode of six digits"))?;
        if let Some(first) = outlines.iter().position(|(code, _)| *code == adcode) {
            return Err(refuse(origin, &place, format!("adcode {adcode} as in feature {}", first + 1), "each code once"));
        }
        let place = format!("{place} (adcode {adcode})");
        outlines.push((adcode, shape(feature, origin, &place)?));
    }
    Ok(outlines)
}

fn refuse(origin: &Path, place: impl Into<String>, found: impl Into<String>, expected: impl Into<String>) -> Error {
    Error::format(origin, place, found, expected, "Correct or replace the file of outlines")
}

fn adcode(feature: &Feature) -> std::result::Result<u32, String> {
    let value = feature.properties.as_ref().and_then(|p| p.get("adcode")).ok_or("no property adcode")?;
    let number = match value.as_str() {
        Some(text) => text.trim().parse::<u64>().ok(),
        None => value.as_u64(),
    };
    number
        .and_then(|n| u32::try_from(n).ok())
        .filter(|n| (100_000..1_000_000).contains(n))
        .ok_or_else(|| format!("adcode {value}"))
}

fn shape(feature: &Feature, origin: &Path, place: &str) -> Result<MultiPolygon<f64>> {
    let polygons = match feature.geometry.as_ref().map(|g| &g.value) {
        Some(GeometryValue::Polygon { coordinates }) => std::slice::from_ref(coordinates),
        Some(GeometryValue::MultiPolygon { coordinates }) => coordinates.as_slice(),
        Some(other) => return Err(refuse(origin, place, other.type_name(), "a Polygon or MultiPolygon")),
        None => return Err(refuse(origin, place, "no geometry", "a Polygon or MultiPolygon")),
    };
    if polygons.is_empty() {
        return Err(refuse(origin, place, "a MultiPolygon without polygons", "at least one polygon"));
    }
    let mut shapes = Vec::with_capacity(polygons.len());
    for (p, rings) in polygons.iter().enumerate() {
        let mut lines = Vec::with_capacity(rings.len());
        for (r, positions) in rings.iter().enumerate() {
            lines.push(ring(positions, origin, &format!("{place}, polygon {}, ring {}", p + 1, r + 1))?);
        }
        let mut lines = lines.into_iter();
        let Some(exterior) = lines.next() else {
            return Err(refuse(origin, format!("{place}, polygon {}", p + 1), "no ring", "an outer ring"));
        };
        shapes.push(Polygon::new(exterior, lines.collect()));
    }
    Ok(MultiPolygon::new(shapes))
}

fn ring(positions: &[Position], origin: &Path, place: &str) -> Result<LineString<f64>> {
    let mut coords = Vec::with_capacity(positions.len());
    for (i, position) in positions.iter().enumerate() {
        let place = || format!("{place}, position {}", i + 1);
        let [lon, lat, ..] = *position.as_slice() else {
            return Err(refuse(origin, place(), format!("{} numbers", position.len()), "longitude and latitude"));
        };
        if !(-180.0..=180.0).contains(&lon) || !(-90.0..=90.0).contains(&lat) {
            let hint = if lat.abs() <= 180.0 && lon.abs() <= 90.0 { ", as if latitude came first" } else { "" };
            let found = format!("longitude {lon}, latitude {lat}{hint}");
            return Err(refuse(origin, place(), found, "longitude within 180 and latitude within 90 degrees, in this order"));
        }
        coords.push(Coord { x: lon, y: lat });
    }
    if coords.len() < 4 {
        return Err(refuse(origin, place, format!("{} positions", coords.len()), "4 or more"));
    }
    if coords.first() != coords.last() {
        return Err(refuse(origin, place, "a ring whose last position is not its first", "a closed ring"));
    }
    let line = LineString::new(coords);
    if Polygon::new(line.clone(), Vec::new()).unsigned_area() < 1e-9 {
        return Err(refuse(origin, place, "a ring that encloses no area", "an outline"));
    }
    Ok(line)
}
