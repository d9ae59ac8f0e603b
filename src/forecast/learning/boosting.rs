//! Gradient-boosted trees: heads for the median, the mean and quantiles, on tables with missing values.
//!
//! The trees come from the crate `hessboost`; leaves hold the exact median or quantile of their rows. Neighbouring hours are one weather
//! situation: a leaf rests on at least so many *groups* (days), not rows.

use super::table::FeatureTable;
use hessboost::config::{ExtraTrees, GrowPolicy, LeafEstimation, MultiStrategy};
use hessboost::data::DMatrix;
use hessboost::model::ModelFormat;
use hessboost::objective::{Quantiles, RegLoss};
use hessboost::prelude::{BoostedModel, Iterations, Objective, Trainer, TrainingParams, TreeMethod};
use serde::{Deserialize, Serialize};
use std::num::NonZeroUsize;

/// How trees are grown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Growth {
    /// Trees at most.
    pub rounds: usize,
    /// Share of each tree that is added, 0 .. 1.
    pub learning_rate: f64,
    /// Leaves of a tree at most.
    pub leaves: usize,
    /// Rows a leaf needs at least, and distinct groups (days) among them; quantile heads count rows only.
    pub leaf_rows: f64,
    pub leaf_groups: usize,
    /// Share of the rows and of the columns that each tree sees, 0 .. 1.
    pub rows_share: f64,
    pub columns_share: f64,
    /// Rounds without gain on the held-out rows after which growing stops.
    pub patience: usize,
}

/// A forest of random trees that are averaged, for few rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forest {
    pub trees: usize,
    /// Rows a leaf needs at least.
    pub leaf_rows: f64,
    /// Share of the rows of a tree and of the columns of a split, above 0, at most 1.
    pub rows_share: f64,
    pub columns_share: f64,
}

/// Bins of a column in a forest: a few hundred rows have no finer thresholds to tell apart.
const FOREST_BINS: usize = 32;

/// What is estimated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Head<'a> {
    Median,
    Mean,
    /// Rising levels, 0 .. 1.
    Quantiles(&'a [f64]),
}

/// Rows with their features and targets, sorted into bins once.
pub struct Sample(DMatrix);

/// Trees of one head.
#[derive(Debug, Clone)]
pub struct Booster(BoostedModel);

impl Sample {
    /// Features and targets of the same rows; `groups[i]` is the group of row `i`.
    ///
    /// # Errors
    /// What does not fit: no rows, other lengths, a target that is not finite.
    pub fn new(table: &FeatureTable, targets: &[f32], groups: &[u64]) -> Result<Self, String> {
        if table.rows() == 0 {
            return Err("no rows to learn from".into());
        }
        let matrix = DMatrix::from_dense(table.values(), table.rows(), table.columns());
        let labelled = matrix.and_then(|m| m.with_labels(targets)).and_then(|m| m.with_split_groups(groups));
        labelled.map(Self).map_err(|e| e.to_string())
    }
}

impl Booster {
    /// Grows trees on `sample`. With `held_out`, growing stops when its error no longer falls, and the best number of trees is kept.
    ///
    /// # Errors
    /// Parameters out of range.
    pub fn fit(
        sample: &Sample,
        held_out: Option<&Sample>,
        head: Head,
        growth: &Growth,
        seed: u64,
    ) -> Result<Self, String> {
        let say = |e: hessboost::error::HessboostError| e.to_string();
        let mut builder = TrainingParams::builder()
            .tree_method(TreeMethod::Hist)
            .grow_policy(GrowPolicy::LossGuide)
            .unlimited_depth()
            .eta(growth.learning_rate)
            .max_leaves(growth.leaves)
            .min_child_weight(growth.leaf_rows)
            .subsample(growth.rows_share)
            .colsample_bytree(growth.columns_share)
            .seed(seed);
        builder = match head {
            Head::Median => builder
                .objective(Objective::AbsoluteError)
                .leaf_estimation(LeafEstimation::Exact)
                .min_child_groups(growth.leaf_groups),
            Head::Mean => {
                builder.objective(Objective::SquaredError(RegLoss::default())).min_child_groups(growth.leaf_groups)
            }
            Head::Quantiles(levels) => builder
                .objective(Objective::Quantile(Quantiles::new(levels.iter().copied()).map_err(say)?))
                .leaf_estimation(LeafEstimation::Exact)
                .multi_strategy(MultiStrategy::MultiOutputTree),
        };
        let parameters = builder.build().map_err(say)?;
        let mut trainer = Trainer::new(&parameters, &sample.0, growth.rounds);
        if let (Some(held_out), Some(patience)) = (held_out, NonZeroUsize::new(growth.patience)) {
            trainer = trainer.eval(&held_out.0, "held out").early_stopping_rounds(patience);
        }
        Ok(Self(trainer.train().map_err(say)?.model))
    }

