//! `hazecast warn`: the warning of a run explained, and the warnings of a past record.

use super::language::Language;
use super::{explain, replay};
use crate::error::Result;

const EXAMPLES: &str = "\
Examples:
  hazecast warn explain --config night.toml --area 222401
  hazecast warn replay --daily records.csv --place 延边州";

/// Explains the warning of a run, or finds the warnings of a past record.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct WarnArgs {
    #[command(subcommand)]
    command: WarnCommand,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum WarnCommand {
    Explain(explain::ExplainArgs),
    Replay(replay::ReplayArgs),
}

impl WarnArgs {
    /// Whether stdout is to hold JSON.
    pub fn json(&self) -> bool {
        match &self.command {
            WarnCommand::Explain(args) => args.json,
            WarnCommand::Replay(args) => args.input.json,
        }
    }
}

/// Runs the sub-command; returns the exit code.
///
/// # Errors
/// Those of the sub-command.
pub fn run(args: &WarnArgs, language: Language) -> Result<u8> {
    match &args.command {
        WarnCommand::Explain(args) => explain::run(args, language),
        WarnCommand::Replay(args) => replay::run(args, language),
    }
}
