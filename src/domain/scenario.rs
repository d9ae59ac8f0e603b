//! Cuts as data, and the sources under them: what-ifs, yearly trends and whatever else changes emissions without an order.
//!
//! A scenario acts as a list of measures does, by [`ActivityChange`]s of the sources, so that both multiply where they meet. The shares that a measure
//! leaves are named by the same pollutants ([`Inventoried`]).
//! A cut is of estimates: what was measured at stacks or seen of fires before the cycle stays as it is, as it holds all that was done.

use super::source::{ActivityChange, Amounts, Sector, Source, Strength};
use crate::calendar::end_of_beijing_hour;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// A pollutant of the inventory that a cut or a measure may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Inventoried {
    So2,
    Nox,
    Co,
    Nh3,
    Voc,
    /// PM2.5, PM10, black and organic carbon alike.
    Pm,
}

impl Inventoried {
    /// A factor on every inventoried amount from one per named pollutant.
    pub fn factors(of: impl Fn(Self) -> f64) -> Amounts {
        let pm = of(Self::Pm);
        Amounts {
            so2: of(Self::So2),
            nox: of(Self::Nox),
            co: of(Self::Co),
            nh3: of(Self::Nh3),
            nmvoc: of(Self::Voc),
            pm25: pm,
            pm10: pm,
            bc: pm,
            oc: pm,
        }
    }

    /// The pollutant of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "so2" => Self::So2,
            "nox" => Self::Nox,
            "co" => Self::Co,
            "nh3" => Self::Nh3,
            "voc" => Self::Voc,
            "pm" => Self::Pm,
            _ => return None,
        })
    }
}

/// A cut of some sources in some hours. What is not named is not restricted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioCut {
    /// Sectors; all where empty.
    #[serde(default)]
    pub sectors: Vec<Sector>,
    /// Codes of counties; all counties of the region where empty.
    #[serde(default)]
    pub counties: Vec<u32>,
    /// Pollutants; all where empty.
    #[serde(default)]
    pub pollutants: Vec<Inventoried>,
    /// First and last Beijing hour of the day (1..=24, hour-ending); the whole day where absent.
    #[serde(default)]
    pub hours: Option<(u8, u8)>,
    /// In force from this instant and to that one; where absent, as long as the scenario is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<DateTime<Utc>>,
    /// Share taken away [%], at most 100; below 0 the sources emit more.
    pub percent: f64,
}

/// A named set of cuts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    pub name: String,
    pub cuts: Vec<ScenarioCut>,
}

/// Scenarios compared at once, and cuts of each.
pub const MOST_SCENARIOS: usize = 6;
pub const MOST_CUTS: usize = 50;
/// Largest growth [%].
const MOST_GROWTH: f64 = 900.0;
/// Characters of a name.
const LONGEST_NAME: usize = 60;

/// What a cut looks like on the command line.
pub const FORM: &str = "sector=traffic,industry county=222401 pollutant=nox,pm hours=7-20 50%";

impl std::str::FromStr for ScenarioCut {
    type Err = String;

    /// A cut from words: `sector=`, `county=`, `pollutant=` with lists, `hours=FIRST-LAST` in Beijing time, and the share with a `%`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut cut = Self::of_all(f64::NAN);
        for word in text.split_whitespace() {
            if let Some(percent) = word.strip_suffix('%') {
                if !cut.percent.is_nan() {
                    return Err(format!("two shares in `{text}`"));
                }
                cut.percent = percent.parse().map_err(|_| format!("`{word}` is no share such as 50%"))?;
                continue;
            }
            let (key, list) =
                word.split_once('=').ok_or_else(|| format!("`{word}`: expected a word such as {FORM}"))?;
            for item in list.split(',') {
                match key {
                    "sector" => {
                        let known = || Sector::ALL.map(Sector::name).join(", ");
                        let sector = Sector::from_name(item);
                        cut.sectors.push(sector.ok_or_else(|| format!("sector `{item}`: one of {}", known()))?);
                    }
                    "county" => {
                        cut.counties.push(item.parse().map_err(|_| format!("county `{item}`: a code such as 222401"))?)
                    }
                    "pollutant" => {
                        let unknown = || format!("pollutant `{item}`: one of so2, nox, co, nh3, voc, pm");
                        cut.pollutants.push(Inventoried::from_name(item).ok_or_else(unknown)?);
                    }
                    "hours" if cut.hours.is_some() => {
                        return Err(format!("two spans of hours in `{text}`: write a cut for each"));
                    }
                    "hours" => cut.hours = Some(hours(item)?),
                    _ => return Err(format!("`{key}`: expected sector, county, pollutant or hours")),
                }
            }
        }
        if cut.percent.is_nan() {
            return Err(format!("no share in `{text}`: expected one such as 50%"));
        }
        cut.check().map(|()| cut)
    }
}

