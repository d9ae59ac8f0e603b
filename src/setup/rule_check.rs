//! Every rule and model file read for its faults, and what each holds.

use super::grids::GridSetups;
use super::library::Library;
use super::rulebook::Statements;
use crate::assimilation::quality::rules::QualityRules;
use crate::assimilation::settings::AssimilationSettings;
use crate::domain::aqi::AqiRules;
use crate::domain::burn_ban::BurnBans;
use crate::domain::evaluation::EvaluationRules;
use crate::domain::event::EventRules;
use crate::domain::holidays::Holidays;
use crate::domain::limits::LimitRules;
use crate::domain::stack_record::StackLimits;
use crate::domain::targets::TargetRules;
use crate::error::{Error, Result};
use crate::forecast::learning::document::LearningDocument;
use crate::forecast::scores::aqi_practice::ScoringRules;
use crate::forecast::uncertainty::Uncertainty;
use crate::input::boundary_netcdf::SpeciesMapping;
use crate::input::inventory_vocabulary::Vocabulary;
use crate::input::power_plants_csv::PlantFactors;
use crate::reduction::measures::Catalogue;
use crate::reduction::ranking_rules::RankingRules;
use crate::reduction::targets::ReductionRules;
use crate::simulation::boundary::BackgroundProfiles;
use crate::simulation::emission::EmissionModel;
use crate::simulation::emission_weather_rules::EmissionWeather;
use crate::simulation::event_calendar::EventCalendar;
use crate::simulation::fire_factors::FireFactors;
use crate::warning::advice::AdviceRules;
use crate::warning::rules::WarningRules;
use serde::Serialize;
use serde_json::Value;
use std::path::Path;

/// The faults that the reader of a file finds.
type Faults = fn(&str, &Path) -> Vec<Error>;

/// The rule and model files with their readers. Most readers stop at their first fault; that of the AQI tables lists all.
const FILES: &[(&str, Faults)] = &[
    ("seeds/aqi.toml", AqiRules::faults),
    ("seeds/limits.toml", |t, p| first(LimitRules::from_toml(t, p))),
    ("seeds/evaluation.toml", |t, p| first(EvaluationRules::from_toml(t, p))),
    ("seeds/events.toml", |t, p| first(EventRules::from_toml(t, p))),
    ("seeds/burn_ban.toml", |t, p| first(BurnBans::from_toml(t, p))),
    ("seeds/holidays.toml", |t, p| first(Holidays::from_toml(t, p))),
    ("seeds/stack_limits.toml", |t, p| first(StackLimits::from_toml(t, p))),
    ("seeds/targets.toml", |t, p| first(TargetRules::from_toml(t, p))),
    ("seeds/warning.toml", |t, p| first(WarningRules::from_toml(t, p))),
    ("seeds/advice.toml", |t, p| first(AdviceRules::from_toml(t, p))),
    ("seeds/scoring.toml", |t, p| first(ScoringRules::from_toml(t, p))),
    ("seeds/measures.toml", |t, p| first(Catalogue::from_toml(t, p))),
    ("seeds/reduction.toml", |t, p| first(ReductionRules::from_toml(t, p))),
    ("seeds/ranking.toml", |t, p| first(RankingRules::from_toml(t, p))),
    ("models/emission.toml", |t, p| first(EmissionModel::from_toml(t, p))),
    ("models/emission_weather.toml", |t, p| first(EmissionWeather::from_toml(t, p))),
    ("models/event_calendar.toml", |t, p| first(EventCalendar::from_toml(t, p))),
    ("models/fires.toml", |t, p| first(FireFactors::from_toml(t, p))),
    ("models/inventory.toml", |t, p| first(Vocabulary::from_toml(t, p))),
    ("models/power_plants.toml", |t, p| first(PlantFactors::parse(t, p))),
    ("models/uncertainty.toml", |t, p| first(Uncertainty::from_toml(t, p))),
    ("models/learning.toml", |t, p| first(LearningDocument::from_toml(t, p))),
    ("models/quality.toml", |t, p| first(QualityRules::from_toml(t, p))),
    ("models/assimilation.toml", |t, p| first(AssimilationSettings::from_toml(t, p))),
    ("models/grids.toml", |t, p| first(GridSetups::from_toml(t, p))),
    ("models/boundary.toml", |t, p| first(BackgroundProfiles::from_toml(t, p))),
    ("models/boundary_species.toml", |t, p| first(SpeciesMapping::from_toml(t, p))),
];

