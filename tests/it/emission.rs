//! Emissions: what goes in comes out, at the right hour, height and place.

use chrono::{DateTime, Duration, NaiveDate, TimeZone, Utc};
use hazecast::calendar::end_of_beijing_hour;
use hazecast::domain::county::CountyWeights;
use hazecast::domain::grid::{Grid, HorizontalGrid, VerticalGrid};
use hazecast::domain::source::{ActivityChange, Amounts, Place, Sector, Source, Stack, Strength};
use hazecast::domain::species::Species;
use hazecast::error::Error;
use hazecast::simulation::emission::EmissionModel;
use hazecast::simulation::emission_placement::{EmissionField, Placement};

const MODEL: &str = include_str!("../../models/emission.toml");

fn model() -> EmissionModel {
    EmissionModel::from_toml(MODEL, "models/emission.toml").unwrap()
}

fn utc(y: i32, m: u32, d: u32, h: u32, min: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(y, m, d, h, min, 0).unwrap()
}

/// 20 x 16 cells of 0.25 x 0.2 degrees from 127 E 41 N (edges), the default layers.
fn grid() -> Grid {
    let interfaces = [0.0, 20.0, 50.0, 90.0, 150.0, 230.0, 330.0, 460.0, 620.0, 820.0, 1070.0, 1380.0, 2000.0];
    Grid {
        name: "test".into(),
        horizontal: HorizontalGrid::new("+proj=latlong +R=6370000", (20, 16), (127.125, 41.1), (0.25, 0.2)).unwrap(),
        vertical: VerticalGrid::new(interfaces.to_vec()).unwrap(),
    }
}

fn amounts() -> Amounts {
    Amounts {
        so2: 1000.0,
        nox: 800.0,
        co: 9000.0,
        nh3: 50.0,
        nmvoc: 600.0,
        pm25: 500.0,
        pm10: 700.0,
        bc: 60.0,
        oc: 150.0,
    }
}

fn annual(id: &str, sector: Sector, place: Place) -> Source {
    let strength = Strength::Annual(amounts());
    Source { id: id.into(), name: id.into(), sector, adcode: 222401, place, strength, changes: Vec::new() }
}

fn weights() -> Vec<CountyWeights> {
    let share = |n: usize, first: usize| (0..n).map(|i| (first + i, 1.0 / n as f64)).collect::<Vec<_>>();
    vec![CountyWeights { adcode: 222401, area: share(40, 100), built_up: share(4, 110), coverage: 1.0 }]
}

/// Mass over all cells and layers of one species [kg s-1].
fn total(field: &EmissionField, species: Species) -> f64 {
    field.rate_kg_s.index_axis(ndarray::Axis(0), species.index()).iter().map(|&v| f64::from(v)).sum()
}

fn no_plume(_: usize, _: &Stack) -> f64 {
    panic!("no stack in this inventory")
}

#[test]
fn hours_of_a_year_sum_to_the_annual_amount_in_every_sector() {
    let model = model();
    for (year, hours) in [(2026, 8760), (2024, 8784)] {
        for sector in Sector::ALL {
            let source = annual("a", sector, Place::County);
            let first = end_of_beijing_hour(NaiveDate::from_ymd_opt(year, 1, 1).unwrap(), 1) - Duration::hours(1);
            let tonnes: f64 =
                (0..hours).map(|h| model.hourly_rate(&source, first + Duration::hours(h)).so2 * 3.6).sum();
            assert!((tonnes / 1000.0 - 1.0).abs() < 1e-9, "{year} {}: {tonnes}", sector.name());
        }
    }
}

#[test]
fn hours_of_a_day_sum_to_the_daily_amount() {
    let model = model();
    let source = annual("a", Sector::Residential, Place::County);
    let day = NaiveDate::from_ymd_opt(2026, 1, 15).unwrap();
    let hours: f64 =
        (1..=24).map(|h| model.hourly_rate(&source, end_of_beijing_hour(day, h) - Duration::hours(1)).pm25 * 3.6).sum();
    let daily = model.daily_amounts(&source, day).pm25;
    assert!((hours / daily - 1.0).abs() < 1e-12, "{hours} {daily}");
    // half the year's heat in the three coldest months: above 1.5 times the mean day
    assert!(daily > 1.5 * 500.0 / 365.0, "{daily}");
}

