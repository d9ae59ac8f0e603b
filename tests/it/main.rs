//! One binary of integration tests, so that the heavy crates are linked once.

#![allow(clippy::print_stdout, reason = "tests print their figures")]

mod adjoint;
mod after;
mod advice;
mod archive;
mod assimilation;
mod boundary_files;
mod cli;
mod conservation;
mod core;
mod emis;
mod emission;
mod emission_weather;
mod drivers;
mod example;
mod explain;
mod fetch;
mod fetched;
mod fires;
mod forecast;
mod inventories;
mod isolation;
mod members;
mod met;
mod nested_night;
mod nesting;
mod night;
mod physics;
mod profiles;
mod proof;
mod quality;
mod ranking;
mod reduction;
mod register;
mod restart;
mod rules;
mod score;
mod skill;
mod soak;
mod stacks;
mod statistics;
mod tables;
mod terrain;
mod train;
mod trajectories;
mod warning;
mod weather;
mod whatif;

use std::path::PathBuf;

/// A real file of the shared test data, or `None` with the reason printed where this checkout has none beside it.
pub fn real(path: &str) -> Option<PathBuf> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(path);
    if file.exists() {
        return Some(file);
    }
    println!("skipped: ../shared/data/{path} is not beside this checkout");
    None
}
