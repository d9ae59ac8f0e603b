//! Lists on registers: entries as parts of sources, grades, protected loads, whole counties.

use super::{
    ADCODES, Draw, FROST, MEASURES, catalogue, close, counties, inventory, january, listed, period, rules, source,
};
use hazecast::domain::register::{Family, Grade, Protection, RegisterEntry};
use hazecast::domain::source::{Amounts, Sector, Source, Strength};
use hazecast::reduction::ReductionPlan;
use hazecast::reduction::apply::apply;
use hazecast::reduction::check::violations;
use hazecast::reduction::measures::Catalogue;
use hazecast::reduction::plan::plan;
use hazecast::reduction::ranking::WindowInfluence;
use hazecast::reduction::register::{Situation, SourceDay, shares};
use hazecast::reduction::targets::ReductionRules;
use hazecast::warning::WarningLevel;
use std::collections::BTreeMap;
use std::path::Path;

/// An entry that is `share` of a source.
pub(super) fn entry(id: &str, source: &Source, share: f64, grade: Option<Grade>) -> RegisterEntry {
    let annual = source.strength.amounts();
    RegisterEntry {
        id: id.into(),
        name: format!("{} {id}", source.name),
        family: Family::of_sector(source.sector),
        credit_code: None,
        adcode: source.adcode,
        lon_lat: None,
        industry: None,
        grade,
        protection: None,
        lines: Vec::new(),
        stack_heights_m: Vec::new(),
        emission_t_d: annual.zip(*annual, |a, _| share * a / 365.0),
        source: source.id.clone(),
        contact: None,
        remark: None,
    }
}

/// The inventory's industry as graded enterprises, its boilers one by one, its traffic by classes; households and farms unnamed.
pub(super) fn example(sources: &[Source]) -> Vec<RegisterEntry> {
    use Grade::{A, B, C, D, Leading, NonLeading};
    let mut register = Vec::new();
    for s in sources {
        let parts: &[(f64, Option<Grade>)] = match s.sector {
            Sector::Industry => &[
                (0.1, Some(A)),
                (0.25, Some(B)),
                (0.3, Some(C)),
                (0.15, Some(D)),
                (0.05, Some(Leading)),
                (0.1, Some(NonLeading)),
            ],
            Sector::Power => &[(1.0, Some(A))],
            Sector::Boiler => &[(1.0, None)],
            Sector::Construction | Sector::NonRoad => &[(0.4, None), (0.35, None), (0.2, None)],
            Sector::Traffic => &[(0.6, None), (0.4, None)],
            _ => &[],
        };
        for (k, (share, grade)) in parts.iter().enumerate() {
            let mut e = entry(&format!("{}-{k}", s.id), s, *share, *grade);
            e.protection = (s.sector == Sector::Boiler).then_some((Protection::Heating, 0.8));
            register.push(e);
        }
    }
    register
}

/// The list in frost, which the checker has nothing to say of.
pub(super) fn lawful_list(
    (catalogue, rules): (&Catalogue, &ReductionRules),
    level: WarningLevel,
    days: &[SourceDay],
    register: &[RegisterEntry],
    ranking: &[WindowInfluence],
) -> ReductionPlan {
    let counties = counties();
    let situation = Situation {
        level,
        period: period(),
        emissions: days,
        counties: &counties,
        conditions: FROST,
        register,
        ranking,
    };
    let list = plan(catalogue, rules, &situation, &|| false);
    let wrong = violations(&list, catalogue, rules, &situation);
    assert!(wrong.is_empty(), "{level:?}: {wrong:#?}");
    list
}

#[test]
fn grades_decide_what_may_be_ordered() {
    let sources = inventory();
    let days = january(&sources);
    let register = example(&sources);
    let (catalogue, rules) = (catalogue(), rules());
    for level in [WarningLevel::Yellow, WarningLevel::Orange, WarningLevel::Red] {
        let list = lawful_list((&catalogue, &rules), level, &days, &register, &[]);
        let graded = |g| list.measures.iter().filter(move |m| m.grade == Some(g));
        for exempt in [Grade::A, Grade::Leading] {
            assert!(graded(exempt).all(|m| !m.mandatory), "{level:?}: an order on {exempt:?}");
        }
        for row in graded(Grade::B).filter(|m| m.measure == "industry-limit") {
            // B: 0.4, 0.6, 0.8 of the cut; industry-limit leaves 0.8, 0.65, 0.5
            let left = match level {
                WarningLevel::Yellow => 1.0 - 0.4 * 0.2,
                WarningLevel::Orange => 1.0 - 0.6 * 0.35,
                _ => 1.0 - 0.8 * 0.5,
            };
            assert!(close(&row.factor, &Amounts::all(left)), "{:?}", row.factor);
        }
        let rows = list.measures.len();
        println!("{level:?}: {rows} rows, {:?}", list.proof);
        assert!(rows > 20);
    }
}

