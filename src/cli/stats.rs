//! `hazecast stats`: statistics of a period, by the standard of each date and by every stage of the standards side by side.

use super::daily_values::{DailyArgs, DailyInputs, Place};
use super::language::Language;
use super::{DEGRADED, output};
use crate::consultation::InputFile;
use crate::domain::daily::Judged;
use crate::domain::event::{EventRules, Suspicion};
use crate::domain::statistics::{DayStatistics, PeriodStatistics, ThreeYearMean, of_period, three_year_means};
use crate::error::{Error, Rejection, Result};
use chrono::NaiveDate;
use serde::Serialize;
use std::fmt::Write;

const EXAMPLES: &str = "\
Examples:
  hazecast stats --daily counties_2026.csv --place 延吉市
  hazecast stats --daily records.csv --place 延边州 --from 2015-01-01 --to 2015-12-31
  hazecast stats --daily 2025.csv 2026.csv --place 222401 --events events.csv --json
  hazecast stats --hourly china_sites_20230120.csv china_sites_20230121.csv --place Yanji

Every figure is given by the standard in force on each date and, beside it, as if one stage of GB 3095 with its AQI and its method
had been in force throughout. Certified events change nothing but the second block; suspected ones change nothing.

Exit code 0: done; 5: done, but rows or values of the files were refused (listed on stderr, or in the JSON document).";

/// Prints the statistics of a period by HJ 663: means, percentiles, good and heavy days, composite index, old and new side by side.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct StatsArgs {
    #[command(flatten)]
    pub input: DailyArgs,
    /// Code or name of the place, as in the files or as in the region
    #[arg(long, value_name = "PLACE")]
    pub place: String,
    /// First day; default: the first in the files
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub from: Option<NaiveDate>,
    /// Last day; default: the last in the files
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub to: Option<NaiveDate>,
}

/// The statistics, as printed with `--json`.
#[derive(Serialize)]
struct Document {
    adcode: Option<u32>,
    name_zh: String,
    name_en: String,
    /// By the standards in force on each date.
    by_date: PeriodStatistics,
    /// As if one stage of GB 3095, with the AQI and the method of its time, had been in force throughout.
    as_if: Vec<PeriodStatistics>,
    three_year_means: Vec<ThreeYearMean>,
    /// Days that look like an event; they are in every figure.
    suspicions: Vec<Suspicion>,
    notes_zh: Vec<&'static str>,
    notes_en: Vec<&'static str>,
    rejections: Vec<Rejection>,
    files: Vec<InputFile>,
}

const NOTES_ZH: [&str; 3] = [
    "日值不修约参与计算，统计结果按GB/T 8170修约一次；达标与综合指数用修约后的结果。",
    "城市日值表中的O3按日最大8小时平均使用；表中AQI不是HJ 633日AQI，未采用。",
    "疑似例外事件只作提示，不剔除任何数据；只有经认定的事件日可以不计，两种结果都给出。",
];
const NOTES_EN: [&str; 3] = [
    "Daily values enter unrounded; what is stated is rounded once by GB/T 8170; limits and the composite index use the stated values.",
    "O3 of city records is taken as the largest 8-h mean of the day; their AQI is not the daily AQI of HJ 633 and is not used.",
    "Suspected events are hints and leave nothing out; only days of certified events may be left out, and both results are given.",
];

/// Runs the command; returns the exit code.
///
/// # Errors
/// Files or rules missing or refused; a place without days in the period.
pub fn run(args: &StatsArgs, language: Language) -> Result<u8> {
    let (inputs, signs) = args.input.read(|library| library.read("seeds/events.toml", EventRules::from_toml))?;
    if !args.input.json {
        inputs.note_rejections(language);
    }
    let place = inputs.place(&args.place);
    let document = document(args, &inputs, &signs, place)?;
    let code = if document.rejections.is_empty() { 0 } else { DEGRADED };
    if args.input.json {
        output::print_json(&document)?;
    } else {
        output::print(&text(&document, language))?;
    }
    Ok(code)
}

