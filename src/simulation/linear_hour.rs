//! One hour of the model without limiters and with the answers of a base run's equilibrium: linear in mixing ratios and emissions, forward and transposed.
//!
//! The recipe of [`super::step`], with the same steps, sub-steps, turns of order and air masses, which depend on the meteorology alone:
//!
//! ```text
//!   forward    q' = R D C H q  or  R D H C q       R chemistry, D horizontal diffusion, C columns, H horizontal transport
//!   backward   a  = H' C' D' R' a'  or  C' H' D' R' a'
//! ```

use super::carried::{CONVERSIONS, Carried, EQUILIBRIUM};
use super::driver::HourDriver;
use super::equilibrium_answers::AnswersOfHour;
use super::horizontal::HorizontalFluxes;
use super::horizontal_diffusion::HorizontalDiffusion;
use super::linear_columns::LinearColumns;
use super::linear_sweeps::LinearSweeps;
use super::step::{Turn, air_mass_at, chemistry_fractions, steps_per_hour};
use super::vectors::widest;
use super::washout::Washout;
use crate::chemistry::conversion_adjoint::{
    InorganicRow, convert, convert_transposed, decay, partition, partition_transposed,
};
use crate::chemistry::pm_lite::{Fractions, INORGANIC};
use crate::domain::grid::Grid;
use crate::physics::horizontal_diffusion_adjoint::{spread, spread_transposed};
use ndarray::{Array3, Array4, ArrayViewMut3, Axis};
use rayon::prelude::*;

/// What does not change from hour to hour.
pub(super) struct Ground<'a> {
    pub grid: &'a Grid,
    /// Cell areas [m2], `[y, x]`.
    pub area: &'a [f32],
    /// Weights of the edge values without limiters.
    pub edges: &'a [[f32; 4]],
    pub carried: &'a Carried,
}

/// Share converted in a step `[z, y, x]` from one slot to another.
struct Converted {
    from: usize,
    to: Option<usize>,
    ratio: f32,
    share: Vec<f32>,
}

/// The slots of the inorganic equilibrium, and its answers in the hour.
struct Partitioned<'a> {
    slots: [usize; 5],
    answers: &'a AnswersOfHour,
}

/// One hour.
pub(super) struct LinearHour<'a> {
    driver: &'a HourDriver,
    pub steps: usize,
    outflow: Array3<f32>,
    sweeps: LinearSweeps,
    columns: LinearColumns<'a>,
    diffusion: &'a HorizontalDiffusion,
    conversions: Vec<Converted>,
    partitioned: Option<Partitioned<'a>>,
    middle: Array3<f32>,
}

impl<'a> LinearHour<'a> {
    /// The hour of `driver`; without `answers` gas stays gas and particle particle.
    pub fn new(
        ground: &Ground<'a>,
        driver: &'a HourDriver,
        diffusion: &'a mut HorizontalDiffusion,
        answers: Option<&'a AnswersOfHour>,
    ) -> Self {
        let least = driver.least_air_mass();
        let steps = steps_per_hour(driver, &least);
        let dt = 3600.0 / steps as f32;
        diffusion.prepare(driver, &least, dt);
        let fluxes = HorizontalFluxes::new(driver.flux_x.view(), driver.flux_y.view(), least.view(), dt);
        let slots = &ground.carried.slots;
        Self {
            driver,
            steps,
            sweeps: LinearSweeps::new(driver, &fluxes, dt),
            outflow: fluxes.outflow,
            columns: LinearColumns {
                driver,
                edges: ground.edges,
                area: ground.area,
                depth_m: ground.grid.vertical.thickness_m(0) as f32,
                dt,
                slots,
                washout: Washout::new(driver, slots, dt),
            },
            diffusion,
            conversions: conversions(ground, driver, dt),
            partitioned: answers.and_then(|answers| partitioned(ground.carried, answers)),
            middle: least,
        }
    }

    /// Takes sensitivities `a` `[slot, z, y, x]` from after `step` (1 ..= steps) to before it; `before` steps went before it since the start of the run. Adds
    /// that to the mass emitted in the step `[slot, layer, y, x]` to `to_emitted`.
    pub fn transposed(&mut self, a: &mut Array4<f32>, to_emitted: &mut Array4<f32>, step: usize, before: u64) {
        let turn = Turn::of(before);
        let (start, end) = self.air(step);
        self.react(a, true);
        self.diffuse(a, &end, true);
        if turn.horizontal_first {
            self.sweeps.follow_air(&start, turn.y_first, &mut self.middle);
            self.columns.transposed(a, &self.middle, &end, to_emitted);
            self.sweeps.transposed(a, turn.y_first);
        } else {
            let before_sweeps = &end + &self.outflow;
            self.sweeps.follow_air(&before_sweeps, turn.y_first, &mut self.middle);
            self.sweeps.transposed(a, turn.y_first);
            self.columns.transposed(a, &start, &before_sweeps, to_emitted);
        }
    }

    /// Moves mixing ratios `q` by the same step, with `emitted` [kg] in it.
    pub fn forward(&mut self, q: &mut Array4<f32>, emitted: &Array4<f32>, step: usize, before: u64) {
        let turn = Turn::of(before);
        let (start, end) = self.air(step);
        if turn.horizontal_first {
            self.sweeps.follow_air(&start, turn.y_first, &mut self.middle);
            self.sweeps.forward(q, turn.y_first);
            self.columns.forward(q, &self.middle, &end, emitted);
        } else {
            let before_sweeps = &end + &self.outflow;
            self.columns.forward(q, &start, &before_sweeps, emitted);
            self.sweeps.follow_air(&before_sweeps, turn.y_first, &mut self.middle);
            self.sweeps.forward(q, turn.y_first);
        }
        self.diffuse(q, &end, false);
        self.react(q, false);
    }

