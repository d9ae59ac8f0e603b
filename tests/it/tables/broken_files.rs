//! Files broken by hand, twenty or more per reader: each is refused, or refuses the record, by file and place.

use super::gridded_inventory::{self, Field, write};
use super::{codes, file};
use hazecast::error::{Accepted, Result};
use hazecast::input::{fires_csv, inventory_csv, observations_csv, outlines, power_plants_csv};
use std::path::Path;

/// What a reader says of a file: its error, or its rejections.
fn said<T>(outcome: Result<Accepted<T>>) -> String {
    match outcome {
        Err(e) => e.to_string(),
        Ok(read) => {
            read.rejections.iter().map(|r| format!("{}: {}: {}, {}\n", r.file, r.place, r.found, r.expected)).collect()
        }
    }
}

fn each<T>(name: &str, cases: &[(Vec<u8>, &[&str])], read: impl Fn(&Path) -> Result<Accepted<T>>) {
    assert!(cases.len() >= 20, "{}", cases.len());
    for (i, (content, wanted)) in cases.iter().enumerate() {
        let (_folder, path) = file(name, content);
        let text = said(read(&path));
        assert!(text.contains(name), "case {i} says `{text}`");
        for word in *wanted {
            assert!(text.contains(word), "case {i} says `{text}`, not `{word}`");
        }
    }
}

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

#[test]
fn inventory_tables() {
    const HEAD: &str = "id,name,sector,adcode,lon,lat,stack_height_m,stack_diameter_m,stack_temperature_k,\
                        stack_velocity_m_s,so2_t_a,pm25_t_a,pm10_t_a,bc_t_a,oc_t_a\n";
    const GOOD: &str = "a,A,power,222401,129.5,42.9,100,3,330,15,10,2,3,0.2,0.3\n";
    let row = |text: &str| bytes(&format!("{HEAD}{GOOD}{text}\n"));
    let head = |text: &str| bytes(&format!("{text}\na,A,power,222401,1\n"));
    let mut damaged = row("");
    damaged.extend_from_slice(b"b,\xff\xff,power,222401,129.5,42.9,,,,,1,,,,\n");
    let cases: Vec<(Vec<u8>, &[&str])> = vec![
        (bytes(""), &["line 1", "empty"]),
        (bytes(HEAD), &["line 2", "no rows"]),
        (head("id,name,sector,adcode,so2_lb_a"), &["line 1", "so2_lb_a"]),
        (head("id,name,sector,adcode,hg_t_a"), &["line 1", "hg_t_a"]),
        (head("id,name,sector,adcode,remarks"), &["line 1", "remarks"]),
        (head("id,name,sector,adcode,lon"), &["line 1", "no column with an amount"]),
        (head("id,name,kind,adcode,so2_t_a"), &["line 1", "kind"]),
        (head("name,nox_t_a,sector,adcode,so2_t_a"), &["line 1", "`id`"]),
        (head("id,name,sector,so2_t_a,so2_t_a"), &["line 1", "so2_t_a", "twice"]),
        (head("id,name,sector,adcode,pm25_t_a"), &["line 1", "pm25 without pm10"]),
        (bytes("id,name,sector,adcode,so2_t_a,so2_kg_a\na,A,power,222401,1,1\n"), &["line 1", "so2_kg_a"]),
        (bytes("id,name,sector,adcode,lon,so2_t_a\na,A,power,222401,1,1\n"), &["line 1", "`lat`"]),
        (bytes("id;name;sector;adcode;so2_t_a\na;A;power;222401;1\n"), &["line 1", "id;name"]),
        (b"i\0d\0,\0n\0\n\0".to_vec(), &["line 1"]),
        (row("b,B,steam,222401,129.5,42.9,,,,,1,,,,"), &["line 3", "steam"]),
        (row("b,B,power,222401,129.5,42.9,,,,,-1,,,,"), &["line 3", "so2 -1"]),
        (row("b,B,power,222401,129.5,42.9,,,,,NaN,,,,"), &["line 3", "NaN"]),
        (row("b,B,power,222401,129.5,42.9,,,,,1e999,,,,"), &["line 3", "1e999"]),
        (row("b,B,power,222401,129.5,42.9,,,,,\"1,5\",,,,"), &["line 3", "1,5"]),
        (row("b,B,power,222401,129.5,42.9,,,,,1,4,3,,"), &["line 3", "pm10 3"]),
        (row("b,B,power,222401,129.5,42.9,,,,,1,2,3,1,1"), &["line 3", "oc 1"]),
        (row("b,B,power,222401,129.5,42.9,,,,,1,0,0,1,0"), &["line 3", "bc 1"]),
        (row("a,B,power,222401,129.5,42.9,,,,,1,,,,"), &["line 3", "`a`", "line 2"]),
        (row("b,B,power,222401,129.5"), &["line 3", "5 fields", "15 fields"]),
        (row("b,B,power,222401,129.5,42.9,,,,,1,,,,,"), &["line 3", "16 fields"]),
        (row("b,B,power,222401,42.9,129.5,,,,,1,,,,"), &["line 3", "lat 129.5"]),
        (row("b,B,power,222401,529.5,42.9,,,,,1,,,,"), &["line 3", "lon 529.5"]),
        (row("b,B,power,222401,129.5,,,,,,1,,,,"), &["line 3", "no lat"]),
        (row("b,B,power,222401,129.5,42.9,100,,330,,1,,,,"), &["line 3", "2 of the 4"]),
        (row("b,B,power,222401,129.5,42.9,100,3,55,15,1,,,,"), &["line 3", "stack_temperature_k 55"]),
        (row("b,B,power,222401,,,100,3,330,15,1,,,,"), &["line 3", "without lon and lat"]),
        (row("b,B,power,0,,,,,,,1,,,,"), &["line 3", "neither"]),
        (row("b,B,power,2224,,,,,,,1,,,,"), &["line 3", "`2224`"]),
        (row(",B,power,222401,,,,,,,1,,,,"), &["line 3", "no id"]),
        (row("b,,power,222401,,,,,,,1,,,,"), &["line 3", "no name"]),
        (row("b,\"B,power,222401,,,,,,,1,,,,\nc,C,power,222401,,,,,,,1,,,,"), &["line 3", "fields"]),
        (damaged, &["line 4", "UTF-8"]),
        (
            head("id,name,sector,adcode,so2_kg_h").iter().map(|&b| if b == b'1' { b'x' } else { b }).collect(),
            &["line 2"],
        ),
    ];
    each("inventory.csv", &cases, inventory_csv::read);
    let text = said(inventory_csv::read(Path::new("/nowhere/inventory.csv")));
    assert!(text.contains("missing") && text.contains("/nowhere/inventory.csv"), "{text}");
}

