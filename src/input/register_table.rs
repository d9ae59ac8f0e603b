//! The register of an office (清单) as CSV or XLSX: one sheet for each family, or one for all.
//!
//! Columns in any order, named as [`Column`] has them in Chinese or English; `清单编号`, `名称`, `县市`, `排放源编号` and one amount at
//! least. On a sheet that is named after a family the column `类别` may be missing. An unknown column refuses the file by its name:
//! nothing is dropped unseen. A faulty row is refused with its place, the others are read.

use super::register_row::{RowReader, Where};
use super::table_file::{RowFault, TableFile, TableSheet, place, read as read_table};
use crate::domain::bilingual::Bilingual;
use crate::domain::county::County;
use crate::domain::register::{Family, RegisterEntry};
use crate::domain::register_columns::{Column, EXPLANATION_SHEET, POLLUTANTS};
use crate::error::{Accepted, Error, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// The entries of a register in the order of the file, and the rows that were refused.
#[derive(Debug, Clone, PartialEq)]
pub struct RegisterFile {
    /// Name of the file without its folder.
    pub file: String,
    pub entries: Vec<RegisterEntry>,
    /// Sheet and row of each entry.
    pub places: Vec<Bilingual>,
    pub faults: Vec<RowFault>,
}

impl RegisterFile {
    /// The entries, and every refused row as the archive keeps it.
    pub fn accepted(self) -> Accepted<RegisterEntry> {
        Accepted { items: self.entries, rejections: self.faults.into_iter().map(Into::into).collect() }
    }
}

/// Reads a register. `counties` are those whose names and codes it may use.
///
/// # Errors
/// `Missing` without the file; `Format` when it is no table, has no header, an unknown, doubled or missing column, or holds no row.
pub fn read(path: &Path, counties: &[County]) -> Result<RegisterFile> {
    let table = read_table(path)?;
    let mut file =
        RegisterFile { file: table.file.clone(), entries: Vec::new(), places: Vec::new(), faults: Vec::new() };
    file.faults.extend(table.faults.iter().cloned());
    let mut first_places: BTreeMap<String, Bilingual> = BTreeMap::new();
    for sheet in &table.sheets {
        let explanation = sheet.name.as_deref() == Some(EXPLANATION_SHEET);
        if explanation || sheet.rows.is_empty() {
            continue;
        }
        read_sheet(path, &table, sheet, counties, &mut file, &mut first_places)?;
    }
    if file.entries.is_empty() && file.faults.is_empty() {
        let expected = "at least one entry below the header";
        return Err(Error::format(path, "the file", "no rows", expected, "Fill in the register"));
    }
    Ok(file)
}

fn read_sheet(
    path: &Path,
    table: &TableFile,
    sheet: &TableSheet,
    counties: &[County],
    file: &mut RegisterFile,
    first_places: &mut BTreeMap<String, Bilingual>,
) -> Result<()> {
    let place_of_sheet = sheet.name.as_ref().map_or("line 1".to_owned(), |name| format!("sheet {name}"));
    let is_key = |name: &str| Column::from_header(name) == Some(Column::Id);
    let Some((header, rows)) = sheet.split(is_key) else {
        let found = "no column 清单编号 (id) among the first rows";
        let expected = "a header as in the template";
        let remedy = format!("Name the columns as `hazecast register template` does, or the sheet {EXPLANATION_SHEET}");
        return Err(Error::format(path, place_of_sheet, found, expected, remedy));
    };
    let family = sheet.name.as_deref().and_then(Family::from_word);
    let columns = columns(path, &place_of_sheet, &header, family.is_some())?;
    let reader = RowReader { header: &header, columns: &columns, counties, family };
    for row in rows {
        let at = Where { file: &table.file, sheet: sheet.name.as_deref(), row: row.number };
        let read = reader.entry(row, &at).and_then(|entry| match first_places.get(&entry.id) {
            None => Ok(entry),
            Some(first) => Err(at.fault(
                Some(&header[columns[&Column::Id]]),
                Bilingual::new(
                    format!("“{}”，已见于{}", entry.id, first.zh),
                    format!("{}, first at {}", entry.id, first.en),
                ),
                Bilingual::new("全表唯一的编号", "an id once in the register"),
                Bilingual::new("另编一个编号，或删去重复的行", "Give it another id, or delete the row"),
            )),
        });
        match read {
            Ok(entry) => {
                let place = place(at.sheet, at.row, None);
                first_places.insert(entry.id.clone(), place.clone());
                file.entries.push(entry);
                file.places.push(place);
            }
            Err(fault) => file.faults.push(*fault),
        }
    }
    Ok(())
}

/// Where each column stands.
fn columns(path: &Path, place: &str, header: &[String], family_known: bool) -> Result<BTreeMap<Column, usize>> {
    let refuse =
        |found: String, expected: String, remedy: &str| Err(Error::format(path, place, found, expected, remedy));
    let mut columns = BTreeMap::new();
    for (at, name) in header.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        let Some(column) = Column::from_header(name) else {
            let known: Vec<String> = Column::all().into_iter().map(Column::zh).collect();
            let remedy = "Rename the column, or move what it holds to 备注: nothing is dropped unseen";
            return refuse(format!("the column `{name}`"), format!("one of {}", known.join("、")), remedy);
        };
        if let Some(first) = columns.insert(column, at) {
            let found = format!("`{name}` in column {} after `{}` in column {}", at + 1, header[first], first + 1);
            return refuse(found, "each column once".into(), "Delete or rename one of them");
        }
    }
    let needed = |c: &Column| c.required() || *c == Column::Family && !family_known;
    if let Some(missing) = Column::all().into_iter().filter(needed).find(|c| !columns.contains_key(c)) {
        let name = format!("{} ({})", missing.zh(), missing.en());
        return refuse(format!("no column {name}"), format!("a column {name}"), "Add the column");
    }
    if !(0..POLLUTANTS.len()).any(|i| columns.contains_key(&Column::Amount(i))) {
        return refuse("no column with an amount".into(), "at least one such as PM2.5_t_d".into(), "Add the column");
    }
    Ok(columns)
}
