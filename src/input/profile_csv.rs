//! Temporal profiles as European inventories publish them: tables of TNO and Copernicus GNFR, and of EDGAR.
//!
//! A table has one row a profile, and as its last columns 12 months, 7 weekdays or 24 hours: `Jan` to `Dec`, `Mon` to `Sun`, `1` to `24`, `h1` to `h24`; EDGAR's
//! weekly factors have a row a day (`Weekday_id`, `daily_factor`). Lines that begin with `#` are comments, commas or semicolons part the fields, bytes that are
//! not UTF-8 may stand in comments. The columns before are the profile's name. Factors have the mean 1 or the sum 1; other profiles are refused with
//! the figure. Hours are those of the local day of the region that they were made for: European habits are not those of the north-east.

use super::csv_rows::shorten;
use crate::error::{Accepted, Error, Rejection, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// What the factors of a profile stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProfileKind {
    Month,
    Weekday,
    Hour,
}

/// One profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The fields before the factors, with blanks between.
    pub name: String,
    pub kind: ProfileKind,
    /// With mean 1.
    pub factors: Vec<f64>,
}

/// Largest deviation of a mean or sum from 1 that rounding of printed factors may leave.
const TOLERANCE: f64 = 2e-3;
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Reads the profiles of a table, in its order.
///
/// # Errors
/// `Missing` without the file; `Format` where it holds no profiles by month, weekday or hour. A refused profile is in `rejections`, with its line.
pub fn read(path: &Path) -> Result<Accepted<Profile>> {
    let bytes = std::fs::read(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => {
            Error::missing("the table of profiles", path, "Put the file there or correct the path")
        }
        _ => Error::io(path, e),
    })?;
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines().enumerate().filter(|(_, l)| !l.starts_with('#') && !l.trim().is_empty());
    let unknown = |found: String| {
        let expected = "columns of 12 months, 7 weekdays or 24 hours, or Weekday_id and daily_factor";
        Error::format(path, "the header", found, expected, "Give a table of temporal profiles")
    };
    let Some((_, header)) = lines.next() else { return Err(unknown("no header".into())) };
    let separator = if header.contains(';') { ';' } else { ',' };
    let names: Vec<String> = header.split(separator).map(|n| n.trim().to_lowercase()).collect();
    let rows = lines.map(|(i, line)| (i + 1, line.split(separator).map(str::trim).collect::<Vec<_>>()));
    if names.ends_with(&["weekday_id".into(), "daily_factor".into()]) {
        return Ok(long(path, names.len(), rows));
    }
    let Some((kind, count)) = layout(&names) else { return Err(unknown(shorten(header))) };
    let mut out = Accepted { items: Vec::new(), rejections: Vec::new() };
    for (line, fields) in rows {
        let place = format!("line {line}");
        if fields.len() != names.len() {
            let found = format!("{} fields", fields.len());
            out.rejections.push(rejection(path, place, found, format!("{} fields as in the header", names.len())));
            continue;
        }
        let (name, values) = fields.split_at(names.len() - count);
        let factors: Option<Vec<f64>> = values.iter().map(|v| v.parse().ok().filter(|v: &f64| v.is_finite())).collect();
        out.take(path, place, name.join(" "), kind, factors);
    }
    Ok(out)
}

/// What the last columns are, and how many.
fn layout(names: &[String]) -> Option<(ProfileKind, usize)> {
    let ends = |wanted: Vec<String>, prefix: usize| {
        let tail = names.len().checked_sub(wanted.len()).map(|from| &names[from..]);
        tail.is_some_and(|tail| {
            tail.iter().zip(&wanted).all(|(n, w)| n.get(..prefix.min(n.len())) == Some(w.as_str()) || n == w)
        })
    };
    let words = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    if ends(words(&MONTHS), 3) {
        Some((ProfileKind::Month, 12))
    } else if ends(words(&WEEKDAYS), 3) {
        Some((ProfileKind::Weekday, 7))
    } else if ends((1..=24).map(|h| h.to_string()).collect(), 99)
        || ends((1..=24).map(|h| format!("h{h}")).collect(), 99)
    {
        Some((ProfileKind::Hour, 24))
    } else {
        None
    }
}

/// Rows of single weekdays, gathered by the fields before.
fn long<'t>(path: &Path, columns: usize, rows: impl Iterator<Item = (usize, Vec<&'t str>)>) -> Accepted<Profile> {
    let mut out = Accepted { items: Vec::new(), rejections: Vec::new() };
    let mut gathered: BTreeMap<String, (usize, [Option<f64>; 7])> = BTreeMap::new();
    for (line, fields) in rows {
        let day = fields.get(columns - 2).and_then(|d| d.parse::<usize>().ok()).filter(|d| (1..=7).contains(d));
        let factor = fields.get(columns - 1).and_then(|f| f.parse::<f64>().ok()).filter(|f| f.is_finite());
        match (day, factor) {
            (Some(day), Some(factor)) if fields.len() == columns => {
                let name = fields[..columns - 2].join(" ");
                gathered.entry(name).or_insert((line, [None; 7])).1[day - 1] = Some(factor);
            }
            _ => {
                let expected = "a weekday 1 ..= 7 and its factor".to_owned();
                out.rejections.push(rejection(path, format!("line {line}"), shorten(&fields.join(",")), expected));
            }
        }
    }
    for (name, (line, factors)) in gathered {
        let factors: Option<Vec<f64>> = factors.into_iter().collect();
        out.take(path, format!("line {line}"), name, ProfileKind::Weekday, factors);
    }
    out
}

impl Accepted<Profile> {
    /// Takes a profile whose mean or sum is 1, and refuses another with its figure.
    fn take(&mut self, path: &Path, place: String, name: String, kind: ProfileKind, factors: Option<Vec<f64>>) {
        let Some(factors) = factors.filter(|f| f.iter().all(|v| *v >= 0.0)) else {
            let expected = "finite factors >= 0, all of them".to_owned();
            return self.rejections.push(rejection(path, place, format!("{name}: a factor is none"), expected));
        };
        let sum: f64 = factors.iter().sum();
        let mean = sum / factors.len() as f64;
        if (sum - 1.0).abs() > TOLERANCE && (mean - 1.0).abs() > TOLERANCE {
            let found = format!("{name}: sum {sum:.4}, mean {mean:.4}");
            let expected = format!("sum 1 or mean 1 to within {TOLERANCE}");
            return self.rejections.push(rejection(path, place, found, expected));
        }
        self.items.push(Profile { name, kind, factors: factors.iter().map(|f| f / mean).collect() });
    }
}

fn rejection(path: &Path, place: String, found: String, expected: String) -> Rejection {
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Rejection { file, place, found, expected, by_design: false }
}