#[test]
fn observations() {
    const HEAD: &str = "date,hour,type,2237A,2238A,2239A\n20230120,0,PM2.5,1,2,3\n";
    let row = |text: &str| bytes(&format!("{HEAD}{text}\n"));
    let mut damaged = bytes(HEAD);
    damaged.extend_from_slice(b"20230120,1,PM2.5,\xff\xff,2,3\n");
    let cases: Vec<(Vec<u8>, &[&str])> = vec![
        (bytes(""), &["line 1", "empty"]),
        (bytes("<html><body>404</body></html>"), &["line 1", "date"]),
        (bytes("day,hour,type,2237A\n"), &["line 1", "`date`"]),
        (bytes("date,time,type,2237A\n"), &["line 1", "`hour`"]),
        (bytes("date,hour,kind,2237A\n"), &["line 1", "`type`"]),
        (bytes("date,hour,type,1001A\n20230120,0,PM2.5,1\n"), &["line 1", "2237A"]),
        (bytes("date,hour,type,2237A,2238A\n20230120,0,PM2.5,1,1\n"), &["line 1", "2239A"]),
        (bytes("date,hour,type,2237A,2238A,2237A\n"), &["line 1", "2237A", "twice"]),
        (row("20230120,1,PM2.5,1,2"), &["line 3", "5 fields", "6 fields"]),
        (row("20230120,1,PM2.5,1,2,3,4"), &["line 3", "7 fields"]),
        (row("20230120,1,PM2.5,1,-2,3"), &["line 3, column 2238A", "-2"]),
        (row("20230120,1,PM2.5,1,2001,3"), &["line 3, column 2238A", "2001"]),
        (row("20230120,1,CO,1,1,700"), &["line 3, column 2239A", "700"]),
        (row("20230120,1,PM2.5,abc,2,3"), &["line 3, column 2237A", "abc"]),
        (row("20230120,1,PM2.5,NaN,2,3"), &["line 3, column 2237A", "NaN"]),
        (row("20230120,1,PM2.5,1,2,inf"), &["line 3, column 2239A", "inf"]),
        (row("20230120,1,PM2.5,1,-999,3"), &["line 3, column 2238A", "-999"]),
        (row("20230120,1,PM1,1,2,3"), &["line 3", "PM1"]),
        (row("20230120,1,,1,2,3"), &["line 3", "type"]),
        (row("20230120,24,PM2.5,1,2,3"), &["line 3", "hour `24`"]),
        (row("20230120,-1,PM2.5,1,2,3"), &["line 3", "hour `-1`"]),
        (row("20230120,,PM2.5,1,2,3"), &["line 3", "hour"]),
        (row("20230230,1,PM2.5,1,2,3"), &["line 3", "20230230"]),
        (row("2023-01-20,1,PM2.5,1,2,3"), &["line 3", "2023-01-20"]),
        (row("230120,1,PM2.5,1,2,3"), &["line 3", "230120"]),
        (row("20230120,0,PM2.5,1,2,3"), &["line 3", "line 2 again"]),
        (row("20230120,1,\"PM2.5,1,2,3\n20230120,2,PM2.5,1,2,3"), &["line 3", "fields"]),
        (damaged, &["line 3", "UTF-8"]),
    ];
    each("china_sites.csv", &cases, |path| observations_csv::read(path, &codes()));
}

