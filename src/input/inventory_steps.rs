//! The times of a gridded inventory: which steps are read, and what span each stands for.
//!
//! - Twelve months from January to December, each for itself, or several such years, of which the last counts; several years, of which the
//!   last counts; 7 days, 24 hours or 168 hours of a week, whose mean counts. The median step of the time axis says which; the number of times only
//!   where there is no axis.
//! - One time is the whole year, or one month where the name of the file says so (`2017_01`), where the bounds of the time span a month,
//!   where the file calls itself monthly, or where the time lies in the middle of a month or begins one other than January.
//! - A time axis has a standard calendar, increases, and counts from 1900 or later. Months and years of the axis' unit are taken by number.

use super::cf_time;
use super::inventory_text::month;
use super::inventory_vocabulary::plain;
use super::netcdf_file::NetcdfFile;
use crate::error::Result;
use crate::units::SECONDS_PER_YEAR;
use chrono::{DateTime, Datelike, Duration, Utc};
use std::ops::Range;

pub(super) const DAYS_OF_MONTHS: [f64; 12] = [31.0, 28.0, 31.0, 30.0, 31.0, 30.0, 31.0, 31.0, 30.0, 31.0, 30.0, 31.0];
/// First year of a reference date (COARDS, as HEMCO reads it).
const FIRST_YEAR: i32 = 1900;
const SECONDS_PER_HOUR: f64 = 3600.0;

/// The steps that are read, and what each stands for.
pub(super) type Steps = (Range<usize>, Vec<Span>);

/// What a step stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    pub seconds: f64,
    /// Months of the year.
    pub months: f64,
    /// The month, 1 to 12; `None` for a part of the whole year.
    pub month: Option<u32>,
}

impl Span {
    /// A month of a common year, or the year.
    fn of(month: Option<u32>) -> Self {
        match month {
            Some(m) => Self { seconds: DAYS_OF_MONTHS[m as usize - 1] * 86_400.0, months: 1.0, month },
            None => Self { seconds: SECONDS_PER_YEAR, months: 12.0, month },
        }
    }
}

/// How far the times of an axis lie apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spacing {
    /// No axis, or one that says no more than a number.
    Unsaid,
    Short,
    Months,
    Years,
    Other,
}

/// What of a time axis is read.
///
/// # Errors
/// `Format` for an axis or a number of times that is not as documented above.
pub(super) fn steps(file: &NetcdfFile, name: &str, time: Option<&(String, usize)>) -> Result<Steps> {
    let stem = file.path().file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let named = month(&stem);
    let Some((dimension, count)) = time else { return Ok(means(0..1, named)) };
    let axis = file.has(dimension) && *count > 0;
    let (spacing, times) = if axis { spacing(file, dimension)? } else { (Spacing::Unsaid, Vec::new()) };
    let months = |n: usize| (n - 12..n, (1..=12).map(|m| Span::of(Some(m))).collect());
    match (*count, spacing) {
        (1, _) => {
            let said = match named {
                None if axis => month_of_time(file, dimension, times.first().copied(), &stem)?,
                named => named,
            };
            Ok(means(0..1, said))
        }
        (n, Spacing::Years) => Ok(means(n - 1..n, None)),
        (n, Spacing::Months) if n % 12 == 0 && n > 0 => Ok(months(n)),
        (n, Spacing::Unsaid) if n % 12 == 0 && n > 0 && ![24, 168].contains(&n) => Ok(months(n)),
        (n @ (7 | 24 | 168), Spacing::Short | Spacing::Unsaid) => Ok(means(0..n, named)),
        (n, _) => {
            let expected = "1, 7 days, 24 hours, 168 hours of a week, years, or 12 months and multiples";
            Err(file.error(name, format!("{n} times"), expected))
        }
    }
}

/// Steps whose mean is that of the year, or of `month`.
fn means(steps: Range<usize>, month: Option<u32>) -> Steps {
    let (n, Span { seconds, months, month }) = (steps.len() as f64, Span::of(month));
    let spans = vec![Span { seconds: seconds / n, months: months / n, month }; steps.len()];
    (steps, spans)
}

