//! Weather at and beyond the edge of what occurs: the model does not abort, nothing becomes negative, and the books close.

use super::ground::{Ground, worst_residual};
use super::{Figure, Line, Material, Outcome, Parameter, Proof};
use crate::error::{Error, Result};
use crate::simulation::diagnose::Diagnosis;
use crate::simulation::meteorology::Meteorology;
use crate::simulation::step::tracer_deviation;
use crate::simulation::synthetic::{Weather, towns};
use chrono::{Duration, TimeZone, Utc};
use serde::Serialize;
use std::path::Path;

/// The proof as it is listed.
pub const PROOF: Proof = Proof {
    name: "extremes",
    zh: "极端天气（风速100 m/s、混合层10 m、-45℃、湿度105%等）下不中断、无负值、质量账闭合",
    en: "extreme weather (wind 100 m/s, mixing height 10 m, -45 degC, humidity 105 % and more): no abort, nothing negative, closed books",
    takes: &[
        (Parameter::Case, "storm, shallow, polar, saturated, blizzard, calm, desert or everything"),
        (Parameter::Overrides, "folder whose models/ replace built-in files"),
    ],
    run,
};

/// Hours of each case: an odd and an even number of turns of the order of processes.
const HOURS: usize = 2;
/// Cells eastward and northward.
const CELLS: (usize, usize) = (30, 26);
/// Largest relative residual of the books, and largest departure of the tracer from one.
const TOLERANCE: f64 = 1e-6;

const WINTER: Weather = Weather::WINTER;

/// Each case with its weather.
pub const CASES: [(&str, Weather); 8] = [
    ("storm", Weather { wind_m_s: 100.0, friction_velocity_m_s: 5.0, ..WINTER }),
    ("shallow", Weather { mixing_height_m: 10.0, heat_flux_w_m2: -40.0, friction_velocity_m_s: 0.02, ..WINTER }),
    ("polar", Weather { temperature_k: 228.15, heat_flux_w_m2: -60.0, shortwave_w_m2: 0.0, ..WINTER }),
    ("saturated", Weather { relative_humidity: 1.05, cloud_water: 2e-3, temperature_k: 273.15, ..WINTER }),
    ("blizzard", Weather { precipitation_kg_m2_s: 5e-3, cloud_water: 1e-3, snow_kg_m2: 2000.0, ..WINTER }),
    ("calm", Weather { wind_m_s: 0.0, friction_velocity_m_s: 0.0, heat_flux_w_m2: 0.0, ..WINTER }),
    (
        "desert",
        Weather {
            temperature_k: 318.15,
            relative_humidity: 0.03,
            mixing_height_m: 5000.0,
            heat_flux_w_m2: 600.0,
            shortwave_w_m2: 1200.0,
            precipitation_kg_m2_s: 0.0,
            snow_kg_m2: 0.0,
            cloud_water: 0.0,
            ..WINTER
        },
    ),
    (
        "everything",
        Weather {
            wind_m_s: 100.0,
            temperature_k: 228.15,
            relative_humidity: 1.05,
            cloud_water: 2e-3,
            precipitation_kg_m2_s: 5e-3,
            snow_kg_m2: 2000.0,
            mixing_height_m: 10.0,
            friction_velocity_m_s: 5.0,
            heat_flux_w_m2: -200.0,
            shortwave_w_m2: 0.0,
        },
    ),
];

/// What one case came to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Extreme {
    pub case: &'static str,
    pub steps: u64,
    /// Lowest mixing ratio of any species anywhere after any hour [kg kg-1].
    pub lowest: f32,
    /// Mass added by setting negative values to zero, over what was stored and emitted: the largest of all species.
    pub clipped: f64,
    pub largest_residual: f64,
    pub tracer_deviation: f64,
}

fn run(material: &Material) -> Result<Outcome> {
    let known: Vec<&str> = CASES.iter().map(|(name, _)| *name).collect();
    if let Some(case) = material.case.filter(|c| !known.contains(c)) {
        return Err(Error::invalid("command line", "--case", case, format!("one of {}", known.join(", "))));
    }
    let chosen = CASES.iter().filter(|(name, _)| material.case.is_none_or(|c| c == *name));
    let found = chosen
        .map(|(case, weather)| in_weather(case, weather, material.overrides))
        .collect::<Result<Vec<Extreme>>>()?;
    let worst =
        |of: fn(&Extreme) -> f64| found.iter().map(of).fold(0.0, |a: f64, b| if b.is_nan() || b > a { b } else { a });
    let lowest = found.iter().map(|e| f64::from(e.lowest)).fold(f64::INFINITY, f64::min);
    let figures = vec![
        Figure::at_least("lowest mixing ratio", lowest, "kg/kg", 0.0),
        Figure::at_most("largest residual", worst(|e| e.largest_residual), "", TOLERANCE),
        Figure::at_most("largest |q - 1|", worst(|e| e.tracer_deviation), "", TOLERANCE),
        Figure::at_most("mass added by clipping", worst(|e| e.clipped), "", TOLERANCE),
    ];
    let lines = found.iter().map(|e| {
        let numbers =
            format!("{:.1e}, {:.1e}, {:.1e}, {:.1e}", e.lowest, e.largest_residual, e.tracer_deviation, e.clipped);
        Line::new(
            format!("{:<10} {:>4} 步；最小值、账差、示踪物偏差、截断：{numbers}", e.case, e.steps),
            format!("{:<10} {:>4} steps; lowest, residual, tracer, clipped: {numbers}", e.case, e.steps),
        )
    });
    let lines = lines.collect();
    Ok(Outcome::new(PROOF.name, figures, serde_json::to_value(&found).expect("numbers are JSON"), lines))
}

/// One case: some hours of its weather over towns that emit.
///
/// # Errors
/// Of the model's files; `Unstable` from the numeric guard: what the proof says does not happen.
pub fn in_weather(case: &'static str, weather: &Weather, overrides: Option<&Path>) -> Result<Extreme> {
    let start = Utc.with_ymd_and_hms(2026, 1, 15, 2, 0, 0).single().expect("an existing instant");
    let ground = Ground::corner_of_yanbian(overrides, start, CELLS)?;
    let grid = &ground.grid;
    let fields = weather.fields(grid, start, HOURS);
    let diagnosis = Diagnosis::new(grid, ground.surface);
    let mut meteorology = Meteorology::new(&fields, grid, false)?;
    let emission = towns(grid, 4);
    let mut simulation = None;
    let mut lowest = f32::INFINITY;
    for hour in 0..HOURS {
        let driver = diagnosis.hour(&mut meteorology, start + Duration::hours(hour as i64))?;
        let simulation = simulation.get_or_insert_with(|| ground.simulation(diagnosis.area(), &driver.air_mass_start));
        simulation.hour(&driver, &emission, &ground.sides)?;
        lowest = simulation.state.iter().fold(lowest, |a, b| a.min(*b));
    }
    let s = simulation.expect("there is an hour at least");
    let tracer_deviation = tracer_deviation(&s.state);
    let ledger = s.books.clone().close(&s.state, s.mass(), tracer_deviation);
    let clipped = ledger.species.iter().map(|l| l.clipped_kg / (l.stored_start_kg + l.emitted_kg)).fold(0.0, f64::max);
    let largest_residual = worst_residual(&ledger).1;
    Ok(Extreme { case, steps: s.steps(), lowest, clipped, largest_residual, tracer_deviation })
}
