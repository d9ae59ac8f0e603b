//! The seeds and the inventory file themselves, and broken copies of them.

use super::{ADCODES, INVENTORY, MEASURES, RULES, annual, catalogue, inventory, listed, rules};
use hazecast::domain::source::{Place, Sector};
use hazecast::error::Error;
use hazecast::reduction::measures::Catalogue;
use hazecast::reduction::targets::ReductionRules;
use hazecast::warning::WarningLevel;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Bands of the region's totals [t a-1]: a quarter around the orders of magnitude of the estimate; columns as in the file.
const BANDS: [(&str, f64); 9] = [
    ("SO2", 14e3),
    ("NOx", 28e3),
    ("CO", 280e3),
    ("NH3", 14e3),
    ("NMVOC", 26e3),
    ("PM2.5", 17e3),
    ("PM10", 34e3),
    ("BC", 2.4e3),
    ("OC", 5e3),
];

#[test]
fn inventory_totals_are_plausible() {
    let mut totals: BTreeMap<&str, [f64; 9]> = BTreeMap::new();
    let sources = inventory();
    for s in &sources {
        for key in [s.sector.name(), "~total"] {
            totals.entry(key).or_default().iter_mut().zip(listed(&annual(s))).for_each(|(sum, v)| *sum += v);
        }
    }
    for (sector, v) in &totals {
        println!("{sector:12} {}", v.map(|x| format!("{x:8.0}")).join(""));
    }
    let all = totals["~total"];
    for ((name, centre), v) in BANDS.into_iter().zip(all) {
        assert!((v / centre - 1.0).abs() < 0.25, "{name}: {v:.0} t/a against {centre}");
    }
    let share = totals["residential"][5] / all[5];
    assert!((0.38..0.52).contains(&share), "residential PM2.5 share {share}");
}

#[test]
fn inventory_keeps_the_rules_and_the_counts_of_the_plan() {
    let sources = inventory();
    let mut ids = BTreeSet::new();
    for s in &sources {
        let a = annual(s);
        assert!(ids.insert(&s.id), "{} twice", s.id);
        assert!(a.pm10 >= a.pm25 && a.bc + 1.4 * a.oc <= a.pm25, "{}", s.id);
        assert!(listed(&a).iter().all(|v| *v >= 0.0) && ADCODES.contains(&s.adcode), "{}", s.id);
        assert!(s.name.contains("估算"), "{} is not labelled an estimate", s.id);
        if let Place::Point { lon, lat, .. } = s.place {
            assert!((127.0..131.5).contains(&lon) && (41.9..44.6).contains(&lat), "{} at {lon} {lat}", s.id);
        }
    }
    let of = |sector| sources.iter().filter(move |s| s.sector == sector);
    let high = |s: &&hazecast::domain::source::Source| matches!(s.place, Place::Point { stack: Some(k), .. } if (45.0..=80.0).contains(&k.height_m));
    assert_eq!(of(Sector::Boiler).filter(high).count(), 125);
    assert_eq!(of(Sector::Power).count(), 2);
    assert_eq!(of(Sector::Fuel).filter(|s| s.id.ends_with("-depot")).count(), 2);
    let stations: u32 =
        of(Sector::Fuel).filter_map(|s| s.name.split_once("加油站")?.1.split('座').next()?.parse::<u32>().ok()).sum();
    assert_eq!(stations, 194);
}

#[test]
fn every_sector_has_rows_and_a_measure_at_every_warning_level() {
    let sources = inventory();
    let catalogue = catalogue();
    for sector in Sector::ALL.into_iter().filter(|s| *s != Sector::Other) {
        assert!(sector == Sector::Fire || sources.iter().any(|s| s.sector == sector), "no row of {}", sector.name());
        for level in [WarningLevel::Yellow, WarningLevel::Orange, WarningLevel::Red] {
            let acts = catalogue.measures.iter().any(|m| m.sectors.contains(&sector) && m.left_at(level).is_some());
            assert!(acts, "no measure on {} at {level:?}", sector.name());
        }
    }
    // Every pattern of ids names a source, every county row of the plan's sectors stands in all eight counties.
    for m in &catalogue.measures {
        for part in &m.source_ids_with {
            let hit = sources.iter().any(|s| m.sectors.contains(&s.sector) && s.id.contains(part));
            assert!(hit, "{}: {part} names nothing", m.id);
        }
    }
    for sector in [Sector::Boiler, Sector::Residential, Sector::Traffic, Sector::RoadDust, Sector::Agriculture] {
        let held: BTreeSet<_> = sources.iter().filter(|s| s.sector == sector).map(|s| s.adcode).collect();
        assert_eq!(held.len(), 8, "{}", sector.name());
    }
}

