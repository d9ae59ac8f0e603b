//! Advice to the public, to sensitive groups and under a warning (`seeds/advice.toml`): words for the officer, no orders.

use super::{AreaWarning, Response, WarningDecision, WarningLevel};
use crate::domain::event::EventKind;
use crate::domain::pollutant::Pollutant;
use crate::error::Result;
use crate::forecast::{CountyForecast, DayForecast, Forecast};
use crate::seed::{Place, Seed};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Whom or what an advice is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdviceKind {
    /// Everyone, by the level of the AQI.
    Public,
    /// A sensitive group, by the level of the AQI and its primary pollutants.
    Group,
    /// Health protection under a warning.
    Health,
    /// Schools and kindergartens under a warning.
    School,
    /// Voluntary cuts under a warning; not where the response is health advice only.
    Advisory,
    /// A cause that local cuts cannot act on, where the response is health advice only.
    Cause,
}

/// A cause that local cuts cannot act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A recorded event, or PM10 primary.
    Dust,
    /// O3 primary.
    Ozone,
    Wildfire,
    OutsideTransport,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 4] = [Self::Dust, Self::Ozone, Self::Wildfire, Self::OutsideTransport];

    fn of_event(kind: EventKind) -> Option<Self> {
        match kind {
            EventKind::Dust => Some(Self::Dust),
            EventKind::Wildfire => Some(Self::Wildfire),
            EventKind::OutsideTransport => Some(Self::OutsideTransport),
            EventKind::Fireworks | EventKind::StrawBurning | EventKind::Other => None,
        }
    }

    fn of_pollutant(pollutant: Pollutant) -> Option<Self> {
        match pollutant {
            Pollutant::Pm10 => Some(Self::Dust),
            Pollutant::O3 => Some(Self::Ozone),
            Pollutant::Pm25 | Pollutant::So2 | Pollutant::No2 | Pollutant::Co => None,
        }
    }
}

/// One advice and when it is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    kind: AdviceKind,
    /// AQI levels 1 ..= 6.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    aqi_levels: Vec<u8>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    warning_levels: Vec<WarningLevel>,
    /// One of them is primary.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pollutants: Vec<Pollutant>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    causes: Vec<Cause>,
    subject_zh: String,
    subject_en: String,
    text_zh: String,
    text_en: String,
    clause: String,
    source: String,
    verified: bool,
}

/// All advice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdviceRules {
    #[serde(rename = "advice")]
    entries: Vec<Entry>,
}

/// What advice is looked up by.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// 1 ..= 6; `None` where the AQI cannot be stated.
    pub aqi_level: Option<u8>,
    /// The warning in force.
    pub warning_level: WarningLevel,
    pub response: Response,
    /// Primary pollutants of the AQI.
    pub primary: &'a [Pollutant],
    /// Kinds of the recorded causes beyond control.
    pub causes: &'a [EventKind],
}

/// One advice as given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Advice {
    /// Id in `seeds/advice.toml`, e.g. `group.asthma.5`.
    pub id: String,
    pub kind: AdviceKind,
    /// Whom or what it is for.
    pub subject_zh: String,
    pub subject_en: String,
    pub text_zh: String,
    pub text_en: String,
    pub clause: String,
    /// Whether it was checked against the primary text.
    pub verified: bool,
}

/// The advice of one area, for its worst forecast day and the warning in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AreaAdvice {
    pub adcode: u32,
    pub name_zh: String,
    pub name_en: String,
    /// Forecast day with the highest AQI, the first of equals; of the prefecture: that of all counties. `None`: no AQI can be stated,
    /// and no advice by AQI is given.
    pub beijing_day: Option<NaiveDate>,
    /// Level of that day, 1 ..= 6, and its primary pollutants.
    pub aqi_level: Option<u8>,
    pub primary: Vec<Pollutant>,
    pub advice: Vec<Advice>,
}

impl AdviceRules {
    /// Reads the advice of `text`, the content of the file `origin`.
    ///
    /// # Errors
    /// `Invalid` naming the line: not TOML, unknown or missing keys, an id twice, an empty text, a condition that the kind does not state
    /// or lacks, an AQI level without exactly one entry for everyone, a warning level without health, school or advisory entry, a cause
    /// without an entry.
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self> {
        let (seed, rules): (Seed, Self) = Seed::read(text, origin, "advice")?;
        let root = seed.root();
        for (i, entry) in rules.entries.iter().enumerate() {
            let place = root.element("advice", i, &entry.id);
            let once = !entry.id.trim().is_empty() && rules.entries[..i].iter().all(|e| e.id != entry.id);
            place.that(once, "id", &entry.id, "a name used once")?;
            entry.check(&place)?;
        }
        let given = |kind: AdviceKind, to: &dyn Fn(&Entry) -> bool| {
            rules.entries.iter().filter(|e| e.kind == kind && to(e)).count()
        };
        for level in 1..=6 {
            let found = given(AdviceKind::Public, &|e| e.aqi_levels.contains(&level));
            root.that(found == 1, "advice", found, &format!("one entry of kind public for AQI level {level}"))?;
        }
        for level in WarningLevel::ALL.into_iter().filter(|l| *l != WarningLevel::None) {
            for (kind, name) in
                [(AdviceKind::Health, "health"), (AdviceKind::School, "school"), (AdviceKind::Advisory, "advisory")]
            {
                let found = given(kind, &|e| e.warning_levels.contains(&level));
                root.that(found > 0, "advice", found, &format!("an entry of kind {name} for {}", level.key()))?;
            }
        }
        for cause in Cause::ALL {
            let found = given(AdviceKind::Cause, &|e| e.causes.contains(&cause));
            root.that(found > 0, "advice", found, &format!("an entry of kind cause for {cause:?}"))?;
        }
        Ok(rules)
    }

