//! The list on the estimated inventory and the seeds of the project: what it reaches, what it costs, what it may not touch.

mod averting;
mod choice;
mod culprits;
mod legality;
mod optimum;
mod registered;
mod seeds;
mod verdict;

use chrono::{DateTime, Duration, TimeZone, Utc};
use hazecast::domain::county::County;
use hazecast::domain::source::{Amounts, Place, Sector, Source, Stack, Strength};
use hazecast::reduction::ReductionPlan;
use hazecast::reduction::apply::apply;
use hazecast::reduction::check::violations;
use hazecast::reduction::measures::Catalogue;
use hazecast::reduction::plan::plan;
use hazecast::reduction::register::{Conditions, Situation, SourceDay};
use hazecast::reduction::targets::ReductionRules;
use hazecast::warning::WarningLevel;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const MEASURES: &str = include_str!("../../seeds/measures.toml");
const RULES: &str = include_str!("../../seeds/reduction.toml");
const INVENTORY: &str = include_str!("../../data/yanbian/inventory.csv");
const LEVELS: [WarningLevel; 4] =
    [WarningLevel::PreWarning, WarningLevel::Yellow, WarningLevel::Orange, WarningLevel::Red];
const ADCODES: [u32; 8] = [222401, 222402, 222403, 222404, 222405, 222406, 222424, 222426];

fn catalogue() -> Catalogue {
    Catalogue::from_toml(MEASURES, Path::new("measures.toml")).expect("the seed is valid")
}

fn rules() -> ReductionRules {
    ReductionRules::from_toml(RULES, Path::new("reduction.toml")).expect("the seed is valid")
}

fn county(adcode: u32) -> County {
    County {
        adcode,
        name_zh: format!("县{adcode}"),
        name_en: format!("County {adcode}"),
        seat: (129.5, 42.9),
        outline: geo::MultiPolygon::new(Vec::new()),
        settlements: Vec::new(),
    }
}

fn counties() -> Vec<County> {
    ADCODES.into_iter().map(county).collect()
}

fn source(id: &str, sector: Sector, adcode: u32, annual: Amounts) -> Source {
    Source {
        id: id.into(),
        name: id.into(),
        sector,
        adcode,
        place: Place::County,
        strength: Strength::Annual(annual),
        changes: Vec::new(),
    }
}

/// The nine amounts in the order of the inventory's columns.
fn listed(a: &Amounts) -> [f64; 9] {
    [a.so2, a.nox, a.co, a.nh3, a.nmvoc, a.pm25, a.pm10, a.bc, a.oc]
}

fn close(a: &Amounts, b: &Amounts) -> bool {
    listed(a).iter().zip(listed(b)).all(|(x, y)| (x - y).abs() <= 1e-9 * y.abs().max(1e-9))
}

fn inventory() -> Vec<Source> {
    let mut reader = csv::Reader::from_reader(INVENTORY.as_bytes());
    let mut sources = Vec::new();
    for record in reader.records() {
        let r = record.expect("a CSV row");
        let number = |k: usize| r[k].parse::<f64>().unwrap_or_else(|_| panic!("{}: column {k} is {:?}", &r[0], &r[k]));
        let annual = Amounts {
            so2: number(10),
            nox: number(11),
            co: number(12),
            nh3: number(13),
            nmvoc: number(14),
            pm25: number(15),
            pm10: number(16),
            bc: number(17),
            oc: number(18),
        };
        let sector = Sector::from_name(&r[2]).expect("a known sector");
        let mut s = source(&r[0], sector, r[3].parse().expect("an adcode"), annual);
        s.name = r[1].into();
        if !r[4].is_empty() {
            let stack = (!r[6].is_empty()).then(|| Stack {
                height_m: number(6),
                diameter_m: number(7),
                temperature_k: number(8),
                velocity_m_s: number(9),
            });
            s.place = Place::Point { lon: number(4), lat: number(5), stack };
        }
        sources.push(s);
    }
    sources
}

