//! Why something was not fetched.

use crate::domain::bilingual::Bilingual;
use serde::Serialize;

/// What can be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The configuration does not allow the request: nothing was sent, or the answer was not followed.
    Forbidden,
    /// The server does not have it (yet).
    Absent,
    /// Index and file do not belong together, or the file is another than the one asked for.
    Stale,
    /// The server gives whole files only.
    NoRanges,
    /// Larger than allowed.
    TooLarge,
    /// Given up after the last try.
    Unreachable,
    /// Bytes that are not what they should be.
    Damaged,
    /// Required fields are not in the file.
    Lacking,
}

/// A reason, for programs and for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    pub kind: Kind,
    #[serde(flatten)]
    pub text: Bilingual,
}

impl Trouble {
    /// From the two texts.
    pub fn new(kind: Kind, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { kind, text: Bilingual::new(zh, en) }
    }
}
