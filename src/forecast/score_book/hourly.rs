//! Hourly concentrations by lead day.

use super::{At, Group, Kind, LEAD_DAYS, Observed, climatology};
use crate::calendar::beijing_day_hour;
use crate::domain::pollutant::Pollutant;
use crate::forecast::correction::lead_class;
use crate::forecast::marginal::Marginal;
use crate::forecast::past_night::PastNight;
use crate::forecast::scores::bootstrap::{Interval, ratio};
use crate::forecast::scores::{deterministic as d, probabilistic};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Hours before the cycle within which the last observation is taken for persistence.
const PERSISTENCE_WITHIN_H: i64 = 6;
/// Quantiles from which the CRPS of a forecast is summed.
const QUANTILES: usize = 40;
/// Lead hours in which a peak is looked for, and the observed hourly PM2.5 from which it counts as one [ug m-3].
const PEAK_WITHIN: usize = 72;
const PEAK_FROM_UG_M3: f64 = 115.0;

/// Scores of one kind of forecast over one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HourlyScore {
    pub pollutant: Pollutant,
    /// Unit of MAE, RMSE and CRPS.
    pub unit: String,
    pub group: Group,
    pub kind: Kind,
    /// Pairs, and Beijing days they lie on.
    pub n: usize,
    pub days: usize,
    pub mae: Interval,
    pub rmse: f64,
    pub correlation: Option<f64>,
    /// Fractions.
    pub nmb: Option<f64>,
    pub nme: Option<f64>,
    pub mfb: f64,
    pub mfe: f64,
    /// Of the distribution of the corrected forecast and of the climatological ensemble; the absolute error of persistence.
    pub crps: Option<Interval>,
    /// Share of observations within the 80 % interval of the corrected forecast.
    pub coverage_80: Option<f64>,
    /// 1 - MAE / MAE of persistence, on the pairs that have both.
    pub skill_over_persistence: Option<Interval>,
}

/// How far the highest hour of PM2.5 within three days was missed, over episodes whose peak was observed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PeakScore {
    pub kind: Kind,
    /// Nights and counties with an observed hour of 115 ug m-3 or more.
    pub n: usize,
    /// Mean of hours too late (negative: too early), and of their absolute values [h].
    pub mean_h: f64,
    pub mean_absolute_h: f64,
    /// Mean of forecast over observed height.
    pub height_ratio: f64,
}

/// One forecast hour with its observation.
struct Pair {
    at: At,
    observed: f64,
    /// By kind, in the order of [`Kind::ALL`].
    forecast: [Option<f64>; Kind::COUNT],
    inside: bool,
    crps: [Option<f64>; Kind::COUNT],
}

/// Scores of every pollutant and group, and of the peaks.
pub(super) fn scores(nights: &[&PastNight], observed: &Observed) -> (Vec<HourlyScore>, Vec<PeakScore>) {
    let mut scores = Vec::new();
    for p in Pollutant::ALL {
        let pairs = pairs(nights, observed, p);
        for group in Group::of(pairs.iter().map(|x| x.at)) {
            let own: Vec<&Pair> = pairs.iter().filter(|x| group.holds(&x.at)).collect();
            scores.extend(Kind::ALL.into_iter().filter_map(|kind| score(p, group, kind, &own)));
        }
    }
    (scores, peaks(nights, observed))
}

fn pairs(nights: &[&PastNight], observed: &Observed, p: Pollutant) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (adcode, hours) in observed.hours {
        // what is usual at an hour and how it scores depend on the hour alone, whatever the lead
        let mut by_hour: BTreeMap<u8, Vec<(NaiveDate, f64)>> = BTreeMap::new();
        for (end, c) in hours {
            if let Some(value) = c.get(p) {
                let (day, hour) = beijing_day_hour(*end);
                by_hour.entry(hour).or_default().push((day, *value));
            }
        }
        let mut usual: BTreeMap<DateTime<Utc>, Option<(f64, f64)>> = BTreeMap::new();
        for night in nights {
            let Some(county) = night.county(*adcode) else { continue };
            let value_at = |back: i64| hours.get(&(night.cycle - Duration::hours(back)))?.get(p).copied();
            let persistence = (0..PERSISTENCE_WITHIN_H).find_map(value_at);
            for h in &county.hours {
                let o = hours.get(&h.end).and_then(|c| c.get(p));
                let (Some(e), Some(&o)) = (h.concentrations.get(p), o) else { continue };
                let (day, hour) = beijing_day_hour(h.end);
                let lead_day = lead_class(h.lead_hour) as u8 + 1;
                if (h.lead_hour - 1) / 24 >= i32::from(LEAD_DAYS) {
                    continue;
                }
                let climatology = *usual.entry(h.end).or_insert_with(|| {
                    let mut values = climatology::values(day, by_hour.get(&hour)?.iter().copied())?;
                    let mean = values.iter().sum::<f64>() / values.len() as f64;
                    Some((mean, probabilistic::crps(&mut values, o)?))
                });
                let marginal = Marginal::of(e);
                pairs.push(Pair {
                    at: At { lead_day, adcode: *adcode, day },
                    observed: o,
                    forecast: [Some(e.raw), Some(e.value), None, persistence, climatology.map(|c| c.0)],
                    inside: (e.lower..=e.upper).contains(&o),
                    crps: [
                        None,
                        probabilistic::crps_of_quantiles(|q| marginal.quantile(q), QUANTILES, o),
                        None,
                        persistence.map(|v| (v - o).abs()),
                        climatology.map(|c| c.1),
                    ],
                });
            }
        }
    }
    pairs
}

