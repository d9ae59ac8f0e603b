//! Our hourly AQI against the published one, at every station-hour, by the version in force on the Beijing day of the hour.
//!
//! Passed where every station-hour with all six pollutants and a published AQI is equal. With a pollutant missing our report states
//! no AQI up to 100 (5.3) while the network publishes the index of the rest; those station-hours are counted apart.

use super::{Figure, Line, Material, Outcome, Parameter, Proof};
use crate::calendar::beijing_day_hour;
use crate::domain::aqi::{AqiReport, AqiRules};
use crate::domain::pollutant::{Concentrations, Pollutant};
use crate::error::{Error, Rejection, Result};
use crate::input::observations_csv::largest;
use crate::input::published_hours::{self, PublishedHour};
use crate::setup::library::Library;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeMap;

/// The proof as it is listed.
pub const PROOF: Proof = Proof {
    name: "aqi-official",
    zh: "实时AQI逐站逐小时与全国发布值比较，六项齐全时须完全一致",
    en: "our hourly AQI against the published one at every station-hour: exact where all six pollutants are there",
    takes: &[
        (
            Parameter::Input,
            "hourly national files (date,hour,type,1001A,...) or archives of one hour (timepoint,stationcode,...)",
        ),
        (Parameter::Overrides, "folder whose seeds/ replace built-in files"),
    ],
    run,
};
/// Differences listed in full.
const LISTED: usize = 20;

/// Station-hours of one class.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Agreement {
    pub compared: u64,
    pub equal: u64,
    /// We state no AQI: a pollutant is missing and the rest stay at or below 100.
    pub ours_na: u64,
    /// Of `ours_na`, the index of the rest is the published one.
    pub na_but_rest_equal: u64,
    pub differs: u64,
    /// Of `differs`, the level differs too.
    pub level_differs: u64,
    /// Ours minus published -> station-hours.
    pub by_amount: BTreeMap<i32, u64>,
}

/// A station-hour whose index is not the published one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    pub file: String,
    pub line: usize,
    pub station: String,
    pub end: DateTime<Utc>,
    pub concentrations: Concentrations<f64>,
    pub ours: Option<u16>,
    pub published: u16,
    pub ours_level: Option<u8>,
    pub published_level: u8,
}

/// Everything that was counted.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Comparison {
    pub files: u64,
    pub station_hours: u64,
    /// All six pollutants and a published AQI: the proof.
    pub complete: Agreement,
    /// The same by version of the standard.
    pub complete_by_standard: BTreeMap<String, (u64, u64)>,
    /// A published AQI, and one to five pollutants missing.
    pub incomplete: Agreement,
    /// A published AQI without any pollutant: nothing to compare.
    pub published_without_values: u64,
    /// No published AQI: with all six pollutants, with some, with none.
    pub unpublished_complete: u64,
    pub unpublished_incomplete: u64,
    pub unpublished_without_values: u64,
    /// `complete` with the running 24-h means of PM, where both are there, as the text of HJ 633-2012 has it.
    pub by_the_text: Agreement,
    /// The same station-hours with 1-h means, as published.
    pub by_the_practice: Agreement,
    /// Our primary pollutants in `complete`; a station-hour counts once for each on a tie.
    pub primary: BTreeMap<Pollutant, u64>,
    pub without_primary: u64,
    /// Where the layout states primary pollutants: compared, and the same set.
    pub primary_compared: u64,
    pub primary_equal: u64,
    /// Values beyond what the reader of observations believes; used as published.
    pub beyond_belief: u64,
    /// The first differences in `complete`, then none.
    pub differences: Vec<Difference>,
    /// The first station-hours whose primary pollutants differ.
    pub primary_differences: Vec<Difference>,
    /// Rows and values that were refused.
    pub rejections: Vec<Rejection>,
}

/// Runs the proof on the given files.
///
/// # Errors
/// `Invalid` without an input file; what the readers of rules and files find.
pub fn run(material: &Material) -> Result<Outcome> {
    if material.input.is_empty() {
        return Err(Error::invalid("command line", "--input", "nothing", "at least one file of published hours"));
    }
    let mut library = Library::new(material.overrides);
    library.check_overrides()?;
    let rules = library.read("seeds/aqi.toml", AqiRules::from_toml)?;
    let mut comparison = Comparison::default();
    for path in material.input {
        let read = published_hours::read(path)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        comparison.add(&name, &read.items, &rules);
        comparison.rejections.extend(read.rejections);
    }
    Ok(comparison.outcome())
}

