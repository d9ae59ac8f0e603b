//! Rows of a strict comma-separated file, each with the line on which it begins.
//!
//! A row that has another number of fields than the header, or is not UTF-8, becomes a [`Rejection`] here; what the fields mean
//! is the business of each reader.

use crate::error::{Error, Rejection, Result};
use csv::{ByteRecord, ReaderBuilder, StringRecord};
use encoding_rs::GB18030;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Why one row was refused: what was found and what was expected.
pub(super) struct Refusal {
    pub found: String,
    pub expected: String,
}

impl Refusal {
    pub(super) fn new(found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { found: found.into(), expected: expected.into() }
    }
}

/// One row with as many fields as the header.
pub(super) struct Row {
    /// Line of the file on which the row begins, from 1.
    pub line: usize,
    record: StringRecord,
}

impl Row {
    /// Field `column` without surrounding blanks.
    pub(super) fn text(&self, column: usize) -> &str {
        self.record.get(column).unwrap_or("").trim()
    }

    /// Field `column` as a finite number; `None` when blank.
    pub(super) fn number(&self, column: usize, name: &str) -> std::result::Result<Option<f64>, Refusal> {
        let text = self.text(column);
        if text.is_empty() {
            return Ok(None);
        }
        match text.parse::<f64>() {
            Ok(v) if v.is_finite() => Ok(Some(v)),
            _ => Err(Refusal::new(format!("{name} `{}`", shorten(text)), "a finite number or a blank")),
        }
    }

    /// Field `column` as a number in `range`; a blank is refused.
    pub(super) fn within(
        &self,
        column: usize,
        name: &str,
        range: std::ops::RangeInclusive<f64>,
    ) -> std::result::Result<f64, Refusal> {
        let expected = || format!("{name} in {} ..= {}", range.start(), range.end());
        match self.number(column, name)? {
            Some(v) if range.contains(&v) => Ok(v),
            Some(v) => Err(Refusal::new(format!("{name} {v}"), expected())),
            None => Err(Refusal::new(format!("no {name}"), expected())),
        }
    }
}

/// A table: header and sound rows; the others are in `rejections`.
pub(super) struct Table {
    pub path: PathBuf,
    pub header: Vec<String>,
    pub rows: Vec<Row>,
    pub rejections: Vec<Rejection>,
    /// Line of a last record that stops short: the file was cut there.
    cut_at: Option<usize>,
}

impl Table {
    /// Reads a file with a header line, in UTF-8 with or without byte-order mark, or in GB18030 (GBK).
    ///
    /// # Errors
    /// `Missing` when there is no such file, `Format` when it is empty or its header is not UTF-8 or repeats a column.
    pub(super) fn read(path: &Path, what: &str) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => {
                Error::missing(what, path, "Put the file there or correct the path in the configuration")
            }
            _ => Error::io(path, e),
        })?;
        Self::parse(path, &bytes)
    }

    /// Reads the bytes of such a file; `path` names them in errors.
    ///
    /// # Errors
    /// `Format` as [`Table::read`].
    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        let bytes = &*in_utf8(bytes);
        let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let mut lines = Lines { bytes, seen: 0, line: 1 };
        let mut table = Self {
            path: path.to_path_buf(),
            header: Vec::new(),
            rows: Vec::new(),
            rejections: Vec::new(),
            cut_at: None,
        };
        let mut record = ByteRecord::new();
        loop {
            match reader.read_byte_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(e) => return Err(table.refuse_file("the rows", e.to_string(), "a comma-separated file")),
            }
            let line = lines.of(record.position().map_or(0, csv::Position::byte) as usize);
            if table.header.is_empty() {
                table.header = header(path, line, &record)?;
            } else {
                table.push(line, &record);
                let short = record.len() < table.header.len() && !bytes.ends_with(b"\n");
                table.cut_at = short.then_some(line);
            }
        }
        if table.header.is_empty() {
            return Err(table.refuse_file("line 1", "an empty file", "a header line with the names of the columns"));
        }
        Ok(table)
    }

    fn push(&mut self, line: usize, record: &ByteRecord) {
        let expected = self.header.len();
        if record.len() != expected {
            let found = format!("{} fields", record.len());
            self.reject(format!("line {line}"), Refusal::new(found, format!("{expected} fields as in the header")));
            return;
        }
        match StringRecord::from_byte_record(record.clone()) {
            Ok(record) => self.rows.push(Row { line, record }),
            Err(_) => {
                self.reject(format!("line {line}"), Refusal::new("bytes that are not UTF-8", "text encoded as UTF-8"))
            }
        }
    }

    /// Refuses a file that ends in the middle of a record: how much is missing cannot be known.
    ///
    /// # Errors
    /// `Format` naming the line.
    pub(super) fn whole(self) -> Result<Self> {
        match self.cut_at {
            Some(line) => Err(self.refuse_file(
                format!("line {line}"),
                "the end of the file in the middle of a record",
                "a file that was copied to its end",
            )),
            None => Ok(self),
        }
    }

    /// Records a refused record.
    pub(super) fn reject(&mut self, place: impl Into<String>, refusal: Refusal) {
        self.rejections.push(self.rejection(place, refusal));
    }

    /// A rejection that names this file.
    pub(super) fn rejection(&self, place: impl Into<String>, refusal: Refusal) -> Rejection {
        Rejection {
            file: self.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            place: place.into(),
            found: refusal.found,
            expected: refusal.expected,
            by_design: false,
        }
    }

    /// Index of a column, if there is one.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|h| h == name)
    }

    /// Index of a column that must be there.
    ///
    /// # Errors
    /// `Format` naming the column.
    pub(super) fn column(&self, name: &str) -> Result<usize> {
        self.find(name).ok_or_else(|| {
            let found = format!("no column `{name}` among `{}`", shorten(&self.header.join(",")));
            self.refuse_file("line 1", found, format!("a column `{name}`"))
        })
    }

    /// A `Format` error for the whole file.
    pub(super) fn refuse_file(
        &self,
        place: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Error {
        Error::format(&self.path, place, found, expected, "Correct or replace the file")
    }

    /// An error when no row was accepted although there should be some.
    ///
    /// # Errors
    /// `Format` naming the first refused row.
    pub(super) fn at_least_one<T>(&self, items: &[T], what: &str) -> Result<()> {
        if !items.is_empty() {
            return Ok(());
        }
        Err(match self.rejections.first() {
            None => self.refuse_file("line 2", "no rows below the header", format!("at least one {what}")),
            Some(r) => {
                let found =
                    format!("{} refused rows and none accepted, the first with {}", self.rejections.len(), r.found);
                self.refuse_file(r.place.clone(), found, r.expected.clone())
            }
        })
    }
}

