//! What a reader of the list must know: what it misses and why, what was estimated, what protects whom.

use super::measures::Catalogue;
use super::optimise::Stop;
use super::register::Situation;
use super::targets::ReductionRules;
use super::{Culprit, ReductionPlan, WindowOutcome};
use crate::calendar::beijing_local;

/// The notes of `plan`, Chinese and English, line by line the same.
pub(super) fn caveats(
    catalogue: &Catalogue,
    rules: &ReductionRules,
    situation: &Situation,
    plan: &ReductionPlan,
) -> (Vec<String>, Vec<String>) {
    let mut notes = Notes::default();
    if plan.targets.is_empty() {
        return (notes.zh, notes.en);
    }
    notes.missed(situation, plan);
    notes.proof(plan);
    notes.add(
        "减排比例以全社会排放量（不含露天焚烧火点）为基数，合计减排量含火点；颗粒物按一次PM10计。",
        "Fractions refer to the emission of all sectors except fires, the total cut includes fires; PM is primary PM10.",
    );
    notes.add(
        "减排比例按全部措施生效的整日计；措施按各自提前量开始，首日实际减排较少，复核运行按实际起止时间计算。晚于最早时间开始的措施，按其保留的时长折算。",
        "Fractions hold for a whole day with all measures in force; each measure starts after its lead time, so the first day cuts less: \
         the certificate's run uses the real times. A measure that starts later than it could counts with the share of hours it keeps.",
    );
    let of_catalogue = |id: &str| catalogue.measures.iter().find(|m| m.id == id);
    let unverified = plan.measures.iter().filter(|m| of_catalogue(&m.measure).is_some_and(|m| !m.verified)).count();
    if unverified > 0 {
        notes.add(
            &format!("{unverified}项措施的减排系数与成本为估算值，未经核实。"),
            &format!("Factors and costs of {unverified} rows are estimates that were not verified."),
        );
    }
    if plan.measures.iter().any(|m| !m.mandatory) {
        let share = 100.0 * rules.voluntary_share;
        notes.add(
            &format!("自愿措施按参与比例计减排量，缺省{share:.0}%，为参数。"),
            &format!(
                "Voluntary measures count with the share that follows them, {share:.0} % unless stated: a parameter."
            ),
        );
    }
    for p in &rules.protected {
        let load = 100.0 * p.minimum_load;
        notes.add(
            &format!("{}（最低负荷{load:.0}%）。", p.reason_zh),
            &format!("{} (minimum load {load:.0} %).", p.reason_en),
        );
    }
    if situation.register.iter().all(|e| e.grade.is_none()) {
        notes.add(
            "企业绩效分级未知，未按A、B、C级区分。",
            "Performance grades of the enterprises are not known and make no difference here.",
        );
    }
    (notes.zh, notes.en)
}

#[derive(Default)]
struct Notes {
    zh: Vec<String>,
    en: Vec<String>,
}

impl Notes {
    fn add(&mut self, zh: &str, en: &str) {
        self.zh.push(zh.into());
        self.en.push(en.into());
    }

    fn missed(&mut self, situation: &Situation, plan: &ReductionPlan) {
        for t in plan.targets.iter().filter(|t| !t.met) {
            let (attainable, required) = (100.0 * t.attainable_fraction, 100.0 * t.required_fraction);
            let (zh, en) = t.culprit.map_or(("", ""), |c| (c.zh(), c.en()));
            if t.culprit == Some(Culprit::Conflict) {
                let reached = 100.0 * t.reached_fraction;
                self.add(
                    &format!("{}：减排{reached:.1}%，达不到要求的{required:.0}%（{zh}）。", t.pollutant),
                    &format!(
                        "{}: the list cuts {reached:.1} %, not the {required:.0} % that is required ({en}).",
                        t.pollutant
                    ),
                );
                continue;
            }
            self.add(
                &format!("{}：依法可采取的全部措施只能减排{attainable:.1}%，达不到要求的{required:.0}%（{zh}）。", t.pollutant),
                &format!(
                    "{}: all lawful measures together cut {attainable:.1} %, not the {required:.0} % that is required ({en}).",
                    t.pollutant
                ),
            );
        }
        for w in plan.windows.iter().filter(|w| !w.met) {
            self.window(situation, w);
        }
        for f in plan.floors.iter().filter(|f| !f.met) {
            let county = situation.counties.iter().find(|c| c.adcode == f.adcode);
            let (zh, en) = county.map_or(("", ""), |c| (c.name_zh.as_str(), c.name_en.as_str()));
            let (reached, required) = (f.reached_t_d, f.required_t_d);
            self.add(
                &format!("{zh}：PM当量减排{reached:.2}吨/日，低于县域下限{required:.2}吨/日。"),
                &format!(
                    "{en}: the cut of {reached:.2} t/d PM-equivalent stays below the county floor of {required:.2} t/d."
                ),
            );
        }
        if !plan.conflict.is_empty() {
            let rows = plan.conflict.join("、");
            self.add(
                &format!("以下要求不能同时满足：{rows}。"),
                &format!("These demands cannot be met together: {}.", plan.conflict.join(", ")),
            );
        }
    }

