//! The API and the first page: they read the archive and compute nothing heavy in a request; what-if questions are run beside it.

mod answer;
mod chart;
mod consultations;
mod counties;
mod explain;
mod health;
mod lists;
pub mod openapi;
mod page;
pub mod problem;
mod published;
mod rankings;
mod reductions;
pub mod router;
mod rules;
mod runs;
mod server;
mod targets;
mod warnings;
mod whatif;
pub mod whatif_desk;

pub use router::{router, router_with};
pub use server::serve;

/// Writes a line for the operator to stderr; a closed stderr is no reason to stop serving.
fn complain(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "hazecast serve: {text}");
}
