//! Broken rule files are refused with the field named; the files that are shipped say what the rules say.

use super::{AQI_SEED, WARNING_SEED, warning_rules};
use chrono::NaiveDate;
use hazecast::domain::aqi::AqiRules;
use hazecast::warning::WarningLevel;
use hazecast::warning::rules::WarningRules;
use std::path::Path;

/// The seed with the last (or first) occurrence of `from` replaced.
fn broken(seed: &str, from: &str, to: &str) -> String {
    let at = seed.rfind(from).unwrap_or_else(|| panic!("the seed does not contain {from}"));
    format!("{}{to}{}", &seed[..at], &seed[at + from.len()..])
}

/// Line (from 1) on which the last occurrence of `marker` begins.
fn line_of(text: &str, marker: &str) -> usize {
    let at = text.rfind(marker).unwrap_or_else(|| panic!("the text does not contain {marker}"));
    1 + text[..at].matches('\n').count()
}

const LAST_ROW: &str = "[[standard.row]]\npollutant = \"PM2.5\"\naverage = \"day\"\nreports = [\"daily\", \"hourly\"]\n\
                        concentrations = [0, 35, 60, 115, 150, 250, 350, 500]\nabove = 500\n\
                        above_note = \"PM2.5超过表3末值，分指数取AQI范围上限500\"";
const FIRST_STANDARD: &str = "[[standard]]\nid = \"HJ 633-2012\"";
const LAST_STANDARD: &str = "[[standard]]\nid = \"HJ 633-2026\"";
const O3_8H: &str = "[[standard.row]]\npollutant = \"O3\"\naverage = \"8h\"";

/// Each case: what is replaced, by what, where the fault stands in the broken file, and the name it goes by.
#[test]
fn broken_aqi_tables_are_refused_with_their_line() {
    let cases = [
        ("35, 60, 115", "35, 35, 115", "35, 35, 115", "HJ 633-2026: PM2.5 day: concentrations"),
        ("35, 60, 115", "60, 35, 115", "60, 35, 115", "PM2.5 day: concentrations"),
        ("35, 60, 115", "35, -60, 115", "35, -60, 115", "concentrations"),
        ("35, 60, 115", "35, 60.5, 115", "35, 60.5, 115", "TOML"),
        ("[0, 35, 60,", "[1, 35, 60,", "[1, 35, 60,", "concentrations"),
        ("250, 350, 500]", "250, 350]", "above = 500", "PM2.5 day: above"),
        ("iaqi = [0, 50,", "iaqi = [50,", "iaqi = [50,", "HJ 633-2026: iaqi"),
        ("300, 400, 500]\ndecimals", "300, 400, 600]\ndecimals", "300, 400, 600]", "iaqi"),
        // a gap of a day, an overlap of a day, no date, an end that is absent, before its beginning, or of the last version
        ("valid_from = \"2026-03-01\"", "valid_from = \"2026-03-02\"", "\"2026-03-02\"", "HJ 633-2026: valid_from"),
        (
            "valid_from = \"2026-03-01\"",
            "valid_from = \"2026-02-28\"",
            "from = \"2026-02-28\"",
            "HJ 633-2026: valid_from",
        ),
        ("valid_from = \"2026-03-01\"", "valid_from = \"1 March\"", "\"1 March\"", "TOML"),
        ("valid_to = \"2026-02-28\"\n", "", FIRST_STANDARD, "HJ 633-2012: valid_to"),
        ("valid_to = \"2026-02-28\"", "valid_to = \"2011-02-28\"", "valid_to", "HJ 633-2012: valid_to"),
        (
            "valid_from_verified = true",
            "valid_from_verified = true\nvalid_to = \"2030-12-31\"",
            "valid_to",
            "HJ 633-2026: valid_to",
        ),
        ("id = \"HJ 633-2026\"", "id = \"HJ 633-2012\"", "id = \"HJ 633-2012\"", "id"),
        ("CO = 1, O3 = 0", "CO = 1", "CO = 1 }", "decimals: O3"),
        ("CO = 1, O3 = 0", "CO = 4, O3 = 0", "CO = 4", "decimals: CO"),
        ("CO = 1, O3 = 0", "CO = 1, O3 = 0, NH3 = 0", "NH3", "NH3"),
        ("pollutant = \"PM2.5\"", "pollutant = \"PM10\"", "reports = [\"daily\", \"hourly\"]", "PM10 day: reports"),
        ("pollutant = \"PM2.5\"", "pollutant = \"PM1\"", "\"PM1\"", "PM1"),
        (LAST_ROW, "", LAST_STANDARD, "row of PM2.5 for daily"),
        ("reports = [\"daily\", \"hourly\"]", "reports = []", "reports = []", "reports"),
        ("average = \"8h\"", "average = \"12h\"", "\"12h\"", "12h"),
        ("above = 300", "above = 200", "above = 200\nabove_note = \"表3注c", "O3 8h: above"),
        ("above = 300\n", "", "above_note = \"表3注c", "O3 8h: above_note"),
        ("above_note = \"表3注c：O3 8小时平均大于800，分指数取300\"", "", O3_8H, "O3 8h: above_note"),
        ("up_to = 300", "up_to = 200", "up_to = 200\nname_zh = \"重度", "level[5]: up_to"),
        ("up_to = 500", "up_to = 400", "up_to = 400", "level[6]: up_to"),
        ("name_zh = \"良\"", "name_zh = \" \"", "name_zh = \" \"", "level[2]: name_zh"),
        ("level = 6\nup_to = 500", "level = 7\nup_to = 500", "level = 7", "level[6]: level"),
        ("publish_above_if_missing = 100", "publish_over = 100", "publish_over", "publish_over"),
        (
            "publish_above_if_missing = 100",
            "publish_above_if_missing = 500",
            "missing = 500",
            "publish_above_if_missing",
        ),
        ("source = ", "sauce = ", "sauce", "sauce"),
        ("missing_clause = \"5.3（缺项时仅AQI大于100发布）\"\n", "", LAST_STANDARD, "missing_clause"),
        (
            "missing_clause = \"5.3（缺项时仅AQI大于100发布）\"",
            "missing_clause = \" \"",
            "missing_clause = \" \"",
            "missing_clause",
        ),
        ("clause = \"O3不另计", "claus = \"O3不另计", "claus = ", "claus"),
        ("in_force = \"published\"", "in_force = \"text\"", "in_force = \"text\"", "HJ 633-2012.daily-o3: in_force"),
        (
            "id = \"HJ 633-2012.daily-o3\"",
            "id = \"HJ 633-2012.hourly-pm\"",
            "633-2012.hourly-pm",
            "HJ 633-2012.hourly-pm: id",
        ),
        ("id = \"HJ 633-2012.daily-o3\"", "id = \"daily-o3\"", "\"daily-o3\"", "daily-o3: id"),
        ("[[level]]\nlevel = 1\n", "[[level]\nlevel = 1\n", "[[level]\n", "TOML"),
    ];
    assert!(cases.len() >= 25);
    for (from, to, at, named) in cases {
        let text = broken(AQI_SEED, from, to);
        let error = AqiRules::from_toml(&text, Path::new("aqi.toml")).expect_err(to).to_string();
        let place = format!("aqi.toml: line {}: ", line_of(&text, at));
        assert!(error.starts_with(&place) && error.contains(named), "{from} -> {to}: expected {place}{named}: {error}");
    }
}

