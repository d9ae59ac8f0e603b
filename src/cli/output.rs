//! The only place that writes to stdout and stderr.

use super::chinese;
use super::language::Language;
use crate::error::{Error, Rejection, Result};
use serde::Serialize;
use std::io::Write;
use std::process::ExitCode;

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
    message_zh: String,
    exit_code: u8,
}

/// Prints an error: to stderr for people; with `--json` also as one document on stdout.
pub fn error(error: &Error, json: bool, language: Language) {
    let (message, message_zh) = (error.to_string(), chinese::error(error));
    note(&format!("{}: {}", language.pick("错误", "error"), language.pick(&message_zh, &message)));
    if json {
        let document = ErrorDocument { error: error.kind(), message, message_zh, exit_code: error.exit_code() };
        // stdout may be closed: the exit code still tells
        let _ = print_json(&document);
    }
}

/// Prints why the arguments are not understood, or the help that they ask for, and returns the exit code.
pub fn usage(error: &clap::Error) -> ExitCode {
    let language = Language::of_arguments().unwrap_or_else(Language::of_environment);
    match chinese::usage(error).filter(|_| language == Language::Zh) {
        Some(message) => note(&format!("错误: {message}")),
        None => {
            // a closed stdout or stderr is no reason to fail
            let _ = error.print();
        }
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// A refused record in one line.
pub fn rejection(r: &Rejection, language: Language) -> String {
    let (word, wanted) = (language.pick("拒绝", "rejected"), language.pick("应为", "expected"));
    let [place, found, expected] = [&r.place, &r.found, &r.expected].map(|phrase| language.say(phrase));
    format!("{word}: {} {place}: {found}, {wanted} {expected}", r.file)
}
