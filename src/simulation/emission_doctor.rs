//! The doctor of an inventory: each finding has a number, a place and a remedy. A sound inventory has none.

mod doubles;
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
use crate::domain::source::Source;
use crate::error::{Error, Rejection};
use crate::input::emission_reference_csv::ReferenceTotal;
use serde::Serialize;

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
    /// What was measured; its meaning is in the text.
    pub number: f64,
    pub what: Bilingual,
    pub remedy: Bilingual,
}

/// What the doctor looks at.
pub struct Case<'a> {
    pub sources: &'a [Source],
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
    findings.extend(parts::findings(case));
    sort(&mut findings);
    findings
}

/// Orders findings by kind and place.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| (a.ailment, &a.place).cmp(&(b.ailment, &b.place)).then(a.number.total_cmp(&b.number)));
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
    let number = first_number(&found);
    Finding {
        ailment: Ailment::Refused,
        place,
        number,
        what: Bilingual::new(format!("文件未被采用：{found}"), format!("the file is not used: {found}")),
        remedy: Bilingual::new(format!("改正或更换该文件（{remedy}）"), remedy),
    }
}

/// The finding about refused rows.
pub fn of_rejection(rejection: &Rejection) -> Finding {
    let Rejection { file, place, found, expected } = rejection;
    Finding {
        ailment: Ailment::RefusedRow,
        place: format!("{file}: {place}"),
        number: first_number(found),
        what: Bilingual::new(
            format!("未按原样采用：{found}；应为 {expected}"),
            format!("not used as it is: {found}; expected {expected}"),
        ),
        remedy: Bilingual::new("改正该记录后重新读取", "Correct the record and read the file again"),
    }
}

/// The first number in a text; NaN would be no JSON, so 0 without one.
fn first_number(text: &str) -> f64 {
    let words = text.split(|c: char| !(c.is_ascii_digit() || ".-e".contains(c)));
    words
        .filter(|w| w.contains(|c: char| c.is_ascii_digit()))
        .find_map(|w| w.trim_matches(['.', '-', 'e']).parse().ok())
        .unwrap_or(0.0)
}
