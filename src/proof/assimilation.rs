//! Assimilation at stations left out: hourly observations of the north-east over the air that the model gives the region when it knows nothing of the
//! weather, the surroundings of `models/boundary.toml` on the date.
//!
//! Every station is foretold from all others in each hour. Beside it stand two references that need no model: the mean of the other stations, and the
//! nearest other station.

use super::{Figure, Line, Material, Outcome, Parameter, Proof};
use crate::assimilation::innovation::{DistanceBin, FittedErrors, covariances, fit};
use crate::assimilation::interpolation::{Departure, solve};
use crate::assimilation::observed::{Observed, background_error, departure, value};
use crate::assimilation::quality::{self, rules::QualityRules};
use crate::assimilation::settings::{AssimilationSettings, name};
use crate::chemistry::pm_lite::NO2_SHARE;
use crate::domain::grid::{VerticalGrid, distance_m};
use crate::domain::network::NetworkHours;
use crate::domain::observation::Observation;
use crate::domain::pollutant::{Concentrations, Pollutant};
use crate::domain::quality::{Flag, QualityReport, Verdict};
use crate::domain::species::members;
use crate::error::{Error, Result};
use crate::input::{observations_csv, stations_csv};
use crate::setup::library::Library;
use crate::simulation::analysis::Component;
use crate::simulation::boundary::BackgroundProfiles;
use crate::units::{gas_ug_m3, particle_ug_m3};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// The proof as it is listed.
pub const PROOF: Proof = Proof {
    name: "assimilation",
    zh: "同化真实小时观测：逐站剔除检验的均方根误差须比不同化降低30%以上",
    en: "real hourly observations assimilated: root mean square error at stations left out at least 30 % below no assimilation",
    takes: &[
        (Parameter::Input, "hourly national files (date,hour,type,1001A,...)"),
        (Parameter::Stations, "positions of stations (ID,...,lon,lat)"),
        (Parameter::Overrides, "folder whose models/ replace built-in files"),
    ],
    run,
};

/// Fall of the error at stations left out that has to be reached [%].
const FALL_NEEDED: f64 = 30.0;
/// Air density [kg m-3] of a winter day at the ground.
const DENSITY: f64 = 1.3;
/// Bins of distance for the innovation statistics [km].
const EDGES_KM: [f64; 9] = [0.0, 5.0, 10.0, 20.0, 40.0, 70.0, 110.0, 170.0, 300.0];

/// One component over all hours.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scores {
    pub component: &'static str,
    pub pairs: usize,
    pub observed_mean: f64,
    pub background: f64,
    /// Root mean square errors.
    pub without: f64,
    pub left_out: f64,
    pub mean_of_others: f64,
    pub nearest_other: f64,
    pub fall_percent: f64,
    /// Fitted to the hours' innovations, mean.
    pub spread: f64,
    pub statistics: Option<FittedErrors>,
    pub by_distance: Vec<DistanceBin>,
}

