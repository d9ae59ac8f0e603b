//! What is known at the hour of issue about the PM2.5 of a station some hours later.
//!
//! **Invariant:** observed air enters up to the hour of issue only; weather up to the hour of issue, or, as a perfect forecast of it, up to
//! the valid hour and never beyond. **Why:** skill measured with more than that could not be had in any night.

use super::hourly_series::HourlySeries;
use super::table::FeatureTable;
use crate::domain::station_record::{StationPanel, Variable};
use chrono::{Datelike, Timelike};
use std::f32::consts::TAU;

/// Which weather of the hours after issue is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeatherAhead {
    /// None.
    None,
    /// The observed one, in place of a forecast: perfect prognosis.
    Perfect,
}

/// One case: which station, the hour of issue and the hours ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    pub station: usize,
    /// Index of the hour of issue in the panel.
    pub issue: usize,
    /// Hours from issue to the valid hour, >= 1.
    pub lead: usize,
}

/// Prepared series of a panel.
pub struct StationFeatures<'p> {
    panel: &'p StationPanel,
    weather: WeatherAhead,
    /// `own[station][variable]`, wind speed and direction as in the panel, then relative humidity.
    own: Vec<Vec<HourlySeries>>,
    /// The mean over all stations, same order.
    all: Vec<HourlySeries>,
}

/// Place of the relative humidity behind the variables of the panel.
const HUMIDITY: usize = Variable::ALL.len();
/// A wind that clears the air [m s-1].
const FRESH_WIND: f32 = 3.0;

/// Takes features one after the other: their names or their values.
trait Sink {
    fn put(&mut self, name: impl FnOnce() -> String, value: f32);
}

impl Sink for Vec<String> {
    fn put(&mut self, name: impl FnOnce() -> String, _: f32) {
        self.push(name());
    }
}

impl Sink for Vec<f32> {
    fn put(&mut self, _: impl FnOnce() -> String, value: f32) {
        self.push(value);
    }
}

impl<'p> StationFeatures<'p> {
    /// Prepares the series of a panel with at least one station.
    pub fn new(panel: &'p StationPanel, weather: WeatherAhead) -> Self {
        let mut own: Vec<Vec<Vec<f32>>> = Vec::new();
        for station in &panel.stations {
            let mut series: Vec<Vec<f32>> = Variable::ALL.iter().map(|v| station.of(*v).to_vec()).collect();
            let pairs = station.of(Variable::Temperature).iter().zip(station.of(Variable::DewPoint));
            series.push(pairs.map(|(t, d)| relative_humidity(*t, *d)).collect());
            own.push(series);
        }
        let all = (0..=HUMIDITY)
            .map(|v| HourlySeries::new((0..panel.hours).map(|h| mean(own.iter().map(|s| s[v][h]))).collect()))
            .collect();
        let own = own.into_iter().map(|s| s.into_iter().map(HourlySeries::new).collect()).collect();
        Self { panel, weather, own, all }
    }