#[test]
fn fires() {
    const HEAD: &str = "latitude,longitude,brightness,scan,track,acq_date,acq_time,satellite,confidence,version,bright_t31,frp,daynight\n";
    let row = |text: &str| bytes(&format!("{HEAD}43,129,310,1,1,2025-04-01,0305,A,50,6.1,280,9.5,D\n{text}\n"));
    let head = |from: &str| bytes(&HEAD.replace(from, "other"));
    let cases: Vec<(Vec<u8>, &[&str])> = vec![
        (bytes(""), &["line 1", "empty"]),
        (bytes("Invalid API call."), &["line 1", "latitude"]),
        (head("latitude"), &["line 1", "`latitude`"]),
        (head("longitude"), &["line 1", "`longitude`"]),
        (head("acq_date"), &["line 1", "`acq_date`"]),
        (head("acq_time"), &["line 1", "`acq_time`"]),
        (head("satellite"), &["line 1", "`satellite`"]),
        (head("confidence"), &["line 1", "`confidence`"]),
        (head("frp"), &["line 1", "`frp`"]),
        (row("43,129,310,1,1,2025-04-01"), &["line 3", "6 fields"]),
        (row("93,129,310,1,1,2025-04-01,0306,A,50,6.1,280,9.5,D"), &["line 3", "latitude 93"]),
        (row("43,229,310,1,1,2025-04-01,0306,A,50,6.1,280,9.5,D"), &["line 3", "longitude 229"]),
        (row(",129,310,1,1,2025-04-01,0306,A,50,6.1,280,9.5,D"), &["line 3", "no latitude"]),
        (row("x,129,310,1,1,2025-04-01,0306,A,50,6.1,280,9.5,D"), &["line 3", "latitude `x`"]),
        (row("43,129,310,1,1,2025-02-30,0306,A,50,6.1,280,9.5,D"), &["line 3", "2025-02-30"]),
        (row("43,129,310,1,1,01.04.2025,0306,A,50,6.1,280,9.5,D"), &["line 3", "01.04.2025"]),
        (row("43,129,310,1,1,2025-04-01,2406,A,50,6.1,280,9.5,D"), &["line 3", "2406"]),
        (row("43,129,310,1,1,2025-04-01,0361,A,50,6.1,280,9.5,D"), &["line 3", "0361"]),
        (row("43,129,310,1,1,2025-04-01,03:06,A,50,6.1,280,9.5,D"), &["line 3", "03:06"]),
        (row("43,129,310,1,1,2025-04-01,,A,50,6.1,280,9.5,D"), &["line 3", "acq_time"]),
        (row("43,129,310,1,1,2025-04-01,0306,,50,6.1,280,9.5,D"), &["line 3", "satellite"]),
        (row("43,129,310,1,1,2025-04-01,0306,A,101,6.1,280,9.5,D"), &["line 3", "101"]),
        (row("43,129,310,1,1,2025-04-01,0306,A,sure,6.1,280,9.5,D"), &["line 3", "sure"]),
        (row("43,129,310,1,1,2025-04-01,0306,A,50,6.1,280,-1,D"), &["line 3", "frp -1"]),
        (row("43,129,310,1,1,2025-04-01,0306,A,50,6.1,280,,D"), &["line 3", "no frp"]),
        (row("43,129,310,1,1,2025-04-01,0306,A,50,6.1,280,1e9,D"), &["line 3", "frp 1000000000"]),
        (row("43,129,311,1,1,2025-04-01,305,A,60,6.1,280,8.5,D"), &["line 3", "line 2 again"]),
    ];
    each("fires.csv", &cases, |path| fires_csv::read(path, (127.0, 41.0, 132.0, 45.0)));
}

