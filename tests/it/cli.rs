//! The commands as other programs script against them, and the README as a newcomer reads it.

use std::path::Path;
use std::process::{Command, Output};

fn hazecast(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hazecast")).args(args).env("LANG", "C").env_remove("LC_ALL").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn aqi_prints_the_fixed_form() {
    let args = "aqi --date 2026-03-05 --pm25 61 --pm10 80 --so2 10 --no2 40 --co 0.8 --o3 120 --json";
    let out = hazecast(&args.split(' ').collect::<Vec<_>>());
    assert!(out.status.success());
    let report: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(report["standard"], "HJ 633-2026");
    assert_eq!(report["aqi"], 101);
    assert_eq!(report["level"], 3);
    assert_eq!(report["primary"], serde_json::json!(["PM2.5"]));
    assert_eq!(report["iaqi"]["PM2.5"], 101);
    // the day before the new standard the same air was good
    let before = hazecast(&args.replace("2026-03-05", "2026-02-28").split(' ').collect::<Vec<_>>());
    let report: serde_json::Value = serde_json::from_slice(&before.stdout).unwrap();
    assert_eq!((&report["standard"], &report["aqi"]), (&"HJ 633-2012".into(), &83.into()));
}

#[test]
fn help_of_every_command_has_examples() {
    for command in [
        "demo", "night", "check", "serve", "aqi", "rules", "proof", "stats", "targets", "score", "warn", "rank",
        "whatif", "register", "list", "met", "emis", "fetch", "soak",
    ] {
        let out = hazecast(&[command, "--help"]);
        assert!(out.status.success());
        let help = text(&out.stdout);
        assert!(help.contains("Examples:") && help.contains(&format!("hazecast {command}")), "{help}");
    }
    assert!(text(&hazecast(&["--help"]).stdout).contains("Exit codes:"));
}

#[test]
fn exit_codes_name_what_the_operator_does_next() {
    assert_eq!(hazecast(&["nonsense"]).status.code(), Some(2));
    assert_eq!(hazecast(&["aqi", "--date", "2026-03-05", "--pm25", "-1"]).status.code(), Some(2));
    let out = hazecast(&["night", "--config", "no/such/file.toml", "--json"]);
    assert_eq!(out.status.code(), Some(3));
    let error: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((&error["error"], &error["exit_code"]), (&"missing".into(), &3.into()));
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("night.toml");
    std::fs::write(&config, "grid = \"demo\"\nruns = \"r\"\ncolour = 1\n[inputs]\nmeteorology = [\"x\"]\n").unwrap();
    let out = hazecast(&["check", "--config", config.to_str().unwrap()]);
    assert_eq!(out.status.code(), Some(2));
    let message = text(&out.stderr);
    assert!(message.contains("colour") && message.contains("night.toml"), "{message}");
}

#[test]
fn messages_follow_the_language() {
    let zh = hazecast(&["--lang", "zh", "night", "--config", "no/such/file.toml"]);
    assert!(text(&zh.stderr).starts_with("错误"));
    let en = hazecast(&["--lang", "en", "night", "--config", "no/such/file.toml"]);
    assert!(text(&en.stderr).starts_with("error"));
}

/// Two English words one after the other: those of paths, keys and values stand alone.
fn english(said: &str) -> Option<String> {
    let is_word = |w: &&str| w.len() > 1 && w.bytes().all(|b| b.is_ascii_lowercase());
    let words: Vec<&str> = said.split_whitespace().collect();
    words.windows(2).find(|pair| pair.iter().all(is_word)).map(|pair| pair.join(" "))
}

/// A configuration whose meteorology is not there.
const WITHOUT_FILES: &str = "grid = \"demo\"\nruns = \"r\"\n[inputs]\nmeteorology = [\"met*.nc\"]\n";

