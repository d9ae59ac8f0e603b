//! After an episode: the model again with the weather that came, without the list and with the list as it was carried out.
//!
//! The configuration names the weather that came and the observations; its folder of runs holds the night. The same `forecast_of(sources)`
//! as the night, nothing of its own; the archived run and its published forecast are what the two new runs are compared with.

use super::inputs::{self, NightInputs};
use super::model::{Assimilating, Model};
use crate::archive::run_id::RunId;
use crate::archive::store::{Archived, Store};
use crate::archive::{BASE_FIELDS, CUT_FIELDS, fields};
use crate::consultation::InputFile;
use crate::consultation::carried_out::carried_out;
use crate::consultation::reduction_list::ListRow;
use crate::domain::pollutant::Pollutant;
use crate::error::{Error, Result};
use crate::forecast::county_series::CountySeries;
use crate::forecast::{CountyForecast, ObservedHour};
use crate::reduction::ReductionPlan;
use crate::reduction::after_action::{AfterAction, CarriedOut, Means, SpanSplit, Split};
use crate::reduction::apply::apply;
use crate::setup::Setup;
use crate::simulation::history::History;
use crate::simulation::run::{simulate, simulate_with_answers};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// Told after every hour of a run: run (0 without the list, 1 with it), hours done, hours in all.
pub type Progress<'p> = &'p dyn Fn(usize, u32, u32);

/// The account of `run`, the latest where `None`. `reported`: the rows of the list as carried out; `None`: all of it as ordered.
///
/// # Errors
/// `Missing` without a run or its list; `Invalid` where the configuration is of another region or grid, or a reported row is not of the list;
/// those of a night.
pub fn after(
    setup: &Setup,
    run: Option<&RunId>,
    reported: Option<&[ListRow]>,
    progress: Progress,
) -> Result<AfterAction> {
    let store = Store::open(&setup.config.runs)?;
    let latest = || {
        let none = || Error::missing("a published run", store.folder(), "Name the folder of runs in the configuration");
        store.latest()?.ok_or_else(none)
    };
    let run = run.cloned().map_or_else(latest, Ok)?;
    let archived = store.read(&run)?;
    same_place(setup, &archived)?;
    let record = &archived.record;
    let (list, count) = as_carried_out(record.reduction.as_ref(), reported)?;

    let read = inputs::read(setup, Some(record.cycle))?;
    let (observed, mut rejections) = NightInputs::observed_after(setup, record.cycle)?;
    // the files of observations are read twice: once up to the cycle
    rejections.retain(|r| !read.rejections.contains(r));
    rejections.splice(0..0, read.rejections.iter().cloned());
    let domain = setup.domain(&read.meteorology, record.cycle)?;
    let model = Model { setup, inputs: &read, domain: &domain };
    let archived_run = |name| -> Result<Series> {
        Ok(by_hour(&model.ahead(model.settled(&fields::read_history(&store.file(&run, name)?)?))))
    };
    let series = |history: &History| by_hour(&model.ahead(model.settled(history)));
    let analyst = read.analyst(setup);
    let making = analyst.as_ref().map_or(Assimilating::Off, Assimilating::Making);
    let lead = model.in_world(making, |world| {
        simulate_with_answers(world, &read.sources, None, &|done, of| progress(0, done, of))
    })?;
    let came = series(&lead.history);
    let taking = analyst.as_ref().map_or(Assimilating::Off, |_| Assimilating::Taking(&lead.analyses));
    let carried_out = match &list {
        Some(list) if !list.measures.is_empty() => {
            let sources = apply(&list.measures, &read.sources);
            let (history, _) =
                model.in_world(taking, |world| simulate(world, &sources, None, &|done, of| progress(1, done, of)))?;
            Some(series(&history))
        }
        _ => None,
    };
    let runs = Runs {
        foreseen: archived_run(BASE_FIELDS)?,
        promised: record.reduction.as_ref().map(|_| archived_run(CUT_FIELDS)).transpose()?,
        carried_out: carried_out.unwrap_or_else(|| came.clone()),
        came,
        observed: observed.iter().map(|(adcode, hours)| (*adcode, pm25_of(hours))).collect(),
    };
    let (mut notes_zh, mut notes_en) = notes(setup, &archived, &read, &count);
    let known: BTreeSet<&str> = read.sources.iter().map(|s| s.id.as_str()).collect();
    let lost = list.iter().flat_map(|l| &l.measures).filter(|m| !known.contains(m.source.as_str())).count();
    if lost > 0 {
        notes_zh.push(format!("清单中{lost}项措施的排放源不在现在的输入中：这些措施没有计入"));
        notes_en.push(format!(
            "the sources of {lost} measures of the list are not in the inputs of now: these measures do nothing here"
        ));
    }
    if runs.observed.values().all(BTreeMap::is_empty) {
        notes_zh.push("起报之后没有任何观测：没有预报误差部分".into());
        notes_en.push("nothing was observed after the cycle: there is no forecast error to tell".into());
    }
    Ok(AfterAction {
        run: run.to_string(),
        cycle: record.cycle,
        manifest_sha256: archived.manifest_sha256.clone(),
        carried_out: count,
        days: days(record.forecast.counties.as_slice(), &runs, model.validity().hours_of_day),
        windows: windows(&archived, &runs, model.validity().hours_of_day),
        notes_zh,
        notes_en,
        inputs: read.files.iter().map(|f| (f.role.clone(), f.name.clone(), f.sha256.clone())).collect(),
        rejections,
    })
}

