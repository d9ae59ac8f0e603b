//! Vertical advection: the piecewise parabolic method on layers of unequal thickness, many columns at once.
//!
//! Rows are `[z][x]` slices with x contiguous: every loop over x vectorises. The flux through each interface follows from discrete continuity
//! ([`continuity_flux`]), so air mass closes exactly and a uniform mixing ratio stays uniform.
//!
//! # Reference
//! Colella & Woodward 1984, eq. 1.6-1.12; vertical flux from continuity: Hu, Odman & Russell 2006, Atmos. Environ. 40, 4879 ("yamo").

use super::advection::{largest, least};

/// Reconstruction of one cell: slope limited to be monotone (CW84 eq. 1.8).
#[inline(always)]
fn monotone_slope(centred: f32, below: f32, above: f32) -> f32 {
    // `below` = q - q_minus, `above` = q_plus - q
    let bound = 2.0 * least(below.abs(), above.abs());
    let limited = least(centred.abs(), bound).copysign(centred);
    // no products of differences: of traces they would be denormal numbers
    if (below > 0.0) & (above > 0.0) | (below < 0.0) & (above < 0.0) { limited } else { 0.0 }
}

/// Left and right values of the parabola, made monotone (CW84 eq. 1.10).
#[inline(always)]
fn monotone_parabola(left: f32, q: f32, right: f32) -> (f32, f32) {
    let inside = (left < q) & (q < right) | (left > q) & (q > right);
    let range = (right - left).abs();
    let rising = 6.0 * (q - 0.5 * (left + right));
    let curvature = if right < left { -rising } else { rising };
    let overshoot_left = curvature > range;
    let overshoot_right = curvature < -range;
    let l = if overshoot_left { 3.0 * q - 2.0 * right } else { left };
    let r = if overshoot_right { 3.0 * q - 2.0 * left } else { right };
    if inside { (l, r) } else { (q, q) }
}

/// Mean of a parabola over the fraction `c` (0 ..= 1) of the cell next to its face `near` (CW84 eq. 1.12).
#[inline(always)]
fn swept(far: f32, q: f32, near: f32, c: f32) -> f32 {
    let curvature = 6.0 * (q - 0.5 * (far + near));
    (-0.5 * c).mul_add(c.mul_add(2.0 / 3.0, -1.0).mul_add(curvature, near - far), near)
}

/// Coefficients of CW84 that depend on layer thickness only.
#[derive(Debug, Clone)]
pub struct LayerCoefficients {
    /// Per layer: factors of (q[k+1]-q[k]) and (q[k]-q[k-1]) in the slope (eq. 1.7).
    slope: Vec<(f32, f32)>,
    /// Per inner interface k|k+1: factors of (q[k+1]-q[k]), slope[k+1], slope[k] in the edge value (eq. 1.6).
    edge: Vec<(f32, f32, f32)>,
}

impl LayerCoefficients {
    /// From layer thicknesses [m], at least two.
    pub fn new(thickness: &[f64]) -> Self {
        let n = thickness.len();
        let dz = |k: isize| thickness[k.clamp(0, n as isize - 1) as usize];
        let slope = (0..n as isize)
            .map(|k| {
                let (m, c, p) = (dz(k - 1), dz(k), dz(k + 1));
                let f = c / (m + c + p);
                ((f * (2.0 * m + c) / (p + c)) as f32, (f * (c + 2.0 * p) / (m + c)) as f32)
            })
            .collect();
        let edge = (0..n as isize - 1)
            .map(|k| {
                let (m, c, p, pp) = (dz(k - 1), dz(k), dz(k + 1), dz(k + 2));
                let (a, b) = ((m + c) / (2.0 * c + p), (pp + p) / (2.0 * p + c));
                let sum = m + c + p + pp;
                let jump = c / (c + p) + 2.0 * p * c / (c + p) * (a - b) / sum;
                (jump as f32, (-c * a / sum) as f32, (p * b / sum) as f32)
            })
            .collect();
        Self { slope, edge }
    }

    /// Weights of layers `k-2 ..= k+1` in the value at interface `k` without limiters, from the ground to the top; ground and top have the value of
    /// their layer.
    pub fn unlimited_edges(&self) -> Vec<[f32; 4]> {
        let n = self.slope.len();
        // factors of the layer below, the layer itself and the layer above in its slope
        let slope = |k: usize| {
            let (up, down) = if k == 0 || k + 1 == n { (0.0, 0.0) } else { self.slope[k] };
            [-down, down - up, up]
        };
        let inner = self.edge.iter().enumerate().map(|(k, &(jump, upper, lower))| {
            let (below, above) = (slope(k), slope(k + 1));
            [
                lower * below[0],
                1.0 - jump + lower * below[1] + upper * above[0],
                jump + lower * below[2] + upper * above[1],
                upper * above[2],
            ]
        });
        std::iter::once([0.0, 0.0, 1.0, 0.0]).chain(inner).chain([[0.0, 1.0, 0.0, 0.0]]).collect()
    }
}

