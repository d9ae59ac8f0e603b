//! All that a night needs, from a server that has runs in GFS layout, fires and observations.

use super::grib::{file, step};
use super::server::{Asked, Reply, Server};
use hazecast::calendar::parse_cycle;
use hazecast::config::Config;
use hazecast::error::Error;
use hazecast::fetch::errand::{Report, State, World, fetch};
use hazecast::fetch::mirror_folder::choose;
use hazecast::fetch::resolver::system_lookup;
use hazecast::fetch::trouble::Kind;
use std::path::{Path, PathBuf};

const KEY: &str = "canary-0123456789";

/// Serves every step of every run up to a last hour, by run.
fn provider(last: impl Fn(&str) -> u32 + Send + Sync + 'static) -> Server {
    Server::new(move |asked: &Asked, _| {
        if let Some(rest) = asked.path.strip_prefix("/fires/") {
            return match rest.split_once('/') {
                Some((KEY, "2026-01-15")) => Reply::file(asked, b"latitude,longitude\n43.1,129.5\n", "\"f\""),
                Some((KEY, "echo")) => {
                    Reply::file(asked, format!("Sorry, there is no such table: {KEY}").as_bytes(), "\"e\"")
                }
                Some((KEY, _)) => Reply::file(asked, b"latitude,longitude\n", "\"g\""),
                _ => Reply::file(asked, b"Invalid MAP_KEY.", "\"h\""),
            };
        }
        // /gfs.20260115/12/atmos/gfs.t12z.pgrb2.0p25.f003.idx
        let parts: Vec<&str> = asked.path.split('/').collect();
        let [_, day, hour, "atmos", name] = parts[..] else { return Reply::status(404) };
        let day = day.trim_start_matches("gfs.");
        let run = parse_cycle(&format!("{}-{}-{}T{hour}Z", &day[..4], &day[4..6], &day[6..])).unwrap();
        let digits = name.split(".f").nth(1).unwrap().trim_end_matches(".idx");
        let lead: u32 = digits.parse().unwrap();
        if lead > last(&format!("{day}{hour}")) {
            return Reply::status(404);
        }
        let (bytes, index) = file(&step(run, lead, || 40));
        Reply::file(asked, if name.ends_with(".idx") { index.as_bytes() } else { &bytes }, "\"s\"")
    })
}

fn config(folder: &Path, server: &Server, more: &str) -> PathBuf {
    let path = folder.join("night.toml");
    let text = format!(
        "grid = \"demo\"\nruns = \"runs\"\nforecast_hours = 6\nspin_up_hours = 6\n\
         [inputs]\nmirror = {{ provider = \"gfs\", folder = \"met\", older_runs = 2 }}\n\
         [fetch]\nhosts = [\"{}\"]\nloopback = true\nrequests_per_minute = 0\nmeteorology = \"{}/\"\nfirst_wait_s = 0\ntries = 2\n{more}",
        server.address,
        server.base(),
    );
    std::fs::write(&path, text).unwrap();
    path
}

fn send(path: &Path) -> Report {
    let config = Config::load(path).unwrap();
    let world = World { pause: &|_| (), lookup: system_lookup, progress: &|_| () };
    fetch(&config, path, parse_cycle("2026-01-15T12Z").unwrap(), world).unwrap()
}

#[test]
fn what_is_fetched_is_what_the_night_takes() {
    let server = provider(|_| 384);
    let folder = tempfile::tempdir().unwrap();
    let path = config(folder.path(), &server, "");
    let report = send(&path);
    assert!(report.complete && !report.without_meteorology, "{report:?}");
    assert_eq!(report.run, Some(report.cycle));
    let required = report.files.iter().filter(|f| f.required).count();
    // 06 to 12 UTC from runs before, 15 and 18 from the run; then two runs' worth of hours to stand in for later ones
    assert_eq!((required, report.files.len()), (5, 5 + 4), "{:?}", report.files);
    let chosen = choose(Config::load(&path).unwrap().inputs.mirror.as_ref().unwrap(), None, 6, 6).unwrap();
    assert_eq!((chosen.files.len(), chosen.degraded.len()), (5, 0));
    // once more: nothing is asked for
    let asked = server.asked().len();
    let again = send(&path);
    assert!(
        again.complete && again.files.iter().all(|f| f.state == State::Present) && again.requests == 0,
        "{again:?}"
    );
    assert_eq!(server.asked().len(), asked);
}

