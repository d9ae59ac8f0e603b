//! `hazecast warn explain` over an archive on disk.

use super::archive::sample_record::{cycle, record};
use super::archive::{publish, store};
use std::process::{Command, Output};

fn explain(runs: &std::path::Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hazecast"));
    command.args(["warn", "explain", "--runs", runs.to_str().unwrap()]).args(args);
    command.env("LANG", "C").env_remove("LC_ALL").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_account_is_told_in_both_languages() {
    let (_folder, store) = store();
    publish(&store, 0, "key");
    let english = text(&explain(store.folder(), &["--area", "222401"]).stdout);
    for expected in [
        "run 2026011512",
        "not verified that the region follows it",
        "Yanji 222401: orange  issue (before none, called for orange)",
        "Daily AQI > 200 is forecast for 48 hours",
        "01-16 01:00 .. 01-18 00:00  AQI 255  PM2.5 204 ug m-3",
        "warning-2024.orange.2 orange: AQI > 150 for 72 h [橙色预警：<72小时>]  not verified",
        "natural day: longest 48 of 72 h  not fired  01-16 01:00 .. 01-18 01:00",
        "sliding 24 h: longest 47 of 72 h  not fired",
        "2026-01-16  AQI 215  PM2.5 172 ug m-3  forecast  PM2.5",
        "-12 %: yellow",
        "+31 %: red",
        "sliding_hours = every_average (decided by covered): yellow",
        "chances (100 paths; 90 % interval in brackets)",
        "yellow or above: 62 % [54 %, 70 %]",
        "expected hours of heavy pollution: 21.5 h",
        "may be lifted from: 01-18 06:00",
        "wording not verified 1/1",
        "everyone: Stay indoors.",
    ] {
        assert!(english.contains(expected), "{expected} is not in\n{english}");
    }
    let chinese = text(&explain(store.folder(), &["--area", "延吉市", "--lang", "zh"]).stdout);
    for expected in [
        "延吉市 222401: 橙色预警  发布 (此前 无预警, 预报要求 橙色预警)",
        "预测日AQI>200持续48小时",
        "滑动24小时: 最长47小时，需72小时  未触发",
        "可能性（100条路径；括号内为90 %区间）",
        "黄色预警及以上: 62 % [54 %, 70 %]",
        "最早解除: 01-18 06:00",
        "公众: 留在室内 <尽量>。",
    ] {
        assert!(chinese.contains(expected), "{expected} is not in\n{chinese}");
    }
}

#[test]
fn areas_default_to_the_prefecture_and_those_with_a_level() {
    let (_folder, store) = store();
    publish(&store, -12, "key");
    publish(&store, 0, "key");
    let json = |args: &[&str]| -> serde_json::Value {
        let out = explain(store.folder(), &[args, &["--json"]].concat());
        assert!(out.status.success(), "{}", text(&out.stderr));
        serde_json::from_slice(&out.stdout).unwrap()
    };
    let codes = |document: &serde_json::Value| -> Vec<u64> {
        document["areas"].as_array().unwrap().iter().map(|a| a["warning"]["adcode"].as_u64().unwrap()).collect()
    };
    // the record has a level for the prefecture and its first three counties
    let all = json(&[]);
    assert_eq!((&all["run"], codes(&all)), (&"2026011512".into(), vec![222_400, 222_401, 222_402, 222_403]));
    let expected = serde_json::to_value(&record(cycle()).explanations[0]).unwrap();
    assert_eq!(all["areas"][1]["explanation"], expected);
    assert_eq!(all["areas"][1]["advice"]["advice"][0]["id"], "public.5");
    // a county without a level is shown when it is asked for, by any of its names, in the order asked
    let named = json(&["--area", "antu", "--area", "汪清县", "--area", "222401", "--run", "2026011500"]);
    assert_eq!((&named["run"], codes(&named)), (&"2026011500".into(), vec![222_426, 222_424, 222_401]));
    let quiet = text(&explain(store.folder(), &["--area", "Antu"]).stdout);
    assert!(quiet.contains("Antu 222426: none") && quiet.contains("no clause fired"), "{quiet}");
    assert!(quiet.contains("this run holds no explanation"), "{quiet}");
}

#[test]
fn what_cannot_be_explained_says_why() {
    let (folder, store) = store();
    let runs = store.folder();
    let fails = |out: Output, code: i32, words: &[&str]| {
        let said = text(&out.stderr);
        assert_eq!(out.status.code(), Some(code), "{said}");
        words.iter().for_each(|w| assert!(said.contains(w), "{w} in {said}"));
    };
    fails(explain(runs, &[]), 3, &["a published run", "hazecast night"]);
    fails(explain(&folder.path().join("nowhere"), &[]), 3, &["folder of runs"]);
    assert!(!folder.path().join("nowhere").exists(), "a question makes no folder");
    publish(&store, 0, "key");
    fails(explain(runs, &["--area", "Beijing"]), 2, &["--area", "222401 延吉市 Yanji"]);
    fails(explain(runs, &["--run", "2031010100"]), 3, &["2031010100"]);
    fails(explain(runs, &["--run", "yesterday"]), 2, &["yesterday"]);
    fails(explain(runs, &["--config", "night.toml"]), 2, &["--config"]);
}
