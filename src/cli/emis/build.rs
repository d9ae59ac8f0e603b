//! `hazecast emis build`: hourly emissions on the model grid.

use super::super::language::Language;
use super::super::output;
use super::super::progress::hours_bar;
use super::wrong;
use crate::archive::emission_file;
use crate::calendar::parse_cycle;
use crate::domain::species::Species;
use crate::error::{Error, Result};
use crate::nightly::emission_sources::{CaseOptions, EmissionCase, first_full_hour, read_case};
use crate::setup::Setup;
use crate::simulation::emission_account::{Account, Expected};
use crate::simulation::emission_placement::{EmissionField, Placement};
use crate::simulation::meteorology::Meteorology;
use crate::simulation::plume::{PlumeAir, standard_height};
use chrono::{DateTime, Duration, Utc};
use serde::Serialize;
use std::path::PathBuf;

#[derive(Debug, Clone, clap::Args)]
pub struct BuildArgs {
    /// Configuration of the night
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// File to write (CF NetCDF)
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// First hour (UTC); without, the first full hour of the meteorology
    #[arg(long, value_name = "YYYY-MM-DDTHHZ", value_parser = |t: &str| parse_cycle(t).ok_or("expected an hour such as 2026-01-15T12Z"))]
    start: Option<DateTime<Utc>>,
    /// Hours to write; without, spin_up_hours + forecast_hours of the configuration
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=8784))]
    hours: Option<u32>,
    /// Do not read the meteorology: plumes rise in neutral air at a wind of 5 m s-1
    #[arg(long, requires = "start")]
    standard_air: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Built {
    file: String,
    start: DateTime<Utc>,
    hours: u32,
    sources: usize,
    layers: usize,
    /// Of each species over all hours.
    emitted_kg: Vec<(&'static str, f64)>,
    /// What the sources should give in these hours on the grid, worked out apart from it: of cells on its border by points.
    given_kg: Vec<(&'static str, f64)>,
}

pub fn run(args: &BuildArgs, language: Language) -> Result<u8> {
    if args.output.extension().is_none_or(|e| e != "nc") {
        return Err(wrong("--output", args.output.display().to_string(), "a name that ends in .nc"));
    }
    let setup = Setup::load(&args.config)?;
    let config = &setup.config;
    let hours = args.hours.unwrap_or(config.spin_up_hours + config.forecast_hours);
    // as in a night, which begins so long before its cycle and knows the fires up to that
    let spin_up = Duration::hours(i64::from(config.spin_up_hours));
    let cycle = args.start.map(|start| start + spin_up);
    let options = CaseOptions { meteorology: !args.standard_air, keep_faults: false, cycle };
    let case = read_case(&setup, options)?;
    let start = args.start.or_else(|| first_full_hour(&case.inputs.meteorology));
    let start = start.ok_or_else(|| wrong("--start", "none", "the first hour, where no meteorology is read"))?;
    let built = build(args, &setup, &case, (start, hours), language)?;
    if args.json {
        output::print_json(&built)?;
    } else {
        output::print(&text(&built, language))?;
    }
    Ok(0)
}

fn build(
    args: &BuildArgs,
    setup: &Setup,
    case: &EmissionCase,
    (start, hours): (DateTime<Utc>, u32),
    language: Language,
) -> Result<Built> {
    let (sources, grid) = (&case.inputs.sources, &case.grid);
    let (placement, _) = Placement::new(&setup.emission, sources, &case.weights, grid);
    let mut meteorology = match args.standard_air {
        true => None,
        false => Some(Meteorology::new(&case.inputs.meteorology, grid, setup.config.frozen_meteorology)?),
    };
    let bar = hours_bar(hours, language.pick("逐时排放", "hourly emissions"));
    let account = Account::new(sources, &case.weights, grid);
    let mut given = [Expected::default(); Species::COUNT];
    let mut emitted = vec![0.0; Species::COUNT];
    let written = |h: u32, mut field: EmissionField| -> Result<EmissionField> {
        let hour = start + Duration::hours(i64::from(h));
        let air = meteorology
            .as_mut()
            .map(|m| m.at(hour + Duration::minutes(30)).map(|met| PlumeAir::of(&met)))
            .transpose()?;
        let height = |cell: usize, stack: &_| match &air {
            Some(air) => air.effective_height(grid, cell, stack),
            None => standard_height(stack),
        };
        placement.rate(&setup.emission, sources, hour, &height, &mut field);
        for (sum, plane) in emitted.iter_mut().zip(field.rate_kg_s.outer_iter()) {
            *sum += 3600.0 * plane.iter().map(|v| f64::from(*v)).sum::<f64>();
        }
        for (sum, rate) in given.iter_mut().zip(account.rates(&setup.emission, sources, hour)) {
            sum.amount += 3600.0 * rate.amount;
            sum.uncertain += 3600.0 * rate.uncertain;
        }
        bar.set_position(u64::from(h) + 1);
        // a file that is not what the sources give is never put in place
        if h + 1 == hours {
            check(&given, &emitted)?;
        }
        Ok(field)
    };
    emission_file::write(&args.output, grid, placement.layers(), start, hours, written)?;
    bar.finish_and_clear();
    let given = given.map(|g| g.amount);
    let named = |values: &[f64]| {
        Species::ALL.into_iter().map(|s| (s.name(), values[s.index()])).filter(|(_, v)| *v > 0.0).collect()
    };
    Ok(Built {
        file: args.output.display().to_string(),
        start,
        hours,
        sources: sources.len(),
        layers: placement.layers(),
        emitted_kg: named(&emitted),
        given_kg: named(&given),
    })
}

/// Mass in is mass out.
fn check(given: &[Expected], emitted: &[f64]) -> Result<()> {
    for species in Species::ALL {
        let (given, emitted) = (given[species.index()], emitted[species.index()]);
        if given.is_missed_by(emitted) {
            return Err(Error::Unstable {
                process: "placing of emissions".into(),
                place: species.name().into(),
                found: format!("{emitted} kg on the grid"),
                expected: format!("{} +- {} kg as the sources give", given.amount, given.uncertain),
            });
        }
    }
    Ok(())
}

fn text(built: &Built, language: Language) -> String {
    let kg = |v: f64| format!("{:.3} t", v * 1e-3);
    let list: Vec<String> = built.emitted_kg.iter().map(|(n, v)| format!("{n} {}", kg(*v))).collect();
    format!(
        "{}\n{}: {}  {}: {} {}  {}: {}\n{}: {}",
        built.file,
        language.pick("排放源", "sources"),
        built.sources,
        language.pick("小时", "hours"),
        built.hours,
        built.start.format("%Y-%m-%dT%HZ"),
        language.pick("层", "layers"),
        built.layers,
        language.pick("排放总量", "emitted"),
        list.join(", ")
    )
}
