//! Since when the amounts of a CF file are: its time bounds say so; else the hour before, as in ERA5, unless they grow from time to time, as
//! those of a forecast since its start or of ERA5-Land since midnight.

use chrono::{DateTime, Duration, Utc};

/// Amounts count as growing only over a span as long as this from the first of them [h]: sunshine grows through a morning by itself.
const SPAN: i64 = 12;
/// Share of the largest amount that counts as nothing: packing leaves a little.
const NOTHING: f32 = 1e-4;
/// Most and least share of the cells with an amount in which it falls, where amounts grow and begin anew.
const GROWING: f64 = 0.01;
const ANEW: f64 = 0.9;

/// Start of the amount at each of `times`, increasing, where no bounds say it; `None`: before the first time, or where a file before ends.
///
/// `amounts` `[time][cell]` that are never negative tell whether amounts grow: for [`SPAN`] hours or more they are never nothing again and fall
/// nowhere, but at most once a day nearly everywhere, where they begin anew.
pub fn since(times: &[DateTime<Utc>], amounts: Option<&[Vec<f32>]>) -> Vec<Option<DateTime<Utc>>> {
    match amounts.and_then(|amounts| anew(times, amounts)) {
        None => times.iter().map(|t| Some(*t - Duration::hours(1))).collect(),
        Some(anew) => (0..times.len()).map(|i| anew.iter().rev().find(|a| **a <= i).map(|a| times[a - 1])).collect(),
    }
}

/// Where growing amounts begin anew, as places in `times`; `None`: they do not grow.
fn anew(times: &[DateTime<Utc>], amounts: &[Vec<f32>]) -> Option<Vec<usize>> {
    let nothing = NOTHING * amounts.iter().flatten().fold(0.0f32, |m, v| m.max(*v));
    let some = |i: usize| amounts[i].iter().any(|v| *v > nothing);
    let first = (0..amounts.len()).find(|i| some(*i))?;
    let hours = (*times.last()? - *times.get(first)?).num_hours();
    if hours < SPAN || !(first..amounts.len()).all(some) {
        return None;
    }
    let mut anew = Vec::new();
    for i in first + 1..amounts.len() {
        let held = || amounts[i].iter().zip(&amounts[i - 1]).filter(|(_, old)| **old > nothing);
        let falling = held().filter(|(new, old)| **new < **old - nothing).count() as f64;
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
    fn rates_of(hours: &[i64], amount: &dyn Fn(i64, i64) -> f32) -> Vec<Vec<f32>> {
        let grid = HorizontalGrid::new("+proj=latlong", (CELLS as usize, 1), (129.0, 43.0), (0.1, 0.1)).unwrap();
        let times: Vec<_> = hours.iter().map(|h| at(*h)).collect();
        let fields: Vec<Vec<f32>> = hours.iter().map(|h| (0..CELLS).map(|c| amount(*h, c)).collect()).collect();
        let since = since(&times, Some(&fields));
        let of = |(s, a): (&Option<DateTime<Utc>>, &Vec<f32>)| Some(Accumulation::new(*s, a.clone(), &grid));
        let accumulated: Vec<_> = since.iter().zip(&fields).map(of).collect();
        let by_hour = |r: Option<Vec<f32>>| r.unwrap().iter().map(|r| (r * 36_000.0).round() / 10.0).collect();
        rates(&times, &accumulated, Sign::NeverNegative).into_iter().map(by_hour).collect()
    }

    /// Rain of 1, 2, 4 and 0.5 mm/h for six hours each, which comes to each cell three hours later, told in three ways.
    #[test]
    fn one_rain_told_by_the_hour_since_midnight_and_since_the_start_is_the_same() {
        let rate = |hour: i64, cell: i64| {
            [1.0f32, 2.0, 4.0, 0.5][((hour - 1 - 3 * cell).div_euclid(6).rem_euclid(4)) as usize]
        };
        let sum = |from: i64, to: i64, c: i64| (from + 1..=to).map(|h| rate(h, c)).sum::<f32>();
        let expected = |hours: &[i64]| -> Vec<Vec<f32>> {
            hours.iter().map(|h| (0..CELLS).map(|c| rate(*h, c)).collect()).collect()
        };
        let (hours, third): (Vec<i64>, Vec<i64>) = ((1..=36).collect(), (1..=12).map(|i| 3 * i).collect());
        assert_eq!(rates_of(&hours, &rate), expected(&hours));
        // ERA5-Land: the value of 00 UTC is that of the whole day, that of 01 UTC begins anew
        assert_eq!(rates_of(&hours, &|h, c| sum((h - 1) / 24 * 24, h, c)), expected(&hours));
        // a forecast since its start, every third hour; when that was is not told, so the first hours take the rate of the next
        assert_eq!(rates_of(&third, &|h, c| sum(0, h, c))[1..], expected(&third)[1..]);
    }

    /// Sunshine of hours falls all afternoon and is gone at night, so it does not grow: over whole days, over a night and the morning after it,
    /// every sixth hour; a morning alone is too short to tell.
    #[test]
    fn sunshine_of_hours_is_of_hours() {
        let sun = |hour: i64| (200.0 * (std::f64::consts::PI * (hour % 24 - 6) as f64 / 12.0).sin().max(0.0)) as f32;
        let of_hours = |hours: Vec<i64>| {
            let fields: Vec<Vec<f32>> = hours.iter().map(|h| vec![sun(*h)]).collect();
            let times: Vec<_> = hours.iter().map(|h| at(*h)).collect();
            since(&times, Some(&fields)).iter().zip(&times).all(|(s, t)| *s == Some(*t - Duration::hours(1)))
        };
        for hours in [0..48, 6..12, 18..36, 20..33, 0..13, 7..20] {
            assert!(of_hours(hours.clone().collect()), "{hours:?}");
        }
        assert!(of_hours((0..12).map(|i| 6 * i).collect()) && of_hours((1..30).map(|i| 3 * i).collect()));
    }

    /// Sunshine since midnight UTC and since the start of a forecast, every hour and every sixth.
    #[test]
    fn sunshine_that_grows_is_told_as_such() {
        let grown = |hour: i64| -> f32 {
            (0..=hour).map(|h| (5.0 * ((h % 24 - 12) as f64).abs() - 20.0).max(0.0) as f32).sum()
        };
        for step in [1, 6] {
            let hours: Vec<i64> = (1..=48 / step).map(|i| i * step).collect();
            let times: Vec<_> = hours.iter().map(|h| at(*h)).collect();
            let of = |f: &dyn Fn(i64) -> f32| -> Vec<Vec<f32>> { hours.iter().map(|h| vec![f(*h)]).collect() };
            assert!(since(&times, Some(&of(&grown))).iter().all(Option::is_none), "{step}");
            let since_midnight = of(&|h| grown(h) - if h > 24 { grown(24) } else { 0.0 });
            let found = since(&times, Some(&since_midnight));
            let expected: Vec<_> = hours.iter().map(|h| (*h > 24).then(|| at(24))).collect();
            assert_eq!(found, expected, "{step}");
        }
    }
}
