//! The times of meteorology that a night needs, and which files of which runs may give each.

use super::layout::{Step, has_step};
use crate::config::mirror::{Mirror, Provider};
use chrono::{DateTime, Duration, Utc};

/// A time of the night, and the files that may give it: the first is the best.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    pub valid: DateTime<Utc>,
    pub choices: Vec<Step>,
}

/// The night that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    pub cycle: DateTime<Utc>,
    pub spin_up: u32,
    pub forecast: u32,
}

/// The newest run that begins at `time` or before, `back` runs before it.
pub fn run_at(mirror: &Mirror, time: DateTime<Utc>, back: u32) -> DateTime<Utc> {
    let cycle = i64::from(mirror.cycle_hours()) * 3600;
    let start = time.timestamp().div_euclid(cycle) * cycle - i64::from(back) * cycle;
    DateTime::from_timestamp(start, 0).unwrap_or(time)
}

/// The times of a night whose forecast comes from the run `base`, in order.
///
/// * After `base` every time is one of that run.
/// * Up to `base` a time comes from the newest run before it, so that precipitation since the time before is there; or from one up to
///   `older_runs` before that one.
/// * ECMWF has the orography in the first step of a run only: one such step leads, where none is the best choice for the first time.
pub fn slots(mirror: &Mirror, hours: Hours, base: DateTime<Utc>) -> Vec<Slot> {
    let step = i64::from(mirror.step_hours) * 3600;
    let first = hours.cycle - Duration::hours(i64::from(hours.spin_up));
    let end = hours.cycle + Duration::hours(i64::from(hours.forecast));
    let aligned = |seconds: i64| DateTime::from_timestamp(seconds, 0).unwrap_or(first);
    let mut time = aligned(first.timestamp().div_euclid(step) * step);
    let mut slots = Vec::new();
    loop {
        let choices = choices(mirror, time, base, slots.is_empty());
        if slots.is_empty() && !choices.is_empty() && mirror.provider == Provider::EcmwfOpenData {
            slots.extend(orography(mirror, time, base, &choices));
        }
        // beyond some hour providers make fewer steps: such a time does not exist
        if !choices.is_empty() {
            slots.push(Slot { valid: time, choices });
            if time >= end {
                return slots;
            }
        } else if time > end + Duration::days(1) {
            return slots;
        }
        time += Duration::seconds(step);
    }
}

/// A first step of a run, the newest at `time` or before; `None` where the only choice for that time is one.
fn orography(mirror: &Mirror, time: DateTime<Utc>, base: DateTime<Utc>, choices: &[Step]) -> Option<Slot> {
    let newest = time.min(base);
    let step = |back| Step { run: run_at(mirror, newest, back), hour: 0 };
    let choices: Vec<Step> = match choices {
        [only] if only.hour == 0 => return None,
        _ => (0..=mirror.older_runs).map(step).collect(),
    };
    Some(Slot { valid: choices[0].run, choices })
}

fn choices(mirror: &Mirror, time: DateTime<Utc>, base: DateTime<Utc>, first: bool) -> Vec<Step> {
    let of = |run: DateTime<Utc>| {
        let hour = u32::try_from((time - run).num_hours()).ok()?;
        has_step(mirror.provider, hour).then_some(Step { run, hour })
    };
    if time > base {
        return of(base).into_iter().collect();
    }
    let before = if first { time } else { time - Duration::seconds(1) };
    (0..=mirror.older_runs).filter_map(|back| of(run_at(mirror, before, back))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::parse_cycle;

    fn mirror(provider: Provider, step_hours: u32) -> Mirror {
        Mirror { provider, folder: "m".into(), step_hours, cycle_hours: None, older_runs: 1 }
    }

    fn night(cycle: &str, spin_up: u32, forecast: u32) -> Hours {
        Hours { cycle: parse_cycle(cycle).unwrap(), spin_up, forecast }
    }

    fn shown(slots: &[Slot]) -> Vec<String> {
        let name = |s: &Step| format!("{}+{}", s.run.format("%d/%H"), s.hour);
        slots.iter().map(|s| s.choices.iter().map(name).collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn a_forecast_is_one_run() {
        let m = mirror(Provider::Gfs, 3);
        let hours = night("2026-01-15T12Z", 0, 7);
        let base = run_at(&m, hours.cycle, 0);
        assert_eq!(shown(&slots(&m, hours, base)), ["15/12+0 15/06+6", "15/12+3", "15/12+6", "15/12+9"]);
        let older = run_at(&m, hours.cycle, 1);
        assert_eq!(shown(&slots(&m, hours, older)), ["15/06+6", "15/06+9", "15/06+12", "15/06+15"]);
        let between = night("2026-01-15T14Z", 0, 3);
        assert_eq!(shown(&slots(&m, between, run_at(&m, between.cycle, 0))), ["15/12+0 15/06+6", "15/12+3", "15/12+6"]);
    }

    #[test]
    fn hours_before_the_run_come_from_runs_before_it() {
        let m = mirror(Provider::Gfs, 3);
        let hours = night("2026-01-15T12Z", 9, 3);
        let expected = ["15/00+3 14/18+9", "15/00+6 14/18+12", "15/06+3 15/00+9", "15/06+6 15/00+12", "15/12+3"];
        assert_eq!(shown(&slots(&m, hours, run_at(&m, hours.cycle, 0))), expected);
    }

    #[test]
    fn a_first_step_with_the_orography_leads_the_steps_of_ecmwf() {
        let m = mirror(Provider::EcmwfOpenData, 6);
        let of = |cycle: &str, spin_up, back| {
            let hours = night(cycle, spin_up, 6);
            shown(&slots(&m, hours, run_at(&m, hours.cycle, back)))
        };
        // from step 6 of the run of midnight on
        let expected = ["15/00+0 14/12+0", "15/00+6 14/12+18", "15/00+12 14/12+24", "15/12+6"];
        assert_eq!(of("2026-01-15T12Z", 6, 0), expected);
        // the first step itself, with one to stand in that has none
        assert_eq!(of("2026-01-15T12Z", 0, 0), ["15/12+0 15/00+0", "15/12+0 15/00+12", "15/12+6"]);
        // an older run in place of that of the cycle
        assert_eq!(of("2026-01-15T12Z", 0, 1), ["15/00+0 14/12+0", "15/00+12", "15/00+18"]);
        let alone = Mirror { older_runs: 0, ..mirror(Provider::EcmwfOpenData, 6) };
        let hours = night("2026-01-15T12Z", 0, 6);
        assert_eq!(shown(&slots(&alone, hours, hours.cycle)), ["15/12+0", "15/12+6"]);
    }

    #[test]
    fn where_steps_grow_the_times_do() {
        let m = mirror(Provider::Gfs, 1);
        let hours = night("2026-01-15T12Z", 0, 124);
        let all = slots(&m, hours, hours.cycle);
        let last: Vec<u32> = all.iter().rev().take(4).map(|s| s.choices[0].hour).collect();
        assert_eq!(last, [126, 123, 120, 119]);
        let e = mirror(Provider::EcmwfOpenData, 3);
        let all = slots(&e, Hours { forecast: 240, ..hours }, hours.cycle);
        // the first step twice: for the orography, and for its time
        assert_eq!(all.len(), 1 + 49 + 16);
        assert_eq!(run_at(&e, parse_cycle("2026-01-15T11Z").unwrap(), 1), parse_cycle("2026-01-14T12Z").unwrap());
    }
}
