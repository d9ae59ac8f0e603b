//! Physics and chemistry against measurements and against each other, through the public interface.

use hazecast::domain::species::Species;
use hazecast::physics::dry_deposition::{Cover, SurfaceState, deposition_velocity};
use hazecast::physics::eddy_diffusivity::boundary_layer;
use hazecast::physics::surface_layer::{SurfaceLayer, psi_m};

/// Roughness of the Prairie Grass site [m] (Barad 1958).
const SITE_ROUGHNESS: f32 = 0.006;
/// Height of release and of the samplers [m].
const RELEASE: f64 = 0.46;
const SAMPLER: f64 = 1.5;
/// Interfaces grow by this factor from 4 cm.
const STRETCH: f64 = 1.07;

/// One arc of one run: the run's turbulence, the distance and what was measured there.
#[derive(Debug, Clone, Copy)]
struct Arc {
    layer: SurfaceLayer,
    mixing_height_m: f32,
    distance_m: f64,
    /// Crosswind-integrated concentration over release rate [s m-2].
    measured: f64,
}

impl Arc {
    /// Mown dry grass in July and August: sun and 30 degC in the unstable runs, night and 20 degC in the stable ones.
    fn surface(&self) -> SurfaceState {
        let day = self.layer.inverse_obukhov < 0.0;
        SurfaceState {
            cover: Cover::Green,
            temperature_k: if day { 303.0 } else { 293.0 },
            pressure_pa: 95_000.0,
            shortwave_w_m2: if day { 600.0 } else { 0.0 },
            wet: false,
        }
    }
}

fn arcs(text: &str) -> Vec<Arc> {
    text.lines()
        .skip(1)
        .map(|line| {
            let field: Vec<f64> = line.split(',').map(|f| f.parse().expect("a number")).collect();
            let (obukhov, u_star) = (field[3] as f32, field[4] as f32);
            let layer =
                SurfaceLayer { u_star, inverse_obukhov: 1.0 / obukhov, heat_flux: 0.0, roughness: SITE_ROUGHNESS };
            // Stable runs carry no mixing height: Zilitinkevich (1972), 0.4 sqrt(u* L / f), f at 42.5 N.
            let height = field[5] as f32;
            let mixing_height_m = if height > 0.0 { height } else { 0.4 * (u_star * obukhov / 9.86e-5).sqrt() };
            Arc { layer, mixing_height_m, distance_m: field[1], measured: field[8] }
        })
        // A plume that the arc missed has no positive integral.
        .filter(|arc: &Arc| arc.measured > 0.0)
        .collect()
}

/// Crosswind-integrated concentration over release rate [s m-2] at `distance` and the samplers' height: steady
/// `u dC/dx = d/dz (K dC/dz)` by implicit steps along x, no flux at the ground and at the top.
fn modelled(arc: &Arc) -> f64 {
    let mut face = vec![0.0_f64];
    let mut thickness = 0.04;
    while face[face.len() - 1] < f64::from(arc.mixing_height_m).min(400.0) {
        face.push(face[face.len() - 1] + thickness);
        thickness *= STRETCH;
    }
    let n = face.len() - 1;
    let centre: Vec<f64> = (0..n).map(|k| 0.5 * (face[k] + face[k + 1])).collect();
    let wind = |z: f64| {
        let (z, inverse) = (z as f32, arc.layer.inverse_obukhov);
        let log = (z / SITE_ROUGHNESS).ln() - psi_m(z * inverse) + psi_m(SITE_ROUGHNESS * inverse);
        f64::from((arc.layer.u_star / 0.4 * log).max(0.05))
    };
    let u: Vec<f64> = centre.iter().map(|&z| wind(z)).collect();
    // Exchange between cell k-1 and k: K / dz.
    let exchange: Vec<f64> = (0..=n)
        .map(|k| {
            if k == 0 || k == n {
                return 0.0;
            }
            f64::from(boundary_layer(face[k] as f32, &arc.layer, arc.mixing_height_m)) / (centre[k] - centre[k - 1])
        })
        .collect();
    let source = (0..n).find(|&k| face[k + 1] > RELEASE).expect("the release lies in the grid");
    let deposition = f64::from(deposition_velocity(Species::So2, &arc.surface(), &arc.layer, centre[0] as f32));
    let mut c = vec![0.0; n];
    c[source] = 1.0 / (u[source] * (face[source + 1] - face[source]));
    let (mut x, mut dx) = (0.0, 0.01);
    while x < arc.distance_m {
        let step: f64 = f64::min(dx, arc.distance_m - x);
        march(&mut c, &u, &exchange, deposition, &face, step);
        x += step;
        dx = (dx * 1.03).min(2.0);
    }
    let above = (0..n).find(|&k| centre[k] > SAMPLER).expect("the samplers lie in the grid");
    let part = (SAMPLER - centre[above - 1]) / (centre[above] - centre[above - 1]);
    c[above - 1] + part * (c[above] - c[above - 1])
}

