//! `hazecast rank`: which sources make the exceeding means of an archived run.

use super::archived::{published, run_id};
use super::language::Language;
use super::output;
use crate::archive::RANKING;
use crate::archive::run_id::RunId;
use crate::archive::store::Store;
use crate::calendar::beijing_local;
use crate::error::{Error, Result};
use crate::reduction::ranking::{RankedWindow, Ranking};
use std::fmt::Write;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  hazecast rank --config night.toml
  hazecast rank 2026011512 --config night.toml --county 222403 --rows 20
  hazecast rank --runs /var/lib/hazecast/runs --json";

/// Ranks the sources by what they add to each exceeding 24-h mean.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct RankArgs {
    /// Run; default: the latest
    #[arg(value_name = "YYYYMMDDHH", value_parser = run_id)]
    pub run: Option<RunId>,
    /// Configuration of the night, for its folder of runs
    #[arg(long, value_name = "FILE", required_unless_present = "runs", conflicts_with = "runs")]
    pub config: Option<PathBuf>,
    /// Folder of runs
    #[arg(long, value_name = "DIR")]
    pub runs: Option<PathBuf>,
    /// Code of a county; default: all with an exceeding mean
    #[arg(long, value_name = "ADCODE")]
    pub county: Option<u32>,
    /// Sources of each mean that are shown
    #[arg(long, value_name = "N", default_value_t = 15)]
    pub rows: usize,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Runs the command; returns the exit code.
///
/// # Errors
/// `Missing` without a run or where nothing exceeded in it, `Format` when it is damaged, `Invalid` for a county without an exceeding mean.
pub fn run(args: &RankArgs, language: Language) -> Result<u8> {
    let (store, run) = published(args.config.as_deref(), args.runs.as_deref(), args.run.as_ref())?;
    let mut ranking = ranking_of(&store, &run)?;
    if let Some(county) = args.county {
        let known: Vec<String> = ranking.windows.iter().map(|w| w.window.adcode.to_string()).collect();
        ranking.windows.retain(|w| w.window.adcode == county);
        if ranking.windows.is_empty() {
            let expected = format!("a county with an exceeding mean: {}", known.join(", "));
            return Err(Error::invalid("command line", "--county", county.to_string(), expected));
        }
    }
    if args.json {
        output::print_json(&ranking)?;
    } else {
        output::print(text(&ranking, args.rows, language).trim_end())?;
    }
    Ok(0)
}

fn ranking_of(store: &Store, run: &RunId) -> Result<Ranking> {
    let bytes = store.bytes(run, RANKING).map_err(|e| match e {
        Error::Missing { path, .. } => Error::missing(
            format!("a ranking of run {run}: no mean carried a level in it, or it was made before there were rankings"),
            path,
            "Name another run",
        ),
        other => other,
    })?;
    serde_json::from_slice(&bytes).map_err(|e| {
        let path = store.folder().join(run.as_str()).join(RANKING);
        Error::format(path, format!("line {}", e.line()), e.to_string(), "a ranking", "Restore the run from a backup")
    })
}

fn text(ranking: &Ranking, rows: usize, language: Language) -> String {
    let mut out = String::new();
    for window in &ranking.windows {
        of_window(&mut out, window, rows, language);
    }
    for caveat in if language == Language::Zh { &ranking.caveats_zh } else { &ranking.caveats_en } {
        let _ = writeln!(out, "{caveat}");
    }
    out
}

fn of_window(out: &mut String, ranked: &RankedWindow, rows: usize, language: Language) {
    let (w, c) = (&ranked.window, &ranked.closure);
    let to = beijing_local(w.to).format("%Y-%m-%d %H:%M");
    let _ = writeln!(
        out,
        "{} {} {to}: {} {:.1}, {} {:.1} ug/m3",
        w.adcode,
        language.pick("截至北京时间24小时", "24 h to Beijing time"),
        language.pick("预报", "forecast"),
        w.forecast_ug_m3,
        language.pick("模式", "model"),
        w.model_ug_m3
    );
    let _ = writeln!(
        out,
        "  {} {:.1} ({} {:.1}), {} {:.1}, {} {:.1}, {} {:.1}; {} {:.2}",
        language.pick("本地源", "local sources"),
        c.local_ug_m3,
        language.pick("其中措施可及", "of that within reach of an order"),
        c.reach_ug_m3,
        language.pick("火点", "fires"),
        c.fires_ug_m3,
        language.pick("区域外源", "sources outside"),
        c.outside_ug_m3,
        language.pick("输入、背景与非线性余项", "inflow, background and non-linear remainder"),
        c.remainder_ug_m3,
        language.pick("需降低", "fall needed"),
        w.fall_needed_ug_m3
    );
    let heads = match language {
        Language::Zh => "    微克/立方米 一次PM 措施后可及   每吨PM2.5   累计   源",
        Language::En => "        ug/m3  primary  after order  per t PM2.5   so far   source",
    };
    let _ = writeln!(out, "{heads}");
    for s in ranked.sources.iter().take(rows) {
        let _ = writeln!(
            out,
            "  {:>11.3} {:>8.3} {:>12.3} {:>12.4} {:>7.1}%   {} {} ({})",
            s.added_ug_m3,
            s.primary_ug_m3,
            s.after_order_ug_m3,
            s.per_tonne.pm25,
            100.0 * s.cumulated_share,
            s.source,
            s.name,
            s.sector.name()
        );
    }
    let _ = writeln!(out);
}
