//! Faults planted in files of emissions: each is refused, and the reason names it.

use super::*;

const LAT: [f64; 3] = [42.0, 43.0, 44.0];
const LON: [f64; 2] = [129.0, 130.0];

/// A COARDS file of one flux; `change` spoils it.
fn coards(path: &Path, units: &str, calendar: &str, stamps: &[f64], emission: &[f64], unit: &str) {
    let time = Variable {
        name: "time",
        dimensions: &["time"],
        attributes: vec![("units", units), ("calendar", calendar)],
        values: stamps.to_vec(),
    };
    let co = Variable {
        name: "co_traffic",
        dimensions: &["time", "lat", "lon"],
        attributes: vec![("units", unit)],
        values: emission.to_vec(),
    };
    write(
        path,
        &[("lat", 3), ("lon", 2), ("time", stamps.len())],
        &[],
        &[],
        &[axis("lat", &LAT), axis("lon", &LON), time, co],
    );
}

fn refused(paths: &[PathBuf], wanted: &[&str]) {
    let text = together(paths).map(|(g, _)| g.len()).expect_err(&format!("{paths:?}")).to_string();
    wanted.iter().for_each(|w| assert!(text.contains(w), "`{text}`, not `{w}`"));
}

#[test]
fn calendars_and_time_axes_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("coards.nc");
    let hours = "hours since 2001-01-01 00:00:00";
    let months: Vec<f64> =
        [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334].map(|d| f64::from(d) * 24.0).to_vec();
    let flat = vec![1e-10; 72];
    let flux = "kg/m2/s";
    coards(&path, hours, "standard", &months, &flat, flux);
    assert_eq!(sources(std::slice::from_ref(&path)).len(), 6);
    let mut backward = months.clone();
    backward.swap(3, 4);
    // a month is missing: March stands twice as far from February
    let gap: Vec<f64> = [31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365].map(|d| f64::from(d) * 24.0).to_vec();
    let mut negative = flat.clone();
    negative[40] = -1e-10;
    type Case<'a> = (&'a str, &'a str, &'a [f64], &'a [f64], &'a str, &'a [&'a str]);
    let cases: [Case; 14] = [
        (hours, "noleap", &months, &flat, flux, &["time, calendar", "noleap"]),
        (hours, "360_day", &months, &flat, flux, &["time, calendar", "360_day"]),
        (hours, "365_day", &months, &flat, flux, &["365_day"]),
        (hours, "standard", &backward, &flat, flux, &["variable time, time 4", "increasing"]),
        (hours, "standard", &[0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0], &flat[..42], flux, &["time 1", "increasing"]),
        (hours, "standard", &gap, &flat, flux, &["January to December", "2001-02"]),
        ("hours after midnight", "standard", &months, &flat, flux, &["time, units", "hours after midnight"]),
        ("fortnights since 2000-01-01", "standard", &months, &flat, flux, &["fortnights"]),
        ("hours since 1850-01-01", "standard", &months, &flat, flux, &["reference year 1850", "1900"]),
        ("hours since 2000-13-01", "standard", &months, &flat, flux, &["2000-13-01"]),
        (hours, "standard", &months[..5], &flat[..30], flux, &["5 times"]),
        (hours, "standard", &months, &negative, flux, &["co_traffic, time 6, row 2, column 0", "-0.0000000001"]),
        (hours, "standard", &months, &flat, "kg/m3/s", &["co_traffic", "kg/m3/s"]),
        (hours, "standard", &[f64::INFINITY], &flat[..6], flux, &["time"]),
    ];
    for (units, calendar, stamps, values, unit, wanted) in cases {
        coards(&path, units, calendar, stamps, values, unit);
        refused(std::slice::from_ref(&path), wanted);
    }
}

