//! Outlines, region pack and county weights.

use super::{OUTLINES, REGION, yanbian};
use crate::real;
use geo::{Area, BooleanOps, GeodesicArea, MultiPolygon, polygon};
use hazecast::domain::county_weights::county_weights;
use hazecast::domain::grid::HorizontalGrid;
use hazecast::input::{outlines, region};
use std::collections::BTreeMap;
use std::path::Path;

/// Areas of the counties [km2], as published by the prefecture.
const AREAS: [(u32, f64); 8] = [
    (222_401, 1729.0),
    (222_402, 1134.0),
    (222_403, 11_767.0),
    (222_404, 5102.0),
    (222_405, 2192.0),
    (222_406, 5063.0),
    (222_424, 8808.0),
    (222_426, 7427.0),
];

fn lambert(n: (usize, usize), d: f64) -> HorizontalGrid {
    let corner = (-0.5 * (n.0 as f64 - 1.0) * d, -0.5 * (n.1 as f64 - 1.0) * d);
    HorizontalGrid::new("+proj=lcc +lat_1=42 +lat_2=44 +lat_0=43 +lon_0=129.5 +R=6370000", n, corner, (d, d)).unwrap()
}

fn precise() -> Option<BTreeMap<u32, MultiPolygon<f64>>> {
    let path = real("geo/yanbian_and_provinces/222400.json")?;
    Some(outlines::read(&path).unwrap().into_iter().collect())
}

#[test]
fn counties_have_their_areas() {
    let generalised: BTreeMap<_, _> =
        outlines::parse(OUTLINES, Path::new("counties.geojson")).unwrap().into_iter().collect();
    assert_eq!(generalised.len(), 8);
    for (code, km2) in AREAS {
        let area = generalised[&code].geodesic_area_unsigned() / 1e6;
        assert!((area / km2 - 1.0).abs() < 0.10, "{code} {area}");
    }
    let Some(precise) = precise() else { return };
    for (code, km2) in AREAS {
        let area = precise[&code].geodesic_area_unsigned() / 1e6;
        assert!((area / km2 - 1.0).abs() < 0.03, "{code} {area}");
        let (a, b) = (&generalised[&code], &precise[&code]);
        let iou = a.intersection(b).unsigned_area() / a.union(b).unsigned_area();
        assert!(iou > 0.88, "{code} IoU {iou}");
    }
}

#[test]
fn single_county_files_agree_with_the_prefecture() {
    let Some(precise) = precise() else { return };
    for (code, _) in AREAS {
        let Some(path) = real(&format!("geo/yanbian_and_provinces/county_{code}.json")) else { return };
        let one = outlines::read(&path).unwrap();
        assert_eq!((one.len(), one[0].0), (1, code));
        let ratio = one[0].1.unsigned_area() / precise[&code].unsigned_area();
        assert!((ratio - 1.0).abs() < 0.01, "{code} {ratio}");
    }
}

#[test]
fn the_region_pack_is_whole() {
    let region = yanbian();
    assert_eq!((region.id.as_str(), region.adcode, region.counties.len()), ("yanbian", 222_400, 8));
    let stations: Vec<&str> = region.stations.iter().map(|s| s.code.as_str()).collect();
    assert_eq!(stations, ["2237A", "2238A", "2239A"]);
    assert!(region.stations.iter().all(|s| s.adcode == 222_401));
    let people: f64 = region.counties.iter().flat_map(|c| &c.settlements).map(|s| s.population).sum();
    assert!((1.2e6..2.0e6).contains(&people), "{people}");
}

#[test]
fn the_precise_outlines_fit_the_region_pack() {
    let Some(precise) = precise() else { return };
    let region = region::read(REGION, Path::new("region.toml"), precise.into_iter().collect()).unwrap();
    assert_eq!(region.counties.len(), 8);
}

#[test]
fn weights_sum_to_one_and_cover() {
    let region = yanbian();
    let grid = lambert((150, 100), 4000.0);
    let mut total: BTreeMap<usize, f64> = BTreeMap::new();
    for (county, (_, km2)) in region.counties.iter().zip(AREAS) {
        let w = county_weights(county, &grid);
        for list in [&w.area, &w.built_up] {
            assert!((list.iter().map(|c| c.1).sum::<f64>() - 1.0).abs() < 1e-12);
            assert!(list.windows(2).all(|p| p[0].0 < p[1].0) && list.iter().all(|c| c.0 < grid.cells() && c.1 > 0.0));
        }
        assert!((w.coverage - 1.0).abs() < 1e-9, "{} {}", county.adcode, w.coverage);
        // a whole cell of 16 km2 is the largest share there is
        let largest = w.area.iter().map(|c| c.1).fold(0.0, f64::max) * county.outline.geodesic_area_unsigned() / 1e6;
        assert!((largest - 16.0).abs() < 0.2, "{} {largest} of {km2}", county.adcode);
        for (cell, share) in w.area {
            *total.entry(cell).or_default() += share * county.outline.geodesic_area_unsigned() / 16e6;
        }
        let seat = grid.transform().cell(county.seat.0, county.seat.1).unwrap();
        let seat = seat.1 * grid.nx + seat.0;
        let in_seat = w.built_up.iter().find(|c| c.0 == seat).map_or(0.0, |c| c.1);
        let most = w.built_up.iter().map(|c| c.1).fold(0.0, f64::max);
        assert!(in_seat > 0.5 * most, "{} {in_seat} {most}", county.adcode);
    }
    // counties share borders and do not overlap by more than their generalisation
    let over: f64 = total.values().map(|v| (v - 1.03).max(0.0)).sum::<f64>() / total.values().sum::<f64>();
    assert!(over < 0.01, "{over}");
}

