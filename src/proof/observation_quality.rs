//! Quality control on real hours: how much of what is really there is rejected, whether any real episode is, and how many injected faults are found.
//!
//! Faults are put into copies of the hours, one kind at a time, at places drawn with a fixed seed. Sizes are in the space of the tests,
//! ln(value + offset) with the offsets of `models/quality.toml`: a jump of ln 4 takes PM2.5 from 20 to 110 ug m-3. A value at or below what an instrument sees
//! repeats by itself, so no run is injected there.

use super::{Figure, Line, Material, Outcome, Parameter, Proof};
use crate::assimilation::quality::{check, rules::QualityRules};
use crate::domain::network::NetworkHours;
use crate::domain::pollutant::Pollutant;
use crate::domain::quality::{Flag, QualityReport, Verdict};
use crate::error::{Error, Result};
use crate::input::{hourly_files, stations_csv};
use crate::setup::library::Library;
use chrono::{DateTime, Utc};
use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};
use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// The proof as it is listed.
pub const PROOF: Proof = Proof {
    name: "observation-quality",
    zh: "观测质控：各类注入错误检出率90%以上，真实值误剔1%以下，真实重污染过程（两站PM2.5≥250）不得剔除",
    en: "quality control of observations: 90 % of injected faults found per kind, at most 1 % of real values rejected, no real episode among them",
    takes: &[
        (
            Parameter::Input,
            "hourly files: national (date,hour,type,1001A,...) or one per station (year,month,day,hour,PM2.5,...)",
        ),
        (Parameter::Stations, "positions of stations (ID,...,lon,lat), where known"),
        (Parameter::Overrides, "folder whose models/ replace built-in files"),
    ],
    run,
};

/// Share of injected faults that has to be found, and of real values that may be rejected.
const RECALL_NEEDED: f64 = 0.9;
const MOST_REJECTED: f64 = 0.01;
/// Stations with PM2.5 of this [ug m-3] or more in the same hour are an episode where there are two.
const EPISODE: f32 = 250.0;
/// Station-hours for one short and for one long fault of a pollutant.
const ONE_SHORT_IN: usize = 400;
const ONE_LONG_IN: usize = 4000;
/// Jump of an injected spike or calibration, as a factor on value + offset, and of a longer contradiction to the neighbours.
const FACTOR: f32 = 4.0;
const LONG_FACTOR: f32 = 5.0;

/// Kinds of injected faults: what is put in, and which pollutants have it.
const KINDS: [(&str, Kind); 8] = [
    ("negative", Kind::Negative),
    ("unit times 1000", Kind::Unit),
    ("spike", Kind::Spike),
    ("stuck", Kind::Stuck),
    ("24-h calibration", Kind::Calibration),
    ("neighbours", Kind::Neighbours),
    ("PM10 below PM2.5", Kind::ParticleOrder),
    ("zero for missing", Kind::Zero),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Negative,
    Zero,
    Unit,
    /// One hour.
    Spike,
    /// 6 ..= 24 hours.
    Stuck,
    /// The same hour of five days.
    Calibration,
    /// 6 ..= 24 hours.
    Neighbours,
    ParticleOrder,
}

/// What was found of one kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recall {
    pub kind: &'static str,
    pub injected: usize,
    pub rejected: usize,
    /// Share rejected.
    pub recall: f64,
    pub by_pollutant: BTreeMap<&'static str, (usize, usize)>,
}

type Value = (String, DateTime<Utc>, Pollutant);

fn run(material: &Material) -> Result<Outcome> {
    let Some(first) = material.input.first() else {
        return Err(Error::invalid("command line", "--input", "nothing", "files of hourly values"));
    };
    let mut library = Library::new(material.overrides);
    library.check_overrides()?;
    let rules = library.read("models/quality.toml", QualityRules::from_toml)?;
    let mut places = BTreeMap::new();
    if let Some(path) = material.stations {
        places.extend(stations_csv::read(path)?.items.into_iter().map(|s| (s.code, s.place)));
    }
    let mut observations = Vec::new();
    for path in material.input {
        observations.extend(hourly_files::read(path)?.items);
    }
    let network =
        NetworkHours::of(&observations).ok_or_else(|| Error::missing("values", first, "Give files with values"))?;
    drop(observations);
    Ok(of_network(&network, &|code| places.get(code).copied(), &rules))
}

