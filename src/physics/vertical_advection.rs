//! Vertical advection: the piecewise parabolic method with bounded edge values on layers of unequal thickness, many columns at once.
//!
//! Rows are `[z][x]` slices with x contiguous; neighbouring columns stand side by side in vectors, each of which is taken from the ground to the top in
//! one go. The flux through each interface follows from discrete continuity ([`continuity_flux`]), so air mass closes exactly and a uniform
//! mixing ratio stays uniform.
//!
//! An edge value is a weighted sum of four layers, held between the two that it parts. The parabola of a layer of mean `q` with edge values `t` above
//! and `b` below is made monotone by medians, `t' = median(q, t, 3q - 2b)` and `b' = median(q, b, 3q - 2t)`. With `A = t' - q`, `B = q - b'` and the
//! share `c` of the layer that leaves, what leaves has the mean
//!
//! ```text
//!   upward:    q + (1-c)^2 A + c (1-c) B        downward:  q - (1-c)^2 B - c (1-c) A
//! ```
//!
//! The lowest and the highest layer are flat: their ground and top have the value of the layer.
//!
//! # Reference
//! Colella & Woodward 1984, eq. 1.6-1.12; bounded edge values: White & Adcroft 2008, J. Comput. Phys. 227, 7394; vertical flux from continuity: Hu,
//! Odman & Russell 2006, Atmos. Environ. 40, 4879 ("yamo").

use super::aligned::Aligned;
use super::lanes::{Lanes, lanes, lanes_mut, sum_of_products};
use pulp::{Arch, Scalar, Simd, WithSimd};
use std::cell::Cell;

/// Weights of the edge values, which depend on layer thickness only.
#[derive(Debug, Clone)]
pub struct LayerCoefficients {
    /// Of layers `k-2 ..= k+1` in the value at interface `k`, from the ground to the top.
    edge: Vec<[f32; 4]>,
    /// Of `q[k-1] - q[k-2]`, `q[k] - q[k-1]` and `q[k+1] - q[k]` in what the value at interface `k` is above `q[k-1]`.
    steps: Vec<[f32; 3]>,
}

impl LayerCoefficients {
    /// From layer thicknesses [m], at least two.
    pub fn new(thickness: &[f64]) -> Self {
        let n = thickness.len();
        let dz = |k: isize| thickness[k.clamp(0, n as isize - 1) as usize];
        // factors of the layer below, the layer itself and the layer above in its slope (CW84 eq. 1.7)
        let slope = |k: isize| {
            if k == 0 || k == n as isize - 1 {
                return [0.0; 3];
            }
            let (m, c, p) = (dz(k - 1), dz(k), dz(k + 1));
            let f = c / (m + c + p);
            let (up, down) = (f * (2.0 * m + c) / (p + c), f * (c + 2.0 * p) / (m + c));
            [-down, down - up, up]
        };
        // eq. 1.6
        let inner = (0..n as isize - 1).map(|k| {
            let (m, c, p, pp) = (dz(k - 1), dz(k), dz(k + 1), dz(k + 2));
            let (a, b) = ((m + c) / (2.0 * c + p), (pp + p) / (2.0 * p + c));
            let sum = m + c + p + pp;
            let jump = c / (c + p) + 2.0 * p * c / (c + p) * (a - b) / sum;
            let (upper, lower) = (-c * a / sum, p * b / sum);
            let (below, above) = (slope(k), slope(k + 1));
            [
                lower * below[0],
                1.0 - jump + lower * below[1] + upper * above[0],
                jump + lower * below[2] + upper * above[1],
                upper * above[2],
            ]
        });
        let edge: Vec<[f64; 4]> =
            std::iter::once([0.0, 0.0, 1.0, 0.0]).chain(inner).chain([[0.0, 1.0, 0.0, 0.0]]).collect();
        Self {
            edge: edge.iter().map(|w| w.map(|w| w as f32)).collect(),
            steps: edge.iter().map(|w| [-w[0], w[2] + w[3], w[3]].map(|w| w as f32)).collect(),
        }
    }

    /// Weights of layers `k-2 ..= k+1` in the value at interface `k` without limiters, from the ground to the top; ground and top have the value of
    /// their layer.
    pub fn unlimited_edges(&self) -> &[[f32; 4]] {
        &self.edge
    }
}