#[test]
fn errors_are_chinese_for_those_who_read_chinese() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    file("night.toml", WITHOUT_FILES);
    file("odd.toml", &format!("colour = 1\n{WITHOUT_FILES}"));
    let said = |args: &[&str], code: i32| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hazecast"));
        command.args(args).current_dir(folder.path()).env("LANG", "zh_CN.UTF-8");
        let out = command.env_remove("LC_ALL").env_remove("LC_MESSAGES").output().unwrap();
        let said = text(&out.stderr);
        assert_eq!(out.status.code(), Some(code), "{said}");
        assert!(said.starts_with("错误: ") && english(&said).is_none(), "{:?} in {said}", english(&said));
        (said, text(&out.stdout))
    };
    let (missing, json) = said(&["night", "--config", "nosuch.toml", "--json"], 3);
    assert_eq!(missing.trim_end(), "错误: 缺少配置文件（nosuch.toml）。处理：用 --config 指定已有的TOML文件");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(missing.contains(json["message_zh"].as_str().unwrap()), "{json}");
    assert!(json["message"].as_str().unwrap().starts_with("missing the configuration file"), "{json}");
    let (unknown, _) = said(&["night", "--config", "odd.toml"], 2);
    assert!(unknown.contains("odd.toml") && unknown.contains("未知的键`colour`，应为"), "{unknown}");
    // a pattern without a folder is looked for beside the configuration, and the message says where
    let (pattern, _) = said(&["check", "--config", "night.toml"], 3);
    let place = folder.path().file_name().unwrap().to_str().unwrap();
    assert!(pattern.contains("缺少匹配的输入文件") && pattern.contains(&format!("{place}/met*.nc")), "{pattern}");
    let (cycle, _) = said(&["night", "--config", "night.toml", "--cycle", "yesterday"], 2);
    assert!(cycle.contains("--cycle") && cycle.contains("应为起报时间，如2026-01-15T12Z"), "{cycle}");
    let store = hazecast::archive::store::Store::open(&folder.path().join("r")).unwrap();
    let _lock = store.lock().unwrap();
    let (held, _) = said(&["night", "--config", "night.toml"], 7);
    assert!(held.contains("另一个运行正占用r/.lock。处理：等它结束后再启动"), "{held}");
}

#[test]
fn usage_follows_the_language_that_the_arguments_ask_for() {
    let zh = text(&hazecast(&["aqi", "--date", "2026-03-05", "--colour", "--lang", "zh"]).stderr);
    assert_eq!(zh.trim_end(), "错误: 没有参数 --colour。处理：用 --help 查看用法");
    let zh = text(&hazecast(&["--lang=zh", "night"]).stderr);
    assert_eq!(zh.trim_end(), "错误: 缺少参数 --config <FILE>。处理：用 --help 查看用法");
    assert!(text(&hazecast(&["night"]).stderr).contains("--config <FILE>"));
    assert!(hazecast(&["--lang", "zh", "night", "--help"]).status.success());
}

#[test]
fn patterns_without_a_folder_are_of_the_current_one() {
    let found = hazecast::config::expand(&["Cargo.*".to_owned()]).unwrap();
    assert_eq!(found, ["Cargo.lock", "Cargo.toml"].map(std::path::PathBuf::from));
}

#[test]
fn an_unknown_region_is_told_beside_the_known_ones() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("night.toml");
    std::fs::write(&config, format!("region = \"yanbain\"\n{WITHOUT_FILES}")).unwrap();
    let out = hazecast(&["check", "--config", config.to_str().unwrap()]);
    let said = text(&out.stderr);
    assert_eq!(out.status.code(), Some(2), "{said}");
    for word in ["found yanbain", "(yanbian)", "region.toml"] {
        assert!(said.contains(word), "{word} in {said}");
    }
}

#[test]
fn an_address_in_use_is_held_by_another() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("night.toml");
    std::fs::write(&config, WITHOUT_FILES).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let out = hazecast(&["serve", "--config", config.to_str().unwrap(), "--listen", &address]);
    let said = text(&out.stderr);
    assert_eq!(out.status.code(), Some(7), "{said}");
    assert!(said.contains(&format!("another program holds {address}. Stop it")), "{said}");
}

