//! Amounts accumulated since some instant, to rates over the interval between two output times.

use crate::domain::grid::HorizontalGrid;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// An amount accumulated until the time of its field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Accumulation {
    /// Start of the accumulation; `None`: some earlier instant, the same for all fields (WRF: start of the simulation).
    pub since: Option<DateTime<Utc>>,
    /// Start of the model run that gives it; `None`: the same run for all fields. Amounts of two runs have no difference.
    run: Option<DateTime<Utc>>,
    /// Amount [quantity x s], `[y, x]`.
    pub total: Vec<f32>,
    nx: usize,
    /// South-western cell in cells from the projection's origin: a moving nest has another one at each time.
    origin: (f64, f64),
}

impl Accumulation {
    /// Whether it is one of `grid`, with an amount for each of its cells.
    pub fn is_of(&self, grid: &HorizontalGrid) -> bool {
        self.nx == grid.nx && self.nx.checked_mul(grid.ny) == Some(self.total.len())
    }

    /// An amount on a grid.
    pub fn new(since: Option<DateTime<Utc>>, total: Vec<f32>, grid: &HorizontalGrid) -> Self {
        Self { since, run: None, total, nx: grid.nx, origin: (grid.x0 / grid.dx, grid.y0 / grid.dy) }
    }

    /// The amount as one of a run.
    pub fn of_run(self, run: Option<DateTime<Utc>>) -> Self {
        Self { run, ..self }
    }

    /// For each cell: the cell itself, or where the nest has moved away from all older data the nearest that has some; and the cell
    /// of `old` at the same place. `None` when the two have no place in common.
    fn places(&self, old: &Self) -> Option<Vec<(usize, usize)>> {
        let shift = |new: f64, old: f64| (new - old).round() as i64;
        let (sx, sy) = (shift(self.origin.0, old.origin.0), shift(self.origin.1, old.origin.1));
        let (nx, ny) = (self.nx as i64, (self.total.len() / self.nx) as i64);
        if self.nx != old.nx || self.total.len() != old.total.len() || sx.abs() >= nx || sy.abs() >= ny {
            return None;
        }
        let inside = |new: i64, shift: i64, n: i64| new.clamp((-shift).max(0), n - 1 - shift.max(0));
        let place = |c: i64| {
            let (x, y) = (inside(c % nx, sx, nx), inside(c / nx, sy, ny));
            ((y * nx + x) as usize, ((y + sy) * nx + x + sx) as usize)
        };
        Some((0..nx * ny).map(place).collect())
    }
}

/// What may accumulate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// Precipitation, radiation: a negative rate is packing noise and becomes 0.
    NeverNegative,
    /// Sensible heat.
    Any,
}

/// Mean rates [quantity] over the interval that ends at each time.
///
/// * same run, and the same start as the time before or an unknown one: difference over the interval;
/// * otherwise a known start: amount over the time since it (an empty interval has no rate: `None`);
/// * otherwise (first WRF time) the rate of the next interval, `None` for a single time.
///
/// Of a moving nest the amounts at the same place are compared; a place the nest has just come to gets the rate of the nearest place
/// it covered before.
///
/// With an unknown start, a cell whose amount decreases was restarted: its new amount is taken as fallen since the restart within
/// this interval, which is a lower bound.
pub fn rates(times: &[DateTime<Utc>], amounts: &[Option<Accumulation>], sign: Sign) -> Vec<Option<Vec<f32>>> {
    let mut rates: Vec<Option<Vec<f32>>> = Vec::with_capacity(times.len());
    for (i, amount) in amounts.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|j| Some((times[j], amounts[j].as_ref()?)));
        rates.push(amount.as_ref().and_then(|a| rate(times[i], a, before, sign)));
    }
    if let [first, second, ..] = &mut rates[..] {
        let unknown_start = amounts[0].as_ref().is_some_and(|a| a.since.is_none());
        if first.is_none() && unknown_start {
            first.clone_from(second);
        }
    }
    rates
}