#[test]
fn stoves_burn_at_dawn_noon_and_dusk_and_heating_follows_the_season() {
    let model = model();
    let stove = annual("a", Sector::Residential, Place::County);
    let day = NaiveDate::from_ymd_opt(2026, 1, 15).unwrap();
    let at = |local: u8| model.hourly_rate(&stove, end_of_beijing_hour(day, local + 1) - Duration::hours(1)).co;
    assert!(at(6) > 1.8 * at(9) && at(12) > 1.4 * at(14) && at(17) > 1.8 * at(14) && at(6) > 4.0 * at(2));
    let boiler = annual("b", Sector::Boiler, Place::County);
    let on = |m, d| model.daily_amounts(&boiler, NaiveDate::from_ymd_opt(2026, m, d).unwrap()).so2;
    assert!(on(1, 10) > 20.0 * on(7, 10) && on(11, 10) > 5.0 * on(9, 10) && on(3, 10) > 5.0 * on(5, 10));
}

#[test]
fn speciation_conserves_sulphur_and_fine_particles() {
    let model = model();
    for sector in Sector::ALL {
        let out = model.speciate(sector, &amounts());
        // sulphur: 32.06 of 64.066 in SO2, of 96.06 in SO4
        let sulphur = out[Species::So2.index()] * 32.06 / 64.066 + out[Species::Sulfate.index()] * 32.06 / 96.06;
        assert!((sulphur / (1000.0 * 32.06 / 64.066) - 1.0).abs() < 1e-12, "{sulphur}");
        assert!((out[Species::Sulfate.index()] - 74.97).abs() < 0.01, "{}", out[Species::Sulfate.index()]);
        let fine: f64 =
            [Species::BlackCarbon, Species::PrimaryOrganic, Species::FineOther].map(|s| out[s.index()]).iter().sum();
        assert!((fine - 500.0).abs() < 1e-9);
        assert!((out[Species::PrimaryOrganic.index()] - 210.0).abs() < 1e-9);
        assert!((out[Species::Coarse.index()] - 200.0).abs() < 1e-9);
        assert_eq!(out[Species::Tracer.index()], 0.0);
    }
}

#[test]
fn parts_larger_than_the_whole_leave_no_negative_species() {
    let a = Amounts { pm25: 10.0, pm10: 8.0, bc: 4.0, oc: 30.0, ..Amounts::default() };
    let out = model().speciate(Sector::Fire, &a);
    assert!(out.iter().all(|v| *v >= 0.0), "{out:?}");
    let fine =
        out[Species::BlackCarbon.index()] + out[Species::PrimaryOrganic.index()] + out[Species::FineOther.index()];
    assert!((fine - 10.0).abs() < 1e-12);
}

