//! Quality control: made hours in which the fault is known, and real hours into which faults are put.

use crate::real;
use chrono::{DateTime, Duration, TimeZone, Utc};
use hazecast::assimilation::quality::check;
use hazecast::assimilation::quality::rules::QualityRules;
use hazecast::domain::network::NetworkHours;
use hazecast::domain::observation::Observation;
use hazecast::domain::pollutant::Pollutant;
use hazecast::domain::quality::{Fault, Flag, QualityReport, Verdict};
use hazecast::proof::{Material, Outcome, observation_quality};
use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};
use std::path::{Path, PathBuf};
use std::process::Command;

const STATIONS: usize = 6;
const HOURS: usize = 10 * 24;

fn rules() -> QualityRules {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/quality.toml");
    QualityRules::from_toml(&std::fs::read_to_string(&path).unwrap(), &path).unwrap()
}

fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap()
}

fn code(station: usize) -> String {
    format!("{}A", 2237 + station)
}

/// A town of six stations: one weather for all, a level and some noise of their own, whole numbers.
fn town() -> NetworkHours {
    let mut random = Pcg64::seed_from_u64(11);
    let mut noise = || (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64 - 0.5;
    let mut network = NetworkHours::missing((0..STATIONS).map(code).collect(), start(), HOURS);
    for pollutant in [Pollutant::Pm25, Pollutant::Pm10] {
        for station in 0..STATIONS {
            for hour in 0..HOURS {
                let t = hour as f64;
                let weather = 60.0 + 30.0 * (t / 37.0).sin() + 15.0 * (t * std::f64::consts::TAU / 24.0).sin();
                let fine = weather * (0.8 + 0.08 * station as f64) * (1.0 + 0.12 * noise());
                let value = if pollutant == Pollutant::Pm10 { 1.5 * fine } else { fine };
                network.row_mut(pollutant, station)[hour] = value.round() as f32;
            }
        }
    }
    network
}

fn flags(network: &NetworkHours) -> Vec<Flag> {
    check(network, &|_| None, &rules())
}

/// Hours of a station's PM2.5 with a verdict for a fault.
fn hours(flags: &[Flag], station: usize, fault: Fault, verdict: Verdict) -> Vec<usize> {
    let mine = flags.iter().filter(|f| f.station == code(station) && f.pollutant == Pollutant::Pm25);
    let mut hours: Vec<usize> = mine
        .filter(|f| f.fault == fault && f.verdict == verdict)
        .map(|f| (f.end - start()).num_hours() as usize)
        .collect();
    hours.sort_unstable();
    hours
}

fn rejected(flags: &[Flag]) -> usize {
    flags.iter().filter(|f| f.verdict == Verdict::Rejected).count()
}

#[test]
fn sound_hours_are_left_alone_whoever_stands_first() {
    let network = town();
    let found = flags(&network);
    assert_eq!(rejected(&found), 0, "{found:?}");
    assert!(found.len() < 10, "{found:?}");
}

#[test]
fn each_fault_is_found_under_its_name_and_nowhere_else() {
    let set = |change: &dyn Fn(&mut [f32])| {
        let mut network = town();
        change(network.row_mut(Pollutant::Pm25, 2));
        (flags(&network), network)
    };
    let (found, _) = set(&|row| (row[50], row[51], row[52]) = (-3.0, 0.0, row[52] * 1000.0));
    assert_eq!(hours(&found, 2, Fault::Range, Verdict::Rejected), [50, 51, 52]);
    assert_eq!(rejected(&found), 3);

    let (found, _) = set(&|row| row[60] = 400.0);
    assert_eq!(hours(&found, 2, Fault::Spike, Verdict::Rejected), [60]);
    let (found, _) = set(&|row| row[60] = 5.0);
    assert_eq!(hours(&found, 2, Fault::Spike, Verdict::Rejected), [60]);

    let (found, _) = set(&|row| {
        let value = row[70];
        row[70..80].fill(value);
    });
    let stuck = hours(&found, 2, Fault::Stuck, Verdict::Rejected);
    assert!(stuck.len() >= 10 && stuck.contains(&70) && stuck.contains(&79), "{stuck:?}");

    let (found, _) = set(&|row| (3..8).for_each(|day| row[24 * day + 4] *= 1.9));
    assert_eq!(hours(&found, 2, Fault::Calibration, Verdict::Rejected), [76, 100, 124, 148, 172]);

    let (found, _) = set(&|row| row[100..115].iter_mut().for_each(|v| *v *= 5.0));
    assert_eq!(hours(&found, 2, Fault::Neighbours, Verdict::Rejected), (100..115).collect::<Vec<_>>());

    let (found, network) = set(&|row| {
        row[30..60].fill(f32::NAN);
        row[44] = 55.0;
    });
    assert_eq!(hours(&found, 2, Fault::Isolated, Verdict::Suspect), [44]);
    assert_eq!(network.get(Pollutant::Pm25, 2, 44), Some(55.0), "values stay as they are");
}

#[test]
fn pm10_far_below_pm25_is_rejected_and_a_little_below_is_suspect() {
    let mut network = town();
    let fine = [10, 20].map(|h| network.get(Pollutant::Pm25, 1, h).unwrap());
    network.row_mut(Pollutant::Pm10, 1)[10] = (0.5 * fine[0]).round();
    network.row_mut(Pollutant::Pm10, 1)[20] = (0.95 * fine[1]).round();
    let found = flags(&network);
    let at = |hour: i64| found.iter().filter(move |f| f.end == start() + Duration::hours(hour));
    // far below it is out of the run of its own hours too: whichever kind says so, PM10 of that station is rejected and nothing else
    let rejected: Vec<_> = at(10).filter(|f| f.verdict == Verdict::Rejected).collect();
    assert!(!rejected.is_empty(), "{found:?}");
    assert!(rejected.iter().all(|f| f.station == code(1) && f.pollutant == Pollutant::Pm10), "{rejected:?}");
    let order: Vec<_> = at(20).filter(|f| f.fault == Fault::ParticleOrder).collect();
    assert!(order.iter().any(|f| f.verdict == Verdict::Suspect && f.pollutant == Pollutant::Pm10), "{order:?}");
    assert!(found.iter().filter(|f| f.fault == Fault::ParticleOrder).all(|f| f.pollutant == Pollutant::Pm10));
}

/// Smoke that two stations see is an episode, however sudden; what one sees alone is a spike.
#[test]
fn an_episode_at_two_stations_is_never_rejected() {
    let mut network = town();
    for station in [1, 4] {
        network.row_mut(Pollutant::Pm25, station)[90] = 620.0;
        network.row_mut(Pollutant::Pm10, station)[90] = 600.0;
    }
    let found = flags(&network);
    for station in [1, 4] {
        assert!(hours(&found, station, Fault::Spike, Verdict::Rejected).is_empty());
        assert_eq!(hours(&found, station, Fault::Spike, Verdict::Suspect), [90], "kept, and marked");
    }
    let mut alone = town();
    alone.row_mut(Pollutant::Pm25, 1)[90] = 620.0;
    assert_eq!(hours(&flags(&alone), 1, Fault::Spike, Verdict::Rejected), [90]);
}

/// Neighbours by position: a station far away is no companion, however alike.
#[test]
fn positions_decide_who_is_near() {
    let mut network = town();
    network.row_mut(Pollutant::Pm25, 0)[100..115].iter_mut().for_each(|v| *v *= 5.0);
    let found = |far: bool| {
        let place = |s: &str| Some(if far && s == code(0) { (120.0, 30.0) } else { (129.5, 42.9) });
        check(&network, &place, &rules())
    };
    assert_eq!(hours(&found(false), 0, Fault::Neighbours, Verdict::Rejected).len(), 15);
    assert!(hours(&found(true), 0, Fault::Neighbours, Verdict::Rejected).is_empty(), "nobody contradicts it there");
}

#[test]
fn the_report_counts_values_once_and_lists_the_first() {
    let flag = |hour, fault, verdict| Flag {
        station: code(0),
        end: start() + Duration::hours(hour),
        pollutant: Pollutant::Pm25,
        value: 1.0,
        fault,
        verdict,
    };
    let mut all = vec![
        flag(3, Fault::Spike, Verdict::Suspect),
        flag(3, Fault::Stuck, Verdict::Rejected),
        flag(3, Fault::Range, Verdict::Rejected),
        flag(9, Fault::Isolated, Verdict::Suspect),
    ];
    let report = QualityReport::new(500, &all);
    assert_eq!((report.values, report.rejected, report.suspect, report.rejections.len()), (500, 1, 1, 1));
    assert_eq!(report.rejections[0].fault, Fault::Range);
    all.extend((100..250).map(|h| flag(h, Fault::Range, Verdict::Rejected)));
    let report = QualityReport::new(500, &all);
    assert_eq!((report.rejected, report.rejections.len(), report.rejections_left_out), (151, 100, 51));
}

#[test]
fn values_become_a_network_and_gaps_stay_gaps() {
    let one = |station: usize, hour: i64, value: f64| Observation {
        station: code(station),
        end: start() + Duration::hours(hour),
        pollutant: Pollutant::Co,
        value,
    };
    let network = NetworkHours::of(&[one(1, 5, 0.7), one(0, 2, 0.4), one(1, 2, 0.5)]).unwrap();
    assert_eq!((network.stations().len(), network.hours(), network.count()), (2, 4, 3));
    assert_eq!(network.get(Pollutant::Co, 0, 0), Some(0.4));
    assert_eq!((network.get(Pollutant::Co, 0, 3), network.get(Pollutant::Co, 1, 3)), (None, Some(0.7)));
    assert!(NetworkHours::of(&[]).is_none() && network.of_pollutant(Pollutant::O3).is_none());
}

#[test]
fn rules_are_refused_by_the_name_of_the_field() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/quality.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    for (from, to, word) in [
        ("name = \"PM10\"", "name = \"PM1\"", "pollutant"),
        ("radius_km = 150.0", "radius_km = -1.0", "companions.radius_km"),
        ("hours = 24\n", "hours = 0\n", "companions.hours"),
        ("repeat = [0.28,", "repeat = [1.28,", "PM2.5: repeat"),
        ("gap_hours = 6", "gap_hours = 6\nfurther = 1", "further"),
    ] {
        assert!(text.contains(from), "{from}");
        let error = QualityRules::from_toml(&text.replacen(from, to, 1), &path).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

fn proven(input: &[PathBuf], stations: Option<&Path>) -> Outcome {
    let outcome = observation_quality::PROOF.prove(&Material { input, stations, ..Material::default() }).unwrap();
    outcome.lines.iter().for_each(|l| println!("{}", l.en));
    outcome.figures.iter().for_each(|f| println!("{:<32} {:.4} {:?}", f.name, f.value, f.threshold));
    outcome
}

#[test]
fn faults_in_real_hours_of_the_whole_country() {
    let files = ["obs/china_sites_20230120.csv", "obs/china_sites_20230121.csv"].map(real);
    let ([Some(a), Some(b)], Some(stations)) = (files, real("geo/ne_china_cnemc_stations.csv")) else { return };
    let outcome = proven(&[a, b], Some(&stations));
    assert!(outcome.passed, "{:?}", outcome.figures.iter().filter(|f| !f.passed).collect::<Vec<_>>());
}

#[test]
fn faults_in_three_years_of_beijing() {
    let Some(folder) = real("obs/beijing_12_stations_2013_201602") else { return };
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let outcome = proven(&files, None);
    assert!(outcome.passed, "{:?}", outcome.figures.iter().filter(|f| !f.passed).collect::<Vec<_>>());
}

#[test]
fn the_command_prints_flags_and_changes_nothing() {
    let Some(file) = real("obs/china_sites_20230121.csv") else { return };
    let before = std::fs::read(&file).unwrap();
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hazecast"));
        command.args(["obs", "check", file.to_str().unwrap()]).args(args).env("LANG", "C").env_remove("LC_ALL");
        let out = command.output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    let document: serde_json::Value = serde_json::from_str(&run(&["--json"])).unwrap();
    let (report, flags) = (&document["report"], document["flags"].as_array().unwrap());
    assert!(report["values"].as_u64().unwrap() > 200_000);
    let rejected = flags.iter().filter(|f| f["verdict"] == "rejected").count() as u64;
    assert!(rejected >= report["rejected"].as_u64().unwrap() && rejected > 0);
    let stations = document["stations"].as_array().unwrap();
    let sum: u64 = stations.iter().map(|s| s["rejected"].as_u64().unwrap()).sum();
    assert_eq!(sum, report["rejected"].as_u64().unwrap());
    assert!(run(&[]).contains("rejected") && run(&["--lang", "zh"]).contains("剔除"));
    assert!(std::fs::read(&file).unwrap() == before);
}
