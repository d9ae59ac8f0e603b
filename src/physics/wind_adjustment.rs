//! Winds of a provider's terrain brought over the model's own: variational mass-consistent adjustment.
//!
//! In layers that follow the terrain, the air flux `W` through an interface is that of the vertical wind against the rising ground,
//! `W = rho A (w - u . grad h)`. Over the provider's terrain `h0` it follows from the provider's horizontal fluxes by continuity. The model's
//! terrain is higher by `relief = h - h0`; keeping the provider's `u` and `w` there gives
//!
//! ```text
//!   W' = W - S,   S = rho A u . grad relief     inside and at the top
//!   W' = W = 0                                  at the ground
//! ```
//!
//! which does not close: `D = div F + dW'/dk + dM/dt = -dS/dk`, with `S = 0` at the ground. The fluxes nearest to it that do close minimise
//!
//! ```text
//!   sum over faces  (F* - F)^2 / g  +  sum over interfaces  (W* - W')^2 / g_w        subject to  div F* + dW*/dk + dM/dt = 0
//!   g = rho dz L^2 / A [kg m-1 L-1 per face],  g_w = alpha^2 rho A / dz
//! ```
//!
//! that is, the mass-weighted squared changes of u, v and of the wind through the layers with the precision moduli of Sherman, where
//! `alpha = alpha_h / alpha_v`: 1 gives potential flow, less makes vertical motion dear and sends the air around. With the multiplier `lambda`
//! [m2 s-1]: `F* = F + g (lambda_beyond - lambda_before)`, `W*` likewise, and `div (g grad lambda) = -D`. The ground is closed, the flow through
//! the top is prescribed (the provider's `w` there), the sides are open (`lambda = 0`). Where `relief` is flat nothing changes.
//!
//! **Why no cross terms:** departures are measured along the layers, which differs from the horizontal by the square of the slope.
//!
//! The equation is solved by conjugate gradients; the preconditioner is the same operator with mean metric terms, inverted by sines along x and
//! y and a tridiagonal solve in each column, so thin layers cost no iterations.
//!
//! # Reference
//! Sherman 1978, J. Appl. Meteorol. 17, 312, eq. 1-8 (functional, multiplier, open sides); Ratto et al. 1994, Environ. Softw. 9, 247 (review);
//! Ross et al. 1988, J. Appl. Meteorol. 27, 785 (alpha by Froude number).

mod mean_metric;

use mean_metric::{ColumnInverse, MeanMetric};

/// Largest relative residual that the solver leaves.
const TOLERANCE: f64 = 1e-6;
/// Iterations after which it gives up: the fluxes then stay as they were.
const MOST_ITERATIONS: usize = 100;
/// Smallest alpha: air at the foot of a slope spreads over a tenth of the horizontal scale, not over the lowest layer alone.
const SMALLEST_ALPHA: f64 = 0.1;

/// Size of the divergence of a flow.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Divergence {
    /// Root mean square over the cells, and largest absolute value [s-1].
    pub rms: f64,
    pub largest: f64,
    /// Largest absolute value of whole columns: what leaves through the top beyond the prescribed flow [s-1].
    pub largest_of_columns: f64,
}

/// What an adjustment did.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Adjustment {
    pub before: Divergence,
    /// After it, from the rounded fluxes.
    pub after: Divergence,
    /// Whether the solver gave up, so that nothing was changed.
    pub gave_up: bool,
    pub iterations: usize,
    /// Norm of the residual over that of the right-hand side.
    pub relative_residual: f64,
    /// Root mean square change of the horizontal wind of the lowest layer [m s-1].
    pub surface_wind_change_rms: f64,
}

/// Horizontal lattice and layers of the fluxes: slices `[y, x]` in metres.
#[derive(Debug, Clone, Copy)]
pub struct Lattice<'a> {
    pub nx: usize,
    pub ny: usize,
    /// Thickness of the layers, upward [m].
    pub thickness: &'a [f64],
    /// Cell areas `[y, x]` [m2].
    pub area: &'a [f32],
    /// Lengths of western faces `[y, x+1]` and southern faces `[y+1, x]` [m].
    pub west_face: &'a [f32],
    pub south_face: &'a [f32],
}

/// Ratio `alpha_h / alpha_v` between two layers: `alpha = Fr = U / (N h)`, within 0.1 ..= 1; 1 where the air is not stable.
///
/// Air that has the kinetic energy to pass the relief (`Fr >= 1`, the dividing streamline at its foot) flows as potential flow, slower air the
/// more around it. The published fits of alpha to Fr differ; the straight line between their ends is this model's choice.
///
/// * `wind` [m s-1], 0 .. 150: mean speed at the interface
/// * `stability` [s-2]: N^2
/// * `height` [m]: from the foot to the top of the relief
///
/// # Reference
/// Sheppard 1956, Q. J. R. Meteorol. Soc. 82, 528 (dividing streamline); Ross et al. 1988 (alpha falls with Fr).
pub fn alpha(wind: f64, stability: f64, height: f64) -> f64 {
    let resisted = stability.max(0.0).sqrt() * height;
    if wind >= resisted { 1.0 } else { (wind / resisted).max(SMALLEST_ALPHA) }
}

