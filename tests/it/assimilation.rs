//! Assimilation: the interpolation against hand calculation and another solver, analyses in whole runs, and real hours.

use crate::real;
use crate::weather::{background, emission, grid, point, turning};
use hazecast::assimilation::analyst::SurfaceAnalyst;
use hazecast::assimilation::innovation::{covariances, fit};
use hazecast::assimilation::interpolation::{BackgroundError, Departure, solve};
use hazecast::assimilation::observed::Observed;
use hazecast::assimilation::report::{pairs, scores};
use hazecast::assimilation::settings::AssimilationSettings;
use hazecast::cli::example;
use hazecast::domain::grid::Grid;
use hazecast::domain::met_field::MetField;
use hazecast::domain::pollutant::{Concentrations, Pollutant};
use hazecast::domain::source::Source;
use hazecast::domain::species::Species;
use hazecast::proof::{Material, assimilation};
use hazecast::simulation::analysis::{Analysing, Component, VerticalReach};
use hazecast::simulation::diagnose::SurfaceParameters;
use hazecast::simulation::history::History;
use hazecast::simulation::influence::{Target, influence, linear_response};
use hazecast::simulation::restart::{Checkpoints, Reason};
use hazecast::simulation::run::{Leading, Outside, World, simulate, simulate_with_answers};
use ndarray::Axis;
use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

const ERROR: BackgroundError =
    BackgroundError { spread: 0.8, length_m: 50_000.0, regional_share: 0.0, regional_length_m: 400_000.0 };

fn settings() -> AssimilationSettings {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/assimilation.toml");
    AssimilationSettings::from_toml(&std::fs::read_to_string(&path).unwrap(), &path).unwrap()
}

