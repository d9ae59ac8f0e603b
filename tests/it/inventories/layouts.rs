//! One made file or more of each layout over the region: its mass is that of arithmetic apart from the reader, and it is kept on the grid.

use super::*;
use hazecast::domain::source::{Place, Sector};

const ROWS: usize = 30;
const COLUMNS: usize = 60;
/// Cells of 0.1 degree from 126.5 E 41.5 N.
const WEST: f64 = 126.5;
const SOUTH: f64 = 41.5;

fn lat() -> Vec<f64> {
    centres(SOUTH, SOUTH + 3.0, ROWS)
}

fn lon() -> Vec<f64> {
    centres(WEST, WEST + 6.0, COLUMNS)
}

/// A flux that differs from cell to cell [kg m-2 s-1].
fn flux(scale: f64) -> Vec<f64> {
    (0..ROWS * COLUMNS).map(|i| scale * 1e-10 * (1.0 + (i % 7) as f64 + (i / COLUMNS) as f64 * 0.1)).collect()
}

fn cell_area(i: usize) -> f64 {
    let (south, west) = (SOUTH + 0.1 * (i / COLUMNS) as f64, WEST + 0.1 * (i % COLUMNS) as f64);
    area(west, south, west + 0.1, south + 0.1)
}

/// Tonnes a year of [`flux`].
fn tonnes(scale: f64) -> f64 {
    flux(scale).iter().enumerate().map(|(i, f)| f * cell_area(i) * YEAR_S * 1e-3).sum()
}

fn field<'a>(name: &'a str, units: &'a str, values: Vec<f64>) -> Variable<'a> {
    Variable { name, dimensions: &["lat", "lon"], attributes: vec![("units", units)], values }
}

const GRID: [(&str, usize); 2] = [("lat", ROWS), ("lon", COLUMNS)];

#[test]
fn edgar_as_flux_as_mass_and_as_text_is_the_same_on_the_same_cells() {
    let folder = tempfile::tempdir().unwrap();
    let mass: Vec<f64> = flux(1.0).iter().enumerate().map(|(i, f)| f * cell_area(i) * YEAR_S * 1e-3).collect();
    let as_flux = folder.path().join("v8.1_FT2022_AP_SO2_2022_ENE_flx.nc");
    write(
        &as_flux,
        &GRID,
        &[],
        &[],
        &[axis("lat", &lat()), axis("lon", &lon()), field("fluxes", "kg m-2 s-1", flux(1.0))],
    );
    let as_mass = folder.path().join("v8.1_FT2022_AP_SO2_2022_ENE_emi.nc");
    write(
        &as_mass,
        &GRID,
        &[],
        &[],
        &[axis("lat", &lat()), axis("lon", &lon()), field("emissions", "t/0.1degree/yr", mass.clone())],
    );
    // as EDGAR names it: of a cell and year, or of its month, or of twelve months
    for name in ["v8.1_FT2022_AP_SO2_2022_IND_emi.nc", "v8.1_FT2022_AP_SO2_2022_3_IND_emi.nc"] {
        let path = folder.path().join(name);
        let all = [axis("lat", &lat()), axis("lon", &lon()), field("emissions", "Tonnes", mass.clone())];
        write(&path, &GRID, &[], &[], &all);
        near(sum(&sources(&[path])).so2, tonnes(1.0), 1e-9, name);
    }
    let of_steps = |steps: usize| {
        let path = folder.path().join("v8.1_FT2022_AP_SO2_2022_TNR_Other_emi.nc");
        let values = (0..steps).flat_map(|_| mass.clone()).collect();
        let masses = Variable {
            name: "emissions",
            dimensions: &["time", "lat", "lon"],
            attributes: vec![("units", "Tonnes")],
            values,
        };
        let dimensions = [("lat", ROWS), ("lon", COLUMNS), ("time", steps)];
        write(&path, &dimensions, &[], &[], &[axis("lat", &lat()), axis("lon", &lon()), masses]);
        path
    };
    near(sum(&sources(&[of_steps(12)])).so2, 12.0 * tonnes(1.0), 1e-9, "months");
    let text = together(&[of_steps(24)]).unwrap_err().to_string();
    assert!(text.contains("`Tonnes` and 24 times"), "{text}");
    let as_text = folder.path().join("v8.1_FT2022_AP_SO2_2022_ENE.txt");
    let mut text = String::from("EDGAR: SO2 in ton/year per cell, the corner is south-west\n\nlat;lon;emission\n");
    for (i, t) in mass.iter().enumerate() {
        let (south, west) = (SOUTH + 0.1 * (i / COLUMNS) as f64, WEST + 0.1 * (i % COLUMNS) as f64);
        text.push_str(&format!("{south:.1};{west:.1};{t}\n"));
    }
    std::fs::write(&as_text, &text).unwrap();
    // the unit of the titles counts
    let in_kg = folder.path().join("v8.1_FT2022_AP_SO2_2022_ENE_kg.txt");
    std::fs::write(&in_kg, text.replace("SO2 in ton/year per cell", "SO2 (kg)")).unwrap();
    near(sum(&sources(&[in_kg])).so2, tonnes(1e-3), 1e-9, "text in kg");
    let read: Vec<Vec<Source>> = [as_flux, as_mass, as_text].map(|p| sources(&[p])).into();
    for (sources, what) in read.iter().zip(["flux", "mass", "text"]) {
        near(sum(sources).so2, tonnes(1.0), 1e-9, what);
        assert!(sources.iter().all(|s| s.sector == Sector::Power));
        mass_is_kept(sources, what);
    }
    // the corner-referenced text lands 0.00 cells off the centre-referenced files
    for (a, b) in read[0].iter().zip(&read[2]) {
        let (Place::Cell { west, south, .. }, Place::Cell { west: w, south: s, .. }) = (&a.place, &b.place) else {
            panic!()
        };
        assert!((west - w).abs() < 1e-9 && (south - s).abs() < 1e-9, "{:?} {:?}", a.place, b.place);
        near(a.strength.amounts().so2, b.strength.amounts().so2, 1e-9, "cell");
    }
    assert_eq!((read[0].len(), read[2].len()), (ROWS * COLUMNS, ROWS * COLUMNS));
}

