//! How fast the core is on the machine at hand, beside what its memory allows: the measuring behind `hazecast bench`.
//!
//! Every figure is the best of several repetitions, as in STREAM (McCalpin 1995), on the same threads and in the same run. A kernel's share
//! of the triad's bandwidth counts the bytes it needs at least: the state read and written once per pass.

use super::block::Block;
use super::boundary::{Background, BackgroundProfiles, Sides};
use super::columns::{ColumnRows, Columns};
use super::diagnose::{Diagnosis, SurfaceParameters};
use super::driver::HourDriver;
use super::emission_placement::EmissionField;
use super::horizontal::{HorizontalFluxes, TOGETHER};
use super::horizontal_diffusion::HorizontalDiffusion;
use super::hour_emission::HourEmission;
use super::meteorology::Meteorology;
use super::step::{Simulation, chemistry_fractions, react};
use super::synthetic::{Weather, towns};
use super::vectors::widest;
use crate::domain::grid::Grid;
use crate::domain::met_field::MetField;
use crate::domain::species::Species;
use crate::error::{Error, Result};
use crate::physics::advection::{Along, Flow, HALO_MASS};
use crate::physics::advection_sweep::{RowSpace, Sweep};
use crate::physics::aligned::Aligned;
use crate::physics::padded::Padded;
use crate::physics::vertical_advection::{self, LayerCoefficients, Lift, continuity_flux};
use crate::physics::vertical_diffusion::{MixingFactors, mix};
use chrono::{DateTime, TimeZone, Utc};
use ndarray::{Array3, Array4, Zip};
use rayon::prelude::*;
use serde::Serialize;
use std::time::{Duration, Instant};

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Speed {
    pub grid: String,
    /// Layers, rows, columns, species.
    pub shape: [usize; 4],
    pub threads: usize,
    /// Widest vector instructions found at run time.
    pub instructions: String,
    /// Bandwidth of `a = b + s c` on arrays that no cache holds [GB s-1].
    pub triad_gb_s: f64,
    pub kernels: Vec<Kernel>,
    /// Which limit of the transport is met: the time, the bandwidth, or none.
    pub transport_meets: Limit,
    /// Steps that the winds of the measured hour ask for.
    pub steps_per_hour: u64,
    /// Hours of forecast per minute: driver and steps of an hour, without reading and writing files.
    pub forecast_hours_per_minute: f64,
}

/// What the transport has to reach on two cores: [`TRANSPORT_NS`], or [`TRANSPORT_SHARE`] of what memory allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    Time,
    Bandwidth,
    None,
}

/// Nanoseconds per cell, species and full step of transport.
pub const TRANSPORT_NS: f64 = 1.5;
/// Share of the triad's bandwidth.
pub const TRANSPORT_SHARE: f64 = 0.6;

/// One part of the model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Kernel {
    pub zh: &'static str,
    pub en: &'static str,
    /// What is counted: cells times species, or cells where all species share the work.
    pub points: usize,
    /// Best time of one application to the whole grid [s].
    pub seconds: f64,
    /// Million points per second, and nanoseconds per point.
    pub million_per_s: f64,
    pub ns_per_point: f64,
    /// Bytes it has to move at least over its time and the triad's bandwidth; `None` where memory is not what it waits for.
    pub share_of_triad: Option<f64>,
}

/// Arrays of the triad: 64 MiB each.
const TRIAD: usize = 1 << 24;
/// Each measurement is repeated for this long, and three times at least.
const REPEAT_FOR: Duration = Duration::from_millis(400);
/// State read and written once [bytes per cell and species].
const PASS: usize = 8;

/// Measures the core on `grid` with `threads` threads.
///
/// # Errors
/// `Invalid` when no threads can be started; `Unstable` from the numeric guard.
pub fn measure(
    grid: &Grid,
    profiles: &BackgroundProfiles,
    surface: SurfaceParameters,
    threads: usize,
) -> Result<Speed> {
    let start = Utc.with_ymd_and_hms(2026, 1, 15, 0, 0, 0).single().expect("an existing instant");
    let background = &profiles.on(start, &grid.vertical);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| {
        Error::invalid("command line", "--threads", format!("{threads}: {e}"), "threads of this machine")
    })?;
    pool.install(|| Bench { grid, background, surface, start }.run(threads))
}

struct Bench<'a> {
    grid: &'a Grid,
    background: &'a Background,
    surface: SurfaceParameters,
    start: DateTime<Utc>,
}

