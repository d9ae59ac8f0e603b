//! `hazecast register`: checks the register of an office against the inventory, converts it, and writes an empty one.

use super::language::Language;
use super::output;
use crate::archive::durable::write_atomic;
use crate::archive::{csv_table, xlsx};
use crate::domain::bilingual::Bilingual;
use crate::domain::county::County;
use crate::domain::register::RegisterEntry;
use crate::domain::register_columns::{POLLUTANTS, explanation_sheet, one_sheet, sheet_per_family};
use crate::error::{Error, Rejection, Result};
use crate::input::table_file::RowFault;
use crate::input::{inventory_csv, register_table};
use crate::reduction::register_check::{Difference, RegisterReport, Severity, check};
use crate::setup::library::{Library, built_in};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::fmt::Write;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  hazecast register template -o template.xlsx
  hazecast register check register.xlsx --inventory inventory.csv
  hazecast register export register.csv -o register.xlsx

Exit code 0: done; 3: a row is refused, or an entry contradicts the inventory.";

/// The register (清单): checked against the inventory, converted between CSV and XLSX, or an empty one to fill in.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct RegisterArgs {
    #[command(subcommand)]
    command: RegisterCommand,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum RegisterCommand {
    /// Lists refused rows, contradictions, and how much of the inventory the register names
    Check {
        /// CSV or XLSX file
        file: PathBuf,
        /// Inventory (CSV); default: that of the built-in region
        #[arg(long, value_name = "FILE")]
        inventory: Vec<PathBuf>,
        #[command(flatten)]
        options: Options,
    },
    /// Converts a register without loss: to XLSX with a sheet for each family, or to CSV
    Export {
        /// CSV or XLSX file
        file: PathBuf,
        /// File to write, .xlsx or .csv
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// Replace the file if there is one
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        options: Options,
    },
    /// Writes an empty register with every column explained
    Template {
        /// File to write, .xlsx or .csv
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// Replace the file if there is one
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        options: Options,
    },
}

