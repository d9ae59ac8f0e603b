//! The night's members: the run again with perturbed inputs, on the outermost grid.

use super::model::Model;
use super::pairs::Corrections;
use super::{Event, Stage, Tonight};
use crate::consultation::members::{CountyMembers, MemberDay, MemberOutcome, MembersReport};
use crate::domain::source::{ActivityChange, Amounts, Source};
use crate::error::Result;
use crate::forecast::Forecast;
use crate::forecast::build::with_cut;
use crate::forecast::county_series::CountySeries;
use crate::forecast::members::{Departures, Member, members};
use crate::simulation::run::simulate;
use crate::warning::{Basis, decide};
use chrono::Duration;

impl Tonight<'_> {
    /// What the members call for and how they depart from the run with the inputs as they are; `None` where the configuration asks for none.
    /// `base_series` are the settled hours of the base run.
    ///
    /// # Errors
    /// Of the runs, and of the disk.
    pub(super) fn members(
        &self,
        basis: &Basis,
        (base, base_series): (&Forecast, &[CountySeries]),
        corrections: &Corrections,
    ) -> Result<Option<(MembersReport, Departures)>> {
        let n = self.setup.config.members;
        if n == 0 {
            return Ok(None);
        }
        let drawn = members(&self.setup.uncertainty.members, n);
        let control = match self.domain.outer {
            Some(_) => self.member(0, None)?,
            None => self.model.ahead(base_series.to_vec()),
        };
        let runs: Result<Vec<_>> = drawn.iter().zip(1..).map(|(member, i)| self.member(i, Some(member))).collect();
        let runs = runs?;
        let frame = self.model.frame(corrections);
        let forecasts: Vec<Forecast> = runs.iter().map(|run| with_cut(&frame, base, &control, run)).collect();
        let outcome = |(member, forecast): (&Member, &Forecast)| MemberOutcome {
            inputs: *member,
            level: decide(basis, forecast, None).prefecture.level_called,
        };
        let report = MembersReport {
            grid: self.model.outermost().grid.name.clone(),
            members: drawn.iter().zip(&forecasts).map(outcome).collect(),
            counties: by_county(&forecasts),
        };
        let hours = self.setup.config.forecast_hours as usize;
        Ok(Some((report, Departures::of(self.inputs.cycle, hours, &control, &runs))))
    }

    /// Hours after the cycle of one member, 0 with the inputs as they are, or what an earlier try of this night kept of it.
    fn member(&self, number: u32, member: Option<&Member>) -> Result<Vec<CountySeries>> {
        let name = format!("member_{number}");
        if let Some(series) = self.work.load_stage(&name)? {
            return Ok(series);
        }
        let of = self.setup.config.members as u32;
        let stage = Stage::Member { number, of };
        let hour = |done, of| (self.progress)(Event::Hour { stage, done, of });
        let sources = emitting(&self.model, member.map_or(1.0, |m| m.emission));
        let simulated = self.model.in_outermost(self.assimilating(), member, |w| simulate(w, &sources, None, &hour))?;
        let series = self.model.ahead(self.model.settled_on(self.model.outermost(), &simulated.0));
        self.work.save_stage(&name, &series)?;
        Ok(series)
    }
}

/// The night's sources, all of them emitting `factor` times as much throughout the run.
fn emitting(model: &Model, factor: f64) -> Vec<Source> {
    let config = &model.setup.config;
    let from = model.inputs.start(config);
    let to = from + Duration::hours(i64::from(config.spin_up_hours + config.forecast_hours));
    let mut sources = model.inputs.sources.clone();
    if factor != 1.0 {
        let change = ActivityChange { from, to, factor: Amounts::all(factor) };
        sources.iter_mut().for_each(|s| s.changes.push(change.clone()));
    }
    sources
}

fn by_county(forecasts: &[Forecast]) -> Vec<CountyMembers> {
    let day = |c: usize, d: usize| MemberDay {
        beijing_day: forecasts[0].counties[c].days[d].beijing_day,
        pm25_ug_m3: forecasts
            .iter()
            .filter_map(|f| f.counties[c].days[d].concentrations.pm25_ug_m3.map(|e| e.value))
            .collect(),
        aqi: forecasts.iter().map(|f| f.counties[c].days[d].aqi.aqi).collect(),
    };
    let county = |c: usize| CountyMembers {
        adcode: forecasts[0].counties[c].adcode,
        days: (0..forecasts[0].counties[c].days.len()).map(|d| day(c, d)).collect(),
    };
    (0..forecasts[0].counties.len()).map(county).collect()
}
