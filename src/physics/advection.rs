//! Horizontal advection: a fifth-order one-step upwind flux that keeps every value within the range of its neighbourhood.
//!
//! ```text
//!        face i            face i+s
//!   i-s   |       cell i      |   i+s        s = 1: sweep along x;  s = row length: sweep along y
//!       flux[i]            flux[i+s]         air mass through the face in one sub-step [kg], positive towards i
//! ```
//!
//! A sweep works on a padded slab as one flat slice: neighbours along the sweep are `i - s` and `i + s`, so the same loops serve x and y and
//! vectorise along x. It reads one slab and writes another, so it can go through a slab in blocks of rows whose intermediate values stay
//! in the nearest cache. The caller fills [`HALO`] cells on each side and sets the values of inflow faces. What depends on the air alone
//! ([`Sweep`]) is made once and serves every species.
//!
//! **Limiting is selective by construction:** the flux of the quartic through five cell means is changed only where it would carry a cell
//! beyond the least and largest value around it ([`REACH`] cells across the sweep, two along it). Smooth data, whose ridges have neighbours
//! as high, are hardly touched; at a discontinuity nothing can overshoot.
//!
//! **Invariant:** after a sweep every value lies within the range of its neighbourhood before it, so nothing falls below zero and no
//! extreme is made. **Why:** see [`face_values`].
//!
//! **Invariant:** the update is written with differences from the cell's own value, so a uniform mixing ratio is kept to the last bit, while
//! air mass and tracer mass are carried by the same fluxes. **Why:** where they are not, the error of the air mass appears as a
//! source of the tracer (Byun 1999).
//!
//! Products are added with one rounding (`mul_add`), here and in the columns: one instruction on every processor since 2013, and the same bits on all.
//!
//! # Reference
//! One-step flux of any order by integrating the upwind polynomial over the departure interval: Leonard 1991, Comput. Methods Appl. Mech. Eng.
//! 88, 17-74; Daru & Tenaud 2004, J. Comput. Phys. 193, 563-594. Bounds from the earlier values of the neighbourhood: Zalesak 1979, J. Comput.
//! Phys. 31, 335-362. Limiting only where data are not smooth: Blossey & Durran 2008, J. Comput. Phys. 227, 5160-5183.

use std::ops::Range;

/// Cells needed on each side of the domain.
pub const HALO: usize = 3;

/// Half width [cells] across the sweep of the neighbourhood whose range bounds a face.
pub const REACH: usize = 2;

/// Mixing ratios nearer to zero than this are set to zero, so that no denormal number slows the sweeps.
const SMALLEST: f32 = 1e-30;

/// Keeps the rounding of an update inside its bound.
const MARGIN: f32 = 1.0 - 4e-6;

