//! The decision: both readings of every county, the stricter one counts; the prefecture follows from its counties.

use super::episode::{Episode, Judged, Point, Series};
use super::rules::{Adoption, Rule, Scheme, WarningRules};
use super::sentence::{self, level_en, level_zh};
use super::{AreaWarning, Because, Evidence, Reading, Response, WarningDecision, WarningLevel, lifting, readings};
use crate::calendar::beijing_day_hour;
use crate::domain::aqi::AqiRules;
use crate::forecast::{CountyForecast, Forecast};
use chrono::{DateTime, Duration, Utc};

/// What stays the same over the counties.
struct Basis<'a> {
    scheme: &'a Scheme,
    adoption: &'a Adoption,
    aqi: &'a AqiRules,
    cycle: DateTime<Utc>,
}

/// A rule that fired under one reading.
struct Fired<'a> {
    series: &'a Series,
    rule: &'a Rule,
    /// The episode, then those of the inner conditions.
    met: Vec<Episode>,
}

/// Decides for every county of `forecast` and for the prefecture `region` (code, Chinese name, English name).
///
/// - **Scheme**: the one the region follows on the Beijing day of the first hour after the cycle.
/// - **Reading**: natural days (`DayForecast::aqi`) and sliding 24 h (means of the hourly forecast); the stricter level counts.
/// - **Episode**: hours up to 24 h before the cycle may lengthen it, but at least one exceeding day or window lies wholly after it.
/// - **Response**: by the pollutants of the exceeding days and windows, see [`AreaWarning::response_level`].
/// - **Prefecture**: the highest level that enough counties reach, its response the strongest of the counties.
pub fn decide(rules: &WarningRules, aqi: &AqiRules, forecast: &Forecast, region: (u32, &str, &str)) -> WarningDecision {
    let first_day = beijing_day_hour(forecast.cycle + Duration::hours(1)).0;
    let (scheme, adoption) = rules.scheme(region.0, first_day);
    let basis = Basis { scheme, adoption, aqi, cycle: forecast.cycle };
    let counties: Vec<AreaWarning> = forecast.counties.iter().map(|c| basis.county(c)).collect();
    WarningDecision { scheme: scheme.id.clone(), prefecture: basis.prefecture(&counties, region), counties }
}

