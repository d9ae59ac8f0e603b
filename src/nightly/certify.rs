//! The list and its full reruns: first with every lawful measure, to which the influence is held, then with the cheapest list, again with a higher
//! demand where the level stays.

use super::pairs::Corrections;
use super::ranking::{BaseRun, Ranked};
use super::{Stage, Tonight};
use crate::archive::durable::sha256;
use crate::archive::{CUT_FIELDS, CUT_SERIES, series};
use crate::domain::source::Sector;
use crate::error::{Error, Result};
use crate::forecast::build::with_cut;
use crate::forecast::county_series::{CountySeries, primary_series};
use crate::forecast::{CountyForecast, Forecast};
use crate::reduction::apply::apply;
use crate::reduction::needed_fall::{CountyDemand, growth_needed, set_demands};
use crate::reduction::plan::strictest_list;
use crate::reduction::predict::{Fall, predicted_fall};
use crate::reduction::ranking::{ExceedingWindow, WindowInfluence};
use crate::reduction::rounds::{Judged, Round, Rounds, certify};
use crate::reduction::strictest::{StrictestRun, StrictestWindow};
use crate::reduction::unaverted::{Remaining, unaverted};
use crate::reduction::verify::compare;
use crate::reduction::window_proof::window_proof;
use crate::reduction::{PlannedMeasure, ReductionEffect, ReductionPlan, RoundAccount};
use crate::simulation::budget::MassLedger;
use crate::simulation::history::History;
use crate::warning::{Basis, WarningDecision, WarningLevel, decide};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Part of what every lawful measure does to a window that a list is asked for at most: of the whole a rounding would put it out of reach.
const NEARLY: f64 = 0.999;
/// Largest factor by which a demand is raised.
const MOST_GROWTH: f64 = 20.0;

/// The night's list and its proof.
pub(super) struct Certified {
    pub list: ReductionPlan,
    pub effect: ReductionEffect,
    pub ledger: MassLedger,
}

/// What the lists of a night are made from and judged by.
pub(super) struct Case<'c> {
    pub night: &'c Tonight<'c>,
    pub basis: &'c Basis<'c>,
    pub run: BaseRun<'c>,
    pub decision: &'c WarningDecision,
    pub corrections: &'c Corrections,
    pub base_hash: String,
}

/// A full run with a list.
struct Rerun {
    forecast: Forecast,
    decision: WarningDecision,
    /// Settled hours of the model.
    series: Vec<CountySeries>,
    /// Primary PM2.5 by county and hour of the run.
    primary: BTreeMap<u32, Vec<f64>>,
    ledger: MassLedger,
    hash: String,
    fields: PathBuf,
    table: PathBuf,
}

impl Rerun {
    /// Whether neither the prefecture nor a county reaches `level` any more.
    fn averts(&self, level: WarningLevel) -> bool {
        let below = |called: WarningLevel| called < level;
        below(self.decision.prefecture.level_called) && self.decision.counties.iter().all(|c| below(c.level_called))
    }
}

/// The influences as the full run with every lawful measure holds them, and what is asked of them.
struct Held {
    run: StrictestRun,
    influences: Vec<WindowInfluence>,
    demands: Vec<CountyDemand>,
}

/// The lists of an occasion.
struct Lists<'l, 'c> {
    case: &'l Case<'c>,
    held: Option<&'l Held>,
    occasion: (WarningLevel, DateTime<Utc>, DateTime<Utc>),
}

impl Rounds for Lists<'_, '_> {
    type List = ReductionPlan;
    type Rerun = Rerun;

    fn same(&self, a: &ReductionPlan, b: &ReductionPlan) -> bool {
        a.measures == b.measures
    }

    fn list(&mut self, demands: &[WindowInfluence]) -> Result<ReductionPlan> {
        let night = self.case.night;
        night.in_situation(self.occasion, self.case.run.forecast, demands, |situation| night.plan(situation))
    }

    fn rerun(&mut self, round: usize, list: &ReductionPlan) -> Result<Rerun> {
        self.case.rerun(&format!("cut_{round}"), &list.measures)
    }

    fn judge(&self, list: &ReductionPlan, rerun: &Rerun) -> Judged {
        let case = self.case;
        let level = case.decision.prefecture.level_called;
        let above = rerun.decision.counties.iter().filter(|c| c.level_called >= level).count();
        let margin = |c: &CountyForecast| case.night.margin(c);
        let question = case.night.question(case.basis, case.run.forecast, case.decision, &margin);
        let growth = |held: &Held, influence: &WindowInfluence| {
            let adcode = influence.window.adcode;
            let beyond = held.demands.iter().any(|d| d.adcode == adcode && d.share.is_none());
            let county = case.run.forecast.counties.iter().find(|c| c.adcode == adcode).filter(|_| !beyond)?;
            let cut = rerun.forecast.counties.iter().find(|c| c.adcode == adcode)?;
            growth_needed(&question, county, &|end| left(county, cut, end), MOST_GROWTH)
        };
        Judged {
            averted: rerun.averts(level),
            left: vec![f64::from(rerun.decision.prefecture.level_called as u8), above as f64],
            cost: list.measures.iter().map(|m| m.cost_yuan).sum(),
            foretold_ug_m3: list.windows.iter().map(|w| w.fall_ug_m3).collect(),
            growth: self.held.map_or_else(Vec::new, |h| h.influences.iter().map(|i| growth(h, i)).collect()),
        }
    }
}

