//! Scores of single-valued forecasts `f` against observations `o`.
//!
//! # Reference
//! Emery et al. (2017), J. Air Waste Manage. Assoc. 67, 582-598: NMB, NME, r; Boylan & Russell (2006), Atmos. Environ. 40, 4946-4959:
//! MFB, MFE.

use serde::{Deserialize, Serialize};

fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let n = values.len();
    (n > 0).then(|| values.sum::<f64>() / n as f64)
}

fn pairs<'a>(f: &'a [f64], o: &'a [f64]) -> impl ExactSizeIterator<Item = (f64, f64)> + 'a {
    assert_eq!(f.len(), o.len());
    f.iter().copied().zip(o.iter().copied())
}

/// Mean absolute error, mean |f - o|, in the unit of the values.
pub fn mae(f: &[f64], o: &[f64]) -> Option<f64> {
    mean(pairs(f, o).map(|(f, o)| (f - o).abs()))
}

/// Root mean square error, in the unit of the values.
pub fn rmse(f: &[f64], o: &[f64]) -> Option<f64> {
    mean(pairs(f, o).map(|(f, o)| (f - o) * (f - o))).map(f64::sqrt)
}

/// Pearson's correlation, -1 ..= 1; `None` also where one of the two does not vary.
pub fn correlation(f: &[f64], o: &[f64]) -> Option<f64> {
    let (mean_f, mean_o) = (mean(f.iter().copied())?, mean(o.iter().copied())?);
    let (mut ff, mut oo, mut fo) = (0.0, 0.0, 0.0);
    for (f, o) in pairs(f, o) {
        let (f, o) = (f - mean_f, o - mean_o);
        (ff, oo, fo) = (ff + f * f, oo + o * o, fo + f * o);
    }
    (ff > 0.0 && oo > 0.0).then(|| fo / (ff * oo).sqrt())
}

/// Normalised mean bias, sum (f - o) / sum o, as a fraction; `None` also where nothing was observed above zero.
pub fn nmb(f: &[f64], o: &[f64]) -> Option<f64> {
    let observed: f64 = o.iter().sum();
    (observed > 0.0).then(|| pairs(f, o).map(|(f, o)| f - o).sum::<f64>() / observed)
}

/// Normalised mean error, sum |f - o| / sum o, as a fraction; `None` also where nothing was observed above zero.
pub fn nme(f: &[f64], o: &[f64]) -> Option<f64> {
    let observed: f64 = o.iter().sum();
    (observed > 0.0).then(|| pairs(f, o).map(|(f, o)| (f - o).abs()).sum::<f64>() / observed)
}

/// Mean fractional bias, mean 2 (f - o) / (f + o), -2 ..= 2; a pair of two zeros counts as 0.
pub fn mfb(f: &[f64], o: &[f64]) -> Option<f64> {
    mean(pairs(f, o).map(|(f, o)| if f + o > 0.0 { 2.0 * (f - o) / (f + o) } else { 0.0 }))
}

/// Mean fractional error, mean 2 |f - o| / (f + o), 0 ..= 2; a pair of two zeros counts as 0.
pub fn mfe(f: &[f64], o: &[f64]) -> Option<f64> {
    mean(pairs(f, o).map(|(f, o)| if f + o > 0.0 { 2.0 * (f - o).abs() / (f + o) } else { 0.0 }))
}

/// What published benchmarks say of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Benchmark {
    /// Worse than the criteria: two thirds of published applications do better.
    Outside,
    /// Within the criteria.
    Criteria,
    /// Within the goals: as the best third of published applications.
    Goal,
}

/// Goals and criteria for 24-h mean PM2.5 by NMB, NME and r: all three must hold.
///
/// # Reference
/// Emery et al. (2017), table 5: goal |NMB| < 10 %, NME < 35 %, r > 0.70; criteria |NMB| < 30 %, NME < 50 %, r > 0.40.
pub fn emery_pm25(nmb: f64, nme: f64, r: f64) -> Benchmark {
    let within = |bias: f64, error: f64, correlation: f64| nmb.abs() < bias && nme < error && r > correlation;
    match () {
        () if within(0.10, 0.35, 0.70) => Benchmark::Goal,
        () if within(0.30, 0.50, 0.40) => Benchmark::Criteria,
        () => Benchmark::Outside,
    }
}

