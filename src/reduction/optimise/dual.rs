//! The Lagrangian dual: a price per unit of each row, and with it a proven lower bound on the cost.
//!
//! ```text
//!   L(u) = u . demand + sum_g min_j (cost[g,j] - u . effect[g,j]),    u >= 0;    L(u) <= optimum for every u
//! ```
//!
//! L is concave and piecewise linear in as many prices as there are rows, a few dozen, however many options there are; its maximum
//! is the bound of the linear relaxation (Geoffrion 1974, Math. Program. Study 2, 82-114). The minimum of each group is smoothed by a
//! temperature `tau`, -tau log sum_j exp(-(..)/tau), and u >= 0 by a logarithmic barrier (Nesterov 2005, Math. Program. 103, 127-152);
//! Newton's method on the smooth function is followed while `tau` falls. Each step prices every option exactly, so
//! that any bound given back is proven, whatever the steps were.

use super::super::cover::Cover;

/// What the dual found.
#[derive(Debug, Clone)]
pub struct Dual {
    /// Price per unit of each row, >= 0.
    pub price: Vec<f64>,
    /// L at these prices.
    pub bound: f64,
    /// Weight of each option in its group, summing to 1: near the optimum of the relaxation.
    pub share: Vec<f64>,
    /// The prices prove that no choice covers all rows: the dearest effects of every group together stay below the demand.
    pub impossible: bool,
    /// Temperature at the end, where another ascent may go on.
    pub tau: f64,
}

/// Where an ascent begins.
pub struct Start<'a> {
    pub price: &'a [f64],
    pub tau: f64,
}

/// Ratio of one temperature to the last.
const COOLING: f64 = 0.2;
/// Newton steps at one temperature, at most.
const STEPS: usize = 15;
/// Temperatures, at most.
const STAGES: usize = 24;
/// Options further than this many temperatures from the best of their group weigh nothing: exp(-40) = 4e-18.
const REACH: f64 = 40.0;

/// Raises the bound until its relative distance to the relaxation is near `accuracy`, or it reaches `cutoff`.
pub fn ascend(cover: &Cover, start: Option<Start>, accuracy: f64, cutoff: f64) -> Dual {
    let unit = unit_cost(cover);
    let (mut price, mut tau) = match start {
        Some(s) => (s.price.iter().map(|p| p.max(1e-12 * unit)).collect(), s.tau.max(1e-9 * unit)),
        None => (first_prices(cover, unit), unit),
    };
    let mut point = Point::at(cover, &price, tau, true);
    let mut best = (point.bound, price.clone(), point.share.clone());
    for _ in 0..STAGES {
        for _ in 0..STEPS {
            if point.impossible(cover) {
                return Dual { price, bound: f64::INFINITY, share: best.2, impossible: true, tau };
            }
            let Some((step, gain)) = point.newton_step(&price, tau) else { break };
            if gain < 0.1 * tau {
                break;
            }
            let Some(next) = climb(cover, &mut price, &step, gain, &point, tau) else { break };
            point = next;
            if point.bound > best.0 {
                best = (point.bound, price.clone(), point.share.clone());
            }
            if best.0 >= cutoff {
                return Dual { price: best.1, bound: best.0, share: best.2, impossible: false, tau };
            }
        }
        let loss = (point.relaxed_cost - best.0).abs().max(tau * cover.rows() as f64);
        if loss <= accuracy * best.0.abs().max(1e-6 * unit) || tau < 1e-9 * unit {
            break;
        }
        tau *= COOLING;
        point = Point::at(cover, &price, tau, true);
    }
    if point.impossible(cover) {
        return Dual { price, bound: f64::INFINITY, share: best.2, impossible: true, tau };
    }
    Dual { price: best.1, bound: best.0, share: point.share, impossible: false, tau }
}

/// Mean over the groups of the spread of their costs.
fn unit_cost(cover: &Cover) -> f64 {
    let spread = |g: usize| {
        let costs = cover.of_group(g).map(|o| cover.cost(o));
        let (low, high) = costs.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), c| (l.min(c), h.max(c)));
        if high > low { high - low } else { 0.0 }
    };
    let sum: f64 = (0..cover.groups()).map(spread).sum();
    if sum > 0.0 { sum / cover.groups() as f64 } else { 1.0 }
}

