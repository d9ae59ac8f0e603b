//! One learned forecast with its distribution: an anchor line, boosted trees for the median and for quantiles, a lean on what is usual,
//! conformal calibration.
//!
//! Everything is learnt on the square root of the concentration, where errors of clean and of dirty hours are of like size. The anchor is
//! the straight line from one value known at issue (the last observation, or the model's value); trees learn what it leaves.
//!
//! **Invariant:** the number of trees, the share of what is usual and the conformal factors come from cases later than those that trained
//! the line, the trees and the usual values that they judge.

use super::boosting::{Booster, Growth, Head, Sample};
use super::quantiles::QuantileCurve;
use super::seasonal::{self, Season, Seasonal};
use super::table::FeatureTable;
use super::walk_forward::{Fold, Span, folds};
use crate::forecast::conformal::{CalibrationCase, Conformal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How a forecast is learnt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearningParameters {
    /// Trees of the median and of the quantiles.
    pub median: Growth,
    pub quantiles: Growth,
    /// Levels of the quantile heads, rising, one of them 0.5.
    pub levels: Vec<f64>,
    /// Medians and quantiles trained on different rows and averaged.
    pub members: usize,
    /// Each member is trained on one row of so many.
    pub row_step: usize,
    /// Share of the training time, the last, that judges the trees and calibrates the intervals, 0 .. 1, in so many folds, each judging trees
    /// trained on all before it.
    pub judged_share: f64,
    pub judged_folds: usize,
    /// Time between training and judged cases, in the unit of the spans.
    pub gap: i64,
    /// Chance beyond each end of the interval.
    pub tail: f64,
    /// Forecast levels that part the groups of the calibration, and the cases that a group needs [unit of the target].
    pub group_bounds: Vec<f64>,
    pub group_cases: usize,
    /// Relative growth of a half width for each later observation beyond its end; it shrinks by the tail's share of it for each within.
    pub adapting_rate: f64,
    pub source: String,
    pub verified: bool,
}

/// Cases to learn from: same rows everywhere.
#[derive(Debug, Clone, Copy)]
pub struct Cases<'a> {
    pub table: &'a FeatureTable,
    /// Observed values, >= 0.
    pub targets: &'a [f64],
    /// A value known at issue, >= 0, in the unit of the targets; NaN where missing.
    pub anchors: &'a [f64],
    pub spans: &'a [Span],
    /// Which rows are one weather situation, a day for example.
    pub groups: &'a [u64],
    /// Season of the valid hour.
    pub seasons: &'a [Season],
}

/// A forecast of one case in the unit of the targets.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicted {
    pub median: f64,
    /// Quantiles at the levels of the model, rising.
    pub quantiles: Vec<f64>,
}

/// Straight line from the root of the anchor to the root of the target.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct AnchorLine {
    intercept: f64,
    slope: f64,
    /// Stands in for a missing anchor.
    mean: f64,
}

/// What was learnt.
#[derive(Debug, Clone)]
pub struct Learned {
    line: AnchorLine,
    median: Booster,
    quantiles: Booster,
    seasonal: Seasonal,
    conformal: Conformal,
    levels: Vec<f64>,
    group_bounds: Vec<f64>,
}

/// The part of [`Learned`] that is text; the trees are bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LearnedDocument {
    line: AnchorLine,
    /// Older corrections have none; they are of other features and replaced.
    #[serde(default)]
    seasonal: Seasonal,
    conformal: Conformal,
    levels: Vec<f64>,
    group_bounds: Vec<f64>,
}

impl LearnedDocument {
    /// Levels of [`Predicted::quantiles`].
    pub fn levels(&self) -> &[f64] {
        &self.levels
    }
}

