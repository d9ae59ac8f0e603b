//! The second full run against the first: what the list achieves, in figures and in plain words.

use super::{CountyEffect, DayEffect, HourEffect, ReductionEffect, Verdict};
use crate::domain::pollutant::Pollutant;
use crate::forecast::{CountyForecast, DayForecast, Forecast, HourForecast};
use crate::warning::{WarningDecision, WarningLevel};
use chrono::NaiveDate;

/// Compares the forecast with the list (`cut`) with the one without it (`base`).
///
/// `Averted`: no county and not the prefecture reaches the prefecture's level of `base` any more. `Lowered`: otherwise, when the
/// level or the AQI level of a day fell in at least one county. `NotAverted`: otherwise, also when there was no level to avert.
/// County-days that are not in both forecasts with PM2.5 are left out of `counties` and counted in the statements. `hashes` are
/// the SHA-256 of the archived series, base first.
pub fn compare(
    base: &Forecast,
    base_decision: &WarningDecision,
    cut: &Forecast,
    cut_decision: &WarningDecision,
    hashes: (String, String),
) -> ReductionEffect {
    let pairs = pairs(base, cut);
    let counties = counties((base, cut), base_decision, cut_decision, &pairs);
    let verdict = verdict(base_decision, cut_decision, &counties, &pairs);
    let missing = base.counties.iter().map(|c| c.days.len()).sum::<usize>() - pairs.len();
    let largest = pairs.iter().max_by(|a, b| a.fall().total_cmp(&b.fall()));
    let highest = pairs.iter().max_by(|a, b| a.after.total_cmp(&b.after));
    let story = Story {
        verdict,
        before: base_decision.prefecture.level_called,
        after: cut_decision.prefecture.level_called,
        counties: &counties,
        largest,
        highest,
        clearer_days: pairs.iter().filter(|p| p.clearer()).count(),
        missing,
    };
    ReductionEffect {
        verdict,
        statement_zh: story.zh(),
        statement_en: story.en(),
        largest_fall_ug_m3: largest.map_or(0.0, Pair::fall),
        base_series_sha256: hashes.0,
        cut_series_sha256: hashes.1,
        counties,
        windows: Vec::new(),
        rounds: Vec::new(),
        strictest: None,
        unaverted: Vec::new(),
    }
}

fn hours(base: &CountyForecast, cut: Option<&CountyForecast>) -> Vec<HourEffect> {
    let Some(cut) = cut else { return Vec::new() };
    let one = |before: &HourForecast| {
        let after = cut.hours.iter().find(|h| h.end == before.end)?;
        let (b, a) = (before.concentrations.pm25_ug_m3?, after.concentrations.pm25_ug_m3?);
        Some(HourEffect {
            end: before.end,
            pm25_before_ug_m3: b.value,
            pm25_after_ug_m3: a.value,
            lower_ug_m3: a.lower,
            upper_ug_m3: a.upper,
            aqi_before: before.aqi.aqi,
            aqi_after: after.aqi.aqi,
        })
    };
    base.hours.iter().filter_map(one).collect()
}

/// One county-day in both forecasts.
struct Pair<'a> {
    county: &'a CountyForecast,
    base: &'a DayForecast,
    cut: &'a DayForecast,
    /// Day means of PM2.5 [ug m-3].
    before: f64,
    after: f64,
}

impl Pair<'_> {
    fn day(&self) -> NaiveDate {
        self.base.beijing_day
    }

    fn fall(&self) -> f64 {
        self.before - self.after
    }

    /// Ends of the 80 % interval of the forecast without the list, where the day with the list lies inside it: the effect of the list is then
    /// smaller than the doubt about the forecast.
    fn within(&self) -> Option<(f64, f64)> {
        let e = self.base.concentrations.pm25_ug_m3?;
        (e.lower < self.after).then_some((e.lower, e.upper))
    }

    /// Whether the AQI level of the day fell.
    fn clearer(&self) -> bool {
        matches!((self.base.aqi.level, self.cut.aqi.level), (Some(b), Some(c)) if c < b)
    }
}

