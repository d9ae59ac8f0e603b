//! The bytes say what they are: a stale index, a file made again, a file of another run or step is never taken for what was asked for.

use super::grib::{Made, file, needed, step};
use super::server::{Reply, Server};
use super::{Kind, asked_bytes, fetch_step, is_index, run12, sample, trouble};
use hazecast::calendar::parse_cycle;
use hazecast::config::mirror::Provider;
use hazecast::fetch::index;
use hazecast::fetch::message::prove;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// A generator of the test's own, so that every run of it sees the same files.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

/// What is wrong with a pair of file and index: the index is that of `made`, the file another. `of`: which messages may be the wrong ones.
fn spoiled(kind: usize, made: &[Made], of: fn(&Made) -> bool, chance: &mut Chance) -> (Vec<u8>, String) {
    let (bytes, index) = file(made);
    let run = run12().run;
    let wanted: Vec<usize> = (0..made.len()).filter(|i| of(&made[*i])).collect();
    let one = wanted[chance.below(wanted.len())];
    let mut other = made.to_vec();
    match kind {
        // made again: other sizes from some message on
        0 => {
            let first = one.min(made.len() - 5);
            for m in &mut other[first..] {
                m.data.0 += 1 + chance.below(30);
            }
        }
        // of the run before, with the same sizes
        1 => other.iter_mut().for_each(|m| m.run = parse_cycle("2026-01-15T06Z").unwrap()),
        // of another step, with the same sizes
        2 => other.iter_mut().for_each(|m| m.hour += 3),
        // two fields changed places, with the same sizes
        3 => {
            let next = wanted[(wanted.iter().position(|w| *w == one).unwrap() + 1) % wanted.len()];
            let size = other[one].data.0.max(other[next].data.0);
            let mut listed = made.to_vec();
            listed[one].data.0 = size;
            listed[next].data.0 = size;
            if made[one].since.is_some() || made[next].since.is_some() {
                // an interval makes a longer message: another number in its place
                other[one].number += 50;
                return (file(&other).0, index);
            }
            other = listed.clone();
            other.swap(one, next);
            return (file(&other).0, file(&listed).1);
        }
        // broken off inside
        4 => return (bytes[..bytes.len() * (1 + chance.below(8)) / 10].to_vec(), index),
        // another level
        5 if other[one].surface.0 == 1 => other[one].surface.0 = 8,
        5 => other[one].surface.1 += 7,
        // another field
        6 => other[one].category += 40,
        // one message more in front, as when a field was added
        7 => other.insert(0, made[1 + chance.below(made.len() - 1)].clone()),
        // the index is that of the day before
        8 => return (bytes, index.replace(&run.format("d=%Y%m%d").to_string(), "d=20260114")),
        // zeros where a message should be
        _ => {
            let at = file(&made[..one]).0.len();
            let end = file(&made[..=one]).0.len();
            let mut zeroed = bytes.clone();
            zeroed[at..end].fill(0);
            return (zeroed, index);
        }
    }
    (file(&other).0, index)
}

/// Fetches pairs of index and file, of which every tenth do not belong together: how many sound ones were fetched rightly, and stale ones
/// detected.
fn pairs(range: std::ops::Range<usize>, folder: &Path) -> (usize, usize) {
    let mut chance = Chance(20_260_115 + range.start as u64);
    let current = Arc::new(Mutex::new((Vec::new(), String::new())));
    let served = current.clone();
    let server = Server::new(move |asked, _| {
        let (bytes, index) = &*served.lock().unwrap();
        if is_index(asked) { Reply::file(asked, index.as_bytes(), "\"i\"") } else { Reply::file(asked, bytes, "\"a\"") }
    });
    let (mut right, mut detected) = (0, 0);
    for pair in range {
        let made = step(run12().run, 3, || 20 + chance.below(60));
        let stale = pair % 10 == 7;
        *current.lock().unwrap() =
            if stale { spoiled(pair / 10 % 10, &made, needed, &mut chance) } else { file(&made) };
        let target = folder.join(format!("{pair}/f003"));
        let (fetched, _) = fetch_step(&server, "", &target);
        match (fetched, stale) {
            (Ok(_), false) => {
                let expected: Vec<u8> = made.iter().filter(|m| needed(m)).flat_map(Made::bytes).collect();
                right += usize::from(std::fs::read(&target).unwrap() == expected);
            }
            (Err(failure), true) => {
                assert_eq!(trouble(Err(failure)).kind, Kind::Stale, "pair {pair}");
                assert!(!target.exists(), "pair {pair}");
                detected += 1;
            }
            (other, _) => panic!("pair {pair}: {other:?}"),
        }
    }
    (right, detected)
}

