//! Which GRIB2 fields the model takes, and under which name.

use super::driver_needs::Need;
use super::grib2_product::Parameter;
use serde::{Deserialize, Serialize};

/// NCEP and ECMWF in common code table C-11.
const NCEP: u16 = 7;
const ECMWF: u16 = 98;
/// Surfaces of code table 4.5: isobaric, hybrid.
pub const ISOBARIC: u8 = 100;
pub const HYBRID: u8 = 105;

/// What is read: discipline, category, number and surface, the level and the centre where only one is meant. Numbers from 192 are
/// the centre's own (NCEP's 0/1/193 is categorical freezing rain, ECMWF's the total precipitation in metres), and sensible heat is
/// upward at NCEP.
const WANTED: [Wanted; 39] = [
    (Name::Height, (0, 3, 5, ISOBARIC), None, None),
    (Name::Geopotential, (0, 3, 4, ISOBARIC), None, None),
    (Name::Temperature, (0, 0, 0, ISOBARIC), None, None),
    (Name::WindEast, (0, 2, 2, ISOBARIC), None, None),
    (Name::WindNorth, (0, 2, 3, ISOBARIC), None, None),
    (Name::RelativeHumidity, (0, 1, 1, ISOBARIC), None, None),
    (Name::SpecificHumidity, (0, 1, 0, ISOBARIC), None, None),
    (Name::CloudWater, (0, 1, 22, ISOBARIC), None, None),
    (Name::CloudIce, (0, 1, 23, ISOBARIC), None, None),
    (Name::Temperature, (0, 0, 0, HYBRID), None, None),
    (Name::WindEast, (0, 2, 2, HYBRID), None, None),
    (Name::WindNorth, (0, 2, 3, HYBRID), None, None),
    (Name::SpecificHumidity, (0, 1, 0, HYBRID), None, None),
    (Name::CloudWater, (0, 1, 83, HYBRID), None, None),
    (Name::CloudIce, (0, 1, 84, HYBRID), None, None),
    (Name::LogarithmOfSurfacePressure, (0, 3, 25, HYBRID), Some(1), None),
    (Name::SurfaceGeopotential, (0, 3, 4, HYBRID), Some(1), None),
    (Name::SurfacePressure, (0, 3, 0, 1), None, None),
    (Name::Orography, (0, 3, 5, 1), None, None),
    (Name::SurfaceGeopotential, (0, 3, 4, 1), None, None),
    (Name::Temperature2m, (0, 0, 0, 103), Some(2), None),
    (Name::DewPoint2m, (0, 0, 6, 103), Some(2), None),
    (Name::SpecificHumidity2m, (0, 1, 0, 103), Some(2), None),
    (Name::RelativeHumidity2m, (0, 1, 1, 103), Some(2), None),
    (Name::WindEast10m, (0, 2, 2, 103), Some(10), None),
    (Name::WindNorth10m, (0, 2, 3, 103), Some(10), None),
    (Name::TotalPrecipitation, (0, 1, 8, 1), None, None),
    (Name::TotalPrecipitationMetres, (0, 1, 193, 1), None, Some(ECMWF)),
    (Name::PrecipitationRate, (0, 1, 7, 1), None, None),
    (Name::PrecipitationRate, (0, 1, 52, 1), None, None),
    (Name::MixingHeight, (0, 3, 196, 1), None, Some(NCEP)),
    (Name::MixingHeight, (0, 3, 18, 1), None, None),
    (Name::FrictionVelocity, (0, 2, 30, 1), None, None),
    (Name::SensibleHeat, (0, 0, 11, 1), None, Some(NCEP)),
    (Name::SnowWater, (0, 1, 13, 1), None, None),
    (Name::SnowWater, (0, 1, 60, 1), None, None),
    (Name::Land, (2, 0, 0, 1), None, None),
    (Name::Shortwave, (0, 4, 7, 1), None, None),
    (Name::Shortwave, (0, 4, 192, 1), None, Some(NCEP)),
];
type Wanted = (Name, (u8, u8, u8, u8), Option<i64>, Option<u16>);

/// A field that the model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Name {
    Height,
    Geopotential,
    Temperature,
    WindEast,
    WindNorth,
    RelativeHumidity,
    SpecificHumidity,
    CloudWater,
    CloudIce,
    SurfacePressure,
    LogarithmOfSurfacePressure,
    Orography,
    SurfaceGeopotential,
    Temperature2m,
    DewPoint2m,
    SpecificHumidity2m,
    RelativeHumidity2m,
    WindEast10m,
    WindNorth10m,
    TotalPrecipitation,
    TotalPrecipitationMetres,
    PrecipitationRate,
    MixingHeight,
    FrictionVelocity,
    SensibleHeat,
    SnowWater,
    Land,
    Shortwave,
}

/// The name of a parameter; `None`: the model does not take it.
pub fn name(p: &Parameter) -> Option<Name> {
    let code = (p.discipline, p.category, p.number, p.surface);
    let fits = |w: &&Wanted| w.1 == code && w.2.is_none_or(|l| l == p.level) && w.3.is_none_or(|c| c == p.centre);
    WANTED.iter().find(fits).map(|w| w.0)
}

/// What a field stands for among the model's needs.
pub fn need(name: Name) -> Need {
    match name {
        Name::Height | Name::Geopotential => Need::Height,
        Name::Temperature => Need::Temperature,
        Name::WindEast => Need::WindEast,
        Name::WindNorth => Need::WindNorth,
        Name::RelativeHumidity | Name::SpecificHumidity => Need::Humidity,
        Name::CloudWater | Name::CloudIce => Need::CloudWater,
        Name::SurfacePressure | Name::LogarithmOfSurfacePressure => Need::SurfacePressure,
        Name::Orography | Name::SurfaceGeopotential => Need::Terrain,
        Name::Temperature2m => Need::Temperature2m,
        Name::DewPoint2m | Name::SpecificHumidity2m | Name::RelativeHumidity2m => Need::Humidity2m,
        Name::WindEast10m | Name::WindNorth10m => Need::Wind10m,
        Name::TotalPrecipitation | Name::TotalPrecipitationMetres | Name::PrecipitationRate => Need::Precipitation,
        Name::MixingHeight => Need::MixingHeight,
        Name::FrictionVelocity => Need::FrictionVelocity,
        Name::SensibleHeat => Need::SensibleHeat,
        Name::SnowWater => Need::Snow,
        Name::Land => Need::Land,
        Name::Shortwave => Need::Shortwave,
    }
}
