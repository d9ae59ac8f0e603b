//! A register against the inventory: the example holds, every planted contradiction is found, the night leaves out what breaks its invariant.

use super::{EXAMPLE, counties, example, file, hazecast, json};
use hazecast::domain::bilingual::Bilingual;
use hazecast::domain::register::{Family, Grade, Protection, RegisterEntry};
use hazecast::domain::source::Source;
use hazecast::input::inventory_csv;
use hazecast::reduction::register_check::{FindingKind, RegisterReport, Severity, check};
use std::path::Path;

const INVENTORY: &str = include_str!("../../../data/yanbian/inventory.csv");

fn inventory() -> Vec<Source> {
    inventory_csv::parse(INVENTORY, Path::new("inventory.csv")).unwrap().items
}

fn checked(entries: &[RegisterEntry], places: &[Bilingual]) -> RegisterReport {
    check(entries, places, &inventory(), &counties())
}

#[test]
fn the_example_names_the_whole_inventory_and_no_more() {
    let register = example();
    let report = checked(&register.entries, &register.places);
    assert_eq!((report.errors(), report.faulty_sources.len()), (0, 0), "{:?}", report.findings);
    // amounts are cut to whole grams a day, so a little is missing, and nothing is too much
    for d in report.sources.iter().chain(&report.sectors).chain(&report.counties) {
        for (difference, entries) in d.difference_t_a().into_iter().zip(std::iter::repeat(d.entries)) {
            assert!(entries > 0 && difference <= 1e-9 && difference > -366e-6 * entries as f64, "{d:?}");
        }
    }
    assert_eq!((report.sources.len(), report.counties.len()), (256, 8));
    // the totals of inventory.md
    let sector = |name: &str| report.sectors.iter().find(|d| d.of == name).unwrap();
    assert!((sector("boiler").register_t_a[0] - 2757.0).abs() < 1.0, "{:?}", sector("boiler"));
    assert!((sector("traffic").register_t_a[1] - 11000.0).abs() < 1.0, "{:?}", sector("traffic"));
    assert!((sector("fuel").register_t_a[4] - 1530.0).abs() < 1.0, "{:?}", sector("fuel"));
    assert_eq!(sector("boiler").entries, 125);
}

#[test]
fn every_planted_contradiction_is_found_with_its_place() {
    let register = example();
    let at = |source: &str| register.entries.iter().position(|e| e.source == source).unwrap();
    let (cement, boiler, station) =
        (at("industry-222401-example-cement"), at("boiler-222401-01"), at("fuel-222401-stations"));
    let first = register.entries[0].id.clone();
    type Plant = Box<dyn Fn(&mut RegisterEntry)>;
    let cases: Vec<(FindingKind, usize, Plant, &str)> = vec![
        (FindingKind::DoubledId, cement, Box::new(move |e| e.id = first.clone()), "again"),
        (FindingKind::SourceMissing, cement, Box::new(|e| e.source = "nowhere".into()), "nowhere"),
        (FindingKind::OtherCounty, cement, Box::new(|e| e.adcode = 222_403), "222401"),
        (FindingKind::MoreThanSource, cement, Box::new(|e| e.emission_t_d.nox *= 1.001), "NOx of 1 entries"),
        (FindingKind::MoreThanSource, station, Box::new(|e| e.emission_t_d.nmvoc *= 2.0), "VOCs of 58 entries"),
        (FindingKind::OutsideCounty, boiler, Box::new(|e| e.lon_lat = Some((128.2, 43.4))), "outside Yanji"),
        (FindingKind::OutsideCounty, boiler, Box::new(|e| e.lon_lat = Some((42.9, 129.5))), "outside Yanji"),
        (FindingKind::GradeOfFamily, station, Box::new(|e| e.grade = Some(Grade::A)), "not graded"),
        (FindingKind::FamilyOfSector, cement, Box::new(|e| e.family = Family::VehicleClass), "industry"),
        (FindingKind::GradeWithoutIndustry, cement, Box::new(|e| e.industry = None), "without an industry"),
        (FindingKind::NothingProtected, boiler, Box::new(|e| e.protection = Some((Protection::Heating, 0.0))), "of 0"),
        (FindingKind::BoilerUnprotected, boiler, Box::new(|e| e.protection = None), "without protection"),
        (FindingKind::EmitsNothing, station, Box::new(|e| e.emission_t_d = Default::default()), "no emission"),
        // a zone without emission needs no source; one with emission does
        (FindingKind::SourceMissing, at(""), Box::new(|e| e.emission_t_d.pm25 = 1.0), "no source"),
    ];
    let before = checked(&register.entries, &register.places).findings;
    for (kind, at, plant, words) in cases {
        let mut entries = register.entries.clone();
        plant(&mut entries[at]);
        let report = checked(&entries, &register.places);
        let new: Vec<_> = report.findings.iter().filter(|f| f.kind == kind && !before.contains(f)).collect();
        let found = new.iter().find(|f| f.found.en.contains(words));
        let found = found.unwrap_or_else(|| panic!("{kind:?}: {:?}", report.findings));
        if kind == FindingKind::MoreThanSource {
            assert_eq!((&found.id, &found.place), (&entries[at].source, &None));
            assert!(report.faulty_sources.contains(&entries[at].source));
        } else {
            assert_eq!(found.place.as_ref(), Some(&register.places[at]), "{kind:?}");
        }
        assert!(!found.found.zh.is_empty() && !found.remedy.zh.is_empty() && !found.remedy.en.is_empty());
        assert!(report.findings.is_sorted_by_key(|f| f.severity), "errors come first");
    }
}