fn annual(source: &Source) -> Amounts {
    match source.strength {
        Strength::Annual(a) => a,
        _ => panic!("{} has no annual total", source.id),
    }
}

/// Numbers that look random and are the same everywhere.
struct Draw(u64);

impl Draw {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        low + (high - low) * ((self.0 >> 11) as f64 / (1_u64 << 53) as f64)
    }

    /// 0 .. `n`.
    fn below(&mut self, n: usize) -> usize {
        self.between(0.0, n as f64) as usize
    }
}

/// A day of January: heating high, dust under snow (weights assumed for the test).
fn january(sources: &[Source]) -> Vec<SourceDay<'_>> {
    sources
        .iter()
        .map(|s| {
            let season = match s.sector {
                Sector::Residential => 2.3,
                Sector::Boiler => 2.1,
                Sector::Power => 1.3,
                Sector::Construction => 0.2,
                Sector::RoadDust => 0.6,
                Sector::Agriculture => 0.3,
                _ => 1.0,
            };
            let a = annual(s);
            SourceDay { source: s, emission_t_d: a.zip(a, |v, _| v * season / 365.0) }
        })
        .collect()
}

fn period() -> (DateTime<Utc>, DateTime<Utc>) {
    let from = Utc.with_ymd_and_hms(2026, 1, 14, 16, 0, 0).unwrap();
    (from, from + Duration::hours(72))
}

const FROST: Conditions = Conditions { minimum_temperature_c: -18.0 };
const MILD: Conditions = Conditions { minimum_temperature_c: 6.0 };

fn list(level: WarningLevel, days: &[SourceDay], conditions: &Conditions) -> ReductionPlan {
    planned(&catalogue(), &rules(), level, period(), days, conditions)
}

/// The list without register and ranking; the checker has nothing to say of it.
fn planned(
    catalogue: &Catalogue,
    rules: &ReductionRules,
    level: WarningLevel,
    period: (DateTime<Utc>, DateTime<Utc>),
    emissions: &[SourceDay],
    conditions: &Conditions,
) -> ReductionPlan {
    let counties = counties();
    let conditions = *conditions;
    let situation =
        Situation { level, period, emissions, counties: &counties, conditions, register: &[], ranking: &[] };
    let list = plan(catalogue, rules, &situation, &|| false);
    let wrong = violations(&list, catalogue, rules, &situation);
    assert!(wrong.is_empty(), "{level:?}: {wrong:#?}");
    list
}

/// SO2, NOx, PM10 and NMVOC that the rows cut when only those named stay, from the rows' factors alone.
fn cut_by(plan: &ReductionPlan, days: &[SourceDay], keep: impl Fn(usize) -> bool) -> [f64; 4] {
    let mut left: BTreeMap<&str, Amounts> = BTreeMap::new();
    for (i, row) in plan.measures.iter().enumerate() {
        if keep(i) && row.sector != Sector::Fire {
            let entry = left.entry(&row.source).or_insert_with(|| Amounts::all(1.0));
            *entry = entry.zip(row.factor, |a, b| a * b);
        }
    }
    let mut cut = [0.0; 4];
    for day in days {
        if let Some(f) = left.get(day.source.id.as_str()) {
            let c = day.emission_t_d.zip(*f, |e, f| e * (1.0 - f));
            for (sum, v) in cut.iter_mut().zip([c.so2, c.nox, c.pm10, c.nmvoc]) {
                *sum += v;
            }
        }
    }
    cut
}

