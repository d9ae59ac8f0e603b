//! Targets that cannot be met, made so on purpose: the list names what stands in the way.

use super::registered::{entry, lawful_list};
use super::{Draw, FROST, MEASURES, counties, period, rules, source};
use chrono::Duration;
use hazecast::domain::register::{Grade, Protection, RegisterEntry};
use hazecast::domain::source::{Amounts, Sector, Source};
use hazecast::reduction::Culprit;
use hazecast::reduction::check::violations;
use hazecast::reduction::measures::Catalogue;
use hazecast::reduction::plan::plan;
use hazecast::reduction::ranking::{ExceedingWindow, SourceEffect, WindowInfluence};
use hazecast::reduction::register::{Situation, SourceDay};
use hazecast::warning::WarningLevel;
use std::path::Path;

/// A window in which each hour from a day before the order to three days after it adds `added` per hour.
fn window(source: &Source, added: Amounts, needed: f64) -> WindowInfluence {
    let order = period().0;
    WindowInfluence {
        window: ExceedingWindow {
            adcode: source.adcode,
            from: order + Duration::hours(48),
            to: order + Duration::hours(72),
            forecast_ug_m3: 250.0,
            model_ug_m3: 300.0,
            limit_ug_m3: 150.0,
            probability: 0.8,
            fall_needed_ug_m3: needed,
            beyond_reach: false,
        },
        first_hour: order - Duration::hours(24),
        sources: vec![SourceEffect {
            source: source.id.clone(),
            added_by_hour: vec![added; 96],
            per_tonne: Amounts::default(),
            emitted_t: Amounts::default(),
        }],
    }
}

fn fine(added: f64) -> Amounts {
    Amounts { pm25: added, ..Amounts::default() }
}

/// One source, and what is peculiar about it.
struct Made {
    sector: Sector,
    id: &'static str,
    entry: Option<fn(&mut RegisterEntry)>,
    /// Fall needed, in hours' worth of what is added, lowest and highest.
    needed: (f64, f64),
    hours: i64,
    culprit: Culprit,
    cases: usize,
}

