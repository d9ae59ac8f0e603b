//! Situation, catalogue and rules -> the list.

use super::candidates::{Candidate, Lifted, candidates};
use super::caveats::caveats;
use super::cover::covered;
use super::culprit::{Inquiry, local_share};
use super::demands::{Demands, Row};
use super::grade_order::grade_order;
use super::measures::Catalogue;
use super::optimise::{Limits, Optimum, Solution, Stop, optimise};
use super::options::{Makings, Options, hours, start};
use super::register::{Part, Situation, parts};
use super::shortfall::least_shortfall;
use super::strictest::strictest;
use super::targets::{ReductionRules, TargetPollutant};
use super::{CostProof, CountyFloor, PlannedMeasure, ReductionPlan, ReductionTarget, WindowOutcome};
use crate::domain::source::Amounts;

/// The cheapest list that meets what the level demands of the whole-society emission (all sectors except fires), the falls that the
/// windows of the ranking need, and the floors of the counties; with the proven distance to the cheapest lawful list.
///
/// A measure starts at its earliest hour or, with a ranking, later where that is cheaper. Where all lawful measures together miss a fraction
/// or a floor, all that helps is taken and the target says `met: false`; a window that they cannot avert is not pursued, as an order that cannot do
/// what it is for is not lawful: its outcome says what is missing and what bars it. At [`crate::warning::WarningLevel::None`] the list is empty. At
/// pre-warning all measures are voluntary and count with the share that follows them. Standing measures (fire patrols) are always in the list.
///
/// `out_of_time` may end the search before the gap of the rules is proven; the list then says so.
pub fn plan(
    catalogue: &Catalogue,
    rules: &ReductionRules,
    situation: &Situation,
    out_of_time: &dyn Fn() -> bool,
) -> ReductionPlan {
    let parts = parts(rules, situation);
    let candidates = candidates(catalogue, rules, situation, &parts, Lifted::default());
    let demands = Demands::of(rules, situation, &parts);
    let makings =
        Makings { situation, weight: &rules.pm_equivalent, parts: &parts, candidates: &candidates, demands: &demands };
    let options = makings.options(&delays(rules, situation));
    let limits = Limits { gap: rules.proof_gap, nodes: rules.search_nodes, out_of_time };
    let settled = Settled::of(rules, &options, &demands.rows(), &limits);
    let measures = rows(situation, &parts, &candidates, &options, &settled.solution.pick);
    let mut inquiry = Inquiry::new(catalogue, rules, situation, &parts, &demands);
    let outcome = Outcome { rules, situation, demands: &demands, settled: &settled };
    let targets = outcome.targets(&mut inquiry);
    let windows = outcome.windows(&mut inquiry, &parts);
    let floors = outcome.floors();
    let proof = proof(&options, &parts, &settled);
    let mut plan = ReductionPlan {
        level: situation.level,
        from: situation.period.0,
        to: situation.period.1,
        cut_t_d: measures.iter().fold(Amounts::default(), |sum, m| sum.zip(m.cut_t_d, |a, b| a + b)),
        cost_yuan_d: measures.iter().map(|m| m.cost_yuan_d).sum(),
        conflict: settled.conflict.iter().map(|r| name(demands.rows()[*r], situation)).collect(),
        measures,
        targets,
        windows,
        floors,
        proof: Some(proof),
        legal_basis: legal_basis(rules, situation),
        caveats_zh: Vec::new(),
        caveats_en: Vec::new(),
    };
    (plan.caveats_zh, plan.caveats_en) = caveats(catalogue, rules, situation, &plan);
    plan
}

/// Every lawful measure of the situation, each as early and as strict as it may be: no list does more.
pub fn strictest_list(catalogue: &Catalogue, rules: &ReductionRules, situation: &Situation) -> Vec<PlannedMeasure> {
    let parts = parts(rules, situation);
    let candidates = candidates(catalogue, rules, situation, &parts, Lifted::default());
    let demands = Demands::of(rules, situation, &parts);
    let makings =
        Makings { situation, weight: &rules.pm_equivalent, parts: &parts, candidates: &candidates, demands: &demands };
    let options = makings.options(&[0]);
    rows(situation, &parts, &candidates, &options, &Settled::strictest(&options))
}

/// Delays that are worth considering: without a ranking nothing says what an hour is worth.
fn delays(rules: &ReductionRules, situation: &Situation) -> Vec<u32> {
    let latest = if situation.ranking.is_empty() { 0 } else { rules.latest_start_h };
    (0..=latest).step_by(rules.start_step_h.max(1) as usize).collect()
}

/// The demands that can be met, and the list that meets them.
struct Settled {
    /// Demand of each row that the list was made for; lower than asked where that is out of reach.
    demand: Vec<f64>,
    reached: Vec<f64>,
    attainable: Vec<f64>,
    conflict: Vec<usize>,
    solution: Solution,
}

