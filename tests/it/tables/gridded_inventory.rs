//! Mass of gridded inventories.

use super::annual;
use crate::real;
use hazecast::domain::source::{Place, Sector, Source};
use hazecast::error::Result;
use hazecast::input::inventory_files;
use hazecast::input::inventory_vocabulary::Vocabulary;
use hazecast::input::netcdf_classic::promised_length;
use std::path::Path;

/// The words of `models/inventory.toml`.
pub fn vocabulary() -> Vocabulary {
    Vocabulary::from_toml(include_str!("../../../models/inventory.toml"), Path::new("models/inventory.toml")).unwrap()
}

/// All sources of one file.
pub fn read(path: &Path) -> Result<Vec<Source>> {
    read_within(path, (-360.0, -90.0, 360.0, 90.0))
}

/// The sources of one file in a window.
pub fn read_within(path: &Path, window: (f64, f64, f64, f64)) -> Result<Vec<Source>> {
    let (groups, _) = inventory_files::read(&[path.to_path_buf()], &vocabulary(), window)?;
    Ok(groups.into_iter().flat_map(|g| g.sources).collect())
}

/// Tonnes a year of 1e-9 kg m-2 s-1 over the whole sphere: 4 pi (6,370 km)^2 x 31,536,000 s.
const GLOBE_T: f64 = 1.608_034_401_6e10;

/// One data variable of a made file.
pub struct Field<'a> {
    pub name: &'a str,
    pub dimensions: &'a [&'a str],
    pub units: Option<&'a str>,
    pub values: Vec<f64>,
}

/// Writes a NetCDF file with `lat`, `lon`, `time` (of `times` steps) and fields.
pub fn write(path: &Path, lat: &[f64], lon: &[f64], times: usize, fields: &[Field]) {
    let mut file = netcdf::create(path).unwrap();
    file.add_dimension("time", times).unwrap();
    for (name, centres) in [("lat", lat), ("lon", lon)] {
        file.add_dimension(name, centres.len()).unwrap();
        file.add_variable::<f64>(name, &[name]).unwrap().put_values(centres, ..).unwrap();
    }
    for field in fields {
        let mut variable = file.add_variable::<f64>(field.name, field.dimensions).unwrap();
        if let Some(units) = field.units {
            variable.put_attribute("units", units).unwrap();
        }
        variable.put_values(&field.values, ..).unwrap();
    }
    file.close().unwrap();
}

/// Cell centres from one edge to the other.
pub fn centres(from: f64, to: f64, n: usize) -> Vec<f64> {
    (0..n).map(|i| from + (to - from) * (i as f64 + 0.5) / n as f64).collect()
}

fn sum(sources: &[Source], what: impl Fn(&Source) -> f64) -> f64 {
    sources.iter().map(what).sum()
}

/// The file's longitudes and latitudes are whole numbers that lost their halves; cells reach half-way to the next centre.
#[test]
fn mass_of_a_real_edgar_file_is_kept() {
    let Some(path) = real("emis/formats/EmissV_edgar_co_test.nc") else { return };
    let sources = read(&path).unwrap();
    assert_eq!(sources.len(), 45);
    let co = sum(&sources, |s| annual(s).co);
    assert!((co / 152_152_051.371_928_1 - 1.0).abs() < 1e-12, "{co}");
    assert!(sources.iter().all(|s| s.sector == Sector::Other && s.adcode == 0 && annual(s).so2 == 0.0));
    assert!(sources.iter().all(|s| matches!(s.place, Place::Cell { west, east, south, north }
        if (-180.0..180.0).contains(&west) && east > west && north > south)));
}

#[test]
fn the_sphere_is_covered_once_whatever_the_directions() {
    let folder = tempfile::tempdir().unwrap();
    for (i, (south, north, west, east)) in
        [(-90.0, 90.0, -180.0, 180.0), (90.0, -90.0, 0.0, 360.0), (90.0, -90.0, 180.0, -180.0)].into_iter().enumerate()
    {
        let path = folder.path().join(format!("{i}.nc"));
        let field =
            Field { name: "emi_co", dimensions: &["lat", "lon"], units: Some("kg/m2/s"), values: vec![1e-9; 36 * 72] };
        write(&path, &centres(south, north, 36), &centres(west, east, 72), 1, &[field]);
        let sources = read(&path).unwrap();
        assert_eq!(sources.len(), 36 * 72);
        let co = sum(&sources, |s| annual(s).co);
        assert!((co / GLOBE_T - 1.0).abs() < 1e-9, "{i}: {co}");
    }
}

#[test]
fn rows_keep_their_latitude_when_the_file_runs_southward() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("south.nc");
    let values = vec![0.0, 0.0, 0.0, 1e-9, 0.0, 0.0];
    let field = Field { name: "nox_traffic", dimensions: &["lat", "lon"], units: Some("kg m-2 s-1\0"), values };
    write(&path, &[44.0, 43.0, 42.0], &[129.0, 130.0], 1, &[field]);
    let sources = read(&path).unwrap();
    assert_eq!(sources.len(), 1);
    assert_eq!(sources[0].place, Place::Cell { west: 129.5, south: 42.5, east: 130.5, north: 43.5 });
    assert_eq!(sources[0].sector, Sector::Traffic);
    // 1 degree square at 43 N is 6370^2 x (pi / 180)^2 x cos 43 deg = 9,039.7 km2 within 2e-5
    let expected = 9039.7e6 * 1e-9 * 31_536.0;
    assert!((annual(&sources[0]).nox / expected - 1.0).abs() < 1e-4, "{}", annual(&sources[0]).nox);
}

