//! XLSX workbooks (ECMA-376) as sheets of cells: values only, formulas are never evaluated.
//!
//! A workbook is a ZIP archive of XML: what it unpacks to is measured before it is parsed, and cells are kept one by one, so that a small
//! file cannot fill the memory.

use super::table_file::{MAX_COLUMNS, MAX_ROWS, TableRow, TableSheet, clean, too_large};
use crate::domain::bilingual::Bilingual;
use crate::domain::sheet::Cell;
use crate::error::{Error, Result};
use calamine::{DataRef, Reader, Xlsx};
use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::Path;

/// Most bytes that a workbook may unpack to.
const MAX_UNPACKED: u64 = 128 << 20;
/// Most parts of a workbook.
const MAX_PARTS: usize = 1_000;

type Rows = BTreeMap<u32, (BTreeMap<u32, Cell>, BTreeMap<usize, Bilingual>)>;

/// Every sheet of a workbook in its order, also hidden ones.
///
/// # Errors
/// `Format` when it is damaged, unpacks to too much, or a sheet has too many rows or columns.
pub(super) fn read(path: &Path, bytes: Vec<u8>) -> Result<Vec<TableSheet>> {
    measure(path, &bytes)?;
    let broken = |place: &str, e: &dyn std::fmt::Display| {
        Error::format(path, place, e.to_string(), "an XLSX workbook", "Save it again as .xlsx, or as CSV UTF-8")
    };
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|e| broken("the workbook", &e))?;
    let mut sheets = Vec::new();
    for name in book.sheet_names() {
        let place = format!("sheet {name}");
        let mut cells = match book.worksheet_cells_reader(&name) {
            Ok(cells) => cells,
            // a sheet that is a chart holds no table
            Err(calamine::XlsxError::NotAWorksheet(_)) => continue,
            Err(e) => return Err(broken(&place, &e)),
        };
        let mut rows = Rows::new();
        while let Some(record) = cells.next_cell_with_formula_metadata().map_err(|e| broken(&place, &e))? {
            let (row, column) = record.pos;
            let value = value(&record.value, record.formula.is_some());
            if value == Ok(Cell::Blank) {
                continue;
            }
            let (cells, odd) = rows.entry(row).or_default();
            if column as usize >= MAX_COLUMNS || cells.contains_key(&column) {
                let found = format!("a cell in column {} of row {}", column + 1, row + 1);
                let expected = format!("each cell once, in the first {MAX_COLUMNS} columns");
                return Err(Error::format(path, place, found, expected, "Delete what stands beside the table"));
            }
            if let Err(what) = &value {
                odd.insert(column as usize, what.clone());
            }
            cells.insert(column, value.unwrap_or(Cell::Blank));
            if rows.len() > MAX_ROWS {
                return Err(too_large(path, &place, rows.len(), 0));
            }
        }
        sheets.push(TableSheet {
            name: Some(name),
            rows: rows.into_iter().map(|(row, (cells, odd))| dense(row, cells, odd)).collect(),
        });
    }
    Ok(sheets)
}

/// Unpacks every part into nothing and counts.
fn measure(path: &Path, bytes: &[u8]) -> Result<()> {
    let refuse = |found: String, expected: String| {
        Err(Error::format(path, "the workbook", found, expected, "Save it again as .xlsx, or as CSV UTF-8"))
    };
    let mut archive = match zip::ZipArchive::new(Cursor::new(bytes)) {
        Ok(archive) => archive,
        Err(e) => return refuse(e.to_string(), "an XLSX workbook".into()),
    };
    if archive.len() > MAX_PARTS {
        return refuse(format!("{} parts", archive.len()), format!("{MAX_PARTS} at most"));
    }
    let mut left = MAX_UNPACKED;
    for i in 0..archive.len() {
        let part = match archive.by_index(i) {
            Ok(part) => part,
            Err(e) => return refuse(e.to_string(), "an XLSX workbook".into()),
        };
        match std::io::copy(&mut part.take(left + 1), &mut std::io::sink()) {
            Ok(unpacked) if unpacked <= left => left -= unpacked,
            Ok(_) => {
                return refuse(format!("more than {MAX_UNPACKED} bytes unpacked"), "a workbook of a table".into());
            }
            Err(e) => return refuse(e.to_string(), "an XLSX workbook".into()),
        }
    }
    Ok(())
}

fn dense(row: u32, cells: BTreeMap<u32, Cell>, odd: BTreeMap<usize, Bilingual>) -> TableRow {
    let width = cells.keys().next_back().map_or(0, |c| *c as usize + 1);
    let mut dense = vec![Cell::Blank; width];
    for (column, cell) in cells {
        dense[column as usize] = cell;
    }
    TableRow { number: row as usize + 1, cells: dense, odd }
}

/// The value of a cell, or what it is instead of a text or a number.
fn value(value: &DataRef, has_formula: bool) -> std::result::Result<Cell, Bilingual> {
    let odd = |zh: &str, en: &str| Err(Bilingual::new(zh, en));
    match value {
        DataRef::Float(f) if f.is_finite() => Ok(Cell::number(*f)),
        DataRef::Float(_) => odd("非有限数", "a number that is not finite"),
        // beyond 2^53 the cell is not the number that was typed
        DataRef::Int(i) if i.unsigned_abs() <= 1 << 53 => Ok(Cell::number(*i as f64)),
        DataRef::Int(_) => odd("超过15位的数字", "a number of more than 15 digits"),
        DataRef::String(s) => Ok(Cell::text(clean(s))),
        DataRef::SharedString(s) => Ok(Cell::text(clean(s))),
        DataRef::Bool(_) => odd("逻辑值", "TRUE or FALSE"),
        DataRef::DateTime(_) | DataRef::DateTimeIso(_) | DataRef::DurationIso(_) => odd("日期", "a date"),
        DataRef::Error(e) => Err(Bilingual::new(format!("错误值{e}"), format!("the error {e}"))),
        DataRef::Empty if has_formula => odd("未保存结果的公式", "a formula whose result was not saved"),
        DataRef::Empty => Ok(Cell::Blank),
    }
}
