//! Mass on its way from files to the grid: the doctor misses what is lost, wherever it is lost.

use chrono::{DateTime, TimeZone, Utc};
use hazecast::domain::county::{CountyWeights, Region};
use hazecast::domain::grid::{Grid, HorizontalGrid, VerticalGrid};
use hazecast::domain::source::{Amounts, Place, Sector, Source, Stack, Strength};
use hazecast::domain::species::Species;
use hazecast::input::{outlines, region};
use hazecast::simulation::emission::EmissionModel;
use hazecast::simulation::emission_account::Account;
use hazecast::simulation::emission_doctor::{Ailment, Case, Finding, InventoryMass, examine};
use hazecast::simulation::emission_placement::{EmissionField, Placement};
use std::collections::BTreeMap;
use std::path::Path;

fn model() -> EmissionModel {
    EmissionModel::from_toml(include_str!("../../../models/emission.toml"), "models/emission.toml").unwrap()
}

fn yanbian() -> Region {
    let counties =
        outlines::parse(include_str!("../../../data/yanbian/counties.geojson"), Path::new("counties.geojson"));
    region::read(include_str!("../../../data/yanbian/region.toml"), Path::new("region.toml"), counties.unwrap())
        .unwrap()
}

fn hour() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 19, 0, 0, 0).unwrap()
}

/// 40 x 30 cells of 9 km.
fn grid() -> Grid {
    let lambert = "+proj=lcc +lat_1=42 +lat_2=44 +lat_0=43 +lon_0=129.5 +R=6370000";
    let interfaces = vec![0.0, 20.0, 50.0, 150.0, 330.0, 620.0, 1070.0, 2000.0, 4000.0];
    Grid {
        name: "test".into(),
        horizontal: HorizontalGrid::new(lambert, (40, 30), (-175_500.0, -130_500.0), (9000.0, 9000.0)).unwrap(),
        vertical: VerticalGrid::new(interfaces).unwrap(),
    }
}

fn source(id: String, place: Place, t: f64) -> Source {
    let amounts = Amounts { pm10: 2.0 * t, ..Amounts::all(t) };
    let strength = Strength::Annual(Amounts { bc: 0.0, oc: 0.0, ..amounts });
    Source { id, name: String::new(), sector: Sector::Solvent, adcode: 0, place, strength, changes: Vec::new() }
}

/// Cells of 0.25 degree over and around the grid, 1 t each, and a cell that is far larger than it.
fn cells() -> Vec<Source> {
    let (columns, rows) = (26, 18);
    let place = |i: usize| {
        let (west, south) = (126.25 + 0.25 * (i % columns) as f64, 40.75 + 0.25 * (i / columns) as f64);
        Place::Cell { west, south, east: west + 0.25, north: south + 0.25 }
    };
    let mut all: Vec<Source> = (0..columns * rows).map(|i| source(format!("grid/{i}"), place(i), 1.0)).collect();
    let corners = [(110.0, 30.0), (150.0, 30.0), (150.0, 55.0), (110.0, 55.0)];
    all.push(source("grid/large".into(), Place::Quadrilateral { corners }, 10.0));
    all
}

fn read(months: Option<Vec<u32>>, tonnes: f64) -> InventoryMass {
    InventoryMass {
        stem: "grid".into(),
        year: 2025,
        months,
        read_t: BTreeMap::from([("so2", tonnes), ("pm10", 2.0 * tonnes)]),
        beside_t: Amounts::all(0.0),
    }
}

/// Findings of lost mass where the sources were placed as `placed` says.
fn lost(sources: &[Source], placed: &[Source], inventory: InventoryMass) -> Vec<Finding> {
    let (region, grid, model) = (yanbian(), grid(), model());
    let weights: Vec<CountyWeights> = Vec::new();
    let (placement, _) = Placement::new(&model, placed, &weights, &grid);
    let case = Case {
        sources,
        inventories: &[inventory],
        region: &region,
        weights: &weights,
        grid: &grid,
        model: &model,
        placement: &placement,
        totals: &[],
        reference: &[],
    };
    examine(&case).into_iter().filter(|f| f.ailment == Ailment::Mass).collect()
}

