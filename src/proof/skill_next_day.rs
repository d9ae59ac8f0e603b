//! Skill of a city's PM2.5 forecast for the next day, walking forward through a daily record.
//!
//! Cases: days from `--from` with an observed PM2.5 and an observed day before; persistence is that day before. The chance of an AQI above
//! 100 is the share of the forecast's members above the PM2.5 of that AQI; the event is the AQI of the six reported pollutants.

use super::{Figure, Line, Material, Outcome, Parameter, Proof};
use crate::domain::aqi::AqiRules;
use crate::domain::pollutant::{Concentrations, Pollutant};
use crate::error::{Error, Result};
use crate::forecast::learning::city_features::CityPanel;
use crate::forecast::learning::city_model::{self, CityForecast};
use crate::forecast::learning::climatology::equally_likely;
use crate::forecast::learning::document::LearningDocument;
use crate::forecast::scores::deterministic::{mae, rmse};
use crate::forecast::scores::probabilistic::{brier, coverage, crps};
use crate::input::daily_csv::{self, DailyRecord};
use crate::setup::library::Library;
use chrono::{Datelike, NaiveDate};
use rand_distr::{Distribution, Uniform};
use rand_pcg::Pcg64;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

/// The proof as it is listed.
pub const PROOF: Proof = Proof {
    name: "skill-next-day",
    zh: "城市次日PM2.5预报的技巧：逐月重训、只用以前的资料，与持续性、气候态并列",
    en: "skill of a city's next-day PM2.5, retrained each month on what came before, beside persistence and climatology",
    takes: &[
        (Parameter::Input, "one file of daily values of many cities"),
        (Parameter::City, "the city that is forecast"),
        (Parameter::From, "first day that is forecast"),
        (Parameter::To, "last day that is forecast; without it the last of the file"),
        (Parameter::Overrides, "folder whose models/ and seeds/ replace built-in files"),
    ],
    run,
};

const MEMBERS: usize = 50;
/// Months of the heating season, whose days are scored by themselves too.
const COLD: [u32; 5] = [11, 12, 1, 2, 3];
/// The event whose chance is scored.
const AQI_ABOVE: u16 = 100;
/// Days of a block and draws of the bootstrap: neighbouring days are one weather situation.
const BLOCK_DAYS: usize = 7;
const DRAWS: usize = 1000;
const SEED: u64 = 20_150_701;
/// Names told to one who asks for a city that the file lacks.
const NEAR: usize = 6;
/// Limits on 延边州 from 2015-07-01 for a year: MAE of all days and of November to March [ug m-3].
const REFERENCE: (&str, &str, &str, f64, f64) = ("延边州", "2015-07-01", "2016-06-30", 10.6, 16.4);

/// Scores of a set of days; concentrations in ug m-3.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DayScores {
    pub days: usize,
    pub mae: f64,
    pub rmse: f64,
    pub crps: f64,
    /// Share of observations within the 90 % interval.
    pub coverage: f64,
    pub persistence_mae: f64,
    pub climatology_mae: f64,
    pub climatology_crps: f64,
}

/// Brier score of an AQI above 100, with a 90 % interval of the skill from blocks of a week.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventScores {
    pub events: usize,
    pub brier: f64,
    /// Of the share of such days among earlier days of the season.
    pub climatology_brier: f64,
    /// 1 - brier / climatology; the same against persistence (1 after such a day, else 0).
    pub skill: f64,
    pub skill_lower: f64,
    pub skill_upper: f64,
    pub skill_against_persistence: f64,
}

/// A day with all that is scored of it.
struct Scored {
    forecast: CityForecast,
    /// Values of earlier days of the season, rising.
    usual: Vec<f64>,
    chance: f64,
    usual_chance: f64,
    event_before: bool,
    event: bool,
}

