//! `hazecast rules`: checks the rule files, shows what is in force on a day, and what changed between two days.

use super::language::Language;
use super::output;
use crate::error::Result;
use crate::setup::library::Library;
use crate::setup::rule_changes::{Change, plain};
use crate::setup::rule_check::{FileCheck, check};
use crate::setup::rulebook::{Entry, Rulebook};
use chrono::{NaiveDate, Utc};
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  hazecast rules check --overrides /etc/hazecast/rules
  hazecast rules show --date 2026-02-28 --what aqi
  hazecast rules diff --from 2012 --to 2026 --json

Exit code 0: done; 2: a rule file has a fault (check lists the faults of all files, each with its line).";

/// The dated rules: checks their files, shows what is in force, and what changed.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct RulesArgs {
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum RulesCommand {
    /// Reads every rule and model file and lists the faults of all of them
    Check(Source),
    /// Shows the rules in force on a day, with clause, source and whether they were verified
    Show {
        /// Beijing day; default: today
        #[arg(long, value_name = "YYYY-MM-DD")]
        date: Option<NaiveDate>,
        /// Only one kind of rules: aqi, warning
        #[arg(long, value_name = "KIND")]
        what: Option<String>,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        source: Source,
    },
    /// Lists every value that differs between two days, old and new, with both clauses
    Diff {
        /// Day, or year: its 31 December
        #[arg(long, value_name = "DAY", value_parser = day_or_year)]
        from: NaiveDate,
        /// Day, or year: its 31 December
        #[arg(long, value_name = "DAY", value_parser = day_or_year)]
        to: NaiveDate,
        /// Only one kind of rules: aqi, warning
        #[arg(long, value_name = "KIND")]
        what: Option<String>,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        source: Source,
    },
}

#[derive(Debug, Clone, clap::Args)]
struct Source {
    /// Folder whose seeds/ and models/ replace built-in files
    #[arg(long, value_name = "DIR")]
    overrides: Option<PathBuf>,
    /// The region's own plan, laid over its warning scheme
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, clap::Args)]
struct Place {
    /// Code of the region whose adopted warning scheme counts
    #[arg(long, value_name = "CODE", default_value_t = 222_400)]
    adcode: u32,
}

impl RulesArgs {
    /// Whether stdout is to hold JSON.
    pub fn json(&self) -> bool {
        match &self.command {
            RulesCommand::Check(source) | RulesCommand::Show { source, .. } | RulesCommand::Diff { source, .. } => {
                source.json
            }
        }
    }
}

fn day_or_year(text: &str) -> std::result::Result<NaiveDate, String> {
    let year = || text.parse().ok().filter(|_| text.len() == 4).and_then(|year| NaiveDate::from_ymd_opt(year, 12, 31));
    text.parse().ok().or_else(year).ok_or_else(|| "expected a day such as 2026-03-01, or a year".to_owned())
}

/// Runs the command; returns the exit code.
///
/// # Errors
/// `Invalid` or `Io` when `show` or `diff` cannot read a rule file, or `--what` is no kind of rules.
pub fn run(args: &RulesArgs, language: Language) -> Result<u8> {
    match &args.command {
        RulesCommand::Check(source) => run_check(source, language),
        RulesCommand::Show { date, what, place, source } => {
            let date = date.unwrap_or_else(|| crate::calendar::beijing_local(Utc::now()).date());
            let rulebook = Rulebook::load(&mut Library::new(source.overrides.as_deref()), source.plan.as_deref())?;
            let entries = wanted(rulebook.in_force(date, place.adcode), what.as_deref(), |e| e.what, &rulebook, date)?;
            let shown = Shown { date, adcode: place.adcode, in_force: entries };
            output_of(source, &shown, || show_text(&shown, language))
        }
        RulesCommand::Diff { from, to, what, place, source } => {
            let rulebook = Rulebook::load(&mut Library::new(source.overrides.as_deref()), source.plan.as_deref())?;
            let changes = rulebook.changes(*from, *to, place.adcode);
            let changes = wanted(changes, what.as_deref(), |c| c.what, &rulebook, *to)?;
            let begins_later = |date: &NaiveDate| {
                let entries = rulebook.in_force(*date, place.adcode);
                entries.iter().filter(|e| !e.begun).map(|e| format!("{} / {}", e.what, e.part)).collect()
            };
            let difference = Difference {
                from: *from,
                to: *to,
                adcode: place.adcode,
                begins_after_from: begins_later(from),
                begins_after_to: begins_later(to),
                changes,
            };
            output_of(source, &difference, || diff_text(&difference, language))
        }
    }
}

/// Prints `document` as JSON, or its text.
fn output_of<T: Serialize>(source: &Source, document: &T, text: impl Fn() -> String) -> Result<u8> {
    if source.json {
        output::print_json(document)?
    } else {
        output::print(text().trim_end())?
    }
    Ok(0)
}