/// One source of every kind: the field holds each one's emission of the hour, summed here from shares typed in from the model file.
#[test]
fn the_field_holds_the_sum_of_the_sources() {
    let (model, grid) = (model(), grid());
    let stack = Stack { height_m: 120.0, diameter_m: 4.0, temperature_k: 400.0, velocity_m_s: 12.0 };
    let start = utc(2026, 1, 15, 3, 0);
    let rate = Strength::Rate {
        kg_s: Amounts { so2: 2.0, ..Amounts::default() },
        from: start + Duration::minutes(15),
        to: start + Duration::hours(5),
    };
    let sources = [
        annual("households", Sector::Residential, Place::County),
        annual("farms", Sector::Agriculture, Place::County),
        annual("plant", Sector::Power, Place::Point { lon: 129.6, lat: 42.9, stack: Some(stack) }),
        annual("firm", Sector::Industry, Place::Point { lon: 129.6, lat: 42.9, stack: None }),
        annual("box", Sector::Other, Place::Cell { west: 128.0, south: 42.0, east: 128.4, north: 42.3 }),
        Source { strength: rate, ..annual("fire", Sector::Fire, Place::Point { lon: 128.2, lat: 43.4, stack: None }) },
    ];
    let (placement, rejections) = Placement::new(&model, &sources, &weights(), &grid);
    assert!(rejections.is_empty(), "{rejections:?}");
    assert_eq!(placement.outside().sources, 0);
    // the layer of 1000 m, 820-1070 m, is the tenth
    assert_eq!(placement.layers(), 10);
    let mut field = EmissionField::new(&grid, placement.layers());
    placement.rate(&model, &sources, start, &|_, s| s.height_m + 200.0, &mut field);
    let annual_kg_s: f64 = sources[..5].iter().map(|s| model.hourly_rate(s, start).so2).sum();
    let so2 = 0.95 * (annual_kg_s + 2.0 * 0.75);
    assert!((total(&field, Species::So2) / so2 - 1.0).abs() < 1e-6, "{} {so2}", total(&field, Species::So2));
    let co: f64 = sources[..5].iter().map(|s| model.hourly_rate(s, start).co).sum();
    assert!((total(&field, Species::Co) / co - 1.0).abs() < 1e-6);
    // households lie in the 4 built-up cells and the lowest layer, farms in 40 cells
    assert_eq!(placement.cells_of(0).len(), 4);
    assert_eq!(placement.cells_of(1).len(), 40);
    // a second call replaces the first
    placement.rate(&model, &sources, start, &|_, s| s.height_m + 200.0, &mut field);
    assert!((total(&field, Species::Co) / co - 1.0).abs() < 1e-6);
}

#[test]
fn a_plume_enters_the_layers_of_its_height() {
    let (model, grid) = (model(), grid());
    let stack = Stack { height_m: 100.0, diameter_m: 3.0, temperature_k: 400.0, velocity_m_s: 10.0 };
    let sources = [annual("plant", Sector::Power, Place::Point { lon: 129.6, lat: 42.9, stack: Some(stack) })];
    let (placement, _) = Placement::new(&model, &sources, &[], &grid);
    let start = utc(2026, 1, 15, 3, 0);
    let shares = |height: f64| {
        let mut field = EmissionField::new(&grid, placement.layers());
        placement.rate(&model, &sources, start, &|_, _| height, &mut field);
        let co = field.rate_kg_s.index_axis(ndarray::Axis(0), Species::Co.index()).to_owned();
        let sum: f64 = co.iter().map(|&v| f64::from(v)).sum();
        (0..placement.layers())
            .map(|k| co.index_axis(ndarray::Axis(0), k).iter().map(|&v| f64::from(v)).sum::<f64>() / sum)
            .collect::<Vec<_>>()
    };
    let close = |got: &[f64], want: &[(usize, f64)]| {
        (0..got.len()).all(|k| {
            let w = want.iter().find(|(l, _)| *l == k).map_or(0.0, |(_, w)| *w);
            (got[k] - w).abs() < 1e-6
        })
    };
    // no rise: 100 m is in 90-150 m
    assert!(close(&shares(100.0), &[(3, 1.0)]), "{:?}", shares(100.0));
    // rise 200 m: 250-350 m, 80 m of it below the interface at 330 m
    assert!(close(&shares(300.0), &[(5, 0.8), (6, 0.2)]), "{:?}", shares(300.0));
    // above the field's top: its last layer
    assert!(close(&shares(3000.0), &[(9, 1.0)]), "{:?}", shares(3000.0));
    // no height: the stack's own
    assert!(close(&shares(f64::NAN), &[(3, 1.0)]), "{:?}", shares(f64::NAN));
}

