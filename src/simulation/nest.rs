//! One-way nesting: the state of an outer run gives an inner run its first state and the air outside its sides and top.
//!
//! A cell of the inner grid gets the air-mass-weighted mean of what the outer cells under it hold:
//!
//! ```text
//!   q = sum_o w_o q_o(c_o) / sum_o w_o        w_o = overlap_o mass_o
//!   q_o(c) = q_o + phi_o (gx_o (c_x - x_o) + gy_o (c_y - y_o))
//! ```
//!
//! `overlap_o`: part of the outer cell under the inner one, in the outer grid's index space; `c_o`: the centroid of that part; `gx`, `gy`:
//! central differences; `phi`: the limiter of Barth & Jespersen (1989), by which no corner of an outer cell leaves the range of the cell and
//! its four neighbours. Over all inner cells under an outer one this gives back the mass that the outer one holds.
//!
//! **Invariant:** a uniform field stays uniform to the last bit. **Why:** the tracer proves the transport in every run.
//!
//! # Reference
//! Dukowicz & Kodis (1987), SIAM J. Sci. Stat. Comput. 8, 305; Jones (1999), Mon. Weather Rev. 127, 2204; Barth & Jespersen (1989),
//! AIAA 89-0366.

use super::boundary::Sides;
use crate::domain::grid::{Grid, HorizontalGrid};
use crate::error::{Error, Result};
use ndarray::{Array3, Array4, ArrayView3, ArrayView4, Axis, Slice};
use rayon::prelude::*;

/// From an outer grid to the cells of an inner one, and to those just outside its sides.
pub struct Nest {
    inside: Cover,
    west: Cover,
    east: Cover,
    south: Cover,
    north: Cover,
    /// Rows and columns of the inner grid.
    inner: (usize, usize),
}

/// The outer cells under a row of inner cells.
struct Cover {
    /// Per inner cell.
    cells: Vec<Vec<Piece>>,
    /// Rows and columns of the outer grid.
    outer: (usize, usize),
}

/// Part of one outer cell under an inner cell.
struct Piece {
    /// Row and column of the outer cell.
    at: (usize, usize),
    /// Share of the outer cell.
    overlap: f64,
    /// Centroid from the outer cell's centre, in cells.
    offset: (f64, f64),
}

/// Share of an outer cell below which a piece is rounding of the projections.
const LEAST_OVERLAP: f64 = 1e-9;
/// How far [outer cells] rounding of the projections may put a corner outside.
const SLACK: f64 = 1e-6;

impl Nest {
    /// Between two grids on the same layers.
    ///
    /// # Errors
    /// `Invalid`, naming both grids, when the inner one, with one more cell on each side, reaches beyond the outer one, or their layers differ.
    pub fn new(outer: &Grid, inner: &Grid) -> Result<Self> {
        let refused = |found: String, expected: &str| {
            let expected = format!("{expected} of grid {}", inner.name);
            Error::invalid("the configuration", "outer_grid", format!("{}, {found}", outer.name), expected)
        };
        if outer.vertical != inner.vertical {
            let found = format!("layers at {:?} m", outer.vertical.interfaces_m);
            return Err(refused(found, "the layers"));
        }
        let (nx, ny) = (inner.horizontal.nx as i64, inner.horizontal.ny as i64);
        let cover = |cells: Vec<(i64, i64)>| {
            Cover::new(&outer.horizontal, &inner.horizontal, cells).map_err(|(lon, lat)| {
                let found = format!("which does not hold {lon:.2} E {lat:.2} N");
                refused(found, "a grid around every cell, and one more on each side,")
            })
        };
        Ok(Self {
            west: cover((0..ny).map(|y| (-1, y)).collect())?,
            east: cover((0..ny).map(|y| (nx, y)).collect())?,
            south: cover((0..nx).map(|x| (x, -1)).collect())?,
            north: cover((0..nx).map(|x| (x, ny)).collect())?,
            inside: cover((0..ny).flat_map(|y| (0..nx).map(move |x| (x, y))).collect())?,
            inner: (inner.horizontal.ny, inner.horizontal.nx),
        })
    }