#[test]
fn text_grids_are_checked_line_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let list = |name: &str, body: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, body).unwrap();
        path
    };
    let header = "ncols 2\nnrows 2\nxllcorner 129\nyllcorner 42\ncellsize 0.5\nNODATA_value -9999\n";
    let good = list("2017_01__power__SO2.asc", &format!("{header}1 2\n3 -9999\n"));
    assert_eq!(sum(&sources(&[good])).so2, 6.0);
    for (name, body, wanted) in [
        ("v8_SO2_2022_ENE.txt", "lat;lon;emi\n42.05;129.05;1\n".to_owned(), &["line 2", "south-western corner"][..]),
        ("v8_SO2_2022_ENE.txt", "lat;lon;emi\n42.1;129.1;1\n42.1;129.1;2\n".to_owned(), &["line 3", "line 2 again"]),
        ("v8_SO2_2022_ENE.txt", "lat;lon;emi\n42.1;129.1;-1\n".to_owned(), &["line 2", "found -1"]),
        ("v8_SO2_2022_ENE.txt", "lat;lon;emi\n129.1;42.1;1\n".to_owned(), &["line 2", "the corner 129.1"]),
        ("v8_SO2_2022_ENE.txt", "lat;lon;emi\n42.1;129.1;1\n42.2;129.1\n".to_owned(), &["line 3", "42.2;129.1"]),
        ("v8_2022_ENE.txt", "lat;lon;emi\n42.1;129.1;1\n".to_owned(), &["the file name", "one pollutant"]),
        ("2017_01__power__SO2.asc", format!("{header}1 2\n3\n"), &["3 values", "2 rows of 2"]),
        ("2017_01__power__SO2.asc", format!("{header}1 2\n3 x\n"), &["line 8", "`x`"]),
        ("2017_01__power__SO2.asc", format!("{header}1 2\n3 -4\n"), &["line 8, row 1, column 1", "-4"]),
        (
            "2017_01__power__SO2.asc",
            format!("{}1 2\n3 4\n", header.replace("0.5", "50")),
            &["the header", "50 degrees"],
        ),
        (
            "2017_01__power__SO2.asc",
            format!("{}1 2\n3 4\n", header.replace("yllcorner 42", "yllcorner 120")),
            &["120 to 121 N"],
        ),
        ("2017_01__power__BC.asc", format!("units 10^6 mol/month/cell\n{header}1 2\n3 4\n"), &[]),
        ("2017_01__power__SO2.asc", format!("{header}units parsec\n1 2\n3 4\n"), &["the unit", "parsec"]),
    ] {
        let path = list(name, &body);
        if !wanted.is_empty() {
            refused(&[path], wanted);
        }
    }
}

#[test]
fn meic_and_model_grids_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("2017_01__power__SO2.nc");
    let meic = |range: [f64; 2], count: [f64; 2], value: f64, units: &'static str| {
        let pair = |name, values: [f64; 2]| Variable {
            name,
            dimensions: &["side"],
            attributes: Vec::new(),
            values: values.to_vec(),
        };
        let z = Variable {
            name: "z",
            dimensions: &["xysize"],
            attributes: vec![("units", units)],
            values: vec![value; 12],
        };
        let variables = [
            pair("x_range", range),
            pair("y_range", [42.0, 43.5]),
            pair("spacing", [0.5, 0.5]),
            pair("dimension", count),
            z,
        ];
        write(&path, &[("side", 2), ("xysize", 12)], &[], &[], &variables);
    };
    meic([129.0, 131.0], [4.0, 3.0], 1.0, "Mg/month/cell");
    assert_eq!(sum(&sources(std::slice::from_ref(&path))).so2, 12.0);
    for (range, count, value, units, wanted) in [
        ([129.0, 131.5], [4.0, 3.0], 1.0, "Mg/month/cell", &["x_range", "agree"][..]),
        ([129.0, 131.0], [3.0, 4.0], 1.0, "Mg/month/cell", &["agree"]),
        ([129.0, 131.0], [4.0, 3.0], -1.0, "Mg/month/cell", &["z, row 0, column 0", "-1"]),
        ([129.0, 131.0], [4.0, 3.0], f64::NAN, "Mg/month/cell", &["NaN"]),
        ([129.0, 131.0], [4.0, 3.0], 1.0, "Mg", &["the unit", "`Mg`"]),
    ] {
        meic(range, count, value, units);
        refused(std::slice::from_ref(&path), wanted);
    }
    let ioapi = |numbers: &[(&str, f64)], stamps: [f64; 4], name: &str, units: &str| {
        let path = folder.path().join("emis.nc");
        let species = Variable {
            name,
            dimensions: &["TSTEP", "LAY", "ROW", "COL"],
            attributes: vec![("units", units)],
            values: vec![1e-3; 12],
        };
        let flag = Variable {
            name: "TFLAG",
            dimensions: &["TSTEP", "VAR", "DATE-TIME"],
            attributes: Vec::new(),
            values: stamps.to_vec(),
        };
        write(
            &path,
            &[("TSTEP", 2), ("LAY", 1), ("ROW", 2), ("COL", 3), ("VAR", 1), ("DATE-TIME", 2)],
            numbers,
            &[],
            &[flag, species],
        );
        path
    };
    let lambert = [
        ("GDTYP", 2.0),
        ("P_ALP", 42.0),
        ("P_BET", 44.0),
        ("P_GAM", 129.5),
        ("XCENT", 129.5),
        ("YCENT", 43.0),
        ("XORIG", 0.0),
        ("YORIG", 0.0),
        ("XCELL", 3000.0),
        ("YCELL", 3000.0),
    ];
    let stamps = [2_026_015.0, 0.0, 2_026_015.0, 10_000.0];
    assert_eq!(sources(&[ioapi(&lambert, stamps, "SO2", "moles/s")]).len(), 6);
    let with = |name: &str, value: f64| lambert.map(|(n, v)| if n == name { (n, value) } else { (n, v) });
    refused(&[ioapi(&with("GDTYP", 4.0), stamps, "SO2", "moles/s")], &["GDTYP", "4"]);
    refused(&[ioapi(&with("XCELL", 0.0), stamps, "SO2", "moles/s")], &["XCELL"]);
    refused(&[ioapi(&lambert[..9], stamps, "SO2", "moles/s")], &["YCELL", "none"]);
    refused(
        &[ioapi(&lambert, [2_026_015.0, 10_000.0, 2_026_015.0, 0.0], "SO2", "moles/s")],
        &["TFLAG, step 1", "increase"],
    );
    refused(&[ioapi(&lambert, [2_026_400.0, 0.0, 2_026_401.0, 0.0], "SO2", "moles/s")], &["TFLAG, step 0"]);
    refused(&[ioapi(&lambert, stamps, "SO2", "ppmv")], &["SO2", "ppmv"]);
    refused(&[ioapi(&lambert, stamps, "PEC", "moles/s")], &["PEC", "particles"]);
    refused(&[ioapi(&lambert, stamps, "XYZZY", "moles/s")], &["XYZZY", "unknown mechanism"]);
}

