//! Files of mixing ratios around the grid, written here: sound ones, and each broken in one way.

use hazecast::domain::boundary_field::BoundaryField;
use hazecast::domain::species::Species;
use hazecast::error::Error;
use hazecast::input::boundary_netcdf::{SpeciesMapping, held, read};
use hazecast::input::netcdf_file::on_netcdf_thread;
use std::path::{Path, PathBuf};

const LONGITUDES: [f64; 9] = [125.0, 126.0, 127.0, 128.0, 129.0, 130.0, 131.0, 132.0, 133.0];
/// From the north, as global files go.
const LATITUDES: [f64; 7] = [46.0, 45.0, 44.0, 43.0, 42.0, 41.0, 40.0];
const SURFACE_PA: f64 = 99_000.0;

#[derive(Clone)]
struct Variable {
    name: &'static str,
    dims: &'static [&'static str],
    units: &'static str,
    texts: Vec<(&'static str, &'static str)>,
    values: Vec<f64>,
}

/// A file with its levels from the top down.
#[derive(Clone)]
pub struct Made {
    dims: Vec<(&'static str, usize)>,
    variables: Vec<Variable>,
    /// Packed in 16 bits with a scale and an offset.
    packed: bool,
}

const FIELD: &[&str] = &["time", "level", "latitude", "longitude"];

/// Every variable that the built-in mapping needs for a whole file.
const VARIABLES: [&str; 21] = [
    "so2", "no2", "no", "co", "nh3", "hno3", "aermr01", "aermr02", "aermr04", "aermr05", "aermr06", "aermr07",
    "aermr08", "aermr09", "aermr10", "aermr11", "aermr16", "aermr18", "aermr17", "aermr19", "aermr20",
];

impl Made {
    /// Six-hourly from 2026-01-14T00Z on levels of pressure; each variable is 1e-9 times its place in [`VARIABLES`], from one, higher
    /// toward the ground, east, north and later.
    pub fn on_pressure(times: usize) -> Self {
        let levels = [300.0, 500.0, 850.0, 1000.0];
        let mut made = Self {
            dims: vec![("time", times), ("level", 4), ("latitude", 7), ("longitude", 9)],
            variables: Vec::new(),
            packed: false,
        };
        made.add("time", &["time"], "hours since 2026-01-14 00:00:00", (0..times).map(|i| 6.0 * i as f64).collect());
        made.add("level", &["level"], "hPa", levels.to_vec());
        made.add("latitude", &["latitude"], "degrees_north", LATITUDES.to_vec());
        made.add("longitude", &["longitude"], "degrees_east", LONGITUDES.to_vec());
        for (i, name) in VARIABLES.into_iter().enumerate() {
            let mut values = Vec::new();
            for t in 0..times {
                for k in 0..4 {
                    for lat in LATITUDES {
                        for lon in LONGITUDES {
                            let place =
                                1.0 + 0.1 * k as f64 + 0.01 * (lon - 126.0) + 0.02 * (lat - 40.0) + 0.1 * t as f64;
                            values.push(1e-9 * (i + 1) as f64 * place);
                        }
                    }
                }
            }
            made.add(name, FIELD, "kg kg**-1", values);
        }
        made
    }

    /// The same with times of another spacing [h].
    pub fn spaced(mut self, hours: f64) -> Self {
        self.var("time").values.iter_mut().for_each(|t| *t *= hours / 6.0);
        self
    }

    /// The same on hybrid levels, by CF formula terms or as `hyam` and `hybm`.
    fn on_hybrid(formula: Option<&'static str>) -> Self {
        let mut made = Self::on_pressure(2);
        let level = made.var("level");
        (level.units, level.values) = ("1", vec![1.0, 2.0, 3.0, 4.0]);
        level.texts.extend(formula.map(|f| ("formula_terms", f)));
        let (a, b) = (vec![20_000.0, 10_000.0, 2_000.0, 0.0], vec![0.1, 0.4, 0.83, 0.997]);
        match formula {
            Some(f) if f.starts_with("a:") => {
                made.add("hya", &["level"], "1", a.iter().map(|a| a / 100_000.0).collect());
                made.add("p0", &[], "Pa", vec![100_000.0]);
                made.add("hyb", &["level"], "1", b);
            }
            Some(_) => {
                made.add("hya", &["level"], "Pa", a);
                made.add("hyb", &["level"], "1", b);
            }
            None => {
                made.add("hyam", &["level"], "Pa", a);
                made.add("hybm", &["level"], "1", b);
            }
        }
        made.add("sp", &["time", "latitude", "longitude"], "Pa", vec![SURFACE_PA; 2 * 63]);
        made
    }

