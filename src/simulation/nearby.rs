//! Places in bands of latitude as wide as a distance: near ones are in the same band or the next.

use crate::domain::grid::distance_m;
use std::collections::BTreeMap;

/// Degrees of latitude in a kilometre, a little too many.
const DEGREES_PER_KM: f64 = 1.0 / 110.0;

/// Degrees east and north, and what belongs there.
type Placed<T> = ((f64, f64), T);

/// Places (degrees east and north), each with what belongs to it.
pub(super) struct Nearby<T> {
    km: f64,
    bands: BTreeMap<i64, Vec<Placed<T>>>,
}

impl<T: Copy> Nearby<T> {
    pub(super) fn new(km: f64) -> Self {
        Self { km, bands: BTreeMap::new() }
    }

    pub(super) fn insert(&mut self, place: (f64, f64), of: T) {
        self.bands.entry(self.band(place)).or_default().push((place, of));
    }

    /// What is at most the distance away, with its distance [m].
    pub(super) fn around(&self, place: (f64, f64)) -> impl Iterator<Item = (f64, T)> {
        let band = self.band(place);
        let beside = self.bands.range(band - 1..=band + 1).flat_map(|(_, list)| list.iter());
        let apart = beside.map(move |&(other, of)| (distance_m(other, place), of));
        apart.filter(|(metres, _)| *metres <= self.km * 1000.0)
    }

    fn band(&self, (_, lat): (f64, f64)) -> i64 {
        (lat / (self.km * DEGREES_PER_KM).max(1e-3)).floor() as i64
    }
}
