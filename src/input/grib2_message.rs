//! The sections of GRIB2 messages: what each field is, on which grid, for which time. Values are unpacked by the `grib` crate.
//!
//! The sections are walked here (WMO-No. 306, Manual on Codes, Volume I.2, FM 92 GRIB edition 2), so that fields nobody needs are
//! skipped without being read, several fields of one message are seen, and an error names message, field and byte.

use crate::error::{Error, Result};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Most points of a field that is decoded (0.1 degrees globally are 6.5 million).
const MOST_POINTS: usize = 50_000_000;
const REMEDY: &str = "Fetch the file again, or leave this file out";

/// What a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Parameter {
    /// Originating centre (common code table C-11): 7 NCEP, 98 ECMWF. Numbers from 192 mean what the centre says.
    pub centre: u16,
    pub discipline: u8,
    pub category: u8,
    pub number: u8,
    /// Type of the first fixed surface (code table 4.5): 1 ground, 100 isobaric [Pa], 103 height above ground [m].
    pub surface: u8,
    /// Value of the first fixed surface, rounded.
    pub level: i64,
}

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

/// Time of a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    Instant(DateTime<Utc>),
    /// Statistically processed over an interval.
    Interval {
        start: DateTime<Utc>,
        end: DateTime<Utc>,
        process: Process,
    },
}

/// Statistical processing (code table 4.10) that is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    Average,
    Accumulation,
    Other(u8),
}

/// One field of one message.
pub struct Field {
    pub path: PathBuf,
    /// Message and field in it, from 1.
    pub message: usize,
    pub field: usize,
    pub parameter: Parameter,
    pub when: When,
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
        let points = word(&self.grid_section, 7) as usize;
        let sections = (self.packing.clone(), self.bitmap.clone(), self.data.clone());
        let decode = move || -> std::result::Result<Vec<f32>, String> {
            let decoder = grib::Grib2SubmessageDecoder::new(points, sections.0, sections.1, sections.2)
                .map_err(|e| e.to_string())?;
            // one value more than declared is enough to see that there are too many
            Ok(decoder.dispatch().map_err(|e| e.to_string())?.take(points + 1).collect())
        };
        // unpackers index by numbers of the message: a panic there is a damaged message
        let values = std::panic::catch_unwind(decode)
            .unwrap_or_else(|_| Err("packed data that contradict themselves".into()))
            .map_err(|e| self.error("data", e, "data that can be unpacked"))?;
        if values.len() != points {
            return Err(self.error("data", format!("{} values", values.len()), format!("{points} values")));
        }
        Ok(values)
    }
}

/// Reads all fields of a file for which `wanted` says yes.
///
/// # Errors
/// [`Error::Missing`], [`Error::Io`]; [`Error::Format`] when the file is not a sequence of whole GRIB2 messages.
pub fn fields(path: &Path, wanted: &dyn Fn(&Parameter) -> bool) -> Result<Vec<Field>> {
    if !path.exists() {
        return Err(Error::missing("meteorology file", path, "Check the path"));
    }
    let file = File::open(path).map_err(|e| Error::io(path, e))?;
    let length = file.metadata().map_err(|e| Error::io(path, e))?.len();
    let mut walker = Walker { path, reader: BufReader::new(file), at: 0, message: 0 };
    let mut found = Vec::new();
    if length == 0 {
        return Err(walker.error("0 bytes", "GRIB messages"));
    }
    while walker.at < length {
        walker.message += 1;
        walker.message(length, wanted, &mut found)?;
    }
    Ok(found)
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

    /// One message from section 0 to `7777`.
    fn message(&mut self, length: u64, wanted: &dyn Fn(&Parameter) -> bool, found: &mut Vec<Field>) -> Result<()> {
        let start = self.at;
        let head = self.bytes(16)?;
        if !head.starts_with(b"GRIB") {
            self.at = start;
            return Err(self.error(format!("{:?}", String::from_utf8_lossy(&head[..4])), "`GRIB`"));
        }
        if head[7] != 2 {
            return Err(self.error(format!("GRIB edition {}", head[7]), "edition 2"));
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
            return Err(self.error(format!("{:?}", String::from_utf8_lossy(&tail)), "`7777` at the end of the message"));
        }
        self.reader.seek(SeekFrom::Start(start + 16)).map_err(|e| Error::io(self.path, e))?;
        self.sections(end, head[6], wanted, found)?;
        self.reader.seek(SeekFrom::Start(end)).map_err(|e| Error::io(self.path, e))?;
        self.at = end;
        Ok(())
    }

    fn sections(
        &mut self,
        end: u64,
        discipline: u8,
        wanted: &dyn Fn(&Parameter) -> bool,
        found: &mut Vec<Field>,
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
                    let place = format!("message {}, field {field}", self.message);
                    found.push(Field {
                        path: self.path.to_path_buf(),
                        message: self.message,
                        field,
                        parameter: parameter(&identification, &product, discipline).expect("taken"),
                        when: when(self.path, &place, &identification, &product)?,
                        grid_section: grid.clone(),
                        packing: packing.clone(),
                        bitmap: bitmap.clone(),
                        data: section,
                    });
                }
                other => return Err(self.error(format!("section {other}"), "sections 1 to 7")),
            }
        }
        Ok(())
    }
}

