//! Fires: every file read or refused by name, each detection accounted for, and the power of a fire in every hour.

use chrono::{DateTime, Duration, TimeZone, Utc};
use hazecast::domain::fire::{FireDetection, HeatReason, LandClass, once_each};
use hazecast::domain::grid::{Grid, HorizontalGrid, VerticalGrid};
use hazecast::domain::source::{Amounts, Sector, Source, Strength};
use hazecast::input::fires;
use hazecast::simulation::emission::EmissionModel;
use hazecast::simulation::emission_placement::Placement;
use hazecast::simulation::fire_emission::{FireScene, FireSources, sources_from_fires};
use hazecast::simulation::fire_factors::FireFactors;

const FIRES: &str = include_str!("../../models/fires.toml");
const EMISSION: &str = include_str!("../../models/emission.toml");
/// North-east China and around.
const REGION: (f64, f64, f64, f64) = (125.0, 40.0, 133.0, 46.0);

fn factors() -> FireFactors {
    FireFactors::from_toml(FIRES, "models/fires.toml").unwrap()
}

fn emission() -> EmissionModel {
    EmissionModel::from_toml(EMISSION, "models/emission.toml").unwrap()
}

fn utc(y: i32, m: u32, d: u32, h: u32, min: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(y, m, d, h, min, 0).unwrap()
}

fn detection(time: DateTime<Utc>, lon: f64, lat: f64, frp_mw: f64) -> FireDetection {
    FireDetection { time, lon, lat, frp_mw, confidence: 0.8, satellite: "Aqua".into(), land: None, lasting: false }
}

fn made(list: &[FireDetection], factors: &FireFactors, cycle: DateTime<Utc>, hours: i64) -> FireSources {
    let county = |_: f64, _: f64| Some(222_401);
    let scene = FireScene { stacks: &[], county: &county, cycle, forecast_end: cycle + Duration::hours(hours) };
    sources_from_fires(list, factors, &scene)
}

/// CO [kg] of a source over the hours `from` .. `to` after `begin`.
fn co_kg(source: &Source, begin: DateTime<Utc>, hours: std::ops::Range<i64>) -> f64 {
    let Strength::Hourly { from, kg_s } = &source.strength else { panic!("a fire has hours") };
    let at = |h: i64| usize::try_from((begin + Duration::hours(h) - *from).num_hours()).ok();
    hours.filter_map(at).filter_map(|i| kg_s.get(i)).map(|a| 3600.0 * a.co).sum()
}

/// The detections that the table of the files below rests on were counted apart, by text tools.
#[test]
fn every_file_of_fires_is_read_or_refused_by_name() {
    let world = (-180.0, -90.0, 180.0, 90.0);
    for (name, expected) in [
        ("MODIS_C6_1_Global_24h_20251123.csv", Ok((13_423, 498))),
        ("MODIS_C6_1_Global_7d_20220328_20220403.csv", Ok((41_670, 437))),
        ("H09_20251209_1900_L2WLF010_FLDK.06001_06001.csv", Ok((212, 0))),
        ("modis_county_counts/county_season_Autumn_fire_counts.csv", Err("fire_count")),
        ("modis_county_counts/county_season_Spring_fire_counts.csv", Err("fire_count")),
        ("modis_county_counts/county_season_Summer_fire_counts.csv", Err("fire_count")),
        ("modis_county_counts/county_season_Winter_fire_counts.csv", Err("fire_count")),
        ("modis_county_counts/county_year_fire_counts.csv", Err("fire_count")),
    ] {
        let Some(path) = crate::real(&format!("fires/{name}")) else { return };
        match (fires::read(&path, world), expected) {
            (Ok(all), Ok((count, here))) => {
                let named: Vec<_> = all.rejections.iter().take(3).collect();
                assert_eq!(all.items.len() + all.rejections.len(), count, "{name}: {named:?}");
                assert!(all.rejections.len() <= 5, "{name}: {named:?}");
                assert_eq!(fires::read(&path, REGION).unwrap().items.len(), here, "{name}");
                println!(
                    "{name}: {} detections, {} refused, {here} in the region",
                    all.items.len(),
                    all.rejections.len()
                );
            }
            (Err(error), Err(reason)) => {
                let text = error.to_string();
                assert!(text.contains(reason) && text.contains("no detections"), "{name}: {text}");
                println!("{name}: refused: {text}");
            }
            (other, _) => panic!("{name}: {:?}", other.map(|a| a.items.len())),
        }
    }
}

