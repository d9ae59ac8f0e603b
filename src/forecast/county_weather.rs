//! Weather of a county in one hour, as far as it moves the air quality: what a correction may know, and what is shown beside the forecast.

use crate::domain::county::{County, CountyWeights};
use crate::domain::grid::distance_m;
use crate::domain::source::{Place, Sector, Source};
use crate::simulation::history::History;
use chrono::{DateTime, Duration, Utc};
use ndarray::{Array3, Axis};
use serde::{Deserialize, Serialize};

/// Means over the county's built-up places. What is `None` was not known; older forecasts have only the first three.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CountyWeather {
    /// Height of the boundary layer above ground.
    pub mixing_height_m: f64,
    /// At 10 m.
    pub wind_speed_m_s: f64,
    /// At 2 m.
    pub temperature_c: f64,
    /// Eastward and northward wind at 10 m.
    #[serde(default)]
    pub wind_east_m_s: Option<f64>,
    #[serde(default)]
    pub wind_north_m_s: Option<f64>,
    /// Relative humidity of the lowest layer, over water [%].
    #[serde(default)]
    pub relative_humidity_percent: Option<f64>,
    /// Air temperature some 250 m above ground less that at 2 m [K]: above 0 the air cannot rise.
    #[serde(default)]
    pub inversion_k: Option<f64>,
    /// Snow on the ground as water [kg m-2].
    #[serde(default)]
    pub snow_kg_m2: Option<f64>,
    /// PM2.5 of fires from which the wind blows hither [g s-1].
    #[serde(default)]
    pub fires_upwind_g_s: Option<f64>,
}

/// Fires count up to this distance [m] and within this angle [degrees] of the wind.
const FIRE_REACH_M: f64 = 300_000.0;
const FIRE_ANGLE_DEG: f64 = 45.0;
/// A fire that burnt so long before is still in the air [h].
const FIRE_HOURS: i64 = 24;

/// A fire in the air: its place and the PM2.5 that it gave [g s-1], mean over the day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Burnt {
    place: (f64, f64),
    g_s: f64,
}

/// The fires of the day that ends at `end`.
pub fn burnt(sources: &[Source], end: DateTime<Utc>) -> Vec<Burnt> {
    let begin = end - Duration::hours(FIRE_HOURS);
    let fires = sources.iter().filter(|s| s.sector == Sector::Fire);
    let burnt = fires.filter_map(|s| {
        let emitted_kg = s.strength.between(begin, end)?;
        let place = match s.place {
            Place::Point { lon, lat, .. } => (lon, lat),
            Place::Cell { west, south, east, north } => (0.5 * (west + east), 0.5 * (south + north)),
            _ => return None,
        };
        Some(Burnt { place, g_s: 1e3 * emitted_kg.pm25 / (3600.0 * FIRE_HOURS as f64) })
    });
    burnt.filter(|b| b.g_s > 0.0).collect()
}

impl CountyWeather {
    /// The weather of hour `h` of a run, without the fires.
    pub fn of(history: &History, weights: &CountyWeights, h: usize) -> Self {
        let mean = |field: &Array3<f32>| {
            let (field, nx) = (field.index_axis(Axis(0), h), field.dim().2);
            weights.built_up.iter().map(|(c, w)| w * f64::from(field[[c / nx, c % nx]])).sum::<f64>()
        };
        let (east, north) =
            (history.wind_east_m_s.index_axis(Axis(0), h), history.wind_north_m_s.index_axis(Axis(0), h));
        let nx = east.ncols();
        let speed = |c: usize| f64::from(east[[c / nx, c % nx]]).hypot(f64::from(north[[c / nx, c % nx]]));
        Self {
            mixing_height_m: mean(&history.mixing_height_m),
            wind_speed_m_s: weights.built_up.iter().map(|(c, w)| w * speed(*c)).sum(),
            temperature_c: mean(&history.temperature_k) - 273.15,
            wind_east_m_s: Some(mean(&history.wind_east_m_s)),
            wind_north_m_s: Some(mean(&history.wind_north_m_s)),
            relative_humidity_percent: Some(mean(&history.relative_humidity_percent)),
            inversion_k: Some(mean(&history.inversion_k)),
            snow_kg_m2: history.snow_kg_m2.as_ref().map(mean),
            fires_upwind_g_s: None,
        }
    }

