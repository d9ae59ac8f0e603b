//! The warning schemes and who follows which, read from `seeds/warning.toml`.

use super::WarningLevel;
use crate::domain::pollutant::Pollutant;
use crate::error::{Error, Result};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A daily AQI above `aqi_above` for at least `hours`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Exceeded means greater than this, 0 ..= 499.
    pub aqi_above: u16,
    /// A multiple of 24, 24 ..= 240 [h].
    pub hours: u32,
}

/// One way to reach a level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// `<scheme>.<level>.<number>`.
    pub id: String,
    pub level: WarningLevel,
    /// The first condition is the episode, every other one holds inside it.
    pub all_of: Vec<Condition>,
    pub clause: String,
    /// Whether the clause was checked against the primary text.
    pub verified: bool,
}

/// When two episodes count as one (按一次重污染过程统计).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    /// Only episodes that each exceed this AQI are merged.
    pub heavy_aqi: u16,
    /// Longest time at or below `Lift::aqi` between them [h].
    pub gap_hours: u32,
    pub clause: String,
    pub verified: bool,
}

/// When a warning may be lifted (解除).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Lift {
    /// Running 24-h AQI at or below this; the lowest threshold of the yellow rules.
    pub aqi: u16,
    /// For longer than this [h].
    pub hours: u32,
    pub clause: String,
    pub verified: bool,
}

/// Which pollutants call for mandatory cuts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PollutantRule {
    pub id: String,
    pub emission_response: Vec<Pollutant>,
    pub clause: String,
    pub verified: bool,
}

/// How the prefecture's level follows from its counties.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PrefectureRule {
    /// The prefecture has the highest level that at least this many counties reach.
    pub counties_needed: usize,
    pub clause: String,
    pub verified: bool,
}

/// A scheme: the rules of one document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scheme {
    /// e.g. `warning-2024`.
    pub id: String,
    pub document: String,
    pub title_zh: String,
    pub valid_from: NaiveDate,
    pub valid_from_verified: bool,
    pub source: String,
    #[serde(rename = "rule")]
    pub rules: Vec<Rule>,
    pub merge: Merge,
    pub lift: Lift,
    pub pollutant: PollutantRule,
    pub prefecture: PrefectureRule,
}

/// Since when a region follows a scheme.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Adoption {
    /// Code of the region; 0 for every region without an entry of its own.
    pub adcode: u32,
    pub scheme: String,
    pub valid_from: NaiveDate,
    pub source: String,
    pub verified: bool,
}

/// All schemes and adoptions.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarningRules {
    #[serde(rename = "scheme")]
    schemes: Vec<Scheme>,
    #[serde(rename = "adoption")]
    adoptions: Vec<Adoption>,
}

impl WarningRules {
    /// Reads the schemes of `text`, the content of the file `origin`.
    ///
    /// # Errors
    /// `Invalid` naming the field: not TOML, unknown or missing keys, thresholds or hours out of range, an inner condition longer
    /// or weaker than its episode, a lifting threshold that is not the yellow one, adoptions that do not ascend in time.
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self> {
        let rules: Self = toml::from_str(text)
            .map_err(|e| Error::invalid(origin, "TOML", e.to_string().trim().to_owned(), "warning schemes"))?;
        let check = Check(origin);
        check.that(!rules.schemes.is_empty(), "scheme".into(), rules.schemes.len(), "at least one scheme")?;
        for (i, scheme) in rules.schemes.iter().enumerate() {
            let once = rules.schemes[..i].iter().all(|s| s.id != scheme.id);
            check.that(
                once && !scheme.id.is_empty(),
                format!("scheme[{}].id", i + 1),
                &scheme.id,
                "a name used once",
            )?;
            scheme.check(&check)?;
        }
        rules.check_adoptions(&check)?;
        Ok(rules)
    }

    /// The scheme a region follows on `date`, and the entry that says so. A date before the first adoption is judged by the
    /// first one.
    pub fn scheme(&self, adcode: u32, date: NaiveDate) -> (&Scheme, &Adoption) {
        let own = if self.adoptions.iter().any(|a| a.adcode == adcode) { adcode } else { 0 };
        let entries = || self.adoptions.iter().filter(|a| a.adcode == own);
        let adoption = entries()
            .rfind(|a| a.valid_from <= date)
            .or_else(|| entries().next())
            .expect("checked on reading: an adoption for adcode 0");
        let scheme =
            self.schemes.iter().find(|s| s.id == adoption.scheme).expect("checked on reading: the scheme exists");
        (scheme, adoption)
    }

    /// Every scheme.
    pub fn schemes(&self) -> &[Scheme] {
        &self.schemes
    }

