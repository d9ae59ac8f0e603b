//! Foreign files into nouns: one file per format, each knows one format and nothing else.

mod csv_rows;
pub mod fires_csv;
pub mod inventory_csv;
pub mod inventory_netcdf;
pub mod observations_csv;
pub mod outlines;
pub mod power_plants_csv;
pub mod region;
//! input

pub mod accumulation;
pub mod cf_time;
pub mod humidity;
pub mod isolation;
pub mod meteorology;
pub mod netcdf_file;
pub mod netcdf_signature;
pub mod plausibility;
pub mod pressure_levels;
pub mod quantity;
pub mod wrf_grid;
pub mod wrfout;