/// Prices at which everything would be worth buying, shared among the rows.
fn first_prices(cover: &Cover, unit: f64) -> Vec<f64> {
    let all = unit * cover.groups() as f64 / cover.rows().max(1) as f64;
    let scale = |(most, demand): (f64, &f64)| most.abs().max(demand.abs()).max(1e-300);
    cover.attainable().into_iter().zip(cover.demand()).map(|m| all / scale(m)).collect()
}

/// The smoothed dual at one vector of prices.
struct Point {
    /// L itself.
    bound: f64,
    /// Smoothed L with the barrier.
    value: f64,
    /// Cost of the weighted options.
    relaxed_cost: f64,
    /// sum_g max_j u . effect, and u . demand.
    most: f64,
    asked: f64,
    gradient: Vec<f64>,
    /// Second derivatives with the sign turned, row by row; empty where they were not asked for.
    curvature: Vec<f64>,
    share: Vec<f64>,
}

impl Point {
    fn at(cover: &Cover, price: &[f64], tau: f64, curved: bool) -> Self {
        let (rows, stride) = (cover.rows(), cover.stride());
        let mut lanes = price.to_vec();
        lanes.resize(stride, 0.0);
        let asked: f64 = price.iter().zip(cover.demand()).map(|(u, d)| u * d).sum();
        let mut point = Self {
            bound: asked,
            value: asked + tau * price.iter().map(|u| u.ln()).sum::<f64>(),
            relaxed_cost: 0.0,
            most: 0.0,
            asked,
            gradient: cover.demand().iter().zip(price).map(|(d, u)| d + tau / u).collect(),
            curvature: if curved { vec![0.0; rows * rows] } else { Vec::new() },
            share: if curved { vec![0.0; cover.options()] } else { Vec::new() },
        };
        let mut mean = vec![0.0; stride];
        let mut net = Vec::new();
        for g in 0..cover.groups() {
            point.add_group(cover, g, &lanes, tau, &mut mean, &mut net);
        }
        if curved {
            (0..rows).for_each(|r| point.curvature[r * rows + r] += tau / (price[r] * price[r]));
        }
        point
    }

    fn add_group(&mut self, cover: &Cover, g: usize, lanes: &[f64], tau: f64, mean: &mut [f64], net: &mut Vec<f64>) {
        let options = cover.of_group(g);
        net.clear();
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        for o in options.clone() {
            let worth = dot(lanes, cover.lanes(o));
            let n = cover.cost(o) - worth;
            most = most.max(worth);
            least = least.min(n);
            net.push(n);
        }
        self.most += most;
        self.bound += least;
        let mut total = 0.0;
        for n in net.iter_mut() {
            let distance = (*n - least) / tau;
            *n = if distance < REACH { (-distance).exp() } else { 0.0 };
            total += *n;
        }
        self.value += least - tau * f64::ln(total);
        mean.fill(0.0);
        let mut weighed = 0;
        for (o, w) in options.clone().zip(net.iter_mut()).filter(|(_, w)| **w > 0.0) {
            *w /= total;
            weighed += 1;
            self.relaxed_cost += *w * cover.cost(o);
            mean.iter_mut().zip(cover.lanes(o)).for_each(|(m, e)| *m += *w * e);
        }
        self.gradient.iter_mut().zip(mean.iter()).for_each(|(d, m)| *d -= m);
        if self.curvature.is_empty() {
            return;
        }
        self.share[options.clone()].copy_from_slice(net);
        if weighed > 1 {
            self.add_curvature(cover, options, net, mean, tau);
        }
    }

