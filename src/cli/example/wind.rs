//! The example's wind on the C grid: two streams whose column mass flux has a stream function, and slope winds with their return.
//!
//! **Invariant:** the column-integrated mass flux through the faces of every cell sums to zero. **Why:** a wind that blows through
//! hills makes surface pressure tendencies of hundreds of hPa a day, which a transport model answers with absurd vertical motion.

use super::lattice::{Lattice, P_TOP};
use super::regime::{Regime, smoothstep};
use std::f64::consts::TAU;

/// Face-normal winds [m s-1] along the grid's axes.
#[derive(Debug, Clone)]
pub(super) struct Wind {
    /// `[level, y, x + 1]`
    pub u: Vec<f32>,
    /// `[level, y + 1, x]`
    pub v: Vec<f32>,
}

/// Height below which the wind of a stream falls towards the ground [m].
const FRICTION_DEPTH_M: f64 = 300.0;
/// Length of the meanders of the lower stream [m] and their share of its speed.
const MEANDER: (f64, f64) = (420_000.0, 0.12);

/// The wind of one time over columns of surface pressure `psfc` [Pa].
pub(super) fn wind(lattice: &Lattice, regime: &Regime, psfc: &[f64]) -> Wind {
    let l = lattice;
    let (nx, ny, levels) = (l.nx, l.ny, l.levels());
    let slope = slope_profile(l, regime);
    let lower = |basin: f64| -> Vec<f64> { l.mass_height_m.iter().map(|&z| lower_shape(z, basin, regime)).collect() };
    let upper: Vec<f64> = l.mass_height_m.iter().map(|&z| smoothstep(2000.0, 9000.0, z)).collect();
    let column = |shape: &[f64]| -> f64 { shape.iter().zip(&l.d_eta).map(|(s, d)| s * d).sum() };
    let upper_column = column(&upper);
    let reference_mass = 100_000.0 - P_TOP;
    let reference = (reference_mass * column(&lower(0.0)), reference_mass * upper_column);

    // one face: `along` is the change of each stream function along the face, `rise` the slope across it
    let face = |mass: f64, basin: f64, along: (f64, f64), rise: f64, out: &mut dyn FnMut(usize, f32)| {
        let shape = lower(basin);
        let low = along.0 * reference.0 / (mass * column(&shape));
        let high = along.1 * reference.1 / (mass * upper_column);
        let down_slope = -rise / (rise.abs() + 0.012);
        for k in 0..levels {
            out(k, (low * shape[k] + high * upper[k] + down_slope * slope[k]) as f32);
        }
    };
    let mut w = Wind { u: vec![0.0; levels * ny * (nx + 1)], v: vec![0.0; levels * (ny + 1) * nx] };
    for y in 0..ny {
        for x in 0..=nx {
            let (a, b) = (y * nx + x.max(1) - 1, y * nx + x.min(nx - 1));
            let along = stream_change(l, regime, (x, y), (x, y + 1));
            let m = l.map_factor_u[y * (nx + 1) + x] / l.dx_m;
            let (mass, basin) = (0.5 * (psfc[a] + psfc[b]) - P_TOP, 0.5 * (l.ground[a].basin + l.ground[b].basin));
            let rise = (l.ground[b].height_m - l.ground[a].height_m) / l.dx_m;
            face(mass, basin, (-along.0 * m, -along.1 * m), rise, &mut |k, value| {
                w.u[(k * ny + y) * (nx + 1) + x] = value;
            });
        }
    }
    for y in 0..=ny {
        for x in 0..nx {
            let (a, b) = ((y.max(1) - 1) * nx + x, y.min(ny - 1) * nx + x);
            let along = stream_change(l, regime, (x, y), (x + 1, y));
            let m = l.map_factor_v[y * nx + x] / l.dx_m;
            let (mass, basin) = (0.5 * (psfc[a] + psfc[b]) - P_TOP, 0.5 * (l.ground[a].basin + l.ground[b].basin));
            let rise = (l.ground[b].height_m - l.ground[a].height_m) / l.dx_m;
            face(mass, basin, (along.0 * m, along.1 * m), rise, &mut |k, value| {
                w.v[(k * (ny + 1) + y) * nx + x] = value;
            });
        }
    }
    w
}

/// Change of both stream functions [m2 s-1] from one cell corner to another.
fn stream_change(l: &Lattice, r: &Regime, from: (usize, usize), to: (usize, usize)) -> (f64, f64) {
    let psi = |(x, y): (usize, usize)| {
        let x = (x as f64 - 0.5 * l.nx as f64) * l.dx_m;
        let y = (y as f64 - 0.5 * l.ny as f64) * l.dx_m;
        let (length, share) = MEANDER;
        let speed = r.lower_wind.0.hypot(r.lower_wind.1);
        let meander = share * speed * length / TAU * (TAU * x / length + 1.0).sin() * (TAU * y / length).cos();
        (r.lower_wind.1 * x - r.lower_wind.0 * y + meander, r.upper_wind.1 * x - r.upper_wind.0 * y)
    };
    let (a, b) = (psi(from), psi(to));
    (b.0 - a.0, b.1 - a.1)
}

/// Share of the lower stream's speed at height `z` [m]: a power law below 300 m, gone at 5 km.
fn lower_shape(z: f64, basin: f64, r: &Regime) -> f64 {
    let exponent = r.wind_exponent + 0.1 * basin * r.stagnation;
    (z.min(FRICTION_DEPTH_M) / FRICTION_DEPTH_M).powf(exponent) * (1.0 - smoothstep(2500.0, 5000.0, z))
}

/// Slope wind by level [m s-1], down the slope positive: cold air drains in the lowest 150 m at night, air climbs in the lowest
/// 300 m by day, and the same mass returns above.
fn slope_profile(l: &Lattice, r: &Regime) -> Vec<f64> {
    let mut profile = vec![0.0; l.levels()];
    for (speed, depth) in [(r.drainage_m_s, 150.0), (-r.upslope_m_s, 300.0)] {
        let layer = |z: f64| (1.0 - z / depth).max(0.0);
        let back = |z: f64| {
            let t = (z - depth) / (3.0 * depth);
            if (0.0..1.0).contains(&t) { 4.0 * t * (1.0 - t) } else { 0.0 }
        };
        let sum =
            |f: &dyn Fn(f64) -> f64| -> f64 { l.mass_height_m.iter().zip(&l.d_eta).map(|(&z, d)| f(z) * d).sum() };
        let ratio = sum(&layer) / sum(&back);
        for (value, &z) in profile.iter_mut().zip(&l.mass_height_m) {
            *value += speed * (layer(z) - ratio * back(z));
        }
    }
    profile
}
