//! Gridded inventories on different cells that give one thing twice.
//!
//! Files on the same cells belong together (see [`super::inventory_wholes`]). Those on other cells may give other sectors, pollutants or
//! places, but where two of them emit the same pollutant of one sector, or where one does not tell sectors, both would be counted.

use super::inventory_fields::InventoryGroup;
use super::inventory_vocabulary::Substance;
use crate::domain::source::{Amounts, Bounds, Sector};
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Share of an inventory's emission on cells of another one from which both give the same; less is that of cells on a common border.
const SHARE: f64 = 0.05;
/// Side [degrees] of the tiles in which cells are looked for.
const TILE: f64 = 0.25;

/// The sources of one sector of an inventory, to be found by place.
struct Laid<'a> {
    sources: Vec<(Bounds, &'a Amounts)>,
    tiles: BTreeMap<(i64, i64), Vec<usize>>,
}

/// Refuses groups that give the same pollutant of one sector in the same place.
///
/// # Errors
/// `Format` naming both files, the sector and the pollutant.
pub(super) fn apart(groups: &[InventoryGroup]) -> Result<()> {
    let laid: Vec<BTreeMap<Sector, Laid>> = groups.iter().map(by_sector).collect();
    for (i, (one, first)) in laid.iter().zip(groups).enumerate() {
        for (two, second) in laid[i + 1..].iter().zip(&groups[i + 1..]) {
            for (sector, a) in one {
                let of_all = |s: Sector| s == Sector::Other;
                for (other, b) in two.iter().filter(|(o, _)| sector == *o || of_all(*sector) || of_all(**o)) {
                    let shared = [a.shared(b), b.shared(a)].into_iter().flatten().max_by(|a, b| a.1.total_cmp(&b.1));
                    if let Some((pollutant, share)) = shared.filter(|(_, share)| *share > SHARE) {
                        return Err(refused((first, *sector), (second, *other), pollutant, share));
                    }
                }
            }
        }
    }
    Ok(())
}

fn by_sector(group: &InventoryGroup) -> BTreeMap<Sector, Laid<'_>> {
    let mut laid: BTreeMap<Sector, Laid> = BTreeMap::new();
    for source in &group.sources {
        let (Some(bounds), Some(amounts)) = (source.place.bounds(), source.strength.annual()) else { continue };
        let of = laid.entry(source.sector).or_insert_with(|| Laid { sources: Vec::new(), tiles: BTreeMap::new() });
        let (w, s, e, n) = bounds;
        for x in tile(w)..=tile(e) {
            for y in tile(s)..=tile(n) {
                of.tiles.entry((x, y)).or_default().push(of.sources.len());
            }
        }
        of.sources.push((bounds, amounts));
    }
    laid
}

fn tile(degrees: f64) -> i64 {
    (degrees / TILE).floor() as i64
}

fn refused(one: (&InventoryGroup, Sector), other: (&InventoryGroup, Sector), pollutant: &str, share: f64) -> Error {
    let file = |(group, sector): (&InventoryGroup, Sector)| {
        let of = |f: &&(Sector, Substance, PathBuf)| f.0 == sector && f.1.name() == pollutant;
        group.files.iter().find(of).or(group.files.first()).map(|f| f.2.clone()).unwrap_or_default()
    };
    let name = |sector: Sector| if sector == Sector::Other { "all sectors" } else { sector.name() };
    Error::format(
        file(other),
        format!("{pollutant} of {}", name(other.1)),
        format!(
            "{:.0} % of it where {} gives {pollutant} of {} on other cells",
            100.0 * share,
            file(one).display(),
            name(one.1)
        ),
        "one inventory of each pollutant, sector and place",
        "Take the sector from one of the two: both would be counted. Emissions beside those of the other inventory belong in \
         inputs.inventory_beside",
    )
}

impl Laid<'_> {
    /// The pollutant of which the largest share is emitted from the middle of cells that `other` emits it in too.
    fn shared(&self, other: &Self) -> Option<(&'static str, f64)> {
        let (mut all, mut common) = (Amounts::default(), Amounts::default());
        for ((west, south, east, north), amounts) in &self.sources {
            let (lon, lat) = (0.5 * (west + east), 0.5 * (south + north));
            let near = other.tiles.get(&(tile(lon), tile(lat))).map_or(&[][..], Vec::as_slice).iter();
            let over = near.map(|i| &other.sources[*i]).filter(|((w, s, e, n), _)| {
                // a point at an edge lies in one of the cells beside it
                (*w..=*e).contains(&lon) && (*s..=*n).contains(&lat)
            });
            let there = over.fold(Amounts::default(), |sum, (_, a)| sum.zip(**a, |x, y| x + y));
            all = all.zip(**amounts, |sum, t| sum + t);
            common = common.zip(amounts.zip(there, |t, u| if u > 0.0 { t } else { 0.0 }), |sum, t| sum + t);
        }
        let shares = all.named().into_iter().zip(common.named()).filter(|((_, all), _)| *all > 0.0);
        shares.map(|((name, all), (_, common))| (name, common / all)).max_by(|a, b| a.1.total_cmp(&b.1))
    }
}
