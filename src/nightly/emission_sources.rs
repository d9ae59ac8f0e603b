//! The sources of a night from its inventories and lists of plants, for the night itself and for the `emis` commands.

use super::inputs::{NightInputs, bounds};
use crate::domain::county::CountyWeights;
use crate::domain::county_weights::county_weights;
use crate::domain::grid::{Grid, distance_m};
use crate::domain::source::{Amounts, Place, Sector, Source, Strength};
use crate::error::{Error, Rejection, Result};
use crate::input::inventory_fields::InventoryGroup;
use crate::input::isolation::{self, Isolation};
use crate::input::outside_file::InventoryFile;
use crate::input::{Window, inventory_csv, inventory_files, meteorology};
use crate::setup::{Setup, covered};
use crate::simulation::emission::EmissionModel;
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A common year that begins on a Wednesday, as its months fall on weekdays: where a file holds single months.
const COMMON_YEAR: i32 = 2025;
/// How far [degrees] meteorology is kept around the grid.
const METEOROLOGY_MARGIN: f64 = 6.0;

/// What to do with a file that is refused: return the error, or keep it and go on.
pub type OnFault<'a> = dyn FnMut(Error) -> Result<()> + 'a;

/// The sources of all inventories: tables first, then gridded ones together. Also the number of refused rows.
///
/// # Errors
/// Those of the readers that `on_fault` does not keep.
pub(super) fn read_inventories(
    setup: &Setup,
    files: Vec<PathBuf>,
    window: Window,
    isolation: Option<&Isolation>,
    on_fault: &mut OnFault,
) -> Result<(Vec<Source>, Vec<Rejection>, usize)> {
    let (mut sources, mut rejections) = (Vec::new(), Vec::new());
    let mut all = inventory_files::FileContent::default();
    for path in files {
        if inventory_files::is_gridded(&path)? {
            let vocabulary = setup.inventory.clone();
            match isolation::read(isolation, &InventoryFile { path, vocabulary, window }) {
                Ok(content) => {
                    all.fields.extend(content.fields);
                    all.listed.extend(content.listed);
                    all.notes.extend(content.notes);
                }
                Err(e) => on_fault(e)?,
            }
        } else {
            match inventory_csv::read(&path) {
                Ok(accepted) => {
                    sources.extend(accepted.items);
                    rejections.extend(accepted.rejections);
                }
                Err(e) => on_fault(e)?,
            }
        }
    }
    let refused = rejections.len();
    match inventory_files::together(all, &setup.inventory) {
        Ok((groups, notes)) => {
            groups.into_iter().for_each(|g| sources.extend(annual(&setup.emission, g, window)));
            rejections.extend(notes);
        }
        Err(e) => on_fault(e)?,
    }
    Ok((sources, rejections, refused))
}

/// Amounts of single months become those of the year in which these months emit them, by the months of the sector; cells beside the window
/// go.
fn annual(model: &EmissionModel, group: InventoryGroup, (west, south, east, north): Window) -> Vec<Source> {
    let touches = |s: &Source| match &s.place {
        Place::Cell { west: w, south: s, east: e, north: n } => *w < east && *e > west && *s < north && *n > south,
        Place::Quadrilateral { corners } => {
            corners.iter().any(|c| c.0 > west && c.0 < east && c.1 > south && c.1 < north)
        }
        Place::Point { .. } | Place::County => true,
    };
    let mut sources = group.sources;
    sources.retain(touches);
    let Some(months) = group.months else { return sources };
    let shares: BTreeMap<Sector, f64> = Sector::ALL.into_iter().map(|s| (s, share_of(model, s, &months))).collect();
    for source in &mut sources {
        if let Strength::Annual(amounts) = &mut source.strength {
            *amounts = amounts.zip(Amounts::all(shares[&source.sector]), |t, share| t / share);
        }
    }
    sources
}

/// Share of a sector's year that falls on `months`.
fn share_of(model: &EmissionModel, sector: Sector, months: &[u32]) -> f64 {
    let days = months.iter().flat_map(|m| {
        let first = NaiveDate::from_ymd_opt(COMMON_YEAR, *m, 1);
        first.into_iter().flat_map(|d| d.iter_days().take_while(move |other| other.month() == d.month()))
    });
    days.map(|day| model.sector(sector).profile.day_share(day)).sum()
}