    /// State of the inner grid `[species, z, y, x]` from the outer one's and its air mass `[z, y, x]` [kg].
    pub fn state(&self, outer: &Array4<f32>, mass: &Array3<f32>) -> Array4<f32> {
        let (species, nz, ..) = outer.dim();
        let values = self.inside.values(outer.view(), mass.view()).into_raw_vec_and_offset().0;
        Array4::from_shape_vec((species, nz, self.inner.0, self.inner.1), values).expect("one value per inner cell")
    }

    /// Air outside the sides of the inner grid, from the outer state `[species, z, y, x]` and its air mass `[z, y, x]` [kg]; above the top it is
    /// that of the outer top layer.
    pub fn sides(&self, outer: &Array4<f32>, mass: &Array3<f32>) -> Sides {
        let of = |cover: &Cover| cover.values(outer.view(), mass.view());
        let top = Slice::from(mass.dim().0 - 1..);
        let above = self.inside.values(outer.slice_axis(Axis(1), top), mass.slice_axis(Axis(0), top));
        let top = above.into_shape_with_order((outer.dim().0, self.inner.0, self.inner.1)).expect("one value per cell");
        Sides { west: of(&self.west), east: of(&self.east), south: of(&self.south), north: of(&self.north), top }
    }
}

impl Cover {
    /// Pieces under inner cells `(x, y)`; or the corner that no outer cell holds.
    fn new(outer: &HorizontalGrid, inner: &HorizontalGrid, cells: Vec<(i64, i64)>) -> std::result::Result<Self, Point> {
        let (from, to) = (inner.transform(), outer.transform());
        let (mx, my) = (outer.nx as f64 - 0.5, outer.ny as f64 - 0.5);
        let within = |v: f64, max: f64| (v >= -0.5 - SLACK && v <= max + SLACK).then(|| v.clamp(-0.5, max));
        let pieces = |(x, y): (i64, i64)| -> std::result::Result<Vec<Piece>, Point> {
            let (x, y) = (x as f64, y as f64);
            let mut corners = Vec::with_capacity(4);
            for (dx, dy) in [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)] {
                let (lon, lat) = from.lonlat(x + dx, y + dy);
                let (i, j) = to.index(lon, lat);
                corners.push((within(i, mx).ok_or((lon, lat))?, within(j, my).ok_or((lon, lat))?));
            }
            Ok(pieces_of(&corners, (outer.ny, outer.nx)))
        };
        let cells = cells.into_iter().map(pieces).collect::<std::result::Result<_, Point>>()?;
        Ok(Self { cells, outer: (outer.ny, outer.nx) })
    }

    /// `[species, z, inner cell]`.
    fn values(&self, outer: ArrayView4<f32>, mass: ArrayView3<f32>) -> Array3<f32> {
        let (species, nz, ..) = outer.dim();
        let mut out = Array3::zeros((species, nz, self.cells.len()));
        let planes: Vec<(usize, usize)> = (0..species).flat_map(|s| (0..nz).map(move |z| (s, z))).collect();
        let rows = out.as_slice_mut().expect("contiguous").par_chunks_mut(self.cells.len());
        rows.zip(planes).for_each(|(row, (s, z))| {
            let (q, air) = (outer.index_axis(Axis(0), s), mass.index_axis(Axis(0), z));
            let q = q.index_axis(Axis(0), z);
            let (q, air) = (q.to_slice().expect("contiguous"), air.to_slice().expect("contiguous"));
            row.iter_mut().zip(&self.cells).for_each(|(v, pieces)| *v = mean(pieces, q, air, self.outer));
        });
        out
    }
}

/// Air-mass-weighted mean of the pieces, taken as differences from the first, so that equal values give that value.
fn mean(pieces: &[Piece], q: &[f32], air: &[f32], outer: (usize, usize)) -> f32 {
    let Some(first) = pieces.first() else { return f32::NAN };
    let anchor = f64::from(q[first.at.0 * outer.1 + first.at.1]);
    let (mut sum, mut weights) = (0.0, 0.0);
    let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
    for piece in pieces {
        let weight = piece.overlap * f64::from(air[piece.at.0 * outer.1 + piece.at.1]);
        let (value, range) = reconstructed(piece, q, outer);
        sum += weight * (value - anchor);
        weights += weight;
        (low, high) = (low.min(range.0), high.max(range.1));
    }
    ((anchor + sum / weights) as f32).clamp(low, high)
}

