//! Horizontal advection: the piecewise parabolic method in flux form, driven by air-mass fluxes.
//!
//! ```text
//!        face i            face i+s
//!   i-s   |       cell i      |   i+s        s = 1: sweep along x;  s = row length: sweep along y
//!         |  left[i] right[i] |
//!       flux[i]            flux[i+s]         air mass through the face in one sub-step [kg], positive towards i
//! ```
//!
//! A sweep works on a whole padded slab as one flat slice: neighbours along the sweep are `i - s` and `i + s`, so the same loops serve
//! x and y and vectorise along x. The caller fills [`HALO`] cells on each side and sets the values of inflow faces.
//!
//! **Invariant:** the update is written with differences from the cell's own value, so a uniform mixing ratio is kept to the last bit, while
//! air mass and tracer mass are carried by the same fluxes. **Why:** where they are not, the error of the air mass appears as a
//! source of the tracer (Byun 1999).
//!
//! # Reference
//! Colella & Woodward 1984, J. Comput. Phys. 54, 174-201, eq. 1.6-1.12 (equal spacing); mass-weighted upwind integration as in Lin &
//! Rood 1996, Mon. Wea. Rev. 124, 2046-2070.

/// Cells needed on each side of the domain.
pub const HALO: usize = 3;

/// Reconstruction of one cell: slope limited to be monotone (CW84 eq. 1.8).
#[inline(always)]
pub(super) fn monotone_slope(centred: f32, below: f32, above: f32) -> f32 {
    // `below` = q - q_minus, `above` = q_plus - q
    let bound = 2.0 * below.abs().min(above.abs());
    let limited = centred.abs().min(bound).copysign(centred);
    if below * above > 0.0 { limited } else { 0.0 }
}

/// Left and right values of the parabola, made monotone (CW84 eq. 1.10).
#[inline(always)]
pub(super) fn monotone_parabola(left: f32, q: f32, right: f32) -> (f32, f32) {
    let extremum = (right - q) * (q - left) <= 0.0;
    let range = right - left;
    let curvature = 6.0 * (q - 0.5 * (left + right));
    let overshoot_left = range * curvature > range * range;
    let overshoot_right = range * curvature < -(range * range);
    let l = if overshoot_left { 3.0 * q - 2.0 * right } else { left };
    let r = if overshoot_right { 3.0 * q - 2.0 * left } else { right };
    if extremum { (q, q) } else { (l, r) }
}

/// Mean of a parabola over the fraction `c` (0 ..= 1) of the cell next to its right face (CW84 eq. 1.12).
#[inline(always)]
pub(super) fn swept_right(left: f32, q: f32, right: f32, c: f32) -> f32 {
    let curvature = 6.0 * (q - 0.5 * (left + right));
    right - 0.5 * c * (right - left - (1.0 - c * (2.0 / 3.0)) * curvature)
}

/// Mean of a parabola over the fraction `c` (0 ..= 1) of the cell next to its left face (CW84 eq. 1.12).
#[inline(always)]
pub(super) fn swept_left(left: f32, q: f32, right: f32, c: f32) -> f32 {
    let curvature = 6.0 * (q - 0.5 * (left + right));
    left + 0.5 * c * (right - left + (1.0 - c * (2.0 / 3.0)) * curvature)
}

/// Scratch of a sweep over a slab of `n` cells.
#[derive(Debug, Clone)]
pub struct SweepScratch {
    slope: Vec<f32>,
    left: Vec<f32>,
    right: Vec<f32>,
    /// Mixing ratio of the air that crosses face `i`; the caller may overwrite inflow faces between the two halves of a sweep.
    pub face: Vec<f32>,
}

impl SweepScratch {
    /// Scratch for slabs of `n` cells, halo included.
    pub fn new(n: usize) -> Self {
        Self { slope: vec![0.0; n], left: vec![0.0; n], right: vec![0.0; n], face: vec![0.0; n] }
    }
}

