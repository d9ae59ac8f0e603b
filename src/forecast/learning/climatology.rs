//! What a place usually has at a time of the year and of the day: the reference that a forecast has to beat.

use crate::domain::station_record::{StationPanel, Variable};
use chrono::{Datelike, Timelike};

/// Observed PM2.5 of the training time by station, month and hour of the day.
pub struct StationClimatology {
    /// `[station][month0][hour]`, rising.
    members: Vec<Vec<Vec<Vec<f64>>>>,
}

impl StationClimatology {
    /// All values before hour `until` of the panel.
    pub fn new(panel: &StationPanel, until: usize) -> Self {
        let mut members = vec![vec![vec![Vec::new(); 24]; 12]; panel.stations.len()];
        for (station, by_month) in panel.stations.iter().zip(&mut members) {
            for (hour, value) in station.of(Variable::Pm25)[..until.min(panel.hours)].iter().enumerate() {
                if value.is_finite() {
                    let stamp = panel.stamp(hour);
                    // a month and its two neighbours
                    for month in [stamp.month0() + 11, stamp.month0(), stamp.month0() + 1] {
                        by_month[(month % 12) as usize][stamp.hour() as usize].push(f64::from(*value));
                    }
                }
            }
        }
        members.iter_mut().flatten().flatten().for_each(|m| m.sort_by(f64::total_cmp));
        Self { members }
    }

    /// Values of this station within a month of `hour` of the panel, at the same hour of the day, rising.
    pub fn of(&self, panel: &StationPanel, station: usize, hour: usize) -> &[f64] {
        let stamp = panel.stamp(hour);
        &self.members[station][stamp.month0() as usize][stamp.hour() as usize]
    }
}

/// `n` equally likely values out of rising ones: their quantiles at 1/2n, 3/2n ...
pub fn equally_likely(rising: &[f64], n: usize) -> Vec<f64> {
    if rising.is_empty() {
        return Vec::new();
    }
    (0..n).map(|i| rising[((i as f64 + 0.5) / n as f64 * rising.len() as f64) as usize]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::station_record::StationRecord;
    use chrono::NaiveDate;

    #[test]
    fn members_are_of_the_same_hour_and_season_of_the_training_time() {
        let first = NaiveDate::from_ymd_opt(2014, 1, 1).unwrap().and_hms_opt(0, 0, 0).unwrap();
        let mut station = StationRecord::empty("a", 24 * 730);
        // month in hundreds, hour below
        let panel = StationPanel { first, hours: 24 * 730, stations: Vec::new() };
        for hour in 0..24 * 730 {
            let stamp = panel.stamp(hour);
            station.of_mut(Variable::Pm25)[hour] = (100 * stamp.month() + stamp.hour()) as f32;
        }
        let panel = StationPanel { stations: vec![station], ..panel };
        let climatology = StationClimatology::new(&panel, 24 * 365);
        let members = climatology.of(&panel, 0, 24 * 365 + 7);
        assert_eq!(members.len(), 31 + 31 + 28);
        assert!(members.iter().all(|m| [107.0, 207.0, 1207.0].contains(m)) && members.is_sorted());
        assert_eq!(equally_likely(members, 3), [107.0, 207.0, 1207.0]);
        assert!(equally_likely(&[], 3).is_empty());
    }
}
