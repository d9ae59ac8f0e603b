//! How many thresholds of a scheme each 24-h average exceeds, for one or many members side by side.
//!
//! **Invariant:** the class of a window is that of the daily report over the same 24 hours ([`AqiRules::daily`] of
//! [`daily_means`](crate::domain::averages::daily_means)). **Why:** the index does not fall as a concentration rises, so that "AQI
//! above t" is a comparison of the integer sum of the hours with a number found once; decision, explanation and probability then
//! rest on one judgement, and a member costs a few additions an hour.

use super::rules::Scheme;
use crate::calendar::beijing_day_hour;
use crate::domain::aqi::{AqiRules, AqiStandard, Report};
use crate::domain::averages::{DAY, EIGHT, Validity, mean};
use crate::domain::hourly::{HourlyValues, MISSING};
use crate::domain::pollutant::Pollutant;
use std::ops::RangeInclusive;

/// The daily AQI of the window cannot be stated.
pub const UNJUDGED: u8 = 0;

/// The thresholds of a scheme, ascending: those of its rules, of lifting and of merging.
#[derive(Debug, Clone, PartialEq)]
pub struct Ladder {
    steps: Vec<u16>,
}

impl Ladder {
    pub fn of(scheme: &Scheme) -> Self {
        let mut steps: Vec<u16> = scheme.rules.iter().flat_map(|r| r.all_of.iter().map(|c| c.aqi_above)).collect();
        steps.extend([scheme.lift.aqi, scheme.merge.heavy_aqi]);
        steps.sort_unstable();
        steps.dedup();
        Self { steps }
    }

    /// The class of a daily AQI; [`UNJUDGED`] where it cannot be stated.
    pub fn class(&self, aqi: Option<u16>) -> u8 {
        aqi.map_or(UNJUDGED, |aqi| 1 + self.steps.iter().filter(|s| aqi > **s).count() as u8)
    }

    /// The lowest class of a window whose AQI is above `aqi`, one of the thresholds.
    pub fn class_above(&self, aqi: u16) -> u8 {
        2 + self.steps.iter().filter(|s| **s < aqi).count() as u8
    }
}

/// Sums of hourly values [thousandths] that exceed each step, of one pollutant and number of hours.
#[derive(Debug, Clone, PartialEq)]
struct Sums(Vec<RangeInclusive<i64>>);

/// No sum is in it.
const NEVER: RangeInclusive<i64> = i64::MAX..=i64::MIN;

impl Sums {
    fn of(standard: &AqiStandard, pollutant: Pollutant, ladder: &Ladder, hours: usize) -> Self {
        let exceeding = |step: &u16| standard.sums_exceeding(Report::Daily, pollutant, *step, hours).unwrap_or(NEVER);
        Self(ladder.steps.iter().map(exceeding).collect())
    }

    /// [`UNJUDGED`] beyond the end of a table without a cap, where the standard computes no index.
    fn class(&self, sum: i64) -> u8 {
        if self.0.first().is_some_and(|r| sum > *r.end() && r.start() <= r.end()) {
            return UNJUDGED;
        }
        1 + self.0.iter().filter(|r| r.contains(&sum)).count() as u8
    }

    /// The lowest sum that exceeds any step.
    fn lowest(&self) -> i64 {
        self.0.iter().map(|r| *r.start()).min().unwrap_or(i64::MAX)
    }
}

/// The thresholds of a ladder as sums, under one version of HJ 633.
#[derive(Debug, Clone, PartialEq)]
struct Thresholds {
    standard: String,
    /// By pollutant, then by the number of hours 0 ..= 24 (O3: 0 ..= 8).
    sums: Vec<Vec<Sums>>,
}

/// Hours of the means that a daily report takes of a pollutant.
fn terms(pollutant: Pollutant) -> usize {
    if pollutant == Pollutant::O3 { EIGHT } else { DAY }
}

impl Thresholds {
    fn of(standard: &AqiStandard, ladder: &Ladder) -> Self {
        let sums = Pollutant::ALL.map(|p| (0..=terms(p)).map(|n| Sums::of(standard, p, ladder, n.max(1))).collect());
        Self { standard: standard.id.clone(), sums: sums.into() }
    }

    fn sums(&self, pollutant: Pollutant, hours: usize) -> &Sums {
        &self.sums[pollutant as usize][hours]
    }
}

/// Judges hours by a ladder under the versions of HJ 633 in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Classifier {
    ladder: Ladder,
    versions: Vec<Thresholds>,
    validity: Validity,
}

/// Classes of a set of members.
#[derive(Debug, Clone, PartialEq)]
pub struct Classes {
    hours: usize,
    /// `[member][hour]`: class of the 24 hours that end with the hour.
    class: Vec<u8>,
}

impl Classes {
    /// Class of the window that ends at each hour.
    pub fn member(&self, member: usize) -> &[u8] {
        &self.class[member * self.hours..][..self.hours]
    }
}

impl Classifier {
    pub fn new(ladder: Ladder, aqi: &AqiRules, validity: Validity) -> Self {
        let versions = aqi.standards().iter().map(|s| Thresholds::of(s, &ladder)).collect();
        Self { ladder, versions, validity }
    }

    pub fn ladder(&self) -> &Ladder {
        &self.ladder
    }