fn pairs<'a>(base: &'a Forecast, cut: &'a Forecast) -> Vec<Pair<'a>> {
    let mut found = Vec::new();
    for county in &base.counties {
        let Some(other) = cut.counties.iter().find(|c| c.adcode == county.adcode) else { continue };
        for day in &county.days {
            let Some(cut_day) = other.days.iter().find(|d| d.beijing_day == day.beijing_day) else { continue };
            let pm25 = |d: &DayForecast| d.concentrations.get(Pollutant::Pm25).map(|e| e.value);
            if let (Some(before), Some(after)) = (pm25(day), pm25(cut_day)) {
                found.push(Pair { county, base: day, cut: cut_day, before, after });
            }
        }
    }
    found
}

fn counties(
    (base, cut): (&Forecast, &Forecast),
    base_decision: &WarningDecision,
    cut_decision: &WarningDecision,
    pairs: &[Pair],
) -> Vec<CountyEffect> {
    let level = |d: &WarningDecision, adcode| {
        d.counties.iter().find(|a| a.adcode == adcode).map_or(WarningLevel::None, |a| a.level_called)
    };
    let mut out = Vec::with_capacity(base.counties.len());
    for c in &base.counties {
        let days = pairs.iter().filter(|p| p.county.adcode == c.adcode).map(|p| DayEffect {
            beijing_day: p.day(),
            pm25_before_ug_m3: p.before,
            pm25_after_ug_m3: p.after,
            aqi_before: p.base.aqi.aqi,
            aqi_after: p.cut.aqi.aqi,
        });
        out.push(CountyEffect {
            adcode: c.adcode,
            name_zh: c.name_zh.clone(),
            name_en: c.name_en.clone(),
            level_before: level(base_decision, c.adcode),
            level_after: level(cut_decision, c.adcode),
            days: days.collect(),
            hours: hours(c, cut.counties.iter().find(|o| o.adcode == c.adcode)),
        });
    }
    out
}

fn verdict(base: &WarningDecision, cut: &WarningDecision, counties: &[CountyEffect], pairs: &[Pair]) -> Verdict {
    let decided = base.prefecture.level_called;
    let below = cut.prefecture.level_called < decided && cut.counties.iter().all(|c| c.level_called < decided);
    if decided > WarningLevel::None && below {
        Verdict::Averted
    } else if counties.iter().any(|c| c.level_after < c.level_before) || pairs.iter().any(Pair::clearer) {
        Verdict::Lowered
    } else {
        Verdict::NotAverted
    }
}

/// What the statements tell, in the order in which they tell it.
struct Story<'a> {
    verdict: Verdict,
    before: WarningLevel,
    after: WarningLevel,
    counties: &'a [CountyEffect],
    largest: Option<&'a Pair<'a>>,
    highest: Option<&'a Pair<'a>>,
    /// County-days whose AQI level fell.
    clearer_days: usize,
    /// County-days that could not be compared.
    missing: usize,
}