/// Files brought by hand have no line in a list: sound ones stay as they are, others are fetched.
#[test]
fn what_was_copied_by_hand_stays_where_it_is_sound() {
    let server = provider(|_| 384);
    let folder = tempfile::tempdir().unwrap();
    let path = config(folder.path(), &server, "");
    let run = parse_cycle("2026-01-15T12Z").unwrap();
    let there = folder.path().join("met/gfs.20260115/12/atmos");
    std::fs::create_dir_all(&there).unwrap();
    let (own, other) = (there.join("gfs.t12z.pgrb2.0p25.f003"), there.join("gfs.t12z.pgrb2.0p25.f006"));
    // more data than the server's, so that it is seen which file lies there
    let bytes = file(&step(run, 3, || 77)).0;
    std::fs::write(&own, &bytes).unwrap();
    let mut lacking = step(run, 6, || 77);
    lacking.retain(|m| m.name != "PRES");
    std::fs::write(&other, file(&lacking).0).unwrap();
    let report = send(&path);
    assert!(report.complete, "{report:?}");
    let state = |end: &str| report.files.iter().find(|f| f.file.ends_with(end)).unwrap().state;
    assert_eq!((state("12z.pgrb2.0p25.f003"), state("12z.pgrb2.0p25.f006")), (State::Present, State::Fetched));
    assert!(std::fs::read(&own).unwrap() == bytes);
    assert!(server.asked().iter().all(|a| !a.path.contains("t12z.pgrb2.0p25.f003")));
}

/// Two configurations with runs of their own may share a mirror or a folder of plain files.
#[test]
fn one_errand_at_a_time_in_each_place() {
    let server = provider(|_| 384);
    let folder = tempfile::tempdir().unwrap();
    let files = format!(
        "[[fetch.files]]\nurl = \"{}/fires/{KEY}/{{YYYY}}-{{MM}}-{{DD}}\"\nto = \"fires/{{YYYY}}/{{MM}}{{DD}}.csv\"\ndays = 2\n",
        server.base()
    );
    let path = config(folder.path(), &server, &files);
    for place in ["met", "fires/2026"] {
        let place = folder.path().join(place);
        std::fs::create_dir_all(&place).unwrap();
        let other = std::fs::File::create(place.join(".fetch.lock")).unwrap();
        other.try_lock().unwrap();
        let config = Config::load(&path).unwrap();
        let world = World { pause: &|_| (), lookup: system_lookup, progress: &|_| () };
        let told = fetch(&config, &path, parse_cycle("2026-01-15T12Z").unwrap(), world).unwrap_err();
        assert!(matches!(&told, Error::Busy { path, .. } if path.ends_with(".fetch.lock")), "{told}");
    }
    assert!(server.asked().is_empty());
    assert!(send(&path).complete);
}

#[test]
fn an_older_run_stands_in_for_one_that_is_not_whole_yet() {
    let server = provider(|run| if run == "2026011512" { 3 } else { 384 });
    let folder = tempfile::tempdir().unwrap();
    let path = config(folder.path(), &server, "");
    let report = send(&path);
    assert!(!report.complete && !report.without_meteorology);
    assert_eq!(report.run, parse_cycle("2026-01-15T06Z"));
    let missing: Vec<_> = report.files.iter().filter(|f| f.state == State::Missing).collect();
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert!(missing[0].file.ends_with("f006") && missing[0].trouble.as_ref().unwrap().kind == Kind::Absent);
    let mirror = Config::load(&path).unwrap().inputs.mirror.unwrap();
    let chosen = choose(&mirror, parse_cycle("2026-01-15T12Z"), 6, 6).unwrap();
    assert_eq!(chosen.run, report.run.unwrap());
    assert!(chosen.degraded[0].contains("12Z lacks hour 6 (not there)"), "{:?}", chosen.degraded);
    let nothing = provider(|_| 0);
    let path = config(folder.path(), &nothing, "");
    std::fs::remove_dir_all(folder.path().join("met")).unwrap();
    assert!(send(&path).without_meteorology);
}

#[test]
fn plain_files_have_their_days_and_a_secret_that_nobody_sees() {
    let server = provider(|_| 384);
    let folder = tempfile::tempdir().unwrap();
    let files = format!(
        "[[fetch.files]]\nurl = \"{0}/fires/{{KEY}}/{{YYYY}}-{{MM}}-{{DD}}\"\nto = \"fires/viirs_{{YYYY}}{{MM}}{{DD}}.csv\"\ndays = 2\n\
         key_variable = \"HAZECAST_TEST_MAP_KEY\"\nbegins = \"latitude\"\n\
         [[fetch.files]]\nurl = \"{0}/fires/wrong/{{YYYY}}\"\nto = \"fires/wrong.csv\"\nbegins = \"latitude\"\n\
         [[fetch.files]]\nurl = \"{0}/fires/{{KEY}}/echo\"\nto = \"fires/echo.csv\"\nbegins = \"latitude\"\n\
         key_variable = \"HAZECAST_TEST_MAP_KEY\"\n\
         [[fetch.files]]\nurl = \"{0}/fires/{{KEY}}/x\"\nto = \"fires/unset.csv\"\nkey_variable = \"HAZECAST_TEST_UNSET\"\n",
        server.base()
    );
    let path = config(folder.path(), &server, &files);
    let told = std::process::Command::new(env!("CARGO_BIN_EXE_hazecast"))
        .args(["fetch", "--cycle", "2026-01-15T12Z", "--json", "--config", path.to_str().unwrap()])
        .env("HAZECAST_TEST_MAP_KEY", KEY)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&told.stdout).into_owned() + &String::from_utf8_lossy(&told.stderr);
    // something is missing
    assert_eq!(told.status.code(), Some(5), "{said}");
    let report: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    let files = report["files"].as_array().unwrap();
    let plain = &files[files.len() - 5..];
    let states: Vec<_> = plain.iter().map(|f| f["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["fetched", "fetched", "missing", "missing", "missing"]);
    let kinds: Vec<_> = plain.iter().filter_map(|f| f["trouble"]["kind"].as_str()).collect();
    assert_eq!(kinds, ["damaged", "damaged", "forbidden"]);
    assert_eq!((&report["complete"], &report["without_meteorology"]), (&false.into(), &false.into()));
    // a part of it is as little shown, where what is shown of an answer ends within it
    assert!(said.contains("no such table: {KEY}") && !said.contains(&KEY[..6]), "{said}");
    let read = |name: &str| std::fs::read_to_string(folder.path().join("fires").join(name)).unwrap();
    assert_eq!(read("viirs_20260115.csv"), "latitude,longitude\n43.1,129.5\n");
    assert_eq!(read("viirs_20260114.csv"), "latitude,longitude\n");
    assert!(!folder.path().join("fires/wrong.csv").exists() && !folder.path().join("fires/unset.csv").exists());
    // the list of hashes beside them is no table of fires
    let all = folder.path().join("fires/*").to_string_lossy().into_owned();
    assert_eq!(hazecast::config::expand(&[all]).unwrap().len(), 2);
    for file in std::fs::read_dir(folder.path().join("fires")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.contains(KEY));
    }
}

