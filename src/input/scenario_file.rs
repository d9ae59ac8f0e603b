//! Scenarios as files: TOML (`name` and `[[cut]]`) or CSV (one cut a row).
//!
//! Both have the same fields, of which only the share is needed: `sectors`, `counties`, `pollutants` (lists; in CSV with blanks between), `hours` (first and last
//! Beijing hour, hour-ending; in CSV `7-20`), `percent` (taken away; below 0: more), `from` and `to`. These are instants (`2026-01-01T00:00:00Z`)
//! or Beijing days, both within. `source` says where a cut comes from. A file with a fault is refused whole: a scenario without one of its cuts is
//! another scenario.

use super::csv_rows::{Refusal, Row, Table, shorten};
use crate::calendar::end_of_beijing_hour;
use crate::domain::scenario::{Inventoried, Scenario, ScenarioCut, check};
use crate::domain::source::Sector;
use crate::error::{Error, Result};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScenario {
    name: String,
    cut: Vec<RawCut>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCut {
    #[serde(default)]
    sectors: Vec<Sector>,
    #[serde(default)]
    counties: Vec<u32>,
    #[serde(default)]
    pollutants: Vec<Inventoried>,
    #[serde(default)]
    hours: Option<(u8, u8)>,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    to: Option<String>,
    percent: f64,
    #[serde(default, rename = "source")]
    _source: Option<String>,
}

/// Reads a scenario for a region of `counties`; CSV files are named by their file.
///
/// # Errors
/// `Missing` without the file; `Format` or `Invalid` naming the line or cut at fault.
pub fn read(path: &Path, counties: &[u32]) -> Result<Scenario> {
    let toml = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml"));
    let scenario = if toml { of_toml(path)? } else { of_csv(path)? };
    check(std::slice::from_ref(&scenario), counties)
        .map_err(|why| Error::invalid(path, "the scenario", why, "cuts that can be made"))?;
    Ok(scenario)
}

fn of_toml(path: &Path) -> Result<Scenario> {
    let text = std::fs::read_to_string(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Error::missing("the scenario", path, "Put the file there or correct the path"),
        _ => Error::io(path, e),
    })?;
    let raw: RawScenario = toml::from_str(&text)
        .map_err(|e| Error::invalid(path, "TOML", e.to_string().trim().to_owned(), "a scenario: name and [[cut]]"))?;
    let cut = |(i, raw): (usize, RawCut)| {
        let instant = |text: &Option<String>, end: bool| text.as_deref().map(|t| instant(t, end)).transpose();
        let at = |e: Refusal| Error::invalid(path, format!("cut {}", i + 1), e.found, e.expected);
        Ok(ScenarioCut {
            sectors: raw.sectors,
            counties: raw.counties,
            pollutants: raw.pollutants,
            hours: raw.hours,
            from: instant(&raw.from, false).map_err(at)?,
            to: instant(&raw.to, true).map_err(at)?,
            percent: raw.percent,
        })
    };
    let cuts = raw.cut.into_iter().enumerate().map(cut).collect::<Result<_>>()?;
    Ok(Scenario { name: raw.name, cuts })
}

fn of_csv(path: &Path) -> Result<Scenario> {
    let table = Table::read(path, "the scenario")?.whole()?;
    const KNOWN: [&str; 8] = ["sectors", "counties", "pollutants", "hours", "percent", "from", "to", "source"];
    if let Some(unknown) = table.header.iter().find(|h| !KNOWN.contains(&h.as_str())) {
        return Err(table.refuse_file("line 1", format!("a column `{}`", shorten(unknown)), KNOWN.join(", ")));
    }
    if let Some(r) = table.rejections.first() {
        return Err(table.refuse_file(r.place.clone(), r.found.clone(), r.expected.clone()));
    }
    let percent = table.column("percent")?;
    let columns = KNOWN.map(|name| table.find(name));
    let cuts: Vec<ScenarioCut> = table
        .rows
        .iter()
        .map(|row| {
            cut(row, percent, &columns)
                .map_err(|e| table.refuse_file(format!("line {}", row.line), e.found, e.expected))
        })
        .collect::<Result<_>>()?;
    table.at_least_one(&cuts, "cut")?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Scenario { name, cuts })
}

