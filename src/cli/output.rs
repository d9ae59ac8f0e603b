//! The only place that writes to stdout and stderr.

use super::language::Language;
use crate::error::{Error, Result};
use serde::Serialize;
use std::io::Write;

/// Prints a text and a newline to stdout.
///
/// # Errors
/// `Io` when stdout does not take it (a closed pipe).
pub fn print(text: &str) -> Result<()> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        // a reader that has seen enough, as `head` does
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|e| Error::io("standard output", e)),
    }
}

/// Prints a line for people to stderr. A closed stderr is no reason to stop.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Prints one JSON document to stdout.
///
/// # Errors
/// `Io` when stdout does not take it.
pub fn print_json<T: Serialize>(value: &T) -> Result<()> {
    let text = serde_json::to_string(value).map_err(|e| Error::io("standard output", std::io::Error::other(e)))?;
    print(&text)
}

#[derive(Serialize)]
struct ErrorDocument {
    error: &'static str,
    message: String,
    exit_code: u8,
}

/// Prints an error: to stderr for people; with `--json` also as one document on stdout.
pub fn error(error: &Error, json: bool, language: Language) {
    let word = language.pick("错误", "error");
    note(&format!("{word}: {error}"));
    if json {
        let document = ErrorDocument { error: error.kind(), message: error.to_string(), exit_code: error.exit_code() };
        // stdout may be closed: the exit code still tells
        let _ = print_json(&document);
    }
}
