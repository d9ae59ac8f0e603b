//! Where sources emit on the model grid, and the rate field of an hour.

use super::box_cells::{box_cells, quadrilateral_cells};
use super::emission::{EmissionModel, HeightShare, Spread};
use super::emission_rate::rate_with;
use crate::domain::county::CountyWeights;
use crate::domain::grid::{Grid, HorizontalGrid, Transform};
use crate::domain::source::{Amounts, Place, Sector, Source, Stack, Strength};
use crate::domain::species::Species;
use crate::error::Rejection;
use chrono::{DateTime, Utc};
use ndarray::Array4;
use std::collections::BTreeMap;

/// Emission rates of one hour in the lowest layers.
#[derive(Debug, Clone, PartialEq)]
pub struct EmissionField {
    /// Number of layers from the ground that can receive emissions.
    pub layers: usize,
    /// `[species, layer, y, x]` [kg s-1], species by [`Species::index`].
    pub rate_kg_s: Array4<f32>,
}

impl EmissionField {
    /// A field of zeros for `layers` layers of a grid.
    pub fn new(grid: &Grid, layers: usize) -> Self {
        let (_, ny, nx) = grid.shape();
        Self { layers, rate_kg_s: Array4::zeros((Species::COUNT, layers, ny, nx)) }
    }
}

/// What lies outside the grid and is not emitted in it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Outside {
    /// Sources with a part outside.
    pub sources: usize,
    /// Annual sources [t a-1].
    pub annual_t: Amounts,
    /// Sources given as rates, over their whole window [kg].
    pub rate_kg: Amounts,
}

/// Where one source emits.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Site {
    /// Into the cells of a pattern, at the sector's heights.
    Area { pattern: usize },
    /// From a stack in a cell.
    Stack { cell: usize, stack: Stack },
    /// Outside the grid, listed one by one.
    Outside,
    /// Outside the grid, counted together.
    Far,
}

/// Cells of every source.
///
/// **Invariant:** the weights of a source sum to its share inside the grid; the rest is in [`Placement::outside`]. Sources that emit into
/// the same cells share one pattern. **Why:** eight counties with many sectors then cost eight scatters an hour, not hundreds.
#[derive(Debug, Clone)]
pub struct Placement {
    interfaces_m: Vec<f64>,
    cells: usize,
    patterns: Vec<Vec<(usize, f64)>>,
    /// Sources of each pattern, in the order of the inventory.
    members: Vec<Vec<usize>>,
    sites: Vec<Site>,
    /// Share of each model layer per sector, for sources without a stack.
    sector_layers: Vec<Vec<f64>>,
    outside: Outside,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum PatternKey {
    Cell(usize),
    County(u32, Spread),
    /// Bits of west, south, east, north.
    Box([u64; 4]),
    /// Bits of the corners.
    Quadrilateral([u64; 8]),
}

impl Placement {
    /// Places every source. A county is spread by the weights of its code and its `coverage`, boxes and cells of other grids by
    /// the area they share with each cell.
    ///
    /// Returns the refused sources beside it: annual points and counties outside the grid one by one, boxes and fires outside it as one
    /// entry with their number and mass, since a foreign inventory or a global fire file reaches far beyond any grid.
    pub fn new(
        model: &EmissionModel,
        sources: &[Source],
        weights: &[CountyWeights],
        grid: &Grid,
    ) -> (Self, Vec<Rejection>) {
        let (interfaces_m, sector_layers) = layers_of(model, grid);
        let mut placement = Self {
            interfaces_m,
            cells: grid.horizontal.cells(),
            patterns: Vec::new(),
            members: Vec::new(),
            sites: Vec::with_capacity(sources.len()),
            sector_layers,
            outside: Outside::default(),
        };
        let transform = grid.horizontal.transform();
        let counties: BTreeMap<u32, &CountyWeights> = weights.iter().map(|w| (w.adcode, w)).collect();
        let mut known: BTreeMap<PatternKey, Option<usize>> = BTreeMap::new();
        let mut rejections = Vec::new();
        let mut far = Outside::default();
        for (i, source) in sources.iter().enumerate() {
            let site = match locate(model, source, &counties, &grid.horizontal, &transform) {
                Err(reason) => {
                    rejections.push(rejection(source, &reason));
                    Site::Outside
                }
                Ok(Located::Stack { cell, stack }) => Site::Stack { cell, stack },
                Ok(Located::Pattern { key, cells }) => known
                    .entry(key)
                    .or_insert_with(|| placement.add_pattern(cells()))
                    .map_or(Site::Far, |pattern| Site::Area { pattern }),
                Ok(Located::Far) => Site::Far,
            };
            if site == Site::Far {
                far.add(source, 1.0);
            }
            placement.settle(i, source, site);
        }
        if far.sources > 0 {
            rejections.push(Rejection {
                file: "inventory".into(),
                place: format!("{} boxes and fires", far.sources),
                found: format!("outside the grid, {} and {}", words(&far.annual_t, "t/a"), words(&far.rate_kg, "kg")),
                expected: "sources on the grid".into(),
                by_design: false,
            });
        }
        (placement, rejections)
    }