#[test]
fn power_plants() {
    const HEAD: &str = "Power Plant ID,Name,Fuel,Capacity (MW),Operational Status,Latitude,Longitude\n";
    let factors = power_plants_csv::PlantFactors::parse(super::PLANTS, Path::new("power_plants.toml")).unwrap();
    let row = |text: &str| bytes(&format!("{HEAD}1,A,Coal,400,,42.9,129.5\n{text}\n"));
    let head = |from: &str| bytes(&HEAD.replace(from, "other"));
    let cases: Vec<(Vec<u8>, &[&str])> = vec![
        (bytes(""), &["line 1", "empty"]),
        (head("Power Plant ID"), &["line 1", "`Power Plant ID`"]),
        (head("Name"), &["line 1", "`Name`"]),
        (head("Fuel"), &["line 1", "`Fuel`"]),
        (head("Capacity (MW)"), &["line 1", "`Capacity (MW)`"]),
        (head("Operational Status"), &["line 1", "`Operational Status`"]),
        (head("Latitude"), &["line 1", "`Latitude`"]),
        (head("Longitude"), &["line 1", "`Longitude`"]),
        (row("2,B,Coal,400,,42.9"), &["line 3", "6 fields"]),
        (row("2,B,Coal,400,,129.5,42.9"), &["line 3", "Latitude 129.5"]),
        (row("2,B,Coal,400,,,129.5"), &["line 3", "no Latitude"]),
        (row("2,B,Coal,400,,42.9,east"), &["line 3", "Longitude `east`"]),
        (row("2,B,Coal,,,42.9,129.5"), &["line 3", "no Capacity"]),
        (row("2,B,Coal,-5,,42.9,129.5"), &["line 3", "Capacity (MW) -5"]),
        (row("2,B,Coal,0,,42.9,129.5"), &["line 3", "Capacity (MW) 0"]),
        (row("2,B,Coal,400000,,42.9,129.5"), &["line 3", "400000"]),
        (row("2,B,Coal,4e2 MW,,42.9,129.5"), &["line 3", "4e2 MW"]),
        (row("2,B,Peat,400,,42.9,129.5"), &["line 3", "Peat"]),
        (row("2,B,,400,,42.9,129.5"), &["line 3", "Fuel"]),
        (row("2,B,Coal,400,Perhaps,42.9,129.5"), &["line 3", "Perhaps"]),
        (row(",B,Coal,400,,42.9,129.5"), &["line 3", "Power Plant ID"]),
        (row("1,B,Coal,400,,42.9,129.5"), &["line 3", "first on line 2"]),
    ];
    each("plants.csv", &cases, |path| power_plants_csv::read(path, &factors, (125.0, 40.0, 133.0, 46.0), &[]));
}

