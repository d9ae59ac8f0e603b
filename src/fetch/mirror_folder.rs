//! A local folder in a provider's layout: which run a night takes from it, and what the folder lacks.

use super::layout::{Step, day_of, run_of};
use super::manifest;
use super::message::walk;
use super::slots::{Hours, run_at, slots};
use crate::archive::durable::sha256_file;
use crate::config::mirror::{Mirror, Provider};
use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// The files of a night.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    pub cycle: DateTime<Utc>,
    /// Start of the run that gives the forecast.
    pub run: DateTime<Utc>,
    pub files: Vec<PathBuf>,
    /// What another run stands in for, each as one sentence.
    pub degraded: Vec<String>,
}

/// Most steps named in one sentence.
const NAMED: usize = 4;

/// The folder, and what was found out about its files.
struct Folder<'a> {
    mirror: &'a Mirror,
    looked_at: RefCell<BTreeMap<Step, std::result::Result<PathBuf, String>>>,
}

/// Finds the files of the night of `cycle`. Without it the cycle is that of the newest run in the folder, or where not even stand-ins give all
/// its files that of one of the `older_runs` before: a late night with a stand-in tells of more hours to come than an early one without.
///
/// Each file is looked through before it is taken: whole GRIB2 messages, of the run and of the time that its name says, and with the hash of
/// `SHA256SUMS` where that lists it. Of a run that lacks a step nothing is taken for the forecast; one up to `older_runs` runs before it
/// stands in, and the night is degraded.
///
/// # Errors
/// `Missing` naming the steps that the newest run lacks when no run stands in; `Io`.
pub fn choose(mirror: &Mirror, cycle: Option<DateTime<Utc>>, spin_up: u32, forecast: u32) -> Result<Chosen> {
    let folder = Folder { mirror, looked_at: RefCell::new(BTreeMap::new()) };
    let cycles = match cycle {
        Some(cycle) => vec![cycle],
        None => folder.runs()?.into_iter().take(mirror.older_runs as usize + 1).collect(),
    };
    let mut first_lack = None;
    for &cycle in &cycles {
        let hours = Hours { cycle, spin_up, forecast };
        for back in 0..=mirror.older_runs {
            let run = run_at(mirror, cycle, back);
            let (files, lacks, replaced) = folder.files(hours, run);
            if lacks.is_empty() {
                let mut degraded: Vec<String> = first_lack
                    .iter()
                    .map(|lack: &String| format!("meteorology: {lack}; {} stands in", named(run)))
                    .collect();
                if cycles.first() != Some(&cycle) {
                    degraded.push(format!("meteorology: the night is that of {}", named(cycle)));
                }
                if !replaced.is_empty() {
                    degraded.push(format!("meteorology before the run: {} from older runs", listed(&replaced)));
                }
                return Ok(Chosen { cycle, run, files, degraded });
            }
            if first_lack.is_none() {
                first_lack = Some(format!("{} lacks {}", named(run), listed(&lacks)));
            }
        }
    }
    let lack = first_lack.unwrap_or_else(|| "any run of the model".into());
    let what = format!("meteorology: {lack}, and no run up to {} before it has all steps", mirror.older_runs);
    Err(Error::missing(what, &mirror.folder, "Fetch the steps (hazecast fetch), or give --cycle of an older run"))
}

fn named(run: DateTime<Utc>) -> String {
    format!("the run {}", run.format("%Y-%m-%dT%HZ"))
}

fn listed(lacks: &[String]) -> String {
    let more = lacks.len().saturating_sub(NAMED);
    let shown = lacks[..lacks.len() - more].join("; ");
    if more == 0 { shown } else { format!("{shown}; and {more} more") }
}

impl Folder<'_> {
    /// Runs that have a folder, the newest first.
    fn runs(&self) -> Result<Vec<DateTime<Utc>>> {
        let provider = self.mirror.provider;
        let mut runs = Vec::new();
        for name in names(&self.mirror.folder)? {
            let Some(day) = day_of(provider, &name) else { continue };
            let hours = names(&self.mirror.folder.join(&name))?;
            runs.extend(hours.iter().filter_map(|hour| run_of(provider, day, hour)));
        }
        runs.retain(|run| run_at(self.mirror, *run, 0) == *run);
        runs.sort();
        runs.reverse();
        Ok(runs)
    }

    /// The files of a night from `run`; which steps it lacks; which times before the run come from another than the best.
    fn files(&self, hours: Hours, run: DateTime<Utc>) -> (Vec<PathBuf>, Vec<String>, Vec<String>) {
        let (mut files, mut lacks, mut replaced) = (Vec::new(), Vec::new(), Vec::new());
        for slot in slots(self.mirror, hours, run) {
            let tried: Vec<_> = slot.choices.iter().map(|&step| (step, self.sound(step))).collect();
            match tried.iter().position(|(_, file)| file.is_ok()) {
                Some(place) => {
                    if place > 0 {
                        replaced.push(format!("{}", slot.valid.format("%Y-%m-%dT%HZ")));
                    }
                    // the step that gives the orography may give a time of the night as well
                    let file = tried.into_iter().nth(place).and_then(|(_, file)| file.ok());
                    files.extend(file.filter(|file| !files.contains(file)));
                }
                None => lacks.extend(tried.into_iter().next().and_then(|(step, file)| {
                    let run_named = if step.run == run { String::new() } else { format!(" of {}", named(step.run)) };
                    file.err().map(|why| format!("hour {}{run_named} ({why})", step.hour))
                })),
            }
        }
        (files, lacks, replaced)
    }

    /// The file of a step, if it is whole and what its name says.
    fn sound(&self, step: Step) -> std::result::Result<PathBuf, String> {
        if let Some(known) = self.looked_at.borrow().get(&step) {
            return known.clone();
        }
        let found = self.look(step);
        self.looked_at.borrow_mut().insert(step, found.clone());
        found
    }

    fn look(&self, step: Step) -> std::result::Result<PathBuf, String> {
        let path = self.mirror.folder.join(step.path(self.mirror.provider));
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if !path.is_file() {
            return Err("not there".into());
        }
        let listed = manifest::read(path.parent().unwrap_or(Path::new("."))).map_err(|e| e.reason())?.remove(&name);
        if let Some(listed) = listed
            && sha256_file(&path).map_err(|e| e.reason())?.1 != listed
        {
            return Err(format!("not the file of {}", manifest::NAME));
        }
        whole(&path, self.mirror.provider, step).map(|()| path)
    }
}

/// Whether a file is whole, of the step, and has what the model requires.
///
/// # Errors
/// What is wrong with it.
pub fn whole(path: &Path, provider: Provider, step: Step) -> std::result::Result<(), String> {
    let looked = File::open(path).and_then(|file| {
        let size = file.metadata()?.len();
        walk(&mut std::io::BufReader::new(file), size, provider, step)
    });
    looked.map_err(|e| e.to_string())?.map(|_| ())
}

/// Names in a folder; none where there is no folder.
fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        other => other.map_err(|e| Error::io(folder, e))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry.map_err(|e| Error::io(folder, e))?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}
