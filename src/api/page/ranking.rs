//! What makes the exceeding means: shares, the largest sources, and the map of influence of each window.

use super::wording::{beijing, en, percent, sector};
use crate::consultation::ConsultationRecord;
use crate::reduction::ranking::RankedWindow;
use crate::reduction::unaverted::shares;
use crate::warning::AreaWarning;
use maud::{Markup, html};

/// Sources of each window on the page.
const ROWS: usize = 10;

pub(super) fn section(record: &ConsultationRecord) -> Markup {
    let Some(ranking) = record.ranking.as_ref().filter(|r| !r.windows.is_empty()) else { return html! {} };
    let run = &record.run;
    let county = |adcode| record.warning.counties.iter().find(|c| c.adcode == adcode);
    html! {
        section id="ranking" {
            h2 { "污染来源与影响排序 " (en("What makes the exceeding means")) }
            p { a href=(format!("/v1/rankings/{run}")) { "完整排序 " (en("the whole ranking")) " (JSON)" } }
            @for (i, window) in ranking.windows.iter().enumerate() { (one(window, i, run, county(window.window.adcode))) }
            ul { @for (zh, english) in ranking.caveats_zh.iter().zip(&ranking.caveats_en) { li { (zh) " " (en(english)) } } }
        }
    }
}

fn one(ranked: &RankedWindow, index: usize, run: &str, county: Option<&AreaWarning>) -> Markup {
    let (w, s) = (&ranked.window, shares(ranked));
    html! {
        details open[index == 0] {
            summary {
                @match county { Some(c) => { b { (c.name_zh) } " " (en(&c.name_en)) }, None => b { (w.adcode) } }
                " " (beijing(w.from)) " – " (beijing(w.to)) " 北京时，PM2.5 "
                (format!("{:.1}", w.forecast_ug_m3)) " µg/m³，需降低 " (en("fall needed")) " " (format!("{:.1}", w.fall_needed_ug_m3)) }
            p { "本地源、措施可及 " (en("local, within reach")) " " b { (percent(s.local_after_order)) }
                "；本地源、生效前 " (en("local, before the order")) " " b { (percent(s.local_before_order)) }
                "；火点 " (en("fires")) " " b { (percent(s.fires)) }
                "；区域外、输入与背景 " (en("outside, inflow, background")) " " b { (percent(s.transport)) }
                "；未解释 " (en("not explained")) " " b { (percent(s.unexplained)) }
                "。 模式均值 " (en("model")) " " (format!("{:.1}", w.model_ug_m3)) " µg/m³" }
            div.columns {
                table {
                    caption { "影响最大的源 " (en("sources that add most")) "，µg/m³" }
                    thead { tr {
                        th scope="col" { "源 " (en("source")) } th scope="col" { "行业 " (en("sector")) }
                        th scope="col" { "影响 " (en("adds")) } th scope="col" { "一次 " (en("primary")) }
                        th scope="col" { "每吨PM2.5 " (en("per t")) } th scope="col" { "累计 " (en("so far")) }
                    } }
                    tbody { @for r in ranked.sources.iter().take(ROWS) { tr {
                        th scope="row" { (r.name) } td { (sector(r.sector)) }
                        td.number { (format!("{:.2}", r.added_ug_m3)) } td.number { (format!("{:.2}", r.primary_ug_m3)) }
                        td.number { (format!("{:.3}", r.per_tonne.pm25)) } td.number { (percent(r.cumulated_share)) }
                    } } }
                }
                figure {
                    img src=(format!("/v1/rankings/{run}/map/{index}")) alt="影响地图 influence map" width="480";
                    figcaption { "地面每吨一次PM2.5的影响 " (en("influence of a tonne of primary PM2.5 at the ground")) }
                }
            }
        }
    }
}