/// The solver for one lattice.
#[derive(Debug, Clone)]
pub struct Adjuster {
    nx: usize,
    ny: usize,
    thickness: Vec<f64>,
    area: Vec<f64>,
    /// `L^2 / A` of western faces `[y, x+1]` and southern faces `[y+1, x]`; twice that at the sides, where half a cell is between.
    across_x: Vec<f64>,
    across_y: Vec<f64>,
    mean: MeanMetric,
}

/// Weights of one hour.
struct Weights {
    /// `rho dz` of each layer [kg m-2].
    layer: Vec<f64>,
    /// `alpha^2 rho / dz` at each inner interface [kg m-4].
    interface: Vec<f64>,
}

impl Adjuster {
    /// For one lattice of at least 2 x 2 cells and two layers.
    pub fn new(lattice: &Lattice) -> Self {
        let (nx, ny) = (lattice.nx, lattice.ny);
        let area: Vec<f64> = lattice.area.iter().map(|&a| f64::from(a)).collect();
        let across = |length: f32, before: Option<usize>, beyond: Option<usize>| {
            let square = f64::from(length).powi(2);
            match (before, beyond) {
                (Some(a), Some(b)) => 2.0 * square / (area[a] + area[b]),
                (Some(c), None) | (None, Some(c)) => 2.0 * square / area[c],
                (None, None) => 0.0,
            }
        };
        let mut across_x = Vec::with_capacity((nx + 1) * ny);
        for y in 0..ny {
            for x in 0..=nx {
                let (before, beyond) = ((x > 0).then(|| y * nx + x - 1), (x < nx).then(|| y * nx + x));
                across_x.push(across(lattice.west_face[y * (nx + 1) + x], before, beyond));
            }
        }
        let mut across_y = Vec::with_capacity(nx * (ny + 1));
        for y in 0..=ny {
            for x in 0..nx {
                let (before, beyond) = ((y > 0).then(|| (y - 1) * nx + x), (y < ny).then(|| y * nx + x));
                across_y.push(across(lattice.south_face[y * nx + x], before, beyond));
            }
        }
        // the faces at the sides count half
        let mean_x = across_x.iter().sum::<f64>() / ((nx + 3) * ny) as f64;
        let mean_y = across_y.iter().sum::<f64>() / (nx * (ny + 3)) as f64;
        let mean_area = area.iter().sum::<f64>() / area.len() as f64;
        let mean = MeanMetric::new((nx, mean_x), (ny, mean_y), mean_area);
        Self { nx, ny, thickness: lattice.thickness.to_vec(), area, across_x, across_y, mean }
    }

    /// Brings the fluxes through western faces `[z, y, x+1]` and southern faces `[z, y+1, x]` [kg s-1] over the model's terrain; where the solver
    /// does not converge they keep every bit.
    ///
    /// * `relief` `[y, x]` [m], -5000 ..= 5000: the model's terrain above the provider's
    /// * `density` [kg m-3]: mean of each layer
    /// * `alpha`, above 0 ..= 1: at each inner interface, upward; see [`alpha`]
    pub fn adjust(
        &self,
        flux_x: &mut [f32],
        flux_y: &mut [f32],
        relief: &[f32],
        density: &[f64],
        alpha: &[f64],
    ) -> Adjustment {
        let nz = self.thickness.len();
        let weights = Weights {
            layer: self.thickness.iter().zip(density).map(|(dz, rho)| rho * dz).collect(),
            interface: (0..nz - 1)
                .map(|k| {
                    let depth = 0.5 * (self.thickness[k] + self.thickness[k + 1]);
                    alpha[k].powi(2) * 0.5 * (density[k] + density[k + 1]) / depth
                })
                .collect(),
        };
        let rising = self.rising(flux_x, flux_y, relief);
        let mut divergence = vec![0.0; nz * self.area.len()];
        self.vertical_divergence(&rising, &mut divergence);
        let mut result = Adjustment { before: self.size(&divergence, &weights), ..Adjustment::default() };
        if divergence.iter().all(|d| *d == 0.0) {
            return result;
        }
        let mut lambda = vec![0.0; divergence.len()];
        (result.iterations, result.relative_residual) = self.solve(&weights, &divergence, &mut lambda);
        if result.relative_residual.is_nan() || result.relative_residual > TOLERANCE {
            return Adjustment { after: result.before, gave_up: true, ..result };
        }
        result.surface_wind_change_rms = self.change(&weights, &lambda, flux_x, flux_y, &mut divergence);
        self.vertical_change(&weights, &lambda, &mut divergence);
        result.after = self.size(&divergence, &weights);
        result
    }

