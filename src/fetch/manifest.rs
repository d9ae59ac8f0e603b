//! `SHA256SUMS` beside fetched files, in the form that `sha256sum -c` reads.

use crate::archive::durable::write_atomic;
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

pub use crate::config::HASH_LIST as NAME;

/// Hashes by file name; empty where there is no list.
///
/// # Errors
/// `Io`; `Format` naming the line.
pub fn read(folder: &Path) -> Result<BTreeMap<String, String>> {
    let path = folder.join(NAME);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(e) => return Err(Error::io(&path, e)),
    };
    let mut hashes = BTreeMap::new();
    for (i, line) in text.lines().enumerate() {
        let parts = line
            .split_once("  ")
            .filter(|(hash, name)| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()) && !name.is_empty());
        let Some((hash, name)) = parts else {
            let (found, remedy) = (format!("`{line}`"), "Remove the list; the files are then taken without it");
            return Err(Error::format(
                &path,
                format!("line {}", i + 1),
                found,
                "a hash, two spaces and a name",
                remedy,
            ));
        };
        hashes.insert(name.to_owned(), hash.to_ascii_lowercase());
    }
    Ok(hashes)
}

/// Adds or replaces the hash of a file.
///
/// # Errors
/// As [`read`]; `Io` when it cannot be written.
pub fn record(folder: &Path, name: &str, sha256: &str) -> Result<()> {
    let mut hashes = read(folder)?;
    hashes.insert(name.to_owned(), sha256.to_owned());
    let mut text = String::new();
    for (name, hash) in hashes {
        let _ = writeln!(text, "{hash}  {name}");
    }
    write_atomic(&folder.join(NAME), text.as_bytes())
}