/// The items of one kind.
fn wanted<T>(
    items: Vec<T>,
    what: Option<&str>,
    kind: impl Fn(&T) -> &'static str,
    rulebook: &Rulebook,
    date: NaiveDate,
) -> Result<Vec<T>> {
    let Some(what) = what else { return Ok(items) };
    let mut known: Vec<&str> = rulebook.in_force(date, 0).iter().map(|e| e.what).collect();
    known.dedup();
    if !known.contains(&what) {
        let expected = format!("one of {}", known.join(", "));
        return Err(crate::error::Error::invalid("command line", "--what", what, expected));
    }
    Ok(items.into_iter().filter(|i| kind(i) == what).collect())
}

#[derive(Serialize)]
struct Checked {
    passed: bool,
    faults: usize,
    files: Vec<FileCheck>,
}

fn run_check(source: &Source, language: Language) -> Result<u8> {
    let files = check(source.overrides.as_deref(), source.plan.as_deref());
    let faults = files.iter().map(|f| f.faults.len()).sum();
    let checked = Checked { passed: faults == 0, faults, files };
    output_of(source, &checked, || check_text(&checked, language))?;
    Ok(if checked.passed { 0 } else { 2 })
}

fn check_text(checked: &Checked, language: Language) -> String {
    let mut out = String::new();
    for f in &checked.files {
        let _ = writeln!(
            out,
            "{:<26} {} {:>3}  {} {:>3}  {} {:>3}  {}",
            f.file,
            language.pick("条目", "entries"),
            f.entries,
            language.pick("已核实", "verified"),
            f.verified,
            language.pick("未核实", "unverified"),
            f.unverified,
            f.sha256.get(..12).unwrap_or("-"),
        );
        if f.origin != f.file {
            let _ = writeln!(out, "    {}: {}", language.pick("取自", "read from"), f.origin);
        }
        for v in &f.valid {
            let open = language.pick("（无终止日）", "(open)");
            let _ = writeln!(out, "    {} .. {}  {}", v.from, v.to.as_deref().unwrap_or(open), v.entry);
        }
        for fault in &f.faults {
            let _ = writeln!(out, "    {}: {fault}", language.pick("错误", "fault"));
        }
    }
    let _ = writeln!(out, "{}: {}", language.pick("错误数", "faults"), checked.faults);
    out
}

#[derive(Serialize)]
struct Shown {
    date: NaiveDate,
    adcode: u32,
    in_force: Vec<Entry>,
}

fn show_text(shown: &Shown, language: Language) -> String {
    let mut out = String::new();
    let _ =
        writeln!(out, "{} {}  adcode {}", language.pick("当日有效规则", "rules in force on"), shown.date, shown.adcode);
    for e in &shown.in_force {
        let _ = write!(out, "\n{} / {}", e.what, e.part);
        if let Some(from) = e.valid_from {
            let open = language.pick("（无终止日）", "(open)").to_owned();
            let _ = write!(out, "  {from} .. {}", e.valid_to.map_or(open, |d| d.to_string()));
        }
        let (yes, no) = (language.pick("已核实", "verified"), language.pick("未核实", "unverified"));
        let _ = writeln!(out, "  {yes} {}, {no} {}", e.verified, e.unverified);
        if !e.begun {
            let early = "该日早于首个版本的生效日，按首个版本判定";
            let _ = writeln!(
                out,
                "  {}",
                language.pick(early, "the day lies before the first version: judged by that version")
            );
        }
        for (path, value) in e.lines() {
            let _ = writeln!(out, "  {path} = {value}");
        }
    }
    out
}

#[derive(Serialize)]
struct Difference {
    from: NaiveDate,
    to: NaiveDate,
    adcode: u32,
    /// Rules whose first version begins after the day: the day is judged by that version.
    begins_after_from: Vec<String>,
    begins_after_to: Vec<String>,
    changes: Vec<Change>,
}

fn diff_text(difference: &Difference, language: Language) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{} -> {}  adcode {}", difference.from, difference.to, difference.adcode);
    for (date, begins) in
        [(difference.from, &difference.begins_after_from), (difference.to, &difference.begins_after_to)]
    {
        if !begins.is_empty() {
            let note = language.pick("早于首个版本的生效日，按首个版本判定", "before the first version, judged by it");
            let _ = writeln!(out, "{date} {note}: {}", begins.join(", "));
        }
    }
    let none = language.pick("（无）", "(none)");
    let text = |v: &Option<Value>| v.as_ref().map_or(none.to_owned(), plain);
    let mut clauses = None;
    for c in &difference.changes {
        if clauses.replace((c.what, &c.clause_from, &c.clause_to)) != Some((c.what, &c.clause_from, &c.clause_to)) {
            let (old, new) = (c.clause_from.as_deref().unwrap_or(none), c.clause_to.as_deref().unwrap_or(none));
            let _ = writeln!(out, "\n{}  {old}\n  -> {new}", c.what);
        }
        let _ = writeln!(out, "    {}: {} -> {}", c.path, text(&c.from), text(&c.to));
    }
    let _ = writeln!(out, "\n{}: {}", language.pick("变化数", "changes"), difference.changes.len());
    out
}
