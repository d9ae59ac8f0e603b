//! The night's configuration: raw TOML -> checked, once; unknown keys refused.

pub mod mirror;

use crate::error::{Error, Result};
use mirror::{Fetching, Mirror};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Configuration of `night`, `check` and `serve`. Relative paths are relative to the configuration file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name of a built-in region pack, or a folder that holds one.
    #[serde(default = "yanbian")]
    pub region: String,
    /// Name of a grid set-up in `models/grids.toml`.
    pub grid: String,
    /// Name of a larger, coarser grid set-up that is run beside the grid and gives the air outside its sides.
    #[serde(default)]
    pub outer_grid: Option<String>,
    /// Where runs are archived.
    pub runs: PathBuf,
    /// Hours to forecast after the cycle, 1..=240.
    #[serde(default = "seventy_two")]
    pub forecast_hours: u32,
    /// Hours to simulate before the cycle so that the air fills, 0..=240.
    #[serde(default)]
    pub spin_up_hours: u32,
    /// Meteorology does not change: one time is used for the whole run. The record says so.
    #[serde(default)]
    pub frozen_meteorology: bool,
    /// Simulated hours from one checkpoint of a run to the next, 0..=240; 0: a broken night begins its run again.
    #[serde(default = "six")]
    pub checkpoint_hours: u32,
    /// Observations of the hours up to the cycle correct the state that the forecast starts from.
    #[serde(default)]
    pub assimilation: bool,
    /// Members with perturbed inputs that the night runs beside the forecast: none, or 5..=50.
    #[serde(default)]
    pub members: usize,
    pub inputs: Inputs,
    /// From where inputs may be fetched; without it nothing is.
    #[serde(default)]
    pub fetch: Option<Fetching>,
    /// Folder with replacements of seed and model files of the same names.
    #[serde(default)]
    pub overrides: Option<PathBuf>,
    /// The trained correction: where `train` writes it.
    #[serde(default)]
    pub correction: Option<PathBuf>,
    /// The region's own emergency plan, laid over the national warning scheme.
    #[serde(default)]
    pub plan: Option<PathBuf>,
}

/// Input files, as paths that may end in a `*` pattern in their last part (`inbox/met/wrfout_d01_*`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    #[serde(default)]
    pub meteorology: Vec<String>,
    /// A folder in the layout of a provider, instead of files of meteorology: those of the cycle are found in it.
    #[serde(default)]
    pub mirror: Option<Mirror>,
    /// Elevation on longitudes and latitudes (NetCDF: ETOPO, GEBCO and alike): winds are brought over it. Without it they keep to the
    /// terrain of the meteorology.
    #[serde(default)]
    pub terrain: Option<String>,
    #[serde(default)]
    pub inventory: Vec<String>,
    /// Inventories of other emissions than those of `inventory`, and added to them.
    #[serde(default)]
    pub inventory_beside: Vec<String>,
    /// Tables of temporal profiles that replace those of `models/emission.toml` for the sectors they name.
    #[serde(default)]
    pub profiles: Vec<String>,
    /// Register of what can be ordered to emit less (CSV or XLSX); without it each source of the inventory is one entry.
    #[serde(default)]
    pub register: Option<String>,
    /// Scenarios (TOML or CSV) that change the inventory for every run of the night: yearly trends.
    #[serde(default)]
    pub scenario: Vec<String>,
    /// Hourly measurements at stacks (CEMS), in place of the inventory's estimate where they are.
    #[serde(default)]
    pub cems: Vec<String>,
    /// Power plants in the layout of the WRI Global Power Plant Database.
    #[serde(default)]
    pub power_plants: Vec<String>,
    #[serde(default)]
    pub observations: Vec<String>,
    /// Positions of more stations than the region's own: neighbours for quality control, and observations to assimilate.
    #[serde(default)]
    pub stations: Option<String>,
    #[serde(default)]
    pub fires: Vec<String>,
    /// Official county outlines (GeoJSON) that replace the generalised ones of the region pack.
    #[serde(default)]
    pub outlines: Vec<String>,
    /// Recorded events: dust, fireworks, wildfire, outside transport, with their shares and evidence.
    #[serde(default)]
    pub events: Vec<String>,
    /// Daily values of the year so far by county, for the yearly targets.
    #[serde(default)]
    pub daily: Vec<String>,
    /// Mixing ratios around the grid (CF NetCDF): air outside and above the outermost grid and the first state.
    #[serde(default)]
    pub boundary: Vec<String>,
}

fn yanbian() -> String {
    "yanbian".into()
}

fn seventy_two() -> u32 {
    72
}

fn six() -> u32 {
    6
}

