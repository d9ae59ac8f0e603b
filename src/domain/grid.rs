//! Horizontal grids on any projection, vertical layers, and their metric terms.
//!
//! A horizontal grid is a projection and a regular lattice in it: degrees for `latlong`, metres otherwise. Projections are PROJ
//! strings, so that Lambert, Mercator, polar stereographic (WRF) and UTM inputs are the same type. Areas and face lengths are measured
//! on the sphere or ellipsoid through the projection's own inverse, so no map-factor formula per projection is needed.

use crate::constants::EARTH_RADIUS_M;
use proj4rs::Proj;
use serde::{Deserialize, Serialize};

/// A regular lattice in a projection.
///
/// **Invariant:** `dx, dy > 0`; cell `(0, 0)` is the south-western one; its centre is at `(x0, y0)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Lattice")]
pub struct HorizontalGrid {
    projection: String,
    /// Number of cells eastward and northward.
    pub nx: usize,
    pub ny: usize,
    /// Centre of cell (0, 0) in projection units (metres, or degrees for latlong).
    pub x0: f64,
    pub y0: f64,
    /// Cell size in projection units.
    pub dx: f64,
    pub dy: f64,
}

/// A lattice that is not checked yet.
#[derive(Deserialize)]
struct Lattice {
    projection: String,
    nx: usize,
    ny: usize,
    x0: f64,
    y0: f64,
    dx: f64,
    dy: f64,
}

impl TryFrom<Lattice> for HorizontalGrid {
    type Error = String;

    fn try_from(l: Lattice) -> Result<Self, String> {
        Self::new(&l.projection, (l.nx, l.ny), (l.x0, l.y0), (l.dx, l.dy))
    }
}

/// Area of cells and length of their faces on the Earth.
#[derive(Debug, Clone)]
pub struct Metric {
    /// Cell area [m2], `[y, x]`.
    pub area_m2: Vec<f32>,
    /// Length of the faces crossed eastward [m], `[y, x+1]`.
    pub west_face_m: Vec<f32>,
    /// Length of the faces crossed northward [m], `[y+1, x]`.
    pub south_face_m: Vec<f32>,
}

impl HorizontalGrid {
    /// A grid from a PROJ string such as `+proj=lcc +lat_1=42 +lat_2=44 +lat_0=43 +lon_0=129.5 +R=6370000` or `+proj=latlong +R=6370000`.
    ///
    /// # Errors
    /// The reason, when the projection is unknown or the lattice is empty or not increasing.
    pub fn new(
        projection: &str,
        (nx, ny): (usize, usize),
        (x0, y0): (f64, f64),
        (dx, dy): (f64, f64),
    ) -> Result<Self, String> {
        Proj::from_proj_string(projection).map_err(|e| format!("projection `{projection}`: {e}"))?;
        let cell = dx > 0.0 && dy > 0.0 && dx.is_finite() && dy.is_finite();
        if nx < 1 || ny < 1 || !cell || !x0.is_finite() || !y0.is_finite() {
            return Err(format!("lattice {nx} x {ny} from ({x0}, {y0}) by ({dx}, {dy}) is not a grid"));
        }
        Ok(Self { projection: projection.to_owned(), nx, ny, x0, y0, dx, dy })
    }

    /// The PROJ string.
    pub fn projection(&self) -> &str {
        &self.projection
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.nx * self.ny
    }

    /// Whether projection units are degrees.
    pub fn is_latlon(&self) -> bool {
        self.proj().is_latlong()
    }