/// The built-in example, as `make demo` shows it: a level for Yanji, a list that meets its level, a certificate, closed books.
#[test]
fn demo_ends_with_a_warning_a_list_and_a_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let out_dir = folder.path().join("demo");
    let out = hazecast(&["demo", "--out", out_dir.to_str().unwrap(), "--no-serve", "--json"]);
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert!(text(&out.stderr).is_empty(), "a quiet run says nothing on stderr: {}", text(&out.stderr));
    let record: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let counties = record["warning"]["counties"].as_array().unwrap();
    let yanji = counties.iter().find(|c| c["adcode"] == 222_401).unwrap();
    assert_ne!(yanji["level"], "none", "{yanji}");
    let because = &yanji["because"][0];
    for key in ["rule", "clause", "text_zh", "text_en"] {
        assert!(!because[key].as_str().unwrap().is_empty(), "{key}");
    }
    assert!(!because["evidence"].as_array().unwrap().is_empty());
    assert!(!record["reduction"]["measures"].as_array().unwrap().is_empty());
    for target in record["reduction"]["targets"].as_array().unwrap() {
        let reached = target["reached_fraction"].as_f64().unwrap();
        let required = target["required_fraction"].as_f64().unwrap();
        assert_eq!(target["met"].as_bool().unwrap(), reached >= required - 1e-9, "{target}");
    }
    certificate_follows_from_the_two_series(&record, &out_dir.join("runs/2026011512"));
    rules_of_the_night_are_archived(&record, &out_dir.join("runs/2026011512"));
    let check = hazecast(&["check", "--config", out_dir.join("night.toml").to_str().unwrap(), "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&check.stdout).unwrap();
    assert_eq!((&report["meteorology_times"], &report["rejections"]), (&97.into(), &serde_json::json!([])), "{report}");
}

/// The rules that the decision names, with the hash of the file they were read from; the advice of every area.
fn rules_of_the_night_are_archived(record: &serde_json::Value, run: &Path) {
    let rules: serde_json::Value = serde_json::from_slice(&std::fs::read(run.join("rules.json")).unwrap()).unwrap();
    assert_eq!(
        (&rules["run"], &rules["date"], &rules["adcode"]),
        (&record["run"], &"2026-01-15".into(), &222_400.into())
    );
    let parts = rules["in_force"].as_array().unwrap();
    let id_of =
        |what: &str, part: &str| parts.iter().find(|e| e["what"] == what && e["part"] == part).unwrap()["id"].clone();
    assert_eq!(id_of("warning", "scheme"), record["warning"]["scheme"]);
    assert_eq!(id_of("aqi", "standard"), record["forecast"]["counties"][0]["days"][0]["aqi"]["standard"]);
    let seed = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/seeds/warning.toml"));
    let hash = hazecast::archive::durable::sha256(seed);
    assert!(rules["files"].as_array().unwrap().iter().any(|f| f["sha256"] == hash.as_str()), "{}", rules["files"]);
    let manifest = std::fs::read_to_string(run.join("manifest.json")).unwrap();
    assert!(manifest.contains("\"rules.json\""), "{manifest}");
    let advised: Vec<&serde_json::Value> = record["advice"].as_array().unwrap().iter().map(|a| &a["adcode"]).collect();
    let counties = record["warning"]["counties"].as_array().unwrap().iter().map(|c| &c["adcode"]);
    assert_eq!(
        advised,
        std::iter::once(&record["warning"]["prefecture"]["adcode"]).chain(counties).collect::<Vec<_>>()
    );
}

/// Day means before and after in the certificate equal the means of the two archived series, and every county is cleaner or equal.
fn certificate_follows_from_the_two_series(record: &serde_json::Value, run: &Path) {
    let rows = |name: &str| hazecast::archive::series::read_rows(&run.join(name)).unwrap();
    let (base, cut) = (rows("series.parquet"), rows("series_cut.parquet"));
    let mut compared = 0;
    for county in record["certificate"]["counties"].as_array().unwrap() {
        for day in county["days"].as_array().unwrap() {
            let mean = |rows: &[hazecast::archive::series::SeriesRow]| {
                let values: Vec<f64> = rows
                    .iter()
                    .filter(|r| u64::from(r.adcode) == county["adcode"].as_u64().unwrap())
                    .filter(|r| {
                        r.pollutant.name() == "PM2.5" && day["beijing_day"] == r.beijing_day.to_string().as_str()
                    })
                    .map(|r| r.value)
                    .collect();
                values.iter().sum::<f64>() / values.len() as f64
            };
            let (before, after) =
                (day["pm25_before_ug_m3"].as_f64().unwrap(), day["pm25_after_ug_m3"].as_f64().unwrap());
            // day means are of hours in whole thousandths, the series keeps every digit
            let same = |series: f64, day: f64| (series - day).abs() <= 0.000_5;
            assert!(same(mean(&base), before) && same(mean(&cut), after), "{day}");
            assert!(after <= before + 1e-6, "{day}");
            compared += 1;
        }
    }
    assert!(compared >= 24, "{compared} county-days");
    assert!(record["certificate"]["largest_fall_ug_m3"].as_f64().unwrap() > 1.0);
}

/// Every `hazecast` line of the README's shell blocks is a command that this binary accepts, and the two make targets exist.
#[test]
fn commands_of_the_readme_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let makefile = std::fs::read_to_string(root.join("Makefile")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().join("demo");
    assert!(hazecast(&["demo", "--out", demo.to_str().unwrap(), "--no-serve"]).status.success());
    let config = demo.join("night.toml");
    // names in the README -> paths here; after the example's night its own weather came
    let own = ["daily.csv", "hours.csv", "register.xlsx", "template.xlsx", "lists", "emissions.nc", "nox.svg"]
        .map(|name| (name, folder.path().join(name)));
    let configs = ["night.toml", "after.toml"].map(|name| (name, config.clone()));
    let obs = ("obs.csv", demo.join("inbox/obs/china_sites_20260114.csv"));
    let pictures = ["map.png", "section.svg"].map(|name| (name, folder.path().join(name)));
    let weather = std::fs::read_dir(demo.join("inbox/met")).unwrap().map(|f| f.unwrap().path()).min().unwrap();
    let others = pictures.into_iter().chain([obs, ("wrfout_d01", weather)]);
    let named: Vec<(&str, std::path::PathBuf)> = own.into_iter().chain(configs).chain(others).collect();
    let observed: String = (1..24).map(|h| format!("20260116,{h},PM2.5,{0},{0},{0}\n", 90 + h)).collect();
    let observed = format!("date,hour,type,2237A,2238A,2239A\n{observed}20260117,0,PM2.5,80,80,80\n");
    std::fs::write(folder.path().join("hours.csv"), observed).unwrap();
    let header = "adcode,date,pm25_ug_m3,pm10_ug_m3,so2_ug_m3,no2_ug_m3,co_mg_m3,o3_8h_ug_m3";
    std::fs::write(
        folder.path().join("daily.csv"),
        format!("{header}\n222401,2026-01-01,31,52,9,24,0.6,58\n222401,2026-01-02,66,81,11,30,0.9,61\n"),
    )
    .unwrap();
    let mut ran = Vec::new();
    let blocks = readme.split("```sh").skip(1).map(|b| b.split("```").next().unwrap());
    for line in blocks.flat_map(str::lines) {
        let command = line.split('#').next().unwrap().trim();
        if let Some(target) = command.strip_prefix("make ") {
            assert!(makefile.contains(&format!("\n{target}: ")), "make {target}");
            ran.push(command);
        } else if let Some(rest) = command.strip_prefix("hazecast ") {
            let mut args: Vec<&str> = rest.split_whitespace().collect();
            for arg in &mut args {
                if let Some((_, path)) = named.iter().find(|(name, _)| name == arg) {
                    *arg = path.to_str().unwrap();
                }
            }
            if args[0] == "serve" {
                served(&args);
            } else {
                if args[0] == "demo" {
                    args.extend(["--out", demo.to_str().unwrap()]);
                }
                let out = hazecast(&args);
                assert!(out.status.success(), "{command}: {}", text(&out.stderr));
            }
            ran.push(command);
        }
    }
    assert_eq!(ran.len(), 35, "{ran:?}");
}

/// The plan that the README shows is one that `rules check` accepts and the configuration takes.
#[test]
fn the_plan_of_the_readme_is_sound() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let plan = readme.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.toml");
    std::fs::write(&path, plan).unwrap();
    let out = hazecast(&["rules", "check", "--plan", path.to_str().unwrap()]);
    assert!(out.status.success(), "{}", text(&out.stdout));
    let shown =
        hazecast(&["rules", "show", "--date", "2026-07-01", "--what", "warning", "--plan", path.to_str().unwrap()]);
    assert!(text(&shown.stdout).contains("id = yanbian-2026"), "{}", text(&shown.stdout));
    std::fs::write(&path, plan.replace("aqi_above = 150, hours = 24", "aqi_above = 200, hours = 24")).unwrap();
    assert_eq!(hazecast(&["rules", "check", "--plan", path.to_str().unwrap()]).status.code(), Some(2));
}

