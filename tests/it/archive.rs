//! Our own files both ways: store, stages, fields, series. The API over them is in `archive_api.rs`.

#[path = "archive_api.rs"]
mod api;
#[path = "sample_record.rs"]
pub(crate) mod sample_record;

use chrono::{Duration, TimeZone, Utc};
use hazecast::archive::checkpoints::CheckpointFolder;
use hazecast::archive::durable::{sha256, sha256_file, write_atomic};
use hazecast::archive::run_id::RunId;
use hazecast::archive::store::{Published, Store};
use hazecast::archive::work::Work;
use hazecast::archive::{self, fields, series};
use hazecast::domain::grid::{Grid, HorizontalGrid};
use hazecast::domain::pollutant::Pollutant;
use hazecast::error::Error;
use hazecast::simulation::history::History;
use sample_record::{cycle, grid, history, record};
use std::fs;
use std::path::Path;

pub(crate) fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("runs")).unwrap();
    (folder, store)
}

/// Publishes the sample record of a cycle with its series.
pub(crate) fn publish(store: &Store, hours_after: i64, key: &str) -> (RunId, Published) {
    let cycle = cycle() + Duration::hours(hours_after);
    let (run, record) = (RunId::of(cycle), record(cycle));
    let lock = store.lock().unwrap();
    let work = store.begin(&lock, &run, key).unwrap();
    work.save_json(archive::RECORD, &record).unwrap();
    work.save_json(archive::RULES, &rules(&run)).unwrap();
    series::write(&work.path(archive::BASE_SERIES), &record.forecast).unwrap();
    (run, store.publish(&lock, &work).unwrap())
}

/// A document of rules, in short.
pub(crate) fn rules(run: &RunId) -> serde_json::Value {
    serde_json::json!({ "run": run, "date": "2026-01-15", "adcode": 222_400, "in_force": [], "files": [] })
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn sha256_is_that_of_fips_180() {
    // FIPS 180-2, appendix B.1
    assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    // longer than one buffer, so that the pieces are joined
    let bytes = vec![7u8; 600_000];
    fs::write(&path, &bytes).unwrap();
    assert_eq!(sha256_file(&path).unwrap(), (600_000, sha256(&bytes)));
}

#[test]
fn two_checkpoints_are_kept_and_no_later_one_survives_an_earlier() {
    let (_folder, store) = store();
    let lock = store.lock().unwrap();
    let work = store.begin(&lock, &RunId::of(cycle()), "a").unwrap();
    let (base, cut) = (work.checkpoints("fields").unwrap(), work.checkpoints("fields_cut").unwrap());
    let hours = |of: &CheckpointFolder| of.list().unwrap().into_iter().map(|(h, _)| h).collect::<Vec<_>>();
    for hour in [6, 12, 18, 120] {
        base.keep(hour, format!("base {hour}").as_bytes()).unwrap();
    }
    cut.keep(6, b"cut 6").unwrap();
    assert_eq!((hours(&base), hours(&cut)), (vec![120, 18], vec![6]));
    assert_eq!((base.read(0).unwrap(), base.read(1).unwrap()), (b"base 120".to_vec(), b"base 18".to_vec()));
    assert!(matches!(base.read(2).unwrap_err(), Error::Missing { .. }));
    // a run that went back behind 120 writes 24: 120 was damaged or of another run
    base.keep(24, b"base 24").unwrap();
    assert_eq!(hours(&base), [24, 18]);
    base.clear().unwrap();
    assert_eq!((hours(&base), hours(&cut)), (vec![], vec![6]));
    assert!(work.checkpoints("../x").is_err());
    // they are no part of a published run
    work.save_json(archive::RECORD, &record(cycle())).unwrap();
    work.save_json(archive::RULES, &rules(&RunId::of(cycle()))).unwrap();
    store.publish(&lock, &work).unwrap();
    assert_eq!(names(&store.folder().join("2026011512")), ["manifest.json", "record.json", "rules.json"]);
}

#[test]
fn run_ids_are_ten_digits_and_nothing_else() {
    assert_eq!(RunId::of(cycle()).as_str(), "2026011512");
    for bad in [
        "",
        "latest",
        "202601151",
        "20260115120",
        "2026-01-15",
        "../2026011",
        "２026011512",
        "202601151\0",
        "20260115\u{0661}",
    ] {
        assert!(bad.parse::<RunId>().is_err(), "{bad:?}");
        assert!(serde_json::from_value::<RunId>(serde_json::json!(bad)).is_err(), "{bad:?}");
    }
}

#[test]
fn an_atomic_write_replaces_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.json");
    write_atomic(&path, b"old").unwrap();
    write_atomic(&path, b"newer").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"newer");
    assert_eq!(names(folder.path()), ["record.json"]);
    // a device that is always full stands where the temporary file goes
    #[cfg(target_os = "linux")]
    {
        std::os::unix::fs::symlink("/dev/full", folder.path().join(".record.json.tmp")).unwrap();
        let error = write_atomic(&path, b"lost").unwrap_err();
        assert!(
            matches!(&error, Error::Io { path: p, source } if p == &path && source.raw_os_error() == Some(28)),
            "{error}"
        );
        assert_eq!(fs::read(&path).unwrap(), b"newer");
    }
    let nowhere = folder.path().join("absent/record.json");
    assert!(matches!(write_atomic(&nowhere, b"x").unwrap_err(), Error::Io { path, .. } if path == nowhere));
}

