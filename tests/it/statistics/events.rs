//! Where and when an event lies, and which days look like one.

use super::{Rules, air, day};
use chrono::{DateTime, NaiveDate, Utc};
use hazecast::domain::daily::{Judged, of_days};
use hazecast::domain::event::{Event, EventKind};
use hazecast::domain::pollutant::Concentrations;
use std::collections::BTreeMap;

fn event(from: &str, to: &str, adcode: u32) -> Event {
    let at = |t: &str| format!("{t}:00:00Z").parse::<DateTime<Utc>>().unwrap();
    Event {
        kind: EventKind::Dust,
        adcode,
        from: at(from),
        to: at(to),
        share: None,
        certified: true,
        evidence: "e".into(),
        source: "s".into(),
    }
}

/// 16 UTC is midnight in Beijing.
#[test]
fn an_event_touches_the_beijing_days_of_its_hours() {
    let touched = |from: &str, to: &str| -> Vec<String> {
        let e = event(from, to, 0);
        day("2024-02-27").iter_days().take(5).filter(|d| e.touches(*d)).map(|d| d.to_string()).collect()
    };
    assert_eq!(touched("2024-02-28T16", "2024-02-29T16"), ["2024-02-29"]);
    assert_eq!(touched("2024-02-28T15", "2024-02-29T16"), ["2024-02-28", "2024-02-29"]);
    assert_eq!(touched("2024-02-28T16", "2024-02-29T17"), ["2024-02-29", "2024-03-01"]);
    assert_eq!(touched("2024-02-29T15", "2024-02-29T16"), ["2024-02-29"]);
    assert_eq!(touched("2024-02-29T16", "2024-02-29T17"), ["2024-03-01"]);
}

#[test]
fn an_event_lies_over_what_its_code_holds() {
    for (adcode, yanji, prefecture, jilin_city, no_code) in [
        (0, true, true, true, true),
        (222_401, true, false, false, false),
        (222_402, false, false, false, false),
        (222_400, true, true, false, false),
        (220_000, true, true, true, false),
        (230_000, false, false, false, false),
    ] {
        let e = event("2024-02-28T16", "2024-02-29T16", adcode);
        let found = (e.covers(Some(222_401)), e.covers(Some(222_400)), e.covers(Some(220_200)), e.covers(None));
        assert_eq!(found, (yanji, prefecture, jilin_city, no_code), "{adcode}");
    }
}

fn kinds(date: &str, air: Concentrations<f64>) -> Vec<EventKind> {
    let rules = Rules::shipped();
    let days = BTreeMap::from([(date.parse::<NaiveDate>().unwrap(), air)]);
    let days = of_days(&days, rules.judgement(Judged::ByItsDate));
    rules.events.suspicions(&days).into_iter().map(|s| s.kind).collect()
}

#[test]
fn dust_is_coarse_primary_and_much() {
    let particles = |pm25, pm10| Concentrations { pm25_ug_m3: Some(pm25), pm10_ug_m3: Some(pm10), ..air(1.0) };
    for (pm25, pm10, dust) in [
        (60.0, 151.0, true),
        (60.0, 150.0, false),
        (79.9, 200.0, true),
        (80.0, 200.0, false),
        (20.0, 600.0, true),
        (20.0, 60.0, false),
    ] {
        let expected: &[EventKind] = if dust { &[EventKind::Dust] } else { &[] };
        assert_eq!(kinds("2025-04-10", particles(pm25, pm10)), expected, "{pm25} {pm10}");
    }
    // ozone is primary
    let ozone = Concentrations { o3_ug_m3: Some(300.0), ..particles(20.0, 200.0) };
    assert_eq!(kinds("2025-04-10", ozone), []);
}

/// Spring Festival 2023: 22 January.
#[test]
fn fireworks_are_looked_for_on_their_days() {
    let smoke = air(90.0);
    for (date, suspected) in [
        ("2023-01-20", false),
        ("2023-01-21", true),
        ("2023-01-22", true),
        ("2023-01-23", false),
        ("2023-01-26", true),
        ("2023-02-05", true),
        ("2023-02-06", false),
    ] {
        assert_eq!(kinds(date, smoke).contains(&EventKind::Fireworks), suspected, "{date}");
    }
    assert_eq!(kinds("2023-01-22", air(10.0)), [], "clean air is no smoke");
}
