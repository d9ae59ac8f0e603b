//! Fetching from servers that are late, slow, broken, or have been given another file; and folders in a provider's layout.

mod errands;
mod folders;
mod grib;
mod plain;
mod refusals;
pub mod server;
mod stale;

use grib::{file, needed, step};
use hazecast::calendar::parse_cycle;
use hazecast::config::mirror::{Fetching, Provider};
use hazecast::fetch::client::Client;
use hazecast::fetch::layout::Step;
use hazecast::fetch::partial::Failure;
use hazecast::fetch::resolver::system_lookup;
use hazecast::fetch::step_file::{self, Fetched, Wanted};
use hazecast::fetch::trouble::{Kind, Trouble};
use server::{Asked, Reply, Server};
use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

/// Settings for a server on loopback; `more` are further lines of `[fetch]`.
pub fn settings(server: &Server, more: &str) -> Fetching {
    let text = format!("hosts = [\"{}\"]\nloopback = true\nrequests_per_minute = 0\n{more}", server.address);
    toml_from(&text)
}

pub fn toml_from(text: &str) -> Fetching {
    toml::from_str(text).unwrap()
}

pub fn run12() -> Step {
    Step { run: parse_cycle("2026-01-15T12Z").unwrap(), hour: 3 }
}

/// Fetches the step; also the waits between tries.
pub fn fetch_step(server: &Server, more: &str, target: &Path) -> (Result<Fetched, Failure>, Vec<Duration>) {
    let waits = RefCell::new(Vec::new());
    let pause = |wait| waits.borrow_mut().push(wait);
    let settings = settings(server, more);
    let client = Client::new(&settings, &pause, system_lookup);
    let whole = settings.whole_files;
    let base = server.base();
    let wanted = Wanted { provider: Provider::Gfs, base: &base, step: run12(), lowest_pa: 10_000, whole };
    let fetched = step_file::fetch(&client, &wanted, target);
    drop(client);
    (fetched, waits.into_inner())
}

pub fn trouble(result: Result<Fetched, Failure>) -> Trouble {
    match result {
        Err(Failure::Of(trouble)) => trouble,
        other => panic!("{other:?}"),
    }
}

/// The file of the step and its index, with data of different sizes.
pub fn sample() -> (Vec<u8>, String, Vec<u8>) {
    let mut state = 7_usize;
    let made = step(run12().run, 3, || {
        state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
        100 + state % 400
    });
    let (bytes, index) = file(&made);
    let wanted = made.iter().filter(|m| needed(m)).flat_map(grib::Made::bytes).collect();
    (bytes, index, wanted)
}

/// Bytes of the ranges of the sample's file.
pub fn asked_bytes(asked: &[Asked]) -> u64 {
    let size = sample().0.len() as u64;
    asked.iter().filter_map(|a| a.range).map(|(first, last)| last.map_or(size, |l| l + 1) - first).sum()
}

pub fn is_index(asked: &Asked) -> bool {
    asked.path.ends_with(".idx")
}

/// Serves the sample; `odd` may answer a request for the file instead, by how many were answered before.
fn sample_server(odd: impl Fn(&Asked, usize) -> Option<Reply> + Send + Sync + 'static) -> (Server, Vec<u8>) {
    let (bytes, index, wanted) = sample();
    let server = Server::new(move |asked, before| {
        if is_index(asked) {
            return Reply::file(asked, index.as_bytes(), "\"i\"");
        }
        odd(asked, before).unwrap_or_else(|| Reply::file(asked, &bytes, "\"a\""))
    });
    (server, wanted)
}

#[test]
fn a_step_is_the_messages_that_the_model_needs() {
    let (server, wanted) = sample_server(|_, _| None);
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("gfs.t12z.pgrb2.0p25.f003");
    let (fetched, waits) = fetch_step(&server, "", &target);
    let fetched = fetched.unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), wanted);
    assert_eq!((fetched.published.bytes, fetched.resumed, fetched.whole), (wanted.len() as u64, 0, false));
    assert!(waits.is_empty());
    let asked = server.asked();
    assert!(asked.len() < 20 && asked.iter().filter(|a| !is_index(a)).all(|a| a.range.is_some()), "{}", asked.len());
    let sums = std::fs::read_to_string(folder.path().join("SHA256SUMS")).unwrap();
    let hash = hazecast::archive::durable::sha256(&wanted);
    assert_eq!(sums, format!("{hash}  gfs.t12z.pgrb2.0p25.f003\n"));
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn a_stopped_fetch_goes_on_behind_the_last_message() {
    let (server, wanted) = sample_server(|_, before| (before >= 4).then(|| Reply::status(404)));
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("f003");
    assert_eq!(trouble(fetch_step(&server, "", &target).0).kind, Kind::Absent);
    assert!(!target.exists());
    let part = folder.path().join(".f003.part");
    let left = std::fs::metadata(&part).unwrap().len();
    assert!(left > 1000 && left < wanted.len() as u64);
    // a torn end, as a power cut leaves it
    let mut torn = std::fs::read(&part).unwrap();
    torn.truncate(torn.len() - 17);
    std::fs::write(&part, torn).unwrap();
    let (healed, wanted) = sample_server(|_, _| None);
    // the same file on another port: index and version are the same
    let (fetched, _) = fetch_step(&healed, "", &target);
    let fetched = fetched.unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), wanted);
    assert!(fetched.resumed > left / 2 && fetched.resumed < left, "{} of {left}", fetched.resumed);
    assert_eq!(asked_bytes(&healed.asked()), wanted.len() as u64 - fetched.resumed);
}

