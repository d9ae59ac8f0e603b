//! The score book as one page that needs nothing else: plots and tables, Chinese with English beside it.

use super::Document;
use super::plot;
use super::table::{interval, number};
use crate::domain::pollutant::Pollutant;
use crate::forecast::score_book::chances::ChanceScore;
use crate::forecast::score_book::daily::{DailyScore, LevelScore, ThresholdScore};
use crate::forecast::score_book::hourly::HourlyScore;
use crate::forecast::score_book::{Group, Kind, LEAD_DAYS, Season};
use crate::forecast::scores::bootstrap::Interval;
use crate::forecast::scores::deterministic::Benchmark;
use maud::{DOCTYPE, Markup, html};

const STYLE: &str = include_str!("../../../web/score.css");
/// Published goals and criteria beside the figures.
const EMERY: &str = "Emery et al. 2017 (PM2.5, 24 h): 目标 goal |NMB| < 10 %, NME < 35 %, r > 0.70; 准则 criteria |NMB| < 30 %, NME < 50 %, \
                     r > 0.40. Boylan & Russell 2006: goal |MFB| ≤ 30 %, MFE ≤ 50 %; criteria |MFB| ≤ 60 %, MFE ≤ 75 %.";

fn en(text: &str) -> Markup {
    html! { span.en lang="en" { (text) } }
}

fn whole(group: &Group) -> bool {
    group.adcode.is_none() && group.season.is_none()
}

fn percent(i: &Interval) -> String {
    let scaled =
        Interval { value: 100.0 * i.value, lower: i.lower.map(|l| 100.0 * l), upper: i.upper.map(|u| 100.0 * u) };
    interval(&scaled, 0)
}

fn maybe<T>(value: Option<&T>, text: impl Fn(&T) -> String) -> String {
    value.map_or("—".into(), text)
}

/// The page.
pub(super) fn page(document: &Document) -> Markup {
    let book = &document.book;
    let day = |t: Option<chrono::DateTime<chrono::Utc>>| t.map_or("—".into(), |t| t.format("%Y-%m-%d").to_string());
    html! {
        (DOCTYPE)
        html lang="zh-CN" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (document.region_zh) " 预报评分" }
                style { (STYLE) }
            }
            body {
                header {
                    h1 { (document.region_zh) " 预报评分 " (en(&format!("{}: forecast scores", document.region_en))) }
                    p { "起报 " (en("cycles")) " " (day(book.first_cycle)) " – " (day(book.last_cycle)) " · " (book.nights) " 个 " (en("nights"))
                        " · 其中缺少部分输入 " (en("with something missing")) " " (document.degraded_nights)
                        " · 有站县市 " (en("counties with a station")) ": " @for name in document.names.values() { (name.0) " " (en(&name.1)) " " } }
                }
                main {
                    (by_lead(document))
                    (recent(document))
                    (chances(document))
                    (contingency(document))
                    (daily(document))
                    (hourly(document))
                    (groups(document))
                    (notes(document))
                }
            }
        }
    }
}

fn legend(kinds: &[Kind]) -> Markup {
    html! {
        p.legend { @for kind in kinds { span class=(format!("key {}", plot::class(*kind))) {} (kind.zh()) " " (en(kind.en())) " " } }
    }
}