    /// `S` at the interfaces above the ground `[z, y, x]`, the top last [kg s-1]: the mean over the two faces of each direction of flux times
    /// step of the relief, taken to the interfaces and the top by straight lines.
    fn rising(&self, flux_x: &[f32], flux_y: &[f32], relief: &[f32]) -> Vec<f64> {
        let (nx, ny, cells) = (self.nx, self.ny, self.area.len());
        let mut rising = vec![0.0f64; self.thickness.len() * cells];
        let step = |a: usize, b: usize| f64::from(relief[b]) - f64::from(relief[a]);
        for (k, layer) in rising.chunks_exact_mut(cells).enumerate() {
            let half = 0.5 / self.thickness[k];
            for y in 0..ny {
                for x in 1..nx {
                    let (before, beyond) = (y * nx + x - 1, y * nx + x);
                    let s = half * f64::from(flux_x[(k * ny + y) * (nx + 1) + x]) * step(before, beyond);
                    layer[before] += s;
                    layer[beyond] += s;
                }
            }
            for y in 1..ny {
                for x in 0..nx {
                    let (before, beyond) = ((y - 1) * nx + x, y * nx + x);
                    let s = half * f64::from(flux_y[(k * (ny + 1) + y) * nx + x]) * step(before, beyond);
                    layer[before] += s;
                    layer[beyond] += s;
                }
            }
        }
        let top = self.thickness.len() - 1;
        let share = |k: usize| self.thickness[k] / (self.thickness[k] + self.thickness[k + 1]);
        let beyond = self.thickness[top] / (self.thickness[top] + self.thickness[top - 1]);
        let below_top = rising[(top - 1) * cells..top * cells].to_vec();
        for k in 0..top {
            for c in k * cells..(k + 1) * cells {
                rising[c] += share(k) * (rising[c + cells] - rising[c]);
            }
        }
        for (s, below) in rising[top * cells..].iter_mut().zip(&below_top) {
            *s += beyond * (*s - below);
        }
        rising
    }

    /// Adds `-dS/dk`, with `S = 0` at the ground.
    fn vertical_divergence(&self, rising: &[f64], divergence: &mut [f64]) {
        let cells = self.area.len();
        for (c, s) in rising.iter().enumerate() {
            divergence[c] -= s;
            if c + cells < divergence.len() {
                divergence[c + cells] += s;
            }
        }
    }

    /// `-div (g grad lambda)`, positive definite.
    fn operator(&self, weights: &Weights, lambda: &[f64], out: &mut [f64]) {
        let (nx, ny, cells) = (self.nx, self.ny, self.area.len());
        for (k, &layer) in weights.layer.iter().enumerate() {
            let at = |y: usize| k * cells + y * nx..k * cells + (y + 1) * nx;
            for y in 0..ny {
                let (here, out) = (&lambda[at(y)], &mut out[at(y)]);
                let gx = &self.across_x[y * (nx + 1)..(y + 1) * (nx + 1)];
                out[0] = gx[0] * here[0];
                out[nx - 1] = gx[nx] * here[nx - 1];
                for x in 1..nx - 1 {
                    out[x] = gx[x] * (here[x] - here[x - 1]) + gx[x + 1] * (here[x] - here[x + 1]);
                }
                out[0] += gx[1] * (here[0] - here[1]);
                out[nx - 1] += gx[nx - 1] * (here[nx - 1] - here[nx - 2]);
                let (south, north) = (&self.across_y[y * nx..(y + 1) * nx], &self.across_y[(y + 1) * nx..(y + 2) * nx]);
                add_beyond(out, south, here, (y > 0).then(|| &lambda[at(y.max(1) - 1)]));
                add_beyond(out, north, here, (y + 1 < ny).then(|| &lambda[at((y + 1).min(ny - 1))]));
                out.iter_mut().for_each(|o| *o *= layer);
                let area = &self.area[y * nx..(y + 1) * nx];
                if k > 0 {
                    let below = &lambda[(k - 1) * cells + y * nx..][..nx];
                    let t = weights.interface[k - 1];
                    for x in 0..nx {
                        out[x] += t * area[x] * (here[x] - below[x]);
                    }
                }
                if let Some(&t) = weights.interface.get(k) {
                    let above = &lambda[(k + 1) * cells + y * nx..][..nx];
                    for x in 0..nx {
                        out[x] += t * area[x] * (here[x] - above[x]);
                    }
                }
            }
        }
    }

    /// Conjugate gradients for `operator(lambda) = right`; returns iterations and the relative residual reached.
    fn solve(&self, weights: &Weights, right: &[f64], lambda: &mut [f64]) -> (usize, f64) {
        let norm = dot(right, right).sqrt();
        let inverse = ColumnInverse::new(&self.mean, &weights.layer, &weights.interface);
        let mut buffers = (vec![0.0f32; right.len()], vec![0.0f32; right.len()]);
        let mut residual = right.to_vec();
        let mut preconditioned = vec![0.0; right.len()];
        self.mean.invert(&inverse, &residual, &mut preconditioned, &mut buffers);
        let mut direction = preconditioned.clone();
        let mut applied = vec![0.0; right.len()];
        let mut slope = dot(&residual, &preconditioned);
        let mut relative = 1.0;
        for iteration in 1..=MOST_ITERATIONS {
            self.operator(weights, &direction, &mut applied);
            let length = slope / dot(&direction, &applied);
            for (((l, r), d), a) in lambda.iter_mut().zip(&mut residual).zip(&direction).zip(&applied) {
                *l += length * d;
                *r -= length * a;
            }
            relative = dot(&residual, &residual).sqrt() / norm;
            if relative <= TOLERANCE {
                return (iteration, relative);
            }
            self.mean.invert(&inverse, &residual, &mut preconditioned, &mut buffers);
            let next = dot(&residual, &preconditioned);
            let turn = next / slope;
            slope = next;
            direction.iter_mut().zip(&preconditioned).for_each(|(d, z)| *d = z + turn * *d);
        }
        (MOST_ITERATIONS, relative)
    }