#[test]
fn geojson_outlines() {
    let collection = |features: &str| format!("{{\"type\": \"FeatureCollection\", \"features\": [{features}]}}");
    let feature = |code: &str, kind: &str, coordinates: &str| {
        format!(
            "{{\"type\": \"Feature\", \"properties\": {{{code}}}, \"geometry\": {{\"type\": \"{kind}\", \"coordinates\": {coordinates}}}}}"
        )
    };
    const RING: &str = "[[129,42],[130,42],[130,43],[129,42]]";
    let code = "\"adcode\": 222401";
    let good = feature(code, "Polygon", &format!("[{RING}]"));
    let second = |text: String| bytes(&collection(&format!("{good},{text}")));
    let polygon = |ring: &str| second(feature("\"adcode\": 222402", "Polygon", &format!("[{ring}]")));
    let whole = collection(&good);
    let cases: Vec<(Vec<u8>, &[&str])> = vec![
        (bytes(""), &["the file"]),
        (bytes("not json"), &["the file"]),
        (bytes(&whole[..whole.len() / 2]), &["the file"]),
        (bytes("{\"type\": \"Topology\", \"objects\": {}}"), &["the file"]),
        (bytes(&good), &["the file", "found Feature,"]),
        (bytes("{\"type\": \"Point\", \"coordinates\": [129, 42]}"), &["the file", "found Point,"]),
        (bytes(&collection("")), &["features"]),
        (b"\xff\xfe{\x00".to_vec(), &["the file", "UTF-8"]),
        (second(feature("\"name\": \"x\"", "Polygon", &format!("[{RING}]"))), &["feature 2", "no property adcode"]),
        (second(feature("\"adcode\": \"JL\"", "Polygon", &format!("[{RING}]"))), &["feature 2", "JL"]),
        (second(feature("\"adcode\": 2224", "Polygon", &format!("[{RING}]"))), &["feature 2", "2224"]),
        (second(feature("\"adcode\": 222402.5", "Polygon", &format!("[{RING}]"))), &["feature 2", "222402.5"]),
        (second(feature("\"adcode\": -222402", "Polygon", &format!("[{RING}]"))), &["feature 2", "-222402"]),
        (second(good.clone()), &["feature 2", "222401", "feature 1"]),
        (second(feature("\"adcode\": 222402", "LineString", RING)), &["feature 2 (adcode 222402)", "LineString"]),
        (second(feature("\"adcode\": 222402", "Point", "[129, 42]")), &["feature 2 (adcode 222402)", "Point"]),
        (
            second("{\"type\": \"Feature\", \"properties\": {\"adcode\": 222402}, \"geometry\": null}".into()),
            &["feature 2 (adcode 222402)", "no geometry"],
        ),
        (second(feature("\"adcode\": 222402", "MultiPolygon", "[]")), &["feature 2"]),
        (second(feature("\"adcode\": 222402", "MultiPolygon", "[[]]")), &["feature 2"]),
        (polygon("[[42,129],[42,130],[43,130],[42,129]]"), &["feature 2", "ring 1, position 1", "latitude came first"]),
        (polygon("[[129,42],[130,42],[130,143],[129,42]]"), &["feature 2", "position 3", "143"]),
        (polygon("[[129,42],[430,42],[130,43],[129,42]]"), &["feature 2", "position 2", "430"]),
        (polygon("[[129,42],[130,42],[130,43],[129,43]]"), &["feature 2", "ring 1", "last position"]),
        (polygon("[[129,42],[130,42],[129,42]]"), &["feature 2", "ring 1", "3 positions"]),
        (polygon("[[129,42],[130,42],[131,42],[129,42]]"), &["feature 2", "ring 1", "no area"]),
        (polygon("[[129,42],[130],[130,43],[129,42]]"), &["feature 2"]),
        (polygon("[[129,42],[130,null],[130,43],[129,42]]"), &["feature 2"]),
        (polygon(&format!("{RING},[[129.1,42],[129.2,42],[129.2,42.1]]")), &["feature 2", "ring 2"]),
    ];
    each("outlines.geojson", &cases, |path| {
        outlines::read(path).map(|items| Accepted { items, rejections: Vec::new() })
    });
}

fn grid(name: &'static str, units: Option<&'static str>, values: Vec<f64>) -> Field<'static> {
    Field { name, dimensions: &["lat", "lon"], units, values }
}

const FLUX: Option<&str> = Some("kg m-2 s-1");
const LAT: [f64; 3] = [42.0, 43.0, 44.0];
const LON: [f64; 2] = [129.0, 130.0];

