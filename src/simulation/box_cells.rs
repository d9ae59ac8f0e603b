//! Which cells lie under a longitude-latitude box or a cell of another grid, on a grid of any projection: conservative regridding.
//!
//! The outline is carried into the index space of the grid in steps of half a cell and cut along the cell edges; the area of each piece on the
//! sphere, over that of the whole, is its share. The shares of an outline wholly on the grid are made to sum to 1.

use crate::constants::EARTH_RADIUS_M;
use crate::domain::cell_cutting::{Index, cut_into_cells, sphere_m2};
use crate::domain::grid::{HorizontalGrid, Transform};
use std::collections::BTreeMap;

/// Longest step along an outline [cells].
const STEP: f64 = 0.5;
/// Most steps along one side.
const MOST_STEPS: f64 = 2000.0;
/// Two neighbouring points of an outline farther apart than this [cells] lie on both sides of a seam of the projection.
const SEAM: f64 = 4.0;
/// How often a box at a seam is quartered.
const QUARTERINGS: u32 = 4;

/// Cells under a box of longitudes and latitudes [degrees] and the share of the box in each, by cell; they sum to the share of the box that
/// lies on the grid.
pub fn box_cells(corners: [f64; 4], grid: &HorizontalGrid, transform: &Transform<'_>) -> Vec<(usize, f64)> {
    let [west, south, east, north] = corners;
    let height = north.to_radians().sin() - south.to_radians().sin();
    let whole = EARTH_RADIUS_M.powi(2) * (east - west).to_radians() * height;
    let mut pieces = Pieces::new(grid, transform);
    pieces.add_box(corners, QUARTERINGS);
    pieces.shares(whole)
}

/// As [`box_cells`] for a quadrilateral of longitude-latitude corners whose sides are straight on a map of longitude and latitude: a cell of a
/// projected grid.
pub fn quadrilateral_cells(
    corners: &[(f64, f64); 4],
    grid: &HorizontalGrid,
    transform: &Transform<'_>,
) -> Vec<(usize, f64)> {
    let closed = [corners[0], corners[1], corners[2], corners[3], corners[0]];
    let mut pieces = Pieces::new(grid, transform);
    if let Outline::Sound(ring) = outline(&closed, grid, transform) {
        pieces.add_ring(&ring);
    }
    pieces.shares(sphere_m2(closed.into_iter()).abs())
}

/// An outline in index space.
enum Outline {
    /// Beyond one side of the grid.
    Misses,
    /// Across a seam of the projection, or where it is undefined.
    Torn,
    Sound(Vec<Index>),
}

fn outline(closed: &[(f64, f64); 5], grid: &HorizontalGrid, transform: &Transform<'_>) -> Outline {
    let coarse: Vec<Index> = closed
        .windows(2)
        .flat_map(|side| (0..4).map(move |i| between(side, f64::from(i) / 4.0)))
        .map(|(lon, lat)| transform.index(lon, lat))
        .collect();
    let (nx, ny) = (grid.nx as f64, grid.ny as f64);
    let beyond = |outside: &dyn Fn(&Index) -> bool| coarse.iter().all(outside);
    if beyond(&|p| p.0 < -1.5) || beyond(&|p| p.0 > nx + 0.5) || beyond(&|p| p.1 < -1.5) || beyond(&|p| p.1 > ny + 0.5)
    {
        return Outline::Misses;
    }
    let mut ring: Vec<Index> = Vec::new();
    for (side, points) in closed.windows(2).zip(coarse.chunks_exact(4)) {
        let length: f64 = points.windows(2).map(|w| (w[1].0 - w[0].0).hypot(w[1].1 - w[0].1)).sum::<f64>() * 4.0 / 3.0;
        if !length.is_finite() {
            return Outline::Torn;
        }
        let steps = (length / STEP).ceil().clamp(1.0, MOST_STEPS);
        for i in 0..steps as usize {
            let (lon, lat) = between(side, i as f64 / steps);
            let point = transform.index(lon, lat);
            let jump = ring.last().map_or(0.0, |last| (last.0 - point.0).hypot(last.1 - point.1));
            if !(point.0.is_finite() && point.1.is_finite() && jump <= SEAM) {
                return Outline::Torn;
            }
            ring.push(point);
        }
    }
    let (first, last) = (ring[0], ring[ring.len() - 1]);
    if (first.0 - last.0).hypot(first.1 - last.1) > SEAM {
        return Outline::Torn;
    }
    Outline::Sound(ring)
}

