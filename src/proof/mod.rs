//! Proofs that a user can run: each states figures and the threshold that each has to reach. The tests call the same code.

pub mod adjoint;
pub mod advection;
pub mod aqi_official;
pub mod assimilation;
pub mod closed_box;
pub mod diffusion;
pub mod extremes;
mod ground;
pub mod observation_quality;
pub mod prairie_grass;
mod scatter;
pub mod trajectories;
pub mod skill_next_day;
pub mod skill_stations;
pub mod uniform;

use crate::error::{Error, Result};
use chrono::NaiveDate;
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

/// What a proof is run on; [`Material::default`] is nothing at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Material<'a> {
    /// Files given by the user.
    pub input: &'a [PathBuf],
    /// Positions of stations.
    pub stations: Option<&'a Path>,
    /// Folder of replaced rule and model files.
    pub overrides: Option<&'a Path>,
    /// Resolutions; empty: the proof's own.
    pub n: &'a [usize],
    /// Which of the proof's cases; `None`: all.
    pub case: Option<&'a str>,
    /// Which scheme is proven; `None`: the model's.
    pub scheme: Option<&'a str>,
    /// File for a drawing, or folder for tables.
    pub out: Option<&'a Path>,
    /// Folder of files given by the user.
    pub dir: Option<&'a Path>,
    /// Name of a city in the file.
    pub city: Option<&'a str>,
    /// Which weather is known ahead.
    pub weather: Option<&'a str>,
    /// Last day of the training time; first and last day of the test time.
    pub train_to: Option<NaiveDate>,
    pub test_from: Option<NaiveDate>,
    pub test_to: Option<NaiveDate>,
    /// First and last day of a walk through a record.
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    /// Hears what a long proof has done so far.
    pub listener: Option<Listener<'a>>,
}

/// Takes lines of progress.
#[derive(Clone, Copy)]
pub struct Listener<'a>(pub &'a dyn Fn(&Line));

impl fmt::Debug for Listener<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Listener")
    }
}

impl Material<'_> {
    fn say(&self, line: &Line) {
        if let Some(listener) = self.listener {
            (listener.0)(line);
        }
    }
}

/// A parameter that only some proofs have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameter {
    Input,
    Stations,
    Overrides,
    N,
    Case,
    Scheme,
    Out,
    Dir,
    City,
    Weather,
    TrainTo,
    TestFrom,
    TestTo,
    From,
    To,
}

impl Parameter {
    const ALL: [Self; 15] = [
        Self::Input,
        Self::Stations,
        Self::Overrides,
        Self::N,
        Self::Case,
        Self::Scheme,
        Self::Out,
        Self::Dir,
        Self::City,
        Self::Weather,
        Self::TrainTo,
        Self::TestFrom,
        Self::TestTo,
        Self::From,
        Self::To,
    ];

    /// As it is written on the command line.
    pub fn flag(self) -> &'static str {
        match self {
            Self::Input => "--input",
            Self::Stations => "--stations",
            Self::Overrides => "--overrides",
            Self::N => "--n",
            Self::Case => "--case",
            Self::Scheme => "--scheme",
            Self::Out => "--out",
            Self::Dir => "--dir",
            Self::City => "--city",
            Self::Weather => "--weather",
            Self::TrainTo => "--train-to",
            Self::TestFrom => "--test-from",
            Self::TestTo => "--test-to",
            Self::From => "--from",
            Self::To => "--to",
        }
    }

    fn given(self, material: &Material) -> bool {
        match self {
            Self::Input => !material.input.is_empty(),
            Self::Stations => material.stations.is_some(),
            Self::Overrides => material.overrides.is_some(),
            Self::N => !material.n.is_empty(),
            Self::Case => material.case.is_some(),
            Self::Scheme => material.scheme.is_some(),
            Self::Out => material.out.is_some(),
            Self::Dir => material.dir.is_some(),
            Self::City => material.city.is_some(),
            Self::Weather => material.weather.is_some(),
            Self::TrainTo => material.train_to.is_some(),
            Self::TestFrom => material.test_from.is_some(),
            Self::TestTo => material.test_to.is_some(),
            Self::From => material.from.is_some(),
            Self::To => material.to.is_some(),
        }
    }
}

/// A proof that can be run by its name.
#[derive(Debug, Clone, Copy)]
pub struct Proof {
    pub name: &'static str,
    /// One line each.
    pub zh: &'static str,
    pub en: &'static str,
    /// The parameters it has, each with what it takes.
    pub takes: &'static [(Parameter, &'static str)],
    /// Runs it; [`Proof::prove`] refuses parameters it does not have first.
    pub run: fn(&Material) -> Result<Outcome>,
}

