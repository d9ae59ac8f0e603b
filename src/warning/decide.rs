//! The decision: both readings of every county, what is in force already, and the prefecture that follows from its counties.

use super::applied::{Applied, Side};
use super::classes::UNJUDGED;
use super::episode::{Episode, Met};
use super::lifting::{Outlook, follow, lift_hour};
use super::probability::Chances;
use super::readings::{Bound, Hours};
use super::rules::{Rule, WarningRules};
use super::{
    Action, AreaWarning, Because, CalledWarning, Evidence, InForce, Reading, Response, WarningDecision, WarningLevel,
    alternatives, sentence,
};
use crate::calendar::beijing_day_hour;
use crate::domain::aqi::AqiRules;
use crate::domain::averages::Validity;
use crate::domain::event::{Event, EventKind};
use crate::domain::pollutant::Pollutant;
use crate::forecast::trajectories::Trajectories;
use crate::forecast::{CountyForecast, Forecast};
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeMap;

/// What a decision rests on beside the forecast.
#[derive(Debug, Clone, Copy)]
pub struct Basis<'a> {
    pub warning: &'a WarningRules,
    pub aqi: &'a AqiRules,
    pub validity: Validity,
    /// Code, Chinese name and English name of the region.
    pub region: (u32, &'a str, &'a str),
    /// What is in force by area code, from the region's decision before this one.
    pub in_force: &'a BTreeMap<u32, InForce>,
    /// Recorded events: causes beyond control rule out mandatory cuts.
    pub events: &'a [Event],
}

/// A rule that fired in one reading: its first episode, with the averages that exceed.
pub(super) struct Fired<'a> {
    pub side: &'a Side,
    pub rule: &'a Rule,
    pub met: &'a Met,
    pub exceeding: Vec<Evidence>,
}

/// Decides for every county of `forecast` and for the prefecture.
///
/// - **Scheme**: the one the region follows on the Beijing day of the first hour after the cycle.
/// - **Reading**: natural days and sliding 24 h, over observed hours up to the cycle and forecast hours after it; the stricter counts.
/// - **Episode**: observed hours lengthen it; its last exceeding average ends well after the cycle.
/// - **In force**: a level rises at once and falls only under the lifting condition.
/// - **Response**: by the pollutants of the exceeding days and windows and by recorded causes, see [`AreaWarning::response_level`].
/// - **Prefecture**: the highest level that enough counties reach, its response the strongest of the counties.
pub fn decide(basis: &Basis, forecast: &Forecast, trajectories: Option<&Trajectories>) -> WarningDecision {
    let applied = Applied::of(basis, first_day(forecast));
    let court = Court {
        basis,
        cycle: forecast.cycle,
        chances: trajectories.map(|t| Chances::of(&applied, basis, forecast, t)),
        applied,
    };
    let counties: Vec<AreaWarning> = forecast.counties.iter().map(|c| court.county(c)).collect();
    let prefecture = court.prefecture(&counties);
    WarningDecision { scheme: court.applied.scheme.id.clone(), prefecture, counties }
}

/// Beijing day of the first hour after the cycle: its scheme decides.
pub(super) fn first_day(forecast: &Forecast) -> chrono::NaiveDate {
    beijing_day_hour(forecast.cycle + Duration::hours(1)).0
}

struct Court<'a> {
    basis: &'a Basis<'a>,
    applied: Applied<'a>,
    cycle: DateTime<Utc>,
    chances: Option<Chances>,
}

