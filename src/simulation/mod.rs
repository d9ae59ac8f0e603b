//! State(t) -> State(t + dt) -> History.

mod bilinear;
pub mod boundary;
pub mod box_cells;
pub mod budget;
mod carried;
pub mod columns;
pub mod diagnose;
pub mod driver;
pub mod emission;
pub mod emission_placement;
pub mod fire_emission;
pub mod history;
pub mod horizontal;
pub mod influence;
mod layer_means;
mod linear_columns;
mod linear_hour;
mod linear_sweeps;
pub mod meteorology;
pub mod plume;
pub mod run;
pub mod source_influence;
pub mod speed;
pub mod step;
pub mod synthetic;
pub mod temporal_profile;
