//! Readers of tables, outlines and gridded inventories, and the weights of counties.
//!
//! Counts and sums of real files were computed apart from this crate, with Python's csv and netCDF4 modules.

mod broken_files;
mod geography;
pub mod gridded_inventory;

use crate::real;
use chrono::NaiveDate;
use hazecast::calendar::end_of_beijing_hour;
use hazecast::domain::pollutant::Pollutant;
use hazecast::domain::source::{Place, Sector, Source};
use hazecast::input::power_plants_csv::PlantFactors;
use hazecast::input::{fires_csv, inventory_csv, observations_csv, outlines, power_plants_csv, region};
use std::path::{Path, PathBuf};

const REGION: &str = include_str!("../../data/yanbian/region.toml");
const OUTLINES: &str = include_str!("../../data/yanbian/counties.geojson");
const PLANTS: &str = include_str!("../../models/power_plants.toml");

/// The built-in region.
fn yanbian() -> hazecast::domain::county::Region {
    let outlines = outlines::parse(OUTLINES, Path::new("data/yanbian/counties.geojson")).unwrap();
    region::read(REGION, Path::new("data/yanbian/region.toml"), outlines).unwrap()
}

fn codes() -> Vec<String> {
    ["2237A", "2238A", "2239A"].map(str::to_owned).to_vec()
}

/// Writes a file into a fresh folder that lives as long as the first part.
fn file(name: &str, content: impl AsRef<[u8]>) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    (folder, path)
}

fn annual(source: &Source) -> hazecast::domain::source::Amounts {
    *source.strength.annual().unwrap_or_else(|| panic!("{} has a rate", source.id))
}

#[test]
fn an_inventory_becomes_sources() {
    let text = "\u{feff}name,id,sector,lon,lat,adcode,stack_velocity_m_s,stack_height_m,stack_diameter_m,stack_temperature_k,\
                so2_t_a,nox_kg_a,co_kt_a,pm25_kg_h,pm10_kg_h,bc_t_a\r\n\
                \"Boiler, north\",b1,boiler,129.5,42.9,222401,12,60,2,400,10,2000,0.5,1,2,1\r\n\
                Households,h1,residential,,,222405,,,,,3,,,,,\r\n\
                Kiln,k1,industry,129.51,42.95,222401,,,,,1,1,1,1,1,\r\n";
    let (_folder, path) = file("inventory.csv", text);
    let read = inventory_csv::read(&path).unwrap();
    assert!(read.rejections.is_empty(), "{:?}", read.rejections);
    let [boiler, homes, kiln] = &read.items[..] else { panic!("{} sources", read.items.len()) };
    assert_eq!((boiler.name.as_str(), boiler.sector, boiler.adcode), ("Boiler, north", Sector::Boiler, 222_401));
    let Place::Point { lon, lat, stack: Some(stack) } = &boiler.place else { panic!("{:?}", boiler.place) };
    assert_eq!((*lon, *lat, stack.height_m, stack.diameter_m), (129.5, 42.9, 60.0, 2.0));
    assert_eq!((stack.temperature_k, stack.velocity_m_s), (400.0, 12.0));
    let a = annual(boiler);
    // 1 kg an hour is 8.76 t a year
    assert_eq!((a.so2, a.nox, a.co, a.bc, a.oc), (10.0, 2.0, 500.0, 1.0, 0.0));
    assert!((a.pm25 - 8.76).abs() < 1e-12 && (a.pm10 - 17.52).abs() < 1e-12);
    assert_eq!(homes.place, Place::County);
    assert_eq!((annual(homes).so2, annual(homes).pm10), (3.0, 0.0));
    assert_eq!(kiln.place, Place::Point { lon: 129.51, lat: 42.95, stack: None });
}