    fn window(&mut self, situation: &Situation, w: &WindowOutcome) {
        let county = situation.counties.iter().find(|c| c.adcode == w.adcode);
        let (zh, en) = county.map_or(("", ""), |c| (c.name_zh.as_str(), c.name_en.as_str()));
        let local = |t| beijing_local(t).format("%m-%d %H:00").to_string();
        let (from, to) = (local(w.from), local(w.to));
        let (needed, most) = (w.fall_needed_ug_m3, w.fall_attainable_ug_m3);
        let (why_zh, why_en) = w.culprit.map_or(("", ""), |c| (c.zh(), c.en()));
        let share = if w.model_ug_m3 > 0.0 { 100.0 * w.local_ug_m3 / w.model_ug_m3 } else { 0.0 };
        if w.beyond_reach {
            return self.add(
                &format!(
                    "{zh}{from}至{to}（北京时）不能靠清单避免：本地源自措施可生效起全部停排，该等级仍在；原因：{why_zh}。\
                     可管控的本地源占该时段模拟值的{share:.0}%。"
                ),
                &format!(
                    "{en} {from} to {to} (Beijing) cannot be averted by the list: the level would stay with all local sources stopped from the \
                     order on; reason: {why_en}. The local sources that can be ordered are {share:.0} % of the modelled mean."
                ),
            );
        }
        if w.culprit == Some(Culprit::Conflict) {
            let fall = w.fall_ug_m3;
            return self.add(
                &format!(
                    "{zh}{from}至{to}（北京时）：PM2.5均值需降{needed:.1}微克/立方米，清单只降{fall:.1}（{why_zh}；单独可降{most:.1}）。"
                ),
                &format!(
                    "{en} {from} to {to} (Beijing): the mean of PM2.5 has to fall by {needed:.1} ug/m3, the list takes {fall:.1} ({why_en}; alone \
                     {most:.1} could be had)."
                ),
            );
        }
        self.add(
            &format!(
                "{zh}{from}至{to}（北京时）不能靠清单避免：PM2.5均值需降{needed:.1}微克/立方米，依法最多可降{most:.1}；原因：{why_zh}。\
                 可管控的本地源占该时段模拟值的{share:.0}%。"
            ),
            &format!(
                "{en} {from} to {to} (Beijing) cannot be averted by the list: the mean of PM2.5 has to fall by {needed:.1} ug/m3, the law allows \
                 {most:.1} at most; reason: {why_en}. The local sources that can be ordered are {share:.0} % of the modelled mean."
            ),
        );
    }

    fn proof(&mut self, plan: &ReductionPlan) {
        let Some(p) = &plan.proof else { return };
        match p.stop {
            Stop::Proven => self.add(
                &format!("已证明：满足同样要求的合法清单（同一对象的措施同时启动、按规则步长错后、全县措施所涉对象一致），费用至多再低{:.2}%。", 100.0 * p.gap),
                &format!("Proven: no lawful list that meets the same demands is cheaper by more than {:.2} %, of those in which the measures of an entry start together, at the steps of the rules, and everyone whom a county-wide measure joins is ordered alike.", 100.0 * p.gap),
            ),
            Stop::Nodes | Stop::Time => self.add(
                &format!("搜索达到上限后停止：满足同样要求的合法清单，费用至多再低{:.1}%。", 100.0 * p.gap),
                &format!(
                    "The search ended at its limit: no lawful list that meets the same demands is cheaper by more than {:.1} %.",
                    100.0 * p.gap
                ),
            ),
        }
    }
}
