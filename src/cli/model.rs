//! `hazecast model show`: what a trained correction is made of.

use super::language::Language;
use super::output;
use crate::archive::learned_file;
use crate::consultation::InputFile;
use crate::error::{Error, Result};
use crate::forecast::learning::artefact::{Artefact, DecidingScores, Method};
use crate::setup::Setup;
use chrono::{DateTime, Utc};
use clap::Subcommand;
use serde::Serialize;
use std::fmt::Write;
use std::path::PathBuf;

/// Shows the trained correction.
#[derive(Debug, Clone, clap::Args)]
pub struct ModelArgs {
    #[command(subcommand)]
    command: ModelCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum ModelCommand {
    /// Data span, methods, scores on the deciding days and the features that matter, with the hash of the file
    Show(ShowArgs),
}

#[derive(Debug, Clone, clap::Args)]
struct ShowArgs {
    /// Configuration of the night, whose `correction` is shown
    #[arg(long, value_name = "FILE", required_unless_present = "file")]
    config: Option<PathBuf>,
    /// A correction by itself
    #[arg(value_name = "CORRECTION", conflicts_with = "config")]
    file: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// A correction without its trees.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    region: String,
    grid: String,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    deciding_from: DateTime<Utc>,
    columns: Vec<String>,
    pollutants: Vec<ShownPollutant>,
}

#[derive(Debug, Clone, Serialize)]
struct ShownPollutant {
    pollutant: &'static str,
    method: Method,
    pairs: usize,
    scores: DecidingScores,
    features: Vec<(String, f64)>,
    note: Option<String>,
}

#[derive(Serialize)]
struct Document {
    file: InputFile,
    model: Shown,
}

impl Shown {
    /// What there is to say of an artefact.
    pub fn of(artefact: &Artefact) -> Self {
        let pollutants = artefact.pollutants.iter().map(|p| ShownPollutant {
            pollutant: p.pollutant.name(),
            method: p.method,
            pairs: p.pairs,
            scores: p.scores.clone(),
            features: p.features.clone(),
            note: p.note.clone(),
        });
        Self {
            region: artefact.region.clone(),
            grid: artefact.grid.clone(),
            from: artefact.from,
            to: artefact.to,
            deciding_from: artefact.deciding_from,
            columns: artefact.columns.clone(),
            pollutants: pollutants.collect(),
        }
    }
}

impl ModelArgs {
    /// Whether one JSON document is asked for.
    pub fn json(&self) -> bool {
        let ModelCommand::Show(show) = &self.command;
        show.json
    }
}

/// Runs the command; returns the exit code.
///
/// # Errors
/// `Missing` where nothing was trained yet; what the reader finds.
pub fn run(args: &ModelArgs, language: Language) -> Result<u8> {
    let ModelCommand::Show(show) = &args.command;
    let path = match (&show.file, &show.config) {
        (Some(file), _) => file.clone(),
        (None, Some(config)) => Setup::load(config)?
            .config
            .correction
            .ok_or_else(|| Error::invalid(config, "correction", "nothing", "the file of the trained correction"))?,
        (None, None) => return Err(Error::invalid("command line", "--config", "nothing", "a configuration or a file")),
    };
    let Some((artefact, file)) = learned_file::read(&path)? else {
        return Err(Error::missing("the trained correction", &path, "Train one: hazecast train"));
    };
    let model = Shown::of(&artefact);
    if show.json {
        output::print_json(&Document { file, model })?;
    } else {
        output::print(&format!("{} sha256 {}\n{}", file.name, file.sha256, text(&model, language).trim_end()))?;
    }
    Ok(0)
}

/// The correction for people.
pub fn text(model: &Shown, language: Language) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{} {}, {} {} .. {}, {} {}",
        model.region,
        model.grid,
        language.pick("资料", "data"),
        model.from,
        model.to,
        language.pick("检验自", "decided from"),
        model.deciding_from
    );
    let _ = writeln!(
        out,
        "{}",
        language.pick(
            "污染物  方法  样本  检验样本  MAE: 原始 卡尔曼 树 持续性 原用",
            "pollutant  method  pairs  deciding  MAE: raw kalman trees persistence in use"
        )
    );
    let number = |v: Option<f64>| v.map_or("-".to_owned(), |v| format!("{v:.2}"));
    for p in &model.pollutants {
        let s = &p.scores;
        let method = match p.method {
            Method::None => language.pick("不订正", "none"),
            Method::Kalman => language.pick("卡尔曼偏差", "kalman"),
            Method::Trees => language.pick("提升树", "trees"),
        };
        let values = [s.raw, s.kalman, s.trees, s.persistence, s.in_use].map(number).join(" ");
        let _ = writeln!(out, "{}  {method}  {}  {}  {values}", p.pollutant, p.pairs, s.pairs);
        if !p.features.is_empty() {
            let named: Vec<String> =
                p.features.iter().take(5).map(|(n, g)| format!("{n} {:.0} %", 100.0 * g)).collect();
            let _ = writeln!(out, "    {}", named.join(", "));
        }
        if let Some(note) = &p.note {
            let _ = writeln!(out, "    {note}");
        }
    }
    out
}