fn cams(folder: &Path, total: f64) -> PathBuf {
    let path = folder.join("CAMS-GLOB-ANT_Glb_0.1x0.1_anthro_nox_v5.3_monthly_2019.nc");
    let time = Variable {
        name: "time",
        dimensions: &["time"],
        attributes: vec![("units", "days since 2019-01-01 00:00:00"), ("calendar", "standard")],
        values: [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334].map(f64::from).to_vec(),
    };
    let monthly = |name, scale: f64| Variable {
        name,
        dimensions: &["time", "lat", "lon"],
        attributes: vec![("units", "kg m-2 s-1")],
        values: (0..12).flat_map(|_| flux(scale)).collect(),
    };
    let variables = [
        axis("lat", &lat()),
        axis("lon", &lon()),
        time,
        monthly("ene", 1.0),
        monthly("tro", 2.0),
        monthly("res", 0.5),
        monthly("sum", total),
    ];
    write(&path, &[("lat", ROWS), ("lon", COLUMNS), ("time", 12)], &[], &[], &variables);
    path
}

/// CAMS-GLOB-ANT gives NOx as NO; its `sum` is never added to its parts.
#[test]
fn cams_is_read_by_sector_and_its_sum_is_not_added() {
    let folder = tempfile::tempdir().unwrap();
    let path = cams(folder.path(), 3.502);
    let (groups, notes) = together(&[path]).unwrap();
    let sources: Vec<Source> = groups.into_iter().flat_map(|g| g.sources).collect();
    near(sum(&sources).nox, tonnes(3.5) * 46.0055 / 30.006, 1e-9, "NOx as NO2");
    assert!(
        notes.iter().any(|n| n.place == "sum" && n.expected.contains("parts are used") && n.by_design),
        "{notes:?}"
    );
    let of = |sector| sources.iter().filter(|s| s.sector == sector).cloned().collect::<Vec<_>>();
    near(sum(&of(Sector::Traffic)).nox, sum(&of(Sector::Power)).nox * 2.0, 1e-9, "traffic");
    mass_is_kept(&sources, "CAMS");
    // 0.2 % off the parts: refused with both numbers
    let text = together(&[cams(folder.path(), 3.507)]).unwrap_err().to_string();
    assert!(text.contains("sum") && text.contains("-0.20 %") && text.contains("within 0.1 %"), "{text}");
}

