//! PROJ strings of our grids -> CF grid mappings.
//!
//! # Reference
//! CF Conventions 1.11, appendix F.

use crate::constants::EARTH_RADIUS_M;
use crate::domain::grid::HorizontalGrid;
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// A CF grid mapping: its name and its numeric attributes, in the order they are written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GridMapping {
    pub name: &'static str,
    pub attributes: Vec<(&'static str, Vec<f64>)>,
}

/// Figures by the word that names them: semi-major axis [m] and inverse flattening (EPSG 7019, 7030).
const ELLIPSOIDS: [(&str, f64, f64); 2] =
    [("GRS80", 6_378_137.0, 298.257_222_101), ("WGS84", 6_378_137.0, 298.257_223_563)];

/// The grid mapping of a grid; `path` is the file it is for.
///
/// # Errors
/// `Invalid` for a projection without a CF mapping here.
pub(super) fn grid_mapping(grid: &HorizontalGrid, path: &Path) -> Result<GridMapping> {
    let parameters: BTreeMap<&str, &str> =
        grid.projection().split_whitespace().filter_map(|w| w.strip_prefix('+')?.split_once('=')).collect();
    let number = |key: &str| parameters.get(key).and_then(|v| v.parse::<f64>().ok());
    let or_zero = |key: &str| vec![number(key).unwrap_or(0.0)];
    let longitude = or_zero("lon_0");
    let mut offsets = [("false_easting", or_zero("x_0")), ("false_northing", or_zero("y_0"))];
    let (name, mut attributes) = match parameters.get("proj").copied() {
        Some("latlong" | "longlat") => ("latitude_longitude", vec![]),
        Some("lcc") => {
            let first = number("lat_1").or(number("lat_0")).unwrap_or(0.0);
            // one standard parallel is written once
            let parallels = match number("lat_2") {
                Some(second) if second != first => vec![first, second],
                _ => vec![first],
            };
            let origin = vec![number("lat_0").unwrap_or(0.0)];
            (
                "lambert_conformal_conic",
                vec![
                    ("standard_parallel", parallels),
                    ("longitude_of_central_meridian", longitude),
                    ("latitude_of_projection_origin", origin),
                ],
            )
        }
        Some("merc") => {
            ("mercator", vec![("standard_parallel", or_zero("lat_ts")), ("longitude_of_projection_origin", longitude)])
        }
        Some("stere") => (
            "polar_stereographic",
            vec![
                ("latitude_of_projection_origin", or_zero("lat_0")),
                ("standard_parallel", vec![number("lat_ts").or(number("lat_0")).unwrap_or(90.0)]),
                ("straight_vertical_longitude_from_pole", longitude),
            ],
        ),
        Some("utm") => {
            // zones of 6 degrees from 180 W; 500 km east, 10,000 km north in the south (Snyder 1987, p. 57)
            let zone = number("zone").unwrap_or(0.0);
            let north =
                if parameters.contains_key("south") || grid.projection().contains("+south") { 1e7 } else { 0.0 };
            offsets = [("false_easting", vec![500_000.0]), ("false_northing", vec![north])];
            (
                "transverse_mercator",
                vec![
                    ("scale_factor_at_central_meridian", vec![0.9996]),
                    ("longitude_of_central_meridian", vec![6.0 * zone - 183.0]),
                    ("latitude_of_projection_origin", vec![0.0]),
                ],
            )
        }
        other => {
            let expected = "latlong, lcc, merc, stere or utm";
            return Err(Error::invalid(path, "grid projection", other.unwrap_or("none"), expected));
        }
    };
    if name != "latitude_longitude" {
        attributes.extend(offsets);
    }
    if let Some((_, a, inverse_flattening)) = ELLIPSOIDS.iter().find(|(name, ..)| grid.projection().contains(name)) {
        attributes.push(("semi_major_axis", vec![*a]));
        attributes.push(("inverse_flattening", vec![*inverse_flattening]));
        return Ok(GridMapping { name, attributes });
    }
    let radius = number("R").or(if parameters.contains_key("a") { None } else { Some(EARTH_RADIUS_M) });
    match (radius, number("a"), number("b")) {
        (Some(radius), _, _) => attributes.push(("earth_radius", vec![radius])),
        (None, Some(a), b) => {
            attributes.push(("semi_major_axis", vec![a]));
            attributes.push(("semi_minor_axis", vec![b.unwrap_or(a)]));
        }
        _ => {}
    }
    Ok(GridMapping { name, attributes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(projection: &str) -> Result<GridMapping> {
        let grid = HorizontalGrid::new(projection, (3, 3), (0.0, 0.0), (1.0, 1.0)).unwrap();
        grid_mapping(&grid, Path::new("fields.nc"))
    }

    #[test]
    fn lambert_keeps_both_parallels_and_the_radius() {
        let m = of("+proj=lcc +lat_1=42 +lat_2=44 +lat_0=43 +lon_0=129.5 +R=6370000").unwrap();
        assert_eq!(m.name, "lambert_conformal_conic");
        for (key, value) in [
            ("standard_parallel", vec![42.0, 44.0]),
            ("longitude_of_central_meridian", vec![129.5]),
            ("latitude_of_projection_origin", vec![43.0]),
            ("earth_radius", vec![6_370_000.0]),
        ] {
            assert!(m.attributes.contains(&(key, value)), "{key}: {:?}", m.attributes);
        }
    }

    /// Zone 32 has its central meridian at 9 E.
    #[test]
    fn utm_is_a_transverse_mercator_on_its_ellipsoid() {
        let m = of("+proj=utm +zone=32 +ellps=GRS80 +units=m").unwrap();
        assert_eq!(m.name, "transverse_mercator");
        for (key, value) in [
            ("longitude_of_central_meridian", 9.0),
            ("false_easting", 500_000.0),
            ("false_northing", 0.0),
            ("semi_major_axis", 6_378_137.0),
        ] {
            assert!(m.attributes.contains(&(key, vec![value])), "{key}: {:?}", m.attributes);
        }
    }

    #[test]
    fn other_projections_are_refused_by_name() {
        let error = of("+proj=laea +lat_0=43 +lon_0=129.5 +R=6370000").unwrap_err().to_string();
        assert!(error.contains("laea"), "{error}");
    }
}
