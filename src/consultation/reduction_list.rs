//! The emergency emission-reduction list (应急减排清单) of a record as an office hands it on: one row for each entry and measure.
//!
//! Figures are rounded here, once, to grams, cents and millionths, so that every format shows the same digits.

use super::ConsultationRecord;
use crate::domain::register::{Family, Grade};
use crate::domain::source::Amounts;
use crate::reduction::PlannedMeasure;
use crate::warning::WarningLevel;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ListRow {
    /// Number in the list of the region, from 1: the same in the list of a county.
    pub number: u32,
    pub adcode: u32,
    pub county_zh: String,
    pub family: Family,
    /// Entry of the register (清单编号); `None` where the night had no register.
    pub entry: Option<String>,
    /// Name of the entry, or the id of the source.
    pub entry_name: String,
    pub source: String,
    pub grade: Option<Grade>,
    /// Measure of the catalogue.
    pub measure: String,
    pub name_zh: String,
    pub name_en: String,
    pub mandatory: bool,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// When the measure must be in force.
    pub deadline: DateTime<Utc>,
    /// Emission avoided [t d-1], in whole grams.
    pub cut_t_d: Amounts,
    /// Factor left on each pollutant, 0 ..= 1.
    pub factor: Amounts,
    /// [yuan d-1], in whole cents.
    pub cost_yuan_d: f64,
    /// From begin to end [yuan], in whole cents.
    pub cost_yuan: f64,
    /// Department answering for it (责任单位).
    pub department: String,
    /// Post answering for it (责任人岗位); empty where the record names none.
    pub role: String,
    /// How it is checked.
    pub verification: String,
    /// Document and clause.
    pub legal_basis: String,
}

impl ListRow {
    pub(super) fn of(number: u32, m: &PlannedMeasure) -> Self {
        // as a spreadsheet gives it back
        let tidy = |text: &str| text.trim().to_owned();
        Self {
            number,
            adcode: m.adcode,
            county_zh: tidy(&m.county_zh),
            // records made before there were registers name no entry and no family
            family: if m.entry_name.is_empty() { Family::of_sector(m.sector) } else { m.family },
            entry: m.entry.as_deref().map(tidy),
            entry_name: tidy(if m.entry_name.is_empty() { &m.source } else { &m.entry_name }),
            source: tidy(&m.source),
            grade: m.grade,
            measure: tidy(&m.measure),
            name_zh: tidy(&m.name_zh),
            name_en: tidy(&m.name_en),
            mandatory: m.mandatory,
            from: m.from,
            to: m.to,
            deadline: m.from,
            cut_t_d: m.cut_t_d.zip(m.cut_t_d, |cut, _| millionths(cut)),
            factor: m.factor.zip(m.factor, |factor, _| millionths(factor)),
            cost_yuan_d: cents(m.cost_yuan_d),
            cost_yuan: cents(m.cost_yuan),
            department: tidy(&m.department),
            role: tidy(&m.role),
            verification: tidy(&m.verification),
            legal_basis: tidy(&m.legal_basis),
        }
    }
}

/// Rounds to six decimals: the result is the number that is nearest to them, and prints as them.
pub(super) fn millionths(x: f64) -> f64 {
    (x * 1e6).round() / 1e6
}

/// Rounds an amount of money to cents.
pub(super) fn cents(yuan: f64) -> f64 {
    (yuan * 100.0).round() / 100.0
}

/// The list of a region or of one of its counties.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReductionList {
    pub run: String,
    pub cycle: DateTime<Utc>,
    /// Code of the county, or of the region.
    pub adcode: u32,
    pub area_zh: String,
    pub level: WarningLevel,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    pub rows: Vec<ListRow>,
}

/// The list of the whole region first, then that of every county with a row; none where the record has no list.
pub fn lists(record: &ConsultationRecord) -> Vec<ReductionList> {
    let Some(plan) = &record.reduction else { return Vec::new() };
    let rows: Vec<ListRow> = (1..).zip(&plan.measures).map(|(number, m)| ListRow::of(number, m)).collect();
    let list = |adcode: u32, area_zh: &str, rows: Vec<ListRow>| ReductionList {
        run: record.run.clone(),
        cycle: record.cycle,
        adcode,
        area_zh: area_zh.into(),
        level: plan.level,
        from: plan.from,
        to: plan.to,
        rows,
    };
    let counties = record.warning.counties.iter().filter_map(|county| {
        let own: Vec<ListRow> = rows.iter().filter(|r| r.adcode == county.adcode).cloned().collect();
        (!own.is_empty()).then(|| list(county.adcode, &county.name_zh, own))
    });
    let counties: Vec<ReductionList> = counties.collect();
    let whole = list(record.warning.prefecture.adcode, &record.region_name_zh, rows);
    std::iter::once(whole).chain(counties).collect()
}
