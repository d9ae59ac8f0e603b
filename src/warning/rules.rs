//! The warning schemes as dated data, who follows which, and the plan of a region laid over its scheme (`seeds/warning.toml`).
//!
//! A clause that can be read in two ways is a named [`Parameter`]; the decision shows what the other value would have given.

use super::WarningLevel;
use crate::domain::dated::{self, Dated};
use crate::domain::pollutant::Pollutant;
use crate::error::Result;
use crate::seed::{Place, Seed};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A daily AQI above `aqi_above` for at least `hours`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Exceeded means greater than this, 100 ..= 499.
    pub aqi_above: u16,
    /// A multiple of 24, 24 ..= 240 [h].
    pub hours: u32,
}

/// One way to reach a level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// `<scheme>.<level>.<number>`.
    pub id: String,
    pub level: WarningLevel,
    /// The first condition is the episode, every other one holds inside it.
    pub all_of: Vec<Condition>,
    pub clause: String,
    /// Whether the clause was checked against the primary text.
    pub verified: bool,
}

/// When two episodes count as one (按一次重污染过程统计).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    /// Only episodes that each exceed this AQI are merged.
    pub heavy_aqi: u16,
    /// Longest time at or below `Lift::aqi` between them [h]; 0 switches merging off.
    pub gap_hours: u32,
    pub clause: String,
    pub verified: bool,
}

/// When a warning may be lifted (解除).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Lift {
    /// Running 24-h AQI at or below this; the lowest threshold of the lowest coloured level.
    pub aqi: u16,
    /// For longer than this [h].
    pub hours: u32,
    pub clause: String,
    pub verified: bool,
}

/// Which pollutants call for mandatory cuts, and which causes never do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PollutantRule {
    pub id: String,
    pub emission_response: Vec<Pollutant>,
    /// Share of the pollution that a cause beyond control (dust, wildfire, outside transport) must have for health advice only,
    /// above 0 and at most 1.
    pub uncontrollable_share: f64,
    pub clause: String,
    pub verified: bool,
}

/// How the prefecture's level follows from its counties.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PrefectureRule {
    /// The prefecture has the highest level that at least this many counties reach.
    pub counties_needed: usize,
    pub clause: String,
    pub verified: bool,
}

/// A value chosen where a clause leaves the reading open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameter<T> {
    pub value: T,
    pub clause: String,
    pub verified: bool,
}

/// Which daily AQI a rule means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DayReading {
    /// Natural days and any 24 consecutive hours; the stricter counts.
    Either,
    NaturalDay,
    #[serde(rename = "sliding_24h")]
    Sliding24h,
}

/// What "for 48 h" means under the sliding reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SlidingHours {
    /// From the first hour of the first exceeding 24-h average to the last hour of the last: 48 h are 25 averages.
    Covered,
    /// Every hour of the 48 ends an exceeding average: 48 averages. A condition of 24 h needs one average.
    EveryAverage,
}

/// Where the further conditions of a rule must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InnerCondition {
    /// Inside the episode of the first condition.
    Inside,
    /// Anywhere in the forecast.
    Anywhere,
}

/// Whether the upper end of the forecast decides where heavy pollution of several days is possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpperBound {
    Off,
    On,
}

/// The open readings of a scheme.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    pub day: Parameter<DayReading>,
    pub sliding_hours: Parameter<SlidingHours>,
    pub inner_condition: Parameter<InnerCondition>,
    /// Hours before the cycle that count towards the length of an episode, 0 ..= 240; 0: only the forecast counts.
    pub observed_hours: Parameter<u32>,
    /// An episode under way counts when its last exceeding average ends at least this long after the cycle, 1 ..= 24 [h].
    pub under_way_hours: Parameter<u32>,
    pub upper_bound: Parameter<UpperBound>,
    /// Natural days above `Merge::heavy_aqi` at the upper end that bring `upper_bound` into play, 1 ..= 10.
    pub upper_bound_days: Parameter<u32>,
}