fn by_lead(document: &Document) -> Markup {
    let book = &document.book;
    let edited = book.daily.iter().any(|s| s.kind == Kind::Edited);
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|k| edited || *k != Kind::Edited).collect();
    let lines = |of: &dyn Fn(Kind, u8) -> Option<Interval>| {
        let line = |kind: Kind| (kind, (1..=LEAD_DAYS).filter_map(|lead| Some((lead, of(kind, lead)?))).collect());
        kinds.iter().copied().map(line).collect::<Vec<(Kind, Vec<(u8, Interval)>)>>()
    };
    let hourly = |kind, lead: u8| {
        let own = |s: &&HourlyScore| s.pollutant == Pollutant::Pm25 && whole(&s.group);
        book.hourly.iter().filter(own).find(|s| s.kind == kind && s.group.lead_day == lead)
    };
    let daily =
        |kind, lead: u8| book.daily.iter().find(|s| s.kind == kind && s.group.lead_day == lead && whole(&s.group));
    html! {
        section {
            h2 { "按预报时效 " (en("By lead")) }
            (legend(&kinds))
            div.plots {
                figure { figcaption { "PM2.5 逐时 MAE " (en("hourly MAE")) " [µg/m³]" } (plot::by_lead("PM2.5 MAE", &lines(&|k, l| hourly(k, l).map(|s| s.mae)))) }
                figure { figcaption { "PM2.5 逐时 CRPS [µg/m³]" } (plot::by_lead("PM2.5 CRPS", &lines(&|k, l| hourly(k, l)?.crps))) }
                figure { figcaption { "日AQI MAE " (en("daily AQI")) } (plot::by_lead("AQI MAE", &lines(&|k, l| daily(k, l).map(|s| s.aqi_mae)))) }
                figure { figcaption { "AQI级别准确率 " (en("level accuracy")) } (plot::by_lead("level", &lines(&|k, l| daily(k, l).map(|s| s.level_accuracy)))) }
            }
        }
    }
}

fn recent(document: &Document) -> Markup {
    html! {
        section {
            h2 { "最近30天 " (en("The last 30 days")) " " small { "PM2.5日均 " (en("daily mean")) " [µg/m³]，次日预报 " (en("next-day forecast")) } }
            p.legend { span class="key observed" {} "实况 " (en("observed")) " " span class="key corrected" {} "订正 " (en("corrected")) " "
                span class="key raw" {} "模式 " (en("raw")) " " span class="key band" {} "80%区间 " (en("80 % interval")) }
            @for county in &document.book.recent {
                @let name = document.names.get(&county.adcode).cloned().unwrap_or_default();
                figure { figcaption { (name.0) " " (en(&name.1)) } (plot::month(&name.0, county)) }
            }
        }
    }
}

fn chances(document: &Document) -> Markup {
    let drawn: Vec<&ChanceScore> =
        document.book.chances.iter().filter(|s| s.lead_day == Some(1) && s.events > 0 && s.events < s.n).collect();
    let warnings = document.warning_chances_stated.iter().filter(|s| s.events > 0);
    let all = document.book.chances.iter().filter(|s| s.lead_day.is_some_and(|d| d <= 3));
    html! {
        section {
            h2 { "概率可靠性 " (en("Reliability of chances")) }
            div.plots {
                @for s in drawn.into_iter().chain(warnings) {
                    figure {
                        figcaption { (s.event) " · n " (s.n) " · 发生 " (en("came")) " " (s.events) }
                        (plot::reliability(&s.event, s))
                    }
                }
            }
            table {
                thead { tr { th { "事件 " (en("event")) } th { "时效 " (en("lead day")) } th { "n" } th { "发生 " (en("came")) } th { "Brier" }
                    th { "参照 " (en("reference")) } th { "技巧 " (en("skill")) " %" } th { "可靠性 " (en("reliability")) } th { "分辨 " (en("resolution")) } } }
                tbody {
                    @for s in all.chain(&document.warning_chances_stated) {
                        tr { th scope="row" { (s.event) } td.number { (maybe(s.lead_day.as_ref(), u8::to_string)) } td.number { (s.n) } td.number { (s.events) }
                            td.number { (interval(&s.brier, 3)) } td.number { (number(s.brier_reference, 3)) } td.number { (maybe(s.skill.as_ref(), percent)) }
                            td.number { (maybe(s.parts.as_ref(), |p| format!("{:.4}", p.reliability))) } td.number { (maybe(s.parts.as_ref(), |p| format!("{:.4}", p.resolution))) } }
                    }
                }
            }
        }
    }
}