#[test]
fn fifty_targets_out_of_reach_name_their_culprit() {
    // a catalogue that may stop a boiler altogether
    let text = MEASURES.replace("left.red = { load = 0.7 }", "left.red = { load = 0.0 }");
    let catalogue = Catalogue::from_toml(&text, Path::new("measures.toml")).expect("a catalogue");
    let rules = rules();
    let made =
        |sector, id, entry, needed, culprit, cases| Made { sector, id, entry, needed, hours: 72, culprit, cases };
    let grade_a: fn(&mut RegisterEntry) = |e| e.grade = Some(Grade::A);
    let heating: fn(&mut RegisterEntry) = |e| e.protection = Some((Protection::Heating, 0.9));
    // hours' worth of influence: 24 before the order, 72 after it
    let all = [
        made(Sector::Industry, "industry-1", None, (100.0, 300.0), Culprit::Transport, 8),
        made(Sector::Industry, "industry-1", None, (75.0, 95.0), Culprit::TooLate, 7),
        // treatment and clean coal leave 0.64, the load 0.9 at least: 27 hours' worth, against 62 without the minimum
        made(Sector::Boiler, "boiler-1", Some(heating), (35.0, 55.0), Culprit::ProtectedLoad, 8),
        // nothing may be ordered of A; of others 0.33 is left after 12 h: 40 hours' worth
        made(Sector::Industry, "industry-1", Some(grade_a), (10.0, 35.0), Culprit::GradeExemption, 8),
        // of eight hours treatment has five: 1 hour's worth, against 4 from the first hour on
        Made {
            hours: 8,
            ..made(
                Sector::Boiler,
                "boiler-1",
                Some(|e| e.protection = Some((Protection::Heating, 0.95))),
                (1.5, 3.0),
                Culprit::LeadTime,
                6,
            )
        },
        // sweeping and fewer muck trucks leave 0.656, washing would leave 0.492
        made(Sector::RoadDust, "road-dust-1", None, (26.0, 31.0), Culprit::SideCondition, 6),
        made(Sector::Residential, "residential-1-wood", None, (10.0, 60.0), Culprit::Measures, 4),
    ];
    let mut draw = Draw(50);
    let mut seen = 0;
    let counties = counties();
    for made in &all {
        for _ in 0..made.cases {
            let source = source(made.id, made.sector, 222_401, Amounts::all(draw.between(100.0, 2000.0)));
            let days = [SourceDay { source: &source, emission_t_d: Amounts::all(draw.between(1.0, 9.0)) }];
            let register: Vec<_> = made
                .entry
                .map(|peculiar| {
                    let mut e = entry("e-1", &source, 1.0, None);
                    peculiar(&mut e);
                    e
                })
                .into_iter()
                .collect();
            let added = draw.between(0.01, 2.0);
            let needed = added * draw.between(made.needed.0, made.needed.1);
            let ranking = [window(&source, fine(added), needed)];
            let situation = Situation {
                level: WarningLevel::Red,
                period: (period().0, period().0 + Duration::hours(made.hours)),
                emissions: &days,
                counties: &counties,
                conditions: FROST,
                register: &register,
                ranking: &ranking,
            };
            let list = plan(&catalogue, &rules, &situation, &|| false);
            let wrong = violations(&list, &catalogue, &rules, &situation);
            assert!(wrong.is_empty(), "{wrong:#?}");
            let w = &list.windows[0];
            assert!(!w.met && w.culprit != Some(Culprit::Conflict));
            assert_eq!(w.culprit, Some(made.culprit), "{} needs {:.1} hours' worth: {w:?}", made.id, needed / added);
            assert!(w.fall_attainable_ug_m3 < needed && w.fall_ug_m3 <= w.fall_attainable_ug_m3 * (1.0 + 1e-9));
            assert!((w.local_ug_m3 - 96.0 * added).abs() < 1e-9 * w.local_ug_m3);
            let reason = made.culprit.en();
            assert!(list.caveats_en.iter().any(|c| c.contains("cannot be averted") && c.contains(reason)), "{reason}");
            assert!(list.caveats_zh.iter().any(|c| c.contains("不能靠清单避免") && c.contains(made.culprit.zh())));
            if made.culprit == Culprit::GradeExemption {
                assert!(
                    list.targets.iter().all(|t| !t.met && t.culprit == Some(Culprit::GradeExemption)),
                    "{:?}",
                    list.targets
                );
            }
            if made.culprit == Culprit::ProtectedLoad {
                // only a lower load cuts the VOC of a boiler
                assert_eq!(list.targets[3].culprit, Some(Culprit::ProtectedLoad), "{:?}", list.targets);
            }
            seen += 1;
        }
    }
    // NOx taken away helps one window and harms the other
    for _ in 0..3 {
        let source = source("boiler-1", Sector::Boiler, 222_401, Amounts::all(draw.between(100.0, 2000.0)));
        let days = [SourceDay { source: &source, emission_t_d: Amounts::all(5.0) }];
        let a = draw.between(0.1, 2.0);
        let helps = window(&source, Amounts { nox: a, ..Amounts::default() }, 60.0 * a * 0.2);
        let harms = window(&source, Amounts { so2: a, nox: -1.2 * a, ..Amounts::default() }, 60.0 * a * 0.36);
        let ranking = [helps, harms];
        let mut rules = rules.clone();
        rules.county_floor = 0.0;
        if let Some(t) = rules.level.get_mut(&WarningLevel::Red) {
            (t.so2, t.nox, t.pm, t.voc) = (0.0, 0.0, 0.0, 0.0);
        }
        let list = lawful_list((&super::catalogue(), &rules), WarningLevel::Red, &days, &[], &ranking);
        let missed: Vec<_> = list.windows.iter().filter(|w| !w.met).collect();
        assert_eq!(missed.len(), 1, "{:?}", list.windows);
        // the one that is missed could not be met before its sources act, or only without the other
        let (local, needed) = (missed[0].local_ug_m3, missed[0].fall_needed_ug_m3);
        let expected = if local < needed { Culprit::Transport } else { Culprit::Conflict };
        assert_eq!(missed[0].culprit, Some(expected), "{missed:?}");
        assert_eq!(list.conflict.len(), 2, "{:?}", list.conflict);
        seen += 1;
    }
    assert_eq!(seen, 50);
}
