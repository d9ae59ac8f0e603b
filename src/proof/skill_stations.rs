//! Skill of learnt PM2.5 forecasts at stations with hourly files, beside persistence and climatology, on time that took no part in learning.
//!
//! Cases: every hour of issue of the test time at every station, with an observed value at issue and at the valid hour; persistence is the
//! value at issue; intervals follow the forecasts as these are verified, up to each hour of issue (adaptive conformal inference); climatology the values of the training time at this station, within a month and at the same hour of the day.

use super::{Figure, Line, Material, Outcome, Parameter, Proof};
use crate::archive::durable::make_folder;
use crate::archive::npy::write_matrix;
use crate::domain::station_record::StationPanel;
use crate::error::{Error, Result};
use crate::forecast::conformal::Adapting;
use crate::forecast::learning::climatology::{StationClimatology, equally_likely};
use crate::forecast::learning::document::LearningDocument;
use crate::forecast::learning::learner::{Learned, LearningParameters, Predicted};
use crate::forecast::learning::quantiles::QuantileCurve;
use crate::forecast::learning::station_features::{Case, StationFeatures, WeatherAhead};
use crate::forecast::learning::station_model::{self, target_and_last};
use crate::forecast::scores::deterministic::{mae, rmse};
use crate::forecast::scores::probabilistic::{coverage, crps};
use crate::input::beijing_stations;
use crate::setup::library::Library;
use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime};
use serde::Serialize;
use serde_json::json;
use std::path::Path;

/// The proof as it is listed.
pub const PROOF: Proof = Proof {
    name: "skill-stations",
    zh: "站点小时PM2.5学习预报的技巧：与持续性、气候态并列的MAE、CRPS和区间覆盖率",
    en: "skill of learnt hourly PM2.5 at stations: MAE, CRPS and coverage by lead beside persistence and climatology",
    takes: &[
        (Parameter::Dir, "folder of station files in the Beijing layout (UCI 501)"),
        (Parameter::TrainTo, "last day of the training time"),
        (Parameter::TestFrom, "first day of the test time"),
        (Parameter::TestTo, "last day of the test time; without it the last day of the files"),
        (Parameter::Weather, "none: observations up to issue; perfect: the observed weather up to the valid hour too"),
        (Parameter::N, "leads in hours; without it 1,6,12,24,48,72"),
        (Parameter::Overrides, "folder whose models/ replaces models/learning.toml"),
        (Parameter::Out, "folder for the features of training and test cases, NPY"),
    ],
    run,
};

const LEADS: [usize; 6] = [1, 6, 12, 24, 48, 72];
/// Members of the ensembles that the CRPS is computed of.
const MEMBERS: usize = 50;
/// Ends of the interval whose coverage is stated.
const ENDS: (f64, f64) = (0.05, 0.95);
/// With perfect weather the error has to be below persistence by so much at these leads: MAE over that of persistence at most.
const PERFECT: [(usize, f64); 3] = [(12, 0.62), (24, 0.56), (72, 0.44)];
const SEED: u64 = 1;

/// Scores of one lead; concentrations in ug m-3.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeadScores {
    pub lead_hours: usize,
    /// Test cases; neighbouring hours are not independent.
    pub cases: usize,
    pub mae: f64,
    pub rmse: f64,
    pub crps: f64,
    /// Share of observations within the 90 % interval, and its mean width.
    pub coverage: f64,
    pub interval_width: f64,
    pub persistence_mae: f64,
    pub persistence_rmse: f64,
    /// Of the median of the climatological ensemble, and of the ensemble.
    pub climatology_mae: f64,
    pub climatology_crps: f64,
    pub mae_over_persistence: f64,
    /// Trees of the median and of the quantiles.
    pub trees: (usize, usize),
    /// Share of what is usual in the forecasts.
    pub seasonal_share: f64,
    /// The features that matter most, with their share of the gain.
    pub features: Vec<(String, f64)>,
}

/// Training and test time as indices of the panel's hours.
struct Split {
    train_to: usize,
    test_from: usize,
    test_to: usize,
}

