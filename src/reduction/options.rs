//! Candidates -> options: of each group the lawful combinations of its measures and their start hours, with cost and effect on every demand.
//!
//! **Invariant:** whatever option is taken of each group, the list is lawful; the choice decides only whether it is enough and what it costs.

use super::candidates::Candidate;
use super::cover::Cover;
use super::demands::{Demands, per_target, weighed};
use super::ranking::WindowInfluence;
use super::register::{Part, Situation};
use super::targets::{PmEquivalent, counts};
use crate::domain::source::Amounts;
use chrono::{DateTime, Duration, Utc};
use std::collections::BTreeMap;

/// One option of a group: the candidates that are in force, each `delay_h` or more after its earliest start. Standing ones are never late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Indices of candidates, ascending.
    pub candidates: Vec<usize>,
    pub delay_h: u32,
}

/// All options of all groups: [`Options::ways`] stands beside the options of [`Options::cover`].
#[derive(Debug, Clone)]
pub struct Options {
    pub cover: Cover,
    pub ways: Vec<Way>,
    /// Parts of each group.
    pub groups: Vec<Vec<usize>>,
}

/// What options are made from.
pub struct Makings<'a> {
    pub situation: &'a Situation<'a>,
    pub weight: &'a PmEquivalent,
    pub parts: &'a [Part<'a>],
    pub candidates: &'a [Candidate<'a>],
    pub demands: &'a Demands,
}

/// When a candidate starts under a delay.
pub fn start(candidate: &Candidate, delay_h: u32) -> DateTime<Utc> {
    if candidate.measure.standing {
        return candidate.from;
    }
    // a delay into the night waits for the measure's hour of the day
    candidate.measure.earliest_start(candidate.from, delay_h)
}

/// Hours of a span [h].
pub fn hours(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    (to - from).num_minutes() as f64 / 60.0
}

impl Makings<'_> {
    /// The options with each of `delays` [h]; combinations that another of the same delay makes needless are left out.
    pub fn options(&self, delays: &[u32]) -> Options {
        let mut of_part = vec![Vec::new(); self.parts.len()];
        self.candidates.iter().enumerate().for_each(|(i, c)| of_part[c.part].push(i));
        let influence = Influence::new(self.situation, self.parts);
        let mut options =
            Options { cover: Cover::new(self.demands.amounts()), ways: Vec::new(), groups: self.groups(&of_part) };
        for group in &options.groups {
            options.cover.group();
            let combinations = self.combinations(group, &of_part);
            for &delay_h in delays {
                let mut priced = Vec::new();
                for candidates in &combinations {
                    let way = Way { candidates: candidates.clone(), delay_h };
                    if delay_h == 0 || self.may_wait(&way) {
                        priced.push((self.cost_yuan(&way), self.effect(&way, &influence), way));
                    }
                }
                for (i, (cost, effect, way)) in priced.iter().enumerate() {
                    if !priced.iter().enumerate().any(|(j, other)| j != i && needless(other, j, (cost, effect), i)) {
                        options.cover.option(*cost, effect.iter().copied());
                        options.ways.push(way.clone());
                    }
                }
            }
        }
        options
    }

    /// Parts that are decided together: those of one county on which a county-wide measure acts. All others stand alone.
    fn groups(&self, of_part: &[Vec<usize>]) -> Vec<Vec<usize>> {
        let mut leader: Vec<usize> = (0..self.parts.len()).collect();
        let mut first: BTreeMap<(u32, &str), usize> = BTreeMap::new();
        for c in self.candidates.iter().filter(|c| c.measure.county_wide) {
            let key = (self.parts[c.part].county.adcode, c.measure.id.as_str());
            let (a, b) = (leader[*first.entry(key).or_insert(c.part)], leader[c.part]);
            leader.iter_mut().filter(|l| **l == a || **l == b).for_each(|l| *l = a.min(b));
        }
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for part in (0..self.parts.len()).filter(|p| !of_part[*p].is_empty()) {
            groups.entry(leader[part]).or_default().push(part);
        }
        groups.into_values().collect()
    }

    /// Every set of the group's measures in which no two exclude each other on a part; standing measures are in all of them.
    fn combinations(&self, group: &[usize], of_part: &[Vec<usize>]) -> Vec<Vec<usize>> {
        let mut measures: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for c in group.iter().flat_map(|p| &of_part[*p]) {
            measures.entry(&self.candidates[*c].measure.id).or_default().push(*c);
        }
        let mut sets = vec![Vec::new()];
        for acting in measures.values() {
            let standing = self.candidates[acting[0]].measure.standing;
            let mut with: Vec<Vec<usize>> = Vec::new();
            for set in sets.iter().filter(|set| standing || !self.excludes(set, acting)) {
                with.push(set.iter().chain(acting).copied().collect());
            }
            if standing {
                sets = with;
            } else {
                sets.extend(with);
            }
        }
        sets.iter_mut().for_each(|set| set.sort_unstable());
        sets
    }

    fn excludes(&self, set: &[usize], acting: &[usize]) -> bool {
        let group = self.candidates[acting[0]].measure.exclusive_group();
        group.is_some()
            && set.iter().map(|i| &self.candidates[*i]).any(|c| {
                c.measure.exclusive_group() == group && acting.iter().any(|a| self.candidates[*a].part == c.part)
            })
    }

    /// Whether a later start means something: a measure that can wait is in force for at least an hour.
    fn may_wait(&self, way: &Way) -> bool {
        let last = self.situation.period.1 - Duration::hours(1);
        let mut waits = false;
        for c in way.candidates.iter().map(|i| &self.candidates[*i]).filter(|c| !c.measure.standing) {
            waits = true;
            if start(c, way.delay_h) > last {
                return false;
            }
        }
        waits
    }

    /// Cost over the period [yuan].
    fn cost_yuan(&self, way: &Way) -> f64 {
        let to = self.situation.period.1;
        let cost = |c: &Candidate| c.cost_yuan_d * hours(start(c, way.delay_h), to) / 24.0;
        way.candidates.iter().map(|i| cost(&self.candidates[*i])).sum()
    }

    /// Effect on every row.
    fn effect(&self, way: &Way, influence: &Influence) -> Vec<f64> {
        let to = self.situation.period.1;
        let windows = self.demands.windows_ug_m3.len();
        let mut effect = vec![0.0; 4 + windows + self.demands.floors.len()];
        let mut of_part: BTreeMap<usize, Vec<&Candidate>> = BTreeMap::new();
        way.candidates.iter().map(|i| &self.candidates[*i]).for_each(|c| of_part.entry(c.part).or_default().push(c));
        for (part, candidates) in of_part {
            let from: Vec<_> = candidates.iter().map(|c| start(c, way.delay_h)).collect();
            if counts(self.parts[part].source.sector) {
                let mut left = self.parts[part].emission_t_d;
                let mut sum = [0.0; 4];
                for (c, from) in candidates.iter().zip(&from) {
                    let kept = hours(*from, to) / hours(c.from, to);
                    let cut = per_target(&left.zip(c.factor, |e, f| e * (1.0 - f)));
                    sum.iter_mut().zip(cut).for_each(|(s, c)| *s += kept * c);
                    left = left.zip(c.factor, |e, f| e * f);
                }
                (0..4).for_each(|k| effect[k] += sum[k]);
                let adcode = self.parts[part].county.adcode;
                if let Some(k) = self.demands.floors.iter().position(|(county, _)| *county == adcode) {
                    effect[4 + windows + k] += weighed(self.weight, &sum);
                }
            }
            for (w, fall) in effect[4..4 + windows].iter_mut().enumerate() {
                *fall += influence.fall(w, part, candidates.iter().zip(&from).map(|(c, f)| (*f, c.factor)), to);
            }
        }
        effect
    }
}

