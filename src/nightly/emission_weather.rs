//! The emission model of a night: with the holidays of its days and the weather at its counties.

use super::inputs::NightInputs;
use crate::calendar::beijing_days;
use crate::domain::holidays::DayKind;
use crate::setup::Setup;
use crate::simulation::emission_conditions::ConditionsReport;
use crate::simulation::emission_weather::CountyWeather;
use crate::simulation::place_weather::place_weather;
use chrono::Datelike;

impl NightInputs {
    /// Lets the emissions of the night follow its days and weather, and says how; a year whose holidays are unknown has its weekends only.
    pub(super) fn follow_weather(&mut self, setup: &Setup) {
        let config = &setup.config;
        let first = self.start(config);
        let hours = config.spin_up_hours + config.forecast_hours;
        let rules = &setup.emission_weather;
        let counties = setup.region.counties.iter().filter_map(|county| {
            let elevation = rules.climate(county.adcode)?.elevation_m;
            let place = (county.seat.0, county.seat.1, elevation);
            let weather = place_weather(&self.meteorology, config.frozen_meteorology, place, (first, hours))?;
            Some(CountyWeather { adcode: county.adcode, hours: weather })
        });
        let counties: Vec<CountyWeather> = if rules.enabled { counties.collect() } else { Vec::new() };
        let mut report = ConditionsReport::default();
        if !counties.is_empty() {
            let (conditions, by_day) = rules.conditions(&self.emission, &counties, first);
            self.emission.conditions = Some(conditions);
            report = by_day;
        }
        let (from, to) = beijing_days(first, hours);
        report.holidays_known = [from, to].iter().all(|d| setup.holidays.known(d.year()));
        let days = from.iter_days().take_while(|d| *d <= to);
        report.holidays = days.filter(|d| setup.holidays.kind(*d) == DayKind::Holiday).collect();
        self.emission_conditions = Some(report);
    }
}