/// Air mass [kg] through each interface (`layers + 1` rows, upward positive) that turns `mass_now` into `mass_next`; the ground is closed, the
/// top takes what is left.
#[inline(always)]
pub fn continuity_flux(mass_now: &[f32], mass_next: &[f32], width: usize, flux: &mut [f32]) {
    flux[..width].fill(0.0);
    let rows = mass_now.chunks_exact(width).zip(mass_next.chunks_exact(width));
    for (k, (now, next)) in rows.enumerate() {
        let (below, above) = flux[k * width..(k + 2) * width].split_at_mut(width);
        for (((above, below), now), next) in above.iter_mut().zip(below).zip(now).zip(next) {
            *above = *below + (now - next);
        }
    }
}

/// Largest share of its mass, the lesser of `mass_now` and `mass_next`, that any cell loses through its interfaces.
#[inline(always)]
pub fn largest_outflow(mass_now: &[f32], mass_next: &[f32], flux: &[f32], width: usize) -> f32 {
    // the bits of numbers that are not negative are in the order of the numbers
    let mut most = 0;
    for (((below, above), now), next) in flux.iter().zip(&flux[width..]).zip(mass_now).zip(mass_next) {
        let down = if *below < 0.0 { -below } else { 0.0 };
        let up = if *above > 0.0 { *above } else { 0.0 };
        let mass = if now < next { now } else { next };
        most = most.max(((down + up) / mass).to_bits());
    }
    f32::from_bits(most)
}

/// What a sub-step of vertical motion needs to know of the air of rows `[z][x]`, the same for every species.
#[derive(Debug)]
pub struct Lift {
    /// `(1-c)^2` and `c (1-c)` at the lower face of each layer, with the sign of the flux; `c` is the share of the upwind layer that crosses.
    near: Aligned,
    far: Aligned,
    /// Air entering from below and leaving above, per mass of the layer afterwards.
    entering: Aligned,
    leaving: Aligned,
    /// Air mass that leaves and enters through the top [kg].
    out: Vec<f32>,
    entered: Vec<f32>,
}

impl Lift {
    /// Space for rows of `layers x width`.
    pub fn new(layers: usize, width: usize) -> Self {
        let rows = || Aligned::new(layers * width);
        let row = || vec![0.0; width];
        Self { near: rows(), far: rows(), entering: rows(), leaving: rows(), out: row(), entered: row() }
    }

    /// Takes the air of a sub-step, `share` of `flux` [kg]: `mass` [kg] becomes the mass after it.
    #[inline(always)]
    pub fn prepare(&mut self, mass: &mut [f32], flux: &[f32], share: f32, width: usize) {
        let n = mass.len();
        let (below, above) = (&mass[..n - width], &mass[width..]);
        let (near, far) = (&mut self.near[width..n], &mut self.far[width..n]);
        for ((((flux, below), above), near), far) in flux[width..n].iter().zip(below).zip(above).zip(near).zip(far) {
            let (crossing, below, above) = (flux * share, *below, *above);
            let courant = crossing.abs() / if crossing >= 0.0 { below } else { above };
            let stays = 1.0 - courant;
            *near = (stays * stays).copysign(crossing);
            *far = (courant * stays).copysign(crossing);
        }
        // two loops over few arrays, which vectorise
        let (entering, leaving) = (&mut self.entering[..n], &mut self.leaving[..n]);
        for (((mass, inverse), below), above) in mass.iter_mut().zip(&mut *leaving).zip(flux).zip(&flux[width..]) {
            *mass = *mass + share * below - share * above;
            *inverse = share / *mass;
        }
        for (((entering, leaving), below), above) in entering.iter_mut().zip(leaving).zip(flux).zip(&flux[width..]) {
            *entering = below * *leaving;
            *leaving *= above;
        }
        for ((out, entered), flux) in self.out.iter_mut().zip(&mut self.entered).zip(&flux[n..]) {
            let through = flux * share;
            (*out, *entered) = if through >= 0.0 { (through, 0.0) } else { (0.0, -through) };
        }
    }
}

/// One sub-step of vertical advection of rows `q` [z][x] >= 0, where what rounding left below zero counts as zero (the mass this adds is rounding and not
/// booked); `top` [x] is the mixing ratio of air that enters through the top. Returns tracer mass that left and entered through the top, [kg] if `q` is in
/// kg/kg.
#[inline(always)]
pub fn advance(q: &mut [f32], lift: &Lift, top: &[f32], width: usize, coefficients: &LayerCoefficients) -> (f64, f64) {
    Arch::new().dispatch(Advance { q, lift, top, width, steps: &coefficients.steps })
}