/// Share of an hour's PM2.5 that is left.
fn left(base: &CountyForecast, cut: &CountyForecast, end: DateTime<Utc>) -> f64 {
    let value = |c: &CountyForecast| {
        let hour = c.hours.iter().find(|h| h.end == end)?;
        hour.concentrations.pm25_ug_m3.map(|e| e.value)
    };
    match (value(base), value(cut)) {
        (Some(base), Some(cut)) if base > 0.0 => cut / base,
        _ => 1.0,
    }
}

impl Case<'_> {
    /// The full run with measures; `name` tells it from the others of the night.
    fn rerun(&self, name: &str, measures: &[PlannedMeasure]) -> Result<Rerun> {
        let (case, night) = (self, self.night);
        let sources = apply(measures, &night.inputs.sources);
        // another list is another run, also for a night that goes on with a mended program
        let ordered = serde_json::to_vec(measures).map_err(|e| Error::io(night.work.path(CUT_FIELDS), e.into()))?;
        let name = format!("fields_{name}_{}", &sha256(&ordered)[..16]);
        let fields = night.work.stage_file(&format!("{name}.nc"));
        let history = night.follow(Stage::Cut, (&fields, &name), &sources)?;
        let series = night.model.settled(&history);
        let (base, base_series) = (case.run.forecast, night.model.ahead(case.run.series.to_vec()));
        let forecast =
            with_cut(&night.model.frame(case.corrections), base, &base_series, &night.model.ahead(series.clone()));
        let table = night.work.stage_file(&format!("series_{name}.parquet"));
        let hash = series::write(&table, &forecast)?;
        let decision = decide(case.basis, &forecast, None);
        let primary = night.primary_by_county(&history);
        Ok(Rerun { forecast, decision, series, primary, ledger: history.ledger, hash, fields, table })
    }

    /// The full run with every lawful measure, and the influences held to it.
    fn strictest(
        &self,
        occasion: (WarningLevel, DateTime<Utc>, DateTime<Utc>),
        influences: &[WindowInfluence],
    ) -> Result<Held> {
        let night = self.night;
        let (catalogue, rules) = (&night.setup.measures, &night.setup.reduction);
        let measures = night.in_situation(occasion, self.run.forecast, influences, |situation| {
            strictest_list(catalogue, rules, situation)
        });
        let rerun = self.rerun("strictest", &measures)?;
        let cut = apply(&measures, &night.inputs.sources);
        let window = |influence: &WindowInfluence| {
            let foretold = predicted_fall(&night.inputs.emission, influence, &night.inputs.sources, &cut);
            let [before, after] = self.window_means(influence, &rerun);
            let fell = Fall { pm25_ug_m3: before.0 - after.0, primary_ug_m3: before.1 - after.1 };
            StrictestWindow::of(influence, foretold, fell)
        };
        let windows: Vec<StrictestWindow> = influences.iter().map(window).collect();
        let mut held: Vec<WindowInfluence> = windows.iter().zip(influences).map(|(w, i)| w.hold(i)).collect();
        // what local sources can do is another sum now, and so is what is asked of them
        let reach: Vec<f64> = held.iter().map(|i| night.reach(i)).collect();
        let margin = |c: &CountyForecast| night.margin(c);
        let demands =
            set_demands(&night.question(self.basis, self.run.forecast, self.decision, &margin), &mut held, &reach);
        let level = self.decision.prefecture.level_called;
        let run = StrictestRun {
            measures: measures.len(),
            level_after: rerun.decision.prefecture.level_called,
            averted: rerun.averts(level),
            series_sha256: rerun.hash,
            windows,
        };
        Ok(Held { run, influences: held, demands })
    }

    /// Means of PM2.5 and of primary PM2.5 of the model in a window, without and with what was rerun [ug m-3].
    fn window_means(&self, influence: &WindowInfluence, rerun: &Rerun) -> [(f64, f64); 2] {
        let night = self.night;
        let base_primary = night.primary_by_county(self.run.history);
        let mean = |series: &[CountySeries], primary: &BTreeMap<u32, Vec<f64>>| {
            night.window_means(&influence.window, series, primary)
        };
        [mean(self.run.series, &base_primary), mean(&rerun.series, &rerun.primary)]
    }

    /// The list with its proof; `None` where the decision calls for none.
    pub(super) fn certified(&self, ranked: Option<&Ranked>) -> Result<Option<Certified>> {
        let night = self.night;
        let Some(occasion) = night.occasion(self.decision) else { return Ok(None) };
        let rules = &night.setup.ranking;
        let held = ranked.map(|r| self.strictest(occasion, &r.influences)).transpose()?;
        let mut lists = Lists { case: self, held: held.as_ref(), occasion };
        let demands = held.as_ref().map_or(&[][..], |h| &h.influences);
        let most: Vec<f64> = held.iter().flat_map(|h| &h.run.windows).map(|w| NEARLY * w.rerun.pm25_ug_m3).collect();
        let (rounds, best) = certify(&mut lists, (demands, &most), rules.reruns_at_most, rules.overshoot)?;
        let accounts = rounds.iter().enumerate().map(|(i, r)| account(i, r, i == best)).collect();
        let Some(chosen) = rounds.into_iter().nth(best) else { return Ok(None) };
        for (from, to) in [(&chosen.rerun.fields, CUT_FIELDS), (&chosen.rerun.table, CUT_SERIES)] {
            std::fs::copy(from, night.work.path(to)).map_err(|e| Error::io(night.work.path(to), e))?;
        }
        let (decision, rerun) = (self.decision, &chosen.rerun);
        let hashes = (self.base_hash.clone(), rerun.hash.clone());
        let effect = compare(self.run.forecast, decision, &rerun.forecast, &rerun.decision, hashes);
        let effect = match ranked.zip(held) {
            None => effect,
            Some((ranked, held)) => self.with_windows(effect, ranked, held, &chosen, accounts),
        };
        Ok(Some(Certified { list: chosen.list, effect, ledger: chosen.rerun.ledger }))
    }

    fn with_windows(
        &self,
        effect: ReductionEffect,
        ranked: &Ranked,
        held: Held,
        chosen: &Round<ReductionPlan, Rerun>,
        accounts: Vec<RoundAccount>,
    ) -> ReductionEffect {
        let night = self.night;
        let cut = apply(&chosen.list.measures, &night.inputs.sources);
        let proofs = held
            .influences
            .iter()
            .map(|influence| {
                let foretold = predicted_fall(&night.inputs.emission, influence, &night.inputs.sources, &cut);
                window_proof(&influence.window, foretold, self.window_means(influence, &chosen.rerun))
            })
            .collect();
        let level = self.decision.prefecture.level_called;
        let stays =
            |adcode| chosen.rerun.decision.counties.iter().any(|c| c.adcode == adcode && c.level_called >= level);
        let name = |adcode| {
            let county = night.setup.region.counties.iter().find(|c| c.adcode == adcode);
            county.map_or_else(Default::default, |c| (c.name_zh.clone(), c.name_en.clone()))
        };
        let share = night.setup.ranking.culprit_share;
        let question = Remaining { demands: &held.demands, averted_by_all: held.run.averted, share };
        let why = unaverted(&ranked.report.windows, &question, &stays, &name);
        effect.with_windows(proofs, accounts, Some(held.run), why)
    }
}