fn between(side: &[(f64, f64)], f: f64) -> (f64, f64) {
    (side[0].0 + f * (side[1].0 - side[0].0), side[0].1 + f * (side[1].1 - side[0].1))
}

/// Areas per cell [m2].
struct Pieces<'a> {
    grid: &'a HorizontalGrid,
    transform: &'a Transform<'a>,
    area_m2: BTreeMap<usize, f64>,
    /// Nothing of the outline lies beyond the grid.
    inside: bool,
}

impl<'a> Pieces<'a> {
    fn new(grid: &'a HorizontalGrid, transform: &'a Transform<'a>) -> Self {
        Self { grid, transform, area_m2: BTreeMap::new(), inside: true }
    }

    /// A box across a seam is cut into four until its parts are sound or miss the grid.
    fn add_box(&mut self, [west, south, east, north]: [f64; 4], quarterings: u32) {
        let closed = [(west, south), (east, south), (east, north), (west, north), (west, south)];
        match outline(&closed, self.grid, self.transform) {
            Outline::Sound(ring) => self.add_ring(&ring),
            Outline::Misses => self.inside = false,
            Outline::Torn => {
                self.inside = false;
                if quarterings > 0 {
                    let (lon, lat) = (0.5 * (west + east), 0.5 * (south + north));
                    for part in [
                        [west, south, lon, lat],
                        [lon, south, east, lat],
                        [west, lat, lon, north],
                        [lon, lat, east, north],
                    ] {
                        self.add_box(part, quarterings - 1);
                    }
                }
            }
        }
    }

    fn add_ring(&mut self, ring: &[Index]) {
        let (nx, ny) = (self.grid.nx as f64 - 0.5, self.grid.ny as f64 - 0.5);
        self.inside &= ring.iter().all(|p| (-0.5..=nx).contains(&p.0) && (-0.5..=ny).contains(&p.1));
        let (grid, transform, areas) = (self.grid, self.transform, &mut self.area_m2);
        cut_into_cells(ring, (grid.nx, grid.ny), &mut |x, y, piece| {
            let around = piece.iter().chain(piece.first());
            let m2 = sphere_m2(around.map(|p| transform.lonlat(p.0, p.1))).abs();
            if m2 > 0.0 {
                *areas.entry(y * grid.nx + x).or_insert(0.0) += m2;
            }
        });
    }

