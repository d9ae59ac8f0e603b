//! Where and when burning in the open is forbidden: zones (禁烧区、限烧区) and their windows, as data.

use super::grid::distance_m;
use crate::calendar::beijing_local;
use crate::error::Result;
use crate::seed::Seed;
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::Deserialize;
use std::path::Path;

/// A yearly window of Beijing days, both ends within; it may pass the end of the year.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct BanWindow {
    /// `MM-DD`.
    first: String,
    last: String,
}

/// A circle.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Circle {
    lon: f64,
    lat: f64,
    km: f64,
}

/// A zone.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BanZone {
    pub id: String,
    pub name_zh: String,
    pub name_en: String,
    /// Codes of counties, prefectures or provinces that it covers whole.
    #[serde(default)]
    areas: Vec<u32>,
    #[serde(default)]
    circles: Vec<Circle>,
    /// The whole year where empty.
    #[serde(default)]
    windows: Vec<BanWindow>,
    valid_from: NaiveDate,
    #[serde(default)]
    valid_to: Option<NaiveDate>,
    pub clause: String,
    source: String,
    #[serde(rename = "verified")]
    _verified: bool,
}

/// The zones of `seeds/burn_ban.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BurnBans {
    zone: Vec<BanZone>,
}

impl BurnBans {
    /// Reads the zones of `text`, the content of the file `origin`.
    ///
    /// # Errors
    /// `Invalid` naming the line: not TOML, unknown or missing keys, a zone without a place, days that no year has, circles that are none.
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self> {
        let (seed, bans): (_, Self) = Seed::read(text, origin, "zones where burning is forbidden")?;
        for (i, zone) in bans.zone.iter().enumerate() {
            let place = seed.root().element("zone", i, &zone.id);
            for (key, value) in [
                ("id", &zone.id),
                ("name_zh", &zone.name_zh),
                ("name_en", &zone.name_en),
                ("clause", &zone.clause),
                ("source", &zone.source),
            ] {
                place.text(key, value)?;
            }
            let twice = bans.zone[..i].iter().any(|z| z.id == zone.id);
            place.that(!twice, "id", &zone.id, "each id once")?;
            let placed = !(zone.areas.is_empty() && zone.circles.is_empty());
            place.that(placed, "areas", &zone.areas, "codes of areas, or circles")?;
            for c in &zone.circles {
                let circle =
                    (-180.0..=180.0).contains(&c.lon) && (-90.0..=90.0).contains(&c.lat) && c.km > 0.0 && c.km <= 500.0;
                place.that(circle, "circles", c, "lon and lat in degrees, km above 0 and at most 500")?;
            }
            for w in &zone.windows {
                let days = month_day(&w.first).is_some() && month_day(&w.last).is_some();
                place.that(days, "windows", w, "days as MM-DD")?;
            }
            let in_order = zone.valid_to.is_none_or(|to| to >= zone.valid_from);
            place.that(in_order, "valid_to", zone.valid_to, "a day on or after valid_from")?;
        }
        Ok(bans)
    }

    /// The first zone that forbids burning at a place of the area `adcode` (0: outside the region) at `time`.
    pub fn forbids(&self, (lon, lat): (f64, f64), adcode: u32, time: DateTime<Utc>) -> Option<&BanZone> {
        let day = beijing_local(time).date();
        self.zone.iter().find(|z| z.holds(day) && z.covers((lon, lat), adcode))
    }
}

impl BanZone {
    fn holds(&self, day: NaiveDate) -> bool {
        let valid = self.valid_from <= day && self.valid_to.is_none_or(|to| day <= to);
        let date = (day.month(), day.day());
        let within = |w: &BanWindow| match (month_day(&w.first), month_day(&w.last)) {
            (Some(first), Some(last)) if first <= last => (first..=last).contains(&date),
            (Some(first), Some(last)) => date >= first || date <= last,
            _ => false,
        };
        valid && (self.windows.is_empty() || self.windows.iter().any(within))
    }

    fn covers(&self, place: (f64, f64), adcode: u32) -> bool {
        let area = |code: &u32| {
            let within = |size: u32| code.is_multiple_of(size) && code / size == adcode / size;
            adcode != 0 && (within(1) || within(100) || within(10_000))
        };
        self.areas.iter().any(area) || self.circles.iter().any(|c| distance_m((c.lon, c.lat), place) <= c.km * 1000.0)
    }
}

/// Month and day of `MM-DD`; 29 February is a day.
fn month_day(text: &str) -> Option<(u32, u32)> {
    let day = NaiveDate::parse_from_str(&format!("2024-{text}"), "%Y-%m-%d").ok()?;
    (text.len() == 5).then(|| (day.month(), day.day()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    const ZONES: &str = r#"
[[zone]]
id = "a"
name_zh = "甲"
name_en = "A"
areas = [222400]
windows = [{ first = "03-01", last = "05-31" }, { first = "11-01", last = "01-10" }]
valid_from = "2021-01-01"
clause = "c"
source = "s"
verified = false

[[zone]]
id = "b"
name_zh = "乙"
name_en = "B"
circles = [{ lon = 129.5, lat = 42.9, km = 10 }]
valid_from = "2021-01-01"
valid_to = "2021-12-31"
clause = "c"
source = "s"
verified = false
"#;

    /// 1 June begins at 16 h UTC of 31 May.
    #[test]
    fn a_fire_is_forbidden_by_place_and_beijing_day() {
        let bans = BurnBans::from_toml(ZONES, Path::new("burn_ban.toml")).unwrap();
        let zone = |place, adcode, (y, m, d, h)| {
            bans.forbids(place, adcode, Utc.with_ymd_and_hms(y, m, d, h, 0, 0).unwrap()).map(|z| z.id.as_str())
        };
        let far = (128.0, 43.5);
        assert_eq!(zone(far, 222_403, (2025, 5, 31, 15)), Some("a"));
        assert_eq!(zone(far, 222_403, (2025, 5, 31, 16)), None);
        assert_eq!(zone(far, 222_403, (2026, 1, 10, 0)), Some("a"));
        assert_eq!(zone(far, 222_403, (2026, 1, 11, 0)), None);
        assert_eq!((zone(far, 0, (2025, 4, 1, 0)), zone(far, 220_200, (2025, 4, 1, 0))), (None, None));
        assert_eq!(zone((129.55, 42.9), 0, (2021, 7, 1, 0)), Some("b"));
        assert_eq!(zone((129.55, 42.9), 0, (2022, 7, 1, 0)), None);
        for (from, to, key) in
            [("03-01", "3-1", "windows"), ("areas = [222400]", "", "areas"), ("km = 10", "km = 0", "circles")]
        {
            let error = BurnBans::from_toml(&ZONES.replacen(from, to, 1), Path::new("b.toml")).unwrap_err().to_string();
            assert!(error.contains(key), "{error}");
        }
    }
}
