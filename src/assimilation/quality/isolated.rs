//! Values alone between long gaps: nothing around them says whether they are right.

/// Whether an hour has no other value within `gap` hours on either side, of a series that has such hours.
pub fn isolated(values: &[f32], hour: usize, gap: usize) -> bool {
    let empty = |range: std::ops::Range<usize>| range.len() == gap && range.clone().all(|h| !values[h].is_finite());
    hour >= gap && empty(hour - gap..hour) && hour + gap < values.len() && empty(hour + 1..hour + 1 + gap)
}