/// The smaller of two numbers, one instruction: f32::min takes care of NaN, which costs three.
#[inline(always)]
pub(super) fn least(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// The larger of two numbers.
#[inline(always)]
pub(super) fn largest(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// Mean over the fraction `c` (0 ..= 1) of cell `q` next to the face towards `d` of the quartic with the five cell means `uu u q d dd`
/// (upwind to downwind).
///
/// `f = q + (1-c)/2 (D1 - (1+c)/3 (D2 + (2-c)/4 (D3 - (2+c)/5 D4)))` with the differences `D1 = d - q`, `D2 = d - 2q + u`,
/// `D3 = dd - 3d + 3q - u`, `D4 = dd - 4d + 6q - 4u + uu`: Newton's form of the primitive polynomial at the departure point.
#[inline(always)]
pub fn fifth_order([uu, u, q, d, dd]: [f32; 5], c: f32) -> f32 {
    let (s0, s1, s2, s3) = (u - uu, q - u, d - q, dd - d);
    let (t0, t1, t2) = (s1 - s0, s2 - s1, s3 - s2);
    let (third, fourth) = (t2 - t1, (t2 - t1) - (t1 - t0));
    let inner = c.mul_add(-0.2, -0.4).mul_add(fourth, third);
    let curved = c.mul_add(-0.25, 0.5).mul_add(inner, t1);
    c.mul_add(-0.5, 0.5).mul_add(c.mul_add(-1.0 / 3.0, -1.0 / 3.0).mul_add(curved, s2), q)
}

/// What a sweep of one slab needs to know of the air, the same for every species.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// Stride along the sweep.
    s: usize,
    /// Share of the upwind cell that crosses face `i`, with the sign of the flux.
    courant: Vec<f32>,
    /// Room of the upwind cell of face `i`: what it keeps over what leaves it through both faces.
    room: Vec<f32>,
    /// Air entering through face `i` and leaving through face `i + s`, per mass of cell `i` afterwards.
    entering: Vec<f32>,
    leaving: Vec<f32>,
}

impl Sweep {
    /// Space for slabs of `n` cells, halo included, swept with stride `s`.
    pub fn new(n: usize, s: usize) -> Self {
        let zeros = || vec![0.0; n];
        Self { s, courant: zeros(), room: zeros(), entering: zeros(), leaving: zeros() }
    }

    /// Takes the air of a sub-step: `mass` [kg] > 0 becomes the mass after the sweep, `flux` [kg] is the air through the faces.
    ///
    /// The outflow of a cell must stay below its mass (Courant number < 1).
    #[inline(always)]
    pub fn prepare(&mut self, mass: &mut [f32], flux: &[f32]) {
        let (s, n) = (self.s, mass.len());
        let k = n - 2 * s;
        // share of a cell's air that leaves it, first stored where the face's own values will be
        let gone = &mut self.leaving[s..][..k];
        let (west, east, m) = (&flux[s..][..k], &flux[2 * s..][..k], &mass[s..][..k]);
        for i in 0..k {
            gone[i] = (largest(east[i], 0.0) - least(west[i], 0.0)) / m[i];
        }
        let k = n - 4 * s;
        let (f, up, down) = (&flux[2 * s..][..k], &mass[s..][..k], &mass[2 * s..][..k]);
        let (gone_up, gone_down) = (&self.leaving[s..][..k], &self.leaving[2 * s..][..k]);
        let (courant, room) = (&mut self.courant[2 * s..][..k], &mut self.room[2 * s..][..k]);
        for i in 0..k {
            let forward = f[i] >= 0.0;
            courant[i] = f[i] / if forward { up[i] } else { down[i] };
            let gone = largest(if forward { gone_up[i] } else { gone_down[i] }, 1e-6);
            room[i] = MARGIN * (1.0 - gone) / gone;
        }
        let k = n - 6 * s;
        let (west, east, m) = (&flux[3 * s..][..k], &flux[4 * s..][..k], &mut mass[3 * s..][..k]);
        let (entering, leaving) = (&mut self.entering[3 * s..][..k], &mut self.leaving[3 * s..][..k]);
        for i in 0..k {
            let after = m[i] + west[i] - east[i];
            entering[i] = west[i] / after;
            leaving[i] = east[i] / after;
            m[i] = after;
        }
    }

    /// Share of the upwind cell's air that crosses each face, with the sign of the flux.
    pub fn courant(&self) -> &[f32] {
        &self.courant
    }
}

/// Least and largest value of the 5 cells across the sweep, at each cell of `cells`; `across` is the stride across the sweep. `low` and `high`
/// hold `cells.len()` values.
#[inline(always)]
pub fn ranges_across(q: &[f32], across: usize, cells: Range<usize>, low: &mut [f32], high: &mut [f32]) {
    let k = cells.len();
    let [a, b, c, d, e] = std::array::from_fn(|j| &q[cells.start + j * across - REACH * across..][..k]);
    let (low, high) = (&mut low[..k], &mut high[..k]);
    for i in 0..k {
        low[i] = least(least(least(a[i], b[i]), least(d[i], e[i])), c[i]);
        high[i] = largest(largest(largest(a[i], b[i]), largest(d[i], e[i])), c[i]);
    }
}

/// First half of a sweep: the mixing ratio of the air that crosses the faces `faces`, face `i` between cells `i - s` and `i`.
///
/// `q` mixing ratio of the slab; `low`, `high` from [`ranges_across`] for the cells from `2 s` before the first face on; `face` holds
/// `faces.len()` values.
///
/// Bounds: with `C` the share of its air that a cell loses, its value stays in `[low, high]` when what enters lies there and what
/// leaves has `q - (high - q) (1 - C)/C <= f <= q + (q - low) (1 - C)/C`: then `(m q - C m f) / (m - C m) >= low`, and likewise above. The range of a
/// face is that of the cells that both its cells count as neighbours, so it serves both.
#[inline(always)]
pub fn face_values(q: &[f32], low: &[f32], high: &[f32], sweep: &Sweep, faces: Range<usize>, face: &mut [f32]) {
    let (s, k) = (sweep.s, faces.len());
    let [a, b, c, d, e, g] = std::array::from_fn(|j| &q[faces.start + j * s - 3 * s..][..k]);
    let [low_a, low_b, low_c, low_d] = std::array::from_fn(|j| &low[j * s..][..k]);
    let [high_a, high_b, high_c, high_d] = std::array::from_fn(|j| &high[j * s..][..k]);
    let (courant, room, face) = (&sweep.courant[faces.clone()], &sweep.room[faces], &mut face[..k]);
    for i in 0..k {
        let forward = courant[i] >= 0.0;
        let pick = |ahead: f32, behind: f32| if forward { ahead } else { behind };
        let here = pick(c[i], d[i]);
        let cells = [pick(a[i], g[i]), pick(b[i], e[i]), here, pick(d[i], c[i]), pick(e[i], b[i])];
        let value = fifth_order(cells, courant[i].abs());
        let low = least(least(low_a[i], low_b[i]), least(low_c[i], low_d[i]));
        let high = largest(largest(high_a[i], high_b[i]), largest(high_c[i], high_d[i]));
        let floor = largest(low, room[i].mul_add(here - high, here));
        let ceiling = least(high, room[i].mul_add(here - low, here));
        face[i] = least(largest(value, floor), ceiling);
    }
}

/// Second half of a sweep: the new mixing ratios of `cells`, written to `moved`; `face` from [`face_values`] for the faces from the first cell's own
/// to the last cell's next.
#[inline(always)]
pub fn move_tracer(q: &[f32], face: &[f32], sweep: &Sweep, cells: Range<usize>, moved: &mut [f32]) {
    let (s, k) = (sweep.s, cells.len());
    let (entering, leaving) = (&sweep.entering[cells.clone()], &sweep.leaving[cells.clone()]);
    let (q, moved, west, east) = (&q[cells.clone()], &mut moved[cells], &face[..k], &face[s..][..k]);
    for i in 0..k {
        // the change first: added to the value at once it is rounded once, and no value creeps out of its range
        let value = q[i] + entering[i].mul_add(west[i] - q[i], leaving[i] * (q[i] - east[i]));
        moved[i] = if value.abs() < SMALLEST { 0.0 } else { value };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One sweep of a line of cells, halo included; the line stands alone, so the range across the sweep is the cell itself.
    fn sweep_line(q: &[f32], mass: &mut [f32], flux: &[f32]) -> Vec<f32> {
        let n = q.len();
        let mut sweep = Sweep::new(n, 1);
        sweep.prepare(mass, flux);
        let mut face = vec![0.0; n];
        face_values(q, &q[HALO - 2..], &q[HALO - 2..], &sweep, HALO..n - HALO + 1, &mut face);
        let mut moved = q.to_vec();
        move_tracer(q, &face, &sweep, HALO..n - HALO, &mut moved);
        moved
    }

    /// Periodic advection with constant wind at Courant number `c`.
    fn advect(initial: &[f32], c: f32, steps: usize) -> Vec<f32> {
        let n = initial.len();
        let mut q = vec![0.0; n + 2 * HALO];
        q[HALO..HALO + n].copy_from_slice(initial);
        for _ in 0..steps {
            for h in 0..HALO {
                q[h] = q[h + n];
                q[HALO + n + h] = q[HALO + h];
            }
            let len = q.len();
            q = sweep_line(&q, &mut vec![1.0; len], &vec![c; len]);
        }
        q[HALO..HALO + n].to_vec()
    }

    fn l1(a: &[f32], b: &[f32]) -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from((a - b).abs())).sum::<f64>() / a.len() as f64
    }

    /// Cell means of x^p over cells of length one, and the exact mean over the swept part of the middle one.
    #[test]
    fn quartics_are_carried_exactly() {
        let primitive = |p: i32, x: f64| x.powi(p + 1) / f64::from(p + 1);
        for p in 0..5 {
            let mean = |k: i32| (primitive(p, f64::from(k) + 0.5) - primitive(p, f64::from(k) - 0.5)) as f32;
            for c in [0.01, 0.3, 0.5, 0.8, 1.0] {
                let exact = (primitive(p, 0.5) - primitive(p, 0.5 - c)) / c;
                let got = fifth_order([mean(-2), mean(-1), mean(0), mean(1), mean(2)], c as f32);
                assert!((f64::from(got) - exact).abs() < 2e-5, "x^{p}, c {c}: {got} for {exact}");
            }
        }
    }

    #[test]
    fn converges_at_fourth_order_or_better_where_nothing_is_limited() {
        let error = |n: usize| {
            let wave = |i: usize| (2.0 * std::f64::consts::PI * (i as f64 + 0.5) / n as f64).sin();
            let q: Vec<f32> = (0..n).map(|i| 1.0 + wave(i) as f32).collect();
            // a slab of equal rows: the range across the sweep is wide
            let mut padded = vec![0.0; n + 2 * HALO];
            padded[HALO..HALO + n].copy_from_slice(&q);
            let (low, high) = (vec![-9.0; n + 2 * HALO], vec![9.0; n + 2 * HALO]);
            for _ in 0..n * 5 / 2 {
                for h in 0..HALO {
                    padded[h] = padded[h + n];
                    padded[HALO + n + h] = padded[HALO + h];
                }
                let len = padded.len();
                let mut sweep = Sweep::new(len, 1);
                sweep.prepare(&mut vec![1.0; len], &vec![0.4; len]);
                let mut face = vec![0.0; len];
                face_values(&padded, &low, &high, &sweep, HALO..len - HALO + 1, &mut face);
                let before = padded.clone();
                move_tracer(&before, &face, &sweep, HALO..len - HALO, &mut padded);
            }
            l1(&padded[HALO..HALO + n], &q)
        };
        let (e8, e16, e32) = (error(8), error(16), error(32));
        assert!((e8 / e16).log2() > 4.5 && (e16 / e32).log2() > 4.0, "{e8:e} {e16:e} {e32:e}");
    }

    #[test]
    fn a_block_stays_a_block() {
        let square: Vec<f32> = (0..100).map(|i| if (30..50).contains(&i) { 1.0 } else { 0.0 }).collect();
        let out = advect(&square, 0.7, 1000);
        let sum: f64 = out.iter().map(|&v| f64::from(v)).sum();
        assert!((sum / 20.0 - 1.0).abs() < 1e-6, "{sum}");
        // seven turns later half of it lies above one half
        let above = out.iter().filter(|&&v| v > 0.5).count();
        assert!((19..=21).contains(&above), "{above}");
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
    fn the_range_across_is_that_of_five_rows() {
        let width = 20;
        let q: Vec<f32> = (0..width * 9).map(|i| (i * 7919 % 1009) as f32).collect();
        let cells = 4 * width..5 * width;
        let (mut low, mut high) = (vec![0.0; width], vec![0.0; width]);
        ranges_across(&q, width, cells, &mut low, &mut high);
        for x in 0..width {
            let column: Vec<f32> = (2..7).map(|y| q[y * width + x]).collect();
            assert_eq!(low[x], column.iter().copied().fold(f32::MAX, f32::min));
            assert_eq!(high[x], column.iter().copied().fold(f32::MIN, f32::max));
        }
    }

    proptest! {
        /// Whatever the values and the winds, with Courant numbers up to 0.8: no value outside the range of the line, none below zero,
        /// and the tracer's mass is kept.
        #[test]
        fn nothing_leaves_its_range(
            q in prop::collection::vec(0.0f32..1.0, 40),
            spikes in prop::collection::vec(0usize..40, 6),
            shares in prop::collection::vec(-0.4f32..0.4, 40),
            masses in prop::collection::vec(0.2f32..5.0, 40),
        ) {
            let mut q: Vec<f32> = q.iter().map(|v| if *v < 0.5 { 0.0 } else { *v }).collect();
            spikes.iter().for_each(|&i| q[i] = 50.0);
            // closed between cell HALO and the last: no flux through the outer faces
            let n = q.len();
            let mut flux: Vec<f32> = (0..n).map(|i| shares[i] * masses[i].min(masses[i.saturating_sub(1)])).collect();
            flux[..=HALO].fill(0.0);
            flux[n - HALO..].fill(0.0);
            let mut after = masses.clone();
            let moved = sweep_line(&q, &mut after, &flux);
            for i in HALO..n - HALO {
                let around = &q[i - 2..=i + 2];
                let (low, high) = around.iter().fold((f32::MAX, f32::MIN), |(l, h), &v| (l.min(v), h.max(v)));
                prop_assert!(moved[i] >= low && moved[i] <= high * (1.0 + 1e-6), "{} {low} {high}", moved[i]);
                prop_assert!(moved[i] >= 0.0);
            }
            let kg = |q: &[f32], m: &[f32]| (HALO..n - HALO).map(|i| f64::from(q[i]) * f64::from(m[i])).sum::<f64>();
            let (before, now) = (kg(&q, &masses), kg(&moved, &after));
            prop_assert!((now / before - 1.0).abs() < 2e-6, "{before} {now}");
        }
    }

    #[test]
    fn uniform_is_kept_to_the_last_bit_in_any_flow() {
        let n = 40;
        let q = vec![0.123_456_79_f32; n];
        let mut mass: Vec<f32> = (0..n).map(|i| 10.0 + (i % 7) as f32).collect();
        let flux: Vec<f32> = (0..n).map(|i| ((i * 37 % 11) as f32 - 5.0) * 0.7).collect();
        let moved = sweep_line(&q, &mut mass, &flux);
        assert!(moved.iter().all(|&v| v == 0.123_456_79), "{moved:?}");
    }
}