fn network(n: usize) -> Vec<Departure> {
    let mut random = Pcg64::seed_from_u64(7);
    let mut draw = || (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    (0..n)
        .map(|_| Departure {
            place: (124.0 + 6.0 * draw(), 41.0 + 5.0 * draw()),
            value: 2.0 * draw() - 0.7,
            error: 0.2 + 0.5 * draw(),
        })
        .collect()
}

/// Gauss-Jordan elimination with pivots, on the whole matrix.
fn inverse(mut a: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let n = a.len();
    for (i, row) in a.iter_mut().enumerate() {
        row.extend((0..n).map(|j| if i == j { 1.0 } else { 0.0 }));
    }
    for c in 0..n {
        let pivot = (c..n).max_by(|x, y| a[*x][c].abs().total_cmp(&a[*y][c].abs())).unwrap();
        a.swap(c, pivot);
        let p = a[c][c];
        a[c].iter_mut().for_each(|v| *v /= p);
        let row = a[c].clone();
        for (i, other) in a.iter_mut().enumerate() {
            let f = other[c];
            if i != c {
                other.iter_mut().zip(&row).for_each(|(v, r)| *v -= f * r);
            }
        }
    }
    a.into_iter().map(|row| row[n..].to_vec()).collect()
}

/// Distance by the law of cosines, as a second way to it.
fn distance_km(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (la, lb) = (a.1.to_radians(), b.1.to_radians());
    let cos = la.sin() * lb.sin() + la.cos() * lb.cos() * (a.0 - b.0).to_radians().cos();
    6370.0 * cos.min(1.0).acos()
}

#[test]
fn one_station_is_weighed_by_the_two_variances() {
    let d = Departure { place: (129.5, 42.9), value: 1.2, error: 0.4 };
    let solved = solve(&[d], ERROR);
    // 0.64 / (0.64 + 0.16) = 0.8
    assert!((solved.increment(d.place) - 0.8 * 1.2).abs() < 1e-12);
    assert_eq!(solved.left_out().len(), 1);
    assert!(solved.left_out()[0].abs() < 1e-12, "without it nothing is known");
    let there = (129.5, 43.4);
    let km = distance_km(d.place, there);
    assert!((solved.increment(there) - 0.96 * (-km / 50.0).exp()).abs() < 1e-9);
}

#[test]
fn two_stations_are_those_of_the_inverse_by_hand() {
    let [a, b] = [((129.0, 43.0), 0.9, 0.3), ((129.0, 43.2), -0.2, 0.5)];
    let departures = [a, b].map(|(place, value, error)| Departure { place, value, error });
    let c = 0.64 * (-distance_km(a.0, b.0) / 50.0).exp();
    let (p, q) = (0.64 + 0.09, 0.64 + 0.25);
    let det = p * q - c * c;
    let weights = [(q * a.1 - c * b.1) / det, (p * b.1 - c * a.1) / det];
    let solved = solve(&departures, ERROR);
    let expected = [0.64 * weights[0] + c * weights[1], c * weights[0] + 0.64 * weights[1]];
    for (d, e) in departures.iter().zip(expected) {
        assert!((solved.increment(d.place) - e).abs() < 1e-9, "{} {e}", solved.increment(d.place));
    }
    // what one says of the other
    assert!((solved.left_out()[0] - c / q * b.1).abs() < 1e-9);
    assert!((solved.left_out()[1] - c / p * a.1).abs() < 1e-9);
}

#[test]
fn limits_of_perfect_useless_and_no_observations() {
    let exact: Vec<Departure> = network(30).into_iter().map(|d| Departure { error: 1e-6, ..d }).collect();
    let solved = solve(&exact, ERROR);
    for d in &exact {
        assert!((solved.increment(d.place) - d.value).abs() < 1e-6);
    }
    let useless: Vec<Departure> = network(30).into_iter().map(|d| Departure { error: 1e6, ..d }).collect();
    assert!(solve(&useless, ERROR).increment((126.0, 43.0)).abs() < 1e-9);
    assert_eq!(solve(&[], ERROR).increment((126.0, 43.0)), 0.0);
    // far from all of them nothing is known
    assert!(solve(&exact, ERROR).increment((80.0, 20.0)).abs() < 1e-12);
    // two instruments at one place share their place's error
    let twins = [0.5, 0.7].map(|value| Departure { place: (129.5, 42.9), value, error: 0.4 });
    let increment = solve(&twins, ERROR).increment(twins[0].place);
    assert!((increment - 0.64 * 1.2 / (2.0 * 0.64 + 0.16)).abs() < 1e-12, "{increment}");
}

/// Also that the matrix is positive definite for many stations, and that nothing depends on their order.
#[test]
fn another_solver_and_brute_force_agree_in_any_order() {
    let departures = network(60);
    let solved = solve(&departures, ERROR);
    let covariance = |a: &Departure, b: &Departure| 0.64 * (-distance_km(a.place, b.place) / 50.0).exp();
    let matrix = |of: &[Departure]| -> Vec<Vec<f64>> {
        let row = |(i, a): (usize, &Departure)| {
            let one = |(j, b): (usize, &Departure)| if i == j { 0.64 + a.error * a.error } else { covariance(a, b) };
            of.iter().enumerate().map(one).collect()
        };
        of.iter().enumerate().map(row).collect()
    };
    let foretell = |of: &[Departure], at: &Departure| -> f64 {
        let inverse = inverse(matrix(of));
        let weight = |row: &Vec<f64>| row.iter().zip(of).map(|(v, d)| v * d.value).sum::<f64>();
        inverse.iter().map(weight).zip(of).map(|(w, d)| w * covariance(at, d)).sum()
    };
    let elsewhere = Departure { place: (126.3, 43.4), value: 0.0, error: 1.0 };
    assert!((solved.increment(elsewhere.place) - foretell(&departures, &elsewhere)).abs() < 1e-6);
    for i in [0, 17, 42, 59] {
        let mut others = departures.clone();
        let own = others.remove(i);
        assert!((solved.left_out()[i] - foretell(&others, &own)).abs() < 1e-6, "{i}");
    }
    let mut turned = departures.clone();
    turned.reverse();
    turned.swap(3, 31);
    assert_eq!(solve(&turned, ERROR).increment((126.3, 43.4)).to_bits(), solved.increment((126.3, 43.4)).to_bits());
    assert_eq!(solve(&turned, ERROR).left_out()[59].to_bits(), solved.left_out()[0].to_bits());
}

/// Departures drawn from known errors give those errors back.
#[test]
fn innovation_statistics_find_the_errors_they_were_made_from() {
    let places: Vec<(f64, f64)> = network(40).iter().map(|d| d.place).collect();
    // a factor of the covariance makes correlated fields of independent numbers
    let n = places.len();
    let mut l = vec![vec![0.0; n]; n];
    for i in 0..n {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| l[i][k] * l[j][k]).sum();
            let c = 0.64 * (-distance_km(places[i], places[j]) / 80.0).exp() + if i == j { 1e-9 } else { 0.0 };
            l[i][j] = if i == j { (c - known).sqrt() } else { (c - known) / l[j][j] };
        }
    }
    let mut random = Pcg64::seed_from_u64(3);
    let mut normal = || {
        // sum of twelve even numbers
        (0..12).map(|_| (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64).sum::<f64>() - 6.0
    };
    let hours: Vec<Vec<Departure>> = (0..400)
        .map(|_| {
            let z: Vec<f64> = (0..n).map(|_| normal()).collect();
            let field = |i: usize| l[i].iter().zip(&z).map(|(l, z)| l * z).sum::<f64>();
            (0..n).map(|i| Departure { place: places[i], value: field(i) + 0.3 * normal(), error: 0.3 }).collect()
        })
        .collect();
    let all: Vec<f64> = hours.iter().flatten().map(|d| d.value * d.value).collect();
    let bins = covariances(&hours, &[0.0, 20.0, 40.0, 60.0, 80.0, 110.0, 150.0, 200.0]);
    let fitted = fit(&bins, all.iter().sum::<f64>() / all.len() as f64).unwrap();
    println!("{fitted:?}");
    assert!((fitted.spread - 0.8).abs() < 0.06 && (fitted.length_km - 80.0).abs() < 12.0, "{fitted:?}");
    assert!((fitted.observation - 0.3).abs() < 0.12, "{fitted:?}");
}

