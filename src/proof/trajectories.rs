//! Chances of the levels counted on paths come true as often as they say, on episodes whose truth is known; chances put together from
//! what is known of single hours or single days do not.
//!
//! Each episode has its own hundred past nights and its own truth, drawn from one law of errors: in ln space the sum of a slow part common
//! to both counties (weather, about three days; it reaches the second county six hours later) and a fast part of each county's own. The law
//! is told to nobody: the paths know the distribution of each hour, which is exact here, and the errors of the past nights. The same
//! distributions with the hours, or the days, of the paths shuffled apart are what follows from marginals alone.

use super::{Figure, Line, Material, Outcome, Parameter, Proof};
use crate::domain::aqi::{AqiReport, AqiRules};
use crate::domain::hourly::HourlyValues;
use crate::domain::limits::LimitRules;
use crate::domain::pollutant::{Concentrations, Pollutant};
use crate::error::{Error, Result};
use crate::forecast::county_weather::CountyWeather;
use crate::forecast::error_paths::{CountyErrors, ErrorPaths};
use crate::forecast::marginal::QUANTILE_90;
use crate::forecast::trajectories::Trajectories;
use crate::forecast::uncertainty::Uncertainty;
use crate::forecast::{CorrectionReport, CountyForecast, Estimate, Forecast, HourForecast};
use crate::setup::library::Library;
use crate::warning::probability::PathJudge;
use crate::warning::rules::WarningRules;
use crate::warning::{Basis, WarningLevel};
use chrono::{DateTime, Duration, TimeZone, Utc};
use rand_distr::{Distribution, StandardNormal};
use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};
use serde::Serialize;
use std::collections::BTreeMap;

/// The proof as it is listed.
pub const PROOF: Proof = Proof {
    name: "trajectories",
    zh: "由轨迹统计的预警级别概率在已知真值的合成过程上可靠；仅由逐时或逐日边缘分布得到的概率不可靠",
    en: "chances of the levels counted on paths are reliable on synthetic episodes of known truth; those from marginals alone are not",
    takes: &[
        (Parameter::N, "number of episodes; 500 if not given"),
        (Parameter::Overrides, "folder whose seeds/ and models/ replace built-in files"),
    ],
    run,
};

const EPISODES: usize = 500;
/// Lead hours and past nights of an episode.
const HOURS: usize = 96;
const NIGHTS: usize = 100;
const COUNTIES: [u32; 2] = [222_401, 222_402];
/// Spread of ln(truth / forecast) of an hour, and the part of its variance that is slow and common.
const SIGMA: f64 = 0.45;
const SLOW_SHARE: f64 = 0.7;
/// Correlation from hour to hour of the slow part and of the fast one; hours by which the slow part is later in the second county.
const SLOW: f64 = 0.985;
const FAST: f64 = 0.8;
const LATER: usize = 6;
/// Largest departure in standard deviations of the sampling: about 1 in 1000 of a single true figure lies beyond. Each of the proof's
/// figures is the largest of up to 28. Marginals have to fail the same test.
const WITHIN: f64 = 3.3;
/// Upper ends of the classes of chances but the last.
const CLASSES: [f64; 5] = [0.1, 0.3, 0.5, 0.7, 0.9];
const LEVELS: [WarningLevel; 3] = [WarningLevel::Yellow, WarningLevel::Orange, WarningLevel::Red];

/// Chances of one kind, and what came.
#[derive(Debug, Clone, Default)]
struct Stated {
    /// (paths that call for it, whether it came).
    chances: Vec<(usize, bool)>,
}

/// Chances of a class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Class {
    pub up_to: f64,
    pub n: usize,
    pub expected: f64,
    pub came: usize,
    /// (came - expected) in standard deviations.
    pub departure: f64,
}

/// Reliability of the chances of one level by one way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reliability {
    pub way: &'static str,
    /// A level in the first county; or `yellow_in_both`.
    pub event: String,
    pub episodes: usize,
    pub expected: f64,
    pub came: usize,
    pub departure: f64,
    pub classes: Vec<Class>,
    pub brier: f64,
}

