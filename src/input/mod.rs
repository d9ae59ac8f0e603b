//! input

pub mod accumulation;
pub mod cf_axes;
pub mod cf_netcdf;
pub mod cf_time;
pub mod grib2;
pub mod grib2_message;
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
