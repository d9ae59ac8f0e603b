//! Episodes in which the daily AQI stays above a threshold, and the rules that they meet.

use super::classes::Ladder;
use super::rules::{Condition, InnerCondition, Rule, Scheme, SlidingHours};

/// The daily AQI in time, as classes of a [`Ladder`]: natural days, or 24-h averages hour by hour.
#[derive(Debug, Clone, Copy)]
pub struct Points<'a> {
    pub class: &'a [u8],
    /// Hours between neighbouring points: 24 or 1.
    pub step: u32,
}

/// A time in which the daily AQI stays above a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Episode {
    /// First and last point above the threshold.
    pub first: usize,
    pub last: usize,
    /// Hours covered by the averages above it [h]; hours of a merged gap are not counted.
    pub hours: u32,
    /// Number of these averages.
    pub averages: u32,
    /// Whether it was put together from several by the merge rule.
    pub merged: bool,
}

/// A rule that fires: its episode, then the first episode of each inner condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Met {
    /// Index of the rule in its scheme.
    pub rule: usize,
    pub episodes: Vec<Episode>,
}

/// A scheme's rules as classes of its ladder.
#[derive(Debug, Clone, PartialEq)]
pub struct Judge {
    /// By rule and condition: lowest class that exceeds, and the hours needed.
    rules: Vec<Vec<(u8, u32)>>,
    lift: u8,
    heavy: u8,
    gap_hours: u32,
    sliding_hours: SlidingHours,
    inner: InnerCondition,
}

/// Neighbouring points of one class: class, first point, number of points.
type Stretch = (u8, usize, usize);

/// Stretches of equal class.
fn stretches(class: &[u8]) -> Vec<Stretch> {
    let mut out = Vec::with_capacity(16);
    let mut first = 0;
    for chunk in class.chunk_by(|a, b| a == b) {
        out.push((chunk[0], first, chunk.len()));
        first += chunk.len();
    }
    out
}

impl Judge {
    pub fn new(scheme: &Scheme, ladder: &Ladder) -> Self {
        let condition = |c: &Condition| (ladder.class_above(c.aqi_above), c.hours);
        Self {
            rules: scheme.rules.iter().map(|r: &Rule| r.all_of.iter().map(condition).collect()).collect(),
            lift: ladder.class_above(scheme.lift.aqi),
            heavy: ladder.class_above(scheme.merge.heavy_aqi),
            gap_hours: scheme.merge.gap_hours,
            sliding_hours: scheme.parameter.sliding_hours.value,
            inner: scheme.parameter.inner_condition.value,
        }
    }

    /// Lowest class above the lifting threshold.
    pub fn lift_class(&self) -> u8 {
        self.lift
    }

    /// Lowest class that any rule asks for.
    pub fn lowest_class(&self) -> u8 {
        self.rules.iter().flatten().map(|(class, _)| *class).min().unwrap_or(u8::MAX)
    }

    /// The rules that fire, each with every episode that meets it, in the order of the rules and of time. The last average of an
    /// episode must be point `ahead` or a later one.
    pub fn met(&self, points: Points, ahead: usize) -> Vec<Met> {
        let stretches = stretches(points.class);
        let worst = stretches.iter().map(|s| s.0).max().unwrap_or(0);
        let mut met = Vec::new();
        // episodes above a class are asked for by several rules
        let mut known: Vec<(u8, Vec<Episode>)> = Vec::new();
        for (rule, conditions) in self.rules.iter().enumerate() {
            if conditions.iter().any(|(class, _)| *class > worst) {
                continue;
            }
            for (class, _) in conditions {
                if known.iter().all(|(k, _)| k != class) {
                    known.push((*class, self.episodes(points, &stretches, *class)));
                }
            }
            let long_enough = |(class, hours): &(u8, u32)| {
                let episodes = known.iter().find(|(k, _)| k == class).map_or(&[][..], |(_, e)| e);
                let hours = *hours;
                episodes.iter().filter(move |e| self.long_enough(e, points.step, hours))
            };
            let (outer, inner) = conditions.split_first().expect("checked on reading: a rule has a condition");
            for episode in long_enough(outer).filter(|e| e.last >= ahead) {
                let inside = |e: &&Episode| {
                    self.inner == InnerCondition::Anywhere || e.first >= episode.first && e.last <= episode.last
                };
                let found: Option<Vec<Episode>> =
                    inner.iter().map(|condition| long_enough(condition).find(inside).copied()).collect();
                if let Some(found) = found {
                    let episodes = std::iter::once(*episode).chain(found).collect();
                    met.push(Met { rule, episodes });
                }
            }
        }
        met
    }