#[derive(Debug, Clone, clap::Args)]
struct Options {
    /// Built-in region pack, or a folder that holds one
    #[arg(long, value_name = "REGION", default_value = "yanbian")]
    region: String,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl RegisterArgs {
    /// Whether stdout is to hold JSON.
    pub fn json(&self) -> bool {
        match &self.command {
            RegisterCommand::Check { options, .. }
            | RegisterCommand::Export { options, .. }
            | RegisterCommand::Template { options, .. } => options.json,
        }
    }
}

/// Runs the command; returns the exit code.
///
/// # Errors
/// `Missing` or `Format` for a file that is absent or no register, `Invalid` for an output of another kind, `Io` on writing.
pub fn run(args: &RegisterArgs, language: Language) -> Result<u8> {
    match &args.command {
        RegisterCommand::Check { file, inventory, options } => check_file(file, inventory, options, language),
        RegisterCommand::Export { file, output, force, options } => {
            replaceable(output, *force)?;
            export(file, output, options, language)
        }
        RegisterCommand::Template { output, force, options } => {
            replaceable(output, *force)?;
            write(output, &[], &[], true)?;
            done(output, 0, options, language)
        }
    }
}

#[derive(Serialize)]
struct Checked {
    file: String,
    passed: bool,
    refused: Vec<RowFault>,
    /// Rows of the inventory that were refused.
    inventory_refused: Vec<Rejection>,
    report: RegisterReport,
}

fn counties(options: &Options) -> Result<Vec<County>> {
    Ok(Library::new(None).region(&options.region, &[])?.counties)
}

fn check_file(file: &Path, inventory: &[PathBuf], options: &Options, language: Language) -> Result<u8> {
    let counties = counties(options)?;
    let register = register_table::read(file, &counties)?;
    let mut sources = Vec::new();
    let mut inventory_refused = Vec::new();
    for path in inventory {
        let accepted = inventory_csv::read(path)?;
        sources.extend(accepted.items);
        inventory_refused.extend(accepted.rejections);
    }
    if inventory.is_empty() {
        let name = format!("data/{}/inventory.csv", options.region);
        sources = inventory_csv::parse(built_in(&name)?, Path::new(&name))?.items;
    }
    let report = check(&register.entries, &register.places, &sources, &counties);
    let passed = report.errors() == 0 && register.faults.is_empty();
    let checked = Checked { file: register.file, passed, refused: register.faults, inventory_refused, report };
    if options.json {
        output::print_json(&checked)?;
    } else {
        output::print(&check_text(&checked, language))?;
    }
    Ok(if passed { 0 } else { 3 })
}

fn pick(text: &Bilingual, language: Language) -> &str {
    language.pick(&text.zh, &text.en)
}

/// A refused row in one line.
pub(super) fn fault_line(f: &RowFault, language: Language) -> String {
    format!(
        "{}: {} {}: {}, {} {}. {}",
        language.pick("拒绝", "refused"),
        f.file,
        pick(&f.place(), language),
        pick(&f.found, language),
        language.pick("应为", "expected"),
        pick(&f.expected, language),
        pick(&f.remedy, language),
    )
}

fn check_text(checked: &Checked, language: Language) -> String {
    let mut lines: Vec<String> = checked.refused.iter().map(|f| fault_line(f, language)).collect();
    lines.extend(checked.inventory_refused.iter().map(|r| output::rejection(r, language)));
    for f in &checked.report.findings {
        let word = match f.severity {
            Severity::Error => language.pick("错误", "error"),
            Severity::Notice => language.pick("提示", "notice"),
        };
        let place = f.place.as_ref().map(|p| format!("{} ", pick(p, language))).unwrap_or_default();
        let (found, remedy) = (pick(&f.found, language), pick(&f.remedy, language));
        lines.push(format!("{word}: {place}{}: {found}. {remedy}", f.id));
    }
    let head = language.pick("清单与排放清单之差（吨/年，清单减排放清单）", "register less inventory (t/a)");
    lines.push(format!("{head}: {}", POLLUTANTS.map(|(name, _)| name).join(" ")));
    for d in checked.report.sectors.iter().chain(&checked.report.counties) {
        lines.push(difference_line(d, language));
    }
    let uncovered = checked.report.sources.iter().filter(|d| d.entries == 0).count();
    let (entries, errors) = (checked.report.entries, checked.report.errors());
    let notices = checked.report.findings.len() - errors;
    lines.push(format!(
        "{} {entries}  {} {}  {} {errors}  {} {notices}  {} {uncovered}",
        language.pick("条目", "entries"),
        language.pick("拒绝行", "rows refused"),
        checked.refused.len(),
        language.pick("错误", "errors"),
        language.pick("提示", "notices"),
        language.pick("无条目的源", "sources without an entry"),
    ));
    lines.join("\n")
}

fn difference_line(d: &Difference, language: Language) -> String {
    let mut line = format!("  {:<14} {:>5} {} ", d.of, d.entries, language.pick("条", "entries"));
    for difference in d.difference_t_a() {
        // no -0.000 for a difference that is only rounding
        let shown = if difference.abs() < 5e-4 { 0.0 } else { difference };
        let _ = write!(line, " {shown:.3}");
    }
    line
}

fn export(file: &Path, to: &Path, options: &Options, language: Language) -> Result<u8> {
    let counties = counties(options)?;
    let register = register_table::read(file, &counties)?;
    // a register without its refused rows would be taken for the whole one
    if let Some(first) = register.faults.first() {
        let place = first.place().en;
        let found = format!("{} refused rows, the first with {}", register.faults.len(), first.found.en);
        let remedy = "Run `hazecast register check` and correct all rows: a conversion loses nothing";
        return Err(Error::format(file, place, found, first.expected.en.clone(), remedy));
    }
    write(to, &register.entries, &counties, false)?;
    done(to, register.entries.len(), options, language)
}

/// Refuses to replace a file unasked: it may be the office's filled-in register.
fn replaceable(to: &Path, force: bool) -> Result<()> {
    if to.exists() && !force {
        let found = format!("{}, which exists", to.display());
        return Err(Error::invalid("command line", "-o", found, "a new name, or --force to replace the file"));
    }
    Ok(())
}

fn write(to: &Path, entries: &[RegisterEntry], counties: &[County], explained: bool) -> Result<()> {
    let county = |adcode: u32| {
        let named = counties.iter().find(|c| c.adcode == adcode);
        named.map_or_else(|| adcode.to_string(), |c| c.name_zh.clone())
    };
    let bytes = match to.extension().and_then(|e| e.to_str()) {
        Some("csv") => csv_table::bytes(&one_sheet(entries, &county))?,
        Some("xlsx") => {
            let mut sheets = sheet_per_family(entries, &county);
            if explained {
                sheets.insert(0, explanation_sheet());
            }
            xlsx::bytes(&sheets, "应急减排清单数据库", DateTime::<Utc>::UNIX_EPOCH)?
        }
        _ => return Err(Error::invalid("command line", "-o", to.display().to_string(), "a name in .xlsx or .csv")),
    };
    write_atomic(to, &bytes)
}

#[derive(Serialize)]
struct Written {
    file: String,
    entries: usize,
}

fn done(file: &Path, entries: usize, options: &Options, language: Language) -> Result<u8> {
    let file = file.display().to_string();
    if options.json {
        output::print_json(&Written { file, entries })?;
    } else {
        output::print(&format!("{file}: {entries} {}", language.pick("条", "entries")))?;
    }
    Ok(0)
}
