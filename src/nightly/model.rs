//! forecast_of(sources): the world of a night's runs, and what follows from their history.

use super::inputs::NightInputs;
use super::pairs::{Corrections, Learned, of_series};
use super::past;
use crate::assimilation::analyst::SurfaceAnalyst;
use crate::calendar::beijing_local;
use crate::domain::averages::Validity;
use crate::domain::boundary_field::BoundaryField;
use crate::error::Result;
use crate::forecast::Forecast;
use crate::forecast::build::{Frame, forecast};
use crate::forecast::county_series::{CountySeries, ModelHour, county_series};
use crate::forecast::county_weather::{Burnt, burnt};
use crate::forecast::members::Member;
use crate::setup::{Domain, Setup};
use crate::simulation::analysis::{Analyses, Analysing};
use crate::simulation::history::History;
use crate::simulation::perturbed_weather::PerturbedWeather;
use crate::simulation::run::{Outside, World};
use crate::warning::{Basis, InForce};
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeMap;

/// Hours after a start from background air that neither the forecast nor the correction uses, where there is spin-up.
const COLD_START_HOURS: i64 = 12;

/// Everything that the runs of a night share but their sources.
#[derive(Clone, Copy)]
pub(super) struct Model<'a> {
    pub setup: &'a Setup,
    pub inputs: &'a NightInputs,
    pub domain: &'a Domain,
}

/// What a run of the night does with analyses.
#[derive(Clone, Copy)]
pub(super) enum Assimilating<'a> {
    Off,
    /// It makes them.
    Making(&'a SurfaceAnalyst<'a>),
    /// It takes those that were made.
    Taking(&'a Analyses),
}

/// What the outer run of a nest does where the inner one does `assimilating`.
fn around(assimilating: Assimilating) -> Assimilating {
    match assimilating {
        Assimilating::Taking(analyses) => analyses.outer.as_deref().map_or(Assimilating::Off, Assimilating::Taking),
        other => other,
    }
}

