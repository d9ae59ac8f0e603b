//! Amounts accumulated since some instant, to rates over the interval between two output times.

use chrono::{DateTime, Utc};

/// An amount accumulated until the time of its field.
#[derive(Debug, Clone, PartialEq)]
pub struct Accumulation {
    /// Start of the accumulation; `None`: some earlier instant, the same for all fields (WRF: start of the simulation).
    pub since: Option<DateTime<Utc>>,
    /// Amount [quantity x s], `[y, x]`.
    pub total: Vec<f32>,
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
/// * same start as the time before: difference over the interval;
/// * otherwise a known start: amount over the time since it (an empty interval has no rate: `None`);
/// * otherwise (first WRF time) the rate of the next interval, `None` for a single time.
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
    let (start, old) = match (before, a.since) {
        (Some((t, b)), _) if b.since == a.since && b.total.len() == a.total.len() && t < end => (t, Some(&b.total)),
        (_, Some(since)) if since < end => (since, None),
        _ => return None,
    };
    let seconds = (end - start).num_seconds() as f32;
    let amount = |cell: usize| {
        let new = a.total[cell];
        let difference = new - old.map_or(0.0, |o| o[cell]);
        match sign {
            Sign::Any => difference,
            Sign::NeverNegative if difference >= 0.0 => difference,
            Sign::NeverNegative if a.since.is_none() => new.max(0.0),
            Sign::NeverNegative => 0.0,
        }
    };
    Some((0..a.total.len()).map(|c| amount(c) / seconds).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Duration, TimeZone};

    fn at(hour: i64) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 1, 15, 0, 0, 0).unwrap() + Duration::hours(hour)
    }

    fn wrf(total: f32) -> Option<Accumulation> {
        Some(Accumulation { since: None, total: vec![total] })
    }

    #[test]
    fn rain_since_the_start_becomes_hourly_rates_and_the_first_time_takes_the_next() {
        let r = rates(&[at(0), at(1), at(2)], &[wrf(5.0), wrf(8.6), wrf(8.6)], Sign::NeverNegative);
        assert_eq!(r, vec![Some(vec![1e-3]), Some(vec![1e-3]), Some(vec![0.0])]);
        assert_eq!(rates(&[at(0)], &[wrf(5.0)], Sign::NeverNegative), vec![None]);
    }

    #[test]
    fn a_restarted_simulation_counts_from_zero() {
        let r = rates(&[at(0), at(1)], &[wrf(50.0), wrf(3.6)], Sign::NeverNegative);
        assert_eq!(r[1], Some(vec![1e-3]));
    }

    /// Buckets 0-3 h, 0-6 h, 6-9 h with a steady 1 g m-2 s-1 must all give that rate, in the mean of the six-hourly bucket too.
    #[test]
    fn buckets_of_a_global_model() {
        let bucket = |since: i64, total: f32| Some(Accumulation { since: Some(at(since)), total: vec![total] });
        let r =
            rates(&[at(3), at(6), at(9)], &[bucket(0, 10.8), bucket(0, 21.6), bucket(6, 10.8)], Sign::NeverNegative);
        for rate in r {
            assert!((rate.unwrap()[0] - 1e-3).abs() < 1e-9);
        }
        assert_eq!(rates(&[at(0)], &[bucket(0, 0.0)], Sign::Any), vec![None]);
    }
}
