//! `hazecast warn replay`: the warnings that each scheme would have called for in a past record of daily values.

use super::daily_values::DailyArgs;
use super::language::Language;
use super::{DEGRADED, output};
use crate::consultation::InputFile;
use crate::domain::daily::{DailyValue, Judged};
use crate::domain::pollutant::Pollutant;
use crate::error::{Error, Rejection, Result};
use crate::warning::replay::{PastWarning, replay};
use crate::warning::rules::WarningRules;
use crate::warning::{Response, WarningLevel};
use chrono::NaiveDate;
use serde::Serialize;
use std::fmt::Write;

const EXAMPLES: &str = "\
Examples:
  hazecast warn replay --daily records.csv --place 延边州
  hazecast warn replay --daily records.csv --place 延边州 --from 2015-01-01 --to 2016-06-30 --scheme warning-2024 --json
  hazecast warn replay --daily records.csv --place 延边州 --as-on 2026-03-01

Each day's AQI is computed from its concentrations by HJ 633 in force on that day (--as-on: on that date). Each scheme is applied to
the whole record, whatever its own dates, as if every day had been forecast exactly: natural days, lead time and sliding 24 h do not
enter. Blue exists in the 2017 scheme only.

Exit code 0: done; 5: done, but rows or values of the files were refused (listed on stderr, or in the JSON document).";

/// Prints days by level and every warning that each scheme would have called for in a past record.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ReplayArgs {
    #[command(flatten)]
    pub input: DailyArgs,
    /// Code or name of the place, as in the files or as in the region
    #[arg(long, value_name = "PLACE")]
    pub place: String,
    /// First day; default: the first in the files
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub from: Option<NaiveDate>,
    /// Last day; default: the last in the files
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub to: Option<NaiveDate>,
    /// Only this scheme, e.g. warning-2024; default: all
    #[arg(long, value_name = "ID")]
    pub scheme: Option<String>,
    /// Compute the AQI of every day by the version of HJ 633 in force on this date
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub as_on: Option<NaiveDate>,
    /// The region's own plan, laid over its warning scheme
    #[arg(long, value_name = "FILE")]
    pub plan: Option<std::path::PathBuf>,
}

/// Days of one AQI level.
#[derive(Debug, Serialize)]
struct LevelDays {
    /// 1 ..= 6.
    level: u8,
    name_zh: String,
    name_en: String,
    days: usize,
}

/// Warnings of one scheme.
#[derive(Debug, Serialize)]
struct SchemeWarnings {
    scheme: String,
    document: String,
    warnings: Vec<PastWarning>,
}

#[derive(Debug, Serialize)]
struct Document {
    name_zh: String,
    name_en: String,
    from: NaiveDate,
    to: NaiveDate,
    calendar_days: i64,
    /// Days with an AQI.
    judged_days: usize,
    days_by_level: Vec<LevelDays>,
    /// Days above AQI 150, and above 200.
    above_150: usize,
    above_200: usize,
    schemes: Vec<SchemeWarnings>,
    rejections: Vec<Rejection>,
    files: Vec<InputFile>,
}