impl Agreement {
    fn add(&mut self, ours: &AqiReport, rest: Option<u16>, published: u16, rules: &AqiRules) {
        self.compared += 1;
        match ours.aqi {
            None => {
                self.ours_na += 1;
                self.na_but_rest_equal += u64::from(rest == Some(published));
            }
            Some(aqi) if aqi == published => self.equal += 1,
            Some(aqi) => {
                self.differs += 1;
                self.level_differs += u64::from(rules.level_of(aqi) != rules.level_of(published));
                *self.by_amount.entry(i32::from(aqi) - i32::from(published)).or_default() += 1;
            }
        }
    }

    /// Share of `compared` that is equal [%]; 0 where nothing was compared.
    pub fn percent(&self) -> f64 {
        if self.compared == 0 { 0.0 } else { 100.0 * self.equal as f64 / self.compared as f64 }
    }
}

impl Comparison {
    /// Adds the hours of one file.
    pub fn add(&mut self, file: &str, hours: &[PublishedHour], rules: &AqiRules) {
        self.files += 1;
        for hour in hours {
            self.one(file, hour, rules);
        }
    }

    fn one(&mut self, file: &str, hour: &PublishedHour, rules: &AqiRules) {
        self.station_hours += 1;
        let c = &hour.concentrations;
        let present = Pollutant::ALL.into_iter().filter_map(|p| Some((p, *c.get(p)?)));
        let (n, beyond) = present.fold((0, 0), |(n, b), (p, v)| (n + 1, b + u64::from(v > largest(p))));
        self.beyond_belief += beyond;
        let Some(published) = hour.aqi else {
            *match n {
                6 => &mut self.unpublished_complete,
                0 => &mut self.unpublished_without_values,
                _ => &mut self.unpublished_incomplete,
            } += 1;
            return;
        };
        let (day, _) = beijing_day_hour(hour.end);
        let ours = rules.hourly(day, c, &[]);
        match n {
            0 => self.published_without_values += 1,
            6 => {
                self.complete.add(&ours, None, published, rules);
                let counts = self.complete_by_standard.entry(ours.standard.clone()).or_default();
                *counts = (counts.0 + 1, counts.1 + u64::from(ours.aqi == Some(published)));
                self.text_and_practice(hour, &ours, published, rules);
                let difference = || Difference {
                    file: file.to_owned(),
                    line: hour.line,
                    station: hour.station.clone(),
                    end: hour.end,
                    concentrations: *c,
                    ours: ours.aqi,
                    published,
                    ours_level: ours.level,
                    published_level: rules.level_of(published),
                };
                if ours.aqi != Some(published) && self.differences.len() < LISTED {
                    self.differences.push(difference());
                }
                self.without_primary += u64::from(ours.primary.is_empty());
                ours.primary.iter().for_each(|p| *self.primary.entry(*p).or_default() += 1);
                if let Some(primary) = &hour.primary {
                    self.primary_compared += 1;
                    self.primary_equal += u64::from(*primary == ours.primary);
                    if *primary != ours.primary && self.primary_differences.len() < LISTED {
                        self.primary_differences.push(difference());
                    }
                }
            }
            _ => {
                let rest = rules.hourly(day, c, &Pollutant::ALL).aqi;
                self.incomplete.add(&ours, rest, published, rules);
            }
        }
    }

    fn text_and_practice(&mut self, hour: &PublishedHour, ours: &AqiReport, published: u16, rules: &AqiRules) {
        let (Some(pm25), Some(pm10)) = (hour.pm25_24h_ug_m3, hour.pm10_24h_ug_m3) else { return };
        let text = Concentrations { pm25_ug_m3: Some(pm25), pm10_ug_m3: Some(pm10), ..hour.concentrations };
        let by_text = rules.hourly(beijing_day_hour(hour.end).0, &text, &[]);
        self.by_the_text.add(&by_text, None, published, rules);
        self.by_the_practice.add(ours, None, published, rules);
    }

    /// The figure, the counts and the lines for people. Without any station-hour to compare the share is 0 and does not pass.
    pub fn outcome(&self) -> Outcome {
        let details = serde_json::to_value(self).expect("counts and texts are JSON");
        let equal = Figure::at_least("station-hours equal", self.complete.percent(), "%", 100.0);
        Outcome::new(PROOF.name, vec![equal], details, self.lines())
    }