impl Learned {
    /// Learns from cases; `seed` decides which rows and columns each tree sees.
    ///
    /// # Errors
    /// Parameters out of range; too few cases before or after the parting of the training time.
    pub fn fit(cases: &Cases, parameters: &LearningParameters, seed: u64) -> Result<Self, String> {
        let thinned = |rows: &[usize], member: usize| thin(rows, parameters.row_step, member);
        let heads = Head::Quantiles(&parameters.levels);
        let levels = &parameters.levels[..];
        // of each judged case: its row, the curve of line and trees, and what was usual before its fold
        let (mut judged, mut trees) = (Vec::new(), (0, 0));
        let folds = part(cases.spans, parameters)?;
        for Fold { training, test } in &folds {
            let line = AnchorLine::fit(cases, training);
            let rests = Rests { cases, line: &line };
            let (early, late) = (rests.sample(&thinned(training, 0))?, rests.sample(&thinned(test, 0))?);
            let median = Booster::fit(&early, Some(&late), Head::Median, &parameters.median, seed)?;
            let quantiles = Booster::fit(&early, Some(&late), heads, &parameters.quantiles, seed)?;
            drop((early, late));
            trees = (trees.0 + median.rounds(), trees.1 + quantiles.rounds());
            // all judged cases, not only those that chose the number of trees
            let table = cases.table.select(test);
            let (medians, curves) = (median.predict(&table)?, quantiles.predict(&table)?);
            let usual = cases.seasonal(training, levels);
            for (i, (median, curve)) in test.iter().zip(medians.iter().zip(&curves)) {
                let start = line.at(cases.anchors[*i]);
                let curve = curve_around(levels, start, start + f64::from(median[0]), curve);
                let usual = usual.of(cases.seasons[*i]).map(<[f64]>::to_vec);
                judged.push((*i, curve, usual));
            }
        }
        let with_usual = judged.iter().filter_map(|(i, forecast, usual)| {
            Some(seasonal::Judged { forecast, usual: usual.as_deref()?, observed: cases.targets[*i].sqrt() })
        });
        let share = seasonal::best_share(&with_usual.collect::<Vec<_>>(), levels);
        let leaned = judged.iter().map(|(i, curve, usual)| {
            let curve = usual.as_deref().map_or_else(|| curve.clone(), |usual| curve.between(usual, share));
            let middle = curve.at(0.5);
            CalibrationCase {
                group: group(square(middle), &parameters.group_bounds),
                lower: curve.at(parameters.tail),
                middle,
                upper: curve.at(1.0 - parameters.tail),
                observed: cases.targets[*i].sqrt(),
            }
        });
        let calibration: Vec<CalibrationCase> = leaned.collect();
        let conformal = Conformal::fit(&calibration, parameters.tail, parameters.group_cases)
            .ok_or("no judged case to calibrate intervals with")?;
        let all: Vec<usize> = (0..cases.targets.len()).collect();
        let line = AnchorLine::fit(cases, &all);
        let rests = Rests { cases, line: &line };
        let as_judged = |growth: &Growth, trees: usize| Growth { rounds: trees / folds.len(), patience: 0, ..*growth };
        let (of_median, of_quantiles) =
            (as_judged(&parameters.median, trees.0), as_judged(&parameters.quantiles, trees.1));
        let (mut medians, mut quantiles) = (Vec::new(), Vec::new());
        for member in 0..parameters.members.max(1) {
            let sample = rests.sample(&thinned(&all, member))?;
            let seed = seed.wrapping_add(member as u64);
            medians.push(Booster::fit(&sample, None, Head::Median, &of_median, seed)?);
            quantiles.push(Booster::fit(&sample, None, heads, &of_quantiles, seed)?);
        }
        Ok(Self {
            line,
            median: Booster::average(&medians)?,
            quantiles: Booster::average(&quantiles)?,
            seasonal: cases.seasonal(&all, levels).with_share(share),
            conformal,
            levels: parameters.levels.clone(),
            group_bounds: parameters.group_bounds.clone(),
        })
    }

    /// Forecasts of every row of a table, `anchors` and `seasons` as in training.
    ///
    /// # Errors
    /// A table with other columns than the model was trained on.
    pub fn predict(&self, table: &FeatureTable, anchors: &[f64], seasons: &[Season]) -> Result<Vec<Predicted>, String> {
        let (medians, curves) = (self.median.predict(table)?, self.quantiles.predict(table)?);
        let known = anchors.iter().zip(seasons);
        let predicted = known.zip(medians.iter().zip(&curves)).map(|((anchor, season), (median, curve))| {
            let start = self.line.at(*anchor);
            let curve = curve_around(&self.levels, start, start + f64::from(median[0]), curve);
            let curve = match self.seasonal.of(*season) {
                Some(usual) => curve.between(usual, self.seasonal.share),
                None => curve,
            };
            let middle = curve.at(0.5);
            let group = group(square(middle), &self.group_bounds);
            let quantiles = self.levels.iter().map(|l| square(self.conformal.stretched(group, middle, curve.at(*l))));
            Predicted { median: square(middle), quantiles: quantiles.collect() }
        });
        Ok(predicted.collect())
    }

    /// Levels of [`Predicted::quantiles`].
    pub fn levels(&self) -> &[f64] {
        &self.levels
    }

    /// Numbers of trees of the median and of the quantiles.
    pub fn trees(&self) -> (usize, usize) {
        (self.median.rounds(), self.quantiles.rounds())
    }