fn cut(row: &Row, percent: usize, columns: &[Option<usize>; 8]) -> std::result::Result<ScenarioCut, Refusal> {
    let [sectors, counties, pollutants, hours, _, from, to, _] = columns.map(|c| c.map_or("", |c| row.text(c)));
    let percent = row.number(percent, "percent")?.ok_or_else(|| Refusal::new("no percent", "the share taken away"))?;
    let hours = match hours {
        "" => None,
        text => Some(
            text.split_once('-')
                .and_then(|(first, last)| Some((first.trim().parse().ok()?, last.trim().parse().ok()?)))
                .ok_or_else(|| {
                    Refusal::new(format!("hours `{}`", shorten(text)), "FIRST-LAST of 1 to 24, such as 7-20")
                })?,
        ),
    };
    Ok(ScenarioCut {
        sectors: list(sectors, "sector", Sector::from_name)?,
        counties: list(counties, "county", |c| c.parse().ok())?,
        pollutants: list(pollutants, "pollutant", Inventoried::from_name)?,
        hours,
        from: (!from.is_empty()).then(|| instant(from, false)).transpose()?,
        to: (!to.is_empty()).then(|| instant(to, true)).transpose()?,
        percent,
    })
}

fn list<T>(text: &str, what: &str, of: impl Fn(&str) -> Option<T>) -> std::result::Result<Vec<T>, Refusal> {
    let unknown = |word: &str| Refusal::new(format!("{what} `{}`", shorten(word)), format!("a known {what}"));
    text.split_whitespace().map(|word| of(word).ok_or_else(|| unknown(word))).collect()
}

/// An instant, or the begin (the end) of a Beijing day.
fn instant(text: &str, end: bool) -> std::result::Result<DateTime<Utc>, Refusal> {
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Ok(end_of_beijing_hour(day, 24) - Duration::hours(if end { 0 } else { 24 }));
    }
    DateTime::parse_from_rfc3339(text).map(|t| t.to_utc()).map_err(|_| {
        Refusal::new(
            format!("`{}`", shorten(text)),
            "a day such as 2026-01-01 or an instant such as 2026-01-01T00:00:00Z",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNTIES: [u32; 2] = [222_401, 222_403];

    fn of(name: &str, text: &str) -> Result<Scenario> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        read(&path, &COUNTIES)
    }

    const TOML: &str = "name = \"trend\"\n[[cut]]\nsectors = [\"traffic\", \"non_road\"]\ncounties = [222401]\npollutants = [\"nox\"]\n\
        hours = [7, 20]\nfrom = \"2026-01-01\"\nto = \"2026-12-31\"\npercent = 8\nsource = \"air 13\"\n[[cut]]\npercent = -2.5\n";
    const CSV: &str = "sectors,counties,pollutants,hours,percent,from,to,source\n\
        traffic non_road,222401,nox,7-20,8,2026-01-01,2026-12-31,air 13\n,,,,-2.5,,,\n";

    #[test]
    fn both_layouts_hold_the_same_scenario() {
        let (toml, csv) = (of("t.toml", TOML).unwrap(), of("trend.csv", CSV).unwrap());
        assert_eq!(toml, csv);
        let first = &toml.cuts[0];
        assert_eq!(first.sectors, [Sector::Traffic, Sector::NonRoad]);
        assert_eq!(first.from.unwrap().to_rfc3339(), "2025-12-31T16:00:00+00:00");
        assert_eq!(first.to.unwrap().to_rfc3339(), "2026-12-31T16:00:00+00:00");
        assert_eq!(toml.cuts[1], ScenarioCut::of_all(-2.5));
    }

    #[test]
    fn a_fault_refuses_the_file_where_it_is() {
        for (from, to, named) in [
            ("traffic non", "cars non", "line 2"),
            ("222401", "222499", "222499"),
            ("222401", "yanji", "line 2"),
            (",nox,", ",o3,", "line 2"),
            ("7-20", "20-7", "20-7"),
            (",8,", ",108,", "108"),
            ("2026-12-31", "2025-12-30", "end after"),
            ("2026-12-31", "next year", "next year"),
            (",-2.5,", ",,", "line 3"),
            ("pollutants", "pollutant", "pollutant"),
        ] {
            assert!(CSV.contains(from), "{from}");
            let error = of("trend.csv", &CSV.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(named), "{named}: {error}");
        }
        for (from, to, named) in
            [("traffic", "cars", "cars"), ("hours = [7, 20]", "hours = [0, 20]", "0-20"), ("name", "title", "title")]
        {
            let error = of("t.toml", &TOML.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(named), "{named}: {error}");
        }
        assert!(of("empty.csv", "percent\n").is_err());
    }
}
