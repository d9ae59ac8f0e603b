//! Daily AQI and daily PM2.5 by lead day: the offices' own measures, and the published benchmarks.

use super::hourly::{by_day, one_minus};
use super::{At, Group, Kind, LEAD_DAYS, Observed, Rules, climatology, last_day, lead_day};
use crate::domain::aqi::AqiReport;
use crate::domain::daily::DailyValue;
use crate::domain::edited::EditedDay;
use crate::domain::pollutant::Pollutant;
use crate::forecast::DayForecast;
use crate::forecast::past_night::PastNight;
use crate::forecast::scores::aqi_practice::{Mark, Parts};
use crate::forecast::scores::bootstrap::{Interval, ratio};
use crate::forecast::scores::contingency::Contingency;
use crate::forecast::scores::deterministic::{self as d, Benchmark};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// AQI above which days are told apart: the levels of HJ 633.
pub const THRESHOLDS: [u16; 5] = [50, 100, 150, 200, 300];

/// One forecast day with what was observed.
pub(super) struct Case {
    pub at: At,
    pub observed: AqiReport,
    pub observed_pm25: Option<f64>,
    /// By kind, in the order of [`Kind::ALL`].
    pub aqi: [Option<AqiReport>; Kind::COUNT],
    pub pm25: [Option<f64>; Kind::COUNT],
    /// By [`THRESHOLDS`]: chance of an AQI above it as the forecast states it, and as it is usual.
    pub chances: [f64; THRESHOLDS.len()],
    pub usual: Option<[f64; THRESHOLDS.len()]>,
    half_levels: [Option<usize>; Kind::COUNT],
    observed_half_level: usize,
    range_hits: [Option<bool>; Kind::COUNT],
    parts: [Option<Parts>; Kind::COUNT],
}

/// Scores of one kind over one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DailyScore {
    pub group: Group,
    pub kind: Kind,
    /// Days and counties with a forecast and an observed AQI, and the days they lie on.
    pub n: usize,
    pub days: usize,
    pub aqi_mae: Interval,
    pub level_accuracy: Interval,
    /// Of twelve half-levels.
    pub half_level_accuracy: Interval,
    /// Observed AQI within the range stated around the forecast.
    pub range_accuracy: Interval,
    pub primary_accuracy: Option<Interval>,
    /// S1 of the meteorological service, 0 ..= 100, and the mean weight of parts that could not be marked.
    pub service_mark: Option<Interval>,
    pub service_weight_missing: Option<f64>,
    /// S2: 100 times the weighted differences of accuracies to persistence, in place of the national centre.
    pub service_skill_over_persistence: Option<Mark>,
    pub pm25: Option<DailyPm25>,
}

/// Daily PM2.5 of the same days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DailyPm25 {
    pub n: usize,
    /// [ug m-3].
    pub mae: Interval,
    pub rmse: f64,
    /// 1 - MAE / MAE of persistence.
    pub skill_over_persistence: Option<Interval>,
    pub correlation: Option<f64>,
    /// Fractions.
    pub nmb: Option<f64>,
    pub nme: Option<f64>,
    pub mfb: f64,
    pub mfe: f64,
    /// Emery et al. (2017); `None` where one of its figures is.
    pub emery: Option<Benchmark>,
    /// Boylan & Russell (2006).
    pub boylan: Benchmark,
}

/// What became of the days of one observed level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LevelScore {
    pub lead_day: u8,
    pub kind: Kind,
    /// 1 ..= 6.
    pub observed_level: u8,
    pub n: usize,
    pub level_accuracy: f64,
    /// Forecast minus observed AQI, mean.
    pub aqi_bias: f64,
    pub aqi_mae: f64,
}

/// Yes or no for an AQI above a threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ThresholdScore {
    pub lead_day: u8,
    pub kind: Kind,
    pub aqi_above: u16,
    pub counts: Contingency,
    pub pod: Option<f64>,
    pub far: Option<f64>,
    pub csi: Option<f64>,
    pub bias: Option<f64>,
}

/// TT: S1 of lead days 1, 2, 3 in one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShortRangeScore {
    pub kind: Kind,
    pub n: usize,
    pub mark: f64,
}

fn day_value(record: &BTreeMap<NaiveDate, DailyValue>, day: NaiveDate) -> Option<&DailyValue> {
    record.get(&day).filter(|d| d.aqi.aqi.is_some())
}