    /// PM2.5 [g s-1] of those of the fires that lie upwind of a county; 0 in a calm.
    pub fn fires_upwind(&self, county: &County, fires: &[Burnt]) -> Option<f64> {
        let (east, north) = (self.wind_east_m_s?, self.wind_north_m_s?);
        let upwind = |(lon, lat): (f64, f64)| {
            // from the fire to the seat, eastward and northward
            let (x, y) = ((county.seat.0 - lon) * county.seat.1.to_radians().cos(), county.seat.1 - lat);
            let along = (x * east + y * north) / (x.hypot(y) * east.hypot(north));
            distance_m((lon, lat), county.seat) <= FIRE_REACH_M && along >= FIRE_ANGLE_DEG.to_radians().cos()
        };
        Some(fires.iter().filter(|f| upwind(f.place)).map(|f| f.g_s).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::source::{Amounts, Strength};
    use chrono::TimeZone;

    /// A county whose seat is at 129.5 E 43 N.
    fn county() -> County {
        County {
            adcode: 222_401,
            name_zh: "延吉市".into(),
            name_en: "Yanji".into(),
            seat: (129.5, 43.0),
            outline: geo::MultiPolygon::new(Vec::new()),
            settlements: Vec::new(),
        }
    }

    fn noon() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 4, 5, 12, 0, 0).unwrap()
    }

    /// A fire of 2 g/s that burns from so many hours before noon for as long as said.
    fn fire(lon: f64, lat: f64, before: i64, hours: i64) -> Source {
        let from = noon() - Duration::hours(before);
        let kg_s = Amounts { pm25: 0.002, ..Amounts::default() };
        Source {
            id: format!("{lon} {lat}"),
            name: "fire".into(),
            sector: Sector::Fire,
            adcode: 0,
            place: Place::Point { lon, lat, stack: None },
            strength: Strength::Rate { kg_s, from, to: from + Duration::hours(hours) },
            changes: Vec::new(),
        }
    }

    fn upwind(east: f64, north: f64, fires: &[Source]) -> f64 {
        let wind = CountyWeather { wind_east_m_s: Some(east), wind_north_m_s: Some(north), ..CountyWeather::default() };
        wind.fires_upwind(&county(), &burnt(fires, noon())).unwrap()
    }

    #[test]
    fn only_fires_that_the_wind_comes_from_count() {
        // one degree west burns all day, one degree south half of it
        let fires = [fire(128.5, 43.0, 24, 24), fire(129.5, 42.0, 12, 12)];
        let expect = |(east, north), grams: f64| {
            assert!((upwind(east, north, &fires) - grams).abs() < 1e-12, "{east} {north}");
        };
        expect((3.0, 0.0), 2.0);
        expect((-3.0, 0.0), 0.0);
        expect((0.0, 3.0), 1.0);
        expect((0.0, -3.0), 0.0);
        expect((0.0, 0.0), 0.0);
    }

    #[test]
    fn fires_that_are_far_out_or_yet_to_come_do_not_count() {
        let fires = [fire(125.0, 43.0, 24, 24), fire(128.5, 43.0, 60, 30), fire(128.5, 43.0, -1, 24)];
        assert_eq!(upwind(3.0, 0.0, &fires), 0.0);
        assert_eq!(burnt(&fires, noon()).len(), 1, "those that burnt that day, however far");
        let unknown = CountyWeather::default().fires_upwind(&county(), &burnt(&fires, noon()));
        assert_eq!(unknown, None, "without a wind nothing is known");
    }
}
