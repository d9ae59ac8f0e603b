//! State(t) -> State(t + dt) -> History.

mod bilinear;
pub mod boundary;
pub mod box_cells;
pub mod budget;
pub mod columns;
pub mod diagnose;
pub mod driver;
pub mod emission;
pub mod emission_placement;
pub mod fire_emission;
pub mod history;
pub mod horizontal;
mod layer_means;
pub mod meteorology;
pub mod plume;
pub mod run;
pub mod speed;
pub mod step;
pub mod synthetic;
pub mod temporal_profile;