impl Bench<'_> {
    fn run(&self, threads: usize) -> Result<Speed> {
        let (nz, ny, nx) = self.grid.shape();
        let (cells, points) = (nz * ny * nx, nz * ny * nx * Species::COUNT);
        let triad = triad();
        let fields = Weather::WINTER.fields(self.grid, self.start, 2);
        let diagnosis = Diagnosis::new(self.grid, self.surface);
        let mut meteorology = Meteorology::new(&fields, self.grid, false)?;
        let driver = diagnosis.hour(&mut meteorology, self.start)?;
        let driver_s = self.driver_of_an_hour(&diagnosis, &fields)?;
        let emission = towns(self.grid, 5);
        let sides = Sides::uniform(self.background, self.grid);
        let mut simulation = {
            let (mass, state) = (driver.air_mass_start.clone(), self.background.state(self.grid));
            Simulation::new(self.grid, diagnosis.area(), mass, state)
        };
        simulation.hour(&driver, &emission, &sides)?;
        let steps = simulation.steps();
        let hour_s = best(|| simulation.hour(&driver, &emission, &sides).map(drop))?;
        let dt = 3600.0 / steps as f32;
        let row = |zh, en, points: usize, seconds: f64, passes: usize| {
            let bytes = (passes * PASS * points) as f64;
            Kernel {
                zh,
                en,
                points,
                seconds,
                million_per_s: points as f64 / seconds * 1e-6,
                ns_per_point: seconds / points as f64 * 1e9,
                share_of_triad: (passes > 0).then(|| bytes / seconds / triad),
            }
        };
        let (horizontal_s, columns_s) =
            self.transport(&driver, &emission, (&sides, &diagnosis.area()), dt, &simulation.state);
        let (lift_s, mix_s) = self.rows(&driver, dt);
        let (sweep_x_s, sweep_y_s) = (self.sweep(Along::X), self.sweep(Along::Y));
        let mut diffusion = HorizontalDiffusion::new(self.grid);
        diffusion.prepare(&driver, &driver.air_mass_end, dt);
        let mut state = simulation.state.clone();
        let spread_s = best_of(|| diffusion.advance(&mut state, &driver.air_mass_end));
        let fractions = chemistry_fractions(&driver, self.grid, dt);
        let react_s = best_of(|| drop(react(&mut state, &driver.air_mass_end, &fractions)));
        let fractions_s = best_of(|| drop(chemistry_fractions(&driver, self.grid, dt)));
        let transport = row("输送合计", "transport, both", points, horizontal_s + columns_s, 2);
        let kernels = vec![
            row("水平输送（x、y）", "horizontal slabs (x and y)", points, horizontal_s, 1),
            row("  x 方向一次", "  sweep along x", points, sweep_x_s, 1),
            row("  y 方向一次", "  sweep along y", points, sweep_y_s, 1),
            row("垂直柱（全部过程）", "columns (all processes)", points, columns_s, 1),
            row("  垂直平流", "  vertical advection", points, lift_s, 1),
            row("  垂直混合", "  vertical mixing", points, mix_s, 1),
            transport,
            row("水平扩散", "horizontal diffusion", points, spread_s, 1),
            row("化学", "chemistry", points, react_s, 1),
            row("整步", "whole step", points, hour_s / steps as f64, 2),
            row("驱动场（每小时）", "driver of an hour", cells, driver_s, 0),
            row("化学速率（每小时）", "chemical rates of an hour", cells, fractions_s, 0),
        ];
        Ok(Speed {
            grid: self.grid.name.clone(),
            shape: [nz, ny, nx, Species::COUNT],
            threads,
            instructions: instructions(),
            triad_gb_s: triad * 1e-9,
            kernels,
            transport_meets: match transport.share_of_triad {
                _ if transport.ns_per_point <= TRANSPORT_NS => Limit::Time,
                Some(share) if share >= TRANSPORT_SHARE => Limit::Bandwidth,
                _ => Limit::None,
            },
            steps_per_hour: steps,
            forecast_hours_per_minute: 60.0 / (driver_s + hour_s),
        })
    }

    /// Seconds from meteorology to the driver of an hour whose first field is on the grid already.
    fn driver_of_an_hour(&self, diagnosis: &Diagnosis, fields: &[MetField]) -> Result<f64> {
        let (first, second) = (fields[0].valid_time, fields[1].valid_time);
        let mut least = f64::INFINITY;
        for _ in 0..3 {
            let mut meteorology = Meteorology::new(fields, self.grid, false)?;
            diagnosis.hour(&mut meteorology, first)?;
            let begin = Instant::now();
            diagnosis.hour(&mut meteorology, second)?;
            least = least.min(begin.elapsed().as_secs_f64());
        }
        Ok(least)
    }

    /// Seconds of the horizontal and the column part of one step on the whole state, in dry air.
    fn transport(
        &self,
        driver: &HourDriver,
        emission: &EmissionField,
        (sides, area): (&Sides, &[f32]),
        dt: f32,
        state: &Array4<f32>,
    ) -> (f64, f64) {
        let thickness: Vec<f64> = (0..self.grid.vertical.layers()).map(|k| self.grid.vertical.thickness_m(k)).collect();
        let coefficients = LayerCoefficients::new(&thickness);
        let emission = &HourEmission::new(emission);
        let (top, washout) = (&sides.top, None);
        let columns =
            Columns { grid: self.grid, coefficients: &coefficients, top, driver, emission, washout, area, dt };
        let least = Zip::from(&driver.air_mass_start).and(&driver.air_mass_end).map_collect(|a, b| a.min(*b));
        let mut fluxes = HorizontalFluxes::new(driver.flux_x.view(), driver.flux_y.view(), least.view(), dt);
        let mut rows = ColumnRows::new(self.grid.shape());
        let mut state = state.clone();
        let (mut horizontal, mut vertical) = (f64::INFINITY, f64::INFINITY);
        repeat(|turn| {
            let mut mass = driver.air_mass_start.clone();
            let begin = Instant::now();
            fluxes.advance(&mut state, &mut mass, sides, turn % 2 == 1);
            let middle = Instant::now();
            columns.advance(&mut state, &mut mass, &driver.air_mass_start, &mut rows);
            horizontal = horizontal.min((middle - begin).as_secs_f64());
            vertical = vertical.min(middle.elapsed().as_secs_f64());
        });
        (horizontal, vertical)
    }

    /// Seconds of one sweep along x or y alone, for all species on the whole grid, each slab in cache.
    fn sweep(&self, along: Along) -> f64 {
        let (nz, ny, nx) = self.grid.shape();
        let mut slabs: Vec<Slabs> = (0..nz).map(|_| Slabs::new(nx, ny, along)).collect();
        best_of(|| {
            slabs.par_iter_mut().for_each(|slabs| {
                for _ in 0..Species::COUNT.div_ceil(TOGETHER) {
                    slabs.sweep();
                }
            });
        })
    }

    /// Seconds of vertical advection and of mixing alone, for all species on the whole grid, each block in cache.
    fn rows(&self, driver: &HourDriver, dt: f32) -> (f64, f64) {
        let (nz, ny, nx) = self.grid.shape();
        let thickness: Vec<f64> = (0..nz).map(|k| self.grid.vertical.thickness_m(k)).collect();
        let coefficients = LayerCoefficients::new(&thickness);
        let width = Block::width_in(ny, nx);
        let mut rows: Vec<Row> =
            (0..ny * nx / width).map(|index| Row::new(driver, Block::new(index, width), nz, dt)).collect();
        let lift = best_of(|| {
            rows.par_iter_mut().for_each(|row| {
                widest(
                    #[inline(always)]
                    || row.lift(&coefficients),
                )
            });
        });
        let mix = best_of(|| {
            rows.par_iter_mut().for_each(|row| {
                widest(
                    #[inline(always)]
                    || row.mix(),
                )
            });
        });
        (lift, mix)
    }
}

