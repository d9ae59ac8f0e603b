//! Sheets as an XLSX workbook (ECMA-376): numbers as numbers, texts as texts, formulas nowhere.
//!
//! A text is written as a string cell in a text format, so that neither opening nor editing it makes a formula of `=1+1`.

use crate::domain::sheet::{Cell, Sheet};
use crate::error::{Error, Result};
use chrono::{DateTime, Datelike, Timelike, Utc};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatBorder, Workbook, Worksheet, XlsxError};

/// Widest column [characters]; longer texts wrap.
const WIDEST: usize = 48;
/// Rows that the width of a column is taken from.
const MEASURED_ROWS: usize = 500;

/// Bytes of a workbook of `sheets` under a title, made at `created`: the same sheets give the same bytes.
///
/// # Errors
/// `Io` when the writer refuses a sheet: a name or a text that is too long for the format.
pub fn bytes(sheets: &[Sheet], title: &str, created: DateTime<Utc>) -> Result<Vec<u8>> {
    workbook(sheets, title, created).map_err(|e| Error::io(title, std::io::Error::other(e)))
}

fn workbook(sheets: &[Sheet], title: &str, created: DateTime<Utc>) -> std::result::Result<Vec<u8>, XlsxError> {
    let time =
        ExcelDateTime::from_ymd(created.year().clamp(1900, 9999) as u16, created.month() as u8, created.day() as u8)?
            .and_hms(created.hour() as u16, created.minute() as u8, f64::from(created.second()))?;
    let mut book = Workbook::new();
    book.set_properties(&DocProperties::new().set_title(title).set_author("hazecast").set_creation_datetime(&time));
    for sheet in sheets {
        write(book.add_worksheet(), sheet)?;
    }
    book.save_to_buffer()
}

fn write(page: &mut Worksheet, sheet: &Sheet) -> std::result::Result<(), XlsxError> {
    let text = Format::new().set_num_format("@").set_text_wrap().set_border(FormatBorder::Thin);
    let number = Format::new().set_border(FormatBorder::Thin);
    let head =
        Format::new().set_bold().set_text_wrap().set_border(FormatBorder::Thin).set_background_color(0x00DD_EBF7);
    let title = Format::new().set_bold();
    page.set_name(&sheet.name)?;
    for (row, line) in (0..).zip(&sheet.title) {
        page.write_string_with_format(row, 0, line, &title)?;
    }
    let top = sheet.title.len() as u32;
    for (at, column) in (0..).zip(&sheet.columns) {
        page.set_column_width(at, width(sheet, usize::from(at)) as f64)?;
        if !column.is_number {
            page.set_column_format(at, &Format::new().set_num_format("@").set_text_wrap())?;
        }
        page.write_string_with_format(top, at, &column.name, &head)?;
    }
    for (row, cells) in (top + 1..).zip(&sheet.rows) {
        for (at, cell) in (0..).zip(cells) {
            match cell {
                Cell::Number(n) => page.write_number_with_format(row, at, *n, &number)?,
                Cell::Text(t) => page.write_string_with_format(row, at, t, &text)?,
                // a blank keeps the format of its column: what is typed into a text stays a text
                Cell::Blank if sheet.columns.get(usize::from(at)).is_some_and(|c| !c.is_number) => {
                    page.write_blank(row, at, &text)?
                }
                Cell::Blank => page.write_blank(row, at, &number)?,
            };
        }
    }
    page.set_freeze_panes(top + 1, 0)?;
    if let (Some(last), true) = (sheet.columns.len().checked_sub(1), !sheet.rows.is_empty()) {
        page.autofilter(top, 0, top + sheet.rows.len() as u32, last as u16)?;
    }
    page.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0).set_repeat_rows(top, top)?;
    Ok(())
}

/// Width of a column that shows most of its cells; a Chinese character is as wide as two Latin ones.
fn width(sheet: &Sheet, column: usize) -> usize {
    let wide = |text: &str| {
        let longest = text.lines().map(|l| l.chars().map(|c| 1 + usize::from(u32::from(c) > 0x2e80)).sum::<usize>());
        longest.max().unwrap_or(0)
    };
    let cells = sheet.rows.iter().take(MEASURED_ROWS).map(|r| r.get(column).map_or(0, |c| wide(&c.plain())));
    let head = sheet.columns.get(column).map_or(0, |c| wide(&c.name));
    (cells.max().unwrap_or(0).max(head) + 2).min(WIDEST)
}
