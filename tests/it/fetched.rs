//! Real files through a server and through folders: what comes out of them is what the files hold.

use super::fetch::server::{Asked, Reply, Server};
use super::real;
use hazecast::calendar::parse_cycle;
use hazecast::config::Config;
use hazecast::config::mirror::{Fetching, Provider};
use hazecast::fetch::client::Client;
use hazecast::fetch::layout::Step;
use hazecast::fetch::message::walk;
use hazecast::fetch::resolver::system_lookup;
use hazecast::fetch::step_file::{Wanted, fetch};
use hazecast::fetch::{fields, index};
use hazecast::input::{grib2, grib2_names};
use std::process::Command;

/// The run and hour of `gfs.t12z.pgrbf120.2p5deg.grib2`.
fn gfs_step() -> Step {
    Step { run: parse_cycle("2011-01-10T12Z").unwrap(), hour: 120 }
}

/// An inventory as wgrib2 prints it, of the fields that the model may take; others are called VAR.
fn inventory(bytes: &[u8]) -> String {
    let (mut at, mut number, mut text) = (0, 0, String::new());
    while at < bytes.len() {
        number += 1;
        let total = u64::from_be_bytes(bytes[at + 8..at + 16].try_into().unwrap()) as usize;
        let discipline = bytes[at + 6];
        let (mut section, mut fields) = (at + 16, Vec::new());
        while &bytes[section..section + 4] != b"7777" {
            let size = u32::from_be_bytes(bytes[section..section + 4].try_into().unwrap()) as usize;
            let s = &bytes[section..section + size];
            if s[4] == 4 {
                fields.push(line_of(discipline, s));
            }
            section += size;
        }
        for (i, field) in fields.iter().enumerate() {
            let part = if fields.len() > 1 { format!(".{}", i + 1) } else { String::new() };
            text += &format!("{number}{part}:{at}:d=2011011012:{field}:\n");
        }
        at += total;
    }
    text
}

fn line_of(discipline: u8, s: &[u8]) -> String {
    let value = i64::from(u32::from_be_bytes(s[24..28].try_into().unwrap()));
    let name = match (discipline, s[9], s[10]) {
        (0, 3, 5) => "HGT",
        (0, 0, 0) => "TMP",
        (0, 2, 2) => "UGRD",
        (0, 2, 3) => "VGRD",
        (0, 1, 0) => "SPFH",
        (0, 1, 1) => "RH",
        (0, 1, 22) => "CLWMR",
        (0, 3, 0) => "PRES",
        (0, 1, 8) => "APCP",
        (0, 1, 7) => "PRATE",
        (0, 3, 196) => "HPBL",
        (0, 0, 11) => "SHTFL",
        (0, 1, 13) => "WEASD",
        (0, 4, 192) => "DSWRF",
        (2, 0, 0) => "LAND",
        _ => "VAR",
    };
    let level = match (s[22], s[23]) {
        (1, _) => "surface".to_owned(),
        (100, 0) => format!("{} mb", value as f64 / 100.0),
        (103, 0) => format!("{value} m above ground"),
        other => format!("level {other:?}"),
    };
    let from = u32::from_be_bytes(s[18..22].try_into().unwrap());
    let time = match (s[8], s.get(46)) {
        (8, Some(1)) => format!("{from}-120 hour acc fcst"),
        (8, Some(0)) => format!("{from}-120 hour ave fcst"),
        (8, _) => format!("{from}-120 hour max fcst"),
        _ => "120 hour fcst".to_owned(),
    };
    format!("{name}:{level}:{time}")
}