/// A scheme: the rules of one document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scheme {
    /// e.g. `warning-2024`.
    pub id: String,
    pub document: String,
    pub title_zh: String,
    /// First and last day; open where there is no last day.
    pub valid_from: NaiveDate,
    pub valid_from_verified: bool,
    pub valid_to: Option<NaiveDate>,
    pub source: String,
    #[serde(rename = "rule")]
    pub rules: Vec<Rule>,
    pub merge: Merge,
    pub lift: Lift,
    pub pollutant: PollutantRule,
    pub prefecture: PrefectureRule,
    pub parameter: Parameters,
}

/// Since when a region follows a scheme.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Adoption {
    /// Code of the region; 0 for every region without an entry of its own.
    pub adcode: u32,
    pub scheme: String,
    pub valid_from: NaiveDate,
    pub source: String,
    pub verified: bool,
}

/// All schemes and adoptions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarningRules {
    #[serde(rename = "scheme")]
    schemes: Vec<Scheme>,
    #[serde(rename = "adoption")]
    adoptions: Vec<Adoption>,
}

/// The plan of a region: what it changes in the scheme it is based on. Its rules, lifting, merging, pollutants and counties needed may be
/// stricter, never laxer; the open readings ([`Parameters`]) are its own.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    id: String,
    adcode: u32,
    based_on: String,
    document: String,
    title_zh: String,
    valid_from: NaiveDate,
    source: String,
    /// Whether the plan was checked against its primary text.
    verified: bool,
    /// Rules of a level replace all rules of that level.
    #[serde(default, rename = "rule")]
    rules: Vec<Rule>,
    merge: Option<Merge>,
    lift: Option<Lift>,
    pollutant: Option<PollutantRule>,
    prefecture: Option<PrefectureRule>,
    parameter: Option<Parameters>,
}

impl Dated for Scheme {
    fn valid_from(&self) -> NaiveDate {
        self.valid_from
    }

    fn valid_to(&self) -> Option<NaiveDate> {
        self.valid_to
    }
}

impl WarningRules {
    /// Reads the schemes of `text`, the content of the file `origin`.
    ///
    /// # Errors
    /// `Invalid` naming the line: not TOML, unknown or missing keys, schemes with a gap or overlap in time, thresholds or hours out
    /// of range, a rule of a higher level that asks for no more than one of a lower level, an inner condition longer or weaker than its
    /// episode, a lifting threshold that is not that of the lowest colour, adoptions that do not ascend in time.
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self> {
        let (seed, rules): (Seed, Self) = Seed::read(text, origin, "warning schemes")?;
        let root = seed.root();
        root.that(!rules.schemes.is_empty(), "scheme", 0, "at least one scheme")?;
        for (i, scheme) in rules.schemes.iter().enumerate() {
            let place = root.element("scheme", i, &scheme.id);
            let once = rules.schemes[..i].iter().all(|s| s.id != scheme.id) && !scheme.id.trim().is_empty();
            place.that(once, "id", &scheme.id, "a name used once")?;
            scheme.check(&place, &[&scheme.id])?;
        }
        dated::check(&rules.schemes, |i| root.element("scheme", i, &rules.schemes[i].id))?;
        rules.check_adoptions(&root)?;
        Ok(rules)
    }