#[test]
fn gridded_inventories_with_wrong_content() {
    let one = |v: f64| vec![grid("nox", FLUX, vec![1e-9, 1e-9, 1e-9, v, 1e-9, 1e-9])];
    let flat = |name, units| vec![grid(name, units, vec![1e-9; 6])];
    let months: &[&str] = &["time", "lat", "lon"];
    type Case<'a> = (&'a [f64], &'a [f64], usize, Vec<Field<'a>>, &'a [&'a str]);
    let cases: Vec<Case> = vec![
        (&LAT, &LON, 1, flat("nox", Some("kg")), &["nox", "units `kg`"]),
        (&LAT, &LON, 1, flat("nox", Some("kg m-3 s-1")), &["nox", "kg m-3 s-1"]),
        (&LAT, &LON, 1, flat("bc", Some("mol m-2 s-1")), &["bc", "mol m-2 s-1", "molar mass"]),
        (&LAT, &LON, 1, flat("nox", None), &["nox", "units ``"]),
        (&LAT, &LON, 1, flat("mercury", FLUX), &["mercury", "unknown pollutant"]),
        (&LAT, &LON, 1, flat("nox_rockets", FLUX), &["nox_rockets", "sector `rockets`"]),
        (&LAT, &LON, 1, flat("cell_area", Some("m2")), &["the variables", "no variable"]),
        (&LAT, &LON, 1, vec![], &["the variables", "no variable"]),
        (&LAT, &LON, 1, one(-1e-9), &["nox, time 0, row 1, column 1", "-0.000000001"]),
        (&LAT, &LON, 1, one(f64::NAN), &["nox, value 4", "NaN"]),
        (&LAT, &LON, 1, one(f64::INFINITY), &["nox, value 4", "inf"]),
        (&LAT, &LON, 1, one(1.0), &["nox, time 0, row 1, column 1", "found 1,"]),
        (&LAT, &LON, 1, vec![grid("nox", FLUX, vec![9.969_209_968_386_869e36; 6])], &["nox", "fill values"]),
        (&LAT, &LON, 1, flat("pm10", FLUX), &["pm10 of sector other", "no pm25"]),
        (&LAT, &LON, 1, flat("pm_coarse", FLUX), &["coarse particles of sector other", "no PM2.5"]),
        (
            &LAT,
            &LON,
            1,
            vec![grid("pm25", FLUX, vec![2e-9; 6]), grid("pm10", FLUX, vec![1e-9; 6])],
            &["pm25 of sector other, row 0, column 0", "above pm10"],
        ),
        (
            &LAT,
            &LON,
            1,
            vec![grid("nox", FLUX, vec![1e-9; 6]), grid("emi_NOx", FLUX, vec![1e-9; 6])],
            &["emi_NOx", "second time"],
        ),
        (
            &LAT,
            &LON,
            5,
            vec![Field { name: "nox", dimensions: months, units: FLUX, values: vec![1e-9; 30] }],
            &["nox", "5 times"],
        ),
        (
            &LAT,
            &LON,
            1,
            vec![Field { name: "nox", dimensions: &["lon", "lat"], units: FLUX, values: vec![1e-9; 6] }],
            &["nox", "dimensions (lon, lat)"],
        ),
        (
            &LAT,
            &LON,
            1,
            vec![Field {
                name: "nox",
                dimensions: &["time", "time", "lat", "lon"],
                units: FLUX,
                values: vec![1e-9; 6],
            }],
            &["nox", "(time, time, lat, lon)"],
        ),
        (&[42.0, 43.0, 95.0], &LON, 1, flat("nox", FLUX), &["lat", "evenly"]),
        (&[88.0, 90.0, 92.0], &LON, 1, flat("nox", FLUX), &["lat", "92"]),
        (&[42.0, 42.0, 42.0], &LON, 1, flat("nox", FLUX), &["lat", "evenly"]),
        (&[42.0, f64::NAN, 44.0], &LON, 1, flat("nox", FLUX), &["lat", "NaN"]),
        (&[42.0], &LON, 1, vec![grid("nox", FLUX, vec![1e-9; 2])], &["lat", "1 values"]),
        (&LAT, &[0.0, 300.0], 1, flat("nox", FLUX), &["lon", "300"]),
        (&LAT, &[129.0, 129.0], 1, flat("nox", FLUX), &["lon", "evenly"]),
        (&LAT, &[500.0, 501.0], 1, flat("nox", FLUX), &["lon", "501"]),
    ];
    assert!(cases.len() >= 20);
    let folder = tempfile::tempdir().unwrap();
    for (i, (lat, lon, times, fields, wanted)) in cases.iter().enumerate() {
        let path = folder.path().join(format!("grid{i}.nc"));
        write(&path, lat, lon, *times, fields);
        refused(&path, wanted);
    }
}