#[test]
fn refused_rows_leave_the_others() {
    let text =
        "id,name,sector,adcode,so2_t_a\na,\"two\nlines\",power,222401,1\nb,B,steam,222401,1\nc,C,power,222401,2\n";
    let (_folder, path) = file("inventory.csv", text);
    let read = inventory_csv::read(&path).unwrap();
    assert_eq!(read.items.iter().map(|s| s.id.as_str()).collect::<Vec<_>>(), ["a", "c"]);
    let [refused] = &read.rejections[..] else { panic!("{:?}", read.rejections) };
    assert_eq!((refused.place.as_str(), refused.found.as_str()), ("line 4", "sector `steam`"));
}

/// 24 hours of six pollutants at three stations; 20230120 ends in a row cut off after 1,738 of 2,029 fields.
#[test]
fn real_observations_are_read_whole() {
    for (day, refused, [pm25, pm10, co]) in [
        ("20230120", vec![("line 361", "1738 fields")], [464.0, 1459.0, 13.9]),
        ("20230121", vec![], [1220.0, 1782.0, 17.7]),
    ] {
        let Some(path) = real(&format!("obs/china_sites_{day}.csv")) else { return };
        let read = observations_csv::read(&path, &codes()).unwrap();
        assert_eq!(read.items.len(), 432, "{day}");
        let places: Vec<_> = read.rejections.iter().map(|r| (r.place.as_str(), r.found.as_str())).collect();
        assert_eq!(places, refused, "{day}");
        let sum = |p: Pollutant| {
            read.items.iter().filter(|o| o.station == "2238A" && o.pollutant == p).map(|o| o.value).sum::<f64>()
        };
        assert!((sum(Pollutant::Pm25) - pm25).abs() < 1e-9 && (sum(Pollutant::Pm10) - pm10).abs() < 1e-9);
        assert!((sum(Pollutant::Co) - co).abs() < 1e-9, "{day} {}", sum(Pollutant::Co));
        assert!(read.items.windows(2).all(|w| (w[0].end, &w[0].station) <= (w[1].end, &w[1].station)));
    }
    // first hour of the 20th: 00:00 Beijing, 52 at 2237A
    let Some(path) = real("obs/china_sites_20230120.csv") else { return };
    let first = &observations_csv::read(&path, &codes()).unwrap().items[0];
    assert_eq!((first.station.as_str(), first.pollutant, first.value), ("2237A", Pollutant::Pm25, 52.0));
    assert_eq!(first.end.to_rfc3339(), "2023-01-19T16:00:00+00:00");
}

#[test]
fn the_whole_network_of_a_day_is_read() {
    let Some(path) = real("obs/china_sites_20230121.csv") else { return };
    let text = std::fs::read_to_string(&path).unwrap();
    let all: Vec<String> =
        text.lines().next().unwrap().split(',').skip(3).filter(|c| !c.trim().is_empty()).map(str::to_owned).collect();
    let read = observations_csv::read(&path, &all).unwrap();
    assert_eq!((read.items.len(), read.rejections.len()), (240_199, 0));
}

#[test]
fn real_fires_are_counted_and_summed() {
    for (name, count, frp, confidence) in [
        ("MODIS_C6_1_Global_7d_20220328_20220403.csv", 437, 12_769.01, 58.627_002_288),
        ("MODIS_C6_1_Global_24h_20251123.csv", 498, 12_450.21, 59.502_008_032),
    ] {
        let Some(path) = real(&format!("fires/{name}")) else { return };
        let read = fires_csv::read(&path, (125.0, 40.0, 133.0, 46.0)).unwrap();
        assert_eq!((read.items.len(), read.rejections.len()), (count, 0), "{name}");
        assert!((read.items.iter().map(|f| f.frp_mw).sum::<f64>() - frp).abs() < 1e-6, "{name}");
        let mean = read.items.iter().map(|f| f.confidence).sum::<f64>() / count as f64;
        assert!((100.0 * mean - confidence).abs() < 1e-6, "{name} {mean}");
    }
    let Some(path) = real("fires/MODIS_C6_1_Global_24h_20251123.csv") else { return };
    let read = fires_csv::read(&path, (125.0, 40.0, 133.0, 46.0)).unwrap();
    let (first, last) = (&read.items[0], read.items.last().unwrap());
    assert_eq!((first.lat, first.lon, first.frp_mw, first.satellite.as_str()), (42.393_42, 125.824_33, 13.79, "A"));
    assert_eq!(first.time.to_rfc3339(), "2025-11-23T05:54:00+00:00");
    assert_eq!(last.time.to_rfc3339(), "2025-11-24T06:33:00+00:00");
}

