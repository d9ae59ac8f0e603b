//! The preconditioner of the wind adjustment: the operator with mean metric terms, inverted by sines along x and y and a tridiagonal solve
//! in each column. Single precision: it only guides the search.

use std::f64::consts::PI;

/// Sines and eigenvalues of the operator with mean metric terms.
#[derive(Debug, Clone)]
pub(super) struct MeanMetric {
    area: f64,
    /// Orthonormal sines `[place, wave]` and `[wave, place]`.
    sines_x: Vec<f32>,
    waves_x: Vec<f32>,
    sines_y: Vec<f32>,
    waves_y: Vec<f32>,
    eigenvalue_x: Vec<f64>,
    eigenvalue_y: Vec<f64>,
}

impl MeanMetric {
    /// For `nx` and `ny` cells with the mean `L^2 / A` of the faces along each axis, and the mean area of the cells [m2].
    pub(super) fn new((nx, mean_x): (usize, f64), (ny, mean_y): (usize, f64), area: f64) -> Self {
        let (sines_x, waves_x) = sines(nx);
        let (sines_y, waves_y) = sines(ny);
        Self {
            area,
            sines_x,
            waves_x,
            sines_y,
            waves_y,
            eigenvalue_x: (0..nx).map(|p| mean_x * eigenvalue(p, nx)).collect(),
            eigenvalue_y: (0..ny).map(|q| mean_y * eigenvalue(q, ny)).collect(),
        }
    }

    /// The inverse of the operator with mean metric terms: sines of x and y, columns, and back. Single precision: it only guides the search.
    pub(super) fn invert(
        &self,
        inverse: &ColumnInverse,
        from: &[f64],
        to: &mut [f64],
        (a, b): &mut (Vec<f32>, Vec<f32>),
    ) {
        let (nx, ny) = (self.eigenvalue_x.len(), self.eigenvalue_y.len());
        let cells = nx * ny;
        let scale = from.iter().fold(0.0f64, |most, v| most.max(v.abs()));
        a.iter_mut().zip(from).for_each(|(a, f)| *a = (f / scale) as f32);
        multiply(a, &self.sines_x, b, nx, nx);
        for (b, a) in b.chunks_exact(cells).zip(a.chunks_exact_mut(cells)) {
            multiply(&self.waves_y, b, a, ny, nx);
        }
        inverse.apply(a, cells);
        for (a, b) in a.chunks_exact(cells).zip(b.chunks_exact_mut(cells)) {
            multiply(&self.sines_y, a, b, ny, nx);
        }
        multiply(b, &self.waves_x, a, nx, nx);
        to.iter_mut().zip(a.iter()).for_each(|(t, a)| *t = f64::from(*a) * scale);
    }
}

/// Factors of the tridiagonal systems of all waves.
pub(super) struct ColumnInverse {
    /// Coupling to the layer above over the pivot, and the inverse pivot, `[z, wave y, wave x]`.
    above: Vec<f32>,
    pivot: Vec<f32>,
    /// Coupling at the inner interfaces.
    coupling: Vec<f32>,
}

impl ColumnInverse {
    /// For layers of `rho dz` [kg m-2] and inner interfaces of `alpha^2 rho / dz` [kg m-4].
    pub(super) fn new(mean: &MeanMetric, layer: &[f64], interface: &[f64]) -> Self {
        let cells = mean.eigenvalue_x.len() * mean.eigenvalue_y.len();
        let nz = layer.len();
        let coupling: Vec<f64> = interface.iter().map(|t| t * mean.area).collect();
        let (mut above, mut pivot) = (vec![0.0; nz * cells], vec![0.0; nz * cells]);
        let mut wave = 0;
        for ey in &mean.eigenvalue_y {
            for ex in &mean.eigenvalue_x {
                let mut before = 0.0;
                for k in 0..nz {
                    let up = coupling.get(k).copied().unwrap_or(0.0);
                    let down = if k > 0 { coupling[k - 1] } else { 0.0 };
                    let p = layer[k] * (ex + ey) + up + down - down * before;
                    before = up / p;
                    above[k * cells + wave] = before as f32;
                    pivot[k * cells + wave] = (1.0 / p) as f32;
                }
                wave += 1;
            }
        }
        Self { above, pivot, coupling: coupling.iter().map(|c| *c as f32).collect() }
    }

    fn apply(&self, values: &mut [f32], cells: usize) {
        let n = values.len();
        for c in 0..cells {
            values[c] *= self.pivot[c];
        }
        for (k, coupling) in self.coupling.iter().enumerate() {
            let (below, here) = values[k * cells..(k + 2) * cells].split_at_mut(cells);
            for ((v, b), p) in here.iter_mut().zip(below.iter()).zip(&self.pivot[(k + 1) * cells..]) {
                *v = (*v + coupling * b) * p;
            }
        }
        for k in (0..n / cells - 1).rev() {
            let (here, beyond) = values[k * cells..(k + 2) * cells].split_at_mut(cells);
            for ((v, b), a) in here.iter_mut().zip(beyond.iter()).zip(&self.above[k * cells..]) {
                *v += a * b;
            }
        }
    }
}

/// Orthonormal eigenvectors of the second difference with zeros half a cell outside, `sin(pi (p + 1) (i + 1/2) / n)`, as `[i, p]` and `[p, i]`.
fn sines(n: usize) -> (Vec<f32>, Vec<f32>) {
    let sine = |i: usize, p: usize| {
        let norm = if p + 1 == n { 1.0 / n as f64 } else { 2.0 / n as f64 };
        (norm.sqrt() * (PI * (p + 1) as f64 * (i as f64 + 0.5) / n as f64).sin()) as f32
    };
    let by_place = (0..n * n).map(|c| sine(c / n, c % n)).collect();
    let by_wave = (0..n * n).map(|c| sine(c % n, c / n)).collect();
    (by_place, by_wave)
}

/// Eigenvalue of wave `p` of `n`: `2 - 2 cos(pi (p + 1) / n)`.
fn eigenvalue(p: usize, n: usize) -> f64 {
    2.0 - 2.0 * (PI * (p + 1) as f64 / n as f64).cos()
}

/// Rows of `a` `[.., inner]` times `b` `[inner, width]`, in tiles that stay in registers.
fn multiply(a: &[f32], b: &[f32], out: &mut [f32], inner: usize, width: usize) {
    const ROWS: usize = 4;
    const TILE: usize = 16;
    for (a, out) in a.chunks(ROWS * inner).zip(out.chunks_mut(ROWS * width)) {
        let rows = a.len() / inner;
        let mut start = 0;
        while start + TILE <= width && rows == ROWS {
            let mut sum = [[0.0f32; TILE]; ROWS];
            for (l, b) in b.chunks_exact(width).enumerate() {
                let b: &[f32; TILE] = b[start..start + TILE].try_into().expect("a tile");
                for (r, sum) in sum.iter_mut().enumerate() {
                    let factor = a[r * inner + l];
                    for (s, b) in sum.iter_mut().zip(b) {
                        *s += factor * b;
                    }
                }
            }
            for (r, sum) in sum.iter().enumerate() {
                out[r * width + start..r * width + start + TILE].copy_from_slice(sum);
            }
            start += TILE;
        }
        for r in 0..rows {
            for x in start..width {
                let row = &a[r * inner..(r + 1) * inner];
                out[r * width + x] = row.iter().zip(b[x..].iter().step_by(width)).map(|(a, b)| a * b).sum();
            }
        }
    }
}
