//! Configuration + seeds + models + geography -> [`Setup`], loaded and checked once.

pub mod grids;
pub mod library;
mod profiles;
pub mod rule_changes;
pub mod rule_check;
pub mod rulebook;

use crate::assimilation::quality::rules::QualityRules;
use crate::assimilation::settings::AssimilationSettings;
use crate::config::{Config, expand};
use crate::consultation::InputFile;
use crate::domain::burn_ban::BurnBans;
use crate::domain::county::{CountyWeights, Region};
use crate::domain::county_weights::county_weights;
use crate::domain::grid::{Grid, VerticalGrid};
use crate::domain::holidays::Holidays;
use crate::domain::met_field::MetField;
use crate::domain::stack_record::StackLimits;
use crate::error::{Error, Result};
use crate::forecast::uncertainty::Uncertainty;
use crate::input::boundary_netcdf::SpeciesMapping;
use crate::input::inventory_vocabulary::Vocabulary;
use crate::input::power_plants_csv::PlantFactors;
use crate::reduction::measures::Catalogue;
use crate::reduction::ranking_rules::RankingRules;
use crate::reduction::targets::ReductionRules;
use crate::simulation::boundary::{Background, BackgroundProfiles};
use crate::simulation::diagnose::SurfaceParameters;
use crate::simulation::emission::EmissionModel;
use crate::simulation::emission_weather_rules::EmissionWeather;
use crate::simulation::event_calendar::EventCalendar;
use crate::simulation::fire_factors::FireFactors;
use crate::simulation::nest::Nest;
use chrono::{DateTime, Utc};
use grids::GridSetups;
use library::Library;
use rulebook::Rulebook;
use std::path::Path;

/// Everything a night depends on but its inputs and its grid.
pub struct Setup {
    pub config: Config,
    pub region: Region,
    pub rulebook: Rulebook,
    pub measures: Catalogue,
    pub reduction: ReductionRules,
    pub ranking: RankingRules,
    pub emission: EmissionModel,
    pub fires: FireFactors,
    pub burn_bans: BurnBans,
    pub holidays: Holidays,
    pub stack_limits: StackLimits,
    /// How weather changes emissions.
    pub emission_weather: EmissionWeather,
    pub event_calendar: EventCalendar,
    /// Words of gridded inventories.
    pub inventory: Vocabulary,
    pub plants: PlantFactors,
    pub uncertainty: Uncertainty,
    pub quality: QualityRules,
    /// `None`: the configuration asks for no assimilation.
    pub assimilation: Option<AssimilationSettings>,
    pub grids: GridSetups,
    background: BackgroundProfiles,
    /// How variables of boundary files make species.
    pub boundary_species: SpeciesMapping,
    /// Every seed, model and region file that was read, with its hash.
    pub files: Vec<InputFile>,
}

/// The grid of a run, and what follows from it.
pub struct Domain {
    pub grid: Grid,
    pub weights: Vec<CountyWeights>,
    pub background: Background,
    pub surface: SurfaceParameters,
    /// The grid around it, where there is one.
    pub outer: Option<Box<Domain>>,
}

/// Lowest model top [m]: mixing and plumes must stay inside.
const LOWEST_TOP_M: f64 = 3000.0;

/// The layers that the meteorology covers at all times: air above its highest level would be invented.
///
/// # Errors
/// `Missing` where they end below 3000 m.
pub fn covered(vertical: &VerticalGrid, meteorology: &[MetField]) -> Result<VerticalGrid> {
    let top = meteorology.iter().fold(f64::INFINITY, |low, m| low.min(m.top_m()));
    let kept = vertical.below(top).filter(|v| v.interfaces_m.last().is_some_and(|z| *z >= LOWEST_TOP_M));
    kept.ok_or_else(|| {
        Error::missing(
            format!("meteorology above {top:.0} m: the model needs at least {LOWEST_TOP_M:.0} m above ground"),
            "inputs.meteorology",
            "Use meteorology with higher levels",
        )
    })
}

impl Setup {
    /// Loads the configuration and everything it names.
    ///
    /// # Errors
    /// `Missing` or `Invalid` naming the file and the field.
    pub fn load(config_path: &Path) -> Result<Self> {
        Self::of(Config::load(config_path)?)
    }

    /// What makes nights err alike: region, grid, and whether observations are assimilated.
    pub fn place(&self) -> (&str, &str, bool) {
        (&self.region.id, &self.config.grid, self.assimilation.is_some())
    }

