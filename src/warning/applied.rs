//! A scheme applied to hours: the rules that fire in each reading.

use super::classes::{Classifier, Ladder};
use super::decide::Basis;
use super::episode::{Episode, Judge, Met};
use super::readings::{Hours, points};
use super::rules::{Adoption, DayReading, Scheme, UpperBound};
use super::{Evidence, Reading, WarningLevel};
use crate::domain::aqi::AqiRules;
use crate::domain::averages::Validity;
use crate::domain::pollutant::Pollutant;
use chrono::{DateTime, NaiveDate, Utc};

/// The scheme of a day with what it needs to judge.
#[derive(Debug, Clone)]
pub(super) struct Applied<'a> {
    pub scheme: &'a Scheme,
    pub adoption: &'a Adoption,
    pub aqi: &'a AqiRules,
    pub validity: Validity,
    pub classifier: Classifier,
    pub judge: Judge,
}

/// One reading of some hours: its points and the rules that fire in it.
#[derive(Debug, Clone)]
pub(super) struct Side {
    pub reading: Reading,
    pub class: Vec<u8>,
    pub met: Vec<Met>,
}

pub(super) const READINGS: [Reading; 2] = [Reading::NaturalDay, Reading::Sliding24h];

impl<'a> Applied<'a> {
    /// The scheme that the region follows on `day`.
    pub fn of(basis: &Basis<'a>, day: NaiveDate) -> Self {
        let (scheme, adoption) = basis.warning.scheme(basis.region.0, day);
        Self::with(scheme, adoption, basis.aqi, basis.validity)
    }

    pub fn with(scheme: &'a Scheme, adoption: &'a Adoption, aqi: &'a AqiRules, validity: Validity) -> Self {
        let classifier = Classifier::new(Ladder::of(scheme, aqi), aqi, validity);
        let judge = Judge::new(scheme, classifier.ladder());
        Self { scheme, adoption, aqi, validity, classifier, judge }
    }

    /// The same scheme with another reading of a clause; thresholds do not change.
    pub fn varied<'b>(&'b self, scheme: &'b Scheme) -> Applied<'b> {
        let judge = Judge::new(scheme, self.classifier.ladder());
        Applied { scheme, judge, classifier: self.classifier.clone(), ..*self }
    }

    /// Both readings, natural days first.
    pub fn sides(&self, hours: &Hours) -> [Side; 2] {
        let classes = hours.classes(&self.classifier, self.aqi);
        READINGS.map(|reading| self.side(hours, reading, &classes.member(0)))
    }

    pub fn side(&self, hours: &Hours, reading: Reading, class: &[u8]) -> Side {
        let class = hours.read(reading, class);
        let met = self.met(hours, reading, &class);
        Side { reading, class, met }
    }

    /// The rules that fire on the points of a reading.
    pub fn met(&self, hours: &Hours, reading: Reading, class: &[u8]) -> Vec<Met> {
        self.judge.met(points(reading, class), self.ahead(hours, reading))
    }

    /// First point at which the last average of an episode counts.
    pub fn ahead(&self, hours: &Hours, reading: Reading) -> usize {
        hours.ahead(reading, self.scheme.parameter.under_way_hours.value)
    }

    /// The level of an episode that reaches past the cycle, be it for an hour.
    pub fn running(&self, hours: &Hours, sides: &[Side; 2]) -> WarningLevel {
        let level = |side: &Side| {
            let met = self.judge.met(points(side.reading, &side.class), hours.ahead(side.reading, 1));
            met.iter().map(|m| self.scheme.rules[m.rule].level).max().unwrap_or(WarningLevel::None)
        };
        self.stricter(level(&sides[0]), level(&sides[1]))
    }

    /// Running 24-h classes for lifting: only a missing value of a pollutant that calls for cuts leaves an hour unjudged.
    pub fn lifting_classes(&self, hours: &Hours, member: usize) -> Vec<u8> {
        let needed = &self.scheme.pollutant.emission_response;
        let classes = hours.classes_of(&self.classifier, self.aqi, &Pollutant::ALL, needed);
        hours.read(Reading::Sliding24h, &classes.member(member))
    }