#[test]
fn sources_without_a_stack_enter_their_sectors_heights() {
    let (model, grid) = (model(), grid());
    let sources = [annual("boilers", Sector::Boiler, Place::County)];
    let (placement, _) = Placement::new(&model, &sources, &weights(), &grid);
    let mut field = EmissionField::new(&grid, placement.layers());
    placement.rate(&model, &sources, utc(2026, 1, 15, 3, 0), &no_plume, &mut field);
    let co = field.rate_kg_s.index_axis(ndarray::Axis(0), Species::Co.index()).to_owned();
    let layer = |k: usize| co.index_axis(ndarray::Axis(0), k).iter().map(|&v| f64::from(v)).sum::<f64>();
    // 20-90 m over the layers 20-50 and 50-90 m
    assert_eq!(layer(0), 0.0);
    assert!((layer(1) / (layer(1) + layer(2)) - 30.0 / 70.0).abs() < 1e-6);
    assert_eq!(layer(3), 0.0);
}

/// A box that is moved over the grid's edge: the share inside follows the overlap, and nothing is lost.
#[test]
fn a_moved_box_is_conserved() {
    let (model, grid) = (model(), grid());
    let start = utc(2026, 1, 15, 3, 0);
    for step in 0..12 {
        // the western edge of the grid is at 127 E
        let west = 127.4 - 0.1 * f64::from(step);
        let sources = [annual("box", Sector::Other, Place::Cell { west, south: 42.0, east: west + 0.4, north: 42.3 })];
        let (placement, rejections) = Placement::new(&model, &sources, &[], &grid);
        let mut field = EmissionField::new(&grid, placement.layers());
        placement.rate(&model, &sources, start, &no_plume, &mut field);
        let inside = total(&field, Species::Co) / model.hourly_rate(&sources[0], start).co;
        let outside = placement.outside().annual_t.co / 9000.0;
        assert!((inside + outside - 1.0).abs() < 1e-6, "{west}: {inside} {outside}");
        let overlap = ((west + 0.4 - 127.0) / 0.4).clamp(0.0, 1.0);
        assert!((inside - overlap).abs() < 1e-6, "{west}: {inside} {overlap}");
        assert_eq!(rejections.len(), usize::from(overlap < 1e-9), "{west} {rejections:?}");
    }
}

#[test]
fn a_box_lies_on_cells_by_area() {
    let (model, grid) = (model(), grid());
    // 127.25-127.75 E is cells 1 and 2, 41.2-41.3 N half of row 1
    let sources = [annual("box", Sector::Other, Place::Cell { west: 127.25, south: 41.2, east: 127.75, north: 41.3 })];
    let (placement, _) = Placement::new(&model, &sources, &[], &grid);
    let cells = placement.cells_of(0);
    assert_eq!(cells.iter().map(|c| c.0).collect::<Vec<_>>(), [21, 22]);
    assert!(cells.iter().all(|c| (c.1 - 0.5).abs() < 1e-12), "{cells:?}");
}

/// A Lambert grid of 9 km under the 0.25-degree cells of a foreign inventory: the whole of it lies inside or outside, and the part inside
/// has the grid's area.
#[test]
fn a_gridded_inventory_covers_a_lambert_grid() {
    let lambert = "+proj=lcc +lat_1=42 +lat_2=44 +lat_0=43 +lon_0=129.5 +R=6370000";
    let grid = Grid {
        horizontal: HorizontalGrid::new(lambert, (40, 30), (-175_500.0, -130_500.0), (9000.0, 9000.0)).unwrap(),
        ..grid()
    };
    let (columns, rows) = (26, 18);
    let sources: Vec<Source> = (0..columns * rows)
        .map(|i| {
            let (west, south) = (126.25 + 0.25 * f64::from(i % columns), 40.75 + 0.25 * f64::from(i / columns));
            annual(&format!("c{i}"), Sector::Other, Place::Cell { west, south, east: west + 0.25, north: south + 0.25 })
        })
        .collect();
    let (placement, _) = Placement::new(&model(), &sources, &[], &grid);
    let mut covered = vec![0.0; grid.horizontal.cells()];
    let mut on_grid = 0.0;
    for (i, source) in sources.iter().enumerate() {
        let Place::Cell { south, north, .. } = source.place else { panic!("boxes only") };
        // area of the box on the sphere of 6370 km [m2]
        let area = 6.37e6f64.powi(2) * 0.25f64.to_radians() * (north.to_radians().sin() - south.to_radians().sin());
        for (cell, weight) in placement.cells_of(i) {
            covered[cell] += weight * area;
            on_grid += weight;
        }
    }
    let outside = placement.outside().annual_t.co / 9000.0;
    assert!(((on_grid + outside) / f64::from(columns * rows) - 1.0).abs() < 1e-9, "{on_grid} {outside}");
    let metric = grid.horizontal.metric();
    let whole: f64 = metric.area_m2.iter().map(|a| f64::from(*a)).sum();
    assert!((covered.iter().sum::<f64>() / whole - 1.0).abs() < 1e-5, "{}", covered.iter().sum::<f64>() / whole);
    // a uniform flux stays uniform
    let ratio = covered.iter().zip(&metric.area_m2).map(|(c, a)| c / f64::from(*a));
    let (low, high) = ratio.fold((f64::MAX, 0.0f64), |(l, h), r| (l.min(r), h.max(r)));
    assert!(low > 0.9999 && high < 1.0001, "{low} {high}");
}