/// First half of a sweep: the mixing ratio `scratch.face[i]` of the air that crosses the face between cells `i - s` and `i`.
///
/// `q` mixing ratio [kg kg-1 or any], `mass` air mass [kg] > 0, `flux` air mass through the faces in this sub-step [kg]; all of one
/// length. The outflow of a cell must not exceed its mass (Courant number <= 1). Faces nearer than [`HALO`] strides to the ends of the slice
/// are not computed.
pub fn face_values(q: &[f32], mass: &[f32], flux: &[f32], s: usize, scratch: &mut SweepScratch) {
    let n = q.len();
    let (minus, here, plus) = (&q[..n - 2 * s], &q[s..n - s], &q[2 * s..]);
    for (((slope, &m), &c), &p) in scratch.slope[s..n - s].iter_mut().zip(minus).zip(here).zip(plus) {
        *slope = monotone_slope(0.5 * (p - m), c - m, p - c);
    }
    // cells 2s .. n-2s
    let k = n - 4 * s;
    let (q_m, q_c, q_p) = (&q[s..][..k], &q[2 * s..][..k], &q[3 * s..][..k]);
    let (d_m, d_c, d_p) = (&scratch.slope[s..][..k], &scratch.slope[2 * s..][..k], &scratch.slope[3 * s..][..k]);
    let (left, right) = (&mut scratch.left[2 * s..][..k], &mut scratch.right[2 * s..][..k]);
    for i in 0..k {
        let l = 0.5 * (q_m[i] + q_c[i]) - (d_c[i] - d_m[i]) * (1.0 / 6.0);
        let r = 0.5 * (q_c[i] + q_p[i]) - (d_p[i] - d_c[i]) * (1.0 / 6.0);
        (left[i], right[i]) = monotone_parabola(l, q_c[i], r);
    }
    // faces 3s .. n-2s
    let k = n - 5 * s;
    let upwind = (&q[2 * s..][..k], &mass[2 * s..][..k], &scratch.left[2 * s..][..k], &scratch.right[2 * s..][..k]);
    let downwind = (&q[3 * s..][..k], &mass[3 * s..][..k], &scratch.left[3 * s..][..k], &scratch.right[3 * s..][..k]);
    let (face, flux) = (&mut scratch.face[3 * s..][..k], &flux[3 * s..][..k]);
    for i in 0..k {
        let from_left = swept_right(upwind.2[i], upwind.0[i], upwind.3[i], flux[i] / upwind.1[i]);
        let from_right = swept_left(downwind.2[i], downwind.0[i], downwind.3[i], -flux[i] / downwind.1[i]);
        face[i] = if flux[i] >= 0.0 { from_left } else { from_right };
    }
}

/// Second half of a sweep: moves air and tracer through the faces; `q` and `mass` become the new values.
pub fn move_mass(q: &mut [f32], mass: &mut [f32], flux: &[f32], s: usize, scratch: &SweepScratch) {
    let n = q.len();
    let k = n - 6 * s;
    let (q, mass) = (&mut q[3 * s..][..k], &mut mass[3 * s..][..k]);
    let (flux_in, flux_out) = (&flux[3 * s..][..k], &flux[4 * s..][..k]);
    let (face_in, face_out) = (&scratch.face[3 * s..][..k], &scratch.face[4 * s..][..k]);
    for i in 0..k {
        let new_mass = mass[i] + flux_in[i] - flux_out[i];
        let gain = flux_in[i] * (face_in[i] - q[i]) - flux_out[i] * (face_out[i] - q[i]);
        q[i] += gain / new_mass;
        mass[i] = new_mass;
    }
}

