//! The length that the header of a classic NetCDF file (CDF-1, CDF-2, CDF-5) promises.
//!
//! The C library opens a classic file whose end is missing and gives zeros for what is not there, so a broken transfer would pass
//! as clean air. Format: NetCDF Users Guide, Appendix B, "The NetCDF Classic Format Specification".

use crate::error::{Error, Result};
use std::io::Read;
use std::path::Path;

/// How much of a file is searched for its header.
const HEADER_LIMIT: u64 = 4 << 20;

/// Refuses a classic file that is shorter than its header says. Other files pass.
///
/// # Errors
/// `Io` when the file cannot be read, `Format` with both lengths when it is cut short.
pub fn check_length(path: &Path) -> Result<()> {
    let io = |e| Error::io(path, e);
    let file = std::fs::File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let mut header = Vec::new();
    file.take(HEADER_LIMIT).read_to_end(&mut header).map_err(io)?;
    match promised_length(&header) {
        Some(promised) if promised > length => Err(Error::format(
            path,
            "the end of the file",
            format!("{length} bytes"),
            format!("{promised} bytes as the header says"),
            "Fetch the file again",
        )),
        _ => Ok(()),
    }
}

/// Smallest length [bytes] of a file with this header; `None` for other formats, for headers that are damaged or longer than what is
/// given, and for files being written.
pub fn promised_length(header: &[u8]) -> Option<u64> {
    let version = match header.get(..4)? {
        [b'C', b'D', b'F', v @ (1 | 2 | 5)] => *v,
        _ => return None,
    };
    let mut h = Header { bytes: &header[4..], version };
    let records = h.count()?;
    if version != 5 && records == u64::from(u32::MAX) || records == u64::MAX {
        return None;
    }
    let dimensions = h.list(0x0A, |h| {
        h.name()?;
        h.count()
    })?;
    h.list(0x0C, Header::attribute)?;
    let variables = h.list(0x0B, |h| h.variable(&dimensions))?;
    let one_record = variables.iter().filter(|v| v.record).count() == 1;
    let padded = |bytes: u64| bytes.checked_next_multiple_of(4);
    let mut record_size = 0u64;
    for v in variables.iter().filter(|v| v.record) {
        record_size = record_size.checked_add(if one_record { v.bytes } else { padded(v.bytes)? })?;
    }
    let mut end = 0;
    for v in variables.iter().filter(|v| !v.record || records > 0) {
        let before = if v.record { record_size.checked_mul(records - 1)? } else { 0 };
        end = end.max(v.begin.checked_add(before)?.checked_add(v.bytes)?);
    }
    Some(end)
}

struct Variable {
    /// Size of the variable, or of one record of it [bytes].
    bytes: u64,
    begin: u64,
    record: bool,
}

/// What is left of a header.
struct Header<'a> {
    bytes: &'a [u8],
    version: u8,
}

impl Header<'_> {
    fn u32(&mut self) -> Option<u32> {
        let (first, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(u32::from_be_bytes(*first))
    }

    fn u64(&mut self) -> Option<u64> {
        let (first, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(u64::from_be_bytes(*first))
    }

    fn count(&mut self) -> Option<u64> {
        if self.version == 5 { self.u64() } else { self.u32().map(u64::from) }
    }

    fn skip(&mut self, bytes: u64) -> Option<()> {
        let bytes = usize::try_from(bytes.checked_next_multiple_of(4)?).ok()?;
        self.bytes = self.bytes.get(bytes..)?;
        Some(())
    }

    fn name(&mut self) -> Option<()> {
        let n = self.count()?;
        self.skip(n)
    }

    fn list<T>(&mut self, tag: u32, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let found = self.u32()?;
        let n = self.count()?;
        if !(found == tag || (found == 0 && n == 0)) {
            return None;
        }
        let mut items = Vec::new();
        for _ in 0..n {
            items.push(item(self)?);
        }
        Some(items)
    }

    fn attribute(&mut self) -> Option<()> {
        self.name()?;
        let size = size_of_type(self.u32()?)?;
        let n = self.count()?;
        self.skip(n.checked_mul(size)?)
    }

    fn variable(&mut self, dimensions: &[u64]) -> Option<Variable> {
        self.name()?;
        let n = self.count()?;
        let (mut elements, mut record) = (1u64, false);
        for i in 0..n {
            let length = *dimensions.get(usize::try_from(self.count()?).ok()?)?;
            if length == 0 && i == 0 {
                record = true;
            } else {
                elements = elements.checked_mul(length)?;
            }
        }
        self.list(0x0C, Self::attribute)?;
        let size = size_of_type(self.u32()?)?;
        // the stored size overflows for large variables, so it is computed
        self.count()?;
        let begin = if self.version == 1 { u64::from(self.u32()?) } else { self.u64()? };
        Some(Variable { bytes: elements.checked_mul(size)?, begin, record })
    }
}

fn size_of_type(code: u32) -> Option<u64> {
    Some(match code {
        1 | 2 | 7 => 1,
        3 | 8 => 2,
        4 | 5 | 9 => 4,
        6 | 10 | 11 => 8,
        _ => return None,
    })
}