/// Runs the proof.
///
/// # Errors
/// `Invalid` without a file, a city of it or a day; what the reader finds; too few days before the first forecast.
pub fn run(material: &Material) -> Result<Outcome> {
    let missing = |flag: &str, expected: &str| Error::invalid("command line", flag, "nothing", expected);
    let [input] = material.input else {
        return Err(missing("--input", "one file of daily values"));
    };
    let asked = material.city.ok_or_else(|| missing("--city", "a city of the file"))?;
    let from = material.from.ok_or_else(|| missing("--from", "a day such as 2015-07-01"))?;
    if let Some(to) = material.to.filter(|to| from > *to) {
        return Err(Error::reversed("--from, --to", from, to));
    }
    let mut library = Library::new(material.overrides);
    library.check_overrides()?;
    let parameters = library.read("models/learning.toml", LearningDocument::from_toml)?.next_day;
    let rules = library.read("seeds/aqi.toml", AqiRules::from_toml)?;
    let read = daily_csv::read(input)?;
    let panel = CityPanel::new(&read.items).ok_or_else(|| missing("--input", "a file with rows"))?;
    let city = city_named(&panel.cities, asked)?;
    let name = panel.cities[city].as_str();
    let last = panel.date(panel.days.saturating_sub(1));
    let to = material.to.unwrap_or(last).min(last);
    let forecasts = city_model::walk(&panel, city, from, to, MEMBERS, &parameters)
        .map_err(|why| Error::invalid(input, name, why, "a longer record before --from"))?;
    if forecasts.is_empty() {
        return Err(Error::invalid("command line", "--from", from.to_string(), format!("a day up to {last}")));
    }
    let scored = score_days(&read.items, name, forecasts, &rules)?;
    let all: Vec<&Scored> = scored.iter().collect();
    let cold: Vec<&Scored> = scored.iter().filter(|s| COLD.contains(&s.forecast.day.month())).collect();
    let (overall, season, event) = (day_scores(&all), day_scores(&cold), event_scores(&all));
    let mut figures = vec![
        Figure::at_most("mae_over_persistence", overall.mae / overall.persistence_mae, "", 1.0),
        Figure::at_most("crps_over_climatology", overall.crps / overall.climatology_crps, "", 1.0),
    ];
    if !cold.is_empty() {
        let ratio = season.mae / season.persistence_mae;
        figures.push(Figure::at_most("mae_over_persistence_november_to_march", ratio, "", 1.0));
    }
    if (name, from.to_string().as_str(), to.to_string().as_str()) == (REFERENCE.0, REFERENCE.1, REFERENCE.2) {
        figures.push(Figure::at_most("mae", overall.mae, "ug/m3", REFERENCE.3));
        figures.push(Figure::at_most("mae_november_to_march", season.mae, "ug/m3", REFERENCE.4));
    }
    if event.events > 0 {
        // the lower end of the interval, and above zero: no skill is not enough
        figures.push(Figure::at_least("brier_skill_lower_aqi_above_100", event.skill_lower, "", 1e-3));
    }
    let lines = lines(&overall, &season, &event);
    let details = json!({
        "city": name,
        "from": from,
        "to": to,
        "all": overall,
        "november_to_march": season,
        "aqi_above_100": event,
        "parameters": parameters,
        "days": scored.iter().map(|s| json!({
            "day": s.forecast.day, "today": s.forecast.today, "forecast": s.forecast.predicted,
            "observed": s.forecast.observed, "chance_aqi_above_100": s.chance,
        })).collect::<Vec<_>>(),
        "rejections": read.rejections,
    });
    Ok(Outcome::new(PROOF.name, figures, details, lines))
}

/// Index of the city that is asked for, whether it or the file writes 市 behind its name or not.
fn city_named(cities: &[String], asked: &str) -> Result<usize> {
    fn bare(name: &str) -> &str {
        name.strip_suffix('市').unwrap_or(name)
    }
    let exact = cities.iter().position(|c| c == asked);
    exact.or_else(|| cities.iter().position(|c| bare(c) == bare(asked))).ok_or_else(|| {
        // those with most characters in common first
        let shared = |city: &str| bare(asked).chars().filter(|c| city.contains(*c)).count();
        let mut near: Vec<&str> = cities.iter().map(String::as_str).collect();
        near.sort_by_key(|c| std::cmp::Reverse(shared(c)));
        near.truncate(NEAR);
        let expected = format!("one of the {} cities of the file, such as {}", cities.len(), near.join(", "));
        Error::invalid("command line", "--city", asked, expected)
    })
}

