//! The score book as text: figures in columns, the name behind them, since Chinese has no fixed width.

use super::super::language::Language;
use super::Document;
use crate::domain::pollutant::Pollutant;
use crate::forecast::score_book::chances::ChanceScore;
use crate::forecast::score_book::daily::DailyScore;
use crate::forecast::score_book::hourly::HourlyScore;
use crate::forecast::scores::bootstrap::Interval;
use std::fmt::Write;

/// A number, or a dash.
pub(super) fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or("-".into(), |v| format!("{v:.decimals$}"))
}

/// A score with its interval.
pub(super) fn interval(i: &Interval, decimals: usize) -> String {
    match (i.lower, i.upper) {
        (Some(l), Some(u)) => format!("{:.decimals$} [{l:.decimals$}, {u:.decimals$}]", i.value),
        _ => format!("{:.decimals$}", i.value),
    }
}

fn percent(i: Option<&Interval>) -> String {
    let scaled = |i: &Interval| Interval {
        value: 100.0 * i.value,
        lower: i.lower.map(|l| 100.0 * l),
        upper: i.upper.map(|u| 100.0 * u),
    };
    i.map_or("-".into(), |i| interval(&scaled(i), 0))
}

fn row(out: &mut String, cells: &[(usize, String)], name: &str) {
    let cells: String = cells.iter().map(|(width, text)| format!("{text:>width$}")).collect();
    let _ = writeln!(out, "{cells}  {name}");
}

/// All tables.
pub(super) fn text(document: &Document, language: Language) -> String {
    let mut out = String::new();
    let book = &document.book;
    let day = |t: Option<chrono::DateTime<chrono::Utc>>| t.map_or("-".into(), |t| t.format("%Y-%m-%d %HZ").to_string());
    let (region, nights) = (language.pick(&document.region_zh, &document.region_en), language.pick("个预报", "nights"));
    let missing = language.pick("个缺少部分输入", "with something missing");
    let _ = writeln!(
        out,
        "{region}  {} .. {}  {} {nights} ({} {missing})",
        day(book.first_cycle),
        day(book.last_cycle),
        book.nights,
        document.degraded_nights
    );
    let places: Vec<&str> = document.names.values().map(|n| language.pick(&n.0, &n.1)).collect();
    let _ = writeln!(out, "{}: {}", language.pick("有站县市", "counties with a station"), places.join(", "));
    let control = language.pick("质量控制", "quality control");
    let _ = match &document.quality {
        Some(q) => {
            let (values, rejected) = (language.pick("个值", "values"), language.pick("剔除", "rejected"));
            writeln!(out, "{control}: {} {values}, {rejected} {}", q.values, q.rejected)
        }
        None => writeln!(
            out,
            "{control}: {}",
            language.pick("未能进行，全部值未经检查", "could not run: no value was checked")
        ),
    };
    hourly(&mut out, document, language);
    daily(&mut out, document, language);
    levels(&mut out, document, language);
    let title = language.pick("AQI概率", "Chances of the AQI");
    chances(&mut out, title, &book.chances, language);
    let title = language.pick("预警概率（发布值）", "Chances of warnings, as stated");
    chances(&mut out, title, &document.warning_chances_stated, language);
    for p in &book.peaks {
        let words = language.pick("PM2.5峰值时间误差：平均", "peak hour of PM2.5: mean error");
        let _ = writeln!(
            out,
            "{words} {:+.1} h, |.| {:.1} h, {} {:.2}, n {}  {}",
            p.mean_h,
            p.mean_absolute_h,
            language.pick("高度比", "height ratio"),
            p.height_ratio,
            p.n,
            language.pick(p.kind.zh(), p.kind.en())
        );
    }
    let notes = match language {
        Language::Zh => &document.notes_zh,
        Language::En => &document.notes_en,
    };
    for note in notes {
        let _ = writeln!(out, "{}: {note}", language.pick("说明", "note"));
    }
    out
}

fn whole(group: &crate::forecast::score_book::Group) -> bool {
    group.adcode.is_none() && group.season.is_none()
}