/// Anshan's steelworks are three pixels of 3.75 W m-2 on 3.73 km2 each: 13.99 MW, lasting heat and no fire.
#[test]
fn the_steelworks_of_the_himawari_scene_are_no_fires() {
    let Some(path) = crate::real("fires/H09_20251209_1900_L2WLF010_FLDK.06001_06001.csv") else { return };
    let all = fires::read(&path, (118.0, 38.0, 135.0, 50.0)).unwrap();
    let anshan: Vec<_> =
        all.items.iter().filter(|d| (d.lon - 122.98).abs() < 0.05 && (d.lat - 41.13).abs() < 0.05).collect();
    assert_eq!(anshan.len(), 3);
    assert!(anshan.iter().all(|d| (d.frp_mw - 13.9875).abs() < 1e-9));
    let mut rules = factors();
    rules.minimum_confidence = 0.0;
    let made = made(&all.items, &rules, utc(2025, 12, 10, 0, 0), 24);
    let heat: Vec<(&str, usize)> =
        made.report.heat.iter().map(|h| (h.name.as_deref().unwrap_or("-"), h.detections)).collect();
    assert!(heat.contains(&("鞍山钢铁 Anshan", 3)) && heat.iter().any(|h| h.0.contains("Bayuquan")), "{heat:?}");
    assert_eq!(made.fires.iter().filter(|f| f.lat > 40.0 && f.lon > 122.0).count(), 0, "{:?}", made.fires);
}

/// 100 MW burn 36.8 kg of dry matter a second: 2.797 kg CO, 0.2318 kg PM2.5, 36.8 x 3.1 g NO = 114.1 g NO = 174.9 g NO2.
#[test]
fn a_fire_of_100_mw_emits_the_published_rates() {
    let r = factors().of(LandClass::Cropland).rate_kg_s(100.0);
    assert!((r.co - 2.7968).abs() < 1e-4, "{}", r.co);
    assert!((r.pm25 - 0.231_84).abs() < 1e-5, "{}", r.pm25);
    assert!((r.nox - 0.174_9).abs() < 1e-4, "{}", r.nox);
    let forest = factors().of(LandClass::Forest).rate_kg_s(100.0);
    assert!((forest.pm25 / r.pm25 - 18.0 / 6.3).abs() < 1e-9);
    for class in LandClass::ALL {
        let r = factors().of(class).rate_kg_s(1.0);
        assert!(r.pm10 >= r.pm25 && r.bc + r.oc <= r.pm25, "{class:?}");
    }
}