/// 31 of 365 days at 365/31 of the flux are the flux.
#[test]
fn months_are_averaged_by_their_days() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("months.nc");
    let cells = 36 * 72;
    let mut values = vec![0.0; 12 * cells];
    values[..cells].fill(1e-9 * 365.0 / 31.0);
    let field = Field { name: "SO2_power", dimensions: &["time", "lat", "lon"], units: Some("kg m**-2 s**-1"), values };
    write(&path, &centres(-90.0, 90.0, 36), &centres(-180.0, 180.0, 72), 12, &[field]);
    let so2 = sum(&read(&path).unwrap(), |s| annual(s).so2);
    assert!((so2 / GLOBE_T - 1.0).abs() < 1e-9, "{so2}");
}

#[test]
fn packed_values_and_fill_values_are_understood() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("packed.nc");
    {
        let mut file = netcdf::create(&path).unwrap();
        for (name, centres) in [("latitude", [42.5f32, 43.5]), ("longitude", [129.5, 130.5])] {
            file.add_dimension(name, 2).unwrap();
            file.add_variable::<f32>(name, &[name]).unwrap().put_values(&centres, ..).unwrap();
        }
        let mut v = file.add_variable::<i16>("fluxes", &["latitude", "longitude"]).unwrap();
        v.set_fill_value(-32_767i16).unwrap();
        v.put_attribute("units", "kg m-2 s-1").unwrap();
        v.put_attribute("substance", "NH3").unwrap();
        v.put_attribute("sector", "agriculture").unwrap();
        v.put_attribute("scale_factor", 1e-12f64).unwrap();
        v.put_attribute("add_offset", 1e-9f64).unwrap();
        v.put_values(&[-1000i16, -32_767, 1000, -500], ..).unwrap();
        file.close().unwrap();
    }
    let sources = read(&path).unwrap();
    // -1000 is no flux, the fill value none either; 1000 is 2e-9 and -500 is 0.5e-9
    let cells: Vec<_> = sources.iter().map(|s| (s.id.as_str(), s.sector)).collect();
    assert_eq!(
        cells,
        [("packed/agriculture/1/0", Sector::Agriculture), ("packed/agriculture/1/1", Sector::Agriculture)]
    );
    let ratio = annual(&sources[0]).nh3 / annual(&sources[1]).nh3;
    assert!((ratio - 4.0).abs() < 1e-9, "{ratio}");
}

#[test]
fn particles_stand_together_and_windows_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pm.nc");
    let field =
        |name, v: f64| Field { name, dimensions: &["lat", "lon"], units: Some("kg m-2 s-1"), values: vec![v; 100] };
    let fields = [
        field("pm2_5_residential", 2e-10),
        field("pm10_residential", 3e-10),
        field("bc_residential", 1e-11),
        field("co2_residential", 1e-6),
        Field { name: "cell_area", dimensions: &["lat", "lon"], units: Some("m2"), values: vec![1.0; 100] },
    ];
    write(&path, &centres(38.0, 48.0, 10), &centres(125.0, 135.0, 10), 1, &fields);
    assert_eq!(read(&path).unwrap().len(), 100);
    let inside = read_within(&path, (127.5, 42.0, 129.0, 43.5)).unwrap();
    assert_eq!(inside.len(), 4, "127 and 128 E, 42 and 43 N");
    let a = annual(&inside[0]);
    assert!((a.pm10 / a.pm25 - 1.5).abs() < 1e-9 && (a.pm25 / a.bc - 20.0).abs() < 1e-9);
    write(&path, &centres(38.0, 48.0, 10), &centres(125.0, 135.0, 10), 1, &fields[4..]);
    assert!(read(&path).is_err());
}

/// Real classic files, of one, several and no record variables, are as long as they promise, give or take the padding at the end.
#[test]
fn classic_files_are_as_long_as_they_say() {
    for name in [
        "emis/formats/EmissV_edgar_co_test.nc",
        "emis/formats/eixport_wrfchemi/wrfchemi_d02_2011-08-02_00_00_00",
        "emis/formats/eixport_wrfinput_d02",
        "geo/etopo20.cdf",
        "met/wrf/wrfout_d01_2005-01-01_00_00_00",
    ] {
        let Some(path) = real(name) else { return };
        let bytes = std::fs::read(&path).unwrap();
        let Some(promised) = promised_length(&bytes) else { panic!("{name} is not classic") };
        assert!((0..4).contains(&(bytes.len() as i64 - promised as i64)), "{name}: {promised} of {}", bytes.len());
    }
    assert_eq!(promised_length(b"\x89HDF\r\n\x1a\n"), None);
}
