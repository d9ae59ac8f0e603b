//! Members of a night: runs with other wind, mixing height, emissions and inflow, as far as these may be wrong, and what counties have then.
//!
//! The members are a Latin hypercube (McKay et al. 1979): of each input every member has another of n equally likely values, and of
//! [`HYPERCUBES`] ways to combine them the one is taken in which inputs correlate least. Nights with as many members have the same ones.
//!
//! # References
//! McKay, Beckman & Conover (1979), Technometrics 21, 239-245; Hanna, Chang & Fernau (1998), Atmos. Environ. 32, 3619-3628: what experts take
//! inputs of a regional model to be uncertain by.

use super::county_series::CountySeries;
use super::marginal::standard_quantile;
use crate::domain::pollutant::Pollutant;
use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// How far inputs may be wrong: standard deviations of the logarithm of a factor, and of an angle.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberParameters {
    pub wind_speed: f64,
    pub wind_turn_deg: f64,
    pub mixing_height: f64,
    pub emission: f64,
    pub inflow: f64,
    source: String,
    pub(super) verified: bool,
}

impl MemberParameters {
    /// # Errors
    /// `Invalid` naming the field in `origin`.
    pub(super) fn check(&self, origin: &Path) -> Result<()> {
        for (field, value, most) in [
            ("wind_speed", self.wind_speed, 1.0),
            ("wind_turn_deg", self.wind_turn_deg, 60.0),
            ("mixing_height", self.mixing_height, 1.0),
            ("emission", self.emission, 1.0),
            ("inflow", self.inflow, 1.0),
        ] {
            if !(0.0..=most).contains(&value) {
                let expected = format!("0 to {most}");
                return Err(Error::invalid(origin, format!("members.{field}"), value.to_string(), expected));
            }
        }
        if self.source.trim().is_empty() {
            return Err(Error::invalid(origin, "members.source", "nothing", "where the numbers come from"));
        }
        Ok(())
    }
}

/// What one member changes, throughout its run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Member {
    /// Factors on wind speed, mixing height, all emissions, and the air at the start and outside the grid.
    pub wind_speed: f64,
    pub mixing_height: f64,
    pub emission: f64,
    pub inflow: f64,
    /// How far winds turn to the right of where they blow [degrees].
    pub wind_turn_deg: f64,
}

/// Number of inputs.
const INPUTS: usize = 5;
/// Ways to combine the values of the inputs that are tried.
const HYPERCUBES: usize = 500;

/// The `n` members, 2 or more.
pub fn members(parameters: &MemberParameters, n: usize) -> Vec<Member> {
    let quantile = |rank: usize| standard_quantile((rank as f64 + 0.5) / n as f64);
    let ranks = least_correlated(n);
    let member = |m: usize| {
        let [speed, turn, mixing, emission, inflow] = ranks.each_ref().map(|of_input| quantile(of_input[m]));
        Member {
            wind_speed: (parameters.wind_speed * speed).exp(),
            mixing_height: (parameters.mixing_height * mixing).exp(),
            emission: (parameters.emission * emission).exp(),
            inflow: (parameters.inflow * inflow).exp(),
            wind_turn_deg: parameters.wind_turn_deg * turn,
        }
    };
    (0..n).map(member).collect()
}

/// Rank of each member in each input, `[input][member]`.
fn least_correlated(n: usize) -> [Vec<usize>; INPUTS] {
    let mut random = Pcg64::seed_from_u64(n as u64);
    let tries = (0..HYPERCUBES).map(|_| [(); INPUTS].map(|()| permutation(n, &mut random)));
    let closest = tries.min_by(|a, b| largest_correlation(a).total_cmp(&largest_correlation(b)));
    closest.expect("at least one hypercube")
}

/// 0 .. n in a random order (Fisher & Yates).
fn permutation(n: usize, random: &mut Pcg64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, (random.next_u64() % (i as u64 + 1)) as usize);
    }
    order
}