    fn add(&mut self, name: &'static str, dims: &'static [&'static str], units: &'static str, values: Vec<f64>) {
        self.variables.push(Variable { name, dims, units, texts: Vec::new(), values });
    }

    fn var(&mut self, name: &str) -> &mut Variable {
        self.variables.iter_mut().find(|v| v.name == name).unwrap()
    }

    pub fn without(mut self, names: &[&str]) -> Self {
        self.variables.retain(|v| !names.contains(&v.name));
        self
    }

    pub fn write(&self, path: &Path) {
        let (me, path) = (self.clone(), path.to_path_buf());
        on_netcdf_thread(move || {
            let mut file = netcdf::create(path).unwrap();
            for (name, n) in &me.dims {
                file.add_dimension(name, *n).unwrap();
            }
            for v in &me.variables {
                if me.packed && v.dims == FIELD {
                    let (low, high) = v.values.iter().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
                    let (scale, offset) = ((high - low) / 65_000.0, 0.5 * (low + high));
                    let mut out = file.add_variable::<i16>(v.name, v.dims).unwrap();
                    out.put_attribute("units", v.units).unwrap();
                    out.put_attribute("scale_factor", scale).unwrap();
                    out.put_attribute("add_offset", offset).unwrap();
                    let packed: Vec<i16> = v.values.iter().map(|x| ((x - offset) / scale).round() as i16).collect();
                    out.put_values(&packed, ..).unwrap();
                    continue;
                }
                let mut out = file.add_variable::<f64>(v.name, v.dims).unwrap();
                out.put_attribute("units", v.units).unwrap();
                v.texts.iter().for_each(|(name, text)| out.put_attribute(name, *text).map(|_| ()).unwrap());
                if v.dims.is_empty() {
                    out.put_value(v.values[0], ()).unwrap()
                } else {
                    out.put_values(&v.values, ..).unwrap()
                }
            }
            file.close().unwrap();
        });
    }
}

fn mapping() -> SpeciesMapping {
    let text = include_str!("../../models/boundary_species.toml");
    SpeciesMapping::from_toml(text, Path::new("models/boundary_species.toml")).unwrap()
}

fn written(made: &Made) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cams.nc");
    made.write(&path);
    (folder, path)
}

const WINDOW: (f64, f64, f64, f64) = (129.0, 42.0, 131.0, 44.0);

fn fields(made: &Made) -> Vec<BoundaryField> {
    let (_folder, path) = written(made);
    read(&path, Some(WINDOW), &mapping()).unwrap()
}

/// Value of a variable by its place in the file's formula.
fn exact(name: &str, (t, k, lon, lat): (usize, usize, f64, f64)) -> f64 {
    let i = VARIABLES.iter().position(|v| *v == name).unwrap();
    1e-9 * (i + 1) as f64 * (1.0 + 0.1 * k as f64 + 0.01 * (lon - 126.0) + 0.02 * (lat - 40.0) + 0.1 * t as f64)
}

#[test]
fn a_whole_file_gives_every_species_upward_and_northward() {
    let fields = fields(&Made::on_pressure(2));
    assert_eq!(fields.len(), 2);
    assert_eq!((fields[1].valid_time - fields[0].valid_time).num_hours(), 6);
    let field = &fields[1];
    // the window and two cells around it
    assert_eq!((field.grid.nx, field.grid.ny, field.levels.len()), (7, 7, 4));
    assert_eq!(field.mixing_ratio.len(), Species::COUNT - 2, "all but the SOA precursor and the tracer");
    let pressures: Vec<(f64, f64)> = field.levels.iter().map(|l| (l.a_pa, l.b)).collect();
    assert_eq!(pressures, [(100_000.0, 0.0), (85_000.0, 0.0), (50_000.0, 0.0), (30_000.0, 0.0)]);
    let close = |species: Species, expected: &dyn Fn((usize, usize, f64, f64)) -> f64| {
        let values = field.of(species).unwrap();
        for (k, y, x) in [(0, 0, 0), (3, 6, 6), (1, 2, 5)] {
            let (lon, lat) = (127.0 + x as f64, 40.0 + y as f64);
            let e = expected((1, 3 - k, lon, lat));
            let v = f64::from(values[(k * 7 + y) * 7 + x]);
            assert!((v / e - 1.0).abs() < 1e-4, "{} {k} {y} {x}: {v:e} {e:e}", species.name());
        }
    };
    close(Species::So2, &|at| exact("so2", at));
    // molar masses of NO2 and NO
    close(Species::No2, &|at| exact("no2", at) + exact("no", at) * 46.006 / 30.006);
    close(Species::BlackCarbon, &|at| exact("aermr09", at) + exact("aermr10", at));
    // the PM2.5 and PM10 of CAMS: sea salt is dry mass times 4.3, half of its second bin and 0.4 of the third of dust count
    let salt = |at| (exact("aermr01", at), exact("aermr02", at));
    close(Species::FineOther, &|at| {
        (salt(at).0 + 0.5 * salt(at).1) / 4.3 + exact("aermr04", at) + exact("aermr05", at)
    });
    let fine_in_all = |at| {
        let names = ["aermr07", "aermr08", "aermr11", "aermr16", "aermr18"];
        names.into_iter().map(|name| exact(name, at)).sum::<f64>()
    };
    close(Species::Coarse, &|at| {
        0.5 * salt(at).1 / 4.3 + 0.4 * exact("aermr06", at) + 0.3 * fine_in_all(at) + exact("aermr17", at)
    });
    close(Species::SecondaryOrganic, &|at| exact("aermr19", at) + exact("aermr20", at));
}

#[test]
fn hybrid_levels_are_read_in_all_spellings_and_units() {
    let share = |made: &mut Made, name: &str| {
        made.var(name).units = "1";
        made.var(name).values.iter_mut().for_each(|a| *a /= 100_000.0);
    };
    let hecto = |made: &mut Made, name: &str| {
        made.var(name).units = "hPa";
        made.var(name).values.iter_mut().for_each(|a| *a /= 100.0);
    };
    let (ap, a, plain) = (Some("ap: hya b: hyb ps: sp"), Some("a: hya b: hyb p0: p0 ps: sp"), None);
    let changed = |formula, change: &dyn Fn(&mut Made)| {
        let mut made = Made::on_hybrid(formula);
        change(&mut made);
        made
    };
    let cases = [
        ("ap", Made::on_hybrid(ap)),
        ("a and p0", Made::on_hybrid(a)),
        ("hyam", Made::on_hybrid(plain)),
        ("ap in hPa", changed(ap, &|m| hecto(m, "hya"))),
        ("hyam in hPa", changed(plain, &|m| hecto(m, "hyam"))),
        ("p0 in hPa", changed(a, &|m| hecto(m, "p0"))),
        (
            "hyam as a share of P0",
            changed(plain, &|m| {
                share(m, "hyam");
                m.add("P0", &[], "hPa", vec![1000.0]);
            }),
        ),
        ("without the pressure at the ground", Made::on_hybrid(plain).without(&["sp"])),
    ];
    for (what, made) in cases {
        let fields = fields(&made);
        let levels = [(0.0, 0.997), (2_000.0, 0.83), (10_000.0, 0.4), (20_000.0, 0.1)];
        assert_eq!(fields[0].levels.len(), 4);
        for (found, (a, b)) in fields[0].levels.iter().zip(levels) {
            assert!((found.a_pa - a).abs() < 1e-6 && found.b == b, "{what}: {:?}", fields[0].levels);
        }
        let so2 = f64::from(fields[0].of(Species::So2).unwrap()[0]);
        assert!((so2 / exact("so2", (0, 3, 127.0, 40.0)) - 1.0).abs() < 1e-4, "lowest level first");
    }
}

/// Sulphate, nitrate and ammonium of a file in ionic balance stay in it: equivalents by molar masses, two for sulphate.
#[test]
fn ions_of_fine_particles_in_balance_stay_in_balance() {
    let mut made = Made::on_pressure(1);
    for (name, kg) in [("aermr11", 96.06 / 2.0), ("aermr16", 62.005), ("aermr18", 2.0 * 18.04)] {
        made.var(name).values.iter_mut().for_each(|v| *v = 1e-10 * kg);
    }
    let fields = fields(&made);
    let mol = |s: Species, charge: f64, molar: f64| charge * f64::from(fields[0].of(s).unwrap()[0]) / molar;
    let negative = mol(Species::Sulfate, 2.0, 96.06) + mol(Species::Nitrate, 1.0, 62.005);
    assert!((mol(Species::Ammonium, 1.0, 18.04) / negative - 1.0).abs() < 1e-5);
}

/// One of two files lacks NO and biogenic secondary organics: read by their common parts, no time has more than another.
#[test]
fn an_optional_part_that_one_file_lacks_is_left_out_of_all() {
    let (_a, whole) = written(&Made::on_pressure(1));
    let (_b, less) = written(&Made::on_pressure(1).without(&["no", "aermr19", "nh3"]));
    let mapping = mapping();
    let of = |path: &Path| held(path, &mapping).unwrap();
    assert_eq!(of(&whole).lacking(&mapping), Vec::<&str>::new());
    let common = of(&whole).common(&of(&less));
    assert_eq!(common, of(&less).common(&of(&whole)));
    assert_eq!(common.lacking(&mapping), ["aermr19", "no"]);
    let given = common.species();
    assert!(!given.contains(&Species::Nh3) && given.len() == mapping.species().len() - 1);
    let both = [&whole, &less].map(|path| read(path, Some(WINDOW), &common).unwrap().remove(0));
    assert!(both[0] == both[1]);
    let no2 = f64::from(both[0].of(Species::No2).unwrap()[0]);
    assert!((no2 / exact("no2", (0, 3, 127.0, 40.0)) - 1.0).abs() < 1e-4, "{no2}");
}

#[test]
fn packing_is_undone_and_what_it_leaves_below_zero_is_zero() {
    let mut made = Made::on_pressure(1);
    // a field that reaches zero: the lowest packed value may come back a little below it
    made.var("co").values.iter_mut().enumerate().for_each(|(i, v)| *v *= (i % 3) as f64);
    let plain = fields(&made);
    made.packed = true;
    let packed = fields(&made);
    let (a, b) = (plain[0].of(Species::Co).unwrap(), packed[0].of(Species::Co).unwrap());
    let largest = a.iter().fold(0.0f32, |m, v| m.max(*v));
    assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-4 * largest && *b >= 0.0));
}