#[test]
fn one_writer_at_a_time() {
    let (_folder, store) = store();
    let other = Store::open(store.folder()).unwrap();
    let lock = store.lock().unwrap();
    let error = other.lock().unwrap_err();
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    assert_eq!(error.exit_code(), 7);
    drop(lock);
    other.lock().unwrap();
}

#[test]
fn a_stage_is_resumed_only_whole_and_only_for_the_same_inputs() {
    let (_folder, store) = store();
    let lock = store.lock().unwrap();
    let run = RunId::of(cycle());
    let forecast = sample_record::forecast(cycle());
    let load = |work: &Work| work.load_stage::<hazecast::forecast::Forecast>("forecast").unwrap();
    let work = store.begin(&lock, &run, "key-1").unwrap();
    assert_eq!(load(&work), None);
    work.save_stage("forecast", &forecast).unwrap();
    let work = store.begin(&lock, &run, "key-1").unwrap();
    assert_eq!(load(&work).as_ref(), Some(&forecast));

    let path = work.folder().join("stages/forecast.json");
    let whole = fs::read(&path).unwrap();
    let step = whole.len() / 97;
    for cut in (0..whole.len()).step_by(step) {
        fs::write(&path, &whole[..cut]).unwrap();
        assert_eq!(load(&work), None, "cut at {cut}");
        let mut flipped = whole.clone();
        flipped[cut] ^= 1;
        fs::write(&path, &flipped).unwrap();
        assert_eq!(load(&work), None, "bit flipped at {cut}");
    }
    fs::write(&path, &whole).unwrap();
    assert!(load(&work).is_some());
    // whole, but of another shape
    work.save_stage("forecast", &serde_json::json!({"cycle": 1})).unwrap();
    assert_eq!(load(&work), None);

    fs::write(&path, &whole).unwrap();
    let work = store.begin(&lock, &run, "key-2").unwrap();
    assert_eq!(load(&work), None);
    assert_eq!(names(work.folder()), ["stages"]);
    assert!(matches!(work.save_stage("../x", &1), Err(Error::Invalid { .. })));
}

#[test]
fn json_never_hides_a_nan() {
    let (_folder, store) = store();
    let lock = store.lock().unwrap();
    let work = store.begin(&lock, &RunId::of(cycle()), "key").unwrap();
    let mut record = record(cycle());
    record.warning.prefecture.because[0].evidence[0].pm25_ug_m3 = Some(f64::NAN);
    assert!(matches!(work.save_json(archive::RECORD, &record), Err(Error::Format { .. })));
    assert!(!work.path(archive::RECORD).exists());
}

#[test]
fn publishing_twice_changes_nothing_and_other_content_replaces() {
    let (_folder, store) = store();
    assert_eq!(store.latest().unwrap(), None);
    let (run, published) = publish(&store, 0, "key");
    assert_eq!(published, Published::New);
    assert_eq!(store.latest().unwrap(), Some(run.clone()));
    let first = store.read(&run).unwrap();
    assert_eq!(first.record, record(cycle()));
    let archived = names(&store.folder().join(run.as_str()));
    assert_eq!(archived, ["manifest.json", "record.json", "rules.json", "series.parquet"]);
    store.verify(&run).unwrap();

    assert!(store.is_published(&run, "key").unwrap());
    assert!(!store.is_published(&run, "other key").unwrap());
    assert!(!store.is_published(&RunId::of(cycle() + Duration::hours(12)), "key").unwrap());

    assert_eq!(publish(&store, 0, "key").1, Published::Unchanged);
    assert_eq!(store.manifest_sha256(&run).unwrap(), first.manifest_sha256);
    assert_eq!(publish(&store, 0, "other key").1, Published::Replaced);
    assert_ne!(store.manifest_sha256(&run).unwrap(), first.manifest_sha256);
    store.verify(&run).unwrap();
    assert_eq!(names(store.folder()), [".lock", "2026011512", "latest"]);
}

