//! Faults planted in a lawful list: the checker sees every one.

use super::averting::window;
use super::registered::example;
use super::{ADCODES, FROST, catalogue, counties, inventory, january, period, rules};
use chrono::Duration;
use hazecast::domain::register::Grade;
use hazecast::domain::source::{Amounts, Sector};
use hazecast::reduction::check::{refuse_unlawful, violations};
use hazecast::reduction::plan::plan;
use hazecast::reduction::register::Situation;
use hazecast::reduction::{PlannedMeasure, ReductionPlan};
use hazecast::warning::WarningLevel;

type Fault = fn(&mut ReductionPlan);

fn row(list: &mut ReductionPlan, which: impl Fn(&PlannedMeasure) -> bool) -> &mut PlannedMeasure {
    list.measures.iter_mut().find(|m| which(m)).expect("the list has such a row")
}

/// What is planted, and a word of what the checker expects instead.
const FAULTS: [(&str, Fault, &str); 25] = [
    ("a load below the minimum", |l| row(l, |m| m.measure == "boiler-load").factor = Amounts::all(0.5), "minimum load"),
    ("too much of a grade", |l| row(l, |m| m.grade == Some(Grade::B)).factor = Amounts::all(0.0), "grade"),
    ("an order before its lead", |l| row(l, |m| m.sector == Sector::Boiler).from -= Duration::hours(24), "lead"),
    ("an end after the episode", |l| row(l, |_| true).to += Duration::hours(1), "end of the episode"),
    (
        "watering in frost",
        |l| row(l, |m| m.sector == Sector::Construction).measure = "construction-watering".into(),
        "warmth",
    ),
    ("an unknown measure", |l| row(l, |_| true).measure = "x".into(), "catalogue"),
    ("an unknown source", |l| row(l, |_| true).source = "x".into(), "inventory"),
    ("an unknown entry", |l| row(l, |m| m.entry.is_some()).entry = Some("x".into()), "register"),
    ("a whole source in place of its entry", |l| row(l, |m| m.entry.is_some()).entry = None, "register"),
    ("another grade", |l| row(l, |m| m.grade == Some(Grade::C)).grade = Some(Grade::D), "register"),
    ("a county abroad", |l| row(l, |_| true).adcode = 1, "county of the source"),
    ("a measure on someone else", |l| row(l, |m| m.measure == "boiler-load").measure = "power-load".into(), "acts"),
    ("a row twice", |l| l.measures.push(l.measures[0].clone()), "once"),
    (
        "a share that is not its own",
        |l| row(l, |m| m.entry.is_some()).share = Amounts::all(0.9),
        "part of the inventory",
    ),
    (
        "one class of a county without the ban",
        |l| {
            let at = l.measures.iter().position(|m| m.sector == Sector::Traffic).expect("a ban");
            l.measures.remove(at);
        },
        "county-wide",
    ),
    ("a ban at two times", |l| row(l, |m| m.sector == Sector::Traffic).from += Duration::hours(1), "one start"),
    ("a standing measure left out", |l| l.measures.retain(|m| m.measure != "farm-ammonia-advice"), "standing"),
    (
        "a late start that counts as its earliest",
        |l| {
            let late = row(l, |_| true);
            late.earliest_from = late.earliest_from.map(|e| e + Duration::hours(1));
        },
        "first hour after lead",
    ),
    ("a window that asks for nothing", |l| l.windows[0].fall_needed_ug_m3 = 0.0, "ranking asks for"),
    ("carbon of another share", |l| row(l, |m| m.entry.is_some()).share.bc *= 0.5, "part of the inventory"),
    ("a cost that is too low", |l| row(l, |m| m.cost_yuan > 0.0).cost_yuan *= 0.9, "cost"),
    ("tonnes that are not cut", |l| row(l, |_| true).cut_t_d.so2 += 0.1, "cut"),
    ("a fraction that is not reached", |l| l.targets[0].reached_fraction += 0.01, "rows cut"),
    ("a window that is not met", |l| l.windows[0].met = !l.windows[0].met, "fall is reached"),
    ("a bound above the cost", |l| l.proof.as_mut().expect("a proof").bound_yuan *= 2.0, "bound"),
];

#[test]
fn every_planted_fault_is_seen() {
    let sources = inventory();
    let days = january(&sources);
    let register = example(&sources);
    let (catalogue, rules, counties) = (catalogue(), rules(), counties());
    let ranking = [window(&days, ADCODES[0], (24, 48), 0.2)];
    let situation = Situation {
        level: WarningLevel::Red,
        period: period(),
        emissions: &days,
        counties: &counties,
        conditions: FROST,
        register: &register,
        ranking: &ranking,
    };
    let list = plan(&catalogue, &rules, &situation, &|| false);
    refuse_unlawful(&list, &catalogue, &rules, &situation).expect("a lawful list");
    for (what, plant, word) in FAULTS {
        let mut broken = list.clone();
        plant(&mut broken);
        let seen = violations(&broken, &catalogue, &rules, &situation);
        assert!(seen.iter().any(|v| v.expected.contains(word)), "{what} passes: {seen:#?}");
        let error = refuse_unlawful(&broken, &catalogue, &rules, &situation).expect_err(what);
        assert!(error.to_string().contains("reduction list"), "{error}");
    }
}