/// Distance [m] within which two power plants are one.
pub(super) const SAME_PLANT_M: f64 = 5_000.0;

/// Whether a plant of a world-wide list is one that the inventory knows.
pub(super) fn same_plant(known: &Source, plant: &Source) -> bool {
    let at = |s: &Source| match s.place {
        Place::Point { lon, lat, .. } => Some((lon, lat)),
        Place::County | Place::Cell { .. } | Place::Quadrilateral { .. } => None,
    };
    known.sector == Sector::Power
        && at(known).zip(at(plant)).is_some_and(|(a, b)| distance_m(a, b) < SAME_PLANT_M)
        // plants of the same list may stand side by side
        && !known.id.starts_with("power_plant/")
}

/// The sources of a configuration on its grid, without a night.
pub struct EmissionCase {
    pub grid: Grid,
    pub weights: Vec<CountyWeights>,
    pub inputs: NightInputs,
    /// Files that were refused.
    pub faults: Vec<Error>,
}

/// What a case is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaseOptions {
    /// Read the meteorology, for the rise of plumes.
    pub meteorology: bool,
    /// Keep refused files as faults and go on.
    pub keep_faults: bool,
    /// Hours around which fires burn; without it no fires are read.
    pub cycle: Option<DateTime<Utc>>,
}

/// Reads inventories, plants and fires of a configuration, and its grid.
///
/// # Errors
/// `Missing`, `Format`: a file is absent, or refused where faults are not kept; `Invalid`: the same id twice, where faults are not kept.
pub fn read_case(setup: &Setup, options: CaseOptions) -> Result<EmissionCase> {
    let config = &setup.config;
    let isolation = Isolation::of_this_program();
    let isolation = isolation.as_ref();
    let mut inputs = NightInputs::none(setup);
    let needs_meteorology = options.meteorology || setup.grids.grid(&config.grid, &[]).is_err();
    if needs_meteorology {
        let window = setup.grids.grid(setup.outermost(), &[]).ok().map(|g| bounds(&g.horizontal));
        let files = inputs.take("meteorology", &config.inputs.meteorology)?;
        let around = window.map(|(w, s, e, n)| {
            (w - METEOROLOGY_MARGIN, s - METEOROLOGY_MARGIN, e + METEOROLOGY_MARGIN, n + METEOROLOGY_MARGIN)
        });
        inputs.meteorology = meteorology::read(&files, around, isolation)?;
    }
    let mut grid = setup.grids.grid(&config.grid, &inputs.meteorology)?;
    if needs_meteorology {
        grid.vertical = covered(&grid.vertical, &inputs.meteorology)?;
    }
    let window = bounds(&grid.horizontal);
    let mut faults = Vec::new();
    let mut on_fault = |e: Error| {
        if options.keep_faults {
            faults.push(e);
            return Ok(());
        }
        Err(e)
    };
    inputs.read_sources(setup, Some(window), isolation, &mut on_fault)?;
    twice(&mut inputs, &mut on_fault)?;
    if let Some(cycle) = options.cycle {
        inputs.cycle = cycle;
        inputs.read_fires(setup, Some(window))?;
    }
    let weights = setup.region.counties.iter().map(|c| county_weights(c, &grid.horizontal)).collect();
    Ok(EmissionCase { grid, weights, inputs, faults })
}

/// Ids that stand twice: kept once where faults are kept.
fn twice(inputs: &mut NightInputs, on_fault: &mut OnFault) -> Result<()> {
    let mut seen = BTreeSet::new();
    let mut doubled = Vec::new();
    inputs.sources.retain(|s| {
        let new = seen.insert(s.id.clone());
        if !new {
            doubled.push(s.id.clone());
        }
        new
    });
    for id in doubled {
        on_fault(Error::invalid("inputs", "source id", format!("{id} twice"), "ids unique over all inventory files"))?;
    }
    Ok(())
}
