//! Measurements at stacks take the place of the inventory's estimate, hour by hour.

use super::inputs::{NightInputs, file_name};
use crate::calendar::beijing_local;
use crate::domain::source::{Place, Source, StackHour, Strength};
use crate::domain::stack_record::{StackAccount, StackReading, StackReport};
use crate::error::{Rejection, Result};
use crate::input::cems_csv;
use crate::setup::Setup;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

impl NightInputs {
    /// Reads the measurements and puts them into the sources they name, up to the cycle; gaps keep the estimate, and are counted.
    ///
    /// # Errors
    /// `Io` where a file cannot be read; what is absent or refused degrades the night.
    pub(super) fn read_stacks(&mut self, setup: &Setup) -> Result<()> {
        let mut readings: BTreeMap<(String, DateTime<Utc>), StackReading> = BTreeMap::new();
        let mut report = StackReport::default();
        let mut read_any = false;
        for path in self.take_optional("cems", &setup.config.inputs.cems, "stacks emit as the inventory estimates")? {
            let Some(list) = self.accept_optional("cems", &path, cems_csv::read(&path)) else { continue };
            read_any = true;
            report.readings += list.len();
            for reading in list {
                let key = (reading.source.clone(), reading.start);
                if let Some(first) = readings.get(&key) {
                    if *first != reading {
                        self.rejections.push(Rejection {
                            file: file_name(&path),
                            place: format!("{} {}", reading.source, reading.start),
                            found: "other values than in a file before it; those are used".into(),
                            expected: "each stack and hour in one file only".into(),
                            by_design: false,
                        });
                    }
                } else {
                    readings.insert(key, reading);
                }
            }
        }
        if !read_any {
            return Ok(());
        }
        let mut of_stack: BTreeMap<String, Vec<StackReading>> = BTreeMap::new();
        for ((stack, start), reading) in readings {
            if start >= self.cycle {
                report.after_cycle += 1;
            } else {
                of_stack.entry(stack).or_default().push(reading);
            }
        }
        for (stack, list) in of_stack {
            let place = self.sources.iter().position(|s| s.id == stack && matches!(s.strength, Strength::Annual(_)));
            let Some(at) = place else {
                report.unknown += list.len();
                self.rejections.push(Rejection {
                    file: "cems".into(),
                    place: stack,
                    found: format!("{} hours of a stack that the inventory does not have by the year", list.len()),
                    expected: "ids of sources of the inventory".into(),
                    by_design: false,
                });
                continue;
            };
            let idle = list.iter().filter(|r| setup.stack_limits.idles(r)).count();
            report.stacks.push(StackAccount { idle, ..self.account(at, &list) });
            for reading in &list {
                let source = &self.sources[at];
                let day = beijing_local(reading.start).date();
                report.exceedances.extend(setup.stack_limits.exceeded(reading, source.sector, source.adcode, day));
            }
            replace(&mut self.sources[at], &list);
        }
        self.stacks = Some(report);
        Ok(())
    }

    /// What the measurements of a stack say beside its estimate for the same hours.
    fn account(&self, at: usize, list: &[StackReading]) -> StackAccount {
        let source = &self.sources[at];
        let measured: Vec<&StackReading> = list.iter().filter(|r| r.measures()).collect();
        let hours = match (measured.first(), measured.last()) {
            (Some(first), Some(last)) => (last.start - first.start).num_hours() as usize + 1,
            _ => 0,
        };
        let (mut measured_hours, mut measured_kg, mut estimated_kg) = ([0; 3], [0.0; 3], [0.0; 3]);
        for reading in &measured {
            let (rates, estimate) = (reading.rates(), self.emission.hourly_rate(source, reading.start));
            let pairs = [(rates.so2, estimate.so2), (rates.nox, estimate.nox), (rates.particles, estimate.pm10)];
            for (i, (rate, estimate)) in pairs.into_iter().enumerate() {
                let Some(rate) = rate else { continue };
                measured_hours[i] += 1;
                measured_kg[i] += 3600.0 * rate;
                estimated_kg[i] += 3600.0 * estimate;
            }
        }
        StackAccount {
            source: source.id.clone(),
            name: source.name.clone(),
            adcode: source.adcode,
            sector: source.sector,
            hours,
            gaps: hours - measured.len(),
            idle: 0,
            measured_hours,
            measured_kg,
            estimated_kg,
        }
    }
}

/// Puts measured hours into a source; a stack's gas has the mean temperature that was measured.
fn replace(source: &mut Source, list: &[StackReading]) {
    let Some(annual) = source.strength.annual().copied() else { return };
    let measured = list.iter().filter(|r| r.measures());
    let hours: BTreeMap<DateTime<Utc>, StackHour> = measured.map(|r| (r.start, r.rates())).collect();
    source.strength = Strength::Measured { annual, hours };
    let warm: Vec<f64> = list.iter().filter(|r| r.measures()).filter_map(|r| r.temperature_c).collect();
    if let Place::Point { stack: Some(stack), .. } = &mut source.place
        && !warm.is_empty()
    {
        stack.temperature_k = warm.iter().sum::<f64>() / warm.len() as f64 + 273.15;
    }
}
