//! THE FLOW of one night, stage by stage; each product is archived before the next stage begins, so a broken night resumes.
//!
//! ```text
//!   files -> inputs -> base = forecast_of(sources) -> decide -> rank -> forecast_of(apply(every lawful measure, sources)) -> plan
//!                      cut  = forecast_of(apply(plan, sources)) -> compare(base, cut), again where it misses -> record -> publish by rename
//! ```

pub mod after;
mod certify;
mod emission_weather;
mod fires;
pub mod emission_sources;
pub mod inputs;
mod members;
mod model;
mod observing;
pub mod pairs;
mod past;
mod ranking;
mod register_input;
mod stacks;
pub mod standing;
mod stage_checkpoints;
pub mod training;
mod unchanged;
pub mod whatif;
mod yearly;

use crate::archive::durable::sha256_file;
use crate::archive::run_id::RunId;
use crate::archive::store::Store;
use crate::archive::work::Work;
use crate::archive::{ANALYSES, BASE_FIELDS, BASE_SERIES, RECORD, RULES, analyses, fields, series};
use crate::assimilation::report::AssimilationReport;
use crate::calendar::{beijing_day_hour, beijing_local};
use crate::consultation::members::MembersReport;
use crate::consultation::{ConsultationRecord, InputFile, Status};
use crate::domain::source::Source;
use crate::domain::targets::TargetsReport;
use crate::error::{Error, Rejection, Result};
use crate::forecast::Forecast;
use crate::forecast::experience::Experience;
use crate::forecast::trajectories::Trajectories;
use crate::reduction::ReductionPlan;
use crate::reduction::check::refuse_unlawful;
use crate::reduction::plan::plan;
use crate::reduction::ranking::{Ranking, WindowInfluence};
use crate::reduction::register::{Conditions, Situation, SourceDay};
use crate::setup::rulebook::RulesOfNight;
use crate::setup::{Domain, Setup};
use crate::simulation::analysis::Analyses;
use crate::simulation::equilibrium_answers::Answers;
use crate::simulation::history::History;
use crate::simulation::restart::Reason;
use crate::simulation::run::{Leading, simulate, simulate_with_answers};
use crate::warning::explain::{Explanation, explain};
use crate::warning::{Response, WarningDecision, WarningLevel, decide};
use certify::{Case, Certified};
use chrono::{DateTime, Duration, Utc};
use inputs::NightInputs;
use model::{Assimilating, Model};
use ranking::{BaseRun, SOURCES_IN_RECORD};
use stage_checkpoints::StageCheckpoints;
use std::path::Path;

/// A stage of the night, for progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The run without a list.
    Base,
    /// A member with perturbed inputs, 0 with the inputs as they are, of so many.
    Member { number: u32, of: u32 },
    /// The influence of the sources: its hours are windows.
    Ranking,
    /// The run with the list.
    Cut,
}

/// What a running night tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'e> {
    /// `done` of `of` files of meteorology are read.
    Read { done: u32, of: u32 },
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
    let mut inputs = inputs::read_telling(setup, cycle, &mut |done, of| progress(Event::Read { done, of }))?;
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
    let model = Model { setup, inputs: &inputs, domain: &domain };
    let mut tonight = Tonight { model, setup, inputs: &inputs, domain: &domain, work: &work, progress, analyses: None };
    let rulebook = &setup.rulebook;
    let basis = model.basis(&standing.in_force);

    let Base { history: base_history, mut rejections, answers, analyses } = tonight.lead()?;
    tonight.analyses = analyses;
    let tonight = tonight;
    let base_series = model.settled(&base_history);
    let (base, corrections) = model.corrected(&base_series, &learned)?;
    let base_hash = series::write(&work.path(BASE_SERIES), &base)?;
    let (members, departures) = match tonight.members(&basis, (&base, &base_series), &corrections) {
        // the forecast stands without them
        Err(e @ Error::Unstable { .. }) => {
            rejections.push(Rejection {
                file: "members".into(),
                place: "perturbed inputs".into(),
                found: e.to_string(),
                expected: "runs within the bounds of the numeric guard: this night has no members".into(),
                by_design: false,
            });
            (None, None)
        }
        other => other?.unzip(),
    };
    let errors = past::errors(setup, &inputs, &learned, &base);
    let paths = Trajectories::around(&base, &corrections.uncertainty, &errors, departures.as_ref());
    let mut decision = decide(&basis, &base, Some(&paths));
    past::calibration(&basis, setup, &inputs, &learned).apply(&mut decision);
    let explanations = explain(&basis, &base, &decision);

    let run = BaseRun { history: &base_history, series: &base_series, forecast: &base, answers: &answers };
    let ranked = tonight.rank(&basis, &run, &decision)?;
    let case = Case { night: &tonight, basis: &basis, run, decision: &decision, corrections: &corrections, base_hash };
    let certified = case.certified(ranked.as_ref())?;
    let ranking = ranked.map(|r| r.report.brief(SOURCES_IN_RECORD));
    rejections.splice(0..0, inputs.rejections.iter().chain(&learned.rejections).cloned());
    let year = yearly::targets(rulebook, &setup.region, &inputs, &base)?;
    work.save_json(RULES, &tonight.rules()?)?;
    let proven = (ranking, certified);
    let experience = past::experience(setup, &inputs, &learned, &base);
    let past = (experience, members, learned.files);
    let record = tonight.record(base, (decision, explanations, year), &base_history, proven, rejections, past);
    work.save_json(RECORD, &record)?;
    store.publish(&lock, &work)?;
    Ok(Night::Published(Box::new(record)))
}

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
    model: Model<'a>,
    setup: &'a Setup,
    inputs: &'a NightInputs,
    domain: &'a Domain,
    work: &'a Work,
    progress: Progress<'a>,
    /// What the base run made, with the hash of its file; `None`: there is nothing to assimilate.
    analyses: Option<(Analyses, String)>,
}

