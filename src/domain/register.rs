//! The register (清单): who can be ordered to emit less. Each entry is a part of one source of the inventory.
//!
//! **Invariant:** the entries of one source never emit more than the source does. **Why:** a cut is taken from the inventory's mass; a register that
//! claims more would promise tonnes that the forecast does not hold.

use super::source::{Amounts, Sector};
use serde::{Deserialize, Serialize};

/// Days of an ordinary year, by which a daily amount is one of the inventory's.
pub const DAYS_PER_YEAR: f64 = 365.0;

/// Family of entries: one sheet of the register and of the list each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// 工业企业
    Enterprise,
    /// 施工工地
    ConstructionSite,
    /// 机动车
    VehicleClass,
    /// 非道路移动机械
    NonRoadMachinery,
    /// 供热锅炉与散煤
    HeatingAndCoal,
    /// 秸秆禁烧区
    StrawZone,
    /// 其他：油站、道路扬尘、餐饮、烟花等
    Other,
}

impl Family {
    /// Family of a source that no register names.
    pub fn of_sector(sector: Sector) -> Self {
        match sector {
            Sector::Power | Sector::Industry | Sector::Solvent => Self::Enterprise,
            Sector::Boiler | Sector::Residential => Self::HeatingAndCoal,
            Sector::Construction => Self::ConstructionSite,
            Sector::Traffic => Self::VehicleClass,
            Sector::NonRoad => Self::NonRoadMachinery,
            Sector::Fire => Self::StrawZone,
            Sector::RoadDust | Sector::Fuel | Sector::Agriculture | Sector::Event | Sector::Other => Self::Other,
        }
    }
}

/// Performance grade (绩效分级) of an enterprise. A and leading ones may be ordered nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Grade {
    A,
    B,
    C,
    D,
    /// 引领性
    Leading,
    /// 非引领性
    NonLeading,
}

/// Why a load is protected (保障类).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// 民生供热
    Heating,
    /// 垃圾、危废处置
    Waste,
    /// 民生保障：食品、医药、水电气
    Livelihood,
    /// 外贸、重大项目等
    Strategic,
}

/// A production line (生产线) and its part of the entry's emission.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProductionLine {
    pub name: String,
    pub product: String,
    /// Capacity in words, with its unit.
    pub capacity: String,
    /// Part of the entry's emission, 0 ..= 1; those of an entry sum to 1 at most.
    pub share: f64,
}

/// One entry of the register.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RegisterEntry {
    /// Number in the register (清单编号), unique.
    pub id: String,
    pub name: String,
    pub family: Family,
    /// Unified social credit code (统一社会信用代码), 18 characters with a check character (GB 32100-2015).
    pub credit_code: Option<String>,
    pub adcode: u32,
    /// WGS-84 degrees.
    pub lon_lat: Option<(f64, f64)>,
    /// Industry of the technical guide of performance grading, e.g. 水泥.
    pub industry: Option<String>,
    pub grade: Option<Grade>,
    /// What is protected and the least share of its load that stays, 0 ..= 1.
    pub protection: Option<(Protection, f64)>,
    pub lines: Vec<ProductionLine>,
    /// Heights of its stacks above ground [m].
    pub stack_heights_m: Vec<f64>,
    /// Emission of an ordinary day of operation [t d-1]; 365 of them are the year's.
    pub emission_t_d: Amounts,
    /// [`super::source::Source::id`] of the inventory's source that it is part of.
    pub source: String,
    /// Person answering for it and how to reach them, as the office wrote it.
    pub contact: Option<String>,
    pub remark: Option<String>,
}