    /// A converter between longitude-latitude and fractional cell indices. Build it once per loop.
    pub fn transform(&self) -> Transform<'_> {
        Transform { grid: self, geographic: geographic(&self.projection), proj: self.proj(), latlon: self.is_latlon() }
    }

    /// Longitude and latitude [degrees] of every cell centre, `[y, x]`.
    pub fn centres(&self) -> Vec<(f64, f64)> {
        let t = self.transform();
        (0..self.cells()).map(|c| t.lonlat((c % self.nx) as f64, (c / self.nx) as f64)).collect()
    }

    /// Corners of cell `(x, y)` as longitude-latitude, counter-clockwise from the south-west.
    pub fn corners(&self, x: usize, y: usize) -> [(f64, f64); 4] {
        let t = self.transform();
        let (x, y) = (x as f64, y as f64);
        [t.lonlat(x - 0.5, y - 0.5), t.lonlat(x + 0.5, y - 0.5), t.lonlat(x + 0.5, y + 0.5), t.lonlat(x - 0.5, y + 0.5)]
    }

    /// Areas and face lengths, from great-circle distances between the projected-back midpoints of faces.
    pub fn metric(&self) -> Metric {
        let t = self.transform();
        let (nx, ny) = (self.nx, self.ny);
        let span = |(ax, ay): (f64, f64), (bx, by): (f64, f64)| distance_m(t.lonlat(ax, ay), t.lonlat(bx, by)) as f32;
        let mut metric = Metric {
            area_m2: Vec::with_capacity(nx * ny),
            west_face_m: Vec::with_capacity((nx + 1) * ny),
            south_face_m: Vec::with_capacity(nx * (ny + 1)),
        };
        for y in 0..ny {
            let y = y as f64;
            for x in 0..nx {
                let x = x as f64;
                let width = span((x - 0.5, y), (x + 0.5, y));
                let height = span((x, y - 0.5), (x, y + 0.5));
                metric.area_m2.push(width * height);
            }
            for x in 0..=nx {
                let x = x as f64 - 0.5;
                metric.west_face_m.push(span((x, y - 0.5), (x, y + 0.5)));
            }
        }
        for y in 0..=ny {
            let y = y as f64 - 0.5;
            for x in 0..nx {
                let x = x as f64;
                metric.south_face_m.push(span((x - 0.5, y), (x + 0.5, y)));
            }
        }
        metric
    }

    /// Angle [radians] from true east to the grid's x direction at each cell centre, counter-clockwise positive: a wind
    /// `(east, north)` has grid components `u = east cos a + north sin a`, `v = -east sin a + north cos a`.
    pub fn rotation(&self) -> Vec<f32> {
        let t = self.transform();
        (0..self.cells())
            .map(|c| {
                let (x, y) = ((c % self.nx) as f64, (c / self.nx) as f64);
                let ((lon0, lat0), (lon1, lat1)) = (t.lonlat(x - 0.05, y), t.lonlat(x + 0.05, y));
                let east = (lon1 - lon0) * (0.5 * (lat0 + lat1)).to_radians().cos();
                (lat1 - lat0).atan2(east) as f32
            })
            .collect()
    }

    /// The cells of this grid whose centres `other`, of the same projection and cell size, covers too; `None` when there are none.
    pub fn overlap(&self, other: &Self) -> Option<Self> {
        let same = |a: f64, b: f64| (a - b).abs() < 1e-6 * a.abs().max(b.abs());
        if self.projection != other.projection || !same(self.dx, other.dx) || !same(self.dy, other.dy) {
            return None;
        }
        // cells of self from `first` to `last` lie between the outermost centres of other, to a tenth of a cell
        let range = |start: f64, cell: f64, count: usize, o_start: f64, o_count: usize| {
            let first = ((o_start - start) / cell - 0.1).ceil().max(0.0);
            let last = ((o_start - start) / cell + o_count as f64 - 1.0 + 0.1).floor().min(count as f64 - 1.0);
            (last >= first).then_some((first, (last - first) as usize + 1))
        };
        let (x, nx) = range(self.x0, self.dx, self.nx, other.x0, other.nx)?;
        let (y, ny) = range(self.y0, self.dy, self.ny, other.y0, other.ny)?;
        Some(Self { nx, ny, x0: self.x0 + x * self.dx, y0: self.y0 + y * self.dy, ..self.clone() })
    }

    fn proj(&self) -> Proj {
        Proj::from_proj_string(&self.projection).expect("checked by new")
    }
}

/// Longitude-latitude <-> fractional cell index of one grid.
pub struct Transform<'a> {
    grid: &'a HorizontalGrid,
    proj: Proj,
    geographic: Proj,
    latlon: bool,
}

