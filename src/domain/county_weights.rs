//! Which cells of a grid a county covers: by area, and by where its people live.
//!
//! The outline is carried into the index space of the grid, where cells are unit squares, and cut along cell edges; a piece's share of
//! a cell times the cell's area on the sphere is its area.

use super::cell_cutting::{Index, cut_into_cells, signed_area, sphere_m2};
use super::county::{County, CountyWeights};
use super::grid::{HorizontalGrid, Transform, distance_m};
use std::collections::BTreeMap;

/// Width of the Gaussian kernel that spreads a settlement's population [m].
pub const SETTLEMENT_KERNEL_M: f64 = 3000.0;
/// The kernel ends at this many widths (it holds 99.97 % of the plane's integral).
const KERNEL_REACH: f64 = 4.0;
/// Sub-samples of a cell are no farther apart than this part of the kernel width.
const KERNEL_SAMPLING: f64 = 0.5;

/// Weights of a county's cells. A county outside the grid has no weights and coverage 0; without settlements in the grid the
/// built-up weights are those by area.
///
/// Coverage compares areas in index space, whose scale varies by less than 2 % over a county on any grid that resolves it.
pub fn county_weights(county: &County, grid: &HorizontalGrid) -> CountyWeights {
    let transform = grid.transform();
    let (area, coverage) = area_weights(county, grid, &transform);
    let built_up = if area.is_empty() { Vec::new() } else { built_up_weights(county, grid, &transform) };
    let built_up = if built_up.is_empty() { area.clone() } else { built_up };
    CountyWeights { adcode: county.adcode, area, built_up, coverage }
}

fn area_weights(county: &County, grid: &HorizontalGrid, transform: &Transform<'_>) -> (Vec<(usize, f64)>, f64) {
    let mut total = 0.0;
    let mut shares: BTreeMap<usize, f64> = BTreeMap::new();
    for polygon in &county.outline {
        let rings = std::iter::once((polygon.exterior(), 1.0)).chain(polygon.interiors().iter().map(|r| (r, -1.0)));
        for (line, sign) in rings {
            let ring: Vec<Index> = line.coords().map(|c| transform.index(c.x, c.y)).collect();
            if !is_sound(&ring, grid, transform) {
                continue;
            }
            // orientation in files varies, so it is taken out
            let sign = sign * signed_area(&ring).signum();
            total += sign * signed_area(&ring);
            cut_into_cells(&ring, (grid.nx, grid.ny), &mut |x, y, piece| {
                let piece = signed_area(piece);
                if piece != 0.0 {
                    *shares.entry(y * grid.nx + x).or_insert(0.0) += sign * piece;
                }
            });
        }
    }
    let inside: f64 = shares.values().sum();
    if !(inside > 0.0 && total > 0.0) {
        return (Vec::new(), 0.0);
    }
    let mut weights: Vec<(usize, f64)> = shares
        .into_iter()
        .filter(|&(_, share)| share > 0.0)
        .map(|(cell, share)| (cell, share * cell_area_m2(transform, cell % grid.nx, cell / grid.nx)))
        .collect();
    normalise(&mut weights);
    (weights, (inside / total).min(1.0))
}

/// Whether the projection holds for the whole ring and no edge runs around the back of the Earth.
fn is_sound(ring: &[Index], grid: &HorizontalGrid, transform: &Transform<'_>) -> bool {
    let half_turn = if grid.is_latlon() { 180.0 / grid.dx } else { f64::INFINITY };
    let in_range = |&(x, y): &Index| {
        let (lon, lat) = transform.lonlat(x, y);
        x.is_finite() && y.is_finite() && lon.is_finite() && lat.is_finite()
    };
    ring.iter().all(in_range) && ring.windows(2).all(|w| (w[1].0 - w[0].0).abs() < half_turn)
}

fn cell_area_m2(transform: &Transform<'_>, x: usize, y: usize) -> f64 {
    let (x, y) = (x as f64, y as f64);
    let corners = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5)];
    sphere_m2(corners.into_iter().map(|(dx, dy)| transform.lonlat(x + dx, y + dy))).abs()
}