    /// Lays the plan of a region, `text` of the file `origin`, over the scheme that it is based on. From its first day on the region
    /// follows it.
    ///
    /// # Errors
    /// As [`WarningRules::from_toml`]; also a plan that is laxer than its scheme, and a scheme or date that is unknown or too early.
    pub fn with_plan(mut self, text: &str, origin: &Path) -> Result<Self> {
        let (seed, plan): (Seed, Plan) = Seed::read(text, origin, "the plan of a region")?;
        let place = seed.root();
        let base = self.schemes.iter().find(|s| s.id == plan.based_on);
        let base = base.ok_or_else(|| place.fault("based_on", &plan.based_on, "the id of a scheme"))?.clone();
        place.that(self.schemes.iter().all(|s| s.id != plan.id), "id", &plan.id, "a name of its own")?;
        place.that(plan.adcode >= 100_000, "adcode", plan.adcode, "the six digits of the region")?;
        let begun = plan.valid_from >= base.valid_from && base.valid_to.is_none_or(|to| plan.valid_from <= to);
        place.that(begun, "valid_from", plan.valid_from, "a day on which the scheme it is based on is valid")?;
        let replaced = |level| plan.rules.iter().any(|r: &Rule| r.level == level);
        let mut rules: Vec<Rule> = base.rules.iter().filter(|r| !replaced(r.level)).cloned().collect();
        rules.extend(plan.rules.iter().cloned());
        rules.sort_by_key(|r| r.level);
        let scheme = Scheme {
            id: plan.id.clone(),
            document: plan.document,
            title_zh: plan.title_zh,
            valid_from: plan.valid_from,
            valid_from_verified: plan.verified,
            valid_to: None,
            source: plan.source.clone(),
            rules,
            merge: plan.merge.unwrap_or_else(|| base.merge.clone()),
            lift: plan.lift.unwrap_or_else(|| base.lift.clone()),
            pollutant: plan.pollutant.unwrap_or_else(|| base.pollutant.clone()),
            prefecture: plan.prefecture.unwrap_or_else(|| base.prefecture.clone()),
            parameter: plan.parameter.unwrap_or_else(|| base.parameter.clone()),
        };
        for (i, rule) in plan.rules.iter().enumerate() {
            rule.check(&place.element("rule", i, &rule.id), &[&plan.id])?;
        }
        scheme.check_strictness(&place, &base)?;
        scheme.check(&place, &[&scheme.id, &base.id])?;
        let own = self.adoptions.iter().any(|a| a.adcode == plan.adcode);
        let inherited: Vec<Adoption> = if own {
            Vec::new()
        } else {
            let general = self.adoptions.iter().filter(|a| a.adcode == 0);
            general.map(|a| Adoption { adcode: plan.adcode, ..a.clone() }).collect()
        };
        self.adoptions.extend(inherited);
        self.adoptions.retain(|a| a.adcode != plan.adcode || a.valid_from < plan.valid_from);
        self.adoptions.push(Adoption {
            adcode: plan.adcode,
            scheme: plan.id,
            valid_from: plan.valid_from,
            source: plan.source,
            verified: plan.verified,
        });
        self.schemes.push(scheme);
        Ok(self)
    }

    /// The scheme a region follows on `date`, and the entry that says so. A date before the first adoption is judged by the
    /// first one.
    pub fn scheme(&self, adcode: u32, date: NaiveDate) -> (&Scheme, &Adoption) {
        let own = if self.adoptions.iter().any(|a| a.adcode == adcode) { adcode } else { 0 };
        let entries = || self.adoptions.iter().filter(|a| a.adcode == own);
        let adoption = entries()
            .rfind(|a| a.valid_from <= date)
            .or_else(|| entries().next())
            .expect("checked on reading: an adoption for adcode 0");
        let scheme =
            self.schemes.iter().find(|s| s.id == adoption.scheme).expect("checked on reading: the scheme exists");
        (scheme, adoption)
    }

    /// Every scheme, oldest first; plans of regions last.
    pub fn schemes(&self) -> &[Scheme] {
        &self.schemes
    }

    fn check_adoptions(&self, root: &Place) -> Result<()> {
        let general = self.adoptions.iter().any(|a| a.adcode == 0);
        root.that(general, "adoption", self.adoptions.len(), "an entry for adcode 0")?;
        for (i, a) in self.adoptions.iter().enumerate() {
            let place = root.element("adoption", i, format!("adoption[{}]", i + 1));
            let scheme = self.schemes.iter().find(|s| s.id == a.scheme);
            place.that(scheme.is_some(), "scheme", &a.scheme, "the id of a scheme in this file")?;
            let begun = scheme.is_some_and(|s| s.valid_from <= a.valid_from);
            place.that(begun, "valid_from", a.valid_from, "a day on or after the scheme's own valid_from")?;
            let later = self.adoptions[..i].iter().all(|b| b.adcode != a.adcode || b.valid_from < a.valid_from);
            place.that(later, "valid_from", a.valid_from, "a day after the region's entry before it")?;
            place.text("source", &a.source)?;
        }
        Ok(())
    }
}