fn hours(text: &str) -> Result<(u8, u8), String> {
    let pair = text.split_once('-').and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
    pair.ok_or_else(|| format!("hours `{text}`: expected FIRST-LAST of 1 to 24, such as 7-20"))
}

impl ScenarioCut {
    /// A cut of everything, everywhere and always.
    pub fn of_all(percent: f64) -> Self {
        let (sectors, counties, pollutants) = (Vec::new(), Vec::new(), Vec::new());
        Self { sectors, counties, pollutants, hours: None, from: None, to: None, percent }
    }

    /// What is wrong with it, in words.
    ///
    /// # Errors
    /// A share above 100 or a growth beyond tenfold, hours that are none or in the wrong order, an end not after the begin.
    pub fn check(&self) -> Result<(), String> {
        if !(-MOST_GROWTH..=100.0).contains(&self.percent) {
            return Err(format!(
                "a share of {} %: expected 0 to 100, or down to -{MOST_GROWTH} for growth",
                self.percent
            ));
        }
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from >= to
        {
            return Err(format!("from {from} to {to}: expected an end after the begin"));
        }
        match self.hours {
            Some((first, last)) if !(1..=24).contains(&first) || !(first..=24).contains(&last) => {
                Err(format!("hours {first}-{last}: expected FIRST-LAST of 1 to 24 in Beijing time, hour-ending"))
            }
            _ => Ok(()),
        }
    }

    /// Whether it acts on a source.
    pub fn acts_on(&self, source: &Source) -> bool {
        source.adcode != 0
            && (self.sectors.is_empty() || self.sectors.contains(&source.sector))
            && (self.counties.is_empty() || self.counties.contains(&source.adcode))
    }

    /// Factor left on each pollutant, 0 (nothing) .. 1 (unchanged) and above (more).
    pub fn factor(&self) -> Amounts {
        let left = 1.0 - self.percent / 100.0;
        let named = |p: Inventoried| self.pollutants.is_empty() || self.pollutants.contains(&p);
        Inventoried::factors(|p| if named(p) { left } else { 1.0 })
    }

    /// The periods within `from` .. `to` in which it is in force.
    fn periods(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
        let (from, to) = (self.from.map_or(from, |own| own.max(from)), self.to.map_or(to, |own| own.min(to)));
        if from >= to {
            return Vec::new();
        }
        let Some((first, last)) = self.hours else { return vec![(from, to)] };
        let mut day: NaiveDate = crate::calendar::beijing_local(from).date();
        let mut out = Vec::new();
        loop {
            let begin = end_of_beijing_hour(day, first) - Duration::hours(1);
            if begin >= to {
                return out;
            }
            let end = end_of_beijing_hour(day, last).min(to);
            if end > from {
                out.push((begin.max(from), end));
            }
            day = day + chrono::Days::new(1);
        }
    }
}