/// One file per pollutant, PM2.5 apart from PM10; sectors as variables; a sector aloft is counted and not emitted.
#[test]
fn htap_joins_the_files_of_all_pollutants() {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for (pollutant, scale) in [("PM2.5", 1.0), ("PM10", 1.6), ("BC", 0.1), ("OC", 0.3), ("SO2", 2.0)] {
        let path = folder.path().join(format!("edgar_HTAPv3_2018_{pollutant}.nc"));
        let variables = [
            axis("lat", &lat()),
            axis("lon", &lon()),
            field("HTAPv3_3_Energy", "kg m-2 s-1", flux(scale)),
            field("HTAPv3_6_Residential", "kg m-2 s-1", flux(scale * 0.5)),
            field("HTAPv3_2_2_International_Aviation", "kg m-2 s-1", flux(0.01)),
        ];
        write(&path, &GRID, &[], &[], &variables);
        paths.push(path);
    }
    let (groups, notes) = together(&paths).unwrap();
    let sources: Vec<Source> = groups.into_iter().flat_map(|g| g.sources).collect();
    let total = sum(&sources);
    near(total.pm25, tonnes(1.5), 1e-9, "PM2.5");
    near(total.pm10, tonnes(2.4), 1e-9, "PM10");
    near(total.bc + total.oc, tonnes(0.6), 1e-9, "carbon");
    near(total.so2, tonnes(3.0), 1e-9, "SO2");
    assert_eq!(notes.iter().filter(|n| n.found.contains("not emitted")).count(), 5, "{notes:?}");
    mass_is_kept(&sources, "HTAP");
}

/// 320 x 200 cells of 0.25 degree from 70 E 10 N, rows southward; the test fills the north-east of China.
pub fn meic(values: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    (0..64_000)
        .map(|i| {
            let (lon, lat) = (70.125 + 0.25 * f64::from(i % 320), 59.875 - 0.25 * f64::from(i / 320));
            if (126.0..133.0).contains(&lon) && (41.0..45.0).contains(&lat) { values(lon, lat) } else { 0.0 }
        })
        .collect()
}

pub fn meic_netcdf(path: &Path, values: Vec<f64>, units: Option<&str>) {
    let pair = |name, values: [f64; 2]| Variable {
        name,
        dimensions: &["side"],
        attributes: Vec::new(),
        values: values.to_vec(),
    };
    let mut attributes = vec![("nodata_value", "-9999")];
    attributes.extend(units.map(|u| ("units", u)));
    let variables = [
        pair("x_range", [70.0, 150.0]),
        pair("y_range", [10.0, 60.0]),
        pair("z_range", [0.0, 1.0]),
        pair("spacing", [0.25, 0.25]),
        pair("dimension", [320.0, 200.0]),
        Variable { name: "z", dimensions: &["xysize"], attributes, values },
    ];
    write(path, &[("side", 2), ("xysize", 64_000)], &[], &[], &variables);
}

fn meic_ascii(path: &Path, values: &[f64], header: bool) {
    let mut text = String::new();
    if header {
        text.push_str("ncols 320\nnrows 200\nxllcorner 70\nyllcorner 10\ncellsize 0.25\nNODATA_value -9999\n");
    }
    for row in values.chunks(320) {
        text.push_str(&row.iter().map(f64::to_string).collect::<Vec<_>>().join(" "));
        text.push('\n');
    }
    std::fs::write(path, text).unwrap();
}