/// Scratch for rows of `layers x width`.
#[derive(Debug, Clone)]
pub struct ColumnScratch {
    slope: Vec<f32>,
    left: Vec<f32>,
    right: Vec<f32>,
    face: Vec<f32>,
}

impl ColumnScratch {
    /// Scratch for `layers x width` values.
    pub fn new(layers: usize, width: usize) -> Self {
        let n = layers * width;
        Self { slope: vec![0.0; n], left: vec![0.0; n], right: vec![0.0; n], face: vec![0.0; n + width] }
    }
}

/// Air mass [kg] through each interface (`layers + 1` rows, upward positive) that turns `mass_now` into `mass_next`; the ground is closed, the
/// top takes what is left.
#[inline(always)]
pub fn continuity_flux(mass_now: &[f32], mass_next: &[f32], width: usize, flux: &mut [f32]) {
    flux[..width].fill(0.0);
    for k in 0..mass_now.len() / width {
        let row = k * width..(k + 1) * width;
        let (below, above) = flux.split_at_mut((k + 1) * width);
        let below = &below[k * width..];
        for (i, c) in row.enumerate() {
            above[i] = below[i] + (mass_now[c] - mass_next[c]);
        }
    }
}

/// Largest share of its mass that any cell loses through its interfaces.
#[inline(always)]
pub fn largest_outflow(mass: &[f32], flux: &[f32], width: usize) -> f32 {
    let mut most = 0.0f32;
    for (i, &m) in mass.iter().enumerate() {
        let out = (-flux[i]).max(0.0) + flux[i + width].max(0.0);
        most = largest(most, out / m);
    }
    most
}

/// What a sub-step of vertical motion needs to know of the air of rows `[z][x]`, the same for every species.
#[derive(Debug, Clone)]
pub struct Lift {
    /// Air mass through the interfaces [kg], upward positive, `layers + 1` rows.
    flux: Vec<f32>,
    /// Share of the upwind layer that crosses each interface, with the sign of the flux.
    courant: Vec<f32>,
    /// Air entering from below and leaving above, per mass of the layer afterwards.
    entering: Vec<f32>,
    leaving: Vec<f32>,
}

impl Lift {
    /// Space for rows of `layers x width`.
    pub fn new(layers: usize, width: usize) -> Self {
        let zeros = |rows: usize| vec![0.0; rows * width];
        Self { flux: zeros(layers + 1), courant: zeros(layers + 1), entering: zeros(layers), leaving: zeros(layers) }
    }

    /// Takes the air of a sub-step, `share` of `flux` [kg]: `mass` [kg] becomes the mass after it.
    #[inline(always)]
    pub fn prepare(&mut self, mass: &mut [f32], flux: &[f32], share: f32, width: usize) {
        let n = mass.len();
        for (f, whole) in self.flux.iter_mut().zip(flux) {
            *f = whole * share;
        }
        self.courant[..width].fill(0.0);
        let (below, above) = (&mass[..n - width], &mass[width..]);
        let (f, courant) = (&self.flux[width..n], &mut self.courant[width..n]);
        for i in 0..n - width {
            courant[i] = f[i] / if f[i] >= 0.0 { below[i] } else { above[i] };
        }
        let (f, courant, top) = (&self.flux[n..], &mut self.courant[n..], &mass[n - width..]);
        for x in 0..width {
            courant[x] = f[x] / top[x];
        }
        let (below, above) = (&self.flux[..n], &self.flux[width..][..n]);
        let (entering, leaving) = (&mut self.entering[..n], &mut self.leaving[..n]);
        for i in 0..n {
            let after = mass[i] + below[i] - above[i];
            entering[i] = below[i] / after;
            leaving[i] = above[i] / after;
            mass[i] = after;
        }
    }
}

/// One sub-step of vertical advection of rows `q` [z][x]; `top` [x] is the mixing ratio of air that enters through the top. Returns tracer mass that
/// left and entered through the top, [kg] if `q` is in kg/kg.
#[inline(always)]
pub fn advance(
    q: &mut [f32],
    lift: &Lift,
    top: &[f32],
    width: usize,
    coefficients: &LayerCoefficients,
    scratch: &mut ColumnScratch,
) -> (f64, f64) {
    let n = q.len();
    reconstruct(q, width, coefficients, scratch);
    let ColumnScratch { left, right, face, .. } = scratch;
    face[..width].copy_from_slice(&q[..width]);
    let (below, above) =
        ((&q[..n - width], &left[..n - width], &right[..n - width]), (&q[width..], &left[width..n], &right[width..n]));
    let (inner, courant) = (&mut face[width..n], &lift.courant[width..n]);
    for i in 0..n - width {
        let upward = courant[i] >= 0.0;
        let pick = |up: f32, down: f32| if upward { up } else { down };
        // the parabola of the upwind layer, seen from the face
        let (here, near, far) =
            (pick(below.0[i], above.0[i]), pick(below.2[i], above.1[i]), pick(below.1[i], above.2[i]));
        inner[i] = swept(far, here, near, courant[i].abs());
    }
    let (mut out, mut entered) = (0.0f64, 0.0f64);
    for x in 0..width {
        let (c, f) = (n - width + x, lift.flux[n + x]);
        face[n + x] = if f >= 0.0 { swept(left[c], q[c], right[c], lift.courant[n + x]) } else { top[x] };
        let carried = f64::from(f) * f64::from(face[n + x]);
        if f >= 0.0 { out += carried } else { entered -= carried }
    }
    let (below, above) = (&face[..n], &face[width..][..n]);
    let (entering, leaving) = (&lift.entering[..n], &lift.leaving[..n]);
    for i in 0..n {
        q[i] += entering[i].mul_add(below[i] - q[i], leaving[i] * (q[i] - above[i]));
    }
    (out, entered)
}