    /// The scheme's lowest level above pre-warning.
    pub fn lowest_colour(&self) -> WarningLevel {
        let coloured = self.scheme.rules.iter().map(|r| r.level).filter(|l| *l > WarningLevel::PreWarning);
        coloured.min().unwrap_or(WarningLevel::Yellow)
    }

    /// Highest level of a reading.
    pub fn level(&self, side: &Side) -> WarningLevel {
        side.met.iter().map(|m| self.scheme.rules[m.rule].level).max().unwrap_or(WarningLevel::None)
    }

    /// The level that the readings which count call for.
    pub fn called(&self, sides: &[Side; 2]) -> WarningLevel {
        let [natural, sliding] = sides;
        self.stricter(self.level(natural), self.level(sliding))
    }

    pub fn stricter(&self, natural_day: WarningLevel, sliding_24h: WarningLevel) -> WarningLevel {
        match self.scheme.parameter.day.value {
            DayReading::Either => natural_day.max(sliding_24h),
            DayReading::NaturalDay => natural_day,
            DayReading::Sliding24h => sliding_24h,
        }
    }

    pub fn counts(&self, reading: Reading) -> bool {
        match self.scheme.parameter.day.value {
            DayReading::Either => true,
            DayReading::NaturalDay => reading == Reading::NaturalDay,
            DayReading::Sliding24h => reading == Reading::Sliding24h,
        }
    }

    pub fn upper_bound_is_on(&self) -> bool {
        self.scheme.parameter.upper_bound.value == UpperBound::On
    }

    /// The level that the pollutants which call for cuts reach alone.
    pub fn level_alone(&self, hours: &Hours) -> WarningLevel {
        let alone = &self.scheme.pollutant.emission_response;
        let classes = hours.classes_of(&self.classifier, self.aqi, alone, &[]);
        self.called(&READINGS.map(|reading| self.side(hours, reading, &classes.member(0))))
    }

    /// First and last hour of an episode's averages (UTC, hour-ending).
    pub fn hours_covered(&self, hours: &Hours, side: &Side, episode: &Episode) -> (DateTime<Utc>, DateTime<Utc>) {
        let window = |point| hours.window(hours.hour_of(side.reading, point));
        (window(episode.first).0, window(episode.last).1)
    }

    /// The averages of an episode that exceed `aqi_above`.
    pub fn exceeding(&self, hours: &Hours, side: &Side, aqi_above: u16, episode: &Episode) -> Vec<Evidence> {
        let class = self.classifier.ladder().class_above(aqi_above);
        let exceeding = (episode.first..=episode.last).filter(|p| side.class[*p] >= class);
        exceeding.filter_map(|p| self.evidence_at(hours, side.reading, hours.hour_of(side.reading, p))).collect()
    }

    /// The 24-h average that ends with `hour`; `None` where its AQI cannot be stated.
    pub fn evidence_at(&self, hours: &Hours, reading: Reading, hour: usize) -> Option<Evidence> {
        let (report, means) = hours.report(hour, self.aqi, &self.validity);
        let (from, to) = hours.window(hour);
        let beijing_day = (reading == Reading::NaturalDay).then(|| crate::calendar::beijing_day_hour(to).0);
        Some(Evidence {
            beijing_day,
            from,
            to,
            aqi: report.aqi?,
            pm25_ug_m3: means.pm25_ug_m3,
            primary: report.primary,
        })
    }

    /// Document and clause; says so where it is not confirmed that the region follows the scheme.
    pub fn clause(&self, clause: &str) -> String {
        let open = if self.adoption.verified { "" } else { "；本地区适用该方案未核实" };
        format!("{} {clause}{open}", self.scheme.document)
    }

    pub fn verified(&self, rule: bool) -> bool {
        rule && self.adoption.verified
    }
}