impl Transform<'_> {
    /// Longitude, latitude [degrees] of fractional index `(x, y)`; integers are cell centres.
    pub fn lonlat(&self, x: f64, y: f64) -> (f64, f64) {
        let g = self.grid;
        let (px, py) = (g.x0 + x * g.dx, g.y0 + y * g.dy);
        if self.latlon {
            return (px, py);
        }
        let mut p = (px, py, 0.0);
        proj4rs::transform::transform(&self.proj, &self.geographic, &mut p)
            .map_or((f64::NAN, f64::NAN), |()| (p.0.to_degrees(), p.1.to_degrees()))
    }

    /// Fractional cell index of a longitude and latitude [degrees]; NaN where the projection is undefined.
    pub fn index(&self, lon: f64, lat: f64) -> (f64, f64) {
        let g = self.grid;
        if self.latlon {
            // the turn of the circle that is nearest to the grid's middle
            let middle = g.x0 + 0.5 * (g.nx as f64 - 1.0) * g.dx;
            let lon = lon - ((lon - middle) / 360.0).round() * 360.0;
            return ((lon - g.x0) / g.dx, (lat - g.y0) / g.dy);
        }
        let mut p = (lon.to_radians(), lat.to_radians(), 0.0);
        proj4rs::transform::transform(&self.geographic, &self.proj, &mut p)
            .map_or((f64::NAN, f64::NAN), |()| ((p.0 - g.x0) / g.dx, (p.1 - g.y0) / g.dy))
    }

    /// The cell that contains a point, if any.
    pub fn cell(&self, lon: f64, lat: f64) -> Option<(usize, usize)> {
        let (x, y) = self.index(lon, lat);
        let (x, y) = (x.round(), y.round());
        let inside = x >= 0.0 && y >= 0.0 && x < self.grid.nx as f64 && y < self.grid.ny as f64;
        inside.then_some((x as usize, y as usize))
    }
}

// Datum shifts (WGS-84 against a sphere) are left out on purpose: WRF and the global models treat geodetic latitudes as latitudes on
// their sphere, and so does everything here.
fn geographic(projection: &str) -> Proj {
    let figure = projection
        .split_whitespace()
        .filter(|w| ["+R=", "+a=", "+b=", "+ellps=", "+datum="].iter().any(|k| w.starts_with(k)))
        .collect::<Vec<_>>()
        .join(" ");
    Proj::from_proj_string(&format!("+proj=latlong {figure}")).expect("the figure of a valid projection")
}

/// Great-circle distance [m] between two longitude-latitude points [degrees] on the sphere of [`EARTH_RADIUS_M`] (haversine).
pub fn distance_m((lon1, lat1): (f64, f64), (lon2, lat2): (f64, f64)) -> f64 {
    let (dlat, dlon) = ((lat2 - lat1).to_radians(), (lon2 - lon1).to_radians());
    let a = (dlat / 2.0).sin().powi(2) + lat1.to_radians().cos() * lat2.to_radians().cos() * (dlon / 2.0).sin().powi(2);
    2.0 * EARTH_RADIUS_M * a.sqrt().asin()
}

/// Terrain-following layers: interfaces above ground.
///
/// **Invariant:** starts at 0, strictly increasing.
#[derive(Debug, Clone, PartialEq)]
pub struct VerticalGrid {
    /// Interface heights above ground [m], one more than layers.
    pub interfaces_m: Vec<f64>,
}

impl VerticalGrid {
    /// Layers from interface heights [m].
    ///
    /// # Errors
    /// The reason, when they do not start at the ground or do not increase.
    pub fn new(interfaces_m: Vec<f64>) -> Result<Self, String> {
        let increasing = interfaces_m.windows(2).all(|w| w[1] > w[0]);
        if interfaces_m.len() < 3 || interfaces_m[0] != 0.0 || !increasing {
            return Err(format!("interfaces {interfaces_m:?} must start at 0 and increase, for two layers or more"));
        }
        Ok(Self { interfaces_m })
    }

    /// The layers that end at or below `top_m` above ground; `None` when fewer than two do.
    pub fn below(&self, top_m: f64) -> Option<Self> {
        let kept = self.interfaces_m.partition_point(|z| *z <= top_m);
        (kept >= 3).then(|| Self { interfaces_m: self.interfaces_m[..kept].to_vec() })
    }

    /// Number of layers.
    pub fn layers(&self) -> usize {
        self.interfaces_m.len() - 1
    }

    /// Thickness of layer `k` [m].
    pub fn thickness_m(&self, k: usize) -> f64 {
        self.interfaces_m[k + 1] - self.interfaces_m[k]
    }

    /// Height of the centre of layer `k` above ground [m].
    pub fn centre_m(&self, k: usize) -> f64 {
        0.5 * (self.interfaces_m[k + 1] + self.interfaces_m[k])
    }
}

/// The model grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// Name of the set-up in `models/grids.toml`.
    pub name: String,
    pub horizontal: HorizontalGrid,
    pub vertical: VerticalGrid,
}

