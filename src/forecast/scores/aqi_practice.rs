//! A daily AQI forecast as the offices mark it: AQI range, level, half-level, primary pollutant, and the meteorological service's mark.
//!
//! Marks are 0 to 100. **Invariant:** the weights of a mark sum to 1. **Why:** a widely used public implementation gives 120 to a perfect
//! forecast.

use crate::domain::aqi::AqiReport;
use crate::domain::pollutant::Pollutant;
use crate::error::Result;
use crate::seed::{Place, Seed};
use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The marks, from `seeds/scoring.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoringRules {
    pub service: Service,
    pub national: National,
}

/// The meteorological service's mark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    pub id: String,
    /// Mark by the difference of the grades, from 0 on; beyond: 0.
    pub grade_marks: Vec<f64>,
    /// Mark by the difference of the AQI; beyond the last: 0.
    pub value_marks: Vec<ValueMark>,
    pub season: Vec<Season>,
    pub short_range: ShortRange,
}

/// A mark for AQI errors of at most `within`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueMark {
    pub within: u16,
    pub mark: f64,
}

/// Weights in some months.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Season {
    /// 1 ..= 12.
    pub months: Vec<u32>,
    /// S1.
    pub mark: Weights,
    /// S2.
    pub skill: Weights,
}

/// Weights of the parts, each 0 ..= 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    pub primary: f64,
    pub grade: f64,
    pub value: f64,
    pub o3_grade: f64,
    pub pm25_grade: f64,
}

/// TT: marks of lead days 1, 2, 3 in one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShortRange {
    pub weights: [f64; 3],
    pub clause: String,
    pub source: String,
    pub verified: bool,
}

/// AQI ranges and half-levels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct National {
    pub id: String,
    pub range_widths: Vec<RangeWidth>,
    pub widest: u16,
    /// Upper ends of all half-levels but the last.
    pub half_levels: Vec<u16>,
    pub clause: String,
    pub source: String,
    pub verified: bool,
}

/// Full width of the range around an AQI of at most `aqi_up_to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RangeWidth {
    pub aqi_up_to: u16,
    pub width: u16,
}

/// The parts of a mark, each 0 ..= 100, or accuracies 0 ..= 1 for a skill; `None` where it cannot be said.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Parts {
    pub primary: Option<f64>,
    pub grade: Option<f64>,
    pub value: Option<f64>,
    pub o3_grade: Option<f64>,
    pub pm25_grade: Option<f64>,
}

/// A mark, and the weight of the parts that it could not have.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// 0 ..= 100, over the parts that could be marked, their weights brought to a sum of 1.
    pub mark: f64,
    /// 0: complete.
    pub weight_missing: f64,
}

impl Weights {
    fn with(&self, parts: &Parts) -> [(f64, Option<f64>); 5] {
        [
            (self.primary, parts.primary),
            (self.grade, parts.grade),
            (self.value, parts.value),
            (self.o3_grade, parts.o3_grade),
            (self.pm25_grade, parts.pm25_grade),
        ]
    }

    /// The parts in one; `None` where no part with a weight is there.
    pub fn of(&self, parts: &Parts) -> Option<Mark> {
        let there = || self.with(parts).into_iter().filter_map(|(w, part)| Some((w, part?)));
        let weight: f64 = there().map(|(w, _)| w).sum();
        let mark: f64 = there().map(|(w, part)| w * part).sum();
        (weight > 0.0).then(|| Mark { mark: mark / weight, weight_missing: (1.0 - weight).max(0.0) })
    }
}

impl Service {
    /// The weights in the month of `day`.
    pub fn season(&self, day: NaiveDate) -> &Season {
        self.season.iter().find(|s| s.months.contains(&day.month())).unwrap_or(&self.season[0])
    }

    /// Mark of a grade (1 ..= 6).
    pub fn grade_mark(&self, f: u8, o: u8) -> f64 {
        self.grade_marks.get(usize::from(f.abs_diff(o))).copied().unwrap_or(0.0)
    }

    /// Mark of an AQI.
    pub fn value_mark(&self, f: u16, o: u16) -> f64 {
        self.value_marks.iter().find(|m| f.abs_diff(o) <= m.within).map_or(0.0, |m| m.mark)
    }

