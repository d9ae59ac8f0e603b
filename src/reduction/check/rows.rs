//! One row of the list: to whom, when, how much.

use super::everyone::Being;
use super::{Check, all};
use crate::calendar::beijing_local;
use crate::domain::source::Amounts;
use crate::reduction::PlannedMeasure;
use crate::reduction::measures::Measure;
use chrono::{Duration, NaiveTime};

impl Check<'_> {
    /// One row on its own.
    pub(super) fn row(&mut self, row: &PlannedMeasure) {
        let situation = self.situation;
        let Some(source) = situation.emissions.iter().find(|d| d.source.id == row.source).map(|d| d.source) else {
            return self.that(false, row, &row.source, "a source of the inventory");
        };
        let (sector, adcode) = (source.sector, source.adcode);
        let Some(measure) = self.measure(&row.measure).cloned() else {
            return self.that(false, row, &row.measure, "a measure of the catalogue");
        };
        let named = situation.register.iter().any(|e| e.source == row.source);
        let entry = row.entry.as_deref().map(|id| self.entry(id).cloned());
        let belongs = match &entry {
            Some(Some(e)) => e.source == row.source && e.grade == row.grade && e.family == row.family,
            Some(None) => false,
            None => row.grade.is_none() && (!named || source.strength.annual().is_none()),
        };
        self.that(belongs, row, &row.entry, "an entry of the register that is part of the source");
        self.that(row.sector == sector && row.adcode == adcode, row, row.adcode, "sector and county of the source");
        self.that(situation.counties.iter().any(|c| c.adcode == adcode), row, adcode, "a county of the region");
        let being = Being { source, entry: entry.as_ref().and_then(Option::as_ref), emission: Amounts::default() };
        self.that(being.addressed(&measure), row, row.family, "one on whom the measure acts");
        self.hours(row, &measure);
        self.strength(row, &measure);
    }

    /// When it is in force.
    fn hours(&mut self, row: &PlannedMeasure, measure: &Measure) {
        let (order, end) = self.situation.period;
        self.that(row.from >= order + Duration::hours(i64::from(measure.lead_h)), row, row.from, "the lead kept");
        self.that(row.to == end && row.from < row.to, row, row.to, "the end of the episode, after the start");
        let too_early = |t| {
            let local = beijing_local(t);
            let since_midnight = local - local.date().and_time(NaiveTime::MIN);
            measure.earliest_hour.is_some_and(|hour| since_midnight < Duration::hours(i64::from(hour)))
        };
        let mut earliest = order + Duration::hours(i64::from(measure.lead_h));
        while too_early(earliest) {
            earliest += Duration::minutes(1);
        }
        self.that(!too_early(row.from), row, row.from, "its hour of the day kept");
        self.that(
            row.earliest_from == Some(earliest),
            row,
            row.earliest_from,
            "the first hour after lead and hour of the day",
        );
        self.that(earliest <= row.from, row, row.from, "no start before the earliest");
        if let Some(limit) = measure.temperature_above_c {
            let coldest = self.situation.conditions.minimum_temperature_c;
            self.that(coldest > limit, row, coldest, "warmth enough: nothing is watered where it would ice");
        }
    }

    /// How much it takes.
    fn strength(&mut self, row: &PlannedMeasure, measure: &Measure) {
        let level = self.situation.level;
        let mandatory = measure.mandatory_from.is_some_and(|from| from <= level);
        self.that(row.mandatory == mandatory, row, row.mandatory, "an order from its level on, voluntary below");
        let Some((_, left)) = measure.left.iter().rfind(|(at, _)| **at <= level) else {
            return self.that(false, row, level, "a level at which the measure exists");
        };
        let share = if mandatory {
            self.ordered(row.grade)
        } else {
            measure.voluntary_share.unwrap_or(self.rules.voluntary_share)
        };
        let least = |stays: Option<f64>| 1.0 - share * (1.0 - stays.unwrap_or(1.0)) - 1e-12;
        let f = row.factor;
        let lawful = match left.load {
            Some(load) => all(&f, &Amounts::all(least(Some(load))), |f, l| f >= l),
            None => {
                f.so2 >= least(left.so2)
                    && f.nox >= least(left.nox)
                    && f.co >= least(left.co)
                    && f.nh3 >= least(left.nh3)
                    && f.nmvoc >= least(left.voc)
                    && [f.pm25, f.pm10, f.bc, f.oc].iter().all(|f| *f >= least(left.pm))
            }
        };
        self.that(lawful, row, f, "no more than measure, grade and participation allow");
        if left.load.is_some() {
            let minimum = self.minimum_load(row);
            let kept = all(&f, &Amounts::all(minimum), |f, least| f >= least);
            self.that(kept, row, f, "the protected minimum load kept");
        }
        self.that(all(&f, &Amounts::all(1.0), |f, one| (0.0..=one).contains(&f)), row, f, "factors of 0..=1");
    }
}
