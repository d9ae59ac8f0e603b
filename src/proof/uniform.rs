//! A uniform mixing ratio in real winds: it stays uniform, and the books of every species close.
//!
//! The winds of the given files blow forward and then backward in time, over and over, until the hours are full. The tracer is 1 in the
//! air at the start and in all air that flows in, is neither emitted nor deposited, and is carried by the same code as every species.

use super::ground::{Ground, worst_residual};
use super::{Figure, Line, Material, Outcome, Parameter, Proof};
use crate::domain::met_field::{FluxTime, MetField};
use crate::error::{Error, Result};
use crate::input::isolation::Isolation;
use crate::input::meteorology;
use crate::simulation::diagnose::Diagnosis;
use crate::simulation::emission_placement::EmissionField;
use crate::simulation::meteorology::Meteorology;
use crate::simulation::step::tracer_deviation;
use chrono::Duration;
use serde_json::json;
use std::path::Path;

/// The proof as it is listed.
pub const PROOF: Proof = Proof {
    name: "uniform",
    zh: "均匀混合比在真实风场中往复72小时仍须均匀，各物种质量账须闭合",
    en: "a uniform mixing ratio stays uniform over 72 h of real winds, blown forward and backward, and every species' books close",
    takes: &[
        (Parameter::Input, "meteorology of two times or more: wrfout, CF NetCDF or GRIB2 files"),
        (Parameter::Overrides, "folder whose models/ replace built-in files"),
    ],
    run,
};

/// Hours of the proof.
const HOURS: usize = 72;
/// Largest departure from uniformity, and largest relative residual of the books.
const TOLERANCE: f64 = 1e-6;

fn run(material: &Material) -> Result<Outcome> {
    if material.input.is_empty() {
        return Err(Error::invalid("command line", "--input", "nothing", "files of meteorology"));
    }
    let isolation = Isolation::of_this_program();
    let fields = meteorology::read(material.input, None, isolation.as_ref())?;
    in_winds(&fields, material.overrides, HOURS)
}

/// The proof over `hours` of the winds of `fields`, sorted by time.
///
/// # Errors
/// `Missing` where the fields span less than an hour; of the model's files; `Unstable` from the numeric guard.
pub fn in_winds(fields: &[MetField], overrides: Option<&Path>, hours: usize) -> Result<Outcome> {
    let span = fields.last().zip(fields.first()).map_or(Duration::zero(), |(b, a)| b.valid_time - a.valid_time);
    let whole = span.num_hours() as usize;
    if whole == 0 {
        return Err(Error::missing("meteorology over an hour or more", "--input", "Give files of two times at least"));
    }
    let ground = Ground::of_meteorology(overrides, fields)?;
    let reversed = reversed(fields);
    let diagnosis = Diagnosis::new(&ground.grid, ground.surface);
    let mut forward = Meteorology::new(fields, &ground.grid, false)?;
    let mut backward = Meteorology::new(&reversed, &ground.grid, false)?;
    let begin = fields[0].valid_time;
    let rest = span - Duration::hours(whole as i64);
    let still = EmissionField::new(&ground.grid, 1);
    let mut simulation = None;
    let (mut worst, mut worst_hour, mut strongest) = (0.0f64, 0, 0.0f32);
    for hour in 0..hours {
        let within = Duration::hours((hour % whole) as i64);
        let driver = if (hour / whole).is_multiple_of(2) {
            diagnosis.hour(&mut forward, begin + within)?
        } else {
            diagnosis.hour(&mut backward, begin + rest + within)?
        };
        strongest = driver.wind_speed.iter().fold(strongest, |a, b| a.max(*b));
        let simulation = simulation.get_or_insert_with(|| ground.simulation(diagnosis.area(), &driver.air_mass_start));
        simulation.hour(&driver, &still, &ground.sides)?;
        let deviation = tracer_deviation(&simulation.state);
        if deviation > worst {
            (worst, worst_hour) = (deviation, hour + 1);
        }
    }
    let Some(s) = simulation else {
        return Err(Error::invalid("uniform", "hours", "0", "one hour at least"));
    };
    let ledger = s.books.clone().close(&s.state, s.mass(), worst);
    let (species, residual) = worst_residual(&ledger);
    let (nz, ny, nx) = ground.grid.shape();
    let lines = vec![
        Line::new(
            format!("{nx} x {ny} x {nz} 个网格，{hours} 小时，{} 步；最大风速 {strongest:.1} m/s", s.steps()),
            format!("{nx} x {ny} x {nz} cells, {hours} h, {} steps; strongest wind {strongest:.1} m/s", s.steps()),
        ),
        Line::new(
            format!("质量账闭合最差的物种：{species}；均匀示踪物偏差最大在第 {worst_hour} 小时"),
            format!("books that close worst: {species}; tracer farthest from one in hour {worst_hour}"),
        ),
    ];
    let figures = vec![
        Figure::at_most("largest |q - 1|", worst, "", TOLERANCE),
        Figure::at_most("largest residual", residual, "", TOLERANCE),
    ];
    let details = json!({ "hours": hours, "steps": s.steps(), "strongest_wind_m_s": strongest, "ledger": ledger });
    Ok(Outcome::new(PROOF.name, figures, details, lines))
}

/// The same weather backward in time, over the same span of times.
fn reversed(fields: &[MetField]) -> Vec<MetField> {
    let (first, last) = (fields[0].valid_time, fields[fields.len() - 1].valid_time);
    let n = fields.len();
    (0..n)
        .map(|i| {
            let mut field = fields[n - 1 - i].clone();
            field.valid_time = first + (last - field.valid_time);
            // what belongs to the interval before a time belongs to the interval after it now
            let interval = &fields[(n - i).min(n - 1)];
            field.precipitation_kg_m2_s.clone_from(&interval.precipitation_kg_m2_s);
            if field.flux_time == FluxTime::MeanSincePrevious {
                field.sensible_heat_flux_w_m2.clone_from(&interval.sensible_heat_flux_w_m2);
                field.shortwave_w_m2.clone_from(&interval.shortwave_w_m2);
            }
            field
        })
        .collect()
}