/// Checkpoints in memory, the newest last.
#[derive(Default)]
struct Kept {
    stored: RefCell<Vec<Vec<u8>>>,
    resumed: RefCell<Option<u32>>,
}

impl Checkpoints for Kept {
    fn every_hours(&self) -> u32 {
        1
    }
    fn run(&self) -> &str {
        "base"
    }
    fn generations(&self) -> usize {
        self.stored.borrow().len()
    }
    fn read(&self, generation: usize) -> Result<Vec<u8>, Reason> {
        let stored = self.stored.borrow();
        Ok(stored[stored.len() - 1 - generation].clone())
    }
    fn keep(&self, _: u32, bytes: &[u8]) {
        self.stored.borrow_mut().push(bytes.to_vec());
    }
    fn resumed(&self, hour: u32) {
        *self.resumed.borrow_mut() = Some(hour);
    }
    fn refused(&self, _: usize, reason: &Reason) {
        panic!("{reason:?}");
    }
}

/// A nested night of six hours with two analyses.
struct Night {
    outer: Grid,
    inner: Grid,
    weather: Vec<MetField>,
    settings: AssimilationSettings,
}

const HOURS: u32 = 6;
const REACH: VerticalReach = VerticalReach { least_depth_m: 100.0, decay_m: 250.0 };

impl Night {
    fn new() -> Self {
        let outer = grid("outer", (18, 16), (-80_000.0, -70_000.0), 9000.0);
        let inner = grid("inner", (14, 12), (-20_000.0, -16_000.0), 3000.0);
        Self { outer, inner, weather: turning(4), settings: settings() }
    }

