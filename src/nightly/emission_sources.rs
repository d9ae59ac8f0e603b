//! The sources of a night from its inventories and lists of plants, for the night itself and for the `emis` commands.

use super::inputs::{NightInputs, bounds, meteorology_window};
use crate::domain::county::CountyWeights;
use crate::domain::county_weights::county_weights;
use crate::domain::grid::{Grid, distance_m};
use crate::domain::met_field::MetField;
use crate::domain::source::{Amounts, Place, Sector, Source, Strength};
use crate::error::{Error, Rejection, Result};
use crate::input::inventory_fields::InventoryGroup;
use crate::input::isolation::{self, Isolation};
use crate::input::outside_file::InventoryFile;
use crate::input::{Window, inventory_csv, inventory_files, meteorology};
use crate::setup::{Setup, covered};
use crate::simulation::emission::EmissionModel;
use crate::simulation::emission_doctor::InventoryMass;
use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A common year that begins on a Wednesday, as its months fall on weekdays: where a file holds single months.
const COMMON_YEAR: i32 = 2025;

/// What to do with a file that is refused: return the error, or keep it and go on.
pub type OnFault<'a> = dyn FnMut(Error) -> Result<()> + 'a;

/// What inventories hold.
#[derive(Default)]
pub(super) struct InventoriesRead {
    pub sources: Vec<Source>,
    pub rejections: Vec<Rejection>,
    /// Refused rows of tables.
    pub refused: usize,
    pub masses: Vec<InventoryMass>,
}

/// The sources of all inventories: tables first, then gridded ones together.
///
/// # Errors
/// Those of the readers that `on_fault` does not keep.
pub(super) fn read_inventories(
    setup: &Setup,
    files: Vec<PathBuf>,
    window: Window,
    isolation: Option<&Isolation>,
    on_fault: &mut OnFault,
) -> Result<InventoriesRead> {
    let mut read = InventoriesRead::default();
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
                    read.sources.extend(accepted.items);
                    read.rejections.extend(accepted.rejections);
                }
                Err(e) => on_fault(e)?,
            }
        }
    }
    read.refused = read.rejections.len();
    match inventory_files::together(all, &setup.inventory) {
        Ok((groups, notes)) => {
            for group in groups {
                let (sources, mass) = annual(&setup.emission, group, window);
                read.sources.extend(sources);
                read.masses.push(mass);
            }
            read.rejections.extend(notes);
        }
        Err(e) => on_fault(e)?,
    }
    Ok(read)
}

/// Amounts of single months become those of the year in which these months emit them, by the months of the sector. Cells beside the window go,
/// and are counted.
fn annual(model: &EmissionModel, group: InventoryGroup, window: Window) -> (Vec<Source>, InventoryMass) {
    let mut mass = InventoryMass {
        stem: group.stem().to_owned(),
        year: COMMON_YEAR,
        months: group.months.clone(),
        read_t: group.read_t.iter().map(|(substance, t)| (substance.name(), *t)).collect(),
        beside_t: Amounts::default(),
    };
    let (mut sources, beside): (Vec<Source>, Vec<Source>) =
        group.sources.into_iter().partition(|s| touches(&s.place, window));
    for source in beside {
        mass.beside_t = mass.beside_t.zip(*source.strength.amounts(), |sum, t| sum + t);
    }
    let Some(months) = group.months else { return (sources, mass) };
    let shares: BTreeMap<Sector, f64> = Sector::ALL.into_iter().map(|s| (s, share_of(model, s, &months))).collect();
    for source in &mut sources {
        if let Strength::Annual(amounts) = &mut source.strength {
            *amounts = amounts.zip(Amounts::all(shares[&source.sector]), |t, share| t / share);
        }
    }
    (sources, mass)
}

/// Whether the box around a cell overlaps the window: a cell may cover it without a corner in it.
fn touches(place: &Place, (west, south, east, north): Window) -> bool {
    match place.bounds().filter(|_| !matches!(place, Place::Point { .. })) {
        Some((w, s, e, n)) => w < east && e > west && s < north && n > south,
        None => true,
    }
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
    /// Hour around which fires burn; without it the first full hour of the meteorology, and no fires where none is read.
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
        let (patterns, _, from) = inputs.meteorology_files(config, options.cycle)?;
        let files = inputs.take("meteorology", &patterns)?;
        let around = setup.grids.grid(setup.outermost(), &[]).ok().map(|g| meteorology_window(&g.horizontal));
        inputs.meteorology = meteorology::read_telling(&files, (around, from), isolation, &mut |_| ())?;
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
    let first = || options.meteorology.then(|| first_full_hour(&inputs.meteorology)).flatten();
    let spin_up = Duration::hours(i64::from(config.spin_up_hours));
    let fires_at = options.cycle.or_else(|| first().map(|first| first + spin_up));
    if let Some(cycle) = fires_at {
        inputs.cycle = cycle;
        inputs.read_fires(setup, Some(window))?;
    }
    let weights = setup.region.counties.iter().map(|c| county_weights(c, &grid.horizontal)).collect();
    Ok(EmissionCase { grid, weights, inputs, faults })
}

/// The first full hour at which there is meteorology.
pub fn first_full_hour(meteorology: &[MetField]) -> Option<DateTime<Utc>> {
    let first = meteorology.first()?.valid_time;
    Some(first + Duration::seconds((-first.timestamp()).rem_euclid(3600)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_covers_the_window_touches_it() {
        let window = (128.0, 42.0, 131.0, 44.0);
        let cell = |w: f64, s: f64, e: f64, n: f64| Place::Quadrilateral { corners: [(w, s), (e, s), (e, n), (w, n)] };
        assert!(touches(&cell(120.0, 40.0, 135.0, 50.0), window));
        // over an edge, with all corners beside it
        assert!(touches(&cell(127.0, 42.5, 132.0, 43.0), window));
        assert!(!touches(&cell(120.0, 40.0, 128.0, 50.0), window));
        assert!(!touches(&cell(129.0, 44.0, 130.0, 45.0), window));
        // points stay, to be counted beside the grid
        assert!(touches(&Place::Point { lon: 0.0, lat: 0.0, stack: None }, window));
    }
}
