//! Vertical turbulent mixing with emission and dry deposition in one implicit solve, many columns at once.
//!
//! Backward Euler on layer masses:
//!
//! ```text
//!   m_k (q'_k - q_k) = e_k (q'_k+1 - q'_k) - e_k-1 (q'_k - q'_k-1)                         local
//!                    + u_k q'_0 + w_k q'_k+1 - w_k-1 q'_k       (k > 0; u_k = w_k-1 - w_k)  non-local
//!                    + w_0 (q'_1 - q'_0)                        (k = 0)
//!                    + s_k - [k = 0] d q'_0
//! ```
//!
//! with `m` air mass [kg]; `e_k` the local exchange and `w_k` the descent of air through the interface above layer k in the step [kg]; `u_k` the air that
//! the updrafts bring from the lowest layer straight to layer k [kg] (ACM2, see [`nonlocal_mixing`](super::nonlocal_mixing)); `s` emitted mass
//! [kg]; `d = m_0 v_d dt / dz_0` [kg].
//!
//! It is solved for the departure from the top layer's value, so a uniform mixing ratio has a zero right-hand side and stays uniform to the last bit, while no
//! large exchange terms cancel (solving for q' - q loses 4e-5 of the mass in f32 when e = 700 m). The matrix is tridiagonal but for its first
//! column, the updrafts. Elimination runs from the top down and carries that column along, so that only the last pivot holds `d` and all
//! species share the factors. Each part of a column above an interface then acts as an effective mass `S_k = m_k + r_k S_k+1` with `r_k =
//! (e_k + w_k) / P_k+1` and the pivot `P_k = S_k + e_k-1 + U_k`, `U_k = u_k + r_k U_k+1`: sums of positive terms, no subtraction.
//!
//! # Reference
//! Thomas algorithm; unconditionally stable and positive: an M-matrix with non-negative sources (e.g. Jacobson 2005, Fundamentals of
//! Atmospheric Modeling, 2nd ed., sec. 7.4). Non-local part: Pleim 2007, J. Appl. Meteorol. Climatol. 46, 1383.

use super::aligned::Aligned;
use super::lanes::{Lanes, lanes, lanes_mut, sum_of_products};
use pulp::{Arch, Scalar, Simd, WithSimd};

/// Vectors of columns that are solved side by side: each sum of a column waits for the one before it, those of others can be made meanwhile.
const SIDE_BY_SIDE: usize = 4;

/// Factors shared by all species of a row `[z][x]`.
#[derive(Debug)]
pub struct MixingFactors {
    /// `r_k` for interfaces above layers 0 .. n-2, stored at the layer below.
    ratio: Aligned,
    /// `1 / P_k`.
    inverse: Aligned,
    /// `S_k` of the layer eliminated last: of layer 0, the pivot without deposition.
    ground: Aligned,
    /// `e_k-1 / P_k` and `U_k / P_k`, where there are updrafts.
    from_below: Aligned,
    from_ground: Aligned,
    /// `U_k` of the layer eliminated last.
    updraft: Aligned,
    convective: bool,
}

impl MixingFactors {
    /// Empty factors for rows of `layers x width`.
    pub fn new(layers: usize, width: usize) -> Self {
        let rows = || Aligned::new(layers * width);
        Self {
            ratio: rows(),
            inverse: rows(),
            ground: Aligned::new(width),
            from_below: rows(),
            from_ground: rows(),
            updraft: Aligned::new(width),
            convective: false,
        }
    }

    /// Factors from air mass [kg] and exchange [kg] through inner interfaces: `exchange[k]` between layers k and k+1, `layers - 1` rows.
    #[inline(always)]
    pub fn factorise(&mut self, mass: &[f32], exchange: &[f32], width: usize) {
        self.convective = false;
        let highest = mass.len() - width;
        self.ground.copy_from_slice(&mass[highest..]);
        let below = mass[..highest].chunks_exact(width).zip(exchange.chunks_exact(width));
        let factors = self.ratio.chunks_exact_mut(width).zip(self.inverse[width..].chunks_exact_mut(width));
        for ((mass, exchange), (ratio, inverse)) in below.zip(factors).rev() {
            let air = self.ground.iter_mut().zip(mass).zip(exchange);
            for (((ground, mass), exchange), (ratio, inverse)) in air.zip(ratio.iter_mut().zip(inverse)) {
                *inverse = 1.0 / (*ground + exchange);
                *ratio = exchange * *inverse;
                *ground = mass + *ratio * *ground;
            }
        }
    }

