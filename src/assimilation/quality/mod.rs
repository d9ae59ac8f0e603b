//! Quality control of hourly observations: flags beside the values, one file per test.
//!
//! ```text
//!   range -> (companions) -> stuck, spike and neighbours, 24-h calibration -> PM10 < PM2.5 -> isolated -> episodes keep what is only unusual
//! ```
//!
//! **Invariant:** no value is changed or deleted, and a real episode (PM2.5 of 250 ug m-3 and more at two stations) is never rejected for being
//! unusual. **Why:** the hours that matter most for a warning are the most unusual ones.
//!
//! # Reference
//! Wu, H. et al. 2018, Adv. Atmos. Sci. 35, 1522-1532: kinds of outliers and their detection by residuals.

mod calibration;
mod companions;
mod excursion;
mod isolated;
mod particle_order;
mod range;
pub mod rules;
mod series;
mod stuck;

use crate::domain::grid::distance_m;
use crate::domain::network::NetworkHours;
use crate::domain::observation::Observation;
use crate::domain::pollutant::Pollutant;
use crate::domain::quality::{Fault, Flag, QualityReport, Verdict};
use crate::error::Rejection;
use companions::Residuals;
use excursion::Seen;
use rules::QualityRules;
use series::LogSeries;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Hours beside a window that help to judge its rim.
const MARGIN: usize = 24;

/// Degrees east and north of stations by their codes, where they are known.
pub type Places<'p> = &'p dyn Fn(&str) -> Option<(f64, f64)>;

/// Flags all values of a network that look wrong, by station, hour, pollutant and fault.
pub fn check(network: &NetworkHours, places: Places, rules: &QualityRules) -> Vec<Flag> {
    let places: Vec<Option<(f64, f64)>> = network.stations().iter().map(|s| places(s)).collect();
    let mut control = Control { network, places, rules, marks: BTreeMap::new(), scores: Default::default() };
    for pollutant in Pollutant::ALL {
        control.one_pollutant(pollutant);
    }
    control.keep_episodes();
    control.particle_order();
    control.isolated();
    control.flags()
}

/// Takes the values that are [`check`]ed as wrong out of observations, and says what they were. `None` without observations, and where they
/// span too many hours to be checked: none is taken out then.
pub fn take_out_rejected(
    observations: &mut Vec<Observation>,
    places: Places,
    rules: &QualityRules,
) -> Option<QualityReport> {
    let network = NetworkHours::of(observations)?;
    let flags = check(&network, places, rules);
    let rejected: BTreeSet<_> = flags
        .iter()
        .filter(|f| f.verdict == Verdict::Rejected)
        .map(|f| (f.end, f.station.as_str(), f.pollutant))
        .collect();
    observations.retain(|o| !rejected.contains(&(o.end, o.station.as_str(), o.pollutant)));
    Some(QualityReport::new(network.count(), &flags))
}

/// What stands among the refusals where observations could not be checked.
pub fn not_checked() -> Rejection {
    Rejection {
        file: "observations".into(),
        place: "quality control".into(),
        found: "hours that are too far apart (a wrong date?): no value was checked".into(),
        expected: "hours of a few years".into(),
        by_design: false,
    }
}

/// Station, hour, pollutant.
type Place = (usize, usize, Pollutant);

struct Control<'a> {
    network: &'a NetworkHours,
    places: Vec<Option<(f64, f64)>>,
    rules: &'a QualityRules,
    marks: BTreeMap<(Place, Fault), Verdict>,
    /// Residuals in spreads, by pollutant, `[station][hour]`; NaN where there are none.
    scores: [Vec<f32>; 6],
}

