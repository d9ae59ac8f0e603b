//! Proofs that a user can run: each states a figure and the threshold it has to reach. The tests call the same code.

pub mod aqi_official;

use crate::error::Result;
use serde::Serialize;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What a proof is run on.
#[derive(Debug, Clone, Copy)]
pub struct Material<'a> {
    /// Files given by the user.
    pub input: &'a [PathBuf],
    /// Folder of replaced rule files.
    pub overrides: Option<&'a Path>,
}

/// A proof that can be run by its name.
#[derive(Debug, Clone, Copy)]
pub struct Proof {
    pub name: &'static str,
    /// One line each.
    pub zh: &'static str,
    pub en: &'static str,
    /// What `--input` takes; `None` where the proof needs no file.
    pub input: Option<&'static str>,
    pub run: fn(&Material) -> Result<Outcome>,
}

/// Every proof, in the order in which they are listed.
pub const PROOFS: &[Proof] = &[Proof {
    name: aqi_official::NAME,
    zh: "实时AQI逐站逐小时与全国发布值比较，六项齐全时须完全一致",
    en: "our hourly AQI against the published one at every station-hour: exact where all six pollutants are there",
    input: Some("hourly national files (date,hour,type,1001A,...) or archives of one hour (timepoint,stationcode,...)"),
    run: aqi_official::run,
}];

/// What a proof found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    pub proof: &'static str,
    /// The figure, its unit, and what it has to reach.
    pub figure: f64,
    pub unit: &'static str,
    pub at_least: f64,
    pub passed: bool,
    /// Everything that was counted.
    pub details: Value,
    /// The same for people.
    pub lines: Vec<Line>,
}

/// A line for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    pub zh: String,
    pub en: String,
}

impl Line {
    /// A line in both languages.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }
}
