//! What must not be counted twice in gridded inventories: the same field, a total beside its parts, a sector of two conventions.
//!
//! - A pollutant and category comes once per month, or once for the year. Species of VOC and alike are parts of a pollutant and summed, but never with the whole.
//! - A total, or a field without category beside fields with one, is never added to its parts: where both are there and agree to 0.1 %, the
//!   parts are used; else the files are refused. So is a category beside those that it is the sum of. Two totals of a pollutant are refused.
//! - Two conventions that give the same pollutant of one sector are two inventories of one thing, and refused.

use super::inventory_fields::{GridField, note, refuse};
use super::inventory_vocabulary::{Role, Substance, Vocabulary};
use crate::domain::source::Sector;
use crate::error::{Rejection, Result};
use std::collections::{BTreeMap, BTreeSet};

/// Largest difference of a total from the sum of its parts, as a share.
const TOTAL_TOLERANCE: f64 = 1e-3;

/// Refuses a field that comes twice, and parts of a pollutant beside all of it.
pub(super) fn once_each(fields: &[GridField]) -> Result<()> {
    let mut seen: BTreeMap<(&str, Substance), Vec<&GridField>> = BTreeMap::new();
    for field in fields {
        let others = seen.entry((&field.category, field.substance)).or_default();
        let clash = |f: &&&GridField| {
            let part = f.part == field.part || f.part.is_empty() || field.part.is_empty();
            part && (f.month == field.month || f.month.is_none() || field.month.is_none())
        };
        if let Some(first) = others.iter().find(clash) {
            let of = if field.category.is_empty() { "all sectors" } else { &field.category };
            let found = format!("{} of {of} a second time, first in {}", field.substance.name(), first.file.display());
            let remedy = "Give each pollutant and sector once: both would be counted";
            return Err(refuse(field, found, "one field per pollutant, sector and month", remedy));
        }
        others.push(field);
    }
    Ok(())
}

fn sum(fields: &[GridField], of: &[usize]) -> f64 {
    of.iter().flat_map(|&i| &fields[i].tonnes).sum()
}

/// The fields that are totals of others and are not used.
pub(super) fn totals(
    fields: &[GridField],
    vocabulary: &Vocabulary,
    notes: &mut Vec<Rejection>,
) -> Result<BTreeSet<usize>> {
    // fields of one category and pollutant over all months; totals are compared with what is left of their parts
    let mut whole = BTreeMap::<Substance, BTreeMap<&str, Vec<usize>>>::new();
    for (i, field) in fields.iter().enumerate() {
        whole.entry(field.substance).or_default().entry(&field.category).or_default().push(i);
    }
    let mut dropped = BTreeSet::new();
    for categories in whole.values() {
        let mut sums: Vec<(&&str, Vec<usize>)> = categories
            .keys()
            .map(|code| {
                let children = vocabulary.children(code).iter();
                (code, children.filter_map(|c| categories.get(c.as_str())).flatten().copied().collect())
            })
            .filter(|(_, parts): &(_, Vec<usize>)| !parts.is_empty())
            .collect();
        // the smallest sum first: a larger one may hold it
        sums.sort_by_key(|(code, _)| vocabulary.children(code).len());
        for (code, mut parts) in sums {
            parts.retain(|i| !dropped.contains(i));
            compare(fields, &categories[*code], &parts, &mut dropped, notes)?;
        }
        let is_total = |code: &str| code.is_empty() || vocabulary.role(code) == Some(&Role::Total);
        let of = |total: bool| categories.iter().filter(move |(code, _)| is_total(code) == total);
        let mut parts: Vec<usize> = of(false).flat_map(|(_, i)| i).copied().collect();
        parts.retain(|i| !dropped.contains(i));
        let totals: Vec<&Vec<usize>> = of(true).map(|(_, i)| i).collect();
        if let (true, [first, second, ..]) = (parts.is_empty(), &totals[..]) {
            let (first, second) = (&fields[first[0]], &fields[second[0]]);
            let found = format!("a second total of {}, beside {}", second.substance.name(), first.place);
            return Err(refuse(
                second,
                found,
                "one total of a pollutant",
                "Give one of the two: both would be counted",
            ));
        }
        if !parts.is_empty() {
            for total in totals {
                compare(fields, total, &parts, &mut dropped, notes)?;
            }
        }
    }
    Ok(dropped)
}

/// Drops a total that is the sum of its parts.
fn compare(
    fields: &[GridField],
    total: &[usize],
    parts: &[usize],
    dropped: &mut BTreeSet<usize>,
    notes: &mut Vec<Rejection>,
) -> Result<()> {
    let (whole, pieces, field) = (sum(fields, total), sum(fields, parts), &fields[total[0]]);
    let codes: BTreeSet<&str> = parts.iter().map(|&i| fields[i].category.as_str()).collect();
    if (whole - pieces).abs() > TOTAL_TOLERANCE * whole.abs().max(pieces.abs()) {
        let off = 100.0 * (pieces / whole - 1.0);
        let found = format!("{whole:.3} t, and its {} parts sum to {pieces:.3} t ({off:+.2} %)", codes.len());
        let remedy = "Give every sector, or the total alone: a total is not added to its parts";
        return Err(refuse(field, found, "parts that sum to the total within 0.1 %", remedy));
    }
    dropped.extend(total);
    let found = format!(
        "{whole:.3} t, the sum of {} sectors of {} beside it ({pieces:.3} t), left out",
        codes.len(),
        field.substance.name()
    );
    notes.push(note(field, found, "a total or its parts: the parts are used"));
    Ok(())
}

/// Refuses a pollutant of one sector by the codes of two conventions.
pub(super) fn one_convention(fields: &[GridField], dropped: &BTreeSet<usize>, vocabulary: &Vocabulary) -> Result<()> {
    let mut seen = BTreeMap::<(Sector, Substance), (&GridField, BTreeSet<String>)>::new();
    for (_, field) in fields.iter().enumerate().filter(|(i, _)| !dropped.contains(i)) {
        let (Role::Part(sector), false) = (&field.role, field.category.is_empty()) else { continue };
        let own = vocabulary.conventions(&field.category);
        let (first, common) = seen.entry((*sector, field.substance)).or_insert_with(|| (field, own.clone()));
        let still: BTreeSet<String> = common.intersection(&own).cloned().collect();
        if still.is_empty() {
            let names = |set: &BTreeSet<String>| set.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            let found = format!(
                "{} of sector {} as `{}` ({}), beside `{}` ({}) in {}",
                field.substance.name(),
                sector.name(),
                field.category,
                names(&own),
                first.category,
                names(common),
                first.file.display()
            );
            let remedy = "Take each sector from one inventory: both would be counted";
            return Err(refuse(field, found, "the sectors of one inventory", remedy));
        }
        *common = still;
    }
    Ok(())
}