/// Padded slabs in a steady wind, swept as the model does.
struct Slabs {
    slab: Padded,
    flow: Flow,
    flux: Aligned,
    rows: RowSpace,
    q: Vec<Aligned>,
    moved: Vec<Aligned>,
}

impl Slabs {
    fn new(nx: usize, ny: usize, along: Along) -> Self {
        let slab = Padded::new(nx, ny);
        let filled = |value: &dyn Fn(usize) -> f32| {
            let mut values = Aligned::new(slab.cells());
            values.iter_mut().enumerate().for_each(|(i, v)| *v = value(i));
            values
        };
        let (flux, mut flow) = (filled(&|_| 0.3), Flow::new(slab, along));
        flow.prepare(&filled(&|_| 1.0), &flux, &mut filled(&|_| HALO_MASS));
        let species = || (0..TOGETHER).map(|_| filled(&|i| 1.0 + (i as f32 * 0.01).sin())).collect();
        Self { slab, flow, flux, rows: RowSpace::new(slab), q: species(), moved: species() }
    }

    fn sweep(&mut self) {
        let Self { slab, flow, flux, rows, q, moved } = self;
        let mut through = [(0.0, 0.0); TOGETHER];
        Sweep { slab: *slab, flow, flux, from: q, to: moved, rows, through: &mut through }.run();
        std::mem::swap(q, moved);
    }
}

