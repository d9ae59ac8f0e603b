//! A closed box: air that turns, rises and breathes inside walls, with emissions, deposition and chemistry, loses nothing.
//!
//! No air passes the sides: the winds vanish there. The column of every cell breathes with the hours and the air of every layer closes, so
//! nothing passes the top but rounding, which is booked. Beside the model's own books the atoms of sulphur and nitrogen are added up from
//! the state, the emission rates and what was deposited; chemistry has no place in that sum.

use super::ground::{Ground, worst_residual};
use super::{Figure, Line, Material, Outcome, Parameter, Proof};
use crate::domain::species::Species;
use crate::error::Result;
use crate::simulation::budget::{MassLedger, SpeciesLedger};
use crate::simulation::diagnose::Diagnosis;
use crate::simulation::driver::HourDriver;
use crate::simulation::emission_placement::EmissionField;
use crate::simulation::meteorology::Meteorology;
use crate::simulation::step::tracer_deviation;
use crate::simulation::synthetic::{Weather, towns};
use chrono::{Duration, TimeZone, Utc};
use ndarray::{Array3, Array4, Axis, Zip};
use serde_json::json;
use std::f64::consts::{PI, TAU};
use std::path::Path;

/// The proof as it is listed.
pub const PROOF: Proof = Proof {
    name: "closed-box",
    zh: "封闭箱24小时：有排放、沉降和化学转化，各物种质量与硫、氮原子须守恒",
    en: "a closed box over 24 h with emissions, deposition and chemistry keeps every species' mass and the atoms of sulphur and nitrogen",
    takes: &[(Parameter::Overrides, "folder whose models/ replace built-in files")],
    run,
};

/// Hours of the proof.
const HOURS: usize = 24;
/// Largest relative residual.
const TOLERANCE: f64 = 1e-6;
/// Cells eastward and northward.
const CELLS: (usize, usize) = (40, 36);
/// Winds along the walls, of the overturning, and of the breathing, as cells per second.
const TURNING: f64 = 10.0 / 3000.0;
const OVERTURNING: f64 = 1.5 / 3000.0;
const BREATHING: f64 = 0.02 / 3000.0;

const SULPHUR: [Species; 2] = [Species::So2, Species::Sulfate];
const NITROGEN: [Species; 5] = [Species::No2, Species::Hno3, Species::Nitrate, Species::Nh3, Species::Ammonium];

fn run(material: &Material) -> Result<Outcome> {
    over(material.overrides, HOURS)
}

/// The proof over `hours`, one at least.
///
/// # Errors
/// Of the model's files; `Unstable` from the numeric guard.
pub fn over(overrides: Option<&Path>, hours: usize) -> Result<Outcome> {
    let start = Utc.with_ymd_and_hms(2026, 1, 15, 0, 0, 0).single().expect("an existing instant");
    let ground = Ground::corner_of_yanbian(overrides, start, CELLS)?;
    let grid = &ground.grid;
    let diagnosis = Diagnosis::new(grid, ground.surface);
    let weather = Weather::WINTER.fields(grid, start, hours.max(1));
    let mut meteorology = Meteorology::new(&weather, grid, false)?;
    let emission = towns(grid, 4);
    let mut driver = diagnosis.hour(&mut meteorology, start)?;
    let mut mass = driver.air_mass_start.clone();
    let mut simulation = ground.simulation(diagnosis.area(), &mass);
    let before = [atoms(&simulation.state, &mass, &SULPHUR), atoms(&simulation.state, &mass, &NITROGEN)];
    for hour in 0..hours {
        if hour > 0 {
            driver = diagnosis.hour(&mut meteorology, start + Duration::hours(hour as i64))?;
        }
        enclose(&mut driver, &mass, hour);
        simulation.hour(&driver, &emission, &ground.sides)?;
        mass.clone_from(&driver.air_mass_end);
    }
    let s = &simulation;
    let deviation = tracer_deviation(&s.state);
    let ledger = s.books.clone().close(&s.state, s.mass(), deviation);
    let after = [atoms(&s.state, s.mass(), &SULPHUR), atoms(&s.state, s.mass(), &NITROGEN)];
    let balance = |i: usize, members: &[Species]| {
        let emitted = emitted_atoms(&emission, members, 3600.0 * hours as f64);
        let left = left_atoms(&ledger, members);
        ((after[i] - before[i] - emitted + left) / (before[i] + emitted)).abs()
    };
    let (sulphur, nitrogen) = (balance(0, &SULPHUR), balance(1, &NITROGEN));
    let (species, residual) = worst_residual(&ledger);
    let tracer = &ledger.species[Species::Tracer.index()];
    let leak = (tracer.inflow_kg + tracer.outflow_kg) / tracer.stored_start_kg;
    let converted = ledger.species[Species::So2.index()].chemistry_kg;
    let lines = vec![
        Line::new(
            format!("{hours} 小时，{} 步；通过顶部和侧边的空气占 {leak:.1e}（舍入）", s.steps()),
            format!("{hours} h, {} steps; {leak:.1e} of the air passed top and sides (rounding)", s.steps()),
        ),
        Line::new(
            format!("质量账闭合最差的物种：{species}；化学转化的二氧化硫 {:.3e} kg", -converted),
            format!("books that close worst: {species}; {:.3e} kg of SO2 converted", -converted),
        ),
    ];
    let figures = vec![
        Figure::at_most("largest residual", residual, "", TOLERANCE),
        Figure::at_most("sulphur atoms", sulphur, "", TOLERANCE),
        Figure::at_most("nitrogen atoms", nitrogen, "", TOLERANCE),
        Figure::at_most("largest |q - 1|", deviation, "", TOLERANCE),
    ];
    let details = json!({ "hours": hours, "steps": s.steps(), "air_through_sides_and_top": leak, "ledger": ledger });
    Ok(Outcome::new(PROOF.name, figures, details, lines))
}