impl Scheme {
    /// `ids`: the schemes whose rules may stand here.
    fn check(&self, place: &Place, ids: &[&str]) -> Result<()> {
        for (key, text) in [("document", &self.document), ("title_zh", &self.title_zh), ("source", &self.source)] {
            place.text(key, text)?;
        }
        for (i, rule) in self.rules.iter().enumerate() {
            let at = place.identified("rule", &rule.id);
            at.that(self.rules[..i].iter().all(|r| r.id != rule.id), "id", &rule.id, "an id used once")?;
            rule.check(&at, ids)?;
        }
        self.check_ascent(place)?;
        let merge = place.table("merge");
        merge.text("clause", &self.merge.clause)?;
        merge.that(self.merge.gap_hours <= 240, "gap_hours", self.merge.gap_hours, "0 to 240 hours")?;
        let lift = place.table("lift");
        lift.text("clause", &self.lift.clause)?;
        let lowest = self.lowest_colour().map(|r| r.all_of[0].aqi_above).min();
        place.that(lowest.is_some(), "rule", self.rules.len(), "at least one rule of a coloured level")?;
        let expected = "the lowest threshold of the lowest coloured level";
        lift.that(lowest == Some(self.lift.aqi), "aqi", self.lift.aqi, expected)?;
        lift.that((1..=240).contains(&self.lift.hours), "hours", self.lift.hours, "1 to 240 hours")?;
        let heavy = (self.lift.aqi..500).contains(&self.merge.heavy_aqi);
        merge.that(heavy, "heavy_aqi", self.merge.heavy_aqi, "an AQI from lift.aqi to 499")?;
        let pollutant = place.table("pollutant");
        pollutant.text("id", &self.pollutant.id)?;
        pollutant.text("clause", &self.pollutant.clause)?;
        let some = !self.pollutant.emission_response.is_empty();
        pollutant.that(some, "emission_response", 0, "at least one pollutant")?;
        let share = self.pollutant.uncontrollable_share;
        pollutant.that(share > 0.0 && share <= 1.0, "uncontrollable_share", share, "above 0, at most 1")?;
        let prefecture = place.table("prefecture");
        prefecture.text("clause", &self.prefecture.clause)?;
        let needed = self.prefecture.counties_needed;
        prefecture.that(needed >= 1, "counties_needed", needed, "one or more")?;
        self.parameter.check(&place.table("parameter"))
    }

    /// Rules of the lowest level above pre-warning.
    fn lowest_colour(&self) -> impl Iterator<Item = &Rule> {
        let coloured = |r: &&Rule| r.level > WarningLevel::PreWarning;
        let lowest = self.rules.iter().filter(coloured).map(|r| r.level).min();
        self.rules.iter().filter(move |r| Some(r.level) == lowest)
    }

    /// A coloured rule that every forecast of a lower colour meets too would leave that colour without use.
    fn check_ascent(&self, place: &Place) -> Result<()> {
        let coloured = |r: &&Rule| r.level > WarningLevel::PreWarning;
        for rule in self.rules.iter() {
            for lower in self.rules.iter().filter(coloured).filter(|l| l.level < rule.level) {
                let expected = format!("more than {} of a lower level asks for", lower.id);
                let above = !rule.follows_from(lower);
                place.identified("rule", &rule.id).that(above, "all_of", &rule.all_of, &expected)?;
            }
        }
        Ok(())
    }

