//! Reading and checking the dated AQI tables (`seeds/aqi.toml`).

use super::practice::InForce;
use super::{AqiLevel, AqiRules, AqiStandard, Report, Row};
use crate::domain::pollutant::Pollutant;
use crate::error::{Error, Result};
use crate::seed::{Place, Seed};
use serde::Deserialize;
use std::fmt::Debug;
use std::path::Path;

/// The AQI scale ends here.
const LARGEST_AQI: u16 = 500;
/// Rows of table 1 (2012) and table 3 (2026).
const TABLE_ROWS: usize = 8;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    level: Vec<AqiLevel>,
    standard: Vec<AqiStandard>,
}

/// The faults of meaning, in the order of the checks.
struct Faults(Vec<Error>);

impl Faults {
    fn that(&mut self, holds: bool, place: &Place, key: &str, found: impl Debug, expected: &str) {
        self.0.extend(place.that(holds, key, found, expected).err());
    }

    fn texts(&mut self, place: &Place, texts: &[(&str, &str)]) {
        self.0.extend(texts.iter().filter_map(|(key, text)| place.text(key, text).err()));
    }
}

/// Reads and checks the tables; see [`AqiRules::from_toml`].
pub(super) fn read(text: &str, origin: &Path) -> Result<AqiRules> {
    let (rules, faults) = checked(text, origin)?;
    faults.into_iter().next().map_or(Ok(rules), Err)
}

/// Every fault; see [`AqiRules::faults`].
pub(super) fn faults(text: &str, origin: &Path) -> Vec<Error> {
    checked(text, origin).map_or_else(|e| vec![e], |(_, faults)| faults)
}

fn checked(text: &str, origin: &Path) -> Result<(AqiRules, Vec<Error>)> {
    let (seed, file) = Seed::read::<File>(text, origin, "AQI levels and standards")?;
    let root = seed.root();
    let mut faults = Faults(Vec::new());
    levels(&mut faults, &root, &file.level);
    dates(&mut faults, &root, &file.standard);
    for (i, standard) in file.standard.iter().enumerate() {
        let place = root.element("standard", i, &standard.id);
        table(&mut faults, &place, standard);
        rows(&mut faults, &place, standard);
        practices(&mut faults, &place, standard);
    }
    Ok((AqiRules { levels: file.level, standards: file.standard }, faults.0))
}

fn levels(faults: &mut Faults, root: &Place, levels: &[AqiLevel]) {
    faults.that(levels.len() == 6, root, "level", levels.len(), "six levels");
    let mut below = 0;
    for (i, level) in levels.iter().enumerate() {
        let place = root.element("level", i, format!("level[{}]", i + 1));
        faults.that(usize::from(level.level) == i + 1, &place, "level", level.level, "levels 1 to 6 in order");
        faults.that(level.up_to > below, &place, "up_to", level.up_to, "more than the level before it");
        below = level.up_to;
        faults.texts(
            &place,
            &[
                ("name_zh", &level.name_zh),
                ("name_en", &level.name_en),
                ("colour_zh", &level.colour_zh),
                ("colour_en", &level.colour_en),
            ],
        );
        let last = i + 1 == levels.len();
        faults.that(!last || below == LARGEST_AQI, &place, "up_to", below, "500, the end of the scale");
    }
}

fn dates(faults: &mut Faults, root: &Place, standards: &[AqiStandard]) {
    faults.that(!standards.is_empty(), root, "standard", standards.len(), "at least one standard");
    for (i, s) in standards.iter().enumerate() {
        let place = root.element("standard", i, &s.id);
        faults.texts(
            &place,
            &[
                ("id", &s.id),
                ("title_zh", &s.title_zh),
                ("source", &s.source),
                ("daily_clause", &s.daily_clause),
                ("hourly_clause", &s.hourly_clause),
                ("missing_clause", &s.missing_clause),
            ],
        );
        faults.that(standards[..i].iter().all(|o| o.id != s.id), &place, "id", &s.id, "a name used once");
        let Some(next) = standards.get(i + 1) else {
            faults.that(s.valid_to.is_none(), &place, "valid_to", s.valid_to, "none: the last standard is open");
            continue;
        };
        let Some(to) = s.valid_to else {
            faults.that(false, &place, "valid_to", "nothing", "a last day: another standard follows");
            continue;
        };
        faults.that(to >= s.valid_from, &place, "valid_to", to, "a day on or after valid_from");
        let expected = "the day after the standard before it ends: no gap, no overlap";
        let next_place = root.element("standard", i + 1, &next.id);
        faults.that(to.succ_opt() == Some(next.valid_from), &next_place, "valid_from", next.valid_from, expected);
    }
}