impl Story<'_> {
    fn changed(&self, fell: bool) -> Vec<&CountyEffect> {
        let moved =
            |c: &CountyEffect| if fell { c.level_after < c.level_before } else { c.level_after > c.level_before };
        self.counties.iter().filter(|c| moved(c)).collect()
    }

    fn zh(&self) -> String {
        let list = |counties: &[&CountyEffect]| {
            let one = |c: &&CountyEffect| format!("{}由{}变为{}", c.name_zh, c.level_before.zh(), c.level_after.zh());
            counties.iter().map(one).collect::<Vec<_>>().join("、")
        };
        let (before, after) = (self.before.zh(), self.after.zh());
        let mut s = format!("不落实清单，本次预测对应的全州等级为{before}；落实清单后为{after}。");
        match self.verdict {
            Verdict::Averted => s += &format!("落实清单后，各县（市）均达不到{before}。"),
            Verdict::Lowered => s += "清单能减轻污染，但不能完全避免。",
            Verdict::NotAverted if self.before == WarningLevel::None => s += "本次没有需要避免的预警。",
            Verdict::NotAverted => s += "清单不能避免本次预警。",
        }
        let (fell, rose) = (self.changed(true), self.changed(false));
        if !fell.is_empty() {
            s += &format!("等级降低：{}。", list(&fell));
        }
        if !rose.is_empty() {
            s += &format!("等级升高：{}。", list(&rose));
        }
        if self.clearer_days > 0 {
            s += &format!("有{}个县日的空气质量级别降低。", self.clearer_days);
        }
        if let Some(p) = self.largest {
            s += &format!(
                "PM2.5日均值最大降幅{:.1}微克/立方米（{}{}，由{:.1}变为{:.1}）。",
                p.fall(),
                p.county.name_zh,
                p.day(),
                p.before,
                p.after
            );
        }
        if let Some((low, high)) = self.largest.and_then(Pair::within) {
            s += &format!(
                "该降幅小于预报本身的不确定性（80%区间{low:.0}至{high:.0}微克/立方米）：等级是否真的降低，取决于预报是否准确。"
            );
        }
        if let Some(p) = self.highest.filter(|_| self.remains()) {
            s += &format!(
                "落实清单后最高日均值仍为{:.1}微克/立方米（{}{}），剩余部分靠清单中的本地措施无法避免。",
                p.after,
                p.county.name_zh,
                p.day()
            );
        }
        if self.missing > 0 {
            s += &format!("{}个县日缺少可比的PM2.5，未作比较。", self.missing);
        }
        s
    }

    fn en(&self) -> String {
        let list = |counties: &[&CountyEffect]| {
            let one =
                |c: &&CountyEffect| format!("{} from {} to {}", c.name_en, c.level_before.en(), c.level_after.en());
            counties.iter().map(one).collect::<Vec<_>>().join(", ")
        };
        let (before, after) = (self.before.en(), self.after.en());
        let mut s = format!("Level of the prefecture by this forecast: {before} without the list, {after} with it.");
        match self.verdict {
            Verdict::Averted => s += &format!(" With the list no county reaches {before}."),
            Verdict::Lowered => s += " The list lowers the pollution but does not avert all of it.",
            Verdict::NotAverted if self.before == WarningLevel::None => s += " There was no warning to avert.",
            Verdict::NotAverted => s += " The list does not avert the warning.",
        }
        let (fell, rose) = (self.changed(true), self.changed(false));
        if !fell.is_empty() {
            s += &format!(" Lower level: {}.", list(&fell));
        }
        if !rose.is_empty() {
            s += &format!(" Higher level: {}.", list(&rose));
        }
        if self.clearer_days > 0 {
            s += &format!(" The AQI level falls on {} county-days.", self.clearer_days);
        }
        if let Some(p) = self.largest {
            s += &format!(
                " Largest fall of a day mean of PM2.5: {:.1} ug/m3 ({} {}, from {:.1} to {:.1}).",
                p.fall(),
                p.county.name_en,
                p.day(),
                p.before,
                p.after
            );
        }
        if let Some((low, high)) = self.largest.and_then(Pair::within) {
            s += &format!(
                " This fall is smaller than the doubt about the forecast itself (80 % interval {low:.0} to {high:.0} ug/m3): whether the \
                 level really falls depends on the forecast."
            );
        }
        if let Some(p) = self.highest.filter(|_| self.remains()) {
            s += &format!(
                " The highest day mean with the list is still {:.1} ug/m3 ({} {}); what remains cannot be averted by the local \
                 measures of the list.",
                p.after,
                p.county.name_en,
                p.day()
            );
        }
        if self.missing > 0 {
            s += &format!(" {} county-days had no PM2.5 to compare and were left out.", self.missing);
        }
        s
    }

    /// Whether a warning is left, be it a lower one.
    fn remains(&self) -> bool {
        self.after > WarningLevel::None
    }
}