/// The proof on a network.
pub fn of_network(
    network: &NetworkHours,
    places: &dyn Fn(&str) -> Option<(f64, f64)>,
    rules: &QualityRules,
) -> Outcome {
    let flags = check(network, places, rules);
    let report = QualityReport::new(network.count(), &flags);
    let false_share = report.rejected as f64 / report.values.max(1) as f64;
    let rejected = rejected(&flags);
    let (episodes, lost) = episodes(network, &rejected);
    let recalls: Vec<Recall> =
        KINDS.iter().filter_map(|(name, kind)| recall(name, *kind, network, places, rules)).collect();
    let mut figures = vec![
        Figure::at_most("real values rejected", false_share, "", MOST_REJECTED),
        Figure::at_most("real episode values rejected", lost as f64, "", 0.0),
    ];
    figures.extend(recalls.iter().map(|r| Figure::at_least(r.kind, r.recall, "", RECALL_NEEDED)));
    let mut lines = vec![Line::new(
        format!(
            "{} 个站 {} 小时，{} 个值；真实过程值 {episodes} 个",
            network.stations().len(),
            network.hours(),
            report.values
        ),
        format!(
            "{} stations, {} h, {} values; {episodes} values of real episodes",
            network.stations().len(),
            network.hours(),
            report.values
        ),
    )];
    for f in &report.faults {
        lines.push(Line::new(
            format!("真实数据 {}：存疑 {}，剔除 {}", f.fault.zh(), f.suspect, f.rejected),
            format!("real hours, {}: suspect {}, rejected {}", f.fault.en(), f.suspect, f.rejected),
        ));
    }
    for r in &recalls {
        let by: Vec<String> = r.by_pollutant.iter().map(|(p, (n, of))| format!("{p} {n}/{of}")).collect();
        lines.push(Line::new(
            format!("注入 {}：{}", r.kind, by.join("，")),
            format!("injected {}: {}", r.kind, by.join(", ")),
        ));
    }
    let details = json!({ "quality": report, "episode_values": episodes, "recalls": recalls });
    Outcome::new(PROOF.name, figures, details, lines)
}

fn rejected(flags: &[Flag]) -> BTreeSet<Value> {
    let rejected = flags.iter().filter(|f| f.verdict == Verdict::Rejected);
    rejected.map(|f| (f.station.clone(), f.end, f.pollutant)).collect()
}

/// Values of real episodes, and how many of them are rejected.
fn episodes(network: &NetworkHours, rejected: &BTreeSet<Value>) -> (usize, usize) {
    let p = Pollutant::Pm25;
    let (mut all, mut lost) = (0, 0);
    for hour in 0..network.hours() {
        let high: Vec<usize> = (0..network.stations().len())
            .filter(|s| network.get(p, *s, hour).is_some_and(|v| (EPISODE..=2000.0).contains(&v)))
            .collect();
        if high.len() >= 2 {
            all += high.len();
            let is_lost = |s: &&usize| rejected.contains(&(network.stations()[**s].clone(), network.end(hour), p));
            lost += high.iter().filter(is_lost).count();
        }
    }
    (all, lost)
}