    /// Whatever `base` answers with a coloured level is answered with at least that level here, and is not lifted sooner.
    fn check_strictness(&self, place: &Place, base: &Self) -> Result<()> {
        for rule in base.rules.iter().filter(|r| r.level > WarningLevel::PreWarning) {
            let kept = self.rules.iter().any(|own| own.level >= rule.level && own.follows_from(rule));
            let expected = format!("rules at least as strict as {} of {}", rule.id, base.id);
            place.that(kept, "rule", "a plan that is laxer", &expected)?;
        }
        let lift = place.table("lift");
        lift.that(self.lift.aqi <= base.lift.aqi, "aqi", self.lift.aqi, "at most the scheme's own")?;
        lift.that(self.lift.hours >= base.lift.hours, "hours", self.lift.hours, "at least the scheme's own")?;
        let merge = place.table("merge");
        let gap = self.merge.gap_hours;
        merge.that(gap >= base.merge.gap_hours, "gap_hours", gap, "at least the scheme's own")?;
        let heavy = self.merge.heavy_aqi;
        merge.that(heavy <= base.merge.heavy_aqi, "heavy_aqi", heavy, "at most the scheme's own")?;
        let (own, theirs) = (&self.pollutant, &base.pollutant);
        let pollutant = place.table("pollutant");
        let kept = theirs.emission_response.iter().all(|p| own.emission_response.contains(p));
        pollutant.that(kept, "emission_response", &own.emission_response, "every pollutant of the scheme's own")?;
        let share = own.uncontrollable_share;
        pollutant.that(
            share >= theirs.uncontrollable_share,
            "uncontrollable_share",
            share,
            "at least the scheme's own",
        )?;
        let needed = self.prefecture.counties_needed;
        let kept = needed <= base.prefecture.counties_needed;
        place.table("prefecture").that(kept, "counties_needed", needed, "at most the scheme's own")
    }
}

impl Rule {
    /// Whether every series that meets `stricter` meets this rule too.
    fn follows_from(&self, stricter: &Self) -> bool {
        let weaker = |c: &Condition| stricter.all_of.iter().any(|s| c.aqi_above <= s.aqi_above && c.hours <= s.hours);
        self.all_of.iter().all(weaker)
    }

    /// `schemes`: the ids under which a rule may be named.
    fn check(&self, place: &Place, schemes: &[&str]) -> Result<()> {
        let level = match self.level {
            WarningLevel::None => "",
            WarningLevel::PreWarning => "pre_warning",
            WarningLevel::Blue => "blue",
            WarningLevel::Yellow => "yellow",
            WarningLevel::Orange => "orange",
            WarningLevel::Red => "red",
        };
        place.that(!level.is_empty(), "level", self.level, "pre_warning, blue, yellow, orange or red")?;
        let named = schemes.iter().any(|s| self.id.starts_with(&format!("{s}.{level}.")));
        place.that(named, "id", &self.id, "<scheme>.<level>.<number>")?;
        place.text("clause", &self.clause)?;
        place.that(!self.all_of.is_empty(), "all_of", 0, "at least one condition")?;
        let episode = self.all_of[0];
        for (i, c) in self.all_of.iter().enumerate() {
            let at = |holds, what: &str, expected: &str| {
                place.that(holds, "all_of", format!("condition {} with {what}", i + 1), expected)
            };
            let scale = (100..500).contains(&c.aqi_above);
            at(scale, &format!("aqi_above {}", c.aqi_above), "an AQI from 100 to 499: below 100 it may not be stated")?;
            let days = (24..=240).contains(&c.hours) && c.hours % 24 == 0;
            at(days, &format!("hours {}", c.hours), "a multiple of 24 from 24 to 240")?;
            let inside = i == 0 || (c.aqi_above > episode.aqi_above && c.hours <= episode.hours);
            at(inside, &format!("{c:?}"), "a higher AQI for no longer than the first condition")?;
        }
        Ok(())
    }
}

impl Parameters {
    fn check(&self, place: &Place) -> Result<()> {
        for (key, clause) in [
            ("day", &self.day.clause),
            ("sliding_hours", &self.sliding_hours.clause),
            ("inner_condition", &self.inner_condition.clause),
            ("observed_hours", &self.observed_hours.clause),
            ("under_way_hours", &self.under_way_hours.clause),
            ("upper_bound", &self.upper_bound.clause),
            ("upper_bound_days", &self.upper_bound_days.clause),
        ] {
            place.table(key).text("clause", clause)?;
        }
        for (key, value, range) in [
            ("observed_hours", self.observed_hours.value, 0..=240),
            ("under_way_hours", self.under_way_hours.value, 1..=24),
            ("upper_bound_days", self.upper_bound_days.value, 1..=10),
        ] {
            let expected = format!("{} to {}", range.start(), range.end());
            place.table(key).that(range.contains(&value), "value", value, &expected)?;
        }
        Ok(())
    }
}