/// The base run, and what the others take from it.
struct Base {
    history: History,
    rejections: Vec<Rejection>,
    answers: Answers,
    analyses: Option<(Analyses, String)>,
}

impl Tonight<'_> {
    /// The base run: forecast_of(sources), or what an earlier try of this night archived of it.
    fn lead(&self) -> Result<Base> {
        let (name, path) = ("fields", self.work.path(BASE_FIELDS));
        let analyst = self.inputs.analyst(self.setup);
        if let Some((history, rejections)) = self.done(name, &path)? {
            let kept = self.work.load_stage_bytes(name)?;
            let kept = kept.and_then(|bytes| Answers::from_bytes(&bytes, self.domain.grid.shape()));
            let analyses = analyst.as_ref().map(|_| analyses::read(&self.work.path(ANALYSES))).transpose();
            if let (Some(answers), Ok(analyses)) = (kept.filter(|a| a.hours() == history.ends.len()), analyses) {
                return Ok(Base { history, rejections, answers, analyses });
            }
        }
        let stage = Stage::Base;
        let kept = StageCheckpoints::new(self, stage, name)?;
        let hour = |done, of| (self.progress)(Event::Hour { stage, done, of });
        let assimilating = analyst.as_ref().map_or(Assimilating::Off, Assimilating::Making);
        let Leading { history, rejections, answers, analyses: made } = self
            .model
            .in_world(assimilating, |world| simulate_with_answers(world, &self.inputs.sources, Some(&kept), &hour))?;
        if analyst.is_some() {
            analyses::write(&self.work.path(ANALYSES), &made)?;
        }
        self.work.save_stage_bytes(name, &answers.to_bytes())?;
        let history = self.keep(name, &path, &history, &rejections)?;
        kept.clear();
        let analyses = analyst.as_ref().map(|_| analyses::read(&self.work.path(ANALYSES))).transpose()?;
        Ok(Base { history, rejections, answers, analyses })
    }

    /// A run that follows the base run: forecast_of(sources), or what an earlier try of this night archived of it, at `path`.
    fn follow(&self, stage: Stage, (path, name): (&Path, &str), sources: &[Source]) -> Result<History> {
        if let Some((history, _)) = self.done(name, path)? {
            return Ok(history);
        }
        let kept = StageCheckpoints::new(self, stage, name)?;
        let hour = |done, of| (self.progress)(Event::Hour { stage, done, of });
        let (history, rejections) =
            self.model.in_world(self.assimilating(), |world| simulate(world, sources, Some(&kept), &hour))?;
        let history = self.keep(name, path, &history, &rejections)?;
        kept.clear();
        Ok(history)
    }

    /// What an earlier try of this night archived of a run at `path`.
    fn done(&self, name: &str, path: &Path) -> Result<Option<(History, Vec<Rejection>)>> {
        let Some((rejections, hash)) = self.work.load_stage::<(Vec<Rejection>, String)>(name)? else { return Ok(None) };
        if !sha256_file(path).is_ok_and(|(_, found)| found == hash) {
            return Ok(None);
        }
        Ok(Some((fields::read_history(path)?, rejections)))
    }

    /// Archives a run; what a resumed night reads is what this night goes on with.
    fn keep(&self, name: &str, path: &Path, history: &History, rejections: &Vec<Rejection>) -> Result<History> {
        fields::write(path, &self.domain.grid, history, self.inputs.cycle, self.work.run())?;
        self.work.save_stage(name, &(rejections, sha256_file(path)?.1))?;
        fields::read_history(path)
    }

    /// What a run that follows the base run does with analyses.
    fn assimilating(&self) -> Assimilating<'_> {
        self.analyses.as_ref().map_or(Assimilating::Off, |(made, _)| Assimilating::Taking(made))
    }

    /// What the analyses did; `None` where there are none.
    fn assimilation(&self, base: &History) -> Option<AssimilationReport> {
        let (_, hash) = self.analyses.as_ref()?;
        let analyst = self.inputs.analyst(self.setup)?;
        Some(observing::report(&analyst, &self.domain.grid, base, hash.clone()))
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

    /// Level, begin and end of the list that the decision calls for: none for health advice only.
    fn occasion(&self, decision: &WarningDecision) -> Option<(WarningLevel, DateTime<Utc>, DateTime<Utc>)> {
        let area = &decision.prefecture;
        let level = match area.response {
            Response::EmissionReduction | Response::Voluntary => area.response_level,
            Response::None | Response::HealthAdviceOnly => return None,
        };
        let (from, to) = (self.model.order(), area.to?);
        (to > from && level > WarningLevel::None).then_some((level, from, to))
    }

    /// What `act` makes of the situation of an occasion, for the windows that are to fall.
    fn in_situation<T>(
        &self,
        (level, from, to): (WarningLevel, DateTime<Utc>, DateTime<Utc>),
        base: &Forecast,
        demands: &[WindowInfluence],
        act: impl FnOnce(&Situation) -> T,
    ) -> T {
        let day = beijing_local(from).date();
        let emissions: Vec<SourceDay> = self
            .inputs
            .sources
            .iter()
            .filter(|s| s.adcode != 0)
            .map(|source| SourceDay { source, emission_t_d: self.inputs.emission.daily_emission(source, day) })
            .collect();
        let coldest = base
            .counties
            .iter()
            .flat_map(|c| &c.hours)
            .filter(|h| h.end > from && h.end <= to)
            .fold(f64::NAN, |low, h| low.min(h.weather.temperature_c));
        act(&Situation {
            level,
            period: (from, to),
            emissions: &emissions,
            counties: &self.setup.region.counties,
            conditions: Conditions { minimum_temperature_c: coldest },
            register: &self.inputs.register,
            ranking: demands,
        })
    }

    /// The list for a situation.
    fn plan(&self, situation: &Situation) -> Result<ReductionPlan> {
        let (catalogue, rules) = (&self.setup.measures, &self.setup.reduction);
        let list = plan(catalogue, rules, situation, &|| false);
        refuse_unlawful(&list, catalogue, rules, situation)?;
        Ok(list)
    }

    fn record(
        &self,
        forecast: Forecast,
        (warning, explanations, targets): (WarningDecision, Vec<Explanation>, Option<TargetsReport>),
        base: &History,
        (ranking, certified): (Option<Ranking>, Option<Certified>),
        rejections: Vec<Rejection>,
        (experience, members, learned_files): (Option<Experience>, Option<MembersReport>, Vec<InputFile>),
    ) -> ConsultationRecord {
        let region = &self.setup.region;
        let advice = self.setup.rulebook.advice.of_areas(&warning, &forecast);
        let mut degraded = self.inputs.degraded.clone();
        degraded.extend(base.terrain_winds.and_then(|t| t.doubt()));
        let (reduction, certificate, ledger_cut) = match certified {
            Some(c) => (Some(c.list), Some(c.effect), Some(c.ledger)),
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
            experience,
            members,
            ranking,
            reduction,
            certificate,
            forecast,
            observation_quality: self.inputs.quality.clone(),
            assimilation: self.assimilation(base),
            fires: self.inputs.fires.clone(),
            emission_conditions: self.inputs.emission_conditions.clone(),
            stacks: self.inputs.stacks.clone(),
            terrain_winds: base.terrain_winds,
            ledger_base: base.ledger.clone(),
            ledger_cut,
            inputs: self.inputs.files.iter().chain(&self.setup.files).chain(&learned_files).cloned().collect(),
            rejections,
            hazecast: env!("CARGO_PKG_VERSION").into(),
        }
    }
}