/// Refuses a configuration that is not of the place of the run.
fn same_place(setup: &Setup, archived: &Archived) -> Result<()> {
    let record = &archived.record;
    let place = |region: &str, grid: &str, outer: Option<&str>| format!("{region}, {grid}, {}", outer.unwrap_or("-"));
    let found = place(&setup.region.id, &setup.config.grid, setup.config.outer_grid.as_deref());
    let expected = place(&record.region, &record.grid, record.outer_grid.as_deref());
    if found != expected {
        let expected = format!("those of run {}: {expected}", record.run);
        return Err(Error::invalid("the configuration", "region, grid, outer_grid", found, expected));
    }
    Ok(())
}

/// The list as it was carried out; `None` where the run has none.
fn as_carried_out(
    plan: Option<&ReductionPlan>,
    reported: Option<&[ListRow]>,
) -> Result<(Option<ReductionPlan>, CarriedOut)> {
    let invalid = |field: String, found: String| {
        Err(Error::invalid("the list as carried out", field, found, "rows of the exported list of this run"))
    };
    match (plan, reported) {
        (None, None) => Ok((None, CarriedOut::default())),
        (None, Some(rows)) => invalid("rows".into(), format!("{} rows, but the run has no list", rows.len())),
        (Some(plan), None) => {
            let n = plan.measures.len();
            let count = CarriedOut { ordered: n, as_ordered: n, assumed: true, ..CarriedOut::default() };
            Ok((Some(plan.clone()), count))
        }
        (Some(plan), Some(rows)) => match carried_out(plan, rows) {
            Ok((measures, count)) => Ok((Some(ReductionPlan { measures, ..plan.clone() }), count)),
            Err((row, why)) => invalid(format!("row {row}"), why),
        },
    }
}

/// PM2.5 by county and end of the hour [ug m-3].
type Series = BTreeMap<u32, BTreeMap<DateTime<Utc>, f64>>;

fn by_hour(series: &[CountySeries]) -> Series {
    let hours = |s: &CountySeries| s.hours.iter().filter_map(|h| Some((h.end, h.concentrations.pm25_ug_m3?))).collect();
    series.iter().map(|s| (s.adcode, hours(s))).collect()
}

fn pm25_of(hours: &[ObservedHour]) -> BTreeMap<DateTime<Utc>, f64> {
    hours.iter().filter_map(|h| Some((h.end, *h.concentrations.get(Pollutant::Pm25)?))).collect()
}

/// What the account compares.
struct Runs {
    foreseen: Series,
    promised: Option<Series>,
    came: Series,
    carried_out: Series,
    observed: Series,
}

impl Runs {
    /// The split of a county over hours that end after `from` and not after `to`: hours in the forecast and all runs, and in the observation
    /// where at least `needed` of them are observed.
    fn split(
        &self,
        county: &CountyForecast,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        needed: usize,
        beijing_day: Option<NaiveDate>,
    ) -> Option<SpanSplit> {
        let at = |series: &Series, end: &DateTime<Utc>| series.get(&county.adcode)?.get(end).copied();
        let forecast: BTreeMap<DateTime<Utc>, f64> =
            county.hours.iter().filter_map(|h| Some((h.end, h.concentrations.pm25_ug_m3?.value))).collect();
        let modelled: Vec<DateTime<Utc>> = forecast
            .keys()
            .filter(|end| **end > from && **end <= to)
            .filter(|end| [&self.foreseen, &self.came, &self.carried_out].into_iter().all(|s| at(s, end).is_some()))
            .copied()
            .collect();
        let seen: Vec<DateTime<Utc>> =
            modelled.iter().filter(|end| at(&self.observed, end).is_some()).copied().collect();
        let is_observed = seen.len() >= needed;
        let hours = if is_observed { &seen } else { &modelled };
        if hours.len() < needed {
            return None;
        }
        let mean = |of: &dyn Fn(&DateTime<Utc>) -> Option<f64>| -> Option<f64> {
            let values: Option<Vec<f64>> = hours.iter().map(of).collect();
            values.map(|v| v.iter().sum::<f64>() / v.len() as f64)
        };
        let of = |series: &Series| mean(&|end| at(series, end));
        let split = Split::of(&Means {
            forecast: mean(&|end| forecast.get(end).copied())?,
            model_foreseen: of(&self.foreseen)?,
            model_promised: self.promised.as_ref().and_then(of),
            model_came: of(&self.came)?,
            model_carried_out: of(&self.carried_out)?,
            observed: if is_observed { of(&self.observed) } else { None },
        })?;
        let (name_zh, name_en) = (county.name_zh.clone(), county.name_en.clone());
        Some(SpanSplit { adcode: county.adcode, name_zh, name_en, beijing_day, from, to, hours: hours.len(), split })
    }
}