/// Sums over Beijing days of (numerator, denominator).
pub(super) fn by_day(values: impl Iterator<Item = (NaiveDate, f64, f64)>) -> Vec<(f64, f64)> {
    let mut days: BTreeMap<NaiveDate, (f64, f64)> = BTreeMap::new();
    for (day, a, b) in values {
        let sum = days.entry(day).or_default();
        *sum = (sum.0 + a, sum.1 + b);
    }
    days.into_values().collect()
}

/// 1 - ratio, with its interval turned round.
pub(super) fn one_minus(i: Interval) -> Interval {
    Interval { value: 1.0 - i.value, lower: i.upper.map(|u| 1.0 - u), upper: i.lower.map(|l| 1.0 - l) }
}

fn score(pollutant: Pollutant, group: Group, kind: Kind, pairs: &[&Pair]) -> Option<HourlyScore> {
    let k = kind as usize;
    let there = || pairs.iter().filter_map(move |x| Some((x, x.forecast[k]?)));
    let f: Vec<f64> = there().map(|(_, f)| f).collect();
    let o: Vec<f64> = there().map(|(x, _)| x.observed).collect();
    let errors = by_day(there().map(|(x, f)| (x.at.day, (f - x.observed).abs(), 1.0)));
    let persistence = Kind::Persistence as usize;
    let both = there()
        .filter_map(|(x, f)| Some((x.at.day, (f - x.observed).abs(), (x.forecast[persistence]? - x.observed).abs())));
    let crps = by_day(pairs.iter().filter_map(|x| Some((x.at.day, x.crps[k]?, 1.0))));
    let inside = pairs.iter().filter(|x| x.inside).count() as f64 / pairs.len().max(1) as f64;
    Some(HourlyScore {
        pollutant,
        unit: pollutant.unit().into(),
        group,
        kind,
        n: f.len(),
        days: errors.len(),
        mae: ratio(&errors)?,
        rmse: d::rmse(&f, &o)?,
        correlation: d::correlation(&f, &o),
        nmb: d::nmb(&f, &o),
        nme: d::nme(&f, &o),
        mfb: d::mfb(&f, &o)?,
        mfe: d::mfe(&f, &o)?,
        crps: ratio(&crps),
        coverage_80: (kind == Kind::Corrected).then_some(inside),
        skill_over_persistence: (kind != Kind::Persistence).then(|| ratio(&by_day(both)).map(one_minus)).flatten(),
    })
}

fn peaks(nights: &[&PastNight], observed: &Observed) -> Vec<PeakScore> {
    let p = Pollutant::Pm25;
    let mut late: [Vec<(f64, f64)>; 2] = Default::default();
    for night in nights {
        for county in &night.counties {
            let Some(hours) = observed.hours.get(&county.adcode) else { continue };
            let mut o = vec![None; PEAK_WITHIN];
            let mut f = [vec![None; PEAK_WITHIN], vec![None; PEAK_WITHIN]];
            for h in county.hours.iter().filter(|h| (1..=PEAK_WITHIN as i32).contains(&h.lead_hour)) {
                let i = h.lead_hour as usize - 1;
                o[i] = hours.get(&h.end).and_then(|c| c.get(p)).copied();
                let e = h.concentrations.get(p);
                (f[0][i], f[1][i]) = (e.map(|e| e.raw), e.map(|e| e.value));
            }
            let highest = |values: &[Option<f64>]| values.iter().flatten().copied().fold(0.0, f64::max);
            let height = highest(&o);
            if height < PEAK_FROM_UG_M3 {
                continue;
            }
            for (late, f) in late.iter_mut().zip(&f) {
                late.extend(d::peak_time_error(f, &o).map(|h| (h as f64, highest(f) / height)));
            }
        }
    }
    let kinds = [Kind::Raw, Kind::Corrected].into_iter().zip(late);
    let score = |(kind, late): (Kind, Vec<(f64, f64)>)| {
        let mean = |f: &dyn Fn(&(f64, f64)) -> f64| late.iter().map(f).sum::<f64>() / late.len() as f64;
        (!late.is_empty()).then(|| PeakScore {
            kind,
            n: late.len(),
            mean_h: mean(&|l| l.0),
            mean_absolute_h: mean(&|l| l.0.abs()),
            height_ratio: mean(&|l| l.1),
        })
    };
    kinds.filter_map(score).collect()
}
