//! The sections of GRIB2 messages: what each field is, on which grid, for which time. Values are unpacked by the `grib` crate.
//!
//! The sections are walked here (WMO-No. 306, Manual on Codes, Volume I.2, FM 92 GRIB edition 2), so that fields nobody needs are
//! skipped without being read, several fields of one message are seen, and an error names message, field and byte.

use super::grib2_complex;
use super::grib2_product::{Parameter, When, coordinates, instant, level, parameter, when};
use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Most points of a field that is decoded (0.1 degrees globally are 6.5 million).
const MOST_POINTS: usize = 50_000_000;
/// Bitmap indicator (code table 6.0): a value at every point.
const NO_BITMAP: u8 = 255;
const REMEDY: &str = "Fetch the file again, or leave this file out";

/// A regular latitude-longitude grid (template 3.0) as the message scans it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatLon {
    pub ni: usize,
    pub nj: usize,
    /// First point [degrees].
    pub first_lon: f64,
    pub first_lat: f64,
    /// Steps [degrees], positive.
    pub di: f64,
    pub dj: f64,
    /// Whether rows go northward.
    pub northward: bool,
}

/// One field of one message.
pub struct Field {
    pub path: PathBuf,
    /// Message and field in it, from 1.
    pub message: usize,
    pub field: usize,
    pub parameter: Parameter,
    identification: Vec<u8>,
    product: Vec<u8>,
    grid_section: Vec<u8>,
    packing: Vec<u8>,
    bitmap: Vec<u8>,
    data: Vec<u8>,
}

impl Field {
    /// `message 3, field 2`.
    pub fn place(&self) -> String {
        format!("message {}, field {}", self.message, self.field)
    }

    /// Value of its first fixed surface; `None` where that has none.
    pub fn level(&self) -> Option<f64> {
        level(&self.product)
    }

    /// Start of the run: the reference time.
    pub fn run(&self) -> Option<DateTime<Utc>> {
        instant(&self.identification, 13)
    }

    /// The time.
    ///
    /// # Errors
    /// [`Error::Format`] for a product definition template whose times are not understood, or contradictory ones.
    pub fn when(&self) -> Result<When> {
        when(&self.identification, &self.product).map_err(|(what, found, expected)| self.error(what, found, expected))
    }

    /// Vertical coordinate values: of hybrid levels all `a` [Pa], then all `b`, of the half levels from the top.
    pub fn coordinates(&self) -> Vec<f64> {
        coordinates(&self.product)
    }

    /// Number of points.
    pub fn points(&self) -> usize {
        word(&self.grid_section, 7) as usize
    }

    /// Number of the data representation template (code table 5.0): 0 simple, 2 and 3 complex, 40 JPEG 2000, 41 PNG, 42 CCSDS.
    pub fn packing(&self) -> u16 {
        u16_at(&self.packing, 10).unwrap_or(u16::MAX)
    }

    fn error(&self, place: &str, found: impl Into<String>, expected: impl Into<String>) -> Error {
        Error::format(&self.path, format!("{}, {place}", self.place()), found, expected, REMEDY)
    }