#[test]
fn meic_as_netcdf_and_as_ascii_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let values = |scale: f64| meic(|lon, lat| scale * (1.0 + (lon * 4.0).floor() % 5.0 + lat % 3.0));
    let expected = |scale: f64| values(scale).iter().sum::<f64>();
    let mut read = Vec::new();
    for kind in ["nc", "asc"] {
        let mut paths = Vec::new();
        for month in 1..=12 {
            for (pollutant, scale) in [("PM25", 1.0), ("PMcoarse", 0.5), ("SO2", 2.0)] {
                let path = folder.path().join(format!("2017_{month:02}__industry__{pollutant}.{kind}"));
                let values = values(scale * f64::from(month));
                if kind == "nc" {
                    meic_netcdf(&path, values, Some("Mg/month/cell"))
                } else {
                    meic_ascii(&path, &values, month > 1)
                }
                paths.push(path);
            }
        }
        let (groups, _) = together(&paths).unwrap();
        assert_eq!(groups[0].months, None);
        let sources: Vec<Source> = groups.into_iter().flat_map(|g| g.sources).collect();
        let factor = 78.0;
        let total = sum(&sources);
        near(total.pm25, factor * expected(1.0), 1e-9, kind);
        near(total.pm10, factor * expected(1.5), 1e-9, kind);
        near(total.so2, factor * expected(2.0), 1e-9, kind);
        assert!(sources.iter().all(|s| s.sector == Sector::Industry));
        mass_is_kept(&sources, kind);
        read.push(sources);
    }
    // the first centre of the grid is 70.125 E 10.125 N
    let Place::Cell { west, south, .. } = read[0][0].place else { panic!() };
    assert!(((west - 70.0) / 0.25).fract().abs() < 1e-9 && ((south - 10.0) / 0.25).fract().abs() < 1e-9);
    for (a, b) in read[0].iter().zip(&read[1]) {
        assert_eq!(a.place, b.place);
    }
}

/// 10^6 mol of a species of VOC are its molar mass in tonnes; one month alone is said to be one month; months must agree.
#[test]
fn meic_counts_moles_and_months() {
    let folder = tempfile::tempdir().unwrap();
    let one = meic(|_, _| 1.0);
    let cells = one.iter().sum::<f64>();
    let path = |name: &str| folder.path().join(name);
    // toluene 92 g mol-1, no unit in the file: the convention's
    meic_netcdf(&path("2017_01__residential__CB05_TOL.nc"), one.clone(), None);
    meic_netcdf(&path("2017_01__residential__SO2.nc"), one.clone(), Some("kg/month/cell"));
    let (groups, _) =
        together(&[path("2017_01__residential__CB05_TOL.nc"), path("2017_01__residential__SO2.nc")]).unwrap();
    assert_eq!(groups[0].months, Some(vec![1]));
    let total = sum(&groups[0].sources);
    near(total.nmvoc, 92.0 * cells, 1e-9, "toluene");
    near(total.so2, 1e-3 * cells, 1e-9, "kg");
    meic_netcdf(&path("2017_02__residential__SO2.nc"), one.clone(), None);
    let paths =
        ["2017_01__residential__CB05_TOL.nc", "2017_01__residential__SO2.nc", "2017_02__residential__SO2.nc"].map(path);
    let text = together(&paths).unwrap_err().to_string();
    assert!(text.contains("month 2") && text.contains("nmvoc"), "{text}");
    meic_netcdf(&path("2017_01__residential__CO2.nc"), one, None);
    assert!(sources(&[path("2017_01__residential__CO2.nc")]).is_empty());
}

/// COARDS as HEMCO reads it: time, lev, lat, lon; twelve months; levels are summed; weekly slices are averaged.
#[test]
fn hemco_files_have_levels_and_months() {
    let folder = tempfile::tempdir().unwrap();
    let days = [31.0, 28.0, 31.0, 30.0, 31.0, 30.0, 31.0, 31.0, 30.0, 31.0, 30.0, 31.0];
    for (times, units) in [
        (12usize, "hours since 1985-01-01 00:00:00"),
        (7, "hours since 2000-01-02 00:00:00"),
        (1, "hours since 1900-01-01"),
        (24, "hours since 2000-01-02"),
        (168, "hours since 2000-01-02"),
    ] {
        let path = folder.path().join(format!("hemco{times}.nc"));
        let stamps: Vec<f64> = match times {
            12 => days
                .iter()
                .scan(0.0, |sum, d| {
                    let t = *sum;
                    *sum += d * 24.0;
                    Some(t)
                })
                .collect(),
            n => (0..n).map(|i| 24.0 * i as f64).collect(),
        };
        let time = Variable {
            name: "time",
            dimensions: &["time"],
            attributes: vec![("units", units), ("calendar", "standard")],
            values: stamps,
        };
        let scale = |t: usize, level: usize| (t + 1) as f64 * if level == 0 { 0.75 } else { 0.25 };
        let values = (0..times).flat_map(|t| (0..2).flat_map(move |l| flux(scale(t, l)))).collect();
        let emission = Variable {
            name: "co_traffic",
            dimensions: &["time", "lev", "lat", "lon"],
            attributes: vec![("units", "kg/m2/s")],
            values,
        };
        let variables = [axis("lat", &lat()), axis("lon", &lon()), axis("lev", &[1.0, 2.0]), time, emission];
        write(
            &path,
            &[("lat", ROWS), ("lon", COLUMNS), ("lev", 2), ("time", times)],
            &[],
            &[("Conventions", "COARDS")],
            &variables,
        );
        let mean: f64 = match times {
            12 => days.iter().enumerate().map(|(t, d)| (t + 1) as f64 * d / 365.0).sum(),
            n => (1..=n).sum::<usize>() as f64 / n as f64,
        };
        let read = sources(&[path]);
        near(sum(&read).co, tonnes(mean), 1e-9, units);
        mass_is_kept(&read, units);
    }
}