/// Runs the proof.
///
/// # Errors
/// `Invalid` without a folder or dates, or with dates that leave no time; what the readers find.
pub fn run(material: &Material) -> Result<Outcome> {
    let Some(folder) = material.dir else {
        return Err(Error::invalid("command line", "--dir", "nothing", "a folder of station files"));
    };
    let weather = match material.weather.unwrap_or("none") {
        "none" => WeatherAhead::None,
        "perfect" => WeatherAhead::Perfect,
        other => return Err(Error::invalid("command line", "--weather", other, "none or perfect")),
    };
    if material.n.contains(&0) {
        return Err(Error::invalid("command line", "--n", "0", "leads of at least 1 h"));
    }
    let leads = if material.n.is_empty() { &LEADS[..] } else { material.n };
    let mut library = Library::new(material.overrides);
    library.check_overrides()?;
    let parameters = library.read("models/learning.toml", LearningDocument::from_toml)?.stations;
    let read = beijing_stations::read_folder(folder)?;
    let panel = &read.panel;
    let split = split(material, panel)?;
    material.out.map_or(Ok(()), make_folder)?;
    let features = StationFeatures::new(panel, weather);
    let climatology = StationClimatology::new(panel, split.train_to);
    let mut scores = Vec::new();
    for &lead in leads {
        let cases = station_model::cases(panel, lead, split.test_from, split.test_to, true);
        if let Some(out) = material.out {
            write_features(out, panel, &features, lead, &split, &cases)?;
        }
        scores.push(lead_scores(panel, &features, &climatology, &cases, lead, &split, &parameters)?);
        let last = &scores[scores.len() - 1];
        material.say(&Line::new(
            format!("时效{lead} h: MAE {:.1}，持续性 {:.1} ug/m3", last.mae, last.persistence_mae),
            format!("lead {lead} h: MAE {:.1}, persistence {:.1} ug/m3", last.mae, last.persistence_mae),
        ));
    }
    let stamp = |hour: usize| panel.stamp(hour).to_string();
    let details = json!({
        "weather": material.weather.unwrap_or("none"),
        "stations": panel.stations.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(),
        "training": { "from": stamp(0), "before": stamp(split.train_to) },
        "test": { "from": stamp(split.test_from), "before": stamp(split.test_to) },
        "features": features.names(),
        "parameters": parameters,
        "leads": scores,
        "rejections": read.rejections,
    });
    Ok(Outcome::new(PROOF.name, figures(&scores, weather), details, lines(&scores)))
}

fn split(material: &Material, panel: &StationPanel) -> Result<Split> {
    let given = |flag: &str, day: Option<NaiveDate>| {
        day.ok_or_else(|| Error::invalid("command line", flag, "nothing", "a day such as 2015-02-28"))
    };
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN);
    let after = |day: NaiveDate| -> NaiveDateTime { midnight(day.checked_add_days(Days::new(1)).unwrap_or(day)) };
    let (train_to, test_from) = (given("--train-to", material.train_to)?, given("--test-from", material.test_from)?);
    if test_from <= train_to {
        let expected = format!("a day after {train_to}, the last of the training time");
        return Err(Error::invalid("command line", "--test-from", test_from.to_string(), expected));
    }
    if let Some(to) = material.test_to.filter(|to| test_from > *to) {
        return Err(Error::reversed("--test-from, --test-to", test_from, to));
    }
    let split = Split {
        train_to: panel.index_from(after(train_to)),
        test_from: panel.index_from(midnight(test_from)),
        test_to: material.test_to.map_or(panel.hours, |day| panel.index_from(after(day))),
    };
    let days = |from: usize, to: usize| to.saturating_sub(from) / 24;
    if days(0, split.train_to) < 90 || days(split.test_from, split.test_to) < 10 {
        let found = format!(
            "{} days of training and {} of test",
            days(0, split.train_to),
            days(split.test_from, split.test_to)
        );
        return Err(Error::invalid("command line", "--train-to, --test-from", found, "at least 90 and 10 days"));
    }
    Ok(split)
}

