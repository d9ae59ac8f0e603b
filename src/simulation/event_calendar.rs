//! Emissions of single days by the calendar: fireworks, paper burning. The parameters of `models/event_calendar.toml` and their sources.

use crate::calendar::end_of_beijing_hour;
use crate::domain::county::County;
use crate::domain::source::{Amounts, Place, Sector, Source, Strength};
use crate::error::Result;
use crate::seed::Seed;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde::Deserialize;
use std::path::Path;

/// The events of the calendar.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventCalendar {
    #[serde(default)]
    event: Vec<CalendarEvent>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarEvent {
    id: String,
    name_zh: String,
    name_en: String,
    #[serde(default)]
    dates: Vec<NaiveDate>,
    /// Counted from New Year's Day = 1; 0 is the eve.
    #[serde(default)]
    new_year_days: Vec<i64>,
    /// First and last Beijing hour, hour-ending.
    hours: (u8, u8),
    /// Over the hours together [kg per 1000 inhabitants].
    kg_per_1000: Amounts,
    source: String,
    #[serde(rename = "verified")]
    _verified: bool,
}

impl EventCalendar {
    /// Reads the events of `text`, the content of the file `origin`.
    ///
    /// # Errors
    /// `Invalid` naming the line: not TOML, unknown or missing keys, an event without days, hours that are none, amounts that are negative or whose parts exceed
    /// their whole.
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self> {
        let (seed, calendar): (_, Self) = Seed::read(text, origin, "events of the calendar")?;
        for (i, e) in calendar.event.iter().enumerate() {
            let place = seed.root().element("event", i, &e.id);
            for (key, value) in [("id", &e.id), ("name_zh", &e.name_zh), ("name_en", &e.name_en), ("source", &e.source)]
            {
                place.text(key, value)?;
            }
            place.that(calendar.event[..i].iter().all(|o| o.id != e.id), "id", &e.id, "each id once")?;
            place.that(
                !(e.dates.is_empty() && e.new_year_days.is_empty()),
                "dates",
                "none",
                "dates or new_year_days",
            )?;
            let days = e.new_year_days.iter().all(|d| (-30..=30).contains(d));
            place.that(days, "new_year_days", &e.new_year_days, "days within a month of New Year's Day")?;
            let (first, last) = e.hours;
            place.that(first >= 1 && first <= last && last <= 24, "hours", e.hours, "first and last of 1 to 24")?;
            let a = &e.kg_per_1000;
            let all = [a.so2, a.nox, a.co, a.nh3, a.nmvoc, a.pm25, a.pm10, a.bc, a.oc];
            let sound = all.iter().all(|v| v.is_finite() && *v >= 0.0) && a.pm10 >= a.pm25 && a.bc + a.oc <= a.pm25;
            place.that(sound, "kg_per_1000", a, "amounts >= 0, pm10 at least pm25, bc + oc at most pm25")?;
        }
        Ok(calendar)
    }

    /// Sources of the events between two instants, one for each county, event and day; `new_years` are New Year's Days.
    pub fn sources(
        &self,
        counties: &[County],
        new_years: &[NaiveDate],
        (from, to): (DateTime<Utc>, DateTime<Utc>),
    ) -> Vec<Source> {
        let mut out = Vec::new();
        for e in &self.event {
            let of_year = |new_year: &NaiveDate| {
                e.new_year_days.iter().map(|d| *new_year + Duration::days(d - 1)).collect::<Vec<_>>()
            };
            let mut days: Vec<NaiveDate> = e.dates.iter().copied().chain(new_years.iter().flat_map(of_year)).collect();
            days.sort_unstable();
            days.dedup();
            for day in days {
                let (begin, end) =
                    (end_of_beijing_hour(day, e.hours.0) - Duration::hours(1), end_of_beijing_hour(day, e.hours.1));
                if end <= from || begin >= to {
                    continue;
                }
                let seconds = (end - begin).num_seconds() as f64;
                for county in counties {
                    let thousands = county.settlements.iter().map(|s| s.population).sum::<f64>() / 1000.0;
                    if thousands <= 0.0 {
                        continue;
                    }
                    out.push(Source {
                        id: format!("event-{}-{}-{}", e.id, day.format("%Y%m%d"), county.adcode),
                        name: format!("{} {}", e.name_zh, county.name_zh),
                        sector: Sector::Event,
                        adcode: county.adcode,
                        place: Place::County,
                        strength: Strength::Rate {
                            kg_s: e.kg_per_1000.zip(Amounts::all(thousands / seconds), |kg, f| kg * f),
                            from: begin,
                            to: end,
                        },
                        changes: Vec::new(),
                    });
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::county::Settlement;
    use chrono::TimeZone;

    const FILE: &str = include_str!("../../models/event_calendar.toml");

    /// The eve of 17 February 2026 is the 16th: its fireworks burn from 18 to 24 h Beijing time, 6 kg of PM2.5 for each thousand of 200,000.
    #[test]
    fn fireworks_burn_on_their_evening_with_their_mass() {
        let county = County {
            adcode: 222_401,
            name_zh: "甲".into(),
            name_en: "A".into(),
            seat: (129.5, 42.9),
            outline: geo::MultiPolygon::new(Vec::new()),
            settlements: vec![Settlement { name_zh: "乙".into(), lon: 129.5, lat: 42.9, population: 200_000.0 }],
        };
        let calendar = EventCalendar::from_toml(FILE, Path::new("event_calendar.toml")).unwrap();
        let new_years = [NaiveDate::from_ymd_opt(2026, 2, 17).unwrap()];
        let utc = |m, d, h| Utc.with_ymd_and_hms(2026, m, d, h, 0, 0).unwrap();
        let of = |from, to| calendar.sources(std::slice::from_ref(&county), &new_years, (from, to));
        let night = of(utc(2, 16, 0), utc(2, 17, 0));
        let ids: Vec<&str> = night.iter().map(|s| s.id.as_str()).collect();
        assert_eq!(ids, ["event-fireworks-eve-20260216-222401", "event-fireworks-new-year-20260217-222401"]);
        let Strength::Rate { kg_s, from, to } = &night[0].strength else { panic!("a rate") };
        assert_eq!((*from, *to), (utc(2, 16, 10), utc(2, 16, 16)));
        assert!((kg_s.pm25 * 6.0 * 3600.0 - 1200.0).abs() < 1e-9, "{}", kg_s.pm25);
        assert_eq!(of(utc(4, 4, 16), utc(4, 5, 16)).len(), 1, "Qingming");
        assert!(of(utc(1, 15, 0), utc(1, 18, 0)).is_empty());
        for (from, to, key) in [
            ("hours = [19, 24]", "hours = [24, 19]", "hours"),
            ("new_year_days = [0]", "", "dates"),
            ("pm10 = 7.5", "pm10 = 0.5", "kg_per_1000"),
        ] {
            let error = EventCalendar::from_toml(&FILE.replacen(from, to, 1), Path::new("e")).unwrap_err().to_string();
            assert!(error.contains(key), "{key}: {error}");
        }
    }
}