    fn analyst(&self) -> SurfaceAnalyst<'_> {
        let start = self.weather[0].valid_time;
        let station = |place: (f64, f64), pm25: f64| {
            let mut concentrations = Concentrations::default();
            concentrations.set(Pollutant::Pm25, Some(pm25));
            concentrations.set(Pollutant::Pm10, Some(1.5 * pm25));
            concentrations.set(Pollutant::Co, Some(0.9));
            Observed { place, concentrations }
        };
        let at = |hour: i64, pm25: [f64; 3]| {
            let places = [(129.45, 43.02), (129.6, 43.1), (129.5, 42.95)];
            let stations = places.into_iter().zip(pm25).map(|(p, v)| station(p, v)).collect();
            (start + chrono::Duration::hours(hour), stations)
        };
        SurfaceAnalyst::new(&self.settings, BTreeMap::from([at(2, [60.0, 45.0, 80.0]), at(3, [70.0, 40.0, 90.0])]))
    }

    /// Acts in the world of the night; `outside` and `inside` say what each grid does with analyses.
    fn world<T>(&self, [outside, inside]: [Analysing<'_>; 2], act: impl FnOnce(&World) -> T) -> T {
        let (emission, air) = (emission(), background(&self.outer, 2e-9));
        let outer = World {
            grid: &self.outer,
            background: &air,
            outside: Outside::Background,
            surface: SurfaceParameters { roughness_m: 0.3, minimum_diffusivity_m2_s: 0.1 },
            meteorology: &self.weather,
            terrain: None,
            frozen: false,
            perturbed: None,
            emission: &emission,
            weights: &[],
            start: self.weather[0].valid_time,
            hours: HOURS,
            analysing: outside,
        };
        act(&World { grid: &self.inner, outside: Outside::Outer(&outer), analysing: inside, ..outer })
    }

    fn lead(&self, kept: Option<&Kept>) -> Leading {
        let analyst = self.analyst();
        let make = Analysing::Make(&analyst, REACH);
        self.world([make, make], |world| {
            simulate_with_answers(world, &sources(1.0), kept.map(|k| k as &dyn Checkpoints), &|_, _| {}).unwrap()
        })
    }
}

fn sources(share: f64) -> Vec<Source> {
    let mut sources = vec![point("a", (129.45, 43.02)), point("b", (129.9, 43.3))];
    for source in &mut sources {
        if let hazecast::domain::source::Strength::Annual(amounts) = &mut source.strength {
            *amounts = amounts.zip(*amounts, |a, _| a * share);
        }
    }
    sources
}

fn bits(h: &History) -> Vec<u32> {
    h.fields().iter().flat_map(|f| f.iter().map(|v| v.to_bits())).collect()
}

#[test]
fn an_analysed_run_is_the_same_when_its_factors_are_given_and_when_it_is_broken_off() {
    let night = Night::new();
    let kept = Kept::default();
    let lead = night.lead(Some(&kept));
    let outer = lead.analyses.outer.as_ref().unwrap();
    assert_eq!(lead.analyses.grid.hours.iter().map(|h| h.0).collect::<Vec<_>>(), [1, 2]);
    for analyses in [&lead.analyses.grid, &outer.grid] {
        assert!(analyses.hours.iter().all(|(_, f)| f.iter().any(|v| v.abs() > 0.1)), "the analyses do something");
        let nothing = analyses.hours[0].1.index_axis(Axis(0), Component::So2 as usize);
        assert!(nothing.iter().all(|v| *v == 0.0), "what was not observed is left alone");
    }
    let given = [Analysing::Given(&outer.grid, REACH), Analysing::Given(&lead.analyses.grid, REACH)];
    let (again, _) = night.world(given, |w| simulate(w, &sources(1.0), None, &|_, _| {}).unwrap());
    assert!(bits(&again) == bits(&lead.history) && again.ledger == lead.history.ledger);
    // before, at and after the analyses
    let stored = kept.stored.into_inner();
    for broken in [1, 2, 3, 5] {
        let kept = Kept { stored: RefCell::new(stored[..broken].to_vec()), ..Kept::default() };
        let resumed = night.lead(Some(&kept));
        assert_eq!(*kept.resumed.borrow(), Some(broken as u32));
        assert!(bits(&resumed.history) == bits(&lead.history), "broken after hour {broken}");
        assert_eq!(resumed.history.ledger, lead.history.ledger);
        assert_eq!(resumed.analyses, lead.analyses);
        assert!(kept.stored.into_inner() == stored);
    }
    let off = night.world([Analysing::Off; 2], |w| simulate(w, &sources(1.0), None, &|_, _| {}).unwrap().0);
    assert!(bits(&off) != bits(&lead.history));
    let text = serde_json::to_string(&off.ledger).unwrap();
    assert!(!text.contains("analysis"), "{text}");
}