    /// Share of what is usual in the forecasts, 0 ..= 1.
    pub fn seasonal_share(&self) -> f64 {
        self.seasonal.share
    }

    /// The calibration of the intervals.
    pub fn conformal(&self) -> &Conformal {
        &self.conformal
    }

    /// Features by their share of the gain of the median's splits.
    pub fn importance(&self, names: &[String], most: usize) -> Vec<(String, f64)> {
        self.median.importance(names, most)
    }

    /// Text part and the bytes of the median and of the quantiles.
    ///
    /// # Errors
    /// A forest too large for its format.
    pub fn parts(&self) -> Result<(LearnedDocument, Vec<u8>, Vec<u8>), String> {
        let document = LearnedDocument {
            line: self.line,
            seasonal: self.seasonal.clone(),
            conformal: self.conformal.clone(),
            levels: self.levels.clone(),
            group_bounds: self.group_bounds.clone(),
        };
        Ok((document, self.median.encode()?, self.quantiles.encode()?))
    }

    /// A model from its [`parts`](Self::parts).
    ///
    /// # Errors
    /// Bytes that are not such trees; levels that are fewer than two, or that do not rise; trees that do not take `columns` features or do
    /// not give one value, and one per level.
    pub fn of_parts(
        document: LearnedDocument,
        median: &[u8],
        quantiles: &[u8],
        columns: &[String],
    ) -> Result<Self, String> {
        let (levels, n) = (&document.levels, document.levels.len());
        if n < 2 || !levels.windows(2).all(|w| w[0] < w[1]) {
            return Err(format!("levels {levels:?}, expected at least two that rise"));
        }
        if !document.seasonal.is_sound(n) {
            return Err("usual values that do not fit the levels".into());
        }
        let (median, quantiles) = (Booster::decode(median)?, Booster::decode(quantiles)?);
        let mut probe = FeatureTable::new(columns.to_vec());
        probe.push(&vec![0.0; columns.len()]);
        for (trees, expected) in [(&median, 1), (&quantiles, n)] {
            let given = trees.predict(&probe)?.first().map_or(0, Vec::len);
            if given != expected {
                return Err(format!("trees of {given} values, expected {expected}"));
            }
        }
        Ok(Self {
            line: document.line,
            median,
            quantiles,
            seasonal: document.seasonal,
            conformal: document.conformal,
            levels: document.levels,
            group_bounds: document.group_bounds,
        })
    }
}

impl Cases<'_> {
    /// What is usual by some of the cases, as roots. An hour of a place that several nights forecast was observed once.
    fn seasonal(&self, rows: &[usize], levels: &[f64]) -> Seasonal {
        let mut seen = BTreeSet::new();
        let once = rows.iter().filter(|i| seen.insert((self.seasons[**i], self.spans[**i].valid)));
        Seasonal::new(once.map(|i| (self.seasons[*i], self.targets[*i].sqrt())), levels)
    }
}

/// What the anchor line leaves to the trees.
struct Rests<'a> {
    cases: &'a Cases<'a>,
    line: &'a AnchorLine,
}

impl Rests<'_> {
    fn sample(&self, rows: &[usize]) -> Result<Sample, String> {
        let of = |i: &usize| (self.cases.targets[*i].sqrt() - self.line.at(self.cases.anchors[*i])) as f32;
        let targets: Vec<f32> = rows.iter().map(of).collect();
        let groups: Vec<u64> = rows.iter().map(|i| self.cases.groups[*i]).collect();
        Sample::new(&self.cases.table.select(rows), &targets, &groups)
    }
}

impl AnchorLine {
    fn fit(cases: &Cases, rows: &[usize]) -> Self {
        let roots = || rows.iter().map(|i| (cases.anchors[*i], cases.targets[*i])).filter(|(a, _)| a.is_finite());
        let n = roots().count() as f64;
        let all_targets = rows.iter().map(|i| cases.targets[*i].sqrt()).sum::<f64>() / rows.len().max(1) as f64;
        if n < 2.0 {
            return Self { intercept: all_targets, slope: 0.0, mean: 0.0 };
        }
        let (x, y) = roots().fold((0.0, 0.0), |(x, y), (a, t)| (x + a.sqrt() / n, y + t.sqrt() / n));
        let (xx, xy) = roots().fold((0.0, 0.0), |(xx, xy), (a, t)| {
            let d = a.sqrt() - x;
            (xx + d * d, xy + d * (t.sqrt() - y))
        });
        let slope = if xx > 1e-12 { xy / xx } else { 0.0 };
        Self { intercept: y - slope * x, slope, mean: x }
    }

