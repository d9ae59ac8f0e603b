//! What a NetCDF file's own header says of its length, read without the C library.
//!
//! A truncated or overwritten file must be refused before libnetcdf or HDF5 follows an offset past its end. Classic headers are
//! walked completely (NetCDF Classic Format Specification, Unidata 2011; 64-bit data variant "CDF-5"); of an HDF5 file the
//! superblock's end-of-file address is compared (HDF5 File Format Specification 3.0, section II.A).

use crate::error::{Error, Result};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Longest classic header that is read [bytes]; real ones are below 1 MB.
const HEADER_LIMIT: u64 = 16 << 20;
const HDF5_SIGNATURE: [u8; 8] = [0x89, b'H', b'D', b'F', b'\r', b'\n', 0x1a, b'\n'];
const REMEDY: &str = "Fetch or copy the file again";

/// Checks that the file at `path` starts as NetCDF and is as long as its header says.
///
/// # Errors
/// [`Error::Missing`] when there is no such file; [`Error::Format`] when it is empty, of another kind, or shorter than declared.
pub fn check(path: &Path) -> Result<()> {
    if !path.exists() {
        return Err(Error::missing("meteorology file", path, "Check the path"));
    }
    let file = File::open(path).map_err(|e| Error::io(path, e))?;
    let length = file.metadata().map_err(|e| Error::io(path, e))?.len();
    let mut head = Vec::new();
    file.take(HEADER_LIMIT).read_to_end(&mut head).map_err(|e| Error::io(path, e))?;
    let problem = if head.is_empty() {
        Some(("the file".to_owned(), "0 bytes".to_owned(), "a NetCDF file".to_owned()))
    } else if head.starts_with(&HDF5_SIGNATURE) {
        check_hdf5(&head, length)
    } else if head.starts_with(b"CDF") {
        check_classic(&head, length)
    } else {
        let start = String::from_utf8_lossy(&head[..head.len().min(8)]).into_owned();
        Some(("first bytes".into(), format!("{start:?}"), "`CDF` (NetCDF-3) or the HDF5 signature (NetCDF-4)".into()))
    };
    match problem {
        None => Ok(()),
        Some((place, found, expected)) => Err(Error::format(path, place, found, expected, REMEDY)),
    }
}

type Problem = Option<(String, String, String)>;

fn check_hdf5(head: &[u8], length: u64) -> Problem {
    let Some(eof) = hdf5_end_of_file(head) else {
        return Some(("HDF5 superblock".into(), "an unknown or cut superblock".into(), "version 0 to 3".into()));
    };
    (eof > length).then(|| {
        (
            "HDF5 superblock, end-of-file address".into(),
            format!("a file of {length} bytes"),
            format!("at least {eof} bytes: the file is truncated"),
        )
    })
}

fn hdf5_end_of_file(head: &[u8]) -> Option<u64> {
    let (width, at) = match *head.get(8)? {
        version @ (0 | 1) => {
            let width = usize::from(*head.get(13)?);
            (width, if version == 0 { 24 } else { 28 } + 2 * width)
        }
        2 | 3 => {
            let width = usize::from(*head.get(9)?);
            (width, 12 + 2 * width)
        }
        _ => return None,
    };
    if !matches!(width, 2 | 4 | 8) {
        return None;
    }
    let bytes = head.get(at..at + width)?;
    Some(bytes.iter().rev().fold(0, |sum, &b| sum << 8 | u64::from(b)))
}

/// A reader of big-endian header words.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Width of counts [bytes]: 4, or 8 in CDF-5.
    count_width: usize,
}

