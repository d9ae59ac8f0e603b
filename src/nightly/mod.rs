//! THE FLOW of one night, stage by stage; each product is archived before the next stage begins, so a broken night resumes.
//!
//! ```text
//!   files -> inputs -> base = forecast_of(sources) -> decide -> plan
//!                      cut  = forecast_of(apply(plan, sources)) -> compare(base, cut) -> record -> publish by rename
//! ```

pub mod inputs;
pub mod pairs;
mod register_input;
pub mod standing;
mod stage_checkpoints;
mod yearly;

use crate::archive::durable::sha256_file;
use crate::archive::run_id::RunId;
use crate::archive::store::Store;
use crate::archive::work::Work;
use crate::archive::{BASE_FIELDS, BASE_SERIES, CUT_FIELDS, CUT_SERIES, RECORD, RULES, fields, series};
use crate::calendar::{beijing_day_hour, beijing_local};
use crate::consultation::{ConsultationRecord, Status};
use crate::domain::averages::Validity;
use crate::domain::source::Source;
use crate::domain::targets::TargetsReport;
use crate::error::{Error, Rejection, Result};
use crate::forecast::Forecast;
use crate::forecast::build::{Frame, forecast, with_cut};
use crate::forecast::county_series::{CountySeries, county_series};
use crate::forecast::trajectories::Trajectories;
use crate::reduction::plan::plan;
use crate::reduction::register::{Conditions, SourceDay};
use crate::reduction::{ReductionEffect, ReductionPlan, apply::apply, verify::compare};
use crate::setup::rulebook::RulesOfNight;
use crate::setup::{Domain, Setup};
use crate::simulation::history::History;
use crate::simulation::restart::Reason;
use crate::simulation::run::{Outside, World, simulate};
use crate::warning::explain::{Explanation, explain};
use crate::warning::{AreaWarning, Basis, InForce, Response, WarningDecision, WarningLevel, decide};
use chrono::{DateTime, Duration, Utc};
use inputs::NightInputs;
use stage_checkpoints::StageCheckpoints;
use std::collections::BTreeMap;
use std::path::Path;

/// A stage of the night, for progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The run without a list.
    Base,
    /// The run with the list.
    Cut,
}

/// What a running night tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'e> {
    /// `done` of `of` hours of a stage are simulated.
    Hour { stage: Stage, done: u32, of: u32 },
    /// A stage goes on from a checkpoint of an earlier try.
    Resumed { stage: Stage, hour: u32 },
    /// A checkpoint is not used: the night goes on from one before it, or from the beginning.
    CheckpointRefused { stage: Stage, path: &'e Path, reason: &'e Reason },
    /// A checkpoint could not be written, or old ones not removed: the night goes on without.
    CheckpointNotKept { stage: Stage, path: &'e Path, reason: &'e Reason },
}

/// Called with every event.
pub type Progress<'a> = &'a dyn Fn(Event);

/// What a night ended with.
#[derive(Debug)]
pub enum Night {
    /// A new record was published.
    Published(Box<ConsultationRecord>),
    /// The same inputs had been published before: nothing was done.
    Unchanged(Box<ConsultationRecord>),
}