#[test]
fn entries_of_one_source_take_their_shares_and_the_rest_stays() {
    let sources = inventory();
    let days = january(&sources);
    let register = example(&sources);
    let (catalogue, rules) = (catalogue(), rules());
    let list = lawful_list((&catalogue, &rules), WarningLevel::Orange, &days, &register, &[]);
    let cut = apply(&list.measures, &sources);
    let (_, to) = period();
    let mut split = 0;
    for ((before, after), day) in sources.iter().zip(&cut).zip(&days) {
        let rows: Vec<_> = list.measures.iter().filter(|m| m.source == before.id).collect();
        split += usize::from(
            rows.iter().filter_map(|r| r.entry.as_ref()).collect::<std::collections::BTreeSet<_>>().len() > 1,
        );
        let claimed = rows.iter().fold(Amounts::default(), |sum, r| sum.zip(r.cut_t_d, |a, b| a + b));
        let last = after.activity_at(to - chrono::Duration::seconds(1));
        let lost = day.emission_t_d.zip(last, |e, f| e * (1.0 - f));
        assert!(close(&claimed, &lost), "{}: {claimed:?} against {lost:?}", before.id);
        assert_eq!(after.activity_at(to), Amounts::all(1.0));
    }
    assert!(split > 3, "only {split} sources have rows of several entries");
}

#[test]
fn a_whole_county_has_a_vehicle_ban_or_has_none() {
    let sources = inventory();
    let days = january(&sources);
    let register = example(&sources);
    let (catalogue, rules) = (catalogue(), rules());
    let list = lawful_list((&catalogue, &rules), WarningLevel::Red, &days, &register, &[]);
    let mut bans: BTreeMap<(u32, &str), usize> = BTreeMap::new();
    for row in list.measures.iter().filter(|m| m.sector == Sector::Traffic) {
        *bans.entry((row.adcode, row.measure.as_str())).or_default() += 1;
    }
    assert!(!bans.is_empty() && bans.values().all(|n| *n == 2), "two classes in each county: {bans:?}");
}

/// Ten thousand registers at random, with measures that would stop everything.
#[test]
fn no_list_breaks_a_protected_minimum_load() {
    let mut stop = MEASURES.to_owned();
    for share in ["0.9", "0.8", "0.7", "0.65", "0.6", "0.5", "0.4", "0.2", "0.1"] {
        stop = stop.replace(&format!("left.red = {{ load = {share} }}"), "left.red = { load = 0.0 }");
    }
    let stop = Catalogue::from_toml(&stop, Path::new("measures.toml")).expect("a catalogue");
    assert!(stop.measures.iter().filter(|m| m.left.values().any(|l| l.load == Some(0.0))).count() >= 5);
    let mut rules = rules();
    (rules.proof_gap, rules.search_nodes) = (0.05, 3);
    let mut draw = Draw(2026);
    let (mut limited, mut at_minimum) = (0_u32, 0_u32);
    for _ in 0..10_000 {
        let sectors = [Sector::Boiler, Sector::Industry, Sector::Power, Sector::Construction, Sector::NonRoad];
        let sources: Vec<Source> = (0..1 + draw.below(3))
            .map(|k| {
                let annual = Amounts::all(draw.between(1.0, 500.0));
                source(&format!("s-{k}"), sectors[draw.below(5)], ADCODES[draw.below(2)], annual)
            })
            .collect();
        let mut register = Vec::new();
        for s in &sources {
            let mut left = 1.0;
            for k in 0..draw.below(4) {
                let share = draw.between(0.0, left);
                left -= share;
                let grade = [None, Some(Grade::B), Some(Grade::C), Some(Grade::D), Some(Grade::A)][draw.below(5)];
                let mut e = entry(&format!("{}-{k}", s.id), s, share, grade);
                let kind = [Protection::Heating, Protection::Waste, Protection::Livelihood][draw.below(3)];
                e.protection = (draw.below(2) == 0).then(|| (kind, draw.between(0.0, 1.0)));
                register.push(e);
            }
        }
        let days: Vec<SourceDay> = sources
            .iter()
            .map(|s| {
                let Strength::Annual(a) = s.strength else { unreachable!("annual sources only") };
                SourceDay { source: s, emission_t_d: a.zip(a, |v, _| v / 200.0) }
            })
            .collect();
        for row in lawful_list((&stop, &rules), WarningLevel::Red, &days, &register, &[]).measures {
            let m = stop.measures.iter().find(|m| m.id == row.measure).expect("of the catalogue");
            if m.left[&WarningLevel::Red].load.is_none() {
                continue;
            }
            let own = row.entry.as_ref().and_then(|id| register.iter().find(|e| e.id == *id)?.protection);
            let sector = if matches!(row.sector, Sector::Boiler | Sector::Power) { 0.7 } else { 0.0 };
            let minimum = own.map_or(0.0, |(_, load)| load).max(sector);
            assert!(listed(&row.factor).iter().all(|f| *f >= minimum), "{row:?} below {minimum}");
            limited += 1;
            at_minimum += u32::from(minimum > 0.0 && row.factor.so2 == minimum);
        }
    }
    println!("{limited} rows cut the load, {at_minimum} down to the protected load");
    assert!(limited > 5_000 && at_minimum > 1_000, "the registers test too little: {limited}, {at_minimum}");
}