fn built_up_weights(county: &County, grid: &HorizontalGrid, transform: &Transform<'_>) -> Vec<(usize, f64)> {
    let mut people: BTreeMap<usize, f64> = BTreeMap::new();
    for s in &county.settlements {
        let centre = transform.index(s.lon, s.lat);
        let (x, y) = (centre.0.round(), centre.1.round());
        let width = distance_m(transform.lonlat(x - 0.5, y), transform.lonlat(x + 0.5, y));
        let height = distance_m(transform.lonlat(x, y - 0.5), transform.lonlat(x, y + 0.5));
        if !(width > 0.0 && height > 0.0) {
            continue;
        }
        let kernel = kernel(centre, (width, height));
        let whole: f64 = kernel.values().sum();
        for ((x, y), share) in kernel {
            if (0..grid.nx as i64).contains(&x) && (0..grid.ny as i64).contains(&y) {
                *people.entry(y as usize * grid.nx + x as usize).or_insert(0.0) += s.population * share / whole;
            }
        }
    }
    let mut weights: Vec<(usize, f64)> = people.into_iter().filter(|&(_, p)| p > 0.0).collect();
    normalise(&mut weights);
    weights
}

/// Kernel around `centre` per cell, also of cells outside the grid, for cells of `(width, height)` metres.
fn kernel(centre: Index, (width, height): (f64, f64)) -> BTreeMap<(i64, i64), f64> {
    let mut cells = BTreeMap::new();
    let along = |centre: f64, size: f64| {
        let samples = (size / (KERNEL_SAMPLING * SETTLEMENT_KERNEL_M)).ceil().max(1.0);
        let reach = KERNEL_REACH * SETTLEMENT_KERNEL_M / size;
        let (first, last) = ((centre - reach).round() as i64, (centre + reach).round() as i64);
        let mut sums = Vec::new();
        for cell in first..=last {
            let sample = |i: usize| {
                let offset = cell as f64 - 0.5 + (i as f64 + 0.5) / samples - centre;
                let z = offset * size / SETTLEMENT_KERNEL_M;
                if z.abs() <= KERNEL_REACH { (-0.5 * z * z).exp() } else { 0.0 }
            };
            sums.push((cell, (0..samples as usize).map(sample).sum::<f64>() / samples));
        }
        sums
    };
    let rows = along(centre.1, height);
    for (x, fx) in along(centre.0, width) {
        for &(y, fy) in &rows {
            if fx * fy > 0.0 {
                cells.insert((x, y), fx * fy);
            }
        }
    }
    cells
}