#[test]
fn every_level_reaches_what_can_be_reached() {
    let sources = inventory();
    let days = january(&sources);
    for level in LEVELS {
        let p = list(level, &days, &FROST);
        let cut = cut_by(&p, &days, |_| true);
        println!("{level:?}: {} rows, {:.2} million yuan a day", p.measures.len(), p.cost_yuan_d / 1e6);
        assert_eq!(p.targets.len(), 4);
        for (t, cut) in p.targets.iter().zip(cut) {
            println!(
                "  {:4} {:6.2} t/d required {:.3} reached {:.4} attainable {:.4} met {}",
                t.pollutant, t.emission_t_d, t.required_fraction, t.reached_fraction, t.attainable_fraction, t.met
            );
            assert!((t.reached_fraction - cut / t.emission_t_d).abs() < 1e-9, "{level:?} {}", t.pollutant);
            let goal = t.required_fraction.min(t.attainable_fraction);
            assert!(t.reached_fraction >= goal - 1e-9, "{level:?} {} stays below {goal}", t.pollutant);
            assert_eq!(t.met, t.attainable_fraction >= t.required_fraction, "{level:?} {}", t.pollutant);
        }
    }
    // The catalogue of the project is able to carry yellow and orange in January.
    for level in [WarningLevel::Yellow, WarningLevel::Orange] {
        assert!(list(level, &days, &FROST).targets.iter().all(|t| t.met), "{level:?}");
    }
}

#[test]
fn no_row_can_be_dropped() {
    let sources = inventory();
    let days = january(&sources);
    for level in [WarningLevel::Yellow, WarningLevel::Orange, WarningLevel::Red] {
        let p = list(level, &days, &FROST);
        let mut rows = 0;
        for i in (0..p.measures.len()).filter(|i| p.measures[*i].measure != "farm-ammonia-advice") {
            let cut = cut_by(&p, &days, |k| k != i);
            let breaks =
                p.targets.iter().zip(cut).any(|(t, c)| c < t.required_fraction * t.emission_t_d * (1.0 - 1e-10));
            let row = &p.measures[i];
            let floor = p.floors.iter().find(|f| f.adcode == row.adcode).expect("a floor for each county");
            let here: Vec<_> = days.iter().filter(|d| d.source.adcode == row.adcode).copied().collect();
            let [so2, nox, pm, voc] = cut_by(&p, &here, |k| k != i);
            let sinks = 0.54 * so2 + 0.88 * nox + pm + 0.02 * voc < floor.required_t_d * (1.0 - 1e-10);
            assert!(breaks || sinks, "{level:?}: {} on {} is not needed", p.measures[i].measure, p.measures[i].source);
            rows += 1;
        }
        assert!(rows > 10, "{level:?} has only {rows} rows");
    }
}

#[test]
fn exclusive_measures_never_meet_on_a_source() {
    let sources = inventory();
    let days = january(&sources);
    let catalogue = catalogue();
    let mut grouped = 0;
    for level in LEVELS {
        let mut seen = BTreeSet::new();
        for row in list(level, &days, &MILD).measures {
            let m = catalogue.measures.iter().find(|m| m.id == row.measure).expect("a measure of the catalogue");
            let load = m.left.values().any(|l| l.load.is_some());
            if let Some(group) = if load { Some("load".to_owned()) } else { m.group.clone() } {
                grouped += 1;
                assert!(seen.insert((row.source.clone(), group.clone())), "{level:?}: {} twice in {group}", row.source);
            }
        }
    }
    assert!(grouped > 20, "only {grouped} rows of exclusive groups: the test sees nothing");
}

#[test]
fn heating_keeps_its_minimum_load() {
    let sources = inventory();
    let days: Vec<_> = january(&sources).into_iter().filter(|d| d.source.sector == Sector::Boiler).collect();
    // A catalogue that would stop every boiler.
    let text = MEASURES.replace("left.red = { load = 0.7 }", "left.red = { load = 0.0 }");
    let stop = Catalogue::from_toml(&text, Path::new("measures.toml")).unwrap();
    assert!(stop.measures.iter().any(|m| m.id == "boiler-load" && m.left[&WarningLevel::Red].load == Some(0.0)));
    let p = planned(&stop, &rules(), WarningLevel::Red, period(), &days, &FROST);
    let rows: Vec<_> = p.measures.iter().filter(|m| m.measure == "boiler-load").collect();
    assert!(!rows.is_empty(), "red on boilers alone needs their load");
    for row in rows {
        assert_eq!(row.factor, Amounts::all(0.7), "{}", row.source);
    }
}