/// Refuses scenarios that are too many, empty, named twice or without a name, and cuts of counties that the region does not have.
///
/// # Errors
/// What is wrong, in words.
pub fn check(scenarios: &[Scenario], counties: &[u32]) -> Result<(), String> {
    if scenarios.is_empty() || scenarios.len() > MOST_SCENARIOS {
        return Err(format!("{} scenarios: expected 1 to {MOST_SCENARIOS}", scenarios.len()));
    }
    for (i, s) in scenarios.iter().enumerate() {
        let characters = s.name.trim().chars().count();
        if characters == 0 || characters > LONGEST_NAME || scenarios[..i].iter().any(|o| o.name == s.name) {
            return Err(format!("scenario name `{}`: expected 1 to {LONGEST_NAME} characters, each name once", s.name));
        }
        if s.cuts.is_empty() || s.cuts.len() > MOST_CUTS {
            return Err(format!("scenario `{}` of {} cuts: expected 1 to {MOST_CUTS}", s.name, s.cuts.len()));
        }
        for cut in &s.cuts {
            cut.check()?;
            if let Some(unknown) = cut.counties.iter().find(|c| !counties.contains(c)) {
                let known: Vec<String> = counties.iter().map(u32::to_string).collect();
                return Err(format!("county {unknown}: one of {}", known.join(", ")));
            }
        }
    }
    Ok(())
}

