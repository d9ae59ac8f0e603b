//! `hazecast warn`: the warning explained, and past records judged.

use super::language::Language;
use super::replay;
use crate::error::Result;

/// Warnings of a past record.
#[derive(Debug, Clone, clap::Args)]
pub struct WarnArgs {
    #[command(subcommand)]
    command: WarnCommand,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum WarnCommand {
    Replay(replay::ReplayArgs),
}

impl WarnArgs {
    /// Whether stdout is to hold JSON.
    pub fn json(&self) -> bool {
        match &self.command {
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
        WarnCommand::Replay(args) => replay::run(args, language),
    }
}