/// Every forecast day of a county with stations whose AQI was observed.
pub(super) fn cases(rules: &Rules, nights: &[&PastNight], edited: &[EditedDay], observed: &Observed) -> Vec<Case> {
    let edited: BTreeMap<_, &EditedDay> = edited.iter().map(|e| ((e.cycle, e.adcode, e.day), e)).collect();
    let mut cases = Vec::new();
    for night in nights {
        for county in &night.counties {
            let Some(record) = observed.days.get(&county.adcode) else { continue };
            for forecast in &county.days {
                let lead_day = lead_day(night.cycle, forecast.beijing_day);
                if !(1..=i64::from(LEAD_DAYS)).contains(&lead_day) {
                    continue;
                }
                let Some(observed) = day_value(record, forecast.beijing_day) else { continue };
                let at = At { lead_day: lead_day as u8, adcode: county.adcode, day: forecast.beijing_day };
                let persistence = day_value(record, last_day(night.cycle));
                let edited = edited.get(&(night.cycle, at.adcode, at.day)).copied();
                cases.push(case(rules, at, (forecast, edited), observed, persistence, record));
            }
        }
    }
    cases
}

fn case(
    rules: &Rules,
    at: At,
    (forecast, edited): (&DayForecast, Option<&EditedDay>),
    observed: &DailyValue,
    persistence: Option<&DailyValue>,
    record: &BTreeMap<NaiveDate, DailyValue>,
) -> Case {
    let lacking: Vec<Pollutant> =
        Pollutant::ALL.into_iter().filter(|p| forecast.concentrations.get(*p).is_none()).collect();
    let raw = rules.aqi.daily(at.day, &forecast.concentrations.map(|_, e| e.raw), &lacking);
    let usual_aqi = climatology::values(at.day, record.values().filter_map(|d| Some((d.day, f64::from(d.aqi.aqi?)))));
    let usual_pm25 =
        climatology::values(at.day, record.values().filter_map(|d| Some((d.day, d.concentrations.pm25_ug_m3?))));
    let median = |values: &Vec<f64>| values[values.len() / 2];
    let usual = usual_aqi.as_ref().map(|v| report_of(rules, observed, median(v) as u16, &[]));
    let changed = edited.map(|e| report_of(rules, observed, e.aqi, &e.primary));
    let aqi = [Some(raw), Some(forecast.aqi.clone()), changed, persistence.map(|p| p.aqi.clone()), usual];
    let aqi = aqi.map(|report| report.filter(|r| r.aqi.is_some()));
    let o = observed.aqi.aqi.unwrap_or(0);
    let national = &rules.scoring.national;
    let half = |report: &Option<AqiReport>| report.as_ref().and_then(|r| r.aqi).map(|a| national.half_level(a));
    let parts = |kind: Kind| {
        // what is usual names no primary pollutant: the service's mark has no meaning for it
        let report = aqi[kind as usize].as_ref().filter(|_| kind != Kind::Climatology)?;
        let parts = rules.scoring.service.parts(report, &observed.aqi, |a| rules.aqi.level_of(a));
        Some(Parts { primary: parts.primary.filter(|_| names_primary(kind, report)), ..parts })
    };
    let e = forecast.concentrations.pm25_ug_m3;
    Case {
        at,
        observed_pm25: observed.concentrations.pm25_ug_m3,
        pm25: [
            e.map(|e| e.raw),
            e.map(|e| e.value),
            edited.and_then(|e| e.pm25_ug_m3),
            persistence.and_then(|p| p.concentrations.pm25_ug_m3),
            usual_pm25.map(|v| v.iter().sum::<f64>() / v.len() as f64),
        ],
        chances: THRESHOLDS.map(|t| super::chances::above(rules, at.day, &forecast.concentrations, t)),
        usual: usual_aqi
            .map(|v| THRESHOLDS.map(|t| v.iter().filter(|a| **a > f64::from(t)).count() as f64 / v.len() as f64)),
        half_levels: aqi.each_ref().map(half),
        observed_half_level: national.half_level(o),
        range_hits: aqi.each_ref().map(|a| Some(national.range_hit(a.as_ref()?.aqi?, o))),
        parts: Kind::ALL.map(parts),
        observed: observed.aqi.clone(),
        aqi,
    }
}

/// Whether a report says something of the primary pollutant: a consultation may have left it open, and up to an AQI of 50 there is none.
fn names_primary(kind: Kind, report: &AqiReport) -> bool {
    kind != Kind::Edited || !report.primary.is_empty() || report.aqi.is_none_or(|a| a <= THRESHOLDS[0])
}