fn refused(path: &Path, wanted: &[&str]) {
    let text = gridded_inventory::read(path).expect_err(&format!("{}", path.display())).to_string();
    for word in wanted.iter().chain([&path.file_name().unwrap().to_str().unwrap()]) {
        assert!(text.contains(word), "`{text}`, not `{word}`");
    }
}

#[test]
fn gridded_inventories_that_are_no_sound_files() {
    let folder = tempfile::tempdir().unwrap();
    let sound = folder.path().join("sound.nc");
    write(&sound, &LAT, &LON, 1, &[grid("nox", FLUX, vec![1e-9; 6])]);
    assert_eq!(gridded_inventory::read(&sound).unwrap().len(), 6);
    let whole = std::fs::read(&sound).unwrap();
    let classic = folder.path().join("classic.nc");
    {
        let mut file = netcdf::create_with(&classic, netcdf::Options::_64BIT_OFFSET).unwrap();
        for (name, n) in [("lat", LAT.len()), ("lon", LON.len())] {
            file.add_dimension(name, n).unwrap();
            file.add_variable::<f64>(name, &[name]).unwrap();
        }
        let mut nox = file.add_variable::<f64>("nox", &["lat", "lon"]).unwrap();
        nox.put_attribute("units", "kg m-2 s-1").unwrap();
        file.enddef().unwrap();
        for (name, values) in [("lat", &LAT[..]), ("lon", &LON[..]), ("nox", &[1e-9; 6])] {
            file.variable_mut(name).unwrap().put_values(values, ..).unwrap();
        }
        file.close().unwrap();
    }
    assert_eq!(gridded_inventory::read(&classic).unwrap().len(), 6);
    let old = std::fs::read(&classic).unwrap();
    let broken: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("empty.nc", vec![], &["empty.nc"]),
        ("text.nc", b"lat,lon,nox\n43,129,1\n".to_vec(), &["text.nc"]),
        ("cut.nc", whole[..whole.len() / 2].to_vec(), &["cut.nc"]),
        ("head.nc", whole[..64].to_vec(), &["head.nc"]),
        ("classic_head.nc", old[..40].to_vec(), &["classic_head.nc"]),
        ("classic_cut.nc", old[..old.len() - 16].to_vec(), &["classic_cut.nc"]),
        ("magic.nc", [b"XDF", &old[3..]].concat(), &["magic.nc"]),
    ];
    for (name, content, wanted) in broken {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        refused(&path, wanted);
    }
    refused(&folder.path().join("absent.nc"), &["missing"]);
}

#[test]
fn gridded_inventories_without_coordinates() {
    let folder = tempfile::tempdir().unwrap();
    for (name, first, second, wanted) in
        [("nolat.nc", "y", "lon", ["the coordinates", "`lat`"]), ("nolon.nc", "lat", "x", ["the coordinates", "`lon`"])]
    {
        let path = folder.path().join(name);
        let mut file = netcdf::create(&path).unwrap();
        for (dimension, centres) in [(first, &LAT[..]), (second, &LON[..])] {
            file.add_dimension(dimension, centres.len()).unwrap();
            file.add_variable::<f64>(dimension, &[dimension]).unwrap().put_values(centres, ..).unwrap();
        }
        file.add_variable::<f64>("nox", &[first, second]).unwrap().put_values(&[1e-9; 6], ..).unwrap();
        file.close().unwrap();
        refused(&path, &wanted);
    }
    let path = folder.path().join("curved.nc");
    let mut file = netcdf::create(&path).unwrap();
    file.add_dimension("y", 3).unwrap();
    file.add_dimension("x", 2).unwrap();
    for name in ["lat", "lon", "nox"] {
        file.add_variable::<f64>(name, &["y", "x"]).unwrap().put_values(&[1e-9; 6], ..).unwrap();
    }
    file.close().unwrap();
    refused(&path, &["lat", "2 dimensions"]);
}