/// Stands for a demand that is not pursued: anything covers it.
const NOT_PURSUED: f64 = -1e12;

impl Settled {
    fn of(rules: &ReductionRules, options: &Options, rows: &[Row], limits: &Limits) -> Self {
        let cover = &options.cover;
        let attainable = cover.attainable();
        let mut demand = cover.demand().to_vec();
        for (r, d) in demand.iter_mut().enumerate().filter(|(r, d)| !covered(attainable[*r], **d)) {
            *d = if matches!(rows[r], Row::Window(_)) { NOT_PURSUED } else { attainable[r] };
        }
        let mut conflict = Vec::new();
        let mut solution = optimise(&cover.with_demand(demand.clone()), limits);
        if !matches!(solution, Optimum::Found(_)) {
            let weight = &rules.shortfall;
            let weights: Vec<f64> = rows
                .iter()
                .map(|r| match r {
                    Row::Society(_) => weight.society,
                    Row::Window(_) => weight.window,
                    Row::Floor(_) => weight.floor,
                })
                .collect();
            if let Some(short) = least_shortfall(&cover.with_demand(demand.clone()), &weights, limits) {
                (demand, conflict) = (short.demand, short.conflict);
                solution = optimise(&cover.with_demand(demand.clone()), limits);
            }
        }
        let solution = match solution {
            Optimum::Found(found) => found,
            Optimum::Impossible => Self::all(options, Stop::Proven),
            Optimum::Unknown(stop) => Self::all(options, stop),
        };
        Self { reached: cover.reached(&solution.pick), demand, attainable, conflict, solution }
    }

    /// The strictest option of every group.
    fn strictest(options: &Options) -> Vec<usize> {
        (0..options.cover.groups()).map(|g| strictest(options, g)).collect()
    }

    /// Everything that is lawful, where the search ended without any list; nothing is proven of its cost.
    fn all(options: &Options, stop: Stop) -> Solution {
        let pick = Self::strictest(options);
        Solution { cost: options.cover.cost_of(&pick), pick, bound: 0.0, nodes: 0, stop }
    }
}

fn proof(options: &Options, parts: &[Part], settled: &Settled) -> CostProof {
    let plain = grade_order(options, parts, &settled.demand);
    let solution = &settled.solution;
    CostProof {
        cost_yuan: solution.cost,
        bound_yuan: solution.bound.max(0.0),
        gap: solution.gap(),
        nodes: solution.nodes,
        stop: solution.stop,
        grade_order_yuan: plain.as_ref().map(|p| p.cost_yuan),
        grade_order_rows: plain.map_or(0, |p| p.rows),
    }
}

/// One row per chosen candidate. On an entry with several measures each row claims what the rows before it left.
fn rows(
    situation: &Situation,
    parts: &[Part],
    candidates: &[Candidate],
    options: &Options,
    pick: &[usize],
) -> Vec<PlannedMeasure> {
    let mut chosen: Vec<(usize, u32)> = Vec::new();
    for way in pick.iter().map(|o| &options.ways[*o]) {
        chosen.extend(way.candidates.iter().map(|c| (*c, way.delay_h)));
    }
    // candidates stand in the order of parts, and those in the order of the list
    chosen.sort_unstable();
    let to = situation.period.1;
    let mut rows: Vec<PlannedMeasure> = Vec::with_capacity(chosen.len());
    let mut last = None;
    let mut left = Amounts::default();
    for (index, delay_h) in chosen {
        let c = &candidates[index];
        let part = &parts[c.part];
        if last != Some(c.part) {
            last = Some(c.part);
            left = part.emission_t_d;
        }
        let from = start(c, delay_h);
        let cut_t_d = left.zip(c.factor, |e, f| e * (1.0 - f));
        left = left.zip(c.factor, |e, f| e * f);
        rows.push(PlannedMeasure {
            measure: c.measure.id.clone(),
            source: part.source.id.clone(),
            entry: part.entry.map(|e| e.id.clone()),
            entry_name: part.name().to_owned(),
            family: part.family,
            grade: part.grade,
            share: part.share,
            name_zh: c.measure.name_zh.clone(),
            name_en: c.measure.name_en.clone(),
            adcode: part.county.adcode,
            county_zh: part.county.name_zh.clone(),
            sector: part.source.sector,
            factor: c.factor,
            from,
            to,
            earliest_from: Some(c.from),
            cut_t_d,
            cost_yuan_d: c.cost_yuan_d,
            cost_yuan: c.cost_yuan_d * hours(from, to) / 24.0,
            mandatory: c.mandatory,
            department: c.measure.department.clone(),
            role: c.measure.role.clone(),
            verification: c.measure.verification.clone(),
            legal_basis: c.measure.legal_basis.clone(),
        });
    }
    rows
}

