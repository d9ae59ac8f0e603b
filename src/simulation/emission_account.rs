//! What sources should emit on a grid, worked out apart from where [`super::emission_placement`] puts them: whether they lie on it is asked
//! of points of their cells, not of the areas that are cut.

use super::emission::EmissionModel;
use super::emission_rate::rate_with;
use crate::domain::county::CountyWeights;
use crate::domain::grid::{Grid, HorizontalGrid, Transform};
use crate::domain::source::{Place, Source};
use crate::domain::species::Species;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// Points along each side of a cell on the border of the grid, by which the share of it that lies on the grid is told.
const SIDE: usize = 20;
/// Points along each side of the outline of a cell.
const ALONG: usize = 4;
/// Share of a cell's extent by which its sides may be bent between these points.
const BEND: f64 = 0.05;
/// Difference, as a share, that rounding leaves.
const TOLERANCE: f64 = 1e-6;

/// What should be emitted, and by how much points of cells on the border may be wrong about it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Expected {
    pub amount: f64,
    pub uncertain: f64,
}

impl Expected {
    /// Whether an emitted amount cannot be this one.
    pub fn is_missed_by(&self, emitted: f64) -> bool {
        let allowed = self.uncertain + TOLERANCE * self.amount.abs().max(emitted.abs());
        let off = (emitted - self.amount).abs();
        off.is_nan() || off > allowed
    }
}

/// The share of each source that lies on the grid.
pub struct Account {
    shares: Vec<Expected>,
}

impl Account {
    /// Of `sources` in their order; counties lie on the grid as far as their weights cover them.
    pub fn new(sources: &[Source], weights: &[CountyWeights], grid: &Grid) -> Self {
        let grid = &grid.horizontal;
        let transform = grid.transform();
        let coverage: BTreeMap<u32, f64> = weights.iter().map(|w| (w.adcode, w.coverage.clamp(0.0, 1.0))).collect();
        let whole = |amount: f64| Expected { amount, uncertain: 0.0 };
        let share = |source: &Source| match &source.place {
            Place::Point { lon, lat, .. } => whole(f64::from(u8::from(transform.cell(*lon, *lat).is_some()))),
            Place::County => whole(coverage.get(&source.adcode).copied().unwrap_or(0.0)),
            Place::Cell { west: w, south: s, east: e, north: n } => {
                of_cell(&[(*w, *s), (*e, *s), (*e, *n), (*w, *n)], grid, &transform)
            }
            Place::Quadrilateral { corners } => of_cell(corners, grid, &transform),
        };
        Self { shares: sources.iter().map(share).collect() }
    }

    /// Rates [kg s-1] of all sources together by species, in the hour that starts at `start`.
    ///
    /// # Panics
    /// When the number of sources is another one than the account's.
    pub fn rates(&self, model: &EmissionModel, sources: &[Source], start: DateTime<Utc>) -> [Expected; Species::COUNT] {
        assert_eq!(sources.len(), self.shares.len(), "the sources of this account");
        let parts = model.hour_parts(start);
        let mut rates = [Expected::default(); Species::COUNT];
        for (source, share) in sources.iter().zip(&self.shares).filter(|(_, s)| s.amount + s.uncertain > 0.0) {
            let species = model.speciate(source.sector, &rate_with(source, start, &parts));
            for (sum, rate) in rates.iter_mut().zip(species) {
                sum.amount += share.amount * rate;
                sum.uncertain += share.uncertain * rate;
            }
        }
        rates
    }
}

/// The point of a cell at `across` and `up` of it, 0 to 1.
fn within(corners: &[(f64, f64); 4], across: f64, up: f64) -> (f64, f64) {
    let mix = |a: (f64, f64), b: (f64, f64), f: f64| (a.0 + f * (b.0 - a.0), a.1 + f * (b.1 - a.1));
    mix(mix(corners[0], corners[1], across), mix(corners[3], corners[2], across), up)
}

/// The share of a cell on the grid: 0 or 1 where its outline is clear of the border, else that of its points.
fn of_cell(corners: &[(f64, f64); 4], grid: &HorizontalGrid, transform: &Transform<'_>) -> Expected {
    let at = |across: f64, up: f64| {
        let (lon, lat) = within(corners, across, up);
        transform.index(lon, lat)
    };
    let steps = (0..ALONG).map(|i| i as f64 / ALONG as f64);
    let outline: Vec<(f64, f64)> =
        steps.flat_map(|f| [at(f, 0.0), at(1.0, f), at(1.0 - f, 1.0), at(0.0, 1.0 - f)]).collect();
    if outline.iter().all(|p| p.0.is_finite() && p.1.is_finite()) {
        let range = |of: fn(&(f64, f64)) -> f64| {
            let (low, high) =
                outline.iter().map(of).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
            let bend = BEND * (high - low);
            (low - bend, high + bend)
        };
        let ((left, right), (bottom, top)) = (range(|p| p.0), range(|p| p.1));
        let (last_x, last_y) = (grid.nx as f64 - 0.5, grid.ny as f64 - 0.5);
        if left >= -0.5 && bottom >= -0.5 && right <= last_x && top <= last_y {
            return Expected { amount: 1.0, uncertain: 0.0 };
        }
        if right < -0.5 || top < -0.5 || left > last_x || bottom > last_y {
            return Expected::default();
        }
    }
    let middle = |i: usize| (i as f64 + 0.5) / SIDE as f64;
    let inside = |i: usize, j: usize| {
        let (lon, lat) = within(corners, middle(i), middle(j));
        transform.cell(lon, lat).is_some()
    };
    let points: Vec<bool> = (0..SIDE * SIDE).map(|p| inside(p % SIDE, p / SIDE)).collect();
    // the border runs between points of which one is inside: half of a point's part may be wrong
    let rows = points.chunks(SIDE).flat_map(|row| row.windows(2)).filter(|w| w[0] != w[1]).count();
    let columns = points.iter().zip(&points[SIDE..]).filter(|(a, b)| a != b).count();
    let all = (SIDE * SIDE) as f64;
    let held = points.iter().filter(|p| **p).count() as f64;
    // and may run beside the outermost of them
    Expected { amount: held / all, uncertain: 0.5 * (rows + columns + SIDE) as f64 / all }
}
