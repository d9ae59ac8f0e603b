//! Whether what is emitted is what was given: from the files to the sources, and from the sources to the grid.

use super::super::emission_account::Account;
use super::super::emission_placement::EmissionField;
use super::super::plume::standard_height;
use super::{Ailment, Case, Finding, InventoryMass};
use crate::calendar::end_of_beijing_hour;
use crate::domain::bilingual::Bilingual;
use crate::domain::source::{Amounts, Place, Sector, Source, Strength};
use crate::domain::species::Species;
use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc};
use std::collections::BTreeMap;

/// Largest relative difference of the sources of a gridded inventory from its files.
const TOLERANCE: f64 = 1e-6;
/// The same of PM10, which is raised to PM2.5 where rounding puts it below.
const TOLERANCE_OF_PM10: f64 = 0.01;
/// An hour of a winter Monday [s since 1970]: 2026-01-19T00Z.
const EXAMPLE_HOUR: i64 = 1_768_780_800;

pub(super) fn findings(case: &Case) -> Vec<Finding> {
    let mut found: Vec<Finding> = case.inventories.iter().flat_map(|mass| of_files(case, mass)).collect();
    found.extend(on_grid(case));
    found
}

/// The tonnes of a gridded inventory's files against those of its sources, in the months that the files hold.
fn of_files(case: &Case, mass: &InventoryMass) -> Vec<Finding> {
    let mut by_sector: BTreeMap<Sector, Amounts> = BTreeMap::new();
    let own = |s: &&Source| s.id.split_once('/').is_some_and(|(stem, _)| stem == mass.stem);
    for source in case.sources.iter().filter(own) {
        if let Some(annual) = source.strength.annual() {
            let sum = by_sector.entry(source.sector).or_default();
            *sum = sum.zip(*annual, |sum, t| sum + t);
        }
    }
    let made = by_sector.into_iter().fold(mass.beside_t, |sum, (sector, annual)| {
        let share = mass.months.as_ref().map_or(1.0, |months| emitted_in(case, sector, mass.year, months));
        sum.zip(annual, |sum, t| sum + share * t)
    });
    let tonnes = made.named().into_iter().filter_map(|(name, made)| Some((name, made, *mass.read_t.get(name)?)));
    let lost = tonnes.filter(|(name, made, read)| {
        let tolerance = if *name == "pm10" { TOLERANCE_OF_PM10 } else { TOLERANCE };
        let off = (made - read).abs();
        off.is_nan() || off > tolerance * read.abs().max(made.abs())
    });
    let finding = |(name, made, read): (&str, f64, f64)| Finding {
        ailment: Ailment::Mass,
        place: format!("{}, {name}", mass.stem),
        number: Some(made - read),
        what: Bilingual::new(
            format!("文件中 {read:.6} t，排放源与网格外合计 {made:.6} t"),
            format!("{read:.6} t in the files, {made:.6} t in sources and beside the grid"),
        ),
        remedy: report_it(),
    };
    lost.map(finding).collect()
}

/// Share of a sector's year that it emits in `months`, hour by hour.
fn emitted_in(case: &Case, sector: Sector, year: i32, months: &[u32]) -> f64 {
    let tonne = Source {
        id: String::new(),
        name: String::new(),
        sector,
        adcode: 0,
        place: Place::County,
        strength: Strength::Annual(Amounts::all(1.0)),
        changes: Vec::new(),
    };
    let first = NaiveDate::from_ymd_opt(year, 1, 1);
    let days = first.into_iter().flat_map(|d| d.iter_days().take_while(|d| d.year() == year));
    let hours = days.filter(|d| months.contains(&d.month())).flat_map(|day| {
        let midnight = end_of_beijing_hour(day, 24) - Duration::hours(24);
        (0..24).map(move |h| midnight + Duration::hours(h))
    });
    hours.map(|start| 3.6 * case.model.hourly_rate(&tonne, start).co).sum()
}

/// One hour's field against what the sources should emit on the grid.
fn on_grid(case: &Case) -> Option<Finding> {
    let start = DateTime::<Utc>::from_timestamp(EXAMPLE_HOUR, 0)?;
    let mut field = EmissionField::new(case.grid, case.placement.layers());
    case.placement.rate(case.model, case.sources, start, &|_, stack| standard_height(stack), &mut field);
    let expected = Account::new(case.sources, case.weights, case.grid).rates(case.model, case.sources, start);
    let emitted: Vec<f64> =
        field.rate_kg_s.outer_iter().map(|plane| plane.iter().map(|v| f64::from(*v)).sum()).collect();
    let missed = Species::ALL.into_iter().filter(|s| expected[s.index()].is_missed_by(emitted[s.index()]));
    let off = |s: &Species| (emitted[s.index()] - expected[s.index()].amount).abs() / expected[s.index()].amount;
    let worst = missed.max_by(|a, b| off(a).total_cmp(&off(b)))?;
    let (emitted, expected) = (emitted[worst.index()], expected[worst.index()]);
    Some(Finding {
        ailment: Ailment::Mass,
        place: worst.name().into(),
        number: Some(emitted - expected.amount),
        what: Bilingual::new(
            format!(
                "网格上的排放 {emitted:.9} kg/s，网格内的源应为 {:.9} ± {:.9} kg/s",
                expected.amount, expected.uncertain
            ),
            format!(
                "{emitted:.9} kg/s on the grid, {:.9} +- {:.9} kg/s of the sources on it",
                expected.amount, expected.uncertain
            ),
        ),
        remedy: report_it(),
    })
}

fn report_it() -> Bilingual {
    Bilingual::new("请连同清单报告此问题", "Please report this with the inventory")
}
