//! The influence of each source: what a tonne of each inventoried pollutant that it emits adds to a target, and when.

use super::emission::rate_with;
use super::emission_placement::Placement;
use super::influence::{Shares, Target, backward};
use super::plume;
use super::run::World;
use crate::domain::source::{Amounts, Sector, Source};
use crate::error::Result;
use chrono::Duration;

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
    /// What it adds to the target in all: the sum of `per_tonne emitted_t` over the pollutants [ug m-3].
    pub contribution_ug_m3: f64,
}

/// The influence of every source on `target`, in the order of `sources`; `shares` as in [`super::influence::influence`].
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
    shares: Option<&Shares>,
) -> Result<Vec<SourceInfluence>> {
    let (placement, _) = Placement::new(world.emission, sources, world.weights, world.grid);
    let hours = target.hours.end as usize;
    let nothing = |source: &Source| SourceInfluence {
        id: source.id.clone(),
        by_hour: vec![Amounts::default(); hours],
        per_tonne: Amounts::default(),
        emitted_t: Amounts::default(),
        contribution_ug_m3: 0.0,
    };
    let mut found: Vec<SourceInfluence> = sources.iter().map(nothing).collect();
    // what each pollutant of each source adds [ug m-3]
    let mut added = vec![Amounts::default(); sources.len()];
    backward(world, target, shares, &mut |hour, driver, field| {
        let start = world.start + Duration::hours(i64::from(hour));
        let factors = Sector::ALL.map(|s| world.emission.hour_factor(s, start));
        let height = |cell: usize, stack: &_| plume::effective_height(driver, world.grid, cell, stack);
        placement.each_sensitivity(sources, &height, field, &mut |i, per_kg| {
            let source = &sources[i];
            let emitted_t =
                rate_with(source, start, factors[source.sector as usize]).zip(Amounts::all(3.6), |r, f| r * f);
            // at the composition of what is emitted now or, where that is nothing, in other hours
            let composition = if emitted_t == Amounts::default() { source.strength.amounts() } else { &emitted_t };
            let parts = world.emission.speciation_gradient(source.sector, composition);
            let per_tonne = parts.iter().zip(per_kg).fold(Amounts::default(), |sum, (part, per_kg)| {
                sum.zip(*part, |sum, part| sum + part * per_kg * 1000.0)
            });
            let found = &mut found[i];
            found.by_hour[hour as usize] = per_tonne;
            found.emitted_t = found.emitted_t.zip(emitted_t, |sum, t| sum + t);
            added[i] = added[i].zip(emitted_t.zip(per_tonne, |t, p| t * p), |sum, v| sum + v);
        });
    })?;
    for (found, added) in found.iter_mut().zip(added) {
        let sum = found.by_hour.iter().fold(Amounts::default(), |sum, hour| sum.zip(*hour, |sum, v| sum + v));
        let as_emitted = added.zip(found.emitted_t, |added, t| if t > 0.0 { added / t } else { f64::NAN });
        found.per_tonne = as_emitted.zip(sum, |own, sum| if own.is_nan() { sum / hours as f64 } else { own });
        found.contribution_ug_m3 = added.sum();
    }
    Ok(found)
}
