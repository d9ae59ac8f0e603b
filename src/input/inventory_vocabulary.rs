//! The words of gridded inventories: pollutants, sectors, species and what stands for totals, from `models/inventory.toml`.

use crate::domain::source::Sector;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A pollutant as inventories give it; [`Substance::PmCoarse`] is PM10 less PM2.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Substance {
    So2,
    Nox,
    Co,
    Nh3,
    Nmvoc,
    Pm25,
    Pm10,
    PmCoarse,
    Bc,
    Oc,
}

impl Substance {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::So2,
        Self::Nox,
        Self::Co,
        Self::Nh3,
        Self::Nmvoc,
        Self::Pm25,
        Self::Pm10,
        Self::PmCoarse,
        Self::Bc,
        Self::Oc,
    ];

    /// Name as in `models/inventory.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::So2 => "so2",
            Self::Nox => "nox",
            Self::Co => "co",
            Self::Nh3 => "nh3",
            Self::Nmvoc => "nmvoc",
            Self::Pm25 => "pm25",
            Self::Pm10 => "pm10",
            Self::PmCoarse => "pm_coarse",
            Self::Bc => "bc",
            Self::Oc => "oc",
        }
    }
}

/// What a category of an inventory is to this program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Emitted as this sector.
    Part(Sector),
    /// The sum of the others.
    Total,
    /// Real, but not emitted here; the reason.
    LeftOut(String),
}

/// A species of a chemical mechanism.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MechanismSpecies {
    pub part_of: Substance,
    /// [kg mol-1].
    pub kg_per_mol: Option<f64>,
    /// Another pollutant that holds this share of its mass.
    pub also: Option<(Substance, f64)>,
}

/// Species of one kind of file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mechanism {
    species: BTreeMap<String, MechanismSpecies>,
    unread: Vec<String>,
}

impl Mechanism {
    /// The species of a name.
    pub fn species(&self, name: &str) -> Option<&MechanismSpecies> {
        self.species.get(&plain(name))
    }

    /// Whether the name is known and not carried by this program.
    pub fn is_unread(&self, name: &str) -> bool {
        self.unread.contains(&plain(name))
    }
}

/// The grid of files that state none: edges in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedGrid {
    pub west: f64,
    pub south: f64,
    pub cell: f64,
    pub columns: usize,
    pub rows: usize,
}