    /// The grid.
    ///
    /// # Errors
    /// [`Error::Format`] for another template, another scan than rows of eastward points, or contradictory numbers.
    pub fn grid(&self) -> Result<LatLon> {
        let s = &self.grid_section;
        let word = |octet| word(s, octet);
        let template = u16_at(s, 13);
        let refuse = |what: &str, found: String, expected: &str| {
            Err(self.error(&format!("grid definition, {what}"), found, expected))
        };
        if template != Some(0) || s.len() < 72 {
            return refuse("template", format!("{template:?}"), "3.0 (regular latitude-longitude)");
        }
        let scan = s[71];
        if scan & 0b1011_0000 != 0 {
            return refuse("scanning mode", format!("{scan:#010b}"), "rows of eastward points");
        }
        // the basic angle is 0 or missing for millionths of a degree; nothing else occurs
        if !matches!(word(39), 0 | 0xffff_ffff) {
            return refuse("basic angle", word(39).to_string(), "0");
        }
        let degrees = |octet| signed(word(octet)) as f64 * 1e-6;
        let (ni, nj) = (word(31) as usize, word(35) as usize);
        let (lat1, lon1, lat2, lon2) = (degrees(47), degrees(51), degrees(56), degrees(60));
        let northward = scan & 0b0100_0000 != 0;
        let points = word(7) as usize;
        if ni < 2 || nj < 2 || ni.checked_mul(nj) != Some(points) || points > MOST_POINTS {
            return refuse(
                "points",
                format!("{ni} x {nj} for {points}"),
                "a full lattice of at most 50 million points",
            );
        }
        // the step from the corners: Di itself is rounded to 1e-6 degrees and may be missing
        let turn = (lon2 - lon1).rem_euclid(360.0);
        let di = if turn > 0.0 { turn } else { 360.0 } / (ni as f64 - 1.0);
        let dj = (lat2 - lat1) / (nj as f64 - 1.0) * if northward { 1.0 } else { -1.0 };
        if dj <= 0.0 || lat1.abs() > 90.0 || lat2.abs() > 90.0 {
            return refuse(
                "latitudes",
                format!("{lat1} to {lat2}, northward {northward}"),
                "an order that agrees with the scan",
            );
        }
        Ok(LatLon { ni, nj, first_lon: lon1, first_lat: lat1, di, dj, northward })
    }

    /// Values as scanned, gaps of the bitmap as NaN.
    ///
    /// # Errors
    /// [`Error::Format`] when the packing is unsupported or contradicts the number of points.
    pub fn values(&self) -> Result<Vec<f32>> {
        self.first_values(usize::MAX)
    }

    /// As [`Self::values`], the first `most` of them. **Why:** a window in the north of a global field needs a third of its rows,
    /// and unpacking is what reading costs.
    ///
    /// # Errors
    /// As [`Self::values`].
    pub fn first_values(&self, most: usize) -> Result<Vec<f32>> {
        let points = self.points();
        if points > MOST_POINTS {
            return Err(self.error("grid definition", format!("{points} points"), "at most 50 million points"));
        }
        if self.bitmap.get(5) == Some(&NO_BITMAP)
            && let Some(values) = grib2_complex::first_values(&self.packing, &self.data, points, most)
        {
            return values.map_err(|e| self.error("data", e, "data that can be unpacked"));
        }
        self.first_values_of_any_packing(most)
    }

    /// As [`Self::first_values`], by the `grib` crate whatever the packing.
    ///
    /// # Errors
    /// As [`Self::values`].
    pub fn first_values_of_any_packing(&self, most: usize) -> Result<Vec<f32>> {
        let points = self.points();
        let sections = (self.packing.clone(), self.bitmap.clone(), self.data.clone());
        let decode = move || -> std::result::Result<Vec<f32>, String> {
            let decoder = grib::Grib2SubmessageDecoder::new(points, sections.0, sections.1, sections.2)
                .map_err(|e| e.to_string())?;
            // one value more than declared is enough to see that there are too many
            let most = if most < points { most } else { points + 1 };
            Ok(decoder.dispatch().map_err(|e| e.to_string())?.take(most).collect())
        };
        // unpackers index by numbers of the message: a panic there is a damaged message
        let values = std::panic::catch_unwind(decode)
            .unwrap_or_else(|_| Err("packed data that contradict themselves".into()))
            .map_err(|e| self.error("data", e, "data that can be unpacked"))?;
        if values.len() != points.min(most) {
            return Err(self.error("data", format!("{} values", values.len()), format!("{points} values")));
        }
        Ok(values)
    }
}