#[test]
fn demands_are_ten_twenty_and_thirty_percent() {
    let rules = rules();
    for (level, fraction) in [(WarningLevel::Yellow, 0.1), (WarningLevel::Orange, 0.2), (WarningLevel::Red, 0.3)] {
        let t = &rules.level[&level];
        assert_eq!([t.so2, t.nox, t.pm, t.voc], [fraction; 4], "{level:?}");
    }
    assert_eq!(rules.minimum_load(Sector::Boiler), 0.7);
    assert_eq!(rules.minimum_load(Sector::Industry), 0.0);
}

/// The seed with its first `from` replaced.
fn broken(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "the seed has no {from}: the case tests nothing");
    text.replacen(from, to, 1)
}

fn named(error: &Error, field: &str, file: &str) {
    let text = error.to_string();
    assert!(matches!(error, Error::Invalid { .. }), "{text}");
    assert!(text.contains(field) && text.contains(file), "{field} is not named in: {text}");
}

#[test]
fn broken_catalogues_are_refused_with_the_field_named() {
    let load = "left.yellow = { load = 0.9 }";
    let cases = [
        ("id = \"power-treatment\"", "id = \"\"", "measure.id"),
        ("id = \"power-load\"", "id = \"power-treatment\"", "measure.id"),
        ("name_zh = \"火电超低排放设施提效运行\"", "name_zh = \" \"", "power-treatment: name_zh"),
        ("department = \"州生态环境局\"", "department = \"\"", "power-treatment: department"),
        ("verification = \"CEMS小时值\"", "verification = \"\"", "power-treatment: verification"),
        ("方案 · 二-6\"", "方案 二-6\"", "power-treatment: legal_basis"),
        ("sectors = [\"power\"]", "sectors = []", "power-treatment: sectors"),
        ("sectors = [\"power\"]", "sectors = [\"other\"]", "power-treatment: sectors"),
        ("sectors = [\"power\"]", "sectors = [\"powr\"]", "powr"),
        ("mandatory_from = \"yellow\"", "mandatory_from = \"pre_warning\"", "power-treatment: mandatory_from"),
        ("mandatory_from = \"yellow\"", "mandatory_from = \"blue\"", "blue"),
        ("voluntary_share = 0.8", "voluntary_share = 1.8", "power-treatment: voluntary_share"),
        ("lead_h = 3", "lead_h = 100", "power-treatment: lead_h"),
        ("lead_h = 3", "lead_h = -1", "lead_h"),
        ("cost_yuan_t = 14000", "cost_yuan_t = -1", "power-treatment: cost_yuan_t"),
        ("cost_yuan_t = 14000", "cost_yuan_t = nan", "power-treatment: cost_yuan_t"),
        ("cost_yuan_t = 14000", "cost_yuan_t = 1\ncost_yuan_d = 1", "power-treatment: cost_yuan_t"),
        ("cost_yuan_t = 14000\n", "", "power-treatment: cost_yuan_t"),
        ("verified = false\n", "", "verified"),
        ("verified = false", "verified = false\ncolour = 1", "colour"),
        (load, "left.yellow = { load = 1.5 }", "power-load: left.yellow.load"),
        (load, "left.yellow = { load = 0.9, so2 = 0.5 }", "power-load: left.yellow.load"),
        (load, "left.yellow = { so2 = 0.9 }", "power-load: left"),
        (load, "left.yellow = { load = 0.1 }", "power-load: left.orange"),
        (load, "left.yellow = { load = 1.0 }", "power-load: left.yellow"),
        (load, "left.yellow = {}", "power-load: left"),
        (load, "left.none = { load = 0.9 }", "power-load: left.none"),
        (load, "group = \"x\"\nleft.yellow = { load = 0.9 }", "power-load: group"),
        (load, "standing = true\nleft.yellow = { load = 0.9 }", "power-load: standing"),
        ("temperature_above_c = 0.0", "temperature_above_c = 200.0", "construction-watering: temperature_above_c"),
        ("left.orange = { nox = 0.65, pm", "left.orange = { nox = 0.99, pm", "diesel-ban: group"),
        ("source_ids_with = [\"-scattered\"]", "source_ids_with = [\"\"]", "industry-scattered-stop: source_ids_with"),
        ("kind = \"treatment\"", "kind = \"magic\"", "magic"),
        ("role = \"电厂环保负责人\"", "role = \"\"", "power-treatment: role"),
        ("verification_key = \"cems\"", "verification_key = \"none\"", "none"),
        ("earliest_hour = 6", "earliest_hour = 24", "residential-clean-coal: earliest_hour"),
        ("lead_h = 3", "words = [\" \"]\nlead_h = 3", "power-treatment: words"),
        ("lead_h = 3", "families = [\"firm\"]\nlead_h = 3", "firm"),
    ];
    for (from, to, field) in cases {
        let error = Catalogue::from_toml(&broken(MEASURES, from, to), Path::new("measures.toml")).expect_err(to);
        named(&error, field, "measures.toml");
    }
    named(&Catalogue::from_toml("measure = []", Path::new("m.toml")).unwrap_err(), "measure", "m.toml");
}

