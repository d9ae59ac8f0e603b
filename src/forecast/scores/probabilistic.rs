//! Scores of forecasts that state their uncertainty.

use serde::{Deserialize, Serialize};

/// Continuous ranked probability score of an equally likely ensemble, in the unit of the values: mean |x - o| - mean |x - x'| / 2 over all
/// pairs of members, a pair of a member with itself among them.
///
/// `members` are sorted in place. An ensemble of one gives the absolute error.
///
/// # Reference
/// Gneiting & Raftery (2007), J. Am. Stat. Assoc. 102, 359-378, eq. 21; the sum over pairs from the order of the members.
pub fn crps(members: &mut [f64], o: f64) -> Option<f64> {
    let n = members.len() as f64;
    if members.is_empty() {
        return None;
    }
    members.sort_by(f64::total_cmp);
    let (mut distance, mut spread) = (0.0, 0.0);
    for (i, &x) in members.iter().enumerate() {
        distance += (x - o).abs();
        spread += (2.0 * i as f64 + 1.0 - n) * x;
    }
    Some(distance / n - spread / (n * n))
}

/// Continuous ranked probability score from quantiles, in the unit of the values: twice the mean pinball loss over the levels
/// (k + 1/2) / n, k = 0 .. n, at which `quantile` is asked. The midpoint rule: its error falls with n squared.
///
/// # Reference
/// Laio & Tamea (2007), Hydrol. Earth Syst. Sci. 11, 1267-1277, eq. 12.
pub fn crps_of_quantiles(quantile: impl Fn(f64) -> f64, n: usize, o: f64) -> Option<f64> {
    let loss = |level: f64| {
        let q = quantile(level);
        if o >= q { level * (o - q) } else { (1.0 - level) * (q - o) }
    };
    (n > 0).then(|| 2.0 * (0..n).map(|k| loss((k as f64 + 0.5) / n as f64)).sum::<f64>() / n as f64)
}

/// Share of observations within `lower ..= upper`.
pub fn coverage(lower: &[f64], upper: &[f64], o: &[f64]) -> Option<f64> {
    let inside = o.iter().zip(lower.iter().zip(upper)).filter(|&(o, (l, u))| l <= o && o <= u).count();
    (!o.is_empty()).then(|| inside as f64 / o.len() as f64)
}

/// Brier score of chances, 0 ..= 1, that an event happens: mean (p - x)^2 with x = 1 where it happened.
pub fn brier(p: &[f64], happened: &[bool]) -> Option<f64> {
    let sum: f64 = p.iter().zip(happened).map(|(p, &x)| (p - f64::from(u8::from(x))).powi(2)).sum();
    (!p.is_empty()).then(|| sum / p.len() as f64)
}

/// Skill of a score whose perfect value is 0 against a reference: 1 - score / reference; 1 is perfect, 0 as good as the reference.
/// `None` where the reference is perfect.
pub fn skill(score: f64, reference: f64) -> Option<f64> {
    (reference > 0.0).then(|| 1.0 - score / reference)
}

/// Chances of one class of a reliability table.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityClass {
    /// The class holds chances from `from` up to `to`, the last class its upper end too.
    pub from: f64,
    pub to: f64,
    /// Forecasts in it, and how many of their events happened.
    pub n: usize,
    pub happened: usize,
    /// Mean chance of the class.
    pub mean_chance: f64,
}

/// How often events happened by the chance that was stated, in `classes` classes of equal width; classes without forecasts are left out.
pub fn reliability(p: &[f64], happened: &[bool], classes: usize) -> Vec<ReliabilityClass> {
    let width = 1.0 / classes as f64;
    let mut table: Vec<ReliabilityClass> = (0..classes)
        .map(|i| ReliabilityClass {
            from: i as f64 * width,
            to: (i + 1) as f64 * width,
            n: 0,
            happened: 0,
            mean_chance: 0.0,
        })
        .collect();
    for (p, x) in p.iter().zip(happened) {
        let class = &mut table[((p * classes as f64) as usize).min(classes - 1)];
        class.n += 1;
        class.happened += usize::from(*x);
        class.mean_chance += p;
    }
    table.retain(|c| c.n > 0);
    table.iter_mut().for_each(|c| c.mean_chance /= c.n as f64);
    table
}

/// The Brier score of chances that are the same within each class, in parts: reliability - resolution + uncertainty.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BrierParts {
    /// How far stated chances are from what happened, 0 is best.
    pub reliability: f64,
    /// How far what happened in the classes is from the mean frequency, more is better.
    pub resolution: f64,
    /// Score of a forecast that always states the mean frequency.
    pub uncertainty: f64,
}

