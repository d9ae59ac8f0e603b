//! Names of GRIB2 parameters and surfaces for people (WMO-No. 306, Manual on Codes, Volume I.2, code tables 4.2 and 4.5).

use super::grib2_product::Parameter;

/// Short name, name and unit of a parameter.
const PARAMETERS: [((u8, u8, u8), &str, &str, &str); 62] = [
    ((0, 0, 0), "t", "temperature", "K"),
    ((0, 0, 2), "pt", "potential temperature", "K"),
    ((0, 0, 4), "tmax", "maximum temperature", "K"),
    ((0, 0, 5), "tmin", "minimum temperature", "K"),
    ((0, 0, 6), "dpt", "dew point temperature", "K"),
    ((0, 0, 10), "lhtfl", "latent heat net flux", "W m-2"),
    ((0, 0, 11), "shtfl", "sensible heat net flux", "W m-2"),
    ((0, 0, 17), "skt", "skin temperature", "K"),
    ((0, 1, 0), "q", "specific humidity", "kg kg-1"),
    ((0, 1, 1), "r", "relative humidity", "%"),
    ((0, 1, 3), "pwat", "precipitable water", "kg m-2"),
    ((0, 1, 7), "prate", "precipitation rate", "kg m-2 s-1"),
    ((0, 1, 8), "tp", "total precipitation", "kg m-2"),
    ((0, 1, 10), "acpcp", "convective precipitation", "kg m-2"),
    ((0, 1, 11), "snod", "snow depth", "m"),
    ((0, 1, 13), "sdwe", "water equivalent of accumulated snow depth", "kg m-2"),
    ((0, 1, 22), "clwmr", "cloud mixing ratio", "kg kg-1"),
    ((0, 1, 23), "icmr", "ice water mixing ratio", "kg kg-1"),
    ((0, 1, 24), "rwmr", "rain mixing ratio", "kg kg-1"),
    ((0, 1, 25), "snmr", "snow mixing ratio", "kg kg-1"),
    ((0, 1, 37), "cprat", "convective precipitation rate", "kg m-2 s-1"),
    ((0, 1, 52), "tprate", "total precipitation rate", "kg m-2 s-1"),
    ((0, 1, 60), "sd", "snow depth water equivalent", "kg m-2"),
    ((0, 1, 83), "clwc", "specific cloud liquid water content", "kg kg-1"),
    ((0, 1, 84), "ciwc", "specific cloud ice water content", "kg kg-1"),
    ((0, 2, 0), "wdir", "wind direction", "degrees"),
    ((0, 2, 1), "ws", "wind speed", "m s-1"),
    ((0, 2, 2), "u", "eastward wind", "m s-1"),
    ((0, 2, 3), "v", "northward wind", "m s-1"),
    ((0, 2, 8), "w", "vertical velocity (pressure)", "Pa s-1"),
    ((0, 2, 9), "wz", "vertical velocity (geometric)", "m s-1"),
    ((0, 2, 10), "absv", "absolute vorticity", "s-1"),
    ((0, 2, 12), "relv", "relative vorticity", "s-1"),
    ((0, 2, 13), "reld", "relative divergence", "s-1"),
    ((0, 2, 17), "uflx", "eastward momentum flux", "N m-2"),
    ((0, 2, 18), "vflx", "northward momentum flux", "N m-2"),
    ((0, 2, 22), "gust", "wind speed (gust)", "m s-1"),
    ((0, 2, 30), "fricv", "friction velocity", "m s-1"),
    ((0, 3, 0), "sp", "pressure", "Pa"),
    ((0, 3, 1), "prmsl", "pressure reduced to mean sea level", "Pa"),
    ((0, 3, 4), "z", "geopotential", "m2 s-2"),
    ((0, 3, 5), "gh", "geopotential height", "m"),
    ((0, 3, 9), "gpa", "geopotential height anomaly", "m"),
    ((0, 3, 18), "blh", "planetary boundary layer height", "m"),
    ((0, 3, 25), "lnsp", "natural logarithm of pressure in Pa", "1"),
    ((0, 4, 7), "dswrf", "downward short-wave radiation flux", "W m-2"),
    ((0, 4, 8), "uswrf", "upward short-wave radiation flux", "W m-2"),
    ((0, 5, 3), "dlwrf", "downward long-wave radiation flux", "W m-2"),
    ((0, 5, 4), "ulwrf", "upward long-wave radiation flux", "W m-2"),
    ((0, 6, 1), "tcc", "total cloud cover", "%"),
    ((0, 6, 6), "cwat", "cloud water", "kg m-2"),
    ((0, 7, 6), "cape", "convective available potential energy", "J kg-1"),
    ((0, 7, 7), "cin", "convective inhibition", "J kg-1"),
    ((0, 7, 8), "hlcy", "storm relative helicity", "J kg-1"),
    ((0, 14, 0), "tozne", "total ozone", "DU"),
    ((0, 14, 1), "o3mr", "ozone mixing ratio", "kg kg-1"),
    ((0, 19, 1), "albedo", "albedo", "%"),
    ((2, 0, 0), "lsm", "land cover", "1"),
    ((2, 0, 1), "sr", "surface roughness", "m"),
    ((2, 0, 2), "st", "soil temperature", "K"),
    ((2, 3, 18), "st", "soil temperature", "K"),
    ((10, 2, 0), "ci", "ice cover", "1"),
];

const SURFACES: [(u8, &str, &str); 22] = [
    (1, "ground", ""),
    (2, "cloud-base", ""),
    (3, "cloud-top", ""),
    (4, "0-degC", ""),
    (6, "maximum-wind", ""),
    (7, "tropopause", ""),
    (8, "top", ""),
    (10, "whole-atmosphere", ""),
    (100, "isobaric", "Pa"),
    (101, "sea-level", ""),
    (102, "altitude", "m"),
    (103, "height", "m"),
    (104, "sigma", "1"),
    (105, "hybrid", "level"),
    (106, "depth", "m"),
    (107, "isentropic", "K"),
    (108, "pressure-above-ground", "Pa"),
    (109, "potential-vorticity", "K m2 kg-1 s-1"),
    (151, "soil", "level"),
    (200, "whole-atmosphere", ""),
    (220, "boundary-layer", ""),
    (255, "none", ""),
];

/// Short name (or `discipline/category/number`), name and unit of a parameter.
pub fn parameter(p: &Parameter) -> (String, &'static str, &'static str) {
    let code = (p.discipline, p.category, p.number);
    match PARAMETERS.iter().find(|(known, ..)| *known == code) {
        Some((_, short, name, unit)) => ((*short).to_owned(), name, unit),
        None => (format!("{}/{}/{}", code.0, code.1, code.2), "", ""),
    }
}

/// Name of a surface type and the unit of its value.
pub fn surface(kind: u8) -> (String, &'static str) {
    match SURFACES.iter().find(|(known, ..)| *known == kind) {
        Some((_, name, unit)) => ((*name).to_owned(), unit),
        None => (format!("surface-{kind}"), ""),
    }
}
