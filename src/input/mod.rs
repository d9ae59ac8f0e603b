//! Foreign files into nouns: one file per format, each knows one format and nothing else.

mod csv_rows;
pub mod fires_csv;
pub mod inventory_csv;
pub mod inventory_netcdf;
pub mod netcdf_classic;
pub mod observations_csv;
pub mod outlines;
pub mod power_plants_csv;
pub mod region;

/// Part of the Earth from which a reader takes records: west, south, east, north [degrees].
pub type Window = (f64, f64, f64, f64);