impl Basis<'_> {
    fn county(&self, county: &CountyForecast) -> AreaWarning {
        let response = &self.scheme.pollutant.emission_response;
        let natural = readings::natural_day(county, self.cycle, response);
        let sliding = readings::sliding(county, self.aqi, response);
        let fired: Vec<Fired> = [&natural, &sliding].into_iter().flat_map(|s| self.fired(s, Judged::Aqi)).collect();
        let level_of = |reading: Reading| highest(fired.iter().filter(|f| f.series.reading == reading));
        let (level_natural_day, level_sliding_24h) = (level_of(Reading::NaturalDay), level_of(Reading::Sliding24h));
        let level = level_natural_day.max(level_sliding_24h);
        let deciding: Vec<&Fired> = fired.iter().filter(|f| f.rule.level == level).collect();
        let response_level = self.response_level(level, &deciding, &natural, &sliding);
        let mut because: Vec<Because> = fired
            .iter()
            .filter(|f| f.rule.level == level_of(f.series.reading))
            .map(|f| self.because(county, f))
            .collect();
        if response_level < level {
            because.push(self.because_of_pollutant(county, level, response_level, &deciding));
        }
        let from = deciding.iter().map(|f| f.met[0].from).min();
        let lift_from = from
            .filter(|_| level >= WarningLevel::Yellow)
            .and_then(|from| lifting::lift_from(&sliding, &self.scheme.lift, from));
        AreaWarning {
            adcode: county.adcode,
            name_zh: county.name_zh.clone(),
            name_en: county.name_en.clone(),
            level,
            level_natural_day,
            level_sliding_24h,
            response: response_to(level, response_level),
            response_level,
            from,
            to: deciding.iter().map(|f| f.met[0].to).max(),
            lift_from,
            unjudged_hours: self.unjudged(county, &sliding),
            because,
        }
    }

    /// Every rule that fires under one reading.
    fn fired<'s>(&'s self, series: &'s Series, judged: Judged) -> Vec<Fired<'s>> {
        let fires = |rule| series.fires(rule, self.scheme, judged, self.cycle).map(|met| Fired { series, rule, met });
        self.scheme.rules.iter().filter_map(fires).collect()
    }

    /// The level the measures rest on: the full level where a pollutant that calls for cuts is primary in an exceeding day or
    /// window; else what those pollutants reach alone, at most the level.
    fn response_level(
        &self,
        level: WarningLevel,
        deciding: &[&Fired],
        natural: &Series,
        sliding: &Series,
    ) -> WarningLevel {
        let calls_for_cuts = |p: &Point| p.primary.iter().any(|x| self.scheme.pollutant.emission_response.contains(x));
        let primary = deciding.iter().any(|f| f.met[0].exceeding.iter().any(|&i| calls_for_cuts(&f.series.points[i])));
        if primary {
            return level;
        }
        let alone = [natural, sliding].map(|s| highest(self.fired(s, Judged::Alone).iter()));
        alone[0].max(alone[1]).min(level)
    }

    fn because(&self, county: &CountyForecast, fired: &Fired) -> Because {
        let (text_zh, text_en) =
            sentence::fired((&county.name_zh, &county.name_en), fired.series, fired.rule, &fired.met);
        let merged = fired.met.iter().any(|e| e.merged);
        let mut clause = self.clause(&fired.rule.clause);
        if merged {
            clause = format!("{clause}；{}", self.scheme.merge.clause);
        }
        Because {
            rule: fired.rule.id.clone(),
            level: fired.rule.level,
            clause,
            verified: self.verified(fired.rule.verified) && (!merged || self.scheme.merge.verified),
            reading: fired.series.reading,
            text_zh,
            text_en,
            evidence: evidence(fired.series, &fired.met[0]),
        }
    }

    fn because_of_pollutant(
        &self,
        county: &CountyForecast,
        level: WarningLevel,
        rests_on: WarningLevel,
        deciding: &[&Fired],
    ) -> Because {
        let rule = &self.scheme.pollutant;
        let names = |list: &[crate::domain::pollutant::Pollutant], comma: &str| {
            list.iter().map(|p| p.name()).collect::<Vec<_>>().join(comma)
        };
        let called = names(&rule.emission_response, "、");
        let mut primary: Vec<_> = deciding
            .iter()
            .flat_map(|f| f.met[0].exceeding.iter().flat_map(|&i| f.series.points[i].primary.iter().copied()))
            .collect();
        primary.sort();
        primary.dedup();
        let (zh, en) = if rests_on >= WarningLevel::Yellow {
            (format!("减排响应按{}", level_zh(rests_on)), format!("emission reduction rests on {}", level_en(rests_on)))
        } else {
            ("仅发布健康防护提示，不启动减排响应".to_owned(), "health advice only, no emission reduction".to_owned())
        };
        let worst = deciding.iter().flat_map(|f| evidence(f.series, &f.met[0])).max_by_key(|e| e.aqi);
        Because {
            rule: rule.id.clone(),
            level,
            clause: self.clause(&rule.clause),
            verified: self.verified(rule.verified),
            reading: deciding.first().map_or(Reading::NaturalDay, |f| f.series.reading),
            text_zh: format!(
                "{}：{}的首要污染物为{}，{called}单独只达到{}；{zh}（{}）。",
                county.name_zh,
                level_zh(level),
                names(&primary, "、"),
                level_zh(rests_on),
                rule.clause
            ),
            text_en: format!(
                "{}: the primary pollutant behind {} is {}; {} alone reaches {}: {en} (rule {}).",
                county.name_en,
                level_en(level),
                names(&primary, ", "),
                names(&rule.emission_response, ", "),
                level_en(rests_on),
                rule.id
            ),
            evidence: worst.into_iter().collect(),
        }
    }

    /// Document and clause; says so where it is not confirmed that the region follows the scheme.
    fn clause(&self, clause: &str) -> String {
        let open = if self.adoption.verified { "" } else { "；本地区适用该方案未核实" };
        format!("{} {clause}{open}", self.scheme.document)
    }

    fn verified(&self, rule: bool) -> bool {
        rule && self.adoption.verified
    }

    /// Forecast hours after the cycle that end no 24-h average with an AQI.
    fn unjudged(&self, county: &CountyForecast, sliding: &Series) -> u32 {
        let judged = sliding.points.iter().filter(|p| p.to > self.cycle && p.aqi.is_some()).count();
        let hours = county.hours.iter().filter(|h| h.end > self.cycle).count();
        hours.saturating_sub(judged) as u32
    }

    fn prefecture(&self, counties: &[AreaWarning], region: (u32, &str, &str)) -> AreaWarning {
        let enough = |value: fn(&AreaWarning) -> WarningLevel| {
            let mut levels: Vec<_> = counties.iter().map(value).collect();
            levels.sort_by(|a, b| b.cmp(a));
            levels.get(self.scheme.prefecture.counties_needed - 1).copied().unwrap_or(WarningLevel::None)
        };
        let level = enough(|c| c.level);
        let response_level = enough(|c| c.response_level);
        let warned = level > WarningLevel::None;
        let leading: Vec<&AreaWarning> = counties.iter().filter(|c| warned && c.level >= level).collect();
        // the counties that carry the level, and those that carry the response where they differ
        let behind = |c: &&AreaWarning| {
            warned && (c.level >= level || c.response_level >= response_level.max(WarningLevel::PreWarning))
        };
        let mut because: Vec<Because> =
            counties.iter().filter(behind).flat_map(|c| c.because.iter().cloned()).collect();
        if warned {
            because.push(self.because_of_counties(&leading, level, region));
        }
        // the warning ends where the last county may be lifted; unknown as soon as one is
        let warnings = || counties.iter().filter(|c| c.level >= WarningLevel::Yellow);
        let known = level >= WarningLevel::Yellow && warnings().all(|c| c.lift_from.is_some());
        AreaWarning {
            adcode: region.0,
            name_zh: region.1.to_owned(),
            name_en: region.2.to_owned(),
            level,
            level_natural_day: enough(|c| c.level_natural_day),
            level_sliding_24h: enough(|c| c.level_sliding_24h),
            response: response_to(level, response_level),
            response_level,
            from: leading.iter().filter_map(|c| c.from).min(),
            to: leading.iter().filter_map(|c| c.to).max(),
            lift_from: if known { warnings().filter_map(|c| c.lift_from).max() } else { None },
            unjudged_hours: counties.iter().map(|c| c.unjudged_hours).max().unwrap_or(0),
            because,
        }
    }

    fn because_of_counties(&self, leading: &[&AreaWarning], level: WarningLevel, region: (u32, &str, &str)) -> Because {
        let rule = &self.scheme.prefecture;
        let names_zh: Vec<_> = leading.iter().map(|c| c.name_zh.as_str()).collect();
        let names_en: Vec<_> = leading.iter().map(|c| c.name_en.as_str()).collect();
        let reading = leading.iter().filter(|c| c.level_natural_day >= level).count();
        Because {
            rule: format!("{}.prefecture", self.scheme.id),
            level,
            clause: self.clause(&rule.clause),
            verified: self.verified(rule.verified),
            reading: if reading >= rule.counties_needed { Reading::NaturalDay } else { Reading::Sliding24h },
            text_zh: format!("{}：{}达到{}（{}）。", region.1, names_zh.join("、"), level_zh(level), rule.clause),
            text_en: format!(
                "{}: {} reach {}; {} needed for the prefecture.",
                region.2,
                names_en.join(", "),
                level_en(level),
                rule.counties_needed
            ),
            evidence: leading
                .iter()
                .flat_map(|c| c.because.iter().flat_map(|b| b.evidence.iter()))
                .max_by_key(|e| e.aqi)
                .cloned()
                .into_iter()
                .collect(),
        }
    }
}

