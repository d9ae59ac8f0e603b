//! Vertical turbulent mixing with emission and dry deposition in one implicit solve, many columns at once.
//!
//! Backward Euler on layer masses:
//!
//! ```text
//!   m_k (q'_k - q_k) = e_k+1 (q'_k+1 - q'_k) - e_k (q'_k - q'_k-1) + s_k - [k = 0] d q'_0
//! ```
//!
//! with `m` air mass [kg], `e_k` the exchange through interface k in the step [kg], `s` emitted mass [kg], `d = m_0 v_d dt / dz_0` [kg]. It is solved for
//! the departure from the top layer's value, so a uniform mixing ratio has a zero right-hand side and stays uniform to the last bit, while no
//! large exchange terms cancel (solving for q' - q loses 4e-5 of the mass in f32 when e = 700 m). Elimination runs from the top down: only the
//! last pivot holds `d`, and all species share the factors.
//!
//! # Reference
//! Thomas algorithm; unconditionally stable and positive: an M-matrix with non-negative sources (e.g. Jacobson 2005, Fundamentals of
//! Atmospheric Modeling, 2nd ed., sec. 7.4).

/// Factors shared by all species of a row `[z][x]`.
#[derive(Debug, Clone)]
pub struct MixingFactors {
    /// `e_k+1 / pivot_k+1` for interfaces 1 .. n-1, stored at the layer below.
    ratio: Vec<f32>,
    /// `1 / pivot_k`.
    inverse: Vec<f32>,
    /// Effective mass of the whole column, the pivot of layer 0 without deposition.
    ground: Vec<f32>,
}

impl MixingFactors {
    /// Empty factors for rows of `layers x width`.
    pub fn new(layers: usize, width: usize) -> Self {
        Self { ratio: vec![0.0; layers * width], inverse: vec![0.0; layers * width], ground: vec![0.0; width] }
    }

    // Each column above an interface acts as an effective mass s = m + e s_above / (s_above + e), which needs no subtraction.

    /// Factors from air mass [kg] and exchange [kg] through inner interfaces: `exchange[k]` between layers k and k+1, `layers - 1` rows.
    pub fn factorise(&mut self, mass: &[f32], exchange: &[f32], width: usize) {
        let n = mass.len() / width;
        for k in (0..n).rev() {
            for x in 0..width {
                let c = k * width + x;
                let below = if k > 0 { exchange[c - width] } else { 0.0 };
                let mut effective = mass[c];
                if k + 1 < n {
                    let ratio = exchange[c] * self.inverse[c + width];
                    self.ratio[c] = ratio;
                    effective += ratio * self.ground[x];
                }
                self.inverse[c] = 1.0 / (effective + below);
                self.ground[x] = effective;
            }
        }
    }
}

/// Mixes the rows `q` of one species in air of `mass` [kg]; `emitted` [kg] in the lowest `emitted.len() / width` layers, `deposition` the `d` of each column [kg].
/// Adds the deposited mass [kg] to `deposited` per column. `work` is scratch of q's size.
#[expect(
    clippy::too_many_arguments,
    reason = "a kernel on plain slices: each argument is an array or a number of the formula"
)]
pub fn mix(
    q: &mut [f32],
    mass: &[f32],
    factors: &MixingFactors,
    emitted: &[f32],
    deposition: &[f32],
    deposited: &mut [f64],
    work: &mut [f32],
    width: usize,
) {
    let n = q.len() / width;
    let (lower, top) = q.split_at_mut((n - 1) * width);
    for k in (0..n).rev() {
        for x in 0..width {
            let c = k * width + x;
            let mut rhs = if c < emitted.len() { emitted[c] } else { 0.0 };
            if k + 1 < n {
                rhs += mass[c] * (lower[c] - top[x]) + factors.ratio[c] * work[c + width];
            }
            work[c] = rhs;
        }
    }
    for x in 0..width {
        let departure = (work[x] - deposition[x] * top[x]) / (factors.ground[x] + deposition[x]);
        work[x] = departure;
        lower[x] = departure + top[x];
        deposited[x] += f64::from(deposition[x]) * f64::from(lower[x]);
    }
    for k in 1..n {
        for x in 0..width {
            let c = k * width + x;
            let departure = work[c] * factors.inverse[c] + factors.ratio[c - width] * work[c - width];
            work[c] = departure;
            let value = departure + top[x];
            if k + 1 < n { lower[c] = value } else { top[x] = value }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Column {
        mass: Vec<f32>,
        factors: MixingFactors,
        work: Vec<f32>,
    }

    /// Uniform grid of `n` layers over 1000 m, density 1, K [m2 s-1], step dt [s], 1 m2.
    fn column(n: usize, k: f64, dt: f64) -> Column {
        let dz = 1000.0 / n as f64;
        let mass = vec![dz as f32; n];
        let exchange = vec![(k / dz * dt) as f32; n - 1];
        let mut factors = MixingFactors::new(n, 1);
        factors.factorise(&mass, &exchange, 1);
        Column { mass, factors, work: vec![0.0; n] }
    }

    /// Exact: a cosine mode of a closed column decays as exp(-K (pi/H)^2 t).
    #[test]
    fn cosine_mode_decays_as_the_exact_solution() {
        let error = |n: usize, steps: usize| {
            let (k, t) = (20.0, 4000.0);
            let mut c = column(n, k, t / steps as f64);
            let mode = |i: usize| (std::f64::consts::PI * (i as f64 + 0.5) / n as f64).cos();
            let mut q: Vec<f32> = (0..n).map(|i| 1.0 + mode(i) as f32).collect();
            for _ in 0..steps {
                mix(&mut q, &c.mass, &c.factors, &[], &[0.0], &mut [0.0], &mut c.work, 1);
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
        let mut c = column(10, 5.0, dt);
        let mut q = vec![0.0f32; 10];
        let d = [(f64::from(c.mass[0]) * v_d * dt / 100.0) as f32];
        let emitted = [(emission * dt) as f32];
        let mut deposited = [0.0];
        for _ in 0..40_000 {
            deposited[0] = 0.0;
            mix(&mut q, &c.mass, &c.factors, &emitted, &d, &mut deposited, &mut c.work, 1);
        }
        for &v in &q {
            assert!((f64::from(v) / (emission / v_d) - 1.0).abs() < 1e-3, "{v}");
        }
        assert!((deposited[0] / (emission * dt) - 1.0).abs() < 1e-3);
    }

    #[test]
    fn mass_closes_and_stays_positive_with_huge_mixing() {
        let mut c = column(20, 500.0, 3600.0);
        let mut q: Vec<f32> = (0..20).map(|i| if i == 3 { 1.0 } else { 0.0 }).collect();
        let before: f64 = q.iter().zip(&c.mass).map(|(q, m)| f64::from(q * m)).sum();
        let mut deposited = [0.0];
        mix(&mut q, &c.mass, &c.factors, &[2.0, 1.0], &[5.0], &mut deposited, &mut c.work, 1);
        let after: f64 = q.iter().zip(&c.mass).map(|(q, m)| f64::from(q * m)).sum();
        assert!(q.iter().all(|&v| v > 0.0));
        assert!(((after + deposited[0]) / (before + 3.0) - 1.0).abs() < 1e-6, "{after} {deposited:?} {before}");
    }

    #[test]
    fn uniform_stays_uniform_to_the_last_bit() {
        let mut c = column(20, 300.0, 900.0);
        let mut q = vec![0.777f32; 20];
        mix(&mut q, &c.mass, &c.factors, &[], &[0.0], &mut [0.0], &mut c.work, 1);
        assert!(q.iter().all(|&v| v == 0.777));
    }
}
