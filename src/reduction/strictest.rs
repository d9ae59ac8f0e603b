//! Every lawful measure together, and the influence held to the full run with them.
//!
//! No list can do more than all lawful measures, each as early and as strict as it may be. A full run with them says what is out of reach,
//! and how far the linear influence, which leaves out the bounds of advection and the saturation of the chemistry, is from the model in the direction
//! in which lists go: each window's influence is scaled by that ratio, once, before any list is made.

use super::options::Options;
use super::predict::Fall;
use super::ranking::WindowInfluence;
use crate::domain::source::Amounts;
use crate::warning::WarningLevel;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Ratios outside are not believed: the falls are then too small to compare, or something else is at work.
const BELIEVED: std::ops::RangeInclusive<f64> = 0.5..=1.5;
/// Falls below this are not compared [ug m-3].
const SMALLEST_FALL: f64 = 0.05;

/// The full run with every lawful measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StrictestRun {
    pub measures: usize,
    /// The level with them, and whether no county reaches the decided level any more.
    pub level_after: WarningLevel,
    pub averted: bool,
    /// SHA-256 of the series of the run.
    pub series_sha256: String,
    /// Windows in the order of the ranking.
    pub windows: Vec<StrictestWindow>,
}

/// What every lawful measure together does to one window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StrictestWindow {
    pub adcode: u32,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// Fall of the model's mean: foretold by the influence as ranked, and by the run.
    pub foretold: Fall,
    pub rerun: Fall,
    /// Factors on the influence of primary particles and of gases that the lists are made with.
    pub primary_factor: f64,
    pub secondary_factor: f64,
}

impl StrictestWindow {
    /// The factors that bring `foretold` to `rerun`; 1 where the falls cannot be compared.
    pub fn of(influence: &WindowInfluence, foretold: Fall, rerun: Fall) -> Self {
        let factor = |foretold: f64, rerun: f64| {
            let ratio = rerun / foretold;
            if foretold >= SMALLEST_FALL && BELIEVED.contains(&ratio) { ratio } else { 1.0 }
        };
        let w = &influence.window;
        Self {
            adcode: w.adcode,
            from: w.from,
            to: w.to,
            foretold,
            rerun,
            primary_factor: factor(foretold.primary_ug_m3, rerun.primary_ug_m3),
            secondary_factor: factor(secondary(&foretold), secondary(&rerun)),
        }
    }

    /// The influence with these factors.
    pub fn hold(&self, influence: &WindowInfluence) -> WindowInfluence {
        let (p, s) = (self.primary_factor, self.secondary_factor);
        let factors = Amounts { pm25: p, bc: p, oc: p, ..Amounts::all(s) };
        let held = |a: &Amounts| a.zip(factors, |added, factor| added * factor);
        let mut influence = influence.clone();
        for source in &mut influence.sources {
            source.added_by_hour = source.added_by_hour.iter().map(held).collect();
            source.per_tonne = held(&source.per_tonne);
        }
        influence
    }
}

fn secondary(fall: &Fall) -> f64 {
    fall.pm25_ug_m3 - fall.primary_ug_m3
}

/// The option of the most measures of a group, of several the one that does most: without delay, of exclusive measures the strictest.
pub fn strictest(options: &Options, group: usize) -> usize {
    let range = options.cover.of_group(group);
    let (first, cover) = (range.start, &options.cover);
    let beats = |a: usize, b: usize| {
        let (x, y) = (cover.effect(a), cover.effect(b));
        let more = x.iter().zip(y).filter(|(a, b)| a > b).count();
        let less = x.iter().zip(y).filter(|(a, b)| a < b).count();
        more > less || (more == less && cover.cost(a) < cover.cost(b))
    };
    range.fold(first, |best, o| if beats(o, best) { o } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reduction::ranking::{ExceedingWindow, SourceEffect, primary};

    fn influence() -> WindowInfluence {
        let t: DateTime<Utc> = "2026-01-15T12:00:00Z".parse().unwrap();
        let window = ExceedingWindow {
            adcode: 222_403,
            from: t,
            to: t + chrono::Duration::hours(24),
            forecast_ug_m3: 160.0,
            model_ug_m3: 150.0,
            limit_ug_m3: 140.0,
            probability: 0.5,
            fall_needed_ug_m3: 10.0,
            beyond_reach: false,
        };
        let added = Amounts { so2: 1.0, nox: 2.0, pm25: 3.0, bc: 0.5, oc: 0.5, ..Amounts::default() };
        let source =
            SourceEffect { source: "a".into(), added_by_hour: vec![added; 2], per_tonne: added, emitted_t: added };
        WindowInfluence { window, first_hour: t, sources: vec![source] }
    }

    /// Of 8 + 6 foretold the run finds 6 and 7.5: what is primary has 0.75, what is made of gases 1.25, and held to them the sums are the run's.
    #[test]
    fn the_influence_is_held_to_the_run_in_both_parts() {
        let foretold = Fall { pm25_ug_m3: 14.0, primary_ug_m3: 8.0 };
        let rerun = Fall { pm25_ug_m3: 13.5, primary_ug_m3: 6.0 };
        let window = StrictestWindow::of(&influence(), foretold, rerun);
        assert_eq!((window.primary_factor, window.secondary_factor), (0.75, 1.25));
        let held = window.hold(&influence());
        let all = held.sources[0].added(0);
        assert_eq!((primary(&all), all.sum() - primary(&all)), (6.0, 7.5));
        assert_eq!(held.sources[0].emitted_t, influence().sources[0].emitted_t);
    }

    #[test]
    fn what_cannot_be_compared_changes_nothing() {
        let fall = |pm25_ug_m3, primary_ug_m3| Fall { pm25_ug_m3, primary_ug_m3 };
        for (foretold, rerun) in [
            (fall(0.05, 0.02), fall(0.5, 0.2)),
            (fall(2.0, 1.0), fall(-2.0, -1.0)),
            (fall(2.0, 1.0), fall(20.0, 10.0)),
            (fall(0.0, 0.0), fall(0.0, 0.0)),
            (fall(f64::NAN, f64::NAN), fall(1.0, 0.5)),
        ] {
            let window = StrictestWindow::of(&influence(), foretold, rerun);
            assert_eq!(window.hold(&influence()), influence(), "{window:?}");
        }
    }
}