impl Court<'_> {
    fn county(&self, county: &CountyForecast) -> AreaWarning {
        let (applied, scheme) = (&self.applied, self.applied.scheme);
        let before = self.before(county.adcode);
        let look_back = scheme.parameter.observed_hours.value;
        let Some(hours) = Hours::of(county, self.cycle, look_back, Bound::Value) else {
            return self.without_hours(county, before);
        };
        let sides = applied.sides(&hours);
        let fired: Vec<Fired> = sides.iter().flat_map(|side| self.fired(&hours, side)).collect();
        let level_of = |reading| highest(fired.iter().filter(|f| f.side.reading == reading));
        let (level_natural_day, level_sliding_24h) = (level_of(Reading::NaturalDay), level_of(Reading::Sliding24h));
        let by_value = applied.stricter(level_natural_day, level_sliding_24h);

        // the upper end of the forecast decides where the scheme says so and it is stricter
        let upper = alternatives::upper_bound(applied, county, self.cycle);
        let upper = upper.filter(|u| applied.upper_bound_is_on() && u.level > by_value);
        let (called, deciding_hours) = upper.as_ref().map_or((by_value, &hours), |u| (u.level, &u.hours));
        let deciding_sides = upper.as_ref().map_or(&sides[..], |u| &u.sides);
        let deciding: Vec<Fired> = deciding_sides
            .iter()
            .filter(|side| applied.counts(side.reading) || upper.is_some())
            .flat_map(|side| self.fired(deciding_hours, side))
            .filter(|f| f.rule.level == called)
            .collect();

        let lifting = Lifting::of(applied, county, &hours, self.cycle);
        let outlook = Outlook {
            called,
            running: applied.running(&hours, &sides),
            clean: lifting.clean,
            known: lifting.known,
            lowest: applied.lowest_colour(),
        };
        let (level, action) = follow(before.level, outlook);
        let episodes = self.called_warnings(deciding_hours, deciding_sides, &lifting);
        let coloured = |level: WarningLevel| level > WarningLevel::PreWarning;
        let first = episodes.iter().find(|e| e.level == called);
        let covered = deciding.iter().map(|f| applied.hours_covered(deciding_hours, f.side, &f.met.episodes[0]));
        let covered: Vec<_> = covered.filter(|c| first.is_none_or(|e| c.0 >= e.from && c.1 <= e.to)).collect();
        let (mut from, mut to) = (covered.iter().map(|c| c.0).min(), covered.iter().map(|c| c.1).max());
        let lift_from = match first {
            Some(episode) => episode.lift_from,
            None => lifting.from_now.map(|h| hours.values.end(h)),
        };
        let lift_from = lift_from.filter(|_| coloured(level) || action == Action::Lift);
        if coloured(level) && called < level {
            // it stands until it is lifted, whatever the forecast calls for
            let hour = Duration::hours(1);
            from = from.min(Some(self.cycle + hour)).or(Some(self.cycle + hour));
            to = to.max(Some(lift_from.map_or(hours.values.end(hours.last()), |lift| lift - hour)));
        }
        let causes = self.causes(county.adcode, from, to);
        let response_level = match self.rules_out_cuts(&causes, from, to) {
            true => WarningLevel::None,
            false if called < level => applied.level_alone(&hours).max(before.response_level).min(level),
            false => applied.level_alone(deciding_hours).min(level),
        };
        let mut because: Vec<Because> = fired
            .iter()
            .filter(|f| f.rule.level == level_of(f.side.reading))
            .map(|f| self.because(county, f))
            .collect();
        if upper.is_some() {
            because.extend(deciding.iter().map(|f| self.because_of_upper_bound(county, f)));
        }
        if response_level < level && called > WarningLevel::None {
            because.push(self.because_of_pollutant(county, level, response_level, &deciding, &causes));
        }
        if matches!(action, Action::Keep | Action::Downgrade | Action::Lift) && before.level > called {
            let ends = [lifting.judged_from, (lifting.judged_from + scheme.lift.hours as usize).min(hours.last())];
            let evidence = ends.iter().filter_map(|hour| applied.evidence_at(&hours, Reading::Sliding24h, *hour));
            because.push(self.because_in_force(county, (before.level, level, called), action, evidence.collect()));
        }
        AreaWarning {
            level,
            level_called: called,
            level_before: before.level,
            action,
            level_natural_day,
            level_sliding_24h,
            response: response_to(level, response_level),
            response_level,
            from,
            to,
            lift_from,
            unjudged_hours: unjudged(&hours, &sides[1].class),
            observed_hours: hours.observed,
            because,
            episodes,
            other_readings: alternatives::other_readings(applied, county, self.cycle, by_value, called),
            causes,
            probability: self.chances.as_ref().and_then(|c| c.county(county.adcode)),
            ..AreaWarning::quiet(county.adcode, &county.name_zh, &county.name_en)
        }
    }

    /// A county of which nothing is known: what is in force stays.
    fn without_hours(&self, county: &CountyForecast, before: InForce) -> AreaWarning {
        let nothing = WarningLevel::None;
        let lowest = self.applied.lowest_colour();
        let outlook = Outlook { called: nothing, running: nothing, clean: false, known: false, lowest };
        let (level, action) = follow(before.level, outlook);
        let response_level = before.response_level.min(level);
        let kept = (action == Action::Keep)
            .then(|| self.because_in_force(county, (before.level, level, nothing), action, Vec::new()));
        AreaWarning {
            level,
            level_before: before.level,
            action,
            response: response_to(level, response_level),
            response_level,
            because: kept.into_iter().collect(),
            ..AreaWarning::quiet(county.adcode, &county.name_zh, &county.name_en)
        }
    }

    fn before(&self, adcode: u32) -> InForce {
        let nothing = InForce { level: WarningLevel::None, response_level: WarningLevel::None };
        self.basis.in_force.get(&adcode).copied().unwrap_or(nothing)
    }

    /// Every rule that fires in one reading, with its first episode.
    fn fired<'s>(&'s self, hours: &Hours, side: &'s Side) -> Vec<Fired<'s>> {
        let mut fired: Vec<Fired> = Vec::new();
        for met in &side.met {
            let rule = &self.applied.scheme.rules[met.rule];
            if fired.iter().all(|f| f.rule.id != rule.id) {
                let exceeding = self.applied.exceeding(hours, side, rule.all_of[0].aqi_above, &met.episodes[0]);
                fired.push(Fired { side, rule, met, exceeding });
            }
        }
        fired
    }

    /// Warnings that the forecast calls for, in time: a later one is the same while the one before it may not be lifted.
    fn called_warnings(&self, hours: &Hours, sides: &[Side], lifting: &Lifting) -> Vec<CalledWarning> {
        let mut spans: Vec<(DateTime<Utc>, DateTime<Utc>, WarningLevel)> = sides
            .iter()
            .filter(|s| self.applied.counts(s.reading))
            .flat_map(|side| side.met.iter().map(move |m| (side, m)))
            .map(|(side, m)| {
                (self.applied.hours_covered(hours, side, &m.episodes[0]), self.applied.scheme.rules[m.rule].level)
            })
            .filter(|(_, level)| *level > WarningLevel::PreWarning)
            .map(|((from, to), level)| (from, to, level))
            .collect();
        spans.sort();
        let lift_from = |from: DateTime<Utc>| {
            let hour = lifting.after(hours.values.hour_of(from).max(0) as usize);
            hour.map(|h| hours.values.end(h))
        };
        let mut out: Vec<CalledWarning> = Vec::new();
        for (from, to, level) in spans {
            match out.last_mut() {
                Some(last) if from <= last.to || last.lift_from.is_none_or(|l| from < l) => {
                    last.to = last.to.max(to);
                    last.level = last.level.max(level);
                }
                _ => out.push(CalledWarning { level, from, to, lift_from: lift_from(from) }),
            }
        }
        out
    }

    /// Recorded causes beyond control over the deciding episode.
    fn causes(&self, adcode: u32, from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>) -> Vec<Event> {
        let (Some(from), Some(to)) = (from, to) else { return Vec::new() };
        let place = |e: &&Event| e.covers(Some(adcode));
        let kind = |e: &&Event| matches!(e.kind, EventKind::Dust | EventKind::Wildfire | EventKind::OutsideTransport);
        let over = |e: &&Event| e.from < to && e.to > from - Duration::hours(1);
        self.basis.events.iter().filter(place).filter(kind).filter(over).cloned().collect()
    }

    /// Whether causes with the share that leaves nothing to cut lie over more than half of the hours, each with its evidence.
    fn rules_out_cuts(&self, causes: &[Event], from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>) -> bool {
        let (Some(from), Some(to)) = (from, to) else { return false };
        let hours = (to - from).num_hours() + 1;
        let end = |hour: i64| from + Duration::hours(hour);
        let covered = (0..hours).filter(|h| self.decisive(causes).any(|c| c.from < end(*h) && c.to >= end(*h)));
        2 * covered.count() as i64 > hours
    }

    /// Causes with enough of a share, and with evidence.
    fn decisive<'e>(&self, causes: &'e [Event]) -> impl Iterator<Item = &'e Event> {
        let needed = self.applied.scheme.pollutant.uncontrollable_share;
        causes.iter().filter(move |c| c.share.is_some_and(|s| s >= needed) && !c.evidence.trim().is_empty())
    }

    fn because(&self, county: &CountyForecast, fired: &Fired) -> Because {
        let met = &fired.met.episodes;
        let names = (county.name_zh.as_str(), county.name_en.as_str());
        let (text_zh, text_en) =
            sentence::fired(names, fired.side.reading, &fired.exceeding, fired.rule, met, self.cycle);
        let merged = met.iter().any(|e: &Episode| e.merged);
        let mut clause = self.applied.clause(&fired.rule.clause);
        if merged {
            clause = format!("{clause}；{}", self.applied.scheme.merge.clause);
        }
        Because {
            rule: fired.rule.id.clone(),
            level: fired.rule.level,
            clause,
            verified: self.applied.verified(fired.rule.verified) && (!merged || self.applied.scheme.merge.verified),
            reading: fired.side.reading,
            text_zh,
            text_en,
            evidence: evidence(fired.side.reading, &fired.exceeding),
        }
    }

    /// A rule that the upper end of the forecast meets.
    fn because_of_upper_bound(&self, county: &CountyForecast, fired: &Fired) -> Because {
        let parameter = &self.applied.scheme.parameter.upper_bound;
        let of_rule = self.because(county, fired);
        Because {
            rule: format!("{}.upper_bound", self.applied.scheme.id),
            clause: format!("{}；{}", of_rule.clause, parameter.clause),
            verified: of_rule.verified && parameter.verified,
            text_zh: format!("按预测上限：{}", of_rule.text_zh),
            text_en: format!("By the upper end of the forecast: {}", of_rule.text_en),
            ..of_rule
        }
    }

    /// `evidence`: the averages of the first and the last hour that the lifting condition looks at.
    fn because_in_force(
        &self,
        county: &CountyForecast,
        levels: (WarningLevel, WarningLevel, WarningLevel),
        action: Action,
        evidence: Vec<Evidence>,
    ) -> Because {
        let lift = &self.applied.scheme.lift;
        let (text_zh, text_en) = sentence::in_force((&county.name_zh, &county.name_en), levels, action, lift);
        Because {
            rule: format!("{}.lift", self.applied.scheme.id),
            level: levels.1,
            clause: self.applied.clause(&lift.clause),
            verified: self.applied.verified(lift.verified),
            reading: Reading::Sliding24h,
            text_zh,
            text_en,
            evidence,
        }
    }

    fn because_of_pollutant(
        &self,
        county: &CountyForecast,
        level: WarningLevel,
        rests_on: WarningLevel,
        deciding: &[Fired],
        causes: &[Event],
    ) -> Because {
        let rule = &self.applied.scheme.pollutant;
        let mut primary: Vec<Pollutant> =
            deciding.iter().flat_map(|f| f.exceeding.iter().flat_map(|e| e.primary.iter().copied())).collect();
        primary.sort();
        primary.dedup();
        let names = (county.name_zh.as_str(), county.name_en.as_str());
        let deciding_causes: Vec<&Event> = self.decisive(causes).filter(|_| rests_on == WarningLevel::None).collect();
        let (text_zh, text_en) = if deciding_causes.is_empty() {
            sentence::pollutant(names, level, rests_on, &primary, rule)
        } else {
            sentence::causes(names, level, &deciding_causes, rule)
        };
        let worst = deciding.iter().flat_map(|f| f.exceeding.iter()).max_by_key(|e| e.aqi).cloned();
        Because {
            rule: rule.id.clone(),
            level,
            clause: self.applied.clause(&rule.clause),
            verified: self.applied.verified(rule.verified),
            reading: deciding.first().map_or(Reading::NaturalDay, |f| f.side.reading),
            text_zh,
            text_en,
            evidence: worst.into_iter().collect(),
        }
    }

    fn prefecture(&self, counties: &[AreaWarning]) -> AreaWarning {
        let (region, scheme) = (self.basis.region, self.applied.scheme);
        let enough = |value: fn(&AreaWarning) -> WarningLevel| {
            let mut levels: Vec<_> = counties.iter().map(value).collect();
            levels.sort_by(|a, b| b.cmp(a));
            levels.get(scheme.prefecture.counties_needed - 1).copied().unwrap_or(WarningLevel::None)
        };
        let level = enough(|c| c.level);
        let response_level = enough(|c| c.response_level);
        let before = self.before(region.0);
        let warned = level > WarningLevel::None;
        let leading: Vec<&AreaWarning> = counties.iter().filter(|c| warned && c.level >= level).collect();
        // the counties that carry the level, and those that carry the response where they differ
        let behind = |c: &&AreaWarning| {
            warned && (c.level >= level || c.response_level >= response_level.max(WarningLevel::PreWarning))
        };
        let mut because: Vec<Because> =
            counties.iter().filter(behind).flat_map(|c| c.because.iter().cloned()).collect();
        if warned {
            because.push(self.because_of_counties(&leading, level));
        }
        // the warning ends where the last county may be lifted; unknown as soon as one is
        let coloured = |c: &&AreaWarning| c.level > WarningLevel::PreWarning;
        let known = level > WarningLevel::PreWarning && counties.iter().filter(coloured).all(|c| c.lift_from.is_some());
        let lift_from = counties.iter().filter(coloured).filter_map(|c| c.lift_from).max().filter(|_| known);
        // what the counties decided is what is in force: they have waited for the lifting condition
        let called = enough(|c| c.level_called);
        let lowest = self.applied.lowest_colour();
        let outlook = Outlook { called: level, running: WarningLevel::None, clean: true, known: true, lowest };
        let (_, action) = follow(before.level, outlook);
        AreaWarning {
            adcode: region.0,
            name_zh: region.1.to_owned(),
            name_en: region.2.to_owned(),
            level,
            level_called: called,
            level_before: before.level,
            action,
            level_natural_day: enough(|c| c.level_natural_day),
            level_sliding_24h: enough(|c| c.level_sliding_24h),
            response: response_to(level, response_level),
            response_level,
            from: leading.iter().filter_map(|c| c.from).min(),
            to: leading.iter().filter_map(|c| c.to).max(),
            lift_from,
            unjudged_hours: counties.iter().map(|c| c.unjudged_hours).max().unwrap_or(0),
            observed_hours: counties.iter().map(|c| c.observed_hours).max().unwrap_or(0),
            because,
            episodes: Vec::new(),
            other_readings: alternatives::of_prefecture(scheme, counties, called),
            causes: causes_of(&leading),
            probability: self.chances.as_ref().and_then(|c| c.prefecture(scheme.prefecture.counties_needed)),
        }
    }

    fn because_of_counties(&self, leading: &[&AreaWarning], level: WarningLevel) -> Because {
        let (rule, region) = (&self.applied.scheme.prefecture, self.basis.region);
        let names_zh: Vec<_> = leading.iter().map(|c| c.name_zh.as_str()).collect();
        let names_en: Vec<_> = leading.iter().map(|c| c.name_en.as_str()).collect();
        let reading = leading.iter().filter(|c| c.level_natural_day >= level).count();
        let worst = leading.iter().flat_map(|c| c.because.iter().flat_map(|b| b.evidence.iter())).max_by_key(|e| e.aqi);
        Because {
            rule: format!("{}.prefecture", self.applied.scheme.id),
            level,
            clause: self.applied.clause(&rule.clause),
            verified: self.applied.verified(rule.verified),
            reading: if reading >= rule.counties_needed { Reading::NaturalDay } else { Reading::Sliding24h },
            text_zh: format!("{}：{}达到{}（{}）。", region.1, names_zh.join("、"), level.zh(), rule.clause),
            text_en: format!(
                "{}: {} in {}; counties needed for the prefecture: {}.",
                region.2,
                sentence::a_warning(level),
                names_en.join(", "),
                rule.counties_needed
            ),
            evidence: worst.cloned().into_iter().collect(),
        }
    }
}

