//! Horizontal turbulent diffusion of a slab `[y][x]`: what the wind field of the grid stretches and shears, smaller eddies mix.
//!
//! ```text
//!   K = (c_s^2 dx dy) |D|,  |D|^2 = (du/dx - dv/dy)^2 + (dv/dx + du/dy)^2
//!   m q' = m q + sum over the faces of e (q_neighbour - q),  e = m_face K dt / dx^2
//! ```
//!
//! with `m` air mass [kg] and `e` the air that a face exchanges in the step [kg]. Explicit; a face exchanges at most an eighth of the lighter of its
//! two cells, so at most half of a cell is exchanged and no value leaves the range of its neighbours. The sides of the domain are closed.
//!
//! # Reference
//! Smagorinsky 1963, Mon. Weather Rev. 91, 99; `c_s` between 0.2 and 0.28 in use (0.25: Skamarock et al. 2021, A Description of the Advanced
//! Research WRF Model Version 4.3, sec. 4.2.3).

/// Smagorinsky's coefficient [1].
const C_S: f32 = 0.25;
/// Largest diffusivity [m2 s-1].
pub const LARGEST_DIFFUSIVITY: f32 = 1e4;
/// Largest share of the lighter of two cells that their face exchanges in a step.
const LARGEST_SHARE: f32 = 0.125;

/// Deformation `|D|` [s-1] of the cells of a slab of width `nx` from the winds [m s-1] `u` through western faces `[y][x+1]` and `v` through southern faces
/// `[y+1][x]`; `dx` and `dy` [m] of the cells. Differences across the slab are one-sided at its sides.
pub fn deformation(u: &[f32], v: &[f32], dx: &[f32], dy: &[f32], nx: usize, out: &mut [f32]) {
    let ny = dx.len() / nx;
    let u_centre = |x: usize, y: usize| 0.5 * (u[y * (nx + 1) + x] + u[y * (nx + 1) + x + 1]);
    let v_centre = |x: usize, y: usize| 0.5 * (v[y * nx + x] + v[(y + 1) * nx + x]);
    for y in 0..ny {
        for x in 0..nx {
            let c = y * nx + x;
            let (west, east) = (x.max(1) - 1, (x + 1).min(nx - 1));
            let (south, north) = (y.max(1) - 1, (y + 1).min(ny - 1));
            let du_dx = (u[y * (nx + 1) + x + 1] - u[y * (nx + 1) + x]) / dx[c];
            let dv_dy = (v[c + nx] - v[c]) / dy[c];
            let dv_dx = (v_centre(east, y) - v_centre(west, y)) / ((east - west).max(1) as f32 * dx[c]);
            let du_dy = (u_centre(x, north) - u_centre(x, south)) / ((north - south).max(1) as f32 * dy[c]);
            out[c] = (du_dx - dv_dy).hypot(dv_dx + du_dy);
        }
    }
}

/// Diffusivity [m2 s-1] of a cell of `area_m2` [m2] under `deformation` [s-1], at most [`LARGEST_DIFFUSIVITY`].
pub fn diffusivity(deformation: f32, area_m2: f32) -> f32 {
    (C_S * C_S * area_m2 * deformation).min(LARGEST_DIFFUSIVITY)
}

/// Air [kg] that the face between two cells exchanges in a step of `dt` [s]: `masses` [kg] and `diffusivities` [m2 s-1] of the two, centres
/// `distance` [m] apart.
pub fn exchange(masses: (f32, f32), diffusivities: (f32, f32), distance: f32, dt: f32) -> f32 {
    let share = 0.5 * (diffusivities.0 + diffusivities.1) * dt / (distance * distance);
    (0.5 * (masses.0 + masses.1) * share).min(LARGEST_SHARE * masses.0.min(masses.1))
}