#[test]
fn every_fault_of_a_table_is_listed_at_once() {
    let text = broken(&broken(AQI_SEED, "35, 60, 115", "35, 30, 115"), "up_to = 300", "up_to = 20");
    let text = broken(&text, "valid_from = \"2026-03-01\"", "valid_from = \"2026-03-05\"");
    let faults: Vec<String> = AqiRules::faults(&text, Path::new("aqi.toml")).iter().map(ToString::to_string).collect();
    assert_eq!(faults.len(), 3, "{faults:#?}");
    for (fault, at) in faults.iter().zip(["up_to = 20\n", "valid_from = \"2026-03-05\"", "35, 30, 115"]) {
        assert!(fault.contains(&format!("line {}:", line_of(&text, at))), "{fault} lacks the line of {at}");
    }
    assert!(AqiRules::faults(AQI_SEED, Path::new("aqi.toml")).is_empty());
}

/// Each case as above; 25 and more ways to break a scheme.
#[test]
fn broken_warning_schemes_are_refused_with_their_line() {
    let red = "hours = 72 }, { aqi_above = 300, hours = 24 }";
    let cases = [
        (
            red,
            "hours = 72 }, { aqi_above = 300, hours = 96 }",
            "aqi_above = 300, hours = 96",
            "warning-2024.red.1: all_of",
        ),
        (
            red,
            "hours = 72 }, { aqi_above = 150, hours = 24 }",
            "aqi_above = 150, hours = 24 }]\nclause = \"红",
            "red.1: all_of",
        ),
        (red, "hours = 72 }, { aqi_above = 500, hours = 24 }", "aqi_above = 500", "red.1: all_of"),
        ("aqi_above = 200, hours = 48", "aqi_above = 200, hours = 47", "hours = 47", "orange.1: all_of"),
        ("aqi_above = 200, hours = 48", "aqi_above = 200, hours = 0", "hours = 0", "orange.1: all_of"),
        ("aqi_above = 200, hours = 48", "aqi_above = 200, hours = 264", "hours = 264", "orange.1: all_of"),
        // thresholds that fall: orange asks for no more than yellow
        (
            "aqi_above = 200, hours = 48",
            "aqi_above = 200, hours = 24",
            "all_of = [{ aqi_above = 200, hours = 24 }]\nclause = \"橙",
            "orange.1: all_of",
        ),
        (
            "aqi_above = 150, hours = 72",
            "aqi_above = 100, hours = 48",
            "aqi_above = 100, hours = 48",
            "orange.2: all_of",
        ),
        ("aqi_above = 100, hours = 48", "aqi_above = 90, hours = 48", "aqi_above = 90", "pre_warning.2: all_of"),
        ("level = \"red\"", "level = \"none\"", "level = \"none\"", "warning-2024.red.1: level"),
        ("level = \"red\"", "level = \"purple\"", "level = \"purple\"", "TOML"),
        ("level = \"red\"", "level = \"orange\"", "id = \"warning-2024.red.1\"", "warning-2024.red.1: id"),
        (
            "\"warning-2024.orange.2\"",
            "\"warning-2024.orange.1\"",
            "\"warning-2024.orange.1\"",
            "warning-2024.orange.1: id",
        ),
        ("\"warning-2024.orange.2\"", "\"orange.2\"", "\"orange.2\"", "orange.2: id"),
        ("[{ aqi_above = 150, hours = 72 }]", "[]", "all_of = []", "orange.2: all_of"),
        ("clause = \"红色预警：", "sentence = \"红色预警：", "sentence = ", "TOML"),
        (
            "clause = \"红色预警：预测日AQI>200持续72小时且日AQI>300持续24小时及以上\"",
            "clause = \" \"",
            "clause = \" \"",
            "red.1: clause",
        ),
        ("aqi = 150\n", "aqi = 200\n", "aqi = 200\n", "lift: aqi"),
        ("hours = 36\n", "hours = 0\n", "hours = 0\n", "lift: hours"),
        ("heavy_aqi = 200", "heavy_aqi = 100", "heavy_aqi = 100", "merge: heavy_aqi"),
        ("gap_hours = 36", "gap_hours = 300", "gap_hours = 300", "merge: gap_hours"),
        ("counties_needed = 1", "counties_needed = 0", "counties_needed = 0", "prefecture: counties_needed"),
        ("[\"PM2.5\"]", "[]", "emission_response = []", "pollutant: emission_response"),
        ("[\"PM2.5\"]", "[\"dust\"]", "[\"dust\"]", "dust"),
        (
            "uncontrollable_share = 0.5",
            "uncontrollable_share = 50",
            "uncontrollable_share",
            "pollutant: uncontrollable_share",
        ),
        (
            "uncontrollable_share = 0.5",
            "uncontrollable_share = 1.5",
            "uncontrollable_share",
            "pollutant: uncontrollable_share",
        ),
        ("value = \"covered\"", "value = \"all\"", "value = \"all\"", "TOML"),
        ("value = 12\n", "value = 0\n", "value = 0\n", "under_way_hours: value"),
        ("value = 96\n", "value = 480\n", "value = 480\n", "observed_hours: value"),
        // a gap and an overlap between schemes, a scheme without an end
        (
            "valid_to = \"2024-01-24\"",
            "valid_to = \"2024-01-23\"",
            "valid_from = \"2024-01-25\"\nvalid_from_v",
            "warning-2024: valid_from",
        ),
        (
            "valid_to = \"2024-01-24\"",
            "valid_to = \"2024-01-25\"",
            "valid_from = \"2024-01-25\"\nvalid_from_v",
            "warning-2024: valid_from",
        ),
        ("valid_to = \"2024-01-24\"\n", "", "[[scheme]]\nid = \"warning-2018\"", "warning-2018: valid_to"),
        ("id = \"warning-2024\"\n", "id = \"warning-2018\"\n", "id = \"warning-2018\"\n", "warning-2018: id"),
        ("scheme = \"warning-2024\"", "scheme = \"warning-2042\"", "\"warning-2042\"", "adoption[6]: scheme"),
        (
            "valid_from = \"2024-01-25\"",
            "valid_from = \"2023-01-25\"",
            "valid_from = \"2023-01-25\"",
            "adoption[6]: valid_from",
        ),
        (
            "adcode = 222400\nscheme = \"warning-2024\"",
            "adcode = 0\nscheme = \"warning-2024\"",
            "valid_from = \"2024-01-25\"",
            "adoption[6]: valid_from",
        ),
    ];
    assert!(cases.len() >= 25);
    for (from, to, at, named) in cases {
        let text = broken(WARNING_SEED, from, to);
        let error = WarningRules::from_toml(&text, Path::new("warning.toml")).expect_err(to).to_string();
        let line = format!("warning.toml: line {}: ", line_of(&text, at));
        assert!(error.contains(&line) && error.contains(named), "{from} -> {to}: {error} lacks {line} or {named}");
    }
}

