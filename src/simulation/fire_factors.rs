//! From radiative power to emission: the parameters of `models/fires.toml`.

use crate::domain::fire::LandClass;
use crate::domain::source::Amounts;
use crate::error::{Error, Result};
use serde::Deserialize;
use std::path::Path;

/// Molar mass ratio NO2 / NO, by which NO becomes NOx as NO2 (46.006 / 30.006).
const NO2_PER_NO: f64 = 46.006 / 30.006;

/// Parameters of `models/fires.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FireFactors {
    /// Detections below are not used, 0 ..= 1.
    pub minimum_confidence: f64,
    /// What burns where a detection does not say it.
    pub default_land: LandClass,
    /// Age before the cycle up to which a detection persists into the forecast days [h].
    pub lookback_hours: f64,
    /// Share of the day before that burns on each further day, 0 ..= 1; an estimate.
    pub persistence_per_day: f64,
    /// Detections within this distance [km] of a stronger one are the same fire; its overpasses within this time [h] are averaged.
    pub same_fire_km: f64,
    pub same_fire_hours: f64,
    /// Detections of a satellite within this time [min] are one overpass.
    pub overpass_minutes: f64,
    pub source: String,
    pub verified: bool,
    pub diurnal: DiurnalCycle,
    pub lasting_heat: LastingHeat,
    pub land: Vec<LandFactors>,
}

/// Power of a fire over the Beijing day, relative to its peak: a base and a Gaussian.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiurnalCycle {
    /// Beijing hour of the peak, 0 ..= 24.
    pub peak_hour: f64,
    /// Standard deviation [h].
    pub width_hours: f64,
    /// Power far from the peak, above 0 ..= 1.
    pub base: f64,
    /// Largest ratio of the power of an hour to that seen in another, at least 1.
    pub largest_scaling: f64,
    pub source: String,
    pub verified: bool,
}

/// What tells lasting heat from fires.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastingHeat {
    /// Distance [km] to a known place.
    pub km: f64,
    /// A place is lasting heat when seen on so many Beijing days, and on this share of the days of the files, above 0 ..= 1.
    pub days: usize,
    pub least_share: f64,
    pub source: String,
    pub verified: bool,
    pub place: Vec<HeatSource>,
}

/// A known place of lasting heat.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeatSource {
    pub name: String,
    pub lon: f64,
    pub lat: f64,
}

/// Burning of one class of land.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LandFactors {
    pub class: LandClass,
    /// Dry matter burnt per radiative energy [kg MJ-1] (Wooster et al. 2005: 0.368).
    pub dry_matter_kg_mj: f64,
    /// A fire burns so long before and after it was seen [h]; an estimate.
    pub half_window_hours: f64,
    /// Emission per dry matter [g kg-1].
    pub so2: f64,
    /// NO as NO.
    pub no: f64,
    pub co: f64,
    pub nh3: f64,
    pub nmvoc: f64,
    pub pm25: f64,
    pub pm10: f64,
    pub bc: f64,
    pub oc: f64,
    pub source: String,
    pub verified: bool,
}

impl LandFactors {
    /// Emission rate [kg s-1] of a fire of radiative power `frp_mw` [MW]:
    /// `rate = frp * dry_matter * factor`, with MW = MJ s-1.
    ///
    /// # Reference
    /// Wooster, M. J., et al. (2005), J. Geophys. Res. 110, D24311.
    pub fn rate_kg_s(&self, frp_mw: f64) -> Amounts {
        let dry_matter_kg_s = frp_mw * self.dry_matter_kg_mj;
        let factors = Amounts {
            so2: self.so2,
            nox: self.no * NO2_PER_NO,
            co: self.co,
            nh3: self.nh3,
            nmvoc: self.nmvoc,
            pm25: self.pm25,
            pm10: self.pm10,
            bc: self.bc,
            oc: self.oc,
        };
        factors.zip(Amounts::all(dry_matter_kg_s / 1000.0), |f, d| f * d)
    }
}

impl DiurnalCycle {
    /// Power at a Beijing hour (0 ..= 24), 1 at the peak. The nearer of the two days' peaks counts.
    pub fn at(&self, hour: f64) -> f64 {
        let apart = (hour - self.peak_hour).rem_euclid(24.0);
        let apart = apart.min(24.0 - apart) / self.width_hours;
        self.base + (1.0 - self.base) * (-0.5 * apart * apart).exp()
    }

