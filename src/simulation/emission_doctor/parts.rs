//! Parts above their wholes: PM2.5 above PM10, black carbon and organic matter above PM2.5.

use super::{Ailment, Case, Finding};
use crate::domain::bilingual::Bilingual;

/// How far a part may exceed its whole: rounding of the provider.
const TOLERANCE: f64 = 1.01;

pub(super) fn findings(case: &Case) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in case.sources {
        let a = source.strength.amounts();
        for (part, p, whole, w) in [("PM2.5", a.pm25, "PM10", a.pm10), ("BC + OC", a.bc + a.oc, "PM2.5", a.pm25)] {
            if p > w * TOLERANCE {
                found.push(Finding {
                    ailment: Ailment::PartAboveWhole,
                    place: format!("{} {}", source.id, source.name),
                    number: Some(p / w).filter(|ratio| ratio.is_finite()),
                    what: Bilingual::new(
                        format!("{part} {p:.4} 高于 {whole} {w:.4}"),
                        format!("{part} {p:.4} above {whole} {w:.4}"),
                    ),
                    remedy: Bilingual::new(
                        format!("{whole} 应包含 {part}：检查两列或两个文件的单位"),
                        format!("{whole} includes {part}: check the units of both columns or files"),
                    ),
                });
            }
        }
    }
    found
}
