//! Hourly records of stations that measure both air and weather, on one common time axis without holes.

use chrono::{Duration, NaiveDateTime};

/// What a station measures each hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variable {
    /// Particles and gases [ug m-3], CO too.
    Pm25,
    Pm10,
    So2,
    No2,
    Co,
    O3,
    /// Air temperature [degC].
    Temperature,
    /// Pressure at the station [hPa].
    Pressure,
    /// Dew point [degC].
    DewPoint,
    /// Rain of the hour [mm].
    Rain,
    /// Wind towards the east and towards the north [m s-1].
    WindEast,
    WindNorth,
    /// Wind speed [m s-1].
    WindSpeed,
}

impl Variable {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 13] = [
        Self::Pm25,
        Self::Pm10,
        Self::So2,
        Self::No2,
        Self::Co,
        Self::O3,
        Self::Temperature,
        Self::Pressure,
        Self::DewPoint,
        Self::Rain,
        Self::WindEast,
        Self::WindNorth,
        Self::WindSpeed,
    ];
    /// The weather among them.
    pub const WEATHER: [Self; 7] = [
        Self::Temperature,
        Self::Pressure,
        Self::DewPoint,
        Self::Rain,
        Self::WindEast,
        Self::WindNorth,
        Self::WindSpeed,
    ];

    /// Short name for columns of tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pm25 => "pm25",
            Self::Pm10 => "pm10",
            Self::So2 => "so2",
            Self::No2 => "no2",
            Self::Co => "co",
            Self::O3 => "o3",
            Self::Temperature => "temperature",
            Self::Pressure => "pressure",
            Self::DewPoint => "dew_point",
            Self::Rain => "rain",
            Self::WindEast => "wind_east",
            Self::WindNorth => "wind_north",
            Self::WindSpeed => "wind_speed",
        }
    }
}

/// One station: a value, or NaN where it is missing, for every hour of the panel.
#[derive(Debug, Clone, PartialEq)]
pub struct StationRecord {
    pub name: String,
    /// `values[variable as usize][hour]`.
    values: [Vec<f32>; 13],
}

impl StationRecord {
    /// A record of `hours` hours without any value.
    pub fn empty(name: impl Into<String>, hours: usize) -> Self {
        Self { name: name.into(), values: std::array::from_fn(|_| vec![f32::NAN; hours]) }
    }

    /// The series of a variable; NaN is a missing value.
    pub fn of(&self, variable: Variable) -> &[f32] {
        &self.values[variable as usize]
    }

    /// The series of a variable, to be filled.
    pub fn of_mut(&mut self, variable: Variable) -> &mut [f32] {
        &mut self.values[variable as usize]
    }
}

/// Records of several stations, ordered by name, over the same hours.
#[derive(Debug, Clone, PartialEq)]
pub struct StationPanel {
    /// Stamp of the first hour, local time as in the files.
    pub first: NaiveDateTime,
    pub hours: usize,
    pub stations: Vec<StationRecord>,
}

impl StationPanel {
    /// Stamp of hour `index`.
    pub fn stamp(&self, index: usize) -> NaiveDateTime {
        self.first + Duration::hours(index as i64)
    }

    /// Index of the first hour stamped at or after `stamp`, at most the number of hours.
    pub fn index_from(&self, stamp: NaiveDateTime) -> usize {
        let seconds = (stamp - self.first).num_seconds();
        usize::try_from(seconds.div_euclid(3600) + i64::from(seconds.rem_euclid(3600) > 0)).unwrap_or(0).min(self.hours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    #[test]
    fn hours_and_stamps_are_inverse_and_kept_within_the_panel() {
        let first = NaiveDate::from_ymd_opt(2013, 3, 1).unwrap().and_hms_opt(0, 0, 0).unwrap();
        let panel = StationPanel { first, hours: 48, stations: Vec::new() };
        assert!((0..48).all(|i| panel.index_from(panel.stamp(i)) == i));
        assert_eq!(panel.index_from(first + Duration::minutes(30)), 1);
        assert_eq!(panel.index_from(first - Duration::hours(5)), 0);
        assert_eq!(panel.index_from(first + Duration::days(9)), 48);
    }

    #[test]
    fn variables_stand_at_their_own_place() {
        assert!(Variable::ALL.iter().enumerate().all(|(i, v)| *v as usize == i));
        let mut record = StationRecord::empty("a", 2);
        record.of_mut(Variable::Rain)[1] = 0.5;
        assert_eq!(record.of(Variable::Rain)[1], 0.5);
        assert!(record.of(Variable::WindSpeed).iter().all(|v| v.is_nan()));
    }
}