fn contingency(document: &Document) -> Markup {
    let rows: Vec<&ThresholdScore> =
        document.book.thresholds.iter().filter(|t| t.lead_day <= 3 && t.counts.events() > 0).collect();
    let levels: Vec<&LevelScore> =
        document.book.levels.iter().filter(|l| l.lead_day == 1 && l.kind != Kind::Climatology).collect();
    html! {
        section {
            h2 { "分级检验 " (en("By level")) }
            table {
                caption { "AQI超过某值 " (en("AQI above a value")) }
                thead { tr { th { "AQI >" } th { "时效 " (en("lead day")) } th { (en("kind")) } th { "n" } th { "命中 " (en("hits")) } th { "漏报 " (en("misses")) }
                    th { "空报 " (en("false alarms")) } th { "POD" } th { "FAR" } th { "CSI" } th { "偏差 " (en("bias")) } } }
                tbody { @for t in rows {
                    tr { th scope="row" { (t.aqi_above) } td.number { (t.lead_day) } td { (t.kind.zh()) " " (en(t.kind.en())) } td.number { (t.counts.n()) }
                        td.number { (t.counts.hits) } td.number { (t.counts.misses) } td.number { (t.counts.false_alarms) }
                        @for v in [t.pod, t.far, t.csi, t.bias] { td.number { (number(v, 2)) } } }
                } }
            }
            table {
                caption { "按实况级别（时效1天） " (en("By observed level, lead day 1")) }
                thead { tr { th { "级别 " (en("level")) } th { (en("kind")) } th { "n" } th { "级别准确率 " (en("level accuracy")) " %" } th { "AQI偏差 " (en("bias")) } th { "AQI MAE" } } }
                tbody { @for l in levels {
                    tr { th scope="row" { (l.observed_level) } td { (l.kind.zh()) " " (en(l.kind.en())) } td.number { (l.n) }
                        td.number { (format!("{:.0}", 100.0 * l.level_accuracy)) } td.number { (format!("{:+.0}", l.aqi_bias)) } td.number { (format!("{:.0}", l.aqi_mae)) } }
                } }
            }
        }
    }
}

fn benchmark(b: Option<Benchmark>) -> &'static str {
    match b {
        Some(Benchmark::Goal) => "目标 goal",
        Some(Benchmark::Criteria) => "准则 criteria",
        Some(Benchmark::Outside) => "之外 outside",
        None => "—",
    }
}

fn daily(document: &Document) -> Markup {
    let rows: Vec<&DailyScore> = document.book.daily.iter().filter(|s| whole(&s.group)).collect();
    html! {
        section {
            h2 { "逐日评分 " (en("Daily scores")) }
            table {
                thead { tr { th { "时效 " (en("lead day")) } th { (en("kind")) } th { "n" } th { "AQI MAE" } th { "级别 " (en("level")) " %" } th { "半级别 " (en("half-level")) " %" }
                    th { "AQI范围 " (en("range")) " %" } th { "首要 " (en("primary")) " %" } th { "S1" } th { "PM2.5 MAE" } th { "r" } th { "NMB" } th { "NME" } th { "Emery" } th { "Boylan" } } }
                tbody { @for s in rows {
                    @let p = s.pm25.as_ref();
                    tr { td.number { (s.group.lead_day) } td { (s.kind.zh()) " " (en(s.kind.en())) } td.number { (s.n) } td.number { (interval(&s.aqi_mae, 1)) }
                        td.number { (percent(&s.level_accuracy)) } td.number { (percent(&s.half_level_accuracy)) } td.number { (percent(&s.range_accuracy)) }
                        td.number { (maybe(s.primary_accuracy.as_ref(), percent)) } td.number { (maybe(s.service_mark.as_ref(), |m| interval(m, 1))) }
                        td.number { (maybe(p, |p| interval(&p.mae, 1))) } td.number { (number(p.and_then(|p| p.correlation), 2)) }
                        td.number { (number(p.and_then(|p| p.nmb), 2)) } td.number { (number(p.and_then(|p| p.nme), 2)) }
                        td { (benchmark(p.and_then(|p| p.emery))) } td { (benchmark(p.map(|p| p.boylan))) } }
                } }
            }
            p.note { (EMERY) }
            @for s in &document.book.short_range { p { "短期总评 TT " (s.kind.zh()) " " (en(s.kind.en())) ": " b { (format!("{:.1}", s.mark)) } " (n " (s.n) ")" } }
            @for p in &document.book.peaks {
                p { "PM2.5峰值 " (en("peak hour")) " " (p.kind.zh()) " " (en(p.kind.en())) ": " (format!("{:+.1} h, |·| {:.1} h, ×{:.2}", p.mean_h, p.mean_absolute_h, p.height_ratio)) " (n " (p.n) ")" }
            }
        }
    }
}