impl Cursor<'_> {
    fn number(&mut self, width: usize) -> Option<u64> {
        let bytes = self.bytes.get(self.at..self.at.checked_add(width)?)?;
        self.at += width;
        Some(bytes.iter().fold(0, |sum, &b| sum << 8 | u64::from(b)))
    }

    fn count(&mut self) -> Option<u64> {
        self.number(self.count_width)
    }

    fn skip(&mut self, bytes: u64) -> Option<()> {
        self.at = self.at.checked_add(usize::try_from(bytes).ok()?.checked_next_multiple_of(4)?)?;
        (self.at <= self.bytes.len()).then_some(())
    }

    fn name(&mut self) -> Option<String> {
        let n = usize::try_from(self.count()?).ok()?;
        let text = String::from_utf8_lossy(self.bytes.get(self.at..self.at.checked_add(n)?)?).into_owned();
        self.skip(n as u64)?;
        Some(text)
    }

    /// Tag and number of elements of a list; an absent list is two zeros.
    fn list(&mut self, tag: u64) -> Option<u64> {
        let found = self.number(4)?;
        let n = self.count()?;
        (found == tag || (found == 0 && n == 0)).then_some(n)
    }

    fn skip_attributes(&mut self) -> Option<()> {
        for _ in 0..self.list(0x0c)? {
            self.name()?;
            let kind = self.number(4)?;
            let n = self.count()?;
            self.skip(n.checked_mul(type_size(kind)?)?)?;
        }
        Some(())
    }
}

fn type_size(kind: u64) -> Option<u64> {
    [0, 1, 1, 2, 4, 4, 8, 1, 2, 4, 8, 8].get(usize::try_from(kind).ok()?).copied().filter(|&s| s > 0)
}

struct Extent {
    name: String,
    record: bool,
    size: u64,
    begin: u64,
}

fn check_classic(head: &[u8], length: u64) -> Problem {
    let Some((records, variables)) = classic_extents(head) else {
        return Some(("NetCDF-3 header".into(), "a cut or contradictory header".into(), "a complete header".into()));
    };
    let padded = |v: &Extent| v.size.saturating_add(3) / 4 * 4;
    let record_variables = variables.iter().filter(|v| v.record).count();
    // one record variable alone is stored without padding
    let record_size: u64 = match record_variables {
        1 => variables.iter().filter(|v| v.record).map(|v| v.size).sum(),
        _ => variables.iter().filter(|v| v.record).map(padded).fold(0, u64::saturating_add),
    };
    variables.iter().find_map(|v| {
        let before = match (v.record, records) {
            (false, _) => 0,
            (true, 0) => return None,
            (true, n) => (n - 1).saturating_mul(record_size),
        };
        let end = v.begin.saturating_add(before).saturating_add(v.size);
        (end > length).then(|| {
            (
                format!("NetCDF-3 header, variable {}", v.name),
                format!("a file of {length} bytes"),
                format!("at least {end} bytes ({records} records): the file is truncated"),
            )
        })
    })
}

/// Number of records and the extents of all variables.
fn classic_extents(head: &[u8]) -> Option<(u64, Vec<Extent>)> {
    let version = *head.get(3)?;
    let (count_width, offset_width) = match version {
        1 => (4, 4),
        2 => (4, 8),
        5 => (8, 8),
        _ => return None,
    };
    let mut c = Cursor { bytes: head, at: 4, count_width };
    let records = c.count()?;
    let mut dimensions = Vec::new();
    for _ in 0..c.list(0x0a)? {
        c.name()?;
        dimensions.push(c.count()?);
    }
    c.skip_attributes()?;
    let mut variables = Vec::new();
    for _ in 0..c.list(0x0b)? {
        let name = c.name()?;
        let rank = c.count()?;
        let mut size = 1_u64;
        let mut record = false;
        for axis in 0..rank {
            let n = *dimensions.get(usize::try_from(c.count()?).ok()?)?;
            match (n, axis) {
                (0, 0) => record = true,
                (0, _) => return None,
                _ => size = size.checked_mul(n)?,
            }
        }
        c.skip_attributes()?;
        size = size.checked_mul(type_size(c.number(4)?)?)?;
        c.count()?;
        variables.push(Extent { name, record, size, begin: c.number(offset_width)? });
    }
    // 0xffff... stands for "streaming": the count is then not known from the header
    let streaming = if count_width == 4 { u64::from(u32::MAX) } else { u64::MAX };
    Some((if records == streaming { 0 } else { records }, variables))
}