fn document(args: &StatsArgs, inputs: &DailyInputs, signs: &EventRules, place: Place) -> Result<Document> {
    if let (Some(from), Some(to)) = (args.from, args.to)
        && from > to
    {
        return Err(Error::reversed("--from, --to", from, to));
    }
    let days = inputs.days(&place, Judged::ByItsDate);
    let with_value = || days.iter().filter(|d| d.has_value()).map(|d| d.day);
    let (Some(first), Some(last)) = (with_value().min(), with_value().max()) else {
        return Err(inputs.no_days(&args.place, "a place of the files"));
    };
    let (from, to) = (args.from.unwrap_or(first), args.to.unwrap_or(last));
    if from > to || to < first || from > last {
        let (found, expected) = (format!("{from} to {to}"), format!("days between {first} and {last}"));
        return Err(Error::invalid("command line", "--from, --to", found, expected));
    }
    let standards = inputs.standards();
    let period = |judged: Judged| {
        let days = inputs.days(&place, judged);
        of_period(&days, (from, to), judged, &inputs.events, place.adcode, standards)
    };
    let inside: Vec<_> = days.iter().filter(|d| (from..=to).contains(&d.day)).cloned().collect();
    Ok(Document {
        by_date: period(Judged::ByItsDate),
        as_if: inputs.limits.standards().iter().map(|s| period(Judged::AsOn(s.valid_from))).collect(),
        three_year_means: three_year_means(&inside, Judged::ByItsDate, standards),
        suspicions: signs.suspicions(&inside),
        adcode: place.adcode,
        name_zh: place.name_zh,
        name_en: place.name_en,
        notes_zh: NOTES_ZH.to_vec(),
        notes_en: NOTES_EN.to_vec(),
        rejections: inputs.rejections.clone(),
        files: inputs.files.clone(),
    })
}

/// Figures in columns, one per way to judge, each row with its name behind it: Chinese has no fixed width.
fn text(document: &Document, language: Language) -> String {
    let mut out = String::new();
    let all: Vec<&PeriodStatistics> = std::iter::once(&document.by_date).chain(&document.as_if).collect();
    let p = &document.by_date;
    let name = language.pick(&document.name_zh, &document.name_en);
    let _ = writeln!(out, "{name}  {} .. {}  {} {}", p.from, p.to, p.calendar_days, language.pick("天", "days"));
    let unverified = language.pick("未核实", "not verified");
    for (i, p) in all.iter().enumerate() {
        let way = match i {
            0 => language.pick(
                "按每日所用标准，限值与方法按最后一天",
                "standard of each date, limits and method of the last day",
            ),
            _ => language.pick("全部日期按此标准", "this standard throughout"),
        };
        let mark = |verified: bool| if verified { String::new() } else { format!(" ({unverified})") };
        let _ = writeln!(
            out,
            "[{}] {}, {}{}, {}{}: {way}",
            i + 1,
            p.aqi_standards.join(" + "),
            p.limits,
            mark(p.limits_verified),
            p.method,
            mark(p.method_verified)
        );
    }
    let weights_verified = all.iter().all(|p| p.weights_verified);
    block(&mut out, all.iter().map(|p| &p.all_days).collect(), weights_verified, language);
    if all.iter().all(|p| p.excluded_days.is_empty()) {
        let none = language
            .pick("没有经认定的例外事件日：剔除前后结果相同。", "No day of a certified event: nothing to leave out.");
        let _ = writeln!(out, "{none}");
    } else {
        for e in &document.by_date.excluded_days {
            let kind = language.pick(e.kind.name_zh(), e.kind.name());
            let _ =
                writeln!(out, "{} {} {kind}: {} ({})", language.pick("不计", "left out"), e.day, e.evidence, e.source);
        }
        let _ = writeln!(out, "{}", language.pick("不计经认定的例外事件日：", "Without the days of certified events:"));
        block(&mut out, all.iter().map(|p| &p.without_events).collect(), weights_verified, language);
    }
    for m in &document.three_year_means {
        let value =
            m.value.map_or(language.pick("年份数据不足", "a year is not valid").to_owned(), |v| v.to_string());
        let label = language.pick("三年滑动平均", "mean of three years");
        let _ = writeln!(out, "{label} {}-{} {}: {value}", m.year - 2, m.year, m.pollutant.name());
    }
    for s in &document.suspicions {
        let (word, kind) = (language.pick("疑似", "suspected"), language.pick(s.kind.name_zh(), s.kind.name()));
        let _ = writeln!(out, "{word} {kind} {}: {}", s.day, language.pick(&s.text_zh, &s.text_en));
    }
    let notes = match language {
        Language::Zh => &document.notes_zh,
        Language::En => &document.notes_en,
    };
    for n in notes {
        let _ = writeln!(out, "{}: {n}", language.pick("说明", "note"));
    }
    out.truncate(out.trim_end().len());
    out
}