/// The text in UTF-8 without byte-order mark: what Chinese spreadsheets write in GB18030 is taken as that where all of it is, and where more
/// of its bytes are wrong in UTF-8 than make characters beyond ASCII, so that a damaged UTF-8 file is not taken for another text.
fn in_utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let (mut wrong, mut beyond_ascii) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        wrong += chunk.invalid().len();
        beyond_ascii += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
    }
    if wrong <= beyond_ascii {
        return Cow::Borrowed(bytes);
    }
    match GB18030.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => Cow::Owned(text.into_owned().into_bytes()),
        None => Cow::Borrowed(bytes),
    }
}

fn header(path: &Path, line: usize, record: &ByteRecord) -> Result<Vec<String>> {
    let refuse = |found: String, expected: &str| {
        Err(Error::format(path, format!("line {line}"), found, expected, "Save the file as UTF-8 CSV with commas"))
    };
    let Ok(text) = StringRecord::from_byte_record(record.clone()) else {
        return refuse("a header that is not UTF-8".into(), "names of columns encoded as UTF-8");
    };
    let names: Vec<String> = text.iter().map(|n| n.trim().to_owned()).collect();
    for (i, name) in names.iter().enumerate() {
        if name.contains('\0') {
            return refuse(format!("NUL bytes in the name of column {}", i + 1), "text encoded as UTF-8");
        }
        // files of the national network end in columns without a name
        if !name.is_empty() && names[..i].contains(name) {
            return refuse(format!("the column `{name}` twice"), "every column once");
        }
    }
    Ok(names)
}

/// Counts lines up to a byte. The position that the CSV reader gives may stand before blank lines and line ends that it then
/// skips, so these are passed over here.
struct Lines<'a> {
    bytes: &'a [u8],
    seen: usize,
    line: usize,
}

impl Lines<'_> {
    fn of(&mut self, byte: usize) -> usize {
        let mut start = byte.min(self.bytes.len());
        while matches!(self.bytes.get(start), Some(b'\r' | b'\n')) {
            start += 1;
        }
        let start = start.max(self.seen);
        self.line += self.bytes[self.seen..start].iter().filter(|&&b| b == b'\n').count();
        self.seen = start;
        self.line
    }
}

/// The first 60 characters of a text, for messages.
pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> (Vec<usize>, Vec<String>) {
        let table = Table::parse(Path::new("t.csv"), text.as_bytes()).unwrap();
        (table.rows.iter().map(|r| r.line).collect(), table.rejections.into_iter().map(|r| r.place).collect())
    }

    #[test]
    fn lines_are_those_of_an_editor() {
        assert_eq!(lines("a,b\n1,2\n3,4\n"), (vec![2, 3], vec![]));
        assert_eq!(lines("a,b\r\n1,2\r\n3,4\r\n"), (vec![2, 3], vec![]));
        assert_eq!(lines("a,b\n\n\n1,2\n\n3,4"), (vec![4, 6], vec![]));
        assert_eq!(lines("a,b\r\n\r\n1,2\r\n"), (vec![3], vec![]));
        assert_eq!(lines("a,b\n\"x\ny\",2\n3\n4,5\n"), (vec![2, 5], vec!["line 4".to_owned()]));
        assert_eq!(lines("\n\na,b\n1,2\n"), (vec![4], vec![]));
    }

    #[test]
    fn an_open_quote_is_refused_where_it_starts() {
        assert_eq!(lines("a,b\n1,2\n\"3,4\n5,6\n"), (vec![2], vec!["line 3".to_owned()]));
    }
}
