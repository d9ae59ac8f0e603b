//! One window of one pollutant, as the tests see it: ln(value + offset) of stations by hours, without what is already known to be wrong.

/// `[station][hour]`; a missing or masked value is NaN.
pub struct LogSeries {
    pub hours: usize,
    pub stations: usize,
    values: Vec<f32>,
}

impl LogSeries {
    /// From `values` `[station][hours_in_all]`, the hours `from..to`, where `usable` says so.
    pub fn new(
        values: &[f32],
        hours_in_all: usize,
        window: std::ops::Range<usize>,
        offset: f32,
        usable: &dyn Fn(usize) -> bool,
    ) -> Self {
        let hours = window.len();
        let stations = values.len() / hours_in_all.max(1);
        let mut out = Vec::with_capacity(stations * hours);
        for s in 0..stations {
            out.extend(window.clone().map(|h| {
                let i = s * hours_in_all + h;
                if values[i].is_finite() && usable(i) { (values[i] + offset).ln() } else { f32::NAN }
            }));
        }
        Self { hours, stations, values: out }
    }

    /// The hours of a station.
    pub fn of(&self, station: usize) -> &[f32] {
        &self.values[station * self.hours..][..self.hours]
    }
}

/// Median of what is finite; reorders `values`. NaN without any.
pub fn median(values: &mut Vec<f32>) -> f32 {
    values.retain(|v| v.is_finite());
    if values.is_empty() {
        return f32::NAN;
    }
    let middle = values.len() / 2;
    let upper = *values.select_nth_unstable_by(middle, f32::total_cmp).1;
    if values.len() % 2 == 1 {
        return upper;
    }
    let lower = values[..middle].iter().copied().fold(f32::NEG_INFINITY, f32::max);
    0.5 * (lower + upper)
}

/// Robust spread: 1.4826 times the median distance from `centre`; reorders `values`.
pub fn spread(values: &mut Vec<f32>, centre: f32) -> f32 {
    values.iter_mut().for_each(|v| *v = (*v - centre).abs());
    1.4826 * median(values)
}

/// The last finite value at most `reach` hours before `hour`.
pub fn before(series: &[f32], hour: usize, reach: usize) -> Option<f32> {
    (hour.saturating_sub(reach)..hour).rev().map(|h| series[h]).find(|v| v.is_finite())
}

/// The first finite value at most `reach` hours after `hour`.
pub fn after(series: &[f32], hour: usize, reach: usize) -> Option<f32> {
    (hour + 1..series.len().min(hour + 1 + reach)).map(|h| series[h]).find(|v| v.is_finite())
}