/// Without a diurnal cycle 40 MW for 6 h are 864 GJ: x 0.368 kg/MJ x 76 g/kg = 24,164 kg CO; then half as much each day.
#[test]
fn a_fire_burns_around_its_overpass_and_fades_by_half_a_day() {
    let (cycle, seen) = (utc(2026, 4, 10, 12, 0), utc(2026, 4, 10, 5, 10));
    let mut flat = factors();
    flat.diurnal.base = 1.0;
    let fire = detection(seen, 129.5, 42.9, 40.0);
    let fires = made(std::slice::from_ref(&fire), &flat, cycle, 72);
    assert_eq!(fires.sources.len(), 1);
    let source = &fires.sources[0];
    assert_eq!((source.adcode, source.sector), (222_401, Sector::Fire));
    let first = utc(2026, 4, 10, 0, 0);
    let days: Vec<f64> = (0..4).map(|d| co_kg(source, first, 24 * d..24 * (d + 1))).collect();
    // the window of 5:10 +- 3 h reaches 2:10 to 8:10
    assert!((days[0] - 24_164.352).abs() < 1e-6, "{days:?}");
    for (n, day) in days.iter().enumerate() {
        assert!((day / days[0] - 0.5f64.powi(n as i32)).abs() < 1e-12, "{n} {days:?}");
    }
    assert_eq!(co_kg(source, first, 0..2) + co_kg(source, first, 9..24), 0.0);
    // a fire of the day before is too old to come back
    let old = detection(seen - Duration::days(1), 129.5, 42.9, 40.0);
    let faded = made(&[old], &flat, cycle, 72);
    assert_eq!(co_kg(&faded.sources[0], first, 0..96), 0.0);
    // the model emits the same as the source holds
    let day = chrono::NaiveDate::from_ymd_opt(2026, 4, 10).unwrap();
    assert!((1000.0 * emission().daily_amounts(source, day).co - days[0]).abs() < 1e-6);
    let hourly: f64 = (0..24).map(|h| 3600.0 * emission().hourly_rate(source, first + Duration::hours(h)).co).sum();
    assert!((hourly - days[0]).abs() < 1e-6);
}

/// Seen at 13 h at its peak a fire is weaker before and after; seen at night it is not taken to be more than three times as strong by day.
#[test]
fn the_power_follows_the_hour_of_the_day() {
    let rules = factors();
    let co = rules.of(LandClass::Cropland).rate_kg_s(1.0).co;
    let (cycle, begin) = (utc(2026, 4, 11, 0, 0), utc(2026, 4, 9, 16, 0));
    // 13 h Beijing is 5 h UTC; hours below are of the Beijing day
    let noon = made(&[detection(utc(2026, 4, 10, 5, 0), 129.5, 42.9, 40.0)], &rules, cycle, 24);
    let hour = |f: &FireSources, h: i64| co_kg(&f.sources[0], begin, h..h + 1) / (3600.0 * co);
    assert!(hour(&noon, 13) < 40.0 && hour(&noon, 13) > 38.0, "{}", hour(&noon, 13));
    assert!(
        hour(&noon, 10) < hour(&noon, 11) && hour(&noon, 11) < hour(&noon, 12) && hour(&noon, 15) < hour(&noon, 14)
    );
    assert!((hour(&noon, 12) - hour(&noon, 13)).abs() < 1e-9, "even about the peak");
    let mut forest = detection(utc(2026, 4, 9, 18, 0), 129.5, 42.9, 10.0);
    forest.land = Some(LandClass::Forest);
    let night = made(&[forest], &rules, cycle, 24);
    let co_forest = rules.of(LandClass::Forest).rate_kg_s(1.0).co;
    assert!((hour(&night, 13) * co / co_forest - 30.0).abs() < 1e-9, "{}", hour(&night, 13) * co / co_forest);
    assert_eq!(night.fires[0].land, LandClass::Forest);
}

#[test]
fn every_detection_is_accounted_for() {
    let cycle = utc(2026, 4, 10, 12, 0);
    let t = utc(2026, 4, 10, 5, 0);
    let mut faint = detection(t, 129.0, 43.0, 10.0);
    faint.confidence = 0.2;
    let list = [
        detection(t, 129.5, 42.9, 20.0),
        detection(t + Duration::minutes(40), 129.505, 42.905, 50.0), // 0.7 km beside: the same fire
        detection(t, 129.53, 42.9, 30.0),                            // 2.4 and 2.1 km away: another
        detection(t - Duration::hours(3), 129.5, 42.9, 10.0),        // three hours before: the first again
        detection(cycle + Duration::hours(1), 130.0, 43.0, 10.0),
        detection(t, 130.0, 43.0, f64::NAN),
        faint,
    ];
    let fires = made(&list, &factors(), cycle, 6);
    let r = &fires.report;
    assert_eq!((r.fires, r.duplicates, fires.sources.len()), (2, 1, 2));
    assert_eq!((r.low_confidence, r.unusable, r.after_cycle, r.detections), (1, 1, 1, 7));
    assert_eq!((r.days.len(), r.days[0].fires, r.days[0].detections), (1, 2, 4));
    assert_eq!(r.days[0].frp_mw, 80.0);
    let largest = fires.fires.iter().map(|f| f.frp_mw).fold(0.0, f64::max);
    assert_eq!(largest, 50.0);
    // the order of the file does not matter
    let mut turned = list.to_vec();
    turned.reverse();
    assert_eq!(made(&turned, &factors(), cycle, 6).sources, fires.sources);
}