#[test]
fn what_is_outside_is_listed_with_its_mass() {
    let (model, grid) = (model(), grid());
    let mut half = weights();
    half[0].coverage = 0.25;
    let elsewhere = Source { adcode: 222403, ..annual("dunhua", Sector::Residential, Place::County) };
    let sources = [
        annual("far", Sector::Industry, Place::Point { lon: 10.0, lat: 50.0, stack: None }),
        elsewhere,
        annual("part", Sector::Agriculture, Place::County),
        annual("turned", Sector::Other, Place::Cell { west: 129.0, south: 42.0, east: 128.0, north: 43.0 }),
    ];
    let (placement, rejections) = Placement::new(&model, &sources, &half, &grid);
    let places: Vec<&str> = rejections.iter().map(|r| r.place.as_str()).collect();
    assert_eq!(places, ["far", "dunhua", "turned"]);
    assert!(rejections[0].found.contains("1000.000"), "{}", rejections[0].found);
    assert!((placement.outside().annual_t.so2 - 3750.0).abs() < 1e-6, "{:?}", placement.outside());
    let kept: f64 = placement.cells_of(2).iter().map(|c| c.1).sum();
    assert!((kept - 0.25).abs() < 1e-12);
}

#[test]
fn changes_act_from_their_minute_and_multiply() {
    let model = model();
    let start = utc(2026, 1, 15, 3, 0);
    let mut source = annual("firm", Sector::Industry, Place::County);
    let before = model.hourly_rate(&source, start);
    let stop = Amounts { pm25: 0.0, ..Amounts::all(1.0) };
    source.changes.push(ActivityChange {
        from: start + Duration::minutes(45),
        to: start + Duration::days(2),
        factor: stop,
    });
    source.changes.push(ActivityChange {
        from: start - Duration::days(2),
        to: start + Duration::minutes(30),
        factor: Amounts::all(0.5),
    });
    let during = model.hourly_rate(&source, start);
    assert!((during.so2 / before.so2 - 0.75).abs() < 1e-12);
    // 30 min at a half, 15 min whole, 15 min stopped
    assert!((during.pm25 / before.pm25 - 0.5).abs() < 1e-12);
    assert_eq!(model.hourly_rate(&source, start + Duration::hours(1)).pm25, 0.0);
    // the day's amount of the list is without changes
    let day = NaiveDate::from_ymd_opt(2026, 1, 15).unwrap();
    let whole = annual("firm", Sector::Industry, Place::County);
    assert_eq!(model.daily_amounts(&source, day), model.daily_amounts(&whole, day));
}

