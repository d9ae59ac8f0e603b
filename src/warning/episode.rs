//! Daily AQI values in time, and the episodes in which they stay above a threshold.

use super::Reading;
use super::rules::{Condition, Lift, Merge, Rule, Scheme};
use crate::domain::pollutant::Pollutant;
use chrono::{DateTime, Duration, NaiveDate, Utc};

/// A daily AQI: of a natural day, or of 24 consecutive hours.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Natural-day reading only.
    pub beijing_day: Option<NaiveDate>,
    /// First and last hour of the average (UTC, hour-ending).
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// AQI; `None` where it cannot be stated, which does not exceed.
    pub aqi: Option<u16>,
    /// Largest IAQI of the pollutants that call for cuts.
    pub alone: Option<u16>,
    pub pm25_ug_m3: Option<f64>,
    pub primary: Vec<Pollutant>,
}

/// The points of one county under one reading, ascending in time.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    pub reading: Reading,
    pub points: Vec<Point>,
}

/// Which value of a point is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// The AQI of all pollutants.
    Aqi,
    /// The pollutants that call for cuts, as if there were no others.
    Alone,
}

impl Judged {
    fn exceeds(self, point: &Point, threshold: u16) -> bool {
        let value = match self {
            Self::Aqi => point.aqi,
            Self::Alone => point.alone,
        };
        value.is_some_and(|v| v > threshold)
    }
}

/// A time in which the daily AQI stays above a threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct Episode {
    /// Indices of the points above the threshold.
    pub exceeding: Vec<usize>,
    /// First hour of the first such average, last hour of the last (UTC, hour-ending).
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// Hours covered by these averages [h]; hours of a merged gap are not counted.
    pub hours: i64,
    /// Whether it was put together from several by the merge rule.
    pub merged: bool,
}

impl Series {
    /// Time between two neighbouring points.
    fn step(&self) -> Duration {
        Duration::hours(if self.reading == Reading::NaturalDay { 24 } else { 1 })
    }

    /// The episodes above `threshold`: runs of neighbouring points, merged where `merge` says so.
    ///
    /// Length of a run: from the first hour of its first average to the last hour of its last one. N natural days are 24 N h; under
    /// the sliding reading 48 h are 25 neighbouring averages, that is every 24-h average that lies within the 48 h.
    pub fn episodes(&self, threshold: u16, judged: Judged, merge: &Merge, lift: &Lift) -> Vec<Episode> {
        let mut runs: Vec<Vec<usize>> = Vec::new();
        for (i, point) in self.points.iter().enumerate() {
            if !judged.exceeds(point, threshold) {
                continue;
            }
            match runs.last_mut() {
                Some(run) if run[run.len() - 1] + 1 == i && point.to - self.points[i - 1].to == self.step() => {
                    run.push(i)
                }
                _ => runs.push(vec![i]),
            }
        }
        self.merged(runs, judged, merge, lift)
    }

    /// Joins heavy runs over interruptions too short for lifting, with everything between them.
    fn merged(&self, runs: Vec<Vec<usize>>, judged: Judged, merge: &Merge, lift: &Lift) -> Vec<Episode> {
        let heavy = |i: &&usize| judged.exceeds(&self.points[**i], merge.heavy_aqi);
        let mut out: Vec<(Vec<usize>, bool)> = Vec::new();
        // position in `out` of the latest heavy run, and its last heavy point
        let mut latest: Option<(usize, usize)> = None;
        for run in runs {
            let (first, last) = (run.iter().find(heavy).copied(), run.iter().rfind(heavy).copied());
            out.push((run, false));
            let (Some(first), Some(last)) = (first, last) else { continue };
            let mut position = out.len() - 1;
            if let Some((earlier, point)) = latest
                && self.longest_clean_hours(point, first, judged, lift) <= i64::from(merge.gap_hours)
            {
                for (run, _) in out.split_off(earlier + 1) {
                    out[earlier].0.extend(run);
                }
                out[earlier].1 = true;
                position = earlier;
            }
            latest = Some((position, last));
        }
        out.into_iter().map(|(exceeding, merged)| self.episode(exceeding, merged)).collect()
    }

    /// Longest time between points `a` and `b` without a point above the lifting threshold [h].
    fn longest_clean_hours(&self, a: usize, b: usize, judged: Judged, lift: &Lift) -> i64 {
        let above = self.points[a..=b].iter().filter(|p| judged.exceeds(p, lift.aqi));
        let ends: Vec<_> = above.map(|p| p.to).collect();
        ends.windows(2).map(|w| (w[1] - w[0] - self.step()).num_hours()).max().unwrap_or(0)
    }

    fn episode(&self, exceeding: Vec<usize>, merged: bool) -> Episode {
        let (first, last) = (&self.points[exceeding[0]], &self.points[exceeding[exceeding.len() - 1]]);
        let hour = Duration::hours(1);
        let mut hours = 0;
        let mut covered_to = first.from - hour;
        for point in exceeding.iter().map(|&i| &self.points[i]) {
            hours += (point.to - covered_to.max(point.from - hour)).num_hours();
            covered_to = point.to;
        }
        Episode { from: first.from, to: last.to, hours, merged, exceeding }
    }

    /// The first episode that meets every condition of `rule`, then the episodes of its inner conditions.
    ///
    /// Its last exceeding average lies wholly after `cycle`: hours before the cycle lengthen an episode, they do not make one.
    pub fn fires(&self, rule: &Rule, scheme: &Scheme, judged: Judged, cycle: DateTime<Utc>) -> Option<Vec<Episode>> {
        let long_enough = |c: &Condition| {
            let all = self.episodes(c.aqi_above, judged, &scheme.merge, &scheme.lift);
            all.into_iter().filter(|e| e.hours >= i64::from(c.hours)).collect::<Vec<_>>()
        };
        let (outer, inner) = rule.all_of.split_first()?;
        let inner: Vec<Vec<Episode>> = inner.iter().map(long_enough).collect();
        let ahead = |e: &Episode| e.exceeding.last().is_some_and(|&i| self.points[i].from > cycle);
        long_enough(outer).into_iter().filter(ahead).find_map(|episode| {
            let mut met = vec![episode];
            for candidates in &inner {
                let inside = candidates.iter().find(|c| c.from >= met[0].from && c.to <= met[0].to)?;
                met.push(inside.clone());
            }
            Some(met)
        })
    }
}