pub const WRF: [(&str, f64); 9] = [
    ("MAP_PROJ", 1.0),
    ("TRUELAT1", -23.0),
    ("TRUELAT2", -24.0),
    ("MOAD_CEN_LAT", -23.549_999_237_060_547),
    ("STAND_LON", -45.0),
    ("CEN_LAT", -23.704_711_914_062_5),
    ("CEN_LON", -46.503_051_757_812_5),
    ("DX", 3000.0),
    ("DY", 3000.0),
];

pub fn wrfchemi(
    path: &Path,
    attributes: &[(&str, f64)],
    (ny, nx): (usize, usize),
    hours: usize,
    species: &[(&str, &str, f64)],
) {
    let variables: Vec<Variable> = species
        .iter()
        .map(|(name, units, v)| Variable {
            name,
            dimensions: &["Time", "emissions_zdim_stag", "south_north", "west_east"],
            attributes: vec![("units", units)],
            values: (0..hours * ny * nx).map(|i| v * (1.0 + (i % (ny * nx)) as f64 * 1e-4)).collect(),
        })
        .collect();
    let dimensions = [("Time", hours), ("emissions_zdim_stag", 1), ("south_north", ny), ("west_east", nx)];
    write(path, &dimensions, attributes, &[], &variables);
}

/// Without XLAT and XLONG the cells lie where the wrfinput file of the same domain says they do.
#[test]
fn wrfchemi_cells_lie_where_wrfinput_says() {
    let Some(wrfinput) = crate::real("emis/formats/eixport_wrfinput_d02") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrfchemi_00z_d02");
    wrfchemi(&path, &WRF, (51, 63), 1, &[("E_CO", "mol km^-2 hr^-1", 10.0)]);
    let read = sources(&[path]);
    assert_eq!(read.len(), 51 * 63);
    let file = netcdf::open(wrfinput).unwrap();
    let values = |name: &str| file.variable(name).unwrap().get_values::<f64, _>(..).unwrap();
    let (lat, lon) = (values("XLAT"), values("XLONG"));
    let mut farthest = 0.0f64;
    for (i, source) in read.iter().enumerate() {
        let Place::Quadrilateral { corners } = source.place else { panic!("{:?}", source.place) };
        let middle = |f: fn(&(f64, f64)) -> f64| corners.iter().map(f).sum::<f64>() / 4.0;
        farthest = farthest.max((middle(|c| c.0) - lon[i]).hypot(middle(|c| c.1) - lat[i]));
    }
    // 3 km are 0.027 degrees
    assert!(farthest < 0.01 * 0.027, "{farthest} degrees off");
}