fn run(material: &Material) -> Result<Outcome> {
    let missing = |flag: &str, what: &str| Error::invalid("command line", flag, "nothing", what);
    if material.input.is_empty() {
        return Err(missing("--input", "hourly national files"));
    }
    let stations = material.stations.ok_or_else(|| missing("--stations", "a file with positions of stations"))?;
    let mut library = Library::new(material.overrides);
    library.check_overrides()?;
    let settings = library.read("models/assimilation.toml", AssimilationSettings::from_toml)?;
    let rules = library.read("models/quality.toml", QualityRules::from_toml)?;
    let profiles = library.read("models/boundary.toml", BackgroundProfiles::from_toml)?;
    let places: BTreeMap<String, (f64, f64)> =
        stations_csv::read(stations)?.items.into_iter().map(|s| (s.code, s.place)).collect();
    let mut observations = Vec::new();
    for path in material.input {
        let codes: Vec<String> =
            observations_csv::codes(path)?.into_iter().filter(|c| places.contains_key(c)).collect();
        if codes.is_empty() {
            return Err(Error::missing("stations with a known position", path, "Give positions of these stations"));
        }
        observations.extend(observations_csv::read(path, &codes)?.items);
    }
    let network = NetworkHours::of(&observations)
        .ok_or_else(|| Error::missing("observed values", &material.input[0], "Give files with values"))?;
    let flags = quality::check(&network, &|code| places.get(code).copied(), &rules);
    let hours = sound_hours(&observations, &flags, &places);
    let report = QualityReport::new(network.count(), &flags);
    let background = background(&profiles, network.end(0));
    let scores: Vec<Scores> =
        Component::ALL.into_iter().filter_map(|c| of_component(c, &hours, &background, &settings)).collect();
    let pm25 = scores.iter().find(|s| s.component == name(Component::Fine));
    let mut figures = vec![Figure::at_least(
        "PM2.5: fall of the error at stations left out",
        pm25.map_or(f64::NAN, |s| s.fall_percent),
        "%",
        FALL_NEEDED,
    )];
    figures.push(Figure::at_most(
        "PM2.5: error over that of the mean of the other stations",
        pm25.map_or(f64::NAN, |s| s.left_out / s.mean_of_others),
        "",
        1.0,
    ));
    let details =
        json!({ "hours": hours.len(), "stations": network.stations().len(), "quality": report, "components": scores });
    Ok(Outcome::new(PROOF.name, figures, details, lines(&scores, hours.len(), &network, &report)))
}

/// What quality control leaves, by hour and station.
fn sound_hours(
    observations: &[Observation],
    flags: &[Flag],
    places: &BTreeMap<String, (f64, f64)>,
) -> BTreeMap<DateTime<Utc>, Vec<Observed>> {
    let rejected: BTreeSet<_> = flags
        .iter()
        .filter(|f| f.verdict == Verdict::Rejected)
        .map(|f| (f.end, f.station.as_str(), f.pollutant))
        .collect();
    let mut hours: BTreeMap<DateTime<Utc>, BTreeMap<&str, Concentrations<f64>>> = BTreeMap::new();
    for o in observations.iter().filter(|o| !rejected.contains(&(o.end, o.station.as_str(), o.pollutant))) {
        hours.entry(o.end).or_default().entry(&o.station).or_default().set(o.pollutant, Some(o.value));
    }
    let observed = |(station, concentrations): (&str, Concentrations<f64>)| {
        places.get(station).map(|place| Observed { place: *place, concentrations })
    };
    hours.into_iter().map(|(end, stations)| (end, stations.into_iter().filter_map(observed).collect())).collect()
}

/// Surface concentrations of the model's surroundings.
fn background(profiles: &BackgroundProfiles, date: DateTime<Utc>) -> Concentrations<f64> {
    let lowest = VerticalGrid::new(vec![0.0, 20.0, 50.0]).expect("two layers");
    let air = profiles.on(date, &lowest);
    let mut out = Concentrations::default();
    for p in Pollutant::ALL.into_iter().filter(|p| !members(*p).is_empty()) {
        let q: f64 = members(p).iter().map(|s| f64::from(air.mixing_ratio[s.index()][0])).sum();
        out.set(
            p,
            Some(match p {
                Pollutant::Pm25 | Pollutant::Pm10 => particle_ug_m3(q, DENSITY),
                Pollutant::Co => gas_ug_m3(q) * 1e-3,
                Pollutant::No2 => gas_ug_m3(q) * NO2_SHARE,
                Pollutant::So2 | Pollutant::O3 => gas_ug_m3(q),
            }),
        );
    }
    out
}