    /// Names of the features.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        self.visit(Case { station: 0, issue: 0, lead: 1 }, &mut names);
        names
    }

    /// A table with one row per case.
    pub fn table(&self, cases: &[Case]) -> FeatureTable {
        let mut table = FeatureTable::new(self.names());
        let mut row: Vec<f32> = Vec::with_capacity(table.columns());
        for case in cases {
            row.clear();
            self.visit(*case, &mut row);
            table.push(&row);
        }
        table
    }

    fn visit(&self, case: Case, out: &mut impl Sink) {
        let issue = case.issue as i64;
        self.calendar(case, out);
        self.particles(case, out);
        for v in [Variable::Pm10, Variable::So2, Variable::No2, Variable::Co, Variable::O3] {
            let series = &self.own[case.station][v as usize];
            for back in [0, 1, 3, 6] {
                out.put(|| format!("{}_{back}h_ago", v.name()), series.at(issue - back));
            }
            for window in [6, 24, 72] {
                out.put(|| format!("{}_mean_{window}h", v.name()), series.mean(issue, window));
            }
        }
        self.neighbours(case, out);
        self.weather_at(case.station, issue, "issue", out);
        if self.weather == WeatherAhead::Perfect {
            self.weather_at(case.station, issue + case.lead as i64, "valid", out);
            self.weather_between(case, out);
        }
    }

    fn calendar(&self, case: Case, out: &mut impl Sink) {
        let valid = self.panel.stamp(case.issue + case.lead);
        let hour = valid.hour() as f32;
        // in steps of a month: finer ones tell the days of a training year apart, and their weather is learnt by heart
        let year = valid.month0() as f32 / 12.0 * TAU;
        out.put(|| "station".into(), case.station as f32);
        out.put(|| "hour".into(), hour);
        out.put(|| "hour_sine".into(), (hour / 24.0 * TAU).sin());
        out.put(|| "hour_cosine".into(), (hour / 24.0 * TAU).cos());
        out.put(|| "year_sine".into(), year.sin());
        out.put(|| "year_cosine".into(), year.cos());
        out.put(|| "weekday".into(), valid.weekday().num_days_from_monday() as f32);
    }

    fn particles(&self, case: Case, out: &mut impl Sink) {
        let (issue, pm) = (case.issue as i64, &self.own[case.station][Variable::Pm25 as usize]);
        for back in [0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 21, 22, 23, 24, 48, 72] {
            out.put(|| format!("pm25_{back}h_ago"), pm.at(issue - back));
        }
        // the latest observed hours at the clock time of the valid hour
        let same = issue + case.lead as i64 - 24 * case.lead.div_ceil(24) as i64;
        out.put(|| "pm25_same_clock_hour".into(), pm.at(same));
        out.put(|| "pm25_same_clock_3h_mean".into(), pm.mean((same + 1).min(issue), 3));
        for window in [3, 6, 12, 24, 72, 168] {
            out.put(|| format!("pm25_mean_{window}h"), pm.mean(issue, window));
        }
        for window in [6, 24, 72] {
            let (low, high) = pm.range(issue, window);
            out.put(|| format!("pm25_lowest_{window}h"), low);
            out.put(|| format!("pm25_highest_{window}h"), high);
        }
        for hours in [1, 3, 6, 12, 24] {
            out.put(|| format!("pm25_change_{hours}h"), pm.change(issue, hours));
        }
        let coarse = self.own[case.station][Variable::Pm10 as usize].at(issue);
        out.put(|| "pm25_share_of_pm10".into(), pm.at(issue) / coarse.max(1.0));
    }

    fn neighbours(&self, case: Case, out: &mut impl Sink) {
        let (issue, v) = (case.issue as i64, Variable::Pm25 as usize);
        let others =
            |at: i64| self.own.iter().enumerate().filter(|(s, _)| *s != case.station).map(move |(_, o)| o[v].at(at));
        let now = mean(others(issue));
        out.put(|| "others_pm25_now".into(), now);
        let (low, high) = others(issue).fold((f32::NAN, f32::NAN), |(l, h), x| (l.min(x), h.max(x)));
        out.put(|| "others_pm25_lowest".into(), low);
        out.put(|| "others_pm25_highest".into(), high);
        out.put(|| "pm25_less_others".into(), self.own[case.station][v].at(issue) - now);
        let all = &self.all[v];
        for back in [1, 2, 3, 6, 12, 24] {
            out.put(|| format!("all_pm25_{back}h_ago"), all.at(issue - back));
        }
        for hours in [1, 3, 6, 12] {
            out.put(|| format!("all_pm25_change_{hours}h"), all.change(issue, hours));
        }
        for window in [24, 72] {
            out.put(|| format!("all_pm25_mean_{window}h"), all.mean(issue, window));
        }
        for (s, name) in self.panel.stations.iter().map(|s| &s.name).enumerate() {
            out.put(|| format!("pm25_now_{name}"), self.own[s][v].at(issue));
        }
    }

    /// Weather at an hour and over the hours before it.
    fn weather_at(&self, station: usize, end: i64, when: &str, out: &mut impl Sink) {
        let own = &self.own[station];
        for v in Variable::WEATHER {
            out.put(|| format!("{}_{when}", v.name()), own[v as usize].at(end));
        }
        out.put(|| format!("humidity_{when}"), own[HUMIDITY].at(end));
        let depression = own[Variable::Temperature as usize].at(end) - own[Variable::DewPoint as usize].at(end);
        out.put(|| format!("dew_point_depression_{when}"), depression);
        for window in [3, 6, 12, 24, 48] {
            for v in [
                Variable::WindEast,
                Variable::WindNorth,
                Variable::WindSpeed,
                Variable::DewPoint,
                Variable::Temperature,
            ] {
                let name = || format!("{}_mean_{window}h_{when}", v.name());
                out.put(name, self.all[v as usize].mean(end, window));
            }
            out.put(|| format!("humidity_mean_{window}h_{when}"), self.all[HUMIDITY].mean(end, window));
            let rain = self.all[Variable::Rain as usize].mean(end, window) * window as f32;
            out.put(|| format!("rain_{window}h_{when}"), rain);
        }
        for hours in [3, 12, 24] {
            let p = self.all[Variable::Pressure as usize].change(end, hours);
            out.put(|| format!("pressure_change_{hours}h_{when}"), p);
            let t = self.all[Variable::Temperature as usize].change(end, hours);
            out.put(|| format!("temperature_change_{hours}h_{when}"), t);
            let d = self.all[Variable::DewPoint as usize].change(end, hours);
            out.put(|| format!("dew_point_change_{hours}h_{when}"), d);
        }
        let north = &self.all[Variable::WindNorth as usize];
        out.put(|| format!("hours_since_southerly_{when}"), north.since(end, 72, |v| v > 0.0));
        out.put(|| format!("hours_since_northerly_{when}"), north.since(end, 72, |v| v < 0.0));
        let speed = &self.all[Variable::WindSpeed as usize];
        out.put(|| format!("hours_since_fresh_wind_{when}"), speed.since(end, 96, |v| v > FRESH_WIND));
        let rain = &self.all[Variable::Rain as usize];
        out.put(|| format!("hours_since_rain_{when}"), rain.since(end, 96, |v| v > 0.1));
    }

    /// Weather along the way from issue to the valid hour.
    fn weather_between(&self, case: Case, out: &mut impl Sink) {
        let lead = case.lead as i64;
        let end = case.issue as i64 + lead;
        for v in Variable::WEATHER {
            let series = &self.all[v as usize];
            out.put(|| format!("{}_mean_ahead", v.name()), series.mean(end, lead));
            if v != Variable::Rain {
                out.put(|| format!("{}_change_ahead", v.name()), series.change(end, lead));
            }
        }
        out.put(|| "humidity_mean_ahead".into(), self.all[HUMIDITY].mean(end, lead));
        let (low, high) = self.all[Variable::WindSpeed as usize].range(end, lead);
        out.put(|| "lowest_wind_ahead".into(), low);
        out.put(|| "highest_wind_ahead".into(), high);
        let (low, high) = self.all[Variable::WindNorth as usize].range(end, lead);
        out.put(|| "strongest_northerly_ahead".into(), low);
        out.put(|| "strongest_southerly_ahead".into(), high);
        let (low, high) = self.all[Variable::DewPoint as usize].range(end, lead);
        out.put(|| "lowest_dew_point_ahead".into(), low);
        out.put(|| "highest_dew_point_ahead".into(), high);
    }
}

/// Mean of the values that are there; NaN without any.
fn mean(values: impl Iterator<Item = f32>) -> f32 {
    let (sum, count) = values.filter(|v| v.is_finite()).fold((0.0f64, 0u32), |(s, n), v| (s + f64::from(v), n + 1));
    if count == 0 { f32::NAN } else { (sum / f64::from(count)) as f32 }
}

/// Relative humidity [%] from temperature and dew point [degC] by the Magnus formula of Alduchov and Eskridge (1996).
fn relative_humidity(temperature: f32, dew_point: f32) -> f32 {
    let pressure = |t: f32| (17.625 * t / (243.04 + t)).exp();
    100.0 * pressure(dew_point) / pressure(temperature)
}