fn score_days(
    records: &[DailyRecord],
    city: &str,
    forecasts: Vec<CityForecast>,
    rules: &AqiRules,
) -> Result<Vec<Scored>> {
    let own: BTreeMap<NaiveDate, &DailyRecord> =
        records.iter().filter(|r| r.place == city).map(|r| (r.day, r)).collect();
    // `None` on days without an AQI
    let above = |day: NaiveDate| {
        let aqi = rules.daily(day, &own.get(&day)?.concentrations, &Pollutant::ALL).aqi?;
        Some(aqi > AQI_ABOVE)
    };
    let mut scored = Vec::new();
    for forecast in forecasts {
        let day = forecast.day;
        // earlier days of this month and its neighbours; of any month where those are few
        let near = |other: &NaiveDate| (other.month0() + 12 - day.month0() + 1) % 12 <= 2;
        let earlier: Vec<NaiveDate> = own.keys().copied().filter(|d| *d < day).collect();
        let season: Vec<NaiveDate> = earlier.iter().copied().filter(near).collect();
        let basis = if season.len() >= 30 { season } else { earlier };
        let mut usual: Vec<f64> =
            basis.iter().filter_map(|d| own[d].concentrations.get(Pollutant::Pm25).copied()).collect();
        usual.sort_by(f64::total_cmp);
        let limit = pm25_of_aqi(rules, day, AQI_ABOVE)?;
        let share = |n: usize, of: usize| n as f64 / of.max(1) as f64;
        let judged: Vec<bool> = basis.iter().filter_map(|d| above(*d)).collect();
        scored.push(Scored {
            chance: share(forecast.members.iter().filter(|m| **m > limit).count(), forecast.members.len()),
            usual_chance: share(judged.iter().filter(|above| **above).count(), judged.len()),
            event_before: day.pred_opt().and_then(above).unwrap_or(false),
            event: above(day).unwrap_or(false),
            usual,
            forecast,
        });
    }
    Ok(scored)
}

/// The largest PM2.5 day mean, in steps of 1 ug m-3, whose AQI is not above `aqi`.
fn pm25_of_aqi(rules: &AqiRules, day: NaiveDate, aqi: u16) -> Result<f64> {
    let index = |value: u32| {
        let mut concentrations = Concentrations::default();
        concentrations.set(Pollutant::Pm25, Some(f64::from(value)));
        rules.daily(day, &concentrations, &Pollutant::ALL).aqi.unwrap_or(0)
    };
    (0..500).rev().find(|v| index(*v) <= aqi).map(f64::from).ok_or_else(|| {
        Error::invalid("seeds/aqi.toml", "PM2.5", "no day mean with a low AQI", "breakpoints from 0 upwards")
    })
}

fn day_scores(scored: &[&Scored]) -> DayScores {
    let observed: Vec<f64> = scored.iter().map(|s| s.forecast.observed).collect();
    let of = |f: &dyn Fn(&Scored) -> f64| -> Vec<f64> { scored.iter().map(|s| f(s)).collect() };
    let mean = |v: Vec<f64>| v.iter().sum::<f64>() / v.len() as f64;
    let score = |s: Option<f64>| s.unwrap_or(f64::NAN);
    let predicted = of(&|s| s.forecast.predicted);
    // members stand for the mid-points of equal shares: the ends of 90 % lie between the second and third of fifty
    let end = |s: &Scored, level: f64| {
        let at = level * MEMBERS as f64 - 0.5;
        let (low, share) = (at.floor() as usize, at.fract());
        s.forecast.members[low] * (1.0 - share) + s.forecast.members[low + 1] * share
    };
    let (lower, upper) = (of(&|s| end(s, 0.05)), of(&|s| end(s, 0.95)));
    let usual = |s: &Scored| equally_likely(&s.usual, MEMBERS);
    DayScores {
        days: scored.len(),
        mae: score(mae(&predicted, &observed)),
        rmse: score(rmse(&predicted, &observed)),
        crps: mean(of(&|s| score(crps(&mut s.forecast.members.clone(), s.forecast.observed)))),
        coverage: score(coverage(&lower, &upper, &observed)),
        persistence_mae: score(mae(&of(&|s| s.forecast.today), &observed)),
        climatology_mae: score(mae(&of(&|s| usual(s).get(MEMBERS / 2).copied().unwrap_or(f64::NAN)), &observed)),
        climatology_crps: mean(of(&|s| score(crps(&mut usual(s), s.forecast.observed)))),
    }
}

