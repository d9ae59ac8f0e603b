//! All files of a gridded inventory: which layout each has, and their sources together.

use super::Window;
use super::inventory_fields::{GridField, InventoryGroup, groups};
use super::inventory_overlap::apart;
use super::inventory_vocabulary::Vocabulary;
use super::netcdf_file::{NetcdfFile, on_netcdf_thread};
use super::{
    inventory_ioapi, inventory_meic_netcdf, inventory_netcdf, inventory_source_list, inventory_text, inventory_wrfchemi,
};
use crate::error::{Error, Rejection, Result};
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes at the start of a file by which its kind is told.
const HEAD: u64 = 4096;

/// What one file holds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct FileContent {
    /// Layout, in words.
    pub layout: String,
    pub fields: Vec<GridField>,
    /// Sources of a file that lists them one by one.
    pub listed: Vec<InventoryGroup>,
    pub notes: Vec<Rejection>,
}

/// Whether a file is a gridded inventory (NetCDF, EDGAR list, ESRI grid) and no table of sources.
///
/// # Errors
/// `Io` when it cannot be read.
pub fn is_gridded(path: &Path) -> Result<bool> {
    let mut head = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| Error::io(path, e))?;
    file.take(HEAD).read_to_end(&mut head).map_err(|e| Error::io(path, e))?;
    Ok(is_netcdf(&head) || inventory_text::is_this(&String::from_utf8_lossy(&head)))
}

fn is_netcdf(head: &[u8]) -> bool {
    head.starts_with(b"CDF") || head.starts_with(b"\x89HDF")
}

/// The sources of all files whose cells touch `window`; fields of different files on the same cells belong together.
///
/// # Errors
/// As [`content`] and [`groups`].
pub fn read(
    paths: &[PathBuf],
    vocabulary: &Vocabulary,
    window: Window,
) -> Result<(Vec<InventoryGroup>, Vec<Rejection>)> {
    let mut all = FileContent::default();
    for path in paths {
        let content = content(path, vocabulary, window)?;
        all.fields.extend(content.fields);
        all.listed.extend(content.listed);
        all.notes.extend(content.notes);
    }
    together(all, vocabulary)
}

/// The sources of what several files hold.
///
/// # Errors
/// As [`groups`]; `Format` for two inventories of one thing (see [`super::inventory_overlap`]).
pub fn together(all: FileContent, vocabulary: &Vocabulary) -> Result<(Vec<InventoryGroup>, Vec<Rejection>)> {
    let (mut made, mut notes) = groups(all.fields, vocabulary)?;
    made.extend(all.listed);
    notes.splice(0..0, all.notes);
    apart(&made)?;
    Ok((made, notes))
}

/// What one file holds in `window`.
///
/// # Errors
/// `Missing` without the file; `Format` when it is damaged, cut short, of no known layout, or as the reader of its layout says.
pub fn content(path: &Path, vocabulary: &Vocabulary, window: Window) -> Result<FileContent> {
    if !path.is_file() {
        let remedy = "Put the file there or correct the path in the configuration";
        return Err(Error::missing("the gridded inventory", path, remedy));
    }
    let mut head = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| Error::io(path, e))?;
    file.take(HEAD).read_to_end(&mut head).map_err(|e| Error::io(path, e))?;
    if !is_netcdf(&head) && inventory_text::is_this(&String::from_utf8_lossy(&head)) {
        let fields = inventory_text::read(path, vocabulary, window)?.into_iter().collect();
        return Ok(FileContent { layout: "text grid".into(), fields, ..FileContent::default() });
    }
    // the netcdf crate panics on names that are not UTF-8 and on unknown types
    std::panic::catch_unwind(|| {
        let (path, vocabulary) = (path.to_path_buf(), vocabulary.clone());
        on_netcdf_thread(move || netcdf_content(&path, &vocabulary, window))
    })
    .unwrap_or_else(|_| {
        let expected = "a NetCDF file with UTF-8 names and plain types";
        Err(Error::format(
            path,
            "the file",
            "names or types that cannot be read",
            expected,
            "Correct or replace the file",
        ))
    })
}

fn netcdf_content(path: &Path, vocabulary: &Vocabulary, window: Window) -> Result<FileContent> {
    let file = NetcdfFile::open(path)?;
    let of = |layout: &str, (fields, notes)| FileContent { layout: layout.into(), fields, notes, listed: Vec::new() };
    if inventory_source_list::is_this(&file) {
        let (group, notes) = inventory_source_list::group(&file, vocabulary, window)?;
        return Ok(FileContent { layout: "list of sources".into(), listed: vec![group], notes, fields: Vec::new() });
    }
    if inventory_meic_netcdf::is_this(&file) {
        let fields = inventory_meic_netcdf::field(&file, vocabulary, window)?.into_iter().collect();
        return Ok(of("MEIC NetCDF", (fields, Vec::new())));
    }
    if inventory_ioapi::is_this(&file) {
        return Ok(of("IOAPI", inventory_ioapi::fields(&file, vocabulary)?));
    }
    if inventory_netcdf::is_this(&file) {
        return Ok(of("longitude-latitude NetCDF", (inventory_netcdf::fields(&file, vocabulary, window)?, Vec::new())));
    }
    if inventory_wrfchemi::is_this(&file) {
        return Ok(of("wrfchemi", inventory_wrfchemi::fields(&file, vocabulary)?));
    }
    // the reader of the commonest layout says which coordinates it misses
    Ok(of("longitude-latitude NetCDF", (inventory_netcdf::fields(&file, vocabulary, window)?, Vec::new())))
}
