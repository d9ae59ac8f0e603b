//! `hazecast emis plot`: where a pollutant is emitted.

use super::super::drawing::classes::Scale;
use super::super::language::Language;
use super::super::map::{self, Map, Point};
use super::super::output;
use super::{day, end_of_day, parse_date, wrong};
use crate::domain::source::{Amounts, Place, Sector};
use crate::error::Result;
use crate::nightly::emission_sources::{CaseOptions, read_case};
use crate::setup::Setup;
use crate::simulation::emission_placement::Placement;
use chrono::NaiveDate;
use serde::Serialize;
use std::path::PathBuf;

/// Largest stacks that are named on the map.
const NAMED: usize = 4;
/// How the pollutants of [`Amounts::named`] are written.
const WRITTEN: [&str; 9] = ["SO2", "NOx", "CO", "NH3", "NMVOC", "PM2.5", "PM10", "BC", "OC"];

#[derive(Debug, Clone, clap::Args)]
pub struct PlotArgs {
    /// Configuration of the night
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// so2, nox, co, nh3, nmvoc, pm25, pm10, bc or oc
    #[arg(long, value_name = "NAME")]
    pollutant: String,
    /// A sector; without, all of them
    #[arg(long, value_name = "NAME")]
    sector: Option<String>,
    /// Picture to write, .svg or .png
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Also draw the fires of this day, in Beijing; amounts are then tonnes of the day
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_date)]
    date: Option<NaiveDate>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Plotted {
    file: String,
    title: String,
    unit: &'static str,
    /// On the grid, in `unit`.
    total: f64,
    largest_unit: &'static str,
    /// Of a cell, as drawn.
    largest: f32,
}

pub fn run(args: &PlotArgs, language: Language) -> Result<u8> {
    let names = Amounts::default().named().map(|(n, _)| n);
    let wanted = args.pollutant.to_lowercase();
    let Some(index) = names.iter().position(|n| *n == wanted) else {
        return Err(wrong("--pollutant", &args.pollutant, names.join(", ")));
    };
    let sector = match &args.sector {
        None => None,
        Some(name) => Some(
            Sector::from_name(name).ok_or_else(|| wrong("--sector", name, Sector::ALL.map(Sector::name).join(", ")))?,
        ),
    };
    let setup = Setup::load(&args.config)?;
    let cycle = args.date.map(end_of_day);
    let case = read_case(&setup, CaseOptions { meteorology: false, keep_faults: false, cycle })?;
    let (grid, sources) = (&case.grid.horizontal, &case.inputs.sources);
    let (placement, _) = Placement::new(&setup.emission, sources, &case.weights, &case.grid);
    let mut values = vec![0.0f64; grid.cells()];
    let mut stacks: Vec<(f64, Point)> = Vec::new();
    for (i, source) in sources.iter().enumerate().filter(|(_, s)| sector.is_none_or(|wanted| s.sector == wanted)) {
        let amounts = match (args.date, source.strength.annual()) {
            (None, Some(annual)) => *annual,
            (None, None) => continue,
            (Some(_), _) => setup.emission.daily_amounts(source, day(args.date)),
        };
        let amount = amounts.named()[index].1;
        placement.cells_of(i).iter().for_each(|(cell, share)| values[*cell] += amount * share);
        if let Place::Point { lon, lat, .. } = source.place {
            stacks.push((amount, Point { lon, lat, label: source.name.clone() }));
        }
    }
    let area = grid.metric().area_m2;
    let unit = if args.date.is_some() { "t km-2 d-1" } else { "t km-2 a-1" };
    // nothing is drawn where nothing is emitted
    let dense: Vec<f32> = values
        .iter()
        .zip(&area)
        .map(|(v, m2)| if *v > 0.0 { (v / f64::from(*m2) * 1e6) as f32 } else { f32::NAN })
        .collect();
    stacks.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.label.cmp(&b.1.label)));
    let points: Vec<Point> = stacks.into_iter().filter(|(v, _)| *v > 0.0).take(NAMED).map(|(_, p)| p).collect();
    let outlines: Vec<_> = setup.region.counties.iter().map(|c| c.outline.clone()).collect();
    let what = sector.map_or_else(|| language.pick("全部门", "all sectors").to_owned(), |s| s.name().to_owned());
    let span = args.date.map_or_else(|| language.pick("年排放", "annual").to_owned(), |day| day.to_string());
    let title = format!("{} {}, {what}, {span}", language.pick("排放", "Emission of"), WRITTEN[index]);
    let map = Map {
        title: title.clone(),
        unit: unit.into(),
        grid,
        values: &dense,
        scale: Scale::Logarithmic,
        outlines: &outlines,
        points: &points,
    };
    map::write(&args.output, &map)?;
    let plotted = Plotted {
        file: args.output.display().to_string(),
        title,
        unit: if args.date.is_some() { "t d-1" } else { "t a-1" },
        total: values.iter().sum(),
        largest_unit: unit,
        largest: dense.iter().copied().fold(0.0, f32::max),
    };
    if args.json {
        output::print_json(&plotted)?;
    } else {
        let total = language.pick("网格内合计", "on the grid");
        output::print(&format!("{}  {total} {:.1} {}", plotted.file, plotted.total, plotted.unit))?;
    }
    Ok(0)
}