fn hourly_rows<'d>(rows: impl Iterator<Item = &'d HourlyScore>, place: &dyn Fn(&HourlyScore) -> String) -> Markup {
    html! {
        table {
            thead { tr { th {} th { "时效 " (en("lead day")) } th { (en("kind")) } th { "n" } th { "MAE" } th { "RMSE" } th { "r" } th { "NMB" } th { "NME" } th { "MFB" } th { "MFE" } th { "CRPS" }
                th { "80%区间覆盖 " (en("coverage")) } th { "对持续的技巧 " (en("skill over persistence")) " %" } } }
            tbody { @for s in rows {
                tr { th scope="row" { (place(s)) } td.number { (s.group.lead_day) } td { (s.kind.zh()) " " (en(s.kind.en())) } td.number { (s.n) } td.number { (interval(&s.mae, 1)) }
                    td.number { (number(Some(s.rmse), 1)) } td.number { (number(s.correlation, 2)) } td.number { (number(s.nmb, 2)) } td.number { (number(s.nme, 2)) }
                    td.number { (number(Some(s.mfb), 2)) } td.number { (number(Some(s.mfe), 2)) } td.number { (maybe(s.crps.as_ref(), |c| interval(c, 1))) }
                    td.number { (number(s.coverage_80, 2)) } td.number { (maybe(s.skill_over_persistence.as_ref(), percent)) } }
            } }
        }
    }
}

fn hourly(document: &Document) -> Markup {
    let rows = document.book.hourly.iter().filter(|s| whole(&s.group));
    html! {
        section {
            h2 { "逐时浓度 " (en("Hourly concentrations")) }
            (hourly_rows(rows, &|s| format!("{} [{}]", s.pollutant.name(), s.unit)))
        }
    }
}

fn groups(document: &Document) -> Markup {
    let own = |s: &&HourlyScore| s.pollutant == Pollutant::Pm25 && !whole(&s.group) && s.group.lead_day <= 3;
    let place = |s: &HourlyScore| {
        let season = s.group.season.map(|s: Season| format!("{} {}", s.zh(), s.en()));
        let county = s.group.adcode.and_then(|a| document.names.get(&a)).map(|n| format!("{} {}", n.0, n.1));
        season.or(county).unwrap_or_default()
    };
    html! {
        @if document.book.hourly.iter().any(|s| own(&s)) {
            section {
                h2 { "按县市与季节 " (en("By county and season")) " " small { "PM2.5 逐时 " (en("hourly")) } }
                (hourly_rows(document.book.hourly.iter().filter(own), &place))
            }
        }
    }
}

fn notes(document: &Document) -> Markup {
    html! {
        section {
            h2 { "说明 " (en("Notes")) }
            ul { @for (zh, english) in document.notes_zh.iter().zip(&document.notes_en) { li { (zh) " " (en(english)) } } }
            @if !document.rules_verified { p.note { "评分规则未经核实。 " (en("The rules of scoring are not verified.")) } }
            @if !document.rejections.is_empty() {
                details { summary { "被拒绝的输入 " (en("refused input")) " (" (document.rejections.len()) ")" }
                    ul { @for r in document.rejections.iter().take(200) { li { (r.file) " " (r.place) ": " (r.found) } } } }
            }
        }
    }
}
