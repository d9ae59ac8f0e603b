//! The analyst of a night: observations of the hours up to the cycle into factors on a grid.

use super::interpolation::{BackgroundError, Departure, Solved, solve};
use super::observed::{Observed, background_error, departure, value};
use super::settings::AssimilationSettings;
use crate::domain::grid::Grid;
use crate::domain::pollutant::Concentrations;
use crate::simulation::analysis::{Analyst, Component};
use chrono::{DateTime, Utc};
use ndarray::{Array2, Array3};
use std::collections::BTreeMap;

/// Observations by hour.
pub struct SurfaceAnalyst<'a> {
    pub settings: &'a AssimilationSettings,
    hours: BTreeMap<DateTime<Utc>, Vec<Observed>>,
}

/// A station whose value of a component is used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Used {
    pub departure: Departure,
    pub observed: f64,
    /// Of the model's cell.
    pub background: f64,
}

/// One component of one hour.
#[derive(Debug, Clone, PartialEq)]
pub struct ComponentAnalysis {
    pub used: Vec<Used>,
    pub error: BackgroundError,
    pub solved: Solved,
}

impl<'a> SurfaceAnalyst<'a> {
    /// With the observations of the hours that are to be analysed.
    pub fn new(settings: &'a AssimilationSettings, hours: BTreeMap<DateTime<Utc>, Vec<Observed>>) -> Self {
        Self { settings, hours }
    }

    /// Ends of the hours with observations.
    pub fn hours(&self) -> impl Iterator<Item = DateTime<Utc>> + '_ {
        self.hours.keys().copied()
    }

    /// An increment within the bounds of the factors.
    pub fn bounded(&self, ln: f64) -> f64 {
        let most = self.settings.largest_factor.ln();
        ln.clamp(-most, most)
    }

    /// The analysis of one component for the hour that ends at `end`, from the model's concentrations at the cell `(y, x)`; `None` without
    /// an observation inside the grid.
    pub fn component(
        &self,
        component: Component,
        grid: &Grid,
        end: DateTime<Utc>,
        background: &dyn Fn(usize, usize) -> Concentrations<f64>,
    ) -> Option<ComponentAnalysis> {
        let transform = grid.horizontal.transform();
        let one = |o: &Observed| {
            let (x, y) = transform.cell(o.place.0, o.place.1)?;
            let observed = value(component, &o.concentrations)?;
            let background = value(component, &background(y, x))?;
            let departure = departure(component, (o.place, observed), background, self.settings);
            Some(Used { departure, observed, background })
        };
        let used: Vec<Used> = self.hours.get(&end)?.iter().filter_map(one).collect();
        if used.is_empty() {
            return None;
        }
        let departures: Vec<Departure> = used.iter().map(|u| u.departure).collect();
        let error = background_error(component, &departures, self.settings);
        Some(ComponentAnalysis { used, error, solved: solve(&departures, error) })
    }
}

impl Analyst for SurfaceAnalyst<'_> {
    fn plans(&self, end: DateTime<Utc>) -> bool {
        self.hours.contains_key(&end)
    }

    fn analyse(
        &self,
        grid: &Grid,
        end: DateTime<Utc>,
        background: &Concentrations<Array2<f32>>,
    ) -> Option<Array3<f32>> {
        let cells = grid.horizontal.centres();
        let (_, ny, nx) = grid.shape();
        let there = |y, x| background.map(|_, field| f64::from(field[[y, x]]));
        let mut factors = Array3::zeros((Component::ALL.len(), ny, nx));
        let mut any = false;
        for component in Component::ALL {
            let Some(made) = self.component(component, grid, end, &there) else { continue };
            let mut field = factors.index_axis_mut(ndarray::Axis(0), component as usize);
            for (factor, place) in field.iter_mut().zip(&cells) {
                *factor = self.bounded(made.solved.increment(*place)) as f32;
            }
            any = true;
        }
        any.then_some(factors)
    }
}
