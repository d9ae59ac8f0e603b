//! Files that hold hours of a day, such as `wrfchemi_00z` and `wrfchemi_12z`: their mean over all hours.

use super::inventory_fields::{GridField, HourSpan, note};
use super::inventory_vocabulary::Substance;
use crate::error::{Error, Rejection, Result};
use std::collections::BTreeMap;

const HOURS_OF_A_DAY: usize = 24;

/// Puts fields of one grid together that hold different hours. Other fields, and those of the same hours, stay as they are.
///
/// # Errors
/// `Missing` for one half of a day without the other, and for a pollutant that lacks hours which others have.
pub(super) fn whole_days(fields: Vec<GridField>, notes: &mut Vec<Rejection>) -> Result<Vec<GridField>> {
    let mut hourly: BTreeMap<Substance, Vec<GridField>> = BTreeMap::new();
    let mut made = Vec::new();
    for field in fields {
        match field.span {
            Some(_) => hourly.entry(field.substance).or_default().push(field),
            None => made.push(field),
        }
    }
    let hours = |fields: &[GridField]| fields.iter().filter_map(|f| f.span).map(|s| s.count).sum::<usize>();
    let most = hourly.values().map(|f| hours(f)).max().unwrap_or(0);
    let mut noted = false;
    for (substance, mut fields) in hourly {
        fields.sort_by_key(|f| f.span.and_then(|s| s.first));
        if !apart(&fields) {
            made.extend(fields);
            continue;
        }
        let held = hours(&fields);
        let half = held == HOURS_OF_A_DAY / 2 && fields.iter().any(|f| f.span.is_some_and(|s| s.half_day));
        if half || held < most {
            let what = format!("hours of {}: {held} of {}", substance.name(), most.max(HOURS_OF_A_DAY));
            return Err(Error::missing(what, &fields[0].file, "Give the files of all hours of a day together"));
        }
        if held % HOURS_OF_A_DAY != 0 && !noted {
            noted = true;
            let found = format!("{held} of 24 hours: their mean is taken as that of the day");
            let mut said = note(&fields[0], found, "whole days");
            (said.place, said.by_design) = ("the times".into(), false);
            notes.push(said);
        }
        made.extend(mean(fields, held));
    }
    Ok(made)
}

/// Whether no hour comes twice.
fn apart(fields: &[GridField]) -> bool {
    let spans: Vec<HourSpan> = fields.iter().filter_map(|f| f.span).collect();
    spans.windows(2).all(|s| match (s[0].first, s[1].first) {
        (Some(a), Some(b)) => a + s[0].count as i64 <= b,
        _ => false,
    })
}

fn mean(fields: Vec<GridField>, hours: usize) -> Option<GridField> {
    let share = |f: &GridField| f.span.map_or(0, |s| s.count) as f64 / hours as f64;
    let mut fields = fields.into_iter();
    let mut first = fields.next()?;
    let own = share(&first);
    first.tonnes.iter_mut().for_each(|t| *t *= own);
    for field in fields {
        let own = share(&field);
        first.tonnes.iter_mut().zip(&field.tonnes).for_each(|(sum, t)| *sum += own * t);
    }
    Some(first)
}
