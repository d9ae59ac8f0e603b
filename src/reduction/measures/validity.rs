//! What a catalogue must keep.

use super::{COMBINATIONS, Measure};
use crate::domain::source::{Amounts, Sector};
use crate::error::Result;
use crate::reduction::targets::Checker;
use crate::warning::WarningLevel;
use std::collections::BTreeMap;

pub(super) fn measure(file: &Checker, m: &Measure) -> Result<()> {
    file.text("measure.id", &m.id)?;
    let field = |name: &str| format!("measure {}: {name}", m.id);
    for (name, text) in [
        ("name_zh", &m.name_zh),
        ("name_en", &m.name_en),
        ("department", &m.department),
        ("role", &m.role),
        ("verification", &m.verification),
        ("legal_basis", &m.legal_basis),
    ] {
        file.text(&field(name), text)?;
    }
    for text in &m.source_ids_with {
        file.text(&field("source_ids_with"), text)?;
    }
    for text in &m.words {
        file.text(&field("words"), text)?;
    }
    if let Some(group) = &m.group {
        file.text(&field("group"), group)?;
    }
    if !m.legal_basis.contains('·') {
        return file.refuse(&field("legal_basis"), &m.legal_basis, "document · clause");
    }
    if m.sectors.is_empty() {
        return file.refuse(&field("sectors"), "an empty list", "at least one sector");
    }
    if m.sectors.contains(&Sector::Other) {
        return file.refuse(&field("sectors"), "other", "sectors of the region: foreign cells cannot be ordered");
    }
    if let Some(level) = m.mandatory_from.filter(|l| *l < WarningLevel::Yellow) {
        return file.refuse(&field("mandatory_from"), level.key(), "yellow, orange or red");
    }
    if let Some(share) = m.voluntary_share {
        file.fraction(&field("voluntary_share"), share)?;
    }
    if m.standing && m.exclusive_group().is_some() {
        return file.refuse(
            &field("standing"),
            "true in an exclusive group",
            "no group and no load: it may not bar others",
        );
    }
    if let Some(t) = m.temperature_above_c.filter(|t| !(-60.0..=50.0).contains(t)) {
        return file.refuse(&field("temperature_above_c"), &t.to_string(), "-60..=50");
    }
    if let Some(hour) = m.earliest_hour.filter(|h| *h > 23) {
        return file.refuse(&field("earliest_hour"), &hour.to_string(), "0..=23");
    }
    if m.lead_h > 72 {
        return file.refuse(&field("lead_h"), &m.lead_h.to_string(), "0..=72");
    }
    cost(file, m)?;
    left(file, m)
}

fn cost(file: &Checker, m: &Measure) -> Result<()> {
    let field = |name: &str| format!("measure {}: {name}", m.id);
    match (m.cost_yuan_t, m.cost_yuan_d) {
        (Some(_), Some(_)) => file.refuse(&field("cost_yuan_t"), "both costs", "either cost_yuan_t or cost_yuan_d"),
        (None, None) => file.refuse(&field("cost_yuan_t"), "no cost", "either cost_yuan_t or cost_yuan_d"),
        (t, d) => {
            for (name, cost) in [("cost_yuan_t", t), ("cost_yuan_d", d)] {
                if let Some(c) = cost.filter(|c| !(c.is_finite() && *c >= 0.0)) {
                    return file.refuse(&field(name), &c.to_string(), "a cost >= 0");
                }
            }
            Ok(())
        }
    }
}