/// MODIS at 13:00 and Himawari every ten minutes see one field: it burns once, with the mean of both.
#[test]
fn sensors_that_see_one_fire_do_not_add_up() {
    let cycle = utc(2026, 4, 10, 12, 0);
    let t = utc(2026, 4, 10, 5, 0);
    let mut rules = factors();
    rules.diurnal.base = 1.0;
    let modis = detection(t, 129.5, 42.9, 40.0);
    let seen_by = |satellite: &str, minutes: i64, east: f64, frp_mw: f64| FireDetection {
        satellite: satellite.into(),
        ..detection(t + Duration::minutes(minutes), 129.5 + east, 42.9, frp_mw)
    };
    let mut list = vec![modis.clone()];
    list.extend((-9..=9).map(|k| seen_by("Himawari-9", 10 * k, 0.01, 30.0)));
    let alone = made(std::slice::from_ref(&modis), &rules, cycle, 6);
    let both = made(&list, &rules, cycle, 6);
    assert_eq!((both.report.fires, both.report.duplicates), (1, 19));
    let whole = |f: &FireSources| f.sources.iter().map(|s| co_kg(s, t - Duration::hours(12), 0..48)).sum::<f64>();
    assert!((whole(&both) / whole(&alone) - 35.0 / 40.0).abs() < 1e-12);
    // a later look at 17:00 moves the end of the fire, and the hours between are not burnt twice
    list.push(seen_by("N20", 240, 0.0, 40.0));
    let longer = made(&list, &rules, cycle, 12);
    // 35 MW over the five hours to 15:00, 40 over the five after it
    assert!((whole(&longer) / whole(&alone) - 375.0 / 240.0).abs() < 1e-9, "{}", whole(&longer) / whole(&alone));
    let times = (t - Duration::minutes(90), t + Duration::minutes(240));
    assert_eq!((longer.fires[0].first, longer.fires[0].last), times, "the looks, not what the power rests on");
    // two pixels of one overpass are one fire of twice the power, in two granules too; 3 km apart they are two
    for (minutes, east, fires) in [(0, 0.01, 1), (6, 0.01, 1), (0, 0.04, 2)] {
        let pair = made(&[modis.clone(), seen_by("Aqua", minutes, east, 40.0)], &rules, cycle, 6);
        assert_eq!((pair.report.fires, pair.report.duplicates), (fires, 0));
        assert!((whole(&pair) / whole(&alone) - 2.0).abs() < 1e-12, "{minutes} {east}");
    }
}