/// The parts of a Brier score from a reliability table.
///
/// # Reference
/// Murphy (1973), J. Appl. Meteorol. 12, 595-600.
pub fn brier_parts(table: &[ReliabilityClass]) -> Option<BrierParts> {
    let n: usize = table.iter().map(|c| c.n).sum();
    if n == 0 {
        return None;
    }
    let base = table.iter().map(|c| c.happened).sum::<usize>() as f64 / n as f64;
    let frequency = |c: &ReliabilityClass| c.happened as f64 / c.n as f64;
    let weighted =
        |f: &dyn Fn(&ReliabilityClass) -> f64| table.iter().map(|c| c.n as f64 * f(c)).sum::<f64>() / n as f64;
    Some(BrierParts {
        reliability: weighted(&|c| (c.mean_chance - frequency(c)).powi(2)),
        resolution: weighted(&|c| (frequency(c) - base).powi(2)),
        uncertainty: base * (1.0 - base),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The integral of (F(x) - 1{x >= o})^2 over x, F the step function of the ensemble, summed piece by piece.
    fn by_integral(members: &[f64], o: f64) -> f64 {
        let mut at: Vec<f64> = members.iter().copied().chain([o]).collect();
        at.sort_by(f64::total_cmp);
        let f = |x: f64| members.iter().filter(|m| **m <= x).count() as f64 / members.len() as f64;
        at.windows(2).map(|w| (f(w[0]) - f64::from(u8::from(w[0] >= o))).powi(2) * (w[1] - w[0])).sum()
    }

    #[test]
    fn crps_is_the_integral_over_the_distribution() {
        for o in [-3.0, 1.0, 2.5, 7.0, 40.0] {
            let mut members = [4.0, 1.0, 1.0, 9.5, 2.0];
            let expected = by_integral(&members, o);
            assert!((crps(&mut members, o).unwrap() - expected).abs() < 1e-12, "{o}");
        }
        assert_eq!((crps(&mut [3.0], 5.0), crps(&mut [], 5.0)), (Some(2.0), None));
    }

    /// A uniform distribution on 0 ..= 1 with o inside: o^3 / 3 + (1 - o)^3 / 3 (integral worked by hand).
    #[test]
    fn crps_of_quantiles_of_a_uniform_distribution() {
        for o in [0.0, 0.3, 0.5, 1.0f64] {
            let exact = (o.powi(3) + (1.0 - o).powi(3)) / 3.0;
            assert!((crps_of_quantiles(|p| p, 400, o).unwrap() - exact).abs() < 1e-5, "{o}");
        }
        let mut members: Vec<f64> = (0..400).map(|k| ((k as f64 + 0.5) / 400.0).powi(2)).collect();
        let ensemble = crps(&mut members, 0.4).unwrap();
        assert!((crps_of_quantiles(|p| p * p, 400, 0.4).unwrap() - ensemble).abs() < 1e-5);
    }

    /// 100 forecasts of 30 % with 30 events, 50 of 80 % with 35: reliability 50 / 150 x 0.1^2, base 65 / 150.
    #[test]
    fn the_parts_of_a_brier_score_add_up() {
        let p: Vec<f64> = (0..150).map(|i| if i < 100 { 0.3 } else { 0.8 }).collect();
        let x: Vec<bool> = (0..150).map(|i| i < 30 || (100..135).contains(&i)).collect();
        let table = reliability(&p, &x, 10);
        assert_eq!(table.iter().map(|c| (c.n, c.happened)).collect::<Vec<_>>(), [(100, 30), (50, 35)]);
        let parts = brier_parts(&table).unwrap();
        assert!((parts.reliability - 0.01 / 3.0).abs() < 1e-12);
        let base = 65.0 / 150.0;
        assert!((parts.uncertainty - base * (1.0 - base)).abs() < 1e-12);
        let whole = brier(&p, &x).unwrap();
        assert!((parts.reliability - parts.resolution + parts.uncertainty - whole).abs() < 1e-12);
        assert_eq!(skill(whole, 0.0), None);
        assert!((skill(0.1, 0.2).unwrap() - 0.5).abs() < 1e-12);
    }

    #[test]
    fn certain_chances_fall_into_the_last_class() {
        let table = reliability(&[0.0, 1.0, 0.999], &[false, true, true], 5);
        assert_eq!(table.iter().map(|c| c.n).collect::<Vec<_>>(), [1, 2]);
        assert!(brier_parts(&[]).is_none());
    }
}
