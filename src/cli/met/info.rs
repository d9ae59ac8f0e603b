//! `hazecast met info`: what files hold, and what the model makes of them.

use super::super::language::Language;
use super::super::output;
use super::{as_driver, contents, quantities, show};
use crate::domain::grid::HorizontalGrid;
use crate::domain::met_field::MetField;
use crate::error::Result;
use crate::input::driver_needs::Need;
use crate::input::met_contents::{Contents, Range, Variable};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, clap::Args)]
pub(super) struct InfoArgs {
    /// Meteorology files: GRIB2 or NetCDF of any kind
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Do not read values: no ranges, but a file of half a gigabyte in a second
    #[arg(long)]
    no_ranges: bool,
    /// Print one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

/// What one file holds.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub file: String,
    pub format: String,
    pub grids: Vec<GridReport>,
    pub times: Vec<DateTime<Utc>>,
    pub variables: Vec<VariableReport>,
    pub model: ModelReport,
}

/// A lattice, or why it is none.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum GridReport {
    Lattice {
        projection: String,
        nx: usize,
        ny: usize,
        dx: f64,
        dy: f64,
        /// Of `dx` and `dy`.
        unit: &'static str,
        /// Longitude and latitude of the corner cells: south-west, south-east, north-east, north-west.
        corners: [(f64, f64); 4],
    },
    NotUnderstood {
        not_understood: String,
    },
}

#[derive(Debug, Serialize)]
pub(super) struct VariableReport {
    pub name: String,
    pub description: String,
    pub units: String,
    pub levels: Vec<f64>,
    pub level_units: String,
    pub times: usize,
    pub members: usize,
    pub grid: Option<usize>,
    #[serde(flatten)]
    pub range: Option<RangeReport>,
}

#[derive(Debug, Serialize)]
pub(super) struct RangeReport {
    /// `null` without a value.
    pub minimum: Option<f64>,
    pub maximum: Option<f64>,
    pub missing_values: usize,
}

/// What the model takes.
#[derive(Debug, Serialize)]
pub(super) struct ModelReport {
    pub can_drive: bool,
    pub refused_because: Option<String>,
    /// Points of a column and the height above ground that they reach everywhere [m].
    pub levels: Option<usize>,
    pub top_m: Option<f64>,
    pub needs: Vec<NeedReport>,
    pub quantities: Vec<QuantityReport>,
}

#[derive(Debug, Serialize)]
pub(super) struct NeedReport {
    pub zh: &'static str,
    pub en: &'static str,
    pub state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead_zh: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead_en: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Given,
    Replaced,
    Missing,
}

/// Range of a quantity as the model reads it, over all levels and times.
#[derive(Debug, Serialize)]
pub(super) struct QuantityReport {
    pub name: &'static str,
    pub zh: &'static str,
    pub en: &'static str,
    pub unit: &'static str,
    pub minimum: f64,
    pub maximum: f64,
}

pub(super) fn run(args: &InfoArgs, language: Language) -> Result<u8> {
    let mut reports = Vec::new();
    for path in &args.files {
        let report = report(path, !args.no_ranges)?;
        if !args.json {
            output::print(show::text(&report, language).trim_end())?;
        }
        reports.push(report);
    }
    if args.json {
        output::print_json(&reports)?;
    }
    Ok(0)
}

fn report(path: &Path, ranges: bool) -> Result<Report> {
    let contents = contents(path, ranges)?;
    let read = as_driver(path);
    let (fields, refused) = match read {
        Ok(fields) => (fields, None),
        Err(e) => (Vec::new(), Some(e.reason())),
    };
    Ok(Report {
        file: path.display().to_string(),
        format: contents.format.clone(),
        grids: contents.grids.iter().map(grid).collect(),
        model: model(&contents, &fields, refused),
        times: contents.times,
        variables: contents.variables.into_iter().map(variable).collect(),
    })
}

fn grid(grid: &std::result::Result<HorizontalGrid, String>) -> GridReport {
    match grid {
        Err(reason) => GridReport::NotUnderstood { not_understood: reason.clone() },
        Ok(g) => {
            let t = g.transform();
            let (east, north) = (g.nx as f64 - 1.0, g.ny as f64 - 1.0);
            GridReport::Lattice {
                projection: g.projection().to_owned(),
                nx: g.nx,
                ny: g.ny,
                dx: g.dx,
                dy: g.dy,
                unit: if g.is_latlon() { "degrees" } else { "m" },
                corners: [t.lonlat(0.0, 0.0), t.lonlat(east, 0.0), t.lonlat(east, north), t.lonlat(0.0, north)],
            }
        }
    }
}

fn variable(v: Variable) -> VariableReport {
    let number = |v: f64| v.is_finite().then_some(v);
    let of = |r: Range| RangeReport { minimum: number(r.minimum), maximum: number(r.maximum), missing_values: r.gaps };
    VariableReport {
        name: v.name,
        description: v.description,
        units: v.units,
        levels: v.levels,
        level_units: v.level_units,
        times: v.times,
        members: v.members,
        grid: v.grid,
        range: v.range.map(of),
    }
}

fn model(contents: &Contents, fields: &[MetField], refused: Option<String>) -> ModelReport {
    let needs = Need::ALL.into_iter().map(|need| {
        let (zh, en) = need.name();
        let instead = need.instead(contents.columns);
        let state = match (contents.gives.contains(&need), instead) {
            (true, _) => State::Given,
            (false, Some(_)) => State::Replaced,
            (false, None) => State::Missing,
        };
        let instead = instead.filter(|_| state == State::Replaced);
        NeedReport { zh, en, state, instead_zh: instead.map(|i| i.0), instead_en: instead.map(|i| i.1) }
    });
    let ranges = quantities::ALL.iter().filter_map(|q| {
        let range = fields
            .iter()
            .filter_map(|f| q.values(f))
            .fold(Range::EMPTY, |range, values| range.with(values.into_iter().map(f64::from)));
        (range.count > 0).then_some(QuantityReport {
            name: q.name,
            zh: q.zh,
            en: q.en,
            unit: q.unit,
            minimum: range.minimum,
            maximum: range.maximum,
        })
    });
    ModelReport {
        can_drive: refused.is_none(),
        refused_because: refused,
        levels: fields.first().map(|f| f.levels),
        top_m: fields.iter().map(MetField::top_m).reduce(f64::min),
        needs: needs.collect(),
        quantities: ranges.collect(),
    }
}
