//! Horizontal transport of one layer against exact solutions: the model's own sweeps, or the same flux without its limiting.
//!
//! Flows, meshes and tracers are those of [`flows`]. On the sphere the columns of both ends overlap and are exchanged after every step, as the parts
//! of a divided domain are; the poles are closed sides, through which no air passes.

mod flows;
mod unlimited;

use super::{Figure, Line, Material, Outcome, Parameter, Proof};
use crate::error::{Error, Result};
use crate::simulation::boundary::Sides;
use crate::simulation::horizontal::HorizontalFluxes;
use flows::{FLOWS, Flow, Mesh, Tracer};
use ndarray::{Array3, Array4, Axis};
use serde::Serialize;
use serde_json::json;
use std::time::Instant;
use unlimited::Unlimited;

/// The proof as it is listed.
pub const PROOF: Proof = Proof {
    name: "advection",
    zh: "水平输送，对照精确解：误差范数、极值、收敛阶与速度；刚体旋转、涡旋变形、球面变形流",
    en: "horizontal transport against exact solutions: error norms, extremes, order of convergence and speed",
    takes: &[
        (Parameter::N, "cells along an axis, each number twice the one before; 64,128,256 by default"),
        (
            Parameter::Case,
            "rotation, swirl or deformation (Nair & Lauritzen 2010, case 4, on the sphere); all by default",
        ),
        (Parameter::Scheme, "limited, the model's, by default; linear: the same flux without limiting"),
    ],
    run,
};

const RESOLUTIONS: [usize; 3] = [64, 128, 256];

/// Mesh on which the limits of l2 hold.
const LIMITED_N: usize = 128;

/// Mixing ratios below this are none.
const NOTHING: f64 = 1e-30;

/// Species of the measurements of speed, and steps that each takes.
const SPECIES: [usize; 2] = [1, 15];
const MEASURED_STEPS: usize = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Scheme {
    Limited,
    Linear,
}

/// Errors of one tracer after a period, relative to the exact solution (Williamson et al. 1992, J. Comput. Phys. 102, 211, eq. 82-84).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Errors {
    n: usize,
    steps: usize,
    l1: f64,
    l2: f64,
    linf: f64,
    /// At the end.
    minimum: f64,
    maximum_minus_1: f64,
    /// Over the whole run.
    least: f64,
    /// How far any value of the run lies below and above the range of the start; not positive where none does.
    undershoot: f64,
    overshoot: f64,
}

/// Errors of a tracer on every mesh.
struct Found<'a> {
    flow: &'a Flow,
    tracer: &'a Tracer,
    errors: Vec<Errors>,
}

/// Wall time of one thread in the fastest two steps of a run, which nothing interrupts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Speed {
    case: &'static str,
    n: usize,
    species: usize,
    /// Steps of a period [s].
    seconds: f64,
    /// The same and the fluxes of every step [s]; those of a steady flow are made once and not counted.
    seconds_with_fluxes: f64,
    /// Cells updated along x and along y in the steps.
    million_updates_per_core_second: f64,
}

/// Runs the proof.
///
/// # Errors
/// `Invalid` for an unknown case or scheme, or numbers of cells that do not double from at least 16.
pub fn run(material: &Material) -> Result<Outcome> {
    let resolutions = if material.n.is_empty() { &RESOLUTIONS } else { material.n };
    if resolutions[0] < 16 || resolutions.windows(2).any(|n| n[1] != 2 * n[0]) {
        let found = format!("{resolutions:?}");
        return Err(Error::invalid("command line", "--n", found, "numbers from 16 on, each twice the one before"));
    }
    let known = FLOWS.each_ref().map(|f| f.name);
    if let Some(case) = material.case.filter(|case| !known.contains(case)) {
        return Err(Error::invalid("command line", "--case", case, known.join(", ")));
    }
    let scheme = match material.scheme {
        None | Some("limited") => Scheme::Limited,
        Some("linear") => Scheme::Linear,
        Some(other) => return Err(Error::invalid("command line", "--scheme", other, "limited, linear")),
    };
    let (mut found, mut speeds) = (Vec::new(), Vec::new());
    for flow in FLOWS.iter().filter(|f| material.case.is_none_or(|case| case == f.name)) {
        let of_meshes: Vec<[Errors; 2]> = resolutions.iter().map(|n| errors(flow, *n, scheme)).collect();
        for (i, tracer) in flow.tracers.iter().enumerate() {
            found.push(Found { flow, tracer, errors: of_meshes.iter().map(|e| e[i]).collect() });
        }
        for n in resolutions {
            speeds.extend(SPECIES.map(|species| speed(flow, *n, scheme, species)));
        }
    }
    Ok(outcome(scheme, &found, &speeds))
}

/// Transport of a step.
enum Transport {
    Limited(HorizontalFluxes),
    Linear(Unlimited),
}

/// A run from the start on.
struct Course<'a> {
    flow: &'a Flow,
    mesh: Mesh,
    scheme: Scheme,
    steps: usize,
    done: usize,
    transport: Option<Transport>,
    /// `[tracer, 0, y, x]` and `[0, y, x]`.
    state: Array4<f32>,
    mass: Array3<f32>,
    /// Of the start: the cells hold it in every step.
    air: Array3<f32>,
    /// Nothing outside.
    sides: Sides,
}

