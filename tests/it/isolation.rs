//! Outside files are read in child processes: whatever a child does, the parent goes on with one refusal.

use super::real;
use crate::tables::gridded_inventory::vocabulary;
use hazecast::error::{Error, Result};
use hazecast::input::isolation::answer::Sender;
use hazecast::input::isolation::limits::Limits;
use hazecast::input::isolation::{Confinement, Death, Isolation, Outcome, Task, confinement, read_all, read_each};
use hazecast::input::meteorology;
use hazecast::input::outside_file::{self, InventoryFile, MeteorologyContents, MeteorologyFile};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A task whose answer is three numbers; a child of the tests does what it likes instead.
#[derive(Serialize, Deserialize)]
struct ThreeNumbers {
    path: PathBuf,
}

impl Task for ThreeNumbers {
    const NAME: &'static str = "three-numbers";
    type Answer = Vec<f32>;

    fn file(&self) -> &Path {
        &self.path
    }

    fn read(&self) -> Result<Vec<f32>> {
        unreachable!("a child reads")
    }

    fn is_whole(answer: &Vec<f32>) -> bool {
        answer.len() == 3
    }
}

const MEMORY: u64 = 64 << 20;
/// Time enough on a busy machine.
const LIMITS: Limits = Limits { memory_bytes: MEMORY, processor_s: 1, wall: Duration::from_secs(90) };
/// For children that are to use up their time on the clock.
const SHORT: Limits = Limits { wall: Duration::from_millis(700), ..LIMITS };

fn shell(script: &str, limits: Limits) -> Isolation {
    Isolation::in_program("/bin/sh").with_arguments(["-c".into(), script.into()]).with_limits(limits)
}

fn hazecast() -> Isolation {
    Isolation::in_program(env!("CARGO_BIN_EXE_hazecast"))
}

/// Bytes of a whole answer.
fn answer(numbers: &[f32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut sender = Sender::new(&mut bytes).unwrap();
    let content: std::result::Result<&[f32], ()> = Ok(numbers);
    sender.write_all(&postcard::to_stdvec(&content).unwrap()).unwrap();
    sender.finish().unwrap();
    bytes
}

#[test]
fn a_child_that_fails_in_any_way_is_one_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outside.nc");
    std::fs::write(&file, b"CDF").unwrap();
    let file_with = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let whole = file_with("whole", &answer(&[1.0, 2.0, 3.0]));
    let two = file_with("two", &answer(&[1.0, 2.0]));
    let words = file_with("words", &{
        let mut bytes = Vec::new();
        Sender::new(&mut bytes).unwrap().finish().unwrap();
        bytes
    });
    let made = folder.path().join("made").display().to_string();
    let task = ThreeNumbers { path: file.clone() };

    let Outcome::Read(numbers) = shell(&format!("cat >/dev/null; cat {whole}"), LIMITS).outcome(&task) else {
        panic!("a whole answer is read")
    };
    assert_eq!(numbers, [1.0, 2.0, 3.0]);

    let fails_within = |limits: Limits, script: String, death: Death, words: &[&str]| {
        let begin = Instant::now();
        let Outcome::Died(found, error) = shell(&script, limits).outcome(&task) else { panic!("{script}: no failure") };
        assert!(begin.elapsed() < limits.wall + Duration::from_secs(10), "{script}: {:?}", begin.elapsed());
        let text = error.to_string();
        assert_eq!(found, death, "{script}: {text}");
        let Error::Format { path, place, remedy, .. } = &error else { panic!("{script}: {text}") };
        assert!(*path == file && !place.is_empty() && !remedy.is_empty() && error.exit_code() == 3, "{script}: {text}");
        assert!(words.iter().all(|w| text.contains(w)), "{script}: {text}");
    };
    let fails = |script, death, words: &[&str]| fails_within(LIMITS, script, death, words);
    let hangs = |script: &str, words: &[&str]| fails_within(SHORT, script.into(), Death::Hung, words);
    let after = |what: &str| format!("cat >/dev/null; {what}");
    // prints garbage, once and for ever
    fails(after("echo netcdf-readable"), Death::Unanswered, &["something else"]);
    fails("exec yes".into(), Death::Unanswered, &["something else"]);
    // hangs: asleep, awake, complaining
    hangs("exec sleep 60", &["no end", "0.7 s"]);
    hangs("exec yes >&2", &["no end"]);
    fails("while :; do :; done".into(), Death::Hung, &["no end", "1 s of processor time"]);
    // eats memory
    fails(after("exec tail /dev/zero"), Death::OutOfMemory, &["more than 64 MB of memory"]);
    // hands over more than half its memory
    let long = file_with("long", &answer(&vec![0.0; 10 << 20]));
    fails(after(&format!("cat {long}")), Death::OutOfMemory, &["answer of more than 32 MB", "cut it"]);
    // writes a file
    fails(after(&format!("echo something > {made}")), Death::Wrote, &["writes to a file"]);
    assert_eq!(std::fs::metadata(&made).map_or(0, |m| m.len()), 0);
    // ends without an answer, at once too
    fails(after("true"), Death::Unanswered, &["without an answer"]);
    fails("true".into(), Death::Unanswered, &["without an answer"]);
    fails(after("echo 'no such thing' >&2; exit 7"), Death::Unanswered, &["exit code 7", "no such thing"]);
    // an answer cut short, at each kind of place
    for bytes in [4, 8, 10, 20, 40] {
        fails(after(&format!("head -c {bytes} {whole}")), Death::Unanswered, &["cut short"]);
    }
    // an answer with something behind it, of another kind, that contradicts itself, before a bad end
    fails(after(&format!("cat {whole}; echo more")), Death::Unanswered, &["damaged"]);
    fails(after(&format!("cat {words}")), Death::Unanswered, &["cannot be understood"]);
    fails(after(&format!("cat {two}")), Death::Unanswered, &["contradict"]);
    fails(after(&format!("cat {whole}; exit 3")), Death::Unanswered, &["exit code 3"]);
    fails(after(&format!("cat {whole}; kill -SEGV $$")), Death::Crashed, &["signal 11"]);
    // crashes, with the place that it told last
    fails(after("kill -SEGV $$"), Death::Crashed, &["signal 11"]);
    let told = r"printf '\001variable T\n\001variable PHB\nH5Dread failed\n' >&2; kill -BUS $$";
    fails(after(told), Death::Crashed, &["reading variable PHB", "signal 7"]);
    fails(after("echo \"thread 'x' panicked at a.rs:1:\" >&2; echo sorry >&2; exit 101"), Death::Panicked, &["sorry"]);

    let nobody = Isolation::in_program("/no/such/program").outcome(&task);
    assert!(matches!(nobody, Outcome::Refused(Error::Io { .. })));
    let nothing = shell("true", LIMITS).outcome(&ThreeNumbers { path: folder.path().join("absent.nc") });
    assert!(matches!(nothing, Outcome::Refused(Error::Missing { .. })));
}

