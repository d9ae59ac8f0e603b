//! Daily values from the files that a command names, by place, with the rules that judge them.

use super::language::Language;
use super::output;
use crate::calendar::beijing_day_hour;
use crate::consultation::InputFile;
use crate::domain::aqi::AqiRules;
use crate::domain::county::Region;
use crate::domain::daily::{self, DailyValue, Judged, Judgement};
use crate::domain::evaluation::EvaluationRules;
use crate::domain::event::Event;
use crate::domain::limits::LimitRules;
use crate::domain::observation::Observation;
use crate::domain::pollutant::{Concentrations, Pollutant};
use crate::domain::statistics::Standards;
use crate::error::{Error, Rejection, Result};
use crate::input::{daily_csv, events_csv, observations_csv};
use crate::setup::library::Library;
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Files of daily values, and what judges them.
#[derive(Debug, Clone, clap::Args)]
pub struct DailyArgs {
    /// Files of daily values: adcode,date,pm25_ug_m3,pm10_ug_m3,so2_ug_m3,no2_ug_m3,co_mg_m3,o3_8h_ug_m3, or the city layout
    #[arg(long, value_name = "FILE", num_args = 1.., required_unless_present = "hourly")]
    pub daily: Vec<PathBuf>,
    /// Files of hourly values of the national network (date,hour,type,1001A,...): stations of the region become county days
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub hourly: Vec<PathBuf>,
    /// Exceptional events: kind,adcode,from,to,share,certified,evidence,source; only certified ones are left out, and never silently
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,
    /// Pollutants not monitored by plan ("/"): they do not block the AQI; comma-separated, e.g. O3,CO
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = super::aqi::pollutant)]
    pub not_monitored: Vec<Pollutant>,
    /// Region: built in, or a folder with region.toml and counties.geojson
    #[arg(long, value_name = "NAME", default_value = "yanbian")]
    pub region: String,
    /// Folder with rule files that replace built-in ones, e.g. DIR/seeds/targets.toml
    #[arg(long, value_name = "DIR")]
    pub overrides: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// A place of the files; of the region where it has a code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub adcode: Option<u32>,
    pub name_zh: String,
    pub name_en: String,
}

/// What the files say of one place.
#[derive(Default)]
struct Record {
    days: BTreeMap<NaiveDate, Concentrations<f64>>,
    hours: BTreeMap<DateTime<Utc>, Concentrations<f64>>,
}

/// Everything a command on daily values reads.
pub struct DailyInputs {
    pub region: Region,
    pub aqi: AqiRules,
    pub limits: LimitRules,
    pub evaluation: EvaluationRules,
    pub events: Vec<Event>,
    pub rejections: Vec<Rejection>,
    /// Rule files that were read, with their hashes.
    pub files: Vec<InputFile>,
    not_monitored: Vec<Pollutant>,
    records: BTreeMap<Place, Record>,
}

impl DailyArgs {
    /// Reads rules and files; `more` reads further rule files.
    ///
    /// # Errors
    /// Whatever is missing or refused, by file and place; a place and day in two files.
    pub fn read<T>(&self, more: impl FnOnce(&mut Library) -> Result<T>) -> Result<(DailyInputs, T)> {
        let mut library = Library::new(self.overrides.as_deref());
        library.check_overrides()?;
        let more = more(&mut library)?;
        let mut inputs = DailyInputs {
            region: library.region(&self.region, &[])?,
            aqi: library.read("seeds/aqi.toml", AqiRules::from_toml)?,
            limits: library.read("seeds/limits.toml", LimitRules::from_toml)?,
            evaluation: library.read("seeds/evaluation.toml", EvaluationRules::from_toml)?,
            events: Vec::new(),
            rejections: Vec::new(),
            files: library.files,
            not_monitored: self.not_monitored.clone(),
            records: BTreeMap::new(),
        };
        for path in &self.daily {
            inputs.read_days(path)?;
        }
        inputs.read_hours(&self.hourly)?;
        if let Some(path) = &self.events {
            let read = events_csv::read(path)?;
            inputs.events = read.items;
            inputs.rejections.extend(read.rejections);
        }
        Ok((inputs, more))
    }
}

impl DailyInputs {
    fn read_days(&mut self, path: &Path) -> Result<()> {
        let read = daily_csv::read(path)?;
        self.rejections.extend(read.rejections);
        for record in read.items {
            let place = self.place(&record.place);
            let days = &mut self.records.entry(place).or_default().days;
            if days.insert(record.day, record.concentrations).is_some() {
                return Err(again(path, &record.place, record.day));
            }
        }
        Ok(())
    }

