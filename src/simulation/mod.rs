//! State(t) -> State(t + dt) -> History.

pub mod box_cells;
pub mod budget;
pub mod emission;
pub mod emission_placement;
pub mod fire_emission;
pub mod history;
pub mod temporal_profile;
