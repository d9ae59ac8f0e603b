//! AQI tables and warning decisions.

mod aqi;
mod decide;
mod properties;
mod replay;
mod seeds;

use hazecast::domain::aqi::AqiRules;
use hazecast::warning::rules::WarningRules;
use std::path::Path;

const AQI_SEED: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/seeds/aqi.toml"));
const WARNING_SEED: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/seeds/warning.toml"));

fn aqi_rules() -> AqiRules {
    AqiRules::from_toml(AQI_SEED, Path::new("seeds/aqi.toml")).unwrap()
}

fn warning_rules() -> WarningRules {
    WarningRules::from_toml(WARNING_SEED, Path::new("seeds/warning.toml")).unwrap()
}
