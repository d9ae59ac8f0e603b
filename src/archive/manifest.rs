//! The manifest: every file of a run with its length and hash.

use super::durable::sha256_file;
use super::run_id::RunId;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// File name of the manifest, written last.
pub const MANIFEST: &str = "manifest.json";
/// Folder of resumable stage products; it is no part of a published run.
pub const STAGES: &str = "stages";

/// One file of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ManifestFile {
    pub name: String,
    pub bytes: u64,
    pub sha256: String,
}

/// What a published run consists of.
///
/// **Invariant:** every regular file of the run's folder is listed, sorted by name, but the manifest itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Manifest {
    /// Version of this document's shape.
    pub schema: u32,
    #[schema(value_type = String)]
    pub run: RunId,
    /// Hash of the inputs and the configuration that the run was made from.
    pub input_key: String,
    pub files: Vec<ManifestFile>,
}

impl Manifest {
    /// Describes the files of `folder`.
    ///
    /// # Errors
    /// `Io` on a read error; `Format` when the folder holds anything but plain files and the stages.
    pub fn describe(folder: &Path, run: RunId, input_key: String) -> Result<Self> {
        let mut files = Vec::new();
        for name in file_names(folder)? {
            let (bytes, sha256) = sha256_file(&folder.join(&name))?;
            files.push(ManifestFile { name, bytes, sha256 });
        }
        Ok(Self { schema: 1, run, input_key, files })
    }

    /// Reads the manifest of `folder` and its own bytes.
    ///
    /// # Errors
    /// `Io` when it cannot be read, `Format` when it is not a manifest.
    pub fn read(folder: &Path) -> Result<(Self, Vec<u8>)> {
        let path = folder.join(MANIFEST);
        let bytes = fs::read(&path).map_err(|e| Error::io(&path, e))?;
        let manifest = serde_json::from_slice(&bytes).map_err(|e| {
            Error::format(&path, format!("line {}", e.line()), e.to_string(), "a manifest of this program", REMEDY)
        })?;
        Ok((manifest, bytes))
    }

    /// The bytes that are stored.
    ///
    /// # Errors
    /// `Format` when the document cannot be serialised.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        super::durable::json_bytes(Path::new(MANIFEST), self)
    }

    /// The entry of a file.
    pub fn file(&self, name: &str) -> Option<&ManifestFile> {
        self.files.iter().find(|f| f.name == name)
    }

    /// Re-hashes every file of `folder`.
    ///
    /// # Errors
    /// `Format` naming the first file that is missing, unlisted or altered; `Io` on a read error.
    pub fn verify(&self, folder: &Path) -> Result<()> {
        let refuse = |name: &str, found: String, expected: String| {
            Err(Error::format(folder.join(name), "the whole file", found, expected, REMEDY))
        };
        let names = file_names(folder)?;
        if let Some(name) = names.iter().find(|n| self.file(n).is_none()) {
            return refuse(name, "a file that the manifest does not list".into(), "no such file".into());
        }
        for file in &self.files {
            if !names.contains(&file.name) {
                return refuse(&file.name, "no file".into(), format!("{} bytes", file.bytes));
            }
            let (bytes, sha256) = sha256_file(&folder.join(&file.name))?;
            if (bytes, &sha256) != (file.bytes, &file.sha256) {
                let expected = format!("{} bytes with SHA-256 {}", file.bytes, file.sha256);
                return refuse(&file.name, format!("{bytes} bytes with SHA-256 {sha256}"), expected);
            }
        }
        Ok(())
    }
}

const REMEDY: &str = "Restore the run from a backup or run its night again";

/// Names of the run's files, sorted; the manifest and the stages are left out.
fn file_names(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| Error::io(folder, e))? {
        let entry = entry.map_err(|e| Error::io(folder, e))?;
        let kind = entry.file_type().map_err(|e| Error::io(entry.path(), e))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == MANIFEST || (name == STAGES && kind.is_dir()) {
            continue;
        }
        if !kind.is_file() {
            return Err(Error::format(entry.path(), "folder entry", "no plain file", "plain files only", REMEDY));
        }
        names.push(name);
    }
    names.sort();
    Ok(names)
}
