//! Level, catalogue and tonight's emissions -> the list.

use super::choose::{Choice, PerTarget, choose, counts};
use super::measures::Catalogue;
use super::register::{Candidate, Conditions, SourceDay, candidates};
use super::targets::{ReductionRules, TargetPollutant};
use super::{PlannedMeasure, ReductionPlan, ReductionTarget};
use crate::domain::county::County;
use crate::domain::source::Amounts;
use crate::warning::WarningLevel;
use chrono::{DateTime, Utc};

/// The cheapest list that meets what `level` demands of the whole-society emission of `counties` (all sectors except fires).
///
/// `period` is the order and the end of the measures; a measure starts its lead time after the order. Where all lawful measures
/// together miss a demand, every measure that cuts that pollutant is taken and the target says `met: false` with the attained
/// fraction. At [`WarningLevel::None`] the list is empty and demands nothing. At pre-warning all measures are voluntary and count
/// with the share that follows them. Standing measures (fire patrols) are always in the list.
pub fn plan(
    catalogue: &Catalogue,
    rules: &ReductionRules,
    level: WarningLevel,
    period: (DateTime<Utc>, DateTime<Utc>),
    emissions: &[SourceDay],
    counties: &[County],
    conditions: &Conditions,
) -> ReductionPlan {
    let register = candidates(catalogue, rules, level, period, emissions, counties, conditions);
    let society = whole_society(emissions, counties);
    let mut required: PerTarget = [0.0; 4];
    if let Some(target) = rules.level.get(&level) {
        for (k, p) in TargetPollutant::ALL.into_iter().enumerate() {
            required[k] = target.fraction(p) * society[k];
        }
    }
    let choice = choose(&register, required);
    let measures = rows(&register, &choice, period.1);
    let targets = targets(rules, level, &society, &required, &choice);
    let cut_t_d = measures.iter().fold(Amounts::default(), |sum, m| sum.zip(m.cut_t_d, |a, b| a + b));
    let cost_yuan_d = measures.iter().map(|m| m.cost_yuan_d).sum();
    let (caveats_zh, caveats_en) = caveats(rules, &register, &choice, &targets);
    ReductionPlan {
        level,
        from: period.0,
        to: period.1,
        measures,
        targets,
        cut_t_d,
        cost_yuan_d,
        legal_basis: legal_basis(rules, level),
        caveats_zh,
        caveats_en,
    }
}

/// Emission of the counties that targets refer to [t d-1], summed in the order of ids: the list must not depend on the order in
/// which inventories were read.
fn whole_society(emissions: &[SourceDay], counties: &[County]) -> PerTarget {
    let mut sum = [0.0; 4];
    let mut days: Vec<&SourceDay> = emissions.iter().collect();
    days.sort_by(|a, b| a.source.id.cmp(&b.source.id));
    for day in days {
        if counts(day.source.sector) && counties.iter().any(|c| c.adcode == day.source.adcode) {
            for (total, p) in sum.iter_mut().zip(TargetPollutant::ALL) {
                *total += p.of(&day.emission_t_d);
            }
        }
    }
    sum
}

/// One row per chosen candidate. On a source with several measures each row claims what the rows before it left.
fn rows(register: &[Candidate], choice: &Choice, to: DateTime<Utc>) -> Vec<PlannedMeasure> {
    let mut rows = Vec::with_capacity(choice.chosen.len());
    let mut source = "";
    let mut left = Amounts::default();
    for &i in &choice.chosen {
        let c = &register[i];
        if c.source.id != source {
            source = &c.source.id;
            left = c.emission_t_d;
        }
        let cut_t_d = left.zip(c.factor, |e, f| e * (1.0 - f));
        left = left.zip(c.factor, |e, f| e * f);
        rows.push(PlannedMeasure {
            measure: c.measure.id.clone(),
            source: c.source.id.clone(),
            name_zh: c.measure.name_zh.clone(),
            name_en: c.measure.name_en.clone(),
            adcode: c.county.adcode,
            county_zh: c.county.name_zh.clone(),
            sector: c.source.sector,
            factor: c.factor,
            from: c.from,
            to,
            cut_t_d,
            cost_yuan_d: c.cost_yuan_d,
            mandatory: c.mandatory,
            department: c.measure.department.clone(),
            verification: c.measure.verification.clone(),
            legal_basis: c.measure.legal_basis.clone(),
        });
    }
    rows
}

