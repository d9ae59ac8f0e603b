//! PM10 holds PM2.5, so it cannot be less; two instruments may differ a little.

use super::rules::ParticleOrderRules;
use crate::domain::quality::Verdict;

/// The verdict on a pair of values [ug m-3] of one hour; `None` where they are in order.
pub fn order(pm25: f32, pm10: f32, rules: &ParticleOrderRules) -> Option<Verdict> {
    if pm10 >= pm25 {
        return None;
    }
    let far = pm10 < rules.ratio * pm25 && pm25 - pm10 > rules.difference_ug_m3;
    Some(if far { Verdict::Rejected } else { Verdict::Suspect })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_below_is_rejected_a_little_is_suspect_and_equal_is_in_order() {
        let rules = ParticleOrderRules { ratio: 0.64, difference_ug_m3: 5.0 };
        let verdicts =
            [(60.0, 30.0), (60.0, 57.0), (8.0, 4.0), (60.0, 60.0)].map(|(fine, all)| order(fine, all, &rules));
        assert_eq!(verdicts, [Some(Verdict::Rejected), Some(Verdict::Suspect), Some(Verdict::Suspect), None]);
    }
}