/// A report of nothing but an AQI and the primary pollutants.
fn report_of(rules: &Rules, like: &DailyValue, aqi: u16, primary: &[Pollutant]) -> AqiReport {
    AqiReport {
        standard: like.aqi.standard.clone(),
        aqi: Some(aqi),
        level: Some(rules.aqi.level_of(aqi)),
        primary: primary.to_vec(),
        iaqi: BTreeMap::new(),
        clause: String::new(),
    }
}

/// Scores of every group and kind.
pub(super) fn scores(rules: &Rules, cases: &[Case]) -> Vec<DailyScore> {
    let mut scores = Vec::new();
    for group in Group::of(cases.iter().map(|c| c.at)) {
        let own: Vec<&Case> = cases.iter().filter(|c| group.holds(&c.at)).collect();
        scores.extend(Kind::ALL.into_iter().filter_map(|kind| score(rules, group, kind, &own)));
    }
    scores
}

/// AQI forecast and observed.
fn aqi_pair(case: &Case, kind: Kind) -> Option<(u16, u16)> {
    case.aqi[kind as usize].as_ref()?.aqi.zip(case.observed.aqi)
}

fn score(rules: &Rules, group: Group, kind: Kind, cases: &[&Case]) -> Option<DailyScore> {
    let k = kind as usize;
    let own: Vec<&Case> = cases.iter().copied().filter(|c| aqi_pair(c, kind).is_some()).collect();
    let mean = |value: &dyn Fn(&Case) -> Option<f64>| {
        ratio(&by_day(own.iter().filter_map(|c| Some((c.at.day, value(c)?, 1.0)))))
    };
    let share = |hit: bool| f64::from(u8::from(hit));
    let level = |a: u16| rules.aqi.level_of(a);
    let mark = |c: &Case| rules.scoring.service.mark(c.at.day, c.parts[k].as_ref()?);
    let missing: Vec<f64> = own.iter().filter_map(|c| Some(mark(c)?.weight_missing)).collect();
    Some(DailyScore {
        group,
        kind,
        n: own.len(),
        days: own.iter().map(|c| c.at.day).collect::<std::collections::BTreeSet<_>>().len(),
        aqi_mae: mean(&|c| aqi_pair(c, kind).map(|(f, o)| f64::from(f.abs_diff(o))))?,
        level_accuracy: mean(&|c| aqi_pair(c, kind).map(|(f, o)| share(level(f) == level(o))))?,
        half_level_accuracy: mean(&|c| Some(share(c.half_levels[k]? == c.observed_half_level)))?,
        range_accuracy: mean(&|c| c.range_hits[k].map(share))?,
        primary_accuracy: mean(&|c| Some(c.parts[k].as_ref()?.primary? / 100.0)),
        service_mark: mean(&|c| Some(mark(c)?.mark)),
        service_weight_missing: d::mae(&missing, &vec![0.0; missing.len()]),
        service_skill_over_persistence: skill(rules, kind, &own),
        pm25: pm25(kind, cases),
    })
}

/// S2 against persistence over the days that have both, by the weights of the month of the first of them.
fn skill(rules: &Rules, kind: Kind, cases: &[&Case]) -> Option<Mark> {
    if matches!(kind, Kind::Persistence | Kind::Climatology) {
        return None;
    }
    let both: Vec<(&Parts, &Parts)> = cases
        .iter()
        .filter_map(|c| Some((c.parts[kind as usize].as_ref()?, c.parts[Kind::Persistence as usize].as_ref()?)))
        .collect();
    // a full mark is a hit
    let accuracy = |of: &dyn Fn(&Parts) -> Option<f64>, which: usize| {
        let marks: Vec<(f64, f64)> = both.iter().filter_map(|(a, b)| Some((of(a)?, of(b)?))).collect();
        let hits = marks.iter().filter(|m| if which == 0 { m.0 == 100.0 } else { m.1 == 100.0 }).count();
        (!marks.is_empty()).then(|| hits as f64 / marks.len() as f64)
    };
    let parts = |which| Parts {
        primary: accuracy(&|p| p.primary, which),
        grade: accuracy(&|p| p.grade, which),
        value: accuracy(&|p| p.value, which),
        o3_grade: accuracy(&|p| p.o3_grade, which),
        pm25_grade: accuracy(&|p| p.pm25_grade, which),
    };
    rules.scoring.service.skill(cases.first()?.at.day, &parts(0), &parts(1))
}