#[inline(always)]
fn reconstruct(q: &[f32], width: usize, coefficients: &LayerCoefficients, scratch: &mut ColumnScratch) {
    let n = q.len() / width;
    let ColumnScratch { slope, left, right, .. } = scratch;
    slope[..width].fill(0.0);
    slope[(n - 1) * width..].fill(0.0);
    for k in 1..n - 1 {
        let (up, down) = coefficients.slope[k];
        let [lower, here, upper] = std::array::from_fn(|j| &q[(k + j - 1) * width..][..width]);
        let slope = &mut slope[k * width..][..width];
        for x in 0..width {
            let (below, above) = (here[x] - lower[x], upper[x] - here[x]);
            slope[x] = monotone_slope(up.mul_add(above, down * below), below, above);
        }
    }
    left[..width].copy_from_slice(&q[..width]);
    right[(n - 1) * width..].copy_from_slice(&q[(n - 1) * width..]);
    for k in 0..n - 1 {
        let (jump, upper, lower) = coefficients.edge[k];
        let [here, above] = std::array::from_fn(|j| &q[(k + j) * width..][..width]);
        let [slope_here, slope_above] = std::array::from_fn(|j| &slope[(k + j) * width..][..width]);
        let (right, left) = (&mut right[k * width..][..width], &mut left[(k + 1) * width..][..width]);
        for x in 0..width {
            let edge =
                lower.mul_add(slope_here[x], upper.mul_add(slope_above[x], jump.mul_add(above[x] - here[x], here[x])));
            let edge = least(largest(edge, least(here[x], above[x])), largest(here[x], above[x]));
            right[x] = edge;
            left[x] = edge;
        }
    }
    let (left, right) = (&mut left[..q.len()], &mut right[..q.len()]);
    for i in 0..q.len() {
        (left[i], right[i]) = monotone_parabola(left[i], q[i], right[i]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::too_many_arguments, reason = "the arrays and numbers of a sub-step")]
    fn sub_step(
        q: &mut [f32],
        mass: &mut [f32],
        flux: &[f32],
        share: f32,
        top: f32,
        width: usize,
        coefficients: &LayerCoefficients,
        scratch: &mut ColumnScratch,
    ) -> (f64, f64) {
        let mut lift = Lift::new(q.len() / width, width);
        lift.prepare(mass, flux, share, width);
        advance(q, &lift, &vec![top; width], width, coefficients, scratch)
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
            let mut scratch = ColumnScratch::new(n, 1);
            let steps = 2 * n;
            let flux = vec![(0.4 * total / steps as f64) as f32; n + 1];
            for _ in 0..steps {
                sub_step(&mut q, &mut mass.clone(), &flux, 1.0, 0.0, 1, &coefficients, &mut scratch);
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
        let mut scratch = ColumnScratch::new(n, width);
        let parts = (largest_outflow(&m, &flux, width) / 0.8).ceil().max(1.0);
        for _ in 0..parts as usize {
            sub_step(&mut q, &mut m, &flux, 1.0 / parts, 0.3, width, &coefficients, &mut scratch);
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
        let (coefficients, mut scratch) = (LayerCoefficients::new(&thickness), ColumnScratch::new(n, 1));
        sub_step(&mut q, &mut mass, &flux, 0.5, 0.0, 1, &coefficients, &mut scratch);
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
        let (coefficients, mut scratch) = (LayerCoefficients::new(&[50.0; 6]), ColumnScratch::new(n, width));
        let held = |q: &[f32], m: &[f32]| q.iter().zip(m).map(|(q, m)| f64::from(*q) * f64::from(*m)).sum::<f64>();
        let before = held(&q, &mass);
        let mut m = mass.clone();
        let top = 9.0;
        let (mut out, mut entered) = (0.0, 0.0);
        for _ in 0..2 {
            let passed = sub_step(&mut q, &mut m, &flux, 0.5, top, width, &coefficients, &mut scratch);
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

    /// 10 kg that lose 3 kg downward and 2 kg upward lose half; inflow does not count.
    #[test]
    fn outflow_counts_on_both_sides_of_a_layer() {
        assert_eq!(largest_outflow(&[10.0], &[-3.0, 2.0], 1), 0.5);
        assert_eq!(largest_outflow(&[10.0, 10.0], &[0.0, -4.0, 0.0], 1), 0.4);
        assert_eq!(largest_outflow(&[10.0], &[3.0, -2.0], 1), 0.0);
    }
}