/// One implicit step of `dx` along the wind (Thomas algorithm).
fn march(c: &mut [f64], u: &[f64], exchange: &[f64], deposition: f64, face: &[f64], dx: f64) {
    let n = c.len();
    let (mut upper, mut right) = (vec![0.0; n], vec![0.0; n]);
    for k in 0..n {
        let scale = dx / (u[k] * (face[k + 1] - face[k]));
        let (down, up) = (-exchange[k] * scale, -exchange[k + 1] * scale);
        let (previous_upper, previous_right) = if k == 0 { (0.0, 0.0) } else { (upper[k - 1], right[k - 1]) };
        let lost = if k == 0 { deposition * scale } else { 0.0 };
        let pivot = 1.0 + lost - down - up - down * previous_upper;
        upper[k] = up / pivot;
        right[k] = (c[k] - down * previous_right) / pivot;
    }
    c[n - 1] = right[n - 1];
    for k in (0..n - 1).rev() {
        c[k] = right[k] - upper[k] * c[k + 1];
    }
}

/// Prairie Grass 1956, runs with odd numbers (Barad 1958): surface-layer similarity, the diffusivity profile and the
/// deposition of the SO2 that was released, in plain K-theory, reproduce the measured crosswind-integrated
/// concentrations. Measured on 128 arcs: FAC2 0.938, FB -0.034, NMSE 0.121; without deposition 0.898, -0.110 and 0.152.
/// The misses are arcs at 400 and 800 m of very unstable runs, where the plume lifts off, which no gradient diffusion does.
#[test]
fn prairie_grass_crosswind_integrated_concentrations() {
    let Some(path) = crate::real("field/prairie_grass_1956_odd_runs.csv") else { return };
    let arcs = arcs(&std::fs::read_to_string(path).expect("readable"));
    assert!(arcs.len() > 80, "{} arcs", arcs.len());
    let pairs: Vec<(f64, f64)> = arcs.iter().map(|arc| (arc.measured, modelled(arc))).collect();
    let n = pairs.len() as f64;
    let mean_o = pairs.iter().map(|p| p.0).sum::<f64>() / n;
    let mean_m = pairs.iter().map(|p| p.1).sum::<f64>() / n;
    let within = pairs.iter().filter(|(o, m)| (0.5..=2.0).contains(&(m / o))).count() as f64 / n;
    let bias = 2.0 * (mean_o - mean_m) / (mean_o + mean_m);
    let error = pairs.iter().map(|(o, m)| (o - m) * (o - m)).sum::<f64>() / n / (mean_o * mean_m);
    let geometric = (pairs.iter().map(|(o, m)| (o / m).ln()).sum::<f64>() / n).exp();
    println!("{n} arcs: FAC2 {within:.3}, FB {bias:.3}, NMSE {error:.3}, MG {geometric:.3}");
    assert!(within >= 0.93 && bias.abs() <= 0.05 && error <= 0.13, "FAC2 {within} FB {bias} NMSE {error}");
}
