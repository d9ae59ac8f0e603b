//! `hazecast score`: the score book of an archive.

mod plot;
mod report;
mod table;

use super::language::Language;
use super::{DEGRADED, archived, output};
use crate::archive::durable::write_atomic;
use crate::archive::store::Store;
use crate::assimilation::quality;
use crate::assimilation::quality::rules::QualityRules;
use crate::config::{Config, expand};
use crate::consultation::{InputFile, Status};
use crate::domain::county::Region;
use crate::domain::daily::mean_of_stations;
use crate::domain::edited::EditedDay;
use crate::domain::observation::Observation;
use crate::domain::quality::QualityReport;
use crate::error::{Error, Rejection, Result};
use crate::forecast::past_night::{ObservedHours, PastNight};
use crate::forecast::score_book::chances::{ChanceScore, Stated, score};
use crate::forecast::score_book::{Rules, ScoreBook};
use crate::forecast::scores::aqi_practice::ScoringRules;
use crate::input::{edited_csv, observations_csv};
use crate::setup::library::Library;
use crate::setup::rulebook::Rulebook;
use crate::warning::hindsight::{StatedChances, came};
use crate::warning::{Basis, WarningLevel};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  hazecast score --config night.toml
  hazecast score --config night.toml --from 2025-11-01 --to 2026-03-31 --html scores.html
  hazecast score --runs runs --observations china_sites_2026*.csv --json
  hazecast score --config night.toml --edited edited_2026.csv

Every night of the archive is scored in the counties that have a station in the files, raw and corrected, beside persistence and climatology.
A score without its sample size is not printed. Days that consultations changed are scored beside them from files of your own (--edited):
run,adcode,date,aqi,primary,pm25_ug_m3.

Exit code 0: done; 3: nothing to score; 5: done, but runs, rows or values were refused (listed on stderr, or in the JSON document).";

/// Scores the archived forecasts against observations: errors, levels, chances, by lead, county, season and level.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ScoreArgs {
    /// Configuration of the night: its folder of runs, region, rules and observation files
    #[arg(long, value_name = "FILE", required_unless_present = "runs", conflicts_with_all = ["runs", "region", "overrides"])]
    pub config: Option<PathBuf>,
    /// Folder of runs
    #[arg(long, value_name = "DIR", requires = "observations")]
    pub runs: Option<PathBuf>,
    /// Files of hourly values of the national network (date,hour,type,1001A,...), in place of the configured ones
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub observations: Vec<PathBuf>,
    /// Days as consultations changed them (run,adcode,date,aqi,primary,pm25_ug_m3): scored beside the forecasts
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub edited: Vec<PathBuf>,
    /// Region: built in, or a folder with region.toml and counties.geojson
    #[arg(long, value_name = "NAME", default_value = "yanbian")]
    pub region: String,
    /// Folder with rule files that replace built-in ones, e.g. DIR/seeds/scoring.toml
    #[arg(long, value_name = "DIR")]
    pub overrides: Option<PathBuf>,
    /// First and last day (UTC) of the cycles that are scored; default: all
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub from: Option<NaiveDate>,
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub to: Option<NaiveDate>,
    /// Leave out nights that were published with something missing
    #[arg(long)]
    pub complete_only: bool,
    /// Write one self-contained page with plots
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// The score book as printed.
#[derive(Serialize)]
pub(super) struct Document {
    region: String,
    region_zh: String,
    region_en: String,
    /// Names of the counties that were scored.
    names: BTreeMap<u32, (String, String)>,
    /// Nights that were published with something missing, among those scored.
    degraded_nights: usize,
    #[serde(flatten)]
    book: ScoreBook,
    /// Chances of warning levels over the whole forecast, as counted on the paths and as stated; the reference is the mean frequency.
    warning_chances_counted: Vec<ChanceScore>,
    warning_chances_stated: Vec<ChanceScore>,
    /// Whether the rules of scoring were checked against their sources.
    rules_verified: bool,
    notes_zh: Vec<&'static str>,
    notes_en: Vec<&'static str>,
    /// What quality control says of the observations.
    quality: Option<QualityReport>,
    rejections: Vec<Rejection>,
    files: Vec<InputFile>,
}

const NOTES_ZH: [&str; 6] = [
    "实况先经质量控制，判为错误的值不参加评分。",
    "只在有监测站的县市评分；预报AQI不含O3，实况AQI含O3（如有监测）。",
    "持续性预报：起报时最近一个实测小时（日）。气候预报：任意年份前后30天的实况，不含前后5天。",
    "区间为按连续5日整块自助抽样的90%区间；少于15天不给区间。",
    "AQI超过某值的概率由当日各污染物预报分布得到；预警概率由轨迹统计，按实测小时是否达到该级判定。",
    "气象部门评分中无法评定的部分不计，其权重分摊给其余部分；AQI范围宽度未核实。",
];
const NOTES_EN: [&str; 6] = [
    "Observations pass quality control first; values that it rejects are not scored against.",
    "Only counties with a station are scored; the forecast AQI has no O3, the observed one has it where it is monitored.",
    "Persistence: the last observed hour (day) at the cycle. Climatology: what was observed within 30 days of the date in any year, without the \
     5 days around it.",
    "Intervals are 90 %, by bootstrap over blocks of five days; with fewer than 15 days there is none.",
    "Chances of an AQI above a value follow from the distributions of that day's pollutants; those of warnings are counted on paths and judged by \
     whether the observed hours reached the level.",
    "Parts of the meteorological service's mark that cannot be marked are left out and their weight goes to the others; the widths of the AQI \
     ranges are not verified.",
];