impl<'a> Course<'a> {
    fn new(flow: &'a Flow, n: usize, scheme: Scheme, tracers: &[&Tracer]) -> Self {
        let mesh = (flow.mesh)(n);
        let (ny, nx) = mesh.shape();
        let start = |(tracer, _, y, x): (usize, usize, usize, usize)| {
            let value = mesh.at_centre(tracers[tracer].start, y, x);
            if value < NOTHING { 0.0 } else { value as f32 }
        };
        let mut state = Array4::from_shape_fn((tracers.len(), 1, ny, nx), start);
        exchange(&mesh, &mut state);
        let air = Array3::from_shape_fn((1, ny, nx), |(_, y, _)| mesh.area(y) as f32);
        let side = |cells: usize| Array3::zeros((tracers.len(), 1, cells));
        let sides = Sides {
            west: side(ny),
            east: side(ny),
            south: side(nx),
            north: side(nx),
            top: Array3::zeros((tracers.len(), ny, nx)),
        };
        let (steps, mass) = ((flow.steps)(n), air.clone());
        Self { flow, mesh, scheme, steps, done: 0, transport: None, state, mass, air, sides }
    }

    /// Takes a step; returns the times [s] of its fluxes and of itself.
    fn step(&mut self) -> (f64, f64) {
        let dt = self.flow.period / self.steps as f64;
        let fresh = self.transport.is_none() || !self.flow.steady;
        let wind = fresh.then(|| self.flow.air(&self.mesh, (self.done as f64 + 0.5) * dt, dt));
        let y_first = self.done % 2 == 1;
        let begin = Instant::now();
        if let Some((x, y)) = &wind {
            match (&mut self.transport, self.scheme) {
                (Some(Transport::Limited(fluxes)), _) => fluxes.renew(x.view(), y.view(), self.air.view(), 1.0),
                (_, Scheme::Limited) => {
                    let fluxes = HorizontalFluxes::new(x.view(), y.view(), self.air.view(), 1.0);
                    self.transport = Some(Transport::Limited(fluxes));
                }
                (_, Scheme::Linear) => self.transport = Some(Transport::Linear(Unlimited::new(x, y))),
            }
        }
        let middle = Instant::now();
        match self.transport.as_mut() {
            Some(Transport::Limited(fluxes)) => {
                fluxes.advance(&mut self.state, &mut self.mass, &self.sides, y_first);
            }
            Some(Transport::Linear(fluxes)) => fluxes.advance(&mut self.state, &mut self.mass, y_first),
            None => unreachable!("made with the first wind"),
        }
        let seconds = ((middle - begin).as_secs_f64(), middle.elapsed().as_secs_f64());
        exchange(&self.mesh, &mut self.state);
        self.done += 1;
        seconds
    }

    /// Least and largest value of a tracer.
    fn range(&self, tracer: usize) -> (f64, f64) {
        let columns = self.mesh.columns();
        let slab = self.state.index_axis(Axis(0), tracer);
        let inner = slab.rows().into_iter().flat_map(|row| row.into_iter().skip(columns.start).take(columns.len()));
        let ends = (f32::INFINITY, f32::NEG_INFINITY);
        let (least, largest) = inner.fold(ends, |(a, b), v| (a.min(*v), b.max(*v)));
        (f64::from(least), f64::from(largest))
    }
}

/// Gives the repeated columns of both ends the values of the other end.
fn exchange(mesh: &Mesh, state: &mut Array4<f32>) {
    let columns = mesh.columns();
    let turn = columns.len();
    for mut row in state.rows_mut() {
        for x in 0..mesh.overlap {
            row[x] = row[x + turn];
            row[columns.end + x] = row[columns.start + x];
        }
    }
}

/// A whole period with both tracers of the flow.
fn errors(flow: &Flow, n: usize, scheme: Scheme) -> [Errors; 2] {
    let mut course = Course::new(flow, n, scheme, &flow.tracers.each_ref());
    let start = course.state.clone();
    let first = [0, 1].map(|tracer| course.range(tracer));
    let mut beyond = [(f64::INFINITY, f64::NEG_INFINITY); 2];
    for _ in 0..course.steps {
        course.step();
        for (tracer, (least, largest)) in beyond.iter_mut().enumerate() {
            let (low, high) = course.range(tracer);
            (*least, *largest) = (least.min(low), largest.max(high));
        }
    }
    [0, 1].map(|tracer| {
        let (mut error, mut exact, mut largest) = ([0.0; 2], [0.0; 2], (0.0f64, 0.0f64));
        for y in 0..n {
            let area = course.mesh.area(y);
            for x in course.mesh.columns() {
                let is = f64::from(start[[tracer, 0, y, x]]);
                let off = (f64::from(course.state[[tracer, 0, y, x]]) - is).abs();
                error = [error[0] + off * area, error[1] + off * off * area];
                exact = [exact[0] + is.abs() * area, exact[1] + is * is * area];
                largest = (largest.0.max(off), largest.1.max(is.abs()));
            }
        }
        let (minimum, maximum) = course.range(tracer);
        Errors {
            n,
            steps: course.steps,
            l1: error[0] / exact[0],
            l2: (error[1] / exact[1]).sqrt(),
            linf: largest.0 / largest.1,
            minimum,
            maximum_minus_1: maximum - 1.0,
            least: beyond[tracer].0,
            undershoot: first[tracer].0 - beyond[tracer].0,
            overshoot: beyond[tracer].1 - first[tracer].1,
        }
    })
}

