//! The influence of each source: what a tonne of each inventoried pollutant that it emits adds to a target, and when.

use super::emission_placement::Placement;
use super::emission_rate::rate_with;
use super::equilibrium_answers::Answers;
use super::influence::{Target, backward};
use super::plume;
use super::run::World;
use crate::domain::source::{Amounts, Source};
use crate::domain::species::Species;
use crate::error::Result;
use chrono::Duration;
use ndarray::Axis;

/// What one source does to a target, over the hours of the run up to the target's last.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceInfluence {
    /// The source's [`Source::id`].
    pub id: String,
    /// What a tonne emitted evenly in each hour adds to the target [ug m-3 t-1].
    pub by_hour: Vec<Amounts>,
    /// The same for a tonne emitted over the hours as the source emits [ug m-3 t-1]; of what it does not emit, evenly.
    pub per_tonne: Amounts,
    /// What it emits in the hours [t]; zero outside the grid.
    pub emitted_t: Amounts,
    /// What the emission of each pollutant in each hour adds to the target [ug m-3].
    pub added_by_hour: Vec<Amounts>,
    /// What it adds to the target in all: the sum of `per_tonne emitted_t` over the pollutants [ug m-3].
    pub contribution_ug_m3: f64,
}

/// What the sources do to a target, and what a place does.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetInfluence {
    /// In the order of the sources.
    pub sources: Vec<SourceInfluence>,
    /// What a tonne of other primary fine particles adds [ug m-3 t-1], emitted evenly from hour `map_from` to the target's last into the lowest layer of
    /// each cell, row by row.
    pub map: Vec<f32>,
}

/// The influence of every source on `target`, and the map from hour `map_from` on; `answers` as in [`super::influence::influence`].
///
/// **Invariant:** a tonne of a pollutant counts with what it changes at the source's own composition: a tonne of PM2.5 without more black or organic
/// carbon is a tonne of other fine particles. **Why:** the sum over the pollutants is then what the source adds, as the speciation is homogeneous.
///
/// # Errors
/// Those of [`super::influence::influence`].
pub fn influence_of_sources(
    world: &World,
    sources: &[Source],
    target: &Target,
    answers: Option<&Answers>,
    map_from: u32,
) -> Result<TargetInfluence> {
    let (placement, _) = Placement::new(world.emission, sources, world.weights, world.grid);
    let hours = target.hours.end as usize;
    let nothing = |source: &Source| SourceInfluence {
        id: source.id.clone(),
        by_hour: vec![Amounts::default(); hours],
        per_tonne: Amounts::default(),
        emitted_t: Amounts::default(),
        added_by_hour: vec![Amounts::default(); hours],
        contribution_ug_m3: 0.0,
    };
    let mut found: Vec<SourceInfluence> = sources.iter().map(nothing).collect();
    let mut map = vec![0.0; world.grid.horizontal.cells()];
    // kilograms in a tonne, spread over the hours of the map
    let per_tonne = 1000.0 / target.hours.end.saturating_sub(map_from).max(1) as f32;
    backward(world, target, answers, &mut |hour, driver, field| {
        if hour >= map_from {
            let ground = field.index_axis(Axis(0), Species::FineOther.index());
            map.iter_mut().zip(ground.index_axis(Axis(0), 0)).for_each(|(sum, per_kg)| *sum += per_kg * per_tonne);
        }
        let start = world.start + Duration::hours(i64::from(hour));
        let parts = world.emission.hour_parts(start);
        let height = |cell: usize, stack: &_| plume::effective_height(driver, world.grid, cell, stack);
        placement.each_sensitivity(sources, &height, field, &mut |i, per_kg| {
            let source = &sources[i];
            let emitted_t = rate_with(source, start, &parts).zip(Amounts::all(3.6), |r, f| r * f);
            // at the composition of what is emitted now or, where that is nothing, in other hours
            let composition = if emitted_t == Amounts::default() { source.strength.amounts() } else { &emitted_t };
            let gradient = world.emission.speciation_gradient(source.sector, composition);
            let per_tonne = gradient.iter().zip(per_kg).fold(Amounts::default(), |sum, (part, per_kg)| {
                sum.zip(*part, |sum, part| sum + part * per_kg * 1000.0)
            });
            let found = &mut found[i];
            found.by_hour[hour as usize] = per_tonne;
            found.emitted_t = found.emitted_t.zip(emitted_t, |sum, t| sum + t);
            found.added_by_hour[hour as usize] = emitted_t.zip(per_tonne, |t, p| t * p);
        });
    })?;
    for found in &mut found {
        let added = found.added_by_hour.iter().fold(Amounts::default(), |sum, hour| sum.zip(*hour, |sum, v| sum + v));
        let sum = found.by_hour.iter().fold(Amounts::default(), |sum, hour| sum.zip(*hour, |sum, v| sum + v));
        let as_emitted = added.zip(found.emitted_t, |added, t| if t > 0.0 { added / t } else { f64::NAN });
        found.per_tonne = as_emitted.zip(sum, |own, sum| if own.is_nan() { sum / hours as f64 } else { own });
        found.contribution_ug_m3 = added.sum();
    }
    Ok(TargetInfluence { sources: found, map })
}