fn pm25(kind: Kind, cases: &[&Case]) -> Option<DailyPm25> {
    let k = kind as usize;
    let there = || cases.iter().filter_map(move |c| Some((c, c.pm25[k]?, c.observed_pm25?)));
    let (f, o): (Vec<f64>, Vec<f64>) = there().map(|(_, f, o)| (f, o)).unzip();
    let persistence = Kind::Persistence as usize;
    let both = there().filter_map(|(c, f, o)| Some((c.at.day, (f - o).abs(), (c.pm25[persistence]? - o).abs())));
    let (nmb, nme, correlation) = (d::nmb(&f, &o), d::nme(&f, &o), d::correlation(&f, &o));
    let (mfb, mfe) = (d::mfb(&f, &o)?, d::mfe(&f, &o)?);
    Some(DailyPm25 {
        n: f.len(),
        mae: ratio(&by_day(there().map(|(c, f, o)| (c.at.day, (f - o).abs(), 1.0))))?,
        rmse: d::rmse(&f, &o)?,
        skill_over_persistence: (kind != Kind::Persistence).then(|| ratio(&by_day(both)).map(one_minus)).flatten(),
        correlation,
        nmb,
        nme,
        mfb,
        mfe,
        emery: nmb.zip(nme).zip(correlation).map(|((b, e), r)| d::emery_pm25(b, e, r)),
        boylan: d::boylan_particles(mfb, mfe),
    })
}

/// Scores by lead day, kind and level of the observed AQI.
pub(super) fn by_level(cases: &[Case]) -> Vec<LevelScore> {
    let mut scores = Vec::new();
    for lead_day in 1..=LEAD_DAYS {
        for kind in Kind::ALL {
            for level in 1..=6 {
                let own = cases.iter().filter(|c| c.at.lead_day == lead_day && c.observed.level == Some(level));
                let pairs: Vec<(bool, f64)> = own
                    .filter_map(|c| {
                        let (f, o) = aqi_pair(c, kind)?;
                        Some((c.aqi[kind as usize].as_ref()?.level == Some(level), f64::from(f) - f64::from(o)))
                    })
                    .collect();
                let mean = |of: &dyn Fn(&(bool, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / pairs.len() as f64;
                if !pairs.is_empty() {
                    scores.push(LevelScore {
                        lead_day,
                        kind,
                        observed_level: level,
                        n: pairs.len(),
                        level_accuracy: mean(&|p| f64::from(u8::from(p.0))),
                        aqi_bias: mean(&|p| p.1),
                        aqi_mae: mean(&|p| p.1.abs()),
                    });
                }
            }
        }
    }
    scores
}

/// Contingency by lead day, kind and threshold.
pub(super) fn thresholds(cases: &[Case]) -> Vec<ThresholdScore> {
    let mut scores = Vec::new();
    for lead_day in 1..=LEAD_DAYS {
        for kind in Kind::ALL {
            for aqi_above in THRESHOLDS {
                let own = cases.iter().filter(|c| c.at.lead_day == lead_day).filter_map(|c| aqi_pair(c, kind));
                let counts = Contingency::of(own.map(|(f, o)| (f > aqi_above, o > aqi_above)));
                if counts.n() > 0 {
                    let (pod, far, csi, bias) = (counts.pod(), counts.far(), counts.csi(), counts.bias());
                    scores.push(ThresholdScore { lead_day, kind, aqi_above, counts, pod, far, csi, bias });
                }
            }
        }
    }
    scores
}

/// TT of the kinds that have marks on lead days 1, 2 and 3.
pub(super) fn short_range(rules: &Rules, cases: &[Case]) -> Vec<ShortRangeScore> {
    let of = |kind: Kind| {
        let marks = |lead_day: u8| {
            let own = cases.iter().filter(move |c| c.at.lead_day == lead_day);
            let marks: Vec<f64> = own
                .filter_map(|c| Some(rules.scoring.service.mark(c.at.day, c.parts[kind as usize].as_ref()?)?.mark))
                .collect();
            (!marks.is_empty()).then(|| (marks.iter().sum::<f64>() / marks.len() as f64, marks.len()))
        };
        let (one, two, three) = (marks(1)?, marks(2)?, marks(3)?);
        let mark = rules.scoring.service.short_range([one.0, two.0, three.0]);
        Some(ShortRangeScore { kind, n: one.1.min(two.1).min(three.1), mark })
    };
    Kind::ALL.into_iter().filter_map(of).collect()
}