fn normalise(weights: &mut [(usize, f64)]) {
    let sum: f64 = weights.iter().map(|w| w.1).sum();
    for w in weights {
        w.1 /= sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::county::Settlement;
    use geo::{MultiPolygon, polygon};

    const SPHERE: &str = "+proj=latlong +R=6370000";

    fn grid() -> HorizontalGrid {
        HorizontalGrid::new(SPHERE, (20, 10), (120.5, 40.5), (1.0, 1.0)).unwrap()
    }

    fn county(outline: MultiPolygon<f64>, settlements: &[(f64, f64, f64)]) -> County {
        County {
            adcode: 222401,
            name_zh: String::new(),
            name_en: String::new(),
            seat: (129.5, 42.9),
            outline,
            settlements: settlements
                .iter()
                .map(|&(lon, lat, population)| Settlement { name_zh: String::new(), lon, lat, population })
                .collect(),
        }
    }

    /// Quarter of each of four cells: the weights are in the ratio of the cells' own areas, cos 42.5 to cos 43.5 degrees.
    #[test]
    fn a_square_over_four_corners_weighs_by_true_area() {
        let square = polygon![(x: 129.5, y: 42.5), (x: 130.5, y: 42.5), (x: 130.5, y: 43.5), (x: 129.5, y: 43.5)];
        let w = county_weights(&county(MultiPolygon::new(vec![square]), &[]), &grid());
        let cells: Vec<usize> = w.area.iter().map(|c| c.0).collect();
        assert_eq!(cells, [2 * 20 + 9, 2 * 20 + 10, 3 * 20 + 9, 3 * 20 + 10]);
        assert!((w.area[0].1 / w.area[2].1 - 0.737_277 / 0.725_374).abs() < 1e-6, "{:?}", w.area);
        assert!((w.area.iter().map(|c| c.1).sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((w.coverage - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_hole_is_left_out_and_orientation_does_not_matter() {
        for reversed in [false, true] {
            let outer = [(129.0, 42.0), (131.0, 42.0), (131.0, 43.0), (129.0, 43.0), (129.0, 42.0)];
            let hole = [(129.0, 42.0), (130.0, 42.0), (130.0, 43.0), (129.0, 43.0), (129.0, 42.0)];
            let mut outer = outer.to_vec();
            if reversed {
                outer.reverse();
            }
            let with_hole = geo::Polygon::new(outer.into(), vec![hole.to_vec().into()]);
            let w = county_weights(&county(MultiPolygon::new(vec![with_hole]), &[]), &grid());
            assert_eq!(w.area.len(), 1, "{w:?}");
            assert_eq!(w.area[0].0, 2 * 20 + 10);
        }
    }

    #[test]
    fn half_outside_is_half_covered_and_elsewhere_is_nothing() {
        let half = polygon![(x: 139.0, y: 42.0), (x: 141.0, y: 42.0), (x: 141.0, y: 43.0), (x: 139.0, y: 43.0)];
        let w = county_weights(&county(MultiPolygon::new(vec![half]), &[]), &grid());
        assert!((w.coverage - 0.5).abs() < 1e-12, "{}", w.coverage);
        assert!((w.area.iter().map(|c| c.1).sum::<f64>() - 1.0).abs() < 1e-12);
        for (lon, lat) in [(100.0, 42.0), (-51.0, -43.0), (129.0, 80.0), (-50.2, 43.0)] {
            let away = polygon![(x: lon, y: lat), (x: lon + 1.0, y: lat), (x: lon + 1.0, y: lat + 1.0), (x: lon, y: lat + 1.0)];
            let w = county_weights(&county(MultiPolygon::new(vec![away]), &[(lon, lat, 1e5)]), &grid());
            assert_eq!((w.area.len(), w.built_up.len(), w.coverage), (0, 0, 0.0), "{lon} {lat}");
        }
    }

    /// On a fine grid the kernel's share within 3 km of the centre is 1 - exp(-1/2) = 0.3935.
    #[test]
    fn population_is_spread_by_a_gaussian() {
        let g = HorizontalGrid::new(
            "+proj=lcc +lat_1=42 +lat_2=44 +lat_0=43 +lon_0=129.5 +R=6370000",
            (81, 81),
            (-20_000.0, -20_000.0),
            (500.0, 500.0),
        )
        .unwrap();
        let square = polygon![(x: 129.4, y: 42.9), (x: 129.6, y: 42.9), (x: 129.6, y: 43.1), (x: 129.4, y: 43.1)];
        let w = county_weights(&county(MultiPolygon::new(vec![square]), &[(129.5, 43.0, 5e5)]), &g);
        let near: f64 = w
            .built_up
            .iter()
            .filter(|(c, _)| {
                let (x, y) = ((c % 81) as f64 - 40.0, (c / 81) as f64 - 40.0);
                500.0 * x.hypot(y) <= 3000.0
            })
            .map(|c| c.1)
            .sum();
        assert!((near - 0.3935).abs() < 0.01, "{near}");
        assert!((w.built_up.iter().map(|c| c.1).sum::<f64>() - 1.0).abs() < 1e-12);
    }

    /// Two towns of 3 to 1 people in cells far larger than the kernel.
    #[test]
    fn population_weighs_settlements() {
        let square = polygon![(x: 129.0, y: 42.0), (x: 132.0, y: 42.0), (x: 132.0, y: 43.0), (x: 129.0, y: 43.0)];
        let towns = [(129.5, 42.5, 3e5), (131.5, 42.5, 1e5)];
        let w = county_weights(&county(MultiPolygon::new(vec![square]), &towns), &grid());
        assert_eq!(w.built_up.len(), 2, "{:?}", w.built_up);
        assert!((w.built_up[0].1 - 0.75).abs() < 1e-9 && (w.built_up[1].1 - 0.25).abs() < 1e-9, "{:?}", w.built_up);
    }
}