/// Reads all fields of a file for which `wanted` says yes.
///
/// # Errors
/// As [`walk`].
pub fn fields(path: &Path, wanted: &dyn Fn(&Parameter) -> bool) -> Result<Vec<Field>> {
    let mut found = Vec::new();
    walk(path, wanted, &mut |field| {
        found.push(field);
        Ok(())
    })?;
    Ok(found)
}

/// Hands the fields of a file for which `wanted` says yes to `each`, one after the other.
///
/// # Errors
/// [`Error::Missing`], [`Error::Io`]; [`Error::Format`] when the file is not a sequence of whole GRIB2 messages; those of `each`.
pub fn walk(path: &Path, wanted: &dyn Fn(&Parameter) -> bool, each: &mut dyn FnMut(Field) -> Result<()>) -> Result<()> {
    if !path.exists() {
        return Err(Error::missing("meteorology file", path, "Check the path"));
    }
    let file = File::open(path).map_err(|e| Error::io(path, e))?;
    let length = file.metadata().map_err(|e| Error::io(path, e))?.len();
    let mut walker = Walker { path, reader: BufReader::new(file), at: 0, message: 0 };
    if length == 0 {
        return Err(walker.error("0 bytes", "GRIB messages"));
    }
    while walker.at < length {
        walker.message += 1;
        walker.message(length, wanted, each)?;
        walker.padding(length)?;
    }
    Ok(())
}

struct Walker<'a> {
    path: &'a Path,
    reader: BufReader<File>,
    at: u64,
    message: usize,
}

