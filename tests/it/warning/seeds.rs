//! Broken rule files are refused with the field named; the files that are shipped say what the rules say.

use super::{AQI_SEED, WARNING_SEED, warning_rules};
use chrono::NaiveDate;
use hazecast::domain::aqi::AqiRules;
use hazecast::warning::rules::WarningRules;
use std::path::Path;

/// The seed with the last (or first) occurrence of `from` replaced.
fn broken(seed: &str, from: &str, to: &str) -> String {
    let at = seed.rfind(from).unwrap_or_else(|| panic!("the seed does not contain {from}"));
    format!("{}{to}{}", &seed[..at], &seed[at + from.len()..])
}

#[test]
fn broken_aqi_tables_are_refused_by_name() {
    for (from, to, named) in [
        ("35, 60, 115", "35, 35, 115", "PM2.5"),
        ("35, 60, 115", "35, -60, 115", "concentrations"),
        ("[0, 35, 60,", "[1, 35, 60,", "concentrations"),
        ("250, 350, 500]", "250, 350]", "above"),
        ("iaqi = [0, 50,", "iaqi = [50,", "iaqi"),
        ("300, 400, 500]\ndecimals", "300, 400, 600]\ndecimals", "iaqi"),
        ("valid_from = \"2026-03-01\"", "valid_from = \"2026-03-02\"", "valid_from"),
        ("valid_from = \"2026-03-01\"", "valid_from = \"2026-02-28\"", "valid_from"),
        ("valid_from = \"2026-03-01\"", "valid_from = \"1 March\"", "valid_from"),
        ("valid_to = \"2026-02-28\"", "", "valid_from"),
        ("id = \"HJ 633-2026\"", "id = \"HJ 633-2012\"", "id"),
        ("CO = 1, O3 = 0", "CO = 1", "decimals.O3"),
        ("pollutant = \"PM2.5\"", "pollutant = \"PM10\"", "row of PM2.5"),
        ("pollutant = \"PM2.5\"", "pollutant = \"PM1\"", "PM1"),
        ("above = 300", "above = 200", "above"),
        ("above_note = \"表3注c：O3 8小时平均大于800，分指数取300\"", "", "above_note"),
        ("up_to = 300", "up_to = 200", "level[5].up_to"),
        ("name_zh = \"良\"", "name_zh = \" \"", "level[2].name_zh"),
        ("level = 6\nup_to = 500", "level = 7\nup_to = 500", "level[6].level"),
        ("publish_above_if_missing", "publish_over", "publish_over"),
        ("source = ", "sauce = ", "sauce"),
    ] {
        let error = AqiRules::from_toml(&broken(AQI_SEED, from, to), Path::new("aqi.toml")).expect_err(to).to_string();
        assert!(error.contains(named) && error.contains("aqi.toml"), "{from} -> {to}: {error}");
    }
}

#[test]
fn broken_warning_schemes_are_refused_by_name() {
    for (from, to, named) in [
        ("aqi_above = 300, hours = 24", "aqi_above = 300, hours = 96", "all_of[2]"),
        ("aqi_above = 300, hours = 24", "aqi_above = 150, hours = 24", "all_of[2]"),
        ("aqi_above = 300, hours = 24", "aqi_above = 500, hours = 24", "all_of[2].aqi_above"),
        ("aqi_above = 200, hours = 48", "aqi_above = 200, hours = 47", "all_of[1].hours"),
        ("aqi_above = 200, hours = 48", "aqi_above = 200, hours = 0", "all_of[1].hours"),
        ("level = \"red\"", "level = \"none\"", "level"),
        ("level = \"red\"", "level = \"blue\"", "level"),
        ("level = \"red\"", "level = \"orange\"", "id"),
        ("id = \"warning-2024.orange.2\"", "id = \"warning-2024.orange.1\"", "warning-2024.orange.1: id"),
        ("[{ aqi_above = 150, hours = 72 }]", "[]", "all_of"),
        ("aqi = 150\n", "aqi = 200\n", "lift.aqi"),
        ("heavy_aqi = 200", "heavy_aqi = 100", "merge.heavy_aqi"),
        ("counties_needed = 1", "counties_needed = 0", "counties_needed"),
        ("emission_response = [\"PM2.5\"]", "emission_response = []", "emission_response"),
        ("emission_response = [\"PM2.5\"]", "emission_response = [\"dust\"]", "dust"),
        ("clause = \"红色预警：", "sentence = \"红色预警：", "sentence"),
        ("scheme = \"warning-2024\"", "scheme = \"warning-2042\"", "adoption[4].scheme"),
        ("valid_from = \"2024-01-25\"", "valid_from = \"2023-01-25\"", "adoption[4].valid_from"),
        (
            "adcode = 222400\nscheme = \"warning-2024\"",
            "adcode = 0\nscheme = \"warning-2024\"",
            "adoption[4].valid_from",
        ),
        ("id = \"warning-2024\"\n", "id = \"warning-2018\"\n", "scheme[2].id"),
    ] {
        let text = broken(WARNING_SEED, from, to);
        let error = WarningRules::from_toml(&text, Path::new("warning.toml")).expect_err(to).to_string();
        assert!(error.contains(named) && error.contains("warning.toml"), "{from} -> {to}: {error}");
    }
}

#[test]
fn the_region_follows_the_scheme_of_the_day() {
    let rules = warning_rules();
    let scheme = |adcode, date: &str| rules.scheme(adcode, date.parse::<NaiveDate>().unwrap()).0.id.clone();
    for adcode in [222400, 110000] {
        assert_eq!(scheme(adcode, "2023-01-20"), "warning-2018");
        assert_eq!(scheme(adcode, "2026-01-15"), "warning-2024");
        assert_eq!(scheme(adcode, "2015-01-15"), "warning-2018");
    }
    assert!(!rules.scheme(222400, "2026-01-15".parse().unwrap()).1.verified);
}

/// The start conditions as a second list: rule, AQI above, hours.
#[test]
fn the_shipped_thresholds_are_those_of_the_guidance() {
    let rules = warning_rules();
    let mut listed = Vec::new();
    for scheme in rules.schemes() {
        for rule in &scheme.rules {
            let all: Vec<_> = rule.all_of.iter().map(|c| format!(">{} {}h", c.aqi_above, c.hours)).collect();
            listed.push(format!("{} {}", rule.id, all.join(" & ")));
        }
    }
    let expected = [
        "warning-2018.yellow.1 >200 48h",
        "warning-2018.orange.1 >200 72h",
        "warning-2018.red.1 >200 96h & >300 48h",
        "warning-2018.red.2 >499 24h",
        "warning-2024.pre_warning.1 >150 24h",
        "warning-2024.pre_warning.2 >100 48h",
        "warning-2024.yellow.1 >200 24h",
        "warning-2024.yellow.2 >150 48h",
        "warning-2024.orange.1 >200 48h",
        "warning-2024.orange.2 >150 72h",
        "warning-2024.red.1 >200 72h & >300 24h",
    ];
    assert_eq!(listed, expected);
}