fn speed(flow: &Flow, n: usize, scheme: Scheme, species: usize) -> Speed {
    let mut course = Course::new(flow, n, scheme, &vec![&flow.tracers[0]; species]);
    let (mut fluxes, mut seconds) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..MEASURED_STEPS / 2 {
        // one with each order of the sweeps
        let (first, second) = (course.step(), course.step());
        fluxes = fluxes.min(first.0.max(second.0));
        seconds = seconds.min(0.5 * (first.1 + second.1));
    }
    let fluxes = if flow.steady { 0.0 } else { fluxes };
    let (ny, nx) = course.mesh.shape();
    Speed {
        case: flow.name,
        n,
        species,
        seconds: seconds * course.steps as f64,
        seconds_with_fluxes: (seconds + fluxes) * course.steps as f64,
        million_updates_per_core_second: (2 * ny * nx * species) as f64 / seconds * 1e-6,
    }
}

impl Found<'_> {
    /// Orders of convergence from one mesh to the next, by l2.
    fn orders(&self) -> Vec<f64> {
        self.errors.windows(2).map(|e| (e[0].l2 / e[1].l2).log2()).collect()
    }
}

fn outcome(scheme: Scheme, found: &[Found], speeds: &[Speed]) -> Outcome {
    let mut figures = Vec::new();
    for f in found {
        if let (Some((name, limit)), Some(e)) = (f.tracer.limit, f.errors.iter().find(|e| e.n == LIMITED_N)) {
            figures.push(Figure::at_most(name, e.l2, "", limit));
        }
    }
    let smooth: Vec<f64> = found.iter().filter(|f| f.tracer.smooth).flat_map(Found::orders).collect();
    if !smooth.is_empty() {
        figures.push(Figure::at_least("order, smooth data", smooth.into_iter().fold(f64::INFINITY, f64::min), "", 2.0));
    }
    if scheme == Scheme::Limited {
        let every = || found.iter().flat_map(|f| &f.errors);
        let most = |of: fn(&Errors) -> f64| every().map(of).fold(f64::NEG_INFINITY, f64::max);
        figures.push(Figure::at_least("least value of all runs", -most(|e| -e.least), "", 0.0));
        figures.push(Figure::at_most("below the range of the start", most(|e| e.undershoot), "", 1e-3));
        figures.push(Figure::at_most("above the range of the start", most(|e| e.overshoot), "", 1e-3));
    }
    let details = json!({
        "scheme": scheme,
        "threads": 1,
        "cases": found.iter().map(|f| json!({
            "case": f.flow.name, "tracer": f.tracer.name, "errors": f.errors, "orders": f.orders(),
        })).collect::<Vec<_>>(),
        "speed": speeds,
    });
    let mut lines = table(found);
    lines.extend(speeds.iter().map(|s| {
        let (name, n, species) = (s.case, s.n, s.species);
        let (rate, seconds) = (s.million_updates_per_core_second, s.seconds);
        Line::new(
            format!("{name}，N {n}，{species} 个物种：每核每秒 {rate:.0} 百万次格点更新，一个周期 {seconds:.3} s"),
            format!(
                "{name}, N {n}, species {species}: {rate:.0} million updates per core-second, {seconds:.3} s a period"
            ),
        )
    }));
    Outcome::new(PROOF.name, figures, details, lines)
}

fn table(found: &[Found]) -> Vec<Line> {
    let head = |case: &str, tracer: &str, order: &str| {
        let norms = format!("{:>9} {:>9} {:>9} {:>9} {:>9}", "l1", "l2", "linf", "min", "max - 1");
        format!("{case:<11} {tracer:<9} {:>4} {norms} {order:>6}", "N")
    };
    let mut lines = vec![Line::new(head("算例", "示踪物", "阶"), head("case", "tracer", "order"))];
    for f in found {
        let orders = f.orders();
        for (i, e) in f.errors.iter().enumerate() {
            let order = i.checked_sub(1).map_or(String::new(), |before| format!("{:.2}", orders[before]));
            let norms = format!("{:>9.2e} {:>9.2e} {:>9.2e}", e.l1, e.l2, e.linf);
            let ends = format!("{:>9.2e} {:>9.2e}", e.minimum, e.maximum_minus_1);
            let text = format!("{:<11} {:<9} {:>4} {norms} {ends} {order:>6}", f.flow.name, f.tracer.name, e.n);
            lines.push(Line::new(text.clone(), text));
        }
    }
    lines
}
