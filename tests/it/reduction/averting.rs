//! Lists that are to avert windows: later starts, cost against the order of grades, what the checker sees of planted faults.

use super::registered::{example, lawful_list};
use super::{ADCODES, catalogue, inventory, january, period, rules};
use chrono::Duration;
use hazecast::domain::source::Amounts;
use hazecast::reduction::ranking::{ExceedingWindow, SourceEffect, WindowInfluence};
use hazecast::reduction::register::SourceDay;
use hazecast::warning::WarningLevel;

/// Hours before the order that a run has.
const BEFORE: i64 = 24;
/// Hours of the arrays: a day before the order and three after it.
const HOURS: usize = 96;

/// A window of one county, hours after the order: what is emitted in it and in the hours before it counts, at home twenty times as much as
/// elsewhere. The fall needed is a share of what the sources add after the order.
pub(super) fn window(days: &[SourceDay], adcode: u32, (from, to): (i64, i64), share: f64) -> WindowInfluence {
    let order = period().0;
    let (mut all, mut after) = (0.0, 0.0);
    let mut sources = Vec::new();
    for day in days {
        let near = if day.source.adcode == adcode { 0.8 } else { 0.04 };
        let weight = Amounts { so2: 0.1, nox: 0.08, nh3: 0.1, pm25: 0.5, bc: 0.5, oc: 0.5, ..Amounts::default() };
        let mut added_by_hour = Vec::with_capacity(HOURS);
        for h in 0..HOURS as i64 {
            let (t, end) = (h - BEFORE, to);
            let age = (from - t).max(0) as f64;
            let reach = if t < end { near * (-age / 8.0).exp() / 24.0 } else { 0.0 };
            let added = day.emission_t_d.zip(weight, |e, w| e * w * reach);
            all += added.sum();
            after += if t >= 0 { added.sum() } else { 0.0 };
            added_by_hour.push(added);
        }
        sources.push(SourceEffect {
            source: day.source.id.clone(),
            added_by_hour,
            per_tonne: Amounts::default(),
            emitted_t: Amounts::default(),
        });
    }
    let model = 1.5 * all;
    WindowInfluence {
        window: ExceedingWindow {
            adcode,
            from: order + Duration::hours(from),
            to: order + Duration::hours(to),
            forecast_ug_m3: 0.8 * model,
            model_ug_m3: model,
            limit_ug_m3: 0.8 * (model - share * after),
            probability: 0.8,
            fall_needed_ug_m3: share * after,
            beyond_reach: false,
        },
        first_hour: order - Duration::hours(BEFORE),
        sources,
    }
}

#[test]
fn the_list_averts_its_windows_for_less_than_the_order_of_grades() {
    let sources = inventory();
    let days = january(&sources);
    let register = example(&sources);
    let (catalogue, rules) = (catalogue(), rules());
    for (level, share) in [(WarningLevel::Yellow, 0.14), (WarningLevel::Orange, 0.2), (WarningLevel::Red, 0.25)] {
        let windows: Vec<_> =
            [(ADCODES[0], (24, 48), share), (ADCODES[0], (48, 72), share), (ADCODES[4], (24, 48), 0.8 * share)]
                .map(|(adcode, hours, share)| window(&days, adcode, hours, share))
                .to_vec();
        let started = std::time::Instant::now();
        let list = lawful_list((&catalogue, &rules), level, &days, &register, &windows);
        let proof = list.proof.as_ref().expect("a proof");
        let plain = proof.grade_order_yuan.expect("the plain way meets the demands too");
        println!(
            "{level:?}: {} rows {:.2} million yuan, bound {:.2}, gap {:.5}, plain {:.2} million, {} rows, {:.1} s",
            list.measures.len(),
            proof.cost_yuan / 1e6,
            proof.bound_yuan / 1e6,
            proof.gap,
            plain / 1e6,
            proof.grade_order_rows,
            started.elapsed().as_secs_f64()
        );
        for w in &list.windows {
            println!(
                "   {} {:?}: needed {:.3} falls {:.3} of at most {:.3} {:?}",
                w.adcode, w.met, w.fall_needed_ug_m3, w.fall_ug_m3, w.fall_attainable_ug_m3, w.culprit
            );
            assert!(w.met && (w.corrected_fall_ug_m3 - 0.8 * w.fall_ug_m3).abs() < 1e-9);
        }
        assert!(proof.gap <= 0.01, "gap {}", proof.gap);
        // where a demand takes all that can be had of a pollutant, both ways order it of everyone
        let all = list.targets.iter().any(|t| !t.met || t.required_fraction > 0.95 * t.attainable_fraction);
        let most = if all { 0.95 } else { 0.7 };
        assert!(proof.cost_yuan <= most * plain, "{} against {plain} by grades", proof.cost_yuan);
        assert_eq!(level == WarningLevel::Yellow, !all);
        let late = list.measures.iter().filter(|m| m.earliest_from.is_some_and(|e| m.from > e)).count();
        println!("   {late} rows start later than they could");
    }
}

#[test]
fn windows_are_worth_paying_for_and_hours_after_them_are_not() {
    let sources = inventory();
    let days = january(&sources);
    let register = example(&sources);
    let (catalogue, mut rules) = (catalogue(), rules());
    // without a level's fractions and floors only the window asks for anything
    rules.county_floor = 0.0;
    if let Some(t) = rules.level.get_mut(&WarningLevel::Orange) {
        (t.so2, t.nox, t.pm, t.voc) = (0.0, 0.0, 0.0, 0.0);
    }
    let asked = |ranking: &[WindowInfluence]| {
        lawful_list((&catalogue, &rules), WarningLevel::Orange, &days, &register, ranking)
    };
    let standing = asked(&[]).measures.len();
    let late = asked(&[window(&days, ADCODES[0], (60, 72), 0.12)]);
    let early = asked(&[window(&days, ADCODES[0], (24, 36), 0.12)]);
    assert!(late.windows[0].met && early.windows[0].met);
    let ordered = |l: &hazecast::reduction::ReductionPlan| {
        l.measures
            .iter()
            .filter(|m| m.measure != "farm-ammonia-advice")
            .map(|m| m.earliest_from.map_or(0, |e| (m.from - e).num_hours()))
            .collect::<Vec<_>>()
    };
    let mean = |d: &[i64]| d.iter().sum::<i64>() as f64 / d.len().max(1) as f64;
    let (l, e) = (ordered(&late), ordered(&early));
    println!(
        "standing {standing}; late window {} rows wait {:.1} h, early window {} rows wait {:.1} h",
        l.len(),
        mean(&l),
        e.len(),
        mean(&e)
    );
    assert!(!l.is_empty() && mean(&l) > mean(&e) + 3.0, "a window on the third day lets measures wait");
}
