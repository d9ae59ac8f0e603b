//! The linear scheme: the fifth-order flux of the model without limiting, by the kernels whose transpose gives influence.

use crate::physics::advection_adjoint::{HALO_MASS, Sweep, move_air};
use crate::simulation::linear_sweeps::Slab;
use ndarray::{Array3, Array4, ArrayView2, Axis};

/// Air through the faces of one padded layer in a step, and working space.
pub struct Unlimited {
    slab: Slab,
    flux_x: Vec<f32>,
    flux_y: Vec<f32>,
    sweep: Sweep,
    work: Vec<f32>,
}

impl Unlimited {
    /// From the air through western `[0, y, x+1]` and southern `[0, y+1, x]` faces, less than any cell holds.
    pub fn new(flux_x: &Array3<f32>, flux_y: &Array3<f32>) -> Self {
        let slab = Slab { nx: flux_y.dim().2, ny: flux_x.dim().1 };
        let padded = |flux: &Array3<f32>| filled(slab, flux.index_axis(Axis(0), 0), 0.0);
        let (flux_x, flux_y) = (padded(flux_x), padded(flux_y));
        let n = flux_x.len();
        Self { slab, flux_x, flux_y, sweep: Sweep::new(n), work: vec![0.0; n] }
    }

    /// Moves all species `[species, 0, y, x]` and the air `mass` `[0, y, x]`; what flows in through the sides is free of them.
    pub fn advance(&mut self, state: &mut Array4<f32>, mass: &mut Array3<f32>, y_first: bool) {
        let slab = self.slab;
        let (lines_along_x, lines_along_y) = ((slab.ny, slab.nx, slab.width(), 1), (slab.nx, slab.ny, 1, slab.width()));
        let mut air = filled(slab, mass.index_axis(Axis(0), 0), HALO_MASS);
        let mut tracers: Vec<Vec<f32>> =
            state.outer_iter().map(|field| filled(slab, field.index_axis(Axis(0), 0), 0.0)).collect();
        for along_y in [y_first, !y_first] {
            let flux = if along_y { &self.flux_y } else { &self.flux_x };
            let (lines, cells, next_line, s) = if along_y { lines_along_y } else { lines_along_x };
            self.sweep.set_flow(&air, flux, s);
            self.sweep.set_fifth_order(&air, flux, s);
            for line in 0..lines {
                let first = slab.start(0) + line * next_line;
                let last = first + cells * s;
                self.sweep.close_first(first, flux[first] > 0.0);
                self.sweep.close_last(last, flux[last] < 0.0);
            }
            tracers.iter_mut().for_each(|q| self.sweep.forward(q, &mut self.work));
            move_air(&mut air, flux, s);
        }
        for (q, mut field) in tracers.iter().zip(state.outer_iter_mut()) {
            slab.store(q, field.index_axis_mut(Axis(0), 0));
        }
        slab.store(&air, mass.index_axis_mut(Axis(0), 0));
    }
}

/// A padded slab of `field`, with `halo` beyond it.
fn filled(slab: Slab, field: ArrayView2<f32>, halo: f32) -> Vec<f32> {
    let mut padded = vec![halo; slab.len()];
    slab.load(field, &mut padded);
    padded
}
