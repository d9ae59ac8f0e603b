//! The trained correction as a file: one JSON document, known by its hash.

use super::durable::{sha256, write_atomic};
use crate::consultation::InputFile;
use crate::error::{Error, Result};
use crate::forecast::learning::artefact::Artefact;
use std::path::Path;

/// Version of the document.
const SCHEMA: u32 = 1;

/// Writes the artefact; what stood there before is replaced as a whole.
///
/// # Errors
/// `Io` when the file cannot be written.
pub fn write(path: &Path, artefact: &Artefact) -> Result<InputFile> {
    let bytes = serde_json::to_vec(artefact).map_err(|e| Error::io(path, std::io::Error::other(e)))?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
    }
    write_atomic(path, &bytes)?;
    Ok(described(path, &bytes))
}

/// Reads the artefact; `None` where there is no such file yet.
///
/// # Errors
/// `Io` when the file cannot be read; `Format` when it is no artefact of this version.
pub fn read(path: &Path) -> Result<Option<(Artefact, InputFile)>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::io(path, e)),
    };
    let refuse = |found: String| {
        Error::format(
            path,
            "the document",
            found,
            format!("a correction of schema {SCHEMA}"),
            "Train anew: hazecast train",
        )
    };
    let artefact: Artefact = serde_json::from_slice(&bytes).map_err(|e| refuse(e.to_string()))?;
    if artefact.schema != SCHEMA {
        return Err(refuse(format!("schema {}", artefact.schema)));
    }
    let file = described(path, &bytes);
    Ok(Some((artefact, file)))
}

fn described(path: &Path, bytes: &[u8]) -> InputFile {
    InputFile {
        role: "learned correction".into(),
        name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        bytes: bytes.len() as u64,
        sha256: sha256(bytes),
    }
}