/// The same cells by the overlay of the geo crate, which knows nothing of ours.
#[test]
fn weights_agree_with_a_general_overlay() {
    let grid = HorizontalGrid::new("+proj=latlong +R=6370000", (50, 35), (127.0, 41.5), (0.1, 0.1)).unwrap();
    for county in &yanbian().counties {
        let w = county_weights(county, &grid);
        let mut other = Vec::new();
        for cell in 0..grid.cells() {
            let [a, b, c, d] = grid.corners(cell % grid.nx, cell / grid.nx);
            let square = polygon![(x: a.0, y: a.1), (x: b.0, y: b.1), (x: c.0, y: c.1), (x: d.0, y: d.1)];
            let part = county.outline.intersection(&square).unsigned_area() * (0.5 * (a.1 + c.1)).to_radians().cos();
            if part > 1e-9 {
                other.push((cell, part));
            }
        }
        let sum: f64 = other.iter().map(|c| c.1).sum();
        let ours: BTreeMap<usize, f64> = w.area.iter().copied().collect();
        for (cell, part) in &other {
            let mine = ours.get(cell).copied().unwrap_or(0.0);
            assert!((mine - part / sum).abs() < 1e-7, "{} cell {cell}: {mine} {}", county.adcode, part / sum);
        }
        let missed: f64 = w.area.iter().filter(|c| !other.iter().any(|o| o.0 == c.0)).map(|c| c.1).sum();
        assert!(missed < 1e-6, "{missed}");
    }
}

#[test]
fn a_grid_over_a_part_covers_that_part() {
    // east of 129.5 E only
    let grid = HorizontalGrid::new("+proj=latlong +R=6370000", (40, 60), (129.55, 41.05), (0.1, 0.1)).unwrap();
    for county in &yanbian().counties {
        let east = polygon![(x: 129.5, y: 40.0), (x: 140.0, y: 40.0), (x: 140.0, y: 50.0), (x: 129.5, y: 50.0)];
        let expected = county.outline.intersection(&east).unsigned_area() / county.outline.unsigned_area();
        let w = county_weights(county, &grid);
        assert!((w.coverage - expected).abs() < 1e-7, "{} {} {expected}", county.adcode, w.coverage);
        if expected == 0.0 {
            assert!(w.area.is_empty() && w.built_up.is_empty());
        }
    }
}

#[test]
fn other_regions_of_the_world_have_no_weights() {
    let bavaria = HorizontalGrid::new(
        "+proj=utm +zone=32 +ellps=WGS84",
        (40, 30),
        (400_000.0, 5_200_000.0),
        (20_000.0, 20_000.0),
    )
    .unwrap();
    for county in &yanbian().counties {
        let w = county_weights(county, &bavaria);
        assert_eq!((w.area.len(), w.built_up.len(), w.coverage), (0, 0, 0.0));
    }
}

#[test]
fn broken_region_packs_are_refused_by_key() {
    let whole = || outlines::parse(OUTLINES, Path::new("counties.geojson")).unwrap();
    for (from, to, key) in [
        ("id = \"yanbian\"", "ident = \"yanbian\"", "TOML"),
        ("adcode = 222402\n", "adcode = 222401\n", "counties.adcode"),
        ("adcode = 222402\n", "adcode = 222499\n", "counties.adcode"),
        ("seat = [129.516, 42.907]", "seat = [42.907, 129.516]", "counties.222401.seat"),
        ("population = 560_000", "population = 0", "counties.222401.settlements.延吉市区.population"),
        ("population = 560_000", "population = nan", "counties.222401.settlements.延吉市区.population"),
        ("lon = 129.368", "lon = 128.0", "counties.222401.settlements.朝阳川镇"),
        ("name_en = \"Tumen\"", "name_en = \"Tumen\"\nheavy_day_limit = 4", "TOML"),
        ("code = \"2238A\"", "code = \"2237A\"", "stations.2237A"),
        (
            "lon = 129.504\nlat = 42.906\nadcode = 222401",
            "lon = 129.504\nlat = 42.906\nadcode = 110000",
            "stations.2238A",
        ),
        ("lon = 129.504\nlat", "lon = 131.504\nlat", "stations.2238A"),
        ("verified = false", "verified = 0", "TOML"),
    ] {
        assert!(REGION.contains(from), "{from}");
        let refused = region::read(&REGION.replacen(from, to, 1), Path::new("region.toml"), whole());
        let text = refused.expect_err(to).to_string();
        assert!(text.contains("region.toml") && text.contains(key), "{to}: {text}");
    }
}
