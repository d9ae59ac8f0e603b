//! `hazecast serve`: the API and its page.

use super::language::Language;
use super::output;
use crate::api;
use crate::api::whatif_desk::Desk;
use crate::archive::store::Store;
use crate::error::Result;
use crate::nightly::whatif::what_if;
use crate::setup::Setup;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

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
/// `Busy` when another program listens on the address; `Io` when it cannot be listened on.
pub fn run(args: &ServeArgs, language: Language) -> Result<u8> {
    let setup = Setup::load(&args.config)?;
    serve(setup, args.listen, language)
}

/// Serves the archive of a night, and runs what-if questions about it, until SIGTERM or Ctrl-C.
///
/// # Errors
/// `Busy` when another program listens on the address; `Io` when it cannot be listened on.
pub fn serve(setup: Setup, listen: SocketAddr, language: Language) -> Result<u8> {
    let store = Arc::new(Store::open(&setup.config.runs)?);
    let counties: Vec<u32> = setup.region.counties.iter().map(|c| c.adcode).collect();
    let desk = Desk::new(Box::new(move |asked, go_on| what_if(&setup, asked, go_on)));
    api::serve(api::router_with(store, Arc::new(desk), &counties), listen, |address| {
        let stop = language.pick("按 Ctrl-C 停止", "Ctrl-C stops");
        output::note(&format!("{}  http://{address}/", language.pick("网页", "page")));
        output::note(&format!("{}   http://{address}/v1/warnings/current   ({stop})", language.pick("接口", "API ")));
    })?;
    Ok(0)
}