fn highest<'a>(fired: impl Iterator<Item = &'a Fired<'a>>) -> WarningLevel {
    fired.map(|f| f.rule.level).max().unwrap_or(WarningLevel::None)
}

/// What may be ordered at `level` when the pollutants that call for cuts carry `rests_on`.
fn response_to(level: WarningLevel, rests_on: WarningLevel) -> Response {
    match (level, rests_on) {
        (WarningLevel::None, _) => Response::None,
        (_, r) if r >= WarningLevel::Yellow => Response::EmissionReduction,
        (WarningLevel::PreWarning, WarningLevel::PreWarning) => Response::Voluntary,
        _ => Response::HealthAdviceOnly,
    }
}

/// Natural days: every exceeding one. Sliding: the first, the worst and the last window.
fn evidence(series: &Series, episode: &Episode) -> Vec<Evidence> {
    let mut chosen = episode.exceeding.clone();
    if series.reading == Reading::Sliding24h {
        // the earliest of the worst
        let worst = chosen.iter().copied().rev().max_by_key(|&i| series.points[i].aqi);
        chosen = [chosen.first().copied(), worst, chosen.last().copied()].into_iter().flatten().collect();
        chosen.sort_unstable();
        chosen.dedup();
    }
    let of = |p: &Point| {
        let primary = p.primary.clone();
        p.aqi.map(|aqi| Evidence {
            beijing_day: p.beijing_day,
            from: p.from,
            to: p.to,
            aqi,
            pm25_ug_m3: p.pm25_ug_m3,
            primary,
        })
    };
    chosen.into_iter().filter_map(|i| of(&series.points[i])).collect()
}