/// A plan of a region: yellow one step earlier, lifting later.
const PLAN: &str = r#"id = "yanbian-2026"
adcode = 222400
based_on = "warning-2024"
document = "延边州重污染天气应急预案（示例）"
title_zh = "示例"
valid_from = "2026-06-01"
source = "an example"
verified = false

[[rule]]
id = "yanbian-2026.yellow.1"
level = "yellow"
all_of = [{ aqi_above = 150, hours = 24 }]
clause = "黄色：预测日AQI>150"
verified = false

[lift]
aqi = 150
hours = 48
clause = "解除：48小时"
verified = false
"#;

#[test]
fn a_plan_of_the_region_is_one_file_over_its_scheme() {
    let rules = warning_rules().with_plan(PLAN, Path::new("plan.toml")).unwrap();
    let on = |adcode, date: &str| rules.scheme(adcode, date.parse().unwrap()).0;
    assert_eq!(
        (on(222_400, "2026-05-31").id.as_str(), on(222_400, "2026-06-01").id.as_str()),
        ("warning-2024", "yanbian-2026")
    );
    assert_eq!(
        (on(222_400, "2020-01-01").id.as_str(), on(110_000, "2026-06-01").id.as_str()),
        ("warning-2018", "warning-2024")
    );
    let plan = on(222_400, "2026-06-01");
    let of = |level| plan.rules.iter().filter(|r| r.level == level).map(|r| r.id.as_str()).collect::<Vec<_>>();
    assert_eq!(of(WarningLevel::Yellow), ["yanbian-2026.yellow.1"]);
    assert_eq!(of(WarningLevel::Orange), ["warning-2024.orange.1", "warning-2024.orange.2"]);
    assert_eq!((plan.lift.hours, plan.merge.gap_hours), (48, 36));
    // another region may have one without entries of its own
    let other = PLAN.replace("adcode = 222400", "adcode = 220100");
    let rules = warning_rules().with_plan(&other, Path::new("plan.toml")).unwrap();
    assert_eq!(rules.scheme(220_100, "2020-01-01".parse().unwrap()).0.id, "warning-2018");
    assert_eq!(rules.scheme(220_100, "2026-06-01".parse().unwrap()).0.id, "yanbian-2026");
}