/// 1,000 pairs of index and file, 100 of which do not belong together.
#[test]
fn of_a_thousand_indexes_the_hundred_stale_ones_are_found_and_no_wrong_field_is_used() {
    // in memory where there is such a folder: thousands of files are made durable here
    let shm = Path::new("/dev/shm");
    let memory = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() }.unwrap();
    let folder = memory.path();
    let parts: Vec<(usize, usize)> = std::thread::scope(|scope| {
        let part = |i: usize| i * 125..(i + 1) * 125;
        let threads: Vec<_> = (0..8).map(|i| scope.spawn(move || pairs(part(i), folder))).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let (right, detected) = parts.iter().fold((0, 0), |sum, p| (sum.0 + p.0, sum.1 + p.1));
    println!("{right} sound pairs fetched, {detected} stale ones detected");
    assert_eq!((right, detected), (900, 100));
}

/// What of the step no model run can do without, told by hand.
fn required(m: &Made) -> bool {
    needed(m) && !matches!(m.name, "DPT" | "HPBL" | "APCP")
}

/// With `whole_files` the file itself is fetched: it is taken where it is of the run and the step and has all that is required, and refused
/// where it is of another or lacks a field.
#[test]
fn a_whole_file_stands_in_only_when_it_is_the_right_one() {
    for kind in 0..10 {
        let mut chance = Chance(kind as u64 + 1);
        let mut size = || 20 + chance.below(60);
        let made = step(run12().run, 3, &mut size);
        let (bytes, index) = spoiled(kind, &made, required, &mut chance);
        let served = bytes.clone();
        let server = Server::new(move |asked, _| {
            let source = if is_index(asked) { index.as_bytes() } else { &served };
            Reply::file(asked, source, "\"a\"")
        });
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("f003");
        let (fetched, _) = fetch_step(&server, "whole_files = true", &target);
        let sound = matches!(kind, 0 | 3 | 7 | 8);
        match fetched {
            Ok(fetched) => {
                assert!(sound && fetched.whole, "kind {kind}");
                assert_eq!(fetched.instead.unwrap().kind, Kind::Stale);
                assert_eq!(std::fs::read(&target).unwrap(), bytes);
            }
            other => {
                assert_eq!((trouble(other).kind, sound, target.exists()), (Kind::Damaged, false, false), "kind {kind}");
            }
        }
    }
}

/// A line that is of no use to the model must not hide a field that is.
#[test]
fn a_field_of_the_model_under_another_name_is_a_stale_index() {
    let made = step(run12().run, 3, || 30);
    let of = |name: &str, level: &str| made.iter().find(|m| m.name == name && m.level == level).unwrap();
    let (wind, vorticity) = (of("UGRD", "850 mb"), of("ABSV", "850 mb"));
    let lines = |second: &Made| {
        let line = |m: &Made, n: &str| m.line(1, 0).replacen("1:", n, 1);
        line(wind, "1.1:") + &line(second, "1.2:")
    };
    let entries = index::read(Provider::Gfs, lines(vorticity).as_bytes()).unwrap();
    let told = |second: &Made| prove(Provider::Gfs, &entries[0], &wind.with(second), run12());
    assert!(told(vorticity).is_ok());
    for other in [of("VGRD", "850 mb"), of("VGRD", "500 mb"), of("TMP", "2 m above ground"), of("HPBL", "surface")] {
        let trouble = told(other).unwrap_err();
        assert!(trouble.kind == Kind::Stale && trouble.text.en.contains("ABSV"), "{trouble:?}");
    }
}

#[test]
fn a_file_that_is_replaced_meanwhile_is_not_mixed() {
    let (bytes, index, wanted) = sample();
    let server = Server::new(move |asked, before| match is_index(asked) {
        true => Reply::file(asked, index.as_bytes(), "\"i\""),
        false => Reply::file(asked, &bytes, if before < 3 { "\"old\"" } else { "\"new\"" }),
    });
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("f003");
    fetch_step(&server, "", &target).0.unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), wanted);
    // the index, three ranges of the old version and one of the new; then all again
    assert_eq!(asked_bytes(&server.asked()[5..]), wanted.len() as u64, "everything from the new version");
}

#[test]
fn a_field_that_is_required_and_not_listed_is_named() {
    let (bytes, index, _) = sample();
    let cut: String = index.lines().filter(|l| !l.contains("TMP:850 mb")).map(|l| format!("{l}\n")).collect();
    let server =
        Server::new(move |asked, _| Reply::file(asked, if is_index(asked) { cut.as_bytes() } else { &bytes }, "\"a\""));
    let folder = tempfile::tempdir().unwrap();
    let told = trouble(fetch_step(&server, "", &folder.path().join("f003")).0);
    assert_eq!(told.kind, Kind::Lacking);
    assert!(told.text.en.contains("TMP (Pressure(85000))"), "{told:?}");
}