    /// The parts of a day's mark; the grades of O3 and PM2.5 are those of their own indices by `level_of`.
    pub fn parts(&self, f: &AqiReport, o: &AqiReport, level_of: impl Fn(u16) -> u8) -> Parts {
        let own = |p: Pollutant| {
            let (f, o) = (f.iaqi.get(&p)?, o.iaqi.get(&p)?);
            Some(self.grade_mark(level_of(*f), level_of(*o)))
        };
        Parts {
            primary: primary_hit(f, o).map(|hit| if hit { 100.0 } else { 0.0 }),
            grade: f.level.zip(o.level).map(|(f, o)| self.grade_mark(f, o)),
            value: f.aqi.zip(o.aqi).map(|(f, o)| self.value_mark(f, o)),
            o3_grade: own(Pollutant::O3),
            pm25_grade: own(Pollutant::Pm25),
        }
    }

    /// S1 of a day; `None` where nothing can be marked.
    pub fn mark(&self, day: NaiveDate, parts: &Parts) -> Option<Mark> {
        self.season(day).mark.of(parts)
    }

    /// S2 of a day's month from accuracies, 0 ..= 1, of ours and of the reference: 100 times the weighted differences.
    pub fn skill(&self, day: NaiveDate, ours: &Parts, reference: &Parts) -> Option<Mark> {
        let difference = |ours: Option<f64>, reference: Option<f64>| Some(100.0 * (ours? - reference?));
        self.season(day).skill.of(&Parts {
            primary: difference(ours.primary, reference.primary),
            grade: difference(ours.grade, reference.grade),
            value: difference(ours.value, reference.value),
            o3_grade: difference(ours.o3_grade, reference.o3_grade),
            pm25_grade: difference(ours.pm25_grade, reference.pm25_grade),
        })
    }

    /// TT of the marks of lead days 1, 2, 3.
    pub fn short_range(&self, marks: [f64; 3]) -> f64 {
        self.short_range.weights.iter().zip(marks).map(|(w, m)| w * m).sum()
    }
}

/// Whether forecast and observed primary pollutants are the same set or share one; without one on either side they agree. `None` without
/// an AQI.
pub fn primary_hit(f: &AqiReport, o: &AqiReport) -> Option<bool> {
    f.aqi.zip(o.aqi)?;
    Some(f.primary.is_empty() && o.primary.is_empty() || f.primary.iter().any(|p| o.primary.contains(p)))
}

impl National {
    /// The range that is stated for a forecast AQI; it does not go below 0.
    pub fn range(&self, aqi: u16) -> (u16, u16) {
        let width = self.range_widths.iter().find(|w| aqi <= w.aqi_up_to).map_or(self.widest, |w| w.width);
        (aqi.saturating_sub(width / 2), aqi + width / 2)
    }

    /// Whether the observed AQI lies in the stated range.
    pub fn range_hit(&self, f: u16, o: u16) -> bool {
        let (from, to) = self.range(f);
        (from..=to).contains(&o)
    }

    /// Half-level of an AQI, 0 ..= 11.
    pub fn half_level(&self, aqi: u16) -> usize {
        self.half_levels.partition_point(|top| *top < aqi)
    }
}

impl ScoringRules {
    /// Reads the content of the file `origin`.
    ///
    /// # Errors
    /// `Invalid` naming the line: unknown, missing or mistyped keys, weights that do not sum to 1, months not each in one season, marks or
    /// bounds that do not ascend, an empty source.
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self> {
        let (seed, rules) = Seed::read::<Self>(text, origin, "rules of scoring")?;
        let (service, national) = (seed.root().table("service"), seed.root().table("national"));
        let s = &rules.service;
        service.text("id", &s.id)?;
        let marks = s.grade_marks.iter().copied().chain(s.value_marks.iter().map(|m| m.mark));
        service.that(
            marks.clone().all(|m| (0.0..=100.0).contains(&m)),
            "grade_marks",
            &s.grade_marks,
            "marks of 0 to 100",
        )?;
        service.that(!s.grade_marks.is_empty(), "grade_marks", &s.grade_marks, "a mark for equal grades")?;
        let ascending = s.value_marks.windows(2).all(|w| w[0].within < w[1].within);
        service.that(ascending && !s.value_marks.is_empty(), "value_marks", &s.value_marks, "ascending bounds")?;
        let mut months: Vec<u32> = s.season.iter().flat_map(|s| &s.months).copied().collect();
        months.sort_unstable();
        service.that(months == (1..=12).collect::<Vec<_>>(), "season", &months, "each month in one season")?;
        for (i, season) in s.season.iter().enumerate() {
            let place = service.element("season", i, format!("season {}", i + 1));
            for (key, w) in [("mark", season.mark), ("skill", season.skill)] {
                let all = [w.primary, w.grade, w.value, w.o3_grade, w.pm25_grade];
                weights(&place, key, &all)?;
            }
        }
        let short = service.table("short_range");
        weights(&short, "weights", &s.short_range.weights)?;
        short.text("clause", &s.short_range.clause)?;
        short.text("source", &s.short_range.source)?;
        let n = &rules.national;
        national.text("id", &n.id)?;
        national.text("clause", &n.clause)?;
        national.text("source", &n.source)?;
        let ascending = n.range_widths.windows(2).all(|w| w[0].aqi_up_to < w[1].aqi_up_to);
        national.that(ascending, "range_widths", &n.range_widths, "ascending bounds")?;
        let widths = n.range_widths.iter().map(|w| w.width).chain([n.widest]);
        national.that(widths.clone().all(|w| w >= 2), "range_widths", &n.range_widths, "widths of 2 or more")?;
        let ascending = n.half_levels.len() == 11 && n.half_levels.windows(2).all(|w| w[0] < w[1]);
        national.that(ascending, "half_levels", &n.half_levels, "eleven ascending bounds")?;
        Ok(rules)
    }
}