impl Control<'_> {
    fn mark(&mut self, place: Place, fault: Fault, verdict: Verdict) {
        let kept = self.marks.entry((place, fault)).or_insert(verdict);
        *kept = (*kept).max(verdict);
    }

    fn rejected(&self, place: Place) -> bool {
        Fault::ALL.into_iter().any(|f| self.marks.get(&(place, f)) == Some(&Verdict::Rejected))
    }

    fn one_pollutant(&mut self, pollutant: Pollutant) {
        let network = self.network;
        let Some(values) = network.of_pollutant(pollutant) else { return };
        let (hours, rules) = (network.hours(), self.rules.of(pollutant));
        let usable: Vec<bool> = values.iter().map(|v| v.is_finite() && !range::outside(*v, rules)).collect();
        for (i, _) in values.iter().enumerate().filter(|(i, v)| v.is_finite() && !usable[*i]) {
            self.mark((i / hours, i % hours, pollutant), Fault::Range, Verdict::Rejected);
        }
        self.scores[pollutant as usize] = vec![f32::NAN; values.len()];
        let step = self.rules.companions.window_hours;
        for from in (0..hours).step_by(step) {
            let inside = from..hours.min(from + step);
            self.window(pollutant, values, &usable, inside);
        }
    }

    /// The tests by the hours around and the companions, for the hours `inside`.
    fn window(&mut self, pollutant: Pollutant, values: &[f32], usable: &[bool], inside: Range<usize>) {
        let (hours, all, rules) = (self.network.hours(), self.rules, self.rules.of(pollutant));
        let window = inside.start.saturating_sub(MARGIN)..hours.min(inside.end + MARGIN);
        let series = LogSeries::new(values, hours, window.clone(), rules.offset, &|i| usable[i]);
        let residuals = Residuals::new(&series, &self.places, &all.companions, rules.spread);
        let mut found: Vec<(usize, usize, Fault, Verdict)> = Vec::new();
        for station in 0..series.stations {
            let seen = Seen {
                values: series.of(station),
                residuals: residuals.of(station),
                spread: residuals.spread(station),
                floor: rules.spread,
            };
            let own: Vec<f32> = window
                .clone()
                .map(|h| station * hours + h)
                .map(|i| if usable[i] { values[i] } else { f32::NAN })
                .collect();
            let said = (residuals.foretold(station), seen.spread);
            stuck::stuck(&own, said, &all.stuck, rules, &mut |h, v| found.push((station, h, Fault::Stuck, v)));
            excursion::excursions(&seen, &all.excursion, &mut |h, f, v| found.push((station, h, f, v)));
            let rejected = Verdict::Rejected;
            calibration::calibrations(&seen, &all.calibration, &mut |h| {
                found.push((station, h, Fault::Calibration, rejected));
            });
            if let Some(spread) = seen.spread {
                let to = station * hours + window.start;
                let scores = seen.residuals.iter().map(|e| e / spread);
                self.scores[pollutant as usize][to..][..window.len()].iter_mut().zip(scores).for_each(|(s, e)| *s = e);
            }
        }
        for (station, hour, fault, verdict) in found {
            let hour = window.start + hour;
            if inside.contains(&hour) {
                self.mark((station, hour, pollutant), fault, verdict);
            }
        }
    }

    /// What two stations near each other show, or two instruments of one station, is no fault of one: it becomes suspect.
    fn keep_episodes(&mut self) {
        let unusual = |f: &Fault| matches!(f, Fault::Spike | Fault::Neighbours | Fault::Calibration);
        let rejected: Vec<(Place, Fault)> = self
            .marks
            .iter()
            .filter(|((_, fault), verdict)| unusual(fault) && **verdict == Verdict::Rejected)
            .map(|(key, _)| *key)
            .collect();
        let smoke: Vec<(Place, Fault)> = rejected.iter().filter(|(place, _)| self.is_smoke(*place)).copied().collect();
        let episode = |((station, hour, pollutant), _): &&(Place, Fault)| {
            *pollutant == Pollutant::Pm25 && self.is_episode(*station, *hour)
        };
        let kept: Vec<(Place, Fault)> = rejected.iter().filter(episode).chain(&smoke).copied().collect();
        for key in kept {
            self.marks.insert(key, Verdict::Suspect);
        }
    }

    /// Whether both particle instruments of a station stand out upward in an hour: smoke and dust pass one station before the others.
    fn is_smoke(&self, (station, hour, pollutant): Place) -> bool {
        let high = |p: Pollutant| {
            let scores = &self.scores[p as usize];
            scores.get(station * self.network.hours() + hour).is_some_and(|s| *s >= self.rules.episode.both_score)
        };
        matches!(pollutant, Pollutant::Pm25 | Pollutant::Pm10) && high(Pollutant::Pm25) && high(Pollutant::Pm10)
    }

    fn is_episode(&self, station: usize, hour: usize) -> bool {
        let (rules, network) = (&self.rules.episode, self.network);
        let p = Pollutant::Pm25;
        let Some(value) = network.get(p, station, hour).filter(|v| *v >= rules.pm25_ug_m3) else { return false };
        // two instruments of one station do not fail alike
        let both = network.get(Pollutant::Pm10, station, hour).is_some_and(|pm10| pm10 >= value);
        let shown = |other: usize| {
            let hours = hour.saturating_sub(1)..(hour + 2).min(network.hours());
            hours.filter_map(|h| network.get(p, other, h)).fold(0.0, f32::max)
        };
        let most = self.rules.of(p).largest;
        let near = (0..self.places.len()).filter(|other| *other != station && self.near(station, *other));
        both || near.map(shown).any(|v| v >= rules.pm25_ug_m3 && v <= most && value <= rules.at_most_times * v)
    }

    fn near(&self, a: usize, b: usize) -> bool {
        let rules = &self.rules.companions;
        match (self.places[a], self.places[b]) {
            (Some(a), Some(b)) => distance_m(a, b) <= rules.radius_km * 1000.0,
            _ => a.abs_diff(b) <= rules.code_neighbours,
        }
    }

    /// Of a pair out of order PM10 is the wrong one, unless PM2.5 is the one that stands out from its companions.
    fn particle_order(&mut self) {
        let network = self.network;
        let score = |control: &Self, p: Pollutant, station: usize, hour: usize| {
            let scores = &control.scores[p as usize];
            scores.get(station * network.hours() + hour).copied().filter(|s| s.is_finite()).unwrap_or(0.0)
        };
        for station in 0..network.stations().len() {
            for hour in 0..network.hours() {
                let at = |p| network.get(p, station, hour);
                let (Some(pm25), Some(pm10)) = (at(Pollutant::Pm25), at(Pollutant::Pm10)) else { continue };
                let Some(verdict) = particle_order::order(pm25, pm10, &self.rules.particle_order) else { continue };
                if self.rejected((station, hour, Pollutant::Pm25)) || self.rejected((station, hour, Pollutant::Pm10)) {
                    continue;
                }
                let fine_is_high = score(self, Pollutant::Pm25, station, hour);
                let coarse_is_low = -score(self, Pollutant::Pm10, station, hour);
                let fine = fine_is_high > self.rules.excursion.score
                    && fine_is_high > coarse_is_low
                    && !self.is_episode(station, hour);
                let culprit = if fine { Pollutant::Pm25 } else { Pollutant::Pm10 };
                self.mark((station, hour, culprit), Fault::ParticleOrder, verdict);
            }
        }
    }

    fn isolated(&mut self) {
        let (network, gap) = (self.network, self.rules.isolated.gap_hours);
        let hours = network.hours();
        for pollutant in Pollutant::ALL {
            for (i, own) in network.of_pollutant(pollutant).iter().flat_map(|v| v.chunks(hours)).enumerate() {
                for hour in (0..hours).filter(|h| own[*h].is_finite() && isolated::isolated(own, *h, gap)) {
                    self.mark((i, hour, pollutant), Fault::Isolated, Verdict::Suspect);
                }
            }
        }
    }

    fn flags(&self) -> Vec<Flag> {
        let flag = |(((station, hour, pollutant), fault), verdict): (&(Place, Fault), &Verdict)| Flag {
            station: self.network.stations()[*station].clone(),
            end: self.network.end(*hour),
            pollutant: *pollutant,
            // as observed: networks report at most three decimals
            value: (f64::from(self.network.get(*pollutant, *station, *hour).unwrap_or(f32::NAN)) * 1e3).round() / 1e3,
            fault: *fault,
            verdict: *verdict,
        };
        self.marks.iter().map(flag).collect()
    }
}