#[test]
fn viirs_fires_have_words_for_confidence() {
    let text = "latitude,longitude,bright_ti4,scan,track,acq_date,acq_time,satellite,instrument,confidence,version,bright_ti5,frp,daynight\n\
                43.1,129.2,330.1,0.4,0.4,2025-04-01,5,N,VIIRS,n,2.0NRT,290.1,4.5,N\n\
                43.2,129.2,330.1,0.4,0.4,2025-04-01,417,N,VIIRS,high,2.0NRT,290.1,5.5,D\n\
                43.3,129.2,330.1,0.4,0.4,2025-04-01,1817,N,VIIRS,l,2.0NRT,290.1,6.5,N\n\
                13.3,129.2,330.1,0.4,0.4,2025-04-01,1817,N,VIIRS,l,2.0NRT,290.1,6.5,N\n";
    let (_folder, path) = file("viirs.csv", text);
    let read = fires_csv::read(&path, (127.0, 41.0, 132.0, 45.0)).unwrap();
    assert!(read.rejections.is_empty());
    let seen: Vec<_> = read.items.iter().map(|f| (f.time.format("%H:%M").to_string(), f.confidence)).collect();
    assert_eq!(seen, [("00:05".to_owned(), 0.6), ("04:17".to_owned(), 0.9), ("18:17".to_owned(), 0.2)]);
}

#[test]
fn the_window_holds_its_edges_and_nothing_beyond() {
    let mut text = "latitude,longitude,acq_date,acq_time,satellite,confidence,frp\n".to_owned();
    for (lat, lon) in [(41.0, 127.0), (45.0, 132.0), (40.99, 129.0), (45.01, 129.0), (43.0, 126.99), (43.0, 132.01)] {
        text += &format!("{lat},{lon},2025-04-01,0305,A,50,9.5\n");
    }
    let (_folder, path) = file("fires.csv", text);
    let read = fires_csv::read(&path, (127.0, 41.0, 132.0, 45.0)).unwrap();
    let places: Vec<_> = read.items.iter().map(|f| (f.lat, f.lon)).collect();
    assert_eq!(places, [(41.0, 127.0), (45.0, 132.0)]);
    assert!(read.rejections.is_empty());
}

/// Of 248 plants 66 coal and 3 gas plants run; the built-in outlines hold three of them.
#[test]
fn real_power_plants_are_counted() {
    let Some(path) = real("emis/wri_gppd_ne_china_plants.csv") else { return };
    let factors = PlantFactors::parse(PLANTS, Path::new("models/power_plants.toml")).unwrap();
    let read = power_plants_csv::read(&path, &factors, (-180.0, -90.0, 180.0, 90.0), &yanbian().counties).unwrap();
    assert_eq!((read.items.len(), read.rejections.len()), (69, 0), "{:?}", read.rejections);
    let mut ours: Vec<(&str, u32)> =
        read.items.iter().filter(|s| s.adcode != 0).map(|s| (s.name.as_str(), s.adcode)).collect();
    ours.sort_unstable();
    assert_eq!(
        ours,
        [
            ("Datang Hunchun power station", 222_404),
            ("Jilin Hunchun Coal Mine Methane", 222_404),
            ("Longhua Yanji power station", 222_401)
        ]
    );
    // 660 MW at half load for 8760 h are 2,890.8 GWh; at 35 mg Nm-3 and 3.5 Nm3 per kWh that is 354.1 t of SO2
    let datang = read.items.iter().find(|s| s.name.starts_with("Datang Hunchun")).unwrap();
    assert!((annual(datang).so2 - 354.1).abs() < 0.1, "{}", annual(datang).so2);
    let Place::Point { stack: Some(stack), .. } = &datang.place else { panic!("{:?}", datang.place) };
    assert_eq!(stack.height_m, 210.0);
    let inside = power_plants_csv::read(&path, &factors, (127.5, 41.9, 131.5, 44.6), &[]).unwrap();
    assert_eq!(inside.items.len(), 3);
    assert!(inside.items.iter().all(|s| s.adcode == 0));
}

