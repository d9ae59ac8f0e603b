//! `hazecast emis report`: totals per county and sector, in tonnes a year and tonnes of a day.

use super::super::language::Language;
use super::super::{DEGRADED, output};
use super::{day, end_of_day, note_line, parse_date, placed, reference, wrong};
use crate::archive::durable::write_atomic;
use crate::domain::source::{Amounts, Sector};
use crate::error::{Rejection, Result};
use crate::input::emission_reference_csv::ReferenceTotal;
use crate::nightly::emission_sources::{CaseOptions, read_case};
use crate::setup::Setup;
use crate::simulation::emission_placement::Outside;
use crate::simulation::emission_totals::{CountySectorTotal, total_of};
use chrono::NaiveDate;
use serde::Serialize;
use std::fmt::Write;
use std::path::PathBuf;

#[derive(Debug, Clone, clap::Args)]
pub struct ReportArgs {
    /// Configuration of the night
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Day of the tonnes of a day, in Beijing, with its fires; without, today and no fires
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = parse_date)]
    date: Option<NaiveDate>,
    /// Also write the table as CSV
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Row {
    adcode: u32,
    county_zh: String,
    county_en: String,
    #[serde(flatten)]
    total: CountySectorTotal,
}

#[derive(Serialize)]
struct Compared {
    adcode: u32,
    sectors: Vec<Sector>,
    pollutant: String,
    t_a: f64,
    reference_t_a: f64,
    ratio: f64,
    year: i32,
    source: String,
    verified: bool,
}

#[derive(Serialize)]
struct Report {
    day: NaiveDate,
    sources: usize,
    /// Of sources, or parts of them, beside the grid.
    outside_t_a: Amounts,
    rows: Vec<Row>,
    reference: Vec<Compared>,
    /// What was left out, completed or told by the name of a file; no problems.
    notes: Vec<Rejection>,
    /// What was refused, and files that are missing: the totals are without it.
    rejections: Vec<Rejection>,
    degraded: Vec<String>,
}

pub fn run(args: &ReportArgs, language: Language) -> Result<u8> {
    let setup = Setup::load(&args.config)?;
    let day = day(args.date);
    let cycle = args.date.map(end_of_day);
    let case = read_case(&setup, CaseOptions { meteorology: false, keep_faults: false, cycle })?;
    let (placement, totals) = placed(&setup, &case.inputs.sources, (&case.grid, &case.weights), day);
    let Outside { annual_t, .. } = placement.outside();
    let compared = reference(&setup)?.into_iter().map(|r| compare(&totals, &setup, r)).collect();
    let rows = totals.into_iter().map(|total| {
        let county = setup.region.counties.iter().find(|c| c.adcode == total.adcode);
        let (zh, en) = county.map_or(("各县之外", "outside the counties"), |c| (&c.name_zh, &c.name_en));
        Row { adcode: total.adcode, county_zh: zh.to_owned(), county_en: en.to_owned(), total }
    });
    let (notes, rejections) = case.inputs.rejections.into_iter().partition(|r| r.by_design);
    let report = Report {
        day,
        sources: case.inputs.sources.len(),
        outside_t_a: *annual_t,
        rows: rows.collect(),
        reference: compared,
        notes,
        rejections,
        degraded: case.inputs.degraded,
    };
    if let Some(path) = &args.csv {
        if path.extension().is_none_or(|e| e != "csv") {
            return Err(wrong("--csv", path.display().to_string(), "a name that ends in .csv"));
        }
        write_atomic(path, csv(&report).as_bytes())?;
    }
    if args.json {
        output::print_json(&report)?;
    } else {
        output::print(text(&report, language).trim_end())?;
    }
    Ok(if report.rejections.is_empty() && report.degraded.is_empty() { 0 } else { DEGRADED })
}