#[test]
fn a_plan_that_is_laxer_or_wrong_is_refused_with_its_line() {
    for (from, to, at, named) in [
        (
            "aqi_above = 150, hours = 24",
            "aqi_above = 200, hours = 24",
            "[[rule]]",
            "at least as strict as warning-2024.yellow.2",
        ),
        ("hours = 48\n", "hours = 24\n", "hours = 24\n", "lift: hours"),
        ("based_on = \"warning-2024\"", "based_on = \"warning-2042\"", "based_on", "based_on"),
        ("2026-06-01", "2023-06-01", "valid_from", "valid_from"),
        ("id = \"yanbian-2026\"\n", "id = \"warning-2024\"\n", "id = \"warning-2024\"", "id"),
        ("\"yanbian-2026.yellow.1\"", "\"warning-2024.yellow.1\"", "id = \"warning-2024.yellow.1\"", "yellow.1: id"),
        ("adcode = 222400", "adcode = 2224", "adcode", "adcode"),
        ("[lift]", "[lifting]", "lifting", "lifting"),
        ("aqi_above = 150, hours = 24", "aqi_above = 150, hours = 12", "hours = 12", "yellow.1: all_of"),
    ] {
        let text = broken(PLAN, from, to);
        let error = warning_rules().with_plan(&text, Path::new("plan.toml")).expect_err(to).to_string();
        let line = format!("plan.toml: line {}: ", line_of(&text, at));
        assert!(error.contains(&line) && error.contains(named), "{from} -> {to}: {error} lacks {line} or {named}");
    }
}

#[test]
fn the_region_follows_the_scheme_of_the_day() {
    let rules = warning_rules();
    let scheme = |adcode, date: &str| rules.scheme(adcode, date.parse::<NaiveDate>().unwrap()).0.id.clone();
    for adcode in [222400, 110000] {
        assert_eq!(scheme(adcode, "2023-01-20"), "warning-2018");
        assert_eq!(scheme(adcode, "2026-01-15"), "warning-2024");
        assert_eq!(scheme(adcode, "2018-08-31"), "warning-2017");
        assert_eq!(scheme(adcode, "2015-01-15"), "warning-2017");
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
        "warning-2017.blue.1 >200 24h",
        "warning-2017.yellow.1 >200 48h",
        "warning-2017.orange.1 >200 72h & >300 24h",
        "warning-2017.red.1 >200 96h & >300 48h",
        "warning-2017.red.2 >499 24h",
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
