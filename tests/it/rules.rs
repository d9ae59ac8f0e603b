//! The rule files as commands show them: what is in force, what changed, and the faults of every file at once.

use hazecast::setup::library::Library;
use hazecast::setup::rule_changes::Change;
use hazecast::setup::rulebook::Rulebook;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

fn hazecast(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hazecast")).args(args).env("LANG", "C").env_remove("LC_ALL").output().unwrap()
}

/// The one document on stdout, and the exit code.
fn json(args: &[&str]) -> (Value, Option<i32>) {
    let out = hazecast(&[args, &["--json"]].concat());
    let document = serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{args:?}: {e}"));
    (document, out.status.code())
}

fn changes(from: &str, to: &str) -> Vec<Change> {
    let rulebook = Rulebook::load(&mut Library::new(None), None).unwrap();
    rulebook.changes(from.parse().unwrap(), to.parse().unwrap(), 222_400)
}

fn line(c: &Change) -> String {
    let text = |v: &Option<Value>| v.as_ref().map_or("-".to_owned(), ToString::to_string);
    format!("{}: {} -> {}", c.path, text(&c.from), text(&c.to))
}

/// The whole difference of the tables, typed from HJ 633-2012 table 1 and HJ 633-2026 table 3 with its notes b and c.
#[test]
fn the_tables_of_2012_and_2026_differ_in_two_limits_and_two_notes() {
    let all = changes("2012-12-31", "2026-12-31");
    let tables: Vec<&Change> = all.iter().filter(|c| c.path.contains("breakpoints")).collect();
    let lines: BTreeSet<String> = tables.iter().map(|c| line(c)).collect();
    let expected = [
        "standard / breakpoints / PM2.5 day / limits / IAQI 100: 75 -> 60",
        "standard / breakpoints / PM10 day / limits / IAQI 100: 150 -> 120",
        "standard / breakpoints / SO2 1h / above: - -> 200",
        "standard / breakpoints / O3 8h / above: - -> 300",
    ];
    assert_eq!(lines, expected.map(str::to_owned).into());
    for c in tables {
        let (old, new) = (c.clause_from.as_deref().unwrap(), c.clause_to.as_deref().unwrap());
        assert!(old.contains("HJ 633-2012") && new.contains("HJ 633-2026"), "{c:?}");
    }
    let rest: Vec<String> =
        all.iter().filter(|c| c.what == "aqi" && !c.path.contains("breakpoints")).map(line).collect();
    assert!(rest.iter().all(|l| l.starts_with("standard / practice / ")), "{rest:#?}");
    assert!(rest.contains(&"standard / practice / hourly-pm / in_force: \"published\" -> -".to_owned()), "{rest:#?}");
}

#[test]
fn warning_thresholds_are_compared_rule_by_rule_with_both_clauses() {
    let all = changes("2023-12-31", "2026-12-31");
    let orange = all.iter().find(|c| c.path == "scheme / rule / orange.1 / all_of / 1 / hours").unwrap();
    assert_eq!((&orange.from, &orange.to), (&Some(72.into()), &Some(48.into())));
    assert!(orange.clause_from.as_deref().unwrap().contains("72小时"), "{orange:?}");
    assert!(orange.clause_to.as_deref().unwrap().contains("48小时"), "{orange:?}");
    let lift = all.iter().find(|c| c.path == "scheme / lift / aqi").unwrap();
    assert_eq!((&lift.from, &lift.to), (&Some(200.into()), &Some(150.into())));
    let new = all.iter().find(|c| c.path == "scheme / rule / yellow.2 / all_of / 1 / aqi_above").unwrap();
    assert_eq!((&new.from, &new.to), (&None, &Some(150.into())));
}

#[test]
fn nothing_changes_within_a_version_and_everything_turns_round() {
    assert_eq!(changes("2024-06-01", "2025-06-01"), []);
    let there = changes("2012-12-31", "2026-12-31");
    let mut back = changes("2026-12-31", "2012-12-31");
    back.sort_by_key(|c| there.iter().position(|t| t.path == c.path));
    assert_eq!(there.len(), back.len());
    for (t, b) in there.iter().zip(&back) {
        assert_eq!((&t.path, &t.from, &t.to), (&b.path, &b.to, &b.from));
        assert_eq!((&t.clause_from, &t.clause_to), (&b.clause_to, &b.clause_from));
    }
}

#[test]
fn a_year_is_its_last_day() {
    let (of_years, code) = json(&["rules", "diff", "--from", "2025", "--to", "2026", "--what", "aqi"]);
    assert_eq!((code, &of_years["from"], &of_years["to"]), (Some(0), &"2025-12-31".into(), &"2026-12-31".into()));
    let (of_days, _) = json(&["rules", "diff", "--from", "2026-02-28", "--to", "2026-03-01", "--what", "aqi"]);
    assert_eq!(of_years["changes"], of_days["changes"]);
    let text = String::from_utf8(hazecast(&["rules", "diff", "--from", "2025", "--to", "2026"]).stdout).unwrap();
    assert!(text.contains("PM2.5 day / limits / IAQI 100: 75 -> 60"), "{text}");
    for bad in ["26", "2026-02-30", "soon"] {
        assert_eq!(hazecast(&["rules", "diff", "--from", bad, "--to", "2026"]).status.code(), Some(2), "{bad}");
    }
    assert_eq!(hazecast(&["rules", "show", "--what", "weather"]).status.code(), Some(2));
}

