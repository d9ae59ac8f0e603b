//! Why a demand cannot be met: what of law, time and air stands in the way.

use super::WindowOutcome;
use super::candidates::{Lifted, candidates};
use super::cover::covered;
use super::demands::Demands;
use super::measures::Catalogue;
use super::options::{Makings, first_hour};
use super::register::{Part, Situation};
use super::targets::ReductionRules;
use serde::{Deserialize, Serialize};

/// What bars a demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Culprit {
    /// Local sources add too little: the pollution comes from outside, from dust or from fires.
    Transport,
    /// Local sources add enough, but most of it before any order can act.
    TooLate,
    /// The lead times of the measures.
    LeadTime,
    /// The minimum loads of protected sources.
    ProtectedLoad,
    /// The exemptions and reductions for good performance grades.
    GradeExemption,
    /// A side condition that tonight's weather does not meet.
    SideCondition,
    /// The measures of the catalogue are not strong enough, or there are too few for these sources.
    Measures,
    /// Each demand can be met alone, but not with the others.
    Conflict,
}

impl Culprit {
    /// In Chinese, as a reason.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Transport => "本地源贡献不足，污染主要来自外来输送、沙尘或火点",
            Self::TooLate => "本地贡献多在措施生效前已经排放",
            Self::LeadTime => "措施启动所需的提前量",
            Self::ProtectedLoad => "保障类最低负荷",
            Self::GradeExemption => "绩效分级豁免",
            Self::SideCondition => "天气条件不允许采取有关措施（如结冰不得洒水）",
            Self::Measures => "现有措施力度或覆盖面不足",
            Self::Conflict => "与其他要求不能同时满足",
        }
    }

    /// In English, as a reason.
    pub fn en(self) -> &'static str {
        match self {
            Self::Transport => {
                "local sources add too little: the pollution comes from outside, from dust or from fires"
            }
            Self::TooLate => "most of what local sources add is emitted before any measure can act",
            Self::LeadTime => "the lead times of the measures",
            Self::ProtectedLoad => "the minimum loads of protected sources",
            Self::GradeExemption => "the exemptions of good performance grades",
            Self::SideCondition => "the weather forbids measures, such as watering in frost",
            Self::Measures => "the measures of the catalogue are too weak or too few",
            Self::Conflict => "it cannot be met together with the other demands",
        }
    }
}

/// Finds culprits by thinking limits away one at a time.
pub struct Inquiry<'a> {
    catalogue: &'a Catalogue,
    rules: &'a ReductionRules,
    situation: &'a Situation<'a>,
    parts: &'a [Part<'a>],
    demands: &'a Demands,
    /// What every row could reach without one limit; made when first asked for.
    without: Option<Vec<(Culprit, Vec<f64>)>>,
}

impl<'a> Inquiry<'a> {
    /// An inquiry into the demands of a situation.
    pub fn new(
        catalogue: &'a Catalogue,
        rules: &'a ReductionRules,
        situation: &'a Situation<'a>,
        parts: &'a [Part<'a>],
        demands: &'a Demands,
    ) -> Self {
        Self { catalogue, rules, situation, parts, demands, without: None }
    }

    /// Why row `row` cannot reach `demand` when the law lets it reach `attainable`: the limit without which it could, of several the one that
    /// bars most; [`Culprit::Measures`] when no single one is enough.
    pub fn of_row(&mut self, row: usize, demand: f64, attainable: f64) -> Culprit {
        if covered(attainable, demand) {
            return Culprit::Conflict;
        }
        let (catalogue, rules, situation) = (self.catalogue, self.rules, self.situation);
        let (parts, demands) = (self.parts, self.demands);
        let without = self.without.get_or_insert_with(|| {
            let one = |culprit, lifted| {
                let candidates = candidates(catalogue, rules, situation, parts, lifted);
                let weight = &rules.pm_equivalent;
                let makings = Makings { situation, weight, parts, candidates: &candidates, demands };
                (culprit, makings.options(&[0]).cover.attainable())
            };
            vec![
                one(Culprit::ProtectedLoad, Lifted { protection: true, ..Lifted::default() }),
                one(Culprit::GradeExemption, Lifted { grades: true, ..Lifted::default() }),
                one(Culprit::LeadTime, Lifted { lead: true, ..Lifted::default() }),
                one(Culprit::SideCondition, Lifted { conditions: true, ..Lifted::default() }),
            ]
        });
        let mut worst: Option<(f64, Culprit)> = None;
        for (culprit, reach) in without.iter().filter(|(_, reach)| covered(reach[row], demand)) {
            if worst.is_none_or(|(most, _)| reach[row] > most) {
                worst = Some((reach[row], *culprit));
            }
        }
        worst.map_or(Culprit::Measures, |(_, culprit)| culprit)
    }

    /// Why a window that is not met stays: the air first, then time and law.
    pub fn of_window(&mut self, row: usize, window: &WindowOutcome) -> Culprit {
        if window.beyond_reach {
            let late = window.local_after_order_ug_m3 < 0.5 * window.local_ug_m3;
            return if late { Culprit::TooLate } else { Culprit::Transport };
        }
        let needed = window.fall_needed_ug_m3;
        if !covered(window.local_ug_m3, needed) {
            Culprit::Transport
        } else if !covered(window.local_after_order_ug_m3, needed) {
            Culprit::TooLate
        } else {
            self.of_row(row, needed, window.fall_attainable_ug_m3)
        }
    }
}

/// What the parts add to window `w` [ug m-3]: in all hours, and from the order to the end of the measures.
pub fn local_share(situation: &Situation, parts: &[Part], w: usize) -> (f64, f64) {
    let window = &situation.ranking[w];
    let (mut all, mut after) = (0.0, 0.0);
    let order = first_hour(window.first_hour, situation.period.0);
    let end = first_hour(window.first_hour, situation.period.1);
    for part in parts {
        let Some(effect) = window.sources.iter().find(|s| s.source == part.source.id) else { continue };
        for (hour, added) in effect.added_by_hour.iter().enumerate() {
            let added = added.zip(part.share, |a, s| a * s).sum();
            all += added;
            if (order..end).contains(&hour) {
                after += added;
            }
        }
    }
    (all, after)
}