#[test]
fn one_code_for_two_names_is_noticed_and_two_sites_of_one_name_are_not() {
    let mut entries = example().entries[..3].to_vec();
    for e in &mut entries {
        e.credit_code = Some("91110000600037341L".into());
    }
    entries[1].name = entries[0].name.clone();
    let doubled: Vec<String> = checked(&entries, &[])
        .findings
        .into_iter()
        .filter(|f| f.kind == FindingKind::DoubledCreditCode && f.severity == Severity::Notice)
        .map(|f| f.id)
        .collect();
    assert_eq!(doubled, [entries[2].id.clone()]);
}

#[test]
fn the_command_says_what_the_check_finds() {
    let folder = tempfile::tempdir().unwrap();
    let sound = file(folder.path(), "register.csv", EXAMPLE);
    let out = hazecast(&["register", "check", sound.to_str().unwrap(), "--json"]);
    assert_eq!(out.status.code(), Some(0));
    let report = json(&out);
    assert_eq!((&report["passed"], &report["report"]["entries"]), (&true.into(), &720.into()));
    // a row is refused, another exceeds its source
    let text = String::from_utf8(EXAMPLE.to_vec()).unwrap();
    let text = text.replacen("222401-GD-001,施工工地", "222401-GD-001,工地", 1).replacen(",0.909794,", ",90.9794,", 1);
    let broken = file(folder.path(), "broken.csv", text.as_bytes());
    let inventory = file(folder.path(), "inventory.csv", INVENTORY.as_bytes());
    let args = ["register", "check", broken.to_str().unwrap(), "--inventory", inventory.to_str().unwrap()];
    let out = hazecast(&args);
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert_eq!(out.status.code(), Some(3));
    for words in [
        "refused: broken.csv line 100, column 类别: `工地`",
        "error: power-222401-yanji: NOx of 1 entries",
        "rows refused 1",
    ] {
        assert!(said.contains(words), "{words} in {said}");
    }
    let zh = hazecast(&[&["--lang", "zh"], &args[..]].concat());
    let said = String::from_utf8_lossy(&zh.stdout).into_owned();
    for words in ["拒绝: broken.csv 第100行“类别”列: “工地”, 应为 工业企业", "错误: power-222401-yanji: NOx合计"]
    {
        assert!(said.contains(words), "{words} in {said}");
    }
}

/// The night takes the register, leaves out what contradicts the inventory, and says so.
#[test]
fn a_night_reads_the_register_or_says_that_it_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let config = hazecast::cli::example::write(folder.path(), INVENTORY).unwrap();
    let check = || {
        let out = hazecast(&["check", "--config", config.to_str().unwrap(), "--json"]);
        (out.status.code(), json(&out))
    };
    let read = || {
        let setup = hazecast::setup::Setup::load(&config).unwrap();
        hazecast::nightly::inputs::read(&setup, None).unwrap().register
    };
    let path = folder.path().join("inbox/emissions/register.csv");
    let (code, report) = check();
    // the whole answer first: what stopped the command is in it
    assert_eq!(code, Some(0), "{report}");
    let roles: Vec<&serde_json::Value> = report["files"].as_array().unwrap().iter().map(|f| &f["role"]).collect();
    assert!(roles.contains(&&"register".into()), "{report}");
    assert_eq!(read().len(), 720);
    // one entry above its source: all entries of that source are out, the others stay
    let text = String::from_utf8(EXAMPLE.to_vec()).unwrap();
    std::fs::write(&path, text.replacen(",0.909794,", ",90.9794,", 1)).unwrap();
    let (code, report) = check();
    assert_eq!(code, Some(5), "{report}");
    assert!(report["degraded"].to_string().contains("1 errors against the inventory, 1 entries left out"), "{report}");
    assert!(report["rejections"].to_string().contains("power-222401-yanji"), "{report}");
    let entries = read();
    assert!(entries.len() == 719 && entries.iter().all(|e| e.source != "power-222401-yanji"));
    // a file of another kind, and none
    std::fs::write(&path, "name\n1\n").unwrap();
    assert!(check().0 == Some(5) && read().is_empty());
    std::fs::remove_file(&path).unwrap();
    let (code, report) = check();
    assert!(code == Some(5) && report["degraded"].to_string().contains("counts as one entry"), "{report}");
    assert!(read().is_empty());
}
