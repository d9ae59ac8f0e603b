//! Plain files, one a day: their names and addresses, and whether what came is data.

use super::client::{Address, Client};
use super::partial::{Failure, Published};
use super::trouble::{Kind, Trouble};
use super::whole_file;
use crate::calendar::beijing_local;
use crate::config::mirror::RemoteFile;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Where the file of a day goes.
pub(super) fn target(file: &RemoteFile, day: NaiveDate) -> PathBuf {
    PathBuf::from(dated(&file.to, day))
}

/// Its address, without its secret.
pub(super) fn shown(file: &RemoteFile, day: NaiveDate) -> String {
    dated(&file.url, day)
}

/// Fetches the file of a day to its place. Also the bytes that an earlier try had left.
///
/// # Errors
/// The trouble with the server or the disk.
pub(super) fn fetch(
    client: &Client,
    file: &RemoteFile,
    day: NaiveDate,
    target: &Path,
) -> std::result::Result<(Published, u64), Failure> {
    let address = address(file, &shown(file, day))?;
    let begins = file.begins.as_deref().unwrap_or_default();
    whole_file::fetch(client, &address, target, &|file, size| begins_with(file, size, begins, &address))
}

/// The days of a plain file, the oldest first.
pub(super) fn days(file: &RemoteFile, cycle: DateTime<Utc>) -> Vec<NaiveDate> {
    let last = if file.beijing_days { beijing_local(cycle).date() } else { cycle.date_naive() };
    (0..i64::from(file.days)).rev().map(|back| last - Duration::days(back)).collect()
}

fn dated(template: &str, day: NaiveDate) -> String {
    let part = |format: &str| day.format(format).to_string();
    template.replace("{YYYY}", &part("%Y")).replace("{MM}", &part("%m")).replace("{DD}", &part("%d"))
}

/// The address of a plain file, with its secret from the environment.
fn address(file: &RemoteFile, template: &str) -> std::result::Result<Address, Trouble> {
    let Some(variable) = &file.key_variable else { return Ok(Address::open(template)) };
    let Ok(key) = std::env::var(variable) else {
        let (zh, en) = (format!("环境变量{variable}未设置"), format!("the environment variable {variable} is not set"));
        return Err(Trouble::new(Kind::Forbidden, zh, en));
    };
    Address::with_key(template, key.trim())
}

/// Bytes of a plain file that are looked at, and characters of them that are shown.
const HEAD: usize = 4096;
const SHOWN: usize = 40;

/// Whether a plain file is data: not empty, no page, and begins as it must.
fn begins_with(
    file: &mut File,
    size: u64,
    begins: &str,
    address: &Address,
) -> io::Result<std::result::Result<(), String>> {
    let mut head = Vec::new();
    file.take(begins.len().max(HEAD) as u64).read_to_end(&mut head)?;
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
    let low = text.trim_ascii_start().to_ascii_lowercase();
    Ok(if size == 0 {
        Err("an empty file".into())
    } else if !text.starts_with(begins.as_bytes()) {
        // hidden before it is shortened: a part of the secret is as little shown
        let found: String = address.hidden(&text.escape_ascii().to_string()).chars().take(SHOWN).collect();
        Err(format!("`{found}` instead of `{begins}`"))
    } else if begins.is_empty() && (low.starts_with(b"<!doctype") || low.starts_with(b"<html")) {
        Err("a page instead of data".into())
    } else {
        Ok(())
    })
}