/// A front of fields: MODIS sees pixels of 1 km, VIIRS and its sister of smaller ones at other minutes, not the same power. Each alone is
/// burnt as it was seen; together they lie between and are no sum.
#[test]
fn modis_and_viirs_together_lie_between_and_are_no_sum() {
    let cycle = utc(2026, 4, 10, 12, 0);
    let t = utc(2026, 4, 10, 5, 0);
    let mut rules = factors();
    rules.diurnal.base = 1.0;
    let front = |satellite: &str, minutes: i64, pixels: i32, km: f64, frp_mw: f64| -> Vec<FireDetection> {
        let at = |i: i32| (129.5 + km * f64::from(i % 20) / 81.6, 42.9 + km * f64::from(i / 20) / 111.2);
        let all = (0..pixels).map(|i| FireDetection {
            satellite: satellite.into(),
            ..detection(t + Duration::minutes(minutes), at(i).0, at(i).1, frp_mw * (1.0 + 0.3 * f64::from(i).sin()))
        });
        all.collect()
    };
    // 20 km and 40 fields of 1 km2 as MODIS sees them; three small pixels in a field
    let modis = front("Aqua", 20, 40, 1.0, 60.0);
    let viirs: Vec<FireDetection> = [0.0, 0.35, 0.6]
        .iter()
        .flat_map(|shift| {
            front("N", 0, 40, 1.0, 25.0).into_iter().map(move |mut d| {
                (d.lon, d.lat) = (d.lon + (shift - 0.3) / 81.6, d.lat + (0.2 - shift) / 111.2);
                d
            })
        })
        .collect();
    let sister: Vec<FireDetection> = viirs
        .iter()
        .map(|d| FireDetection { satellite: "N20".into(), time: d.time - Duration::minutes(50), ..d.clone() })
        .collect();
    let emitted = |list: &[FireDetection]| {
        let made = made(list, &rules, cycle, 6);
        made.sources.iter().map(|s| co_kg(s, t - Duration::hours(12), 0..48)).sum::<f64>()
    };
    let (m, v) = (emitted(&modis), emitted(&viirs));
    // 6 h x 3600 s x 0.368 kg/MJ x 76 g/kg of the power seen
    let as_seen = |list: &[FireDetection]| 604.1088 * list.iter().map(|d| d.frp_mw).sum::<f64>();
    assert!((m / as_seen(&modis) - 1.0).abs() < 1e-9 && (v / as_seen(&viirs) - 1.0).abs() < 1e-9, "{m} {v}");
    let both = emitted(&[modis.clone(), viirs.clone()].concat());
    let all = emitted(&[modis, viirs.clone(), sister.clone()].concat());
    println!("MODIS {m:.0} kg CO, VIIRS {v:.0}, both {both:.0}, with its sister {all:.0}");
    assert!(m < both && both < v && m < all && all < v, "{m} {both} {all} {v}");
    assert!((both / (0.5 * (m + v)) - 1.0).abs() < 0.05, "{both} {m} {v}");
    // two of one kind that see the same are as one
    assert!((emitted(&[viirs, sister].concat()) / v - 1.0).abs() < 1e-9);
}

/// A kiln seen on five of six days is no fire; a field of two days is. A stack of the inventory beside a detection explains it.
#[test]
fn heat_that_lasts_is_told_from_fires() {
    let day = |d: u32, lon: f64, lat: f64| detection(utc(2026, 4, d, 5, 0), lon, lat, 10.0);
    let mut list: Vec<_> = [1, 2, 3, 5, 6].map(|d| day(d, 129.2, 42.5)).into();
    list.extend([day(3, 129.4, 42.5), day(4, 129.4, 42.5), day(4, 130.29, 42.895)]);
    let mut volcano = day(4, 128.06, 42.0);
    volcano.lasting = true;
    list.push(volcano);
    let stacks = [("Hunchun power plant".to_owned(), 130.289, 42.895)];
    let cycle = utc(2026, 4, 6, 12, 0);
    let county = |_: f64, _: f64| None;
    let scene = FireScene { stacks: &stacks, county: &county, cycle, forecast_end: cycle + Duration::hours(24) };
    let made = sources_from_fires(&list, &factors(), &scene);
    assert_eq!((made.report.lasting_heat, made.report.fires), (7, 1));
    let heat: Vec<(HeatReason, usize)> = made.report.heat.iter().map(|h| (h.reason, h.detections)).collect();
    assert_eq!(heat, [(HeatReason::Provider, 1), (HeatReason::Inventory, 1), (HeatReason::Recurrence, 5)]);
    assert_eq!(made.report.heat[1].name.as_deref(), Some("Hunchun power plant"));
    assert_eq!((made.fires[0].first, made.fires[0].last), (utc(2026, 4, 3, 5, 0), utc(2026, 4, 4, 5, 0)));
}

