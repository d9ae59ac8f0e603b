//! What is usual on a date: the days around it in any year, without those next to it.

use chrono::{Datelike, NaiveDate};

/// Calendar days to either side, and days of the record next to the date that are left out: their weather is the date's own.
const WITHIN: i64 = 30;
const LEFT_OUT: i64 = 5;
/// Days that a climatology needs.
const NEEDED: usize = 10;

/// Whether `other` belongs to the climatology of `day`.
pub fn belongs(day: NaiveDate, other: NaiveDate) -> bool {
    if (other - day).num_days().abs() <= LEFT_OUT {
        return false;
    }
    let apart = (i64::from(other.ordinal()) - i64::from(day.ordinal())).abs();
    apart.min(365 - apart) <= WITHIN
}

/// The values of the climatology of `day` among `record`, sorted; `None` where they are fewer than ten.
pub fn values(day: NaiveDate, record: impl Iterator<Item = (NaiveDate, f64)>) -> Option<Vec<f64>> {
    let mut values: Vec<f64> = record.filter(|(other, _)| belongs(day, *other)).map(|(_, v)| v).collect();
    values.sort_by(f64::total_cmp);
    (values.len() >= NEEDED).then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_around_the_date_in_any_year_but_not_next_to_it() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let date = day("2026-01-10");
        for (other, expected) in [
            ("2026-01-10", false),
            ("2026-01-15", false),
            ("2026-01-16", true),
            ("2026-02-09", true),
            ("2026-02-10", false),
            ("2025-12-11", true),
            ("2025-12-09", false),
            ("2024-01-10", true),
        ] {
            assert_eq!(belongs(date, day(other)), expected, "{other}");
        }
        let record = || (6..16).map(|i| (date + chrono::Duration::days(i), 20.0 - i as f64));
        assert_eq!(values(date, record()).map(|v| v[0]), Some(5.0));
        assert_eq!(values(date, record().skip(1)), None);
    }
}