/// Words of all inventories.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Vocabulary {
    pollutants: BTreeMap<String, Substance>,
    kg_per_mol: BTreeMap<Substance, f64>,
    unread: Vec<String>,
    not_in_file_names: Vec<String>,
    /// Names that stand for a part of their pollutant.
    part_names: Vec<String>,
    categories: BTreeMap<String, Role>,
    /// Conventions of each category, and the categories that some are the sum of.
    conventions: BTreeMap<String, BTreeSet<String>>,
    children: BTreeMap<String, Vec<String>>,
    nox_as_no: Vec<String>,
    /// Names that stand for a mass of NO.
    as_no: Vec<String>,
    mechanisms: BTreeMap<String, Mechanism>,
    /// Grid, unit of masses and unit of species of MEIC where a file states none.
    pub meic: (StatedGrid, String, String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    pollutant: Vec<RawPollutant>,
    unread: RawUnread,
    convention: Vec<RawConvention>,
    mechanism: Vec<RawMechanism>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPollutant {
    name: String,
    names: Vec<String>,
    #[serde(default)]
    parts: Vec<String>,
    #[serde(default)]
    as_no: Vec<String>,
    #[serde(default)]
    g_per_mol: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawUnread {
    names: Vec<String>,
    not_in_file_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConvention {
    name: String,
    sectors: BTreeMap<String, String>,
    #[serde(default)]
    totals: Vec<String>,
    #[serde(default)]
    left_out: BTreeMap<String, String>,
    #[serde(default)]
    sums: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    nox_as_no: bool,
    #[serde(default)]
    ascii: Option<StatedGrid>,
    #[serde(default)]
    default_units: Option<String>,
    #[serde(default)]
    default_units_of_species: Option<String>,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "verified")]
    _verified: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMechanism {
    name: String,
    species: Vec<RawSpecies>,
    unread: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "verified")]
    _verified: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSpecies {
    name: String,
    part_of: String,
    #[serde(default)]
    g_per_mol: Option<f64>,
    #[serde(default)]
    also: Option<String>,
    #[serde(default)]
    share_also: Option<f64>,
}

/// Lower case, with `_` for every run of other signs than letters and digits.
pub fn plain(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.trim_matches(|c: char| c == '\0' || c.is_whitespace()).chars() {
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if !out.ends_with('_') {
            out.push('_');
        }
    }
    out.trim_matches('_').to_owned()
}

impl Vocabulary {
    /// Reads `models/inventory.toml`.
    ///
    /// # Errors
    /// `Invalid` naming the entry: an unknown pollutant or sector, a code with two meanings, a molar mass that is not above 0.
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self> {
        let raw: Raw = toml::from_str(text)
            .map_err(|e| Error::invalid(origin, "TOML", e.to_string().trim().to_owned(), "words of inventories"))?;
        let invalid = |field: String, found: &str, expected: &str| Error::invalid(origin, field, found, expected);
        let substance = |field: String, name: &str| {
            let found = Substance::ALL.into_iter().find(|s| s.name() == name);
            found.ok_or_else(|| invalid(field, name, &Substance::ALL.map(Substance::name).join(", ")))
        };
        let kg_per_mol = |field: String, grams: f64| match grams {
            g if (1.0..1000.0).contains(&g) => Ok(g * 1e-3),
            g => Err(invalid(field, &g.to_string(), "1 to 1000 g mol-1")),
        };
        let (mut pollutants, mut masses) = (BTreeMap::new(), BTreeMap::new());
        let (mut part_names, mut as_no) = (Vec::new(), Vec::new());
        for p in &raw.pollutant {
            let known = substance(format!("pollutant.{}", p.name), &p.name)?;
            pollutants.extend(p.names.iter().chain(&p.parts).chain(&p.as_no).map(|n| (plain(n), known)));
            part_names.extend(p.parts.iter().map(|n| plain(n)));
            as_no.extend(p.as_no.iter().map(|n| plain(n)));
            if let Some(grams) = p.g_per_mol {
                masses.insert(known, kg_per_mol(format!("pollutant.{}.g_per_mol", p.name), grams)?);
            }
        }
        let mut categories: BTreeMap<String, Role> =
            Sector::ALL.into_iter().map(|s| (s.name().to_owned(), Role::Part(s))).collect();
        let own = |s: Sector| (s.name().to_owned(), BTreeSet::from([OWN.to_owned()]));
        let mut conventions: BTreeMap<String, BTreeSet<String>> = Sector::ALL.into_iter().map(own).collect();
        let mut children = BTreeMap::new();
        let mut nox_as_no = Vec::new();
        let mut meic = None;
        for c in &raw.convention {
            let field = |code: &str| format!("convention.{}.{code}", c.name);
            let mut roles = Vec::new();
            for (code, sector) in &c.sectors {
                let known = Sector::from_name(sector)
                    .ok_or_else(|| invalid(field(code), sector, &Sector::ALL.map(Sector::name).join(", ")))?;
                roles.push((code, Role::Part(known)));
            }
            roles.extend(c.totals.iter().map(|code| (code, Role::Total)));
            roles.extend(c.left_out.iter().map(|(code, why)| (code, Role::LeftOut(why.clone()))));
            for (sum, parts) in &c.sums {
                if let Some(code) = std::iter::once(sum).chain(parts).find(|code| !c.sectors.contains_key(*code)) {
                    return Err(invalid(field(code), "no sector", "a code of `sectors` in `sums`"));
                }
                children.insert(plain(sum), parts.iter().map(|p| plain(p)).collect());
            }
            for (code, role) in roles {
                conventions.entry(plain(code)).or_default().insert(c.name.clone());
                if let Some(other) = categories.insert(plain(code), role.clone()).filter(|other| *other != role) {
                    return Err(invalid(field(code), &format!("{role:?} and {other:?}"), "one meaning of each code"));
                }
            }
            if c.nox_as_no {
                nox_as_no.push(plain(&c.name));
            }
            if let (Some(grid), Some(mass), Some(species)) = (c.ascii, &c.default_units, &c.default_units_of_species) {
                meic = Some((grid, mass.clone(), species.clone()));
            }
        }
        let mut mechanisms = BTreeMap::new();
        for m in raw.mechanism {
            let mut species = BTreeMap::new();
            for s in m.species {
                let field = format!("mechanism.{}.{}", m.name, s.name);
                let also = s.also.as_deref().map(|a| substance(field.clone(), a)).transpose()?;
                let mass = s.g_per_mol.map(|g| kg_per_mol(field.clone(), g)).transpose()?;
                let entry = MechanismSpecies {
                    part_of: substance(field, &s.part_of)?,
                    kg_per_mol: mass,
                    also: also.map(|a| (a, s.share_also.unwrap_or(1.0))),
                };
                species.insert(plain(&s.name), entry);
            }
            let unread = m.unread.iter().map(|n| plain(n)).collect();
            mechanisms.insert(m.name, Mechanism { species, unread });
        }
        for name in [WRFCHEMI, IOAPI] {
            if !mechanisms.contains_key(name) {
                return Err(invalid("mechanism".into(), &format!("no {name}"), "species of wrfchemi and ioapi"));
            }
        }
        let list = |names: &[String]| names.iter().map(|n| plain(n)).collect();
        Ok(Self {
            pollutants,
            kg_per_mol: masses,
            unread: list(&raw.unread.names),
            not_in_file_names: list(&raw.unread.not_in_file_names),
            part_names,
            categories,
            conventions,
            children,
            nox_as_no,
            as_no,
            mechanisms,
            meic: meic.ok_or_else(|| invalid("convention.MEIC".into(), "no grid or units", "ascii, default_units"))?,
        })
    }

    /// The pollutant of a name.
    pub fn pollutant(&self, name: &str) -> Option<Substance> {
        self.pollutants.get(&plain(name)).copied()
    }

    /// Molar mass [kg mol-1], where amounts of substance of the pollutant mean a mass.
    pub fn kg_per_mol(&self, substance: Substance) -> Option<f64> {
        self.kg_per_mol.get(&substance).copied()
    }

    /// Whether the name is that of a gas that this program does not carry.
    pub fn is_unread(&self, name: &str) -> bool {
        self.unread.contains(&plain(name))
    }

    /// The role of a category.
    pub fn role(&self, code: &str) -> Option<&Role> {
        self.categories.get(&plain(code))
    }

    /// The conventions that know a category; this program's own names of sectors are one of them.
    pub fn conventions(&self, code: &str) -> BTreeSet<String> {
        self.conventions.get(&plain(code)).cloned().unwrap_or_default()
    }

    /// The categories that a category is the sum of, where they stand beside it.
    pub fn children(&self, code: &str) -> &[String] {
        self.children.get(&plain(code)).map_or(&[], Vec::as_slice)
    }

    /// The name of a part of a pollutant (`co_ff`) with which a name begins.
    pub fn part_at_start(&self, name: &str) -> Option<&str> {
        let begins =
            |part: &&String| name.strip_prefix(part.as_str()).is_some_and(|r| r.is_empty() || r.starts_with('_'));
        self.part_names.iter().find(begins).map(String::as_str)
    }

    /// The name of a part of a pollutant within a file name.
    pub fn part_in_file_name(&self, stem: &str) -> Option<&str> {
        let stem = format!("_{}_", plain(stem));
        self.part_names.iter().find(|part| stem.contains(&format!("_{part}_"))).map(String::as_str)
    }

    /// Species of wrfchemi files.
    pub fn wrfchemi(&self) -> &Mechanism {
        &self.mechanisms[WRFCHEMI]
    }

    /// Species of IOAPI files, and of speciated VOC.
    pub fn ioapi(&self) -> &Mechanism {
        &self.mechanisms[IOAPI]
    }

    /// Whether the name is one of NOx as a mass of NO.
    pub fn is_no(&self, name: &str) -> bool {
        self.as_no.contains(&plain(name))
    }

    /// Whether a file of this name gives NOx as a mass of NO.
    pub fn nox_as_no(&self, file_stem: &str) -> bool {
        let stem = plain(file_stem);
        self.nox_as_no.iter().any(|name| stem.starts_with(name))
    }

    /// The one pollutant that a file name names; `None` for none or several.
    pub fn pollutant_in_file_name(&self, stem: &str) -> Option<Substance> {
        let words = words(stem);
        let known = |w: &&String| !self.not_in_file_names.contains(*w);
        let mut found: Vec<Substance> = words.iter().filter(known).filter_map(|w| self.pollutant(w)).collect();
        found.sort_unstable();
        found.dedup();
        (found.len() == 1).then(|| found[0])
    }

    /// The category that a file name gives, with its role, where the names of a known inventory have it; whole words only. Any other name
    /// gives none: `res` may be a resolution.
    pub fn category_in_file_name(&self, stem: &str) -> Option<(String, &Role)> {
        let words = words(stem);
        let (conventions, words) = behind_the_name(&words)?;
        let known = |code: String| {
            let own = self.conventions.get(&code)?;
            let role = self.categories.get(&code)?;
            conventions.iter().any(|c| own.contains(*c)).then_some((code, role))
        };
        // the longest first: `ref_trf` is no `ref`
        (1..=WORDS_OF_A_CATEGORY).rev().find_map(|n| {
            let places = if conventions.contains(&MEIC) { 1 } else { words.len() };
            words.windows(n).take(places).find_map(|w| known(w.join("_")))
        })
    }
}

/// The conventions whose names of files have this layout, and the words among which the category stands.
///
/// - HTAP: `edgar_HTAP_SO2_emi_ENERGY_2010`; CAMS: `CAMS-GLOB-ANT_v4.2_nox_ene_2019`: behind its own name.
/// - EDGAR: `v8.1_FT2022_AP_SO2_2022_ENE_flx`, `v8.1_FT2022_AP_CO_2021_bkl_BUILDINGS_emi`, `v432_SO2_2010_3_ENE`: behind the year.
/// - MEIC, and this program's sectors in such names: `2017_01__industry__SO2`, `201701_power_NOx`: right behind year and month.
fn behind_the_name(words: &[String]) -> Option<(&'static [&'static str], &[String])> {
    let year = |w: &str| w.len() == 4 && w.parse::<u32>().is_ok_and(|y| (1950..2100).contains(&y));
    let month = |w: &str| w.len() <= 2 && w.parse::<u32>().is_ok_and(|m| (1..=12).contains(&m));
    let version = |w: &str| w.strip_prefix('v').is_some_and(|v| !v.is_empty() && v.bytes().all(|b| b.is_ascii_digit()));
    let first = words.first()?;
    if let Some(at) = words.iter().take(2).position(|w| w.starts_with("htap")) {
        return Some((&[HTAP], &words[at + 1..]));
    }
    if first == "cams" {
        return Some((&[CAMS], &words[1..]));
    }
    if first.starts_with("edgar") || version(first) {
        let at = words.iter().position(|w| year(w))?;
        return Some((&[EDGAR], &words[at + 1..]));
    }
    let dated = if first.starts_with("meic") { &words[1..] } else { words };
    let together = |w: &str| w.is_ascii() && w.len() == 6 && year(&w[..4]) && month(&w[4..]);
    let behind = match dated {
        [y, m, rest @ ..] if year(y) && month(m) => rest,
        [y, rest @ ..] if year(y) || together(y) => rest,
        _ => return None,
    };
    Some((&[MEIC, OWN], behind))
}

