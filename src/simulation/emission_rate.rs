//! What a source emits in an hour and on a day: its strength by the profiles of its sector and the weather, with its changes in force.

use super::emission::EmissionModel;
use crate::calendar::{beijing_local, end_of_beijing_hour};
use crate::domain::source::{Amounts, Sector, Source, Strength, YearPart};
use chrono::{DateTime, Duration, NaiveDate, Timelike, Utc};

/// The shares of one hour, per second of it, in kg of a tonne.
pub(super) struct HourParts<'m> {
    by_sector: [YearPart; Sector::ALL.len()],
    model: &'m EmissionModel,
}

impl EmissionModel {
    /// Amounts [t d-1] that a source emits on a Beijing day, without its changes.
    pub fn daily_amounts(&self, source: &Source, day: NaiveDate) -> Amounts {
        let end = end_of_beijing_hour(day, 24);
        match &source.strength {
            Strength::Annual(_) | Strength::Monthly(_) => {
                let profile = &self.sector(source.sector).profile;
                let weather = match &self.conditions {
                    None => Amounts::all(1.0),
                    Some(conditions) => (0..24u8).fold(Amounts::default(), |sum, h| {
                        let start = end - Duration::hours(24 - i64::from(h));
                        let of_hour = conditions.factor(source.adcode, source.sector, start);
                        sum.zip(of_hour, |sum, f| sum + profile.hour_share(u32::from(h)) * f)
                    }),
                };
                source.strength.in_part(profile.day_part(day), weather).unwrap_or_default()
            }
            Strength::Rate { kg_s, from, to } => {
                let seconds = overlap_s((*from, *to), (end - Duration::hours(24), end));
                kg_s.zip(Amounts::all(seconds / 1000.0), |r, t| r * t)
            }
            Strength::Hourly { .. } | Strength::Measured { .. } => {
                let hours = (0..24).map(|h| end - Duration::hours(24 - h));
                hours.fold(Amounts::default(), |sum, start| {
                    let part = self.hour_part(source.sector, start);
                    let rate = self.emitting(source, start, (part, Amounts::all(1.0)));
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
        self.rate(source, start, self.hour_part(source.sector, start))
    }

    /// The shares of all sectors in the hour that starts at `start`.
    pub(super) fn hour_parts(&self, start: DateTime<Utc>) -> HourParts<'_> {
        HourParts { by_sector: Sector::ALL.map(|s| self.hour_part(s, start)), model: self }
    }

    fn hour_part(&self, sector: Sector, start: DateTime<Utc>) -> YearPart {
        let local = beijing_local(start);
        let profile = &self.sector(sector).profile;
        profile.day_part(local.date()).times(profile.hour_share(local.hour())).times(1000.0 / 3600.0)
    }

    /// Rate [kg s-1] in the hour that starts at `start`, while it emits: by the part of its sector and the factor of its changes, which do not
    /// change what was measured.
    fn emitting(&self, source: &Source, start: DateTime<Utc>, (part, changed): (YearPart, Amounts)) -> Amounts {
        let under = |rate: Amounts| rate.zip(changed, |rate, factor| rate * factor);
        let weather = match &self.conditions {
            None => Amounts::all(1.0),
            Some(conditions) => conditions.factor(source.adcode, source.sector, start),
        };
        let estimate = under(source.strength.in_part(part, weather).unwrap_or_default());
        match &source.strength {
            Strength::Annual(_) | Strength::Monthly(_) => estimate,
            Strength::Measured { hours, .. } => hours.get(&start).map_or(estimate, |m| m.instead_of(estimate)),
            Strength::Rate { kg_s, .. } => under(*kg_s),
            Strength::Hourly { from, kg_s } => {
                let hour = usize::try_from((start - *from).num_hours()).ok().filter(|_| start >= *from);
                under(hour.and_then(|h| kg_s.get(h)).copied().unwrap_or_default())
            }
        }
    }

    /// Mean rate [kg s-1] over the hour that starts at `start`; `part` is that of the source's sector then.
    fn rate(&self, source: &Source, start: DateTime<Utc>, part: YearPart) -> Amounts {
        let hour = (start, start + Duration::hours(1));
        let window = match &source.strength {
            Strength::Rate { from, to, .. } => (hour.0.max(*from), hour.1.min(*to)),
            Strength::Annual(_) | Strength::Monthly(_) | Strength::Hourly { .. } | Strength::Measured { .. } => hour,
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
        self.emitting(source, start, (part, factor))
    }
}

/// [`EmissionModel::hourly_rate`] with the shares of the hour already known.
pub(super) fn rate_with(source: &Source, start: DateTime<Utc>, parts: &HourParts) -> Amounts {
    parts.model.rate(source, start, parts.by_sector[source.sector as usize])
}

fn seconds(d: Duration) -> f64 {
    d.num_milliseconds() as f64 / 1000.0
}

fn overlap_s(a: (DateTime<Utc>, DateTime<Utc>), b: (DateTime<Utc>, DateTime<Utc>)) -> f64 {
    seconds(a.1.min(b.1) - a.0.max(b.0)).max(0.0)
}