fn ascending<T: PartialOrd>(values: &[T]) -> bool {
    values.windows(2).all(|w| w[0] < w[1])
}

fn table(faults: &mut Faults, place: &Place, s: &AqiStandard) {
    let scale = s.iaqi.len() == TABLE_ROWS && s.iaqi[0] == 0 && ascending(&s.iaqi) && s.iaqi[7] == LARGEST_AQI;
    faults.that(scale, place, "iaqi", &s.iaqi, "eight ascending indices from 0 to 500");
    let publish = s.publish_above_if_missing;
    faults.that(publish < LARGEST_AQI, place, "publish_above_if_missing", publish, "an AQI below 500");
    let decimals = place.table("decimals");
    for p in Pollutant::ALL {
        let n = s.decimals.get(&p);
        faults.that(n.is_some_and(|n| *n <= 3), &decimals, p.name(), n, "0 to 3 decimals");
    }
}

fn rows(faults: &mut Faults, standard: &Place, s: &AqiStandard) {
    let place = |i: usize, row: &Row| standard.element("row", i, format!("{}: {}", s.id, row.name()));
    for (i, row) in s.rows.iter().enumerate() {
        one_row(faults, &place(i, row), s, row);
        let again =
            |report: &Report| s.rows[..i].iter().any(|o| o.pollutant == row.pollutant && o.reports.contains(report));
        if let Some(report) = row.reports.iter().find(|r| again(r)) {
            faults.that(false, &place(i, row), "reports", report, "exactly one row per pollutant and report");
        }
    }
    for report in [Report::Daily, Report::Hourly] {
        for p in Pollutant::ALL {
            let key = format!("row of {} for {}", p.name(), report.name());
            let some = s.rows(report, p).next().is_some();
            faults.that(some, standard, &key, "nothing", "exactly one row per pollutant and report");
        }
    }
}

fn one_row(faults: &mut Faults, place: &Place, s: &AqiStandard, row: &Row) {
    let c = &row.concentrations;
    let shape = (2..=TABLE_ROWS).contains(&c.len()) && c[0] == 0 && ascending(c) && c[c.len() - 1] < 1_000_000;
    faults.that(shape, place, "concentrations", c, "two to eight ascending values from 0, below 1 000 000");
    faults.that(!row.reports.is_empty(), place, "reports", &row.reports, "daily, hourly or both");
    let end = c.len().checked_sub(1).and_then(|last| s.iaqi.get(last));
    match row.above {
        Some(above) => {
            faults.that(end == Some(&above), place, "above", above, "the index of the row's last concentration");
            let note = row.above_note.as_deref().unwrap_or("");
            faults.that(!note.trim().is_empty(), place, "above_note", note, "the note or reason for the cap");
        }
        None => {
            faults.that(c.len() < TABLE_ROWS, place, "above", row.above, "the largest index, in a full row");
            faults.that(row.above_note.is_none(), place, "above_note", &row.above_note, "none without `above`");
        }
    }
}

fn practices(faults: &mut Faults, standard: &Place, s: &AqiStandard) {
    for (i, practice) in s.practices.iter().enumerate() {
        let place = standard.element("practice", i, &practice.id);
        let named = practice.id.strip_prefix(&format!("{}.", s.id)).is_some_and(|name| !name.trim().is_empty());
        faults.that(named, &place, "id", &practice.id, "<standard>.<name>");
        let once = s.practices[..i].iter().all(|o| o.id != practice.id);
        faults.that(once, &place, "id", &practice.id, "a name used once");
        faults.that(!practice.pollutants.is_empty(), &place, "pollutants", 0, "at least one pollutant");
        faults.texts(
            &place,
            &[
                ("text", &practice.text),
                ("published", &practice.published),
                ("evidence", &practice.evidence),
                ("clause", &practice.clause),
            ],
        );
        // whoever asks for an hourly report hands in 1-h means: following the text here would judge them by the wrong rule
        let expected = "published: reports are made from the means that are published";
        faults.that(practice.in_force == InForce::Published, &place, "in_force", practice.in_force, expected);
    }
}
