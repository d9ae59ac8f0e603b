//! The fires of a night: detections read, turned into sources, counted by county, and held against the bans on burning.

use super::inputs::{NightInputs, bounds, county_at};
use crate::calendar::beijing_local;
use crate::domain::burn_ban::BurnBans;
use crate::domain::fire::{BannedFire, once_each};
use crate::domain::source::{Place, Sector, Source};
use crate::error::{Rejection, Result};
use crate::input::{Window, fires};
use crate::setup::Setup;
use crate::simulation::fire_emission::{FireScene, FireSources, sources_from_fires};
use chrono::Duration;

impl NightInputs {
    /// Reads the detections and adds their sources; the report stays beside them.
    ///
    /// # Errors
    /// `Io` where a file cannot be read; what is absent or refused degrades the night.
    pub(super) fn read_fires(&mut self, setup: &Setup, window: Option<Window>) -> Result<()> {
        let window = window.unwrap_or_else(|| bounds(&self.meteorology[0].grid));
        let mut detections = Vec::new();
        let mut read_any = false;
        for path in self.take_optional("fires", &setup.config.inputs.fires, "no open burning in the forecast")? {
            let accepted = fires::read(&path, window);
            if let Some(values) = self.accept_optional("fires", &path, accepted) {
                read_any = true;
                detections.extend(values);
            }
        }
        if !read_any {
            return Ok(());
        }
        let detections = once_each(detections);
        let counties = &setup.region.counties;
        let scene = FireScene {
            stacks: &stacks(&self.sources),
            county: &|lon: f64, lat: f64| county_at(counties, lon, lat),
            cycle: self.cycle,
            forecast_end: self.cycle + Duration::hours(i64::from(setup.config.forecast_hours)),
        };
        let mut fires = sources_from_fires(&detections, &setup.fires, &scene);
        judge(&mut fires, &setup.burn_bans);
        let report = fires.report;
        for (count, by_design, why) in [
            (report.low_confidence, true, "confidence below the minimum"),
            (report.unusable, false, "no usable power or position"),
            (report.after_cycle, true, "a time after the cycle, unknown when the forecast is made"),
            (report.lasting_heat, true, "heat that lasts, such as steelworks"),
            (
                report.duplicates,
                true,
                "a stronger overpass of the same fire in the same hours, with which they are averaged",
            ),
        ] {
            if count > 0 {
                self.rejections.push(Rejection {
                    file: "fires".into(),
                    place: "detections inside the grid".into(),
                    found: format!("{count} with {why}"),
                    expected: "detections that stand for a fire".into(),
                    by_design,
                });
            }
        }
        self.sources.extend(fires.sources);
        self.fires = Some(report);
        Ok(())
    }
}

/// Stacks whose heat satellites may take for a fire.
fn stacks(sources: &[Source]) -> Vec<(String, f64, f64)> {
    let hot = sources.iter().filter(|s| matches!(s.sector, Sector::Power | Sector::Industry));
    hot.filter_map(|s| match s.place {
        Place::Point { lon, lat, stack: Some(_) } => Some((s.name.clone(), lon, lat)),
        _ => None,
    })
    .collect()
}

/// Lists the fires of the region that were first or last seen where and when it is forbidden, and counts them by county and that day.
fn judge(fires: &mut FireSources, bans: &BurnBans) {
    for fire in fires.fires.iter().filter(|f| f.adcode != 0) {
        let forbidden = |seen| Some((bans.forbids((fire.lon, fire.lat), fire.adcode, seen)?, seen));
        let Some((zone, seen)) = forbidden(fire.first).or_else(|| forbidden(fire.last)) else { continue };
        let day = beijing_local(seen).date();
        if let Some(count) = fires.report.days.iter_mut().find(|d| d.adcode == fire.adcode && d.day == day) {
            count.banned += 1;
        }
        fires.report.banned.push(BannedFire {
            fire: fire.clone(),
            zone_zh: zone.name_zh.clone(),
            zone_en: zone.name_en.clone(),
            clause: zone.clause.clone(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fire::{CountyFires, Fire, FireReport, LandClass};
    use chrono::{DateTime, TimeZone, Utc};
    use std::path::Path;

    /// Patrols begin on 1 March: a fire seen the day before and on that day is forbidden on that day, one of February only is not.
    #[test]
    fn a_fire_is_forbidden_on_the_days_on_which_it_was_seen() {
        let bans = BurnBans::from_toml(include_str!("../../seeds/burn_ban.toml"), Path::new("burn_ban.toml")).unwrap();
        let noon = |month, day| Utc.with_ymd_and_hms(2026, month, day, 4, 0, 0).unwrap();
        let fire = |first: DateTime<Utc>, last: DateTime<Utc>| Fire {
            lon: 129.5,
            lat: 42.9,
            adcode: 222_401,
            first,
            last,
            frp_mw: 10.0,
            land: LandClass::Cropland,
            satellite: "Aqua".into(),
        };
        let days = [noon(2, 28), noon(3, 1), noon(5, 31), noon(6, 1)];
        let count = |t: DateTime<Utc>| CountyFires {
            adcode: 222_401,
            day: beijing_local(t).date(),
            detections: 1,
            fires: 1,
            frp_mw: 10.0,
            banned: 0,
        };
        let mut all = FireSources {
            sources: Vec::new(),
            fires: vec![fire(days[0], days[0]), fire(days[0], days[1]), fire(days[2], days[3])],
            report: FireReport { days: days.map(count).into(), ..FireReport::default() },
        };
        judge(&mut all, &bans);
        assert_eq!(all.report.banned.len(), 2);
        assert_eq!(all.report.days.iter().map(|d| d.banned).collect::<Vec<_>>(), [0, 1, 1, 0]);
    }
}