#[test]
fn latest_is_the_newest_cycle_whatever_was_published_last() {
    let (_folder, store) = store();
    publish(&store, 24, "key");
    publish(&store, 0, "key");
    publish(&store, 12, "key");
    let runs: Vec<String> = store.list().unwrap().into_iter().map(String::from).collect();
    assert_eq!(runs, ["2026011512", "2026011600", "2026011612"]);
    assert_eq!(store.latest().unwrap().unwrap().as_str(), "2026011612");
}

#[test]
fn a_crash_between_the_two_renames_loses_nothing() {
    let (_folder, store) = store();
    let (run, _) = publish(&store, 0, "key");
    let before = store.read(&run).unwrap();
    let (target, old) = (store.folder().join(run.as_str()), store.folder().join(".old-2026011512"));

    // after the first rename: the old run stands aside, the new one is still in its work folder
    fs::rename(&target, &old).unwrap();
    assert_eq!(store.read(&run).unwrap().record, before.record);
    assert_eq!(store.list().unwrap(), std::slice::from_ref(&run));
    drop(store.lock().unwrap());
    assert!(target.exists() && !old.exists());
    store.verify(&run).unwrap();

    // after the second: both are there, the new one under its name
    fs::create_dir(&old).unwrap();
    fs::write(old.join("record.json"), b"{}").unwrap();
    // and a crash before `latest` was written, and before the stages were removed
    fs::remove_file(store.folder().join("latest")).unwrap();
    fs::create_dir(target.join("stages")).unwrap();
    fs::write(target.join("stages/forecast.json"), b"x").unwrap();
    drop(store.lock().unwrap());
    assert_eq!(names(store.folder()), [".lock", "2026011512", "latest"]);
    assert!(!target.join("stages").exists());
    assert_eq!(store.latest().unwrap(), Some(run.clone()));
    store.verify(&run).unwrap();
}

#[test]
fn every_flipped_bit_is_found() {
    let (_folder, store) = store();
    let (run, _) = publish(&store, 0, "key");
    for name in ["manifest.json", "record.json", "rules.json", "series.parquet"] {
        let path = store.folder().join(run.as_str()).join(name);
        let whole = fs::read(&path).unwrap();
        // another input key makes another sound manifest: the night compares the key with its inputs
        let key = String::from_utf8_lossy(&whole).find("\"key\"").filter(|_| name == "manifest.json");
        let is_key = |place: usize| key.is_some_and(|k| (k + 1..k + 4).contains(&place));
        for place in (0..whole.len()).step_by(whole.len() / 40 + 1).filter(|p| !is_key(*p)) {
            let mut bytes = whole.clone();
            bytes[place] ^= 1 << (place % 8);
            fs::write(&path, &bytes).unwrap();
            let error = store.verify(&run).unwrap_err();
            assert!(matches!(error, Error::Format { .. } | Error::Io { .. }), "{name} {place}: {error}");
        }
        fs::write(&path, &whole).unwrap();
        store.verify(&run).unwrap();
    }
    fs::write(store.folder().join("2026011512/record.json"), b"{}").unwrap();
    assert!(!store.is_published(&run, "key").unwrap());
    assert_eq!(publish(&store, 0, "key").1, Published::Replaced);
    store.verify(&run).unwrap();
    let extra = store.folder().join(run.as_str()).join("extra.txt");
    fs::write(&extra, b"x").unwrap();
    assert!(store.verify(&run).unwrap_err().to_string().contains("extra.txt"));
    fs::remove_file(&extra).unwrap();
    fs::remove_file(store.folder().join(run.as_str()).join("series.parquet")).unwrap();
    assert!(store.verify(&run).unwrap_err().to_string().contains("series.parquet"));
}

fn bits(history: &History) -> Vec<(String, Vec<u32>)> {
    let mut all: Vec<(String, Vec<u32>)> = Pollutant::ALL
        .into_iter()
        .filter_map(|p| {
            let field = history.concentrations.get(p)?;
            Some((p.name().to_owned(), field.iter().map(|v| v.to_bits()).collect()))
        })
        .collect();
    for (name, field) in [
        ("mixing height", &history.mixing_height_m),
        ("east", &history.wind_east_m_s),
        ("north", &history.wind_north_m_s),
        ("temperature", &history.temperature_k),
    ] {
        all.push((name.to_owned(), field.iter().map(|v| v.to_bits()).collect()));
    }
    all
}

