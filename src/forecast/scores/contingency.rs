//! Yes or no: an AQI above a threshold, forecast and observed.

use serde::{Deserialize, Serialize};

/// Counts of a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Contingency {
    pub hits: usize,
    pub misses: usize,
    pub false_alarms: usize,
    pub correct_negatives: usize,
}

impl Contingency {
    /// Counts pairs of (forecast, observed).
    pub fn of(pairs: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let mut counts = Self::default();
        for pair in pairs {
            match pair {
                (true, true) => counts.hits += 1,
                (false, true) => counts.misses += 1,
                (true, false) => counts.false_alarms += 1,
                (false, false) => counts.correct_negatives += 1,
            }
        }
        counts
    }

    pub fn n(&self) -> usize {
        self.hits + self.misses + self.false_alarms + self.correct_negatives
    }

    /// Observed events.
    pub fn events(&self) -> usize {
        self.hits + self.misses
    }

    /// Probability of detection: hits of all events.
    pub fn pod(&self) -> Option<f64> {
        ratio(self.hits, self.events())
    }

    /// False alarm ratio: false alarms of all alarms.
    pub fn far(&self) -> Option<f64> {
        ratio(self.false_alarms, self.hits + self.false_alarms)
    }

    /// Critical success index: hits of all events and alarms.
    pub fn csi(&self) -> Option<f64> {
        ratio(self.hits, self.hits + self.misses + self.false_alarms)
    }

    /// Frequency bias: alarms over events.
    pub fn bias(&self) -> Option<f64> {
        ratio(self.hits + self.false_alarms, self.events())
    }
}

fn ratio(part: usize, of: usize) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

/// Share of pairs whose class is the same.
pub fn accuracy(classes: impl IntoIterator<Item = (usize, usize)>) -> Option<f64> {
    let (mut same, mut n) = (0, 0);
    for (f, o) in classes {
        (same, n) = (same + usize::from(f == o), n + 1);
    }
    ratio(same, n)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Finley's tornado forecasts of 1884 (Murphy 1996, Weather Forecast. 11, 3-20): 28 hits, 72 false alarms, 23 misses, 2680 others:
    /// POD 0.549, FAR 0.720, CSI 0.228, bias 1.96.
    #[test]
    fn finleys_tornadoes() {
        let pairs = [((true, true), 28), ((true, false), 72), ((false, true), 23), ((false, false), 2680)];
        let t = Contingency::of(pairs.into_iter().flat_map(|(pair, n)| std::iter::repeat_n(pair, n)));
        assert_eq!((t.n(), t.events()), (2803, 51));
        for (found, published) in [(t.pod(), 0.549), (t.far(), 0.720), (t.csi(), 0.228), (t.bias(), 1.961)] {
            assert!((found.unwrap() - published).abs() < 6e-4, "{found:?} {published}");
        }
    }

    #[test]
    fn without_events_there_is_no_score() {
        let t = Contingency::of([(false, false); 9]);
        assert_eq!((t.pod(), t.far(), t.csi(), t.bias()), (None, None, None, None));
        assert_eq!((accuracy([(1, 1), (2, 3), (4, 4)]), accuracy([])), (Some(2.0 / 3.0), None));
    }
}