    fn check_adoptions(&self, check: &Check) -> Result<()> {
        let general = self.adoptions.iter().any(|a| a.adcode == 0);
        check.that(general, "adoption.adcode".into(), self.adoptions.len(), "an entry for adcode 0")?;
        for (i, a) in self.adoptions.iter().enumerate() {
            let field = |name: &str| format!("adoption[{}].{name}", i + 1);
            let scheme = self.schemes.iter().find(|s| s.id == a.scheme);
            check.that(scheme.is_some(), field("scheme"), &a.scheme, "the id of a scheme in this file")?;
            let begun = scheme.is_some_and(|s| s.valid_from <= a.valid_from);
            check.that(begun, field("valid_from"), a.valid_from, "a day on or after the scheme's own valid_from")?;
            let later = self.adoptions[..i].iter().all(|b| b.adcode != a.adcode || b.valid_from < a.valid_from);
            check.that(later, field("valid_from"), a.valid_from, "a day after the region's entry before it")?;
            check.text(field("source"), &a.source)?;
        }
        Ok(())
    }
}

/// Names the field at fault.
struct Check<'a>(&'a Path);

impl Check<'_> {
    fn that(&self, holds: bool, field: String, found: impl std::fmt::Debug, expected: &str) -> Result<()> {
        if holds { Ok(()) } else { Err(Error::invalid(self.0, field, format!("{found:?}"), expected)) }
    }

    fn text(&self, field: String, text: &str) -> Result<()> {
        self.that(!text.trim().is_empty(), field, text, "a text")
    }
}

impl Scheme {
    fn check(&self, check: &Check) -> Result<()> {
        let field = |name: &str| format!("{}: {name}", self.id);
        for (name, text) in [
            ("document", &self.document),
            ("title_zh", &self.title_zh),
            ("source", &self.source),
            ("merge.clause", &self.merge.clause),
            ("lift.clause", &self.lift.clause),
            ("pollutant.clause", &self.pollutant.clause),
            ("pollutant.id", &self.pollutant.id),
            ("prefecture.clause", &self.prefecture.clause),
        ] {
            check.text(field(name), text)?;
        }
        for (i, rule) in self.rules.iter().enumerate() {
            let once = self.rules[..i].iter().all(|r| r.id != rule.id);
            check.that(once, format!("{}: id", rule.id), &rule.id, "an id used once")?;
            self.check_rule(check, rule)?;
        }
        let yellow = self.rules.iter().filter(|r| r.level == WarningLevel::Yellow);
        let threshold = yellow.map(|r| r.all_of[0].aqi_above).min();
        check.that(threshold.is_some(), field("rule"), self.rules.len(), "at least one yellow rule")?;
        let same = threshold == Some(self.lift.aqi);
        check.that(same, field("lift.aqi"), self.lift.aqi, "the lowest threshold of the yellow rules")?;
        check.that((1..=240).contains(&self.lift.hours), field("lift.hours"), self.lift.hours, "1 to 240 hours")?;
        check.that(self.merge.gap_hours <= 240, field("merge.gap_hours"), self.merge.gap_hours, "0 to 240 hours")?;
        let heavy = (self.lift.aqi..500).contains(&self.merge.heavy_aqi);
        check.that(heavy, field("merge.heavy_aqi"), self.merge.heavy_aqi, "an AQI from lift.aqi to 499")?;
        let some = !self.pollutant.emission_response.is_empty();
        check.that(some, field("pollutant.emission_response"), 0, "at least one pollutant")?;
        let needed = self.prefecture.counties_needed;
        check.that(needed >= 1, field("prefecture.counties_needed"), needed, "one or more")
    }

    fn check_rule(&self, check: &Check, rule: &Rule) -> Result<()> {
        let field = |name: &str| format!("{}: {name}", rule.id);
        let level = match rule.level {
            WarningLevel::None => "",
            WarningLevel::PreWarning => "pre_warning",
            WarningLevel::Yellow => "yellow",
            WarningLevel::Orange => "orange",
            WarningLevel::Red => "red",
        };
        check.that(!level.is_empty(), field("level"), rule.level, "pre_warning, yellow, orange or red")?;
        let named = rule.id.starts_with(&format!("{}.{level}.", self.id));
        check.that(named, field("id"), &rule.id, "<scheme>.<level>.<number>")?;
        check.text(field("clause"), &rule.clause)?;
        check.that(!rule.all_of.is_empty(), field("all_of"), 0, "at least one condition")?;
        let episode = rule.all_of[0];
        for (i, c) in rule.all_of.iter().enumerate() {
            let field = |name: &str| format!("{}: all_of[{}].{name}", rule.id, i + 1);
            check.that(c.aqi_above < 500, field("aqi_above"), c.aqi_above, "an AQI from 0 to 499")?;
            let days = (24..=240).contains(&c.hours) && c.hours % 24 == 0;
            check.that(days, field("hours"), c.hours, "a multiple of 24 from 24 to 240")?;
            let inside = i == 0 || (c.aqi_above > episode.aqi_above && c.hours <= episode.hours);
            check.that(inside, field("aqi_above"), c, "a higher AQI for no longer than the first condition")?;
        }
        Ok(())
    }
}
