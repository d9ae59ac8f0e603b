//! cli
pub mod example;