/// Checks an axis and measures its steps. The times are empty where they are counted in months or years.
fn spacing(file: &NetcdfFile, name: &str) -> Result<(Spacing, Vec<DateTime<Utc>>)> {
    let units = file.text(Some(name), "units").unwrap_or_default().to_lowercase();
    match () {
        () if units.is_empty() => return Ok((Spacing::Unsaid, Vec::new())),
        () if units.starts_with("month") => return Ok((Spacing::Months, Vec::new())),
        () if units.starts_with("year") => return Ok((Spacing::Years, Vec::new())),
        () => {}
    }
    let times = cf_time::times(file, name)?;
    if let Some(i) = (1..times.len()).find(|&i| times[i] <= times[i - 1]) {
        let found = format!("{} after {}", times[i], times[i - 1]);
        return Err(file.error(format!("variable {name}, time {i}"), found, "increasing times"));
    }
    let reference =
        units.split_once(" since ").and_then(|(_, date)| date.trim().split('-').next()?.parse::<i32>().ok());
    // files of CAMS count days from 1850
    if let Some(year) = reference.filter(|y| *y < FIRST_YEAR && !units.starts_with("days since 1850")) {
        let place = format!("variable {name}, units");
        return Err(file.error(place, format!("reference year {year}"), "1900 or later"));
    }
    let mut hours: Vec<i64> = times.windows(2).map(|t| (t[1] - t[0]).num_hours()).collect();
    hours.sort_unstable();
    let spacing = match hours.get(hours.len() / 2).copied() {
        None => Spacing::Unsaid,
        Some(h) if h <= 28 => Spacing::Short,
        Some(h) if (27 * 24..=32 * 24).contains(&h) => Spacing::Months,
        Some(h) if (360 * 24..=370 * 24).contains(&h) => Spacing::Years,
        Some(_) => Spacing::Other,
    };
    if spacing == Spacing::Months && times.len() >= 12 {
        let last = &times[times.len() - 12..];
        if !last.iter().enumerate().all(|(i, t)| t.month0() as usize == i) {
            let (from, to) = (last[0].format("%Y-%m"), last[11].format("%Y-%m"));
            let found = format!("twelve months from {from} to {to}");
            return Err(file.error(format!("variable {name}"), found, "January to December, none missing"));
        }
    }
    Ok((spacing, times))
}

/// The month for which a single time stands.
fn month_of_time(file: &NetcdfFile, name: &str, time: Option<DateTime<Utc>>, stem: &str) -> Result<Option<u32>> {
    let Some(time) = time else { return Ok(None) };
    if let Some((begin, days)) = bounds(file, name, time)? {
        return Ok((27.0..=32.0).contains(&days).then(|| begin.month()));
    }
    let says =
        |text: Option<String>| text.is_some_and(|t| plain(&t).split('_').any(|w| w == "monthly" || w == "month"));
    let monthly =
        says(Some(stem.to_owned())) || ["frequency", "time_frequency"].iter().any(|a| says(file.text(None, a)));
    let middle = (14..=17).contains(&time.day());
    let begins = time.day() == 1 && ![1, 7].contains(&time.month());
    Ok((monthly || middle || begins).then(|| time.month()))
}

/// Begin and length [d] of the span that the bounds of a single time give.
fn bounds(file: &NetcdfFile, name: &str, time: DateTime<Utc>) -> Result<Option<(DateTime<Utc>, f64)>> {
    let Some(bounds) = file.text(Some(name), "bounds").filter(|b| file.has(b)) else { return Ok(None) };
    if file.dimensions(&bounds)?.iter().map(|d| d.1).ne([1, 2]) {
        return Ok(None);
    }
    let units = file.text(Some(name), "units").unwrap_or_default().to_lowercase();
    let seconds = match units.split_whitespace().next() {
        Some("days" | "day" | "d") => 24.0 * SECONDS_PER_HOUR,
        Some("hours" | "hour" | "h") => SECONDS_PER_HOUR,
        Some("minutes" | "minute" | "min") => 60.0,
        Some("seconds" | "second" | "s") => 1.0,
        _ => return Ok(None),
    };
    let (edges, at) = (file.raw(&bounds, &[0..1, 0..2])?, file.raw(name, std::slice::from_ref(&(0..1)))?);
    let before = (at[0] - edges[0]) * seconds;
    if !(before.is_finite() && before.abs() < 2.0 * SECONDS_PER_YEAR) {
        return Ok(None);
    }
    Ok(Some((time - Duration::seconds(before as i64), (edges[1] - edges[0]) * seconds / 86_400.0)))
}
