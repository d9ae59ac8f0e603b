//! Time: UTC inside, Beijing days outside.
//!
//! **Invariant:** an hourly value is stamped with the end of its hour, in UTC. A Beijing day has the hours 01..=24, hour-ending:
//! hour 24 ends at 00:00 of the next calendar day (16:00 UTC). **Why:** national monitoring and HJ 633 daily means use these
//! hours; a shift of one hour changes daily values and is invisible in a plot.

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, TimeZone, Timelike, Utc};

/// Beijing time is UTC+8 all year.
const BEIJING_OFFSET_HOURS: i64 = 8;

/// The Beijing day and hour (1..=24, hour-ending) of the hour that ends at `end`.
pub fn beijing_day_hour(end: DateTime<Utc>) -> (NaiveDate, u8) {
    let start = end.naive_utc() - Duration::hours(1) + Duration::hours(BEIJING_OFFSET_HOURS);
    (start.date(), start.hour() as u8 + 1)
}

/// End, in UTC, of Beijing hour `hour` (1..=24) of `day`.
pub fn end_of_beijing_hour(day: NaiveDate, hour: u8) -> DateTime<Utc> {
    let midnight = day.and_hms_opt(0, 0, 0).expect("midnight exists");
    Utc.from_utc_datetime(&(midnight + Duration::hours(i64::from(hour) - BEIJING_OFFSET_HOURS)))
}

/// Beijing local time (hour as a fraction, 0..24) of an instant, for diurnal profiles and solar position.
pub fn beijing_local(t: DateTime<Utc>) -> NaiveDateTime {
    t.naive_utc() + Duration::hours(BEIJING_OFFSET_HOURS)
}

/// Beijing hour of the day with its fraction, 0 .. 24, of an instant.
pub fn beijing_hour_of_day(t: DateTime<Utc>) -> f64 {
    f64::from(beijing_local(t).num_seconds_from_midnight()) / 3600.0
}

/// First and last Beijing day that `hours` hours (at least one) from `first` on touch.
pub fn beijing_days(first: DateTime<Utc>, hours: u32) -> (NaiveDate, NaiveDate) {
    let last_hour = first + Duration::hours(i64::from(hours.max(1)) - 1);
    (beijing_local(first).date(), beijing_local(last_hour).date())
}

/// The instant of a Beijing local time.
pub fn of_beijing_local(local: NaiveDateTime) -> DateTime<Utc> {
    Utc.from_utc_datetime(&(local - Duration::hours(BEIJING_OFFSET_HOURS)))
}

/// Run identity: the cycle as `YYYYMMDDHH`.
pub fn run_id(cycle: DateTime<Utc>) -> String {
    cycle.format("%Y%m%d%H").to_string()
}

/// A cycle from its command-line form `2026-01-15T12Z`.
pub fn parse_cycle(text: &str) -> Option<DateTime<Utc>> {
    let naive = NaiveDateTime::parse_from_str(&format!("{}:00", text.strip_suffix('Z')?), "%Y-%m-%dT%H:%M").ok()?;
    (1900..2200).contains(&naive.year()).then(|| Utc.from_utc_datetime(&naive))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(y: i32, m: u32, d: u32, h: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(y, m, d, h, 0, 0).unwrap()
    }

    #[test]
    fn beijing_hours_are_hour_ending() {
        let day = NaiveDate::from_ymd_opt(2026, 1, 15).unwrap();
        assert_eq!(beijing_day_hour(utc(2026, 1, 15, 16)), (day, 24));
        assert_eq!(beijing_day_hour(utc(2026, 1, 14, 17)), (day, 1));
        assert_eq!(beijing_day_hour(utc(2026, 1, 15, 0)), (day, 8));
        assert_eq!(end_of_beijing_hour(day, 24), utc(2026, 1, 15, 16));
        assert_eq!(end_of_beijing_hour(day, 1), utc(2026, 1, 14, 17));
    }

    /// 16 h UTC is midnight: a run that ends there does not touch the day that begins.
    #[test]
    fn a_run_touches_the_days_of_its_hours() {
        let day = |d| NaiveDate::from_ymd_opt(2026, 1, d).unwrap();
        assert_eq!(beijing_days(utc(2026, 1, 15, 12), 28), (day(15), day(16)));
        assert_eq!(beijing_days(utc(2026, 1, 15, 12), 29), (day(15), day(17)));
        assert_eq!(beijing_days(utc(2026, 1, 15, 16), 24), (day(16), day(16)));
        assert_eq!(beijing_hour_of_day(utc(2026, 1, 15, 5) + Duration::minutes(30)), 13.5);
    }

    #[test]
    fn every_hour_of_a_leap_year_round_trips() {
        let mut t = utc(2024, 1, 1, 0);
        while t < utc(2025, 1, 2, 0) {
            let (day, hour) = beijing_day_hour(t);
            assert!((1..=24).contains(&hour));
            assert_eq!(end_of_beijing_hour(day, hour), t);
            t += Duration::hours(1);
        }
    }

    #[test]
    fn cycles_parse_and_name_runs() {
        let cycle = parse_cycle("2026-01-15T12Z").unwrap();
        assert_eq!(run_id(cycle), "2026011512");
        for bad in ["2026-01-15T12", "2026-01-15T25Z", "2026-13-15T12Z", "20260115", "", "+262142-12-31T23Z"] {
            assert!(parse_cycle(bad).is_none(), "{bad}");
        }
    }
}