    /// Loads what a checked configuration names.
    ///
    /// # Errors
    /// As [`Setup::load`].
    pub fn of(config: Config) -> Result<Self> {
        let mut library = Library::new(config.overrides.as_deref());
        library.check_overrides()?;
        let region = library.region(&config.region, &expand(&config.inputs.outlines)?)?;
        let holidays = library.read("seeds/holidays.toml", Holidays::from_toml)?;
        let grids = library.read("models/grids.toml", GridSetups::from_toml)?;
        grids.known("grid", &config.grid)?;
        config.outer_grid.iter().try_for_each(|name| grids.known("outer_grid", name))?;
        let inventory = library.read("models/inventory.toml", Vocabulary::from_toml)?;
        let emission = library.read("models/emission.toml", |t, p| EmissionModel::from_toml(t, p))?;
        let emission = profiles::replaced(emission, &config.inputs.profiles, &inventory, &mut library.files)?;
        Ok(Self {
            region,
            rulebook: Rulebook::load(&mut library, config.plan.as_deref())?,
            measures: library.read("seeds/measures.toml", Catalogue::from_toml)?,
            reduction: library.read("seeds/reduction.toml", ReductionRules::from_toml)?,
            ranking: library.read("seeds/ranking.toml", RankingRules::from_toml)?,
            emission: emission.with_holidays(&holidays),
            holidays,
            emission_weather: library.read("models/emission_weather.toml", EmissionWeather::from_toml)?,
            event_calendar: library.read("models/event_calendar.toml", EventCalendar::from_toml)?,
            stack_limits: library.read("seeds/stack_limits.toml", StackLimits::from_toml)?,
            inventory,
            fires: library.read("models/fires.toml", |t, p| FireFactors::from_toml(t, p))?,
            burn_bans: library.read("seeds/burn_ban.toml", BurnBans::from_toml)?,
            plants: library.read("models/power_plants.toml", PlantFactors::parse)?,
            uncertainty: library.read("models/uncertainty.toml", |t, p| Uncertainty::from_toml(t, p))?,
            quality: library.read("models/quality.toml", QualityRules::from_toml)?,
            assimilation: match config.assimilation {
                true => Some(library.read("models/assimilation.toml", AssimilationSettings::from_toml)?),
                false => None,
            },
            grids,
            background: library.read("models/boundary.toml", BackgroundProfiles::from_toml)?,
            boundary_species: library.read("models/boundary_species.toml", SpeciesMapping::from_toml)?,
            files: library.files,
            config,
        })
    }

    /// Name of the outermost grid.
    pub fn outermost(&self) -> &str {
        self.config.outer_grid.as_deref().unwrap_or(&self.config.grid)
    }

    /// The grid that the configuration names, and the one around it, for the meteorology at hand and the season of `cycle`.
    ///
    /// # Errors
    /// `Invalid` for an unknown grid, when a county lies outside, or when the outer grid does not hold the inner one.
    pub fn domain(&self, meteorology: &[MetField], cycle: DateTime<Utc>) -> Result<Domain> {
        let mut domain = self.one_domain(&self.config.grid, meteorology, cycle)?;
        let (grid, weights) = (&domain.grid, &domain.weights);
        if let Some((county, w)) = self.region.counties.iter().zip(weights).find(|(_, w)| w.coverage < 0.5) {
            return Err(Error::invalid(
                "models/grids.toml",
                format!("grid {}", grid.name),
                format!("{:.0} % of {} {}", 100.0 * w.coverage, county.adcode, county.name_en),
                "at least half of every county inside the grid",
            ));
        }
        if let Some(name) = &self.config.outer_grid {
            let outer = self.one_domain(name, meteorology, cycle)?;
            Nest::new(&outer.grid, &domain.grid)?;
            domain.outer = Some(Box::new(outer));
        }
        Ok(domain)
    }

    fn one_domain(&self, name: &str, meteorology: &[MetField], cycle: DateTime<Utc>) -> Result<Domain> {
        let mut grid = self.grids.grid(name, meteorology)?;
        grid.vertical = covered(&grid.vertical, meteorology)?;
        Ok(Domain {
            weights: self.region.counties.iter().map(|c| county_weights(c, &grid.horizontal)).collect(),
            background: self.background.on(cycle, &grid.vertical),
            surface: self.grids.surface,
            outer: None,
            grid,
        })
    }
}
