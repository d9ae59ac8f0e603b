//! Totals of an inventory per county and sector.

use super::emission::EmissionModel;
use super::emission_placement::Placement;
use crate::domain::cell_cutting::sphere_m2;
use crate::domain::county::{County, CountyWeights, Region};
use crate::domain::grid::HorizontalGrid;
use crate::domain::source::{Amounts, Sector, Source};
use crate::input::emission_reference_csv::ReferenceTotal;
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::BTreeMap;

/// What one sector emits in one county.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CountySectorTotal {
    /// 0: on the grid, outside every county.
    pub adcode: u32,
    pub sector: Sector,
    /// Sources with a part there.
    pub sources: usize,
    /// [t a-1]; fires and other rates have none.
    pub t_a: Amounts,
    /// [t d-1] on the day asked for.
    pub t_d: Amounts,
}

/// Which share of each grid cell lies in which county.
pub struct CountyShares {
    /// Per cell: county and share of the cell, by county.
    shares: Vec<Vec<(u32, f64)>>,
}

impl CountyShares {
    /// From the weights by area that `weights` hold in the order of `counties`.
    pub fn new(counties: &[County], weights: &[CountyWeights], grid: &HorizontalGrid) -> Self {
        let mut shares = vec![Vec::new(); grid.cells()];
        for (county, weights) in counties.iter().zip(weights) {
            let ring = |line: &geo::LineString<f64>| sphere_m2(line.coords().map(|c| (c.x, c.y))).abs();
            let area = |p: &geo::Polygon<f64>| ring(p.exterior()) - p.interiors().iter().map(ring).sum::<f64>();
            let inside = county.outline.iter().map(area).sum::<f64>() * weights.coverage;
            for &(cell, weight) in &weights.area {
                let corners = grid.corners(cell % grid.nx, cell / grid.nx);
                let whole = sphere_m2(corners.into_iter().chain([corners[0]])).abs();
                shares[cell].push((county.adcode, (weight * inside / whole).min(1.0)));
            }
        }
        Self { shares }
    }

    /// Shares of what is emitted into `cells` by county; what no county holds comes as county 0.
    fn of(&self, cells: &[(usize, f64)]) -> BTreeMap<u32, f64> {
        let mut out = BTreeMap::new();
        for &(cell, weight) in cells {
            // generalised outlines may overlap
            let sum: f64 = self.shares[cell].iter().map(|s| s.1).sum();
            let scale = if sum > 1.0 { 1.0 / sum } else { 1.0 };
            for &(adcode, share) in &self.shares[cell] {
                *out.entry(adcode).or_insert(0.0) += weight * share * scale;
            }
            let rest = (1.0 - sum).max(0.0);
            if rest > 1e-9 {
                *out.entry(0).or_insert(0.0) += weight * rest;
            }
        }
        out
    }
}

/// Totals by county and sector, in their order. A source that names its county counts there; another one by the cells it emits into.
pub fn totals(
    sources: &[Source],
    placement: &Placement,
    shares: &CountyShares,
    model: &EmissionModel,
    day: NaiveDate,
) -> Vec<CountySectorTotal> {
    let mut sums: BTreeMap<(u32, Sector), (usize, Amounts, Amounts)> = BTreeMap::new();
    let part = Sector::ALL.map(|sector| model.sector(sector).profile.day_part(day));
    for (i, source) in sources.iter().enumerate() {
        let annual = source.strength.annual().copied().unwrap_or_default();
        let by_profile = source.strength.in_part(part[source.sector as usize], Amounts::all(1.0));
        let daily = by_profile.unwrap_or_else(|| model.daily_amounts(source, day));
        let by_county = match source.adcode {
            0 => shares.of(&placement.cells_of(i)),
            adcode => BTreeMap::from([(adcode, 1.0)]),
        };
        for (adcode, share) in by_county {
            let (count, t_a, t_d) = sums.entry((adcode, source.sector)).or_default();
            *count += 1;
            *t_a = t_a.zip(annual, |sum, v| sum + share * v);
            *t_d = t_d.zip(daily, |sum, v| sum + share * v);
        }
    }
    let total = |((adcode, sector), (sources, t_a, t_d))| CountySectorTotal { adcode, sector, sources, t_a, t_d };
    sums.into_iter().map(total).collect()
}

/// The total [t a-1] that a reference is about.
pub fn total_of(totals: &[CountySectorTotal], region: &Region, reference: &ReferenceTotal) -> f64 {
    let known = |adcode: u32| region.counties.iter().any(|c| c.adcode == adcode);
    let counts = totals.iter().filter(|t| {
        let here = if reference.adcode == region.adcode { known(t.adcode) } else { t.adcode == reference.adcode };
        here && (reference.sectors.is_empty() || reference.sectors.contains(&t.sector))
    });
    let pollutants = counts.flat_map(|t| t.t_a.named());
    pollutants.filter(|(name, _)| *name == reference.pollutant).fold(0.0, |sum, (_, t)| sum + t)
}