fn of_component(
    component: Component,
    hours: &BTreeMap<DateTime<Utc>, Vec<Observed>>,
    background: &Concentrations<f64>,
    settings: &AssimilationSettings,
) -> Option<Scores> {
    let background = value(component, background)?;
    let most = settings.largest_factor.ln();
    let (mut errors, mut observed_sum, mut spreads, mut all) = ([0.0; 4], 0.0, 0.0, Vec::new());
    for stations in hours.values() {
        let seen: Vec<((f64, f64), f64)> =
            stations.iter().filter_map(|o| Some((o.place, value(component, &o.concentrations)?))).collect();
        if seen.len() < 2 {
            continue;
        }
        let departures: Vec<Departure> = seen.iter().map(|s| departure(component, *s, background, settings)).collect();
        let error = background_error(component, &departures, settings);
        let solved = solve(&departures, error);
        let sum: f64 = seen.iter().map(|s| s.1).sum();
        for (i, ((place, observed), left_out)) in seen.iter().zip(solved.left_out()).enumerate() {
            let mean = (sum - observed) / (seen.len() - 1) as f64;
            let others = seen.iter().enumerate().filter(|(j, _)| *j != i);
            let nearest = others.min_by(|a, b| distance_m(a.1.0, *place).total_cmp(&distance_m(b.1.0, *place)));
            let foretold =
                [background, background * left_out.clamp(-most, most).exp(), mean, nearest.map_or(mean, |n| n.1.1)];
            errors.iter_mut().zip(foretold).for_each(|(sum, f)| *sum += (f - observed).powi(2));
            observed_sum += observed;
            spreads += error.spread;
        }
        all.push(departures);
    }
    let pairs: usize = all.iter().map(Vec::len).sum();
    let n = pairs as f64;
    let [without, left_out, mean_of_others, nearest_other] = errors.map(|e| (e / n).sqrt());
    let variance = all.iter().flatten().map(|d| d.value * d.value).sum::<f64>() / n;
    let by_distance = covariances(&all, &EDGES_KM);
    (pairs > 0).then(|| Scores {
        component: name(component),
        pairs,
        observed_mean: observed_sum / n,
        background,
        without,
        left_out,
        mean_of_others,
        nearest_other,
        fall_percent: 100.0 * (1.0 - left_out / without),
        spread: spreads / n,
        statistics: fit(&by_distance, variance),
        by_distance,
    })
}

fn lines(scores: &[Scores], hours: usize, network: &NetworkHours, report: &QualityReport) -> Vec<Line> {
    let mut lines = vec![
        Line::new(
            format!(
                "{} 个站，{hours} 小时；质控剔除 {} / {} 个值",
                network.stations().len(),
                report.rejected,
                report.values
            ),
            format!(
                "{} stations, {hours} h; quality control rejects {} of {} values",
                network.stations().len(),
                report.rejected,
                report.values
            ),
        ),
        Line::new(
            "背景场：模式在没有当时气象时给出的区域背景空气（models/boundary.toml），处处相同",
            "background: the model's surrounding air (models/boundary.toml), the same everywhere, without meteorology of the time",
        ),
    ];
    for s in scores {
        let text = |parts: [&str; 6]| {
            let [without, left, fall, mean, nearest, n] = parts;
            format!(
                "{:7} {without} {:.2}  {left} {:.2}  {fall} {:.1} %  {mean} {:.2}  {nearest} {:.2}  {n} {}",
                s.component, s.without, s.left_out, s.fall_percent, s.mean_of_others, s.nearest_other, s.pairs
            )
        };
        lines.push(Line::new(
            text(["不同化", "剔除检验", "降低", "其余站均值", "最近站", "样本"]),
            text(["without", "left out", "fall", "mean of others", "nearest other", "n"]),
        ));
        if let Some(f) = &s.statistics {
            let fitted = format!("{:.2} / {:.0} km / {:.2}", f.spread, f.length_km, f.observation);
            lines.push(Line::new(
                format!("        新息统计（背景误差/相关长度/观测误差，ln）{fitted}"),
                format!("        innovation statistics (background error / length / observation error, ln) {fitted}"),
            ));
        }
    }
    lines
}
