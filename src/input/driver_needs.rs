//! What the model takes from meteorology: what must be there, and what it does without the rest.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A quantity that the model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Need {
    Position,
    Time,
    Temperature,
    Humidity,
    WindEast,
    WindNorth,
    SurfacePressure,
    Terrain,
    Temperature2m,
    Wind10m,
    Height,
    Humidity2m,
    Precipitation,
    CloudWater,
    MixingHeight,
    FrictionVelocity,
    SensibleHeat,
    Shortwave,
    Snow,
    Land,
}

/// On what levels the columns of a file stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Columns {
    /// Levels of pressure, some below the ground.
    Pressure,
    /// Levels that follow the terrain (WRF, hybrid), the lowest near the ground.
    TerrainFollowing,
}

impl Need {
    /// All, the required ones first.
    pub const ALL: [Self; 20] = [
        Self::Position,
        Self::Time,
        Self::Temperature,
        Self::Humidity,
        Self::WindEast,
        Self::WindNorth,
        Self::SurfacePressure,
        Self::Terrain,
        Self::Temperature2m,
        Self::Wind10m,
        Self::Height,
        Self::Humidity2m,
        Self::Precipitation,
        Self::CloudWater,
        Self::MixingHeight,
        Self::FrictionVelocity,
        Self::SensibleHeat,
        Self::Shortwave,
        Self::Snow,
        Self::Land,
    ];

    /// Chinese and English name.
    pub fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::Position => ("格点经纬度", "longitude and latitude of the cells"),
            Self::Time => ("时间", "time"),
            Self::Temperature => ("各层气温", "air temperature on levels"),
            Self::Humidity => ("各层湿度", "humidity on levels"),
            Self::WindEast => ("各层东西风", "eastward wind on levels"),
            Self::WindNorth => ("各层南北风", "northward wind on levels"),
            Self::SurfacePressure => ("地面气压", "surface pressure"),
            Self::Terrain => ("地形高度", "terrain height"),
            Self::Temperature2m => ("2 米气温", "2 m temperature"),
            Self::Wind10m => ("10 米风", "10 m wind"),
            Self::Height => ("各层高度", "height of the levels"),
            Self::Humidity2m => ("2 米湿度", "2 m humidity"),
            Self::Precipitation => ("降水", "precipitation"),
            Self::CloudWater => ("云水", "cloud water"),
            Self::MixingHeight => ("边界层高度", "boundary-layer height"),
            Self::FrictionVelocity => ("摩擦速度", "friction velocity"),
            Self::SensibleHeat => ("感热通量", "sensible heat flux"),
            Self::Shortwave => ("短波辐射", "short-wave radiation"),
            Self::Snow => ("积雪", "snow"),
            Self::Land => ("海陆分布", "land and water"),
        }
    }

    /// What stands in for a missing quantity, Chinese and English; `None`: it is required.
    pub fn instead(self, columns: Columns) -> Option<(&'static str, &'static str)> {
        let terrain_following = columns == Columns::TerrainFollowing;
        match self {
            Self::Position | Self::Time | Self::Temperature | Self::Humidity | Self::WindEast | Self::WindNorth => None,
            Self::SurfacePressure | Self::Terrain => None,
            Self::Temperature2m if terrain_following => {
                Some(("由最低层位温推算", "from the potential temperature of the lowest level"))
            }
            Self::Wind10m if terrain_following => {
                Some(("由最低层风按对数律推算", "from the wind of the lowest level by the logarithmic law"))
            }
            Self::Temperature2m | Self::Wind10m => None,
            Self::Height => Some(("由静力平衡积分", "integrated hydrostatically from the surface pressure")),
            Self::Humidity2m => Some(("取最低层的值", "that of the lowest level above the ground")),
            Self::Precipitation => Some(("按无降水处理", "none falls: no wet deposition")),
            Self::CloudWater => Some(("相对湿度 98 % 以上视为云", "air above 98 % relative humidity counts as cloud")),
            Self::MixingHeight => Some(("由整体理查森数诊断", "diagnosed by the bulk Richardson number")),
            Self::FrictionVelocity => {
                Some(("由近地风和稳定度诊断", "diagnosed from the wind near the ground and the stability"))
            }
            Self::SensibleHeat => {
                Some(("由近地温度廓线诊断", "diagnosed from the temperature profile near the ground"))
            }
            Self::Shortwave => Some(("按晴空估算", "that of a clear sky")),
            Self::Snow => Some(("2 米气温低于 -5 °C 视为积雪", "the ground counts as covered below -5 °C at 2 m")),
            Self::Land => Some(("全部视为陆地", "land everywhere")),
        }
    }
}

/// English names of the required quantities that are not in `have`.
pub fn lacking(have: &BTreeSet<Need>, columns: Columns) -> Vec<&'static str> {
    Need::ALL.into_iter().filter(|n| n.instead(columns).is_none() && !have.contains(n)).map(|n| n.name().1).collect()
}