#[test]
fn sound_placing_loses_nothing() {
    assert_eq!(lost(&cells(), &cells(), read(None, 478.0)), []);
}

#[test]
fn a_source_that_is_not_placed_is_missed() {
    let mut placed = cells();
    // one cell in the middle of the grid of 270 on it goes to the other side of the Earth
    let middle = placed
        .iter()
        .position(|s| matches!(s.place, Place::Cell { west, south, .. } if west == 129.5 && south == 43.0));
    placed[middle.unwrap()].place = Place::Cell { west: -50.0, south: -43.0, east: -49.75, north: -42.75 };
    for _ in 0..12 {
        let at = placed.iter().rposition(|s| matches!(s.place, Place::Cell { west, south, .. } if (128.5..130.5).contains(&west) && (42.5..43.5).contains(&south)));
        placed[at.unwrap()].place = Place::Cell { west: -50.0, south: -43.0, east: -49.75, north: -42.75 };
    }
    let found = lost(&cells(), &placed, read(None, 478.0));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].number.unwrap() < 0.0 && found[0].what.en.contains("kg/s on the grid"), "{found:?}");
}

#[test]
fn tonnes_that_no_source_holds_are_missed() {
    let mut fewer = cells();
    fewer.remove(100);
    let found = lost(&fewer, &fewer, read(None, 478.0));
    // 1 t of 478 is below what rounding may do to PM10
    let places: Vec<&str> = found.iter().map(|f| f.place.as_str()).collect();
    assert_eq!(places, ["grid, so2"], "{found:?}");
    assert!((found[0].number.unwrap() + 1.0).abs() < 1e-9, "{found:?}");
}

/// A month brought to the year: 478 t a year of solvents are those of January by the shares of its days.
#[test]
fn a_month_is_that_of_its_year() {
    let model = model();
    let january = chrono::NaiveDate::from_ymd_opt(2025, 1, 1).unwrap().iter_days().take(31);
    let share: f64 = january.map(|day| model.sector(Sector::Solvent).profile.day_share(day)).sum();
    assert_eq!(lost(&cells(), &cells(), read(Some(vec![1]), 478.0 * share)), []);
    assert_eq!(lost(&cells(), &cells(), read(Some(vec![2]), 478.0 * share)).len(), 2);
}

/// Ten thousand chimneys of a tonne beside one of a hundred million: single precision would not hold them.
#[test]
fn small_sources_beside_a_large_one_are_kept() {
    let (model, grid) = (model(), grid());
    let stack = Some(Stack { height_m: 60.0, diameter_m: 2.0, temperature_k: 400.0, velocity_m_s: 8.0 });
    let at = |i: usize, t: f64| source(format!("s{i}"), Place::Point { lon: 129.5, lat: 43.0, stack }, t);
    let sources: Vec<Source> = (0..10_001).map(|i| at(i, if i == 0 { 1e8 } else { 1.0 })).collect();
    let (placement, _) = Placement::new(&model, &sources, &[], &grid);
    let mut field = EmissionField::new(&grid, placement.layers());
    placement.rate(&model, &sources, hour(), &|_, stack| stack.height_m, &mut field);
    let expected = Account::new(&sources, &[], &grid).rates(&model, &sources, hour());
    let co = Species::Co.index();
    let emitted: f64 = field.rate_kg_s.index_axis(ndarray::Axis(0), co).iter().map(|v| f64::from(*v)).sum();
    assert!(!expected[co].is_missed_by(emitted) && expected[co].uncertain == 0.0, "{emitted} {:?}", expected[co]);
    assert!(expected[co].is_missed_by(emitted * (1.0 - 1e-4)));
}
