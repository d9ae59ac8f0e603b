//! Scores of single-valued forecasts `f` against observations `o`.
//!
//! # Reference
//! Emery et al. (2017), J. Air Waste Manage. Assoc. 67, 582-598: NMB, NME, r; Boylan & Russell (2006), Atmos. Environ. 40, 4946-4959:
//! MFB, MFE.

fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let n = values.len();
    (n > 0).then(|| values.sum::<f64>() / n as f64)
}

fn pairs<'a>(f: &'a [f64], o: &'a [f64]) -> impl ExactSizeIterator<Item = (f64, f64)> + 'a {
    debug_assert_eq!(f.len(), o.len());
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