#[test]
fn what_an_earlier_try_left_counts_only_as_far_as_it_is_right() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("f003");
    for damage in 0..5 {
        let (server, _) = sample_server(|_, before| (before >= 4).then(|| Reply::status(404)));
        trouble(fetch_step(&server, "", &target).0);
        let (part, note) = (folder.path().join(".f003.part"), folder.path().join(".f003.part.json"));
        let mut bytes = std::fs::read(&part).unwrap();
        match damage {
            0 => bytes[8 + 7] ^= 1,
            1 => bytes.extend(b"GRIB"),
            2 => std::fs::write(&note, "{}").unwrap(),
            3 => std::fs::remove_file(&note).unwrap(),
            _ => bytes.clear(),
        }
        std::fs::write(&part, bytes).unwrap();
        let (healed, wanted) = sample_server(|_, _| None);
        fetch_step(&healed, "", &target).0.unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), wanted, "damage {damage}");
        std::fs::remove_file(&target).unwrap();
    }
}

#[test]
fn a_busy_server_is_asked_again_after_longer_and_longer_waits() {
    let folder = tempfile::tempdir().unwrap();
    let (server, wanted) = sample_server(|_, before| match before {
        0..=2 => Some(Reply::status(503)),
        3 => Some(Reply::status(429).with("Retry-After", "40")),
        5 => Some(Reply {
            cut: Some(20),
            ..Reply::file(&Asked { path: String::new(), range: None, if_range: None }, &[0; 99], "")
        }),
        _ => None,
    });
    let target = folder.path().join("f003");
    let (fetched, waits) = fetch_step(&server, "first_wait_s = 3", &target);
    // the answer cut off at 20 bytes was a whole file, so it says that there are no ranges
    assert_eq!(trouble(fetched).kind, Kind::NoRanges);
    assert_eq!(waits, [3, 6, 12, 40].map(Duration::from_secs));
    let (fetched, waits) = fetch_step(&server, "", &target);
    assert!(fetched.is_ok() && waits.is_empty());
    assert_eq!(std::fs::read(&target).unwrap(), wanted);
}

#[test]
fn patience_ends() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("f003");
    let (server, _) = sample_server(|_, _| Some(Reply::status(503)));
    let (fetched, waits) = fetch_step(&server, "tries = 4", &target);
    let told = trouble(fetched);
    assert_eq!((told.kind, waits.len()), (Kind::Unreachable, 3));
    assert!(told.text.en.contains("4 tries") && told.text.zh.contains("4次"), "{told:?}");
    let (server, _) = sample_server(|_, _| Some(Reply::status(429).with("Retry-After", "7200")));
    let (fetched, waits) = fetch_step(&server, "", &target);
    assert_eq!((trouble(fetched).kind, waits.len()), (Kind::Unreachable, 0), "two hours are not waited for");
    let gone = Server::new(|_, _| Reply::status(200));
    let address = gone.address;
    drop(gone);
    let closed = Server::new(|_, _| Reply::status(200));
    let text = format!("hosts = [\"{address}\"]\nloopback = true\nrequests_per_minute = 0");
    drop(closed);
    let (settings, pause) = (toml_from(&text), |_| ());
    let client = Client::new(&settings, &pause, system_lookup);
    let asked = hazecast::fetch::client::Address::open(format!("http://{address}/x"));
    assert_eq!(client.small(&asked, 100).unwrap_err().kind, Kind::Unreachable);
}

#[test]
fn a_body_that_breaks_off_is_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("f003");
    let (bytes, index, wanted) = sample();
    let server = Server::new(move |asked, before| {
        let source = if is_index(asked) { index.as_bytes() } else { &bytes };
        let whole = Reply::file(asked, source, "\"a\"");
        match before % 2 {
            0 => Reply { cut: Some(whole.body.len() / 2), ..whole },
            _ => whole,
        }
    });
    let (fetched, waits) = fetch_step(&server, "", &target);
    fetched.unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), wanted);
    assert!(waits.len() > 5 && waits.iter().all(|w| w.as_secs() == 2), "{waits:?}");
}

#[test]
fn a_server_that_drips_is_left_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let (server, _) = sample_server(|asked, _| {
        let slow = Some(Duration::from_millis(300));
        Some(Reply { slow, ..Reply::file(asked, &vec![0; 100_000], "\"a\"") })
    });
    let begun = std::time::Instant::now();
    let (fetched, _) = fetch_step(&server, "request_s = 1\ntries = 2", &folder.path().join("f003"));
    assert_eq!(trouble(fetched).kind, Kind::Unreachable);
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

#[test]
fn requests_keep_the_pace() {
    let (server, _) = sample_server(|_, _| None);
    let folder = tempfile::tempdir().unwrap();
    let text = format!("hosts = [\"{}\"]\nloopback = true\nrequests_per_minute = 60", server.address);
    let (settings, waits) = (toml_from(&text), RefCell::new(Vec::new()));
    let pause = |wait| waits.borrow_mut().push(wait);
    let client = Client::new(&settings, &pause, system_lookup);
    let base = server.base();
    let wanted = Wanted { provider: Provider::Gfs, base: &base, step: run12(), lowest_pa: 10_000, whole: false };
    step_file::fetch(&client, &wanted, &folder.path().join("f003")).unwrap();
    let requests = client.requests() as usize;
    drop(client);
    let waits = waits.into_inner();
    assert_eq!((waits.len(), server.asked().len()), (requests - 1, requests));
    assert!(waits.iter().all(|w| w.as_millis() > 800 && w.as_millis() <= 1000), "{waits:?}");
}