/// Starts the server on a free port of loopback and asks it for the warning.
fn served(args: &[&str]) {
    use std::io::{BufRead, BufReader, Read, Write};
    let mut args = args.to_vec();
    let listen = args.iter().position(|a| *a == "--listen").unwrap();
    args[listen + 1] = "127.0.0.1:0";
    let mut child = Command::new(env!("CARGO_BIN_EXE_hazecast"))
        .args(&args)
        .env("LANG", "C")
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.split("http://").nth(1).unwrap().trim().trim_end_matches('/').to_owned();
    let mut stream = std::net::TcpStream::connect(&address).unwrap();
    write!(stream, "GET /v1/warnings/current HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    for word in ["level", "counties", "clause", "certificate"] {
        assert!(answer.contains(word), "{word} in {answer}");
    }
}

/// What a sceptic does to the example's inputs: the night stops, or says that it is degraded; it never goes on as if nothing were wrong.
#[test]
fn damaged_inputs_stop_or_degrade_the_night() {
    let folder = tempfile::tempdir().unwrap();
    let inventory =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/yanbian/inventory.csv")).unwrap();
    let config = hazecast::cli::example::write(folder.path(), &inventory).unwrap();
    let check = |expected: i32, words: &[&str]| {
        let out = hazecast(&["check", "--config", config.to_str().unwrap(), "--json"]);
        let said = text(&out.stdout);
        assert_eq!(out.status.code(), Some(expected), "{said}");
        words.iter().for_each(|w| assert!(said.contains(w), "{w} in {said}"));
    };
    let inbox = folder.path().join("inbox");
    let (emissions, fires) = (inbox.join("emissions/inventory.csv"), inbox.join("fires/MODIS_C6_1_example.csv"));
    check(0, &[]);
    // cut in the middle of a record: how much is missing cannot be known
    std::fs::write(&emissions, &inventory[..inventory.len() / 2 + 7]).unwrap();
    check(3, &["inventory.csv", "middle of a record"]);
    // a row of words: refused, and every number is too low
    let (header, rows) = inventory.split_once('\n').unwrap();
    let (_, rest) = rows.split_once('\n').unwrap();
    std::fs::write(&emissions, format!("{header}\nx,x,power,222401,east,north\n{rest}")).unwrap();
    check(5, &["line 2", "emissions are too low"]);
    // one county forgotten
    let without: Vec<&str> = inventory.lines().filter(|l| !l.contains("222426")).collect();
    std::fs::write(&emissions, without.join("\n") + "\n").unwrap();
    check(5, &["no source in Antu"]);
    std::fs::write(&emissions, &inventory).unwrap();
    std::fs::write(&fires, "").unwrap();
    check(5, &["MODIS_C6_1_example.csv", "refused"]);
    std::fs::remove_dir_all(inbox.join("fires")).unwrap();
    check(5, &["no open burning"]);
    std::fs::remove_dir_all(inbox.join("met")).unwrap();
    check(3, &["met"]);
}