/// Runs the night of `cycle` (default: the latest full hour with a whole forecast of meteorology behind it).
///
/// # Errors
/// `Busy` when another night holds the lock; `Missing`, `Format`, `Invalid` for inputs; `Unstable` from the core; `Io` from the disk. Nothing
/// is published then.
pub fn night(setup: &Setup, cycle: Option<DateTime<Utc>>, progress: Progress) -> Result<Night> {
    let store = Store::open(&setup.config.runs)?;
    let lock = store.lock()?;
    let mut inputs = inputs::read(setup, cycle)?;
    let run = RunId::of(inputs.cycle);
    let mut learned = pairs::collect(setup, &store, &run, &inputs)?;
    let standing = standing::read(setup, &store, &run, inputs.cycle)?;
    learned.files.extend(standing.files.iter().cloned());
    inputs.degraded.extend(standing.forgotten.clone());
    let key = inputs.key(setup, &learned.files)?;
    if store.is_published(&run, &key)? {
        return Ok(Night::Unchanged(Box::new(store.read(&run)?.record)));
    }
    let work = store.begin(&lock, &run, &key)?;
    let domain = setup.domain(&inputs.meteorology, inputs.cycle)?;
    let tonight = Tonight { setup, inputs: &inputs, domain: &domain, work: &work, progress };
    let rulebook = &setup.rulebook;
    let basis = tonight.basis(&standing.in_force);

    let (base_history, mut rejections) = tonight.run(Stage::Base, BASE_FIELDS, &inputs.sources)?;
    let base_series = tonight.settled(&base_history);
    let (base, corrections) = tonight.corrected(&base_series, learned.pairs)?;
    let base_series = tonight.ahead(base_series);
    let base_hash = series::write(&work.path(BASE_SERIES), &base)?;
    let paths = Trajectories::around(&base, &corrections.uncertainty);
    let decision = decide(&basis, &base, Some(&paths));
    let explanations = explain(&basis, &base, &decision);

    let mut cut = None;
    if let Some(list) = tonight.plan(&decision, &base) {
        let sources = apply(&list, &inputs.sources);
        let (history, _) = tonight.run(Stage::Cut, CUT_FIELDS, &sources)?;
        let cut_series = tonight.ahead(tonight.settled(&history));
        let with_list = with_cut(&tonight.frame(&corrections), &base, &base_series, &cut_series);
        let cut_hash = series::write(&work.path(CUT_SERIES), &with_list)?;
        let effect = compare(&base, &decision, &with_list, &decide(&basis, &with_list, None), (base_hash, cut_hash));
        cut = Some((list, effect, history.ledger));
    }
    rejections.splice(0..0, inputs.rejections.iter().chain(&learned.rejections).cloned());
    let year = yearly::targets(rulebook, &setup.region, &inputs, &base)?;
    work.save_json(RULES, &tonight.rules()?)?;
    let record = tonight.record(base, (decision, explanations, year), &base_history, cut, rejections, learned.files);
    work.save_json(RECORD, &record)?;
    store.publish(&lock, &work)?;
    Ok(Night::Published(Box::new(record)))
}

/// Hours after a start from background air that neither the forecast nor the correction uses, where there is spin-up.
const COLD_START_HOURS: i64 = 12;

/// What a reader of any record must know.
const LIMITS: [(&str, &str); 3] = [
    (
        "O3未模拟：AQI由其余五项计算，为下限；HJ 633 5.3规定缺项且AQI不超过100时不得作为日报发布",
        "O3 is not modelled: the AQI is that of the other five pollutants, a lower bound; by HJ 633 5.3 such an AQI of 100 or less may not be \
         published as a daily report",
    ),
    (
        "氮氧化物按NO2输送，报告的NO2取其75%（估计值）",
        "NOx is carried as NO2; the NO2 reported is 75 % of it, an estimate",
    ),
    (
        "排放清单、措施成本与时间廓线为估算值，标注“未核实”处均未经核实",
        "Inventory, costs of measures and time profiles are estimates; what is marked unverified was not verified",
    ),
];

/// What every stage of tonight shares.
struct Tonight<'a> {
    setup: &'a Setup,
    inputs: &'a NightInputs,
    domain: &'a Domain,
    work: &'a Work,
    progress: Progress<'a>,
}