fn compare(totals: &[CountySectorTotal], setup: &Setup, r: ReferenceTotal) -> Compared {
    let t_a = total_of(totals, &setup.region, &r);
    Compared {
        adcode: r.adcode,
        sectors: r.sectors,
        pollutant: r.pollutant,
        t_a,
        reference_t_a: r.t_a,
        ratio: t_a / r.t_a,
        year: r.year,
        source: r.source,
        verified: r.verified,
    }
}

fn csv(report: &Report) -> String {
    let names = Amounts::default().named().map(|(n, _)| n);
    let mut out = String::from("adcode,county,sector,sources");
    for unit in ["t_a", "t_d"] {
        names.iter().for_each(|n| out.push_str(&format!(",{n}_{unit}")));
    }
    out.push('\n');
    for row in &report.rows {
        let t = &row.total;
        let _ = write!(out, "{},{},{},{}", row.adcode, row.county_en.replace(',', " "), t.sector.name(), t.sources);
        for (_, v) in t.t_a.named().into_iter().chain(t.t_d.named()) {
            let _ = write!(out, ",{v:.6}");
        }
        out.push('\n');
    }
    out
}

fn text(report: &Report, language: Language) -> String {
    let mut out = String::new();
    let head = Amounts::default().named().map(|(n, _)| n);
    let _ = writeln!(out, "{}", language.pick("年排放量，吨/年", "tonnes a year"));
    table(&mut out, report, language, &head, |r| r.total.t_a);
    let _ = writeln!(out, "\n{} {}", language.pick("日排放量，吨", "tonnes of"), report.day);
    table(&mut out, report, language, &head, |r| r.total.t_d);
    if !report.reference.is_empty() {
        let _ = writeln!(
            out,
            "\n{}",
            language.pick("与参考值之比（* 参考值未经核对）", "ratios to the reference (* reference not verified)")
        );
        for c in &report.reference {
            let sectors = if c.sectors.is_empty() {
                "all".into()
            } else {
                c.sectors.iter().map(|s| s.name()).collect::<Vec<_>>().join("+")
            };
            let star = if c.verified { "" } else { " *" };
            let _ = writeln!(
                out,
                "{} {sectors:24} {:6} {:>12.1} / {:>12.1} t/a = {:.2}{star}",
                c.adcode, c.pollutant, c.t_a, c.reference_t_a, c.ratio
            );
        }
    }
    let outside: Vec<String> =
        report.outside_t_a.named().into_iter().filter(|(_, v)| *v > 0.0).map(|(n, v)| format!("{n} {v:.1}")).collect();
    if !outside.is_empty() {
        let _ = writeln!(out, "\n{}: {} t/a", language.pick("网格之外", "beside the grid"), outside.join(", "));
    }
    for note in &report.notes {
        let _ = writeln!(out, "{}", note_line(note, language));
    }
    for refused in &report.rejections {
        let _ = writeln!(out, "{}", output::rejection(refused, language));
    }
    for missing in &report.degraded {
        let _ = writeln!(out, "{}: {}", language.pick("缺失", "lacking"), language.say(missing));
    }
    out
}

fn table(out: &mut String, report: &Report, language: Language, head: &[&str; 9], amounts: impl Fn(&Row) -> Amounts) {
    let _ = write!(out, "{:8} {:14}", "adcode", language.pick("部门", "sector"));
    head.iter().for_each(|n| out.push_str(&format!(" {n:>10}")));
    out.push('\n');
    for county in report.rows.chunk_by(|a, b| a.adcode == b.adcode) {
        let mut sum = Amounts::default();
        for row in county {
            let a = amounts(row);
            sum = sum.zip(a, |x, y| x + y);
            line(out, row.adcode, row.total.sector.name(), &a);
        }
        let name = language.pick(&county[0].county_zh, &county[0].county_en);
        line(out, county[0].adcode, &format!("= {name}"), &sum);
    }
}

fn line(out: &mut String, adcode: u32, name: &str, amounts: &Amounts) {
    let _ = write!(out, "{adcode:<8} {name:14}");
    amounts.named().iter().for_each(|(_, v)| out.push_str(&format!(" {v:>10.2}")));
    out.push('\n');
}