/// Runs the command; returns the exit code.
///
/// # Errors
/// Files or rules missing or refused; a place without days in the period; an unknown scheme.
pub fn run(args: &ReplayArgs, language: Language) -> Result<u8> {
    let plan = args.plan.as_deref();
    let (inputs, warning) = args.input.read(|library| {
        let rules = library.read("seeds/warning.toml", WarningRules::from_toml)?;
        match plan {
            Some(plan) => library.file("seed", plan, |text, origin| rules.with_plan(text, origin)),
            None => Ok(rules),
        }
    })?;
    if !args.input.json {
        inputs.note_rejections(language);
    }
    if let (Some(from), Some(to)) = (args.from, args.to)
        && from > to
    {
        return Err(Error::reversed("--from, --to", from, to));
    }
    let place = inputs.place(&args.place);
    let mut days = inputs.days(&place, args.as_on.map_or(Judged::ByItsDate, Judged::AsOn));
    days.retain(|d| args.from.is_none_or(|from| d.day >= from) && args.to.is_none_or(|to| d.day <= to));
    let (Some(from), Some(to)) = (days.iter().map(|d| d.day).min(), days.iter().map(|d| d.day).max()) else {
        return Err(inputs.no_days(&args.place, "a place with days in the period"));
    };
    let schemes: Vec<_> =
        warning.schemes().iter().filter(|s| args.scheme.as_ref().is_none_or(|id| *id == s.id)).collect();
    if schemes.is_empty() {
        let known: Vec<&str> = warning.schemes().iter().map(|s| s.id.as_str()).collect();
        let asked = args.scheme.as_deref().unwrap_or_default();
        return Err(Error::invalid("command line", "--scheme", asked, format!("one of {}", known.join(", "))));
    }
    let of_scheme = |s: &&crate::warning::rules::Scheme| SchemeWarnings {
        scheme: s.id.clone(),
        document: s.document.clone(),
        warnings: replay(&days, s, &inputs.aqi),
    };
    let level = |level: u8| inputs.aqi.level(level);
    let above = |limit: u16| days.iter().filter(|d| d.aqi.aqi.is_some_and(|a| a > limit)).count();
    let document = Document {
        from,
        to,
        calendar_days: (to - from).num_days() + 1,
        judged_days: days.iter().filter(|d| d.aqi.aqi.is_some()).count(),
        days_by_level: (1..=6)
            .map(|l| level_days(&days, l, level(l).map(|l| (l.name_zh.as_str(), l.name_en.as_str()))))
            .collect(),
        above_150: above(150),
        above_200: above(200),
        schemes: schemes.iter().map(of_scheme).collect(),
        name_zh: place.name_zh,
        name_en: place.name_en,
        rejections: inputs.rejections.clone(),
        files: inputs.files.clone(),
    };
    if args.input.json {
        output::print_json(&document)?;
    } else {
        output::print(text(&document, language).trim_end())?;
    }
    Ok(if document.rejections.is_empty() { 0 } else { DEGRADED })
}

fn level_days(days: &[DailyValue], level: u8, names: Option<(&str, &str)>) -> LevelDays {
    let (zh, en) = names.unwrap_or_default();
    let days = days.iter().filter(|d| d.aqi.level == Some(level)).count();
    LevelDays { level, name_zh: zh.to_owned(), name_en: en.to_owned(), days }
}

fn text(document: &Document, language: Language) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}  {} .. {}  {}: {}  {}: {}",
        language.pick(&document.name_zh, &document.name_en),
        document.from,
        document.to,
        language.pick("日历天数", "calendar days"),
        document.calendar_days,
        language.pick("有AQI的天数", "days with an AQI"),
        document.judged_days,
    );
    for l in &document.days_by_level {
        let _ = writeln!(out, "  {:>4}  {} {}", l.days, l.level, language.pick(&l.name_zh, &l.name_en));
    }
    let (a, b) = (document.above_150, document.above_200);
    let _ = writeln!(out, "  AQI > 150: {a}  AQI > 200: {b}");
    for s in &document.schemes {
        let _ = writeln!(out, "\n{}  {}", s.scheme, s.document);
        for w in &s.warnings {
            let _ = writeln!(out, "  {}", line(w, language));
        }
        let counts = WarningLevel::ALL.into_iter().map(|l| (l, s.warnings.iter().filter(|w| w.level == l).count()));
        let counts: Vec<String> =
            counts.filter(|(_, n)| *n > 0).map(|(l, n)| format!("{} {n}", language.pick(l.zh(), l.en()))).collect();
        let none = language.pick("无预警", "no warning").to_owned();
        let total = if counts.is_empty() { none } else { counts.join(", ") };
        let _ = writeln!(out, "  = {total}");
    }
    out
}

fn line(w: &PastWarning, language: Language) -> String {
    let response = match w.response {
        Response::EmissionReduction => language.pick("强制减排", "emission reduction"),
        Response::Voluntary => language.pick("自愿措施", "voluntary measures"),
        Response::HealthAdviceOnly => language.pick("仅健康提示", "health advice only"),
        Response::None => "",
    };
    let primary: Vec<&str> = w.primary.iter().map(|p: &Pollutant| p.name()).collect();
    let merged = if w.merged { language.pick("（合并）", " (merged)") } else { "" };
    format!(
        "{} .. {}  {}  {} {}  {} {} ({})  PM2.5 {}  {}  {response}{merged}  [{}]",
        w.from,
        w.to,
        language.pick(w.level.zh(), w.level.en()),
        language.pick("超过天数", "days above"),
        w.exceeding_days,
        language.pick("最高AQI", "highest AQI"),
        w.worst_aqi,
        w.worst_day,
        w.pm25_ug_m3.map_or("-".to_owned(), |v| format!("{v:.0}")),
        primary.join("+"),
        w.rules.join(", ")
    )
}