    /// Adds the horizontal changes to the fluxes, and the divergence of what the rounded fluxes changed by; returns the rms change
    /// of the wind of the lowest layer.
    fn change(
        &self,
        weights: &Weights,
        lambda: &[f64],
        flux_x: &mut [f32],
        flux_y: &mut [f32],
        divergence: &mut [f64],
    ) -> f64 {
        let (nx, ny, cells) = (self.nx, self.ny, self.area.len());
        let mut energy = 0.0;
        for (k, &layer) in weights.layer.iter().enumerate() {
            let mut face = |flux: &mut f32, across: f64, before: Option<usize>, beyond: Option<usize>| {
                let value = |c: Option<usize>| c.map_or(0.0, |c| lambda[k * cells + c]);
                let old = *flux;
                *flux = (f64::from(old) + layer * across * (value(beyond) - value(before))) as f32;
                let change = f64::from(*flux) - f64::from(old);
                before.into_iter().for_each(|c| divergence[k * cells + c] += change);
                beyond.into_iter().for_each(|c| divergence[k * cells + c] -= change);
                // (u* - u)^2 rho dz A = (F* - F)^2 / g
                energy += if k == 0 { change * change / (layer * across) } else { 0.0 };
            };
            for y in 0..ny {
                for x in 0..=nx {
                    let (before, beyond) = ((x > 0).then(|| y * nx + x - 1), (x < nx).then(|| y * nx + x));
                    let at = y * (nx + 1) + x;
                    face(&mut flux_x[k * ny * (nx + 1) + at], self.across_x[at], before, beyond);
                }
            }
            for y in 0..=ny {
                for x in 0..nx {
                    let (before, beyond) = ((y > 0).then(|| (y - 1) * nx + x), (y < ny).then(|| y * nx + x));
                    let at = y * nx + x;
                    face(&mut flux_y[k * (ny + 1) * nx + at], self.across_y[at], before, beyond);
                }
            }
        }
        (energy / (weights.layer[0] * self.area.iter().sum::<f64>())).sqrt()
    }

    /// Adds the divergence of the changes of `W` at the inner interfaces.
    fn vertical_change(&self, weights: &Weights, lambda: &[f64], divergence: &mut [f64]) {
        let cells = self.area.len();
        for (k, t) in weights.interface.iter().enumerate() {
            for (i, area) in self.area.iter().enumerate() {
                let c = k * cells + i;
                let change = t * area * (lambda[c + cells] - lambda[c]);
                divergence[c] += change;
                divergence[c + cells] -= change;
            }
        }
    }

    /// Size of a divergence [kg s-1] per mass of the cells.
    fn size(&self, divergence: &[f64], weights: &Weights) -> Divergence {
        let cells = self.area.len();
        let (mut squares, mut largest) = (0.0, 0.0f64);
        let mut columns = vec![0.0; cells];
        for (layer, kg_m2) in divergence.chunks_exact(cells).zip(&weights.layer) {
            for ((d, area), column) in layer.iter().zip(&self.area).zip(&mut columns) {
                let rate = d / (kg_m2 * area);
                squares += rate * rate;
                largest = largest.max(rate.abs());
                *column += d;
            }
        }
        let whole: f64 = weights.layer.iter().sum();
        let of_columns = columns.iter().zip(&self.area).map(|(d, area)| (d / (whole * area)).abs());
        Divergence {
            rms: (squares / divergence.len() as f64).sqrt(),
            largest,
            largest_of_columns: of_columns.fold(0.0, f64::max),
        }
    }
}

