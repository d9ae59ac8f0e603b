//! A file on its way: `.NAME.part` grows until it is whole, then takes its name; a note beside it tells of which version of the file it is.
//!
//! **Invariant:** under its own name a file is whole, checked and listed in `SHA256SUMS`; whatever stops the program, the next one goes on from
//! what is there.

use super::answer::Version;
use super::manifest;
use super::trouble::Trouble;
use crate::archive::durable::{install, sha256_file, write_atomic};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Why a file did not arrive.
#[derive(Debug)]
pub enum Failure {
    /// The disk: nothing more can be fetched.
    Disk(Error),
    /// This file only.
    Of(Trouble),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Disk(error)
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::Of(trouble)
    }
}

/// Of what the part is a part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Hash of the index by which messages were chosen; `None`: the whole file.
    pub index_sha256: Option<String>,
    pub version: Version,
}

/// A file that is being fetched.
#[derive(Debug)]
pub struct Partial {
    target: PathBuf,
    path: PathBuf,
    note_path: PathBuf,
    file: File,
    pub length: u64,
    pub note: Note,
}

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    pub bytes: u64,
    pub sha256: String,
}

impl Partial {
    /// Opens what an earlier try left of `target`; empty when there is nothing, or when `fits` does not want it.
    ///
    /// # Errors
    /// `Io` with the path.
    pub fn open(target: &Path, fits: impl Fn(&Note) -> bool) -> Result<Self> {
        let name = target.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let folder = target.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
        let path = folder.join(format!(".{name}.part"));
        let note_path = folder.join(format!(".{name}.part.json"));
        let file = File::options().create(true).truncate(false).read(true).write(true).open(&path);
        let file = file.map_err(|e| Error::io(&path, e))?;
        let length = file.metadata().map_err(|e| Error::io(&path, e))?.len();
        // a note that cannot be read is none
        let note: Option<Note> = fs::read(&note_path).ok().and_then(|b| serde_json::from_slice(&b).ok());
        let kept = note.filter(&fits);
        let mut partial = Self { target: target.to_path_buf(), path, note_path, file, length, note: Note::default() };
        match kept {
            Some(note) => partial.note = note,
            None => partial.cut(0)?,
        }
        Ok(partial)
    }

    /// Keeps the first `length` bytes.
    ///
    /// # Errors
    /// `Io` with the path.
    pub fn cut(&mut self, length: u64) -> Result<()> {
        let cut = self.file.set_len(length).and_then(|()| self.file.seek(SeekFrom::Start(length)));
        cut.map_err(|e| Error::io(&self.path, e))?;
        self.length = length;
        Ok(())
    }

    /// The file, at its beginning.
    ///
    /// # Errors
    /// `Io` with the path.
    pub fn rewound(&mut self) -> Result<&mut File> {
        self.file.rewind().map_err(|e| Error::io(&self.path, e))?;
        Ok(&mut self.file)
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// `Io` with the path.
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let written = self.file.seek(SeekFrom::Start(self.length)).and_then(|_| self.file.write_all(bytes));
        written.map_err(|e| Error::io(&self.path, e))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Replaces the note, if it changes.
    ///
    /// # Errors
    /// `Io` with the path.
    pub fn tell(&mut self, note: Note) -> Result<()> {
        if note != self.note || !self.note_path.exists() {
            // a note of a new version must not outlive a power cut beside the bytes of the old one
            self.file.sync_data().map_err(|e| Error::io(&self.path, e))?;
            let bytes = serde_json::to_vec(&note).map_err(|e| Error::io(&self.note_path, e.into()))?;
            write_atomic(&self.note_path, &bytes)?;
            self.note = note;
        }
        Ok(())
    }

    /// Gives the file its name and lists its hash.
    ///
    /// # Errors
    /// `Io` with the path.
    pub fn publish(self) -> Result<Published> {
        self.file.sync_all().map_err(|e| Error::io(&self.path, e))?;
        let (bytes, sha256) = sha256_file(&self.path)?;
        // listed first: a file without its line would be fetched again, a line without its file does no harm
        let name = self.target.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        manifest::record(self.target.parent().unwrap_or(Path::new(".")), &name, &sha256)?;
        install(&self.path, &self.target)?;
        // the part is gone, so a note that stays tells of nothing
        let _ = fs::remove_file(&self.note_path);
        Ok(Published { bytes, sha256 })
    }

    /// Throws the part away.
    ///
    /// # Errors
    /// `Io` with the path.
    pub fn discard(self) -> Result<()> {
        let _ = fs::remove_file(&self.note_path);
        fs::remove_file(&self.path).map_err(|e| Error::io(&self.path, e))
    }
}

/// What lies under `target`; `None`: nothing, or something else than `SHA256SUMS` lists.
///
/// # Errors
/// `Io`; `Format` of the list.
pub fn published(target: &Path) -> Result<Option<Published>> {
    let name = target.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let listed = manifest::read(target.parent().unwrap_or(Path::new(".")))?.remove(&name);
    if !target.is_file() {
        return Ok(None);
    }
    let (bytes, sha256) = sha256_file(target)?;
    Ok(listed.is_none_or(|l| l == sha256).then_some(Published { bytes, sha256 }))
}