/// [`move_mass`] for the air alone, with the same arithmetic.
pub fn move_air(mass: &mut [f32], flux: &[f32], s: usize) {
    let k = mass.len() - 6 * s;
    let mass = &mut mass[3 * s..][..k];
    let (flux_in, flux_out) = (&flux[3 * s..][..k], &flux[4 * s..][..k]);
    for i in 0..k {
        mass[i] = mass[i] + flux_in[i] - flux_out[i];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One-dimensional periodic advection with constant wind, `turns` times around `n` cells at Courant number `c`.
    fn advect(initial: &[f32], c: f32, steps: usize) -> Vec<f32> {
        let n = initial.len();
        let mut q = vec![0.0; n + 2 * HALO];
        let mut mass = vec![1.0; n + 2 * HALO];
        let flux = vec![c; n + 2 * HALO];
        let mut scratch = SweepScratch::new(q.len());
        q[HALO..HALO + n].copy_from_slice(initial);
        for _ in 0..steps {
            for h in 0..HALO {
                q[h] = q[h + n];
                q[HALO + n + h] = q[HALO + h];
            }
            face_values(&q, &mass, &flux, 1, &mut scratch);
            scratch.face[HALO + n] = scratch.face[HALO];
            move_mass(&mut q, &mut mass, &flux, 1, &scratch);
            mass.fill(1.0);
        }
        q[HALO..HALO + n].to_vec()
    }

    fn cosine(n: usize) -> Vec<f32> {
        (0..n).map(|i| 1.0 + (2.0 * std::f64::consts::PI * (i as f64 + 0.5) / n as f64).sin() as f32).collect()
    }

    fn l1(a: &[f32], b: &[f32]) -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from((a - b).abs())).sum::<f64>() / a.len() as f64
    }

    #[test]
    fn converges_at_second_order_or_better_on_smooth_data() {
        let error = |n: usize| {
            let q = cosine(n);
            l1(&advect(&q, 0.4, n * 5 / 2), &q)
        };
        let (e32, e64, e128) = (error(32), error(64), error(128));
        assert!((e32 / e64).log2() > 2.0 && (e64 / e128).log2() > 2.0, "{e32:e} {e64:e} {e128:e}");
    }

    #[test]
    fn makes_no_new_extremes_and_keeps_mass() {
        let square: Vec<f32> = (0..100).map(|i| if (30..50).contains(&i) { 1.0 } else { 0.0 }).collect();
        let out = advect(&square, 0.7, 1000);
        let (low, high) = out.iter().fold((f32::MAX, f32::MIN), |(l, h), &v| (l.min(v), h.max(v)));
        assert!(low >= -1e-6 && high <= 1.0 + 1e-6, "{low} {high}");
        let sum: f64 = out.iter().map(|&v| f64::from(v)).sum();
        assert!((sum / 20.0 - 1.0).abs() < 1e-6, "{sum}");
        // still a block after ten turns: half of it above one half
        let above = out.iter().filter(|&&v| v > 0.5).count();
        assert!((18..=22).contains(&above), "{above}");
    }

    #[test]
    fn reversed_wind_mirrors_the_result() {
        let q: Vec<f32> = (0..60).map(|i| if i < 20 { i as f32 } else { 3.0 }).collect();
        let mirrored: Vec<f32> = q.iter().rev().copied().collect();
        let forward = advect(&q, 0.3, 37);
        let backward: Vec<f32> = advect(&mirrored, -0.3, 37).into_iter().rev().collect();
        assert!(l1(&forward, &backward) < 1e-6);
        assert!(l1(&forward, &q) > 0.1);
    }

    #[test]
    fn uniform_is_kept_to_the_last_bit_in_any_flow() {
        let n = 40;
        let mut q = vec![0.123_456_79_f32; n];
        let mut mass: Vec<f32> = (0..n).map(|i| 10.0 + (i % 7) as f32).collect();
        let flux: Vec<f32> = (0..n).map(|i| ((i * 37 % 11) as f32 - 5.0) * 0.7).collect();
        let mut scratch = SweepScratch::new(n);
        face_values(&q, &mass, &flux, 1, &mut scratch);
        move_mass(&mut q, &mut mass, &flux, 1, &scratch);
        assert!(q.iter().all(|&v| v == 0.123_456_79), "{q:?}");
    }
}
