//! What differs between two rule sets, value by value, under names that stay the same from version to version.
//!
//! It works on the rules as documents, so that a new kind of rules takes part without a line here.

use super::rulebook::Entry;
use serde::Serialize;
use serde_json::Value;

/// A value that differs between two days. Texts that only describe (titles, sources, clauses, notes, dates) are not compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    pub what: &'static str,
    /// Names from the part down to the value, e.g. `standard / breakpoints / PM2.5 day / limits / IAQI 100`.
    pub path: String,
    /// `None` where that day has no such value.
    pub from: Option<Value>,
    pub to: Option<Value>,
    /// Nearest clause above the value on each day.
    pub clause_from: Option<String>,
    pub clause_to: Option<String>,
}

impl Change {
    /// What differs between two entries of one part.
    pub(super) fn between(old: &Entry, new: &Entry) -> Vec<Self> {
        let mut changes = Vec::new();
        compare(old.what, old.part, Node::root(&old.values), Node::root(&new.values), &mut changes);
        changes
    }
}

fn compare(what: &'static str, path: &str, old: Node, new: Node, changes: &mut Vec<Change>) {
    if old.value == new.value {
        return;
    }
    let decides = |(name, _): &(String, Node)| !describes(name);
    let (a, b) = (old.children(), new.children());
    if a.is_none() && b.is_none() {
        let value = |node: &Node| node.value.filter(|v| !v.is_null()).cloned();
        let (from, to) = (value(&old), value(&new));
        if from != to {
            let clause = |node: &Node| node.clause.map(str::to_owned);
            changes.push(Change {
                what,
                path: path.to_owned(),
                from,
                to,
                clause_from: clause(&old),
                clause_to: clause(&new),
            });
        }
        return;
    }
    let (a, b) = (a.unwrap_or_default(), b.unwrap_or_default());
    let added = b.iter().filter(|(name, _)| !a.iter().any(|(n, _)| n == name));
    for (name, _) in a.iter().chain(added).filter(|child| decides(child)) {
        let (x, y) = (old.among(&a, name), new.among(&b, name));
        compare(what, &format!("{path} / {name}"), x, y, changes);
    }
}

/// A key whose text describes the rule and decides nothing.
fn describes(key: &str) -> bool {
    const KEYS: [&str; 8] = ["id", "document", "source", "clause", "valid_from", "valid_to", "verified", "evidence"];
    const ENDS: [&str; 3] = ["_verified", "_clause", "_note"];
    const BEGINNINGS: [&str; 2] = ["title_", "stage_"];
    KEYS.contains(&key) || ENDS.iter().any(|e| key.ends_with(e)) || BEGINNINGS.iter().any(|b| key.starts_with(b))
}

/// A value inside a rule set, with what is known from above it.
#[derive(Clone, Copy)]
pub(super) struct Node<'v> {
    value: Option<&'v Value>,
    /// Nearest clause of, or above, the value.
    clause: Option<&'v str>,
    /// Nearest id of, or above, the value.
    id: &'v str,
}

impl<'v> Node<'v> {
    pub(super) fn root(value: &'v Value) -> Self {
        Node { value: None, clause: None, id: "" }.below(Some(value))
    }

    fn below(self, value: Option<&'v Value>) -> Self {
        let text = |key: &str| value.and_then(|v| v.get(key)).and_then(Value::as_str);
        Node {
            value,
            clause: text("clause").or_else(|| text("document")).or(self.clause),
            id: text("id").unwrap_or(self.id),
        }
    }

    /// The child `name` of this node's `children`; without a value where there is none.
    fn among(self, children: &[(String, Self)], name: &str) -> Self {
        children.iter().find(|(n, _)| n == name).map_or(self.below(None), |(_, child)| *child)
    }

    /// The values inside a table or a list of tables, each with its name; `None` for any other value.
    fn children(self) -> Option<Vec<(String, Self)>> {
        match self.value? {
            Value::Object(map) => Some(map.iter().map(|(key, v)| (key.clone(), self.below(Some(v)))).collect()),
            Value::Array(list) if !list.is_empty() && list.iter().all(Value::is_object) => {
                let names: Vec<Option<String>> = list.iter().map(|v| name(v, self.id)).collect();
                let unique = names.iter().enumerate().all(|(i, n)| n.is_some() && !names[..i].contains(n));
                let name = |i: usize| names[i].clone().filter(|_| unique).unwrap_or_else(|| (i + 1).to_string());
                Some(list.iter().enumerate().map(|(i, v)| (name(i), self.below(Some(v)))).collect())
            }
            _ => None,
        }
    }

    /// Every value without children, under the names that lead to it.
    pub(super) fn leaves(self) -> Vec<(String, String)> {
        let below = |(name, child): (String, Self)| {
            let join = |rest: String| if rest.is_empty() { name.clone() } else { format!("{name} / {rest}") };
            child.leaves().into_iter().map(|(rest, value)| (join(rest), value)).collect::<Vec<_>>()
        };
        match (self.children(), self.value) {
            (Some(children), _) => children.into_iter().flat_map(below).collect(),
            (None, Some(value)) if !value.is_null() => vec![(String::new(), plain(value))],
            _ => Vec::new(),
        }
    }
}

/// Name of an element by what it says of itself: its id without that of the entry above, or the keys that tell it from its like.
fn name(value: &Value, above: &str) -> Option<String> {
    const KEYS: [&str; 7] = ["pollutant", "average", "level", "sector", "adcode", "kind", "valid_from"];
    if let Some(id) = value.get("id").and_then(Value::as_str) {
        return Some(id.strip_prefix(above).unwrap_or(id).trim_start_matches('.').to_owned());
    }
    let parts: Vec<String> = KEYS.iter().filter_map(|k| value.get(k)).map(plain).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// A value as people read it: texts without quotation marks.
pub fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
