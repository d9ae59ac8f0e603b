//! wrfout and CF files written here, sound and then each broken in one way.

use super::refused;
use hazecast::domain::grid::HorizontalGrid;
use hazecast::input::netcdf_file::on_netcdf_thread;
use hazecast::input::{cf_netcdf, meteorology, wrfout};
use std::path::{Path, PathBuf};

#[derive(Clone)]
struct Variable {
    name: &'static str,
    dims: Vec<&'static str>,
    attributes: Vec<(&'static str, String)>,
    numbers: Vec<(&'static str, f64)>,
    values: Vec<f64>,
}

#[derive(Clone)]
struct Fixture {
    dims: Vec<(&'static str, usize)>,
    numbers: Vec<(&'static str, f64)>,
    variables: Vec<Variable>,
}

impl Fixture {
    fn var(&mut self, name: &str) -> &mut Variable {
        self.variables.iter_mut().find(|v| v.name == name).unwrap()
    }

    fn remove(&mut self, name: &str) {
        self.variables.retain(|v| v.name != name);
    }

    fn units(&mut self, name: &str, units: &str) {
        self.var(name).attributes = vec![("units", units.into())];
    }

    fn set(&mut self, name: &str, value: f64) {
        self.var(name).values.fill(value);
    }

    fn number(&mut self, name: &str, value: f64) {
        self.numbers.iter_mut().find(|n| n.0 == name).unwrap().1 = value;
    }

    fn write(&self, path: &Path) {
        let (me, path) = (self.clone(), path.to_path_buf());
        on_netcdf_thread(move || {
            let mut file = netcdf::create(path).unwrap();
            for (name, n) in &me.dims {
                file.add_dimension(name, *n).unwrap();
            }
            for (name, v) in &me.numbers {
                file.add_attribute(name, *v).unwrap();
            }
            for v in &me.variables {
                let mut out = file.add_variable::<f64>(v.name, &v.dims).unwrap();
                for (name, text) in &v.attributes {
                    out.put_attribute(name, text.as_str()).unwrap();
                }
                for (name, x) in &v.numbers {
                    out.put_attribute(name, *x).unwrap();
                }
                out.put_values(&v.values, ..).unwrap();
            }
            file.close().unwrap();
        });
    }

    fn add(&mut self, name: &'static str, units: &str, dims: &[&'static str], value: &dyn Fn(&[usize]) -> f64) {
        let lengths: Vec<usize> = dims.iter().map(|d| self.dims.iter().find(|x| x.0 == *d).unwrap().1).collect();
        let values = (0..lengths.iter().product::<usize>())
            .map(|mut i| {
                let mut index = vec![0; lengths.len()];
                for axis in (0..lengths.len()).rev() {
                    index[axis] = i % lengths[axis];
                    i /= lengths[axis];
                }
                value(&index)
            })
            .collect();
        let attributes = vec![("units", units.to_owned())];
        self.variables.push(Variable { name, dims: dims.to_vec(), attributes, numbers: vec![], values });
    }
}

const NX: usize = 5;
const NY: usize = 4;

/// Isothermal air of 273.15 K at rest above a flat terrain of 100 m: p = 95 000 exp(-z/7995).
fn wrf() -> Fixture {
    let mut f = Fixture {
        dims: vec![
            ("Time", 2),
            ("bottom_top", 6),
            ("bottom_top_stag", 7),
            ("south_north", NY),
            ("south_north_stag", NY + 1),
            ("west_east", NX),
            ("west_east_stag", NX + 1),
        ],
        numbers: vec![
            ("MAP_PROJ", 1.0),
            ("DX", 9000.0),
            ("DY", 9000.0),
            ("TRUELAT1", 42.0),
            ("TRUELAT2", 44.0),
            ("CEN_LAT", 43.0),
            ("STAND_LON", 129.5),
        ],
        variables: vec![],
    };
    let projection = "+proj=lcc +lat_1=42 +lat_2=44 +lat_0=43 +lon_0=129.5 +R=6370000";
    let centres = HorizontalGrid::new(projection, (NX, NY), (-18e3, -13.5e3), (9e3, 9e3)).unwrap().centres();
    let flat = ["Time", "south_north", "west_east"];
    let solid = ["Time", "bottom_top", "south_north", "west_east"];
    f.add("XTIME", "minutes since 2026-01-15 00:00:00", &["Time"], &|i| 60.0 * i[0] as f64);
    f.add("XLAT", "degree_north", &flat, &|i| centres[i[1] * NX + i[2]].1);
    f.add("XLONG", "degree_east", &flat, &|i| centres[i[1] * NX + i[2]].0);
    let pressure = |i: &[usize]| 95_000.0 * (-(100.0 * i[1] as f64 + 50.0) / 7995.0).exp();
    f.add("PB", "Pa", &solid, &pressure);
    f.add("P", "Pa", &solid, &|_| 0.0);
    f.add("T", "K", &solid, &|i| 273.15 * (1e5 / pressure(i)).powf(2.0 / 7.0) - 300.0);
    f.add("PHB", "m2 s-2", &["Time", "bottom_top_stag", "south_north", "west_east"], &|i| {
        9.81 * (100.0 + 100.0 * i[1] as f64)
    });
    f.add("PH", "m2 s-2", &["Time", "bottom_top_stag", "south_north", "west_east"], &|_| 0.0);
    f.add("QVAPOR", "kg kg-1", &solid, &|_| 0.0);
    f.add("U", "m s-1", &["Time", "bottom_top", "south_north", "west_east_stag"], &|_| 5.0);
    f.add("V", "m s-1", &["Time", "bottom_top", "south_north_stag", "west_east"], &|_| 0.0);
    f.add("RAINNC", "mm", &flat, &|i| 3.6 * i[0] as f64);
    f
}

/// The same air on four pressure levels, latitudes from north to south.
fn cf() -> Fixture {
    let mut f = Fixture {
        dims: vec![("time", 2), ("level", 4), ("latitude", NY), ("longitude", NX)],
        numbers: vec![],
        variables: vec![],
    };
    let flat = ["time", "latitude", "longitude"];
    let solid = ["time", "level", "latitude", "longitude"];
    f.add("time", "hours since 2026-01-15 00:00:00", &["time"], &|i| i[0] as f64);
    f.add("level", "millibars", &["level"], &|i| [500.0, 700.0, 850.0, 1000.0][i[0]]);
    f.add("latitude", "degrees_north", &["latitude"], &|i| 44.0 - 0.25 * i[0] as f64);
    f.add("longitude", "degrees_east", &["longitude"], &|i| 129.0 + 0.25 * i[0] as f64);
    f.add("t", "K", &solid, &|i| if i[1] == 3 { 340.0 } else { 273.15 });
    f.add("u", "m s-1", &solid, &|_| 5.0);
    f.add("v", "m s-1", &solid, &|i| i[2] as f64);
    f.add("q", "kg kg-1", &solid, &|_| 0.0);
    f.add("sp", "Pa", &flat, &|_| 95_000.0);
    f.add("z", "m2 s-2", &flat, &|_| 980.665);
    f.add("t2m", "K", &flat, &|_| 273.15);
    f.add("u10", "m s-1", &flat, &|_| 3.0);
    f.add("v10", "m s-1", &flat, &|_| 0.0);
    f
}

type Break = (&'static str, fn(&mut Fixture), &'static [&'static str]);

fn all_refused(sound: &Fixture, breaks: &[Break], read: &dyn Fn(&Path) -> hazecast::error::Result<()>) {
    let folder = tempfile::tempdir().unwrap();
    for (i, (what, change, words)) in breaks.iter().enumerate() {
        let mut fixture = sound.clone();
        change(&mut fixture);
        let path = folder.path().join(format!("broken_{i}.nc"));
        fixture.write(&path);
        refused(what, &path, read(&path), words);
    }
}

/// Damage to the bytes of a sound file.
fn bytes_refused(sound: &Fixture, read: &dyn Fn(&Path) -> hazecast::error::Result<()>) {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("bytes.nc");
    sound.write(&path);
    let whole = std::fs::read(&path).unwrap();
    let mut damage: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("empty file", vec![], &["0 bytes"]),
        ("text file", b"time,temperature\n1,2\n".to_vec(), &["first bytes"]),
        ("cut in half", whole[..whole.len() / 2].to_vec(), &["truncated"]),
        ("cut by a byte", whole[..whole.len() - 1].to_vec(), &["truncated"]),
        ("cut in the superblock", whole[..10].to_vec(), &["superblock"]),
    ];
    let mut version = whole.clone();
    version[8] = 9;
    damage.push(("unknown superblock", version, &["superblock"]));
    for (what, bytes, words) in damage {
        std::fs::write(&path, bytes).unwrap();
        refused(what, &path, read(&path), words);
    }
}

#[test]
fn sound_wrfout_is_read_and_missing_surface_fields_are_derived() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrfout.nc");
    wrf().write(&path);
    let fields = wrfout::read(&path).unwrap();
    assert_eq!((fields.len(), fields[0].grid.nx, fields[0].levels), (2, NX, 6));
    let f = &fields[1];
    assert_eq!(f.valid_time.to_rfc3339(), "2026-01-15T01:00:00+00:00");
    // 95 000 Pa was put at the ground, 50 m below the lowest level
    assert!((f.surface_pressure_pa[0] - 95_000.0).abs() < 10.0, "{}", f.surface_pressure_pa[0]);
    assert!((f.terrain_m[0] - 100.0).abs() < 1e-3);
    // dry-adiabatic over 50 m: 0.49 K warmer than the level
    assert!((f.temperature_2m_k[0] - 273.64).abs() < 0.01, "{}", f.temperature_2m_k[0]);
    // ln(100) / ln(500) of 5 m s-1
    assert!((f.wind_10m_east_m_s[0].hypot(f.wind_10m_north_m_s[0]) - 3.7051).abs() < 1e-3);
    assert!((f.precipitation_kg_m2_s.as_ref().unwrap()[0] - 1e-3).abs() < 1e-8);
    assert_eq!(meteorology::format(&path).unwrap(), meteorology::Format::Wrfout);
}

#[test]
fn broken_wrfout_is_refused_with_file_and_place() {
    let breaks: [Break; 20] = [
        ("no times", |f| f.remove("XTIME"), &["Times"]),
        ("no humidity", |f| f.remove("QVAPOR"), &["QVAPOR"]),
        ("no wind", |f| f.remove("U"), &["variable U"]),
        ("no latitude", |f| f.remove("XLAT"), &["XLAT"]),
        ("wrong units", |f| f.units("T", "degC"), &["variable T", "degC"]),
        ("no units", |f| f.units("PB", ""), &["variable PB"]),
        (
            "wrong dimensions",
            |f| {
                let v = f.var("U");
                v.dims[3] = "west_east";
                v.values.truncate(2 * 6 * NY * NX);
            },
            &["variable U"],
        ),
        ("NaN", |f| f.var("T").values[7] = f64::NAN, &["variable T", "[0, 0, 1, 2]"]),
        (
            "fill value",
            |f| {
                let v = f.var("QVAPOR");
                v.numbers.push(("_FillValue", -999.0));
                v.values[3] = -999.0;
            },
            &["QVAPOR", "[0, 0, 0, 3]"],
        ),
        ("rotated pole", |f| f.number("MAP_PROJ", 4.0), &["MAP_PROJ"]),
        ("another projection", |f| f.number("STAND_LON", 120.0), &["XLAT, XLONG"]),
        ("another cell size", |f| f.number("DX", 10_000.0), &["XLAT, XLONG"]),
        ("no cell size", |f| f.number("DX", 0.0), &["DX"]),
        (
            "pressure upward",
            |f| {
                f.var("PB").values.reverse();
            },
            &["decreases with level"],
        ),
        ("Celsius", |f| f.var("T").values.iter_mut().for_each(|t| *t -= 273.15), &["temperature (T)"]),
        ("hectopascal as pascal", |f| f.var("PB").values.iter_mut().for_each(|p| *p /= 100.0), &["(T)"]),
        ("a gale of 500 m/s", |f| f.set("U", 500.0), &["wind", "level 0, row 0"]),
        ("negative humidity", |f| f.set("QVAPOR", -0.01), &["QVAPOR"]),
        ("the same time twice", |f| f.set("XTIME", 0.0), &["time 1", "increasing"]),
        ("flat geopotential", |f| f.set("PHB", 981.0), &["altitude"]),
    ];
    let read = |p: &Path| wrfout::read(p).map(|_| ());
    all_refused(&wrf(), &breaks, &read);
    bytes_refused(&wrf(), &read);
    // 400-day calendars and months are no times
    let more: [Break; 3] = [
        ("calendar", |f| f.var("XTIME").attributes.push(("calendar", "noleap".into())), &["XTIME", "noleap"]),
        ("unit of time", |f| f.units("XTIME", "months since 2026-01-15"), &["XTIME"]),
        ("no origin", |f| f.units("XTIME", "minutes"), &["XTIME"]),
    ];
    all_refused(&wrf(), &more, &read);
}

#[test]
fn sound_cf_is_read_northward_and_above_the_ground() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cf.nc");
    let mut packed = cf();
    // packed as shorts are: value = stored * 0.5 + 200
    let t = packed.var("t");
    t.numbers = vec![("scale_factor", 0.5), ("add_offset", 200.0)];
    t.values.iter_mut().for_each(|v| *v = (*v - 200.0) / 0.5);
    packed.write(&path);
    let fields = cf_netcdf::read(&path, None).unwrap();
    let f = &fields[1];
    assert_eq!((fields.len(), f.levels, f.grid.y0, f.grid.dy), (2, 5, 43.25, 0.25));
    // v was the row from the north: 3 in the south
    let (cells, top) = (f.grid.cells(), f.levels - 1);
    assert_eq!(f.wind_north_m_s[top * cells], 3.0);
    assert_eq!(f.wind_north_m_s[top * cells + cells - 1], 0.0);
    // 1000 hPa is below the ground of 950 hPa: its 340 K must not appear; heights are 7995 m ln(950/p) + 100 m
    assert!(f.temperature_k.iter().all(|t| (t - 273.15).abs() < 1e-3));
    assert!((f.altitude_m[top * cells] - 5231.5).abs() < 1.5, "{}", f.altitude_m[top * cells]);
    // a window keeps its cells and two around
    let cut = cf_netcdf::read(&path, Some((129.3, 43.3, 129.4, 43.4))).unwrap().remove(0);
    assert!(cut.grid.nx <= 5 && cut.grid.x0 >= 129.0 && cut.grid.transform().cell(129.35, 43.35).is_some());
    let outside = cf_netcdf::read(&path, Some((100.0, 43.3, 101.0, 43.4)));
    refused("window", &path, outside, &["longitude", "a part of 100.00 to 101.00"]);
    assert_eq!(meteorology::format(&path).unwrap(), meteorology::Format::CfNetcdf);
}

#[test]
fn broken_cf_is_refused_with_file_and_place() {
    let breaks: [Break; 20] = [
        ("no temperature", |f| f.remove("t"), &["variable t"]),
        ("no wind", |f| f.remove("v"), &["variable v"]),
        ("no humidity", |f| f.remove("q"), &["humidity"]),
        ("no surface pressure", |f| f.remove("sp"), &["surface pressure"]),
        ("no terrain", |f| f.remove("z"), &["terrain"]),
        ("no 2 m temperature", |f| f.remove("t2m"), &["2 m temperature"]),
        ("no time", |f| f.remove("time"), &["time"]),
        ("wrong units", |f| f.units("u", "knots"), &["variable u", "knots"]),
        ("Celsius by units", |f| f.units("t2m", "degC"), &["t2m", "degC"]),
        ("Celsius by value", |f| f.set("t2m", 0.0), &["2 m temperature of 0 K"]),
        ("model levels", |f| f.units("level", "1"), &["level"]),
        ("calendar", |f| f.var("time").attributes.push(("calendar", "365_day".into())), &["365_day"]),
        ("the same time twice", |f| f.set("time", 3.0), &["time 1"]),
        ("irregular axis", |f| f.var("longitude").values[2] = 129.6, &["longitude", "129.6"]),
        ("longitudes westward", |f| f.var("longitude").values.reverse(), &["longitude"]),
        ("unordered levels", |f| f.var("level").values.swap(0, 1), &["level"]),
        ("wrong dimensions", |f| f.var("sp").dims = vec!["time", "level", "longitude"], &["variable sp"]),
        ("NaN aloft", |f| f.var("q").values[1] = f64::NAN, &["specific humidity", "level 4"]),
        ("a gale of 500 m/s", |f| f.set("u", 500.0), &["eastward wind"]),
        ("a hole in the surface", |f| f.var("sp").values[NX + 2] = f64::NAN, &["variable sp", "rim"]),
    ];
    let read = |p: &Path| cf_netcdf::read(p, None).map(|_| ());
    all_refused(&cf(), &breaks, &read);
    bytes_refused(&cf(), &read);
}

#[test]
fn gaps_and_contradictions_between_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, change: &dyn Fn(&mut Fixture)| {
        let mut f = cf();
        change(&mut f);
        let path = folder.path().join(name);
        f.write(&path);
        path
    };
    let hours = |start: f64| move |f: &mut Fixture| f.var("time").values = vec![start, start + 1.0];
    let (a, b) = (write("a.nc", &|_| ()), write("b.nc", &hours(2.0)));
    assert_eq!(meteorology::read(&[b.clone(), a.clone()], None, None).unwrap().len(), 4);
    let late = write("late.nc", &hours(3.0));
    refused("one hour missing", &late, meteorology::read(&[a.clone(), late.clone()], None, None), &["03:00", "a.nc"]);
    let days = write("days.nc", &hours(49.0));
    refused("two days missing", &days, meteorology::read(&[a.clone(), days.clone()], None, None), &["gap"]);
    let other = write("other.nc", &|f| f.set("u", 6.0));
    refused("other content", &other, meteorology::read(&[a.clone(), other.clone()], None, None), &["00:00", "a.nc"]);
    let moved = write("moved.nc", &|f| {
        hours(2.0)(f);
        f.var("longitude").values.iter_mut().for_each(|x| *x += 1.0);
    });
    refused("other grid", &moved, meteorology::read(&[a, moved.clone()], None, None), &["grid", "a.nc"]);
}

/// Amounts of three hours, told by bounds: rain as it fell, sunshine as it shone, heat turned upward; a flux of the moment goes before a mean.
/// Those of a single time have bounds without the dimension of times.
#[test]
fn amounts_are_of_the_interval_that_bounds_give() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("amounts.nc");
    let flat = ["time", "latitude", "longitude"];
    let mut f = cf();
    f.dims.push(("bnds", 2));
    f.var("time").values = vec![0.0, 3.0];
    f.var("time").attributes.push(("bounds", "time_bnds".into()));
    f.add("time_bnds", "", &["time", "bnds"], &|i| 3.0 * (i[0] + i[1]) as f64 - 3.0);
    f.add("tp", "m", &flat, &|i| 0.001 * (1 + i[0]) as f64);
    f.add("ssrd", "J m-2", &flat, &|_| 3.0 * 3600.0 * 200.0);
    f.add("sshf", "J m-2", &flat, &|_| -3.0 * 3600.0 * 50.0);
    f.write(&path);
    let near = |field: &Option<Vec<f32>>, expected: f32| {
        let found = field.as_ref().unwrap()[0];
        assert!((found / expected - 1.0).abs() < 1e-5, "{found} is not {expected}");
    };
    for (i, met) in cf_netcdf::read(&path, None).unwrap().iter().enumerate() {
        near(&met.precipitation_kg_m2_s, (1 + i) as f32 / 10_800.0);
        near(&met.shortwave_w_m2, 200.0);
        near(&met.sensible_heat_flux_w_m2, 50.0);
    }
    f.add("ishf", "W m-2", &flat, &|_| -80.0);
    f.write(&path);
    near(&cf_netcdf::read(&path, None).unwrap()[1].sensible_heat_flux_w_m2, 80.0);
    // an empty first interval, as at the start of a forecast, has no rate
    f.var("time_bnds").values = vec![0.0, 0.0, 0.0, 3.0];
    f.write(&path);
    let met = cf_netcdf::read(&path, None).unwrap();
    assert!(met[0].precipitation_kg_m2_s.is_none());
    near(&met[1].precipitation_kg_m2_s, 1.0 / 10_800.0);
    // without bounds it is the hour before
    f.var("time").attributes.pop();
    f.write(&path);
    near(&cf_netcdf::read(&path, None).unwrap()[1].precipitation_kg_m2_s, 2.0 / 3600.0);
}

/// A time long before the others gives only what does not change, where it is known from when on times are wanted.
#[test]
fn times_before_those_that_are_wanted_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, start: f64| {
        let mut f = cf();
        f.var("time").values = vec![start, start + 1.0];
        let path = folder.path().join(name);
        f.write(&path);
        path
    };
    let (early, late) = (write("early.nc", -12.0), write("late.nc", 1.0));
    let all = meteorology::read(&[early.clone(), late.clone()], None, None);
    refused("gap", &late, all, &["gap"]);
    let first = meteorology::read(std::slice::from_ref(&late), None, None).unwrap()[0].valid_time;
    let read = |from| meteorology::read_telling(&[early.clone(), late.clone()], (None, Some(from)), None, &mut |_| ());
    let wanted = read(first + chrono::Duration::minutes(30)).unwrap();
    assert_eq!((wanted.len(), wanted[0].valid_time), (2, first));
    assert!(read(first - chrono::Duration::minutes(30)).is_err(), "the gap is within what is wanted");
}
