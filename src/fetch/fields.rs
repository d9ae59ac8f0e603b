//! The fields that the model takes from a global model, by the names of its index and by the codes of the messages.
//!
//! # Sources
//! Names: wgrib2 `gribtab`; ECMWF parameter database (<https://codes.ecmwf.int/grib/param-db/>). Codes: WMO-No. 306, Volume I.2, code tables
//! 4.1 and 4.2, and the local tables of NCEP and ECMWF where the number is 192 or more.

use super::index::{Entry, Level, Listed};
use super::trouble::{Kind, Trouble};
use crate::config::mirror::Provider;
use crate::input::grib2_product::Parameter;
use std::collections::{BTreeMap, BTreeSet};

/// A field that may be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Name in the index.
    pub name: &'static str,
    /// Level in the index; `None`: every pressure level.
    pub level: Option<Level>,
    /// Discipline, category and number in the message.
    pub code: (u8, u8, u8),
    /// Type (code table 4.5) and value of the surface in the message; the value of a pressure level is that of the index.
    pub surface: (u8, i64),
    need: Need,
}

/// What depends on a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// No step without it.
    Always,
    /// One of the fields of the same level that share the word is enough; the first in the table is taken. Which steps are none without any.
    OneOf(&'static str, Steps),
    /// Taken where it is listed.
    Welcome,
}

/// Steps of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Steps {
    All,
    /// Hour 0.
    First,
    None,
}

const ISOBARIC: u8 = 100;
const GROUND: u8 = 1;
const ABOVE_GROUND: u8 = 103;
/// Levels above this pressure [Pa] may lack a field; the reader of the files then leaves them out.
const THIN_AIR_PA: u32 = 10_000;
/// Fewest pressure levels with all their fields.
const FEWEST_LEVELS: usize = 5;

const fn aloft(name: &'static str, code: (u8, u8, u8), need: Need) -> Field {
    Field { name, level: None, code, surface: (ISOBARIC, 0), need }
}

const fn ground(name: &'static str, code: (u8, u8, u8), need: Need) -> Field {
    Field { name, level: Some(Level::Ground), code, surface: (GROUND, 0), need }
}

const fn above(name: &'static str, metres: u32, code: (u8, u8, u8), need: Need) -> Field {
    Field { name, level: Some(Level::Above(metres)), code, surface: (ABOVE_GROUND, metres as i64), need }
}

/// ECMWF gives what is at 2 m and 10 m the level of the ground in its index.
const fn near(name: &'static str, metres: i64, code: (u8, u8, u8), need: Need) -> Field {
    Field { name, level: Some(Level::Ground), code, surface: (ABOVE_GROUND, metres), need }
}

impl Field {
    /// Whether the field of a message is this one.
    fn is(&self, p: &Parameter) -> bool {
        let level = self.surface.0 != ABOVE_GROUND || self.surface.1 == p.level;
        self.code == (p.discipline, p.category, p.number) && self.surface.0 == p.surface && level
    }
}

const HUMIDITY: Need = Need::OneOf("humidity", Steps::All);
const HUMIDITY_2M: Need = Need::OneOf("humidity at 2 m", Steps::None);
const RAIN: Need = Need::OneOf("precipitation", Steps::None);
const OROGRAPHY: Need = Need::OneOf("orography", Steps::First);

const GFS: [Field; 24] = [
    aloft("HGT", (0, 3, 5), Need::Always),
    aloft("TMP", (0, 0, 0), Need::Always),
    aloft("UGRD", (0, 2, 2), Need::Always),
    aloft("VGRD", (0, 2, 3), Need::Always),
    aloft("SPFH", (0, 1, 0), HUMIDITY),
    aloft("RH", (0, 1, 1), HUMIDITY),
    aloft("CLMR", (0, 1, 22), Need::Welcome),
    aloft("CLWMR", (0, 1, 22), Need::Welcome),
    aloft("ICMR", (0, 1, 23), Need::Welcome),
    ground("PRES", (0, 3, 0), Need::Always),
    ground("HGT", (0, 3, 5), Need::Always),
    above("TMP", 2, (0, 0, 0), Need::Always),
    above("UGRD", 10, (0, 2, 2), Need::Always),
    above("VGRD", 10, (0, 2, 3), Need::Always),
    above("SPFH", 2, (0, 1, 0), HUMIDITY_2M),
    above("RH", 2, (0, 1, 1), HUMIDITY_2M),
    above("DPT", 2, (0, 0, 6), HUMIDITY_2M),
    ground("APCP", (0, 1, 8), RAIN),
    ground("PRATE", (0, 1, 7), RAIN),
    ground("HPBL", (0, 3, 196), Need::Welcome),
    ground("SHTFL", (0, 0, 11), Need::Welcome),
    ground("WEASD", (0, 1, 13), Need::Welcome),
    ground("DSWRF", (0, 4, 192), Need::Welcome),
    ground("LAND", (2, 0, 0), Need::Welcome),
];

