//! The ground of the example: an analytic relief of Yanbian and its surroundings.
//!
//! Hills are Gaussian; basins and valleys are Gaussian factors, so that the ground never falls below the sea; a ramp lowers
//! everything to the coast of the Sea of Japan. Heights follow the real ones within one or two hundred metres, which is what a
//! 12 km model sees.

use crate::constants::EARTH_RADIUS_M;

/// Centre (longitude, latitude), height [m], half-widths east and north [km].
const HILLS: [(f64, f64, f64, f64, f64); 11] = [
    (128.08, 42.00, 950.0, 34.0, 30.0), // Changbai massif
    (128.20, 42.10, 330.0, 70.0, 60.0), // its plateau
    (129.05, 41.50, 800.0, 38.0, 55.0), // Hamgyong range
    (127.70, 41.00, 700.0, 90.0, 50.0), // Kaema plateau
    (128.62, 43.35, 480.0, 18.0, 42.0), // Harbaling
    (129.00, 43.75, 330.0, 45.0, 32.0), // Laoyeling, Mudan head waters
    (130.30, 43.45, 420.0, 42.0, 40.0), // Panling
    (128.95, 42.45, 320.0, 34.0, 26.0), // Nangang
    (127.35, 43.95, 420.0, 34.0, 55.0), // Zhangguangcai
    (126.90, 42.35, 430.0, 50.0, 45.0), // Longgang
    (131.60, 43.95, 260.0, 60.0, 60.0), // Taiping
];

/// Centre (longitude, latitude), share of the height taken away, half-widths east and north [km].
const BASINS: [(f64, f64, f64, f64, f64); 11] = [
    (129.47, 42.86, 0.62, 24.0, 15.0), // Yanji and Longjing
    (129.85, 42.97, 0.45, 14.0, 13.0), // Tumen
    (130.34, 42.87, 0.85, 22.0, 16.0), // Hunchun
    (130.55, 42.60, 0.70, 20.0, 18.0), // lower Tumen river
    (129.77, 43.30, 0.50, 17.0, 17.0), // Wangqing
    (129.00, 42.54, 0.45, 15.0, 13.0), // Helong
    (128.90, 43.11, 0.28, 15.0, 13.0), // Antu
    (128.20, 43.38, 0.20, 28.0, 24.0), // Dunhua
    (126.20, 44.30, 0.60, 90.0, 75.0), // edge of the Songnen plain
    (132.30, 44.60, 0.85, 70.0, 75.0), // Khanka lowland
    (129.60, 44.55, 0.45, 28.0, 26.0), // Mudanjiang
];

/// Height of the ground away from hills and basins [m].
const UPLAND_M: f64 = 400.0;

/// Points (longitude, latitude) of the coast, eastward; the sea lies south of it.
const COAST: [(f64, f64); 9] = [
    (128.40, 40.10),
    (129.30, 40.80),
    (129.85, 41.70),
    (130.40, 42.25),
    (130.85, 42.55),
    (131.40, 42.95),
    (132.00, 43.10),
    (132.90, 42.75),
    (134.50, 43.20),
];

/// What the weather needs to know of one place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ground {
    /// Height above sea level [m].
    pub height_m: f64,
    pub is_land: bool,
    /// How much of a basin or valley this is, 0 (open) ..= 1.
    pub basin: f64,
}

/// The ground at a longitude and latitude [degrees].
pub(super) fn ground(lon: f64, lat: f64) -> Ground {
    let shore_km = 0.75 * (lat - coast_latitude(lon)).to_radians() * EARTH_RADIUS_M / 1000.0;
    if shore_km <= 0.0 {
        return Ground { height_m: 0.0, is_land: false, basin: 0.0 };
    }
    let upland = HILLS.iter().fold(UPLAND_M, |sum, h| sum + h.2 * bell(lon, lat, h));
    let open = BASINS.iter().fold(1.0, |product, b| product * (1.0 - b.2 * bell(lon, lat, b)));
    let ramp = 1.0 - (-shore_km / 45.0).exp();
    Ground { height_m: ramp * upland * open, is_land: true, basin: 1.0 - open }
}

fn bell(lon: f64, lat: f64, &(lon0, lat0, _, east_km, north_km): &(f64, f64, f64, f64, f64)) -> f64 {
    let km = EARTH_RADIUS_M.to_radians() / 1000.0;
    let east = (lon - lon0) * km * lat0.to_radians().cos() / east_km;
    let north = (lat - lat0) * km / north_km;
    (-0.5 * (east * east + north * north)).exp()
}

fn coast_latitude(lon: f64) -> f64 {
    let after = COAST.iter().position(|c| c.0 >= lon).unwrap_or(COAST.len() - 1).max(1);
    let ((lon0, lat0), (lon1, lat1)) = (COAST[after - 1], COAST[after]);
    lat0 + (lat1 - lat0) * ((lon - lon0) / (lon1 - lon0)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::ground;

    /// Heights of the county seats [m], rounded, from public gazetteers.
    #[test]
    fn county_seats_stand_near_their_real_height() {
        for (name, lon, lat, real) in [
            ("Yanji", 129.516, 42.907, 180.0),
            ("Tumen", 129.847, 42.967, 140.0),
            ("Dunhua", 128.230, 43.367, 500.0),
            ("Hunchun", 130.366, 42.871, 40.0),
            ("Longjing", 129.426, 42.771, 240.0),
            ("Helong", 129.009, 42.547, 460.0),
            ("Wangqing", 129.766, 43.315, 240.0),
            ("Antu", 128.902, 43.111, 380.0),
        ] {
            let h = ground(lon, lat).height_m;
            assert!((h - real).abs() < 100.0, "{name}: {h:.0} m, really {real} m");
        }
    }

    #[test]
    fn mountains_ridge_and_sea_are_where_they_are() {
        let h = |lon, lat| ground(lon, lat).height_m;
        assert!((1500.0..2100.0).contains(&h(128.08, 42.0)), "{}", h(128.08, 42.0));
        // Harbaling stands between Dunhua and Antu
        let ridge = h(128.62, 43.3);
        assert!((800.0..1000.0).contains(&ridge) && ridge > h(128.23, 43.367) + 250.0, "{ridge}");
        assert!(!ground(131.5, 42.0).is_land && h(131.5, 42.0) == 0.0);
        assert!(ground(130.366, 42.871).is_land);
        assert!(ground(129.47, 42.86).basin > 0.5 && ground(128.08, 42.0).basin < 0.1);
    }
}