/// Spreads `q` of a slab of width `nx`, in air of which `inverse_mass` is one over the mass [kg-1], by the exchange [kg] through western faces
/// `exchange_x` and southern faces `exchange_y`, both `[y][x]` (those of the first column and row are not read). `work` holds 3 `nx` values.
#[inline(always)]
pub fn spread(
    q: &mut [f32],
    inverse_mass: &[f32],
    exchange_x: &[f32],
    exchange_y: &[f32],
    nx: usize,
    work: &mut [f32],
) {
    // gains [kg] of a row through its southern faces, its northern faces, and its western and eastern faces
    let (south, rest) = work.split_at_mut(nx);
    let (north, across) = rest.split_at_mut(nx);
    let across = &mut across[..nx];
    south.fill(0.0);
    for start in (0..q.len()).step_by(nx) {
        let (here, beyond) = q[start..].split_at_mut(nx);
        if beyond.is_empty() {
            north.fill(0.0);
        } else {
            let (next, e) = (&beyond[..nx], &exchange_y[start + nx..start + 2 * nx]);
            for x in 0..nx {
                north[x] = e[x] * (next[x] - here[x]);
            }
        }
        let e = &exchange_x[start..start + nx];
        across[0] = 0.0;
        for x in 1..nx {
            across[x] = e[x] * (here[x - 1] - here[x]);
        }
        let inverse = &inverse_mass[start..start + nx];
        for x in 0..nx - 1 {
            here[x] += (south[x] + north[x] + (across[x] - across[x + 1])) * inverse[x];
        }
        here[nx - 1] += (south[nx - 1] + north[nx - 1] + across[nx - 1]) * inverse[nx - 1];
        for x in 0..nx {
            south[x] = -north[x];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Winds of `(u, v)(x, y)` [m s-1] on the faces of 6 x 5 cells of 1000 x 2000 m, and the deformation of the middle cell [s-1].
    fn middle(wind: impl Fn(f32, f32) -> (f32, f32)) -> f32 {
        let (nx, ny, dx, dy) = (6, 5, 1000.0, 2000.0);
        let at = |i: usize, step: f32, offset: f32| (i as f32 + offset) * step;
        let u: Vec<f32> =
            (0..ny * (nx + 1)).map(|i| wind(at(i % (nx + 1), dx, 0.0), at(i / (nx + 1), dy, 0.5)).0).collect();
        let v: Vec<f32> = (0..(ny + 1) * nx).map(|i| wind(at(i % nx, dx, 0.5), at(i / nx, dy, 0.0)).1).collect();
        let mut out = vec![0.0; nx * ny];
        deformation(&u, &v, &vec![dx; nx * ny], &vec![dy; nx * ny], nx, &mut out);
        // linear winds: every cell has the same
        assert!(out.iter().all(|d| (d - out[14]).abs() < 1e-7), "{out:?}");
        out[14]
    }

    /// Shear S deforms by S, strain (a x, -a y) by 2 a, rotation and even divergence by nothing.
    #[test]
    fn deformation_of_linear_winds() {
        assert!((middle(|_, y| (3e-4 * y, 0.0)) - 3e-4).abs() < 1e-8);
        assert!((middle(|x, _| (0.0, 3e-4 * x)) - 3e-4).abs() < 1e-8);
        assert!((middle(|x, y| (2e-4 * x, -2e-4 * y)) - 4e-4).abs() < 1e-8);
        assert!(middle(|x, y| (-2e-4 * y, 2e-4 * x)).abs() < 1e-8);
        assert!(middle(|x, y| (2e-4 * x, 2e-4 * y)).abs() < 1e-8);
    }

    /// 3 km and 1e-3 s-1: (0.25 * 3000)^2 * 1e-3 = 562.5 m2 s-1; 30 km: held.
    #[test]
    fn diffusivity_by_hand_and_its_bound() {
        assert!((diffusivity(1e-3, 9e6) - 562.5).abs() < 1e-3);
        assert_eq!(diffusivity(1e-3, 9e8), LARGEST_DIFFUSIVITY);
        // 1000 and 3000 kg, K 400 and 600, 2 km, 300 s: 2000 * 500 * 300 / 4e6 = 75 kg; ten times the time: an eighth of 1000 kg
        assert!((exchange((1000.0, 3000.0), (400.0, 600.0), 2000.0, 300.0) - 75.0).abs() < 1e-4);
        assert_eq!(exchange((1000.0, 3000.0), (400.0, 600.0), 2000.0, 3000.0), 125.0);
    }

    fn moments(q: &[f32], nx: usize) -> (f64, f64, f64) {
        let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
            q.iter().enumerate().map(|(i, q)| f64::from(*q) * f((i % nx) as f64, (i / nx) as f64)).sum()
        };
        let (m, mx, my) = (sum(&|_, _| 1.0), sum(&|x, _| x), sum(&|_, y| y));
        (m, sum(&|x, _| x * x) / m - (mx / m).powi(2), sum(&|_, y| y * y) / m - (my / m).powi(2))
    }

    /// A Gaussian's variance grows by 2 K t along each axis, and its shape meets the exact Gaussian: K 500 m2/s along x, 250 along y, 3 km, 60
    /// steps of 300 s.
    #[test]
    fn gaussian_spreads_as_the_exact_solution() {
        let (nx, ny, d, dt, steps) = (64, 60, 3000.0, 300.0, 60);
        let start = 4.0; // variance in squares of cells
        let gauss = |i: usize, v: (f64, f64)| {
            let (x, y) = ((i % nx) as f64 - 30.0, (i / nx) as f64 - 29.0);
            (start / (v.0 * v.1).sqrt()) * (-0.5 * (x * x / v.0 + y * y / v.1)).exp()
        };
        let mut q: Vec<f32> = (0..nx * ny).map(|i| gauss(i, (start, start)) as f32).collect();
        let e = |k: f32| vec![exchange((1e9, 1e9), (k, k), d, dt); nx * ny];
        let (ex, ey) = (e(500.0), e(250.0));
        let inverse = vec![1e-9f32; nx * ny];
        let before = moments(&q, nx);
        let mut work = vec![0.0; 3 * nx];
        for _ in 0..steps {
            spread(&mut q, &inverse, &ex, &ey, nx, &mut work);
        }
        let after = moments(&q, nx);
        let grown = |k: f64| 2.0 * k * f64::from(dt) * f64::from(steps) / f64::from(d).powi(2);
        assert!((after.0 / before.0 - 1.0).abs() < 1e-6, "{before:?} {after:?}");
        assert!(((after.1 - before.1) / grown(500.0) - 1.0).abs() < 1e-3, "{before:?} {after:?}");
        assert!(((after.2 - before.2) / grown(250.0) - 1.0).abs() < 1e-3, "{before:?} {after:?}");
        let exact = (start + grown(500.0), start + grown(250.0));
        let worst = q.iter().enumerate().map(|(i, q)| (f64::from(*q) - gauss(i, exact)).abs()).fold(0.0, f64::max);
        assert!(worst < 0.01, "{worst}");
    }

    /// Uneven air, the largest exchange there may be, one full cell: mass stays, nothing below zero, uniform to the last bit.
    #[test]
    fn mass_positivity_and_uniformity_in_uneven_air() {
        let (nx, ny) = (13, 9);
        let mass: Vec<f32> = (0..nx * ny).map(|i| 1e8 * (1.0 + ((i * 37) % 11) as f32)).collect();
        let inverse: Vec<f32> = mass.iter().map(|m| 1.0 / m).collect();
        let face = |i: usize, j: usize| exchange((mass[i], mass[j]), (1e4, 1e4), 1000.0, 1e4);
        let ex: Vec<f32> = (0..nx * ny).map(|i| if i % nx == 0 { f32::NAN } else { face(i - 1, i) }).collect();
        let ey: Vec<f32> = (0..nx * ny).map(|i| if i < nx { f32::NAN } else { face(i - nx, i) }).collect();
        let mut work = vec![f32::NAN; 3 * nx];
        for full in [0, 6, 58, nx * ny - 1] {
            let mut q: Vec<f32> = (0..nx * ny).map(|i| if i == full { 1.0 } else { 0.0 }).collect();
            let kg = |q: &[f32]| q.iter().zip(&mass).map(|(q, m)| f64::from(*q) * f64::from(*m)).sum::<f64>();
            let before = kg(&q);
            for _ in 0..20 {
                spread(&mut q, &inverse, &ex, &ey, nx, &mut work);
                assert!(q.iter().all(|v| (0.0..=1.0).contains(v)), "{q:?}");
            }
            assert!((kg(&q) / before - 1.0).abs() < 1e-6, "{} {before}", kg(&q));
        }
        let mut q = vec![0.777f32; nx * ny];
        spread(&mut q, &inverse, &ex, &ey, nx, &mut work);
        assert!(q.iter().all(|&v| v == 0.777));
    }
}
