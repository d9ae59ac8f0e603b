//! Rule and model files: TOML read into a type, every fault with its line.
//!
//! A file is parsed twice, into its type by serde and into a tree that keeps positions. Checks of meaning are made on the type; a
//! [`Place`] walks the tree beside it, so that a fault names the line on which the officer finds it.

use crate::error::{Error, Result};
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A rule file and where its entries stand.
pub struct Seed<'t> {
    text: &'t str,
    origin: &'t Path,
    tree: DeTable<'t>,
}

/// An entry of the file: a table, with the name under which a fault is reported.
pub struct Place<'s> {
    seed: &'s Seed<'s>,
    /// The entry, where the file has it.
    table: Option<&'s DeTable<'s>>,
    /// Byte at which the entry begins.
    start: usize,
    name: String,
}

impl<'t> Seed<'t> {
    /// Reads `text`, the content of the file `origin`; `what` says what such a file holds.
    ///
    /// # Errors
    /// `Invalid` naming the line: not TOML, unknown, missing or mistyped keys.
    pub fn read<T: DeserializeOwned>(text: &'t str, origin: &'t Path, what: &str) -> Result<(Self, T)> {
        let fault = |e: toml::de::Error| {
            let line = line_at(text, e.span().map_or(0, |s| s.start));
            Error::invalid(origin, format!("line {line}: TOML"), e.message().trim(), what)
        };
        let tree = DeTable::parse(text).map_err(fault)?.into_inner();
        let value = toml::from_str(text).map_err(fault)?;
        Ok((Self { text, origin, tree }, value))
    }

    /// The whole file, as an entry without a name.
    pub fn root(&self) -> Place<'_> {
        Place { seed: self, table: Some(&self.tree), start: 0, name: String::new() }
    }
}

impl<'s> Place<'s> {
    /// The element `index` (from 0) of the array of tables `key`; a fault inside it is reported under `name`.
    pub fn element(&self, key: &str, index: usize, name: impl Into<String>) -> Place<'s> {
        let element = self.value(key).and_then(|v| v.get_ref().as_array()?.get(index));
        self.entry(element, name.into())
    }

    /// The last element of the array of tables `key` whose `id` is `id`; the entry itself where there is none.
    pub fn identified(&self, key: &str, id: &str) -> Place<'s> {
        let list = self.value(key).and_then(|v| v.get_ref().as_array());
        let has_id = |v: &&Spanned<DeValue>| v.get_ref().get("id").and_then(|i| i.get_ref().as_str()) == Some(id);
        self.entry(list.and_then(|l| l.iter().rev().find(has_id)), id.to_owned())
    }

    /// The table `key`.
    pub fn table(&self, key: &str) -> Place<'s> {
        self.entry(self.value(key), self.label(key))
    }

    fn entry(&self, value: Option<&'s Spanned<DeValue<'s>>>, name: String) -> Place<'s> {
        Place {
            seed: self.seed,
            table: value.and_then(|v| v.get_ref().as_table()),
            start: value.map_or(self.start, |v| v.span().start),
            name,
        }
    }

    fn value(&self, key: &str) -> Option<&'s Spanned<DeValue<'s>>> {
        self.table?.iter().find(|(k, _)| k.get_ref() == key).map(|(_, v)| v)
    }

    fn label(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}: {key}", self.name) }
    }

    /// The fault at `key`: the line of the key, or of the entry where the key is missing.
    pub fn fault(&self, key: &str, found: impl Debug, expected: &str) -> Error {
        let start = self.value(key).map_or(self.start, |v| v.span().start);
        let line = line_at(self.seed.text, start);
        Error::invalid(self.seed.origin, format!("line {line}: {}", self.label(key)), format!("{found:?}"), expected)
    }

    /// Refuses the file unless `holds`.
    ///
    /// # Errors
    /// `Invalid` naming the line of `key`.
    pub fn that(&self, holds: bool, key: &str, found: impl Debug, expected: &str) -> Result<()> {
        if holds { Ok(()) } else { Err(self.fault(key, found, expected)) }
    }

    /// Refuses an empty text.
    ///
    /// # Errors
    /// `Invalid` naming the line of `key`.
    pub fn text(&self, key: &str, text: &str) -> Result<()> {
        self.that(!text.trim().is_empty(), key, text, "a text")
    }
}

/// Line (from 1) of a byte.
fn line_at(text: &str, byte: usize) -> usize {
    1 + text.as_bytes().iter().take(byte).filter(|b| **b == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)] // only its reading is used
    struct File {
        scale: i64,
        rule: Vec<Rule>,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)] // only its reading is used
    struct Rule {
        id: String,
        limit: Limit,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)] // only its reading is used
    struct Limit {
        aqi: u16,
    }

    const TEXT: &str = "scale = 1\n\n[[rule]]\nid = \"a\"\nlimit = { aqi = 1 }\n\n# second\n[[rule]]\nid = \"b\"\n[rule.limit]\naqi = 2\n";

    fn message(error: Error) -> String {
        error.to_string()
    }

    #[test]
    fn faults_name_the_line_of_the_key() {
        let (seed, _) = Seed::read::<File>(TEXT, Path::new("rules.toml"), "rules").unwrap();
        let root = seed.root();
        let rule = |i| root.element("rule", i, ["a", "b"][i]);
        for (error, expected) in [
            (root.fault("scale", 1, "2"), "rules.toml: line 1: scale: found 1, expected 2"),
            (rule(0).fault("id", "a", "c"), "line 4: a: id"),
            (rule(1).fault("id", "b", "c"), "line 9: b: id"),
            (rule(0).table("limit").fault("aqi", 1, "3"), "line 5: a: limit: aqi"),
            (rule(1).table("limit").fault("aqi", 2, "3"), "line 11: b: limit: aqi"),
            (rule(1).fault("clause", "nothing", "a clause"), "line 8: b: clause"),
        ] {
            let found = message(error);
            assert!(found.contains(expected), "{found} lacks {expected}");
        }
    }

    #[test]
    fn what_serde_refuses_names_its_line() {
        for (from, to, line) in [
            ("id = \"b\"", "idd = \"b\"", "line 9"),
            ("aqi = 2", "aqi = \"x\"", "line 11"),
            ("id = \"a\"", "id = ", "line 4"),
        ] {
            let text = TEXT.replace(from, to);
            let error = Seed::read::<File>(&text, Path::new("rules.toml"), "rules").err().map(message).unwrap();
            assert!(error.contains(line) && error.contains("rules.toml"), "{error} lacks {line}");
        }
    }
}