#[test]
fn the_books_close_with_the_analysis_as_an_entry_of_its_own_and_the_air_comes_nearer() {
    let night = Night::new();
    let lead = night.lead(None);
    let ledger = &lead.history.ledger;
    println!("largest residual {:.1e}", ledger.largest_relative_residual);
    assert!(ledger.largest_relative_residual < 1e-6);
    assert!(ledger.tracer_largest_deviation < 1e-5, "the tracer is not analysed");
    let entry = |s: Species| ledger.species.iter().find(|e| e.species == s.name()).unwrap().analysis_kg;
    assert!(entry(Species::BlackCarbon) > 0.0 && entry(Species::Coarse) != 0.0);
    assert_eq!((entry(Species::So2), entry(Species::Nh3), entry(Species::Tracer)), (0.0, 0.0, 0.0));
    let analyst = night.analyst();
    let scores = scores(&pairs(&analyst, &night.inner, &lead.history));
    let pm25 = scores.iter().find(|s| s.component == "PM2.5").unwrap();
    println!("{pm25:?}");
    assert_eq!(pm25.n, 6);
    assert!(pm25.residual_rms < 0.5 * pm25.innovation_rms);
    // the next hour begins nearer to the observations than a run without
    let off = night.world([Analysing::Off; 2], |w| simulate(w, &sources(1.0), None, &|_, _| {}).unwrap().0);
    let value = |h: &History, hour: usize| {
        let (x, y) = night.inner.horizontal.transform().cell(129.5, 42.95).unwrap();
        f64::from(h.concentrations.pm25_ug_m3.as_ref().unwrap()[[hour, y, x]])
    };
    let (with, without) = (value(&lead.history, 2), value(&off, 2));
    println!("hour 2: with {with:.1}, without {without:.1}, observed 90");
    assert!((with - 90.0).abs() < (without - 90.0).abs());
    assert_eq!(value(&lead.history, 1), value(&off, 1), "the first analysis acts at the end of its hour");
}

/// With the factors given the backward run is the transpose of the forward one, across the analyses.
#[test]
fn influence_reaches_back_through_an_analysis() {
    let night = Night::new();
    let lead = night.lead(None);
    let (ny, nx) = (12, 14);
    let cells: Vec<(usize, f64)> = (0..9).map(|i| ((4 + i / 3) * nx + 5 + i % 3, 1.0 / 9.0)).collect();
    let target = Target::of_cells(Pollutant::Pm25, &cells, (ny, nx), 2..4).unwrap();
    let respond = |analysing: Analysing<'_>| {
        night.world([Analysing::Off, analysing], |world| {
            let mut random = Pcg64::seed_from_u64(5);
            let mut emitted = Vec::new();
            let response = linear_response(world, &target, Some(&lead.answers), &mut |_, e| {
                e.iter_mut().for_each(|v| *v = (random.next_u64() % 1000) as f32);
                emitted.push(e.clone());
            })
            .unwrap();
            let mut sum = 0.0;
            influence(world, &target, Some(&lead.answers), &mut |hour, field| {
                let pairs = field.iter().zip(emitted[hour as usize].iter());
                sum += pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
            })
            .unwrap();
            (response, sum)
        })
    };
    let (with, back) = respond(Analysing::Given(&lead.analyses.grid, REACH));
    let (without, _) = respond(Analysing::Off);
    println!("forward {with:.6e}, backward {back:.6e}, without analyses {without:.6e}");
    assert!((with / back - 1.0).abs() < 1e-5, "{with} {back}");
    assert!((with / without - 1.0).abs() > 1e-3, "the analyses matter here: {with} {without}");
}

#[test]
fn increments_hold_up_to_the_mixing_height_and_fade_above() {
    assert_eq!(REACH.weight(10.0, 30.0), 1.0);
    assert_eq!(REACH.weight(90.0, 30.0), 1.0, "at least 100 m deep");
    assert_eq!(REACH.weight(790.0, 800.0), 1.0);
    assert!((REACH.weight(1050.0, 800.0) - (-1.0f32).exp()).abs() < 1e-6);
    for species in Species::ALL {
        let observed = !matches!(species, Species::Nh3 | Species::Hno3 | Species::SoaPrecursor | Species::Tracer);
        assert_eq!(Component::of(species).is_some(), observed, "{species:?}");
    }
}

#[test]
fn stations_left_out_of_real_hours() {
    let files = ["obs/china_sites_20230120.csv", "obs/china_sites_20230121.csv"];
    let (Some(first), Some(second)) = (real(files[0]), real(files[1])) else { return };
    let Some(stations) = real("geo/ne_china_cnemc_stations.csv") else { return };
    for input in [&[first.clone()][..], &[first, second]] {
        let material = Material { input, stations: Some(&stations), ..Material::default() };
        let outcome = assimilation::PROOF.prove(&material).unwrap();
        outcome.lines.iter().for_each(|l| println!("{}", l.en));
        assert!(outcome.passed, "{:?}", outcome.figures);
    }
}

