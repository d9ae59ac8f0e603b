//! Scores of forecasts that state their uncertainty.

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