fn block(out: &mut String, all: Vec<&DayStatistics>, weights_verified: bool, language: Language) {
    let mut row = |label: &str, cells: Vec<String>| {
        let cells: Vec<String> = cells.iter().map(|c| format!("{c:>14}")).collect();
        let _ = writeln!(out, "{}  {label}", cells.concat());
    };
    let each = |f: &dyn Fn(&DayStatistics) -> String| all.iter().map(|s| f(s)).collect::<Vec<_>>();
    let number = |v: Option<f64>| v.map_or("-".to_owned(), |v| v.to_string());
    row("", (1..=all.len()).map(|i| format!("[{i}]")).collect());
    row(language.pick("有AQI的天数", "days with an AQI"), each(&|s| s.valid_days.to_string()));
    let label =
        language.pick("缺项而无AQI的天数（不计入各项天数）", "days without an AQI (a pollutant missing), in no count");
    row(label, each(&|s| s.undecided_days.to_string()));
    row(language.pick("优良天数", "good days (AQI <= 100)"), each(&|s| s.good_days.to_string()));
    row(language.pick("优良天数比率 %", "good days of valid days, %"), each(&|s| number(s.good_day_percent)));
    row(language.pick("重污染天数", "heavy days (AQI > 200)"), each(&|s| s.heavy_days.to_string()));
    for level in 0..6 {
        let label = format!("{} {}", language.pick("AQI级别", "days of level"), level + 1);
        row(&label, each(&|s| s.days_of_level[level].to_string()));
    }
    let rows = all.first().map_or(0, |s| s.pollutants.len());
    for i in 0..rows {
        let p = &all[0].pollutants[i];
        let (name, unit) = (p.pollutant.name(), &p.unit);
        let label = format!("{name} {}", language.pick("为首要污染物的天数", "primary, days"));
        let primary =
            |s: &DayStatistics| s.primary_days.get(&s.pollutants[i].pollutant).copied().unwrap_or(0).to_string();
        row(&label, each(&primary));
        row(
            &format!("{name} {}", language.pick("有效天数", "valid days")),
            each(&|s| s.pollutants[i].valid_days.to_string()),
        );
        if p.mean_limit.is_some() {
            let label =
                format!("{name} {} {unit}", language.pick("平均（年限值；*超过）", "mean (year limit; * above)"));
            row(&label, each(&|s| against(s.pollutants[i].mean, s.pollutants[i].mean_limit)));
        }
        let which = language.pick("百分位数（日限值；*超过）", "percentile (day limit; * above)");
        let label = format!("{name} {} {which} {unit}", p.percentile_rank);
        row(&label, each(&|s| against(s.pollutants[i].percentile, s.pollutants[i].percentile_limit)));
    }
    let label = language.pick("综合指数（权重见依据，未核实）", "composite index (weights not verified)");
    let label = if weights_verified { language.pick("综合指数", "composite index") } else { label };
    row(label, each(&|s| number(s.composite_index)));
    let year = |s: &DayStatistics| match s.valid_year {
        None => "-".to_owned(),
        Some(true) => "yes".to_owned(),
        Some(false) => "NO".to_owned(),
    };
    let label = language.pick("年评价数据是否足够（-：不是整年）", "enough days for a year (-: no calendar year)");
    row(label, each(&year));
}

fn against(value: Option<f64>, limit: Option<f64>) -> String {
    match (value, limit) {
        (Some(v), Some(l)) => format!("{v} ({l}){}", if v > l { "*" } else { " " }),
        (Some(v), None) => v.to_string(),
        (None, _) => "-".into(),
    }
}
