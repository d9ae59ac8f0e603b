//! The folder of runs: who may write, what is published, what is the latest.
//!
//! **Invariant:** under its name a run is whole or absent. **Why:** it appears by one rename. Where it replaces another, the old one
//! steps aside as `.old-<run>` for the moment between two renames, and readers look there too; whoever next takes the lock puts back
//! what a crash left there.

use super::durable::{self, sha256, write_atomic};
use super::manifest::{MANIFEST, Manifest, STAGES};
use super::run_id::RunId;
use super::work::{Work, remove_folder, remove_leftovers};
use crate::consultation::ConsultationRecord;
use crate::error::{Error, Result};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

/// The folder of runs.
#[derive(Debug, Clone)]
pub struct Store {
    runs: PathBuf,
}

/// The right to write, held until dropped (or until the process ends, however it ends).
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// What publishing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// The run is new.
    New,
    /// It took the place of an earlier one with other content.
    Replaced,
    /// The same bytes were there already.
    Unchanged,
}

/// A published run, read and checked against its manifest.
#[derive(Debug, Clone)]
pub struct Archived {
    pub run: RunId,
    pub manifest: Manifest,
    /// SHA-256 of the manifest, and so of the whole run.
    pub manifest_sha256: String,
    pub record: ConsultationRecord,
    /// The record as stored.
    pub record_bytes: Vec<u8>,
}

const NIGHT: &str = "Run `hazecast night` for it first";

impl Store {
    /// Opens a folder of runs, making it where there is none.
    ///
    /// # Errors
    /// `Io` with the path.
    pub fn open(runs: &Path) -> Result<Self> {
        fs::create_dir_all(runs).map_err(|e| Error::io(runs, e))?;
        Ok(Self { runs: runs.to_path_buf() })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.runs
    }

