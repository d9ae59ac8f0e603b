//! Tables that an office keeps: a CSV file or an XLSX workbook, told apart by their first bytes, as sheets of cells with their places.
//!
//! What a cell means is the business of each reader. A CSV file holds texts only, and [`crate::domain::sheet::unguarded`] is applied to each.

use super::csv_rows::Table;
use super::table_xlsx;
use crate::domain::bilingual::Bilingual;
use crate::domain::sheet::{Cell, unguarded};
use crate::error::{Error, Rejection, Result};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Largest file that is read [bytes]: registers of a whole province stay below it.
pub const MAX_BYTES: u64 = 16 << 20;
/// Most rows with a value in a file.
pub const MAX_ROWS: usize = 20_000;
/// Most columns.
pub const MAX_COLUMNS: usize = 256;
/// Most characters of a cell; XLSX itself ends at 32,767.
pub const MAX_CHARACTERS: usize = 4_000;
/// Rows from the first in which a header is looked for: titles may stand above it.
const HEADER_WITHIN: usize = 10;

/// One row with a value in it.
#[derive(Debug, Clone, PartialEq)]
pub struct TableRow {
    /// Row of the sheet or line of the file, from 1.
    pub number: usize,
    pub cells: Vec<Cell>,
    /// Cells, by column from 0, whose content is no text and no number: what it is.
    pub odd: BTreeMap<usize, Bilingual>,
}

impl TableRow {
    /// A cell, blank beyond the last.
    pub fn cell(&self, column: usize) -> &Cell {
        self.cells.get(column).unwrap_or(&Cell::Blank)
    }
}

/// A sheet of a workbook, or a CSV file as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct TableSheet {
    /// `None` for a CSV file.
    pub name: Option<String>,
    pub rows: Vec<TableRow>,
}

impl TableSheet {
    /// Splits at the header, the first of the top rows that has a cell for which `is_key` holds: names by column, and the rows below.
    pub fn split(&self, is_key: impl Fn(&str) -> bool) -> Option<(Vec<String>, &[TableRow])> {
        let names = |row: &TableRow| row.cells.iter().map(|c| c.plain().trim().to_owned()).collect::<Vec<_>>();
        let top = self.rows.iter().take(HEADER_WITHIN).map(names);
        let (at, header) = top.enumerate().find(|(_, names)| names.iter().any(|n| is_key(n)))?;
        Some((header, &self.rows[at + 1..]))
    }
}

/// The sheets of a file; rows that could not be read are in `faults`.
#[derive(Debug, Clone, PartialEq)]
pub struct TableFile {
    /// Name of the file without its folder.
    pub file: String,
    pub sheets: Vec<TableSheet>,
    pub faults: Vec<RowFault>,
}

/// Why one row was refused, and what to do about it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RowFault {
    pub file: String,
    pub sheet: Option<String>,
    /// Row of the sheet or line of the file, from 1.
    pub row: usize,
    /// Header of the column, where one cell is at fault.
    pub column: Option<String>,
    pub found: Bilingual,
    pub expected: Bilingual,
    pub remedy: Bilingual,
}

impl RowFault {
    /// Sheet, row and column in words.
    pub fn place(&self) -> Bilingual {
        place(self.sheet.as_deref(), self.row, self.column.as_deref())
    }
}

impl From<RowFault> for Rejection {
    fn from(fault: RowFault) -> Self {
        Self {
            place: fault.place().en,
            file: fault.file,
            found: fault.found.en,
            expected: format!("{}. {}", fault.expected.en, fault.remedy.en),
            by_design: false,
        }
    }
}

/// Sheet, row and column in words; without a sheet the row is a line of a file.
pub fn place(sheet: Option<&str>, row: usize, column: Option<&str>) -> Bilingual {
    let mut words = match sheet {
        Some(sheet) => Bilingual::new(format!("工作表“{sheet}”第{row}行"), format!("sheet {sheet}, row {row}")),
        None => Bilingual::new(format!("第{row}行"), format!("line {row}")),
    };
    if let Some(column) = column {
        words.zh.push_str(&format!("“{column}”列"));
        words.en.push_str(&format!(", column {column}"));
    }
    words
}

/// Reads a CSV file (UTF-8 with or without byte-order mark) or an XLSX workbook.
///
/// # Errors
/// `Missing` without the file; `Format` when it is too large, is neither of the two, or cannot be read as what it is.
pub fn read(path: &Path) -> Result<TableFile> {
    let what = "the table";
    let size = std::fs::metadata(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Error::missing(what, path, "Put the file there or correct the path"),
        _ => Error::io(path, e),
    })?;
    if size.len() > MAX_BYTES {
        let (found, expected) = (format!("{} bytes", size.len()), format!("{MAX_BYTES} bytes at most"));
        return Err(Error::format(path, "the file", found, expected, "Remove pictures, or split the table"));
    }
    let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if bytes.starts_with(b"PK") {
        return Ok(TableFile { file, sheets: table_xlsx::read(path, bytes)?, faults: Vec::new() });
    }
    if bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        let found = "an old workbook (.xls), or one that is protected by a password";
        return Err(Error::format(path, "the file", found, "CSV or XLSX", "Save it as .xlsx without a password"));
    }
    read_csv(path, file)
}

fn read_csv(path: &Path, file: String) -> Result<TableFile> {
    let table = Table::read(path, "the table")?.whole()?;
    let (columns, rows) = (table.header.len(), table.rows.len());
    if columns > MAX_COLUMNS || rows > MAX_ROWS {
        return Err(too_large(path, "the file", rows, columns));
    }
    let row = |number, cells: Vec<Cell>| TableRow { number, cells, odd: BTreeMap::new() };
    let header = row(1, table.header.iter().map(Cell::text).collect());
    let body = table.rows.iter().map(|r| {
        let cells = (0..columns).map(|c| Cell::text(clean(unguarded(r.text(c)))));
        row(r.line, cells.collect())
    });
    let rows = std::iter::once(header).chain(body.filter(|r| r.cells.iter().any(|c| *c != Cell::Blank)));
    let sheet = TableSheet { name: None, rows: rows.collect() };
    let faults = table.rejections.iter().map(|r| RowFault {
        file: file.clone(),
        sheet: None,
        row: r.place.trim_start_matches("line ").parse().unwrap_or(0),
        column: None,
        found: Bilingual::new(r.found.replace(" fields", "个字段"), &r.found),
        expected: Bilingual::new("字段数与表头相同、UTF-8编码的一行", &r.expected),
        remedy: Bilingual::new(
            "含逗号或换行的文字加引号，另存为“CSV UTF-8”",
            "Quote texts with commas; save as CSV UTF-8",
        ),
    });
    Ok(TableFile { faults: faults.collect(), sheets: vec![sheet], file })
}

/// Without surrounding blanks, and with one kind of line end: XLSX knows no other.
pub(super) fn clean(text: &str) -> String {
    text.trim().replace("\r\n", "\n").replace('\r', "\n")
}

pub(super) fn too_large(path: &Path, place: &str, rows: usize, columns: usize) -> Error {
    let found = format!("{rows} rows, {columns} columns");
    let expected = format!("{MAX_ROWS} rows and {MAX_COLUMNS} columns at most");
    Error::format(path, place, found, expected, "Split the table, or delete what is beyond it")
}
