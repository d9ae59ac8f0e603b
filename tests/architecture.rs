//! The house rules, held by a test: module order, where each crate may appear, no unsafe, no forbidden file names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Each module imports only from modules before it.
const ORDER: [&str; 24] = [
    "error",
    "constants",
    "units",
    "calendar",
    "seed",
    "config",
    "domain",
    "physics",
    "chemistry",
    "input",
    "simulation",
    "assimilation",
    "forecast",
    "warning",
    "reduction",
    "consultation",
    "archive",
    "fetch",
    "setup",
    "nightly",
    "proof",
    "api",
    "cli",
    "main",
];

/// A crate lives where its idea lives.
const CRATES: [(&str, &[&str]); 21] = [
    ("rayon", &["simulation", "warning"]),
    ("netcdf", &["input", "archive", "cli"]),
    ("grib", &["input"]),
    ("polars", &["input", "forecast", "archive"]),
    ("linfa", &["forecast"]),
    ("linfa_elasticnet", &["forecast"]),
    ("hessboost", &["forecast"]),
    ("statrs", &["forecast"]),
    ("axum", &["api"]),
    ("tokio", &["api"]),
    ("clap", &["cli"]),
    ("rustix", &["input"]),
    ("landlock", &["input"]),
    ("postcard", &["input"]),
    ("ureq", &["fetch"]),
    ("calamine", &["input"]),
    ("encoding_rs", &["input"]),
    ("zip", &["input"]),
    ("rust_xlsxwriter", &["archive"]),
    ("resvg", &["cli"]),
    ("ndarray", &["simulation", "assimilation", "forecast", "archive", "proof"]),
];

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(dir: &Path, out: &mut Vec<(PathBuf, String)>) {
        let mut entries: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                out.push((path.clone(), std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    let mut out = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut out);
    out
}

/// First part of a path below `src`: `src/domain/grid.rs` and `src/domain.rs` are both `domain`.
fn module(path: &Path) -> String {
    let below = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let first = below.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

fn rank(module: &str) -> usize {
    ORDER.iter().position(|m| *m == module).unwrap_or_else(|| panic!("module {module} is not in the order"))
}

/// Code before the unit tests of a file, without comments.
fn code(text: &str) -> String {
    let body = text.split("#[cfg(test)]").next().unwrap_or("");
    body.lines().map(|l| l.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

fn names_after<'t>(text: &'t str, prefix: &str) -> Vec<&'t str> {
    text.match_indices(prefix)
        .map(|(i, _)| {
            let rest = &text[i + prefix.len()..];
            &rest[..rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())]
        })
        .filter(|n| !n.is_empty())
        .collect()
}

#[test]
fn modules_import_only_from_modules_before_them() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let from = module(&path);
        if from == "lib" {
            continue;
        }
        for to in names_after(&code(&text), "crate::") {
            if rank(to) > rank(&from) {
                wrong.push(format!("{} ({from}) imports crate::{to}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_module_of_the_library_stands_in_the_order() {
    let lib = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let named: Vec<&str> = names_after(&lib, "pub mod ");
    assert_eq!(named, &ORDER[..ORDER.len() - 1]);
}

#[test]
fn crates_appear_only_where_their_idea_lives() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let from = module(&path);
        let text = code(&text);
        for (name, homes) in CRATES {
            let used = text.contains(&format!("use {name}::"))
                || text.contains(&format!(" {name}::")) && !text.contains(&format!("super::{name}"));
            if used && !homes.contains(&from.as_str()) {
                wrong.push(format!("{} uses {name}, whose home is {homes:?}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn physics_and_chemistry_see_numbers_and_slices_only() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        if !["physics", "chemistry"].contains(&module(&path).as_str()) {
            continue;
        }
        for word in ["ndarray", "Result<", "std::fs", "std::io", "println!", "Utc::now", "Instant::", "crate::config"] {
            if code(&text).contains(word) {
                wrong.push(format!("{}: {word}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_are_touched_at_the_rim_only() {
    let rim: BTreeSet<&str> = ["config", "input", "archive", "fetch", "setup", "nightly", "cli"].into();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let from = module(&path);
        if !rim.contains(from.as_str()) && code(&text).contains("std::fs") {
            wrong.push(path.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_clock_is_read_nowhere_in_the_library() {
    let wrong: Vec<_> = sources()
        .into_iter()
        .filter(|(path, text)| module(path) != "cli" && (text.contains("Utc::now") || text.contains("SystemTime::now")))
        .map(|(path, _)| path)
        .collect();
    assert!(wrong.is_empty(), "products would differ from run to run: {wrong:?}");
}

#[test]
fn no_file_is_a_drawer_for_odds_and_ends() {
    let names: BTreeSet<&str> =
        ["utils.rs", "util.rs", "helpers.rs", "common.rs", "types.rs", "prelude.rs", "misc.rs"].into();
    for (path, _) in sources() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(!names.contains(name.as_str()), "{}", path.display());
    }
}

#[test]
fn documents_say_where_every_policy_fact_comes_from() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    for entry in std::fs::read_dir(seeds).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("verified ="), "{} states no verification", path.display());
        assert!(text.contains("clause") || text.contains("source"), "{} cites nothing", path.display());
    }
}