fn account(index: usize, round: &Round<ReductionPlan, Rerun>, chosen: bool) -> RoundAccount {
    RoundAccount {
        round: index + 1,
        measures: round.list.measures.len(),
        cost_yuan_d: round.list.cost_yuan_d,
        demanded_ug_m3: round.demanded_ug_m3.clone(),
        level_after: round.rerun.decision.prefecture.level_called,
        averted: round.judged.averted,
        series_sha256: round.rerun.hash.clone(),
        chosen,
    }
}

impl Tonight<'_> {
    /// What the local sources, fires left out, add to a window after the order [ug m-3].
    fn reach(&self, influence: &WindowInfluence) -> f64 {
        let order = influence.hour_of(self.model.order());
        let local = self.inputs.sources.iter().filter(|s| s.adcode != 0).zip(&influence.sources);
        local.filter(|(s, _)| s.sector != Sector::Fire).map(|(_, effect)| effect.added(order).sum()).sum()
    }

    fn primary_by_county(&self, history: &History) -> BTreeMap<u32, Vec<f64>> {
        self.domain.weights.iter().map(|w| (w.adcode, primary_series(history, w))).collect()
    }

    /// PM2.5 and primary PM2.5 of the model over the hours of a window [ug m-3]. Hours before the settled ones count as none, as in the influence.
    fn window_means(
        &self,
        window: &ExceedingWindow,
        series: &[CountySeries],
        primary: &BTreeMap<u32, Vec<f64>>,
    ) -> (f64, f64) {
        let start = self.inputs.start(&self.setup.config);
        let last = series.iter().flat_map(|s| &s.hours).map(|h| h.end).max().unwrap_or(window.to);
        let whole = (window.to.min(last) - window.from).num_hours().max(1) as f64;
        let (mut sum, mut of_primary) = (0.0, 0.0);
        let hours = series.iter().filter(|s| s.adcode == window.adcode).flat_map(|s| &s.hours);
        for hour in hours.filter(|h| h.end > window.from && h.end <= window.to) {
            let Some(pm25) = hour.concentrations.pm25_ug_m3 else { continue };
            let index = (hour.end - start).num_hours() - 1;
            sum += pm25;
            of_primary += primary.get(&window.adcode).and_then(|p| p.get(index as usize)).copied().unwrap_or(0.0);
        }
        (sum / whole, of_primary / whole)
    }
}