impl Walker<'_> {
    fn error(&self, found: impl Into<String>, expected: impl Into<String>) -> Error {
        Error::format(self.path, format!("message {}, byte {}", self.message, self.at), found, expected, REMEDY)
    }

    fn bytes(&mut self, n: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; n];
        self.reader.read_exact(&mut bytes).map_err(|_| self.error("the end of the file", "a whole message"))?;
        self.at += n as u64;
        Ok(bytes)
    }

    fn skip(&mut self, n: u64) -> Result<()> {
        let path = self.path;
        self.reader.seek_relative(n as i64).map_err(|e| Error::io(path, e))?;
        self.at += n;
        Ok(())
    }

    /// Skips zeros after a message: archives pad to whole blocks.
    fn padding(&mut self, length: u64) -> Result<()> {
        let path = self.path;
        while self.at < length {
            let buffer = self.reader.fill_buf().map_err(|e| Error::io(path, e))?;
            let zeros = buffer.iter().take_while(|b| **b == 0).count();
            let whole = zeros == buffer.len();
            self.reader.consume(zeros);
            self.at += zeros as u64;
            if !whole || zeros == 0 {
                break;
            }
        }
        Ok(())
    }

    /// One message from section 0 to `7777`.
    fn message(
        &mut self,
        length: u64,
        wanted: &dyn Fn(&Parameter) -> bool,
        each: &mut dyn FnMut(Field) -> Result<()>,
    ) -> Result<()> {
        let start = self.at;
        let head = self.bytes(16)?;
        if !head.starts_with(b"GRIB") {
            self.at = start;
            return Err(self.error(format!("{:?}", String::from_utf8_lossy(&head[..4])), "`GRIB`"));
        }
        if head[7] != 2 {
            self.at = start;
            return Err(Error::format(
                self.path,
                format!("message {}, byte {start}", self.message),
                format!("GRIB edition {}", head[7]),
                "GRIB edition 2",
                "Convert it: `grib_set -s edition=2 IN OUT` (ecCodes) or `cdo -f grb2 copy IN OUT`",
            ));
        }
        let total = head[8..16].iter().fold(0_u64, |sum, &b| sum << 8 | u64::from(b));
        if total < 20 || total > length - start {
            let left = length - start;
            return Err(self.error(format!("a message of {total} bytes where {left} are left"), "a whole message"));
        }
        let end = start + total;
        self.reader.seek(SeekFrom::Start(end - 4)).map_err(|e| Error::io(self.path, e))?;
        let mut tail = [0; 4];
        self.reader.read_exact(&mut tail).map_err(|e| Error::io(self.path, e))?;
        if &tail != b"7777" {
            self.at = end - 4;
            return Err(self.error(format!("the bytes {tail:02x?}"), "`7777` at the end of the message"));
        }
        self.reader.seek(SeekFrom::Start(start + 16)).map_err(|e| Error::io(self.path, e))?;
        self.sections(end, head[6], wanted, each)?;
        self.reader.seek(SeekFrom::Start(end)).map_err(|e| Error::io(self.path, e))?;
        self.at = end;
        Ok(())
    }

    fn sections(
        &mut self,
        end: u64,
        discipline: u8,
        wanted: &dyn Fn(&Parameter) -> bool,
        each: &mut dyn FnMut(Field) -> Result<()>,
    ) -> Result<()> {
        let (mut identification, mut grid, mut product, mut packing) = (vec![], vec![], vec![], vec![]);
        let (mut bitmap, mut reusable): (Vec<u8>, Vec<u8>) = (vec![], vec![]);
        let mut field = 0;
        let mut take = false;
        while self.at < end - 4 {
            let section_at = self.at;
            let head = self.bytes(5)?;
            let (size, number) = (word(&head, 1) as u64, head[4]);
            if size < 5 || section_at + size > end - 4 {
                self.at = section_at;
                return Err(self.error(format!("section {number} of {size} bytes"), "a section inside its message"));
            }
            if matches!(number, 5..=7) && !take {
                if number == 7 {
                    field += 1;
                }
                // a later field may reuse this bitmap
                if number != 6 {
                    self.skip(size - 5)?;
                    continue;
                }
            }
            let mut section = head;
            section.extend(self.bytes(size as usize - 5)?);
            match number {
                1 => identification = section,
                2 => {}
                3 => grid = section,
                4 => {
                    let parameter = parameter(&identification, &section, discipline);
                    take = parameter.is_some_and(|p| wanted(&p));
                    product = section;
                }
                5 => packing = section,
                6 => {
                    match section.get(5) {
                        Some(0) => reusable.clone_from(&section),
                        Some(254) if !reusable.is_empty() => section.clone_from(&reusable),
                        _ => {}
                    }
                    bitmap = section;
                }
                7 => {
                    field += 1;
                    let parts = (&identification, &grid, &product);
                    if parts.0.len() < 21 || parts.1.len() < 14 || packing.len() < 11 || bitmap.len() < 6 {
                        return Err(self.error("data before their sections 1, 3, 5 or 6", "the order 1, 3, 4, 5, 6, 7"));
                    }
                    each(Field {
                        path: self.path.to_path_buf(),
                        message: self.message,
                        field,
                        parameter: parameter(&identification, &product, discipline).expect("taken"),
                        identification: identification.clone(),
                        product: product.clone(),
                        grid_section: grid.clone(),
                        packing: packing.clone(),
                        bitmap: bitmap.clone(),
                        data: section,
                    })?;
                }
                other => return Err(self.error(format!("section {other}"), "sections 1 to 7")),
            }
        }
        Ok(())
    }
}

/// Four octets from an octet counted from 1; 0 past the end.
pub(super) fn word(section: &[u8], octet: usize) -> u32 {
    section.get(octet - 1..octet + 3).map_or(0, |b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
}

pub(super) fn u16_at(section: &[u8], octet: usize) -> Option<u16> {
    section.get(octet - 1..=octet).map(|b| u16::from_be_bytes([b[0], b[1]]))
}

/// GRIB integers carry their sign in the first bit.
pub(super) fn signed(word: u32) -> i64 {
    let magnitude = i64::from(word & 0x7fff_ffff);
    if word & 0x8000_0000 == 0 { magnitude } else { -magnitude }
}