/// A real GFS file fetched by ranges gives the same meteorology, bit for bit, as the whole file.
#[test]
fn a_real_run_by_ranges_is_the_meteorology_of_the_whole_file() {
    let Some(path) = real("met/gfs/gfs.t12z.pgrbf120.2p5deg.grib2") else { return };
    let bytes = std::fs::read(&path).unwrap();
    let text = inventory(&bytes);
    let served = (bytes.clone(), text.clone());
    let server = Server::new(move |asked: &Asked, _| {
        let source = if asked.path.ends_with(".idx") { served.1.as_bytes() } else { &served.0 };
        Reply::file(asked, source, "\"a\"")
    });
    let settings: Fetching =
        toml::from_str(&format!("hosts = [\"{}\"]\nloopback = true\nrequests_per_minute = 0", server.address)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("gfs");
    let client = Client::new(&settings, &|_| (), system_lookup);
    let base = server.base();
    let wanted = Wanted { provider: Provider::Gfs, base: &base, step: gfs_step(), lowest_pa: 100, whole: false };
    let fetched = fetch(&client, &wanted, &target).unwrap();
    let share = fetched.published.bytes as f64 / bytes.len() as f64;
    println!("{} of {} bytes in {} requests", fetched.published.bytes, bytes.len(), client.requests());
    assert!(share < 0.7, "{share}");
    let window = Some((120.0, 38.0, 136.0, 48.0));
    let (whole, part) = (grib2::read(&[path], window).unwrap(), grib2::read(&[target], window).unwrap());
    assert_eq!((whole.len(), part.len()), (1, 1));
    assert_eq!(format!("{whole:?}"), format!("{part:?}"));
    // every row of the table that the file has was found by it
    let entries = index::read(Provider::Gfs, text.as_bytes()).unwrap();
    let known = entries.iter().flat_map(|e| &e.fields).filter(|f| fields::field_of(Provider::Gfs, f).is_some()).count();
    assert!(known > 150, "{known}");
}

#[test]
fn real_files_are_walked_to_their_end_and_belong_to_one_run_and_time() {
    let ecmwf = |run: &str| Step { run: parse_cycle(run).unwrap(), hour: 0 };
    for (file, provider, step, messages) in [
        ("met/gfs/gfs.t12z.pgrbf120.2p5deg.grib2", Provider::Gfs, gfs_step(), 307),
        ("met/ecmwf/20240101000000-0h-oper-fc.grib2.0-10", Provider::EcmwfOpenData, ecmwf("2024-01-01T00Z"), 10),
    ] {
        let Some(path) = real(file) else { return };
        let bytes = std::fs::read(&path).unwrap();
        let look = |bytes: &[u8], step: Step| {
            walk(&mut std::io::Cursor::new(bytes), bytes.len() as u64, provider, step).unwrap()
        };
        // the first messages of a file are whole, but no file for a model run
        let sound = look(&bytes, step);
        assert!(
            if messages > 10 { sound == Ok(messages) } else { sound.is_err_and(|e| e.starts_with("no ")) },
            "{file}"
        );
        assert!(look(&bytes, Step { hour: step.hour + 3, ..step }).is_err(), "{file}");
        assert!(look(&bytes, Step { run: step.run + chrono::Duration::hours(6), ..step }).is_err(), "{file}");
        for cut in [1, 4, 1000, bytes.len() / 2] {
            assert!(look(&bytes[..bytes.len() - cut], step).is_err(), "{file} less {cut}");
        }
    }
}

/// Every field that is fetched is one that the reader of the files takes.
#[test]
fn the_tables_of_fetching_and_reading_agree() {
    for (provider, centre) in [(Provider::Gfs, 7), (Provider::EcmwfOpenData, 98)] {
        for field in fields::table(provider) {
            let (discipline, category, number) = field.code;
            let (surface, level) = field.surface;
            let level = if surface == 100 { 85_000 } else { level };
            let parameter = hazecast::input::grib2_product::Parameter {
                centre,
                template: 0,
                discipline,
                category,
                number,
                surface,
                level,
                member: None,
            };
            assert!(grib2_names::name(&parameter).is_some(), "{}", field.name);
        }
    }
}

/// The command: a night's files, said in JSON and in both languages; exit codes; `check` names what the mirror lacks.
#[test]
fn the_command_fetches_and_check_names_what_is_lacking() {
    let server = Server::new(|asked: &Asked, _| match asked.path.as_str() {
        "/fires_20260115.csv" => Reply::file(asked, b"latitude,longitude\n", "\"a\""),
        _ => Reply::status(404),
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("night.toml");
    let base = server.base();
    let plain = format!(
        "grid = \"yanbian-9km\"\nruns = \"runs\"\n[fetch]\nhosts = [\"{}\"]\nloopback = true\nmeteorology = \"{base}\"\n\
         [[fetch.files]]\nurl = \"{base}/fires_{{YYYY}}{{MM}}{{DD}}.csv\"\nto = \"fires.csv\"\n",
        server.address
    );
    let run = |args: &[&str]| {
        let out =
            Command::new(env!("CARGO_BIN_EXE_hazecast")).args(args).args(["--config", path.to_str().unwrap()]).output();
        let out = out.unwrap();
        (out.status.code(), String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr))
    };
    // without a mirror there is nowhere to lay meteorology
    let files_only = plain.replace(&format!("meteorology = \"{base}\"\n"), "");
    std::fs::write(&path, format!("{files_only}[inputs]\nmeteorology = [\"a.nc\"]\n")).unwrap();
    let (code, said) = run(&["fetch", "--cycle", "2026-01-15T12Z", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &report["complete"], &report["files"][0]["state"]), (Some(0), &true.into(), &"fetched".into()));
    let (code, said) = run(&["--lang", "zh", "fetch", "--cycle", "2026-01-16T12Z"]);
    assert!(code == Some(5) && said.contains("服务器上没有（404）") && said.contains("不齐全"), "{said}");
    std::fs::write(&path, format!("{plain}[inputs.mirror]\nprovider = \"gfs\"\nfolder = \"met\"\n")).unwrap();
    let (code, said) = run(&["--lang", "en", "fetch", "--cycle", "2026-01-15T12Z"]);
    assert!(code == Some(3) && said.contains("no run of the meteorology is complete"), "{said}");
    let (code, said) = run(&["--lang", "en", "check", "--cycle", "2026-01-15T12Z"]);
    assert_eq!(code, Some(3), "{said}");
    for word in ["2026-01-15T12Z lacks hour 0 (not there)", "and 21 more", "hazecast fetch"] {
        assert!(said.contains(word), "{word} in {said}");
    }
    std::fs::write(&path, "grid = \"demo\"\nruns = \"runs\"\n[inputs]\nmeteorology = [\"a.nc\"]\n").unwrap();
    assert_eq!(run(&["fetch"]).0, Some(2));
}

/// What the README shows is a configuration.
#[test]
fn the_tables_of_the_readme_are_taken() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let block = |begins: &str| {
        let blocks = readme.split("```text\n").skip(1).map(|b| b.split("```").next().unwrap());
        blocks.into_iter().find(|b| b.starts_with(begins)).unwrap().to_owned()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("night.toml");
    let text = format!("grid = \"demo\"\nruns = \"runs\"\n{}\n{}", block("[inputs.mirror]"), block("[fetch]"));
    std::fs::write(&path, text).unwrap();
    let config = Config::load(&path).unwrap();
    assert_eq!(config.fetch.unwrap().files[0].key_variable.as_deref(), Some("FIRMS_MAP_KEY"));
    assert_eq!(config.inputs.mirror.unwrap().step_hours, 3);
}
