//! `hazecast emis check`: the doctor.

use super::super::language::Language;
use super::super::{DEGRADED, output};
use super::{day, end_of_day, parse_date, placed, reference};
use crate::config::Config;
use crate::domain::county::CountyWeights;
use crate::domain::grid::Grid;
use crate::domain::source::Source;
use crate::error::{Error, Rejection, Result};
use crate::nightly::emission_sources::{CaseOptions, read_case};
use crate::setup::Setup;
use crate::simulation::emission_doctor::{
    Ailment, Case, Finding, InventoryMass, examine, of_error, of_rejection, sort,
};
use chrono::NaiveDate;
use serde::Serialize;
use std::fmt::Write;
use std::path::PathBuf;

/// Findings of one kind that the text lists; the JSON document lists all.
const LISTED: usize = 12;

#[derive(Debug, Clone, clap::Args)]
pub struct CheckArgs {
    /// Configuration of the night
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Look at the fires of this day too, in Beijing
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_date)]
    date: Option<NaiveDate>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Report {
    sources: usize,
    problems: usize,
    findings: Vec<Finding>,
    /// What was left out or completed on purpose; no problems.
    notes: Vec<Rejection>,
}

pub fn run(args: &CheckArgs, language: Language) -> Result<u8> {
    let setup = match Setup::of(Config::load(&args.config)?) {
        Ok(setup) => setup,
        // a file of models, seeds or profiles that is wrong is what the doctor is asked about; a fault of the configuration is named as such
        Err(ref e @ (Error::Invalid { ref path, .. } | Error::Format { ref path, .. }))
            if path.extension().is_some() =>
        {
            let findings = vec![of_error(e)];
            return show(args, &Report { sources: 0, problems: 1, findings, notes: Vec::new() }, language);
        }
        Err(e) => return Err(e),
    };
    let cycle = args.date.map(end_of_day);
    let case = read_case(&setup, CaseOptions { meteorology: false, keep_faults: true, cycle })?;
    let inputs = case.inputs;
    let mut found: Vec<Finding> = case.faults.iter().map(of_error).collect();
    let (notes, refused): (Vec<Rejection>, Vec<Rejection>) = inputs.rejections.into_iter().partition(|r| r.by_design);
    found.extend(refused.iter().map(of_rejection));
    found.extend(findings(&setup, (&inputs.sources, &inputs.inventories), &case.grid, &case.weights)?);
    sort(&mut found);
    let report = Report { sources: inputs.sources.len(), problems: found.len(), findings: found, notes };
    show(args, &report, language)
}

/// What the doctor finds in sources on a grid, and in what their gridded inventories hold.
///
/// # Errors
/// Those of the reference totals.
pub fn findings(
    setup: &Setup,
    (sources, inventories): (&[Source], &[InventoryMass]),
    grid: &Grid,
    weights: &[CountyWeights],
) -> Result<Vec<Finding>> {
    let (placement, totals) = placed(setup, sources, (grid, weights), day(None));
    Ok(examine(&Case {
        sources,
        inventories,
        region: &setup.region,
        weights,
        grid,
        model: &setup.emission,
        placement: &placement,
        totals: &totals,
        reference: &reference(setup)?,
    }))
}

fn show(args: &CheckArgs, report: &Report, language: Language) -> Result<u8> {
    if args.json {
        output::print_json(report)?;
    } else {
        let mut out = lines(&report.findings, language);
        for note in &report.notes {
            let _ = writeln!(out, "{}", note_line(note, language));
        }
        let _ = write!(
            out,
            "{}: {}  {}: {}",
            language.pick("排放源", "sources"),
            report.sources,
            language.pick("问题数", "problems"),
            report.problems
        );
        output::print(&out)?;
    }
    Ok(if report.findings.is_empty() { 0 } else { DEGRADED })
}

/// Findings as lines, the first of each kind.
pub fn lines(findings: &[Finding], language: Language) -> String {
    let mut out = String::new();
    for kind in findings.chunk_by(|a, b| a.ailment == b.ailment) {
        for f in kind.iter().take(LISTED) {
            let (what, remedy) = (language.pick(&f.what.zh, &f.what.en), language.pick(&f.remedy.zh, &f.remedy.en));
            let _ = writeln!(out, "{} {}: {what}  -> {remedy}", word(f, language), f.place);
        }
        if kind.len() > LISTED {
            let more = language.pick("条同类问题未列出（--json 列出全部）", "more of this kind (--json lists all)");
            let _ = writeln!(out, "  + {} {more}", kind.len() - LISTED);
        }
    }
    out
}

/// What was left out or completed on purpose, as a line.
pub fn note_line(note: &Rejection, language: Language) -> String {
    let word = language.pick("[说明]", "[note]");
    format!("{word} {}: {}: {} ({})", note.file, note.place, note.found, note.expected)
}

fn word(finding: &Finding, language: Language) -> &'static str {
    let (zh, en) = match finding.ailment {
        Ailment::Refused => ("[拒收]", "[refused]"),
        Ailment::RefusedRow => ("[记录]", "[row]"),
        Ailment::PowerOfTen => ("[单位]", "[unit]"),
        Ailment::FarFromReference => ("[总量]", "[total]"),
        Ailment::NothingThere => ("[缺失]", "[absent]"),
        Ailment::Double => ("[重复]", "[double]"),
        Ailment::OutsideCounty => ("[位置]", "[place]"),
        Ailment::PartAboveWhole => ("[包含]", "[part]"),
        Ailment::Mass => ("[质量]", "[mass]"),
    };
    match language {
        Language::Zh => zh,
        Language::En => en,
    }
}
