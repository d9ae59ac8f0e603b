//! When a sector emits: month x weekday or holiday x hour, normalised per calendar year; where an inventory gives the months itself, weekday or
//! holiday x hour, normalised per month.

use crate::domain::holidays::{DayKind, Holidays};
use crate::domain::source::YearPart;
use crate::input::profile_csv::ProfileKind;
use chrono::{Datelike, NaiveDate};

/// Relative factors of a sector in Beijing time.
///
/// **Invariant:** each list is non-negative with mean 1 (exactly, after loading). **Why:** the product of months and weekdays has mean 1
/// only if weekdays fall evenly on months, so [`Self::day_share`] divides by its sum over the calendar year and the hours of a
/// year sum to the annual amount in every year, leap years too.
#[derive(Debug, Clone, PartialEq)]
pub struct TemporalProfile {
    month: [f64; 12],
    weekday: [f64; 7],
    hour: [f64; 24],
    holidays: Holidays,
    /// Factor of a public holiday in place of its weekday's.
    holiday: f64,
    /// Sums of the days of each year from [`FIRST_YEAR`] on.
    totals: Vec<f64>,
}

/// What is wrong with a list of factors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileDefect {
    /// `month`, `weekday` or `hour`.
    pub list: &'static str,
    pub found: String,
    pub expected: String,
}

/// Years whose sums are kept.
const FIRST_YEAR: i32 = 2000;
const LAST_YEAR: i32 = 2060;
/// Largest deviation of a list's mean from 1 that rounding of printed factors may leave [1].
const MEAN_TOLERANCE: f64 = 1e-3;

impl TemporalProfile {
    /// A profile from 12 month, 7 weekday (Monday first) and 24 hour factors (entry 0 is 00-01 h Beijing time).
    ///
    /// # Errors
    /// The list whose length is wrong, that has a negative or non-finite factor, or whose mean is not 1 to within 1e-3.
    pub fn new(month: &[f64], weekday: &[f64], hour: &[f64]) -> Result<Self, ProfileDefect> {
        Ok(Self {
            month: checked("month", month)?,
            weekday: checked("weekday", weekday)?,
            hour: checked("hour", hour)?,
            holidays: Holidays::default(),
            holiday: 1.0,
            totals: Vec::new(),
        }
        .with_totals())
    }

    /// Takes other factors of one kind, before the holidays.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_factors(mut self, kind: ProfileKind, factors: &[f64]) -> Result<Self, ProfileDefect> {
        match kind {
            ProfileKind::Month => self.month = checked("month", factors)?,
            ProfileKind::Weekday => self.weekday = checked("weekday", factors)?,
            ProfileKind::Hour => self.hour = checked("hour", factors)?,
        }
        Ok(self.with_totals())
    }

    /// Makes public holidays as strong as `factor` times a Sunday, and worked weekend days as strong as the mean of the days from Monday to
    /// Friday.
    pub fn with_holidays(mut self, holidays: &Holidays, factor: f64) -> Self {
        self.holiday = self.weekday[6] * factor;
        self.holidays = holidays.clone();
        self.with_totals()
    }

    /// Share of the annual amount that falls on a Beijing day [1]; the days of a calendar year sum to 1.
    pub fn day_share(&self, day: NaiveDate) -> f64 {
        self.day_factor(day) / self.total(day.year())
    }

    /// A Beijing day as part of its year and of its month; the shares of the days of a month sum to 1 too.
    pub fn day_part(&self, day: NaiveDate) -> YearPart {
        let first = day.with_day(1).unwrap_or(day);
        let month: f64 =
            first.iter_days().take_while(|d| d.month() == day.month()).map(|d| self.factor_in_month(d)).sum();
        let of_month = self.factor_in_month(day) / month;
        YearPart { month0: day.month0() as usize, of_year: self.day_share(day), of_month }
    }

    /// Factor of a month relative to the mean, January 0.
    pub fn month_factor(&self, month0: usize) -> f64 {
        self.month[month0 % 12]
    }

    /// Smallest factor of a month: what does not follow the seasons.
    pub fn least_month(&self) -> f64 {
        self.month.iter().copied().fold(f64::INFINITY, f64::min)
    }

    fn total(&self, year: i32) -> f64 {
        let known = usize::try_from(year - FIRST_YEAR).ok().and_then(|i| self.totals.get(i)).copied();
        known.unwrap_or_else(|| self.sum(year))
    }

    fn sum(&self, year: i32) -> f64 {
        let first = NaiveDate::from_ymd_opt(year, 1, 1).expect("1 January exists");
        first.iter_days().take_while(|d| d.year() == year).map(|d| self.day_factor(d)).sum()
    }

    fn with_totals(mut self) -> Self {
        self.totals = (FIRST_YEAR..=LAST_YEAR).map(|year| self.sum(year)).collect();
        self
    }

    /// Share of a day that falls on the hour that begins at `hour` (0..24) Beijing time [1]; the hours of a day sum to 1.
    pub fn hour_share(&self, hour: u32) -> f64 {
        self.hour[hour as usize % 24] / 24.0
    }

    fn day_factor(&self, day: NaiveDate) -> f64 {
        self.month[day.month0() as usize] * self.factor_in_month(day)
    }

    fn factor_in_month(&self, day: NaiveDate) -> f64 {
        let weekday = self.weekday[day.weekday().num_days_from_monday() as usize];
        match self.holidays.kind(day) {
            DayKind::Usual => weekday,
            DayKind::Holiday => self.holiday,
            DayKind::Worked => self.weekday[..5].iter().sum::<f64>() / 5.0,
        }
    }
}