struct Advance<'a> {
    q: &'a mut [f32],
    lift: &'a Lift,
    top: &'a [f32],
    width: usize,
    steps: &'a [[f32; 3]],
}

impl WithSimd for Advance<'_> {
    type Output = (f64, f64);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> (f64, f64) {
        let highest = &self.q[self.q.len() - self.width..];
        let passed = (sum_of_products(&self.lift.out, highest), sum_of_products(&self.lift.entered, self.top));
        if self.width.is_multiple_of(S::F32_LANES) {
            self.rise(simd)
        } else {
            self.rise(Scalar)
        }
        passed
    }
}

impl Advance<'_> {
    #[inline(always)]
    fn rise<S: Simd>(self, simd: S) {
        let (step, steps) = (self.width / S::F32_LANES, self.steps);
        // layers are read three above the one that is written
        let q = Cell::from_mut(lanes_mut::<S>(self.q)).as_slice_of_cells();
        let (near, far) = (lanes::<S>(&self.lift.near), lanes::<S>(&self.lift.far));
        let (entering, leaving) = (lanes::<S>(&self.lift.entering), lanes::<S>(&self.lift.leaving));
        let air_above = lanes::<S>(self.top);
        let highest = q.len() - step;
        for v in 0..step {
            let third = q[(2 * step).min(highest) + v].get();
            let mut column = Ascent::new(simd, q[v].get(), q[step + v].get(), third, &steps[1]);
            let values = q[(3 * step).min(q.len())..].chunks_exact(step).zip(q.chunks_exact(step));
            let faces = near[step..].chunks_exact(step).zip(far[step..].chunks_exact(step));
            let air = entering.chunks_exact(step).zip(leaving.chunks_exact(step));
            for ((((beyond, to), (near, far)), (entering, leaving)), steps) in
                values.zip(faces).zip(air).zip(&steps[2..])
            {
                let air = [near[v], far[v], entering[v], leaving[v]];
                to[v].set(column.rise(beyond[v].get(), steps, air));
            }
            if highest > step {
                let here = highest - step + v;
                let below = here - step;
                let air = [near[here], far[here], entering[below], leaving[below]];
                let above = column.above.1;
                q[below].set(column.rise(above, &steps[steps.len() - 2], air));
            }
            let (here, below) = (highest + v, highest - step + v);
            q[below].set(column.leave(
                column.flat,
                column.flat,
                [near[here], far[here], entering[below], leaving[below]],
            ));
            // what leaves through the top has the sign of the flux
            let face = Lanes(simd, leaving[here]).by_sign(column.below, Lanes(simd, air_above[v]));
            q[here].set(column.value(face, [entering[here], leaving[here]]));
        }
    }
}

/// A vector of columns on the way up.
struct Ascent<S: Simd> {
    /// Neighbouring layers.
    below: Lanes<S>,
    here: Lanes<S>,
    above: Lanes<S>,
    /// `here - below`, `above - here`.
    step_below: Lanes<S>,
    step_above: Lanes<S>,
    /// Value at the edge between `below` and `here`.
    edge: Lanes<S>,
    /// `A` and `B` of the layer below.
    upper: Lanes<S>,
    lower: Lanes<S>,
    /// Mean of what crosses its lower face.
    face: Lanes<S>,
    /// Of a parabola that is flat.
    flat: Lanes<S>,
}

impl<S: Simd> Ascent<S> {
    /// With the second layer `here`, from the lowest three and the weights of the first inner edge.
    #[inline(always)]
    fn new(simd: S, below: S::f32s, here: S::f32s, above: S::f32s, weights: &[f32; 3]) -> Self {
        let below = Lanes(simd, below).positive();
        let (here, above) = (Lanes(simd, here).positive(), Lanes(simd, above).positive());
        let flat = Lanes::splat(simd, 0.0);
        let (step_below, step_above) = (here - below, above - here);
        let edge = bounded_edge(below, here, [flat, step_below, step_above], weights);
        Self { below, here, above, step_below, step_above, edge, upper: flat, lower: flat, face: below, flat }
    }