impl Model<'_> {
    /// What `act` does in the world of the night's runs, with the outer grid where there is one.
    ///
    /// # Errors
    /// Of `act`.
    pub fn in_world<T>(&self, assimilating: Assimilating, act: impl FnOnce(&World) -> Result<T>) -> Result<T> {
        let air = match self.inputs.boundary.as_slice() {
            [] => Outside::Background,
            fields => Outside::Fields(fields),
        };
        let outer = self.domain.outer.as_ref().map(|outer| self.world(outer, air, around(assimilating)));
        act(&self.world(self.domain, outer.as_ref().map_or(air, Outside::Outer), assimilating))
    }

    /// The outer grid where there is one, else the grid.
    pub fn outermost(&self) -> &Domain {
        self.domain.outer.as_deref().unwrap_or(self.domain)
    }

    /// What `act` does in the world of a member on the outermost grid; without a member the inputs are as they are.
    ///
    /// # Errors
    /// Of `act`.
    pub fn in_outermost<T>(
        &self,
        assimilating: Assimilating,
        member: Option<&Member>,
        act: impl FnOnce(&World) -> Result<T>,
    ) -> Result<T> {
        let domain = self.outermost();
        let assimilating = match self.domain.outer {
            Some(_) => around(assimilating),
            None => assimilating,
        };
        let inflow = member.map_or(1.0, |m| m.inflow) as f32;
        let background = domain.background.times(inflow);
        let fields: Vec<BoundaryField> = self.inputs.boundary.iter().map(|f| f.times(inflow)).collect();
        let outside = if fields.is_empty() { Outside::Background } else { Outside::Fields(&fields) };
        let perturbed = member.map(|m| PerturbedWeather {
            wind_speed: m.wind_speed as f32,
            wind_turn_deg: m.wind_turn_deg as f32,
            mixing_height: m.mixing_height as f32,
        });
        act(&World { background: &background, perturbed, ..self.world(domain, outside, assimilating) })
    }

    /// A run of the night's hours on one grid.
    fn world<'w>(&'w self, domain: &'w Domain, outside: Outside<'w>, assimilating: Assimilating<'w>) -> World<'w> {
        let config = &self.setup.config;
        let analysing = match (assimilating, &self.setup.assimilation) {
            (Assimilating::Making(analyst), Some(settings)) => Analysing::Make(analyst, settings.reach()),
            (Assimilating::Taking(made), Some(settings)) => Analysing::Given(&made.grid, settings.reach()),
            _ => Analysing::Off,
        };
        World {
            grid: &domain.grid,
            background: &domain.background,
            outside,
            surface: domain.surface,
            meteorology: &self.inputs.meteorology,
            terrain: self.inputs.terrain.as_ref(),
            frozen: config.frozen_meteorology,
            perturbed: None,
            emission: &self.inputs.emission,
            weights: &domain.weights,
            start: self.inputs.start(config),
            hours: config.spin_up_hours + config.forecast_hours,
            analysing,
        }
    }

    /// County series without the hours in which the air is still the background it started from.
    pub fn settled(&self, history: &History) -> Vec<CountySeries> {
        self.settled_on(self.domain, history)
    }

    /// The same of a run on the grid of `domain`.
    pub fn settled_on(&self, domain: &Domain, history: &History) -> Vec<CountySeries> {
        let spin_up = i64::from(self.setup.config.spin_up_hours);
        let from = self.inputs.cycle - Duration::hours(spin_up) + Duration::hours(spin_up.min(COLD_START_HOURS));
        let mut series = county_series(history, &self.setup.region.counties, &domain.weights);
        series.iter_mut().for_each(|s| s.hours.retain(|h| h.end > from));
        series
    }

    /// The hours after the cycle: a forecast, and all that a decision may rest on.
    pub fn ahead(&self, mut series: Vec<CountySeries>) -> Vec<CountySeries> {
        let mut fires: BTreeMap<DateTime<Utc>, Vec<Burnt>> = BTreeMap::new();
        for (county, series) in self.setup.region.counties.iter().zip(&mut series) {
            series.hours.retain(|h| h.end > self.inputs.cycle);
            for hour in &mut series.hours {
                let burnt = fires.entry(hour.end).or_insert_with(|| burnt(&self.inputs.sources, hour.end));
                hour.weather.fires_upwind_g_s = hour.weather.fires_upwind(county, burnt);
            }
        }
        series
    }

    /// What a forecast is assembled in.
    pub fn frame<'f>(&'f self, corrections: &'f Corrections) -> Frame<'f> {
        Frame {
            region: &self.setup.region,
            aqi: &self.setup.rulebook.aqi,
            uncertainty: &corrections.uncertainty,
            cycle: self.inputs.cycle,
            validity: self.validity(),
            observed: &self.inputs.observed,
            ends: &corrections.ends,
        }
    }

    /// The forecast without a list from the model's settled hours, and the corrections that make it.
    ///
    /// # Errors
    /// Of the fit.
    pub fn corrected(&self, model: &[CountySeries], learned: &Learned) -> Result<(Forecast, Corrections)> {
        let mut pairs = learned.pairs.clone();
        // hours before an analysis have errors that the forecast after it has not, and hours after it are better than any forecast will be
        if self.inputs.analyst(self.setup).is_none() {
            pairs.extend(of_series(self.inputs, model));
        }
        let uncertainty = past::widened(self.setup, self.inputs, learned);
        let mut corrections = Corrections::fit(&uncertainty, &pairs)?;
        let ahead = self.ahead(model.to_vec());
        if let Some(artefact) = &learned.artefact {
            corrections.take(artefact, self.inputs, &ahead)?;
        }
        let cycle = self.inputs.cycle;
        let value = |county: &CountySeries, hour: &ModelHour, p, raw| {
            corrections.value((county.adcode, p), hour, (hour.end - cycle).num_hours() as i32, raw)
        };
        let base = forecast(&self.frame(&corrections), &ahead, corrections.report.clone(), &value);
        Ok((base, corrections))
    }

    /// How many hours the means of tonight need.
    pub fn validity(&self) -> Validity {
        self.setup.rulebook.limits.standard(beijing_local(self.inputs.cycle).date()).validity.means
    }

    /// What a decision rests on.
    pub fn basis<'b>(&'b self, in_force: &'b BTreeMap<u32, InForce>) -> Basis<'b> {
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

    /// When the order is given, after the night.
    pub fn order(&self) -> DateTime<Utc> {
        self.inputs.cycle + Duration::hours(i64::from(self.setup.reduction.hours_from_cycle_to_order))
    }
}
