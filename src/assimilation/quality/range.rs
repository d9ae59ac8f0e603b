//! Range: negative values, zeros that stand for missing, values beyond what instruments report.

use super::rules::PollutantRules;

/// Whether a value is outside. Zero is no concentration that these instruments report: files write it for a missing hour.
pub fn outside(value: f32, rules: &PollutantRules) -> bool {
    value <= 0.0 || value > rules.largest
}
