//! The report on a file as text.

use super::super::language::Language;
use super::info::{GridReport, ModelReport, Report, State, VariableReport};
use chrono::{DateTime, Utc};
use std::fmt::Write;

/// The report as text. Writing to a `String` cannot fail, so its results are not looked at.
pub(super) fn text(report: &Report, language: Language) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}  ({})", report.file, report.format);
    for (i, grid) in report.grids.iter().enumerate() {
        let _ = writeln!(out, "{} {}: {}", language.pick("网格", "grid"), i + 1, lattice(grid, language));
    }
    let _ = writeln!(out, "{}: {}", language.pick("时次", "times"), times(&report.times, language));
    let _ = writeln!(out, "{} {}:", language.pick("变量", "variables"), report.variables.len());
    for v in &report.variables {
        let _ = writeln!(out, "  {}", variable(v, report.grids.len() > 1, language));
    }
    model(&mut out, &report.model, language);
    out
}

fn lattice(grid: &GridReport, language: Language) -> String {
    match grid {
        GridReport::NotUnderstood { not_understood } => {
            format!("{}: {not_understood}", language.pick("无法识别", "not understood"))
        }
        GridReport::Lattice { projection, nx, ny, dx, dy, unit, corners } => {
            let corner = |i: usize| format!("{:.3} E {:.3} N", corners[i].0, corners[i].1);
            let (cells, corner_word) =
                (language.pick("格", "cells of"), language.pick("西南、东北角", "corners SW, NE"));
            format!(
                "{nx} x {ny} {cells} {} x {} {unit}, {projection}; {corner_word} {}, {}",
                number(*dx),
                number(*dy),
                corner(0),
                corner(2)
            )
        }
    }
}

fn times(times: &[DateTime<Utc>], language: Language) -> String {
    let stamp = |t: &DateTime<Utc>| t.format("%Y-%m-%d %H:%M UTC").to_string();
    match times {
        [] => language.pick("无法识别", "none that is understood").to_owned(),
        [only] => stamp(only),
        [first, .., last] => {
            let mut steps: Vec<i64> = times.windows(2).map(|w| (w[1] - w[0]).num_minutes()).collect();
            steps.dedup();
            let step = match steps[..] {
                [minutes] => format!("{} h", number(minutes as f64 / 60.0)),
                _ => language.pick("间隔不等", "uneven steps").to_owned(),
            };
            format!("{}, {} {} {}, {step}", times.len(), stamp(first), language.pick("至", "to"), stamp(last))
        }
    }
}

fn variable(v: &VariableReport, name_grid: bool, language: Language) -> String {
    let levels = match v.levels[..] {
        [] => String::new(),
        [only] => format!("{} {}", number(only), v.level_units),
        [first, .., last] => {
            let count = v.levels.len();
            format!("{count} {} {}..{} {}", language.pick("层", "levels"), number(first), number(last), v.level_units)
        }
    };
    let range = v.range.as_ref().map_or_else(String::new, |r| match (r.minimum, r.maximum) {
        (Some(low), Some(high)) => {
            let gaps = match r.missing_values {
                0 => String::new(),
                n => format!("  {} {n}", language.pick("缺测", "missing")),
            };
            format!("{} .. {}{gaps}", number(low), number(high))
        }
        _ => language.pick("全部缺测", "no value").to_owned(),
    });
    let members =
        if v.members > 0 { format!("  {} {}", v.members, language.pick("成员", "members")) } else { String::new() };
    let times = if v.times > 1 { format!("  {} {}", v.times, language.pick("时次", "times")) } else { String::new() };
    let grid = match v.grid {
        Some(g) if name_grid => format!("  {} {}", language.pick("网格", "grid"), g + 1),
        _ => String::new(),
    };
    let text =
        format!("{:<22} {:<28} {:<24} [{}]{times}{members}{grid}  {}", v.name, levels, range, v.units, v.description);
    text.trim_end().to_owned()
}

fn model(out: &mut String, model: &ModelReport, language: Language) {
    let verdict = match &model.refused_because {
        None => language.pick("可以驱动模式", "can drive the model").to_owned(),
        Some(reason) => {
            format!("{}: {}", language.pick("不能驱动模式", "cannot drive the model"), language.say(reason))
        }
    };
    let _ = writeln!(out, "{verdict}");
    if let (Some(levels), Some(top)) = (model.levels, model.top_m) {
        let (points, above) =
            (language.pick("层，离地最高", "points in a column, up to"), language.pick("米", "m above ground"));
        let _ = writeln!(out, "  {levels} {points} {top:.0} {above}");
    }
    for need in &model.needs {
        let name = language.pick(need.zh, need.en);
        let state = match need.state {
            State::Given => continue,
            State::Missing => language.pick("缺少，必需", "missing, required").to_owned(),
            State::Replaced => {
                let instead = language.pick(need.instead_zh.unwrap_or_default(), need.instead_en.unwrap_or_default());
                format!("{}: {instead}", language.pick("缺少", "missing"))
            }
        };
        let _ = writeln!(out, "  {name}: {state}");
    }
    for q in &model.quantities {
        let (low, high) = (number(q.minimum), number(q.maximum));
        let _ = writeln!(out, "  {:<22} {low} .. {high} {}  {}", q.name, q.unit, language.pick(q.zh, q.en));
    }
}

/// A number with at most six digits.
fn number(v: f64) -> String {
    if v == 0.0 || !v.is_finite() {
        return v.to_string();
    }
    let digits = (5 - v.abs().log10().floor() as i32).clamp(0, 12);
    if (1e-3..1e7).contains(&v.abs()) {
        let text = format!("{v:.*}", digits as usize);
        return if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
    }
    format!("{v:.4e}")
}