    /// The longest episode of a rule's first condition, fulfilled or not.
    pub fn longest(&self, points: Points, rule: usize) -> Option<Episode> {
        let all = self.episodes(points, &stretches(points.class), self.rules[rule][0].0);
        all.into_iter().rev().max_by_key(|e| e.hours)
    }

    fn long_enough(&self, episode: &Episode, step: u32, hours: u32) -> bool {
        match self.sliding_hours {
            SlidingHours::EveryAverage if step == 1 => episode.averages >= if hours == 24 { 1 } else { hours },
            _ => episode.hours >= hours,
        }
    }

    /// The episodes of `class` or above: runs of neighbouring points, heavy ones joined over interruptions too short for lifting,
    /// with everything between them.
    ///
    /// Hours of a run: from the first hour of its first average to the last hour of its last one. N natural days are 24 N h; under
    /// the sliding reading 48 h are 25 neighbouring averages, that is every 24-h average that lies within the 48 h.
    fn episodes(&self, points: Points, stretches: &[Stretch], class: u8) -> Vec<Episode> {
        let mut out: Vec<Episode> = Vec::new();
        // the latest heavy episode, and the longest time without a point above the lifting threshold since its last heavy point
        let mut heavy: Option<usize> = None;
        let (mut clean, mut longest_clean) = (0, 0);
        // whether the stretch before this one belongs to the last episode of `out`
        let mut running = false;
        for &(c, first, n) in stretches {
            if c < class {
                running = false;
            } else if running {
                let (last, episode) = (first + n - 1, out.len() - 1);
                out[episode] = extended(out[episode], first, last, points.step);
            } else {
                out.push(extended(
                    Episode { first, last: first, hours: 0, averages: 0, merged: false },
                    first,
                    first + n - 1,
                    points.step,
                ));
                running = true;
            }
            if c >= self.heavy.max(class) {
                let here = out.len() - 1;
                if let Some(earlier) = heavy.filter(|e| *e < here && longest_clean * points.step <= self.gap_hours) {
                    let parts = out.split_off(earlier + 1);
                    out[earlier] = parts.into_iter().fold(out[earlier], |e, part| joined(e, part, points.step));
                }
                heavy = Some(out.len() - 1);
                (clean, longest_clean) = (0, 0);
            } else if c < self.lift {
                clean += n as u32;
                longest_clean = longest_clean.max(clean);
            } else {
                clean = 0;
            }
        }
        out
    }
}

/// The episode with the points `first` ..= `last`, which follow its own.
fn extended(episode: Episode, first: usize, last: usize, step: u32) -> Episode {
    let n = (last - first + 1) as u32;
    let hours = if step == 1 { n + if episode.averages == 0 { 23 } else { 0 } } else { n * step };
    Episode { last, hours: episode.hours + hours, averages: episode.averages + n, ..episode }
}

/// Both episodes as one; hours that averages of both cover count once.
fn joined(episode: Episode, later: Episode, step: u32) -> Episode {
    let both = if step == 1 { (episode.last + 24).saturating_sub(later.first) as u32 } else { 0 };
    Episode {
        first: episode.first,
        last: later.last,
        hours: episode.hours + later.hours - both,
        averages: episode.averages + later.averages,
        merged: true,
    }
}
