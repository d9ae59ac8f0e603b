//! Observations of a night: which stations, which values are sound, and what is assimilated of them.

use super::inputs::NightInputs;
use crate::assimilation::analyst::SurfaceAnalyst;
use crate::assimilation::observed::Observed;
use crate::assimilation::quality;
use crate::assimilation::report::{AssimilationReport, pairs, scores};
use crate::domain::daily;
use crate::domain::grid::Grid;
use crate::domain::observation::Observation;
use crate::domain::pollutant::Concentrations;
use crate::error::{Rejection, Result};
use crate::forecast::ObservedHour;
use crate::input::{observations_csv, stations_csv};
use crate::setup::Setup;
use crate::simulation::history::History;
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeMap;

/// Hours of the counties that have a station, by area code.
type HoursByCounty = BTreeMap<u32, Vec<ObservedHour>>;

impl NightInputs {
    /// The sound hours up to the cycle: what ends after it is not known when the forecast is made.
    pub(super) fn read_observations(&mut self, setup: &Setup) -> Result<()> {
        let cycle = self.cycle;
        self.read_hours(setup, |end| end <= cycle)?;
        if self.observed.is_empty() && !setup.config.inputs.observations.is_empty() && !setup.region.stations.is_empty()
        {
            self.degraded.push(format!("no station observed up to {cycle}: no correction by observations"));
        }
        Ok(())
    }

    /// The sound hours of the counties after `cycle`, which no forecast may see, and what was refused: for the account after an episode.
    ///
    /// # Errors
    /// As those of a night.
    pub(super) fn observed_after(setup: &Setup, cycle: DateTime<Utc>) -> Result<(HoursByCounty, Vec<Rejection>)> {
        let mut later = Self::none(setup);
        later.read_hours(setup, |end| end > cycle)?;
        Ok(later.sound())
    }

    /// The sound hours of the counties of any time, and what was refused: for the training.
    ///
    /// # Errors
    /// As those of a night.
    pub(super) fn sound_hours(setup: &Setup) -> Result<(HoursByCounty, Vec<Rejection>)> {
        let mut all = Self::none(setup);
        all.read_hours(setup, |_| true)?;
        Ok(all.sound())
    }

    /// The hours, and what was refused; also that they could not be checked.
    fn sound(mut self) -> (HoursByCounty, Vec<Rejection>) {
        if self.unchecked() {
            self.rejections.push(quality::not_checked());
        }
        (self.observed, self.rejections)
    }

    fn unchecked(&self) -> bool {
        self.quality.is_none() && !self.observations.is_empty()
    }

    fn read_hours(&mut self, setup: &Setup, wanted: impl Fn(DateTime<Utc>) -> bool) -> Result<()> {
        let own: Vec<String> = setup.region.stations.iter().map(|s| s.code.clone()).collect();
        self.places = setup.region.stations.iter().map(|s| (s.code.clone(), (s.lon, s.lat))).collect();
        self.read_stations(setup)?;
        let files =
            self.take_optional("observations", &setup.config.inputs.observations, "no correction by observations")?;
        for path in files {
            let mut stations = own.clone();
            // other stations need not be in every file
            if let Ok(codes) = observations_csv::codes(&path) {
                stations.extend(codes.into_iter().filter(|c| self.places.contains_key(c) && !own.contains(c)));
            }
            let accepted = observations_csv::read(&path, &stations);
            if let Some(values) = self.accept_optional("observations", &path, accepted) {
                self.observations.extend(values);
            }
        }
        self.observations.retain(|o| wanted(o.end));
        self.observations.sort_by(|a, b| (a.end, &a.station, a.pollutant).cmp(&(b.end, &b.station, b.pollutant)));
        self.control_quality(setup);
        let mut by_county: BTreeMap<u32, Vec<Observation>> = BTreeMap::new();
        for o in &self.observations {
            if let Some(station) = setup.region.stations.iter().find(|s| s.code == o.station) {
                by_county.entry(station.adcode).or_default().push(o.clone());
            }
        }
        let hours = |observations: &Vec<Observation>| {
            let means = daily::mean_of_stations(observations).into_iter();
            means.map(|(end, concentrations)| ObservedHour { end, concentrations }).collect()
        };
        self.observed = by_county.iter().map(|(adcode, observations)| (*adcode, hours(observations))).collect();
        Ok(())
    }

    /// Positions of stations beside the region's own.
    fn read_stations(&mut self, setup: &Setup) -> Result<()> {
        let given = setup.config.inputs.stations.as_slice();
        for path in self.take_optional("stations", given, "the region's own stations only")? {
            for station in self.accept_optional("stations", &path, stations_csv::read(&path)).unwrap_or_default() {
                self.places.entry(station.code).or_insert(station.place);
            }
        }
        Ok(())
    }

    /// Takes out what is rejected; the report says what it was.
    fn control_quality(&mut self, setup: &Setup) {
        let place = |code: &str| self.places.get(code).copied();
        self.quality = quality::take_out_rejected(&mut self.observations, &place, &setup.quality);
        if self.unchecked() {
            self.degraded.push(format!("observations: {}", quality::not_checked().found));
        }
    }

    /// The analyst of the night, where the configuration asks for one and there is something to analyse.
    pub fn analyst<'s>(&self, setup: &'s Setup) -> Option<SurfaceAnalyst<'s>> {
        let settings = setup.assimilation.as_ref()?;
        let start = self.start(&setup.config);
        let from = (self.cycle - Duration::hours(i64::from(settings.hours))).max(start);
        let due =
            |end: DateTime<Utc>| end > from && (self.cycle - end).num_hours() % i64::from(settings.every_hours) == 0;
        let mut hours: BTreeMap<DateTime<Utc>, BTreeMap<&str, Concentrations<f64>>> = BTreeMap::new();
        for o in self.observations.iter().filter(|o| due(o.end)) {
            hours.entry(o.end).or_default().entry(&o.station).or_default().set(o.pollutant, Some(o.value));
        }
        let observed = |(station, concentrations): (&str, Concentrations<f64>)| {
            self.places.get(station).map(|place| Observed { place: *place, concentrations })
        };
        let hours: BTreeMap<DateTime<Utc>, Vec<Observed>> = hours
            .into_iter()
            .map(|(end, stations)| (end, stations.into_iter().filter_map(observed).collect()))
            .collect();
        (!hours.is_empty()).then(|| SurfaceAnalyst::new(settings, hours))
    }
}

/// What the analyses of a night did on its grid, from the run that made them.
pub(super) fn report(
    analyst: &SurfaceAnalyst,
    grid: &Grid,
    history: &History,
    factors_sha256: String,
) -> AssimilationReport {
    let pairs = pairs(analyst, grid, history);
    let hours = analyst.hours().filter(|end| history.ends.contains(end)).count();
    AssimilationReport { hours, components: scores(&pairs), factors_sha256 }
}