#[test]
fn bad_plant_factors_are_refused() {
    for (from, to, key) in [
        ("capacity_factor = 0.5", "capacity_factor = 1.5", "capacity_factor"),
        ("so2 = 0.1225", "so2 = -1.0", "g_per_kwh"),
        ("pm25 = 0.021", "pm25 = 0.5", "g_per_kwh"),
        ("up_to_mw = 50.0", "up_to_mw = 250.0", "up_to_mw"),
        ("written = [\"Oil\"", "written = [\"Coal\"", "written"),
        ("height_m = 60.0", "height = 60.0", "TOML"),
    ] {
        assert!(PLANTS.contains(from), "{from}");
        let refused = PlantFactors::parse(&PLANTS.replacen(from, to, 1), Path::new("models/power_plants.toml"));
        let text = refused.unwrap_err().to_string();
        assert!(text.contains("models/power_plants.toml") && text.contains(key), "{text}");
    }
}

/// One hour of the archive of published hours: the values of its stations at the end of the hour, in the order of stations and pollutants.
#[test]
fn the_archive_of_published_hours_is_read_as_observations() {
    let Some(path) = real("obs/cnemc_formats/HeQinWill_2022-01-04T12_NE_sample.csv") else { return };
    let stations = ["2229A", "2225A"].map(String::from);
    let read = observations_csv::read(&path, &stations).unwrap();
    // one row of the sample has a field too many
    let refused: Vec<(&str, &str)> = read.rejections.iter().map(|r| (&*r.place, &*r.found)).collect();
    assert_eq!(refused, [("line 4", "23 fields")]);
    let end = end_of_beijing_hour(NaiveDate::from_ymd_opt(2022, 1, 4).unwrap(), 12);
    let first: Vec<(&str, f64)> =
        read.items.iter().filter(|o| o.station == "2225A").map(|o| (o.pollutant.name(), o.value)).collect();
    assert_eq!(first, [("PM2.5", 34.0), ("PM10", 110.0), ("SO2", 12.0), ("NO2", 23.0), ("CO", 0.6), ("O3", 49.0)]);
    assert!(read.items.iter().all(|o| o.end == end) && read.items.iter().any(|o| o.station == "2229A"));
    assert!(read.items.is_sorted_by_key(|o| (o.end, o.station.clone(), o.pollutant as usize)));
    assert!(observations_csv::codes(&path).unwrap().contains(&"2226A".to_owned()));
    let none = observations_csv::read(&path, &["0001A".to_owned()]).unwrap_err().to_string();
    assert!(none.contains("0001A"), "{none}");
    // a row again, a station that is not there, and faults of stations that nobody asked for
    let folder = tempfile::tempdir().unwrap();
    let again = folder.path().join("again.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    let row = text.lines().find(|l| l.contains(",2225A,")).unwrap();
    std::fs::write(
        &again,
        format!("{}\n{row}\n{}\n", text.trim_end(), row.replace("2225A", "9999A").replace(",80,", ",-1,")),
    )
    .unwrap();
    let read = observations_csv::read(&again, &["2225A", "0001A"].map(String::from)).unwrap();
    assert_eq!(read.items.len(), 6);
    let refused: Vec<&str> = read.rejections.iter().map(|r| r.found.as_str()).collect();
    assert_eq!(refused, ["23 fields", "no row of 0001A", "the hour of 2225A of line 2 again"]);
}