/// Adds the fluxes through the faces towards a neighbouring row; beyond the side `lambda = 0`.
fn add_beyond(out: &mut [f64], across: &[f64], here: &[f64], beyond: Option<&[f64]>) {
    match beyond {
        Some(beyond) => {
            for (((o, g), h), b) in out.iter_mut().zip(across).zip(here).zip(beyond) {
                *o += g * (h - b);
            }
        }
        None => {
            for ((o, g), h) in out.iter_mut().zip(across).zip(here) {
                *o += g * h;
            }
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for ((s, a), b) in sums.iter_mut().zip(a).zip(b) {
            *s += a * b;
        }
    }
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
#[expect(clippy::print_stdout, reason = "tests print their figures")]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    const RHO: f64 = 1.2;
    const WIND: f64 = 8.0;
    const LAYERS_M: [f64; 20] = [
        20.0, 30.0, 40.0, 60.0, 80.0, 100.0, 130.0, 160.0, 200.0, 250.0, 310.0, 380.0, 470.0, 580.0, 720.0, 890.0,
        1100.0, 1360.0, 1680.0, 2040.0,
    ];

    /// Square cells of a plane; at first air of one density with a wind of `WIND` along x.
    struct Plane {
        n: (usize, usize),
        cell: f64,
        thickness: Vec<f64>,
        density: Vec<f64>,
        wind: Vec<f64>,
        flux_x: Vec<f32>,
        flux_y: Vec<f32>,
    }

    impl Plane {
        fn new(n: (usize, usize), cell: f64, thickness: Vec<f64>) -> Self {
            let (nx, ny) = n;
            let nz = thickness.len();
            let mut plane = Self {
                n,
                cell,
                thickness,
                density: vec![RHO; nz],
                wind: vec![WIND; nz],
                flux_x: Vec::new(),
                flux_y: vec![0.0; nz * nx * (ny + 1)],
            };
            plane.blow();
            plane
        }

        /// Fluxes of the wind.
        fn blow(&mut self) {
            let faces = (self.n.0 + 1) * self.n.1;
            self.flux_x = (0..self.thickness.len())
                .flat_map(|k| vec![(self.wind[k] * self.face_kg_m(k)) as f32; faces])
                .collect();
        }

        fn face_kg_m(&self, k: usize) -> f64 {
            self.density[k] * self.cell * self.thickness[k]
        }

        fn adjust(&mut self, alpha: f64, relief: impl Fn(f64, f64) -> f64) -> Adjustment {
            let (nx, ny) = self.n;
            let (area, face) =
                (vec![(self.cell * self.cell) as f32; nx * ny], vec![self.cell as f32; (nx + 1) * (ny + 1)]);
            let lattice = Lattice {
                nx,
                ny,
                thickness: &self.thickness,
                area: &area,
                west_face: &face[..(nx + 1) * ny],
                south_face: &face[..nx * (ny + 1)],
            };
            let centre = |i: usize| (i as f64 + 0.5) * self.cell;
            let relief: Vec<f32> = (0..nx * ny).map(|c| relief(centre(c % nx), centre(c / nx)) as f32).collect();
            let alpha = vec![alpha; self.thickness.len() - 1];
            Adjuster::new(&lattice).adjust(&mut self.flux_x, &mut self.flux_y, &relief, &self.density, &alpha)
        }

        /// Change of wind at the western face (x, y) and at the southern face (x, y) of layer k [m s-1].
        fn change(&self, k: usize, y: usize, x: usize) -> (f64, f64) {
            let (nx, ny) = self.n;
            let face = self.face_kg_m(k);
            let u = f64::from(self.flux_x[(k * ny + y) * (nx + 1) + x]) / face - self.wind[k];
            (u, f64::from(self.flux_y[(k * (ny + 1) + y) * nx + x]) / face)
        }

        fn height(&self, k: usize) -> f64 {
            self.thickness[..k].iter().sum::<f64>() + 0.5 * self.thickness[k]
        }
    }

    #[test]
    fn a_flow_over_the_terrain_it_was_made_for_keeps_every_bit() {
        let mut plane = Plane::new((12, 10), 3000.0, LAYERS_M.to_vec());
        plane.flux_x.iter_mut().enumerate().for_each(|(i, f)| *f *= 1.0 + 0.3 * ((i * 7 % 11) as f32 - 5.0));
        let before = (plane.flux_x.clone(), plane.flux_y.clone());
        // a plateau that is higher everywhere is as flat as none
        for level in [0.0, 250.0] {
            assert_eq!(plane.adjust(0.4, |_, _| level), Adjustment::default());
            assert!(before.0.iter().zip(&plane.flux_x).all(|(a, b)| a.to_bits() == b.to_bits()));
            assert!(before.1.iter().zip(&plane.flux_y).all(|(a, b)| a.to_bits() == b.to_bits()));
        }
    }

    /// Low hills and hollows `-a cos(k x) sin(m y)` under a lid at `H`, in air of density exp(-z / h) and wind U exp(z / g) along x. Linear theory:
    /// the potential is f(z) sin(k x) sin(m y) with s^2 = k^2 + m^2 and
    /// alpha^2 (f'' - f' / h) - s^2 f = (1 / g - 1 / h) U a k exp(z / g),  f'(0) = U a k / alpha^2,  f'(H) = 0.
    struct LowHills {
        rise: [f64; 3],
        size: [f64; 3],
    }

    impl LowHills {
        fn new(alpha: f64, s: f64, slope: f64, (h, g, lid): (f64, f64, f64)) -> Self {
            let root = (1.0 / (h * h) + 4.0 * s * s / (alpha * alpha)).sqrt();
            let rise = [0.5 * (1.0 / h + root), 0.5 * (1.0 / h - root), 1.0 / g];
            let forced = (1.0 / g - 1.0 / h) * WIND * slope / (alpha * alpha * (1.0 / (g * g) - 1.0 / (h * g)) - s * s);
            // two conditions: r1 c1 + r2 c2 = at_ground, r1 c1 e1 + r2 c2 e2 = at_lid
            let at_ground = WIND * slope / (alpha * alpha) - forced / g;
            let at_lid = -forced / g * (lid / g).exp();
            let (e1, e2) = ((rise[0] * lid).exp(), (rise[1] * lid).exp());
            let first = (at_lid - e2 * at_ground) / (e1 - e2);
            Self { rise, size: [first / rise[0], (at_ground - first) / rise[1], forced] }
        }

        fn at(&self, z: f64) -> f64 {
            self.rise.iter().zip(&self.size).map(|(r, c)| c * (r * z).exp()).sum()
        }
    }

    #[test]
    fn low_hills_give_linear_potential_flow_at_second_order() {
        let error = |n: usize, alpha: f64| {
            let (side, lid, a, h, g) = (16_000.0, 4000.0, 1.0, 8000.0, 5000.0);
            let cell = side / n as f64;
            // layers that grow upward by a smooth law
            let edge = |i: usize| lid * (i as f64 / n as f64).powf(1.3);
            let mut plane = Plane::new((n, n), cell, (0..n).map(|i| edge(i + 1) - edge(i)).collect());
            plane.density = (0..n).map(|l| RHO * (-plane.height(l) / h).exp()).collect();
            plane.wind = (0..n).map(|l| WIND * (plane.height(l) / g).exp()).collect();
            plane.blow();
            let (k, m) = (2.0 * PI / side, PI / side);
            let hills = LowHills::new(alpha, k.hypot(m), a * k, (h, g, lid));
            let report = plane.adjust(alpha, |x, y| -a * (k * x).cos() * (m * y).sin());
            assert!(report.relative_residual <= TOLERANCE && report.iterations < 10, "{report:?}");
            let (mut difference, mut norm) = (0.0, 0.0);
            for l in 0..n {
                let f = hills.at(plane.height(l));
                for j in 0..n {
                    for i in 0..n {
                        let (face, centre) = (|i: usize| i as f64 * cell, |i: usize| (i as f64 + 0.5) * cell);
                        let u = k * f * (k * face(i)).cos() * (m * centre(j)).sin();
                        let v = m * f * (k * centre(i)).sin() * (m * face(j)).cos();
                        let found = plane.change(l, j, i);
                        difference += ((found.0 - u).powi(2) + (found.1 - v).powi(2)) * plane.thickness[l];
                        norm += (u * u + v * v) * plane.thickness[l];
                    }
                }
            }
            let at_ground = 0.5 * k.hypot(m) * hills.at(plane.height(0)).abs();
            (difference / norm).sqrt().max((report.surface_wind_change_rms / at_ground - 1.0).abs())
        };
        for alpha in [1.0, 0.4] {
            let errors = [error(12, alpha), error(24, alpha), error(48, alpha)];
            println!("alpha {alpha}: relative l2 of the wind change at 12, 24, 48 cells: {errors:.4?}");
            assert!((errors[0] / errors[1]).log2() > 1.8 && (errors[1] / errors[2]).log2() > 1.8, "{errors:?}");
            assert!(errors[2] < 0.01, "{errors:?}");
        }
    }

    /// A wind along y over the transposed relief is the transposed flow.
    #[test]
    fn both_directions_are_treated_alike() {
        let n = 14;
        let relief = |x: f64, y: f64| 100.0 * (x / 9000.0).sin() + 60.0 * (y / 5000.0 + x / 20_000.0).cos();
        let mut along_x = Plane::new((n, n), 3000.0, LAYERS_M.to_vec());
        let mut along_y = Plane::new((n, n), 3000.0, LAYERS_M.to_vec());
        let transposed = |flux: &[f32], (rows, width): (usize, usize)| -> Vec<f32> {
            flux.chunks(rows * width).flat_map(|l| (0..rows * width).map(|i| l[i % rows * width + i / rows])).collect()
        };
        along_y.flux_y = transposed(&along_x.flux_x, (n, n + 1));
        along_y.flux_x = transposed(&along_x.flux_y, (n + 1, n));
        along_x.adjust(0.5, relief);
        along_y.adjust(0.5, |x, y| relief(y, x));
        let largest = along_x.flux_x.iter().fold(0.0f32, |m, f| m.max(f.abs()));
        let (back_x, back_y) = (transposed(&along_y.flux_y, (n + 1, n)), transposed(&along_y.flux_x, (n, n + 1)));
        for (a, b) in along_x.flux_x.iter().chain(&along_x.flux_y).zip(back_x.iter().chain(&back_y)) {
            assert!((a - b).abs() < 1e-6 * largest, "{a} {b}");
        }
        assert!(along_x.flux_y.iter().any(|f| f.abs() > 1e-4 * largest));
    }

    /// Bell `a b^3 / (r^2 + b^2)^(3/2)` in a deep, wide flow; exact for a low hill: the potential -U a b^2 / alpha d(1/R)/dx with
    /// R^2 = r^2 + (z / alpha + b)^2, so at the ground u' = U a / (alpha b) at the top and less than zero up-wind beyond b / sqrt 2, and the
    /// wind parts up-wind of the hill: v' = -U a b^2 / alpha 3 x y / R^5.
    #[test]
    fn air_speeds_up_over_a_hill_and_parts_before_it_the_more_the_stabler() {
        let (n, cell, a, b) = (72, 500.0, 10.0, 3000.0f64);
        let middle = 0.5 * n as f64 * cell;
        let thickness: Vec<f64> = (0..24).map(|k| 60.0 * 1.19f64.powi(k)).collect();
        let mut parting = Vec::new();
        for alpha in [1.0, 0.5] {
            let mut plane = Plane::new((n, n), cell, thickness.clone());
            plane.adjust(alpha, |x, y| a * b.powi(3) / ((x - middle).hypot(y - middle).powi(2) + b * b).powf(1.5));
            let r = |x: f64, y: f64| (x * x + y * y + (plane.height(0) / alpha + b).powi(2)).sqrt();
            let at = |i: usize| i as f64 * cell - middle;
            let scale = WIND * a * b * b / alpha;
            let u = |x: f64, y: f64| -scale * (3.0 * x * x / r(x, y).powi(5) - r(x, y).powi(-3));
            let v = |x: f64, y: f64| -scale * 3.0 * x * y / r(x, y).powi(5);
            let half = 0.5 * cell;
            // faces at the top, on the flank, and up-wind
            for (i, j) in [(n / 2, n / 2), (n / 2, n / 2 + 6), (n / 2 - 8, n / 2)] {
                let (found, exact) = (plane.change(0, j, i).0, u(at(i), at(j) + half));
                println!("alpha {alpha}: u' at ({:.0}, {:.0}) m {found:.5}, exact {exact:.5}", at(i), at(j) + half);
                assert!((found - exact).abs() < 0.05 * WIND * a / (alpha * b), "{found} {exact}");
            }
            assert!(plane.change(0, n / 2, n / 2).0 > 0.0 && plane.change(0, n / 2, n / 2 - 8).0 < 0.0);
            let (i, j) = (n / 2 - 4, n / 2 + 4);
            let (found, exact) = (plane.change(0, j, i).1, v(at(i) + half, at(j)));
            println!("alpha {alpha}: v' up-wind and beside {found:.5}, exact {exact:.5}");
            assert!((found / exact - 1.0).abs() < 0.05, "{found} {exact}");
            // the mirror image on the other side
            let mirror = plane.change(0, n - j, i).1;
            assert!((found + mirror).abs() < 1e-3 * found.abs(), "{found} {mirror}");
            parting.push(found);
        }
        assert!(parting[1] > 1.8 * parting[0], "{parting:?}");
    }

    /// Sheared winds over rough terrain on a longitude-latitude grid with thin layers: all of the divergence goes, in few iterations. The top
    /// layers are still, so nothing may pass the top: every column's horizontal changes cancel.
    #[test]
    fn rough_terrain_and_thin_layers_close_to_rounding() {
        let (nx, ny, nz) = (132, 108, LAYERS_M.len());
        let noise = |i: usize| ((i * 2_654_435_761) % 1000) as f64 / 500.0 - 1.0;
        // 0.04 x 0.03 degrees around 43 N
        let width = |y: f64| 111_177.0 * 0.04 * (43.0 + 0.03 * (y - 54.0)).to_radians().cos();
        let height = 111_177.0 * 0.03;
        let area: Vec<f32> = (0..nx * ny).map(|c| (width((c / nx) as f64) * height) as f32).collect();
        let west_face = vec![height as f32; (nx + 1) * ny];
        let south_face: Vec<f32> = (0..nx * (ny + 1)).map(|c| width((c / nx) as f64 - 0.5) as f32).collect();
        let relief: Vec<f32> = (0..nx * ny)
            .map(|c| {
                let (x, y) = ((c % nx) as f64, (c / nx) as f64);
                (300.0 * (x / 7.0).sin() * (y / 5.0).cos() + 80.0 * noise(c)) as f32
            })
            .collect();
        let density: Vec<f64> = (0..nz).map(|k| 1.3 * (-(k as f64) / 15.0).exp()).collect();
        let alpha: Vec<f64> = (0..nz - 1).map(|k| (0.15 + 0.05 * k as f64).min(1.0)).collect();
        let wind = |k: usize| if k + 2 < nz { 2.0 + 0.9 * k as f64 } else { 0.0 };
        let face = |k: usize| density[k] * wind(k) * 4000.0 * LAYERS_M[k];
        let mut flux_x: Vec<f32> =
            (0..nz * ny * (nx + 1)).map(|i| (face(i / (ny * (nx + 1))) * (1.0 + 0.2 * noise(i))) as f32).collect();
        let mut flux_y: Vec<f32> =
            (0..nz * (ny + 1) * nx).map(|i| (face(i / ((ny + 1) * nx)) * 0.5 * noise(i + 77)) as f32).collect();
        let before = (flux_x.clone(), flux_y.clone());
        let lattice =
            Lattice { nx, ny, thickness: &LAYERS_M, area: &area, west_face: &west_face, south_face: &south_face };
        let adjuster = Adjuster::new(&lattice);
        let clock = std::time::Instant::now();
        let report = adjuster.adjust(&mut flux_x, &mut flux_y, &relief, &density, &alpha);
        println!("{:.3} s, {report:?}", clock.elapsed().as_secs_f64());
        assert!(report.iterations <= 5 && report.relative_residual <= TOLERANCE);
        assert!(report.before.largest > 1e-3, "{report:?}");
        assert!(report.after.rms < 1e-5 * report.before.rms && report.after.largest < 1e-5 * report.before.largest);
        assert!((0.05..5.0).contains(&report.surface_wind_change_rms));
        let mut column = vec![0.0; nx * ny];
        for (k, y, x) in (0..nz * ny * nx).map(|c| (c / (nx * ny), c / nx % ny, c % nx)) {
            let dx = |x: usize| {
                let i = (k * ny + y) * (nx + 1) + x;
                f64::from(flux_x[i]) - f64::from(before.0[i])
            };
            let dy = |y: usize| {
                let i = (k * (ny + 1) + y) * nx + x;
                f64::from(flux_y[i]) - f64::from(before.1[i])
            };
            column[y * nx + x] += dx(x + 1) - dx(x) + dy(y + 1) - dy(y);
        }
        let worst = column.iter().fold(0.0f64, |w, c| w.max(c.abs()));
        let flux = flux_x.iter().fold(0.0f64, |most, f| most.max(f64::from(f.abs())));
        assert!(worst < 1e-6 * flux, "{worst} of {flux}");
    }

    /// From 20 to 60 N cells narrow by half, far from the mean metric of the preconditioner: the search still ends soon.
    #[test]
    fn cells_of_very_unequal_width_take_some_more_iterations() {
        let (nx, ny, nz) = (30, 40, LAYERS_M.len());
        let width = |y: f64| 55_000.0 * (20.0 + y).to_radians().cos();
        let area: Vec<f32> = (0..nx * ny).map(|c| (width((c / nx) as f64) * 111_000.0) as f32).collect();
        let south_face: Vec<f32> = (0..nx * (ny + 1)).map(|c| width((c / nx) as f64 - 0.5) as f32).collect();
        let west_face = vec![111_000.0; (nx + 1) * ny];
        let lattice =
            Lattice { nx, ny, thickness: &LAYERS_M, area: &area, west_face: &west_face, south_face: &south_face };
        let relief: Vec<f32> =
            (0..nx * ny).map(|c| 300.0 * (0.7 * (c % nx) as f32).sin() * (0.4 * (c / nx) as f32).cos()).collect();
        let mut flux_x: Vec<f32> = (0..nz * ny * (nx + 1)).map(|i| 1e7 + (i % 97) as f32 * 1e5).collect();
        let mut flux_y = vec![5e6; nz * (ny + 1) * nx];
        let (density, alpha) = (vec![RHO; nz], vec![0.3; nz - 1]);
        let report = Adjuster::new(&lattice).adjust(&mut flux_x, &mut flux_y, &relief, &density, &alpha);
        println!("{report:?}");
        assert!(!report.gave_up && report.relative_residual <= TOLERANCE && report.iterations <= 9, "{report:?}");
    }

    /// Cells whose areas differ by a factor of a hundred million, at random: the preconditioner is of no use, and the fluxes keep every bit.
    #[test]
    fn a_flow_for_which_no_solution_is_found_is_left_alone() {
        let (nx, ny, nz) = (40, 30, LAYERS_M.len());
        let area: Vec<f32> = (0..nx * ny).map(|c| 10.0f32.powi(2 + (c * 7919 % 9) as i32)).collect();
        let (west_face, south_face) = (vec![3000.0; (nx + 1) * ny], vec![3000.0; nx * (ny + 1)]);
        let lattice =
            Lattice { nx, ny, thickness: &LAYERS_M, area: &area, west_face: &west_face, south_face: &south_face };
        let relief: Vec<f32> = (0..nx * ny).map(|c| 300.0 * (0.7 * (c % nx) as f32).sin()).collect();
        let before = (vec![1e7f32; nz * ny * (nx + 1)], vec![5e6f32; nz * (ny + 1) * nx]);
        let (mut flux_x, mut flux_y) = before.clone();
        let (density, alpha) = (vec![RHO; nz], vec![0.3; nz - 1]);
        let report = Adjuster::new(&lattice).adjust(&mut flux_x, &mut flux_y, &relief, &density, &alpha);
        println!("{report:?}");
        assert!(report.gave_up && report.iterations == MOST_ITERATIONS && report.relative_residual > TOLERANCE);
        assert!(report.before.largest > 0.0 && report.after == report.before && report.surface_wind_change_rms == 0.0);
        assert!((flux_x, flux_y) == before);
    }

    #[test]
    fn alpha_falls_from_potential_flow_to_flow_around() {
        // 10 m/s over 300 m: N = 0.01 resists 3 m/s
        assert_eq!(alpha(10.0, 1e-4, 300.0), 1.0);
        assert!((alpha(3.0, 4e-4, 300.0) - 0.5).abs() < 1e-12);
        assert_eq!(alpha(0.1, 4e-4, 600.0), SMALLEST_ALPHA);
        assert_eq!(alpha(2.0, -1e-4, 300.0), 1.0);
        assert_eq!(alpha(0.0, 0.0, 300.0), 1.0);
        assert_eq!(alpha(0.0, 1e-4, 300.0), SMALLEST_ALPHA);
    }
}
