//! Errors, few and named by what the operator does next.
//!
//! `Io` fix the disk · `Format` fix the file · `Missing` wait, or use the older cycle · `Invalid` fix the
//! configuration, seed or model file · `Unstable` report it · `Busy` let the other one finish.

use serde::{Deserialize, Serialize};
use std::fmt::Display;
use std::path::{Path, PathBuf};

/// What went wrong, where, what was found, what was expected, and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused a read or write: fix the disk, the path or its permissions.
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    /// A foreign file is not what its format says: fix or replace the file.
    #[error("{}: {place}: found {found}, expected {expected}. {remedy}", path.display())]
    Format { path: PathBuf, place: String, found: String, expected: String, remedy: String },
    /// Something needed is not there: wait for it, or use the older cycle.
    #[error("missing {what} ({}). {remedy}", path.display())]
    Missing { what: String, path: PathBuf, remedy: String },
    /// A configuration, seed or model file of ours is wrong: fix it.
    #[error("{}: {field}: found {found}, expected {expected}", path.display())]
    Invalid { path: PathBuf, field: String, found: String, expected: String },
    /// A numeric guard stopped the run: report it.
    #[error(
        "numeric guard in {process} at {place}: found {found}, expected {expected}. Please report this run with its inputs"
    )]
    Unstable { process: String, place: String, found: String, expected: String },
    /// Another run holds the lock, or another program the address: let it finish.
    #[error("{by} holds {}. {remedy}", path.display())]
    Busy { path: PathBuf, by: &'static str, remedy: &'static str },
}

/// Result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An [`Error::Io`] that names its path.
    pub fn io(path: impl AsRef<Path>, source: std::io::Error) -> Self {
        Self::Io { path: path.as_ref().to_path_buf(), source }
    }

    /// An [`Error::Format`]: `place` is a line, variable, message or byte offset.
    pub fn format(
        path: impl AsRef<Path>,
        place: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Format {
            path: path.as_ref().to_path_buf(),
            place: place.into(),
            found: found.into(),
            expected: expected.into(),
            remedy: remedy.into(),
        }
    }

    /// An [`Error::Missing`].
    pub fn missing(what: impl Into<String>, path: impl AsRef<Path>, remedy: impl Into<String>) -> Self {
        Self::Missing { what: what.into(), path: path.as_ref().to_path_buf(), remedy: remedy.into() }
    }

    /// An [`Error::Invalid`].
    pub fn invalid(
        path: impl AsRef<Path>,
        field: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self::Invalid {
            path: path.as_ref().to_path_buf(),
            field: field.into(),
            found: found.into(),
            expected: expected.into(),
        }
    }

    /// An [`Error::Busy`]: another run holds the lock file `path`.
    pub fn locked(path: PathBuf) -> Self {
        Self::Busy { path, by: "another run", remedy: "Let it finish, then start again" }
    }

    /// An [`Error::Invalid`]: a period on the command line whose first day is after its last.
    pub fn reversed(flags: &str, first: impl Display, last: impl Display) -> Self {
        let found = format!("{first}, which is after {last}");
        Self::invalid("command line", flags, found, "a first day that is not after the last")
    }

    /// The error without its path: for records, which name files without their folders.
    pub fn reason(&self) -> String {
        match self {
            Self::Format { place, found, expected, .. } => format!("{place}: {found}, expected {expected}"),
            Self::Missing { what, .. } => what.clone(),
            Self::Invalid { field, found, expected, .. } => format!("{field}: {found}, expected {expected}"),
            Self::Io { source, .. } => source.to_string(),
            other => other.to_string(),
        }
    }

    /// Process exit code: 3 input missing or refused, 4 numeric guard, 6 nothing publishable, 7 lock or address held, 2 usage.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Format { .. } | Self::Missing { .. } => 3,
            Self::Unstable { .. } => 4,
            Self::Io { .. } => 6,
            Self::Busy { .. } => 7,
            Self::Invalid { .. } => 2,
        }
    }

    /// Short machine-readable kind, the same word in `--json` output and in RFC 9457 `type`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Io { .. } => "io",
            Self::Format { .. } => "format",
            Self::Missing { .. } => "missing",
            Self::Invalid { .. } => "invalid",
            Self::Unstable { .. } => "unstable",
            Self::Busy { .. } => "busy",
        }
    }
}

/// One record of a foreign file that was refused while the rest of the file was used. Nothing is dropped silently:
/// every rejection is printed by `hazecast check` and archived with the consultation record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// File name as given.
    pub file: String,
    /// Line (from 1) or other place in the file.
    pub place: String,
    pub found: String,
    pub expected: String,
    /// Left out or completed on purpose: a note, and no fault of the file.
    #[serde(default)]
    pub by_design: bool,
}

/// What a reader of records returns: the accepted items and every refused one.
#[derive(Debug, Clone)]
pub struct Accepted<T> {
    pub items: Vec<T>,
    pub rejections: Vec<Rejection>,
}