/// Injects one kind into every pollutant that has it; `None` where the hours are too few for it.
fn recall(
    name: &'static str,
    kind: Kind,
    network: &NetworkHours,
    places: &dyn Fn(&str) -> Option<(f64, f64)>,
    rules: &QualityRules,
) -> Option<Recall> {
    let mut recall = Recall { kind: name, injected: 0, rejected: 0, recall: f64::NAN, by_pollutant: BTreeMap::new() };
    let only = |p| if kind == Kind::ParticleOrder { p == Pollutant::Pm10 } else { true };
    for pollutant in Pollutant::ALL.into_iter().filter(|p| only(*p) && network.of_pollutant(*p).is_some()) {
        let mut faulty = network.clone();
        let changed = inject(kind, pollutant, &mut faulty, rules);
        if changed.is_empty() {
            continue;
        }
        let found = rejected(&check(&faulty, places, rules));
        // of a pair out of order either may be the one
        let is_found = |(station, hour): &&(usize, usize)| {
            let at = |p| found.contains(&(network.stations()[*station].clone(), network.end(*hour), p));
            at(pollutant) || kind == Kind::ParticleOrder && at(Pollutant::Pm25)
        };
        let n = changed.iter().filter(is_found).count();
        recall.injected += changed.len();
        recall.rejected += n;
        recall.by_pollutant.insert(pollutant.name(), (n, changed.len()));
    }
    recall.recall = recall.rejected as f64 / recall.injected as f64;
    (recall.injected > 0).then_some(recall)
}

/// Puts faults of one kind in; returns the station and hour of each changed value.
fn inject(
    kind: Kind,
    pollutant: Pollutant,
    network: &mut NetworkHours,
    rules: &QualityRules,
) -> BTreeSet<(usize, usize)> {
    const DAY: usize = 24;
    let (stations, hours) = (network.stations().len(), network.hours());
    let offset = rules.of(pollutant).offset;
    let mut random = Pcg64::seed_from_u64(20_230_121 + pollutant as u64);
    let mut draw = |n: usize| (random.next_u64() % n.max(1) as u64) as usize;
    let long = matches!(kind, Kind::Stuck | Kind::Calibration | Kind::Neighbours);
    let events = (stations * hours / if long { ONE_LONG_IN } else { ONE_SHORT_IN }).max(12);
    let mut changed = BTreeSet::new();
    for _ in 0..events {
        let (station, length) = (draw(stations), 6 + draw(19));
        let span = match kind {
            Kind::Stuck | Kind::Neighbours => length,
            Kind::Calibration => 4 * DAY + 1,
            _ => 1,
        };
        if hours < span + 6 {
            continue;
        }
        // a fault that touches a gap or the end of the hours cannot be told from the beginning of an event
        let start = 3 + draw(hours - span - 5);
        let framed = [start - 1, start + span].iter().all(|h| network.get(pollutant, station, *h).is_some());
        if kind == Kind::Neighbours && !framed {
            continue;
        }
        let up = draw(2) == 0;
        let Some(value) = network.get(pollutant, station, start).filter(|v| *v > 0.0) else { continue };
        // downward only where there is something to lose
        let shifted = |v: f32| {
            if up || v < 4.0 * offset {
                (v + offset) * FACTOR - offset
            } else {
                ((v + offset) / FACTOR - offset).max(0.05 * offset)
            }
        };
        let hours_hit: Vec<usize> = match kind {
            Kind::Stuck | Kind::Neighbours => (start..start + span).collect(),
            Kind::Calibration => (0..5).map(|d| start + d * DAY).collect(),
            _ => vec![start],
        };
        if kind == Kind::Stuck && value <= rules.of(pollutant).seen_from {
            continue;
        }
        let size = if kind == Kind::Neighbours { LONG_FACTOR } else { FACTOR };
        let factor = if up || value < 4.0 * offset { size } else { 1.0 / size };
        for hour in hours_hit {
            let Some(now) = network.get(pollutant, station, hour) else { continue };
            let fine = network.get(Pollutant::Pm25, station, hour);
            let new = match kind {
                Kind::Negative => -now.max(0.1),
                Kind::Zero => 0.0,
                Kind::Unit => now * 1000.0,
                Kind::Spike => shifted(now),
                Kind::Calibration | Kind::Neighbours => ((now + offset) * factor - offset).max(0.05 * offset),
                Kind::Stuck => value,
                Kind::ParticleOrder => match fine.filter(|v| *v >= 15.0) {
                    Some(fine) => (fine * (0.3 + 0.35 * draw(1000) as f32 / 1000.0)).round(),
                    None => continue,
                },
            };
            network.row_mut(pollutant, station)[hour] = new;
            changed.insert((station, hour));
        }
    }
    changed
}