    fn lines(&self) -> Vec<Line> {
        let (c, i, t, p) = (&self.complete, &self.incomplete, &self.by_the_text, &self.by_the_practice);
        let mut lines = vec![
            Line::new(
                format!("文件 {} 个，站点小时 {} 个", self.files, self.station_hours),
                format!("{} files, {} station-hours", self.files, self.station_hours),
            ),
            Line::new(
                format!(
                    "六项齐全：一致 {} / {}，不一致 {}（级别不同 {}）",
                    c.equal, c.compared, c.differs, c.level_differs
                ),
                format!(
                    "all six pollutants: {} of {} equal, {} differ ({} in level)",
                    c.equal, c.compared, c.differs, c.level_differs
                ),
            ),
            Line::new(
                format!(
                    "缺项：一致 {} / {}，我方不发布 {}（其中其余项的指数与发布值一致 {}），不一致 {}（级别不同 {}）",
                    i.equal, i.compared, i.ours_na, i.na_but_rest_equal, i.differs, i.level_differs
                ),
                format!(
                    "pollutants missing: {} of {} equal, {} not stated by us (the rest gives the published index in {}), {} differ \
                     ({} in level)",
                    i.equal, i.compared, i.ours_na, i.na_but_rest_equal, i.differs, i.level_differs
                ),
            ),
            Line::new(
                format!(
                    "未发布AQI：六项齐全 {}，缺项 {}，无数值 {}；有AQI而无数值 {}",
                    self.unpublished_complete,
                    self.unpublished_incomplete,
                    self.unpublished_without_values,
                    self.published_without_values
                ),
                format!(
                    "no published AQI: {} with all six, {} with some, {} without values; {} with an AQI and no value",
                    self.unpublished_complete,
                    self.unpublished_incomplete,
                    self.unpublished_without_values,
                    self.published_without_values
                ),
            ),
            Line::new(
                format!(
                    "文本与惯例（同一批站点小时）：PM用24小时滑动平均一致 {} / {}，用1小时平均一致 {} / {}",
                    t.equal, t.compared, p.equal, p.compared
                ),
                format!(
                    "text against practice, same station-hours: PM as running 24-h mean {} of {} equal, as 1-h mean {} of {}",
                    t.equal, t.compared, p.equal, p.compared
                ),
            ),
            Line::new(
                format!(
                    "首要污染物（我方，六项齐全）：{}，无 {}；与发布的首要污染物一致 {} / {}",
                    self.primaries(),
                    self.without_primary,
                    self.primary_equal,
                    self.primary_compared
                ),
                format!(
                    "our primary pollutants with all six: {}, none {}; the published set in {} of {}",
                    self.primaries(),
                    self.without_primary,
                    self.primary_equal,
                    self.primary_compared
                ),
            ),
            Line::new(
                format!("超出观测读取上限、按发布值使用的数值 {}", self.beyond_belief),
                format!("{} values beyond the reader's limits, used as published", self.beyond_belief),
            ),
        ];
        for (standard, (compared, equal)) in &self.complete_by_standard {
            lines.push(Line::new(
                format!("{standard}：一致 {equal} / {compared}"),
                format!("{standard}: {equal} of {compared} equal"),
            ));
        }
        for (word_zh, word_en, list) in
            [("不一致", "differs", &self.differences), ("首要污染物不同", "primary differs", &self.primary_differences)]
        {
            for d in list {
                let ours = d.ours.map_or("NA".to_owned(), |a| a.to_string());
                let at = format!("{} line {} {}", d.file, d.line, d.station);
                let values: Vec<String> = Pollutant::ALL
                    .into_iter()
                    .filter_map(|p| Some(format!("{} {}", p.name(), d.concentrations.get(p)?)))
                    .collect();
                let values = values.join(", ");
                lines.push(Line::new(
                    format!("{word_zh}：{at}：{values}；我方 {ours}，发布 {}", d.published),
                    format!("{word_en}: {at}: {values}; ours {ours}, published {}", d.published),
                ));
            }
        }
        for r in &self.rejections {
            lines.push(Line::new(
                format!("拒绝：{} {}：{}，应为 {}", r.file, r.place, r.found, r.expected),
                format!("rejected: {} {}: {}, expected {}", r.file, r.place, r.found, r.expected),
            ));
        }
        lines
    }

    fn primaries(&self) -> String {
        let counts: Vec<String> = self.primary.iter().map(|(p, n)| format!("{} {n}", p.name())).collect();
        counts.join(", ")
    }
}
