//! Foreign files into nouns: one file per format, each knows one format and nothing else.

pub mod accumulation;
pub mod beijing_stations;
pub mod boundary_netcdf;
pub mod cems_csv;
pub mod cf_axes;
pub mod cf_netcdf;
pub mod cf_time;
mod csv_rows;
pub mod daily_csv;
pub mod events_csv;
pub mod fires;
pub mod fires_csv;
pub mod fires_himawari;
pub mod grib2;
pub mod grib2_message;
pub mod hourly_files;
pub mod humidity;
pub mod inventory_csv;
pub mod inventory_netcdf;
pub mod isolation;
pub mod meteorology;
pub mod netcdf_classic;
pub mod netcdf_file;
pub mod netcdf_signature;
pub mod observations_csv;
pub mod outlines;
pub mod plausibility;
pub mod plume_csv;
pub mod power_plants_csv;
pub mod pressure_levels;
pub mod published_archive;
pub mod published_hours;
pub mod quantity;
pub mod reading;
pub mod region;
pub mod scenario_file;
pub mod stations_csv;
mod register_row;
pub mod register_table;
pub mod table_file;
mod table_xlsx;
pub mod terrain_netcdf;
pub mod wrf_grid;
pub mod wrfout;

/// Part of the Earth from which a reader takes records: west, south, east, north [degrees].
pub type Window = (f64, f64, f64, f64);
