//! CF time axes: `hours since 2025-5-1 00:00:00`, standard calendars only.

use super::netcdf_file::NetcdfFile;
use crate::error::Result;
use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, Utc};

/// Names of a variable of time that is no dimension.
const NAMES: [&str; 2] = ["time", "valid_time"];

/// Seconds of the unit of a variable of time, and its origin.
struct Clock {
    seconds: f64,
    origin: NaiveDateTime,
}

impl Clock {
    /// # Errors
    /// [`crate::error::Error::Format`] for another calendar, or units that are not `<unit> since <date>`.
    fn of(file: &NetcdfFile, name: &str) -> Result<Self> {
        let place = |what: &str| format!("variable {name}, {what}");
        let calendar = file.text(Some(name), "calendar").unwrap_or_else(|| "standard".into()).to_lowercase();
        if !["standard", "gregorian", "proleptic_gregorian"].contains(&calendar.as_str()) {
            return Err(file.error(
                place("calendar"),
                format!("`{calendar}`"),
                "standard, gregorian or proleptic_gregorian",
            ));
        }
        let units = file.text(Some(name), "units").unwrap_or_default();
        let (seconds, origin) = parse_units(&units).ok_or_else(|| {
            file.error(place("units"), format!("`{units}`"), "`hours since YYYY-MM-DD hh:mm:ss` or alike")
        })?;
        let origin = if calendar == "proleptic_gregorian" { origin } else { of_mixed_calendar(origin) };
        Ok(Self { seconds, origin })
    }

    /// Times of the values of `name`, rounded to seconds.
    fn times(&self, file: &NetcdfFile, name: &str, values: &[f64]) -> Result<Vec<DateTime<Utc>>> {
        let time = |(i, &v): (usize, &f64)| {
            let offset = (v * self.seconds).round();
            (offset.abs() < 1e12)
                .then(|| self.origin.checked_add_signed(Duration::seconds(offset as i64)))
                .flatten()
                .map(|t| t.and_utc())
                .ok_or_else(|| file.error(format!("variable {name}, time {i}"), v.to_string(), "a time"))
        };
        values.iter().enumerate().map(time).collect()
    }
}

/// The times of a scalar or one-dimensional variable, rounded to seconds.
///
/// # Errors
/// [`crate::error::Error::Format`] for another calendar, units that are not `<unit> since <date>`, or values that are no times.
pub fn times(file: &NetcdfFile, name: &str) -> Result<Vec<DateTime<Utc>>> {
    let clock = Clock::of(file, name)?;
    let dimensions = file.dimensions(name)?;
    if dimensions.len() > 1 {
        let place = format!("variable {name}, dimensions");
        return Err(file.error(place, format!("{dimensions:?}"), "one or none"));
    }
    let slab: Vec<_> = dimensions.iter().map(|d| 0..d.1).collect();
    clock.times(file, name, &file.raw(name, &slab)?)
}

/// The variable of the times along `dimension`: that of its name, or where this only counts steps (cfgrib), one of times along it.
fn variable<'n>(file: &NetcdfFile, dimension: Option<&'n str>) -> Option<&'n str> {
    let along = |name: &&str| {
        let dated = file.text(Some(name), "units").is_some_and(|u| u.contains(" since "));
        let dimensions = file.dimensions(name).unwrap_or_default();
        dated && dimensions.iter().map(|(d, _)| d.as_str()).eq(dimension)
    };
    let own = dimension.filter(|d| file.has(d));
    match NAMES.into_iter().find(along) {
        Some(dated) if !own.as_ref().is_some_and(along) => Some(dated),
        _ => own.or_else(|| NAMES.into_iter().find(|n| file.has(n))),
    }
}

/// Where the intervals of the times along `dimension` begin, by the variable of bounds that its axis names; `None` without one.
///
/// # Errors
/// As [`times`].
pub fn begins(file: &NetcdfFile, dimension: Option<&str>) -> Result<Option<Vec<DateTime<Utc>>>> {
    let Some(name) = variable(file, dimension) else { return Ok(None) };
    let Some(bounds) = file.text(Some(name), "bounds").filter(|b| file.has(b)) else { return Ok(None) };
    let slab = match file.dimensions(&bounds)?[..] {
        [(_, times), (_, 2)] => vec![0..times, 0..1],
        // those of a time that is no dimension
        [(_, 2)] => std::iter::once(0..1).collect(),
        _ => return Ok(None),
    };
    let values = file.raw(&bounds, &slab)?;
    Clock::of(file, name)?.times(file, &bounds, &values).map(Some)
}