#[test]
fn a_list_of_before_there_were_registers_is_still_read() {
    let sources = inventory();
    let days = january(&sources);
    let list = super::list(WarningLevel::Yellow, &days, &FROST);
    let mut old = serde_json::to_value(&list).expect("a document");
    let whole = old.as_object_mut().expect("an object");
    for key in ["windows", "floors", "conflict", "proof"] {
        whole.remove(key).expect(key);
    }
    let of = |old: &mut serde_json::Value, list: &str, keys: &[&str]| {
        for row in old[list].as_array_mut().expect("rows") {
            keys.iter().for_each(|k| drop(row.as_object_mut().expect("a row").remove(*k).expect(k)));
        }
    };
    let new = ["entry", "entry_name", "family", "grade", "share", "earliest_from", "cost_yuan", "role"];
    of(&mut old, "measures", &new);
    of(&mut old, "targets", &["culprit"]);
    let read: ReductionPlan = serde_json::from_value(old).expect("an old document");
    assert!(read.proof.is_none() && read.measures.iter().all(|m| m.share == Amounts::all(1.0)));
    assert_eq!(apply(&read.measures, &sources), apply(&list.measures, &sources));
}

/// Offices list particles as one: PM2.5 that is not stated follows PM10, carbon follows PM2.5; rounded entries that sum to more than their source are it.
#[test]
fn particles_follow_pm10_and_rounding_never_makes_more_than_the_source() {
    let sources = inventory();
    let days = january(&sources);
    let boiler = sources.iter().find(|s| s.sector == Sector::Boiler).expect("a boiler");
    let annual = *boiler.strength.amounts();
    let mut half = entry("half", boiler, 0.5, None);
    (half.emission_t_d.pm25, half.emission_t_d.bc, half.emission_t_d.oc) = (0.0, 0.0, 0.0);
    let found = shares(&[&half], &annual)[0];
    assert!([found.pm25, found.bc, found.oc].iter().all(|s| (s - 0.5).abs() < 1e-12), "{found:?}");
    // black carbon of the other is stated: 0.9, and 0.5 that follows makes 1.4
    let mut rest = entry("rest", boiler, 0.5, None);
    rest.emission_t_d.bc = 0.9 * annual.bc / 365.0;
    rest.emission_t_d.so2 *= 1.0002;
    let both = shares(&[&half, &rest], &annual);
    assert!((both[0].bc - 0.5 / 1.4).abs() < 1e-12 && (both[1].bc - 0.9 / 1.4).abs() < 1e-12, "{both:?}");
    assert!((both[0].so2 + both[1].so2 - 1.0).abs() < 1e-12 && both[0].nox == 0.5, "{both:?}");
    let (catalogue, rules) = (catalogue(), rules());
    let list = lawful_list((&catalogue, &rules), WarningLevel::Red, &days, &[half, rest], &[]);
    let ordered = |id: &str| list.measures.iter().any(|m| m.entry.as_deref() == Some(id) && m.cut_t_d.pm25 > 0.0);
    assert!(ordered("half") && ordered("rest"), "both are ordered, and both give PM2.5");
}