    /// Number of layers that can receive emissions.
    pub fn layers(&self) -> usize {
        self.interfaces_m.len() - 1
    }

    /// What is not emitted because it lies outside the grid.
    pub fn outside(&self) -> &Outside {
        &self.outside
    }

    /// Cells of source `i` (index in the inventory) and the share of its emission in each; empty outside the grid.
    pub fn cells_of(&self, i: usize) -> Vec<(usize, f64)> {
        match self.sites[i] {
            Site::Area { pattern } => self.patterns[pattern].clone(),
            Site::Stack { cell, .. } => vec![(cell, 1.0)],
            Site::Outside | Site::Far => Vec::new(),
        }
    }

    /// Sets `out` to the mean rate over the hour that starts at `start` (a full hour), with the changes and windows of the sources; summed in
    /// double precision.
    ///
    /// `sources` are those the placement was made for, in their order; their strength and changes may differ. `plume` gives the
    /// effective height [m] of a stack in a cell; the emission is spread evenly over +-25 % of the rise around it.
    ///
    /// # Panics
    /// When the number of sources or the shape of `out` is another one than the placement's.
    pub fn rate(
        &self,
        model: &EmissionModel,
        sources: &[Source],
        start: DateTime<Utc>,
        plume: &dyn Fn(usize, &Stack) -> f64,
        out: &mut EmissionField,
    ) {
        assert_eq!(sources.len(), self.sites.len(), "the sources this placement was made for");
        assert_eq!(out.rate_kg_s.len(), Species::COUNT * self.layers() * self.cells, "the placement's field");
        // many small sources in one cell: single precision would lose some of their mass
        let mut field = vec![0.0; out.rate_kg_s.len()];
        let parts = model.hour_parts(start);
        let layers = self.layers();
        let mut rates = vec![0.0; Species::COUNT * layers];
        for (pattern, members) in self.patterns.iter().zip(&self.members) {
            rates.fill(0.0);
            for &i in members {
                let sector = sources[i].sector;
                let amounts = rate_with(&sources[i], start, &parts);
                add_layers(&mut rates, &model.speciate(sector, &amounts), &self.sector_layers[sector as usize]);
            }
            self.scatter(&rates, pattern, &mut field);
        }
        for (site, source) in self.sites.iter().zip(sources) {
            let Site::Stack { cell, stack } = site else { continue };
            let sector = source.sector;
            let amounts = rate_with(source, start, &parts);
            if amounts == Amounts::default() {
                continue;
            }
            rates.fill(0.0);
            let shares = self.plume_layers(stack, plume(*cell, stack));
            add_layers(&mut rates, &model.speciate(sector, &amounts), &shares);
            self.scatter(&rates, &[(*cell, 1.0)], &mut field);
        }
        out.rate_kg_s.iter_mut().zip(field).for_each(|(rate, sum)| *rate = sum as f32);
    }

    /// What a kilogram of each species from each source inside the grid does, where `field` says what it does from each cell, `[species, layer, y, x]`; `plume`
    /// and `sources` as in [`Self::rate`]. Calls `visit` with the source's index, patterns first.
    pub(super) fn each_sensitivity(
        &self,
        sources: &[Source],
        plume: &dyn Fn(usize, &Stack) -> f64,
        field: &Array4<f32>,
        visit: &mut dyn FnMut(usize, &[f64; Species::COUNT]),
    ) {
        assert_eq!(sources.len(), self.sites.len(), "the sources this placement was made for");
        let (layers, field) = (self.layers(), field.as_slice().expect("fields are in standard layout"));
        let gather = |pattern: &[(usize, f64)]| -> Vec<f64> {
            let plane = |values: &[f32]| pattern.iter().map(|&(cell, weight)| weight * f64::from(values[cell])).sum();
            field.chunks_exact(self.cells).map(plane).collect()
        };
        let per_species = |planes: &[f64], shares: &[f64]| -> [f64; Species::COUNT] {
            std::array::from_fn(|s| planes[s * layers..].iter().zip(shares).map(|(plane, share)| plane * share).sum())
        };
        for (pattern, members) in self.patterns.iter().zip(&self.members) {
            let planes = gather(pattern);
            for &i in members {
                visit(i, &per_species(&planes, &self.sector_layers[sources[i].sector as usize]));
            }
        }
        for (i, site) in self.sites.iter().enumerate() {
            if let Site::Stack { cell, stack } = site {
                let shares = self.plume_layers(stack, plume(*cell, stack));
                visit(i, &per_species(&gather(&[(*cell, 1.0)]), &shares));
            }
        }
    }