fn weights(place: &Place, key: &str, weights: &[f64]) -> Result<()> {
    let sound = weights.iter().all(|w| (0.0..=1.0).contains(w)) && (weights.iter().sum::<f64>() - 1.0).abs() < 1e-9;
    place.that(sound, key, weights, "weights of 0 to 1 that sum to 1")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/seeds/scoring.toml"));

    fn rules() -> ScoringRules {
        ScoringRules::from_toml(SEED, Path::new("seeds/scoring.toml")).unwrap()
    }

    fn day(month: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, month, 10).unwrap()
    }

    /// A report by its indices; its AQI is the largest of them.
    fn report(iaqi: &[(Pollutant, u16)]) -> AqiReport {
        let aqi = iaqi.iter().map(|i| i.1).max();
        AqiReport {
            standard: "HJ 633-2026".into(),
            aqi,
            level: aqi.map(level_of),
            primary: iaqi.iter().filter(|i| i.1 > 50 && Some(i.1) == aqi).map(|i| i.0).collect(),
            iaqi: iaqi.iter().copied().collect(),
            clause: String::new(),
        }
    }

    fn level_of(aqi: u16) -> u8 {
        [50, 100, 150, 200, 300].iter().filter(|top| aqi > **top).count() as u8 + 1
    }

    #[test]
    fn a_perfect_forecast_gets_one_hundred_in_every_month() {
        let service = rules().service;
        let observed = report(&[(Pollutant::Pm25, 212), (Pollutant::O3, 60), (Pollutant::Pm10, 140)]);
        let parts = service.parts(&observed, &observed, level_of);
        for month in 1..=12 {
            let mark = service.mark(day(month), &parts).unwrap();
            assert!((mark.mark - 100.0).abs() < 1e-9 && mark.weight_missing < 1e-9, "{month}: {mark:?}");
        }
        assert!((service.short_range([100.0; 3]) - 100.0).abs() < 1e-9);
        assert!((service.short_range([100.0, 50.0, 0.0]) - 65.0).abs() < 1e-9);
    }

    /// AQI 160 (PM2.5) forecast, 212 (PM10) observed: primary 0, one grade off 50, 52 off 60, O3 same grade 100, PM2.5 4 against 3: 50.
    /// January: 0.2 (0 + 50 + 60 + 100 + 50) = 52; July: 0.2 x 0 + 0.4 x 50 + 0.2 x 60 + 0.2 x 100 = 52.
    #[test]
    fn marks_worked_by_hand() {
        let service = rules().service;
        let f = report(&[(Pollutant::Pm25, 160), (Pollutant::Pm10, 120), (Pollutant::O3, 30)]);
        let o = report(&[(Pollutant::Pm25, 130), (Pollutant::Pm10, 212), (Pollutant::O3, 45)]);
        let parts = service.parts(&f, &o, level_of);
        assert_eq!(
            parts,
            Parts {
                primary: Some(0.0),
                grade: Some(50.0),
                value: Some(60.0),
                o3_grade: Some(100.0),
                pm25_grade: Some(50.0),
            }
        );
        assert!((service.mark(day(1), &parts).unwrap().mark - 52.0).abs() < 1e-9);
        assert!((service.mark(day(7), &parts).unwrap().mark - 52.0).abs() < 1e-9);
        // without O3 the other four share its weight: (0 + 50 + 60 + 50) / 4
        let mark = service.mark(day(1), &Parts { o3_grade: None, ..parts }).unwrap();
        assert!((mark.mark - 40.0).abs() < 1e-9 && (mark.weight_missing - 0.2).abs() < 1e-9);
        assert_eq!(service.mark(day(1), &Parts::default()), None);
        for (error, mark) in [(0, 100.0), (25, 100.0), (26, 80.0), (50, 80.0), (51, 60.0), (150, 30.0), (151, 0.0)] {
            assert_eq!(service.value_mark(200 + error, 200), mark);
        }
        assert_eq!([1, 2, 3, 4, 6].map(|g| service.grade_mark(g, 1)), [100.0, 50.0, 25.0, 0.0, 0.0]);
    }

    /// 80 % against 70 % in primary, 60 against 65 in grade, 90 against 90, 50 against 40: 100 (0.02 - 0.02 + 0 + 0.02) = 2.
    #[test]
    fn skill_is_the_weighted_difference_of_accuracies() {
        let service = rules().service;
        let parts = |p, g, o, f| Parts {
            primary: Some(p),
            grade: Some(g),
            value: None,
            o3_grade: Some(o),
            pm25_grade: Some(f),
        };
        let skill = service.skill(day(1), &parts(0.8, 0.6, 0.9, 0.5), &parts(0.7, 0.65, 0.9, 0.4)).unwrap();
        assert!((skill.mark - 2.0).abs() < 1e-9, "{skill:?}");
        // July: 0.3 x 10 - 0.4 x 5 + 0
        let skill = service.skill(day(7), &parts(0.8, 0.6, 0.9, 0.5), &parts(0.7, 0.65, 0.9, 0.4)).unwrap();
        assert!((skill.mark - 1.0).abs() < 1e-9, "{skill:?}");
    }

    #[test]
    fn primary_pollutants_agree_when_they_share_one() {
        let pm = report(&[(Pollutant::Pm25, 120), (Pollutant::Pm10, 120)]);
        let dust = report(&[(Pollutant::Pm25, 90), (Pollutant::Pm10, 120)]);
        let ozone = report(&[(Pollutant::O3, 120)]);
        let clean = report(&[(Pollutant::Pm25, 30)]);
        let withheld = AqiReport { aqi: None, ..clean.clone() };
        assert_eq!(primary_hit(&pm, &dust), Some(true));
        assert_eq!(primary_hit(&pm, &ozone), Some(false));
        assert_eq!(primary_hit(&clean, &clean), Some(true));
        assert_eq!(primary_hit(&clean, &ozone), Some(false));
        assert_eq!(primary_hit(&withheld, &clean), None);
    }

    #[test]
    fn ranges_and_half_levels() {
        let national = rules().national;
        assert_eq!((national.range(8), national.range(80), national.range(400)), ((0, 18), (65, 95), (350, 450)));
        assert!(national.range_hit(80, 95) && !national.range_hit(80, 96));
        let half =
            [0, 25, 26, 50, 51, 100, 101, 200, 201, 250, 300, 301, 400, 401, 500].map(|a| national.half_level(a));
        assert_eq!(half, [0, 0, 1, 1, 2, 3, 4, 7, 8, 8, 9, 10, 10, 11, 11]);
    }

    #[test]
    fn weights_that_do_not_sum_to_one_are_refused_with_their_line() {
        for (from, to, named) in [
            (
                "grade = 0.2, value = 0.2, o3_grade = 0.2, pm25_grade = 0.2",
                "grade = 0.4, value = 0.2, o3_grade = 0.2, pm25_grade = 0.2",
                "season 1: mark",
            ),
            ("weights = [0.5, 0.3, 0.2]", "weights = [0.5, 0.5, 0.2]", "short_range: weights"),
            ("months = [5, 6,", "months = [6,", "season"),
            ("within = 50", "within = 20", "value_marks"),
            ("half_levels = [25, 50,", "half_levels = [50,", "half_levels"),
            ("widest = 100", "widest = 100\nextra = 1", "extra"),
        ] {
            assert!(SEED.contains(from), "{from}");
            let error = ScoringRules::from_toml(&SEED.replacen(from, to, 1), Path::new("scoring.toml"))
                .unwrap_err()
                .to_string();
            assert!(error.contains(named) && error.contains("line "), "{named}: {error}");
        }
    }
}
