//! Optimal interpolation of departures from a background, exactly: all observations at once, by a Cholesky factor.
//!
//! ```text
//!   increment(x) = sum_i c(x, i) w_i,   (C + R) w = d,   R = diag(error_i^2)
//!   c(a, b) = spread^2 [(1 - share) exp(-|a - b| / length) + share exp(-|a - b| / regional length)]
//! ```
//!
//! The second term is what errors of a region have in common: inflow, weather, emissions of a season. exp(-r / length) is positive definite for any
//! set of points of the plane and of the sphere, so C + R always has a factor.
//!
//! # Reference
//! Gandin 1963; Daley 1991, Atmospheric Data Analysis, ch. 4. Leave-one-out without solving anew: Dubrule 1983, Math. Geol. 15, 687.

use crate::domain::grid::distance_m;

/// An observation as it departs from the background.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Departure {
    /// Degrees east and north.
    pub place: (f64, f64),
    pub value: f64,
    /// Standard error of the observation, above 0.
    pub error: f64,
}

/// Errors of the background.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BackgroundError {
    /// Standard error.
    pub spread: f64,
    pub length_m: f64,
    /// Share of the variance that a region has in common, 0 ..= 1, and over which length.
    pub regional_share: f64,
    pub regional_length_m: f64,
}

impl BackgroundError {
    /// Covariance of the errors at two places.
    pub fn covariance(&self, a: (f64, f64), b: (f64, f64)) -> f64 {
        let d = distance_m(a, b);
        let local = (1.0 - self.regional_share) * (-d / self.length_m).exp();
        self.spread * self.spread * (local + self.regional_share * (-d / self.regional_length_m).exp())
    }
}

/// A solved analysis: increments anywhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Solved {
    background: BackgroundError,
    places: Vec<(f64, f64)>,
    weights: Vec<f64>,
    left_out: Vec<f64>,
}

/// Solves for `departures`. Whatever their order, the increments have the same bits.
pub fn solve(departures: &[Departure], background: BackgroundError) -> Solved {
    let n = departures.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| {
        let key = |i: &usize| {
            let d = &departures[*i];
            [d.place.0, d.place.1, d.value, d.error]
        };
        let (a, b) = (key(a), key(b));
        a.iter().zip(&b).map(|(x, y)| x.total_cmp(y)).find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    });
    let sorted: Vec<Departure> = order.iter().map(|i| departures[*i]).collect();
    let factor = Cholesky::of(n, &|i, j| {
        let own = if i == j { sorted[i].error * sorted[i].error } else { 0.0 };
        background.covariance(sorted[i].place, sorted[j].place) + own
    });
    let values: Vec<f64> = sorted.iter().map(|d| d.value).collect();
    let weights = factor.solve(values.clone());
    // foretold from all others: value less weight over the diagonal of the inverse
    let mut left_out = vec![0.0; n];
    for (i, place) in order.iter().enumerate() {
        let mut unit = vec![0.0; n];
        unit[i] = 1.0;
        left_out[*place] = values[i] - weights[i] / factor.solve(unit)[i];
    }
    Solved { background, places: sorted.iter().map(|d| d.place).collect(), weights, left_out }
}

impl Solved {
    /// The increment at a place.
    pub fn increment(&self, place: (f64, f64)) -> f64 {
        self.places.iter().zip(&self.weights).map(|(p, w)| self.background.covariance(place, *p) * w).sum()
    }

    /// What the others say at each observation's place, in the order in which the departures were given.
    pub fn left_out(&self) -> &[f64] {
        &self.left_out
    }
}

/// Lower triangular factor of a symmetric positive definite matrix, row by row.
struct Cholesky {
    n: usize,
    rows: Vec<f64>,
}

impl Cholesky {
    /// Of the matrix with elements `a(i, j)`.
    fn of(n: usize, a: &dyn Fn(usize, usize) -> f64) -> Self {
        let mut rows = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                let known: f64 = (0..j).map(|k| rows[i * n + k] * rows[j * n + k]).sum();
                let rest = a(i, j) - known;
                rows[i * n + j] = if i == j { rest.sqrt() } else { rest / rows[j * n + j] };
            }
        }
        Self { n, rows }
    }

    fn solve(&self, mut b: Vec<f64>) -> Vec<f64> {
        let (n, l) = (self.n, &self.rows);
        for i in 0..n {
            let known: f64 = (0..i).map(|k| l[i * n + k] * b[k]).sum();
            b[i] = (b[i] - known) / l[i * n + i];
        }
        for i in (0..n).rev() {
            let known: f64 = (i + 1..n).map(|k| l[k * n + i] * b[k]).sum();
            b[i] = (b[i] - known) / l[i * n + i];
        }
        b
    }
}
