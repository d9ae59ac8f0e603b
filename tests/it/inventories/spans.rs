//! What span of time the values of a file stand for: months, years and hours in one file or several.

use super::layouts::{WRF, wrfchemi};
use super::*;

const FLUX: f64 = 1e-10;

/// Six cells of CO from traffic with a time axis: fluxes by time.
fn file(path: &Path, axis_of_time: Option<(&str, &[f64])>, bounds: Option<[f64; 2]>, fluxes: &[f64]) -> PathBuf {
    let (lat, lon) = ([42.0, 43.0, 44.0], [129.0, 130.0]);
    let mut variables = vec![axis("lat", &lat), axis("lon", &lon)];
    if let Some((units, stamps)) = axis_of_time {
        let mut attributes = vec![("units", units), ("calendar", "standard")];
        attributes.extend(bounds.map(|_| ("bounds", "time_bnds")));
        variables.push(Variable { name: "time", dimensions: &["time"], attributes, values: stamps.to_vec() });
    }
    variables.extend(bounds.map(|b| Variable {
        name: "time_bnds",
        dimensions: &["time", "nv"],
        attributes: Vec::new(),
        values: b.to_vec(),
    }));
    variables.push(Variable {
        name: "co_traffic",
        dimensions: &["time", "lat", "lon"],
        attributes: vec![("units", "kg m-2 s-1")],
        values: fluxes.iter().flat_map(|f| vec![*f; 6]).collect(),
    });
    write(path, &[("lat", 3), ("lon", 2), ("time", fluxes.len()), ("nv", 2)], &[], &[], &variables);
    path.to_path_buf()
}

/// Tonnes in a time [d] of [`FLUX`].
fn tonnes(days: f64) -> f64 {
    [42.0, 43.0, 44.0].iter().map(|lat| 2.0 * area(128.5, lat - 0.5, 129.5, lat + 0.5)).sum::<f64>()
        * FLUX
        * days
        * 86.4
}

fn read(path: PathBuf) -> (f64, Option<Vec<u32>>) {
    let (groups, _) = together(&[path]).unwrap();
    (sum(&groups[0].sources).co, groups[0].months.clone())
}

#[test]
fn one_month_is_no_year() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let days = "days since 2019-01-01";
    let named = ["x_2019_03.nc", "x_2019_3_1.nc", "x_201903.nc", "x_March_2019.nc"]
        .map(|name| file(&at(name), None, None, &[FLUX]));
    let by_axis = [
        // in the middle of March, at its begin, within its bounds, and by the name of a monthly file
        file(&at("a.nc"), Some((days, &[73.5])), None, &[FLUX]),
        file(&at("b.nc"), Some((days, &[59.0])), None, &[FLUX]),
        file(&at("c.nc"), Some((days, &[90.0])), Some([59.0, 90.0]), &[FLUX]),
        file(&at("d_monthly.nc"), Some((days, &[77.0])), None, &[FLUX]),
    ];
    for path in named.into_iter().chain(by_axis) {
        let what = path.display().to_string();
        let (co, months) = read(path);
        near(co, tonnes(31.0), 1e-9, &what);
        assert_eq!(months, Some(vec![3]), "{what}");
    }
    for path in [
        file(&at("e.nc"), Some((days, &[0.0])), None, &[FLUX]),
        file(&at("f.nc"), Some((days, &[182.0])), None, &[FLUX]),
        file(&at("g.nc"), Some((days, &[14.0])), Some([0.0, 365.0]), &[FLUX]),
        file(&at("h_2019.nc"), None, None, &[FLUX]),
    ] {
        let what = path.display().to_string();
        let (co, months) = read(path);
        near(co, tonnes(365.0), 1e-9, &what);
        assert_eq!(months, None, "{what}");
    }
    // twelve files of a month are the year
    let year: Vec<PathBuf> = (1..=12).map(|m| file(&at(&format!("y_2019_{m}.nc")), None, None, &[FLUX])).collect();
    let (groups, _) = together(&year).unwrap();
    near(sum(&groups[0].sources).co, tonnes(365.0), 1e-9, "twelve months");
    assert_eq!(groups[0].months, None);
}

#[test]
fn the_axis_says_what_the_steps_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.nc");
    let years: Vec<f64> = (0..12).map(|y| f64::from(365 * y + (y + 1) / 4)).collect();
    let mut rising = vec![0.1 * FLUX; 12];
    rising[11] = FLUX;
    let (co, _) = read(file(&path, Some(("days since 2007-01-01", &years)), None, &rising));
    near(co, tonnes(365.0), 1e-9, "the last of twelve years");
    let (co, _) = read(file(&path, Some(("years since 2007-01-01", &years)), None, &rising));
    near(co, tonnes(365.0), 1e-9, "counted in years");
    // half a day by hours is neither a year nor a mean of a day
    let hours: Vec<f64> = (0..12).map(f64::from).collect();
    for units in ["hours since 2019-01-01", "days since 2019-01-01"] {
        let path = file(&path, Some((units, &hours)), None, &[FLUX; 12]);
        let text = together(&[path]).unwrap_err().to_string();
        assert!(text.contains("12 times"), "{text}");
    }
}

/// Two files of half a day are a day; one of them is not.
#[test]
fn halves_of_a_day_are_averaged() {
    let folder = tempfile::tempdir().unwrap();
    let half = |name: &str, hours: usize, flux: f64| {
        let path = folder.path().join(name);
        wrfchemi(&path, &WRF, (4, 5), hours, &[("E_CO", "mol km^-2 hr^-1", flux)]);
        path
    };
    let (night, day) = (half("wrfchemi_00z_d01", 12, 1.0), half("wrfchemi_12z_d01", 12, 3.0));
    let whole = sum(&sources(&[half("wrfchemi_d01", 24, 2.0)])).co;
    let (groups, notes) = together(&[night.clone(), day.clone()]).unwrap();
    near(sum(&groups[0].sources).co, whole, 1e-12, "the mean of both");
    assert!(notes.is_empty(), "{notes:?}");
    let text = together(&[day]).unwrap_err().to_string();
    assert!(text.contains("hours of co: 12 of 24"), "{text}");
    // the same hours twice would be counted twice
    let again = half("wrfchemi_00z_d01_again", 12, 1.0);
    let text = together(&[night, again]).unwrap_err().to_string();
    assert!(text.contains("second time"), "{text}");
}
