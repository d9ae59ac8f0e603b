//! Which files a night takes from a folder in a provider's layout, and what it says of those it lacks.

use super::grib::{file, step};
use hazecast::calendar::parse_cycle;
use hazecast::config::mirror::{Mirror, Provider};
use hazecast::error::Error;
use hazecast::fetch::layout::Step;
use hazecast::fetch::manifest;
use hazecast::fetch::mirror_folder::{Chosen, choose};
use std::path::{Path, PathBuf};

fn mirror(folder: &Path) -> Mirror {
    Mirror { provider: Provider::Gfs, folder: folder.into(), step_hours: 3, cycle_hours: None, older_runs: 3 }
}

fn at(run: &str, hour: u32) -> Step {
    Step { run: parse_cycle(run).unwrap(), hour }
}

fn path(folder: &Path, step: Step) -> PathBuf {
    folder.join(step.path(Provider::Gfs))
}

fn lay(folder: &Path, run: &str, hours: std::ops::RangeInclusive<u32>) {
    for hour in hours.step_by(3) {
        let step_at = at(run, hour);
        let path = path(folder, step_at);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, file(&step(step_at.run, hour, || 30)).0).unwrap();
    }
}

fn taken(folder: &Path, chosen: &Chosen) -> Vec<String> {
    let below = |p: &PathBuf| p.strip_prefix(folder).unwrap().to_string_lossy().replace("/atmos/gfs", "");
    chosen.files.iter().map(below).collect()
}

#[test]
fn the_newest_run_gives_the_forecast_and_runs_before_it_the_hours_before() {
    let folder = tempfile::tempdir().unwrap();
    let f = folder.path();
    lay(f, "2026-01-15T06Z", 0..=24);
    lay(f, "2026-01-15T12Z", 0..=12);
    let chosen = choose(&mirror(f), None, 3, 12).unwrap();
    assert_eq!((chosen.cycle, chosen.run), (parse_cycle("2026-01-15T12Z").unwrap(), chosen.cycle));
    assert!(chosen.degraded.is_empty(), "{:?}", chosen.degraded);
    let names = taken(f, &chosen);
    assert_eq!(names[0], "gfs.20260115/06.t06z.pgrb2.0p25.f003");
    assert_eq!(names[1], "gfs.20260115/06.t06z.pgrb2.0p25.f006");
    assert_eq!((names[2].as_str(), names.len()), ("gfs.20260115/12.t12z.pgrb2.0p25.f003", 6));
}

/// Eight faults of one step: the run is not used, the one before stands in, and the fault is named.
#[test]
fn a_faulty_step_takes_its_whole_run_away() {
    type Fault = fn(&Path, &Path);
    let faults: [(&str, Fault); 8] = [
        ("not there", |step, _| std::fs::remove_file(step).unwrap()),
        ("no field that the model takes", |step, _| std::fs::write(step, "").unwrap()),
        ("`<htm` instead of `GRIB`", |step, _| std::fs::write(step, "<html>not found, sorry</html>").unwrap()),
        ("are left", |step, _| {
            let bytes = std::fs::read(step).unwrap();
            std::fs::write(step, &bytes[..bytes.len() - 100]).unwrap();
        }),
        ("of the run 2026-01-15T06Z", |step, other| {
            std::fs::copy(other, step).unwrap();
        }),
        ("a field of 2026-01-15T18:00Z", |step, _| {
            std::fs::copy(step.with_file_name("gfs.t12z.pgrb2.0p25.f006"), step).unwrap();
        }),
        ("no TMP (Pressure(85000))", |path, _| {
            let mut messages = step(parse_cycle("2026-01-15T12Z").unwrap(), 9, || 30);
            messages.retain(|m| (m.name, m.level.as_str()) != ("TMP", "850 mb"));
            std::fs::write(path, file(&messages).0).unwrap();
        }),
        ("not the file of SHA256SUMS", |step, _| {
            manifest::record(step.parent().unwrap(), "gfs.t12z.pgrb2.0p25.f009", &"0".repeat(64)).unwrap();
        }),
    ];
    for (why, fault) in faults {
        let folder = tempfile::tempdir().unwrap();
        let f = folder.path();
        lay(f, "2026-01-15T06Z", 0..=18);
        lay(f, "2026-01-15T12Z", 0..=12);
        fault(&path(f, at("2026-01-15T12Z", 9)), &path(f, at("2026-01-15T06Z", 9)));
        let chosen = choose(&mirror(f), None, 0, 12).unwrap();
        assert_eq!(chosen.run, parse_cycle("2026-01-15T06Z").unwrap(), "{why}");
        assert_eq!(chosen.cycle, parse_cycle("2026-01-15T12Z").unwrap(), "{why}");
        assert_eq!(chosen.files.len(), 5, "hours 6 to 18 of the older run");
        let said = &chosen.degraded[0];
        assert!(
            said.contains("2026-01-15T12Z lacks hour 9") && said.contains(why) && said.contains("06Z stands in"),
            "{said}"
        );
    }
}

#[test]
fn without_a_run_that_reaches_far_enough_the_night_is_that_of_an_older_one_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let f = folder.path();
    lay(f, "2026-01-15T06Z", 0..=12);
    lay(f, "2026-01-15T12Z", 0..=6);
    let chosen = choose(&mirror(f), None, 0, 12).unwrap();
    assert_eq!((chosen.cycle, chosen.run), (parse_cycle("2026-01-15T06Z").unwrap(), chosen.cycle));
    assert!(chosen.degraded[1].contains("the night is that of the run 2026-01-15T06Z"), "{:?}", chosen.degraded);
    // a cycle that is asked for is not exchanged
    let error = choose(&mirror(f), parse_cycle("2026-01-15T12Z"), 0, 12).unwrap_err();
    let Error::Missing { what, .. } = &error else { panic!("{error}") };
    assert!(what.contains("lacks hour 9 (not there); hour 12 (not there)"), "{what}");
    assert_eq!(error.exit_code(), 3);
    let empty = tempfile::tempdir().unwrap();
    assert!(choose(&mirror(empty.path()), None, 0, 12).is_err());
    let none = empty.path().join("none");
    assert!(choose(&mirror(&none), None, 0, 12).is_err());
}

#[test]
fn runs_between_those_of_the_mirror_and_other_folders_do_not_disturb() {
    let folder = tempfile::tempdir().unwrap();
    let f = folder.path();
    lay(f, "2026-01-15T12Z", 0..=6);
    for name in ["gfs.20260115/13/atmos", "gfs.20269999/12", "gfs.20260116", "enkf.20260117/00", "gfs.20260115/xx"] {
        std::fs::create_dir_all(f.join(name)).unwrap();
    }
    std::fs::write(f.join("gfs.20260118"), "a file").unwrap();
    let chosen = choose(&mirror(f), None, 0, 6).unwrap();
    assert_eq!((chosen.cycle, chosen.degraded.len()), (parse_cycle("2026-01-15T12Z").unwrap(), 0));
}