    /// Share of each layer for a plume of effective height `height_m`. Without a finite height the stack's own is taken.
    fn plume_layers(&self, stack: &Stack, height_m: f64) -> Vec<f64> {
        let height = if height_m.is_finite() { height_m.max(0.0) } else { stack.height_m };
        let half = 0.25 * (height - stack.height_m).abs();
        let plume = HeightShare { from_m: (height - half).max(0.0), to_m: height + half, fraction: 1.0 };
        layer_shares(&self.interfaces_m, &[plume])
    }

    fn scatter(&self, rates: &[f64], pattern: &[(usize, f64)], field: &mut [f64]) {
        for (plane, &rate) in rates.iter().enumerate().filter(|(_, r)| **r > 0.0) {
            let field = &mut field[plane * self.cells..(plane + 1) * self.cells];
            for &(cell, weight) in pattern {
                field[cell] += rate * weight;
            }
        }
    }

    /// A new pattern; `None` without cells.
    fn add_pattern(&mut self, cells: Vec<(usize, f64)>) -> Option<usize> {
        if cells.is_empty() {
            return None;
        }
        self.patterns.push(cells);
        self.members.push(Vec::new());
        Some(self.patterns.len() - 1)
    }

    fn settle(&mut self, i: usize, source: &Source, site: Site) {
        let inside = match site {
            Site::Area { pattern } => {
                self.members[pattern].push(i);
                self.patterns[pattern].iter().map(|c| c.1).sum()
            }
            Site::Stack { .. } => 1.0,
            Site::Outside | Site::Far => 0.0,
        };
        self.sites.push(site);
        // rounding of weights is not mass outside
        if 1.0 - inside > 1e-12 {
            self.outside.add(source, 1.0 - inside);
        }
    }
}

impl Outside {
    fn add(&mut self, source: &Source, share: f64) {
        self.sources += 1;
        let kg = match &source.strength {
            Strength::Annual(_) | Strength::Monthly(_) | Strength::Measured { .. } => {
                self.annual_t = self.annual_t.zip(*source.strength.amounts(), |sum, v| sum + share * v);
                return;
            }
            Strength::Hourly { kg_s, .. } => {
                kg_s.iter().fold(Amounts::default(), |sum, hour| sum.zip(*hour, |sum, v| sum + 3600.0 * v))
            }
            Strength::Rate { kg_s, from, to } => {
                let seconds = (*to - *from).num_seconds().max(0) as f64;
                kg_s.zip(Amounts::all(seconds), |v, s| s * v)
            }
        };
        self.rate_kg = self.rate_kg.zip(kg, |sum, v| sum + share * v);
    }
}

/// Cells and weights of a pattern, worked out only when no source before had the same.
type Cells<'a> = Box<dyn FnOnce() -> Vec<(usize, f64)> + 'a>;

enum Located<'a> {
    Stack {
        cell: usize,
        stack: Stack,
    },
    Pattern {
        key: PatternKey,
        cells: Cells<'a>,
    },
    /// Outside the grid, counted and not listed one by one.
    Far,
}