/// Every day that the forecast has, county by county.
fn days(counties: &[CountyForecast], runs: &Runs, needed: usize) -> Vec<SpanSplit> {
    let mut out = Vec::new();
    for county in counties {
        for day in &county.days {
            let ends = county.hours.iter().filter(|h| h.beijing_day == day.beijing_day).map(|h| h.end);
            let Some((first, last)) = ends.clone().min().zip(ends.max()) else { continue };
            out.extend(runs.split(county, (first - Duration::hours(1), last), needed, Some(day.beijing_day)));
        }
    }
    out
}

/// The windows of the certificate.
fn windows(archived: &Archived, runs: &Runs, needed: usize) -> Vec<SpanSplit> {
    let record = &archived.record;
    let proofs = record.certificate.iter().flat_map(|c| &c.windows);
    proofs
        .filter_map(|proof| {
            let w = &proof.window;
            let county = record.forecast.counties.iter().find(|c| c.adcode == w.adcode)?;
            // hours before the cycle are no forecast: of such a window the rest counts
            let ahead = (w.to - w.from.max(record.cycle)).num_hours().max(1) as usize;
            runs.split(county, (w.from.max(record.cycle), w.to), needed.min(ahead), None)
        })
        .collect()
}

/// What must be known to read the account.
fn notes(setup: &Setup, archived: &Archived, read: &NightInputs, count: &CarriedOut) -> (Vec<String>, Vec<String>) {
    let (mut zh, mut en) = (Vec::new(), Vec::new());
    if count.assumed {
        zh.push("未提供落实情况：按清单全部落实计算".into());
        en.push("no account of what was carried out: the list counts as carried out in full".into());
    }
    let hashes = |files: &[InputFile], of: &dyn Fn(&str) -> bool| -> BTreeSet<(String, String)> {
        files.iter().filter(|f| of(&f.role)).map(|f| (f.role.clone(), f.sha256.clone())).collect()
    };
    // what differs beside weather and observations is no weather, but counts there
    let own = |role: &str| !matches!(role, "meteorology" | "observations" | "archived run" | "config");
    let now: Vec<InputFile> = read.files.iter().chain(&setup.files).cloned().collect();
    let (then, now_own) = (hashes(&archived.record.inputs, &own), hashes(&now, &own));
    let roles: BTreeSet<&str> = then.symmetric_difference(&now_own).map(|(role, _)| role.as_str()).collect();
    for role in &roles {
        zh.push(format!("输入{role}与当夜不同：其影响计入“气象”或“措施”"));
        en.push(format!("the input {role} is not that of the night: what it changes counts as weather or measures"));
    }
    let program = archived.record.hazecast != env!("CARGO_PKG_VERSION");
    let assimilated = archived.record.assimilation.is_some() != read.analyst(setup).is_some();
    for (differs, what_zh, what_en) in
        [(program, "程序版本", "the program"), (assimilated, "资料同化", "the assimilation")]
    {
        if differs {
            zh.push(format!("{what_zh}与当夜不同：其影响计入“气象”"));
            en.push(format!("{what_en} is not that of the night: what it changes counts as weather"));
        }
    }
    let weather = |files: &[InputFile]| hashes(files, &|role| role == "meteorology");
    if weather(&archived.record.inputs) == weather(&read.files) {
        zh.push("气象文件与当夜相同：请在配置中给出实况（分析）气象".into());
        en.push("the weather files are those of the night: name analysed weather in the configuration".into());
    }
    for missing in &read.degraded {
        zh.push(format!("本次重算：{missing}"));
        en.push(format!("this run: {missing}"));
    }
    (zh, en)
}