fn rate(
    end: DateTime<Utc>,
    a: &Accumulation,
    before: Option<(DateTime<Utc>, &Accumulation)>,
    sign: Sign,
) -> Option<Vec<f32>> {
    let older = before.filter(|(t, b)| (a.since.is_none() || b.since == a.since) && b.run == a.run && *t < end);
    if let Some((start, old)) = older {
        let seconds = (end - start).num_seconds() as f32;
        let amounts = a.places(old)?.into_iter().map(|(new, was)| {
            let (new, was) = (a.total[new], old.total[was]);
            match sign {
                Sign::NeverNegative if new < was && a.since.is_none() => new.max(0.0),
                Sign::NeverNegative => (new - was).max(0.0),
                Sign::Any => new - was,
            }
        });
        return Some(amounts.map(|amount| amount / seconds).collect());
    }
    let since = a.since.filter(|since| *since < end)?;
    let seconds = (end - since).num_seconds() as f32;
    let kept = |amount: f32| if sign == Sign::NeverNegative { amount.max(0.0) } else { amount };
    Some(a.total.iter().map(|&amount| kept(amount) / seconds).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Duration, TimeZone};

    fn at(hour: i64) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 1, 15, 0, 0, 0).unwrap() + Duration::hours(hour)
    }

    fn on_lattice(since: Option<DateTime<Utc>>, total: Vec<f32>, nx: usize, x0: f64) -> Accumulation {
        let size = (nx, total.len() / nx);
        let grid = HorizontalGrid::new("+proj=merc +R=6370000", size, (x0, 0.0), (1000.0, 1000.0)).unwrap();
        Accumulation::new(since, total, &grid)
    }

    fn wrf(total: f32) -> Option<Accumulation> {
        Some(on_lattice(None, vec![total], 1, 0.0))
    }

    #[test]
    fn rain_since_the_start_becomes_hourly_rates_and_the_first_time_takes_the_next() {
        let r = rates(&[at(0), at(1), at(2)], &[wrf(5.0), wrf(8.6), wrf(8.6)], Sign::NeverNegative);
        for (rate, expected) in r.into_iter().zip([1e-3, 1e-3, 0.0]) {
            assert!((rate.unwrap()[0] - expected).abs() < 1e-9);
        }
        assert_eq!(rates(&[at(0)], &[wrf(5.0)], Sign::NeverNegative), vec![None]);
    }

    #[test]
    fn a_restarted_simulation_counts_from_zero() {
        let r = rates(&[at(0), at(1)], &[wrf(50.0), wrf(3.6)], Sign::NeverNegative);
        assert!((r[1].as_ref().unwrap()[0] - 1e-3).abs() < 1e-9);
    }

    /// Buckets 0-3 h, 0-6 h, 6-9 h with a steady 1 g m-2 s-1 must all give that rate, in the mean of the six-hourly bucket too.
    #[test]
    fn buckets_of_a_global_model() {
        let bucket = |since: i64, total: f32| Some(on_lattice(Some(at(since)), vec![total], 1, 0.0));
        let r =
            rates(&[at(3), at(6), at(9)], &[bucket(0, 10.8), bucket(0, 21.6), bucket(6, 10.8)], Sign::NeverNegative);
        for rate in r {
            assert!((rate.unwrap()[0] - 1e-3).abs() < 1e-9);
        }
        assert_eq!(rates(&[at(0)], &[bucket(0, 0.0)], Sign::Any), vec![None]);
    }

    /// Where a run stands in for another, both may count from the same hour; what the newer has is no continuation of the older.
    #[test]
    fn amounts_of_two_runs_are_not_subtracted() {
        let of = |run: i64, total: f32| Some(on_lattice(Some(at(6)), vec![total], 1, 0.0).of_run(Some(at(run))));
        // 3.6 kg m-2 in 3 h by the run of 0 h, and 21.6 in 6 h by that of 6 h
        let r = rates(&[at(9), at(12)], &[of(0, 3.6), of(6, 21.6)], Sign::NeverNegative);
        assert!((r[1].as_ref().unwrap()[0] - 1e-3).abs() < 1e-9, "{r:?}");
        let same = rates(&[at(9), at(12)], &[of(0, 3.6), of(0, 21.6)], Sign::NeverNegative);
        assert!((same[1].as_ref().unwrap()[0] - 18.0 / 10_800.0).abs() < 1e-9, "{same:?}");
    }

    /// A nest of 4 cells moves 1 cell eastward while 3.6 kg m-2 fall in an hour, on amounts that differ from place to place.
    #[test]
    fn a_moving_nest_compares_the_same_places() {
        let amounts = [
            Some(on_lattice(None, vec![10.0, 20.0, 30.0, 40.0], 4, 7000.0)),
            Some(on_lattice(None, vec![23.6, 33.6, 43.6, 53.6], 4, 8000.0)),
        ];
        let r = rates(&[at(0), at(1)], &amounts, Sign::NeverNegative);
        for rate in r[1].as_ref().unwrap() {
            assert!((rate - 1e-3).abs() < 1e-9, "{rate}");
        }
        let far = [amounts[0].clone(), Some(on_lattice(None, vec![0.0; 4], 4, 20_000.0))];
        assert_eq!(rates(&[at(0), at(1)], &far, Sign::NeverNegative), vec![None, None]);
    }
}
