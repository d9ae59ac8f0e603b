//! What must hold for any air: classes against reports, paths against decisions, parts against the whole, the warning in force.

use super::decide::{NO_O3, VALIDITY, YANJI, air, basis, county, days_of, decided_with, forecast, midnight};
use super::{aqi_rules, warning_rules};
use chrono::{DateTime, Duration, NaiveDate, TimeZone, Utc};
use hazecast::calendar::{beijing_day_hour, end_of_beijing_hour};
use hazecast::domain::averages::{daily_means, thousandths};
use hazecast::domain::event::{Event, EventKind};
use hazecast::domain::hourly::HourlyValues;
use hazecast::domain::pollutant::{Concentrations, Pollutant};
use hazecast::forecast::trajectories::Trajectories;
use hazecast::forecast::{CountyForecast, Forecast, ObservedHour};
use hazecast::warning::WarningLevel::{self, Blue, Orange, PreWarning, Red, Yellow};
use hazecast::warning::classes::{Classifier, Ladder, UNJUDGED};
use hazecast::warning::episode::{Judge, Points};
use hazecast::warning::lifting::{Outlook, follow};
use hazecast::warning::probability::PathJudge;
use hazecast::warning::{Action, AreaWarning, Basis, InForce, Response, decide};
use proptest::prelude::*;
use std::collections::BTreeMap;

const NONE: WarningLevel = WarningLevel::None;

fn beijing(day: &str, hour: u8) -> DateTime<Utc> {
    end_of_beijing_hour(day.parse().unwrap(), hour)
}

/// Hourly values in whole numbers and tenths, near the limits often enough, with gaps.
fn value(p: Pollutant) -> impl Strategy<Value = Option<f64>> {
    let scale = match p {
        Pollutant::Co => 0.05,
        Pollutant::O3 => 1.2,
        Pollutant::Pm10 => 1.7,
        _ => 1.0,
    };
    prop_oneof![
        12 => (0..4000_u32).prop_map(move |v| Some(f64::from(v) * 0.1 * scale)),
        4 => (550..620_u32).prop_map(move |v| Some(f64::from(v) * 0.1 * scale)),
        2 => (1140..1520_u32).prop_map(move |v| Some(f64::from(v) * 0.1 * scale)),
        1 => Just(Some(900.0)),
        2 => Just(None),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// The class of every window is that of the daily report over the same 24 hours: gaps, O3, both versions of HJ 633, two members.
    #[test]
    fn classes_are_those_of_the_reports(
        columns in prop::collection::vec(
            [value(Pollutant::Pm25), value(Pollutant::Pm10), value(Pollutant::So2), value(Pollutant::No2), value(Pollutant::Co), value(Pollutant::O3)],
            60..90),
        modelled in prop::collection::vec(any::<bool>(), 6), scheme in 0..3_usize
    ) {
        let aqi = aqi_rules();
        let warning = warning_rules();
        let scheme = &warning.schemes()[scheme];
        let classifier = Classifier::new(Ladder::of(scheme, &aqi), &aqi, VALIDITY);
        // across the change of the standard on 1 March 2026
        let first = beijing("2026-02-27", 20);
        let mut values = HourlyValues::missing(first, columns.len(), 2);
        for (hour, row) in columns.iter().enumerate() {
            for (p, v) in Pollutant::ALL.into_iter().zip(row) {
                let of = |v: Option<f64>| v.and_then(thousandths).unwrap_or(-1);
                let halved = if hour % 7 == 3 { None } else { v.map(|v| v / 2.0) };
                values.row_mut(p, hour).copy_from_slice(&[of(*v), of(halved)]);
            }
        }
        let not_modelled: Vec<Pollutant> = Pollutant::ALL.into_iter().zip(&modelled).filter(|(_, m)| !**m).map(|(p, _)| p).collect();
        let blocking: Vec<Pollutant> = Pollutant::ALL.into_iter().filter(|p| !not_modelled.contains(p)).collect();
        let classes = classifier.classes(&values, 0, &aqi, &Pollutant::ALL, &blocking);
        for member in 0..2 {
            for hour in 23..columns.len() {
                let means = daily_means(|p, h| values.get(p, hour + 1 + h - 24, member), &VALIDITY);
                let report = aqi.daily(beijing_day_hour(values.end(hour)).0, &means, &not_modelled);
                let expected = classifier.ladder().class(report.aqi);
                prop_assert_eq!(classes.member(member)[hour], expected, "hour {} member {}: {:?}", hour, member, report);
            }
        }
    }
}

/// Hours after the cycle as trajectories of one member.
fn as_paths(counties: &[CountyForecast], cycle: DateTime<Utc>) -> Trajectories {
    let one = |c: &CountyForecast| {
        let ahead: Vec<_> = c.hours.iter().filter(|h| h.end > cycle).collect();
        let mut values = HourlyValues::missing(cycle + Duration::hours(1), ahead.len(), 1);
        for (hour, h) in ahead.iter().enumerate() {
            for p in Pollutant::ALL {
                if let Some(e) = h.concentrations.get(p) {
                    values.set(p, hour, e.value);
                }
            }
        }
        (c.adcode, values)
    };
    Trajectories { counties: counties.iter().map(one).collect(), method_zh: "一".into(), method_en: "one".into() }
}

/// The hours up to the cycle as observed ones, the rest as forecast.
fn split_at(mut county: CountyForecast, cycle: DateTime<Utc>) -> CountyForecast {
    let (before, after): (Vec<_>, Vec<_>) = county.hours.into_iter().partition(|h| h.end <= cycle);
    let observed =
        before.iter().map(|h| ObservedHour { end: h.end, concentrations: h.concentrations.map(|_, e| e.value) });
    county.observed = observed.collect();
    county.hours = after;
    county
}

/// PM2.5 in blocks of 6 h.
fn blocks(n: usize) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(prop_oneof![20.0..80.0_f64, 90.0..170.0_f64, 140.0..300.0_f64], n)
}

