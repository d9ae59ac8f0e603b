//! What a source emits in an hour and on a day: its strength by the profiles of its sector and the weather, with its changes in force.

use super::emission::EmissionModel;
use crate::calendar::{beijing_local, end_of_beijing_hour};
use crate::domain::source::{Amounts, Sector, Source, Strength};
use chrono::{DateTime, Duration, NaiveDate, Timelike, Utc};

/// Rates [kg s-1] of annual amounts of 1 t in one hour.
pub(super) struct HourFactors<'m> {
    by_sector: [f64; Sector::ALL.len()],
    model: &'m EmissionModel,
    start: DateTime<Utc>,
}

impl HourFactors<'_> {
    fn of(&self, source: &Source) -> Amounts {
        self.model.in_weather(source, self.start, self.by_sector[source.sector as usize])
    }
}

impl EmissionModel {
    /// Amounts [t d-1] that a source emits on a Beijing day, without its changes.
    pub fn daily_amounts(&self, source: &Source, day: NaiveDate) -> Amounts {
        let end = end_of_beijing_hour(day, 24);
        match &source.strength {
            Strength::Annual(annual) => {
                let profile = &self.sector(source.sector).profile;
                let share = profile.day_share(day);
                let factor = match &self.conditions {
                    None => Amounts::all(1.0),
                    Some(conditions) => (0..24u8).fold(Amounts::default(), |sum, h| {
                        let start = end - Duration::hours(24 - i64::from(h));
                        let of_hour = conditions.factor(source.adcode, source.sector, start);
                        sum.zip(of_hour, |sum, f| sum + profile.hour_share(u32::from(h)) * f)
                    }),
                };
                annual.zip(factor, |a, f| a * share * f)
            }
            Strength::Rate { kg_s, from, to } => {
                let seconds = overlap_s((*from, *to), (end - Duration::hours(24), end));
                kg_s.zip(Amounts::all(seconds / 1000.0), |r, t| r * t)
            }
            Strength::Hourly { .. } | Strength::Measured { .. } => {
                let hours = (0..24).map(|h| end - Duration::hours(24 - h));
                hours.fold(Amounts::default(), |sum, start| {
                    let rate =
                        strength_in(&source.strength, start, (self.annual_factor(source, start), Amounts::all(1.0)));
                    sum.zip(rate, |sum, r| sum + 3.6 * r)
                })
            }
        }
    }

    /// Amounts [t d-1] that a source emits on a Beijing day, with its changes in force.
    pub fn daily_emission(&self, source: &Source, day: NaiveDate) -> Amounts {
        if source.changes.is_empty() {
            return self.daily_amounts(source, day);
        }
        let begin = end_of_beijing_hour(day, 24) - Duration::hours(24);
        let hours = (0..24).map(|h| self.hourly_rate(source, begin + Duration::hours(h)));
        hours.fold(Amounts::default(), |sum, rate| sum.zip(rate, |sum, r| sum + 3.6 * r))
    }

    /// Mean rate [kg s-1] of a source over the hour that starts at `start` (a full hour), with its changes in force.
    pub fn hourly_rate(&self, source: &Source, start: DateTime<Utc>) -> Amounts {
        rate(source, start, self.annual_factor(source, start))
    }

    /// Factors of all sectors in the hour that starts at `start`.
    pub(super) fn hour_factors(&self, start: DateTime<Utc>) -> HourFactors<'_> {
        HourFactors { by_sector: Sector::ALL.map(|s| self.hour_factor(s, start)), model: self, start }
    }

    /// Rate [kg s-1] of an annual amount of 1 t of a source in the hour that starts at `start`.
    fn annual_factor(&self, source: &Source, start: DateTime<Utc>) -> Amounts {
        self.in_weather(source, start, self.hour_factor(source.sector, start))
    }

    /// A factor by the profiles with what the weather makes of it.
    fn in_weather(&self, source: &Source, start: DateTime<Utc>, by_profile: f64) -> Amounts {
        match &self.conditions {
            None => Amounts::all(by_profile),
            Some(conditions) => {
                conditions.factor(source.adcode, source.sector, start).zip(Amounts::all(by_profile), |c, p| c * p)
            }
        }
    }

    fn hour_factor(&self, sector: Sector, start: DateTime<Utc>) -> f64 {
        let local = beijing_local(start);
        let profile = &self.sector(sector).profile;
        profile.day_share(local.date()) * profile.hour_share(local.hour()) * 1000.0 / 3600.0
    }
}

/// [`EmissionModel::hourly_rate`] with the factors of the hour already known.
pub(super) fn rate_with(source: &Source, start: DateTime<Utc>, factors: &HourFactors) -> Amounts {
    rate(source, start, factors.of(source))
}

/// Mean rate [kg s-1] over the hour that starts at `start`; `annual_factor` [kg s-1 per t a-1] as of the source's sector then.
fn rate(source: &Source, start: DateTime<Utc>, annual_factor: Amounts) -> Amounts {
    let hour = (start, start + Duration::hours(1));
    let window = match &source.strength {
        Strength::Rate { from, to, .. } => (hour.0.max(*from), hour.1.min(*to)),
        Strength::Annual(_) | Strength::Hourly { .. } | Strength::Measured { .. } => hour,
    };
    if window.0 >= window.1 {
        return Amounts::default();
    }
    // a change or window may begin within the hour: the mean is over the pieces between such instants
    let mut instants = vec![window.0, window.1];
    instants.extend(source.changes.iter().flat_map(|c| [c.from, c.to]).filter(|t| window.0 < *t && *t < window.1));
    instants.sort_unstable();
    let mut factor = Amounts::default();
    for piece in instants.windows(2) {
        let share = seconds(piece[1] - piece[0]) / 3600.0;
        factor = factor.zip(source.activity_at(piece[0]), |sum, activity| sum + share * activity);
    }
    strength_in(&source.strength, start, (annual_factor, factor))
}

/// Rate [kg s-1] in the hour that starts at `start`, while it emits: the estimate by the factor of its sector and that of its changes, which
/// do not change what was measured.
fn strength_in(strength: &Strength, start: DateTime<Utc>, (by_sector, changed): (Amounts, Amounts)) -> Amounts {
    let product = |a: Amounts, b: Amounts| a.zip(b, |a, b| a * b);
    let estimate = |annual: &Amounts| product(product(*annual, by_sector), changed);
    match strength {
        Strength::Annual(annual) => estimate(annual),
        Strength::Measured { annual, hours } => {
            hours.get(&start).map_or(estimate(annual), |measured| measured.instead_of(estimate(annual)))
        }
        Strength::Rate { kg_s, .. } => product(*kg_s, changed),
        Strength::Hourly { from, kg_s } => {
            let hour = usize::try_from((start - *from).num_hours()).ok().filter(|_| start >= *from);
            product(hour.and_then(|h| kg_s.get(h)).copied().unwrap_or_default(), changed)
        }
    }
}

fn seconds(d: Duration) -> f64 {
    d.num_milliseconds() as f64 / 1000.0
}

fn overlap_s(a: (DateTime<Utc>, DateTime<Utc>), b: (DateTime<Utc>, DateTime<Utc>)) -> f64 {
    seconds(a.1.min(b.1) - a.0.max(b.0)).max(0.0)
}
