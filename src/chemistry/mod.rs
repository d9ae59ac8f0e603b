//! chemistry