    /// The advice of a situation, in the order of the file.
    pub fn advice(&self, situation: &Situation) -> Vec<Advice> {
        self.entries.iter().filter(|e| e.holds(situation)).map(Entry::given).collect()
    }

    /// The advice of the prefecture and of every county, in the order of the decision.
    pub fn of_areas(&self, decision: &WarningDecision, forecast: &Forecast) -> Vec<AreaAdvice> {
        let own = decision.counties.iter().map(|area| {
            let counties = forecast.counties.iter().filter(|c| c.adcode == area.adcode);
            self.of_area(area, worst_day(counties))
        });
        std::iter::once(self.of_area(&decision.prefecture, worst_day(forecast.counties.iter()))).chain(own).collect()
    }

    fn of_area(&self, area: &AreaWarning, worst: Option<&DayForecast>) -> AreaAdvice {
        let causes: Vec<EventKind> = area.causes.iter().map(|c| c.kind).collect();
        let primary = worst.map(|d| d.aqi.primary.clone()).unwrap_or_default();
        let aqi_level = worst.and_then(|d| d.aqi.level);
        let advice = self.advice(&Situation {
            aqi_level,
            warning_level: area.level,
            response: area.response,
            primary: &primary,
            causes: &causes,
        });
        AreaAdvice {
            adcode: area.adcode,
            name_zh: area.name_zh.clone(),
            name_en: area.name_en.clone(),
            beijing_day: worst.map(|d| d.beijing_day),
            aqi_level,
            primary,
            advice,
        }
    }
}

/// The day with the highest AQI, the first of equals.
fn worst_day<'f>(counties: impl Iterator<Item = &'f CountyForecast>) -> Option<&'f DayForecast> {
    let days = counties.flat_map(|c| &c.days).filter(|d| d.aqi.aqi.is_some());
    days.max_by_key(|d| (d.aqi.aqi, std::cmp::Reverse(d.beijing_day)))
}

impl Entry {
    fn check(&self, place: &Place) -> Result<()> {
        let texts = [
            ("subject_zh", &self.subject_zh),
            ("subject_en", &self.subject_en),
            ("text_zh", &self.text_zh),
            ("text_en", &self.text_en),
            ("clause", &self.clause),
            ("source", &self.source),
        ];
        for (key, text) in texts {
            place.text(key, text)?;
        }
        let wanted: &[&str] = match self.kind {
            AdviceKind::Public => &["aqi_levels"],
            AdviceKind::Group => &["aqi_levels", "pollutants"],
            AdviceKind::Health | AdviceKind::School | AdviceKind::Advisory => &["warning_levels"],
            AdviceKind::Cause => &["causes"],
        };
        let stated = [
            ("aqi_levels", self.aqi_levels.len()),
            ("warning_levels", self.warning_levels.len()),
            ("pollutants", self.pollutants.len()),
            ("causes", self.causes.len()),
        ];
        for (key, values) in stated {
            let expected =
                if wanted.contains(&key) { "a value or more for this kind" } else { "no such key for this kind" };
            place.that((values > 0) == wanted.contains(&key), key, values, expected)?;
        }
        let known = self.aqi_levels.iter().all(|l| (1..=6).contains(l));
        place.that(known, "aqi_levels", &self.aqi_levels, "levels 1 to 6")?;
        let warned = !self.warning_levels.contains(&WarningLevel::None);
        place.that(warned, "warning_levels", &self.warning_levels, "pre_warning, blue, yellow, orange or red")
    }

    fn holds(&self, s: &Situation) -> bool {
        let by_aqi = || s.aqi_level.is_some_and(|l| self.aqi_levels.contains(&l));
        let by_warning = || self.warning_levels.contains(&s.warning_level);
        let health_only = s.response == Response::HealthAdviceOnly;
        match self.kind {
            AdviceKind::Public => by_aqi(),
            AdviceKind::Group => by_aqi() && self.pollutants.iter().any(|p| s.primary.contains(p)),
            AdviceKind::Health | AdviceKind::School => by_warning(),
            AdviceKind::Advisory => by_warning() && !health_only,
            AdviceKind::Cause => {
                let events = s.causes.iter().filter_map(|k| Cause::of_event(*k));
                let mut found = events.chain(s.primary.iter().filter_map(|p| Cause::of_pollutant(*p)));
                health_only && found.any(|c| self.causes.contains(&c))
            }
        }
    }

    fn given(&self) -> Advice {
        Advice {
            id: self.id.clone(),
            kind: self.kind,
            subject_zh: self.subject_zh.clone(),
            subject_en: self.subject_en.clone(),
            text_zh: self.text_zh.clone(),
            text_en: self.text_en.clone(),
            clause: self.clause.clone(),
            verified: self.verified,
        }
    }
}
