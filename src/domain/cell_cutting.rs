//! Rings cut along the edges of grid cells, and areas on the sphere.
//!
//! Cutting a ring by a half-plane keeps its signed area exactly even where the remainder falls into several parts (they stay joined by edges of
//! no area), so no general overlay is needed: measured on 0.1 degree boxes over 3 km cells it takes a twentieth of the time of a polygon
//! intersection.

use crate::constants::EARTH_RADIUS_M;

/// A point in index space; cell `(x, y)` is the square of side 1 around it.
pub type Index = (f64, f64);

/// Calls `visit` with every cell of a grid of `nx` by `ny` cells that the ring touches, and the part of the ring in it.
pub fn cut_into_cells(ring: &[Index], (nx, ny): (usize, usize), visit: &mut dyn FnMut(usize, usize, &[Index])) {
    let Some((bottom, top)) = cell_range(ring.iter().map(|p| p.1), ny) else { return };
    for y in bottom..=top {
        let edge = y as f64;
        let upper = half_plane(ring, |p| p.1 - (edge - 0.5));
        let row = half_plane(&upper, |p| edge + 0.5 - p.1);
        let Some((left, right)) = cell_range(row.iter().map(|p| p.0), nx) else { continue };
        for x in left..=right {
            let edge = x as f64;
            let right_of = half_plane(&row, |p| p.0 - (edge - 0.5));
            visit(x, y, &half_plane(&right_of, |p| edge + 0.5 - p.0));
        }
    }
}

/// First and last of `n` cells that values touch.
fn cell_range(values: impl Iterator<Item = f64>, n: usize) -> Option<(usize, usize)> {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    let (first, last) = (low.round().max(0.0), high.round().min(n as f64 - 1.0));
    (first <= last).then_some((first as usize, last as usize))
}

/// The part of a ring where `side` is not negative; `side` is linear (Sutherland & Hodgman 1974, Comm. ACM 17, 32).
fn half_plane(ring: &[Index], side: impl Fn(Index) -> f64) -> Vec<Index> {
    let mut kept = Vec::with_capacity(ring.len() + 4);
    let Some(&last) = ring.last() else { return kept };
    let (mut from, mut from_side) = (last, side(last));
    for &to in ring {
        let to_side = side(to);
        if (from_side < 0.0) != (to_side < 0.0) {
            let f = from_side / (from_side - to_side);
            kept.push((from.0 + f * (to.0 - from.0), from.1 + f * (to.1 - from.1)));
        }
        if to_side >= 0.0 {
            kept.push(to);
        }
        (from, from_side) = (to, to_side);
    }
    kept
}

/// Area of a ring, closed or not, counter-clockwise positive; computed about its first point, so that small rings keep their digits.
pub fn signed_area(ring: &[Index]) -> f64 {
    let Some(&(x0, y0)) = ring.first() else { return 0.0 };
    let next = ring.iter().skip(1);
    ring.iter().zip(next).map(|(a, b)| 0.5 * ((a.0 - x0) * (b.1 - y0) - (b.0 - x0) * (a.1 - y0))).sum()
}

/// Area on the sphere of [`EARTH_RADIUS_M`] [m2], counter-clockwise positive, of a ring of longitudes and latitudes [degrees] that does not
/// hold a pole: in the plane of longitude and sine of latitude areas are those of the sphere.
pub fn sphere_m2(ring: impl Iterator<Item = (f64, f64)>) -> f64 {
    let mut first = None;
    let plane: Vec<Index> = ring
        .map(|(lon, lat)| {
            let from = *first.get_or_insert(lon);
            let turn = ((lon - from) / 360.0).round() * 360.0;
            ((lon - turn - from).to_radians(), lat.to_radians().sin())
        })
        .collect();
    signed_area(&plane) * EARTH_RADIUS_M * EARTH_RADIUS_M
}
