//! The command line: one file per sub-command. Diagnostics and progress go to stderr, results to stdout.

pub mod after;
pub mod aqi;
pub mod archived;
pub mod bench;
pub mod check;
pub mod chinese;
pub mod daily_values;
pub mod demo;
pub mod emis;
pub mod drawing;
pub mod example;
pub mod explain;
pub mod explanation;
pub mod fetch;
pub mod language;
pub mod list;
pub mod map;
pub mod met;
pub mod model;
pub mod night;
pub mod obs;
pub mod output;
pub mod progress;
pub mod proof;
pub mod rank;
pub mod register;
pub mod replay;
pub mod rules;
pub mod score;
pub mod section;
pub mod serve;
pub mod soak;
pub mod stats;
pub mod summary;
pub mod targets;
pub mod train;
pub mod warn;
pub mod whatif;

use crate::error::Error;
use crate::input::{isolation, outside_file};
use clap::{Parser, Subcommand};
use language::Language;
use std::process::ExitCode;

const EXIT_CODES: &str = "\
Exit codes:
  0 done   1 a proof is not passed   2 usage or configuration   3 input missing or refused   4 numeric guard
  5 published, but degraded   6 nothing could be published (disk)
  7 another run holds the lock, or another program the address   70 bug";

/// Air-quality forecast and heavy-pollution early warning: from meteorology and emissions to a county warning and a proven
/// emission-reduction list.
#[derive(Debug, Parser)]
#[command(name = "hazecast", version, after_help = EXIT_CODES)]
struct Cli {
    /// Language of messages; default from LC_ALL, LC_MESSAGES or LANG
    #[arg(long, global = true, value_enum)]
    lang: Option<Language>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Night(night::NightArgs),
    Check(check::CheckArgs),
    Fetch(fetch::FetchArgs),
    Serve(serve::ServeArgs),
    Aqi(aqi::AqiArgs),
    Rules(rules::RulesArgs),
    Stats(stats::StatsArgs),
    Targets(targets::TargetsArgs),
    Score(score::ScoreArgs),
    Proof(proof::ProofArgs),
    Bench(bench::BenchArgs),
    Warn(warn::WarnArgs),
    Rank(rank::RankArgs),
    Whatif(whatif::WhatIfArgs),
    After(after::AfterArgs),
    Register(register::RegisterArgs),
    List(list::ListArgs),
    Obs(obs::ObsArgs),
    Train(train::TrainArgs),
    Model(model::ModelArgs),
    Emis(emis::EmisArgs),
    Met(met::MetArgs),
    Soak(soak::SoakArgs),
    /// Reads an outside file for the process that started this one, so that a crash on a damaged file is one refusal.
    #[command(name = isolation::CHILD_ARGUMENT, hide = true)]
    Read {
        /// Name of the task
        task: String,
    },
}

/// Exit code of a published but degraded night.
pub const DEGRADED: u8 = 5;

/// Parses the command line, runs the command, and turns its result into an exit code.
pub fn main() -> ExitCode {
    isolation::this_is_the_command();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => return output::usage(&e),
    };
    let language = cli.lang.unwrap_or_else(Language::of_environment);
    let json = match &cli.command {
        Command::Demo(a) => a.json,
        Command::Night(a) => a.json,
        Command::Check(a) => a.json,
        Command::Fetch(a) => a.json,
        Command::Aqi(a) => a.json,
        Command::Rules(a) => a.json(),
        Command::Stats(a) => a.input.json,
        Command::Targets(a) => a.input.json,
        Command::Score(a) => a.json,
        Command::Proof(a) => a.json,
        Command::Bench(a) => a.json,
        Command::Warn(a) => a.json(),
        Command::Rank(a) => a.json,
        Command::Whatif(a) => a.json,
        Command::After(a) => a.json,
        Command::Register(a) => a.json(),
        Command::List(a) => a.json(),
        Command::Obs(a) => a.json(),
        Command::Train(a) => a.json,
        Command::Model(a) => a.json(),
        Command::Emis(a) => a.json(),
        Command::Met(a) => a.json(),
        Command::Soak(a) => a.json,
        Command::Serve(_) | Command::Read { .. } => false,
    };
    let result = match &cli.command {
        Command::Demo(args) => demo::run(args, language),
        Command::Night(args) => night::run(args, language),
        Command::Check(args) => check::run(args, language),
        Command::Fetch(args) => fetch::run(args, language),
        Command::Serve(args) => serve::run(args, language),
        Command::Aqi(args) => aqi_command(args),
        Command::Rules(args) => rules::run(args, language),
        Command::Stats(args) => stats::run(args, language),
        Command::Targets(args) => targets::run(args, language),
        Command::Score(args) => score::run(args, language),
        Command::Proof(args) => proof::run(args, language),
        Command::Bench(args) => bench::run(args, language),
        Command::Warn(args) => warn::run(args, language),
        Command::Rank(args) => rank::run(args, language),
        Command::Whatif(args) => whatif::run(args, language),
        Command::After(args) => after::run(args, language),
        Command::Register(args) => register::run(args, language),
        Command::List(args) => list::run(args, language),
        Command::Obs(args) => obs::run(args, language),
        Command::Train(args) => train::run(args, language),
        Command::Model(args) => model::run(args, language),
        Command::Emis(args) => emis::run(args, language),
        Command::Met(args) => met::run(args, language),
        Command::Soak(args) => soak::run(args, language),
        Command::Read { task } => outside_file::answer(task).map(|()| 0),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(e) => {
            output::error(&e, json, language);
            ExitCode::from(e.exit_code())
        }
    }
}

fn aqi_command(args: &aqi::AqiArgs) -> Result<u8, Error> {
    let mut library = crate::setup::library::Library::new(None);
    let rules = library.read("seeds/aqi.toml", crate::domain::aqi::AqiRules::from_toml)?;
    output::print(&aqi::run(args, &rules)?)?;
    Ok(0)
}