const ECMWF: [Field; 15] = [
    aloft("gh", (0, 3, 5), Need::Always),
    aloft("t", (0, 0, 0), Need::Always),
    aloft("u", (0, 2, 2), Need::Always),
    aloft("v", (0, 2, 3), Need::Always),
    aloft("q", (0, 1, 0), HUMIDITY),
    aloft("r", (0, 1, 1), HUMIDITY),
    ground("sp", (0, 3, 0), Need::Always),
    near("2t", 2, (0, 0, 0), Need::Always),
    near("10u", 10, (0, 2, 2), Need::Always),
    near("10v", 10, (0, 2, 3), Need::Always),
    near("2d", 2, (0, 0, 6), HUMIDITY_2M),
    ground("tp", (0, 1, 193), RAIN),
    // in open data at step 0 only
    ground("z", (0, 3, 4), OROGRAPHY),
    ground("lsm", (2, 0, 0), Need::Welcome),
    ground("ssrd", (0, 4, 7), Need::Welcome),
];

/// The table of a provider.
pub fn table(provider: Provider) -> &'static [Field] {
    match provider {
        Provider::Gfs => &GFS,
        Provider::EcmwfOpenData => &ECMWF,
    }
}

/// The row of the table that a listed field is; `None`: the model does not take it.
pub fn field_of(provider: Provider, listed: &Listed) -> Option<&'static Field> {
    let fits = |f: &&Field| {
        let level = match (f.level, listed.level) {
            (None, Level::Pressure(_)) => true,
            (level, at) => level == Some(at),
        };
        f.name == listed.name && level
    };
    table(provider).iter().find(fits)
}

/// Whether the field of a message is one that the model takes.
pub fn takes(provider: Provider, p: &Parameter) -> bool {
    table(provider).iter().any(|f| f.is(p))
}

/// What the model requires of the file of the step `hour` and its fields do not give; `None`: nothing.
pub fn lacking<'p>(provider: Provider, hour: u32, parameters: impl Iterator<Item = &'p Parameter>) -> Option<String> {
    let mut there = There::default();
    for p in parameters {
        for field in table(provider).iter().filter(|f| f.is(p)) {
            // a level that no table can name is none of the model's
            let level = field.level.or_else(|| u32::try_from(p.level).ok().map(Level::Pressure));
            if let Some(level) = level {
                there.add(provider, field, level);
            }
        }
    }
    there.lacks(provider, hour)
}

/// The messages to fetch for the step `hour`: those that hold a field of the model, in the order of the file.
///
/// # Errors
/// [`Kind::Lacking`] naming the first required field that is not listed for the step.
pub fn select(provider: Provider, entries: &[Entry], hour: u32, lowest_pa: u32) -> Result<Vec<&Entry>, Trouble> {
    let pressure = |level: Level| matches!(level, Level::Pressure(p) if p < lowest_pa);
    let usable = |l: &&Listed| l.span.is_some_and(|s| s.end() == hour) && !pressure(l.level);
    let listed = || entries.iter().flat_map(|e| &e.fields).filter(usable);
    let mut there = There::default();
    for l in listed() {
        if let Some(field) = field_of(provider, l) {
            there.add(provider, field, l.level);
        }
    }
    if let Some(what) = there.lacks(provider, hour) {
        let (zh, en) = (format!("索引中没有所需变量 {what}"), format!("the index lists no {what}"));
        return Err(Trouble::new(Kind::Lacking, zh, en));
    }
    let wanted = |l: &Listed| {
        field_of(provider, l).is_some_and(|f| match f.need {
            Need::OneOf(word, _) => there.best.get(&(word, l.level)) == Some(&position(provider, f)),
            Need::Always | Need::Welcome => true,
        })
    };
    Ok(entries.iter().filter(|e| e.fields.iter().filter(usable).any(&wanted)).collect())
}

fn position(provider: Provider, field: &Field) -> usize {
    table(provider).iter().position(|t| t == field).unwrap_or(usize::MAX)
}

