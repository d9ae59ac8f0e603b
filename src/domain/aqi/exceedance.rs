//! Which means exceed an index, as integer sums: a level is decided by comparing integers, bit by bit as the report would.

use super::{AqiStandard, Report};
use crate::domain::averages::{mean, thousandths};
use crate::domain::pollutant::Pollutant;
use std::ops::RangeInclusive;

impl AqiStandard {
    /// The sums S of `n` hourly values, in thousandths of the pollutant's unit, for which the index of [`mean`]`(S, n)` in `report`
    /// is greater than `aqi_above`; `None` where no sum exceeds it.
    ///
    /// The sums end at `n` times the largest value that [`thousandths`] gives, or earlier where the standard computes no index beyond
    /// its table (O3 8 h and SO2 1 h of HJ 633-2012): without an index nothing is exceeded.
    pub fn sums_exceeding(
        &self,
        report: Report,
        pollutant: Pollutant,
        aqi_above: u16,
        n: usize,
    ) -> Option<RangeInclusive<i64>> {
        // `thousandths` caps its value, so this is the largest that a series holds
        let largest = i64::from(thousandths(f64::MAX)?) * i64::try_from(n).ok().filter(|n| *n > 0)?;
        let index = |sum| self.index(report, pollutant, mean(sum, n)).map(|i| i.iaqi);
        let start = first(0, largest, |sum| index(sum).is_none_or(|i| i > aqi_above))?;
        let end = first(start, largest, |sum| index(sum).is_none()).map_or(largest, |beyond| beyond - 1);
        (start <= end).then_some(start..=end)
    }
}

/// The smallest sum of `smallest` ..= `largest` for which `holds`, which then holds for every larger one too.
fn first(smallest: i64, largest: i64, holds: impl Fn(i64) -> bool) -> Option<i64> {
    if !holds(largest) {
        return None;
    }
    let (mut low, mut high) = (smallest, largest);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(low)
}