/// What a confined process can still do; run by the test below in a process of its own.
#[test]
fn confined() {
    let Some(file) = std::env::var_os("HAZECAST_TEST_CONFINED").map(PathBuf::from) else { return };
    let folder = file.parent().unwrap().to_path_buf();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let confined = confinement::confine(&file).unwrap();
    // a thread of later is confined too
    let can = std::thread::spawn(move || {
        let address = listener.local_addr().unwrap();
        [
            ("read the file", std::fs::read(&file).is_ok()),
            ("read another file", std::fs::read(folder.join("other")).is_ok()),
            ("list the folder", std::fs::read_dir(&folder).is_ok()),
            ("write the file", std::fs::OpenOptions::new().append(true).open(&file).is_ok()),
            ("make a file", std::fs::write(folder.join("new"), b"x").is_ok()),
            ("remove the file", std::fs::remove_file(folder.join("other")).is_ok()),
            ("start a program", std::process::Command::new("/bin/true").status().is_ok()),
            ("connect", std::net::TcpStream::connect(address).is_ok()),
        ]
    });
    let able: Vec<&str> = can.join().unwrap().into_iter().filter(|(_, able)| *able).map(|(what, _)| what).collect();
    println!("\n{confined:?}, able to: {}", able.join(", "));
}

/// Whether the kernel makes rules of Landlock's first version; making them confines nobody.
#[cfg(target_os = "linux")]
fn kernel_confines() -> bool {
    use landlock::{ABI, Access, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr};
    let rules = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    rules.handle_access(AccessFs::from_all(ABI::V1)).and_then(Ruleset::create).is_ok()
}

#[test]
#[cfg(target_os = "linux")]
fn a_child_can_read_its_file_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outside.nc");
    for name in ["outside.nc", "other"] {
        std::fs::write(folder.path().join(name), b"CDF").unwrap();
    }
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["isolation::confined", "--exact", "--nocapture"]).env("HAZECAST_TEST_CONFINED", &file);
    let output = child.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|l| l.split_once(", able to: ")).unwrap_or_else(|| panic!("{output:?}"));
    let (confined, able) = line;
    let told = outside_file::confinement(&hazecast()).unwrap();
    assert_eq!(format!("{told:?}"), confined);
    assert_eq!(told == Confinement::None, !kernel_confines());
    if told == Confinement::None {
        println!("skipped: this kernel has no Landlock");
        return;
    }
    // a kernel before Landlock's fourth version leaves the network
    assert_eq!(able.trim_end_matches(", connect"), "read the file");
    assert!(folder.path().join("other").exists() && !folder.path().join("new").exists());
}