/// Arrays `[z][x]` of one block, as the columns have them.
struct Row {
    width: usize,
    q: Aligned,
    mass: Aligned,
    moving: Vec<f32>,
    flux: Vec<f32>,
    exchange: Vec<f32>,
    descent: Vec<f32>,
    factors: MixingFactors,
    emitted: Vec<f32>,
    deposition: Vec<f32>,
    lift: Lift,
}

impl Row {
    fn new(driver: &HourDriver, block: Block, nz: usize, dt: f32) -> Self {
        let width = Block::row(block.width);
        let of = |field: &Array3<f32>| {
            let mut rows = Aligned::new(field.dim().0 * width);
            rows.fill(1.0);
            block.gather(field, &mut rows);
            rows
        };
        let mut q = Aligned::new(nz * width);
        q.iter_mut().enumerate().for_each(|(i, q)| *q = 1e-8 * (2.0 + (i as f32 * 0.1).sin()));
        let (mass, target) = (of(&driver.air_mass_start), of(&driver.air_mass_end));
        let mut flux = vec![0.0; (nz + 1) * width];
        continuity_flux(&mass, &target, width, &mut flux);
        let in_a_step = |field: &Array3<f32>| of(field).iter().map(|rate| rate * dt).collect::<Vec<f32>>();
        let deposition = target[..width].iter().map(|m| m * 0.002 * dt / 20.0).collect();
        Self {
            width,
            q,
            moving: mass.to_vec(),
            mass,
            flux,
            exchange: in_a_step(&driver.exchange),
            descent: in_a_step(&driver.descent),
            factors: MixingFactors::new(nz, width),
            emitted: vec![1e-3; width],
            deposition,
            lift: Lift::new(nz, width),
        }
    }

    /// Vertical advection for as many species as the model has.
    #[inline(always)]
    fn lift(&mut self, coefficients: &LayerCoefficients) {
        self.moving.copy_from_slice(&self.mass);
        // a twelfth of the hour's change, as in one of the twelve steps
        self.lift.prepare(&mut self.moving, &self.flux, 1.0 / 12.0, self.width);
        let top = vec![1e-8; self.width];
        for _ in Species::ALL {
            vertical_advection::advance(&mut self.q, &self.lift, &top, self.width, coefficients);
        }
    }

    /// Mixing for as many species.
    #[inline(always)]
    fn mix(&mut self) {
        if self.descent[..self.width].iter().any(|d| *d > 0.0) {
            self.factors.factorise_convective(&self.mass, &self.exchange, &self.descent, self.width);
        } else {
            self.factors.factorise(&self.mass, &self.exchange, self.width);
        }
        for _ in Species::ALL {
            mix(&mut self.q, &self.mass, &self.factors, &self.emitted, &self.deposition, self.width);
        }
    }
}

/// Widest vector instructions that the kernels find at run time.
fn instructions() -> String {
    let found = format!("{:?}", pulp::Arch::new());
    match found.split('(').next().unwrap_or_default() {
        "V4" => "AVX-512".to_owned(),
        "V3" => "AVX2".to_owned(),
        other => other.to_owned(),
    }
}

/// Bandwidth of the triad on all threads [B s-1]: two arrays read, one written.
fn triad() -> f64 {
    let (mut a, b, c) = (vec![0.0f32; TRIAD], vec![1.0f32; TRIAD], vec![2.0f32; TRIAD]);
    let part = TRIAD.div_ceil(rayon::current_num_threads());
    let seconds = best_of(|| {
        a.par_chunks_mut(part).zip(b.par_chunks(part)).zip(c.par_chunks(part)).for_each(|((a, b), c)| {
            for ((a, b), c) in a.iter_mut().zip(b).zip(c) {
                *a = b + 3.0 * c;
            }
        });
        std::hint::black_box(&mut a);
    });
    (3 * std::mem::size_of::<f32>() * TRIAD) as f64 / seconds
}

fn repeat(mut work: impl FnMut(usize)) {
    let begin = Instant::now();
    let mut turn = 0;
    while turn < 3 || begin.elapsed() < REPEAT_FOR {
        work(turn);
        turn += 1;
    }
}

/// Best time of `work` [s].
fn best_of(mut work: impl FnMut()) -> f64 {
    let mut least = f64::INFINITY;
    repeat(|_| {
        let begin = Instant::now();
        work();
        least = least.min(begin.elapsed().as_secs_f64());
    });
    least
}

/// As [`best_of`] for work that may fail.
fn best(mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut outcome = Ok(());
    let least = best_of(|| {
        if let Err(e) = work() {
            outcome = Err(e);
        }
    });
    outcome.map(|()| least)
}
