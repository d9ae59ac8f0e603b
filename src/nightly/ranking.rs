//! Between decision and list: what makes the exceeding means, by the influence of every source.

use super::{Event, Stage, Tonight};
use crate::archive::durable::write_atomic;
use crate::archive::{RANKING, influence_map};
use crate::domain::pollutant::Pollutant;
use crate::domain::source::Sector;
use crate::error::{Error, Result};
use crate::forecast::county_series::{CountySeries, primary_series};
use crate::forecast::{CountyForecast, Forecast};
use crate::reduction::influence_map::svg;
use crate::reduction::needed_fall::{Question, set_demands};
use crate::reduction::ranking::{
    Closure, ExceedingWindow, RankedWindow, Ranking, SourceEffect, WindowInfluence, primary, ranked,
};
use crate::simulation::equilibrium_answers::Answers;
use crate::simulation::history::History;
use crate::simulation::influence::Target;
use crate::simulation::source_influence::{TargetInfluence, influence_of_sources};
use crate::warning::exceeding::{CarryingWindow, carrying_windows};
use crate::warning::{Basis, WarningDecision};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Lead [h] for which the spread of a window's mean is taken.
const LEAD_H: i32 = 36;
/// Sources of each window in the record; the whole table is a file of its own.
pub(super) const SOURCES_IN_RECORD: usize = 10;

/// The ranking of a night.
pub(super) struct Ranked {
    pub influences: Vec<WindowInfluence>,
    pub report: Ranking,
}

/// A run without a list, as the ranking sees it.
pub(super) struct BaseRun<'b> {
    pub history: &'b History,
    /// Every settled hour of the counties.
    pub series: &'b [CountySeries],
    pub forecast: &'b Forecast,
    pub answers: &'b Answers,
}

/// Farthest that the bounds of advection are believed to move an influence.
const BOUNDS: std::ops::RangeInclusive<f64> = 0.7..=1.2;

/// See [`Closure::bounds_factor`]: of the model's mean, what flows in, and what the sources make without bounds. 1 where something else than bounds is at work.
fn bounds_factor(model: f64, inflow: f64, sources: f64) -> f64 {
    let factor = (model - inflow) / sources;
    if BOUNDS.contains(&factor) { factor } else { 1.0 }
}

/// Primary fine particles of air that no source has reached [ug m-3]: the least of the first hour.
fn inflow(history: &History) -> f64 {
    let (hours, rows, columns) = history.primary_pm25_ug_m3.dim();
    let first = history.primary_pm25_ug_m3.iter().take(if hours > 0 { rows * columns } else { 0 });
    f64::from(first.copied().reduce(f32::min).unwrap_or(0.0))
}

/// The influence on one window, as it is kept while the night is not done.
#[derive(Serialize, Deserialize)]
struct OneWindow {
    influence: WindowInfluence,
    closure: Closure,
    map: Vec<f32>,
}