const INVENTORY: &str = "id,name,sector,adcode,lon,lat,so2_t_a,pm25_t_a,pm10_t_a\na,\"A, b\",power,222401,129.5,42.9,10,2,3\nb,B,industry,222401,,,1,,\n";
const HOURS: &str = "date,hour,type,2237A,2238A,2239A\n20230120,0,PM2.5,1,2,3\n20230120,1,CO,0.1,,3\n";
const FIRES: &str = "latitude,longitude,acq_date,acq_time,satellite,confidence,frp\n43,129,2025-04-01,0305,A,50,9.5\n";
const PLANTS: &str =
    "Power Plant ID,Name,Fuel,Capacity (MW),Operational Status,Latitude,Longitude\n1,A,Coal,400,,42.9,129.5\n";

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..proptest::prelude::ProptestConfig::with_cases(300) })]

    /// Any bytes changed, cut or put in: an answer or a refusal that names the file, and every accepted number finite.
    #[test]
    fn damaged_text_never_panics(
        edits in proptest::collection::vec((0usize..400, proptest::prelude::any::<u8>(), 0usize..3), 1..12),
        cut in 0usize..600,
    ) {
        let damage = |text: &str| {
            let mut bytes = text.as_bytes().to_vec();
            for &(at, byte, kind) in &edits {
                let at = at % bytes.len().max(1);
                match kind {
                    0 if !bytes.is_empty() => bytes[at] = byte,
                    1 if !bytes.is_empty() => { bytes.remove(at); }
                    _ => bytes.insert(at.min(bytes.len()), byte),
                }
            }
            bytes.truncate(cut.max(1));
            bytes
        };
        let named = |outcome: Result<bool>, name: &str| match outcome {
            Ok(sound) => sound,
            Err(e) => e.to_string().contains(name),
        };
        let (_f, path) = file("inventory.csv", damage(INVENTORY));
        let finite = |s: &hazecast::domain::source::Source| super::annual(s).pm10.is_finite();
        assert!(named(inventory_csv::read(&path).map(|r| r.items.iter().all(finite)), "inventory.csv"));
        let (_f, path) = file("hours.csv", damage(HOURS));
        let sound = observations_csv::read(&path, &codes()).map(|r| r.items.iter().all(|o| o.value >= 0.0));
        assert!(named(sound, "hours.csv"));
        let (_f, path) = file("fires.csv", damage(FIRES));
        let sound = fires_csv::read(&path, (127.0, 41.0, 132.0, 45.0)).map(|r| r.items.iter().all(|f| f.frp_mw >= 0.0));
        assert!(named(sound, "fires.csv"));
        let factors = power_plants_csv::PlantFactors::parse(super::PLANTS, Path::new("power_plants.toml")).unwrap();
        let (_f, path) = file("plants.csv", damage(PLANTS));
        let sound = power_plants_csv::read(&path, &factors, (125.0, 40.0, 133.0, 46.0), &[]);
        assert!(named(sound.map(|r| r.items.iter().all(finite)), "plants.csv"));
        let (_f, path) = file("outlines.geojson", damage(&super::OUTLINES[..900]));
        assert!(named(outlines::read(&path).map(|_| true), "outlines.geojson"));
    }
}

/// The same inventory as UTF-8 and as Chinese spreadsheets save it; a UTF-8 file with a damaged name is not taken for such a one.
#[test]
fn tables_in_gb18030_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inventory.csv");
    let table = |name: &[u8]| [b"id,name,sector,adcode,so2_t_a\na,", name, b",power,222401,1\n"].concat();
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        inventory_csv::read(&path)
    };
    // 延吉市热电厂
    let gb18030 = b"\xd1\xd3\xbc\xaa\xca\xd0\xc8\xc8\xb5\xe7\xb3\xa7";
    let found = read(&table(gb18030)).unwrap();
    assert_eq!(found.items[0].name, "延吉市热电厂");
    assert_eq!(found.items, read(&table("延吉市热电厂".as_bytes())).unwrap().items);
    let mut damaged = table("延吉市热电厂".as_bytes());
    damaged.extend_from_slice(b"b,\xd1\xd3,power,222401,1\n");
    assert!(said(read(&damaged)).contains("UTF-8"));
}