fn targets(
    rules: &ReductionRules,
    level: WarningLevel,
    society: &PerTarget,
    required: &PerTarget,
    choice: &Choice,
) -> Vec<ReductionTarget> {
    let Some(demand) = rules.level.get(&level) else { return Vec::new() };
    let mut out = Vec::with_capacity(4);
    for (k, p) in TargetPollutant::ALL.into_iter().enumerate() {
        // Nothing emitted: nothing to cut, and no 0/0 in the document.
        let fraction = |cut: f64| if society[k] > 0.0 { cut / society[k] } else { 0.0 };
        out.push(ReductionTarget {
            pollutant: p.name().into(),
            emission_t_d: society[k],
            required_fraction: demand.fraction(p),
            reached_fraction: fraction(choice.reached_t_d[k]),
            attainable_fraction: fraction(choice.attainable_t_d[k]),
            met: super::choose::satisfied(&[choice.reached_t_d[k]; 4], &[required[k]; 4]),
        });
    }
    out
}

fn legal_basis(rules: &ReductionRules, level: WarningLevel) -> Vec<String> {
    let Some(target) = rules.level.get(&level) else { return Vec::new() };
    let mut out = vec![format!("{}.{}: {}", rules.id, level.key(), target.clause)];
    for p in &rules.protected {
        out.push(format!("{}.protected: {}", rules.id, p.clause));
    }
    out
}

fn caveats(
    rules: &ReductionRules,
    register: &[Candidate],
    choice: &Choice,
    targets: &[ReductionTarget],
) -> (Vec<String>, Vec<String>) {
    let (mut zh, mut en) = (Vec::new(), Vec::new());
    if targets.is_empty() {
        return (zh, en);
    }
    for t in targets.iter().filter(|t| !t.met) {
        zh.push(format!(
            "{}：依法可采取的全部措施只能减排{:.1}%，达不到要求的{:.0}%。",
            t.pollutant,
            100.0 * t.attainable_fraction,
            100.0 * t.required_fraction
        ));
        en.push(format!(
            "{}: all lawful measures together cut {:.1} %, not the {:.0} % that is required.",
            t.pollutant,
            100.0 * t.attainable_fraction,
            100.0 * t.required_fraction
        ));
    }
    zh.push("减排比例以全社会排放量（不含露天焚烧火点）为基数，合计减排量含火点；颗粒物按一次PM10计。".into());
    en.push("Fractions refer to the emission of all sectors except fires, the total cut includes fires; PM is primary PM10.".into());
    zh.push(
        "减排比例按全部措施生效的整日计；措施按各自提前量开始，首日实际减排较少，复核运行按实际起止时间计算。".into(),
    );
    en.push(
        "Fractions hold for a whole day with all measures in force; each measure starts after its lead time, so the first day cuts less: \
         the certificate's run uses the real times."
            .into(),
    );
    let unverified = choice.chosen.iter().filter(|i| !register[**i].measure.verified).count();
    if unverified > 0 {
        zh.push(format!("{unverified}项措施的减排系数与成本为估算值，未经核实。"));
        en.push(format!("Factors and costs of {unverified} rows are estimates that were not verified."));
    }
    if choice.chosen.iter().any(|i| !register[*i].mandatory) {
        zh.push(format!("自愿措施按参与比例计减排量，缺省{:.0}%，为参数。", 100.0 * rules.voluntary_share));
        en.push(format!(
            "Voluntary measures count with the share that follows them, {:.0} % unless stated: a parameter.",
            100.0 * rules.voluntary_share
        ));
    }
    for p in &rules.protected {
        zh.push(format!("{}（最低负荷{:.0}%）。", p.reason_zh, 100.0 * p.minimum_load));
        en.push(format!("{} (minimum load {:.0} %).", p.reason_en, 100.0 * p.minimum_load));
    }
    zh.push("企业绩效分级未知，未按A、B、C级区分。".into());
    en.push("Performance grades of the enterprises are not known and make no difference here.".into());
    (zh, en)
}