#[test]
fn broken_fire_parameters_are_refused_with_the_field_named() {
    for (from, to, field) in [
        ("dry_matter_kg_mj = 0.368", "dry_matter_kg_mj = -0.368", "land.cropland.dry_matter_kg_mj"),
        ("minimum_confidence = 0.3", "minimum_confidence = 30.0", "minimum_confidence"),
        ("persistence_per_day = 0.5", "persistence_per_day = 1.5", "persistence_per_day"),
        ("half_window_hours = 3.0", "half_window_hours = 0.0", "land.cropland.half_window_hours"),
        ("half_window_hours = 12.0", "half_window_hours = 13.0", "land.forest.half_window_hours"),
        ("pm10 = 7.2", "pm10 = 6.2", "land.cropland.pm10"),
        ("oc = 2.3", "oc = 6.3", "land.cropland.oc"),
        ("co = 76.0", "co = nan", "land.cropland.co"),
        ("nh3 = 2.2\n", "", "nh3"),
        ("nh3 = 2.2", "ammonia = 2.2", "ammonia"),
        ("class = \"grass\"", "class = \"forest\"", "2 entries of forest"),
        ("class = \"grass\"", "class = \"water\"", "water"),
        ("base = 0.05", "base = 0.0", "diurnal.base"),
        ("lat = 41.13", "lat = 122.99", "lasting_heat.place.lat"),
    ] {
        assert!(FIRES.contains(from), "{from}");
        let error = FireFactors::from_toml(&FIRES.replacen(from, to, 1), "models/fires.toml").unwrap_err().to_string();
        assert!(error.contains(field), "{field}: {error}");
    }
}

/// The columns `type` and `land` are used where a file has them.
#[test]
fn land_and_type_come_from_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive.csv");
    let text = "latitude,longitude,acq_date,acq_time,satellite,confidence,frp,type,land\n\
        43.0,129.0,2025-04-01,0305,Aqua,50,9.5,0,12\n43.1,129.0,2025-04-01,0305,Aqua,50,9.5,0,forest\n\
        43.2,129.0,2025-04-01,0305,Aqua,50,9.5,2,\n43.3,129.0,2025-04-01,0305,Aqua,50,9.5,0,17\n";
    std::fs::write(&path, text).unwrap();
    let read = fires::read(&path, REGION).unwrap();
    let seen: Vec<_> = read.items.iter().map(|d| (d.land, d.lasting)).collect();
    let expected = [(Some(LandClass::Cropland), false), (Some(LandClass::Forest), false), (None, true)];
    assert_eq!(seen, expected);
    assert_eq!((read.rejections.len(), read.rejections[0].place.as_str()), (1, "line 5"));
}

/// A global day of MODIS: nothing is lost on the way to sources, and what lies beyond the grid is one line with its mass.
#[test]
fn a_real_day_of_modis_becomes_sources() {
    let Some(path) = crate::real("fires/MODIS_C6_1_Global_24h_20251123.csv") else { return };
    let all = fires::read(&path, (-180.0, -90.0, 180.0, 90.0)).unwrap().items;
    let made = made(&all, &factors(), utc(2025, 11, 24, 0, 0), 72);
    let r = &made.report;
    let used = r.fires + r.low_confidence + r.unusable + r.after_cycle + r.lasting_heat;
    // what is left are later looks at the same fire and duplicates
    let looks: usize = r.days.iter().map(|d| d.detections).sum();
    assert_eq!(looks + used - r.fires, all.len());
    assert!(r.fires > 1000 && r.duplicates < looks, "{} {} {looks}", r.fires, r.duplicates);
    let interfaces = vec![0.0, 50.0, 150.0, 330.0, 1000.0, 2000.0];
    let grid = Grid {
        name: "test".into(),
        horizontal: HorizontalGrid::new("+proj=latlong +R=6370000", (20, 16), (127.125, 41.1), (0.25, 0.2)).unwrap(),
        vertical: VerticalGrid::new(interfaces).unwrap(),
    };
    let (placement, rejections) = Placement::new(&emission(), &made.sources, &[], &grid);
    let on_grid = (0..made.sources.len()).filter(|&i| !placement.cells_of(i).is_empty()).count();
    assert_eq!(rejections.len(), 1);
    assert!(rejections[0].place.starts_with(&format!("{} ", made.sources.len() - on_grid)), "{rejections:?}");
    assert!(placement.outside().rate_kg.co > 0.0);
    println!("{} detections, {} fires, {} duplicates, {} on the grid", all.len(), r.fires, r.duplicates, on_grid);
}