    fn at(&self, anchor: f64) -> f64 {
        self.intercept + self.slope * if anchor.is_finite() { anchor.sqrt() } else { self.mean }
    }
}

/// Parts the cases in time: the last share of it judges, in folds one after the other. Folds without cases are left out.
fn part(spans: &[Span], parameters: &LearningParameters) -> Result<Vec<Fold>, String> {
    let first = spans.iter().map(|s| s.issue).min().ok_or("no case to learn from")?;
    let end = spans.iter().map(|s| s.valid).max().ok_or("no case to learn from")? + 1;
    let judged = (end - first) as f64 * parameters.judged_share;
    let fold_count = parameters.judged_folds.max(1);
    let starts: Vec<i64> =
        (0..fold_count).map(|i| end - (judged * (1.0 - i as f64 / fold_count as f64)).round() as i64).collect();
    let mut parted = folds(spans, &starts, end, parameters.gap);
    parted.retain(|f| !f.training.is_empty() && !f.test.is_empty());
    if parted.is_empty() {
        return Err(format!("{} cases: too few to part them into training and judged ones", spans.len()));
    }
    Ok(parted)
}

/// One row of `step`, spread evenly over whatever order the rows have; another one for each member.
fn thin(rows: &[usize], step: usize, member: usize) -> Vec<usize> {
    let step = step.max(1) as u64;
    let place = |i: usize| (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
    rows.iter().copied().filter(|i| (place(*i) + member as u64).is_multiple_of(step)).collect()
}

fn curve_around<'l>(levels: &'l [f64], start: f64, middle: f64, rest: &[f32]) -> QuantileCurve<'l> {
    let of = |(level, rest): (&f64, &f32)| if *level == 0.5 { middle } else { start + f64::from(*rest) };
    QuantileCurve::new(levels, levels.iter().zip(rest).map(of).collect())
}

/// The concentration of a root; roots below zero are clean air.
fn square(root: f64) -> f64 {
    root.max(0.0).powi(2)
}

