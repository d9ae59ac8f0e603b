//! The API and the first page: they read the archive and compute nothing heavy in a request.

mod answer;
mod chart;
mod consultations;
mod counties;
mod health;
pub mod openapi;
mod page;
pub mod problem;
mod published;
mod reductions;
pub mod router;
mod runs;
mod server;
mod warnings;

pub use router::router;
pub use server::serve;