fn first<T>(read: Result<T>) -> Vec<Error> {
    read.err().into_iter().collect()
}

/// One file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FileCheck {
    /// e.g. `seeds/aqi.toml`.
    pub file: String,
    /// The file that was read; the same as `file` where it is built in.
    pub origin: String,
    pub sha256: String,
    /// Elements of the lists of tables of the file, or its tables where it has no such list.
    pub entries: usize,
    /// Statements marked as checked against the primary text, and those marked as not.
    pub verified: usize,
    pub unverified: usize,
    /// The dated entries.
    pub valid: Vec<Valid>,
    /// Each with its line where the reader knows it.
    pub faults: Vec<String>,
}

/// When an entry is in force.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Valid {
    /// Its id, or the scheme and region that it dates.
    pub entry: String,
    pub from: String,
    /// `None`: open, or until the next entry of its list.
    pub to: Option<String>,
}

/// Reads every file of the program, or what replaces it in `overrides`, and the plan of the region. Never ends at a fault: the reports hold them all. A file in
/// `overrides` that replaces nothing is a report of its own.
pub fn check(overrides: Option<&Path>, plan: Option<&Path>) -> Vec<FileCheck> {
    let mut checks: Vec<FileCheck> = FILES.iter().map(|(name, faults)| file(name, *faults, overrides)).collect();
    checks.extend(plan.map(|p| plan_check(p, overrides)));
    checks.extend(Library::new(overrides).stray_overrides().into_iter().map(|(file, error)| FileCheck {
        origin: file.clone(),
        file,
        sha256: String::new(),
        entries: 0,
        verified: 0,
        unverified: 0,
        valid: Vec::new(),
        faults: vec![error.to_string()],
    }));
    checks
}

fn file(name: &str, faults: Faults, overrides: Option<&Path>) -> FileCheck {
    report(name, overrides, |library, note| library.read(name, |text, path| Ok(note(text, path, faults(text, path)))))
}

/// A plan is read on the schemes it is laid over.
fn plan_check(plan: &Path, overrides: Option<&Path>) -> FileCheck {
    let name = plan.display().to_string();
    report(&name, overrides, |library, note| {
        let rules = library.read("seeds/warning.toml", WarningRules::from_toml);
        library.files.clear();
        library.file("seed", plan, |text, path| {
            let faults = rules.and_then(|r| r.with_plan(text, path)).err();
            Ok(note(text, path, faults.into_iter().collect()))
        })
    })
}

/// Takes in the text of a file and its faults, and hands the faults on.
type Note<'a> = &'a mut dyn FnMut(&str, &Path, Vec<Error>) -> Vec<Error>;

fn report(
    name: &str,
    overrides: Option<&Path>,
    read: impl FnOnce(&mut Library, Note) -> Result<Vec<Error>>,
) -> FileCheck {
    let mut library = Library::new(overrides);
    let mut origin = name.to_owned();
    let mut tree = Value::Null;
    let read = read(&mut library, &mut |text, path, faults| {
        origin = path.display().to_string();
        // a text that is no TOML is a fault of the reader too
        tree = toml::from_str(text).unwrap_or_default();
        faults
    });
    let mut statements = Statements::default();
    statements.count(&tree);
    FileCheck {
        file: name.to_owned(),
        origin,
        sha256: library.files.first().map(|f| f.sha256.clone()).unwrap_or_default(),
        entries: entries(&tree),
        verified: statements.verified,
        unverified: statements.unverified,
        valid: valid(&tree),
        faults: read.unwrap_or_else(|e| vec![e]).iter().map(Error::to_string).collect(),
    }
}

fn top(tree: &Value) -> impl Iterator<Item = &Value> {
    tree.as_object().into_iter().flat_map(|map| map.values())
}

fn entries(tree: &Value) -> usize {
    let lists: usize = top(tree).filter_map(Value::as_array).map(|l| l.iter().filter(|v| v.is_object()).count()).sum();
    if lists > 0 { lists } else { top(tree).filter(|v| v.is_object()).count() }
}

fn valid(tree: &Value) -> Vec<Valid> {
    let elements = top(tree).filter_map(Value::as_array).flatten();
    let dated = elements.filter_map(|e| {
        let text = |key: &str| e.get(key).map(super::rule_changes::plain);
        let names = ["id", "scheme", "adcode"].iter().filter_map(|k| text(k)).collect::<Vec<_>>();
        Some(Valid { entry: names.join(" "), from: text("valid_from")?, to: text("valid_to") })
    });
    dated.collect()
}
