//! Vertical diffusion of a closed column of 1000 m by the model's implicit solver, against exact solutions.
//!
//! Cases: `cosine`, a mode that decays as `exp(-K (pi/H)^2 t)`; `gaussian`, a layer of tracer that spreads as a Gaussian whose variance grows by 2 K t,
//! with its images behind the ground and the top; `uneven`, the mode on layers of which the thickest is twice the thinnest. Steps shrink with the
//! square of the layers, so that an error of first order in time and second order in space falls by four from one resolution to the next.
//!
//! The durations let modes decay by a factor of about 50 or spread wide. The order then nears 2 from above; while a mode has decayed little (K pi^2 t / H^2
//! below 8/3), backward Euler nears it from below (1.94 to 2.00), and with many more steps the rounding of f32 hides it.

use super::{Figure, Line, Material, Outcome, Parameter, Proof};
use crate::error::{Error, Result};
use crate::physics::vertical_diffusion::{MixingFactors, mix};
use serde::Serialize;
use serde_json::json;
use std::f64::consts::PI;

/// The proof as it is listed.
pub const PROOF: Proof = Proof {
    name: "diffusion",
    zh: "一维垂直扩散柱：误差范数、极值与收敛阶，对照精确解",
    en: "1-D diffusion column against exact solutions: error norms, extremes and order of convergence",
    takes: &[
        (Parameter::N, "numbers of layers, each twice the one before; 64,128,256 by default"),
        (Parameter::Case, "cosine, gaussian or uneven; all by default"),
    ],
    run,
};

/// Height of the column [m], diffusivity [m2 s-1].
const HEIGHT: f64 = 1000.0;
const DIFFUSIVITY: f64 = 100.0;
/// Steps of a column of 64 layers.
const STEPS: f64 = 16.0;
/// Mixing ratio on which the mode stands.
const MEAN: f64 = 1.5;
/// Standard deviation [m] and centre [m] of the Gaussian at the start.
const SIGMA: f64 = 80.0;
const CENTRE: f64 = 350.0;

const RESOLUTIONS: [usize; 3] = [64, 128, 256];

/// An exact solution on layers of its own.
struct Case {
    name: &'static str,
    /// Time that passes [s].
    duration: f64,
    /// Thickness of a layer relative to the mean, at relative height 0 to 1.
    thickness: fn(f64) -> f64,
    /// Mixing ratio at height [m] after a time [s].
    exact: fn(f64, f64) -> f64,
}

const CASES: [Case; 3] = [
    Case { name: "cosine", duration: 4000.0, thickness: |_| 1.0, exact: mode },
    Case { name: "gaussian", duration: 500.0, thickness: |_| 1.0, exact: gaussian },
    Case { name: "uneven", duration: 4000.0, thickness: |s| 1.0 + (2.0 * PI * s).sin() / 3.0, exact: mode },
];

fn mode(z: f64, t: f64) -> f64 {
    MEAN + (PI * z / HEIGHT).cos() * (-DIFFUSIVITY * (PI / HEIGHT).powi(2) * t).exp()
}

fn gaussian(z: f64, t: f64) -> f64 {
    let variance = SIGMA * SIGMA + 2.0 * DIFFUSIVITY * t;
    let bell = |centre: f64| (-0.5 * (z - centre).powi(2) / variance).exp() * SIGMA / variance.sqrt();
    bell(CENTRE) + bell(-CENTRE) + bell(2.0 * HEIGHT - CENTRE)
}

/// Errors of one case at one resolution, relative to the exact solution (Williamson et al. 1992, J. Comput. Phys. 102, 211, eq. 82-84).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Errors {
    pub layers: usize,
    pub l1: f64,
    pub l2: f64,
    pub linf: f64,
    pub minimum: f64,
    pub maximum: f64,
    /// How far a value leaves the range of the start; not positive when none does.
    pub beyond: f64,
}

/// Runs the proof.
///
/// # Errors
/// `Invalid` for an unknown case, or numbers of layers that do not double from at least 8.
pub fn run(material: &Material) -> Result<Outcome> {
    let resolutions = if material.n.is_empty() { &RESOLUTIONS } else { material.n };
    if resolutions.len() < 2 || resolutions[0] < 8 || resolutions.windows(2).any(|n| n[1] != 2 * n[0]) {
        let found = format!("{resolutions:?}");
        return Err(Error::invalid(
            "command line",
            "--n",
            found,
            "at least two numbers from 8 on, each twice the one before",
        ));
    }
    let known = CASES.map(|c| c.name);
    if let Some(case) = material.case.filter(|case| !known.contains(case)) {
        return Err(Error::invalid("command line", "--case", case, known.join(", ")));
    }
    let chosen = CASES.iter().filter(|c| material.case.is_none_or(|case| case == c.name));
    let found: Vec<(&str, Vec<Errors>)> =
        chosen.map(|c| (c.name, resolutions.iter().map(|n| errors(c, *n)).collect())).collect();
    Ok(outcome(&found))
}