    /// Power at one hour relative to that at another.
    pub fn scaling(&self, hour: f64, seen_at: f64) -> f64 {
        (self.at(hour) / self.at(seen_at)).min(self.largest_scaling)
    }
}

impl FireFactors {
    /// The parameters from the text of `models/fires.toml`; `origin` is the path shown in errors.
    ///
    /// # Errors
    /// `Invalid` naming the field that is unknown, missing, negative or outside its range.
    pub fn from_toml(text: &str, origin: impl AsRef<Path>) -> Result<Self> {
        let origin = origin.as_ref();
        let f: Self = toml::from_str(text)
            .map_err(|e| Error::invalid(origin, "TOML", e.to_string().trim().to_owned(), "fire parameters"))?;
        f.check(&|field: &str, found: String, expected: &str| Error::invalid(origin, field, found, expected))?;
        Ok(f)
    }

    /// Factors of a class; every class has them.
    pub fn of(&self, class: LandClass) -> &LandFactors {
        self.land.iter().find(|l| l.class == class).unwrap_or(&self.land[0])
    }

    fn check(&self, invalid: &dyn Fn(&str, String, &str) -> Error) -> Result<()> {
        let within = |field: &str, v: f64, from: f64, to: f64| match (from..=to).contains(&v) {
            true => Ok(()),
            false => Err(invalid(field, v.to_string(), &format!("{from} ..= {to}"))),
        };
        within("minimum_confidence", self.minimum_confidence, 0.0, 1.0)?;
        within("persistence_per_day", self.persistence_per_day, 0.0, 1.0)?;
        within("lookback_hours", self.lookback_hours, 0.0, 240.0)?;
        within("same_fire_km", self.same_fire_km, 0.0, 50.0)?;
        within("same_fire_hours", self.same_fire_hours, 0.0, 24.0)?;
        within("overpass_minutes", self.overpass_minutes, 0.0, 30.0)?;
        let d = &self.diurnal;
        within("diurnal.peak_hour", d.peak_hour, 0.0, 24.0)?;
        within("diurnal.width_hours", d.width_hours, 0.5, 24.0)?;
        within("diurnal.base", d.base, 0.001, 1.0)?;
        within("diurnal.largest_scaling", d.largest_scaling, 1.0, 100.0)?;
        let heat = &self.lasting_heat;
        within("lasting_heat.km", heat.km, 0.0, 50.0)?;
        within("lasting_heat.days", heat.days as f64, 2.0, 366.0)?;
        within("lasting_heat.least_share", heat.least_share, 0.01, 1.0)?;
        for place in &heat.place {
            within("lasting_heat.place.lon", place.lon, -180.0, 180.0)?;
            within("lasting_heat.place.lat", place.lat, -90.0, 90.0)?;
        }
        for class in LandClass::ALL {
            let entries = self.land.iter().filter(|l| l.class == class).count();
            if entries != 1 {
                return Err(invalid("land", format!("{entries} entries of {}", class.name()), "one entry per class"));
            }
        }
        for l in &self.land {
            let field = |name: &str| format!("land.{}.{name}", l.class.name());
            for (name, v) in [
                ("dry_matter_kg_mj", l.dry_matter_kg_mj),
                ("so2", l.so2),
                ("no", l.no),
                ("co", l.co),
                ("nh3", l.nh3),
                ("nmvoc", l.nmvoc),
                ("pm25", l.pm25),
                ("pm10", l.pm10),
                ("bc", l.bc),
                ("oc", l.oc),
            ] {
                if !(v.is_finite() && v >= 0.0) {
                    return Err(invalid(&field(name), v.to_string(), "a finite number >= 0"));
                }
            }
            if !(l.half_window_hours > 0.0 && l.half_window_hours <= 12.0) {
                let found = l.half_window_hours.to_string();
                return Err(invalid(&field("half_window_hours"), found, "above 0 and at most 12, or days overlap"));
            }
            if l.pm10 < l.pm25 {
                return Err(invalid(&field("pm10"), l.pm10.to_string(), "at least pm25"));
            }
            if l.bc + l.oc > l.pm25 {
                return Err(invalid(&field("oc"), l.oc.to_string(), "bc + oc at most pm25"));
            }
        }
        let sources = [("source", &self.source), ("diurnal.source", &d.source), ("lasting_heat.source", &heat.source)];
        for (field, text) in sources.into_iter().chain(self.land.iter().map(|l| ("land.source", &l.source))) {
            if text.trim().is_empty() {
                return Err(invalid(field, "nothing".into(), "where the numbers come from"));
            }
        }
        Ok(())
    }
}
