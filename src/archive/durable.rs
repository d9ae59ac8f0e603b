//! Writes that are either wholly on the disk or not there at all, and hashes of what is there.

use crate::error::{Error, Result};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Writes `bytes` to `path` so that a reader sees the old file or the new one, never a part, even after a power cut:
/// temporary file in the same folder, fsync, rename, fsync of the folder.
///
/// # Errors
/// `Io` with the path that failed; the old file then stays as it was.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let temporary = temporary(path)?;
    let written = (|| -> std::io::Result<()> {
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()
    })();
    if let Err(e) = written {
        // the first error is the one to report; a leftover is removed when its run is begun or published
        let _ = fs::remove_file(&temporary);
        return Err(Error::io(path, e));
    }
    install(&temporary, path)
}

/// Makes a folder, and those above it, where they are not there.
///
/// # Errors
/// `Io` with the folder.
pub fn make_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))
}

/// Proves that `bytes` more fit beside `path`, by writing and removing them. For files that a library writes which does not survive a full
/// disk: HDF5 crashes the process at its exit after a failed write.
///
/// # Errors
/// `Io` with the path when they do not fit.
pub fn prove_space(path: &Path, bytes: u64) -> Result<()> {
    let trial = temporary(path)?;
    let written = (|| -> std::io::Result<()> {
        let mut file = File::create(&trial)?;
        let block = [0u8; 65_536];
        let mut left = bytes;
        while left > 0 {
            let part = left.min(block.len() as u64) as usize;
            file.write_all(&block[..part])?;
            left -= part as u64;
        }
        file.sync_all()
    })();
    let removed = fs::remove_file(&trial);
    written.and(removed).map_err(|e| Error::io(path, e))
}

/// Name of the temporary file beside `path`: `.NAME.tmp`.
///
/// # Errors
/// `Io` when `path` has no file name.
pub fn temporary(path: &Path) -> Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| {
        Error::io(path, std::io::Error::new(std::io::ErrorKind::InvalidInput, "the path has no file name"))
    })?;
    Ok(path.with_file_name(format!(".{}.tmp", name.to_string_lossy())))
}

/// Renames a finished temporary file to its name and makes the rename durable.
///
/// # Errors
/// `Io` with the path.
pub fn install(temporary: &Path, path: &Path) -> Result<()> {
    fs::rename(temporary, path).map_err(|e| Error::io(path, e))?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// Flushes a file that another library wrote.
///
/// # Errors
/// `Io` with the path.
pub fn sync_file(path: &Path) -> Result<()> {
    File::open(path).and_then(|f| f.sync_all()).map_err(|e| Error::io(path, e))
}

/// Makes renames, creations and removals in a folder durable.
///
/// # Errors
/// `Io` with the path.
pub fn sync_folder(folder: &Path) -> Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    sync_file(folder)
}

/// SHA-256 of bytes, as 64 lower-case hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Length and SHA-256 of a file.
///
/// # Errors
/// `Io` with the path.
pub fn sha256_file(path: &Path) -> Result<(u64, String)> {
    let mut file = File::open(path).map_err(|e| Error::io(path, e))?;
    let (mut hasher, mut buffer, mut length) = (Sha256::new(), vec![0; 1 << 18], 0);
    loop {
        let n = file.read(&mut buffer).map_err(|e| Error::io(path, e))?;
        if n == 0 {
            return Ok((length, hex(&hasher.finalize())));
        }
        length += n as u64;
        hasher.update(&buffer[..n]);
    }
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

/// JSON for people and machines: two spaces, keys in the order of the type, a newline at the end. The same value gives the same bytes.
///
/// # Errors
/// `Format` naming `path` when the value cannot be written as JSON.
pub(super) fn json_bytes<T: Serialize>(path: &Path, value: &T) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|e| Error::format(path, "the document", e.to_string(), "a value that JSON can hold", "Report this"))?;
    bytes.push(b'\n');
    Ok(bytes)
}