    /// Horizontal diffusion in air of `mass` [kg].
    fn diffuse(&self, field: &mut Array4<f32>, mass: &Array3<f32>, transposed: bool) {
        let (_, nz, ny, nx) = field.dim();
        let cells = ny * nx;
        let mass = mass.as_slice().expect("air mass is contiguous");
        let slabs = field.as_slice_mut().expect("fields are contiguous").par_chunks_mut(cells).enumerate();
        slabs.for_each_init(
            || [vec![0.0; cells], vec![0.0; cells]],
            |[work, per_mass], (i, slab)| {
                let z = i % nz;
                let (mass, exchange) = (&mass[z * cells..(z + 1) * cells], self.diffusion.exchange(z));
                if transposed {
                    widest(
                        #[inline(always)]
                        || spread_transposed(slab, mass, exchange, nx, work, per_mass),
                    );
                } else {
                    widest(
                        #[inline(always)]
                        || spread(slab, mass, exchange, nx, work),
                    );
                }
            },
        );
    }

    /// Air mass before and after a step [kg].
    fn air(&self, step: usize) -> (Array3<f32>, Array3<f32>) {
        (air_mass_at(self.driver, step - 1, self.steps), air_mass_at(self.driver, step, self.steps))
    }

    fn react(&self, field: &mut Array4<f32>, transposed: bool) {
        if self.conversions.is_empty() && self.partitioned.is_none() {
            return;
        }
        let cells = field.dim().2 * field.dim().3;
        field.axis_iter_mut(Axis(1)).into_par_iter().enumerate().for_each(|(z, mut layer)| {
            if let Some(p) = self.partitioned.as_ref().filter(|_| transposed) {
                p.apply(&mut layer, z * cells, true);
            }
            for c in &self.conversions {
                let share = &c.share[z * cells..(z + 1) * cells];
                match (c.to, transposed) {
                    (None, _) => decay(slab(&mut layer, c.from), share),
                    (Some(to), true) => {
                        pair(&mut layer, c.from, to, |from, to| convert_transposed(from, to, share, c.ratio));
                    }
                    (Some(to), false) => pair(&mut layer, c.from, to, |from, to| convert(from, to, share, c.ratio)),
                }
            }
            if let Some(p) = self.partitioned.as_ref().filter(|_| !transposed) {
                p.apply(&mut layer, z * cells, false);
            }
        });
    }
}

impl Partitioned<'_> {
    /// Shares out a layer whose first cell is `first` of the grid.
    fn apply(&self, layer: &mut ArrayViewMut3<f32>, first: usize, transposed: bool) {
        let mut slabs: Vec<Option<&mut [f32]>> =
            layer.outer_iter_mut().map(|s| Some(s.into_slice().expect("a slab is contiguous"))).collect();
        let [sulfate, ammonia, ammonium, nitric_acid, nitrate] =
            self.slots.map(|slot| slabs[slot].take().expect("each slot once"));
        let mut row = InorganicRow { sulfate, ammonia, ammonium, nitric_acid, nitrate };
        let answer = |i: usize| self.answers.of(first + i);
        if transposed {
            partition_transposed(&mut row, answer, &INORGANIC);
        } else {
            partition(&mut row, answer, &INORGANIC);
        }
    }
}

fn slab<'f>(layer: &'f mut ArrayViewMut3<f32>, slot: usize) -> &'f mut [f32] {
    layer.index_axis_mut(Axis(0), slot).into_slice().expect("a slab is contiguous")
}

/// Two slots of a layer at once.
fn pair(layer: &mut ArrayViewMut3<f32>, a: usize, b: usize, act: impl FnOnce(&mut [f32], &mut [f32])) {
    let (low, high) = (a.min(b), a.max(b));
    let (mut first, mut second) = layer.view_mut().split_at(Axis(0), high);
    let (low, high) = (slab(&mut first, low), slab(&mut second, 0));
    if a < b { act(low, high) } else { act(high, low) }
}

fn conversions(ground: &Ground, driver: &HourDriver, dt: f32) -> Vec<Converted> {
    let carried = ground.carried;
    if CONVERSIONS.iter().all(|c| carried.slot(c.from).is_none()) {
        return Vec::new();
    }
    let fractions = chemistry_fractions(driver, ground.grid, dt);
    let shares: [fn(&Fractions) -> f32; 3] = [|f| f.sulfur, |f| f.nitrogen, |f| f.organic];
    let all = CONVERSIONS.iter().zip(shares);
    all.filter_map(|(c, share_of)| {
        let from = carried.slot(c.from)?;
        let share = fractions.iter().map(share_of).collect();
        Some(Converted { from, to: carried.slot(c.to), ratio: c.ratio, share })
    })
    .collect()
}

fn partitioned<'a>(carried: &Carried, answers: &'a AnswersOfHour) -> Option<Partitioned<'a>> {
    let slots = EQUILIBRIUM.map(|s| carried.slot(s));
    // sulfate alone is not shared out
    slots.iter().all(Option::is_some).then(|| Partitioned { slots: slots.map(Option::unwrap_or_default), answers })
}