fn locate<'a>(
    model: &EmissionModel,
    source: &Source,
    counties: &BTreeMap<u32, &'a CountyWeights>,
    grid: &'a HorizontalGrid,
    transform: &'a Transform<'a>,
) -> Result<Located<'a>, String> {
    match &source.place {
        Place::Point { lon, lat, stack } => {
            let Some((x, y)) = transform.cell(*lon, *lat) else {
                let rate = source.strength.annual().is_none();
                return if rate { Ok(Located::Far) } else { Err(format!("{lon} E {lat} N, outside the grid")) };
            };
            let cell = y * grid.nx + x;
            Ok(match stack {
                Some(stack) => Located::Stack { cell, stack: *stack },
                None => Located::Pattern { key: PatternKey::Cell(cell), cells: Box::new(move || vec![(cell, 1.0)]) },
            })
        }
        Place::County => {
            let spread = model.sector(source.sector).spread;
            let county =
                counties.get(&source.adcode).ok_or_else(|| format!("county {}, not in the region", source.adcode))?;
            let list = if spread == Spread::BuiltUp { &county.built_up } else { &county.area };
            if list.is_empty() || county.coverage <= 0.0 {
                return Err(format!("county {}, outside the grid", source.adcode));
            }
            let coverage = county.coverage.min(1.0);
            let cells = move || list.iter().map(|&(cell, w)| (cell, w * coverage)).collect();
            Ok(Located::Pattern { key: PatternKey::County(source.adcode, spread), cells: Box::new(cells) })
        }
        Place::Cell { west, south, east, north } => {
            let corners = [*west, *south, *east, *north];
            if !(west < east && south < north && corners.iter().all(|v| v.is_finite())) {
                return Err(format!("box {west} to {east} E, {south} to {north} N"));
            }
            let cells = move || box_cells(corners, grid, transform);
            Ok(Located::Pattern { key: PatternKey::Box(corners.map(f64::to_bits)), cells: Box::new(cells) })
        }
        Place::Quadrilateral { corners } => {
            let corners = *corners;
            if corners.iter().any(|c| !(c.0.is_finite() && c.1.is_finite())) {
                return Err(format!("a cell with the corners {corners:?}"));
            }
            let key = std::array::from_fn(|i| if i % 2 == 0 { corners[i / 2].0 } else { corners[i / 2].1 }.to_bits());
            let cells = move || quadrilateral_cells(&corners, grid, transform);
            Ok(Located::Pattern { key: PatternKey::Quadrilateral(key), cells: Box::new(cells) })
        }
    }
}

/// Number of layers of a grid that can receive emissions.
pub fn emission_layers(model: &EmissionModel, grid: &Grid) -> usize {
    layers_of(model, grid).0.len() - 1
}

/// Interfaces up to the layer that contains the model's highest emission, and the layer shares of every sector.
fn layers_of(model: &EmissionModel, grid: &Grid) -> (Vec<f64>, Vec<Vec<f64>>) {
    let all = &grid.vertical.interfaces_m;
    let layers = all.iter().take(all.len() - 1).filter(|bottom| **bottom < model.highest_m).count();
    let interfaces = all[..=layers].to_vec();
    let shares = Sector::ALL.into_iter().map(|s| layer_shares(&interfaces, &model.sector(s).layers)).collect();
    (interfaces, shares)
}

/// Share of each layer between `interfaces` of an emission spread evenly within each height range; what lies above the last interface
/// enters the last layer. The shares sum to the sum of the fractions.
fn layer_shares(interfaces: &[f64], heights: &[HeightShare]) -> Vec<f64> {
    let last = interfaces.len() - 2;
    let mut shares = vec![0.0; last + 1];
    for h in heights {
        let depth = h.to_m - h.from_m;
        if depth < 1e-6 {
            let layer = interfaces[1..=last].iter().filter(|top| **top <= h.from_m).count();
            shares[layer] += h.fraction;
            continue;
        }
        for (k, share) in shares.iter_mut().enumerate() {
            let top = if k == last { f64::INFINITY } else { interfaces[k + 1] };
            *share += h.fraction * (h.to_m.min(top) - h.from_m.max(interfaces[k])).max(0.0) / depth;
        }
    }
    shares
}

fn add_layers(rates: &mut [f64], species: &[f64; Species::COUNT], shares: &[f64]) {
    for (row, &rate) in rates.chunks_exact_mut(shares.len()).zip(species).filter(|(_, r)| **r > 0.0) {
        for (cell, share) in row.iter_mut().zip(shares) {
            *cell += rate * share;
        }
    }
}

fn rejection(source: &Source, reason: &str) -> Rejection {
    let unit = if source.strength.annual().is_some() { "t/a" } else { "kg/s" };
    let mass = words(source.strength.amounts(), unit);
    Rejection {
        file: "inventory".into(),
        place: source.id.clone(),
        found: format!("{reason}, with {mass}"),
        expected: "a place on the grid".into(),
        by_design: false,
    }
}

fn words(a: &Amounts, unit: &str) -> String {
    format!(
        "SO2 {:.3}, NOx {:.3}, CO {:.3}, NH3 {:.3}, NMVOC {:.3}, PM2.5 {:.3}, PM10 {:.3} {unit}",
        a.so2, a.nox, a.co, a.nh3, a.nmvoc, a.pm25, a.pm10
    )
}
