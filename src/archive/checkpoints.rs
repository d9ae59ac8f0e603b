//! Checkpoints of one run in a folder: the two newest, each a file of its own, whole or absent.

use super::durable::{sync_folder, write_atomic};
use crate::error::{Error, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Generations that are kept: if the newest is damaged, the one before it is used.
const KEPT: usize = 2;
const SUFFIX: &str = ".checkpoint";

/// Checkpoints of the run `name` in `folder`: `NAME-HOUR.checkpoint`.
#[derive(Debug, Clone)]
pub struct CheckpointFolder {
    folder: PathBuf,
    prefix: String,
}

impl CheckpointFolder {
    /// The checkpoints of `name`, in a folder that exists.
    pub fn new(folder: PathBuf, name: &str) -> Self {
        Self { folder, prefix: format!("{name}-") }
    }

    /// Where they lie.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the checkpoint of `hour` is kept.
    pub fn path(&self, hour: u32) -> PathBuf {
        self.folder.join(format!("{}{hour:04}{SUFFIX}", self.prefix))
    }

    /// Hour and path of every checkpoint, newest first.
    ///
    /// # Errors
    /// `Io` with the path.
    pub fn list(&self) -> Result<Vec<(u32, PathBuf)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(|e| Error::io(&self.folder, e))? {
            let path = entry.map_err(|e| Error::io(&self.folder, e))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let hour = name.strip_prefix(&self.prefix).and_then(|rest| rest.strip_suffix(SUFFIX)?.parse::<u32>().ok());
            found.extend(hour.map(|h| (h, path.clone())));
        }
        found.sort_by(|a, b| b.cmp(a));
        Ok(found)
    }

    /// Bytes of a checkpoint; 0 is the newest.
    ///
    /// # Errors
    /// `Missing` when there are not so many; `Io` with the path.
    pub fn read(&self, generation: usize) -> Result<Vec<u8>> {
        let Some((_, path)) = self.list()?.into_iter().nth(generation) else {
            return Err(Error::missing("a checkpoint", &self.folder, "Run the night from its beginning"));
        };
        fs::read(&path).map_err(|e| Error::io(&path, e))
    }

    /// Writes the checkpoint of `hour` beside the others, then keeps it and the newest of an earlier hour. **Why not one of a later hour:** the
    /// run that writes this one did not go on from it, so it is damaged or of another run.
    ///
    /// # Errors
    /// `Io` with the path; the checkpoints before it then stay.
    pub fn keep(&self, hour: u32, bytes: &[u8]) -> Result<()> {
        write_atomic(&self.path(hour), bytes)?;
        let listed = self.list()?;
        let (later, others): (Vec<_>, Vec<_>) = listed.into_iter().partition(|(h, _)| *h > hour);
        self.remove(later.into_iter().chain(others.into_iter().skip(KEPT)))
    }

    /// Removes all of them.
    ///
    /// # Errors
    /// `Io` with the path.
    pub fn clear(&self) -> Result<()> {
        self.remove(self.list()?.into_iter())
    }

    fn remove(&self, which: impl Iterator<Item = (u32, PathBuf)>) -> Result<()> {
        for (_, path) in which {
            fs::remove_file(&path).map_err(|e| Error::io(&path, e))?;
        }
        sync_folder(&self.folder)
    }
}