#[test]
fn nothing_is_fetched_without_the_word_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("night.toml");
    let world = World { pause: &|_| (), lookup: system_lookup, progress: &|_| () };
    let cycle = parse_cycle("2026-01-15T12Z").unwrap();
    let ask = |text: &str| {
        std::fs::write(&path, format!("grid = \"demo\"\nruns = \"runs\"\n{text}")).unwrap();
        Config::load(&path).and_then(|c| fetch(&c, &path, cycle, world))
    };
    let plain = "[inputs]\nmeteorology = [\"a\"]\n";
    assert!(matches!(ask(plain).unwrap_err(), Error::Invalid { field, .. } if field == "fetch"));
    for (bad, field) in [
        ("[fetch]\nhosts = [\"10.0.0.1\"]", "fetch.hosts"),
        ("[fetch]\nhosts = [\"localhost\"]", "fetch.hosts"),
        ("[fetch]\nhosts = []\ntries = 0", "fetch.tries"),
        ("[fetch]\nhosts = []\n[[fetch.files]]\nurl = \"https://a.example/{KEY}\"\nto = \"x\"", "fetch.files.url"),
        (
            "[fetch]\nhosts = []\n[[fetch.files]]\nurl = \"https://a.example/{KEY}\"\nto = \"{KEY}\"\nkey_variable = \"K\"",
            "fetch.files.to",
        ),
        ("[fetch]\nhosts = []\nmeteorology = \"https://a.example\"", "fetch.meteorology"),
        // a day would overwrite the one before
        (
            "[fetch]\nhosts = []\n[[fetch.files]]\nurl = \"https://a.example/{YYYY}{MM}{DD}\"\nto = \"x{YYYY}{MM}\"\ndays = 2",
            "fetch.files.to",
        ),
        // each day would be the same file
        (
            "[fetch]\nhosts = []\n[[fetch.files]]\nurl = \"https://a.example/{MM}{DD}\"\nto = \"{YYYY}{MM}{DD}\"\ndays = 2",
            "fetch.files.url",
        ),
        (
            "[fetch]\nhosts = []\n[[fetch.files]]\nurl = \"https://a.example/1\"\nto = \"x\"\n\
             [[fetch.files]]\nurl = \"https://a.example/2\"\nto = \"./x\"",
            "fetch.files.to",
        ),
        ("[inputs.mirror]\nprovider = \"gfs\"\nfolder = \"m\"", "inputs.meteorology"),
    ] {
        let error = ask(&format!("{plain}{bad}")).unwrap_err();
        assert!(matches!(&error, Error::Invalid { field: f, .. } if f == field), "{bad}: {error}");
    }
    for (bad, field) in
        [("step_hours = 2", "step_hours"), ("cycle_hours = 5", "cycle_hours"), ("older_runs = 99", "older_runs")]
    {
        let error = ask(&format!("[inputs.mirror]\nprovider = \"gfs\"\nfolder = \"m\"\n{bad}")).unwrap_err();
        assert!(matches!(&error, Error::Invalid { field: f, .. } if f.ends_with(field)), "{bad}: {error}");
    }
    // hosts that are not listed are not asked
    let report =
        ask(&format!("{plain}[fetch]\nhosts = []\n[[fetch.files]]\nurl = \"https://a.example/x\"\nto = \"x\""))
            .unwrap();
    assert_eq!((report.requests, report.files[0].trouble.as_ref().unwrap().kind), (0, Kind::Forbidden));
}
