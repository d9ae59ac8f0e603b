//! The doctor of an inventory: each finding has a place and a remedy, and a number where something was measured. A sound inventory has none.

mod doubles;
mod mass;
mod outliers;
mod parts;
mod placing;
mod reference;

use super::emission::EmissionModel;
use super::emission_placement::Placement;
use super::emission_totals::CountySectorTotal;
use crate::domain::bilingual::Bilingual;
use crate::domain::county::{CountyWeights, Region};
use crate::domain::grid::Grid;
use crate::domain::source::{Amounts, Source};
use crate::error::{Error, Rejection};
use crate::input::emission_reference_csv::ReferenceTotal;
use serde::Serialize;
use std::collections::BTreeMap;

/// What kind of fault a finding is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ailment {
    /// A file or a model file that cannot be used: calendar, time axis, units, profile sums, totals with their parts, missing months.
    Refused,
    /// A row of a table or a cell that is not used.
    RefusedRow,
    /// A total or a source that is off by a power of ten.
    PowerOfTen,
    /// A total that is far from its reference.
    FarFromReference,
    /// Nothing where the reference has something.
    NothingThere,
    /// The same emission twice.
    Double,
    /// A point outside its county.
    OutsideCounty,
    /// A part above its whole.
    PartAboveWhole,
    /// What is emitted is not what was given.
    Mass,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    pub ailment: Ailment,
    /// File, source, county or sector.
    pub place: String,
    /// What was measured, its meaning is in the text; none of a refused file or row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<f64>,
    pub what: Bilingual,
    pub remedy: Bilingual,
}

/// What the files of a gridded inventory hold, and what became of it before it was placed.
#[derive(Debug, Clone, PartialEq)]
pub struct InventoryMass {
    /// What the ids of its sources begin with.
    pub stem: String,
    /// Where the files hold these months alone, the year by whose days they were brought to a year.
    pub year: i32,
    pub months: Option<Vec<u32>>,
    /// As read [t a-1], or [t] of the months, by pollutant as `models/inventory.toml` names them.
    pub read_t: BTreeMap<&'static str, f64>,
    /// Of cells that do not touch the grid, in the same unit.
    pub beside_t: Amounts,
}

/// What the doctor looks at.
pub struct Case<'a> {
    pub sources: &'a [Source],
    pub inventories: &'a [InventoryMass],
    pub region: &'a Region,
    pub weights: &'a [CountyWeights],
    pub grid: &'a Grid,
    pub model: &'a EmissionModel,
    pub placement: &'a Placement,
    pub totals: &'a [CountySectorTotal],
    pub reference: &'a [ReferenceTotal],
}

/// All findings about sources, worst kind first, then by place.
pub fn examine(case: &Case) -> Vec<Finding> {
    let mut findings = reference::findings(case);
    findings.extend(outliers::findings(case));
    findings.extend(doubles::findings(case));
    findings.extend(placing::findings(case));
    findings.extend(mass::findings(case));
    findings.extend(parts::findings(case));
    sort(&mut findings);
    findings
}

/// Orders findings by kind and place.
pub fn sort(findings: &mut [Finding]) {
    let number = |f: &Finding| f.number.unwrap_or(0.0);
    findings.sort_by(|a, b| (a.ailment, &a.place).cmp(&(b.ailment, &b.place)).then(number(a).total_cmp(&number(b))));
}

/// The finding about a file that was refused.
pub fn of_error(error: &Error) -> Finding {
    let (place, found, remedy) = match error {
        Error::Format { path, place, found, expected, remedy } => {
            (format!("{}: {place}", path.display()), format!("{found}; expected {expected}"), remedy.clone())
        }
        Error::Missing { what, path, remedy } => {
            (path.display().to_string(), format!("missing {what}"), remedy.clone())
        }
        Error::Invalid { path, field, found, expected } => (
            format!("{}: {field}", path.display()),
            format!("{found}; expected {expected}"),
            format!("Correct {field}"),
        ),
        other => (String::new(), other.to_string(), "Correct or replace the file".into()),
    };
    Finding {
        ailment: Ailment::Refused,
        place,
        number: None,
        what: Bilingual::new(format!("文件未被采用：{found}"), format!("the file is not used: {found}")),
        remedy: Bilingual::new(format!("改正或更换该文件（{remedy}）"), remedy),
    }
}

/// The finding about refused rows.
pub fn of_rejection(rejection: &Rejection) -> Finding {
    let Rejection { file, place, found, expected, .. } = rejection;
    Finding {
        ailment: Ailment::RefusedRow,
        place: format!("{file}: {place}"),
        number: None,
        what: Bilingual::new(
            format!("未按原样采用：{found}；应为 {expected}"),
            format!("not used as it is: {found}; expected {expected}"),
        ),
        remedy: Bilingual::new("改正该记录后重新读取", "Correct the record and read the file again"),
    }
}
