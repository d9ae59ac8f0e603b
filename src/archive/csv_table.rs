//! A sheet as CSV (RFC 4180) that spreadsheet programs open as it is: UTF-8 with a byte-order mark, no cell that is taken for a formula.

use crate::domain::sheet::{Cell, Sheet, guarded};
use crate::error::{Error, Result};

/// Bytes of the sheet: header and rows, lines ended by LF. Texts are [`guarded`]; numbers are plain, a negative one too.
///
/// # Errors
/// `Io` when the writer refuses, which it does for rows of unlike length.
pub fn bytes(sheet: &Sheet) -> Result<Vec<u8>> {
    let failed = |e: csv::Error| Error::io(&sheet.name, std::io::Error::other(e));
    let mut writer = csv::WriterBuilder::new().from_writer(b"\xef\xbb\xbf".to_vec());
    writer.write_record(sheet.columns.iter().map(|c| guarded(&c.name))).map_err(failed)?;
    for row in &sheet.rows {
        let fields = row.iter().map(|cell| match cell {
            Cell::Text(text) => guarded(text),
            number_or_blank => number_or_blank.plain(),
        });
        writer.write_record(fields).map_err(failed)?;
    }
    writer.into_inner().map_err(|e| Error::io(&sheet.name, std::io::Error::other(e.to_string())))
}