    /// As [`Self::factorise`], with updrafts from the lowest layer: `descent` [kg] is the air that sinks through inner interfaces in return,
    /// `layers - 1` rows, which must not grow with height.
    #[inline(always)]
    pub fn factorise_convective(&mut self, mass: &[f32], exchange: &[f32], descent: &[f32], width: usize) {
        let n = mass.len() / width;
        self.convective = true;
        let (ground, updraft) = (&mut self.ground[..width], &mut self.updraft[..width]);
        ground.copy_from_slice(&mass[(n - 1) * width..]);
        updraft.copy_from_slice(&descent[(n - 2) * width..]);
        for k in (1..n).rev() {
            let (row, below) = (k * width..(k + 1) * width, (k - 1) * width..k * width);
            let (e, w, m) = (&exchange[below.clone()], &descent[below.clone()], &mass[below.clone()]);
            let (inverse, ratio) = (&mut self.inverse[row.clone()], &mut self.ratio[below]);
            let (from_below, from_ground) = (&mut self.from_below[row.clone()], &mut self.from_ground[row]);
            for x in 0..width {
                inverse[x] = 1.0 / (ground[x] + e[x] + updraft[x]);
                from_below[x] = e[x] * inverse[x];
                from_ground[x] = updraft[x] * inverse[x];
                ratio[x] = (e[x] + w[x]) * inverse[x];
                ground[x] = m[x] + ratio[x] * ground[x];
            }
            if k > 1 {
                let beneath = &descent[(k - 2) * width..(k - 1) * width];
                for x in 0..width {
                    updraft[x] = (beneath[x] - w[x]) + ratio[x] * updraft[x];
                }
            }
        }
    }
}

/// Mixes the rows `q` of one species in air of `mass` [kg]; `emitted` [kg] in the lowest `emitted.len() / width` layers, `deposition` the `d` of each column
/// [kg]. Returns the deposited mass [kg].
#[inline(always)]
pub fn mix(
    q: &mut [f32],
    mass: &[f32],
    factors: &MixingFactors,
    emitted: &[f32],
    deposition: &[f32],
    width: usize,
) -> f64 {
    Arch::new().dispatch(Mix { q, mass, factors, emitted, deposition, width })
}

struct Mix<'a> {
    q: &'a mut [f32],
    mass: &'a [f32],
    factors: &'a MixingFactors,
    emitted: &'a [f32],
    deposition: &'a [f32],
    width: usize,
}

impl WithSimd for Mix<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) -> f64 {
        if self.width.is_multiple_of(S::F32_LANES) {
            self.solve(simd)
        } else {
            self.solve(Scalar)
        }
        sum_of_products(&self.q[..self.width], self.deposition)
    }
}

