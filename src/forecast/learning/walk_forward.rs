//! Training and test cases apart in time.
//!
//! **Invariant:** every training case is over, its valid time included, at least the gap before the first test case is issued. **Why:** what
//! is tested must not have been known, and neighbouring hours are one weather situation.

/// When a case is issued and when it is valid, in any one unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub issue: i64,
    pub valid: i64,
}

/// Indices of the training and of the test cases.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fold {
    pub training: Vec<usize>,
    pub test: Vec<usize>,
}

/// Test cases are issued at or after `from` and valid before `to`; training cases are valid more than `gap` before `from`.
pub fn fold(spans: &[Span], from: i64, to: i64, gap: i64) -> Fold {
    let mut fold = Fold::default();
    for (i, span) in spans.iter().enumerate() {
        if span.valid < from - gap {
            fold.training.push(i);
        } else if span.issue >= from && span.valid < to {
            fold.test.push(i);
        }
    }
    fold
}

/// Folds one after the other: fold `i` is tested on `starts[i] .. starts[i + 1]`, the last one until `end`, and trained on all before.
pub fn folds(spans: &[Span], starts: &[i64], end: i64, gap: i64) -> Vec<Fold> {
    let ends = starts.iter().skip(1).copied().chain([end]);
    starts.iter().zip(ends).map(|(from, to)| fold(spans, *from, to, gap)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(lead: i64) -> Vec<Span> {
        // not in the order of time
        (0..100).map(|i| (i * 37) % 100).map(|issue| Span { issue, valid: issue + lead }).collect()
    }

    #[test]
    fn nothing_of_the_future_of_a_fold_trains_it() {
        for (lead, gap) in [(1, 0), (6, 3), (9, 24)] {
            let spans = spans(lead);
            for fold in folds(&spans, &[50, 60, 80], 100, gap) {
                let first = fold.test.iter().map(|i| spans[*i].issue).min().unwrap();
                assert!(fold.training.iter().all(|i| spans[*i].valid + gap < first), "{lead} {gap}");
                assert!(fold.test.iter().all(|i| !fold.training.contains(i)));
            }
        }
    }

    #[test]
    fn folds_cover_the_test_time_once() {
        let spans = spans(1);
        let folds = folds(&spans, &[50, 60, 80], 100, 0);
        let mut tested: Vec<i64> = folds.iter().flat_map(|f| f.test.iter().map(|i| spans[*i].issue)).collect();
        tested.sort_unstable();
        // the last case of each fold is valid in the next
        let expected: Vec<i64> = (50..100).filter(|i| ![59, 79, 99].contains(i)).collect();
        assert_eq!(tested, expected);
        assert_eq!(folds[2].training.len(), 79);
    }
}
