//! Arcs of a tracer experiment near the ground, such as Project Prairie Grass 1956 (Barad 1958):
//! `run,distance_m,release_rate_g_s,monin_obukhov_length_m,friction_velocity_m_s,mixing_height_m,wind_speed_m_s,arc_maximum_mg_m3,
//! crosswind_integrated_over_q_s_m2`.
//!
//! Columns in any order; those that the reader does not need may be absent. A mixing height that is not positive (-999) was not observed.

use super::csv_rows::{Refusal, Row, Table};
use crate::error::{Accepted, Result};
use serde::Serialize;
use std::path::Path;

const COLUMNS: [&str; 6] = [
    "run",
    "distance_m",
    "monin_obukhov_length_m",
    "friction_velocity_m_s",
    "mixing_height_m",
    "crosswind_integrated_over_q_s_m2",
];

/// One arc of one run: the turbulence of the run, the distance and what was measured there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PlumeArc {
    pub run: f64,
    pub distance_m: f64,
    /// Obukhov length [m], not 0.
    pub obukhov_m: f64,
    pub friction_velocity_m_s: f64,
    /// Observed in convective runs only.
    pub mixing_height_m: Option<f64>,
    /// Concentration integrated across the wind over the release rate [s m-2]; not positive where the arc missed the plume.
    pub measured_s_m2: f64,
}

/// Reads the arcs, in the order of the file.
///
/// # Errors
/// `Missing` without the file; `Format` when a column is missing, the file ends in the middle of a record, or no row is accepted. A refused
/// row is in `rejections`, with its line.
pub fn read(path: &Path) -> Result<Accepted<PlumeArc>> {
    let mut table = Table::read(path, "the file of arcs")?.whole()?;
    let mut columns = [0; COLUMNS.len()];
    for (slot, name) in columns.iter_mut().zip(COLUMNS) {
        *slot = table.column(name)?;
    }
    let (mut items, mut refused) = (Vec::new(), Vec::new());
    for row in &table.rows {
        match arc(row, columns) {
            Ok(arc) => items.push(arc),
            Err(refusal) => refused.push(table.rejection(format!("line {}", row.line), refusal)),
        }
    }
    table.rejections.extend(refused);
    table.at_least_one(&items, "arc")?;
    Ok(Accepted { items, rejections: table.rejections })
}

fn arc(row: &Row, columns: [usize; COLUMNS.len()]) -> std::result::Result<PlumeArc, Refusal> {
    let within = |i: usize, range| row.within(columns[i], COLUMNS[i], range);
    let obukhov_m = within(2, -1e6..=1e6)?;
    if obukhov_m.abs() < 1.0 {
        return Err(Refusal::new(format!("{} {obukhov_m}", COLUMNS[2]), "at least 1 m from 0"));
    }
    let height = within(4, -1e4..=1e4)?;
    Ok(PlumeArc {
        run: within(0, 0.0..=1e6)?,
        distance_m: within(1, 1.0..=1e4)?,
        obukhov_m,
        friction_velocity_m_s: within(3, 0.01..=3.0)?,
        mixing_height_m: (height > 0.0).then_some(height),
        measured_s_m2: within(5, -1e3..=1e3)?,
    })
}
