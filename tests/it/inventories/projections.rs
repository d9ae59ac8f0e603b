//! Where the cells of projected I/O API files lie: by the formulae of Snyder (1987) for the sphere, worked out here.

use super::*;
use hazecast::domain::source::Place;
use std::f64::consts::FRAC_PI_4;

const NY: usize = 3;
const NX: usize = 4;

/// SO2 on a grid of these attributes.
fn ioapi(path: &Path, attributes: &[(&str, f64)]) -> PathBuf {
    let variables = [
        Variable {
            name: "TFLAG",
            dimensions: &["TSTEP", "VAR", "DATE-TIME"],
            attributes: Vec::new(),
            values: vec![2_026_015.0, 0.0],
        },
        Variable {
            name: "SO2",
            dimensions: &["TSTEP", "LAY", "ROW", "COL"],
            attributes: vec![("units", "moles/s")],
            values: vec![1e-3; NY * NX],
        },
    ];
    let dimensions = [("TSTEP", 1), ("LAY", 1), ("ROW", NY), ("COL", NX), ("VAR", 1), ("DATE-TIME", 2)];
    write(path, &dimensions, attributes, &[], &variables);
    path.to_path_buf()
}

fn grid_of(kind: f64, alpha: f64, beta: f64, gamma: f64, centre: (f64, f64)) -> [(&'static str, f64); 10] {
    [
        ("GDTYP", kind),
        ("P_ALP", alpha),
        ("P_BET", beta),
        ("P_GAM", gamma),
        ("XCENT", centre.0),
        ("YCENT", centre.1),
        ("XORIG", 60_000.0),
        ("YORIG", -90_000.0),
        ("XCELL", 12_000.0),
        ("YCELL", 9_000.0),
    ]
}

/// Every corner of every cell lies `XORIG`, `YORIG` and whole cells from `XCENT`, `YCENT` in the projection.
fn lies_at(attributes: &[(&str, f64)], project: &dyn Fn(f64, f64) -> (f64, f64), what: &str) {
    let folder = tempfile::tempdir().unwrap();
    let read = sources(&[ioapi(&folder.path().join("emis.nc"), attributes)]);
    assert_eq!(read.len(), NY * NX, "{what}");
    let of = |name: &str| attributes.iter().find(|a| a.0 == name).unwrap().1;
    let origin = project(of("XCENT"), of("YCENT"));
    for (i, source) in read.iter().enumerate() {
        let Place::Quadrilateral { corners } = source.place else { panic!("{:?}", source.place) };
        for ((lon, lat), (dx, dy)) in corners.into_iter().zip([(0, 0), (1, 0), (1, 1), (0, 1)]) {
            let (x, y) = project(lon, lat);
            let wanted = (60_000.0 + 12_000.0 * (i % NX + dx) as f64, -90_000.0 + 9_000.0 * (i / NX + dy) as f64);
            let off = (x - origin.0 - wanted.0).hypot(y - origin.1 - wanted.1);
            assert!(off < 0.01, "{what}, cell {i}: {off} m off");
        }
    }
}

/// tan(45 degrees + half the latitude).
fn steep(lat: f64) -> f64 {
    (FRAC_PI_4 + 0.5 * lat.to_radians()).tan()
}

#[test]
fn the_central_meridian_is_not_the_middle_of_the_grid() {
    // of China's grids of CMAQ: standard parallels of 25 and 40, central meridian 110 E, coordinates from elsewhere
    let (a, b, meridian) = (25.0f64, 40.0f64, 110.0);
    let (cos_a, cos_b) = (a.to_radians().cos(), b.to_radians().cos());
    let n = (cos_a / cos_b).ln() / (steep(b) / steep(a)).ln();
    let lambert = |lon: f64, lat: f64| {
        let rho = RADIUS_M * cos_a * steep(a).powf(n) / n / steep(lat).powf(n);
        let turn = n * (lon - meridian).to_radians();
        (rho * turn.sin(), -rho * turn.cos())
    };
    lies_at(&grid_of(2.0, a, b, meridian, (129.5, 43.0)), &lambert, "Lambert, from Yanji");
    lies_at(&grid_of(2.0, a, b, meridian, (110.0, 34.0)), &lambert, "Lambert, from the central meridian");
}

#[test]
fn polar_and_mercator_grids_lie_where_they_say() {
    let meridian = 120.0;
    for pole in [1.0, -1.0] {
        let polar = |lon: f64, lat: f64| {
            let rho = RADIUS_M * (1.0 + 60f64.to_radians().sin()) / steep(pole * lat);
            let turn = (lon - meridian).to_radians();
            (rho * turn.sin(), -pole * rho * turn.cos())
        };
        lies_at(&grid_of(6.0, pole, pole * 60.0, meridian, (125.0, pole * 50.0)), &polar, "polar");
        lies_at(&grid_of(6.0, pole, pole * 60.0, meridian, (0.0, pole * 90.0)), &polar, "polar, from the pole");
    }
    let scale = RADIUS_M * 20f64.to_radians().cos();
    let mercator = |lon: f64, lat: f64| (scale * (lon - meridian).to_radians(), scale * steep(lat).ln());
    lies_at(&grid_of(7.0, 20.0, 0.0, meridian, (129.5, 43.0)), &mercator, "Mercator");
    lies_at(&grid_of(7.0, 20.0, 0.0, meridian, (120.0, 0.0)), &mercator, "Mercator, from the equator");
}

#[test]
fn attributes_that_are_no_grid_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |attributes: &[(&str, f64)], wanted: &[&str]| {
        let path = ioapi(&folder.path().join("emis.nc"), attributes);
        let text = together(&[path]).map(|(g, _)| g.len()).unwrap_err().to_string();
        wanted.iter().for_each(|w| assert!(text.contains(w), "`{text}`, not `{w}`"));
    };
    refused(&grid_of(6.0, 60.0, 60.0, 120.0, (0.0, 90.0)), &["P_ALP", "1 or -1"]);
    refused(&grid_of(2.0, 125.0, 40.0, 110.0, (110.0, 34.0)), &["P_ALP", "a latitude"]);
    // metres where degrees belong
    refused(&grid_of(1.0, 0.0, 0.0, 0.0, (0.0, 0.0)), &["XORIG, YORIG", "degrees"]);
}
