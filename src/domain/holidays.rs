//! Public holidays and the weekend days worked for them (调休), as data.

use crate::error::Result;
use crate::seed::Seed;
use chrono::{Datelike, NaiveDate, Weekday};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What a day is for those who work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayKind {
    /// As its weekday says.
    Usual,
    /// A public holiday.
    Holiday,
    /// A weekend day on which people work.
    Worked,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHolidays {
    year: Vec<RawYear>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawYear {
    year: i32,
    off: Vec<RawOff>,
    working: Vec<NaiveDate>,
    source: String,
    #[serde(rename = "verified")]
    _verified: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOff {
    name: String,
    first: NaiveDate,
    last: NaiveDate,
}

/// The holidays of the years that have an entry.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Holidays {
    years: BTreeSet<i32>,
    off: BTreeMap<NaiveDate, String>,
    worked: BTreeSet<NaiveDate>,
}

impl Holidays {
    /// Reads the holidays of `text`, the content of the file `origin`.
    ///
    /// # Errors
    /// `Invalid` naming the line: not TOML, unknown or missing keys, a year twice, days of another year, holidays that overlap or end before they begin, worked
    /// days that are no weekend or are holidays.
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self> {
        let (seed, raw): (_, RawHolidays) = Seed::read(text, origin, "public holidays")?;
        let mut out = Self::default();
        for (i, y) in raw.year.iter().enumerate() {
            let place = seed.root().element("year", i, y.year.to_string());
            place.text("source", &y.source)?;
            place.that(out.years.insert(y.year), "year", y.year, "each year once")?;
            for off in &y.off {
                let days = off.first <= off.last && off.first.year() == y.year && off.last.year() == y.year;
                place.that(
                    days && !off.name.trim().is_empty(),
                    "off",
                    off,
                    "a name and days of the year in their order",
                )?;
                for day in off.first.iter_days().take_while(|d| *d <= off.last) {
                    let new = out.off.insert(day, off.name.clone()).is_none();
                    place.that(new, "off", day, "each day off once")?;
                }
            }
            for day in &y.working {
                let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun) && day.year() == y.year;
                place.that(weekend, "working", day, "a Saturday or Sunday of the year")?;
                place.that(!out.off.contains_key(day), "working", day, "a day that is not off")?;
                out.worked.insert(*day);
            }
        }
        Ok(out)
    }

    /// Whether the holidays of a year are known.
    pub fn known(&self, year: i32) -> bool {
        self.years.contains(&year)
    }

    /// What a day is.
    pub fn kind(&self, day: NaiveDate) -> DayKind {
        if self.off.contains_key(&day) {
            DayKind::Holiday
        } else if self.worked.contains(&day) {
            DayKind::Worked
        } else {
            DayKind::Usual
        }
    }

    /// Name of a day off.
    pub fn name(&self, day: NaiveDate) -> Option<&str> {
        self.off.get(&day).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = include_str!("../../seeds/holidays.toml");

    /// The notices make up for statutory days that fall on a weekend: the days off the week less the weekend days worked are as many as the
    /// statutory ones, eleven and from 2025 on thirteen; 2020 had two more by the longer Spring Festival.
    #[test]
    fn the_days_off_are_as_many_as_the_law_gives() {
        let holidays = Holidays::from_toml(FILE, Path::new("holidays.toml")).unwrap();
        for (year, statutory) in [(2020, 13), (2021, 11), (2022, 11), (2023, 11), (2024, 11), (2025, 13), (2026, 13)] {
            let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
            let weekend = |d: &NaiveDate| matches!(d.weekday(), Weekday::Sat | Weekday::Sun);
            let days = first.iter_days().take_while(|d| d.year() == year);
            let net: i32 = days
                .map(|d| match holidays.kind(d) {
                    DayKind::Holiday => i32::from(!weekend(&d)),
                    DayKind::Worked => -1,
                    DayKind::Usual => 0,
                })
                .sum();
            assert_eq!(net, statutory, "{year}");
            assert!(holidays.known(year));
        }
        assert!(!holidays.known(2030));
        assert_eq!(holidays.name(NaiveDate::from_ymd_opt(2023, 1, 22).unwrap()), Some("春节"));
    }

    /// As the notices word them: first day and number of days of each holiday, then the weekend days worked. Written down from the notices
    /// as publicly known.
    const NOTICES: [(i32, &str, &str); 7] = [
        (2020, "1-1 1, 1-24 10, 4-4 3, 5-1 5, 6-25 3, 10-1 8", "1-19 4-26 5-9 6-28 9-27 10-10"),
        (2021, "1-1 3, 2-11 7, 4-3 3, 5-1 5, 6-12 3, 9-19 3, 10-1 7", "2-7 2-20 4-25 5-8 9-18 9-26 10-9"),
        (2022, "1-1 3, 1-31 7, 4-3 3, 4-30 5, 6-3 3, 9-10 3, 10-1 7, 12-31 1", "1-29 1-30 4-2 4-24 5-7 10-8 10-9"),
        (2023, "1-1 2, 1-21 7, 4-5 1, 4-29 5, 6-22 3, 9-29 8", "1-28 1-29 4-23 5-6 6-25 10-7 10-8"),
        (2024, "1-1 1, 2-10 8, 4-4 3, 5-1 5, 6-10 1, 9-15 3, 10-1 7", "2-4 2-18 4-7 4-28 5-11 9-14 9-29 10-12"),
        (2025, "1-1 1, 1-28 8, 4-4 3, 5-1 5, 5-31 3, 10-1 8", "1-26 2-8 4-27 9-28 10-11"),
        (2026, "1-1 3, 2-15 9, 4-4 3, 5-1 5, 6-19 3, 9-25 3, 10-1 7", "1-4 2-14 2-28 5-9 9-20 10-10"),
    ];

    #[test]
    fn every_day_is_what_the_notices_say() {
        let holidays = Holidays::from_toml(FILE, Path::new("holidays.toml")).unwrap();
        for (year, off, worked) in NOTICES {
            let date = |text: &str| {
                let (month, day) = text.split_once('-').unwrap();
                NaiveDate::from_ymd_opt(year, month.parse().unwrap(), day.parse().unwrap()).unwrap()
            };
            let mut expected = BTreeMap::new();
            for holiday in off.split(", ") {
                let (first, days) = holiday.split_once(' ').unwrap();
                let days = date(first).iter_days().take(days.parse().unwrap());
                expected.extend(days.map(|d| (d, DayKind::Holiday)));
            }
            expected.extend(worked.split(' ').map(|d| (date(d), DayKind::Worked)));
            for day in date("1-1").iter_days().take_while(|d| d.year() == year) {
                assert_eq!(holidays.kind(day), expected.get(&day).copied().unwrap_or(DayKind::Usual), "{day}");
            }
        }
    }

    #[test]
    fn faults_are_refused() {
        for (from, to, key) in [
            ("\"2025-01-26\"", "\"2025-01-27\"", "working"),
            ("\"2025-01-26\"", "\"2025-02-01\"", "working"),
            ("last = \"2025-02-04\"", "last = \"2025-01-04\"", "off"),
            ("first = \"2025-04-04\"", "first = \"2025-02-04\"", "off"),
            ("year = 2025", "year = 2024", "year"),
        ] {
            assert!(FILE.contains(from), "{from}");
            let error = Holidays::from_toml(&FILE.replacen(from, to, 1), Path::new("h.toml")).unwrap_err().to_string();
            assert!(error.contains(key), "{from}: {error}");
        }
    }
}