/// Goals and criteria for particles by MFB and MFE: both must hold.
///
/// # Reference
/// Boylan & Russell (2006), abstract: goal |MFB| <= 30 %, MFE <= 50 %; criteria |MFB| <= 60 %, MFE <= 75 %.
pub fn boylan_particles(mfb: f64, mfe: f64) -> Benchmark {
    match () {
        () if mfb.abs() <= 0.30 && mfe <= 0.50 => Benchmark::Goal,
        () if mfb.abs() <= 0.60 && mfe <= 0.75 => Benchmark::Criteria,
        () => Benchmark::Outside,
    }
}

/// Hours from the observed peak to the forecast one (positive: forecast too late) in two series on one time axis; `None` where a series
/// has no value. Of equal peaks the first counts.
pub fn peak_time_error(f: &[Option<f64>], o: &[Option<f64>]) -> Option<i64> {
    assert_eq!(f.len(), o.len());
    let peak = |series: &[Option<f64>]| {
        let mut best: Option<(usize, f64)> = None;
        for (hour, value) in series.iter().enumerate() {
            if let Some(value) = *value
                && best.is_none_or(|(_, highest)| value > highest)
            {
                best = Some((hour, value));
            }
        }
        best.map(|(hour, _)| hour as i64)
    };
    Some(peak(f)? - peak(o)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const F: [f64; 4] = [10.0, 40.0, 30.0, 60.0];
    const O: [f64; 4] = [20.0, 30.0, 30.0, 80.0];

    /// Worked by hand: errors -10, 10, 0, -20; sum of o 160.
    #[test]
    fn four_pairs_by_hand() {
        assert_eq!(mae(&F, &O), Some(10.0));
        assert!((rmse(&F, &O).unwrap() - 150f64.sqrt()).abs() < 1e-12);
        assert_eq!((nmb(&F, &O), nme(&F, &O)), (Some(-0.125), Some(0.25)));
        // 2 (-10/30 + 10/70 + 0 - 20/140) / 4 = -1/6; absolute: 2 (1/3 + 1/7 + 1/7) / 4 = 13/42
        assert!((mfb(&F, &O).unwrap() + 1.0 / 6.0).abs() < 1e-12);
        assert!((mfe(&F, &O).unwrap() - 13.0 / 42.0).abs() < 1e-12);
        // deviations -25, 5, -5, 25 and -20, -10, -10, 40: 1500 / sqrt(1300 x 2200)
        assert!((correlation(&F, &O).unwrap() - 1500.0 / (1300.0f64 * 2200.0).sqrt()).abs() < 1e-12);
    }

    /// Anscombe (1973): four data sets of eleven pairs have the same correlation, 0.816.
    #[test]
    fn anscombes_first_set() {
        let x = [10.0, 8.0, 13.0, 9.0, 11.0, 14.0, 6.0, 4.0, 12.0, 7.0, 5.0];
        let y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
        assert!((correlation(&x, &y).unwrap() - 0.816_42).abs() < 1e-5);
    }

    #[test]
    fn an_empty_sample_has_no_score() {
        assert_eq!([mae, rmse, correlation, nmb, nme, mfb, mfe].map(|score| score(&[], &[])), [None; 7],);
        assert_eq!(correlation(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!((nmb(&[1.0], &[0.0]), mfb(&[0.0], &[0.0]), mfe(&[1.0], &[0.0])), (None, Some(0.0), Some(2.0)));
    }

    #[test]
    fn benchmarks_need_all_their_figures() {
        assert_eq!(emery_pm25(-0.09, 0.34, 0.71), Benchmark::Goal);
        assert_eq!(emery_pm25(-0.09, 0.34, 0.70), Benchmark::Criteria);
        assert_eq!(emery_pm25(0.31, 0.34, 0.9), Benchmark::Outside);
        assert_eq!(boylan_particles(-0.3, 0.5), Benchmark::Goal);
        assert_eq!(boylan_particles(-0.31, 0.5), Benchmark::Criteria);
        assert_eq!(boylan_particles(0.0, 0.76), Benchmark::Outside);
    }

    #[test]
    fn the_peak_is_late_by_two_hours() {
        let f = [Some(1.0), None, Some(3.0), Some(9.0), Some(9.0)];
        let o = [Some(1.0), Some(8.0), None, Some(7.0), Some(2.0)];
        assert_eq!(peak_time_error(&f, &o), Some(2));
        assert_eq!(peak_time_error(&[None], &[Some(1.0)]), None);
    }
}