/// Whether `other` makes an option needless: it costs no more and does no less. Of two alike the first stays.
fn needless(other: &(f64, Vec<f64>, Way), at: usize, (cost, effect): (&f64, &[f64]), i: usize) -> bool {
    let no_worse = other.0 <= *cost && other.1.iter().zip(effect).all(|(o, e)| o >= e);
    let alike = no_worse && other.0 == *cost && other.1 == effect;
    no_worse && (!alike || at < i)
}

/// What the hours of each part add to each window, summed from an hour to the end.
struct Influence<'a> {
    ranking: &'a [WindowInfluence],
    /// By window and source of the window: sums from each hour on.
    later: Vec<Vec<Vec<Amounts>>>,
    /// By part and window: index of the source, where it has any influence.
    source: Vec<Vec<Option<usize>>>,
    share: Vec<Amounts>,
}

impl<'a> Influence<'a> {
    fn new(situation: &Situation<'a>, parts: &[Part]) -> Self {
        let later = |added: &[Amounts]| {
            let mut sums = vec![Amounts::default(); added.len() + 1];
            for (h, a) in added.iter().enumerate().rev() {
                sums[h] = sums[h + 1].zip(*a, |sum, v| sum + v);
            }
            sums
        };
        let ranking = situation.ranking;
        let index: Vec<BTreeMap<&str, usize>> = ranking
            .iter()
            .map(|w| w.sources.iter().enumerate().map(|(i, s)| (s.source.as_str(), i)).collect())
            .collect();
        Self {
            ranking,
            later: ranking.iter().map(|w| w.sources.iter().map(|s| later(&s.added_by_hour)).collect()).collect(),
            source: parts
                .iter()
                .map(|p| index.iter().map(|sources| sources.get(p.source.id.as_str()).copied()).collect())
                .collect(),
            share: parts.iter().map(|p| p.share).collect(),
        }
    }

    /// Fall of window `w` by measures on a part that start at the given times and last to `to` [ug m-3].
    fn fall(
        &self,
        w: usize,
        part: usize,
        measures: impl Iterator<Item = (DateTime<Utc>, Amounts)>,
        to: DateTime<Utc>,
    ) -> f64 {
        let Some(source) = self.source[part][w] else { return 0.0 };
        let later = &self.later[w][source];
        let from_hour = |t: DateTime<Utc>| first_hour(self.ranking[w].first_hour, t).min(later.len() - 1);
        let mut starts: Vec<(usize, Amounts)> = measures.map(|(t, f)| (from_hour(t), f)).collect();
        starts.sort_by_key(|(hour, _)| *hour);
        let end = from_hour(to);
        let mut factor = Amounts::all(1.0);
        let mut fall = 0.0;
        for (i, (hour, f)) in starts.iter().enumerate() {
            factor = factor.zip(*f, |a, b| a * b);
            let next = starts.get(i + 1).map_or(end, |(h, _)| *h).min(end);
            if next > *hour {
                let between = later[*hour].zip(later[next], |a, b| a - b).zip(self.share[part], |a, s| a * s);
                fall += between.zip(factor, |added, f| added * (1.0 - f)).sum();
            }
        }
        fall
    }
}

/// Index of the first hour that begins at `t` or later.
pub fn first_hour(begin: DateTime<Utc>, t: DateTime<Utc>) -> usize {
    usize::try_from((t - begin + Duration::minutes(59)).num_hours()).unwrap_or(0)
}