/// The parameter of a product definition section of template 4.0, 4.1, 4.8 or 4.11, which share these octets.
pub(crate) fn parameter(identification: &[u8], product: &[u8], discipline: u8) -> Option<Parameter> {
    if product.len() < 34 || !matches!(u16_at(product, 8)?, 0 | 1 | 8 | 11) {
        return None;
    }
    let scale = i32::from(product[23] & 0x7f) * if product[23] & 0x80 == 0 { 1 } else { -1 };
    let level = match word(product, 25) {
        u32::MAX => 0,
        value => (f64::from(value) * 10_f64.powi(-scale)).round() as i64,
    };
    Some(Parameter {
        centre: u16_at(identification, 6)?,
        discipline,
        category: product[9],
        number: product[10],
        surface: product[22],
        level,
    })
}

/// The time of a field of template 4.0 or 4.8.
pub(crate) fn when(path: &Path, place: &str, identification: &[u8], product: &[u8]) -> Result<When> {
    let refuse = |what: &str, found: String, expected: &str| {
        Err(Error::format(path, format!("{place}, {what}"), found, expected, REMEDY))
    };
    let Some(reference) = instant(identification, 13) else {
        return refuse("reference time", format!("{:?}", &identification[12..19]), "a date");
    };
    let forecast = word(product, 19);
    let unit = match product[17] {
        0 => 60,
        1 => 3600,
        2 => 86_400,
        10 => 3 * 3600,
        11 => 6 * 3600,
        12 => 12 * 3600,
        13 => 1,
        other => return refuse("unit of forecast time", other.to_string(), "a unit of code table 4.4 up to days"),
    };
    if forecast > 1_000_000 {
        return refuse("forecast time", forecast.to_string(), "a forecast of at most 1 000 000 units");
    }
    let start = reference + Duration::seconds(i64::from(forecast) * unit);
    match u16_at(product, 8) {
        Some(0) => Ok(When::Instant(start)),
        Some(8) if product.len() >= 58 => {
            let Some(end) = instant(product, 35) else {
                return refuse("end of the interval", format!("{:?}", &product[34..41]), "a date");
            };
            let process = match product[46] {
                0 => Process::Average,
                1 => Process::Accumulation,
                other => Process::Other(other),
            };
            if end < start {
                return refuse("interval", format!("{start} to {end}"), "an end after the start");
            }
            Ok(When::Interval { start, end, process })
        }
        other => refuse("product definition template", format!("4.{other:?}"), "4.0 or 4.8 (a deterministic forecast)"),
    }
}

/// Year (2 octets), month, day, hour, minute, second from an octet counted from 1.
pub(crate) fn instant(section: &[u8], octet: usize) -> Option<DateTime<Utc>> {
    let s = section.get(octet - 1..octet + 6)?;
    let date = NaiveDate::from_ymd_opt(i32::from(s[0]) * 256 + i32::from(s[1]), u32::from(s[2]), u32::from(s[3]))?;
    Some(date.and_hms_opt(u32::from(s[4]), u32::from(s[5]), u32::from(s[6]))?.and_utc())
}

/// Four octets from an octet counted from 1; 0 past the end.
fn word(section: &[u8], octet: usize) -> u32 {
    section.get(octet - 1..octet + 3).map_or(0, |b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
}

fn u16_at(section: &[u8], octet: usize) -> Option<u16> {
    section.get(octet - 1..=octet).map(|b| u16::from_be_bytes([b[0], b[1]]))
}

/// GRIB integers carry their sign in the first bit.
fn signed(word: u32) -> i64 {
    let magnitude = i64::from(word & 0x7fff_ffff);
    if word & 0x8000_0000 == 0 { magnitude } else { -magnitude }
}