fn hourly(out: &mut String, document: &Document, language: Language) {
    for p in Pollutant::ALL {
        let own: Vec<&HourlyScore> =
            document.book.hourly.iter().filter(|s| s.pollutant == p && whole(&s.group)).collect();
        if own.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n{} {} [{}]", p.name(), language.pick("逐时", "hourly"), p.unit());
        let head = ["n", "MAE", "RMSE", "r", "NMB", "NME", "MFB", "MFE", "CRPS", "80%", "skill%"];
        let widths = [7, 20, 7, 6, 7, 6, 7, 6, 7, 6, 16];
        row(out, &widths.into_iter().zip(head.map(String::from)).collect::<Vec<_>>(), "");
        for s in own {
            let decimals = if p == Pollutant::Co { 2 } else { 1 };
            let cells = [
                s.n.to_string(),
                interval(&s.mae, decimals),
                number(Some(s.rmse), decimals),
                number(s.correlation, 2),
                number(s.nmb, 2),
                number(s.nme, 2),
                number(Some(s.mfb), 2),
                number(Some(s.mfe), 2),
                number(s.crps.map(|c| c.value), decimals),
                number(s.coverage_80, 2),
                percent(s.skill_over_persistence.as_ref()),
            ];
            let name = format!(
                "{} {} {}",
                language.pick("第", "day"),
                s.group.lead_day,
                language.pick(s.kind.zh(), s.kind.en())
            );
            row(out, &widths.into_iter().zip(cells).collect::<Vec<_>>(), &name);
        }
    }
}

fn daily(out: &mut String, document: &Document, language: Language) {
    let own: Vec<&DailyScore> = document.book.daily.iter().filter(|s| whole(&s.group)).collect();
    if own.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", language.pick("逐日AQI与PM2.5日均", "daily AQI, and daily PM2.5"));
    let head = ["n", "AQI MAE", "level%", "half%", "range%", "primary%", "S1", "PM2.5 MAE", "Emery", "Boylan"];
    let widths = [6, 20, 14, 14, 14, 14, 8, 20, 10, 10];
    row(out, &widths.into_iter().zip(head.map(String::from)).collect::<Vec<_>>(), "");
    for s in own {
        let benchmark = |b: Option<crate::forecast::scores::deterministic::Benchmark>| {
            b.map_or("-".to_owned(), |b| format!("{b:?}").to_lowercase())
        };
        let cells = [
            s.n.to_string(),
            interval(&s.aqi_mae, 1),
            percent(Some(&s.level_accuracy)),
            percent(Some(&s.half_level_accuracy)),
            percent(Some(&s.range_accuracy)),
            percent(s.primary_accuracy.as_ref()),
            number(s.service_mark.map(|m| m.value), 1),
            s.pm25.as_ref().map_or("-".into(), |p| interval(&p.mae, 1)),
            benchmark(s.pm25.as_ref().and_then(|p| p.emery)),
            benchmark(s.pm25.as_ref().map(|p| p.boylan)),
        ];
        let day = language.pick("第", "day");
        let name = format!("{day} {} {}", s.group.lead_day, language.pick(s.kind.zh(), s.kind.en()));
        row(out, &widths.into_iter().zip(cells).collect::<Vec<_>>(), &name);
    }
    for s in &document.book.short_range {
        let _ = writeln!(out, "TT {:.1}  n {}  {}", s.mark, s.n, language.pick(s.kind.zh(), s.kind.en()));
    }
}

fn levels(out: &mut String, document: &Document, language: Language) {
    let own: Vec<_> = document.book.thresholds.iter().filter(|t| t.counts.events() > 0 && t.lead_day <= 3).collect();
    if own.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "\n{}",
        language.pick("AQI超过某值：命中、漏报、空报", "AQI above a value: hits, misses, false alarms")
    );
    let head = ["n", "events", "hits", "missed", "false", "POD", "FAR", "CSI", "bias"];
    row(out, &head.map(|h| (8, h.to_owned())), "");
    for t in own {
        let c = &t.counts;
        let cells = [c.n(), c.events(), c.hits, c.misses, c.false_alarms].map(|n| n.to_string());
        let scores = [t.pod, t.far, t.csi, t.bias].map(|s| number(s, 2));
        let cells: Vec<(usize, String)> = cells.into_iter().chain(scores).map(|c| (8, c)).collect();
        let day = language.pick("第", "day");
        let name = format!("AQI>{} {day} {} {}", t.aqi_above, t.lead_day, language.pick(t.kind.zh(), t.kind.en()));
        row(out, &cells, &name);
    }
}

fn chances(out: &mut String, title: &str, scores: &[ChanceScore], language: Language) {
    if scores.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{title}");
    let head = ["n", "events", "Brier", "reference", "skill%"];
    let widths = [8, 8, 22, 11, 16];
    row(out, &widths.into_iter().zip(head.map(String::from)).collect::<Vec<_>>(), "");
    for s in scores {
        let cells = [
            s.n.to_string(),
            s.events.to_string(),
            interval(&s.brier, 3),
            number(s.brier_reference, 3),
            percent(s.skill.as_ref()),
        ];
        let lead = s.lead_day.map_or(String::new(), |d| format!(" {} {d}", language.pick("第", "day")));
        row(out, &widths.into_iter().zip(cells).collect::<Vec<_>>(), &format!("{}{lead}", s.event));
    }
}