/// The increasing times along a file's dimension `dimension`; of the one time of a file without (`None`) from `time` or `valid_time`.
///
/// # Errors
/// As [`times`], and [`crate::error::Error::Format`] when there is no time, they are not one per step, or do not increase.
pub fn axis(file: &NetcdfFile, dimension: Option<&str>) -> Result<Vec<DateTime<Utc>>> {
    let Some(name) = variable(file, dimension) else {
        return Err(file.error("variable time", "no time", format!("one of {NAMES:?}")));
    };
    let times = times(file, name)?;
    let expected = dimension.and_then(|t| file.dimension(t)).unwrap_or(1);
    if times.is_empty() || times.len() != expected {
        return Err(file.error(
            format!("variable {name}"),
            format!("{} times", times.len()),
            format!("{expected} times, one at least"),
        ));
    }
    if let Some(i) = (1..times.len()).find(|&i| times[i] <= times[i - 1]) {
        let found = format!("{} after {}", times[i], times[i - 1]);
        return Err(file.error(format!("variable {name}, time {i}"), found, "increasing times"));
    }
    Ok(times)
}

/// The instant of a date of the mixed calendar, which is the Julian one before 15 October 1582 (CF conventions 4.4.1): in year Y, from March on,
/// its dates are [Y/100] - [Y/400] - 2 days behind (Meeus 1998, Astronomical Algorithms, chapter 7).
fn of_mixed_calendar(date: NaiveDateTime) -> NaiveDateTime {
    let reform = NaiveDate::from_ymd_opt(1582, 10, 15).expect("a date");
    if date.date() >= reform {
        return date;
    }
    let year = i64::from(date.year()) - i64::from(date.month() < 3);
    let behind = Duration::days(year.div_euclid(100) - year.div_euclid(400) - 2);
    date.checked_add_signed(behind).unwrap_or(date)
}

/// Seconds of the unit, and the origin.
fn parse_units(units: &str) -> Option<(f64, NaiveDateTime)> {
    let (unit, origin) = units.split_once(" since ")?;
    let seconds = match unit.trim() {
        "seconds" | "second" | "s" => 1.0,
        "minutes" | "minute" | "min" => 60.0,
        "hours" | "hour" | "h" => 3600.0,
        "days" | "day" | "d" => 86_400.0,
        _ => return None,
    };
    let origin = origin.trim().trim_end_matches("UTC").trim_end_matches('Z').trim().replace('T', " ");
    let (date, clock) = origin.split_once(' ').unwrap_or((&origin, "00:00:00"));
    let date = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
    let clock = clock.trim().split('.').next().unwrap_or_default();
    let time = ["%H:%M:%S", "%H:%M"].iter().find_map(|f| chrono::NaiveTime::parse_from_str(clock, f).ok())?;
    Some((seconds, date.and_time(time)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_as_real_files_write_them() {
        let origin = |units: &str| parse_units(units).map(|(s, t)| (s, t.to_string()));
        assert_eq!(origin("hours since 2025-5-1 00:00:00"), Some((3600.0, "2025-05-01 00:00:00".into())));
        assert_eq!(origin("hours since 1900-01-01"), Some((3600.0, "1900-01-01 00:00:00".into())));
        assert_eq!(origin("hours since 1900-01-01 00:00:00.0"), Some((3600.0, "1900-01-01 00:00:00".into())));
        assert_eq!(origin("minutes since 2005-08-28 00:00:00"), Some((60.0, "2005-08-28 00:00:00".into())));
        assert_eq!(origin("seconds since 1970-01-01T00:00:00Z"), Some((1.0, "1970-01-01 00:00:00".into())));
        assert_eq!(origin("months since 2000-01-01"), None);
        assert_eq!(origin("hours"), None);
    }

    /// 4 October 1582 was followed by 15 October; cftime 1.6 takes 17067072 hours since 1-1-1 for the first hour of 1948.
    #[test]
    fn dates_before_the_reform_are_julian() {
        let at = |date: &str| NaiveDate::parse_from_str(date, "%Y-%m-%d").unwrap().and_hms_opt(0, 0, 0).unwrap();
        let midnight = of_mixed_calendar(at("1-1-1"));
        assert_eq!(midnight + Duration::hours(17_067_072), at("1948-1-1"));
        assert_eq!(of_mixed_calendar(at("1582-10-4")) + Duration::days(1), at("1582-10-15"));
        assert_eq!(of_mixed_calendar(at("1582-10-15")), at("1582-10-15"));
        assert_eq!(of_mixed_calendar(at("1500-3-1")) - of_mixed_calendar(at("1500-2-28")), Duration::days(2));
    }
}
