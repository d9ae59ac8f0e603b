//! Reference totals of emissions, with which the doctor compares an inventory.
//!
//! Columns: `adcode,sector,pollutant,t_a,factor,year,source,verified`. `adcode` of a county, or of the region for all of it; `sector` a name, or
//! `all`; several names joined by `+` are compared as one. `factor` is how many times more or less is still likely.

use crate::domain::source::{Amounts, Sector};
use crate::error::{Error, Result};
use serde::Deserialize;
use std::path::Path;

/// One total.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferenceTotal {
    pub adcode: u32,
    /// Empty: all sectors.
    pub sectors: Vec<Sector>,
    /// As in [`Amounts::named`].
    pub pollutant: String,
    /// [t a-1].
    pub t_a: f64,
    /// Above 1.
    pub factor: f64,
    pub year: i32,
    pub source: String,
    /// Whether the number was compared with its source.
    pub verified: bool,
}

#[derive(Deserialize)]
struct Row {
    adcode: u32,
    sector: String,
    pollutant: String,
    t_a: f64,
    factor: f64,
    year: i32,
    source: String,
    verified: bool,
}

/// Reads a table; `origin` names it in errors.
///
/// # Errors
/// `Format` naming the line: a missing column, an unknown sector or pollutant, a total or factor that is not positive, no source.
pub fn parse(text: &str, origin: &Path) -> Result<Vec<ReferenceTotal>> {
    let mut totals = Vec::new();
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).trim(csv::Trim::All).from_reader(text.as_bytes());
    let refuse = |line: u64, found: String, expected: &str| {
        Error::format(origin, format!("line {line}"), found, expected, "Correct the table of reference totals")
    };
    let headers = reader.headers().map_err(|e| refuse(1, e.to_string(), "a header"))?.clone();
    let mut record = csv::StringRecord::new();
    loop {
        let line = reader.position().line();
        if !reader.read_record(&mut record).map_err(|e| refuse(line, e.to_string(), "as many columns as the header"))? {
            break;
        }
        let line = record.position().map_or(line, csv::Position::line);
        let row: Row = record
            .deserialize(Some(&headers))
            .map_err(|e| refuse(line, e.to_string(), "adcode,sector,pollutant,t_a,factor,year,source,verified"))?;
        let sectors = match row.sector.as_str() {
            "all" => Vec::new(),
            names => names
                .split('+')
                .map(|n| Sector::from_name(n).ok_or_else(|| refuse(line, format!("sector `{n}`"), "a sector, or all")))
                .collect::<Result<_>>()?,
        };
        if !Amounts::default().named().iter().any(|(name, _)| *name == row.pollutant) {
            return Err(refuse(
                line,
                format!("pollutant `{}`", row.pollutant),
                "so2, nox, co, nh3, nmvoc, pm25, pm10, bc or oc",
            ));
        }
        if !(row.t_a > 0.0 && row.t_a < 1e9 && row.factor > 1.0 && row.factor <= 1000.0) {
            return Err(refuse(
                line,
                format!("{} t/a within a factor of {}", row.t_a, row.factor),
                "a total above 0 and a factor of 1 to 1000",
            ));
        }
        if row.source.is_empty() {
            return Err(refuse(line, "no source".into(), "where the number comes from"));
        }
        totals.push(ReferenceTotal {
            adcode: row.adcode,
            sectors,
            pollutant: row.pollutant,
            t_a: row.t_a,
            factor: row.factor,
            year: row.year,
            source: row.source,
            verified: row.verified,
        });
    }
    Ok(totals)
}