    /// Moves one layer up, with the value `beyond` of the layer that follows `above` and the weights of the edge between `here` and `above`; returns
    /// what [`Self::leave`] does.
    #[inline(always)]
    fn rise(&mut self, beyond: S::f32s, weights: &[f32; 3], air: [S::f32s; 4]) -> S::f32s {
        let (here, below) = (self.here, self.edge);
        let simd = here.0;
        let beyond = Lanes(simd, beyond).positive();
        let step_beyond = beyond - self.above;
        let above = bounded_edge(here, self.above, [self.step_below, self.step_above, step_beyond], weights);
        let (thrice, minus_two) = (Lanes::splat(simd, 3.0) * here, Lanes::splat(simd, -2.0));
        let upper = median(here, above, minus_two.mul_add(below, thrice)) - here;
        let lower = here - median(here, below, minus_two.mul_add(above, thrice));
        let value = self.leave(upper, lower, air);
        (self.step_below, self.step_above, self.edge) = (self.step_above, step_beyond, above);
        (self.here, self.above) = (self.above, beyond);
        value
    }

    /// Goes from the layer below, whose value after the sub-step it returns, to the one here, whose `A` and `B` are `upper` and `lower`. `air` is that of the
    /// face between them (near, far) and of the layer below (entering, leaving).
    #[inline(always)]
    fn leave(&mut self, upper: Lanes<S>, lower: Lanes<S>, [near, far, entering, leaving]: [S::f32s; 4]) -> S::f32s {
        let simd = upper.0;
        let (near, far) = (Lanes(simd, near), Lanes(simd, far));
        let upwind = near.by_sign(self.below, self.here);
        let (beside, behind) = (near.by_sign(self.upper, lower), near.by_sign(self.lower, upper));
        let face = near.mul_add(beside, far.mul_add(behind, upwind));
        let value = self.value(face, [entering, leaving]);
        (self.below, self.upper, self.lower, self.face) = (self.here, upper, lower, face);
        value
    }

    /// Value of the layer below after the sub-step, with what crosses its upper face.
    #[inline(always)]
    fn value(&self, face: Lanes<S>, [entering, leaving]: [S::f32s; 2]) -> S::f32s {
        let q = self.below;
        let (entering, leaving) = (Lanes(q.0, entering), Lanes(q.0, leaving));
        (q + entering.mul_add(self.face - q, leaving * (q - face))).1
    }
}

/// Value at the edge of two layers, between theirs; `steps` are the differences of the four layers around it, from below.
#[inline(always)]
fn bounded_edge<S: Simd>(below: Lanes<S>, above: Lanes<S>, steps: [Lanes<S>; 3], weights: &[f32; 3]) -> Lanes<S> {
    let simd = below.0;
    let [first, second, third] = weights;
    let edge = Lanes::splat(simd, *second).mul_add(steps[1], below);
    let edge = Lanes::splat(simd, *first).mul_add(steps[0], Lanes::splat(simd, *third).mul_add(steps[2], edge));
    edge.largest(below.least(above)).least(below.largest(above))
}