fn left(file: &Checker, m: &Measure) -> Result<()> {
    let loads = m.left.values().filter(|l| l.load.is_some()).count();
    if m.left.is_empty() {
        return file.refuse(&format!("measure {}: left", m.id), "no level", "at least one level");
    }
    if loads != 0 && loads != m.left.len() {
        return file.refuse(
            &format!("measure {}: left", m.id),
            "load at some levels only",
            "load at all levels or none",
        );
    }
    if loads > 0 && m.group.is_some() {
        return file.refuse(&format!("measure {}: group", m.id), "a group", "none: load measures exclude each other");
    }
    let mut below: Option<Amounts> = None;
    for (level, left) in &m.left {
        let field = |name: &str| format!("measure {}: left.{}.{name}", m.id, level.key());
        // blue warnings ended before the lists began: they have what pre-warning has
        if matches!(level, WarningLevel::None | WarningLevel::Blue) {
            return file.refuse(&field("*"), "an entry", "pre_warning, yellow, orange or red");
        }
        for (name, share) in left.named() {
            if let Some(share) = share {
                file.fraction(&field(name), share)?;
            }
        }
        if left.load.is_some() && left.named().iter().filter(|(_, s)| s.is_some()).count() > 1 {
            return file.refuse(&field("load"), "load beside pollutants", "either load or pollutants");
        }
        let factor = left.factor(0.0);
        if no_more_than(&Amounts::all(1.0), &factor) {
            return file.refuse(&field("*"), "nothing is cut", "at least one share below 1");
        }
        if below.is_some_and(|b| !no_more_than(&factor, &b)) {
            return file.refuse(&field("*"), "more than at the level below", "no more of any pollutant");
        }
        below = Some(factor);
    }
    Ok(())
}

/// Whether `a` leaves no more than `b` of every pollutant.
fn no_more_than(a: &Amounts, b: &Amounts) -> bool {
    [
        (a.so2, b.so2),
        (a.nox, b.nox),
        (a.co, b.co),
        (a.nh3, b.nh3),
        (a.nmvoc, b.nmvoc),
        (a.pm25, b.pm25),
        (a.pm10, b.pm10),
        (a.bc, b.bc),
        (a.oc, b.oc),
    ]
    .iter()
    .all(|(a, b)| a <= b)
}

pub(super) fn groups(file: &Checker, measures: &[Measure]) -> Result<()> {
    const LEVELS: [WarningLevel; 4] =
        [WarningLevel::PreWarning, WarningLevel::Yellow, WarningLevel::Orange, WarningLevel::Red];
    for (i, a) in measures.iter().enumerate() {
        for b in &measures[i + 1..] {
            let shared = a.group.is_some() && a.group == b.group && a.sectors.iter().any(|s| b.sectors.contains(s));
            if !shared {
                continue;
            }
            // A voluntary share moves a factor towards 1 and may turn the order round.
            if a.mandatory_from != b.mandatory_from || a.voluntary_share != b.voluntary_share {
                return file.refuse(
                    &format!("measure {}: group", b.id),
                    &format!("mandatory_from or voluntary_share unlike {}", a.id),
                    "the same for all of one exclusive group",
                );
            }
            for level in LEVELS {
                let (Some(x), Some(y)) = (a.left_at(level), b.left_at(level)) else { continue };
                let (x, y) = (x.factor(0.0), y.factor(0.0));
                if !no_more_than(&x, &y) && !no_more_than(&y, &x) {
                    return file.refuse(
                        &format!("measure {}: group", b.id),
                        &format!("neither stricter nor milder than {} at {}", a.id, level.key()),
                        "members of one exclusive group ordered in every pollutant",
                    );
                }
            }
        }
    }
    Ok(())
}

pub(super) fn combinations(file: &Checker, measures: &[Measure]) -> Result<()> {
    for sector in Sector::ALL {
        let mut exclusive: BTreeMap<&str, usize> = BTreeMap::new();
        let mut ways = 1_usize;
        for m in measures.iter().filter(|m| m.sectors.contains(&sector)) {
            match m.exclusive_group() {
                Some(group) => *exclusive.entry(group).or_insert(1) += 1,
                None => ways = ways.saturating_mul(2),
            }
        }
        ways = exclusive.values().fold(ways, |w, n| w.saturating_mul(*n));
        if ways > COMBINATIONS {
            return file.refuse(
                "measure.sectors",
                &format!("{ways} ways to combine the measures on {}", sector.name()),
                &format!("at most {COMBINATIONS}: name fewer measures, or exclusive groups"),
            );
        }
    }
    Ok(())
}