fn errors(case: &Case, layers: usize) -> Errors {
    let relative: Vec<f64> = (0..layers).map(|k| (case.thickness)((k as f64 + 0.5) / layers as f64)).collect();
    let scale = HEIGHT / relative.iter().sum::<f64>();
    let thickness: Vec<f64> = relative.iter().map(|d| d * scale).collect();
    let mut top = 0.0;
    let centre: Vec<f64> = thickness
        .iter()
        .map(|d| {
            top += d;
            top - 0.5 * d
        })
        .collect();
    let steps = (STEPS * (layers as f64 / 64.0).powi(2)).ceil() as usize;
    let dt = case.duration / steps as f64;
    // air of 1 kg m-3 over 1 m2
    let mass: Vec<f32> = thickness.iter().map(|d| *d as f32).collect();
    let exchange: Vec<f32> = centre.windows(2).map(|z| (DIFFUSIVITY * dt / (z[1] - z[0])) as f32).collect();
    let mut factors = MixingFactors::new(layers, 1);
    factors.factorise(&mass, &exchange, 1);
    let mut q: Vec<f32> = centre.iter().map(|z| (case.exact)(*z, 0.0) as f32).collect();
    let range = |q: &[f32]| {
        let ends = (f64::INFINITY, f64::NEG_INFINITY);
        q.iter().fold(ends, |(low, high), v| (f64::min(low, f64::from(*v)), f64::max(high, f64::from(*v))))
    };
    let start = range(&q);
    for _ in 0..steps {
        mix(&mut q, &mass, &factors, &[], &[0.0], 1);
    }
    let (minimum, maximum) = range(&q);
    let exact: Vec<f64> = centre.iter().map(|z| (case.exact)(*z, case.duration)).collect();
    let error: Vec<f64> = q.iter().zip(&exact).map(|(q, e)| f64::from(*q) - e).collect();
    let mean = |v: &[f64], power: i32| v.iter().zip(&thickness).map(|(v, d)| v.abs().powi(power) * d).sum::<f64>();
    let largest = |v: &[f64]| v.iter().fold(0.0f64, |a, v| a.max(v.abs()));
    Errors {
        layers,
        l1: mean(&error, 1) / mean(&exact, 1),
        l2: (mean(&error, 2) / mean(&exact, 2)).sqrt(),
        linf: largest(&error) / largest(&exact),
        minimum,
        maximum,
        beyond: (start.0 - minimum).max(maximum - start.1),
    }
}

/// Order of convergence from one resolution to the next, by l2.
fn orders(errors: &[Errors]) -> Vec<f64> {
    errors.windows(2).map(|e| (e[0].l2 / e[1].l2).log2()).collect()
}

fn outcome(found: &[(&'static str, Vec<Errors>)]) -> Outcome {
    let head = |case: &str, layers: &str, order: &str| {
        format!("{case:<9} {layers:>6} {:>9} {:>9} {:>9} {:>9} {:>9} {order:>6}", "l1", "l2", "linf", "min", "max")
    };
    let mut lines = vec![Line::new(head("算例", "层数", "阶"), head("case", "layers", "order"))];
    for (case, errors) in found {
        let orders = orders(errors);
        for (i, e) in errors.iter().enumerate() {
            let order = i.checked_sub(1).map_or(String::new(), |before| format!("{:.3}", orders[before]));
            let Errors { layers, l1, l2, linf, minimum, maximum, .. } = e;
            let text = format!(
                "{case:<9} {layers:>6} {l1:>9.2e} {l2:>9.2e} {linf:>9.2e} {minimum:>9.5} {maximum:>9.5} {order:>6}"
            );
            lines.push(Line::new(text.clone(), text));
        }
    }
    let every = || found.iter().flat_map(|(_, errors)| errors);
    let order = found.iter().flat_map(|(_, errors)| orders(errors)).fold(f64::INFINITY, f64::min);
    let finest = || found.iter().filter_map(|(_, errors)| errors.last());
    let l2 = finest().map(|e| e.l2).fold(0.0, f64::max);
    // second order: what 256 layers have to reach, for the number at hand
    let limit = finest().map(|e| 1e-3 * (256.0 / e.layers as f64).powi(2)).fold(0.0, f64::max);
    let figures = vec![
        Figure::at_least("order", order, "", 2.0),
        Figure::at_most("l2 of the finest", l2, "", limit),
        Figure::at_most("beyond the range of the start", every().map(|e| e.beyond).fold(f64::MIN, f64::max), "", 0.0),
    ];
    let cases: Vec<_> =
        found.iter().map(|(case, e)| json!({ "case": case, "errors": e, "orders": orders(e) })).collect();
    Outcome::new(PROOF.name, figures, json!({ "cases": cases }), lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exact solutions solve dq/dt = K d2q/dz2 and let nothing through the ground and the top, by finite differences.
    #[test]
    fn exact_solutions_solve_the_equation() {
        for exact in [mode, gaussian] {
            for (z, t) in [(120.0, 100.0), (470.0, 300.0), (905.0, 450.0)] {
                let (h, dt) = (1.0, 0.1);
                let curvature = (exact(z + h, t) - 2.0 * exact(z, t) + exact(z - h, t)) / (h * h);
                let rate = (exact(z, t + dt) - exact(z, t - dt)) / (2.0 * dt);
                assert!((rate - DIFFUSIVITY * curvature).abs() < 1e-3 * rate.abs().max(1e-6), "{z} {t}");
            }
            for end in [0.0, HEIGHT] {
                let slope = (exact(end + 1.0, 300.0) - exact(end - 1.0, 300.0)) / 2.0;
                assert!(slope.abs() < 1e-7, "{slope}");
            }
        }
    }

    #[test]
    fn the_solver_reaches_its_thresholds_and_other_parameters_are_refused() {
        let outcome = PROOF.prove(&Material::default()).unwrap();
        assert!(outcome.passed, "{:?}", outcome.figures);
        assert!(PROOF.prove(&Material { n: &[32, 64], case: Some("uneven"), ..Material::default() }).unwrap().passed);
        for n in [&[64][..], &[64, 100], &[4, 8]] {
            assert!(PROOF.prove(&Material { n, ..Material::default() }).is_err());
        }
        assert!(PROOF.prove(&Material { case: Some("sine"), ..Material::default() }).is_err());
    }
}
