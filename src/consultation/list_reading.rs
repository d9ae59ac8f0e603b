//! Reads an exported list back: the rows as they were written, from XLSX or CSV.

use super::list_columns;
use super::reduction_list::ListRow;
use crate::domain::bilingual::Bilingual;
use crate::error::{Error, Result};
use crate::input::table_file::{self, RowFault, TableFile};
use std::path::Path;

/// The rows of a list in the order of their numbers, and the rows that were refused.
///
/// # Errors
/// `Missing` without the file; `Format` when it is no table, no sheet has rows of a list, or a header is not that of an export.
pub fn read(path: &Path) -> Result<(Vec<ListRow>, Vec<RowFault>)> {
    let TableFile { file, sheets, mut faults } = table_file::read(path)?;
    let expected: Vec<String> = list_columns::columns().into_iter().map(|c| c.name).collect();
    let mut rows = Vec::new();
    let mut tables = 0;
    for sheet in &sheets {
        let Some((header, below)) = sheet.split(|name| name == list_columns::KEY) else { continue };
        tables += 1;
        if let Some(at) = (0..expected.len().max(header.len())).find(|i| expected.get(*i) != header.get(*i)) {
            let name = |header: &[String]| header.get(at).map_or("nothing".into(), |h| format!("`{h}`"));
            let place = format!("sheet {}, column {}", sheet.name.as_deref().unwrap_or("1"), at + 1);
            let remedy = "Keep the columns of an exported list as they are";
            return Err(Error::format(path, place, name(&header), name(&expected), remedy));
        }
        for row in below {
            match list_columns::row(row) {
                Ok(row) => rows.push(row),
                Err(fault) => faults.push(RowFault {
                    file: file.clone(),
                    sheet: sheet.name.clone(),
                    row: row.number,
                    column: header.get(fault.column).cloned(),
                    found: row.odd.get(&fault.column).cloned().unwrap_or_else(|| {
                        let found = row.cell(fault.column).plain();
                        Bilingual::new(format!("“{found}”"), format!("`{found}`"))
                    }),
                    expected: fault.expected,
                    remedy: Bilingual::new("改回导出时的写法", "Write it as it was exported"),
                }),
            }
        }
    }
    if tables == 0 {
        let expected = format!("a sheet with the column {}", list_columns::KEY);
        return Err(Error::format(path, "the file", "no list", expected, "Give a list that was exported"));
    }
    rows.sort_by_key(|r: &ListRow| r.number);
    Ok((rows, faults))
}