/// A child whose parent has ended before it could say so does not read.
#[test]
#[cfg(target_os = "linux")]
fn a_child_ends_with_its_parent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outside.nc");
    std::fs::write(&path, b"CDF").unwrap();
    let asked_by = |parent: u32| {
        let request = postcard::to_stdvec(&(parent, MeteorologyFile { path: path.clone(), window: None })).unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hazecast"));
        command.args(["__read", MeteorologyFile::NAME]);
        let piped = || std::process::Stdio::piped();
        let mut child = command.stdin(piped()).stdout(piped()).stderr(piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(&request).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.success(), output.stdout.is_empty(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (success, silent, _) = asked_by(std::process::id());
    assert!(success && !silent);
    let (success, silent, said) = asked_by(std::process::id() + 1);
    assert!(!success && silent && said.contains("parent"), "{said}");
}

/// A shell whose hard limits are below those of a child: files are read within them.
#[test]
#[cfg(target_os = "linux")]
fn hard_limits_set_before_are_kept() {
    let Some(path) = real("met/gfs/gfs.t12z.pgrbf120.2p5deg.grib2") else { return };
    let script = "ulimit -d 1500000 && ulimit -t 50 && exec \"$0\" met info \"$1\" --json";
    let output = std::process::Command::new("/bin/sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_hazecast"), path.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Of thirty damaged files the first is told, and few more are tried.
#[test]
fn reading_stops_at_the_first_file_that_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = |i: usize| {
        let path = folder.path().join(format!("{i:02}.nc"));
        std::fs::write(&path, b"CDF").unwrap();
        MeteorologyFile { path, window: None }
    };
    let tasks: Vec<_> = (0..30).map(file).collect();
    let isolation = hazecast();
    let mut told = Vec::new();
    let Err(error) = read_all(Some(&isolation), &tasks, &mut |done| told.push(done)) else { panic!("damaged files") };
    assert!(error.to_string().contains("00.nc"), "{error}");
    assert!(told.len() < 10 && told.iter().copied().eq(1..=told.len()), "{told:?}");
    assert_eq!(read_each(Some(&isolation), &tasks[..5]).iter().filter(|r| r.is_err()).count(), 5);
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    files
}

/// Files found by fuzzing that crash, hang or panic the C library.
#[test]
fn files_that_crash_the_library_are_refused_with_a_reason() {
    let Some(folder) = real("broken_netcdf") else { return };
    let files = files_of(&folder);
    assert_eq!(files.len(), 19);
    let isolation =
        hazecast().with_limits(Limits { wall: Duration::from_secs(20), processor_s: 2, memory_bytes: 1 << 30 });
    let tasks: Vec<_> = files.iter().map(|path| MeteorologyFile { path: path.clone(), window: None }).collect();
    for (path, read) in files.iter().zip(read_each(Some(&isolation), &tasks)) {
        let Err(Error::Format { path: named, place, found, remedy, .. }) = read else { panic!("{path:?}: {read:?}") };
        println!("{}: {place}: {found}", path.file_name().unwrap().display());
        assert!(named == *path && !place.is_empty() && !found.is_empty() && !remedy.is_empty());
    }
    let window = (-180.0, -90.0, 180.0, 90.0);
    for path in files {
        let read = isolation.read(&InventoryFile { path: path.clone(), vocabulary: vocabulary(), window });
        assert!(matches!(read, Err(Error::Format { .. })), "{path:?}");
    }
}

/// What comes out of children is what is read here, bit for bit and in the order of the files.
#[test]
fn a_child_hands_over_what_its_file_holds() {
    let names = ["met/wrf/wrf_d01_allvars_cropped.nc", "met/gfs/gfs.t12z.pgrbf120.2p5deg.grib2"];
    let files: Vec<PathBuf> = names.iter().filter_map(|n| real(n)).collect();
    let isolation = hazecast();
    for path in &files {
        let here = meteorology::read(std::slice::from_ref(path), None, None);
        let there = meteorology::read(std::slice::from_ref(path), None, Some(&isolation));
        match (here, there) {
            (Ok(here), Ok(there)) => assert_eq!(format!("{here:?}"), format!("{there:?}")),
            // sound files that both refuse would show nothing
            (here, there) => panic!("{path:?}: {:?} {:?}", here.err(), there.err()),
        }
    }
    let order: Vec<_> = (0..7).filter_map(|i| files.get(i % files.len().max(1)).cloned()).collect();
    let tasks: Vec<_> = order.iter().map(|path| MeteorologyFile { path: path.clone(), window: None }).collect();
    let mut told = 0;
    let _ = meteorology::read_telling(&order, (None, None), Some(&isolation), &mut |done| told = done);
    assert_eq!(told, order.len());
    let kinds: Vec<Option<bool>> = read_each(Some(&isolation), &tasks)
        .into_iter()
        .map(|r| r.ok().map(|c| matches!(c, MeteorologyContents::Grib2(_))))
        .collect();
    let expected: Vec<Option<bool>> = order.iter().map(|p| Some(p.extension().is_some_and(|e| e == "grib2"))).collect();
    assert_eq!(kinds, expected);
}

#[test]
fn a_reader_that_needs_more_than_its_memory_is_one_refusal() {
    let Some(path) = real("met/gfs/gfs.t12z.pgrbf120.2p5deg.grib2") else { return };
    let task = MeteorologyFile { path, window: None };
    let tight = hazecast().with_limits(Limits { memory_bytes: 8 << 20, ..LIMITS });
    let outcome = tight.outcome(&task);
    assert!(matches!(outcome, Outcome::Died(Death::OutOfMemory, _)), "{outcome:?}");
}
