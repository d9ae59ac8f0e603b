//! Episodes in which the daily AQI stays above a threshold, and the rules that they meet.

use super::classes::{Ladder, Stretch, UNJUDGED};
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
    /// Lowest classes that exceed the thresholds of the rules, ascending.
    classes: Vec<u8>,
    /// By rule and condition: index of its class, and the hours needed.
    rules: Vec<Vec<(usize, u32)>>,
    lift: u8,
    heavy: u8,
    gap_hours: u32,
    sliding_hours: SlidingHours,
    inner: InnerCondition,
}

/// The episodes above every class that rules ask for; its memory serves the next series too.
#[derive(Debug, Clone, Default)]
pub struct Episodes {
    /// In the order of the judge's classes.
    of_class: Vec<Vec<Episode>>,
    step: u32,
}

impl Judge {
    pub fn new(scheme: &Scheme, ladder: &Ladder) -> Self {
        let of = |c: &Condition| ladder.class_above(c.aqi_above);
        let mut classes: Vec<u8> = scheme.rules.iter().flat_map(|r| r.all_of.iter().map(of)).collect();
        classes.sort_unstable();
        classes.dedup();
        let condition = |c: &Condition| (classes.partition_point(|k| *k < of(c)), c.hours);
        Self {
            rules: scheme.rules.iter().map(|r: &Rule| r.all_of.iter().map(condition).collect()).collect(),
            lift: ladder.class_above(scheme.lift.aqi),
            heavy: ladder.class_above(scheme.merge.heavy_aqi),
            gap_hours: scheme.merge.gap_hours,
            sliding_hours: scheme.parameter.sliding_hours.value,
            inner: scheme.parameter.inner_condition.value,
            classes,
        }
    }

    /// Lowest class above the lifting threshold.
    pub fn lift_class(&self) -> u8 {
        self.lift
    }

    /// Finds the episodes of a series.
    pub fn find(&self, points: Points, found: &mut Episodes) {
        let mut stretches: Vec<Stretch> = Vec::new();
        let mut first = 0;
        for same in points.class.chunk_by(|a, b| a == b) {
            stretches.push((same[0], first, same.len()));
            first += same.len();
        }
        self.find_in(&stretches, points.step, found);
    }

    /// Finds the episodes of a series that is known by its stretches; `step` as in [`Points`].
    pub fn find_in(&self, stretches: &[Stretch], step: u32, found: &mut Episodes) {
        found.step = step;
        let worst = stretches.iter().map(|s| s.0).max().unwrap_or(0);
        found.of_class.resize(self.classes.len(), Vec::new());
        for (class, episodes) in self.classes.iter().zip(&mut found.of_class) {
            episodes.clear();
            if *class <= worst {
                self.episodes(*class, step, stretches, episodes);
            }
        }
    }

    /// The episodes that meet a rule, in time. The last average of an episode must be point `ahead` or a later one.
    pub fn fires<'f>(&'f self, rule: usize, found: &'f Episodes, ahead: usize) -> impl Iterator<Item = &'f Episode> {
        let (outer, inner) = self.rules[rule].split_first().expect("checked on reading: a rule has a condition");
        let meets_all = move |e: &&Episode| inner.iter().all(|c| self.inside(e, c, found).is_some());
        self.long_enough_of(outer, found).filter(move |e| e.last >= ahead).filter(meets_all)
    }

    /// The rules that fire, each with every episode that meets it, in the order of the rules and of time.
    pub fn met(&self, points: Points, ahead: usize) -> Vec<Met> {
        let mut found = Episodes::default();
        self.find(points, &mut found);
        let mut met = Vec::new();
        for rule in 0..self.rules.len() {
            for episode in self.fires(rule, &found, ahead) {
                let inner = self.rules[rule][1..].iter().filter_map(|c| self.inside(episode, c, &found));
                met.push(Met { rule, episodes: std::iter::once(episode).chain(inner).copied().collect() });
            }
        }
        met
    }

    /// The longest episode of a rule's first condition that reaches point `ahead`, fulfilled or not.
    pub fn longest(&self, points: Points, rule: usize, ahead: usize) -> Option<Episode> {
        let mut found = Episodes::default();
        self.find(points, &mut found);
        let (class, _) = self.rules[rule][0];
        found.of_class[class].iter().rev().filter(|e| e.last >= ahead).max_by_key(|e| e.hours).copied()
    }

    /// Episodes that fulfil a condition.
    fn long_enough_of<'f>(
        &'f self,
        (class, hours): &'f (usize, u32),
        found: &'f Episodes,
    ) -> impl Iterator<Item = &'f Episode> {
        found.of_class[*class].iter().filter(|e| self.long_enough(e, found.step, *hours))
    }

    /// The first episode of an inner condition that counts for `episode`.
    fn inside<'f>(
        &'f self,
        episode: &Episode,
        condition: &'f (usize, u32),
        found: &'f Episodes,
    ) -> Option<&'f Episode> {
        let anywhere = self.inner == InnerCondition::Anywhere;
        self.long_enough_of(condition, found).find(|e| anywhere || e.first >= episode.first && e.last <= episode.last)
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
    fn episodes(&self, class: u8, step: u32, stretches: &[Stretch], out: &mut Vec<Episode>) {
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
                out[episode] = extended(out[episode], first, last, step);
            } else {
                out.push(extended(
                    Episode { first, last: first, hours: 0, averages: 0, merged: false },
                    first,
                    first + n - 1,
                    step,
                ));
                running = true;
            }
            if c >= self.heavy.max(class) {
                let here = out.len() - 1;
                if let Some(earlier) = heavy.filter(|e| *e < here && longest_clean * step <= self.gap_hours) {
                    out[earlier] = out[earlier + 1..].iter().fold(out[earlier], |e, part| joined(e, part, step));
                    out.truncate(earlier + 1);
                }
                heavy = Some(out.len() - 1);
                (clean, longest_clean) = (0, 0);
            } else if c == UNJUDGED && n as u32 * step <= self.gap_hours {
                // a short time of which nothing is known is neither clean nor an episode
            } else if c < self.lift {
                clean += n as u32;
                longest_clean = longest_clean.max(clean);
            } else {
                clean = 0;
            }
        }
    }
}

/// The episode with the points `first` ..= `last`, which follow its own.
fn extended(episode: Episode, first: usize, last: usize, step: u32) -> Episode {
    let n = (last - first + 1) as u32;
    let hours = if step == 1 { n + if episode.averages == 0 { 23 } else { 0 } } else { n * step };
    Episode { last, hours: episode.hours + hours, averages: episode.averages + n, ..episode }
}

/// Both episodes as one; hours that averages of both cover count once.
fn joined(episode: Episode, later: &Episode, step: u32) -> Episode {
    let both = if step == 1 { (episode.last + 24).saturating_sub(later.first) as u32 } else { 0 };
    Episode {
        first: episode.first,
        last: later.last,
        hours: episode.hours + later.hours - both,
        averages: episode.averages + later.averages,
        merged: true,
    }
}
