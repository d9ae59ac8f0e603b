//! What the page rests on: method, books, inputs with their hashes, refused records, the run's own hash.

use super::wording::{en, thousands};
use crate::archive::store::Archived;
use maud::{Markup, html};

/// Refused records shown here; all are in the consultation record.
const FIRST_REJECTIONS: usize = 50;

pub(super) fn section(archived: &Archived) -> Markup {
    let r = &archived.record;
    html! {
        section id="provenance" {
            h2 { "来源与核对 " (en("Provenance")) }
            p { "区间 " (en("interval")) ": " (r.forecast.correction.interval_method) }
            (correction(archived))
            @for (zh, english) in r.limits_zh.iter().zip(&r.limits_en) { p.limit { (zh) " " (en(english)) } }
            p { "质量守恒最大相对残差 " (en("largest relative mass residual")) " " (format!("{:.1e}", r.ledger_base.largest_relative_residual))
                @if let Some(cut) = &r.ledger_cut { "，落实清单后 " (en("with the list")) " " (format!("{:.1e}", cut.largest_relative_residual)) } }
            p.hash { "批次 " (en("run")) " " b { (r.run) } " · hazecast " (r.hazecast) " · 整批 SHA-256 " code { (archived.manifest_sha256) } }
            p { a href=(format!("/v1/consultations/{}", r.run)) { "会商记录 " (en("consultation record")) " (JSON)" }
                " · " a href=(format!("/v1/runs/{}", r.run)) { "文件清单 " (en("files and hashes")) " (JSON)" }
                " · " a href=(format!("/v1/warnings/current?run={}", r.run)) { "预警 " (en("warning")) " (JSON)" }
                " · " a href="/openapi.json" { "API" } }
            (inputs(archived))
            (rejections(archived))
        }
    }
}

fn correction(archived: &Archived) -> Markup {
    html! {
        p { "订正 " (en("correction")) ": "
            @for (i, m) in archived.record.forecast.correction.methods.iter().enumerate() {
                @if i > 0 { "，" }
                (m.pollutant.name()) " " (m.method) " (" (m.pairs) " / " (m.pairs_needed) ")"
            }
            " " (en("pairs of model and observation used / needed"))
        }
    }
}

fn inputs(archived: &Archived) -> Markup {
    let inputs = &archived.record.inputs;
    html! {
        details {
            summary { "输入文件 " (en("inputs")) " " (inputs.len()) }
            table.hash {
                thead { tr { th scope="col" { "类别 " (en("role")) } th scope="col" { "文件 " (en("file")) }
                    th scope="col" { "字节 " (en("bytes")) } th scope="col" { "SHA-256" } } }
                tbody { @for f in inputs { tr {
                    td { (f.role) } td { (f.name) } td.number { (thousands(f.bytes as f64)) } td { code { (f.sha256) } }
                } } }
            }
        }
    }
}

fn rejections(archived: &Archived) -> Markup {
    let rejections = &archived.record.rejections;
    html! {
        @if rejections.is_empty() {
            p { "拒收记录 " (en("records refused")) " 0" }
        } @else {
            details {
                summary { "拒收记录 " (en("records refused")) " " (rejections.len()) }
                table {
                    thead { tr { th scope="col" { "文件 " (en("file")) } th scope="col" { "位置 " (en("place")) }
                        th scope="col" { "内容 " (en("found")) } th scope="col" { "应为 " (en("expected")) } } }
                    tbody { @for x in rejections.iter().take(FIRST_REJECTIONS) { tr {
                        td { (x.file) } td { (x.place) } td { (x.found) } td { (x.expected) }
                    } } }
                }
                @if rejections.len() > FIRST_REJECTIONS {
                    p { "此处为前 " (FIRST_REJECTIONS) " 条，其余见会商记录。 " (en("The first are shown; all are in the consultation record.")) }
                }
            }
        }
    }
}
