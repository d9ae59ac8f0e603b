//! What-if: the night's forecast with other cuts, beside the published one. The same `forecast_of(sources)`, nothing of its own.

use super::inputs;
use super::model::{Assimilating, Model};
use super::{pairs, standing};
use crate::archive::run_id::RunId;
use crate::archive::store::Store;
use crate::archive::{ANALYSES, BASE_FIELDS, analyses, fields};
use crate::domain::scenario::{Scenario, check, under};
use crate::domain::source::{Amounts, Source};
use crate::error::{Error, Result};
use crate::forecast::Forecast;
use crate::forecast::build::with_cut;
use crate::reduction::verify::compare;
use crate::reduction::{CountyEffect, Verdict};
use crate::setup::Setup;
use crate::simulation::emission::EmissionModel;
use crate::simulation::run::simulate_while;
use crate::warning::{WarningLevel, decide};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WhatIf {
    /// `YYYYMMDDHH` of a published run; the latest where absent.
    #[serde(default)]
    pub run: Option<String>,
    /// When the cuts begin and end; from the order to the end of the forecast where absent.
    #[serde(default)]
    pub from: Option<DateTime<Utc>>,
    #[serde(default)]
    pub to: Option<DateTime<Utc>>,
    /// One to six.
    pub scenarios: Vec<Scenario>,
}

/// One scenario beside the published forecast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ScenarioEffect {
    pub scenario: Scenario,
    /// Sources that it acts on, and what they emit less in all [t].
    pub sources: usize,
    pub avoided_t: Amounts,
    pub level_after: WarningLevel,
    pub verdict: Verdict,
    pub largest_fall_ug_m3: f64,
    pub counties: Vec<CountyEffect>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WhatIfReport {
    pub run: String,
    pub cycle: DateTime<Utc>,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// Level that the published forecast calls for.
    pub level_before: WarningLevel,
    pub scenarios: Vec<ScenarioEffect>,
}

/// Told after every hour of a run: scenario (0 the first), hours done, hours in all. The question is given up where it answers no.
pub type GoOn<'g> = &'g dyn Fn(usize, u32, u32) -> bool;

/// Runs the scenarios on the inputs of a published run; `None` where `go_on` gave it up.
///
/// # Errors
/// `Missing` without a run; `Invalid` for scenarios that cannot be, or where the inputs at hand are no longer those of the run; those of a night.
pub fn what_if(setup: &Setup, asked: &WhatIf, go_on: GoOn) -> Result<Option<WhatIfReport>> {
    let invalid = |field: &str, found: String, expected: &str| Error::invalid("the what-if", field, found, expected);
    let counties: Vec<u32> = setup.region.counties.iter().map(|c| c.adcode).collect();
    check(&asked.scenarios, &counties).map_err(|why| invalid("scenarios", why, "cuts that can be made"))?;
    let store = Store::open(&setup.config.runs)?;
    let run = match &asked.run {
        Some(run) => run.parse::<RunId>().map_err(|e| invalid("run", e.0, "a run id, YYYYMMDDHH"))?,
        None => store
            .latest()?
            .ok_or_else(|| Error::missing("a published run", store.folder(), "Run `hazecast night` first"))?,
    };
    let archived = store.read(&run)?;
    let cycle = archived.record.cycle;
    let mut read = inputs::read(setup, Some(cycle))?;
    let mut learned = pairs::collect(setup, &store, &run, &read)?;
    let standing = standing::read(setup, &store, &run, cycle)?;
    learned.files.extend(standing.files.iter().cloned());
    read.degraded.extend(standing.forgotten.clone());
    if read.key(setup, &learned.files)? != archived.manifest.input_key {
        let found = format!("files or rules other than those of run {run}");
        return Err(invalid(
            "inputs",
            found,
            "the same: run `hazecast night` again, or start the server again if it was before that night",
        ));
    }
    let domain = setup.domain(&read.meteorology, cycle)?;
    let model = Model { setup, inputs: &read, domain: &domain };
    let (from, to) = period(&model, asked)?;
    let basis = model.basis(&standing.in_force);
    let history = fields::read_history(&store.file(&run, BASE_FIELDS)?)?;
    let settled = model.settled(&history);
    let (base, corrections) = model.corrected(&settled, &learned)?;
    let base_series = model.ahead(settled);
    let decision = decide(&basis, &base, None);
    let made = match setup.assimilation.is_some() && read.analyst(setup).is_some() {
        true => Some(analyses::read(&store.file(&run, ANALYSES)?)?.0),
        false => None,
    };
    let assimilating = made.as_ref().map_or(Assimilating::Off, Assimilating::Taking);
    let mut effects = Vec::with_capacity(asked.scenarios.len());
    for (i, scenario) in asked.scenarios.iter().enumerate() {
        let cut = under(scenario, &read.sources, cycle, (from, to));
        let done = model.in_world(assimilating, |world| simulate_while(world, &cut, &|done, of| go_on(i, done, of)))?;
        let Some((history, _)) = done else { return Ok(None) };
        let series = model.ahead(model.settled(&history));
        let forecast: Forecast = with_cut(&model.frame(&corrections), &base, &base_series, &series);
        let decided = decide(&basis, &forecast, None);
        let effect = compare(&base, &decision, &forecast, &decided, Default::default());
        let (sources, avoided_t) = avoided(&read.emission, (&read.sources, &cut), from, to);
        effects.push(ScenarioEffect {
            scenario: scenario.clone(),
            sources,
            avoided_t,
            level_after: decided.prefecture.level_called,
            verdict: effect.verdict,
            largest_fall_ug_m3: effect.largest_fall_ug_m3,
            counties: effect.counties,
        });
    }
    let level_before = decision.prefecture.level_called;
    Ok(Some(WhatIfReport { run: run.to_string(), cycle, from, to, level_before, scenarios: effects }))
}

/// From when to when the cuts are in force, within the forecast.
fn period(model: &Model, asked: &WhatIf) -> Result<(DateTime<Utc>, DateTime<Utc>)> {
    let cycle = model.inputs.cycle;
    let end = cycle + Duration::hours(i64::from(model.setup.config.forecast_hours));
    let (from, to) = (asked.from.unwrap_or_else(|| model.order().min(end)), asked.to.unwrap_or(end));
    if from >= to || from < cycle || to > end {
        let expected = format!("a period within {cycle} and {end}");
        return Err(Error::invalid("the what-if", "from, to", format!("{from} to {to}"), expected));
    }
    Ok((from, to))
}

/// How many sources emit less, and how much in all [t].
fn avoided(
    model: &EmissionModel,
    (before, after): (&[Source], &[Source]),
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> (usize, Amounts) {
    let mut sum = Amounts::default();
    let mut sources = 0;
    for (b, a) in before.iter().zip(after).filter(|(b, a)| b.changes != a.changes) {
        sources += 1;
        let mut hour = from - Duration::seconds(from.timestamp().rem_euclid(3600));
        while hour < to {
            let less = model.hourly_rate(b, hour).zip(model.hourly_rate(a, hour), |b, a| 3.6 * (b - a));
            sum = sum.zip(less, |sum, t| sum + t);
            hour += Duration::hours(1);
        }
    }
    (sources, sum)
}