impl Mix<'_> {
    #[inline(always)]
    fn solve<S: Simd>(&mut self, simd: S) {
        let vectors = self.width / S::F32_LANES;
        let grouped = vectors - vectors % SIDE_BY_SIDE;
        for v in (0..grouped).step_by(SIDE_BY_SIDE) {
            self.columns::<S, SIDE_BY_SIDE>(simd, v);
        }
        for v in grouped..vectors {
            self.columns::<S, 1>(simd, v);
        }
    }

    /// Solves the `W` vectors of columns from number `v` on: right-hand sides `R_k = m_k (q_k - q_top) + s_k + r_k R_k+1` from the top down, then
    /// departures from the ground up.
    #[inline(always)]
    fn columns<S: Simd, const W: usize>(&mut self, simd: S, v: usize) {
        let (step, factors) = (self.width / S::F32_LANES, self.factors);
        let (q, mass, emitted) = (lanes_mut::<S>(self.q), lanes::<S>(self.mass), lanes::<S>(self.emitted));
        let (ratio, inverse) = (lanes::<S>(&factors.ratio), lanes::<S>(&factors.inverse));
        let (ground, deposition) = (lanes::<S>(&factors.ground), lanes::<S>(self.deposition));
        let (from_below, from_ground) = (lanes::<S>(&factors.from_below), lanes::<S>(&factors.from_ground));
        let highest = q.len() - step;
        let emitting = emitted.len().min(highest);
        let zero = Lanes::splat(simd, 0.0);
        let (mut top, mut source) = ([zero; W], [zero; W]);
        for w in 0..W {
            top[w] = Lanes(simd, q[highest + v + w]);
            if emitted.len() > highest {
                source[w] = Lanes(simd, emitted[highest + v + w]);
            }
        }
        let mut above = source;
        let layers = q[emitting..highest].chunks_exact_mut(step);
        let air = mass[emitting..highest].chunks_exact(step).zip(ratio[emitting..highest].chunks_exact(step));
        for (q, (mass, ratio)) in layers.zip(air).rev() {
            let (q, mass, ratio) = (&mut q[v..v + W], &mass[v..v + W], &ratio[v..v + W]);
            for w in 0..W {
                let own = Lanes(simd, mass[w]) * (Lanes(simd, q[w]) - top[w]);
                above[w] = Lanes(simd, ratio[w]).mul_add(above[w], own);
                q[w] = above[w].1;
            }
        }
        let layers = q[..emitting].chunks_exact_mut(step).zip(emitted[..emitting].chunks_exact(step));
        let air = mass[..emitting].chunks_exact(step).zip(ratio[..emitting].chunks_exact(step));
        for ((q, emitted), (mass, ratio)) in layers.zip(air).rev() {
            let (q, emitted) = (&mut q[v..v + W], &emitted[v..v + W]);
            let (mass, ratio) = (&mass[v..v + W], &ratio[v..v + W]);
            for w in 0..W {
                let own = Lanes(simd, mass[w]).mul_add(Lanes(simd, q[w]) - top[w], Lanes(simd, emitted[w]));
                above[w] = Lanes(simd, ratio[w]).mul_add(above[w], own);
                q[w] = above[w].1;
            }
        }
        let mut lowest = [zero; W];
        for w in 0..W {
            let deposition = Lanes(simd, deposition[v + w]);
            lowest[w] = (above[w] - deposition * top[w]).over(Lanes(simd, ground[v + w]) + deposition);
            q[v + w] = (lowest[w] + top[w]).1;
        }
        let mut below = lowest;
        let layers = q[step..highest].chunks_exact_mut(step).zip(inverse[step..highest].chunks_exact(step));
        if factors.convective {
            let updraft = from_ground[step..highest].chunks_exact(step);
            let air = from_below[step..highest].chunks_exact(step).zip(updraft);
            for ((q, inverse), (from_below, from_ground)) in layers.zip(air) {
                let (q, inverse) = (&mut q[v..v + W], &inverse[v..v + W]);
                let (from_below, from_ground) = (&from_below[v..v + W], &from_ground[v..v + W]);
                for w in 0..W {
                    let own = Lanes(simd, q[w]) * Lanes(simd, inverse[w]);
                    let own = Lanes(simd, from_ground[w]).mul_add(lowest[w], own);
                    below[w] = Lanes(simd, from_below[w]).mul_add(below[w], own);
                    q[w] = (below[w] + top[w]).1;
                }
            }
        } else {
            for ((q, inverse), ratio) in layers.zip(ratio.chunks_exact(step)) {
                let (q, inverse, ratio) = (&mut q[v..v + W], &inverse[v..v + W], &ratio[v..v + W]);
                for w in 0..W {
                    below[w] = Lanes(simd, ratio[w]).mul_add(below[w], Lanes(simd, q[w]) * Lanes(simd, inverse[w]));
                    q[w] = (below[w] + top[w]).1;
                }
            }
        }
        for w in 0..W {
            let c = highest + v + w;
            let mut own = source[w] * Lanes(simd, inverse[c]);
            let share = if factors.convective {
                own = Lanes(simd, from_ground[c]).mul_add(lowest[w], own);
                from_below[c]
            } else {
                ratio[c - step]
            };
            q[c] = (Lanes(simd, share).mul_add(below[w], own) + top[w]).1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Column {
        mass: Vec<f32>,
        factors: MixingFactors,
    }

    /// Uniform grid of `n` layers over 1000 m, density 1, K [m2 s-1], step dt [s], 1 m2.
    fn column(n: usize, k: f64, dt: f64) -> Column {
        let dz = 1000.0 / n as f64;
        let mass = vec![dz as f32; n];
        let exchange = vec![(k / dz * dt) as f32; n - 1];
        let mut factors = MixingFactors::new(n, 1);
        factors.factorise(&mass, &exchange, 1);
        Column { mass, factors }
    }

    /// Exact: a cosine mode of a closed column decays as exp(-K (pi/H)^2 t).
    #[test]
    fn cosine_mode_decays_as_the_exact_solution() {
        let error = |n: usize, steps: usize| {
            let (k, t) = (20.0, 4000.0);
            let c = column(n, k, t / steps as f64);
            let mode = |i: usize| (std::f64::consts::PI * (i as f64 + 0.5) / n as f64).cos();
            let mut q: Vec<f32> = (0..n).map(|i| 1.0 + mode(i) as f32).collect();
            for _ in 0..steps {
                mix(&mut q, &c.mass, &c.factors, &[], &[0.0], 1);
            }
            let decay = (-k * (std::f64::consts::PI / 1000.0).powi(2) * t).exp();
            (0..n).map(|i| (f64::from(q[i]) - 1.0 - decay * mode(i)).abs()).fold(0.0, f64::max)
        };
        // first order in time, second in space: halving dx and quartering dt divides the error by four
        let (coarse, fine) = (error(20, 20), error(40, 80));
        assert!((coarse / fine).log2() > 1.8, "{coarse:e} {fine:e}");
        assert!(fine < 0.01, "{fine}");
    }

    /// Steady state with emission E at the ground and deposition v_d: the flux is E through every level, so q_0 = E / (rho v_d).
    #[test]
    fn emission_balances_deposition_in_steady_state() {
        let (emission, v_d, dt) = (3e-7, 0.004, 600.0);
        let c = column(10, 5.0, dt);
        let mut q = vec![0.0f32; 10];
        let d = [(f64::from(c.mass[0]) * v_d * dt / 100.0) as f32];
        let emitted = [(emission * dt) as f32];
        let mut deposited = 0.0;
        for _ in 0..40_000 {
            deposited = mix(&mut q, &c.mass, &c.factors, &emitted, &d, 1);
        }
        for &v in &q {
            assert!((f64::from(v) / (emission / v_d) - 1.0).abs() < 1e-3, "{v}");
        }
        assert!((deposited / (emission * dt) - 1.0).abs() < 1e-3);
    }

    #[test]
    fn mass_closes_and_stays_positive_with_huge_mixing() {
        let c = column(20, 500.0, 3600.0);
        let mut q: Vec<f32> = (0..20).map(|i| if i == 3 { 1.0 } else { 0.0 }).collect();
        let before: f64 = q.iter().zip(&c.mass).map(|(q, m)| f64::from(q * m)).sum();
        let deposited = mix(&mut q, &c.mass, &c.factors, &[2.0, 1.0], &[5.0], 1);
        let after: f64 = q.iter().zip(&c.mass).map(|(q, m)| f64::from(q * m)).sum();
        assert!(q.iter().all(|&v| v > 0.0));
        assert!(((after + deposited) / (before + 3.0) - 1.0).abs() < 1e-6, "{after} {deposited} {before}");
    }

    #[test]
    fn uniform_stays_uniform_to_the_last_bit() {
        let c = column(20, 300.0, 900.0);
        let mut q = vec![0.777f32; 20];
        mix(&mut q, &c.mass, &c.factors, &[], &[0.0], 1);
        assert!(q.iter().all(|&v| v == 0.777));
    }

    /// A column of 12 unequal layers with updrafts into the lowest `reach` of them: mass, exchange, descent [kg], between weak and strong.
    fn updrafts(strength: f32, reach: usize) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
        let mass: Vec<f32> = (0..12).map(|k| 20.0 + 9.0 * k as f32).collect();
        let exchange = (0..11).map(|k| strength * (3.0 + ((k * 7 + 2) % 5) as f32)).collect();
        let descent = (0..11).map(|k| strength * 11.0 * (1.0 - k as f32 / reach as f32).max(0.0)).collect();
        (mass, exchange, descent)
    }

    /// The equations of the module's head written out as a full matrix and solved by Gaussian elimination with pivoting in f64.
    fn dense(q: &[f32], mass: &[f32], exchange: &[f32], descent: &[f32], emitted: &[f32], deposition: f32) -> Vec<f64> {
        let n = q.len();
        let f = f64::from;
        let mut a = vec![vec![0.0; n + 1]; n];
        // every stream carries the mixing ratio of `from` out of it and into `to`
        let mut stream = |from: usize, to: usize, kg: f64| {
            a[from][from] += kg;
            a[to][from] -= kg;
        };
        for k in 0..n - 1 {
            stream(k, k + 1, f(exchange[k]));
            stream(k + 1, k, f(exchange[k]) + f(descent[k]));
            let above = if k + 1 < n - 1 { f(descent[k + 1]) } else { 0.0 };
            stream(0, k + 1, f(descent[k]) - above);
        }
        for k in 0..n {
            a[k][k] += f(mass[k]);
            a[k][n] = f(mass[k]) * f(q[k]) + emitted.get(k).copied().map_or(0.0, f);
        }
        a[0][0] += f(deposition);
        for c in 0..n {
            let pivot = (c..n).max_by(|i, j| a[*i][c].abs().total_cmp(&a[*j][c].abs())).unwrap();
            a.swap(c, pivot);
            let row = a[c].clone();
            for (i, other) in a.iter_mut().enumerate().filter(|(i, _)| *i != c) {
                let factor = other[c] / row[c];
                assert!(i < n);
                other.iter_mut().zip(&row).for_each(|(v, r)| *v -= factor * r);
            }
        }
        (0..n).map(|k| a[k][n] / a[k][k]).collect()
    }

    fn mix_convective(q: &mut [f32], column: &(Vec<f32>, Vec<f32>, Vec<f32>), emitted: &[f32], deposition: f32) -> f64 {
        let (mass, exchange, descent) = column;
        let mut factors = MixingFactors::new(mass.len(), 1);
        factors.factorise_convective(mass, exchange, descent, 1);
        mix(q, mass, &factors, emitted, &[deposition], 1)
    }

    #[test]
    fn updrafts_meet_a_dense_solution() {
        for (strength, reach) in [(0.01, 11), (1.0, 11), (8.0, 6), (300.0, 3), (5.0, 1)] {
            let column = updrafts(strength, reach);
            let start: Vec<f32> = (0..12).map(|k| 1.0 + 0.7 * (k as f32 * 1.3).sin()).collect();
            let mut q = start.clone();
            let deposited = mix_convective(&mut q, &column, &[7.0, 3.0], 2.5);
            let exact = dense(&start, &column.0, &column.1, &column.2, &[7.0, 3.0], 2.5);
            for (k, (q, e)) in q.iter().zip(&exact).enumerate() {
                assert!((f64::from(*q) / e - 1.0).abs() < 2e-6, "strength {strength} layer {k}: {q} {e}");
            }
            assert!((deposited / (2.5 * exact[0]) - 1.0).abs() < 2e-6);
        }
    }

    /// A flux F from the top to a ground that takes it up: through every interface F = e_k (q_k+1 - q_k) + w_k (q_k+1 - q_0), which gives the
    /// steady profile layer by layer from q_0 = F / d.
    #[test]
    fn steady_flux_through_updrafts_has_its_exact_profile() {
        let column = updrafts(2.0, 8);
        let (flux, deposition) = (0.6f32, 1.5f32);
        let mut source = [0.0f32; 12];
        source[11] = flux;
        let mut q = vec![0.5f32; 12];
        for _ in 0..4000 {
            mix_convective(&mut q, &column, &source, deposition);
        }
        let ground = f64::from(flux / deposition);
        let mut exact = ground;
        assert!((f64::from(q[0]) / ground - 1.0).abs() < 1e-3, "{} {ground}", q[0]);
        for k in 0..11 {
            let (e, w) = (f64::from(column.1[k]), f64::from(column.2[k]));
            exact = (f64::from(flux) + e * exact + w * ground) / (e + w);
            assert!((f64::from(q[k + 1]) / exact - 1.0).abs() < 1e-3, "layer {}: {} {exact}", k + 1, q[k + 1]);
        }
    }

    #[test]
    fn updrafts_close_mass_and_keep_positive_and_uniform() {
        for strength in [0.1, 10.0, 2000.0] {
            let column = updrafts(strength, 9);
            let mut q: Vec<f32> = (0..12).map(|k| if k == 5 { 1.0 } else { 0.0 }).collect();
            let kg = |q: &[f32]| q.iter().zip(&column.0).map(|(q, m)| f64::from(*q) * f64::from(*m)).sum::<f64>();
            let before = kg(&q);
            let deposited = mix_convective(&mut q, &column, &[2.0, 1.0], 4.0);
            assert!(q.iter().all(|&v| v > 0.0), "{q:?}");
            assert!(((kg(&q) + deposited) / (before + 3.0) - 1.0).abs() < 1e-6, "{strength}: {} {deposited}", kg(&q));
            let mut q = vec![0.777f32; 12];
            mix_convective(&mut q, &column, &[], 0.0);
            assert!(q.iter().all(|&v| v == 0.777));
        }
    }

    /// Beside a convective column a stable one is mixed as if it were alone, and no descent means no updraft.
    #[test]
    fn a_stable_column_beside_a_convective_one_is_mixed_locally() {
        let (mass, exchange, descent) = updrafts(3.0, 10);
        let pair = |v: &[f32], other: &[f32]| v.iter().zip(other).flat_map(|(a, b)| [*a, *b]).collect::<Vec<f32>>();
        let start: Vec<f32> = (0..12).map(|k| 1.0 / (1.0 + k as f32)).collect();
        let still = vec![0.0f32; 11];
        let mut factors = MixingFactors::new(12, 2);
        factors.factorise_convective(&pair(&mass, &mass), &pair(&exchange, &exchange), &pair(&descent, &still), 2);
        let mut both = pair(&start, &start);
        mix(&mut both, &pair(&mass, &mass), &factors, &[1.0; 2], &[0.5; 2], 2);
        let mut convective = start.clone();
        mix_convective(&mut convective, &(mass.clone(), exchange.clone(), descent), &[1.0], 0.5);
        let mut alone = start;
        factors = MixingFactors::new(12, 1);
        // factors that were convective in an earlier hour
        factors.factorise_convective(&mass, &exchange, &exchange, 1);
        factors.factorise(&mass, &exchange, 1);
        mix(&mut alone, &mass, &factors, &[1.0], &[0.5], 1);
        for k in 0..12 {
            assert_eq!(both[2 * k], convective[k]);
            assert!((both[2 * k + 1] / alone[k] - 1.0).abs() < 1e-6, "{} {}", both[2 * k + 1], alone[k]);
        }
    }

    /// Columns in vectors have the bits of columns alone, emission in none, some and all layers: 176 are groups of vectors and some left over, with eight
    /// numbers to a vector and with sixteen.
    #[test]
    fn columns_side_by_side_have_the_bits_of_each_alone() {
        let (n, width) = (9, 176);
        let rows = |layers: usize, step: usize, scale: f32| -> Vec<f32> {
            (0..layers * width).map(|i| scale * (1 + i * step % 23) as f32).collect()
        };
        let (mass, exchange, start) = (rows(n, 5, 20.0), rows(n - 1, 7, 3.0), rows(n, 11, 1e-9));
        let descent: Vec<f32> = (0..(n - 1) * width).map(|i| ((i % width) * (n - i / width)) as f32).collect();
        let deposition = rows(1, 3, 0.5);
        for (convective, layers) in [(false, 0), (false, 3), (false, n), (true, 0), (true, 3), (true, n)] {
            let emitted = rows(layers, 13, 1e-7);
            let factors = |mass: &[f32], exchange: &[f32], descent: &[f32], width: usize| {
                let mut factors = MixingFactors::new(n, width);
                if convective {
                    factors.factorise_convective(mass, exchange, descent, width);
                } else {
                    factors.factorise(mass, exchange, width);
                }
                factors
            };
            let mut together = start.clone();
            let all = factors(&mass, &exchange, &descent, width);
            let deposited = mix(&mut together, &mass, &all, &emitted, &deposition, width);
            let mut sum = 0.0;
            for x in 0..width {
                let column = |rows: &[f32]| rows.iter().copied().skip(x).step_by(width).collect::<Vec<f32>>();
                let alone = factors(&column(&mass), &column(&exchange), &column(&descent), 1);
                let mut q = column(&start);
                sum += mix(&mut q, &column(&mass), &alone, &column(&emitted), &deposition[x..=x], 1);
                assert_eq!(q, column(&together), "convective {convective}, {layers} layers emit, column {x}");
            }
            assert!((deposited / sum - 1.0).abs() < 1e-12);
        }
    }
}
