//! An hourly series with holes, and its means, extremes and changes over the last hours.
//!
//! **Invariant:** nothing here reads an hour after the one asked for. **Why:** a feature that sees beyond its hour learns from the future.

/// A series with prepared sums; NaN is a missing value.
#[derive(Debug, Clone, PartialEq)]
pub struct HourlySeries {
    values: Vec<f32>,
    /// Sum and number of the values before each hour.
    sums: Vec<(f64, u32)>,
}

impl HourlySeries {
    /// Prepares a series.
    pub fn new(values: Vec<f32>) -> Self {
        let mut sums = Vec::with_capacity(values.len() + 1);
        let mut running = (0.0f64, 0u32);
        sums.push(running);
        for value in &values {
            if value.is_finite() {
                running = (running.0 + f64::from(*value), running.1 + 1);
            }
            sums.push(running);
        }
        Self { values, sums }
    }

    /// Value of an hour; NaN outside the series.
    pub fn at(&self, hour: i64) -> f32 {
        usize::try_from(hour).ok().and_then(|h| self.values.get(h)).copied().unwrap_or(f32::NAN)
    }

    /// Sum and number of values in the `window` hours that end with `end`.
    fn sum(&self, end: i64, window: i64) -> (f64, u32) {
        let place = |hour: i64| hour.clamp(0, self.values.len() as i64) as usize;
        let (from, to) = (self.sums[place(end + 1 - window)], self.sums[place(end + 1)]);
        (to.0 - from.0, to.1 - from.1)
    }

    /// Mean of the `window` hours that end with `end`, of those that are there; NaN with less than a third of them.
    pub fn mean(&self, end: i64, window: i64) -> f32 {
        let (sum, count) = self.sum(end, window);
        if i64::from(count) * 3 >= window && count > 0 { (sum / f64::from(count)) as f32 } else { f32::NAN }
    }

    /// Smallest and largest of the `window` hours that end with `end`; NaN when all are missing.
    pub fn range(&self, end: i64, window: i64) -> (f32, f32) {
        // f32::min and max pass over NaN
        (end + 1 - window..=end)
            .map(|h| self.at(h))
            .fold((f32::NAN, f32::NAN), |(low, high), v| (low.min(v), high.max(v)))
    }

    /// Value at `end` less that `hours` before.
    pub fn change(&self, end: i64, hours: i64) -> f32 {
        self.at(end) - self.at(end - hours)
    }

    /// How many hours ago, counted back from `end`, a value last satisfied `wanted`; `most` when it did not within so many.
    pub fn since(&self, end: i64, most: i64, wanted: impl Fn(f32) -> bool) -> f32 {
        (0..most).find(|back| wanted(self.at(end - back))).unwrap_or(most) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series() -> HourlySeries {
        HourlySeries::new(vec![1.0, 2.0, f32::NAN, 4.0, 6.0])
    }

    #[test]
    fn means_and_ranges_are_of_what_is_there() {
        let s = series();
        assert_eq!((s.mean(4, 3), s.mean(1, 2), s.mean(0, 3)), (5.0, 1.5, 1.0));
        assert!(s.mean(0, 4).is_nan() && s.mean(2, 1).is_nan() && s.mean(-3, 2).is_nan());
        assert_eq!((s.range(4, 5), s.range(3, 2)), ((1.0, 6.0), (4.0, 4.0)));
        assert!(s.range(2, 1).0.is_nan());
        assert_eq!(s.change(4, 1), 2.0);
        assert!(s.change(3, 1).is_nan() && s.at(5).is_nan() && s.at(-1).is_nan());
    }

    #[test]
    fn hours_since_are_counted_back_from_the_end() {
        let s = series();
        assert_eq!(
            (s.since(4, 9, |v| v < 3.0), s.since(4, 9, |v| v > 5.0), s.since(4, 3, |v| v < 2.0)),
            (3.0, 0.0, 3.0)
        );
    }

    #[test]
    fn later_hours_change_nothing() {
        let (a, mut later) = (series(), vec![1.0, 2.0, f32::NAN, 4.0, 6.0]);
        later[4] = 99.0;
        let b = HourlySeries::new(later);
        for window in 1..6 {
            assert_eq!(a.mean(3, window).to_bits(), b.mean(3, window).to_bits());
            assert_eq!(a.range(3, window), b.range(3, window));
        }
    }
}
