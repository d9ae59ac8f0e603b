//! Reading and checking the dated AQI tables (`seeds/aqi.toml`).

use super::{AqiLevel, AqiRules, AqiStandard, Report, Row};
use crate::domain::pollutant::Pollutant;
use crate::error::{Error, Result};
use serde::Deserialize;
use std::path::Path;

/// The AQI scale ends here.
const LARGEST_AQI: u16 = 500;
/// Rows of table 1 (2012) and table 3 (2026).
const TABLE_ROWS: usize = 8;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    level: Vec<AqiLevel>,
    standard: Vec<AqiStandard>,
}

/// Names the field at fault.
struct Check<'a>(&'a Path);

impl Check<'_> {
    fn that(&self, holds: bool, field: String, found: impl std::fmt::Debug, expected: &str) -> Result<()> {
        if holds { Ok(()) } else { Err(Error::invalid(self.0, field, format!("{found:?}"), expected)) }
    }
}

/// Reads and checks the tables; see [`AqiRules::from_toml`].
pub(super) fn read(text: &str, origin: &Path) -> Result<AqiRules> {
    let seed: Seed = toml::from_str(text)
        .map_err(|e| Error::invalid(origin, "TOML", e.to_string().trim().to_owned(), "AQI levels and standards"))?;
    let check = Check(origin);
    levels(&check, &seed.level)?;
    dates(&check, &seed.standard)?;
    for standard in &seed.standard {
        table(&check, standard)?;
        for report in [Report::Daily, Report::Hourly] {
            for pollutant in Pollutant::ALL {
                let n = standard.rows(report, pollutant).count();
                let field = format!("{}: row of {} for {report:?}", standard.id, pollutant.name());
                check.that(n == 1, field, n, "exactly one row per pollutant and report")?;
            }
        }
    }
    Ok(AqiRules { levels: seed.level, standards: seed.standard })
}

fn levels(check: &Check, levels: &[AqiLevel]) -> Result<()> {
    check.that(levels.len() == 6, "level".into(), levels.len(), "six levels")?;
    let mut below = 0;
    for (i, level) in levels.iter().enumerate() {
        let field = |name: &str| format!("level[{}].{name}", i + 1);
        check.that(usize::from(level.level) == i + 1, field("level"), level.level, "levels 1 to 6 in order")?;
        check.that(level.up_to > below, field("up_to"), level.up_to, "more than the level before it")?;
        below = level.up_to;
        for (name, text) in [
            ("name_zh", &level.name_zh),
            ("name_en", &level.name_en),
            ("colour_zh", &level.colour_zh),
            ("colour_en", &level.colour_en),
        ] {
            check.that(!text.trim().is_empty(), field(name), text, "a name")?;
        }
    }
    check.that(below == LARGEST_AQI, "level[6].up_to".into(), below, "500, the end of the scale")
}

fn dates(check: &Check, standards: &[AqiStandard]) -> Result<()> {
    check.that(!standards.is_empty(), "standard".into(), standards.len(), "at least one standard")?;
    for (i, s) in standards.iter().enumerate() {
        let field = |name: &str| format!("{}: {name}", s.id);
        for (name, text) in [
            ("id", &s.id),
            ("title_zh", &s.title_zh),
            ("source", &s.source),
            ("daily_clause", &s.daily_clause),
            ("hourly_clause", &s.hourly_clause),
            ("missing_clause", &s.missing_clause),
        ] {
            check.that(!text.trim().is_empty(), field(name), text, "a text")?;
        }
        check.that(standards[..i].iter().all(|o| o.id != s.id), field("id"), &s.id, "a name used once")?;
        let Some(next) = standards.get(i + 1) else {
            return check.that(s.valid_to.is_none(), field("valid_to"), s.valid_to, "none: the last standard is open");
        };
        let to = s.valid_to.unwrap_or(s.valid_from.pred_opt().unwrap_or(s.valid_from));
        check.that(to >= s.valid_from, field("valid_to"), s.valid_to, "a day on or after valid_from")?;
        check.that(
            to.succ_opt() == Some(next.valid_from),
            format!("{}: valid_from", next.id),
            next.valid_from,
            "the day after the standard before it ends: no gap, no overlap",
        )?;
    }
    Ok(())
}

fn ascending<T: PartialOrd>(values: &[T]) -> bool {
    values.windows(2).all(|w| w[0] < w[1])
}

fn table(check: &Check, s: &AqiStandard) -> Result<()> {
    let field = |name: &str| format!("{}: {name}", s.id);
    let scale = s.iaqi.len() == TABLE_ROWS && s.iaqi[0] == 0 && ascending(&s.iaqi) && s.iaqi[7] == LARGEST_AQI;
    check.that(scale, field("iaqi"), &s.iaqi, "eight ascending indices from 0 to 500")?;
    check.that(
        s.publish_above_if_missing < LARGEST_AQI,
        field("publish_above_if_missing"),
        s.publish_above_if_missing,
        "an AQI below 500",
    )?;
    for p in Pollutant::ALL {
        let n = s.decimals.get(&p);
        check.that(n.is_some_and(|n| *n <= 3), field(&format!("decimals.{}", p.name())), n, "0 to 3 decimals")?;
    }
    for row in &s.rows {
        one_row(check, s, row)?;
    }
    Ok(())
}

fn one_row(check: &Check, s: &AqiStandard, row: &Row) -> Result<()> {
    let field = |name: &str| format!("{}: {} {:?} {name}", s.id, row.pollutant.name(), row.average);
    let c = &row.concentrations;
    let shape = (2..=TABLE_ROWS).contains(&c.len()) && c[0] == 0 && ascending(c) && c[c.len() - 1] < 1_000_000;
    check.that(shape, field("concentrations"), c, "two to eight ascending values from 0, below 1 000 000")?;
    check.that(!row.reports.is_empty(), field("reports"), &row.reports, "daily, hourly or both")?;
    match row.above {
        Some(above) => {
            check.that(
                above == s.iaqi[c.len() - 1],
                field("above"),
                above,
                "the index of the row's last concentration",
            )?;
            let note = row.above_note.as_deref().unwrap_or("");
            check.that(!note.trim().is_empty(), field("above_note"), note, "the note or reason for the cap")
        }
        None => check.that(c.len() < TABLE_ROWS, field("above"), row.above, "the largest index, in a full row"),
    }
}
