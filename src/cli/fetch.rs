//! `hazecast fetch`: the inputs of a night by HTTPS, from the hosts that the configuration names.

use super::language::Language;
use super::output;
use crate::calendar::parse_cycle;
use crate::config::Config;
use crate::config::mirror::Mirror;
use crate::error::Result;
use crate::fetch::errand::{FileReport, Report, State, World, fetch};
use crate::fetch::layout::hours_to_publish;
use crate::fetch::resolver::system_lookup;
use crate::fetch::slots::run_at;
use chrono::{DateTime, Duration, Utc};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fmt::Write;
use std::io::IsTerminal;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  hazecast fetch --config night.toml
  hazecast fetch --config night.toml --cycle 2026-01-15T12Z --json

Stopped and started again, it goes on where it was. What is there already is not fetched again.
Exit code 0: everything is there; 5: something is missing, or an older run stands in; 3: no run of the meteorology is complete.";

/// Fetches meteorology, fires and observations of a night by HTTPS, from the hosts that the configuration allows.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct FetchArgs {
    /// Configuration of the night
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Cycle (UTC); default: that of the newest run that should be published by now
    #[arg(long, value_name = "YYYY-MM-DDTHHZ", value_parser = |t: &str| parse_cycle(t).ok_or("expected a cycle such as 2026-01-15T12Z"))]
    pub cycle: Option<DateTime<Utc>>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Runs the command; returns the exit code.
///
/// # Errors
/// As [`fetch`].
pub fn run(args: &FetchArgs, language: Language) -> Result<u8> {
    let config = Config::load(&args.config)?;
    let cycle = args.cycle.unwrap_or_else(|| newest(config.inputs.mirror.as_ref()));
    let bar = bar(std::io::stderr().is_terminal());
    let world = World {
        pause: &|wait| std::thread::sleep(wait),
        lookup: system_lookup,
        progress: &|file| {
            bar.set_message(file.to_owned());
            bar.tick();
        },
    };
    let report = fetch(&config, &args.config, cycle, world)?;
    bar.finish_and_clear();
    if args.json {
        output::print_json(&report)?;
    } else {
        output::print(&text(&report, language))?;
    }
    Ok(match (report.without_meteorology, report.complete) {
        (true, _) => 3,
        (false, false) => super::DEGRADED,
        (false, true) => 0,
    })
}

/// The newest run that should be published by now; without a mirror the hour that has just begun.
fn newest(mirror: Option<&Mirror>) -> DateTime<Utc> {
    let now = Utc::now();
    match mirror {
        Some(mirror) => run_at(mirror, now - Duration::hours(hours_to_publish(mirror.provider)), 0),
        None => now - Duration::seconds(now.timestamp().rem_euclid(3600)),
    }
}

fn bar(visible: bool) -> ProgressBar {
    let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(None, target);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
        bar.set_style(style);
    }
    bar
}

fn text(report: &Report, language: Language) -> String {
    let mut out = String::new();
    for file in &report.files {
        let _ = writeln!(out, "{}", line(file, language));
    }
    let counted = |state: State| report.files.iter().filter(|f| f.state == state).count();
    let bytes: u64 = report.files.iter().filter(|f| f.state == State::Fetched).map(|f| f.bytes - f.resumed_bytes).sum();
    let _ = writeln!(
        out,
        "{}: {}  {}: {} ({bytes} B, {} {})  {}: {}  {}: {}",
        language.pick("起报", "cycle"),
        report.cycle.format("%Y-%m-%dT%HZ"),
        language.pick("已下载", "fetched"),
        counted(State::Fetched),
        report.requests,
        language.pick("次请求", "requests"),
        language.pick("原已存在", "present"),
        counted(State::Present),
        language.pick("缺失", "missing"),
        counted(State::Missing),
    );
    let verdict = match (report.without_meteorology, report.complete, report.run) {
        (true, ..) => {
            language.pick("没有任何一次起报的气象资料齐全", "no run of the meteorology is complete").to_owned()
        }
        (false, false, Some(run)) => {
            format!(
                "{} {}",
                language.pick("不齐全；气象起报", "incomplete; run of the meteorology"),
                run.format("%Y-%m-%dT%HZ")
            )
        }
        (false, false, None) => language.pick("不齐全", "incomplete").to_owned(),
        (false, true, _) => language.pick("齐全", "complete").to_owned(),
    };
    out + &verdict
}

fn line(file: &FileReport, language: Language) -> String {
    let state = match (file.state, file.required) {
        (State::Present, _) => language.pick("已存在", "present"),
        (State::Fetched, _) => language.pick("已下载", "fetched"),
        (State::Missing, true) => language.pick("缺失", "missing"),
        (State::Missing, false) => language.pick("缺失（可不用）", "missing (not needed)"),
    };
    let mut line = format!("{state:9} {:>12} B  {}", file.bytes, file.file);
    if file.resumed_bytes > 0 {
        let _ = write!(line, "  {} {} B", language.pick("续传，原有", "continued behind"), file.resumed_bytes);
    }
    if file.whole_file {
        let _ = write!(line, "  {}", language.pick("整个文件", "the whole file"));
    }
    if let Some(trouble) = &file.trouble {
        let _ = write!(line, "\n          {}", language.pick(&trouble.text.zh, &trouble.text.en));
    }
    line
}