fn of_blocks(adcode: u32, cycle: DateTime<Utc>, blocks: &[f64]) -> CountyForecast {
    let last = 6 * blocks.len() as i32 - 96;
    county(adcode, YANJI, cycle, -95..=last, |l| {
        let value = blocks[((l + 95) / 6) as usize];
        air(value, value + 20.0)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A path that is the forecast calls for what the decision calls for, county by county.
    #[test]
    fn a_path_is_judged_like_the_forecast(a in blocks(40), b in blocks(40), at in 0..24_u32) {
        let cycle = Utc.with_ymd_and_hms(2026, 1, 15, at, 0, 0).unwrap();
        let counties: Vec<_> = [(222_401, &a), (222_403, &b)].map(|(c, blocks)| split_at(of_blocks(c, cycle, blocks), cycle)).into();
        let (rules, aqi, nothing) = (warning_rules(), aqi_rules(), BTreeMap::new());
        let basis = basis(&rules, &aqi, &nothing);
        let paths = as_paths(&counties, cycle);
        let forecast = forecast(cycle, counties);
        let decision = decide(&basis, &forecast, Some(&paths));
        let judge = PathJudge::new(&basis, beijing_day_hour(cycle + Duration::hours(1)).0);
        for (area, (adcode, outcomes)) in decision.counties.iter().zip(judge.judge(&forecast, &paths)) {
            prop_assert_eq!((area.adcode, area.level_called), (adcode, outcomes[0].level()));
            let p = area.probability.as_ref().unwrap();
            let certain = |l: WarningLevel| p.levels.iter().find(|c| c.level == l).map(|c| c.probability);
            prop_assert_eq!(p.sample, 1);
            for level in [PreWarning, Yellow, Orange, Red] {
                prop_assert_eq!(certain(level), Some(f64::from(u8::from(area.level_called >= level))));
            }
        }
        let p = decision.prefecture.probability.as_ref().unwrap();
        let highest = p.levels.iter().filter(|c| c.probability == 1.0).map(|c| c.level).max().unwrap_or(NONE);
        prop_assert_eq!(highest, decision.prefecture.level_called);
    }

    /// Observed or simulated before the cycle, in one list or in two parts in any order: one decision.
    #[test]
    fn parts_decide_as_the_whole(a in blocks(40), cut in 1..95_usize, at in 0..24_u32) {
        let cycle = Utc.with_ymd_and_hms(2026, 1, 15, at, 0, 0).unwrap();
        let whole = of_blocks(222_401, cycle, &a);
        let observed = split_at(whole.clone(), cycle);
        let mut parts = observed.clone();
        parts.observed.rotate_left(cut);
        parts.hours.reverse();
        let of = |c: CountyForecast| {
            let mut d = decided_with(&warning_rules(), cycle, vec![c]).counties.remove(0);
            d.observed_hours = 0;
            d
        };
        let expected = of(whole);
        prop_assert_eq!(&of(observed), &expected);
        prop_assert_eq!(&of(parts), &expected);
    }

    /// Deciding again on the same forecast with the decision in force changes nothing.
    #[test]
    fn deciding_again_keeps_the_level(a in blocks(40), before in 0..4_usize) {
        let before = [NONE, Yellow, Orange, Red][before];
        let cycle = midnight();
        let first = with_in_force(of_blocks(222_401, cycle, &a), cycle, before);
        let again = with_in_force(of_blocks(222_401, cycle, &a), cycle, first.level);
        prop_assert_eq!(again.level, first.level);
        let steady = match first.level { WarningLevel::None => Action::None, PreWarning => Action::Advise, _ => Action::Keep };
        prop_assert_eq!(again.action, steady);
        prop_assert!(first.level >= first.level_called);
        // what was in force never lowers what is in force now
        let from_nothing = with_in_force(of_blocks(222_401, cycle, &a), cycle, NONE);
        prop_assert!(from_nothing.level <= first.level && from_nothing.level == from_nothing.level_called);
    }
}

fn with_in_force(county: CountyForecast, cycle: DateTime<Utc>, level: WarningLevel) -> AreaWarning {
    let (rules, aqi) = (warning_rules(), aqi_rules());
    let standing = InForce { level, response_level: level };
    let in_force = BTreeMap::from([(county.adcode, standing), (222_400, standing)]);
    let decision = decide(&basis(&rules, &aqi, &in_force), &forecast(cycle, vec![county]), None);
    assert_eq!(decision.prefecture.level, decision.counties[0].level);
    assert_eq!(decision.prefecture.action, decision.counties[0].action);
    decision.counties.into_iter().next().unwrap()
}

/// Nights at 20:00 Beijing over the same air, each knowing 96 h ahead: issue, upgrade when worse is seen, keep until 36 clean hours are
/// certain, lift; a single clean day between two heavy ones lifts nothing.
#[test]
fn a_warning_lives_from_issue_to_lift() {
    let air_of_day = |day: i64| match day {
        5 | 6 => 120.0,
        8 | 9 => 170.0,
        _ => 30.0,
    };
    let mut in_force = NONE;
    let mut story = Vec::new();
    for night in 0..12 {
        let cycle = beijing("2026-01-10", 20) + Duration::days(night);
        let at = |l: i32| {
            let day = (beijing_day_hour(cycle + Duration::hours(i64::from(l))).0 - day("2026-01-10")).num_days();
            air(air_of_day(day), air_of_day(day) + 20.0)
        };
        let c = split_at(county(222_401, YANJI, cycle, -95..=96, at), cycle);
        let d = with_in_force(c, cycle, in_force);
        in_force = d.level;
        story.push((night, d.action, d.level));
    }
    let actions: Vec<_> = story.iter().filter(|s| !matches!(s.1, Action::None | Action::Keep)).copied().collect();
    // night 2 sees 96 h ahead, day 6 until 20:00; night 5 sees both days 8 and 9
    let first = actions[0];
    assert!(matches!(first.1, Action::Advise | Action::Issue), "{story:?}");
    let issued = story.iter().find(|s| s.1 == Action::Issue).unwrap();
    assert_eq!((issued.0, issued.2), (2, Yellow), "{story:?}");
    assert!(story.iter().any(|s| s.1 == Action::Upgrade && s.2 == Orange), "{story:?}");
    let lifted = story.iter().find(|s| s.1 == Action::Lift).unwrap();
    // day 9 is heavy until midnight: at 20:00 on day 10 the running mean is clean and stays so
    assert_eq!((lifted.0, lifted.2), (10, NONE), "{story:?}");
    assert!(story.iter().filter(|s| (2..10).contains(&s.0)).all(|s| s.2 >= Yellow), "{story:?}");
    assert!(story.iter().filter(|s| s.0 > 10).all(|s| s.1 == Action::None), "{story:?}");
}

#[test]
fn a_warning_in_force_is_kept_while_lifting_is_uncertain_and_says_why() {
    // clean for 30 h, then the forecast ends: not more than 36 h
    let short = county(222_401, YANJI, midnight(), -95..=30, days_of(&[30.0, 30.0]));
    let d = with_in_force(short, midnight(), Yellow);
    assert_eq!((d.level, d.level_called, d.action, d.lift_from), (Yellow, NONE, Action::Keep, None));
    assert_eq!((d.response, d.response_level), (Response::EmissionReduction, Yellow));
    let b = d.because.iter().find(|b| b.rule == "warning-2024.lift").unwrap();
    assert!(
        b.text_zh.contains("上一批次决定为黄色预警") && b.text_en.contains("kept") && !b.evidence.is_empty(),
        "{b:?}"
    );
    // 37 h and more: lifted, from the first hour on
    let long = county(222_401, YANJI, midnight(), -95..=40, days_of(&[30.0, 30.0]));
    let d = with_in_force(long, midnight(), Orange);
    assert_eq!((d.level, d.action, d.lift_from), (NONE, Action::Lift, Some(midnight() + Duration::hours(1))));
    assert!(d.because.iter().any(|b| b.rule == "warning-2024.lift" && b.text_zh.contains("解除橙色预警")));
    // less than before is called for: downgraded, where the forecast reaches far enough
    let yellow = days_of(&[160.0, 30.0, 30.0]);
    let d = with_in_force(county(222_401, YANJI, midnight(), -95..=96, yellow), midnight(), Red);
    assert_eq!((d.level, d.action), (Yellow, Action::Downgrade));
    assert!(d.because.iter().any(|b| b.text_zh.contains("降为黄色预警")), "{:?}", d.because);
    let d = with_in_force(county(222_401, YANJI, midnight(), -95..=30, days_of(&[160.0, 30.0])), midnight(), Red);
    assert_eq!((d.level, d.action), (Red, Action::Keep));
}

/// Over every outlook: more called for, more still running, or air that is less clean never gives a lower level.
#[test]
fn what_is_in_force_never_falls_with_more_pollution() {
    let levels = [NONE, PreWarning, Yellow, Orange, Red];
    for before in levels {
        for known in [false, true] {
            let after =
                |called, running, clean| follow(before, Outlook { called, running, clean, known, lowest: Yellow }).0;
            for called in levels {
                for running in levels {
                    assert!(after(called, running, true) <= after(called, running, false));
                    for more in levels.into_iter().filter(|m| *m >= called) {
                        for longer in levels.into_iter().filter(|r| *r >= running) {
                            let (less, more) = (after(called, running, false), after(more, longer, false));
                            assert!(less <= more, "{before:?} {called:?} {running:?}: {less:?} {more:?}");
                        }
                    }
                }
            }
        }
    }
}

/// Dust in force with health advice only: kept, it asks for no cuts; a haze in force keeps its cuts.
#[test]
fn a_kept_warning_rests_on_what_it_rested_on() {
    let of = |response_level| {
        let (rules, aqi) = (warning_rules(), aqi_rules());
        let standing = InForce { level: Yellow, response_level };
        let in_force = BTreeMap::from([(222_401, standing), (222_400, standing)]);
        let dust = |l: i32| if l <= -2 { air(40.0, 420.0) } else { air(20.0, 40.0) };
        let one = split_at(county(222_401, YANJI, midnight(), -20..=96, dust), midnight());
        decide(&basis(&rules, &aqi, &in_force), &forecast(midnight(), vec![one]), None).counties.remove(0)
    };
    let d = of(NONE);
    assert_eq!(
        (d.level, d.action, d.response, d.response_level),
        (Yellow, Action::Keep, Response::HealthAdviceOnly, NONE)
    );
    let d = of(Yellow);
    assert_eq!((d.level, d.action, d.response), (Yellow, Action::Keep, Response::EmissionReduction));
    // it stands from now until it may be lifted
    assert_eq!(d.from.map(|f| f <= midnight() + Duration::hours(1)), Some(true));
    assert_eq!(d.to, d.lift_from.map(|l| l - Duration::hours(1)));
}

/// Orange in force with its episode ending in a few hours, and a lower one two days later: still orange tonight.
#[test]
fn a_later_lower_episode_does_not_end_the_one_under_way() {
    let with_later = |later: f64| {
        let at = move |l: i32| match l {
            ..=0 => air(130.0, 150.0),
            49..=72 => air(later, later + 20.0),
            _ => air(20.0, 40.0),
        };
        let one = split_at(county(222_401, YANJI, midnight(), -95..=120, at), midnight());
        with_in_force(one, midnight(), Orange)
    };
    let (clear, yellow) = (with_later(20.0), with_later(180.0));
    assert_eq!((clear.level, clear.action), (Orange, Action::Keep), "{:?}", clear.because);
    assert_eq!((yellow.level, yellow.action, yellow.level_called), (Orange, Action::Keep, Yellow));
}

/// No station: the first 23 averages are not known. Heavy first hours forbid lifting, clean ones do not.
#[test]
fn without_observations_the_first_hours_speak_for_themselves() {
    let of = |first: f64| {
        let at = move |l: i32| if l <= 8 { air(first, first + 20.0) } else { air(15.0, 30.0) };
        with_in_force(county(222_403, YANJI, midnight(), 1..=96, at), midnight(), Yellow)
    };
    assert_eq!((of(200.0).level, of(200.0).action), (Yellow, Action::Keep));
    assert_eq!((of(60.0).level, of(60.0).action), (NONE, Action::Lift));
}

/// A CO monitor that is down keeps no warning in force, and cleaner air is not kept longer.
#[test]
fn a_missing_minor_pollutant_does_not_put_off_lifting() {
    let of = |later: f64| {
        let at = move |l: i32| if l <= 10 { air(90.0, 110.0) } else { air(later, later + 20.0) };
        let mut one = split_at(county(222_401, YANJI, midnight(), -95..=96, at), midnight());
        one.observed.iter_mut().for_each(|o| o.concentrations.co_mg_m3 = None);
        with_in_force(one, midnight(), Yellow)
    };
    for later in [90.0, 40.0] {
        assert_eq!((of(later).level, of(later).action), (NONE.max(of(later).level_called), Action::Lift), "{later}");
    }
}

/// A day of which nothing is known between two heavy ones is no clean day; three such days are too many to count as one episode.
#[test]
fn a_short_gap_in_the_record_does_not_split_an_episode() {
    let of = |gap: i32| {
        let at = move |l: i32| match l {
            -47..=-24 => air(160.0, 180.0),
            l if l > -24 && l <= -24 + 24 * gap => Concentrations::default(),
            l if l > -24 + 24 * gap && l <= 24 * gap => air(160.0, 180.0),
            _ => air(30.0, 50.0),
        };
        let one = split_at(county(222_401, YANJI, midnight(), -95..=144, at), midnight());
        decided_with(&warning_rules(), midnight(), vec![one]).counties.remove(0).level_natural_day
    };
    assert_eq!((of(1), of(3)), (Orange, Yellow));
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// 60 days at year ends, leap days, month ends and the change of the standard: a heavy day of exactly the hours 01 to 24 is one natural
/// day; an hour earlier it is not.
#[test]
fn sixty_day_boundaries() {
    let mut days: Vec<NaiveDate> = Vec::new();
    for year in [2025, 2026, 2027, 2028, 2029] {
        for month in 1..=12 {
            let first = NaiveDate::from_ymd_opt(year, month, 1).unwrap();
            days.push(if month % 2 == 0 { first } else { first.pred_opt().unwrap() });
        }
    }
    days.extend([day("2024-02-29"), day("2028-02-29"), day("2026-02-28")]);
    assert!(days.len() >= 60);
    for d in days {
        let cycle = end_of_beijing_hour(d, 1) - Duration::hours(5);
        let heavy =
            |shift: i32| move |l: i32| if (5..29).contains(&(l + shift)) { air(163.0, 180.0) } else { air(20.0, 40.0) };
        let of = |shift| {
            decided_with(&warning_rules(), cycle, vec![county(222_401, YANJI, cycle, -40..=80, heavy(shift))])
                .counties
                .remove(0)
        };
        let natural = |a: &AreaWarning| {
            a.because
                .iter()
                .filter(|b| b.reading == hazecast::warning::Reading::NaturalDay)
                .flat_map(|b| &b.evidence)
                .map(|e| (e.beijing_day, e.aqi))
                .collect::<Vec<_>>()
        };
        let exact = of(0);
        assert!(natural(&exact).contains(&(Some(d), 213)), "{d}: {exact:?}");
        assert!(natural(&of(1)).iter().all(|(_, aqi)| *aqi < 213), "{d}");
        assert!(natural(&of(-1)).iter().all(|(_, aqi)| *aqi < 213), "{d}");
    }
}

#[test]
fn blue_is_reached_under_the_scheme_of_2017() {
    let cycle = Utc.with_ymd_and_hms(2017, 12, 15, 16, 0, 0).unwrap();
    for (days, level) in [
        (vec![140.0], NONE),
        (vec![160.0], Blue),
        (vec![160.0, 160.0], Yellow),
        (vec![160.0, 160.0, 160.0], Yellow),
        (vec![160.0, 260.0, 160.0], Orange),
        (vec![160.0, 260.0, 260.0, 160.0], Red),
    ] {
        let one = county(222_401, YANJI, cycle, 1..=144, days_of(&days));
        let d = decided_with(&warning_rules(), cycle, vec![one]).counties.remove(0);
        assert_eq!(d.level_natural_day, level, "{days:?}");
        if level == Blue {
            assert_eq!((d.action, d.response), (Action::Issue, Response::Voluntary));
        }
    }
}

/// 100 paths: every day is heavy in half of them, but never two days in a row. Days one by one would give 48 h a chance of a quarter and
/// more; the paths give none.
#[test]
fn chances_come_from_paths_and_not_from_days() {
    let cycle = midnight();
    let mut values = HourlyValues::missing(cycle + Duration::hours(1), 96, 100);
    for hour in 0..96 {
        for p in [Pollutant::Pm25, Pollutant::Pm10] {
            for (member, slot) in values.row_mut(p, hour).iter_mut().enumerate() {
                // the even paths are heavy on days 1 and 3, the odd ones on days 2 and 4
                *slot = if (hour / 24) % 2 == member % 2 { 160_000 } else { 20_000 };
            }
        }
    }
    let paths = Trajectories { counties: vec![(222_401, values)], method_zh: "甲".into(), method_en: "a".into() };
    // natural days, without merging: the sliding reading and the merge rule join what a clean day separates
    let seed = super::WARNING_SEED
        .replace("value = \"either\"", "value = \"natural_day\"")
        .replace("gap_hours = 36", "gap_hours = 0");
    let rules = hazecast::warning::rules::WarningRules::from_toml(&seed, std::path::Path::new("w.toml")).unwrap();
    let (aqi, nothing) = (aqi_rules(), BTreeMap::new());
    let one = county(222_401, YANJI, cycle, 1..=96, days_of(&[30.0]));
    let d = decide(&basis(&rules, &aqi, &nothing), &forecast(cycle, vec![one]), Some(&paths));
    let p = d.counties[0].probability.clone().unwrap();
    let chance = |l: WarningLevel| p.levels.iter().find(|c| c.level == l).unwrap();
    assert_eq!((p.sample, chance(Yellow).probability, chance(Orange).probability), (100, 1.0, 0.0));
    assert!(chance(Orange).upper > 0.02 && chance(Yellow).lower < 0.98, "{p:?}");
    let starts: Vec<_> =
        p.starts.iter().filter(|s| s.level == Yellow).map(|s| (s.beijing_day, s.probability)).collect();
    assert_eq!(starts, [(day("2026-01-16"), 0.5), (day("2026-01-17"), 0.5)]);
    // 48 of 96 hours at 160 ug m-3, hourly AQI 210
    assert_eq!((p.expected_heavy_hours, p.lift_within_36_h), (48.0, None));
    assert_eq!(d.prefecture.probability.unwrap().levels, p.levels);
}

#[test]
fn the_chance_of_lifting_is_that_of_paths_with_36_clean_hours() {
    let cycle = midnight();
    let mut values = HourlyValues::missing(cycle + Duration::hours(1), 96, 10);
    for hour in 0..96 {
        for (member, slot) in values.row_mut(Pollutant::Pm25, hour).iter_mut().enumerate() {
            // the first three paths stay heavy for two days
            *slot = if member < 3 && hour < 48 { 160_000 } else { 20_000 };
        }
    }
    let paths = Trajectories { counties: vec![(222_401, values)], method_zh: "甲".into(), method_en: "a".into() };
    let (rules, aqi) = (warning_rules(), aqi_rules());
    let standing = InForce { level: Yellow, response_level: Yellow };
    let in_force = BTreeMap::from([(222_401, standing), (222_400, standing)]);
    let one = split_at(county(222_401, YANJI, cycle, -95..=96, days_of(&[20.0])), cycle);
    let d = decide(&basis(&rules, &aqi, &in_force), &forecast(cycle, vec![one]), Some(&paths));
    assert_eq!(d.counties[0].probability.as_ref().unwrap().lift_within_36_h, Some(0.7));
    assert_eq!(d.prefecture.probability.as_ref().unwrap().lift_within_36_h, Some(0.7));
}

#[test]
fn a_recorded_cause_beyond_control_leaves_health_advice_only() {
    let event = |kind, share: Option<f64>, adcode| Event {
        kind,
        adcode,
        from: midnight(),
        to: midnight() + Duration::hours(40),
        share,
        certified: false,
        evidence: "后向轨迹与上游站点".into(),
        source: "州生态环境监测中心".into(),
    };
    let of = |events: &[Event]| {
        let (rules, aqi, nothing) = (warning_rules(), aqi_rules(), BTreeMap::new());
        let one = county(222_401, YANJI, midnight(), 1..=96, days_of(&[160.0, 170.0]));
        let basis = Basis { events, ..basis(&rules, &aqi, &nothing) };
        let f: Forecast = forecast(midnight(), vec![one]);
        decide(&basis, &f, None).counties.remove(0)
    };
    let d = of(&[event(EventKind::OutsideTransport, Some(0.6), 222_400)]);
    assert_eq!((d.level, d.response, d.response_level, d.causes.len()), (Orange, Response::HealthAdviceOnly, NONE, 1));
    let b = d.because.iter().find(|b| b.rule == "warning-2024.pollutant").unwrap();
    assert!(b.text_zh.contains("外来输送占60%") && b.text_zh.contains("后向轨迹"), "{}", b.text_zh);
    // a smaller share, no share, another county, fireworks: cuts are ordered, and the cause stands in the record where it lies over it
    for (events, recorded) in [
        (event(EventKind::OutsideTransport, Some(0.4), 222_401), 1),
        // over three hours of the two days, and without evidence
        (Event { to: midnight() + Duration::hours(3), ..event(EventKind::Dust, Some(0.6), 222_401) }, 1),
        (Event { evidence: " ".into(), ..event(EventKind::Dust, Some(0.6), 222_401) }, 1),
        (event(EventKind::Wildfire, None, 0), 1),
        (event(EventKind::Wildfire, Some(0.9), 222_403), 0),
        (event(EventKind::Fireworks, Some(0.9), 222_401), 0),
    ] {
        let d = of(std::slice::from_ref(&events));
        assert_eq!((d.response, d.causes.len()), (Response::EmissionReduction, recorded), "{events:?}");
    }
}

/// At the upper end three days are heavy: with the switch on the level follows it, else the record shows it as another reading.
#[test]
fn the_upper_end_decides_where_the_plan_says_so() {
    let mut one = county(222_401, YANJI, midnight(), 1..=120, days_of(&[130.0, 130.0, 130.0]));
    for d in &mut one.days {
        let pm25 = d.concentrations.pm25_ug_m3.unwrap().value * 1.25;
        d.concentrations.pm25_ug_m3.as_mut().unwrap().upper = pm25;
        let means = Concentrations { pm25_ug_m3: Some(pm25), ..d.concentrations.map(|_, e| e.value) };
        d.aqi_upper = aqi_rules().daily(d.beijing_day, &means, &NO_O3);
    }
    let off = decided_with(&warning_rules(), midnight(), vec![one.clone()]).counties.remove(0);
    assert_eq!(off.level, Orange, "three days above 150");
    // 162.5 on three days is orange too; with one day above 250 the upper end is red
    let day = &mut one.days[1];
    day.concentrations.pm25_ug_m3.as_mut().unwrap().upper = 260.0;
    let means = Concentrations { pm25_ug_m3: Some(260.0), ..day.concentrations.map(|_, e| e.value) };
    day.aqi_upper = aqi_rules().daily(day.beijing_day, &means, &NO_O3);
    let off = decided_with(&warning_rules(), midnight(), vec![one.clone()]).counties.remove(0);
    let other = off.other_readings.iter().find(|o| o.parameter == "upper_bound").unwrap();
    assert_eq!((off.level, other.level, other.value.as_str()), (Orange, Red, "on"));
    let seed = super::WARNING_SEED.replace("value = \"off\"", "value = \"on\"");
    let rules = hazecast::warning::rules::WarningRules::from_toml(&seed, std::path::Path::new("w.toml")).unwrap();
    let on = decided_with(&rules, midnight(), vec![one]).counties.remove(0);
    assert_eq!((on.level, on.level_natural_day), (Red, Orange));
    assert!(on.because.iter().any(|b| b.rule == "warning-2024.upper_bound" && b.level == Red));
    // what decides is what is acted on
    assert_eq!((on.response, on.response_level), (Response::EmissionReduction, Red));
    assert_eq!((on.from, on.to), (Some(midnight() + Duration::hours(1)), Some(midnight() + Duration::hours(72))));
    let off = on.other_readings.iter().find(|o| o.parameter == "upper_bound").unwrap();
    assert_eq!((off.value.as_str(), off.decided_by.as_str(), off.level), ("off", "on", Orange));
}

#[test]
fn readings_that_differ_are_named() {
    // 48 h from noon to noon: yellow by covered hours, pre-warning if each of the 48 hours had to end an exceeding average
    let noon = |l: i32| if (13..=60).contains(&l) { air(116.0, 130.0) } else { air(30.0, 50.0) };
    let d = decided_with(&warning_rules(), midnight(), vec![county(222_401, YANJI, midnight(), -47..=96, noon)])
        .counties
        .remove(0);
    assert_eq!(d.level, Yellow);
    let of = |name: &str, value: &str| {
        d.other_readings.iter().find(|o| o.parameter == name && o.value == value).map(|o| o.level)
    };
    assert_eq!(of("sliding_hours", "every_average"), Some(PreWarning));
    assert_eq!(of("day", "natural_day"), Some(PreWarning));
    assert_eq!(of("day", "sliding_24h"), None, "it is what decided");
    assert!(d.other_readings.iter().all(|o| o.level != d.level_called && !o.clause.is_empty()));
    // two heavy days with a clean one between them: orange merged, yellow apart
    let gap = days_of(&[160.0, 100.0, 160.0]);
    let d = decided_with(&warning_rules(), midnight(), vec![county(222_401, YANJI, midnight(), 1..=144, gap)])
        .counties
        .remove(0);
    let merged = d.other_readings.iter().find(|o| o.parameter == "merge.gap_hours");
    assert_eq!((d.level, merged.map(|o| (o.level, o.value.as_str()))), (Orange, Some((Yellow, "0"))));
    assert_eq!(d.episodes.len(), 1);
    let far = days_of(&[160.0, 30.0, 30.0, 30.0, 160.0]);
    let d = decided_with(&warning_rules(), midnight(), vec![county(222_401, YANJI, midnight(), 1..=192, far)])
        .counties
        .remove(0);
    assert_eq!(d.episodes.iter().map(|e| e.level).collect::<Vec<_>>(), [Yellow, Yellow]);
    assert!(d.episodes[0].lift_from.unwrap() < d.episodes[1].from);
}

#[test]
fn windows_without_values_are_not_judged() {
    let rules = warning_rules();
    let classifier = Classifier::new(Ladder::of(&rules.schemes()[2], &aqi_rules()), &aqi_rules(), VALIDITY);
    let values = HourlyValues::missing(midnight(), 48, 3);
    let classes = classifier.classes(&values, 0, &aqi_rules(), &Pollutant::ALL, &[Pollutant::Pm25]);
    assert!((0..3).all(|m| classes.member(m).iter().all(|c| *c == UNJUDGED)));
}

/// Two exceeding averages six hours apart, joined: together they cover 30 hours, counted once.
#[test]
fn hours_that_two_averages_share_count_once() {
    let (rules, aqi) = (warning_rules(), aqi_rules());
    let scheme = &rules.schemes()[2];
    let ladder = Ladder::of(scheme, &aqi);
    let judge = Judge::new(scheme, &ladder);
    let mut class = [1; 60];
    (class[30], class[36]) = (ladder.class_above(200), ladder.class_above(200));
    let met = judge.met(Points { class: &class, step: 1 }, 0);
    let yellow = met.iter().find(|m| scheme.rules[m.rule].id == "warning-2024.yellow.1").unwrap();
    let e = yellow.episodes[0];
    assert_eq!((e.first, e.last, e.hours, e.averages, e.merged), (30, 36, 30, 2, true));
    // read as natural days they are two days of 24 h with five between them, too far apart to be one
    let apart = judge.met(Points { class: &class, step: 24 }, 0);
    assert!(apart.iter().all(|m| m.episodes[0].hours == 24 && !m.episodes[0].merged));
}