    /// Grows extremely randomised trees (Geurts, Ernst & Wehenkel 2006, Mach. Learn. 63, 3-42) and averages them: the mean of the target.
    ///
    /// # Errors
    /// Parameters out of range.
    pub fn forest(sample: &Sample, forest: &Forest, seed: u64) -> Result<Self, String> {
        let say = |e: hessboost::error::HessboostError| e.to_string();
        let parameters = TrainingParams::builder()
            .objective(Objective::SquaredError(RegLoss::default()))
            .tree_method(TreeMethod::Hist)
            .extra_trees(ExtraTrees::with_seed(seed))
            .num_parallel_tree(forest.trees)
            .unlimited_depth()
            .eta(1.0)
            .lambda(0.0)
            .min_child_weight(forest.leaf_rows)
            .subsample(forest.rows_share)
            .colsample_bynode(forest.columns_share)
            // few rows: threads would wait for each other more than they work
            .nthread(1)
            .max_bin(FOREST_BINS)
            .seed(seed)
            .build()
            .map_err(say)?;
        Ok(Self(Trainer::new(&parameters, &sample.0, 1).train().map_err(say)?.model))
    }

    /// The number of trees that served the held-out rows best; all of them without held-out rows.
    pub fn rounds(&self) -> usize {
        self.0.best_iteration().map_or(self.0.num_boost_rounds(), |best| best + 1)
    }

    /// The mean of several models of the same head as one.
    ///
    /// # Errors
    /// No models, or models of different heads.
    pub fn average(members: &[Self]) -> Result<Self, String> {
        BoostedModel::average(members.iter().map(|m| &m.0)).map(Self).map_err(|e| e.to_string())
    }

    /// Estimates of every row: one value for a median or mean, one per level for quantiles.
    ///
    /// # Errors
    /// A table with other columns than the model was trained on.
    pub fn predict(&self, table: &FeatureTable) -> Result<Vec<Vec<f32>>, String> {
        if table.rows() == 0 {
            return Ok(Vec::new());
        }
        let say = |e: hessboost::error::HessboostError| e.to_string();
        let matrix = DMatrix::from_dense(table.values(), table.rows(), table.columns()).map_err(say)?;
        let predictions = self.0.predict(&matrix, Iterations::Best).map_err(say)?;
        Ok(predictions.rows().map(<[f32]>::to_vec).collect())
    }

    /// The model as bytes that later versions read too.
    ///
    /// # Errors
    /// A forest too large for the format.
    pub fn encode(&self) -> Result<Vec<u8>, String> {
        self.0.encode(ModelFormat::Binary).map_err(|e| e.to_string())
    }