/// The sources with a scenario's cuts in force within `from` .. `to`; cuts that act on one source at the same time multiply.
///
/// What was seen stays as seen: fires are cut from the cycle on only, and hours measured at stacks not at all
/// ([`Strength::Measured`](super::source::Strength::Measured)).
pub fn under(
    scenario: &Scenario,
    sources: &[Source],
    cycle: DateTime<Utc>,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Vec<Source> {
    let mut cut = sources.to_vec();
    for one in &scenario.cuts {
        let factor = one.factor();
        let (periods, ahead) = (one.periods(from, to), one.periods(from.max(cycle), to));
        for source in cut.iter_mut().filter(|s| one.acts_on(s)) {
            let periods = if matches!(source.strength, Strength::Hourly { .. }) { &ahead } else { &periods };
            source.changes.extend(periods.iter().map(|&(from, to)| ActivityChange { from, to, factor }));
        }
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::source::Place;
    use chrono::TimeZone;

    fn source(sector: Sector, adcode: u32) -> Source {
        let (place, strength) = (Place::County, Strength::Annual(Amounts::all(1.0)));
        Source { id: "s".into(), name: "s".into(), sector, adcode, place, strength, changes: Vec::new() }
    }

    #[test]
    fn a_cut_is_read_word_by_word_and_refused_with_the_word() {
        let cut: ScenarioCut = "sector=traffic,industry county=222401 pollutant=nox,pm hours=7-20 50%".parse().unwrap();
        assert_eq!(cut.sectors, [Sector::Traffic, Sector::Industry]);
        assert_eq!((cut.counties.as_slice(), cut.hours, cut.percent), ([222_401].as_slice(), Some((7, 20)), 50.0));
        let left = cut.factor();
        assert_eq!((left.nox, left.pm25, left.bc, left.so2, left.nmvoc), (0.5, 0.5, 0.5, 1.0, 1.0));
        for (text, word) in [
            ("sector=cars 50%", "cars"),
            ("county=yanji 50%", "yanji"),
            ("pollutant=o3 50%", "o3"),
            ("hours=0-5 50%", "0-5"),
            ("hours=9-7 50%", "9-7"),
            ("150%", "150"),
            ("sector=traffic", "no share"),
            ("10% 20%", "two shares"),
            ("hours=7-9,17-19 50%", "two spans"),
            ("speed=3 10%", "speed"),
            ("NaN%", "no share"),
            ("", "no share"),
        ] {
            let why = text.parse::<ScenarioCut>().unwrap_err();
            assert!(why.contains(word), "{text}: {why}");
        }
    }

    /// From 6 h Beijing on the 16th to 6 h on the 18th, hours 7 to 20: two days of 14 hours; the sources of other counties and outside are left alone.
    #[test]
    fn a_cut_of_hours_repeats_every_day() {
        let (from, to) = (Utc.with_ymd_and_hms(2026, 1, 15, 22, 0, 0), Utc.with_ymd_and_hms(2026, 1, 17, 22, 0, 0));
        let (from, to) = (from.unwrap(), to.unwrap());
        let scenario = Scenario { name: "a".into(), cuts: vec!["county=1 hours=7-20 25%".parse().unwrap()] };
        let sources = [source(Sector::Traffic, 1), source(Sector::Traffic, 2), source(Sector::Other, 0)];
        let cut = under(&scenario, &sources, from, (from, to));
        let hours: i64 = cut[0].changes.iter().map(|c| (c.to - c.from).num_hours()).sum();
        assert_eq!((cut[0].changes.len(), hours), (2, 28));
        let at = |h| cut[0].activity_at(from + Duration::hours(h)).nox;
        assert_eq!([at(-1), at(0), at(13), at(14), at(24), at(37), at(38)], [1.0, 0.75, 0.75, 1.0, 0.75, 0.75, 1.0]);
        assert!(cut[1].changes.is_empty() && cut[2].changes.is_empty());
    }

    /// Half of everything, from six hours before the cycle to six after: fires burnt as they were seen, and go on by half.
    #[test]
    fn observed_fires_are_cut_from_the_cycle_on() {
        let cycle = Utc.with_ymd_and_hms(2026, 4, 10, 12, 0, 0).unwrap();
        let span = (cycle - Duration::hours(6), cycle + Duration::hours(6));
        let seen = Strength::Hourly { from: span.0, kg_s: vec![Amounts::all(1.0); 12] };
        let sources = [Source { strength: seen, ..source(Sector::Fire, 1) }, source(Sector::Traffic, 1)];
        let half = Scenario { name: "half".into(), cuts: vec![ScenarioCut::of_all(50.0)] };
        let under = under(&half, &sources, cycle, span);
        let at = |i: usize, h| under[i].activity_at(cycle + Duration::hours(h)).co;
        assert_eq!([at(0, -6), at(0, -1), at(0, 0), at(0, 5), at(0, 6)], [1.0, 1.0, 0.5, 0.5, 1.0]);
        assert_eq!([at(1, -6), at(1, 0)], [0.5, 0.5]);
    }

    /// A trend of 8 % less traffic from 1 January 2026 Beijing time, and of 10 % more industry until then, over two days around it.
    #[test]
    fn trends_begin_and_end_with_their_days_and_may_grow() {
        let year = Utc.with_ymd_and_hms(2025, 12, 31, 16, 0, 0).unwrap();
        let (from, to) = (year - Duration::hours(24), year + Duration::hours(24));
        let less = ScenarioCut { sectors: vec![Sector::Traffic], from: Some(year), ..ScenarioCut::of_all(8.0) };
        let more = ScenarioCut { sectors: vec![Sector::Industry], to: Some(year), ..ScenarioCut::of_all(-10.0) };
        let over = ScenarioCut { from: Some(to), ..ScenarioCut::of_all(50.0) };
        let trend = Scenario { name: "trend".into(), cuts: vec![less, more, over] };
        let sources = [source(Sector::Traffic, 1), source(Sector::Industry, 1)];
        let under = under(&trend, &sources, year, (from, to));
        let at = |i: usize, h| under[i].activity_at(year + Duration::hours(h)).nox;
        assert_eq!([at(0, -1), at(0, 0), at(0, 23), at(0, 24)], [1.0, 0.92, 0.92, 1.0]);
        assert_eq!([at(1, -1), at(1, 0)], [1.1, 1.0]);
        for wrong in [ScenarioCut::of_all(101.0), ScenarioCut::of_all(-901.0), ScenarioCut::of_all(f64::NAN)] {
            assert!(wrong.check().is_err());
        }
        assert!(ScenarioCut { from: Some(to), to: Some(from), ..ScenarioCut::of_all(1.0) }.check().is_err());
    }
}
