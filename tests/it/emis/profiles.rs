//! Tables of profiles in place of the built-in ones.

use super::{configuration, hazecast, json};
use serde_json::Value;
use std::path::Path;

/// The configuration with a table of profiles.
fn with(folder: &Path, name: &str, content: &str) -> String {
    let config = configuration(folder, 0, false);
    std::fs::write(folder.join(name), content).unwrap();
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}profiles = [\"{name}\"]\n")).unwrap();
    config.to_str().unwrap().to_owned()
}

/// NOx of a sector on a day [t].
fn of_day(config: &str, sector: &str, day: &str) -> f64 {
    let report = json(&["emis", "report", "--config", config, "--date", day, "--json"]);
    let rows = report["rows"].as_array().unwrap().iter().filter(|r| r["sector"] == sector);
    rows.map(|r| r["t_d"]["nox"].as_f64().unwrap()).sum()
}

#[test]
fn a_table_replaces_the_profile_of_the_sectors_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let plain = configuration(folder.path(), 0, false).to_str().unwrap().to_owned();
    // 2026-01-15 is a Thursday
    let before = ["traffic", "residential"].map(|s| of_day(&plain, s, "2026-01-15"));
    let week = "sector,Mon,Tue,Wed,Thu,Fri,Sat,Sun\ntraffic,1,1,1,0,1,1.5,1.5\n";
    let config = with(folder.path(), "week.csv", week);
    assert_eq!(of_day(&config, "traffic", "2026-01-15"), 0.0);
    assert!((of_day(&config, "residential", "2026-01-15") / before[1] - 1.0).abs() < 1e-12 && before[0] > 0.0);
    // codes of inventories name sectors too: the traffic of GNFR
    let gnfr =
        "GNFR,Category,Jan,Feb,Mar,Apr,May,Jun,Jul,Aug,Sep,Oct,Nov,Dec\nF,Road_Transport,0,1,1,1,1,1,1,1,1,1,1,2\n";
    let config = with(folder.path(), "months.csv", gnfr);
    assert_eq!(of_day(&config, "traffic", "2026-01-15"), 0.0);
    assert_eq!(json(&["emis", "check", "--config", &config, "--json"])["findings"], serde_json::json!([]));
}

#[test]
fn tables_that_cannot_be_used_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let week = "sector,Mon,Tue,Wed,Thu,Fri,Sat,Sun\n";
    for (rows, word) in [
        ("traffic,1,1,1,1,1,1,1.2\n", "7.2"),
        ("trains,1,1,1,1,1,1,1\n", "`trains`"),
        ("traffic,1,1,1,1,1,1,1\nF1,1,1,1,1,1,1,1\n", "a second profile of traffic, after `traffic`"),
    ] {
        let config = with(folder.path(), "week.csv", &format!("{week}{rows}"));
        let found = json(&["emis", "check", "--config", &config, "--json"])["findings"].as_array().unwrap().clone();
        let said = |f: &Value| f["ailment"] == "refused" && f["what"]["en"].as_str().unwrap().contains(word);
        assert!(found.len() == 1 && said(&found[0]), "{word}: {found:?}");
        assert_eq!(hazecast(&["emis", "report", "--config", &config]).status.code(), Some(3), "{word}");
    }
}