    /// Takes the right to write and heals what a crash left behind.
    ///
    /// # Errors
    /// `Busy` at once when another process or handle has it; `Io` otherwise.
    pub fn lock(&self) -> Result<Lock> {
        let path = self.runs.join(".lock");
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|e| Error::io(&path, e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::locked(path)),
            Err(TryLockError::Error(e)) => return Err(Error::io(&path, e)),
        }
        self.heal()?;
        Ok(Lock { _file: file })
    }

    /// Opens the work of a run. What an earlier try left is kept only if `input_key`, the hash of its inputs and configuration, is the same.
    ///
    /// # Errors
    /// `Io` with the path.
    pub fn begin(&self, _lock: &Lock, run: &RunId, input_key: &str) -> Result<Work> {
        Work::begin(self.hidden("work", run), run.clone(), input_key)
    }

    /// Publishes a work: manifest last, then one rename; `latest` is then the newest published cycle.
    /// Publishing the same bytes again changes nothing.
    ///
    /// # Errors
    /// `Io` with the path; what was published before then stays so.
    pub fn publish(&self, _lock: &Lock, work: &Work) -> Result<Published> {
        let (run, folder) = (work.run(), work.folder());
        remove_leftovers(folder)?;
        let manifest = Manifest::describe(folder, run.clone(), work.input_key().to_owned())?;
        for file in &manifest.files {
            durable::sync_file(&folder.join(&file.name))?;
        }
        let bytes = manifest.to_bytes()?;
        write_atomic(&folder.join(MANIFEST), &bytes)?;
        let (target, old) = (self.runs.join(run.as_str()), self.hidden("old", run));
        let published = if !target.exists() {
            rename(folder, &target)?;
            Published::New
        } else if Manifest::read(&target).is_ok_and(|(m, b)| b == bytes && m.verify(&target).is_ok()) {
            remove_folder(folder)?;
            Published::Unchanged
        } else {
            remove_folder(&old)?;
            rename(&target, &old)?;
            rename(folder, &target)?;
            Published::Replaced
        };
        durable::sync_folder(&self.runs)?;
        self.point_to_newest()?;
        remove_folder(&old)?;
        remove_folder(&target.join(STAGES))?;
        Ok(published)
    }

    /// Whether a run is published, undamaged, from the same inputs and configuration: its night need not be run again.
    ///
    /// # Errors
    /// `Io` on a read error other than absence or damage.
    pub fn is_published(&self, run: &RunId, input_key: &str) -> Result<bool> {
        let folder = match self.folder_of(run) {
            Ok(folder) => folder,
            Err(Error::Missing { .. }) => return Ok(false),
            Err(e) => return Err(e),
        };
        match Manifest::read(&folder) {
            Ok((manifest, _)) => Ok(manifest.input_key == input_key && self.verify(run).is_ok()),
            Err(Error::Format { .. }) => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// The published runs, oldest first.
    ///
    /// # Errors
    /// `Io` with the path.
    pub fn list(&self) -> Result<Vec<RunId>> {
        let mut runs: Vec<RunId> = Vec::new();
        for name in self.names()? {
            runs.extend(name.strip_prefix(".old-").unwrap_or(&name).parse::<RunId>().ok());
        }
        runs.sort();
        runs.dedup();
        runs.retain(|r| self.folder_of(r).is_ok());
        Ok(runs)
    }

    /// The newest published cycle; `None` before the first.
    ///
    /// # Errors
    /// `Io` with the path; `Format` when the pointer holds no run id.
    pub fn latest(&self) -> Result<Option<RunId>> {
        let path = self.runs.join("latest");
        match fs::read_to_string(&path) {
            Ok(text) => text.trim_end().parse().map(Some).map_err(|e: super::run_id::NotARunId| {
                let remedy = "Remove the file: the next night writes it again";
                Error::format(&path, "line 1", e.0, "a run id", remedy)
            }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::io(&path, e)),
        }
    }

    /// Re-hashes every file of a published run against its manifest.
    ///
    /// # Errors
    /// `Format` naming the file that differs; `Missing` when there is no such run.
    pub fn verify(&self, run: &RunId) -> Result<()> {
        let folder = self.folder_of(run)?;
        let (manifest, bytes) = Manifest::read(&folder)?;
        if &manifest.run != run || manifest.to_bytes()? != bytes {
            let found = format!("the manifest of {} in another spelling", manifest.run);
            let expected = format!("the manifest of {run} as written");
            return Err(Error::format(folder.join(MANIFEST), "run", found, expected, "Restore the run from a backup"));
        }
        manifest.verify(&folder)
    }

    /// Path of a file of a published run, after its hash was checked against the manifest.
    ///
    /// # Errors
    /// `Missing` when there is no such run or file, `Format` when the file is not what the manifest says, `Io` on a read error.
    pub fn file(&self, run: &RunId, name: &str) -> Result<PathBuf> {
        let folder = self.folder_of(run)?;
        let (manifest, _) = Manifest::read(&folder)?;
        let path = folder.join(name);
        let Some(listed) = manifest.file(name) else {
            return Err(Error::missing(format!("{name} of run {run}"), path, NIGHT));
        };
        let (_, found) = durable::sha256_file(&path)?;
        if found != listed.sha256 {
            let remedy = "Restore the run from a backup or run its night again";
            return Err(Error::format(&path, "SHA-256", found, listed.sha256.as_str(), remedy));
        }
        Ok(path)
    }

    /// Content of a file of a published run, checked against the manifest.
    ///
    /// # Errors
    /// As [`Store::file`].
    pub fn bytes(&self, run: &RunId, name: &str) -> Result<Vec<u8>> {
        let path = self.file(run, name)?;
        fs::read(&path).map_err(|e| Error::io(&path, e))
    }

    /// SHA-256 of a run's manifest.
    ///
    /// # Errors
    /// `Missing` when there is no such run, `Io` or `Format` when its manifest cannot be read.
    pub fn manifest_sha256(&self, run: &RunId) -> Result<String> {
        Ok(sha256(&Manifest::read(&self.folder_of(run)?)?.1))
    }

    /// Reads a published run: its manifest, and its record checked against it.
    ///
    /// # Errors
    /// `Missing` when there is no such run; `Format` when its record is not what the manifest says or not a record.
    pub fn read(&self, run: &RunId) -> Result<Archived> {
        // a run that is replaced between two reads shows the manifest of one and the record of the other: look again
        let mut last = self.read_once(run);
        for _ in 0..3 {
            if !matches!(last, Err(Error::Format { .. } | Error::Io { .. })) {
                break;
            }
            last = self.read_once(run);
        }
        last
    }

    fn read_once(&self, run: &RunId) -> Result<Archived> {
        let folder = self.folder_of(run)?;
        let (manifest, bytes) = Manifest::read(&folder)?;
        let path = folder.join(super::RECORD);
        let record_bytes = fs::read(&path).map_err(|e| Error::io(&path, e))?;
        let remedy = "Restore the run from a backup or run its night again";
        let (found, listed) = (sha256(&record_bytes), manifest.file(super::RECORD).map(|f| f.sha256.as_str()));
        if listed != Some(found.as_str()) {
            return Err(Error::format(&path, "SHA-256", found, listed.unwrap_or("an entry in the manifest"), remedy));
        }
        let record: ConsultationRecord = serde_json::from_slice(&record_bytes).map_err(|e| {
            Error::format(&path, format!("line {}", e.line()), e.to_string(), "a consultation record", remedy)
        })?;
        Ok(Archived { run: run.clone(), manifest, manifest_sha256: sha256(&bytes), record, record_bytes })
    }

    fn folder_of(&self, run: &RunId) -> Result<PathBuf> {
        let candidates = [self.runs.join(run.as_str()), self.hidden("old", run)];
        candidates
            .iter()
            .chain(&candidates[..1])
            .find(|f| f.join(MANIFEST).is_file())
            .cloned()
            .ok_or_else(|| Error::missing(format!("the published run {run}"), &candidates[0], NIGHT))
    }

    fn hidden(&self, kind: &str, run: &RunId) -> PathBuf {
        self.runs.join(format!(".{kind}-{run}"))
    }

    fn names(&self) -> Result<Vec<String>> {
        let entries = fs::read_dir(&self.runs).map_err(|e| Error::io(&self.runs, e))?;
        entries
            .map(|e| e.map(|e| e.file_name().to_string_lossy().into_owned()).map_err(|e| Error::io(&self.runs, e)))
            .collect()
    }

    /// Puts back a run whose replacement was cut short between two renames; removes what is no longer needed.
    fn heal(&self) -> Result<()> {
        for name in self.names()? {
            if let Some(run) = name.strip_prefix(".old-").and_then(|r| r.parse::<RunId>().ok()) {
                let (old, target) = (self.hidden("old", &run), self.runs.join(run.as_str()));
                if target.exists() { remove_folder(&old)? } else { rename(&old, &target)? }
            }
        }
        durable::sync_folder(&self.runs)?;
        for run in self.list()? {
            remove_folder(&self.runs.join(run.as_str()).join(STAGES))?;
        }
        self.point_to_newest()
    }

    fn point_to_newest(&self) -> Result<()> {
        let path = self.runs.join("latest");
        match self.list()?.last() {
            Some(newest) if self.latest().ok().flatten().as_ref() != Some(newest) => {
                write_atomic(&path, format!("{newest}\n").as_bytes())
            }
            None if path.exists() => fs::remove_file(&path).map_err(|e| Error::io(&path, e)),
            _ => Ok(()),
        }
    }
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(|e| Error::io(to, e))
}