impl Config {
    /// Reads and checks a configuration file; paths become absolute to its folder.
    ///
    /// # Errors
    /// `Missing` when there is no such file, `Invalid` naming the key otherwise.
    pub fn load(path: &Path) -> Result<Self> {
        let unreadable = "Give --config a readable TOML file";
        let text = std::fs::read_to_string(path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => {
                Error::missing("the configuration file", path, "Give --config an existing TOML file")
            }
            std::io::ErrorKind::InvalidData => {
                Error::invalid(path, "the file", "bytes that are not UTF-8", "a TOML file")
            }
            _ => Error::missing(format!("a readable configuration file: {e}"), path, unreadable),
        })?;
        let mut config: Self = toml::from_str(&text)
            .map_err(|e| Error::invalid(path, "TOML", e.to_string().trim().to_owned(), "a hazecast configuration"))?;
        let base = path.parent().unwrap_or(Path::new("."));
        config.runs = base.join(&config.runs);
        let pack = base.join(&config.region);
        if pack.join("region.toml").is_file() {
            config.region = pack.to_string_lossy().into_owned();
        }
        config.overrides = config.overrides.map(|o| base.join(o));
        config.plan = config.plan.map(|p| base.join(p));
        config.correction = config.correction.map(|c| base.join(c));
        let i = &mut config.inputs;
        for list in [
            &mut i.meteorology,
            &mut i.inventory,
            &mut i.inventory_beside,
            &mut i.profiles,
            &mut i.scenario,
            &mut i.cems,
            &mut i.power_plants,
            &mut i.observations,
            &mut i.fires,
            &mut i.outlines,
            &mut i.events,
            &mut i.daily,
            &mut i.boundary,
        ] {
            for p in list.iter_mut() {
                *p = base.join(&*p).to_string_lossy().into_owned();
            }
        }
        for file in [&mut i.terrain, &mut i.register, &mut i.stations] {
            *file = file.take().map(|p| base.join(p).to_string_lossy().into_owned());
        }
        if let Some(mirror) = &mut i.mirror {
            mirror.settle(path, base)?;
        }
        if let Some(fetch) = &mut config.fetch {
            fetch.settle(path, base)?;
        }
        config.check(path)?;
        Ok(config)
    }

    fn check(&self, path: &Path) -> Result<()> {
        let invalid = |field: &str, found: String, expected: &str| Err(Error::invalid(path, field, found, expected));
        if !(1..=240).contains(&self.forecast_hours) {
            return invalid("forecast_hours", self.forecast_hours.to_string(), "1..=240");
        }
        if self.spin_up_hours > 240 {
            return invalid("spin_up_hours", self.spin_up_hours.to_string(), "0..=240");
        }
        if self.members != 0 && !(5..=50).contains(&self.members) {
            return invalid("members", self.members.to_string(), "0, or 5..=50");
        }
        if self.checkpoint_hours > 240 {
            return invalid("checkpoint_hours", self.checkpoint_hours.to_string(), "0..=240");
        }
        if let Some(folder) = self.overrides.as_ref().filter(|o| !o.is_dir()) {
            return invalid(
                "overrides",
                format!("{}, which is no folder", folder.display()),
                "a folder with seeds/ or models/",
            );
        }
        match (&self.inputs.mirror, self.inputs.meteorology.is_empty()) {
            (None, true) => {
                invalid("inputs.meteorology", "an empty list".into(), "at least one path, or inputs.mirror")?
            }
            (Some(_), false) => {
                invalid("inputs.meteorology", "paths beside inputs.mirror".into(), "either files or a mirror")?;
            }
            _ => {}
        }
        if let Some(from) = self.fetch.as_ref().and_then(|f| f.meteorology.as_ref())
            && self.inputs.mirror.is_none()
        {
            invalid(
                "fetch.meteorology",
                format!("`{from}` without inputs.mirror"),
                "inputs.mirror, the folder for it",
            )?;
        }
        Ok(())
    }
}

/// Name of the list of hashes that lies beside fetched files, in the form of `sha256sum`.
pub const HASH_LIST: &str = "SHA256SUMS";

/// The files a list of patterns names, sorted by name. A pattern without `*` must exist; one with it leaves out hidden files (what is still
/// being fetched) and the list of hashes.
///
/// # Errors
/// `Missing` when a path does not exist or a pattern matches nothing.
pub fn expand(patterns: &[String]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for pattern in patterns {
        let path = Path::new(pattern);
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let Some((head, tail)) = name.split_once('*') else {
            if !path.is_file() {
                return Err(Error::missing(
                    "an input file",
                    path,
                    "Put the file there or correct the path in the configuration",
                ));
            }
            files.push(path.to_path_buf());
            continue;
        };
        // a pattern without a folder: in the folder of the configuration, which may be the current one
        let dir = path.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut found = Vec::new();
        let unmatched = || {
            Error::missing(
                "input files that match",
                std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()),
                "Put the files there or correct the pattern in the configuration",
            )
        };
        let unreadable = |e: std::io::Error| match e.kind() {
            std::io::ErrorKind::NotFound => unmatched(),
            _ => Error::missing(
                format!("an input folder that can be read: {e}"),
                dir,
                "Correct its permissions or the path",
            ),
        };
        for entry in std::fs::read_dir(dir).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let n = entry.file_name().to_string_lossy().into_owned();
            if n == HASH_LIST || n.starts_with('.') && !head.starts_with('.') {
                continue;
            }
            if n.len() >= head.len() + tail.len() && n.starts_with(head) && n.ends_with(tail) && entry.path().is_file()
            {
                found.push(path.with_file_name(entry.file_name()));
            }
        }
        if found.is_empty() {
            return Err(unmatched());
        }
        found.sort();
        files.extend(found);
    }
    Ok(files)
}