/// What the list reaches of each kind of demand.
struct Outcome<'a> {
    rules: &'a ReductionRules,
    situation: &'a Situation<'a>,
    demands: &'a Demands,
    settled: &'a Settled,
}

impl Outcome<'_> {
    fn targets(&self, inquiry: &mut Inquiry) -> Vec<ReductionTarget> {
        let Some(demand) = self.rules.level.get(&self.situation.level) else { return Vec::new() };
        let mut out = Vec::with_capacity(4);
        for (k, p) in TargetPollutant::ALL.into_iter().enumerate() {
            let society = self.demands.society_t_d[k];
            // Nothing emitted: nothing to cut, and no 0/0 in the document.
            let fraction = |cut: f64| if society > 0.0 { cut / society } else { 0.0 };
            let (reached, attainable) = (self.settled.reached[k], self.settled.attainable[k]);
            let required = self.demands.required_t_d[k];
            let met = covered(reached, required);
            out.push(ReductionTarget {
                pollutant: p.name().into(),
                emission_t_d: society,
                required_fraction: demand.fraction(p),
                reached_fraction: fraction(reached),
                attainable_fraction: fraction(attainable),
                met,
                culprit: (!met).then(|| inquiry.of_row(k, required, attainable)),
            });
        }
        out
    }

    fn windows(&self, inquiry: &mut Inquiry, parts: &[Part]) -> Vec<WindowOutcome> {
        let mut out = Vec::with_capacity(self.situation.ranking.len());
        for (w, influence) in self.situation.ranking.iter().enumerate() {
            let (row, window) = (4 + w, &influence.window);
            let fall = self.settled.reached[row];
            let (local, after) = local_share(self.situation, parts, w);
            // The correction is frozen: a share of the model is the same share of the corrected forecast.
            let share = if window.model_ug_m3 > 0.0 { fall / window.model_ug_m3 } else { 0.0 };
            let mut outcome = WindowOutcome {
                adcode: window.adcode,
                from: window.from,
                to: window.to,
                forecast_ug_m3: window.forecast_ug_m3,
                model_ug_m3: window.model_ug_m3,
                limit_ug_m3: window.limit_ug_m3,
                probability: window.probability,
                fall_needed_ug_m3: self.demands.windows_ug_m3[w],
                fall_ug_m3: fall,
                fall_attainable_ug_m3: self.settled.attainable[row],
                corrected_fall_ug_m3: share * window.forecast_ug_m3,
                local_ug_m3: local,
                local_after_order_ug_m3: after,
                beyond_reach: window.beyond_reach,
                met: !window.beyond_reach && covered(fall, self.demands.windows_ug_m3[w]),
                culprit: None,
            };
            if !outcome.met {
                outcome.culprit = Some(inquiry.of_window(row, &outcome));
            }
            out.push(outcome);
        }
        out
    }

    fn floors(&self) -> Vec<CountyFloor> {
        let first = 4 + self.demands.windows_ug_m3.len();
        let floor = |(k, (adcode, required)): (usize, &(u32, f64))| CountyFloor {
            adcode: *adcode,
            required_t_d: *required,
            reached_t_d: self.settled.reached[first + k],
            attainable_t_d: self.settled.attainable[first + k],
            met: covered(self.settled.reached[first + k], *required),
        };
        self.demands.floors.iter().enumerate().map(floor).collect()
    }
}

/// Name of a demand for people.
fn name(row: Row, situation: &Situation) -> String {
    let county = |adcode: u32| {
        situation.counties.iter().find(|c| c.adcode == adcode).map_or(adcode.to_string(), |c| c.name_zh.clone())
    };
    match row {
        Row::Society(p) => p.name().into(),
        Row::Window(w) => {
            let window = &situation.ranking[w].window;
            format!("{} {}/{}", county(window.adcode), window.from.format("%FT%HZ"), window.to.format("%FT%HZ"))
        }
        Row::Floor(adcode) => format!("{}县域下限 county floor", county(adcode)),
    }
}

fn legal_basis(rules: &ReductionRules, situation: &Situation) -> Vec<String> {
    let Some(target) = rules.level.get(&situation.level) else { return Vec::new() };
    let mut out = vec![format!("{}.{}: {}", rules.id, situation.level.key(), target.clause)];
    for p in &rules.protected {
        out.push(format!("{}.protected: {}", rules.id, p.clause));
    }
    for (grade, rule) in &rules.grade {
        if situation.register.iter().any(|e| e.grade == Some(*grade)) {
            out.push(format!("{}.grade.{grade:?}: {}", rules.id, rule.clause));
        }
    }
    out
}