    /// Class of every 24-h average of every member.
    ///
    /// Counted are the pollutants `of`. Those in `blocking` make a window without a mean of them [`UNJUDGED`], unless the others
    /// exceed (HJ 633-2026 5.3). `aqi` names the version in force on the Beijing day of a window's last hour.
    pub fn classes(&self, values: &HourlyValues, aqi: &AqiRules, of: &[Pollutant], blocking: &[Pollutant]) -> Classes {
        let (hours, members) = (values.hours(), values.members());
        // a window without any counted value stays unjudged
        let mut worst = vec![UNJUDGED; hours * members];
        let mut blocked = vec![false; hours * members];
        let versions = self.versions_by_hour(values, aqi);
        for &p in of {
            let one = self.of_pollutant(values, p, &versions);
            for ((worst, blocked), class) in worst.iter_mut().zip(&mut blocked).zip(&one) {
                *worst = (*worst).max(*class);
                *blocked |= *class == UNJUDGED && blocking.contains(&p);
            }
        }
        let mut class = vec![UNJUDGED; hours * members];
        for hour in 0..hours {
            for member in 0..members {
                let from = hour * members + member;
                if worst[from] > 1 || !blocked[from] {
                    class[member * hours + hour] = worst[from];
                }
            }
        }
        Classes { hours, class }
    }

    fn versions_by_hour(&self, values: &HourlyValues, aqi: &AqiRules) -> Vec<&Thresholds> {
        let of = |hour| {
            let id = &aqi.standard(beijing_day_hour(values.end(hour)).0).id;
            self.versions.iter().find(|v| v.standard == *id).expect("made from the same rules")
        };
        (0..values.hours()).map(of).collect()
    }

    /// `[hour][member]`: class of each window by one pollutant; [`UNJUDGED`] without a valid mean.
    fn of_pollutant(&self, values: &HourlyValues, p: Pollutant, versions: &[&Thresholds]) -> Vec<u8> {
        let (hours, members) = (values.hours(), values.members());
        let mut out = vec![UNJUDGED; hours * members];
        let Some(v) = values.of(p) else { return out };
        let whole: Vec<bool> = v.chunks_exact(members).map(|row| !row.contains(&MISSING)).collect();
        // what cannot reach any threshold needs no sums
        let highest = i64::from(v.iter().copied().max().unwrap_or(MISSING)) * terms(p) as i64;
        let low = versions.iter().all(|t| highest < t.sums(p, terms(p)).lowest());
        let mut sums = vec![0i32; members];
        let mut run = 0;
        for hour in 0..hours {
            run = if whole[hour] { run + 1 } else { 0 };
            let row = &mut out[hour * members..][..members];
            if run >= DAY && low {
                row.fill(1);
            } else if run >= DAY && p != Pollutant::O3 {
                running_sums(&mut sums, v, hour, run, members);
                classify(row, &sums, versions[hour].sums(p, DAY));
            } else {
                for (member, class) in row.iter_mut().enumerate() {
                    *class = self.window(v, p, versions[hour], hour, member, members);
                }
            }
        }
        out
    }

    /// One window by one pollutant, with gaps.
    fn window(&self, v: &[i32], p: Pollutant, limits: &Thresholds, hour: usize, member: usize, members: usize) -> u8 {
        let at = |h: usize| v[h * members + member];
        let first = (hour + 1).saturating_sub(DAY);
        let total = |hours: std::ops::RangeInclusive<usize>| {
            let there = hours.map(at).filter(|x| *x != MISSING);
            there.fold((0i64, 0usize), |(sum, n), x| (sum + i64::from(x), n + 1))
        };
        if p != Pollutant::O3 {
            let (sum, n) = total(first..=hour);
            return if n >= self.validity.hours_of_day { limits.sums(p, n).class(sum) } else { UNJUDGED };
        }
        let eights = (first..=hour).filter(|h| *h + EIGHT <= hour + 1).map(|h| total(h..=h + EIGHT - 1));
        let valid: Vec<(i64, usize)> = eights.filter(|(_, n)| *n >= self.validity.hours_of_eight).collect();
        let of = |(sum, n): (i64, usize)| mean(sum, n);
        let Some(largest) = valid.iter().copied().max_by(|a, b| of(*a).total_cmp(&of(*b))) else { return UNJUDGED };
        let enough = valid.len() >= self.validity.eights_of_day;
        if enough || of(largest) > self.validity.eights_unless_above_ug_m3 {
            limits.sums(p, largest.1).class(largest.0)
        } else {
            UNJUDGED
        }
    }
}

/// Sums of the 24 hours that end at `hour`; `run` whole hours end there.
fn running_sums(sums: &mut [i32], v: &[i32], hour: usize, run: usize, members: usize) {
    let row = |h: usize| &v[h * members..][..members];
    if run == DAY {
        sums.fill(0);
        for h in hour + 1 - DAY..=hour {
            sums.iter_mut().zip(row(h)).for_each(|(s, x)| *s += x);
        }
    } else {
        let (new, old) = (row(hour), row(hour - DAY));
        sums.iter_mut().zip(new.iter().zip(old)).for_each(|(s, (new, old))| *s += new - old);
    }
}

/// Class of each sum. Day means have indices up to the end of every table, so that a sum exceeds from the start of a range on.
fn classify(class: &mut [u8], sums: &[i32], limits: &Sums) {
    class.fill(1);
    for range in &limits.0 {
        let from = i32::try_from(*range.start()).unwrap_or(i32::MAX);
        class.iter_mut().zip(sums).for_each(|(c, s)| *c += u8::from(*s >= from));
    }
}