#[test]
fn a_species_that_lacks_a_variable_is_left_to_the_profiles() {
    let fields = fields(&Made::on_pressure(1).without(&["aermr10", "no", "nh3"]));
    assert!(fields[0].of(Species::BlackCarbon).is_none() && fields[0].of(Species::Nh3).is_none());
    assert!(fields[0].of(Species::No2).is_some(), "NO is optional");
}

#[test]
fn broken_files_are_refused_with_file_variable_found_expected_and_remedy() {
    let with = |change: &dyn Fn(&mut Made)| {
        let mut made = Made::on_pressure(2);
        change(&mut made);
        made
    };
    let values = |name: &'static str, value: f64| with(&move |m| m.var(name).values[200] = value);
    let hybrid = |formula, change: &dyn Fn(&mut Made)| {
        let mut made = Made::on_hybrid(formula);
        change(&mut made);
        made
    };
    const SHARES: &str = "a: hya b: hyb p0: p0";
    let cases: [(&str, Made, [&str; 2]); 20] = [
        ("a negative value", values("co", -1e-8), ["variable co, time 0, level 3", "0 to 1e-3 kg kg-1"]),
        ("a value of no air", values("co", 0.5), ["variable co", "5e-1 kg kg-1"]),
        ("NaN", values("aermr11", f64::NAN), ["variable aermr11", "NaN"]),
        ("volume mixing ratio", with(&|m| m.var("so2").units = "mol mol-1"), ["variable so2, units", "`mol mol-1`"]),
        ("no units", with(&|m| m.var("so2").units = ""), ["variable so2, units", "kg kg-1"]),
        (
            "no level axis",
            with(&|m| {
                m.variables.iter_mut().filter(|v| v.dims == FIELD).for_each(|v| {
                    v.dims = &["time", "latitude", "longitude"];
                    v.values.truncate(2 * 63);
                });
            }),
            ["variable time, units", "hPa"],
        ),
        ("levels without pressure", with(&|m| m.var("level").units = "1"), ["variable level, units", "hPa"]),
        ("levels out of order", with(&|m| m.var("level").values[1] = 900.0), ["variable level", "ordered levels"]),
        ("no latitude", Made::on_pressure(2).without(&["latitude"]), ["variable latitude", "no such variable"]),
        ("no time", Made::on_pressure(2).without(&["time"]), ["variable time", "time"]),
        ("hyam without units", hybrid(None, &|m| m.var("hyam").units = ""), ["variable hyam, units", "hPa"]),
        ("ap in metres", hybrid(Some("ap: hya b: hyb"), &|m| m.var("hya").units = "m"), ["variable hya, units", "`m`"]),
        (
            "ap without units",
            hybrid(Some("ap: hya b: hyb"), &|m| m.var("hya").units = ""),
            ["variable hya, units", "Pa"],
        ),
        ("a share of nothing", hybrid(None, &|m| m.var("hyam").units = "1"), ["variable hyam, a share of p0", "p0"]),
        ("a without p0", hybrid(Some("a: hya b: hyb"), &|_| ()), ["formula_terms", "`p0:` beside `a:`"]),
        ("p0 without units", hybrid(Some(SHARES), &|m| m.var("p0").units = ""), ["variable p0, units", "Pa"]),
        ("no p0", Made::on_hybrid(Some(SHARES)).without(&["p0"]), ["a share of p0", "no variable p0"]),
        (
            "crossing levels",
            hybrid(None, &|m| m.var("hyam").values[1] = 60_000.0),
            ["variable level", "ordered levels"],
        ),
        (
            "levels that cross over low ground",
            hybrid(None, &|m| m.var("hyam").values[1] = 44_000.0),
            ["variables hyam and hybm", "over ground at 50000 Pa"],
        ),
        ("no species", Made::on_pressure(2).without(&VARIABLES), ["variables", "so2"]),
    ];
    for (what, made, words) in cases {
        let (_folder, path) = written(&made);
        let error = read(&path, Some(WINDOW), &mapping()).err().unwrap_or_else(|| panic!("{what} was accepted"));
        let Error::Format { path: named, remedy, .. } = &error else { panic!("{what}: {error}") };
        assert!(named.ends_with("cams.nc") && !remedy.is_empty(), "{what}: {error}");
        let text = error.to_string();
        assert!(words.iter().all(|w| text.contains(w)), "{what}: {text}");
    }
    // beyond the file
    let (_folder, path) = written(&Made::on_pressure(1));
    let error = read(&path, Some((129.0, 42.0, 139.0, 44.0)), &mapping()).unwrap_err().to_string();
    assert!(error.contains("variable longitude") && error.contains("139"), "{error}");
    let nowhere = Path::new("nowhere.nc");
    assert_eq!(read(nowhere, None, &mapping()).unwrap_err().kind(), "missing");
    assert_eq!(held(nowhere, &mapping()).unwrap_err().kind(), "missing");
}

#[test]
fn a_wrong_mapping_is_refused_by_part() {
    let part = |species: &str, variables: &str, share: &str| {
        format!(
            "source = \"s\"\nverified = false\n[[part]]\nspecies = \"so2\"\nvariables = [\"so2\"]\nshare = 1.0\n\
             [[part]]\nspecies = \"{species}\"\nvariables = {variables}\nshare = {share}\n"
        )
    };
    for (text, word) in [
        (part("tracer", "[\"x\"]", "1.0"), "part 2, species"),
        (part("so3", "[\"x\"]", "1.0"), "so3"),
        (part("co", "[]", "1.0"), "part 2, variables"),
        (part("co", "[\"x\"]", "-1.0"), "part 2, share"),
        (part("co", "[\"x\"]", "nan"), "part 2, share"),
    ] {
        let error = SpeciesMapping::from_toml(&text, Path::new("m.toml")).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}
