//! What a place usually has at a time of the year and of the day, told by quantiles: where a forecast leans when its weather is unknown.
//!
//! A forecast's quantiles and the usual ones are averaged level by level, with one share per lead that is found on judged cases.
//!
//! # Reference
//! Lichtendahl, Grushka-Cockayne & Winkler (2013), Management Science 59, 1594-1611: averaging quantiles keeps distributions sharp where
//! averaging probabilities spreads them.

use super::quantiles::QuantileCurve;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Fewer values than this say nothing of what is usual.
const VALUES_NEEDED: usize = 30;
/// The shares that are tried are multiples of one over this.
const SHARES: usize = 20;

/// A place with a month and an hour of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Season {
    pub place: u32,
    /// 0 ..= 11.
    pub month0: u8,
    /// 0 ..= 23.
    pub hour: u8,
}

/// Usual quantiles by season, and their share in a forecast.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Seasonal {
    /// 0: the forecast alone; 1: the usual quantiles alone.
    pub share: f64,
    seasons: Vec<(Season, Vec<f64>)>,
}

impl Seasonal {
    /// Quantiles at `levels` of the values of each season and of the months beside it; the share is 0.
    pub fn new(values: impl Iterator<Item = (Season, f64)>, levels: &[f64]) -> Self {
        let mut by_season: BTreeMap<Season, Vec<f64>> = BTreeMap::new();
        for (season, value) in values {
            for months in [11, 0, 1] {
                let month0 = (season.month0 + months) % 12;
                by_season.entry(Season { month0, ..season }).or_default().push(value);
            }
        }
        by_season.retain(|_, values| values.len() >= VALUES_NEEDED);
        let quantiles = |mut values: Vec<f64>| {
            values.sort_by(f64::total_cmp);
            let at = |level: &f64| values[((level * values.len() as f64) as usize).min(values.len() - 1)];
            levels.iter().map(at).collect()
        };
        Self { share: 0.0, seasons: by_season.into_iter().map(|(s, v)| (s, quantiles(v))).collect() }
    }

    /// The same with another share, 0 ..= 1.
    pub fn with_share(self, share: f64) -> Self {
        Self { share, ..self }
    }

    /// Usual quantiles of a season.
    pub fn of(&self, season: Season) -> Option<&[f64]> {
        let i = self.seasons.binary_search_by_key(&season, |(s, _)| *s).ok()?;
        Some(&self.seasons[i].1)
    }

    /// The middle one of them; NaN where nothing is usual.
    pub fn median(&self, season: Season) -> f64 {
        self.of(season).map_or(f64::NAN, |q| q[q.len() / 2])
    }

    /// As it has to be to be used with `levels` quantiles.
    pub fn is_sound(&self, levels: usize) -> bool {
        (0.0..=1.0).contains(&self.share)
            && self.seasons.is_sorted_by_key(|(s, _)| *s)
            && self.seasons.iter().all(|(_, q)| q.len() == levels && q.iter().all(|v| v.is_finite()))
    }
}

/// A judged case: the forecast's quantiles, the usual ones of its season, and what was observed.
#[derive(Debug, Clone)]
pub struct Judged<'a> {
    pub forecast: &'a QuantileCurve<'a>,
    pub usual: &'a [f64],
    pub observed: f64,
}

/// The share of the usual quantiles with the least mean quantile loss; the smallest of equals, 0 without cases.
pub fn best_share(cases: &[Judged], levels: &[f64]) -> f64 {
    let mut losses = [0.0; SHARES + 1];
    for case in cases {
        for ((level, own), usual) in levels.iter().zip(case.forecast.values()).zip(case.usual) {
            for (step, loss) in losses.iter_mut().enumerate() {
                let quantile = own + step as f64 / SHARES as f64 * (usual - own);
                let miss = case.observed - quantile;
                *loss += (level * miss).max((level - 1.0) * miss);
            }
        }
    }
    let best = (0..=SHARES).reduce(|best, step| if losses[step] < losses[best] { step } else { best });
    best.unwrap_or(0) as f64 / SHARES as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVELS: [f64; 3] = [0.1, 0.5, 0.9];

    fn season(place: u32, month0: u8, hour: u8) -> Season {
        Season { place, month0, hour }
    }

    #[test]
    fn usual_values_are_of_the_place_the_hour_and_the_months_around() {
        // month in hundreds, hour below; ten values each
        let values = (0..12u8).flat_map(|m| (0..24u8).map(move |h| (m, h)));
        let values =
            values.flat_map(|(m, h)| (0..10).map(move |_| (season(1, m, h), f64::from(m) * 100.0 + f64::from(h))));
        let seasonal = Seasonal::new(values, &LEVELS);
        assert_eq!(seasonal.of(season(1, 0, 7)), Some(&[7.0, 107.0, 1107.0][..]));
        assert_eq!(seasonal.of(season(1, 5, 3)), Some(&[403.0, 503.0, 603.0][..]));
        assert_eq!(seasonal.of(season(2, 5, 3)), None);
        assert!(seasonal.is_sound(3) && !seasonal.is_sound(2));
    }

    #[test]
    fn few_values_are_not_usual() {
        let of = |n| Seasonal::new((0..n).map(|_| (season(1, 6, 0), 5.0)), &LEVELS);
        assert_eq!(of(VALUES_NEEDED - 1).of(season(1, 6, 0)), None);
        assert_eq!(of(VALUES_NEEDED).of(season(1, 6, 0)), Some(&[5.0; 3][..]));
    }

    #[test]
    fn the_share_follows_who_is_right() {
        let (right, wrong) = ([20.0, 30.0, 40.0], [120.0, 130.0, 140.0]);
        let observed: Vec<f64> = (0..100).map(|i| 15.0 + 0.3 * f64::from(i)).collect();
        let share = |own: &[f64; 3], usual: &[f64; 3]| {
            let forecast = QuantileCurve::new(&LEVELS, own.to_vec());
            let cases: Vec<Judged> =
                observed.iter().map(|o| Judged { forecast: &forecast, usual, observed: *o }).collect();
            best_share(&cases, &LEVELS)
        };
        assert_eq!((share(&right, &wrong), share(&wrong, &right), share(&right, &right)), (0.0, 1.0, 0.0));
        // both wrong by as much on either side: the middle
        let (low, high) = ([0.0, 10.0, 20.0], [40.0, 50.0, 60.0]);
        assert!((share(&low, &high) - 0.5).abs() < 0.06);
        assert_eq!(best_share(&[], &LEVELS), 0.0);
        assert_eq!(QuantileCurve::new(&LEVELS, low.to_vec()).between(&high, 0.5).values(), [20.0, 30.0, 40.0]);
    }
}