impl Grid {
    /// `(z, y, x)`.
    pub fn shape(&self) -> (usize, usize, usize) {
        (self.vertical.layers(), self.horizontal.ny, self.horizontal.nx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YANBIAN: &str = "+proj=lcc +lat_1=42 +lat_2=44 +lat_0=43 +lon_0=129.5 +R=6370000";

    /// Snyder (1987), Map Projections: A Working Manual, p. 296: lcc on the unit sphere, lat_1 33, lat_2 45, lat_0 23, lon_0 -96;
    /// the point 35 N 75 W lies at x = 0.2966785, y = 0.2462112.
    #[test]
    fn lambert_gives_snyders_example() {
        let g = HorizontalGrid::new(
            "+proj=lcc +lat_1=33 +lat_2=45 +lat_0=23 +lon_0=-96 +R=1",
            (2, 2),
            (0.0, 0.0),
            (1.0, 1.0),
        )
        .unwrap();
        let (x, y) = g.transform().index(-75.0, 35.0);
        assert!((x - 0.296_678_5).abs() < 1e-6 && (y - 0.246_211_2).abs() < 1e-6, "{x} {y}");
        let (lon, lat) = g.transform().lonlat(x, y);
        assert!((lon + 75.0).abs() < 1e-9 && (lat - 35.0).abs() < 1e-9, "{lon} {lat}");
    }

    #[test]
    fn areas_sum_to_the_spherical_zone() {
        // 10 x 10 degrees around 43 N: R^2 (sin 48 - sin 38) * 10 deg
        let g = HorizontalGrid::new("+proj=latlong +R=6370000", (100, 100), (124.55, 38.05), (0.1, 0.1)).unwrap();
        let sum: f64 = g.metric().area_m2.iter().map(|&a| f64::from(a)).sum();
        let exact = EARTH_RADIUS_M.powi(2) * (48f64.to_radians().sin() - 38f64.to_radians().sin()) * 10f64.to_radians();
        assert!((sum / exact - 1.0).abs() < 2e-6, "{}", sum / exact - 1.0);
    }

    #[test]
    fn conformal_projection_has_square_cells_and_no_rotation_on_the_central_meridian() {
        let g = HorizontalGrid::new(YANBIAN, (101, 81), (-450_000.0, -360_000.0), (9000.0, 9000.0)).unwrap();
        let m = g.metric();
        let (x, y) = (3, 5);
        let ratio = m.west_face_m[y * 102 + x] / m.south_face_m[y * 101 + x];
        assert!((ratio - 1.0).abs() < 2e-4, "{ratio}");
        let rotation = g.rotation();
        assert!(rotation[40 * 101 + 50].abs() < 1e-6);
        // north-west of the centre the grid's x axis points north of east by n (lon_0 - lon), n = sin(43 deg) closely
        let (lon, _) = g.transform().lonlat(0.0, 80.0);
        let expected = 43f64.to_radians().sin() * (129.5 - lon).to_radians();
        assert!((f64::from(rotation[80 * 101]) - expected).abs() < 1e-4, "{} {expected}", rotation[80 * 101]);
    }

    #[test]
    fn bad_grids_are_refused() {
        assert!(HorizontalGrid::new("+proj=nonsense", (2, 2), (0.0, 0.0), (1.0, 1.0)).is_err());
        assert!(HorizontalGrid::new(YANBIAN, (0, 2), (0.0, 0.0), (1.0, 1.0)).is_err());
        assert!(HorizontalGrid::new(YANBIAN, (2, 2), (0.0, 0.0), (-1.0, 1.0)).is_err());
        assert!(VerticalGrid::new(vec![0.0, 20.0, 20.0]).is_err());
        assert!(VerticalGrid::new(vec![5.0, 20.0, 40.0]).is_err());
    }

    #[test]
    fn overlap_of_a_moved_nest_holds_the_cells_of_both() {
        let at = |x0: f64, y0: f64| HorizontalGrid::new(YANBIAN, (48, 48), (x0, y0), (1000.0, 1000.0)).unwrap();
        let both = at(0.0, 0.0).overlap(&at(-6000.3, 3000.2)).unwrap();
        assert_eq!((both.nx, both.ny, both.x0, both.y0), (42, 45, 0.0, 3000.0));
        assert!(at(0.0, 0.0).overlap(&at(60_000.0, 0.0)).is_none());
        assert_eq!(at(0.0, 0.0).overlap(&at(0.0, 0.0)), Some(at(0.0, 0.0)));
    }

    #[test]
    fn longitudes_wrap_to_the_grid() {
        let g = HorizontalGrid::new("+proj=latlong +R=6370000", (20, 20), (120.0, 35.0), (1.0, 1.0)).unwrap();
        assert_eq!(g.transform().cell(129.5 - 360.0, 43.1), Some((10, 8)));
        assert_eq!(g.transform().cell(110.0, 43.0), None);
    }
}