/// The largest rank correlation of two inputs, without its sign.
fn largest_correlation(ranks: &[Vec<usize>; INPUTS]) -> f64 {
    let n = ranks[0].len() as f64;
    let middle = 0.5 * (n - 1.0);
    let together = |a: &[usize], b: &[usize]| {
        let products = a.iter().zip(b).map(|(a, b)| (*a as f64 - middle) * (*b as f64 - middle));
        (products.sum::<f64>() * 12.0 / (n * (n * n - 1.0))).abs()
    };
    let pairs = (0..INPUTS).flat_map(|i| (0..i).map(move |j| (i, j)));
    pairs.map(|(i, j)| together(&ranks[i], &ranks[j])).fold(0.0, f64::max)
}

/// How members depart from the run with the inputs as they are: ln(member / that run) by county and pollutant, `[hour][member]`, the first hour
/// ending an hour after the cycle.
#[derive(Debug, Clone, PartialEq)]
pub struct Departures {
    pub members: usize,
    counties: BTreeMap<(u32, Pollutant), Vec<f64>>,
}

/// What is next to nothing departs by nothing, in the units of the standard.
const NOTHING: f64 = 1e-6;

impl Departures {
    /// Of `members` from `control`, in `hours` hours after the cycle; an hour without a value departs by nothing.
    pub fn of(cycle: DateTime<Utc>, hours: usize, control: &[CountySeries], members: &[Vec<CountySeries>]) -> Self {
        let mut counties = BTreeMap::new();
        for (c, county) in control.iter().enumerate() {
            for p in Pollutant::ALL {
                let mut departures = vec![0.0; hours * members.len()];
                for (h, hour) in county.hours.iter().enumerate() {
                    let lead = (hour.end - cycle).num_hours();
                    let Some(row) = usize::try_from(lead - 1).ok().filter(|row| *row < hours) else { continue };
                    let Some(&as_is) = hour.concentrations.get(p) else { continue };
                    for (m, member) in members.iter().enumerate() {
                        let Some(&other) = member[c].hours[h].concentrations.get(p) else { continue };
                        if as_is > NOTHING && other > NOTHING {
                            departures[row * members.len() + m] = (other / as_is).ln();
                        }
                    }
                }
                counties.insert((county.adcode, p), departures);
            }
        }
        Self { members: members.len(), counties }
    }

    /// Those of a county and pollutant.
    pub fn get(&self, adcode: u32, pollutant: Pollutant) -> Option<&[f64]> {
        self.counties.get(&(adcode, pollutant)).map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters() -> MemberParameters {
        MemberParameters {
            wind_speed: 0.2,
            wind_turn_deg: 10.0,
            mixing_height: 0.3,
            emission: 0.25,
            inflow: 0.35,
            source: "s".into(),
            verified: false,
        }
    }

    /// Each input has its n quantiles once, so that the geometric mean of the factors is 1 and the mean turn 0; no two inputs go together.
    #[test]
    fn members_are_a_latin_hypercube() {
        for n in [5, 8, 20] {
            let all = members(&parameters(), n);
            let of = |f: fn(&Member) -> f64| {
                let mut values: Vec<f64> = all.iter().map(f).collect();
                assert!(values.iter().sum::<f64>().abs() < 1e-9, "{n}: {values:?}");
                values.sort_by(f64::total_cmp);
                assert!(values.windows(2).all(|w| w[0] < w[1]), "{n}: {values:?}");
            };
            of(|m| m.wind_speed.ln());
            of(|m| m.mixing_height.ln());
            of(|m| m.emission.ln());
            of(|m| m.inflow.ln());
            of(|m| m.wind_turn_deg);
            let correlation = largest_correlation(&least_correlated(n));
            assert!(correlation < if n == 5 { 0.75 } else { 0.45 }, "{n}: {correlation}");
            assert_eq!(all, members(&parameters(), n));
        }
    }

    /// Ranks against themselves and against their reverse.
    #[test]
    fn rank_correlation_is_one_of_the_same_order() {
        let order = |reverse: bool| (0..9).map(|i| if reverse { 8 - i } else { i }).collect::<Vec<usize>>();
        let ranks = [order(false), order(true), order(false), order(false), order(false)];
        assert!((largest_correlation(&ranks) - 1.0).abs() < 1e-12);
    }
}