/// The fields of the table that are there.
#[derive(Default)]
struct There {
    found: BTreeSet<(&'static str, Level)>,
    /// First of the rows that are there and of which one is enough.
    best: BTreeMap<(&'static str, Level), usize>,
}

impl There {
    fn add(&mut self, provider: Provider, field: &'static Field, level: Level) {
        self.found.insert((field.name, level));
        if let Need::OneOf(word, _) = field.need {
            let place = self.best.entry((word, level)).or_insert(usize::MAX);
            *place = (*place).min(position(provider, field));
        }
    }

    /// The first required field of the step `hour` that is not there.
    fn lacks(&self, provider: Provider, hour: u32) -> Option<String> {
        // a level counts with any of its fields that none is without
        let rows = table(provider).iter();
        let always: Vec<&Field> = rows.clone().filter(|f| f.level.is_none() && f.need == Need::Always).collect();
        let counts = |(name, level): &&(&str, Level)| {
            matches!(level, Level::Pressure(p) if *p >= THIN_AIR_PA) && always.iter().any(|f| f.name == *name)
        };
        let levels: BTreeSet<Level> = self.found.iter().filter(counts).map(|f| f.1).collect();
        if levels.len() < FEWEST_LEVELS {
            return Some(format!("{FEWEST_LEVELS} pressure levels"));
        }
        for field in rows {
            let at = field.level.map_or_else(|| levels.iter().copied().collect(), |l| vec![l]);
            for level in at {
                let (there, what) = match field.need {
                    Need::Always => (self.found.contains(&(field.name, level)), field.name),
                    Need::OneOf(word, steps) if steps == Steps::All || steps == Steps::First && hour == 0 => {
                        (self.best.contains_key(&(word, level)), word)
                    }
                    Need::OneOf(..) | Need::Welcome => (true, ""),
                };
                if !there {
                    return Some(format!("{what} ({level:?})"));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::parse_cycle;
    use crate::fetch::index::Span;

    fn entry(name: &str, level: Level, hour: u32, offset: u64) -> Entry {
        let run = parse_cycle("2026-01-15T12Z").unwrap();
        let listed = Listed { name: name.into(), level, run, span: Some(Span::Instant(hour)) };
        Entry { line: offset as usize + 1, offset, length: Some(1), fields: vec![listed] }
    }

    fn whole() -> Vec<Entry> {
        let mut all = Vec::new();
        for pressure in [1000, 850, 700, 500, 300, 100, 50] {
            for name in ["HGT", "TMP", "RH", "SPFH", "VVEL", "UGRD", "VGRD"] {
                all.push((name, Level::Pressure(pressure * 100)));
            }
        }
        all.extend([("PRES", Level::Ground), ("HGT", Level::Ground), ("TMP", Level::Above(2))]);
        all.extend([("UGRD", Level::Above(10)), ("VGRD", Level::Above(10)), ("UGRD", Level::Above(80))]);
        all.extend([("PRATE", Level::Ground), ("APCP", Level::Ground), ("RH", Level::Above(2))]);
        all.into_iter().enumerate().map(|(i, (n, l))| entry(n, l, 3, i as u64)).collect()
    }

    #[test]
    fn one_humidity_a_level_and_nothing_that_is_not_needed() {
        let entries = whole();
        let chosen = select(Provider::Gfs, &entries, 3, 10_000).unwrap();
        let names: Vec<(&str, Level)> = chosen.iter().map(|e| (e.fields[0].name.as_str(), e.fields[0].level)).collect();
        assert_eq!(names.len(), 6 * 5 + 5 + 2, "{names:?}");
        assert!(!names.iter().any(|(n, l)| *n == "VVEL" || *n == "PRATE" || *l == Level::Pressure(5000)), "{names:?}");
        assert!(names.contains(&("RH", Level::Above(2))) && !names.contains(&("RH", Level::Pressure(85_000))));
        assert!(!names.contains(&("UGRD", Level::Above(80))));
        assert!(chosen.is_sorted_by_key(|e| e.offset));
    }

    #[test]
    fn the_first_step_has_the_orography() {
        let select_at = |hour: u32, orography: bool| {
            let mut all = Vec::new();
            for field in table(Provider::EcmwfOpenData).iter().filter(|f| orography || f.need != OROGRAPHY) {
                let pressures = [1000, 850, 700, 500, 300].map(|p| Level::Pressure(p * 100));
                let levels = field.level.map_or_else(|| pressures.to_vec(), |l| vec![l]);
                all.extend(levels.into_iter().map(|l| entry(field.name, l, hour, 0)));
            }
            select(Provider::EcmwfOpenData, &all, hour, 10_000).map(|chosen| chosen.len())
        };
        assert!(select_at(0, true).is_ok() && select_at(3, false).is_ok());
        assert!(select_at(0, false).unwrap_err().text.en.contains("orography"));
    }

    #[test]
    fn every_required_field_is_missed() {
        for i in 0..whole().len() {
            let mut entries = whole();
            let gone = entries.remove(i).fields.remove(0);
            let pressure = matches!(gone.level, Level::Pressure(p) if p >= 10_000);
            let required = match gone.name.as_str() {
                "HGT" | "TMP" | "UGRD" | "VGRD" => {
                    pressure || matches!(gone.level, Level::Ground | Level::Above(2 | 10))
                }
                "PRES" => true,
                _ => false,
            };
            let result = select(Provider::Gfs, &entries, 3, 10_000);
            assert_eq!(result.is_err(), required, "{gone:?}");
        }
        let mut entries = whole();
        entries.retain(|e| {
            !(["RH", "SPFH"].contains(&e.fields[0].name.as_str()) && e.fields[0].level == Level::Pressure(85_000))
        });
        let trouble = select(Provider::Gfs, &entries, 3, 10_000).unwrap_err();
        assert!(trouble.text.en.contains("humidity (Pressure(85000))"), "{}", trouble.text.en);
        assert!(select(Provider::Gfs, &whole(), 6, 10_000).is_err(), "the fields are of hour 3");
    }
}
