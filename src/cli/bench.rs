//! `hazecast bench`: how fast the core is on this machine.

use super::language::Language;
use super::output;
use crate::domain::grid::Grid;
use crate::error::{Error, Result};
use crate::setup::grids::GridSetups;
use crate::setup::library::Library;
use crate::simulation::boundary::BackgroundProfiles;
use crate::simulation::speed::{Limit, Speed, TRANSPORT_NS, TRANSPORT_SHARE, measure};
use std::fmt::Write;

const EXAMPLES: &str = "\
Examples:
  hazecast bench
  hazecast bench --grid demo --threads 1 --json

Measured on synthetic winter weather; other programs that run at the same time slow it down.";

/// Measures the core: every kernel beside a memory triad, and the whole step.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct BenchArgs {
    /// Grid of models/grids.toml
    #[arg(long, value_name = "NAME", default_value = "yanbian-3km")]
    grid: String,
    /// Threads; default: one per core
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Runs the command; returns the exit code.
///
/// # Errors
/// `Invalid` for an unknown grid or a number of threads that is none.
pub fn run(args: &BenchArgs, language: Language) -> Result<u8> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = args.threads.unwrap_or(cores);
    if !(1..=1024).contains(&threads) {
        return Err(Error::invalid("command line", "--threads", threads.to_string(), "1 ..= 1024"));
    }
    let mut library = Library::new(None);
    let setups = library.read("models/grids.toml", GridSetups::from_toml)?;
    let grid: Grid = setups.grid(&args.grid, &[])?;
    let profiles = library.read("models/boundary.toml", BackgroundProfiles::from_toml)?;
    let speed = measure(&grid, &profiles, setups.surface, threads)?;
    if args.json {
        output::print_json(&speed)?
    } else {
        output::print(table(&speed, language).trim_end())?
    }
    Ok(0)
}

/// Width of the first column; a Chinese character takes two places.
const NAME_WIDTH: usize = 27;

fn table(speed: &Speed, language: Language) -> String {
    let mut out = String::new();
    let [nz, ny, nx, species] = speed.shape;
    let head = match language {
        Language::Zh => format!(
            "{}：{nx} x {ny} x {nz} 网格，{species} 个物种；{} 线程，指令集 {}；内存三元组 {:.1} GB/s",
            speed.grid, speed.threads, speed.instructions, speed.triad_gb_s
        ),
        Language::En => format!(
            "{}: {nx} x {ny} x {nz} cells, {species} species; {} threads, instructions {}; memory triad {:.1} GB/s",
            speed.grid, speed.threads, speed.instructions, speed.triad_gb_s
        ),
    };
    let _ = writeln!(out, "{head}");
    let (rate, time, share) = (
        language.pick("百万点/秒", "million/s"),
        language.pick("纳秒/点", "ns/point"),
        language.pick("占三元组带宽", "of the triad"),
    );
    let right = |text: &str, width: usize| " ".repeat(width.saturating_sub(places(text))) + text;
    let _ = writeln!(out, "{}{}{}{}", " ".repeat(NAME_WIDTH), right(rate, 12), right(time, 11), right(share, 15));
    for k in &speed.kernels {
        let name = language.pick(k.zh, k.en);
        let pad = " ".repeat(NAME_WIDTH.saturating_sub(places(name)));
        let share = k.share_of_triad.map_or_else(|| "-".to_owned(), |s| format!("{:.0} %", 100.0 * s));
        let _ = writeln!(out, "{name}{pad}{:>12.1}{:>11.3}{share:>15}", k.million_per_s, k.ns_per_point);
    }
    let met = match speed.transport_meets {
        Limit::Time => language.pick("达到时间限", "met by time"),
        Limit::Bandwidth => language.pick("达到带宽限", "met by bandwidth"),
        Limit::None => language.pick("未达到", "not met"),
    };
    let limit = language.pick("输送目标：每点每步", "transport target: per point and step");
    let _ = writeln!(
        out,
        "{limit} <= {TRANSPORT_NS} ns {} >= {:.0} %: {met}",
        language.pick("或带宽", "or bandwidth"),
        100.0 * TRANSPORT_SHARE
    );
    let tail = match language {
        Language::Zh => format!(
            "点 = 网格数 x 物种数（每小时一次的为网格数）；每小时 {} 步；每分钟可算 {:.1} 小时预报",
            speed.steps_per_hour, speed.forecast_hours_per_minute
        ),
        Language::En => format!(
            "point = cell and species (cell, where work is done once an hour); {} steps an hour; {:.1} hours of forecast per minute",
            speed.steps_per_hour, speed.forecast_hours_per_minute
        ),
    };
    let _ = writeln!(out, "{tail}");
    out
}

/// Places that a text takes on a terminal.
fn places(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}