/// A source with hours emits nothing outside them, and what was measured at a stack replaces the estimate of its hour only.
#[test]
fn hours_and_measurements_replace_what_they_are_given_for() {
    use hazecast::domain::source::{ActivityChange, Place, StackHour};
    let at = utc(2026, 1, 15, 3, 0);
    let source = |strength| Source {
        id: "b".into(),
        name: "b".into(),
        sector: Sector::Boiler,
        adcode: 222_401,
        place: Place::County,
        strength,
        changes: Vec::new(),
    };
    let hourly = source(Strength::Hourly { from: at, kg_s: vec![Amounts::all(1.0), Amounts::all(2.0)] });
    let rates: Vec<f64> = (-1..3).map(|h| emission().hourly_rate(&hourly, at + Duration::hours(h)).co).collect();
    assert_eq!(rates, [0.0, 1.0, 2.0, 0.0]);
    let annual =
        Amounts { so2: 100.0, nox: 200.0, pm25: 30.0, pm10: 60.0, bc: 3.0, oc: 6.0, co: 500.0, ..Amounts::default() };
    let hour = StackHour { so2: Some(0.5), nox: None, particles: Some(0.12) };
    let measured = source(Strength::Measured { annual, hours: [(at, hour)].into() });
    let estimated = source(Strength::Annual(annual));
    let (m, e) = (emission().hourly_rate(&measured, at), emission().hourly_rate(&estimated, at));
    assert_eq!((m.so2, m.nox, m.co, m.pm10), (0.5, e.nox, e.co, 0.12));
    assert!((m.pm25 - 0.06).abs() < 1e-15 && (m.bc - 0.006).abs() < 1e-15 && (m.oc - 0.012).abs() < 1e-15);
    let next = at + Duration::hours(1);
    assert_eq!(emission().hourly_rate(&measured, next), emission().hourly_rate(&estimated, next));
    // a cut of half of everything leaves what was measured
    let half = ActivityChange { from: at, to: at + Duration::hours(2), factor: Amounts::all(0.5) };
    let (mut measured_cut, mut estimated_cut) = (measured.clone(), estimated.clone());
    (measured_cut.changes, estimated_cut.changes) = (vec![half.clone()], vec![half]);
    let c = emission().hourly_rate(&measured_cut, at);
    assert_eq!((c.so2, c.nox, c.co, c.pm10), (0.5, 0.5 * e.nox, 0.5 * e.co, 0.12));
    assert!((c.pm25 - 0.06).abs() < 1e-15);
    assert_eq!(emission().hourly_rate(&measured_cut, next), emission().hourly_rate(&estimated_cut, next));
    let day = chrono::NaiveDate::from_ymd_opt(2026, 1, 15).unwrap();
    let more = emission().daily_amounts(&measured, day).so2 - emission().daily_amounts(&estimated, day).so2;
    assert!((more - 3.6 * (0.5 - e.so2)).abs() < 1e-9, "{more}");
}

/// Files of one day and of seven hold the same rows: each is one detection. Neighbours, other times and other satellites are others.
#[test]
fn a_detection_in_two_files_is_one() {
    let noon = utc(2026, 4, 5, 5, 0);
    let one = detection(noon, 129.5, 43.0, 12.0);
    let others = [
        detection(noon, 129.51, 43.0, 12.0),
        detection(noon + Duration::minutes(5), 129.5, 43.0, 12.0),
        FireDetection { satellite: "Terra".into(), ..one.clone() },
    ];
    let list: Vec<FireDetection> = [one.clone()].into_iter().chain(others).collect();
    let twice: Vec<FireDetection> = list.iter().cloned().chain(list.iter().rev().cloned()).collect();
    assert_eq!(once_each(twice), list);
}