fn highest<'a>(fired: impl Iterator<Item = &'a Fired<'a>>) -> WarningLevel {
    fired.map(|f| f.rule.level).max().unwrap_or(WarningLevel::None)
}

/// The causes recorded over several counties, each once.
fn causes_of(areas: &[&AreaWarning]) -> Vec<Event> {
    let mut causes: Vec<Event> = Vec::new();
    for cause in areas.iter().flat_map(|a| &a.causes) {
        if !causes.contains(cause) {
            causes.push(cause.clone());
        }
    }
    causes
}

/// When the air of a county allows a warning to be lifted.
struct Lifting {
    sliding: Vec<u8>,
    above: u8,
    hours: u32,
    /// First hour after the cycle whose running average is known.
    judged_from: usize,
    /// First hour from which a warning that is in force may be lifted.
    from_now: Option<usize>,
    /// Whether that is the first hour known, and no hour before it speaks against it.
    clean: bool,
    /// Whether the averages are known for longer than the condition asks.
    known: bool,
}

impl Lifting {
    fn of(applied: &Applied, county: &CountyForecast, hours: &Hours, cycle: DateTime<Utc>) -> Self {
        let (sliding, lift) = (applied.lifting_classes(hours, 0), &applied.scheme.lift);
        let judged = |h: &usize| sliding[*h] != UNJUDGED;
        let judged_from = (hours.first_after_cycle()..sliding.len()).find(judged).unwrap_or(sliding.len());
        let above = applied.judge.lift_class();
        let from_now = lift_hour(&sliding, above, lift.hours, judged_from, true);
        // where nothing was observed, the first averages are not known: then no hour by itself may be above
        let unknown =
            |h: &&crate::forecast::HourForecast| h.end > cycle && hours.values.hour_of(h.end) < judged_from as i64;
        let quiet = county.hours.iter().filter(unknown).all(|h| h.aqi.aqi.is_none_or(|a| a <= lift.aqi));
        let last_judged = (0..sliding.len()).rev().find(judged).unwrap_or(0);
        Self {
            clean: from_now == Some(judged_from) && quiet,
            known: last_judged >= judged_from + lift.hours as usize,
            hours: lift.hours,
            sliding,
            above,
            judged_from,
            from_now,
        }
    }

