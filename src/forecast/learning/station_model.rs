//! PM2.5 of stations some hours ahead, learnt from all stations together.

use super::learner::{Cases, Learned, LearningParameters, Predicted};
use super::seasonal::Season;
use super::station_features::{Case, StationFeatures};
use super::walk_forward::Span;
use crate::domain::station_record::{StationPanel, Variable};
use chrono::{Datelike, Timelike};

/// Hours at the beginning of a record that only feed features.
const WARM_UP: usize = 72;

/// Cases of a lead whose valid hour is in `from .. to` (indices of the panel's hours), issued at or after `from`, with an observed target.
/// With `complete`, the value at issue is observed too.
pub fn cases(panel: &StationPanel, lead: usize, from: usize, to: usize, complete: bool) -> Vec<Case> {
    let pm25 = |station: usize, hour: usize| panel.stations[station].of(Variable::Pm25)[hour];
    let mut cases = Vec::new();
    for issue in from.max(WARM_UP)..to.min(panel.hours).saturating_sub(lead) {
        for station in 0..panel.stations.len() {
            let known = !complete || pm25(station, issue).is_finite();
            if known && pm25(station, issue + lead).is_finite() {
                cases.push(Case { station, issue, lead });
            }
        }
    }
    cases
}

/// Observed value of a case and the last one at issue [ug m-3]; NaN where missing.
pub fn target_and_last(panel: &StationPanel, case: &Case) -> (f64, f64) {
    let pm25 = panel.stations[case.station].of(Variable::Pm25);
    (f64::from(pm25[case.issue + case.lead]), f64::from(pm25[case.issue]))
}

/// Season of the valid hour of a case.
fn season(panel: &StationPanel, case: &Case) -> Season {
    let valid = panel.stamp(case.issue + case.lead);
    Season { place: case.station as u32, month0: valid.month0() as u8, hour: valid.hour() as u8 }
}

/// Learns one lead from all hours valid before `until` (index of the panel's hours).
///
/// # Errors
/// As [`Learned::fit`].
pub fn fit(
    panel: &StationPanel,
    features: &StationFeatures,
    lead: usize,
    until: usize,
    parameters: &LearningParameters,
    seed: u64,
) -> Result<Learned, String> {
    let cases = cases(panel, lead, 0, until, false);
    let (targets, anchors): (Vec<f64>, Vec<f64>) = cases.iter().map(|c| target_and_last(panel, c)).unzip();
    let spans: Vec<Span> =
        cases.iter().map(|c| Span { issue: c.issue as i64, valid: (c.issue + c.lead) as i64 }).collect();
    let groups: Vec<u64> = cases.iter().map(|c| (c.issue + c.lead) as u64 / 24).collect();
    let seasons: Vec<Season> = cases.iter().map(|c| season(panel, c)).collect();
    let table = features.table(&cases);
    let cases = Cases {
        table: &table,
        targets: &targets,
        anchors: &anchors,
        spans: &spans,
        groups: &groups,
        seasons: &seasons,
    };
    Learned::fit(&cases, parameters, seed)
}

/// Forecasts of cases of the lead that was learnt.
///
/// # Errors
/// Features of other stations or other weather than those learnt from.
pub fn predict(
    panel: &StationPanel,
    features: &StationFeatures,
    learned: &Learned,
    cases: &[Case],
) -> Result<Vec<Predicted>, String> {
    let anchors: Vec<f64> = cases.iter().map(|c| target_and_last(panel, c).1).collect();
    let seasons: Vec<Season> = cases.iter().map(|c| season(panel, c)).collect();
    learned.predict(&features.table(cases), &anchors, &seasons)
}