/// Value at the centroid of a piece, and the range of its outer cell and the four neighbours.
fn reconstructed(piece: &Piece, q: &[f32], (ny, nx): (usize, usize)) -> (f64, (f32, f32)) {
    let (y, x) = piece.at;
    let at = |y: usize, x: usize| q[y * nx + x];
    let here = at(y, x);
    let neighbours = [
        at(y, x.saturating_sub(1)),
        at(y, (x + 1).min(nx - 1)),
        at(y.saturating_sub(1), x),
        at((y + 1).min(ny - 1), x),
    ];
    let (low, high) = neighbours.iter().fold((here, here), |(low, high), v| (low.min(*v), high.max(*v)));
    let [west, east, south, north] = neighbours.map(f64::from);
    // on the rim one neighbour is the cell itself: half the slope, which is safe
    let (gx, gy) = (0.5 * (east - west), 0.5 * (north - south));
    let reach = 0.5 * (gx.abs() + gy.abs());
    let room = (f64::from(high) - f64::from(here)).min(f64::from(here) - f64::from(low));
    let phi = if reach > room { room / reach } else { 1.0 };
    (f64::from(here) + phi * (gx * piece.offset.0 + gy * piece.offset.1), (low, high))
}

type Point = (f64, f64);

/// Cuts a convex polygon in the outer grid's index space into its parts in each cell.
fn pieces_of(corners: &[Point], (ny, nx): (usize, usize)) -> Vec<Piece> {
    let range = |of: fn(&Point) -> f64, cells: usize| {
        let low = corners.iter().map(of).fold(f64::INFINITY, f64::min);
        let high = corners.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
        ((low + 0.5).floor() as usize)..=((high + 0.5).floor() as usize).min(cells - 1)
    };
    let (columns, rows) = (range(|p| p.0, nx), range(|p| p.1, ny));
    let mut pieces = Vec::new();
    for y in rows {
        for x in columns.clone() {
            let centre = (x as f64, y as f64);
            let mut part: Vec<Point> = corners.iter().map(|p| (p.0 - centre.0, p.1 - centre.1)).collect();
            for (ax, ay) in [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)] {
                part = cut(&part, |p| 0.5 - ax * p.0 - ay * p.1);
            }
            let (overlap, offset) = area_and_centroid(&part);
            if overlap > LEAST_OVERLAP {
                pieces.push(Piece { at: (y, x), overlap, offset });
            }
        }
    }
    pieces
}

/// The part of a convex polygon where the linear function `inside` is not negative (Sutherland & Hodgman 1974).
fn cut(polygon: &[Point], inside: impl Fn(&Point) -> f64) -> Vec<Point> {
    let mut part = Vec::with_capacity(polygon.len() + 1);
    for (i, b) in polygon.iter().enumerate() {
        let a = &polygon[(i + polygon.len() - 1) % polygon.len()];
        let (fa, fb) = (inside(a), inside(b));
        if (fa < 0.0) != (fb < 0.0) {
            let t = fa / (fa - fb);
            part.push((a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1)));
        }
        if fb >= 0.0 {
            part.push(*b);
        }
    }
    part
}