/// Replaces the winds of an hour by winds that vanish at the walls, and the air masses [kg] by what these winds make of `mass`.
fn enclose(driver: &mut HourDriver, mass: &Array3<f32>, hour: usize) {
    let (nz, ny, nx) = mass.dim();
    let base: Vec<f64> = mass.outer_iter().map(|layer| layer.iter().map(|m| f64::from(*m)).sum::<f64>()).collect();
    let total: f64 = base.iter().sum();
    let layer_of = |z: usize| base[z] / (ny * nx) as f64;
    // overturning: in below and out above, nothing in the whole column
    let height = |z: usize| (PI * (z as f64 + 0.5) / nz as f64).cos();
    let mean = (0..nz).map(|z| base[z] * height(z)).sum::<f64>() / total;
    let phase = TAU * hour as f64 / 24.0;
    let (turn, overturn, breathe) = (phase.cos(), (phase + 1.0).cos(), phase.cos());
    let gather = |z: usize| OVERTURNING * overturn * (height(z) - mean) + BREATHING * breathe;
    // zero on every wall to the last bit
    let wave = |i: usize, n: usize, times: f64| {
        if i == 0 || i == n { 0.0 } else { (times * PI * i as f64 / n as f64).sin() }
    };
    let psi = |x: usize, y: usize| wave(x, nx, 1.0) * wave(y, ny, 1.0);
    let middle = |i: usize, n: usize| ((i as f64 + 0.5) * PI / n as f64).sin();
    driver.flux_x = Array3::from_shape_fn((nz, ny, nx + 1), |(z, y, x)| {
        let turning = TURNING * turn * ny as f64 / PI * (psi(x, y + 1) - psi(x, y));
        (layer_of(z) * (turning + gather(z) * wave(x, nx, 2.0) * middle(y, ny))) as f32
    });
    driver.flux_y = Array3::from_shape_fn((nz, ny + 1, nx), |(z, y, x)| {
        let turning = -TURNING * turn * ny as f64 / PI * (psi(x + 1, y) - psi(x, y));
        (layer_of(z) * (turning + gather(z) * wave(y, ny, 2.0) * middle(x, nx))) as f32
    });
    driver.air_mass_start.assign(mass);
    driver.air_mass_end.assign(mass);
    for y in 0..ny {
        for x in 0..nx {
            let out = |z: usize| {
                let (w, e) = (driver.flux_x[[z, y, x]], driver.flux_x[[z, y, x + 1]]);
                let (s, n) = (driver.flux_y[[z, y, x]], driver.flux_y[[z, y + 1, x]]);
                f64::from(e) - f64::from(w) + f64::from(n) - f64::from(s)
            };
            let lost: f64 = (0..nz).map(out).sum::<f64>() * 3600.0;
            let column: f64 = (0..nz).map(|z| f64::from(mass[[z, y, x]])).sum();
            for z in 0..nz {
                driver.air_mass_end[[z, y, x]] = (f64::from(mass[[z, y, x]]) * (1.0 - lost / column)) as f32;
            }
        }
    }
}

/// Moles of the element that each of `members` holds one atom of.
fn atoms(state: &Array4<f32>, mass: &Array3<f32>, members: &[Species]) -> f64 {
    let of = |s: &Species| {
        let mut kg = 0.0f64;
        Zip::from(state.index_axis(Axis(0), s.index())).and(mass).for_each(|q, m| kg += f64::from(*q) * f64::from(*m));
        per_mole(*s, kg)
    };
    members.iter().map(of).sum()
}

fn emitted_atoms(emission: &EmissionField, members: &[Species], seconds: f64) -> f64 {
    let of = |s: &Species| {
        let rates = emission.rate_kg_s.index_axis(Axis(0), s.index());
        per_mole(*s, rates.iter().map(|r| f64::from(*r)).sum::<f64>() * seconds)
    };
    members.iter().map(of).sum()
}

/// Moles that left: to the ground, and, by rounding, through the top.
fn left_atoms(ledger: &MassLedger, members: &[Species]) -> f64 {
    let kg = |l: &SpeciesLedger| l.dry_deposited_kg + l.wet_deposited_kg + l.outflow_kg - l.inflow_kg;
    members.iter().map(|s| per_mole(*s, kg(&ledger.species[s.index()]))).sum()
}

fn per_mole(species: Species, kg: f64) -> f64 {
    kg / species.molar_mass().expect("species with atoms of sulphur or nitrogen have one")
}