#[test]
fn fields_come_back_bit_for_bit_and_the_file_is_always_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (grid, run) = (grid(), RunId::of(cycle()));
    let history = history(cycle(), &grid);
    let (a, b) = (folder.path().join("a.nc"), folder.path().join("b.nc"));
    fields::write(&a, &grid, &history, cycle(), &run).unwrap();
    let back = fields::read_history(&a).unwrap();
    assert_eq!(back.ends, history.ends);
    assert_eq!(back.ledger, history.ledger);
    assert_eq!(bits(&back), bits(&history));
    assert!(back.concentrations.o3_ug_m3.is_none());
    // HDF5 can stamp objects with the second of their making
    std::thread::sleep(std::time::Duration::from_millis(1100));
    fields::write(&b, &grid, &back, cycle(), &run).unwrap();
    assert_eq!(sha256_file(&a).unwrap(), sha256_file(&b).unwrap());
    assert_eq!(names(folder.path()), ["a.nc", "b.nc"]);
}

#[test]
fn fields_on_a_longitude_latitude_grid_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let horizontal = HorizontalGrid::new("+proj=latlong +R=6370000", (13, 11), (128.0, 42.0), (0.1, 0.1)).unwrap();
    let grid = Grid { horizontal, ..grid() };
    let history = history(cycle(), &grid);
    let path = folder.path().join("fields.nc");
    fields::write(&path, &grid, &history, cycle(), &RunId::of(cycle())).unwrap();
    assert_eq!(bits(&fields::read_history(&path).unwrap()), bits(&history));
}

#[test]
fn fields_with_a_nan_are_refused_where_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let grid = grid();
    let mut history = history(cycle(), &grid);
    history.mixing_height_m[(2, 4, 7)] = f32::NAN;
    let path = folder.path().join("fields.nc");
    let error = fields::write(&path, &grid, &history, cycle(), &RunId::of(cycle())).unwrap_err();
    assert_eq!(error.exit_code(), 4);
    let text = error.to_string();
    assert!(text.contains("mixing_height") && text.contains("x 7 y 4") && text.contains("2026-01-15 15:00"), "{text}");
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[test]
fn damaged_fields_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fields.nc");
    assert!(matches!(fields::read_history(&path), Err(Error::Missing { .. })));
    fs::write(&path, b"no netcdf").unwrap();
    assert!(matches!(fields::read_history(&path), Err(Error::Format { .. })));
    // another program's file: the variables are not there
    netcdf::create(&path).unwrap().add_dimension("time", 3).unwrap();
    let error = fields::read_history(&path).unwrap_err().to_string();
    assert!(error.contains("dimension y"), "{error}");
}

#[test]
fn series_come_back_row_by_row_and_the_file_is_always_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let forecast = sample_record::forecast(cycle());
    let (a, b) = (folder.path().join("a.parquet"), folder.path().join("b.parquet"));
    let hash = series::write(&a, &forecast).unwrap();
    assert_eq!(sha256_file(&a).unwrap().1, hash);
    assert_eq!(series::write(&b, &forecast).unwrap(), hash);
    let rows = series::read_rows(&a).unwrap();
    // 8 counties x 72 hours x 5 pollutants: the model has no O3
    assert_eq!(rows.len(), 8 * 72 * 5);
    assert_eq!(rows, series::rows(&forecast));
    // hour 4 of the run ends at midnight in Beijing: hour 24 of the 15th
    let midnight = &rows[3 * 5];
    assert_eq!(midnight.end, Utc.with_ymd_and_hms(2026, 1, 15, 16, 0, 0).unwrap());
    assert_eq!((midnight.beijing_day.to_string().as_str(), midnight.beijing_hour), ("2026-01-15", 24));
    let table = series::read(&a).unwrap();
    assert_eq!(table.shape(), (2880, 12));

    let mut broken = forecast;
    broken.counties[0].hours[0].concentrations.so2_ug_m3.as_mut().unwrap().upper = f64::INFINITY;
    assert!(matches!(series::write(&b, &broken), Err(Error::Invalid { .. })));
    fs::write(&b, b"PAR1").unwrap();
    assert!(matches!(series::read_rows(&b), Err(Error::Format { .. })));
    assert!(matches!(series::read_rows(&folder.path().join("c")), Err(Error::Missing { .. })));
}
