//! The list against every lawful subset of small random problems.

use super::{FROST, cut_by, period, planned, rules, source};
use hazecast::domain::source::{Amounts, Sector, Source};
use hazecast::reduction::ReductionPlan;
use hazecast::reduction::measures::{Catalogue, Left, Measure, MeasureKind, VerificationKey};
use hazecast::reduction::register::SourceDay;
use hazecast::warning::WarningLevel;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Sources of the small problem, one per row: SO2, NOx, PM10 and NMVOC of the day [t].
const SOURCES: usize = 3;

/// What is random: emissions, shares left by four measures on every source, their costs per tonne.
#[derive(Debug, Clone)]
struct Problem {
    emission: [[f64; 4]; SOURCES],
    left: [[f64; 4]; 4],
    cost: [f64; 4],
    required: f64,
}

fn problem() -> impl Strategy<Value = Problem> {
    (
        prop::array::uniform3(prop::array::uniform4(0.0..20.0)),
        prop::array::uniform4(prop::array::uniform4(0.3..1.0)),
        prop::array::uniform4(0.0..100.0),
        0.02..0.7,
    )
        .prop_map(|(emission, left, cost, required)| Problem { emission, left, cost, required })
}

fn amounts(v: [f64; 4]) -> Amounts {
    Amounts { so2: v[0], nox: v[1], pm10: v[2], nmvoc: v[3], ..Amounts::default() }
}

fn measure(id: &str, group: Option<&str>, left: [f64; 4], cost: f64) -> Measure {
    let left = Left {
        load: None,
        so2: Some(left[0]),
        nox: Some(left[1]),
        pm: Some(left[2]),
        voc: Some(left[3]),
        co: None,
        nh3: None,
    };
    Measure {
        id: id.into(),
        name_zh: id.into(),
        name_en: id.into(),
        kind: MeasureKind::LimitLoad,
        sectors: vec![Sector::Industry],
        source_ids_with: Vec::new(),
        families: Vec::new(),
        grades: Vec::new(),
        words: Vec::new(),
        county_wide: false,
        earliest_hour: None,
        mandatory_from: Some(WarningLevel::Yellow),
        voluntary_share: None,
        standing: false,
        group: group.map(Into::into),
        temperature_above_c: None,
        lead_h: 0,
        cost_yuan_t: Some(cost),
        cost_yuan_d: None,
        verified: true,
        department: "department".into(),
        role: "role".into(),
        verification: "check".into(),
        verification_key: VerificationKey::Inspection,
        legal_basis: "document · clause".into(),
        left: BTreeMap::from([(WarningLevel::Yellow, left)]),
    }
}

/// Four measures on each source; c and d exclude each other, d being the stricter.
fn small_catalogue(p: &Problem) -> Catalogue {
    let mut strict = p.left[3];
    strict.iter_mut().zip(p.left[2]).for_each(|(d, c)| *d *= c);
    Catalogue {
        measures: vec![
            measure("a", None, p.left[0], p.cost[0]),
            measure("b", None, p.left[1], p.cost[1]),
            measure("c", Some("g"), p.left[2], p.cost[2]),
            measure("d", Some("g"), strict, p.cost[3]),
        ],
    }
}

fn solve(p: &Problem, sources: &[Source]) -> (ReductionPlan, Vec<[f64; 4]>) {
    let days: Vec<_> =
        sources.iter().zip(p.emission).map(|(source, e)| SourceDay { source, emission_t_d: amounts(e) }).collect();
    let mut rules = rules();
    let target = rules.level.get_mut(&WarningLevel::Yellow).expect("a level");
    (target.so2, target.nox, target.pm, target.voc) = (p.required, p.required, p.required, p.required);
    (rules.proof_gap, rules.search_nodes) = (0.0, 100_000);
    let catalogue = small_catalogue(p);
    let list = planned(&catalogue, &rules, WarningLevel::Yellow, period(), &days, &FROST);
    let without = (0..list.measures.len()).map(|i| cut_by(&list, &days, |k| k != i)).collect();
    (list, without)
}

