//! Position of the sun.

/// Unix time of the epoch J2000.0, 2000-01-01 12:00 UTC [s].
const J2000_UNIX_S: f64 = 946_728_000.0;

/// Apparent right ascension and declination of the sun [rad] at `unix_s` [s since 1970-01-01 UTC].
///
/// Low-accuracy theory of Meeus (1998), Astronomical Algorithms, chapter 25 (0.01 degrees between 1950 and 2100); the difference
/// between UTC and dynamical time (about 70 s, 0.0008 degrees of solar longitude) is ignored.
pub fn right_ascension_declination(unix_s: f64) -> (f64, f64) {
    let t = (unix_s - J2000_UNIX_S) / 86_400.0 / 36_525.0;
    let mean_longitude = 280.466_46 + t * (36_000.769_83 + t * 0.000_303_2);
    let anomaly = (357.529_11 + t * (35_999.050_29 - t * 0.000_153_7)).to_radians();
    let centre = (1.914_602 - t * (0.004_817 + t * 0.000_014)) * anomaly.sin()
        + (0.019_993 - t * 0.000_101) * (2.0 * anomaly).sin()
        + 0.000_289 * (3.0 * anomaly).sin();
    let node = (125.04 - 1_934.136 * t).to_radians();
    let longitude = (mean_longitude + centre - 0.005_69 - 0.004_78 * node.sin()).to_radians();
    let obliquity = (23.439_291 - 0.013_004_2 * t + 0.002_56 * node.cos()).to_radians();
    let right_ascension = (obliquity.cos() * longitude.sin()).atan2(longitude.cos());
    let declination = (obliquity.sin() * longitude.sin()).asin();
    (right_ascension, declination)
}

/// Cosine of the true (unrefracted) solar zenith angle, negative below the horizon.
///
/// `longitude_deg` east positive, `latitude_deg` north positive, `unix_s` seconds since 1970-01-01 UTC. Greenwich sidereal time:
/// Meeus (1998), eq. 12.4.
pub fn cos_zenith(longitude_deg: f64, latitude_deg: f64, unix_s: f64) -> f64 {
    let (right_ascension, declination) = right_ascension_declination(unix_s);
    let days = (unix_s - J2000_UNIX_S) / 86_400.0;
    let sidereal = (280.460_618_37 + 360.985_647_366_29 * days).rem_euclid(360.0);
    let hour_angle = (sidereal + longitude_deg).to_radians() - right_ascension;
    let latitude = latitude_deg.to_radians();
    latitude.sin() * declination.sin() + latitude.cos() * declination.cos() * hour_angle.cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Meeus (1998), example 25.a: 1992-10-13 00:00: right ascension 198.38083 deg, declination -7.78507 deg.
    #[test]
    fn meeus_example_25a() {
        let (ra, dec) = right_ascension_declination(718_934_400.0);
        assert!((ra.to_degrees().rem_euclid(360.0) - 198.380_83).abs() < 2e-3, "{}", ra.to_degrees());
        assert!((dec.to_degrees() + 7.785_07).abs() < 1e-3, "{}", dec.to_degrees());
    }

    /// Reda & Andreas (2004), NREL/TP-560-34302, table A5.1: 2003-10-17 19:30:30 UTC, 39.742476 N, 105.1786 W: elevation without
    /// refraction 39.872046 deg.
    #[test]
    fn nrel_solar_position_example() {
        let zenith = cos_zenith(-105.178_6, 39.742_476, 1_066_419_030.0).acos().to_degrees();
        assert!((zenith - (90.0 - 39.872_046)).abs() < 0.01, "{zenith}");
    }

    /// Noon at Yanji (42.9 N, 129.5 E) on the December solstice: 90 - (42.9 + 23.44) = 23.66 deg of elevation.
    #[test]
    fn winter_noon_at_yanji() {
        let highest = (0..24 * 60)
            .map(|minute| cos_zenith(129.5, 42.9, 1_766_275_200.0 + f64::from(minute) * 60.0))
            .fold(-1.0_f64, f64::max);
        assert!((highest.asin().to_degrees() - 23.66).abs() < 0.02, "{}", highest.asin().to_degrees());
    }
}
