//! met
