//! Our own files, both ways.
//!
//! A run in progress lives in `runs/.work-<run>/`; it is published as a whole by one rename to `runs/<run>/` and described to the last
//! byte by its `manifest.json`. Readers need no lock.

pub mod analyses;
pub mod checkpoints;
pub mod csv_table;
pub mod durable;
pub mod emission_file;
pub mod fields;
mod grid_mapping;
pub mod learned_file;
pub mod list_files;
pub mod manifest;
pub mod npy;
pub mod run_id;
pub mod series;
pub mod store;
pub mod work;
pub mod xlsx;

/// The consultation record of a run, JSON.
pub const RECORD: &str = "record.json";
/// The rules in force for a run with the hashes of their files, JSON.
pub const RULES: &str = "rules.json";
/// Hourly fields of the base run, NetCDF.
pub const BASE_FIELDS: &str = "fields.nc";
/// Factors of the analyses that every run of the night takes; only where observations are assimilated.
pub const ANALYSES: &str = "analyses.bin";
/// Hourly fields of the run with the reduction list, NetCDF.
pub const CUT_FIELDS: &str = "fields_cut.nc";
/// County series of the base run, Parquet.
pub const BASE_SERIES: &str = "series.parquet";
/// County series of the run with the reduction list, Parquet.
pub const CUT_SERIES: &str = "series_cut.parquet";
/// What makes the exceeding means: sources ranked by influence, JSON.
pub const RANKING: &str = "ranking.json";

/// Name of the map of a window of the ranking, 0 the first, SVG.
pub fn influence_map(window: usize) -> String {
    format!("influence_{window}.svg")
}
