//! Parameters of `models/emission_weather.toml`: read and checked.

use crate::domain::source::Sector;
use crate::error::Result;
use crate::seed::{Place, Seed};
use chrono::{Datelike, Duration, NaiveDate};
use serde::Deserialize;
use std::path::Path;

/// How the weather changes what sectors emit.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmissionWeather {
    /// Whether the rules are used.
    pub enabled: bool,
    pub(super) heating: Heating,
    pub(super) ammonia: Ammonia,
    pub(super) dust: Dust,
    climate: Vec<Climate>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Heating {
    /// Outdoor temperature below which rooms are heated [degC].
    pub base_c: f64,
    /// First and last day of the heating season, `MM-DD`.
    season_first: String,
    season_last: String,
    /// Sectors that heat in the season only, and those that heat whenever it is cold.
    pub sectors_in_season: Vec<Sector>,
    pub sectors: Vec<Sector>,
    source: String,
    #[serde(rename = "verified")]
    _verified: bool,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ammonia {
    pub sectors: Vec<Sector>,
    /// Factor per kelvin and per metre a second.
    pub per_k: f64,
    pub per_m_s: f64,
    /// Standard deviation of days about their month [K], [m s-1].
    pub scatter_k: f64,
    pub scatter_m_s: f64,
    source: String,
    #[serde(rename = "verified")]
    _verified: bool,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dust {
    /// Wind at 10 m above which dust is blown off [m s-1].
    pub threshold_m_s: f64,
    /// Precipitation of a wet day [mm].
    pub wet_mm: f64,
    /// Snow that covers the ground [kg m-2].
    pub snow_kg_m2: f64,
    /// Largest factor of an hour.
    pub largest: f64,
    pub sector: Vec<DustSector>,
    source: String,
    #[serde(rename = "verified")]
    _verified: bool,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DustSector {
    pub name: Sector,
    /// Share blown off by wind, and shares left on wet days and under snow, 0 ..= 1.
    pub wind_share: f64,
    pub wet_left: f64,
    pub snow_left: f64,
}

/// Mean climate of a county or prefecture by month, January first.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Climate {
    adcode: u32,
    /// Elevation at which the temperature holds [m].
    pub elevation_m: f64,
    temperature_c: [f64; 12],
    pub(super) wind_m_s: [f64; 12],
    /// Shares of wet days and of days with snow on the ground, 0 ..= 1.
    pub(super) wet_days: [f64; 12],
    pub(super) snow_days: [f64; 12],
    source: String,
    #[serde(rename = "verified")]
    _verified: bool,
}

impl Climate {
    /// Temperature [degC] of a day: the months' means stand in their middle, linear between.
    pub(super) fn temperature_on(&self, day: NaiveDate) -> f64 {
        let month = day.month0() as usize;
        let days = f64::from(days_in_month(day));
        let position = (f64::from(day.day()) - 0.5) / days - 0.5;
        let neighbour = if position < 0.0 { (month + 11) % 12 } else { (month + 1) % 12 };
        let w = position.abs();
        (1.0 - w) * self.temperature_c[month] + w * self.temperature_c[neighbour]
    }
}

impl EmissionWeather {
    /// Reads the rules of `text`, the content of the file `origin`.
    ///
    /// # Errors
    /// `Invalid` naming the line: not TOML, unknown or missing keys, parameters out of range, a sector under two rules, no climate.
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self> {
        let (seed, rules): (_, Self) = Seed::read(text, origin, "rules of weather and emission")?;
        let root = seed.root();
        let (heating, ammonia, dust) = (root.table("heating"), root.table("ammonia"), root.table("dust"));
        let h = &rules.heating;
        within(&heating, "base_c", h.base_c, (0.0, 30.0))?;
        heating.that(month_day(&h.season_first).is_some(), "season_first", &h.season_first, "a day as MM-DD")?;
        heating.that(month_day(&h.season_last).is_some(), "season_last", &h.season_last, "a day as MM-DD")?;
        let a = &rules.ammonia;
        within(&ammonia, "per_k", a.per_k, (0.8, 1.3))?;
        within(&ammonia, "per_m_s", a.per_m_s, (0.8, 1.5))?;
        within(&ammonia, "scatter_k", a.scatter_k, (0.0, 20.0))?;
        within(&ammonia, "scatter_m_s", a.scatter_m_s, (0.0, 10.0))?;
        let d = &rules.dust;
        within(&dust, "threshold_m_s", d.threshold_m_s, (0.1, 30.0))?;
        within(&dust, "wet_mm", d.wet_mm, (0.01, 100.0))?;
        within(&dust, "snow_kg_m2", d.snow_kg_m2, (0.01, 1000.0))?;
        within(&dust, "largest", d.largest, (1.0, 1000.0))?;
        for (i, s) in d.sector.iter().enumerate() {
            let place = dust.element("sector", i, format!("dust {}", s.name.name()));
            for (key, v) in [("wind_share", s.wind_share), ("wet_left", s.wet_left), ("snow_left", s.snow_left)] {
                within(&place, key, v, (0.0, 1.0))?;
            }
        }
        for (place, source) in [(&heating, &h.source), (&ammonia, &a.source), (&dust, &d.source)] {
            place.text("source", source)?;
        }
        let mut named: Vec<Sector> = h.sectors.iter().chain(&h.sectors_in_season).chain(&a.sectors).copied().collect();
        named.extend(d.sector.iter().map(|s| s.name));
        named.sort_unstable();
        let twice = named.windows(2).find(|pair| pair[0] == pair[1]);
        root.that(twice.is_none(), "heating", twice, "each sector under one rule")?;
        root.that(!rules.climate.is_empty(), "climate", "no entry", "at least one")?;
        for (i, c) in rules.climate.iter().enumerate() {
            let place = root.element("climate", i, format!("climate {}", c.adcode));
            place.that(
                rules.climate[..i].iter().all(|o| o.adcode != c.adcode),
                "adcode",
                c.adcode,
                "each area once",
            )?;
            place.text("source", &c.source)?;
            within(&place, "elevation_m", c.elevation_m, (-500.0, 9000.0))?;
            for month in 0..12 {
                within(&place, "temperature_c", c.temperature_c[month], (-60.0, 50.0))?;
                within(&place, "wind_m_s", c.wind_m_s[month], (0.1, 30.0))?;
                within(&place, "wet_days", c.wet_days[month], (0.0, 1.0))?;
                within(&place, "snow_days", c.snow_days[month], (0.0, 1.0))?;
                for s in &d.sector {
                    let left = (1.0 - c.wet_days[month] * (1.0 - s.wet_left))
                        * (1.0 - c.snow_days[month] * (1.0 - s.snow_left));
                    place.that(
                        left > 0.01,
                        "snow_days",
                        left,
                        "more than a hundredth of the dust left in every month",
                    )?;
                }
            }
        }
        Ok(rules)
    }

    /// The climate of a county: its own, else that of its prefecture.
    pub fn climate(&self, adcode: u32) -> Option<&Climate> {
        let of = |code: u32| self.climate.iter().find(|c| c.adcode == code);
        of(adcode).or_else(|| of(adcode / 100 * 100))
    }

    /// Whether a day lies in the heating season.
    pub(super) fn heats_on(&self, day: NaiveDate) -> bool {
        let date = (day.month(), day.day());
        match (month_day(&self.heating.season_first), month_day(&self.heating.season_last)) {
            (Some(first), Some(last)) if first <= last => (first..=last).contains(&date),
            (Some(first), Some(last)) => date >= first || date <= last,
            _ => true,
        }
    }
}

fn within(place: &Place, key: &str, v: f64, (from, to): (f64, f64)) -> Result<()> {
    place.that((from..=to).contains(&v), key, v, &format!("{from} ..= {to}"))
}

fn month_day(text: &str) -> Option<(u32, u32)> {
    let day = NaiveDate::parse_from_str(&format!("2024-{text}"), "%Y-%m-%d").ok()?;
    (text.len() == 5).then(|| (day.month(), day.day()))
}

fn days_in_month(day: NaiveDate) -> u32 {
    let first = day.with_day(1).unwrap_or(day);
    (first + Duration::days(31)).with_day(1).map_or(30, |next| (next - first).num_days() as u32)
}
