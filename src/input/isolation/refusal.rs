//! An error of a reader on its way from the child to the parent.

use crate::error::Error;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The errors that readers give, without what cannot leave a process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Refusal {
    Io { path: PathBuf, reason: String },
    Format { path: PathBuf, place: String, found: String, expected: String, remedy: String },
    Missing { what: String, path: PathBuf, remedy: String },
    Invalid { path: PathBuf, field: String, found: String, expected: String },
}

impl Refusal {
    /// Of a reader of `file`.
    pub fn of(error: Error, file: &std::path::Path) -> Self {
        match error {
            Error::Io { path, source } => Self::Io { path, reason: source.to_string() },
            Error::Format { path, place, found, expected, remedy } => {
                Self::Format { path, place, found, expected, remedy }
            }
            Error::Missing { what, path, remedy } => Self::Missing { what, path, remedy },
            Error::Invalid { path, field, found, expected } => Self::Invalid { path, field, found, expected },
            other @ (Error::Unstable { .. } | Error::Busy { .. }) => Self::Format {
                path: file.to_path_buf(),
                place: "the file".into(),
                found: other.to_string(),
                expected: "a file that can be read".into(),
                remedy: "Report this file".into(),
            },
        }
    }

    /// The error again.
    pub fn into_error(self) -> Error {
        match self {
            Self::Io { path, reason } => Error::io(path, std::io::Error::other(reason)),
            Self::Format { path, place, found, expected, remedy } => {
                Error::format(path, place, found, expected, remedy)
            }
            Self::Missing { what, path, remedy } => Error::missing(what, path, remedy),
            Self::Invalid { path, field, found, expected } => Error::invalid(path, field, found, expected),
        }
    }
}
