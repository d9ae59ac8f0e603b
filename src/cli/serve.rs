//! `hazecast serve`: the API and its page.

use super::language::Language;
use super::output;
use crate::api;
use crate::archive::store::Store;
use crate::config::Config;
use crate::error::Result;
use std::net::SocketAddr;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  hazecast serve --config night.toml
  hazecast serve --config night.toml --listen 127.0.0.1:9000
  curl http://127.0.0.1:8080/v1/warnings/current";

/// Serves the archived runs: API and page.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ServeArgs {
    /// Configuration of the night
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
}

/// Runs the command until it is told to stop.
///
/// # Errors
/// `Io` when the address cannot be listened on.
pub fn run(args: &ServeArgs, language: Language) -> Result<u8> {
    let config = Config::load(&args.config)?;
    serve(Store::open(&config.runs)?, args.listen, language)
}

/// Serves a store until SIGTERM or Ctrl-C.
///
/// # Errors
/// `Io` when the address cannot be listened on.
pub fn serve(store: Store, listen: SocketAddr, language: Language) -> Result<u8> {
    api::serve(std::sync::Arc::new(store), listen, |address| {
        let stop = language.pick("按 Ctrl-C 停止", "Ctrl-C stops");
        output::note(&format!("{}  http://{address}/", language.pick("网页", "page")));
        output::note(&format!("{}   http://{address}/v1/warnings/current   ({stop})", language.pick("接口", "API ")));
    })?;
    Ok(0)
}
