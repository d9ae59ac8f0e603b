//! Which species a backward run carries: those that can reach the target, and identical ones once.

use crate::chemistry::pm_lite::{HNO3_PER_NO2, SULFATE_PER_SO2};
use crate::domain::species::{Phase, Species};

/// A conversion of the linear model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Conversion {
    pub from: Species,
    pub to: Species,
    /// Mass of product per mass converted [kg kg-1].
    pub ratio: f32,
}

/// The conversions of `pm-lite`.
pub(super) const CONVERSIONS: [Conversion; 3] = [
    Conversion { from: Species::So2, to: Species::Sulfate, ratio: SULFATE_PER_SO2 as f32 },
    Conversion { from: Species::No2, to: Species::Hno3, ratio: HNO3_PER_NO2 as f32 },
    Conversion { from: Species::SoaPrecursor, to: Species::SecondaryOrganic, ratio: 1.0 },
];

/// The species of the inorganic equilibrium, in the order of [`INORGANIC`](crate::chemistry::pm_lite::INORGANIC).
pub(super) const EQUILIBRIUM: [Species; 5] =
    [Species::Sulfate, Species::Nh3, Species::Ammonium, Species::Hno3, Species::Nitrate];

/// The slots of a backward run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Carried {
    /// A species of each slot; what holds for it holds for all of the slot.
    pub slots: Vec<Species>,
    /// Slot of each species by [`Species::index`]; `None`: it does not reach the target.
    pub slot_of: [Option<usize>; Species::COUNT],
    /// Weight of each slot's mixing ratio in the target.
    pub weight: Vec<f32>,
}

impl Carried {
    /// For a target that is a weighted sum of species; `partitioned`: gases and particles exchange by the shares of a base run.
    ///
    /// Fine particles deposit and are scavenged alike ([`Phase`]), so those of one weight that nothing tells apart share a slot.
    pub fn reaching(target: &[(Species, f32)], partitioned: bool) -> Self {
        let exchanges = |s: Species| partitioned && EQUILIBRIUM.contains(&s);
        Self::new(target, partitioned, |s| s.phase() == Phase::FineParticle && !exchanges(s))
    }

    /// As [`Self::reaching`], each species in a slot of its own.
    pub fn apart(target: &[(Species, f32)], partitioned: bool) -> Self {
        Self::new(target, partitioned, |_| false)
    }

    fn new(target: &[(Species, f32)], partitioned: bool, alike: impl Fn(Species) -> bool) -> Self {
        let mut weight = [0.0f32; Species::COUNT];
        target.iter().for_each(|(s, w)| weight[s.index()] += w);
        let mut reaches = weight.map(|w| w != 0.0);
        // sulfate keeps to itself; each of the others in the equilibrium depends on all of them
        if partitioned && EQUILIBRIUM[1..].iter().any(|s| reaches[s.index()]) {
            EQUILIBRIUM.iter().for_each(|s| reaches[s.index()] = true);
        }
        for c in CONVERSIONS {
            reaches[c.from.index()] |= reaches[c.to.index()];
        }
        let mut carried = Self { slots: Vec::new(), slot_of: [None; Species::COUNT], weight: Vec::new() };
        for s in Species::ALL.into_iter().filter(|s| reaches[s.index()]) {
            let twin = |(other, w): (&Species, &f32)| alike(s) && alike(*other) && *w == weight[s.index()];
            let slot = carried.slots.iter().zip(&carried.weight).position(twin).unwrap_or_else(|| {
                carried.slots.push(s);
                carried.weight.push(weight[s.index()]);
                carried.slots.len() - 1
            });
            carried.slot_of[s.index()] = Some(slot);
        }
        carried
    }

    /// Slot of a species.
    pub fn slot(&self, species: Species) -> Option<usize> {
        self.slot_of[species.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pollutant::Pollutant;
    use crate::domain::species::members;

    fn pm25() -> Vec<(Species, f32)> {
        members(Pollutant::Pm25).iter().map(|s| (*s, 1.0)).collect()
    }

    #[test]
    fn black_carbon_needs_itself_alone_and_unlike_weights_are_kept_apart() {
        assert_eq!(Carried::reaching(&[(Species::BlackCarbon, 1.0)], true).slots, [Species::BlackCarbon]);
        let two = Carried::reaching(&[(Species::BlackCarbon, 1.0), (Species::FineOther, 0.5)], false);
        assert_eq!((two.slots.len(), two.weight.as_slice()), (2, [1.0, 0.5].as_slice()));
        assert!(Carried::reaching(&[], true).slots.is_empty());
    }

    /// Without shares HNO3 never becomes nitrate, so no nitrogen oxide reaches PM2.5; with them all inorganic gases do.
    #[test]
    fn precursors_follow_conversions_and_pairs() {
        let stays = Carried::reaching(&pm25(), false);
        assert_eq!(stays.slots, [Species::So2, Species::SoaPrecursor, Species::Sulfate]);
        assert_eq!(stays.slot(Species::Ammonium), stays.slot(Species::BlackCarbon));
        assert_eq!((stays.slot(Species::No2), stays.slot(Species::Coarse)), (None, None));
        let shared = Carried::reaching(&pm25(), true);
        for s in [Species::No2, Species::Nh3, Species::Hno3, Species::Nitrate, Species::Ammonium, Species::So2] {
            assert!(shared.slot(s).is_some(), "{s:?}");
        }
        assert_eq!(shared.slots.len(), 9);
        assert_eq!(shared.slot(Species::Co), None);
        let sulfate = Carried::reaching(&[(Species::Sulfate, 1.0)], true);
        assert_eq!(sulfate.slots, [Species::So2, Species::Sulfate]);
    }
}
