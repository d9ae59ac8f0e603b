//! State(t) -> State(t + dt) -> History.

pub mod boundary;
pub mod budget;
pub mod columns;
pub mod diagnose;
pub mod driver;
pub mod emission;
pub mod emission_placement;
pub mod fire_emission;
pub mod history;
pub mod horizontal;
pub mod meteorology;
pub mod plume;
pub mod run;
pub mod step;
pub mod temporal_profile;
