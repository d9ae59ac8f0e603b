//! State(t) -> State(t + dt) -> History.

pub mod budget;
pub mod history;