impl Tonight<'_> {
    /// Ranks the sources for every window that carries the level, the worst ones where there are many, and archives table and maps; `None` where no window does.
    pub(super) fn rank(&self, basis: &Basis, run: &BaseRun, decision: &WarningDecision) -> Result<Option<Ranked>> {
        let rules = &self.setup.ranking;
        let order = self.model.order();
        let mut windows = carrying_windows(basis, run.forecast, decision, order);
        let found = windows.len();
        windows.sort_by(|a, b| b.aqi.cmp(&a.aqi).then((a.adcode, a.from).cmp(&(b.adcode, b.from))));
        windows.truncate(rules.windows_at_most);
        windows.sort_by_key(|w| (w.adcode, w.from));
        if windows.is_empty() {
            return Ok(None);
        }
        let of = windows.len() as u32;
        let mut kept: Vec<OneWindow> = Vec::with_capacity(windows.len());
        for (i, window) in windows.iter().enumerate() {
            kept.push(self.one_window(i, window, run)?);
            (self.progress)(Event::Hour { stage: Stage::Ranking, done: i as u32 + 1, of });
        }
        let reach: Vec<f64> = kept.iter().map(|k| k.closure.reach_ug_m3).collect();
        let mut influences: Vec<WindowInfluence> = kept.iter().map(|k| k.influence.clone()).collect();
        let margin = |c: &CountyForecast| self.margin(c);
        set_demands(&self.question(basis, run.forecast, decision, &margin), &mut influences, &reach);
        let of_window = |(i, k): (&WindowInfluence, &OneWindow)| -> RankedWindow {
            ranked(i, k.closure, &self.inputs.sources, order, rules.sources_listed)
        };
        let (caveats_zh, caveats_en) = self.caveats(found - windows.len());
        let report = Ranking {
            order,
            first_hour: self.inputs.start(&self.setup.config),
            windows: influences.iter().zip(&kept).map(of_window).collect(),
            windows_left_out: found - windows.len(),
            caveats_zh,
            caveats_en,
        };
        self.work.save_json(RANKING, &report)?;
        for (i, k) in kept.iter().enumerate() {
            self.save_map(i, k)?;
        }
        Ok(Some(Ranked { influences, report }))
    }

    /// What is asked of the windows of a decision.
    pub(super) fn question<'q>(
        &self,
        basis: &'q Basis<'q>,
        forecast: &'q Forecast,
        decision: &WarningDecision,
        margin: &'q dyn Fn(&CountyForecast) -> f64,
    ) -> Question<'q> {
        let level = decision.prefecture.level_called;
        Question {
            basis,
            forecast,
            level,
            order: self.model.order(),
            probability: self.setup.ranking.probability,
            margin,
        }
    }

    /// Factor on the forecast of a county's means with which the level is averted with the probability that is asked.
    pub(super) fn margin(&self, county: &CountyForecast) -> f64 {
        let sigma = self.setup.uncertainty.sigma(Pollutant::Pm25, LEAD_H, county.has_station, true);
        (self.setup.ranking.standard_quantile * sigma).exp()
    }

    /// The influence on one window: as kept by an earlier try, or from a backward run.
    fn one_window(&self, index: usize, window: &CarryingWindow, run: &BaseRun) -> Result<OneWindow> {
        let stage = format!("influence_{index}");
        let mean = self.means(window, run);
        if let Some(kept) = self.work.load_stage::<OneWindow>(&stage)?
            && kept.influence.window == mean
        {
            return Ok(kept);
        }
        let start = self.inputs.start(&self.setup.config);
        let hour = |t: DateTime<Utc>| (t - start).num_hours();
        let last = hour(window.to).min(run.history.ends.len() as i64);
        let hours = hour(window.from).max(0) as u32..last.max(0) as u32;
        let county = self.domain.weights.iter().find(|w| w.adcode == window.adcode);
        let cells = county.map_or(&[][..], |w| &w.built_up);
        let (_, ny, nx) = self.domain.grid.shape();
        let none = || Error::invalid("influence", "window", window.adcode.to_string(), "a county with PM2.5");
        let target = Target::of_cells(Pollutant::Pm25, cells, (ny, nx), hours.clone()).ok_or_else(none)?;
        let map_from = hour(self.model.order()).max(0) as u32;
        let found = self.model.in_world(self.assimilating(), |world| {
            influence_of_sources(world, &self.inputs.sources, &target, Some(run.answers), map_from)
        })?;
        // hours before the run belong to the mean too, and nothing of it
        let whole = (last - hour(window.from)).max(1) as f64;
        let share = hours.len() as f64 / whole;
        let primary_mean = self.primary_mean(window, &hours, run) * share;
        let emitted = |found: &TargetInfluence| -> f64 {
            let all = found.sources.iter().flat_map(|s| &s.added_by_hour);
            all.map(primary).sum::<f64>() * share
        };
        // air from files or from an outer grid, and analyses, bring what no background tells
        let known = self.domain.outer.is_none() && self.inputs.boundary.is_empty() && self.analyses.is_none();
        let bounds =
            if known { bounds_factor(primary_mean, inflow(run.history) * share, emitted(&found)) } else { 1.0 };
        let kept = self.kept(mean, found, (share, bounds), primary_mean);
        self.work.save_stage(&stage, &kept)?;
        Ok(kept)
    }

    /// The window with its means of forecast and model.
    fn means(&self, window: &CarryingWindow, run: &BaseRun) -> ExceedingWindow {
        let inside = |end: &DateTime<Utc>| *end > window.from && *end <= window.to;
        let county = run.forecast.counties.iter().find(|c| c.adcode == window.adcode);
        let series = run.series.iter().find(|s| s.adcode == window.adcode);
        let hours = series.iter().flat_map(|s| &s.hours).filter(|h| inside(&h.end));
        let model: Vec<(DateTime<Utc>, f64)> =
            hours.filter_map(|h| Some((h.end, h.concentrations.pm25_ug_m3?))).collect();
        let value = |(end, raw): &(DateTime<Utc>, f64)| {
            let forecast = county.and_then(|c| c.hours.iter().find(|h| h.end == *end));
            let observed = county.and_then(|c| c.observed.iter().find(|h| h.end == *end));
            let forecast = forecast.and_then(|h| h.concentrations.pm25_ug_m3.map(|e| e.value));
            forecast.or(observed.and_then(|h| h.concentrations.pm25_ug_m3)).unwrap_or(*raw)
        };
        let n = model.len().max(1) as f64;
        ExceedingWindow {
            adcode: window.adcode,
            from: window.from,
            to: window.to,
            forecast_ug_m3: model.iter().map(value).sum::<f64>() / n,
            model_ug_m3: model.iter().map(|m| m.1).sum::<f64>() / n,
            limit_ug_m3: 0.0,
            probability: 0.0,
            fall_needed_ug_m3: 0.0,
            beyond_reach: false,
        }
    }

    fn primary_mean(&self, window: &CarryingWindow, hours: &Range<u32>, run: &BaseRun) -> f64 {
        let Some(weights) = self.domain.weights.iter().find(|w| w.adcode == window.adcode) else { return 0.0 };
        let series = primary_series(run.history, weights);
        let inside = &series[hours.start as usize..hours.end as usize];
        inside.iter().sum::<f64>() / inside.len().max(1) as f64
    }

    fn kept(
        &self,
        window: ExceedingWindow,
        found: TargetInfluence,
        (share, bounds_factor): (f64, f64),
        primary_model_ug_m3: f64,
    ) -> OneWindow {
        let share = share * bounds_factor;
        let first_hour = self.inputs.start(&self.setup.config);
        let mut closure = Closure {
            local_ug_m3: 0.0,
            fires_ug_m3: 0.0,
            outside_ug_m3: 0.0,
            remainder_ug_m3: 0.0,
            reach_ug_m3: 0.0,
            primary_model_ug_m3,
            primary_sources_ug_m3: 0.0,
            bounds_factor,
            unexplained_ug_m3: window.forecast_ug_m3 - window.model_ug_m3,
        };
        let mut influence = WindowInfluence { window, first_hour, sources: Vec::new() };
        let order = influence.hour_of(self.model.order());
        for (source, found) in self.inputs.sources.iter().zip(found.sources) {
            let times = |a: crate::domain::source::Amounts| a.zip(a, |v, _| v * share);
            let effect = SourceEffect {
                source: found.id,
                added_by_hour: found.added_by_hour.into_iter().map(times).collect(),
                per_tonne: times(found.per_tonne),
                emitted_t: found.emitted_t,
            };
            let all = effect.added(0);
            let part = match (source.sector, source.adcode) {
                (Sector::Fire, _) => &mut closure.fires_ug_m3,
                (_, 0) => &mut closure.outside_ug_m3,
                _ => {
                    closure.reach_ug_m3 += effect.added(order).sum();
                    &mut closure.local_ug_m3
                }
            };
            *part += all.sum();
            closure.primary_sources_ug_m3 += primary(&all);
            if source.adcode != 0 {
                influence.sources.push(effect);
            }
        }
        let of_sources = closure.local_ug_m3 + closure.fires_ug_m3 + closure.outside_ug_m3;
        closure.remainder_ug_m3 = influence.window.model_ug_m3 - of_sources;
        OneWindow { influence, closure, map: found.map.iter().map(|v| v * share as f32).collect() }
    }

    fn save_map(&self, index: usize, window: &OneWindow) -> Result<()> {
        let w = &window.influence.window;
        let transform = self.domain.grid.horizontal.transform();
        let line = |ring: &geo::LineString<f64>| ring.coords().map(|c| transform.index(c.x, c.y)).collect();
        let outlines: Vec<Vec<(f64, f64)>> =
            self.setup.region.counties.iter().flat_map(|c| c.outline.iter().map(|p| line(p.exterior()))).collect();
        let county = self.setup.region.counties.iter().find(|c| c.adcode == w.adcode);
        let (zh, en) = county.map_or(("", ""), |c| (&c.name_zh, &c.name_en));
        let to = crate::calendar::beijing_local(w.to).format("%Y-%m-%d %H:%M");
        let title_zh = format!("地面排放每吨一次PM2.5对{zh}截至北京时间{to}的24小时均值的影响");
        let title_en =
            format!("influence of a tonne of primary PM2.5 at the ground on the 24 h of {en} to {to} Beijing time");
        let text = svg(&window.map, self.domain.grid.horizontal.nx, &outlines, &title_zh, &title_en);
        write_atomic(&self.work.path(&influence_map(index)), text.as_bytes())
    }

    fn caveats(&self, left_out: usize) -> (Vec<String>, Vec<String>) {
        let mut zh = vec![
            "影响为线性近似（平流限制器按其平均作用折算，无机平衡按基准运行的边际变化）：只用于排序和建议；编制清单前再按“全部措施”的完整重算折算一次，效果以完整重算为准。"
                .to_owned(),
        ];
        let mut en = vec![
            "The influence is linear (limiters of advection by their mean effect, the inorganic equilibrium by small changes of the base run): it ranks and proposes. \
             Before the list it is held to a full run with every lawful measure; the full rerun certifies."
                .to_owned(),
        ];
        if self.domain.outer.is_some() {
            zh.push("嵌套网格：内层网格以外的排放源及流出后再流入的影响未计入，归入输入与背景。".into());
            en.push(
                "Nested grids: what sources outside the inner grid add, and what leaves it and comes back, is not ranked; it counts as inflow.".into(),
            );
        }
        if self.analyses.is_some() {
            zh.push("观测同化的增量不属于任何排放源，归入输入与背景；排放源的影响已乘以同化系数。".into());
            en.push(
                "What analyses of observations added belongs to no source and counts as inflow; the influence of the sources takes their factors.".into(),
            );
        }
        if left_out > 0 {
            zh.push(format!("另有{left_out}个超标时段未单独计算影响（取最重的时段）。"));
            en.push(format!(
                "{left_out} more exceeding windows have no influence run of their own; the worst were taken."
            ));
        }
        (zh, en)
    }
}