/// Area and centroid of a polygon, by triangles from its first corner.
fn area_and_centroid(polygon: &[Point]) -> (f64, Point) {
    let (mut area, mut x, mut y) = (0.0, 0.0, 0.0);
    let Some(o) = polygon.first() else { return (0.0, (0.0, 0.0)) };
    for pair in polygon[1..].windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let triangle = 0.5 * ((a.0 - o.0) * (b.1 - o.1) - (b.0 - o.0) * (a.1 - o.1));
        area += triangle;
        x += triangle * (o.0 + a.0 + b.0) / 3.0;
        y += triangle * (o.1 + a.1 + b.1) / 3.0;
    }
    if area.abs() < LEAST_OVERLAP { (0.0, (0.0, 0.0)) } else { (area.abs(), (x / area, y / area)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::grid::VerticalGrid;

    const LAMBERT: &str = "+proj=lcc +lat_1=42 +lat_2=44 +lat_0=43 +lon_0=129.5 +R=6370000";
    const POLAR: &str = "+proj=stere +lat_0=90 +lat_ts=60 +lon_0=100 +R=6370000";

    fn grid(name: &str, projection: &str, cells: (usize, usize), corner: (f64, f64), size: f64) -> Grid {
        let horizontal = HorizontalGrid::new(projection, cells, corner, (size, size)).unwrap();
        Grid { name: name.into(), horizontal, vertical: VerticalGrid::new(vec![0.0, 50.0, 200.0]).unwrap() }
    }

    fn outer() -> Grid {
        grid("outer", LAMBERT, (40, 36), (-180_000.0, -160_000.0), 9000.0)
    }

    /// Cells of the outer grid cut in nine, cells that lie across them, and cells of another projection, turned by 20 degrees.
    fn inners() -> [Grid; 3] {
        let unit = HorizontalGrid::new(POLAR, (2, 2), (0.0, 0.0), (1.0, 1.0)).unwrap();
        let (x, y) = unit.transform().index(129.5, 43.0);
        [
            grid("thirds", LAMBERT, (30, 24), (-46_500.0, -36_000.0), 3000.0),
            grid("across", LAMBERT, (20, 20), (-51_234.0, -41_111.0), 4321.0),
            grid("turned", POLAR, (16, 16), (x - 32_000.0, y - 32_000.0), 4000.0),
        ]
    }

    fn fields(outer: &Grid, f: impl Fn(usize, f64, f64) -> f64) -> (Array4<f32>, Array3<f32>) {
        let (nz, ny, nx) = outer.shape();
        let state = Array4::from_shape_fn((2, nz, ny, nx), |(s, _, y, x)| f(s, x as f64, y as f64) as f32);
        let mass = Array3::from_shape_fn((nz, ny, nx), |(z, y, x)| {
            1e9 * (1.0 + z as f32 + 0.3 * ((x * 7 + y * 3) % 11) as f32)
        });
        (state, mass)
    }

    #[test]
    fn a_uniform_field_stays_uniform_to_the_last_bit() {
        let outer = outer();
        for value in [1.0f32, 1.2345679e-7, 3.3e-38] {
            let (mut state, mass) = fields(&outer, |_, _, _| 0.0);
            state.fill(value);
            for inner in inners() {
                let nest = Nest::new(&outer, &inner).unwrap();
                assert!(nest.state(&state, &mass).iter().all(|v| v.to_bits() == value.to_bits()), "{}", inner.name);
                let sides = nest.sides(&state, &mass);
                for side in [&sides.west, &sides.east, &sides.south, &sides.north, &sides.top] {
                    assert!(side.iter().all(|v| v.to_bits() == value.to_bits()), "{}", inner.name);
                }
            }
        }
    }

    /// In air of equal mass, a plane in the outer grid's index space is reproduced at the middles of the inner cells.
    #[test]
    fn a_plane_is_exact() {
        let outer = outer();
        let plane = |s: usize, x: f64, y: f64| 5.0 + s as f64 + 0.7 * x - 0.3 * y;
        let (state, mut mass) = fields(&outer, plane);
        mass.fill(3e9);
        for inner in inners() {
            let nest = Nest::new(&outer, &inner).unwrap();
            let (from, to) = (inner.horizontal.transform(), outer.horizontal.transform());
            let exact = |s: usize, x: f64, y: f64| {
                let (lon, lat) = from.lonlat(x, y);
                let (i, j) = to.index(lon, lat);
                plane(s, i, j)
            };
            for ((s, _, y, x), v) in nest.state(&state, &mass).indexed_iter() {
                let e = exact(s, x as f64, y as f64);
                assert!((f64::from(*v) - e).abs() < 1e-5, "{} {x} {y}: {v} {e}", inner.name);
            }
            let sides = nest.sides(&state, &mass);
            for ((s, y, x), v) in sides.top.indexed_iter() {
                assert!((f64::from(*v) - exact(s, x as f64, y as f64)).abs() < 1e-5, "top {y} {x}");
            }
            let (nx, ny) = (inner.horizontal.nx as f64, inner.horizontal.ny as f64);
            for ((s, _, i), v) in sides.west.indexed_iter() {
                assert!((f64::from(*v) - exact(s, -1.0, i as f64)).abs() < 1e-5, "west {i}");
            }
            for ((s, _, i), v) in sides.east.indexed_iter() {
                assert!((f64::from(*v) - exact(s, nx, i as f64)).abs() < 1e-5, "east {i}");
            }
            for ((s, _, i), v) in sides.south.indexed_iter() {
                assert!((f64::from(*v) - exact(s, i as f64, -1.0)).abs() < 1e-5, "south {i}");
            }
            for ((s, _, i), v) in sides.north.indexed_iter() {
                assert!((f64::from(*v) - exact(s, i as f64, ny)).abs() < 1e-5, "north {i}");
            }
        }
    }

    /// Inner cells that tile outer cells hold together what these hold, and nothing leaves the range of the outer field.
    #[test]
    fn mass_is_conserved_and_no_extreme_is_made() {
        let outer = outer();
        let rough = |s: usize, x: f64, y: f64| {
            if (x * 3.7 + y * 5.1 + s as f64).sin() > 0.3 { 2.0 } else { 0.1 * x.cos().abs() }
        };
        let (state, mass) = fields(&outer, rough);
        let outer_corner = outer.horizontal.x0 - 4500.0;
        // nine inner cells in each of 10 x 8 outer cells from (14, 12)
        let corner = (outer_corner + 14.0 * 9000.0 + 1500.0, outer.horizontal.y0 - 4500.0 + 12.0 * 9000.0 + 1500.0);
        let inner = grid("tiles", LAMBERT, (30, 24), corner, 3000.0);
        let q = Nest::new(&outer, &inner).unwrap().state(&state, &mass);
        let mut changed = false;
        for s in 0..2 {
            for z in 0..2 {
                for (oy, ox) in (12..20).flat_map(|y| (14..24).map(move |x| (y, x))) {
                    let (y, x) = ((oy - 12) * 3, (ox - 14) * 3);
                    let nine = (0..9).map(|i| f64::from(q[[s, z, y + i / 3, x + i % 3]]));
                    let held: f64 = nine.clone().sum::<f64>() / 9.0;
                    let expected = f64::from(state[[s, z, oy, ox]]);
                    assert!((held - expected).abs() < 1e-6 * expected.max(0.1), "{held} {expected}");
                    changed |= nine.clone().any(|v| (v - held).abs() > 1e-3);
                }
            }
            let plane = state.index_axis(Axis(0), s);
            let (low, high) = plane.iter().fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
            assert!(q.index_axis(Axis(0), s).iter().all(|v| (low..=high).contains(v)));
        }
        assert!(changed, "slopes inside outer cells are used");
    }

    /// An inner cell half over each of two outer cells takes the mean by air mass, not by area.
    #[test]
    fn means_are_weighted_by_air_mass() {
        let pieces = [
            Piece { at: (1, 1), overlap: 0.25, offset: (0.0, 0.0) },
            Piece { at: (1, 2), overlap: 0.25, offset: (0.0, 0.0) },
        ];
        let (q, air) = ([4.0, 4.0, 8.0, 4.0, 4.0, 8.0, 4.0, 4.0, 8.0], [1.0, 1.0, 3.0, 1.0, 1.0, 3.0, 1.0, 1.0, 3.0]);
        assert!((mean(&pieces, &q, &air, (3, 3)) - 7.0).abs() < 1e-6);
    }

    #[test]
    fn grids_that_do_not_fit_are_refused_by_name() {
        let outer = outer();
        // as large as the outer grid: no room for the cells outside
        let whole = Grid { name: "whole".into(), ..outer.clone() };
        let far = grid("far", LAMBERT, (10, 10), (500_000.0, 0.0), 3000.0);
        for inner in [whole, far] {
            let error = Nest::new(&outer, &inner).err().unwrap().to_string();
            assert!(error.contains("outer_grid") && error.contains(&inner.name) && error.contains("outer,"), "{error}");
        }
        let mut higher = inners()[0].clone();
        higher.vertical = VerticalGrid::new(vec![0.0, 50.0, 300.0]).unwrap();
        assert!(Nest::new(&outer, &higher).err().unwrap().to_string().contains("layers"));
    }
}