/// Most words of a category in a file name.
const WORDS_OF_A_CATEGORY: usize = 6;
/// Conventions whose names of files are known, as `models/inventory.toml` names them.
const CAMS: &str = "CAMS-GLOB-ANT";
const EDGAR: &str = "EDGAR";
const HTAP: &str = "HTAP";
const MEIC: &str = "MEIC";
/// What this program's own names of sectors count as.
const OWN: &str = "hazecast";
const WRFCHEMI: &str = "wrfchemi";
const IOAPI: &str = "ioapi";

/// Words of a file name; PM2.5 and its spellings stay one word.
fn words(stem: &str) -> Vec<String> {
    let text = plain(stem).replace("pm2_5", "pm25").replace("pm_coarse", "pmcoarse");
    text.split('_').filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> Vocabulary {
        Vocabulary::from_toml(include_str!("../../models/inventory.toml"), Path::new("models/inventory.toml")).unwrap()
    }

    #[test]
    fn names_of_real_files_say_pollutant_and_sector() {
        let v = vocabulary();
        for (stem, pollutant, category) in [
            ("CAMS-GLOB-ANT_Glb_0.1x0.1_anthro_nox_v5.3_monthly_2019", Some(Substance::Nox), None),
            ("CAMS-GLOB-ANT_Glb_0.1x0.1_anthro_co2_excl_short-cycle_org_C_v5.3_monthly", None, None),
            ("2017_01__industry__PM2.5", Some(Substance::Pm25), Some("industry")),
            ("2016_12_transportation_PMcoarse", Some(Substance::PmCoarse), Some("transportation")),
            ("v8.1_FT2022_AP_SO2_2022_REF_TRF_flx", Some(Substance::So2), Some("ref_trf")),
            ("v6.1_EDGAR_OC_2018_TNR_Aviation_CRS.0.1x0.1", Some(Substance::Oc), Some("tnr_aviation_crs")),
            ("edgar_HTAPv3_2018_NOx_NH3", None, None),
            ("edgar_HTAP_SO2_emi_ENERGY_2010.0.1x0.1", Some(Substance::So2), Some("energy")),
            ("v8.1_FT2022_AP_CO_2021_bkl_BUILDINGS_emi", Some(Substance::Co), Some("buildings")),
            ("v432_SO2_2010_3_ENE.0.1x0.1", Some(Substance::So2), Some("ene")),
            ("CAMS-GLOB-ANT_v4.2_nox_ene_2019", Some(Substance::Nox), Some("ene")),
            ("201701_solvent_VOC", Some(Substance::Nmvoc), Some("solvent")),
            // words of other names are no sectors
            ("emis_so2_2022_hi-res", Some(Substance::So2), None),
            ("air_so2_2022", Some(Substance::So2), None),
            ("so2_2022_total", Some(Substance::So2), None),
            ("2022_so2_residential", Some(Substance::So2), None),
            ("v8_SO2_2022_res", Some(Substance::So2), None),
        ] {
            assert_eq!(v.pollutant_in_file_name(stem), pollutant, "{stem}");
            assert_eq!(v.category_in_file_name(stem).map(|c| c.0).as_deref(), category, "{stem}");
        }
        assert!(v.nox_as_no("CAMS-GLOB-ANT_Glb_0.1x0.1_anthro_nox_v5.3_monthly") && !v.nox_as_no("v8.1_FT2022_AP_NOx"));
    }

    #[test]
    fn broken_words_are_refused_with_the_entry_named() {
        let text = include_str!("../../models/inventory.toml");
        for (from, to, wanted) in [
            ("res = \"residential\"", "res = \"stoves\"", "CAMS-GLOB-ANT.res"),
            ("ene = \"power\", ref", "ene = \"industry\", ref", "ene"),
            ("g_per_mol = 64.066\n", "g_per_mol = 0.064\n", "so2"),
            ("name = \"oc\"\nnames", "name = \"soot\"\nnames", "soot"),
            (
                "part_of = \"nox\", g_per_mol = 46.0055 },\n    { name = \"no2\"",
                "part_of = \"no\" },\n    { name = \"no2\"",
                "no",
            ),
        ] {
            assert!(text.contains(from), "{from}");
            let error =
                Vocabulary::from_toml(&text.replacen(from, to, 1), Path::new("x.toml")).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