/// Every proof, in the order in which they are listed.
pub const PROOFS: &[Proof] = &[
    aqi_official::PROOF,
    advection::PROOF,
    diffusion::PROOF,
    uniform::PROOF,
    closed_box::PROOF,
    extremes::PROOF,
    prairie_grass::PROOF,
    adjoint::PROOF,
    trajectories::PROOF,
    observation_quality::PROOF,
    assimilation::PROOF,
    skill_stations::PROOF,
    skill_next_day::PROOF,
];

impl Proof {
    /// Runs the proof on its material.
    ///
    /// # Errors
    /// `Invalid` naming a parameter that this proof does not have; what the proof finds.
    pub fn prove(&self, material: &Material) -> Result<Outcome> {
        let has = |p: Parameter| self.takes.iter().any(|(taken, _)| *taken == p);
        if let Some(stray) = Parameter::ALL.into_iter().find(|p| p.given(material) && !has(*p)) {
            let flags: Vec<&str> = self.takes.iter().map(|(p, _)| p.flag()).collect();
            let expected = match flags.as_slice() {
                [] => format!("no parameter: {} has none", self.name),
                _ => format!("only {} of {}", flags.join(", "), self.name),
            };
            return Err(Error::invalid("command line", stray.flag(), "given", expected));
        }
        (self.run)(material)
    }
}

/// What a figure has to reach.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    AtLeast(f64),
    AtMost(f64),
}

/// A figure and the threshold it has to reach, both in `unit` (empty: a plain number).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    pub name: Cow<'static, str>,
    pub value: f64,
    pub unit: &'static str,
    pub threshold: Threshold,
    pub passed: bool,
}

impl Figure {
    /// A figure that must not exceed `limit`. NaN does not pass.
    pub fn at_most(name: impl Into<Cow<'static, str>>, value: f64, unit: &'static str, limit: f64) -> Self {
        Self { name: name.into(), value, unit, threshold: Threshold::AtMost(limit), passed: value <= limit }
    }

    /// A figure that must reach `limit`. NaN does not pass.
    pub fn at_least(name: impl Into<Cow<'static, str>>, value: f64, unit: &'static str, limit: f64) -> Self {
        Self { name: name.into(), value, unit, threshold: Threshold::AtLeast(limit), passed: value >= limit }
    }
}

/// What a proof found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    pub proof: &'static str,
    pub figures: Vec<Figure>,
    /// Every figure reaches its threshold, and there is one.
    pub passed: bool,
    /// Everything that was counted.
    pub details: Value,
    /// The same for people.
    pub lines: Vec<Line>,
}

impl Outcome {
    /// Passed where every figure reaches its threshold; a proof without figures proves nothing.
    pub fn new(proof: &'static str, figures: Vec<Figure>, details: Value, lines: Vec<Line>) -> Self {
        let passed = !figures.is_empty() && figures.iter().all(|f| f.passed);
        Self { proof, figures, passed, details, lines }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_passes_at_its_threshold_and_never_as_not_a_number() {
        assert!(Figure::at_most("error", 1e-6, "", 1e-6).passed && !Figure::at_most("error", 1.1e-6, "", 1e-6).passed);
        assert!(Figure::at_least("order", 2.0, "", 2.0).passed && !Figure::at_least("order", 1.99, "", 2.0).passed);
        assert!(
            !Figure::at_most("error", f64::NAN, "", 1.0).passed && !Figure::at_least("order", f64::NAN, "", 0.0).passed
        );
    }

    #[test]
    fn an_outcome_passes_with_all_its_figures_and_not_without_any() {
        let (good, bad) = (Figure::at_most("a", 0.0, "", 1.0), Figure::at_most("b", 2.0, "", 1.0));
        let passed = |figures: Vec<Figure>| Outcome::new("test", figures, Value::Null, Vec::new()).passed;
        assert!(passed(vec![good.clone()]) && !passed(vec![good, bad]) && !passed(Vec::new()));
    }

    #[test]
    fn a_parameter_that_a_proof_does_not_have_is_refused_by_name() {
        let proof = Proof {
            name: "test",
            zh: "",
            en: "",
            takes: &[(Parameter::N, "numbers")],
            run: |_| Ok(Outcome::new("test", Vec::new(), Value::Null, Vec::new())),
        };
        assert!(proof.prove(&Material { n: &[64], ..Material::default() }).is_ok());
        let error = proof.prove(&Material { case: Some("swirl"), ..Material::default() }).unwrap_err().to_string();
        assert!(error.contains("--case") && error.contains("only --n of test"), "{error}");
    }
}
