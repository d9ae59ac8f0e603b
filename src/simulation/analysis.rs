//! Analyses in a run: at the end of some hours every mixing ratio of a column is multiplied by a factor that observations gave.
//!
//! **Invariant:** factors are made once, in the run without a list, and every other run of the night takes the same ones. **Why:** the forecast
//! stays a function of the sources: a factor made anew from cut emissions would give back what the cut took away. With the factors given a
//! run is as linear as without them, and the backward run multiplies by the same factors.

use super::restart::{Contents, Snapshot};
use crate::domain::grid::Grid;
use crate::domain::pollutant::Concentrations;
use crate::domain::species::Species;
use chrono::{DateTime, Duration, Utc};
use ndarray::{Array2, Array3, Array4, ArrayView2, Axis, Zip};

/// Species that one kind of observation changes together, keeping their shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Component {
    /// All of PM2.5, by PM2.5.
    Fine,
    /// Coarse particles, by PM10 less PM2.5.
    Coarse,
    So2,
    No2,
    Co,
}

impl Component {
    /// In the order of every table of factors.
    pub const ALL: [Self; 5] = [Self::Fine, Self::Coarse, Self::So2, Self::No2, Self::Co];

    /// Whose factor a species takes; `None`: nothing observed says anything of it.
    pub fn of(species: Species) -> Option<Self> {
        use Species::{
            Ammonium, BlackCarbon, Co, Coarse, FineOther, Hno3, Nh3, Nitrate, No2, PrimaryOrganic, SecondaryOrganic,
            So2, SoaPrecursor, Sulfate, Tracer,
        };
        match species {
            Sulfate | Nitrate | Ammonium | BlackCarbon | PrimaryOrganic | SecondaryOrganic | FineOther => {
                Some(Self::Fine)
            }
            Coarse => Some(Self::Coarse),
            So2 => Some(Self::So2),
            No2 => Some(Self::No2),
            Co => Some(Self::Co),
            Nh3 | Hno3 | SoaPrecursor | Tracer => None,
        }
    }
}

/// How far up a factor at the ground holds: fully up to the mixing height, falling off above it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VerticalReach {
    /// Least depth [m] where mixing is shallower than the lowest layers resolve.
    pub least_depth_m: f32,
    /// Height [m] above it over which the increment falls to 1/e.
    pub decay_m: f32,
}

impl VerticalReach {
    /// Weight of the increment at height `z` [m] over air mixed up to `mixing_height` [m], 0 ..= 1.
    pub fn weight(&self, z: f32, mixing_height: f32) -> f32 {
        let above = z - mixing_height.max(self.least_depth_m);
        if above <= 0.0 { 1.0 } else { (-above / self.decay_m).exp() }
    }
}

/// Makes the factors of an hour from the model's surface hours.
pub trait Analyst {
    /// Whether the hour that ends at `end` is analysed.
    fn plans(&self, end: DateTime<Utc>) -> bool;
    /// Natural logarithms of the factors at the ground `[component, y, x]` for the hour that ends at `end`, from the model's hourly means there
    /// in the standard's units; `None` where nothing can be said.
    fn analyse(&self, grid: &Grid, end: DateTime<Utc>, background: &Concentrations<Array2<f32>>)
    -> Option<Array3<f32>>;
}

/// The analyses of a run on one grid: hour of the run, and `ln factor [component, y, x]` at the ground.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GridAnalyses {
    pub hours: Vec<(u32, Array3<f32>)>,
}

/// The analyses of a run, with those of the grid around it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Analyses {
    pub grid: GridAnalyses,
    pub outer: Option<Box<Analyses>>,
}

impl GridAnalyses {
    /// Without any correction yet, for the hours that `analyst` plans.
    pub(super) fn planned(analyst: &dyn Analyst, start: DateTime<Utc>, hours: u32, (ny, nx): (usize, usize)) -> Self {
        let end = |hour: u32| start + Duration::hours(i64::from(hour) + 1);
        let none = || Array3::zeros((Component::ALL.len(), ny, nx));
        Self { hours: (0..hours).filter(|h| analyst.plans(end(*h))).map(|h| (h, none())).collect() }
    }

    /// Of the hour `hour` of the run.
    pub fn at(&self, hour: u32) -> Option<&Array3<f32>> {
        self.hours.iter().find(|(h, _)| *h == hour).map(|(_, factors)| factors)
    }

    pub(super) fn at_mut(&mut self, hour: u32) -> Option<&mut Array3<f32>> {
        self.hours.iter_mut().find(|(h, _)| *h == hour).map(|(_, factors)| factors)
    }

    /// Adds all of them to a checkpoint.
    pub(super) fn save<'s>(&'s self, to: &mut Snapshot<'s>) {
        self.hours.iter().for_each(|(_, factors)| to.add(factors.view()));
    }

    /// Takes back what [`GridAnalyses::save`] added.
    pub(super) fn restore(&mut self, from: &mut Contents) {
        self.hours.iter_mut().for_each(|(_, factors)| from.take(factors.view_mut()));
    }
}

/// What a run does with analyses.
#[derive(Clone, Copy)]
pub enum Analysing<'a> {
    /// None are made.
    Off,
    /// They are made.
    Make(&'a dyn Analyst, VerticalReach),
    /// They are those of another run.
    Given(&'a GridAnalyses, VerticalReach),
}

/// Multiplies `fields` `[slot, z, y, x]` of `species` by the factors of an hour.
pub(super) fn multiply(
    fields: &mut Array4<f32>,
    species: &[Species],
    grid: &Grid,
    (factors, reach): (&Array3<f32>, VerticalReach),
    mixing_height: ArrayView2<f32>,
) {
    for (mut layers, species) in fields.axis_iter_mut(Axis(0)).zip(species) {
        let Some(component) = Component::of(*species) else { continue };
        let factors = factors.index_axis(Axis(0), component as usize);
        for (k, mut layer) in layers.axis_iter_mut(Axis(0)).enumerate() {
            let z = grid.vertical.centre_m(k) as f32;
            Zip::from(&mut layer).and(&factors).and(&mixing_height).for_each(|q, ln, h| {
                let ln = ln * reach.weight(z, *h);
                if ln != 0.0 {
                    *q *= ln.exp();
                }
            });
        }
    }
}