fn event_scores(scored: &[&Scored]) -> EventScores {
    let briers = |rows: &[usize]| {
        let of = |f: &dyn Fn(&Scored) -> f64| -> Vec<f64> { rows.iter().map(|i| f(scored[*i])).collect() };
        let happened: Vec<bool> = rows.iter().map(|i| scored[*i].event).collect();
        [
            brier(&of(&|s| s.chance), &happened),
            brier(&of(&|s| s.usual_chance), &happened),
            brier(&of(&|s| f64::from(u8::from(s.event_before))), &happened),
        ]
        .map(|b| b.unwrap_or(f64::NAN))
    };
    let every: Vec<usize> = (0..scored.len()).collect();
    let [own, climatology, persistence] = briers(&every);
    let blocks = scored.len().div_ceil(BLOCK_DAYS);
    let mut random = Pcg64::new(u128::from(SEED), 1);
    let mut skills: Vec<f64> = (0..DRAWS)
        .filter_map(|_| {
            let choice = Uniform::new(0, blocks).ok()?;
            let rows: Vec<usize> = (0..blocks)
                .flat_map(|_| {
                    let block = choice.sample(&mut random);
                    block * BLOCK_DAYS..((block + 1) * BLOCK_DAYS).min(scored.len())
                })
                .collect();
            let [own, climatology, _] = briers(&rows);
            Some(1.0 - own / climatology).filter(|s| s.is_finite())
        })
        .collect();
    skills.sort_by(f64::total_cmp);
    let at = |level: f64| skills.get((level * skills.len() as f64) as usize).copied().unwrap_or(f64::NAN);
    EventScores {
        events: scored.iter().filter(|s| s.event).count(),
        brier: own,
        climatology_brier: climatology,
        skill: 1.0 - own / climatology,
        skill_lower: at(0.05),
        skill_upper: at(0.95),
        skill_against_persistence: 1.0 - own / persistence,
    }
}

fn lines(all: &DayScores, cold: &DayScores, event: &EventScores) -> Vec<Line> {
    let mut lines = vec![Line::new(
        "范围  天数  MAE  持续性  气候态  CRPS  气候态CRPS  90%区间覆盖率",
        "days  number  MAE  persistence  climatology  CRPS  climatology CRPS  coverage of 90 % interval",
    )];
    for (zh, en, s) in [("全部", "all", all), ("11月至3月", "November to March", cold)] {
        let row = format!(
            "{}  {:.2}  {:.2}  {:.2}  {:.2}  {:.2}  {:.3}",
            s.days, s.mae, s.persistence_mae, s.climatology_mae, s.crps, s.climatology_crps, s.coverage
        );
        lines.push(Line::new(format!("{zh}  {row}"), format!("{en}  {row}")));
    }
    let (skill, lower, upper) = (event.skill, event.skill_lower, event.skill_upper);
    lines.push(Line::new(
        format!("AQI>100：{}天，布赖尔技巧{skill:.2}（90%区间 {lower:.2}～{upper:.2}）", event.events),
        format!("AQI > 100: {} days, Brier skill {skill:.2} (90 % interval {lower:.2} to {upper:.2})", event.events),
    ));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_city_is_found_with_and_without_its_last_character_and_near_names_are_told() {
        let cities = ["哈尔滨", "哈密市", "延边州", "长春市"].map(str::to_owned);
        for (asked, at) in [("哈尔滨市", 0), ("哈尔滨", 0), ("长春", 3), ("长春市", 3), ("延边州", 2)] {
            assert_eq!(city_named(&cities, asked).unwrap(), at, "{asked}");
        }
        let told = city_named(&cities, "哈尔宾市").unwrap_err().to_string();
        assert!(told.contains("of the 4 cities") && told.contains("such as 哈尔滨, 哈密市"), "{told}");
    }
}
