//! Vertical advection without limiters: the weights of the face values for the sweep of [`super::advection_adjoint`].
//!
//! The parabola of a layer with lower and upper edge values `l`, `r` and mean `q`, integrated over the share `c` of the layer that leaves:
//!
//! ```text
//!   upward:    f = (1-c)^2 r - c (1-c) l + c (3-2c) q        downward:  l and r change places
//! ```
//!
//! and the edge values are weighted sums of four layers, which depend on the layers' thickness alone. The lowest and the highest layer are flat, as the
//! monotone parabola always makes them: their ground and top have the value of the layer. Rows are padded by
//! [`HALO`](super::advection_adjoint::HALO) rows below and above.
//!
//! # Reference
//! Colella & Woodward 1984, J. Comput. Phys. 54, 174-201, eq. 1.6, 1.7 and 1.12.

use super::Real;
use super::advection_adjoint::{HALO, Sweep};

/// Sets `sweep` to one sub-step of vertical advection: rows of air `mass` [kg] > 0 and of `flux` [kg] through lower faces, upward positive, both
/// `[z + 2 HALO][x]`; `edge` holds the weights of layers `k-2 ..= k+1` in the value at interface `k`, from the ground to the top.
///
/// Nothing passes the ground; air that enters through the top brings what does not depend on the column.
#[inline(always)]
pub fn set_sweep(sweep: &mut Sweep, mass: &[Real], flux: &[Real], edge: &[[Real; 4]], width: usize) {
    sweep.set_flow(mass, flux, width);
    let top = edge.len() - 1;
    for k in 0..=top {
        let above = edge.get(k + 1).filter(|_| k > 0);
        let upward = match k {
            0 => NOTHING,
            1 => [unit(2); 3],
            _ => [spread(&edge[k - 1], 0), spread(&edge[k], 1), unit(2)],
        };
        let downward = match above {
            None => NOTHING,
            Some(_) if k + 1 == top => [unit(3); 3],
            Some(above) => [spread(&edge[k], 1), spread(above, 2), unit(3)],
        };
        let row = (k + HALO) * width;
        let (below, here, flux) = (&mass[row - width..][..width], &mass[row..][..width], &flux[row..][..width]);
        for (o, weight) in sweep.weight.iter_mut().enumerate() {
            let weight = &mut weight[row..][..width];
            let ([ul, ur, uq], [dl, dr, dq]) = (upward.map(|w| w[o]), downward.map(|w| w[o]));
            for x in 0..width {
                let up = flux[x] >= 0.0;
                let c = flux[x].abs() / if up { below[x] } else { here[x] };
                let (near, far, mean) = ((1.0 - c) * (1.0 - c), c * (c - 1.0), c * (3.0 - 2.0 * c));
                let (rising, sinking) = (far * ul + near * ur + mean * uq, near * dl + far * dr + mean * dq);
                weight[x] = if up { rising } else { sinking };
            }
        }
    }
}

const NOTHING: [[Real; 6]; 3] = [[0.0; 6]; 3];

/// The weights of an edge among those of a face, from offset `first - 3`.
fn spread(edge: &[Real; 4], first: usize) -> [Real; 6] {
    let mut out = [0.0; 6];
    out[first..first + 4].copy_from_slice(edge);
    out
}

fn unit(at: usize) -> [Real; 6] {
    let mut out = [0.0; 6];
    out[at] = 1.0;
    out
}

#[cfg(test)]
mod tests {
    use super::super::advection_adjoint::HALO_MASS;
    use super::super::vertical_advection::LayerCoefficients;
    use super::*;

    /// On unequal layers a parabola moves exactly: its layer means after the wind are those of the moved parabola, away from ground and top.
    #[test]
    fn a_parabola_rises_and_sinks_exactly() {
        let thickness: Vec<f64> = (0..14).map(|k| 1.0 + 0.4 * f64::from(k % 3) + 0.1 * f64::from(k)).collect();
        let edges: Vec<[Real; 4]> =
            LayerCoefficients::new(&thickness).unlimited_edges().iter().map(|e| e.map(|w| w as Real)).collect();
        let bottoms: Vec<f64> = (0..=14).map(|k| thickness[..k].iter().sum()).collect();
        let mean = |k: usize, moved: f64| {
            let primitive = |z: f64| z + 0.1 * z.powi(2) / 2.0 - 0.02 * z.powi(3) / 3.0;
            (primitive(bottoms[k + 1] - moved) - primitive(bottoms[k] - moved)) / thickness[k]
        };
        for moved in [0.35, -0.35] {
            let n = 14 + 2 * HALO;
            let (mut mass, mut flux, mut q) = (vec![HALO_MASS; n], vec![0.0; n], vec![0.0; n]);
            for k in 0..14 {
                (mass[k + HALO], q[k + HALO]) = (thickness[k] as Real, mean(k, 0.0) as Real);
            }
            flux[HALO + 1..=HALO + 14].fill(moved as Real);
            let mut sweep = Sweep::new(n);
            set_sweep(&mut sweep, &mass, &flux, &edges, 1);
            sweep.forward(&mut q, &mut vec![0.0; n]);
            for k in 3..11 {
                let (found, exact) = (f64::from(q[k + HALO]), mean(k, moved));
                assert!((found - exact).abs() < 3e-6, "layer {k}: {found} {exact}");
            }
        }
    }
}