/// The figures depend on the machine; their relations do not.
#[test]
fn bench_measures_every_kernel_beside_the_triad() {
    let out = hazecast(&["bench", "--grid", "demo", "--threads", "1", "--json"]);
    let speed: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((out.status.code(), &speed["threads"]), (Some(0), &serde_json::json!(1)));
    let number =
        |v: &serde_json::Value| v.as_f64().filter(|n| *n > 0.0 && n.is_finite()).unwrap_or_else(|| panic!("{v}"));
    let (triad, kernels) = (number(&speed["triad_gb_s"]), speed["kernels"].as_array().unwrap());
    assert!(kernels.len() >= 8);
    for kernel in kernels {
        let points = number(&kernel["points"]);
        assert!((number(&kernel["ns_per_point"]) * points / number(&kernel["seconds"]) / 1e9 - 1.0).abs() < 1e-6);
        if !kernel["share_of_triad"].is_null() {
            let passes = number(&kernel["share_of_triad"]) * triad * number(&kernel["ns_per_point"]) / 8.0;
            assert!((passes - passes.round()).abs() < 1e-6 && passes > 0.5, "{kernel}");
        }
    }
    for args in [["bench", "--threads", "0"], ["bench", "--grid", "nowhere"]] {
        assert_eq!(hazecast(&args).status.code(), Some(2), "{args:?}");
    }
}