/// The example's night, shortened, with assimilation on: in the record, in the archive, in the run with the list, and gone when switched off.
#[test]
fn a_night_takes_its_observations_into_the_state() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = concat!(env!("CARGO_MANIFEST_DIR"), "/data/yanbian/inventory.csv");
    let config = example::write(folder.path(), &std::fs::read_to_string(inventory).unwrap()).unwrap();
    let text = std::fs::read_to_string(&config).unwrap();
    let observations = folder.path().join("inbox/obs/china_sites_20260115.csv");
    let spiked = spike(&std::fs::read_to_string(&observations).unwrap());
    std::fs::write(&observations, spiked).unwrap();
    let night = |name: &str, key: &str| {
        let path = folder.path().join(format!("{name}.toml"));
        let text = text
            .replace("forecast_hours = 72", &format!("forecast_hours = 24\n{key}"))
            .replace("runs = \"runs\"", &format!("runs = \"{name}\""));
        std::fs::write(&path, text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_hazecast"));
        command.args(["night", "--config", path.to_str().unwrap(), "--cycle", "2026-01-15T12Z", "--json"]);
        let out = command.env("LANG", "C").env("HDF5_USE_FILE_LOCKING", "FALSE").output().unwrap();
        let record: serde_json::Value = serde_json::from_slice(&out.stdout)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out.stderr)));
        let run = folder.path().join(name).join("2026011512");
        let factors = std::fs::read(run.join("analyses.bin")).ok();
        (record, factors)
    };
    let (off, none) = night("off", "");
    let (on, factors) = night("on", "assimilation = true");
    assert!(none.is_none() && off["assimilation"].is_null());
    let quality = &on["observation_quality"];
    assert_eq!(quality, &off["observation_quality"]);
    println!("{quality}");
    let rejected = quality["rejections"].as_array().unwrap();
    assert!(rejected.iter().any(|r| r["station"] == "2238A" && r["value"] == 1500.0), "{rejected:?}");
    let county = |record: &serde_json::Value| {
        let counties = record["forecast"]["counties"].as_array().unwrap();
        counties.iter().find(|c| c["adcode"] == 222_401).unwrap().clone()
    };
    let observed = county(&on)["observed"].as_array().unwrap().clone();
    let most = observed.iter().filter_map(|h| h["concentrations"]["pm25_ug_m3"].as_f64()).fold(0.0, f64::max);
    assert!(most > 0.0 && most < 400.0, "the rejected value is in no county mean: {most}");
    let report = &on["assimilation"];
    println!("{report}");
    assert_eq!(report["factors_sha256"].as_str().unwrap(), hazecast::archive::durable::sha256(&factors.unwrap()));
    assert!(report["hours"].as_u64().unwrap() >= 10);
    let pm25 = report["components"].as_array().unwrap().iter().find(|c| c["component"] == "PM2.5").unwrap();
    assert!(pm25["residual_rms"].as_f64().unwrap() < pm25["innovation_rms"].as_f64().unwrap());
    for ledger in ["ledger_base", "ledger_cut"] {
        let ledger = on[ledger].as_object().unwrap();
        assert!(ledger["largest_relative_residual"].as_f64().unwrap() < 1e-6);
        assert!(ledger["species"].to_string().contains("analysis_kg"));
    }
    assert!(!off["ledger_base"].to_string().contains("analysis_kg"));
    let first = |record: &serde_json::Value| county(record)["hours"][0]["concentrations"]["pm25_ug_m3"]["raw"].as_f64();
    println!("first hour ahead: {:?} with, {:?} without", first(&on), first(&off));
    assert_ne!(first(&on), first(&off));
}

/// One absurd PM2.5 of the second station on 15 January, 12:00.
fn spike(text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let column = lines[0].split(',').position(|name| name == "2238A").unwrap();
    let line = lines.iter_mut().find(|l| l.starts_with("20260115,12,PM2.5,")).unwrap();
    let mut cells: Vec<&str> = line.split(',').collect();
    cells[column] = "1500";
    *line = cells.join(",");
    lines.join("\n") + "\n"
}