#[test]
fn broken_rules_are_refused_with_the_field_named() {
    let cases = [
        ("id = \"reduction-2019\"", "id = \"\"", "id"),
        ("voluntary_share = 0.3", "voluntary_share = -0.3", "voluntary_share"),
        ("so2 = 0.1\n", "so2 = 1.1\n", "level.yellow.so2"),
        ("nox = 0.2\n", "nox = 0.05\n", "level.orange.nox"),
        ("voc = 0.3\n", "", "voc"),
        ("[level.yellow]", "[level.none]", "level.none"),
        ("[level.pre_warning]", "[level.blue]", "blue"),
        ("pm = 1.0\n", "pm = -1.0\n", "pm_equivalent.pm"),
        ("minimum_load = 0.7", "minimum_load = 70", "protected[0].minimum_load"),
        ("sectors = [\"residential\"]", "sectors = [\"boiler\"]", "protected[1].sectors"),
        ("sectors = [\"residential\"]", "sectors = []", "protected[1].sectors"),
        ("reason_en = \"heating", "reasons = \"heating", "reasons"),
        ("county_floor = 0.5", "county_floor = 1.5", "county_floor"),
        ("proof_gap = 0.002", "proof_gap = -0.1", "proof_gap"),
        ("start_step_h = 3", "start_step_h = 0", "start_step_h"),
        ("latest_start_h = 24", "latest_start_h = 100", "latest_start_h"),
        ("window = 10.0", "window = 0.0", "shortfall.window"),
        ("[grade.Leading]", "[grade.E]", "E"),
        ("ordered.orange = 0.6", "ordered.orange = 0.3", "grade.B.ordered.orange"),
        ("ordered.red = 0.8", "ordered.red = 1.8", "grade.B.ordered.red"),
    ];
    for (from, to, field) in cases {
        let error = ReductionRules::from_toml(&broken(RULES, from, to), Path::new("reduction.toml")).expect_err(to);
        named(&error, field, "reduction.toml");
    }
    assert_eq!(INVENTORY.lines().next().map(|l| l.split(',').count()), Some(19));
}

#[test]
fn a_catalogue_with_too_many_ways_to_combine_its_measures_is_refused() {
    let one = MEASURES.split("[[measure]]").find(|m| m.contains("\"construction-cover\"")).expect("a measure");
    let many: String =
        (0..13).map(|k| format!("[[measure]]{}", one.replace("construction-cover", &format!("cover-{k}")))).collect();
    named(&Catalogue::from_toml(&many, Path::new("m.toml")).unwrap_err(), "ways to combine", "m.toml");
}