    /// A model from [`Booster::encode`].
    ///
    /// # Errors
    /// Bytes that are not such a model.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        BoostedModel::decode(bytes, ModelFormat::Binary).map(Self).map_err(|e| e.to_string())
    }

    /// Features by their share of the gain of all splits, the largest first, at most `most`.
    pub fn importance(&self, names: &[String], most: usize) -> Vec<(String, f64)> {
        let gains = self.0.feature_importance(hessboost::prelude::ImportanceType::TotalGain);
        let total: f64 = gains.values().sum();
        let named = gains.into_iter().filter_map(|(i, gain)| Some((names.get(i)?.clone(), gain / total.max(1e-300))));
        let mut shares: Vec<(String, f64)> = named.collect();
        shares.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        shares.truncate(most);
        shares
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROWTH: Growth = Growth {
        rounds: 120,
        learning_rate: 0.1,
        leaves: 15,
        leaf_rows: 5.0,
        leaf_groups: 1,
        rows_share: 1.0,
        columns_share: 1.0,
        patience: 20,
    };

    /// y = 10 x0 where x1 is missing, -10 x0 elsewhere; noise of a fixed pattern, skewed to above.
    fn cases(n: usize, phase: usize) -> (FeatureTable, Vec<f32>, Vec<u64>) {
        let mut table = FeatureTable::new(vec!["x0".into(), "x1".into(), "nothing".into()]);
        let mut y = Vec::new();
        for i in phase..n + phase {
            let x = (i * 37 % 101) as f32 / 101.0;
            let missing = i * 13 % 7 < 3;
            table.push(&[x, if missing { f32::NAN } else { (i % 2) as f32 }, (i * 7 % 11) as f32]);
            let noise = [0.0, 0.1, -0.1, 0.0, 4.0][i * 31 % 5];
            y.push(if missing { 10.0 * x } else { -10.0 * x } + noise);
        }
        (table, y, (0..n as u64).map(|i| i / 24).collect())
    }

    #[test]
    fn the_median_is_found_through_missing_values_and_outliers() {
        let (table, y, groups) = cases(4000, 0);
        let model = Booster::fit(&Sample::new(&table, &y, &groups).unwrap(), None, Head::Median, &GROWTH, 1).unwrap();
        let mut probe = FeatureTable::new(table.names().to_vec());
        probe.push(&[0.5, f32::NAN, 3.0]);
        probe.push(&[0.5, 1.0, 3.0]);
        let found = model.predict(&probe).unwrap();
        assert!((found[0][0] - 5.0).abs() < 0.3 && (found[1][0] + 5.0).abs() < 0.3, "{found:?}");
        assert_eq!(model.rounds(), GROWTH.rounds);
        let importance = model.importance(table.names(), 2);
        assert_eq!(importance.len(), 2);
        assert!(importance.iter().all(|(name, _)| name != "nothing"), "{importance:?}");
    }

    #[test]
    fn quantiles_enclose_their_share() {
        let (table, y, groups) = cases(4000, 0);
        let levels = [0.1, 0.5, 0.9];
        let sample = Sample::new(&table, &y, &groups).unwrap();
        let model = Booster::fit(&sample, None, Head::Quantiles(&levels), &GROWTH, 1).unwrap();
        let (fresh, fresh_y, _) = cases(2000, 4001);
        let found = model.predict(&fresh).unwrap();
        for (k, level) in levels.into_iter().enumerate() {
            let below = found.iter().zip(&fresh_y).filter(|(q, y)| **y <= q[k]).count() as f64 / 2000.0;
            assert!((below - level).abs() < 0.11, "{level}: {below}");
        }
    }

    #[test]
    fn a_saved_model_answers_alike_and_other_bytes_are_refused() {
        let (table, y, groups) = cases(500, 0);
        let sample = Sample::new(&table, &y, &groups).unwrap();
        let fit = |seed| {
            Booster::fit(&sample, None, Head::Median, &Growth { rows_share: 0.5, rounds: 20, ..GROWTH }, seed).unwrap()
        };
        let average = Booster::average(&[fit(1), fit(2)]).unwrap();
        let bytes = average.encode().unwrap();
        assert_eq!(Booster::decode(&bytes).unwrap().predict(&table).unwrap(), average.predict(&table).unwrap());
        assert_eq!(bytes, Booster::average(&[fit(1), fit(2)]).unwrap().encode().unwrap(), "the same bytes each time");
        assert!(Booster::decode(&bytes[..bytes.len() / 2]).is_err() && Booster::decode(b"model").is_err());
        let narrow = FeatureTable::new(vec!["x0".into()]);
        assert_eq!(average.predict(&narrow).unwrap(), Vec::<Vec<f32>>::new());
        assert!(
            average
                .predict(&{
                    let mut t = narrow;
                    t.push(&[1.0]);
                    t
                })
                .is_err()
        );
    }

    #[test]
    fn growing_stops_where_held_out_rows_gain_no_more() {
        let (table, y, groups) = cases(1500, 0);
        let (other, other_y, other_groups) = cases(700, 1501);
        let held_out = Sample::new(&other, &other_y, &other_groups).unwrap();
        let sample = Sample::new(&table, &y, &groups).unwrap();
        let growth = Growth { rounds: 2000, patience: 10, ..GROWTH };
        let model = Booster::fit(&sample, Some(&held_out), Head::Mean, &growth, 1).unwrap();
        assert!(model.rounds() < 1500, "{}", model.rounds());
        assert!(Sample::new(&FeatureTable::new(vec!["a".into()]), &[], &[]).is_err());
    }
}