    fn read_hours(&mut self, paths: &[PathBuf]) -> Result<()> {
        let codes: Vec<String> = self.region.stations.iter().map(|s| s.code.clone()).collect();
        let mut hours: BTreeMap<(DateTime<Utc>, String, Pollutant), Observation> = BTreeMap::new();
        for path in paths {
            let read = observations_csv::read(path, &codes)?;
            self.rejections.extend(read.rejections);
            for o in read.items {
                let key = (o.end, o.station.clone(), o.pollutant);
                if let Some(before) = hours.insert(key, o) {
                    return Err(again(path, &before.station, before.end));
                }
            }
        }
        for county in self.region.counties.iter().map(|c| c.adcode) {
            let of_county =
                |o: &&Observation| self.region.stations.iter().any(|s| s.code == o.station && s.adcode == county);
            let own: Vec<Observation> = hours.values().filter(of_county).cloned().collect();
            if own.is_empty() {
                continue;
            }
            let place = self.place(&county.to_string());
            let record = self.records.entry(place).or_default();
            record.hours = daily::mean_of_stations(&own);
            let twice =
                record.hours.keys().map(|end| beijing_day_hour(*end).0).find(|day| record.days.contains_key(day));
            if let (Some(day), Some(path)) = (twice, paths.first()) {
                return Err(again(path, &county.to_string(), day));
            }
        }
        Ok(())
    }

    /// The place that a text names: a code, a Chinese or English name of the region or of a county, or another city's name.
    pub fn place(&self, text: &str) -> Place {
        let code = text.parse::<u32>().ok();
        let named = |adcode, zh: &str, en: &str| code == Some(adcode) || text == zh || text.eq_ignore_ascii_case(en);
        let region = &self.region;
        let of = |adcode, zh: &str, en: &str| Place { adcode: Some(adcode), name_zh: zh.into(), name_en: en.into() };
        if named(region.adcode, &region.name_zh, &region.name_en) || region.other_names.iter().any(|n| n == text) {
            return of(region.adcode, &region.name_zh, &region.name_en);
        }
        match region.counties.iter().find(|c| named(c.adcode, &c.name_zh, &c.name_en)) {
            Some(c) => of(c.adcode, &c.name_zh, &c.name_en),
            None => Place { adcode: code, name_zh: text.into(), name_en: text.into() },
        }
    }

    /// Places of the files.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.records.keys()
    }

    /// Why there are no days of `place`, a value of `--place`: the files name other places, or none of their rows was accepted.
    pub fn no_days(&self, place: &str, expected: &str) -> Error {
        match (self.records.is_empty(), self.rejections.first()) {
            (true, Some(first)) => {
                let found = format!("{} refusals and no row accepted", self.rejections.len());
                Error::format(&first.file, &first.place, found, &first.expected, "Correct or replace the file")
            }
            (true, None) => Error::missing("values", "--daily, --hourly", "Give files with at least one value"),
            (false, _) => {
                let known: Vec<&str> = self.places().take(40).map(|p| p.name_zh.as_str()).collect();
                Error::invalid("command line", "--place", place, format!("{expected}, such as {}", known.join(", ")))
            }
        }
    }

    /// Daily values of a place, in order; empty where the files have none.
    pub fn days(&self, place: &Place, judged: Judged) -> Vec<DailyValue> {
        let Some(record) = self.records.get(place) else { return Vec::new() };
        let judgement = Judgement { aqi: &self.aqi, judged, not_monitored: &self.not_monitored };
        let mut days = daily::of_days(&record.days, judgement);
        days.extend(daily::of_hours(&record.hours, &self.limits, judgement));
        days.sort_by_key(|d| d.day);
        days
    }

    /// The dated rules.
    pub fn standards(&self) -> Standards<'_> {
        Standards { aqi: &self.aqi, limits: &self.limits, evaluation: &self.evaluation }
    }

    /// Tells people what was refused.
    pub fn note_rejections(&self, language: Language) {
        self.rejections.iter().for_each(|r| output::note(&output::rejection(r, language)));
    }
}

fn again(path: &Path, place: &str, when: impl std::fmt::Display) -> Error {
    let found = format!("{place} {when} again");
    Error::format(
        path,
        "the rows",
        found,
        "each place and day, each station and hour, in one file only",
        "Remove it from one file",
    )
}