impl Stated {
    fn reliability(&self, way: &'static str, event: String) -> Reliability {
        let chance = |k: usize| (k as f64 + 0.5) / (NIGHTS as f64 + 1.0);
        let class_of = |k: usize| CLASSES.partition_point(|top| chance(k) > *top);
        let departure = |of: &mut dyn Iterator<Item = &(usize, bool)>| {
            let (mut n, mut expected, mut variance, mut came) = (0, 0.0, 0.0, 0);
            for (k, x) in of {
                let p = chance(*k);
                (n, expected, variance) = (n + 1, expected + p, variance + p * (1.0 - p));
                came += usize::from(*x);
            }
            let z = if variance > 0.0 { (came as f64 - expected) / variance.sqrt() } else { 0.0 };
            (n, expected, came, z)
        };
        let classes = (0..=CLASSES.len()).filter_map(|class| {
            let (n, expected, came, departure) =
                departure(&mut self.chances.iter().filter(|(k, _)| class_of(*k) == class));
            let up_to = CLASSES.get(class).copied().unwrap_or(1.0);
            (n > 0).then_some(Class { up_to, n, expected, came, departure })
        });
        let (episodes, expected, came, z) = departure(&mut self.chances.iter());
        let square = |(k, x): &(usize, bool)| (*k as f64 / NIGHTS as f64 - f64::from(u8::from(*x))).powi(2);
        let brier = self.chances.iter().map(square).sum::<f64>() / episodes.max(1) as f64;
        Reliability { way, event, episodes, expected, came, departure: z, classes: classes.collect(), brier }
    }
}

impl Reliability {
    fn worst(&self) -> f64 {
        self.classes.iter().map(|c| c.departure.abs()).fold(self.departure.abs(), f64::max)
    }
}

fn run(material: &Material) -> Result<Outcome> {
    let episodes = match material.n {
        [] => EPISODES,
        [n] if (50..=20_000).contains(n) => *n,
        other => return Err(Error::invalid("command line", "--n", format!("{other:?}"), "one number, 50 to 20000")),
    };
    let mut library = Library::new(material.overrides);
    library.check_overrides()?;
    let rules = library.read("seeds/warning.toml", WarningRules::from_toml)?;
    let aqi = library.read("seeds/aqi.toml", AqiRules::from_toml)?;
    let limits = library.read("seeds/limits.toml", LimitRules::from_toml)?;
    let uncertainty = library.read("models/uncertainty.toml", |t, p| Uncertainty::from_toml(t, p))?;
    let cycle = Utc.with_ymd_and_hms(2026, 1, 15, 12, 0, 0).single().unwrap_or_default();
    let nothing = BTreeMap::new();
    let basis = Basis {
        warning: &rules,
        aqi: &aqi,
        validity: limits.standard(cycle.date_naive()).validity.means,
        region: (222_400, "延边朝鲜族自治州", "Yanbian"),
        in_force: &nothing,
        events: &[],
    };
    let judge = PathJudge::new(&basis, cycle.date_naive());
    let reliabilities = of_episodes(&judge, &uncertainty, cycle, episodes);
    Ok(outcome(episodes, reliabilities))
}

/// Ways to state a chance, in the order of the lists below.
const WAYS: [&str; 4] = ["paths", "hours_apart", "days_apart", "assumed_persistence"];