#[test]
fn a_demand_out_of_reach_takes_every_measure_that_helps() {
    let sources = inventory();
    let days = january(&sources);
    let text = RULES.replace("so2 = 0.3\nnox = 0.3\npm = 0.3\nvoc = 0.3", "so2 = 0.95\nnox = 0.3\npm = 0.3\nvoc = 0.3");
    let rules = ReductionRules::from_toml(&text, Path::new("reduction.toml")).unwrap();
    let p = planned(&catalogue(), &rules, WarningLevel::Red, period(), &days, &FROST);
    let so2 = &p.targets[0];
    assert!(!so2.met && so2.required_fraction == 0.95 && so2.attainable_fraction < 0.95);
    assert!((so2.reached_fraction - so2.attainable_fraction).abs() < 1e-12);
    let rows: BTreeSet<_> = p.measures.iter().map(|m| (m.measure.as_str(), m.source.as_str())).collect();
    for s in sources.iter().filter(|s| s.sector == Sector::Boiler) {
        for m in ["boiler-treatment", "boiler-clean-coal", "boiler-load"] {
            assert!(rows.contains(&(m, s.id.as_str())), "{m} is missing on {}", s.id);
        }
    }
    assert!(p.caveats_en.iter().any(|c| c.starts_with("SO2: all lawful measures together cut")), "{:?}", p.caveats_en);
    assert!(p.caveats_zh.iter().any(|c| c.starts_with("SO2：依法可采取的全部措施只能减排")), "{:?}", p.caveats_zh);
}

#[test]
fn applied_the_list_changes_activity_by_its_factors_and_only_in_its_hours() {
    let sources = inventory();
    let days = january(&sources);
    let p = list(WarningLevel::Orange, &days, &FROST);
    let cut = apply(&p.measures, &sources);
    let (from, to) = period();
    let mut with_two = 0;
    for (before, after) in sources.iter().zip(&cut) {
        assert_eq!(before.id, after.id);
        let rows: Vec<_> = p.measures.iter().filter(|m| m.source == before.id).collect();
        with_two += usize::from(rows.len() > 1);
        let product = rows.iter().fold(Amounts::all(1.0), |acc, r| acc.zip(r.factor, |a, b| a * b));
        assert_eq!(after.activity_at(to - Duration::seconds(1)), product, "{}", before.id);
        assert_eq!(after.activity_at(to), Amounts::all(1.0), "{}: over at the end", before.id);
        assert_eq!(after.activity_at(from - Duration::seconds(1)), Amounts::all(1.0), "{}", before.id);
        // The rows of a source claim together exactly what its emission loses.
        let claimed = rows.iter().fold(Amounts::default(), |sum, r| sum.zip(r.cut_t_d, |a, b| a + b));
        let day = days.iter().find(|d| d.source.id == before.id).unwrap();
        let lost = day.emission_t_d.zip(product, |e, f| e * (1.0 - f));
        assert!(close(&claimed, &lost), "{}: {claimed:?} against {lost:?}", before.id);
    }
    assert!(with_two > 0, "no source has two rows: the product is not tested");
    let sum = p.measures.iter().fold([0.0; 9], |mut s, r| {
        s.iter_mut().zip(listed(&r.cut_t_d)).for_each(|(a, b)| *a += b);
        s
    });
    assert!(listed(&p.cut_t_d).iter().zip(sum).all(|(a, b)| (a - b).abs() < 1e-9));
    assert!((p.cost_yuan_d - p.measures.iter().map(|m| m.cost_yuan_d).sum::<f64>()).abs() < 1e-6);
}

