//! Everything that a night needs from elsewhere: fetched, or said why not.

use super::client::Client;
use super::layout::Step;
use super::mirror_folder::whole;
use super::partial::{Failure, Published, published};
use super::plain_file;
use super::resolver::Lookup;
use super::slots::{Hours, Slot, run_at, slots};
use super::step_file::{self, Fetched, Wanted};
use super::trouble::Trouble;
use crate::config::Config;
use crate::config::mirror::{Fetching, Mirror, RemoteFile};
use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It was there already: whole, and with the hash of its list where that has it.
    Present,
    Fetched,
    /// It could not be fetched; what was there before stays.
    Missing,
}

/// A file of the errand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// Path below the mirror's folder; of plain files the name.
    pub file: String,
    /// Its address, without secrets.
    pub url: String,
    pub state: State,
    /// Whether the night can do without it.
    pub required: bool,
    pub bytes: u64,
    pub sha256: Option<String>,
    /// Bytes that an earlier try had left.
    pub resumed_bytes: u64,
    /// Whether the whole file was fetched where parts were wanted.
    pub whole_file: bool,
    pub trouble: Option<Trouble>,
}

/// What was fetched.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub cycle: DateTime<Utc>,
    /// Start of the run that the mirror now holds for the cycle; `None`: no run is complete, or no mirror is configured.
    pub run: Option<DateTime<Utc>>,
    /// Whether everything required is there, from the run of the cycle itself.
    pub complete: bool,
    /// Whether the night lacks its meteorology.
    pub without_meteorology: bool,
    pub requests: u64,
    pub files: Vec<FileReport>,
}

/// The world outside: waiting and names.
#[derive(Clone, Copy)]
pub struct World<'a> {
    pub pause: &'a dyn Fn(std::time::Duration),
    pub lookup: Lookup,
    /// Called before each file with its address.
    pub progress: &'a dyn Fn(&str),
}

/// Fetches what the night of `cycle` needs.
///
/// # Errors
/// `Invalid` without `[fetch]`; `Busy` while another one fetches; `Io` from the disk. What a server lacks or refuses is in the report.
pub fn fetch(config: &Config, path: &Path, cycle: DateTime<Utc>, world: World) -> Result<Report> {
    let Some(settings) = &config.fetch else {
        return Err(Error::invalid(path, "fetch", "no such table", "[fetch] with the hosts that may be asked"));
    };
    let _locks = places(config, settings, cycle)?.iter().map(|p| lock(p)).collect::<Result<Vec<File>>>()?;
    let client = Client::new(settings, world.pause, world.lookup);
    let mut errand = Errand { client: &client, settings, world, files: Vec::new() };
    let run = match (&config.inputs.mirror, &settings.meteorology) {
        (Some(mirror), Some(base)) => {
            let hours = Hours { cycle, spin_up: config.spin_up_hours, forecast: config.forecast_hours };
            errand.meteorology(mirror, base.trim_end_matches('/'), hours)?
        }
        _ => None,
    };
    for file in &settings.files {
        errand.plain(file, cycle)?;
    }
    let wanted = config.inputs.mirror.as_ref().filter(|_| settings.meteorology.is_some());
    let of_cycle = wanted.is_none_or(|mirror| run == Some(run_at(mirror, cycle, 0)));
    // what the runs that failed lacked is no lack where another run stands in, but the night is degraded by it
    let complete = of_cycle && errand.files.iter().all(|f| f.state != State::Missing || !f.required);
    Ok(Report {
        cycle,
        run,
        complete,
        without_meteorology: wanted.is_some() && run.is_none(),
        requests: client.requests(),
        files: errand.files,
    })
}

/// The folders that are written to, each once, in one order for every errand.
fn places(config: &Config, settings: &Fetching, cycle: DateTime<Utc>) -> Result<BTreeSet<PathBuf>> {
    let mirror = config.inputs.mirror.as_ref().filter(|_| settings.meteorology.is_some());
    let mut folders: Vec<PathBuf> = mirror.map(|m| m.folder.clone()).into_iter().collect();
    for file in &settings.files {
        let targets = plain_file::days(file, cycle).into_iter().map(|day| plain_file::target(file, day));
        folders.extend(targets.filter_map(|t| t.parent().map(Path::to_path_buf)));
    }
    // one folder under two names is one place
    let settled = |folder: PathBuf| {
        std::fs::create_dir_all(&folder).and_then(|()| folder.canonicalize()).map_err(|e| Error::io(&folder, e))
    };
    folders.into_iter().map(settled).collect()
}