/// The middle one of three numbers, of which the third may be below zero.
#[inline(always)]
fn median<S: Simd>(a: Lanes<S>, b: Lanes<S>, c: Lanes<S>) -> Lanes<S> {
    a.least(b).largest(a.largest(b).least(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sub_step(
        q: &mut [f32],
        mass: &mut [f32],
        flux: &[f32],
        share: f32,
        top: f32,
        width: usize,
        coefficients: &LayerCoefficients,
    ) -> (f64, f64) {
        let mut lift = Lift::new(q.len() / width, width);
        lift.prepare(mass, flux, share, width);
        advance(q, &lift, &vec![top; width], width, coefficients)
    }

    /// A column of unequal layers with a constant upward mass flux in air of constant density: after time t every profile moves up by w t.
    #[test]
    fn smooth_profile_moves_up_with_second_order_error() {
        let error = |n: usize| {
            let thickness: Vec<f64> = (0..n).map(|k| 1.0 + 0.3 * (k as f64 / n as f64 * 9.0).sin()).collect();
            let total: f64 = thickness.iter().sum();
            let mut z = 0.0;
            let bell = |z: f64| (-((z - 0.3) / 0.08).powi(2)).exp();
            let mut centres = Vec::new();
            for d in &thickness {
                centres.push((z + d / 2.0) / total);
                z += d;
            }
            let mut q: Vec<f32> = centres.iter().map(|&z| bell(z) as f32).collect();
            let mass: Vec<f32> = thickness.iter().map(|&d| d as f32).collect();
            let coefficients = LayerCoefficients::new(&thickness);
            let steps = 2 * n;
            let flux = vec![(0.4 * total / steps as f64) as f32; n + 1];
            for _ in 0..steps {
                sub_step(&mut q, &mut mass.clone(), &flux, 1.0, 0.0, 1, &coefficients);
                // the closed ground of the model is open here: air with q = 0 enters below, so mass stays
            }
            q.iter().zip(&centres).map(|(&q, &z)| (f64::from(q) - bell(z - 0.4)).abs()).sum::<f64>() / n as f64
        };
        let (e1, e2) = (error(80), error(160));
        assert!((e1 / e2).log2() > 1.8, "{e1:e} {e2:e}");
    }

    #[test]
    fn continuity_closes_the_air_and_uniform_stays_uniform() {
        let (n, width) = (6, 5);
        let mass: Vec<f32> = (0..n * width).map(|i| 100.0 + (i * 13 % 17) as f32).collect();
        let next: Vec<f32> =
            mass.iter().enumerate().map(|(i, m)| m * (1.0 + 0.1 * ((i * 7 % 5) as f32 - 2.0))).collect();
        let mut flux = vec![0.0; (n + 1) * width];
        continuity_flux(&mass, &next, width, &mut flux);
        assert!(flux[..width].iter().all(|&f| f == 0.0));
        let mut m = mass.clone();
        let mut q = vec![0.3f32; n * width];
        let coefficients = LayerCoefficients::new(&[20.0, 30.0, 40.0, 60.0, 80.0, 100.0]);
        let parts = (largest_outflow(&m, &m, &flux, width) / 0.8).ceil().max(1.0);
        for _ in 0..parts as usize {
            sub_step(&mut q, &mut m, &flux, 1.0 / parts, 0.3, width, &coefficients);
        }
        assert!(q.iter().all(|&v| v == 0.3));
        for (a, b) in m.iter().zip(&next) {
            assert!((a / b - 1.0).abs() < 1e-5, "{a} {b}");
        }
    }

    /// A profile that is linear in height is a parabola without curvature in every layer, however thick: it moves up unchanged.
    #[test]
    fn a_linear_profile_in_unequal_layers_moves_exactly() {
        let thickness = [20.0f64, 30.0, 25.0, 60.0, 50.0, 110.0, 90.0, 200.0, 150.0, 300.0];
        let n = thickness.len();
        let mut height = 0.0;
        let mut centre = Vec::new();
        for d in thickness {
            centre.push(height + 0.5 * d);
            height += d;
        }
        let start: Vec<f32> = centre.iter().map(|z| (1.0 + 0.002 * z) as f32).collect();
        let mut q = start.clone();
        let mut mass = thickness.map(|d| d as f32).to_vec();
        let flux = vec![6.0f32; n + 1];
        let coefficients = LayerCoefficients::new(&thickness);
        sub_step(&mut q, &mut mass, &flux, 0.5, 0.0, 1, &coefficients);
        // half of 6 m; the layers at either end, and what flows from them, see the boundary
        for k in 3..n - 2 {
            assert!((q[k] - (start[k] - 0.002 * 3.0)).abs() < 2e-6, "layer {k}: {} from {}", q[k], start[k]);
        }
    }

    /// Two halves of a step in air that thins and thickens: what the column holds changes by what passed the top, to f32.
    #[test]
    fn mass_closes_with_what_passes_the_top() {
        let (n, width) = (6, 2);
        let mass = vec![100.0f32; n * width];
        // the first column takes air in through the top, the second gives some off
        let next: Vec<f32> =
            (0..n * width).map(|c| if c % 2 == 0 { 108.0 + c as f32 } else { 94.0 - c as f32 }).collect();
        let mut flux = vec![0.0; (n + 1) * width];
        continuity_flux(&mass, &next, width, &mut flux);
        let mut q: Vec<f32> = (0..n * width).map(|c| 1.0 + ((c * 7) % 5) as f32).collect();
        let coefficients = LayerCoefficients::new(&[50.0; 6]);
        let held = |q: &[f32], m: &[f32]| q.iter().zip(m).map(|(q, m)| f64::from(*q) * f64::from(*m)).sum::<f64>();
        let before = held(&q, &mass);
        let mut m = mass.clone();
        let top = 9.0;
        let (mut out, mut entered) = (0.0, 0.0);
        for _ in 0..2 {
            let passed = sub_step(&mut q, &mut m, &flux, 0.5, top, width, &coefficients);
            (out, entered) = (out + passed.0, entered + passed.1);
        }
        // all air that came in was 9 times tracer
        let gained: f64 = (0..n).map(|k| f64::from(next[k * width] - mass[k * width])).sum();
        assert!((entered - 9.0 * gained).abs() < 1e-3, "{entered} for {gained} kg of air");
        assert!(out > 0.0);
        assert!((held(&q, &m) - before - entered + out).abs() < 1e-6 * before, "{out} {entered}");
        for (a, b) in m.iter().zip(&next) {
            assert!((a / b - 1.0).abs() < 1e-6);
        }
    }

    /// 10 kg that lose 3 kg downward and 2 kg upward lose half; inflow does not count, and the lesser mass does.
    #[test]
    fn outflow_counts_on_both_sides_of_a_layer() {
        assert_eq!(largest_outflow(&[10.0], &[10.0], &[-3.0, 2.0], 1), 0.5);
        assert_eq!(largest_outflow(&[10.0, 10.0], &[16.0, 8.0], &[0.0, -4.0, 0.0], 1), 0.5);
        assert_eq!(largest_outflow(&[10.0], &[15.0], &[3.0, -2.0], 1), 0.0);
    }
    /// Sixteen columns in vectors have the bits of sixteen columns alone, with winds either way and layers of nothing.
    #[test]
    fn columns_side_by_side_have_the_bits_of_each_alone() {
        let width = 16;
        for n in [2, 3, 4, 11] {
            let thickness: Vec<f64> = (0..n).map(|k| 20.0 * 1.3f64.powi(k)).collect();
            let (n, coefficients) = (n as usize, LayerCoefficients::new(&thickness));
            let mass: Vec<f32> = (0..n * width).map(|i| 50.0 + (i * 13 % 29) as f32).collect();
            let flux: Vec<f32> =
                (0..(n + 1) * width).map(|i| if i < width { 0.0 } else { (i * 31 % 23) as f32 - 11.0 }).collect();
            let start: Vec<f32> = (0..n * width).map(|i| (i * i * 7 % 19).saturating_sub(6) as f32 * 1e-9).collect();
            let top: Vec<f32> = (0..width).map(|x| (x % 13) as f32 * 1e-9).collect();
            let mut together = start.clone();
            let mut lift = Lift::new(n, width);
            lift.prepare(&mut mass.clone(), &flux, 0.9, width);
            let passed = advance(&mut together, &lift, &top, width, &coefficients);
            let mut sum = (0.0, 0.0);
            for x in 0..width {
                let column = |rows: &[f32]| rows.iter().copied().skip(x).step_by(width).collect::<Vec<f32>>();
                let (mut lift, mut q) = (Lift::new(n, 1), column(&start));
                lift.prepare(&mut column(&mass), &column(&flux), 0.9, 1);
                let (out, entered) = advance(&mut q, &lift, &top[x..=x], 1, &coefficients);
                sum = (sum.0 + out, sum.1 + entered);
                assert_eq!(q, column(&together), "{n} layers, column {x}");
                assert!(q.iter().all(|q| (0.0..=12.00001e-9).contains(q)), "{q:?}");
            }
            assert!((passed.0 / sum.0 - 1.0).abs() < 1e-12 && (passed.1 / sum.1 - 1.0).abs() < 1e-12);
        }
    }

    /// Values that rounding left below zero, together or alone between large ones, count as zero: no layer gives more than it has.
    #[test]
    fn values_below_zero_by_rounding_count_as_zero() {
        let width = 16;
        let coefficients = LayerCoefficients::new(&[20.0, 30.0, 45.0, 60.0, 80.0, 100.0, 130.0]);
        let mass = [20.0, 30.0, 45.0, 60.0, 80.0, 100.0, 130.0].map(|m| [m; 16]).concat();
        for (a, b) in [(0.0, 0.0), (0.0, 7.0), (0.0, -7.0), (9.0, 0.0), (-9.0, 0.0), (6.0, 11.0), (-8.0, -15.0)] {
            let flux: Vec<f32> = (0..8 * width)
                .map(|i| if i < width { 0.0 } else { a + b * ((i * 7 % 31) as f32 / 31.0 - 0.5) })
                .collect();
            let start: Vec<f32> = (0..7 * width)
                .map(|i| match (i / width * 5 + i % width * 3) % 7 {
                    0 | 4 => -1e-18,
                    other => other as f32 * 1e-8,
                })
                .collect();
            let mut q = start.clone();
            let mut lift = Lift::new(7, width);
            lift.prepare(&mut mass.clone(), &flux, 1.0, width);
            advance(&mut q, &lift, &[0.0; 16], width, &coefficients);
            assert!(q.iter().all(|q| (-1e-14..=6.00001e-8).contains(q)), "{a} {b}: {q:?}");
        }
    }
}
