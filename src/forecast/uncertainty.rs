//! The 80 % interval around a forecast value: lognormal, wider with lead and where no station watches.

use super::correction::{Correction, CorrectionParameters, LEAD_DAYS, lead_class};
use super::leave_one_out::LeaveOneOut;
use super::marginal::QUANTILE_90;
use super::members::MemberParameters;
use crate::domain::pollutant::Pollutant;
use crate::error::{Error, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Spread of ln(observed / forecast) and the parameters of the correction, from `models/uncertainty.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Uncertainty {
    pub correction: CorrectionParameters,
    /// A daily mean's spread over an hourly value's, above 0 and at most 1.
    pub daily_factor: f64,
    pub trajectories: TrajectoryParameters,
    pub members: MemberParameters,
    pub calibration: CalibrationParameters,
    /// Whether every assumed number was compared with its source.
    pub verified: bool,
    spreads: BTreeMap<Pollutant, Spread>,
    /// Spread learned from held-out residuals, per lead day; it replaces the table's.
    learned: BTreeMap<Pollutant, [f64; LEAD_DAYS]>,
    /// Spread without a station over spread with one, as past nights show it; it replaces the table's.
    elsewhere: BTreeMap<Pollutant, LeaveOneOut>,
}

/// How paths around the forecast are drawn.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrajectoryParameters {
    /// Number of paths where past nights are too few, 20 ..= 1000.
    pub members: usize,
    /// Observed past nights that paths by past errors need, 20 ..= 200, and the most that are used, up to 500: one path each.
    pub nights_needed: usize,
    pub nights_at_most: usize,
    /// Part of the error's variance that all counties share, 0 ..= 1.
    pub regional_share: f64,
    source: String,
    verified: bool,
}

/// When chances of levels are set right by what came after earlier ones.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationParameters {
    /// Events of a level, and forecasts of it without one, that are needed, 10 or more.
    pub events_needed: usize,
    source: String,
    verified: bool,
}

/// Spread of one pollutant by lead day 1..=5.
#[derive(Debug, Clone, PartialEq)]
struct Spread {
    station: [f64; LEAD_DAYS],
    no_station: [f64; LEAD_DAYS],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    correction: CorrectionParameters,
    interval: RawInterval,
    trajectories: TrajectoryParameters,
    members: MemberParameters,
    calibration: CalibrationParameters,
    sigma: Vec<RawSigma>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawInterval {
    daily_factor: f64,
    source: String,
    verified: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSigma {
    pollutant: Pollutant,
    station: Vec<f64>,
    no_station: Vec<f64>,
    source: String,
    verified: bool,
}

impl Uncertainty {
    /// The parameters from the text of `models/uncertainty.toml`; `origin` is the path shown in errors.
    ///
    /// # Errors
    /// `Invalid` naming the field: unknown keys, a pollutant missing or twice, a spread that is not positive, falls with lead or is smaller
    /// without a station, parameters outside their ranges, an entry without a source.
    pub fn from_toml(text: &str, origin: impl AsRef<Path>) -> Result<Self> {
        let origin = origin.as_ref();
        let raw: Raw = toml::from_str(text)
            .map_err(|e| Error::invalid(origin, "TOML", e.to_string().trim().to_owned(), "uncertainty parameters"))?;
        check_correction(origin, &raw.correction)?;
        let daily_factor = raw.interval.daily_factor;
        if !(daily_factor > 0.0 && daily_factor <= 1.0) {
            return Err(Error::invalid(
                origin,
                "interval.daily_factor",
                daily_factor.to_string(),
                "above 0, at most 1",
            ));
        }
        sourced(origin, "interval.source", &raw.interval.source)?;
        check_trajectories(origin, &raw.trajectories)?;
        raw.members.check(origin)?;
        let events_needed = raw.calibration.events_needed;
        if events_needed < 10 {
            let found = events_needed.to_string();
            return Err(Error::invalid(origin, "calibration.events_needed", found, "10 or more"));
        }
        sourced(origin, "calibration.source", &raw.calibration.source)?;
        let assumed = raw.trajectories.verified && raw.members.verified && raw.calibration.verified;
        let verified = raw.interval.verified && assumed && raw.sigma.iter().all(|s| s.verified);
        let mut spreads = BTreeMap::new();
        for entry in raw.sigma {
            let (pollutant, field) = (entry.pollutant, format!("sigma.{}", entry.pollutant.name()));
            if spreads.insert(pollutant, spread(origin, &field, entry)?).is_some() {
                return Err(Error::invalid(origin, field, "two entries", "one entry per pollutant"));
            }
        }
        if let Some(p) = Pollutant::ALL.into_iter().find(|p| !spreads.contains_key(p)) {
            return Err(Error::invalid(origin, format!("sigma.{}", p.name()), "no entry", "every pollutant"));
        }
        Ok(Self {
            correction: raw.correction,
            daily_factor,
            trajectories: raw.trajectories,
            members: raw.members,
            calibration: raw.calibration,
            verified,
            spreads,
            learned: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
        })
    }

    /// Takes the spread of a correction's pollutant from its held-out residuals. It never shrinks with lead.
    pub fn learn(&mut self, correction: &Correction) {
        let mut widest = 0.0;
        let sigma = correction.residual_sigma.map(|s| {
            widest = s.max(widest);
            widest
        });
        self.learned.insert(correction.pollutant, sigma);
    }

    /// Takes how much wider a pollutant's spread is where no station watches.
    pub fn learn_elsewhere(&mut self, pollutant: Pollutant, ratio: LeaveOneOut) {
        self.elsewhere.insert(pollutant, ratio);
    }

    /// Spread of ln(observed / forecast) [1] at a lead hour. Beyond day 5 the last day's growth goes on.
    pub fn sigma(&self, pollutant: Pollutant, lead_hour: i32, has_station: bool, daily: bool) -> f64 {
        let table = &self.spreads[&pollutant];
        let class = lead_class(lead_hour);
        let station = self.learned.get(&pollutant).unwrap_or(&table.station);
        // residuals are measured at stations: elsewhere a ratio widens them, as stations left out in turn show it, or the table's
        let assumed = |class: usize| table.no_station[class] / table.station[class];
        let elsewhere = |class: usize| self.elsewhere.get(&pollutant).map_or_else(|| assumed(class), |l| l.ratio);
        let last = LEAD_DAYS - 1;
        let days_beyond = (lead_hour.max(1) - 1) / 24 - class as i32;
        let base = station[class] + f64::from(days_beyond) * (station[last] - station[last - 1]);
        let place = if has_station { 1.0 } else { elsewhere(class) };
        base * place * if daily { self.daily_factor } else { 1.0 }
    }

    /// Lower and upper end of the 80 % interval around `value`: `value exp(-+ z sigma)`, z the standard normal quantile of 0.9.
    /// `value` is the median of the forecast; `lead_hour` of a daily mean is that of its last hour.
    pub fn interval(
        &self,
        pollutant: Pollutant,
        value: f64,
        lead_hour: i32,
        has_station: bool,
        daily: bool,
    ) -> (f64, f64) {
        let factor = (QUANTILE_90 * self.sigma(pollutant, lead_hour, has_station, daily)).exp();
        (value / factor, value * factor)
    }

    /// How intervals are made, in words, for the forecast's report.
    pub fn describe(&self) -> String {
        let names: Vec<&str> = self.learned.keys().map(|p| p.name()).collect();
        let learned = if names.is_empty() { "no pollutant".to_owned() } else { names.join(", ") };
        let assumed = if self.verified { "from the literature" } else { "assumed" };
        let pm25 = &self.spreads[&Pollutant::Pm25];
        let elsewhere: Vec<String> = self
            .elsewhere
            .iter()
            .map(|(p, l)| format!("{} x {:.2} ({} counties, {} nights)", p.name(), l.ratio, l.counties, l.nights))
            .collect();
        let elsewhere = match elsewhere.as_slice() {
            [] => "assumed".to_owned(),
            measured => format!("from stations left out in turn for {}, else assumed", measured.join(", ")),
        };
        format!(
            "80 % interval, lognormal; spread of ln(observed/forecast) from held-out residuals for {learned}, else {assumed}: hourly PM2.5 \
             {:.2} on day 1 to {:.2} on day {LEAD_DAYS} with a station, {:.2} to {:.2} without; without a station {elsewhere}; \
             daily means x {:.2}",
            pm25.station[0],
            pm25.station[LEAD_DAYS - 1],
            pm25.no_station[0],
            pm25.no_station[LEAD_DAYS - 1],
            self.daily_factor
        )
    }
}

fn spread(origin: &Path, field: &str, raw: RawSigma) -> Result<Spread> {
    let list = |name: &str, values: Vec<f64>| -> Result<[f64; LEAD_DAYS]> {
        let field = format!("{field}.{name}");
        let found = format!("{values:?}");
        let values: [f64; LEAD_DAYS] = values
            .try_into()
            .map_err(|_| Error::invalid(origin, &field, &found, format!("{LEAD_DAYS} values, lead days 1 to 5")))?;
        if values.iter().any(|v| !(*v > 0.0 && *v < 3.0)) || values.windows(2).any(|w| w[1] < w[0]) {
            return Err(Error::invalid(
                origin,
                &field,
                &found,
                "values above 0 and below 3 that do not fall with lead",
            ));
        }
        Ok(values)
    };
    sourced(origin, &format!("{field}.source"), &raw.source)?;
    let spread = Spread { station: list("station", raw.station)?, no_station: list("no_station", raw.no_station)? };
    let ratio: Vec<f64> = spread.no_station.iter().zip(spread.station).map(|(n, s)| n / s).collect();
    if ratio.iter().any(|r| *r < 1.0) {
        let field = format!("{field}.no_station");
        return Err(Error::invalid(
            origin,
            field,
            format!("{:?}", spread.no_station),
            "at least the values of `station`",
        ));
    }
    Ok(spread)
}

fn check_trajectories(origin: &Path, t: &TrajectoryParameters) -> Result<()> {
    if !(20..=1000).contains(&t.members) {
        return Err(Error::invalid(origin, "trajectories.members", t.members.to_string(), "20 to 1000"));
    }
    if !(20..=200).contains(&t.nights_needed) {
        return Err(Error::invalid(origin, "trajectories.nights_needed", t.nights_needed.to_string(), "20 to 200"));
    }
    if !(t.nights_needed..=500).contains(&t.nights_at_most) {
        let expected = "from `nights_needed` to 500";
        return Err(Error::invalid(origin, "trajectories.nights_at_most", t.nights_at_most.to_string(), expected));
    }
    if !(0.0..=1.0).contains(&t.regional_share) {
        let found = t.regional_share.to_string();
        return Err(Error::invalid(origin, "trajectories.regional_share", found, "0 ..= 1"));
    }
    sourced(origin, "trajectories.source", &t.source)
}

fn check_correction(origin: &Path, c: &CorrectionParameters) -> Result<()> {
    let invalid = |field: &str, found: String, expected: &str| {
        Err(Error::invalid(origin, format!("correction.{field}"), found, expected))
    };
    if c.pairs_needed < 100 {
        return invalid("pairs_needed", c.pairs_needed.to_string(), "at least 100");
    }
    if !(c.penalty > 0.0 && c.penalty.is_finite()) {
        return invalid("penalty", c.penalty.to_string(), "above 0");
    }
    if !(0.0..=1.0).contains(&c.l1_ratio) {
        return invalid("l1_ratio", c.l1_ratio.to_string(), "0 ..= 1");
    }
    if !(0.05..=0.5).contains(&c.holdout_fraction) {
        return invalid("holdout_fraction", c.holdout_fraction.to_string(), "0.05 ..= 0.5");
    }
    if !(0.0..=240.0).contains(&c.gap_hours) {
        return invalid("gap_hours", c.gap_hours.to_string(), "0 ..= 240 h");
    }
    if !(c.largest_ratio >= 1.0 && c.largest_ratio.is_finite()) {
        return invalid("largest_ratio", c.largest_ratio.to_string(), "at least 1");
    }
    sourced(origin, "correction.source", &c.source)
}

fn sourced(origin: &Path, field: &str, source: &str) -> Result<()> {
    if source.trim().is_empty() {
        return Err(Error::invalid(origin, field, "nothing", "where the numbers come from"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::county_weather::CountyWeather;

    const MODEL: &str = include_str!("../../models/uncertainty.toml");

    fn shipped() -> Uncertainty {
        Uncertainty::from_toml(MODEL, "models/uncertainty.toml").unwrap()
    }

    /// Standard normal numbers by Box & Muller (1958) from a linear congruential generator (Knuth's MMIX constants).
    fn normals(n: usize) -> Vec<f64> {
        let mut state = 7u64;
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 11) as f64 + 0.5) / (1u64 << 53) as f64
        };
        (0..n).map(|_| (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos()).collect()
    }

    #[test]
    fn the_interval_covers_80_percent_of_lognormal_truth() {
        let u = shipped();
        for (lead, station, daily, sigma) in
            [(12, true, false, 0.55), (60, false, false, 0.80), (110, true, true, 0.75 * 0.75)]
        {
            let (lower, upper) = u.interval(Pollutant::Pm25, 80.0, lead, station, daily);
            let draws = normals(40_000);
            let inside = draws.iter().map(|z| 80.0 * (sigma * z).exp()).filter(|v| lower <= *v && *v <= upper).count();
            let coverage = inside as f64 / draws.len() as f64;
            assert!((coverage - 0.8).abs() < 0.02, "{lead} {station} {daily}: {coverage}");
        }
    }

    #[test]
    fn intervals_widen_with_lead_and_without_a_station_and_narrow_for_days() {
        let u = shipped();
        let width = |p, lead, station, daily| {
            let (lower, upper) = u.interval(p, 100.0, lead, station, daily);
            assert!(lower < 100.0 && upper > 100.0);
            upper - lower
        };
        for p in Pollutant::ALL {
            let leads = [-6, 12, 30, 60, 80, 110, 130, 240].map(|l| width(p, l, true, false));
            assert!(leads.windows(2).skip(1).all(|w| w[1] > w[0]) && leads[0] == leads[1], "{leads:?}");
            for lead in [1, 24, 25, 120, 200] {
                assert!(width(p, lead, false, false) > width(p, lead, true, false));
                assert!(width(p, lead, true, true) < width(p, lead, true, false));
            }
        }
        assert_eq!(u.interval(Pollutant::So2, 0.0, 12, true, false), (0.0, 0.0));
    }

    /// A model 1.5 times too low with noise of 0.3 in ln space: the learned spread is the noise, whatever the table says.
    #[test]
    fn spread_is_learned_from_held_out_residuals() {
        use super::super::correction::Pair;
        use chrono::{Duration, TimeZone, Utc};
        let start = Utc.with_ymd_and_hms(2026, 1, 1, 1, 0, 0).unwrap();
        let noise = normals(3000);
        let pairs: Vec<Pair> = (0..3000)
            .map(|i| {
                let model = 50.0 * (0.7 * (i as f64 / 13.0).sin()).exp();
                Pair {
                    pollutant: Pollutant::Pm25,
                    adcode: 222401,
                    end: start + Duration::hours(i as i64),
                    lead_hour: i as i32 % 120 + 1,
                    model,
                    observed: 1.5 * model * (0.3 * noise[i]).exp(),
                    weather: CountyWeather {
                        wind_speed_m_s: 2.0 + (i as f64 / 7.0).sin(),
                        mixing_height_m: 300.0,
                        temperature_c: -10.0,
                        ..CountyWeather::default()
                    },
                }
            })
            .collect();
        let mut u = shipped();
        let fitted = Correction::fit(Pollutant::Pm25, &pairs, &u.correction).unwrap();
        u.learn(&fitted.correction.unwrap());
        let sigmas = [12, 36, 60, 84, 108].map(|l| u.sigma(Pollutant::Pm25, l, true, false));
        assert!(sigmas.iter().all(|s| (s - 0.3).abs() < 0.06), "{sigmas:?}");
        assert!(sigmas.windows(2).all(|w| w[1] >= w[0]), "{sigmas:?}");
        assert!(u.sigma(Pollutant::Pm25, 12, false, false) > sigmas[0]);
        assert_eq!(u.sigma(Pollutant::No2, 12, true, false), shipped().sigma(Pollutant::No2, 12, true, false));
        assert!(u.describe().contains("residuals for PM2.5,"), "{}", u.describe());
        assert!(shipped().describe().contains("no pollutant"));
    }

    #[test]
    fn lead_days_change_after_hour_24() {
        let u = shipped();
        let sigma = |lead| u.sigma(Pollutant::Pm25, lead, true, false);
        assert_eq!((sigma(24), sigma(25), sigma(96), sigma(97), sigma(120)), (0.55, 0.60, 0.70, 0.75, 0.75));
        assert!((sigma(121) - 0.80).abs() < 1e-12, "{}", sigma(121));
    }

    #[test]
    fn broken_parameters_are_refused_with_the_field_named() {
        for (from, to, field) in [
            ("pairs_needed = 200", "pairs_needed = 5", "correction.pairs_needed"),
            ("penalty = 0.002", "penalty = -0.002", "correction.penalty"),
            ("l1_ratio = 0.5", "l1_ratio = 1.5", "correction.l1_ratio"),
            ("holdout_fraction = 0.2", "holdout_fraction = 0.0", "correction.holdout_fraction"),
            ("gap_hours = 24.0", "gap_hours = nan", "correction.gap_hours"),
            ("largest_ratio = 4.0", "largest_ratio = 0.5", "correction.largest_ratio"),
            ("daily_factor = 0.75", "daily_factor = 1.75", "interval.daily_factor"),
            ("events_needed = 20", "events_needed = 2", "calibration.events_needed"),
            ("nights_needed = 50", "nights_needed = 5", "trajectories.nights_needed"),
            ("nights_at_most = 200", "nights_at_most = 49", "trajectories.nights_at_most"),
            ("station = [0.55, 0.60", "station = [0.65, 0.60", "sigma.PM2.5.station"),
            ("station = [0.55, 0.60", "station = [0.55", "sigma.PM2.5.station"),
            ("no_station = [0.70", "no_station = [0.50", "sigma.PM2.5.no_station"),
            ("pollutant = \"CO\"", "pollutant = \"NO2\"", "sigma.NO2"),
            ("pollutant = \"CO\"", "pollutant = \"CO2\"", "CO2"),
            ("gap_hours = 24.0", "gap_hours = 24.0\nextra = 1", "extra"),
            ("verified = false", "", "verified"),
        ] {
            assert!(MODEL.contains(from), "{from}");
            let error = Uncertainty::from_toml(&MODEL.replacen(from, to, 1), "models/uncertainty.toml").unwrap_err();
            assert!(matches!(error, Error::Invalid { .. }));
            assert!(error.to_string().contains(field), "{field}: {error}");
        }
        let last = MODEL.rfind("[[sigma]]").unwrap();
        assert!(Uncertainty::from_toml(&MODEL[..last], "m").unwrap_err().to_string().contains("sigma.O3"));
    }
}