impl Tonight<'_> {
    /// forecast_of(sources), or what an earlier try of this night archived of it.
    fn run(&self, stage: Stage, file: &str, sources: &[Source]) -> Result<(History, Vec<Rejection>)> {
        let (path, name) = (self.work.path(file), file.trim_end_matches(".nc"));
        if let Some((rejections, hash)) = self.work.load_stage::<(Vec<Rejection>, String)>(name)?
            && sha256_file(&path).is_ok_and(|(_, found)| found == hash)
        {
            return Ok((fields::read_history(&path)?, rejections));
        }
        let air = match self.inputs.boundary.as_slice() {
            [] => Outside::Background,
            fields => Outside::Fields(fields),
        };
        let outer = self.domain.outer.as_ref().map(|outer| self.world(outer, air));
        let world = self.world(self.domain, outer.as_ref().map_or(air, Outside::Outer));
        let kept = StageCheckpoints::new(self, stage, name)?;
        let hour = |done, of| (self.progress)(Event::Hour { stage, done, of });
        let (history, rejections) = simulate(&world, sources, Some(&kept), &hour)?;
        fields::write(&path, &self.domain.grid, &history, self.inputs.cycle, self.work.run())?;
        self.work.save_stage(name, &(&rejections, sha256_file(&path)?.1))?;
        kept.clear();
        // what a resumed night reads is what this night goes on with
        Ok((fields::read_history(&path)?, rejections))
    }

    /// A run of the night's hours on one grid.
    fn world<'w>(&'w self, domain: &'w Domain, outside: Outside<'w>) -> World<'w> {
        let config = &self.setup.config;
        World {
            grid: &domain.grid,
            background: &domain.background,
            outside,
            surface: domain.surface,
            meteorology: &self.inputs.meteorology,
            terrain: self.inputs.terrain.as_ref(),
            frozen: config.frozen_meteorology,
            emission: &self.setup.emission,
            weights: &domain.weights,
            start: self.inputs.start(config),
            hours: config.spin_up_hours + config.forecast_hours,
        }
    }

    /// County series without the hours in which the air is still the background it started from.
    fn settled(&self, history: &History) -> Vec<CountySeries> {
        let spin_up = i64::from(self.setup.config.spin_up_hours);
        let from = self.inputs.cycle - Duration::hours(spin_up) + Duration::hours(spin_up.min(COLD_START_HOURS));
        let mut series = county_series(history, &self.setup.region.counties, &self.domain.weights);
        series.iter_mut().for_each(|s| s.hours.retain(|h| h.end > from));
        series
    }

    /// The hours after the cycle: a forecast, and all that a decision may rest on.
    fn ahead(&self, mut series: Vec<CountySeries>) -> Vec<CountySeries> {
        series.iter_mut().for_each(|s| s.hours.retain(|h| h.end > self.inputs.cycle));
        series
    }

    fn frame<'f>(&'f self, corrections: &'f pairs::Corrections) -> Frame<'f> {
        Frame {
            region: &self.setup.region,
            aqi: &self.setup.rulebook.aqi,
            uncertainty: &corrections.uncertainty,
            cycle: self.inputs.cycle,
            validity: self.validity(),
            observed: &self.inputs.observed,
        }
    }

    fn corrected(
        &self,
        model: &[CountySeries],
        mut learned: Vec<crate::forecast::correction::Pair>,
    ) -> Result<(Forecast, pairs::Corrections)> {
        learned.extend(pairs::of_series(self.inputs, model));
        let corrections = pairs::Corrections::fit(&self.setup.uncertainty, &learned)?;
        let cycle = self.inputs.cycle;
        let value = |_: &CountySeries, hour: &crate::forecast::county_series::ModelHour, p, raw| {
            corrections.value(p, hour, (hour.end - cycle).num_hours() as i32, raw)
        };
        let ahead = self.ahead(model.to_vec());
        let base = forecast(&self.frame(&corrections), &ahead, corrections.report.clone(), &value);
        Ok((base, corrections))
    }

    /// How many hours the means of tonight need.
    fn validity(&self) -> Validity {
        self.setup.rulebook.limits.standard(beijing_local(self.inputs.cycle).date()).validity.means
    }

    /// The rules of tonight as a document.
    fn rules(&self) -> Result<serde_json::Value> {
        let (date, adcode) = (beijing_day_hour(self.inputs.cycle + Duration::hours(1)).0, self.setup.region.adcode);
        let rules = RulesOfNight {
            run: self.work.run().to_string(),
            date,
            adcode,
            in_force: self.setup.rulebook.in_force(date, adcode),
            files: self.setup.files.clone(),
        };
        serde_json::to_value(rules).map_err(|e| Error::io(self.work.path(RULES), e.into()))
    }

    fn basis<'b>(&'b self, in_force: &'b BTreeMap<u32, InForce>) -> Basis<'b> {
        let region = &self.setup.region;
        Basis {
            warning: &self.setup.rulebook.warning,
            aqi: &self.setup.rulebook.aqi,
            validity: self.validity(),
            region: (region.adcode, &region.name_zh, &region.name_en),
            in_force,
            events: &self.inputs.events,
        }
    }

    /// The list, when the decision calls for one: none for health advice only.
    fn plan(&self, decision: &WarningDecision, base: &Forecast) -> Option<ReductionPlan> {
        let area = &decision.prefecture;
        let level = match area.response {
            Response::EmissionReduction | Response::Voluntary => area.response_level,
            Response::None | Response::HealthAdviceOnly => return None,
        };
        let (from, to) = self.period(area)?;
        if level == WarningLevel::None {
            return None;
        }
        let day = beijing_local(from).date();
        let emissions: Vec<SourceDay> = self
            .inputs
            .sources
            .iter()
            .filter(|s| s.adcode != 0)
            .map(|source| SourceDay { source, emission_t_d: self.setup.emission.daily_amounts(source, day) })
            .collect();
        let coldest = base
            .counties
            .iter()
            .flat_map(|c| &c.hours)
            .filter(|h| h.end > from && h.end <= to)
            .fold(f64::NAN, |low, h| low.min(h.temperature_c));
        let conditions = Conditions { minimum_temperature_c: coldest };
        let counties = &self.setup.region.counties;
        Some(plan(&self.setup.measures, &self.setup.reduction, level, (from, to), &emissions, counties, &conditions))
    }

    /// From the order, after the night, to the end of the episode.
    fn period(&self, area: &AreaWarning) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let from = self.inputs.cycle + Duration::hours(i64::from(self.setup.reduction.hours_from_cycle_to_order));
        let to = area.to?;
        (to > from).then_some((from, to))
    }

    fn record(
        &self,
        forecast: Forecast,
        (warning, explanations, targets): (WarningDecision, Vec<Explanation>, Option<TargetsReport>),
        base: &History,
        cut: Option<(ReductionPlan, ReductionEffect, crate::simulation::budget::MassLedger)>,
        rejections: Vec<Rejection>,
        learned_files: Vec<crate::consultation::InputFile>,
    ) -> ConsultationRecord {
        let region = &self.setup.region;
        let advice = self.setup.rulebook.advice.of_areas(&warning, &forecast);
        let mut degraded = self.inputs.degraded.clone();
        degraded.extend(base.terrain_winds.and_then(|t| t.doubt()));
        let (reduction, certificate, ledger_cut) = match cut {
            Some((list, effect, ledger)) => (Some(list), Some(effect), Some(ledger)),
            None => (None, None, None),
        };
        ConsultationRecord {
            schema: 1,
            run: self.work.run().to_string(),
            cycle: self.inputs.cycle,
            grid: self.domain.grid.name.clone(),
            outer_grid: self.domain.outer.as_ref().map(|o| o.grid.name.clone()),
            region: region.id.clone(),
            region_name_zh: region.name_zh.clone(),
            status: if degraded.is_empty() { Status::Complete } else { Status::Degraded },
            degraded,
            limits_zh: LIMITS.iter().map(|(zh, _)| (*zh).to_owned()).collect(),
            limits_en: LIMITS.iter().map(|(_, en)| (*en).to_owned()).collect(),
            warning,
            explanations,
            advice,
            targets,
            reduction,
            certificate,
            forecast,
            terrain_winds: base.terrain_winds,
            ledger_base: base.ledger.clone(),
            ledger_cut,
            inputs: self.inputs.files.iter().chain(&self.setup.files).chain(&learned_files).cloned().collect(),
            rejections,
            hazecast: env!("CARGO_PKG_VERSION").into(),
        }
    }
}
