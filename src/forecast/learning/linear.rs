//! A straight model of many features on weighted cases: elastic net on standardised columns.

use super::table::FeatureTable;
use linfa::Dataset;
use linfa::traits::Fit;
use linfa_elasticnet::ElasticNet;
use ndarray::{Array1, Array2, ShapeBuilder};

/// Standardised values beyond so many deviations count as this many.
const FARTHEST: f64 = 4.0;

/// A fitted linear model.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    mean: Vec<f64>,
    deviation: Vec<f64>,
    weights: Vec<f64>,
    intercept: f64,
}

impl Linear {
    /// Fits `targets` with case weights > 0. `shrinkage` is the penalty on the sum of squared weights of a sum of squared errors, `l1_ratio`,
    /// 0 ..= 1, the part of it that is on absolute weights. Missing features count as their mean.
    ///
    /// # Errors
    /// No cases; a fit that finds no finite weights.
    pub fn fit(
        table: &FeatureTable,
        targets: &[f64],
        case_weights: &[f64],
        shrinkage: f64,
        l1_ratio: f64,
    ) -> Result<Self, String> {
        let (n, columns) = (table.rows(), table.columns());
        if n == 0 || targets.len() != n || case_weights.len() != n {
            return Err(format!("{n} rows, {} targets, {} weights", targets.len(), case_weights.len()));
        }
        let (mut mean, mut deviation) = (vec![0.0; columns], vec![1.0; columns]);
        for column in 0..columns {
            let present =
                || (0..n).map(|r| (f64::from(table.row(r)[column]), case_weights[r])).filter(|(v, _)| v.is_finite());
            let total: f64 = present().map(|(_, w)| w).sum();
            if total > 0.0 {
                mean[column] = present().map(|(v, w)| w * v).sum::<f64>() / total;
                let variance = present().map(|(v, w)| w * (v - mean[column]).powi(2)).sum::<f64>() / total;
                // a column that never varies gets no weight
                deviation[column] = if variance > 1e-18 { variance.sqrt() } else { f64::INFINITY };
            }
        }
        let mut model = Self { mean, deviation, weights: vec![0.0; columns], intercept: 0.0 };
        let total: f64 = case_weights.iter().sum();
        model.intercept = targets.iter().zip(case_weights).map(|(t, w)| t * w).sum::<f64>() / total;
        // column after column, as coordinate descent reads them;
        // columns are centred by the same weights as the targets, up to the cut at the farthest: no intercept is left to fit
        let mut x = Array2::<f64>::zeros((n, columns).f());
        let mut y = Array1::<f64>::zeros(n);
        for r in 0..n {
            let root = case_weights[r].sqrt();
            let standardised = model.standardised(table.row(r));
            x.row_mut(r).iter_mut().zip(standardised).for_each(|(cell, v)| *cell = root * v);
            y[r] = root * (targets[r] - model.intercept);
        }
        let fitted = ElasticNet::<f64>::params()
            .penalty(shrinkage / n as f64)
            .l1_ratio(l1_ratio)
            .with_intercept(false)
            .tolerance(1e-4)
            .max_iterations(1_000)
            .fit(&Dataset::new(x, y))
            .map_err(|e| format!("elastic net: {e}"))?;
        model.weights = fitted.hyperplane().to_vec();
        if model.weights.iter().all(|w| w.is_finite()) { Ok(model) } else { Err("weights that are not finite".into()) }
    }

    /// The estimate for one row.
    pub fn predict(&self, row: &[f32]) -> f64 {
        self.intercept + self.standardised(row).zip(&self.weights).map(|(v, w)| v * w).sum::<f64>()
    }

    fn standardised<'a>(&'a self, row: &'a [f32]) -> impl Iterator<Item = f64> + 'a {
        row.iter().zip(self.mean.iter().zip(&self.deviation)).map(|(v, (mean, deviation))| {
            let v = (f64::from(*v) - mean) / deviation;
            if v.is_finite() { v.clamp(-FARTHEST, FARTHEST) } else { 0.0 }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> (FeatureTable, Vec<f64>) {
        let mut table = FeatureTable::new(vec!["a".into(), "b".into(), "constant".into()]);
        let mut y = Vec::new();
        for i in 0..400 {
            let (a, b) = ((f64::from(i) * 0.37).sin(), (f64::from(i) * 0.11).cos());
            table.push(&[a as f32, b as f32, 7.0]);
            y.push(3.0 + 2.0 * a - 0.5 * b);
        }
        (table, y)
    }

    #[test]
    fn a_plane_is_recovered_and_a_missing_value_is_its_mean() {
        let (table, y) = made();
        let model = Linear::fit(&table, &y, &vec![1.0; 400], 1e-3, 0.0).unwrap();
        assert!((model.predict(&[0.5, 0.2, 7.0]) - 3.9).abs() < 0.01);
        let mean_b = (0..400).map(|i| (f64::from(i) * 0.11).cos()).sum::<f64>() / 400.0;
        assert!((model.predict(&[0.5, f32::NAN, 7.0]) - (4.0 - 0.5 * mean_b)).abs() < 0.01);
    }

    #[test]
    fn heavy_cases_decide() {
        let (table, mut y) = made();
        // the second half follows another plane
        y[200..].iter_mut().for_each(|v| *v += 10.0);
        let weights: Vec<f64> = (0..400).map(|i| if i < 200 { 1.0 } else { 1e-6 }).collect();
        let model = Linear::fit(&table, &y, &weights, 1e-3, 0.0).unwrap();
        assert!((model.predict(&[0.5, 0.2, 7.0]) - 3.9).abs() < 0.05);
        assert!(Linear::fit(&table, &y[..3], &weights, 1.0, 0.0).is_err());
    }
}
