//! A thousand damaged files of every format: the program outlives them, and every refusal has a reason.

use super::real;
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

fn soak(arguments: &[&str]) -> (Option<i32>, Value) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_hazecast")).arg("soak").args(arguments).arg("--json").output().unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"));
    (output.status.code(), report)
}

fn count(report: &Value, reader: Option<&str>, what: &str) -> u64 {
    let counts = reader.map_or(&report["total"], |r| &report["readers"][r]);
    counts[what].as_u64().unwrap_or(0)
}

#[test]
fn a_thousand_damaged_files_are_read_or_refused_with_a_reason() {
    let begin = Instant::now();
    let folder = real("met").and_then(|p| p.parent().map(Path::to_path_buf));
    let folder = folder.as_ref().map(|f| f.to_string_lossy().into_owned());
    let mut arguments = vec!["--files", "1000", "--seed", "1"];
    if let Some(folder) = &folder {
        arguments.extend(["--dir", folder]);
    }
    let (code, report) = soak(&arguments);
    println!("{:.0} s: {}", begin.elapsed().as_secs_f64(), report["total"]);
    for failure in report["failures"].as_array().unwrap() {
        println!("{failure}");
    }
    assert_eq!(code, Some(0));
    for what in ["parent_panicked", "parent_hung", "without_reason"] {
        assert_eq!(count(&report, None, what), 0, "{what}");
    }
    assert_eq!(count(&report, None, "files"), 1000);
    assert!(["full", "partial", "none"].contains(&report["confinement"].as_str().unwrap()), "{report}");
    // damage is neither harmless nor total
    assert!(count(&report, None, "read") > 100 && count(&report, None, "refused") > 100);
    let mut readers = vec![
        "inventory",
        "events",
        "cems",
        "scenario",
        "reference",
        "observations",
        "index",
        "register",
        "outlines",
        "region",
        "configuration",
        "rules",
        "manifest",
        "checkpoint",
    ];
    if folder.is_some() {
        readers.extend(["meteorology", "boundary", "fires", "power_plants", "hourly_values", "published_hours"]);
    }
    for reader in readers {
        assert!(count(&report, Some(reader), "files") > 0, "{reader}");
    }
}

#[test]
fn the_same_seed_does_the_same_damage() {
    let counts = |arguments: &[&str]| {
        let (_, mut report) = soak(arguments);
        report["seconds"] = Value::Null;
        report
    };
    let first = counts(&["--files", "60", "--seed", "5"]);
    assert_eq!(first, counts(&["--files", "60", "--seed", "5"]));
    assert_ne!(first["readers"], counts(&["--files", "60", "--seed", "6"])["readers"]);
    let one = counts(&["--files", "60", "--seed", "5", "--only", "17"]);
    assert_eq!(count(&one, None, "files"), 1);
}