/// The notes, of which the first says what quality control did.
fn notes(usual: &[&'static str], quality: &Option<QualityReport>, not_checked: &'static str) -> Vec<&'static str> {
    let first = if quality.is_some() { usual[0] } else { not_checked };
    [&[first], &usual[1..]].concat()
}

/// Everything that is read before scoring.
struct Read {
    region: Region,
    rulebook: Rulebook,
    scoring: ScoringRules,
    observed: ObservedHours,
    nights: Vec<PastNight>,
    edited: Vec<EditedDay>,
    stated: Vec<StatedChances>,
    quality: Option<QualityReport>,
    rejections: Vec<Rejection>,
    files: Vec<InputFile>,
}

/// Runs the command; returns the exit code.
///
/// # Errors
/// Files or rules missing or refused; no archived night with an observation.
pub fn run(args: &ScoreArgs, language: Language) -> Result<u8> {
    let read = read(args)?;
    let rules = Rules { aqi: &read.rulebook.aqi, limits: &read.rulebook.limits, scoring: &read.scoring };
    let book = ScoreBook::of(&rules, &read.nights, &read.edited, &read.observed);
    if book.hourly.is_empty() && book.daily.is_empty() {
        let what = "an archived night whose hours were observed at a station of the region";
        return Err(Error::missing(
            what,
            "--runs, --observations",
            "Name observation files of the days that were forecast",
        ));
    }
    let (counted, stated) = warning_chances(&read);
    let names = read.region.counties.iter().filter(|c| read.observed.contains_key(&c.adcode));
    let document = Document {
        region: read.region.id.clone(),
        region_zh: read.region.name_zh.clone(),
        region_en: read.region.name_en.clone(),
        names: names.map(|c| (c.adcode, (c.name_zh.clone(), c.name_en.clone()))).collect(),
        degraded_nights: read.nights.iter().filter(|n| n.degraded).count(),
        book,
        warning_chances_counted: counted,
        warning_chances_stated: stated,
        rules_verified: read.scoring.service.short_range.verified && read.scoring.national.verified,
        notes_zh: notes(&NOTES_ZH, &read.quality, "实况时间跨度过大，质量控制未能进行，全部值未经检查。"),
        notes_en: notes(
            &NOTES_EN,
            &read.quality,
            "The observed hours are too far apart for quality control: no value was checked.",
        ),
        quality: read.quality,
        rejections: read.rejections,
        files: read.files,
    };
    if let Some(path) = &args.html {
        write_atomic(path, report::page(&document).into_string().as_bytes())?;
        output::note(&format!("{} {}", language.pick("已写", "written:"), path.display()));
    }
    if args.json {
        output::print_json(&document)?;
    } else {
        document.rejections.iter().for_each(|r| output::note(&output::rejection(r, language)));
        output::print(table::text(&document, language).trim_end())?;
    }
    Ok(if document.rejections.is_empty() { 0 } else { DEGRADED })
}

fn read(args: &ScoreArgs) -> Result<Read> {
    let config = args.config.as_deref().map(Config::load).transpose()?;
    let (overrides, plan, region, outlines) = match &config {
        Some(c) => (c.overrides.as_deref(), c.plan.as_deref(), c.region.as_str(), expand(&c.inputs.outlines)?),
        None => (args.overrides.as_deref(), None, args.region.as_str(), Vec::new()),
    };
    let mut library = Library::new(overrides);
    let region = library.region(region, &outlines)?;
    let rulebook = Rulebook::load(&mut library, plan)?;
    let scoring = library.read("seeds/scoring.toml", ScoringRules::from_toml)?;
    let paths = match (&config, args.observations.is_empty()) {
        (Some(c), true) => expand(&c.inputs.observations)?,
        _ => args.observations.clone(),
    };
    let mut read = Read {
        region,
        rulebook,
        scoring,
        observed: ObservedHours::new(),
        nights: Vec::new(),
        edited: Vec::new(),
        stated: Vec::new(),
        quality: None,
        rejections: Vec::new(),
        files: Vec::new(),
    };
    let quality = library.read("models/quality.toml", QualityRules::from_toml)?;
    read.observe(&paths, &quality)?;
    read.files = library.files;
    let (store, _) = archived::published(args.config.as_deref(), args.runs.as_deref(), None)?;
    read.recall(args, &store)?;
    read.take_edited(&args.edited)?;
    Ok(read)
}

