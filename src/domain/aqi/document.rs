//! A version of HJ 633 as a document for people: every limit under a name that stays the same from version to version.

use super::practice::Practice;
use super::{AqiStandard, Report};
use crate::domain::pollutant::Pollutant;
use chrono::NaiveDate;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Document<'a> {
    id: &'a str,
    title_zh: &'a str,
    valid_from: NaiveDate,
    valid_from_verified: bool,
    valid_to: Option<NaiveDate>,
    source: &'a str,
    verified: bool,
    clause: &'a str,
    decimals: &'a BTreeMap<Pollutant, usize>,
    missing: Missing<'a>,
    #[serde(serialize_with = "in_order")]
    breakpoints: Vec<(String, Breakpoints<'a>)>,
    practice: &'a [Practice],
}

#[derive(Serialize)]
struct Missing<'a> {
    publish_above: u16,
    clause: &'a str,
}

#[derive(Serialize)]
struct Breakpoints<'a> {
    unit: &'static str,
    reports: &'a [Report],
    clause: &'a str,
    #[serde(serialize_with = "in_order")]
    limits: Vec<(String, i64)>,
    /// IAQI beyond the last limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    above: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    above_note: Option<&'a str>,
}

/// A map that keeps the order of the table.
fn in_order<V: Serialize, S: Serializer>(entries: &[(String, V)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(entries.iter().map(|(key, value)| (key, value)))
}

impl Serialize for AqiStandard {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let breakpoints = self.rows.iter().map(|row| {
            let limits = self.iaqi.iter().zip(&row.concentrations).map(|(iaqi, c)| (format!("IAQI {iaqi}"), *c));
            let clause = if row.reports.contains(&Report::Daily) { &self.daily_clause } else { &self.hourly_clause };
            let (unit, limits) = (row.pollutant.unit(), limits.collect());
            let (above, above_note) = (row.above, row.above_note.as_deref());
            (row.name(), Breakpoints { unit, reports: &row.reports, clause, limits, above, above_note })
        });
        Document {
            id: &self.id,
            title_zh: &self.title_zh,
            valid_from: self.valid_from,
            valid_from_verified: self.valid_from_verified,
            valid_to: self.valid_to,
            source: &self.source,
            verified: self.verified,
            clause: &self.daily_clause,
            decimals: &self.decimals,
            missing: Missing { publish_above: self.publish_above_if_missing, clause: &self.missing_clause },
            breakpoints: breakpoints.collect(),
            practice: &self.practices,
        }
        .serialize(serializer)
    }
}