fn lead_scores(
    panel: &StationPanel,
    features: &StationFeatures,
    climatology: &StationClimatology,
    cases: &[Case],
    lead: usize,
    split: &Split,
    parameters: &LearningParameters,
) -> Result<LeadScores> {
    let refuse = |why: String| Error::invalid("station files", format!("lead {lead} h"), why, "cases to learn from");
    let learned = station_model::fit(panel, features, lead, split.train_to, parameters, SEED).map_err(refuse)?;
    let mut predicted = station_model::predict(panel, features, &learned, cases).map_err(refuse)?;
    adapt(panel, &learned, cases, &mut predicted, parameters);
    let (observed, last): (Vec<f64>, Vec<f64>) = cases.iter().map(|c| target_and_last(panel, c)).unzip();
    let medians: Vec<f64> = predicted.iter().map(|p| p.median).collect();
    let curve = |p: &Predicted| QuantileCurve::new(learned.levels(), p.quantiles.clone());
    let (mut lower, mut upper, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    let (mut usual, mut usual_crps) = (Vec::new(), Vec::new());
    for ((case, p), o) in cases.iter().zip(&predicted).zip(&observed) {
        let curve = curve(p);
        lower.push(curve.at(ENDS.0).max(0.0));
        upper.push(curve.at(ENDS.1));
        let mut members: Vec<f64> = curve.members(MEMBERS).iter().map(|m| m.max(0.0)).collect();
        ours.extend(crps(&mut members, *o));
        let rising = climatology.of(panel, case.station, case.issue + case.lead);
        let mut members = equally_likely(rising, MEMBERS);
        usual.push(members.get(MEMBERS / 2).copied().unwrap_or(f64::NAN));
        usual_crps.extend(crps(&mut members, *o));
    }
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let score = |s: Option<f64>| s.unwrap_or(f64::NAN);
    let (own, persistence) = (score(mae(&medians, &observed)), score(mae(&last, &observed)));
    let widths: Vec<f64> = lower.iter().zip(&upper).map(|(l, u)| u - l).collect();
    Ok(LeadScores {
        lead_hours: lead,
        cases: cases.len(),
        mae: own,
        rmse: score(rmse(&medians, &observed)),
        crps: mean(&ours),
        coverage: score(coverage(&lower, &upper, &observed)),
        interval_width: mean(&widths),
        persistence_mae: persistence,
        persistence_rmse: score(rmse(&last, &observed)),
        climatology_mae: score(mae(&usual, &observed)),
        climatology_crps: mean(&usual_crps),
        mae_over_persistence: own / persistence,
        trees: learned.trees(),
        seasonal_share: learned.seasonal_share(),
        features: learned.importance(&features.names(), 10),
    })
}

/// Stretches each distribution by what the forecasts verified before its issue have taught.
fn adapt(
    panel: &StationPanel,
    learned: &Learned,
    cases: &[Case],
    predicted: &mut [Predicted],
    parameters: &LearningParameters,
) {
    let mut adapting = Adapting::new(parameters.tail, parameters.adapting_rate);
    let mut verified = 0;
    for i in 0..cases.len() {
        while cases[verified].issue + cases[verified].lead <= cases[i].issue {
            let curve = QuantileCurve::new(learned.levels(), predicted[verified].quantiles.clone());
            let observed = target_and_last(panel, &cases[verified]).0;
            adapting.verify(curve.at(parameters.tail), curve.at(1.0 - parameters.tail), observed);
            verified += 1;
        }
        let median = predicted[i].median;
        predicted[i].quantiles.iter_mut().for_each(|q| *q = adapting.stretched(median, *q).max(0.0));
    }
}

fn figures(scores: &[LeadScores], weather: WeatherAhead) -> Vec<Figure> {
    let mut figures = Vec::new();
    for s in scores {
        let limit = PERFECT.iter().find(|(lead, _)| *lead == s.lead_hours).map_or(1.0, |(_, limit)| *limit);
        let limit = if weather == WeatherAhead::Perfect { limit } else { 1.0 };
        let name = |what: &str| format!("{what}_{}h", s.lead_hours);
        figures.push(Figure::at_most(name("mae_over_persistence"), s.mae_over_persistence, "", limit));
        figures.push(Figure::at_most(name("crps_over_climatology"), s.crps / s.climatology_crps, "", 1.0));
        figures.push(Figure::at_least(name("coverage_not_below"), s.coverage, "", 0.88));
        figures.push(Figure::at_most(name("coverage_not_above"), s.coverage, "", 0.92));
    }
    figures
}

fn lines(scores: &[LeadScores]) -> Vec<Line> {
    let mut lines = vec![Line::new(
        "时效(h)  样本数  MAE  持续性  气候态  RMSE  CRPS  气候态CRPS  90%区间覆盖率",
        "lead [h]  cases  MAE  persistence  climatology  RMSE  CRPS  climatology CRPS  coverage of 90 % interval",
    )];
    for s in scores {
        let row = format!(
            "{:>3}  {:>7}  {:>6.2}  {:>6.2}  {:>6.2}  {:>6.2}  {:>6.2}  {:>6.2}  {:.3}",
            s.lead_hours,
            s.cases,
            s.mae,
            s.persistence_mae,
            s.climatology_mae,
            s.rmse,
            s.crps,
            s.climatology_crps,
            s.coverage
        );
        lines.push(Line::new(row.clone(), row));
    }
    lines
}

/// Features of training and test cases, then the target and the value at issue as the last two columns.
fn write_features(
    folder: &Path,
    panel: &StationPanel,
    features: &StationFeatures,
    lead: usize,
    split: &Split,
    test: &[Case],
) -> Result<()> {
    let training = station_model::cases(panel, lead, 0, split.train_to, false);
    for (kind, cases) in [("train", &training[..]), ("test", test)] {
        let table = features.table(cases);
        let mut values = Vec::with_capacity(cases.len() * (table.columns() + 2));
        for (i, case) in cases.iter().enumerate() {
            let (target, last) = target_and_last(panel, case);
            values.extend_from_slice(table.row(i));
            values.extend([target as f32, last as f32]);
        }
        write_matrix(&folder.join(format!("{kind}_{lead:02}h.npy")), table.columns() + 2, &values)?;
    }
    Ok(())
}