#[test]
fn before_a_warning_all_is_voluntary_and_counts_by_its_share() {
    let sources = [
        source("boiler-1", Sector::Boiler, 222401, Amounts::all(1.0)),
        source("industry-1", Sector::Industry, 222401, Amounts::all(1.0)),
    ];
    let days = sources.each_ref().map(|source| SourceDay { source, emission_t_d: Amounts::all(10.0) });
    let p = list(WarningLevel::PreWarning, &days, &FROST);
    assert!(!p.measures.is_empty() && p.measures.iter().all(|m| !m.mandatory));
    // industry-limit leaves 0.85 of the load; 0.3 follow: 1 - 0.3 x 0.15 = 0.955.
    let row = p.measures.iter().find(|m| m.measure == "industry-limit").expect("all are needed");
    assert!(close(&row.factor, &Amounts::all(0.955)), "{:?}", row.factor);
    assert!(list(WarningLevel::Yellow, &days, &FROST).measures.iter().all(|m| m.mandatory));
    let none = list(WarningLevel::None, &days, &FROST);
    assert!(none.measures.is_empty() && none.targets.is_empty() && none.cost_yuan_d == 0.0);
}

#[test]
fn watering_waits_for_warmth_and_late_measures_stay_out() {
    let sources = [source("road-dust-1", Sector::RoadDust, 222401, Amounts::all(1.0))];
    let days = sources.each_ref().map(|source| SourceDay { source, emission_t_d: Amounts::all(10.0) });
    let has = |p: &ReductionPlan, id: &str| p.measures.iter().any(|m| m.measure == id);
    let text = RULES.replace("pm = 0.3\n", "pm = 0.9\n");
    let rules = ReductionRules::from_toml(&text, Path::new("reduction.toml")).unwrap();
    let at = |t: f64| {
        let conditions = Conditions { minimum_temperature_c: t };
        planned(&catalogue(), &rules, WarningLevel::Red, period(), &days, &conditions)
    };
    assert!(has(&at(6.0), "road-washing") && !has(&at(6.0), "road-dry-sweeping"), "washing is the stricter of the two");
    for cold in [2.0, -18.0, f64::NAN] {
        assert!(!has(&at(cold), "road-washing") && has(&at(cold), "road-dry-sweeping"), "{cold}");
    }
    // Road washing takes 3 h: it starts then, and not at all when all is over by then.
    let row = at(6.0).measures.into_iter().find(|m| m.measure == "road-washing").unwrap();
    assert_eq!((row.from - period().0).num_hours(), 3);
    let brief = (period().0, period().0 + Duration::hours(3));
    let p = planned(&catalogue(), &rules, WarningLevel::Red, brief, &days, &MILD);
    assert!(p.measures.is_empty(), "{:?}", p.measures);
}

#[test]
fn fires_are_patrolled_but_do_not_count() {
    let mut sources = inventory();
    sources.push(source("fire-1", Sector::Fire, 222403, Amounts::all(365.0 * 500.0)));
    sources.push(source("cell-0", Sector::Industry, 0, Amounts::all(365.0 * 500.0)));
    let days = january(&sources);
    let with = list(WarningLevel::Orange, &days, &FROST);
    let without = list(WarningLevel::Orange, &days[..days.len() - 2], &FROST);
    assert_eq!(with.targets, without.targets);
    let patrol: Vec<_> = with.measures.iter().filter(|m| m.sector == Sector::Fire).collect();
    assert_eq!(patrol.len(), 1);
    assert_eq!((patrol[0].measure.as_str(), patrol[0].factor.pm25), ("burning-ban-patrol", 0.3));
    assert!(with.measures.iter().all(|m| m.source != "cell-0"), "nothing is ordered abroad");
}

#[test]
fn rows_stand_by_county_sector_and_source_whatever_the_order_of_reading() {
    let sources = inventory();
    let days = january(&sources);
    let p = list(WarningLevel::Orange, &days, &FROST);
    let keys: Vec<_> = p.measures.iter().map(|m| (m.adcode, m.sector, &m.source)).collect();
    assert!(keys.is_sorted());
    let reversed: Vec<_> = days.iter().rev().copied().collect();
    assert_eq!(list(WarningLevel::Orange, &reversed, &FROST), p);
}