#[test]
fn wrfchemi_masses_are_those_of_moles_and_square_kilometres() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrfchemi_d01");
    let yanbian: Vec<(&str, f64)> = WRF
        .iter()
        .map(|(name, v)| match *name {
            "TRUELAT1" => (*name, 42.0),
            "TRUELAT2" => (*name, 44.0),
            "MOAD_CEN_LAT" | "CEN_LAT" => (*name, 43.0),
            "STAND_LON" | "CEN_LON" => (*name, 129.5),
            _ => (*name, *v),
        })
        .collect();
    let species = [
        ("E_NO", "mol km^-2 hr^-1", 9.0),
        ("E_NO2", "mol km^-2 hr^-1", 1.0),
        ("E_TOL", "mol km^-2 hr^-1", 2.0),
        ("E_PM25J", "ug m^-2 s^-1", 1e-3),
        ("E_ECJ", "ug m^-2 s^-1", 2e-4),
        ("E_ORGJ", "ug/m3 m/s", 3e-4),
        ("E_PM_10", "ug m^-2 s^-1", 5e-4),
    ];
    wrfchemi(&path, &yanbian, (40, 50), 24, &species);
    let (groups, notes) = together(std::slice::from_ref(&path)).unwrap();
    assert!(notes.is_empty(), "{notes:?}");
    let read: Vec<Source> = groups.into_iter().flat_map(|g| g.sources).collect();
    // 50 x 40 cells of 9 km2 of a Lambert grid between its true parallels, where the map is true to 2e-4
    let (km2, mean) = (2000.0 * 9.0, 1.0 + 1999.0 * 0.5e-4);
    let t = |mol: f64, g: f64| mol * g * 1e-6 * 8760.0 * km2 * mean;
    let total = sum(&read);
    near(total.nox, t(10.0, 46.0055), 5e-4, "NOx as NO2");
    near(total.nmvoc, t(2.0, 92.0), 5e-4, "toluene");
    let ug = |v: f64| v * 1e-9 * YEAR_S * km2 * 1e6 * 1e-3 * mean;
    near(total.pm25, ug(1.5e-3), 5e-4, "PM2.5 with carbon");
    near(total.pm10, ug(2.0e-3), 5e-4, "PM10 with the coarse part");
    near(total.bc, ug(2e-4), 5e-4, "BC");
    near(total.oc, ug(3e-4 * 0.7143), 5e-4, "OC");
    mass_is_kept(&read, "wrfchemi");
    // the same grid as the model's: the lattice fits itself
    wrfchemi(&path, &yanbian, (40, 50), 1, &species[..1]);
    let (_, notes) = together(&[path]).unwrap();
    assert!(notes[0].found.contains("1 of 24 hours") && !notes[0].by_design, "{notes:?}");
}

#[test]
fn ioapi_cells_begin_at_their_corner() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("emis.nc");
    let (ny, nx, times) = (40usize, 50usize, 25usize);
    let attributes = [
        ("GDTYP", 2.0),
        ("P_ALP", 42.0),
        ("P_BET", 44.0),
        ("P_GAM", 129.5),
        ("XCENT", 129.5),
        ("YCENT", 43.0),
        ("XORIG", -75_000.0),
        ("YORIG", -60_000.0),
        ("XCELL", 3000.0),
        ("YCELL", 3000.0),
    ];
    let stamps: Vec<f64> =
        (0..times).flat_map(|h| [2_026_015.0 + (h / 24) as f64, (h % 24) as f64 * 10_000.0]).collect();
    let species = |name, units, v: f64| Variable {
        name,
        dimensions: &["TSTEP", "LAY", "ROW", "COL"],
        attributes: vec![("units", units)],
        // the hour after the day is another day's
        values: (0..times * ny * nx)
            .map(|i| if i / (ny * nx) == 24 { 1e3 } else { v * (i / (ny * nx)) as f64 })
            .collect(),
    };
    let variables = [
        Variable { name: "TFLAG", dimensions: &["TSTEP", "VAR", "DATE-TIME"], attributes: Vec::new(), values: stamps },
        species("NO2", "moles/s", 1e-4),
        species("PEC", "g/s", 1e-3),
        species("POC", "g/s", 2e-3),
        species("PMC", "g/s", 5e-3),
        // metals and water of AERO6 are fine particles; what is not carried is noted with its amount
        species("PFE", "g/s", 0.5e-3),
        species("PH2O", "g/s", 0.5e-3),
        species("HCL", "moles/s", 1e-4),
    ];
    let dimensions = [("TSTEP", times), ("LAY", 1), ("ROW", ny), ("COL", nx), ("VAR", 1), ("DATE-TIME", 2)];
    write(&path, &dimensions, &attributes, &[], &variables);
    let (groups, notes) = together(&[path]).unwrap();
    assert!(notes.len() == 1 && notes[0].place == "HCL" && notes[0].found.contains("moles/s"), "{notes:?}");
    let read: Vec<Source> = groups.into_iter().flat_map(|g| g.sources).collect();
    let total = sum(&read);
    // the mean of 0 .. 23 is 11.5
    near(total.nox, 1e-4 * 11.5 * 46.0055e-6 * YEAR_S * 2000.0, 1e-9, "NO2");
    near(total.bc, 1e-3 * 11.5 * 1e-6 * YEAR_S * 2000.0, 1e-9, "PEC");
    near(total.pm25, 4e-3 * 11.5 * 1e-6 * YEAR_S * 2000.0, 1e-9, "PEC + POC + PFE + PH2O");
    near(total.pm10, 9e-3 * 11.5 * 1e-6 * YEAR_S * 2000.0, 1e-9, "with PMC");
    let Place::Quadrilateral { corners } = read[0].place else { panic!() };
    let corner = HorizontalGrid::new(
        "+proj=lcc +lat_1=42 +lat_2=44 +lat_0=43 +lon_0=129.5 +R=6370000",
        (1, 1),
        (-75_000.0, -60_000.0),
        (1.0, 1.0),
    )
    .unwrap();
    let (lon, lat) = corner.transform().lonlat(0.0, 0.0);
    assert!((corners[0].0 - lon).abs() < 1e-9 && (corners[0].1 - lat).abs() < 1e-9, "{corners:?} {lon} {lat}");
    mass_is_kept(&read, "IOAPI");
}

