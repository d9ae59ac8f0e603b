//! `hazecast met grid`: files brought to a model grid, as a night does it, with the time it takes.

use super::super::language::Language;
use super::super::output;
use crate::error::Result;
use crate::input::isolation::Isolation;
use crate::input::meteorology;
use crate::nightly::inputs::meteorology_window;
use crate::setup::covered;
use crate::setup::grids::GridSetups;
use crate::setup::library::Library;
use crate::simulation::meteorology::Meteorology;
use chrono::{DateTime, Utc};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Instant;

#[derive(Debug, Clone, clap::Args)]
pub(super) struct GridArgs {
    /// Meteorology files of one run
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Grid of models/grids.toml
    #[arg(long, value_name = "NAME", default_value = "yanbian-9km")]
    grid: String,
    /// Print one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

/// What was brought to the grid.
#[derive(Serialize)]
struct Brought {
    grid: String,
    /// Cells eastward and northward, layers.
    shape: [usize; 3],
    files: usize,
    times: usize,
    first: DateTime<Utc>,
    last: DateTime<Utc>,
    /// Seconds for reading, and for bringing all times to the grid.
    read_seconds: f64,
    grid_seconds: f64,
    /// Air in the lowest layer, mean over the grid, lowest and highest of all times [kg m-3].
    lowest_layer_density: [f64; 2],
}

pub(super) fn run(args: &GridArgs, language: Language) -> Result<u8> {
    let setups = Library::new(None).read("models/grids.toml", GridSetups::from_toml)?;
    let mut grid = setups.grid(&args.grid, &[])?;
    let started = Instant::now();
    let reading = bar(args.files.len(), language.pick("读取气象文件", "reading meteorology"));
    let (window, isolation) = (Some(meteorology_window(&grid.horizontal)), Isolation::of_this_program());
    let fields = meteorology::read_telling(&args.files, (window, None), isolation.as_ref(), &mut |done| {
        reading.set_position(done as u64);
    })?;
    reading.finish();
    let read_seconds = started.elapsed().as_secs_f64();
    grid.vertical = covered(&grid.vertical, &fields)?;
    let started = Instant::now();
    let mut on_grid = Meteorology::new(&fields, &grid, false)?;
    let (bar, mut densities) = (bar(fields.len(), language.pick("插值到模式网格", "to the model grid")), Vec::new());
    for field in &fields {
        let density = on_grid.at(field.valid_time)?.density;
        let lowest = density.index_axis(ndarray::Axis(0), 0);
        densities.push(lowest.iter().map(|d| f64::from(*d)).sum::<f64>() / lowest.len() as f64);
        bar.inc(1);
    }
    bar.finish();
    let (first, last) = on_grid.span();
    let (nz, ny, nx) = grid.shape();
    let brought = Brought {
        grid: args.grid.clone(),
        shape: [nx, ny, nz],
        files: args.files.len(),
        times: fields.len(),
        first,
        last,
        read_seconds,
        grid_seconds: started.elapsed().as_secs_f64(),
        lowest_layer_density: densities.iter().fold([f64::INFINITY, 0.0], |[a, b], d| [a.min(*d), b.max(*d)]),
    };
    if args.json {
        output::print_json(&brought)?;
    } else {
        output::print(&text(&brought, language))?;
    }
    Ok(0)
}

fn bar(length: usize, what: &str) -> ProgressBar {
    let visible = std::io::stderr().is_terminal();
    let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(length as u64), target);
    if let Ok(style) = ProgressStyle::with_template("{msg:24} [{bar:32}] {pos}/{len}  {eta} left") {
        bar.set_style(style);
    }
    bar.set_message(what.to_owned());
    bar
}

fn text(b: &Brought, language: Language) -> String {
    let [nx, ny, nz] = b.shape;
    let stamp = |t: DateTime<Utc>| t.format("%Y-%m-%d %H:%M UTC").to_string();
    let (first, last, read, grid) = (stamp(b.first), stamp(b.last), b.read_seconds, b.grid_seconds);
    match language {
        Language::Zh => format!(
            "{}：{nx} x {ny} x {nz} 网格；{} 个文件，{} 个时次，{first} 至 {last}；读取 {read:.1} 秒，插值 {grid:.1} 秒",
            b.grid, b.files, b.times
        ),
        Language::En => format!(
            "{}: {nx} x {ny} x {nz} cells; {} files, {} times, {first} to {last}; read in {read:.1} s, on the grid in {grid:.1} s",
            b.grid, b.files, b.times
        ),
    }
}
