//! What the observations are worth: flags of quality control, and what assimilation made of them.

use super::wording::{beijing, en};
use crate::archive::store::Archived;
use crate::assimilation::report::AssimilationReport;
use crate::domain::quality::QualityReport;
use maud::{Markup, html};

/// Rejected values shown here; the consultation record has more.
const FIRST_REJECTIONS: usize = 20;

/// The section; empty where the night had no observations.
pub(super) fn section(archived: &Archived) -> Markup {
    let r = &archived.record;
    html! {
        @if r.observation_quality.is_some() || r.assimilation.is_some() {
            section id="observations" {
                h2 { "观测 " (en("Observations")) }
                @if let Some(q) = &r.observation_quality { (quality(q)) }
                @if let Some(a) = &r.assimilation { (assimilation(a)) }
            }
        }
    }
}

fn quality(q: &QualityReport) -> Markup {
    html! {
        p { "质控 " (en("quality control")) ": " (q.values) " 个值 " (en("values"))
            "，存疑 " (en("suspect")) " " (q.suspect) "，剔除 " (en("rejected")) " " b { (q.rejected) } }
        @if !q.faults.is_empty() {
            ul { @for f in &q.faults { li {
                (f.fault.zh()) " " (en(f.fault.en())) ": 存疑 " (f.suspect) "，剔除 " (f.rejected)
            } } }
        }
        @if !q.rejections.is_empty() {
            details {
                summary { "剔除的值 " (en("rejected values")) " (" (q.rejected) ")" }
                ul { @for f in q.rejections.iter().take(FIRST_REJECTIONS) { li {
                    (beijing(f.end)) " " (f.station) " " (f.pollutant.name()) " " (f.value) " " (f.pollutant.unit())
                    " · " (f.fault.zh()) " " (en(f.fault.en()))
                } } }
            }
        }
    }
}

fn assimilation(a: &AssimilationReport) -> Markup {
    html! {
        p { "同化 " (en("assimilation")) ": " (a.hours) " 小时 " (en("hours analysed")) }
        table {
            thead { tr {
                th scope="col" { "成分 " (en("component")) } th scope="col" { "样本 " (en("pairs")) }
                th scope="col" { "新息均值 ln " (en("mean innovation")) }
                th scope="col" { "均方根误差：不同化 " (en("RMSE without")) }
                th scope="col" { "剔除检验 " (en("station left out")) }
            } }
            tbody { @for c in &a.components { tr {
                td { (c.component) } td.number { (c.n) } td.number { (format!("{:+.2}", c.innovation_mean)) }
                td.number { (format!("{:.2}", c.rmse_background)) } td.number { (format!("{:.2}", c.rmse_left_out)) }
            } } }
        }
    }
}
