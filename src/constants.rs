//! Physical constants, SI.

/// Radius of the spherical Earth as used by WRF and by our Lambert grids [m].
pub const EARTH_RADIUS_M: f64 = 6_370_000.0;
/// Acceleration of gravity [m s-2] (WMO standard).
pub const GRAVITY: f64 = 9.80665;
/// Specific gas constant of dry air [J kg-1 K-1].
pub const R_DRY: f64 = 287.05;
/// Specific heat of dry air at constant pressure [J kg-1 K-1].
pub const CP_DRY: f64 = 1004.7;
/// Von Karman constant [1].
pub const VON_KARMAN: f64 = 0.4;
/// Molar gas constant [J mol-1 K-1] (CODATA 2018).
pub const R_MOLAR: f64 = 8.314_462_618;
/// Avogadro constant [mol-1] (SI 2019).
pub const AVOGADRO: f64 = 6.022_140_76e23;
/// Molar mass of dry air [kg mol-1].
pub const MOLAR_MASS_AIR: f64 = 0.028_964_7;
/// Boltzmann constant [J K-1] (SI 2019).
pub const BOLTZMANN: f64 = 1.380_649e-23;
