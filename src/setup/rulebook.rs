//! The dated rules together, and what of them is in force on a day.

use super::library::Library;
use super::rule_changes::{Change, Node};
use crate::consultation::InputFile;
use crate::domain::aqi::AqiRules;
use crate::domain::evaluation::EvaluationRules;
use crate::domain::event::EventRules;
use crate::domain::limits::LimitRules;
use crate::domain::statistics::Standards;
use crate::domain::targets::TargetRules;
use crate::error::Result;
use crate::warning::advice::AdviceRules;
use crate::warning::rules::WarningRules;
use chrono::NaiveDate;
use serde::Serialize;
use serde_json::Value;
use std::path::Path;

/// The rules that change with the date.
pub struct Rulebook {
    pub aqi: AqiRules,
    pub limits: LimitRules,
    pub evaluation: EvaluationRules,
    pub events: EventRules,
    pub targets: TargetRules,
    /// With the plan of the region laid over its scheme, where there is one.
    pub warning: WarningRules,
    pub advice: AdviceRules,
}

/// One rule set in force on a day.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Entry {
    /// Kind of rules, the name of their file: `aqi`, `warning`.
    pub what: &'static str,
    /// Part of the kind: `standard`, `levels`, `scheme`, `adoption`.
    pub part: &'static str,
    /// What it calls itself, its clause or document, and where it was read; `None` where it states none.
    pub id: Option<String>,
    pub clause: Option<String>,
    pub source: Option<String>,
    /// First and last day; `None` for what is not dated, or open.
    pub valid_from: Option<NaiveDate>,
    pub valid_to: Option<NaiveDate>,
    /// False where the day asked for lies before `valid_from`: days before the first version are judged by it.
    pub begun: bool,
    /// Statements marked as checked against the primary text, and those marked as not.
    pub verified: usize,
    pub unverified: usize,
    /// The rules as their type holds them.
    pub values: Value,
}

/// The rules that a night judged by, as they are archived with it.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct RulesOfNight {
    /// `YYYYMMDDHH` of the cycle.
    pub run: String,
    /// Beijing day of the first forecast hour: the day whose rules count.
    pub date: NaiveDate,
    /// Code of the region.
    pub adcode: u32,
    pub in_force: Vec<Entry>,
    /// The rule, model and region files of the night with their hashes, the region's own plan among them.
    pub files: Vec<InputFile>,
}

impl Rulebook {
    /// Reads every dated file, and the region's own `plan`.
    ///
    /// # Errors
    /// `Io` or `Invalid` naming file, line and field.
    pub fn load(library: &mut Library, plan: Option<&Path>) -> Result<Self> {
        library.check_overrides()?;
        let warning = library.read("seeds/warning.toml", WarningRules::from_toml)?;
        Ok(Self {
            aqi: library.read("seeds/aqi.toml", AqiRules::from_toml)?,
            limits: library.read("seeds/limits.toml", LimitRules::from_toml)?,
            evaluation: library.read("seeds/evaluation.toml", EvaluationRules::from_toml)?,
            events: library.read("seeds/events.toml", EventRules::from_toml)?,
            targets: library.read("seeds/targets.toml", TargetRules::from_toml)?,
            warning: match plan {
                Some(plan) => library.file("seed", plan, |text, origin| warning.with_plan(text, origin))?,
                None => warning,
            },
            advice: library.read("seeds/advice.toml", AdviceRules::from_toml)?,
        })
    }

    /// What statistics are made by.
    pub fn standards(&self) -> Standards<'_> {
        Standards { limits: &self.limits, evaluation: &self.evaluation, aqi: &self.aqi }
    }

    /// What is in force in the region `adcode` on `date`: the same parts in the same order on every date.
    pub fn in_force(&self, date: NaiveDate, adcode: u32) -> Vec<Entry> {
        let (scheme, adoption) = self.warning.scheme(adcode, date);
        vec![
            Entry::of("aqi", "standard", date, self.aqi.standard(date)),
            Entry::of("aqi", "levels", date, self.aqi.levels()),
            Entry::of("limits", "standard", date, self.limits.standard(date)),
            Entry::of("evaluation", "method", date, self.evaluation.method(date)),
            Entry::of("warning", "scheme", date, scheme),
            Entry::of("warning", "adoption", date, adoption),
            Entry::of("advice", "advice", date, &self.advice),
        ]
    }

    /// Every value that differs between two days in the region `adcode`; see [`Change`].
    pub fn changes(&self, from: NaiveDate, to: NaiveDate, adcode: u32) -> Vec<Change> {
        let (old, new) = (self.in_force(from, adcode), self.in_force(to, adcode));
        old.iter().zip(&new).flat_map(|(old, new)| Change::between(old, new)).collect()
    }
}

impl Entry {
    fn of<T: Serialize + ?Sized>(what: &'static str, part: &'static str, date: NaiveDate, rules: &T) -> Self {
        let values = serde_json::to_value(rules).expect("rules of numbers, texts and dates are JSON");
        let text = |key: &str| values.get(key).and_then(Value::as_str).map(str::to_owned);
        let day = |key: &str| text(key).and_then(|d| d.parse().ok());
        let (valid_from, valid_to): (Option<NaiveDate>, _) = (day("valid_from"), day("valid_to"));
        let mut statements = Statements::default();
        statements.count(&values);
        Self {
            what,
            part,
            id: text("id"),
            clause: text("clause").or_else(|| text("document")),
            source: text("source"),
            valid_from,
            valid_to,
            begun: valid_from.is_none_or(|first| first <= date),
            verified: statements.verified,
            unverified: statements.unverified,
            values,
        }
    }

    /// Every value with the names that lead to it, in the order of the file.
    pub fn lines(&self) -> Vec<(String, String)> {
        Node::root(&self.values).leaves()
    }
}

/// How many statements say that they were checked against the primary text.
#[derive(Debug, Default)]
pub(super) struct Statements {
    pub verified: usize,
    pub unverified: usize,
}

impl Statements {
    pub(super) fn count(&mut self, value: &Value) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    match value {
                        Value::Bool(checked) if key == "verified" || key.ends_with("_verified") => {
                            *(if *checked { &mut self.verified } else { &mut self.unverified }) += 1;
                        }
                        _ => self.count(value),
                    }
                }
            }
            Value::Array(list) => list.iter().for_each(|v| self.count(v)),
            _ => {}
        }
    }
}