fn checked<const N: usize>(list: &'static str, values: &[f64]) -> Result<[f64; N], ProfileDefect> {
    let defect = |found: String, expected: String| ProfileDefect { list, found, expected };
    let mut factors: [f64; N] =
        values.try_into().map_err(|_| defect(format!("{} factors", values.len()), format!("{N} factors")))?;
    if let Some((i, v)) = factors.iter().enumerate().find(|(_, v)| !v.is_finite() || **v < 0.0) {
        return Err(defect(format!("{v} as factor {}", i + 1), "finite factors >= 0".into()));
    }
    let mean = factors.iter().sum::<f64>() / N as f64;
    if (mean - 1.0).abs() > MEAN_TOLERANCE {
        return Err(defect(format!("mean {mean:.5}"), format!("mean 1 to within {MEAN_TOLERANCE}")));
    }
    for f in &mut factors {
        *f /= mean;
    }
    Ok(factors)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn january(month_peak: f64) -> Vec<f64> {
        let mut m = vec![(12.0 - month_peak) / 11.0; 12];
        m[0] = month_peak;
        m
    }

    fn days_of(year: i32) -> impl Iterator<Item = NaiveDate> {
        let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
        first.iter_days().take_while(move |d| d.year() == year)
    }

    #[test]
    fn days_of_common_and_leap_years_sum_to_one() {
        let p = TemporalProfile::new(&january(3.0), &[1.4, 1.2, 1.0, 1.0, 1.0, 0.8, 0.6], &[1.0; 24]).unwrap();
        for (year, days) in [(2024, 366), (2026, 365)] {
            let shares: Vec<f64> = days_of(year).map(|d| p.day_share(d)).collect();
            assert_eq!(shares.len(), days);
            let sum: f64 = shares.iter().sum();
            assert!((sum - 1.0).abs() < 1e-12, "{sum}");
        }
    }

    /// 2026-01-05 is a Monday, 2026-01-11 a Sunday, 2026-02-02 a Monday.
    #[test]
    fn weekdays_start_on_monday_and_months_in_january() {
        let p = TemporalProfile::new(&january(3.0), &[1.4, 1.2, 1.0, 1.0, 1.0, 0.8, 0.6], &[1.0; 24]).unwrap();
        let share = |m, d| p.day_share(NaiveDate::from_ymd_opt(2026, m, d).unwrap());
        assert!((share(1, 5) / share(1, 11) - 1.4 / 0.6).abs() < 1e-12);
        assert!((share(1, 5) / share(2, 2) - 3.0 / (9.0 / 11.0)).abs() < 1e-12);
    }

    /// The Spring Festival of 2026: 17 February, a Tuesday, is off; 14 February, a Saturday, is worked; the year still sums to one.
    #[test]
    fn holidays_are_sundays_and_worked_weekends_are_weekdays() {
        let text = include_str!("../../seeds/holidays.toml");
        let holidays = Holidays::from_toml(text, std::path::Path::new("holidays.toml")).unwrap();
        let weekday = [1.4, 1.2, 1.0, 1.0, 1.0, 0.8, 0.6];
        let p = TemporalProfile::new(&january(3.0), &weekday, &[1.0; 24]).unwrap().with_holidays(&holidays, 0.5);
        let share = |m, d| p.day_share(NaiveDate::from_ymd_opt(2026, m, d).unwrap());
        let sunday = share(2, 8);
        assert!((share(2, 17) / sunday - 0.5).abs() < 1e-12 && (share(2, 14) / sunday - 1.12 / 0.6).abs() < 1e-12);
        assert!((share(2, 24) / sunday - 1.2 / 0.6).abs() < 1e-12);
        for year in [2025, 2026, 2027, 1990] {
            let sum: f64 = days_of(year).map(|d| p.day_share(d)).sum();
            assert!((sum - 1.0).abs() < 1e-12, "{year}: {sum}");
        }
    }

    #[test]
    fn rounded_factors_are_made_exact() {
        let mut hours = [1.0; 24];
        hours[7] = 1.02;
        let p = TemporalProfile::new(&[1.0; 12], &[1.0; 7], &hours).unwrap();
        let sum: f64 = (0..24).map(|h| p.hour_share(h)).sum();
        assert!((sum - 1.0).abs() < 1e-14, "{sum}");
        assert!(p.hour_share(7) > p.hour_share(6));
    }

    #[test]
    fn defects_name_their_list() {
        let (m, w, h) = ([1.0; 12], [1.0; 7], [1.0; 24]);
        let list = |r: Result<TemporalProfile, ProfileDefect>| r.unwrap_err().list;
        assert_eq!(list(TemporalProfile::new(&m[..11], &w, &h)), "month");
        assert_eq!(list(TemporalProfile::new(&m, &[1.01; 7], &h)), "weekday");
        let mut bad = h;
        (bad[0], bad[1]) = (-0.5, 2.5);
        assert_eq!(list(TemporalProfile::new(&m, &w, &bad)), "hour");
        bad[0] = f64::NAN;
        assert_eq!(list(TemporalProfile::new(&m, &w, &bad)), "hour");
    }
}