/// One errand at a time in one place.
fn lock(place: &Path) -> Result<File> {
    let path = place.join(".fetch.lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(|e| Error::io(&path, e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::locked(path)),
        Err(TryLockError::Error(e)) => Err(Error::io(&path, e)),
    }
}

struct Errand<'a> {
    client: &'a Client<'a>,
    settings: &'a Fetching,
    world: World<'a>,
    files: Vec<FileReport>,
}

impl Errand<'_> {
    /// The steps of the newest run that has all, and the steps by which it may stand in for runs to come.
    fn meteorology(&mut self, mirror: &Mirror, base: &str, hours: Hours) -> Result<Option<DateTime<Utc>>> {
        for back in 0..=mirror.older_runs {
            let run = run_at(mirror, hours.cycle, back);
            if self.whole_run(mirror, base, &slots(mirror, hours, run))? {
                let reserve = mirror.older_runs.saturating_sub(back) * mirror.cycle_hours();
                let longer = Hours { forecast: hours.forecast + reserve, ..hours };
                let needed = slots(mirror, hours, run).len();
                for slot in slots(mirror, longer, run).into_iter().skip(needed) {
                    if !self.slot(mirror, base, &slot, false)? {
                        break;
                    }
                }
                return Ok(Some(run));
            }
        }
        Ok(None)
    }

    fn whole_run(&mut self, mirror: &Mirror, base: &str, slots: &[Slot]) -> Result<bool> {
        for slot in slots {
            if !self.slot(mirror, base, slot, true)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// One time: the first of its files that can be had.
    fn slot(&mut self, mirror: &Mirror, base: &str, slot: &Slot, required: bool) -> Result<bool> {
        for &step in &slot.choices {
            let last = Some(&step) == slot.choices.last();
            if self.step(mirror, base, step, (required, last))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// One file; `last`: there is no other for its time.
    fn step(&mut self, mirror: &Mirror, base: &str, step: Step, (required, last): (bool, bool)) -> Result<bool> {
        let target = mirror.folder.join(step.path(mirror.provider));
        let wanted = Wanted {
            provider: mirror.provider,
            base,
            step,
            lowest_pa: self.settings.lowest_pressure_hpa * 100,
            whole: self.settings.whole_files,
        };
        let (file, url) = (step.path(mirror.provider), wanted.address().shown);
        if self.files.iter().any(|f| f.file == file) {
            return Ok(self.files.iter().any(|f| f.file == file && f.state != State::Missing));
        }
        // what was copied by hand is in no list
        let sound = published(&target)?.filter(|_| whole(&target, mirror.provider, step).is_ok());
        if let Some(published) = sound {
            self.files.push(report((file, url, required), State::Present, Some(published), None));
            return Ok(true);
        }
        (self.world.progress)(&url);
        match step_file::fetch(self.client, &wanted, &target) {
            Ok(Fetched { published, resumed, whole, instead }) => {
                let told = report((file, url, required), State::Fetched, Some(published), instead);
                self.files.push(FileReport { resumed_bytes: resumed, whole_file: whole, ..told });
                Ok(true)
            }
            Err(failure) => self.missing((file, url, required && last), failure),
        }
    }

    fn missing(&mut self, (file, url, required): (String, String, bool), failure: Failure) -> Result<bool> {
        match failure {
            Failure::Disk(error) => Err(error),
            Failure::Of(trouble) => {
                self.files.push(report((file, url, required), State::Missing, None, Some(trouble)));
                Ok(false)
            }
        }
    }

    /// A plain file per day, the oldest first. Days may still grow, so each is fetched anew.
    fn plain(&mut self, file: &RemoteFile, cycle: DateTime<Utc>) -> Result<()> {
        for day in plain_file::days(file, cycle) {
            let (target, shown) = (plain_file::target(file, day), plain_file::shown(file, day));
            let name = target.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            (self.world.progress)(&shown);
            match plain_file::fetch(self.client, file, day, &target) {
                Ok((published, resumed)) => {
                    let told = report((name, shown, true), State::Fetched, Some(published), None);
                    self.files.push(FileReport { resumed_bytes: resumed, ..told });
                }
                Err(failure) => {
                    self.missing((name, shown, true), failure)?;
                }
            }
        }
        Ok(())
    }
}

fn report(
    (file, url, required): (String, String, bool),
    state: State,
    published: Option<Published>,
    trouble: Option<Trouble>,
) -> FileReport {
    let (bytes, sha256) = published.map_or((0, None), |p| (p.bytes, Some(p.sha256)));
    FileReport { file, url, state, required, bytes, sha256, resumed_bytes: 0, whole_file: false, trouble }
}
