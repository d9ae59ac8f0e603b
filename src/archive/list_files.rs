//! The files of a list: XLSX for people, CSV and JSON for programs, with the same figures in all three.

use super::{csv_table, xlsx};
use crate::consultation::ConsultationRecord;
use crate::consultation::list_sheets::{one_sheet, title, workbook};
use crate::consultation::reduction_list::ReductionList;
use crate::domain::sheet::Sheet;
use crate::error::{Error, Result};
use serde::Serialize;

/// Format of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListFormat {
    Xlsx,
    Csv,
    Json,
}

impl ListFormat {
    /// All formats.
    pub const ALL: [Self; 3] = [Self::Xlsx, Self::Csv, Self::Json];

    /// Ending of a file name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    /// Media type of an answer.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
        }
    }
}

/// A list with every sheet of its workbook.
#[derive(Serialize)]
struct ListDocument<'l> {
    #[serde(flatten)]
    list: &'l ReductionList,
    sheets: Vec<Sheet>,
}

/// Name of a list's file: run, area, format.
pub fn file_name(list: &ReductionList, format: ListFormat) -> String {
    format!("list_{}_{}.{}", list.run, list.adcode, format.extension())
}

/// Bytes of a list's file; the same record gives the same bytes.
///
/// # Errors
/// `Io` when a writer refuses.
pub fn bytes(list: &ReductionList, record: &ConsultationRecord, format: ListFormat) -> Result<Vec<u8>> {
    match format {
        ListFormat::Xlsx => xlsx::bytes(&workbook(list, record), &title(list), list.cycle),
        ListFormat::Csv => csv_table::bytes(&one_sheet(list)),
        ListFormat::Json => {
            let document = ListDocument { list, sheets: workbook(list, record) };
            serde_json::to_vec(&document).map_err(|e| Error::io(file_name(list, format), std::io::Error::other(e)))
        }
    }
}