    /// First hour from which a warning may be lifted whose episode begins at hour `from`.
    fn after(&self, from: usize) -> Option<usize> {
        lift_hour(&self.sliding, self.above, self.hours, from, false)
    }
}

/// Hours after the cycle that end no 24-h average with an AQI.
fn unjudged(hours: &Hours, sliding: &[u8]) -> u32 {
    let after = hours.first_after_cycle()..=hours.last();
    after.filter(|h| sliding.get(*h).is_none_or(|c| *c == UNJUDGED)).count() as u32
}

/// What may be ordered at `level` when the pollutants that call for cuts carry `rests_on`.
fn response_to(level: WarningLevel, rests_on: WarningLevel) -> Response {
    match (level, rests_on) {
        (WarningLevel::None, _) => Response::None,
        (_, r) if r >= WarningLevel::Yellow => Response::EmissionReduction,
        (WarningLevel::PreWarning | WarningLevel::Blue, WarningLevel::PreWarning | WarningLevel::Blue) => {
            Response::Voluntary
        }
        _ => Response::HealthAdviceOnly,
    }
}

/// Natural days: every exceeding one. Sliding: the first, the worst and the last window.
fn evidence(reading: Reading, exceeding: &[Evidence]) -> Vec<Evidence> {
    let mut chosen: Vec<usize> = (0..exceeding.len()).collect();
    if reading == Reading::Sliding24h {
        // the earliest of the worst
        let worst = chosen.iter().copied().rev().max_by_key(|&i| exceeding[i].aqi);
        chosen = [chosen.first().copied(), worst, chosen.last().copied()].into_iter().flatten().collect();
        chosen.sort_unstable();
        chosen.dedup();
    }
    chosen.into_iter().map(|i| exceeding[i].clone()).collect()
}