#[test]
fn show_gives_what_is_in_force_with_clause_source_and_verification() {
    for (date, id, limit) in [("2026-02-28", "HJ 633-2012", 75), ("2026-03-01", "HJ 633-2026", 60)] {
        let (shown, code) = json(&["rules", "show", "--date", date, "--what", "aqi"]);
        assert_eq!(code, Some(0));
        let standard = &shown["in_force"][0];
        assert_eq!((&standard["part"], &standard["id"]), (&"standard".into(), &id.into()));
        assert!(standard["clause"].as_str().unwrap().contains(id) && standard["source"].is_string(), "{standard}");
        assert_eq!(standard["values"]["breakpoints"]["PM2.5 day"]["limits"]["IAQI 100"], limit);
        assert_eq!((&standard["begun"], &standard["values"]["verified"]), (&true.into(), &true.into()));
    }
    let (shown, _) = json(&["rules", "show", "--date", "2026-01-15"]);
    let scheme = shown["in_force"].as_array().unwrap().iter().find(|e| e["part"] == "scheme").unwrap();
    assert_eq!((&scheme["values"]["id"], &scheme["verified"]), (&"warning-2024".into(), &0.into()));
    assert!(scheme["unverified"].as_u64().unwrap() >= 8, "{scheme}");
    let text = String::from_utf8(hazecast(&["rules", "show", "--date", "2026-01-15"]).stdout).unwrap();
    assert!(text.contains("rule / yellow.1 / verified = false") && text.contains("source = "), "{text}");
    let (early, _) = json(&["rules", "show", "--date", "2010-01-01", "--what", "aqi"]);
    assert_eq!(early["in_force"][0]["begun"], false);
}

fn names(folder: &str) -> BTreeSet<String> {
    let folder_path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = std::fs::read_dir(folder_path).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    files.map(|name| format!("{folder}/{name}")).collect()
}

#[test]
fn every_rule_and_model_file_is_checked_and_sound() {
    let (checked, code) = json(&["rules", "check"]);
    assert_eq!((code, &checked["faults"], &checked["passed"]), (Some(0), &0.into(), &true.into()), "{checked}");
    let files = checked["files"].as_array().unwrap();
    let listed: BTreeSet<String> = files.iter().map(|f| f["file"].as_str().unwrap().to_owned()).collect();
    assert_eq!(listed, names("seeds").union(&names("models")).cloned().collect());
    for f in files {
        let (entries, hash) = (f["entries"].as_u64().unwrap(), f["sha256"].as_str().unwrap());
        let statements = f["verified"].as_u64().unwrap() + f["unverified"].as_u64().unwrap();
        assert!(entries > 0 && statements > 0 && hash.len() == 64 && f["file"] == f["origin"], "{f}");
    }
    let aqi = files.iter().find(|f| f["file"] == "seeds/aqi.toml").unwrap();
    // six levels and two versions; verified: both tables, the first day of 2026 and the measured practice
    assert_eq!((&aqi["entries"], &aqi["verified"]), (&8.into(), &4.into()));
    assert_eq!(aqi["valid"][1], serde_json::json!({ "entry": "HJ 633-2026", "from": "2026-03-01", "to": null }));
}

/// Three files with a fault each, and a file that replaces nothing: all of them are named in one run.
#[test]
fn the_faults_of_all_files_are_listed_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, from: &str, to: &str| {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
        assert!(text.contains(from), "{name} does not contain {from}");
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text.replace(from, to)).unwrap();
    };
    write("seeds/aqi.toml", "concentrations = [0, 35, 60,", "concentrations = [0, 60, 35,");
    write("models/fires.toml", "verified", "vrified");
    write("seeds/reduction.toml", "so2 = 0.1\n", "so2 = 1.1\n");
    std::fs::write(folder.path().join("seeds/warnings.toml"), "").unwrap();
    let overrides = folder.path().to_str().unwrap();
    let (checked, code) = json(&["rules", "check", "--overrides", overrides]);
    assert_eq!((code, &checked["passed"]), (Some(2), &false.into()));
    let faulty: Vec<(&str, String)> = checked["files"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|f| !f["faults"].as_array().unwrap().is_empty())
        .map(|f| (f["file"].as_str().unwrap(), f["faults"].to_string()))
        .collect();
    assert_eq!(faulty.len(), 4, "{faulty:#?}");
    let has = |file: &str, part: &str| faulty.iter().any(|(f, faults)| f.contains(file) && faults.contains(part));
    assert!(has("seeds/aqi.toml", "PM2.5 day: concentrations") && has("seeds/aqi.toml", "line "), "{faulty:#?}");
    assert!(has("models/fires.toml", "vrified") && has("seeds/reduction.toml", "1.1"), "{faulty:#?}");
    assert!(has("warnings.toml", "file name"), "{faulty:#?}");
    let text = String::from_utf8(hazecast(&["rules", "check", "--overrides", overrides]).stdout).unwrap();
    assert!(text.contains("faults: 4"), "{text}");
    // what cannot be read cannot be shown
    assert_eq!(hazecast(&["rules", "show", "--overrides", overrides]).status.code(), Some(2));
}

/// A local table that replaces the built-in one is what is shown.
#[test]
fn a_replaced_file_is_shown_and_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("seeds")).unwrap();
    let seed = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/seeds/aqi.toml"));
    std::fs::write(folder.path().join("seeds/aqi.toml"), seed.replace("[0, 35, 60,", "[0, 35, 59,")).unwrap();
    let overrides = folder.path().to_str().unwrap();
    let (shown, _) = json(&["rules", "show", "--date", "2026-03-01", "--overrides", overrides]);
    assert_eq!(shown["in_force"][0]["values"]["breakpoints"]["PM2.5 day"]["limits"]["IAQI 100"], 59);
    let (checked, code) = json(&["rules", "check", "--overrides", overrides]);
    assert_eq!(code, Some(0));
    assert!(checked["files"][0]["origin"].as_str().unwrap().starts_with(overrides));
}