impl Read {
    fn observe(&mut self, paths: &[PathBuf], rules: &QualityRules) -> Result<()> {
        let stations = &self.region.stations;
        let codes: Vec<String> = stations.iter().map(|s| s.code.clone()).collect();
        let mut observations = Vec::new();
        for path in paths {
            let accepted = observations_csv::read(path, &codes)?;
            self.rejections.extend(accepted.rejections);
            observations.extend(accepted.items);
        }
        let place = |code: &str| stations.iter().find(|s| s.code == code).map(|s| (s.lon, s.lat));
        self.quality = quality::take_out_rejected(&mut observations, &place, rules);
        if self.quality.is_none() && !observations.is_empty() {
            self.rejections.push(quality::not_checked());
        }
        let mut by_county: BTreeMap<u32, Vec<Observation>> = BTreeMap::new();
        for o in observations {
            if let Some(station) = stations.iter().find(|s| s.code == o.station) {
                by_county.entry(station.adcode).or_default().push(o);
            }
        }
        self.observed = by_county.iter().map(|(adcode, own)| (*adcode, mean_of_stations(own))).collect();
        Ok(())
    }

    /// Days that were changed, of runs that are scored.
    fn take_edited(&mut self, paths: &[PathBuf]) -> Result<()> {
        for path in paths {
            let accepted = edited_csv::read(path)?;
            self.rejections.extend(accepted.rejections);
            for day in accepted.items {
                let night = self.nights.iter().find(|n| n.cycle == day.cycle);
                let known = night.is_some_and(|n| n.counties.iter().any(|c| c.adcode == day.adcode));
                match known
                    && !self.edited.iter().any(|e| (e.cycle, e.adcode, e.day) == (day.cycle, day.adcode, day.day))
                {
                    true => self.edited.push(day),
                    false => self.rejections.push(Rejection {
                        file: path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
                        place: format!("run {}, {}, {}", day.cycle.format("%Y%m%d%H"), day.adcode, day.day),
                        found: if known {
                            "edited in a file before it"
                        } else {
                            "no such run or observed county is scored"
                        }
                        .into(),
                        expected: "days of runs in the archive, each once".into(),
                        by_design: false,
                    }),
                }
            }
        }
        Ok(())
    }

    fn recall(&mut self, args: &ScoreArgs, store: &Store) -> Result<()> {
        let within = |cycle: DateTime<Utc>| {
            let day = cycle.date_naive();
            args.from.is_none_or(|from| day >= from) && args.to.is_none_or(|to| day <= to)
        };
        for run in store.list()? {
            let record = match store.read(&run) {
                Ok(archived) => archived.record,
                Err(e) => {
                    self.rejections.push(Rejection {
                        file: run.to_string(),
                        place: "archived run".into(),
                        found: e.to_string(),
                        expected: "a run as published: it is not scored".into(),
                        by_design: false,
                    });
                    continue;
                }
            };
            let degraded = record.status == Status::Degraded;
            let left_out = record.region != self.region.id || args.complete_only && degraded;
            if left_out || !within(record.cycle) {
                continue;
            }
            let keep = |adcode| self.observed.contains_key(&adcode);
            self.nights.push(PastNight::of(
                &record.forecast,
                (&record.grid, degraded, record.assimilation.is_some()),
                keep,
            ));
            let stated = StatedChances::of(&record.warning, record.cycle);
            self.stated.extend(stated.into_iter().filter(|c| keep(c.adcode)));
        }
        Ok(())
    }
}

/// Chances of the levels, as counted and as stated, against what the observed hours called for.
fn warning_chances(read: &Read) -> (Vec<ChanceScore>, Vec<ChanceScore>) {
    let nothing = BTreeMap::new();
    let region = &read.region;
    let Some(until) = read.observed.values().filter_map(|hours| hours.keys().next_back().copied()).max() else {
        return (Vec::new(), Vec::new());
    };
    let mut by_level: BTreeMap<WarningLevel, Vec<(NaiveDate, f64, f64, bool)>> = BTreeMap::new();
    for one in &read.stated {
        let Some(night) = read.nights.iter().find(|n| n.cycle == one.cycle) else { continue };
        let day = crate::calendar::beijing_day_hour(night.cycle).0;
        let basis = Basis {
            warning: &read.rulebook.warning,
            aqi: &read.rulebook.aqi,
            validity: read.rulebook.limits.standard(day).validity.means,
            region: (region.adcode, &region.name_zh, &region.name_en),
            in_force: &nothing,
            events: &[],
        };
        let Some(reached) = came(&basis, night, one.adcode, &read.observed, until) else { continue };
        for &(level, counted, stated) in &one.chances {
            by_level.entry(level).or_default().push((day, counted, stated, reached >= level));
        }
    }
    let of = |stated: bool| {
        let one = |(level, cases): (&WarningLevel, &Vec<(NaiveDate, f64, f64, bool)>)| {
            let frequency = cases.iter().filter(|c| c.3).count() as f64 / cases.len() as f64;
            let case = |&(day, counted, as_stated, came): &(NaiveDate, f64, f64, bool)| Stated {
                day,
                chance: if stated { as_stated } else { counted },
                reference: Some(frequency),
                came,
            };
            score(level.key().into(), None, &cases.iter().map(case).collect::<Vec<_>>())
        };
        by_level.iter().filter_map(one).collect()
    };
    (of(false), of(true))
}
