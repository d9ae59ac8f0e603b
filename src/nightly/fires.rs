//! The fires of a night: detections read, turned into sources, counted by county, and held against the bans on burning.

use super::inputs::{NightInputs, bounds, county_at};
use crate::calendar::beijing_local;
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
        judge(&mut fires, setup);
        let report = fires.report;
        for (count, why) in [
            (report.low_confidence, "confidence below the minimum"),
            (report.unusable, "no usable power or position"),
            (report.after_cycle, "a time after the cycle, unknown when the forecast is made"),
            (report.lasting_heat, "heat that lasts, such as steelworks"),
            (report.duplicates, "a stronger detection of the same fire beside them"),
        ] {
            if count > 0 {
                self.rejections.push(Rejection {
                    file: "fires".into(),
                    place: "detections inside the grid".into(),
                    found: format!("{count} with {why}"),
                    expected: "detections that stand for a fire".into(),
                    by_design: false,
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

/// Lists the fires of the region that burn where and when it is forbidden, and counts them by county and day of their first detection.
fn judge(fires: &mut FireSources, setup: &Setup) {
    for fire in fires.fires.iter().filter(|f| f.adcode != 0) {
        let Some(zone) = setup.burn_bans.forbids((fire.lon, fire.lat), fire.adcode, fire.first) else { continue };
        let day = beijing_local(fire.first).date();
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
