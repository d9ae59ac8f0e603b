//! `hazecast demo`: writes the built-in example's input files, runs the ordinary night on them, and serves the result.

use super::language::Language;
use super::{example, night, serve};
use crate::error::Result;
use crate::setup::{Setup, library};
use std::net::SocketAddr;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  hazecast demo
  hazecast demo --out /tmp/example --listen 127.0.0.1:9000
  hazecast demo --no-serve --json > record.json

The example is invented weather over the real counties with estimated emissions: it shows the engine, not the air.";

/// Runs the built-in example: three days of winter stagnation over Yanbian.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct DemoArgs {
    /// Folder for the example's files and runs
    #[arg(long, value_name = "DIR", default_value = "data/demo")]
    pub out: PathBuf,
    /// Address of API and page
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// End after the night instead of serving it
    #[arg(long)]
    pub no_serve: bool,
    /// Print the consultation record as one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Runs the command; returns the exit code.
///
/// # Errors
/// As the night and the server.
pub fn run(args: &DemoArgs, language: Language) -> Result<u8> {
    let config = example::write(&args.out, library::built_in("data/yanbian/inventory.csv")?)?;
    let setup = Setup::load(&config)?;
    let record = night::one_night(&setup, None, language)?;
    let code = night::show(&record, args.json, language)?;
    if args.no_serve {
        return Ok(code);
    }
    serve::serve(setup, args.listen, language)
}
