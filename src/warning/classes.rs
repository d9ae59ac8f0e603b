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
use std::ops::{Range, RangeInclusive};

/// The daily AQI of the window cannot be stated.
pub const UNJUDGED: u8 = 0;

/// The thresholds of a scheme, ascending: those of its rules, of lifting and of merging, and the AQI above which HJ 633 lets a value be
/// stated with a pollutant missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Ladder {
    steps: Vec<u16>,
    /// Lowest class that may be stated with a pollutant missing.
    stated: u8,
}

impl Ladder {
    pub fn of(scheme: &Scheme, aqi: &AqiRules) -> Self {
        let mut steps: Vec<u16> = scheme.rules.iter().flat_map(|r| r.all_of.iter().map(|c| c.aqi_above)).collect();
        let stated_above = aqi.standards().iter().map(AqiStandard::stated_above_if_missing).max().unwrap_or(0);
        steps.extend([scheme.lift.aqi, scheme.merge.heavy_aqi, stated_above]);
        steps.sort_unstable();
        steps.dedup();
        let mut ladder = Self { steps, stated: 0 };
        ladder.stated = ladder.class_above(stated_above);
        ladder
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

/// No sum is in it: those of 24 hours end below 2^31.
const NEVER: RangeInclusive<i64> = i64::MAX..=i64::MAX;

impl Sums {
    fn of(standard: &AqiStandard, pollutant: Pollutant, ladder: &Ladder, hours: usize) -> Self {
        let exceeding = |step: &u16| standard.sums_exceeding(Report::Daily, pollutant, *step, hours).unwrap_or(NEVER);
        Self(ladder.steps.iter().map(exceeding).collect())
    }

    /// [`UNJUDGED`] beyond the end of a table without a cap, where the standard computes no index.
    fn class(&self, sum: i64) -> u8 {
        if self.0.first().is_some_and(|r| sum > *r.end()) {
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
    members: usize,
    /// `[hour][member]`: class of the 24 hours that end with the hour.
    class: Vec<u8>,
}

/// Neighbouring points of one class: class, first point, number of points.
pub type Stretch = (u8, usize, usize);

/// Members compared at once.
const LANES: usize = 8;

impl Classes {
    /// Class of the window that ends at each hour.
    pub fn member(&self, member: usize) -> Vec<u8> {
        self.class.iter().skip(member).step_by(self.members).copied().collect()
    }

    /// Class of one window.
    pub fn at(&self, hour: usize, member: usize) -> u8 {
        self.class[hour * self.members + member]
    }

    /// Number of hours.
    pub fn hours(&self) -> usize {
        self.hours
    }

    /// Stretches of every member, with the hours outside `whole` unjudged.
    pub fn stretches(&self, whole: Range<usize>) -> Vec<Vec<Stretch>> {
        let mut out: Vec<Vec<Stretch>> = vec![Vec::with_capacity(32); self.members];
        let unjudged = vec![UNJUDGED; self.members];
        let mut current: Vec<(u8, usize)> = vec![(UNJUDGED, 0); self.members];
        let mut before: &[u8] = &unjudged;
        for hour in 0..self.hours {
            let row =
                if whole.contains(&hour) { &self.class[hour * self.members..][..self.members] } else { &unjudged };
            let mut changes = |first: usize, new: &[u8], old: &[u8]| {
                for lane in 0..new.len() {
                    if new[lane] == old[lane] {
                        continue;
                    }
                    let (last, since) = current[first + lane];
                    if hour > since {
                        out[first + lane].push((last, since, hour - since));
                    }
                    current[first + lane] = (new[lane], hour);
                }
            };
            let ((new, new_rest), (old, old_rest)) = (row.as_chunks::<LANES>(), before.as_chunks::<LANES>());
            for (k, (new, old)) in new.iter().zip(old).enumerate() {
                // most members keep their class from one hour to the next
                if new != old {
                    changes(k * LANES, new, old);
                }
            }
            changes(new.len() * LANES, new_rest, old_rest);
            before = row;
        }
        for (stretches, (class, since)) in out.iter_mut().zip(current) {
            stretches.push((class, since, self.hours - since));
        }
        out
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

    /// Class of every 24-h average of every member, also of those that end up to `beyond` hours after the last value.
    ///
    /// Counted are the pollutants `of`. Those in `blocking` make a window without a mean of them [`UNJUDGED`], unless the others
    /// exceed (HJ 633-2026 5.3). `aqi` names the version in force on the Beijing day of a window's last hour.
    pub fn classes(
        &self,
        values: &HourlyValues,
        beyond: usize,
        aqi: &AqiRules,
        of: &[Pollutant],
        blocking: &[Pollutant],
    ) -> Classes {
        let (hours, members) = (values.hours() + beyond, values.members());
        // a window without any counted value stays unjudged
        let mut worst = vec![UNJUDGED; hours * members];
        let mut blocked = vec![0u8; hours * members];
        let versions = self.versions_by_hour(values, hours, aqi);
        for &p in of {
            let blocks = blocking.contains(&p);
            self.of_pollutant(values, p, &versions, |hour, class| {
                let row = hour * members..(hour + 1) * members;
                worst[row.clone()].iter_mut().zip(class).for_each(|(worst, class)| *worst = (*worst).max(*class));
                if blocks {
                    let blocked = blocked[row].iter_mut().zip(class);
                    blocked.for_each(|(blocked, class)| *blocked |= u8::from(*class == UNJUDGED));
                }
            });
        }
        let stated = self.ladder.stated;
        worst
            .iter_mut()
            .zip(&blocked)
            .for_each(|(worst, blocked)| *worst *= u8::from(*worst >= stated || *blocked == 0));
        Classes { hours, members, class: worst }
    }

    fn versions_by_hour(&self, values: &HourlyValues, hours: usize, aqi: &AqiRules) -> Vec<&Thresholds> {
        let of = |hour| {
            let id = &aqi.standard(beijing_day_hour(values.end(hour)).0).id;
            self.versions.iter().find(|v| v.standard == *id).expect("made from the same rules")
        };
        let first_day_ends = DAY - usize::from(beijing_day_hour(values.end(0)).1);
        let mut out = Vec::with_capacity(hours);
        while out.len() < hours {
            let of_the_day = of(out.len());
            let next_day = first_day_ends + 1 + out.len().saturating_sub(first_day_ends).div_ceil(DAY) * DAY;
            out.resize(next_day.min(hours), of_the_day);
        }
        out
    }

    /// Hands each hour's classes by one pollutant to `take`, member by member; [`UNJUDGED`] without a valid mean.
    fn of_pollutant(
        &self,
        values: &HourlyValues,
        p: Pollutant,
        versions: &[&Thresholds],
        mut take: impl FnMut(usize, &[u8]),
    ) {
        let members = values.members();
        let mut class = vec![UNJUDGED; members];
        let v = values.of(p).unwrap_or_default();
        let ozone = p == Pollutant::O3;
        let highest = i64::from(if ozone { Row::of(v).largest } else { 0 }) * terms(p) as i64;
        let low = ozone && versions.iter().all(|t| highest < t.sums(p, terms(p)).lowest());
        let mut rows: Vec<Row> = Vec::with_capacity(values.hours());
        let mut window = Window { sums: vec![0; members], bound: 0, whole: 0, mixed: 0 };
        let mut counts = vec![0; members];
        for (hour, version) in versions.iter().enumerate() {
            if let Some(row) = v.get(hour * members..(hour + 1) * members) {
                rows.push(Row::of(row));
                window.enter(rows[hour], row);
            }
            if let Some(leaving) = hour.checked_sub(DAY).filter(|h| *h < rows.len()) {
                window.leave(rows[leaving], &v[leaving * members..][..members]);
            }
            let one = |member| self.window(v, p, version, hour, member, members);
            if window.mixed > 0 || ozone && !low {
                class.iter_mut().enumerate().for_each(|(member, class)| *class = one(member));
            } else if ozone {
                // the members have their values at the same hours, and none exceeds
                class.fill(one(0));
            } else if window.whole >= self.validity.hours_of_day {
                window.classify(&mut class, &mut counts, version.sums(p, window.whole));
            } else {
                class.fill(UNJUDGED);
            }
            take(hour, &class);
        }
    }

    /// One window by one pollutant, with gaps.
    fn window(&self, v: &[i32], p: Pollutant, limits: &Thresholds, hour: usize, member: usize, members: usize) -> u8 {
        let at = |h: usize| v.get(h * members + member).copied().unwrap_or(MISSING);
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

/// The members at an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    /// Whether all, some or no members have a value.
    there: There,
    largest: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum There {
    All,
    Some,
    None,
}

impl Row {
    fn of(row: &[i32]) -> Self {
        // two passes of one operation each go four members at a time
        let largest = row.iter().fold(MISSING, |largest, v| largest.max(*v));
        let signs = row.iter().fold(0, |signs, v| signs | v);
        let there = match (largest, signs) {
            (MISSING, _) => There::None,
            // only a missing value is negative
            (_, i32::MIN..0) => There::Some,
            _ => There::All,
        };
        Self { there, largest }
    }
}

/// Sums over a day that moves on hour by hour, of the hours at which all members have a value.
struct Window {
    sums: Vec<i32>,
    /// Sum of the largest member of each of these hours: no member's sum is above it.
    bound: i64,
    /// Hours at which all members have a value, and at which only some have one.
    whole: usize,
    mixed: usize,
}

impl Window {
    fn enter(&mut self, row: Row, values: &[i32]) {
        match row.there {
            There::All => {
                self.whole += 1;
                self.bound += i64::from(row.largest);
                self.sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
            }
            There::Some => self.mixed += 1,
            There::None => {}
        }
    }

    fn leave(&mut self, row: Row, values: &[i32]) {
        match row.there {
            There::All => {
                self.whole -= 1;
                self.bound -= i64::from(row.largest);
                self.sums.iter_mut().zip(values).for_each(|(sum, value)| *sum -= value);
            }
            There::Some => self.mixed -= 1,
            There::None => {}
        }
    }

    /// Class of each sum. Day means have indices up to the end of every table, so that a sum exceeds from the start of a range on.
    /// `counts` is scratch of the size of the members.
    fn classify(&self, class: &mut [u8], counts: &mut [i32], limits: &Sums) {
        counts.fill(1);
        for range in limits.0.iter().filter(|r| *r.start() <= self.bound) {
            let from = *range.start() as i32;
            counts.iter_mut().zip(&self.sums).for_each(|(count, sum)| *count += i32::from(*sum >= from));
        }
        class.iter_mut().zip(counts).for_each(|(class, count)| *class = *count as u8);
    }
}
