//! Since when the amounts of a CF file are: its time bounds say so; else the hour before, as in ERA5, unless they grow from time to time, as
//! those of a forecast since its start or of ERA5-Land since midnight.

use chrono::{DateTime, Duration, Utc};

/// Amounts count as growing only over a span as long as this: sunshine grows through a morning by itself.
const SPAN: i64 = 12;
/// Most and least share of the cells with an amount in which it falls, where amounts grow (packing takes a little away) and begin anew.
const GROWING: f64 = 0.01;
const ANEW: f64 = 0.9;

/// Start of the amount at each of `times`, increasing; `None`: before the first time, the same instant for all that have none.
///
/// * `begins` of time bounds hold where they are before their time.
/// * `amounts` `[time][cell]` that are never negative tell whether amounts grow: over [`SPAN`] hours or more they fall nowhere, but at most once
///   a day nearly everywhere, where they begin anew.
pub fn since(
    times: &[DateTime<Utc>],
    begins: Option<&[DateTime<Utc>]>,
    amounts: Option<&[Vec<f32>]>,
) -> Vec<Option<DateTime<Utc>>> {
    if let Some(begins) = begins.filter(|b| b.len() == times.len() && b.iter().zip(times).all(|(b, t)| b < t)) {
        return begins.iter().map(|b| Some(*b)).collect();
    }
    match amounts.and_then(|amounts| anew(times, amounts)) {
        None => times.iter().map(|t| Some(*t - Duration::hours(1))).collect(),
        Some(anew) => (0..times.len()).map(|i| anew.iter().rev().find(|a| **a <= i).map(|a| times[a - 1])).collect(),
    }
}

/// Where growing amounts begin anew, as places in `times`; `None`: they do not grow.
fn anew(times: &[DateTime<Utc>], amounts: &[Vec<f32>]) -> Option<Vec<usize>> {
    let hours = (*times.last()? - *times.first()?).num_hours();
    let most = amounts.iter().flatten().fold(0.0f32, |m, v| m.max(*v));
    if hours < SPAN || most <= 0.0 || amounts.len() != times.len() {
        return None;
    }
    let mut anew = Vec::new();
    for i in 1..times.len() {
        let held = || amounts[i].iter().zip(&amounts[i - 1]).filter(|(_, old)| **old > 1e-4 * most);
        let falling = held().filter(|(new, old)| **new < **old - 1e-4 * most).count() as f64;
        match falling / held().count().max(1) as f64 {
            share if share <= GROWING => {}
            share if share >= ANEW => anew.push(i),
            _ => return None,
        }
    }
    (anew.len() as i64 <= 1 + hours / 24).then_some(anew)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::grid::HorizontalGrid;
    use crate::input::accumulation::{Accumulation, Sign, rates};
    use chrono::TimeZone;

    fn at(hour: i64) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 1, 15, 0, 0, 0).unwrap() + Duration::hours(hour)
    }

    const CELLS: i64 = 4;

    /// Rates [mm/h] by hour in each cell from amounts by hour and cell.
    fn rates_of(hours: &[i64], begins: Option<&[DateTime<Utc>]>, amount: &dyn Fn(i64, i64) -> f32) -> Vec<Vec<f32>> {
        let grid = HorizontalGrid::new("+proj=latlong", (CELLS as usize, 1), (129.0, 43.0), (0.1, 0.1)).unwrap();
        let times: Vec<_> = hours.iter().map(|h| at(*h)).collect();
        let fields: Vec<Vec<f32>> = hours.iter().map(|h| (0..CELLS).map(|c| amount(*h, c)).collect()).collect();
        let since = since(&times, begins, Some(&fields));
        let of = |(s, a): (&Option<DateTime<Utc>>, &Vec<f32>)| Some(Accumulation::new(*s, a.clone(), &grid));
        let accumulated: Vec<_> = since.iter().zip(&fields).map(of).collect();
        let by_hour = |r: Option<Vec<f32>>| r.unwrap().iter().map(|r| (r * 36_000.0).round() / 10.0).collect();
        rates(&times, &accumulated, Sign::NeverNegative).into_iter().map(by_hour).collect()
    }

    /// Rain of 1, 2, 4 and 0.5 mm/h for six hours each, which comes to each cell three hours later, told in four ways.
    #[test]
    fn one_rain_told_as_hours_since_midnight_and_by_bounds_is_the_same() {
        let rate = |hour: i64, cell: i64| {
            [1.0f32, 2.0, 4.0, 0.5][((hour - 1 - 3 * cell).div_euclid(6).rem_euclid(4)) as usize]
        };
        let sum = |from: i64, to: i64, c: i64| (from + 1..=to).map(|h| rate(h, c)).sum::<f32>();
        let expected = |hours: &[i64]| -> Vec<Vec<f32>> {
            hours.iter().map(|h| (0..CELLS).map(|c| rate(*h, c)).collect()).collect()
        };
        let (hours, third): (Vec<i64>, Vec<i64>) = ((1..=36).collect(), (1..=12).map(|i| 3 * i).collect());
        assert_eq!(rates_of(&hours, None, &rate), expected(&hours));
        // ERA5-Land: the value of 00 UTC is that of the whole day, that of 01 UTC begins anew
        assert_eq!(rates_of(&hours, None, &|h, c| sum((h - 1) / 24 * 24, h, c)), expected(&hours));
        // a forecast since its start, every third hour; when that was is not told, so the first hours take the rate of the next
        assert_eq!(rates_of(&third, None, &|h, c| sum(0, h, c))[1..], expected(&third)[1..]);
        // three-hourly amounts with bounds
        let begins: Vec<_> = third.iter().map(|h| at(h - 3)).collect();
        assert_eq!(rates_of(&third, Some(&begins), &|h, c| sum(h - 3, h, c)), expected(&third));
    }

    /// Sunshine of hours falls all afternoon, so it does not grow; that of a morning alone is too short to tell.
    #[test]
    fn sunshine_of_hours_is_of_hours() {
        let sun = |hour: i64| (200.0 * (std::f64::consts::PI * (hour % 24 - 6) as f64 / 12.0).sin().max(0.0)) as f32;
        let hours: Vec<i64> = (0..48).collect();
        let fields: Vec<Vec<f32>> = hours.iter().map(|h| vec![sun(*h)]).collect();
        let times: Vec<_> = hours.iter().map(|h| at(*h)).collect();
        let of_hours = |range: std::ops::Range<usize>| {
            let since = since(&times[range.clone()], None, Some(&fields[range.clone()]));
            since.iter().zip(&times[range]).all(|(s, t)| *s == Some(*t - Duration::hours(1)))
        };
        assert!(of_hours(0..48) && of_hours(6..12));
    }
}