    /// Covariance of the effects under the weights, over tau.
    fn add_curvature(
        &mut self,
        cover: &Cover,
        options: std::ops::Range<usize>,
        weight: &[f64],
        mean: &[f64],
        tau: f64,
    ) {
        let rows = cover.rows();
        for (o, w) in options.zip(weight).filter(|(_, w)| **w > 1e-12) {
            let effect = cover.lanes(o);
            for r in 0..rows {
                let left = w / tau * (effect[r] - mean[r]);
                if left != 0.0 {
                    let line = &mut self.curvature[r * rows..][..rows];
                    line.iter_mut().zip(effect.iter().zip(mean)).for_each(|(h, (e, m))| *h += left * (e - m));
                }
            }
        }
    }

    /// Whether the prices prove that the rows cannot be covered: at them the demand is worth more than all that can be had.
    fn impossible(&self, cover: &Cover) -> bool {
        let scale = self.asked.abs() + self.most.abs();
        cover.rows() > 0 && self.asked - self.most > 1e-9 * scale
    }

    /// Step of Newton's method and the rise it promises.
    fn newton_step(&self, price: &[f64], tau: f64) -> Option<(Vec<f64>, f64)> {
        let rows = price.len();
        let mut matrix = self.curvature.clone();
        // prices differ by orders of magnitude: in relative prices the matrix is well scaled
        for r in 0..rows {
            for s in 0..rows {
                matrix[r * rows + s] *= price[r] * price[s];
            }
            matrix[r * rows + r] += 1e-9 * (matrix[r * rows + r] + tau);
        }
        let right: Vec<f64> = self.gradient.iter().zip(price).map(|(g, u)| g * u).collect();
        let step = cholesky_solve(matrix, &right)?;
        let gain: f64 = step.iter().zip(&right).map(|(s, g)| s * g).sum();
        Some((step.iter().zip(price).map(|(s, u)| s * u).collect(), gain))
    }
}

/// Goes along `step` as far as the value rises enough, and stays inside u > 0. `None` where no length does.
fn climb(cover: &Cover, price: &mut Vec<f64>, step: &[f64], gain: f64, from: &Point, tau: f64) -> Option<Point> {
    let mut length = 1.0_f64;
    for (s, u) in step.iter().zip(price.iter()) {
        // no price may vanish or grow by more than a factor of ten at once
        if *s < 0.0 {
            length = length.min(-0.95 * u / s);
        } else if *s > 0.0 {
            length = length.min(9.0 * u / s);
        }
    }
    for _ in 0..30 {
        let next: Vec<f64> = price.iter().zip(step).map(|(u, s)| u + length * s).collect();
        let tried = Point::at(cover, &next, tau, false);
        if tried.value >= from.value + 0.1 * length * gain {
            *price = next;
            return Some(Point::at(cover, price, tau, true));
        }
        length *= 0.4;
    }
    None
}

/// Inner product, in four lanes.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sum = [0.0; 4];
    for (x, y) in a.chunks_exact(4).zip(b.chunks_exact(4)) {
        for k in 0..4 {
            sum[k] += x[k] * y[k];
        }
    }
    (sum[0] + sum[2]) + (sum[1] + sum[3])
}

/// Solves a symmetric positive definite system; `None` where it is not.
fn cholesky_solve(mut a: Vec<f64>, right: &[f64]) -> Option<Vec<f64>> {
    let n = right.len();
    for i in 0..n {
        for j in 0..=i {
            let inner: f64 = (0..j).map(|k| a[i * n + k] * a[j * n + k]).sum();
            let rest = a[i * n + j] - inner;
            if i == j {
                if !(rest > 0.0 && rest.is_finite()) {
                    return None;
                }
                a[i * n + i] = rest.sqrt();
            } else {
                a[i * n + j] = rest / a[j * n + j];
            }
        }
    }
    let mut x = right.to_vec();
    for i in 0..n {
        let inner: f64 = (0..i).map(|k| a[i * n + k] * x[k]).sum();
        x[i] = (x[i] - inner) / a[i * n + i];
    }
    for i in (0..n).rev() {
        let inner: f64 = (i + 1..n).map(|k| a[k * n + i] * x[k]).sum();
        x[i] = (x[i] - inner) / a[i * n + i];
    }
    Some(x)
}