/// A list of sources (a real file whose random positions are put on its own axes): areas are cells, points are points, a category is a sector.
#[test]
fn a_list_of_sources_is_read_with_its_points() {
    let Some(real) = crate::real("emis/formats/emiproc_tno_test_minimal.nc") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.nc");
    std::fs::write(&path, std::fs::read(real).unwrap()).unwrap();
    let (categories, kinds, nox, co) = {
        let mut file = netcdf::append(&path).unwrap();
        let get = |file: &netcdf::FileMut, name: &str| file.variable(name).unwrap().get_values::<f64, _>(..).unwrap();
        let put = |file: &mut netcdf::FileMut, name: &str, v: &[f64]| {
            file.variable_mut(name).unwrap().put_values(v, ..).unwrap()
        };
        for (source, axis, index) in
            [("longitude_source", "longitude", "longitude_index"), ("latitude_source", "latitude", "latitude_index")]
        {
            let (axis, index) = (get(&file, axis), get(&file, index));
            put(&mut file, source, &index.iter().map(|i| axis[*i as usize]).collect::<Vec<_>>());
        }
        let categories: Vec<f64> = get(&file, "emission_category_index").iter().map(|c| c + 1.0).collect();
        let as_integers: Vec<i64> = categories.iter().map(|c| *c as i64).collect();
        file.variable_mut("emission_category_index").unwrap().put_values(&as_integers, ..).unwrap();
        let co = get(&file, "co_ff").iter().zip(get(&file, "co_bf")).map(|(a, b)| a + b).sum::<f64>();
        let made = (categories, get(&file, "source_type_index"), get(&file, "nox").iter().sum::<f64>(), co);
        file.close().unwrap();
        made
    };
    let read = sources(&[path]);
    assert_eq!(read.len(), 30);
    near(sum(&read).nox, nox * 1e-3, 1e-12, "NOx");
    near(sum(&read).co, co * 1e-3, 1e-12, "CO, fossil and biogenic");
    let sectors = [Sector::Power, Sector::Industry, Sector::Traffic, Sector::Traffic];
    for ((source, category), kind) in read.iter().zip(categories).zip(kinds) {
        assert_eq!(source.sector, sectors[category as usize - 1]);
        match source.place {
            Place::Cell { west, south, east, north } => {
                assert!(kind == 1.0 && east - west == 30.0 && (north - south - 7.0).abs() < 1e-9, "{:?}", source.place);
            }
            Place::Point { stack: None, .. } => assert!(kind == 2.0),
            ref other => panic!("{other:?}"),
        }
    }
}