fn of_episodes(
    judge: &PathJudge,
    uncertainty: &Uncertainty,
    cycle: DateTime<Utc>,
    episodes: usize,
) -> Vec<Reliability> {
    let mut stated: [[Stated; LEVELS.len() + 1]; WAYS.len()] = Default::default();
    let mut random = Pcg64::seed_from_u64(20_260_115);
    for _ in 0..episodes {
        let forecast = forecast(cycle, &mut random);
        let truth = errors(&mut random, 1);
        let past = ErrorPaths {
            nights: (1..=NIGHTS as i64).rev().map(|d| cycle - Duration::days(d)).collect(),
            hours: HOURS,
            counties: COUNTIES
                .iter()
                .zip(errors(&mut random, NIGHTS))
                .map(|(adcode, e)| CountyErrors { adcode: *adcode, pollutants: vec![(Pollutant::Pm25, e)] })
                .collect(),
        };
        let came = came(judge, &forecast, &truth);
        let paths = Trajectories::around(&forecast, uncertainty, &past, None);
        let apart = |block, random: &mut Pcg64| shuffled(&paths, block, random);
        let (hours, days) = (apart(1, &mut random), apart(24, &mut random));
        let assumed = Trajectories::around(&forecast, uncertainty, &ErrorPaths::default(), None);
        for (way, paths) in [&paths, &hours, &days, &assumed].into_iter().enumerate() {
            for (event, k) in calls(judge, &forecast, paths).into_iter().enumerate() {
                stated[way][event].chances.push((k, came[event]));
            }
        }
    }
    let name = |event: usize| LEVELS.get(event).map_or("yellow_in_both".to_owned(), |l| l.key().to_owned());
    let each = WAYS.iter().zip(&stated);
    each.flat_map(|(way, events)| events.iter().enumerate().map(|(e, s)| s.reliability(way, name(e)))).collect()
}

fn outcome(episodes: usize, all: Vec<Reliability>) -> Outcome {
    let of = |way: &'static str| all.iter().filter(move |r| r.way == way);
    let worst = |way| of(way).map(Reliability::worst).fold(0.0, f64::max);
    let figures = vec![
        Figure::at_least("episodes", episodes as f64, "", EPISODES.min(episodes) as f64),
        Figure::at_most("paths_largest_departure", worst("paths"), "standard deviations", WITHIN),
        Figure::at_least("hours_apart_largest_departure", worst("hours_apart"), "standard deviations", WITHIN),
        Figure::at_least("days_apart_largest_departure", worst("days_apart"), "standard deviations", WITHIN),
    ];
    let line = |r: &Reliability| {
        let numbers = format!(
            "{} {}: {:.1} / {} ({:+.1} sd), Brier {:.3}",
            r.way, r.event, r.expected, r.came, r.departure, r.brier
        );
        Line::new(format!("{numbers}（期望次数/发生次数）"), format!("{numbers} (expected / came)"))
    };
    let lines = all.iter().map(line).collect();
    Outcome::new("trajectories", figures, serde_json::json!({ "reliability": all }), lines)
}

/// Errors of both counties, `[hour][night]`, of unit spread.
fn errors(random: &mut Pcg64, nights: usize) -> Vec<Vec<f64>> {
    let mut all = vec![vec![0.0; HOURS * nights]; COUNTIES.len()];
    let process = |r: f64, n: usize, random: &mut Pcg64| {
        let mut z: Vec<f64> = (0..n).map(|_| StandardNormal.sample(random)).collect();
        for i in 1..n {
            z[i] = r * z[i - 1] + (1.0 - r * r).sqrt() * z[i];
        }
        z
    };
    for night in 0..nights {
        let slow = process(SLOW, HOURS + LATER, random);
        for (county, errors) in all.iter_mut().enumerate() {
            let fast = process(FAST, HOURS, random);
            for hour in 0..HOURS {
                let common = slow[hour + if county == 0 { LATER } else { 0 }];
                errors[hour * nights + night] = SLOW_SHARE.sqrt() * common + (1.0 - SLOW_SHARE).sqrt() * fast[hour];
            }
        }
    }
    all
}

