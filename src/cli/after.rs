//! `hazecast after`: what weather, measures and forecast error did, after an episode.

use super::language::Language;
use super::{archived, output, register};
use crate::archive::durable::write_atomic;
use crate::archive::run_id::RunId;
use crate::calendar::beijing_local;
use crate::consultation::list_reading;
use crate::error::{Error, Result};
use crate::nightly::after::after;
use crate::reduction::after_action::{AfterAction, SpanSplit};
use crate::setup::Setup;
use std::fmt::Write;
use std::io::IsTerminal;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  hazecast after --config after.toml --run 2026011512
  hazecast after --config after.toml --run 2026011512 --carried-out list_2026011512_222400.xlsx --json -o after.json

The configuration is that of the night with the weather that came (analyses) and the observations to the end of the episode; its folder of
runs holds the night. The list as carried out is an exported list, edited: a row taken out was not carried out; begin, end and factors left
count as they stand. Rows that are in none of the files were not carried out.";

/// After an episode: splits the change from forecast to observation into weather, measures and forecast error.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct AfterArgs {
    /// Configuration with the weather that came
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Run of the night; default: the latest
    #[arg(long, value_name = "YYYYMMDDHH", value_parser = archived::run_id)]
    run: Option<RunId>,
    /// Exported lists as they were carried out, XLSX or CSV; default: all as ordered
    #[arg(long, value_name = "FILE", num_args = 1..)]
    carried_out: Vec<PathBuf>,
    /// Write the account into a file as JSON, too
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Runs the command; returns the exit code.
///
/// # Errors
/// As [`after`]; `Format` where a row of the list as carried out is refused.
pub fn run(args: &AfterArgs, language: Language) -> Result<u8> {
    let setup = Setup::load(&args.config)?;
    let mut rows = Vec::new();
    for path in &args.carried_out {
        let (read, refused) = list_reading::read(path)?;
        if let Some(fault) = refused.first() {
            let place = register::fault_line(fault, language);
            return Err(Error::format(path, place, "a refused row", "rows as exported", "Correct the row"));
        }
        rows.extend(read);
    }
    let reported = (!args.carried_out.is_empty()).then_some(rows.as_slice());
    let visible = std::io::stderr().is_terminal();
    let progress = |run: usize, done: u32, of: u32| {
        if visible && (done == of || done.is_multiple_of(12)) {
            let name = [("实况气象", "weather that came"), ("落实清单", "list as carried out")][run.min(1)];
            output::note(&format!("{}: {done}/{of} h", language.pick(name.0, name.1)));
        }
    };
    let account = after(&setup, args.run.as_ref(), reported, &progress)?;
    if let Some(path) = &args.output {
        let mut bytes = serde_json::to_vec_pretty(&account).map_err(|e| Error::io(path, e.into()))?;
        bytes.push(b'\n');
        write_atomic(path, &bytes)?;
    }
    if args.json {
        output::print_json(&account)?;
    } else {
        output::print(text(&account, language).trim_end())?;
    }
    Ok(0)
}

fn text(account: &AfterAction, language: Language) -> String {
    let c = &account.carried_out;
    let mut out = format!(
        "{} {}: {} {}, {} {}, {} {}, {} {}\n",
        language.pick("预报", "run"),
        account.run,
        language.pick("清单", "rows ordered"),
        c.ordered,
        language.pick("照单落实", "carried out as ordered"),
        c.as_ordered,
        language.pick("有变动", "changed"),
        c.changed,
        language.pick("未落实", "not carried out"),
        c.not_at_all
    );
    let head = language.pick(
        "PM2.5 微克/立方米：预报 + 气象 + 措施（承诺） + 预报误差 = 实况；如无清单",
        "PM2.5 ug/m3: forecast + weather + measures (promised) + forecast error = observed; without the list",
    );
    let _ = writeln!(out, "{head}");
    for span in account.days.iter().chain(&account.windows) {
        let _ = writeln!(out, "  {}", line(span, language));
    }
    for (zh, en) in account.notes_zh.iter().zip(&account.notes_en) {
        let _ = writeln!(out, "! {}", language.pick(zh, en));
    }
    if !account.rejections.is_empty() {
        let _ = writeln!(
            out,
            "! {} {}",
            account.rejections.len(),
            language.pick("条输入被拒绝", "records of the input refused")
        );
    }
    out
}

fn line(span: &SpanSplit, language: Language) -> String {
    let s = &span.split;
    let or_dash = |v: Option<f64>, sign: bool| match v {
        None => "-".to_owned(),
        Some(v) if sign => format!("{v:+.1}"),
        Some(v) => format!("{v:.1}"),
    };
    let when = span.beijing_day.map_or_else(
        || {
            format!(
                "{} - {}",
                beijing_local(span.from).format("%m-%d %H:%M"),
                beijing_local(span.to).format("%m-%d %H:%M")
            )
        },
        |day| day.to_string(),
    );
    format!(
        "{} {when} ({} h): {:.1} {:+.1} {:+.1} ({}) {} = {}; {}",
        language.pick(&span.name_zh, &span.name_en),
        span.hours,
        s.forecast_ug_m3,
        s.weather_ug_m3,
        s.measures_ug_m3,
        or_dash(s.promised_ug_m3, true),
        or_dash(s.forecast_error_ug_m3, true),
        or_dash(s.observed_ug_m3, false),
        or_dash(s.observed_without_list_ug_m3, false)
    )
}