fn group(value: f64, bounds: &[f64]) -> u32 {
    bounds.iter().filter(|b| value >= **b).count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters() -> LearningParameters {
        let growth = Growth {
            rounds: 150,
            learning_rate: 0.1,
            leaves: 8,
            leaf_rows: 5.0,
            leaf_groups: 3,
            rows_share: 0.7,
            columns_share: 1.0,
            patience: 20,
        };
        LearningParameters {
            median: growth,
            quantiles: growth,
            levels: vec![0.05, 0.25, 0.5, 0.75, 0.95],
            members: 2,
            row_step: 2,
            judged_share: 0.4,
            judged_folds: 2,
            gap: 24,
            tail: 0.05,
            group_bounds: vec![40.0],
            group_cases: 100,
            adapting_rate: 0.01,
            source: "test".into(),
            verified: false,
        }
    }

    struct Made {
        table: FeatureTable,
        targets: Vec<f64>,
        anchors: Vec<f64>,
        spans: Vec<Span>,
        groups: Vec<u64>,
        seasons: Vec<Season>,
    }

    impl Made {
        fn cases(&self) -> Cases<'_> {
            Cases {
                table: &self.table,
                targets: &self.targets,
                anchors: &self.anchors,
                spans: &self.spans,
                groups: &self.groups,
                seasons: &self.seasons,
            }
        }
    }

    /// Tomorrow is today, more in calm and less in wind; every seventh anchor is missing. The noise swings without a period in common.
    fn made(n: usize, from: usize) -> Made {
        let mut made = Made {
            table: FeatureTable::new(vec!["calm".into(), "last".into()]),
            targets: Vec::new(),
            anchors: Vec::new(),
            spans: Vec::new(),
            groups: Vec::new(),
            seasons: Vec::new(),
        };
        for i in from..from + n {
            let t = i as f64;
            let last = 45.0 + 25.0 * (t / 31.7).sin() + 10.0 * (t / 5.3).cos();
            let calm = (t * 0.71).sin() > 0.0;
            let noise = 0.2 * ((t * 12.9898).sin() * 43758.5453).fract();
            let known = if i % 7 == 0 { f64::NAN } else { last };
            made.table.push(&[f32::from(u8::from(calm)), known as f32]);
            made.targets.push(last * (if calm { 1.4 } else { 0.7 }) * (1.0 + noise));
            made.anchors.push(known);
            made.spans.push(Span { issue: i as i64, valid: i as i64 + 6 });
            made.groups.push(i as u64 / 24);
            made.seasons.push(Season { place: 0, month0: 0, hour: (i % 24) as u8 });
        }
        made
    }

    #[test]
    fn what_moves_the_target_is_learnt_and_intervals_hold_on_later_cases() {
        let (early, late) = (made(3000, 0), made(1000, 3100));
        let learned = Learned::fit(&early.cases(), &parameters(), 7).unwrap();
        let predicted = learned.predict(&late.table, &late.anchors, &late.seasons).unwrap();
        let known = |i: &usize| late.anchors[*i].is_finite();
        let error = |f: &dyn Fn(usize) -> f64| {
            let errors: Vec<f64> = (0..1000).filter(known).map(|i| (f(i) - late.targets[i]).abs()).collect();
            errors.iter().sum::<f64>() / errors.len() as f64
        };
        let (ours, persistence) = (error(&|i| predicted[i].median), error(&|i| late.anchors[i]));
        // the noise alone, uniform within 20 %, leaves a mean error of a tenth of the level
        assert!(ours < 6.5 && persistence > 14.0, "{ours} {persistence}");
        let inside =
            predicted.iter().zip(&late.targets).filter(|(p, o)| (p.quantiles[0]..=p.quantiles[4]).contains(o)).count()
                as f64;
        assert!((0.86..0.95).contains(&(inside / 1000.0)), "{inside}");
        assert!(predicted.iter().all(|p| p.quantiles.is_sorted() && p.quantiles[2] == p.median));
    }

    #[test]
    fn parts_make_the_same_model_again() {
        let made = made(1200, 0);
        let learned = Learned::fit(&made.cases(), &parameters(), 7).unwrap();
        let (document, median, quantiles) = learned.parts().unwrap();
        let text = serde_json::to_string(&document).unwrap();
        let parsed = || serde_json::from_str::<LearnedDocument>(&text).unwrap();
        let again = Learned::of_parts(parsed(), &median, &quantiles, made.table.names()).unwrap();
        // quantiles in place of the median, other columns, and levels cut off are refused
        assert!(Learned::of_parts(parsed(), &quantiles, &quantiles, made.table.names()).is_err());
        assert!(Learned::of_parts(parsed(), &median, &quantiles, &made.table.names()[..1]).is_err());
        for n in [0, 1, 4] {
            let mut cut = parsed();
            cut.levels.truncate(n);
            assert!(Learned::of_parts(cut, &median, &quantiles, made.table.names()).is_err(), "{n}");
        }
        let expected = learned.predict(&made.table, &made.anchors, &made.seasons).unwrap();
        assert_eq!(again.predict(&made.table, &made.anchors, &made.seasons).unwrap(), expected);
        let repeated = Learned::fit(&made.cases(), &parameters(), 7).unwrap().parts().unwrap();
        assert!(repeated == (document, median, quantiles), "learning is repeatable");
    }

    /// The high hours were forecast by five nights, the low ones by one: usual is what was observed, not how often it was forecast.
    #[test]
    fn an_hour_that_several_nights_forecast_is_usual_once() {
        let mut made = made(0, 0);
        for valid in 0..100_i64 {
            let high = valid % 2 == 1;
            for night in 0..if high { 5 } else { 1 } {
                made.targets.push(if high { 100.0 } else { 4.0 + valid as f64 / 1e3 });
                made.spans.push(Span { issue: valid - 24 * (night + 1), valid });
                made.seasons.push(Season { place: 1, month0: 0, hour: 0 });
            }
        }
        let rows: Vec<usize> = (0..made.targets.len()).collect();
        let usual = made.cases().seasonal(&rows, &[0.25, 0.45, 0.55]);
        let usual = usual.of(Season { place: 1, month0: 0, hour: 0 }).unwrap();
        assert!(usual[1] < 2.1 && usual[2] == 10.0, "{usual:?}");
    }

    #[test]
    fn too_few_cases_are_refused() {
        let nothing = made(0, 0);
        assert!(Learned::fit(&nothing.cases(), &parameters(), 7).is_err());
        let few = made(10, 0);
        assert!(Learned::fit(&few.cases(), &parameters(), 7).unwrap_err().contains("too few"));
    }

    #[test]
    fn thinning_spreads_over_any_order_and_members_share_no_row() {
        let rows: Vec<usize> = (0..12_000).collect();
        let (a, b) = (thin(&rows, 4, 0), thin(&rows, 4, 1));
        assert!((2800..3200).contains(&a.len()) && a.iter().all(|i| !b.contains(i)));
        for station in 0..12 {
            let share = a.iter().filter(|i| *i % 12 == station).count();
            assert!((200..300).contains(&share), "{station}: {share}");
        }
    }
}
