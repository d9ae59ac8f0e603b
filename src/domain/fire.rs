//! Active fires as the satellites see them, and what a night makes of them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// What burns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LandClass {
    Cropland,
    Forest,
    Grass,
}

impl LandClass {
    /// Every class.
    pub const ALL: [Self; 3] = [Self::Cropland, Self::Forest, Self::Grass];

    /// Name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cropland => "cropland",
            Self::Forest => "forest",
            Self::Grass => "grass",
        }
    }

    /// The class of a name, or of a number of the IGBP land cover (1 to 17) as MODIS products write it; `None` for water, ice, towns and
    /// bare ground, which do not burn, and for what is no class.
    pub fn from_file(text: &str) -> Option<Self> {
        let named = Self::ALL.into_iter().find(|c| c.name() == text);
        named.or_else(|| match text.parse::<u8>().ok()? {
            1..=5 => Some(Self::Forest),
            6..=11 => Some(Self::Grass),
            12 | 14 => Some(Self::Cropland),
            _ => None,
        })
    }

    /// Chinese name.
    pub fn name_zh(self) -> &'static str {
        match self {
            Self::Cropland => "农田",
            Self::Forest => "林地",
            Self::Grass => "草地",
        }
    }
}

/// A satellite detection of an active fire.
#[derive(Debug, Clone, PartialEq)]
pub struct FireDetection {
    /// Overpass time, UTC.
    pub time: DateTime<Utc>,
    pub lon: f64,
    pub lat: f64,
    /// Fire radiative power [MW].
    pub frp_mw: f64,
    /// Detection confidence, 0..=1 (MODIS percent / 100; VIIRS low 0.2, nominal 0.6, high 0.9, Himawari alike).
    pub confidence: f64,
    /// Satellite or instrument as written in the file.
    pub satellite: String,
    /// Where the file says what burns.
    pub land: Option<LandClass>,
    /// Whether the provider itself takes the place for a volcano, a flare or another lasting heat source.
    pub lasting: bool,
}

/// Why heat at a place is not taken for a fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HeatReason {
    /// The provider says so.
    Provider,
    /// A listed place: steelworks, kiln, flare.
    Listed,
    /// A stack of the inventory.
    Inventory,
    /// Seen on too many days for a fire.
    Recurrence,
}

impl HeatReason {
    /// Chinese and English name.
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Provider => ("卫星产品标注", "marked by the provider"),
            Self::Listed => ("已知热源", "listed place"),
            Self::Inventory => ("清单排放口", "stack of the inventory"),
            Self::Recurrence => ("多日重复出现", "seen on too many days"),
        }
    }
}

/// A place whose heat is not taken for a fire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HeatPlace {
    /// Name where it has one.
    pub name: Option<String>,
    pub lon: f64,
    pub lat: f64,
    pub reason: HeatReason,
    pub detections: usize,
}

/// One fire: detections of one place of some kilometres, whatever saw them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Fire {
    pub lon: f64,
    pub lat: f64,
    /// Code of the county; 0 outside the region.
    pub adcode: u32,
    /// First and last look at it.
    pub first: DateTime<Utc>,
    pub last: DateTime<Utc>,
    /// Largest fire radiative power that one overpass saw [MW].
    pub frp_mw: f64,
    pub land: LandClass,
    /// Who saw it first.
    pub satellite: String,
}

/// A fire where and when burning is forbidden.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BannedFire {
    pub fire: Fire,
    /// Zone and clause that forbid it.
    pub zone_zh: String,
    pub zone_en: String,
    pub clause: String,
}

/// Fires of one county on one Beijing day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CountyFires {
    /// 0: the grid outside the region.
    pub adcode: u32,
    pub day: NaiveDate,
    /// Detections that were used, duplicates among them.
    pub detections: usize,
    /// Fires seen that day.
    pub fires: usize,
    /// Sum over these of the largest power that one overpass of the day saw [MW].
    pub frp_mw: f64,
    /// Of the fires, those where burning is forbidden.
    pub banned: usize,
}

/// What the night made of the satellites' detections.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FireReport {
    /// Detections read inside the grid.
    pub detections: usize,
    /// Fires that they stand for.
    pub fires: usize,
    /// Not used: confidence below the minimum; no usable power or position; seen after the cycle; heat that is no fire.
    pub low_confidence: usize,
    pub unusable: usize,
    pub after_cycle: usize,
    pub lasting_heat: usize,
    /// Of overpasses that share their hours with a stronger one of the same fire: averaged with it, not added.
    pub duplicates: usize,
    /// Share of the day before that burns on each further forecast day, of fires seen within so many hours before the cycle [h].
    pub persistence_per_day: f64,
    pub lookback_hours: f64,
    /// By county and day, in this order.
    pub days: Vec<CountyFires>,
    /// Fires in the region where and when burning is forbidden, by time.
    pub banned: Vec<BannedFire>,
    /// Places whose heat is no fire.
    pub heat: Vec<HeatPlace>,
}

/// The detections without those that stand in several files, as files of one day and of seven overlap: of the same time, satellite and
/// place the first.
pub fn once_each(mut detections: Vec<FireDetection>) -> Vec<FireDetection> {
    let mut seen = std::collections::BTreeSet::new();
    let place = |degrees: f64| (degrees * 1e5).round() as i64;
    detections.retain(|d| seen.insert((d.time, d.satellite.clone(), place(d.lon), place(d.lat))));
    detections
}
