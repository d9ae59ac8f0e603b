//! Observations and a background -> an analysis.