/// Wholes and parts, over files: what would be counted twice or is impossible.
#[test]
fn wholes_and_parts_are_checked_over_files() {
    let folder = tempfile::tempdir().unwrap();
    let one = |name: &str, variable: &str, value: f64| {
        let path = folder.path().join(name);
        let v = Variable {
            name: variable,
            dimensions: &["lat", "lon"],
            attributes: vec![("units", "kg m-2 s-1")],
            values: vec![value; 6],
        };
        write(&path, &[("lat", 3), ("lon", 2)], &[], &[], &[axis("lat", &LAT), axis("lon", &LON), v]);
        path
    };
    let fine = one("a.nc", "pm25_traffic", 2e-10);
    refused(
        &[fine.clone(), one("b.nc", "pm10_traffic", 1e-10)],
        &["pm25 of sector traffic, row 0, column 0", "above pm10"],
    );
    refused(&[fine.clone(), one("c.nc", "emi_pm25_traffic", 2e-10)], &["c.nc", "second time", "a.nc"]);
    refused(&[fine.clone(), one("d.nc", "bc_traffic", 3e-10)], &["bc + oc of sector traffic", "above pm25"]);
    refused(&[one("e.nc", "nox_traffic", 1e-10), one("f.nc", "nox_sum", 3e-10)], &["nox_sum", "within 0.1 %"]);
    // a total alone is used; PM2.5 alone is PM10 too, and BC alone is the least PM2.5, both noted
    assert!(sum(&sources(&[one("f.nc", "nox_sum", 3e-10)])).nox > 0.0);
    let (groups, notes) = together(&[fine, one("g.nc", "bc_power", 1e-11), one("h.nc", "oc_power", 2e-11)]).unwrap();
    assert!(notes.len() == 3 && notes.iter().all(|n| n.by_design), "{notes:?}");
    let power: Vec<Source> = groups[0].sources.iter().filter(|s| s.sector.name() == "power").cloned().collect();
    let a = sum(&power);
    near(a.pm25, a.bc * 3.8, 1e-9, "BC + 1.4 OC");
    near(a.pm10, a.pm25, 1e-12, "PM10");
    // BC is no PM2.5 where there are other particles
    for whole in ["pm10_power", "pm_coarse_power"] {
        refused(&[one("i.nc", whole, 1e-10), one("j.nc", "bc_power", 1e-11)], &["of sector power", "PM2.5"]);
    }
}
