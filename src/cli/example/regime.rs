//! The course of the example's weather: a north-westerly, three days of stagnation under a passing high, a new north-westerly.

use chrono::{DateTime, TimeDelta, TimeZone, Utc};

/// First time of the example: the cycle less the spin-up.
pub(super) fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 14, 12, 0, 0).single().expect("an existing instant")
}

/// What holds everywhere at one time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Regime {
    pub time: DateTime<Utc>,
    /// 0 (ventilated) ..= 1 (stagnant).
    pub stagnation: f64,
    /// Depth of the day's mixing against its largest, 0 (night) ..= 1 (afternoon).
    pub mixing: f64,
    /// Cold air near the ground against its largest, 0 (afternoon) ..= 1 (late night).
    pub cold: f64,
    /// Wind along the grid's axes between 300 m and 2.5 km [m s-1].
    pub lower_wind: (f64, f64),
    /// Wind that is added towards the tropopause [m s-1].
    pub upper_wind: (f64, f64),
    /// Exponent of the wind's power law below 300 m.
    pub wind_exponent: f64,
    /// Largest speed of cold air down a slope, and of warm air up a slope [m s-1].
    pub drainage_m_s: f64,
    pub upslope_m_s: f64,
    /// Snow since the start [kg m-2]: a trace with the new north-westerly.
    pub snowfall_kg_m2: f64,
    /// Cloud of that snow, 0 ..= 1.
    pub cloud: f64,
}

impl Regime {
    /// The weather `hour` hours after the start.
    pub(super) fn at(hour: usize) -> Self {
        let time = start() + TimeDelta::hours(hour as i64);
        let h = hour as f64;
        // mean solar time at 129.3 E; the start is 12 UTC
        let solar = (12.0 + h + 129.3 / 15.0) % 24.0;
        let stagnation = smoothstep(14.0, 23.0, h) * (1.0 - smoothstep(85.0, 93.0, h));
        let mixing = smoothstep(8.5, 13.5, solar) * (1.0 - smoothstep(15.5, 17.5, solar));
        let cold = if solar < 12.0 { 1.0 - smoothstep(8.0, 12.5, solar) } else { smoothstep(14.5, 22.0, solar) };
        // the high passes to the north: the wind veers once around while it is weak
        let from_degrees = 315.0 + 360.0 * smoothstep(20.0, 88.0, h);
        let weak = 2.1 + 0.45 * (h / 9.0).sin();
        let speed = weak * stagnation + 8.0 * (1.0 - stagnation);
        Self {
            time,
            stagnation,
            mixing,
            cold,
            lower_wind: blowing_from(from_degrees, speed),
            upper_wind: blowing_from(285.0, 13.0 - 4.0 * stagnation),
            wind_exponent: 0.17 + stagnation * (0.03 + 0.14 * cold),
            drainage_m_s: 1.2 * stagnation * cold,
            upslope_m_s: 0.6 * mixing,
            snowfall_kg_m2: 0.25 * smoothstep(87.0, 95.0, h),
            cloud: smoothstep(85.0, 88.0, h) * (1.0 - smoothstep(94.0, 97.0, h)),
        }
    }
}

/// Components of a wind of `speed` that blows from a direction [degrees, clockwise from north].
fn blowing_from(degrees: f64, speed: f64) -> (f64, f64) {
    let a = degrees.to_radians();
    (-speed * a.sin(), -speed * a.cos())
}

/// 0 below `low`, 1 above `high`, `3 t^2 - 2 t^3` between.
pub(super) fn smoothstep(low: f64, high: f64, x: f64) -> f64 {
    let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