/// Every lawful subset by plain enumeration: the cheapest that reaches the demand, and the dearest of all.
fn enumerate(p: &Problem) -> (Option<f64>, f64, [f64; 4]) {
    let catalogue = small_catalogue(p);
    let factors = catalogue.measures.iter().map(|m| {
        let f = m.left[&WarningLevel::Yellow].factor(0.0);
        [f.so2, f.nox, f.pm10, f.nmvoc]
    });
    let factors: Vec<_> = factors.collect();
    // Weights of the PM-equivalent: SO2 0.54, NOx 0.88, PM10 1, NMVOC 0.02 (de Leeuw 2002).
    let weight = [0.54, 0.88, 1.0, 0.02];
    let total: [f64; 4] = std::array::from_fn(|k| p.emission.iter().map(|e| e[k]).sum());
    let (mut cheapest, mut all, mut most) = (None::<f64>, 0.0, [0.0_f64; 4]);
    let lawful: Vec<u32> = (0..16).filter(|s| s & 0b1100 != 0b1100).collect();
    for combination in 0..lawful.len().pow(SOURCES as u32) {
        let (mut rest, mut cost, mut cut) = (combination, 0.0, [0.0; 4]);
        for e in p.emission {
            let set = lawful[rest % lawful.len()];
            rest /= lawful.len();
            let mut left = [1.0; 4];
            for (j, f) in factors.iter().enumerate().filter(|(j, _)| set & (1 << j) != 0) {
                for k in 0..4 {
                    left[k] *= f[k];
                    cost += catalogue.measures[j].cost_yuan_t.unwrap() * weight[k] * e[k] * (1.0 - f[k]);
                }
            }
            for k in 0..4 {
                cut[k] += e[k] * (1.0 - left[k]);
            }
        }
        (0..4).for_each(|k| most[k] = most[k].max(cut[k] / total[k].max(1e-300)));
        if (0..4).all(|k| cut[k] >= p.required * total[k]) && cheapest.is_none_or(|c| cost < c) {
            cheapest = Some(cost);
        }
        // All measures, of c and d the stricter: sets a, b, d on every source.
        if combination
            == (0..SOURCES).fold(0, |n, _| n * lawful.len() + lawful.iter().position(|s| *s == 0b1011).unwrap())
        {
            all = cost;
        }
    }
    (cheapest, all, most)
}

fn three() -> Vec<Source> {
    ["x", "y", "z"].map(|id| source(id, Sector::Industry, 222401, Amounts::default())).to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_demand_is_met_whenever_it_can_be(p in problem()) {
        let sources = three();
        let (list, without) = solve(&p, &sources);
        let (cheapest, all, most) = enumerate(&p);
        for (t, most) in list.targets.iter().zip(most) {
            prop_assert!((t.attainable_fraction - most).abs() < 1e-9, "attainable {} against {most}", t.attainable_fraction);
            if most >= p.required {
                prop_assert!(t.met && t.reached_fraction >= p.required * (1.0 - 1e-9));
            } else {
                prop_assert!(!t.met && t.reached_fraction >= most * (1.0 - 1e-9), "{} below {most}", t.reached_fraction);
            }
        }
        prop_assert!(list.cost_yuan_d <= all * (1.0 + 1e-9), "{} above all measures {all}", list.cost_yuan_d);
        if let Some(best) = cheapest {
            prop_assert!((list.cost_yuan_d - best).abs() <= 1e-9 * best, "{} is not the optimum {best}", list.cost_yuan_d);
            let proof = list.proof.as_ref().expect("a proof");
            prop_assert!((proof.bound_yuan - 3.0 * best).abs() <= 1e-8 * best, "bound {} of {best} a day", proof.bound_yuan);
            for (i, cut) in without.iter().enumerate() {
                let breaks = list.targets.iter().zip(cut).any(|(t, c)| *c < p.required * t.emission_t_d * (1.0 - 1e-12));
                prop_assert!(breaks, "row {i} is not needed");
            }
        }
        for id in ["x", "y", "z"] {
            let both = list.measures.iter().filter(|m| m.source == id && (m.measure == "c" || m.measure == "d")).count();
            prop_assert!(both <= 1, "c and d meet on {id}");
        }
    }
}
