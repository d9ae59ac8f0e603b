//! A run in progress: its folder, and the products of stages that a broken night resumes from.

use super::checkpoints::CheckpointFolder;
use super::durable::json_bytes;
use super::durable::{self, sha256, write_atomic};
use super::manifest::STAGES;
use super::run_id::RunId;
use crate::error::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs;
use std::path::{Path, PathBuf};

/// Name of the file that holds the input key.
const KEY: &str = "input_key";

/// A run in progress. Only the holder of the store's lock may have one.
#[derive(Debug)]
pub struct Work {
    folder: PathBuf,
    run: RunId,
    input_key: String,
}

impl Work {
    /// Opens the work folder of a run, or makes it anew when there is none or when it was begun from other inputs.
    pub(super) fn begin(folder: PathBuf, run: RunId, input_key: &str) -> Result<Self> {
        let key_path = folder.join(STAGES).join(KEY);
        if fs::read(&key_path).ok().as_deref() != Some(input_key.as_bytes()) {
            remove_folder(&folder)?;
            let stages = folder.join(STAGES);
            fs::create_dir_all(&stages).map_err(|e| Error::io(&stages, e))?;
            write_atomic(&key_path, input_key.as_bytes())?;
            durable::sync_folder(&folder)?;
            durable::sync_folder(folder.parent().unwrap_or(Path::new(".")))?;
        }
        remove_leftovers(&folder)?;
        Ok(Self { folder, run, input_key: input_key.to_owned() })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The run.
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// Hash of inputs and configuration that this work was begun with.
    pub fn input_key(&self) -> &str {
        &self.input_key
    }

    /// Path of a product, such as [`super::BASE_FIELDS`].
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a product that is JSON, after proving that it reads back as the same value: JSON has no NaN and would hold `null`.
    ///
    /// # Errors
    /// `Io` with the path; `Format` when `value` does not survive.
    pub fn save_json<T: Serialize + DeserializeOwned + PartialEq>(&self, name: &str, value: &T) -> Result<()> {
        let path = self.path(name);
        let bytes = json_bytes(&path, value)?;
        let found = match serde_json::from_slice::<T>(&bytes) {
            Ok(back) if back == *value => return write_atomic(&path, &bytes),
            Ok(_) => "another value after reading it back".to_owned(),
            Err(e) => e.to_string(),
        };
        Err(Error::format(
            &path,
            "the document",
            found,
            "a value that JSON can hold: no NaN, no infinity",
            "Report this",
        ))
    }

    /// Keeps the product of a stage, so that a broken night resumes after it.
    ///
    /// # Errors
    /// `Io` with the path; `Invalid` when `stage` is not of lower-case letters, digits and `_`.
    pub fn save_stage<T: Serialize>(&self, stage: &str, value: &T) -> Result<()> {
        let path = self.stage_path(stage)?;
        let mut bytes = json_bytes(&path, value)?;
        let hash = sha256(&bytes);
        bytes.extend_from_slice(hash.as_bytes());
        write_atomic(&path, &bytes)
    }

    /// The product of a stage; `None` when it was never kept, or is torn, altered or of an older shape: it is then made again.
    ///
    /// # Errors
    /// `Io` on a read error; `Invalid` as [`Work::save_stage`].
    pub fn load_stage<T: DeserializeOwned>(&self, stage: &str) -> Result<Option<T>> {
        let path = self.stage_path(stage)?;
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io(&path, e)),
        };
        let Some((document, hash)) = bytes.split_last_chunk::<64>() else { return Ok(None) };
        if sha256(document).as_bytes() != hash {
            return Ok(None);
        }
        Ok(serde_json::from_slice(document).ok())
    }

    /// Keeps bytes of a stage beside its product.
    ///
    /// # Errors
    /// As [`Work::save_stage`].
    pub fn save_stage_bytes(&self, stage: &str, bytes: &[u8]) -> Result<()> {
        let path = self.stage_path(stage)?.with_extension("bytes");
        write_atomic(&path, &[bytes, sha256(bytes).as_bytes()].concat())
    }

    /// The bytes of a stage; `None` as [`Work::load_stage`].
    ///
    /// # Errors
    /// As [`Work::load_stage`].
    pub fn load_stage_bytes(&self, stage: &str) -> Result<Option<Vec<u8>>> {
        let path = self.stage_path(stage)?.with_extension("bytes");
        let mut bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io(&path, e)),
        };
        let Some((found, hash)) = bytes.split_last_chunk::<64>() else { return Ok(None) };
        let (whole, length) = (sha256(found).as_bytes() == hash, found.len());
        bytes.truncate(length);
        Ok(whole.then_some(bytes))
    }

    /// Path of a file of a stage that is no part of what is published.
    pub fn stage_file(&self, name: &str) -> PathBuf {
        self.folder.join(STAGES).join(name)
    }

    /// Checkpoints of a stage's run; they are no part of what is published.
    ///
    /// # Errors
    /// `Invalid` as [`Work::save_stage`].
    pub fn checkpoints(&self, stage: &str) -> Result<CheckpointFolder> {
        self.stage_path(stage)?;
        Ok(CheckpointFolder::new(self.folder.join(STAGES), stage))
    }

    fn stage_path(&self, stage: &str) -> Result<PathBuf> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if stage.is_empty() || !stage.bytes().all(plain) {
            return Err(Error::invalid(&self.folder, "stage", stage, "lower-case letters, digits and _"));
        }
        Ok(self.folder.join(STAGES).join(format!("{stage}.json")))
    }
}

/// Removes temporary files that a broken write left.
pub(super) fn remove_leftovers(folder: &Path) -> Result<()> {
    for folder in [folder.to_path_buf(), folder.join(STAGES)] {
        for entry in fs::read_dir(&folder).map_err(|e| Error::io(&folder, e))? {
            let path = entry.map_err(|e| Error::io(&folder, e))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with('.') && name.ends_with(".tmp") {
                fs::remove_file(&path).map_err(|e| Error::io(&path, e))?;
            }
        }
    }
    Ok(())
}

/// Removes a folder with all that is in it; none is no error.
pub(super) fn remove_folder(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io(folder, e)),
        _ => Ok(()),
    }
}