    fn shares(self, whole_m2: f64) -> Vec<(usize, f64)> {
        let sum: f64 = self.area_m2.values().sum();
        // rounding and the chords of curved sides must not place more than there is
        let whole = if self.inside || sum > whole_m2 { sum } else { whole_m2 };
        // slivers that rounding leaves along shared edges
        self.area_m2.into_iter().map(|(cell, m2)| (cell, m2 / whole)).filter(|(_, share)| *share > 1e-12).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YANBIAN: &str = "+proj=lcc +lat_1=42 +lat_2=44 +lat_0=43 +lon_0=129.5 +R=6370000";

    fn lambert() -> HorizontalGrid {
        HorizontalGrid::new(YANBIAN, (132, 108), (-200_000.0, -140_000.0), (3000.0, 3000.0)).unwrap()
    }

    /// A uniform flux on boxes of 0.1 degree is a uniform flux on every inner cell of a Lambert grid: each cell gets its own area.
    #[test]
    fn a_uniform_flux_stays_uniform() {
        let grid = lambert();
        let transform = grid.transform();
        let mut mass = vec![0.0; grid.cells()];
        let (mut given, mut outside) = (0.0, 0.0);
        for j in 0..60 {
            for i in 0..80 {
                let (west, south) = (126.0 + 0.1 * f64::from(i), 40.5 + 0.1 * f64::from(j));
                let (east, north) = (126.0 + 0.1 * f64::from(i + 1), 40.5 + 0.1 * f64::from(j + 1));
                let area = EARTH_RADIUS_M.powi(2)
                    * (east - west).to_radians()
                    * (north.to_radians().sin() - south.to_radians().sin());
                let cells = box_cells([west, south, east, north], &grid, &transform);
                let inside: f64 = cells.iter().map(|c| c.1).sum();
                assert!((-1e-12..=1.0 + 1e-12).contains(&inside));
                given += area;
                outside += area * (1.0 - inside);
                cells.iter().for_each(|(cell, share)| mass[*cell] += area * share);
            }
        }
        let placed: f64 = mass.iter().sum();
        assert!(((placed + outside) / given - 1.0).abs() < 1e-12);
        for y in [0, 1, 50, 107] {
            for x in [0, 1, 70, 131] {
                let corners = grid.corners(x, y);
                let own = sphere_m2(corners.into_iter().chain([corners[0]])).abs();
                let got = mass[y * grid.nx + x];
                assert!((got / own - 1.0).abs() < 5e-6, "{x} {y}: {}", got / own - 1.0);
            }
        }
    }

    /// The cells of a grid on itself: each lies on its own cell alone.
    #[test]
    fn a_grid_on_itself_is_the_identity() {
        let grid = lambert();
        let transform = grid.transform();
        for (x, y) in [(0, 0), (131, 107), (60, 50), (3, 100)] {
            let cells = quadrilateral_cells(&grid.corners(x, y), &grid, &transform);
            let own: f64 = cells.iter().filter(|c| c.0 == y * grid.nx + x).map(|c| c.1).sum();
            assert!((own - 1.0).abs() < 1e-4, "{cells:?}");
        }
    }

    /// Two boxes side by side are the box of both.
    #[test]
    fn parts_of_a_box_sum_to_it() {
        let grid = lambert();
        let transform = grid.transform();
        let area = |b: [f64; 4]| (b[2] - b[0]) * (b[3].to_radians().sin() - b[1].to_radians().sin());
        let (whole, parts) = ([127.0, 41.8, 128.0, 42.6], [[127.0, 41.8, 127.37, 42.6], [127.37, 41.8, 128.0, 42.6]]);
        let mut sum: BTreeMap<usize, f64> = BTreeMap::new();
        for part in parts {
            for (cell, share) in box_cells(part, &grid, &transform) {
                *sum.entry(cell).or_insert(0.0) += share * area(part) / area(whole);
            }
        }
        for (cell, share) in box_cells(whole, &grid, &transform) {
            assert!((sum[&cell] - share).abs() < 1e-7, "{cell} {share} {}", sum[&cell]);
        }
    }

    /// Boxes at the date line, at a pole, behind the projection and around the whole Earth: what lies on the grid is placed, nothing else.
    #[test]
    fn seams_of_the_projection_do_no_harm() {
        let grid = lambert();
        let transform = grid.transform();
        for far in [
            [-180.0, 40.0, -170.0, 50.0],
            [-60.0, -50.0, -50.0, -40.0],
            [129.0, 80.0, 130.0, 90.0],
            [-52.0, 42.0, -48.0, 44.0],
        ] {
            assert!(box_cells(far, &grid, &transform).is_empty(), "{far:?}");
        }
        let share = |b| box_cells(b, &grid, &transform).iter().map(|c| c.1).sum::<f64>();
        let area: f64 = (0..grid.cells())
            .map(|c| {
                let k = grid.corners(c % grid.nx, c / grid.nx);
                sphere_m2(k.into_iter().chain([k[0]])).abs()
            })
            .sum();
        let zone = EARTH_RADIUS_M.powi(2) * 40f64.to_radians() * (60f64.to_radians().sin() - 30f64.to_radians().sin());
        assert!((share([110.0, 30.0, 150.0, 60.0]) / (area / zone) - 1.0).abs() < 1e-4);
        let latlon = HorizontalGrid::new("+proj=latlong +R=6370000", (20, 20), (-179.5, 35.5), (1.0, 1.0)).unwrap();
        let cells = box_cells([179.5, 40.0, 180.5, 41.0], &latlon, &latlon.transform());
        assert_eq!(cells.iter().map(|c| c.0).collect::<Vec<_>>(), [5 * 20]);
        assert!((cells[0].1 - 0.5).abs() < 1e-9);
    }
}