/// A forecast episode: a rise and a fall over a background, its height and middle drawn anew.
fn forecast(cycle: DateTime<Utc>, random: &mut Pcg64) -> Forecast {
    let mut uniform = |low: f64, high: f64| low + (high - low) * (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    let (height, middle, width) = (uniform(20.0, 170.0), uniform(30.0, 70.0), uniform(14.0, 40.0));
    let counties = COUNTIES.iter().map(|adcode| CountyForecast {
        adcode: *adcode,
        name_zh: String::new(),
        name_en: String::new(),
        has_station: true,
        observed: Vec::new(),
        hours: (1..=HOURS as i32)
            .map(|lead| {
                let value = 40.0 + height * (-((f64::from(lead) - middle) / width).powi(2)).exp();
                let factor = (QUANTILE_90 * SIGMA).exp();
                let estimate = Estimate { raw: value, value, lower: value / factor, upper: value * factor };
                let end = cycle + Duration::hours(i64::from(lead));
                let (beijing_day, beijing_hour) = crate::calendar::beijing_day_hour(end);
                HourForecast {
                    end,
                    beijing_day,
                    beijing_hour,
                    lead_hour: lead,
                    concentrations: Concentrations { pm25_ug_m3: Some(estimate), ..Concentrations::default() },
                    pm25_area_mean_ug_m3: value,
                    aqi: AqiReport {
                        standard: String::new(),
                        aqi: None,
                        level: None,
                        primary: Vec::new(),
                        iaqi: BTreeMap::new(),
                        clause: String::new(),
                    },
                    weather: CountyWeather {
                        mixing_height_m: 200.0,
                        wind_speed_m_s: 1.0,
                        temperature_c: -10.0,
                        ..CountyWeather::default()
                    },
                }
            })
            .collect(),
        days: Vec::new(),
    });
    let correction = CorrectionReport { methods: Vec::new(), interval_method: String::new() };
    Forecast { cycle, counties: counties.collect(), correction }
}

/// Whether each event came.
fn came(judge: &PathJudge, forecast: &Forecast, truth: &[Vec<f64>]) -> [bool; LEVELS.len() + 1] {
    let levels: Vec<WarningLevel> = forecast
        .counties
        .iter()
        .zip(truth)
        .map(|(county, errors)| {
            let mut values = HourlyValues::missing(forecast.cycle + Duration::hours(1), HOURS, 1);
            for (hour, (h, e)) in county.hours.iter().zip(errors).enumerate() {
                let value = h.concentrations.pm25_ug_m3.map_or(0.0, |e| e.value);
                values.set(Pollutant::Pm25, hour, value * (SIGMA * e).exp());
            }
            judge.came(&[], &values, forecast.cycle)
        })
        .collect();
    let both = levels.iter().all(|l| *l >= WarningLevel::Yellow);
    [levels[0] >= LEVELS[0], levels[0] >= LEVELS[1], levels[0] >= LEVELS[2], both]
}

/// Paths that call for each event.
fn calls(judge: &PathJudge, forecast: &Forecast, paths: &Trajectories) -> [usize; LEVELS.len() + 1] {
    let judged = judge.judge(forecast, paths);
    let (a, b) = (&judged[0].1, &judged[1].1);
    let of = |level: WarningLevel| a.iter().filter(|o| o.level() >= level).count();
    let both = a.iter().zip(b).filter(|(a, b)| a.level() >= WarningLevel::Yellow && b.level() >= WarningLevel::Yellow);
    [of(LEVELS[0]), of(LEVELS[1]), of(LEVELS[2]), both.count()]
}

/// The same values at each hour, in another order of the members for each block of hours: what marginals know.
fn shuffled(paths: &Trajectories, block: usize, random: &mut Pcg64) -> Trajectories {
    let mut shuffled = paths.clone();
    for (_, values) in &mut shuffled.counties {
        let members = values.members();
        let mut order: Vec<usize> = (0..members).collect();
        for hour in 0..values.hours() {
            if hour % block == 0 {
                // Fisher & Yates
                for i in (1..members).rev() {
                    order.swap(i, ((u128::from(random.next_u64()) * (i as u128 + 1)) >> 64) as usize);
                }
            }
            let row = values.row_mut(Pollutant::Pm25, hour);
            let before = row.to_vec();
            row.iter_mut().zip(&order).for_each(|(slot, from)| *slot = before[*from]);
        }
    }
    shuffled
}
