//! A sheet: what a table file holds and what an export shows, before any file format.

use serde::Serialize;

/// One cell. A number is never written as text nor a text as a number.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Cell {
    Number(f64),
    Text(String),
    Blank,
}

impl Cell {
    /// A text; an empty one is a blank cell.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::Blank } else { Self::Text(text) }
    }

    /// A text where there is one.
    pub fn text_of(text: Option<&str>) -> Self {
        text.map_or(Self::Blank, Self::text)
    }

    /// A finite number, with one zero only; a blank cell otherwise.
    pub fn number(number: f64) -> Self {
        // adding 0 turns -0 into 0: the two read back as the same number and must be the same bytes
        if number.is_finite() { Self::Number(number + 0.0) } else { Self::Blank }
    }

    /// As it is written in a CSV file, before quoting.
    pub fn plain(&self) -> String {
        match self {
            Self::Number(n) => n.to_string(),
            Self::Text(t) => t.clone(),
            Self::Blank => String::new(),
        }
    }
}

/// A column of a sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SheetColumn {
    pub name: String,
    /// Holds numbers; else an office types texts into it, and codes keep their digits.
    pub is_number: bool,
}

impl SheetColumn {
    /// A column of texts.
    pub fn text(name: impl Into<String>) -> Self {
        Self { name: name.into(), is_number: false }
    }

    /// A column of numbers.
    pub fn number(name: impl Into<String>) -> Self {
        Self { name: name.into(), is_number: true }
    }
}

/// A table with a name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sheet {
    pub name: String,
    /// Lines above the header; not part of the table, and not in CSV files.
    pub title: Vec<String>,
    pub columns: Vec<SheetColumn>,
    /// Each as long as the columns.
    pub rows: Vec<Vec<Cell>>,
}

/// Whether a spreadsheet program may take the text for a formula when it stands in a CSV file.
///
/// # Reference
/// OWASP, "CSV Injection": `= + - @`, tab, carriage return, and the full-width forms that some locales take alike.
pub fn may_be_a_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
}

/// The text as it is put into a CSV file: an apostrophe before what could be taken for a formula. [`unguarded`] takes it away again.
pub fn guarded(text: &str) -> String {
    if may_be_a_formula(text.trim_start_matches('\'')) { format!("'{text}") } else { text.to_owned() }
}

/// The text as it was before [`guarded`]. Other apostrophes stay.
pub fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if may_be_a_formula(rest.trim_start_matches('\'')) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guarding_is_undone_for_every_text_and_leaves_no_formula() {
        for text in ["", "'", "''", "a=1", "=1", "'=1", "''=1", "+8613", "-", "@x", "\tx", "\rx", "＝1", "'好", "备注"]
        {
            assert_eq!(unguarded(&guarded(text)), text);
            assert!(!may_be_a_formula(&guarded(text)), "{text}");
        }
        assert_eq!(guarded("=1+1"), "'=1+1");
        assert_eq!(guarded("延吉市"), "延吉市");
        assert_eq!(unguarded("'quoted'"), "'quoted'");
    }

    #[test]
    fn there_is_one_zero_and_no_infinite_cell() {
        assert_eq!(Cell::number(-0.0).plain(), "0");
        assert_eq!((Cell::number(f64::NAN), Cell::number(f64::INFINITY)), (Cell::Blank, Cell::Blank));
        assert_eq!(Cell::number(1e-7).plain(), "0.0000001");
    }
}