#[test]
fn a_rate_counts_on_the_beijing_day() {
    let kg_s = Amounts { pm25: 1.0, ..Amounts::default() };
    let strength = Strength::Rate { kg_s, from: utc(2026, 1, 15, 15, 0), to: utc(2026, 1, 15, 18, 0) };
    let source =
        Source { strength, ..annual("fire", Sector::Fire, Place::Point { lon: 129.5, lat: 43.0, stack: None }) };
    let on = |d| model().daily_amounts(&source, NaiveDate::from_ymd_opt(2026, 1, d).unwrap()).pm25;
    // the Beijing day ends at 16:00 UTC
    assert!((on(15) - 3.6).abs() < 1e-12 && (on(16) - 7.2).abs() < 1e-12 && on(17) == 0.0);
}

#[test]
fn broken_models_are_refused_with_the_field_named() {
    let refuse = |from: &str, to: &str, field: &str| {
        assert!(MODEL.contains(from), "{from}");
        let text = MODEL.replacen(from, to, 1);
        let error = EmissionModel::from_toml(&text, "models/emission.toml").unwrap_err();
        assert!(matches!(&error, Error::Invalid { .. }));
        assert!(error.to_string().contains(field), "{field}: {error}");
    };
    refuse("highest_m = 1000.0", "highest_m = -1.0", "highest_m");
    refuse("highest_m = 1000.0", "highest_m = 1000.0\nheight = 3.0", "height");
    refuse("highest_m = 1000.0", "", "highest_m");
    refuse("sulfur_as_so2 = 0.95", "sulfur_as_so2 = 0.90", "speciation.sulfur_as_sulfate");
    refuse("sulfur_as_so2 = 0.95", "sulfur_as_so2 = 1.95", "speciation.sulfur_as_so2");
    refuse("organic_matter_per_carbon = 1.4", "organic_matter_per_carbon = 0.4", "organic_matter_per_carbon");
    refuse("name = \"boiler\"", "name = \"boilers\"", "sector.boilers");
    refuse("name = \"boiler\"", "name = \"power\"", "sector.power");
    refuse("spread = \"built_up\"", "spread = \"people\"", "people");
    refuse("soa_precursor_fraction = 0.05", "soa_precursor_fraction = 1.05", "sector.power.soa_precursor_fraction");
    refuse("month = [1.294", "month = [1.897", "sector.power.month");
    refuse("month = [1.294, ", "month = [", "sector.power.month");
    refuse("weekday = [1.010", "weekday = [-1.010", "sector.power.weekday");
    refuse("fraction = 1.0", "fraction = 0.9", "sector.power.layers");
    refuse("from_m = 90.0, to_m = 330.0", "from_m = 330.0, to_m = 90.0", "sector.power.layers");
    refuse("verified = false", "verified = 0", "verified");
    let last = MODEL.rfind("[[sector]]").unwrap();
    let error = EmissionModel::from_toml(&MODEL[..last], "m").unwrap_err().to_string();
    assert!(error.contains("sector.other"), "{error}");
}

#[test]
fn a_night_of_600_sources_is_placed_in_seconds() {
    let model = model();
    let grid = Grid {
        horizontal: HorizontalGrid::new("+proj=latlong +R=6370000", (132, 108), (127.0, 41.0), (0.04, 0.03)).unwrap(),
        ..grid()
    };
    let weights: Vec<CountyWeights> = (0..8)
        .map(|c| {
            let area: Vec<(usize, f64)> = (0..2000).map(|i| (c * 1500 + i, 1.0 / 2000.0)).collect();
            CountyWeights { adcode: 222401 + c as u32, built_up: area.clone(), area, coverage: 1.0 }
        })
        .collect();
    let sources: Vec<Source> = (0..600)
        .map(|i| Source {
            adcode: 222401 + i as u32 % 8,
            ..annual(&format!("s{i}"), Sector::ALL[i % Sector::ALL.len()], Place::County)
        })
        .collect();
    let clock = std::time::Instant::now();
    let (placement, _) = Placement::new(&model, &sources, &weights, &grid);
    let mut field = EmissionField::new(&grid, placement.layers());
    for h in 0..96 {
        placement.rate(&model, &sources, utc(2026, 1, 15, 0, 0) + Duration::hours(h), &no_plume, &mut field);
    }
    let took = clock.elapsed();
    assert!(took.as_secs_f64() < 10.0, "{took:?}");
}
